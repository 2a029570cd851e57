/* Damage is named once and kept: the bytes are copied to journal/damaged/, the stretch becomes a
 * line of journal/damaged/list with its own sum. What cannot be written (a full disk, a read-only
 * look) is still kept in memory and told. */
#include "journal/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SIZE 512
#define LIST_BYTES_MAX ((uint64_t)DAMAGE_MAX * LINE_SIZE)
#define COPY_PIECE ((size_t)64 << 10)

void damage_list_done(struct damage_list *list)
{
    free(list->at);
    *list = (struct damage_list){0};
}

static enum err list_add(struct damage_list *list, const struct journal_damage *damage)
{
    if (list->count >= DAMAGE_MAX)
        return ERR_LIMIT;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 16 : list->capacity * 2;
        struct journal_damage *grown = realloc(list->at, capacity * sizeof *grown);
        if (grown == NULL)
            return ERR_NO_MEMORY;
        list->at = grown;
        list->capacity = capacity;
    }
    list->at[list->count++] = *damage;
    return OK;
}

/* ---- one line an entry: fields, "why", file, sum over all before it ---- */
static size_t line_put(char *line, const struct journal_damage *d)
{
    int size =
        snprintf(line, LINE_SIZE - 16,
                 "segment=%" PRIu64 " offset=%" PRIu64 " bytes=%" PRIu64 " first=%" PRIu64
                 " records=%" PRIu64 " before=%" PRId64 " after=%" PRId64 " file=%s why=\"%s\" ",
                 d->segment, d->offset, d->bytes, d->first_position, d->records, d->wall_before_ns,
                 d->wall_after_ns, d->file[0] != 0 ? d->file : "-", d->why);
    check(size > 0 && size < LINE_SIZE - 16);
    uint32_t sum = crc32c(0, line, (size_t)size);
    size += snprintf(line + size, 16, "crc=%08" PRIx32 "\n", sum);
    return (size_t)size;
}

static bool line_get(const char *line, size_t size, struct journal_damage *ret_damage)
{
    char text[LINE_SIZE];
    struct journal_damage d = {0};
    unsigned sum;
    if (size >= sizeof text || size < 16)
        return false;
    memcpy(text, line, size);
    text[size] = 0;
    char *crc = strstr(text, "crc=");
    if (crc == NULL || sscanf(crc, "crc=%8x", &sum) != 1 ||
        crc32c(0, text, (size_t)(crc - text)) != sum)
        return false;
    if (sscanf(text,
               "segment=%" SCNu64 " offset=%" SCNu64 " bytes=%" SCNu64 " first=%" SCNu64
               " records=%" SCNu64 " before=%" SCNd64 " after=%" SCNd64
               " file=%63s why=\"%95[^\"]\"",
               &d.segment, &d.offset, &d.bytes, &d.first_position, &d.records, &d.wall_before_ns,
               &d.wall_after_ns, d.file, d.why) != 9)
        return false;
    if (strcmp(d.file, "-") == 0)
        d.file[0] = 0;
    *ret_damage = d;
    return true;
}

/* The whole of a small text file, zeroes where it cannot be read; ERR_MISSING when it is not there.
 */
static enum err text_read(struct disk *disk, const char *name, uint64_t bytes_max, char **ret_text,
                          size_t *ret_size)
{
    struct disk_file *file;
    uint64_t bytes;
    char *text = NULL;
    struct unreadable unreadable; /* its lines have no sum that fits */
    enum err err = disk->open(disk, name, DISK_READ, &file);
    if (err != OK)
        return err;
    err = disk->size(disk, file, &bytes);
    if (bytes > bytes_max)
        bytes = bytes_max;
    if (err == OK && (text = malloc((size_t)bytes + 1)) == NULL)
        err = ERR_NO_MEMORY;
    if (err == OK)
        err =
            disk_read_despite(disk, file, 0, (uint8_t *)text, (size_t)bytes, ret_size, &unreadable);
    disk->close(disk, file);
    if (err != OK)
        free(text);
    else
        *ret_text = text;
    return err;
}

/* Written beside, synced, renamed: the old text or the new one, never a mixture. */
static enum err text_write(struct disk *disk, const char *name, const char *text, size_t size)
{
    char beside[DISK_NAME_SIZE];
    struct disk_file *file;
    snprintf(beside, sizeof beside, "%s.tmp", name);
    enum err err = disk->open(disk, beside, DISK_READ | DISK_WRITE | DISK_CREATE, &file);
    if (err != OK)
        return err;
    err = disk->truncate(disk, file, 0);
    if (err == OK)
        err = disk->write(disk, file, 0, text, size);
    if (err == OK)
        err = disk->sync(disk, file);
    disk->close(disk, file);
    if (err == OK)
        err = disk->rename(disk, beside, name);
    return err;
}

enum err damage_list_read(struct disk *disk, struct damage_list *list, size_t *ret_unreadable)
{
    char *text;
    size_t size, unreadable = 0;
    enum err err = text_read(disk, DAMAGE_LIST, LIST_BYTES_MAX, &text, &size);
    if (err == ERR_MISSING) {
        *ret_unreadable = 0;
        return OK;
    }
    if (err != OK)
        return err;
    for (size_t at = 0; at < size && err == OK;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end == NULL ? size - at : (size_t)(end - (text + at)) + 1;
        struct journal_damage damage;
        if (line_get(text + at, length, &damage))
            err = list_add(list, &damage);
        else
            unreadable++;
        at += length;
    }
    free(text);
    *ret_unreadable = unreadable;
    return err == ERR_LIMIT ? OK : err;
}

static enum err list_write(struct disk *disk, const struct damage_list *list)
{
    char *text = malloc(list->count * LINE_SIZE + 1);
    size_t size = 0;
    if (text == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < list->count; i++)
        size += line_put(text + size, &list->at[i]);
    enum err err = text_write(disk, DAMAGE_LIST, text, size);
    free(text);
    if (err == OK)
        err = disk->sync_folder(disk, DAMAGE_FOLDER);
    return err;
}

/* ---- setting aside ---- */
static enum err aside_copy(struct disk *disk, const char *from, const char *to, uint64_t offset,
                           uint64_t bytes)
{
    struct disk_file *source = NULL, *target = NULL;
    uint8_t *piece = malloc(COPY_PIECE);
    struct unreadable unreadable;
    uint64_t done = 0, readable = 0;
    enum err err = piece == NULL ? ERR_NO_MEMORY : disk->open(disk, from, DISK_READ, &source);
    if (err == OK)
        err = disk->open(disk, to, DISK_READ | DISK_WRITE | DISK_CREATE, &target);
    while (err == OK && done < bytes) {
        size_t size = bytes - done < COPY_PIECE ? (size_t)(bytes - done) : COPY_PIECE;
        err = disk_read_despite(disk, source, offset + done, piece, size, &size, &unreadable);
        if (err != OK || size == 0)
            break;
        if (size > (uint64_t)unreadable.count * FORMAT_BLOCK)
            readable += size;
        err = disk->write(disk, target, done, piece, size);
        done += size;
    }
    if (err == OK)
        err = disk->sync(disk, target);
    disk->close(disk, source);
    disk->close(disk, target);
    free(piece);
    return err == OK && readable == 0 ? ERR_MISSING : err;
}

static void damage_set_aside(struct journal *journal, struct journal_damage *damage,
                             const char *from)
{
    struct disk *disk = journal->config.disk;
    char to[DISK_NAME_SIZE];
    const char *stem = strrchr(from, '/');
    snprintf(damage->file, sizeof damage->file, "damaged/%s-%" PRIu64,
             stem == NULL ? from : stem + 1, damage->offset);
    snprintf(to, sizeof to, JOURNAL_FOLDER "/%s", damage->file);
    if (aside_copy(disk, from, to, damage->offset, damage->bytes) != OK) {
        (void)disk->remove(disk, to); /* a piece of a copy helps nobody */
        damage->file[0] = 0;
    }
}

/* Which of a segment's files: offsets of different lanes are different places. */
static char damage_lane(const struct journal_damage *damage)
{
    if (strncmp(damage->why, "facts: ", 7) == 0)
        return 'f';
    if (strncmp(damage->why, "messages: ", 10) == 0)
        return 'm';
    return strncmp(damage->why, "samples: ", 9) == 0 ? 's' : 'o';
}

/* A stretch of bytes is known by where it begins; what has no bytes, by its positions. */
static bool damage_same(const struct journal_damage *a, const struct journal_damage *b)
{
    if (a->segment != b->segment || a->offset != b->offset || (a->bytes > 0) != (b->bytes > 0) ||
        damage_lane(a) != damage_lane(b))
        return false;
    return a->bytes > 0 || (a->first_position == b->first_position && strcmp(a->why, b->why) == 0);
}

static struct journal_damage *damage_known(const struct damage_list *list,
                                           const struct journal_damage *damage)
{
    for (size_t i = 0; i < list->count; i++) {
        struct journal_damage *known = &list->at[i];
        if (damage_same(known, damage))
            return known;
    }
    return NULL;
}

void damage_name(struct journal *journal, const struct journal_damage *damage, const char *from)
{
    struct disk *disk = journal->config.disk;
    struct journal_damage named = *damage;
    struct journal_damage *known = damage_known(&journal->damage, damage);
    if (known != NULL && damage->bytes <= known->bytes && damage->records <= known->records)
        return;
    if (!journal->config.read_only) {
        enum err err = disk->make_folder(disk, DAMAGE_FOLDER);
        if (err == OK)
            err = disk->sync_folder(disk, JOURNAL_FOLDER);
        if (err == OK && from != NULL && named.bytes > 0)
            damage_set_aside(journal, &named, from);
    }
    journal_tell(journal, LOG_ERROR,
                 "damage in segment %" PRIu64 " at offset %" PRIu64 ", %" PRIu64
                 " bytes, positions from %" PRIu64 ", %" PRIu64 " records: %s",
                 named.segment, named.offset, named.bytes, named.first_position, named.records,
                 named.why);
    if (known != NULL) {
        *known = named; /* it has grown */
    } else if (list_add(&journal->damage, &named) != OK) {
        journal_tell(journal, LOG_ERROR, "the damage list is full at %d entries", DAMAGE_MAX);
        return;
    }
    if (!journal->config.read_only && list_write(disk, &journal->damage) != OK)
        journal_tell(journal, LOG_ERROR,
                     "the damage list could not be written: it is found "
                     "and told again at the next start");
}

bool damage_covers(const struct damage_list *list, uint64_t segment, uint64_t first, uint64_t last)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct journal_damage *known = &list->at[i];
        if (known->segment == segment && known->first_position < last &&
            known->first_position + known->records > first)
            return true;
    }
    return false;
}

/* ---- what retention took: a line with its own sum for each lane that can be released ---- */
static const char *const released_words[LANES + 1] = {
    [LANE_SAMPLES] = "samples-released-to-segment",
    [LANE_MESSAGES] = "messages-released-to-segment",
};

static void released_line(const char *line, size_t size, struct released *released)
{
    char text[128];
    unsigned sum;
    if (size >= sizeof text)
        return;
    memcpy(text, line, size);
    text[size] = 0;
    const char *crc = strstr(text, "crc="), *sign = strchr(text, '=');
    if (crc == NULL || sscanf(crc, "crc=%8x", &sum) != 1 ||
        crc32c(0, text, (size_t)(crc - text)) != sum)
        return;
    for (unsigned lane = LANE_SAMPLES; lane <= LANE_MESSAGES; lane++) {
        size_t word = strlen(released_words[lane]);
        if ((size_t)(sign - text) == word && memcmp(text, released_words[lane], word) == 0)
            (void)sscanf(sign + 1, "%" SCNu64, &released->to[lane]);
    }
}

enum err released_read(struct disk *disk, struct released *ret_released)
{
    struct released released = {0};
    char *text;
    size_t size = 0;
    enum err err = text_read(disk, RELEASED_LIST, 256, &text, &size);
    if (err == ERR_MISSING) {
        *ret_released = released;
        return OK;
    }
    if (err != OK)
        return err;
    for (size_t at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        size_t length = end == NULL ? size - at : (size_t)(end - (text + at)) + 1;
        released_line(text + at, length, &released);
        at += length;
    }
    free(text);
    *ret_released = released;
    return OK;
}

enum err released_write(struct disk *disk, const struct released *released)
{
    char text[256];
    size_t size = 0;
    for (unsigned lane = LANE_SAMPLES; lane <= LANE_MESSAGES; lane++) {
        size_t begin = size;
        size += (size_t)snprintf(text + size, sizeof text - size, "%s=%" PRIu64 " ",
                                 released_words[lane], released->to[lane]);
        uint32_t sum = crc32c(0, text + begin, size - begin);
        size += (size_t)snprintf(text + size, sizeof text - size, "crc=%08" PRIx32 "\n", sum);
    }
    enum err err = text_write(disk, RELEASED_LIST, text, size);
    return err == OK ? disk->sync_folder(disk, JOURNAL_FOLDER) : err;
}
