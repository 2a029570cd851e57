/* traffic: what imagined devices say, and which values a correct house makes of it. */
#pragma once

#include "format/format.h"
#include "random.h"

#define DEVICES 24
#define METRICS_MAX 12
#define MESSAGE_VALUES_MAX 64
#define PAYLOAD_MAX 32768

/* What the house should answer. */
enum expectation { EXPECT_TAKEN, EXPECT_REFUSED };

struct message {
    unsigned device;
    char topic[128];
    char payload[PAYLOAD_MAX];
    size_t payload_size;
    enum expectation expectation;
    uint64_t keys[MESSAGE_VALUES_MAX]; /* of the values in it */
    size_t key_count;
};

struct device {
    uint8_t kind;
    uint8_t metrics;
    bool known; /* something it said was acknowledged: its first point is there */
    uint8_t types[METRICS_MAX];
    int64_t steps[METRICS_MAX]; /* last numbers: readings walk */
};
struct traffic {
    struct random *random;
    struct device devices[DEVICES];
    struct message last; /* kept now and then, to be said again */
};
void traffic_init(struct traffic *traffic, struct random *random);
/* The next message of some device; wall_ns: the sender's clock. */
void traffic_next(struct traffic *traffic, int64_t wall_ns, struct message *message);
