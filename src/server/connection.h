/* connection: a client's socket, whatever protocol it speaks, and the bytes that wait on it.
 *
 *   socket --recv--> shared read buffer --feed--> protocol --put--> shared write buffer --send-->
 *                       |        ^                                      |         ^
 *                       v        |                                      v         |
 *                     c->in: an unfinished packet,                    c->out: what the socket
 *                     or what must wait                               did not take
 *
 * Of TLS, what comes is opened on the way into the read buffer, and what goes is sealed on the way
 * out of the write buffer: c->in is in clear, c->out is sealed.
 *
 * An idle connection holds this struct and what its protocol keeps, no buffers. What is held is
 * counted against its door's memory. A connection that is closed stays as a struct until the end of
 * the loop's round (c->dead), so that whoever is working on it may look. */
#pragma once

#include "os/os.h"
#include "report/report.h"
#include "server/timers.h"
#include "web/web.h"
#include "wire/websocket/websocket.h"

struct server;
struct connection;
struct tls_session;
struct tls_peer;
enum door_kind { DOOR_MQTT, DOOR_HTTP, DOOR_CONTROL, DOORS };

/* What became of the bytes that were fed. */
enum feed {
    FEED_MORE, /* all whole packets were taken: read on */
    FEED_FULL, /* the engine says wait: the rest must be fed again after its next step */
    FEED_HOLD, /* this connection must wait: the rest is fed again after connection_resume */
    FEED_END,  /* the connection ends: the rest is dropped */
};
struct protocol {
    enum door_kind door; /* whose memory and counts it uses, and with whom it takes turns */
    /* A connection was taken: its first time limit. NULL: any time. */
    void (*opened)(struct server *server, struct connection *c);
    /* Takes whole packets from bytes; *ret_used says how many bytes that were, *ret_wanted how
     * many the packet after them has in all (0: not known). */
    enum feed (*feed)(struct server *server, struct connection *c, struct bytes bytes,
                      size_t *ret_used, size_t *ret_wanted);
    /* The connection is going: the protocol forgets it. */
    void (*gone)(struct server *server, struct connection *c);
    /* Nothing came for as long as c->allowed_ns. */
    void (*silent)(struct server *server, struct connection *c);
    /* More came than may be held for it: it says so and ends the connection. */
    void (*too_much)(struct server *server, struct connection *c);
    /* The socket takes bytes again after c->out was past the limit. */
    void (*unchoked)(struct server *server, struct connection *c);
    size_t out_limit; /* bytes in c->out from which on nothing more is read */
    bool keeps;       /* it may hold bytes of its own: it is fed again even when c->in is empty */
    bool shakes;      /* it is the handshake of TLS: what comes waits for its turn */
    bool must_read;   /* not taking what we send is silence; without it such silence is our own */
};

struct buffer {
    uint8_t *at;
    size_t size, capacity;
};
struct connection {
    uint32_t slot, generation;
    int fd;
    uint32_t watched; /* the epoll events asked for */
    bool held;        /* c->in must be fed before anything is read */
    bool ending;      /* goodbye was said: send what is left, then linger */
    bool lingering;   /* our side is shut down; what comes is dropped until the end or a timer */
    bool broken;      /* a send failed: closed when the round ends, nothing more is sent */
    uint8_t broken_cause;
    bool dead;
    bool waits;       /* its handshake waits for its turn: nothing is read meanwhile */
    int64_t waits_ns; /* since then; of one whose handshake is under way: of its last turn */
    /* Of TLS; what comes before the session is open is the handshake protocol's. */
    bool tls;
    uint8_t listener;                        /* enum listener_kind, of TLS */
    struct tls_session *secure;              /* NULL: in clear, or nothing came yet */
    size_t secure_bytes;                     /* what it holds, of the door's memory */
    const struct tls_peer *peer_certificate; /* who the client is by it; NULL: he showed none */
    const struct protocol *protocol;
    void *session;           /* of control and of MQTT over WebSocket; NULL: none yet */
    struct broker_link mqtt; /* the broker's end of it */
    struct web_link web;     /* the web's */
    struct buffer in, out;
    size_t in_wanted;
    struct link resume; /* on resume or awaits of its turn: feed c->in again */
    struct link life;   /* on server->alive, server->broken or server->dead */
    struct timer timer;
    int64_t active_ns;  /* when bytes last came */
    int64_t allowed_ns; /* silence allowed; 0: any */
    bool deadline;      /* it is the time from the beginning on, whatever comes */
    char peer[OS_ADDRESS_SIZE];
};

/* Takes fd over; NULL (and fd closed) when there is no memory. */
struct connection *connection_open(struct server *server, int fd, const char *peer,
                                   const struct protocol *protocol);
/* From now on it speaks another protocol, of another door: buffers, counts and epoll move along.
 * The old protocol must have forgotten it. false: the door's memory is used up, or the system's;
 * nothing has changed. */
MUST_USE bool connection_move(struct server *server, struct connection *c,
                              const struct protocol *protocol);
/* NULL when that connection is no more. */
struct connection *connection_find(struct server *server, uint32_t slot, uint32_t generation);
/* Bytes came or room to send is there. */
void connection_ready(struct server *server, struct connection *c, uint32_t events);
/* Feeds what was kept again; false when the engine says wait. */
bool connection_refeed(struct server *server, struct connection *c);
/* Puts a held connection on the list of those to be fed again. */
void connection_resume(struct server *server, struct connection *c);
/* Sets how long it may be silent from its last bytes on; 0: any time. fixed: from now on, whatever
 * comes. */
void connection_allow_silence(struct server *server, struct connection *c, int64_t allowed_ns,
                              bool fixed);

/* ---- for handshake.c ---- */
/* Asks epoll for what this connection waits for now. */
void connection_watch(struct server *server, struct connection *c);
/* Hands bytes in clear to the protocol and keeps what it leaves. */
enum feed connection_feed(struct server *server, struct connection *c, struct bytes bytes);
/* Counts what its session of TLS holds now; false: the door's memory is used up. */
MUST_USE bool connection_hold_secure(struct server *server, struct connection *c, size_t bytes);
/* After bytes were opened: has the session ended with them? Then the connection does. */
void connection_look_for_end(struct server *server, struct connection *c);
/* Sends bytes as they are, now or when the socket takes them. */
void connection_send_sealed(struct server *server, struct connection *c, struct bytes bytes);

/* ---- sending: never closes, so that a session outlives what it is doing
 * -------------------------- */
/* `size` bytes of room in the shared write buffer (at most CONNECTION_ROOM) for one packet to c;
 * connection_put_done says how much of it was used. Sent by connection_flush, or before. */
#define CONNECTION_ROOM (BROKER_ROOM + WEBSOCKET_HEAD_MAX)
uint8_t *connection_room(struct server *server, struct connection *c, size_t size);
void connection_room_used(struct server *server, size_t used);
void connection_put(struct server *server, struct connection *c, struct bytes bytes);
void connection_flush(struct server *server); /* whoever's bytes are in the shared buffer */
static inline bool connection_is_choked(const struct connection *c)
{
    return c->out.size > c->protocol->out_limit;
}

/* ---- the end
 * ------------------------------------------------------------------------------------- */
/* Sends what is left, shuts down, lingers for at most two seconds so that the goodbye arrives. */
void connection_end(struct server *server, struct connection *c, enum cause cause);
/* At once. */
void connection_close(struct server *server, struct connection *c, enum cause cause);
/* Is there nothing more to be done for it? */
static inline bool connection_is_over(const struct connection *c)
{
    return c->dead || c->ending || c->broken;
}
/* Closes those whose sends failed and frees those that were closed; only between rounds. */
void connections_reap(struct server *server);
void connection_timer_fired(void *server, struct timer *timer);
