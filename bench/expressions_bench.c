/* expressions_bench: what conditions on points cost, in CPU time of this thread.
 *
 *   expressions_bench [EXPRESSIONS [STALE [SECONDS]]]      default 100,000, 1,000,000 and 60 s
 *
 * 1. A value comes and one expression of two comparisons is evaluated: from the notice to the
 * truth. Points in random order, the next ones fetched ahead; all of one rule, and a rule each.
 * 2. Sets of many points, a value each to some of them; a batch each 2 ms.
 * 3. A plant: STALE points that report every 1 to 60 s and are stale after 10 to 600 s, never
 *    later; EXPRESSIONS on two points each that report every 10 s; a batch each 10 ms. What the
 *    samples themselves cost is not counted. Staleness is first a timer of an owner that looks at
 *    the last arrival when it fires, as a rule of staleness has it, then an expression "stale(.,
 *    60s)".
 * 4. What happens seldom. */
#include "base/base.h"
#include "model/expressions/expressions.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STEP_NS (10 * NS_PER_MS)
#define RING 8192u /* steps: more than 60 s */
#define FLUSH 1000u
#define AHEAD 4u     /* values that are fetched before they are judged */
#define STALE_KIND 1 /* of timers, in place of the reducer of alarms */
#define STALE_RULES 591u

struct reporter {
    int64_t every_ns, stale_ns;
    uint32_t point, next;
};
struct bench {
    struct state *state;
    struct points *points;
    struct timing *timing;
    struct expressions *expressions;
    struct effects effects;
    struct point_notice notices[COLUMNS_MAX], *waiting;
    size_t waiting_count;
    struct record_stamp stamp;
    struct reporter *reporters;
    uint32_t *due; /* ring of lists of reporters, by step */
    uint32_t reporter_count;
    uint64_t random, reports, fired, changed;
    int64_t spent_ns, longest_ns;
    bool as_expressions;
};

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static uint32_t below(struct bench *bench, uint32_t limit) /* splitmix64 */
{
    uint64_t z = (bench->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ (z >> 31)) % limit);
}

/* ---- a house ---- */
static uint32_t metric(void *context, uint32_t point, struct bytes name)
{
    (void)context, (void)point, (void)name;
    return POINT_NONE;
}

static enum err changed(void *context, uint32_t rule, uint32_t point, enum condition_truth truth,
                        const struct record_stamp *stamp)
{
    (void)rule, (void)point, (void)truth, (void)stamp;
    ((struct bench *)context)->changed++;
    return OK;
}

static void bench_open(struct bench *bench)
{
    const struct expressions_limits limits = {
        .instances_max = 4000000, .sets_max = 4096, .members_max = 4000000, .members_of_set = 4096};
    const struct expressions_port port = {bench, metric, changed};
    *bench = (struct bench){.random = 1};
    bench->stamp = (struct record_stamp){1, 1, INT64_C(1700000000) * NS_PER_S};
    bench->effects.notices = bench->notices;
    bench->waiting = calloc(FLUSH + COLUMNS_MAX, sizeof *bench->waiting);
    check(bench->waiting != NULL && state_create(&bench->state) == OK);
    check(points_create(bench->state, &points_limits_default, &bench->points) == OK);
    check(timing_create(bench->state, TIMING_TIMERS_MAX, &bench->timing) == OK);
    check(expressions_create(bench->state, &limits, bench->points, bench->timing, &port,
                             &bench->expressions) == OK);
}

static void bench_close(struct bench *bench)
{
    expressions_destroy(bench->expressions);
    timing_destroy(bench->timing);
    points_destroy(bench->points);
    state_destroy(bench->state);
    free(bench->waiting);
    free(bench->reporters);
    free(bench->due);
}

/* A row of two points: the id of the first. */
static uint32_t row_new(struct bench *bench, const char *branch, uint32_t number)
{
    char prefix[64];
    struct fact_row_point columns[] = {{VALUE_FLOAT64, bytes_text("temp")},
                                       {VALUE_FLOAT64, bytes_text("flow")}};
    uint32_t first = points_count(bench->points) + 1;
    struct fact fact = {.kind = FACT_ROW,
                        .row = {.tenant = TENANT_DEFAULT,
                                .shape = {points_rows(bench->points) + 1, first, 2},
                                .object = true,
                                .points = columns}};
    fact.row.prefix = bytes_of(prefix, (size_t)snprintf(prefix, sizeof prefix, "%s/%u/%u", branch,
                                                        number / 1000, number % 1000));
    check(points_apply_fact(bench->points, &fact, &bench->stamp, &bench->effects) == OK);
    return first;
}

static void rule_new(struct bench *bench, uint32_t rule, const char *text)
{
    check(expressions_program(bench->expressions, rule, TENANT_DEFAULT, bytes_text(text)) == OK);
}

static void sample(struct bench *bench, uint32_t point, double real)
{
    struct value value = value_of_real(real);
    struct point_row row;
    points_row(bench->points, points_row_of(bench->points, point), &row);
    uint8_t column = (uint8_t)(point - row.shape.first_point);
    struct sample_row record = {.row = row.shape.row,
                                .count = 1,
                                .time_ns = bench->stamp.wall_ns,
                                .columns = &column,
                                .values = &value};
    check(points_apply_sample(bench->points, &row.shape, &record, bench->stamp.wall_ns,
                              &bench->effects) == OK);
    for (size_t i = 0; i < bench->effects.notice_count; i++)
        bench->waiting[bench->waiting_count++] = bench->notices[i];
}

/* ---- what is measured ---- */
static void spent(struct bench *bench, int64_t began_ns)
{
    int64_t took_ns = cpu_ns() - began_ns;
    bench->spent_ns += took_ns;
    bench->longest_ns = took_ns > bench->longest_ns ? took_ns : bench->longest_ns;
}

static void judge(struct bench *bench)
{
    int64_t began_ns = cpu_ns();
    for (size_t i = 0; i < bench->waiting_count; i++) {
        if (i + AHEAD < bench->waiting_count)
            expressions_prefetch(bench->expressions, bench->waiting[i + AHEAD].point);
        check(expressions_judge(bench->expressions, &bench->waiting[i], &bench->stamp) == OK);
    }
    bench->waiting_count = 0;
    spent(bench, began_ns);
}

static void walk(struct bench *bench)
{
    int64_t began_ns = cpu_ns();
    check(expressions_walk(bench->expressions, &bench->stamp) == OK);
    spent(bench, began_ns);
}

static enum err fired(void *context, const struct timer_view *timer)
{
    struct bench *bench = context;
    bench->fired++;
    if (timer->kind == EXPRESSIONS_TIMER)
        return expressions_fired(bench->expressions, timer, &bench->stamp);
    const struct reporter *reporter = &bench->reporters[timer->owner];
    int64_t time_ns, arrival_ns;
    (void)points_last(bench->points, reporter->point, &time_ns, &arrival_ns);
    int64_t age_ns = bench->stamp.wall_ns - arrival_ns;
    timing_move(bench->timing, timer->timer,
                bench->stamp.engine_ns + (age_ns < reporter->stale_ns ? reporter->stale_ns - age_ns
                                                                      : reporter->stale_ns));
    return OK;
}

static void advance(struct bench *bench)
{
    bool more = true;
    while (more) {
        int64_t began_ns = cpu_ns();
        check(timing_advance(bench->timing, bench->stamp.engine_ns, 1000, fired, bench, &more) ==
              OK);
        spent(bench, began_ns);
    }
}

static void batch_next(struct bench *bench, int64_t span_ns)
{
    bench->stamp.position++;
    bench->stamp.engine_ns += span_ns;
    bench->stamp.wall_ns += span_ns;
    advance(bench);
}

/* ---- 1: one evaluation ---- */
static void bench_one(uint32_t count, bool a_rule_each)
{
    struct bench bench;
    bench_open(&bench);
    uint32_t first = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t point = row_new(&bench, "plant", i), rule = a_rule_each ? i + 1 : 1;
        first = i == 0 ? point : first;
        if (i == 0 || a_rule_each)
            rule_new(&bench, rule, ". > 80 and ../flow < 5");
        sample(&bench, point + 1, 1);
        check(expressions_add(bench.expressions, rule, point, &bench.stamp) == OK);
    }
    bench.waiting_count = 0;
    uint32_t values = 2000000;
    uint64_t before = bench.changed;
    for (uint32_t i = 0; i < values; i++) {
        uint32_t point = first + 2 * below(&bench, count) + below(&bench, 2);
        sample(&bench, point, (point & 1) == (first & 1) ? 78 + below(&bench, 4) : 2);
        if (bench.waiting_count >= FLUSH)
            judge(&bench);
    }
    printf("%-58s %7.0f ns a value   %5.1f %% change   %5.0f bytes each\n",
           a_rule_each ? "two comparisons, a rule each" : "two comparisons, of one rule",
           (double)bench.spent_ns / values, 100.0 * (double)(bench.changed - before) / values,
           (double)expressions_memory(bench.expressions) / count);
    bench_close(&bench);
}

/* ---- 2: sets ---- */
static void bench_set(uint32_t members, uint32_t batch)
{
    struct bench bench;
    char what[80];
    bench_open(&bench);
    uint32_t first = points_count(bench.points) + 1;
    for (uint32_t i = 0; i < members; i++)
        sample(&bench, row_new(&bench, "hall", i), 1);
    rule_new(&bench, 1, "count('hall/*/*/temp' > 2) >= 2");
    check(expressions_add(bench.expressions, 1, POINT_NONE, &bench.stamp) == OK);
    while (expressions_walk_left(bench.expressions) > 0)
        walk(&bench);
    bench.waiting_count = 0;
    bench.spent_ns = bench.longest_ns = 0;
    uint32_t values = members > 100 ? 100000 : 1000000;
    for (uint32_t i = 0; i < values; i += batch) {
        for (uint32_t j = 0; j < batch; j++)
            sample(&bench, first + 2 * below(&bench, members), below(&bench, 5) / 2.0);
        judge(&bench);
        walk(&bench);
        batch_next(&bench, 2 * NS_PER_MS);
    }
    snprintf(what, sizeof what, "a count over %u points, %u values a batch", members, batch);
    printf("%-58s %7.0f ns a value   %5.0f ns a batch\n", what, (double)bench.spent_ns / values,
           (double)bench.spent_ns / values * batch);
    bench_close(&bench);
}

/* ---- 3: a plant ---- */
static void report_at(struct bench *bench, uint32_t reporter, int64_t after_ns)
{
    uint32_t place = (uint32_t)((bench->stamp.engine_ns + after_ns) / STEP_NS % RING);
    bench->reporters[reporter].next = bench->due[place];
    bench->due[place] = reporter + 1;
}

static void report_all(struct bench *bench)
{
    uint32_t *place = &bench->due[bench->stamp.engine_ns / STEP_NS % RING], next = *place;
    *place = 0;
    while (next != 0) {
        uint32_t number = next - 1;
        const struct reporter *reporter = &bench->reporters[number];
        next = reporter->next;
        sample(bench, reporter->point, 70 + below(bench, 12));
        bench->reports++;
        report_at(bench, number, reporter->every_ns);
        if (bench->waiting_count >= FLUSH)
            judge(bench);
    }
    judge(bench);
}

static void reporter_new(struct bench *bench, uint32_t point, int64_t every_ns, int64_t stale_ns)
{
    uint32_t number = bench->reporter_count++;
    bench->reporters[number] =
        (struct reporter){.every_ns = every_ns, .stale_ns = stale_ns, .point = point};
    report_at(bench, number, (int64_t)below(bench, (uint32_t)(every_ns / STEP_NS)) * STEP_NS);
}

static void stale_new(struct bench *bench, uint32_t point)
{
    int64_t stale_s = 10 + below(bench, STALE_RULES), most_s = stale_s < 61 ? stale_s - 1 : 60;
    int64_t every_ns = (int64_t)(1 + below(bench, (uint32_t)most_s)) * NS_PER_S;
    uint32_t timer, number = bench->reporter_count;
    reporter_new(bench, point, every_ns, stale_s * NS_PER_S);
    if (bench->as_expressions)
        check(expressions_add(bench->expressions, (uint32_t)stale_s, point, &bench->stamp) == OK);
    else
        check(timing_set(bench->timing, STALE_KIND, number,
                         bench->stamp.engine_ns + stale_s * NS_PER_S, &timer) == OK);
}

static void plant_init(struct bench *bench, uint32_t expressions, uint32_t stale)
{
    bench->reporters = calloc((size_t)2 * expressions + stale + 1, sizeof *bench->reporters);
    bench->due = calloc(RING, sizeof *bench->due);
    check(bench->reporters != NULL && bench->due != NULL);
    for (uint32_t i = 0; bench->as_expressions && i < STALE_RULES; i++) {
        char text[32];
        snprintf(text, sizeof text, "stale(., %us)", 10 + i);
        rule_new(bench, 10 + i, text);
    }
    rule_new(bench, 1, ". > 80 and ../flow < 75");
    for (uint32_t i = 0; i < expressions; i++) {
        uint32_t point = row_new(bench, "line", i);
        reporter_new(bench, point, 10 * NS_PER_S, 0);
        reporter_new(bench, point + 1, 10 * NS_PER_S, 0);
        check(expressions_add(bench->expressions, 1, point, &bench->stamp) == OK);
    }
    for (uint32_t i = 0; i < stale; i += 2) {
        uint32_t point = row_new(bench, "city", i);
        stale_new(bench, point);
        if (i + 1 < stale)
            stale_new(bench, point + 1);
    }
}

static void step(struct bench *bench)
{
    batch_next(bench, STEP_NS);
    report_all(bench);
    walk(bench);
}

static void bench_plant(uint32_t expressions, uint32_t stale, int64_t seconds, bool as_expressions)
{
    struct bench bench;
    bench_open(&bench);
    bench.as_expressions = as_expressions;
    plant_init(&bench, expressions, stale);
    /* Not measured: until timers no longer stand where they were set together. */
    for (int64_t i = 0; i < 120 * (NS_PER_S / STEP_NS); i++)
        step(&bench);
    bench.reports = bench.fired = bench.changed = 0;
    bench.spent_ns = bench.longest_ns = 0;
    for (int64_t i = 0; i < seconds * (NS_PER_S / STEP_NS); i++)
        step(&bench);
    printf("%9u stale %-12s %7u expressions: %6llu values/s %5llu timers/s %6llu changes/s   "
           "%.4f of a core   longest %lld us\n",
           stale, as_expressions ? "expressions" : "timers", expressions,
           (unsigned long long)bench.reports / (uint64_t)seconds,
           (unsigned long long)bench.fired / (uint64_t)seconds,
           (unsigned long long)bench.changed / (uint64_t)seconds,
           (double)bench.spent_ns / (double)(seconds * NS_PER_S),
           (long long)(bench.longest_ns / NS_PER_US));
    bench_close(&bench);
}

/* ---- 4: what happens seldom ---- */
static bool rule_text(void *context, uint32_t rule, struct bytes *ret_text, uint32_t *ret_tenant)
{
    (void)context;
    *ret_text = bytes_text(rule == 1 ? ". > 80 and hall/0/0/temp < 5" : "any('hall/*/*/flow' > 1)");
    *ret_tenant = TENANT_DEFAULT;
    return true;
}

static void told(const char *what, int64_t ns, uint32_t count, int64_t longest_ns)
{
    printf("%-58s %7.0f ns each", what, (double)ns / count);
    if (longest_ns > 0)
        printf("      longest %lld us", (long long)(longest_ns / NS_PER_US));
    printf("\n");
}

static void walk_all(struct bench *bench, const char *what, uint32_t count)
{
    bench->spent_ns = bench->longest_ns = 0;
    while (expressions_walk_left(bench->expressions) > 0)
        walk(bench);
    told(what, bench->spent_ns, count, bench->longest_ns);
}

static void bench_seldom(uint32_t count)
{
    struct bench bench;
    struct bytes text;
    uint32_t tenant, first = 1, points = 1000000;
    bench_open(&bench);
    for (uint32_t rule = 1; rule <= 2; rule++)
        check(rule_text(NULL, rule, &text, &tenant) &&
              expressions_program(bench.expressions, rule, tenant, text) == OK);
    for (uint32_t i = 0; i < points / 2; i++)
        (void)row_new(&bench, i < 1000 ? "hall" : "plant", i);
    int64_t began_ns = cpu_ns();
    for (uint32_t i = 0; i < count; i++)
        check(expressions_add(bench.expressions, 1, first + 2 * i, &bench.stamp) == OK);
    told("an instance added", cpu_ns() - began_ns, count, 0);
    bench.waiting_count = 0;
    sample(&bench, first, 1);
    bench.spent_ns = bench.longest_ns = 0;
    judge(&bench);
    told("a value that all of them look at, put off", bench.spent_ns, count, bench.longest_ns);
    walk_all(&bench, "  and evaluated by the walk", count);
    check(expressions_add(bench.expressions, 2, POINT_NONE, &bench.stamp) == OK);
    walk_all(&bench, "a new pattern, 1,000,000 points walked over", points);
    began_ns = cpu_ns();
    for (uint32_t point = points / 2; point < points; point++)
        check(expressions_point_changed(bench.expressions, point, &bench.stamp) == OK);
    told("a new point that nobody wants", cpu_ns() - began_ns, points / 2, 0);
    began_ns = cpu_ns();
    check(expressions_rebuild(bench.expressions, rule_text, NULL) == OK);
    told("rebuilt after a start", cpu_ns() - began_ns, count, 0);
    began_ns = cpu_ns();
    for (uint32_t i = 0; i < count; i++)
        expressions_remove(bench.expressions, 1, first + 2 * i);
    told("an instance removed", cpu_ns() - began_ns, count, 0);
    bench_close(&bench);
}

int main(int count, char **words)
{
    uint32_t expressions = count > 1 ? (uint32_t)strtoul(words[1], NULL, 10) : 100000;
    uint32_t stale = count > 2 ? (uint32_t)strtoul(words[2], NULL, 10) : 1000000;
    int64_t seconds = count > 3 ? strtoll(words[3], NULL, 10) : 60;
    if (expressions == 0 || seconds <= 0) {
        fprintf(stderr, "usage: expressions_bench [EXPRESSIONS [STALE [SECONDS]]]\n");
        return 2;
    }
    bench_one(expressions, false);
    bench_one(expressions, true);
    bench_set(10, 100);
    bench_set(64, 100);
    bench_set(4096, 1);
    bench_set(4096, 100);
    bench_set(4096, 1000);
    bench_seldom(expressions < 400000 ? expressions : 400000);
    bench_plant(expressions, 0, seconds, false);
    bench_plant(0, stale, seconds, false);
    bench_plant(expressions, stale, seconds, false);
    bench_plant(expressions, stale, seconds, true);
    return 0;
}
