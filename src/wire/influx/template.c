/* Templates: what path the fields of a line have. What a template says is judged once, when it is
 * read; to apply it is then a walk over its parts. Slashes are parts of their own: one is written
 * when something comes behind it, so that {tags} of a line without tags leaves no empty level. */
#include "wire/influx/influx.h"

#include "wire/payload/payload.h"

#include <string.h>

enum part_kind {
    PART_TEXT,
    PART_SLASH,
    PART_MEASUREMENT,
    PART_FIELD,
    PART_TAG,
    PART_TAGS,
    PART_PAIRS,
};

/* ---- reading a template ---------------------------------------------------------------------- */
struct reader {
    struct influx_template *template;
    size_t size; /* of template->text */
};

static struct influx_template_part *read_last(struct influx_template *template)
{
    return template->count > 0 ? &template->parts[template->count - 1] : NULL;
}

static struct influx_template_part *read_put(struct reader *reader, enum part_kind kind)
{
    struct influx_template_part *part = &reader->template->parts[reader->template->count++];
    *part = (struct influx_template_part){.kind = (uint8_t)kind, .at = (uint8_t)reader->size};
    return part;
}

static void read_text(struct reader *reader, struct influx_template_part *part, struct bytes text)
{
    memcpy(reader->template->text + reader->size, text.at, text.size);
    reader->size += text.size;
    part->size = (uint8_t)(part->size + text.size);
}

/* What stands between two braces becomes a part. */
static const char *read_name(struct reader *reader, struct bytes name)
{
    static const struct {
        const char *name;
        enum part_kind kind;
    } rows[] = {{"measurement", PART_MEASUREMENT},
                {"field", PART_FIELD},
                {"tags", PART_TAGS},
                {"pairs", PART_PAIRS}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (bytes_equal(name, bytes_text(rows[i].name))) {
            (void)read_put(reader, rows[i].kind);
            return NULL;
        }
    }
    if (name.size <= 4 || memcmp(name.at, "tag:", 4) != 0)
        return "between braces stands {measurement}, {field}, {tag:NAME}, {tags} or {pairs}; a "
               "brace itself is written twice";
    read_text(reader, read_put(reader, PART_TAG), bytes_of(name.at + 4, name.size - 4));
    return NULL;
}

static void read_byte(struct reader *reader, const uint8_t *byte)
{
    struct influx_template_part *last = read_last(reader->template);
    if (*byte == '/') {
        (void)read_put(reader, PART_SLASH);
        return;
    }
    if (!last || last->kind != PART_TEXT)
        last = read_put(reader, PART_TEXT);
    read_text(reader, last, bytes_of(byte, 1));
}

/* The part or the character at *at, moved behind it. */
static const char *read_next(struct reader *reader, struct bytes text, size_t *at)
{
    uint8_t byte = text.at[*at];
    bool twice = *at + 1 < text.size && text.at[*at + 1] == byte;
    if (byte == '}' && !twice)
        return "a '}' stands alone; as a character it is written }}";
    if (byte == '{' && !twice) {
        const uint8_t *begin = text.at + *at + 1;
        const uint8_t *end = memchr(begin, '}', text.size - *at - 1);
        if (!end)
            return "a '{' stands alone; as a character it is written {{";
        *at = (size_t)(end - text.at) + 1;
        return read_name(reader, bytes_of(begin, (size_t)(end - begin)));
    }
    if (byte == '+' || byte == '#' || byte < 0x20 || byte == 0x7f)
        return "no path holds '+', '#' or a control character";
    read_byte(reader, text.at + *at);
    *at += byte == '{' || byte == '}' ? 2 : 1;
    return NULL;
}

static bool part_is_list(const struct influx_template_part *part)
{
    return part->kind == PART_TAGS || part->kind == PART_PAIRS;
}

/* Levels, which are the parts between slashes; finds where the last one begins. */
static const char *judge_levels(struct influx_template *template)
{
    size_t begin = 0, lists = 0;
    for (size_t i = 0; i <= template->count; i++) {
        if (i < template->count && template->parts[i].kind != PART_SLASH) {
            lists += part_is_list(&template->parts[i]);
            continue;
        }
        if (i == begin)
            return "it makes an empty level: two slashes in a row, or one at an end";
        for (size_t k = begin; k < i; k++)
            if (part_is_list(&template->parts[k]) && i - begin > 1)
                return "{tags} and {pairs} have a level for themselves: nothing stands beside them";
        template->metric = (uint8_t)begin;
        begin = i + 1;
    }
    return lists > 1 ? "{tags} or {pairs} stand there once at most" : NULL;
}

static const char *judge_field(const struct influx_template *template)
{
    size_t fields = 0, inside = 0;
    for (size_t i = 0; i < template->count; i++) {
        bool field = template->parts[i].kind == PART_FIELD;
        fields += field;
        inside += field && i >= template->metric;
    }
    if (fields != 1 || inside != 1)
        return "{field} stands once, and in the last level";
    return NULL;
}

/* A text with a '$' in front begins the path: it does behind {tags}/ too, when there are none. */
static bool judge_dollar(const struct influx_template *template)
{
    size_t first = part_is_list(&template->parts[0]) ? 2 : 0;
    const struct influx_template_part *part = &template->parts[first];
    return part->kind == PART_TEXT && template->text[part->at] == '$';
}

const char *influx_template_parse(struct bytes text, struct influx_template *ret_template)
{
    struct influx_template template = {.count = 0};
    struct reader reader = {.template = &template};
    if (text.size > INFLUX_TEMPLATE_BYTES_MAX)
        return "it is longer than 255 bytes";
    if (!bytes_are_utf8(text))
        return "it is not UTF-8";
    for (size_t at = 0; at < text.size;) {
        const char *fault = read_next(&reader, text, &at);
        if (fault)
            return fault;
    }
    const char *fault = judge_levels(&template);
    if (!fault)
        fault = judge_field(&template);
    if (!fault && judge_dollar(&template))
        fault = "no path begins with '$'";
    if (!fault)
        *ret_template = template;
    return fault;
}

/* ---- applying it ----------------------------------------------------------------------------- */
struct writer {
    const struct influx_template *template;
    const struct influx_line *line;
    uint8_t *out;
    size_t capacity, size;
    bool slash; /* to be written before what comes next */
    bool full;
};

static void write_bytes(struct writer *writer, const uint8_t *at, size_t size)
{
    if (size + writer->slash > writer->capacity - writer->size) {
        writer->full = true;
        return;
    }
    if (writer->slash)
        writer->out[writer->size++] = '/';
    writer->slash = false;
    memcpy(writer->out + writer->size, at, size);
    writer->size += size;
}

static void write_name(struct writer *writer, struct bytes name, bool measurement)
{
    uint8_t plain[INFLUX_NAME_MAX], escaped[3 * INFLUX_NAME_MAX];
    if (writer->line->escaped) {
        size_t size =
            measurement ? influx_measurement_put(name, plain) : influx_name_put(name, plain);
        name = bytes_of(plain, size);
    }
    write_bytes(writer, escaped, payload_key_escape(name, escaped));
}

/* The tag with this key, which has no backslashes; NULL: there is none. */
static const struct influx_tag *write_find(const struct influx_line *line, struct bytes key)
{
    uint8_t plain[INFLUX_NAME_MAX];
    for (size_t i = 0; i < line->tag_count; i++) {
        struct bytes have = line->tags[i].key;
        if (line->escaped)
            have = bytes_of(plain, influx_name_put(have, plain));
        if (bytes_equal(have, key))
            return &line->tags[i];
    }
    return NULL;
}

static struct bytes part_text(const struct influx_template *template,
                              const struct influx_template_part *part)
{
    return bytes_of(template->text + part->at, part->size);
}

/* The template names this tag. */
static bool write_names_tag(const struct writer *writer, const struct influx_tag *tag)
{
    for (size_t i = 0; i < writer->template->count; i++) {
        const struct influx_template_part *part = &writer->template->parts[i];
        if (part->kind == PART_TAG &&
            write_find(writer->line, part_text(writer->template, part)) == tag)
            return true;
    }
    return false;
}

static void write_list(struct writer *writer, bool pairs)
{
    uint8_t order[INFLUX_TAGS_MAX];
    bool slash = writer->slash;
    influx_tags_sort(writer->line, order);
    for (size_t i = 0; i < writer->line->tag_count; i++) {
        const struct influx_tag *tag = &writer->line->tags[order[i]];
        if (write_names_tag(writer, tag))
            continue;
        writer->slash = slash;
        if (pairs) {
            write_name(writer, tag->key, false);
            write_bytes(writer, (const uint8_t *)"=", 1);
        }
        write_name(writer, tag->value, false);
        slash = true;
    }
}

/* False: the part names a tag that is not there. */
static bool write_part(struct writer *writer, const struct influx_template_part *part, size_t field)
{
    struct bytes text = part_text(writer->template, part);
    const struct influx_tag *tag;
    switch (part->kind) {
    case PART_TEXT:
        write_bytes(writer, text.at, text.size);
        return true;
    case PART_SLASH:
        writer->slash = writer->size > 0;
        return true;
    case PART_MEASUREMENT:
        write_name(writer, writer->line->measurement, true);
        return true;
    case PART_FIELD:
        write_name(writer, writer->line->field_keys[field], false);
        return true;
    case PART_TAG:
        tag = write_find(writer->line, text);
        if (tag)
            write_name(writer, tag->value, false);
        return tag != NULL;
    default:
        write_list(writer, part->kind == PART_PAIRS);
        return true;
    }
}

/* Parts `first` to before `end`. */
static enum err write_parts(struct writer *writer, size_t first, size_t end, size_t field,
                            size_t *ret_size)
{
    for (size_t i = first; i < end; i++)
        if (!write_part(writer, &writer->template->parts[i], field))
            return ERR_MISSING;
    if (writer->full)
        return ERR_LIMIT;
    *ret_size = writer->size;
    return OK;
}

enum err influx_path_put(const struct influx_template *path_template,
                         const struct influx_line *line, size_t field, uint8_t *out,
                         size_t capacity, size_t *ret_size)
{
    check(field < line->field_count);
    struct writer writer = {path_template, line, out, capacity, 0, false, false};
    return write_parts(&writer, 0, path_template->count, field, ret_size);
}

enum err influx_prefix_put(const struct influx_template *path_template,
                           const struct influx_line *line, uint8_t *out, size_t capacity,
                           size_t *ret_size)
{
    struct writer writer = {path_template, line, out, capacity, 0, false, false};
    return write_parts(&writer, 0, path_template->metric, 0, ret_size);
}

enum err influx_metric_put(const struct influx_template *path_template,
                           const struct influx_line *line, size_t field, uint8_t *out,
                           size_t capacity, size_t *ret_size)
{
    check(field < line->field_count);
    struct writer writer = {path_template, line, out, capacity, 0, false, false};
    return write_parts(&writer, path_template->metric, path_template->count, field, ret_size);
}
