/* What happened to alarms since it was looked at last. */
#include "model/notices/tables.h"

enum err notices_follow(struct notices *notices, const struct alarms *alarms,
                        const struct record_stamp *stamp)
{
    uint64_t highest = alarms_entries(alarms), number = notices->roots->entry + 1;
    enum err err = OK;
    if (number > highest)
        return OK;
    if (number < alarms_entries_first(alarms))
        number = alarms_entries_first(alarms);
    for (; err == OK && number <= highest; number++) {
        struct alarm_entry entry;
        struct rule_view rule;
        struct alarm_view view;
        alarms_entry(alarms, number, &entry);
        /* The number of a hand-over note stands where others have their rule's. */
        bool ruled = entry.event != ALARM_EVENT_HANDOVER && entry.rule != 0 &&
                     alarms_rule(alarms, entry.rule, &rule);
        bool there = entry.alarm != 0 && alarms_find(alarms, entry.alarm, &view);
        err = notices_alarm(notices, &entry, ruled ? &rule : NULL, there ? &view : NULL, stamp);
    }
    return err;
}
