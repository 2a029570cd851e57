/* Samples: the hot path of the model. A row's live values lie side by side, two in a cache line; a
 * sample that is not older than the live one takes its place. */
#include "model/points/tables.h"

/* ---- limits
 * ------------------------------------------------------------------------------------------ */

/* Sign of number - limit, exact beyond 2^53 too. limit is finite. */
static int compare_integer(int64_t number, double limit)
{
    if (limit >= 0x1p63)
        return -1;
    if (limit < -0x1p63)
        return 1;
    int64_t whole = (int64_t)limit; /* towards zero: |limit - whole| < 1 */
    if (number != whole)
        return number < whole ? -1 : 1;
    double rest = limit - (double)whole; /* whole came from a double: exact */
    return rest > 0 ? -1 : rest < 0;
}

static int compare_value(const struct live_entry *live, double limit)
{
    if (live->type == VALUE_INT64)
        return compare_integer(live->number, limit);
    struct value value = {
        .type = live->type, .scale = live->scale, .present = true, .number = live->number};
    double real = value_real(&value);
    return real < limit ? -1 : real > limit;
}

void live_judge(const struct points *points, uint32_t point, struct live_entry *live)
{
    live->limit_state = LIMIT_STATE_NONE;
    if (live->limit_mask == 0 || !(live->flags & LIVE_PRESENT))
        return;
    const double *limits =
        ((const struct limits_entry *)state_read(&points->limit_rows, point))->limits;
    uint8_t mask = live->limit_mask;
    live->limit_state = LIMIT_STATE_NORMAL;
    if (mask & 1 << LIMIT_HIGH_HIGH && compare_value(live, limits[LIMIT_HIGH_HIGH]) >= 0)
        live->limit_state = LIMIT_STATE_HIGH_HIGH;
    else if (mask & 1 << LIMIT_LOW_LOW && compare_value(live, limits[LIMIT_LOW_LOW]) <= 0)
        live->limit_state = LIMIT_STATE_LOW_LOW;
    else if (mask & 1 << LIMIT_HIGH && compare_value(live, limits[LIMIT_HIGH]) >= 0)
        live->limit_state = LIMIT_STATE_HIGH;
    else if (mask & 1 << LIMIT_LOW && compare_value(live, limits[LIMIT_LOW]) <= 0)
        live->limit_state = LIMIT_STATE_LOW;
}

/* ---- strings
 * ----------------------------------------------------------------------------------------- */

/* The string value takes the place of the one before. When the house is full of strings the value
 * is not present (the journal and the history have it): *ret_kept false. */
static enum err live_put_text(struct points *points, struct live_entry *live, struct bytes text,
                              bool *ret_kept)
{
    uint32_t held = (uint32_t)live->number;
    uint64_t bytes = points->counters->value_bytes - text_cost(text_get(points, held).size);
    uint32_t cost = text_cost(text.size);
    *ret_kept = cost == 0 || bytes + cost <= points->limits.strings_bytes_max;
    if (!*ret_kept) {
        text = bytes_of("", 0);
        cost = 0;
    }
    enum err err = text_set(points, &held, text);
    if (err != OK)
        return err;
    live->number = held;
    if (points->counters->value_bytes != bytes + cost)
        counters_write(points)->value_bytes = bytes + cost;
    return OK;
}

/* ---- samples
 * ----------------------------------------------------------------------------------------- */

static enum err live_put_string(struct points *points, struct live_entry *live,
                                const struct value *value, struct effects *effects)
{
    if (value->text.size > STRING_VALUE_MAX)
        return ERR_CORRUPT;
    bool kept;
    enum err err =
        live_put_text(points, live, value->present ? value->text : bytes_of("", 0), &kept);
    if (err != OK || kept)
        return err;
    live->flags = (uint8_t)(live->flags & ~LIVE_PRESENT);
    live->quality = QUALITY_BAD_NO_VALUE;
    effects->strings_full++;
    return OK;
}

struct sample_stamp {
    int64_t time_ns, arrival_ns;
};

/* A value that is taken: everything but strings and limits is a few stores. */
static inline void live_put(struct live_entry *live, const struct value *value,
                            const struct sample_stamp *stamp)
{
    bool present = value->present;
    live->time_ns = stamp->time_ns;
    live->arrival_ns = stamp->arrival_ns;
    live->quality = value->quality;
    live->flags = (uint8_t)(LIVE_SEEN | (present ? LIVE_PRESENT : 0));
}

static enum err sample_put(struct points *points, uint32_t point, struct live_entry *live,
                           const struct value *value, const struct sample_stamp *stamp,
                           struct effects *effects)
{
    if (UNLIKELY(value->type != live->type || live->flags & LIVE_RETIRED)) {
        effects->samples_unknown++;
        return OK;
    }
    effects->samples++;
    if (UNLIKELY(stamp->time_ns < live->time_ns && live->flags & LIVE_SEEN)) {
        effects->samples_late++;
        return OK;
    }
    live_put(live, value, stamp);
    if (UNLIKELY(live->type == VALUE_STRING))
        return live_put_string(points, live, value, effects);
    live->number = value->present ? value->number : 0;
    live->scale = value->present && live->type == VALUE_FLOAT64 ? value->scale : 0;
    if (UNLIKELY(live->limit_mask != 0))
        live_judge(points, point, live);
    return OK;
}

enum err points_apply_sample(struct points *points, const struct row_shape *shape,
                             const struct sample_row *sample, int64_t arrival_ns,
                             struct effects *effects)
{
    uint32_t first = shape->first_point, count = shape->count;
    if (UNLIKELY(first == POINT_NONE || count == 0 || sample->count == 0 ||
                 (uint64_t)first + count - 1 > points->counters->points)) {
        effects->samples_unknown += sample->count;
        return OK;
    }
    const struct sample_stamp stamp = {sample->time_ns, arrival_ns};
    /* Nearly always the row lies in one page, and one look at its stamp is enough. */
    uint32_t page_rows = state_table_page_rows(&points->live);
    bool one_page = first / page_rows == (first + count - 1) / page_rows;
    struct live_entry *row = one_page ? state_write(&points->live, first) : NULL;
    for (uint32_t i = 0; i < sample->count; i++) {
        uint32_t column = sample->columns == NULL ? i : sample->columns[i];
        if (UNLIKELY(column >= count)) {
            effects->samples_unknown++;
            continue;
        }
        uint32_t point = first + column;
        struct live_entry *live = one_page ? row + column : state_write(&points->live, point);
        enum err err = sample_put(points, point, live, &sample->values[i], &stamp, effects);
        if (UNLIKELY(err != OK))
            return err;
    }
    return OK;
}

void points_apply_prefetch(const struct points *points, uint32_t first_point, uint32_t count)
{
    for (uint32_t i = 0; i < count; i += 2)
        state_prefetch(&points->live, first_point + i);
    if (count > 0)
        state_prefetch(&points->live, first_point + count - 1);
}
