/* past: what the history must hold, as the journal has it: of each point and time the sample that
 * was written last. */
#pragma once

#include "format/format.h"

struct past_sample {
    uint32_t point; /* 0: an empty slot */
    bool seen;      /* the history has it */
    int64_t time_ns;
    uint64_t value; /* scan_value_hash */
};
/* Bugs to be planted: in what the history must hold, or in what it has. */
enum past_sabotage {
    PAST_SABOTAGE_NONE,
    PAST_FIRST_WINS,  /* of samples of the same time the first one is expected */
    PAST_ERASED_KEPT, /* what was erased is expected */
    PAST_PART_LOST,   /* a part of the history vanishes while the house is down */
};
struct past {
    struct past_sample *slots;
    size_t capacity, used;
    enum past_sabotage sabotage;
};
void past_init(struct past *past, enum past_sabotage sabotage);
void past_done(struct past *past);
/* In the order in which they came. */
void past_put(struct past *past, uint32_t point, int64_t time_ns, uint64_t value);
struct past_sample *past_find(struct past *past, uint32_t point, int64_t time_ns); /* or NULL */
