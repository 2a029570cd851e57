/* Assets are made, replaced, changed, moved and retired. */
#include "web/assets.h"

#include <stdlib.h>
#include <string.h>

#define RETIRED_AT_ONCE 64u

struct asset_order {
    struct module_order module;
    struct asset_words words;
    /* retiring with all below: numbers, those above first, so that they go from the end */
    uint32_t *numbers;
    uint32_t last; /* part of the one that is looked below */
    uint32_t count, capacity, looked, left, under_way, done, refused;
    uint64_t position;
    struct outcome first_refusal;
};

/* ---- answers -----------------------------------------------------------------------------------
 */
/* The number that a key's first command had may be that of anything: only what he sees is shown. */
static enum handled asset_done(struct exchange *exchange, const struct outcome *outcome)
{
    struct json_writer *json = &exchange->json;
    const struct assets *assets = assets_of(exchange);
    struct asset_view view = {.retired = true};
    if (outcome->number != ASSET_NONE && outcome->number <= assets_count(assets))
        assets_asset(assets, outcome->number, &view);
    json_put_object(json);
    order_put_outcome(json, outcome);
    json_put_name(json, "asset");
    if (view.retired || view.tenant != exchange->tenant || !asset_seen(exchange, view.asset))
        json_put_null(json);
    else if (!asset_put(exchange, view.asset))
        return answer_memory(exchange);
    json_put_object_end(json);
    return answer_json(exchange, exchange->route->status);
}

/* ---- set and change ----------------------------------------------------------------------------
 */
/* As answers have them: a list of objects with name and value. */
static void attributes_flatten(struct wish *wish)
{
    json_t *list = json_object_get(wish->json, "attributes"), *one;
    size_t i;
    if (!json_is_array(list))
        return;
    json_t *object = json_object();
    json_array_foreach(list, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        if (name != NULL && !json_is_string(json_object_get(one, "from"))) /* else inherited */
            (void)json_object_set(object, name, json_object_get(one, "value"));
    }
    (void)json_object_set_new(wish->json, "attributes", object);
}

void asset_members_drop(struct wish *wish)
{
    static const char *const told[] = {"asset",   "name",    "parts",       "changed",
                                       "author",  "at",      "version",     "retired",
                                       "metrics", "related", "related_more", "path_now"};
    for (size_t i = 0; i < ARRAY_COUNT(told); i++)
        (void)json_object_del(wish->json, told[i]);
    attributes_flatten(wish);
}

static enum handled asset_judge(struct exchange *exchange, const struct asset_words *words)
{
    switch (asset_words_judge(exchange, words)) {
    case VERDICT_HIDDEN:
        return answer_no_asset(exchange, words->path);
    case VERDICT_FORBIDDEN:
        return answer_forbidden(exchange, RIGHT_CONFIGURE, words->path);
    case VERDICT_MAY:
        break;
    }
    return HANDLED_STEP;
}

/* Composed again whenever it is given: what it says beside what is there may have moved while the
 * engine had no room. */
static enum handled asset_give(struct exchange *exchange)
{
    struct asset_order *order = exchange->state;
    struct asset_words *words = &order->words;
    struct module_order *module = &order->module;
    struct bytes form;
    module->form = (struct form_writer){.at = module->form_at, .capacity = sizeof module->form_at};
    words->form = &module->form;
    asset_says_read(exchange, words, &module->order.wish);
    if (asset_judge(exchange, words) == HANDLED)
        return HANDLED;
    if (!module->order.wish.wrong && form_end(&module->form, &form)) {
        const char *fault = asset_form_fault(COMMAND_ASSET_SET, words->asset, form);
        if (fault != NULL)
            return answer_problem(exchange, 422, report_outcome_word(OUTCOME_ASSET_INVALID),
                                  outcome_text(OUTCOME_ASSET_INVALID), "%s", fault);
    }
    enum handled handled = module_give(exchange, words->asset, asset_done);
    if (handled == HANDLED_FULL)
        exchange->resume = asset_give;
    return handled;
}

static enum handled answer_nothing_above(struct exchange *exchange, struct bytes path)
{
    return answer_problem(exchange, 404, "unknown_asset", "no such asset",
                          "\"%.*s\" would lie below an asset that is not there: make that first",
                          detail_size(path), (const char *)path.at);
}

enum handled handle_asset_set(struct exchange *exchange)
{
    struct asset_order *order =
        (struct asset_order *)module_begin(exchange, sizeof *order, COMMAND_ASSET_SET, true);
    if (order == NULL)
        return HANDLED;
    struct wish *wish = &order->module.order.wish;
    struct asset_words *words = &order->words;
    struct bytes path;
    module_name(&order->module, exchange->arg);
    asset_members_drop(wish);
    if (wish_text(wish, "path", 1, PATH_MAX_BYTES, &path) && !bytes_equal(path, exchange->arg))
        wish_fault(wish, "path", "the path of the address, or none; PATCH moves,");
    (void)json_object_del(wish->json, "path");
    wish_members(wish, ASSET_MEMBERS);
    if (wish->wrong)
        return order_refuse(exchange);
    words->asset = assets_find(assets_of(exchange), exchange->tenant, exchange->arg);
    if (!asset_path_split(exchange, exchange->arg, words))
        return answer_nothing_above(exchange, exchange->arg);
    return asset_give(exchange);
}

enum handled handle_asset_change(struct exchange *exchange)
{
    struct asset_order *order =
        (struct asset_order *)module_begin(exchange, sizeof *order, COMMAND_ASSET_SET, true);
    if (order == NULL)
        return HANDLED;
    struct wish *wish = &order->module.order.wish;
    struct asset_words *words = &order->words;
    struct bytes path = exchange->arg;
    module_name(&order->module, exchange->arg);
    wish_members(wish, "path " ASSET_MEMBERS);
    if (wish->wrong)
        return order_refuse(exchange);
    words->asset = asset_of(exchange, exchange->arg);
    words->changes = true;
    if (words->asset == ASSET_NONE)
        return answer_no_asset(exchange, exchange->arg);
    words->moves = wish_text(wish, "path", 1, PATH_MAX_BYTES, &path);
    if (!asset_path_split(exchange, path, words) && words->moves)
        return answer_nothing_above(exchange, path);
    return asset_give(exchange);
}

/* ---- retire ------------------------------------------------------------------------------------
 */
static enum handled retired_answer(struct exchange *exchange)
{
    const struct asset_order *order = exchange->state;
    struct json_writer *json = &exchange->json;
    if (order->done == 0 && order->refused > 0)
        return order_refused(exchange, outcome_said(&order->first_refusal));
    json_put_object(json);
    json_member_text(json, "outcome", "done");
    json_member_count(json, "position", order->position);
    json_member_null(json, "asset");
    json_member_count(json, "retired", order->done);
    json_member_count(json, "refused", order->refused);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

static enum handled retire_go(struct exchange *exchange);

static enum handled retire_outcome(struct exchange *exchange, uint32_t index,
                                   const struct outcome *outcome)
{
    struct asset_order *order = exchange->state;
    (void)index;
    if (outcome == NULL)
        return answer_problem(exchange, 503, "write_failed", NULL,
                              "a write to the disk failed: send it again, what was retired stays "
                              "so");
    order->under_way--;
    order->position = outcome->position;
    if (outcome_said(outcome) == OUTCOME_DONE)
        order->done++;
    else if (order->refused++ == 0)
        order->first_refusal = *outcome;
    return retire_go(exchange);
}

static enum handled retire_go(struct exchange *exchange)
{
    struct asset_order *order = exchange->state;
    struct command command = order->module.order.command;
    struct turn turn = turn_begin(exchange->web);
    enum admit admit = ADMIT_DONE;
    struct admitted admitted;
    if (exchange->answered)
        return HANDLED;
    exchange->resume = retire_go;
    exchange->outcome = retire_outcome;
    while (order->left > 0 && order->under_way < RETIRED_AT_ONCE && !turn_is_over(&turn, 1024)) {
        command.module.number = order->numbers[order->left - 1];
        admit = engine_command(exchange->web->config.engine, &command, exchange_tag(exchange, 0),
                               &admitted);
        if (admit != ADMIT_DONE)
            break;
        order->left--;
        order->under_way++;
        exchange->web->counters.commands++;
    }
    if (admit != ADMIT_DONE && admit != ADMIT_WAIT)
        return answer_admit(exchange, admit);
    if (order->under_way > 0)
        return HANDLED_OUTCOME;
    if (order->left > 0)
        return admit == ADMIT_WAIT ? HANDLED_FULL : HANDLED_STEP;
    return retired_answer(exchange);
}

static bool number_add(struct asset_order *order, uint32_t asset)
{
    if (order->count == order->capacity) {
        uint32_t capacity = order->capacity > 0 ? order->capacity * 2 : 256;
        uint32_t *numbers = realloc(order->numbers, capacity * sizeof *numbers);
        if (numbers == NULL)
            return false;
        order->numbers = numbers;
        order->capacity = capacity;
    }
    order->numbers[order->count++] = asset;
    return true;
}

/* All below, those above before those below them: each number that was found is looked below. */
static enum handled retire_gather(struct exchange *exchange)
{
    struct asset_order *order = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    while (order->looked < order->count) {
        uint32_t part = asset_part_next(exchange, order->numbers[order->looked], order->last);
        order->last = part;
        if (part == ASSET_NONE)
            order->looked++;
        else if (!asset_may(exchange, RIGHT_CONFIGURE, part))
            return answer_forbidden(exchange, RIGHT_CONFIGURE, exchange->arg);
        else if (!number_add(order, part))
            return answer_memory(exchange);
        exchange->kept = order->capacity * sizeof *order->numbers;
        if (turn_is_over(&turn, 512))
            return HANDLED_STEP;
    }
    order->left = order->count;
    return retire_go(exchange);
}

static void retire_drop(struct order *order)
{
    free(((struct asset_order *)order)->numbers);
}

enum handled handle_asset_retire(struct exchange *exchange)
{
    bool parts = false;
    struct asset_order *order =
        (struct asset_order *)module_begin(exchange, sizeof *order, COMMAND_ASSET_RETIRE, false);
    if (order == NULL || !query_flag(exchange, "parts", &parts))
        return HANDLED;
    order->module.order.drop = retire_drop;
    uint32_t asset = asset_of(exchange, exchange->arg);
    module_name(&order->module, exchange->arg);
    if (asset == ASSET_NONE)
        return answer_no_asset(exchange, exchange->arg);
    if (!asset_may(exchange, RIGHT_CONFIGURE, asset))
        return answer_forbidden(exchange, RIGHT_CONFIGURE, exchange->arg);
    if (!parts)
        return module_give(exchange, asset, asset_done);
    if (order->module.order.command.key_kind != KEY_NONE)
        return answer_problem(exchange, 422, "command_invalid", "no command",
                              "what retires many has no idempotency key: send it again without, "
                              "what is retired stays so");
    exchange->resume = retire_gather;
    return number_add(order, asset) ? retire_gather(exchange) : answer_memory(exchange);
}
