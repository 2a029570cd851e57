/* Rows: the alarms that are not normal, or that something is under way of. Each is one of its
 * point's, and one of its tenant's, the newest change first; what a tenant has of them is counted
 * as it happens. */
#include "model/alarms/tables.h"

#include <stdlib.h>

#define HASH_GROUP UINT64_C(0x67726f7570)

/* ---- tenants -----------------------------------------------------------------------------------
 */
const struct tenant_entry *alarms_tenant_at(const struct alarms *alarms, uint32_t tenant)
{
    return tenant < state_table_capacity(&alarms->tenants) ? state_read(&alarms->tenants, tenant)
                                                           : NULL;
}

enum err alarms_tenant(struct alarms *alarms, uint32_t tenant, struct tenant_entry **ret_entry)
{
    check(tenant < ALARM_TENANTS_MAX);
    enum err err = state_table_grow(&alarms->tenants, tenant + 1);
    if (err == OK)
        *ret_entry = state_write(&alarms->tenants, tenant);
    return err;
}

/* ---- groups ------------------------------------------------------------------------------------
 */
static const struct group_entry *group_at(const struct alarms *alarms, uint32_t group)
{
    return state_read(&alarms->groups, group);
}

static struct group_entry *group_write(struct alarms *alarms, uint32_t group)
{
    return state_write(&alarms->groups, group);
}

uint64_t alarms_group_hash(uint32_t tenant, struct bytes name)
{
    return hash64(name.at, name.size, HASH_GROUP << 24 ^ tenant);
}

uint32_t alarms_group_find(const struct alarms *alarms, uint32_t tenant, struct bytes name)
{
    struct index_probe probe;
    for (uint32_t at = index_first(alarms->groups_of, &probe, alarms_group_hash(tenant, name));
         at != INDEX_NONE; at = index_next(alarms->groups_of, &probe))
        if (group_at(alarms, at)->tenant == tenant &&
            bytes_equal(text_of(alarms, group_at(alarms, at)->name), name))
            return at;
    return GROUP_NONE;
}

static enum err group_new(struct alarms *alarms, uint32_t tenant, struct bytes name,
                          uint32_t *ret_group)
{
    uint32_t at = alarms->roots->groups_free, text = TEXT_NONE;
    enum err err = OK;
    if (at == GROUP_NONE)
        err = state_table_grow(&alarms->groups, alarms->roots->groups + 2);
    if (err == OK)
        err = texts_set(&alarms->texts, &text, name);
    if (err != OK)
        return err;
    struct roots_entry *roots = roots_write(alarms);
    if (at == GROUP_NONE)
        at = ++roots->groups;
    else
        roots->groups_free = group_at(alarms, at)->rules;
    *group_write(alarms, at) = (struct group_entry){.tenant = tenant, .name = text};
    *ret_group = at;
    return index_insert(alarms->groups_of, alarms_group_hash(tenant, name), at);
}

enum err alarms_group_take(struct alarms *alarms, uint32_t tenant, struct bytes name,
                           uint32_t *ret_group)
{
    *ret_group = GROUP_NONE;
    if (name.size == 0)
        return OK;
    uint32_t group = alarms_group_find(alarms, tenant, name);
    enum err err = group == GROUP_NONE ? group_new(alarms, tenant, name, &group) : OK;
    if (err != OK)
        return err;
    group_write(alarms, group)->rules++;
    *ret_group = group;
    return OK;
}

static enum err group_settle(struct alarms *alarms, uint32_t group)
{
    struct group_entry *entry = group_write(alarms, group);
    if (entry->rules > 0 || entry->standing > 0)
        return OK;
    uint64_t hash = alarms_group_hash(entry->tenant, text_of(alarms, entry->name));
    enum err err = index_remove(alarms->groups_of, hash, group);
    if (err != OK)
        return err;
    texts_free(&alarms->texts, entry->name);
    *entry = (struct group_entry){.rules = alarms->roots->groups_free};
    roots_write(alarms)->groups_free = group;
    return OK;
}

enum err alarms_group_give(struct alarms *alarms, uint32_t group)
{
    if (group == GROUP_NONE)
        return OK;
    group_write(alarms, group)->rules--;
    return group_settle(alarms, group);
}

/* ---- counts ------------------------------------------------------------------------------------
 */
void alarms_row_share(const struct row_entry *row, uint8_t kind, uint32_t step,
                      struct tenant_entry *own, uint32_t *of_rule)
{
    struct alarm_machine machine = row_machine(row);
    enum alarm_state shown = alarm_shown(machine);
    bool active = row->hidden == 0 && alarm_is_active(machine);
    bool waits = row->hidden == 0 && (row->state == ALARM_UNACKNOWLEDGED ||
                                      row->state == ALARM_RETURNED || row->state == ALARM_LATCHED);
    *of_rule += shown != ALARM_NORMAL ? step : 0;
    own->active += active ? step : 0;
    own->unacknowledged += waits ? step : 0;
    own->stale += active && kind == RULE_STALE ? step : 0;
    own->shelved += shown == ALARM_SHELVED ? step : 0;
    own->suppressed += shown == ALARM_SUPPRESSED ? step : 0;
    own->out_of_service += shown == ALARM_OUT_OF_SERVICE ? step : 0;
    own->by_priority[row->priority] += active || waits ? step : 0;
}

static void row_count(struct alarms *alarms, const struct row_entry *row, uint32_t step)
{
    struct rule_entry *rule = rule_write(alarms, row->rule);
    alarms_row_share(row, rule->kind, step, state_write(&alarms->tenants, row->tenant),
                     &rule->alarms);
}

void alarms_counts(const struct alarms *alarms, uint32_t tenant, struct alarm_counts *ret_counts)
{
    const struct tenant_entry *own = alarms_tenant_at(alarms, tenant);
    *ret_counts = (struct alarm_counts){0};
    if (own == NULL)
        return;
    ret_counts->active = own->active;
    ret_counts->unacknowledged = own->unacknowledged;
    ret_counts->shelved = own->shelved;
    ret_counts->suppressed = own->suppressed;
    ret_counts->out_of_service = own->out_of_service;
    ret_counts->stale = own->stale;
    for (unsigned i = 0; i <= ALARM_PRIORITIES; i++)
        ret_counts->by_priority[i] = own->by_priority[i];
}

/* ---- links -------------------------------------------------------------------------------------
 */
static const struct chain rows_of_point = {.links_at = offsetof(struct row_entry, of_point)};
static const struct chain rows_of_tenant = {.links_at = offsetof(struct row_entry, newest)};

static void point_link(struct alarms *alarms, uint32_t at)
{
    const struct row_entry *row = row_at(alarms, at);
    if (row->point == POINT_NONE)
        rule_write(alarms, row->rule)->row = at;
    else
        chain_push(&alarms->rows, &rows_of_point, state_write(&alarms->firsts, row->point), at);
}

static void point_unlink(struct alarms *alarms, uint32_t at)
{
    const struct row_entry *row = row_at(alarms, at);
    if (row->point == POINT_NONE)
        rule_write(alarms, row->rule)->row = ROW_FREE;
    else
        chain_pull(&alarms->rows, &rows_of_point, state_write(&alarms->firsts, row->point), at);
}

static void newest_link(struct alarms *alarms, uint32_t at)
{
    struct tenant_entry *own = state_write(&alarms->tenants, row_at(alarms, at)->tenant);
    chain_push(&alarms->rows, &rows_of_tenant, &own->newest, at);
}

static void newest_unlink(struct alarms *alarms, uint32_t at)
{
    struct tenant_entry *own = state_write(&alarms->tenants, row_at(alarms, at)->tenant);
    chain_pull(&alarms->rows, &rows_of_tenant, &own->newest, at);
}

/* ---- timers ------------------------------------------------------------------------------------
 */
static uint32_t *timer_of(struct alarms *alarms, uint32_t row, enum alarms_timer kind)
{
    struct row_entry *entry = row_write(alarms, row);
    return kind == TIMER_DELAY     ? &entry->timer_delay
           : kind == TIMER_REALARM ? &entry->timer_realarm
           : kind == TIMER_CHATTER ? &entry->timer_chatter
                                   : &entry->timer_keep;
}

void alarms_row_timer_stop(struct alarms *alarms, uint32_t row, enum alarms_timer kind)
{
    uint32_t *timer = timer_of(alarms, row, kind);
    timing_stop(alarms->timing, *timer);
    *timer = TIMER_NONE;
}

enum err alarms_row_timer_set(struct alarms *alarms, uint32_t row, enum alarms_timer kind,
                              int64_t due_ns, bool *ret_set)
{
    uint32_t *timer = timer_of(alarms, row, kind);
    *ret_set = true;
    if (*timer != TIMER_NONE) {
        timing_move(alarms->timing, *timer, due_ns);
        return OK;
    }
    enum err err = timing_set(alarms->timing, (uint8_t)kind, row, due_ns, timer);
    if (err != ERR_LIMIT)
        return err;
    *ret_set = false;
    return OK;
}

/* ---- coming and going --------------------------------------------------------------------------
 */
uint32_t alarms_row_find(const struct alarms *alarms, uint32_t rule, uint32_t point)
{
    if (point == POINT_NONE)
        return rule_at(alarms, rule)->row;
    uint32_t at = first_row_of(alarms, point);
    while (at != ROW_FREE && row_at(alarms, at)->rule != rule)
        at = row_at(alarms, at)->of_point.next;
    return at;
}

static enum err row_room(struct alarms *alarms, uint32_t point, uint32_t tenant)
{
    struct tenant_entry *own;
    enum err err = alarms_tenant(alarms, tenant, &own);
    if (err == OK && alarms->roots->rows_free == ROW_FREE)
        err = state_table_grow(&alarms->rows, alarms->roots->rows + 2);
    if (err == OK && point != POINT_NONE)
        err = state_table_grow(&alarms->firsts, point + 1);
    return err;
}

enum err alarms_row_add(struct alarms *alarms, uint32_t rule, uint32_t point,
                        const struct cause *cause, uint32_t *ret_row)
{
    const struct rule_entry *of = rule_at(alarms, rule);
    enum err err = row_room(alarms, point, of->tenant);
    if (err != OK)
        return err;
    struct tenant_entry *own = state_write(&alarms->tenants, of->tenant);
    *ret_row = ROW_FREE;
    if (!share_allows(of->tenant, own->rows, alarms->roots->rows_live, alarms->limits.alarms_max))
        return OK;
    struct roots_entry *roots = roots_write(alarms);
    uint32_t at = roots->rows_free;
    if (at == ROW_FREE)
        at = ++roots->rows;
    else
        roots->rows_free = row_at(alarms, at)->of_point.next;
    roots->rows_live++;
    own->rows++;
    *row_write(alarms, at) = (struct row_entry){.alarm = ++roots->alarms,
                                                .position = cause->stamp->position,
                                                .rule_position = of->position,
                                                .changed_wall_ns = cause->stamp->wall_ns,
                                                .value = (double)NAN,
                                                .tenant = of->tenant,
                                                .rule = rule,
                                                .point = point,
                                                .priority = of->priority};
    point_link(alarms, at);
    newest_link(alarms, at);
    if (point != POINT_NONE)
        alarms_attend(alarms, point);
    *ret_row = at;
    return index_insert(alarms->rows_of, number_hash(roots->alarms, HASH_ALARM), at);
}

static enum err standing_set(struct alarms *alarms, uint32_t row, bool stands)
{
    struct row_entry *entry = row_write(alarms, row);
    if (!stands) {
        uint32_t group = entry->group;
        entry->group = GROUP_NONE;
        entry->flags &= (uint8_t)~ROW_FIRST_OUT;
        if (group == GROUP_NONE)
            return OK;
        group_write(alarms, group)->standing--;
        return group_settle(alarms, group);
    }
    entry->group = rule_at(alarms, entry->rule)->group;
    if (entry->group == GROUP_NONE)
        return OK;
    struct group_entry *group = group_write(alarms, entry->group);
    if (group->standing++ == 0)
        entry->flags |= ROW_FIRST_OUT;
    return OK;
}

enum err alarms_row_release(struct alarms *alarms, uint32_t row)
{
    const struct row_entry *entry = row_at(alarms, row);
    uint32_t point = entry->point;
    enum err err = index_remove(alarms->rows_of, number_hash(entry->alarm, HASH_ALARM), row);
    if (err == OK && entry->state != ALARM_NORMAL)
        err = standing_set(alarms, row, false);
    if (err != OK)
        return err;
    row_count(alarms, entry, UINT32_MAX);
    for (enum alarms_timer kind = TIMER_DELAY; kind <= TIMER_KEEP; kind++)
        alarms_row_timer_stop(alarms, row, kind);
    alarms_row_timer_stop(alarms, row, TIMER_CHATTER);
    point_unlink(alarms, row);
    newest_unlink(alarms, row);
    struct row_entry *freed = row_write(alarms, row);
    texts_free(&alarms->texts, freed->why);
    texts_free(&alarms->texts, freed->assignee);
    texts_free(&alarms->texts, freed->acknowledged_by);
    texts_free(&alarms->texts, freed->comment);
    ((struct tenant_entry *)state_write(&alarms->tenants, freed->tenant))->rows--;
    struct roots_entry *roots = roots_write(alarms);
    *freed = (struct row_entry){.of_point.next = roots->rows_free};
    roots->rows_free = row;
    roots->rows_live--;
    if (point != POINT_NONE)
        alarms_attend(alarms, point);
    return OK;
}

enum err alarms_row_settle(struct alarms *alarms, uint32_t row)
{
    const struct row_entry *entry = row_at(alarms, row);
    bool wanted = entry->state != ALARM_NORMAL || entry->hidden != 0 ||
                  entry->pending != ALARM_SETTLED || entry->flags & ROW_KEPT ||
                  entry->timer_chatter != TIMER_NONE;
    return wanted ? OK : alarms_row_release(alarms, row);
}

/* ---- what happens ------------------------------------------------------------------------------
 */
static enum err entry_of_row(struct alarms *alarms, uint32_t row, uint8_t event, uint8_t before,
                             uint8_t flags, const struct cause *cause)
{
    const struct row_entry *held = row_at(alarms, row);
    const struct rule_entry *rule = rule_at(alarms, held->rule);
    struct entry_entry entry = {
        .alarm = held->alarm,
        .position = cause->stamp->position,
        .time_ns = cause->time_ns,
        .wall_ns = cause->stamp->wall_ns,
        .value = cause->value,
        .tenant = held->tenant,
        .rule = held->rule,
        .point = held->point,
        .account = cause->account,
        .event = event,
        .state = (uint8_t)alarm_shown(row_machine(held)),
        .state_before = before,
        .priority = held->priority,
        .kind = rule->kind,
        .flags = (uint8_t)(flags | (cause->commanded ? 0 : ALARM_ENTRY_COMPUTED)),
    };
    enum err err = alarms_entry_add(alarms, &entry, cause->actor, cause->text);
    if (err != OK)
        return err;
    struct row_entry *written = row_write(alarms, row);
    written->position = cause->stamp->position;
    written->entry_last = entry.number;
    written->changed_wall_ns = cause->stamp->wall_ns;
    newest_unlink(alarms, row);
    newest_link(alarms, row);
    return OK;
}

enum err alarms_row_note(struct alarms *alarms, uint32_t row, uint8_t event,
                         const struct cause *cause)
{
    uint8_t shown = (uint8_t)alarm_shown(row_machine(row_at(alarms, row)));
    return entry_of_row(alarms, row, event, shown, 0, cause);
}

/* It was raised just now. */
static enum err row_raise(struct alarms *alarms, uint32_t row, const struct cause *cause)
{
    struct row_entry *entry = row_write(alarms, row);
    entry->raised_ns = cause->time_ns;
    entry->raised_wall_ns = cause->stamp->wall_ns;
    entry->value = cause->value;
    entry->acknowledged_wall_ns = 0;
    entry->acknowledged_account = 0;
    entry->before = entry->after = ALARM_NORMAL;
    entry->count++;
    texts_free(&alarms->texts, entry->acknowledged_by);
    entry->acknowledged_by = TEXT_NONE;
    return texts_set(&alarms->texts, &entry->why, cause->text);
}

/* Told again while it stands; hidden, nobody would be told. */
static enum err row_realarm(struct alarms *alarms, uint32_t row, const struct cause *cause,
                            bool told)
{
    const struct row_entry *entry = row_at(alarms, row);
    int64_t again_ns = rule_at(alarms, entry->rule)->realarm_ns;
    bool set;
    if (!alarm_is_active(row_machine(entry)) || entry->hidden != 0 || again_ns == 0) {
        alarms_row_timer_stop(alarms, row, TIMER_REALARM);
        return OK;
    }
    if (!told && entry->timer_realarm != TIMER_NONE)
        return OK;
    return alarms_row_timer_set(alarms, row, TIMER_REALARM, cause->now_ns + again_ns, &set);
}

static void machine_put(struct row_entry *entry, struct alarm_machine machine)
{
    entry->state = machine.state;
    entry->hidden = machine.hidden;
    entry->untold = machine.untold;
}

/* What is hidden stays for that, and not to be undone. */
static void kept_end(struct alarms *alarms, uint32_t row)
{
    const struct row_entry *entry = row_at(alarms, row);
    if (entry->hidden == 0 || !(entry->flags & ROW_KEPT))
        return;
    alarms_row_timer_stop(alarms, row, TIMER_KEEP);
    row_write(alarms, row)->flags &= (uint8_t)~ROW_KEPT;
}

enum err alarms_row_put(struct alarms *alarms, uint32_t row, struct alarm_machine machine,
                        uint8_t event, bool told, const struct cause *cause)
{
    struct alarm_machine before = row_machine(row_at(alarms, row));
    uint8_t shown = (uint8_t)alarm_shown(before);
    row_count(alarms, row_at(alarms, row), UINT32_MAX);
    machine_put(row_write(alarms, row), machine);
    row_count(alarms, row_at(alarms, row), 1);
    kept_end(alarms, row);
    enum err err = OK;
    if ((before.state == ALARM_NORMAL) != (machine.state == ALARM_NORMAL))
        err = standing_set(alarms, row, machine.state != ALARM_NORMAL);
    bool raised = event == ALARM_HOLDS && !alarm_is_active(before) && alarm_is_active(machine);
    if (err == OK && raised)
        err = row_raise(alarms, row, cause);
    if (err == OK)
        err = row_realarm(alarms, row, cause, told);
    bool first = raised && row_at(alarms, row)->flags & ROW_FIRST_OUT;
    uint8_t flags = (uint8_t)((told ? ALARM_ENTRY_TOLD : 0) | (first ? ALARM_ENTRY_FIRST_OUT : 0));
    if (err == OK)
        err = entry_of_row(alarms, row, event, shown, flags, cause);
    bool turned = alarm_is_active(before) != alarm_is_active(machine);
    const struct row_entry *entry = row_at(alarms, row);
    if (err != OK || !turned || rule_at(alarms, entry->rule)->kind != RULE_STALE)
        return err;
    return alarms_judge_referred(alarms, entry->point, cause); /* from what is stale */
}

enum err alarms_row_step(struct alarms *alarms, uint32_t row, enum alarm_event event,
                         const struct cause *cause, struct alarm_step *ret_step)
{
    const struct row_entry *entry = row_at(alarms, row);
    struct alarm_step step =
        alarm_step(row_machine(entry), event, rule_guards(rule_at(alarms, entry->rule)));
    if (ret_step != NULL)
        *ret_step = step;
    if (!step.moved && !step.told)
        return OK;
    if (!(step.machine.hidden & ALARM_HIDDEN_SHELVED) && entry->hidden & ALARM_HIDDEN_SHELVED) {
        alarms_row_timer_stop(alarms, row, TIMER_KEEP);
        row_write(alarms, row)->shelved_until_ns = 0;
    }
    return alarms_row_put(alarms, row, step.machine, (uint8_t)event, step.told, cause);
}

/* A delay that is under way begins anew with the next judgement, as the rule has it now. */
enum err alarms_row_rule_changed(struct alarms *alarms, uint32_t row, const struct cause *cause)
{
    const struct rule_entry *rule = rule_at(alarms, row_at(alarms, row)->rule);
    if (row_at(alarms, row)->rule_position == rule->position)
        return OK;
    alarms->rows_changed++;
    row_count(alarms, row_at(alarms, row), UINT32_MAX);
    struct row_entry *entry = row_write(alarms, row);
    entry->rule_position = rule->position;
    entry->priority = rule->priority;
    entry->pending = ALARM_SETTLED;
    row_count(alarms, entry, 1);
    alarms_row_timer_stop(alarms, row, TIMER_DELAY);
    alarms_row_timer_stop(alarms, row, TIMER_REALARM);
    enum err err = alarms_row_step(alarms, row, ALARM_RULE_CHANGED, cause, NULL);
    if (err == OK && rule->chatter == 0)
        err = alarms_chatter_end(alarms, row, cause);
    if (err == OK)
        err = row_realarm(alarms, row, cause, false);
    return err == OK ? alarms_row_settle(alarms, row) : err;
}
