/* Who is told: routes, and the steps of rosters until somebody answers. */
#include "model/notices/tables.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct call_entry *call_at(const struct notices *notices, uint32_t call)
{
    return state_read(&notices->calls, call);
}

static struct call_entry *call_write(struct notices *notices, uint32_t call)
{
    return state_write(&notices->calls, call);
}

uint32_t notices_calls(const struct notices *notices)
{
    return notices->roots->calls.count;
}

static uint64_t alarm_hash(uint64_t alarm)
{
    return hash64(&alarm, sizeof alarm, 0);
}

/* Of this alarm by this route, or the first by any (0); 0: there is none. Never by the order of the
 * index: that is not the same after a start. */
static uint32_t call_find(const struct notices *notices, uint64_t alarm, uint32_t route)
{
    struct index_probe probe;
    uint32_t found = 0;
    for (uint32_t at = index_first(notices->calls_of, &probe, alarm_hash(alarm)); at != INDEX_NONE;
         at = index_next(notices->calls_of, &probe)) {
        const struct call_entry *entry = call_at(notices, at);
        if (entry->alarm == alarm && (route == 0 || entry->route == route) &&
            (found == 0 || at < found))
            found = at;
    }
    return found;
}

/* ---- the steps ---------------------------------------------------------------------------------
 */
static bool roster_read(const struct notices *notices, uint32_t roster,
                        struct roster_plan *ret_plan)
{
    const struct roster_entry *entry = notices_roster_at(notices, roster);
    return roster_plan_read(texts_get(&notices->texts, entry->form), ret_plan) == NULL;
}

/* The one behind who was told last, who was not told so far; when all were, simply the one behind.
 */
static unsigned member_next(const struct roster_plan *plan, const struct call_entry *call)
{
    unsigned first = call->last == CALL_NOBODY ? 0 : (call->last + 1u) % plan->member_count;
    for (unsigned i = 0; i < plan->member_count; i++) {
        unsigned member = (first + i) % plan->member_count;
        if ((call->told >> member & 1) == 0)
            return member;
    }
    return first;
}

static uint64_t step_members(const struct roster_plan *plan, const struct call_entry *call,
                             const struct roster_step *step, int64_t wall_ns)
{
    switch (step->to) {
    case STEP_MEMBER:
        return UINT64_C(1) << step->member;
    case STEP_NEXT:
        return UINT64_C(1) << member_next(plan, call);
    default:
        return roster_on_call(plan, wall_ns);
    }
}

/* *ret_reached: a channel of theirs is not dead. */
static enum err members_tell(struct notices *notices, uint32_t tenant,
                             const struct roster_plan *plan, uint64_t members,
                             const struct notice_told *told, bool *ret_reached)
{
    enum err err = OK;
    *ret_reached = false;
    for (unsigned i = 0; err == OK && i < plan->member_count; i++) {
        const struct roster_member *member = &plan->members[i];
        if ((members >> i & 1) == 0)
            continue;
        for (unsigned j = 0; err == OK && j < member->channel_count; j++) {
            uint32_t channel = notices_channel_find(notices, tenant, member->channels[j]);
            if (channel == 0)
                continue;
            *ret_reached = *ret_reached || notices_channel_at(notices, channel)->dead == 0;
            err = notices_tell(notices, channel, told);
        }
    }
    return err;
}

static enum err step_tell(struct notices *notices, const struct roster_plan *plan,
                          struct call_entry *call, const struct notice_told *told,
                          bool *ret_reached)
{
    const struct roster_step *step = &plan->steps[call->step];
    uint64_t members = step_members(plan, call, step, told->stamp->wall_ns);
    call->told |= members;
    call->last = (uint8_t)(63 - __builtin_clzll(members));
    call->step++;
    return members_tell(notices, call->tenant, plan, members, told, ret_reached);
}

/* Tells what is due; hurry: all of it. *ret_left: steps are left. */
static enum err steps_run(struct notices *notices, const struct roster_plan *plan,
                          struct call_entry *call, const struct notice_told *told, bool hurry,
                          bool *ret_left)
{
    bool reached = true;
    enum err err = OK;
    while (err == OK && call->step < plan->step_count) {
        int64_t due_ns = call->begun_ns + plan->steps[call->step].after_ns;
        if (reached && !hurry && due_ns > told->stamp->engine_ns)
            break;
        err = step_tell(notices, plan, call, told, &reached);
    }
    *ret_left = call->step < plan->step_count;
    return err;
}

/* ---- calls -------------------------------------------------------------------------------------
 */
static enum err call_end(struct notices *notices, uint32_t call)
{
    struct call_entry *entry = call_write(notices, call);
    timing_stop(notices->timing, entry->timer);
    notices_text_free(notices, &entry->item);
    enum err err = index_remove(notices->calls_of, alarm_hash(entry->alarm), call);
    if (err == OK)
        notices_row_give(notices, TABLE_CALLS, call);
    return err;
}

enum err notices_calls_end(struct notices *notices, uint64_t alarm)
{
    enum err err = OK;
    uint32_t call;
    while (err == OK && (call = call_find(notices, alarm, 0)) != 0)
        err = call_end(notices, call);
    return err;
}

static int64_t step_due_ns(const struct roster_plan *plan, const struct call_entry *call)
{
    return call->begun_ns + plan->steps[call->step].after_ns;
}

/* What is left of a call is kept until its next step is due; when there is no room for it, no timer
 * or no text, the rest is told at once. */
static enum err call_keep(struct notices *notices, const struct roster_plan *plan,
                          struct call_entry *begun, const struct notice_told *told)
{
    uint32_t call, timer = TIMER_NONE;
    bool left;
    if (notices->roots->calls.count >= notices->limits.calls_max ||
        !notices_texts_fit(notices, texts_cost(told->item.size)))
        return steps_run(notices, plan, begun, told, true, &left);
    enum err err = notices_row_take(notices, TABLE_CALLS, &call);
    if (err != OK)
        return err;
    err = timing_set(notices->timing, TIMER_CALL, call, step_due_ns(plan, begun), &timer);
    if (err == ERR_LIMIT) {
        notices_row_give(notices, TABLE_CALLS, call);
        return steps_run(notices, plan, begun, told, true, &left);
    }
    struct call_entry *entry = call_write(notices, call);
    *entry = *begun;
    entry->timer = timer;
    if (err == OK)
        err = notices_text_set(notices, &entry->item, told->item);
    return err == OK ? index_insert(notices->calls_of, alarm_hash(entry->alarm), call) : err;
}

static enum err call_begin(struct notices *notices, uint32_t route, const struct notice_told *told)
{
    const struct route_entry *by = notices_route_at(notices, route);
    struct roster_plan plan;
    bool left;
    if (!roster_read(notices, by->roster, &plan))
        return OK;
    struct call_entry begun = {.alarm = told->alarm,
                               .begun_ns = told->stamp->engine_ns,
                               .route_made = by->made,
                               .roster_said = notices_roster_at(notices, by->roster)->position,
                               .tenant = by->tenant,
                               .route = route,
                               .last = CALL_NOBODY};
    bool again = told->alarm == 0 || call_find(notices, told->alarm, route) != 0;
    enum err err = steps_run(notices, &plan, &begun, told, false, &left);
    return err == OK && left && !again ? call_keep(notices, &plan, &begun, told) : err;
}

/* Whoever there is. */
static enum err living_tell(struct notices *notices, uint32_t tenant,
                            const struct notice_told *told)
{
    enum err err = OK;
    for (uint32_t at = notices_channel_next(notices, tenant, 0); err == OK && at != 0;
         at = notices_channel_at(notices, at)->links.next)
        err = notices_tell(notices, at, told);
    return err;
}

enum err notices_spread(struct notices *notices, uint32_t tenant, const struct notice_told *told)
{
    enum err err = OK;
    notices->reached = false;
    for (uint32_t route = notices_route_next(notices, tenant, 0); err == OK && route != 0;
         route = notices_route_at(notices, route)->links.next) {
        const struct route_entry *entry = notices_route_at(notices, route);
        if (told->priority > entry->priority || (told->over && entry->returned == 0) ||
            !notices_route_matches(notices, route, told->path))
            continue;
        err = entry->channel != 0 ? notices_tell(notices, entry->channel, told)
                                  : call_begin(notices, route, told);
    }
    bool nobody = told->channels && !told->over && !notices->reached;
    return err == OK && nobody ? living_tell(notices, tenant, told) : err;
}

/* The route may have been changed, and the roster said anew, while nobody answered. */
static bool call_plan(struct notices *notices, struct call_entry *call,
                      struct roster_plan *ret_plan)
{
    struct route_view route;
    if (!notices_route(notices, call->route, &route) || route.roster == 0 ||
        notices_route_at(notices, call->route)->made != call->route_made ||
        !roster_read(notices, route.roster, ret_plan))
        return false;
    uint64_t said = notices_roster_at(notices, route.roster)->position;
    if (call->roster_said != said) {
        call->roster_said = said;
        call->told = 0;
        call->last = CALL_NOBODY;
    }
    return true;
}

enum err notices_call_fired(struct notices *notices, const struct timer_view *timer,
                            const struct record_stamp *stamp)
{
    uint8_t item[NOTICE_ITEM_BYTES];
    struct roster_plan plan;
    uint32_t call = (uint32_t)timer->owner;
    struct call_entry *entry = call_write(notices, call);
    bool left = false;
    check(entry->timer == timer->timer);
    entry->timer = TIMER_NONE;
    if (!call_plan(notices, entry, &plan))
        return call_end(notices, call);
    /* A copy: texts move when others come. */
    struct bytes text = texts_get(&notices->texts, entry->item);
    memcpy(item, text.at, text.size);
    const struct notice_told told = {
        .item = bytes_of(item, text.size),
        .priority = (uint8_t)form_integer(text, NOTICE_ITEM_PRIORITY_TAG, 1),
        .alarm = entry->alarm,
        .channels = form_integer(text, NOTICE_ITEM_KIND_TAG, 0) == RULE_CHANNEL,
        .stamp = stamp};
    notices->turn++;
    enum err err = steps_run(notices, &plan, entry, &told, false, &left);
    if (err != OK || !left)
        return err == OK ? call_end(notices, call) : err;
    int64_t due_ns = step_due_ns(&plan, entry);
    err = timing_set(notices->timing, TIMER_CALL, call, due_ns, &entry->timer);
    if (err != ERR_LIMIT)
        return err;
    err = steps_run(notices, &plan, entry, &told, true, &left);
    return err == OK ? call_end(notices, call) : err;
}

/* ---- entries of alarms -------------------------------------------------------------------------
 */
/* Only an alarm that nobody acknowledged, that stands and that is shown, has somebody called. */
static bool somebody_is_wanted(const struct alarm_entry *entry)
{
    return entry->state == ALARM_UNACKNOWLEDGED;
}

static bool people_are_told(const struct alarm_entry *entry)
{
    bool undone = entry->event == ALARM_EVENTS + ALARM_ACT_UNACKNOWLEDGE;
    return (entry->flags & ALARM_ENTRY_TOLD) != 0 || (undone && somebody_is_wanted(entry));
}

/* It stood or was latched, and does not any more, whatever ended it; somebody may still have to
 * acknowledge it. */
static bool alarm_is_over(const struct alarm_entry *entry)
{
    bool stood =
        entry->state_before == ALARM_UNACKNOWLEDGED || entry->state_before == ALARM_ACKNOWLEDGED ||
        entry->state_before == ALARM_LATCHED || entry->state_before == ALARM_LATCHED_ACKNOWLEDGED;
    return entry->alarm != 0 && stood &&
           (entry->state == ALARM_NORMAL || entry->state == ALARM_RETURNED);
}

static bool end_is_wanted(const struct notices *notices, uint32_t tenant)
{
    uint32_t at = notices_route_next(notices, tenant, 0);
    while (at != 0 && notices_route_at(notices, at)->returned == 0)
        at = notices_route_next(notices, tenant, at);
    return at != 0;
}

static enum err entry_tell(struct notices *notices, const struct alarm_entry *entry,
                           const struct rule_view *rule, const struct alarm_view *view,
                           const struct record_stamp *stamp)
{
    uint8_t path[PATH_MAX_BYTES], at[NOTICE_ITEM_BYTES];
    struct notice_item item = {.what = NOTICE_ALARM,
                               .alarm = entry->alarm,
                               .entry = entry->number,
                               .event = entry->event,
                               .state = entry->state,
                               .priority = entry->priority,
                               .kind = entry->kind,
                               .time_ns = entry->time_ns,
                               .value = entry->value,
                               .why = entry->text};
    if (entry->point != POINT_NONE && entry->point <= points_count(notices->points))
        item.path = bytes_of(path, points_path(notices->points, entry->point, path));
    else if (rule != NULL)
        item.path = rule->plan.path;
    if (rule != NULL)
        item.title = rule->plan.title.size > 0 ? rule->plan.title : rule->plan.name;
    bool over = alarm_is_over(entry);
    if (item.why.size == 0 && view != NULL && !over) /* over, it is why it was raised */
        item.why = view->why;
    const struct notice_told told = {.item = notices_item_make(&item, at),
                                     .priority = entry->priority,
                                     .alarm = somebody_is_wanted(entry) ? entry->alarm : 0,
                                     .channels = entry->kind == RULE_CHANNEL,
                                     .over = over,
                                     .path = item.path,
                                     .stamp = stamp};
    notices->turn++;
    return notices_spread(notices, entry->tenant, &told);
}

enum err notices_alarm(struct notices *notices, const struct alarm_entry *entry,
                       const struct rule_view *rule, const struct alarm_view *view,
                       const struct record_stamp *stamp)
{
    if (entry->number <= notices->roots->entry)
        return OK;
    roots_write(notices)->entry = entry->number;
    if ((entry->flags & ALARM_ENTRY_LATE) != 0)
        return OK;
    if (entry->alarm != 0 && !somebody_is_wanted(entry) && notices->roots->calls.count > 0) {
        enum err err = notices_calls_end(notices, entry->alarm);
        if (err != OK)
            return err;
    }
    const struct notices_tenant_entry *of = notices_tenant_at(notices, entry->tenant);
    bool ways = of != NULL &&
                (of->route_count > 0 || (entry->kind == RULE_CHANNEL && of->channel_count > 0));
    bool told = people_are_told(entry) ||
                (ways && alarm_is_over(entry) && end_is_wanted(notices, entry->tenant));
    return ways && told ? entry_tell(notices, entry, rule, view, stamp) : OK;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool call_is_valid(const struct notices *notices, uint32_t call,
                          const struct call_entry *entry)
{
    struct timer_view timer;
    return entry->tenant != 0 && entry->tenant <= notices->limits.tenants_max &&
           entry->begun_ns >= 0 && entry->begun_ns < TIMING_NEVER - NOTICE_STEP_MOST_NS &&
           entry->step < NOTICE_STEPS_MAX &&
           (entry->last < NOTICE_MEMBERS_MAX || entry->last == CALL_NOBODY) &&
           texts_is_valid(&notices->texts, entry->item, NOTICE_ITEM_BYTES) &&
           form_is_valid(texts_get(&notices->texts, entry->item)) &&
           timing_look(notices->timing, entry->timer, &timer) && timer.kind == TIMER_CALL &&
           timer.owner == call;
}

enum err notices_calls_rebuild(struct notices *notices)
{
    uint32_t highest = notices->roots->calls.highest;
    if (highest > notices->limits.calls_max)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&notices->calls, highest + 1);
    uint8_t *taken = calloc((size_t)highest + 1, 1);
    if (err == OK && taken == NULL)
        err = ERR_NO_MEMORY;
    for (uint32_t call = 1; err == OK && call <= highest; call++) {
        const struct call_entry *entry = call_at(notices, call);
        taken[call] = entry->alarm != 0;
        if (!taken[call])
            continue;
        err = call_is_valid(notices, call, entry) &&
                      call_find(notices, entry->alarm, entry->route) == 0
                  ? index_insert(notices->calls_of, alarm_hash(entry->alarm), call)
                  : ERR_CORRUPT;
    }
    if (err == OK)
        err = notices_rows_judge(notices, TABLE_CALLS, taken);
    if (err == OK && notices->roots->calls.count != timing_count(notices->timing, TIMER_CALL))
        err = ERR_CORRUPT;
    free(taken);
    return err;
}
