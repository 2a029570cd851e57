/* Files named by their hash. A file is written under another name and then renamed, so that what
 * has its name is whole; putting a document again heals a file that was damaged. */
#include "documents/files.h"

#include "secrets/secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEW_SUFFIX ".new"

void document_file_name(const uint8_t *hash, char ret_path[DOCUMENT_FILE_SIZE])
{
    size_t size = (size_t)snprintf(ret_path, DOCUMENT_FILE_SIZE, "%s/", DOCUMENTS_FOLDER);
    for (size_t i = 0; i < DOCUMENT_HASH_SIZE; i++, size += 2)
        (void)snprintf(ret_path + size, DOCUMENT_FILE_SIZE - size, "%02x", hash[i]);
}

static int digit_of(char letter)
{
    if (letter >= '0' && letter <= '9')
        return letter - '0';
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

static bool hash_of_name(const char *name, uint8_t ret_hash[DOCUMENT_HASH_SIZE])
{
    if (strlen(name) != 2 * (size_t)DOCUMENT_HASH_SIZE)
        return false;
    for (size_t i = 0; i < DOCUMENT_HASH_SIZE; i++) {
        int high = digit_of(name[2 * i]), low = digit_of(name[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        ret_hash[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

enum err document_file_put(struct disk *disk, struct bytes bytes,
                           uint8_t ret_hash[DOCUMENT_HASH_SIZE])
{
    char path[DOCUMENT_FILE_SIZE], fresh[DOCUMENT_FILE_SIZE + sizeof NEW_SUFFIX];
    struct disk_file *file = NULL;
    secret_hash(bytes, ret_hash);
    document_file_name(ret_hash, path);
    (void)snprintf(fresh, sizeof fresh, "%s" NEW_SUFFIX, path);
    enum err err = disk->open(disk, fresh, DISK_WRITE | DISK_CREATE, &file);
    if (err != OK)
        return err;
    err = disk->truncate(disk, file, 0);
    if (err == OK)
        err = disk->write(disk, file, 0, bytes.at, bytes.size);
    if (err == OK)
        err = disk->sync(disk, file);
    disk->close(disk, file);
    if (err == OK)
        err = disk->rename(disk, fresh, path);
    if (err == OK)
        return disk->sync_folder(disk, DOCUMENTS_FOLDER);
    (void)!disk->remove(disk, fresh);
    return err;
}

static enum err file_open(struct disk *disk, const uint8_t *hash, uint64_t size,
                          struct disk_file **ret_file)
{
    char path[DOCUMENT_FILE_SIZE];
    uint64_t found;
    document_file_name(hash, path);
    enum err err = disk->open(disk, path, DISK_READ, ret_file);
    if (err != OK)
        return err;
    err = disk->size(disk, *ret_file, &found);
    if (err == OK && found != size)
        err = ERR_CORRUPT;
    if (err != OK)
        disk->close(disk, *ret_file);
    return err;
}

enum err document_file_look(struct disk *disk, const uint8_t *hash, uint64_t size)
{
    struct disk_file *file;
    enum err err = file_open(disk, hash, size, &file);
    if (err == OK)
        disk->close(disk, file);
    return err;
}

enum err document_file_read(struct disk *disk, const uint8_t *hash, uint64_t size,
                            uint8_t **ret_bytes)
{
    uint8_t found[DOCUMENT_HASH_SIZE];
    struct disk_file *file;
    size_t done = 0;
    if (size == 0 || size > DOCUMENT_BYTES_MAX)
        return ERR_CORRUPT;
    enum err err = file_open(disk, hash, size, &file);
    if (err != OK)
        return err;
    uint8_t *bytes = malloc((size_t)size);
    err = bytes == NULL ? ERR_NO_MEMORY : disk->read(disk, file, 0, bytes, (size_t)size, &done);
    disk->close(disk, file);
    if (err == OK) {
        secret_hash(bytes_of(bytes, done), found);
        if (done != size || memcmp(found, hash, sizeof found) != 0)
            err = ERR_CORRUPT;
    }
    if (err != OK) {
        free(bytes);
        return err;
    }
    *ret_bytes = bytes;
    return OK;
}

/* ---- what is there -----------------------------------------------------------------------------
 */
struct listing {
    struct disk *disk;
    struct file_list *list;
};

static void list_add(void *arg, const char *name, uint64_t size)
{
    struct listing *listing = arg;
    struct file_list *list = listing->list;
    uint8_t hash[DOCUMENT_HASH_SIZE];
    char path[DOCUMENT_FILE_SIZE + sizeof NEW_SUFFIX];
    size_t length = strlen(name), suffix = sizeof NEW_SUFFIX - 1;
    (void)size;
    if (length == 2 * (size_t)DOCUMENT_HASH_SIZE + suffix &&
        strcmp(name + length - suffix, NEW_SUFFIX) == 0) {
        (void)snprintf(path, sizeof path, "%s/%s", DOCUMENTS_FOLDER, name);
        (void)!listing->disk->remove(listing->disk, path);
    }
    if (!hash_of_name(name, hash))
        return; /* not ours: left alone */
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 256 : 2 * list->capacity;
        void *wider = realloc(list->hashes, capacity * sizeof list->hashes[0]);
        if (wider == NULL) {
            list->failed = true;
            return;
        }
        list->hashes = wider;
        list->capacity = capacity;
    }
    memcpy(list->hashes[list->count++], hash, sizeof hash);
}

enum err document_files_list(struct disk *disk, struct file_list *ret_list)
{
    struct listing listing = {disk, ret_list};
    *ret_list = (struct file_list){0};
    enum err err = disk->list(disk, DOCUMENTS_FOLDER, list_add, &listing);
    return err == OK && ret_list->failed ? ERR_NO_MEMORY : err;
}

enum err document_file_remove(struct disk *disk, const uint8_t *hash)
{
    char path[DOCUMENT_FILE_SIZE];
    document_file_name(hash, path);
    return disk->remove(disk, path);
}

/* ---- text --------------------------------------------------------------------------------------
 */
static bool begins_tag(const uint8_t *bytes, size_t at, size_t size)
{
    if (bytes[at] != '<' || at + 1 == size)
        return false;
    uint8_t next = bytes[at + 1];
    return next == '/' || next == '!' || (next >= 'a' && next <= 'z') ||
           (next >= 'A' && next <= 'Z');
}

#define TAG_BYTES_MAX 4096u /* what opens and does not end within is text */

/* Tags of HTML become spaces; what stands between them stays. */
static void tags_clear(uint8_t *bytes, size_t size)
{
    for (size_t at = 0; at < size; at++) {
        if (!begins_tag(bytes, at, size))
            continue;
        size_t left = size - at < TAG_BYTES_MAX ? size - at : TAG_BYTES_MAX;
        const uint8_t *end = memchr(bytes + at, '>', left);
        if (end != NULL) {
            size_t length = (size_t)(end - (bytes + at)) + 1;
            memset(bytes + at, ' ', length);
            at += length - 1;
        }
    }
}

struct bytes document_file_text(uint8_t *bytes, size_t size, unsigned media)
{
    if (size > DOCUMENT_TEXT_MOST) {
        size = DOCUMENT_TEXT_MOST;
        while (size > 0 && (bytes[size] & 0xC0) == 0x80)
            size--;
    }
    if (!bytes_are_utf8(bytes_of(bytes, size)) || memchr(bytes, 0, size) != NULL)
        return bytes_of("", 0);
    if (media == DOCUMENT_MARKDOWN)
        tags_clear(bytes, size);
    return bytes_of(bytes, size);
}
