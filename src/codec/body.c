/* The values of a column in the fewest bytes. What a mapping would make of them is guessed from a
 * sample of them, and what is left of doubt is settled by writing both and keeping the shorter. */
#include "codec/encoder.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLE_MAX 64
#define EXCEPTION_BITS 80 /* what one costs */
#define DIGIT_BITS 3.33   /* what one more decimal of every value costs */
#define FLOAT32_DIGITS 8  /* decimals that a sensor sends; a float32 as a double has more */
#define FLOAT32_NUMBER_MAX (INT64_C(1) << 27)

/* ---- plain --------------------------------------------------------------------------------------
 */
static size_t exceptions_put(uint8_t *at, const uint16_t *positions, uint32_t count,
                             const uint64_t *words)
{
    uint8_t *begin = at;
    uint32_t next = 0;
    at += varint_put(at, count);
    for (uint32_t i = 0; i < count; i++) {
        at += varint_put(at, positions[i] - next);
        next = positions[i] + 1u;
    }
    for (uint32_t i = 0; i < count; i++, at += 8)
        store_u64(at, words[positions[i]]);
    return (size_t)(at - begin);
}

/* Leaves the numbers in encoder->numbers. False when too many words do not fit the mapping. */
static bool plain_put(struct chunk_encoder *encoder, struct mapping mapping, uint32_t count,
                      struct body *body)
{
    uint32_t exceptions = mapping_numbers(mapping, encoder->words, count, encoder->numbers,
                                          encoder->exceptions, EXCEPTIONS_MOST(count));
    if (exceptions > EXCEPTIONS_MOST(count))
        return false;
    body->mapping = mapping;
    body->flags = exceptions ? COLUMN_FLAG_EXCEPTIONS : 0;
    body->size = 0;
    if (exceptions) {
        /* What stands aside before the first number takes its place, not a zero's. */
        uint32_t lead = 0;
        while (lead < exceptions && encoder->exceptions[lead] == lead)
            lead++;
        for (uint32_t i = 0; i < lead && lead < count; i++)
            encoder->numbers[i] = encoder->numbers[lead];
        body->size = exceptions_put(body->at, encoder->exceptions, exceptions, encoder->words);
    }
    body->size += stream_put(body->at + body->size, encoder->numbers, count, &encoder->scratch);
    return true;
}

/* ---- which mapping -----------------------------------------------------------------------------
 */
static uint64_t sample_word(const struct chunk_encoder *encoder, uint32_t count, uint32_t index)
{
    uint32_t samples = count < SAMPLE_MAX ? count : SAMPLE_MAX;
    return encoder->words[(uint64_t)index * count / samples];
}

/* The fewest decimals the word needs; SCALE_DECIMAL_MAX + 1 when none are enough. */
static uint8_t decimals_needed(uint8_t kind, uint64_t word, uint8_t from)
{
    for (uint8_t parameter = from; parameter <= SCALE_DECIMAL_MAX; parameter++) {
        int64_t number;
        if (!mapping_number((struct mapping){kind, parameter}, word, &number))
            continue;
        bool too_large = kind == MAPPING_FLOAT32 &&
                         (number > FLOAT32_NUMBER_MAX || number < -FLOAT32_NUMBER_MAX);
        return too_large ? SCALE_DECIMAL_MAX + 1 : parameter;
    }
    return SCALE_DECIMAL_MAX + 1;
}

/* The number of decimals that is cheapest for the sample: each costs every value some bits, too few
 * make exceptions. False when more than a sixth would be exceptions anyway. */
static bool decimals_choose(const struct chunk_encoder *encoder, uint8_t kind, uint32_t count,
                            uint8_t *ret_parameter)
{
    uint32_t need[SCALE_DECIMAL_MAX + 2] = {0}, samples = count < SAMPLE_MAX ? count : SAMPLE_MAX;
    for (uint32_t i = 0; i < samples; i++) {
        uint8_t needed = decimals_needed(kind, sample_word(encoder, count, i), 0);
        need[needed]++;
        /* What is no decimal is asked in vain for every exponent: do not ask for long. */
        if (need[SCALE_DECIMAL_MAX + 1] > 4 + EXCEPTIONS_MOST(samples))
            return false;
    }
    double cheapest = 0;
    uint32_t outside = samples;
    bool found = false;
    for (uint8_t parameter = 0; parameter <= SCALE_DECIMAL_MAX; parameter++) {
        outside -= need[parameter];
        double cost = outside * (double)EXCEPTION_BITS + samples * DIGIT_BITS * parameter;
        if (outside > EXCEPTIONS_MOST(samples) || (found && cost >= cheapest))
            continue;
        found = true;
        cheapest = cost;
        *ret_parameter = parameter;
    }
    return found;
}

static struct mapping bits_mapping(const struct chunk_encoder *encoder, uint32_t count)
{
    uint64_t any = 0;
    for (uint32_t i = 0; i < count; i++)
        any |= encoder->words[i];
    any &= INT64_MAX;
    return (struct mapping){MAPPING_BITS, any ? (uint8_t)__builtin_ctzll(any) : 63};
}

static bool words_are_float32(const struct chunk_encoder *encoder, uint32_t count)
{
    uint32_t samples = count < SAMPLE_MAX ? count : SAMPLE_MAX, wide = 0;
    for (uint32_t i = 0; i < samples; i++)
        wide += (sample_word(encoder, count, i) & ((UINT64_C(1) << 29) - 1)) != 0;
    return wide <= EXCEPTIONS_MOST(samples);
}

/* Writes one more body and keeps the smaller of both. */
static bool plain_offer(struct chunk_encoder *encoder, struct mapping mapping, uint32_t count,
                        struct body *best)
{
    uint8_t *other = encoder->bytes[best->at == encoder->bytes[0]];
    struct body body = {.at = other};
    if (!plain_put(encoder, mapping, count, &body))
        return false;
    if (best->size == 0 || body.size < best->size)
        *best = body;
    return true;
}

static bool body_is_good(const struct body *body, uint32_t count)
{
    return body->size && body->size <= (size_t)count * 4 + 16 &&
           !(body->flags & COLUMN_FLAG_EXCEPTIONS);
}

static void reals_choose(struct chunk_encoder *encoder, uint32_t count, struct body *best)
{
    struct mapping decimal = {.kind = MAPPING_DECIMAL}, single = {.kind = MAPPING_FLOAT32};
    bool is_decimal = decimals_choose(encoder, decimal.kind, count, &decimal.parameter);
    bool is_single = (!is_decimal || decimal.parameter > FLOAT32_DIGITS) &&
                     words_are_float32(encoder, count) &&
                     decimals_choose(encoder, single.kind, count, &single.parameter);
    if (is_single)
        (void)plain_offer(encoder, single, count, best);
    else if (is_decimal)
        (void)plain_offer(encoder, decimal, count, best);
    /* Four bytes a value, or many that stand aside: perhaps it is something else. */
    if (body_is_good(best, count))
        return;
    (void)plain_offer(encoder, bits_mapping(encoder, count), count, best);
    if (is_single && is_decimal)
        (void)plain_offer(encoder, decimal, count, best);
}

/* ---- dictionary
 * ---------------------------------------------------------------------------------- */
static uint32_t slot_of(uint64_t word, uint32_t mask)
{
    return (uint32_t)(word * UINT64_C(0x9e3779b97f4a7c15) >> 40) & mask;
}

/* Empties as much of the table as so many distinct values need; the mask of its slots. */
static uint32_t slots_clear(struct chunk_encoder *encoder, uint32_t count)
{
    uint32_t size = 16;
    while (size < 2 * count)
        size *= 2;
    check(size <= SLOTS);
    memset(encoder->slots, 0, size * sizeof encoder->slots[0]);
    return size - 1;
}

/* Are there few enough different values among some of them to count all? */
static bool distinct_are_few(const struct chunk_encoder *encoder, uint32_t count)
{
    uint64_t table[4 * SAMPLE_MAX];
    bool used[4 * SAMPLE_MAX] = {false};
    uint32_t found = 0, samples = count < SAMPLE_MAX ? count : SAMPLE_MAX;
    for (uint32_t i = 0; i < samples; i++) {
        uint64_t word = sample_word(encoder, count, i);
        uint32_t slot = slot_of(word, 4 * SAMPLE_MAX - 1);
        while (used[slot] && table[slot] != word)
            slot = (slot + 1) & (4 * SAMPLE_MAX - 1);
        found += !used[slot];
        used[slot] = true;
        table[slot] = word;
    }
    return found <= samples - samples / 16;
}

static int number_compare(const void *a, const void *b)
{
    int64_t left, right;
    memcpy(&left, a, sizeof left);
    memcpy(&right, b, sizeof right);
    return (left > right) - (left < right);
}

/* Different numbers of encoder->numbers into encoder->distinct, ascending; 0 when there are more
 * than `most`. */
static uint32_t distinct_find(struct chunk_encoder *encoder, uint32_t count, uint32_t most)
{
    uint32_t found = 0;
    uint32_t mask = slots_clear(encoder, count);
    for (uint32_t i = 0; i < count; i++) {
        int64_t number = encoder->numbers[i];
        uint32_t slot = slot_of((uint64_t)number, mask);
        while (encoder->slots[slot] && encoder->distinct[encoder->slots[slot] - 1] != number)
            slot = (slot + 1) & mask;
        if (encoder->slots[slot])
            continue;
        if (found == most)
            return 0;
        encoder->distinct[found++] = number;
        encoder->slots[slot] = (uint16_t)found;
    }
    qsort(encoder->distinct, found, sizeof encoder->distinct[0], number_compare);
    return found;
}

/* Numbers become their places among the distinct. */
static void distinct_index(struct chunk_encoder *encoder, uint32_t count, uint32_t found)
{
    uint32_t mask = slots_clear(encoder, count);
    for (uint32_t i = 0; i < found; i++) {
        uint32_t slot = slot_of((uint64_t)encoder->distinct[i], mask);
        while (encoder->slots[slot])
            slot = (slot + 1) & mask;
        encoder->slots[slot] = (uint16_t)(i + 1);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = slot_of((uint64_t)encoder->numbers[i], mask);
        while (encoder->distinct[encoder->slots[slot] - 1] != encoder->numbers[i])
            slot = (slot + 1) & mask;
        encoder->numbers[i] = encoder->slots[slot] - 1;
    }
}

/* Indexes are as near to each other as the numbers, but for the gaps between these: what they save
 * is at most the logarithm of the gaps' mean size, by value; what an entry costs is about as much.
 */
static bool dictionary_may_pay(const struct chunk_encoder *encoder, uint32_t count, uint32_t found)
{
    uint64_t range = (uint64_t)encoder->distinct[found - 1] - (uint64_t)encoder->distinct[0];
    uint64_t gap = range / found;
    unsigned saved = gap ? 64u - (unsigned)__builtin_clzll(gap) : 0;
    return (uint64_t)saved * count > (uint64_t)found * (saved + 1) + 64;
}

static void dictionary_offer(struct chunk_encoder *encoder, uint32_t count, struct body *best)
{
    if (best->size <= 24 + count / 32 || !distinct_are_few(encoder, count))
        return;
    struct body body = {.flags = COLUMN_FLAG_DICTIONARY, .mapping = best->mapping};
    if (best->flags & COLUMN_FLAG_EXCEPTIONS)
        body.mapping = bits_mapping(encoder, count);
    if (mapping_numbers(body.mapping, encoder->words, count, encoder->numbers, encoder->exceptions,
                        0))
        return;
    uint32_t found = distinct_find(encoder, count, count / 2);
    if (found == 0)
        return;
    if (!dictionary_may_pay(encoder, count, found))
        return;
    body.at = encoder->bytes[best->at == encoder->bytes[0]];
    uint8_t *entries = body.at + 2 * VARINT_MAX;
    size_t entry_bytes = stream_put(entries, encoder->distinct, found, &encoder->scratch);
    if (entry_bytes >= best->size)
        return;
    uint8_t *at = body.at + varint_put(body.at, found);
    at += varint_put(at, entry_bytes);
    memmove(at, entries, entry_bytes);
    at += entry_bytes;
    distinct_index(encoder, count, found);
    at += stream_put(at, encoder->numbers, count, &encoder->scratch);
    body.size = (size_t)(at - body.at);
    if (body.size < best->size)
        *best = body;
}

static void values_choose(struct chunk_encoder *encoder, uint8_t type, uint32_t count,
                          struct body *ret_body)
{
    struct body best = {.at = encoder->bytes[0]};
    if (type == VALUE_FLOAT64)
        reals_choose(encoder, count, &best);
    else
        check(plain_put(encoder, (struct mapping){MAPPING_INTEGER, 0}, count, &best));
    if (type != VALUE_BOOL)
        dictionary_offer(encoder, count, &best);
    *ret_body = best;
}

/* ---- held values
 * --------------------------------------------------------------------------------- */
static uint32_t runs_count(const uint64_t *words, uint32_t count)
{
    uint32_t runs = 1;
    for (uint32_t i = 1; i < count; i++)
        runs += words[i] != words[i - 1];
    return runs;
}

/* The first word of each run to the front of encoder->words, the lengths to encoder->numbers. */
static void runs_gather(struct chunk_encoder *encoder, uint32_t count)
{
    uint32_t runs = 0;
    for (uint32_t i = 0; i < count;) {
        uint32_t end = i + 1;
        uint64_t word = encoder->words[i];
        while (end < count && encoder->words[end] == word)
            end++;
        encoder->words[runs] = word;
        encoder->numbers[runs++] = end - i;
        i = end;
    }
}

/* An analyser that measures every other minute is asked every minute: what repeats is told once,
 * with how often, when that is shorter. */
static void held_offer(struct chunk_encoder *encoder, uint8_t type, uint32_t count,
                       struct body *best)
{
    uint32_t runs = runs_count(encoder->words, count);
    if (runs > count - count / 4 || best->size <= 24)
        return;
    memcpy(encoder->kept, best->at, best->size);
    best->at = encoder->kept;
    runs_gather(encoder, count);
    uint8_t *lengths = encoder->held + 2 * VARINT_MAX, *at = encoder->held;
    size_t length_bytes = stream_put(lengths, encoder->numbers, runs, &encoder->scratch);
    if (length_bytes >= best->size)
        return;
    at += varint_put(at, runs);
    at += varint_put(at, length_bytes);
    memmove(at, lengths, length_bytes);
    at += length_bytes;
    struct body values;
    values_choose(encoder, type, runs, &values);
    size_t size = (size_t)(at - encoder->held) + values.size;
    if (size >= best->size)
        return;
    memcpy(at, values.at, values.size);
    *best = (struct body){.mapping = values.mapping,
                          .flags = values.flags | COLUMN_FLAG_HELD,
                          .size = size,
                          .at = encoder->held};
}

void body_choose(struct chunk_encoder *encoder, uint8_t type, uint32_t count, struct body *ret_body)
{
    values_choose(encoder, type, count, ret_body);
    held_offer(encoder, type, count, ret_body);
}

/* ---- texts --------------------------------------------------------------------------------------
 */
uint8_t *texts_put(struct chunk_encoder *encoder, uint32_t count, uint8_t *at)
{
    uint32_t found = 0;
    uint32_t mask = slots_clear(encoder, count);
    for (uint32_t i = 0; i < count; i++) {
        struct bytes text = encoder->texts[i];
        uint32_t slot = (uint32_t)hash64(text.at, text.size, 0) & mask;
        while (encoder->slots[slot] &&
               !bytes_equal(encoder->texts[encoder->first_seen[encoder->slots[slot] - 1]], text))
            slot = (slot + 1) & mask;
        if (!encoder->slots[slot]) {
            encoder->first_seen[found++] = i;
            encoder->slots[slot] = (uint16_t)found;
        }
        encoder->numbers[i] = encoder->slots[slot] - 1;
    }
    at += varint_put(at, found);
    for (uint32_t i = 0; i < found; i++)
        at += varint_put(at, encoder->texts[encoder->first_seen[i]].size);
    for (uint32_t i = 0; i < found; i++) {
        struct bytes text = encoder->texts[encoder->first_seen[i]];
        if (text.size)
            memcpy(at, text.at, text.size);
        at += text.size;
    }
    return at + stream_put(at, encoder->numbers, count, &encoder->scratch);
}
