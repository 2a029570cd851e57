/* What the files of this room share.
 *
 *   row --> watched (a point that somebody looks at) --> watchers: (viewer, slot)
 *   viewer --> slots (one a point it looks at), two lists of those with something to tell
 *
 * A slot is a viewer's mark on a point: which subscriptions show it, how many values came since it
 * was last told, and the numbers of the messages that told it. A change costs one look at the row
 * and a few stores a watcher; a delta costs what it tells. Values are not queued: what is told is
 * the value at the time of sending.
 *
 *   values   slots with a value to tell          -> delta
 *   wholes   slots to tell with path and unit    -> added, changed
 *   notes    points that are gone                -> removed (before the others, for a renamed point
 *                                                   goes and comes back)
 *
 * Rights are judged where a point gets a slot or a bit in its mask; what has a slot may be told.
 * When rights shrink, a viewer is *judging*: its slots are gone through before it is told anything.
 *
 * A viewer stands on one list: idle (nothing to do), ready (its turn comes), paced (waits for its
 * time), choked (its sink has no room), away (no connection), dying (taken down in pieces). Memory
 * of a viewer is freed by live_step alone, so that a sink may detach it from within send. */
#pragma once

#include "live/live.h"
#include "wire/json/json.h"

#define SUBSCRIPTIONS_MAX 64
#define PATTERNS_MAX 32
#define MESSAGE_BYTES_MAX ((size_t)64 << 10) /* from a viewer */
#define PAGE_POINTS 500                      /* of a snapshot, an added, a changed */
#define DELTA_VALUES 2000
#define TEXT_BYTES_ENOUGH ((size_t)256 << 10) /* a message to a viewer ends behind this */
#define NOTES_KEPT 4096                       /* told ones, for viewers that come back */
#define STEP_WORK 3000                        /* units of about 100 ns in a live_step */
#define SLOT_NONE UINT32_MAX
#define PACE_MS_MAX 60000

struct watcher {
    struct viewer *viewer;
    uint32_t slot;
};
struct watched {
    uint32_t point, row;
    uint32_t count, capacity;
    struct watcher *watchers;
    uint64_t path_hash; /* as it was told */
    int64_t number, time_ns;
    uint8_t type, scale, quality;
    bool present;
    bool plain; /* number, scale, quality are the whole value: no text, no limits to judge */
};
struct watched_row {
    uint32_t row;
    uint16_t count, watched;
    struct watched *columns[];
};

enum slot_list { SLOT_ON_NONE, SLOT_ON_VALUES, SLOT_ON_WHOLES };
struct slot {
    struct watched *watched; /* NULL: free */
    uint32_t place;          /* among its watchers */
    uint32_t pending;        /* values since it was told */
    uint32_t next, previous; /* on its list; next: also of the free ones */
    uint64_t mask;           /* subscriptions that show it */
    uint64_t untold;         /* of these: it must be told as added */
    uint64_t seq;            /* of the message that told it last */
    uint64_t whole_seq;      /* and with its path; 0: never */
    uint8_t list;
    bool changed; /* its unit, type or limits: to be told */
    bool unknown; /* the viewer has not got its path, or lost it: no values until it has */
};
_Static_assert(sizeof(struct slot) == 64, "one cache line");
struct slot_queue {
    uint32_t first, last, count;
};

struct search_job { /* a snapshot under way */
    size_t match;   /* that is searched */
    bool begun;
    struct namespace_search search;
    uint32_t found_count;
    uint32_t found[PAGE_POINTS];
};
struct subscription {
    int64_t id;
    uint8_t bit;
    bool again;             /* the snapshot is told again, after a return */
    bool full_told;         /* that points which came later are not shown */
    uint64_t page_seq;      /* of its newest snapshot message */
    struct search_job *job; /* NULL: the snapshot is told */
    size_t size;            /* of this in memory */
    size_t match_count;
    struct live_match matches[];
};
struct follow { /* of what happens to alarms */
    bool on;
    int64_t id;
    uint64_t next; /* entry to look at */
    struct live_match match;
};
struct note {
    uint64_t seq;
    uint32_t point;
};

enum viewer_place {
    VIEWER_IDLE,
    VIEWER_READY,
    VIEWER_PACED,
    VIEWER_CHOKED,
    VIEWER_AWAY,
    VIEWER_DYING,
    VIEWER_PLACES
};
struct viewer {
    struct live *live;
    struct link link; /* on live->places[place] */
    enum viewer_place place;
    uint32_t index; /* in live->viewers */
    char token[LIVE_TOKEN_SIZE];
    struct live_sink sink;
    void *arg;
    struct principal *principal; /* held; NULL: sees all of the tenant main */
    struct principal_watch watch;
    bool judging; /* rights shrank: nothing is told until each slot was judged */
    uint32_t judge_next;
    bool spoke;         /* it said something: too late for resume */
    const char *failed; /* it must be thrown out: why */
    uint64_t seq;       /* of the last message */
    int64_t pace_ns, told_ns;
    int64_t away_ns; /* since when; AWAY_UNKNOWN: the next step knows */
    uint64_t skipped;
    struct slot *slots;
    uint32_t slot_count, slot_capacity, slot_used, slot_free;
    struct slot_queue values, wholes;
    struct subscription *subscriptions[SUBSCRIPTIONS_MAX];
    uint32_t subscription_count, jobs, restarts;
    uint64_t closing;  /* bits of ended subscriptions that slots may still have */
    uint64_t cleaning; /* of these: the pass under way */
    bool sweep;        /* slots that nothing shows must be looked for */
    bool in_pass;
    uint32_t clean_next;
    struct note *notes;
    uint32_t note_count, notes_told, note_capacity;
    uint64_t notes_floor;  /* notes up to this message are forgotten */
    uint32_t entered_next; /* points from here on were not looked at for its patterns */
    struct follow follow;
    uint32_t only_tenant; /* whose points all its patterns are; ANY_TENANT: of several */
};
#define AWAY_UNKNOWN INT64_MIN
#define ANY_TENANT UINT32_MAX

struct live {
    struct live_config config;
    struct points *points;
    struct link places[VIEWER_PLACES];
    struct viewer **viewers; /* by index; NULL: free */
    uint32_t viewer_capacity, viewer_next;
    struct watched_row **rows; /* by hash, linear probing */
    uint32_t row_capacity, row_count;
    struct json_writer writer;   /* the message that is being written */
    uint32_t told[DELTA_VALUES]; /* slots it tells */
    uint32_t told_count;
    int64_t now_ns;
    bool entered;                  /* points came since viewers were woken */
    uint64_t alarm_entries;        /* that were there when followers were woken */
    uint32_t work;                 /* done in this step */
    struct live_counters counters; /* viewers: those that are away too */
};

/* ---- memory.c: counted, and no more than http.memory ----------------------------------------- */
/* As realloc; NULL when there is none, or the limit is reached: then nothing has changed. */
void *live_resize(struct live *live, void *at, size_t before, size_t after);
void live_free(struct live *live, void *at, size_t size);

/* ---- watch.c ----------------------------------------------------------------------------------
 */
struct watched *watch_find(const struct live *live, uint32_t point);
/* The slot's viewer is told of the point's changes; sets slot->watched and place. */
MUST_USE enum err watch_begin(struct live *live, struct viewer *viewer, uint32_t slot,
                              uint32_t point);
void watch_end(struct live *live, struct slot *slot);
/* Reads again what is known of the point. */
void watched_refresh(struct live *live, struct watched *watched);
void watch_done(struct live *live);

/* ---- slots.c ----------------------------------------------------------------------------------
 */
/* A slot of the viewer for a point it does not look at yet. ERR_LIMIT: http.live_points. */
MUST_USE enum err slot_take(struct viewer *viewer, uint32_t point, uint32_t *ret_slot);
void slot_drop(struct viewer *viewer, uint32_t slot);
uint32_t slot_find(const struct viewer *viewer, uint32_t point);
void slot_list(struct viewer *viewer, uint32_t slot, enum slot_list list);
void slots_done(struct viewer *viewer);
/* The point is gone for this viewer: it is told so if it ever heard of it. */
void slot_gone(struct viewer *viewer, uint32_t slot);
/* Takes the bits of ended subscriptions off the slots, `most` of them; and drops those that nothing
 * shows. False: all is clean. */
bool slots_clean(struct viewer *viewer, uint32_t most);
/* What was told behind message `number` is to be told again; subscriptions whose bits are in
 * restarting do it by their snapshot. */
void slots_rewind(struct viewer *viewer, uint64_t number, uint64_t restarting);
static inline bool slots_are_clean(const struct viewer *viewer)
{
    return viewer->closing == 0 && !viewer->in_pass && !(viewer->sweep && viewer->restarts == 0);
}

/* ---- viewer.c ---------------------------------------------------------------------------------
 */
void viewer_move(struct viewer *viewer, enum viewer_place place);
/* There is something to do for it: it is put in the row if it is idle. */
static inline void viewer_wake(struct viewer *viewer)
{
    if (viewer->place == VIEWER_IDLE)
        viewer_move(viewer, VIEWER_READY);
}
/* It will be thrown out by the next step. */
void viewer_fail(struct viewer *viewer, const char *why);
/* Nobody hears of it again; taken down by the steps that follow. */
void viewer_kill(struct viewer *viewer);
/* A piece of taking it down; true: it is gone. */
bool viewer_take_down(struct viewer *viewer);
void viewer_free(struct viewer *viewer);
static inline bool viewer_is_attached(const struct viewer *viewer)
{
    return viewer->place < VIEWER_AWAY;
}
/* The viewer of a token that can go on behind message `number`, of the same account; NULL. */
struct viewer *viewer_known(struct live *live, const struct principal *principal,
                            struct bytes token, uint64_t number);
void viewer_resume(struct viewer *viewer, struct principal *principal, uint64_t number,
                   const struct live_sink *sink, void *arg);

/* ---- rights.c ---------------------------------------------------------------------------------
 */
/* Whom it looks for from now on; the one before is let go. NULL is fine. */
void viewer_serve(struct viewer *viewer, struct principal *principal);
bool viewer_is_of(const struct viewer *viewer, const struct principal *principal);
/* May it be told of this point? */
bool viewer_may_see(const struct viewer *viewer, uint32_t tenant, struct bytes path);
/* Does the match show this point to the viewer? */
bool match_shows(const struct viewer *viewer, const struct live_match *match, uint32_t tenant,
                 struct bytes path);
/* A piece of judging its slots anew. */
void judge_step(struct viewer *viewer);
/* The slots are judged anew, by the steps that follow. */
void viewer_judge(struct viewer *viewer);

/* ---- subscribe.c ------------------------------------------------------------------------------
 */
/* Room for a subscription with so many matches, for the caller to fill; NULL: no memory. */
struct subscription *subscription_create(struct live *live, size_t match_count);
void subscription_destroy(struct live *live, struct subscription *subscription);
struct subscription *subscription_find(const struct viewer *viewer, int64_t id);
/* Takes the subscription (id and matches are set) and begins its snapshot. NULL, or what is wrong;
 * then it is destroyed. */
const char *subscription_begin(struct viewer *viewer, struct subscription *subscription);
void subscription_end(struct viewer *viewer, struct subscription *subscription);
/* The snapshot is told from its beginning. */
MUST_USE enum err subscription_restart(struct viewer *viewer, struct subscription *subscription);
/* A piece of the oldest snapshot under way: one message at most. */
void snapshot_step(struct viewer *viewer);
/* Looks at the next points that were entered. */
void entered_step(struct viewer *viewer);
static inline bool entered_is_due(const struct viewer *viewer)
{
    return viewer->subscription_count > 0 &&
           viewer->entered_next <= namespace_entered(viewer->live->config.space);
}
/* The viewer sees the point from now on if a pattern of it matches path, and it may. */
void viewer_consider(struct viewer *viewer, uint32_t point, uint32_t tenant, struct bytes path);

/* ---- alarms.c ---------------------------------------------------------------------------------
 */
/* The viewer is told the entries of alarms that the match shows, behind *after; NULL: from now on.
 * One that follows already, follows this from now on. */
void follow_begin(struct viewer *viewer, int64_t id, const struct live_match *match,
                  const uint64_t *after);
void follow_end(struct viewer *viewer);
bool follow_is_due(const struct viewer *viewer);
void viewer_follow_step(struct viewer *viewer); /* a message at most */

/* ---- tell.c -----------------------------------------------------------------------------------
 */
/* An answer that is not numbered: begun, and sent. */
struct json_writer *answer_begin(struct viewer *viewer, const char *op);
void text_send(struct viewer *viewer, const char *op);
/* The member "path", as this viewer names it. */
void viewer_path_put(const struct viewer *viewer, uint32_t tenant, struct bytes path);
void tell_hello(struct viewer *viewer);
void tell_resumed(struct viewer *viewer);
void tell_gone(struct viewer *viewer);
void tell_unsubscribed(struct viewer *viewer, int64_t id);
/* id: of the subscription that is meant; NULL: none. */
void tell_error(struct viewer *viewer, const char *code, const int64_t *id, const char *format, ...)
    PRINTF_LIKE(4, 5);
/* A numbered message. Slots that it tells are noted, and settled when it is sent: a message that
 * is begun may be left unsent. */
struct json_writer *message_begin(struct viewer *viewer, const char *op);
/* A point with its path, as one value. */
void message_put_whole(struct viewer *viewer, uint32_t slot, struct bytes path);
bool message_is_full(const struct viewer *viewer, size_t most);
/* Sends one that tells no slots. */
void message_send(struct viewer *viewer, const char *op);
/* bit: of the subscription whose slots it tells whole as added or in a snapshot. */
void message_send_wholes(struct viewer *viewer, const char *op, uint64_t bit);
/* One message each, if there is anything to say. */
void tell_removed(struct viewer *viewer);
void tell_wholes(struct viewer *viewer);
void tell_values(struct viewer *viewer);
