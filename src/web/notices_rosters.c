/* Rosters: who is on call, and who is next. */
#include "web/notices.h"

#include <string.h>

/* ---- one as an object --------------------------------------------------------------------------
 */
static void members_put(struct json_writer *json, const struct roster_plan *plan)
{
    json_put_name(json, "members");
    json_put_array(json);
    for (unsigned i = 0; i < plan->member_count; i++) {
        json_put_object(json);
        json_member_string(json, "name", plan->members[i].name);
        json_put_name(json, "channels");
        json_put_array(json);
        for (unsigned j = 0; j < plan->members[i].channel_count; j++)
            json_put_string(json, plan->members[i].channels[j]);
        json_put_array_end(json);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void shifts_put(struct json_writer *json, const struct roster_plan *plan)
{
    json_put_name(json, "shifts");
    json_put_array(json);
    for (unsigned i = 0; i < plan->shift_count; i++) {
        json_put_object(json);
        json_member_string(json, "member", plan->members[plan->shifts[i].member].name);
        weekly_put(json, &plan->shifts[i].when);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void steps_put(struct json_writer *json, const struct roster_plan *plan)
{
    json_put_name(json, "steps");
    json_put_array(json);
    for (unsigned i = 0; i < plan->step_count; i++) {
        const struct roster_step *step = &plan->steps[i];
        json_put_object(json);
        put_span(json, "after", step->after_ns);
        if (step->to == STEP_MEMBER)
            json_member_string(json, "to", plan->members[step->member].name);
        else
            json_member_text(json, "to", step->to == STEP_NEXT ? "next" : "on call");
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void on_call_put(struct json_writer *json, const struct roster_plan *plan, int64_t at_ns)
{
    uint64_t members = roster_on_call(plan, at_ns);
    json_put_name(json, "on_call");
    json_put_array(json);
    for (unsigned i = 0; i < plan->member_count; i++)
        if ((members >> i & 1) != 0)
            json_put_string(json, plan->members[i].name);
    json_put_array_end(json);
}

static void roster_put_at(struct exchange *exchange, uint32_t roster, int64_t at_ns)
{
    struct json_writer *json = &exchange->json;
    struct roster_view view;
    struct roster_plan plan;
    if (!notices_roster(notices_of(exchange), roster, &view) ||
        roster_plan_read(view.form, &plan) != NULL)
        return;
    json_put_object(json);
    json_member_string(json, "name", plan.name);
    members_put(json, &plan);
    shifts_put(json, &plan);
    offset_put(json, plan.offset_minutes);
    steps_put(json, &plan);
    on_call_put(json, &plan, at_ns);
    json_member_count(json, "holders", view.holders);
    json_member_time(json, "changed", view.wall_ns);
    json_member_count(json, "position", view.position);
    json_put_object_end(json);
}

static int64_t wall_now(const struct exchange *exchange)
{
    struct clock *clock = exchange->web->config.clock;
    return clock->wall_ns(clock);
}

static void roster_put(struct exchange *exchange, uint32_t roster)
{
    roster_put_at(exchange, roster, wall_now(exchange));
}

enum handled handle_rosters(struct exchange *exchange)
{
    static const struct notice_list list = {"rosters", notices_roster_next, roster_put};
    return notice_list(exchange, &list);
}

enum handled handle_roster(struct exchange *exchange)
{
    int64_t at_ns = wall_now(exchange);
    if (!notices_may_see(exchange) || !query_time(exchange, "at", &at_ns))
        return HANDLED;
    uint32_t roster = notices_roster_find(notices_of(exchange), exchange->tenant, exchange->arg);
    if (roster == 0)
        return answer_no_notice(exchange, "roster", exchange->arg);
    roster_put_at(exchange, roster, at_ns);
    return answer_json(exchange, 200);
}

/* ---- set ---------------------------------------------------------------------------------------
 */
static void member_read(struct wish *part, struct form_writer *form)
{
    struct bytes name;
    json_t *channels = json_object_get(part->json, "channels"), *channel;
    size_t i;
    wish_members(part, "name channels");
    if (wish_text(part, "name", 1, NOTICE_NAME_MAX, &name))
        form_put_text(form, MEMBER_TAG_NAME, name);
    if (!json_is_array(channels) || json_array_size(channels) == 0 ||
        json_array_size(channels) > NOTICE_MEMBER_CHANNELS_MAX)
        wish_fault(part, "channels", "a list of 1 to 8 names of channels");
    json_array_foreach(channels, i, channel)
    {
        if (json_is_string(channel) && json_string_length(channel) <= NOTICE_NAME_MAX)
            form_put_text(form, MEMBER_TAG_CHANNEL,
                          bytes_of(json_string_value(channel), json_string_length(channel)));
        else
            wish_fault(part, "channels", "a list of 1 to 8 names of channels");
    }
}

static void shift_read(struct wish *part, struct form_writer *form)
{
    struct bytes name;
    wish_members(part, "member from to days");
    if (wish_text(part, "member", 1, NOTICE_NAME_MAX, &name))
        form_put_text(form, SHIFT_TAG_MEMBER, name);
    weekly_read(part, SHIFT_TAG_FROM, form);
}

static void step_read(struct wish *part, struct form_writer *form)
{
    struct bytes to = bytes_text("on call");
    int64_t after_ns;
    wish_members(part, "after to");
    if (wish_span(part, "after", NOTICE_STEP_MOST_NS, &after_ns))
        form_put_integer(form, STEP_TAG_AFTER, after_ns);
    (void)wish_text(part, "to", 1, NOTICE_NAME_MAX, &to);
    bool on_call = bytes_equal(to, bytes_text("on call"));
    bool next = bytes_equal(to, bytes_text("next"));
    form_put_integer(form, STEP_TAG_TO, on_call ? STEP_ON_CALL : next ? STEP_NEXT : STEP_MEMBER);
    if (!on_call && !next)
        form_put_text(form, STEP_TAG_MEMBER, to);
}

static enum handled roster_done(struct exchange *exchange, const struct outcome *outcome)
{
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    order_put_outcome(json, outcome);
    uint32_t roster = notices_roster_find(notices_of(exchange), exchange->tenant, exchange->arg);
    json_put_name(json, "roster");
    if (roster != 0)
        roster_put(exchange, roster);
    else
        json_put_null(json);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

enum handled handle_roster_set(struct exchange *exchange)
{
    struct roster_plan plan;
    if (!notices_may_change(exchange))
        return HANDLED;
    struct module_order *module = module_begin(exchange, sizeof *module, COMMAND_ROSTER_SET, true);
    if (module == NULL)
        return HANDLED;
    struct form_writer *form = &module->form;
    struct wish *wish = &module->order.wish;
    module_name(module, exchange->arg);
    form_put_text(form, ROSTER_TAG_NAME, exchange->arg);
    wish_members(wish, "members shifts utc_offset steps");
    parts_read(wish, "members", ROSTER_TAG_MEMBER, NOTICE_MEMBERS_MAX, form, member_read);
    parts_read(wish, "shifts", ROSTER_TAG_SHIFT, NOTICE_SHIFTS_MAX, form, shift_read);
    offset_read(wish, ROSTER_TAG_OFFSET, form);
    parts_read(wish, "steps", ROSTER_TAG_STEP, NOTICE_STEPS_MAX, form, step_read);
    if (wish->wrong)
        return order_refuse(exchange);
    const char *fault =
        form->failed ? NULL : roster_plan_read(bytes_of(form->at, form->size), &plan);
    return fault != NULL ? notice_refuse(exchange, fault) : module_give(exchange, 0, roster_done);
}

enum handled handle_roster_remove(struct exchange *exchange)
{
    bool there = notices_roster_find(notices_of(exchange), exchange->tenant, exchange->arg) != 0;
    return notice_named(exchange, COMMAND_ROSTER_REMOVE, there, "roster", roster_done);
}
