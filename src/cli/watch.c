#include "cli/watch.h"

#include "cli/answer.h"
#include "cli/terminal.h"
#include "cli/words.h"

#include "os/os.h"

#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define VERB "watch"
#define HISTORY 16    /* values a sparkline shows */
#define FACES_MAX 512 /* points shown at once */
#define REFRESH_NS (300 * NS_PER_MS)
#define RATE_WINDOW_NS (2 * NS_PER_S)
#define HEADER_LINES 5
#define OUT_WIDTH 80              /* the line of what goes out is no longer */
#define LATELY_NS (10 * NS_PER_S) /* for so long what was dropped is marked */

struct face { /* of one point on the screen */
    char path[256];
    char value[64];
    char unit[UNIT_BYTES_MAX + 1];
    char quality[48];
    char limit[16];
    double history[HISTORY];
    uint32_t history_count;
    char time[TIME_TEXT_SIZE];
    int64_t time_ns;
    bool good;
};

struct watch {
    struct control *control;
    const char *folder;
    const char *filters[WATCH_FILTERS_MAX];
    size_t filter_count;
    json_t *state;
    int64_t wall_ns; /* when the state was asked */
    int64_t rate_from_ns;
    uint64_t rate_from_values;
    double rate;
    uint64_t dropped;       /* at the last refresh */
    int64_t dropped_new_ns; /* boot clock, when it last grew; 0: not while we watched */
    size_t face_count;
    struct face faces[FACES_MAX];
};

struct watch *watch_create(struct control *control, const char *folder, const char *const *filters,
                           size_t filter_count)
{
    check(filter_count <= WATCH_FILTERS_MAX);
    struct watch *watch = calloc(1, sizeof *watch);
    check(watch != NULL);
    watch->control = control;
    watch->folder = folder;
    for (size_t i = 0; i < filter_count; i++)
        watch->filters[i] = filters[i];
    watch->filter_count = filter_count;
    if (filter_count == 0) {
        watch->filters[0] = "#";
        watch->filter_count = 1;
    }
    return watch;
}

void watch_destroy(struct watch *watch)
{
    if (watch == NULL)
        return;
    json_decref(watch->state);
    free(watch);
}

/* ---- asking
 * --------------------------------------------------------------------------------------------- */

static void face_take_value(struct face *face, const json_t *point, bool moved)
{
    const json_t *value = json_object_get(point, "value");
    const char *text = answer_text(point, "text");
    snprintf(face->value, sizeof face->value, "%s", *text != 0 ? text : "-");
    if (!moved || (!json_is_number(value) && !json_is_boolean(value)))
        return;
    if (face->history_count == HISTORY)
        memmove(face->history, face->history + 1, (HISTORY - 1) * sizeof *face->history);
    else
        face->history_count++;
    face->history[face->history_count - 1] =
        json_is_boolean(value) ? json_is_true(value) : json_number_value(value);
}

static void face_take(struct face *face, const json_t *point)
{
    const char *path = answer_text(point, "path");
    if (strncmp(face->path, path, sizeof face->path - 1) != 0)
        *face = (struct face){0};
    snprintf(face->path, sizeof face->path, "%s", path);
    snprintf(face->unit, sizeof face->unit, "%s", answer_text(point, "unit"));
    snprintf(face->quality, sizeof face->quality, "%s", answer_text(point, "quality"));
    snprintf(face->limit, sizeof face->limit, "%s", answer_text(point, "limit_state"));
    const char *time = answer_text(point, "time");
    bool moved = strcmp(face->time, time) != 0;
    snprintf(face->time, sizeof face->time, "%s", time);
    face->time_ns = 0;
    if (!time_parse(bytes_text(time), &face->time_ns))
        face->time_ns = 0;
    face->good = strncmp(face->quality, "good", 4) == 0;
    face_take_value(face, point, moved);
}

/* A filter may look at more points than one answer covers: goes on until enough are found. */
static bool watch_ask_points(struct watch *watch, const char *filter, size_t most, size_t *at)
{
    json_int_t after = 0;
    size_t found = 0;
    for (size_t asks = 0; asks < 20 && found < most; asks++) {
        json_t *ask = json_pack("{s:s, s:s, s:I, s:I}", "ask", "points", "match", filter, "after",
                                after, "most", (json_int_t)(most - found));
        json_t *answer = NULL;
        enum err err = control_ask(watch->control, ask, 5000, &answer);
        json_decref(ask);
        if (err != OK)
            return false;
        const json_t *points = json_object_get(answer, "points");
        size_t i;
        json_t *point;
        json_array_foreach((json_t *)(uintptr_t)points, i,
                           point) if (*at < FACES_MAX && found < most)
        {
            face_take(&watch->faces[(*at)++], point);
            found++;
        }
        const json_t *next = json_object_get(answer, "next");
        bool more = json_is_integer(next);
        after = json_integer_value(next);
        json_decref(answer);
        if (!more)
            break;
    }
    return true;
}

static uint64_t watch_values(const struct watch *watch)
{
    return answer_count(watch->state, "engine.values");
}

static void watch_take_rate(struct watch *watch)
{
    int64_t now_ns = clock_real()->boot_ns(clock_real()), passed_ns = now_ns - watch->rate_from_ns;
    uint64_t values = watch_values(watch);
    if (watch->rate_from_ns != 0 && passed_ns > 0)
        watch->rate = (double)(values - watch->rate_from_values) * 1e9 / (double)passed_ns;
    if (watch->rate_from_ns == 0 || passed_ns >= RATE_WINDOW_NS) {
        watch->rate_from_ns = now_ns;
        watch->rate_from_values = values;
    }
}

static uint64_t watch_dropped(const json_t *state)
{
    return answer_count(state, "mqtt.dropped_slow") + answer_count(state, "mqtt.dropped_queue");
}

static void watch_take_dropped(struct watch *watch, bool first)
{
    uint64_t dropped = watch_dropped(watch->state);
    if (!first && dropped > watch->dropped)
        watch->dropped_new_ns = clock_real()->boot_ns(clock_real());
    watch->dropped = dropped;
}

bool watch_refresh(struct watch *watch, size_t points)
{
    json_t *ask = json_pack("{s:s}", "ask", "state"), *answer = NULL;
    enum err err = control_ask(watch->control, ask, 5000, &answer);
    json_decref(ask);
    if (err != OK)
        return false;
    bool first = watch->state == NULL;
    json_decref(watch->state);
    watch->state = answer;
    watch->wall_ns = clock_real()->wall_ns(clock_real());
    watch_take_rate(watch);
    watch_take_dropped(watch, first);
    size_t at = 0;
    for (size_t i = 0; i < watch->filter_count; i++) {
        size_t left = points > at ? points - at : 0;
        if (!watch_ask_points(watch, watch->filters[i], left / (watch->filter_count - i), &at))
            return false;
    }
    watch->face_count = at;
    return true;
}

uint64_t watch_durable_values(const struct watch *watch)
{
    return answer_count(watch->state, "engine.applied_values");
}

/* ---- drawing
 * ------------------------------------------------------------------------------------------- */

static void line_end(FILE *to, bool live)
{
    fputs(live ? "\033[K\n" : "\n", to);
}

static void watch_draw_item(FILE *to, const char *name, const char *value)
{
    fprintf(to, "%s%s%s %s%s%s   ", paint(PAINT_DIM), name, paint(PAINT_NONE), paint(PAINT_BOLD),
            value, paint(PAINT_NONE));
}

static uint64_t watch_disk_free(const struct watch *watch)
{
    struct statvfs disk;
    if (statvfs(watch->folder, &disk) != 0)
        return 0;
    return (uint64_t)disk.f_bavail * disk.f_frsize;
}

static void watch_draw_doors(const struct watch *watch, FILE *to, bool live)
{
    const json_t *state = watch->state;
    char text[NUMBER_SIZE], more[NUMBER_SIZE], pair[2 * NUMBER_SIZE + 3];
    watch_draw_item(to, "values/s", number_rate(watch->rate, text));
    watch_draw_item(to, "durable",
                    number_group(answer_count(state, "engine.applied_values"), text));
    snprintf(
        pair, sizeof pair, "%s / %s",
        number_duration((int64_t)answer_count(state, "mqtt.latency_us.p50") * NS_PER_US, text),
        number_duration((int64_t)answer_count(state, "mqtt.latency_us.p99") * NS_PER_US, more));
    watch_draw_item(to, "PUBACK p50/p99", pair);
    watch_draw_item(to, "points", number_group(answer_count(state, "points.count"), text));
    watch_draw_item(to, "connections", number_group(answer_count(state, "mqtt.connections"), text));
    line_end(to, live);
}

static void watch_draw_house(const struct watch *watch, FILE *to, bool live)
{
    const json_t *state = watch->state;
    char text[NUMBER_SIZE];
    watch_draw_item(to, "journal", number_bytes(answer_count(state, "journal.bytes"), text));
    watch_draw_item(to, "disk free", number_bytes(watch_disk_free(watch), text));
    watch_draw_item(to, "memory", number_bytes(answer_count(state, "memory_bytes"), text));
    snprintf(text, sizeof text, "%.2f", answer_real(state, "rates.cores"));
    watch_draw_item(to, "cores", text);
    size_t damage = json_array_size(answer_at(state, "damage"));
    fprintf(to, "%sdamage%s %s%zu%s", paint(PAINT_DIM), paint(PAINT_NONE),
            paint(damage > 0 ? PAINT_RED : PAINT_GREEN), damage, paint(PAINT_NONE));
    if (answer_is(state, "journal.stopped"))
        fprintf(to, "   %sa write failed: nothing is acknowledged%s", paint(PAINT_RED),
                paint(PAINT_NONE));
    else if (answer_is(state, "journal.disk_full"))
        fprintf(to, "   %sthe disk is full: samples are refused%s", paint(PAINT_RED),
                paint(PAINT_NONE));
    line_end(to, live);
}

/* 0, 999, 1.2k, 123k, 4.5M: four places at most, up to a thousand million. */
static char *number_short(uint64_t number, char *text)
{
    static const char units[] = " kMG";
    double size = (double)number;
    size_t unit = 0;
    /* 999.5 would be written as 1000 */
    while (size >= (unit == 0 ? 1000 : 999.5) && unit + 2 < sizeof units) {
        size /= 1000;
        unit++;
    }
    if (unit == 0)
        snprintf(text, NUMBER_SIZE, "%.0f", size);
    else
        snprintf(text, NUMBER_SIZE, size < 9.95 ? "%.1f%c" : "%.0f%c", size, units[unit]);
    return text;
}

/* What goes out to MQTT clients. Messages that were dropped are news for a while only: a total of
 * last month must not look like an alarm. */
static void watch_draw_out(const struct watch *watch, FILE *to, bool live)
{
    static const struct {
        const char *name, *member;
    } items[] = {{"sent/s", "rates.delivered"},  {"subscriptions", "mqtt.subscriptions"},
                 {"away", "mqtt.sessions_away"}, {"queued", "mqtt.queued"},
                 {"retained", "mqtt.retained"},  {"dropped", NULL}};
    char texts[ARRAY_COUNT(items)][NUMBER_SIZE];
    int64_t passed_ns = clock_real()->boot_ns(clock_real()) - watch->dropped_new_ns;
    bool lately = watch->dropped_new_ns != 0 && passed_ns < LATELY_NS;
    size_t width = 0, last = ARRAY_COUNT(items) - 1;
    for (size_t i = 0; i <= last; i++) {
        number_short(i == last ? watch->dropped : answer_count(watch->state, items[i].member),
                     texts[i]);
        width += strlen(items[i].name) + 1 + strlen(texts[i]) + (i == last && lately);
    }
    size_t gap = width + 3 * last <= OUT_WIDTH ? 3 : width + 2 * last <= OUT_WIDTH ? 2 : 1;
    for (size_t i = 0; i <= last; i++)
        fprintf(to, "%s%s%s %s%s%s%s%*s", paint(PAINT_DIM), items[i].name, paint(PAINT_NONE),
                paint(i == last && lately ? PAINT_RED : PAINT_BOLD), i == last && lately ? "!" : "",
                texts[i], paint(PAINT_NONE), i == last ? 0 : (int)gap, "");
    line_end(to, live);
}

static void watch_draw_header(const struct watch *watch, FILE *to, bool live)
{
    char text[NUMBER_SIZE];
    fprintf(to, "%smainstem%s %s   %sMQTT%s %s   %sdata%s %s   %sup%s %s", paint(PAINT_BOLD),
            paint(PAINT_NONE), answer_text(watch->state, "version"), paint(PAINT_DIM),
            paint(PAINT_NONE), answer_text(watch->state, "mqtt.address"), paint(PAINT_DIM),
            paint(PAINT_NONE), watch->folder, paint(PAINT_DIM), paint(PAINT_NONE),
            number_duration((int64_t)answer_real(watch->state, "uptime_s") * NS_PER_S, text));
    line_end(to, live);
    watch_draw_doors(watch, to, live);
    watch_draw_out(watch, to, live);
    watch_draw_house(watch, to, live);
}

/* The last `most` values at most; the scale is that of all kept. */
static void face_spark(const struct face *face, uint32_t most, char *text)
{
    static const char *const bars[] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                       "\u2585", "\u2586", "\u2587", "\u2588"};
    double low = face->history[0], high = face->history[0];
    for (uint32_t i = 1; i < face->history_count; i++) {
        low = face->history[i] < low ? face->history[i] : low;
        high = face->history[i] > high ? face->history[i] : high;
    }
    *text = 0;
    uint32_t first = face->history_count > most ? face->history_count - most : 0;
    for (uint32_t i = first; i < face->history_count && face->history_count > 1; i++) {
        double share = high > low ? (face->history[i] - low) / (high - low) : 0;
        strcat(text, bars[(size_t)(share * 7.0 + 0.5)]);
    }
}

static void watch_draw_face(const struct watch *watch, const struct face *face, FILE *to,
                            size_t path_width, uint32_t spark_width)
{
    char path[512], value[128], unit[128], spark[HISTORY * 4 + 1], age[NUMBER_SIZE] = "-";
    if (face->time_ns > 0)
        number_duration((watch->wall_ns - face->time_ns) / NS_PER_MS * NS_PER_MS, age);
    face_spark(face, spark_width, spark);
    text_fit_end(face->path, path_width, path, sizeof path);
    text_fit(face->value, 14, value, sizeof value);
    text_fit(face->unit, 8, unit, sizeof unit);
    bool alarm = strncmp(face->limit, "high", 4) == 0 || strncmp(face->limit, "low", 3) == 0;
    enum paint quality = face->good ? PAINT_GREEN : PAINT_YELLOW;
    fprintf(to, "%s%*s  %s%*s%s%s  %s%*s  %s%-12.12s%s  %12s  %s%s%s", path,
            (int)(path_width - text_width(path)), "", paint(alarm ? PAINT_RED : PAINT_BOLD),
            (int)(14 - text_width(value)), "", value, paint(PAINT_NONE), unit,
            (int)(8 - text_width(unit)), "", paint(quality), face->quality, paint(PAINT_NONE), age,
            paint(PAINT_CYAN), spark, paint(PAINT_NONE));
}

void watch_draw(const struct watch *watch, FILE *to, size_t lines, size_t columns, bool live)
{
    watch_draw_header(watch, to, live);
    uint32_t spark_width = columns < 120 ? HISTORY / 2 : HISTORY;
    size_t fixed = 2 + 14 + 2 + 8 + 2 + 12 + 2 + 12 + 2 + spark_width;
    size_t path_width = columns > fixed + 16 ? columns - fixed : 16;
    size_t longest = 4;
    for (size_t i = 0; i < watch->face_count; i++) {
        size_t width = text_width(watch->faces[i].path);
        longest = width > longest ? width : longest;
    }
    path_width = longest < path_width ? longest : path_width;
    fprintf(to, "%s%-*s  %14s  %-8s  %-12s  %12s  %s%s", paint(PAINT_DIM), (int)path_width, "path",
            "value", "unit", "quality", "age", live ? "recent" : "", paint(PAINT_NONE));
    line_end(to, live);
    for (size_t i = 0; i < watch->face_count && i + HEADER_LINES < lines; i++) {
        watch_draw_face(watch, &watch->faces[i], to, path_width, spark_width);
        line_end(to, live);
    }
}

/* ---- the verb
 * --------------------------------------------------------------------------------------------- */

static int watch_once(struct watch *watch, size_t points)
{
    if (!watch_refresh(watch, points))
        return fail(VERB, "the server did not answer");
    watch_draw(watch, stdout, points + HEADER_LINES, 160, false);
    return EXIT_DONE;
}

static int watch_live(struct watch *watch)
{
    stop_watch();
    screen_begin();
    while (!stop_wanted()) {
        unsigned columns, rows;
        terminal_size(&columns, &rows);
        if (!watch_refresh(watch, rows > HEADER_LINES + 1 ? rows - HEADER_LINES - 1 : 1))
            return fail(VERB, "the server is gone");
        fputs("\033[H", stdout);
        watch_draw(watch, stdout, rows - 1, columns, true);
        printf("\033[J%sCtrl-C ends watching, not the server%s", paint(PAINT_DIM),
               paint(PAINT_NONE));
        fflush(stdout);
        stop_nap(REFRESH_NS);
    }
    screen_end();
    return EXIT_DONE;
}

static int watch_run(const struct words *words)
{
    uint64_t points;
    if (!words_count(words, "most", 20, 1, FACES_MAX, &points))
        return EXIT_USAGE;
    struct control *control = answer_open(VERB, words_folder(words));
    if (control == NULL)
        return EXIT_FAILED;
    struct watch *watch =
        watch_create(control, words_folder(words), words->arguments, words->argument_count);
    bool once = words_flag(words, "once") || !terminal_is_live();
    int code = once ? watch_once(watch, points) : watch_live(watch);
    watch_destroy(watch);
    control_close(control);
    return code;
}

static const struct option watch_options[] = {
    FOLDER_OPTION,
    {"once", NULL, "print once and end; so does a pipe"},
    {"most", "N", "with --once: how many points (20)"},
};
const struct verb verb_watch = {
    .name = VERB,
    .arguments = "[FILTER ...]",
    .summary = "Watch a running server and its points, live in the terminal.",
    .about = "FILTER is an MQTT topic filter: + stands for one level, # for the rest. Several\n"
             "filters share the screen. The points are those of the tenant main.",
    .example = "  mainstem watch 'plant/+/press/#'",
    .options = watch_options,
    .option_count = ARRAY_COUNT(watch_options),
    .arguments_max = WATCH_FILTERS_MAX,
    .run = watch_run,
};
