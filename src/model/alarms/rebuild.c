/* Pages from outside are judged: rows, groups and what is counted of them. Nothing that they say
 * may run into a check() or an endless loop later. */
#include "model/alarms/tables.h"

#include <stdlib.h>
#include <string.h>

/* ---- groups ------------------------------------------------------------------------------------
 */
static const struct group_entry *group_at(const struct alarms *alarms, uint32_t group)
{
    return state_read(&alarms->groups, group);
}

static enum err groups_free_judge(const struct alarms *alarms, uint32_t free_count)
{
    uint32_t at = alarms->roots->groups_free, count = 0;
    while (at != GROUP_NONE) {
        if (at > alarms->roots->groups || count++ == free_count ||
            group_at(alarms, at)->tenant != 0)
            return ERR_CORRUPT;
        at = group_at(alarms, at)->rules;
    }
    return count == free_count ? OK : ERR_CORRUPT;
}

enum err alarms_groups_rebuild(struct alarms *alarms)
{
    uint32_t free_count = 0, groups = alarms->roots->groups;
    enum err err =
        groups == UINT32_MAX ? ERR_CORRUPT : state_table_grow(&alarms->groups, groups + 1);
    for (uint32_t at = 1; err == OK && at <= groups; at++) {
        const struct group_entry *group = group_at(alarms, at);
        if (group->tenant == 0) {
            free_count++;
            continue;
        }
        if (group->name == TEXT_NONE || (group->rules == 0 && group->standing == 0) ||
            !texts_is_valid(&alarms->texts, group->name, RULE_NAME_MAX))
            return ERR_CORRUPT;
        struct bytes name = text_of(alarms, group->name);
        if (alarms_group_find(alarms, group->tenant, name) != GROUP_NONE)
            return ERR_CORRUPT;
        err = index_insert(alarms->groups_of, alarms_group_hash(group->tenant, name), at);
    }
    return err == OK ? groups_free_judge(alarms, free_count) : err;
}

/* ---- late values -------------------------------------------------------------------------------
 */
enum err alarms_lates_rebuild(struct alarms *alarms)
{
    for (uint32_t point = 0; point < state_table_capacity(&alarms->lates); point++) {
        const struct late_entry *late = state_read(&alarms->lates, point);
        if ((late->holds | late->told) >> LATE_KINDS != 0)
            return ERR_CORRUPT;
    }
    return OK;
}

/* ---- rows --------------------------------------------------------------------------------------
 */
static bool timer_is_valid(const struct alarms *alarms, uint32_t timer, uint32_t row, uint8_t kind,
                           uint32_t *count)
{
    struct timer_view view;
    if (timer == TIMER_NONE)
        return true;
    ++*count;
    return timing_look(alarms->timing, timer, &view) && view.kind == kind && view.owner == row;
}

static bool texts_are_valid(const struct alarms *alarms, const struct row_entry *row)
{
    const struct texts *texts = &alarms->texts;
    return texts_is_valid(texts, row->why, TEXTS_BYTES_MAX) &&
           texts_is_valid(texts, row->assignee, TEXTS_BYTES_MAX) &&
           texts_is_valid(texts, row->acknowledged_by, TEXTS_BYTES_MAX) &&
           texts_is_valid(texts, row->comment, TEXTS_BYTES_MAX);
}

static const struct row_entry *row_look(const struct alarms *alarms, uint32_t row)
{
    static const struct row_entry none;
    return row <= alarms->roots->rows ? row_at(alarms, row) : &none;
}

static bool links_are_valid(const struct alarms *alarms, uint32_t at, const struct row_entry *row)
{
    struct chain_links of = row->of_point, newest = row->newest;
    const struct rule_entry *rule = rule_at(alarms, row->rule);
    if (row->point == POINT_NONE) {
        if (rule->row != at || rule->on != RULE_ON_NOTHING)
            return false;
    } else if (of.previous == ROW_FREE ? first_row_of(alarms, row->point) != at
                                       : row_look(alarms, of.previous)->point != row->point ||
                                             row_look(alarms, of.previous)->of_point.next != at ||
                                             row_look(alarms, of.previous)->alarm == 0) {
        return false;
    }
    if (of.next != ROW_FREE &&
        (row_look(alarms, of.next)->of_point.previous != at ||
         row_look(alarms, of.next)->point != row->point || row_look(alarms, of.next)->alarm == 0))
        return false;
    if (newest.previous == ROW_FREE
            ? alarms_tenant_at(alarms, row->tenant)->newest != at
            : row_look(alarms, newest.previous)->newest.next != at ||
                  row_look(alarms, newest.previous)->tenant != row->tenant ||
                  row_look(alarms, newest.previous)->alarm == 0)
        return false;
    return newest.next == ROW_FREE || (row_look(alarms, newest.next)->newest.previous == at &&
                                       row_look(alarms, newest.next)->tenant == row->tenant &&
                                       row_look(alarms, newest.next)->alarm != 0);
}

static bool row_is_valid(const struct alarms *alarms, uint32_t at, const struct row_entry *row,
                         uint32_t timers[TIMING_KINDS])
{
    if (row->untold > 1 || !alarm_machine_is_valid(row_machine(row)) ||
        row->pending > ALARM_ABOUT_TO_END || row->flags > ROW_FLAGS ||
        row->before >= ALARM_STATES_KEPT || row->after >= ALARM_STATES_KEPT || row->priority < 1 ||
        row->priority > ALARM_PRIORITIES || row->rule == 0 || row->rule > alarms->roots->rules ||
        row->point > points_count(alarms->points) || row->group > alarms->roots->groups ||
        row->alarm > alarms->roots->alarms || row->tenant != rule_at(alarms, row->rule)->tenant ||
        alarms_tenant_at(alarms, row->tenant) == NULL || row->entry_last > alarms->roots->entries)
        return false;
    bool kept = row->state == ALARM_NORMAL && row->hidden == 0 && row->timer_keep != TIMER_NONE;
    if (row->flags & ROW_KEPT && !kept)
        return false;
    bool chatters = row->flags & ROW_CHATTERS;
    if (chatters ? row->timer_chatter == TIMER_NONE || !alarm_is_active(row_machine(row))
                 : (row->flags & ROW_CHATTER_HOLDS) != 0)
        return false;
    return timer_is_valid(alarms, row->timer_delay, at, TIMER_DELAY, &timers[TIMER_DELAY]) &&
           timer_is_valid(alarms, row->timer_realarm, at, TIMER_REALARM, &timers[TIMER_REALARM]) &&
           timer_is_valid(alarms, row->timer_keep, at, TIMER_KEEP, &timers[TIMER_KEEP]) &&
           timer_is_valid(alarms, row->timer_chatter, at, TIMER_CHATTER, &timers[TIMER_CHATTER]) &&
           time_is_safe(row->chatter_since_ns) && texts_are_valid(alarms, row) &&
           links_are_valid(alarms, at, row);
}

static enum err rows_free_judge(const struct alarms *alarms, uint32_t free_count)
{
    uint32_t at = alarms->roots->rows_free, count = 0;
    while (at != ROW_FREE) {
        if (at > alarms->roots->rows || count++ == free_count || row_at(alarms, at)->alarm != 0)
            return ERR_CORRUPT;
        at = row_at(alarms, at)->of_point.next;
    }
    return count == free_count ? OK : ERR_CORRUPT;
}

/* A point's first row has to be one of its rows. */
static enum err firsts_judge(const struct alarms *alarms)
{
    for (uint32_t point = 0; point < state_table_capacity(&alarms->firsts); point++) {
        uint32_t row = first_row_of(alarms, point);
        if (row == ROW_FREE)
            continue;
        if (row > alarms->roots->rows || row_at(alarms, row)->alarm == 0 ||
            row_at(alarms, row)->point != point || row_at(alarms, row)->of_point.previous != 0)
            return ERR_CORRUPT;
    }
    return OK;
}

enum err alarms_rows_rebuild(struct alarms *alarms)
{
    uint32_t rows = alarms->roots->rows, free_count = 0, timers[TIMING_KINDS] = {0};
    if (rows == UINT32_MAX || alarms->roots->rows_live > rows)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&alarms->rows, rows + 1);
    for (uint32_t at = 1; err == OK && at <= rows; at++) {
        const struct row_entry *row = row_at(alarms, at);
        if (row->alarm == 0) {
            free_count++;
            continue;
        }
        if (!row_is_valid(alarms, at, row, timers) || alarms_row_of(alarms, row->alarm) != ROW_FREE)
            return ERR_CORRUPT;
        err = index_insert(alarms->rows_of, number_hash(row->alarm, HASH_ALARM), at);
    }
    for (uint8_t kind = TIMER_DELAY; err == OK && kind <= TIMER_KEEP; kind++)
        if (timing_count(alarms->timing, kind) != timers[kind])
            err = ERR_CORRUPT;
    if (err == OK && timing_count(alarms->timing, TIMER_CHATTER) != timers[TIMER_CHATTER])
        err = ERR_CORRUPT;
    if (err == OK && free_count != rows - alarms->roots->rows_live)
        err = ERR_CORRUPT;
    if (err == OK)
        err = rows_free_judge(alarms, free_count);
    return err == OK ? firsts_judge(alarms) : err;
}

/* ---- counts ------------------------------------------------------------------------------------
 */
struct tally {
    uint32_t tenants, rules, groups;
    struct tenant_entry *of_tenant;
    uint32_t *of_rule, *rules_of, *standing_of;
};

static void tally_done(struct tally *tally)
{
    free(tally->of_tenant);
    free(tally->of_rule);
    free(tally->rules_of);
    free(tally->standing_of);
}

static enum err tally_rules(const struct alarms *alarms, struct tally *tally)
{
    for (uint32_t at = 1; at <= tally->rules; at++) {
        const struct rule_entry *rule = rule_at(alarms, at);
        bool row_is_own = rule->row == ROW_FREE || (rule->row <= alarms->roots->rows &&
                                                    row_at(alarms, rule->row)->alarm != 0 &&
                                                    row_at(alarms, rule->row)->rule == at &&
                                                    row_at(alarms, rule->row)->point == POINT_NONE);
        if (!row_is_own)
            return ERR_CORRUPT;
        /* Where nothing of a tenant is left its page is all zero, and in no snapshot. */
        if (rule->flags & RULE_REMOVED)
            continue;
        if (rule->tenant >= tally->tenants)
            return ERR_CORRUPT;
        tally->of_tenant[rule->tenant].rules++;
        tally->of_tenant[rule->tenant].patterns += rule->on == RULE_ON_PATTERN;
        tally->rules_of[rule->group]++;
    }
    return OK;
}

static void tally_rows(const struct alarms *alarms, struct tally *tally)
{
    for (uint32_t at = 1; at <= alarms->roots->rows; at++) {
        const struct row_entry *row = row_at(alarms, at);
        if (row->alarm == 0)
            continue;
        const struct rule_entry *rule = rule_at(alarms, row->rule);
        tally->of_tenant[row->tenant].rows++;
        alarms_row_share(row, rule->kind, 1, &tally->of_tenant[row->tenant],
                         &tally->of_rule[row->rule]);
        tally->standing_of[row->state == ALARM_NORMAL ? GROUP_NONE : row->group]++;
    }
}

static bool tally_agrees(const struct alarms *alarms, struct tally *tally)
{
    for (uint32_t at = 0; at < tally->tenants; at++) {
        const struct tenant_entry *own = alarms_tenant_at(alarms, at);
        uint32_t newest = own->newest;
        if (newest > alarms->roots->rows ||
            (newest != ROW_FREE && (row_at(alarms, newest)->tenant != at ||
                                    row_at(alarms, newest)->newest.previous != ROW_FREE)))
            return false;
        tally->of_tenant[at].newest = newest;
        tally->of_tenant[at].trails = own->trails; /* they are counted by themselves */
        if (memcmp(own, &tally->of_tenant[at], sizeof *own) != 0)
            return false;
    }
    for (uint32_t at = 1; at <= tally->rules; at++)
        if (rule_at(alarms, at)->alarms != tally->of_rule[at])
            return false;
    for (uint32_t at = 1; at <= tally->groups; at++) {
        const struct group_entry *group = group_at(alarms, at);
        if (group->tenant != 0 &&
            (group->rules != tally->rules_of[at] || group->standing != tally->standing_of[at]))
            return false;
        if (group->tenant == 0 && (tally->rules_of[at] != 0 || tally->standing_of[at] != 0))
            return false;
    }
    return true;
}

enum err alarms_counts_rebuild(struct alarms *alarms)
{
    struct tally tally = {.tenants = state_table_capacity(&alarms->tenants),
                          .rules = alarms->roots->rules,
                          .groups = alarms->roots->groups};
    tally.of_tenant = calloc((size_t)tally.tenants + 1, sizeof *tally.of_tenant);
    tally.of_rule = calloc((size_t)tally.rules + 1, sizeof *tally.of_rule);
    tally.rules_of = calloc((size_t)tally.groups + 1, sizeof *tally.rules_of);
    tally.standing_of = calloc((size_t)tally.groups + 1, sizeof *tally.standing_of);
    enum err err = tally.of_tenant == NULL || tally.of_rule == NULL || tally.rules_of == NULL ||
                           tally.standing_of == NULL
                       ? ERR_NO_MEMORY
                       : tally_rules(alarms, &tally);
    if (err == OK) {
        tally_rows(alarms, &tally);
        err = tally_agrees(alarms, &tally) ? OK : ERR_CORRUPT;
    }
    tally_done(&tally);
    return err;
}
