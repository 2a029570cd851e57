/* Items of sheets: attributes, metrics, bindings, relations, and what is wrong with one. A sheet is
 * the items of a command as they came, one behind the other. */
#include "model/assets/tables.h"

#include "paths/paths.h"

#include <math.h>
#include <string.h>

#define NUMBER_TEXT_MAX 64 /* bytes of a number as text */

/* ---- values as texts ---------------------------------------------------------------------------
 */
static size_t digits_at(struct bytes text, size_t at)
{
    size_t count = 0;
    while (at + count < text.size && text.at[at + count] >= '0' && text.at[at + count] <= '9')
        count++;
    return count;
}

/* A number as in JSON (RFC 8259, 6), leading zeros and all. */
static bool text_is_real(struct bytes text)
{
    size_t at = text.size > 0 && text.at[0] == '-';
    size_t whole = digits_at(text, at);
    if (whole == 0 || text.size > NUMBER_TEXT_MAX)
        return false;
    at += whole;
    if (at < text.size && text.at[at] == '.') {
        size_t decimals = digits_at(text, at + 1);
        if (decimals == 0)
            return false;
        at += 1 + decimals;
    }
    if (at < text.size && (text.at[at] | 0x20) == 'e') {
        at++;
        at += at < text.size && (text.at[at] == '-' || text.at[at] == '+');
        size_t digits = digits_at(text, at);
        if (digits == 0 || digits > 3)
            return false;
        at += digits;
    }
    return at == text.size;
}

static bool text_is_integer(struct bytes text)
{
    bool negative = text.size > 0 && text.at[0] == '-';
    uint64_t number = 0, most = (uint64_t)INT64_MAX + negative;
    if (text.size == negative || digits_at(text, negative) != text.size - negative)
        return false;
    for (size_t i = negative; i < text.size; i++) {
        uint64_t digit = (uint64_t)(text.at[i] - '0');
        if (number > (most - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    return true;
}

bool asset_value_is_of_type(uint8_t type, struct bytes text)
{
    if (text.size == 0)
        return true;
    switch (type) {
    case VALUE_FLOAT64:
        return text_is_real(text);
    case VALUE_INT64:
        return text_is_integer(text);
    case VALUE_BOOL:
        return bytes_equal(text, bytes_text("true")) || bytes_equal(text, bytes_text("false"));
    case VALUE_STRING:
        return true;
    default:
        return false;
    }
}

/* ---- reading one -------------------------------------------------------------------------------
 */
static const char *limits_read(struct bytes form, double *limits)
{
    struct form_field field;
    size_t offset = 0;
    unsigned seen = 0;
    while (form_next(form, &offset, &field)) {
        if (field.type != FORM_REAL || field.tag > LIMIT_KINDS || seen >> field.tag & 1)
            return "a limit is a number, each kind once";
        seen |= 1u << field.tag;
        limits[field.tag - 1] = field.real;
    }
    double last = -INFINITY;
    for (unsigned i = 0; i < LIMIT_KINDS; i++) {
        if (isnan(limits[i]))
            continue;
        if (limits[i] < last)
            return "limits ascend: low low, low, high, high high";
        last = limits[i];
    }
    return offset == form.size ? NULL : "limits are no form";
}

static bool integer_within(const struct form_field *field, int64_t least, int64_t most)
{
    return field->type == FORM_INTEGER && field->integer >= least && field->integer <= most;
}

static const char *field_read(const struct form_field *field, struct asset_item *item)
{
    switch (field->tag) {
    case ITEM_TAG_KIND:
        item->kind = (uint8_t)field->integer;
        return integer_within(field, ITEM_ATTRIBUTE, ITEM_RELATION) ? NULL : "no such kind of item";
    case ITEM_TAG_NAME:
        item->name = field->text;
        return field->type == FORM_TEXT ? NULL : "an item's name is a text";
    case ITEM_TAG_TYPE:
        item->type = (uint8_t)field->integer;
        return integer_within(field, VALUE_FLOAT64, VALUE_STRING) ? NULL : "no such type of value";
    case ITEM_TAG_UNIT:
        item->unit = field->text;
        return field->type == FORM_TEXT ? NULL : "an item's unit is a text";
    case ITEM_TAG_TEXT:
        item->text = field->text;
        return field->type == FORM_TEXT ? NULL : "what an item says is a text";
    case ITEM_TAG_REQUIRED:
        item->required = field->integer == 1;
        return integer_within(field, 0, 1) ? NULL : "required is 0 or 1";
    case ITEM_TAG_LIMIT:
        return field->type == FORM_FORM ? limits_read(field->text, item->limits)
                                        : "limits are a form";
    case ITEM_TAG_DEADBAND:
        item->deadband = field->real;
        return field->type == FORM_REAL && field->real >= 0 ? NULL
                                                            : "a deadband is a number of 0 or more";
    case ITEM_TAG_OTHER:
        item->other = (uint32_t)field->integer;
        return integer_within(field, 1, UINT32_MAX) ? NULL : "a relation names another asset";
    default:
        return "an item has a field that is not known";
    }
}

static bool text_is_plain(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] < 0x20 || text.at[i] == 0x7f)
            return false;
    return bytes_are_utf8(text);
}

/* Which fields an item of a kind may have; bit of its tag. */
#define FIELD(tag) (1u << (tag))
static const uint16_t fields_of[] = {
    [ITEM_ATTRIBUTE] = FIELD(ITEM_TAG_KIND) | FIELD(ITEM_TAG_NAME) | FIELD(ITEM_TAG_TYPE) |
                       FIELD(ITEM_TAG_UNIT) | FIELD(ITEM_TAG_TEXT) | FIELD(ITEM_TAG_REQUIRED),
    [ITEM_METRIC] = FIELD(ITEM_TAG_KIND) | FIELD(ITEM_TAG_NAME) | FIELD(ITEM_TAG_TYPE) |
                    FIELD(ITEM_TAG_UNIT) | FIELD(ITEM_TAG_TEXT) | FIELD(ITEM_TAG_LIMIT) |
                    FIELD(ITEM_TAG_DEADBAND),
    [ITEM_BINDING] = FIELD(ITEM_TAG_KIND) | FIELD(ITEM_TAG_NAME) | FIELD(ITEM_TAG_TEXT),
    [ITEM_RELATION] = FIELD(ITEM_TAG_KIND) | FIELD(ITEM_TAG_NAME) | FIELD(ITEM_TAG_OTHER),
};

static bool item_has_limits(const struct asset_item *item)
{
    for (unsigned i = 0; i < LIMIT_KINDS; i++)
        if (!isnan(item->limits[i]))
            return true;
    return false;
}

static const char *kind_fault(const struct asset_item *item, unsigned seen)
{
    bool number = item->type == VALUE_FLOAT64 || item->type == VALUE_INT64;
    if (item->kind == 0)
        return "an item has a kind";
    if (seen & ~(unsigned)fields_of[item->kind])
        return "an item has a field that is not of its kind";
    switch (item->kind) {
    case ITEM_ATTRIBUTE:
        return asset_value_is_of_type(item->type, item->text)
                   ? NULL
                   : "the value of an attribute is not of its type";
    case ITEM_METRIC:
        if (path_fault(item->name) != NULL)
            return "a metric's name is a path below the branch of its asset";
        return number || (!item_has_limits(item) && item->deadband == 0)
                   ? NULL
                   : "limits and a deadband are for numbers";
    case ITEM_BINDING:
        return path_fault(item->name) == NULL && path_fault(item->text) == NULL
                   ? NULL
                   : "a binding says the path of a point for a metric";
    default:
        return item->other != ASSET_NONE ? NULL : "a relation names another asset";
    }
}

static const char *item_read(struct bytes form, struct asset_item *item)
{
    struct form_field field;
    size_t offset = 0;
    unsigned seen = 0;
    while (form_next(form, &offset, &field)) {
        if (field.tag <= ITEM_TAG_OTHER && seen >> field.tag & 1)
            return "a field of an item comes twice";
        const char *fault = field_read(&field, item);
        if (fault != NULL)
            return fault;
        seen |= 1u << field.tag;
    }
    if (offset != form.size)
        return "an item is no form";
    if (item->name.size == 0 || item->name.size > ITEM_NAME_MAX || !text_is_plain(item->name))
        return "an item's name has 1 to 256 bytes of UTF-8 and no control characters";
    if (item->unit.size > UNIT_BYTES_MAX || !text_is_plain(item->unit))
        return "a unit has at most 32 bytes of UTF-8 and no control characters";
    if (item->text.size > ASSET_TEXT_MAX || !bytes_are_utf8(item->text))
        return "what an item says has at most 2048 bytes of UTF-8";
    return kind_fault(item, seen);
}

bool asset_item_next(struct bytes form, size_t *offset, struct asset_item *ret_item,
                     const char **ret_fault)
{
    struct form_field field;
    *ret_fault = NULL;
    while (form_next(form, offset, &field)) {
        if (field.tag != ASSET_TAG_ITEM)
            continue;
        struct asset_item item = {.type = VALUE_FLOAT64,
                                  .name = bytes_of("", 0),
                                  .unit = bytes_of("", 0),
                                  .text = bytes_of("", 0)};
        for (unsigned i = 0; i < LIMIT_KINDS; i++)
            item.limits[i] = NAN;
        *ret_fault = field.type == FORM_FORM ? item_read(field.text, &item) : "an item is a form";
        if (*ret_fault != NULL)
            return false;
        *ret_item = item;
        return true;
    }
    if (*offset != form.size)
        *ret_fault = "what is said is no form";
    return false;
}

/* ---- in sheets: what lies there was judged, or is passed over ---- */
bool asset_sheet_item_next(struct bytes sheet, size_t *offset, unsigned kind,
                           struct asset_item *ret_item)
{
    const char *fault;
    for (;;) {
        size_t before = *offset;
        if (asset_item_next(sheet, offset, ret_item, &fault)) {
            if (kind == 0 || ret_item->kind == kind)
                return true;
        } else if (fault == NULL || *offset == before) {
            return false;
        }
    }
}

/* Names are compared before the rest of an item is looked at: most are others. */
bool asset_sheet_item_find(struct bytes sheet, unsigned kind, struct bytes name,
                           struct asset_item *ret_item)
{
    struct form_field field;
    size_t offset = 0, at = 0;
    const char *fault;
    while (form_next(sheet, &offset, &field)) {
        if (field.tag == ASSET_TAG_ITEM && field.type == FORM_FORM &&
            form_integer(field.text, ITEM_TAG_KIND, 0) == kind &&
            bytes_equal(form_text(field.text, ITEM_TAG_NAME), name))
            return asset_item_next(sheet, &at, ret_item, &fault);
        at = offset;
    }
    return false;
}

/* ---- a list of them ----------------------------------------------------------------------------
 */
static const char *item_belongs_fault(const struct asset_item *item, bool of_type)
{
    if (of_type && (item->kind == ITEM_BINDING || item->kind == ITEM_RELATION))
        return "a type has attributes and metrics, no bindings and no relations";
    if (!of_type && item->kind == ITEM_METRIC)
        return "an asset has the metrics of its type, none of its own";
    if (!of_type && item->required)
        return "an attribute is required by a type";
    return NULL;
}

/* Of relations the other asset counts as well: a pump feeds several. */
static bool items_are_one(const struct asset_item *a, const struct asset_item *b)
{
    return a->kind == b->kind && a->other == b->other && bytes_equal(a->name, b->name);
}

const char *asset_items_fault(struct bytes form, bool of_type)
{
    struct asset_item items[ASSET_ITEMS_MAX], item;
    const char *fault;
    size_t offset = 0, count = 0;
    while (asset_item_next(form, &offset, &item, &fault)) {
        if (count == ASSET_ITEMS_MAX)
            return "there are at most 256 items";
        fault = item_belongs_fault(&item, of_type);
        for (size_t i = 0; fault == NULL && i < count; i++)
            fault = items_are_one(&items[i], &item) ? "two items have the same name" : NULL;
        if (fault != NULL)
            return fault;
        items[count++] = item;
    }
    if (fault != NULL)
        return fault;
    return asset_sheet_size(form) > ASSET_SHEET_MAX ? "all items together have at most 8192 bytes"
                                                    : NULL;
}

static size_t sheet_copy(struct bytes form, uint8_t *into)
{
    struct form_field field;
    size_t offset = 0, before = 0, size = 0;
    while (form_next(form, &offset, &field)) {
        if (field.tag == ASSET_TAG_ITEM) {
            if (into != NULL)
                memcpy(into + size, form.at + before, offset - before);
            size += offset - before;
        }
        before = offset;
    }
    return size;
}

size_t asset_sheet_size(struct bytes form)
{
    return sheet_copy(form, NULL);
}

struct bytes asset_sheet_of(struct bytes form, uint8_t *into)
{
    return bytes_of(into, sheet_copy(form, into));
}

/* ---- writing one -------------------------------------------------------------------------------
 */
static void limits_put(struct form_writer *form, const double *limits)
{
    uint8_t bytes[64];
    struct form_writer inner = {.at = bytes, .capacity = sizeof bytes};
    struct bytes fields;
    for (unsigned i = 0; i < LIMIT_KINDS; i++)
        if (!isnan(limits[i]))
            form_put_real(&inner, (uint8_t)(i + 1), limits[i]);
    form->failed = form->failed || !form_end(&inner, &fields);
    if (!form->failed)
        form_put_form(form, ITEM_TAG_LIMIT, fields);
}

void asset_item_put(struct form_writer *form, const struct asset_item *item)
{
    uint8_t bytes[3 * 16 + 5 * 16 + ITEM_NAME_MAX + UNIT_BYTES_MAX + ASSET_TEXT_MAX + 128];
    struct form_writer inner = {.at = bytes, .capacity = sizeof bytes};
    struct bytes fields;
    form_put_integer(&inner, ITEM_TAG_KIND, item->kind);
    form_put_text(&inner, ITEM_TAG_NAME, item->name);
    bool typed = item->kind == ITEM_ATTRIBUTE || item->kind == ITEM_METRIC;
    if (typed && item->type != VALUE_FLOAT64)
        form_put_integer(&inner, ITEM_TAG_TYPE, item->type);
    if (item->unit.size > 0)
        form_put_text(&inner, ITEM_TAG_UNIT, item->unit);
    if (item->text.size > 0)
        form_put_text(&inner, ITEM_TAG_TEXT, item->text);
    if (item->required)
        form_put_integer(&inner, ITEM_TAG_REQUIRED, 1);
    if (item->kind == ITEM_METRIC && item_has_limits(item))
        limits_put(&inner, item->limits);
    if (item->kind == ITEM_METRIC && item->deadband > 0)
        form_put_real(&inner, ITEM_TAG_DEADBAND, item->deadband);
    if (item->kind == ITEM_RELATION)
        form_put_integer(&inner, ITEM_TAG_OTHER, item->other);
    form->failed = form->failed || !form_end(&inner, &fields);
    if (!form->failed)
        form_put_form(form, ASSET_TAG_ITEM, fields);
}
