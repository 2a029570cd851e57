/* What is asked of alarms that are not normal. */
#include "model/alarms/tables.h"

uint32_t alarms_rows(const struct alarms *alarms)
{
    return alarms->roots->rows;
}

uint64_t alarms_rows_changed(const struct alarms *alarms)
{
    return alarms->rows_changed;
}

bool alarms_row(const struct alarms *alarms, uint32_t row, struct alarm_view *ret_view)
{
    check(row > 0 && row <= alarms->roots->rows);
    const struct row_entry *entry = row_at(alarms, row);
    if (entry->alarm == 0)
        return false;
    const struct rule_entry *rule = rule_at(alarms, entry->rule);
    *ret_view = (struct alarm_view){.alarm = entry->alarm,
                                    .tenant = entry->tenant,
                                    .rule = entry->rule,
                                    .point = entry->point,
                                    .state = (uint8_t)alarm_shown(row_machine(entry)),
                                    .machine = row_machine(entry),
                                    .pending = entry->pending,
                                    .priority = entry->priority,
                                    .kind = rule->kind,
                                    .first_out = entry->flags & ROW_FIRST_OUT,
                                    .raised_ns = entry->raised_ns,
                                    .raised_wall_ns = entry->raised_wall_ns,
                                    .changed_wall_ns = entry->changed_wall_ns,
                                    .acknowledged_wall_ns = entry->acknowledged_wall_ns,
                                    .shelved_until_ns = entry->shelved_until_ns,
                                    .position = entry->position,
                                    .entry_last = entry->entry_last,
                                    .count = entry->count,
                                    .chatters_wall_ns = entry->chatter_wall_ns,
                                    .changes = entry->chatter_total,
                                    .value = entry->value,
                                    .assignee = text_of(alarms, entry->assignee),
                                    .acknowledged_by = text_of(alarms, entry->acknowledged_by),
                                    .comment = text_of(alarms, entry->comment),
                                    .why = text_of(alarms, entry->why)};
    return true;
}

uint32_t alarms_row_of(const struct alarms *alarms, uint64_t alarm)
{
    struct index_probe probe;
    for (uint32_t at = index_first(alarms->rows_of, &probe, number_hash(alarm, HASH_ALARM));
         at != INDEX_NONE; at = index_next(alarms->rows_of, &probe))
        if (row_at(alarms, at)->alarm == alarm)
            return at;
    return ROW_FREE;
}

bool alarms_find(const struct alarms *alarms, uint64_t alarm, struct alarm_view *ret_view)
{
    uint32_t row = alarms_row_of(alarms, alarm);
    return row != ROW_FREE && alarms_row(alarms, row, ret_view);
}

uint32_t alarms_newest(const struct alarms *alarms, uint32_t tenant)
{
    const struct tenant_entry *own = alarms_tenant_at(alarms, tenant);
    return own == NULL ? ROW_FREE : own->newest;
}

uint32_t alarms_next(const struct alarms *alarms, uint32_t row)
{
    check(row > 0 && row <= alarms->roots->rows);
    return row_at(alarms, row)->newest.next;
}

size_t alarms_of_point(const struct alarms *alarms, uint32_t point, uint32_t *rows, size_t most)
{
    size_t count = 0;
    for (uint32_t at = first_row_of(alarms, point); at != ROW_FREE && count < most;
         at = row_at(alarms, at)->of_point.next)
        rows[count++] = at;
    return count;
}
