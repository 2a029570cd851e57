/* Samples for a screen. The pass keeps all samples until there are more than four a column; from
 * then on what was kept is fed again, column by column. */
#include "query/sketch.h"

#include "query/fold.h"
#include "query/grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef __int128 wide;

bool sketch_begin(struct sketch *sketch, struct purse *purse, enum query_method method,
                  uint8_t type, uint32_t width, int64_t from_ns, int64_t to_ns)
{
    memset(sketch, 0, sizeof *sketch);
    sketch->type = type;
    sketch->method = method;
    sketch->from_ns = from_ns;
    sketch->to_ns = to_ns;
    sketch->width = width;
    sketch->columns = method == QUERY_LTTB ? width * SKETCH_SPARE : width;
    sketch->purse = purse;
    sketch->exact = true;
    sketch->column.index = -1;
    if (type != VALUE_STRING)
        return true;
    if (!purse_take(purse, 2 * STRING_VALUE_MAX))
        return false;
    sketch->column.first_text = malloc(2 * STRING_VALUE_MAX);
    if (sketch->column.first_text == NULL) {
        purse_give(purse, 2 * STRING_VALUE_MAX);
        purse->empty = true;
        return false;
    }
    sketch->column.last_text = sketch->column.first_text + STRING_VALUE_MAX;
    return true;
}

void sketch_done(struct sketch *sketch)
{
    if (sketch->purse == NULL)
        return;
    purse_free(sketch->purse, sketch->kept, sketch->kept_capacity, sizeof *sketch->kept);
    purse_free(sketch->purse, sketch->texts, sketch->texts_capacity, 1);
    if (sketch->column.first_text != NULL)
        purse_free(sketch->purse, sketch->column.first_text, 2 * STRING_VALUE_MAX, 1);
    memset(sketch, 0, sizeof *sketch);
}

/* ---- what is kept -----------------------------------------------------------------------------
 */
static bool kept_add(struct sketch *sketch, const struct sketch_sample *sample, struct bytes text)
{
    if (!purse_grow(sketch->purse, &sketch->kept, &sketch->kept_capacity, sketch->kept_size + 1,
                    sizeof *sketch->kept))
        return false;
    struct sketch_sample *kept = &sketch->kept[sketch->kept_size];
    *kept = *sample;
    if (sketch->type == VALUE_STRING && sample->valued) {
        if (sketch->texts_size + text.size > UINT32_MAX ||
            !purse_grow(sketch->purse, &sketch->texts, &sketch->texts_capacity,
                        sketch->texts_size + text.size + 1, 1))
            return false;
        if (text.size > 0)
            memcpy(sketch->texts + sketch->texts_size, text.at, text.size);
        kept->word = (uint64_t)text.size << 32 | sketch->texts_size;
        sketch->texts_size += text.size;
    }
    sketch->kept_size++;
    return true;
}

/* ---- columns ----------------------------------------------------------------------------------
 */
static int64_t column_edge(const struct sketch *sketch, int64_t index)
{
    wide span = sketch->to_ns - sketch->from_ns;
    return sketch->from_ns + (int64_t)((span * index + sketch->columns - 1) / sketch->columns);
}

static int64_t column_of(const struct sketch *sketch, int64_t time_ns)
{
    wide span = sketch->to_ns - sketch->from_ns;
    return (int64_t)((wide)(time_ns - sketch->from_ns) * sketch->columns / span);
}

static inline bool is_less(uint8_t type, uint64_t a, uint64_t b)
{
    if (type == VALUE_FLOAT64)
        return fold_real(type, a) < fold_real(type, b);
    return (int64_t)a < (int64_t)b;
}

static bool is_same(const struct sketch_sample *a, const struct sketch_sample *b)
{
    return a->time_ns == b->time_ns;
}

static bool column_end_strings(struct sketch *sketch)
{
    struct sketch_sample *first = &sketch->column.first, *last = &sketch->column.last;
    return kept_add(sketch, first, bytes_of(sketch->column.first_text, first->word >> 32)) &&
           (is_same(first, last) ||
            kept_add(sketch, last, bytes_of(sketch->column.last_text, last->word >> 32)));
}

/* The up to four of a column, in the order of their times. */
static bool column_end(struct sketch *sketch)
{
    const struct sketch_sample *first = &sketch->column.first, *last = &sketch->column.last;
    const struct sketch_sample *a = &sketch->column.least, *b = &sketch->column.greatest;
    if (sketch->column.index < 0)
        return true;
    sketch->column.index = -1;
    if (sketch->type == VALUE_STRING)
        return column_end_strings(sketch);
    const struct bytes none = bytes_of(NULL, 0);
    if (!kept_add(sketch, first, none))
        return false;
    if (sketch->column.valued) {
        if (a->time_ns > b->time_ns) {
            const struct sketch_sample *later = a;
            a = b;
            b = later;
        }
        if (!is_same(a, first) && !is_same(a, last) && !kept_add(sketch, a, none))
            return false;
        if (!is_same(b, a) && !is_same(b, first) && !is_same(b, last) && !kept_add(sketch, b, none))
            return false;
    }
    return is_same(first, last) || kept_add(sketch, last, none);
}

static void column_text(uint8_t *at, struct sketch_sample *sample, struct bytes text)
{
    if (!sample->valued)
        text.size = 0;
    if (text.size > 0)
        memcpy(at, text.at, text.size);
    sample->word = (uint64_t)text.size << 32;
}

static bool column_feed(struct sketch *sketch, const struct sketch_sample *sample,
                        struct bytes text)
{
    if (sketch->column.index < 0 || sample->time_ns >= sketch->column.end_ns) {
        if (!column_end(sketch))
            return false;
        sketch->column.index = column_of(sketch, sample->time_ns);
        sketch->column.end_ns = column_edge(sketch, sketch->column.index + 1);
        sketch->column.first = *sample;
        sketch->column.valued = false;
        if (sketch->type == VALUE_STRING)
            column_text(sketch->column.first_text, &sketch->column.first, text);
    }
    sketch->column.last = *sample;
    if (sketch->type == VALUE_STRING) {
        column_text(sketch->column.last_text, &sketch->column.last, text);
        return true;
    }
    if (!sample->valued)
        return true;
    if (!sketch->column.valued || is_less(sketch->type, sample->word, sketch->column.least.word))
        sketch->column.least = *sample;
    if (!sketch->column.valued || is_less(sketch->type, sketch->column.greatest.word, sample->word))
        sketch->column.greatest = *sample;
    sketch->column.valued = true;
    return true;
}

/* ---- the pass ---------------------------------------------------------------------------------
 */
/* More than can be kept: what was kept goes through the columns. */
static bool sketch_overflow(struct sketch *sketch)
{
    struct sketch_sample *kept = sketch->kept;
    uint8_t *texts = sketch->texts;
    size_t size = sketch->kept_size, capacity = sketch->kept_capacity;
    size_t texts_capacity = sketch->texts_capacity;
    bool fits = true;
    sketch->exact = false;
    sketch->kept = NULL;
    sketch->texts = NULL;
    sketch->kept_size = sketch->kept_capacity = sketch->texts_size = sketch->texts_capacity = 0;
    for (size_t i = 0; i < size && fits; i++)
        fits = column_feed(sketch, &kept[i],
                           sketch->type == VALUE_STRING
                               ? bytes_of(texts + (kept[i].word & UINT32_MAX), kept[i].word >> 32)
                               : bytes_of(NULL, 0));
    purse_free(sketch->purse, kept, capacity, sizeof *kept);
    purse_free(sketch->purse, texts, texts_capacity, 1);
    return fits;
}

bool sketch_feed(struct sketch *sketch, const struct sketch_sample *sample, struct bytes text)
{
    sketch->samples++;
    if (sketch->method == QUERY_LTTB && !sample->valued && sketch->type != VALUE_STRING)
        return true;
    if (!sketch->exact)
        return column_feed(sketch, sample, text);
    if (sketch->kept_size < (size_t)sketch->columns * 4)
        return kept_add(sketch, sample, text);
    return sketch_overflow(sketch) && column_feed(sketch, sample, text);
}

/* Samples of the column under way: only where the extremes are is kept in mind. */
static void column_extremes(struct sketch *sketch, const int64_t *times, const uint64_t *words,
                            uint32_t from, uint32_t to)
{
    uint8_t type = sketch->type;
    uint32_t least = from, greatest = from;
    for (uint32_t i = from + 1; i < to; i++) {
        if (is_less(type, words[i], words[least]))
            least = i;
        if (is_less(type, words[greatest], words[i]))
            greatest = i;
    }
    const uint32_t places[] = {least, greatest, to - 1};
    struct sketch_sample samples[3];
    for (size_t i = 0; i < 3; i++)
        samples[i] = (struct sketch_sample){
            .time_ns = times[places[i]], .word = words[places[i]], .valued = true};
    bool valued = sketch->column.valued;
    if (!valued || is_less(type, samples[0].word, sketch->column.least.word))
        sketch->column.least = samples[0];
    if (!valued || is_less(type, sketch->column.greatest.word, samples[1].word))
        sketch->column.greatest = samples[1];
    sketch->column.last = samples[2];
    sketch->column.valued = true;
}

bool sketch_feed_good(struct sketch *sketch, const int64_t *times, const uint64_t *words,
                      uint32_t count)
{
    for (uint32_t at = 0; at < count;) {
        struct sketch_sample sample = {.time_ns = times[at], .word = words[at], .valued = true};
        if (!sketch_feed(sketch, &sample, bytes_of(NULL, 0)))
            return false;
        at++;
        if (sketch->exact || at == count || times[at] >= sketch->column.end_ns)
            continue;
        uint32_t to = grid_rows_before(times, at, count, sketch->column.end_ns);
        column_extremes(sketch, times, words, at, to);
        sketch->samples += to - at;
        at = to;
    }
    return true;
}

/* ---- LTTB -------------------------------------------------------------------------------------
 */
struct triangle { /* of the sample chosen last and the average of the next bucket */
    double x1, y1, x3, y3;
};

static double sample_x(const struct sketch *sketch, const struct sketch_sample *sample)
{
    return (double)(sample->time_ns - sketch->from_ns);
}

static double sample_y(const struct sketch *sketch, const struct sketch_sample *sample)
{
    return fold_real(sketch->type, sample->word);
}

static void triangle_next(const struct sketch *sketch, size_t from, size_t to,
                          struct triangle *triangle)
{
    double x = 0, y = 0, count = (double)(to - from);
    for (size_t i = from; i < to; i++) {
        x += sample_x(sketch, &sketch->kept[i]) / count;
        y += sample_y(sketch, &sketch->kept[i]) / count;
    }
    triangle->x3 = x;
    triangle->y3 = y;
}

static size_t triangle_largest(const struct sketch *sketch, size_t from, size_t to,
                               const struct triangle *t)
{
    size_t best = from;
    double largest = -1;
    for (size_t i = from; i < to; i++) {
        double x2 = sample_x(sketch, &sketch->kept[i]), y2 = sample_y(sketch, &sketch->kept[i]);
        double area = fabs((t->x1 - t->x3) * (y2 - t->y1) - (t->x1 - x2) * (t->y3 - t->y1));
        if (area > largest) {
            largest = area;
            best = i;
        }
    }
    return best;
}

/* Where bucket `index` of the samples between the first and the last begins. */
static size_t bucket_edge(size_t count, size_t buckets, size_t index)
{
    return 1 + (size_t)((wide)(count - 2) * index / buckets);
}

/* In place: what is chosen is never behind what is still to be looked at. */
static void sketch_triangles(struct sketch *sketch)
{
    size_t count = sketch->kept_size, width = sketch->width, chosen = 0;
    struct triangle triangle = {0};
    if (count <= width)
        return;
    sketch->exact = false;
    if (width < 3) {
        sketch->kept[width - 1] = sketch->kept[count - 1];
        sketch->kept_size = width;
        return;
    }
    struct sketch_sample last = sketch->kept[count - 1];
    for (size_t i = 0; i < width - 2; i++) {
        size_t from = bucket_edge(count, width - 2, i), to = bucket_edge(count, width - 2, i + 1);
        size_t next = i + 3 < width ? bucket_edge(count, width - 2, i + 2) : count;
        triangle.x1 = sample_x(sketch, &sketch->kept[chosen]);
        triangle.y1 = sample_y(sketch, &sketch->kept[chosen]);
        triangle_next(sketch, to, next, &triangle);
        size_t best = triangle_largest(sketch, from, to, &triangle);
        sketch->kept[++chosen] = sketch->kept[best];
    }
    sketch->kept[++chosen] = last;
    sketch->kept_size = chosen + 1;
}

bool sketch_end(struct sketch *sketch)
{
    if (!sketch->exact && !column_end(sketch))
        return false;
    if (sketch->method == QUERY_LTTB && sketch->type != VALUE_STRING)
        sketch_triangles(sketch);
    if (sketch->samples != sketch->kept_size || sketch->rolled)
        sketch->exact = false;
    return true;
}
