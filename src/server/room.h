/* What the files of this folder share. The path of a message through them:
 *   loop.c (epoll) -> connection.c (bytes) -> mqtt.c -> broker -> engine
 *   engine_step -> loop.c -> broker_step (answers, deliveries) -> mqtt.c -> connection.c
 * and the same with http.c and web. A connection of HTTP that asks for MQTT over WebSocket goes
 * over to websocket.c, which stands between connection.c and mqtt.c. */
#pragma once

#include "broker/broker.h"
#include "engine/engine.h"
#include "os/os.h"
#include "query/query.h"
#include "report/report.h"
#include "server/connection.h"
#include "server/server.h"
#include "server/timers.h"
#include "sql/sql.h"
#include "tls/tls.h"
#include "web/web.h"

#define SERVER_READ_BYTES                                                                          \
    ((size_t)64 << 10)                     /* of one connection in one round; the read buffer is   \
                                              twice that, for what was kept before it */
#define SERVER_PARTIAL_COPY ((size_t)4096) /* longer unfinished packets grow in place */
#define SERVER_WRITE_BYTES ((size_t)64 << 10)  /* shared write buffer */
#define SERVER_SEALED_BYTES ((size_t)64 << 10) /* of TLS: sealed output of one piece */
#define SERVER_SEALED_READ (SERVER_READ_BYTES - TLS_RECORD_MAX) /* so that opened it fits */
#define SERVER_ROUND_MESSAGES 512            /* then the engine steps before more is read */
#define SERVER_ROUND_ACKS 64                 /* connections told, then likewise */
#define SERVER_ROUND_REQUESTS_NS NS_PER_MS   /* of HTTP, likewise: for those fed again, and anew */
#define SERVER_ROUND_HANDSHAKES_NS NS_PER_MS /* of TLS: one more may begin */
#define SERVER_EVENTS 1024
#define SERVER_CONTROL_MAX 64 /* control connections at once */

/* What an epoll event of the house is about; slots of connections stay below. */
enum tag {
    TAG_FIRST = INT32_MAX - 16,
    TAG_SIGNAL,
    TAG_WORKER,
    TAG_CLIENTS,                       /* + door: those who came in through it */
    TAG_LISTENER = TAG_CLIENTS + DOORS /* + listener: someone knocks */
};
/* Of a connection's generation: the tag of a command must have neither WEB_TAG nor ACCESS_TAG nor
 * NOTIFY_TAG. */
#define GENERATION_BITS 29
#define NOTIFY_TAG ((uint64_t)1 << 61) /* of what became of deliveries */

struct epoll_event;

/* ---- listeners: where clients knock; two may lead to the same door, in clear and by TLS -------
 */
enum listener_kind {
    LISTENER_MQTT,
    LISTENER_HTTP,
    LISTENER_CONTROL,
    LISTENER_MQTTS,
    LISTENER_HTTPS,
    LISTENER_OWNER, /* HTTP on a socket of the data folder: for whoever may read the folder */
    LISTENERS
};
struct listener {
    int fd;                        /* -1: closed */
    char address[OS_ADDRESS_SIZE]; /* "": closed */
    bool paused; /* no descriptor was left for the next connection: not watched for a moment */
    struct timer pause_timer;
    /* Of TLS: */
    size_t connections; /* with an open session, now */
    uint64_t handshakes, resumed, faults[TLS_FAULTS];
    uint64_t certificates, verified; /* handshakes in which the client showed one, a good one */
    struct log_ration fault_lines;
};

/* ---- a door: those who came in through its listeners ---------------------------------------- */
struct door {
    const struct protocol *protocol;
    const char *spoken;                    /* what ALPN calls it */
    struct log_ration turned_away, faults; /* lines about those */

    int clients_fd; /* epoll of its connections */
    bool ready;     /* clients_fd had something to tell in this round */
    struct epoll_event *events;
    size_t event_next, event_count; /* of events: those not yet looked at */
    struct link resume;             /* to be fed again */
    struct link awaits;             /* to be fed again after the engine's next step; of HTTP only */

    size_t connections, connections_max;
    struct budget *memory; /* of buffers */
    struct counters counters;
};

struct server {
    const struct server_config *config;
    struct settings settings;
    struct clock *clock;
    struct disk *disk;
    struct worker *writer, *background, *snapshotter, *sealer, *merger;
    struct engine *engine;
    int64_t now_ns; /* of this round, boot clock */
    int64_t started_ns, started_wall_ns;
    struct engine_start start;

    /* the loop */
    int house_fd; /* epoll: signals, workers, listeners, control, and clients_fd of the doors */
    int signal_fd;
    bool full;          /* the engine said wait: no MQTT client is read before its next step */
    bool clients_quiet; /* those of MQTT are not watched, because full */
    bool wait_coarse;   /* the system has no epoll_pwait2 */
    bool stopping;
    struct timer watchdog; /* when the supervisor is told again that the loop turns */
    int64_t watchdog_ns;   /* how often he wants to hear it; 0: not at all */
    uint64_t round_began;  /* PUBLISHes that had come when the round began */
    int64_t engine_due_ns; /* when the engine wants its next step at the latest */
    uint64_t lost_generation;

    struct listener listeners[LISTENERS];
    struct door doors[DOORS];
    char control_path[512], owner_path[512];

    struct tls_keeper *keeper; /* of certificates; NULL: no door of TLS is open */
    struct link handshakes;    /* connections whose handshake has bytes to look at */
    struct link shaking;       /* whose handshake waits for the client, longest first */
    size_t shaking_count;      /* handshakes that have begun, on either list */
    bool strict;               /* browsers are told to stay with TLS */

    /* connections */
    struct connection **slots;
    uint32_t slot_count, slot_capacity, slot_free_count;
    uint32_t *slots_free;
    uint32_t generation;
    struct link alive, broken, dead;
    struct timers timers;
    uint8_t *read_buffer, *write_buffer;
    uint8_t *sealed_in, *sealed_out; /* of TLS, as it came and as it goes; NULL: no such door */
    struct connection *write_owner;
    size_t write_size;

    struct broker *broker;
    struct budget memory;  /* held for MQTT clients and the control door: mqtt.memory */
    int64_t broker_due_ns; /* when it wants its next step at the latest */

    struct access *access;
    struct openid *openid;  /* who asks providers of OpenID */
    struct notify *notify;  /* who carries notices of alarms out */
    int64_t notify_due_ns;
    struct secret_key *key; /* of the house */
    struct worker *porter;  /* of passwords */
    int64_t access_due_ns;
    uint32_t quota_tenant;  /* whose quotas were told last; 0: all were */
    uint64_t quota_version; /* of the model, when they were begun to be told */
    int64_t quota_due_ns;

    struct namespace *space;
    struct live *live;
    struct query_pool *queries; /* its news are looked at by web_step */
    struct sql *sql;            /* likewise */
    struct documents *documents; /* likewise; NULL: none are kept */
    struct web *web;
    struct budget http_memory; /* held for HTTP clients: http.memory */
    int64_t web_due_ns;
    uint64_t requests; /* web's count, for the rates */

    struct link commands; /* control sessions that wait for an outcome */
    struct rates rates;
    struct lag lag;
    struct report_sources sources; /* all of this, as the answers see it */
};

/* ---- loop.c
 * -------------------------------------------------------------------------------------- */
MUST_USE enum err loop_init(struct server *server);
void loop_done(struct server *server);
/* A round begins when it is readable; web_step finds out why. */
MUST_USE enum err loop_watch(struct server *server, int fd);
/* Until SIGTERM or SIGINT, then until all that was taken is durable and told (or 5 s). */
void loop_run(struct server *server);

/* ---- listener.c
 * ---------------------------------------------------------------------------------- */
/* Each returns false after a log line that says what to do. */
MUST_USE bool listener_open(struct server *server);
/* As things stand with encryption and administrators, may those that others reach be started? */
MUST_USE bool listener_allow(const struct server *server);
MUST_USE bool listener_start(struct server *server); /* from now on connections are taken */
void listener_close(struct server *server);
void listener_ready(struct server *server, enum listener_kind kind);
bool listener_is_tls(enum listener_kind kind);
/* "mqtts": of the setting and of what is said. */
const char *listener_name(enum listener_kind kind);
/* true when the timer was that of a door that looked away. */
bool listener_timer_fired(struct server *server, const struct timer *timer);

/* ---- keeper.c: certificates
 * ---------------------------------------------------------------------------------- */
/* Loads them when a door of TLS is to be opened; false after a log line. */
MUST_USE bool keeper_start(struct server *server);
void keeper_stop(struct server *server);
/* Each round: takes what was loaded meanwhile. */
void keeper_step(struct server *server);
bool keeper_timer_fired(struct server *server, const struct timer *timer); /* was it its own? */
void keeper_reload(struct server *server); /* SIGHUP: all are read again, changed or not */
struct tls_house *keeper_house(const struct server *server);
void keeper_tell(void *server, struct report_tls *ret); /* report_sources.tell_tls */
json_t *keeper_json(const struct server *server); /* "tls" of the state; null: no door of TLS */

/* ---- handshake.c: connections of TLS
 * ---------------------------------------------------------------------- */
/* As connection_open, for one that came through a listener of TLS. */
void handshake_begin(struct server *server, int fd, const char *peer, enum listener_kind kind);
/* Bytes came for a handshake: it takes its place in the queue. */
void handshake_wait(struct server *server, struct connection *c);
/* It is closed. */
void handshake_forget(struct server *server, struct connection *c);
/* How long the loop may sleep for their sake: 0 when one has its turn. */
int64_t handshakes_wait_ns(const struct server *server);
/* Those whose bytes came, in their order, until SERVER_ROUND_HANDSHAKES_NS are over. */
void handshakes_step(struct server *server);

/* ---- mqtt.c, websocket.c, http.c
 * -------------------------------------------------------------------------------------- */
extern const struct protocol mqtt_protocol;
extern const struct broker_port mqtt_port; /* its arg is the server */
void mqtt_opened(struct server *server, struct connection *c);
/* broker_feed as a protocol's. */
enum feed mqtt_feed_broker(struct server *server, struct connection *c, struct bytes bytes,
                           size_t *ret_used, size_t *ret_wanted);
extern const struct protocol websocket_protocol; /* MQTT in binary frames */
/* A connection of HTTP whose handshake for it was answered goes over; `bytes` came behind the
 * handshake. Answers as a protocol's feed. */
enum feed websocket_begin(struct server *server, struct connection *c, struct bytes bytes,
                          size_t *ret_used, size_t *ret_wanted);
/* What the broker's port does for such a connection. */
uint8_t *websocket_room(struct server *server, struct connection *c, size_t size);
void websocket_room_used(struct server *server, struct connection *c, size_t used);
void websocket_put(struct server *server, struct connection *c, struct bytes bytes);
void websocket_close(struct server *server, struct connection *c, enum cause cause);
extern const struct protocol http_protocol;
extern const struct web_port http_port; /* its arg is the server */

/* ---- locks.c
 * -------------------------------------------------------------------------------------- */
/* false after a log line that says what to do. */
MUST_USE bool locks_start(struct server *server);
void locks_stop(struct server *server);
MUST_USE bool providers_start(struct server *server); /* of OpenID */
void providers_stop(struct server *server);
/* The engine learns what points each tenant may have, and access how many it has: a piece each
 * round, when something changed or a second is over. true: there is more. */
bool locks_tell_quotas(struct server *server);

/* ---- notices.c
 * ---------------------------------------------------------------------------------------------- */
/* After the broker; false after a log line. */
MUST_USE bool notices_start(struct server *server);
void notices_stop(struct server *server);
void notices_step(struct server *server); /* after the engine's */

/* ---- library.c: documents ---------------------------------------------------------------------
 */
void library_start(struct server *server); /* without them the server runs all the same */
void library_stop(struct server *server);
void library_step(struct server *server); /* says what is wrong with files of documents */

/* ---- control.c
 * ----------------------------------------------------------------------------------- */
extern const struct protocol control_protocol;
void control_outcome(void *server, uint64_t tag, const struct outcome *outcome);
void control_lost(struct server *server);

/* ---- http_state.c
 * ------------------------------------------------------------------------------------- */
void server_add_http(void *server, json_t *state); /* report_sources.add_http */

/* ---- server.c
 * ------------------------------------------------------------------------------------ */
void server_reload(struct server *server);
