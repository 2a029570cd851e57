/* The inbox: devices that speak and that nobody has said what they are. Each waits with the names
 * of what it publishes; the types whose metrics are most like those are proposed, and a word adopts
 * it: an asset of a type whose branch is the device's prefix. */
#include "web/assets.h"

#include <stdlib.h>
#include <string.h>

#define PROPOSALS_MAX 3
#define TYPES_COMPARED_MAX 1000u /* of a tenant, with each row */
#define METRICS_SHOWN 64
#define ADOPTED_MAX 1000

/* ---- list --------------------------------------------------------------------------------------
 */
struct proposal {
    uint32_t type;
    unsigned likeness;
};
struct inbox_list {
    uint64_t limit, found, last;
    uint32_t row, at_type, compared; /* the row that types are compared with */
    struct proposal best[PROPOSALS_MAX];
};

static void best_put(struct inbox_list *list, uint32_t type, unsigned likeness)
{
    size_t at = PROPOSALS_MAX;
    while (at > 0 && likeness > list->best[at - 1].likeness)
        at--;
    if (at == PROPOSALS_MAX)
        return;
    memmove(list->best + at + 1, list->best + at, (PROPOSALS_MAX - 1 - at) * sizeof list->best[0]);
    list->best[at] = (struct proposal){type, likeness};
}

static bool row_seen(struct exchange *exchange, const struct point_row *row)
{
    return exchange_sees(exchange, row->tenant, row->prefix);
}

/* When any of its points came last; 0: none did. */
static int64_t row_arrival(const struct points *points, const struct point_row *row)
{
    int64_t last_ns = 0, time_ns, arrival_ns;
    for (uint32_t i = 0; i < row->shape.count; i++) {
        (void)points_last(points, row->shape.first_point + i, &time_ns, &arrival_ns);
        last_ns = arrival_ns > last_ns ? arrival_ns : last_ns;
    }
    return last_ns;
}

static void row_put(struct exchange *exchange, const struct inbox_list *list)
{
    const struct points *points = exchange->web->points;
    struct json_writer *json = &exchange->json;
    struct point_row row;
    points_row(points, list->row, &row);
    json_put_object(json);
    json_member_string(json, "prefix", row.prefix);
    json_put_name(json, "metrics");
    json_put_array(json);
    for (uint32_t i = 0; i < row.shape.count && i < METRICS_SHOWN; i++)
        if (points_in_row(points, row.shape.first_point + i))
            json_put_string(json, points_metric(points, row.shape.first_point + i));
    json_put_array_end(json);
    json_member_count(json, "metrics_count", row.shape.count);
    json_member_time(json, "last_seen", row_arrival(points, &row));
    json_put_name(json, "proposals");
    json_put_array(json);
    for (size_t i = 0; i < PROPOSALS_MAX && list->best[i].likeness > 0; i++) {
        json_put_object(json);
        put_type_name(exchange, "type", list->best[i].type);
        json_member_real(json, "likeness", list->best[i].likeness / 1000.0);
        json_put_object_end(json);
    }
    json_put_array_end(json);
    json_put_object_end(json);
}

/* The row with its types: a few a piece, for each comparison looks at all of its metrics. False:
 * the turn is over before the last type. */
static bool types_compare(struct exchange *exchange, struct inbox_list *list, struct turn *turn)
{
    const struct assets *assets = assets_of(exchange);
    struct type_view view;
    while (list->at_type < assets_types(assets) && list->compared < TYPES_COMPARED_MAX) {
        assets_type(assets, ++list->at_type, &view);
        if (view.tenant == exchange->tenant && !view.removed) {
            list->compared++;
            best_put(list, view.type, assets_likeness(assets, list->row, view.type));
        }
        if (turn_is_over(turn, 4096))
            return false;
    }
    return true;
}

static enum handled inbox_step(struct exchange *exchange)
{
    struct inbox_list *list = exchange->state;
    const struct assets *assets = assets_of(exchange);
    struct turn turn = turn_begin(exchange->web);
    struct point_row row;
    for (;;) {
        if (list->row != ROW_NONE) {
            if (!types_compare(exchange, list, &turn))
                return HANDLED_STEP;
            row_put(exchange, list);
            list->row = ROW_NONE;
            list->found++;
        }
        if (list->found == list->limit || exchange->json.size >= ANSWER_BYTES)
            return answer_list(exchange, list->last);
        uint32_t next = assets_inbox_next(assets, exchange->tenant, (uint32_t)list->last);
        if (next == ROW_NONE)
            return answer_list(exchange, 0);
        list->last = next;
        points_row(exchange->web->points, next, &row);
        if (row_seen(exchange, &row)) {
            list->row = next;
            list->at_type = list->compared = 0;
            memset(list->best, 0, sizeof list->best);
        }
        if (turn_is_over(&turn, 256))
            return HANDLED_STEP;
    }
}

enum handled handle_inbox(struct exchange *exchange)
{
    struct inbox_list *list = exchange_keep(exchange, sizeof *list);
    if (list == NULL)
        return HANDLED;
    list->limit = 100;
    if (!query_count(exchange, "limit", 1, 1000, &list->limit) ||
        !query_count(exchange, "after", 0, UINT32_MAX, &list->last))
        return HANDLED;
    exchange->resume = inbox_step;
    json_put_object(&exchange->json);
    json_member_count(&exchange->json, "waiting",
                      tenant_seen_whole(exchange, exchange->tenant)
                          ? assets_inbox_count(assets_of(exchange), exchange->tenant)
                          : 0);
    json_put_name(&exchange->json, "inbox");
    json_put_array(&exchange->json);
    return inbox_step(exchange);
}

/* ---- adopt -------------------------------------------------------------------------------------
 */
struct adoption { /* one asset a command, one behind the other */
    struct module_order module;
    uint32_t type;
    size_t at, count;
    uint64_t adopted, position;
    json_t *prefixes;  /* of the body */
    struct bytes path; /* of the one asset; empty: by its prefix */
};

static struct bytes prefix_at(const struct adoption *adoption, size_t at)
{
    const json_t *text = json_array_get(adoption->prefixes, at);
    return bytes_of(json_string_value(text), json_string_length(text));
}

static enum handled adopted_answer(struct exchange *exchange)
{
    const struct adoption *adoption = exchange->state;
    struct json_writer *json = &exchange->json;
    json_put_array_end(json);
    json_member_count(json, "adopted", adoption->adopted);
    json_member_count(json, "position", adoption->position);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

static void refused_put(struct exchange *exchange, struct adoption *adoption, const char *detail)
{
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    json_member_string(json, "prefix", prefix_at(adoption, adoption->at));
    json_member_text(json, "detail", detail);
    json_put_object_end(json);
}

static enum handled adopt_next(struct exchange *exchange);

static enum handled adopt_outcome(struct exchange *exchange, uint32_t index,
                                  const struct outcome *outcome)
{
    struct adoption *adoption = exchange->state;
    (void)index;
    if (outcome == NULL)
        return answer_problem(exchange, 503, "write_failed", NULL,
                              "a write to the disk failed: look at the inbox, and send it again");
    if (outcome_said(outcome) == OUTCOME_DONE)
        adoption->adopted++;
    else
        refused_put(exchange, adoption, outcome_text(outcome_said(outcome)));
    adoption->position = outcome->position;
    adoption->at++;
    return adopt_next(exchange);
}

/* Below the nearest asset above the prefix; what lies between the two becomes part of the name. */
static void prefix_place(const struct exchange *exchange, struct bytes prefix,
                         struct asset_words *words, char name[ASSET_NAME_MAX])
{
    struct bytes above = prefix;
    size_t size = 0;
    words->parent = ASSET_NONE;
    while (above.size > 0 && words->parent == ASSET_NONE) {
        const uint8_t *slash = memrchr(above.at, '/', above.size);
        above.size = slash != NULL ? (size_t)(slash - above.at) : 0;
        if (above.size > 0)
            words->parent = assets_find(assets_of(exchange), exchange->tenant, above);
    }
    size_t at = above.size > 0 ? above.size + 1 : 0;
    for (; at < prefix.size && size < ASSET_NAME_MAX; at++)
        name[size++] = prefix.at[at] == '/' ? '-' : (char)prefix.at[at];
    words->path = prefix;
    words->name = bytes_of(name, size);
}

/* NULL, or why it cannot be adopted. */
static const char *adopt_compose(struct exchange *exchange, struct adoption *adoption,
                                 struct bytes prefix)
{
    struct module_order *module = &adoption->module;
    struct form_writer *form = &module->form;
    struct asset_words words = {.form = form};
    char name[ASSET_NAME_MAX];
    uint8_t above[PATH_MAX_BYTES];
    if (prefix.size == 0 || path_fault(prefix) != NULL ||
        exchange_judge(exchange, RIGHT_CONFIGURE, exchange->tenant, prefix) != VERDICT_MAY)
        return "there is no such device for you to adopt";
    *form = (struct form_writer){.at = module->form_at, .capacity = sizeof module->form_at};
    if (adoption->path.size == 0)
        prefix_place(exchange, prefix, &words, name);
    else if (!asset_path_split(exchange, adoption->path, &words))
        return "the asset above it is not there: make that first";
    module_name(module, prefix);
    form_put_text(form, ASSET_TAG_NAME, words.name);
    form_put_integer(form, ASSET_TAG_PARENT, words.parent);
    form_put_integer(form, ASSET_TAG_TYPE, adoption->type);
    size_t size =
        words.parent != ASSET_NONE ? assets_path(assets_of(exchange), words.parent, above) : 0;
    bool own =
        prefix.size == size + (size > 0) + words.name.size && memcmp(prefix.at, above, size) == 0 &&
        memcmp(prefix.at + prefix.size - words.name.size, words.name.at, words.name.size) == 0;
    if (!own)
        form_put_text(form, ASSET_TAG_BRANCH, prefix);
    return NULL;
}

static enum handled adopt_next(struct exchange *exchange)
{
    struct adoption *adoption = exchange->state;
    struct command *command = &adoption->module.order.command;
    struct admitted admitted;
    struct turn turn = turn_begin(exchange->web);
    exchange->resume = adopt_next;
    exchange->outcome = adopt_outcome;
    for (; adoption->at < adoption->count; adoption->at++) {
        const char *fault = adopt_compose(exchange, adoption, prefix_at(adoption, adoption->at));
        if (fault == NULL)
            break;
        refused_put(exchange, adoption, fault);
        if (turn_is_over(&turn, 1024)) {
            adoption->at++;
            return HANDLED_STEP;
        }
    }
    if (adoption->at >= adoption->count)
        return adopted_answer(exchange);
    if (!form_end(&adoption->module.form, &command->module.form))
        return answer_memory(exchange);
    enum admit admit =
        engine_command(exchange->web->config.engine, command, exchange_tag(exchange, 0), &admitted);
    if (admit == ADMIT_WAIT)
        return HANDLED_FULL;
    if (admit != ADMIT_DONE)
        return answer_admit(exchange, admit);
    exchange->web->counters.commands++;
    return HANDLED_OUTCOME;
}

/* What is adopted, as a list. False: the wish says what is wrong. */
static bool prefixes_read(struct wish *wish, struct adoption *adoption)
{
    struct bytes prefix;
    adoption->prefixes = json_object_get(wish->json, "prefixes");
    if (wish_text(wish, "prefix", 1, PATH_MAX_BYTES, &prefix) && adoption->prefixes == NULL) {
        adoption->prefixes = json_array();
        (void)json_array_append(adoption->prefixes, json_object_get(wish->json, "prefix"));
        (void)json_object_set_new(wish->json, "prefixes", adoption->prefixes);
    }
    adoption->count = json_array_size(adoption->prefixes);
    if (adoption->count == 0 || adoption->count > ADOPTED_MAX)
        wish_fault(wish, "prefixes", "a prefix, or a list of 1 to 1000,");
    for (size_t i = 0; i < adoption->count; i++)
        if (!json_is_string(json_array_get(adoption->prefixes, i)))
            wish_fault(wish, "prefixes", "a list of texts");
    if (wish_text(wish, "path", 1, PATH_MAX_BYTES, &adoption->path) && adoption->count != 1)
        wish_fault(wish, "path", "one prefix with a path, or many without,");
    if (adoption->module.order.command.key_kind != KEY_NONE && adoption->count > 1)
        wish_fault(wish, "prefixes", "one prefix with an idempotency key, or many without,");
    return !wish->wrong;
}

enum handled handle_inbox_adopt(struct exchange *exchange)
{
    struct adoption *adoption =
        (struct adoption *)module_begin(exchange, sizeof *adoption, COMMAND_ASSET_SET, true);
    struct bytes type = bytes_of("", 0);
    if (adoption == NULL)
        return HANDLED;
    struct wish *wish = &adoption->module.order.wish;
    wish_members(wish, "prefix prefixes type path");
    if (!wish_text(wish, "type", 1, ASSET_NAME_MAX, &type))
        wish_fault(wish, "type", "the name of a type");
    if (!prefixes_read(wish, adoption))
        return order_refuse(exchange);
    adoption->type = asset_type_of(exchange, type);
    if (adoption->type == TYPE_NONE)
        return answer_no_type(exchange, type);
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, "refused");
    json_put_array(&exchange->json);
    return adopt_next(exchange);
}
