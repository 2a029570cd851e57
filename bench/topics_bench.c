/* What the tree of topics costs: a match, a filter's memory, adding, removing, the longest add.
 *
 *   topics_bench [FILTERS]      default 1,000,000; CPU time of one thread, no sockets
 *
 * Three shapes: `site/N/device/M/#`, where a name of five levels has one hit; `device/M/command/+`
 * with wildcards below each device; and retained names `site/N/device/M/metric`, asked exactly and
 * by `site/N/device/M/+`. Devices are asked at random, so that the large trees are out of cache. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "topics/topics.h"

#define ASKS 400000u
#define TEXT_MAX 64

enum shape { SHAPE_REST, SHAPE_PLUS, SHAPE_NAMES };
static const char *const shape_names[] = {"site/N/device/M/#", "device/M/command/+",
                                          "site/N/device/M/metric"};

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
    fprintf(stderr, "topics_bench: %s\n", what);
    exit(1);
}

static bool tell(void *arg, uint32_t value)
{
    uint64_t *told = arg;
    told[0]++;
    told[1] += value;
    return true;
}

/* What is stored for a device, and what is asked. */
static struct bytes text_stored(enum shape shape, uint32_t device, char *text)
{
    int size = shape == SHAPE_REST
                   ? snprintf(text, TEXT_MAX, "site/%u/device/%u/#", device / 1000, device)
               : shape == SHAPE_PLUS
                   ? snprintf(text, TEXT_MAX, "device/%u/command/+", device)
                   : snprintf(text, TEXT_MAX, "site/%u/device/%u/t", device / 1000, device);
    return bytes_of(text, (size_t)size);
}

static struct bytes text_asked(enum shape shape, uint32_t device, bool wild, char *text)
{
    int size = shape == SHAPE_REST   ? snprintf(text, TEXT_MAX, "site/%u/device/%u/temperature",
                                                device / 1000, device)
               : shape == SHAPE_PLUS ? snprintf(text, TEXT_MAX, "device/%u/command/open", device)
                                     : snprintf(text, TEXT_MAX, "site/%u/device/%u/%s",
                                                device / 1000, device, wild ? "+" : "t");
    return bytes_of(text, (size_t)size);
}

/* The nanoseconds of a question, without those it takes to print the text. */
static double measure_match(const struct topics *topics, enum shape shape, uint32_t count,
                            bool wild)
{
    char text[TEXT_MAX];
    uint64_t seed = 11, told[2] = {0, 0}, sizes = 0;
    int64_t began = cpu_ns();
    for (uint32_t i = 0; i < ASKS; i++)
        sizes += text_asked(shape, random_below(&seed, count), wild, text).size;
    int64_t printing = cpu_ns() - began;
    seed = 11;
    began = cpu_ns();
    for (uint32_t i = 0; i < ASKS; i++) {
        struct bytes asked = text_asked(shape, random_below(&seed, count), wild, text);
        if (shape == SHAPE_NAMES)
            must(topics_match_names(topics, 1, asked, 1000, tell, told), "gave up");
        else
            topics_match_filters(topics, 1, asked, tell, told);
    }
    int64_t all = cpu_ns() - began;
    must(told[0] == ASKS && sizes > 0, "not one hit a question");
    return (double)(all - printing) / ASKS;
}

static void measure(enum shape shape, uint32_t count)
{
    char text[TEXT_MAX];
    struct topics *topics;
    int64_t longest = 0, adding = 0, removing = 0;
    must(topics_create_seeded(3, &topics) == OK, "out of memory");
    for (uint32_t device = 0; device < count; device++) {
        struct bytes stored = text_stored(shape, device, text);
        int64_t began = cpu_ns();
        must(topics_add(topics, 1, stored, device) == OK, "not added");
        int64_t took = cpu_ns() - began;
        adding += took;
        longest = took > longest ? took : longest;
    }
    double bytes = (double)topics_memory(topics) / count;
    double exact = measure_match(topics, shape, count, false);
    double wild = shape == SHAPE_NAMES ? measure_match(topics, shape, count, true) : 0;
    for (uint32_t device = 0; device < count; device++) {
        struct bytes stored = text_stored(shape, device, text);
        int64_t began = cpu_ns();
        must(topics_remove(topics, 1, stored, device) == OK, "not removed");
        removing += cpu_ns() - began;
    }
    must(topics_empty(topics), "not empty");
    topics_destroy(topics);
    printf("  %-23s %9" PRIu32 " %9.0f", shape_names[shape], count, exact);
    if (shape == SHAPE_NAMES)
        printf(" %9.0f", wild);
    else
        printf(" %9s", "");
    printf(" %9.0f %9.0f %9.0f %12.1f\n", bytes, (double)adding / count, (double)removing / count,
           (double)longest / 1e3);
}

/* So many subscribers of one filter. */
static void measure_set(uint32_t count)
{
    struct topics *topics;
    uint64_t told[2] = {0, 0};
    int64_t longest = 0;
    struct bytes filter = bytes_text("news/#"), topic = bytes_text("news/today");
    must(topics_create_seeded(3, &topics) == OK, "out of memory");
    for (uint32_t value = 0; value < count; value++) {
        int64_t began = cpu_ns();
        must(topics_add(topics, 1, filter, value) == OK, "not added");
        int64_t took = cpu_ns() - began;
        longest = took > longest ? took : longest;
    }
    double bytes = (double)topics_memory(topics) / count;
    uint32_t rounds = 20000000 / count;
    int64_t began = cpu_ns();
    for (uint32_t i = 0; i < rounds; i++)
        topics_match_filters(topics, 1, topic, tell, told);
    double each = (double)(cpu_ns() - began) / (double)told[0];
    began = cpu_ns();
    for (uint32_t i = 0; i < count; i++)
        must(topics_remove(topics, 1, filter, (uint32_t)((uint64_t)i * 7919 % count)) == OK,
             "not removed");
    double removing = (double)(cpu_ns() - began) / count;
    topics_destroy(topics);
    printf("  %-23s %9" PRIu32 " %9.2f %9.1f %9.0f %12.1f\n", "news/#", count, each, bytes,
           removing, (double)longest / 1e3);
}

int main(int argc, char **argv)
{
    uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1000000;
    if (count < 1000) {
        fprintf(stderr, "usage: topics_bench [FILTERS]   1,000 or more\n");
        return 2;
    }
    printf("One value a text\n  %-23s %9s %9s %9s %9s %9s %9s %12s\n", "stored", "texts",
           "match, ns", "by +, ns", "bytes", "add, ns", "take, ns", "longest, us");
    const uint32_t counts[] = {1000, 100000, count};
    for (enum shape shape = SHAPE_REST; shape <= SHAPE_NAMES; shape++)
        for (size_t i = 0; i < ARRAY_COUNT(counts); i++)
            measure(shape, counts[i]);
    printf("Many values under one text\n  %-23s %9s %9s %9s %9s %12s\n", "stored", "values",
           "tell, ns", "bytes", "take, ns", "longest, us");
    const uint32_t sets[] = {1000, 100000, count};
    for (size_t i = 0; i < ARRAY_COUNT(sets); i++)
        measure_set(sets[i]);
    return 0;
}
