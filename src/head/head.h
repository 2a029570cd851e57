/* head: the open window of the history, in memory. Records of a row are linked back from its last
 * one; nothing is sorted until somebody asks or the window is sealed into a part.
 *
 *   rows:   row -> last record, how many          blocks:  record | record | record ...
 *                    +--------------------------------------------^   |
 *                                              the one before <---+---+
 *
 * A record holds the source time, how late it came, and the values as decimals of the bytes they
 * need: 3 bytes an ordinary value, 16 to 24 bytes a record besides; it can be read without any
 * other. It also tells whether it was the newest of its row when it came: a reader who asks for
 * times from T on goes back to the first such record before T, and no further. Where a device once
 * told a time far in the future, no later record is the newest, and a reader walks back to that
 * one.
 *
 * Guarantees
 *   - What was appended is seen by every reader that began later, at once, in whole records.
 *   - (point, time) keeps the last written: of records of a row with the same time, each column's
 *     cell is that of the last record that has this column.
 *   - Bit-exact: a value comes back as codec's word of it; a quality and an absent value as well.
 *
 * Threads: one writer (head_append; head_destroy after all readers are gone); readers on any thread
 * at any time, without locks: a row's last record is published with release and read with acquire,
 * records and blocks never move. The totals (head_bytes to head_times) may be asked on any thread;
 * those told while the writer appends are of some moment each.
 *
 * Costs, one core (bench/head_bench.c): appending 2-4 ns a value of rows of ten, gathering 3 ns a
 * value when the records are in the cache; else each record is waited for (some 100 ns), unless
 * head_warm fetched those of many rows together. */
#pragma once

#include "codec/codec.h"
#include "format/format.h"
#include "os/os.h"

#define HEAD_BLOCK_BYTES ((size_t)4 << 20)
#define HEAD_BYTES_MAX ((uint64_t)32 << 30) /* links count 8 bytes in 32 bits */
#define HEAD_ROW_MAX ((uint32_t)268435456)
#define HEAD_RECORDS_MANY ((uint32_t)8388607) /* head_row counts no further */
#define HEAD_WARM_MAX 64

struct head;
MUST_USE enum err head_create(struct head **ret_head);
void head_destroy(struct head *head); /* NULL is fine */

/* Appends one message's word on one row. sample->count 0 (undecodable) is OK and nothing.
 * arrival_ns - sample->time_ns is kept in whole seconds, rounded down; 0 when the message had no
 * time of its own. shape: its row alone is looked at, 1 or more. ERR_NO_MEMORY, ERR_LIMIT
 * (HEAD_BYTES_MAX, or a row above HEAD_ROW_MAX): nothing was appended. Checks (aborts) what a
 * caller must not get wrong: counts, types, scales, sizes of strings. */
MUST_USE enum err head_append(struct head *head, const struct row_shape *shape,
                              const struct sample_row *sample, int64_t arrival_ns);
/* Fetches what head_append will look at first; of rows that are a few records ahead. */
void head_prefetch(const struct head *head, uint32_t row);
uint64_t head_bytes(const struct head *head);  /* of memory, blocks and tables */
uint64_t head_values(const struct head *head); /* appended, doubles counted twice */
uint64_t head_records(const struct head *head);
/* Least and greatest source time of all records; first > last when there is none. */
void head_times(const struct head *head, int64_t *ret_first_ns, int64_t *ret_last_ns);

/* ---- reading, on any thread --------------------------------------------------------------------
 */
/* The least row > after that has records; 0: none. */
uint32_t head_next_row(const struct head *head, uint32_t after);
/* Records of a row; 0: none; HEAD_RECORDS_MANY: that many or more. *ret_columns: highest column
 * seen in it + 1. */
uint32_t head_row(const struct head *head, uint32_t row, uint16_t *ret_columns);

/* Samples of one row, sorted by time, each time once. Zero at first; used again for each row; freed
 * by head_rows_done. */
struct head_rows {
    /* Times from..to, columns as asked for; owner is the row. Arrays last until the next gather.
     * The column after the last one asked for is the lateness in seconds (int64, every row has
     * it) when it was asked for. A column that no record has: every cell CELL_NONE. */
    struct chunk_rows rows;
    void *room; /* the gatherer's memory */
};
/* The row's samples with from_ns <= time < to_ns. columns: ascending, count of them, 1 or more;
 * NULL: columns 0..count-1. types[i]: what columns are; a sample of another type is left out, with
 * or without a value (none is written). A time at which none of the columns has a sample is left
 * out, unless the lateness is asked for: that is of the last record of its time, whichever columns
 * it has. A row may have more samples than a chunk may hold: rows.rows has no limit but memory.
 * Texts are views into the head. ERR_NO_MEMORY. No sample: OK, rows.rows 0. */
MUST_USE enum err head_gather(const struct head *head, uint32_t row, const uint8_t *columns,
                              uint16_t count, const uint8_t *types, bool lateness, int64_t from_ns,
                              int64_t to_ns, struct head_rows *rows);
/* Types of columns 0..count-1 as the row's records have them (the last one that has the column);
 * 0 for a column that none has. Walks back until all columns the row ever had were met. */
void head_types(const struct head *head, uint32_t row, uint16_t count, uint8_t *types);
/* Fetches the records of up to HEAD_WARM_MAX rows into the cache, all chains at once: before these
 * rows are gathered one after the other, when there are many (sealing). Some 32 rows of an ordinary
 * window fill a second-level cache. */
void head_warm(const struct head *head, const uint32_t *rows, size_t count);
void head_rows_done(struct head_rows *rows);
