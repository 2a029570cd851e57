/* Sheets: the attributes, metrics, bindings and relations that a type or an asset says, what it
 * inherits beside them, and the same in bodies and answers. */
#include "web/assets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is said, the nearest first -----------------------------------------------------------
 */
void asset_sheet_done(struct asset_sheet *sheet)
{
    free(sheet->items);
    free(sheet->slots);
    *sheet = (struct asset_sheet){.items = NULL};
}

/* The slot of a kind and name: the one it has, or the free one it would get. */
static uint32_t *slot_of(const struct asset_sheet *sheet, unsigned kind, struct bytes name)
{
    size_t at = hash64(name.at, name.size, kind) & (sheet->slot_count - 1);
    while (sheet->slots[at] != 0) {
        const struct asset_item *item = &sheet->items[sheet->slots[at] - 1];
        if (item->kind == kind && bytes_equal(item->name, name))
            break;
        at = (at + 1) & (sheet->slot_count - 1);
    }
    return &sheet->slots[at];
}

static bool sheet_grow(struct asset_sheet *sheet)
{
    size_t capacity = sheet->capacity > 0 ? sheet->capacity * 2 : 32;
    struct asset_item *items = realloc(sheet->items, capacity * sizeof *items);
    if (items != NULL)
        sheet->items = items;
    uint32_t *slots = calloc(capacity * 2, sizeof *slots);
    if (items == NULL || slots == NULL) {
        free(slots);
        return false;
    }
    free(sheet->slots);
    sheet->slots = slots;
    sheet->slot_count = capacity * 2;
    sheet->capacity = capacity;
    for (size_t i = 0; i < sheet->count; i++)
        *slot_of(sheet, items[i].kind, items[i].name) = (uint32_t)i + 1;
    return true;
}

/* What was said nearer stays. Relations of one name may be many. */
bool asset_sheet_add(struct asset_sheet *sheet, const struct asset_item *item)
{
    if (sheet->count == sheet->capacity && !sheet_grow(sheet))
        return false;
    uint32_t *slot = slot_of(sheet, item->kind, item->name);
    if (*slot != 0 && item->kind != ITEM_RELATION)
        return true;
    sheet->items[sheet->count++] = *item;
    if (*slot == 0)
        *slot = (uint32_t)sheet->count;
    return true;
}

const struct asset_item *asset_sheet_find(const struct asset_sheet *sheet, enum item_kind kind,
                                          struct bytes name)
{
    if (sheet->count == 0)
        return NULL;
    const uint32_t *slot = slot_of(sheet, kind, name);
    return *slot != 0 ? &sheet->items[*slot - 1] : NULL;
}

static bool sheet_take(struct asset_sheet *sheet, struct bytes form, uint32_t from)
{
    struct asset_item item;
    const char *fault = NULL;
    size_t offset = 0;
    while (asset_item_next(form, &offset, &item, &fault)) {
        item.from = from;
        if (!asset_sheet_add(sheet, &item))
            return false;
    }
    return true;
}

bool asset_sheet_of_form(struct bytes form, struct asset_sheet *ret_sheet)
{
    *ret_sheet = (struct asset_sheet){.items = NULL};
    if (sheet_take(ret_sheet, form, 0))
        return true;
    asset_sheet_done(ret_sheet);
    return false;
}

bool asset_sheet_of_type(struct exchange *exchange, uint32_t type, int64_t wall_ns, bool own,
                         struct asset_sheet *ret_sheet)
{
    const struct assets *assets = assets_of(exchange);
    struct type_view view;
    *ret_sheet = (struct asset_sheet){.items = NULL};
    for (int i = 0; i <= ASSET_DEPTH_MAX && type != TYPE_NONE; i++) {
        assets_type(assets, type, &view);
        if (wall_ns != INT64_MAX && !assets_type_at(assets, type, wall_ns, &view))
            break;
        if (!sheet_take(ret_sheet, view.sheet, type)) {
            asset_sheet_done(ret_sheet);
            return false;
        }
        type = own ? TYPE_NONE : view.parent;
    }
    return true;
}

bool asset_sheet_of_asset(struct exchange *exchange, uint32_t asset, int64_t wall_ns,
                          struct asset_sheet *ret_sheet)
{
    struct sheet_cursor cursor = {.step = 0};
    struct asset_item item;
    *ret_sheet = (struct asset_sheet){.items = NULL};
    while (assets_sheet_next(assets_of(exchange), asset, wall_ns, &cursor, &item))
        if (!asset_sheet_add(ret_sheet, &item)) {
            asset_sheet_done(ret_sheet);
            return false;
        }
    return true;
}

/* ---- answers -----------------------------------------------------------------------------------
 */
static const char *const limit_words[LIMIT_KINDS] = {[LIMIT_LOW_LOW] = "low_low",
                                                     [LIMIT_LOW] = "low",
                                                     [LIMIT_HIGH] = "high",
                                                     [LIMIT_HIGH_HIGH] = "high_high"};

void put_limits(struct json_writer *json, const double limits[LIMIT_KINDS])
{
    json_put_name(json, "limits");
    json_put_object(json);
    for (size_t i = 0; i < LIMIT_KINDS; i++)
        if (!isnan(limits[i]))
            json_member_real(json, limit_words[i], limits[i]);
    json_put_object_end(json);
}

/* A rule of another tenant, who shares the point, is not named. */
static void limit_in_force_put(struct exchange *exchange, const struct limit_in_force *limit)
{
    static const char *const from_words[] = {
        [LIMIT_FROM_RULE] = "rule", [LIMIT_FROM_POINT] = "point", [LIMIT_FROM_TYPE] = "type"};
    struct json_writer *json = &exchange->json;
    const struct alarms *alarms = alarms_of(exchange);
    bool named = limit->rule != 0 && alarms_rule_tenant(alarms, limit->rule) == exchange->tenant;
    json_put_object(json);
    json_member_real(json, "limit", limit->limit);
    json_member_text(json, "from", from_words[limit->from]);
    put_text(json, "rule", named ? alarms_rule_name(alarms, limit->rule) : bytes_of("", 0));
    json_put_object_end(json);
}

void put_limits_in_force(struct exchange *exchange, uint32_t point)
{
    struct json_writer *json = &exchange->json;
    struct limit_in_force limits[LIMIT_KINDS];
    alarms_limits_in_force(alarms_of(exchange), point, limits);
    json_put_name(json, "limits_in_force");
    json_put_object(json);
    for (size_t i = 0; i < LIMIT_KINDS; i++) {
        if (limits[i].from == LIMIT_FROM_NONE)
            continue;
        json_put_name(json, limit_words[i]);
        limit_in_force_put(exchange, &limits[i]);
    }
    json_put_object_end(json);
}

void put_type_name(struct exchange *exchange, const char *name, uint32_t type)
{
    struct type_view view = {.name = bytes_of("", 0)};
    if (type != TYPE_NONE)
        assets_type(assets_of(exchange), type, &view);
    put_text(&exchange->json, name, view.name);
}

static void attribute_put(struct exchange *exchange, const struct asset_item *item)
{
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    json_member_string(json, "name", item->name);
    json_member_text(json, "type", value_type_name(item->type));
    put_text(json, "unit", item->unit);
    put_text(json, "value", item->text);
    json_member_bool(json, "required", item->required);
    put_type_name(exchange, "from", item->from);
    json_put_object_end(json);
}

static void metric_put(struct exchange *exchange, const struct asset_item *item)
{
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    json_member_string(json, "name", item->name);
    json_member_text(json, "type", value_type_name(item->type));
    put_text(json, "unit", item->unit);
    put_text(json, "description", item->text);
    put_limits(json, item->limits);
    json_member_real(json, "deadband", item->deadband);
    put_type_name(exchange, "from", item->from);
    json_put_object_end(json);
}

void put_type_sheet(struct exchange *exchange, const struct asset_sheet *sheet)
{
    struct json_writer *json = &exchange->json;
    json_put_name(json, "attributes");
    json_put_array(json);
    for (size_t i = 0; i < sheet->count; i++)
        if (sheet->items[i].kind == ITEM_ATTRIBUTE)
            attribute_put(exchange, &sheet->items[i]);
    json_put_array_end(json);
    json_put_name(json, "metrics");
    json_put_array(json);
    for (size_t i = 0; i < sheet->count; i++)
        if (sheet->items[i].kind == ITEM_METRIC)
            metric_put(exchange, &sheet->items[i]);
    json_put_array_end(json);
}

/* ---- bodies ------------------------------------------------------------------------------------
 */
bool item_text(const json_t *value, char scratch[ITEM_SCRATCH], struct bytes *ret_text,
               uint8_t *ret_type)
{
    size_t size = 0;
    if (json_is_string(value)) {
        *ret_type = VALUE_STRING;
        *ret_text = bytes_of(json_string_value(value), json_string_length(value));
        return true;
    }
    if (json_is_boolean(value)) {
        *ret_type = VALUE_BOOL;
        *ret_text = bytes_text(json_is_true(value) ? "true" : "false");
        return true;
    }
    if (json_is_integer(value)) {
        *ret_type = VALUE_INT64;
        size =
            (size_t)snprintf(scratch, ITEM_SCRATCH, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        *ret_type = VALUE_FLOAT64;
        size = real_text_put(scratch, json_real_value(value));
    }
    *ret_text = bytes_of(scratch, size);
    return size > 0;
}

static struct asset_item item_new(enum item_kind kind)
{
    struct asset_item item = {.kind = (uint8_t)kind,
                              .type = VALUE_FLOAT64,
                              .name = bytes_of("", 0),
                              .unit = bytes_of("", 0),
                              .text = bytes_of("", 0)};
    for (size_t i = 0; i < LIMIT_KINDS; i++)
        item.limits[i] = NAN;
    return item;
}

static void item_read_type(struct wish *wish, struct asset_item *item)
{
    struct bytes word;
    if (wish_text(wish, "type", 1, 16, &word) && !value_type_parse(word, &item->type))
        wish_fault(wish, "type", "float64, int64, bool or string");
}

static void item_read_name(struct wish *wish, struct asset_item *item)
{
    struct bytes from;
    if (!wish_text(wish, "name", 1, 256, &item->name))
        wish_fault(wish, "name", "a text of 1 to 256 bytes");
    (void)wish_text(wish, "unit", 0, UNIT_BYTES_MAX, &item->unit);
    (void)wish_text(wish, "from", 0, ASSET_NAME_MAX, &from); /* as answers have it */
    item_read_type(wish, item);
}

static void attribute_read(struct wish *wish, struct form_writer *form)
{
    struct asset_item item = item_new(ITEM_ATTRIBUTE);
    char scratch[ITEM_SCRATCH];
    uint8_t type = VALUE_STRING;
    wish_members(wish, "name type unit value required from");
    item_read_name(wish, &item);
    const json_t *value = json_object_get(wish->json, "value");
    if (value != NULL && !json_is_null(value) && !item_text(value, scratch, &item.text, &type))
        wish_fault(wish, "value", "a text, a number, true or false");
    (void)wish_flag(wish, "required", &item.required);
    if (item.text.size > ASSET_TEXT_MAX)
        wish_fault(wish, "value", "a text of at most 2048 bytes");
    if (!wish->wrong)
        asset_item_put(form, &item);
}

static void metric_read(struct wish *wish, struct form_writer *form)
{
    struct asset_item item = item_new(ITEM_METRIC);
    wish_members(wish, "name type unit description limits deadband from");
    item_read_name(wish, &item);
    (void)wish_text(wish, "description", 0, ASSET_TEXT_MAX, &item.text);
    (void)wish_real(wish, "deadband", &item.deadband);
    json_t *limits = json_object_get(wish->json, "limits");
    if (limits != NULL && !json_is_null(limits)) {
        struct wish part = wish_part(wish, limits);
        if (!json_is_object(limits))
            wish_fault(wish, "limits", "an object with low_low, low, high and high_high");
        else {
            wish_members(&part, "low_low low high high_high");
            for (size_t i = 0; i < LIMIT_KINDS; i++)
                (void)wish_real(&part, limit_words[i], &item.limits[i]);
            wish_pass(wish, &part, "limits");
        }
    }
    if (!wish->wrong)
        asset_item_put(form, &item);
}

static void items_read(struct wish *wish, const char *name,
                       void (*read)(struct wish *wish, struct form_writer *form),
                       struct form_writer *form, size_t *ret_count)
{
    json_t *items = json_object_get(wish->json, name), *item;
    char where[64];
    size_t i;
    if (items == NULL || json_is_null(items))
        return;
    if (!json_is_array(items) || json_array_size(items) > ASSET_ITEMS_MAX) {
        wish_fault(wish, name, "a list of at most 256");
        return;
    }
    json_array_foreach(items, i, item)
    {
        struct wish part = wish_part(wish, item);
        snprintf(where, sizeof where, "%s[%zu]", name, i);
        if (!json_is_object(item))
            wish_fault(wish, where, "an object");
        else
            read(&part, form);
        wish_pass(wish, &part, where);
    }
    *ret_count += json_array_size(items);
}

void type_items_read(struct wish *wish, struct form_writer *form, size_t *ret_count)
{
    *ret_count = 0;
    items_read(wish, "attributes", attribute_read, form, ret_count);
    items_read(wish, "metrics", metric_read, form, ret_count);
}
