/* The journal of alarms: what happened to them, newest first. */
#include "web/alarms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool alarm_entry_seen(struct exchange *exchange, const struct alarm_entry *entry)
{
    return alarm_may(exchange, RIGHT_SEE, entry->tenant, entry->rule, entry->point);
}

void alarm_entry_put(struct exchange *exchange, const struct alarm_entry *entry)
{
    struct json_writer *json = &exchange->json;
    struct rule_view rule = {.tenant = entry->tenant, .plan = {.kind = RULE_KINDS}};
    uint8_t path[PATH_MAX_BYTES];
    size_t size = 0;
    (void)rule_of(exchange, entry->rule, &rule);
    bool open = alarm_why_is_open(exchange, entry->kind, &rule, entry->point, entry->wall_ns);
    json_put_object(json);
    json_member_count(json, "entry", entry->number);
    json_member_count(json, "alarm", entry->alarm);
    if (alarm_path(exchange, entry->rule, entry->point, path, &size))
        path_put(exchange, json, "path", entry->tenant, bytes_of(path, size));
    else
        json_member_null(json, "path");
    put_text(json, "rule", alarms_rule_name(alarms_of(exchange), entry->rule));
    put_text(json, "title", rule.plan.title);
    json_member_text(json, "event", alarm_entry_word(entry->event));
    put_state(json, "state", entry->state);
    put_state(json, "state_before", entry->state_before);
    json_member_count(json, "priority", entry->priority);
    put_text(json, "kind", bytes_text(entry->kind < RULE_KINDS ? rule_kind_word(entry->kind) : ""));
    json_put_name(json, "value");
    json_put_real(json, entry->value);
    json_member_time(json, "time", entry->time_ns);
    json_member_time(json, "arrived", entry->wall_ns);
    put_text(json, "who", entry->actor);
    put_text(json, "text", open || entry->actor.size > 0 ? entry->text : bytes_of("", 0));
    json_member_bool(json, "late", entry->flags & ALARM_ENTRY_LATE);
    json_member_bool(json, "told", entry->flags & ALARM_ENTRY_TOLD);
    json_member_bool(json, "first_out", entry->flags & ALARM_ENTRY_FIRST_OUT);
    json_member_bool(json, "lost", entry->flags & ALARM_ENTRY_LOST);
    json_member_count(json, "position", entry->position);
    json_put_object_end(json);
}

/* ---- list --------------------------------------------------------------------------------------
 */
struct journal_list {
    struct alarm_filter filter;
    int64_t from_ns, to_ns; /* of arrival */
    uint64_t limit, found, at, alarm;
    bool by_event;
    unsigned event;
    uint32_t priorities; /* bits; 0: all */
    bool stood;          /* of each alarm the last entry, where it was not normal then */
    struct {
        uint64_t *at; /* alarms, by their hash; 0: free */
        size_t count, capacity;
    } seen; /* those whose last entry was come upon */
};

static void list_drop(struct exchange *exchange)
{
    struct journal_list *list = exchange->state;
    free(list->seen.at);
    free(list);
}

/* ---- alarms that stood -------------------------------------------------------------------------
 */
/* No more than entries are held. */
static void seen_enter(uint64_t *at, size_t capacity, uint64_t alarm)
{
    size_t slot = alarm * UINT64_C(0x9E3779B97F4A7C15) % capacity;
    while (at[slot] != 0)
        slot = (slot + 1) % capacity;
    at[slot] = alarm;
}

static bool seen_has(const struct journal_list *list, uint64_t alarm)
{
    size_t slot = list->seen.capacity;
    if (slot == 0)
        return false;
    for (slot = alarm * UINT64_C(0x9E3779B97F4A7C15) % slot; list->seen.at[slot] != 0;
         slot = (slot + 1) % list->seen.capacity)
        if (list->seen.at[slot] == alarm)
            return true;
    return false;
}

/* Is it the first of its alarm? False as well without memory: then it is over. */
static bool seen_first(struct exchange *exchange, struct journal_list *list, uint64_t alarm)
{
    if (seen_has(list, alarm))
        return false;
    if (2 * (list->seen.count + 1) > list->seen.capacity) {
        size_t capacity = list->seen.capacity == 0 ? 64 : list->seen.capacity * 2;
        uint64_t *at = calloc(capacity, sizeof *at);
        if (at == NULL) {
            exchange->json.failed = true; /* 503, at the end */
            list->at = 0;
            return false;
        }
        for (size_t i = 0; i < list->seen.capacity; i++)
            if (list->seen.at[i] != 0)
                seen_enter(at, capacity, list->seen.at[i]);
        free(list->seen.at);
        list->seen.at = at;
        list->seen.capacity = capacity;
        exchange->kept = sizeof *list + capacity * sizeof *at;
    }
    seen_enter(list->seen.at, list->seen.capacity, alarm);
    list->seen.count++;
    return true;
}

static bool entry_stood(struct exchange *exchange, struct journal_list *list,
                        const struct alarm_entry *entry)
{
    return entry->alarm != 0 && seen_first(exchange, list, entry->alarm) &&
           entry->state != ALARM_NORMAL;
}

/* What is the same of all entries of an alarm. */
static bool list_means(struct exchange *exchange, const struct journal_list *list,
                       const struct alarm_entry *entry)
{
    return entry->event != ALARM_EVENT_HANDOVER && entry->wall_ns < list->to_ns &&
           (list->alarm == 0 || entry->alarm == list->alarm) &&
           filter_wants(exchange, &list->filter, entry->tenant, entry->rule, entry->point,
                        entry->priority);
}

/* What each entry says. */
static bool list_wants(const struct journal_list *list, const struct alarm_entry *entry)
{
    return (!list->by_event || entry->event == list->event) &&
           (list->priorities == 0 || (list->priorities & 1u << (entry->priority & 15)) != 0) &&
           (list->filter.states == 0 ||
            (entry->state < ALARM_STATES && (list->filter.states & 1u << entry->state) != 0));
}

static enum handled list_step(struct exchange *exchange)
{
    struct journal_list *list = exchange->state;
    const struct alarms *alarms = alarms_of(exchange);
    struct turn turn = turn_begin(exchange->web);
    struct alarm_entry entry;
    while (list->at >= alarms_entries_first(alarms) && list->at > 0 && !list->filter.none) {
        if (list->found == list->limit || exchange->json.size >= ANSWER_BYTES)
            return answer_list(exchange, list->stood ? 0 : list->at + 1);
        alarms_entry(alarms, list->at, &entry);
        if (entry.wall_ns < list->from_ns)
            break;
        list->at--;
        if ((list->stood || list_wants(list, &entry)) && list_means(exchange, list, &entry) &&
            (!list->stood || (entry_stood(exchange, list, &entry) && list_wants(list, &entry)))) {
            alarm_entry_put(exchange, &entry);
            list->found++;
        }
        if (turn_is_over(&turn, 128))
            return HANDLED_STEP;
    }
    return answer_list(exchange, 0);
}

static bool list_read(struct exchange *exchange, struct journal_list *list)
{
    const struct alarms *alarms = alarms_of(exchange);
    struct bytes text;
    uint64_t after = 0;
    list->limit = 100;
    list->from_ns = INT64_MIN;
    list->to_ns = INT64_MAX;
    if (!query_count(exchange, "limit", 1, 1000, &list->limit) || !query_after(exchange, &after) ||
        !query_count(exchange, "alarm", 1, INT64_MAX, &list->alarm) ||
        !query_time(exchange, "from", &list->from_ns) ||
        !query_time(exchange, "to", &list->to_ns) || !filter_query(exchange, &list->filter))
        return false;
    if (query_text(exchange, "stood", &text)) {
        if (!query_time(exchange, "stood", &list->to_ns))
            return false;
        list->stood = true;
        list->to_ns += list->to_ns < INT64_MAX; /* with what came at that very time */
    }
    list->priorities = list->filter.priorities;
    list->filter.priorities = 0;
    list->at = alarms_entries(alarms);
    if (list->to_ns != INT64_MAX && alarms_entry_at(alarms, list->to_ns) <= list->at)
        list->at = alarms_entry_at(alarms, list->to_ns); /* some behind it may have come before */
    if (after != 0 && after <= list->at)
        list->at = after - 1;
    list->by_event = query_text(exchange, "event", &text);
    list->event = list->by_event ? alarm_happened_parse(text) : 0;
    if (list->by_event && list->event == UINT8_MAX)
        answer_parameter(exchange, "event", "an event, as acknowledge or condition holds,", text);
    return !list->by_event || list->event != UINT8_MAX;
}

enum handled handle_alarm_journal(struct exchange *exchange)
{
    struct journal_list *list = exchange_keep(exchange, sizeof *list);
    if (list == NULL)
        return HANDLED;
    exchange->drop = list_drop;
    if (!list_read(exchange, list))
        return HANDLED;
    exchange->resume = list_step;
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, "entries");
    json_put_array(&exchange->json);
    return list_step(exchange);
}
