/* canned_server: for tests: listens on a free port and gives each connection an answer that was
 * prepared, whatever it asks; keeps what was asked. */
#pragma once

#include "base/base.h"
#include "os/os.h"

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CANNED_MAX 4
struct canned {
    char address[OS_ADDRESS_SIZE];
    int fd;
    pthread_t thread;
    size_t count;
    const char
        *answers[CANNED_MAX]; /* NULL: the connection is closed without a word; "": silence */
    char asked[CANNED_MAX][4096];
};

static inline int canned_accept(int listening)
{
    for (;;) {
        int fd = -1;
        char peer[OS_ADDRESS_SIZE];
        struct pollfd wait = {.fd = listening, .events = POLLIN};
        if (poll(&wait, 1, 10000) <= 0)
            return -1;
        if (os_accept(listening, &fd, peer) == OK)
            return fd;
    }
}

/* Reads a head and as much of a body as Content-Length says. */
static inline void canned_read(int fd, char *asked, size_t size)
{
    size_t used = 0;
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    while (used + 1 < size && poll(&wait, 1, 10000) > 0) {
        ssize_t got = recv(fd, asked + used, size - 1 - used, 0);
        if (got <= 0)
            return;
        used += (size_t)got;
        asked[used] = 0;
        const char *end = strstr(asked, "\r\n\r\n"), *field = strstr(asked, "Content-Length: ");
        size_t body = field != NULL ? strtoul(field + 16, NULL, 10) : 0;
        if (end != NULL && used >= (size_t)(end - asked) + 4 + body)
            return;
    }
}

static inline void *canned_run(void *arg)
{
    struct canned *canned = arg;
    for (size_t i = 0; i < canned->count; i++) {
        int fd = canned_accept(canned->fd);
        if (fd < 0)
            break;
        canned_read(fd, canned->asked[i], sizeof canned->asked[i]);
        const char *answer = canned->answers[i];
        for (size_t at = 0; answer != NULL && at < strlen(answer);) {
            ssize_t sent = send(fd, answer + at, strlen(answer) - at, MSG_NOSIGNAL);
            if (sent < 0)
                break;
            at += (size_t)sent;
        }
        if (answer != NULL && answer[0] == 0)
            poll(NULL, 0, 1500);
        close(fd);
    }
    return NULL;
}

static inline void canned_start(struct canned *canned)
{
    check(os_listen("127.0.0.1:0", 16, &canned->fd) == OK);
    os_local_address(canned->fd, canned->address);
    check(pthread_create(&canned->thread, NULL, canned_run, canned) == 0);
}

static inline void canned_stop(struct canned *canned)
{
    pthread_join(canned->thread, NULL);
    close(canned->fd);
}
