/* load: the generator of load, for `mainstem load` and the benches. It is part of client.h, which
 * is what other rooms include.
 *
 * Publishers, subscribers and idle connections over raw sockets, each thread with an epoll loop of
 * its own: the generator shares the machine with the server and must cost little, so packets of the
 * hot path are written and read by hand. It works against any broker of MQTT 3.1.1 or 5.
 *
 * What is sent:
 *   metrics  devices with `values` metrics each that walk at random in steps of a decimal; three
 *            samples of four differ from the one before. A connection owns a block of devices and
 *            sends them in turn. What was sent is summed up, so that a journal can be compared.
 *   stamped  `payload_bytes` bytes that carry run, publisher, sequence number and the time the
 *            message was due, from LOAD_STAMP_BYTES on: subscribers tell what is missing, doubled
 *            or out of order, and how long it took.
 *   given    payloads of the caller's, in turn.
 *
 * When it is sent:
 *   rate > 0       bursts are sent when they are due, whatever is unacknowledged. Latency counts
 *                  from the time a burst was due, so that a server that stalls cannot hide it
 *                  (coordinated omission).
 *   in_flight > 0  each connection keeps so many messages unacknowledged. in_flight 1 is one
 *                  message a wake-up.
 *   else           a connection sends its next burst when the last one is acknowledged, think_s
 *                  later. QoS 0: whenever the socket takes it.
 * Without a rate latency counts from when a message was allowed to go.
 *
 * Limits: 65,536 bursts a connection may be behind, 4,000 messages unacknowledged a connection (or
 * the server's receive maximum), LOAD_METRICS_MAX metrics a device, 256 MiB a message; order is
 * checked for up to 32 million pairs of subscriber and publisher. Acknowledgements that come in
 * another order than the messages were sent are a fault (MQTT 5, 4.6). */
#pragma once

#include "base/base.h"

#define LOAD_METRICS_MAX 64
#define LOAD_STAMP_BYTES 24
#define LOAD_FILTERS_MAX 32
#define LOAD_FAULT_SIZE 512

/* ---- latencies: counts in buckets of 3 %, in us --------------------------------------------- */
#define LATENCY_BUCKETS 2048 /* 32 to each power of two */
struct latency {
    uint64_t count;
    uint64_t buckets[LATENCY_BUCKETS];
    uint64_t max_us;
};
void latency_add(struct latency *latency, uint64_t us, uint64_t count);
void latency_merge(struct latency *into, const struct latency *from);
/* Takes away what an earlier state of the same latency had; max_us stays. */
void latency_subtract(struct latency *from, const struct latency *earlier);
double latency_share_ms(const struct latency *latency, double share); /* share: 0.5, 0.99 ... */

/* ---- the generator --------------------------------------------------------------------------- */
struct load_counts {
    uint64_t sent, sent_values;        /* messages handed to the socket */
    uint64_t acked, acked_values;      /* QoS 0: as sent */
    uint64_t refused;                  /* acknowledged with a reason of 0x80 or above */
    uint64_t received, received_bytes; /* deliveries to subscribers, and their payloads */
    uint64_t stamped;                  /* deliveries that could be checked */
    uint64_t out_of_order;             /* or doubled: older than one seen from that publisher */
    uint64_t reads;                    /* receives that brought something */
    uint64_t lost;                     /* connections that broke */
    uint64_t unsettled;                /* messages that were unacknowledged on them */
};
struct load_second {           /* of the run, about one each second */
    double seconds;            /* since the run began */
    double length;             /* of this one */
    struct load_counts counts; /* in it */
    struct latency acks, deliveries;
};

struct tls_trust;
struct load_options {
    const char *address;
    struct tls_trust *trust; /* by TLS, and whom we trust; outlives the load. NULL: in clear */
    bool resume; /* of TLS: all but the first of a thread come with a ticket of an earlier one */
    uint8_t version;  /* MQTT_3_1_1 or MQTT_5; 0: MQTT_5 */
    const char *user; /* NULL: none */
    struct bytes password;
    const char *id_prefix; /* of client identifiers; NULL: "load" */
    uint32_t threads;      /* 0: 1 */
    double connect_rate;   /* connections a second; 0: as fast as the server takes them */
    bool strict;           /* a connection that breaks ends everything */

    uint32_t connections; /* that publish */
    uint8_t qos;
    bool retain;
    uint32_t burst;     /* messages; 0: 1 */
    uint32_t in_flight; /* see above */
    double think_s;
    uint64_t rate; /* messages a second of all; 0: none */
    /* Messages that may be published and not delivered to all subscribers; 0: any number. */
    uint64_t ahead;

    const char *prefix;     /* of topics; NULL: "load" (metrics: none) */
    uint32_t values;        /* metrics a message; 0: not metrics */
    uint32_t points;        /* metrics: of all devices */
    bool single;            /* metrics: one a topic, the payload a number */
    bool jitter;            /* metrics: source times off by up to 10 ms; with single the payload is
                               {"ts","value"} */
    int64_t period_ms;      /* metrics: between two samples of a device, by its own clock */
    uint32_t topics;        /* stamped and given; 0: one a connection */
    uint32_t payload_bytes; /* stamped; metrics: padded with spaces to so many */
    const struct bytes *payloads; /* given; the caller's, alive as long as the load */
    uint32_t payload_count;

    uint32_t subscribers;
    uint8_t subscriber_qos;
    const char *filters[LOAD_FILTERS_MAX]; /* %d is the subscriber's number; none: all we publish */
    uint32_t filter_count;
    const char *share; /* NULL: each subscriber gets everything */

    uint32_t idle; /* connections that do nothing */

    /* Called by load_run about once a second, on the calling thread; false ends the run. */
    bool (*tick)(void *arg, const struct load_second *second);
    /* Called by load_connect now and then; false ends it. */
    bool (*connecting)(void *arg, uint32_t connected, uint32_t all);
    void *arg;
};

struct load_result {
    double seconds;
    struct load_counts counts; /* in that time */
    uint64_t cpu_ns;           /* of this process */
    struct latency acks;       /* publishing: until PUBACK or PUBCOMP */
    struct latency deliveries; /* stamped: until a subscriber had it */
};

struct load;
/* The strings of options live as long as the load. ERR_INVALID: options that contradict each other
 * (fewer devices than connections, no payload); ERR_NO_MEMORY; ERR_LIMIT: no descriptors. */
MUST_USE enum err load_create(const struct load_options *options, struct load **ret_load);
void load_destroy(struct load *load); /* NULL is fine */
/* What went wrong last, as a sentence; "" when nothing did. A broken connection is a fault that
 * load_run survives unless `strict`; load_fault still names the first. */
const char *load_fault(const struct load *load);
/* Connects everything (again, after a restart of the server); subscribers hold their SUBACK before
 * it returns. */
MUST_USE bool load_connect(struct load *load);
void load_disconnect(struct load *load);
/* Sends every device (or topic) once, as fast as possible, and waits for the acknowledgements. */
MUST_USE bool load_register(struct load *load);
/* Sends for so long; *ret_result may be NULL. */
MUST_USE bool load_run(struct load *load, double seconds, struct load_result *ret_result);
/* Waits until all that was sent is acknowledged and delivered, or nothing came for two seconds.
 * False only when acknowledgements are missing. */
MUST_USE bool load_drain(struct load *load, double seconds);
/* Forgets what is unacknowledged: the server was killed. */
void load_forget(struct load *load);
/* A run that is under way on the same load ends soon: for signal handlers. */
void load_stop(struct load *load);

/* Of everything since load_create. */
struct load_counts load_counts(const struct load *load);
/* Of stamped messages: what subscribers should have got by now, by their filters; UINT64_MAX when
 * only the server can know (filters of the caller's). */
uint64_t load_expected(const struct load *load);
uint32_t load_connected(const struct load *load); /* connections that are up */
const struct load_options *load_options_of(const struct load *load);

/* ---- comparing metrics with a journal -------------------------------------------------------- */
/* Of one sample: equal sums over all mean the same samples. time_ms 0: not compared. */
static inline uint64_t load_sample_hash(uint64_t point, int64_t time_ms, int64_t hundredths)
{
    uint64_t h = (point * UINT64_C(0x9E3779B97F4A7C15)) ^ (uint64_t)time_ms;
    h = (h ^ (h >> 29)) * UINT64_C(0xBF58476D1CE4E5B9) + (uint64_t)hundredths;
    h = (h ^ (h >> 32)) * UINT64_C(0x94D049BB133111EB);
    return h ^ (h >> 29);
}
/* The name of a metric; text[16]. */
const char *load_metric_name(uint32_t metric, char *text);
uint64_t load_sum(const struct load *load); /* of the hashes of all samples sent */
bool load_is_drained(const struct load *load);
