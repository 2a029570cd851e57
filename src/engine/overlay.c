/* The overlay: points that admission has created and written into a batch that is not durable yet.
 * The model learns of them only when the batch is (law 4); until then lookups ask here as well. A
 * failed write drops the overlay whole, and nothing of it ever was. */
#include "engine/room.h"

#include <stdlib.h>
#include <string.h>

enum err overlay_init(struct overlay *overlay)
{
    *overlay = (struct overlay){0};
    overlay->recent_size = 65536;
    overlay->recent = calloc(overlay->recent_size, sizeof(struct overlay_row *));
    if (!overlay->recent)
        return ERR_NO_MEMORY;
    return index_create(&overlay->paths);
}

void overlay_done(struct overlay *overlay)
{
    struct overlay_row *row = overlay->first;
    while (row) {
        struct overlay_row *next = row->next;
        free(row);
        row = next;
    }
    free(overlay->recent);
    index_destroy(overlay->paths);
    *overlay = (struct overlay){0};
}

static size_t overlay_path(const struct overlay_row *row, uint32_t column, uint8_t *path)
{
    size_t size = 0;
    if (row->prefix.size) {
        memcpy(path, row->prefix.at, row->prefix.size);
        path[row->prefix.size] = '/';
        size = row->prefix.size + 1;
    }
    memcpy(path + size, row->metrics[column].at, row->metrics[column].size);
    return size + row->metrics[column].size;
}

static uint64_t overlay_path_hash(const struct overlay_row *row, uint32_t column)
{
    uint8_t path[PATH_MAX_BYTES + 8];
    size_t size = overlay_path(row, column, path);
    return points_path_hash(row->tenant, bytes_of(path, size));
}

/* One block: the row, its metrics' views, then all bytes. */
static struct overlay_row *overlay_copy(const struct fact_row *fact)
{
    size_t text = fact->prefix.size;
    for (uint32_t i = 0; i < fact->shape.count; i++)
        text += fact->points[i].metric.size;
    struct overlay_row *row =
        malloc(sizeof *row + fact->shape.count * sizeof(struct bytes) + text + 1);
    if (!row)
        return NULL;
    *row =
        (struct overlay_row){.tenant = fact->tenant, .shape = fact->shape, .object = fact->object};
    uint8_t *at = (uint8_t *)(row->metrics + fact->shape.count);
    if (fact->prefix.size)
        memcpy(at, fact->prefix.at, fact->prefix.size);
    row->prefix = bytes_of(at, fact->prefix.size);
    at += fact->prefix.size;
    for (uint32_t i = 0; i < fact->shape.count; i++) {
        struct bytes metric = fact->points[i].metric;
        memcpy(at, metric.at, metric.size);
        row->metrics[i] = bytes_of(at, metric.size);
        at += metric.size;
    }
    return row;
}

static void overlay_forget(struct overlay *overlay, const struct overlay_row *row, uint32_t columns)
{
    for (uint32_t i = 0; i < columns; i++) {
        enum err err =
            index_remove(overlay->paths, overlay_path_hash(row, i), row->shape.first_point + i);
        check(err == OK);
    }
}

/* The ring must hold all rows that wait; it doubles when it does not. */
static enum err overlay_widen(struct overlay *overlay)
{
    if (overlay->rows < overlay->recent_size)
        return OK;
    uint32_t size = overlay->recent_size * 2;
    struct overlay_row **wider = calloc(size, sizeof(struct overlay_row *));
    if (!wider)
        return ERR_NO_MEMORY;
    for (struct overlay_row *row = overlay->first; row; row = row->next)
        wider[row->shape.row & (size - 1)] = row;
    free(overlay->recent);
    overlay->recent = wider;
    overlay->recent_size = size;
    return OK;
}

enum err overlay_add(struct overlay *overlay, const struct fact_row *fact)
{
    enum err err = overlay_widen(overlay);
    if (err != OK)
        return err;
    struct overlay_row *row = overlay_copy(fact);
    if (!row)
        return ERR_NO_MEMORY;
    uint32_t columns = 0;
    for (; err == OK && columns < row->shape.count; columns++)
        err = index_insert(overlay->paths, overlay_path_hash(row, columns),
                           row->shape.first_point + columns);
    if (err != OK) { /* the last one tried is not there */
        overlay_forget(overlay, row, columns - 1);
        free(row);
        return err;
    }
    if (overlay->last)
        overlay->last->next = row;
    else
        overlay->first = row;
    overlay->last = row;
    overlay->rows++;
    overlay->points += row->shape.count;
    overlay->recent[row->shape.row & (overlay->recent_size - 1)] = row;
    return OK;
}

bool overlay_remove_first(struct overlay *overlay, uint32_t row_id)
{
    struct overlay_row *row = overlay->first;
    if (!row || row->shape.row != row_id)
        return false; /* replay: nothing was admitted here */
    overlay_forget(overlay, row, row->shape.count);
    overlay->first = row->next;
    if (!overlay->first)
        overlay->last = NULL;
    overlay->rows--;
    overlay->points -= row->shape.count;
    overlay->recent[row->shape.row & (overlay->recent_size - 1)] = NULL;
    free(row);
    return true;
}

void overlay_clear(struct overlay *overlay)
{
    while (overlay->first)
        (void)overlay_remove_first(overlay, overlay->first->shape.row);
}

struct overlay_row *overlay_row_at(const struct overlay *overlay, uint32_t row)
{
    struct overlay_row *found = overlay->recent[row & (overlay->recent_size - 1)];
    return found && found->shape.row == row ? found : NULL;
}

/* The row of a waiting point: rows are in the order of their points, and most lookups are for one
 * of the newest; the candidates come from the path index, so this is asked only for real hits. */
static struct overlay_row *overlay_row_of_point(const struct overlay *overlay, uint32_t point)
{
    uint32_t low = overlay->first->shape.row, high = overlay->last->shape.row;
    while (low < high) {
        uint32_t middle = low + (high - low + 1) / 2;
        const struct overlay_row *row = overlay_row_at(overlay, middle);
        check(row != NULL);
        if (row->shape.first_point <= point)
            low = middle;
        else
            high = middle - 1;
    }
    return overlay_row_at(overlay, low);
}

uint32_t overlay_find(const struct overlay *overlay, uint32_t tenant, struct bytes path,
                      uint64_t hash, uint32_t *ret_row)
{
    if (!overlay->rows)
        return POINT_NONE;
    uint8_t found[PATH_MAX_BYTES + 8];
    struct index_probe probe;
    for (uint32_t point = index_first(overlay->paths, &probe, hash); point != INDEX_NONE;
         point = index_next(overlay->paths, &probe)) {
        const struct overlay_row *row = overlay_row_of_point(overlay, point);
        if (row->tenant != tenant || point - row->shape.first_point >= row->shape.count)
            continue;
        size_t size = overlay_path(row, point - row->shape.first_point, found);
        if (bytes_equal(bytes_of(found, size), path)) {
            *ret_row = row->shape.row;
            return point;
        }
    }
    return POINT_NONE;
}
