/* What a question about a whole chunk needs: never more than a few dozen bytes, so that a column of
 * sixty values can afford it. */
#include "codec/summary.h"

#include <string.h>

static inline double real_of(uint64_t bits)
{
    double real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

/* ---- fold ---------------------------------------------------------------------------------- */
__extension__ typedef __int128 fold_whole; /* no sum of 64-bit numbers overflows it */
struct fold {
    double sum, correction;
    fold_whole whole;
};

static bool fold_less(uint8_t type, uint64_t a, uint64_t b)
{
    if (type == VALUE_FLOAT64)
        return real_of(a) < real_of(b);
    return (int64_t)a < (int64_t)b;
}

static void fold_add(struct fold *fold, uint8_t type, uint64_t word)
{
    if (type != VALUE_FLOAT64) {
        fold->whole += (int64_t)word;
        return;
    }
    double real = real_of(word), sum = fold->sum + real;
    bool larger = __builtin_fabs(fold->sum) >= __builtin_fabs(real);
    fold->correction += larger ? (fold->sum - sum) + real : (real - sum) + fold->sum;
    fold->sum = sum;
}

static double fold_sum(const struct fold *fold, uint8_t type)
{
    if (type != VALUE_FLOAT64)
        return (double)fold->whole;
    double corrected = fold->sum + fold->correction;
    return __builtin_isfinite(corrected) ? corrected : fold->sum;
}

void chunk_fold(const struct chunk_column *column, const int64_t *times, uint32_t rows,
                struct chunk_summary *ret_summary)
{
    struct chunk_summary s = {.type = column->type, .all_good = true};
    struct fold fold = {0};
    bool is_text = column->type == VALUE_STRING;
    for (uint32_t row = 0; row < rows; row++) {
        uint8_t cell = column->cells ? column->cells[row] : CELL_VALUE;
        if (cell == CELL_NONE)
            continue;
        s.samples++;
        if (column->qualities && column->qualities[row] != QUALITY_GOOD)
            s.all_good = false;
        if (cell != CELL_VALUE)
            continue;
        uint64_t word = is_text ? 0 : column->words[row];
        if (s.count++ == 0) {
            s.first = s.min = s.max = word;
            s.first_ns = times[row];
            if (!is_text)
                s.min_row = s.max_row = row;
        }
        s.last = word;
        s.last_ns = times[row];
        if (is_text)
            continue;
        fold_add(&fold, s.type, word);
        if (fold_less(s.type, word, s.min)) {
            s.min = word;
            s.min_row = row;
        }
        if (fold_less(s.type, s.max, word)) {
            s.max = word;
            s.max_row = row;
        }
    }
    s.sum = s.count && !is_text ? fold_sum(&fold, s.type) : 0;
    *ret_summary = s;
}

/* ---- bytes --------------------------------------------------------------------------------- */
enum summary_raw { RAW_FIRST = 1, RAW_LAST = 2, RAW_MIN = 4, RAW_MAX = 8, RAW_SUM = 16 };

struct summary_bytes {
    uint8_t *at;
    struct mapping mapping;
    int64_t first; /* number of the first value; 0 when it has none */
    uint8_t raw;
};

/* As a number less `base` when that is shorter than the word. */
static void word_put(struct summary_bytes *out, uint64_t word, int64_t base, enum summary_raw flag)
{
    int64_t number;
    if (mapping_number(out->mapping, word, &number)) {
        uint64_t distance = zigzag((int64_t)((uint64_t)number - (uint64_t)base));
        if (varint_size(distance) <= 8) {
            out->at += varint_put(out->at, distance);
            if (flag == RAW_FIRST)
                out->first = number;
            return;
        }
    }
    out->raw |= (uint8_t)flag;
    store_u64(out->at, word);
    out->at += 8;
}

static uint64_t sum_word(double sum)
{
    uint64_t word;
    memcpy(&word, &sum, sizeof word);
    return word;
}

/* The sum is a double: of whole numbers, a decimal without decimals; of decimals mostly one of as
 * many; of others what it may be. */
static struct mapping sum_mapping(struct mapping mapping)
{
    bool is_whole = mapping.kind == MAPPING_INTEGER || mapping.kind == MAPPING_BITS;
    return (struct mapping){MAPPING_DECIMAL, is_whole ? 0 : mapping.parameter};
}

size_t summary_put(uint8_t *at, const struct chunk_summary *summary,
                   const struct summary_frame *frame)
{
    uint8_t *begin = at;
    if (frame->some_missing) {
        at += varint_put(at, summary->samples);
        at += varint_put(at, summary->count);
    }
    if (summary->count == 0)
        return (size_t)(at - begin);
    if (frame->some_missing) {
        at += varint_put(at, (uint64_t)summary->first_ns - (uint64_t)frame->time_first);
        at += varint_put(at, (uint64_t)frame->time_last - (uint64_t)summary->last_ns);
    }
    if (summary->type == VALUE_STRING)
        return (size_t)(at - begin);
    struct summary_bytes out = {.at = at + 1, .mapping = frame->mapping};
    word_put(&out, summary->first, 0, RAW_FIRST);
    word_put(&out, summary->last, out.first, RAW_LAST);
    word_put(&out, summary->min, out.first, RAW_MIN);
    word_put(&out, summary->max, out.first, RAW_MAX);
    out.mapping = sum_mapping(frame->mapping);
    word_put(&out, sum_word(summary->sum), (int64_t)((uint64_t)out.first * summary->count),
             RAW_SUM);
    *at = out.raw;
    out.at += varint_put(out.at, summary->min_row);
    out.at += varint_put(out.at, summary->max_row);
    return (size_t)(out.at - begin);
}

struct summary_source {
    struct bytes body;
    size_t at;
    struct mapping mapping;
    int64_t first;
    uint8_t raw;
};

MUST_USE static bool word_get(struct summary_source *in, int64_t base, enum summary_raw flag,
                              uint64_t *ret_word)
{
    if (in->raw & flag) {
        if (in->body.size - in->at < 8)
            return false;
        *ret_word = load_u64(in->body.at + in->at);
        in->at += 8;
        return true;
    }
    uint64_t distance, number;
    if (!varint_get(in->body, &in->at, &distance))
        return false;
    number = (uint64_t)base + (uint64_t)unzigzag(distance);
    if (flag == RAW_FIRST)
        in->first = (int64_t)number;
    if (!mapping_words(in->mapping, &number, 1))
        return false;
    *ret_word = number;
    return true;
}

MUST_USE static bool summary_words_get(struct summary_source *in, struct chunk_summary *summary)
{
    if (in->at >= in->body.size)
        return false;
    in->raw = in->body.at[in->at++];
    uint64_t sum, words[4];
    if (in->raw > (RAW_SUM << 1) - 1 || !word_get(in, 0, RAW_FIRST, &words[0]) ||
        !word_get(in, in->first, RAW_LAST, &words[1]) ||
        !word_get(in, in->first, RAW_MIN, &words[2]) ||
        !word_get(in, in->first, RAW_MAX, &words[3]))
        return false;
    if (summary->type == VALUE_FLOAT64 && !words_are_finite(words, ARRAY_COUNT(words)))
        return false;
    in->mapping = sum_mapping(in->mapping);
    if (!word_get(in, (int64_t)((uint64_t)in->first * summary->count), RAW_SUM, &sum))
        return false;
    summary->first = words[0];
    summary->last = words[1];
    summary->min = words[2];
    summary->max = words[3];
    summary->sum = real_of(sum);
    return summary->sum == summary->sum;
}

MUST_USE static bool row_get(struct bytes body, size_t *at, uint32_t rows, uint32_t *ret_row)
{
    uint64_t row;
    if (!varint_get(body, at, &row) || row >= rows)
        return false;
    *ret_row = (uint32_t)row;
    return true;
}

bool summary_get(struct bytes body, size_t *offset, const struct summary_frame *frame,
                 struct chunk_summary *summary)
{
    size_t at = *offset;
    uint64_t samples = frame->rows, count = frame->rows, first = 0, last = 0;
    if (frame->some_missing &&
        (!varint_get(body, &at, &samples) || !varint_get(body, &at, &count) ||
         samples > frame->rows || count > samples))
        return false;
    summary->samples = (uint32_t)samples;
    summary->count = (uint32_t)count;
    if (count && frame->some_missing &&
        (!varint_get(body, &at, &first) || !varint_get(body, &at, &last)))
        return false;
    if (count) {
        summary->first_ns = (int64_t)((uint64_t)frame->time_first + first);
        summary->last_ns = (int64_t)((uint64_t)frame->time_last - last);
    }
    if (count && summary->type != VALUE_STRING) {
        struct summary_source in = {.body = body, .at = at, .mapping = frame->mapping};
        if (!summary_words_get(&in, summary))
            return false;
        at = in.at;
        if (!row_get(body, &at, frame->rows, &summary->min_row) ||
            !row_get(body, &at, frame->rows, &summary->max_row))
            return false;
    }
    *offset = at;
    return true;
}
