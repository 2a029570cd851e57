/* What alarms cost a value: the reducers of points and alarms in one thread, no disk, no sockets.
 *
 *   alarms_bench [POINTS]      default 6,000,000 in rows of ten; CPU time of one thread
 *
 * The same values are applied without a rule, with four limits that stand on each point, and with
 * a share of the values beyond a limit, so that alarms come and go. Rows come in their order, as
 * the devices of a plant send them, and prefetched as the engine does it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/alarms/alarms.h"

#define METRICS 10u
#define VALUES 12000000u
#define AHEAD 16u
#define RATE 600000.0 /* values a second that the figures are for */

struct bench {
    struct state *state;
    struct points *points;
    struct assets *assets;
    struct timing *timing;
    struct expressions *expressions;
    struct alarms *alarms;
    struct effects effects;
    struct point_notice notices[COLUMNS_MAX];
    struct record_stamp stamp;
    uint32_t count;
    uint64_t told;
};

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void must(enum err err)
{
    if (err == OK)
        return;
    fprintf(stderr, "alarms_bench: %s\n", err_text(err));
    exit(1);
}

static uint32_t port_metric(void *context, uint32_t point, struct bytes metric)
{
    (void)context, (void)point, (void)metric;
    return POINT_NONE;
}

static enum err port_changed(void *context, uint32_t rule, uint32_t point,
                             enum condition_truth truth, const struct record_stamp *stamp)
{
    (void)context, (void)rule, (void)point, (void)truth, (void)stamp;
    return OK;
}

static void open(struct bench *b)
{
    struct points_limits limits = points_limits_default;
    const struct expressions_port port = {b, port_metric, port_changed};
    limits.points_max = b->count;
    must(state_create(&b->state));
    must(points_create(b->state, &limits, &b->points));
    must(timing_create(b->state, TIMING_TIMERS_MAX, &b->timing));
    must(assets_create(b->state, &assets_limits_default, b->points, &b->assets));
    must(expressions_create(b->state, &expressions_limits_default, b->points, b->timing, &port,
                            &b->expressions));
    must(alarms_create(b->state, &alarms_limits_default, b->points, b->assets, b->expressions,
                       b->timing, &b->alarms));
    b->stamp = (struct record_stamp){.position = 1, .engine_ns = 1, .wall_ns = NS_PER_S};
}

static void build(struct bench *b)
{
    char prefix[96], metrics[METRICS][16];
    struct fact_row_point columns[METRICS];
    for (uint32_t i = 0; i < METRICS; i++)
        columns[i] = (struct fact_row_point){
            VALUE_FLOAT64, bytes_of(metrics[i], (size_t)sprintf(metrics[i], "metric%u", i))};
    for (uint32_t point = 1; point <= b->count; point += METRICS) {
        uint32_t device = point / METRICS;
        int size = sprintf(prefix, "enterprise%u/site%u/line%u/device%06u", device / 300,
                           device / 60 % 5, device / 10 % 6, device);
        struct fact fact = {.kind = FACT_ROW,
                            .row = {.tenant = 1,
                                    .shape = {points_rows(b->points) + 1, point, METRICS},
                                    .object = true,
                                    .prefix = bytes_of(prefix, (size_t)size),
                                    .points = columns}};
        must(points_apply_fact(b->points, &fact, &b->stamp, &b->effects));
    }
}

static void rule_set(struct bench *b, const char *name, enum rule_kind kind, double limit)
{
    uint8_t bytes[512];
    struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
    struct fact fact = {.kind = FACT_MODULE, .command = {.kind = COMMAND_RULE_SET, .tenant = 1}};
    struct outcome outcome;
    form_put_text(&form, RULE_TAG_NAME, bytes_text(name));
    form_put_integer(&form, RULE_TAG_KIND, kind);
    form_put_integer(&form, RULE_TAG_ON, RULE_ON_PATTERN);
    form_put_text(&form, RULE_TAG_PATH, bytes_text("#"));
    form_put_real(&form, RULE_TAG_LIMIT, limit);
    form_put_real(&form, RULE_TAG_DEADBAND, 1);
    if (!form_end(&form, &fact.command.module.form))
        must(ERR_LIMIT);
    b->stamp.position++;
    must(alarms_apply_fact(b->alarms, &fact, &b->stamp, &outcome));
    if (outcome.code != OUTCOME_DONE) {
        fprintf(stderr, "alarms_bench: %s: %s\n", name, outcome_text(outcome.code));
        exit(1);
    }
}

static double walk(struct bench *b)
{
    int64_t began = cpu_ns();
    while (alarms_walk_left(b->alarms) > 0)
        must(alarms_walk(b->alarms, &b->stamp));
    return (double)(cpu_ns() - began) / 1e9;
}

/* Every beyond-th value is beyond the upper limit; 0: none is. Returns ns a value. */
static double apply(struct bench *b, uint32_t beyond)
{
    static int64_t time_ns = NS_PER_S;
    struct value values[METRICS];
    uint32_t rows = b->count / METRICS, done = 0;
    int64_t began = cpu_ns();
    b->told = 0;
    for (uint32_t i = 0; done < VALUES; i = (i + 1) % rows) {
        time_ns += 1000;
        uint32_t ahead = (i + AHEAD) % rows;
        points_apply_prefetch(b->points, ahead * METRICS + 1, METRICS);
        for (uint32_t column = 0; column < METRICS; column++, done++)
            values[column] = (struct value){
                .type = VALUE_FLOAT64,
                .present = true,
                .scale = 1,
                .number = beyond != 0 && done % beyond == 0 ? 1100 : 200 + (int64_t)(done & 255)};
        struct row_shape shape = {i + 1, i * METRICS + 1, METRICS};
        struct sample_row sample = {
            .row = i + 1, .count = METRICS, .time_ns = time_ns, .values = values};
        b->stamp.position++;
        b->stamp.engine_ns = b->stamp.wall_ns = time_ns;
        must(points_apply_sample(b->points, &shape, &sample, time_ns, &b->effects));
        for (size_t n = 0; n < b->effects.notice_count; n++, b->told++)
            must(alarms_judge(b->alarms, &b->notices[n], &b->stamp));
    }
    return (double)(cpu_ns() - began) / done;
}

static void line(const char *what, double ns, double base_ns)
{
    printf("  %-46s %8.1f ns/value %7.2f %% of a core at 600,000/s\n", what, ns,
           (ns - base_ns) * RATE / 1e9 * 100);
}

int main(int count, char **words)
{
    static struct bench b;
    b.count = count > 1 ? (uint32_t)strtoul(words[1], NULL, 10) : 6000000;
    b.count = b.count < METRICS ? METRICS : b.count / METRICS * METRICS;
    open(&b);
    build(&b);
    printf("alarms_bench: %" PRIu32 " points in rows of ten, %u values\n", b.count, VALUES);
    apply(&b, 0); /* all of memory was touched */
    double base_ns = apply(&b, 0);
    line("no rules", base_ns, base_ns);
    rule_set(&b, "hh", RULE_HIGH_HIGH, 105);
    rule_set(&b, "h", RULE_HIGH, 100);
    rule_set(&b, "l", RULE_LOW, 10);
    rule_set(&b, "ll", RULE_LOW_LOW, 5);
    printf("  %-46s %8.2f s of CPU, in pieces of %u points\n", "four rules on all points, the walk",
           walk(&b), ALARMS_WALK_POINTS);
    b.effects.notices = b.notices;
    apply(&b, 0);
    double rules_ns = apply(&b, 0);
    line("four limits on each, all normal: added", rules_ns, base_ns);
    double beyond_ns = apply(&b, 10000);
    line("1 in 10,000 beyond a limit: added", beyond_ns, base_ns);
    printf("  %-46s %8" PRIu64 " values, %" PRIu64 " entries\n", "of these told to the rules",
           b.told, alarms_entries(b.alarms));
    printf("  floor: 15 %% of a core added; aim: 3 %%\n");
    alarms_destroy(b.alarms);
    expressions_destroy(b.expressions);
    assets_destroy(b.assets);
    timing_destroy(b.timing);
    points_destroy(b.points);
    state_destroy(b.state);
    return 0;
}
