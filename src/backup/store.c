#include "backup/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TELL_SIZE 600
#define MANIFEST_BYTES_MAX ((uint64_t)512 << 20)
static const char temporary[] = ".tmp";

/* ---- the port ---------------------------------------------------------------------------------
 */
bool port_stopped(const struct backup_port *port)
{
    return port->stop != NULL && port->stop(port->arg);
}

void port_tell(const struct backup_port *port, enum log_level level, const char *format, ...)
{
    char text[TELL_SIZE];
    va_list args;
    if (port->tell == NULL)
        return;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    port->tell(port->arg, level, text);
}

void port_progress(const struct backup_port *port, const char *stage, uint64_t done, uint64_t all)
{
    if (port->progress != NULL)
        port->progress(port->arg, stage, done, all);
}

enum err store_open(struct disk *target, const struct backup_port *port, struct store *ret_store)
{
    *ret_store = (struct store){.target = target, .port = port, .stage = "", .passes = 1};
    ret_store->piece = malloc(STORE_PIECE);
    return ret_store->piece != NULL ? OK : ERR_NO_MEMORY;
}

void store_close(struct store *store)
{
    free(store->piece);
    store->piece = NULL;
}

void store_stage(struct store *store, const char *stage, unsigned passes, uint64_t all)
{
    store->stage = stage;
    store->passes = passes;
    store->all = all;
    store->finished = store->file_read = 0;
    port_progress(store->port, stage, 0, all);
}

void store_finish(struct store *store, uint64_t bytes)
{
    store->finished += bytes;
    store->file_read = 0;
    port_progress(store->port, store->stage, store->finished, store->all);
}

/* ---- files ------------------------------------------------------------------------------------
 */
void store_path(char path[STORED_PATH_SIZE], const char *stored)
{
    snprintf(path, STORED_PATH_SIZE, FILES_FOLDER "/%s", stored);
}

enum err store_make_folders(struct disk *disk, const char *path)
{
    char folder[DISK_NAME_SIZE];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
        enum err err = disk->make_folder(disk, folder);
        if (err != OK)
            return err;
    }
    return OK;
}

/* A piece of an open file; ERR_CORRUPT when it ends before. */
static enum err piece_read(struct store *store, struct disk *disk, struct disk_file *file,
                           uint64_t offset, size_t size)
{
    size_t got = 0;
    if (port_stopped(store->port))
        return ERR_STOPPED;
    enum err err = disk->read(disk, file, offset, store->piece, size, &got);
    if (err == OK && got < size)
        err = ERR_CORRUPT;
    if (err == OK) {
        store->file_read += size;
        port_progress(store->port, store->stage, store->finished + store->file_read / store->passes,
                      store->all);
    }
    return err;
}

enum err store_sum(struct store *store, struct disk *disk, const char *path, uint64_t offset,
                   uint64_t bytes, uint32_t *sum)
{
    struct disk_file *file;
    uint32_t so_far = *sum;
    enum err err = disk->open(disk, path, DISK_READ, &file);
    if (err != OK)
        return err;
    for (uint64_t done = 0; done < bytes && err == OK;) {
        size_t size = bytes - done < STORE_PIECE ? (size_t)(bytes - done) : STORE_PIECE;
        err = piece_read(store, disk, file, offset + done, size);
        if (err == OK)
            so_far = crc32c(so_far, store->piece, size);
        done += size;
    }
    disk->close(disk, file);
    if (err == OK)
        *sum = so_far;
    return err;
}

static enum err copy_pieces(struct store *store, struct disk *from, struct disk_file *source,
                            struct disk *to, struct disk_file *target, uint64_t offset,
                            uint64_t bytes, uint32_t *sum)
{
    enum err err = to->truncate(to, target, offset);
    for (uint64_t done = 0; done < bytes && err == OK;) {
        size_t size = bytes - done < STORE_PIECE ? (size_t)(bytes - done) : STORE_PIECE;
        err = piece_read(store, from, source, offset + done, size);
        if (err == OK)
            err = to->write(to, target, offset + done, store->piece, size);
        if (err == OK)
            *sum = crc32c(*sum, store->piece, size);
        done += size;
    }
    return err == OK ? to->sync(to, target) : err;
}

enum err store_copy(struct store *store, struct disk *from, const char *from_path, struct disk *to,
                    const char *to_path, uint64_t offset, uint64_t bytes, uint32_t *sum)
{
    struct disk_file *source = NULL, *target = NULL;
    uint32_t so_far = *sum;
    enum err err = from->open(from, from_path, DISK_READ, &source);
    if (err == OK)
        err = to->open(to, to_path, DISK_READ | DISK_WRITE | DISK_CREATE, &target);
    if (err == OK)
        err = copy_pieces(store, from, source, to, target, offset, bytes, &so_far);
    from->close(from, source);
    to->close(to, target);
    if (err == OK)
        *sum = so_far;
    return err;
}

enum err store_read_text(struct disk *disk, const char *path, uint64_t most, char **ret_text,
                         size_t *ret_size)
{
    struct disk_file *file;
    uint64_t bytes = 0;
    size_t got = 0;
    char *text = NULL;
    enum err err = disk->open(disk, path, DISK_READ, &file);
    if (err != OK)
        return err;
    err = disk->size(disk, file, &bytes);
    if (err == OK && bytes > most)
        err = ERR_LIMIT;
    if (err == OK && (text = malloc((size_t)bytes + 1)) == NULL)
        err = ERR_NO_MEMORY;
    if (err == OK)
        err = disk->read(disk, file, 0, text, (size_t)bytes, &got);
    disk->close(disk, file);
    if (err != OK) {
        free(text);
        return err;
    }
    text[got] = 0;
    *ret_text = text;
    *ret_size = got;
    return OK;
}

enum err store_write_text(struct disk *disk, const char *path, const char *text, size_t size)
{
    char beside[DISK_NAME_SIZE];
    struct disk_file *file;
    snprintf(beside, sizeof beside, "%s%s", path, temporary);
    enum err err = store_make_folders(disk, path);
    if (err == OK)
        err = disk->open(disk, beside, DISK_READ | DISK_WRITE | DISK_CREATE, &file);
    if (err != OK)
        return err;
    err = disk->truncate(disk, file, 0);
    if (err == OK)
        err = disk->write(disk, file, 0, text, size);
    if (err == OK)
        err = disk->sync(disk, file);
    disk->close(disk, file);
    return err == OK ? disk->rename(disk, beside, path) : err;
}

/* ---- names ------------------------------------------------------------------------------------
 */
static void names_each(void *arg, const char *name, uint64_t bytes)
{
    struct store_names *names = arg;
    if (names->count == names->capacity) {
        size_t capacity = names->capacity == 0 ? 64 : 2 * names->capacity;
        struct store_name *grown =
            names->no_memory ? NULL : realloc(names->at, capacity * sizeof *grown);
        if (grown == NULL) {
            names->no_memory = true;
            return;
        }
        names->at = grown;
        names->capacity = capacity;
    }
    snprintf(names->at[names->count].name, DISK_NAME_SIZE, "%s", name);
    names->at[names->count++].bytes = bytes;
}

enum err store_names_read(struct disk *disk, const char *folder, struct store_names *ret_names)
{
    struct store_names names = {.count = 0};
    enum err err = disk->list(disk, folder, names_each, &names);
    if (err == ERR_MISSING)
        err = OK;
    if (err == OK && names.no_memory)
        err = ERR_NO_MEMORY;
    if (err != OK)
        store_names_done(&names);
    else
        *ret_names = names;
    return err;
}

void store_names_done(struct store_names *names)
{
    free(names->at);
    *names = (struct store_names){.count = 0};
}

bool store_names_find(const struct store_names *names, const char *name, uint64_t *ret_bytes)
{
    size_t low = 0, high = names->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(names->at[middle].name, name);
        if (order == 0) {
            *ret_bytes = names->at[middle].bytes;
            return true;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* ---- manifests --------------------------------------------------------------------------------
 */
static bool name_ends(const char *name, const char *end)
{
    size_t size = strlen(name), end_size = strlen(end);
    return size > end_size && strcmp(name + size - end_size, end) == 0;
}

static enum err list_add(struct disk *target, const char *name, const struct backup_port *port,
                         struct backup_list *list)
{
    char path[DISK_NAME_SIZE];
    char *text;
    size_t size;
    snprintf(path, sizeof path, MANIFEST_FOLDER "/%s", name);
    if (strlen(name) + sizeof MANIFEST_FOLDER >= sizeof path)
        return OK; /* no name of ours */
    enum err err = store_read_text(target, path, MANIFEST_BYTES_MAX, &text, &size);
    if (err == OK) {
        err = manifest_parse(text, size, &list->manifests[list->count]);
        free(text);
    }
    if (err == OK) {
        list->count++;
        return OK;
    }
    if (err == ERR_NO_MEMORY)
        return err;
    port_tell(port, LOG_ERROR, "%s: %s; it is left alone", path, err_text(err));
    list->damaged++;
    return err == ERR_NEWER ? err : OK;
}

static int serial_compare(const void *a, const void *b)
{
    uint64_t x = ((const struct backup_manifest *)a)->serial,
             y = ((const struct backup_manifest *)b)->serial;
    return x < y ? -1 : x > y;
}

enum err backup_list_read(struct disk *target, const struct backup_port *port,
                          struct backup_list *ret_list)
{
    struct store_names names = {.count = 0};
    struct backup_list list = {.count = 0};
    enum err err = store_names_read(target, MANIFEST_FOLDER, &names);
    if (err != OK)
        return err;
    if (names.count > BACKUP_MANIFESTS_MAX)
        err = ERR_LIMIT;
    list.manifests = calloc(names.count + 1, sizeof *list.manifests);
    if (list.manifests == NULL)
        err = ERR_NO_MEMORY;
    for (size_t i = 0; i < names.count && err == OK; i++)
        if (name_ends(names.at[i].name, ".manifest"))
            err = list_add(target, names.at[i].name, port, &list);
    store_names_done(&names);
    if (err == OK && list.count > 0)
        qsort(list.manifests, list.count, sizeof *list.manifests, serial_compare);
    if (err != OK)
        backup_list_done(&list);
    else
        *ret_list = list;
    return err;
}

void backup_list_done(struct backup_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        backup_manifest_done(&list->manifests[i]);
    free(list->manifests);
    *list = (struct backup_list){.count = 0};
}

/* ---- sweeping ---------------------------------------------------------------------------------
 */
static const char *const folders[] = {"journal", "journal/damaged", "snapshots",
                                      "history", "history/damaged", "documents"};

static int text_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All names that the manifests hold, sorted; each may come several times. */
static const char **stored_names(const struct backup_list *list, size_t *ret_count)
{
    size_t count = 0, at = 0;
    for (size_t i = 0; i < list->count; i++)
        count += list->manifests[i].count;
    const char **names = malloc((count + 1) * sizeof *names);
    if (names == NULL)
        return NULL;
    for (size_t i = 0; i < list->count; i++)
        for (size_t j = 0; j < list->manifests[i].count; j++)
            names[at++] = list->manifests[i].files[j].stored;
    if (count > 0)
        qsort(names, count, sizeof *names, text_compare);
    *ret_count = count;
    return names;
}

static enum err sweep_folder(struct disk *target, const char *folder, const char *const *stored,
                             size_t count, uint64_t *files, uint64_t *bytes)
{
    char path[DISK_NAME_SIZE * 2 + 16];
    struct store_names names = {.count = 0};
    snprintf(path, sizeof path, FILES_FOLDER "/%s", folder);
    enum err err = store_names_read(target, path, &names);
    for (size_t i = 0; err == OK && i < names.count; i++) {
        char name[DISK_NAME_SIZE * 2];
        const char *key = name;
        snprintf(name, sizeof name, "%s/%s", folder, names.at[i].name);
        if (count > 0 && bsearch(&key, stored, count, sizeof *stored, text_compare) != NULL)
            continue;
        snprintf(path, sizeof path, FILES_FOLDER "/%s", name);
        if (strlen(path) >= DISK_NAME_SIZE)
            continue;
        err = target->remove(target, path);
        *files += err == OK;
        *bytes += err == OK ? names.at[i].bytes : 0;
    }
    store_names_done(&names);
    return err;
}

enum err store_sweep(struct store *store, const struct backup_list *list, uint64_t *ret_files,
                     uint64_t *ret_bytes)
{
    size_t count;
    const char **stored = stored_names(list, &count);
    enum err err = stored != NULL ? OK : ERR_NO_MEMORY;
    *ret_files = *ret_bytes = 0;
    for (size_t i = 0; i < ARRAY_COUNT(folders) && err == OK; i++)
        err = sweep_folder(store->target, folders[i], stored, count, ret_files, ret_bytes);
    free(stored);
    return err;
}
