/* A manifest is text, one file a line, for who must look into a target by hand one day; its last
 * line is the sum of all before it, so that a manifest is whole or none.
 *
 *   mainstem-backup 1
 *   serial 12
 *   journal 0123456789abcdef 0123456789abcdef
 *   position 4711
 *   sealed 4000
 *   pending 0
 *   wall 1772352000250000000
 *   taken 1772352001000000000
 *   erasure 4100 1772352000000000000 1772353000000000000
 *   file 1 9ae0daaf 4096 journal/0000000001.facts journal/0000000001.facts-9ae0daaf-4096
 *   end 1c291ca3
 */
#include "backup/manifest.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANIFEST_VERSION 1
#define LINE_MAX_BYTES 512
#define HEAD_LINES 8

void backup_manifest_done(struct backup_manifest *manifest)
{
    free(manifest->files);
    free(manifest->erasures);
    *manifest = (struct backup_manifest){.serial = 0};
}

static int file_compare(const void *a, const void *b)
{
    return strcmp(((const struct backup_file *)a)->name, ((const struct backup_file *)b)->name);
}

const struct backup_file *backup_manifest_find(const struct backup_manifest *manifest,
                                               const char *name)
{
    size_t low = 0, high = manifest->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(manifest->files[middle].name, name);
        if (order == 0)
            return &manifest->files[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

void manifest_sort(struct backup_manifest *manifest)
{
    if (manifest->count > 0)
        qsort(manifest->files, manifest->count, sizeof *manifest->files, file_compare);
}

void manifest_name(char name[MANIFEST_NAME_SIZE], uint64_t serial)
{
    snprintf(name, MANIFEST_NAME_SIZE, MANIFEST_FOLDER "/%010" PRIu64 ".manifest", serial);
}

enum err manifest_add(struct backup_manifest *manifest, const struct backup_file *file,
                      size_t *capacity)
{
    if (manifest->count == BACKUP_FILES_MAX)
        return ERR_LIMIT;
    if (manifest->count == *capacity) {
        size_t wanted = *capacity == 0 ? 64 : 2 * *capacity;
        struct backup_file *grown = realloc(manifest->files, wanted * sizeof *grown);
        if (grown == NULL)
            return ERR_NO_MEMORY;
        manifest->files = grown;
        *capacity = wanted;
    }
    manifest->files[manifest->count++] = *file;
    manifest->bytes += file->bytes;
    return OK;
}

/* Grown at powers of two. */
enum err manifest_add_erasure(struct backup_manifest *manifest,
                              const struct backup_erasure *erasure)
{
    size_t count = manifest->erasure_count;
    if (count == BACKUP_ERASURES_MAX)
        memmove(manifest->erasures, manifest->erasures + 1, --count * sizeof *erasure);
    if ((count & (count - 1)) == 0) {
        size_t wanted = count == 0 ? 1 : 2 * count;
        struct backup_erasure *grown = realloc(manifest->erasures, wanted * sizeof *grown);
        if (grown == NULL)
            return ERR_NO_MEMORY;
        manifest->erasures = grown;
    }
    manifest->erasures[count] = *erasure;
    manifest->erasure_count = count + 1;
    return OK;
}

/* ---- reading ----------------------------------------------------------------------------------
 */
/* Names are made of these alone; none begins with a dot, or leads out of its folder. */
static bool name_is_ours(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || name[0] == '/' || name[size - 1] == '/')
        return false;
    for (size_t i = 0; i < size; i++) {
        char byte = name[i];
        bool plain = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
                     (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '_' || byte == '.' ||
                     byte == '/';
        if (!plain || (byte == '.' && (i == 0 || name[i - 1] == '/')) ||
            (byte == '/' && name[i - 1] == '/'))
            return false;
    }
    return true;
}

static bool file_parse(const char *line, struct backup_file *ret_file)
{
    struct backup_file file = {0};
    unsigned kind;
    int end = 0;
    _Static_assert(BACKUP_NAME_MAX == 120 && sizeof file.stored == 160, "the widths below");
    if (sscanf(line, "file %1u %8" SCNx32 " %20" SCNu64 " %120s %159s%n", &kind, &file.sum,
               &file.bytes, file.name, file.stored, &end) != 5 ||
        line[end] != 0)
        return false;
    file.kind = (uint8_t)kind;
    if (kind < BACKUP_WHOLE || kind > BACKUP_SMALL || !name_is_ours(file.name) ||
        !name_is_ours(file.stored))
        return false;
    *ret_file = file;
    return true;
}

/* The lines before the files, each with its name, in this order. */
static bool head_parse(char *lines[HEAD_LINES], struct backup_manifest *manifest)
{
    return sscanf(lines[1], "serial %20" SCNu64, &manifest->serial) == 1 &&
           sscanf(lines[2], "journal %16" SCNx64 " %16" SCNx64, &manifest->journal[0],
                  &manifest->journal[1]) == 2 &&
           sscanf(lines[3], "position %20" SCNu64, &manifest->position) == 1 &&
           sscanf(lines[4], "sealed %20" SCNu64, &manifest->sealed) == 1 &&
           sscanf(lines[5], "pending %20" SCNu64, &manifest->pending) == 1 &&
           sscanf(lines[6], "wall %20" SCNd64, &manifest->wall_ns) == 1 &&
           sscanf(lines[7], "taken %20" SCNd64, &manifest->taken_ns) == 1;
}

/* The next line without its end, NUL-terminated in place; NULL: there is none that is whole. */
static char *line_next(char *text, size_t size, size_t *offset)
{
    char *line = text + *offset;
    char *end = *offset < size ? memchr(line, '\n', size - *offset) : NULL;
    if (end == NULL || (size_t)(end - line) > LINE_MAX_BYTES ||
        memchr(line, 0, (size_t)(end - line)) != NULL)
        return NULL;
    *end = 0;
    *offset = (size_t)(end - text) + 1;
    return line;
}

static enum err line_add(const char *line, struct backup_manifest *manifest, size_t *capacity)
{
    struct backup_file file;
    struct backup_erasure erasure;
    if (sscanf(line, "erasure %20" SCNu64 " %20" SCNd64 " %20" SCNd64, &erasure.position,
               &erasure.from_ns, &erasure.to_ns) == 3)
        return manifest_add_erasure(manifest, &erasure);
    if (!file_parse(line, &file))
        return ERR_CORRUPT;
    if (manifest->count > 0 && strcmp(manifest->files[manifest->count - 1].name, file.name) >= 0)
        return ERR_CORRUPT;
    return manifest_add(manifest, &file, capacity);
}

static enum err files_parse(char *text, size_t size, size_t offset,
                            struct backup_manifest *manifest)
{
    size_t capacity = 0;
    while (offset < size) {
        const char *line = line_next(text, size, &offset);
        enum err err = line != NULL ? line_add(line, manifest, &capacity) : ERR_CORRUPT;
        if (err != OK)
            return err;
    }
    return OK;
}

/* Where the last line begins, when its sum fits all before it; 0: it does not. */
static size_t end_find(const char *text, size_t size)
{
    static const char word[] = "end ";
    const size_t line = sizeof word - 1 + 8 + 1;
    char last[sizeof word + 8];
    uint32_t sum;
    if (size < line || text[size - 1] != '\n')
        return 0;
    memcpy(last, text + size - line, line - 1);
    last[line - 1] = 0;
    if (strncmp(last, word, sizeof word - 1) != 0 ||
        sscanf(last + sizeof word - 1, "%8" SCNx32, &sum) != 1 ||
        crc32c(0, text, size - line) != sum)
        return 0;
    return size - line;
}

enum err manifest_parse(char *text, size_t size, struct backup_manifest *ret_manifest)
{
    struct backup_manifest manifest = {.serial = 0};
    char *lines[HEAD_LINES];
    unsigned version;
    size_t offset = 0, end = end_find(text, size);
    for (size_t i = 0; i < HEAD_LINES; i++) {
        lines[i] = line_next(text, end, &offset);
        if (lines[i] == NULL)
            return ERR_CORRUPT;
        if (i == 0 && sscanf(lines[0], "mainstem-backup %9u", &version) != 1)
            return ERR_CORRUPT;
        if (i == 0 && version > MANIFEST_VERSION)
            return ERR_NEWER;
    }
    if (!head_parse(lines, &manifest) || manifest.serial == 0)
        return ERR_CORRUPT;
    enum err err = files_parse(text, end, offset, &manifest);
    if (err != OK)
        backup_manifest_done(&manifest);
    else
        *ret_manifest = manifest;
    return err;
}

/* ---- writing ----------------------------------------------------------------------------------
 */
char *manifest_print(const struct backup_manifest *manifest, size_t *ret_size)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    if (to == NULL)
        return NULL;
    fprintf(to,
            "mainstem-backup %d\nserial %" PRIu64 "\njournal %016" PRIx64 " %016" PRIx64
            "\nposition %" PRIu64 "\nsealed %" PRIu64 "\npending %" PRIu64 "\nwall %" PRId64
            "\ntaken %" PRId64 "\n",
            MANIFEST_VERSION, manifest->serial, manifest->journal[0], manifest->journal[1],
            manifest->position, manifest->sealed, manifest->pending, manifest->wall_ns,
            manifest->taken_ns);
    for (size_t i = 0; i < manifest->erasure_count; i++)
        fprintf(to, "erasure %" PRIu64 " %" PRId64 " %" PRId64 "\n", manifest->erasures[i].position,
                manifest->erasures[i].from_ns, manifest->erasures[i].to_ns);
    for (size_t i = 0; i < manifest->count; i++) {
        const struct backup_file *file = &manifest->files[i];
        fprintf(to, "file %u %08" PRIx32 " %" PRIu64 " %s %s\n", (unsigned)file->kind, file->sum,
                file->bytes, file->name, file->stored);
    }
    bool failed = fflush(to) != 0;
    if (!failed)
        fprintf(to, "end %08" PRIx32 "\n", crc32c(0, text, size));
    if (fclose(to) != 0 || failed) {
        free(text);
        return NULL;
    }
    *ret_size = size;
    return text;
}
