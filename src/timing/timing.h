/* timing: timers for reducers: what is to happen when nothing comes, as delays, staleness, the end
 * of shelving.
 *
 * Pure and deterministic, as the reducers that own the timers: it reads no clock, it is told the
 * engine time that stands in the journal. All it knows lies in paged tables of a struct state (ids
 * 49..51 of the snapshot format, docs/format/timing.md), so that a snapshot is a copy of pages and
 * replay = live = snapshot + tail by state hash. Nothing is derived and kept beside the tables.
 *
 * Guarantees:
 *   order    timers fire by due time, then in the order in which they were set or moved; a due time
 *            that is past already when it is set counts as timing_now_ns
 *   bounded  setting, moving and stopping take the same time however many timers there are; a call
 *            of timing_advance touches at most so many timers as it is told, the rest fire later in
 *            the same order
 *   exact    to the nanosecond; no rounding to a tick
 *
 * It is a wheel of 8 levels with 256 slots each, a level for each byte of the due time: a timer
 * lies at the level of the highest byte in which its due time differs from where the wheel stands,
 * and comes nearer at most once for each level. A timer takes 32 bytes, the wheel 32 KiB.
 *
 * Since time is a record, timing_advance is called at the same places of the journal with the same
 * arguments when it is replayed. One thread. Limits: timers_max, below 2^32 - 1. */
#pragma once

#include "base/base.h"
#include "state/state.h"

#define TIMING_TABLE_FIRST 49
#define TIMING_TABLES 3
#define TIMER_NONE 0u          /* timers are numbered from 1; a number is used again */
#define TIMING_KINDS 16        /* kinds of owners: 1..15, by whoever puts the reducers together */
#define TIMING_NEVER INT64_MAX /* no timer is due; not a due time itself */
#define TIMING_TIMERS_MAX 16000000u /* a usual timers_max: 512 MB when all are set */

struct timing;
/* Made before pages are loaded. state must outlive it or be destroyed right after. timers_max: set
 * at once; it decides outcomes, so that records are replayed under the same. */
MUST_USE enum err timing_create(struct state *state, uint32_t timers_max,
                                struct timing **ret_timing);
void timing_destroy(struct timing *timing); /* NULL is fine */
/* After the state's pages were loaded from a snapshot: judges them, ERR_CORRUPT when they
 * contradict each other. Takes some 30 ms for 1,000,000 timers. */
MUST_USE enum err timing_rebuild(struct timing *timing);

/* ---- setting and stopping ----------------------------------------------------------------------
 */
/* kind: 1..TIMING_KINDS - 1; owner: whatever its owner finds itself with. due_ns: engine time,
 * 0 <= due_ns < TIMING_NEVER. ERR_LIMIT: timers_max are set; then, and with ERR_NO_MEMORY, nothing
 * changed. */
MUST_USE enum err timing_set(struct timing *timing, uint8_t kind, uint64_t owner, int64_t due_ns,
                             uint32_t *ret_timer);
/* As if it were stopped and set again, with the same number. timer: one that is set, or check(). */
void timing_move(struct timing *timing, uint32_t timer, int64_t due_ns);
void timing_stop(struct timing *timing, uint32_t timer); /* the same; TIMER_NONE is fine */

/* ---- time --------------------------------------------------------------------------------------
 */
struct timer_view {
    uint32_t timer;
    uint8_t kind;
    uint64_t owner;
    int64_t due_ns;
};
/* A timer fires. It ends with this call, unless timing_move sets it again within it (that is how a
 * lazy owner goes on: it looks at its last arrival and moves). May set, move and stop any timer.
 * An error ends timing_advance with it. */
typedef enum err (*timing_fired)(void *arg, const struct timer_view *timer);
/* Fires what is due at now_ns (below TIMING_NEVER), or before. An earlier now_ns than one before
 * counts as that one. most, at least 1: of timers fired or brought nearer, 20 to 200 ns each beside
 * what fired does. *ret_more: something due is left, the next call goes on with it. With an error
 * of fired the state must be dropped and loaded again. Not from within fired. */
MUST_USE enum err timing_advance(struct timing *timing, int64_t now_ns, uint32_t most,
                                 timing_fired fired, void *arg, bool *ret_more);
/* The greatest now_ns so far, 0 at first; within fired: the due time of what fires, so that what it
 * sets goes on from there, however late the call is. */
int64_t timing_now_ns(const struct timing *timing);
/* When timing_advance is to be called next; TIMING_NEVER: there is no timer. Never later than the
 * first due time; earlier, now and then, when a timer was stopped or moved that would have been the
 * first. Asking costs some ns. */
int64_t timing_next_ns(const struct timing *timing);

/* ---- asking ------------------------------------------------------------------------------------
 */
/* Is there a timer of this number? Any number is fine: for owners that judge loaded pages. */
MUST_USE bool timing_look(const struct timing *timing, uint32_t timer, struct timer_view *ret_view);
/* Timers that are set: of a kind, of all. An owner whose rows name so many timers of its kind, each
 * found by timing_look with its own number, knows that no timer is nobody's. */
uint32_t timing_count(const struct timing *timing, uint8_t kind);
uint32_t timing_count_all(const struct timing *timing);
