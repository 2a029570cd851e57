/* What alarms keeps, as it lies in the tables: every row is fixed in size, has no padding of chance
 * and no address, so that a page is its own image. These layouts are part of the snapshot format
 * (docs/format/alarms.md): a field is never moved or given another meaning.
 *
 *      point -> profile (in points) -> rules -> form (text)
 *      point -> first row -> next row of the point ..      tenant -> newest row -> the one before
 * .. point -> watch: what goes on beside its values (staleness, expressions, reference) entries: a
 * ring of the newest, each with one text; hand-over notes: another ring
 *
 * Numbers and texts begin at 1, so that 0 can mean none. Rows of rules have their numbers for ever,
 * rows of alarms, profiles and groups are used again. Without any record all tables are zero. */
#pragma once

#include "model/alarms/alarms.h"

#include <math.h>

enum alarms_table {
    TABLE_ALARMS_ROOTS = ALARMS_TABLE_FIRST,
    TABLE_RULES,
    TABLE_PROFILES,
    TABLE_WATCHES,
    TABLE_LATES,
    TABLE_ROWS,
    TABLE_FIRSTS,
    TABLE_ALARM_TENANTS,
    TABLE_ALARM_GROUPS,
    TABLE_ENTRIES,
    TABLE_HANDOVERS,
    TABLE_ALARMS_TEXTS,
    TABLE_TRAILS,
};

#define ALARM_TENANTS_MAX (1u << 20) /* a tenant with a greater number can have no rules */
#define NUMBERS_PER_RULE 4           /* numbers that may ever be given for each rule there may be */
#define PROFILE_SHARED PROFILES_MAX  /* of points that found no profile of their own */
#define ROW_FREE 0u
#define GROUP_NONE 0u
#define TRAIL_NONE 0u
#define TRAIL_VALUES 16            /* the newest that are kept of a point, for its late ones */
#define REFERRED_MOST 1024         /* points judged when the value of their reference comes */
#define ENTRY_TEXT_SHORT 64        /* bytes of a text of an entry when all of them are too many */
#define CHATTER_NS (60 * NS_PER_S) /* the minute of chattering, and of calm */
#define LOST_TOLD_NS NS_PER_S      /* of alarms that find no row one is an entry in so long */
#define HASH_ALARM UINT64_C(0x616c61726d)

enum alarms_timer { /* struct timer_view.kind; the owner is a row, of the last a point */
                    TIMER_DELAY = ALARMS_TIMER_FIRST,
                    TIMER_REALARM,
                    TIMER_KEEP, /* the end of shelving, or of the time for undoing */
                    TIMER_STALE,
                    TIMER_CHATTER = ALARMS_TIMER_CHATTER /* a minute of changes is over */
};

struct roots_entry {     /* one row, number 0 */
    uint64_t entries;    /* number of the newest */
    uint64_t written;    /* computed ones up to this number are written, or were lost */
    uint64_t unwritten;  /* computed ones behind it */
    uint64_t alarms;     /* highest number */
    uint64_t walk_left;  /* points */
    uint64_t text_bytes; /* of rules, by their slots */
    uint64_t lost;       /* alarms that found no row since an entry said so */
    int64_t lost_ns;     /* engine time of that */
    int64_t offset_ns;   /* of wall time to engine time, to within a second */
    int64_t offset_before_ns, offset_since_ns; /* the one before, until this engine time */
    uint32_t walk_at;                          /* the last point */
    uint32_t rules, rules_live, patterns;
    uint32_t profiles, profiles_free;
    uint32_t rows, rows_free, rows_live;
    uint32_t groups, groups_free;
    uint32_t handovers;
    uint32_t text_pages;
    uint32_t walk_programs; /* points of the walk whose programs look up metrics again */
    struct texts_class classes[TEXTS_CLASSES];
    uint32_t trails, trails_free, trails_live;
    uint8_t reserved_end[512 - 156 - TEXTS_CLASSES * 16];
};
enum rule_flags {
    RULE_ENABLED = 1,
    RULE_LATCHES = 2,
    RULE_NEEDS_ACKNOWLEDGE = 4,
    RULE_HAS_LIMIT = 8,
    RULE_HAS_PROGRAM = 16, /* an expression, or a deviation from its own baseline */
    RULE_REMOVED = 32,
    RULE_FLAGS = 63
};
struct rule_entry { /* the first 64 bytes are what a value is judged by */
    double limit, deadband;
    int64_t span_ns, on_delay_ns, off_delay_ns, realarm_ns;
    uint8_t kind, on, direction, priority, flags, state_count;
    uint16_t chatter; /* changes in a minute, more are chattering; 0: any */
    uint32_t tenant, group;
    uint64_t position;
    int64_t wall_ns;
    uint32_t name, form, author; /* texts */
    uint32_t type;
    uint32_t instances; /* of its program, on points */
    uint32_t row;       /* RULE_ON_NOTHING: of its alarm; else 0 */
    uint32_t alarms;    /* of it that are not shown as normal */
    uint32_t points;
    uint64_t too_late; /* late values that could not be judged: what was beside them is not known */
    uint32_t blind;    /* points on which it cannot be judged: their reference is no use */
    uint8_t reserved_end[4];
    double states[RULE_STATES_MAX];
};
struct profile_entry { /* all zero but next_free: free */
    double limits[LIMIT_KINDS];
    uint32_t rules[RULE_POINT_KINDS];
    uint32_t users;
    uint32_t next_free;
    uint8_t limit_mask; /* the type's metric has a limit of this kind */
    uint8_t reserved[51];
};
enum watch_flags {
    WATCH_DOUBT = 1, /* beyond a limit, but not known for certain: attended */
    WATCH_TRAIL = 2, /* its own rules want a trail of it */
    WATCH_FLAGS = 3
};
struct watch_entry {    /* by point */
    int64_t heard_ns;   /* engine time at which it was heard last, as of the last look */
    int64_t arrival_ns; /* its arrival then */
    uint32_t timer, stale, expression, baseline; /* the rules that stand on it, of these kinds */
    uint32_t reference;                          /* deviation: from this point */
    uint32_t referred;                           /* first of those that deviate from this one */
    struct chain_links links;                    /* of those with the same reference */
    uint8_t flags;
    uint8_t reserved[3];
    uint32_t trail;
    uint32_t blind; /* the rule of deviation that cannot be judged, as its reference is */
    uint8_t reserved_end[4];
};
struct trail_value { /* NaN: not known */
    int64_t time_ns;
    double value;
    double baseline; /* of the point's deviation from its own, with the value */
};
struct trail_entry { /* all zero but next_free: free */
    uint32_t point, next_free;
    uint8_t newest, count;
    uint8_t has_late; /* `late` is the last late value */
    uint8_t reserved[5];
    struct trail_value late;
    struct trail_value values[TRAIL_VALUES]; /* a ring in the order of times */
    uint8_t reserved_end[88];
};
#define LATE_KINDS 7 /* the limits, state, rate, deviation */
struct late_entry {  /* by point: where its late samples are */
    int64_t time_ns;
    int64_t since_ns[LATE_KINDS]; /* the condition held, in late samples */
    uint8_t holds, told;          /* bits */
    uint8_t reserved[6];
    int64_t referred_ns; /* where those of its reference are */
    uint8_t reserved_end[48];
};
enum row_flags {
    ROW_FIRST_OUT = 1,
    ROW_KEPT = 2,          /* normal, for as long as it can be undone */
    ROW_CHATTERS = 4,      /* held active, its changes are counted */
    ROW_CHATTER_HOLDS = 8, /* while it chatters: the condition holds now */
    ROW_FLAGS = 15
};
struct row_entry { /* alarm 0: free, all zero but of_point.next */
    uint64_t alarm;
    uint64_t position, entry_last;
    uint64_t rule_position; /* of its rule, as far as the row was told */
    int64_t raised_ns, raised_wall_ns, changed_wall_ns, acknowledged_wall_ns, shelved_until_ns;
    double value;
    uint32_t tenant, rule, point, group;
    uint32_t timer_delay, timer_realarm, timer_keep;
    struct chain_links of_point, newest;
    uint32_t why, assignee, acknowledged_by, comment; /* texts */
    uint32_t count, acknowledged_account;
    uint8_t state, hidden, untold, pending, flags;
    uint8_t before, after; /* states around the acknowledgement that can be undone; both 0: none */
    uint8_t priority;      /* of its rule, as far as the row was told */
    uint8_t reserved[4];
    int64_t chatter_since_ns; /* engine time: of the first change counted, or since it chatters */
    int64_t chatter_wall_ns;  /* since it chatters; 0: it does not */
    uint32_t timer_chatter;
    uint32_t chatter_changes; /* in its minute; while it chatters: since the last entry said */
    uint32_t chatter_total;   /* while it chatters: all of them */
    uint8_t reserved_end[68];
};
struct tenant_entry {
    uint32_t newest, rows, rules, patterns;
    uint32_t active, unacknowledged, shelved, suppressed, out_of_service, stale;
    uint32_t by_priority[ALARM_PRIORITIES + 1];
    uint32_t trails;
    uint8_t reserved[48];
};
struct group_entry { /* tenant 0: free, all zero but rules, the next free one */
    uint32_t tenant, name, rules;
    uint32_t standing; /* rows that are not normal */
};
struct entry_entry { /* row (number - 1) % ALARM_ENTRIES_KEPT */
    uint64_t number, alarm, position;
    int64_t time_ns, wall_ns;
    double value;
    uint32_t tenant, rule, point, account;
    uint32_t text; /* actor, then text */
    uint16_t actor_size;
    uint8_t event, state, state_before, priority, kind, flags;
    uint8_t reserved[52];
};
struct handover_entry { /* row (number - 1) % HANDOVERS_KEPT */
    int64_t wall_ns;
    uint32_t number, tenant, account;
    uint32_t branch, author, text; /* texts */
    int64_t engine_ns;
    uint8_t reserved[24];
};
_Static_assert(sizeof(struct roots_entry) == 512, "part of the snapshot format");
_Static_assert(sizeof(struct rule_entry) == 256, "part of the snapshot format");
_Static_assert(sizeof(struct profile_entry) == 128, "part of the snapshot format");
_Static_assert(sizeof(struct watch_entry) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct late_entry) == 128, "part of the snapshot format");
_Static_assert(sizeof(struct trail_entry) == 512, "part of the snapshot format");
_Static_assert(sizeof(struct row_entry) == 256, "part of the snapshot format");
_Static_assert(sizeof(struct tenant_entry) == 128, "part of the snapshot format");
_Static_assert(sizeof(struct group_entry) == 16, "part of the snapshot format");
_Static_assert(sizeof(struct entry_entry) == 128, "part of the snapshot format");
_Static_assert(sizeof(struct handover_entry) == 64, "part of the snapshot format");

#define METRIC_CACHE 1024
#define METRIC_CACHED_MAX 96
struct metric_limits { /* of a metric of a type, found in the sheets once */
    uint64_t stamp;    /* of the versions of the type and its parents */
    uint32_t type;
    uint16_t size;
    uint8_t mask;
    uint8_t metric[METRIC_CACHED_MAX];
    double limits[LIMIT_KINDS];
};
struct compiled { /* a pattern of a rule that is enabled */
    uint32_t rule;
    uint32_t rank;
    struct pattern pattern;
};
struct pattern_key { /* what most patterns that do not match are passed over by */
    uint64_t hash;
    uint64_t levels; /* a bit for each level that is spelled out: a path has them all */
};
struct unwritten_cursor { /* where alarms_unwritten_form was last */
    uint64_t i, number;   /* number 0: nowhere */
};
#define WHY_MAX 512
#define PROGRAM_TEXT_MAX 128
struct alarms {
    struct alarms_limits limits;
    struct state *state;
    struct points *points;
    struct assets *assets;
    struct expressions *expressions;
    struct timing *timing;
    const struct roots_entry *roots; /* row 0 of its table: pages never move */
    struct state_table roots_table, rules, profiles, watches, lates, rows, firsts, tenants, groups,
        entries, handovers, trails;
    struct texts texts;
    struct index *rule_names, *rule_paths, *rule_types, *patterns_of;
    struct index *profiles_of, *rows_of, *groups_of;
    struct compiled **patterns; /* slots */
    struct pattern_key *pattern_keys;
    uint32_t pattern_slots, pattern_free;
    uint32_t depths;               /* bit k: a pattern begins with k levels spelled out */
    struct metric_limits *metrics; /* METRIC_CACHE of them */
    struct unwritten_cursor *cursor;
    uint64_t entry_bytes;  /* of the texts of entries, by their slots */
    bool texts_ready;      /* texts_rebuild was run, or there was nothing to judge */
    uint64_t rows_changed; /* without an entry, since the start */
    char why[WHY_MAX];
    char *program; /* PROGRAM_TEXT_MAX: the last that was made for a baseline */
};

static inline struct roots_entry *roots_write(struct alarms *alarms)
{
    return state_write(&alarms->roots_table, 0);
}
static inline const struct rule_entry *rule_at(const struct alarms *alarms, uint32_t rule)
{
    return state_read(&alarms->rules, rule);
}
static inline struct rule_entry *rule_write(struct alarms *alarms, uint32_t rule)
{
    return state_write(&alarms->rules, rule);
}
static inline bool rule_stands(const struct rule_entry *rule)
{
    return (rule->flags & (RULE_ENABLED | RULE_REMOVED)) == RULE_ENABLED;
}
static inline const struct profile_entry *profile_at(const struct alarms *alarms, uint32_t profile)
{
    return state_read(&alarms->profiles, profile);
}
static inline const struct row_entry *row_at(const struct alarms *alarms, uint32_t row)
{
    return state_read(&alarms->rows, row);
}
static inline struct row_entry *row_write(struct alarms *alarms, uint32_t row)
{
    return state_write(&alarms->rows, row);
}
static inline uint32_t first_row_of(const struct alarms *alarms, uint32_t point)
{
    return point < state_table_capacity(&alarms->firsts)
               ? *(const uint32_t *)state_read(&alarms->firsts, point)
               : 0;
}
/* NULL: nothing was ever watched of it. */
static inline const struct watch_entry *watch_at(const struct alarms *alarms, uint32_t point)
{
    return point < state_table_capacity(&alarms->watches) ? state_read(&alarms->watches, point)
                                                          : NULL;
}
static inline struct watch_entry *watch_write(struct alarms *alarms, uint32_t point)
{
    return state_write(&alarms->watches, point);
}
static inline struct bytes text_of(const struct alarms *alarms, uint32_t text)
{
    return texts_get(&alarms->texts, text);
}
/* What one tenant may take of what all share: a tenth of it, and of what is free a quarter. The
 * house takes what there is. */
static inline bool share_allows(uint32_t tenant, uint64_t own, uint64_t all, uint64_t most)
{
    uint64_t left = all < most ? most - all : 0;
    return left > 0 && (tenant == TENANT_DEFAULT || (own < most / 10 && own < left / 4));
}
static inline uint64_t number_hash(uint64_t number, uint64_t kind)
{
    return hash64(&number, sizeof number, kind);
}

/* Devices and clocks may say any time until 2200, pages from outside any number: INT64_MAX when
 * what lies between is longer than can be said. */
static inline int64_t time_between(int64_t from_ns, int64_t to_ns)
{
    int64_t ns;
    return __builtin_sub_overflow(to_ns, from_ns, &ns) ? INT64_MAX : ns;
}

/* Of pages from outside: an engine time that sums and differences are safe with. */
static inline bool time_is_safe(int64_t ns)
{
    return ns > -(INT64_C(1) << 61) && ns < INT64_C(1) << 61;
}

/* Why something happens, while it does. */
struct cause {
    const struct record_stamp *stamp;
    int64_t now_ns;  /* engine time from which timers count */
    int64_t time_ns; /* source time */
    double value;    /* NaN: none */
    bool commanded;  /* by somebody, at once: else it is computed */
    uint32_t account;
    struct bytes actor, text;
};
static inline struct cause cause_of(const struct record_stamp *stamp)
{
    return (struct cause){.stamp = stamp,
                          .now_ns = stamp->engine_ns,
                          .time_ns = stamp->wall_ns,
                          .value = (double)NAN};
}

/* ---- rules.c ---- */
MUST_USE enum err alarms_rule_set(struct alarms *alarms, const struct command *command,
                                  const struct record_stamp *stamp, struct outcome *outcome);
MUST_USE enum err alarms_rule_remove(struct alarms *alarms, const struct command *command,
                                     const struct record_stamp *stamp, struct outcome *outcome);
/* The rule as it is judged: made, or changed. */
MUST_USE enum err alarms_rule_take(struct alarms *alarms, const struct rule_plan *plan,
                                   const struct command *command, const struct record_stamp *stamp,
                                   uint32_t *ret_rule);
bool alarms_rule_numbers_left(const struct alarms *alarms);
/* The program of a rule that was removed goes with its last instance. */
void alarms_instance_count(struct alarms *alarms, uint32_t rule, bool more);
struct bytes alarms_rule_text(const struct alarms *alarms, uint32_t rule, uint8_t tag);
MUST_USE enum err alarms_rules_rebuild(struct alarms *alarms);

/* ---- standing.c: which rules stand on a point ---- */
struct standing_one {
    uint32_t rule, rank; /* the least rank wins, then the least number */
    uint8_t kind;
};
struct standing {
    uint32_t rules[RULE_POINT_KINDS], ranks[RULE_POINT_KINDS];
    double limits[LIMIT_KINDS]; /* of the type's metric */
    uint8_t limit_mask;
    bool retired;
    uint32_t tenant;
    uint32_t compared;        /* patterns */
    struct standing_one *all; /* NULL, or the caller's */
    size_t count, most;
};
void alarms_standing(const struct alarms *alarms, uint32_t point, struct standing *standing);
/* Of rules that are enabled: where they are looked up. */
MUST_USE enum err alarms_standing_put(struct alarms *alarms, uint32_t rule);
MUST_USE enum err alarms_standing_take(struct alarms *alarms, uint32_t rule);
void alarms_standing_done(struct alarms *alarms);

/* ---- profiles.c ---- */
/* A profile with these rules and limits; PROFILE_NONE when there are none. It has one more user. */
MUST_USE enum err alarms_profile_take(struct alarms *alarms, const struct standing *standing,
                                      uint16_t *ret_profile);
MUST_USE enum err alarms_profile_give(struct alarms *alarms, uint16_t profile);
/* What a rule says changed, or that it stands: for all points that have it. */
MUST_USE enum err alarms_profiles_refresh(struct alarms *alarms, uint32_t rule);
MUST_USE enum err alarms_profiles_rebuild(struct alarms *alarms);

/* ---- watches.c ---- */
MUST_USE enum err alarms_watch_open(struct alarms *alarms, uint32_t point,
                                    struct watch_entry **ret_watch);
/* What goes on beside the point's values, as these rules want it. */
MUST_USE enum err alarms_watch(struct alarms *alarms, uint32_t point,
                               const struct standing *standing, const struct cause *cause);
/* A value came, now: when is it stale next? */
MUST_USE enum err alarms_watch_heard(struct alarms *alarms, uint32_t point,
                                     const struct cause *cause);
MUST_USE enum err alarms_watch_fired(struct alarms *alarms, const struct timer_view *timer,
                                     const struct cause *cause);
MUST_USE enum err alarms_doubt(struct alarms *alarms, uint32_t point, bool doubt);
/* Is each value of it wanted? */
void alarms_attend(struct alarms *alarms, uint32_t point);
/* Tells how wall time and engine time stand to each other now. */
void alarms_watch_clock(struct alarms *alarms, const struct record_stamp *stamp);
MUST_USE enum err alarms_watches_rebuild(struct alarms *alarms);

/* ---- references.c ---- */
/* The point that this one's deviation is from, looked up when it is not known; POINT_NONE. */
MUST_USE enum err alarms_reference(struct alarms *alarms, uint32_t point, uint32_t rule,
                                   uint32_t *ret_reference);
/* The rule (0: none) that stands on the point wants a reference, as things are now. */
MUST_USE enum err alarms_reference_watch(struct alarms *alarms, uint32_t point, uint32_t rule);
/* Those that deviate from this point look it up again, and are judged. *ret_all false: they are too
 * many for one step. */
MUST_USE enum err alarms_reference_drop(struct alarms *alarms, uint32_t point,
                                        const struct record_stamp *stamp, bool *ret_all);
enum reference_fault {
    REFERENCE_GOOD,
    REFERENCE_GONE, /* there is no such point, or it was retired */
    REFERENCE_EMPTY,
    REFERENCE_STALE, /* a rule of staleness says so */
    REFERENCE_BAD    /* quality; or it is no number */
};
enum reference_fault alarms_reference_fault(const struct alarms *alarms, uint32_t reference,
                                            struct alarm_value *ret_value);
/* What is wrong with the point's reference; "": nothing. */
const char *alarms_reference_why(const struct alarms *alarms, uint32_t point);
/* The rule that cannot be judged on this point; 0: none. */
MUST_USE enum err alarms_blind(struct alarms *alarms, uint32_t point, uint32_t rule);

/* ---- trails.c ---- */
/* Rules of the point want a trail of it. */
MUST_USE enum err alarms_trail_want(struct alarms *alarms, uint32_t point, bool wanted);
/* It has one from now on, when there is room; it goes when nobody wants it. The point is watched.
 */
MUST_USE enum err alarms_trail_begin(struct alarms *alarms, uint32_t point);
void alarms_trail_settle(struct alarms *alarms, uint32_t point);
/* A value came, before expressions saw it. The point is watched. */
void alarms_trail_take(struct alarms *alarms, uint32_t point, const struct alarm_value *value);
void alarms_trail_take_late(struct alarms *alarms, uint32_t point, const struct alarm_value *value,
                            double baseline);
/* The nearest value before this time that is known; false: it is too long ago. */
bool alarms_trail_before(const struct alarms *alarms, uint32_t point, int64_t time_ns,
                         struct trail_value *ret_value);
/* What the point was at this time; false: it is too long ago. */
bool alarms_trail_then(const struct alarms *alarms, uint32_t point, int64_t time_ns,
                       struct alarm_value *ret_value);
/* What was erased is not known any more. */
void alarms_trail_forget(struct alarms *alarms, uint32_t point, int64_t from_ns, int64_t to_ns);
MUST_USE enum err alarms_trails_rebuild(struct alarms *alarms);

/* ---- rows.c ---- */
uint32_t alarms_row_find(const struct alarms *alarms, uint32_t rule, uint32_t point);
uint32_t alarms_row_of(const struct alarms *alarms, uint64_t alarm); /* by its number */
/* Its rule says something else since the row was told: guards, delays, priority. */
MUST_USE enum err alarms_row_rule_changed(struct alarms *alarms, uint32_t row,
                                          const struct cause *cause);
/* *ret_row ROW_FREE: there is no room. */
MUST_USE enum err alarms_row_add(struct alarms *alarms, uint32_t rule, uint32_t point,
                                 const struct cause *cause, uint32_t *ret_row);
/* Gives the event to the machine, and keeps what came of it; *ret_step may be NULL. */
MUST_USE enum err alarms_row_step(struct alarms *alarms, uint32_t row, enum alarm_event event,
                                  const struct cause *cause, struct alarm_step *ret_step);
/* Puts another machine in its place (undo), as `event` of entries. */
MUST_USE enum err alarms_row_put(struct alarms *alarms, uint32_t row, struct alarm_machine machine,
                                 uint8_t event, bool told, const struct cause *cause);
/* Writes an entry of the row: nothing of the machine moved. */
MUST_USE enum err alarms_row_note(struct alarms *alarms, uint32_t row, uint8_t event,
                                  const struct cause *cause);
/* It goes when nothing holds it any more. */
MUST_USE enum err alarms_row_settle(struct alarms *alarms, uint32_t row);
MUST_USE enum err alarms_row_release(struct alarms *alarms, uint32_t row);
void alarms_row_timer_stop(struct alarms *alarms, uint32_t row, enum alarms_timer kind);
/* *ret_set false: there are too many timers. */
MUST_USE enum err alarms_row_timer_set(struct alarms *alarms, uint32_t row, enum alarms_timer kind,
                                       int64_t due_ns, bool *ret_set);
MUST_USE enum err alarms_tenant(struct alarms *alarms, uint32_t tenant,
                                struct tenant_entry **ret_entry);
const struct tenant_entry *alarms_tenant_at(const struct alarms *alarms, uint32_t tenant);
/* A group of this name, with one more rule in it; "" is GROUP_NONE. */
MUST_USE enum err alarms_group_take(struct alarms *alarms, uint32_t tenant, struct bytes name,
                                    uint32_t *ret_group);
MUST_USE enum err alarms_group_give(struct alarms *alarms, uint32_t group);
uint32_t alarms_group_find(const struct alarms *alarms, uint32_t tenant, struct bytes name);
uint64_t alarms_group_hash(uint32_t tenant, struct bytes name);
/* Adds step to all that this row counts in. */
void alarms_row_share(const struct row_entry *row, uint8_t kind, uint32_t step,
                      struct tenant_entry *own, uint32_t *of_rule);

/* ---- chatter.c ---- */
/* The condition begins to hold, or ends, as delays have it: for the machine, or counted. */
MUST_USE enum err alarms_row_event(struct alarms *alarms, uint32_t row, enum alarm_event event,
                                   const struct cause *cause);
/* Does it hold, as delays have it? Of what chatters it is not what is shown. */
bool alarms_row_condition(const struct row_entry *row);
/* It is normal, and only remembered: what comes now is another alarm. */
bool alarms_row_is_kept(const struct row_entry *row);
MUST_USE enum err alarms_chatter_fired(struct alarms *alarms, uint32_t row,
                                       const struct cause *cause);
/* It does not chatter from now on; nothing happens when it does not now. */
MUST_USE enum err alarms_chatter_end(struct alarms *alarms, uint32_t row,
                                     const struct cause *cause);

/* ---- rebuild.c ---- */
MUST_USE enum err alarms_groups_rebuild(struct alarms *alarms);
MUST_USE enum err alarms_lates_rebuild(struct alarms *alarms);
MUST_USE enum err alarms_rows_rebuild(struct alarms *alarms);
MUST_USE enum err alarms_counts_rebuild(struct alarms *alarms);
/* Rows, machines. */
static inline struct alarm_machine row_machine(const struct row_entry *row)
{
    return (struct alarm_machine){row->state, row->hidden, row->untold};
}
static inline uint8_t rule_guards(const struct rule_entry *rule)
{
    return (uint8_t)((rule->flags & RULE_LATCHES ? ALARM_LATCHES : 0) |
                     (rule->flags & RULE_NEEDS_ACKNOWLEDGE ? ALARM_NEEDS_ACKNOWLEDGE : 0));
}

/* ---- values.c ---- */
/* A verdict of a rule on a point, now. */
MUST_USE enum err alarms_verdict(struct alarms *alarms, uint32_t rule, uint32_t point,
                                 enum alarm_verdict verdict, const struct cause *cause);
/* What the rule's program says, if it has one. It tells by itself when that changes: this is for a
 * rule that was deaf meanwhile, or whose delay begins anew. */
MUST_USE enum err alarms_program_judge(struct alarms *alarms, uint32_t rule, uint32_t point,
                                       const struct record_stamp *stamp);
/* Judges the value that is there. */
MUST_USE enum err alarms_judge_held(struct alarms *alarms, uint32_t point,
                                    const struct record_stamp *stamp);
/* Those whose deviation is from this point. */
MUST_USE enum err alarms_judge_referred(struct alarms *alarms, uint32_t point,
                                        const struct cause *cause);
/* Those that have lost their reference, or another one. */
MUST_USE enum err alarms_judge_dropped(struct alarms *alarms, const uint32_t *points, size_t count,
                                       const struct record_stamp *stamp);
/* The limit that stands for the point; NaN: none. */
double alarms_limit_of(const struct alarms *alarms, uint32_t rule, uint32_t point);

/* ---- why.c: what decided, for people ---- */
struct bytes alarms_why(struct alarms *alarms, uint32_t rule, uint32_t point,
                        const struct cause *cause);

struct bytes alarms_why_late(struct alarms *alarms, uint32_t rule, uint32_t point,
                             const struct cause *cause);
/* What an entry of the event says, of what was computed. */
struct bytes alarms_event_text(struct alarms *alarms, uint32_t rule, uint32_t point,
                               enum alarm_event event, const struct cause *cause);

/* ---- walk.c ---- */
void alarms_walk_begin(struct alarms *alarms);
/* What stands on the point is found anew. */
MUST_USE enum err alarms_point_find(struct alarms *alarms, uint32_t point,
                                    const struct record_stamp *stamp);

/* ---- entries.c ---- */
/* Its number is given to it. actor, text: put behind each other. */
MUST_USE enum err alarms_entry_add(struct alarms *alarms, struct entry_entry *entry,
                                   struct bytes actor, struct bytes text);
MUST_USE enum err alarms_entries_rebuild(struct alarms *alarms);

/* ---- acts.c, handovers.c ---- */
MUST_USE enum err alarms_act(struct alarms *alarms, const struct command *command,
                             const struct record_stamp *stamp, struct outcome *outcome);
MUST_USE enum err alarms_handover_add(struct alarms *alarms, const struct command *command,
                                      const struct record_stamp *stamp, struct outcome *outcome);
MUST_USE enum err alarms_handovers_rebuild(struct alarms *alarms);
