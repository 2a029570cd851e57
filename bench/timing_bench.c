/* timing_bench: what timers of staleness cost: POINTS timers of 10 to 600 s, each of a point that
 * reports every 1 to 60 s, and never later than its timer. A timer is not moved by a report: it
 * fires, its owner looks at the point's last report, and sets it again.
 *
 *   timing_bench [POINTS [SECONDS]]        default 1,000,000 and 1,200 s of plant time
 *
 * Time goes on by 10 ms, as batches do; CPU time of this thread, in timing_advance and the owners
 * it calls, without the reports themselves. Then the worst there is: all timers due at one moment,
 * and what setting, moving and stopping cost. Each call may touch MOST timers. */
#include "base/base.h"
#include "timing/timing.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STEP_NS (10 * NS_PER_MS)
#define MOST 1000u

struct point {
    int64_t last_ns, every_ns, stale_ns;
    uint32_t timer;
};
struct bench {
    struct state *state;
    struct timing *timing;
    struct point *points;
    uint32_t count;
    int64_t now_ns;
    uint64_t random, fired, reports, stale;
    uint32_t *due; /* ring of lists of points that report, by 10 ms */
    uint32_t *next;
    int64_t longest_ns, spent_ns;
};
#define RING 8192u /* steps: more than 60 s */

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static uint64_t random_next(struct bench *bench) /* splitmix64 */
{
    uint64_t z = (bench->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static void report_at(struct bench *bench, uint32_t index, int64_t time_ns)
{
    uint32_t place = (uint32_t)(time_ns / STEP_NS % RING);
    bench->next[index] = bench->due[place];
    bench->due[place] = index + 1;
}

static enum err point_fired(void *arg, const struct timer_view *view)
{
    struct bench *bench = arg;
    const struct point *point = &bench->points[view->owner];
    int64_t due_ns = point->last_ns + point->stale_ns;
    bench->fired++;
    if (due_ns <= view->due_ns) {
        bench->stale++;
        due_ns = view->due_ns + point->stale_ns;
    }
    timing_move(bench->timing, view->timer, due_ns);
    return OK;
}

static void points_report(struct bench *bench)
{
    uint32_t *place = &bench->due[bench->now_ns / STEP_NS % RING];
    uint32_t index = *place;
    *place = 0;
    while (index != 0) {
        struct point *point = &bench->points[index - 1];
        uint32_t next = bench->next[index - 1];
        point->last_ns = bench->now_ns;
        report_at(bench, index - 1, bench->now_ns + point->every_ns);
        bench->reports++;
        index = next;
    }
}

static void advance(struct bench *bench)
{
    bool more = true;
    while (more) {
        int64_t began_ns = cpu_ns();
        check(timing_advance(bench->timing, bench->now_ns, MOST, point_fired, bench, &more) == OK);
        int64_t took_ns = cpu_ns() - began_ns;
        bench->spent_ns += took_ns;
        bench->longest_ns = took_ns > bench->longest_ns ? took_ns : bench->longest_ns;
    }
}

static void points_init(struct bench *bench)
{
    for (uint32_t i = 0; i < bench->count; i++) {
        struct point *point = &bench->points[i];
        point->stale_ns = (int64_t)(10 + random_next(bench) % 591) * NS_PER_S;
        int64_t most_s = point->stale_ns / NS_PER_S < 60 ? point->stale_ns / NS_PER_S - 1 : 60;
        point->every_ns = (int64_t)(1 + random_next(bench) % (uint64_t)most_s) * NS_PER_S;
        report_at(bench, i, (int64_t)(random_next(bench) % (uint64_t)point->every_ns));
        check(timing_set(bench->timing, 1, i, point->stale_ns, &point->timer) == OK);
    }
}

static void bench_plant(struct bench *bench, int64_t seconds)
{
    int64_t began_ns = cpu_ns();
    uint64_t before = state_memory(bench->state);
    points_init(bench);
    printf("%u timers set: %lld ns each, %.1f bytes each\n", bench->count,
           (long long)((cpu_ns() - began_ns) / bench->count),
           (double)(state_memory(bench->state) - before) / bench->count);
    /* Not measured: until timers no longer stand where they were set together. */
    for (; bench->now_ns < 600 * NS_PER_S; bench->now_ns += STEP_NS) {
        points_report(bench);
        advance(bench);
    }
    bench->fired = bench->reports = 0;
    bench->spent_ns = bench->longest_ns = 0;
    int64_t end_ns = bench->now_ns + seconds * NS_PER_S;
    for (; bench->now_ns < end_ns; bench->now_ns += STEP_NS) {
        points_report(bench);
        advance(bench);
    }
    printf("a second of plant time: %llu reports, %llu timers fire, %.4f of a core; longest call "
           "%lld us; %llu were stale\n",
           (unsigned long long)bench->reports / (uint64_t)seconds,
           (unsigned long long)bench->fired / (uint64_t)seconds,
           (double)bench->spent_ns / (double)(seconds * NS_PER_S),
           (long long)(bench->longest_ns / NS_PER_US), (unsigned long long)bench->stale);
}

/* All at one moment, though set at many. */
static void bench_worst(struct bench *bench)
{
    int64_t due_ns = bench->now_ns + 1000 * NS_PER_S, began_ns = cpu_ns();
    for (uint32_t i = 0; i < bench->count; i++)
        timing_move(bench->timing, bench->points[i].timer, due_ns);
    printf("moved: %lld ns each\n", (long long)((cpu_ns() - began_ns) / bench->count));
    bench->now_ns = due_ns;
    bench->spent_ns = bench->longest_ns = 0;
    bench->fired = 0;
    advance(bench);
    printf("all due at one moment: %llu fired, %lld ns each; longest call %lld us\n",
           (unsigned long long)bench->fired, (long long)(bench->spent_ns / bench->count),
           (long long)(bench->longest_ns / NS_PER_US));
    began_ns = cpu_ns();
    check(timing_rebuild(bench->timing) == OK);
    printf("pages judged: %lld ms\n", (long long)((cpu_ns() - began_ns) / NS_PER_MS));
    began_ns = cpu_ns();
    for (uint32_t i = 0; i < bench->count; i++)
        timing_stop(bench->timing, bench->points[i].timer);
    printf("stopped: %lld ns each\n", (long long)((cpu_ns() - began_ns) / bench->count));
}

int main(int count, char **words)
{
    struct bench bench = {.count = 1000000, .random = 1};
    int64_t seconds = count > 2 ? strtoll(words[2], NULL, 10) : 1200;
    if (count > 1)
        bench.count = (uint32_t)strtoul(words[1], NULL, 10);
    if (bench.count == 0 || seconds <= 0) {
        fprintf(stderr, "usage: timing_bench [POINTS [SECONDS]]\n");
        return 2;
    }
    bench.points = calloc(bench.count, sizeof *bench.points);
    bench.next = calloc(bench.count, sizeof *bench.next);
    bench.due = calloc(RING, sizeof *bench.due);
    check(bench.points != NULL && bench.next != NULL && bench.due != NULL);
    check(state_create(&bench.state) == OK);
    check(timing_create(bench.state, TIMING_TIMERS_MAX, &bench.timing) == OK);
    bench_plant(&bench, seconds);
    bench_worst(&bench);
    timing_destroy(bench.timing);
    state_destroy(bench.state);
    free(bench.points);
    free(bench.next);
    free(bench.due);
    return 0;
}
