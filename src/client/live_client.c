/* The connection of a viewer: handshake, frames, pings; the messages are live_client_take's. */
#include "client/live_client.h"

#include "client/http_client.h"
#include "client/live_client_room.h"
#include "os/os.h"
#include "wire/websocket/websocket.h"

#include <errno.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wslay/wslay.h>

#define HANDSHAKE_NS (10 * NS_PER_S)
#define HANDSHAKE_BYTES ((size_t)64 << 10) /* of the answer, a problem's body included */
#define SILENCE_NS (20 * NS_PER_S)         /* before a ping, and before its answer */
#define CLOSE_NS (NS_PER_S / 2)            /* for saying goodbye */

static int64_t now_ns(void)
{
    return clock_real()->boot_ns(clock_real());
}

/* Waits until the connection can do one of `events`; OK, ERR_BUSY when end_ns passes. */
static enum err wait_for(struct live_client *client, short events, int64_t end_ns)
{
    for (;;) {
        struct pollfd wait = {.fd = client->channel.fd, .events = events};
        if (!channel_flush(&client->channel))
            return ERR_IO;
        if (events & POLLIN && channel_has_input(&client->channel))
            return OK;
        if (channel_unsent(&client->channel) > 0)
            wait.events |= POLLOUT;
        int64_t left_ns = end_ns - now_ns();
        int ready = poll(&wait, 1, left_ns > 0 ? (int)(left_ns / NS_PER_MS) + 1 : 0);
        if (ready > 0)
            return OK;
        if (ready < 0 && errno != EINTR)
            return ERR_IO;
        if (left_ns <= 0 || ready < 0)
            return ERR_BUSY; /* a signal: whoever asked for it decides */
    }
}

/* ---- frames
 * -------------------------------------------------------------------------------------- */

static ssize_t on_receive(wslay_event_context_ptr frames, uint8_t *at, size_t size, int flags,
                          void *arg)
{
    struct live_client *client = arg;
    (void)flags;
    ssize_t got = channel_receive(&client->channel, at, size);
    if (got > 0)
        return got;
    bool later = got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    wslay_event_set_error(frames, later ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static ssize_t on_send(wslay_event_context_ptr frames, const uint8_t *at, size_t size, int flags,
                       void *arg)
{
    struct live_client *client = arg;
    (void)flags;
    ssize_t sent = channel_send(&client->channel, at, size);
    if (sent >= 0)
        return sent;
    bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    wslay_event_set_error(frames, later ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static int on_mask(wslay_event_context_ptr frames, uint8_t *at, size_t size, void *arg)
{
    (void)frames, (void)arg;
    os_random(at, size);
    return 0;
}

static void take_close(struct live_client *client, const uint8_t *at, size_t size)
{
    if (size > 2)
        snprintf(client->config.said, LIVE_CLIENT_SAID_SIZE, "%.*s", (int)(size - 2),
                 (const char *)at + 2);
}

static void on_message(wslay_event_context_ptr frames,
                       const struct wslay_event_on_msg_recv_arg *taken, void *arg)
{
    struct live_client *client = arg;
    (void)frames;
    if (taken->opcode == WSLAY_CONNECTION_CLOSE)
        take_close(client, taken->msg, taken->msg_length);
    if (taken->opcode != WSLAY_TEXT_FRAME || client->failed != OK)
        return;
    json_t *message = json_loadb((const char *)taken->msg, taken->msg_length, JSON_ALLOW_NUL, NULL);
    client->failed = message != NULL ? live_client_take(client, message) : ERR_CORRUPT;
    json_decref(message);
}

static void client_send(struct live_client *client, json_t *message)
{
    char *text = message != NULL ? json_dumps(message, JSON_COMPACT) : NULL;
    json_decref(message);
    struct wslay_event_msg out = {WSLAY_TEXT_FRAME, (const uint8_t *)text,
                                  text != NULL ? strlen(text) : 0};
    if (text == NULL || wslay_event_queue_msg(client->frames, &out) != 0)
        client->failed = ERR_NO_MEMORY;
    free(text);
}

static void client_subscribe_all(struct live_client *client)
{
    json_t *patterns = json_array();
    for (size_t i = 0; i < client->config.pattern_count; i++)
        json_array_append_new(patterns, json_string(client->config.patterns[i]));
    client->wants_subscription = false;
    if (client->config.pace_ms > 0)
        client_send(client, json_pack("{s:s, s:I}", "op", "pace", "ms",
                                      (json_int_t)client->config.pace_ms));
    client_send(client,
                json_pack("{s:s, s:i, s:o}", "op", "subscribe", "id", 1, "match", patterns));
}

/* ---- the handshake
 * ------------------------------------------------------------------------------- */

struct handshake {
    char key[WEBSOCKET_KEY_SIZE + 1];
    char answer[HANDSHAKE_BYTES];
    size_t size, head_size; /* head_size: 0 until its end came */
};

static enum err handshake_send(struct live_client *client, struct handshake *hands, int64_t end_ns)
{
    uint8_t luck[16];
    char request[1024 + HTTP_CLIENT_TOKEN_MAX];
    const char *token = client->config.token != NULL ? client->config.token : "";
    bool is_unix = strncmp(client->address, HTTP_UNIX, strlen(HTTP_UNIX)) == 0;
    os_random(luck, sizeof luck);
    EVP_EncodeBlock((unsigned char *)hands->key, luck, sizeof luck);
    int size = snprintf(
        request, sizeof request,
        "GET /v1/live HTTP/1.1\r\nHost: %s%s\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: %s\r\n"
        "Sec-WebSocket-Version: 13\r\n%s%s%sUser-Agent: mainstem/" MAINSTEM_VERSION "\r\n\r\n",
        client->address[0] == ':' ? "127.0.0.1" : "", is_unix ? "localhost" : client->address,
        hands->key, token[0] != 0 ? "Authorization: Bearer " : "", token,
        token[0] != 0 ? "\r\n" : "");
    if (size < 0 || (size_t)size >= sizeof request)
        return ERR_INVALID;
    for (size_t at = 0; at < (size_t)size;) {
        ssize_t sent =
            channel_send(&client->channel, (const uint8_t *)request + at, (size_t)size - at);
        if (sent < 0 && errno != EAGAIN && errno != EINTR)
            return ERR_IO;
        at += sent > 0 ? (size_t)sent : 0;
        enum err err = at < (size_t)size ? wait_for(client, POLLOUT, end_ns) : OK;
        if (err != OK)
            return err;
    }
    return OK;
}

/* Receives until the head is whole, a byte at a time: those behind it are frames. */
static enum err handshake_receive(struct live_client *client, struct handshake *hands,
                                  int64_t end_ns)
{
    while (hands->head_size == 0) {
        if (hands->size + 1 == sizeof hands->answer)
            return ERR_CORRUPT;
        enum err err = wait_for(client, POLLIN, end_ns);
        if (err != OK)
            return err;
        ssize_t got = channel_receive(&client->channel, (uint8_t *)hands->answer + hands->size, 1);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got <= 0)
            return ERR_IO;
        hands->answer[++hands->size] = 0;
        if (hands->size >= 4 && memcmp(hands->answer + hands->size - 4, "\r\n\r\n", 4) == 0)
            hands->head_size = hands->size;
    }
    return OK;
}

/* What is no WebSocket is a problem in words: they are said. */
static enum err handshake_refused(struct live_client *client, struct handshake *hands,
                                  int64_t end_ns)
{
    unsigned status = 0;
    json_t *problem = NULL;
    if (sscanf(hands->answer, "HTTP/1.%*1[01] %3u", &status) != 1)
        return ERR_CORRUPT;
    while (problem == NULL && hands->size + 1 < sizeof hands->answer &&
           wait_for(client, POLLIN, end_ns) == OK) {
        ssize_t got = channel_receive(&client->channel, (uint8_t *)hands->answer + hands->size,
                                      sizeof hands->answer - 1 - hands->size);
        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (got <= 0)
            break;
        hands->size += (size_t)got;
        problem =
            json_loadb(hands->answer + hands->head_size, hands->size - hands->head_size, 0, NULL);
    }
    const char *title = json_string_value(json_object_get(problem, "title"));
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    if (title != NULL)
        snprintf(client->config.said, LIVE_CLIENT_SAID_SIZE, "%s%s%s", title,
                 detail != NULL ? ": " : "", detail != NULL ? detail : "");
    else
        snprintf(client->config.said, LIVE_CLIENT_SAID_SIZE, "HTTP status %u", status);
    json_decref(problem);
    return ERR_REFUSED;
}

/* RFC 6455, 4.1: only the key's own answer proves that a WebSocket server is there. */
static bool handshake_holds(const struct handshake *hands)
{
    static const char name[] = "\r\nSec-WebSocket-Accept:";
    uint8_t wanted[WEBSOCKET_ACCEPT_SIZE];
    websocket_accept_put(wanted, bytes_of(hands->key, WEBSOCKET_KEY_SIZE));
    const char *found = strcasestr(hands->answer, name);
    if (found == NULL)
        return false;
    found += sizeof name - 1;
    found += strspn(found, " \t");
    return strncmp(found, (const char *)wanted, WEBSOCKET_ACCEPT_SIZE) == 0;
}

static enum err client_shake_hands(struct live_client *client)
{
    int64_t end_ns = now_ns() + HANDSHAKE_NS;
    struct handshake *hands = calloc(1, sizeof *hands);
    if (hands == NULL)
        return ERR_NO_MEMORY;
    enum err err = handshake_send(client, hands, end_ns);
    if (err == OK)
        err = handshake_receive(client, hands, end_ns);
    if (err == OK && strncmp(hands->answer, "HTTP/1.1 101 ", 13) != 0)
        err = handshake_refused(client, hands, end_ns);
    else if (err == OK && !handshake_holds(hands))
        err = ERR_CORRUPT;
    free(hands);
    return err;
}

/* ---- life
 * ---------------------------------------------------------------------------------------- */

static void client_drop(struct live_client *client)
{
    if (client->frames != NULL)
        wslay_event_context_free(client->frames);
    client->frames = NULL;
    channel_close(&client->channel, true);
}

static enum err client_connect(struct live_client *client)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_receive,
        .send_callback = on_send,
        .genmask_callback = on_mask,
        .on_msg_recv_callback = on_message,
    };
    client->config.said[0] = 0;
    client->failed = OK;
    char fault[TLS_FAULT_SIZE];
    enum err err =
        channel_open(&client->channel, client->address, client->config.trust, "http/1.1", fault);
    if (err != OK) {
        snprintf(client->config.said, LIVE_CLIENT_SAID_SIZE, "%.511s", fault);
        return err;
    }
    err = client_shake_hands(client);
    if (err == OK && wslay_event_context_client_init(&client->frames, &callbacks, client) != 0) {
        client->frames = NULL;
        err = ERR_NO_MEMORY;
    }
    if (err != OK) {
        client_drop(client);
        return err;
    }
    wslay_event_config_set_max_recv_msg_length(client->frames, LIVE_CLIENT_MESSAGE_MAX);
    client->heard_ns = now_ns();
    client->pinged_ns = 0;
    client->resuming = client->session[0] != 0;
    if (client->resuming)
        client_send(client, json_pack("{s:s, s:s, s:I}", "op", "resume", "session", client->session,
                                      "seq", (json_int_t)client->seq));
    else
        client_subscribe_all(client);
    return client->failed;
}

enum err live_client_open(const struct live_client_config *config, struct live_client **ret_client)
{
    check(config->pattern_count >= 1 && config->pattern_count <= LIVE_CLIENT_PATTERNS_MAX);
    struct live_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return ERR_NO_MEMORY;
    client->config = *config;
    channel_init(&client->channel);
    client->generation = 1;
    client->table.sorted_count = SIZE_MAX;
    client->address = strdup(config->address);
    enum err err = client->address != NULL ? client_connect(client) : ERR_NO_MEMORY;
    if (err != OK) {
        live_client_close(client);
        return err;
    }
    *ret_client = client;
    return OK;
}

enum err live_client_reconnect(struct live_client *client)
{
    client_drop(client);
    return client_connect(client);
}

/* A goodbye that cannot be sent at once is left out: the server notices either way. */
void live_client_close(struct live_client *client)
{
    if (client == NULL)
        return;
    if (client->frames != NULL &&
        wslay_event_queue_close(client->frames, WSLAY_CODE_NORMAL_CLOSURE, NULL, 0) == 0 &&
        wait_for(client, POLLOUT, now_ns() + CLOSE_NS) == OK)
        wslay_event_send(client->frames);
    client_drop(client);
    live_client_table_done(&client->table);
    free(client->address);
    free(client);
}

/* ---- taking
 * -------------------------------------------------------------------------------------- */

static enum err client_watch_silence(struct live_client *client)
{
    int64_t now = now_ns();
    if (client->pinged_ns != 0)
        return now - client->pinged_ns > SILENCE_NS ? ERR_BUSY : OK;
    if (now - client->heard_ns <= SILENCE_NS)
        return OK;
    struct wslay_event_msg ping = {WSLAY_PING, NULL, 0};
    client->pinged_ns = now;
    return wslay_event_queue_msg(client->frames, &ping) == 0 ? OK : ERR_NO_MEMORY;
}

static enum err client_frames_err(const struct live_client *client, int code)
{
    if (client->failed != OK)
        return client->failed;
    return code == WSLAY_ERR_NOMEM ? ERR_NO_MEMORY : ERR_IO;
}

enum err live_client_poll(struct live_client *client, int wait_ms)
{
    if (client->channel.fd < 0)
        return ERR_IO;
    if (client->wants_subscription)
        client_subscribe_all(client);
    enum err err = client->failed != OK ? client->failed : client_watch_silence(client);
    if (err != OK)
        return err;
    int code = wslay_event_want_write(client->frames) ? wslay_event_send(client->frames) : 0;
    short events = wslay_event_want_write(client->frames) ? POLLIN | POLLOUT : POLLIN;
    err = code != 0 ? client_frames_err(client, code)
                    : wait_for(client, events, now_ns() + wait_ms * NS_PER_MS);
    if (err == ERR_BUSY)
        return OK;
    if (err != OK)
        return err;
    client->heard_ns = now_ns();
    client->pinged_ns = 0;
    code = wslay_event_recv(client->frames);
    if (code != 0 || client->failed != OK)
        return client_frames_err(client, code);
    if (wslay_event_want_write(client->frames))
        code = wslay_event_send(client->frames);
    if (code != 0)
        return client_frames_err(client, code);
    return wslay_event_get_close_received(client->frames) || !wslay_event_want_read(client->frames)
               ? ERR_IO
               : OK;
}

struct live_client_point *const *live_client_points(struct live_client *client, size_t *ret_count)
{
    return live_client_table_sort(&client->table, ret_count);
}
