/* One line to the control door: a JSON object out, a JSON object back, each on a line. */
#include "client/client.h"

#include "os/os.h"
#include "server/server.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_BYTES_MAX ((size_t)64 << 20)
#define ANSWER_BYTES_FIRST ((size_t)16 << 10)
#define FOLDER_BYTES_MAX 4096

struct control {
    int fd;
    size_t size, capacity; /* of the answer so far */
    char *answer;
};

enum err control_open(const char *folder, struct control **ret_control)
{
    char path[FOLDER_BYTES_MAX + sizeof SERVER_CONTROL_NAME + 1];
    if (strlen(folder) > FOLDER_BYTES_MAX)
        return ERR_INVALID;
    snprintf(path, sizeof path, "%s/%s", folder, SERVER_CONTROL_NAME);
    struct control *control = calloc(1, sizeof *control);
    if (control == NULL)
        return ERR_NO_MEMORY;
    control->fd = -1;
    enum err err = os_connect_unix(path, &control->fd);
    if (err != OK) {
        free(control);
        return ERR_MISSING;
    }
    *ret_control = control;
    return OK;
}

void control_close(struct control *control)
{
    if (control == NULL)
        return;
    if (control->fd >= 0)
        close(control->fd);
    free(control->answer);
    free(control);
}

/* Waits for the event until end_ns; ERR_BUSY when the time is over. */
static enum err control_wait(struct control *control, short event, int64_t end_ns)
{
    for (;;) {
        int64_t left_ns = end_ns - clock_real()->boot_ns(clock_real());
        struct pollfd wait = {.fd = control->fd, .events = event};
        int ready = poll(&wait, 1, left_ns > 0 ? (int)(left_ns / NS_PER_MS) + 1 : 0);
        if (ready > 0)
            return OK;
        if (ready < 0 && errno != EINTR)
            return ERR_IO;
        if (left_ns <= 0)
            return ERR_BUSY;
    }
}

static enum err control_send(struct control *control, const char *text, int64_t end_ns)
{
    size_t size = strlen(text), at = 0;
    while (at < size) {
        ssize_t sent = send(control->fd, text + at, size - at, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            at += (size_t)sent;
            continue;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            return ERR_IO;
        enum err err = control_wait(control, POLLOUT, end_ns);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err control_grow(struct control *control)
{
    if (control->size < control->capacity)
        return OK;
    size_t capacity = control->capacity == 0 ? ANSWER_BYTES_FIRST : control->capacity * 2;
    if (capacity > ANSWER_BYTES_MAX)
        return ERR_LIMIT;
    char *answer = realloc(control->answer, capacity);
    if (answer == NULL)
        return ERR_NO_MEMORY;
    control->answer = answer;
    control->capacity = capacity;
    return OK;
}

/* Takes one line into control->answer. */
static enum err control_receive(struct control *control, int64_t end_ns)
{
    control->size = 0;
    for (;;) {
        enum err err = control_grow(control);
        if (err == OK)
            err = control_wait(control, POLLIN, end_ns);
        if (err != OK)
            return err;
        ssize_t got = recv(control->fd, control->answer + control->size,
                           control->capacity - control->size, MSG_DONTWAIT);
        if (got < 0 && (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK))
            continue;
        if (got <= 0)
            return ERR_IO;
        control->size += (size_t)got;
        if (control->answer[control->size - 1] == '\n')
            return OK;
    }
}

enum err control_ask(struct control *control, const struct json_t *ask, int wait_ms,
                     struct json_t **ret_answer)
{
    int64_t end_ns = clock_real()->boot_ns(clock_real()) + wait_ms * NS_PER_MS;
    char *text = json_dumps(ask, JSON_COMPACT);
    if (text == NULL)
        return ERR_NO_MEMORY;
    enum err err = control_send(control, text, end_ns);
    free(text);
    if (err == OK)
        err = control_send(control, "\n", end_ns);
    if (err == OK)
        err = control_receive(control, end_ns);
    if (err != OK)
        return err;
    json_t *answer = json_loadb(control->answer, control->size, JSON_REJECT_DUPLICATES, NULL);
    if (answer == NULL)
        return ERR_CORRUPT;
    *ret_answer = answer;
    return OK;
}
