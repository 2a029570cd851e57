/* Which points are looked at, and by whom: found by row, since samples come by row. */
#include "live/room.h"

#include <stdlib.h>
#include <string.h>

#define ROWS_FIRST 64u
#define WATCHERS_FIRST 2u

/* ---- rows -------------------------------------------------------------------------------------
 */
static inline uint32_t row_home(const struct live *live, uint32_t row)
{
    return (uint32_t)((row * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (live->row_capacity - 1);
}

/* Where the row is, or would be. */
static inline uint32_t row_seat(const struct live *live, uint32_t row)
{
    uint32_t seat = row_home(live, row);
    while (live->rows[seat] != NULL && live->rows[seat]->row != row)
        seat = (seat + 1) & (live->row_capacity - 1);
    return seat;
}

static inline struct watched_row *row_find(const struct live *live, uint32_t row)
{
    return live->row_capacity == 0 ? NULL : live->rows[row_seat(live, row)];
}

static size_t row_size(uint16_t count)
{
    return sizeof(struct watched_row) + count * sizeof(struct watched *);
}

/* Seats are at most half taken. */
static enum err rows_reserve(struct live *live)
{
    if (live->row_count * 2 < live->row_capacity)
        return OK;
    uint32_t before = live->row_capacity, after = before == 0 ? ROWS_FIRST : before * 2;
    struct watched_row **old = live->rows;
    struct watched_row **rows = live_resize(live, NULL, 0, after * sizeof *rows);
    if (rows == NULL)
        return ERR_NO_MEMORY;
    memset(rows, 0, after * sizeof *rows);
    live->rows = rows;
    live->row_capacity = after;
    for (uint32_t i = 0; i < before; i++)
        if (old[i] != NULL)
            rows[row_seat(live, old[i]->row)] = old[i];
    live_free(live, old, before * sizeof *old);
    return OK;
}

static enum err row_add(struct live *live, const struct row_shape *shape,
                        struct watched_row **ret_row)
{
    enum err err = rows_reserve(live);
    if (err != OK)
        return err;
    struct watched_row *row = live_resize(live, NULL, 0, row_size(shape->count));
    if (row == NULL)
        return ERR_NO_MEMORY;
    err = engine_watch_row(live->config.engine, shape->row, true);
    if (err != OK) {
        live_free(live, row, row_size(shape->count));
        return err;
    }
    memset(row, 0, row_size(shape->count));
    row->row = shape->row;
    row->count = shape->count;
    live->rows[row_seat(live, shape->row)] = row;
    live->row_count++;
    *ret_row = row;
    return OK;
}

/* Those behind it move up where their home is not passed (Knuth, volume 3, 6.4, algorithm R). */
static void row_remove(struct live *live, struct watched_row *row)
{
    uint32_t hole = row_seat(live, row->row), most = live->row_capacity - 1;
    for (uint32_t at = (hole + 1) & most; live->rows[at] != NULL; at = (at + 1) & most) {
        uint32_t home = row_home(live, live->rows[at]->row);
        if (((at - home) & most) >= ((at - hole) & most)) {
            live->rows[hole] = live->rows[at];
            hole = at;
        }
    }
    live->rows[hole] = NULL;
    live->row_count--;
    /* Taking a bit away asks for no memory. */
    check(engine_watch_row(live->config.engine, row->row, false) == OK);
    live_free(live, row, row_size(row->count));
}

/* ---- points -----------------------------------------------------------------------------------
 */
static struct row_shape shape_of(const struct live *live, uint32_t point)
{
    struct point_row row;
    points_row(live->points, points_row_of(live->points, point), &row);
    return row.shape;
}

struct watched *watch_find(const struct live *live, uint32_t point)
{
    struct row_shape shape = shape_of(live, point);
    const struct watched_row *row = row_find(live, shape.row);
    return row == NULL ? NULL : row->columns[point - shape.first_point];
}

void watched_refresh(struct live *live, struct watched *watched)
{
    struct point_view view;
    uint8_t path[PATH_MAX_BYTES];
    points_view(live->points, watched->point, &view);
    watched->number = view.value.number;
    watched->scale = view.value.scale;
    watched->quality = view.value.quality;
    watched->present = view.value.present;
    watched->type = view.value.type;
    watched->time_ns = view.time_ns;
    watched->plain = view.value.type != VALUE_STRING;
    for (size_t i = 0; i < LIMIT_KINDS; i++)
        watched->plain = watched->plain && view.limits[i] != view.limits[i]; /* NaN: no limit */
    size_t size = points_path(live->points, watched->point, path);
    watched->path_hash = points_path_hash(view.tenant, bytes_of(path, size));
}

static enum err watched_add(struct live *live, const struct row_shape *shape, uint32_t point,
                            struct watched **ret_watched)
{
    struct watched_row *row = row_find(live, shape->row);
    enum err err = row != NULL ? OK : row_add(live, shape, &row);
    if (err != OK)
        return err;
    struct watched *watched = live_resize(live, NULL, 0, sizeof *watched);
    if (watched == NULL) {
        if (row->watched == 0)
            row_remove(live, row);
        return ERR_NO_MEMORY;
    }
    *watched = (struct watched){.point = point, .row = shape->row};
    watched_refresh(live, watched);
    row->columns[point - shape->first_point] = watched;
    row->watched++;
    *ret_watched = watched;
    return OK;
}

static void watched_remove(struct live *live, struct watched *watched)
{
    struct watched_row *row = row_find(live, watched->row);
    check(row != NULL && watched->count == 0);
    row->columns[watched->point - shape_of(live, watched->point).first_point] = NULL;
    if (--row->watched == 0)
        row_remove(live, row);
    live_free(live, watched->watchers, watched->capacity * sizeof *watched->watchers);
    live_free(live, watched, sizeof *watched);
}

enum err watch_begin(struct live *live, struct viewer *viewer, uint32_t slot, uint32_t point)
{
    struct row_shape shape = shape_of(live, point);
    const struct watched_row *row = row_find(live, shape.row);
    struct watched *watched = row == NULL ? NULL : row->columns[point - shape.first_point];
    enum err err = watched != NULL ? OK : watched_add(live, &shape, point, &watched);
    if (err != OK)
        return err;
    if (watched->count == watched->capacity) {
        uint32_t capacity = watched->capacity == 0 ? WATCHERS_FIRST : watched->capacity * 2;
        struct watcher *watchers =
            live_resize(live, watched->watchers, watched->capacity * sizeof *watchers,
                        capacity * sizeof *watchers);
        if (watchers == NULL) {
            if (watched->count == 0)
                watched_remove(live, watched);
            return ERR_NO_MEMORY;
        }
        watched->watchers = watchers;
        watched->capacity = capacity;
    }
    viewer->slots[slot].watched = watched;
    viewer->slots[slot].place = watched->count;
    watched->watchers[watched->count++] = (struct watcher){viewer, slot};
    return OK;
}

void watch_end(struct live *live, struct slot *slot)
{
    struct watched *watched = slot->watched;
    struct watcher *last = &watched->watchers[--watched->count];
    watched->watchers[slot->place] = *last;
    last->viewer->slots[last->slot].place = slot->place;
    slot->watched = NULL;
    if (watched->count == 0)
        watched_remove(live, watched);
}

void watch_done(struct live *live)
{
    check(live->row_count == 0);
    live_free(live, live->rows, live->row_capacity * sizeof *live->rows);
}

/* ---- changes ----------------------------------------------------------------------------------
 */
static inline void slot_mark(struct viewer *viewer, uint32_t at)
{
    struct slot *slot = &viewer->slots[at];
    slot->pending += slot->pending < UINT32_MAX;
    if (slot->list == SLOT_ON_NONE && !slot->unknown) {
        slot_list(viewer, at, SLOT_ON_VALUES);
        viewer_wake(viewer);
    }
}

/* The same judgement as the points': a value of another type is none, an older one is late. */
static inline void watched_change(struct watched *watched, const struct value *value,
                                  int64_t time_ns)
{
    if (value->type != watched->type || time_ns < watched->time_ns)
        return;
    watched->time_ns = time_ns;
    watched->present = value->present;
    watched->quality = value->quality;
    watched->number = value->present ? value->number : 0;
    watched->scale = value->present ? value->scale : 0;
    for (uint32_t i = 0; i < watched->count; i++)
        slot_mark(watched->watchers[i].viewer, watched->watchers[i].slot);
}

void live_row_changed(struct live *live, const struct row_shape *shape,
                      const struct sample_row *sample)
{
    struct watched_row *row = row_find(live, shape->row);
    if (row == NULL)
        return;
    for (uint32_t i = 0; i < sample->count; i++) {
        uint32_t column = sample->columns == NULL ? i : sample->columns[i];
        if (column < row->count && row->columns[column] != NULL)
            watched_change(row->columns[column], &sample->values[i], sample->time_ns);
    }
}
