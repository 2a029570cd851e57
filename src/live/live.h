/* live: what viewers see move. A viewer subscribes to patterns of paths and gets a snapshot, then
 * deltas; without sockets, so that a WebSocket, server-sent events or a test can stand at the end.
 *
 *   engine applies a durable batch -> live_row_changed -> points marked -> live_step -> one delta a
 *   viewer with all that changed since its last one
 *
 * Guarantees: what a viewer is told is durable (law 4). A value is told at most once, in the order
 * of its point; of values that come faster than a viewer reads (or than its pace) the intermediate
 * ones are left out and counted, the last one always arrives. A slow viewer holds no more than one
 * mark a point, so it never slows another, nor the doors. Messages of a viewer are numbered; one
 * that comes back within http.live_keep with the number it saw last gets what changed since.
 * docs/http.md has the messages.
 *
 * Rights. A viewer looks for a principal and is told of a point only while that may see it: judged
 * when the point is entered, never a value at a time. A pattern may name another tenant's points,
 * "@name/path"; one that reaches nothing he may see is refused as one of a tenant that is not
 * there. When the principal's rights shrink, nothing more is told until every point was judged
 * anew: those he may not see go as removed, subscriptions that reach nothing any more end, and a
 * viewer whose principal ended is thrown out by the next step. What he may see in addition comes
 * with his next subscription.
 *
 * Coming back: behind message `number` the numbers go on from there, whatever was sent before the
 * connection broke. Snapshots of which a message was lost are told from their beginning; points
 * that went are told as removed, those that came or changed as added, the others by value in a
 * delta. At least the last 2,048 points that went are remembered; whoever misses more is gone.
 *
 * Cost (one core of the machine in docs/limits.md): 10 ns a change and viewer that looks at the
 * point, 30 to 80 ns a value told, 0.6 us a point of a snapshot. Memory: 64 bytes a point and
 * viewer, 16 more for being found, about 100 a point that anyone looks at; with patterns (1.2 KiB
 * each) and viewers (1 KiB) no more than http.memory: past it subscriptions are refused.
 *
 * One thread, the engine's. */
#pragma once

#include "access/access.h"
#include "base/base.h"
#include "engine/engine.h"
#include "namespace/namespace.h"
#include "settings/settings.h"

struct live;
struct viewer;
struct live_config {
    const struct settings *settings; /* read at each use: http.viewers, http.live_points, ... */
    struct engine *engine;
    struct namespace *space;
    const struct access *access; /* NULL: nobody is anybody, patterns are of the tenant main */
    void (*random)(void *at, size_t size);
};
MUST_USE enum err live_create(const struct live_config *config, struct live **ret_live);
/* NULL is fine; viewers are forgotten without a word. Before the engine and the namespace. */
void live_destroy(struct live *live);

/* ---- what happens ------------------------------------------------------------------------- */
/* engine_config.changed: a row's samples were applied. Cheap when nobody looks at the row. */
void live_row_changed(struct live *live, const struct row_shape *shape,
                      const struct sample_row *sample);
/* namespace_catch_up entered this point: whose patterns match, sees it from now on. */
void live_point_entered(struct live *live, uint32_t point);
/* A command was done: renamed, retired, limits or unit changed. After namespace_point_changed. */
void live_point_changed(struct live *live, uint32_t point);
/* engine_config.erased: its value went, and it is told whole. */
void live_point_erased(struct live *live, uint32_t point);
/* Sends what is due, a bounded piece of it (about 300 us), viewer by viewer in turn; returns after
 * how many ns it wants to be called again (0: there is more to do now; INT64_MAX: when something
 * happens: that is, after each call of any function here). */
int64_t live_step(struct live *live, int64_t boot_ns);

/* ---- viewers ------------------------------------------------------------------------------- */
/* How messages reach the other side. send and end may call live_viewer_detach for the viewer they
 * are called for, and nothing else of this room. */
struct live_sink {
    /* May a message be sent now? Deltas wait until it is true; then live_viewer_ready. Answers to
     * what the viewer asked are sent in any case. */
    bool (*has_room)(void *arg);
    /* event: "hello", "snapshot", "delta", ...; number: of the message, as in its "seq". */
    void (*send)(void *arg, const char *event, uint64_t number, struct bytes text);
    /* The viewer is thrown out: why is a sentence. It is detached already. */
    void (*end)(void *arg, const char *why);
};
#define LIVE_TOKEN_SIZE 33 /* with NUL: names a viewer for coming back; a secret */
/* A new viewer; it is told hello. The principal is held; NULL sees all of the tenant main.
 * ERR_LIMIT: http.viewers are connected (places kept for those that
 * may come back give way, the oldest first); ERR_NO_MEMORY. */
MUST_USE enum err live_viewer_open(struct live *live, struct principal *principal,
                                   const struct live_sink *sink, void *arg,
                                   struct viewer **ret_viewer);
/* One that comes back: it gets, with its next messages, all that changed after message `number`.
 * Whoever was still connected in its place is ended. From now on it looks for this principal.
 * ERR_MISSING: not known any more, or another account's. */
MUST_USE enum err live_viewer_return(struct live *live, struct principal *principal,
                                     struct bytes token, uint64_t number,
                                     const struct live_sink *sink, void *arg,
                                     struct viewer **ret_viewer);
const char *live_viewer_token(const struct viewer *viewer);
/* The connection is gone: kept for http.live_keep, or forgotten at once. */
void live_viewer_detach(struct live *live, struct viewer *viewer, bool keep);
/* A message of the viewer, JSON. What is wrong with it is answered. A first message that says
 * "resume" may return another viewer in *viewer: the one it was. */
void live_viewer_receive(struct live *live, struct viewer **viewer, struct bytes text);
struct live_match { /* points of a tenant */
    uint32_t tenant;
    uint8_t reach; /* private */
    struct pattern pattern;
};
/* The match of a text, "@name/..." for another tenant's points. NULL; a sentence: it is no pattern;
 * LIVE_HIDDEN: it reaches nothing that the principal may see. */
const char *live_match_read(const struct live *live, const struct principal *principal,
                            struct bytes text, struct live_match *ret_match);
extern const char *const LIVE_HIDDEN;
/* A subscription without JSON, for server-sent events: with id 1. NULL, or what is wrong. */
const char *live_viewer_subscribe(struct live *live, struct viewer *viewer,
                                  const struct live_match *matches, size_t count);
/* Least time between two deltas; 0: as they come. */
void live_viewer_pace(struct viewer *viewer, int64_t pace_ns);
/* The sink has room again. */
void live_viewer_ready(struct live *live, struct viewer *viewer);

/* ---- asking --------------------------------------------------------------------------------- */
struct live_counters {
    uint64_t viewers, viewers_away; /* now: connected; gone, and may come back */
    uint64_t subscriptions, points; /* now; marks of all viewers */
    uint64_t messages, values;      /* sent since the start */
    uint64_t skipped;               /* intermediate values that were left out */
    uint64_t returned, expired;     /* viewers */
    uint64_t revoked;               /* points and viewers that went because rights did */
    uint64_t memory;
};
void live_describe(const struct live *live, struct live_counters *ret_counters);
