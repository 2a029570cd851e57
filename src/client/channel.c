/* The channel: sessions of src/tls over a socket, on the client's side. */
#include "client/channel.h"

#include "os/os.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SEALED_READ ((size_t)32 << 10)
#define OPENED_ROOM (SEALED_READ + TLS_RECORD_MAX)
#define SEALED_ROOM ((size_t)64 << 10) /* for either of TLS_TAKE_ROOM and TLS_PUT_ROOM */

void channel_init(struct channel *channel)
{
    *channel = (struct channel){.fd = -1};
}

void channel_host(const char *address, char host[256])
{
    const char *colon = strrchr(address, ':');
    size_t size = colon == NULL ? strlen(address) : (size_t)(colon - address);
    if (size >= 2 && address[0] == '[' && address[size - 1] == ']') {
        address++;
        size -= 2;
    }
    if (size == 0)
        snprintf(host, 256, "127.0.0.1");
    else
        snprintf(host, 256, "%.*s", size < 256 ? (int)size : 255, address);
}

/* ---- bytes
 * ------------------------------------------------------------------------------------------ */
static ssize_t socket_send(int fd, const uint8_t *at, size_t size)
{
    ssize_t sent;
    do
        sent = send(fd, at, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

bool channel_flush(struct channel *channel)
{
    while (channel_unsent(channel) > 0) {
        ssize_t sent =
            socket_send(channel->fd, channel->sealed + channel->sealed_at, channel_unsent(channel));
        if (sent < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        channel->sealed_at += (size_t)sent;
    }
    channel->sealed_at = channel->sealed_size = 0;
    return true;
}

ssize_t channel_send(struct channel *channel, const uint8_t *at, size_t size)
{
    if (channel->session == NULL)
        return socket_send(channel->fd, at, size);
    if (!channel_flush(channel))
        return -1;
    if (channel_unsent(channel) > 0) {
        errno = EAGAIN;
        return -1;
    }
    struct tls_output output = {.at = channel->sealed, .room = SEALED_ROOM};
    size_t piece = size < TLS_PUT_MAX ? size : TLS_PUT_MAX;
    if (!tls_session_put(channel->session, bytes_of(at, piece), &output)) {
        errno = EPIPE;
        return -1;
    }
    channel->sealed_size = output.size;
    return channel_flush(channel) ? (ssize_t)piece : -1;
}

/* What came, opened; what is to be answered, behind what waits to be sent. */
static enum tls_taken channel_take(struct channel *channel, struct bytes bytes)
{
    uint8_t answer[TLS_TAKE_ROOM];
    struct tls_output output = {.at = answer, .room = sizeof answer};
    enum tls_taken taken = tls_session_take(channel->session, bytes, channel->opened, OPENED_ROOM,
                                            &channel->opened_size, &output);
    channel->opened_at = 0;
    if (output.size == 0)
        return taken;
    if (channel->sealed_size + output.size > SEALED_ROOM)
        return TLS_BROKEN; /* it asks without listening */
    memcpy(channel->sealed + channel->sealed_size, output.at, output.size);
    channel->sealed_size += output.size;
    return channel_flush(channel) ? taken : TLS_BROKEN;
}

static ssize_t channel_read_opened(struct channel *channel, uint8_t *at, size_t room)
{
    size_t size = channel->opened_size - channel->opened_at;
    size = size < room ? size : room;
    memcpy(at, channel->opened + channel->opened_at, size);
    channel->opened_at += size;
    return (ssize_t)size;
}

ssize_t channel_receive(struct channel *channel, uint8_t *at, size_t room)
{
    uint8_t sealed[SEALED_READ];
    if (channel->session == NULL)
        return recv(channel->fd, at, room, MSG_DONTWAIT);
    while (!channel_has_input(channel)) {
        if (tls_session_is_closed(channel->session))
            return 0;
        ssize_t n = recv(channel->fd, sealed, sizeof sealed, MSG_DONTWAIT);
        if (n <= 0)
            return n;
        if (channel_take(channel, bytes_of(sealed, (size_t)n)) == TLS_BROKEN &&
            !channel_has_input(channel)) {
            errno = EPROTO;
            return -1;
        }
    }
    return channel_read_opened(channel, at, room);
}

/* ---- the handshake
 * ---------------------------------------------------------------------------------- */
static void handshake_fault(const struct channel *channel, char *fault)
{
    enum tls_fault what = tls_session_fault(channel->session);
    const char *detail = tls_session_detail(channel->session);
    const char *help = what == TLS_FAULT_PLAIN ? "; is it a port that speaks in clear?" : "";
    if (what == TLS_FAULT_TRUST)
        snprintf(fault, TLS_FAULT_SIZE,
                 "the server's certificate is not trusted: %.200s; name who signed it with --ca "
                 "FILE, or look at it with `mainstem cert show`",
                 detail);
    else
        snprintf(fault, TLS_FAULT_SIZE, "%s%s%.200s%s%s", tls_fault_text(what),
                 detail[0] ? " (" : "", detail, detail[0] ? ")" : "", help);
}

static int64_t now_ms(void)
{
    return clock_real()->boot_ns(clock_real()) / NS_PER_MS;
}

/* Waits for what the handshake waits for; ERR_BUSY when the time is over. */
static enum err handshake_wait(const struct channel *channel, int64_t end_ms)
{
    struct pollfd wait = {.fd = channel->fd, .events = POLLIN};
    int64_t left_ms = end_ms - now_ms();
    if (channel_unsent(channel) > 0)
        wait.events |= POLLOUT;
    if (left_ms <= 0)
        return ERR_BUSY;
    return poll(&wait, 1, (int)left_ms) < 0 && errno != EINTR ? ERR_IO : OK;
}

static enum err channel_shake(struct channel *channel, char *fault)
{
    uint8_t sealed[SEALED_READ];
    int64_t end_ms = now_ms() + CHANNEL_WAIT_MS;
    enum tls_taken taken = channel_take(channel, bytes_of(NULL, 0));
    while (taken == TLS_MORE && !tls_session_is_open(channel->session)) {
        enum err err = handshake_wait(channel, end_ms);
        if (err != OK)
            return err;
        if (!channel_flush(channel))
            return ERR_IO;
        ssize_t n = recv(channel->fd, sealed, sizeof sealed, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
            snprintf(fault, TLS_FAULT_SIZE,
                     "the server hung up during the handshake of TLS; is it a port that speaks in "
                     "clear?");
            return ERR_IO;
        }
        if (n > 0)
            taken = channel_take(channel, bytes_of(sealed, (size_t)n));
    }
    if (tls_session_is_open(channel->session))
        return OK;
    handshake_fault(channel, fault);
    return ERR_REFUSED;
}

enum err channel_open(struct channel *channel, const char *address, struct tls_trust *trust,
                      const char *protocol, char *fault)
{
    char host[256];
    fault[0] = '\0';
    bool is_unix = strncmp(address, "unix:", 5) == 0;
    enum err err =
        is_unix ? os_connect_unix(address + 5, &channel->fd) : os_connect(address, &channel->fd);
    if (err != OK || trust == NULL || is_unix)
        return err;
    channel_host(address, host);
    channel->sealed = malloc(SEALED_ROOM);
    channel->opened = malloc(OPENED_ROOM);
    channel->sealed_at = channel->sealed_size = channel->opened_at = channel->opened_size = 0;
    err = channel->sealed != NULL && channel->opened != NULL
              ? tls_session_connect(trust, host, protocol, NULL, &channel->session)
              : ERR_NO_MEMORY;
    if (err == OK)
        err = channel_shake(channel, fault);
    if (err != OK)
        channel_close(channel, false);
    return err;
}

void channel_close(struct channel *channel, bool say_goodbye)
{
    if (channel->session != NULL && say_goodbye && channel_flush(channel) &&
        channel_unsent(channel) == 0) {
        struct tls_output output = {.at = channel->sealed, .room = SEALED_ROOM};
        tls_session_close(channel->session, &output);
        channel->sealed_size = output.size;
        (void)!channel_flush(channel);
    }
    tls_session_destroy(channel->session);
    free(channel->sealed);
    free(channel->opened);
    if (channel->fd >= 0)
        close(channel->fd);
    channel_init(channel);
}
