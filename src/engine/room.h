/* What the files of this folder share. The path of a reading through them:
 *   admit.c (engine_publish) -> overlay.c (new points) -> journal -> apply.c -> points
 * start.c recovers, snapshot.c cuts and loads, step.c drives. */
#pragma once

#include "engine/engine.h"
#include "state/state.h"

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
void overlay_remove_first(struct overlay *overlay, uint32_t row); /* it became durable */
struct overlay_row *overlay_row_at(const struct overlay *overlay, uint32_t row);
uint32_t overlay_find(const struct overlay *overlay, uint32_t tenant, struct bytes path,
                      uint64_t hash, uint32_t *ret_row);

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
enum snapshot_phase { SNAPSHOT_IDLE, SNAPSHOT_OPENING, SNAPSHOT_PAGES, SNAPSHOT_ENDING };
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

/* ---- the engine
 * --------------------------------------------------------------------------------------- */
#define COMMANDS_WAITING_MAX 4096
/* A batch is closed to samples at these sizes, so that applying it stays one short step: some
 * 40,000 values, or some 2,600 new points. */
#define ENGINE_BATCH_BYTES ((size_t)48 << 10)
#define ENGINE_BATCH_FACT_BYTES ((size_t)32 << 10)
#define ENGINE_BATCH_MESSAGE_BYTES ((size_t)128 << 10)
/* A record of samples, at most. */
#define ENGINE_RECORD_BYTES_MAX ((size_t)512 << 10)
/* While a cut is under way each record may cost copies of the pages it touches: batches begin this
 * small and follow the time that applying one takes. */
#define ENGINE_BATCH_RECORDS_IN_CUT 64
#define ENGINE_APPLY_LONG_NS (800 * NS_PER_US)
#define ENGINE_APPLY_SHORT_NS (300 * NS_PER_US)
/* Growth after which touched memory is laid in again, and how much: 100,000 points take some 10. */
#define STOCK_EVERY_POINTS 20000
#define STOCK_CHUNKS 24
struct engine {
    struct engine_config config;
    struct journal *journal;
    struct state *state;
    struct points *points;
    struct sessions *sessions;
    struct contexts contexts;
    struct overlay overlay;
    struct shapes shapes;
    struct payload_decoder *decoder;
    struct refusals refusals;
    struct engine_counters counters;

    /* apply */
    uint64_t position; /* next record to apply */
    uint64_t durable_ticket;
    int64_t applied_engine_ns, applied_wall_ns;
    uint64_t applied_segment;
    uint64_t hole_segment, hole_records; /* records missing so far in the segment being applied */
    struct effects effects;
    struct outcome outcomes[64];
    struct sample_storage storage;
    struct fact_storage fact_storage;
    enum err apply_err; /* a record that cannot be: told, and the engine stops */

    /* admission */
    uint32_t admission_generation;
    size_t beside_bytes;     /* room that the message's facts need in the batch of its readings */
    uint32_t cut_records;    /* records a batch may hold while a cut is under way */
    uint64_t barrier_ticket; /* samples wait until this one is durable; 0: none */
    uint64_t command_tags[COMMANDS_WAITING_MAX];
    size_t commands_first, commands_waiting;
    int64_t rate_second, rate_points; /* points created in this second of the boot clock */
    struct value values[COLUMNS_MAX];
    char texts[COLUMNS_MAX][32]; /* converted values */
    uint8_t types[COLUMNS_MAX];
    uint8_t columns[COLUMNS_MAX];
    uint8_t path[PATH_MAX_BYTES + 8];

    /* step */
    bool stopped;
    int64_t restart_at_ns;
    uint64_t lost_generation;
    int64_t submitted_ns;
    int64_t clock_offset_ns; /* wall - boot, as last recorded */
    bool closing;
    struct job stock_job; /* touches memory ahead of growth */
    bool stock_busy;
    uint32_t stock_points; /* points when it was last filled */

    struct snapshot_run snapshot;
    uint64_t snapshot_bytes_written_at; /* journal bytes when the last one began */
    int64_t snapshot_last_ns;
    uint64_t snapshot_before; /* position of the one that is kept beside the newest; 0: none */
    uint64_t snapshot_file_bytes;
};

/* ---- admit.c */
/* Is there room in the open batch for a record of so many bytes, and for beside_bytes? */
enum admit admit_room(struct engine *engine, enum lane lane, size_t bytes);
/* The ticket that covers all that was admitted so far. */
uint64_t admit_ticket(const struct engine *engine);

/* The durable batch's bytes become state: the one way, live and in replay. */
enum err engine_apply_batch(struct engine *engine, const struct journal_batch *batch);
void engine_tell(struct engine *engine, enum log_level level, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The state with its tables, empty. */
enum err engine_state_create(struct engine *engine);
void engine_state_destroy(struct engine *engine);
