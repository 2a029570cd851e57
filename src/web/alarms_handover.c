/* Hand-over notes: what one shift tells the next, of a branch or of everything. */
#include "web/alarms.h"

#include <string.h>

/* Of everything: who sees all of the tenant, or wrote it. */
static bool note_may(struct exchange *exchange, enum access_right right, struct bytes branch)
{
    if (branch.size > 0)
        return exchange_may(exchange, right, exchange->tenant, branch);
    return pattern_reach(exchange, right, exchange->tenant, bytes_text("#")) == REACH_ALL;
}

static void note_put(struct json_writer *json, const struct handover_view *view)
{
    json_put_object(json);
    json_member_count(json, "note", view->note);
    put_text(json, "branch", view->branch);
    put_text(json, "author", view->author);
    json_member_time(json, "written", view->wall_ns);
    json_member_string(json, "text", view->text);
    json_put_object_end(json);
}

/* ---- list, newest first ------------------------------------------------------------------------
 */
struct notes_list {
    uint64_t limit, found, at;
    bool by_branch;
    size_t branch_size;
    uint8_t branch[PATH_MAX_BYTES];
};

static bool notes_want(struct exchange *exchange, const struct notes_list *list,
                       const struct handover_view *view)
{
    return view->tenant == exchange->tenant &&
           (!list->by_branch ||
            bytes_equal(view->branch, bytes_of(list->branch, list->branch_size))) &&
           note_may(exchange, RIGHT_SEE, view->branch);
}

static enum handled notes_step(struct exchange *exchange)
{
    struct notes_list *list = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    struct handover_view view;
    while (list->at > 0) {
        if (list->found == list->limit || exchange->json.size >= ANSWER_BYTES)
            return answer_list(exchange, list->at + 1);
        if (alarms_handover(alarms_of(exchange), (uint32_t)list->at--, &view) &&
            notes_want(exchange, list, &view)) {
            note_put(&exchange->json, &view);
            list->found++;
        }
        if (turn_is_over(&turn, 128))
            return HANDLED_STEP;
    }
    return answer_list(exchange, 0);
}

enum handled handle_handovers(struct exchange *exchange)
{
    struct notes_list *list = exchange_keep(exchange, sizeof *list);
    struct bytes branch;
    uint64_t after = 0;
    if (list == NULL)
        return HANDLED;
    list->limit = 100;
    if (!query_count(exchange, "limit", 1, 1000, &list->limit) || !query_after(exchange, &after) ||
        !query_copy(exchange, "branch", list->branch, sizeof list->branch, &branch,
                    &list->by_branch))
        return HANDLED;
    list->branch_size = branch.size;
    list->at = alarms_handovers(alarms_of(exchange));
    if (after != 0 && after <= list->at)
        list->at = after - 1;
    exchange->resume = notes_step;
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, "handovers");
    json_put_array(&exchange->json);
    return notes_step(exchange);
}

/* ---- one more ----------------------------------------------------------------------------------
 */
static enum handled note_done(struct exchange *exchange, const struct outcome *outcome)
{
    struct json_writer *json = &exchange->json;
    struct handover_view view;
    json_put_object(json);
    order_put_outcome(json, outcome);
    json_put_name(json, "handover");
    if (alarms_handover(alarms_of(exchange), outcome->number, &view) &&
        view.tenant == exchange->tenant && note_may(exchange, RIGHT_SEE, view.branch))
        note_put(json, &view);
    else
        json_put_null(json);
    json_put_object_end(json);
    return answer_json(exchange, exchange->route->status);
}

enum handled handle_handover_add(struct exchange *exchange)
{
    struct module_order *module =
        module_begin(exchange, sizeof *module, COMMAND_HANDOVER_ADD, true);
    struct bytes branch = bytes_of("", 0), text = bytes_of("", 0);
    if (module == NULL)
        return HANDLED;
    struct wish *wish = &module->order.wish;
    wish_members(wish, "branch text");
    (void)wish_text(wish, "branch", 0, PATH_MAX_BYTES, &branch);
    if (branch.size > 0 && path_fault(branch) != NULL)
        wish_fault(wish, "branch", path_fault(branch));
    if (!wish_text(wish, "text", 1, ALARM_COMMENT_MAX, &text))
        wish_fault(wish, "text", "what is to be said");
    if (wish->wrong)
        return order_refuse(exchange);
    if (branch.size > 0 && !note_may(exchange, RIGHT_SEE, branch))
        return answer_hidden(exchange);
    if (!note_may(exchange, RIGHT_ACKNOWLEDGE, branch))
        return answer_forbidden(exchange, RIGHT_ACKNOWLEDGE,
                                branch.size > 0 ? branch : bytes_text("#"));
    module_name(module, branch.size > 0 ? branch : bytes_text("everywhere"));
    form_put_text(&module->form, ALARM_TAG_BRANCH, branch);
    form_put_text(&module->form, ALARM_TAG_NOTE, text);
    return module_give(exchange, 0, note_done);
}
