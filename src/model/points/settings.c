/* Settings: unit, description and labels in one text, limits in a row of their own: most points
 * have neither and pay nothing.
 *
 *   text: description size (2), unit size (1), label count (1), unit, description,
 *         then for each label: name size (1), value size (1), name, value */
#include "model/points/tables.h"

#include <math.h>
#include <string.h>

#define SETTINGS_HEAD 4u
_Static_assert(SETTINGS_HEAD + UNIT_BYTES_MAX + DESCRIPTION_BYTES_MAX +
                       LABELS_MAX * (2 + 2 * LABEL_BYTES_MAX) <=
                   TEXTS_BYTES_MAX,
               "all settings fit into the largest text");
_Static_assert(UNIT_BYTES_MAX < 256 && LABELS_MAX < 256 && LABEL_BYTES_MAX < 256, "one byte each");

/* ---- reading
 * ------------------------------------------------------------------------------------------ */

/* False when the text is no settings. */
static bool settings_decode(struct bytes text, struct point_view *view)
{
    if (text.size < SETTINGS_HEAD)
        return false;
    size_t description_size = load_u16(text.at), unit_size = text.at[2], at = SETTINGS_HEAD;
    uint16_t labels = text.at[3];
    if (labels > LABELS_MAX || at + unit_size + description_size > text.size)
        return false;
    view->unit = bytes_of(text.at + at, unit_size);
    view->description = bytes_of(text.at + at + unit_size, description_size);
    at += unit_size + description_size;
    for (uint16_t i = 0; i < labels; i++) {
        if (at + 2 > text.size)
            return false;
        size_t name_size = text.at[at], value_size = text.at[at + 1];
        if (at + 2 + name_size + value_size > text.size)
            return false;
        view->labels[i].name = bytes_of(text.at + at + 2, name_size);
        view->labels[i].value = bytes_of(text.at + at + 2 + name_size, value_size);
        at += 2 + name_size + value_size;
    }
    view->label_count = labels;
    return at == text.size;
}

void settings_into_view(const struct points *points, uint32_t settings, struct point_view *view)
{
    if (settings == TEXT_NONE)
        return;
    bool valid = settings_decode(texts_get(&points->texts, settings), view);
    check(valid); /* points_rebuild judged what came from outside */
}

bool settings_are_valid(const struct points *points, uint32_t settings)
{
    struct point_view view;
    return settings == TEXT_NONE || (texts_is_valid(&points->texts, settings, TEXTS_BYTES_MAX) &&
                                     settings_decode(texts_get(&points->texts, settings), &view));
}

/* ---- judging
 * ------------------------------------------------------------------------------------------ */

static bool text_fits(struct bytes text, size_t size_max)
{
    return text.size <= size_max && bytes_are_utf8(text);
}

bool labels_are_valid(const struct label *labels, uint16_t count)
{
    if (count > LABELS_MAX)
        return false;
    for (uint16_t i = 0; i < count; i++) {
        const struct label *label = &labels[i];
        if (label->name.size == 0 || !text_fits(label->name, LABEL_BYTES_MAX) ||
            !text_fits(label->value, LABEL_BYTES_MAX))
            return false;
        for (uint16_t j = 0; j < i; j++) {
            if (bytes_equal(labels[j].name, label->name))
                return false;
        }
    }
    return true;
}

static bool limits_are_valid(const double *limits, bool *ret_any)
{
    double last = -INFINITY;
    *ret_any = false;
    for (size_t i = 0; i < LIMIT_KINDS; i++) {
        if (isnan(limits[i]))
            continue;
        if (isinf(limits[i]) || limits[i] < last)
            return false;
        last = limits[i];
        *ret_any = true;
    }
    return true;
}

enum outcome_code settings_judge(const struct points *points, uint32_t point,
                                 const struct point_settings *settings)
{
    const struct live_entry *live = point == POINT_NONE ? NULL : live_at(points, point);
    uint8_t type = live == NULL ? VALUE_FLOAT64 : live->type;
    bool limited = live != NULL && live->limit_mask != 0;
    uint32_t has = settings->has;
    if (has & HAS_TYPE) {
        if (value_type_name(settings->type) == NULL)
            return OUTCOME_SETTINGS_INVALID;
        if (live != NULL && live->flags & (LIVE_SEEN | LIVE_ERASED) && settings->type != type)
            return OUTCOME_TYPE_FIXED;
        type = settings->type;
    }
    if (has & HAS_LIMITS && !limits_are_valid(settings->limits, &limited))
        return OUTCOME_SETTINGS_INVALID;
    if (limited && type != VALUE_FLOAT64 && type != VALUE_INT64)
        return OUTCOME_SETTINGS_INVALID;
    if ((has & HAS_UNIT && !text_fits(settings->unit, UNIT_BYTES_MAX)) ||
        (has & HAS_DESCRIPTION && !text_fits(settings->description, DESCRIPTION_BYTES_MAX)) ||
        (has & HAS_LABELS && !labels_are_valid(settings->labels, settings->label_count)))
        return OUTCOME_SETTINGS_INVALID;
    return OUTCOME_DONE;
}

/* ---- writing
 * ------------------------------------------------------------------------------------------ */

static size_t bytes_put(uint8_t *at, struct bytes bytes)
{
    if (bytes.size > 0)
        memcpy(at, bytes.at, bytes.size);
    return bytes.size;
}

/* What the point's text is to be: what it was, with what the command has. Returns its size; 0 when
 * nothing is left to say. text[TEXTS_BYTES_MAX] */
static size_t settings_encode(const struct points *points, uint32_t point,
                              const struct point_settings *settings, uint8_t *text)
{
    struct point_view view = {0};
    if (point != POINT_NONE)
        settings_into_view(points, point_at(points, point)->settings, &view);
    struct bytes unit = settings->has & HAS_UNIT ? settings->unit : view.unit;
    struct bytes description =
        settings->has & HAS_DESCRIPTION ? settings->description : view.description;
    const struct label *labels = settings->has & HAS_LABELS ? settings->labels : view.labels;
    uint16_t count = settings->has & HAS_LABELS ? settings->label_count : view.label_count;
    if (unit.size + description.size + count == 0)
        return 0;
    store_u16(text, (uint16_t)description.size);
    text[2] = (uint8_t)unit.size;
    text[3] = (uint8_t)count;
    size_t size = SETTINGS_HEAD;
    size += bytes_put(text + size, unit);
    size += bytes_put(text + size, description);
    for (uint16_t i = 0; i < count; i++) {
        text[size++] = (uint8_t)labels[i].name.size;
        text[size++] = (uint8_t)labels[i].value.size;
        size += bytes_put(text + size, labels[i].name);
        size += bytes_put(text + size, labels[i].value);
    }
    return size;
}

/* The budget of settings and own paths after a text of `before` bytes became one of `after`. */
static bool settings_budget(const struct points *points, size_t before, size_t after,
                            uint64_t *ret_bytes)
{
    *ret_bytes = points->counters->settings_bytes - texts_cost(before) + texts_cost(after);
    return texts_cost(after) <= texts_cost(before) ||
           *ret_bytes <= points->limits.strings_bytes_max;
}

enum err settings_text_set(struct points *points, uint32_t *text, struct bytes content,
                           enum outcome_code *ret_code)
{
    uint64_t bytes;
    if (!settings_budget(points, texts_get(&points->texts, *text).size, content.size, &bytes)) {
        *ret_code = OUTCOME_LIMIT;
        return OK;
    }
    enum err err = texts_set(&points->texts, text, content);
    if (err == OK)
        counters_write(points)->settings_bytes = bytes;
    return err;
}

bool settings_fit(const struct points *points, const struct point_settings *settings)
{
    uint8_t text[TEXTS_BYTES_MAX];
    uint64_t bytes;
    return settings_budget(points, 0, settings_encode(points, POINT_NONE, settings, text), &bytes);
}

static enum err limits_put(struct points *points, uint32_t point, const double *limits)
{
    struct live_entry *live = state_write(&points->live, point);
    uint8_t mask = 0;
    struct limits_entry entry = {{0}};
    for (uint8_t i = 0; i < LIMIT_KINDS; i++) {
        if (isnan(limits[i]))
            continue;
        mask |= (uint8_t)(1u << i);
        entry.limits[i] = limits[i];
    }
    if (mask != 0) {
        enum err err = state_table_grow(&points->limit_rows, point + 1);
        if (err != OK)
            return err;
    }
    if (point < state_table_capacity(&points->limit_rows))
        *(struct limits_entry *)state_write(&points->limit_rows, point) = entry;
    live->limit_mask = mask;
    live_judge(points, point, live);
    return OK;
}

enum err settings_put(struct points *points, uint32_t point, const struct point_settings *settings,
                      enum outcome_code *ret_code)
{
    struct point_entry *entry = state_write(&points->points, point);
    enum err err = OK;
    if (settings->has & (HAS_UNIT | HAS_DESCRIPTION | HAS_LABELS)) {
        uint8_t text[TEXTS_BYTES_MAX];
        size_t size = settings_encode(points, point, settings, text);
        err = settings_text_set(points, &entry->settings, bytes_of(text, size), ret_code);
    }
    if (err != OK || *ret_code != OUTCOME_DONE)
        return err;
    if (settings->has & HAS_LABELS && row_has_labels(points, entry->row))
        entry->flags |= POINT_LABELED;
    if (settings->has & HAS_TYPE) {
        entry->type = settings->type;
        ((struct live_entry *)state_write(&points->live, point))->type = settings->type;
    }
    return settings->has & HAS_LIMITS ? limits_put(points, point, settings->limits) : OK;
}
