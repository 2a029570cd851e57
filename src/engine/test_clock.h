/* A clock for tests that stands still, but for so much time as each look at it takes. */
#pragma once

#include "os/os.h"

static int64_t now_ns, look_ns;

static inline int64_t clock_boot(struct clock *clock)
{
    (void)clock;
    return now_ns += look_ns;
}

static inline int64_t clock_wall(struct clock *clock)
{
    (void)clock;
    return INT64_C(1700000000) * NS_PER_S + now_ns;
}

static struct clock test_clock = {clock_boot, clock_wall};
