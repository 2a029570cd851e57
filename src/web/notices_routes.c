/* Routes: which alarms go where. And deliveries: what became of what was to be sent. */
#include "web/notices.h"

#include <math.h>

/* ---- one route as an object --------------------------------------------------------------------
 */
static void to_put(struct exchange *exchange, const struct route_view *view)
{
    struct json_writer *json = &exchange->json;
    struct channel_view channel;
    struct roster_view roster;
    json_put_name(json, "to");
    json_put_object(json);
    if (notices_channel(notices_of(exchange), view->channel, &channel))
        json_member_string(json, "channel", channel.name);
    else if (notices_roster(notices_of(exchange), view->roster, &roster))
        json_member_string(json, "roster", form_text(roster.form, ROSTER_TAG_NAME));
    json_put_object_end(json);
}

static void route_put(struct exchange *exchange, uint32_t route)
{
    struct json_writer *json = &exchange->json;
    struct route_view view;
    if (!notices_route(notices_of(exchange), route, &view))
        return;
    json_put_object(json);
    json_member_string(json, "name", view.name);
    json_member_string(json, "match", view.match);
    json_member_count(json, "priority", view.priority);
    json_member_bool(json, "returned", view.returned);
    to_put(exchange, &view);
    json_member_time(json, "changed", view.wall_ns);
    json_member_count(json, "position", view.position);
    json_put_object_end(json);
}

enum handled handle_notice_routes(struct exchange *exchange)
{
    static const struct notice_list list = {"routes", notices_route_next, route_put};
    return notice_list(exchange, &list);
}

enum handled handle_notice_route(struct exchange *exchange)
{
    if (!notices_may_see(exchange))
        return HANDLED;
    uint32_t route = notices_route_find(notices_of(exchange), exchange->tenant, exchange->arg);
    if (route == 0)
        return answer_no_notice(exchange, "route", exchange->arg);
    route_put(exchange, route);
    return answer_json(exchange, 200);
}

/* ---- set ---------------------------------------------------------------------------------------
 */
static void to_read(struct wish *wish, struct form_writer *form)
{
    struct wish to = wish_part(wish, json_object_get(wish->json, "to"));
    struct bytes name;
    if (!json_is_object(to.json)) {
        wish_fault(wish, "to", "{\"roster\": name} or {\"channel\": name}");
        return;
    }
    wish_members(&to, "channel roster");
    if (wish_text(&to, "channel", 1, NOTICE_NAME_MAX, &name))
        form_put_text(form, ROUTE_TAG_CHANNEL, name);
    if (wish_text(&to, "roster", 1, NOTICE_NAME_MAX, &name))
        form_put_text(form, ROUTE_TAG_ROSTER, name);
    wish_pass(wish, &to, "to");
}

static enum handled route_done(struct exchange *exchange, const struct outcome *outcome)
{
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    order_put_outcome(json, outcome);
    uint32_t route = notices_route_find(notices_of(exchange), exchange->tenant, exchange->arg);
    json_put_name(json, "route");
    if (route != 0)
        route_put(exchange, route);
    else
        json_put_null(json);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

enum handled handle_notice_route_set(struct exchange *exchange)
{
    struct route_plan plan;
    struct bytes match;
    int64_t priority;
    bool returned;
    if (!notices_may_change(exchange))
        return HANDLED;
    struct module_order *module = module_begin(exchange, sizeof *module, COMMAND_ROUTE_SET, true);
    if (module == NULL)
        return HANDLED;
    struct form_writer *form = &module->form;
    struct wish *wish = &module->order.wish;
    module_name(module, exchange->arg);
    form_put_text(form, ROUTE_TAG_NAME, exchange->arg);
    wish_members(wish, "match priority returned to");
    if (wish_text(wish, "match", 1, PATTERN_BYTES_MAX, &match))
        form_put_text(form, ROUTE_TAG_MATCH, match);
    if (wish_integer(wish, "priority", 1, ALARM_PRIORITIES, &priority))
        form_put_integer(form, ROUTE_TAG_PRIORITY, priority);
    if (wish_flag(wish, "returned", &returned))
        form_put_integer(form, ROUTE_TAG_RETURNED, returned);
    to_read(wish, form);
    if (wish->wrong)
        return order_refuse(exchange);
    const char *fault = route_plan_read(bytes_of(form->at, form->size), &plan);
    return fault != NULL ? notice_refuse(exchange, fault) : module_give(exchange, 0, route_done);
}

enum handled handle_notice_route_remove(struct exchange *exchange)
{
    bool there = notices_route_find(notices_of(exchange), exchange->tenant, exchange->arg) != 0;
    return notice_named(exchange, COMMAND_ROUTE_REMOVE, there, "route", route_done);
}

/* ---- deliveries --------------------------------------------------------------------------------
 */
#define WAITING (1u << DELIVERY_GATHERING | 1u << DELIVERY_READY | 1u << DELIVERY_RETRY)

static void items_put(struct exchange *exchange, const struct delivery_view *view)
{
    struct json_writer *json = &exchange->json;
    struct notice_item item;
    size_t offset = 0;
    json_put_name(json, "alarms");
    json_put_array(json);
    while (tenant_seen_whole(exchange, view->tenant) &&
           notices_item_next(view->items, &offset, &item)) {
        json_put_object(json);
        json_member_text(json, "what", item.what == NOTICE_TEST ? "test" : "alarm");
        json_member_count(json, "alarm", item.alarm);
        put_text(json, "path", item.path);
        put_text(json, "title", item.title);
        put_text(json, "why", item.why);
        json_member_count(json, "priority", item.priority);
        json_member_time(json, "time", item.time_ns);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void delivery_put(struct exchange *exchange, const struct delivery_view *view)
{
    struct json_writer *json = &exchange->json;
    struct channel_view channel;
    json_put_object(json);
    json_member_count(json, "delivery", view->delivery);
    json_put_name(json, "channel");
    if (notices_channel(notices_of(exchange), view->channel, &channel))
        json_put_string(json, channel.name);
    else
        json_put_null(json);
    json_member_text(json, "state",
                     view->state == DELIVERY_SENT       ? "sent"
                     : view->state == DELIVERY_GIVEN_UP ? "given_up"
                                                        : "waiting");
    json_member_bool(json, "test", view->test);
    json_member_count(json, "count", view->count);
    json_member_count(json, "priority", view->priority);
    json_member_count(json, "attempts", view->attempts);
    json_member_time(json, "made", view->made_wall_ns);
    put_when(json, "done", view->done_wall_ns);
    put_text(json, "error", notices_changeable(exchange) ? view->error : bytes_of("", 0));
    items_put(exchange, view);
    json_put_object_end(json);
}

/* False: it was answered. */
static bool states_read(struct exchange *exchange, uint32_t *ret_states)
{
    struct bytes text;
    *ret_states = UINT32_MAX;
    if (!query_text(exchange, "state", &text))
        return true;
    if (bytes_equal(text, bytes_text("waiting")))
        *ret_states = WAITING;
    else if (bytes_equal(text, bytes_text("sent")))
        *ret_states = 1u << DELIVERY_SENT;
    else if (bytes_equal(text, bytes_text("given_up")))
        *ret_states = 1u << DELIVERY_GIVEN_UP;
    else {
        answer_parameter(exchange, "state", "waiting, sent or given_up", text);
        return false;
    }
    return true;
}

enum handled handle_deliveries(struct exchange *exchange)
{
    struct json_writer *json = &exchange->json;
    const struct notices *notices = notices_of(exchange);
    uint64_t limit = 100, before = INT64_MAX, numbers[1001];
    uint32_t channel = 0, states;
    uint8_t at[NOTICE_NAME_MAX];
    struct bytes name;
    bool of_one;
    if (!notices_may_see(exchange) || !query_count(exchange, "limit", 1, 1000, &limit) ||
        !query_count(exchange, "after", 1, INT64_MAX, &before) || !states_read(exchange, &states) ||
        !query_copy(exchange, "channel", at, sizeof at, &name, &of_one))
        return HANDLED;
    if (of_one)
        channel = notices_channel_find(notices, exchange->tenant, name);
    if (of_one && channel == 0)
        return answer_no_notice(exchange, "channel", name);
    size_t count =
        notices_deliveries(notices, exchange->tenant, channel, states, before, numbers, limit + 1);
    json_put_object(json);
    json_put_name(json, "deliveries");
    json_put_array(json);
    for (size_t i = 0; i < count && i < limit; i++) {
        struct delivery_view view;
        if (notices_delivery(notices, numbers[i], &view))
            delivery_put(exchange, &view);
    }
    return answer_list(exchange, count > limit ? numbers[limit - 1] : 0);
}
