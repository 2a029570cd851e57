/* What happens to alarms, told as it happens: a viewer that follows them gets each entry of the
 * journal of alarms that its match shows and that it may see, in their order, from the moment on in
 * which it asked, or behind an entry that it knows. */
#include "live/room.h"

#include <math.h>
#include <string.h>

#define ENTRIES_LOOKED 512 /* for one message */
#define ENTRIES_TOLD 200
#define ENTRIES_A_WORK 4 /* looked at for a unit of work */

bool follow_is_due(const struct viewer *viewer)
{
    return viewer->follow.on &&
           viewer->follow.next <= alarms_entries(engine_alarms(viewer->live->config.engine));
}

void follow_begin(struct viewer *viewer, int64_t id, const struct live_match *match,
                  const uint64_t *after)
{
    const struct alarms *alarms = engine_alarms(viewer->live->config.engine);
    uint64_t last = alarms_entries(alarms);
    struct follow *follow = &viewer->follow;
    follow->on = true;
    follow->id = id;
    follow->match = *match;
    follow->next = after != NULL && *after < last ? *after + 1 : last + 1;
    struct json_writer *writer = answer_begin(viewer, "following");
    json_member_integer(writer, "id", id);
    json_member_count(writer, "entry", follow->next - 1);
    text_send(viewer, "following");
    viewer_wake(viewer);
}

void follow_end(struct viewer *viewer)
{
    viewer->follow.on = false;
}

/* The path that an entry is about: the point's, or the branch that its rule names. */
static struct bytes entry_path(const struct live *live, const struct alarm_entry *entry,
                               const struct rule_view *rule, uint8_t *path)
{
    if (entry->point != POINT_NONE)
        return bytes_of(path, points_path(live->points, entry->point, path));
    return rule != NULL ? rule->plan.path : bytes_of("", 0);
}

static bool entry_is_shown(const struct viewer *viewer, const struct alarm_entry *entry,
                           struct bytes path)
{
    const struct follow *follow = &viewer->follow;
    if (entry->tenant != follow->match.tenant)
        return false;
    if (path.size == 0)
        return viewer_may_see(viewer, entry->tenant, path);
    return match_shows(viewer, &follow->match, entry->tenant, path);
}

static void entry_put(struct viewer *viewer, const struct alarm_entry *entry,
                      const struct rule_view *rule, struct bytes path)
{
    struct json_writer *writer = &viewer->live->writer;
    json_put_object(writer);
    json_member_count(writer, "entry", entry->number);
    json_member_count(writer, "alarm", entry->alarm);
    viewer_path_put(viewer, entry->tenant, path);
    if (rule != NULL) {
        json_member_string(writer, "rule", rule->plan.name);
        json_member_string(writer, "title",
                           rule->plan.title.size > 0 ? rule->plan.title : rule->plan.name);
    }
    json_member_text(writer, "kind", rule_kind_word(entry->kind));
    json_member_text(writer, "event", alarm_entry_word(entry->event));
    json_member_text(writer, "state", alarm_state_word(entry->state));
    json_member_count(writer, "priority", entry->priority);
    if (!isnan(entry->value))
        json_member_real(writer, "value", entry->value);
    json_member_time(writer, "time", entry->time_ns);
    json_member_time(writer, "arrived", entry->wall_ns);
    json_member_bool(writer, "told", entry->flags & ALARM_ENTRY_TOLD);
    json_member_bool(writer, "late", entry->flags & ALARM_ENTRY_LATE);
    if (entry->actor.size > 0)
        json_member_string(writer, "who", entry->actor);
    /* Why an alarm came may name points that this viewer does not see: GET /v1/alarms judges that.
     */
    if (entry->text.size > 0 && !(entry->flags & ALARM_ENTRY_COMPUTED))
        json_member_string(writer, "text", entry->text);
    json_put_object_end(writer);
}

static bool entry_tell(struct viewer *viewer, uint64_t number, bool begun)
{
    uint8_t text[PATH_MAX_BYTES];
    struct live *live = viewer->live;
    struct alarms *alarms = engine_alarms(live->config.engine);
    struct alarm_entry entry;
    struct rule_view rule;
    alarms_entry(alarms, number, &entry);
    if (entry.event == ALARM_EVENT_HANDOVER) /* its number stands where others have their rule's */
        return false;
    bool known = entry.rule != 0 && alarms_rule(alarms, entry.rule, &rule);
    struct bytes path = entry_path(live, &entry, known ? &rule : NULL, text);
    if (!entry_is_shown(viewer, &entry, path))
        return false;
    if (!begun) {
        json_member_integer(message_begin(viewer, "alarms"), "id", viewer->follow.id);
        json_put_name(&live->writer, "entries");
        json_put_array(&live->writer);
    }
    entry_put(viewer, &entry, known ? &rule : NULL, path);
    return true;
}

void viewer_follow_step(struct viewer *viewer)
{
    struct follow *follow = &viewer->follow;
    struct live *live = viewer->live;
    const struct alarms *alarms = engine_alarms(live->config.engine);
    uint64_t last = alarms_entries(alarms), first = alarms_entries_first(alarms);
    uint32_t looked = 0, told = 0;
    bool missed = follow->next < first;
    if (missed)
        follow->next = first;
    for (; follow->next <= last && looked < ENTRIES_LOOKED && told < ENTRIES_TOLD; looked++)
        told += entry_tell(viewer, follow->next++, told > 0);
    live->work += 1 + looked / ENTRIES_A_WORK;
    if (told == 0)
        return;
    json_put_array_end(&live->writer);
    if (missed)
        json_member_bool(&live->writer, "missed", true);
    message_send(viewer, "alarms");
}
