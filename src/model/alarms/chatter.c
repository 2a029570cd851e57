/* Chattering: an alarm that changes more often in a minute than its rule allows (ISA-18.2: an alarm
 * that repeatedly transitions between active and normal in a short time) is held: it stays active,
 * as with a long off-delay, and its changes are counted instead of told. Once a minute an entry
 * says how many there were. After a minute without any it is calm: an entry says so, and the alarm
 * ends if its condition has. Acknowledging, shelving and all else that people do goes on as ever.
 *
 * It begins with a condition that holds, so that what chatters is always active. All in engine
 * time.
 */
#include "model/alarms/tables.h"

#include <stdio.h>

bool alarms_row_condition(const struct row_entry *row)
{
    return row->flags & ROW_CHATTERS ? (row->flags & ROW_CHATTER_HOLDS) != 0
                                     : alarm_is_active(row_machine(row));
}

/* An entry for so many changes: its value is how many, and its text says it. */
static enum err changes_note(struct alarms *alarms, uint32_t row, uint8_t event, uint32_t changes,
                             int64_t span_ns, const struct cause *cause)
{
    char text[64];
    struct cause told = *cause;
    int size = snprintf(text, sizeof text, "%u changes in %lld s", changes,
                        (long long)((span_ns + NS_PER_S - 1) / NS_PER_S));
    told.value = changes;
    told.text = bytes_of(text, (size_t)size);
    return alarms_row_note(alarms, row, event, &told);
}

/* ---- counting ----------------------------------------------------------------------------------
 */
static uint32_t changes_count(struct alarms *alarms, uint32_t row, int64_t now_ns)
{
    struct row_entry *entry = row_write(alarms, row);
    if (entry->chatter_changes == 0 || now_ns - entry->chatter_since_ns >= CHATTER_NS) {
        entry->chatter_since_ns = now_ns;
        entry->chatter_changes = 0;
    }
    return ++entry->chatter_changes;
}

/* What is normal again is remembered until its minute is over. No timer: it is forgotten. */
static enum err changes_keep(struct alarms *alarms, uint32_t row)
{
    const struct row_entry *entry = row_at(alarms, row);
    bool set;
    if (entry->state != ALARM_NORMAL)
        return OK;
    return alarms_row_timer_set(alarms, row, TIMER_CHATTER, entry->chatter_since_ns + CHATTER_NS,
                                &set);
}

bool alarms_row_is_kept(const struct row_entry *row)
{
    return row->state == ALARM_NORMAL && row->hidden == 0 && row->pending == ALARM_SETTLED &&
           (row->flags & ROW_KEPT || row->timer_chatter != TIMER_NONE);
}

/* ---- beginning and ending ----------------------------------------------------------------------
 */
static enum err chatter_begin(struct alarms *alarms, uint32_t row, const struct cause *cause)
{
    uint32_t changes = row_at(alarms, row)->chatter_changes;
    int64_t span_ns = cause->now_ns - row_at(alarms, row)->chatter_since_ns;
    bool set;
    enum err err =
        alarms_row_timer_set(alarms, row, TIMER_CHATTER, cause->now_ns + CHATTER_NS, &set);
    if (err != OK || !set)
        return err;
    struct row_entry *entry = row_write(alarms, row);
    entry->flags |= ROW_CHATTERS | ROW_CHATTER_HOLDS;
    entry->chatter_since_ns = cause->now_ns;
    entry->chatter_wall_ns = cause->stamp->wall_ns;
    entry->chatter_total = changes;
    entry->chatter_changes = 0;
    return changes_note(alarms, row, ALARM_EVENT_CHATTERS, changes, span_ns, cause);
}

enum err alarms_chatter_end(struct alarms *alarms, uint32_t row, const struct cause *cause)
{
    struct cause told = *cause;
    struct row_entry *entry = row_write(alarms, row);
    bool holds = (entry->flags & ROW_CHATTER_HOLDS) != 0;
    uint32_t total = entry->chatter_total;
    int64_t span_ns = cause->now_ns - entry->chatter_since_ns;
    if (!(entry->flags & ROW_CHATTERS))
        return OK;
    alarms_row_timer_stop(alarms, row, TIMER_CHATTER);
    entry->flags &= (uint8_t) ~(ROW_CHATTERS | ROW_CHATTER_HOLDS);
    entry->chatter_since_ns = entry->chatter_wall_ns = 0;
    entry->chatter_changes = entry->chatter_total = 0;
    enum err err = changes_note(alarms, row, ALARM_EVENT_CALM, total, span_ns, cause);
    if (err != OK || holds)
        return err;
    told.text = alarms_event_text(alarms, entry->rule, entry->point, ALARM_ENDS, cause);
    return alarms_row_step(alarms, row, ALARM_ENDS, &told, NULL);
}

/* ---- what happens ------------------------------------------------------------------------------
 */
static enum err chatter_change(struct alarms *alarms, uint32_t row, bool holds,
                               const struct cause *cause)
{
    struct row_entry *entry = row_write(alarms, row);
    if (((entry->flags & ROW_CHATTER_HOLDS) != 0) == holds)
        return OK;
    entry->flags ^= ROW_CHATTER_HOLDS;
    entry->chatter_changes += entry->chatter_changes < UINT32_MAX;
    entry->chatter_total += entry->chatter_total < UINT32_MAX;
    return rule_at(alarms, entry->rule)->kind == RULE_STALE
               ? alarms_judge_referred(alarms, entry->point, cause) /* from what is stale */
               : OK;
}

enum err alarms_row_event(struct alarms *alarms, uint32_t row, enum alarm_event event,
                          const struct cause *cause)
{
    const struct row_entry *entry = row_at(alarms, row);
    struct cause told = *cause;
    uint32_t most = rule_at(alarms, entry->rule)->chatter;
    if (entry->flags & ROW_CHATTERS)
        return chatter_change(alarms, row, event == ALARM_HOLDS, cause);
    uint32_t changes = most == 0 ? 0 : changes_count(alarms, row, cause->now_ns);
    told.text = alarms_event_text(alarms, entry->rule, entry->point, event, cause);
    enum err err = alarms_row_step(alarms, row, event, &told, NULL);
    if (err != OK || most == 0)
        return err;
    if (event == ALARM_HOLDS)
        return changes > most ? chatter_begin(alarms, row, cause) : OK;
    return changes_keep(alarms, row);
}

enum err alarms_chatter_fired(struct alarms *alarms, uint32_t row, const struct cause *cause)
{
    struct row_entry *entry = row_write(alarms, row);
    uint32_t changes = entry->chatter_changes;
    bool chatters = entry->flags & ROW_CHATTERS, set = false;
    entry->timer_chatter = TIMER_NONE;
    if (chatters)
        entry->chatter_changes = 0;
    enum err err = OK;
    if (chatters && changes > 0)
        err = alarms_row_timer_set(alarms, row, TIMER_CHATTER, cause->now_ns + CHATTER_NS, &set);
    if (err == OK && set)
        return changes_note(alarms, row, ALARM_EVENT_CHATTERS, changes, CHATTER_NS, cause);
    if (err == OK && chatters)
        err = alarms_chatter_end(alarms, row, cause);
    return err == OK ? alarms_row_settle(alarms, row) : err;
}
