/* A store on a disk in memory, with workers that do a job when they are told to, beside it all that
 * was ever told to it: what a scan gives must be the fold of that. */
#pragma once

#include "history/history.h"
#include "base/test_random.h"
#include "history/test_disk.h"

#define STORE_COLUMNS 6
#define STORE_ROWS 5
#ifndef STORE_EVENTS
#define STORE_EVENTS 30000
#endif
#define STORE_START_NS (INT64_C(1700000000) * NS_PER_S)

static inline uint64_t luck_below(uint64_t *luck, uint64_t limit)
{
    return test_random(luck) % limit;
}

/* ---- clock and workers ---- */
struct test_clock {
    struct clock port; /* first */
    int64_t boot_ns, wall_ns;
};

static inline int64_t test_clock_boot(struct clock *port)
{
    return ((struct test_clock *)(void *)port)->boot_ns;
}

static inline int64_t test_clock_wall(struct clock *port)
{
    return ((struct test_clock *)(void *)port)->wall_ns;
}

struct test_worker {
    struct worker port; /* first */
    struct job *todo, *finished;
};

static inline void test_job_put(struct job **list, struct job *job)
{
    job->next = NULL;
    while (*list != NULL)
        list = &(*list)->next;
    *list = job;
}

static inline void test_worker_submit(struct worker *port, struct job *job)
{
    test_job_put(&((struct test_worker *)(void *)port)->todo, job);
}

/* The oldest job; false: none waits. */
static inline bool test_worker_run(struct test_worker *worker)
{
    struct job *job = worker->todo;
    if (job == NULL)
        return false;
    worker->todo = job->next;
    job->run(job);
    test_job_put(&worker->finished, job);
    return true;
}

static inline size_t test_worker_poll(struct worker *port)
{
    struct test_worker *worker = (struct test_worker *)(void *)port;
    struct job *job = worker->finished;
    size_t count = 0;
    worker->finished = NULL;
    while (job != NULL) {
        struct job *next = job->next;
        job->done(job);
        job = next;
        count++;
    }
    return count;
}

static inline void test_worker_wait(struct worker *port)
{
    while (test_worker_run((struct test_worker *)(void *)port))
        ;
}

static inline int test_worker_fd(struct worker *port)
{
    (void)port;
    return -1;
}

static inline void test_worker_init(struct test_worker *worker)
{
    *worker = (struct test_worker){.port = {.submit = test_worker_submit,
                                            .poll = test_worker_poll,
                                            .wait = test_worker_wait,
                                            .fd = test_worker_fd,
                                            .destroy = test_worker_wait}};
}

/* ---- what was told ---- */
struct test_event { /* a record, or an erasure */
    uint64_t position;
    uint32_t row;
    bool is_erasure;
    uint16_t count;
    int64_t time_ns, arrival_ns; /* erasure: from, to */
    uint8_t columns[STORE_COLUMNS];
    struct value values[STORE_COLUMNS];
};

struct store {
    struct test_disk disk;
    struct test_clock clock;
    struct test_worker sealer, merger;
    struct history_config config;
    struct history *history;
    uint64_t luck;
    struct test_event events[STORE_EVENTS]; /* the journal, by position */
    size_t count;
    uint32_t erasures[STORE_EVENTS]; /* which of them are */
    size_t erasures_count;
    unsigned rows;     /* that devices tell of */
    bool rollups;      /* of all points */
    uint64_t position; /* the next record's */
    uint64_t erased;   /* as it was told: no erasure before it is told again */
    int64_t newest_ns[STORE_ROWS];
    unsigned damage_told;
};

static inline uint32_t store_row(unsigned i)
{
    return 1 + i * 3001;
}

static inline uint32_t store_point(unsigned i)
{
    return 10 + i * 20;
}

static inline uint8_t store_type(unsigned row, unsigned column)
{
    static const uint8_t types[] = {VALUE_FLOAT64, VALUE_INT64,  VALUE_BOOL,
                                    VALUE_FLOAT64, VALUE_STRING, VALUE_FLOAT64};
    return row == 0 ? VALUE_FLOAT64 : types[(row + column) % ARRAY_COUNT(types)];
}

static inline void store_tell(void *arg, enum log_level level, const char *text)
{
    struct store *store = arg;
    store->damage_told += level == LOG_ERROR && strstr(text, "left out") != NULL;
}

/* As an engine says them at each start. */
static inline void store_policies(struct store *store)
{
    struct history_policy policies[2] = {{0}, {.rollup = {false, true, true, true}}};
    check(history_policies(store->history, policies, 2) == OK);
    for (unsigned row = 0; row < STORE_ROWS; row++) {
        struct row_shape shape = {store_row(row), store_point(row), STORE_COLUMNS};
        for (uint16_t i = 0; i < STORE_COLUMNS; i++)
            check(history_assign(store->history, &shape, i, store_type(row, i), 1, 0) == OK);
    }
    history_assigned(store->history, 0);
}

static inline void store_open(struct store *store)
{
    test_worker_init(&store->sealer);
    test_worker_init(&store->merger);
    check(history_open(&store->config, &store->history) == OK);
    if (store->rollups)
        store_policies(store);
}

static inline void store_init(struct store *store, uint64_t seed)
{
    memset(store, 0, sizeof *store);
    store->luck = seed;
    store->position = 1;
    store->rows = STORE_ROWS;
    test_disk_init(&store->disk);
    store->clock = (struct test_clock){
        .port = {test_clock_boot, test_clock_wall}, .boot_ns = NS_PER_S, .wall_ns = STORE_START_NS};
    for (unsigned i = 0; i < STORE_ROWS; i++)
        store->newest_ns[i] = STORE_START_NS;
    history_config_default(&store->config);
    store->config.disk = &store->disk.port;
    store->config.clock = &store->clock.port;
    store->config.sealer = &store->sealer.port;
    store->config.merger = luck_below(&store->luck, 4) ? &store->merger.port : &store->sealer.port;
    store->config.journal[0] = seed;
    store->config.journal[1] = 7;
    store->config.tell = store_tell;
    store->config.arg = store;
    store_open(store);
}

static inline void store_done(struct store *store)
{
    history_close(store->history);
    test_disk_done(&store->disk);
}

static inline struct value store_luck_value(struct store *store, uint8_t type)
{
    static const uint8_t letters[] = "a state of some length, and another, and one more of them";
    uint64_t *luck = &store->luck, word = test_random(luck) >> luck_below(luck, 64);
    struct value value = {.type = type, .present = true};
    if (type == VALUE_FLOAT64)
        value = value_of_real((double)(int64_t)word / (luck_below(luck, 8) ? 100 : 3));
    else if (type == VALUE_STRING)
        value.text = bytes_of(letters + word % 8, luck_below(luck, 48));
    else
        value.number = (int64_t)(type == VALUE_BOOL ? word & 1 : word);
    if (luck_below(luck, 16) == 0)
        value.quality = QUALITY_UNCERTAIN;
    if (luck_below(luck, 32) == 0)
        value.present = false;
    return value;
}

/* In order mostly; late by a little or by years; twice. */
static inline int64_t store_luck_time(struct store *store, unsigned row)
{
    uint64_t *luck = &store->luck;
    int64_t *newest = &store->newest_ns[row];
    switch (luck_below(luck, 16)) {
    case 0:
        return *newest;
    case 1:
        return *newest - (int64_t)luck_below(luck, 40) * NS_PER_S;
    case 2:
        return *newest - (int64_t)luck_below(luck, 400) * 86400 * NS_PER_S / 16;
    case 3:
        return (int64_t)luck_below(luck, 50) * NS_PER_S; /* of 1970: again and again the same */
    default:
        return *newest += (int64_t)luck_below(luck, 3) * NS_PER_S;
    }
}

static inline struct sample_row store_sample(const struct test_event *event)
{
    bool whole = event->columns[event->count - 1] == event->count - 1;
    return (struct sample_row){.row = event->row,
                               .count = event->count,
                               .time_ns = event->time_ns,
                               .columns = whole ? NULL : event->columns,
                               .values = event->values};
}

static inline void store_feed_event(struct store *store, const struct test_event *event)
{
    struct history *history = store->history;
    unsigned row = (event->row - 1) / 3001;
    if (event->is_erasure) {
        struct history_point points[STORE_COLUMNS];
        for (unsigned i = 0; i < event->count; i++)
            points[i] = (struct history_point){event->row, store_point(row) + event->columns[i],
                                               event->columns[i]};
        while (!history_may_erase(history)) {
            (void)history_step(history);
            test_worker_run(&store->sealer);
        }
        check(history_erase(history, event->position, points, event->count, event->time_ns,
                            event->arrival_ns) == OK);
        return;
    }
    struct row_shape shape = {event->row, store_point(row), STORE_COLUMNS};
    struct sample_row sample = store_sample(event);
    check(history_append(history, event->position, &shape, &sample, event->arrival_ns) == OK);
}

static inline struct test_event *store_event_add(struct store *store, unsigned row)
{
    check(store->count < STORE_EVENTS);
    struct test_event *event = &store->events[store->count++];
    *event = (struct test_event){.position = store->position++, .row = store_row(row)};
    for (unsigned i = 0; i < STORE_COLUMNS; i++)
        if (luck_below(&store->luck, 4))
            event->columns[event->count++] = (uint8_t)i;
    if (event->count == 0)
        event->columns[event->count++] = (uint8_t)luck_below(&store->luck, STORE_COLUMNS);
    return event;
}

static inline void store_append(struct store *store, unsigned records)
{
    for (unsigned i = 0; i < records && store->count < STORE_EVENTS; i++) {
        unsigned row = (unsigned)luck_below(&store->luck, store->rows);
        struct test_event *event = store_event_add(store, row);
        event->time_ns = store_luck_time(store, row);
        event->arrival_ns = event->time_ns + (int64_t)luck_below(&store->luck, 5000) * NS_PER_MS;
        for (unsigned k = 0; k < event->count; k++)
            event->values[k] = store_luck_value(store, store_type(row, event->columns[k]));
        store_feed_event(store, event);
        store->position += luck_below(&store->luck, 8) == 0; /* a fact */
    }
    history_advance(store->history, store->position);
}

static inline void store_erase(struct store *store)
{
    if (store->count == STORE_EVENTS)
        return;
    unsigned row = (unsigned)luck_below(&store->luck, store->rows);
    struct test_event *event = store_event_add(store, row);
    event->is_erasure = true;
    store->erasures[store->erasures_count++] = (uint32_t)(store->count - 1);
    event->time_ns = store->newest_ns[row] - (int64_t)luck_below(&store->luck, 60) * NS_PER_S;
    if (luck_below(&store->luck, 4) == 0)
        event->time_ns = 0;
    event->arrival_ns = event->time_ns + (int64_t)luck_below(&store->luck, 60) * NS_PER_S;
    if (luck_below(&store->luck, 8) == 0)
        event->arrival_ns = INT64_MAX;
    store_feed_event(store, event);
    history_advance(store->history, store->position);
}

/* ---- the work in the background ---- */
static inline void store_work(struct store *store)
{
    (void)history_step(store->history);
    if (luck_below(&store->luck, 3))
        test_worker_run(&store->sealer);
    if (luck_below(&store->luck, 3))
        test_worker_run(&store->merger);
}

/* Until nothing is under way; the disk does what it is told. */
static inline void store_settle(struct store *store)
{
    store->disk.fail_changes = store->disk.fail_reads = 0;
    store->disk.full = false;
    unsigned idle = 0;
    for (unsigned i = 0; idle < 4; i++) {
        check(i < 10000);
        (void)history_step(store->history);
        bool ran = test_worker_run(&store->sealer);
        ran = test_worker_run(&store->merger) || ran;
        store->clock.boot_ns += 2 * NS_PER_S;
        idle = ran || history_is_busy(store->history) ? 0 : idle + 1;
    }
}

/* ---- starting again ---- */
/* What an engine does: erasures that may not be done, then the journal from where it is needed. */
static inline void store_feed(struct store *store)
{
    uint64_t sealed = history_sealed(store->history);
    check(sealed <= store->position);
    for (size_t i = 0; i < store->count; i++) {
        const struct test_event *event = &store->events[i];
        if (event->position >= sealed || (event->is_erasure && event->position >= store->erased))
            store_feed_event(store, event);
        while (history_is_full(store->history)) {
            (void)history_step(store->history);
            test_worker_run(&store->sealer);
        }
    }
    history_advance(store->history, store->position);
}

static inline void store_reopen(struct store *store, bool crash)
{
    store->erased = history_erased(store->history);
    store->disk.off = crash;
    history_close(store->history);
    if (crash)
        test_disk_crash(&store->disk);
    store->disk.fail_changes = store->disk.fail_reads = 0;
    store->disk.full = false;
    store->clock.boot_ns = NS_PER_S;
    store_open(store);
    check(store->damage_told == 0);
    store_feed(store);
}

/* ---- the fold ---- */
struct test_cell {
    bool some;
    struct value value;
};
struct test_row {
    int64_t time_ns, lateness_s;
    struct test_cell cells[STORE_COLUMNS];
};
struct test_rows {
    struct test_row *at;
    size_t count;
    bool erased; /* something of the row was: the lateness may be that of what is gone */
};

static inline int test_event_compare(const void *a, const void *b)
{
    const struct test_event *x = *(const struct test_event *const *)a,
                            *y = *(const struct test_event *const *)b;
    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    return (x->position > y->position) - (x->position < y->position);
}

static inline bool store_is_erased(const struct store *store, const struct test_event *record,
                                   uint8_t column)
{
    for (size_t i = 0; i < store->erasures_count; i++) {
        const struct test_event *event = &store->events[store->erasures[i]];
        if (event->row != record->row || event->position <= record->position ||
            record->time_ns < event->time_ns || record->time_ns >= event->arrival_ns)
            continue;
        for (unsigned k = 0; k < event->count; k++)
            if (event->columns[k] == column)
                return true;
    }
    return false;
}

static inline int64_t store_lateness(const struct test_event *event)
{
    return (event->arrival_ns - event->time_ns) / NS_PER_S;
}

static inline void test_row_fold(const struct store *store, const struct test_event *event,
                                 struct test_rows *rows)
{
    if (rows->count == 0 || rows->at[rows->count - 1].time_ns != event->time_ns)
        rows->at[rows->count++] = (struct test_row){.time_ns = event->time_ns};
    struct test_row *row = &rows->at[rows->count - 1];
    row->lateness_s = store_lateness(event);
    for (unsigned k = 0; k < event->count; k++) {
        struct test_cell *cell = &row->cells[event->columns[k]];
        *cell = (struct test_cell){true, event->values[k]};
        if (store_is_erased(store, event, event->columns[k])) {
            cell->some = false; /* what it was written over is older, and erased as well */
            rows->erased = true;
        }
    }
}

/* Of one row, ascending; rows->at has room for all events. */
static inline void store_fold(const struct store *store, uint32_t row, struct test_rows *rows)
{
    static const struct test_event *sorted[STORE_EVENTS];
    size_t count = 0;
    for (size_t i = 0; i < store->count; i++)
        if (store->events[i].row == row && !store->events[i].is_erasure)
            sorted[count++] = &store->events[i];
    qsort(sorted, count, sizeof sorted[0], test_event_compare);
    rows->count = 0;
    rows->erased = false;
    for (size_t i = 0; i < count; i++)
        test_row_fold(store, sorted[i], rows);
}
