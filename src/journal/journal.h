/* journal: the one durable, ordered log of everything that came in.
 *
 * Guarantees: a record below journal_durable() was synced to the medium before that function said
 * so; positions count records from 1 without a hole that is not named; no block that holds
 * acknowledged records is ever rewritten; one write is in flight. It never starts by deleting: a
 * damaged piece is set aside (copied to damaged/), named, and the rest is read.
 *
 * Files, in the folder "journal" of the data disk:
 *   0000000001.open      a segment as written: 4 KiB blocks, zeroes after its end
 *   0000000001.facts     \ the same segment after it was closed: padding squeezed out and the
 *   0000000001.samples   | lanes apart; the .open is removed when all are synced and read back
 *   0000000001.messages  / (the facts always have one, the other lanes when they hold a record)
 *   0000000002.prepare   the next segment, written once with zeroes in the background before it is
 *                        used; it becomes an .open by its header and a rename
 *   damaged/list         a line for each damaged stretch, with its own sum
 *   damaged/FILE-OFFSET  the bytes of such a stretch, set aside
 *   released             up to which segment the samples and the messages lanes may be missing
 *
 * A batch is open or in flight or durable. The owner fills the open batch through its writers,
 * journal_submit hands it to the writer thread when that is idle, journal_poll tells which batches
 * became durable, with their bytes, in order. Natural batching: what arrives while a write is in
 * flight goes out with the next one.
 *
 * Where a segment ended, its successor's header says for ever. Only the newest segment's tail needs
 * a judgement, made when reading reaches it: a stretch that is no batch and that no valid batch
 * follows is a write that was torn before it was acknowledged: it is cut, and told. A stretch that
 * was acknowledged when a batch behind it was written is damage: named, set aside, stepped over. A
 * clean close leaves an empty batch behind the last one, so that after it every damage is known.
 * What the disk cannot read (ERR_IO, tried twice) is damage of 4 KiB blocks like any other, in a
 * tail as well, for nobody knows what lay there: named "unreadable", and the rest is read.
 *
 * This header is the port: struct journal is opaque and the engine knows nothing but these
 * functions, so that a replicated body can stand beside the one on files later.
 *
 * One thread owns a journal; jobs run on two workers. Library silence: what is to be told goes
 * through `tell`. */
#pragma once

#include "base/base.h"
#include "format/format.h"
#include "os/os.h"

/* Bugs on purpose, so that tests can show that they would be found. NONE outside of tests. */
enum journal_sabotage {
    SABOTAGE_NONE,
    SABOTAGE_SKIP_SYNC,  /* segments are opened without DISK_DURABLE and never synced */
    SABOTAGE_EARLY_ACK,  /* a batch is told durable when it is submitted */
    SABOTAGE_DROP_LAST,  /* recovery forgets the last valid batch */
    SABOTAGE_REORDER,    /* a batch is told durable and written after the next one: two swapped */
    SABOTAGE_FORGET_KEY, /* the first record of a row in a new segment is not made a key frame:
                            the encoder keeps its generation over a rotation */
};

struct journal_config {
    struct disk *disk;
    struct clock *clock;
    struct worker *writer;        /* batch writes only */
    struct worker *background;    /* prepare, squeeze */
    uint64_t segment_first_bytes; /* 4 MiB; later ones double */
    uint64_t segment_max_bytes;   /* 256 MiB, and never more than 1/16 of the free space */
    uint64_t reserve_bytes;       /* of the last segment on a full disk: for facts only; 1 MiB */
    bool read_only;               /* offline verbs: nothing is created, repaired or locked */
    enum journal_sabotage sabotage;
    /* What an operator should read; level as of the log. May be NULL. */
    void (*tell)(void *arg, enum log_level level, const char *text);
    void *tell_arg;
};

/* One damaged or missing stretch. Kept (in damaged/list, and in memory) until an operator removes
 * the entry: `check` and the start go on saying so. */
struct journal_damage {
    uint64_t segment;
    uint64_t offset, bytes; /* in the file; 0 and 0: the file, or its end, is not there */
    /* What is lost lies in [first_position, first_position + records); of one lane, records of the
     * others may lie between. 0: nothing is lost, or `why` says that the number is unknown. */
    uint64_t first_position, records;
    int64_t wall_before_ns, wall_after_ns; /* of the batches around it; 0: none */
    char why[96];
    char file[64]; /* where the bytes were set aside, "" when nothing was left of them */
};

struct journal;
/* Opens or begins the journal: finds the segments and reads their headers. Batches are read by a
 * cursor; the newest segment's torn last batch is cut when one reaches it (told, never damage).
 * ERR_NEWER with a told sentence that names file and version. */
MUST_USE enum err journal_open(const struct journal_config *config, struct journal **ret_journal);
/* Waits for the jobs; does not submit the open batch. NULL is fine. */
void journal_close(struct journal *journal);

/* ---- reading: from a position to the durable end ---- */
struct journal_batch { /* one batch, as a cursor or poll gives it */
    struct batch_header header;
    struct bytes body; /* valid until the next call on the cursor, or until poll returns */
    uint64_t segment;
    uint32_t generation; /* of the segment: contexts of another are stale */
    /* Records lost before this batch; UINT64_MAX: unknown number. What retention took of the
     * messages lane is not among them while the samples are there: it is no hole in these. */
    uint64_t hole_records;
};
struct journal_cursor;
/* From the first batch that holds a record >= position (0: from the very first). From a position
 * inside a segment the samples decode only with contexts saved at that position. */
MUST_USE enum err journal_cursor_open(struct journal *journal, uint64_t position,
                                      struct journal_cursor **ret_cursor);
/* ERR_MISSING: the end. Damage is met, set aside (unless read_only), added to the damage list and
 * stepped over; other errors are the system's. */
MUST_USE enum err journal_cursor_next(struct journal_cursor *cursor,
                                      struct journal_batch *ret_batch);
void journal_cursor_close(struct journal_cursor *cursor);
/* Facts of the facts lane of all batches that hold a record of [from, until), in order, from the
 * files alone: on any thread, beside a journal that is written, as long as these records are
 * durable. Damage is passed over in silence: what lay in it is not told. The views of a fact live
 * until each returns. It stops behind the first batch told with which it read `bytes` or more:
 * *from is then where the next call goes on, and `until` when all was told.
 * ERR_MISSING: a file went while it was looked for; ask again, and be told the same again.
 * ERR_CORRUPT, ERR_NEWER, ERR_IO, ERR_NO_MEMORY. */
typedef void journal_each_fact(void *arg, const struct fact *fact);
MUST_USE enum err journal_facts_between(struct disk *disk, const uint64_t identity[2],
                                        uint64_t *from, uint64_t until, uint64_t bytes,
                                        journal_each_fact *each, void *arg);
/* The batches replayed last end here: appending goes on from it. Must be called once, after the
 * owner has read to the end and before the first journal_facts/journal_samples. end_position is
 * the position after the last record read; engine_ns the last batch's engine time. */
MUST_USE enum err journal_start(struct journal *journal, uint64_t end_position, int64_t engine_ns);

/* ---- appending ---- */
enum journal_room {
    JOURNAL_ROOM,      /* the record fits: go on */
    JOURNAL_WAIT,      /* not now: both batches are full or the next segment is being prepared */
    JOURNAL_DISK_FULL, /* no space for samples and messages; facts may still fit (ask with
                          LANE_FACTS) */
    JOURNAL_STOPPED,   /* a write failed: nothing is admitted until journal_restart */
};
/* What a record may take at most. Who takes messages from outside bounds them before he asks. */
#define JOURNAL_RECORD_BYTES_MAX                                                                   \
    (BATCH_BYTES_MAX - BATCH_HEADER_SIZE - (size_t)LANES * RUN_HEADER_SIZE)
/* May a record of up to `bytes` (at most JOURNAL_RECORD_BYTES_MAX, checked) go into the open batch
 * on this lane? Opens a batch when none is (stamping its times; telling the generation to encode
 * with). */
enum journal_room journal_room(struct journal *journal, enum lane lane, size_t bytes);
/* The open batch's writers; valid after journal_room said ROOM, until the next submit. */
struct facts_writer *journal_facts(struct journal *journal);
struct samples_writer *journal_samples(struct journal *journal);
struct facts_writer *journal_messages(struct journal *journal); /* facts of the messages lane */
/* What follows must come after all that is in the open batch (a command after samples): begins new
 * runs. Within a set of runs the order is facts, samples, messages. */
void journal_order(struct journal *journal);
/* The ticket of the open batch (or of the next one): tickets count batches from 1 since start. */
uint64_t journal_ticket(const struct journal *journal);
bool journal_batch_empty(const struct journal *journal);
/* Engine time as a batch that begins now gets it. */
int64_t journal_engine_ns(const struct journal *journal);

/* Hands the open batch to the writer if that is idle and the batch is not empty. */
void journal_submit(struct journal *journal);
bool journal_in_flight(const struct journal *journal);
/* Finishes jobs. For each batch that became durable, in order, calls on_durable (the body is still
 * in memory). Returns OK, or once ERR_IO / ERR_NO_SPACE when a write failed: the batch in flight
 * and the open one are gone, nothing above journal_durable() was acknowledged, JOURNAL_STOPPED.
 *
 * on_durable returns false when it took in only a part of the batch: the next call tells the same
 * one again. Until all was taken in it counts as in flight, and a failure waits to be told. */
typedef bool journal_durable_batch(void *arg, const struct journal_batch *batch, uint64_t ticket);
MUST_USE enum err journal_poll(struct journal *journal, journal_durable_batch *on_durable,
                               void *arg);
/* After a failure: begins a new segment behind the durable mark, on the calling thread; waits for
 * the background when that is preparing one. Any error: still stopped, call again later. Tickets of
 * the dropped batches are never told. */
MUST_USE enum err journal_restart(struct journal *journal);
uint64_t
journal_durable(const struct journal *journal); /* position after the last durable record */
uint64_t journal_tickets_durable(const struct journal *journal);

/* ---- retention, state ---- */
/* Files of this lane (LANE_SAMPLES or LANE_MESSAGES, checked) of closed segments that end at or
 * before position may go: every store that needs them holds them. The facts lane stays for ever.
 * Returns how many files were removed. */
MUST_USE enum err journal_release(struct journal *journal, enum lane lane, uint64_t position,
                                  uint32_t *ret_files);
struct journal_state {
    uint64_t first_position, durable_position;
    uint64_t segments, bytes;                            /* on the disk, all files */
    uint64_t bytes_written;                              /* by batches since start, with padding */
    uint64_t bytes_payload;                              /* without padding */
    uint64_t batches, records;                           /* since start */
    uint64_t segment_number, segment_used, segment_size; /* the open one */
    bool disk_full, stopped;
    int64_t write_ns_last, write_ns_max, write_ns_sum; /* of durable writes, since start */
    uint64_t write_histogram[32];                      /* [i]: writes of < 2^i us */
};
void journal_describe(const struct journal *journal, struct journal_state *ret_state);
/* journal_describe's bytes_payload alone, at no cost. */
uint64_t journal_bytes_payload(const struct journal *journal);
/* Which journal this is: all its files, and the snapshots of its engine, carry it. */
void journal_identity(const struct journal *journal, uint64_t ret_identity[2]);
size_t journal_damage_count(const struct journal *journal);
const struct journal_damage *journal_damage_at(const struct journal *journal, size_t at);
/* Walks the segment files in order. Before journal_start (inspect, check) each file's header is
 * read; after it the segment's, as it is in memory, is told for each of its files. */
typedef void journal_each_segment(void *arg, const char *file, const struct segment_header *header,
                                  uint64_t bytes, enum err header_err);
MUST_USE enum err journal_segments(struct journal *journal, journal_each_segment *each, void *arg);
