/* How the tables and the indexes beside them come and go, which command goes where, and what timers
 * and expressions say. */
#include "model/alarms/tables.h"

#include <stdlib.h>

const struct alarms_limits alarms_limits_default = {
    .rules_max = 200000,
    .patterns_max = 10000,
    .alarms_max = 2000000,
    .profiles_max = PROFILES_MAX - 1,
    .trails_max = 1000000,
    .texts_bytes_max = UINT64_C(1) << 30,
    .entries_bytes_max = UINT64_C(512) << 20,
};

/* ---- life --------------------------------------------------------------------------------------
 */
static const struct state_table_plan tables[] = {
    {offsetof(struct alarms, roots_table), TABLE_ALARMS_ROOTS, sizeof(struct roots_entry)},
    {offsetof(struct alarms, rules), TABLE_RULES, sizeof(struct rule_entry)},
    {offsetof(struct alarms, profiles), TABLE_PROFILES, sizeof(struct profile_entry)},
    {offsetof(struct alarms, watches), TABLE_WATCHES, sizeof(struct watch_entry)},
    {offsetof(struct alarms, lates), TABLE_LATES, sizeof(struct late_entry)},
    {offsetof(struct alarms, rows), TABLE_ROWS, sizeof(struct row_entry)},
    {offsetof(struct alarms, firsts), TABLE_FIRSTS, sizeof(uint32_t)},
    {offsetof(struct alarms, tenants), TABLE_ALARM_TENANTS, sizeof(struct tenant_entry)},
    {offsetof(struct alarms, groups), TABLE_ALARM_GROUPS, sizeof(struct group_entry)},
    {offsetof(struct alarms, entries), TABLE_ENTRIES, sizeof(struct entry_entry)},
    {offsetof(struct alarms, handovers), TABLE_HANDOVERS, sizeof(struct handover_entry)},
    {offsetof(struct alarms, texts.table), TABLE_ALARMS_TEXTS, TEXTS_UNIT},
    {offsetof(struct alarms, trails), TABLE_TRAILS, sizeof(struct trail_entry)},
};

#define INDEXES 7
static struct index **index_at(struct alarms *alarms, unsigned i)
{
    struct index **const indexes[INDEXES] = {
        &alarms->rule_names,  &alarms->rule_paths, &alarms->rule_types, &alarms->patterns_of,
        &alarms->profiles_of, &alarms->rows_of,    &alarms->groups_of};
    return indexes[i];
}

static void derived_destroy(struct alarms *alarms)
{
    for (unsigned i = 0; i < INDEXES; i++) {
        index_destroy(*index_at(alarms, i));
        *index_at(alarms, i) = NULL;
    }
    free(alarms->metrics);
    alarms->metrics = NULL;
    alarms_standing_done(alarms);
}

static enum err derived_create(struct alarms *alarms)
{
    enum err err = OK;
    for (unsigned i = 0; err == OK && i < INDEXES; i++)
        err = index_create(index_at(alarms, i));
    alarms->metrics = calloc(METRIC_CACHE, sizeof *alarms->metrics);
    *alarms->cursor = (struct unwritten_cursor){0};
    return err == OK && alarms->metrics == NULL ? ERR_NO_MEMORY : err;
}

static enum err alarms_open(struct alarms *alarms)
{
    alarms->cursor = calloc(1, sizeof *alarms->cursor);
    alarms->program = calloc(1, PROGRAM_TEXT_MAX);
    if (alarms->cursor == NULL || alarms->program == NULL)
        return ERR_NO_MEMORY;
    enum err err = derived_create(alarms);
    return err == OK ? state_table_grow(&alarms->roots_table, 1) : err;
}

enum err alarms_create(struct state *state, const struct alarms_limits *limits,
                       struct points *points, struct assets *assets,
                       struct expressions *expressions, struct timing *timing,
                       struct alarms **ret_alarms)
{
    check(limits->profiles_max > 0 && limits->profiles_max < PROFILE_SHARED);
    struct alarms *alarms = calloc(1, sizeof *alarms);
    if (alarms == NULL)
        return ERR_NO_MEMORY;
    alarms->limits = *limits;
    alarms->state = state;
    alarms->points = points;
    alarms->assets = assets;
    alarms->expressions = expressions;
    alarms->timing = timing;
    state_tables_init(state, alarms, tables, ARRAY_COUNT(tables));
    alarms->texts.owner = &alarms->roots_table;
    alarms->texts.pages_at = offsetof(struct roots_entry, text_pages);
    alarms->texts.classes_at = offsetof(struct roots_entry, classes);
    enum err err = alarms_open(alarms);
    if (err != OK) {
        alarms_destroy(alarms);
        return err;
    }
    alarms->roots = state_read(&alarms->roots_table, 0);
    *ret_alarms = alarms;
    return OK;
}

void alarms_destroy(struct alarms *alarms)
{
    if (alarms == NULL)
        return;
    derived_destroy(alarms);
    free(alarms->cursor);
    free(alarms->program);
    state_tables_done(alarms, tables, ARRAY_COUNT(tables));
    free(alarms);
}

static enum err walk_rebuild(struct alarms *alarms)
{
    uint32_t points = points_count(alarms->points);
    const struct roots_entry *roots = alarms->roots;
    bool good = roots->walk_at <= points && roots->walk_left <= points &&
                roots->walk_programs <= roots->walk_left && time_is_safe(roots->offset_since_ns) &&
                time_is_safe(roots->lost_ns);
    return good ? OK : ERR_CORRUPT;
}

enum err alarms_rebuild(struct alarms *alarms)
{
    enum err (*const parts[])(struct alarms *) = {alarms_groups_rebuild,
                                                  alarms_rules_rebuild,
                                                  alarms_profiles_rebuild,
                                                  alarms_watches_rebuild,
                                                  alarms_lates_rebuild,
                                                  alarms_rows_rebuild,
                                                  alarms_counts_rebuild,
                                                  alarms_entries_rebuild,
                                                  alarms_handovers_rebuild,
                                                  alarms_trails_rebuild,
                                                  walk_rebuild};
    derived_destroy(alarms);
    enum err err = derived_create(alarms);
    if (err == OK)
        err = texts_rebuild(&alarms->texts);
    alarms->texts_ready = err == OK;
    for (size_t i = 0; err == OK && i < ARRAY_COUNT(parts); i++)
        err = parts[i](alarms);
    return err;
}

uint64_t alarms_memory(const struct alarms *alarms)
{
    const struct index *const indexes[] = {
        alarms->rule_names,  alarms->rule_paths, alarms->rule_types, alarms->patterns_of,
        alarms->profiles_of, alarms->rows_of,    alarms->groups_of};
    uint64_t bytes =
        sizeof *alarms + METRIC_CACHE * sizeof *alarms->metrics +
        alarms->pattern_slots * (sizeof alarms->patterns[0] + sizeof alarms->pattern_keys[0]) +
        alarms->roots->patterns * sizeof *alarms->patterns[0];
    for (size_t i = 0; i < ARRAY_COUNT(indexes); i++)
        bytes += index_memory(indexes[i]);
    return bytes;
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static enum err command_run(struct alarms *alarms, const struct command *command,
                            const struct record_stamp *stamp, struct outcome *outcome)
{
    outcome->code = OUTCOME_DONE;
    switch (command->kind) {
    case COMMAND_RULE_SET:
        return alarms_rule_set(alarms, command, stamp, outcome);
    case COMMAND_RULE_REMOVE:
        return alarms_rule_remove(alarms, command, stamp, outcome);
    case COMMAND_ALARM_ACT:
        return alarms_act(alarms, command, stamp, outcome);
    default:
        return alarms_handover_add(alarms, command, stamp, outcome);
    }
}

enum err alarms_apply_fact(struct alarms *alarms, const struct fact *fact,
                           const struct record_stamp *stamp, struct outcome *ret_outcome)
{
    const struct command *command = &fact->command;
    if (fact->kind != FACT_MODULE || command_module(command->kind) != MODULE_ALARMS)
        return OK;
    if (command->key_kind > KEY_FREE)
        return ERR_CORRUPT;
    *ret_outcome = (struct outcome){.position = stamp->position};
    struct key_claim claim;
    bool run;
    enum err err = points_key_claim(alarms->points, command, stamp, &claim, ret_outcome, &run);
    if (err == OK && run)
        err = command_run(alarms, command, stamp, ret_outcome);
    if (err != OK)
        return err;
    if (run)
        points_key_settle(alarms->points, command, &claim, ret_outcome);
    if (ret_outcome->code != OUTCOME_REPEATED)
        ret_outcome->first_code = ret_outcome->code;
    return OK;
}

/* ---- timers ------------------------------------------------------------------------------------
 */
static void point_value(const struct alarms *alarms, uint32_t point, struct cause *cause)
{
    int64_t time_ns, arrival_ns;
    if (point == POINT_NONE)
        return;
    struct value last = points_last(alarms->points, point, &time_ns, &arrival_ns);
    if (!last.present)
        return;
    if (last.type == VALUE_FLOAT64)
        cause->value = value_real(&last);
    else if (last.type != VALUE_STRING)
        cause->value = (double)last.number;
}

/* A rule that does not stand any more raises nothing; the walk will come and take what there is. */
static enum err delay_fired(struct alarms *alarms, uint32_t row, struct cause *cause)
{
    const struct row_entry *entry = row_at(alarms, row);
    struct alarm_delay_step step = alarm_delay_expire((enum alarm_pending)entry->pending);
    bool stands = rule_stands(rule_at(alarms, entry->rule));
    struct row_entry *written = row_write(alarms, row);
    written->timer_delay = TIMER_NONE;
    written->pending = ALARM_SETTLED;
    point_value(alarms, entry->point, cause);
    enum err err = step.has_event && (stands || step.event == ALARM_ENDS)
                       ? alarms_row_event(alarms, row, step.event, cause)
                       : OK;
    return err == OK ? alarms_row_settle(alarms, row) : err;
}

static enum err keep_fired(struct alarms *alarms, uint32_t row, const struct cause *cause)
{
    struct row_entry *entry = row_write(alarms, row);
    entry->timer_keep = TIMER_NONE;
    entry->flags &= (uint8_t)~ROW_KEPT;
    enum err err = OK;
    if (entry->hidden & ALARM_HIDDEN_SHELVED)
        err = alarms_row_step(alarms, row, ALARM_SHELVING_EXPIRES, cause, NULL);
    return err == OK ? alarms_row_settle(alarms, row) : err;
}

enum err alarms_fired(struct alarms *alarms, const struct timer_view *timer,
                      const struct record_stamp *stamp)
{
    struct cause cause = cause_of(stamp);
    cause.now_ns = timing_now_ns(alarms->timing);
    alarms_watch_clock(alarms, stamp);
    if (timer->kind == TIMER_STALE)
        return alarms_watch_fired(alarms, timer, &cause);
    uint32_t row = (uint32_t)timer->owner;
    check(row > 0 && row <= alarms->roots->rows);
    switch (timer->kind) {
    case TIMER_DELAY:
        return delay_fired(alarms, row, &cause);
    case TIMER_CHATTER:
        return alarms_chatter_fired(alarms, row, &cause);
    case TIMER_REALARM:
        row_write(alarms, row)->timer_realarm = TIMER_NONE;
        return alarms_row_step(alarms, row, ALARM_REALARM, &cause, NULL);
    default:
        return keep_fired(alarms, row, &cause);
    }
}

/* ---- expressions -------------------------------------------------------------------------------
 */
enum err alarms_expression(struct alarms *alarms, uint32_t rule, uint32_t point,
                           enum alarm_verdict verdict, const struct record_stamp *stamp)
{
    struct cause cause = cause_of(stamp);
    check(rule > 0 && rule <= alarms->roots->rules);
    if (!rule_stands(rule_at(alarms, rule)))
        return OK;
    point_value(alarms, point, &cause);
    return alarms_verdict(alarms, rule, point, verdict, &cause);
}

enum err alarms_program_judge(struct alarms *alarms, uint32_t rule, uint32_t point,
                              const struct record_stamp *stamp)
{
    if (rule == 0 || !(rule_at(alarms, rule)->flags & RULE_HAS_PROGRAM))
        return OK;
    enum condition_truth truth = expressions_truth(alarms->expressions, rule, point);
    if (truth == CONDITION_TRUE)
        return alarms_expression(alarms, rule, point, ALARM_TRUE, stamp);
    if (truth == CONDITION_FALSE && alarms_row_find(alarms, rule, point) != ROW_FREE)
        return alarms_expression(alarms, rule, point, ALARM_FALSE, stamp);
    return OK;
}
