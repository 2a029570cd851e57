/* Alarms that are not normal: lists, the newest change first, and one whole with what happened to
 * it.
 *
 * A list goes along the chain of a tenant's alarms, which moves while it is gone along: an alarm
 * that changes goes to its front. The place is therefore the number of the entry that an alarm
 * changed with, which falls from front to end; where the row that was left is not what it was, the
 * chain is gone along anew, past all that changed since. */
#include "web/alarms.h"
#include "web/library.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- one as an object --------------------------------------------------------------------------
 */
/* The metric of the asset that a point is. */
static bool metric_of(const struct exchange *exchange, uint32_t point, struct asset_item *ret_item)
{
    struct sheet_cursor cursor = {.step = 0};
    struct bytes metric;
    uint32_t asset = assets_of_point(assets_of(exchange), point, &metric);
    while (asset != ASSET_NONE &&
           assets_sheet_next(assets_of(exchange), asset, INT64_MAX, &cursor, ret_item))
        if (ret_item->kind == ITEM_METRIC && bytes_equal(ret_item->name, metric))
            return true;
    return false;
}

double alarm_limit(const struct exchange *exchange, const struct rule_plan *plan, uint32_t point)
{
    static const enum limit_kind kinds[] = {[RULE_HIGH_HIGH] = LIMIT_HIGH_HIGH,
                                            [RULE_HIGH] = LIMIT_HIGH,
                                            [RULE_LOW] = LIMIT_LOW,
                                            [RULE_LOW_LOW] = LIMIT_LOW_LOW};
    struct point_view view;
    struct asset_item item;
    if (plan->has_limit)
        return plan->limit;
    if (point == POINT_NONE || plan->kind >= ARRAY_COUNT(kinds))
        return NAN;
    points_view(exchange->web->points, point, &view);
    if (!isnan(view.limits[kinds[plan->kind]]) || !metric_of(exchange, point, &item))
        return view.limits[kinds[plan->kind]];
    return item.limits[kinds[plan->kind]];
}

/* The point's own, or its metric's. */
static void unit_put(struct exchange *exchange, uint32_t point)
{
    struct point_view view = {.unit = bytes_of("", 0)};
    struct asset_item item;
    if (point != POINT_NONE)
        points_view(exchange->web->points, point, &view);
    if (point != POINT_NONE && view.unit.size == 0 && metric_of(exchange, point, &item))
        view.unit = item.unit;
    put_text(&exchange->json, "unit", view.unit);
}

static void where_put(struct exchange *exchange, uint32_t tenant, uint32_t rule, uint32_t point)
{
    struct json_writer *json = &exchange->json;
    uint8_t path[PATH_MAX_BYTES];
    size_t size = 0;
    uint32_t asset =
        tenant == exchange->tenant ? alarm_asset(exchange, tenant, rule, point) : ASSET_NONE;
    if (alarm_path(exchange, rule, point, path, &size))
        path_put(exchange, json, "path", tenant, bytes_of(path, size));
    else
        json_member_null(json, "path");
    put_asset_path(exchange, "asset",
                   asset != ASSET_NONE && asset_seen(exchange, asset) ? asset : ASSET_NONE);
}

static void people_put(struct json_writer *json, const struct alarm_view *view)
{
    put_text(json, "acknowledged_by", view->acknowledged_by);
    json_member_time(json, "acknowledged", view->acknowledged_wall_ns);
    put_text(json, "assignee", view->assignee);
    put_text(json, "comment", view->comment);
    json_member_time(json, "shelved_until", view->shelved_until_ns);
}

/* Members, within an object. */
static void members_put(struct exchange *exchange, const struct alarm_view *view,
                        const struct rule_view *rule)
{
    struct json_writer *json = &exchange->json;
    char letter[2] = {alarm_state_letter((enum alarm_state)view->state), '\0'};
    json_member_count(json, "alarm", view->alarm);
    put_state(json, "state", view->state);
    json_member_text(json, "letter", letter);
    json_member_count(json, "priority", view->priority);
    json_member_text(json, "kind", rule_kind_word(view->kind));
    put_text(json, "rule", alarms_rule_name(alarms_of(exchange), view->rule));
    put_text(json, "title", rule->plan.title);
    where_put(exchange, view->tenant, view->rule, view->point);
    json_put_name(json, "value");
    json_put_real(json, view->value);
    unit_put(exchange, view->point);
    json_put_name(json, "limit");
    json_put_real(json, alarm_limit(exchange, &rule->plan, view->point));
    put_text(json, "why",
             alarm_why_is_open(exchange, view->kind, rule, view->point, view->raised_wall_ns)
                 ? view->why
                 : bytes_of("", 0));
    json_member_time(json, "raised", view->raised_ns);
    json_member_time(json, "changed", view->changed_wall_ns);
    json_member_count(json, "count", view->count);
    json_member_time(json, "chattering", view->chatters_wall_ns);
    json_member_count(json, "changes", view->changes);
    json_member_bool(json, "first_out", view->first_out);
    people_put(json, view);
}

static struct rule_view rule_or_none(const struct exchange *exchange, const struct alarm_view *view)
{
    struct rule_view rule = {.tenant = view->tenant, .plan = {.kind = RULE_KINDS}};
    (void)rule_of(exchange, view->rule, &rule);
    return rule;
}

void alarm_put(struct exchange *exchange, const struct alarm_view *view)
{
    const struct rule_view rule = rule_or_none(exchange, view);
    json_put_object(&exchange->json);
    members_put(exchange, view, &rule);
    json_put_object_end(&exchange->json);
}

enum handled answer_no_alarm(struct exchange *exchange, struct bytes number)
{
    return answer_problem(exchange, 404, "unknown_alarm", "no such alarm",
                          "\"%.*s\" is the number of no alarm that you may see; GET "
                          "/v1/alarm-journal tells what was",
                          detail_size(number), (const char *)number.at);
}

/* ---- the chain ---------------------------------------------------------------------------------
 */
static bool row_is_same(const struct alarms *alarms, uint32_t tenant, const struct alarm_walk *walk)
{
    struct alarm_view view;
    return walk->row != 0 && walk->row <= alarms_rows(alarms) &&
           alarms_row(alarms, walk->row, &view) && view.tenant == tenant &&
           view.entry_last == walk->left;
}

enum alarm_walked alarm_walk_next(const struct alarms *alarms, uint32_t tenant,
                                  struct alarm_walk *walk, struct alarm_view *ret_view)
{
    uint32_t row = row_is_same(alarms, tenant, walk) ? alarms_next(alarms, walk->row)
                                                     : alarms_newest(alarms, tenant);
    for (unsigned looked = 0; row != 0; row = alarms_next(alarms, row)) {
        if (!alarms_row(alarms, row, ret_view))
            continue;
        walk->row = row;
        walk->left = ret_view->entry_last;
        if (walk->entry == 0 || ret_view->entry_last < walk->entry) {
            walk->entry = ret_view->entry_last;
            return WALK_FOUND;
        }
        if (++looked == ALARM_WALK_MOST) /* changed since, or before the page */
            return WALK_MORE;
    }
    return WALK_END;
}

/* ---- list --------------------------------------------------------------------------------------
 */
struct alarms_list {
    struct alarm_filter filter;
    struct alarm_walk walk;
    uint64_t limit, found, next;
    bool whole, counting; /* all of it is his to see; what he sees is counted one by one */
    struct alarm_counts counts;
};

static void counts_put(struct json_writer *json, const struct alarm_counts *counts)
{
    json_put_name(json, "counts");
    json_put_object(json);
    json_member_count(json, "active", counts->active);
    json_member_count(json, "unacknowledged", counts->unacknowledged);
    json_member_count(json, "shelved", counts->shelved);
    json_member_count(json, "suppressed", counts->suppressed);
    json_member_count(json, "out_of_service", counts->out_of_service);
    json_member_count(json, "stale", counts->stale);
    json_put_name(json, "by_priority");
    json_put_array(json);
    for (int i = 1; i <= ALARM_PRIORITIES; i++)
        json_put_count(json, counts->by_priority[i]);
    json_put_array_end(json);
    json_put_object_end(json);
}

void alarm_count(struct alarm_counts *counts, const struct alarm_view *view)
{
    bool hidden = view->machine.hidden != 0, active = alarm_is_active(view->machine);
    bool waits = view->machine.state == ALARM_UNACKNOWLEDGED ||
                 view->machine.state == ALARM_RETURNED || view->machine.state == ALARM_LATCHED;
    counts->shelved += view->state == ALARM_SHELVED;
    counts->suppressed += view->state == ALARM_SUPPRESSED;
    counts->out_of_service += view->state == ALARM_OUT_OF_SERVICE;
    if (hidden)
        return;
    counts->active += active;
    counts->unacknowledged += waits;
    counts->stale += active && view->kind == RULE_STALE;
    if ((active || waits) && view->priority <= ALARM_PRIORITIES)
        counts->by_priority[view->priority]++;
}

static enum handled list_end(struct exchange *exchange)
{
    struct alarms_list *list = exchange->state;
    struct json_writer *json = &exchange->json;
    if (list->whole)
        alarms_counts(alarms_of(exchange), list->filter.tenant, &list->counts);
    json_put_array_end(json);
    counts_put(json, &list->counts);
    put_next(json, list->next);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

/* Full: the page is. Then only counting goes on. */
static bool list_is_full(const struct exchange *exchange, const struct alarms_list *list)
{
    return list->found == list->limit || exchange->json.size >= ANSWER_BYTES;
}

static bool list_take(struct exchange *exchange, struct alarms_list *list,
                      const struct alarm_view *view, uint64_t before)
{
    if (list->counting && alarm_may(exchange, RIGHT_SEE, view->tenant, view->rule, view->point))
        alarm_count(&list->counts, view);
    if (list->next != 0 || !filter_wants_alarm(exchange, &list->filter, view))
        return true;
    if (list_is_full(exchange, list)) {
        list->next = before;
        return list->counting;
    }
    alarm_put(exchange, view);
    list->found++;
    return true;
}

static enum handled list_step(struct exchange *exchange)
{
    struct alarms_list *list = exchange->state;
    const struct alarms *alarms = alarms_of(exchange);
    struct turn turn = turn_begin(exchange->web);
    struct alarm_view view;
    enum alarm_walked walked = WALK_END;
    do {
        uint64_t before = list->walk.entry;
        if (!list->filter.none || list->counting)
            walked = alarm_walk_next(alarms, list->filter.tenant, &list->walk, &view);
        if (walked == WALK_FOUND && !list_take(exchange, list, &view, before))
            walked = WALK_END;
        if (walked == WALK_MORE || (walked != WALK_END && turn_is_over(&turn, 512)))
            return HANDLED_STEP;
    } while (walked != WALK_END);
    return list_end(exchange);
}

enum handled handle_alarms(struct exchange *exchange)
{
    struct alarms_list *list = exchange_keep(exchange, sizeof *list);
    if (list == NULL)
        return HANDLED;
    list->limit = 100;
    if (!query_count(exchange, "limit", 1, 1000, &list->limit) ||
        !query_after(exchange, &list->walk.entry) || !filter_query(exchange, &list->filter))
        return HANDLED;
    list->whole = !list->filter.others && tenant_seen_whole(exchange, list->filter.tenant);
    list->counting = !list->whole && !(list->filter.others && list->filter.none) &&
                     list->walk.entry == 0; /* counts are of all: with the first page alone */
    exchange->resume = list_step;
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, "alarms");
    json_put_array(&exchange->json);
    return list_step(exchange);
}

/* ---- one whole: with its entries, newest first --------------------------------------------------
 */
#define ENTRIES_SHOWN 200
struct alarm_page {
    uint64_t alarm, entry, found;
    bool there;
};

#define DOCUMENTS_SHOWN 64

/* Names of the documents about it that he sees, each once. */
static void document_names_put(struct exchange *exchange, const struct attached *to,
                               uint32_t *shown, size_t *count)
{
    const struct library *library = engine_library(exchange->web->config.engine);
    uint32_t documents[DOCUMENTS_SHOWN];
    struct document_view view;
    size_t found = library_attached_to(library, exchange->tenant, to, documents, DOCUMENTS_SHOWN);
    for (size_t i = 0; i < found && *count < DOCUMENTS_SHOWN; i++) {
        size_t same = 0;
        while (same < *count && shown[same] != documents[i])
            same++;
        if (same < *count || !library_document(library, documents[i], &view) ||
            !document_seen(exchange, documents[i]))
            continue;
        shown[(*count)++] = documents[i];
        json_put_string(&exchange->json, view.name);
    }
}

/* About its rule, its asset, and the types of that. */
static void page_documents_put(struct exchange *exchange, const struct alarm_view *view)
{
    uint32_t shown[DOCUMENTS_SHOWN];
    struct asset_view asset = {.type = TYPE_NONE};
    struct type_view type;
    size_t count = 0;
    uint32_t number = alarm_asset(exchange, view->tenant, view->rule, view->point);
    bool own = view->tenant == exchange->tenant;
    json_put_name(&exchange->json, "documents");
    json_put_array(&exchange->json);
    if (own)
        document_names_put(exchange,
                           &(struct attached){.kind = ATTACHED_RULE, .number = view->rule}, shown,
                           &count);
    if (own && number != ASSET_NONE) {
        document_names_put(exchange, &(struct attached){.kind = ATTACHED_ASSET, .number = number},
                           shown, &count);
        assets_asset(assets_of(exchange), number, &asset);
    }
    for (int i = 0; i <= ASSET_DEPTH_MAX && asset.type != TYPE_NONE; i++) {
        document_names_put(exchange,
                           &(struct attached){.kind = ATTACHED_TYPE, .number = asset.type}, shown,
                           &count);
        assets_type(assets_of(exchange), asset.type, &type);
        asset.type = type.parent;
    }
    json_put_array_end(&exchange->json);
}

static void page_rule_put(struct exchange *exchange, const struct alarm_view *view,
                          const struct rule_view *rule)
{
    struct json_writer *json = &exchange->json;
    put_text(json, "cause", rule->plan.cause);
    put_text(json, "consequence", rule->plan.consequence);
    put_text(json, "response", rule->plan.response);
    page_documents_put(exchange, view);
    json_put_name(json, "entries");
    json_put_array(json);
}

/* It is normal again: what the journal holds of it says what it was. */
static void page_begin_normal(struct exchange *exchange, const struct alarm_entry *entry)
{
    struct alarm_view view = {.alarm = entry->alarm,
                              .tenant = entry->tenant,
                              .rule = entry->rule,
                              .point = entry->point,
                              .state = entry->state < ALARM_STATES ? entry->state : ALARM_NORMAL,
                              .priority = entry->priority,
                              .kind = entry->kind,
                              .changed_wall_ns = entry->wall_ns,
                              .position = entry->position,
                              .value = entry->value};
    const struct rule_view rule = rule_or_none(exchange, &view);
    json_put_object(&exchange->json);
    members_put(exchange, &view, &rule);
    page_rule_put(exchange, &view, &rule);
}

static bool page_take(struct exchange *exchange, struct alarm_page *page,
                      const struct alarm_entry *entry)
{
    if (entry->alarm != page->alarm || page->alarm == 0 || !alarm_entry_seen(exchange, entry))
        return true;
    if (!page->there)
        page_begin_normal(exchange, entry);
    page->there = true;
    alarm_entry_put(exchange, entry);
    page->found++;
    /* It began there: its number was given to no other. */
    return page->found < ENTRIES_SHOWN &&
           !(entry->state_before == ALARM_NORMAL && entry->event == ALARM_HOLDS);
}

static enum handled page_step(struct exchange *exchange)
{
    struct alarm_page *page = exchange->state;
    struct json_writer *json = &exchange->json;
    const struct alarms *alarms = alarms_of(exchange);
    struct turn turn = turn_begin(exchange->web);
    struct alarm_entry entry;
    while (page->entry >= alarms_entries_first(alarms) && page->entry > 0) {
        alarms_entry(alarms, page->entry--, &entry);
        if (!page_take(exchange, page, &entry))
            break;
        if (turn_is_over(&turn, 64))
            return HANDLED_STEP;
    }
    if (!page->there)
        return answer_no_alarm(exchange, exchange->arg);
    json_put_array_end(json);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

static uint64_t number_read(struct bytes text)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9' || number > INT64_MAX / 20)
            return 0;
        number = number * 10 + (uint64_t)(text.at[i] - '0');
    }
    return number;
}

enum handled handle_alarm(struct exchange *exchange)
{
    struct alarm_page *page = exchange_keep(exchange, sizeof *page);
    const struct alarms *alarms = alarms_of(exchange);
    struct alarm_view view;
    if (page == NULL)
        return HANDLED;
    page->alarm = number_read(exchange->arg);
    page->entry = alarms_entries(alarms);
    exchange->resume = page_step;
    if (page->alarm != 0 && alarms_find(alarms, page->alarm, &view)) {
        if (!alarm_may(exchange, RIGHT_SEE, view.tenant, view.rule, view.point))
            return answer_no_alarm(exchange, exchange->arg);
        const struct rule_view rule = rule_or_none(exchange, &view);
        page->entry = view.entry_last;
        page->there = true;
        json_put_object(&exchange->json);
        members_put(exchange, &view, &rule);
        page_rule_put(exchange, &view, &rule);
    }
    return page_step(exchange);
}
