/* What the files of this room share: the bytes of a part and of the list, in memory and on the
 * disk; windows through which a file is read. docs/format/part.md has the tables. */
#pragma once

#include "parts/parts.h"

#include <stdatomic.h>

#define PART_VERSION 1
#define PART_HEADER_SIZE 160
#define PART_FOOTER_SIZE 192
#define PART_INFO_SIZE 128
#define PART_TOP_SIZE 40       /* of one block, in the top */
#define PART_BLOCK_ENTRIES 256 /* all blocks but the last have so many */
#define PART_BLOCK_FIXED 11
#define PART_BLOCK_BYTES_MIN (PART_BLOCK_FIXED + 6)
#define PART_BLOCK_BYTES_MAX                                                                       \
    (PART_BLOCK_FIXED + 6 * VARINT_MAX + PART_BLOCK_ENTRIES * (4 + 8 + 8 + 4 + 4))
#define PART_BLOCKS_MAX ((uint32_t)1 << 20)
#define PART_NUMBER_MAX UINT64_C(9999999999999999) /* of what the name is made of */
#define PART_PATH_SIZE DISK_NAME_SIZE
#define PART_FOLDER_MAX 100 /* bytes of a folder's path */
#define PART_TAIL 16        /* bytes that may be read behind a window's */
#define PARTS_DAMAGED "damaged"
#define PARTS_LIST "parts.list"

/* ---- names ---- */
/* Fills info->name; false when a number is larger than a name can say. */
MUST_USE bool part_name_put(struct part_info *info);
/* Tier, from, to and serial out of the name of a part; false when it is none. */
MUST_USE bool part_name_get(const char *name, struct part_info *ret_info);
void part_path_put(char *path, const char *folder, const char *name); /* path[PART_PATH_SIZE] */
/* Makes it when it is missing. Its own name is on the medium then: what is synced in a folder that
 * nobody finds is lost. */
MUST_USE enum err part_folder_make(struct disk *disk, const char *folder);

/* ---- header, footer, top ---- */
void part_info_put(uint8_t *at, const struct part_info *info);
MUST_USE bool part_info_get(const uint8_t *at, struct part_info *ret_info);
void part_header_put(uint8_t *at, const struct part_info *info);
/* ERR_CORRUPT, ERR_NEWER. */
MUST_USE enum err part_header_get(const uint8_t *at, struct part_info *ret_info);

struct part_footer {
    struct part_info info;
    uint64_t index_at, top_at;
    uint32_t blocks, top_crc;
};
void part_footer_put(uint8_t *at, const struct part_footer *footer);
MUST_USE enum err part_footer_get(const uint8_t *at, struct part_footer *ret_footer);
/* Do both speak of the same part? */
bool part_info_same(const struct part_info *a, const struct part_info *b);

struct part_block { /* in the top; the one behind the last tells where things end */
    uint32_t owner_first, owner_last;
    int64_t first_ns, last_ns; /* earliest, latest */
    uint64_t chunks_at;        /* of its first chunk */
    uint64_t block_at;
};
void part_top_put(uint8_t *at, const struct part_block *block, uint64_t chunk_bytes,
                  uint32_t block_bytes);
/* Of footer->blocks + 1 blocks; false when they contradict each other or the footer. */
MUST_USE bool part_top_get(struct bytes top, const struct part_footer *footer,
                           struct part_block *blocks);

/* ---- index blocks ---- */
struct part_entries {
    uint32_t count;
    uint32_t owners[PART_BLOCK_ENTRIES], sizes[PART_BLOCK_ENTRIES], samples[PART_BLOCK_ENTRIES];
    int64_t first[PART_BLOCK_ENTRIES], last[PART_BLOCK_ENTRIES];
    uint64_t offsets[PART_BLOCK_ENTRIES]; /* not looked at when they are written */
};
/* at[PART_BLOCK_BYTES_MAX]; returns the bytes. */
size_t part_block_put(uint8_t *at, const struct part_entries *entries);
/* PART_TAIL bytes behind b may be read. False when it is damaged, or no block as the top tells. */
MUST_USE bool part_block_get(struct bytes b, const struct part_block *block,
                             struct part_entries *ret_entries);

/* ---- a window over a file: what is read lies in it, and some of what will be asked next ---- */
struct part_window {
    uint8_t *at;
    size_t capacity;
    uint64_t offset; /* of its first byte in the file */
    size_t size;
    size_t used;  /* bytes that were asked for; tells whether reading ahead pays */
    size_t ahead; /* how much the next reading takes at least */
    size_t ahead_max;
};
/* size bytes at offset, which end at or before `end`; valid until the next call. ERR_IO,
 * ERR_CORRUPT: the file ends before. */
MUST_USE enum err part_window_read(struct disk *disk, struct disk_file *file,
                                   struct part_window *window, uint64_t end, uint64_t offset,
                                   size_t size, const uint8_t **ret_at);
void part_window_done(struct part_window *window);

/* ---- an open part ---- */
struct part {
    struct disk *disk;
    struct disk_file *file;
    atomic_uint holds;
    atomic_bool doomed;
    char folder[PART_PATH_SIZE], path[PART_PATH_SIZE];
    struct part_info info;
    uint64_t index_at, top_at;
    uint32_t blocks;
    struct part_block top[]; /* blocks + 1 */
};
/* Are header, footer and top still what they were when it was opened? */
MUST_USE enum err part_look_again(const struct part *part);
