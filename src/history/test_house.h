/* What the tests of this room share: a store on a real disk, in a folder of its own, with workers
 * that work at once. */
#pragma once

#include "history/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define T0 INT64_C(1772352000000000000)

static int64_t house_leap_ns;
static int64_t house_later_ns; /* than the real clocks say */
struct house {
    char folder[64];
    struct disk *disk;
    struct worker *sealer, *merger;
    struct history *history;
    struct history_config config;
    uint64_t position;
};

/* The real clock, and house_leap_ns more with each look at it. */
static inline int64_t house_boot_ns(struct clock *clock)
{
    static int64_t more_ns;
    (void)clock;
    return clock_real()->boot_ns(clock_real()) + house_later_ns + (more_ns += house_leap_ns);
}

static inline int64_t house_wall_ns(struct clock *clock)
{
    (void)clock;
    return clock_real()->wall_ns(clock_real()) + house_later_ns;
}

static inline void house_open_told(struct house *house, uint64_t reserve_bytes,
                                   void (*tell)(void *arg, enum log_level level, const char *text))
{
    assert_int_equal(worker_inline_create(&house->sealer), OK);
    assert_int_equal(worker_inline_create(&house->merger), OK);
    history_config_default(&house->config);
    house->config.disk = house->disk;
    static struct clock clock = {.boot_ns = house_boot_ns, .wall_ns = house_wall_ns};
    house->config.clock = &clock;
    house->config.reserve_bytes = reserve_bytes;
    house->config.tell = tell;
    house->config.sealer = house->sealer;
    house->config.merger = house->merger;
    house->config.journal[0] = 7;
    assert_int_equal(history_open(&house->config, &house->history), OK);
    house->position = history_sealed(house->history);
}

static inline void house_open(struct house *house)
{
    house_open_told(house, 1, NULL);
}

static inline void house_close(struct house *house)
{
    history_close(house->history);
    house->sealer->destroy(house->sealer);
    house->merger->destroy(house->merger);
}

static inline int house_setup(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    strcpy(house->folder, "/tmp/mainstem-history-XXXXXX");
    assert_non_null(mkdtemp(house->folder));
    assert_int_equal(disk_real_open(house->folder, true, &house->disk), OK);
    house_open(house);
    *state = house;
    return 0;
}

static inline int house_teardown(void **state)
{
    struct house *house = *state;
    house_close(house);
    disk_real_close(house->disk);
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", house->folder);
    assert_int_equal(system(command), 0);
    free(house);
    return 0;
}

static inline void house_idle(struct house *house)
{
    for (int i = 0; i < 100; i++) {
        history_step(house->history);
        if (!history_is_busy(house->history))
            return;
    }
    fail_msg("the history is still busy");
}

static inline void house_seal(struct house *house)
{
    history_seal_now(house->history);
    house_idle(house);
}

/* Ten seconds later: the disk's room is looked at, once. */
static inline void house_space_look(struct house *house)
{
    house_leap_ns = 11 * NS_PER_S;
    history_step(house->history);
    house_leap_ns = 0;
    house_idle(house);
}

/* So much later: what policies let go, goes. */
static inline void house_wait(struct house *house, int64_t time_ns)
{
    house_later_ns += time_ns;
    history_step(house->history);
    house_idle(house);
}
