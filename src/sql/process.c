/* A process that runs SQL: talked to over a socketpair, ended with SIGKILL. All it can do is write
 * bytes, and they are judged here and in run.c. */
#include "sql/room.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IN_FIRST ((size_t)128 << 10)
#define IN_KEPT ((size_t)1 << 20) /* more is given back after the frame that needed it */
#define START_NS (10 * NS_PER_S)
#define SOCKET_BYTES (1 << 20)

enum err process_init(struct process *process, const char *program, struct clock *clock)
{
    memset(process, 0, sizeof *process);
    process->program = program;
    process->clock = clock;
    process->fd = -1;
    process->nudge_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    process->in = malloc(IN_FIRST);
    process->in_capacity = IN_FIRST;
    if (process->nudge_fd >= 0 && process->in != NULL)
        return OK;
    process_done(process);
    return ERR_NO_MEMORY;
}

void process_done(struct process *process)
{
    (void)process_kill(process);
    if (process->nudge_fd >= 0)
        close(process->nudge_fd);
    process->nudge_fd = -1;
    free(process->in);
    process->in = NULL;
}

int process_kill(struct process *process)
{
    int status = 0;
    if (process->pid > 0)
        status = os_child_kill(process->pid);
    if (process->fd >= 0)
        close(process->fd);
    process->fd = -1;
    process->pid = 0;
    process->in_at = process->in_size = 0;
    return status;
}

/* ---- starting --------------------------------------------------------------------------------
 */
static int spawn(struct process *process, int socket)
{
    char memory[32], name[] = "mainstem", verb[] = SQL_WORKER_VERB;
    char *words[] = {name, verb, memory, NULL};
    snprintf(memory, sizeof memory, "%llu", (unsigned long long)process->memory);
    return os_child_start(process->program, words, socket, -1);
}

enum err process_start(struct process *process, uint64_t memory, uint64_t asker)
{
    int pair[2], size = SOCKET_BYTES;
    uint8_t kind;
    struct bytes body;
    if (process->pid > 0 && process->memory == memory && process->asker == asker)
        return OK;
    (void)process_kill(process);
    process->memory = memory;
    process->asker = asker;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return ERR_LIMIT;
    (void)setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    (void)setsockopt(pair[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    pid_t pid = spawn(process, pair[1]);
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return ERR_IO;
    }
    process->pid = pid;
    process->fd = pair[0];
    enum err err =
        process_receive(process, process->clock->boot_ns(process->clock) + START_NS, &kind, &body);
    if (err == OK && (kind != FRAME_READY || body.size != 0))
        err = ERR_CORRUPT;
    if (err != OK)
        (void)process_kill(process);
    return err;
}

void process_allow_cpu(struct process *process, int64_t ns)
{
    clockid_t clock;
    struct timespec used;
    if (process->pid <= 0 || clock_getcpuclockid(process->pid, &clock) != 0 ||
        clock_gettime(clock, &used) != 0)
        return; /* the clock on the wall ends it as well */
    struct rlimit limit = {.rlim_cur = (rlim_t)(used.tv_sec + ns / NS_PER_S + 2),
                           .rlim_max = RLIM_INFINITY};
    struct rlimit old;
    if (prlimit(process->pid, RLIMIT_CPU, NULL, &old) == 0) {
        limit.rlim_max = old.rlim_max;
        (void)prlimit(process->pid, RLIMIT_CPU, &limit, NULL);
    }
}

/* ---- talking ---------------------------------------------------------------------------------
 */
void process_nudge(struct process *process)
{
    uint64_t one = 1;
    ssize_t n = write(process->nudge_fd, &one, sizeof one);
    (void)n; /* full is raised as well */
}

/* OK: the socket is ready for it. */
static enum err process_wait(struct process *process, short events, int64_t until_ns)
{
    for (;;) {
        struct pollfd fds[] = {{.fd = process->fd, .events = events},
                               {.fd = process->nudge_fd, .events = POLLIN}};
        int64_t left_ns = until_ns - process->clock->boot_ns(process->clock);
        if (left_ns <= 0)
            return ERR_BUSY;
        int64_t left_ms = left_ns / NS_PER_MS + 1;
        int count = poll(fds, 2, left_ms < 60000 ? (int)left_ms : 60000);
        if (count < 0 && errno != EINTR)
            return ERR_IO;
        if (count > 0 && (fds[1].revents & POLLIN)) {
            uint64_t raised;
            ssize_t n = read(process->nudge_fd, &raised, sizeof raised);
            (void)n;
            return ERR_STOPPED;
        }
        if (count > 0 && fds[0].revents != 0)
            return OK;
    }
}

enum err process_send(struct process *process, struct bytes frames, int64_t until_ns)
{
    size_t sent = 0;
    while (sent < frames.size) {
        ssize_t n =
            send(process->fd, frames.at + sent, frames.size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            sent += (size_t)n;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR)
            return ERR_IO;
        enum err err = process_wait(process, POLLOUT, until_ns);
        if (err != OK)
            return err;
    }
    return OK;
}

/* Room for a frame of this size from in_at on. */
static enum err process_room(struct process *process, size_t size)
{
    if (process->in_at > 0) {
        memmove(process->in, process->in + process->in_at, process->in_size - process->in_at);
        process->in_size -= process->in_at;
        process->in_at = 0;
    }
    size_t capacity = size > IN_KEPT ? size : process->in_capacity;
    while (capacity < size)
        capacity *= 2;
    if (size <= IN_FIRST && process->in_capacity > IN_KEPT && process->in_size <= IN_FIRST)
        capacity = IN_FIRST;
    if (capacity == process->in_capacity)
        return OK;
    uint8_t *in = realloc(process->in, capacity);
    if (in == NULL)
        return ERR_NO_MEMORY;
    process->in = in;
    process->in_capacity = capacity;
    return OK;
}

enum err process_receive(struct process *process, int64_t until_ns, uint8_t *ret_kind,
                         struct bytes *ret_body)
{
    for (;;) {
        size_t have = process->in_size - process->in_at, wanted = FRAME_HEAD;
        const uint8_t *at = process->in + process->in_at;
        if (have >= FRAME_HEAD) {
            if (load_u32(at) > FRAME_BYTES_MAX)
                return ERR_CORRUPT;
            wanted += load_u32(at);
        }
        if (have >= FRAME_HEAD && have >= wanted) {
            *ret_kind = at[4];
            *ret_body = bytes_of(at + FRAME_HEAD, wanted - FRAME_HEAD);
            process->in_at += wanted;
            return OK;
        }
        enum err err = process_room(process, wanted);
        if (err != OK)
            return err;
        ssize_t n = recv(process->fd, process->in + process->in_size,
                         process->in_capacity - process->in_size, MSG_DONTWAIT);
        if (n > 0) {
            process->in_size += (size_t)n;
            continue;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR))
            return ERR_IO;
        if ((err = process_wait(process, POLLIN, until_ns)) != OK)
            return err;
    }
}
