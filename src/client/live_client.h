/* live_client: a viewer of live values (docs/http.md, "Live"): subscribes to patterns over a
 * WebSocket, keeps what it is told of each point, and tells what happens. Frames are wslay's; the
 * handshake (RFC 6455, 4.1) is a few lines.
 *
 * A connection that is lost is made again by live_client_reconnect: the server goes on behind the
 * last message we had, or, when it does not know us any more, is asked for everything anew, and
 * only what differs from what we knew is told.
 *
 * Limits: LIVE_CLIENT_MESSAGE_MAX bytes a message; points as many as the server allows. One thread
 * owns a client; calls come from inside live_client_poll and may not end the client. Nothing here
 * logs. */
#pragma once

#include "base/base.h"

struct json_t; /* jansson's */
struct tls_trust;

#define LIVE_CLIENT_MESSAGE_MAX (UINT64_C(16) << 20)
#define LIVE_CLIENT_SAID_SIZE 512
#define LIVE_CLIENT_PATTERNS_MAX 32 /* of one subscription */

/* A point as it was told last. */
struct live_client_point {
    uint32_t point;
    char *path, *type, *unit; /* unit: "" for none */
    char *limit_state;        /* "" when there is none */
    char *quality;
    struct json_t *value;           /* JSON null for none */
    int64_t time_ns;                /* source time; 0: not known */
    void *keep;                     /* the caller's; given to free() when the point goes */
    struct live_client_point *next; /* the client's own, as what follows */
    uint32_t generation;
};

#define LIVE_CLIENT_EVENT_TABLE(X)                                                                 \
    X(LIVE_CLIENT_SHOWN)   /* point: was there when we began */                                    \
    X(LIVE_CLIENT_READY)   /* number: of points; all that were there are shown */                  \
    X(LIVE_CLIENT_VALUE)   /* point: has a new value, quality or time */                           \
    X(LIVE_CLIENT_ADDED)   /* point: came to be, or matches now */                                 \
    X(LIVE_CLIENT_CHANGED) /* point: unit, type or limits were changed */                          \
    X(LIVE_CLIENT_REMOVED) /* point: is gone, and freed after the call */                          \
    X(LIVE_CLIENT_SKIPPED) /* number: of values that were replaced before they could be told */    \
    X(LIVE_CLIENT_RESUMED) /* the server goes on where the connection was lost */                  \
    X(LIVE_CLIENT_RENEWED) /* the server does not know us any more: everything is asked anew */
#define LIVE_CLIENT_EVENT_ENUM(name) name,
enum live_client_event { LIVE_CLIENT_EVENT_TABLE(LIVE_CLIENT_EVENT_ENUM) };
#undef LIVE_CLIENT_EVENT_ENUM

struct live_client_config {
    const char *address;     /* HOST:PORT, or unix:PATH */
    const char *token;       /* shown as Authorization: Bearer; NULL or "": none. It outlives us */
    struct tls_trust *trust; /* by TLS, and whom we trust; it outlives the client. NULL: in clear */
    const char *const *patterns; /* 1 to LIVE_CLIENT_PATTERNS_MAX; they outlive the client */
    size_t pattern_count;
    unsigned pace_ms; /* least time between deltas */
    /* point and number as the event says; NULL and 0 else. */
    void (*told)(void *arg, enum live_client_event event, struct live_client_point *point,
                 uint64_t number);
    void *arg;
    char *said; /* said[LIVE_CLIENT_SAID_SIZE], the caller's: why, after an error; "" for none */
};
struct live_client;
/* Connects, and waits for the handshake (10 s at most). ERR_MISSING: nobody listens there;
 * ERR_INVALID: no such address; ERR_BUSY: no answer; ERR_REFUSED: the server answered something
 * else than a WebSocket, said has its words, or what TLS could not agree on; ERR_CORRUPT: what
 * answers does not speak HTTP; ERR_IO.
 */
MUST_USE enum err live_client_open(const struct live_client_config *config,
                                   struct live_client **ret_client);
void live_client_close(struct live_client *client); /* says goodbye; NULL is fine */
/* After live_client_poll failed with ERR_IO or ERR_BUSY. Errors as live_client_open; the client
 * stays, and may try again. */
MUST_USE enum err live_client_reconnect(struct live_client *client);
/* Takes what came, waiting at most wait_ms for something. ERR_IO: the connection is gone (said has
 * the server's reason); ERR_BUSY: the server is silent, pings included; ERR_REFUSED: the server
 * refused what was asked; ERR_CORRUPT: it broke the protocol; ERR_NO_MEMORY. */
MUST_USE enum err live_client_poll(struct live_client *client, int wait_ms);
/* What is known now, in natural order of the paths (dev-2 before dev-10); valid until the next
 * poll. */
struct live_client_point *const *live_client_points(struct live_client *client, size_t *ret_count);
