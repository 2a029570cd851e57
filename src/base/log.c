/* The log: one line, one write, so that lines of several threads never mix. A fault that repeats a
 * thousand times a second must neither fill the disk nor slow down the work it reports: each room
 * and level has a ration a second, and what was left out is counted and told. */
#include "base/base.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LEVEL_COUNT 4
#define ROOM_MAX 32 /* rooms with a ration of their own; the others share the last one */
#define ROOM_NAME_SIZE 24
#define LINE_SIZE (LOG_TEXT_MAX * 6 + 256) /* a byte grows to at most six, as \u001f */

/* One room's ration in the current second, by level. */
struct ration {
    char room[ROOM_NAME_SIZE];
    unsigned written[LEVEL_COUNT];
    uint64_t suppressed[LEVEL_COUNT];
};

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards all below */
static struct log_settings settings = {.level = LOG_INFO, .lines_per_s = 50};
static _Atomic int level_now = LOG_INFO;
static struct ration rations[ROOM_MAX];
static size_t ration_count;
static int64_t ration_second;
static char line[LINE_SIZE];

static const char *const level_names[LEVEL_COUNT] = {"error", "warn", "info", "debug"};

/* ---- one line ---------------------------------------------------------------------------------
 */
static size_t text_append(size_t used, const char *text)
{
    size_t size = strlen(text);
    check(size <= LINE_SIZE - used);
    memcpy(line + used, text, size);
    return used + size;
}

/* C0, DEL and the C1 controls (U+0080-U+009F), which terminals obey as well. */
static bool is_control(struct bytes text, size_t offset, size_t step)
{
    uint8_t first = text.at[offset];
    return (step == 1 && (first < 0x20 || first == 0x7f)) ||
           (step == 2 && first == 0xc2 && text.at[offset + 1] < 0xa0);
}

static size_t escape_append(size_t used, struct bytes text, size_t offset, size_t step)
{
    char escape[16];
    unsigned byte = text.at[offset];
    if (step == 0)
        snprintf(escape, sizeof escape, settings.json ? "\\ufffd" : "\\x%02x", byte);
    else if (byte == '\n')
        snprintf(escape, sizeof escape, "\\n");
    else if (byte == '\t')
        snprintf(escape, sizeof escape, "\\t");
    else
        snprintf(escape, sizeof escape, settings.json ? "\\u%04x" : "\\x%02x",
                 step == 2 ? (unsigned)text.at[offset + 1] : byte);
    return text_append(used, escape);
}

static size_t escaped_append(size_t used, struct bytes text)
{
    for (size_t i = 0; i < text.size;) {
        size_t step = bytes_utf8_step(text, i);
        if (step == 0 || is_control(text, i, step)) {
            used = escape_append(used, text, i, step);
            i += step == 0 ? 1 : step;
            continue;
        }
        if (settings.json && (text.at[i] == '"' || text.at[i] == '\\'))
            line[used++] = '\\';
        memcpy(line + used, text.at + i, step);
        used += step;
        i += step;
    }
    return used;
}

static int64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void line_write(enum log_level level, const char *room, struct bytes text)
{
    char stamp[TIME_TEXT_SIZE], head[TIME_TEXT_SIZE + 80];
    time_format(clock_ns(CLOCK_REALTIME) / NS_PER_MS * NS_PER_MS, stamp);
    snprintf(head, sizeof head,
             settings.json ? "{\"time\":\"%s\",\"level\":\"%s\",\"room\":\"%.*s\",\"text\":\""
                           : "%s %-5s %.*s: ",
             stamp, level_names[level], ROOM_NAME_SIZE - 1, room);
    size_t used = text_append(0, head);
    used = escaped_append(used, text);
    used = text_append(used, settings.json ? "\"}\n" : "\n");
    /* A pipe may take a part; a closed stderr must not stop the server. */
    for (size_t at = 0; at < used;) {
        ssize_t size = write(STDERR_FILENO, line + at, used - at);
        if (size < 0 && errno != EINTR)
            return;
        at += size > 0 ? (size_t)size : 0;
    }
}

/* ---- rations ----------------------------------------------------------------------------------
 */
static struct ration *ration_find(const char *room)
{
    for (size_t i = 0; i < ration_count; i++)
        if (strncmp(rations[i].room, room, ROOM_NAME_SIZE - 1) == 0)
            return &rations[i];
    if (ration_count == ROOM_MAX)
        return &rations[ROOM_MAX - 1];
    struct ration *ration = &rations[ration_count++];
    snprintf(ration->room, sizeof ration->room, "%s", room);
    return ration;
}

static void suppressed_tell(void)
{
    for (size_t i = 0; i < ration_count; i++) {
        struct ration *ration = &rations[i];
        for (unsigned level = 0; level < LEVEL_COUNT; level++) {
            char text[96];
            uint64_t count = ration->suppressed[level];
            ration->written[level] = 0;
            ration->suppressed[level] = 0;
            if (count == 0)
                continue;
            snprintf(text, sizeof text, "%llu more lines of this room and level were not written",
                     (unsigned long long)count);
            line_write((enum log_level)level, ration->room, bytes_text(text));
        }
    }
}

static bool ration_take(enum log_level level, const char *room)
{
    int64_t second = clock_ns(CLOCK_MONOTONIC) / NS_PER_S;
    if (second != ration_second) {
        ration_second = second;
        suppressed_tell();
    }
    struct ration *ration = ration_find(room);
    if (settings.lines_per_s != 0 && ration->written[level] >= settings.lines_per_s) {
        ration->suppressed[level]++;
        return false;
    }
    ration->written[level]++;
    return true;
}

/* ---- the door ---------------------------------------------------------------------------------
 */
void log_configure(const struct log_settings *new_settings)
{
    check((unsigned)new_settings->level < LEVEL_COUNT);
    pthread_mutex_lock(&mutex);
    settings = *new_settings;
    atomic_store_explicit(&level_now, (int)settings.level, memory_order_relaxed);
    pthread_mutex_unlock(&mutex);
}

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&level_now, memory_order_relaxed);
}

void log_line(enum log_level level, const char *room, const char *format, ...)
{
    check((unsigned)level < LEVEL_COUNT);
    if (!log_enabled(level))
        return;
    int errno_before = errno;
    char text[LOG_TEXT_MAX + 1];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size < 0)
        size = snprintf(text, sizeof text, "a line that could not be formatted");
    if (size > LOG_TEXT_MAX) {
        size = LOG_TEXT_MAX - 3;
        while (size > 0 && ((uint8_t)text[size] & 0xc0) == 0x80)
            size--; /* not in the middle of a character */
        memcpy(text + size, "...", 3);
        size += 3;
    }
    pthread_mutex_lock(&mutex);
    if (ration_take(level, room))
        line_write(level, room, bytes_of(text, (size_t)size));
    pthread_mutex_unlock(&mutex);
    errno = errno_before;
}

void log_flush(void)
{
    int errno_before = errno;
    pthread_mutex_lock(&mutex);
    suppressed_tell();
    pthread_mutex_unlock(&mutex);
    errno = errno_before;
}

bool log_ration_take(struct log_ration *ration, int64_t now_ns, unsigned most,
                     uint64_t *ret_suppressed)
{
    if (ration->second != now_ns / NS_PER_S) {
        ration->second = now_ns / NS_PER_S;
        ration->written = 0;
    }
    if (ration->written >= most) {
        ration->suppressed++;
        return false;
    }
    ration->written++;
    *ret_suppressed = ration->suppressed;
    ration->suppressed = 0;
    return true;
}
