/* What the files of this folder share. The path of a reading through them:
 *   admit.c (engine_publish) -> overlay.c (new points) -> journal -> apply.c -> points
 * start.c recovers, snapshot.c cuts and loads, step.c drives. */
#pragma once

#include "engine/engine.h"
#include "state/state.h"
#include "wire/influx/influx.h"

/* Tables 16 and above of the snapshot format are the engine's; points has 1..15. */
enum engine_table_ids { TABLE_DECODER_ROWS = 16, TABLE_DECODER_COLUMNS = 17 };

#define SNAPSHOT_FOLDER "snapshots"
#define SNAPSHOTS_KEPT 2

/* ---- shapes: the key sequences senders repeat, shared by all rows that have them ---------------
 */
#define SHAPES_MAX 65536
#define SHAPE_NONE 0
#define SHAPE_NEVER UINT32_MAX /* a point of the row was renamed or retired: always look up */
struct shapes {
    struct payload_shape **at; /* [1..count] */
    uint32_t count;
    struct index *index;
};
enum err shapes_init(struct shapes *shapes);
void shapes_done(struct shapes *shapes);
/* The shape of the payload, learned if it is new; SHAPE_NONE when it has none or the table is full.
 */
uint32_t shapes_learn(struct shapes *shapes, struct bytes payload);
static inline const struct payload_shape *shapes_at(const struct shapes *shapes, uint32_t shape)
{
    return shapes->at[shape];
}

/* ---- overlay: rows that are in a batch but not yet durable -------------------------------------
 */
struct overlay_row {
    struct overlay_row *next;
    uint32_t tenant;
    struct row_shape shape;
    bool object;
    struct bytes prefix;
    struct bytes metrics[]; /* shape.count; bytes lie behind */
};
struct overlay {
    struct overlay_row *first, *last; /* in the order of ids */
    uint32_t rows, points;            /* how many wait */
    struct index *paths;              /* path hash -> point */
    struct overlay_row **recent;      /* ring by row id, for finding in one step */
    uint32_t recent_size;
};
enum err overlay_init(struct overlay *overlay);
void overlay_done(struct overlay *overlay);
void overlay_clear(struct overlay *overlay); /* after a failed write */
enum err overlay_add(struct overlay *overlay, const struct fact_row *row);
/* It became durable; false: it is not the first that waits. */
bool overlay_remove_first(struct overlay *overlay, uint32_t row);
struct overlay_row *overlay_row_at(const struct overlay *overlay, uint32_t row);
uint32_t overlay_find(const struct overlay *overlay, uint32_t tenant, struct bytes path,
                      uint64_t hash, uint32_t *ret_row);

struct line_newest { /* of the entries of line_index.h that lead to a row */
    uint32_t entry;
    uint32_t generation; /* of the index: of another one it means nothing */
};

/* ---- tenants: how many points each has, and may have
 * ------------------------------------------------------------------------------------------- */
struct tenant_points {
    uint32_t points;  /* applied */
    uint32_t waiting; /* admitted and not applied yet */
    uint64_t points_max, points_rate;
    int64_t rate_second;
    uint64_t rate_points; /* created in this second of the boot clock */
    /* storage.c */
    uint64_t sealed_bytes, window_bytes, storage_max;
    uint32_t share; /* its place + 1 in what is being counted; 0: none yet */
    bool storage_full;
    uint64_t refused_points, refused_rate, refused_storage; /* since the start */
};

/* ---- storage.c: the bytes that each tenant holds -----------------------------------------------
 */
struct storage_part { /* what was counted of a part; serial 0: of the windows */
    uint64_t serial;
    size_t count, capacity;
    struct storage_share {
        uint32_t tenant;
        uint64_t bytes;
    } * shares;
    bool there; /* it is in the view at hand */
};
#define STORAGE_PIECE 1024 /* owners counted in a step */
struct storage {
    struct job job; /* counts a piece, on the snapshotter */
    bool busy;
    struct history_view *view; /* of the round under way; NULL: none is */
    struct history_count *count;
    struct storage_part counting;
    size_t next;                /* of parts: looked at in this round */
    struct storage_part *parts; /* by serial */
    size_t part_count, part_capacity;
    int64_t due_ns, began_ns;
    enum err err;
    size_t held;
    struct history_holding at[STORAGE_PIECE];
};
void storage_step(struct engine *engine);
void storage_stop(struct engine *engine); /* waits; before the history closes */
struct tenants {
    struct tenant_points *at; /* by number */
    uint32_t capacity;
    uint32_t rows;               /* counted so far */
    struct tenant_points others; /* without memory, and of numbers that no tenant has */
};
void tenants_done(struct tenants *tenants);
struct tenant_points *tenants_of(struct tenants *tenants, uint32_t tenant);
/* The rows that are there and were not counted yet: after each record that makes some. */
void tenants_count(struct engine *engine);
void tenants_forget_waiting(struct tenants *tenants); /* a write failed */
void tenants_forget(struct tenants *tenants);         /* the points are loaded anew */
/* May the tenant create so many points now? DONE, POINTS_MAX, POINTS_RATE. */
enum admit tenants_judge(struct engine *engine, uint32_t tenant, uint32_t count);
/* Counts a refusal that a limit of points or storage made. */
void tenants_refused(struct tenants *tenants, uint32_t tenant, enum admit why);
void tenants_created(struct engine *engine, uint32_t tenant, uint32_t count);
void tenants_applied(struct engine *engine, uint32_t tenant, uint32_t count);

/* ---- contexts: the encoder's run ahead of the durable mark, the decoder's are at it -------------
 */
/* What admission keeps of a row beside the encoder's context. */
struct row_admission {
    uint32_t successor; /* the row that followed last time: where the next message is expected */
    uint32_t shape;
};
struct contexts {
    struct state *encoder;              /* never snapshotted: a start begins a new segment */
    struct state_table encoder_rows;    /* struct row_context by row */
    struct state_table encoder_columns; /* struct column_context by point */
    struct state_table admission;       /* struct row_admission by row */
    struct state_table lines;           /* struct line_newest by row; grown as lines are learned */
    struct state_table decoder_rows, decoder_columns; /* in the engine's state */
    struct column_context split[COLUMNS_MAX];         /* a row whose columns lie on two pages */
};
enum err contexts_init(struct contexts *contexts, struct state *state);
void contexts_done(struct contexts *contexts);
enum err contexts_grow_encoder(struct contexts *contexts, uint32_t rows, uint32_t points);
enum err contexts_grow_decoder(struct contexts *contexts, uint32_t rows, uint32_t points);
/* The columns of a row as one array: the table itself, or a copy when they cross a page, which
 * contexts_return puts back. */
struct column_context *contexts_borrow(struct contexts *contexts, struct state_table *table,
                                       const struct row_shape *shape);
void contexts_return(struct contexts *contexts, struct state_table *table,
                     const struct row_shape *shape, const struct column_context *columns);

/* ---- a group of readings on its way into the batch ----------------------------------------------
 */
/* Where each reading of a group belongs; row 0: a point that is not there yet. */
struct admit_place {
    uint32_t row;
    uint8_t column;
    uint16_t reading;
};
struct admit_group {
    const struct payload_group *group;
    const struct label *labels; /* of points that it creates */
    uint16_t label_count;
    size_t label_text; /* bytes of their names and values */
    struct admit_place places[COLUMNS_MAX];
    uint64_t hashes[COLUMNS_MAX];
    uint16_t unknown;
    size_t unknown_text; /* bytes of their metrics */
};

/* ---- lines: the series senders repeat, and where their values go --------------------------------
 */
struct line_entry;
#define LINE_NONE 0
#define LINES_CHUNK ((size_t)2 << 20)
#define LINES_CHUNKS_MAX 512 /* 1 GiB: some 12,000,000 series */
struct line_index {
    uint8_t **chunks; /* entries, one behind the other, in the order of first sight */
    uint32_t chunk_count, chunks_most;
    uint32_t next_unit;  /* free from here on */
    uint32_t generation; /* moves on when all entries are forgotten */
    uint64_t lost_generation;
    int64_t forgotten_ns;                 /* when they last were, because there was no room */
    struct index *heads;                  /* head of a line -> entry */
    struct influx_template path_template; /* that the entries were learned under */
    uint8_t path_text[INFLUX_TEMPLATE_BYTES_MAX];
    size_t path_text_size;
    /* of the line at hand */
    struct payload_reading readings[COLUMNS_MAX];
    struct admit_group group;
    struct label labels[LABELS_MAX];
    uint8_t label_text[LABELS_MAX][2 * INFLUX_NAME_MAX];
    uint8_t prefix[PATH_MAX_BYTES];
    uint8_t metrics[(size_t)64 << 10];
};
void line_index_done(struct engine *engine);
/* A point of the row got another name or was retired: the series that led there are looked up
 * anew. */
void line_index_forget(struct engine *engine, uint32_t row);
uint64_t line_index_memory(const struct engine *engine);

/* ---- refusals
 * ------------------------------------------------------------------------------------ */
struct refusals {
    struct refused list[REFUSED_MAX]; /* a ring */
    uint64_t hashes[REFUSED_MAX];
    size_t count, next;
};
void refusals_note(struct refusals *refusals, enum admit admit, enum payload_fault fault,
                   uint32_t tenant, struct bytes topic, int64_t wall_ns);

/* ---- snapshot under way
 * ---------------------------------------------------------------------------- */
#define SNAPSHOT_BUFFER ((size_t)1 << 20)
struct snapshot_write {
    struct job job;
    struct engine *engine;
    uint8_t *at;
    size_t size;
    uint64_t offset;
    bool busy;
    enum err err;
};
enum snapshot_phase {
    SNAPSHOT_IDLE,
    SNAPSHOT_OPENING,
    SNAPSHOT_OPENED, /* the cut waits for the end of a batch */
    SNAPSHOT_PAGES,
    SNAPSHOT_ENDING
};
struct snapshot_run {
    enum snapshot_phase phase;
    struct snapshot_header header;
    struct disk_file *file;
    char name[DISK_NAME_SIZE];
    struct snapshot_write writes[2];
    int filling; /* which of writes is being filled */
    uint64_t offset, pages, state_hash;
    int64_t began_ns;
    enum err err;     /* of pages and buffers, engine's thread */
    struct job job;   /* opening, then ending */
    enum err job_err; /* its thread's until done() */
    uint32_t stock;   /* chunks of memory to touch before the cut */
    uint8_t page[STATE_PAGE_SIZE];
};
enum err snapshot_init(struct engine *engine);
void snapshot_done(struct engine *engine);
bool snapshot_begin(struct engine *engine);
/* Takes pages for at most budget_ns; pace: bytes a second, 0: as fast as the disk takes them. */
void snapshot_advance(struct engine *engine, int64_t budget_ns, uint64_t pace);
void snapshot_stop(struct engine *engine); /* waits for jobs, gives up what is unfinished */
/* Loads the newest whole snapshot into engine->state; ERR_MISSING: there is none. */
enum err snapshot_load(struct engine *engine, struct snapshot_header *ret_header);

/* ---- audit_pages.c: entries of the audit that only the journal has ------------------------------
 */
#define AUDIT_PAGES 16 /* 1.2 MiB each, when all texts are as long as can be; else 0.2 */
/* Read of the journal at once: snapshots take turns with it on their thread. */
#define AUDIT_PAGE_PIECE ((uint64_t)8 << 20)
struct audit_page {
    struct job job;
    struct engine *engine;
    enum { AUDIT_PAGE_FREE, AUDIT_PAGE_BUSY, AUDIT_PAGE_HERE } state;
    bool seen; /* somebody looked at it since it was read */
    int64_t used_ns, read_ns;
    struct audit_run run;
    uint64_t from; /* position: what lies before it was read */
    uint64_t identity[2];
    enum err err;
    struct audit_view *views; /* [count], AUDIT_RUN at most, ascending */
    uint8_t *texts;
    size_t count, text_size;
};
void audit_pages_stop(struct engine *engine); /* waits */

/* ---- the engine
 * --------------------------------------------------------------------------------------- */
#define COMMANDS_WAITING_MAX 4096
/* A batch is closed to samples at these sizes, so that applying it stays one short step: some
 * 40,000 values, or some 2,600 new points. */
#define ENGINE_BATCH_BYTES ((size_t)48 << 10)
#define ENGINE_BATCH_FACT_BYTES ((size_t)32 << 10)
/* New points with long labels are few for their bytes: up to so many points it may be more. */
#define ENGINE_BATCH_FACT_BYTES_MOST ((size_t)96 << 10)
#define ENGINE_BATCH_POINTS 800
#define ENGINE_BATCH_MESSAGE_BYTES ((size_t)128 << 10)
/* A record of samples, at most. */
#define ENGINE_RECORD_BYTES_MAX ((size_t)512 << 10)
/* While a cut is under way each record may cost copies of the pages it touches: batches begin this
 * small and follow the time that applying one takes. */
#define ENGINE_BATCH_RECORDS_IN_CUT 64
#define ENGINE_APPLY_LONG_NS (2000 * NS_PER_US)
#define ENGINE_APPLY_SHORT_NS (800 * NS_PER_US)
/* The same while so many values of a batch are told to the modules. */
#define ENGINE_TOLD_MANY 256
#define ENGINE_TOLD_RECORDS_MOST (1u << 20)
/* Growth after which touched memory is laid in again, and how much: 100,000 points take some 10. By
 * points, because many tables get their next chunk with the same one; by chunks for all else. */
#define STOCK_EVERY_POINTS 20000
#define STOCK_EVERY_CHUNKS 2
#define STOCK_CHUNKS 24
#define STOCK_CHUNKS_LITTLE 4 /* for all else: what is laid in is held, needed or not */
/* What one step applies of a durable batch takes no longer; the rest of it is left to the next.
 * The clock is looked at after so much work: a value that is told to the modules or a fact is
 * APPLY_WORK_OF_ONE, a point that it makes APPLY_WORK_OF_POINT, a record of samples beside that 1,
 * a piece of timers or of a walk all of it. */
#define ENGINE_APPLY_NS (400 * NS_PER_US)
#define APPLY_WORK_LOOK 128
#define APPLY_WORK_OF_ONE 16
#define APPLY_WORK_OF_POINT 2
enum apply_phase { APPLY_NONE, APPLY_TIMERS, APPLY_RUNS, APPLY_WALKS };
struct applying {
    enum apply_phase phase;
    struct journal_batch batch;
    struct record_stamp stamp; /* of the next record */
    unsigned pieces;           /* of timers, of walks: left for this batch */
    size_t offset;             /* in the body: the run that comes next */
    uint32_t ordinal;          /* of the next record of samples */
    bool in_run;
    enum lane lane;
    struct bytes run;
    size_t fact_offset;
    struct samples_reader reader;
    uint64_t run_end; /* position */
    int64_t until_ns; /* INT64_MAX: all of it at once */
    uint32_t work, look_at;
};
struct engine {
    struct engine_config config;
    struct journal *journal;
    struct state *state;
    struct points *points;
    struct sessions *sessions;
    struct history *history;     /* NULL: none */
    uint64_t policies_version;   /* that the history was told */
    struct policy_set *policies; /* held; NULL: there are none */
    uint64_t policies_position;  /* of their last change */
    uint32_t policies_row;       /* rows below were assigned */
    struct archive *archive;
    struct access_model *access;
    struct timing *timing;
    struct assets *assets;
    struct expressions *expressions;
    struct alarms *alarms;
    struct notices *notices;
    struct library *library;
    struct contexts contexts;
    struct overlay overlay;
    struct tenants tenants;
    struct storage stored;
    struct shapes shapes;
    struct payload_decoder *decoder;
    struct line_index *lines; /* NULL until the first line came */
    struct refusals refusals;
    struct engine_counters counters;

    /* apply */
    uint64_t position; /* next record to apply */
    uint64_t durable_ticket;
    uint64_t applied_ticket; /* of the batch that is being applied */
    int64_t applied_engine_ns, applied_wall_ns;
    uint64_t applied_segment;
    uint64_t hole_segment, hole_records; /* records missing so far in the segment being applied */
    struct effects effects;
    struct outcome outcomes[64];
    struct outcome previous; /* of the last command applied */
    struct sample_storage storage;
    struct fact_storage fact_storage;
    struct point_notice told[COLUMNS_MAX]; /* values that a record of samples told */
    struct applying applying;
    enum err apply_err;                    /* a record that cannot be: told, and the engine stops */
    uint64_t *watched;                     /* bit by row: config.changed is wanted */
    uint32_t watched_words;

    /* modules */
    uint32_t told_in_batch;   /* values */
    uint32_t told_records;    /* records a batch may hold while many are told */
    uint64_t entries_written; /* FACT_ENTRY records of alarms that were not applied so far */
    uint64_t audit_written;   /* the same of the audit */
    uint64_t audit_ticket;    /* entries of the audit that this batch will make: */
    uint32_t audit_in_batch;
    struct audit_page audit_pages[AUDIT_PAGES];
    bool started; /* the replay is over */

    /* admission */
    uint32_t admission_generation;
    size_t beside_bytes; /* room that the message's facts need in the batch of its readings */
    struct bytes refusal_topic; /* what refusals name instead of the readings' path; size 0: that */
    uint32_t cut_records;       /* records a batch may hold while a cut is under way */
    uint64_t barrier_ticket;    /* samples wait until this one is durable; 0: none */
    uint64_t command_tags[COMMANDS_WAITING_MAX];
    uint64_t erase_ticket; /* of the batch that the last erasure went into: one a batch */
    size_t commands_first, commands_waiting;
    uint64_t new_ticket; /* the batch that new_points are of */
    uint32_t new_points; /* created in it */
    struct value values[COLUMNS_MAX];
    char texts[COLUMNS_MAX][32]; /* converted values */
    uint8_t types[COLUMNS_MAX];
    uint8_t columns[COLUMNS_MAX];
    uint8_t path[PATH_MAX_BYTES + 8];

    /* step */
    bool stopped;
    int64_t apply_took_ns; /* of the batch that is being applied, so far */
    int64_t restart_at_ns;
    uint64_t lost_generation;
    int64_t submitted_ns;
    int64_t clock_offset_ns; /* wall - boot, as last recorded */
    bool closing;
    struct job stock_job; /* touches memory ahead of growth */
    bool stock_busy;
    uint32_t stock_taken, stock_points; /* chunks and points when it was last filled */

    struct snapshot_run snapshot;
    uint64_t snapshot_bytes_written_at; /* journal bytes when the last one began */
    int64_t snapshot_last_ns;
    uint64_t snapshot_before; /* position of the one that is kept beside the newest; 0: none */
    uint64_t snapshot_file_bytes;
};

/* ---- admit.c */
/* Is there room in the open batch for a record of so many bytes, and for beside_bytes? */
enum admit admit_room(struct engine *engine, enum lane lane, size_t bytes);
/* A message whose readings have no path; why: as engine_beside says. */
enum admit admit_no_path(struct engine *engine, const struct publisher *publisher,
                         struct bytes topic, enum admit why, struct admitted *ret_admitted);
/* Counts and lists the refusal and returns it; WAIT is none. */
enum admit admit_refuse(struct engine *engine, const struct publisher *publisher,
                        struct bytes topic, enum admit admit, enum payload_fault fault,
                        struct admitted *ret);
/* All of a group of readings below `topic`, or nothing of it. admit: zero but for group and labels;
 * tells where the readings went. */
enum admit admit_one_group(struct engine *engine, struct publisher *publisher, struct bytes topic,
                           struct admit_group *admit, struct admitted *ret);
/* The ticket that covers all that was admitted so far. */
uint64_t admit_ticket(const struct engine *engine);

/* ---- audit.c */
/* Can a command about access be written down? */
bool audit_access_fits(const struct command *command);
void audit_cut_actor(struct actor *actor);
/* Is it a command that a FACT_AUDIT of its own follows? */
bool audit_is_wanted(const struct command *command);
/* May one more entry be made now? Else the newest have to be written before. */
bool audit_has_room(struct engine *engine);
void audit_count(struct engine *engine); /* the open batch makes one */
/* Writes it right behind the command; there is room. */
void audit_write(struct engine *engine, const struct command *command);

/* ---- history.c */
enum err engine_history_open(struct engine *engine);
void engine_history_reconfigure(struct engine *engine, const struct engine_config *config);
/* What is in the journal before the snapshot and not yet sealed; what was erased before. */
enum err engine_history_catch_up(struct engine *engine);
/* A group of archive_group: its samples go. ERR_NO_MEMORY. */
enum err engine_history_erase(struct engine *engine, uint32_t group);
int64_t engine_history_step(struct engine *engine);
/* A point of the row has another path, or other limits. */
void engine_history_renamed(struct engine *engine, uint32_t row);

/* ---- modules.c: assets, expressions, alarms, notices, library
 * ------------------------------------------------------------------------------------------- */
enum err modules_create(struct engine *engine);
void modules_destroy(struct engine *engine);
enum err modules_rebuild(struct engine *engine); /* after that of points */
/* Before the records of a batch: timers, at most MODULES_TIMERS_PIECES times while there are more;
 * behind them, once and then MODULES_WALKS_PIECES times while they go on: walks. How many pieces are
 * done between two looks at the clock changes nothing of what they do. */
#define MODULES_TIMERS_PIECES 16
#define MODULES_WALKS_PIECES 8
enum err modules_begin(struct engine *engine, const struct record_stamp *stamp, bool *ret_more);
enum err modules_end_first(struct engine *engine, const struct record_stamp *stamp);
enum err modules_end(struct engine *engine, const struct record_stamp *stamp, bool *ret_more);
bool modules_walk(const struct engine *engine); /* is there one? */
/* Rows and points came behind these numbers. */
enum err modules_points_new(struct engine *engine, uint32_t rows_before, uint32_t points_before,
                            const struct record_stamp *stamp);
/* A command changed a point; POINT_NONE: none. */
enum err modules_point_changed(struct engine *engine, uint32_t point,
                               const struct record_stamp *stamp);
/* Samples were erased: a group of archive's. */
enum err modules_erased(struct engine *engine, uint32_t group, const struct record_stamp *stamp);
/* Values that points_apply_sample told. */
enum err modules_judge(struct engine *engine, const struct record_stamp *stamp);
/* FACT_MODULE, with its outcome as the effects' only one; FACT_ENTRY. */
enum err modules_apply_command(struct engine *engine, const struct fact *fact,
                               const struct record_stamp *stamp);
enum err modules_apply_entry(struct engine *engine, const struct fact *fact,
                             const struct record_stamp *stamp);
/* What they make of facts that are none of theirs. */
enum err modules_apply_other(struct engine *engine, const struct fact *fact,
                             const struct record_stamp *stamp);
/* Writes entries, and a tick when a timer is due and nothing else comes; after how many ns it wants
 * to be called again. */
int64_t modules_step(struct engine *engine);

/* The durable batch's bytes become state: the one way, live and in replay. Live a piece of it with
 * each call, the same batch until *ret_whole: until the clock says until_ns, or a cut has to catch
 * up, but never nothing. INT64_MAX: all of it. Between two pieces the state is that of a position
 * within the batch, and engine->position that of its beginning. */
enum err engine_apply(struct engine *engine, const struct journal_batch *batch, int64_t until_ns,
                      bool *ret_whole);
enum err engine_apply_batch(struct engine *engine, const struct journal_batch *batch);
void engine_tell(struct engine *engine, enum log_level level, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The state with its tables, empty. */
enum err engine_state_create(struct engine *engine);
void engine_state_destroy(struct engine *engine);
