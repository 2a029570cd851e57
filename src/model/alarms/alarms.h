/* alarms: the reducer of alarms after ANSI/ISA-18.2-2016 and IEC 62682:2014: rules, which points
 * they stand on, alarms that are not normal, and the journal of what happened to them.
 *
 * Pure and deterministic, as points: what it is after a record depends on the records alone. All it
 * knows lies in paged tables of a struct state (ids 52..69 of the snapshot format,
 * docs/format/alarms.md); indexes are derived. It reads points and assets, runs expressions
 * (model/expressions) and timers (src/timing), and calls nobody else.
 *
 *   rule     what is judged, on which points, how urgent it is, what to do about it; of a tenant,
 *            with a name. A change of a rule is a command; all points that it stands on have it at
 *            once
 *   profile  the rules that stand on a point, one of each kind: the nearest wins (a rule for the
 *            point's own path, before the pattern with more levels spelled out, before a rule for
 *            the asset's type and metric, a type before its parent). Points with the same rules
 *            share a profile; the live row names it (points_assign), so that a value that is normal
 *            costs a comparison in its own cache line. A rule for a path is on its point at once;
 *            after a change of others a walk goes over the points, at most ALARMS_WALK_POINTS with
 *            each call of alarms_walk; new points get theirs at once
 *   alarm    one (rule, point) that is not normal: it has a number, counting up, never used again
 *            for another; its row goes when it is back to normal and nobody is wanted for it
 *   entry    something happened to an alarm: numbered from 1, each with the position of its cause.
 *            The newest ALARM_ENTRIES_KEPT are held. Entries that were computed (not commands) are
 *            told to the owner, who writes each as a FACT_ENTRY behind the records that caused it;
 *            a replay compares it (alarms_apply_entry), and writes what was never written
 *
 * Time comes with the records: delays, staleness, the end of shelving are timers.
 * A late sample (older than the live one) is judged at its own time: what would have been an alarm
 * is an entry that is marked late, and moves nothing.
 * One thread. */
#pragma once

#include "base/base.h"
#include "format/format.h"
#include "model/alarms/judge.h"
#include "model/alarms/machine.h"
#include "model/assets/assets.h"
#include "model/expressions/expressions.h"
#include "model/points/points.h"
#include "state/state.h"
#include "timing/timing.h"

#define ALARMS_TABLE_FIRST 52
#define ALARM_PRIORITIES 8 /* 1 is the most urgent: 1 critical, 2 high, 3 medium, 4 low, 5..8 */
#define RULE_NAME_MAX 128
#define RULE_TEXT_MAX 2048 /* of cause, consequence, response, title */
#define RULE_STATES_MAX 16
#define ALARM_ENTRIES_KEPT (1u << 20)
#define ALARMS_WALK_POINTS 512 /* looked at by a call of alarms_walk; the engine has 8 with each batch */
#define ALARM_ACT_MAX 1024      /* alarms in one command */
#define ALARM_COMMENT_MAX 2048
#define RULE_FORM_MAX 9216 /* bytes of all that a command says of a rule */
#define HANDOVERS_KEPT 10000
#define HANDOVERS_DAY_NS (24 * 3600 * NS_PER_S) /* within it, so many notes: */
#define HANDOVERS_OF_TENANT 1000
#define HANDOVERS_OF_PERSON 100 /* of an account in a tenant */
/* The kinds of timers that are this room's (struct timer_view.kind): 1..4. */
#define ALARMS_TIMER_FIRST 1
#define ALARMS_TIMER_LAST 4
#define ALARMS_TIMER_CHATTER 10 /* and this one */
#define RULE_CHATTER 10         /* changes in a minute unless a rule says another number */
#define RULE_CHATTER_MAX 1000

struct alarms_limits {     /* they decide outcomes: records are replayed under the same */
    uint32_t rules_max;    /* 200,000 */
    uint32_t patterns_max; /* rules with a pattern, of all tenants: 10,000 */
    uint32_t alarms_max; /* rows, all tenants: 2,000,000; past it an entry says that it was lost */
    uint32_t profiles_max; /* 1..65,534; points that find none share one, judged slowly */
    uint32_t trails_max;   /* points that have their newest values kept, for late ones: 1,000,000 */
    uint64_t texts_bytes_max; /* of rules: 1 GiB */
    uint64_t
        entries_bytes_max; /* of texts of entries: 512 MiB; past it they are cut to some words */
}; /* A tenant that is not the house has at most a tenth of rules, patterns and rows, and gets more
      only while it has less than a quarter of what is free. */
extern const struct alarms_limits alarms_limits_default;

struct alarms;
/* All of them outlive it or are destroyed right after. The profiles are put into points. */
MUST_USE enum err alarms_create(struct state *state, const struct alarms_limits *limits,
                                struct points *points, struct assets *assets,
                                struct expressions *expressions, struct timing *timing,
                                struct alarms **ret_alarms);
void alarms_destroy(struct alarms *alarms); /* NULL is fine */
/* After the pages were loaded and the rooms above were rebuilt. ERR_CORRUPT when they contradict
 * each other. */
MUST_USE enum err alarms_rebuild(struct alarms *alarms);
uint64_t alarms_memory(const struct alarms *alarms);

/* ---- rules -------------------------------------------------------------------------------------
 */
#define RULE_KIND_TABLE(X)                                                                         \
    X(RULE_HIGH_HIGH, "high_high")                                                                 \
    X(RULE_HIGH, "high")                                                                           \
    X(RULE_LOW, "low")                                                                             \
    X(RULE_LOW_LOW, "low_low")                                                                     \
    X(RULE_RATE, "rate")                                                                           \
    X(RULE_DEVIATION, "deviation")                                                                 \
    X(RULE_STATE, "state")                                                                         \
    X(RULE_STALE, "stale")                                                                         \
    X(RULE_EXPRESSION, "expression")                                                               \
    X(RULE_CHANNEL, "channel") /* a channel of notices is dead; on no point */
#define RULE_KIND_ENUM(name, word) name,
enum rule_kind { RULE_KIND_TABLE(RULE_KIND_ENUM) RULE_KINDS };
#undef RULE_KIND_ENUM
#define RULE_POINT_KINDS RULE_CHANNEL      /* those before it may stand on points */
const char *rule_kind_word(unsigned kind); /* NULL: there is no such kind */
enum rule_on {                             /* what a rule stands on */
               RULE_ON_POINT,              /* the point of this path, now or when it comes */
               RULE_ON_PATTERN,            /* all points that match it */
               RULE_ON_TYPE,   /* the points that are this metric of the assets of this type */
               RULE_ON_NOTHING /* an expression: one alarm, of the branch `path`; dead channels:
                                  one alarm of the tenant */
};
/* The rule of dead channels: of each tenant one, of this name, and no other rule has it. */
#define RULE_CHANNELS_NAME "channels"
/* What a command says of a rule, as tags of its form (COMMAND_RULE_SET: makes the rule of that name
 * or replaces all of it; COMMAND_RULE_REMOVE: RULE_TAG_NAME alone). */
enum rule_tag {
    RULE_TAG_NAME = 1,     /* text, unique in the tenant: letters, digits, - _ . ; 1..128 */
    RULE_TAG_ENABLED = 2,  /* integer 0, 1; 1 unless said */
    RULE_TAG_KIND = 3,     /* integer: enum rule_kind */
    RULE_TAG_ON = 4,       /* integer: enum rule_on */
    RULE_TAG_PATH = 5,     /* text: path, pattern, or branch */
    RULE_TAG_TYPE = 6,     /* integer: the asset type's number */
    RULE_TAG_METRIC = 7,   /* text: the type's metric */
    RULE_TAG_LIMIT = 8,    /* real: limits, rate, deviation. A limit that is not said is the
                              point's own, or its metric's */
    RULE_TAG_DEADBAND = 9, /* real; 0 */
    RULE_TAG_SPAN = 10,    /* integer ns: rate: change in so long; stale: nothing came for so long;
                              deviation from its own baseline: mean over so long */
    RULE_TAG_DIRECTION = 11, /* integer: enum alarm_direction; rate; either unless said */
    RULE_TAG_REFERENCE = 12, /* text: deviation: the other point's path, as in conditions (may be
                                relative); none: its own baseline */
    RULE_TAG_STATE = 13,     /* real, several: state: values that are the alarm */
    RULE_TAG_CONDITION = 14, /* text: expression (src/condition) */
    RULE_TAG_ON_DELAY = 15,  /* integer ns; 0 */
    RULE_TAG_OFF_DELAY = 16,
    RULE_TAG_LATCH = 17,          /* integer 0, 1; 0 */
    RULE_TAG_NO_ACKNOWLEDGE = 18, /* integer 0, 1: nobody has to acknowledge; 0 */
    RULE_TAG_REALARM = 19,        /* integer ns: tell again when it still stands; 0: never */
    RULE_TAG_PRIORITY = 20,       /* integer 1..ALARM_PRIORITIES; 3 */
    RULE_TAG_TITLE = 21,          /* text: what people read; the name unless said */
    RULE_TAG_CAUSE = 22,
    RULE_TAG_CONSEQUENCE = 23,
    RULE_TAG_RESPONSE = 24,
    RULE_TAG_GROUP = 25,  /* text: first-out and suppression by design; "" */
    RULE_TAG_CHATTER = 26 /* integer 0..RULE_CHATTER_MAX: an alarm that changes more often in a
                             minute is held, and its changes are counted; 0: never; 10 */
};
/* A rule's form read and judged: NULL, or a sentence that says what is wrong, for who asks. */
struct rule_plan {
    struct bytes name, path, metric, reference, condition, title, cause, consequence, response,
        group;
    uint8_t kind, on, direction, priority;
    bool enabled, latch, needs_acknowledge;
    bool has_limit;
    uint32_t type;
    double limit, deadband;
    double states[RULE_STATES_MAX];
    unsigned state_count;
    uint16_t chatter;
    int64_t span_ns, on_delay_ns, off_delay_ns, realarm_ns;
};
const char *rule_plan_read(struct bytes form, struct rule_plan *ret_plan);

struct rule_view { /* views live until the next record */
    uint32_t rule, tenant;
    struct rule_plan plan;
    struct bytes form; /* as it was set */
    uint64_t position; /* of the command that set it last */
    int64_t wall_ns;
    struct bytes author;
    uint32_t alarms;   /* of it that are not normal */
    uint64_t points;   /* that have it, as far as the walk came */
    uint32_t blind;    /* of these: it cannot be judged, as their reference is gone, stale, bad or
                          without a value */
    uint64_t too_late; /* late values that it could not judge: what was beside them is not known */
};
uint32_t alarms_rules(const struct alarms *alarms); /* highest number */
/* rule in 1..highest; false: it was removed. */
MUST_USE bool alarms_rule(const struct alarms *alarms, uint32_t rule, struct rule_view *ret_view);
uint32_t alarms_rule_find(const struct alarms *alarms, uint32_t tenant, struct bytes name); /* 0 */
/* rule in 1..highest; of a removed one too, for who reads what happened. A rule that gets another
 * kind or another program is a new one of the same name. */
struct bytes alarms_rule_name(const struct alarms *alarms, uint32_t rule);
/* Whose it is; 0: it was removed. */
uint32_t alarms_rule_tenant(const struct alarms *alarms, uint32_t rule);
/* For expressions_rebuild, with the alarms as its context, before alarms_rebuild: what a rule's
 * program says. Borrowed until the next call. */
bool alarms_program(void *alarms, uint32_t rule, struct bytes *ret_text, uint32_t *ret_tenant);
/* The rules that stand on a point, the nearest of each kind, and with `all` those that lost to
 * them, right behind; returns how many, at most `most`. why: "point", "pattern", "type". */
struct rule_standing {
    uint32_t rule;
    bool wins;
};
size_t alarms_rules_of(const struct alarms *alarms, uint32_t point, bool all,
                       struct rule_standing *rules, size_t most);
/* The limits that a point has in force: of each kind that of the nearest rule, or its own where the
 * rule says none or there is no rule, or else its metric's. */
enum limit_from { LIMIT_FROM_NONE, LIMIT_FROM_RULE, LIMIT_FROM_POINT, LIMIT_FROM_TYPE };
struct limit_in_force {
    double limit;  /* NaN with LIMIT_FROM_NONE */
    uint32_t rule; /* that raises an alarm by it; 0: none, it is shown alone */
    uint8_t from;  /* enum limit_from: who says the number */
};
void alarms_limits_in_force(const struct alarms *alarms, uint32_t point,
                            struct limit_in_force ret_limits[LIMIT_KINDS]);
/* A walk over the points is under way: how many are left; 0: none is. */
uint64_t alarms_walk_left(const struct alarms *alarms);

/* ---- the reducer -------------------------------------------------------------------------------
 */
enum alarm_act { /* integer ALARM_TAG_ACT of COMMAND_ALARM_ACT */
                 ALARM_ACT_ACKNOWLEDGE = 1,
                 ALARM_ACT_UNACKNOWLEDGE =
                     2, /* undo, within ALARM_UNDO_NS of the acknowledgement, by whom it was */
                 ALARM_ACT_RESET = 3,
                 ALARM_ACT_SHELVE = 4, /* until ALARM_TAG_SPAN is over */
                 ALARM_ACT_UNSHELVE = 5,
                 ALARM_ACT_SUPPRESS = 6,
                 ALARM_ACT_UNSUPPRESS = 7,
                 ALARM_ACT_REMOVE_FROM_SERVICE = 8,
                 ALARM_ACT_RETURN_TO_SERVICE = 9,
                 ALARM_ACT_COMMENT = 10,
                 ALARM_ACT_ASSIGN = 11 /* to ALARM_TAG_ASSIGNEE; none: to nobody */
};
#define ALARM_UNDO_NS (120 * NS_PER_S)
#define ALARM_SHELVE_MAX_NS (7 * 86400 * NS_PER_S)
enum alarm_tag { /* of COMMAND_ALARM_ACT and COMMAND_HANDOVER_ADD */
                 ALARM_TAG_ACT = 1,
                 ALARM_TAG_ALARM =
                     2, /* integer, several: numbers; or, for shelve, suppress and service of what
                           is normal: ALARM_TAG_RULE and ALARM_TAG_POINT together */
                 ALARM_TAG_RULE = 3,
                 ALARM_TAG_POINT = 4,
                 ALARM_TAG_COMMENT = 5,  /* text, with any act */
                 ALARM_TAG_SPAN = 6,     /* integer ns */
                 ALARM_TAG_ASSIGNEE = 7, /* text: as people know him */
                 ALARM_TAG_BRANCH = 8,   /* hand-over note: text, may be empty: everywhere */
                 ALARM_TAG_NOTE = 9      /* hand-over note: text, 1..ALARM_COMMENT_MAX */
};
/* A FACT_MODULE of MODULE_ALARMS; other facts are OK and do nothing. *ret_outcome: DONE when at
 * least one alarm took it (number: how many did), else ALARM_REFUSED or UNKNOWN_ALARM; number of a
 * rule or note. Refused alarms of a list are passed over. ERR_CORRUPT, ERR_NO_MEMORY as
 * points_apply_fact. Keys are those of points (points_key_claim). */
MUST_USE enum err alarms_apply_fact(struct alarms *alarms, const struct fact *fact,
                                    const struct record_stamp *stamp, struct outcome *ret_outcome);
/* A point was told by points_apply_sample (effects->notices): its rules are judged. The live row
 * has the new value; notice->before the one before it. Of a late one: notice->late with its value.
 */
MUST_USE enum err alarms_judge(struct alarms *alarms, const struct point_notice *notice,
                               const struct record_stamp *stamp);
/* New points of a row, a rename, a retirement, other settings, an asset whose points changed: the
 * profile of this point is found anew, what it shows is judged, and its alarms ended that no rule
 * wants any more. */
MUST_USE enum err alarms_point_changed(struct alarms *alarms, uint32_t point,
                                       const struct record_stamp *stamp);
/* Samples of the point were erased, from_ns <= time < to_ns, and its live value with them when it
 * was one of them: what is kept of them for late ones goes, and who deviates from it is judged. */
MUST_USE enum err alarms_point_erased(struct alarms *alarms, uint32_t point, int64_t from_ns,
                                      int64_t to_ns, const struct record_stamp *stamp);
/* Assets or types changed in a way that may reach many: a walk begins. */
void alarms_assets_changed(struct alarms *alarms);
/* One of its timers fired. */
MUST_USE enum err alarms_fired(struct alarms *alarms, const struct timer_view *timer,
                               const struct record_stamp *stamp);
/* A truth of an expression changed: for the owner of expressions to pass on. */
MUST_USE enum err alarms_expression(struct alarms *alarms, uint32_t rule, uint32_t point,
                                    enum alarm_verdict verdict, const struct record_stamp *stamp);
/* What the owner of a tenant's channels of notices tells of them. */
struct channels_told {
    uint32_t dead;    /* how many are */
    bool died;        /* one of them just now */
    struct bytes why; /* which: for whoever sees the alarm; at most 512 bytes */
};
/* The tenant has channels: its rule of dead ones is there from now on, unless it is already, as
 * urgent as can be. Limits of rules do not hold it back: it is one of each tenant. */
MUST_USE enum err alarms_channels_begin(struct alarms *alarms, uint32_t tenant,
                                        const struct record_stamp *stamp);
/* Its alarm stands while a channel is dead; one more that died is told again as a re-alarm is. To
 * be said when that changes, and behind a command that sets rules. */
MUST_USE enum err alarms_channels(struct alarms *alarms, uint32_t tenant,
                                  const struct channels_told *told,
                                  const struct record_stamp *stamp);
/* The walk's next piece; at the end of each batch. */
MUST_USE enum err alarms_walk(struct alarms *alarms, const struct record_stamp *stamp);

/* ---- what happened -----------------------------------------------------------------------------
 */
enum alarm_entry_flags {
    ALARM_ENTRY_TOLD = 1,      /* people are told: sound, list, channels (annunciated) */
    ALARM_ENTRY_LATE = 2,      /* of a late sample: nothing moved */
    ALARM_ENTRY_COMPUTED = 4,  /* not by a command: written as a FACT_ENTRY */
    ALARM_ENTRY_LOST = 8,      /* alarms_max: there is no row of it */
    ALARM_ENTRY_FIRST_OUT = 16 /* the first of its group since all of it were normal */
};
#define ALARM_EVENT_HANDOVER ALARM_EVENTS
/* It chatters, or still does; it is calm. The value of these entries is how many changes they stand
 * for: of the first those that made it so, then those of a minute, at the end all. */
#define ALARM_EVENT_CHATTERS (ALARM_EVENTS + ALARM_ACT_ASSIGN + 1)
#define ALARM_EVENT_CALM (ALARM_EVENT_CHATTERS + 1)
#define ALARM_EVENT_LAST ALARM_EVENT_CALM
/* What happened, in a word or two, for people and programs. */
const char *alarm_entry_word(uint8_t event);
struct alarm_entry {
    uint64_t number;              /* from 1 */
    uint64_t alarm;               /* number of the alarm; 0: of a hand-over note */
    uint32_t tenant, rule, point; /* point POINT_NONE: of a branch */
    uint8_t event; /* enum alarm_event; ALARM_EVENTS + enum alarm_act for comment, assign, undo;
                      ALARM_EVENT_HANDOVER, then `rule` is the number of the note;
                      ALARM_EVENT_CHATTERS, ALARM_EVENT_CALM */
    uint8_t state; /* shown afterwards: enum alarm_state */
    uint8_t state_before;
    uint8_t priority, kind; /* of the rule, then */
    uint8_t flags;
    uint32_t account;         /* who; 0: nobody */
    uint64_t position;        /* of the cause: the sample's, the timer's batch, the command's */
    int64_t time_ns;          /* source time of the cause */
    int64_t wall_ns;          /* when it came */
    double value;             /* NaN: none */
    struct bytes actor, text; /* who, comment, assignee or why (explanation); views until the next
                                 record */
};
uint64_t alarms_entries(const struct alarms *alarms);       /* highest number */
uint64_t alarms_entries_first(const struct alarms *alarms); /* oldest that is held */
/* number in first..highest. Some 50 ns. */
void alarms_entry(const struct alarms *alarms, uint64_t number, struct alarm_entry *ret_entry);
/* The first entry held whose wall_ns is not before this; highest + 1: none. */
uint64_t alarms_entry_at(const struct alarms *alarms, int64_t wall_ns);

/* The form of a FACT_ENTRY: integers, but VALUE (real, left out when there is none) and TEXT. */
enum alarm_entry_tag {
    ENTRY_TAG_NUMBER = 1,
    ENTRY_TAG_ALARM = 2,
    ENTRY_TAG_RULE = 3,
    ENTRY_TAG_POINT = 4,
    ENTRY_TAG_EVENT = 5,
    ENTRY_TAG_STATE = 6,
    ENTRY_TAG_STATE_BEFORE = 7,
    ENTRY_TAG_PRIORITY = 8,
    ENTRY_TAG_KIND = 9,
    ENTRY_TAG_FLAGS = 10,
    ENTRY_TAG_POSITION = 11,
    ENTRY_TAG_TIME = 12,
    ENTRY_TAG_WALL = 13,
    ENTRY_TAG_VALUE = 14,
    ENTRY_TAG_TEXT = 15
};
/* Computed entries that were not written so far: the owner writes them as FACT_ENTRY in this order,
 * as soon as the journal has room, and does not apply them by himself: they come back as records.
 */
uint64_t alarms_unwritten(const struct alarms *alarms); /* how many; 0: none */
/* The form of the i-th that is not written, i < alarms_unwritten, into form[capacity]; returns its
 * tenant. */
uint32_t alarms_unwritten_form(const struct alarms *alarms, uint64_t i, struct form_writer *form);
/* A FACT_ENTRY of MODULE_ALARMS: the answer to the head of what is not written. *ret_agrees: it
 * says what was computed here; else it is taken all the same, and the owner tells. */
MUST_USE enum err alarms_apply_entry(struct alarms *alarms, const struct fact_entry *entry,
                                     const struct record_stamp *stamp, bool *ret_agrees);

/* ---- alarms that are not normal ----------------------------------------------------------------
 */
struct alarm_view { /* views live until the next record */
    uint64_t alarm;
    uint32_t tenant, rule, point;
    uint8_t state; /* shown: enum alarm_state; ALARM_NORMAL while only a delay is under way */
    struct alarm_machine machine;
    uint8_t pending; /* enum alarm_pending */
    uint8_t priority, kind;
    bool first_out;
    int64_t raised_ns, raised_wall_ns; /* source time and arrival of what raised it last; 0 */
    int64_t changed_wall_ns;           /* when its state changed last */
    int64_t acknowledged_wall_ns;      /* 0: not since it was raised */
    int64_t shelved_until_ns;          /* wall; 0 */
    uint64_t position;                 /* of the last entry's cause */
    uint64_t entry_last;               /* its newest entry */
    uint32_t count;                    /* how often it was raised since the row is there */
    int64_t chatters_wall_ns;          /* since it chatters: held active; 0: it does not */
    uint32_t changes;                  /* that were counted meanwhile */
    double value;                      /* that raised it; NaN */
    struct bytes assignee, acknowledged_by, comment; /* the newest comment */
    struct bytes why;                                /* explanation: "temp 81.2 > 80" */
};
/* Rows: 1..alarms_rows(); false: free. For lists: a sweep costs some 5 ns a row. */
uint32_t alarms_rows(const struct alarms *alarms);
/* Counts up when rows may have changed of which no entry tells: a rule's priority or branch, a
 * point's path. Of this run alone; no state. */
uint64_t alarms_rows_changed(const struct alarms *alarms);
MUST_USE bool alarms_row(const struct alarms *alarms, uint32_t row, struct alarm_view *ret_view);
/* By number; false: it is normal again, or never was. */
MUST_USE bool alarms_find(const struct alarms *alarms, uint64_t alarm, struct alarm_view *ret_view);
/* Rows of a tenant, the newest change first: 0 ends. For lists that show the newest. */
uint32_t alarms_newest(const struct alarms *alarms, uint32_t tenant);
uint32_t alarms_next(const struct alarms *alarms, uint32_t row);
struct alarm_counts { /* of a tenant, kept as it happens */
    uint64_t active, unacknowledged, shelved, suppressed, out_of_service, stale;
    uint64_t by_priority[ALARM_PRIORITIES + 1]; /* unacknowledged or active, not hidden */
};
void alarms_counts(const struct alarms *alarms, uint32_t tenant, struct alarm_counts *ret_counts);
/* The rows of a point, for its page; returns how many, at most `most`. */
size_t alarms_of_point(const struct alarms *alarms, uint32_t point, uint32_t *rows, size_t most);

/* ---- hand-over notes: the newest 10,000 of all tenants -----------------------------------------
 */
struct handover_view {
    uint32_t note, tenant, account;
    int64_t wall_ns;
    struct bytes branch, author, text;
};
uint32_t alarms_handovers(const struct alarms *alarms); /* highest number */
MUST_USE bool alarms_handover(const struct alarms *alarms, uint32_t note,
                              struct handover_view *ret_view);
