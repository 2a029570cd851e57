/* The head by itself: what appending and gathering cost.
 *
 *   head_bench [ROWS [RECORDS [COLUMNS]]]
 *
 * Appends RECORDS rounds over ROWS rows, COLUMNS decimals each, the rows in the same shuffled order
 * every round, as devices report; then gathers every row, cold, warmed, and one row again and
 * again; then the same of one time. Prints ns a value of this thread's CPU time, and bytes a value.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "head/head.h"

#define WARM_ROWS 32

struct bench {
    uint32_t rows, records;
    uint16_t columns;
    uint32_t *order;
    struct head *head;
    struct head_rows gathered;
    uint64_t seen; /* so that nothing is left out by the compiler */
};

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static uint64_t luck_next(uint64_t *luck)
{
    uint64_t z = (*luck += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void order_make(struct bench *bench)
{
    uint64_t luck = 1;
    bench->order = malloc(bench->rows * sizeof bench->order[0]);
    check(bench->order);
    for (uint32_t i = 0; i < bench->rows; i++) {
        uint32_t place = (uint32_t)(luck_next(&luck) % (i + 1));
        bench->order[i] = bench->order[place];
        bench->order[place] = i + 1;
    }
}

static void rounds_append(struct bench *bench, unsigned ahead)
{
    enum { SORTS = 1024 };
    static struct value values[SORTS + COLUMNS_MAX];
    uint64_t luck = 2;
    for (size_t i = 0; i < ARRAY_COUNT(values); i++)
        values[i] = value_of_real((double)(luck_next(&luck) % 60000) / 100);
    double begin = cpu_ns();
    for (uint32_t round = 0; round < bench->records; round++) {
        for (uint32_t i = 0; i < bench->rows; i++) {
            uint32_t row = bench->order[i];
            if (ahead && i + ahead < bench->rows)
                head_prefetch(bench->head, bench->order[i + ahead]);
            struct row_shape shape = {.row = row, .first_point = row, .count = bench->columns};
            struct sample_row sample = {.row = row,
                                        .count = bench->columns,
                                        .time_ns = round * (10 * NS_PER_S) + row,
                                        .values = values + (row + round) % SORTS};
            check(head_append(bench->head, &shape, &sample, sample.time_ns + 5000000) == OK);
        }
    }
    double spent = cpu_ns() - begin, count = (double)head_values(bench->head);
    printf("append, %-27s %6.2f ns a value, %.2f bytes\n",
           ahead ? "rows fetched 8 ahead" : "rows not fetched", spent / count,
           (double)head_bytes(bench->head) / count);
}

static void row_gather(struct bench *bench, uint32_t row, int64_t from)
{
    static uint8_t types[COLUMNS_MAX];
    memset(types, VALUE_FLOAT64, sizeof types);
    check(head_gather(bench->head, row, NULL, bench->columns, types, true, from, INT64_MAX,
                      &bench->gathered) == OK);
    bench->seen += (uint64_t)bench->gathered.rows.rows * bench->columns;
}

static void rows_gather(struct bench *bench, bool warm)
{
    uint32_t rows[WARM_ROWS];
    bench->seen = 0;
    double begin = cpu_ns();
    for (uint32_t row = 1; row <= bench->rows; row++) {
        if (warm && (row - 1) % WARM_ROWS == 0) {
            for (uint32_t i = 0; i < WARM_ROWS; i++)
                rows[i] = row + i;
            head_warm(bench->head, rows, WARM_ROWS);
        }
        row_gather(bench, row, INT64_MIN);
    }
    printf("gather all rows, %-18s %6.2f ns a value\n", warm ? "warmed by 32" : "cold",
           (cpu_ns() - begin) / (double)bench->seen);
}

static void one_row_gather(struct bench *bench, bool last)
{
    enum { TIMES = 2000 };
    int64_t from = last ? (bench->records - 1) * (10 * NS_PER_S) : INT64_MIN;
    bench->seen = 0;
    double begin = cpu_ns();
    for (unsigned i = 0; i < TIMES; i++)
        row_gather(bench, 7, from);
    double spent = cpu_ns() - begin;
    printf("gather one row, %-19s %6.2f ns a value, %.0f ns a call\n",
           last ? "its last sample" : "all, in the cache", spent / (double)bench->seen,
           spent / TIMES);
}

int main(int count, char **words)
{
    struct bench bench = {.rows = 60000, .records = 60, .columns = 10};
    if (count > 1)
        bench.rows = (uint32_t)strtoul(words[1], NULL, 10);
    if (count > 2)
        bench.records = (uint32_t)strtoul(words[2], NULL, 10);
    if (count > 3)
        bench.columns = (uint16_t)strtoul(words[3], NULL, 10);
    if (bench.rows < 7 || bench.records < 1 || bench.columns < 1 || bench.columns > COLUMNS_MAX) {
        fprintf(stderr, "head_bench [ROWS [RECORDS [COLUMNS]]]\n");
        return 2;
    }
    order_make(&bench);
    for (unsigned ahead = 0; ahead <= 8; ahead += 8) {
        head_destroy(bench.head);
        check(head_create(&bench.head) == OK);
        rounds_append(&bench, ahead);
    }
    rows_gather(&bench, false);
    rows_gather(&bench, true);
    one_row_gather(&bench, false);
    one_row_gather(&bench, true);
    head_rows_done(&bench.gathered);
    head_destroy(bench.head);
    free(bench.order);
    return 0;
}
