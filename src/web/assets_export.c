/* Types and assets as a file that an import takes: NDJSON, types first, then assets from top to
 * bottom, then relations, of any length; or assets as CSV, up to TEXT_BYTES_MAX, with nothing in it
 * that a spreadsheet would run. */
#include "web/assets.h"
#include "web/exchange.h"
#include "web/text.h"

#include "wire/csv/csv.h"

#include <stdlib.h>
#include <string.h>

#define EXPORT_PIECE ((size_t)128 << 10)
#define EXPORT_HEAD 4096u
#define EXPORT_NAMES_MAX 256u /* columns of attributes, and of bindings */

enum export_stage { EXPORT_TYPES, EXPORT_ASSETS, EXPORT_RELATIONS };
struct assets_export {
    bool csv;
    enum export_stage stage;
    uint32_t depth, type;  /* types: those of this depth, behind this one */
    uint32_t under, asset; /* where the walk is; ASSET_NONE at its beginning */
    bool walked;
    struct text text;              /* rows of CSV */
    size_t sent;                   /* bytes of these */
    char *names[EXPORT_NAMES_MAX]; /* "attr:x" and "bind:y", as they come */
    size_t name_count;
};

static void export_drop(struct exchange *exchange)
{
    struct assets_export *export = exchange->state;
    text_done(&export->text);
    for (size_t i = 0; i < export->name_count; i++)
        free(export->names[i]);
    free(export);
}

/* ---- types -------------------------------------------------------------------------------------
 */
static uint32_t type_depth(const struct assets *assets, uint32_t type)
{
    struct type_view view;
    uint32_t depth = 0;
    assets_type(assets, type, &view);
    while (view.parent != TYPE_NONE && depth < ASSET_DEPTH_MAX) {
        assets_type(assets, view.parent, &view);
        depth++;
    }
    return depth;
}

static void type_line(struct exchange *exchange, const struct type_view *view)
{
    struct json_writer *json = &exchange->json;
    struct asset_sheet sheet;
    if (!asset_sheet_of_type(exchange, view->type, INT64_MAX, true, &sheet)) {
        json->failed = true;
        return;
    }
    json_put_object(json);
    json_member_string(json, "name", view->name);
    put_text(json, "title", view->title);
    put_type_name(exchange, "parent", view->parent);
    put_level(json, view->level);
    put_type_sheet(exchange, &sheet);
    json_put_object_end(json);
    json_put_line_end(json);
    asset_sheet_done(&sheet);
}

/* True: there are more. */
static bool type_next(struct exchange *exchange)
{
    struct assets_export *export = exchange->state;
    const struct assets *assets = assets_of(exchange);
    struct type_view view;
    if (export->type >= assets_types(assets)) {
        export->type = 0;
        return ++export->depth <= ASSET_DEPTH_MAX;
    }
    assets_type(assets, ++export->type, &view);
    if (view.tenant == exchange->tenant && !view.removed &&
        type_depth(assets, view.type) == export->depth)
        type_line(exchange, &view);
    return true;
}

/* ---- assets ------------------------------------------------------------------------------------
 */
/* The next of a walk from top to bottom; ASSET_NONE: it is over. */
static uint32_t walk_next(const struct exchange *exchange, struct assets_export *export)
{
    struct asset_view view;
    uint32_t at = export->asset, next;
    if (!export->walked && export->under != ASSET_NONE)
        next = export->under;
    else
        next = asset_part_next(exchange, at, ASSET_NONE);
    export->walked = true;
    while (next == ASSET_NONE && at != export->under) {
        assets_asset(assets_of(exchange), at, &view);
        next = asset_part_next(exchange, view.parent, at);
        at = view.parent;
    }
    export->asset = next;
    return next;
}

static void place_put(struct json_writer *json, const struct asset_view *view)
{
    json_put_name(json, "place");
    json_put_object(json);
    if (view->has_map) {
        json_member_real(json, "longitude", view->longitude);
        json_member_real(json, "latitude", view->latitude);
    }
    if (view->has_floor)
        json_member_integer(json, "floor", view->floor);
    if (view->has_plan) {
        json_member_real(json, "plan_x", view->plan_x);
        json_member_real(json, "plan_y", view->plan_y);
    }
    json_put_object_end(json);
}

static void items_put(struct exchange *exchange, const char *name, const struct asset_sheet *sheet,
                      enum item_kind kind)
{
    struct json_writer *json = &exchange->json;
    json_put_name(json, name);
    json_put_object(json);
    for (size_t i = 0; i < sheet->count; i++)
        if (asset_item_is_told(exchange, &sheet->items[i], kind)) {
            json_put_name_bytes(json, sheet->items[i].name);
            json_put_string(json, sheet->items[i].text);
        }
    json_put_object_end(json);
}

static void asset_line(struct exchange *exchange, const struct asset_view *view,
                       const struct asset_sheet *sheet)
{
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    put_asset_path(exchange, "path", view->asset);
    put_text(json, "title", view->title);
    put_type_name(exchange, "type", view->type);
    put_level(json, view->level);
    put_text(json, "branch", view->branch);
    place_put(json, view);
    items_put(exchange, "attributes", sheet, ITEM_ATTRIBUTE);
    items_put(exchange, "bindings", sheet, ITEM_BINDING);
    json_put_object_end(json);
    json_put_line_end(json);
}

/* Those that lead to what he sees. They stand behind all assets: a line may name any. */
static void relations_line(struct exchange *exchange, const struct asset_view *view,
                           const struct asset_sheet *sheet)
{
    struct json_writer *json = &exchange->json;
    size_t count = 0;
    for (size_t i = 0; i < sheet->count; i++) {
        const struct asset_item *item = &sheet->items[i];
        if (item->kind != ITEM_RELATION || !asset_seen(exchange, item->other))
            continue;
        if (count++ == 0) {
            json_put_object(json);
            put_asset_path(exchange, "path", view->asset);
            json_put_name(json, "relations");
            json_put_array(json);
        }
        json_put_object(json);
        json_member_string(json, "name", item->name);
        put_asset_path(exchange, "other", item->other);
        json_put_object_end(json);
    }
    if (count == 0)
        return;
    json_put_array_end(json);
    json_put_object_end(json);
    json_put_line_end(json);
}

/* ---- CSV ---------------------------------------------------------------------------------------
 */
static void field_put(struct text *text, struct bytes field)
{
    uint8_t *at = malloc(2 * field.size + 4);
    if (at == NULL)
        text->failed = true;
    else
        text_put(text, bytes_of(at, csv_text_put(field, ',', at)));
    free(at);
}

static void real_put(struct text *text, bool there, double real)
{
    char digits[REAL_TEXT_SIZE];
    if (there)
        text_put(text, bytes_of(digits, real_text_put(digits, real)));
    text_put_words(text, ",");
}

static bool column_is(const char *column, enum item_kind kind, struct bytes name)
{
    return strncmp(column, kind == ITEM_ATTRIBUTE ? "attr:" : "bind:", 5) == 0 &&
           bytes_equal(bytes_text(column + 5), name);
}

static void column_add(struct assets_export *export, enum item_kind kind, struct bytes name)
{
    size_t i = 0;
    while (i < export->name_count && !column_is(export->names[i], kind, name))
        i++;
    if (i < export->name_count)
        return;
    char *column = i < EXPORT_NAMES_MAX ? malloc(name.size + 6) : NULL;
    if (column == NULL) {
        export->text.failed = true;
        return;
    }
    memcpy(column, kind == ITEM_ATTRIBUTE ? "attr:" : "bind:", 5);
    memcpy(column + 5, name.at, name.size);
    column[5 + name.size] = '\0';
    export->names[export->name_count++] = column;
}

static void asset_row(struct exchange *exchange, const struct asset_view *view,
                      const struct asset_sheet *sheet)
{
    struct assets_export *export = exchange->state;
    struct text *text = &export->text;
    struct type_view type = {.name = bytes_of("", 0)};
    uint8_t path[PATH_MAX_BYTES];
    const char *level = asset_level_word(view->level);
    if (view->type != TYPE_NONE)
        assets_type(assets_of(exchange), view->type, &type);
    field_put(text, bytes_of(path, assets_path(assets_of(exchange), view->asset, path)));
    text_put_words(text, ",");
    field_put(text, view->title);
    text_put_words(text, ",");
    field_put(text, type.name);
    text_put_format(text, ",%s,", level != NULL ? level : "");
    real_put(text, view->has_map, view->longitude);
    real_put(text, view->has_map, view->latitude);
    if (view->has_floor)
        text_put_format(text, "%d", view->floor);
    text_put_words(text, ",");
    real_put(text, view->has_plan, view->plan_x);
    real_put(text, view->has_plan, view->plan_y);
    field_put(text, view->branch);
    for (size_t i = 0; i < sheet->count; i++)
        if (asset_item_is_told(exchange, &sheet->items[i], ITEM_ATTRIBUTE) ||
            asset_item_is_told(exchange, &sheet->items[i], ITEM_BINDING))
            column_add(export, sheet->items[i].kind, sheet->items[i].name);
    for (size_t i = 0; i < export->name_count; i++) {
        enum item_kind kind = export->names[i][0] == 'a' ? ITEM_ATTRIBUTE : ITEM_BINDING;
        const struct asset_item *item =
            asset_sheet_find(sheet, kind, bytes_text(export->names[i] + 5));
        text_put_words(text, ",");
        if (item != NULL && asset_item_is_told(exchange, item, kind))
            field_put(text, item->text);
    }
    text_put_words(text, "\r\n");
}

/* The rows, a piece at a time: to copy all of them would hold everybody up. */
static enum handled csv_go_on(struct exchange *exchange)
{
    struct assets_export *export = exchange->state;
    struct web_client *client = exchange->client;
    if (export->sent < export->text.size && client_backlog(client) <= WEB_UNSENT) {
        size_t left = export->text.size - export->sent;
        size_t size = left < EXPORT_PIECE ? left : EXPORT_PIECE;
        client_put(client, bytes_of(export->text.at + export->sent, size));
        export->sent += size;
    }
    if (export->sent == export->text.size)
        return HANDLED;
    client_flush(client);
    bool choked = client_backlog(client) > WEB_UNSENT;
    client_allow_answer(client, choked);
    return choked ? HANDLED_ASK : HANDLED_STEP;
}

static void csv_begin(struct exchange *exchange, const struct text *head)
{
    struct assets_export *export = exchange->state;
    const struct web_config *config = &exchange->web->config;
    struct web_client *client = exchange->client;
    enum http_framing framing;
    uint8_t *at = config->port->room(config->arg, client->link, EXPORT_HEAD);
    size_t used =
        exchange_head_put(exchange, 200, "text/csv; charset=utf-8; header=present", HTTP_BODY_SIZED,
                          head->size + export->text.size, at, EXPORT_HEAD, &framing);
    config->port->used(config->arg, client->link, used);
    exchange_streams(exchange, 200);
    if (framing == HTTP_FRAMING_LENGTH)
        client_put(client, text_bytes(head));
    else
        export->sent = export->text.size; /* HEAD: there is no body */
}

static enum handled csv_answer(struct exchange *exchange)
{
    struct assets_export *export = exchange->state;
    struct text head = {.at = NULL};
    text_put_words(&head, "path,title,type,level,longitude,latitude,floor,plan_x,plan_y,branch");
    for (size_t i = 0; i < export->name_count; i++) {
        text_put_words(&head, ",");
        field_put(&head, bytes_text(export->names[i]));
    }
    text_put_words(&head, "\r\n");
    bool failed = export->text.failed || head.failed;
    if (!failed)
        csv_begin(exchange, &head);
    text_done(&head);
    if (failed)
        return answer_problem(exchange, 413, "answer_long", NULL,
                              "that is more than a CSV file of 16 MiB and 256 columns of "
                              "attributes: take format=json, or a part with `under`");
    exchange->resume = csv_go_on;
    return csv_go_on(exchange);
}

/* ---- all ---------------------------------------------------------------------------------------
 */
static void asset_take(struct exchange *exchange, struct assets_export *export, uint32_t asset)
{
    struct asset_view view;
    struct asset_sheet sheet;
    assets_asset(assets_of(exchange), asset, &view);
    if (view.retired || !asset_seen(exchange, asset))
        return;
    if (!asset_sheet_of_form(view.sheet, &sheet)) {
        exchange->json.failed = export->text.failed = true;
        return;
    }
    if (export->csv)
        asset_row(exchange, &view, &sheet);
    else if (export->stage == EXPORT_ASSETS)
        asset_line(exchange, &view, &sheet);
    else
        relations_line(exchange, &view, &sheet);
    asset_sheet_done(&sheet);
}

/* A piece; false: all is out. */
static bool export_piece(struct exchange *exchange, struct assets_export *export)
{
    if (export->stage == EXPORT_TYPES) {
        if (!type_next(exchange))
            export->stage = EXPORT_ASSETS;
        return true;
    }
    uint32_t asset = walk_next(exchange, export);
    if (asset != ASSET_NONE) {
        asset_take(exchange, export, asset);
        return true;
    }
    export->walked = false;
    if (export->csv || export->stage == EXPORT_RELATIONS)
        return false;
    export->stage = EXPORT_RELATIONS;
    return true;
}

static enum handled export_step(struct exchange *exchange)
{
    struct assets_export *export = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    if (exchange->answered && client_backlog(exchange->client) > WEB_UNSENT)
        return HANDLED_ASK;
    while (export_piece(exchange, export))
        if (turn_is_over(&turn, 512)) {
            exchange->kept = export->text.capacity;
            return export->csv ? HANDLED_STEP : stream_lines(exchange);
        }
    return export->csv ? csv_answer(exchange) : stream_lines_end(exchange);
}

enum handled handle_assets_export(struct exchange *exchange)
{
    struct assets_export *export = exchange_keep(exchange, sizeof *export);
    struct bytes text;
    if (export == NULL)
        return HANDLED;
    exchange->drop = export_drop;
    exchange->resume = export_step;
    export->csv = query_text(exchange, "format", &text) && bytes_equal(text, bytes_text("csv"));
    if (!export->csv && query_text(exchange, "format", &text) &&
        !bytes_equal(text, bytes_text("json"))) {
        answer_parameter(exchange, "format", "csv or json", text);
        return HANDLED;
    }
    if (query_text(exchange, "under", &text) && text.size > 0) {
        export->under = asset_of(exchange, text);
        if (export->under == ASSET_NONE)
            return answer_no_asset(exchange, text);
    }
    export->asset = export->under;
    export->stage = export->csv || !types_seen(exchange) ? EXPORT_ASSETS : EXPORT_TYPES;
    return export_step(exchange);
}
