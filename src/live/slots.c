/* A viewer's slots: its marks on points, and the lists of those with something to tell. */
#include "live/room.h"

#include <string.h>

#define SLOTS_FIRST 16u

/* ---- lists ------------------------------------------------------------------------------------
 */
static inline struct slot_queue *queue_of(struct viewer *viewer, enum slot_list list)
{
    return list == SLOT_ON_VALUES ? &viewer->values : &viewer->wholes;
}

static inline void queue_take(struct viewer *viewer, struct slot_queue *queue, struct slot *slot)
{
    *(slot->previous == SLOT_NONE ? &queue->first : &viewer->slots[slot->previous].next) =
        slot->next;
    *(slot->next == SLOT_NONE ? &queue->last : &viewer->slots[slot->next].previous) =
        slot->previous;
    queue->count--;
}

static inline void queue_put(struct viewer *viewer, struct slot_queue *queue, uint32_t at)
{
    struct slot *slot = &viewer->slots[at];
    slot->next = SLOT_NONE;
    slot->previous = queue->last;
    *(queue->last == SLOT_NONE ? &queue->first : &viewer->slots[queue->last].next) = at;
    queue->last = at;
    queue->count++;
}

void slot_list(struct viewer *viewer, uint32_t at, enum slot_list list)
{
    struct slot *slot = &viewer->slots[at];
    if (slot->list == list)
        return;
    if (slot->list != SLOT_ON_NONE)
        queue_take(viewer, queue_of(viewer, slot->list), slot);
    slot->list = (uint8_t)list;
    if (list != SLOT_ON_NONE)
        queue_put(viewer, queue_of(viewer, list), at);
}

/* ---- life -------------------------------------------------------------------------------------
 */
static enum err slots_grow(struct viewer *viewer)
{
    if (viewer->slot_count < viewer->slot_capacity)
        return OK;
    uint32_t capacity = viewer->slot_capacity == 0 ? SLOTS_FIRST : viewer->slot_capacity * 2;
    struct slot *slots =
        live_resize(viewer->live, viewer->slots, viewer->slot_capacity * sizeof *slots,
                    capacity * sizeof *slots);
    if (slots == NULL)
        return ERR_NO_MEMORY;
    viewer->slots = slots;
    viewer->slot_capacity = capacity;
    return OK;
}

enum err slot_take(struct viewer *viewer, uint32_t point, uint32_t *ret_slot)
{
    if (viewer->slot_used >= viewer->live->config.settings->http_live_points)
        return ERR_LIMIT;
    bool reused = viewer->slot_free != SLOT_NONE;
    enum err err = reused ? OK : slots_grow(viewer);
    if (err != OK)
        return err;
    uint32_t at = reused ? viewer->slot_free : viewer->slot_count;
    uint32_t next_free = reused ? viewer->slots[at].next : SLOT_NONE;
    viewer->slots[at] = (struct slot){.next = SLOT_NONE, .previous = SLOT_NONE, .unknown = true};
    err = watch_begin(viewer->live, viewer, at, point);
    if (err != OK) {
        viewer->slots[at].next = next_free;
        return err;
    }
    if (reused)
        viewer->slot_free = next_free;
    else
        viewer->slot_count++;
    viewer->slot_used++;
    viewer->live->counters.points++;
    *ret_slot = at;
    return OK;
}

void slot_drop(struct viewer *viewer, uint32_t at)
{
    struct slot *slot = &viewer->slots[at];
    slot_list(viewer, at, SLOT_ON_NONE);
    watch_end(viewer->live, slot);
    slot->next = viewer->slot_free;
    viewer->slot_free = at;
    viewer->slot_used--;
    viewer->live->counters.points--;
}

uint32_t slot_find(const struct viewer *viewer, uint32_t point)
{
    const struct watched *watched = watch_find(viewer->live, point);
    for (uint32_t i = 0; watched != NULL && i < watched->count; i++)
        if (watched->watchers[i].viewer == viewer)
            return watched->watchers[i].slot;
    return SLOT_NONE;
}

void slots_done(struct viewer *viewer)
{
    check(viewer->slot_used == 0);
    live_free(viewer->live, viewer->slots, viewer->slot_capacity * sizeof *viewer->slots);
    viewer->slots = NULL;
    viewer->slot_count = viewer->slot_capacity = 0;
    viewer->slot_free = SLOT_NONE;
}

/* ---- points that go ---------------------------------------------------------------------------
 */
/* Half of what was told is forgotten when there is too much of it. */
static void notes_forget(struct viewer *viewer)
{
    if (viewer->notes_told < NOTES_KEPT)
        return;
    uint32_t forgotten = viewer->notes_told / 2;
    viewer->notes_floor = viewer->notes[forgotten - 1].seq;
    viewer->note_count -= forgotten;
    viewer->notes_told -= forgotten;
    memmove(viewer->notes, viewer->notes + forgotten, viewer->note_count * sizeof *viewer->notes);
}

void slot_gone(struct viewer *viewer, uint32_t at)
{
    bool known = viewer->slots[at].whole_seq != 0;
    uint32_t point = viewer->slots[at].watched->point;
    slot_drop(viewer, at);
    if (!known || viewer->place == VIEWER_DYING)
        return;
    if (viewer->note_count == viewer->note_capacity) {
        uint32_t capacity = viewer->note_capacity == 0 ? SLOTS_FIRST : viewer->note_capacity * 2;
        struct note *notes =
            live_resize(viewer->live, viewer->notes, viewer->note_capacity * sizeof *notes,
                        capacity * sizeof *notes);
        if (notes == NULL) {
            viewer_fail(viewer, "out of memory");
            return;
        }
        viewer->notes = notes;
        viewer->note_capacity = capacity;
    }
    viewer->notes[viewer->note_count++] = (struct note){.point = point};
    notes_forget(viewer);
    viewer_wake(viewer);
}

/* ---- subscriptions that end -------------------------------------------------------------------
 */
static void pass_end(struct viewer *viewer)
{
    viewer->closing &= ~viewer->cleaning;
    viewer->in_pass = false;
    if (viewer->slot_used == 0)
        slots_done(viewer);
}

bool slots_clean(struct viewer *viewer, uint32_t most)
{
    if (!viewer->in_pass) {
        if (slots_are_clean(viewer))
            return false;
        viewer->in_pass = true;
        viewer->cleaning = viewer->closing;
        viewer->sweep = viewer->restarts > 0; /* nothing is dropped now: later */
        viewer->clean_next = 0;
    }
    for (; most > 0 && viewer->clean_next < viewer->slot_count; most--) {
        uint32_t at = viewer->clean_next++;
        struct slot *slot = &viewer->slots[at];
        if (slot->watched == NULL)
            continue;
        slot->mask &= ~viewer->cleaning;
        slot->untold &= ~viewer->cleaning;
        if (slot->mask == 0 && viewer->restarts == 0)
            slot_drop(viewer, at);
    }
    if (viewer->clean_next >= viewer->slot_count)
        pass_end(viewer);
    return viewer->in_pass || !slots_are_clean(viewer);
}

/* ---- coming back ------------------------------------------------------------------------------
 */
/* A point that only a snapshot told again will show waits for it, values and all; should it go
 * before, the viewer is told so. */
static void slot_rewind(struct viewer *viewer, uint32_t at, uint64_t number, uint64_t restarting)
{
    struct slot *slot = &viewer->slots[at];
    uint64_t shown = slot->mask & ~viewer->closing & ~restarting;
    bool whole_lost = slot->whole_seq > number, value_lost = slot->seq > number;
    slot->mask &= ~restarting;
    slot->whole_seq = whole_lost ? number : slot->whole_seq;
    slot->seq = value_lost ? number : slot->seq;
    if (whole_lost || shown == 0) {
        slot->untold = shown;
        slot->unknown = true;
        slot->changed = false;
        slot_list(viewer, at, shown == 0 ? SLOT_ON_NONE : SLOT_ON_WHOLES);
    } else if (value_lost && slot->list == SLOT_ON_NONE && !slot->unknown) {
        slot_list(viewer, at, SLOT_ON_VALUES);
    }
}

void slots_rewind(struct viewer *viewer, uint64_t number, uint64_t restarting)
{
    for (uint32_t at = 0; at < viewer->slot_count; at++)
        if (viewer->slots[at].watched != NULL)
            slot_rewind(viewer, at, number, restarting);
    while (viewer->notes_told > 0 && viewer->notes[viewer->notes_told - 1].seq > number)
        viewer->notes_told--;
}
