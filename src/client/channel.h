/* channel: a socket to a server, in clear or by TLS: what the MQTT client and the viewer of live
 * values send and receive through. Part of client.h.
 *
 *   channel_send    --sealed--> what the socket did not take waits in here
 *   channel_receive <--opened-- what was opened and not taken yet waits in here: poll(2) does not
 *                               know of it, channel_has_input does
 *
 * One thread owns a channel; the trust may be shared by several. Nothing here logs. */
#pragma once

#include "tls/tls.h"

#include <sys/types.h>

#define CHANNEL_WAIT_MS 10000 /* for the connection and the handshake, each */
struct channel {
    int fd;                      /* -1: closed */
    struct tls_session *session; /* NULL: in clear */
    uint8_t *sealed, *opened;
    size_t sealed_at, sealed_size, opened_at, opened_size;
};
void channel_init(struct channel *channel);
/* Connects to HOST:PORT, or unix:PATH; trust NULL: in clear, as a Unix socket always is. Errors as
 * os_connect, and with a sentence in fault[TLS_FAULT_SIZE] ("" else): ERR_REFUSED: the handshake
 * failed, on either side; ERR_IO: the server hung up in it; ERR_BUSY: it did not go on with it. */
MUST_USE enum err channel_open(struct channel *channel, const char *address,
                               struct tls_trust *trust, const char *protocol, char *fault);
/* As send(2) and recv(2) with MSG_DONTWAIT. What was taken to be sent may wait: see
 * channel_unsent, and call channel_flush when the socket takes bytes again. */
ssize_t channel_send(struct channel *channel, const uint8_t *at, size_t size);
ssize_t channel_receive(struct channel *channel, uint8_t *at, size_t room);
/* false: the socket failed (errno). */
MUST_USE bool channel_flush(struct channel *channel);
static inline size_t channel_unsent(const struct channel *channel)
{
    return channel->sealed_size - channel->sealed_at;
}
static inline bool channel_has_input(const struct channel *channel)
{
    return channel->opened_at < channel->opened_size;
}
/* Says TLS's last word when say_goodbye, as far as the socket takes it. Closed already is fine. */
void channel_close(struct channel *channel, bool say_goodbye);

/* The host of HOST:PORT, [v6]:PORT or :PORT, as its certificate must name it; host[256]. */
void channel_host(const char *address, char host[256]);
