/* Any forms of commands, one after the other, between values and time over a few points: nothing
 * they say can make the reducer fail, what is computed comes back as it was, and what they leave is
 * whole: a rebuild accepts it, it is the same afterwards, and so is what is asked of it.
 *
 * Input: steps. A step is its kind (u8), then: a command (0 to 3: rule set, rule remove, act,
 * hand-over): size (u16), form; 4: point (u8), number (i8), seconds that it is late (u8); 5: tenths
 * of a second (u16); 6: entries are written (u8); 7: an entry that nobody computed: size (u16),
 * form; 8: a point (u8) is retired or gets another name (u8). */
#include "model/alarms/alarms.h"

#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

#define ROWS 3
#define COLUMNS 4

static const struct alarms_limits limits = {.rules_max = 12,
                                            .patterns_max = 4,
                                            .alarms_max = 8,
                                            .profiles_max = 3,
                                            .trails_max = 5,
                                            .texts_bytes_max = 8192,
                                            .entries_bytes_max = 65536};

struct fuzz {
    struct state *state;
    struct points *points;
    struct assets *assets;
    struct timing *timing;
    struct expressions *expressions;
    struct alarms *alarms;
    struct effects effects;
    struct outcome outcomes[4];
    struct point_notice notices[COLUMNS_MAX];
    struct record_stamp stamp;
    const uint8_t *at;
    size_t left;
};

/* ---- a house ---- */
static uint32_t port_metric(void *context, uint32_t point, struct bytes metric)
{
    (void)context, (void)point, (void)metric;
    return POINT_NONE;
}

static enum err port_changed(void *context, uint32_t rule, uint32_t point,
                             enum condition_truth truth, const struct record_stamp *stamp)
{
    struct fuzz *fuzz = context;
    enum alarm_verdict verdict = truth == CONDITION_TRUE    ? ALARM_TRUE
                                 : truth == CONDITION_FALSE ? ALARM_FALSE
                                                            : ALARM_UNKNOWN;
    return alarms_expression(fuzz->alarms, rule, point, verdict, stamp);
}

static void fuzz_changed(struct fuzz *fuzz, uint32_t point)
{
    check(alarms_point_changed(fuzz->alarms, point, &fuzz->stamp) == OK);
    check(expressions_point_changed(fuzz->expressions, point, &fuzz->stamp) == OK);
}

static void fuzz_row(struct fuzz *fuzz, uint32_t row)
{
    static const char *const names[COLUMNS] = {"a", "b", "c", "d"};
    static const char *const prefixes[ROWS] = {"p", "q", "p/r"};
    struct fact_row_point columns[COLUMNS];
    for (uint32_t i = 0; i < COLUMNS; i++)
        columns[i] = (struct fact_row_point){(uint8_t)(1 + i), bytes_text(names[i])};
    struct fact fact = {.kind = FACT_ROW,
                        .row = {.tenant = TENANT_DEFAULT,
                                .shape = {row + 1, row * COLUMNS + 1, COLUMNS},
                                .object = true,
                                .prefix = bytes_text(prefixes[row]),
                                .points = columns}};
    check(points_apply_fact(fuzz->points, &fact, &fuzz->stamp, &fuzz->effects) == OK);
    for (uint32_t i = 1; i <= COLUMNS; i++)
        fuzz_changed(fuzz, row * COLUMNS + i);
}

static void fuzz_open(struct fuzz *fuzz)
{
    const struct expressions_port port = {fuzz, port_metric, port_changed};
    check(state_create(&fuzz->state) == OK);
    check(points_create(fuzz->state, &points_limits_default, &fuzz->points) == OK);
    check(assets_create(fuzz->state, &assets_limits_default, fuzz->points, &fuzz->assets) == OK);
    check(timing_create(fuzz->state, 24, &fuzz->timing) == OK);
    check(expressions_create(fuzz->state, &expressions_limits_default, fuzz->points, fuzz->timing,
                             &port, &fuzz->expressions) == OK);
    check(alarms_create(fuzz->state, &limits, fuzz->points, fuzz->assets, fuzz->expressions,
                        fuzz->timing, &fuzz->alarms) == OK);
    fuzz->effects.outcomes = fuzz->outcomes;
    fuzz->effects.outcome_capacity = 4;
    fuzz->effects.notices = fuzz->notices;
    fuzz->stamp = (struct record_stamp){1, 1000 * NS_PER_S, 5000 * NS_PER_S};
    for (uint32_t row = 0; row < ROWS; row++)
        fuzz_row(fuzz, row);
}

static void fuzz_close(struct fuzz *fuzz)
{
    alarms_destroy(fuzz->alarms);
    expressions_destroy(fuzz->expressions);
    timing_destroy(fuzz->timing);
    assets_destroy(fuzz->assets);
    points_destroy(fuzz->points);
    state_destroy(fuzz->state);
}

/* ---- steps ---- */
static uint32_t take(struct fuzz *fuzz, size_t bytes)
{
    uint32_t value = 0;
    for (size_t i = 0; i < bytes && fuzz->left > 0; i++, fuzz->left--)
        value |= (uint32_t)*fuzz->at++ << (8 * i);
    return value;
}

static struct bytes take_form(struct fuzz *fuzz)
{
    size_t size = take(fuzz, 2);
    if (size > fuzz->left)
        size = fuzz->left;
    struct bytes form = bytes_of(fuzz->at, size);
    fuzz->at += size;
    fuzz->left -= size;
    return form_is_valid(form) ? form : bytes_of("", 0);
}

static void step_command(struct fuzz *fuzz, uint8_t kind)
{
    struct fact fact = {.kind = FACT_MODULE};
    struct outcome outcome;
    fact.command.kind = kind;
    fact.command.tenant = TENANT_DEFAULT;
    fact.command.module.form = take_form(fuzz);
    fact.command.actor.name = bytes_text("ann");
    check(alarms_apply_fact(fuzz->alarms, &fact, &fuzz->stamp, &outcome) == OK);
    check(outcome.code < OUTCOME_COUNT && outcome.position == fuzz->stamp.position);
}

static void step_value(struct fuzz *fuzz)
{
    uint32_t point = 1 + take(fuzz, 1) % (ROWS * COLUMNS);
    struct value value = {.type = points_type(fuzz->points, point),
                          .present = true,
                          .number = (int8_t)take(fuzz, 1),
                          .text = bytes_of("", 0)};
    if (value.type == VALUE_BOOL)
        value.number &= 1;
    struct point_row row;
    points_row(fuzz->points, points_row_of(fuzz->points, point), &row);
    uint8_t column = (uint8_t)(point - row.shape.first_point);
    struct sample_row sample = {.row = row.shape.row,
                                .count = 1,
                                .time_ns = fuzz->stamp.wall_ns - take(fuzz, 1) * NS_PER_S,
                                .columns = &column,
                                .values = &value};
    check(points_apply_sample(fuzz->points, &row.shape, &sample, fuzz->stamp.wall_ns,
                              &fuzz->effects) == OK);
    for (size_t i = 0; i < fuzz->effects.notice_count; i++) {
        check(alarms_judge(fuzz->alarms, &fuzz->notices[i], &fuzz->stamp) == OK);
        check(expressions_judge(fuzz->expressions, &fuzz->notices[i], &fuzz->stamp) == OK);
    }
}

static enum err timer_fired(void *context, const struct timer_view *timer)
{
    struct fuzz *fuzz = context;
    return timer->kind == EXPRESSIONS_TIMER
               ? expressions_fired(fuzz->expressions, timer, &fuzz->stamp)
               : alarms_fired(fuzz->alarms, timer, &fuzz->stamp);
}

static void step_time(struct fuzz *fuzz, int64_t ns)
{
    bool more;
    fuzz->stamp.engine_ns += ns;
    fuzz->stamp.wall_ns += ns;
    check(timing_advance(fuzz->timing, fuzz->stamp.engine_ns, 1000, timer_fired, fuzz, &more) ==
          OK);
}

static void step_written(struct fuzz *fuzz, uint32_t count)
{
    static uint8_t bytes[FORM_BYTES_MAX];
    for (; count > 0 && alarms_unwritten(fuzz->alarms) > 0; count--) {
        struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
        struct fact_entry entry = {.module = MODULE_ALARMS};
        bool agrees;
        entry.tenant = alarms_unwritten_form(fuzz->alarms, 0, &form);
        check(form_end(&form, &entry.form) && form_is_valid(entry.form));
        check(alarms_apply_entry(fuzz->alarms, &entry, &fuzz->stamp, &agrees) == OK && agrees);
    }
}

static void step_entry(struct fuzz *fuzz)
{
    bool agrees;
    struct fact_entry entry = {
        .module = MODULE_ALARMS, .tenant = TENANT_DEFAULT, .form = take_form(fuzz)};
    check(alarms_apply_entry(fuzz->alarms, &entry, &fuzz->stamp, &agrees) == OK);
}

static void step_point(struct fuzz *fuzz)
{
    uint8_t path[PATH_MAX_BYTES];
    char name[16];
    uint32_t point = 1 + take(fuzz, 1) % (ROWS * COLUMNS), to = take(fuzz, 1);
    struct fact fact = {.kind = FACT_COMMAND};
    fact.command.kind = to == 0 ? COMMAND_RETIRE : COMMAND_RENAME;
    fact.command.tenant = TENANT_DEFAULT;
    fact.command.path = bytes_of(path, points_path(fuzz->points, point, path));
    snprintf(name, sizeof name, "%c/%c", "pqs"[to % 3], (char)('a' + to / 3 % 5));
    fact.command.new_path = bytes_text(name);
    fuzz->effects.outcome_count = 0;
    check(points_apply_fact(fuzz->points, &fact, &fuzz->stamp, &fuzz->effects) == OK);
    fuzz_changed(fuzz, point);
}

static void step_channels(struct fuzz *fuzz)
{
    char names[512];
    uint32_t dead = take(fuzz, 1) % 4, said = take(fuzz, 1);
    struct channels_told told = {.dead = dead, .died = said % 2 != 0};
    memset(names, 'c', sizeof names);
    told.why = bytes_of(names, said * 2);
    if (said % 3 != 0)
        check(alarms_channels_begin(fuzz->alarms, TENANT_DEFAULT, &fuzz->stamp) == OK);
    check(alarms_channels(fuzz->alarms, TENANT_DEFAULT, &told, &fuzz->stamp) == OK);
}

static void step(struct fuzz *fuzz)
{
    uint32_t kind = take(fuzz, 1) % 10;
    fuzz->stamp.position++;
    if (kind < 4)
        step_command(fuzz, (uint8_t)(COMMAND_RULE_SET + kind));
    else if (kind == 4)
        step_value(fuzz);
    else if (kind == 5)
        step_time(fuzz, take(fuzz, 2) * (NS_PER_S / 10));
    else if (kind == 6)
        step_written(fuzz, take(fuzz, 1));
    else if (kind == 7)
        step_entry(fuzz);
    else if (kind == 8)
        step_channels(fuzz);
    else
        step_point(fuzz);
    check(alarms_walk(fuzz->alarms, &fuzz->stamp) == OK);
}

/* ---- what is left ---- */
static uint64_t fuzz_look(struct fuzz *fuzz)
{
    uint64_t seen = 0;
    for (uint64_t i = alarms_entries_first(fuzz->alarms); i <= alarms_entries(fuzz->alarms); i++) {
        struct alarm_entry entry;
        alarms_entry(fuzz->alarms, i, &entry);
        check(entry.number == i && entry.event <= ALARM_EVENT_LAST);
        seen = hash64(entry.text.at, entry.text.size, seen + entry.state);
    }
    for (uint32_t rule = 1; rule <= alarms_rules(fuzz->alarms); rule++) {
        struct rule_view view;
        if (alarms_rule(fuzz->alarms, rule, &view))
            check(alarms_rule_find(fuzz->alarms, view.tenant, view.plan.name) == rule);
    }
    struct alarm_counts counts;
    uint64_t active = 0;
    for (uint32_t row = alarms_newest(fuzz->alarms, 1); row != 0;
         row = alarms_next(fuzz->alarms, row)) {
        struct alarm_view view, found;
        check(alarms_row(fuzz->alarms, row, &view));
        check(alarms_find(fuzz->alarms, view.alarm, &found) && found.point == view.point);
        active += view.machine.hidden == 0 && alarm_is_active(view.machine);
        seen = seen * 31 + view.state;
    }
    alarms_counts(fuzz->alarms, TENANT_DEFAULT, &counts);
    check(counts.active == active);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    struct fuzz fuzz = {.at = at, .left = size};
    fuzz_open(&fuzz);
    while (fuzz.left > 0)
        step(&fuzz);
    uint64_t hash = state_hash(fuzz.state), seen = fuzz_look(&fuzz);
    check(points_rebuild(fuzz.points) == OK && assets_rebuild(fuzz.assets) == OK);
    check(timing_rebuild(fuzz.timing) == OK);
    check(expressions_rebuild(fuzz.expressions, alarms_program, fuzz.alarms) == OK);
    check(alarms_rebuild(fuzz.alarms) == OK && state_hash(fuzz.state) == hash);
    check(fuzz_look(&fuzz) == seen);
    fuzz_close(&fuzz);
    return 0;
}
