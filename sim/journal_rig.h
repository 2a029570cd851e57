/* A journal on the imagined disk, for the tests of it. Records are facts that carry a number (a
 * program's name), samples of one row, and messages whose topic and payload say their number. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "clock_sim.h"
#include "disk_sim.h"
#include "journal/journal.h"
#include "worker_sim.h"

#define SEGMENT_BYTES ((uint64_t)2 << 20)
#define RECORDS_MAX 200000

struct rig {
    struct random random;
    struct disk_sim *disk;
    struct clock_sim clock;
    struct worker_sim writer, background;
    struct journal *journal;
    struct journal_config config;
    struct row_context row;
    struct column_context columns[2];
    uint32_t *found; /* numbers of facts, in order */
    size_t found_count;
    uint32_t *messages; /* numbers of messages, in order */
    size_t message_count;
    uint64_t end_position, holes;
    uint64_t samples; /* values decoded by segment_decoder */
    uint64_t undecodable;
    char told[8192];
};

void rig_init(struct rig *rig, uint64_t seed);
void rig_done(struct rig *rig);
void rig_open(struct rig *rig);
void rig_close(struct rig *rig);
/* Reads all from position; the samples by the format room alone. Every message is checked against
 * its number. */
void rig_read(struct rig *rig, uint64_t position);
/* Opens, reads to the end, starts. */
void rig_start(struct rig *rig);
bool rig_put(struct rig *rig, uint32_t number);
enum journal_room rig_put_sample(struct rig *rig, uint32_t number);
enum journal_room rig_put_message(struct rig *rig, uint32_t number);
enum err rig_poll(struct rig *rig);
/* Until nothing moves any more. */
enum err rig_pump(struct rig *rig);
/* A fact for each number, each in a batch of its own. */
void rig_put_durable(struct rig *rig, uint32_t from, uint32_t to);
/* A first segment of so many samples, facts and (where asked for) messages, closed and squeezed. */
void rig_put_squeezed(struct rig *rig, uint32_t count, bool messages);
void rig_crash(struct rig *rig);
/* The facts found are just these numbers. */
void assert_found(const struct rig *rig, uint32_t from, uint32_t to);
void file_put(struct rig *rig, const char *name, uint64_t offset, const void *at, size_t size);
