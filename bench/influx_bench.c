/* What a line of line protocol costs: matched by a learned shape, decoded, and decoded with what a
 * table of series needs besides; memcpy of the same bytes beside it. One thread, no disk, no
 * server.
 *
 * Usage: influx_bench [SERIES]   10,000 when left out. Prints the best of five rounds: on a machine
 * that others use too it is the one that says what the code does. */
#include "report.h"
#include "wire/influx/influx.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_ROOM 96
#define ROUNDS 5
#define STORAGE 96 /* bytes of a shape here */

static int64_t cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void *must(void *pointer)
{
    if (pointer)
        return pointer;
    fprintf(stderr, "influx_bench: out of memory\n");
    exit(1);
}

struct bench {
    uint32_t series;
    uint32_t fields;
    uint32_t *order;
    uint8_t *body;
    size_t size;
    struct influx_decoder *decoder;
    uint8_t *storage;
    struct influx_shape *shapes;
    uint64_t sum;
};

/* One line of each series in the order of bench->order, with values that differ each time. */
static void body_make(struct bench *bench, uint64_t seed)
{
    static const char *const names[] = {"temp", "rpm", "flow", "load", "amps"};
    char *out = (char *)bench->body;
    for (uint32_t i = 0; i < bench->series; i++) {
        uint32_t n = bench->order[i];
        out += sprintf(out, "pm,site=s%02u,line=l%u,dev=d%05u ", n / 600 % 100, n / 100 % 6, n);
        for (uint32_t f = 0; f < bench->fields; f++) {
            uint64_t value = random_next(&seed) % 9000 + 1000;
            out += sprintf(out, "%s%s=%" PRIu64 ".%02" PRIu64, f > 0 ? "," : "", names[f],
                           value / 100, value % 100);
        }
        out += sprintf(out, " 17000000%02" PRIu64 "123456789\n", random_next(&seed) % 100);
    }
    bench->size = (size_t)((uint8_t *)out - bench->body);
}

static void order_shuffle(struct bench *bench, uint64_t seed)
{
    for (uint32_t i = bench->series - 1; i > 0; i--) {
        uint32_t k = (uint32_t)(random_next(&seed) % (i + 1)), kept = bench->order[i];
        bench->order[i] = bench->order[k];
        bench->order[k] = kept;
    }
}

static void body_feed(struct bench *bench)
{
    influx_begin(bench->decoder, INFLUX_NS);
    influx_feed(bench->decoder, bytes_of(bench->body, bench->size));
}

static void shapes_learn(struct bench *bench)
{
    struct influx_line line;
    struct influx_refusal refusal;
    body_feed(bench);
    for (uint32_t i = 0; influx_next(bench->decoder, &line, &refusal) == INFLUX_STEP_LINE; i++)
        if (!influx_shape_learn(&line, bench->storage + (size_t)i * STORAGE, STORAGE,
                                &bench->shapes[i]))
            must(NULL);
}

static uint64_t round_match(struct bench *bench)
{
    struct value values[INFLUX_FIELDS_MAX];
    bool has_time;
    int64_t time_ns;
    uint64_t lines = 0;
    while (lines < bench->series &&
           influx_match(bench->decoder, &bench->shapes[lines], values, &has_time, &time_ns)) {
        bench->sum += (uint64_t)values[0].number + (uint64_t)time_ns;
        lines++;
    }
    return lines;
}

static uint64_t round_decode(struct bench *bench)
{
    struct influx_line line;
    struct influx_refusal refusal;
    uint64_t lines = 0;
    for (; influx_next(bench->decoder, &line, &refusal) == INFLUX_STEP_LINE; lines++)
        bench->sum += (uint64_t)line.values[0].number + (uint64_t)line.time_ns;
    return lines;
}

static uint64_t round_hash(struct bench *bench)
{
    struct influx_line line;
    struct influx_refusal refusal;
    uint64_t lines = 0;
    for (; influx_next(bench->decoder, &line, &refusal) == INFLUX_STEP_LINE; lines++)
        bench->sum += hash64(line.series.at, line.series.size, 7) + (uint64_t)line.time_ns;
    return lines;
}

static uint64_t round_path(struct bench *bench)
{
    struct influx_template path_template;
    struct influx_line line;
    struct influx_refusal refusal;
    uint8_t path[PATH_MAX_BYTES];
    uint64_t lines = 0;
    if (influx_template_parse(bytes_text(INFLUX_TEMPLATE_DEFAULT), &path_template))
        return 0;
    for (; influx_next(bench->decoder, &line, &refusal) == INFLUX_STEP_LINE; lines++) {
        size_t size = 0;
        if (influx_path_put(&path_template, &line, 0, path, sizeof path, &size))
            return 0;
        bench->sum += size;
    }
    return lines;
}

static uint64_t round_copy(struct bench *bench)
{
    static uint8_t *to;
    if (!to)
        to = must(malloc((size_t)bench->series * 5 * LINE_ROOM));
    memcpy(to, bench->body, bench->size);
    bench->sum += to[bench->size / 2];
    return bench->series;
}

/* Four million lines a round. */
static void measure(struct bench *bench, const char *what, uint64_t (*run)(struct bench *))
{
    double best = 0;
    uint32_t bodies = 4000000 / bench->series + 1;
    for (int i = 0; i < ROUNDS; i++) {
        uint64_t lines = 0;
        int64_t began = cpu_ns();
        for (uint32_t k = 0; k < bodies; k++) {
            body_feed(bench);
            lines += run(bench);
        }
        double took = (double)(cpu_ns() - began) / (double)lines;
        if (lines != (uint64_t)bodies * bench->series) {
            printf("  %s: lines were refused\n", what);
            exit(1);
        }
        best = best == 0 || took < best ? took : best;
    }
    bench_line(what, "%7.1f ns/line %7.1f ns/value %7.1f M values/s", best, best / bench->fields,
               1e3 * bench->fields / best);
}

static void measure_all(struct bench *bench, uint32_t fields)
{
    bench->fields = fields;
    for (uint32_t i = 0; i < bench->series; i++)
        bench->order[i] = i;
    body_make(bench, 1);
    printf("\n%" PRIu32 " series, %" PRIu32 " field%s, %.1f bytes a line\n", bench->series, fields,
           fields > 1 ? "s" : "", (double)bench->size / bench->series);
    shapes_learn(bench);
    body_make(bench, 2);
    measure(bench, "order repeated: shapes matched", round_match);
    order_shuffle(bench, 3);
    body_make(bench, 4);
    measure(bench, "order shuffled: decoded", round_decode);
    measure(bench, "decoded, and series hashed", round_hash);
    measure(bench, "decoded, and a path made of each", round_path);
    measure(bench, "memcpy of the body", round_copy);
}

int main(int argc, char **argv)
{
    struct bench bench = {.series = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 10000};
    if (bench.series < 1 || bench.series > 100000) {
        fprintf(stderr, "usage: influx_bench [SERIES]   1 to 100000\n");
        return 2;
    }
    bench.order = must(calloc(bench.series, sizeof *bench.order));
    bench.body = must(malloc((size_t)bench.series * 5 * LINE_ROOM));
    bench.storage = must(malloc((size_t)bench.series * STORAGE));
    bench.shapes = must(calloc(bench.series, sizeof *bench.shapes));
    if (influx_decoder_create(&bench.decoder))
        must(NULL);
    bench_head("line protocol: decoding");
    measure_all(&bench, 1);
    measure_all(&bench, 5);
    influx_decoder_destroy(bench.decoder);
    free(bench.order);
    free(bench.body);
    free(bench.storage);
    free(bench.shapes);
    return bench.sum == 1;
}
