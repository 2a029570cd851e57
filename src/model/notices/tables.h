/* What notices keeps, as it lies in the tables: every row is fixed in size, has no padding of
 * chance and no address, so that a page is its own image. These layouts are part of the snapshot
 * format (docs/format/notices.md): a field is never moved or given another meaning.
 *
 *      tenant -> its channels, rosters, routes          (chains, in the order they were made)
 *      channel -> its deliveries (chain, by number)     root -> ready deliveries (chain)
 *      call -> route -> roster -> channels by name      all of them -> texts
 *
 * Rows are numbered from 1, so that 0 can mean none; a free row is all zero but for the link to the
 * next free one. */
#pragma once

#include "model/notices/notices.h"
#include "paths/paths.h"

enum notices_table {
    TABLE_NOTICES_ROOTS = NOTICES_TABLE_FIRST,
    TABLE_NOTICES_TENANTS,
    TABLE_CHANNELS,
    TABLE_ROSTERS,
    TABLE_ROUTES,
    TABLE_CALLS,
    TABLE_DELIVERIES,
    TABLE_NOTICES_TEXTS,
};
enum notices_timer { TIMER_DELIVERY = NOTICES_TIMER_FIRST, TIMER_CALL };

#define DELIVERIES_OF_CHANNEL (NOTICE_KEPT + NOTICE_QUEUE_MAX + 2) /* gathering, held */

struct rows { /* of a table whose rows come and go */
    uint32_t highest, free, count;
};
struct roots_entry { /* one row, number 0 */
    uint64_t text_bytes;
    uint64_t delivery; /* highest number */
    uint64_t entry;    /* newest of alarms that was looked at */
    struct rows channels, rosters, routes, calls, deliveries;
    struct chain_ends ready;
    uint32_t text_pages;
    struct texts_class classes[TEXTS_CLASSES];
    uint8_t reserved_end[512 - 96 - TEXTS_CLASSES * 16];
};
struct notices_tenant_entry {
    struct chain_ends channels, rosters, routes;
    uint32_t channel_count, roster_count, route_count;
    uint32_t dead; /* channels */
    uint8_t reserved[24];
};
struct quiet_entry {
    uint16_t from_minute, to_minute;
    int16_t offset_minutes;
    uint8_t days; /* 0: there is none */
    uint8_t but_priority;
};
struct channel_entry {
    struct chain_links links; /* of its tenant; free: next */
    uint64_t position;        /* 0: the row is free */
    int64_t wall_ns, gather_ns, dead_wall_ns;
    uint64_t sent, given_up;
    uint32_t tenant;
    uint32_t name, target, secret, error; /* texts */
    struct chain_ends deliveries;
    uint32_t gathering, held; /* deliveries that take alarms; 0 */
    uint32_t holders;
    uint16_t queued, kept; /* deliveries due and not done; done */
    uint16_t failures;     /* tries that failed, one after the other */
    uint8_t kind, language, dead;
    uint8_t reserved[23];
    struct quiet_entry quiets[NOTICE_QUIETS_MAX];
    uint8_t reserved_end[64];
};
struct roster_entry {
    struct chain_links links;
    uint64_t position;
    int64_t wall_ns;
    uint32_t tenant;
    uint32_t name, form; /* texts */
    uint32_t holders;
    uint8_t reserved[24];
};
struct route_entry {
    struct chain_links links;
    uint64_t position;
    uint64_t made; /* position of the command that made it: rows are used again */
    int64_t wall_ns;
    uint32_t tenant;
    uint32_t name, match; /* texts */
    uint32_t channel, roster;
    uint8_t priority, returned;
    uint8_t reserved[10];
};
#define CALL_NOBODY 255
struct call_entry {
    uint64_t alarm;       /* 0: the row is free */
    uint64_t told;        /* bits of members */
    int64_t begun_ns;     /* engine time */
    uint64_t route_made;  /* of its route */
    uint64_t roster_said; /* position of the roster's command that `told` is of */
    uint32_t tenant, route;
    uint32_t timer, item; /* item: text; free: next free row */
    uint8_t step, last;   /* the next one; the member told last, or CALL_NOBODY */
    uint8_t reserved[6];
};
struct delivery_entry {
    struct chain_links links; /* of its channel; free: next */
    struct chain_links ready; /* of those that are ready */
    uint64_t number;          /* 0: the row is free */
    uint64_t position;
    int64_t made_wall_ns, done_wall_ns, due_ns; /* due: engine time, when it was to be sent first */
    uint32_t channel, timer;
    uint32_t items, error; /* texts */
    uint32_t count, attempts;
    uint8_t state, priority, item_count, test;
    uint8_t reserved[44];
};
_Static_assert(sizeof(struct roots_entry) == 512, "part of the snapshot format");
_Static_assert(sizeof(struct notices_tenant_entry) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct channel_entry) == 256, "part of the snapshot format");
_Static_assert(sizeof(struct roster_entry) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct route_entry) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct call_entry) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct delivery_entry) == 128, "part of the snapshot format");

struct notices {
    struct notices_limits limits;
    struct state *state;
    const struct points *points;
    struct timing *timing;
    const struct roots_entry *roots; /* row 0 of its table: pages never move */
    struct state_table roots_table, tenants, channels, rosters, routes, calls, deliveries;
    struct texts texts;
    struct index *names;        /* of channels, rosters and routes, by kind, tenant and name */
    struct index *calls_of;     /* calls by their alarm */
    struct index *numbers;      /* deliveries */
    struct pattern **patterns;  /* of routes, by row; NULL: none */
    uint32_t pattern_count;     /* places of that */
    uint64_t *turns;            /* by channel: the last turn of telling in which it was told */
    uint64_t turn;              /* within one record: of no state */
    bool reached;               /* in this turn a channel that is not dead; of no state */
    struct notices_effects now; /* of the fact that is applied */
};

static inline struct roots_entry *roots_write(struct notices *notices)
{
    return state_write(&notices->roots_table, 0);
}

/* ---- rows.c: rows, names and texts -----------------------------------------------------
 */
struct pool { /* a table whose rows come and go */
    struct state_table *table;
    size_t rows_at; /* of struct rows in the root */
    size_t link_at; /* of a uint32_t in a row: of a free one the next free one */
    size_t row_size;
};
struct pool notices_pool(struct notices *notices, enum notices_table table);
/* A row that is all zero. */
MUST_USE enum err notices_row_take(struct notices *notices, enum notices_table table,
                                   uint32_t *ret_row);
void notices_row_give(struct notices *notices, enum notices_table table, uint32_t row);
/* Of pages from outside: is the row in the list of free ones? Their count is what is left of the
 * highest; taken[] (a byte a row) says which are in use. */
MUST_USE enum err notices_rows_judge(struct notices *notices, enum notices_table table,
                                     const uint8_t *taken);
enum name_kind { NAME_CHANNEL = 1, NAME_ROSTER, NAME_ROUTE };
uint64_t notices_name_hash(enum name_kind kind, uint32_t tenant, struct bytes name);
bool notices_texts_fit(const struct notices *notices, uint64_t bytes);
MUST_USE enum err notices_text_set(struct notices *notices, uint32_t *text, struct bytes content);
void notices_text_free(struct notices *notices, uint32_t *text);
const struct notices_tenant_entry *notices_tenant_at(const struct notices *notices,
                                                     uint32_t tenant); /* NULL: nothing of it */
struct notices_tenant_entry *notices_tenant_write(struct notices *notices, uint32_t tenant);
/* Rows of the tenant are there; tenant: 1..tenants_max. */
MUST_USE enum err notices_tenant_begin(struct notices *notices, uint32_t tenant);
/* ---- words.c */
bool weekly_covers(const struct weekly *when, int16_t offset_minutes, int64_t wall_ns);
/* Until it is over, at a time that it covers. */
int64_t weekly_left_ns(const struct weekly *when, int16_t offset_minutes, int64_t wall_ns);
bool weekly_is_valid(const struct weekly *when);

/* A command being carried out: judged first, then done; *outcome is OUTCOME_DONE before. */
struct notice_order {
    const struct command *command;
    struct bytes form;
    const struct record_stamp *stamp;
    struct outcome *outcome;
};
MUST_USE static inline enum err notice_refuse(const struct notice_order *of, enum outcome_code code)
{
    of->outcome->code = code;
    return OK;
}
/* The name that is all a command says; false: it says something else. */
bool notices_name_alone(struct bytes form, struct bytes *ret_name);

/* ---- channels.c */
const struct channel_entry *notices_channel_at(const struct notices *notices, uint32_t channel);
struct channel_entry *notices_channel_write(struct notices *notices, uint32_t channel);
void notices_channel_hold(struct notices *notices, uint32_t channel, int32_t by);
MUST_USE enum err notices_apply_channel(struct notices *notices, const struct notice_order *of);
MUST_USE enum err notices_channels_rebuild(struct notices *notices);

/* ---- rosters.c, routes.c */
const struct roster_entry *notices_roster_at(const struct notices *notices, uint32_t roster);
const struct route_entry *notices_route_at(const struct notices *notices, uint32_t route);
MUST_USE enum err notices_apply_roster(struct notices *notices, const struct notice_order *of);
MUST_USE enum err notices_apply_route(struct notices *notices, const struct notice_order *of);
void notices_roster_hold(struct notices *notices, uint32_t roster, int32_t by);
bool notices_route_matches(const struct notices *notices, uint32_t route, struct bytes path);
/* holders[]: of channels and rosters by row, counted up. */
MUST_USE enum err notices_rosters_rebuild(struct notices *notices, uint32_t *channel_holders);
MUST_USE enum err notices_routes_rebuild(struct notices *notices, uint32_t *channel_holders,
                                         uint32_t *roster_holders);
void notices_patterns_drop(struct notices *notices);

/* ---- deliveries.c */
struct notice_told { /* something that people are told of */
    struct bytes item;
    uint8_t priority;
    uint64_t alarm;    /* of calls; 0: nobody can acknowledge it */
    bool channels;     /* that channels are dead: to those that live, quiet hours or not */
    bool over;         /* the end of an alarm: by the routes that ask for it */
    struct bytes path; /* where it is */
    const struct record_stamp *stamp;
};
/* A form of the item; at[NOTICE_ITEM_BYTES]. */
#define NOTICE_ITEM_BYTES 4096
#define NOTICE_ITEM_PRIORITY_TAG 6
#define NOTICE_ITEM_KIND_TAG 7
struct bytes notices_item_make(const struct notice_item *item, uint8_t *at);
/* Gathers it for the channel, unless this turn told it already. */
MUST_USE enum err notices_tell(struct notices *notices, uint32_t channel,
                               const struct notice_told *told);
MUST_USE enum err notices_apply_test(struct notices *notices, const struct notice_order *of);
MUST_USE enum err notices_apply_done(struct notices *notices, const struct notice_order *of);
/* All of a channel that goes. */
MUST_USE enum err notices_deliveries_drop(struct notices *notices, uint32_t channel);
MUST_USE enum err notices_delivery_fired(struct notices *notices, const struct timer_view *timer,
                                         const struct record_stamp *stamp);
MUST_USE enum err notices_deliveries_rebuild(struct notices *notices);

/* ---- calls.c */
/* Tells whoever the tenant's routes lead to, each channel once in this turn. */
MUST_USE enum err notices_spread(struct notices *notices, uint32_t tenant,
                                 const struct notice_told *told);
/* Nobody is called any more because of this alarm. */
MUST_USE enum err notices_calls_end(struct notices *notices, uint64_t alarm);
MUST_USE enum err notices_call_fired(struct notices *notices, const struct timer_view *timer,
                                     const struct record_stamp *stamp);
MUST_USE enum err notices_calls_rebuild(struct notices *notices);
