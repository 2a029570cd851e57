/* Bytes in, bytes out, and the end, as connection.h draws them. What is subtle: a protocol may end
 * a connection, its own or another's, from within feed; so nothing is freed before the round is
 * over, and a failed send only marks the connection. */
#include "server/connection.h"
#include "server/room.h"
#include "tls/tls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINGER_NS (2 * NS_PER_S)

static struct door *connection_door(struct server *server, const struct connection *c)
{
    return &server->doors[c->protocol->door];
}

/* ---- memory
 * -------------------------------------------------------------------------------------- */
static void buffer_free(struct budget *memory, struct buffer *buffer)
{
    free(buffer->at);
    budget_give(memory, buffer->capacity);
    *buffer = (struct buffer){.at = NULL};
}

/* Room for `capacity` bytes in all, keeping what is there; false past the limit. */
static bool buffer_grow(struct budget *memory, struct buffer *buffer, size_t capacity)
{
    if (capacity <= buffer->capacity)
        return true;
    if (!budget_take(memory, capacity - buffer->capacity))
        return false;
    uint8_t *at = realloc(buffer->at, capacity);
    if (at == NULL) {
        budget_give(memory, capacity - buffer->capacity);
        return false;
    }
    buffer->at = at;
    buffer->capacity = capacity;
    return true;
}

bool connection_hold_secure(struct server *server, struct connection *c, size_t bytes)
{
    struct budget *memory = connection_door(server, c)->memory;
    if (bytes > c->secure_bytes && !budget_take(memory, bytes - c->secure_bytes))
        return false;
    if (bytes < c->secure_bytes)
        budget_give(memory, c->secure_bytes - bytes);
    c->secure_bytes = bytes;
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
    c->generation = ++server->generation & ((UINT32_C(1) << GENERATION_BITS) - 1);
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
static uint64_t connection_tag(const struct connection *c)
{
    return (uint64_t)c->generation << 32 | c->slot;
}

void connection_watch(struct server *server, struct connection *c)
{
    bool reading =
        c->lingering || (!c->ending && !c->held && !c->waits && !connection_is_choked(c));
    uint32_t wanted = (reading ? (uint32_t)EPOLLIN : 0) |
                      (c->out.size > 0 ? (uint32_t)EPOLLOUT : 0) |
                      (c->held && c->web.leaves ? (uint32_t)EPOLLRDHUP : 0);
    if (wanted == c->watched || c->dead || c->broken)
        return;
    struct epoll_event event = {.events = wanted, .data.u64 = connection_tag(c)};
    check(epoll_ctl(connection_door(server, c)->clients_fd, EPOLL_CTL_MOD, c->fd, &event) == 0);
    c->watched = wanted;
}

static void door_enter(struct door *door)
{
    if (++door->connections > door->connections_max)
        door->connections_max = door->connections;
}

struct connection *connection_open(struct server *server, int fd, const char *peer,
                                   const struct protocol *protocol)
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
    c->mqtt.peer = c->web.peer = c->peer;
    c->mqtt.loopback = c->web.loopback = os_address_is_loopback(peer);
    link_init(&c->resume);
    link_init(&c->life);
    timer_init(&c->timer);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = connection_tag(c)};
    if (epoll_ctl(connection_door(server, c)->clients_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        slot_give(server, c);
        close(fd);
        free(c);
        return NULL;
    }
    c->watched = EPOLLIN;
    link_put(&server->alive, &c->life);
    door_enter(connection_door(server, c));
    if (protocol->opened)
        protocol->opened(server, c);
    return c;
}

bool connection_move(struct server *server, struct connection *c, const struct protocol *protocol)
{
    struct door *from = connection_door(server, c), *to = &server->doors[protocol->door];
    size_t held = c->in.capacity + c->out.capacity + c->secure_bytes;
    struct epoll_event event = {.events = c->watched, .data.u64 = connection_tag(c)};
    if (!budget_take(to->memory, held))
        return false;
    if (epoll_ctl(to->clients_fd, EPOLL_CTL_ADD, c->fd, &event) != 0) {
        budget_give(to->memory, held);
        return false;
    }
    check(epoll_ctl(from->clients_fd, EPOLL_CTL_DEL, c->fd, NULL) == 0);
    budget_give(from->memory, held);
    from->connections--;
    door_enter(to);
    link_take(&c->resume);
    c->protocol = protocol;
    return true;
}

/* ---- silence
 * ------------------------------------------------------------------------------------- */
void connection_allow_silence(struct server *server, struct connection *c, int64_t allowed_ns,
                              bool fixed)
{
    if (connection_is_over(c)) /* the timer is that of the end */
        return;
    c->allowed_ns = allowed_ns;
    c->deadline = fixed;
    c->active_ns = server->now_ns;
    if (allowed_ns == 0)
        timer_stop(&c->timer);
    else
        timers_set(&server->timers, &c->timer, c->active_ns + allowed_ns);
}

/* While we do not read, silence is our own; unless we wait for the other side to take what it
 * asked for. */
static bool silence_is_ours(const struct server *server, const struct connection *c)
{
    if (c->protocol->must_read && c->out.size > 0)
        return false;
    return c->held || c->waits || connection_is_choked(c) ||
           (server->full && c->protocol->door != DOOR_HTTP);
}

/* The timer is not moved with each packet: when it fires, it looks whether bytes came since. */
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
    if (silence_is_ours(server, c))
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
    struct door *door = connection_door(server, c);
    size_t sent = 0;
    while (sent < size) {
        ssize_t n = send(c->fd, at + sent, size - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        door->counters.sends++;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            break;
        if (n < 0)
            return SIZE_MAX;
        sent += (size_t)n;
    }
    door->counters.bytes_out += sent;
    return sent;
}

static void connection_break(struct server *server, struct connection *c, enum cause cause)
{
    c->broken = true;
    c->broken_cause = (uint8_t)cause;
    link_take(&c->life);
    link_put(&server->broken, &c->life);
}

void connection_send_sealed(struct server *server, struct connection *c, struct bytes bytes)
{
    size_t size = bytes.size;
    size_t sent = c->out.size > 0 ? 0 : socket_send(server, c, bytes.at, size);
    if (sent == SIZE_MAX) {
        connection_break(server, c, CAUSE_ERROR);
        return;
    }
    if (sent == size)
        return;
    size_t rest = size - sent;
    struct budget *memory = connection_door(server, c)->memory;
    /* Who does not read leaves room for those who send: for the packets they are in the middle of.
     */
    if (memory->used + memory->most / 16 > memory->most ||
        !buffer_grow(memory, &c->out, c->out.size + rest)) {
        connection_break(server, c, CAUSE_MEMORY);
        return;
    }
    memcpy(c->out.at + c->out.size, bytes.at + sent, rest);
    c->out.size += rest;
    connection_watch(server, c);
}

/* Seals bytes piece by piece: each has room in the shared buffer, and goes before the next. */
static void connection_seal(struct server *server, struct connection *c, struct bytes bytes)
{
    while (bytes.size > 0 && !c->broken && !c->ending) {
        struct tls_output output = {.at = server->sealed_out, .room = SERVER_SEALED_BYTES};
        size_t piece = bytes.size < TLS_PUT_MAX ? bytes.size : TLS_PUT_MAX;
        if (!tls_session_put(c->secure, bytes_of(bytes.at, piece), &output)) {
            connection_break(server, c, CAUSE_ERROR);
            return;
        }
        connection_send_sealed(server, c, bytes_of(output.at, output.size));
        bytes = bytes_of(bytes.at + piece, bytes.size - piece);
    }
}

static void connection_send(struct server *server, struct connection *c, const uint8_t *at,
                            size_t size)
{
    if (UNLIKELY(c->tls))
        connection_seal(server, c, bytes_of(at, size));
    else
        connection_send_sealed(server, c, bytes_of(at, size));
}

/* TLS has a last word of its own (RFC 8446, 6.1): without it the other side cannot tell an end from
 * a line that was cut. */
static void connection_send_last_word(struct server *server, struct connection *c)
{
    struct tls_output output = {.at = server->sealed_out, .room = SERVER_SEALED_BYTES};
    tls_session_close(c->secure, &output);
    if (output.size > 0)
        connection_send_sealed(server, c, bytes_of(output.at, output.size));
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
    if (sent > 0 && c->protocol->must_read && !c->deadline)
        c->active_ns = server->now_ns;
    if (sent > 0 && c->protocol->must_read &&
        c->ending) /* a last answer may be long: it is taken */
        timers_set(&server->timers, &c->timer, server->now_ns + LINGER_NS);
    bool was_choked = connection_is_choked(c);
    memmove(c->out.at, c->out.at + sent, c->out.size - sent);
    c->out.size -= sent;
    if (c->out.size == 0)
        buffer_free(connection_door(server, c)->memory, &c->out);
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
    connection_door(server, c)->counters.closed[cause]++;
    c->ending = true;
    c->protocol->gone(server, c);
    link_take(&c->resume);
    buffer_free(connection_door(server, c)->memory, &c->in);
    timers_set(&server->timers, &c->timer, server->now_ns + LINGER_NS);
    if (c->secure && !c->broken)
        connection_send_last_word(server, c);
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
        connection_door(server, c)->counters.closed[cause]++;
        c->protocol->gone(server, c);
    }
    if (server->write_owner == c) {
        server->write_owner = NULL;
        server->write_size = 0;
    }
    connection_door(server, c)->connections--;
    if (UNLIKELY(c->tls))
        handshake_forget(server, c);
    timer_stop(&c->timer);
    link_take(&c->resume);
    link_take(&c->life);
    link_put(&server->dead, &c->life);
    buffer_free(connection_door(server, c)->memory, &c->in);
    buffer_free(connection_door(server, c)->memory, &c->out);
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
        tls_session_destroy(c->secure);
        free(c);
    }
}

/* ---- reading
 * ------------------------------------------------------------------------------------- */
/* Keeps bytes as the whole of c->in; they may lie in c->in already. */
static bool connection_keep(struct server *server, struct connection *c, struct bytes bytes)
{
    if (bytes.size == 0) {
        buffer_free(connection_door(server, c)->memory, &c->in);
        return true;
    }
    if (c->in.at != NULL && bytes.at >= c->in.at && bytes.at < c->in.at + c->in.capacity) {
        memmove(c->in.at, bytes.at, bytes.size);
    } else {
        c->in.size = 0;
        if (!buffer_grow(connection_door(server, c)->memory, &c->in, bytes.size))
            return false;
        memcpy(c->in.at, bytes.at, bytes.size);
    }
    c->in.size = bytes.size;
    return true;
}

/* Whom the engine told to wait is fed again after its next step. All of MQTT waits with the first
 * one; of HTTP only those who write do. */
static void connection_await(struct server *server, struct connection *c)
{
    link_take(&c->resume);
    if (c->protocol->door == DOOR_HTTP) {
        link_put(&server->doors[DOOR_HTTP].awaits, &c->resume);
        return;
    }
    server->full = true;
    link_put_first(&server->doors[DOOR_MQTT].resume, &c->resume);
}

enum feed connection_feed(struct server *server, struct connection *c, struct bytes bytes)
{
    size_t used = 0, wanted = 0;
    enum feed feed = c->protocol->feed(server, c, bytes, &used, &wanted);
    connection_flush(server);
    if (connection_is_over(c) || feed == FEED_END)
        return FEED_END;
    if (!connection_keep(server, c, bytes_of(bytes.at + used, bytes.size - used))) {
        c->protocol->too_much(server, c);
        return FEED_END;
    }
    c->in_wanted = feed == FEED_MORE ? wanted : 0;
    c->held = feed != FEED_MORE;
    if (feed == FEED_HOLD && (c->mqtt.turn || c->web.turn))
        connection_resume(server, c);
    if (feed == FEED_FULL)
        connection_await(server, c);
    /* Of MQTT all are left alone while one waits; of HTTP only who waits: else what it sends would
     * wake the loop over and over. */
    if (feed != FEED_FULL || c->protocol->door == DOOR_HTTP)
        connection_watch(server, c);
    return feed;
}

/* What came, in clear, at most SERVER_READ_BYTES of it; else as recv(2) answers. An alert on its
 * way to the other side follows at once. */
static ssize_t connection_open_sealed(struct server *server, struct connection *c, uint8_t *at)
{
    struct tls_output output = {.at = server->sealed_out, .room = SERVER_SEALED_BYTES};
    size_t size;
    ssize_t n = recv(c->fd, server->sealed_in, SERVER_SEALED_READ, MSG_DONTWAIT);
    if (n <= 0)
        return n;
    connection_door(server, c)->counters.bytes_in += (uint64_t)n;
    enum tls_taken taken = tls_session_take(c->secure, bytes_of(server->sealed_in, (size_t)n), at,
                                            SERVER_READ_BYTES, &size, &output);
    if (output.size > 0)
        connection_send_sealed(server, c, bytes_of(output.at, output.size));
    if (!connection_hold_secure(server, c, tls_session_memory(c->secure))) {
        c->protocol->too_much(server, c);
        errno = EAGAIN;
        return -1;
    }
    if (size > 0)
        return (ssize_t)size; /* what came before an end is good */
    errno = taken == TLS_MORE ? EAGAIN : EPROTO;
    return taken == TLS_CLOSED ? 0 : -1;
}

static ssize_t connection_receive(struct server *server, struct connection *c, uint8_t *at)
{
    if (UNLIKELY(c->tls))
        return connection_open_sealed(server, c, at);
    ssize_t n = recv(c->fd, at, SERVER_READ_BYTES, MSG_DONTWAIT);
    if (n > 0)
        connection_door(server, c)->counters.bytes_in += (uint64_t)n;
    return n;
}

/* Of TLS a record is opened whole: what follows the long packet comes along. */
static ssize_t connection_open_long(struct server *server, struct connection *c)
{
    ssize_t n = connection_open_sealed(server, c, server->read_buffer);
    if (n <= 0)
        return n;
    size_t size = c->in.size + (size_t)n;
    size_t capacity = c->in.size * 2 < c->in_wanted ? c->in.size * 2 : c->in_wanted;
    if (size > c->in.capacity && !buffer_grow(connection_door(server, c)->memory, &c->in,
                                              capacity > size ? capacity : size)) {
        c->protocol->too_much(server, c);
        return -1;
    }
    memcpy(c->in.at + c->in.size, server->read_buffer, (size_t)n);
    c->in.size = size;
    return n;
}

/* The rest of a long packet goes where it will stay: no byte is copied twice, and what is held is
 * at most twice what came. */
static ssize_t connection_read_long(struct server *server, struct connection *c)
{
    if (UNLIKELY(c->tls))
        return connection_open_long(server, c);
    size_t capacity = c->in.size * 2 < c->in_wanted ? c->in.size * 2 : c->in_wanted;
    if (c->in.size == c->in.capacity &&
        !buffer_grow(connection_door(server, c)->memory, &c->in, capacity)) {
        c->protocol->too_much(server, c);
        return -1;
    }
    size_t room = (c->in.capacity < c->in_wanted ? c->in.capacity : c->in_wanted) - c->in.size;
    ssize_t n = recv(c->fd, c->in.at + c->in.size, room, MSG_DONTWAIT);
    if (n > 0) {
        c->in.size += (size_t)n;
        connection_door(server, c)->counters.bytes_in += (uint64_t)n;
    }
    return n;
}

/* Of HTTP, one who will say no more may still read its answers (RFC 9112, 9.6): they are sent. */
static void connection_gone(struct server *server, struct connection *c, ssize_t n)
{
    if (n == 0 && c->protocol->must_read && c->out.size > 0)
        connection_end(server, c, CAUSE_GONE);
    else if (n == 0)
        connection_close(server, c, CAUSE_GONE);
    else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        connection_close(server, c, errno == ECONNRESET ? CAUSE_GONE : CAUSE_ERROR);
}

static void connection_readable(struct server *server, struct connection *c)
{
    bool is_long = c->in_wanted > SERVER_PARTIAL_COPY && c->in.size < c->in_wanted;
    size_t kept = is_long ? 0 : c->in.size;
    ssize_t n;
    connection_door(server, c)->counters.reads++;
    if (is_long) {
        n = connection_read_long(server, c);
        if (connection_is_over(c))
            return;
    } else {
        check(kept <= SERVER_READ_BYTES);
        if (kept > 0)
            memcpy(server->read_buffer, c->in.at, kept);
        n = connection_receive(server, c, server->read_buffer + kept);
    }
    if (n <= 0) {
        connection_gone(server, c, n);
        return;
    }
    if (!c->deadline)
        c->active_ns = server->now_ns;
    if (!is_long)
        connection_feed(server, c, bytes_of(server->read_buffer, kept + (size_t)n));
    else if (c->in.size >= c->in_wanted)
        connection_feed(server, c, bytes_of(c->in.at, c->in.size));
}

void connection_look_for_end(struct server *server, struct connection *c)
{
    if (connection_is_over(c))
        return;
    if (tls_session_fault(c->secure) != TLS_FAULT_NONE)
        connection_close(server, c, CAUSE_ERROR);
    else if (tls_session_is_closed(c->secure) && !c->held)
        connection_gone(server, c, 0);
}

/* Handshakes cost a thousand times what other bytes do: they take turns. */
static void connection_readable_sealed(struct server *server, struct connection *c)
{
    if (c->protocol->shakes) {
        handshake_wait(server, c);
        return;
    }
    connection_readable(server, c);
    connection_look_for_end(server, c);
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
    else if (events & EPOLLRDHUP && c->held && c->web.leaves)
        connection_close(server, c, CAUSE_GONE); /* he does not wait for the answer any more */
    else if (c->held || c->waits || c->ending || !(broken || events & EPOLLIN))
        return;
    else if (UNLIKELY(c->tls))
        connection_readable_sealed(server, c);
    else
        connection_readable(server, c);
}

void connection_resume(struct server *server, struct connection *c)
{
    enum door_kind kind = c->protocol->door == DOOR_HTTP ? DOOR_HTTP : DOOR_MQTT;
    if (c->held && !connection_is_over(c) && link_is_alone(&c->resume))
        link_put(&server->doors[kind].resume, &c->resume);
}

bool connection_refeed(struct server *server, struct connection *c)
{
    link_take(&c->resume);
    if (connection_is_over(c) || !c->held)
        return true;
    c->held = false;
    enum feed feed = FEED_MORE;
    const uint8_t *at = c->in.size > 0 ? c->in.at : server->read_buffer;
    if (c->in.size > 0 || c->protocol->keeps)
        feed = connection_feed(server, c, bytes_of(at, c->in.size));
    else
        connection_watch(server, c);
    if (UNLIKELY(c->tls))
        connection_look_for_end(server, c);
    return feed != FEED_FULL;
}
