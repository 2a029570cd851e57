/* parts: immutable files of chunks. A part holds the chunks of many owners (device rows; points for
 * rollups) in the order (owner, first time), an index, and a footer that says what it is. It is
 * written once beside the others under a name of its own, synced, renamed; later it is read, or
 * replaced by another part, never changed. docs/format/part.md has the bytes.
 *
 *   part   = header block | chunk chunk ... | index block ... | top index | footer
 *   index  = blocks of 256 chunks: owner, first and last time, size and samples of each, bit-packed
 *            (5-10 bytes a chunk of a sealed window); each block with its CRC32C; the top has each
 *            block's first and last owner and its times. In memory lies the top alone (40 bytes for
 *            256 chunks).
 *
 * Which parts there are stands in the list ("parts.list", replaced as a whole by rename, synced):
 * the list is the truth, files it does not name are leftovers of an interrupted write and go. When
 * the list itself is damaged or gone it is made anew from the footers: of parts of one tier whose
 * positions overlap, the one with the higher serial counts.
 *
 * Damage: every byte is covered by a sum. A part whose header, footer or top cannot be read is set
 * aside (moved to "damaged/") and named, at each start for as long as it lies there; a damaged
 * index block or chunk costs what it held, and the rest is read. part_repair and part_salvage save
 * what is whole: a chunk says itself whose it is, and is found without any index.
 *
 * Any bytes are safe to open, to walk and to check: no read outside the file, no memory but for the
 * top (checked against the file's size, 40 MiB at most), a block and a chunk.
 *
 * Limits: PARTS_MAX parts; 2^28 chunks in a part; positions and serials below 10^16 (ERR_LIMIT).
 *
 * Folder: everything lies in `folder` (at most 100 bytes) of the disk (the history's). Threads: a
 * writer belongs to one thread; a part may be read by many, a cursor by one. Library silence. */
#pragma once

#include "codec/codec.h"
#include "os/os.h"

#define PART_NAME_SIZE 64
#define PART_OWNER_MAX UINT32_MAX
#define PARTS_MAX 4096

/* What its chunks are. */
enum part_tier { PART_RAW = 0, PART_MINUTE = 1, PART_HOUR = 2, PART_DAY = 3, PART_TIERS };

struct part_info {
    enum part_tier tier;
    uint32_t level;           /* how often its samples were merged; 0: sealed from a window */
    uint64_t serial;          /* counts up over all parts ever written */
    uint64_t from, to;        /* positions: it holds what came in [from, to) */
    uint64_t erased_position; /* every erasure before this position has been done in it */
    uint64_t journal[2];      /* identity of the journal whose samples these are */
    int64_t wall_ns;          /* when it was written */
    /* The writer's: */
    uint64_t owners, chunks, samples; /* samples: times in chunks */
    uint64_t values;                  /* cells that hold a sample; as told by the caller */
    int64_t first_ns, last_ns;        /* of all chunks; first > last when there is none */
    uint64_t bytes, index_bytes;
    char name[PART_NAME_SIZE]; /* "raw-0000000001-0000004711-000012.part" */
};

/* ---- writing -----------------------------------------------------------------------------------
 */
struct part_writer;
/* Begins a part; info: tier, level, serial, from, to, erased_position, journal, wall_ns. Buffers 1
 * MiB, and the index: some 5 bytes a chunk. Level 0 stays in the system's cache, other levels are
 * written past it. ERR_LIMIT, ERR_NO_MEMORY, errors of the disk. */
MUST_USE enum err part_writer_create(struct disk *disk, const char *folder,
                                     const struct part_info *info, struct part_writer **ret_writer);
/* The next chunk, whole, as chunk_encode made it with this owner: (owner, first_ns) ascending; the
 * same owner may come again with a later or equal first time. After an error nothing but
 * part_writer_drop helps. */
MUST_USE enum err part_writer_put(struct part_writer *writer, uint32_t owner, int64_t first_ns,
                                  int64_t last_ns, uint32_t samples, uint64_t values,
                                  struct bytes chunk);
uint64_t part_writer_bytes(const struct part_writer *writer); /* so far */
/* Writes index and footer, syncs, renames; *ret_info is complete. On an error the file is gone. The
 * writer is freed in any case. */
MUST_USE enum err part_writer_end(struct part_writer *writer, struct part_info *ret_info);
void part_writer_drop(struct part_writer *writer); /* removes what was written; NULL is fine */

/* ---- reading -----------------------------------------------------------------------------------
 */
struct part; /* counted: part_open gives one hold */
/* Reads footer and top. ERR_CORRUPT, ERR_NEWER, ERR_MISSING, of the disk. */
MUST_USE enum err part_open(struct disk *disk, const char *folder, const char *name,
                            struct part **ret_part);
const struct part_info *part_info(const struct part *part);
struct part *part_hold(struct part *part); /* any thread; returns it */
void part_release(struct part *part);      /* any thread; NULL is fine */
/* When the last hold goes, the file is removed (on that thread: a large one takes milliseconds).
 * Any thread. */
void part_doom(struct part *part);
uint64_t part_memory(const struct part *part);

struct part_entry {
    uint32_t owner;
    int64_t first_ns, last_ns;
    uint64_t offset;
    uint32_t size, samples;
};
struct part_damage { /* one piece that could not be read */
    char file[PART_NAME_SIZE];
    uint64_t offset, bytes;
    uint32_t owner, owner_last; /* whose samples it held, as far as the neighbours tell */
    int64_t first_ns, last_ns;  /* INT64_MIN, INT64_MAX: unknown */
    char why[96];
};
/* Called once for each piece a cursor meets; on the cursor's thread. */
typedef void part_damaged(void *arg, const struct part_damage *damage);

/* Walks the entries in their order. Reads ahead, at first nothing, up to 256 KiB when what is asked
 * for follows each other: ascending seeks to near owners cost no system call for most of them; one
 * far seek costs two reads (an index block, then the chunk). Memory: 20 KiB, and what is read. */
struct part_cursor;
MUST_USE enum err part_cursor_create(struct part *part, part_damaged *damaged, void *arg,
                                     struct part_cursor **ret_cursor); /* holds the part */
void part_cursor_destroy(struct part_cursor *cursor);
/* Before the first entry with owner >= this owner, and, if that is this owner's, with
 * last_ns >= from_ns. Any order of seeks; ascending ones are fast. */
MUST_USE enum err part_cursor_seek(struct part_cursor *cursor, uint32_t owner, int64_t from_ns);
/* ERR_MISSING: the end. Damaged index blocks are told and stepped over. */
MUST_USE enum err part_cursor_next(struct part_cursor *cursor, struct part_entry *ret_entry);
/* The bytes of the entry's chunk (one that part_cursor_next gave), whole, its CRC32C not yet
 * checked (chunk_open does): valid until the next call of part_cursor_chunk. ERR_IO, ERR_CORRUPT
 * (told as damage), ERR_NO_MEMORY. */
MUST_USE enum err part_cursor_chunk(struct part_cursor *cursor, const struct part_entry *entry,
                                    struct bytes *ret_chunk);
/* For who opened the chunk and found it wrong: tells it as damage. */
void part_cursor_damaged(struct part_cursor *cursor, const struct part_entry *entry,
                         const char *why);

/* ---- the list ----------------------------------------------------------------------------------
 */
struct parts_list {
    uint64_t journal[2];
    uint64_t serial; /* the highest ever given */
    uint64_t sealed; /* every sample below this position is in a part or was let go by a policy */
    size_t count;
    struct part_info *parts; /* by tier, then from; malloc'ed */
};
/* Reads the list and checks that its files are there and what it says, by their headers, footers
 * and tops; makes it anew from the footers when it is damaged or missing (*ret_rebuilt says why, ""
 * when it was fine). Parts whose file is missing or unreadable are told as damage, set aside, and
 * left out, as is what was set aside before and still lies in "damaged/". The list on the disk then
 * says the same as *ret_list. Files of ours that belong to nothing are removed. With read_only
 * nothing is changed. An empty or absent folder: an empty list, sealed 1. ERR_NEWER, ERR_NO_MEMORY,
 * ERR_LIMIT and ERR_REFUSED leave everything as it is. Other errors: what is damaged could not be
 * set aside (a disk that is full or fails); nothing was removed. */
MUST_USE enum err parts_list_read(struct disk *disk, const char *folder, bool read_only,
                                  part_damaged *damaged, void *arg, struct parts_list *ret_list,
                                  char ret_rebuilt[128]);
/* Replaces the list, synced when it returns OK; makes the folder when it is missing. On an error
 * the list is the old one or the new one: no part of either may be removed. ERR_LIMIT: PARTS_MAX.
 */
MUST_USE enum err parts_list_write(struct disk *disk, const char *folder,
                                   const struct parts_list *list);
void parts_list_done(struct parts_list *list);

/* ---- checking ----------------------------------------------------------------------------------
 */
/* Reads everything of a part: index, every chunk with its CRC32C, every column decoded, owner,
 * times and counts against the index and the footer. Tells each damage; returns how many. */
size_t part_check(struct part *part, part_damaged *damaged, void *arg);
/* Writes a new part of all that is whole in a damaged one, under a new serial; `to` and `from`
 * stay. The caller puts it into the list. */
MUST_USE enum err part_repair(struct part *part, uint64_t serial, struct part_info *ret_info);
/* The same of a file that part_open refuses ("damaged/NAME"); what it is say its header, footer or
 * name, the latter with this journal. The file stays. ERR_CORRUPT: nothing in it is whole. */
MUST_USE enum err part_salvage(struct disk *disk, const char *folder, const char *name,
                               const uint64_t journal[2], uint64_t serial,
                               struct part_info *ret_info);
