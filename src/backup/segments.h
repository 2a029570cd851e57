/* segments: what a backup must know of segment files: which journal and epoch they are of, where
 * the batches of a growing one end, and how to cut one at a position. */
#pragma once

#include "backup/store.h"
#include "format/format.h"

enum segment_file_kind { FILE_NONE, FILE_OPEN, FILE_FACTS, FILE_SAMPLES, FILE_MESSAGES };
/* "0000000012.facts" is FILE_FACTS of 12; FILE_NONE for what is no segment file. */
enum segment_file_kind segment_file_parse(const char *name, uint64_t *ret_number);
/* "journal/0000000012.facts" */
void segment_file_name(char name[BACKUP_NAME_MAX + 1], uint64_t number,
                       enum segment_file_kind kind);
MUST_USE enum err segment_file_header(struct disk *disk, const char *path,
                                      struct segment_header *ret_header);
/* Where the last whole batch of this epoch ends, searched from `offset` on (a multiple of 4 KiB, at
 * least 4 KiB); `offset` when there is none. The file is done after 8 MiB of zeroes. */
MUST_USE enum err segment_file_end(struct disk *disk, const char *path, uint64_t epoch,
                                   uint64_t offset, uint64_t *ret_end);

/* Writes what of a segment file lies before a position (batches that end there or before): a
 * growing file as it is, up to there; a lane with a new end mark and header. *ret_bytes 0: nothing
 * of the lane lies before it, and no file was written (of facts there always is one). ERR_CORRUPT:
 * a batch before it is damaged. */
struct segment_cut {
    struct disk *from, *to;
    char path[BACKUP_NAME_MAX + 1]; /* of both */
    uint64_t position;              /* batches that end at or before it stay */
    uint64_t end;                   /* lanes: the position after the last record that stays */
    uint8_t lanes;                  /* lanes: of the cut segment's header */
};
MUST_USE enum err segment_file_cut(const struct segment_cut *cut, uint64_t *ret_bytes);

/* journal/released: lanes of segments up to these numbers may be missing. */
struct segments_released {
    uint64_t samples, messages;
};
void segments_released_parse(const char *text, struct segments_released *ret_released);
size_t segments_released_print(const struct segments_released *released, char text[256]);
