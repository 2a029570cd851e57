/* notices: the reducer that decides who is told of an alarm, by which channel, when, and who is
 * next when nobody answers: channels, rosters, routes, escalation, and the deliveries that are due.
 *
 * Pure and deterministic, as points: what it is after a record depends on the records alone. All it
 * knows lies in paged tables of a struct state (ids 92..99 of the snapshot format,
 * docs/format/notices.md); indexes and compiled patterns are derived. It reads points (paths) and
 * sets timers, and calls nobody else; what is carried out is src/notify's matter.
 *
 *   channel   a way out: webhook (URL, secret), MQTT topic, mail address, browser; of a tenant,
 *             with a name, quiet hours, and for how long alarms are gathered into one message
 *   roster    who is on call: members with channels, weekly shifts at a UTC offset, steps of
 *             escalation: told at once, after N s without an acknowledgement the next
 *   route     which alarms go where: pattern of paths, least urgent priority -> roster or channel
 *   call      an alarm on its way through the steps of a roster, until somebody acknowledges, it
 *             returns, is shelved, suppressed or out of service, or the last step was told
 *   delivery  a message that is due to a channel: it stays until a COMMAND_NOTICE_DONE says that it
 *             left or was given up. What is sent is at least once, with a number that never changes
 *             (idempotency); after a kill -9 what was not done is sent again
 *
 * Who is told. An entry of an alarm that people are told of (ALARM_ENTRY_TOLD), or whose
 * acknowledgement was taken back, goes by each route that matches the path and is as urgent as the
 * route asks; a channel that several lead to gets it once. A roster whose call is under way already
 * (an alarm that comes and goes) tells its first step again and goes on: chattering holds no
 * escalation back. Nobody on call: the first member is. A step that reaches only dead channels, or
 * none, is followed by the next at once.
 *
 * The end of an alarm, of which people were or could have been told, is told by the routes that ask
 * for it, once, to a roster's members who are told at once; nobody is called further.
 *
 * Gathering. While a delivery of a channel waits for its gathering time, more alarms are added to
 * it: a flood is one message with a count, of which NOTICE_ITEMS_MAX are spelled out. It goes on
 * gathering while NOTICE_QUEUE_MAX deliveries of the channel are under way, so that a dead channel
 * holds a few messages, not a million. In quiet hours what is not urgent enough gathers until they
 * are over.
 *
 * Trying. A delivery that failed is tried again after NOTICE_RETRY_FIRST_NS, then twice as long
 * each time up to NOTICE_RETRY_MOST_NS, and given up NOTICE_TRY_NS after it was due; at once when
 * the receiver said that he will never take it. A channel is dead when a delivery was given up or
 * NOTICE_DEAD_FAILURES tries failed one after the other: told once in the effects, out of which the
 * owner makes the alarm of dead channels (RULE_CHANNEL). That one is followed as any other, with
 * three differences: dead channels are not told of it, quiet hours do not hold it back, and when no
 * route leads it to a channel that lives, all of the tenant that live are told. A channel lives
 * again with the first delivery that arrives.
 *
 * What the engine does, with the same arguments at the same places when it replays:
 *   each fact              notices_apply_fact, behind points_apply_fact
 *   timers of its kinds    notices_fired
 *   behind each record, and each timer of alarms: notices_follow (some ns when nothing happened)
 *
 * One thread. Times: stamps' engine_ns drive durations, wall_ns shifts and quiet hours. */
#pragma once

#include "base/base.h"
#include "format/format.h"
#include "model/alarms/alarms.h"
#include "model/points/points.h"
#include "state/state.h"
#include "timing/timing.h"

#define NOTICES_TABLE_FIRST 92
#define NOTICES_TIMER_FIRST 6 /* kinds 6..9 of struct timer_view are this room's */
#define NOTICES_TIMER_LAST 9
#define NOTICE_NAME_MAX 128
#define NOTICE_TARGET_MAX 1024 /* URL, topic or address */
#define NOTICE_SECRET_MAX 512  /* sealed */
#define NOTICE_ERROR_MAX 256
#define NOTICE_FORM_MAX 9216 /* what is said of a roster, together */
#define NOTICE_STEPS_MAX 16
#define NOTICE_MEMBERS_MAX 64
#define NOTICE_MEMBER_CHANNELS_MAX 8
#define NOTICE_SHIFTS_MAX 64
#define NOTICE_QUIETS_MAX 8
#define NOTICE_GATHER_NS (10 * NS_PER_S) /* unless said */
#define NOTICE_GATHER_MOST_NS (3600 * NS_PER_S)
#define NOTICE_STEP_MOST_NS (86400 * NS_PER_S)
#define NOTICE_ITEMS_MAX 8 /* alarms spelled out in a delivery; the others are counted */
#define NOTICE_QUEUE_MAX 8 /* deliveries of a channel that are due and not done */
#define NOTICE_KEPT 100    /* done deliveries of a channel; the oldest goes */
#define NOTICE_RETRY_FIRST_NS NS_PER_S
#define NOTICE_RETRY_MOST_NS (300 * NS_PER_S)
#define NOTICE_TRY_NS (86400 * NS_PER_S)
#define NOTICE_DEAD_FAILURES 5
#define NOTICE_CHANNELS_TENANT 256 /* of one tenant */
#define NOTICE_ROSTERS_TENANT 256
#define NOTICE_ROUTES_TENANT 256

struct notices_limits { /* they decide outcomes: records are replayed under the same */
    uint32_t tenants_max;
    uint32_t channels_max, rosters_max, routes_max; /* of all tenants */
    uint32_t calls_max; /* under way; past it all steps are told at once */
    uint64_t texts_bytes_max;
};
extern const struct notices_limits notices_limits_default;

struct notices;
/* state, points and timing outlive it or are destroyed right after. */
MUST_USE enum err notices_create(struct state *state, const struct notices_limits *limits,
                                 const struct points *points, struct timing *timing,
                                 struct notices **ret_notices);
void notices_destroy(struct notices *notices); /* NULL is fine */
/* After the pages were loaded and points and timing were rebuilt. ERR_CORRUPT when they contradict
 * each other, or the timers. */
MUST_USE enum err notices_rebuild(struct notices *notices);
uint64_t notices_memory(const struct notices *notices); /* indexes; pages are counted by state */

/* ---- what commands say -------------------------------------------------------------------------
 * Tags of their forms. A tag that stands in none of these lists makes the command NOTICE_INVALID,
 * and so does one of another type, or twice where it is no list. Names: 1..NOTICE_NAME_MAX bytes of
 * letters, digits and - _ . or of UTF-8 above ASCII; each unique in its tenant and kind. */
#define CHANNEL_KIND_TABLE(X)                                                                      \
    X(CHANNEL_WEBHOOK, "webhook")                                                                  \
    X(CHANNEL_MQTT, "mqtt")                                                                        \
    X(CHANNEL_MAIL, "mail")                                                                        \
    X(CHANNEL_BROWSER, "browser") /* nothing is sent: the console shows it; done when it is due */
#define CHANNEL_KIND_ENUM(name, word) name,
enum channel_kind { CHANNEL_KIND_TABLE(CHANNEL_KIND_ENUM) CHANNEL_KINDS };
#undef CHANNEL_KIND_ENUM
const char *channel_kind_word(unsigned kind); /* NULL: there is no such kind */
enum notice_language { NOTICE_ENGLISH, NOTICE_CHINESE, NOTICE_LANGUAGES };
/* COMMAND_CHANNEL_SET makes it or replaces all it says but the secret; COMMAND_CHANNEL_REMOVE and
 * COMMAND_CHANNEL_TEST: CHANNEL_TAG_NAME alone. Removing one that a roster or route names:
 * CHANNEL_IN_USE; with it go its deliveries, sent or not. A test makes a delivery that neither
 * gathers nor heeds quiet hours: the outcome's number is the low half of its number; NOTICES_FULL
 * while NOTICE_QUEUE_MAX are under way. */
enum channel_tag {
    CHANNEL_TAG_NAME = 1,     /* text */
    CHANNEL_TAG_KIND = 2,     /* integer: enum channel_kind; fixed once it is made */
    CHANNEL_TAG_TARGET = 3,   /* text: URL, topic or address; none for a browser */
    CHANNEL_TAG_SECRET = 4,   /* text: sealed; not said: what was stays; empty: none any more */
    CHANNEL_TAG_GATHER = 5,   /* integer ns, 0..NOTICE_GATHER_MOST_NS; NOTICE_GATHER_NS */
    CHANNEL_TAG_LANGUAGE = 6, /* integer: enum notice_language; English */
    CHANNEL_TAG_QUIET = 7     /* form, at most NOTICE_QUIETS_MAX: */
};
enum quiet_tag {
    QUIET_TAG_FROM = 1,   /* integer: minute of the day, 0..1439 */
    QUIET_TAG_TO = 2,     /* integer: 1..1440; not after FROM: of the next day */
    QUIET_TAG_DAYS = 3,   /* integer: bits, monday 1 .. sunday 64, on which it begins; all */
    QUIET_TAG_OFFSET = 4, /* integer: minutes east of UTC, -720..840; 0 */
    QUIET_TAG_BUT = 5     /* integer 0..ALARM_PRIORITIES: that urgent and more passes; 1 */
};
/* COMMAND_ROSTER_SET makes it or replaces all of it; COMMAND_ROSTER_REMOVE: ROSTER_TAG_NAME alone;
 * CHANNEL_IN_USE while a route names it. */
enum roster_tag {
    ROSTER_TAG_NAME = 1,
    ROSTER_TAG_MEMBER = 2, /* form, 1..NOTICE_MEMBERS_MAX */
    ROSTER_TAG_SHIFT = 3,  /* form, at most NOTICE_SHIFTS_MAX */
    ROSTER_TAG_OFFSET = 4, /* integer: minutes east of UTC, of the shifts; 0 */
    ROSTER_TAG_STEP = 5    /* form, 1..NOTICE_STEPS_MAX; times not descending */
};
enum member_tag {
    MEMBER_TAG_NAME = 1,   /* text; unique in the roster */
    MEMBER_TAG_CHANNEL = 2 /* text, 1..NOTICE_MEMBER_CHANNELS_MAX: names of channels */
};
enum shift_tag {
    SHIFT_TAG_MEMBER = 1, /* text: a member's name */
    SHIFT_TAG_FROM = 2,   /* these three as those of quiet hours */
    SHIFT_TAG_TO = 3,
    SHIFT_TAG_DAYS = 4
};
enum step_to { STEP_ON_CALL, STEP_MEMBER, STEP_NEXT };
enum step_tag {
    STEP_TAG_AFTER = 1, /* integer ns after the alarm was told, 0..NOTICE_STEP_MOST_NS; 0 */
    STEP_TAG_TO = 2,    /* integer: enum step_to: all who are on call; one member; the one behind
                           who was told last, who was not told so far */
    STEP_TAG_MEMBER = 3 /* text, with STEP_MEMBER */
};
/* COMMAND_ROUTE_SET, COMMAND_ROUTE_REMOVE (the name alone). */
enum route_tag {
    ROUTE_TAG_NAME = 1,
    ROUTE_TAG_MATCH = 2,    /* text: pattern of paths (src/paths); "#" */
    ROUTE_TAG_PRIORITY = 3, /* integer 1..ALARM_PRIORITIES: the least urgent that goes; all */
    ROUTE_TAG_CHANNEL = 4,  /* text: one of the two */
    ROUTE_TAG_ROSTER = 5,
    ROUTE_TAG_RETURNED = 6 /* integer 0, 1: the end of an alarm is told as well; 0 */
};
/* COMMAND_NOTICE_DONE, by the server itself. One that was done before: REPEATED; one that is not
 * there (its channel is gone): UNKNOWN_CHANNEL. */
enum notice_result { NOTICE_SENT, NOTICE_FAILED, NOTICE_REFUSED /* for good */, NOTICE_RESULTS };
enum done_tag {
    DONE_TAG_DELIVERY = 1, /* integer: its number */
    DONE_TAG_RESULT = 2,   /* integer: enum notice_result */
    DONE_TAG_DETAIL = 3    /* text, at most NOTICE_ERROR_MAX: what went wrong */
};

/* Forms read and judged: NULL, or a sentence that says what is wrong, for who asks. Views into the
 * form. What they name need not exist. */
struct weekly { /* a time that comes every week */
    uint16_t from_minute, to_minute;
    uint8_t days;
};
struct quiet {
    struct weekly when;
    int16_t offset_minutes;
    uint8_t but_priority;
};
struct channel_plan {
    struct bytes name, target, secret;
    bool has_secret; /* it was said, may be empty */
    uint8_t kind, language;
    int64_t gather_ns;
    struct quiet quiets[NOTICE_QUIETS_MAX];
    unsigned quiet_count;
};
struct roster_member {
    struct bytes name, channels[NOTICE_MEMBER_CHANNELS_MAX];
    unsigned channel_count;
};
struct roster_shift {
    uint8_t member; /* index */
    struct weekly when;
};
struct roster_step {
    int64_t after_ns;
    uint8_t to, member; /* enum step_to; index, with STEP_MEMBER */
};
struct roster_plan {
    struct bytes name;
    int16_t offset_minutes;
    struct roster_member members[NOTICE_MEMBERS_MAX];
    struct roster_shift shifts[NOTICE_SHIFTS_MAX];
    struct roster_step steps[NOTICE_STEPS_MAX];
    unsigned member_count, shift_count, step_count;
};
struct route_plan {
    struct bytes name, match, channel, roster;
    uint8_t priority;
    bool returned;
};
const char *channel_plan_read(struct bytes form, struct channel_plan *ret_plan);
const char *roster_plan_read(struct bytes form, struct roster_plan *ret_plan);
const char *route_plan_read(struct bytes form, struct route_plan *ret_plan);
bool notice_name_is_good(struct bytes name);
/* Who is on call then: bit i is member i; the first one where no shift says anybody. */
uint64_t roster_on_call(const struct roster_plan *plan, int64_t wall_ns);

/* ---- the reducer -------------------------------------------------------------------------------
 */
struct notices_effects { /* of one fact */
    uint32_t channel;    /* that died or lives again; 0: none did */
    bool died;
    uint32_t tenant; /* whose channels are not what they were: one came, died, lives again, or was
                        removed while it was dead; 0: none did */
};
/* A FACT_MODULE of MODULE_NOTICES; other facts are OK and do nothing (*ret_outcome and *ret_effects
 * are untouched then). The outcome's number: of the channel, roster or route, or see
 * COMMAND_CHANNEL_TEST. ERR_CORRUPT, ERR_NO_MEMORY as points_apply_fact. Keys are those of points
 * (points_key_claim). A refused command changes nothing but its key. */
MUST_USE enum err notices_apply_fact(struct notices *notices, struct points *points,
                                     const struct fact *fact, const struct record_stamp *stamp,
                                     struct outcome *ret_outcome,
                                     struct notices_effects *ret_effects);
/* One of its timers fired. */
MUST_USE enum err notices_fired(struct notices *notices, const struct timer_view *timer,
                                const struct record_stamp *stamp);
/* An alarm's entry, in the order of numbers; one that it saw already is OK and does nothing. rule:
 * as alarms_rule says it, for title and branch; view: the alarm; either NULL when it is gone. Below
 * 0.1 us of a tenant without routes; one that is gathered for a channel 0.4 us, one that begins an
 * escalation some 3 us, and so does each further step. */
MUST_USE enum err notices_alarm(struct notices *notices, const struct alarm_entry *entry,
                                const struct rule_view *rule, const struct alarm_view *view,
                                const struct record_stamp *stamp);
/* The same for all entries of alarms that it did not see so far. */
MUST_USE enum err notices_follow(struct notices *notices, const struct alarms *alarms,
                                 const struct record_stamp *stamp);

/* ---- asking ------------------------------------------------------------------------------------
 * Views live until the next record. Numbers of channels, rosters and routes are used again. */
struct channel_view {
    uint32_t channel, tenant;
    struct bytes name, target, sealed_secret;
    uint8_t kind, language;
    int64_t gather_ns;
    struct quiet quiets[NOTICE_QUIETS_MAX];
    unsigned quiet_count;
    bool dead;
    int64_t dead_wall_ns;      /* since when; 0 */
    struct bytes error;        /* of the last try that failed; empty: the last one arrived */
    uint64_t sent, given_up;   /* deliveries */
    uint32_t waiting, holders; /* deliveries under way; rosters and routes that name it */
    uint64_t position;         /* of the command that set it last */
    int64_t wall_ns;
};
struct roster_view {
    uint32_t roster, tenant;
    struct bytes form; /* of the command that set it: roster_plan_read */
    uint32_t holders;
    uint64_t position;
    int64_t wall_ns;
};
struct route_view {
    uint32_t route, tenant;
    struct bytes name, match;
    uint8_t priority;
    bool returned;
    uint32_t channel, roster; /* one of them is 0 */
    uint64_t position;
    int64_t wall_ns;
};
/* Those of a tenant in the order they were made: the one behind `after` (0: the first); 0: none. */
uint32_t notices_channel_next(const struct notices *notices, uint32_t tenant, uint32_t after);
uint32_t notices_roster_next(const struct notices *notices, uint32_t tenant, uint32_t after);
uint32_t notices_route_next(const struct notices *notices, uint32_t tenant, uint32_t after);
/* By name; 0: there is none. */
uint32_t notices_channel_find(const struct notices *notices, uint32_t tenant, struct bytes name);
uint32_t notices_roster_find(const struct notices *notices, uint32_t tenant, struct bytes name);
uint32_t notices_route_find(const struct notices *notices, uint32_t tenant, struct bytes name);
/* Any number; false: there is none. */
MUST_USE bool notices_channel(const struct notices *notices, uint32_t channel,
                              struct channel_view *ret_view);
MUST_USE bool notices_roster(const struct notices *notices, uint32_t roster,
                             struct roster_view *ret_view);
MUST_USE bool notices_route(const struct notices *notices, uint32_t route,
                            struct route_view *ret_view);
uint32_t notices_dead(const struct notices *notices, uint32_t tenant); /* channels that are dead */
/* Their names in the order they were made, as many as there is room for, and how many more there
 * are: for people. Not what went wrong, which may say where a channel leads.
 * names[NOTICE_DEAD_NAMES_MAX]. */
#define NOTICE_DEAD_NAMES_MAX 512
struct bytes notices_dead_names(const struct notices *notices, uint32_t tenant, char *names);
struct notices_counts {               /* of all tenants */
    uint64_t channels, dead, waiting; /* waiting: deliveries under way */
};
/* A sweep over the channels: some 5 ns each. */
void notices_count(const struct notices *notices, struct notices_counts *ret_counts);
uint32_t notices_calls(const struct notices *notices); /* escalations under way, all tenants */

enum delivery_state {
    DELIVERY_GATHERING = 1, /* until its time is over */
    DELIVERY_READY,         /* to be sent now */
    DELIVERY_RETRY,         /* failed, and waits to be tried again */
    DELIVERY_SENT,
    DELIVERY_GIVEN_UP
};
struct delivery_view {
    uint64_t delivery; /* from 1, counting up over all tenants, never used again */
    uint32_t channel, tenant;
    uint8_t state, priority; /* the most urgent in it */
    bool test;
    uint32_t count; /* alarms in it */
    uint32_t attempts;
    int64_t made_wall_ns, done_wall_ns; /* when the first alarm came; when it was done, 0 */
    struct bytes error;                 /* of the last attempt that failed */
    struct bytes items;                 /* see notices_item_next; of a done one the first alone */
};
enum notice_what { NOTICE_ALARM, NOTICE_TEST };
struct notice_item {
    uint8_t what;                         /* enum notice_what */
    uint64_t alarm, entry;                /* 0 unless it is NOTICE_ALARM */
    uint8_t event, state, priority, kind; /* as in struct alarm_entry */
    int64_t time_ns;                      /* source time of the cause */
    double value;                         /* NaN: none */
    struct bytes path, title, why;        /* cut to what fits */
};
/* By its number; false: it is not there any more. */
MUST_USE bool notices_delivery(const struct notices *notices, uint64_t delivery,
                               struct delivery_view *ret_view);
/* *offset starts at 0. False at the end. */
MUST_USE bool notices_item_next(struct bytes items, size_t *offset, struct notice_item *ret_item);
/* What is to be sent now (DELIVERY_READY), the longest waiting first: the one behind `after` (0:
 * the first; one that is not ready ends the walk); 0: none. */
uint64_t notices_ready_next(const struct notices *notices, uint64_t after);
/* Numbers of a tenant's deliveries below `before`, the newest first: of one channel, or 0 of all;
 * in the states of the bits (1 << enum delivery_state). Returns how many. Some 1 us a channel. */
size_t notices_deliveries(const struct notices *notices, uint32_t tenant, uint32_t channel,
                          uint32_t states, uint64_t before, uint64_t *deliveries, size_t most);
