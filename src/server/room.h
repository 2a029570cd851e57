/* What the files of this folder share. The path of a message through them:
 *   loop.c (epoll) -> connection.c (bytes) -> mqtt.c -> broker -> engine
 *   engine_step -> loop.c -> broker_step (answers, deliveries) -> mqtt.c -> connection.c */
#pragma once

#include "broker/broker.h"
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
    uint64_t round_began;  /* PUBLISHes that had come when the round began */
    int64_t engine_due_ns; /* when the engine wants its next step at the latest */
    struct epoll_event *client_events;
    size_t event_next, event_count; /* of client_events: those not yet looked at */
    uint64_t lost_generation;

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
    uint8_t *read_buffer, *write_buffer;
    struct connection *write_owner;
    size_t write_size;

    struct broker *broker;
    struct budget memory;  /* held for clients: mqtt.memory */
    int64_t broker_due_ns; /* when it wants its next step at the latest */
    struct log_ration ration_closed;

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

/* ---- mqtt.c
 * -------------------------------------------------------------------------------------- */
extern const struct protocol mqtt_protocol;
extern const struct broker_port mqtt_port; /* its arg is the server */

/* ---- control.c
 * ----------------------------------------------------------------------------------- */
extern const struct protocol control_protocol;
void control_outcome(void *server, uint64_t tag, const struct outcome *outcome);
void control_lost(struct server *server);

/* ---- server.c
 * ------------------------------------------------------------------------------------ */
void server_reload(struct server *server);
