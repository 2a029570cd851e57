/* The server's side of the process that reads a PDF: bytes in, text out, an end in any case. */
#include "documents/reader.h"

#include "documents/words.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_FIRST ((size_t)64 << 10)
#define SOCKET_BYTES (1 << 20)

enum err reader_init(struct reader *reader, const struct documents_config *config)
{
    *reader = (struct reader){
        .program = config->program, .wall_ns = READER_WALL_NS, .cpu_s = READER_CPU_S};
    if (config->reader_wall_ns > 0)
        reader->wall_ns = config->reader_wall_ns;
    if (config->reader_cpu_s > 0)
        reader->cpu_s = config->reader_cpu_s;
    if (config->reader != NULL)
        (void)snprintf(reader->tool, sizeof reader->tool, "%s", config->reader);
    atomic_init(&reader->stopped, false);
    reader->nudge_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return reader->nudge_fd >= 0 ? OK : ERR_LIMIT;
}

void reader_done(struct reader *reader)
{
    if (reader->nudge_fd >= 0)
        close(reader->nudge_fd);
    reader->nudge_fd = -1;
}

void reader_stop(struct reader *reader)
{
    uint64_t one = 1;
    atomic_store(&reader->stopped, true);
    ssize_t n = write(reader->nudge_fd, &one, sizeof one);
    (void)n; /* full is raised as well */
}

/* ---- one PDF -----------------------------------------------------------------------------------
 */
enum ending { END_WHOLE, END_LONG, END_LATE, END_STOPPED, END_MEMORY, END_BROKEN };
struct reading {
    struct reader *reader;
    struct bytes pdf;
    size_t sent;
    int fd;
    uint8_t *text;
    size_t size, capacity;
    int64_t until_ns;
};

static bool reading_send(struct reading *reading)
{
    while (reading->sent < reading->pdf.size) {
        ssize_t n = send(reading->fd, reading->pdf.at + reading->sent,
                         reading->pdf.size - reading->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return true;
        if (n <= 0)
            break; /* it takes no more: what it says of what it has is still heard */
        reading->sent += (size_t)n;
    }
    reading->sent = reading->pdf.size;
    (void)shutdown(reading->fd, SHUT_WR);
    return false;
}

/* False: it has ended, as *ret_ending says. */
static bool reading_take(struct reading *reading, enum ending *ret_ending)
{
    if (reading->size == reading->capacity) {
        size_t capacity = reading->capacity == 0 ? TEXT_FIRST : 2 * reading->capacity;
        if (capacity > READER_TEXT_MOST + 1)
            capacity = READER_TEXT_MOST + 1;
        uint8_t *wider = realloc(reading->text, capacity);
        *ret_ending = END_MEMORY;
        if (wider == NULL)
            return false;
        reading->text = wider;
        reading->capacity = capacity;
    }
    ssize_t n = recv(reading->fd, reading->text + reading->size, reading->capacity - reading->size,
                     MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    *ret_ending = END_WHOLE; /* or it died: its status tells */
    if (n <= 0)
        return false;
    reading->size += (size_t)n;
    *ret_ending = END_LONG;
    return reading->size <= READER_TEXT_MOST;
}

static enum ending reading_run(struct reading *reading)
{
    struct clock *clock = clock_real();
    bool sending = true;
    for (;;) {
        int64_t left_ns = reading->until_ns - clock->boot_ns(clock);
        if (left_ns <= 0)
            return END_LATE;
        struct pollfd fds[] = {
            {.fd = reading->fd, .events = (short)(POLLIN | (sending ? POLLOUT : 0))},
            {.fd = reading->reader->nudge_fd, .events = POLLIN}};
        int count = poll(fds, 2, (int)(left_ns / NS_PER_MS % 60000) + 1);
        if (count < 0 && errno != EINTR)
            return END_BROKEN;
        if (atomic_load(&reading->reader->stopped))
            return END_STOPPED;
        if (count <= 0)
            continue;
        if (sending && (fds[0].revents & POLLOUT))
            sending = reading_send(reading);
        enum ending ending;
        if ((fds[0].revents & (POLLIN | POLLHUP | POLLERR)) && !reading_take(reading, &ending))
            return ending;
    }
}

/* ---- what is made of it ------------------------------------------------------------------------
 */
bool reader_text_make(uint8_t *text, size_t *size)
{
    size_t kept = *size < READER_TEXT_MOST ? *size : READER_TEXT_MOST, back = 0;
    while (back < 3 && back < kept && (text[kept - 1 - back] & 0xC0) == 0x80)
        back++;
    if (back < kept && !bytes_are_utf8(bytes_of(text + kept - 1 - back, back + 1)))
        kept -= back + 1; /* the limit, or the end of the process, cut a character */
    for (size_t i = 0; i < kept; i++) {
        if (text[i] == 0)
            text[i] = ' ';
    }
    if (!bytes_are_utf8(bytes_of(text, kept)))
        return false;
    *size = words_join_lines(text, kept);
    return true;
}

static bool text_is_empty(const struct reading *reading)
{
    for (size_t i = 0; i < reading->size; i++) {
        if (reading->text[i] > ' ')
            return false;
    }
    return true;
}

/* Of a file that could not be read: did it want a password? The name stands in clear in its
 * trailer. */
static bool pdf_is_protected(struct bytes pdf)
{
    static const char name[] = "/Encrypt";
    return memmem(pdf.at, pdf.size, name, sizeof name - 1) != NULL;
}

static enum document_text reading_fault(const struct reading *reading, enum ending ending,
                                        int status)
{
    if (ending == END_STOPPED || ending == END_MEMORY)
        return DOCUMENT_TEXT_WAITING;
    if (ending == END_LATE ||
        (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU || WTERMSIG(status) == SIGKILL)))
        return DOCUMENT_TEXT_LIMITS;
    if (!WIFEXITED(status) || ending == END_BROKEN)
        return DOCUMENT_TEXT_DAMAGED;
    switch (WEXITSTATUS(status)) {
    case READER_EXIT_MISSING:
        return DOCUMENT_TEXT_NO_READER;
    case READER_EXIT_OPEN:
        return DOCUMENT_TEXT_UNCONFINED;
    case 0:
        return DOCUMENT_TEXT_EMPTY;
    default:
        return pdf_is_protected(reading->pdf) ? DOCUMENT_TEXT_PROTECTED : DOCUMENT_TEXT_DAMAGED;
    }
}

static enum document_text reading_judge(struct reading *reading, enum ending ending, int status)
{
    bool whole = ending == END_WHOLE && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    bool cut = ending == END_LONG || ending == END_LATE || (ending == END_WHOLE && !whole);
    if ((!whole && !cut) || !reader_text_make(reading->text, &reading->size) ||
        text_is_empty(reading)) {
        enum document_text fault = reading_fault(reading, ending, status);
        return fault == DOCUMENT_TEXT_EMPTY && !text_is_empty(reading) ? DOCUMENT_TEXT_DAMAGED
                                                                       : fault;
    }
    return cut ? DOCUMENT_TEXT_PART : DOCUMENT_TEXT_SEARCHED;
}

static int reading_begin(struct reading *reading)
{
    char name[] = "mainstem", verb[] = DOCUMENTS_READER_VERB, cpu[16];
    char *words[] = {name, verb, reading->reader->tool, cpu, NULL};
    int pair[2], size = SOCKET_BYTES;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    (void)snprintf(cpu, sizeof cpu, "%u", (unsigned)reading->reader->cpu_s);
    (void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    int pid = os_child_start(reading->reader->program, words, pair[1], pair[1]);
    close(pair[1]);
    reading->fd = pair[0];
    if (pid < 0)
        close(pair[0]);
    return pid;
}

enum document_text reader_read(struct reader *reader, struct bytes pdf, uint8_t **ret_text,
                               size_t *ret_size)
{
    struct clock *clock = clock_real();
    struct reading reading = {
        .reader = reader, .pdf = pdf, .until_ns = clock->boot_ns(clock) + reader->wall_ns};
    *ret_text = NULL;
    *ret_size = 0;
    if (atomic_load(&reader->stopped))
        return DOCUMENT_TEXT_WAITING;
    if (reader->tool[0] == 0 || access(reader->tool, X_OK) != 0)
        return DOCUMENT_TEXT_NO_READER;
    int pid = reading_begin(&reading);
    if (pid < 0)
        return DOCUMENT_TEXT_NO_READER;
    enum ending ending = reading_run(&reading);
    /* With its end of the socket gone it has ended, or has nothing more to say. */
    int status = os_child_kill(pid);
    close(reading.fd);
    enum document_text text = reading_judge(&reading, ending, status);
    if (text == DOCUMENT_TEXT_SEARCHED || text == DOCUMENT_TEXT_PART) {
        *ret_text = reading.text;
        *ret_size = reading.size;
        return text;
    }
    free(reading.text);
    return text;
}
