/* What commands about types and assets say, and what is wrong with it, by itself. */
#include "model/assets/tables.h"

#include "paths/paths.h"

#include <string.h>

const char *asset_level_word(unsigned level)
{
    static const char *const words[] = {[ASSET_ENTERPRISE] = "enterprise",
                                        [ASSET_SITE] = "site",
                                        [ASSET_AREA] = "area",
                                        [ASSET_LINE] = "line",
                                        [ASSET_UNIT] = "unit",
                                        [ASSET_DEVICE] = "device"};
    return level < ARRAY_COUNT(words) ? words[level] : NULL;
}

const char *asset_name_fault(struct bytes name)
{
    if (memchr(name.at, '/', name.size) != NULL)
        return "a name is one segment of a path: it has no '/'";
    return path_fault(name);
}

/* ---- place -------------------------------------------------------------------------------------
 */
static bool real_within(const struct form_field *field, double least, double most)
{
    return field->type == FORM_REAL && field->real >= least && field->real <= most;
}

static const char *place_field(const struct form_field *field, struct place *place)
{
    switch (field->tag) {
    case PLACE_TAG_LONGITUDE:
        place->longitude = field->real + 0.0; /* one zero, not two */
        return real_within(field, -180, 180) ? NULL : "a longitude is from -180 to 180 degrees";
    case PLACE_TAG_LATITUDE:
        place->latitude = field->real + 0.0;
        return real_within(field, -90, 90) ? NULL : "a latitude is from -90 to 90 degrees";
    case PLACE_TAG_FLOOR:
        place->floor = (int32_t)field->integer;
        return field->type == FORM_INTEGER && field->integer >= -1000 && field->integer <= 1000
                   ? NULL
                   : "a floor is from -1000 to 1000";
    case PLACE_TAG_PLAN_X:
        place->plan_x = field->real + 0.0;
        return real_within(field, 0, 1) ? NULL : "a place on a plan is from 0 to 1";
    case PLACE_TAG_PLAN_Y:
        place->plan_y = field->real + 0.0;
        return real_within(field, 0, 1) ? NULL : "a place on a plan is from 0 to 1";
    default:
        return "a place has a field that is not known";
    }
}

static const char *place_read(struct bytes form, struct place *ret_place)
{
    struct form_field field;
    size_t offset = 0;
    unsigned seen = 0;
    *ret_place = (struct place){0};
    while (form_next(form, &offset, &field)) {
        if (field.tag <= PLACE_TAG_PLAN_Y && seen >> field.tag & 1)
            return "a field of a place comes twice";
        const char *fault = place_field(&field, ret_place);
        if (fault != NULL)
            return fault;
        seen |= 1u << field.tag;
    }
    bool longitude = seen >> PLACE_TAG_LONGITUDE & 1, latitude = seen >> PLACE_TAG_LATITUDE & 1;
    bool x = seen >> PLACE_TAG_PLAN_X & 1, y = seen >> PLACE_TAG_PLAN_Y & 1;
    if (longitude != latitude)
        return "longitude and latitude come together";
    if (x != y)
        return "both places on a plan come together";
    ret_place->has_map = longitude;
    ret_place->has_plan = x;
    ret_place->has_floor = seen >> PLACE_TAG_FLOOR & 1;
    return offset == form.size ? NULL : "a place is no form";
}

/* ---- a command ---------------------------------------------------------------------------------
 */
static bool number_within(const struct form_field *field, int64_t most)
{
    return field->type == FORM_INTEGER && field->integer >= 0 && field->integer <= most;
}

static const char *branch_fault(struct bytes branch)
{
    return branch.size == 0 ? NULL : path_fault(branch);
}

static const char *word_read(const struct form_field *field, bool of_type,
                             struct asset_words *words)
{
    switch (field->tag) {
    case ASSET_TAG_NAME:
        words->name = field->text;
        return field->type == FORM_TEXT ? asset_name_fault(field->text) : "a name is a text";
    case ASSET_TAG_TITLE:
        words->title = field->text;
        return field->type == FORM_TEXT && field->text.size <= ASSET_TITLE_MAX &&
                       bytes_are_utf8(field->text)
                   ? NULL
                   : "a title has at most 256 bytes of UTF-8";
    case ASSET_TAG_PARENT:
        words->parent = (uint32_t)field->integer;
        return number_within(field, UINT32_MAX) ? NULL : "a parent is a number";
    case ASSET_TAG_TYPE:
        words->type = (uint32_t)field->integer;
        return !of_type && number_within(field, UINT32_MAX) ? NULL : "an asset's type is a number";
    case ASSET_TAG_LEVEL:
        words->level = (uint8_t)field->integer;
        return number_within(field, ASSET_DEVICE) ? NULL : "no such level";
    case ASSET_TAG_BRANCH:
        words->branch = field->text;
        return !of_type && field->type == FORM_TEXT ? branch_fault(field->text)
                                                    : "an asset's branch is a text";
    case ASSET_TAG_PLACE:
        return !of_type && field->type == FORM_FORM ? place_read(field->text, &words->place)
                                                    : "an asset's place is a form";
    case ASSET_TAG_ITEM:
        return NULL; /* all together: asset_items_fault */
    case ASSET_TAG_NO_ITEMS:
        return field->type == FORM_INTEGER && field->integer == 1 ? NULL
                                                                  : "no items is said by a 1";
    default:
        return "a field is not known";
    }
}

static const char *words_read(bool of_type, struct bytes form, struct asset_words *words)
{
    struct form_field field;
    size_t offset = 0;
    while (form_next(form, &offset, &field)) {
        if (field.tag <= ASSET_TAG_NO_ITEMS && field.tag != ASSET_TAG_ITEM &&
            words_have(words, field.tag))
            return "a field comes twice";
        const char *fault = word_read(&field, of_type, words);
        if (fault != NULL)
            return fault;
        words->has |= 1u << field.tag;
    }
    if (words_have(words, ASSET_TAG_ITEM) && words_have(words, ASSET_TAG_NO_ITEMS))
        return "there are items and there are none";
    return offset == form.size ? asset_items_fault(form, of_type) : "what is said is no form";
}

const char *asset_words_read(enum command_kind kind, uint32_t number, struct bytes form,
                             struct asset_words *ret_words)
{
    *ret_words = (struct asset_words){
        .name = bytes_of("", 0), .title = bytes_of("", 0), .branch = bytes_of("", 0)};
    bool of_type = kind == COMMAND_TYPE_SET || kind == COMMAND_TYPE_REMOVE;
    if (kind == COMMAND_TYPE_REMOVE || kind == COMMAND_ASSET_RETIRE) {
        if (form.size != 0)
            return "what goes is named by its number alone";
        return number != 0 ? NULL : "what goes is named by its number";
    }
    if (kind != COMMAND_TYPE_SET && kind != COMMAND_ASSET_SET)
        return "it is no command about types or assets";
    const char *fault = words_read(of_type, form, ret_words);
    if (fault == NULL && number == 0 && !words_have(ret_words, ASSET_TAG_NAME))
        fault = "a new one has a name";
    return fault;
}

const char *asset_form_fault(enum command_kind kind, uint32_t number, struct bytes form)
{
    struct asset_words words;
    return asset_words_read(kind, number, form, &words);
}
