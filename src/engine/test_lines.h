/* A house for tests of lines: an engine on a folder, workers inline, bodies fed in pieces. What
 * must hold is check()ed, so that the fuzzer can use it as well. */
#pragma once

#include "engine/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINES_LISTED 64
struct lines_house {
    char folder[64];
    struct disk *disk;
    struct worker *writer, *background;
    struct engine_config config;
    struct engine *engine;
    struct publisher publisher;
    struct lines *lines;
    struct outcome outcome; /* of the last command */
    /* of the last body */
    struct lines_counts counts;
    enum admit stop;
    struct line_refused refused[LINES_LISTED];
    char texts[LINES_LISTED][64];
    size_t refused_count;
};

static inline void lines_house_outcome(void *arg, uint64_t tag, const struct outcome *outcome)
{
    struct lines_house *house = arg;
    (void)tag;
    house->outcome = *outcome;
}

static inline void lines_house_begin(struct lines_house *house)
{
    struct engine_start start;
    engine_config_default(&house->config);
    house->config.disk = house->disk;
    house->config.clock = clock_real();
    house->config.writer = house->writer;
    house->config.background = house->background;
    house->config.batch_floor_ns = 0;
    house->config.seed = 77;
    house->config.outcome = lines_house_outcome;
    house->config.arg = house;
    check(engine_open(&house->config, &house->engine, &start) == OK);
    publisher_init(&house->publisher, TENANT_DEFAULT, 1000000);
}

static inline struct lines_house *lines_house_new(const char *root)
{
    struct lines_house *house = calloc(1, sizeof *house);
    check(house != NULL);
    snprintf(house->folder, sizeof house->folder, "%s/lines_test.XXXXXX", root);
    check(mkdtemp(house->folder) != NULL);
    check(disk_real_open(house->folder, true, &house->disk) == OK);
    check(worker_inline_create(&house->writer) == OK);
    check(worker_inline_create(&house->background) == OK);
    check(lines_create(&house->lines) == OK);
    lines_house_begin(house);
    return house;
}

static inline void lines_house_destroy(struct lines_house *house)
{
    char command[128];
    engine_close(house->engine, false);
    lines_destroy(house->lines);
    house->writer->destroy(house->writer);
    house->background->destroy(house->background);
    disk_real_close(house->disk);
    snprintf(command, sizeof command, "rm -rf %s", house->folder);
    check(system(command) == 0);
    free(house);
}

static inline void lines_house_settle(struct lines_house *house)
{
    struct journal *journal = engine_journal(house->engine);
    for (int i = 0; i < 1000 && (!journal_batch_empty(journal) || journal_in_flight(journal)); i++)
        (void)engine_step(house->engine);
    (void)engine_step(house->engine);
}

static inline void lines_house_refused(struct lines_house *house,
                                       const struct line_refused *refused)
{
    check(refused->line > 0 && refused->code != NULL && refused->detail != NULL);
    if (house->refused_count < LINES_LISTED) {
        size_t size = refused->text.size < 63 ? refused->text.size : 63;
        if (size > 0)
            memcpy(house->texts[house->refused_count], refused->text.at, size);
        house->texts[house->refused_count][size] = '\0';
        house->refused[house->refused_count] = *refused;
    }
    house->refused_count++;
}

/* Until the decoder wants more; false: nothing more is taken. What has to wait is moved, as a door
 * does it. */
static inline bool lines_house_run(struct lines_house *house, uint8_t *room, int budget)
{
    for (;;) {
        struct line_refused refused;
        int left = budget;
        switch (engine_lines(house->engine, house->lines, &left, &refused, &house->stop)) {
        case LINES_MORE:
            return true;
        case LINES_STOP:
            return false;
        case LINES_REFUSED:
            lines_house_refused(house, &refused);
            break;
        case LINES_WAIT:
            lines_move(house->lines, room);
            (void)engine_step(house->engine);
            break;
        case LINES_TURN:
            lines_move(house->lines, room);
            break;
        }
    }
}

/* A whole body, in pieces of so many bytes at most, each of which is gone when it was taken. */
static inline bool lines_house_say(struct lines_house *house, struct bytes body, size_t piece,
                                   int budget)
{
    uint8_t *room = malloc(piece + 1), *copy = malloc(piece + 1);
    check(room != NULL && copy != NULL);
    house->refused_count = 0;
    lines_begin(house->lines, &house->publisher, INFLUX_NS);
    bool goes_on = true;
    for (size_t at = 0; at < body.size && goes_on; at += piece) {
        size_t size = body.size - at < piece ? body.size - at : piece;
        memcpy(copy, body.at + at, size);
        lines_feed(house->lines, bytes_of(copy, size));
        goes_on = lines_house_run(house, room, budget);
        memset(copy, 0xAA, piece);
        memset(room, 0xAA, piece);
    }
    if (goes_on) {
        lines_end(house->lines);
        goes_on = lines_house_run(house, room, budget);
    }
    house->counts = *lines_counts(house->lines);
    free(room);
    free(copy);
    return goes_on;
}
