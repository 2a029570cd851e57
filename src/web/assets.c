/* Assets: lists, one whole as it is or as it was, and its versions.
 *
 * As it was: an asset and its types have versions, so what they said at a time is a question to the
 * tables; the values of then come from the history, by the same threads that answer any question
 * about it. Those of now stand in the points. */
#include "web/assets_ask.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RELATED_MAX 1000u /* assets that relate to one, on its page */
#define VALUES_TEXT_MAX ((size_t)4 << 20)

/* ---- metrics -----------------------------------------------------------------------------------
 */
static const char *const limit_states[] = {
    [LIMIT_STATE_NONE] = "none", [LIMIT_STATE_LOW_LOW] = "low_low",
    [LIMIT_STATE_LOW] = "low",   [LIMIT_STATE_NORMAL] = "normal",
    [LIMIT_STATE_HIGH] = "high", [LIMIT_STATE_HIGH_HIGH] = "high_high"};

/* The point of a metric that he sees; at a time: what its binding said then. */
static uint32_t metric_point(struct exchange *exchange, uint32_t asset,
                             const struct asset_sheet *sheet, struct bytes branch,
                             struct bytes name, bool then)
{
    uint8_t path[PATH_MAX_BYTES];
    uint32_t point = POINT_NONE;
    const struct asset_item *binding = asset_sheet_find(sheet, ITEM_BINDING, name);
    if (!then)
        point = assets_point(assets_of(exchange), asset, name);
    else if (binding != NULL)
        point = points_find(exchange->web->points, exchange->tenant, binding->text);
    else if (branch.size > 0 && branch.size + 1 + name.size <= sizeof path) {
        memcpy(path, branch.at, branch.size);
        path[branch.size] = '/';
        memcpy(path + branch.size + 1, name.at, name.size);
        point = points_find(exchange->web->points, exchange->tenant,
                            bytes_of(path, branch.size + 1 + name.size));
    }
    return point != POINT_NONE && point_may(exchange, RIGHT_SEE, point) ? point : POINT_NONE;
}

/* [time, value] or [time, value, quality] of a point, as the history answered; NULL: none. */
static const json_t *sample_then(const json_t *values, uint32_t point)
{
    const json_t *points = json_object_get(values, "points"), *found = NULL;
    for (size_t i = 0; found == NULL && i < json_array_size(points); i++) {
        const json_t *one = json_array_get(points, i);
        if (json_integer_value(json_object_get(one, "point")) == (json_int_t)point)
            found = json_object_get(one, "sample");
    }
    return json_is_array(found) ? found : NULL;
}

static void json_copy_put(struct json_writer *json, const char *name, const json_t *value)
{
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if (text == NULL) {
        json_member_null(json, name);
        return;
    }
    json_put_name(json, name);
    json_put_raw(json, bytes_text(text));
    free(text);
}

static void value_then_put(struct json_writer *json, const json_t *values, uint32_t point)
{
    const json_t *sample = sample_then(values, point);
    const json_t *quality = json_array_get(sample, 2);
    json_copy_put(json, "value", json_array_get(sample, 1));
    if (sample != NULL && quality == NULL)
        json_member_text(json, "quality", "good");
    else
        json_copy_put(json, "quality", quality);
    json_copy_put(json, "time", json_array_get(sample, 0));
}

static void value_put(struct json_writer *json, const struct point_view *view)
{
    bool there = view->arrival_ns != 0;
    json_put_name(json, "value");
    if (there)
        json_put_value(json, &view->value);
    else
        json_put_null(json);
    if (there)
        json_member_text(json, "quality", quality_name(view->value.quality));
    else
        json_member_null(json, "quality");
    json_member_time(json, "time", view->time_ns);
}

static void metric_put(struct exchange *exchange, const struct asset_item *item, uint32_t point,
                       bool then, const json_t *values)
{
    static const struct point_view none = {.unit = {.at = NULL}};
    struct json_writer *json = &exchange->json;
    struct point_view view = none;
    uint8_t path[PATH_MAX_BYTES];
    size_t size = 0;
    if (point != POINT_NONE) {
        points_view(exchange->web->points, point, &view);
        size = points_path(exchange->web->points, point, path);
    }
    json_put_object(json);
    json_member_string(json, "name", item->name);
    put_text(json, "point", bytes_of(path, size));
    if (then)
        value_then_put(json, values, point);
    else
        value_put(json, &view);
    put_text(json, "unit", view.unit.size > 0 ? view.unit : item->unit);
    put_limits(json, item->limits);
    if (point != POINT_NONE && !then) {
        put_limits_in_force(exchange, point);
        json_member_text(json, "state", limit_states[view.limit_state]);
    } else {
        json_member_null(json, "limits_in_force");
        json_member_null(json, "state");
    }
    put_type_name(exchange, "from", item->from);
    json_put_object_end(json);
}

/* ---- one as an object --------------------------------------------------------------------------
 */
static void place_put(struct json_writer *json, const struct asset_view *view)
{
    json_put_name(json, "place");
    if (!view->has_map && !view->has_floor && !view->has_plan) {
        json_put_null(json);
        return;
    }
    json_put_object(json);
    json_put_name(json, "longitude");
    json_put_real(json, view->has_map ? view->longitude : NAN);
    json_put_name(json, "latitude");
    json_put_real(json, view->has_map ? view->latitude : NAN);
    json_put_name(json, "floor");
    if (view->has_floor)
        json_put_integer(json, view->floor);
    else
        json_put_null(json);
    json_put_name(json, "plan_x");
    json_put_real(json, view->has_plan ? view->plan_x : NAN);
    json_put_name(json, "plan_y");
    json_put_real(json, view->has_plan ? view->plan_y : NAN);
    json_put_object_end(json);
}

/* Members that lists show as well. */
static void head_put(struct exchange *exchange, const struct asset_view *view, struct bytes path,
                     struct bytes branch)
{
    struct json_writer *json = &exchange->json;
    json_member_string(json, "path", path);
    json_member_count(json, "asset", view->asset);
    json_member_string(json, "name", view->name);
    put_text(json, "title", view->title);
    put_level(json, view->level);
    put_type_name(exchange, "type", view->type);
    json_member_string(json, "branch", branch);
    put_parts(exchange, view);
    place_put(json, view);
    json_member_time(json, "changed", view->wall_ns);
}

struct asset_then { /* an asset as of a time, with its names of then */
    struct asset_view view;
    size_t path_size, branch_size;
    uint8_t path[PATH_MAX_BYTES], branch[PATH_MAX_BYTES];
};

/* The path of names as of then; 0: it was not there. */
static size_t path_then(const struct assets *assets, uint32_t asset, int64_t wall_ns,
                        uint8_t path[PATH_MAX_BYTES])
{
    struct asset_view view;
    uint8_t text[PATH_MAX_BYTES];
    size_t at = sizeof text;
    for (int i = 0; asset != ASSET_NONE && i <= ASSET_DEPTH_MAX; i++) {
        if (!assets_asset_at(assets, asset, wall_ns, &view) || view.name.size + 1 > at)
            return 0;
        if (at < sizeof text)
            text[--at] = '/';
        at -= view.name.size;
        memcpy(text + at, view.name.at, view.name.size);
        asset = view.parent;
    }
    memcpy(path, text + at, sizeof text - at);
    return sizeof text - at;
}

/* False: it was not there. */
static bool asset_then(struct exchange *exchange, uint32_t asset, int64_t wall_ns,
                       struct asset_then *ret)
{
    const struct assets *assets = assets_of(exchange);
    if (wall_ns == INT64_MAX) {
        assets_asset(assets, asset, &ret->view);
        ret->path_size = assets_path(assets, asset, ret->path);
        ret->branch_size = assets_branch(assets, asset, ret->branch);
        return !ret->view.retired;
    }
    if (!assets_asset_at(assets, asset, wall_ns, &ret->view) || ret->view.retired)
        return false;
    ret->path_size = path_then(assets, asset, wall_ns, ret->path);
    struct bytes branch = ret->view.branch;
    if (branch.size == 0 || branch.size > sizeof ret->branch)
        branch = bytes_of(ret->path, ret->path_size);
    memcpy(ret->branch, branch.at, branch.size);
    ret->branch_size = branch.size;
    return ret->path_size > 0;
}

static void relations_put(struct exchange *exchange, const struct asset_sheet *sheet)
{
    struct json_writer *json = &exchange->json;
    json_put_name(json, "relations");
    json_put_array(json);
    for (size_t i = 0; i < sheet->count; i++) {
        const struct asset_item *item = &sheet->items[i];
        if (item->kind != ITEM_RELATION || !asset_seen(exchange, item->other))
            continue;
        json_put_object(json);
        json_member_string(json, "name", item->name);
        put_asset_path(exchange, "other", item->other);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void sheet_put(struct exchange *exchange, const struct asset_then *then,
                      const struct asset_sheet *sheet, int64_t wall_ns, const json_t *values)
{
    struct json_writer *json = &exchange->json;
    struct bytes branch = bytes_of(then->branch, then->branch_size);
    json_put_name(json, "attributes");
    json_put_array(json);
    for (size_t i = 0; i < sheet->count; i++) {
        const struct asset_item *item = &sheet->items[i];
        if (item->kind != ITEM_ATTRIBUTE)
            continue;
        json_put_object(json);
        json_member_string(json, "name", item->name);
        put_text(json, "value", item->text);
        json_member_text(json, "type", value_type_name(item->type));
        put_text(json, "unit", item->unit);
        put_type_name(exchange, "from", item->from);
        json_put_object_end(json);
    }
    json_put_array_end(json);
    json_put_name(json, "metrics");
    json_put_array(json);
    for (size_t i = 0; i < sheet->count; i++) {
        const struct asset_item *item = &sheet->items[i];
        if (item->kind == ITEM_METRIC)
            metric_put(exchange, item,
                       metric_point(exchange, then->view.asset, sheet, branch, item->name,
                                    wall_ns != INT64_MAX),
                       wall_ns != INT64_MAX, values);
    }
    json_put_array_end(json);
    relations_put(exchange, sheet);
}

/* Bindings: what an asset says of metrics that are elsewhere, where he sees that. */
static void bindings_put(struct exchange *exchange, const struct asset_sheet *sheet)
{
    struct json_writer *json = &exchange->json;
    json_put_name(json, "bindings");
    json_put_object(json);
    for (size_t i = 0; i < sheet->count; i++)
        if (asset_item_is_told(exchange, &sheet->items[i], ITEM_BINDING)) {
            json_put_name_bytes(json, sheet->items[i].name);
            json_put_string(json, sheet->items[i].text);
        }
    json_put_object_end(json);
}

/* Within an object. */
static bool whole_put(struct exchange *exchange, const struct asset_then *then, int64_t wall_ns,
                      const json_t *values)
{
    struct json_writer *json = &exchange->json;
    struct asset_sheet sheet;
    if (!asset_sheet_of_asset(exchange, then->view.asset, wall_ns, &sheet))
        return false;
    head_put(exchange, &then->view, bytes_of(then->path, then->path_size),
             bytes_of(then->branch, then->branch_size));
    json_member_count(json, "version", then->view.version);
    put_text(json, "author", then->view.author);
    json_member_bool(json, "retired", then->view.retired);
    sheet_put(exchange, then, &sheet, wall_ns, values);
    bindings_put(exchange, &sheet);
    asset_sheet_done(&sheet);
    return true;
}

bool asset_put(struct exchange *exchange, uint32_t asset)
{
    struct asset_then then;
    json_put_object(&exchange->json);
    bool whole = asset_then(exchange, asset, INT64_MAX, &then) &&
                 whole_put(exchange, &then, INT64_MAX, NULL);
    json_put_object_end(&exchange->json);
    return whole;
}

/* ---- one ---------------------------------------------------------------------------------------
 */
struct asset_page {
    uint32_t asset;
    int64_t wall_ns;     /* INT64_MAX: now */
    uint32_t related_at; /* the next that relates to it to look at */
    bool related_more;
    size_t related_count;
    uint32_t related[RELATED_MAX];
    bool asked;
    struct points_ask ask;
    uint8_t *text; /* of the values of then */
    size_t text_size, text_capacity;
};

static void page_drop(struct exchange *exchange)
{
    struct asset_page *page = exchange->state;
    points_ask_end(exchange, &page->ask);
    free(page->text);
    free(page);
}

/* The lowest numbers of those found, ascending. */
static void related_keep(struct asset_page *page, uint32_t from)
{
    size_t at = page->related_count;
    page->related_more = page->related_more || at == RELATED_MAX;
    if (at == RELATED_MAX && page->related[--at] < from)
        return;
    for (; at > 0 && page->related[at - 1] > from; at--)
        page->related[at] = page->related[at - 1];
    page->related[at] = from;
    if (page->related_count < RELATED_MAX)
        page->related_count++;
}

static void related_put(struct exchange *exchange, uint32_t from)
{
    struct json_writer *json = &exchange->json;
    const struct asset_page *page = exchange->state;
    struct asset_view view;
    struct asset_item item;
    const char *fault;
    assets_asset(assets_of(exchange), from, &view);
    for (size_t offset = 0; !view.retired && asset_item_next(view.sheet, &offset, &item, &fault);) {
        if (item.kind != ITEM_RELATION || item.other != page->asset)
            continue;
        json_put_object(json);
        json_member_string(json, "name", item.name);
        put_asset_path(exchange, "other", from);
        json_put_object_end(json);
    }
}

static enum handled related_answer(struct exchange *exchange)
{
    const struct asset_page *page = exchange->state;
    struct json_writer *json = &exchange->json;
    json_put_name(json, "related");
    json_put_array(json);
    for (size_t i = 0; i < page->related_count; i++)
        related_put(exchange, page->related[i]);
    json_put_array_end(json);
    json_member_bool(json, "related_more", page->related_more);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

/* Who relates to it, of those that he sees; of a hub there may be many: a piece a step. */
static enum handled related_step(struct exchange *exchange)
{
    struct asset_page *page = exchange->state;
    const struct assets *assets = assets_of(exchange);
    struct turn turn = turn_begin(exchange->web);
    while (page->related_at != ASSET_NONE) {
        if (asset_seen(exchange, page->related_at))
            related_keep(page, page->related_at);
        page->related_at = assets_relating_next(assets, page->asset, page->related_at);
        if (turn_is_over(&turn, 256))
            return HANDLED_STEP;
    }
    return related_answer(exchange);
}

static enum handled page_put(struct exchange *exchange, const json_t *values)
{
    struct asset_page *page = exchange->state;
    struct json_writer *json = &exchange->json;
    struct asset_then then;
    json_put_object(json);
    if (!asset_then(exchange, page->asset, page->wall_ns, &then) ||
        !exchange_sees(exchange, exchange->tenant, bytes_of(then.branch, then.branch_size)))
        return answer_no_asset(exchange, exchange->arg);
    if (page->wall_ns != INT64_MAX) {
        json_member_time(json, "at", page->wall_ns);
        put_asset_path(exchange, "path_now", asset_seen(exchange, page->asset) ? page->asset : ASSET_NONE);
    }
    if (!whole_put(exchange, &then, page->wall_ns, values))
        return answer_memory(exchange);
    page->related_at = assets_relating_first(assets_of(exchange), page->asset);
    exchange->resume = related_step;
    return related_step(exchange);
}

/* ---- values of then ----------------------------------------------------------------------------
 */
static bool page_keep(struct asset_page *page, struct bytes block)
{
    if (page->text_size + block.size > VALUES_TEXT_MAX)
        return false;
    if (page->text_size + block.size > page->text_capacity) {
        size_t capacity = (page->text_size + block.size) * 2;
        uint8_t *text = realloc(page->text, capacity);
        if (text == NULL)
            return false;
        page->text = text;
        page->text_capacity = capacity;
    }
    memcpy(page->text + page->text_size, block.at, block.size);
    page->text_size += block.size;
    return true;
}

static enum handled page_ask_step(struct exchange *exchange)
{
    struct asset_page *page = exchange->state;
    enum handled handled;
    bool failed;
    if (!points_ask_go(exchange, &page->ask, &handled))
        return handled;
    for (struct bytes block; (block = points_ask_block(&page->ask)).size > 0;)
        if (!page_keep(page, block))
            return answer_memory(exchange);
    if (!points_ask_is_over(exchange, &page->ask, &failed))
        return failed ? HANDLED : HANDLED_ASK;
    points_ask_end(exchange, &page->ask);
    json_t *values = json_loadb((const char *)page->text, page->text_size, 0, NULL);
    handled = page_put(exchange, values);
    json_decref(values);
    return handled;
}

/* The points of its metrics, as it was then; how many. */
static size_t points_then(struct exchange *exchange, const struct asset_then *then,
                          const struct asset_sheet *sheet, int64_t wall_ns, uint32_t *points)
{
    size_t count = 0;
    (void)wall_ns;
    for (size_t i = 0; i < sheet->count; i++) {
        if (sheet->items[i].kind != ITEM_METRIC)
            continue;
        uint32_t point =
            metric_point(exchange, then->view.asset, sheet,
                         bytes_of(then->branch, then->branch_size), sheet->items[i].name, true);
        if (point != POINT_NONE)
            points[count++] = point;
    }
    return count;
}

static enum handled page_ask(struct exchange *exchange)
{
    struct asset_page *page = exchange->state;
    struct asset_then then;
    struct asset_sheet sheet;
    const struct web *web = exchange->web;
    if (!asset_then(exchange, page->asset, page->wall_ns, &then))
        return answer_no_asset(exchange, exchange->arg);
    if (!asset_sheet_of_asset(exchange, page->asset, page->wall_ns, &sheet))
        return answer_memory(exchange);
    uint32_t *points = calloc(sheet.count + 1, sizeof *points);
    size_t count = points != NULL ? points_then(exchange, &then, &sheet, page->wall_ns, points) : 0;
    asset_sheet_done(&sheet);
    struct query_filter filter = {.points = points, .point_count = count, .most = UINT32_MAX};
    struct query_request request = {.kind = QUERY_LATEST,
                                    .format = QUERY_JSON,
                                    .times = QUERY_TEXT,
                                    .to_ns = page->wall_ns,
                                    .now_ns = web->config.clock->wall_ns(web->config.clock)};
    bool history = web->config.queries != NULL && engine_history(web->config.engine) != NULL;
    bool asked = count > 0 && history && points_ask_begin(exchange, &page->ask, &filter, &request);
    free(points);
    if (asked) {
        exchange->resume = page_ask_step;
        return page_ask_step(exchange);
    }
    return exchange->answered ? HANDLED : page_put(exchange, NULL);
}

/* Nothing is called that now: who was, then? */
static enum handled page_search(struct exchange *exchange)
{
    struct asset_page *page = exchange->state;
    const struct assets *assets = assets_of(exchange);
    struct turn turn = turn_begin(exchange->web);
    struct asset_view view;
    uint8_t path[PATH_MAX_BYTES];
    while (page->asset < assets_count(assets)) {
        uint32_t asset = ++page->asset;
        assets_asset(assets, asset, &view);
        if (view.tenant == exchange->tenant &&
            bytes_equal(bytes_of(path, path_then(assets, asset, page->wall_ns, path)),
                        exchange->arg))
            return page_ask(exchange);
        if (turn_is_over(&turn, 512))
            return HANDLED_STEP;
    }
    return answer_no_asset(exchange, exchange->arg);
}

enum handled handle_asset(struct exchange *exchange)
{
    struct asset_page *page = exchange_keep(exchange, sizeof *page);
    if (page == NULL)
        return HANDLED;
    exchange->drop = page_drop;
    page->wall_ns = INT64_MAX;
    if (!query_time(exchange, "at", &page->wall_ns))
        return HANDLED;
    page->asset = assets_find(assets_of(exchange), exchange->tenant, exchange->arg);
    if (page->wall_ns == INT64_MAX && page->asset == ASSET_NONE)
        return answer_no_asset(exchange, exchange->arg);
    if (page->wall_ns == INT64_MAX)
        return page_put(exchange, NULL);
    exchange->resume = page_search;
    return page->asset != ASSET_NONE ? page_ask(exchange) : page_search(exchange);
}

/* ---- list --------------------------------------------------------------------------------------
 */
struct assets_list {
    uint64_t limit, last, found;
    int64_t wall_ns;
    uint32_t under, type;
    unsigned level;
    bool by_type, none;
    size_t contains_size;
    uint8_t contains[CONTAINS_MAX];
};

static bool list_wants(struct exchange *exchange, const struct assets_list *list,
                       const struct asset_then *then)
{
    const struct assets *assets = assets_of(exchange);
    struct bytes part = bytes_of(list->contains, list->contains_size);
    const struct asset_view *view = &then->view;
    return (!list->by_type || type_is(assets, view->type, list->type)) &&
           (list->level == 0 || view->level == list->level) &&
           (list->under == ASSET_NONE || asset_is_below(assets, view->asset, list->under)) &&
           (part.size == 0 || people_contains(bytes_of(then->path, then->path_size), part) ||
            people_contains(view->title, part)) &&
           exchange_sees(exchange, exchange->tenant, bytes_of(then->branch, then->branch_size));
}

static enum handled list_step(struct exchange *exchange)
{
    struct assets_list *list = exchange->state;
    const struct assets *assets = assets_of(exchange);
    struct turn turn = turn_begin(exchange->web);
    struct asset_view view;
    struct asset_then then;
    while (list->last < assets_count(assets) && !list->none) {
        if (list->found == list->limit || exchange->json.size >= ANSWER_BYTES)
            return answer_list(exchange, list->last);
        uint32_t asset = (uint32_t)++list->last;
        assets_asset(assets, asset, &view);
        if (view.tenant == exchange->tenant && (!view.retired || list->wall_ns != INT64_MAX) &&
            asset_then(exchange, asset, list->wall_ns, &then) &&
            list_wants(exchange, list, &then)) {
            json_put_object(&exchange->json);
            head_put(exchange, &then.view, bytes_of(then.path, then.path_size),
                     bytes_of(then.branch, then.branch_size));
            json_put_object_end(&exchange->json);
            list->found++;
        }
        if (turn_is_over(&turn, 1024))
            return HANDLED_STEP;
    }
    return answer_list(exchange, 0);
}

static bool list_read(struct exchange *exchange, struct assets_list *list)
{
    struct bytes text;
    list->limit = 100;
    list->wall_ns = INT64_MAX;
    if (!query_count(exchange, "limit", 1, 1000, &list->limit) ||
        !query_after(exchange, &list->last) || !query_time(exchange, "at", &list->wall_ns) ||
        !people_query_contains(exchange, list->contains, &list->contains_size))
        return false;
    if (query_text(exchange, "under", &text) && text.size > 0) {
        list->under = asset_of(exchange, text);
        list->none = list->under == ASSET_NONE;
    }
    if (query_text(exchange, "type", &text)) {
        list->by_type = true;
        list->type = asset_type_of(exchange, text);
        list->none = list->none || list->type == TYPE_NONE;
    }
    if (query_text(exchange, "level", &text)) {
        list->level = asset_level_parse(text);
        if (list->level == 0)
            answer_parameter(exchange, "level", "enterprise, site, area, line, unit or device",
                             text);
        return list->level != 0;
    }
    return true;
}

enum handled handle_assets(struct exchange *exchange)
{
    struct assets_list *list = exchange_keep(exchange, sizeof *list);
    if (list == NULL || !list_read(exchange, list))
        return HANDLED;
    exchange->resume = list_step;
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, "assets");
    json_put_array(&exchange->json);
    return list_step(exchange);
}

/* ---- versions ----------------------------------------------------------------------------------
 */
static void what_put(struct json_writer *json, const struct asset_view *before,
                     const struct asset_view *after)
{
    bool place = before->has_map != after->has_map || before->has_floor != after->has_floor ||
                 before->has_plan != after->has_plan ||
                 memcmp(&before->longitude, &after->longitude, sizeof(double)) != 0 ||
                 memcmp(&before->latitude, &after->latitude, sizeof(double)) != 0 ||
                 memcmp(&before->plan_x, &after->plan_x, sizeof(double)) != 0 ||
                 memcmp(&before->plan_y, &after->plan_y, sizeof(double)) != 0 ||
                 before->floor != after->floor;
    if (!bytes_equal(before->name, after->name))
        json_put_text(json, "name");
    if (before->parent != after->parent)
        json_put_text(json, "path");
    if (!bytes_equal(before->title, after->title))
        json_put_text(json, "title");
    if (before->type != after->type)
        json_put_text(json, "type");
    if (before->level != after->level)
        json_put_text(json, "level");
    if (!bytes_equal(before->branch, after->branch))
        json_put_text(json, "branch");
    if (place)
        json_put_text(json, "place");
    if (!bytes_equal(before->sheet, after->sheet))
        json_put_text(json, "sheet");
    if (before->retired != after->retired)
        json_put_text(json, "retired");
}

enum handled handle_asset_versions(struct exchange *exchange)
{
    struct json_writer *json = &exchange->json;
    const struct assets *assets = assets_of(exchange);
    uint32_t asset = asset_of(exchange, exchange->arg);
    uint64_t limit = 100, version = 0;
    struct asset_view after, before;
    if (!query_count(exchange, "limit", 1, 200, &limit) || !query_after(exchange, &version))
        return HANDLED;
    if (asset == ASSET_NONE)
        return answer_no_asset(exchange, exchange->arg);
    assets_asset(assets, asset, &after);
    version = version == 0 || version > after.version ? after.version : version - 1;
    json_put_object(json);
    json_put_name(json, "versions");
    json_put_array(json);
    for (uint64_t i = 0; i < limit && version > 0; i++, version--) {
        if (!assets_asset_version(assets, asset, (uint32_t)version, &after))
            break;
        bool first =
            version == 1 || !assets_asset_version(assets, asset, (uint32_t)version - 1, &before);
        json_put_object(json);
        json_member_count(json, "version", version);
        json_member_time(json, "changed", after.wall_ns);
        put_text(json, "author", after.author);
        json_member_count(json, "position", after.position);
        json_put_name(json, "what");
        json_put_array(json);
        if (first)
            json_put_text(json, "made");
        else
            what_put(json, &before, &after);
        json_put_array_end(json);
        json_put_object_end(json);
    }
    return answer_list(exchange, version > 0 ? version + 1 : 0);
}
