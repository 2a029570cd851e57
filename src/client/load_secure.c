/* Connections of the generator by TLS: what is sent is sealed in one buffer that a thread's
 * connections share, what comes is opened into the thread's input. */
#include "client/channel.h"
#include "client/load_room.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static bool secure_lose(struct load_worker *worker, struct load_link *link)
{
    return load_link_lose(worker, link, "TLS: %s (%s)",
                          tls_fault_text(tls_session_fault(link->secure)),
                          tls_session_detail(link->secure));
}

/* Sends what the session has to say beside what comes. */
static bool secure_take(struct load_worker *worker, struct load_link *link, struct bytes bytes,
                        uint8_t *plain, size_t *ret_size, enum tls_taken *ret_taken)
{
    uint8_t answer[TLS_TAKE_ROOM];
    struct tls_output output = {.at = answer, .room = sizeof answer};
    *ret_taken = tls_session_take(link->secure, bytes, plain, bytes.size + TLS_RECORD_MAX, ret_size,
                                  &output);
    return output.size == 0 || load_link_send_raw(worker, link, output.at, output.size);
}

bool load_secure_begin(struct load_worker *worker, struct load_link *link)
{
    const struct load_options *options = &worker->load->options;
    char host[256];
    size_t size;
    enum tls_taken taken;
    if (worker->sealed == NULL)
        worker->sealed = malloc(LOAD_SEALED_BYTES);
    channel_host(options->address, host);
    if (worker->sealed == NULL ||
        tls_session_connect(options->trust, host, "mqtt", options->resume ? worker->ticket : NULL,
                            &link->secure) != OK)
        return load_link_lose(worker, link, "out of memory");
    return secure_take(worker, link, bytes_of(NULL, 0), worker->input, &size, &taken);
}

/* CONNECT waits for the end of the handshake; nothing else is sent before its answer. */
static bool secure_wait(struct load_worker *worker, struct load_link *link, const uint8_t *at,
                        size_t size)
{
    free(link->partial);
    link->partial = malloc(size);
    if (link->partial == NULL)
        return load_link_lose(worker, link, "out of memory");
    memcpy(link->partial, at, size);
    link->partial_size = link->partial_capacity = size;
    return true;
}

bool load_secure_send(struct load_worker *worker, struct load_link *link, const uint8_t *at,
                      size_t size)
{
    if (!tls_session_is_open(link->secure))
        return secure_wait(worker, link, at, size);
    while (size > 0) {
        struct tls_output output = {.at = worker->sealed, .room = LOAD_SEALED_BYTES};
        size_t piece = size < TLS_PUT_MAX ? size : TLS_PUT_MAX;
        if (!tls_session_put(link->secure, bytes_of(at, piece), &output))
            return secure_lose(worker, link);
        if (!load_link_send_raw(worker, link, output.at, output.size))
            return false;
        at += piece;
        size -= piece;
    }
    return true;
}

static bool secure_opened(struct load_worker *worker, struct load_link *link)
{
    uint8_t *packet = link->partial;
    size_t size = link->partial_size;
    link->partial = NULL;
    link->partial_size = link->partial_capacity = 0;
    bool good = load_secure_send(worker, link, packet, size);
    free(packet);
    return good;
}

bool load_secure_receive(struct load_worker *worker, struct load_link *link, size_t partial,
                         size_t *ret_size)
{
    enum tls_taken taken;
    *ret_size = 0;
    ssize_t got = recv(link->fd, worker->sealed, LOAD_SEALED_READ, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (got <= 0)
        return load_link_lose(worker, link, "the server closed the connection%s%s",
                              got < 0 ? ": " : "", got < 0 ? strerror(errno) : "");
    worker->live.counts.reads++;
    bool was_open = tls_session_is_open(link->secure);
    if (!secure_take(worker, link, bytes_of(worker->sealed, (size_t)got), worker->input + partial,
                     ret_size, &taken))
        return false;
    if (!was_open && tls_session_is_open(link->secure) && !secure_opened(worker, link))
        return false;
    if (taken == TLS_BROKEN && *ret_size == 0)
        return secure_lose(worker, link);
    if (taken == TLS_CLOSED && *ret_size == 0)
        return load_link_lose(worker, link, "the server closed the connection");
    if (worker->load->options.resume && worker->ticket == NULL && link->state == LINK_READY)
        worker->ticket = tls_session_ticket(link->secure);
    return true;
}
