/* What a body, or a line of an import, says of an asset, as the form of a command. */
#include "web/assets.h"

#include <stdio.h>
#include <string.h>

/* ---- the sheet ---------------------------------------------------------------------------------
 */
/* An attribute is of the type that the asset's type says; one that its type does not know keeps the
 * type that it has, or has the value's. */
static void attribute_read(struct asset_words *words, struct wish *wish, const char *name,
                           const json_t *value, struct asset_sheet *said)
{
    char scratch[ITEM_SCRATCH];
    struct asset_item item = {.kind = ITEM_ATTRIBUTE,
                              .type = VALUE_STRING,
                              .name = bytes_text(name),
                              .unit = bytes_of("", 0)};
    if (!item_text(value, scratch, &item.text, &item.type) || item.name.size == 0 ||
        item.name.size > 256 || item.text.size > ASSET_TEXT_MAX) {
        wish_fault(wish, "attributes",
                   "an object of names of 1 to 256 bytes with texts of up to 2048 bytes, numbers, "
                   "true or false");
        return;
    }
    const struct asset_item *known = asset_sheet_find(&words->types, ITEM_ATTRIBUTE, item.name);
    const struct asset_item *own = asset_sheet_find(&words->own, ITEM_ATTRIBUTE, item.name);
    if (known == NULL && own != NULL && asset_value_is_of_type(own->type, item.text))
        known = own;
    if (known != NULL) {
        item.type = known->type;
        item.unit = known->unit;
    }
    words->items++;
    asset_item_put(words->form, &item);
    if (!asset_sheet_add(said, &item))
        words->form->failed = true;
}

/* Limits and rules of the asset's type come to the point with a binding, and those of another asset
 * may go: he needs the right that he would need to say that of the point itself. */
static bool binding_may(struct exchange *exchange, const struct asset_words *words,
                        const struct asset_item *item)
{
    const struct asset_item *own = asset_sheet_find(&words->own, ITEM_BINDING, item->name);
    if (own != NULL && bytes_equal(own->text, item->text)) /* as it is */
        return exchange_sees(exchange, exchange->tenant, item->text);
    return exchange_may(exchange, RIGHT_CONFIGURE, exchange->tenant, item->text);
}

static void binding_read(struct exchange *exchange, struct asset_words *words, struct wish *wish,
                         const char *name, const json_t *value, struct asset_sheet *said)
{
    struct asset_item item = {.kind = ITEM_BINDING, .name = bytes_text(name)};
    item.text = bytes_of(json_string_value(value), json_string_length(value));
    if (!json_is_string(value) || item.name.size == 0 || item.name.size > 256 ||
        path_fault(item.text) != NULL || !binding_may(exchange, words, &item)) {
        wish_fault(wish, "bindings",
                   "an object of names of metrics with paths of points that you may configure");
        return;
    }
    words->items++;
    asset_item_put(words->form, &item);
    if (!asset_sheet_add(said, &item))
        words->form->failed = true;
}

static void named_read(struct exchange *exchange, struct asset_words *words, struct wish *wish,
                       const char *member, struct asset_sheet *said)
{
    json_t *object = json_object_get(wish->json, member), *value;
    bool binding = strcmp(member, "bindings") == 0;
    const char *name;
    if (object == NULL || json_is_null(object))
        return;
    if (!json_is_object(object)) {
        wish_fault(wish, member, "an object");
        return;
    }
    json_object_foreach(object, name, value)
    {
        if (json_is_null(value)) /* it goes */
            continue;
        if (binding)
            binding_read(exchange, words, wish, name, value, said);
        else
            attribute_read(words, wish, name, value, said);
    }
}

static void relations_read(struct exchange *exchange, struct asset_words *words, struct wish *wish)
{
    json_t *list = json_object_get(wish->json, "relations"), *one;
    size_t i;
    if (list == NULL || json_is_null(list))
        return;
    if (!json_is_array(list)) {
        wish_fault(wish, "relations", "a list of objects with name and other");
        return;
    }
    json_array_foreach(list, i, one)
    {
        struct wish part = wish_part(wish, one);
        struct asset_item item = {.kind = ITEM_RELATION};
        struct bytes other = bytes_of("", 0);
        if (!json_is_object(one)) {
            wish_fault(wish, "relations", "a list of objects with name and other");
            return;
        }
        wish_members(&part, "name other");
        if (!wish_text(&part, "name", 1, 256, &item.name))
            wish_fault(&part, "name", "what it does to the other, as feeds,");
        if (wish_text(&part, "other", 1, PATH_MAX_BYTES, &other))
            item.other = asset_of(exchange, other);
        if (item.other == ASSET_NONE)
            wish_fault(&part, "other", "the path of an asset that you may see");
        wish_pass(wish, &part, "relations");
        words->items++;
        if (!part.wrong)
            asset_item_put(words->form, &item);
    }
}

/* Is it said anew, or said to be gone? */
static bool item_is_said(const struct wish *wish, const struct asset_sheet *said,
                         const struct asset_item *item)
{
    static const char *const members[] = {
        [ITEM_ATTRIBUTE] = "attributes", [ITEM_BINDING] = "bindings"};
    if (item->kind == ITEM_RELATION)
        return json_object_get(wish->json, "relations") != NULL;
    if (item->kind != ITEM_ATTRIBUTE && item->kind != ITEM_BINDING)
        return true;
    return asset_sheet_find(said, item->kind, item->name) != NULL ||
           json_object_getn(json_object_get(wish->json, members[item->kind]),
                            (const char *)item->name.at, item->name.size) != NULL;
}

/* A point or an asset that he sees not: what leads there is not told to him, and stays. */
static bool item_is_hidden(struct exchange *exchange, const struct asset_item *item)
{
    return (item->kind == ITEM_BINDING && !asset_item_is_told(exchange, item, ITEM_BINDING)) ||
           (item->kind == ITEM_RELATION && !asset_seen(exchange, item->other));
}

static bool item_stays(struct exchange *exchange, const struct asset_words *words,
                       const struct wish *wish, const struct asset_sheet *said,
                       const struct asset_item *item)
{
    bool relation = item->kind == ITEM_RELATION, hidden = item_is_hidden(exchange, item);
    if (words->changes && !(hidden && relation))
        return !item_is_said(wish, said, item);
    return hidden && (relation || asset_sheet_find(said, item->kind, item->name) == NULL);
}

/* What the asset said of itself before, and nobody speaks of now, stays. */
static void items_keep(struct exchange *exchange, struct asset_words *words,
                       const struct wish *wish, const struct asset_sheet *said)
{
    struct asset_view view;
    struct asset_item item;
    const char *fault;
    size_t offset = 0;
    assets_asset(assets_of(exchange), words->asset, &view);
    while (asset_item_next(view.sheet, &offset, &item, &fault))
        if (item_stays(exchange, words, wish, said, &item)) {
            words->items++;
            asset_item_put(words->form, &item);
        }
}

static void items_read(struct exchange *exchange, struct asset_words *words, struct wish *wish)
{
    struct asset_sheet said = {.items = NULL};
    words->items = 0;
    named_read(exchange, words, wish, "attributes", &said);
    named_read(exchange, words, wish, "bindings", &said);
    relations_read(exchange, words, wish);
    if (words->asset != ASSET_NONE)
        items_keep(exchange, words, wish, &said);
    asset_sheet_done(&said);
    if (words->items == 0)
        form_put_integer(words->form, ASSET_TAG_NO_ITEMS, 1);
}

/* ---- the rest ----------------------------------------------------------------------------------
 */
static void place_read(struct wish *wish, struct form_writer *form)
{
    static const struct {
        const char *name;
        uint8_t tag;
    } reals[] = {{"longitude", PLACE_TAG_LONGITUDE},
                 {"latitude", PLACE_TAG_LATITUDE},
                 {"plan_x", PLACE_TAG_PLAN_X},
                 {"plan_y", PLACE_TAG_PLAN_Y}};
    uint8_t at[256];
    struct form_writer place = {.at = at, .capacity = sizeof at};
    struct bytes fields;
    json_t *json = json_object_get(wish->json, "place");
    if (json_is_object(json)) {
        struct wish part = wish_part(wish, json);
        int64_t level = 0;
        wish_members(&part, "longitude latitude floor plan_x plan_y");
        for (size_t i = 0; i < ARRAY_COUNT(reals); i++) {
            double real = 0;
            if (wish_real(&part, reals[i].name, &real))
                form_put_real(&place, reals[i].tag, real);
        }
        if (wish_integer(&part, "floor", INT32_MIN, INT32_MAX, &level))
            form_put_integer(&place, PLACE_TAG_FLOOR, level);
        wish_pass(wish, &part, "place");
    } else if (json != NULL && !json_is_null(json)) {
        wish_fault(wish, "place",
                   "an object with longitude and latitude, floor, plan_x and plan_y");
    }
    if (form_end(&place, &fields))
        form_put_form(form, ASSET_TAG_PLACE, fields);
    else
        form->failed = true;
}

static bool is_said(const struct asset_words *words, const struct wish *wish, const char *name)
{
    return !words->changes || json_object_get(wish->json, name) != NULL;
}

static void type_read(struct exchange *exchange, struct asset_words *words, struct wish *wish)
{
    struct bytes name = bytes_of("", 0);
    struct asset_view view;
    uint32_t type = TYPE_NONE;
    if (words->asset != ASSET_NONE && !is_said(words, wish, "type")) {
        assets_asset(assets_of(exchange), words->asset, &view);
        type = view.type;
    } else {
        if (wish_text(wish, "type", 0, ASSET_NAME_MAX, &name) && name.size > 0) {
            type = asset_type_of(exchange, name);
            if (type == TYPE_NONE)
                wish_fault(wish, "type", "the name of a type (GET /v1/types lists them)");
        }
        form_put_integer(words->form, ASSET_TAG_TYPE, type);
    }
    if (!asset_sheet_of_type(exchange, type, INT64_MAX, false, &words->types))
        words->form->failed = true;
    if (words->asset == ASSET_NONE)
        return;
    assets_asset(assets_of(exchange), words->asset, &view);
    if (!asset_sheet_of_form(view.sheet, &words->own))
        words->form->failed = true;
}

static void branch_read(struct asset_words *words, struct wish *wish)
{
    struct bytes branch = bytes_of("", 0);
    if (!is_said(words, wish, "branch"))
        return;
    if (wish_text(wish, "branch", 0, PATH_MAX_BYTES, &branch) && branch.size > 0 &&
        path_fault(branch) != NULL)
        wish_fault(wish, "branch", path_fault(branch));
    /* Its own path is what it has anyway, wherever it is moved. */
    if (bytes_equal(branch, words->path))
        branch.size = 0;
    words->branch = branch;
    words->branch_said = true;
    form_put_text(words->form, ASSET_TAG_BRANCH, branch);
}

void asset_says_read(struct exchange *exchange, struct asset_words *words, struct wish *wish)
{
    struct bytes title = bytes_of("", 0);
    unsigned level = 0;
    form_put_text(words->form, ASSET_TAG_NAME, words->name);
    form_put_integer(words->form, ASSET_TAG_PARENT, words->parent);
    (void)wish_text(wish, "title", 0, ASSET_TITLE_MAX, &title);
    if (is_said(words, wish, "title"))
        form_put_text(words->form, ASSET_TAG_TITLE, title);
    (void)wish_level(wish, &level);
    if (is_said(words, wish, "level"))
        form_put_integer(words->form, ASSET_TAG_LEVEL, (int64_t)level);
    type_read(exchange, words, wish);
    branch_read(words, wish);
    if (is_said(words, wish, "place"))
        place_read(wish, words->form);
    if (is_said(words, wish, "attributes") || is_said(words, wish, "bindings") ||
        is_said(words, wish, "relations"))
        items_read(exchange, words, wish);
    asset_sheet_done(&words->types);
    asset_sheet_done(&words->own);
}

bool asset_path_split(struct exchange *exchange, struct bytes path, struct asset_words *words)
{
    const uint8_t *slash = path.size > 0 ? memrchr(path.at, '/', path.size) : NULL;
    size_t above = slash != NULL ? (size_t)(slash - path.at) : 0;
    words->path = path;
    words->name = slash != NULL ? bytes_of(slash + 1, path.size - above - 1) : path;
    words->parent = ASSET_NONE;
    if (slash == NULL)
        return true;
    words->parent = assets_find(assets_of(exchange), exchange->tenant, bytes_of(path.at, above));
    return words->parent != ASSET_NONE && asset_sight(exchange, words->parent) != NAMESPACE_HIDDEN;
}

/* Parts whose branch is their path are elsewhere when what is above them is moved: he may do that
 * who may change whatever is below both paths. */
static bool below_may(struct exchange *exchange, struct bytes path)
{
    uint8_t all[PATTERN_BYTES_MAX];
    if (path.size + 2 > sizeof all)
        return false;
    memcpy(all, path.at, path.size);
    memcpy(all + path.size, "/#", 2);
    return pattern_reach(exchange, RIGHT_CONFIGURE, exchange->tenant,
                         bytes_of(all, path.size + 2)) == REACH_ALL;
}

static bool parts_may_move(struct exchange *exchange, const struct asset_words *words)
{
    struct asset_view view;
    uint8_t path[PATH_MAX_BYTES];
    assets_asset(assets_of(exchange), words->asset, &view);
    if (!words->moves || view.parts == 0)
        return true;
    size_t size = assets_path(assets_of(exchange), words->asset, path);
    return size > 0 && below_may(exchange, bytes_of(path, size)) &&
           below_may(exchange, words->path);
}

enum verdict asset_words_judge(struct exchange *exchange, const struct asset_words *words)
{
    uint8_t path[PATH_MAX_BYTES];
    struct bytes branch =
        words->branch_said && words->branch.size > 0 ? words->branch : words->path;
    enum verdict verdict = VERDICT_MAY;
    if (words->asset != ASSET_NONE) {
        size_t size = assets_branch(assets_of(exchange), words->asset, path);
        verdict = exchange_judge(exchange, RIGHT_CONFIGURE, exchange->tenant, bytes_of(path, size));
        if (verdict != VERDICT_MAY || (!words->branch_said && !words->moves))
            return verdict;
        if (!parts_may_move(exchange, words))
            return VERDICT_FORBIDDEN;
        struct asset_view view;
        assets_asset(assets_of(exchange), words->asset, &view);
        if (!words->branch_said && view.branch.size > 0)
            return verdict; /* it is moved, and its points stay where they are */
    }
    return exchange_judge(exchange, RIGHT_CONFIGURE, exchange->tenant, branch);
}
