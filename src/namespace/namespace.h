/* namespace: every point in its place. A tree of path segments for each tenant, with the number of
 * points under each branch, and the search in it by pattern. Derived from the points: never on the
 * disk, built again after a start a bounded piece at a time, while the server already works.
 *
 * Tenants. Each has a root of its own, and nothing leads from one tree to another: whoever asks
 * names the tenant, and no answer about one can depend on another. A tenant without points costs
 * four bytes, one with points a node beside.
 *
 * Order: siblings stand in natural order (numbers in names by their size: dev-2 before dev-10; then
 * by bytes), so lists, pages and cursors are stable while points come and go.
 *
 * Cost: 36 bytes a point (a node of 32 and its place of 4), 32 a branch, taken 2 MiB at a time,
 * and a few microseconds to enter a point, whatever is there already; no call but the search does
 * work that grows with the points below a node. Names are borrowed from the dictionary of points.
 * A retired point leaves the tree, and so do branches without points, whose memory is used again.
 * One thread, the engine's. */
#pragma once

#include "base/base.h"
#include "model/points/points.h"
#include "paths/paths.h"

/* ---- life and growth
 * --------------------------------------------------------------------------------- */
struct namespace;
#define NAMESPACE_TENANTS_MAX                                                                      \
    (1u << 20) /* points of a tenant with a higher number have no place                            \
                */
/* points must outlive it. All of them are entered, but for those under POINTS_LOST_PREFIX, which
 * nobody can name. */
MUST_USE enum err namespace_create(const struct points *points, struct namespace **ret_namespace);
void namespace_destroy(struct namespace *space); /* NULL is fine */
/* Enters points that were created since the last call, in the order of their ids, and looks at no
 * more than `most`, those counted that are retired; true when none is left.
 * each may be NULL; it is told every point that was entered, and may ask the tree. Without memory
 * the points are tried again by the next call. */
bool namespace_catch_up(struct namespace *space, uint32_t most,
                        void (*each)(void *arg, uint32_t point), void *arg);
/* Points up to this id were looked at: share of points_count that is searchable. It goes back when
 * a renamed point found no memory and is to be entered again. */
uint32_t namespace_entered(const struct namespace *space);
/* After a command's outcome: the point was renamed or retired (or was not: looks itself). Commands
 * of one batch may be told in any order. */
void namespace_point_changed(struct namespace *space, uint32_t point);
uint64_t namespace_memory(const struct namespace *space);

/* ---- the tree
 * ----------------------------------------------------------------------------------------- */
#define NAMESPACE_NONE UINT32_MAX
/* Node numbers mean something until the next call that enters or changes a point. Those of
 * different tenants are different, but for the root of all that have no points. */
struct namespace_node {
    struct bytes name; /* the segment; empty: the root */
    uint32_t count;    /* points in this branch, its own included */
    uint32_t point;    /* whose path ends here; POINT_NONE */
    bool branch;       /* other nodes are below */
};
void namespace_node(const struct namespace *space, uint32_t node, struct namespace_node *ret_node);
/* Every tenant has one; its count is that of the tenant's points. */
uint32_t namespace_root(const struct namespace *space, uint32_t tenant);
/* The node of a path, "" being the root; NAMESPACE_NONE. */
uint32_t namespace_find(const struct namespace *space, uint32_t tenant, struct bytes path);
/* Children in natural order: at most `most` after the name `after` (empty: from the first) into
 * nodes[]; returns how many. O(log siblings + most). */
size_t namespace_children(const struct namespace *space, uint32_t node, struct bytes after,
                          uint32_t *nodes, size_t most);
uint32_t namespace_nodes(const struct namespace *space); /* of all tenants, roots included */

/* ---- the search
 * --------------------------------------------------------------------------------------- */
/* Points of a tenant in the order of the tree that match a pattern and, when `contains` is not
 * empty, hold that text anywhere in their path (ASCII letters in either case). Walks only branches
 * that the pattern can reach. It keeps its place by path, so points may come and go between two
 * steps. */
/* What of a branch, by its path ("": the root), whoever asks may see. HIDDEN: nothing of it, its
 * own point included; it is not walked. OPEN: all; nothing below is asked for. */
enum namespace_sight { NAMESPACE_OPEN, NAMESPACE_PARTLY, NAMESPACE_HIDDEN };
typedef enum namespace_sight namespace_judge(void *arg, struct bytes branch);
struct namespace_search {
    uint32_t tenant;
    namespace_judge *judge; /* with the arg of each; NULL, as search_begin leaves it: all is open.
                               Points of branches that are seen partly are told all the same. */
    struct pattern pattern;
    uint8_t contains[128];
    uint8_t contains_size;
    bool over;
    uint16_t place_size; /* the last path looked at; the search goes on behind it */
    uint8_t place[PATH_MAX_BYTES];
};
/* after: a path to go on behind, from an earlier search of the same; empty: from the beginning.
 * ERR_LIMIT: after or contains is too long. */
MUST_USE enum err namespace_search_begin(struct namespace_search *search, uint32_t tenant,
                                         const struct pattern *pattern, struct bytes contains,
                                         struct bytes after);
/* Looks at no more than about `nodes` nodes; names and patterns that take long to compare, and
 * branches that are judged, count as several. each returns false to stop behind that point. Returns
 * true when there may be more (call again), false when search->over. *ret_looked (may be NULL) is
 * added the number of nodes looked at. */
bool namespace_search_step(const struct namespace *space, struct namespace_search *search,
                           size_t nodes, bool (*each)(void *arg, uint32_t point), void *arg,
                           size_t *ret_looked);
