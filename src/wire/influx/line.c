/* One line, from its first byte to its line feed. */
#include "wire/influx/decoder.h"

#include <string.h>

struct parser {
    struct influx_decoder *decoder;
    const uint8_t *at, *end;
    struct parse *parse;
    struct scan_names names;
    bool cut;
};

static bool fault_at(struct parser *parser, enum influx_fault fault, const uint8_t *where)
{
    parser->parse->fault = fault;
    parser->parse->where = where;
    return false;
}

/* What stands at `at` is not what has to stand there: when it is a control character it is that
 * which is wrong. */
static bool fault_unless_control(struct parser *parser, enum influx_fault fault, const uint8_t *at)
{
    bool control = (*at < ' ' && !scan_is_line_end(at)) || *at == 0x7F;
    return fault_at(parser, control ? INFLUX_CONTROL : fault, at);
}

/* Text that holds bytes above 0x7F, and what is at its end. */
static bool text_check(struct parser *parser, struct bytes text)
{
    if (bytes_are_utf8(text))
        return true;
    size_t at = 0;
    while (bytes_utf8_step(text, at) > 0)
        at += bytes_utf8_step(text, at);
    return fault_at(parser, INFLUX_NOT_UTF8, text.at + at);
}

/* ---- measurement and tags ------------------------------------------------------------------- */
static bool tag_is_twice(const struct influx_tag *tags, unsigned count, struct bytes key)
{
    for (unsigned i = 0; i < count; i++)
        if (tags[i].key.size == key.size && memcmp(tags[i].key.at, key.at, key.size) == 0)
            return true;
    return false;
}

/* `,key=value` at the comma. */
static inline bool tag_parse(struct parser *parser, struct influx_line *line)
{
    const uint8_t *key = parser->at + 1, *end = parser->end;
    const uint8_t *key_end = scan_name(&parser->names, key, end);
    if (UNLIKELY(key_end == key))
        return fault_unless_control(parser, INFLUX_NO_TAG_KEY, key);
    if (UNLIKELY(*key_end != '='))
        return fault_unless_control(parser, INFLUX_NO_TAG_VALUE, key_end);
    const uint8_t *value = key_end + 1;
    const uint8_t *value_end = scan_name(&parser->names, value, end);
    if (UNLIKELY(value_end == value))
        return fault_unless_control(parser, *value == '=' ? INFLUX_TAG_EQUALS : INFLUX_NO_TAG_VALUE,
                                    value);
    struct influx_tag tag = {bytes_of(key, (size_t)(key_end - key)),
                             bytes_of(value, (size_t)(value_end - value))};
    if (UNLIKELY(line->tag_count == INFLUX_TAGS_MAX))
        return fault_at(parser, INFLUX_TAGS_TOO_MANY, key);
    if (UNLIKELY(tag.key.size > INFLUX_NAME_MAX || tag.value.size > INFLUX_NAME_MAX))
        return fault_at(parser, INFLUX_NAME_TOO_LONG, tag.key.size > INFLUX_NAME_MAX ? key : value);
    if (UNLIKELY(tag_is_twice(parser->decoder->tags, line->tag_count, tag.key)))
        return fault_at(parser, INFLUX_TAG_TWICE, key);
    parser->decoder->tags[line->tag_count++] = tag;
    parser->at = value_end;
    return true;
}

static bool series_parse(struct parser *parser, struct influx_line *line)
{
    const uint8_t *begin = parser->at, *at = begin;
    /* An '=' is nothing special in a measurement. */
    while (*(at = scan_name(&parser->names, at, parser->end)) == '=')
        at++;
    if (UNLIKELY(at == begin))
        return fault_unless_control(parser, INFLUX_NO_MEASUREMENT, at);
    line->measurement = bytes_of(begin, (size_t)(at - begin));
    if (UNLIKELY(line->measurement.size > INFLUX_NAME_MAX))
        return fault_at(parser, INFLUX_NAME_TOO_LONG, begin);
    parser->at = at;
    while (*parser->at == ',')
        if (UNLIKELY(!tag_parse(parser, line)))
            return false;
    line->series = bytes_of(begin, (size_t)(parser->at - begin));
    if (UNLIKELY(parser->names.high && !text_check(parser, line->series)))
        return false;
    if (LIKELY(*parser->at == ' '))
        return true;
    return fault_unless_control(parser, *parser->at == '=' ? INFLUX_TAG_EQUALS : INFLUX_NO_FIELD,
                                parser->at);
}

/* ---- fields --------------------------------------------------------------------------------- */
/* The bytes of a string with escapes into scratch. Without its backslashes it cannot be longer than
 * in the line, and scratch holds as much as the longest line. */
static struct bytes string_unescape(struct influx_decoder *decoder, struct bytes text)
{
    static const char names[] = "\"\\nrt", meant[] = "\"\\\n\r\t";
    uint8_t *out = decoder->scratch + decoder->scratch_used;
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        const char *name = NULL;
        if (text.at[i] == '\\' && i + 1 < text.size && text.at[i + 1] != 0)
            name = strchr(names, text.at[i + 1]);
        out[size++] = name ? (uint8_t)meant[name - names] : text.at[i];
        i += name != NULL;
    }
    decoder->scratch_used += size;
    if (decoder->scratch_used > decoder->scratch_most)
        decoder->scratch_most = decoder->scratch_used;
    return bytes_of(out, size);
}

/* The string whose quote is at `at`. Returns what is behind it; NULL: a fault, or cut. */
static const uint8_t *string_parse(struct parser *parser, const uint8_t *at,
                                   struct value *ret_value)
{
    const uint8_t *begin = at + 1, *end = parser->end;
    bool high = false, escaped = false;
    uint64_t newlines = 0;
    for (at = begin; (at = scan_string_plain(at, end, &high)) < end && *at != '"'; at++) {
        if (*at == '\n') {
            newlines++;
        } else {
            escaped = true;
            at += at[1] == '"' || at[1] == '\\'; /* the window ends with a line feed */
        }
    }
    if (UNLIKELY(at == end)) {
        parser->cut = true;
        parser->parse->where = begin - 1;
        return NULL;
    }
    struct bytes text = bytes_of(begin, (size_t)(at - begin));
    if (UNLIKELY(high && !text_check(parser, text)))
        return NULL;
    /* A line above its limit is refused in the end; its strings need not be looked at. */
    if (escaped && text.size <= INFLUX_LINE_MAX - parser->decoder->scratch_used)
        text = string_unescape(parser->decoder, text);
    if (UNLIKELY(text.size > STRING_VALUE_MAX)) {
        (void)fault_at(parser, INFLUX_STRING_TOO_LONG, begin - 1);
        return NULL;
    }
    parser->parse->newlines += newlines;
    *ret_value = (struct value){
        .type = VALUE_STRING, .quality = QUALITY_GOOD, .present = true, .text = text};
    return at + 1;
}

/* The value at parser->at, moved behind it. */
static inline bool value_parse(struct parser *parser, struct value *ret_value)
{
    const uint8_t *at = parser->at, *next;
    enum influx_fault fault = INFLUX_VALUE_UNKNOWN;
    uint8_t first = *at;
    if (LIKELY(scan_is_digit(first) || first == '-')) {
        next = scan_number(at, ret_value, &fault);
    } else if (first == '"') {
        next = string_parse(parser, at, ret_value);
        if (!next)
            return false;
    } else if ((first | 0x20) == 't' || (first | 0x20) == 'f') {
        next = scan_boolean(at, ret_value, &fault);
    } else if (first == '.' || first == '+') {
        next = scan_number_rest(at, ret_value, &fault);
    } else {
        return fault_unless_control(
            parser, scan_value_ends(first) ? INFLUX_NO_FIELD_VALUE : INFLUX_VALUE_UNKNOWN, at);
    }
    if (UNLIKELY(!next))
        return fault_at(parser, fault, at);
    parser->at = next;
    return true;
}

/* The place of a field with this key: an earlier one, or a new one at the end. A few are compared
 * with each other; of many a table knows which to compare. */
#define FIELDS_FEW 8
static unsigned field_place_of_many(struct influx_decoder *decoder, unsigned count,
                                    struct bytes key)
{
    if (count == FIELDS_FEW) {
        for (unsigned i = 0; i < count; i++) {
            size_t slot = hash64(decoder->keys[i].at, decoder->keys[i].size, 0) % TWICE_SLOTS;
            while (decoder->twice[slot] != 0)
                slot = (slot + 1) % TWICE_SLOTS;
            decoder->twice[slot] = (uint16_t)(i + 1);
        }
    }
    size_t slot = hash64(key.at, key.size, 0) % TWICE_SLOTS;
    for (; decoder->twice[slot] != 0; slot = (slot + 1) % TWICE_SLOTS)
        if (bytes_equal(decoder->keys[decoder->twice[slot] - 1], key))
            return decoder->twice[slot] - 1u;
    decoder->twice[slot] = (uint16_t)(count + 1);
    return count;
}

static inline unsigned field_place(struct influx_decoder *decoder, unsigned count, struct bytes key)
{
    if (UNLIKELY(count >= FIELDS_FEW))
        return field_place_of_many(decoder, count, key);
    for (unsigned i = 0; i < count; i++)
        if (decoder->keys[i].size == key.size && memcmp(decoder->keys[i].at, key.at, key.size) == 0)
            return i;
    return count;
}

static inline bool field_parse(struct parser *parser, struct influx_line *line)
{
    struct influx_decoder *decoder = parser->decoder;
    const uint8_t *begin = parser->at;
    parser->names.high = false;
    const uint8_t *end = scan_name(&parser->names, begin, parser->end);
    struct bytes key = bytes_of(begin, (size_t)(end - begin));
    if (UNLIKELY(key.size == 0))
        return fault_unless_control(
            parser,
            line->field_count == 0 && scan_is_line_end(end) ? INFLUX_NO_FIELD : INFLUX_NO_FIELD_KEY,
            end);
    if (UNLIKELY(*end != '='))
        return fault_unless_control(parser, INFLUX_NO_FIELD_VALUE, end);
    if (UNLIKELY(key.size > INFLUX_NAME_MAX))
        return fault_at(parser, INFLUX_NAME_TOO_LONG, begin);
    if (UNLIKELY(parser->names.high && !text_check(parser, key)))
        return false;
    unsigned place = line->field_count;
    if (place > 0) {
        if (UNLIKELY(place == INFLUX_FIELDS_MAX))
            return fault_at(parser, INFLUX_FIELDS_TOO_MANY, begin);
        place = field_place(decoder, place, key);
    }
    parser->at = end + 1;
    if (UNLIKELY(!value_parse(parser, &decoder->values[place])))
        return false;
    decoder->keys[place] = key;
    line->field_count = (uint16_t)(line->field_count + (place == line->field_count));
    return true;
}

static bool fields_parse(struct parser *parser, struct influx_line *line)
{
    while (*parser->at == ' ')
        parser->at++;
    for (;; parser->at++) {
        if (UNLIKELY(!field_parse(parser, line)))
            return false;
        if (*parser->at != ',')
            return true;
    }
}

/* ---- lines ---------------------------------------------------------------------------------- */
static enum parsed nothing_parse(struct parser *parser)
{
    const uint8_t *at = parser->at;
    if (*at == '#')
        while (*at >= ' ' && *at != 0x7F)
            at++;
    if (!scan_is_line_end(at)) {
        (void)fault_at(parser, INFLUX_CONTROL, at);
        return PARSED_FAULT;
    }
    parser->parse->next = at + (*at == '\r') + 1;
    return PARSED_NOTHING;
}

enum parsed line_parse(struct influx_decoder *decoder, struct influx_line *ret_line,
                       struct parse *ret_parse)
{
    struct parser parser = {.decoder = decoder,
                            .at = decoder->at,
                            .end = decoder->end,
                            .parse = ret_parse,
                            .names = {.base = decoder->at}};
    ret_parse->newlines = 0;
    decoder->scratch_used = 0;
    while (*parser.at == ' ')
        parser.at++;
    if (UNLIKELY(*parser.at == '#' || *parser.at == '\n' || *parser.at == '\r'))
        return nothing_parse(&parser);
    ret_line->tag_count = ret_line->field_count = 0;
    bool parsed = series_parse(&parser, ret_line) && fields_parse(&parser, ret_line);
    if (UNLIKELY(ret_line->field_count >= FIELDS_FEW))
        memset(decoder->twice, 0, sizeof decoder->twice);
    if (UNLIKELY(!parsed))
        return parser.cut ? PARSED_CUT : PARSED_FAULT;
    ret_parse->next = scan_line_end(&decoder->clock, parser.at, parser.end, &ret_line->has_time,
                                    &ret_line->time_ns, &ret_parse->fault, &ret_parse->where);
    if (UNLIKELY(!ret_parse->next))
        return PARSED_FAULT;
    ret_line->escaped = parser.names.escaped;
    ret_line->tags = decoder->tags;
    ret_line->field_keys = decoder->keys;
    ret_line->values = decoder->values;
    return PARSED_LINE;
}
