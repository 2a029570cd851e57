/* Folding: one small loop for each thing that is asked, over samples that all count, so that the
 * compiler may make the most of each. */
#include "query/fold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 fold_wide;

static inline double real_of(uint64_t bits)
{
    double real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

static inline uint64_t bits_of(double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return bits;
}

double fold_real(uint8_t type, uint64_t word)
{
    return type == VALUE_FLOAT64 ? real_of(word) : (double)(int64_t)word;
}

uint64_t fold_word_as(uint8_t to, uint8_t from, uint64_t word)
{
    return to == VALUE_FLOAT64 && from != VALUE_FLOAT64 ? bits_of((double)(int64_t)word) : word;
}

static bool all_zero(const uint8_t *at, uint32_t count)
{
    uint64_t some = 0;
    uint32_t i = 0;
    for (; i + 8 <= count; i += 8)
        some |= load_u64(at + i);
    for (; i < count; i++)
        some |= at[i];
    return some == 0;
}

_Static_assert(CELL_VALUE == 0 && QUALITY_GOOD == 0, "what is ordinary is zero");
struct chunk_column fold_column(const struct chunk_column *column, uint32_t rows)
{
    struct chunk_column plain = *column;
    if (plain.cells != NULL && all_zero(plain.cells, rows))
        plain.cells = NULL;
    if (plain.qualities != NULL && all_zero(plain.qualities, rows))
        plain.qualities = NULL;
    return plain;
}

/* ---- the plan ---------------------------------------------------------------------------------
 */
void fold_plan_make(struct fold_plan *plan, uint8_t type, const struct query_aggregate *list,
                    size_t count)
{
    *plan = (struct fold_plan){.type = type, .list = list, .count = count};
    for (size_t i = 0; i < count; i++) {
        enum query_aggregate_kind kind = list[i].kind;
        bool number = type != VALUE_STRING;
        plan->sum = plan->sum || (number && (kind == QUERY_SUM || kind == QUERY_MEAN));
        plan->extremes = plan->extremes || (number && (kind == QUERY_MIN || kind == QUERY_MAX));
        plan->ends = plan->ends || kind == QUERY_FIRST || kind == QUERY_LAST;
        plan->moments = plan->moments || (number && kind == QUERY_STDDEV);
        plan->values = plan->values || (number && kind == QUERY_PERCENTILE);
        plan->time = plan->time || (number && kind == QUERY_TIME_MEAN);
    }
}

/* ---- the cell ---------------------------------------------------------------------------------
 */
void fold_cell_clear(struct fold_cell *cell)
{
    struct fold_cell kept = {
        .values = cell->values, .values_capacity = cell->values_capacity, .ends = cell->ends};
    if (kept.ends != NULL)
        kept.ends->first.size = kept.ends->last.size = 0;
    *cell = kept;
}

void fold_cell_done(struct fold_cell *cell, struct purse *purse)
{
    purse_free(purse, cell->values, cell->values_capacity, sizeof *cell->values);
    if (cell->ends != NULL) {
        purse_free(purse, cell->ends->first.at, cell->ends->first.capacity, 1);
        purse_free(purse, cell->ends->last.at, cell->ends->last.capacity, 1);
        purse_free(purse, cell->ends, 1, sizeof *cell->ends);
    }
    memset(cell, 0, sizeof *cell);
}

/* ---- numbers ----------------------------------------------------------------------------------
 */
static inline void sum_add(double *sum, double *correction, double real)
{
    double more = *sum + real;
    bool larger = fabs(*sum) >= fabs(real);
    *correction += larger ? (*sum - more) + real : (real - more) + *sum;
    *sum = more;
}

static void fold_sum(struct fold_cell *cell, uint8_t type, const uint64_t *words, size_t count)
{
    double sum = cell->sum, correction = cell->correction;
    if (type == VALUE_FLOAT64) {
        for (size_t i = 0; i < count; i++)
            sum_add(&sum, &correction, real_of(words[i]));
        cell->sum = sum;
        cell->correction = correction;
        return;
    }
    __extension__ __int128 whole = 0;
    for (size_t i = 0; i < count; i++)
        whole += (int64_t)words[i];
    cell->whole += whole;
}

static void extremes_real(struct fold_cell *cell, const uint64_t *words, size_t count)
{
    double min = real_of(cell->min), max = real_of(cell->max);
    for (size_t i = 0; i < count; i++) {
        double real = real_of(words[i]);
        min = real < min ? real : min;
        max = real > max ? real : max;
    }
    cell->min = bits_of(min);
    cell->max = bits_of(max);
}

static void extremes_whole(struct fold_cell *cell, const uint64_t *words, size_t count)
{
    int64_t min = (int64_t)cell->min, max = (int64_t)cell->max;
    for (size_t i = 0; i < count; i++) {
        int64_t whole = (int64_t)words[i];
        min = whole < min ? whole : min;
        max = whole > max ? whole : max;
    }
    cell->min = (uint64_t)min;
    cell->max = (uint64_t)max;
}

static void fold_extremes(struct fold_cell *cell, uint8_t type, const uint64_t *words, size_t count)
{
    if (cell->count == 0)
        cell->min = cell->max = words[0];
    if (type == VALUE_FLOAT64)
        extremes_real(cell, words, count);
    else
        extremes_whole(cell, words, count);
}

static void fold_moments(struct fold_cell *cell, uint8_t type, const uint64_t *words, size_t count)
{
    double mean = cell->mean, squares = cell->squares, seen = (double)cell->count;
    for (size_t i = 0; i < count; i++) {
        double real = fold_real(type, words[i]), off = real - mean;
        seen += 1;
        mean += off / seen;
        squares += off * (real - mean);
    }
    cell->mean = mean;
    cell->squares = squares;
}

static bool fold_keep(struct fold_cell *cell, struct purse *purse, uint8_t type,
                      const uint64_t *words, size_t count)
{
    if (!purse_grow(purse, &cell->values, &cell->values_capacity, cell->values_size + count,
                    sizeof *cell->values))
        return false;
    for (size_t i = 0; i < count; i++)
        cell->values[cell->values_size++] = fold_real(type, words[i]);
    return true;
}

/* Of several points of a group: of the same time the point that came later in the list is last. */
static inline bool is_first(const struct fold_cell *cell, int64_t time_ns)
{
    return cell->count == 0 || time_ns < cell->first_ns;
}

static inline bool is_last(const struct fold_cell *cell, int64_t time_ns)
{
    return cell->count == 0 || time_ns >= cell->last_ns;
}

bool fold_words(const struct fold_plan *plan, struct fold_cell *cell, struct purse *purse,
                const int64_t *times, const uint64_t *words, size_t count)
{
    if (count == 0)
        return true;
    if (plan->values && !fold_keep(cell, purse, plan->type, words, count))
        return false;
    if (plan->sum)
        fold_sum(cell, plan->type, words, count);
    if (plan->extremes)
        fold_extremes(cell, plan->type, words, count);
    if (plan->moments)
        fold_moments(cell, plan->type, words, count);
    if ((plan->ends || plan->time) && is_first(cell, times[0])) {
        cell->first = words[0];
        cell->first_ns = times[0];
    }
    if ((plan->ends || plan->time) && is_last(cell, times[count - 1])) {
        cell->last = words[count - 1];
        cell->last_ns = times[count - 1];
    }
    cell->count += count;
    return true;
}

/* ---- strings ----------------------------------------------------------------------------------
 */
static bool text_set(struct fold_text *text, struct purse *purse, struct bytes bytes)
{
    if (!purse_grow(purse, &text->at, &text->capacity, bytes.size > 0 ? bytes.size : 1, 1))
        return false;
    if (bytes.size > 0)
        memcpy(text->at, bytes.at, bytes.size);
    text->size = bytes.size;
    return true;
}

static bool ends_make(struct fold_cell *cell, struct purse *purse)
{
    if (cell->ends != NULL)
        return true;
    if (!purse_take(purse, sizeof *cell->ends))
        return false;
    cell->ends = calloc(1, sizeof *cell->ends);
    if (cell->ends == NULL) {
        purse_give(purse, sizeof *cell->ends);
        purse->empty = true;
    }
    return cell->ends != NULL;
}

bool fold_texts(const struct fold_plan *plan, struct fold_cell *cell, struct purse *purse,
                const int64_t *times, const struct bytes *texts, size_t count)
{
    if (count == 0)
        return true;
    if (plan->ends) {
        if (!ends_make(cell, purse))
            return false;
        if (is_first(cell, times[0]) && !text_set(&cell->ends->first, purse, texts[0]))
            return false;
        if (is_last(cell, times[count - 1]) &&
            !text_set(&cell->ends->last, purse, texts[count - 1]))
            return false;
    }
    if (is_first(cell, times[0]))
        cell->first_ns = times[0];
    if (is_last(cell, times[count - 1]))
        cell->last_ns = times[count - 1];
    cell->count += count;
    return true;
}

/* ---- summaries --------------------------------------------------------------------------------
 */
bool fold_plan_takes_summaries(const struct fold_plan *plan)
{
    return !plan->moments && !plan->values && !plan->time &&
           (plan->type != VALUE_STRING || !plan->ends);
}

/* Samples that are not good may be bad ones, which are not folded. The sum of int64 is rounded
 * beyond 2^53. */
bool fold_takes_summary(const struct fold_plan *plan, const struct chunk_summary *summary)
{
    if (!summary->all_good)
        return false;
    if (summary->type == VALUE_STRING)
        return !plan->ends || summary->count == 0;
    return summary->type == VALUE_FLOAT64 || !plan->sum || fabs(summary->sum) < 0x1p53;
}

static void summary_extremes(const struct fold_plan *plan, struct fold_cell *cell, uint64_t min,
                             uint64_t max)
{
    const uint64_t words[2] = {min, max};
    fold_extremes(cell, plan->type, words, 2);
}

/* Of rollups it may be beyond 64 bits. */
static void summary_whole(struct fold_cell *cell, double sum)
{
    if (fabs(sum) < 0x1p100)
        cell->whole += (fold_wide)sum;
}

void fold_summary(const struct fold_plan *plan, struct fold_cell *cell,
                  const struct chunk_summary *summary)
{
    uint8_t from = summary->type;
    if (summary->count == 0)
        return;
    if (plan->sum && plan->type == VALUE_FLOAT64)
        sum_add(&cell->sum, &cell->correction, summary->sum);
    else if (plan->sum)
        summary_whole(cell, summary->sum);
    if (plan->extremes)
        summary_extremes(plan, cell, fold_word_as(plan->type, from, summary->min),
                         fold_word_as(plan->type, from, summary->max));
    if (is_first(cell, summary->first_ns)) {
        cell->first = fold_word_as(plan->type, from, summary->first);
        cell->first_ns = summary->first_ns;
    }
    if (is_last(cell, summary->last_ns)) {
        cell->last = fold_word_as(plan->type, from, summary->last);
        cell->last_ns = summary->last_ns;
    }
    cell->count += summary->count;
}

/* ---- results ----------------------------------------------------------------------------------
 */
static void swap(double *a, double *b)
{
    double kept = *a;
    *a = *b;
    *b = kept;
}

/* Hoare's selection: values[at] becomes what it were if all were sorted; none before it is greater,
 * none behind it is less. Pivots are drawn, so that no order of arrival makes it slow. */
static void values_select(double *values, size_t count, size_t at)
{
    ptrdiff_t low = 0, high = (ptrdiff_t)count - 1, place = (ptrdiff_t)at;
    uint64_t chance = UINT64_C(0x9E3779B97F4A7C15) ^ count;
    while (low < high) {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        double pivot = values[low + (ptrdiff_t)(chance % (uint64_t)(high - low + 1))];
        ptrdiff_t i = low, j = high;
        while (i <= j) {
            while (values[i] < pivot)
                i++;
            while (values[j] > pivot)
                j--;
            if (i <= j)
                swap(&values[i++], &values[j--]);
        }
        if (place >= i)
            low = i;
        else if (place <= j)
            high = j;
        else
            return;
    }
}

double fold_percentile(double *values, size_t count, double percentile)
{
    double place = (double)(count - 1) * percentile / 100, below = floor(place);
    size_t at = (size_t)below;
    values_select(values, count, at);
    if (at + 1 >= count || place <= below)
        return values[at];
    double next = values[at + 1];
    for (size_t i = at + 2; i < count; i++)
        next = values[i] < next ? values[i] : next;
    return values[at] + (place - below) * (next - values[at]);
}

static struct fold_value of_real(double real)
{
    return (struct fold_value){.kind = isfinite(real) ? FOLD_REAL : FOLD_NOTHING, .real = real};
}

static struct fold_value of_word(uint8_t type, uint64_t word)
{
    if (type == VALUE_FLOAT64)
        return of_real(real_of(word));
    return (struct fold_value){.kind = type == VALUE_BOOL ? FOLD_BOOL : FOLD_WHOLE,
                               .whole = (int64_t)word};
}

static struct fold_value of_text(const struct fold_text *text)
{
    return (struct fold_value){.kind = FOLD_TEXT, .size = (uint32_t)text->size, .text = text->at};
}

static double cell_sum(const struct fold_cell *cell)
{
    double corrected = cell->sum + cell->correction;
    return isfinite(corrected) ? corrected : cell->sum;
}

static struct fold_value result_of_sum(const struct fold_plan *plan, const struct fold_cell *cell)
{
    if (plan->type == VALUE_FLOAT64)
        return of_real(cell_sum(cell));
    if (cell->whole < INT64_MIN || cell->whole > INT64_MAX)
        return of_real((double)cell->whole);
    return (struct fold_value){.kind = FOLD_WHOLE, .whole = (int64_t)cell->whole};
}

static struct fold_value result_of_numbers(const struct fold_plan *plan, struct fold_cell *cell,
                                           const struct query_aggregate *aggregate)
{
    double count = (double)cell->count;
    switch (aggregate->kind) {
    case QUERY_SUM:
        return result_of_sum(plan, cell);
    case QUERY_MIN:
        return of_word(plan->type, cell->min);
    case QUERY_MAX:
        return of_word(plan->type, cell->max);
    case QUERY_MEAN:
        return of_real((plan->type == VALUE_FLOAT64 ? cell_sum(cell) : (double)cell->whole) /
                       count);
    case QUERY_FIRST:
        return of_word(plan->type, cell->first);
    case QUERY_LAST:
        return of_word(plan->type, cell->last);
    case QUERY_STDDEV:
        if (cell->count < 2)
            break;
        return of_real(sqrt(cell->squares / (count - 1)));
    case QUERY_PERCENTILE:
        return of_real(fold_percentile(cell->values, cell->values_size, aggregate->percentile));
    default:
        break;
    }
    return (struct fold_value){.kind = FOLD_NOTHING};
}

struct fold_value fold_result(const struct fold_plan *plan, struct fold_cell *cell, size_t at)
{
    const struct query_aggregate *aggregate = &plan->list[at];
    if (aggregate->kind == QUERY_COUNT)
        return (struct fold_value){.kind = FOLD_WHOLE, .whole = (int64_t)cell->count};
    if (cell->rolled && (aggregate->kind == QUERY_TIME_MEAN || aggregate->kind == QUERY_STDDEV ||
                         aggregate->kind == QUERY_PERCENTILE))
        return (struct fold_value){.kind = FOLD_NOTHING};
    if (aggregate->kind == QUERY_TIME_MEAN && plan->time) {
        if (cell->duration_s > 0)
            return of_real(cell->integral / cell->duration_s);
        return cell->count > 0 ? of_real(fold_real(plan->type, cell->last))
                               : (struct fold_value){.kind = FOLD_NOTHING};
    }
    if (cell->count == 0)
        return (struct fold_value){.kind = FOLD_NOTHING};
    if (plan->type != VALUE_STRING)
        return result_of_numbers(plan, cell, aggregate);
    if ((aggregate->kind == QUERY_FIRST || aggregate->kind == QUERY_LAST) && cell->ends != NULL)
        return of_text(aggregate->kind == QUERY_FIRST ? &cell->ends->first : &cell->ends->last);
    return (struct fold_value){.kind = FOLD_NOTHING};
}
