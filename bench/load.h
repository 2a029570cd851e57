/* load: devices that measure, and gateways that send what they measured, for the benches. One
 * thread, its own epoll loop, no client library: the generator shares the machine with the server
 * and must cost little. A device has `values` metrics that walk at random in steps of a decimal;
 * three samples of four differ from the one before. A device's state is four bytes a metric.
 *
 * A connection owns a block of devices and sends them in turn, a burst of messages at a time.
 *   rate > 0: bursts are sent when they are due, whatever is unacknowledged; latency counts from
 * the time a burst was due. rate = 0: a connection sends its next burst when the last one is
 * acknowledged. Everything sent is summed up, so that the journal can be compared with it. */
#pragma once

#include "base/base.h"

struct load_options {
    const char *address;
    uint32_t connections, burst, values, points;
    uint64_t rate; /* values a second; 0: as fast as the server takes them */
    bool single;   /* one metric a topic, the payload a number */
    bool jitter;   /* source times off by up to 10 ms; with single the payload is {"ts","value"} */
    int64_t period_ms; /* between two samples of a device, by its own clock */
};

#define LATENCY_BUCKETS 2048 /* 32 to each power of two, in us */
struct latency {
    uint64_t count;
    uint64_t buckets[LATENCY_BUCKETS];
    uint64_t max_us;
};
void latency_add(struct latency *latency, uint64_t us, uint64_t count);
double latency_share_ms(const struct latency *latency, double share); /* share: 0.5, 0.99 ... */

struct load;
struct load *load_create(const struct load_options *options);
void load_destroy(struct load *load);
/* Connects (again, after a restart of the server). False after printing why. */
MUST_USE bool load_connect(struct load *load);
void load_disconnect(struct load *load);

struct load_result {
    double seconds;
    uint64_t messages, values; /* acknowledged in that time */
    uint64_t refused;
    uint64_t cpu_ns; /* of this process */
    struct latency latency;
};
/* Sends every device once (as fast as possible) and waits for the acknowledgements. */
MUST_USE bool load_register(struct load *load);
/* Sends for so long; *ret_result may be NULL (warm-up). */
MUST_USE bool load_run(struct load *load, double seconds, struct load_result *ret_result);
/* Waits until all that was sent is acknowledged. */
MUST_USE bool load_drain(struct load *load, double seconds);
/* Forgets what is unacknowledged: the server was killed. The sums cover acknowledged messages only
 * after a drain; without one, load_check compares counts: found >= acknowledged. */
void load_forget(struct load *load);

struct load_check {
    uint64_t acked, found;         /* values */
    bool drained;                  /* sums may be compared */
    bool same;                     /* acknowledged and found are the same samples */
    uint64_t undecodable, strange; /* strange: samples of no device of ours */
    /* Closed segments in their last form: the dictionary and commands, the samples, how many. */
    uint64_t facts_bytes, samples_bytes, squeezed_values;
    double seconds;
};
/* Reads the journal of the folder back and compares. */
MUST_USE bool load_check(const struct load *load, const char *folder, struct load_check *ret_check);

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
uint64_t load_values_acked(const struct load *load);
uint64_t load_sum(const struct load *load);
bool load_is_drained(const struct load *load);
const struct load_options *load_options_of(const struct load *load);
