/* Types and assets in bulk: NDJSON with one a line, a JSON object with lists of both, or CSV with
 * an asset a row. What is there already is changed by what a row names, and left alone where that
 * says what it is; what is not is made.
 *
 * Rows are commands, some under way at a time. A row below one that is under way waits until that
 * is there: its number is what the command says. So files stand from top to bottom, types before
 * their assets. A trial composes and judges each and gives none. */
#include "web/assets.h"

#include "wire/csv/csv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_AT_ONCE 64u
#define REFUSED_SHOWN 1000u
#define JSON_BYTES_MAX ((size_t)256 << 10)
#define JSON_VALUES_MAX 10000u
#define IMPORT_COLUMNS_MAX 300u

enum import_form { IMPORT_LINES, IMPORT_JSON, IMPORT_CSV };
struct import_row { /* under way */
    bool used, made;
    uint64_t line;
    char path[256]; /* how it begins, for who is told that it was refused */
};
struct assets_import {
    struct module_order module;
    enum import_form form;
    bool dry_run, over;
    size_t offset;              /* of lines */
    uint64_t line;              /* of the row that was read last */
    size_t types_at, assets_at; /* of JSON */
    struct csv_reader *reader;
    bool headed, fed;
    char *columns[IMPORT_COLUMNS_MAX];
    size_t column_count;
    json_t *held;    /* a row that waits for what is under way, or for the engine's room */
    json_t *planned; /* of a trial: paths and names that would be there */
    uint64_t made, changed, same, refused, under_way, position;
    struct import_row rows[ROWS_AT_ONCE];
};

static void import_drop(struct order *order)
{
    struct assets_import *import = (struct assets_import *)order;
    csv_reader_destroy(import->reader);
    for (size_t i = 0; i < import->column_count; i++)
        free(import->columns[i]);
    json_decref(import->held);
    json_decref(import->planned);
}

static void refuse(struct exchange *exchange, uint64_t line, const char *path, const char *detail)
{
    struct assets_import *import = exchange->state;
    struct json_writer *json = &exchange->json;
    if (import->refused++ >= REFUSED_SHOWN)
        return;
    json_put_object(json);
    json_member_count(json, "line", line);
    json_member_text(json, "path", path);
    json_member_text(json, "detail", detail);
    json_put_object_end(json);
}

/* ---- rows of CSV -------------------------------------------------------------------------------
 */
static bool head_read(struct exchange *exchange, const struct csv_record *record)
{
    struct assets_import *import = exchange->state;
    static const char *const known[] = {"path",     "title", "type",   "level",  "longitude",
                                        "latitude", "floor", "branch", "plan_x", "plan_y"};
    bool path = false;
    for (size_t i = 0; i < record->count && i < IMPORT_COLUMNS_MAX; i++) {
        struct bytes field = record->fields[i];
        char *name = strndup((const char *)field.at, field.size);
        if (name == NULL) {
            answer_memory(exchange);
            return false;
        }
        import->columns[import->column_count++] = name;
        bool fits = strncmp(name, "attr:", 5) == 0 || strncmp(name, "bind:", 5) == 0;
        for (size_t j = 0; !fits && j < ARRAY_COUNT(known); j++)
            fits = strcmp(name, known[j]) == 0;
        path = path || strcmp(name, "path") == 0;
        if (!fits) {
            answer_problem(exchange, 422, "csv_head", "the first line is no head",
                           "column %zu is none of path, title, type, level, longitude, latitude, "
                           "floor, plan_x, plan_y, branch, attr:NAME and bind:METRIC",
                           i + 1);
            return false;
        }
    }
    if (!path)
        answer_problem(exchange, 422, "csv_head", "the first line is no head",
                       "the column path is missing");
    import->headed = true;
    return path;
}

static void member_set(json_t *row, const char *member, const char *name, json_t *value)
{
    json_t *object = json_object_get(row, member);
    if (object == NULL) {
        object = json_object();
        (void)json_object_set_new(row, member, object);
    }
    (void)json_object_set_new(object, name, value);
}

/* A decimal number, whole or not; else the text, which is refused as any that stands in a number's
 * place: nan, inf and 0x10 are none of ours. */
static json_t *number_or_text(struct bytes field, bool whole)
{
    char text[64] = "", *end = text;
    bool fits = field.size < sizeof text;
    for (size_t i = 0; fits && i < field.size; i++)
        fits = memchr(whole ? "+-0123456789" : "+-0123456789.eE", field.at[i], whole ? 12 : 15);
    if (fits)
        memcpy(text, field.at, field.size);
    errno = 0;
    if (whole) {
        long long number = strtoll(text, &end, 10);
        if (end != text && *end == '\0' && errno == 0)
            return json_integer(number);
    } else {
        double real = strtod(text, &end);
        if (end != text && *end == '\0' && isfinite(real))
            return json_real(real);
    }
    return json_stringn((const char *)field.at, field.size);
}

/* An empty field says nothing, so that a file need not know what it does not change. NULL: a text
 * is not UTF-8. */
static json_t *record_read(const struct assets_import *import, const struct csv_record *record)
{
    json_t *row = json_object();
    for (size_t i = 0; i < record->count && i < import->column_count; i++) {
        const char *column = import->columns[i];
        struct bytes field = csv_plain(record->fields[i]);
        json_t *text = json_stringn((const char *)field.at, field.size);
        if (text == NULL) {
            json_decref(row);
            return NULL;
        }
        if (field.size == 0)
            json_decref(text);
        else if (strncmp(column, "attr:", 5) == 0)
            member_set(row, "attributes", column + 5, text);
        else if (strncmp(column, "bind:", 5) == 0)
            member_set(row, "bindings", column + 5, text);
        else if (strcmp(column, "floor") == 0) {
            json_decref(text);
            member_set(row, "place", column, number_or_text(field, true));
        } else if (strncmp(column, "plan_", 5) == 0 || strcmp(column, "longitude") == 0 ||
                   strcmp(column, "latitude") == 0) {
            json_decref(text);
            member_set(row, "place", column, number_or_text(field, false));
        } else {
            (void)json_object_set_new(row, column, text);
        }
    }
    return row;
}

static json_t *csv_row(struct exchange *exchange)
{
    struct assets_import *import = exchange->state;
    struct csv_record record;
    json_t *row;
    for (;;) {
        bool headed = import->headed;
        switch (csv_next(import->reader, &record)) {
        case CSV_STEP_MORE:
            import->over = import->fed;
            if (import->over)
                return NULL;
            import->fed = true;
            csv_end(import->reader);
            break;
        case CSV_STEP_FAULT:
            refuse(exchange, record.line, "", csv_fault_text(record.fault));
            break;
        case CSV_STEP_RECORD:
            import->line = record.line;
            if (!import->headed && !head_read(exchange, &record))
                return NULL;
            if (!headed)
                break;
            row = record_read(import, &record);
            if (row != NULL)
                return row;
            refuse(exchange, record.line, "", "a field is not UTF-8");
            break;
        }
    }
}

/* ---- rows of JSON ------------------------------------------------------------------------------
 */
static json_t *line_row(struct exchange *exchange)
{
    struct assets_import *import = exchange->state;
    struct bytes line;
    while (body_line_next(exchange, &import->offset, &line)) {
        import->line++;
        json_t *row = json_loadb((const char *)line.at, line.size, JSON_REJECT_DUPLICATES, NULL);
        if (json_is_object(row))
            return row;
        json_decref(row);
        refuse(exchange, import->line, "", "a line is a JSON object");
    }
    import->over = true;
    return NULL;
}

static json_t *list_row(struct exchange *exchange)
{
    struct assets_import *import = exchange->state;
    json_t *body = import->module.order.wish.json;
    json_t *row = json_array_get(json_object_get(body, "types"), import->types_at);
    if (row != NULL)
        import->types_at++;
    else if ((row = json_array_get(json_object_get(body, "assets"), import->assets_at)) != NULL)
        import->assets_at++;
    import->over = row == NULL;
    import->line++;
    if (row == NULL || json_is_object(row))
        return json_incref(row);
    refuse(exchange, import->line, "", "a type or an asset is a JSON object");
    return list_row(exchange);
}

/* NULL: it was answered, or there is no more (import->over). */
static json_t *row_next(struct exchange *exchange)
{
    struct assets_import *import = exchange->state;
    json_t *held = import->held;
    import->held = NULL;
    if (held != NULL)
        return held;
    return import->form == IMPORT_CSV     ? csv_row(exchange)
           : import->form == IMPORT_LINES ? line_row(exchange)
                                          : list_row(exchange);
}

/* ---- does it say what is there? ----------------------------------------------------------------
 */
static size_t items_count(struct bytes form)
{
    struct form_field field;
    size_t offset = 0, count = 0;
    while (form_next(form, &offset, &field))
        count += field.tag == ASSET_TAG_ITEM;
    return count;
}

static bool item_is_in(struct bytes form, struct bytes item)
{
    struct form_field field;
    size_t offset = 0;
    while (form_next(form, &offset, &field))
        if (field.tag == ASSET_TAG_ITEM && bytes_equal(field.text, item))
            return true;
    return false;
}

static bool items_are_same(struct bytes form, struct bytes sheet)
{
    struct form_field field;
    size_t offset = 0;
    bool same = items_count(form) == items_count(sheet);
    while (same && form_next(form, &offset, &field))
        same = field.tag != ASSET_TAG_ITEM || item_is_in(sheet, field.text);
    return same;
}

static bool place_is_same(struct bytes place, const struct asset_view *view)
{
    struct form_field field;
    size_t offset = 0;
    unsigned said = 0;
    bool same = true;
    while (same && form_next(place, &offset, &field)) {
        double is = field.tag == PLACE_TAG_LONGITUDE  ? view->longitude
                    : field.tag == PLACE_TAG_LATITUDE ? view->latitude
                    : field.tag == PLACE_TAG_PLAN_X   ? view->plan_x
                                                      : view->plan_y;
        same = field.tag == PLACE_TAG_FLOOR ? field.integer == view->floor
                                            : field.real >= is && field.real <= is;
        said |= field.tag == PLACE_TAG_FLOOR ? 2u : field.tag >= PLACE_TAG_PLAN_X ? 4u : 1u;
    }
    return same && said == ((view->has_map ? 1u : 0u) | (view->has_floor ? 2u : 0u) |
                            (view->has_plan ? 4u : 0u));
}

static bool asset_is_same(const struct exchange *exchange, uint32_t asset, struct bytes form)
{
    struct asset_view view;
    struct form_field field;
    size_t offset = 0;
    bool same = true, items = false;
    assets_asset(assets_of(exchange), asset, &view);
    while (same && form_next(form, &offset, &field)) {
        items = items || field.tag == ASSET_TAG_ITEM || field.tag == ASSET_TAG_NO_ITEMS;
        same = field.tag == ASSET_TAG_TITLE    ? bytes_equal(field.text, view.title)
               : field.tag == ASSET_TAG_LEVEL  ? field.integer == view.level
               : field.tag == ASSET_TAG_TYPE   ? field.integer == view.type
               : field.tag == ASSET_TAG_BRANCH ? bytes_equal(field.text, view.branch)
               : field.tag == ASSET_TAG_PLACE  ? place_is_same(field.text, &view)
                                               : true;
    }
    return same && (!items || items_are_same(form, view.sheet));
}

static bool type_is_same(const struct exchange *exchange, uint32_t type, struct bytes form)
{
    struct type_view view;
    assets_type(assets_of(exchange), type, &view);
    return bytes_equal(form_text(form, ASSET_TAG_TITLE), view.title) &&
           form_integer(form, ASSET_TAG_PARENT, 0) == view.parent &&
           form_integer(form, ASSET_TAG_LEVEL, 0) == view.level && items_are_same(form, view.sheet);
}

/* ---- a row -------------------------------------------------------------------------------------
 */
enum row_turn { ROW_DONE, ROW_GIVEN, ROW_WAITS, ROW_FULL, ROW_STOP };

static struct import_row *row_free(struct assets_import *import)
{
    for (size_t i = 0; i < ROWS_AT_ONCE; i++)
        if (!import->rows[i].used)
            return &import->rows[i];
    return NULL;
}

static void planned_add(struct assets_import *import, const char *kind, struct bytes name)
{
    char key[PATH_MAX_BYTES + 8];
    int size = snprintf(key, sizeof key, "%s%.*s", kind, (int)name.size, (const char *)name.at);
    (void)json_object_setn_new(import->planned, key, (size_t)size, json_true());
}

static bool planned_has(const struct assets_import *import, const char *kind, struct bytes name)
{
    char key[PATH_MAX_BYTES + 8];
    int size = snprintf(key, sizeof key, "%s%.*s", kind, (int)name.size, (const char *)name.at);
    return json_object_getn(import->planned, key, (size_t)size) != NULL;
}

/* Gives what was composed, or only counts it. */
static enum row_turn row_give(struct exchange *exchange, uint8_t kind, uint32_t number,
                              struct bytes name)
{
    struct assets_import *import = exchange->state;
    struct module_order *module = &import->module;
    struct command command = module->order.command;
    struct import_row *row = row_free(import);
    struct admitted admitted;
    struct bytes form;
    if (!form_end(&module->form, &form)) {
        refuse(exchange, import->line, "", "it says more than one command can hold");
        return ROW_DONE;
    }
    const char *fault = asset_form_fault((enum command_kind)kind, number, form);
    snprintf(row->path, sizeof row->path, "%.*s", name.size < 255 ? (int)name.size : 255,
             (const char *)name.at);
    if (fault != NULL) {
        refuse(exchange, import->line, row->path, fault);
        return ROW_DONE;
    }
    bool same = number != 0 && (kind == COMMAND_TYPE_SET ? type_is_same(exchange, number, form)
                                                         : asset_is_same(exchange, number, form));
    if (same || import->dry_run) {
        import->same += same;
        import->made += !same && number == 0;
        import->changed += !same && number != 0;
        return ROW_DONE;
    }
    command.kind = kind;
    command.path = name;
    command.module = (struct command_module){.number = number, .form = form};
    enum admit admit =
        engine_command(exchange->web->config.engine, &command,
                       exchange_tag(exchange, (uint32_t)(row - import->rows)), &admitted);
    if (admit == ADMIT_WAIT)
        return ROW_FULL;
    if (admit != ADMIT_DONE) {
        answer_admit(exchange, admit);
        return ROW_STOP;
    }
    exchange->web->counters.commands++;
    row->used = true;
    row->made = number == 0;
    row->line = import->line;
    import->under_way++;
    return ROW_GIVEN;
}

static enum row_turn type_row(struct exchange *exchange, struct wish *wish, struct bytes name)
{
    struct assets_import *import = exchange->state;
    struct bytes parent;
    char shown[256];
    snprintf(shown, sizeof shown, "%.*s", name.size < 255 ? (int)name.size : 255,
             (const char *)name.at);
    if (!types_changeable(exchange)) {
        refuse(exchange, import->line, shown, "you may not change types");
        return ROW_DONE;
    }
    bool above = wish_text(wish, "parent", 1, ASSET_NAME_MAX, &parent) &&
                 asset_type_of(exchange, parent) == TYPE_NONE;
    if (above && import->under_way > 0)
        return ROW_WAITS;
    if (above && import->dry_run && planned_has(import, "t ", parent))
        (void)json_object_del(wish->json, "parent");
    uint32_t type = asset_type_of(exchange, name);
    type_members_drop(wish);
    (void)json_object_del(wish->json, "name");
    wish_members(wish, TYPE_MEMBERS);
    type_words_read(exchange, wish, name, &import->module.form);
    if (wish->wrong) {
        refuse(exchange, import->line, shown, wish->fault);
        return ROW_DONE;
    }
    if (import->dry_run)
        planned_add(import, "t ", name);
    return row_give(exchange, COMMAND_TYPE_SET, type, name);
}

/* Above it, or of its type, something is under way, or would be there. False: go on. */
static bool asset_waits(struct exchange *exchange, struct wish *wish, struct asset_words *words,
                        struct bytes path, bool *ret_fault)
{
    struct assets_import *import = exchange->state;
    struct bytes type = bytes_of("", 0), above = path;
    bool split = asset_path_split(exchange, path, words);
    bool typed = !wish_text(wish, "type", 1, ASSET_NAME_MAX, &type) ||
                 asset_type_of(exchange, type) != TYPE_NONE;
    *ret_fault = false;
    if ((!split || !typed) && import->under_way > 0)
        return true;
    if (!typed && import->dry_run && planned_has(import, "t ", type))
        (void)json_object_del(wish->json, "type");
    above.size = words->name.size < path.size ? path.size - words->name.size - 1 : 0;
    if (!split && !(import->dry_run && planned_has(import, "a ", above)))
        *ret_fault = true;
    return false;
}

static enum row_turn asset_row(struct exchange *exchange, struct wish *wish, struct bytes path)
{
    struct assets_import *import = exchange->state;
    struct asset_words words = {.form = &import->module.form};
    char shown[256];
    bool nothing_above;
    snprintf(shown, sizeof shown, "%.*s", path.size < 255 ? (int)path.size : 255,
             (const char *)path.at);
    if (asset_waits(exchange, wish, &words, path, &nothing_above))
        return ROW_WAITS;
    words.asset = assets_find(assets_of(exchange), exchange->tenant, path);
    words.changes = words.asset != ASSET_NONE;
    asset_members_drop(wish);
    (void)json_object_del(wish->json, "path");
    wish_members(wish, ASSET_MEMBERS);
    if (!nothing_above)
        asset_says_read(exchange, &words, wish);
    if (nothing_above)
        refuse(exchange, import->line, shown, "the asset above it is not there");
    else if (wish->wrong)
        refuse(exchange, import->line, shown, wish->fault);
    else if (asset_words_judge(exchange, &words) != VERDICT_MAY)
        refuse(exchange, import->line, shown, "you may not change what is there");
    else {
        if (import->dry_run)
            planned_add(import, "a ", path);
        return row_give(exchange, COMMAND_ASSET_SET, words.asset, path);
    }
    return ROW_DONE;
}

/* The row is left as it came, in case it has to be taken again. */
static enum row_turn row_take(struct exchange *exchange, const json_t *row)
{
    struct assets_import *import = exchange->state;
    struct module_order *module = &import->module;
    struct wish wish = {.json = json_copy((json_t *)(uintptr_t)row),
                        .wall_ns = module->order.wish.wall_ns};
    struct bytes path, name;
    enum row_turn turn = ROW_DONE;
    module->form = (struct form_writer){.at = module->form_at, .capacity = sizeof module->form_at};
    if (wish_text(&wish, "path", 1, PATH_MAX_BYTES, &path))
        turn = asset_row(exchange, &wish, path);
    else if (wish_text(&wish, "name", 1, ASSET_NAME_MAX, &name))
        turn = type_row(exchange, &wish, name);
    else
        refuse(exchange, import->line, "", "an asset has a path, a type a name");
    json_decref(wish.json);
    return turn;
}

/* ---- all of them -------------------------------------------------------------------------------
 */
static enum handled import_end(struct exchange *exchange)
{
    const struct assets_import *import = exchange->state;
    struct json_writer *json = &exchange->json;
    json_put_array_end(json);
    json_member_count(json, "made", import->made);
    json_member_count(json, "changed", import->changed);
    json_member_count(json, "same", import->same);
    json_member_count(json, "refused_count", import->refused);
    json_member_bool(json, "dry_run", import->dry_run);
    json_put_object_end(json);
    if (json_writer_failed(json))
        return answer_memory(exchange);
    return answer_content(exchange, 200, "application/json", json_writer_text(json));
}

static enum handled import_go(struct exchange *exchange)
{
    struct assets_import *import = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    bool full = false;
    exchange->resume = import_go;
    while (!exchange->answered && !full && row_free(import) != NULL) {
        if (turn_is_over(&turn, 2048)) {
            if (import->under_way == 0)
                return HANDLED_STEP;
            break; /* an outcome goes on with it */
        }
        json_t *row = row_next(exchange);
        if (row == NULL)
            break;
        enum row_turn taken = row_take(exchange, row);
        full = taken == ROW_WAITS || taken == ROW_FULL;
        if (full)
            import->held = row;
        else
            json_decref(row);
    }
    if (exchange->answered)
        return HANDLED;
    if (import->under_way > 0)
        return HANDLED_OUTCOME;
    return full ? HANDLED_FULL : import_end(exchange);
}

static enum handled import_outcome(struct exchange *exchange, uint32_t index,
                                   const struct outcome *outcome)
{
    struct assets_import *import = exchange->state;
    if (exchange->answered)
        return HANDLED;
    if (outcome == NULL)
        return answer_problem(exchange, 503, "write_failed", NULL,
                              "a write to the disk failed: send it again, what was taken is left "
                              "as it is");
    struct import_row *row = &import->rows[index % ROWS_AT_ONCE];
    if (!row->used)
        return import_go(exchange);
    enum outcome_code said = outcome_said(outcome);
    row->used = false;
    import->under_way--;
    import->made += said == OUTCOME_DONE && row->made;
    import->changed += said == OUTCOME_DONE && !row->made;
    if (said != OUTCOME_DONE)
        refuse(exchange, row->line, row->path, outcome_text(said));
    return import_go(exchange);
}

/* Media of the body, and what is read of it. False: it was answered. */
static bool import_begin(struct exchange *exchange, struct assets_import *import)
{
    const struct http_header *media = http_header_find(exchange->request, "Content-Type");
    import->form = exchange->body_lines                                       ? IMPORT_LINES
                   : media != NULL && http_media_is(media->value, "text/csv") ? IMPORT_CSV
                                                                              : IMPORT_JSON;
    if (import->form == IMPORT_CSV) {
        uint8_t separator = csv_separator_guess(exchange->body);
        if (csv_reader_create(separator, true, &import->reader) != OK) {
            answer_memory(exchange);
            return false;
        }
        csv_feed(import->reader, exchange->body);
    } else if (import->form == IMPORT_JSON) {
        json_t *body = body_json_within(exchange, JSON_BYTES_MAX, JSON_VALUES_MAX);
        if (body == NULL)
            return false;
        json_decref(import->module.order.wish.json);
        import->module.order.wish.json = body;
        struct wish *wish = &import->module.order.wish;
        wish_members(wish, "types assets");
        if (wish->wrong) {
            order_refuse(exchange);
            return false;
        }
        if (!json_is_array(json_object_get(body, "types")) &&
            !json_is_array(json_object_get(body, "assets"))) {
            answer_problem(exchange, 422, "command_invalid", "no command",
                           "an object with a list of types, of assets, or of both is wanted");
            return false;
        }
    }
    return true;
}

enum handled handle_assets_import(struct exchange *exchange)
{
    struct assets_import *import =
        (struct assets_import *)module_begin(exchange, sizeof *import, COMMAND_ASSET_SET, false);
    if (import == NULL || !query_flag(exchange, "dry_run", &import->dry_run))
        return HANDLED;
    import->module.order.drop = import_drop;
    if (import->module.order.command.key_kind != KEY_NONE)
        return answer_problem(exchange, 422, "command_invalid", "no command",
                              "an import has no idempotency key: sent again, it changes nothing "
                              "that is as it says");
    import->planned = json_object();
    exchange->kept = sizeof *import;
    exchange->outcome = import_outcome;
    if (import->planned == NULL)
        return answer_memory(exchange);
    if (!import_begin(exchange, import))
        return HANDLED;
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, "refused");
    json_put_array(&exchange->json);
    return import_go(exchange);
}
