/* test_house: an engine with its history on a folder in /tmp, and a pool of SQL above it. The test
 * program itself is the process that runs SQL: its main begins with sql_house_main.
 *
 *   house_publish   a message on a topic; house_settle: durable, applied
 *   house_sql       a statement to its end: its answer as CSV, or "code: sentence" */
#pragma once

#include "engine/engine.h"
#include "query/query.h"
#include "sql/sql.h"

#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct sql_house {
    char folder[64];
    struct disk *disk;
    struct worker *writer, *background, *sealer, *merger;
    struct engine *engine;
    struct namespace *space;
    struct sql *sql;
    struct publisher publisher;
    struct sql_config config;
    struct query_sight *sight; /* of who asks */
    uint64_t asker;
    struct outcome outcome; /* of the last command */
};

static inline void house_told(void *arg, enum log_level level, const char *text)
{
    (void)arg;
    if (level <= LOG_WARN && getenv("HOUSE_TELLS"))
        fprintf(stderr, "told: %s\n", text);
}

static inline void house_outcome(void *arg, uint64_t tag, const struct outcome *outcome)
{
    struct sql_house *house = arg;
    (void)tag;
    house->outcome = *outcome;
    if (outcome->point != POINT_NONE)
        namespace_point_changed(house->space, outcome->point);
}

static inline bool house_step(struct sql_house *house)
{
    struct journal *journal = engine_journal(house->engine);
    (void)engine_step(house->engine);
    bool entered = namespace_catch_up(house->space, 1000, NULL, NULL);
    int64_t wait_ns = sql_step(house->sql);
    return journal_batch_empty(journal) && !journal_in_flight(journal) && entered && wait_ns > 0;
}

static inline void house_settle(struct sql_house *house)
{
    for (int quiet = 0; quiet < 2;)
        quiet = house_step(house) ? quiet + 1 : 0;
}

static inline void house_publish(struct sql_house *house, const char *topic, const char *payload)
{
    struct admitted admitted;
    enum admit admit;
    while ((admit = engine_publish(house->engine, &house->publisher, bytes_text(topic),
                                   bytes_text(payload), &admitted)) == ADMIT_WAIT)
        (void)house_step(house);
    assert_int_equal(admit, ADMIT_DONE);
}

static inline void house_command(struct sql_house *house, const struct command *command)
{
    struct admitted admitted;
    enum admit admit;
    while ((admit = engine_command(house->engine, command, 1, &admitted)) == ADMIT_WAIT)
        (void)house_step(house);
    assert_int_equal(admit, ADMIT_DONE);
    house_settle(house);
}

/* Everything that was taken lies in parts. */
static inline void house_seal(struct sql_house *house)
{
    struct history *history = engine_history(house->engine);
    house_settle(house);
    history_seal_now(history);
    do
        (void)house_step(house);
    while (history_is_busy(history));
}

static inline void house_open_sql(struct sql_house *house, uint32_t processes, uint64_t memory,
                                  int64_t time_ns)
{
    house->config = (struct sql_config){.space = house->space,
                                        .points = engine_points(house->engine),
                                        .history = engine_history(house->engine),
                                        .clock = clock_real(),
                                        .limits = {processes, memory, time_ns},
                                        .tell = house_told};
    assert_int_equal(sql_create(&house->config, &house->sql), OK);
}

static inline struct sql_house *house_create(void)
{
    struct sql_house *house = calloc(1, sizeof *house);
    struct engine_start start;
    struct engine_config config;
    assert_non_null(house);
    snprintf(house->folder, sizeof house->folder, "/tmp/sql_test.XXXXXX");
    assert_non_null(mkdtemp(house->folder));
    assert_int_equal(disk_real_open(house->folder, true, &house->disk), OK);
    struct worker **workers[] = {&house->writer, &house->background, &house->sealer,
                                 &house->merger};
    for (size_t i = 0; i < ARRAY_COUNT(workers); i++)
        assert_int_equal(worker_inline_create(workers[i]), OK);
    engine_config_default(&config);
    config.disk = house->disk;
    config.clock = clock_real();
    config.writer = house->writer;
    config.background = house->background;
    config.sealer = house->sealer;
    config.merger = house->merger;
    config.points_max = 200000;
    config.segment_max_bytes = (uint64_t)4 << 20;
    config.batch_floor_ns = 0;
    config.tell = house_told;
    config.outcome = house_outcome;
    config.arg = house;
    assert_int_equal(engine_open(&config, &house->engine, &start), OK);
    assert_int_equal(namespace_create(engine_points(house->engine), &house->space), OK);
    publisher_init(&house->publisher, TENANT_DEFAULT, 1000000);
    house->sight = query_sight_create(&(struct query_asker){.tenant = TENANT_DEFAULT});
    assert_non_null(house->sight);
    house_open_sql(house, 2, (uint64_t)64 << 20, 20 * NS_PER_S);
    return house;
}

static inline int house_remove(const char *path, const struct stat *state, int kind,
                               struct FTW *walk)
{
    (void)state, (void)kind, (void)walk;
    return remove(path);
}

static inline void house_destroy(struct sql_house *house)
{
    sql_destroy(house->sql);
    query_sight_release(house->sight);
    namespace_destroy(house->space);
    engine_close(house->engine, false);
    struct worker *workers[] = {house->writer, house->background, house->sealer, house->merger};
    for (size_t i = 0; i < ARRAY_COUNT(workers); i++)
        workers[i]->destroy(workers[i]);
    disk_real_close(house->disk);
    assert_int_equal(nftw(house->folder, house_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(house);
}

/* ---- statements ---- */
static inline void house_woken(void *arg)
{
    (void)arg;
}

static inline struct sql_statement *house_ask(struct sql_house *house, const char *text,
                                              enum sql_format format, uint64_t limit,
                                              const struct sql_parameter *parameters, size_t count)
{
    struct sql_statement *statement = NULL;
    struct sql_question question = {.sight = house->sight,
                                    .asker = house->asker,
                                    .text = bytes_text(text),
                                    .parameters = parameters,
                                    .parameter_count = count,
                                    .limit = limit,
                                    .format = format,
                                    .wake = house_woken};
    enum err err = sql_ask(house->sql, &question, &statement);
    assert_int_equal(err, OK);
    return statement;
}

/* Waits for the end; the text is the caller's. */
static inline char *house_wait(struct sql_house *house, struct sql_statement *statement)
{
    size_t size = 0;
    char *text = calloc(1, 1);
    for (;;) {
        struct sql_piece piece;
        struct pollfd fd = {.fd = sql_fd(house->sql), .events = POLLIN};
        enum sql_progress progress = sql_read(statement, &piece);
        if (progress == SQL_WAIT) {
            if (sql_step(house->sql) > 0)
                (void)poll(&fd, 1, 20);
            continue;
        }
        if (progress == SQL_TEXT) {
            text = realloc(text, size + piece.text.size + 1);
            assert_non_null(text);
            memcpy(text + size, piece.text.at, piece.text.size);
            size += piece.text.size;
            text[size] = '\0';
            continue;
        }
        if (progress == SQL_FAULT) {
            free(text);
            assert_true(asprintf(&text, "%s: %s", piece.code, piece.sentence) > 0);
        }
        sql_end(statement);
        return text;
    }
}

static inline char *house_sql(struct sql_house *house, const char *text)
{
    return house_wait(house, house_ask(house, text, SQL_CSV, 100000, NULL, 0));
}

#define assert_sql(house, text, wanted)                                                            \
    do {                                                                                           \
        char *found_text = house_sql(house, text);                                                 \
        if (strcmp(found_text, wanted) != 0)                                                       \
            fail_msg("%s\nis      %s\nand not %s", text, found_text, wanted);                      \
        free(found_text);                                                                          \
    } while (0)
#define assert_sql_has(house, text, wanted)                                                        \
    do {                                                                                           \
        char *found_text = house_sql(house, text);                                                 \
        if (strstr(found_text, wanted) == NULL)                                                    \
            fail_msg("%s\nis      %s\nwithout %s", text, found_text, wanted);                      \
        free(found_text);                                                                          \
    } while (0)

/* True: this is the process, and *ret_code its exit code. */
static inline bool sql_house_main(int count, char **words, int *ret_code)
{
    if (count < 2 || strcmp(words[1], SQL_WORKER_VERB) != 0)
        return false;
    *ret_code = sql_worker_main(count - 2, words + 2);
    return true;
}
