/* Names, listing and headers of segment files. */
#pragma once

#include "format/format.h"
#include "os/os.h"

#define JOURNAL_FOLDER "journal"
#define SEGMENT_NAME_SIZE 64

enum segment_part { PART_OPEN, PART_FACTS, PART_SAMPLES, PART_MESSAGES, PART_PREPARE, PART_COUNT };
#define PART_BIT(part) (1U << (part))
_Static_assert((int)PART_FACTS == LANE_FACTS && (int)PART_SAMPLES == LANE_SAMPLES &&
                   (int)PART_MESSAGES == LANE_MESSAGES,
               "a lane's file is the part of the same number");

/* "journal/0000000001.open" and so on. */
void segment_name(char *name, uint64_t number, enum segment_part part);

struct segment {
    uint64_t number;
    uint32_t parts; /* PART_BIT of each file that is there */
    uint64_t bytes[PART_COUNT];
    struct segment_header header; /* of the .open, else of the first lane that has one */
    enum err header_err;          /* ERR_CORRUPT: no part has a valid header */
    bool foreign;                 /* of another journal: not read */
    bool end_known;               /* as far as it was read, or the next segment's header says */
    bool torn_told;
    bool squeeze_told;      /* that it could not be squeezed */
    bool damaged;           /* stays as it is: never squeezed */
    uint64_t end;           /* valid bytes of the .open */
    uint64_t torn_end;      /* bytes that are not zero end here, where that was looked at */
    uint64_t last_position; /* after its last record; 0: not known */
};

struct segment_list {
    struct segment *at;
    size_t count, capacity;
};
void segment_list_done(struct segment_list *list);
/* Lists the folder; a missing folder is an empty list. Headers are read, versions judged:
 * ERR_NEWER with the file's name in newer_name[SEGMENT_NAME_SIZE] and its version. */
MUST_USE enum err segment_list_read(struct disk *disk, struct segment_list *list, char *newer_name,
                                    uint32_t *ret_newer_version);
/* The segment of that number, added (zeroed) when missing and `add`; NULL: none or no memory. */
struct segment *segment_list_find(struct segment_list *list, uint64_t number, bool add);
/* The first with a number >= number; NULL: none. */
struct segment *segment_list_from(struct segment_list *list, uint64_t number);
/* Reads the header of one file; ERR_MISSING when the file is not there, ERR_CORRUPT when it is
 * damaged or cannot be read. */
MUST_USE enum err segment_header_read(struct disk *disk, const char *name,
                                      struct segment_header *ret_header);
