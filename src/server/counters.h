/* counters: what the doors count, for the state answer and the log. */
#pragma once

#include "base/base.h"

/* Why a connection ended; each is counted. */
#define CAUSE_TABLE(X)                                                                             \
    X(CAUSE_GOODBYE, "goodbye", "the client said goodbye")                                         \
    X(CAUSE_GONE, "gone", "the client went away without DISCONNECT")                               \
    X(CAUSE_KEEP_ALIVE, "keep_alive", "silent for longer than one and a half keep-alives")         \
    X(CAUSE_CONNECT_TIME, "connect_time", "no CONNECT within mqtt.connect_time")                   \
    X(CAUSE_CONNECT_REFUSED, "connect_refused", "CONNECT was refused")                             \
    X(CAUSE_MALFORMED, "malformed", "a malformed packet")                                          \
    X(CAUSE_PROTOCOL, "protocol_error", "a packet the protocol does not allow here")               \
    X(CAUSE_NOT_SUPPORTED, "not_supported", "a feature this version does not offer")               \
    X(CAUSE_PACKET_SIZE, "packet_too_large", "a packet larger than mqtt.packet")                   \
    X(CAUSE_RECEIVE_MAXIMUM, "receive_maximum", "more unacknowledged messages than announced")     \
    X(CAUSE_TAKEN_OVER, "taken_over", "the same client id connected again")                        \
    X(CAUSE_MEMORY, "memory", "limit mqtt.memory")                                                 \
    X(CAUSE_REFUSED, "message_refused", "a message was refused and MQTT 3 has no answer for it")   \
    X(CAUSE_LOST, "write_failed", "a write failed: its messages were not acknowledged")            \
    X(CAUSE_TOO_MANY, "too_many", "limit mqtt.connections")                                        \
    X(CAUSE_STOP, "stop", "the server stops")                                                      \
    X(CAUSE_ERROR, "error", "the socket failed")
#define CAUSE_ENUM(name, word, text) name,
enum cause { CAUSE_TABLE(CAUSE_ENUM) CAUSE_COUNT };
#undef CAUSE_ENUM
const char *cause_word(enum cause cause);
const char *cause_text(enum cause cause);

#define LATENCY_BUCKETS 32
struct counters {
    uint64_t accepted, turned_away; /* connections */
    uint64_t closed[CAUSE_COUNT];
    uint64_t packets, qos_0, qos_1;        /* PUBLISH by QoS */
    uint64_t acks, negative_acks, dropped; /* dropped: QoS 0 messages that were refused */
    uint64_t bytes_in, bytes_out;
    uint64_t wakeups, reads, sends, waits; /* waits: the engine said "not now" */
    uint64_t wills, subscribes_refused;
    uint64_t latency[LATENCY_BUCKETS]; /* [i]: from read to PUBACK sent in < 2^i us */
    uint32_t latency_us_max;
};
static inline void counters_latency(struct counters *counters, uint32_t us)
{
    unsigned bucket = us == 0 ? 0 : 32 - (unsigned)__builtin_clz(us);
    counters->latency[bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1]++;
    if (us > counters->latency_us_max)
        counters->latency_us_max = us;
}
/* The upper end in us of the bucket that holds the given share (0..1) of all; 0 when none. */
uint64_t counters_latency_share(const struct counters *counters, double share);

/* Totals a second apart, so that rates over the last seconds can be told. */
#define RATE_SAMPLES 16
struct rate_totals {
    int64_t at_ns;
    uint64_t messages, values, bytes_in, acks, wakeups, reads, cpu_ns;
};
struct rates {
    struct rate_totals samples[RATE_SAMPLES];
    size_t count, next;
};
static inline bool rates_are_due(const struct rates *rates, int64_t now_ns)
{
    return rates->count == 0 ||
           now_ns - rates->samples[(rates->next + RATE_SAMPLES - 1) % RATE_SAMPLES].at_ns >=
               NS_PER_S;
}
void rates_note(struct rates *rates, const struct rate_totals *totals);
/* The oldest sample not older than 10 s before now and at least half a second away; else the
 * newest one that far away. NULL when there is none. */
const struct rate_totals *rates_before(const struct rates *rates, int64_t now_ns);
