/* What the tree of points costs: memory and time to enter points, counts, pages, searches.
 *
 *   namespace_bench [POINTS]      default 6,000,000; CPU time of one thread, no disk, no sockets
 *
 * Three shapes: devices of ten metrics under site/area/line, each one row (a JSON object); the same
 * as a topic a metric; and a sixth of the points as siblings under one branch, in random order. */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "namespace/namespace.h"

#define METRICS 10u
#define SITES 20u
#define DEVICES_OF_LINE 100u
#define LINES_OF_AREA 10u
#define PIECE 64u /* points entered at once, as the server does between two rounds */
#define ROUNDS 200u

enum shape { SHAPE_DEVICES, SHAPE_TOPICS, SHAPE_FLAT };
static const char *const metrics[METRICS] = {"temp",    "pressure", "flow",  "level", "speed",
                                             "current", "voltage",  "power", "state", "count"};

struct bench {
    struct state *state;
    struct points *points;
    struct namespace *space;
    uint32_t count;
    enum shape shape;
    uint64_t seed;
};

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static uint32_t random_below(uint64_t *seed, uint32_t limit)
{
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(((z ^ (z >> 31)) >> 32) * limit >> 32);
}

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "namespace_bench: %s\n", what);
    exit(1);
}

/* ---- the machine
 * ---------------------------------------------------------------------------------- */

static void measure_machine(void)
{
    size_t size = (size_t)256 << 20, count = size / sizeof(uint32_t);
    uint32_t *from = malloc(size), *to = malloc(size);
    must(from != NULL && to != NULL, "no memory");
    memset(from, 1, size);
    memset(to, 2, size);
    int64_t began = 0, copied = INT64_MAX;
    for (int i = 0; i < 4; i++) {
        began = cpu_ns();
        memcpy(to, from, size);
        __asm__ volatile("" : : "r"(to) : "memory");
        copied = cpu_ns() - began < copied ? cpu_ns() - began : copied;
    }
    uint64_t seed = 1;
    for (size_t i = 0; i < count; i++)
        to[i] = random_below(&seed, (uint32_t)count);
    began = cpu_ns();
    uint32_t at = 0;
    for (uint32_t i = 0; i < 2000000; i++)
        at = to[(at + i) % count]; /* each read waits for the one before */
    int64_t read = cpu_ns() - began;
    bench_line("machine: memcpy", "%.1f GB/s", (double)size / (double)copied);
    bench_line("machine: random read that waits", "%.0f ns", (double)read / 2e6);
    must(at < count, "never");
    free(from);
    free(to);
}

/* ---- points
 * --------------------------------------------------------------------------------------- */

static struct bytes device_path(uint32_t device, char *text)
{
    uint32_t line = device / DEVICES_OF_LINE, area = line / LINES_OF_AREA;
    int size = sprintf(text, "site-%u/area-%u/line-%u/device-%06u", area % SITES, area / SITES,
                       line % LINES_OF_AREA, device);
    return bytes_of(text, (size_t)size);
}

static void row_add(struct bench *b, struct bytes prefix, const struct fact_row_point *columns,
                    uint16_t width)
{
    struct fact fact = {
        .kind = FACT_ROW,
        .row = {.tenant = TENANT_DEFAULT,
                .shape = {points_rows(b->points) + 1, points_count(b->points) + 1, width},
                .object = width > 1,
                .prefix = prefix,
                .points = columns}};
    struct record_stamp stamp = {.position = 1};
    struct effects effects = {0};
    must(points_apply_fact(b->points, &fact, &stamp, &effects) == OK, "a row is refused");
}

static void devices_add(struct bench *b)
{
    struct fact_row_point columns[METRICS];
    for (uint32_t i = 0; i < METRICS; i++)
        columns[i] = (struct fact_row_point){VALUE_FLOAT64, bytes_text(metrics[i])};
    char text[96];
    for (uint32_t device = 0; device < b->count / METRICS; device++) {
        struct bytes prefix = device_path(device, text);
        if (b->shape == SHAPE_DEVICES)
            row_add(b, prefix, columns, METRICS);
        else
            for (uint32_t i = 0; i < METRICS; i++)
                row_add(b, prefix, &columns[i], 1);
    }
}

static void siblings_add(struct bench *b)
{
    uint32_t *order = malloc(b->count * sizeof *order);
    must(order != NULL, "no memory");
    for (uint32_t i = 0; i < b->count; i++) {
        uint32_t j = random_below(&b->seed, i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    for (uint32_t i = 0; i < b->count; i++) {
        char text[32];
        size_t size = (size_t)sprintf(text, "tag-%u", order[i]);
        struct fact_row_point column = {VALUE_FLOAT64, bytes_of(text, size)};
        row_add(b, bytes_text("fleet"), &column, 1);
    }
    free(order);
}

static void measure_enter(struct bench *b)
{
    int64_t sum = 0, longest = 0;
    for (bool done = false; !done;) {
        state_stock(4); /* as another thread of the server does: not part of the time */
        int64_t piece = cpu_ns();
        done = namespace_catch_up(b->space, PIECE, NULL, NULL);
        piece = cpu_ns() - piece;
        sum += piece;
        longest = piece > longest ? piece : longest;
    }
    double took = (double)sum;
    uint64_t memory = namespace_memory(b->space);
    bench_line("enter all", "%.0f ns/point, %.2f s", took / b->count, took / 1e9);
    bench_line("  the longest 64", "%.0f us", (double)longest / 1e3);
    bench_line("memory", "%.1f B/point, %.1f B/node", (double)memory / b->count,
               (double)memory / namespace_nodes(b->space));
}

/* ---- asking
 * --------------------------------------------------------------------------------------- */

struct times {
    int64_t sum, longest;
    uint32_t count;
};

static void times_add(struct times *times, int64_t took)
{
    times->sum += took;
    times->longest = took > times->longest ? took : times->longest;
    times->count++;
}

static void times_line(const char *name, const struct times *times, const char *remark)
{
    bench_line(name, "%.1f us, longest %.1f us%s", (double)times->sum / times->count / 1e3,
               (double)times->longest / 1e3, remark);
}

static struct bytes random_path(struct bench *b, uint8_t *path)
{
    uint32_t point = 1 + random_below(&b->seed, b->count);
    return bytes_of(path, points_path(b->points, point, path));
}

static void measure_tree(struct bench *b)
{
    uint8_t path[PATH_MAX_BYTES];
    struct times count = {0}, find = {0}, page = {0};
    static uint32_t nodes[200];
    for (uint32_t i = 0; i < ROUNDS * 10; i++) {
        int64_t began = cpu_ns();
        struct namespace_node root;
        namespace_node(b->space, namespace_find(b->space, TENANT_DEFAULT, bytes_text("")), &root);
        times_add(&count, cpu_ns() - began);
        must(root.count == b->count, "the root counts wrong");
        struct bytes wanted = random_path(b, path);
        began = cpu_ns();
        uint32_t node = namespace_find(b->space, TENANT_DEFAULT, wanted);
        times_add(&find, cpu_ns() - began);
        must(node != NAMESPACE_NONE, "a point is missing");
    }
    uint32_t line =
        namespace_find(b->space, TENANT_DEFAULT,
                       bytes_text(b->shape == SHAPE_FLAT ? "fleet" : "site-0/area-0/line-0"));
    for (uint32_t i = 0; i < ROUNDS; i++) {
        char after[32] = "";
        if (b->shape == SHAPE_FLAT)
            sprintf(after, "tag-%u", random_below(&b->seed, b->count - 200));
        int64_t began = cpu_ns();
        size_t found = namespace_children(b->space, line, bytes_text(after), nodes, 200);
        struct namespace_node view;
        for (size_t at = 0; at < found; at++)
            namespace_node(b->space, nodes[at], &view);
        times_add(&page, cpu_ns() - began);
    }
    times_line("count by branch at the root", &count, "");
    times_line("find a path, random", &find, "");
    times_line(b->shape == SHAPE_FLAT ? "page of 200 children, random"
                                      : "page of children, the 100 of a line",
               &page, "");
}

struct taking {
    uint32_t count, most;
};

static bool take(void *arg, uint32_t point)
{
    struct taking *taking = arg;
    taking->count += point != POINT_NONE;
    return taking->count < taking->most;
}

/* The first `most` points of a pattern, from the beginning or behind random points. */
static void measure_search(struct bench *b, const char *text, const char *contains, uint32_t most,
                           bool random, uint32_t rounds)
{
    struct times times = {0};
    struct pattern pattern;
    must(pattern_parse(bytes_text(text), &pattern) == NULL, "no pattern");
    size_t looked = 0;
    uint32_t found = 0;
    for (uint32_t i = 0; i < rounds; i++) {
        uint8_t path[PATH_MAX_BYTES];
        struct bytes after = random ? random_path(b, path) : bytes_text("");
        struct taking taking = {.most = most};
        struct namespace_search search;
        int64_t began = cpu_ns();
        must(namespace_search_begin(&search, TENANT_DEFAULT, &pattern, bytes_text(contains),
                                    after) == OK,
             "no search");
        while (taking.count < most &&
               namespace_search_step(b->space, &search, 20000, take, &taking, &looked))
            ;
        times_add(&times, cpu_ns() - began);
        found += taking.count;
    }
    char name[96], remark[96];
    snprintf(name, sizeof name, "%s%s%s%s", text, contains[0] == '\0' ? "" : " with ", contains,
             random ? ", from anywhere" : "");
    snprintf(remark, sizeof remark, "; %u found, %zu looked at, %.0f ns each", found / rounds,
             looked / rounds, (double)times.sum / (double)(looked == 0 ? 1 : looked));
    times_line(name, &times, remark);
}

static void measure_retire(struct bench *b)
{
    enum { RETIRED = 20000 };
    struct times times = {0};
    uint8_t path[PATH_MAX_BYTES];
    for (uint32_t i = 0; i < RETIRED; i++) {
        struct bytes gone = random_path(b, path);
        uint32_t point = points_find(b->points, TENANT_DEFAULT, gone);
        struct fact fact = {.kind = FACT_COMMAND,
                            .command = {.kind = COMMAND_RETIRE, .tenant = 1, .path = gone}};
        struct record_stamp stamp = {.position = 1};
        struct effects effects = {0};
        if (point == POINT_NONE)
            continue;
        must(points_apply_fact(b->points, &fact, &stamp, &effects) == OK, "not retired");
        int64_t began = cpu_ns();
        namespace_point_changed(b->space, point);
        times_add(&times, cpu_ns() - began);
    }
    times_line("a point is retired, random", &times, "");
}

static void run(uint32_t count, enum shape shape)
{
    static const char *const names[] = {"in rows of ten", "a topic a metric",
                                        "siblings in one branch, in random order"};
    struct bench b = {.count = count, .shape = shape, .seed = 3};
    struct points_limits limits = points_limits_default;
    limits.points_max = UINT32_MAX;
    char text[32];
    printf("%s points, %s\n", bench_group(count, text), names[shape]);
    must(state_create(&b.state) == OK, "no memory");
    must(points_create(b.state, &limits, &b.points) == OK, "no memory");
    must(namespace_create(b.points, &b.space) == OK, "no memory");
    if (shape == SHAPE_FLAT)
        siblings_add(&b);
    else
        devices_add(&b);
    measure_enter(&b);
    measure_tree(&b);
    if (shape == SHAPE_FLAT) {
        measure_search(&b, "fleet/*7", "", 1000, true, ROUNDS);
        measure_search(&b, "fleet/tag-77*", "", 1000, false, ROUNDS);
    } else {
        measure_search(&b, "+/+/+/+/temp", "", 1000, false, ROUNDS);
        measure_search(&b, "+/+/+/+/temp", "", 1000, true, ROUNDS);
        measure_search(&b, "site-7/#", "", 1000, false, ROUNDS);
        measure_search(&b, "#", "", 1000, true, ROUNDS);
        measure_search(&b, "site-*/*/line-3/device-*9/+", "", 1000, true, ROUNDS);
        measure_search(&b, "#", "Line-7", 1000, true, ROUNDS);
        measure_search(&b, "#", "2/device", 1000, true, ROUNDS);
    }
    measure_search(&b, "#", "", UINT32_MAX, false, 1);
    measure_search(&b, "#", "not there", UINT32_MAX, false, 1);
    measure_search(&b, "#", "not/there", UINT32_MAX, false, 1);
    measure_retire(&b);
    namespace_destroy(b.space);
    points_destroy(b.points);
    state_destroy(b.state);
}

int main(int argc, char **argv)
{
    uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 6000000;
    if (count < 60000 || count % METRICS != 0) {
        fprintf(stderr, "usage: namespace_bench [POINTS]   a multiple of 10, at least 60000\n");
        return 2;
    }
    bench_head("namespace_bench");
    measure_machine();
    run(count, SHAPE_DEVICES);
    run(count, SHAPE_TOPICS);
    run(count / 6, SHAPE_FLAT);
    return 0;
}
