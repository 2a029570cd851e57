/* format: every byte of ours at rest, and nothing else: segments, batches, runs, facts, samples,
 * snapshots. Pure functions over memory: no I/O, no clock, no allocation except where a create
 * says so. What is written here can be read by this folder alone, for ever; docs/format/ has a
 * page for each and tests/golden/ a file of each version.
 *
 *   segment file  = segment header (4 KiB) + batches, in open segments at multiples of 4 KiB
 *   batch         = batch header (64 B) + runs, one write, one CRC32C, all or nothing
 *   run           = run header (8 B) + records of one lane (facts, samples, messages), in order
 *   fact          = kind (1) + length (varint) + payload
 *   sample record = tag (varint: distance to the row of the record before, length) + head (2)
 *                   + time + values, bit-packed against the row's record before + strings
 *
 * A row is a group of points that were first seen together in one message: the contiguous points
 * first_point .. first_point+count-1, fixed for ever. The first record of a row in a segment is a
 * key frame with its schema (points, types), so that a segment decodes alone; a key frame comes
 * at least every 16 records of a row; an 11-bit counter per record tells a decoder that
 * its predecessor is missing.
 *
 * All integers little-endian. Decoders accept any bytes: they answer ERR_CORRUPT and never read
 * outside, loop or abort. */
#pragma once

#include "base/base.h"

#define FORMAT_VERSION 1
#define FORMAT_BLOCK 4096
#define COLUMNS_MAX 256                   /* points of a row */
#define STRING_VALUE_MAX 4096             /* bytes of a string value */
#define PATH_MAX_BYTES 2048               /* bytes of a point's whole path */
#define BATCH_BYTES_MAX ((size_t)2 << 20) /* header and body, before padding */

/* ---- values -------------------------------------------------------------------------------------
 */
enum value_type { VALUE_FLOAT64 = 1, VALUE_INT64 = 2, VALUE_BOOL = 3, VALUE_STRING = 4 };
const char *value_type_name(uint8_t type); /* "float64", ...; NULL for no type */
MUST_USE bool value_type_parse(struct bytes name, uint8_t *ret_type);

/* Quality as OPC UA groups it: severity in the two top bits, substatus below (OPC UA part 8, 6.4).
 * GOOD is 0 so that it costs nothing. Substatus: one of QUALITY_TABLE. */
#define QUALITY_TABLE(X)                                                                           \
    X(QUALITY_GOOD, 0x00, "good")                                                                  \
    X(QUALITY_GOOD_LOCAL_OVERRIDE, 0x01, "good.local_override")                                    \
    X(QUALITY_GOOD_EDITED, 0x02, "good.edited") /* somebody put it in the place of another */      \
    X(QUALITY_UNCERTAIN, 0x40, "uncertain")                                                        \
    X(QUALITY_UNCERTAIN_LAST_USABLE, 0x41, "uncertain.last_usable")                                \
    X(QUALITY_UNCERTAIN_SENSOR_NOT_ACCURATE, 0x42, "uncertain.sensor_not_accurate")                \
    X(QUALITY_UNCERTAIN_UNITS_EXCEEDED, 0x43, "uncertain.engineering_units_exceeded")              \
    X(QUALITY_UNCERTAIN_SUBNORMAL, 0x44, "uncertain.subnormal")                                    \
    X(QUALITY_UNCERTAIN_SUBSTITUTE, 0x45, "uncertain.substitute")                                  \
    X(QUALITY_UNCERTAIN_INITIAL, 0x46, "uncertain.initial")                                        \
    X(QUALITY_BAD, 0x80, "bad")                                                                    \
    X(QUALITY_BAD_CONFIGURATION, 0x81, "bad.configuration_error")                                  \
    X(QUALITY_BAD_NOT_CONNECTED, 0x82, "bad.not_connected")                                        \
    X(QUALITY_BAD_DEVICE_FAILURE, 0x83, "bad.device_failure")                                      \
    X(QUALITY_BAD_SENSOR_FAILURE, 0x84, "bad.sensor_failure")                                      \
    X(QUALITY_BAD_LAST_KNOWN, 0x85, "bad.last_known")                                              \
    X(QUALITY_BAD_COMM_FAILURE, 0x86, "bad.comm_failure")                                          \
    X(QUALITY_BAD_OUT_OF_SERVICE, 0x87, "bad.out_of_service")                                      \
    X(QUALITY_BAD_WAITING, 0x88, "bad.waiting_for_initial_data")                                   \
    X(QUALITY_BAD_NO_VALUE, 0x89, "bad.no_value") /* null, empty or NaN came in */
#define QUALITY_ENUM(name, code, text) name = code,
enum quality { QUALITY_TABLE(QUALITY_ENUM) };
#undef QUALITY_ENUM
const char *quality_name(uint8_t quality); /* "good", ...; NULL for an unknown code */
MUST_USE bool quality_parse(struct bytes name, uint8_t *ret_quality);

#define SCALE_DECIMAL_MAX 18
#define SCALE_RAW 255
/* A value as it came in and as it is kept. A float64 is kept as a decimal where it is one:
 * number / 10^scale with |number| <= 2^53 and scale <= SCALE_DECIMAL_MAX, which value_real turns
 * into exactly the double that strtod gives for that decimal; else scale is SCALE_RAW and number
 * holds the IEEE 754 bits. -0.0 and all that is no short decimal is raw. NaN and infinities are
 * not values: they come as present = false with a quality. */
struct value {
    uint8_t type;      /* enum value_type; meaningful even when not present */
    uint8_t scale;     /* float64 only */
    uint8_t quality;   /* enum quality */
    bool present;      /* false: the sample has a quality and a time but no value */
    int64_t number;    /* float64: see above; int64: itself; bool: 0 or 1 */
    struct bytes text; /* string: borrowed, at most STRING_VALUE_MAX */
};
double value_real(const struct value *value); /* float64, present */
/* The value for a double: decimal when a scale <= 9 gives the bits back exactly, else raw;
 * NaN and infinity: not present, QUALITY_BAD_NO_VALUE. */
struct value value_of_real(double real);
bool value_equal(const struct value *a, const struct value *b); /* what would be shown is equal */

/* ---- samples lane: rows
 * ---------------------------------------------------------------------------- */
/* What a row is; immutable. */
struct row_shape {
    uint32_t row;
    uint32_t first_point;
    uint16_t count; /* 1..COLUMNS_MAX */
};
/* What encoder and decoder remember of a row within a segment; zero-filled at birth. They belong
 * to the caller (arrays by row and by point); encoder and decoder each have their own. A context
 * whose generation differs from the writer's or reader's is stale and treated as empty. */
struct row_context {
    int64_t time_base; /* source time of the row's last record that had one, in units */
    int64_t time_step; /* smoothed distance between such times, in units */
    uint32_t generation;
    uint16_t counter;    /* of the last record, modulo 2048 */
    uint8_t since_key;   /* records since the key frame */
    uint8_t unit;        /* of times: 0 ns, 1 us, 2 ms, 3 s */
    bool broken;         /* decoder: a predecessor is missing; wait for a key frame */
    bool confirmed;      /* decoder: a suspicious reader saw a key frame of this row */
    uint8_t time_known;  /* since the key frame: 0 nothing, 1 time_base, 2 time_step too */
    uint8_t time_rice;   /* as column_context.rice */
    uint8_t unit_needed; /* encoder: 3 - the finest unit needed since the key frame */
    bool contradicted;   /* the owner's: its records were written for another row; the format
                            neither reads nor writes it */
    uint8_t reserved[2];
};
struct column_context { /* 16 bytes; of point first_point + column */
    int64_t base;       /* last number in this column's scale; raw: last bits */
    uint8_t type;
    uint8_t scale;
    uint8_t rice;  /* adaptive: four times the mean highest bit of the last distances */
    uint8_t fresh; /* since the row's key frame: 0 not seen, 1 base is a number, 2 base is bits */
    uint8_t scale_needed; /* encoder: the largest scale since the last absolute value */
    uint8_t reserved[3];
};
_Static_assert(sizeof(struct row_context) == 32, "row_context is part of snapshots");
_Static_assert(sizeof(struct column_context) == 16, "column_context is part of snapshots");

/* One message's word on one row. */
struct sample_row {
    uint32_t row;
    uint16_t count;         /* values that follow, 1..COLUMNS_MAX */
    bool arrival_time;      /* the message had no time: time_ns is the arrival (reader fills it) */
    bool predecessor_lost;  /* reader only: records of this row are missing before this one */
    bool undecodable;       /* reader only: no key frame since; count is 0 */
    int64_t time_ns;        /* source time, TIME_MIN_NS..TIME_MAX_NS */
    const uint8_t *columns; /* ascending column numbers; NULL: columns 0..count-1, all of the row */
    const struct value *values;
};

/* The arrival time of a record: the batch's wall time + its ordinal among the batch's sample
 * records, in ns: distinct for each record of a batch, and reproducible. */
static inline int64_t sample_arrival_ns(int64_t batch_wall_ns, uint32_t ordinal)
{
    return batch_wall_ns + (int64_t)ordinal;
}

struct samples_writer {
    uint8_t *at;
    size_t size, capacity;
    uint32_t row_last;   /* row of the record before; starts at 0 in each run */
    uint32_t generation; /* of the segment; never 0 */
    uint32_t ordinal;    /* records so far in this batch */
    int64_t wall_ns;     /* of the batch */
};
/* Upper bound of one record's bytes: schema and key frame of `count` columns (all columns of the
 * row, not only those present) and text_bytes of strings. */
#define SAMPLE_RECORD_BYTES_MAX(count, text_bytes) (96 + (size_t)(count)*24 + (text_bytes))
/* Appends a record; the caller made sure that SAMPLE_RECORD_BYTES_MAX fits. Checks (aborts) what
 * a caller must not get wrong: columns ascending and below shape->count, values of the declared
 * types (types[] of all columns of the row; one that changed makes the record a key frame with a
 * schema), times in range, decimals as struct value says, no NaN. */
void samples_write(struct samples_writer *writer, const struct row_shape *shape,
                   const uint8_t *types, struct row_context *row, struct column_context *columns,
                   const struct sample_row *sample);

struct samples_reader {
    struct bytes run;
    size_t offset;
    uint32_t row_last;
    uint32_t generation;
    uint32_t ordinal;
    int64_t wall_ns;
    bool suspicious; /* set by the owner after a hole of >= 2048 lost records: a row's counter no
                        longer proves anything, a row is believed again from its next key frame.
                        Instead (or before a second such hole), set broken in every context */
};
/* Looks at the next record without taking it: its row. ERR_MISSING at the end of the run. */
MUST_USE enum err samples_peek(const struct samples_reader *reader, uint32_t *ret_row);
/* Rows of up to `most` records ahead, for prefetching; returns how many. */
size_t samples_peek_ahead(const struct samples_reader *reader, uint32_t *rows, size_t most);
/* If the next record carries a schema (key frame first in a segment), reads it: the shape and the
 * types (types[COLUMNS_MAX]); ERR_MISSING when it carries none. Does not move the reader. */
MUST_USE enum err samples_peek_schema(const struct samples_reader *reader,
                                      struct row_shape *ret_shape, uint8_t *types);
/* Decodes the next record with its contexts and moves on. `storage` receives columns and values:
 * ret_sample points into it and into the run. shape.count bounds the columns; 0: the shape is not
 * known, the record is stepped over as undecodable (columns may be NULL). A record whose
 * predecessor is missing is skipped as undecodable until the row's next key frame. ERR_CORRUPT:
 * the run is no run, or its schema contradicts the shape (the contexts may have changed; the batch
 * must not be used). */
struct sample_storage {
    uint8_t columns[COLUMNS_MAX];
    struct value values[COLUMNS_MAX];
};
MUST_USE enum err samples_read(struct samples_reader *reader, const struct row_shape *shape,
                               struct row_context *row, struct column_context *columns,
                               struct sample_storage *storage, struct sample_row *ret_sample);

/* ---- facts lane
 * ------------------------------------------------------------------------------------- */
enum fact_kind {
    FACT_START = 1,       /* a process took over: program version, reducer version */
    FACT_ROW = 2,         /* new points, seen first together: the dictionary */
    FACT_COMMAND = 3,     /* a wish to change something; its outcome follows from the state */
    FACT_CLOCK = 4,       /* the wall clock jumped */
    FACT_TICK = 5,        /* a timer was due while nothing else came */
    FACT_ROW_LABELED = 6, /* at rest only: a FACT_ROW whose points have labels; read and written as
                             FACT_ROW with label_count > 0 */
    FACT_ARCHIVE = 7,     /* a command about what history keeps, and what is said about it */
    FACT_ACCESS = 8,      /* a command about who there is and who may what */
    FACT_AUDIT = 9,       /* what a door tells the audit: a login, a denial, an export, a change */
    FACT_MODULE = 10,     /* a command of a domain module: assets, alarms, notices, library */
    FACT_ENTRY = 11,      /* what a domain module computed from what came before: a replay computes
                             it again and compares */
    /* Of the messages lane: */
    FACT_SESSION_OPEN = 16,  /* a client connected whose session, or will, must outlive a crash */
    FACT_SESSION_CLOSE = 17, /* its connection ended */
    FACT_SESSION_END = 18,   /* it expired, or a clean start ended it */
    FACT_SUBSCRIBE = 19,
    FACT_UNSUBSCRIBE = 20,
    FACT_MESSAGE = 21,   /* a PUBLISH as it came: retained, queued for sessions, or no reading */
    FACT_ENQUEUE = 22,   /* the retained message of a topic goes into a session's queue */
    FACT_DELIVERY = 23,  /* a queued message moved on: PUBREC, or PUBACK, PUBCOMP and dropped */
    FACT_RECEIVED = 24,  /* a QoS 2 PUBLISH was taken: its packet id is in use */
    FACT_RELEASED = 25,  /* PUBREL came for it: the packet id is free */
    FACT_WILL_DONE = 26, /* a will was published, or is not wanted any more */
};
struct fact_start {
    uint32_t reducer_version;
    struct bytes program; /* "mainstem 0.1.0" */
};
struct fact_row_point {
    uint8_t type;
    struct bytes metric; /* the part of the path after prefix and '/'; may hold '/' */
};
struct fact_row {
    uint32_t tenant;
    struct row_shape shape;
    bool object;         /* first seen as one message's object; else a single value on a topic */
    struct bytes prefix; /* path before the metrics, without the last '/'; may be empty */
    const struct fact_row_point *points; /* shape.count of them */
    const struct label *labels; /* of all its points, until they get others; names are unique */
    uint16_t label_count;       /* 0..LABELS_MAX */
};
enum command_kind {
    COMMAND_CREATE = 1,
    COMMAND_CHANGE = 2,
    COMMAND_RENAME = 3,
    COMMAND_RETIRE = 4,
    /* Of FACT_ARCHIVE: */
    COMMAND_POLICY_SET = 5, /* makes it, or replaces all that it says */
    COMMAND_POLICY_REMOVE = 6,
    COMMAND_POLICY_MOVE = 7, /* to another rank */
    COMMAND_ERASE = 8,
    COMMAND_CORRECT = 9,
    COMMAND_ANNOTATE = 10,
    COMMAND_ANNOTATION_REMOVE = 11,
    /* Of FACT_ACCESS: */
    COMMAND_TENANT_SET = 12,   /* makes one (number 0), or changes what `has` names */
    COMMAND_TENANT_STATE = 13, /* suspended, active again, deleted */
    COMMAND_ROLE_SET = 14,     /* makes it, or replaces what it says */
    COMMAND_ROLE_REMOVE = 15,  /* refused while an account holds it */
    COMMAND_ACCOUNT_SET = 16,  /* makes one (number 0), or changes what `has` names */
    COMMAND_ACCOUNT_REMOVE = 17,
    COMMAND_SECRET_ADD = 18,
    COMMAND_SECRET_REMOVE = 19, /* one, or all of a kind of an account */
    COMMAND_SHARE_OFFER = 20,
    COMMAND_SHARE_ACCEPT = 21,
    COMMAND_SHARE_END = 22, /* by either side */
    COMMAND_PROVIDER_SET = 23,
    COMMAND_PROVIDER_REMOVE = 24,
    /* Of FACT_MODULE. What they say is a form; the module says what its fields mean. */
    COMMAND_TYPE_SET = 32, /* model/assets */
    COMMAND_TYPE_REMOVE = 33,
    COMMAND_ASSET_SET = 34,
    COMMAND_ASSET_RETIRE = 35,
    COMMAND_RULE_SET = 40, /* model/alarms */
    COMMAND_RULE_REMOVE = 41,
    COMMAND_ALARM_ACT = 42,
    COMMAND_HANDOVER_ADD = 43,
    COMMAND_ROSTER_SET = 48, /* model/notices */
    COMMAND_ROSTER_REMOVE = 49,
    COMMAND_CHANNEL_SET = 50,
    COMMAND_CHANNEL_REMOVE = 51,
    COMMAND_CHANNEL_TEST = 52,
    COMMAND_ROUTE_SET = 53,
    COMMAND_ROUTE_REMOVE = 54,
    COMMAND_NOTICE_DONE = 55,  /* by the server itself: what became of a delivery */
    COMMAND_DOCUMENT_SET = 56, /* model/library */
    COMMAND_DOCUMENT_REMOVE = 57,
    COMMAND_BOARD_SET = 58,
    COMMAND_BOARD_REMOVE = 59
};
enum module {
    MODULE_ASSETS = 1,
    MODULE_ALARMS = 2,
    MODULE_NOTICES = 3,
    MODULE_LIBRARY = 4,
    MODULE_ACCESS = 5 /* entries of the audit; it has no commands of kind FACT_MODULE */
};
/* Whose command it is; 0: of no domain module. */
static inline unsigned command_module(uint8_t command_kind)
{
    if (command_kind >= COMMAND_TYPE_SET && command_kind <= COMMAND_ASSET_RETIRE)
        return MODULE_ASSETS;
    if (command_kind >= COMMAND_RULE_SET && command_kind <= COMMAND_HANDOVER_ADD)
        return MODULE_ALARMS;
    if (command_kind >= COMMAND_ROSTER_SET && command_kind <= COMMAND_NOTICE_DONE)
        return MODULE_NOTICES;
    if (command_kind >= COMMAND_DOCUMENT_SET && command_kind <= COMMAND_BOARD_REMOVE)
        return MODULE_LIBRARY;
    return 0;
}
static inline bool command_is_of_archive(uint8_t command_kind)
{
    return command_kind >= COMMAND_POLICY_SET && command_kind <= COMMAND_ANNOTATION_REMOVE;
}
static inline bool command_is_of_access(uint8_t command_kind)
{
    return command_kind >= COMMAND_TENANT_SET && command_kind <= COMMAND_PROVIDER_REMOVE;
}
enum limit_kind { LIMIT_LOW_LOW, LIMIT_LOW, LIMIT_HIGH, LIMIT_HIGH_HIGH, LIMIT_KINDS };
#define LABELS_MAX 32
#define LABEL_BYTES_MAX 128
#define UNIT_BYTES_MAX 32
#define DESCRIPTION_BYTES_MAX 512
struct label {
    struct bytes name, value;
};
/* What of a point a command sets; only what `has` names is meant. */
enum setting_bits {
    HAS_TYPE = 1,
    HAS_UNIT = 2,
    HAS_DESCRIPTION = 4,
    HAS_LABELS = 8,
    HAS_LIMITS = 16
};
struct point_settings {
    uint32_t has;
    uint8_t type;
    struct bytes unit; /* UCUM where there is one: "Cel", "m3/h" */
    struct bytes description;
    const struct label *labels; /* the whole set: replaces what was */
    uint16_t label_count;
    double limits[LIMIT_KINDS]; /* NaN: no such limit; the whole set */
};
/* Idempotency (law 6): a client id with an increasing sequence, or a free key, or neither. */
enum key_kind { KEY_NONE = 0, KEY_SEQUENCE = 1, KEY_FREE = 2 };
#define KEY_BYTES_MAX 128

/* ---- commands about history: model/archive says what they mean ---- */
#define POLICY_NAME_MAX 64
#define POLICY_PATTERN_MAX 1024
#define REASON_BYTES_MAX 512
#define AUTHOR_BYTES_MAX 128
#define ANNOTATION_BYTES_MAX 2048
#define ERASE_RANGES_MAX 1024 /* of one command */
enum policy_tier { POLICY_MINUTE, POLICY_HOUR, POLICY_DAY, POLICY_TIERS };
#define POLICY_NO_ROLLUP INT64_C(-1)
enum policy_full { POLICY_FULL_KEEP, POLICY_FULL_DROP_OLDEST, POLICY_FULLS };
struct policy_rules { /* what becomes of samples that a policy decides for */
    double deadband;  /* a value that differs by no more from the last kept one goes; 0: none */
    double deadband_percent; /* the same in percent of the span between the point's limits; 0 */
    int64_t retention_ns;    /* of raw samples; 0: for ever */
    int64_t rollup_ns[POLICY_TIERS]; /* how long each is kept; 0: for ever; POLICY_NO_ROLLUP */
    uint8_t when_full;               /* enum policy_full: what may go when the disk is full */
    uint8_t priority;                /* of DROP_OLDEST: 0..100, the lower go first */
};
struct command_policy {
    struct bytes name;         /* set, remove, move */
    struct bytes pattern;      /* set */
    uint32_t rank;             /* from 1; set: 0 is where it stands, or the last place */
    struct policy_rules rules; /* set */
};
struct point_range {
    uint32_t first, count;
};
/* An erasure of many points is several of these; all but the first say its number. */
struct command_erase {
    uint32_t erasure; /* 0: begins one */
    bool complete;    /* it is the last of its erasure */
    /* Of the first: */
    int64_t from_ns, to_ns; /* from <= time < to */
    struct bytes pattern;   /* as it was asked for; the ranges are what it matched */
    struct bytes reason, author;
    const struct point_range *ranges; /* ascending, apart from each other */
    uint16_t range_count;
};
struct command_correct { /* of command.path */
    int64_t time_ns;
    struct value value;
    bool there;            /* a sample was there, and it was this: */
    struct value original; /* meaningful with there */
    struct bytes reason, author;
};
struct command_annotate {   /* of command.path */
    int64_t from_ns, to_ns; /* from <= to; the same: an instant */
    struct bytes text, author;
    uint32_t annotation; /* remove: its number; nothing else is meant */
};

/* ---- commands about access: model/access says what they mean ---- */
enum access_right { /* bits */
                    RIGHT_NONE = 0,
                    RIGHT_SEE = 1,
                    RIGHT_WRITE = 2,
                    RIGHT_ACKNOWLEDGE = 4,
                    RIGHT_CONFIGURE = 8,
                    RIGHT_ADMINISTER = 16,
                    RIGHT_ALL = 31
};
enum tenant_state { TENANT_ACTIVE = 1, TENANT_SUSPENDED = 2, TENANT_DELETED = 3 };
enum account_kind { ACCOUNT_PERSON = 1, ACCOUNT_DEVICE = 2, ACCOUNT_TOKEN = 3, ACCOUNT_CLAIM = 4 };
enum account_state {
    ACCOUNT_ACTIVE = 1,
    ACCOUNT_DISABLED = 2,
    ACCOUNT_INVITED = 3,
    ACCOUNT_REMOVED = 4
};
enum secret_kind {
    SECRET_PASSWORD = 1,    /* argon2id string; one an account */
    SECRET_TOKEN = 2,       /* of an API token, a device, a claim key: SHA-256 */
    SECRET_CERTIFICATE = 3, /* X.509: its fingerprint, or its common name */
    SECRET_TOTP = 4,        /* sealed seed; one an account */
    SECRET_RECOVERY = 5,    /* SHA-256 of a recovery code */
    SECRET_INVITATION = 6,  /* SHA-256; whoever has it chooses the password */
    SECRET_SESSION = 7,     /* SHA-256 of a browser's cookie */
    SECRET_OPENID = 8,      /* issuer and subject */
    SECRET_KINDS
};
enum share_state { SHARE_OFFERED = 1, SHARE_ACTIVE = 2, SHARE_ENDED = 3 };
enum actor_door { /* where somebody stood who did something */
                  ACTOR_NONE = 0,
                  ACTOR_MQTT = 1,
                  ACTOR_HTTP = 2,
                  ACTOR_CONTROL = 3, /* the terminal on the server's own machine */
                  ACTOR_SERVER = 4   /* the server itself */
};
#define ACCESS_NAME_MAX 128 /* of tenants 64; of accounts, roles, providers */
#define ACCESS_TENANT_NAME_MAX 64
#define ACCESS_TITLE_MAX 256
#define ACCESS_PATTERN_MAX 512
#define ACCESS_RIGHTS_MAX 16 /* of a role */
#define ACCESS_GRANTS_MAX 16 /* of an account */
#define SHARE_PATTERNS_MAX 8
#define SECRET_ID_MAX 512
#define SECRET_PROOF_MAX 256
#define SECRET_LABEL_MAX 256
#define AUDIT_TEXT_MAX 512 /* of object, detail and outcome */
#define AUDIT_ACTION_MAX 64
#define ACTOR_NAME_MAX 256
#define ACTOR_ADDRESS_MAX 128
struct actor {    /* who wants it; recorded with what he wants */
    uint8_t door; /* enum actor_door; ACTOR_NONE: nobody is named, nothing is audited */
    uint32_t account, tenant;
    struct bytes name;    /* as people know him: "ann@acme", "token backup@acme" */
    struct bytes address; /* HOST:PORT, or empty */
};
struct tenant_quotas { /* 0: no limit but the server's */
    uint64_t points, points_per_second, values_per_second, connections, storage_bytes,
        queries_at_once;
};
struct access_rule { /* a right of a role */
    struct bytes pattern;
    uint32_t rights;
};
struct grant {                 /* a role, within a branch */
    struct bytes role, branch; /* branch: a pattern; "#" is everywhere but in $ */
};
enum access_has { /* what of an account or tenant a command sets */
                  HAS_NAME = 1,
                  HAS_TITLE = 2,
                  HAS_EMAIL = 4,
                  HAS_LANGUAGE = 8,
                  HAS_STATE = 16,
                  HAS_GRANTS = 32,
                  HAS_EXPIRY = 64,
                  HAS_QUOTAS = 128,
                  HAS_USES = 256,
                  HAS_USED_STEP = 512
};
struct command_access { /* of command.tenant, but for shares and tenants themselves */
    uint32_t number;    /* of the tenant, account, secret, share or provider meant; 0: a new one */
    uint32_t has;       /* enum access_has */
    uint8_t state;      /* enum tenant_state or account_state */
    uint8_t account_kind, secret_kind;
    struct bytes name, title, email, language;
    struct tenant_quotas quotas;
    struct access_rule rules[ACCESS_RIGHTS_MAX]; /* role set */
    struct grant grants[ACCESS_GRANTS_MAX];      /* account set */
    struct bytes patterns[SHARE_PATTERNS_MAX];   /* share offer */
    uint16_t rule_count, grant_count, pattern_count;
    uint32_t rights;             /* share offer */
    uint32_t owner;              /* account set: who made it; secret: the account */
    uint32_t other;              /* share offer: the tenant it is for */
#define SHARE_TO_NAME UINT32_MAX /* or a name that no tenant had: `name` */
    uint32_t uses;               /* of a claim key */
    uint64_t used_step;          /* account set: codes of its second factor up to it were used */
    int64_t expires_wall_ns;     /* account, secret; INT64_MAX: never */
    struct bytes id, proof, label, address;                /* secret add */
    struct bytes issuer, client_id, sealed_secret, scopes; /* provider set */
    struct bytes role, branch;
};
/* ---- forms: what commands and entries of domain modules say, field by field -------------------
 * A form is a list of fields; a field has a tag, 1..255, that its module gives a meaning, and a
 * value. A tag may come several times: a list, in that order. Forms lie in facts and in tables
 * alike, and are read where they lie. A field that a reader does not know is a mistake of the
 * writer, never passed over: modules refuse it. */
#define FORM_BYTES_MAX 12288
#define FORM_DEPTH_MAX 4
enum form_type {
    FORM_INTEGER = 1, /* int64 */
    FORM_REAL = 2,    /* finite double */
    FORM_TEXT = 3,    /* any bytes */
    FORM_FORM = 4     /* a form in a form, FORM_DEPTH_MAX deep at most */
};
struct form_field {
    uint8_t tag, type; /* enum form_type */
    int64_t integer;
    double real;
    struct bytes text; /* text or form: a view */
};
struct form_writer {
    uint8_t *at;
    size_t capacity, size;
    bool failed; /* it did not fit, or a value was none: what was put is of no use */
};
void form_put_integer(struct form_writer *form, uint8_t tag, int64_t integer);
void form_put_real(struct form_writer *form, uint8_t tag, double real);
void form_put_text(struct form_writer *form, uint8_t tag, struct bytes text);
void form_put_form(struct form_writer *form, uint8_t tag, struct bytes fields);
/* What was put, or false: form->failed. */
MUST_USE bool form_end(const struct form_writer *form, struct bytes *ret_form);
/* *offset starts at 0. False at the end, and for bytes that are no form (*offset is not its size
 * then). Views into the form. */
MUST_USE bool form_next(struct bytes form, size_t *offset, struct form_field *ret_field);
/* Is it a form, and are all in it, of at most FORM_BYTES_MAX bytes? Doors need not ask: a fact with
 * another is no fact. */
bool form_is_valid(struct bytes form);
/* The first field with this tag and type; false: there is none. */
MUST_USE bool form_find(struct bytes form, uint8_t tag, uint8_t type, struct form_field *ret_field);
int64_t form_integer(struct bytes form, uint8_t tag, int64_t otherwise);
double form_real(struct bytes form, uint8_t tag, double otherwise);
struct bytes form_text(struct bytes form, uint8_t tag); /* empty: there is none */

struct command_module { /* of command.tenant */
    uint32_t number;    /* of what is meant, by its module's numbers; 0: a new one, or by name */
    struct bytes form;
};
struct fact_entry {
    uint8_t module; /* enum module */
    uint32_t tenant;
    struct bytes form;
};
struct fact_audit {
    struct actor actor;
    uint32_t tenant;  /* whose matter it is: who of it may read the entry */
    bool of_previous; /* its outcome is that of the command right before it */
    struct bytes action, object, detail;
    struct bytes outcome; /* when not of_previous */
};

struct command {
    uint8_t kind; /* enum command_kind */
    uint8_t key_kind;
    uint32_t tenant;
    struct bytes client; /* KEY_SEQUENCE: the client's id */
    uint64_t sequence;   /* KEY_SEQUENCE: > 0 */
    struct bytes key;    /* KEY_FREE */
    int64_t key_wall_ns; /* KEY_FREE: when the key was made, by the server's clock at first sight */
    struct bytes path;
    struct bytes new_path;          /* rename */
    struct point_settings settings; /* create, change */
    /* Create: what was there for certain when it was admitted; 0: nothing, or not said. A reader
     * after damage learns from it which numbers the lost records took. */
    uint32_t rows_before, points_before;
    union {
        struct command_policy policy;
        struct command_erase erase;
        struct command_correct correct;
        struct command_annotate annotate;
        struct command_access access;
        struct command_module module;
    };
    /* Recorded with FACT_ACCESS and FACT_MODULE. Beside other commands the engine writes a
     * FACT_AUDIT of it. */
    struct actor actor;
};
struct fact_clock {
    int64_t wall_before_ns, wall_after_ns; /* expected, found */
};
/* ---- facts of the messages lane: what an MQTT server must remember (MQTT 5, 3.1.2.4, 4.1). A
 * session's number is given by admission, from 1; it is free again after FACT_SESSION_END.
 * Properties are raw MQTT 5 property blocks without their length (see wire/mqtt), kept as they came
 * but for the topic alias and the message expiry, which are taken out. */
#define CLIENT_ID_BYTES_MAX 65535
#define MESSAGE_TOPIC_MAX 65535
#define EXPIRY_NEVER UINT32_MAX
struct fact_will {
    bool present, retain;
    uint8_t qos;
    uint32_t delay_s;
    uint32_t expiry_s; /* of the message; EXPIRY_NEVER: none */
    struct bytes topic, payload, properties;
};
struct fact_session_open {
    uint32_t tenant, session;
    uint8_t version;   /* of the protocol: 3, 4, 5 */
    bool clean;        /* what the session held before is dropped first */
    uint32_t expiry_s; /* after the connection's end; 0: ends with it; EXPIRY_NEVER */
    struct bytes client_id;
    struct fact_will will;
};
struct fact_session_close {
    uint32_t session;
    uint32_t expiry_s; /* as the DISCONNECT may have changed it */
    bool will_dropped; /* the client said goodbye: its will is not wanted */
    uint16_t sent;     /* packet id of the newest queued message that was sent to it; 0: none */
};
struct fact_subscribe { /* replaces the subscription of the same filter */
    uint32_t session;
    uint8_t qos, retain_handling;
    bool no_local, retain_as_published;
    uint32_t subscription_id; /* 0: none */
    struct bytes filter;
};
struct fact_unsubscribe {
    uint32_t session;
    struct bytes filter;
};
#define TARGET_IDS_MAX 16 /* subscription ids told with one message */
struct message_target {   /* a session in whose queue a message is put */
    uint32_t session;
    uint8_t qos; /* 1 or 2 */
    bool retain; /* the flag as the session will see it */
    uint8_t id_count;
    uint32_t ids[TARGET_IDS_MAX];
};
struct fact_message {
    uint32_t tenant;
    uint8_t qos;
    bool retain;       /* becomes the topic's retained message; with an empty payload: removes it */
    uint32_t expiry_s; /* EXPIRY_NEVER: none */
    struct bytes topic, payload, properties;
    uint32_t target_count;
    struct bytes targets; /* walked with message_target_next; ascending sessions */
};
struct fact_enqueue {
    uint32_t session;
    uint8_t qos;              /* 1 or 2 */
    uint32_t subscription_id; /* 0: none */
    struct bytes topic;       /* when it has no retained message any more: nothing happens */
};
enum delivery_step { DELIVERY_RECEIVED = 1 /* PUBREC */, DELIVERY_DONE = 2 };
struct fact_delivery {
    uint32_t session;
    uint16_t packet_id;
    uint8_t step;
};
struct fact_packet { /* FACT_RECEIVED, FACT_RELEASED */
    uint32_t session;
    uint16_t packet_id;
};

struct fact { /* a decoded fact; views point into the run and into the storage */
    uint8_t kind;
    union {
        struct fact_start start;
        struct fact_row row;
        struct command command;
        struct fact_clock clock;
        struct fact_audit audit;
        struct fact_entry entry;
        struct fact_session_open session_open;
        struct fact_session_close session_close;
        struct fact_subscribe subscribe;
        struct fact_unsubscribe unsubscribe;
        struct fact_message message;
        struct fact_enqueue enqueue;
        struct fact_delivery delivery;
        struct fact_packet packet;
        uint32_t session; /* FACT_SESSION_END, FACT_WILL_DONE */
    };
};
/* Appends a target to a list under construction: *size grows, *last is the session before (0 at
 * first). False when it does not fit. Targets come with ascending session numbers, each once. */
#define MESSAGE_TARGET_BYTES_MAX (8 + TARGET_IDS_MAX * 4)
MUST_USE bool message_target_put(uint8_t *at, size_t capacity, size_t *size, uint32_t *last,
                                 const struct message_target *target);
/* *offset and *last start at 0; false at the end. facts_read has checked the list. */
MUST_USE bool message_target_next(struct bytes targets, size_t *offset, uint32_t *last,
                                  struct message_target *ret_target);
struct facts_writer {
    uint8_t *at;
    size_t size, capacity;
    uint32_t count;
};
/* Upper bound for any fact of the facts lane but FACT_ROW, for a FACT_ROW with its strings, and for
 * a fact of the messages lane with all its texts (and targets) together. */
#define FACT_BYTES_MAX ((size_t)16384)
#define FACT_MESSAGE_BYTES_MAX(text_bytes) (96 + (size_t)(text_bytes))
#define FACT_ROW_BYTES_MAX(count, text_bytes) (64 + (size_t)(count)*8 + (text_bytes))
/* What labels add to it: their number, and the bytes of their names and values. */
#define FACT_LABELS_BYTES_MAX(count, text_bytes) (8 + (size_t)(count)*4 + (text_bytes))
void facts_write(struct facts_writer *writer, const struct fact *fact);
struct fact_storage {
    struct point_range ranges[ERASE_RANGES_MAX];
    struct fact_row_point points[COLUMNS_MAX];
    struct label labels[LABELS_MAX];
};
/* Of a run of the facts or of the messages lane: texts and payloads are views into the run.
 * ERR_MISSING at the end of the run. Unknown kinds: ERR_NEWER. */
MUST_USE enum err facts_read(struct bytes run, size_t *offset, struct fact_storage *storage,
                             struct fact *ret_fact);

/* ---- batches
 * ------------------------------------------------------------------------------------------ */
enum lane { LANE_FACTS = 1, LANE_SAMPLES = 2, LANE_MESSAGES = 3 };
#define LANES 3
#define BATCH_HEADER_SIZE 64
#define RUN_HEADER_SIZE 8
struct batch_header {
    uint64_t epoch;    /* of the segment it lies in: recycled bytes are never valid */
    uint64_t position; /* of its first record; positions count records, from 1 */
    uint64_t durable;  /* every record before this position was acknowledged when it was written */
    int64_t engine_ns; /* never backwards over the whole journal */
    int64_t wall_ns;
    uint32_t records;
    uint32_t body_bytes;
    uint8_t lanes; /* bit lane-1 of each: which lanes the body can hold; a squeezed lane file
                      holds one */
};
/* Writes the header over body's first BATCH_HEADER_SIZE bytes (the body follows them in place) and
 * computes the CRC32C of both. */
void batch_seal(uint8_t *batch, const struct batch_header *header);
/* Bytes of the whole batch (without padding) as the header at the start of b claims, unchecked: how
 * much to read before batch_open can judge. 0: no header of a batch stands here. */
size_t batch_bytes_claimed(struct bytes b);
/* Checks magic, lengths, epoch (0: any) and CRC of the batch at the start of b. ERR_CORRUPT for
 * all that is no whole valid batch. */
MUST_USE enum err batch_open(struct bytes b, uint64_t epoch, struct batch_header *ret_header,
                             struct bytes *ret_body);
/* Walks the runs of a body: ERR_MISSING at the end. *ret_run is without its header; *ret_ordinal
 * is the run's number in the batch as first written (kept when lanes are split). */
MUST_USE enum err batch_next_run(struct bytes body, size_t *offset, enum lane *ret_lane,
                                 uint32_t *ret_records, uint32_t *ret_ordinal,
                                 struct bytes *ret_run);
void run_header_put(uint8_t *at, enum lane lane, uint32_t records, uint32_t ordinal,
                    uint32_t bytes);

/* ---- segments
 * ------------------------------------------------------------------------------------------ */
#define SEGMENT_HEADER_SIZE 4096
enum segment_kind {
    SEGMENT_OPEN = 1,
    SEGMENT_FACTS = 2,
    SEGMENT_SAMPLES = 3,
    SEGMENT_MESSAGES = 4
};
struct segment_header {
    uint32_t version;        /* FORMAT_VERSION */
    uint8_t kind;            /* enum segment_kind: as written, or one lane of it, squeezed */
    uint64_t number;         /* 1, 2, 3 ... */
    uint64_t epoch;          /* unique for each segment of this journal */
    uint32_t generation;     /* = low 32 bits of number, never 0 */
    uint64_t first_position; /* of its first batch */
    uint64_t
        previous_end; /* valid bytes of the segment before, when this one was begun; 0: unknown */
    int64_t wall_ns;  /* when it was begun */
    uint64_t journal[2];    /* identity of the journal: a file of another journal is not ours */
    uint64_t last_position; /* squeezed only: position after the last record */
    uint8_t lanes;          /* squeezed only: bit lane-1 of each lane that was given a file */
};
void segment_header_put(uint8_t *at, const struct segment_header *header); /* 4096 bytes */
/* ERR_CORRUPT, or ERR_NEWER with *ret_header.version filled. */
MUST_USE enum err segment_header_get(struct bytes b, struct segment_header *ret_header);

/* Decodes the samples lane of a whole segment with this folder alone; keeps its own contexts. */
struct segment_decoder;
MUST_USE enum err segment_decoder_create(uint32_t generation, struct segment_decoder **ret_decoder);
void segment_decoder_destroy(struct segment_decoder *decoder);
/* Told of a hole: so many records are missing before the next batch. */
void segment_decoder_hole(struct segment_decoder *decoder, uint64_t records);
/* Calls each for every sample record of a batch body; a row without a schema so far is told as
 * undecodable. shape->count 0 when unknown. */
typedef void segment_each(void *arg, const struct row_shape *shape,
                          const struct sample_row *sample);
MUST_USE enum err segment_decoder_batch(struct segment_decoder *decoder,
                                        const struct batch_header *header, struct bytes body,
                                        segment_each *each, void *arg);

/* ---- snapshots: header, pages, end mark
 * ------------------------------------------------------------------ */
#define SNAPSHOT_HEADER_SIZE 4096
#define SNAPSHOT_PAGE_HEADER_SIZE 32
#define SNAPSHOT_END_SIZE 64
struct snapshot_header {
    uint32_t version;
    uint32_t reducer_version;
    uint64_t journal[2];
    uint64_t position;          /* next record to apply */
    uint64_t segment_number;    /* segment that holds it, or will */
    int64_t engine_ns, wall_ns; /* of the last batch applied */
    uint64_t counters[16]; /* the engine's own numbers (documented in docs/format/snapshot.md) */
};
void snapshot_header_put(uint8_t *at, const struct snapshot_header *header);
MUST_USE enum err snapshot_header_get(struct bytes b, struct snapshot_header *ret_header);
/* Before each page of page_size bytes: table, page number, CRC32C of the page. */
void snapshot_page_put(uint8_t *at, uint32_t table, uint32_t page, struct bytes content);
/* Checks header and content (SNAPSHOT_PAGE_HEADER_SIZE + page_size bytes at b). ERR_MISSING when
 * the end mark stands here instead. */
MUST_USE enum err snapshot_page_get(struct bytes b, size_t page_size, uint32_t *ret_table,
                                    uint32_t *ret_page);
void snapshot_end_put(uint8_t *at, uint64_t pages, uint64_t state_hash);
MUST_USE enum err snapshot_end_get(struct bytes b, uint64_t *ret_pages, uint64_t *ret_state_hash);
