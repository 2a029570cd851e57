/* load_room: what the files of the generator share. A load has workers, one a thread; a worker has
 * links, one a connection, and all it needs to send and to take without asking another thread. */
#pragma once

#include "client/load.h"

#include "tls/tls.h"

#include "wire/mqtt/mqtt.h"

#include <pthread.h>

#define IN_FLIGHT_MAX 4000 /* messages of a link; servers take 4,096 or more */
#define BURSTS_MAX 65536u  /* of a link, unacknowledged or waiting to be sent */
#define PAIRS_MAX (UINT64_C(32) << 20)
#define MESSAGE_SLACK 512  /* around a payload: fixed header, topic, identifier */
#define METRICS_BYTES 2048 /* more than any message with LOAD_METRICS_MAX metrics */

enum load_goal { GOAL_CONNECT, GOAL_REGISTER, GOAL_RUN, GOAL_DRAIN };
enum link_role { LINK_SUBSCRIBER, LINK_PUBLISHER, LINK_IDLE };
enum link_state { LINK_CLOSED, LINK_CONNECTING, LINK_SUBSCRIBING, LINK_READY };

struct burst {
    int64_t due_ns;
    uint32_t unsent, unacked;
};
struct load_link { /* a connection */
    int fd;
    struct tls_session *secure; /* NULL: in clear */
    uint8_t role, state;
    bool wants_write, thinking;
    uint32_t number; /* within its role */
    int64_t keep_alive_ns, sent_ns;
    /* A publisher's. */
    uint32_t first, count;                     /* devices or topics that are its own */
    uint32_t next;                             /* message in the turn through them */
    uint32_t turn, turn_end;                   /* how often all were sent; no burst after it */
    uint16_t packet_id, received_id, acked_id; /* last used, with a PUBREC, acknowledged */
    uint32_t window, in_flight;
    uint64_t sequence;
    struct burst *bursts;
    uint32_t burst_capacity;                     /* a power of two */
    uint32_t burst_begin, burst_sent, burst_end; /* [begin, sent) unacknowledged, [sent, end) due */
    /* A subscriber's: the next sequence number of each publisher; NULL: not checked. */
    uint64_t *expected;
    /* What the socket did not take (of TLS: sealed; until it is open: what is to be sent first, not
     * sealed), and the begin of a packet whose end has not come. */
    uint8_t *rest, *partial;
    size_t rest_at, rest_size, rest_capacity;
    size_t partial_size, partial_capacity;
};
struct load_live { /* counted by one worker */
    struct load_counts counts;
    struct latency acks, deliveries;
};
struct thinker {
    int64_t due_ns;
    struct load_link *link;
};
struct load_worker {
    struct load *load;
    uint32_t number;
    int epoll;
    struct load_link *links; /* subscribers, publishers, idle ones */
    uint32_t link_count, subscriber_count, publisher_count;
    uint32_t connect_next, connecting, connected, alive;
    int64_t begin_ns; /* rate: when burst 0 is due */
    uint64_t bursts_due;
    struct thinker *thinkers; /* a ring, by due time */
    uint32_t thinker_begin, thinker_end, thinker_capacity;
    bool running;  /* publishers publish by themselves */
    bool deferred; /* a publisher waits for deliveries */
    bool pings;    /* a server's keep-alive was told */
    int64_t pinged_ns, received_ns, deferred_ns;
    uint32_t connected_seen;
    int64_t progress_ns;
    uint64_t random, sum_sent;
    struct load_live live;
    uint8_t *input, *output, *answers;
    size_t input_capacity, output_capacity, answers_capacity, answers_size;
    uint8_t *sealed;           /* of TLS: as it came, or as it goes */
    struct tls_ticket *ticket; /* of its first session */
    char fault[LOAD_FAULT_SIZE];
    bool failed; /* nothing goes on */
    /* For the thread that ticks. */
    pthread_mutex_t lock;
    struct load_live published;
    int64_t published_ns;
    pthread_t thread;
};
struct load {
    struct load_options options;
    bool metrics, forgot;
    uint32_t devices, messages_per_turn; /* of a device: 1, or its metrics when single */
    uint32_t values_per_message;
    uint32_t topics;
    uint32_t run; /* a number that other generators do not have */
    size_t message_max;
    int64_t base_ms; /* the devices' clocks begin here */
    int32_t *values; /* by device and metric, in units of the metric's last decimal */
    char key[LOAD_METRICS_MAX][20]; /* ,"name": */
    size_t key_size[LOAD_METRICS_MAX];
    uint32_t worker_count;
    struct load_worker *workers;
    uint64_t shared_sent, shared_delivered; /* atomic, relaxed: for options.ahead */
    int stopping;                           /* atomic, relaxed */
    uint64_t expected; /* deliveries of what was sent, when every filter matches all */
    char fault[LOAD_FAULT_SIZE];
};

int64_t load_now_ns(void);

/* ---- load_message.c */
MUST_USE enum err load_message_init(struct load *load);
/* Writes the link's next PUBLISH; returns its size, at most load->message_max. */
size_t load_message_put(struct load_worker *worker, struct load_link *link, int64_t due_ns,
                        uint8_t *packet);
/* A stamped payload of this run? */
MUST_USE bool load_stamp_get(const struct load *load, const uint8_t *payload, size_t size,
                             uint32_t *ret_publisher, uint64_t *ret_sequence, int64_t *ret_due_ns);

/* ---- load_link.c: false when the link broke; it is closed then, and the fault is told */
MUST_USE bool load_link_connect(struct load_worker *worker, struct load_link *link);
MUST_USE bool load_link_receive(struct load_worker *worker, struct load_link *link);
MUST_USE bool load_link_flush(struct load_worker *worker, struct load_link *link);
MUST_USE bool load_link_send(struct load_worker *worker, struct load_link *link, const uint8_t *at,
                             size_t size);
void load_link_close(struct load_worker *worker, struct load_link *link);
/* Closes it for this reason; always false. */
bool load_link_lose(struct load_worker *worker, struct load_link *link, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* ---- load_secure.c: connections of TLS. false as above */
#define LOAD_SEALED_BYTES ((size_t)64 << 10)
#define LOAD_SEALED_READ ((size_t)32 << 10)
MUST_USE bool load_secure_begin(struct load_worker *worker, struct load_link *link);
/* Seals and sends; before the session is open it waits. */
MUST_USE bool load_secure_send(struct load_worker *worker, struct load_link *link,
                               const uint8_t *at, size_t size);
/* As recv(2) into worker->input + partial, which has LOAD_SEALED_READ + TLS_RECORD_MAX bytes of
 * room; false: lost. *ret_size 0: nothing yet. */
MUST_USE bool load_secure_receive(struct load_worker *worker, struct load_link *link,
                                  size_t partial, size_t *ret_size);
/* Of load_link.c: bytes as they are. */
MUST_USE bool load_link_send_raw(struct load_worker *worker, struct load_link *link,
                                 const uint8_t *at, size_t size);

/* ---- load_send.c */
/* Marks a burst due and sends what may go. */
MUST_USE bool load_link_due(struct load_worker *worker, struct load_link *link, uint32_t messages,
                            int64_t due_ns);
/* Sends what is due as far as the window and the socket allow. */
MUST_USE bool load_link_advance(struct load_worker *worker, struct load_link *link);
/* Without a rate: the next burst when it may go. */
MUST_USE bool load_link_refill(struct load_worker *worker, struct load_link *link, int64_t now_ns);
/* A PUBACK or PUBCOMP. */
MUST_USE bool load_link_acked(struct load_worker *worker, struct load_link *link,
                              uint16_t packet_id, bool refused, int64_t now_ns);
bool load_link_is_done(const struct load_link *link);

/* ---- load_worker.c */
/* Runs until the goal is reached, the time is over, or nothing can go on. */
void load_worker_run(struct load_worker *worker, enum load_goal goal, int64_t end_ns);
