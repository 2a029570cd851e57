/* What the files of this folder share. The way of a sample through them:
 *
 *   history.c   open, append, freeze; the step: which job is due, what became of it
 *   seal.c      job: a frozen window becomes a part
 *   merge.c     job: some parts become one; erasures and retention are done on the way
 *   keep.c      retention, room on the disk, which rollups are due
 *   rollup.c    job: what came with a part goes into the rollups
 *   pick.c      which parts are merged, rewritten or rolled up next
 *   set.c       the parts and windows of a moment, counted; views of it
 *   scan.c      one row of a view: entries in the order of time, merged where they overlap
 *   source.c    one part or window of a scan: what it has of a row, decoded
 *   rows.c      columns in memory that rows are put into
 *   chunks.c    rows in, encoded chunks into a part out
 *   erase.c     what was erased and still lies in files
 *   sample.c    one sample
 *   count.c     who holds how many bytes of a part */
#pragma once

#include "history/history.h"

#include <stdatomic.h>

/* ---- rows.c: columns in memory -----------------------------------------------------------------
 */
struct rows {
    uint32_t count, capacity;
    uint16_t columns; /* with the lateness, when it is asked for */
    int64_t *times;
    struct chunk_column *shown; /* what a piece or an encoder is given: pointers into the below */
    uint64_t **words;
    uint8_t **cells, **qualities;
    struct bytes **texts; /* NULL for a column that is no string */
    void *block;          /* all of these lie in it */
    size_t block_size;
    struct text_block *text; /* copies of strings */
};
/* Room for `capacity` rows of these columns; what was there is lost unless it fits already.
 * types[columns]. */
enum err rows_reserve(struct rows *rows, const uint8_t *types, uint16_t columns, uint32_t capacity);
void rows_clear(struct rows *rows); /* no rows, no texts */
void rows_done(struct rows *rows);
/* A new row at the end, every cell CELL_NONE. The capacity holds (checked). */
uint32_t rows_add(struct rows *rows, int64_t time_ns);
/* Puts a cell of another table into this one; texts are copied. */
enum err rows_put(struct rows *rows, uint32_t row, uint16_t column, const struct chunk_column *from,
                  uint32_t from_row);
/* Appends rows first..first+count-1 of another table with the same columns. */
enum err rows_append(struct rows *rows, const struct chunk_rows *from, uint32_t first,
                     uint32_t count);
/* A view of the rows. */
struct chunk_rows rows_view(const struct rows *rows, uint32_t owner);
static inline uint8_t column_cell(const struct chunk_column *column, uint32_t row)
{
    return column->cells != NULL ? column->cells[row] : CELL_VALUE;
}
static inline uint8_t column_quality(const struct chunk_column *column, uint32_t row)
{
    return column->qualities != NULL ? column->qualities[row] : 0;
}

/* ---- set.c: parts and windows of a moment ------------------------------------------------------
 */
struct window { /* counted; frozen ones wait to be sealed */
    atomic_uint holds;
    struct head *head;
    uint64_t from;       /* positions */
    _Atomic uint64_t to; /* UINT64_MAX while it is open: scans of before look at it as well */
    int64_t opened_ns;
};
struct window *window_create(uint64_t from, int64_t opened_ns);
void window_release(struct window *window);

struct erasure { /* of one point */
    uint64_t position;
    uint32_t row, point;
    uint16_t column;
    int64_t from_ns, to_ns;
};
/* What one call of history_erase took: position and times are the same of all. An erasure of a
 * million points is some hundred of these: adding one copies pointers alone. */
struct erased { /* counted, not changed; by row, column */
    atomic_uint holds;
    uint64_t position;
    int64_t from_ns, to_ns;
    size_t count;
    struct erasure at[];
};
struct erasures { /* counted, not changed; by position */
    atomic_uint holds;
    size_t count;
    struct erased *at[]; /* each held */
};
void erasures_release(struct erasures *erasures);
/* The row's in one of them, as a range. */
size_t erased_of_row(const struct erased *erased, uint32_t row, size_t *ret_first);

#define MISSING_MAX 1024
struct set { /* counted, not changed once it is current */
    atomic_uint holds;
    struct part **parts[PART_TIERS]; /* each held; by position */
    size_t part_count[PART_TIERS];
    struct window *windows[HISTORY_WINDOWS_ALL]; /* each held; by position, the open one last */
    size_t window_count;
    struct erasures *erasures; /* held; NULL: none */
    struct history_missing *missing;
    size_t missing_count;
};
void set_release(struct set *set);
/* A copy that may be changed before it becomes current. */
enum err set_copy(const struct set *set, struct set **ret_set);
enum err set_add_part(struct set *set, struct part *part); /* holds it; keeps the order */
void set_remove_part(struct set *set, const struct part *part);
void set_remove_window(struct set *set, const struct window *window);

struct history_view {
    atomic_uint holds;
    struct set *set;
    uint64_t position;
};

/* ---- source.c: one part or window of a scan ----------------------------------------------------
 */
struct source {
    struct part *part;
    struct part_cursor *cursor; /* made at the first use */
    struct window *window;
    struct head_rows gathered; /* of a window */
    uint64_t to;               /* positions below: which erasures concern it */
    uint64_t erased;           /* erasures before this position were done in it */
    /* what is decoded of it now */
    struct rows decoded;
    struct chunk_rows rows; /* of decoded, or of gathered */
    uint32_t at, end;       /* rows at..end-1 are still to be given */
};

/* ---- scan.c ------------------------------------------------------------------------------------
 */
struct scan_entry { /* a chunk of the row, or what a window has of it */
    struct part_entry entry;
    uint32_t source;
    int64_t last_most_ns; /* the greatest last time of the entries up to this one */
};
struct history_scan {
    struct set *set; /* held */
    struct history_query query;
    uint16_t columns; /* of the query, with the lateness */
    uint8_t types[CHUNK_COLUMNS_MAX + 1];
    uint8_t column[CHUNK_COLUMNS_MAX + 1];
    struct source *sources;
    size_t source_count[PART_TIERS], source_first[PART_TIERS], window_first, source_total;
    struct scan_entry *entries; /* of the row within the query, by first time */
    size_t entry_count, entry_capacity;
    const struct scan_entry *list; /* those that are being merged: all, or a slice's */
    size_t list_count, list_next;
    int64_t from_ns, to_ns; /* of what is being merged */
    uint32_t *active;       /* sources that have decoded rows left, ascending */
    size_t active_count;
    struct rows out;
    struct chunk_summary *summaries;
    struct chunk_column_reader *reader;
    struct chunk_column *shown; /* of a piece that lies in a source */
    struct erasure *erasures;   /* of the row */
    size_t erasure_count, erasure_capacity;
    /* backward: slices of time that begin with an entry, from the last one */
    struct scan_entry *slice; /* entries of a slice */
    size_t slice_capacity, slices_left;
    int64_t slice_to_ns;
    struct rows slice_rows;
    uint32_t slice_left; /* rows of it that were not given */
    struct history_cost cost;
    struct history_missing missing[16];
    size_t missing_count;
};
enum err scan_create_set(struct set *set, struct history_scan **ret_scan); /* for jobs: no view */
void scan_damaged(void *arg, const struct part_damage *damage);
/* What the source's chunk, or window, has of the row within scan->from_ns..to_ns is given next. OK
 * with at == end: nothing, or it could not be read (counted). */
enum err source_open_entry(struct history_scan *scan, struct source *source,
                           const struct part_entry *entry);
/* The chunk's summaries, when no erasure concerns it; ERR_MISSING: take the samples. */
enum err source_summaries(struct history_scan *scan, struct source *source,
                          const struct part_entry *entry, struct chunk_summary *summaries);
/* A window's samples of the row; *ret_entry says their times. ERR_MISSING: none. */
enum err source_gather(struct history_scan *scan, struct source *source, uint32_t row,
                       struct part_entry *ret_entry);

/* ---- chunks.c: rows in, chunks out -------------------------------------------------------------
 */
#define CHUNK_ROWS_WANTED 4096
struct chunks { /* of one part under construction */
    struct part_writer *writer;
    struct chunk_encoder *encoder;
    struct rows rows; /* of the owner, not yet written */
    uint32_t owner;
    uint8_t types[CHUNK_COLUMNS_MAX + 1];
    uint16_t columns;
    uint32_t wanted;        /* rows of a chunk */
    uint16_t value_columns; /* without the lateness */
    uint8_t *at;
    size_t capacity;
    uint64_t values, samples; /* written in all */
};
enum err chunks_init(struct chunks *chunks, struct part_writer *writer);
void chunks_done(struct chunks *chunks);
/* Rows of this owner follow; types of its columns: those of values first, then the lateness if
 * there is one. */
enum err chunks_begin(struct chunks *chunks, uint32_t owner, const uint8_t *types, uint16_t columns,
                      uint16_t value_columns);
/* Rows in ascending order of time. Rows without any cell are passed over. */
enum err chunks_put(struct chunks *chunks, const struct chunk_rows *rows);
enum err chunks_end(struct chunks *chunks); /* writes what is left of the owner */
/* A chunk as it is. */
enum err chunks_copy(struct chunks *chunks, const struct part_entry *entry, struct bytes chunk,
                     uint64_t values);

/* ---- jobs --------------------------------------------------------------------------------------
 */
#define MERGE_PARTS 8 /* of a level make one of the next */
#define MERGE_LEVELS 6
#define DAMAGED_MAX 256
#define MERGE_BYTES_MAX ((uint64_t)16 << 30)
struct seal_job {
    struct job job;
    struct history *history; /* its config alone is read */
    struct set *set;         /* held */
    struct window *window;   /* held */
    struct part_info info;
    struct policies *policies; /* held */
    struct part *part;         /* what came of it; NULL with an error */
    enum err err;
    int64_t took_ns;
    uint64_t values, thinned;
    atomic_bool stop;
    bool busy;
};
void seal_run(struct job *job);

struct merge_job {
    struct job job;
    struct history *history;
    struct set *set; /* held; of the parts to be merged alone */
    struct part_info info;
    struct policies *policies; /* held */
    int64_t now_ns;
    int drop_priority; /* points whose policy lets go up to it lose their samples; -1: none */
    struct part *part; /* what came of it; NULL with an error, or when nothing was left */
    bool empty;
    enum err err; /* ERR_CORRUPT: see missing */
    struct history_missing missing;
    int64_t took_ns;
    uint64_t values, expired;
    atomic_bool stop;
    bool busy;
};
void merge_run(struct job *job);

/* What came with one part goes into the rollups of its points; or, with none, rollups are made anew
 * of all that is there. */
struct rollup_job {
    struct job job;
    struct history *history;
    struct set *set;     /* held */
    struct part *source; /* held; NULL: all parts, and what comes replaces all rollups */
    struct policies *policies;
    uint64_t to;    /* positions below are in the rollups then */
    uint64_t asked; /* rebuilds, when it was begun */
    int64_t now_ns;
    bool leniently;         /* what cannot be read was tried often enough: without it */
    struct erasure *erased; /* of rollups; with no source */
    size_t erased_count;
    size_t erased_taken; /* so many of the list's first ones; the engine's thread counts them */
    struct part_info info[PART_TIERS];
    struct part *parts[PART_TIERS]; /* NULL: nothing was to be written */
    enum err err;
    int64_t took_ns;
    atomic_bool stop;
    bool busy;
};
void rollup_run(struct job *job);
void rollup_done(struct job *job);

struct list_job { /* the list of parts is written; memory that goes is given back besides */
    struct job job;
    struct history *history;
    struct parts_list list;
    struct window *window; /* sealed; NULL: none */
    size_t doomed;         /* parts that the list does not name any more */
    uint64_t version;
    enum err err;
    bool busy;
};

/* ---- policies ----------------------------------------------------------------------------------
 */
struct policies { /* counted, not changed while a job holds it */
    atomic_uint holds;
    uint32_t count;
    struct history_policy *at; /* [0]: keep everything */
    uint8_t *type;             /* by point */
    uint16_t *of_point;        /* points at and beyond `points` have 0 */
    double *deadband;          /* by point, of its own; 0: the policy's */
    uint32_t points;
    uint16_t *row_columns; /* by row */
    uint32_t *first_point; /* by row; 0: no point of the row has another policy than 0 */
    uint32_t rows;
    bool deadbands, retentions, rollups;
};
void policies_release(struct policies *policies);
struct policies *policies_create(void); /* all points: keep everything; NULL: no memory */
/* POINT 0: nothing is assigned in this row. */
static inline uint32_t policies_first_point(const struct policies *policies, uint32_t row)
{
    return row < policies->rows ? policies->first_point[row] : 0;
}
static inline const struct history_policy *policy_of(const struct policies *policies,
                                                     uint32_t point)
{
    return &policies->at[point < policies->points ? policies->of_point[point] : 0];
}
static inline double deadband_of(const struct policies *policies, uint32_t point)
{
    bool own = point < policies->points && policies->deadband[point] > 0;
    return own ? policies->deadband[point] : policy_of(policies, point)->deadband;
}

/* ---- the store ---------------------------------------------------------------------------------
 */
struct history {
    struct history_config config;
    struct set *set;        /* current; its last window is the open one, if it has any */
    struct window *open;    /* of the set */
    uint64_t position;      /* all below was appended */
    uint64_t sealed;        /* as the list on the disk says */
    uint64_t lost;          /* the first sample that found no memory: not sealed beyond; 0: none */
    struct parts_list list; /* as it shall be; parts of the set and their infos */
    uint64_t list_version, list_written; /* counts changes */
    struct seal_job seal;
    struct merge_job merge;
    struct rollup_job rollup;
    uint64_t rolled;         /* positions below are in the rollups */
    uint64_t rebuilds_asked; /* how often policies asked for one */
    uint64_t rebuild;        /* rollups are to be made anew once this is sealed; 0: no */
    unsigned rollup_misses;  /* rollups in a row for which something could not be read */
    int64_t expire_at_ns,
        space_at_ns; /* when retention, and the disk's room, are looked at again */
    int64_t warned_at_ns;
    int dropping;        /* priority up to which samples go while the disk is full; -1: none */
    uint64_t dropped_to; /* position below which they went */
    struct erasure *rolled_erased; /* what was erased and is still in rollups */
    size_t rolled_erased_count;
    size_t rolled_erased_done; /* the first ones: as soon as the list is written */
    uint64_t free_bytes;
    struct list_job writing;
    struct part *doomed[PARTS_MAX]; /* replaced: go when the list is written */
    size_t doomed_count;
    struct window *gone; /* was sealed; its memory goes with the next job */
    struct policies *policies;
    uint64_t damaged[DAMAGED_MAX]; /* serials of parts that are not merged */
    size_t damaged_count;
    bool assigning; /* policies came and not all points have theirs: nothing is merged, rolled up or
                       let go */
    bool merge_wanted, seal_wanted;
    int64_t retry_at_ns;          /* after a failed job */
    const struct set *picked_set; /* in which there was nothing to merge */
    int64_t pick_at_ns;           /* and when to look again all the same */
    bool disk_full;
    struct history_state counters;
};
/* Makes a copy with this change current. */
void history_set_current(struct history *history, struct set *set);
/* The open window takes no more: another one begins at position. ERR_NO_MEMORY: it goes on. */
enum err history_freeze(struct history *history, uint64_t position);
/* A part for the history's next file: serial, journal and time are set. */
struct part_info history_part_info(struct history *history, enum part_tier tier, uint32_t level,
                                   uint64_t from, uint64_t to);
/* What a merge of these would be: parts first..first+count-1 of the tier. */
enum err history_merge_begin(struct history *history, enum part_tier tier, size_t first,
                             size_t count, int drop_priority);
/* Is a part to be merged, or rewritten? Begins it. */
void history_merge_pick(struct history *history);
/* Is there a part with samples that are not kept any longer, or no room on the disk? Begins it. */
bool keep_pick(struct history *history);
/* Are samples below this position in all rollups that are wanted? */
bool rollups_have(const struct history *history, uint64_t to);
bool rollup_pick(struct history *history);
void rollups_sweep(struct history *history);
bool part_is_damaged(const struct history *history, const struct part *part);
/* These are erased: rollups that hold them are made anew. ERR_NO_MEMORY. */
enum err rollups_erased(struct history *history, uint64_t position,
                        const struct history_point *points, size_t count, int64_t from_ns,
                        int64_t to_ns);
void erasures_sweep(struct history *history);
/* The job is over: what came of it becomes current. */
void merge_done(struct job *job);
bool erasures_are_pending(const struct history *history, const struct part *part);
void history_tell(struct history *history, enum log_level level, const char *format, ...)
    PRINTF_LIKE(3, 4);
