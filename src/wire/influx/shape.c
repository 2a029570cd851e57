/* Shapes: a sender's line seen before. What repeats is compared, what changes is scanned; no name
 * is looked at twice.
 *
 *   storage:  size text  size text ...
 *             2    n
 *
 * The text of a field is all that stands before its value: `measurement,tag=a field=` for the
 * first, `,field=` for the others. Nothing here judges names: influx_next took them when the shape
 * was learnt. */
#include "wire/influx/decoder.h"

#include <string.h>

/* ---- learning ------------------------------------------------------------------------------- */
static void learn_put(uint8_t *storage, size_t *used, struct bytes before, uint8_t between,
                      struct bytes key)
{
    uint8_t *out = storage + *used;
    store_u16(out, (uint16_t)(before.size + 1 + key.size + 1));
    out += 2;
    if (before.size > 0)
        memcpy(out, before.at, before.size);
    out += before.size;
    *out++ = between;
    memcpy(out, key.at, key.size);
    out[key.size] = '=';
    *used += 2 + before.size + 1 + key.size + 1;
}

bool influx_shape_learn(const struct influx_line *line, uint8_t *storage, size_t storage_size,
                        struct influx_shape *ret_shape)
{
    size_t size = line->series.size, used = 0;
    for (size_t i = 0; i < line->field_count; i++)
        size += 2 + 1 + line->field_keys[i].size + 1;
    if (line->field_count == 0 || size > storage_size || size > UINT16_MAX)
        return false;
    learn_put(storage, &used, line->series, ' ', line->field_keys[0]);
    for (size_t i = 1; i < line->field_count; i++)
        learn_put(storage, &used, bytes_of(NULL, 0), ',', line->field_keys[i]);
    *ret_shape = (struct influx_shape){
        .count = line->field_count, .text_size = (uint16_t)used, .text = storage};
    return true;
}

/* ---- matching ------------------------------------------------------------------------------- */
static inline bool match_sixteen(const uint8_t *a, const uint8_t *b)
{
#if defined(__SSE2__)
    __m128i same = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i_u *)a),
                                  _mm_loadu_si128((const __m128i_u *)b));
    return _mm_movemask_epi8(same) == 0xFFFF;
#else
    return load_u64(a) == load_u64(b) && load_u64(a + 8) == load_u64(b + 8);
#endif
}

/* a[size] and b[size] are the same: in blocks, of which the last may overlap the one before. */
static inline bool match_text(const uint8_t *a, const uint8_t *b, size_t size)
{
    if (size >= 16) {
        size_t last = size - 16;
        for (size_t i = 0; i < last; i += 16)
            if (UNLIKELY(!match_sixteen(a + i, b + i)))
                return false;
        return match_sixteen(a + last, b + last);
    }
    if (size >= 8)
        return load_u64(a) == load_u64(b) && load_u64(a + size - 8) == load_u64(b + size - 8);
    if (size >= 4)
        return load_u32(a) == load_u32(b) && load_u32(a + size - 4) == load_u32(b + size - 4);
    for (size_t i = 0; i < size; i++)
        if (a[i] != b[i])
            return false;
    return true;
}

/* A string without escapes and line feeds, as influx_next would take it. */
static const uint8_t *match_string(const uint8_t *at, const uint8_t *end, struct value *ret_value)
{
    bool high = false;
    const uint8_t *begin = at + 1;
    at = scan_string_plain(begin, end, &high);
    if (at == end || *at != '"')
        return NULL;
    struct bytes text = bytes_of(begin, (size_t)(at - begin));
    if (text.size > STRING_VALUE_MAX || (high && !bytes_are_utf8(text)))
        return NULL;
    *ret_value = (struct value){
        .type = VALUE_STRING, .quality = QUALITY_GOOD, .present = true, .text = text};
    return at + 1;
}

static inline const uint8_t *match_value(const uint8_t *at, const uint8_t *end,
                                         struct value *ret_value)
{
    enum influx_fault fault;
    uint8_t first = *at;
    if (LIKELY(scan_is_digit(first) || first == '-'))
        return scan_number(at, ret_value, &fault);
    if (first == '"')
        return match_string(at, end, ret_value);
    if ((first | 0x20) == 't' || (first | 0x20) == 'f')
        return scan_boolean(at, ret_value, &fault);
    if (first == '.' || first == '+')
        return scan_number_rest(at, ret_value, &fault);
    return NULL;
}

bool influx_match(struct influx_decoder *decoder, const struct influx_shape *shape,
                  struct value *values, bool *ret_has_time, int64_t *ret_time_ns)
{
    if (!window_ready(decoder))
        return false;
    const uint8_t *at = decoder->at, *end = decoder->end, *text = shape->text, *where;
    enum influx_fault fault;
    bool has_time;
    int64_t time_ns = 0;
    for (unsigned field = 0; field < shape->count; field++) {
        size_t size = load_u16(text);
        if (UNLIKELY((size_t)(end - at) <= size || !match_text(at, text + 2, size)))
            return false;
        text += 2 + size;
        at = match_value(at + size, end, &values[field]);
        if (UNLIKELY(!at))
            return false;
    }
    at = scan_line_end(&decoder->clock, at, end, &has_time, &time_ns, &fault, &where);
    if (UNLIKELY(!at || (size_t)(at - decoder->at) - 1 > INFLUX_LINE_MAX))
        return false;
    decoder->begin_given = decoder->at;
    decoder->at = at;
    decoder->line_given = decoder->line++;
    *ret_has_time = has_time;
    *ret_time_ns = time_ns;
    return true;
}

/* ---- ahead ---------------------------------------------------------------------------------- */
/* The first `wanted` that has no backslash before it; NULL: there is none. */
static const uint8_t *peek_at(const uint8_t *at, const uint8_t *end, uint8_t wanted)
{
    while ((at = memchr(at, wanted, (size_t)(end - at))) != NULL && at[-1] == '\\')
        at++;
    return at;
}

size_t influx_peek(struct influx_decoder *decoder, struct bytes *heads, size_t most)
{
    size_t count = 0;
    if (!window_ready(decoder))
        return 0;
    const uint8_t *at = decoder->at, *end = decoder->end;
    for (; count < most && at < end; count++) {
        const uint8_t *line = at;
        heads[count] = bytes_of(line, 0);
        const uint8_t *space = peek_at(line + 1, end, ' ');
        const uint8_t *equals = space ? peek_at(space + 1, end, '=') : NULL;
        if (!equals)
            return count;
        heads[count].size = (size_t)(equals + 1 - line);
        at = memchr(equals, '\n', (size_t)(end - equals));
        if (!at)
            return count;
        at++;
    }
    return count;
}
