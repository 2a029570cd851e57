/* What conditions cost: an evaluation, with an explanation, a parse; bytes of a program.
 *
 *   condition_bench [RULE]      default: all rules; with a number that one alone, for callgrind
 *
 * The points lie in an array, so that what is measured is the room and not where values come from.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "condition/condition.h"

#define ROUNDS 2000000
#define PARSES 20000
#define NOW (INT64_C(1800000000) * NS_PER_S)

static const char *const rules[] = {
    "temp > 80",
    "temp > 80 and flow < 5",
    "temp > 80 and not stopped for 30s",
    "(temp - ambient) * 1.8 > limit / 2 or stale(temp, 90s)",
    "abs(deviation(temp, baseline 10m)) > 4",
    "count('hall-3/+/smoke' > 0.5) >= 2", /* ten points */
};

struct house {
    struct condition_sample points[8], members[10];
    struct condition_cell cells[CONDITION_CELLS_MAX];
};

static bool point(void *context, unsigned reference, struct condition_sample *ret_sample)
{
    *ret_sample = ((const struct house *)context)->points[reference];
    return true;
}

static bool member(void *context, unsigned set, uint64_t *cursor,
                   struct condition_sample *ret_sample)
{
    (void)set;
    if (*cursor == 10)
        return false;
    *ret_sample = ((const struct house *)context)->members[(*cursor)++];
    return true;
}

static bool timer(void *context, unsigned number)
{
    (void)context;
    (void)number;
    return true;
}

static void cell_read(void *context, unsigned cell, struct condition_cell *ret_cell)
{
    *ret_cell = ((const struct house *)context)->cells[cell];
}

static void cell_write(void *context, unsigned cell, const struct condition_cell *bytes)
{
    ((struct house *)context)->cells[cell] = *bytes;
}

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void measure(const char *rule)
{
    static uint64_t memory[CONDITION_BYTES_MAX / 8];
    struct condition_fault fault;
    struct condition_explanation explanation;
    struct house house = {.cells = {{.flags = 0}}};
    struct condition_port port = {&house, point, member, timer, cell_read, cell_write};
    for (size_t i = 0; i < 10; i++) {
        struct condition_sample sample = {
            .value = value_of_real(81.25 + (double)i), .time_ns = NOW, .heard_ns = NOW};
        house.members[i] = sample;
        if (i < 8)
            house.points[i] = sample;
    }
    double began = cpu_ns();
    const struct condition *condition = NULL;
    for (int i = 0; i < PARSES; i++)
        condition =
            condition_parse(bytes_text(rule), CONDITION_VERSION, memory, sizeof memory, &fault);
    double parsing = (cpu_ns() - began) / PARSES;
    if (condition == NULL) {
        fprintf(stderr, "condition_bench: %s\n", fault.sentence);
        exit(1);
    }
    uint64_t trues = 0;
    began = cpu_ns();
    for (int i = 0; i < ROUNDS; i++) {
        house.points[0].value.number++; /* a new value each time */
        house.points[0].time_ns++;
        trues += condition_evaluate(condition, &port, NOW + i, NULL).truth == CONDITION_TRUE;
    }
    double evaluating = (cpu_ns() - began) / ROUNDS;
    began = cpu_ns();
    for (int i = 0; i < ROUNDS / 10; i++)
        trues += condition_evaluate(condition, &port, NOW, &explanation).truth == CONDITION_TRUE;
    double explaining = (cpu_ns() - began) / (ROUNDS / 10);
    printf("%-58s %7.1f ns %8.1f ns with why %8.0f ns to parse %5zu bytes (%llu)\n", rule,
           evaluating, explaining, parsing, condition_size(condition), (unsigned long long)trues);
}

int main(int count, char **arguments)
{
    size_t only = count > 1 ? strtoul(arguments[1], NULL, 10) : ARRAY_COUNT(rules);
    for (size_t i = 0; i < ARRAY_COUNT(rules); i++)
        if (only == ARRAY_COUNT(rules) || only == i)
            measure(rules[i]);
    return 0;
}
