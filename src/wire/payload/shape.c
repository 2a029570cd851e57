/* Shapes: a sender's object seen before. What repeats is compared, what changes is scanned; no key
 * is looked at twice.
 *
 *   storage:  size text  size text ...  padding
 *             2    n                    16 bytes of zero, so that a text can be loaded in vectors
 *
 * The text of a member is all that stands between two values: `{"a":` for the first, `,"b":` for
 * the others. Nothing here judges keys: payload_decode took them when the shape was learnt. */
#include "wire/payload/member.h"

#if defined(__SSE4_1__)
#include <immintrin.h>
#endif

#define PADDING 16

/* ---- learning ---------------------------------------------------------------------------------
 */
struct learner {
    const uint8_t *at, *end;
    uint8_t *storage;
    size_t capacity, used;
    unsigned members, times;
    unsigned time_at;
};

/* `{"key":` or `,"key":`, without escapes and white space. */
static bool learn_key(struct learner *learner)
{
    const uint8_t *begin = learner->at;
    struct text key;
    if (learner->end - learner->at < 2 || learner->at[1] != '"')
        return false;
    learner->at++;
    if (text_scan(&learner->at, learner->end, &key) || key.escaped)
        return false;
    if (learner->at == learner->end || *learner->at != ':')
        return false;
    learner->at++;
    size_t size = (size_t)(learner->at - begin);
    if (size > UINT16_MAX || learner->capacity - learner->used < 2 + size + PADDING)
        return false;
    store_u16(learner->storage + learner->used, (uint16_t)size);
    memcpy(learner->storage + learner->used + 2, begin, size);
    learner->used += 2 + size;
    if (member_is_time(key.inside)) {
        learner->time_at = learner->members;
        learner->times++;
    }
    learner->members++;
    return true;
}

/* Over one value; the shape does not care which. */
static bool learn_value(struct learner *learner)
{
    struct number number;
    struct value value;
    struct text text;
    if (learner->at < learner->end && *learner->at == '"')
        return text_scan(&learner->at, learner->end, &text) == PAYLOAD_OK;
    const uint8_t *next = number_scan(learner->at, learner->end, &number);
    if (!next)
        next = member_scan_word(learner->at, learner->end, &value);
    learner->at = next ? next : learner->at;
    return next != NULL;
}

bool payload_shape_learn(struct bytes payload, uint8_t *storage, size_t storage_size,
                         struct payload_shape *ret_shape)
{
    struct learner learner = {.at = payload.at,
                              .end = payload.at + payload.size,
                              .storage = storage,
                              .capacity = storage_size,
                              .time_at = UINT16_MAX};
    if (payload.size == 0 || payload.at[0] != '{' || storage_size < PADDING)
        return false;
    do {
        if (learner.members > PAYLOAD_METRICS_MAX || !learn_key(&learner) || !learn_value(&learner))
            return false;
    } while (learner.at < learner.end && *learner.at == ',');
    bool closed = learner.end - learner.at == 1 && *learner.at == '}';
    unsigned count = learner.members - learner.times;
    if (!closed || learner.times > 1 || count == 0 || count > PAYLOAD_METRICS_MAX ||
        learner.used + PADDING > UINT16_MAX)
        return false;
    memset(storage + learner.used, 0, PADDING);
    *ret_shape = (struct payload_shape){.count = (uint16_t)count,
                                        .text_size = (uint16_t)(learner.used + PADDING),
                                        .members = (uint16_t)learner.members,
                                        .time_at = (uint16_t)learner.time_at,
                                        .text = storage};
    return true;
}

/* ---- matching ---------------------------------------------------------------------------------
 */
/* The bytes at `at` are text[size]; text may be read PADDING bytes beyond, `at` may not. */
static inline bool match_text(const uint8_t *at, const uint8_t *end, const uint8_t *text,
                              size_t size)
{
    if (UNLIKELY((size_t)(end - at) < size))
        return false;
#if defined(__SSE4_1__)
    if (LIKELY(size <= 16 && end - at >= 16)) {
        __m128i a = _mm_loadu_si128((const __m128i_u *)at);
        __m128i b = _mm_loadu_si128((const __m128i_u *)text);
        unsigned different = ~(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(a, b));
        return (different & ((1u << size) - 1)) == 0;
    }
#endif
    return memcmp(at, text, size) == 0;
}

/* A string without escapes, as payload_decode would take it. */
static const uint8_t *match_string(const uint8_t *at, const uint8_t *end, struct bytes *ret_text)
{
    uint64_t high = 0;
    const uint8_t *begin = at + 1;
    at = text_scan_plain(begin, end, &high);
    if (at == end || *at != '"')
        return NULL;
    *ret_text = bytes_of(begin, (size_t)(at - begin));
    if (ret_text->size > STRING_VALUE_MAX || (high && !bytes_are_utf8(*ret_text)))
        return NULL;
    return at + 1;
}

static const uint8_t *match_value(const uint8_t *at, const uint8_t *end, struct value *ret_value)
{
    struct number number;
    struct bytes text;
    const uint8_t *next = number_scan(at, end, &number);
    if (LIKELY(next != NULL))
        return number_to_value(&number, ret_value) ? NULL : next;
    if (at < end && *at == '"') {
        next = match_string(at, end, &text);
        if (next)
            *ret_value = member_text(text);
        return next;
    }
    return member_scan_word(at, end, ret_value);
}

static const uint8_t *match_time(const uint8_t *at, const uint8_t *end, int64_t *ret_time_ns)
{
    struct number number;
    struct bytes text;
    if (at < end && *at == '"') {
        const uint8_t *next = match_string(at, end, &text);
        return next && member_text_to_time(text, ret_time_ns) == PAYLOAD_OK ? next : NULL;
    }
    const uint8_t *next = number_scan(at, end, &number);
    return next && number_to_time(&number, ret_time_ns) == PAYLOAD_OK ? next : NULL;
}

bool payload_match(const struct payload_shape *shape, struct bytes payload, struct value *values,
                   bool *ret_has_time, int64_t *ret_time_ns)
{
    const uint8_t *at = payload.at, *end = payload.at + payload.size, *text = shape->text;
    int64_t time_ns = 0;
    for (unsigned member = 0; member < shape->members; member++) {
        size_t size = load_u16(text);
        if (!match_text(at, end, text + 2, size))
            return false;
        at += size;
        text += 2 + size;
        at = UNLIKELY(member == shape->time_at) ? match_time(at, end, &time_ns)
                                                : match_value(at, end, values++);
        if (UNLIKELY(!at))
            return false;
    }
    if (end - at != 1 || *at != '}')
        return false;
    *ret_has_time = shape->time_at != UINT16_MAX;
    *ret_time_ns = time_ns;
    return true;
}
