/* Who holds how much: the bytes of chunks by their owner, told from the index of a part alone; and
 * of windows that are not sealed yet, what their records will come to, roughly. A piece a call, on
 * any thread, so that the engine's never reads a file for it. */
#include "history/room.h"

#include <stdlib.h>

/* What a record and a value of a window become in a part: an estimate, until they are sealed. */
#define WINDOW_RECORD_BYTES 4u
#define WINDOW_VALUE_BYTES 2u

struct history_count {
    struct history_view *view;  /* held */
    struct part_cursor *cursor; /* of the part; NULL: windows are counted */
    enum part_tier tier;
    struct part_entry entry; /* read, and not told yet */
    bool waits;
    size_t window; /* of the set */
    uint32_t row;  /* told up to it */
};

/* Damage is told by who reads the samples; what nobody can read holds nothing. */
static void count_damaged(void *arg, const struct part_damage *damage)
{
    (void)arg, (void)damage;
}

static struct part *count_part(const struct set *set, uint64_t serial)
{
    for (size_t tier = 0; tier < PART_TIERS; tier++)
        for (size_t i = 0; i < set->part_count[tier]; i++)
            if (part_info(set->parts[tier][i])->serial == serial)
                return set->parts[tier][i];
    return NULL;
}

enum err history_count_create(struct history_view *view, uint64_t serial,
                              struct history_count **ret_count)
{
    struct part *part = serial != 0 ? count_part(view->set, serial) : NULL;
    if (serial != 0 && part == NULL)
        return ERR_MISSING;
    struct history_count *count = calloc(1, sizeof *count);
    if (count == NULL)
        return ERR_NO_MEMORY;
    enum err err = OK;
    if (part != NULL) {
        count->tier = part_info(part)->tier;
        err = part_cursor_create(part, count_damaged, NULL, &count->cursor);
    }
    if (err == OK && part != NULL)
        err = part_cursor_seek(count->cursor, 0, INT64_MIN);
    if (err != OK) {
        part_cursor_destroy(count->cursor);
        free(count);
        return err;
    }
    count->view = view;
    atomic_fetch_add(&view->holds, 1);
    *ret_count = count;
    return OK;
}

void history_count_destroy(struct history_count *count)
{
    if (count == NULL)
        return;
    if (count->cursor != NULL)
        part_cursor_destroy(count->cursor);
    history_view_close(count->view);
    free(count);
}

static enum err next_of_part(struct history_count *count, struct history_holding *at, size_t most,
                             size_t *ret_held)
{
    size_t held = 0;
    for (;;) {
        enum err err = count->waits ? OK : part_cursor_next(count->cursor, &count->entry);
        count->waits = false;
        if (err == ERR_MISSING)
            break;
        if (err != OK)
            return err;
        uint64_t size = count->entry.size;
        if (held > 0 && at[held - 1].owner == count->entry.owner) {
            at[held - 1].bytes += size;
            continue;
        }
        if (held == most) {
            count->waits = true;
            break;
        }
        at[held++] = (struct history_holding){count->tier, count->entry.owner, size};
    }
    *ret_held = held;
    return OK;
}

static void next_of_windows(struct history_count *count, struct history_holding *at, size_t most,
                            size_t *ret_held)
{
    const struct set *set = count->view->set;
    size_t held = 0;
    while (held < most && count->window < set->window_count) {
        const struct head *head = set->windows[count->window]->head;
        uint16_t columns;
        count->row = head_next_row(head, count->row);
        if (count->row == 0) {
            count->window++;
            continue;
        }
        uint64_t records = head_row(head, count->row, &columns);
        uint64_t bytes = records * (WINDOW_RECORD_BYTES + (uint64_t)columns * WINDOW_VALUE_BYTES);
        at[held++] = (struct history_holding){PART_RAW, count->row, bytes};
    }
    *ret_held = held;
}

enum err history_count_next(struct history_count *count, struct history_holding *at, size_t most,
                            size_t *ret_held)
{
    if (count->cursor != NULL)
        return next_of_part(count, at, most, ret_held);
    next_of_windows(count, at, most, ret_held);
    return OK;
}
