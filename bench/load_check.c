/* Reads back what a load sent, from the journal alone, and compares counts and sums. */
#include "load_check.h"

#include "client/client.h"
#include "os/os.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METRICS_MAX LOAD_METRICS_MAX

struct checker {
    const struct load_options *options;
    struct load_check result;
    uint64_t sum;
    uint64_t *keys; /* by point: device * METRICS_MAX + metric + 1; 0: not ours */
    size_t capacity;
    char names[METRICS_MAX][16];
    uint64_t segment; /* of the batch under way */
    uint64_t *segment_values;
    size_t segment_capacity;
};

/* "site1/line2/device3/temperature", perhaps with "/value" behind it. */
static uint64_t checker_key(const struct checker *checker, const char *path)
{
    unsigned site, line, device;
    char metric[32];
    if (sscanf(path, "site%u/line%u/device%u/%31[^/]", &site, &line, &device, metric) != 4)
        return 0;
    for (uint32_t i = 0; i < checker->options->values; i++)
        if (strcmp(metric, checker->names[i]) == 0)
            return (uint64_t)device * METRICS_MAX + i + 1;
    return 0;
}

static void checker_fact(void *arg, uint64_t segment, const struct fact *fact)
{
    struct checker *checker = arg;
    (void)segment;
    if (fact->kind != FACT_ROW)
        return;
    const struct fact_row *row = &fact->row;
    size_t end = (size_t)row->shape.first_point + row->shape.count;
    if (end > checker->capacity) {
        size_t capacity = checker->capacity == 0 ? 65536 : checker->capacity;
        while (capacity < end)
            capacity *= 2;
        checker->keys = realloc(checker->keys, capacity * sizeof *checker->keys);
        check(checker->keys != NULL);
        memset(checker->keys + checker->capacity, 0,
               (capacity - checker->capacity) * sizeof *checker->keys);
        checker->capacity = capacity;
    }
    for (uint16_t i = 0; i < row->shape.count; i++) {
        char path[256];
        snprintf(path, sizeof path, "%.*s/%.*s", (int)row->prefix.size,
                 (const char *)row->prefix.at, (int)row->points[i].metric.size,
                 (const char *)row->points[i].metric.at);
        checker->keys[row->shape.first_point + i] = checker_key(checker, path);
    }
}

static void checker_batch(void *arg, const struct journal_batch *batch)
{
    struct checker *checker = arg;
    checker->segment = batch->segment;
    if (batch->segment >= checker->segment_capacity) {
        size_t capacity = batch->segment * 2 + 64;
        checker->segment_values =
            realloc(checker->segment_values, capacity * sizeof *checker->segment_values);
        check(checker->segment_values != NULL);
        memset(checker->segment_values + checker->segment_capacity, 0,
               (capacity - checker->segment_capacity) * sizeof *checker->segment_values);
        checker->segment_capacity = capacity;
    }
}

static void checker_sample(void *arg, const struct row_shape *shape,
                           const struct sample_row *sample)
{
    struct checker *checker = arg;
    if (sample->undecodable) {
        checker->result.undecodable++;
        return;
    }
    bool timed = !checker->options->single || checker->options->jitter;
    for (uint32_t i = 0; i < sample->count; i++) {
        uint32_t point = shape->first_point + (sample->columns != NULL ? sample->columns[i] : i);
        uint64_t key = point < checker->capacity ? checker->keys[point] : 0;
        if (key == 0 || !sample->values[i].present) {
            checker->result.strange++;
            continue;
        }
        const struct value *value = &sample->values[i];
        int64_t hundredths;
        if (value->scale <= 2) /* the common case, without floating point */
            hundredths = value->number * (value->scale == 0 ? 100 : value->scale == 1 ? 10 : 1);
        else
            hundredths = llround(value_real(value) * 100);
        checker->result.found++;
        checker->segment_values[checker->segment]++;
        checker->sum +=
            load_sample_hash(key - 1, timed ? sample->time_ns / NS_PER_MS : 0, hundredths);
    }
}

/* Files in their last form, and the values of the segments they hold. */
static void checker_file(void *arg, const char *name, uint64_t size)
{
    struct checker *checker = arg;
    unsigned long long number;
    char kind[16];
    if (sscanf(name, "%llu.%15s", &number, kind) != 2 || number >= checker->segment_capacity)
        return;
    if (strcmp(kind, "facts") == 0)
        checker->result.facts_bytes += size;
    if (strcmp(kind, "samples") == 0) {
        checker->result.samples_bytes += size;
        checker->result.squeezed_values += checker->segment_values[number];
    }
}

bool load_complain(const struct load *load)
{
    fprintf(stderr, "load: %s\n", load_fault(load));
    return false;
}

bool load_check(const struct load *load, const char *folder, struct load_check *ret_check)
{
    struct checker checker = {.options = load_options_of(load)};
    struct readback_calls calls = {
        .batch = checker_batch, .fact = checker_fact, .sample = checker_sample, .arg = &checker};
    struct readback_result result;
    int64_t begin_ns = clock_real()->boot_ns(clock_real());
    for (uint32_t i = 0; i < checker.options->values; i++)
        load_metric_name(i, checker.names[i]);
    enum err err = readback_walk(folder, 0, 0, &calls, &result);
    struct disk *disk = NULL;
    if (err == OK)
        err = disk_real_open(folder, false, &disk);
    if (err == OK)
        err = disk->list(disk, "journal", checker_file, &checker);
    if (disk != NULL)
        disk_real_close(disk);
    free(checker.keys);
    free(checker.segment_values);
    if (err != OK) {
        fprintf(stderr, "load: the journal cannot be read back: %s\n", err_text(err));
        return false;
    }
    checker.result.acked = load_counts(load).acked_values;
    checker.result.drained = load_is_drained(load);
    checker.result.same = checker.result.strange == 0 && checker.result.undecodable == 0 &&
                          (checker.result.drained ? checker.result.found == checker.result.acked &&
                                                        checker.sum == load_sum(load)
                                                  : checker.result.found >= checker.result.acked);
    checker.result.seconds = (double)(clock_real()->boot_ns(clock_real()) - begin_ns) / 1e9;
    *ret_check = checker.result;
    return true;
}
