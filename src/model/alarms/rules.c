/* Rules come, change and go. A rule keeps its number while what it judges stays what it was; with
 * another kind or another program it is a new rule of the same name, so that instances of two
 * programs never mix. */
#include "model/alarms/tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- finding -----------------------------------------------------------------------------------
 */
static uint64_t name_hash(uint32_t tenant, struct bytes name)
{
    return hash64(name.at, name.size, tenant);
}

uint32_t alarms_rules(const struct alarms *alarms)
{
    return alarms->roots->rules;
}

uint32_t alarms_rule_find(const struct alarms *alarms, uint32_t tenant, struct bytes name)
{
    struct index_probe probe;
    for (uint32_t at = index_first(alarms->rule_names, &probe, name_hash(tenant, name));
         at != INDEX_NONE; at = index_next(alarms->rule_names, &probe)) {
        const struct rule_entry *rule = rule_at(alarms, at);
        if (rule->tenant == tenant && bytes_equal(text_of(alarms, rule->name), name))
            return at;
    }
    return 0;
}

struct bytes alarms_rule_name(const struct alarms *alarms, uint32_t rule)
{
    check(rule > 0 && rule <= alarms->roots->rules);
    return text_of(alarms, rule_at(alarms, rule)->name);
}

uint32_t alarms_rule_tenant(const struct alarms *alarms, uint32_t rule)
{
    check(rule > 0 && rule <= alarms->roots->rules);
    const struct rule_entry *entry = rule_at(alarms, rule);
    return entry->flags & RULE_REMOVED ? 0 : entry->tenant;
}

struct bytes alarms_rule_text(const struct alarms *alarms, uint32_t rule, uint8_t tag)
{
    return form_text(text_of(alarms, rule_at(alarms, rule)->form), tag);
}

bool alarms_rule(const struct alarms *alarms, uint32_t rule, struct rule_view *ret_view)
{
    check(rule > 0 && rule <= alarms->roots->rules);
    const struct rule_entry *entry = rule_at(alarms, rule);
    if (entry->flags & RULE_REMOVED)
        return false;
    *ret_view = (struct rule_view){.rule = rule,
                                   .tenant = entry->tenant,
                                   .form = text_of(alarms, entry->form),
                                   .position = entry->position,
                                   .wall_ns = entry->wall_ns,
                                   .author = text_of(alarms, entry->author),
                                   .alarms = entry->alarms,
                                   .points = entry->points,
                                   .blind = entry->blind,
                                   .too_late = entry->too_late};
    return rule_plan_read(ret_view->form, &ret_view->plan) == NULL;
}

/* ---- programs ----------------------------------------------------------------------------------
 */
/* At the limit counts as beyond it, as everywhere. */
static struct bytes baseline_text(const struct alarms *alarms, const struct rule_entry *rule)
{
    int size =
        snprintf(alarms->program, PROGRAM_TEXT_MAX, "abs(deviation(., baseline %lldms)) >= %.17g",
                 (long long)(rule->span_ns / NS_PER_MS), rule->limit);
    return bytes_of(alarms->program, (size_t)size);
}

/* The text of the program of a rule that has one. */
static struct bytes program_text(const struct alarms *alarms, uint32_t rule)
{
    const struct rule_entry *entry = rule_at(alarms, rule);
    return entry->kind == RULE_DEVIATION ? baseline_text(alarms, entry)
                                         : alarms_rule_text(alarms, rule, RULE_TAG_CONDITION);
}

bool alarms_program(void *context, uint32_t rule, struct bytes *ret_text, uint32_t *ret_tenant)
{
    struct alarms *alarms = context;
    if (!alarms->texts_ready) {
        if (texts_rebuild(&alarms->texts) != OK)
            return false;
        alarms->texts_ready = true;
    }
    if (rule == 0 || rule > alarms->roots->rules || rule >= state_table_capacity(&alarms->rules))
        return false;
    const struct rule_entry *entry = rule_at(alarms, rule);
    if (!(entry->flags & RULE_HAS_PROGRAM) ||
        !texts_is_valid(&alarms->texts, entry->form, RULE_FORM_MAX))
        return false;
    *ret_text = program_text(alarms, rule);
    *ret_tenant = entry->tenant;
    return true;
}

static void rule_text_free(struct alarms *alarms, uint32_t *text)
{
    roots_write(alarms)->text_bytes -= texts_cost(text_of(alarms, *text).size);
    texts_free(&alarms->texts, *text);
    *text = TEXT_NONE;
}

/* Of a removed rule the name stays, for those who read what happened; what it said goes with the
 * last instance of its program. */
static void rule_forget(struct alarms *alarms, uint32_t rule)
{
    struct rule_entry *entry = rule_write(alarms, rule);
    if (!(entry->flags & RULE_REMOVED) || entry->instances > 0)
        return;
    if (entry->flags & RULE_HAS_PROGRAM)
        expressions_program_remove(alarms->expressions, rule);
    rule_text_free(alarms, &entry->form);
    rule_text_free(alarms, &entry->author);
}

void alarms_instance_count(struct alarms *alarms, uint32_t rule, bool more)
{
    rule_write(alarms, rule)->instances += more ? 1 : UINT32_MAX;
    rule_forget(alarms, rule);
}

/* ---- what there may be -------------------------------------------------------------------------
 */
static bool has_program(const struct rule_plan *plan)
{
    return plan->kind == RULE_EXPRESSION ||
           (plan->kind == RULE_DEVIATION && plan->reference.size == 0);
}

/* Does the rule go on judging the same? */
static bool goes_on(const struct alarms *alarms, uint32_t rule, const struct rule_plan *plan)
{
    const struct rule_entry *entry = rule_at(alarms, rule);
    bool program = has_program(plan);
    if (entry->kind != plan->kind || ((entry->flags & RULE_HAS_PROGRAM) != 0) != program ||
        (entry->on == RULE_ON_NOTHING) != (plan->on == RULE_ON_NOTHING))
        return false;
    if (!program)
        return true;
    if (plan->kind == RULE_DEVIATION)
        return entry->span_ns == plan->span_ns && entry->limit == plan->limit;
    return bytes_equal(alarms_rule_text(alarms, rule, RULE_TAG_CONDITION), plan->condition);
}

bool alarms_rule_numbers_left(const struct alarms *alarms)
{
    return alarms->roots->rules < (uint64_t)alarms->limits.rules_max * NUMBERS_PER_RULE;
}

static bool rules_are_full(const struct alarms *alarms, uint32_t tenant, uint32_t replaced,
                           const struct rule_plan *plan, size_t bytes)
{
    const struct roots_entry *roots = alarms->roots;
    const struct alarms_limits *limits = &alarms->limits;
    const struct tenant_entry *own = alarms_tenant_at(alarms, tenant);
    uint32_t rules = own == NULL ? 0 : own->rules, patterns = own == NULL ? 0 : own->patterns;
    bool pattern_before = false;
    if (replaced != 0) {
        const struct rule_entry *before = rule_at(alarms, replaced);
        pattern_before = before->on == RULE_ON_PATTERN;
    } else if (!share_allows(tenant, rules, roots->rules_live, limits->rules_max)) {
        return true;
    }
    if (!alarms_rule_numbers_left(alarms))
        return true;
    if (plan->on == RULE_ON_PATTERN && !pattern_before &&
        !share_allows(tenant, patterns, roots->patterns, limits->patterns_max))
        return true;
    return roots->text_bytes + bytes > limits->texts_bytes_max;
}

static enum outcome_code set_judge(const struct alarms *alarms, const struct command *command,
                                   struct rule_plan *plan)
{
    struct type_view type;
    if (command->tenant == 0 || command->tenant >= ALARM_TENANTS_MAX)
        return OUTCOME_UNKNOWN_TENANT;
    if (rule_plan_read(command->module.form, plan) != NULL)
        return OUTCOME_RULE_INVALID;
    if (plan->on == RULE_ON_TYPE) {
        if (plan->type > assets_types(alarms->assets))
            return OUTCOME_UNKNOWN_TYPE;
        assets_type(alarms->assets, plan->type, &type);
        if (type.removed || type.tenant != command->tenant)
            return OUTCOME_UNKNOWN_TYPE;
    }
    uint32_t replaced = alarms_rule_find(alarms, command->tenant, plan->name);
    size_t bytes = texts_cost(command->module.form.size) + texts_cost(plan->name.size) +
                   texts_cost(command->actor.name.size);
    return rules_are_full(alarms, command->tenant, replaced, plan, bytes) ? OUTCOME_RULES_FULL
                                                                          : OUTCOME_DONE;
}

/* ---- setting -----------------------------------------------------------------------------------
 */
static enum err rule_text_set(struct alarms *alarms, uint32_t *text, struct bytes content)
{
    uint32_t before = texts_cost(text_of(alarms, *text).size);
    enum err err = texts_set(&alarms->texts, text, content);
    if (err == OK) {
        struct roots_entry *roots = roots_write(alarms);
        roots->text_bytes = roots->text_bytes - before + texts_cost(content.size);
    }
    return err;
}

static void entry_fill(struct rule_entry *entry, const struct rule_plan *plan)
{
    entry->limit = plan->has_limit ? plan->limit : 0;
    entry->deadband = plan->deadband;
    entry->span_ns = plan->span_ns;
    entry->on_delay_ns = plan->on_delay_ns;
    entry->off_delay_ns = plan->off_delay_ns;
    entry->realarm_ns = plan->realarm_ns;
    entry->kind = plan->kind;
    entry->on = plan->on;
    entry->direction = plan->direction;
    entry->priority = plan->priority;
    entry->chatter = plan->chatter;
    entry->type = plan->on == RULE_ON_TYPE ? plan->type : 0;
    entry->flags = (uint8_t)((plan->enabled ? RULE_ENABLED : 0) | (plan->latch ? RULE_LATCHES : 0) |
                             (plan->needs_acknowledge ? RULE_NEEDS_ACKNOWLEDGE : 0) |
                             (plan->has_limit ? RULE_HAS_LIMIT : 0) |
                             (has_program(plan) ? RULE_HAS_PROGRAM : 0));
    entry->state_count = (uint8_t)plan->state_count;
    memset(entry->states, 0, sizeof entry->states);
    memcpy(entry->states, plan->states, plan->state_count * sizeof plan->states[0]);
}

static enum err pattern_count(struct alarms *alarms, uint32_t tenant, bool before, bool now)
{
    struct tenant_entry *own;
    enum err err = alarms_tenant(alarms, tenant, &own);
    if (err != OK || before == now)
        return err;
    own->patterns += now ? 1 : UINT32_MAX;
    roots_write(alarms)->patterns += now ? 1 : UINT32_MAX;
    return OK;
}

/* The row's own alarm of a rule that stands on nothing, and its program. */
static enum err alone_begin(struct alarms *alarms, uint32_t rule, const struct record_stamp *stamp)
{
    const struct rule_entry *entry = rule_at(alarms, rule);
    if (entry->on != RULE_ON_NOTHING || entry->instances > 0 || !rule_stands(entry) ||
        !(entry->flags & RULE_HAS_PROGRAM))
        return OK;
    alarms_instance_count(alarms, rule, true);
    enum err err = expressions_add(alarms->expressions, rule, POINT_NONE, stamp);
    if (err != ERR_LIMIT)
        return err;
    alarms_instance_count(alarms, rule, false);
    return OK;
}

static enum err alone_end(struct alarms *alarms, uint32_t rule, const struct cause *cause)
{
    const struct rule_entry *entry = rule_at(alarms, rule);
    if (entry->on != RULE_ON_NOTHING)
        return OK;
    if (entry->instances > 0) {
        expressions_remove(alarms->expressions, rule, POINT_NONE);
        alarms_instance_count(alarms, rule, false);
    }
    uint32_t row = entry->row;
    if (row == ROW_FREE)
        return OK;
    enum err err = alarms_row_step(alarms, row, ALARM_RULE_REMOVED, cause, NULL);
    return err == OK && rule_at(alarms, rule)->row == row ? alarms_row_release(alarms, row) : err;
}

/* The alarm of a rule that stands on nothing hears of a change at once; points in the walk. */
static enum err alone_change(struct alarms *alarms, uint32_t rule, const struct cause *cause)
{
    uint32_t row = rule_at(alarms, rule)->row;
    if (row == ROW_FREE)
        return OK;
    return alarms_row_rule_changed(alarms, row, cause);
}

static enum err rule_put(struct alarms *alarms, uint32_t rule, const struct rule_plan *plan,
                         const struct command *command, const struct record_stamp *stamp)
{
    struct rule_entry entry = *rule_at(alarms, rule);
    bool pattern_before = entry.tenant != 0 && entry.on == RULE_ON_PATTERN;
    uint32_t group = entry.group;
    entry_fill(&entry, plan);
    entry.tenant = command->tenant;
    entry.position = stamp->position;
    entry.wall_ns = stamp->wall_ns;
    enum err err = rule_text_set(alarms, &entry.name, plan->name);
    if (err == OK)
        err = rule_text_set(alarms, &entry.form, command->module.form);
    if (err == OK)
        err = rule_text_set(alarms, &entry.author, command->actor.name);
    if (err == OK)
        err = alarms_group_take(alarms, command->tenant, plan->group, &entry.group);
    if (err == OK)
        err = alarms_group_give(alarms, group);
    if (err == OK)
        err = pattern_count(alarms, command->tenant, pattern_before, plan->on == RULE_ON_PATTERN);
    if (err != OK)
        return err;
    *rule_write(alarms, rule) = entry;
    return OK;
}

static enum err rule_new(struct alarms *alarms, const struct rule_plan *plan,
                         const struct command *command, const struct record_stamp *stamp,
                         uint32_t *ret_rule)
{
    struct tenant_entry *own;
    uint32_t rule = alarms->roots->rules + 1;
    enum err err = state_table_grow(&alarms->rules, rule + 1);
    if (err == OK)
        err = rule_put(alarms, rule, plan, command, stamp);
    if (err == OK)
        err = alarms_tenant(alarms, command->tenant, &own);
    if (err == OK)
        err = index_insert(alarms->rule_names, name_hash(command->tenant, plan->name), rule);
    if (err == OK && has_program(plan))
        err = expressions_program(alarms->expressions, rule, command->tenant,
                                  program_text(alarms, rule));
    if (err != OK)
        return err == ERR_INVALID ? ERR_CORRUPT : err;
    own->rules++;
    struct roots_entry *roots = roots_write(alarms);
    roots->rules = rule;
    roots->rules_live++;
    *ret_rule = rule;
    return OK;
}

/* ---- how far a change reaches ------------------------------------------------------------------
 */
struct reach {
    uint32_t points[2]; /* of its path, before and after */
    unsigned count;
    bool many; /* a pattern's, a type's: a walk finds them */
};

static void reach_of(const struct alarms *alarms, uint32_t rule, struct reach *reach)
{
    const struct rule_entry *entry = rule_at(alarms, rule);
    if (entry->on == RULE_ON_PATTERN || entry->on == RULE_ON_TYPE)
        reach->many = true;
    if (entry->on != RULE_ON_POINT)
        return;
    uint32_t point =
        points_find(alarms->points, entry->tenant, alarms_rule_text(alarms, rule, RULE_TAG_PATH));
    if (point != POINT_NONE && (reach->count == 0 || reach->points[0] != point))
        reach->points[reach->count++] = point;
}

/* What stands on a path is there at once. */
static enum err reach_go(struct alarms *alarms, const struct reach *reach,
                         const struct record_stamp *stamp)
{
    enum err err = OK;
    for (unsigned i = 0; err == OK && i < reach->count; i++)
        err = alarms_point_find(alarms, reach->points[i], stamp);
    if (reach->many)
        alarms_walk_begin(alarms);
    return err;
}

/* ---- setting and removing ----------------------------------------------------------------------
 */
static enum err rule_end(struct alarms *alarms, uint32_t rule, const struct cause *cause)
{
    struct rule_entry entry = *rule_at(alarms, rule);
    struct tenant_entry *own;
    struct reach reach = {.count = 0};
    reach_of(alarms, rule, &reach);
    enum err err = rule_stands(&entry) ? alarms_standing_take(alarms, rule) : OK;
    if (err == OK)
        err = alarms_tenant(alarms, entry.tenant, &own);
    if (err == OK)
        err = index_remove(alarms->rule_names, name_hash(entry.tenant, text_of(alarms, entry.name)),
                           rule);
    if (err == OK)
        err = pattern_count(alarms, entry.tenant, entry.on == RULE_ON_PATTERN, false);
    if (err != OK)
        return err;
    own->rules--;
    roots_write(alarms)->rules_live--;
    struct rule_entry *written = rule_write(alarms, rule);
    written->flags |= RULE_REMOVED;
    written->position = cause->stamp->position;
    written->group = GROUP_NONE;
    err = alone_end(alarms, rule, cause);
    if (err == OK)
        err = alarms_group_give(alarms, entry.group);
    if (err != OK)
        return err;
    if (rule_at(alarms, rule)->form != TEXT_NONE)
        rule_forget(alarms, rule);
    err = alarms_profiles_refresh(alarms, rule);
    return err == OK ? reach_go(alarms, &reach, cause->stamp) : err;
}

static enum err rule_change(struct alarms *alarms, uint32_t rule, const struct rule_plan *plan,
                            const struct command *command, const struct cause *cause,
                            struct reach *reach)
{
    reach_of(alarms, rule, reach);
    enum err err = rule_stands(rule_at(alarms, rule)) ? alarms_standing_take(alarms, rule) : OK;
    if (err == OK && !plan->enabled)
        err = alone_end(alarms, rule, cause);
    if (err == OK)
        err = rule_put(alarms, rule, plan, command, cause->stamp);
    return err == OK ? alone_change(alarms, rule, cause) : err;
}

enum err alarms_rule_take(struct alarms *alarms, const struct rule_plan *plan,
                          const struct command *command, const struct record_stamp *stamp,
                          uint32_t *ret_rule)
{
    struct cause cause = cause_of(stamp);
    struct reach reach = {.count = 0};
    uint32_t rule = alarms_rule_find(alarms, command->tenant, plan->name);
    enum err err = OK;
    if (rule != 0 && !goes_on(alarms, rule, plan)) {
        err = rule_end(alarms, rule, &cause);
        rule = 0;
    }
    if (err != OK)
        return err;
    if (rule != 0)
        err = rule_change(alarms, rule, plan, command, &cause, &reach);
    else
        err = rule_new(alarms, plan, command, stamp, &rule);
    if (err == OK && plan->enabled)
        err = alarms_standing_put(alarms, rule);
    if (err == OK)
        err = alarms_profiles_refresh(alarms, rule);
    if (err == OK)
        err = alone_begin(alarms, rule, stamp);
    if (err == OK && plan->on == RULE_ON_NOTHING)
        err = alarms_program_judge(alarms, rule, POINT_NONE, stamp);
    if (err != OK)
        return err;
    *ret_rule = rule;
    reach_of(alarms, rule, &reach);
    return reach_go(alarms, &reach, stamp);
}

enum err alarms_rule_set(struct alarms *alarms, const struct command *command,
                         const struct record_stamp *stamp, struct outcome *outcome)
{
    struct rule_plan plan;
    outcome->code = set_judge(alarms, command, &plan);
    return outcome->code == OUTCOME_DONE
               ? alarms_rule_take(alarms, &plan, command, stamp, &outcome->number)
               : OK;
}

enum err alarms_rule_remove(struct alarms *alarms, const struct command *command,
                            const struct record_stamp *stamp, struct outcome *outcome)
{
    struct cause cause = cause_of(stamp);
    struct bytes name = form_text(command->module.form, RULE_TAG_NAME);
    uint32_t rule = alarms_rule_find(alarms, command->tenant, name);
    outcome->number = rule;
    if (rule == 0) {
        outcome->code = OUTCOME_UNKNOWN_RULE;
        return OK;
    }
    return rule_end(alarms, rule, &cause);
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool entry_agrees(const struct alarms *alarms, const struct rule_entry *entry)
{
    struct rule_plan plan;
    if (entry->flags & RULE_REMOVED)
        return true;
    if (rule_plan_read(text_of(alarms, entry->form), &plan) != NULL ||
        !bytes_equal(plan.name, text_of(alarms, entry->name)))
        return false;
    struct rule_entry made = *entry;
    entry_fill(&made, &plan);
    return memcmp(&made, entry, sizeof made) == 0;
}

static bool spans_are_valid(const struct rule_entry *entry)
{
    const int64_t spans[] = {entry->span_ns, entry->on_delay_ns, entry->off_delay_ns,
                             entry->realarm_ns};
    for (size_t i = 0; i < ARRAY_COUNT(spans); i++)
        if (spans[i] < 0 || spans[i] > CONDITION_SPAN_MAX_NS)
            return false;
    return true;
}

static bool entry_is_valid(const struct alarms *alarms, const struct rule_entry *entry)
{
    return spans_are_valid(entry) && entry->tenant > 0 && entry->tenant < ALARM_TENANTS_MAX &&
           entry->kind < RULE_KINDS && entry->on <= RULE_ON_NOTHING && entry->priority >= 1 &&
           entry->priority <= ALARM_PRIORITIES && entry->flags <= RULE_FLAGS &&
           entry->state_count <= RULE_STATES_MAX && entry->group <= alarms->roots->groups &&
           entry->name != TEXT_NONE &&
           (entry->form != TEXT_NONE || (entry->flags & RULE_REMOVED && entry->instances == 0)) &&
           texts_is_valid(&alarms->texts, entry->name, RULE_NAME_MAX) &&
           texts_is_valid(&alarms->texts, entry->form, RULE_FORM_MAX) &&
           texts_is_valid(&alarms->texts, entry->author, TEXTS_BYTES_MAX) &&
           entry_agrees(alarms, entry);
}

/* Expressions know the programs of instances; a rule that has none so far may get one. */
static enum err program_rebuild(struct alarms *alarms, uint32_t rule)
{
    const struct rule_entry *entry = rule_at(alarms, rule);
    if (!(entry->flags & RULE_HAS_PROGRAM))
        return OK;
    enum err err =
        expressions_program(alarms->expressions, rule, entry->tenant, program_text(alarms, rule));
    return err == ERR_INVALID ? ERR_CORRUPT : err;
}

enum err alarms_rules_rebuild(struct alarms *alarms)
{
    uint32_t live = 0, patterns = 0;
    if (alarms->roots->rules == UINT32_MAX)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&alarms->rules, alarms->roots->rules + 1);
    for (uint32_t rule = 1; err == OK && rule <= alarms->roots->rules; rule++) {
        const struct rule_entry *entry = rule_at(alarms, rule);
        if (!entry_is_valid(alarms, entry))
            return ERR_CORRUPT;
        if (entry->flags & RULE_REMOVED)
            continue;
        struct bytes name = text_of(alarms, entry->name);
        if (alarms_rule_find(alarms, entry->tenant, name) != 0)
            return ERR_CORRUPT;
        live++;
        patterns += entry->on == RULE_ON_PATTERN;
        err = index_insert(alarms->rule_names, name_hash(entry->tenant, name), rule);
        if (err == OK && rule_stands(entry))
            err = alarms_standing_put(alarms, rule);
        if (err == OK)
            err = program_rebuild(alarms, rule);
    }
    if (err == OK && (live != alarms->roots->rules_live || patterns != alarms->roots->patterns))
        err = ERR_CORRUPT;
    return err;
}
