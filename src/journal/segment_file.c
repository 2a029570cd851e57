/* Which segment files there are, in the order of their numbers, and what their headers say. */
#include "journal/segment_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const part_ends[PART_COUNT] = {".open", ".facts", ".samples", ".messages",
                                                  ".prepare"};
#define NUMBER_DIGITS 10

void segment_name(char *name, uint64_t number, enum segment_part part)
{
    snprintf(name, SEGMENT_NAME_SIZE, JOURNAL_FOLDER "/%0*llu%s", NUMBER_DIGITS,
             (unsigned long long)number, part_ends[part]);
}

void segment_list_done(struct segment_list *list)
{
    free(list->at);
    *list = (struct segment_list){0};
}

static size_t list_place(const struct segment_list *list, uint64_t number)
{
    size_t low = 0, high = list->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (list->at[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct segment *segment_list_find(struct segment_list *list, uint64_t number, bool add)
{
    size_t place = list_place(list, number);
    if (place < list->count && list->at[place].number == number)
        return &list->at[place];
    if (!add)
        return NULL;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        struct segment *grown = realloc(list->at, capacity * sizeof *grown);
        if (grown == NULL)
            return NULL;
        list->at = grown;
        list->capacity = capacity;
    }
    memmove(list->at + place + 1, list->at + place, (list->count - place) * sizeof *list->at);
    list->count++;
    list->at[place] = (struct segment){.number = number, .header_err = ERR_MISSING};
    return &list->at[place];
}

struct segment *segment_list_from(struct segment_list *list, uint64_t number)
{
    size_t place = list_place(list, number);
    return place < list->count ? &list->at[place] : NULL;
}

/* "0000000012.open" is part PART_OPEN of 12; false for names that are not ours. */
static bool name_parse(const char *name, uint64_t *ret_number, enum segment_part *ret_part)
{
    uint64_t number = 0;
    size_t digits = 0;
    for (; name[digits] >= '0' && name[digits] <= '9'; digits++) {
        if (digits >= 18)
            return false;
        number = number * 10 + (uint64_t)(name[digits] - '0');
    }
    if (digits < NUMBER_DIGITS || number == 0 || number > UINT32_MAX)
        return false;
    for (unsigned part = 0; part < PART_COUNT; part++) {
        if (strcmp(name + digits, part_ends[part]) == 0) {
            *ret_number = number;
            *ret_part = (enum segment_part)part;
            return true;
        }
    }
    return false;
}

struct listing {
    struct segment_list *list;
    bool no_memory;
};

static void listing_each(void *arg, const char *name, uint64_t size)
{
    struct listing *listing = arg;
    uint64_t number;
    enum segment_part part;
    if (!name_parse(name, &number, &part) || part == PART_PREPARE)
        return;
    struct segment *segment = segment_list_find(listing->list, number, true);
    if (segment == NULL) {
        listing->no_memory = true;
        return;
    }
    segment->parts |= PART_BIT(part);
    segment->bytes[part] = size;
}

enum err segment_header_read(struct disk *disk, const char *name, struct segment_header *ret_header)
{
    uint8_t block[SEGMENT_HEADER_SIZE];
    struct disk_file *file;
    size_t size;
    enum err err = disk->open(disk, name, DISK_READ, &file);
    if (err != OK)
        return err;
    err = disk->read(disk, file, 0, block, sizeof block, &size);
    if (err == ERR_IO)
        err = disk->read(disk, file, 0, block, sizeof block, &size);
    disk->close(disk, file);
    if (err == ERR_IO) /* it is lost like one that rotted, and what follows may be whole */
        return ERR_CORRUPT;
    if (err != OK)
        return err;
    return segment_header_get(bytes_of(block, size), ret_header);
}

/* The .open wins; else the first lane whose header can be read. Beside a running house the .open
 * may go between the listing and this look: then its lanes are there, listed or not. */
static enum err segment_read_header(struct disk *disk, struct segment *segment, char *name)
{
    enum err result = ERR_CORRUPT;
    bool moved = false;
    for (unsigned part = PART_OPEN; part <= PART_MESSAGES; part++) {
        if ((segment->parts & PART_BIT(part)) == 0 && !moved)
            continue;
        segment_name(name, segment->number, (enum segment_part)part);
        struct segment_header header = {0};
        enum err err = segment_header_read(disk, name, &header);
        if (err == ERR_NEWER)
            segment->header = header;
        if (err == ERR_MISSING) {
            segment->parts &= ~PART_BIT(part);
            moved = moved || part == PART_OPEN;
            continue;
        }
        if (err != OK && err != ERR_CORRUPT)
            return err;
        segment->parts |= PART_BIT(part);
        if (err == OK && header.number == segment->number && result != OK) {
            segment->header = header;
            result = OK;
        }
        if (part == PART_OPEN)
            break;
    }
    segment->header_err = result;
    return OK;
}

enum err segment_list_read(struct disk *disk, struct segment_list *list, char *newer_name,
                           uint32_t *ret_newer_version)
{
    struct listing listing = {.list = list};
    enum err err = disk->list(disk, JOURNAL_FOLDER, listing_each, &listing);
    if (err == ERR_MISSING)
        return OK;
    if (err != OK)
        return err;
    if (listing.no_memory)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < list->count; i++) {
        err = segment_read_header(disk, &list->at[i], newer_name);
        if (err == ERR_NEWER)
            *ret_newer_version = list->at[i].header.version;
        if (err != OK)
            return err;
    }
    return OK;
}
