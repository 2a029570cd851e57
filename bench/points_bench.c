/* What the points cost: memory a point, finding, applying, rebuilding after a snapshot, the cut.
 *
 *   points_bench [POINTS]      default 6,000,000; CPU time of one thread, no disk, no sockets
 *
 * Two shapes of the same number of points: rows of ten (one JSON object a device) and rows of one
 * (a topic a metric, ten under one prefix). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/points/points.h"

#define AHEAD 16u /* how far ahead a row is prefetched */
#define METRICS 10u

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static uint64_t random_next(uint64_t *seed)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct bench {
    struct state *state;
    struct points *points;
    struct effects effects;
    struct record_stamp stamp;
    uint32_t count;
    bool rows_of_ten;
};

static void must(enum err err)
{
    if (err == OK)
        return;
    fprintf(stderr, "points_bench: %s\n", err_text(err));
    exit(1);
}

static struct bytes prefix_of(uint32_t device, char *text)
{
    int size = sprintf(text, "enterprise%u/site%u/line%u/device%06u", device / 300, device / 60 % 5,
                       device / 10 % 6, device);
    return bytes_of(text, (size_t)size);
}

/* Returns the longest record. */
static int64_t build(struct bench *b)
{
    int64_t longest = 0;
    char prefix[96], metrics[METRICS][16];
    struct fact_row_point columns[METRICS];
    for (uint32_t i = 0; i < METRICS; i++)
        columns[i] = (struct fact_row_point){
            VALUE_FLOAT64, bytes_of(metrics[i], (size_t)sprintf(metrics[i], "metric%u", i))};
    uint16_t width = b->rows_of_ten ? METRICS : 1;
    for (uint32_t point = 1; point <= b->count; point += width) {
        uint32_t device = (point - 1) / METRICS;
        struct fact fact = {.kind = FACT_ROW,
                            .row = {.tenant = 1,
                                    .shape = {points_rows(b->points) + 1, point, width},
                                    .object = b->rows_of_ten,
                                    .prefix = prefix_of(device, prefix),
                                    .points = columns + (point - 1) % METRICS}};
        int64_t began = cpu_ns();
        must(points_apply_fact(b->points, &fact, &b->stamp, &b->effects));
        int64_t took = cpu_ns() - began;
        longest = took > longest ? took : longest;
    }
    return longest;
}

static void line(const char *what, double value, const char *unit)
{
    printf("  %-46s %10.2f %s\n", what, value, unit);
}

static void measure_find(struct bench *b)
{
    enum { LOOKUPS = 2000000 };
    uint64_t seed = 1, found = 0;
    static uint64_t hashes[LOOKUPS];
    static uint32_t wanted[LOOKUPS];
    uint8_t path[PATH_MAX_BYTES];
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        wanted[i] = (uint32_t)(1 + random_next(&seed) % b->count);
        hashes[i] = points_path_hash(1, bytes_of(path, points_path(b->points, wanted[i], path)));
    }
    struct index *index;
    must(index_create(&index));
    must(index_reserve(index, b->count));
    for (uint32_t point = 1; point <= b->count; point++)
        must(index_insert(index,
                          points_path_hash(1, bytes_of(path, points_path(b->points, point, path))),
                          point));
    line("index alone", (double)index_memory(index) / b->count, "B/key");
    struct index_probe probe;
    int64_t began = cpu_ns();
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        index_prefetch(index, hashes[(i + AHEAD) % LOOKUPS]);
        found += index_first(index, &probe, hashes[i]);
    }
    line("index lookups, random, prefetched", LOOKUPS * 1e3 / (double)(cpu_ns() - began), "M/s");
    began = cpu_ns();
    for (uint32_t i = 0; i < LOOKUPS; i++)
        found += index_first(index, &probe, hashes[i]);
    line("index lookups, random, plain", LOOKUPS * 1e3 / (double)(cpu_ns() - began), "M/s");
    index_destroy(index);
    if (found == 0)
        printf("nothing found\n");
}

static uint32_t random_row(const struct bench *b, uint64_t *seed)
{
    return (uint32_t)(1 + random_next(seed) % points_rows(b->points));
}

static void apply_row(struct bench *b, uint32_t row_id, int64_t time_ns, struct value *values)
{
    struct point_row row;
    points_row(b->points, row_id, &row);
    struct sample_row sample = {
        .row = row_id, .count = row.shape.count, .time_ns = time_ns, .values = values};
    must(points_apply_sample(b->points, &row.shape, &sample, time_ns, &b->effects));
}

static void measure_apply(struct bench *b, const char *what, bool random, uint32_t rows_used)
{
    struct value values[METRICS];
    for (uint32_t i = 0; i < METRICS; i++)
        values[i] = value_of_real(20.5 + i);
    uint64_t seed = 7, ahead = 7, near = 7;
    uint32_t rounds = 3000000;
    for (uint32_t i = 0; i < AHEAD; i++)
        (void)random_row(b, &ahead);
    for (uint32_t i = 0; i < AHEAD / 2; i++)
        (void)random_row(b, &near);
    int64_t began = cpu_ns();
    for (uint32_t i = 0; i < rounds; i++) {
        uint32_t row = random ? random_row(b, &seed) : 1 + i % rows_used;
        if (random) {
            points_row_prefetch(b->points, random_row(b, &ahead), false);
            struct point_row next;
            points_row(b->points, random_row(b, &near), &next);
            points_apply_prefetch(b->points, next.shape.first_point, next.shape.count);
        }
        values[i % METRICS].number++;
        apply_row(b, row, i, values);
    }
    line(what, (double)(cpu_ns() - began) / rounds, "ns/row");
}

static void measure_cut(struct bench *b)
{
    static uint8_t page[STATE_PAGE_SIZE];
    struct value values[METRICS];
    for (uint32_t i = 0; i < METRICS; i++)
        values[i] = value_of_real(20.5 + i);
    uint32_t table, number, pages = 0;
    uint64_t seed = 3;
    int64_t next_max = 0, apply_max = 0, began = cpu_ns();
    must(state_cut_begin(b->state, 64));
    line("cut begin", (double)(cpu_ns() - began) / 1e3, "us");
    began = cpu_ns();
    enum err err = OK;
    while (err == OK) {
        int64_t at = cpu_ns();
        err = state_cut_next(b->state, page, &table, &number);
        int64_t took = cpu_ns() - at;
        next_max = took > next_max ? took : next_max;
        pages += err == OK;
        if (state_cut_pressure(b->state) || pages % 4 != 0)
            continue;
        at = cpu_ns();
        apply_row(b, random_row(b, &seed), INT64_C(1) << 40, values);
        took = cpu_ns() - at;
        apply_max = took > apply_max ? took : apply_max;
    }
    line("cut: pages", pages, "");
    line("cut: all of it", (double)(cpu_ns() - began) / 1e6, "ms");
    line("cut: longest next", (double)next_max / 1e3, "us");
    line("cut: longest apply of a row", (double)apply_max / 1e3, "us");
    began = cpu_ns();
    uint64_t hash = state_hash(b->state);
    line("state hash, pages not known", (double)(cpu_ns() - began) / 1e6, "ms");
    began = cpu_ns();
    hash ^= state_hash(b->state);
    line("state hash, pages known", (double)(cpu_ns() - began) / 1e6, "ms");
    if (hash != 0)
        printf("the hash changed\n");
}

static void run(uint32_t count, bool rows_of_ten)
{
    struct bench b = {.count = count, .rows_of_ten = rows_of_ten};
    struct points_limits limits = points_limits_default;
    limits.points_max = UINT32_MAX;
    must(state_create(&b.state));
    must(points_create(b.state, &limits, &b.points));
    printf("%" PRIu32 " points in rows of %d\n", count, rows_of_ten ? 10 : 1);
    int64_t began = cpu_ns();
    int64_t longest = build(&b);
    line("dictionary from its records", (double)(cpu_ns() - began) / count, "ns/point");
    line("dictionary: longest record", (double)longest / 1e3, "us");
    line("tables", (double)state_memory(b.state) / count, "B/point");
    line("indexes", (double)points_memory(b.points) / count, "B/point");
    measure_apply(&b, "apply a row, 100 rows in cache", false, 100);
    measure_apply(&b, "apply a row, all rows in order", false, points_rows(b.points));
    measure_apply(&b, "apply a row, random, prefetched", true, 0);
    began = cpu_ns();
    must(points_rebuild(b.points));
    line("rebuild after a snapshot", (double)(cpu_ns() - began) / 1e6, "ms");
    line("indexes after rebuild", (double)points_memory(b.points) / count, "B/point");
    measure_find(&b);
    measure_cut(&b);
    points_destroy(b.points);
    state_destroy(b.state);
}

int main(int argc, char **argv)
{
    uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 6000000;
    if (count == 0 || count % METRICS != 0) {
        fprintf(stderr, "usage: points_bench [POINTS]   a multiple of 10\n");
        return 2;
    }
    run(count, true);
    run(count, false);
    return 0;
}
