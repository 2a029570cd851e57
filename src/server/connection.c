/* Bytes in, bytes out, and the end, as connection.h draws them. What is subtle: a protocol may end
 * a connection, its own or another's, from within feed; so nothing is freed before the round is
 * over, and a failed send only marks the connection. */
#include "server/connection.h"
#include "server/room.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_NS (2 * NS_PER_S)

/* ---- memory
 * -------------------------------------------------------------------------------------- */
static void buffer_free(struct server *server, struct buffer *buffer)
{
    free(buffer->at);
    budget_give(&server->memory, buffer->capacity);
    *buffer = (struct buffer){.at = NULL};
}

/* Room for `capacity` bytes in all, keeping what is there; false past the limit. */
static bool buffer_grow(struct server *server, struct buffer *buffer, size_t capacity)
{
    if (capacity <= buffer->capacity)
        return true;
    if (!budget_take(&server->memory, capacity - buffer->capacity))
        return false;
    uint8_t *at = realloc(buffer->at, capacity);
    if (at == NULL) {
        budget_give(&server->memory, capacity - buffer->capacity);
        return false;
    }
    buffer->at = at;
    buffer->capacity = capacity;
    return true;
}

/* ---- slots
 * --------------------------------------------------------------------------------------- */
static bool slots_grow(struct server *server)
{
    uint32_t capacity = server->slot_capacity == 0 ? 256 : server->slot_capacity * 2;
    struct connection **slots = realloc(server->slots, capacity * sizeof(struct connection *));
    if (slots == NULL)
        return false;
    server->slots = slots;
    uint32_t *slots_free = realloc(server->slots_free, capacity * sizeof *slots_free);
    if (slots_free == NULL)
        return false;
    server->slots_free = slots_free;
    server->slot_capacity = capacity;
    return true;
}

static bool slot_take(struct server *server, struct connection *c)
{
    if (server->slot_free_count > 0) {
        c->slot = server->slots_free[--server->slot_free_count];
    } else {
        if (server->slot_count == server->slot_capacity && !slots_grow(server))
            return false;
        c->slot = server->slot_count++;
    }
    c->generation = ++server->generation;
    server->slots[c->slot] = c;
    return true;
}

static void slot_give(struct server *server, const struct connection *c)
{
    server->slots[c->slot] = NULL;
    server->slots_free[server->slot_free_count++] = c->slot;
}

struct connection *connection_find(struct server *server, uint32_t slot, uint32_t generation)
{
    struct connection *c = slot < server->slot_count ? server->slots[slot] : NULL;
    return c != NULL && c->generation == generation ? c : NULL;
}

/* ---- watching
 * ------------------------------------------------------------------------------------ */
static int connection_epoll(const struct server *server, const struct connection *c)
{
    return c->protocol == &mqtt_protocol ? server->clients_fd : server->house_fd;
}

static uint64_t connection_tag(const struct connection *c)
{
    return (uint64_t)c->generation << 32 | c->slot;
}

/* Asks epoll for what this connection waits for now. */
static void connection_watch(struct server *server, struct connection *c)
{
    bool reading = c->lingering || (!c->ending && !c->held && !connection_is_choked(c));
    uint32_t wanted =
        (reading ? (uint32_t)EPOLLIN : 0) | (c->out.size > 0 ? (uint32_t)EPOLLOUT : 0);
    if (wanted == c->watched || c->dead || c->broken)
        return;
    struct epoll_event event = {.events = wanted, .data.u64 = connection_tag(c)};
    check(epoll_ctl(connection_epoll(server, c), EPOLL_CTL_MOD, c->fd, &event) == 0);
    c->watched = wanted;
}

struct connection *connection_open(struct server *server, int fd, const char *peer,
                                   const struct protocol *protocol, int64_t allowed_ns)
{
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL || !slot_take(server, c)) {
        free(c);
        close(fd);
        return NULL;
    }
    c->fd = fd;
    c->protocol = protocol;
    c->active_ns = server->now_ns;
    snprintf(c->peer, sizeof c->peer, "%s", peer);
    c->mqtt.peer = c->peer;
    link_init(&c->resume);
    link_init(&c->life);
    timer_init(&c->timer);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = connection_tag(c)};
    if (epoll_ctl(connection_epoll(server, c), EPOLL_CTL_ADD, fd, &event) != 0) {
        slot_give(server, c);
        close(fd);
        free(c);
        return NULL;
    }
    c->watched = EPOLLIN;
    link_put(&server->alive, &c->life);
    server->connections += protocol == &mqtt_protocol;
    if (server->connections > server->connections_max)
        server->connections_max = server->connections;
    connection_allow_silence(server, c, allowed_ns);
    c->deadline = protocol == &mqtt_protocol; /* until the broker allows it more */
    return c;
}

/* ---- silence
 * ------------------------------------------------------------------------------------- */
void connection_allow_silence(struct server *server, struct connection *c, int64_t allowed_ns)
{
    c->allowed_ns = allowed_ns;
    c->deadline = false;
    c->active_ns = server->now_ns;
    if (allowed_ns == 0)
        timer_stop(&c->timer);
    else
        timers_set(&server->timers, &c->timer, c->active_ns + allowed_ns);
}

/* The timer is not moved with each packet: when it fires, it looks whether bytes came since. While
 * we do not read, silence is our own. */
void connection_timer_fired(void *arg, struct timer *timer)
{
    struct server *server = arg;
    struct connection *c = LINK_OWNER(timer, struct connection, timer);
    if (c->dead || c->broken)
        return;
    if (c->ending) {
        connection_close(server, c, CAUSE_COUNT);
        return;
    }
    if (server->full || c->held || connection_is_choked(c))
        c->active_ns = server->now_ns;
    if (c->active_ns + c->allowed_ns > server->now_ns)
        timers_set(&server->timers, &c->timer, c->active_ns + c->allowed_ns);
    else
        c->protocol->silent(server, c);
}

/* ---- sending
 * ------------------------------------------------------------------------------------- */
/* Sends what the socket takes; returns how much, SIZE_MAX when the socket is broken. */
static size_t socket_send(struct server *server, struct connection *c, const uint8_t *at,
                          size_t size)
{
    size_t sent = 0;
    while (sent < size) {
        ssize_t n = send(c->fd, at + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        server->counters.sends++;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (n < 0)
            return SIZE_MAX;
        sent += (size_t)n;
    }
    server->counters.bytes_out += sent;
    return sent;
}

static void connection_break(struct server *server, struct connection *c, enum cause cause)
{
    c->broken = true;
    c->broken_cause = (uint8_t)cause;
    link_take(&c->life);
    link_put(&server->broken, &c->life);
}

static void connection_send(struct server *server, struct connection *c, const uint8_t *at,
                            size_t size)
{
    size_t sent = c->out.size > 0 ? 0 : socket_send(server, c, at, size);
    if (sent == SIZE_MAX) {
        connection_break(server, c, CAUSE_ERROR);
        return;
    }
    if (sent == size)
        return;
    size_t rest = size - sent;
    if (!buffer_grow(server, &c->out, c->out.size + rest)) {
        connection_break(server, c, CAUSE_MEMORY);
        return;
    }
    memcpy(c->out.at + c->out.size, at + sent, rest);
    c->out.size += rest;
    connection_watch(server, c);
}

void connection_flush(struct server *server)
{
    struct connection *c = server->write_owner;
    size_t size = server->write_size;
    server->write_owner = NULL;
    server->write_size = 0;
    if (c != NULL && size > 0 && !c->dead && !c->broken)
        connection_send(server, c, server->write_buffer, size);
}

uint8_t *connection_room(struct server *server, struct connection *c, size_t size)
{
    check(size <= CONNECTION_ROOM);
    if (server->write_owner != c || server->write_size + size > SERVER_WRITE_BYTES) {
        connection_flush(server);
        server->write_owner = c;
    }
    return server->write_buffer + server->write_size;
}

void connection_room_used(struct server *server, size_t used)
{
    server->write_size += used;
    check(server->write_size <= SERVER_WRITE_BYTES);
}

void connection_put(struct server *server, struct connection *c, struct bytes bytes)
{
    if (bytes.size > CONNECTION_ROOM) {
        connection_flush(server);
        if (!c->dead && !c->broken)
            connection_send(server, c, bytes.at, bytes.size);
        return;
    }
    memcpy(connection_room(server, c, bytes.size), bytes.at, bytes.size);
    connection_room_used(server, bytes.size);
}

static void connection_shut(struct server *server, struct connection *c)
{
    if (shutdown(c->fd, SHUT_WR) != 0) {
        connection_break(server, c, CAUSE_ERROR);
        return;
    }
    c->lingering = true;
    connection_watch(server, c);
}

static void connection_writable(struct server *server, struct connection *c)
{
    size_t sent = socket_send(server, c, c->out.at, c->out.size);
    if (sent == SIZE_MAX) {
        connection_close(server, c, CAUSE_ERROR);
        return;
    }
    bool was_choked = connection_is_choked(c);
    memmove(c->out.at, c->out.at + sent, c->out.size - sent);
    c->out.size -= sent;
    if (c->out.size == 0)
        buffer_free(server, &c->out);
    if (c->ending && c->out.size == 0)
        connection_shut(server, c);
    else if (was_choked && !connection_is_choked(c)) {
        c->protocol->unchoked(server, c);
        connection_resume(server, c);
    }
    if (!c->dead)
        connection_watch(server, c);
}

/* ---- the end
 * ------------------------------------------------------------------------------------- */
void connection_end(struct server *server, struct connection *c, enum cause cause)
{
    if (c->dead || c->ending)
        return;
    connection_flush(server);
    server->counters.closed[cause]++;
    c->ending = true;
    c->protocol->gone(server, c);
    link_take(&c->resume);
    buffer_free(server, &c->in);
    timers_set(&server->timers, &c->timer, server->now_ns + LINGER_NS);
    if (c->broken)
        return;
    if (c->out.size == 0)
        connection_shut(server, c);
    else
        connection_watch(server, c);
}

void connection_close(struct server *server, struct connection *c, enum cause cause)
{
    if (c->dead)
        return;
    c->dead = true;
    if (!c->ending) {
        server->counters.closed[cause]++;
        c->protocol->gone(server, c);
    }
    if (server->write_owner == c) {
        server->write_owner = NULL;
        server->write_size = 0;
    }
    server->connections -= c->protocol == &mqtt_protocol;
    server->controls -= c->protocol == &control_protocol;
    timer_stop(&c->timer);
    link_take(&c->resume);
    link_take(&c->life);
    link_put(&server->dead, &c->life);
    buffer_free(server, &c->in);
    buffer_free(server, &c->out);
    slot_give(server, c);
    close(c->fd);
}

void connections_reap(struct server *server)
{
    while (!link_is_alone(&server->broken)) {
        struct connection *c = LINK_OWNER(server->broken.next, struct connection, life);
        connection_close(server, c, c->broken_cause);
    }
    while (!link_is_alone(&server->dead)) {
        struct connection *c = LINK_OWNER(server->dead.next, struct connection, life);
        link_take(&c->life);
        free(c);
    }
}

/* ---- reading
 * ------------------------------------------------------------------------------------- */
/* Keeps bytes as the whole of c->in; they may lie in c->in already. */
static bool connection_keep(struct server *server, struct connection *c, struct bytes bytes)
{
    if (bytes.size == 0) {
        buffer_free(server, &c->in);
        return true;
    }
    if (c->in.at != NULL && bytes.at >= c->in.at && bytes.at < c->in.at + c->in.capacity) {
        memmove(c->in.at, bytes.at, bytes.size);
    } else {
        c->in.size = 0;
        if (!buffer_grow(server, &c->in, bytes.size))
            return false;
        memcpy(c->in.at, bytes.at, bytes.size);
    }
    c->in.size = bytes.size;
    return true;
}

/* Hands bytes to the protocol and keeps what it leaves. */
static void connection_feed(struct server *server, struct connection *c, struct bytes bytes)
{
    size_t used = 0, wanted = 0;
    enum feed feed = c->protocol->feed(server, c, bytes, &used, &wanted);
    connection_flush(server);
    if (connection_is_over(c) || feed == FEED_END)
        return;
    if (!connection_keep(server, c, bytes_of(bytes.at + used, bytes.size - used))) {
        c->protocol->too_much(server, c);
        return;
    }
    c->in_wanted = feed == FEED_MORE ? wanted : 0;
    c->held = feed != FEED_MORE;
    if (feed == FEED_HOLD && c->mqtt.turn)
        connection_resume(server, c);
    if (feed == FEED_FULL) {
        server->full = true;
        link_take(&c->resume);
        link_put_first(&server->resume, &c->resume);
    } else {
        connection_watch(server, c);
    }
}

/* The rest of a long packet goes where it will stay: no byte is copied twice, and what is held is
 * at most twice what came. */
static ssize_t connection_read_long(struct server *server, struct connection *c)
{
    size_t capacity = c->in.size * 2 < c->in_wanted ? c->in.size * 2 : c->in_wanted;
    if (c->in.size == c->in.capacity && !buffer_grow(server, &c->in, capacity)) {
        c->protocol->too_much(server, c);
        return -1;
    }
    size_t room = (c->in.capacity < c->in_wanted ? c->in.capacity : c->in_wanted) - c->in.size;
    ssize_t n = recv(c->fd, c->in.at + c->in.size, room, MSG_DONTWAIT);
    if (n > 0)
        c->in.size += (size_t)n;
    return n;
}

static void connection_gone(struct server *server, struct connection *c, ssize_t n)
{
    if (n == 0)
        connection_close(server, c, CAUSE_GONE);
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        connection_close(server, c, errno == ECONNRESET ? CAUSE_GONE : CAUSE_ERROR);
}

static void connection_readable(struct server *server, struct connection *c)
{
    bool is_long = c->in_wanted > SERVER_PARTIAL_COPY && c->in.size < c->in_wanted;
    size_t kept = is_long ? 0 : c->in.size;
    ssize_t n;
    server->counters.reads++;
    if (is_long) {
        n = connection_read_long(server, c);
        if (connection_is_over(c))
            return;
    } else {
        check(kept <= SERVER_READ_BYTES);
        if (kept > 0)
            memcpy(server->read_buffer, c->in.at, kept);
        n = recv(c->fd, server->read_buffer + kept, SERVER_READ_BYTES, MSG_DONTWAIT);
    }
    if (n <= 0) {
        connection_gone(server, c, n);
        return;
    }
    server->counters.bytes_in += (uint64_t)n;
    if (!c->deadline)
        c->active_ns = server->now_ns;
    if (!is_long)
        connection_feed(server, c, bytes_of(server->read_buffer, kept + (size_t)n));
    else if (c->in.size == c->in_wanted)
        connection_feed(server, c, bytes_of(c->in.at, c->in.size));
}

/* Drops what still comes after our goodbye, a bounded piece at a time. */
static void connection_drain(struct server *server, struct connection *c)
{
    ssize_t n = recv(c->fd, server->read_buffer, SERVER_READ_BYTES, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
        connection_close(server, c, CAUSE_COUNT);
}

void connection_ready(struct server *server, struct connection *c, uint32_t events)
{
    if (c->broken)
        return;
    if (events & EPOLLOUT && c->out.size > 0)
        connection_writable(server, c);
    if (c->dead)
        return;
    bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
    if (c->lingering)
        connection_drain(server, c);
    else if (broken && !(c->watched & EPOLLIN))
        connection_close(server, c, CAUSE_GONE); /* else recv says it, after the last bytes */
    else if (!c->held && !c->ending && (broken || events & EPOLLIN))
        connection_readable(server, c);
}

void connection_resume(struct server *server, struct connection *c)
{
    if (c->held && !connection_is_over(c) && link_is_alone(&c->resume))
        link_put(&server->resume, &c->resume);
}

bool connection_refeed(struct server *server, struct connection *c)
{
    link_take(&c->resume);
    if (connection_is_over(c) || !c->held)
        return true;
    c->held = false;
    if (c->in.size == 0)
        connection_watch(server, c);
    else
        connection_feed(server, c, bytes_of(c->in.at, c->in.size));
    return !server->full;
}
