/* What commands say, read out of their forms and judged by itself: names, sizes, what belongs
 * together. Whether a name is taken or a document is there is for the tables to say. */
#include "model/library/tables.h"

#include <string.h>

static const char *const media_types[DOCUMENT_MEDIA_COUNT] = {
    [DOCUMENT_PDF] = "application/pdf", [DOCUMENT_MARKDOWN] = "text/markdown",
    [DOCUMENT_TEXT] = "text/plain",     [DOCUMENT_PNG] = "image/png",
    [DOCUMENT_JPEG] = "image/jpeg",     [DOCUMENT_SVG] = "image/svg+xml"};

const char *document_media_type(unsigned media)
{
    return media < DOCUMENT_MEDIA_COUNT ? media_types[media] : NULL;
}

static bool letters_equal(struct bytes a, const char *b)
{
    size_t i = 0;
    for (; i < a.size && b[i] != 0; i++) {
        uint8_t letter = a.at[i] >= 'A' && a.at[i] <= 'Z' ? (uint8_t)(a.at[i] + 32) : a.at[i];
        if (letter != (uint8_t)b[i])
            return false;
    }
    return i == a.size && b[i] == 0;
}

unsigned document_media_parse(struct bytes type)
{
    size_t size = 0;
    while (size < type.size && type.at[size] != ';')
        size++;
    while (size > 0 && (type.at[size - 1] == ' ' || type.at[size - 1] == '\t'))
        size--;
    for (unsigned media = 1; media < DOCUMENT_MEDIA_COUNT; media++) {
        if (letters_equal(bytes_of(type.at, size), media_types[media]))
            return media;
    }
    return 0;
}

bool library_name_is_good(struct bytes name)
{
    if (name.size == 0 || name.size > LIBRARY_NAME_MAX || !bytes_are_utf8(name))
        return false;
    for (size_t i = 0; i < name.size; i++) {
        if (name.at[i] < 0x20 || name.at[i] == 0x7f || name.at[i] == '/')
            return false;
    }
    return name.at[0] != ' ' && name.at[name.size - 1] != ' ';
}

static const char name_fault[] = "name: 1 to 128 bytes of UTF-8 without '/', control characters, "
                                 "and spaces at its ends";
static const char title_fault[] = "title: at most 256 bytes of UTF-8";
static const char unknown_fault[] = "a field that is not known, or of another type";

enum outcome_code library_fault_code(const char *fault)
{
    return fault == name_fault ? OUTCOME_NAME_INVALID : OUTCOME_DOCUMENT_INVALID;
}

static const char *name_take(const struct form_field *field, struct bytes *ret_name)
{
    *ret_name = field->text;
    return library_name_is_good(field->text) ? NULL : name_fault;
}

static const char *title_take(const struct form_field *field, struct bytes *ret_title,
                              bool *ret_has)
{
    *ret_title = field->text;
    *ret_has = true;
    bool good = field->text.size <= LIBRARY_TITLE_MAX && bytes_are_utf8(field->text);
    return good ? NULL : title_fault;
}

/* ---- documents ---------------------------------------------------------------------------------
 */
void attached_put(struct form_writer *form, const struct attached *attached)
{
    uint8_t bytes[PATH_MAX_BYTES + 64];
    struct form_writer inner = {.at = bytes, .capacity = sizeof bytes};
    struct bytes fields;
    form_put_integer(&inner, ATTACHED_TAG_KIND, attached->kind);
    if (attached->kind == ATTACHED_BRANCH)
        form_put_text(&inner, ATTACHED_TAG_BRANCH, attached->branch);
    else
        form_put_integer(&inner, ATTACHED_TAG_NUMBER, attached->number);
    if (form_end(&inner, &fields))
        form_put_form(form, DOCUMENT_TAG_ATTACHED, fields);
    else
        form->failed = true;
}

static bool attached_is_good(const struct attached *attached)
{
    if (attached->kind == ATTACHED_BRANCH)
        return attached->number == 0 && attached->branch.size > 0 &&
               attached->branch.size <= PATH_MAX_BYTES && bytes_are_utf8(attached->branch);
    return attached->kind >= ATTACHED_TYPE && attached->kind <= ATTACHED_RULE &&
           attached->number > 0 && attached->branch.size == 0;
}

static bool attached_read(struct bytes form, struct attached *ret_attached)
{
    struct form_field field;
    size_t offset = 0;
    *ret_attached = (struct attached){0};
    while (form_next(form, &offset, &field)) {
        bool number = field.type == FORM_INTEGER && field.integer > 0;
        if (field.tag == ATTACHED_TAG_KIND && number && field.integer <= ATTACHED_BRANCH)
            ret_attached->kind = (uint8_t)field.integer;
        else if (field.tag == ATTACHED_TAG_NUMBER && number && field.integer <= UINT32_MAX)
            ret_attached->number = (uint32_t)field.integer;
        else if (field.tag == ATTACHED_TAG_BRANCH && field.type == FORM_TEXT)
            ret_attached->branch = field.text;
        else
            return false;
    }
    return attached_is_good(ret_attached);
}

static bool attached_equal(const struct attached *a, const struct attached *b)
{
    return a->kind == b->kind && a->number == b->number && bytes_equal(a->branch, b->branch);
}

static const char *attached_take(struct bytes form, struct document_plan *plan)
{
    struct attached *attached = &plan->attached[plan->attached_count];
    if (plan->attached_count == DOCUMENT_ATTACHED_MAX)
        return "attached: to at most 32 things";
    if (!attached_read(form, attached))
        return "attached: to an asset type, an asset, a rule or a branch, by number or path";
    plan->has_attached = true;
    for (uint32_t i = 0; i < plan->attached_count; i++) {
        if (attached_equal(&plan->attached[i], attached))
            return NULL; /* said twice */
    }
    plan->attached_count++;
    return NULL;
}

static const char *document_integer(const struct form_field *field, struct document_plan *plan)
{
    switch (field->tag) {
    case DOCUMENT_TAG_MEDIA:
        plan->media = field->integer > 0 && field->integer < DOCUMENT_MEDIA_COUNT
                          ? (uint8_t)field->integer
                          : 0;
        return plan->media != 0 ? NULL : "media: a type that documents do not have";
    case DOCUMENT_TAG_SIZE:
        if (field->integer < 1 || (uint64_t)field->integer > DOCUMENT_BYTES_MAX)
            return "size: 1 byte to 64 MiB";
        plan->size = (uint64_t)field->integer;
        return NULL;
    case DOCUMENT_TAG_NO_ATTACHED:
        plan->has_attached = true;
        return field->integer == 1 ? NULL : unknown_fault;
    default:
        return unknown_fault;
    }
}

static const char *document_text(const struct form_field *field, struct document_plan *plan)
{
    switch (field->tag) {
    case DOCUMENT_TAG_NAME:
        return name_take(field, &plan->name);
    case DOCUMENT_TAG_TITLE:
        return title_take(field, &plan->title, &plan->has_title);
    case DOCUMENT_TAG_HASH:
        plan->hash = field->text;
        return field->text.size == DOCUMENT_HASH_SIZE ? NULL : "hash: 32 bytes";
    default:
        return unknown_fault;
    }
}

const char *library_document_plan(struct bytes form, struct document_plan *ret_plan)
{
    struct form_field field;
    size_t offset = 0;
    const char *fault = NULL;
    memset(ret_plan, 0, offsetof(struct document_plan, attached));
    ret_plan->attached_count = 0;
    while (fault == NULL && form_next(form, &offset, &field)) {
        if (field.type == FORM_INTEGER)
            fault = document_integer(&field, ret_plan);
        else if (field.type == FORM_TEXT)
            fault = document_text(&field, ret_plan);
        else if (field.type == FORM_FORM && field.tag == DOCUMENT_TAG_ATTACHED)
            fault = attached_take(field.text, ret_plan);
        else
            fault = unknown_fault;
    }
    bool some = ret_plan->hash.size > 0 || ret_plan->size > 0 || ret_plan->media != 0;
    bool all = ret_plan->hash.size > 0 && ret_plan->size > 0 && ret_plan->media != 0;
    if (fault == NULL && some && !all)
        fault = "a version says its media type, its size and its hash";
    return fault;
}

/* ---- boards ------------------------------------------------------------------------------------
 */
static const char *board_integer(const struct form_field *field, struct board_plan *plan)
{
    if (field->tag == BOARD_TAG_OWNER && field->integer >= 0 && field->integer <= UINT32_MAX) {
        plan->owner = (uint32_t)field->integer;
        plan->has_owner = true;
        return NULL;
    }
    if (field->tag == BOARD_TAG_SHARED && (field->integer == 0 || field->integer == 1)) {
        plan->shared = field->integer == 1;
        plan->has_shared = true;
        return NULL;
    }
    return unknown_fault;
}

static const char *board_text(const struct form_field *field, struct board_plan *plan)
{
    switch (field->tag) {
    case BOARD_TAG_NAME:
        return name_take(field, &plan->name);
    case BOARD_TAG_TITLE:
        return title_take(field, &plan->title, &plan->has_title);
    case BOARD_TAG_CONTENT:
        plan->content = field->text;
        return field->text.size > 0 && field->text.size <= BOARD_CONTENT_MAX &&
                       bytes_are_utf8(field->text)
                   ? NULL
                   : "content: 1 to 10,240 bytes of UTF-8";
    default:
        return unknown_fault;
    }
}

const char *library_board_plan(struct bytes form, struct board_plan *ret_plan)
{
    struct form_field field;
    size_t offset = 0;
    const char *fault = NULL;
    *ret_plan = (struct board_plan){0};
    while (fault == NULL && form_next(form, &offset, &field)) {
        if (field.type == FORM_INTEGER)
            fault = board_integer(&field, ret_plan);
        else if (field.type == FORM_TEXT)
            fault = board_text(&field, ret_plan);
        else
            fault = unknown_fault;
    }
    return fault;
}

const char *library_form_fault(enum command_kind kind, uint32_t number, struct bytes form)
{
    struct document_plan document;
    struct board_plan board;
    const char *fault;
    switch (kind) {
    case COMMAND_DOCUMENT_SET:
        fault = library_document_plan(form, &document);
        return fault == NULL && number == 0 && document.name.size == 0 ? name_fault : fault;
    case COMMAND_BOARD_SET:
        fault = library_board_plan(form, &board);
        return fault == NULL && number == 0 && board.name.size == 0 ? name_fault : fault;
    default:
        return form.size == 0 ? NULL : unknown_fault;
    }
}
