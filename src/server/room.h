/* What the files of this folder share. The path of a message through them:
 *   loop.c (epoll) -> connection.c (bytes) -> mqtt_session.c (packets) -> mqtt_publish.c -> engine
 *   engine_step -> loop.c (the durable ticket moved) -> mqtt_acks.c (PUBACKs) -> connection.c */
#pragma once

#include "engine/engine.h"
#include "os/os.h"
#include "server/connection.h"
#include "server/counters.h"
#include "server/server.h"
#include "server/timers.h"

#define SERVER_READ_BYTES                                                                          \
    ((size_t)64 << 10)                     /* of one connection in one round; the read buffer is   \
                                              twice that, for what was kept before it */
#define SERVER_PARTIAL_COPY ((size_t)4096) /* longer unfinished packets grow in place */
#define SERVER_WRITE_BYTES ((size_t)64 << 10) /* shared write buffer */
#define SERVER_ROUND_MESSAGES 512             /* then the engine steps before more is read */
#define SERVER_ROUND_ACKS 64                  /* connections told, then likewise */
#define SERVER_EVENTS 1024
#define SERVER_CONTROL_MAX 64 /* control connections at once */

/* What an epoll event of the house is about; slots of connections stay below. */
enum tag { TAG_FIRST = INT32_MAX - 16, TAG_SIGNAL, TAG_WORKER, TAG_CLIENTS, TAG_MQTT, TAG_CONTROL };

struct epoll_event;
struct mqtt_session;
struct will;

/* A few log lines a second of one sort; the others are counted and told with the next one. */
struct log_ration {
    int64_t second;
    unsigned written;
    uint64_t suppressed;
};

struct server {
    const struct server_config *config;
    struct settings settings;
    struct clock *clock;
    struct disk *disk;
    struct worker *writer, *background, *snapshotter;
    struct engine *engine;
    int64_t now_ns; /* of this round, boot clock */
    int64_t started_ns, started_wall_ns;
    struct engine_start start;

    /* the loop */
    int house_fd;   /* epoll: signals, workers, listeners, control, and clients_fd inside it */
    int clients_fd; /* epoll: MQTT connections */
    int signal_fd;
    bool full;          /* the engine said wait: no client is read before its next step */
    bool clients_quiet; /* clients_fd is not watched, because full */
    bool listen_paused;
    bool wait_coarse; /* the system has no epoll_pwait2 */
    bool stopping;
    size_t round_messages;
    int64_t engine_due_ns; /* when the engine wants its next step at the latest */
    uint64_t last_ticket;  /* of all that was taken */
    struct epoll_event *client_events;
    size_t event_next, event_count; /* of client_events: those not yet looked at */
    uint64_t durable_ticket, lost_generation;

    /* doors */
    int mqtt_fd, control_fd;
    char mqtt_address[OS_ADDRESS_SIZE];
    char control_path[512];
    struct timer listen_timer;

    /* connections */
    struct connection **slots;
    uint32_t slot_count, slot_capacity, slot_free_count;
    uint32_t *slots_free;
    uint32_t generation;
    struct link alive, broken, dead, resume;
    size_t connections, connections_max, controls;
    struct timers timers;
    uint64_t memory; /* held for clients, against settings.mqtt_memory */
    uint8_t *read_buffer, *write_buffer;
    struct connection *write_owner;
    size_t write_size;

    /* mqtt */
    struct mqtt_session **clients; /* by client id: buckets, a power of two */
    size_t client_buckets, client_count;
    uint64_t client_seed;
    struct link acks_waiting; /* sessions with PUBACKs above the durable ticket */
    struct link acks_due;     /* sessions that may have some at or below it */
    struct link wills;        /* wills that the engine could not take yet */
    bool told_users, told_subscribe, told_retain;
    struct log_ration ration_refused, ration_closed;

    struct link commands; /* control sessions that wait for an outcome */
    struct counters counters;
    struct rates rates;
};

/* ---- loop.c
 * -------------------------------------------------------------------------------------- */
MUST_USE enum err loop_init(struct server *server);
void loop_done(struct server *server);
/* Until SIGTERM or SIGINT, then until all that was taken is durable and told (or 5 s). */
void loop_run(struct server *server);

/* ---- listener.c
 * ---------------------------------------------------------------------------------- */
/* Each returns false after a log line that says what to do. */
MUST_USE bool listener_open(struct server *server);
MUST_USE bool listener_start(struct server *server); /* from now on connections are taken */
void listener_close(struct server *server);
void listener_ready(struct server *server);
void listener_control_ready(struct server *server);
void listener_resume(struct server *server);

/* ---- mqtt_session.c
 * ------------------------------------------------------------------------------ */
extern const struct protocol mqtt_protocol;
/* Says why where the version allows it, and ends the connection. text may be NULL. */
void mqtt_goodbye(struct server *server, struct connection *c, uint8_t reason, enum cause cause,
                  const char *text);
/* The server stops: the wills of all are published; goodbye is said to all. */
void mqtt_stop_wills(struct server *server);
void mqtt_stop_goodbye(struct server *server);

/* ---- mqtt_acks.c
 * --------------------------------------------------------------------------------- */
/* The durable ticket moved: who waits may be due. */
void mqtt_acks_moved(struct server *server);
/* Sends what is due to at most SERVER_ROUND_ACKS connections. */
void mqtt_acks_send(struct server *server);
/* A write failed: whoever waits is not acknowledged and disconnected. */
void mqtt_acks_lost(struct server *server);
bool mqtt_acks_are_due(const struct server *server);

/* ---- mqtt_will.c
 * --------------------------------------------------------------------------------- */
/* Publishes the wills that waited; false when the engine still says wait. */
bool wills_retry(struct server *server);
void wills_done(struct server *server);

/* ---- control.c
 * ----------------------------------------------------------------------------------- */
extern const struct protocol control_protocol;
void control_outcome(void *server, uint64_t tag, const struct outcome *outcome);
void control_lost(struct server *server);

/* ---- server.c
 * ------------------------------------------------------------------------------------ */
void server_reload(struct server *server);
/* May this line be written? *ret_suppressed: how many were not since the last one. */
bool log_ration_take(struct log_ration *ration, int64_t now_ns, unsigned most,
                     uint64_t *ret_suppressed);
