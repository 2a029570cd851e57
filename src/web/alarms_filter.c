/* Which alarms and entries are meant, whose they are to see, and where they are. */
#include "web/alarms.h"

#include "access/access.h"
#include "standing/standing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- where they are ----------------------------------------------------------------------------
 */
bool rule_of(const struct exchange *exchange, uint32_t rule, struct rule_view *ret_view)
{
    return rule != 0 && rule <= alarms_rules(alarms_of(exchange)) &&
           alarms_rule(alarms_of(exchange), rule, ret_view);
}

bool alarm_path(const struct exchange *exchange, uint32_t rule, uint32_t point,
                uint8_t path[PATH_MAX_BYTES], size_t *ret_size)
{
    struct rule_view view;
    if (point != POINT_NONE) {
        *ret_size = points_path(exchange->web->points, point, path);
        return true;
    }
    if (!rule_of(exchange, rule, &view) || view.plan.path.size > PATH_MAX_BYTES)
        return false;
    *ret_size = view.plan.path.size;
    if (*ret_size > 0)
        memcpy(path, view.plan.path.at, *ret_size);
    return true;
}

bool alarm_may(struct exchange *exchange, enum access_right right, uint32_t tenant, uint32_t rule,
               uint32_t point)
{
    uint8_t path[PATH_MAX_BYTES];
    size_t size = 0;
    if (exchange->web->config.access == NULL)
        return true;
    if (alarm_path(exchange, rule, point, path, &size) && size > 0)
        return exchange_may(exchange, right, tenant, bytes_of(path, size));
    return pattern_reach(exchange, right, tenant, bytes_text("#")) == REACH_ALL;
}

uint32_t alarm_asset(const struct exchange *exchange, uint32_t tenant, uint32_t rule,
                     uint32_t point)
{
    return standing_asset(exchange->web->config.engine, tenant, rule, point);
}

/* ---- what a rule looks at ----------------------------------------------------------------------
 */
struct look { /* whose a condition is, and for which point it is asked */
    const struct rule_view *rule;
    struct bytes base; /* path of the point, or of the branch; empty: any that the rule is for */
    uint32_t point;    /* POINT_NONE: none, or not known */
};

static bool metric_is_seen(struct exchange *exchange, const struct look *look, struct bytes name)
{
    struct bytes metric;
    if (look->base.size == 0)
        return true; /* of the asset that each point itself belongs to */
    uint32_t asset = look->point != POINT_NONE
                         ? assets_of_point(assets_of(exchange), look->point, &metric)
                         : ASSET_NONE;
    uint32_t point =
        asset != ASSET_NONE ? assets_point(assets_of(exchange), asset, name) : POINT_NONE;
    return point == POINT_NONE || point_may(exchange, RIGHT_SEE, point);
}

/* What lies beside any point of the rule: all of a pattern before its first wildcard. */
static bool beside_is_seen(struct exchange *exchange, const struct rule_view *rule)
{
    uint8_t all[PATTERN_BYTES_MAX];
    struct bytes path = rule->plan.path;
    size_t size = 0;
    if (rule->plan.on != RULE_ON_PATTERN)
        return true; /* of a type: where that leads, each of its points says */
    while (size < path.size && memchr("+#*?", path.at[size], 4) == NULL)
        size++;
    while (size > 0 && path.at[size - 1] != '/')
        size--;
    if (size + 1 > sizeof all)
        return false;
    if (size > 0)
        memcpy(all, path.at, size);
    all[size++] = '#';
    return pattern_reach(exchange, RIGHT_SEE, rule->tenant, bytes_of(all, size)) == REACH_ALL;
}

static bool reference_is_seen(struct exchange *exchange, const struct look *look,
                              struct condition_reference reference, bool pattern)
{
    uint8_t path[PATTERN_BYTES_MAX];
    size_t size = 0;
    uint32_t tenant = look->rule->tenant;
    bool up = reference.text.size >= 2 && memcmp(reference.text.at, "..", 2) == 0;
    if (reference.kind == CONDITION_METRIC)
        return metric_is_seen(exchange, look, reference.text);
    if (reference.kind == CONDITION_RELATIVE && look->base.size == 0)
        return !up && beside_is_seen(exchange, look->rule);
    if (condition_resolve(reference, pattern, look->base, path, sizeof path, &size) != OK)
        return false;
    return pattern ? pattern_reach(exchange, RIGHT_SEE, tenant, bytes_of(path, size)) == REACH_ALL
                   : exchange_sees(exchange, tenant, bytes_of(path, size));
}

static bool condition_is_seen(struct exchange *exchange, const struct look *look, struct bytes text)
{
    struct condition_fault fault;
    void *memory = malloc(CONDITION_BYTES_MAX);
    const struct condition *condition =
        memory != NULL
            ? condition_parse(text, CONDITION_VERSION, memory, CONDITION_BYTES_MAX, &fault)
            : NULL;
    bool seen = condition != NULL;
    for (unsigned i = 0; seen && i < condition_references(condition); i++)
        seen = reference_is_seen(exchange, look, condition_reference(condition, i), false);
    for (unsigned i = 0; seen && i < condition_sets(condition); i++)
        seen = reference_is_seen(exchange, look, condition_set(condition, i), true);
    free(memory);
    return seen;
}

static bool look_is_open(struct exchange *exchange, const struct look *look)
{
    const struct rule_plan *plan = &look->rule->plan;
    return (plan->condition.size == 0 || condition_is_seen(exchange, look, plan->condition)) &&
           (plan->reference.size == 0 || condition_is_seen(exchange, look, plan->reference));
}

bool rule_is_open(struct exchange *exchange, const struct rule_view *rule)
{
    struct look look = {.rule = rule, .base = bytes_of("", 0), .point = POINT_NONE};
    if (tenant_seen_whole(exchange, rule->tenant))
        return true;
    if (rule->plan.on == RULE_ON_POINT || rule->plan.on == RULE_ON_NOTHING)
        look.base = rule->plan.path;
    if (rule->plan.on == RULE_ON_POINT)
        look.point = points_find(exchange->web->points, rule->tenant, look.base);
    return look_is_open(exchange, &look);
}

bool alarm_why_is_open(struct exchange *exchange, uint8_t kind, const struct rule_view *rule,
                       uint32_t point, int64_t wall_ns)
{
    uint8_t path[PATH_MAX_BYTES];
    struct look look = {.rule = rule, .base = rule->plan.path, .point = point};
    if ((kind != RULE_EXPRESSION && kind != RULE_DEVIATION) ||
        tenant_seen_whole(exchange, rule->tenant))
        return true;
    if (rule->plan.kind != kind || rule->wall_ns > wall_ns)
        return false; /* what it said then is not known any more */
    if (point != POINT_NONE)
        look.base = bytes_of(path, points_path(exchange->web->points, point, path));
    return look.base.size > 0 && look_is_open(exchange, &look);
}

/* ---- words -------------------------------------------------------------------------------------
 */
/* Words of a query may be joined by '_' or '-' as well as by blanks. */
static bool word_is(struct bytes text, const char *word)
{
    size_t size = strlen(word);
    bool same = text.size == size;
    for (size_t i = 0; same && i < size; i++)
        same = text.at[i] == (uint8_t)word[i] ||
               (word[i] == ' ' && (text.at[i] == '_' || text.at[i] == '-'));
    return same;
}

unsigned alarm_state_parse(struct bytes word)
{
    unsigned state = 0;
    while (state < ALARM_STATES && !word_is(word, alarm_state_word((enum alarm_state)state)))
        state++;
    return state;
}

unsigned alarm_happened_parse(struct bytes word)
{
    for (uint8_t event = 0; event <= ALARM_EVENT_LAST; event++)
        if (word_is(word, alarm_entry_word(event)))
            return event;
    return UINT8_MAX;
}

void put_state(struct json_writer *json, const char *name, uint8_t state)
{
    if (state < ALARM_STATES)
        json_member_text(json, name, alarm_state_word((enum alarm_state)state));
    else
        json_member_null(json, name);
}

/* ---- reading -----------------------------------------------------------------------------------
 */
struct filter_fault {
    const char *name, *wanted;
};

static bool state_add(struct alarm_filter *filter, struct bytes text, struct filter_fault *fault)
{
    unsigned state = alarm_state_parse(text);
    *fault = (struct filter_fault){"state", "a state, as unacknowledged or shelved,"};
    if (state >= ALARM_STATES)
        return false;
    filter->states |= 1u << state;
    return true;
}

/* "2", or "1-3". */
static bool priority_add(struct alarm_filter *filter, struct bytes text, struct filter_fault *fault)
{
    bool range = text.size == 3 && text.at[1] == '-';
    int from = text.size > 0 ? text.at[0] - '0' : 0, to = range ? text.at[2] - '0' : from;
    *fault = (struct filter_fault){"priority", "1 to 8, or a range as 1-2,"};
    if ((text.size != 1 && !range) || from < 1 || to < from || to > ALARM_PRIORITIES)
        return false;
    for (int i = from; i <= to; i++)
        filter->priorities |= 1u << i;
    return true;
}

static bool match_set(struct exchange *exchange, struct alarm_filter *filter, struct bytes text,
                      struct filter_fault *fault)
{
    struct bytes path = text;
    if (!exchange_place(exchange, text, &filter->tenant, &path))
        filter->none = true;
    filter->others = filter->tenant != exchange->tenant;
    filter->by_match = true;
    *fault = (struct filter_fault){"match", "a pattern of paths, as plant/+/temp or plant/#,"};
    return pattern_parse(path, &filter->match) == NULL;
}

static bool text_set(struct bytes text, uint8_t *at, size_t *ret_size, const char *name,
                     struct filter_fault *fault)
{
    *fault = (struct filter_fault){name, "a text of at most 128 bytes"};
    if (text.size > CONTAINS_MAX)
        return false;
    if (text.size > 0)
        memcpy(at, text.at, text.size);
    *ret_size = text.size;
    return true;
}

/* One that names what is not there, or not his to see, matches nothing. */
static bool member_set(struct exchange *exchange, struct alarm_filter *filter, const char *name,
                       struct bytes text, struct filter_fault *fault)
{
    if (strcmp(name, "state") == 0)
        return state_add(filter, text, fault);
    if (strcmp(name, "priority") == 0)
        return priority_add(filter, text, fault);
    if (strcmp(name, "match") == 0)
        return match_set(exchange, filter, text, fault);
    if (strcmp(name, "rule") == 0) {
        filter->by_rule = true;
        filter->rule = rule_named(exchange, text);
        filter->none = filter->none || filter->rule == 0;
    } else if (strcmp(name, "type") == 0) {
        filter->by_type = true;
        filter->type = asset_type_of(exchange, text);
        filter->none = filter->none || filter->type == TYPE_NONE;
    } else if (strcmp(name, "under") == 0) {
        filter->by_under = true;
        filter->under = asset_of(exchange, text);
        filter->none = filter->none || filter->under == ASSET_NONE;
    } else if (strcmp(name, "assignee") == 0) {
        filter->by_assignee = true;
        return text_set(text, filter->assignee, &filter->assignee_size, name, fault);
    } else {
        return text_set(text, filter->contains, &filter->contains_size, name, fault);
    }
    return true;
}

static const char *const members[] = {"state", "priority", "match",    "rule",
                                      "type",  "under",    "assignee", "contains"};

bool filter_query(struct exchange *exchange, struct alarm_filter *filter)
{
    struct filter_fault fault;
    struct bytes text;
    uint8_t kept[PATTERN_BYTES_MAX];
    *filter = (struct alarm_filter){.tenant = exchange->tenant};
    for (size_t i = 0; i < ARRAY_COUNT(members); i++)
        for (uint32_t at = 0; query_text_at(exchange, members[i], at, &text); at++) {
            bool fits = text.size <= sizeof kept;
            if (fits && text.size > 0)
                memcpy(kept, text.at, text.size);
            if (fits && member_set(exchange, filter, members[i], bytes_of(kept, text.size), &fault))
                continue;
            answer_parameter(exchange, members[i], fits ? fault.wanted : "a shorter text", text);
            return false;
        }
    return true;
}

static bool member_read(struct exchange *exchange, struct wish *wish, const char *name,
                        const json_t *value, struct alarm_filter *filter)
{
    struct filter_fault fault = {name, "a text"};
    char digit[24];
    struct bytes text = bytes_of(json_string_value(value), json_string_length(value));
    if (json_is_integer(value)) {
        int size = snprintf(digit, sizeof digit, "%lld", (long long)json_integer_value(value));
        text = bytes_of(digit, (size_t)size);
    }
    if (text.at != NULL && text.size <= PATTERN_BYTES_MAX &&
        member_set(exchange, filter, name, text, &fault))
        return true;
    wish_fault(wish, name, fault.wanted);
    return false;
}

bool filter_read(struct exchange *exchange, struct wish *wish, struct alarm_filter *filter)
{
    *filter = (struct alarm_filter){.tenant = exchange->tenant};
    wish_members(wish, "state priority match rule type under assignee contains");
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        json_t *value = json_object_get(wish->json, members[i]), *one;
        size_t at;
        if (value == NULL || json_is_null(value))
            continue;
        if (!json_is_array(value)) {
            (void)member_read(exchange, wish, members[i], value, filter);
            continue;
        }
        json_array_foreach(value, at, one)(void)
            member_read(exchange, wish, members[i], one, filter);
    }
    return !wish->wrong;
}

/* ---- judging -----------------------------------------------------------------------------------
 */
static bool wants_asset(const struct exchange *exchange, const struct alarm_filter *filter,
                        uint32_t rule, uint32_t point)
{
    struct asset_view view;
    uint32_t asset = alarm_asset(exchange, filter->tenant, rule, point);
    if (asset == ASSET_NONE)
        return false;
    assets_asset(assets_of(exchange), asset, &view);
    return (!filter->by_type || type_is(assets_of(exchange), view.type, filter->type)) &&
           (!filter->by_under || asset_is_below(assets_of(exchange), asset, filter->under));
}

static bool wants_text(const struct exchange *exchange, const struct alarm_filter *filter,
                       uint32_t rule, struct bytes path)
{
    struct rule_view view;
    struct bytes part = bytes_of(filter->contains, filter->contains_size);
    return people_contains(path, part) ||
           (rule_of(exchange, rule, &view) &&
            (people_contains(view.plan.title, part) || people_contains(view.plan.name, part)));
}

bool filter_wants(struct exchange *exchange, const struct alarm_filter *filter, uint32_t tenant,
                  uint32_t rule, uint32_t point, uint8_t priority)
{
    uint8_t text[PATH_MAX_BYTES];
    size_t size = 0;
    if (filter->none || tenant != filter->tenant || (filter->by_rule && rule != filter->rule) ||
        (filter->priorities != 0 && (filter->priorities & 1u << (priority & 15)) == 0))
        return false;
    if ((filter->by_match || filter->contains_size > 0) &&
        !alarm_path(exchange, rule, point, text, &size))
        return false;
    struct bytes path = bytes_of(text, size);
    return (!filter->by_match || pattern_matches(&filter->match, path)) &&
           (filter->contains_size == 0 || wants_text(exchange, filter, rule, path)) &&
           ((!filter->by_type && !filter->by_under) ||
            wants_asset(exchange, filter, rule, point)) &&
           alarm_may(exchange, RIGHT_SEE, tenant, rule, point);
}

bool filter_wants_alarm(struct exchange *exchange, const struct alarm_filter *filter,
                        const struct alarm_view *view)
{
    if ((view->state == ALARM_NORMAL && !filter->normal) || view->state >= ALARM_STATES ||
        (filter->states != 0 && (filter->states & 1u << view->state) == 0))
        return false;
    if (filter->by_assignee &&
        !bytes_equal(view->assignee, bytes_of(filter->assignee, filter->assignee_size)))
        return false;
    return filter_wants(exchange, filter, view->tenant, view->rule, view->point, view->priority);
}
