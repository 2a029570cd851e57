/* The history against the journal: of each point and time it has the sample that was written last,
 * with its quality, and no other; what was erased is gone. Where a policy retains for some time,
 * what is older may be there or not; where the journal lets go of samples, the history may have
 * more than the journal. */
#include "world.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t cell_hash(const struct chunk_column *column, uint32_t at)
{
    struct value value = {.type = column->type};
    if (!column->cells || column->cells[at] == CELL_VALUE) {
        if (column->type == VALUE_STRING)
            value =
                (struct value){.type = VALUE_STRING, .present = true, .text = column->texts[at]};
        else
            value = chunk_value(column->type, column->words[at]);
    }
    value.quality = column->qualities ? column->qualities[at] : QUALITY_GOOD;
    return scan_value_hash(&value);
}

/* Raw samples of this time and later may not go. */
static int64_t kept_from(const struct world *world)
{
    return world->retention_ns ? world->newest_ns - world->retention_ns : INT64_MIN;
}

static void cell_verify(struct world *world, struct past *past, uint32_t point, int64_t time_ns,
                        uint64_t hash)
{
    struct past_sample *sample = past_find(past, point, time_ns);
    world->counts.samples++;
    if (sample == NULL && world->config.samples_keep_ns == 0)
        world_fail(world,
                   "the history has a sample of point %u at %" PRId64
                   " that is not in the journal, or was erased",
                   point, time_ns);
    if (sample == NULL)
        return;
    if (sample->value != hash && time_ns >= kept_from(world))
        world_fail(world,
                   "the history's sample of point %u at %" PRId64 " is not the one written last",
                   point, time_ns);
    if (sample->seen)
        world_fail(world, "the history gives point %u at %" PRId64 " twice", point, time_ns);
    sample->seen = true;
}

static void row_verify(struct world *world, struct past *past, struct history_scan *scan,
                       const struct row_shape *shape)
{
    const struct points *points = engine_points(world->engine);
    uint8_t types[COLUMNS_MAX];
    struct history_query query = {.row = shape->row,
                                  .types = types,
                                  .count = shape->count,
                                  .lateness = true,
                                  .from_ns = INT64_MIN,
                                  .to_ns = INT64_MAX};
    struct history_piece piece;
    for (uint16_t i = 0; i < shape->count; i++)
        types[i] = points_type(points, shape->first_point + i);
    query.backward = random_one_in(&world->random, 4);
    enum err err = history_scan_row(scan, &query);
    while (err == OK && (err = history_scan_next(scan, &piece)) == OK) {
        for (uint16_t i = 0; i < shape->count; i++) {
            const struct chunk_column *column = &piece.rows.columns[i];
            for (uint32_t at = 0; at < piece.rows.rows; at++)
                if (!column->cells || column->cells[at] != CELL_NONE)
                    cell_verify(world, past, shape->first_point + i, piece.rows.times[at],
                                cell_hash(column, at));
        }
    }
    if (err != ERR_MISSING)
        world_fail(world, "the history's row %u cannot be read: %s", shape->row, err_text(err));
}

static void past_verify_seen(struct world *world, const struct past *past)
{
    int64_t from_ns = kept_from(world);
    for (size_t i = 0; i < past->capacity; i++) {
        const struct past_sample *sample = &past->slots[i];
        if (sample->point != 0 && !sample->seen && sample->time_ns >= from_ns)
            world_fail(world, "the history has no sample of point %u at %" PRId64, sample->point,
                       sample->time_ns);
    }
}

void world_verify_history(struct world *world, struct past *past)
{
    struct history *history = engine_history(world->engine);
    const struct points *points = engine_points(world->engine);
    struct history_view *view;
    struct history_scan *scan;
    struct history_missing missing[4];
    if (history_view_open(history, &view) != OK || history_scan_create(view, &scan) != OK)
        world_fail(world, "no memory for a view");
    for (uint32_t row = 1; row <= points_rows(points); row++) {
        struct point_row of;
        points_row(points, row, &of);
        row_verify(world, past, scan, &of.shape);
    }
    size_t count = history_scan_missing(scan, missing, ARRAY_COUNT(missing));
    if (count + history_view_missing(view, missing, ARRAY_COUNT(missing)) > 0)
        world_fail(world, "nothing rotted, and the history misses %s: %s", missing[0].file,
                   missing[0].why);
    history_scan_destroy(scan);
    history_view_close(view);
    past_verify_seen(world, past);
}
