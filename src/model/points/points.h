/* points: the reducer that knows every point, its last value and its settings.
 *
 * Pure and deterministic: what it is after a record depends on the records alone. All it knows lies
 * in paged tables of a struct state (dictionary, live values, strings, settings, idempotency), so
 * that a snapshot is a copy of pages and replay = live = snapshot + tail by state hash. Indexes by
 * path are derived and rebuilt. It does not know of topics, sessions, files or clocks: time comes
 * with the record.
 *
 * Tenants: every row, path and command has one; a path means something only with its tenant.
 * Ids: point and row ids count up from 1 without holes and are never reused; a retired point keeps
 * its id and its path can be given to a new point. One thread. */
#pragma once

#include "base/base.h"
#include "format/format.h"
#include "paths/paths.h"
#include "state/state.h"

#define TENANT_DEFAULT 1
#define POINT_NONE 0
#define ROW_NONE 0

struct points_limits {
    uint32_t points_max;        /* 16,000,000 */
    uint32_t keys_max;          /* free idempotency keys kept at once: 1,000,000 */
    uint32_t clients_max;       /* clients with a sequence: 1,000,000 */
    int64_t key_keep_ns;        /* how long a free key is kept: 7 days */
    uint64_t strings_bytes_max; /* string values held: 1 GiB */
};
extern const struct points_limits points_limits_default;

struct points;
/* Registers its tables (ids 1..15 of the snapshot format) in state, which must outlive it or be
 * destroyed right after. The limits decide outcomes: records must be replayed under the limits they
 * were applied with, else outcomes change (an owner that lets them be set enforces the tighter ones
 * at admission). */
MUST_USE enum err points_create(struct state *state, const struct points_limits *limits,
                                struct points **ret_points);
void points_destroy(struct points *points);
/* After the state's pages were loaded from a snapshot: rebuilds counts and indexes. ERR_CORRUPT
 * when the pages contradict each other. */
MUST_USE enum err points_rebuild(struct points *points);

/* ---- asking
 * ------------------------------------------------------------------------------------------ */
uint64_t points_names_bytes(const struct points *points); /* of all paths and of the labels that
                                                              rows were born with; never freed */
uint32_t points_count(const struct points *points);       /* highest point id */
uint32_t points_rows(const struct points *points);        /* highest row id */
uint32_t points_retired(const struct points *points);
uint64_t points_path_hash(uint32_t tenant, struct bytes path);
/* POINT_NONE when there is none, or it is retired. */
uint32_t points_find(const struct points *points, uint32_t tenant, struct bytes path);
/* hash: points_path_hash(tenant, path), for callers that prefetched it. */
uint32_t points_find_hashed(const struct points *points, uint32_t tenant, struct bytes path,
                            uint64_t hash);
void points_find_prefetch(const struct points *points, uint64_t hash);
/* The newest row first seen as an object on this prefix, or ROW_NONE. */
uint32_t points_find_row(const struct points *points, uint32_t tenant, struct bytes prefix);

struct point_row { /* views live as long as points */
    uint32_t tenant;
    struct row_shape shape;
    bool object;
    struct bytes prefix;
};
/* row in 1..points_rows(). */
void points_row(const struct points *points, uint32_t row, struct point_row *ret_row);
void points_row_prefetch(const struct points *points, uint32_t row, bool with_prefix);
uint32_t points_row_of(const struct points *points, uint32_t point);
/* Is the point's path still its row's prefix and its metric? Not when it was renamed or retired. */
bool points_in_row(const struct points *points, uint32_t point);
/* The part of the path after the row's prefix; empty when !points_in_row, so that it equals no key.
 */
struct bytes points_metric(const struct points *points, uint32_t point);
uint8_t points_type(const struct points *points, uint32_t point);
/* Whole path into path[PATH_MAX_BYTES]; returns its size. */
size_t points_path(const struct points *points, uint32_t point, uint8_t *path);

enum limit_state {
    LIMIT_STATE_NONE,
    LIMIT_STATE_LOW_LOW,
    LIMIT_STATE_LOW,
    LIMIT_STATE_NORMAL,
    LIMIT_STATE_HIGH,
    LIMIT_STATE_HIGH_HIGH
};
struct point_view {
    uint32_t point, row, tenant;
    bool retired;
    struct value value; /* last by source time; type always set; text borrowed until next apply */
    int64_t time_ns;    /* source time; 0: no sample yet */
    int64_t arrival_ns;
    enum limit_state limit_state;
    double limits[LIMIT_KINDS]; /* NaN: none */
    struct bytes unit, description;
    struct label labels[LABELS_MAX];
    uint16_t label_count;
};
void points_view(const struct points *points, uint32_t point, struct point_view *ret_view);
/* Of all that the last value and its times, for who asks often: one cache line. The times are 0
 * when there was no sample yet. */
struct value points_last(const struct points *points, uint32_t point, int64_t *ret_time_ns,
                         int64_t *ret_arrival_ns);
uint64_t points_memory(const struct points *points); /* indexes; pages are counted by state */

/* ---- effects
 * ------------------------------------------------------------------------------------------ */
#define OUTCOME_TABLE(X)                                                                           \
    X(OUTCOME_DONE, "done")                                                                        \
    X(OUTCOME_REPEATED, "done before: this key or sequence was seen, nothing was done twice")      \
    X(OUTCOME_UNKNOWN_POINT, "no such point")                                                      \
    X(OUTCOME_PATH_TAKEN, "the path belongs to another point")                                     \
    X(OUTCOME_PATH_INVALID, "the path is not valid")                                               \
    X(OUTCOME_TYPE_FIXED, "the type of a point that has values cannot change")                     \
    X(OUTCOME_SETTINGS_INVALID, "a setting is not valid")                                          \
    X(OUTCOME_LIMIT, "a limit of the tenant was reached")                                          \
    X(OUTCOME_KEY_EXPIRED, "the idempotency key is older than keys are kept; not run again")       \
    X(OUTCOME_SEQUENCE_OLD, "the sequence is below the client's last one; not run again")          \
    X(OUTCOME_UNKNOWN_POLICY, "no such policy")                                                    \
    X(OUTCOME_POLICY_INVALID, "the policy is not valid")                                           \
    X(OUTCOME_UNKNOWN_ERASURE, "no such erasure, or it is complete")                               \
    X(OUTCOME_UNKNOWN_ANNOTATION, "no such annotation")                                            \
    X(OUTCOME_VALUE_INVALID, "the value does not fit the point's type, or its quality the value")  \
    X(OUTCOME_TIME_INVALID, "a time is outside of 1970 to 2200, or the range is empty")            \
    X(OUTCOME_TEXT_INVALID, "a text is missing, too long, or no UTF-8")                            \
    X(OUTCOME_ARCHIVE_FULL, "a limit of what is kept about history was reached")                   \
    X(OUTCOME_UNKNOWN_TENANT, "no such tenant")                                                    \
    X(OUTCOME_UNKNOWN_ROLE, "no such role")                                                        \
    X(OUTCOME_UNKNOWN_ACCOUNT, "no such account")                                                  \
    X(OUTCOME_UNKNOWN_SECRET, "no such secret")                                                    \
    X(OUTCOME_UNKNOWN_SHARE, "no such share, or it is not in a state for that")                    \
    X(OUTCOME_UNKNOWN_PROVIDER, "no such provider")                                                \
    X(OUTCOME_NAME_TAKEN, "the name belongs to another")                                           \
    X(OUTCOME_NAME_INVALID, "the name is not valid")                                               \
    X(OUTCOME_ROLE_IN_USE, "an account or a provider holds the role")                              \
    X(OUTCOME_LAST_HOST, "without it nobody could run the server: it is the last host")            \
    X(OUTCOME_ACCESS_INVALID, "what is said of the account, role, secret or share is not valid")   \
    X(OUTCOME_ACCESS_FULL, "a limit of tenants, accounts, roles, secrets or shares was reached")   \
    X(OUTCOME_UNKNOWN_TYPE, "no such asset type")                                                  \
    X(OUTCOME_UNKNOWN_ASSET, "no such asset")                                                      \
    X(OUTCOME_TYPE_IN_USE, "an asset, another type or a rule is of the type")                      \
    X(OUTCOME_ASSET_HAS_PARTS, "other assets are below it")                                        \
    X(OUTCOME_ASSET_INVALID, "what is said of the type or asset is not valid")                     \
    X(OUTCOME_ASSETS_FULL, "a limit of types, assets or their versions was reached")               \
    X(OUTCOME_UNKNOWN_RULE, "no such rule")                                                        \
    X(OUTCOME_RULE_INVALID, "what is said of the rule is not valid")                               \
    X(OUTCOME_RULES_FULL, "a limit of rules or alarms was reached")                                \
    X(OUTCOME_UNKNOWN_ALARM, "no such alarm, or it is normal again")                               \
    X(OUTCOME_ALARM_REFUSED, "the alarm is not in a state for that")                               \
    X(OUTCOME_ACT_INVALID, "what is to be done with the alarm is not valid")                       \
    X(OUTCOME_UNKNOWN_ROSTER, "no such roster")                                                    \
    X(OUTCOME_UNKNOWN_CHANNEL, "no such channel")                                                  \
    X(OUTCOME_UNKNOWN_ROUTE, "no such route")                                                      \
    X(OUTCOME_NOTICE_INVALID, "what is said of the roster, channel or route is not valid")         \
    X(OUTCOME_NOTICES_FULL, "a limit of rosters, channels, routes or notices was reached")         \
    X(OUTCOME_CHANNEL_IN_USE, "a roster or a route names it")                                      \
    X(OUTCOME_UNKNOWN_DOCUMENT, "no such document")                                                \
    X(OUTCOME_DOCUMENT_INVALID, "what is said of the document or board is not valid")              \
    X(OUTCOME_UNKNOWN_BOARD, "no such board")                                                      \
    X(OUTCOME_LIBRARY_FULL, "a limit of documents or boards was reached")                          \
    X(OUTCOME_BOARDS_FULL, "the person, or the tenant, has as many boards as one may have")        \
    X(OUTCOME_HANDOVERS_FULL,                                                                      \
      "the person, or the tenant, wrote as many notes within a day as one may write")
#define OUTCOME_ENUM(name, text) name,
enum outcome_code { OUTCOME_TABLE(OUTCOME_ENUM) OUTCOME_COUNT };
#undef OUTCOME_ENUM
const char *outcome_text(enum outcome_code code);
struct outcome {
    uint64_t position; /* of the command */
    enum outcome_code code;
    enum outcome_code first_code; /* REPEATED: what the first run said; else = code */
    uint32_t point;               /* touched or found; POINT_NONE */
    uint32_t number; /* of what model/archive or model/access made or touched; else 0 */
};
struct point_notice { /* a value that model/alarms or model/expressions want to know of */
    uint32_t point;
    bool late;          /* older than the live value, which stayed: value and times are its own */
    bool state_changed; /* the limit state did */
    bool had_before;    /* there was a value before, and it was this: */
    int64_t time_ns, arrival_ns, before_time_ns;
    struct value value, before; /* texts are not carried: empty */
};
struct effects {
    struct point_notice
        *notices;             /* the caller's array of COLUMNS_MAX, or NULL: nobody wants them */
    size_t notice_count;      /* of the last points_apply_sample */
    struct outcome *outcomes; /* the caller's array */
    size_t outcome_count, outcome_capacity; /* past the capacity they are only counted */
    uint64_t samples;                       /* values taken */
    uint64_t samples_late;                  /* of these: older than the live value, which stayed */
    uint64_t samples_unknown;               /* values for points that are retired or not there */
    uint64_t rows_new, points_new;
    uint64_t strings_full; /* of the samples: strings shown as not present, see strings_bytes_max */
};

/* ---- the reducer
 * --------------------------------------------------------------------------------------- */
struct record_stamp {
    uint64_t position;
    int64_t engine_ns, wall_ns; /* of the batch */
};
/* ERR_CORRUPT, with nothing changed: a record that no admission of ours wrote (ids with holes,
 * doubled paths): the journal is not ours or we are wrong. ERR_NO_MEMORY, or ERR_LIMIT when 16 GiB
 * of names are full: the record may be half applied, the state must be dropped and loaded again.
 * Kinds that do not concern points are OK.
 *
 * Commands. create: a row of its own, prefix = path before the last '/', float64 unless told.
 * change: settings; the type only while the point never had a sample. rename: the point keeps its
 * id, row and values, the old path is free. retire: the path is free, samples are counted unknown.
 * Limits are finite, ordered LL <= L <= H <= HH, and only for numbers; labels have unique names.
 * Keys: a sequence must grow for its client and tenant; equal to the last: REPEATED with what was
 * said then; below: SEQUENCE_OLD. A free key seen before: REPEATED; not seen and made more than
 * key_keep_ns before the batch's wall time: KEY_EXPIRED. Refusals are remembered as well as done. A
 * client or key that finds its table full: LIMIT, not remembered.
 *
 * Labels. A row may come with labels (of FACT_ROW): they are those of its points, each until a
 * command sets labels for it. What names and values they have is bounded by the record. */
MUST_USE enum err points_apply_fact(struct points *points, const struct fact *fact,
                                    const struct record_stamp *stamp, struct effects *effects);
/* Idempotency of commands that another reducer carries out: judges the key as above. *ret_run: the
 * command runs, and points_key_settle must follow with what became of it; else *outcome says why
 * not, and of REPEATED what was said then, with its number or its point. */
struct key_claim { /* what is known of a command before it runs; private */
    enum key_kind kind;
    uint32_t at;
};
MUST_USE enum err points_key_claim(struct points *points, const struct command *command,
                                   const struct record_stamp *stamp, struct key_claim *ret_claim,
                                   struct outcome *outcome, bool *ret_run);
void points_key_settle(struct points *points, const struct command *command,
                       const struct key_claim *claim, const struct outcome *outcome);
/* An erasure reached the live value: when its time lies in [from_ns, to_ns) the point shows none
 * until the next sample, whatever time that has. Its type stays fixed. True: it was taken away. */
MUST_USE enum err points_erase_live(struct points *points, uint32_t point, int64_t from_ns,
                                    int64_t to_ns, bool *ret_erased);
/* The one prefix of a FACT_ROW that is no path: rows whose own record damage took, entered so that
 * ids go on without holes. No topic and no command can name them. */
#define POINTS_LOST_PREFIX "$lost"
/* shape: of sample->row. Values of another type than the point's are counted unknown. A sample not
 * older than the live one (by source time) becomes the live one: the last written wins. A value
 * that is not present makes the live one not present, with the quality it came with; the value
 * before it is in the history. Limits are judged exactly: at or beyond HH, LL, H, L, in this order;
 * no value, no limit state. A string past strings_bytes_max is shown as not present with
 * bad.no_value. */
MUST_USE enum err points_apply_sample(struct points *points, const struct row_shape *shape,
                                      const struct sample_row *sample, int64_t arrival_ns,
                                      struct effects *effects);
/* ---- who looks at values -----------------------------------------------------------------------
 * A profile is a set of limits that many points share, named by 16 bits of each live row: a value
 * is judged by it in its own cache line. What the limit state shows is the effective limit of each
 * kind: the profile's where it wins, else the point's own, else the profile's other one. A value of
 * a point is told (effects->notices) when the point has a profile and its limit state changed, when
 * its profile asks for each, when it is attended (an alarm stands, or others deviate from it), or
 * looked at (an expression). Late values are told of all these, whatever they do. */
#define PROFILE_NONE 0
#define PROFILES_MAX 65535 /* 1..PROFILES_MAX */
struct point_profile {
    double limits[LIMIT_KINDS]; /* of the kinds in either mask */
    uint8_t wins, otherwise;    /* bit i: limits[i] stands before, behind the point's own */
    bool each;                  /* each value is told */
};
/* Sets or replaces it for all points that have it; what they show is judged anew with their next
 * value, or by points_assign. ERR_NO_MEMORY. */
MUST_USE enum err points_profile(struct points *points, uint16_t profile,
                                 const struct point_profile *content);
/* Names the profile of a point (one that was set, or PROFILE_NONE) and judges its value. */
void points_assign(struct points *points, uint32_t point, uint16_t profile);
uint16_t points_profile_of(const struct points *points, uint32_t point);
/* Each value of it is told, or not any more. */
void points_attend(struct points *points, uint32_t point, bool attended); /* model/alarms */
void points_look(struct points *points, uint32_t point, bool looked);     /* model/expressions */
/* Brings a row's live values into the cache. */
void points_apply_prefetch(const struct points *points, uint32_t first_point, uint32_t count);
