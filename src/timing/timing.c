/* The wheel of timers.
 *
 * The due time is a number of 8 bytes. The wheel stands at `base`, never after a timer that is set.
 * A timer lies at the level of the highest byte in which it differs from base, in the slot of its
 * own value of that byte; so the lowest slot of the lowest level that has any holds the first:
 *
 *      level 7      level 6          ...      level 1          level 0
 *     |..|..|..|   |..|..|..|..|             |..|..|..|..|    |..|..|..|..|   256 slots each
 *        last to be due                                        one due time to a slot
 *
 * When the first slot of a higher level is due, base moves to its least due time and its timers
 * move to lower levels, in their order, a few in each call: meanwhile the slot is *opened*, and
 * what belongs below it is put behind it, so that timers of one due time stay in the order in which
 * they were set. A slot is a list in that order; at level 0 it is the order in which they fire. A
 * slot with one timer need not be opened. */
#include "timing/timing.h"

#include <stdlib.h>

#define LEVELS 8u
#define DIGITS 256u /* slots of a level */
#define SLOTS (LEVELS * DIGITS)
#define SLOT_NONE 0u /* slots are numbered from 1 where they are named in rows */
#define SLOT_FIRING                                                                                \
    0xffffu                  /* of a timer while it fires: on no list. Never between two records.  \
                              */
#define WORDS (DIGITS / 64u) /* of a level in the map of slots */

enum timing_table { TABLE_TIMING_ROOT = TIMING_TABLE_FIRST, TABLE_TIMING_SLOTS, TABLE_TIMERS };

/* These layouts are part of the snapshot format (docs/format/timing.md): a field is never moved or
 * given another meaning. */
struct root_entry { /* one row, number 0 */
    int64_t now_ns;
    uint64_t base;
    uint32_t used; /* highest timer ever */
    uint32_t free; /* first free one, linked by links.next */
    uint32_t set;  /* timers that are set */
    uint16_t opened;
    uint16_t reserved;
    uint32_t counts[TIMING_KINDS];
    uint64_t filled[LEVELS][WORDS]; /* bit by slot: it has a timer */
    uint8_t reserved_end[512 - 96 - LEVELS * DIGITS / 8];
};
struct slot_entry {
    int64_t least_ns; /* none of its timers is due before; 0: it has none */
    struct chain_ends timers;
};
struct timer_entry {
    int64_t due_ns;
    uint64_t owner;
    struct chain_links links;
    uint16_t slot; /* SLOT_NONE: the row is free */
    uint8_t kind;
    uint8_t reserved[5];
};
_Static_assert(sizeof(struct root_entry) == 512, "part of the snapshot format");
_Static_assert(sizeof(struct slot_entry) == 16, "part of the snapshot format");
_Static_assert(sizeof(struct timer_entry) == 32, "part of the snapshot format");

struct timing {
    struct state_table roots, slots, timers;
    const struct root_entry *root; /* row 0 of its table: pages never move */
    uint32_t timers_max;
    bool advancing;
    int64_t firing_ns; /* the due time of what fires now; -1: nothing does */
};

static const struct chain timer_chain = {.links_at = offsetof(struct timer_entry, links)};

/* ---- life --------------------------------------------------------------------------------------
 */
static const struct state_table_plan tables[] = {
    {offsetof(struct timing, roots), TABLE_TIMING_ROOT, sizeof(struct root_entry)},
    {offsetof(struct timing, slots), TABLE_TIMING_SLOTS, sizeof(struct slot_entry)},
    {offsetof(struct timing, timers), TABLE_TIMERS, sizeof(struct timer_entry)},
};
_Static_assert(ARRAY_COUNT(tables) == TIMING_TABLES, "the header says how many");

enum err timing_create(struct state *state, uint32_t timers_max, struct timing **ret_timing)
{
    check(timers_max < UINT32_MAX);
    struct timing *timing = calloc(1, sizeof *timing);
    if (timing == NULL)
        return ERR_NO_MEMORY;
    timing->timers_max = timers_max;
    timing->firing_ns = -1;
    state_tables_init(state, timing, tables, ARRAY_COUNT(tables));
    enum err err = state_table_grow(&timing->roots, 1);
    if (err == OK)
        err = state_table_grow(&timing->slots, SLOTS);
    if (err == OK)
        err = state_table_grow(&timing->timers, 1);
    if (err != OK) {
        timing_destroy(timing);
        return err;
    }
    timing->root = state_read(&timing->roots, 0);
    *ret_timing = timing;
    return OK;
}

void timing_destroy(struct timing *timing)
{
    if (timing == NULL)
        return;
    state_tables_done(timing, tables, ARRAY_COUNT(tables));
    free(timing);
}

static struct root_entry *root_write(struct timing *timing)
{
    return state_write(&timing->roots, 0);
}

static const struct slot_entry *slot_read(const struct timing *timing, uint32_t slot)
{
    return state_read(&timing->slots, slot - 1);
}

static const struct timer_entry *timer_read(const struct timing *timing, uint32_t timer)
{
    return state_read(&timing->timers, timer);
}

static struct timer_entry *timer_write(struct timing *timing, uint32_t timer)
{
    return state_write(&timing->timers, timer);
}

/* ---- the wheel ---------------------------------------------------------------------------------
 */
static uint32_t slot_level(uint32_t slot)
{
    return (slot - 1) / DIGITS;
}

/* Where a due time belongs while the wheel stands at base and no slot is opened. */
static uint32_t slot_of(uint64_t base, uint64_t due)
{
    uint32_t level = (63u - (uint32_t)__builtin_clzll((base ^ due) | 1)) / 8;
    return 1 + level * DIGITS + (uint32_t)(due >> (8 * level) & (DIGITS - 1));
}

/* The same, when a slot may be opened: what belongs below it waits behind its timers. */
static uint32_t slot_to_put(const struct timing *timing, int64_t due_ns)
{
    uint32_t slot = slot_of(timing->root->base, (uint64_t)due_ns), opened = timing->root->opened;
    return opened != SLOT_NONE && slot_level(slot) < slot_level(opened) ? opened : slot;
}

/* The slot that holds the first timer; SLOT_NONE: there is no timer. An opened slot has a timer,
 * and what is below it belongs behind it. */
static uint32_t slot_first(const struct timing *timing)
{
    const struct root_entry *root = timing->root;
    if (root->opened != SLOT_NONE)
        return root->opened;
    const uint64_t *words = &root->filled[0][0];
    for (uint32_t i = 0; i < LEVELS * WORDS; i++)
        if (words[i] != 0)
            return 1 + i * 64 + (uint32_t)__builtin_ctzll(words[i]);
    return SLOT_NONE;
}

static void slot_mark(struct timing *timing, uint32_t slot, bool filled)
{
    uint64_t *words = &root_write(timing)->filled[0][0];
    uint64_t bit = UINT64_C(1) << ((slot - 1) % 64);
    if (filled)
        words[(slot - 1) / 64] |= bit;
    else
        words[(slot - 1) / 64] &= ~bit;
}

/* Behind the last of the slot; due_ns is set. */
static void timer_link(struct timing *timing, uint32_t timer, uint32_t slot)
{
    struct timer_entry *entry = timer_write(timing, timer);
    struct slot_entry *list = state_write(&timing->slots, slot - 1);
    entry->slot = (uint16_t)slot;
    if (list->timers.first == TIMER_NONE) {
        list->least_ns = entry->due_ns;
        slot_mark(timing, slot, true);
    } else if (entry->due_ns < list->least_ns) {
        list->least_ns = entry->due_ns;
    }
    chain_put(&timing->timers, &timer_chain, &list->timers, timer);
}

static void timer_unlink(struct timing *timing, uint32_t timer)
{
    struct timer_entry *entry = timer_write(timing, timer);
    struct slot_entry *list = state_write(&timing->slots, entry->slot - 1u);
    chain_take(&timing->timers, &timer_chain, &list->timers, timer);
    if (list->timers.first == TIMER_NONE) {
        list->least_ns = 0;
        slot_mark(timing, entry->slot, false);
        if (timing->root->opened == entry->slot)
            root_write(timing)->opened = SLOT_NONE;
    }
    entry->slot = SLOT_FIRING;
}

/* A timer that is on no list. */
static void timer_put(struct timing *timing, uint32_t timer, int64_t due_ns)
{
    check(due_ns >= 0 && due_ns < TIMING_NEVER);
    int64_t now_ns = timing_now_ns(timing);
    timer_write(timing, timer)->due_ns = due_ns < now_ns ? now_ns : due_ns;
    timer_link(timing, timer, slot_to_put(timing, timer_read(timing, timer)->due_ns));
}

static void timer_free(struct timing *timing, uint32_t timer)
{
    struct root_entry *root = root_write(timing);
    struct timer_entry *entry = timer_write(timing, timer);
    root->counts[entry->kind]--;
    root->set--;
    *entry = (struct timer_entry){.links.next = root->free};
    root->free = timer;
}

/* ---- setting and stopping ----------------------------------------------------------------------
 */
enum err timing_set(struct timing *timing, uint8_t kind, uint64_t owner, int64_t due_ns,
                    uint32_t *ret_timer)
{
    check(kind > 0 && kind < TIMING_KINDS);
    const struct root_entry *now = timing->root;
    if (now->set >= timing->timers_max)
        return ERR_LIMIT;
    uint32_t timer = now->free != TIMER_NONE ? now->free : now->used + 1;
    if (timer >= state_table_capacity(&timing->timers)) {
        enum err err = state_table_grow(&timing->timers, timer + 1);
        if (err != OK)
            return err;
    }
    struct root_entry *root = root_write(timing);
    if (root->free == TIMER_NONE)
        root->used++;
    else
        root->free = timer_read(timing, timer)->links.next;
    if (root->set == 0)
        root->base = (uint64_t)timing_now_ns(timing);
    root->set++;
    root->counts[kind]++;
    *timer_write(timing, timer) = (struct timer_entry){.owner = owner, .kind = kind};
    timer_put(timing, timer, due_ns);
    *ret_timer = timer;
    return OK;
}

void timing_move(struct timing *timing, uint32_t timer, int64_t due_ns)
{
    check(timer > 0 && timer <= timing->root->used);
    uint16_t slot = timer_read(timing, timer)->slot;
    check(slot != SLOT_NONE);
    if (slot != SLOT_FIRING)
        timer_unlink(timing, timer);
    timer_put(timing, timer, due_ns);
}

void timing_stop(struct timing *timing, uint32_t timer)
{
    if (timer == TIMER_NONE)
        return;
    check(timer <= timing->root->used);
    uint16_t slot = timer_read(timing, timer)->slot;
    check(slot != SLOT_NONE);
    if (slot != SLOT_FIRING)
        timer_unlink(timing, timer);
    timer_free(timing, timer);
}

/* ---- time --------------------------------------------------------------------------------------
 */
static enum err timer_fire(struct timing *timing, uint32_t timer, timing_fired fired, void *arg)
{
    struct timer_view view;
    check(timing_look(timing, timer, &view));
    timer_unlink(timing, timer);
    timing->firing_ns = view.due_ns;
    enum err err = fired(arg, &view);
    timing->firing_ns = -1;
    /* A number that was stopped and set again within the call is on a list. */
    if (err == OK && timer_read(timing, timer)->slot == SLOT_FIRING)
        timer_free(timing, timer);
    return err;
}

/* The first timer of the opened slot goes to where it belongs below. */
static void opened_step(struct timing *timing)
{
    uint32_t timer = slot_read(timing, timing->root->opened)->timers.first;
    const struct timer_entry *entry = timer_read(timing, timer);
    state_prefetch(&timing->timers, entry->links.next);
    timer_unlink(timing, timer);
    timer_link(timing, timer, slot_of(timing->root->base, (uint64_t)entry->due_ns));
}

/* One piece of work; false: nothing is due. *work: what it counts. */
static bool advance_step(struct timing *timing, timing_fired fired, void *arg, uint32_t *work,
                         enum err *err)
{
    uint32_t slot = slot_first(timing);
    *work = 1;
    if (timing->root->opened != SLOT_NONE) {
        opened_step(timing);
        return true;
    }
    if (slot == SLOT_NONE || slot_read(timing, slot)->least_ns > timing->root->now_ns)
        return false;
    const struct slot_entry *list = slot_read(timing, slot);
    if (slot_level(slot) > 0 && list->timers.first != list->timers.last) {
        struct root_entry *root = root_write(timing);
        root->base = (uint64_t)list->least_ns;
        root->opened = (uint16_t)slot;
        *work = 0;
        return true;
    }
    const struct timer_entry *entry = timer_read(timing, list->timers.first);
    if (entry->due_ns > timing->root->now_ns) { /* the one that was least is gone */
        ((struct slot_entry *)state_write(&timing->slots, slot - 1))->least_ns = entry->due_ns;
        return true;
    }
    state_prefetch(&timing->timers, entry->links.next);
    *err = timer_fire(timing, list->timers.first, fired, arg);
    return true;
}

enum err timing_advance(struct timing *timing, int64_t now_ns, uint32_t most, timing_fired fired,
                        void *arg, bool *ret_more)
{
    check(most > 0 && now_ns < TIMING_NEVER && !timing->advancing);
    enum err err = OK;
    if (now_ns > timing->root->now_ns)
        root_write(timing)->now_ns = now_ns;
    timing->advancing = true;
    while (most > 0 && err == OK) {
        uint32_t work;
        if (!advance_step(timing, fired, arg, &work, &err))
            break;
        most -= work;
    }
    timing->advancing = false;
    if (err == OK)
        *ret_more = timing_next_ns(timing) <= timing->root->now_ns;
    return err;
}

int64_t timing_now_ns(const struct timing *timing)
{
    return timing->firing_ns >= 0 ? timing->firing_ns : timing->root->now_ns;
}

int64_t timing_next_ns(const struct timing *timing)
{
    uint32_t slot = slot_first(timing);
    return slot == SLOT_NONE ? TIMING_NEVER : slot_read(timing, slot)->least_ns;
}

/* ---- asking ------------------------------------------------------------------------------------
 */
bool timing_look(const struct timing *timing, uint32_t timer, struct timer_view *ret_view)
{
    if (timer == TIMER_NONE || timer > timing->root->used)
        return false;
    const struct timer_entry *entry = timer_read(timing, timer);
    if (entry->slot == SLOT_NONE)
        return false;
    *ret_view = (struct timer_view){timer, entry->kind, entry->owner, entry->due_ns};
    return true;
}

uint32_t timing_count(const struct timing *timing, uint8_t kind)
{
    check(kind > 0 && kind < TIMING_KINDS);
    return timing->root->counts[kind];
}

uint32_t timing_count_all(const struct timing *timing)
{
    return timing->root->set;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
/* Would a timer of this due time be put into the slot? Into an opened one: what belongs below it.
 */
static bool rebuild_belongs(const struct timing *timing, uint32_t slot, int64_t due_ns)
{
    uint64_t base = timing->root->base, due = (uint64_t)due_ns;
    if (due_ns < 0 || due_ns >= TIMING_NEVER || due < base)
        return false;
    if (slot == timing->root->opened)
        return ((base ^ due) >> (8 * slot_level(slot))) == 0;
    return slot_of(base, due) == slot;
}

/* The list of a slot; adds to *set and to counts[]. A row names its slot and the one before it, and
 * the first has none before: so no row is met twice, and no list is a ring. */
static enum err rebuild_slot(const struct timing *timing, uint32_t slot, uint32_t *set,
                             uint32_t *counts)
{
    const struct slot_entry *list = slot_read(timing, slot);
    bool filled = (&timing->root->filled[0][0])[(slot - 1) / 64] >> ((slot - 1) % 64) & 1;
    uint32_t previous = TIMER_NONE;
    if (filled != (list->timers.first != TIMER_NONE))
        return ERR_CORRUPT;
    if (filled ? !rebuild_belongs(timing, slot, list->least_ns) : list->least_ns != 0)
        return ERR_CORRUPT;
    for (uint32_t timer = list->timers.first; timer != TIMER_NONE;) {
        if (timer > timing->root->used)
            return ERR_CORRUPT;
        const struct timer_entry *entry = timer_read(timing, timer);
        if (entry->slot != slot || entry->links.previous != previous ||
            entry->due_ns < list->least_ns || !rebuild_belongs(timing, slot, entry->due_ns) ||
            entry->kind == 0 || entry->kind >= TIMING_KINDS)
            return ERR_CORRUPT;
        ++*set;
        counts[entry->kind]++;
        previous = timer;
        timer = entry->links.next;
    }
    return list->timers.last == previous ? OK : ERR_CORRUPT;
}

/* Every row that is not set is on the list of free ones, once. */
static enum err rebuild_free(const struct timing *timing)
{
    uint32_t left = timing->root->used - timing->root->set, timer = timing->root->free;
    for (; left > 0 && timer != TIMER_NONE; left--) {
        if (timer > timing->root->used)
            return ERR_CORRUPT;
        const struct timer_entry *entry = timer_read(timing, timer);
        if (entry->slot != SLOT_NONE || entry->kind != 0)
            return ERR_CORRUPT;
        timer = entry->links.next;
    }
    /* So many steps that end exactly at the end: no row came twice. */
    return left == 0 && timer == TIMER_NONE ? OK : ERR_CORRUPT;
}

enum err timing_rebuild(struct timing *timing)
{
    const struct root_entry *root = timing->root;
    uint32_t set = 0, counts[TIMING_KINDS] = {0};
    if (root->now_ns < 0 || root->now_ns == TIMING_NEVER || root->base > (uint64_t)root->now_ns ||
        root->used > timing->timers_max || root->set > root->used || root->opened > SLOTS ||
        (root->opened != SLOT_NONE && root->opened <= DIGITS))
        return ERR_CORRUPT;
    /* A page of free rows may be all zero, and then it is in no snapshot. */
    enum err err = state_table_grow(&timing->timers, root->used + 1);
    if (err != OK)
        return err;
    if (root->opened != SLOT_NONE && slot_read(timing, root->opened)->timers.first == TIMER_NONE)
        return ERR_CORRUPT;
    for (uint32_t slot = 1; slot <= SLOTS; slot++) {
        err = rebuild_slot(timing, slot, &set, counts);
        if (err != OK)
            return err;
    }
    for (uint32_t kind = 0; kind < TIMING_KINDS; kind++)
        if (counts[kind] != root->counts[kind])
            return ERR_CORRUPT;
    return set == root->set ? rebuild_free(timing) : ERR_CORRUPT;
}
