/* engine: where journal, model and doors meet. One deterministic step: records in, effects out.
 *
 *   door -> engine_publish: payload decoded, points resolved or created (admission), the record is
 *           appended to the open batch -> a ticket
 *   engine_step: the batch goes to the disk; when it is durable its bytes are decoded and applied
 *           to the model (the same code as replay), outcomes are told, snapshots advance
 *   door: answers what waited for a ticket <= engine_durable_ticket
 *
 * Nothing is visible (engine_points) that a power cut could unmake (law 4). Admission knows what is
 * under way besides: points created but not yet durable live in an overlay that a failed write
 * drops. A command is a barrier: while one waits for its outcome, samples wait (ADMIT_WAIT).
 *
 * One thread owns an engine. It needs its clock, disk and workers from outside: the simulator gives
 * others. */
#pragma once

#include "base/base.h"
#include "format/format.h"
#include "history/history.h"
#include "journal/journal.h"
#include "model/access/access.h"
#include "model/alarms/alarms.h"
#include "model/archive/archive.h"
#include "model/assets/assets.h"
#include "model/expressions/expressions.h"
#include "model/library/library.h"
#include "model/notices/notices.h"
#include "model/points/points.h"
#include "model/sessions/sessions.h"
#include "os/os.h"
#include "wire/influx/influx.h"
#include "wire/payload/payload.h"

#define ENGINE_REDUCER_VERSION 2 /* 2: ACCESS_RULES_2; told by each start's FACT_START */
#define ENGINE_POINTS_MOST ((uint32_t)268435456)

struct engine_config {
    struct disk *disk;
    struct clock *clock;
    struct worker *writer, *background; /* the journal's */
    struct worker *snapshotter;         /* snapshots; NULL: background does them as well, in turn */
    struct worker *sealer, *merger;     /* the history's; NULL: there is no history */
    uint64_t history_window_bytes;      /* 0: the history's default */
    int64_t history_window_ns;
    uint64_t history_reserve_bytes;
    uint32_t points_max; /* of the tenant, up to ENGINE_POINTS_MOST; their names: 128 bytes each on
                            the average, at least 4 MiB together */
    uint64_t segment_first_bytes, segment_max_bytes, reserve_bytes;
    int64_t batch_floor_ns;
    uint64_t snapshot_bytes; /* of journal after which a snapshot is due */
    int64_t snapshot_interval_ns;
    int64_t samples_keep_ns;  /* 0: for ever */
    int64_t messages_keep_ns; /* of the messages lane, once both snapshots cover it */
    uint64_t points_rate;     /* new points a second of each tenant; 0: no limit */
    uint32_t audit_kept;     /* entries of the audit in memory; 0: access_limits_default. Always the
                                same for a folder */
    uint64_t seed;           /* of hashes over names that strangers choose: a secret, or 0 */
    bool read_only;          /* replay only: nothing is written */
    uint64_t until_position; /* read_only: stop before this position; 0: to the end */
    enum journal_sabotage sabotage;
    void (*tell)(void *arg, enum log_level level, const char *text);
    /* A command's outcome, on the engine's thread, from within engine_step. */
    void (*outcome)(void *arg, uint64_t tag, const struct outcome *outcome);
    /* Samples of a row that is watched were applied, on the engine's thread, from within
     * engine_step; NULL: nobody looks. Not during a start. */
    void (*changed)(void *arg, const struct row_shape *shape, const struct sample_row *sample);
    /* An erasure reached a point of a row that is watched: its live value may have gone. NULL as
     * well. */
    void (*erased)(void *arg, uint32_t point);
    void *arg; /* of tell, outcome, changed and erased */
};
void engine_config_default(struct engine_config *config);

struct engine;
struct engine_start { /* how the start went */
    uint64_t snapshot_position, replayed_batches, replayed_records, replayed_values;
    int64_t snapshot_load_ns, replay_ns, total_ns;
    size_t damage;
};
/* Recovers: newest whole snapshot, then the journal behind it. ERR_NEWER, ERR_IO, ERR_NO_MEMORY. */
MUST_USE enum err engine_open(const struct engine_config *config, struct engine **ret_engine,
                              struct engine_start *ret_start);
/* Drains the open batch and, when snapshot is set, leaves one behind. NULL is fine. */
void engine_close(struct engine *engine, bool snapshot);
/* Settings that may change while running. */
void engine_reconfigure(struct engine *engine, const struct engine_config *config);

/* ---- admission
 * ----------------------------------------------------------------------------------------- */
/* What a door keeps for each of its senders: lets the engine expect the next topic. */
struct publisher {
    uint32_t tenant;
    uint32_t last;        /* engine's own: what came before */
    uint32_t generation;  /* engine's own */
    uint32_t groups_done; /* engine's own: objects of the message under WAIT that are taken */
    uint32_t values_done;
    uint64_t lost_generation; /* engine's own: when these were taken */
    uint64_t points_left;     /* how many points it may still create */
    bool flat; /* set by the door: it may write the path of the message and nothing below it, so
                  that objects are ADMIT_DENIED */
};
void publisher_init(struct publisher *publisher, uint32_t tenant, uint64_t points_max);

#define ADMIT_TABLE(X)                                                                             \
    X(ADMIT_DONE, "taken")                                                                         \
    X(ADMIT_NOT_A_READING, "the payload is no reading")                                            \
    X(ADMIT_TYPE, "a value does not fit the point's type")                                         \
    X(ADMIT_TOPIC_INVALID,                                                                         \
      "the topic cannot be a path: depth 16, segments of 128 bytes, no leading $")                 \
    X(ADMIT_NO_PATH, "readings.path names a level that the topic has not")                         \
    X(ADMIT_DENIED, "no right to write there")                                                     \
    X(ADMIT_POINTS_MAX, "limit points.max, or the tenant's quota: no more points")                 \
    X(ADMIT_POINTS_RATE, "limit points.new_per_second, or the tenant's quota")                     \
    X(ADMIT_POINTS_CONNECTION, "limit points.per_connection")                                      \
    X(ADMIT_STORAGE_MAX,                                                                           \
      "the tenant's quota of storage: nothing more is kept until some of it goes")                 \
    X(ADMIT_TIME_RANGE, "the time is outside 1970 to 2200")                                        \
    X(ADMIT_TOO_LARGE, "more than one batch can hold")                                             \
    X(ADMIT_DISK_FULL, "the disk is full: samples are refused until there is room")                \
    X(ADMIT_STORE_FULL, "limit mqtt.stored or mqtt.retained: no more messages are kept")           \
    X(ADMIT_STOPPED, "a write failed: nothing is taken until the disk answers again")              \
    X(ADMIT_WAIT, "not now: try again after the next engine_step")
#define ADMIT_ENUM(name, text) name,
enum admit { ADMIT_TABLE(ADMIT_ENUM) ADMIT_COUNT };
#undef ADMIT_ENUM
const char *admit_text(enum admit admit);
const char *admit_name(enum admit admit); /* "not_a_reading", ... */

struct admitted;
/* A message that a door refused before it got here: counted and listed as any other. ret_admitted:
 * the ticket its answer waits for. */
enum admit engine_refuse(struct engine *engine, uint32_t tenant, struct bytes topic, enum admit why,
                         struct admitted *ret_admitted);
/* A tenant's own limits, beside those of the config: points it may have, and new ones a second; 0:
 * none. They hold from now on, and have to be set again after a start. */
void engine_tenant_quota(struct engine *engine, uint32_t tenant, uint64_t points_max,
                         uint64_t points_rate);
/* Bytes that a tenant may hold (engine_tenant_storage); 0: no limit. From there on its new values,
 * and messages that would be kept, are ADMIT_STORAGE_MAX, until it holds a twentieth less. What is
 * held is counted in the background: a limit may be passed by what came since. To be set again, a
 * few times a minute, for that is when it is compared. */
void engine_tenant_storage_quota(struct engine *engine, uint32_t tenant, uint64_t bytes_max);
/* Bytes that are a tenant's: of its chunks in the parts of the history, rollups included, of what
 * is not sealed yet (an estimate), of retained and queued messages, and of all versions of its
 * documents, equal ones counted each. The parts are counted anew after a start, in the background:
 * until then it is less. */
uint64_t engine_tenant_storage(const struct engine *engine, uint32_t tenant);
bool engine_tenant_is_full(const struct engine *engine, uint32_t tenant);
/* May it keep so many bytes more, of a document? False: counted as a refusal. */
MUST_USE bool engine_tenant_may_store(struct engine *engine, uint32_t tenant, uint64_t bytes);
/* Messages, or bodies of lines, of a tenant that were refused with ADMIT_POINTS_MAX,
 * ADMIT_POINTS_RATE or ADMIT_STORAGE_MAX since the start. */
uint64_t engine_tenant_refused(struct engine *engine, uint32_t tenant, enum admit why);
/* Points a tenant has, those on their way to the disk included. */
uint64_t engine_tenant_points(const struct engine *engine, uint32_t tenant);

struct admitted {
    uint64_t ticket; /* answer when this is durable; also set for refusals (the open batch's) */
    uint32_t values; /* taken */
    enum payload_fault fault; /* with NOT_A_READING and TYPE */
    enum admit reading;       /* engine_message: what became of the message as a reading */
};
/* One message. DONE: all of it is taken, and durable with its ticket. A payload that is no reading
 * is refused whole; an array of objects is judged object by object, and the answer is that of the
 * first that was refused (what came before it may have been taken; sending again is harmless, for
 * (point, time) is idempotent). WAIT is no refusal: keep the message and call again with the same
 * one after engine_step, before any other of this publisher. */
enum admit engine_publish(struct engine *engine, struct publisher *publisher, struct bytes topic,
                          struct bytes payload, struct admitted *ret_admitted);
/* One reading by its path, or an object of readings below it, as if a payload had said it; the same
 * answers. A group with has_time outside of 1970 to 2200 is ADMIT_TIME_RANGE. */
enum admit engine_readings(struct engine *engine, struct publisher *publisher, struct bytes path,
                           const struct payload_group *group, struct admitted *ret_admitted);
/* What an MQTT server keeps beside a message's readings, or instead of them: facts of the messages
 * lane, written in this order behind all that was taken before, in one batch with the message. */
#define ENGINE_FACTS_BYTES_MAX (BATCH_BYTES_MAX - ((size_t)640 << 10))
struct engine_beside {
    const struct fact *facts; /* written when the message is taken */
    size_t count;
    const struct fact
        *unread;        /* written before them when the message is no reading; NULL: nothing */
    size_t bytes;       /* sum of FACT_MESSAGE_BYTES_MAX of all of them */
    bool no_reading;    /* its topic is none of those that may be readings */
    bool only_readings; /* what is no reading is refused, and so is one that a limit refuses */
    bool type_refuses;  /* a value that does not fit its point refuses the message as well */
    uint8_t no_path;    /* enum admit: why its readings have no path; ADMIT_DONE: they have one */
    struct bytes path;  /* of its readings; at NULL: the topic is their path */
};
/* One message that is more than its readings. What is no reading, or one that a limit refuses, is
 * taken all the same, as a message; ret_admitted->reading says why it gave no reading, and the list
 * of refusals names it. Answers:
 *   DONE                taken: facts, and readings or none, durable together with the ticket
 *   TYPE                type_refuses, and a value does not fit its point: nothing was taken
 *   NOT_A_READING       only_readings, and it gave none: nothing was taken
 *   TOO_LARGE           the facts do not fit into a batch; nothing was taken
 *   DISK_FULL, STOPPED  nothing was taken
 *   WAIT                as engine_publish */
enum admit engine_message(struct engine *engine, struct publisher *publisher, struct bytes topic,
                          struct bytes payload, const struct engine_beside *beside,
                          struct admitted *ret_admitted);
/* Facts of the messages lane alone. Answers DONE, TOO_LARGE, DISK_FULL, STOPPED, WAIT. */
enum admit engine_keep(struct engine *engine, const struct engine_beside *beside,
                       struct admitted *ret_admitted);
/* ---- lines: what bulk doors bring (wire/influx) -------------------------------------------------
 * A body of line protocol on its way through admission, a piece at a time: decoded, looked up,
 * written into the open batch. Series that repeat in their order cost a comparison and their
 * values; in another order, a look into a hash as well. Both compare bytes.
 *
 * A line is taken whole or refused alone. Points that are new get the line's tags as labels, and
 * the path that the template makes. Owned by whoever feeds it; one engine's thread. */
struct lines;
MUST_USE enum err lines_create(struct lines **ret_lines);
void lines_destroy(struct lines *lines);        /* NULL is fine */
size_t lines_memory(const struct lines *lines); /* bytes that it has touched: 32 KiB to 600 KiB */
/* A new body. The publisher is the caller's and outlives it. */
void lines_begin(struct lines *lines, struct publisher *publisher, enum influx_precision precision);
/* Each line of this body is refused (ADMIT_DENIED) unless may says that all below its path may be
 * written. Costs the short ways: every line is decoded and its path made. Until lines_begin. */
void lines_guard(struct lines *lines, bool (*may)(void *arg, struct bytes branch), void *arg);
/* The next piece of the body, or its end; when engine_lines said LINES_MORE, and at first. The
 * piece must stay where it is until it says so again. */
void lines_feed(struct lines *lines, struct bytes piece);
void lines_end(struct lines *lines);
/* After another answer than LINES_MORE: the bytes of the piece that are not taken yet, and that
 * they lie at `to` from now on: they are copied there. */
size_t lines_rest(const struct lines *lines);
void lines_move(struct lines *lines, uint8_t *to);

struct lines_counts {
    uint64_t lines, values; /* taken */
    uint64_t refused;       /* lines */
    uint64_t ticket;        /* what was taken is durable with it; 0: nothing was */
};
const struct lines_counts *lines_counts(const struct lines *lines);
struct line_refused {
    uint64_t line;      /* from 1 */
    uint32_t column;    /* from 1, where it is known; else 0 */
    struct bytes text;  /* the line, or how it begins; until the next call with these lines */
    const char *code;   /* a word for programs: as influx_fault_name, payload_fault_name and
                           admit_name */
    const char *detail; /* a sentence */
};
enum lines_step {
    LINES_MORE,    /* all was taken: feed, or end; after the end: that was all */
    LINES_TURN,    /* the budget is used up: call again when others had their turn */
    LINES_WAIT,    /* not now: call again after the next engine_step */
    LINES_REFUSED, /* one line, told in *ret_refused; call again for the rest */
    LINES_STOP,    /* nothing more is taken for now: *ret_stop says why (DISK_FULL, STOPPED,
                      POINTS_RATE); what was taken before stands */
};
/* Takes lines until there is something to tell. *budget: what it may cost, in lines that repeat; a
 * new series costs some 16 of them. A failed write (engine_lost_generation) takes with it what was
 * taken before: the whole body has to be sent again. */
#define LINES_BUDGET 2000 /* some 0.2 ms */
enum lines_step engine_lines(struct engine *engine, struct lines *lines, int *budget,
                             struct line_refused *ret_refused, enum admit *ret_stop);
/* Sets readings.lines_path: NULL, or a sentence that says what is wrong, and then nothing changes.
 * INFLUX_TEMPLATE_DEFAULT until it is called. */
const char *engine_lines_path(struct engine *engine, struct bytes path_template);

/* A command; the outcome comes with `tag` through config.outcome. Answers DONE, POINTS_MAX (a
 * create past the limit), DISK_FULL, STOPPED, WAIT, TOO_LARGE. One that names its actor is in the
 * audit with its outcome: commands about access by themselves, any other by a FACT_AUDIT right
 * behind it in the same batch (of an erasure by its first command). */
enum admit engine_command(struct engine *engine, const struct command *command, uint64_t tag,
                          struct admitted *ret_admitted);
/* What a door tells the audit (a login, a denial, an export); of_previous is not for doors. Texts
 * that are too long are cut. Answers DONE, DISK_FULL (what is kept free then is for commands),
 * STOPPED, WAIT. */
enum admit engine_audit(struct engine *engine, const struct fact_audit *audit,
                        struct admitted *ret_admitted);

/* ---- the step
 * -------------------------------------------------------------------------------------------- */
/* Does what is due, a bounded piece of each: submit, finish, apply, snapshot. Returns after how
 * many ns it wants to be called again at the latest (INT64_MAX: when something happens). A failed
 * write is told and followed by restarts from within; it never aborts. */
int64_t engine_step(struct engine *engine);
uint64_t engine_ticket(const struct engine *engine); /* of the open batch */
uint64_t engine_durable_ticket(
    const struct engine *engine); /* every batch up to it is durable and applied */
/* Of the batch that is being applied, a piece with each step: what engine_points and its like say
 * has a part of it already. It is durable. Else engine_durable_ticket. */
uint64_t engine_applied_ticket(const struct engine *engine);
/* Tickets in (from, to] were lost with a failed write: their senders must not be acknowledged.
 * Counts up with each failure; compare. */
uint64_t engine_lost_generation(const struct engine *engine);
bool engine_snapshot_now(struct engine *engine); /* begins one unless one is under way */
bool engine_snapshot_active(const struct engine *engine);

/* Should config.changed be called for this row? Costs a bit a row. ERR_NO_MEMORY. */
MUST_USE enum err engine_watch_row(struct engine *engine, uint32_t row, bool watch);

/* ---- asking
 * ------------------------------------------------------------------------------------------------
 */
struct points *engine_points(struct engine *engine);
struct sessions *engine_sessions(struct engine *engine);
struct history *engine_history(struct engine *engine); /* NULL: there is none */
struct archive *engine_archive(struct engine *engine);
struct access_model *engine_access(struct engine *engine);
struct assets *engine_assets(struct engine *engine);
struct alarms *engine_alarms(struct engine *engine);
struct expressions *engine_expressions(struct engine *engine);
struct notices *engine_notices(struct engine *engine);
struct library *engine_library(struct engine *engine);
struct journal *engine_journal(struct engine *engine);
uint64_t engine_state_hash(struct engine *engine);
/* An entry of the audit, of any age. What memory let go is read from the journal beside the engine,
 * with its neighbours. */
enum audit_found {
    AUDIT_FOUND, /* *ret_view, until the next engine_step */
    AUDIT_LATER, /* it is being read: ask again after the next engine_step */
    AUDIT_LOST   /* nothing has it: from before what is kept, or damage took it */
};
enum audit_found engine_audit_entry(struct engine *engine, uint64_t number,
                                    struct audit_view *ret_view);
struct engine_counters {
    uint64_t messages, values; /* admitted */
    uint64_t applied_values, late_values, unknown_values;
    uint64_t refused[ADMIT_COUNT]; /* messages, by answer */
    uint64_t faults[PAYLOAD_FAULTS];
    uint64_t commands, outcomes;
    uint64_t fast_messages;                    /* matched a known shape */
    uint64_t lines, fast_lines, refused_lines; /* of line protocol; they are messages as well */
    uint64_t kept_facts;                       /* of the messages lane, admitted */
    uint64_t entries_disagreed;                /* that a replay computed otherwise: our fault */
    /* What was said of deliveries of notices since the start: arrived, failed tries, given up. */
    uint64_t notices_sent, notices_failed, notices_given_up;
    uint64_t position; /* next to apply */
    uint64_t snapshots, snapshot_position, snapshot_bytes;
    int64_t snapshot_ns, step_ns_max, step_ns_max_in_snapshot;
    uint64_t memory; /* tables, indexes, contexts */
};
void engine_describe(const struct engine *engine, struct engine_counters *ret_counters);
/* The last refusals, newest first: a bounded list by topic and reason. */
#define REFUSED_MAX 1024
#define REFUSED_TOPIC_BYTES 256
struct refused {
    enum admit admit;
    enum payload_fault fault;
    uint32_t tenant;
    uint64_t count;
    int64_t first_wall_ns, last_wall_ns;
    uint16_t topic_size; /* cut at REFUSED_TOPIC_BYTES */
    uint8_t topic[REFUSED_TOPIC_BYTES];
};
size_t engine_refused_count(const struct engine *engine);
const struct refused *engine_refused_at(const struct engine *engine, size_t at);
