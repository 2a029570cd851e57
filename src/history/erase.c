/* What was erased: at once for whoever asks, by a list that scans look at; in the files by a merge
 * that leaves it out. The list is not changed in place, for scans of other threads read it. */
#include "history/room.h"

#include <stdlib.h>
#include <string.h>

static void erased_release(struct erased *erased)
{
    if (erased != NULL && atomic_fetch_sub(&erased->holds, 1) == 1)
        free(erased);
}

void erasures_release(struct erasures *erasures)
{
    if (erasures == NULL || atomic_fetch_sub(&erasures->holds, 1) > 1)
        return;
    for (size_t i = 0; i < erasures->count; i++)
        erased_release(erasures->at[i]);
    free(erasures);
}

static struct erasures *erasures_create(size_t most)
{
    struct erasures *erasures = malloc(sizeof *erasures + most * sizeof erasures->at[0]);
    if (erasures == NULL)
        return NULL;
    atomic_init(&erasures->holds, 1);
    erasures->count = 0;
    return erasures;
}

/* Takes a hold of its own. */
static void erasures_add(struct erasures *erasures, struct erased *erased)
{
    atomic_fetch_add(&erased->holds, 1);
    erasures->at[erasures->count++] = erased;
}

size_t erased_of_row(const struct erased *erased, uint32_t row, size_t *ret_first)
{
    size_t low = 0, high = erased->count;
    if (high == 0 || row < erased->at[0].row || row > erased->at[high - 1].row)
        return 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (erased->at[middle].row < row)
            low = middle + 1;
        else
            high = middle;
    }
    *ret_first = low;
    size_t count = 0;
    while (low + count < erased->count && erased->at[low + count].row == row)
        count++;
    return count;
}

static int erasure_compare(const void *a, const void *b)
{
    const struct erasure *x = a, *y = b;
    if (x->row != y->row)
        return x->row < y->row ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

static struct erased *erased_create(uint64_t position, const struct history_point *points,
                                    size_t count, int64_t from_ns, int64_t to_ns)
{
    struct erased *erased = malloc(sizeof *erased + count * sizeof erased->at[0]);
    bool sorted = true;
    if (erased == NULL)
        return NULL;
    *erased =
        (struct erased){.position = position, .from_ns = from_ns, .to_ns = to_ns, .count = count};
    atomic_init(&erased->holds, 1);
    for (size_t i = 0; i < count; i++) {
        erased->at[i] = (struct erasure){.position = position,
                                         .row = points[i].row,
                                         .point = points[i].point,
                                         .column = points[i].column,
                                         .from_ns = from_ns,
                                         .to_ns = to_ns};
        sorted = sorted && (i == 0 || erasure_compare(&erased->at[i - 1], &erased->at[i]) <= 0);
    }
    if (!sorted)
        qsort(erased->at, count, sizeof erased->at[0], erasure_compare);
    return erased;
}

/* Does a part still hold, or could it, what an erasure took? */
static bool erased_is_pending_in(const struct erased *erased, const struct part_info *info)
{
    return info->to <= erased->position && info->erased_position < erased->position &&
           info->first_ns < erased->to_ns && info->last_ns >= erased->from_ns;
}

bool erasures_are_pending(const struct history *history, const struct part *part)
{
    const struct erasures *erasures = history->set->erasures;
    for (size_t i = 0; erasures != NULL && i < erasures->count; i++)
        if (erased_is_pending_in(erasures->at[i], part_info(part)))
            return true;
    return false;
}

static bool erased_is_done(const struct set *set, const struct erased *erased)
{
    for (size_t i = 0; i < set->part_count[PART_RAW]; i++)
        if (erased_is_pending_in(erased, part_info(set->parts[PART_RAW][i])))
            return false;
    for (size_t i = 0; i < set->window_count; i++)
        if (set->windows[i]->to <= erased->position)
            return false;
    return true;
}

/* Those that are done leave the list of erasures; done is what the list of parts on the disk says,
 * for a crash brings back what it does not. */
void erasures_sweep(struct history *history)
{
    const struct erasures *old = history->set->erasures;
    if (old == NULL || history->list_written != history->list_version)
        return;
    size_t left = 0;
    for (size_t i = 0; i < old->count; i++)
        left += !erased_is_done(history->set, old->at[i]);
    if (left == old->count)
        return;
    struct erasures *erasures = left > 0 ? erasures_create(left) : NULL;
    struct set *set = NULL;
    if ((left > 0 && erasures == NULL) || set_copy(history->set, &set) != OK) {
        erasures_release(erasures);
        return; /* another time */
    }
    for (size_t i = 0; i < old->count; i++)
        if (!erased_is_done(history->set, old->at[i]))
            erasures_add(erasures, old->at[i]);
    erasures_release(set->erasures);
    set->erasures = erasures;
    history_set_current(history, set);
    history->counters.erasures++;
}

static bool window_has(const struct window *window, int64_t from_ns, int64_t to_ns)
{
    int64_t first_ns, last_ns;
    head_times(window->head, &first_ns, &last_ns);
    return first_ns < to_ns && last_ns >= from_ns;
}

/* Could anything that came before the position lie between these times? */
static bool erase_finds(const struct history *history, uint64_t position, int64_t from_ns,
                        int64_t to_ns)
{
    const struct set *set = history->set;
    struct erased erased = {.position = position, .from_ns = from_ns, .to_ns = to_ns};
    for (size_t i = 0; i < set->window_count; i++)
        if (window_has(set->windows[i], from_ns, to_ns))
            return true;
    for (size_t i = 0; i < set->part_count[PART_RAW]; i++)
        if (erased_is_pending_in(&erased, part_info(set->parts[PART_RAW][i])))
            return true;
    return history->seal.busy; /* a window that becomes a part just now */
}

bool history_may_erase(const struct history *history)
{
    return history->set->window_count + 2 < HISTORY_WINDOWS_ALL;
}

enum err history_erase(struct history *history, uint64_t position,
                       const struct history_point *points, size_t count, int64_t from_ns,
                       int64_t to_ns)
{
    const struct erasures *old = history->set->erasures;
    size_t before = old != NULL ? old->count : 0;
    if (count > 0 && from_ns < to_ns &&
        rollups_erased(history, position, points, count, from_ns, to_ns) != OK)
        return ERR_NO_MEMORY;
    if (count == 0 || from_ns >= to_ns || !erase_finds(history, position, from_ns, to_ns))
        return OK;
    if (!history_may_erase(history))
        return ERR_BUSY;
    history_advance(history, position);
    if (history_freeze(history, position) != OK)
        return ERR_NO_MEMORY;
    struct erasures *erasures = erasures_create(before + 1);
    struct erased *erased = erased_create(position, points, count, from_ns, to_ns);
    struct set *set = NULL;
    if (erasures == NULL || erased == NULL || set_copy(history->set, &set) != OK) {
        erasures_release(erasures);
        erased_release(erased);
        return ERR_NO_MEMORY;
    }
    old = history->set->erasures;
    for (size_t i = 0; i < before; i++)
        erasures_add(erasures, old->at[i]);
    erasures_add(erasures, erased);
    erased_release(erased);
    erasures_release(set->erasures);
    set->erasures = erasures;
    history_set_current(history, set);
    erasures_sweep(history); /* there may be nothing that it takes */
    return OK;
}

uint64_t history_erased(const struct history *history)
{
    const struct erasures *erasures = history->set->erasures;
    uint64_t least = history->position;
    for (size_t i = 0; erasures != NULL && i < erasures->count; i++)
        if (erasures->at[i]->position < least)
            least = erasures->at[i]->position;
    for (size_t i = 0; i < history->rolled_erased_count; i++)
        if (history->rolled_erased[i].position < least)
            least = history->rolled_erased[i].position;
    return least;
}
