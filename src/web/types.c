/* Types of assets: listed, shown with what they inherit, made, replaced, removed. */
#include "web/assets.h"

#include <string.h>

/* ---- one as an object --------------------------------------------------------------------------
 */
static void type_put_head(struct exchange *exchange, const struct type_view *view)
{
    struct json_writer *json = &exchange->json;
    json_member_string(json, "name", view->name);
    put_text(json, "title", view->title);
    put_type_name(exchange, "parent", view->parent);
    put_level(json, view->level);
    if (tenant_seen_whole(exchange, view->tenant))
        json_member_count(json, "assets", view->assets);
    else
        json_member_null(json, "assets"); /* he sees a part of them */
    json_member_count(json, "kinds", view->kinds);
    json_member_count(json, "version", view->version);
    json_member_time(json, "changed", view->wall_ns);
}

/* ---- list --------------------------------------------------------------------------------------
 */
struct types_list {
    uint64_t limit, last, found;
};

static enum handled types_step(struct exchange *exchange)
{
    struct types_list *list = exchange->state;
    const struct assets *assets = assets_of(exchange);
    struct turn turn = turn_begin(exchange->web);
    struct type_view view;
    uint64_t shown = list->last;
    while (list->last < assets_types(assets)) {
        assets_type(assets, (uint32_t)(list->last + 1), &view);
        bool wanted = view.tenant == exchange->tenant && !view.removed;
        if (wanted && list->found == list->limit)
            return answer_list(exchange, shown);
        list->last++;
        if (wanted) {
            json_put_object(&exchange->json);
            type_put_head(exchange, &view);
            json_put_object_end(&exchange->json);
            list->found++;
            shown = list->last;
        }
        if (turn_is_over(&turn, 128) && list->found < list->limit)
            return HANDLED_STEP;
    }
    return answer_list(exchange, 0);
}

enum handled handle_types(struct exchange *exchange)
{
    struct types_list *list = exchange_keep(exchange, sizeof *list);
    if (list == NULL)
        return HANDLED;
    list->limit = 100;
    if (!query_count(exchange, "limit", 1, 1000, &list->limit) ||
        !query_after(exchange, &list->last))
        return HANDLED;
    exchange->resume = types_step;
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, "types");
    json_put_array(&exchange->json);
    if (!types_seen(exchange))
        return answer_list(exchange, 0);
    return types_step(exchange);
}

/* ---- one ---------------------------------------------------------------------------------------
 */
struct type_rules { /* the names of its rules, which are looked for among all */
    uint32_t type, rule;
};

static enum handled rules_step(struct exchange *exchange)
{
    struct type_rules *rules = exchange->state;
    struct json_writer *json = &exchange->json;
    const struct alarms *alarms = alarms_of(exchange);
    struct turn turn = turn_begin(exchange->web);
    struct rule_view view;
    while (rules->rule < alarms_rules(alarms)) {
        if (alarms_rule(alarms, ++rules->rule, &view) && view.tenant == exchange->tenant &&
            view.plan.on == RULE_ON_TYPE && view.plan.type == rules->type)
            json_put_string(json, view.plan.name);
        if (turn_is_over(&turn, 256))
            return HANDLED_STEP;
    }
    json_put_array_end(json);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

enum handled handle_type(struct exchange *exchange)
{
    struct type_rules *rules = exchange_keep(exchange, sizeof *rules);
    struct type_view view;
    struct asset_sheet sheet;
    bool own = false;
    if (rules == NULL || !query_flag(exchange, "own", &own))
        return HANDLED;
    rules->type = asset_type_of(exchange, exchange->arg);
    if (rules->type == TYPE_NONE || !types_seen(exchange))
        return answer_no_type(exchange, exchange->arg);
    if (!asset_sheet_of_type(exchange, rules->type, INT64_MAX, own, &sheet))
        return answer_memory(exchange);
    assets_type(assets_of(exchange), rules->type, &view);
    json_put_object(&exchange->json);
    type_put_head(exchange, &view);
    put_type_sheet(exchange, &sheet);
    asset_sheet_done(&sheet);
    json_put_name(&exchange->json, "rules");
    json_put_array(&exchange->json);
    exchange->resume = rules_step;
    return rules_step(exchange);
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static enum handled type_done(struct exchange *exchange, const struct outcome *outcome)
{
    struct json_writer *json = &exchange->json;
    struct type_view view;
    uint32_t type = asset_type_of(exchange, exchange->arg);
    json_put_object(json);
    order_put_outcome(json, outcome);
    json_put_name(json, "type");
    if (type == TYPE_NONE) {
        json_put_null(json); /* removed, now or since */
    } else {
        assets_type(assets_of(exchange), type, &view);
        json_put_object(json);
        type_put_head(exchange, &view);
        json_put_object_end(json);
    }
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

/* Members that answers have and nobody sets: what was asked can be given back. */
void type_members_drop(struct wish *wish)
{
    static const char *const told[] = {"assets", "kinds", "version", "changed", "rules"};
    for (size_t i = 0; i < ARRAY_COUNT(told); i++)
        (void)json_object_del(wish->json, told[i]);
}

void type_words_read(struct exchange *exchange, struct wish *wish, struct bytes name,
                     struct form_writer *form)
{
    struct bytes title = bytes_of("", 0), parent = bytes_of("", 0);
    unsigned level = 0;
    uint32_t above = TYPE_NONE;
    size_t items = 0;
    (void)wish_text(wish, "title", 0, ASSET_TITLE_MAX, &title);
    (void)wish_level(wish, &level);
    if (wish_text(wish, "parent", 0, ASSET_NAME_MAX, &parent) && parent.size > 0) {
        above = asset_type_of(exchange, parent);
        if (above == TYPE_NONE)
            wish_fault(wish, "parent", "the name of a type that is there");
    }
    form_put_text(form, ASSET_TAG_NAME, name);
    form_put_text(form, ASSET_TAG_TITLE, title);
    form_put_integer(form, ASSET_TAG_PARENT, above);
    form_put_integer(form, ASSET_TAG_LEVEL, (int64_t)level);
    type_items_read(wish, form, &items);
    if (items == 0)
        form_put_integer(form, ASSET_TAG_NO_ITEMS, 1);
}

/* By itself: what stands against it in the tenant the outcome says. False: it was answered. */
static bool type_judge(struct exchange *exchange, struct module_order *module, uint32_t type)
{
    struct bytes form;
    if (!form_end(&module->form, &form))
        return true; /* told by module_give */
    const char *fault = asset_form_fault(COMMAND_TYPE_SET, type, form);
    if (fault != NULL)
        answer_problem(exchange, 422, report_outcome_word(OUTCOME_ASSET_INVALID),
                       outcome_text(OUTCOME_ASSET_INVALID), "%s", fault);
    return fault == NULL;
}

enum handled handle_type_set(struct exchange *exchange)
{
    bool dry_run = false;
    if (!query_flag(exchange, "dry_run", &dry_run) || !types_may_change(exchange))
        return HANDLED;
    struct module_order *module = module_begin(
        exchange, dry_run ? type_trial_size() : sizeof *module, COMMAND_TYPE_SET, true);
    if (module == NULL)
        return HANDLED;
    uint32_t type = asset_type_of(exchange, exchange->arg);
    struct wish *wish = &module->order.wish;
    module_name(module, exchange->arg);
    type_members_drop(wish);
    if (json_object_get(wish->json, "name") != NULL)
        (void)json_object_del(wish->json, "name"); /* the address has it */
    wish_members(wish, TYPE_MEMBERS);
    type_words_read(exchange, wish, exchange->arg, &module->form);
    if (wish->wrong)
        return order_refuse(exchange);
    if (!type_judge(exchange, module, type))
        return HANDLED;
    return dry_run ? type_trial(exchange, type) : module_give(exchange, type, type_done);
}

enum handled handle_type_remove(struct exchange *exchange)
{
    uint32_t type = asset_type_of(exchange, exchange->arg);
    if (!types_may_change(exchange))
        return HANDLED;
    if (type == TYPE_NONE)
        return answer_no_type(exchange, exchange->arg);
    struct module_order *module =
        module_begin(exchange, sizeof *module, COMMAND_TYPE_REMOVE, false);
    if (module == NULL)
        return HANDLED;
    module_name(module, exchange->arg);
    return module_give(exchange, type, type_done);
}
