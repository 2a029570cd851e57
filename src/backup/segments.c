#include "backup/segments.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZEROES_ENOUGH ((uint64_t)8 << 20)
#define LANE_ALIGN 8

static const char *const kind_ends[] = {[FILE_NONE] = "",
                                        [FILE_OPEN] = ".open",
                                        [FILE_FACTS] = ".facts",
                                        [FILE_SAMPLES] = ".samples",
                                        [FILE_MESSAGES] = ".messages"};

enum segment_file_kind segment_file_parse(const char *name, uint64_t *ret_number)
{
    uint64_t number = 0;
    size_t digits = 0;
    for (; name[digits] >= '0' && name[digits] <= '9' && digits < 18; digits++)
        number = number * 10 + (uint64_t)(name[digits] - '0');
    for (unsigned kind = FILE_OPEN; digits >= 10 && kind <= FILE_MESSAGES; kind++)
        if (strcmp(name + digits, kind_ends[kind]) == 0) {
            *ret_number = number;
            return (enum segment_file_kind)kind;
        }
    return FILE_NONE;
}

void segment_file_name(char name[BACKUP_NAME_MAX + 1], uint64_t number, enum segment_file_kind kind)
{
    snprintf(name, BACKUP_NAME_MAX + 1, "journal/%010" PRIu64 "%s", number, kind_ends[kind]);
}

enum err segment_file_header(struct disk *disk, const char *path, struct segment_header *ret_header)
{
    uint8_t block[SEGMENT_HEADER_SIZE];
    struct disk_file *file;
    size_t size = 0;
    enum err err = disk->open(disk, path, DISK_READ, &file);
    if (err != OK)
        return err;
    err = disk->read(disk, file, 0, block, sizeof block, &size);
    disk->close(disk, file);
    return err == OK ? segment_header_get(bytes_of(block, size), ret_header) : err;
}

/* ---- reading ahead ----------------------------------------------------------------------------
 */
#define WINDOW_BYTES (2 * BATCH_BYTES_MAX)
struct window {
    struct disk *disk;
    struct disk_file *file;
    uint8_t *at;
    uint64_t offset; /* of at[0] in the file */
    size_t size;
};

static enum err window_open(struct window *window, struct disk *disk, const char *path)
{
    *window = (struct window){.disk = disk, .at = malloc(WINDOW_BYTES)};
    return window->at != NULL ? disk->open(disk, path, DISK_READ, &window->file) : ERR_NO_MEMORY;
}

static void window_close(struct window *window)
{
    window->disk->close(window->disk, window->file);
    free(window->at);
}

/* A view of the file from offset: at least a batch long, unless the file ends before. */
static enum err window_look(struct window *window, uint64_t offset, struct bytes *ret_bytes)
{
    bool inside = offset >= window->offset && offset <= window->offset + window->size;
    size_t left = inside ? (size_t)(window->offset + window->size - offset) : 0;
    if (left < BATCH_BYTES_MAX) {
        if (left > 0)
            memmove(window->at, window->at + (offset - window->offset), left);
        window->offset = offset;
        window->size = left;
        size_t got = 0;
        enum err err = window->disk->read(window->disk, window->file, offset + left,
                                          window->at + left, WINDOW_BYTES - left, &got);
        if (err != OK)
            return err;
        window->size += got;
    }
    *ret_bytes = bytes_of(window->at + (offset - window->offset),
                          (size_t)(window->offset + window->size - offset));
    return OK;
}

/* ---- the end of a growing one -----------------------------------------------------------------
 */
static bool is_zero(struct bytes b)
{
    for (size_t i = 0; i < b.size; i++)
        if (b.at[i] != 0)
            return false;
    return true;
}

static uint64_t padded(uint64_t bytes, uint64_t align)
{
    return (bytes + align - 1) / align * align;
}

static enum err end_find(struct window *window, uint64_t epoch, uint64_t offset, uint64_t *end)
{
    uint64_t zeroes = 0;
    for (;;) {
        struct bytes b, body;
        struct batch_header header;
        enum err err = window_look(window, offset, &b);
        if (err != OK || b.size < BATCH_HEADER_SIZE)
            return err;
        if (batch_bytes_claimed(b) > 0 && batch_open(b, epoch, &header, &body) == OK) {
            offset += padded(BATCH_HEADER_SIZE + header.body_bytes, FORMAT_BLOCK);
            *end = offset;
            zeroes = 0;
            continue;
        }
        b.size = b.size < FORMAT_BLOCK ? b.size : FORMAT_BLOCK;
        zeroes = is_zero(b) ? zeroes + b.size : 0;
        if (zeroes >= ZEROES_ENOUGH)
            return OK;
        offset += FORMAT_BLOCK;
    }
}

enum err segment_file_end(struct disk *disk, const char *path, uint64_t epoch, uint64_t offset,
                          uint64_t *ret_end)
{
    struct window window;
    uint64_t end = offset;
    enum err err = window_open(&window, disk, path);
    if (err == OK)
        err = end_find(&window, epoch, offset, &end);
    window_close(&window);
    if (err == OK)
        *ret_end = end;
    return err;
}

/* ---- cutting ----------------------------------------------------------------------------------
 */
struct cutting {
    const struct segment_cut *cut;
    struct window window;
    struct segment_header header;
    struct disk_file *file; /* the new one; NULL until there is something for it */
    uint64_t offset, written;
    struct batch_header last; /* that was kept */
};

static enum err cutting_write(struct cutting *cutting, const void *at, size_t size)
{
    struct disk *to = cutting->cut->to;
    enum err err = OK;
    if (cutting->file == NULL) {
        err =
            to->open(to, cutting->cut->path, DISK_READ | DISK_WRITE | DISK_CREATE, &cutting->file);
        cutting->written = SEGMENT_HEADER_SIZE;
    }
    if (err == OK)
        err = to->write(to, cutting->file, cutting->written, at, size);
    cutting->written += size;
    return err;
}

/* Batches that end at or before the position, as they stand. */
static enum err cutting_batches(struct cutting *cutting, bool lane)
{
    uint64_t align = lane ? LANE_ALIGN : FORMAT_BLOCK;
    for (;;) {
        struct bytes b, body;
        struct batch_header header;
        enum err err = window_look(&cutting->window, cutting->offset, &b);
        if (err != OK)
            return err;
        if (b.size == 0)
            return OK;
        err = batch_open(b, cutting->header.epoch, &header, &body);
        if (err != OK)
            return lane ? ERR_CORRUPT : OK; /* the end of a growing one: its caller judges */
        size_t size = (size_t)padded(BATCH_HEADER_SIZE + header.body_bytes, align);
        bool mark = lane && header.body_bytes == 0 && header.records == 0;
        if (header.position + header.records > cutting->cut->position || mark)
            return OK;
        err = cutting_write(cutting, b.at, size < b.size ? size : b.size);
        if (err != OK)
            return err;
        cutting->last = header;
        cutting->offset += size;
    }
}

/* The mark says that nothing is missing behind the last batch. */
static enum err cutting_mark(struct cutting *cutting, bool lane)
{
    uint8_t block[FORMAT_BLOCK] = {0};
    uint64_t end = lane ? cutting->cut->end : cutting->last.position + cutting->last.records;
    struct batch_header mark = {.epoch = cutting->header.epoch,
                                .position = end,
                                .durable = end,
                                .engine_ns = cutting->last.engine_ns,
                                .wall_ns = cutting->last.wall_ns,
                                .lanes = (uint8_t)(1U << (LANE_FACTS - 1))};
    if (lane)
        mark.lanes = (uint8_t)(1U << (cutting->header.kind - SEGMENT_FACTS));
    batch_seal(block, &mark);
    return cutting_write(cutting, block, lane ? BATCH_HEADER_SIZE : sizeof block);
}

static enum err cutting_header(struct cutting *cutting, bool lane)
{
    uint8_t block[SEGMENT_HEADER_SIZE];
    struct disk *to = cutting->cut->to;
    struct segment_header header = cutting->header;
    if (lane) {
        header.last_position = cutting->cut->end;
        header.lanes = cutting->cut->lanes;
    }
    segment_header_put(block, &header);
    enum err err = to->write(to, cutting->file, 0, block, sizeof block);
    if (err == OK)
        err = to->truncate(to, cutting->file, cutting->written);
    return err == OK ? to->sync(to, cutting->file) : err;
}

enum err segment_file_cut(const struct segment_cut *cut, uint64_t *ret_bytes)
{
    struct cutting cutting = {.cut = cut, .offset = SEGMENT_HEADER_SIZE};
    enum err err = segment_file_header(cut->from, cut->path, &cutting.header);
    if (err != OK)
        return err;
    bool lane = cutting.header.kind != SEGMENT_OPEN;
    err = window_open(&cutting.window, cut->from, cut->path);
    if (err == OK)
        err = cutting_batches(&cutting, lane);
    bool wanted = cutting.file != NULL || cutting.header.kind == SEGMENT_FACTS;
    if (err == OK && wanted)
        err = cutting_mark(&cutting, lane);
    if (err == OK && cutting.file != NULL)
        err = cutting_header(&cutting, lane);
    window_close(&cutting.window);
    cut->to->close(cut->to, cutting.file);
    if (err == OK)
        *ret_bytes = cutting.file != NULL ? cutting.written : 0;
    return err;
}

/* ---- released ---------------------------------------------------------------------------------
 */
static const char samples_word[] = "samples-released-to-segment=",
                  messages_word[] = "messages-released-to-segment=";

static uint64_t released_find(const char *text, const char *word)
{
    uint64_t number = 0;
    const char *at = strstr(text, word);
    if (at != NULL && sscanf(at + strlen(word), "%20" SCNu64, &number) != 1)
        number = 0;
    return number;
}

void segments_released_parse(const char *text, struct segments_released *ret_released)
{
    ret_released->samples = released_find(text, samples_word);
    ret_released->messages = released_find(text, messages_word);
}

static size_t released_put(char *text, size_t size, const char *word, uint64_t number)
{
    int line = snprintf(text, size, "%s%" PRIu64 " ", word, number);
    uint32_t sum = crc32c(0, text, (size_t)line);
    return (size_t)line +
           (size_t)snprintf(text + line, size - (size_t)line, "crc=%08" PRIx32 "\n", sum);
}

size_t segments_released_print(const struct segments_released *released, char text[256])
{
    size_t size = released_put(text, 128, samples_word, released->samples);
    return size + released_put(text + size, 128, messages_word, released->messages);
}
