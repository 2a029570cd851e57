/* The list of parts: which files count. It is replaced as a whole; when it is lost, the footers of
 * the parts tell what it said.
 *
 * What is found damaged is moved to "damaged/", and told again at each reading for as long as it
 * lies there: a restart does not make anybody forget that samples are missing. Of a file that is
 * gone an empty one with its name is put there. */
#include "parts/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAGIC UINT64_C(0x0a4c54524150534d) /* "MSPARTL\n" */
#define LIST_VERSION 1
#define LIST_HEADER_SIZE 64
#define LIST_BYTES(count) (LIST_HEADER_SIZE + (size_t)(count)*PART_INFO_SIZE + 4)

/* ---- bytes ------------------------------------------------------------------------------------
 */
static void list_put(uint8_t *at, const struct parts_list *list)
{
    size_t size = LIST_HEADER_SIZE;
    memset(at, 0, LIST_HEADER_SIZE);
    store_u64(at, LIST_MAGIC);
    store_u32(at + 8, LIST_VERSION);
    store_u32(at + 12, (uint32_t)list->count);
    store_u64(at + 16, list->journal[0]);
    store_u64(at + 24, list->journal[1]);
    store_u64(at + 32, list->serial);
    store_u64(at + 40, list->sealed);
    store_u32(at + LIST_HEADER_SIZE - 4, crc32c(0, at, LIST_HEADER_SIZE - 4));
    for (size_t i = 0; i < list->count; i++, size += PART_INFO_SIZE)
        part_info_put(at + size, &list->parts[i]);
    store_u32(at + size, crc32c(0, at + LIST_HEADER_SIZE, size - LIST_HEADER_SIZE));
}

/* How many parts follow the header. ERR_CORRUPT, ERR_NEWER. */
static enum err list_header_get(struct bytes b, struct parts_list *list)
{
    if (b.size < LIST_BYTES(0) || load_u64(b.at) != LIST_MAGIC ||
        load_u32(b.at + LIST_HEADER_SIZE - 4) != crc32c(0, b.at, LIST_HEADER_SIZE - 4))
        return ERR_CORRUPT;
    if (load_u32(b.at + 8) > LIST_VERSION)
        return ERR_NEWER;
    list->count = load_u32(b.at + 12);
    if (load_u32(b.at + 8) != LIST_VERSION || list->count > PARTS_MAX ||
        b.size != LIST_BYTES(list->count))
        return ERR_CORRUPT;
    list->journal[0] = load_u64(b.at + 16);
    list->journal[1] = load_u64(b.at + 24);
    list->serial = load_u64(b.at + 32);
    list->sealed = load_u64(b.at + 40);
    return OK;
}

static enum err list_get(struct bytes b, struct parts_list *ret_list)
{
    struct parts_list list = {0};
    enum err err = list_header_get(b, &list);
    if (err != OK)
        return err;
    size_t size = b.size - LIST_HEADER_SIZE - 4;
    if (load_u32(b.at + b.size - 4) != crc32c(0, b.at + LIST_HEADER_SIZE, size))
        return ERR_CORRUPT;
    list.parts = calloc(list.count + 1, sizeof list.parts[0]);
    if (list.parts == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < list.count; i++) {
        if (!part_info_get(b.at + LIST_HEADER_SIZE + i * PART_INFO_SIZE, &list.parts[i])) {
            free(list.parts);
            return ERR_CORRUPT;
        }
    }
    *ret_list = list;
    return OK;
}

static int info_compare(const void *a, const void *b)
{
    const struct part_info *one = a, *other = b;
    if (one->tier != other->tier)
        return one->tier < other->tier ? -1 : 1;
    if (one->from != other->from)
        return one->from < other->from ? -1 : 1;
    return one->serial < other->serial ? -1 : one->serial > other->serial;
}

static void list_sort(struct parts_list *list)
{
    if (list->count > 1)
        qsort(list->parts, list->count, sizeof list->parts[0], info_compare);
}

void parts_list_done(struct parts_list *list)
{
    free(list->parts);
    *list = (struct parts_list){0};
}

/* ---- writing ----------------------------------------------------------------------------------
 */
static enum err file_write(struct disk *disk, const char *path, const void *at, size_t size)
{
    struct disk_file *file;
    enum err err = disk->open(disk, path, DISK_WRITE | DISK_CREATE, &file);
    if (err != OK)
        return err;
    err = disk->truncate(disk, file, 0);
    if (err == OK && size > 0)
        err = disk->write(disk, file, 0, at, size);
    if (err == OK)
        err = disk->sync(disk, file);
    disk->close(disk, file);
    if (err != OK)
        (void)!disk->remove(disk, path);
    return err;
}

enum err parts_list_write(struct disk *disk, const char *folder, const struct parts_list *list)
{
    char path[PART_PATH_SIZE], beside[PART_PATH_SIZE];
    if (list->count > PARTS_MAX)
        return ERR_LIMIT;
    size_t size = LIST_BYTES(list->count);
    uint8_t *at = malloc(size);
    if (at == NULL)
        return ERR_NO_MEMORY;
    list_put(at, list);
    part_path_put(path, folder, PARTS_LIST);
    part_path_put(beside, folder, PARTS_LIST ".tmp");
    enum err err = part_folder_make(disk, folder);
    if (err == OK)
        err = file_write(disk, beside, at, size);
    free(at);
    if (err != OK)
        return err;
    err = disk->rename(disk, beside, path);
    if (err != OK)
        (void)!disk->remove(disk, beside);
    return err == OK ? disk->sync_folder(disk, folder) : err;
}

/* ---- reading ----------------------------------------------------------------------------------
 */
struct names {
    char (*at)[PART_NAME_SIZE + 8];
    uint64_t *sizes;
    size_t count, capacity;
    bool failed; /* no memory */
};

struct reading {
    struct disk *disk;
    const char *folder;
    bool read_only;
    part_damaged *damaged;
    void *arg;
    struct names files, aside; /* in the folder, in damaged/ */
    struct parts_list list;
    bool changed; /* it is not what the file says */
    enum err err; /* what was damaged could not be set aside */
};

static void names_add(void *arg, const char *name, uint64_t size)
{
    struct names *names = arg;
    if (names->failed || strlen(name) >= sizeof names->at[0])
        return; /* no name of ours */
    if (names->count == names->capacity) {
        size_t capacity = 2 * names->capacity + 64;
        void *at = realloc(names->at, capacity * sizeof names->at[0]);
        names->at = at != NULL ? at : names->at;
        void *sizes = at == NULL ? NULL : realloc(names->sizes, capacity * sizeof *names->sizes);
        names->sizes = sizes != NULL ? sizes : names->sizes;
        names->failed = at == NULL || sizes == NULL;
        if (names->failed)
            return;
        names->capacity = capacity;
    }
    names->sizes[names->count] = size;
    snprintf(names->at[names->count++], sizeof names->at[0], "%s", name);
}

static enum err names_read(struct disk *disk, const char *folder, struct names *names)
{
    enum err err = disk->list(disk, folder, names_add, names);
    if (err == ERR_MISSING)
        return OK;
    return err == OK && names->failed ? ERR_NO_MEMORY : err;
}

static bool names_have(const struct names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->at[i], name) == 0)
            return true;
    }
    return false;
}

static void reading_tell(struct reading *reading, const struct part_info *info, const char *why)
{
    struct part_damage damage = {.bytes = info->bytes,
                                 .owner_last = PART_OWNER_MAX,
                                 .first_ns = INT64_MIN,
                                 .last_ns = INT64_MAX};
    if (info->chunks > 0 && info->first_ns <= info->last_ns) {
        damage.first_ns = info->first_ns;
        damage.last_ns = info->last_ns;
    }
    snprintf(damage.file, sizeof damage.file, "%s", info->name);
    snprintf(damage.why, sizeof damage.why, "%s", why);
    if (reading->damaged != NULL)
        reading->damaged(reading->arg, &damage);
}

/* Moves a file to damaged/; of one that is gone, its name. When that fails, so does the reading: a
 * damaged file that the list does not have, left where it was, would be a leftover one day. */
static void reading_set_aside(struct reading *reading, const char *name)
{
    struct disk *disk = reading->disk;
    char from[PART_PATH_SIZE], to[PART_PATH_SIZE], aside[PART_PATH_SIZE];
    if (reading->read_only)
        return;
    part_path_put(from, reading->folder, name);
    part_path_put(aside, reading->folder, PARTS_DAMAGED);
    part_path_put(to, aside, name);
    enum err err = part_folder_make(disk, aside);
    if (err == OK)
        err = disk->rename(disk, from, to);
    if (err == ERR_MISSING)
        err = file_write(disk, to, NULL, 0);
    if (err == OK)
        err = disk->sync_folder(disk, aside);
    if (err == OK)
        err = disk->sync_folder(disk, reading->folder);
    if (reading->err == OK)
        reading->err = err;
}

/* What cannot be known now, and may be well tomorrow: no reason to leave a part out. */
static bool err_is_ours(enum err err)
{
    return err == ERR_NO_MEMORY || err == ERR_LIMIT || err == ERR_REFUSED || err == ERR_NEWER;
}

static const char *why_of(enum err err)
{
    return err == ERR_MISSING ? "the file is missing"
           : err == ERR_IO    ? "the file cannot be read"
                              : "header, footer or top of the index is damaged";
}

/* Footer and top of one file; *ret_info when it is whole. A disk that fails is asked twice. */
static enum err reading_look(struct reading *reading, const char *name, struct part_info *ret_info)
{
    struct part *part;
    enum err err = part_open(reading->disk, reading->folder, name, &part);
    if (err == ERR_IO)
        err = part_open(reading->disk, reading->folder, name, &part);
    if (err != OK)
        return err;
    *ret_info = part->info;
    part_release(part);
    return OK;
}

/* Leaves out what is not as the list has it. */
static enum err list_verify(struct reading *reading)
{
    struct parts_list *list = &reading->list;
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct part_info *info = &list->parts[i], found;
        enum err err = reading_look(reading, info->name, &found);
        if (err_is_ours(err))
            return err;
        bool same = err == OK && part_info_same(info, &found) && info->bytes == found.bytes;
        if (same) {
            list->parts[kept++] = *info;
            continue;
        }
        reading->changed = true;
        if (err == ERR_MISSING && names_have(&reading->aside, info->name))
            continue; /* told already: only the list was not written any more */
        reading_tell(reading, info, err == OK ? "not the file that the list means" : why_of(err));
        reading_set_aside(reading, info->name);
    }
    list->count = kept;
    return OK;
}

/* ---- making it anew ---------------------------------------------------------------------------
 */
static int serial_compare(const void *a, const void *b)
{
    const struct part_info *one = a, *other = b;
    return one->serial > other->serial ? -1 : one->serial < other->serial;
}

enum fate { FATE_KEPT, FATE_REPLACED, FATE_CONTRADICTED };

/* Against those that count already, all of a higher serial. What lies within a newer part was
 * merged into it; a newer one that lies within an older was salvaged, and both count. */
static enum fate fate_of(const struct parts_list *list, const struct part_info *info)
{
    enum fate fate = FATE_KEPT;
    for (size_t i = 0; i < list->count; i++) {
        const struct part_info *newer = &list->parts[i];
        if (newer->tier != info->tier || newer->from >= info->to || newer->to <= info->from)
            continue;
        if (newer->from <= info->from && newer->to >= info->to)
            return FATE_REPLACED;
        if (newer->from < info->from || newer->to > info->to)
            fate = FATE_CONTRADICTED;
    }
    return fate;
}

static void list_choose(struct reading *reading, struct part_info *found, size_t count)
{
    struct parts_list *list = &reading->list;
    qsort(found, count, sizeof *found, serial_compare);
    list->parts = found;
    for (size_t i = 0; i < count; i++) {
        struct part_info info = found[i];
        enum fate fate = list->count < PARTS_MAX ? fate_of(list, &info) : FATE_CONTRADICTED;
        if (fate == FATE_KEPT)
            list->parts[list->count++] = info;
        else if (fate == FATE_CONTRADICTED) {
            reading_tell(reading, &info, "what it holds overlaps with newer parts");
            reading_set_aside(reading, info.name);
        }
        if (i == 0) {
            list->journal[0] = info.journal[0];
            list->journal[1] = info.journal[1];
        }
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct part_info *info = &list->parts[i];
        if (info->tier == PART_RAW && info->to > list->sealed)
            list->sealed = info->to;
    }
}

static enum err list_rebuild(struct reading *reading)
{
    struct part_info *found = calloc(reading->files.count + 1, sizeof *found);
    size_t count = 0;
    if (found == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < reading->files.count; i++) {
        const char *name = reading->files.at[i];
        struct part_info named, info;
        if (!part_name_get(name, &named))
            continue;
        enum err err = reading_look(reading, name, &info);
        if (err_is_ours(err)) {
            free(found);
            return err;
        }
        if (err == OK && strcmp(info.name, name) == 0) {
            found[count++] = info;
            continue;
        }
        named.bytes = reading->files.sizes[i];
        reading_tell(reading, &named, err == OK ? "the file has another's name" : why_of(err));
        reading_set_aside(reading, name);
    }
    list_choose(reading, found, count);
    reading->changed = true;
    return OK;
}

/* ---- leftovers --------------------------------------------------------------------------------
 */
static bool list_names(const struct parts_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->parts[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Ours by name, and in no list: a writer was interrupted, or a merge was done. */
static bool is_leftover(const struct reading *reading, const char *name)
{
    char bare[PART_NAME_SIZE + 8];
    struct part_info info;
    snprintf(bare, sizeof bare, "%s", name);
    size_t size = strlen(bare);
    bool temporary = size > 4 && strcmp(bare + size - 4, ".tmp") == 0;
    if (temporary)
        bare[size - 4] = 0;
    if (temporary && strcmp(bare, PARTS_LIST) == 0)
        return true;
    return part_name_get(bare, &info) && (temporary || !list_names(&reading->list, bare));
}

static void leftovers_remove(struct reading *reading)
{
    char path[PART_PATH_SIZE];
    for (size_t i = 0; i < reading->files.count; i++) {
        const char *name = reading->files.at[i];
        if (!is_leftover(reading, name))
            continue;
        part_path_put(path, reading->folder, name);
        (void)!reading->disk->remove(reading->disk, path); /* else the next start's */
    }
}

/* Serials are not given twice, those of parts that were lost among them. */
static void serials_learn(struct parts_list *list, const struct names *names)
{
    for (size_t i = 0; i < names->count; i++) {
        struct part_info info;
        if (part_name_get(names->at[i], &info) && info.serial > list->serial)
            list->serial = info.serial;
    }
}

/* What was set aside before. */
static void aside_tell(struct reading *reading)
{
    for (size_t i = 0; i < reading->aside.count; i++) {
        struct part_info info;
        if (!part_name_get(reading->aside.at[i], &info))
            continue;
        info.bytes = reading->aside.sizes[i];
        reading_tell(reading, &info,
                     info.bytes == 0 ? "the file is missing" : "set aside as damaged");
    }
}

/* ---- the whole --------------------------------------------------------------------------------
 */
/* The file's bytes; ERR_MISSING when there is none. */
static enum err list_load(struct reading *reading, uint8_t **ret_at, size_t *ret_size)
{
    struct disk *disk = reading->disk;
    struct disk_file *file;
    char path[PART_PATH_SIZE];
    uint8_t *at = NULL;
    uint64_t size = 0;
    part_path_put(path, reading->folder, PARTS_LIST);
    enum err err = disk->open(disk, path, DISK_READ, &file);
    if (err != OK)
        return err;
    err = disk->size(disk, file, &size);
    if (err == OK && size > LIST_BYTES(PARTS_MAX))
        err = ERR_CORRUPT;
    if (err == OK && (at = malloc((size_t)size + 1)) == NULL)
        err = ERR_NO_MEMORY;
    if (err == OK)
        err = disk->read(disk, file, 0, at, (size_t)size, ret_size);
    disk->close(disk, file);
    if (err == OK)
        *ret_at = at;
    else
        free(at);
    return err;
}

static enum err reading_run(struct reading *reading, char *ret_rebuilt)
{
    uint8_t *at = NULL;
    size_t size = 0;
    enum err err = list_load(reading, &at, &size);
    if (err == ERR_IO)
        err = list_load(reading, &at, &size);
    if (err == OK)
        err = list_get(bytes_of(at, size), &reading->list);
    free(at);
    if (err == OK)
        return list_verify(reading);
    if (err_is_ours(err))
        return err;
    reading->list.sealed = 1;
    bool missing = err == ERR_MISSING, some = false;
    for (size_t i = 0; i < reading->files.count; i++) {
        struct part_info info;
        some |= part_name_get(reading->files.at[i], &info);
    }
    if (missing && !some)
        return OK;
    snprintf(ret_rebuilt, 128, "the list of parts %s; made anew from the parts",
             missing         ? "is missing"
             : err == ERR_IO ? "cannot be read"
                             : "is damaged");
    if (!missing)
        reading_set_aside(reading, PARTS_LIST);
    return list_rebuild(reading);
}

enum err parts_list_read(struct disk *disk, const char *folder, bool read_only,
                         part_damaged *damaged, void *arg, struct parts_list *ret_list,
                         char ret_rebuilt[128])
{
    struct reading reading = {
        .disk = disk, .folder = folder, .read_only = read_only, .damaged = damaged, .arg = arg};
    char aside[PART_PATH_SIZE];
    check(strlen(folder) <= PART_FOLDER_MAX);
    part_path_put(aside, folder, PARTS_DAMAGED);
    ret_rebuilt[0] = 0;
    enum err err = names_read(disk, folder, &reading.files);
    if (err == OK)
        err = names_read(disk, aside, &reading.aside);
    if (err == OK)
        aside_tell(&reading);
    if (err == OK)
        err = reading_run(&reading, ret_rebuilt);
    if (err == OK)
        err = reading.err;
    if (err == OK) {
        serials_learn(&reading.list, &reading.files);
        serials_learn(&reading.list, &reading.aside);
        list_sort(&reading.list);
        bool safe =
            !read_only && (!reading.changed || parts_list_write(disk, folder, &reading.list) == OK);
        if (safe)
            leftovers_remove(&reading);
        *ret_list = reading.list;
    } else
        parts_list_done(&reading.list);
    free(reading.files.at);
    free(reading.files.sizes);
    free(reading.aside.at);
    free(reading.aside.sizes);
    return err;
}
