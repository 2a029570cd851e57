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

/* The limits that stand for the point: of each kind the profile's where it wins, else its own, else
 * the profile's other one. A view of either when one of them says it all, else limits[]. */
static const double *limits_of(const struct points *points, uint32_t point,
                               const struct live_entry *live, double *limits, uint8_t *ret_mask)
{
    const double *own = NULL;
    *ret_mask = live->limit_mask;
    if (live->limit_mask != 0)
        own = ((const struct limits_entry *)state_read(&points->limit_rows, point))->limits;
    if (live->profile == PROFILE_NONE)
        return own;
    const struct profile_entry *profile = state_read(&points->profiles, live->profile);
    uint8_t shared = (uint8_t)(profile->wins | (profile->otherwise & ~live->limit_mask));
    *ret_mask |= shared;
    if ((live->limit_mask & ~shared) == 0)
        return profile->limits;
    for (unsigned i = 0; i < LIMIT_KINDS; i++)
        limits[i] = shared & 1u << i ? profile->limits[i] : own[i];
    return limits;
}

void live_judge(const struct points *points, uint32_t point, struct live_entry *live)
{
    double mixed[LIMIT_KINDS];
    uint8_t mask;
    live->limit_state = LIMIT_STATE_NONE;
    if (!(live->flags & LIVE_PRESENT) || (live->type != VALUE_FLOAT64 && live->type != VALUE_INT64))
        return;
    const double *limits = limits_of(points, point, live, mixed, &mask);
    if (mask == 0)
        return;
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
    uint64_t bytes =
        points->counters->value_bytes - texts_cost(texts_get(&points->texts, held).size);
    uint32_t cost = texts_cost(text.size);
    *ret_kept = cost == 0 || bytes + cost <= points->limits.strings_bytes_max;
    if (!*ret_kept) {
        text = bytes_of("", 0);
        cost = 0;
    }
    enum err err = texts_set(&points->texts, &held, text);
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
    live->flags = (uint8_t)((live->flags & LIVE_TOLD) | LIVE_SEEN | (present ? LIVE_PRESENT : 0));
}

/* ---- values that somebody looks at -------------------------------------------------------------
 */
static inline bool is_looked_at(const struct live_entry *live)
{
    return live->profile != PROFILE_NONE || live->flags & LIVE_TOLD;
}

static struct value numbers_of(const struct value *value)
{
    struct value out = *value;
    out.text = bytes_of("", 0);
    return out;
}

/* Late: the live value stayed, and what came is told by itself. */
static void notice_late(uint32_t point, const struct live_entry *live, const struct value *value,
                        const struct sample_stamp *stamp, struct effects *effects)
{
    if (effects->notices == NULL || (live->profile == PROFILE_NONE && !(live->flags & LIVE_TOLD)))
        return;
    effects->notices[effects->notice_count++] =
        (struct point_notice){.point = point,
                              .late = true,
                              .time_ns = stamp->time_ns,
                              .arrival_ns = stamp->arrival_ns,
                              .value = numbers_of(value)};
}

/* What there was, before a new value takes its place. */
static struct point_notice notice_begin(uint32_t point, const struct live_entry *live)
{
    bool text = live->type == VALUE_STRING;
    return (struct point_notice){.point = point,
                                 .had_before = live->flags & LIVE_SEEN,
                                 .before_time_ns = live->time_ns,
                                 .before = {.type = live->type,
                                            .present = live->flags & LIVE_PRESENT,
                                            .scale = live->scale,
                                            .quality = live->quality,
                                            .number = text ? 0 : live->number}};
}

static void notice_end(const struct points *points, const struct live_entry *live,
                       uint8_t state_before, const struct value *value, struct point_notice *notice,
                       struct effects *effects)
{
    bool each = live->profile != PROFILE_NONE &&
                ((const struct profile_entry *)state_read(&points->profiles, live->profile))->each;
    notice->state_changed = live->limit_state != state_before;
    if (effects->notices == NULL || (!notice->state_changed && !each && !(live->flags & LIVE_TOLD)))
        return;
    notice->time_ns = live->time_ns;
    notice->arrival_ns = live->arrival_ns;
    notice->value = numbers_of(value);
    effects->notices[effects->notice_count++] = *notice;
}

/* The value takes the place of the live one. */
static enum err sample_take(struct points *points, uint32_t point, struct live_entry *live,
                            const struct value *value, const struct sample_stamp *stamp,
                            struct effects *effects)
{
    live_put(live, value, stamp);
    if (UNLIKELY(live->type == VALUE_STRING))
        return live_put_string(points, live, value, effects);
    live->number = value->present ? value->number : 0;
    live->scale = value->present && live->type == VALUE_FLOAT64 ? value->scale : 0;
    if (UNLIKELY(live->limit_mask != 0 || live->profile != PROFILE_NONE))
        live_judge(points, point, live);
    return OK;
}

/* Most values of a point with a profile change nothing: what they were like before is only put
 * together for those that may be told. */
static enum err sample_take_told(struct points *points, uint32_t point, struct live_entry *live,
                                 const struct value *value, const struct sample_stamp *stamp,
                                 struct effects *effects)
{
    struct point_notice notice = notice_begin(point, live);
    uint8_t state_before = live->limit_state;
    enum err err = sample_take(points, point, live, value, stamp, effects);
    if (err == OK)
        notice_end(points, live, state_before, value, &notice, effects);
    return err;
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
        notice_late(point, live, value, stamp, effects);
        return OK;
    }
    if (UNLIKELY(is_looked_at(live)))
        return sample_take_told(points, point, live, value, stamp, effects);
    return sample_take(points, point, live, value, stamp, effects);
}

enum err points_apply_sample(struct points *points, const struct row_shape *shape,
                             const struct sample_row *sample, int64_t arrival_ns,
                             struct effects *effects)
{
    uint32_t first = shape->first_point, count = shape->count;
    effects->notice_count = 0;
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

enum err points_erase_live(struct points *points, uint32_t point, int64_t from_ns, int64_t to_ns,
                           bool *ret_erased)
{
    check(point > 0 && point <= points->counters->points);
    const struct live_entry *held = live_at(points, point);
    *ret_erased = held->flags & LIVE_SEEN && held->time_ns >= from_ns && held->time_ns < to_ns;
    if (!*ret_erased)
        return OK;
    struct live_entry *live = state_write(&points->live, point);
    bool kept;
    enum err err =
        live->type == VALUE_STRING ? live_put_text(points, live, bytes_of("", 0), &kept) : OK;
    if (err != OK)
        return err;
    live->number = 0;
    live->time_ns = live->arrival_ns = 0;
    live->scale = live->quality = 0;
    live->limit_state = LIMIT_STATE_NONE;
    live->flags = (uint8_t)((live->flags & (LIVE_RETIRED | LIVE_TOLD)) | LIVE_ERASED);
    return OK;
}

void points_apply_prefetch(const struct points *points, uint32_t first_point, uint32_t count)
{
    for (uint32_t i = 0; i < count; i += 2)
        state_prefetch(&points->live, first_point + i);
    if (count > 0)
        state_prefetch(&points->live, first_point + count - 1);
}
