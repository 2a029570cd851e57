/* expressions: conditions (src/condition) that stand on points, and are evaluated when a value of
 * theirs comes or when their time is up.
 *
 * Pure and deterministic, as points. What it knows lies in paged tables of a struct state (ids
 * 70..79 of the snapshot format, docs/format/expressions.md): instances, what they look at, members
 * of their sets, cells, running timers. Programs are parsed from their texts and never lie in a
 * page; the index from a point to the instances that look at it is derived.
 *
 * An instance is a program (a rule's) on a point, or on none. Its references are resolved when it
 * is added and again when points come, go or are renamed (expressions_point_changed); a reference
 * that has no point yet is unknown. Members of a set are the points of the tenant that match its
 * pattern: found in a walk of EXPRESSIONS_WALK_POINTS points a batch, and new points at once.
 *
 * When: a value evaluates those that look at its point, in the order of their numbers. What would
 * take too long waits for expressions_walk, at the end of the batch, some 0.5 ms of it with each:
 * all at a point that more than 256 look at, and instances with more than 64 members in their sets,
 * which are not evaluated again before 5 us a member have passed (20 ms with 4,096: then a timer
 * does it). What waits sees the last value only. Until all members of its sets are known, and when
 * they are too many, an instance is unknown, whatever else it says; its timers and cells stay as
 * they are.
 *
 * Time: durations run in engine time; what is now, and how old a value is, in wall time, as values
 * have it: after a jump of the wall clock stale and age follow the clock. Of a point that was never
 * heard age counts from when the reference was resolved to it.
 *
 * Which points are looked at is told to points (points_look), so that each of their values is told
 * (struct point_notice). One thread. */
#pragma once

#include "base/base.h"
#include "condition/condition.h"
#include "format/format.h"
#include "model/points/points.h"
#include "state/state.h"
#include "timing/timing.h"

#define EXPRESSIONS_TABLE_FIRST 70
#define EXPRESSIONS_TIMER 5 /* struct timer_view.kind of all its timers */
#define EXPRESSIONS_WALK_POINTS 4096

struct expressions_limits {  /* they decide outcomes */
    uint32_t instances_max;  /* 1,000,000 */
    uint32_t sets_max;       /* sets of all instances: 4,096 */
    uint32_t members_max;    /* of all sets: 4,000,000 */
    uint32_t members_of_set; /* 4,096; who uses a set that has more is unknown */
};
extern const struct expressions_limits expressions_limits_default;

/* What the owner does for it. */
struct expressions_port {
    void *context;
    /* The point that is this metric of the asset that `point` belongs to; POINT_NONE. Whoever binds
     * a metric to another point tells of the points of the asset (expressions_point_changed). */
    uint32_t (*metric)(void *context, uint32_t point, struct bytes metric);
    /* The truth of an instance changed (from unknown at first): told once each time, at the moment
     * of the evaluation. An error ends the call that evaluated. It may ask of expressions, and
     * change nothing in them. */
    enum err (*changed)(void *context, uint32_t rule, uint32_t point, enum condition_truth truth,
                        const struct record_stamp *stamp);
};
struct expressions;
/* All of them outlive it or are destroyed right after. port is copied. */
MUST_USE enum err expressions_create(struct state *state, const struct expressions_limits *limits,
                                     struct points *points, struct timing *timing,
                                     const struct expressions_port *port,
                                     struct expressions **ret_expressions);
void expressions_destroy(struct expressions *expressions); /* NULL is fine */
/* After the pages were loaded and points and timing were rebuilt. text: of the program of a rule,
 * as it was set. ERR_CORRUPT when pages contradict each other. */
MUST_USE enum err expressions_rebuild(struct expressions *expressions,
                                      bool (*text)(void *context, uint32_t rule,
                                                   struct bytes *ret_text, uint32_t *ret_tenant),
                                      void *context);
uint64_t expressions_memory(const struct expressions *expressions);

/* ---- programs and instances --------------------------------------------------------------------
 */
/* The program of a rule, of a tenant; replaces the one before, whose instances must be gone unless
 * it says the same. The text was judged (condition_parse): ERR_INVALID when it is none. After a
 * rebuild the rules that have instances have their programs; it does no harm to say them all. */
MUST_USE enum err expressions_program(struct expressions *expressions, uint32_t rule,
                                      uint32_t tenant, struct bytes text);
void expressions_program_remove(struct expressions *expressions, uint32_t rule);
/* Puts the rule's program on a point (POINT_NONE: on nothing) and evaluates it. ERR_LIMIT: a limit
 * of it is reached, nothing changed. */
MUST_USE enum err expressions_add(struct expressions *expressions, uint32_t rule, uint32_t point,
                                  const struct record_stamp *stamp);
/* Nothing happens when there is none. Nobody is told. */
void expressions_remove(struct expressions *expressions, uint32_t rule, uint32_t point);
uint32_t expressions_count(const struct expressions *expressions);

/* ---- what happens ------------------------------------------------------------------------------
 */
/* A value came, and is the point's last one already: those that look at the point are evaluated, in
 * the order of their numbers; by one that is late none. */
MUST_USE enum err expressions_judge(struct expressions *expressions,
                                    const struct point_notice *notice,
                                    const struct record_stamp *stamp);
/* Brings the first of them into the cache; some values before they are judged it takes 50 to 100 ns
 * off each. Any number is fine. */
void expressions_prefetch(const struct expressions *expressions, uint32_t point);
/* The point came to be, was renamed or retired, or its asset changed: who looks at it, stands on it
 * or waits for it, and sets. If more than 256 look or wait they find out by the walk. Instances on
 * a retired point stay until they are removed. */
MUST_USE enum err expressions_point_changed(struct expressions *expressions, uint32_t point,
                                            const struct record_stamp *stamp);
MUST_USE enum err expressions_fired(struct expressions *expressions, const struct timer_view *timer,
                                    const struct record_stamp *stamp);
/* The walk for members of sets goes on, and what waits is evaluated, some 0.5 ms of it; at the end
 * of each batch. */
MUST_USE enum err expressions_walk(struct expressions *expressions,
                                   const struct record_stamp *stamp);
/* Points that are to be walked over and instances that wait; 0: nothing is left, no batch is
 * needed.
 */
uint64_t expressions_walk_left(const struct expressions *expressions);

/* ---- asking ------------------------------------------------------------------------------------
 */
/* What it is now; UNKNOWN when there is no such instance. */
enum condition_truth expressions_truth(const struct expressions *expressions, uint32_t rule,
                                       uint32_t point);
/* The mean that the instance's first cell keeps (of a deviation from a baseline), as it is at
 * time_ns, when nothing came since it was evaluated last; false: it knows none. */
bool expressions_mean(const struct expressions *expressions, uint32_t rule, uint32_t point,
                      int64_t time_ns, double *ret_mean);
/* Why, for people: evaluated again without changing anything, with the paths of points. now_ns:
 * wall time. text as condition_explain; empty when there is no such instance. */
char *expressions_explain(struct expressions *expressions, uint32_t rule, uint32_t point,
                          int64_t now_ns, char *text, size_t capacity);
