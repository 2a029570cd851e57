/* A house for tests: an engine on a real folder, workers inline, outcomes kept as they come. */
#pragma once

#include "engine/engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define OUTCOMES 64

struct house {
    char folder[64];
    struct disk *disk;
    struct worker *writer, *background;
    struct engine_config config;
    struct engine *engine;
    struct engine_start start;
    struct publisher publisher;
    uint32_t audit_kept;        /* 0: as usual */
    struct worker *snapshotter; /* NULL: as usual */
    void (*changed)(void *arg, const struct row_shape *shape, const struct sample_row *sample);
    uint64_t tags[OUTCOMES];
    struct outcome outcomes[OUTCOMES];
    size_t outcome_count;
};

static inline void house_outcome(void *arg, uint64_t tag, const struct outcome *outcome)
{
    struct house *house = arg;
    assert_true(house->outcome_count < OUTCOMES);
    house->tags[house->outcome_count] = tag;
    house->outcomes[house->outcome_count++] = *outcome;
}

static inline void house_tell(void *arg, enum log_level level, const char *text)
{
    (void)arg;
    if (level <= LOG_WARN)
        fprintf(stderr, "told: %s\n", text);
}

static inline void house_open(struct house *house)
{
    assert_int_equal(disk_real_open(house->folder, true, &house->disk), OK);
    assert_int_equal(worker_inline_create(&house->writer), OK);
    assert_int_equal(worker_inline_create(&house->background), OK);
    engine_config_default(&house->config);
    house->config.disk = house->disk;
    house->config.clock = clock_real();
    house->config.writer = house->writer;
    house->config.background = house->background;
    house->config.batch_floor_ns = 0;
    house->config.segment_first_bytes = (uint64_t)4 << 20;
    house->config.outcome = house_outcome;
    house->config.tell = house_tell;
    house->config.changed = house->changed;
    house->config.audit_kept = house->audit_kept;
    house->config.snapshotter = house->snapshotter;
    house->config.arg = house;
    assert_int_equal(engine_open(&house->config, &house->engine, &house->start), OK);
    publisher_init(&house->publisher, TENANT_DEFAULT, 1000000);
}

static inline void house_close(struct house *house, bool snapshot)
{
    engine_close(house->engine, snapshot);
    house->writer->destroy(house->writer);
    house->background->destroy(house->background);
    disk_real_close(house->disk);
}

/* changed: as in the configuration; NULL is fine. */
static inline struct house *house_new(void (*changed)(void *arg, const struct row_shape *shape,
                                                      const struct sample_row *sample))
{
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    house->changed = changed;
    snprintf(house->folder, sizeof house->folder, "/tmp/engine_test.XXXXXX");
    assert_non_null(mkdtemp(house->folder));
    house_open(house);
    return house;
}

static inline void house_destroy(struct house *house)
{
    char command[128];
    house_close(house, false);
    snprintf(command, sizeof command, "rm -rf %s", house->folder);
    assert_int_equal(system(command), 0);
    free(house);
}

static inline void house_settle(struct house *house)
{
    for (int i = 0; i < 1000; i++) {
        if (journal_batch_empty(engine_journal(house->engine)) &&
            !journal_in_flight(engine_journal(house->engine)))
            return;
        (void)engine_step(house->engine);
    }
    fail_msg("the engine does not come to rest");
}
