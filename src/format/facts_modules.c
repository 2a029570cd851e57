/* Commands and entries of domain modules, and the forms they are made of. A form is judged whole
 * when a fact is read: a reducer never meets bytes that are none. docs/format/facts.md. */
#include "format/fact_bytes.h"

#include <math.h>

#define FIELD_HEAD 2 /* tag, type */

/* ---- writing a form ----------------------------------------------------------------------------
 */
static bool form_room(struct form_writer *form, size_t bytes)
{
    form->failed = form->failed || bytes > form->capacity - form->size;
    return !form->failed;
}

static struct fact_output form_head(struct form_writer *form, uint8_t tag, enum form_type type)
{
    struct fact_output out = {form->at + form->size};
    check(tag != 0);
    put_u8(&out, tag);
    put_u8(&out, (uint8_t)type);
    return out;
}

void form_put_integer(struct form_writer *form, uint8_t tag, int64_t integer)
{
    if (!form_room(form, FIELD_HEAD + VARINT_MAX))
        return;
    struct fact_output out = form_head(form, tag, FORM_INTEGER);
    put_varint(&out, zigzag(integer));
    form->size = (size_t)(out.at - form->at);
}

void form_put_real(struct form_writer *form, uint8_t tag, double real)
{
    uint64_t bits;
    form->failed = form->failed || !isfinite(real);
    if (!form_room(form, FIELD_HEAD + sizeof bits))
        return;
    memcpy(&bits, &real, sizeof bits);
    struct fact_output out = form_head(form, tag, FORM_REAL);
    put_u64(&out, bits);
    form->size = (size_t)(out.at - form->at);
}

static void form_put_bytes(struct form_writer *form, uint8_t tag, enum form_type type,
                           struct bytes text)
{
    if (text.size > FORM_BYTES_MAX || !form_room(form, FIELD_HEAD + VARINT_MAX + text.size)) {
        form->failed = true;
        return;
    }
    struct fact_output out = form_head(form, tag, type);
    put_text(&out, text, FORM_BYTES_MAX);
    form->size = (size_t)(out.at - form->at);
}

void form_put_text(struct form_writer *form, uint8_t tag, struct bytes text)
{
    form_put_bytes(form, tag, FORM_TEXT, text);
}

void form_put_form(struct form_writer *form, uint8_t tag, struct bytes fields)
{
    form_put_bytes(form, tag, FORM_FORM, fields);
}

bool form_end(const struct form_writer *form, struct bytes *ret_form)
{
    *ret_form = bytes_of(form->at, form->failed ? 0 : form->size);
    return !form->failed && form->size <= FORM_BYTES_MAX;
}

/* ---- reading one -------------------------------------------------------------------------------
 */
static bool field_get(struct fact_input *in, struct form_field *field)
{
    uint64_t bits;
    if (!get_u8(in, &field->tag) || field->tag == 0 || !get_u8(in, &field->type))
        return false;
    switch (field->type) {
    case FORM_INTEGER:
        if (!varint_get(in->payload, &in->offset, &bits))
            return false;
        field->integer = unzigzag(bits);
        return true;
    case FORM_REAL:
        if (!get_u64(in, &bits))
            return false;
        memcpy(&field->real, &bits, sizeof bits);
        return isfinite(field->real);
    case FORM_TEXT:
    case FORM_FORM:
        return get_text(in, FORM_BYTES_MAX, &field->text);
    default:
        return false;
    }
}

bool form_next(struct bytes form, size_t *offset, struct form_field *ret_field)
{
    struct fact_input in = {form, *offset};
    struct form_field field = {.text = bytes_of("", 0)};
    if (*offset >= form.size || !field_get(&in, &field))
        return false;
    *offset = in.offset;
    *ret_field = field;
    return true;
}

static bool form_is_valid_within(struct bytes form, unsigned depth)
{
    struct form_field field;
    size_t offset = 0;
    while (form_next(form, &offset, &field))
        if (field.type == FORM_FORM && (depth == 1 || !form_is_valid_within(field.text, depth - 1)))
            return false;
    return offset == form.size;
}

bool form_is_valid(struct bytes form)
{
    return form.size <= FORM_BYTES_MAX && form_is_valid_within(form, FORM_DEPTH_MAX);
}

bool form_find(struct bytes form, uint8_t tag, uint8_t type, struct form_field *ret_field)
{
    struct form_field field;
    size_t offset = 0;
    while (form_next(form, &offset, &field)) {
        if (field.tag != tag || field.type != type)
            continue;
        *ret_field = field;
        return true;
    }
    return false;
}

int64_t form_integer(struct bytes form, uint8_t tag, int64_t otherwise)
{
    struct form_field field;
    return form_find(form, tag, FORM_INTEGER, &field) ? field.integer : otherwise;
}

double form_real(struct bytes form, uint8_t tag, double otherwise)
{
    struct form_field field;
    return form_find(form, tag, FORM_REAL, &field) ? field.real : otherwise;
}

struct bytes form_text(struct bytes form, uint8_t tag)
{
    struct form_field field;
    return form_find(form, tag, FORM_TEXT, &field) ? field.text : bytes_of("", 0);
}

/* ---- commands and entries ----------------------------------------------------------------------
 */
static bool get_form(struct fact_input *in, struct bytes *ret_form)
{
    return get_text(in, FORM_BYTES_MAX, ret_form) && form_is_valid(*ret_form);
}

static void put_form(struct fact_output *out, struct bytes form)
{
    check(form_is_valid(form));
    put_text(out, form, FORM_BYTES_MAX);
}

void module_put(struct fact_output *out, const struct command *command)
{
    check(command_module(command->kind) != 0);
    command_head_put(out, command);
    actor_put(out, &command->actor);
    put_varint(out, command->module.number);
    put_form(out, command->module.form);
}

bool module_get(struct fact_input *in, struct command *command)
{
    return command_head_get(in, COMMAND_TYPE_SET, COMMAND_BOARD_REMOVE, command) &&
           command_module(command->kind) != 0 && actor_get(in, &command->actor) &&
           get_u32(in, &command->module.number) && get_form(in, &command->module.form);
}

void entry_put(struct fact_output *out, const struct fact_entry *entry)
{
    check(entry->module >= MODULE_ASSETS && entry->module <= MODULE_ACCESS);
    put_u8(out, entry->module);
    put_varint(out, entry->tenant);
    put_form(out, entry->form);
}

bool entry_get(struct fact_input *in, struct fact_entry *entry)
{
    return get_u8(in, &entry->module) && entry->module >= MODULE_ASSETS &&
           entry->module <= MODULE_ACCESS && get_u32(in, &entry->tenant) &&
           get_form(in, &entry->form);
}
