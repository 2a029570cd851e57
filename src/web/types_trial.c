/* What a type would do if it said something else: which of its assets show another value, which of
 * their points are concerned, which would lack what is required. Nothing is changed.
 *
 * First the two sheets, as it is and as it would be, are held against each other; then the assets
 * of the type and of those below it are walked over, a bounded piece a step. Texts of the sheets
 * are the trial's own: what the tables hold may move between two steps. */
#include "web/assets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRIAL_SHOWN 100
#define TRIAL_DIFFERENCES_MAX 512
#define TRIAL_VALUE 96 /* of a text, shown */

struct difference {
    uint8_t kind; /* enum item_kind */
    bool required;
    char name[257], what[16], before[TRIAL_VALUE], after[TRIAL_VALUE];
};
struct trial {
    struct module_order module;
    uint32_t type, at_type, at_asset;
    uint64_t assets, points;
    size_t shown, lacking, count;
    struct difference *differences;
    struct json_writer faults;
};

size_t type_trial_size(void)
{
    return sizeof(struct trial);
}

/* ---- differences -------------------------------------------------------------------------------
 */
static void value_cut(struct bytes text, char at[TRIAL_VALUE])
{
    size_t size = text.size < TRIAL_VALUE - 1 ? text.size : TRIAL_VALUE - 1;
    while (size < text.size && size > 0 && (text.at[size] & 0xC0) == 0x80)
        size--;
    if (size > 0)
        memcpy(at, text.at, size);
    at[size] = '\0';
}

static void real_cut(double real, char at[TRIAL_VALUE])
{
    char text[REAL_TEXT_SIZE];
    value_cut(isnan(real) ? bytes_of("", 0) : bytes_of(text, real_text_put(text, real)), at);
}

static struct difference *difference_add(struct trial *trial, const struct asset_item *item,
                                         const char *what)
{
    if (trial->count == TRIAL_DIFFERENCES_MAX)
        return NULL;
    struct difference *difference = &trial->differences[trial->count++];
    *difference = (struct difference){.kind = item->kind, .required = item->required};
    memcpy(difference->name, item->name.at, item->name.size < 256 ? item->name.size : 256);
    snprintf(difference->what, sizeof difference->what, "%s", what);
    return difference;
}

static void texts_compare(struct trial *trial, const struct asset_item *item, const char *what,
                          struct bytes before, struct bytes after)
{
    struct difference *difference =
        bytes_equal(before, after) ? NULL : difference_add(trial, item, what);
    if (difference == NULL)
        return;
    value_cut(before, difference->before);
    value_cut(after, difference->after);
}

static void reals_compare(struct trial *trial, const struct asset_item *item, const char *what,
                          double before, double after)
{
    bool same = isnan(before) ? isnan(after) : before <= after && before >= after;
    struct difference *difference = same ? NULL : difference_add(trial, item, what);
    if (difference == NULL)
        return;
    real_cut(before, difference->before);
    real_cut(after, difference->after);
}

static void items_compare(struct trial *trial, const struct asset_item *before,
                          const struct asset_item *after)
{
    static const char *const limits[LIMIT_KINDS] = {[LIMIT_LOW_LOW] = "low_low",
                                                    [LIMIT_LOW] = "low",
                                                    [LIMIT_HIGH] = "high",
                                                    [LIMIT_HIGH_HIGH] = "high_high"};
    static const char *const kinds[] = {[ITEM_ATTRIBUTE] = "value", [ITEM_METRIC] = "description"};
    texts_compare(trial, after, "type", bytes_text(value_type_name(before->type)),
                  bytes_text(value_type_name(after->type)));
    texts_compare(trial, after, "unit", before->unit, after->unit);
    texts_compare(trial, after, kinds[after->kind], before->text, after->text);
    if (before->required != after->required)
        texts_compare(trial, after, "required", bytes_text(before->required ? "true" : "false"),
                      bytes_text(after->required ? "true" : "false"));
    for (size_t i = 0; i < LIMIT_KINDS && after->kind == ITEM_METRIC; i++)
        reals_compare(trial, after, limits[i], before->limits[i], after->limits[i]);
    if (after->kind == ITEM_METRIC)
        reals_compare(trial, after, "deadband", before->deadband, after->deadband);
}

static void sheets_compare(struct trial *trial, const struct asset_sheet *before,
                           const struct asset_sheet *after)
{
    static const char *const words[] = {[ITEM_ATTRIBUTE] = "attribute", [ITEM_METRIC] = "metric"};
    for (size_t i = 0; i < after->count; i++) {
        const struct asset_item *item = &after->items[i];
        const struct asset_item *was = asset_sheet_find(before, item->kind, item->name);
        if (was != NULL)
            items_compare(trial, was, item);
        else
            texts_compare(trial, item, words[item->kind], bytes_of("", 0), item->name);
    }
    for (size_t i = 0; i < before->count; i++) {
        const struct asset_item *item = &before->items[i];
        if (asset_sheet_find(after, item->kind, item->name) == NULL)
            texts_compare(trial, item, words[item->kind], item->name, bytes_of("", 0));
    }
}

/* The sheet as it would be: what the form says, then what its parent there has. */
static bool sheet_trial(struct exchange *exchange, struct bytes form, struct asset_sheet *ret_sheet)
{
    struct asset_sheet above;
    if (!asset_sheet_of_form(form, ret_sheet))
        return false;
    uint32_t parent = (uint32_t)form_integer(form, ASSET_TAG_PARENT, TYPE_NONE);
    bool whole = asset_sheet_of_type(exchange, parent, INT64_MAX, false, &above);
    for (size_t i = 0; whole && i < above.count; i++)
        whole = asset_sheet_add(ret_sheet, &above.items[i]);
    if (whole)
        asset_sheet_done(&above);
    else
        asset_sheet_done(ret_sheet);
    return whole;
}

static bool trial_compare(struct exchange *exchange, struct trial *trial)
{
    struct asset_sheet before, after;
    struct bytes form;
    if (!form_end(&trial->module.form, &form) || !sheet_trial(exchange, form, &after))
        return false;
    if (!asset_sheet_of_type(exchange, trial->type, INT64_MAX, false, &before)) {
        asset_sheet_done(&after);
        return false;
    }
    sheets_compare(trial, &before, &after);
    asset_sheet_done(&before);
    asset_sheet_done(&after);
    return true;
}

/* ---- the assets --------------------------------------------------------------------------------
 */
static void change_put(struct exchange *exchange, uint32_t asset,
                       const struct difference *difference)
{
    struct json_writer *json = &exchange->json;
    char what[320];
    int size = snprintf(what, sizeof what, "%s: %s", difference->name, difference->what);
    json_put_object(json);
    put_asset_path(exchange, "asset", asset);
    json_member_string(json, "what", bytes_of(what, (size_t)size));
    put_text(json, "before", bytes_text(difference->before));
    put_text(json, "after", bytes_text(difference->after));
    json_put_object_end(json);
}

static void fault_put(struct exchange *exchange, struct trial *trial, uint32_t asset,
                      const char *name)
{
    uint8_t path[PATH_MAX_BYTES];
    char detail[320];
    int size =
        snprintf(detail, sizeof detail, "the attribute %s is required, and it has none", name);
    if (trial->lacking++ >= TRIAL_SHOWN)
        return;
    json_put_object(&trial->faults);
    json_member_string(&trial->faults, "asset",
                       bytes_of(path, assets_path(assets_of(exchange), asset, path)));
    json_member_string(&trial->faults, "detail", bytes_of(detail, (size_t)size));
    json_put_object_end(&trial->faults);
}

/* Its own sheet is as it was: what it says itself does not change. */
static void trial_asset(struct exchange *exchange, struct trial *trial, uint32_t asset)
{
    struct asset_view view;
    struct asset_sheet own;
    bool seen = asset_seen(exchange, asset);
    assets_asset(assets_of(exchange), asset, &view);
    trial->assets++;
    if (trial->count == 0 || !asset_sheet_of_form(view.sheet, &own))
        return;
    for (size_t i = 0; i < trial->count; i++) {
        const struct difference *difference = &trial->differences[i];
        struct bytes name = bytes_text(difference->name);
        if (difference->kind == ITEM_METRIC)
            trial->points += assets_point(assets_of(exchange), asset, name) != POINT_NONE;
        else if (asset_sheet_find(&own, ITEM_ATTRIBUTE, name) != NULL)
            continue;
        else if (difference->required && difference->after[0] == '\0' && seen)
            fault_put(exchange, trial, asset, difference->name);
        if (seen && trial->shown < TRIAL_SHOWN) {
            trial->shown++;
            change_put(exchange, asset, difference);
        }
    }
    asset_sheet_done(&own);
}

static enum handled trial_end(struct exchange *exchange, struct trial *trial)
{
    struct json_writer *json = &exchange->json;
    json_put_array_end(json);
    json_put_array_end(&trial->faults);
    json_put_name(json, "faults");
    json_put_raw(json, json_writer_text(&trial->faults));
    json_member_count(json, "assets", trial->assets);
    json_member_count(json, "points", trial->points);
    json_put_object_end(json);
    if (json_writer_failed(&trial->faults))
        return answer_memory(exchange);
    return answer_json(exchange, 200);
}

/* The next asset: behind the last of its type, then of the next type that is one of these. The one
 * of the step before may have been retired since, or be of another type: then the walk over its
 * type ends there, and the numbers are those of a moment that is gone. */
static bool trial_next(const struct exchange *exchange, struct trial *trial)
{
    const struct assets *assets = assets_of(exchange);
    struct asset_view view;
    if (trial->at_asset != ASSET_NONE) {
        assets_asset(assets, trial->at_asset, &view);
        bool gone = view.retired || view.type != trial->at_type;
        trial->at_asset = gone ? ASSET_NONE : assets_of_type_next(assets, trial->at_asset);
    }
    if (trial->at_asset != ASSET_NONE)
        return true;
    if (trial->at_type >= assets_types(assets))
        return false;
    trial->at_type++;
    if (type_is(assets, trial->at_type, trial->type))
        trial->at_asset = assets_of_type_first(assets, trial->at_type);
    return true;
}

static enum handled trial_step(struct exchange *exchange)
{
    struct trial *trial = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    while (trial->type != TYPE_NONE && trial_next(exchange, trial)) {
        if (trial->at_asset != ASSET_NONE)
            trial_asset(exchange, trial, trial->at_asset);
        if (turn_is_over(&turn, 64 + 64 * trial->count))
            return HANDLED_STEP;
    }
    return trial_end(exchange, trial);
}

static void trial_drop(struct order *order)
{
    struct trial *trial = (struct trial *)order;
    json_writer_done(&trial->faults);
    free(trial->differences);
}

enum handled type_trial(struct exchange *exchange, uint32_t type)
{
    struct trial *trial = exchange->state;
    trial->type = type;
    trial->module.order.drop = trial_drop;
    json_writer_init(&trial->faults, ANSWER_BYTES);
    trial->differences = calloc(TRIAL_DIFFERENCES_MAX, sizeof *trial->differences);
    if (trial->differences == NULL || !trial_compare(exchange, trial))
        return answer_memory(exchange);
    exchange->resume = trial_step;
    json_put_array(&trial->faults);
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, "changes");
    json_put_array(&exchange->json);
    return trial_step(exchange);
}
