/* The target's folder: bytes in, read back and summed; what no manifest names goes. */
#pragma once

#include "backup/manifest.h"

#define STORE_PIECE ((size_t)1 << 20)

bool port_stopped(const struct backup_port *port);
void port_tell(const struct backup_port *port, enum log_level level, const char *format, ...)
    PRINTF_LIKE(3, 4);
void port_progress(const struct backup_port *port, const char *stage, uint64_t done, uint64_t all);

struct store {
    struct disk *target;
    const struct backup_port *port;
    uint8_t *piece; /* STORE_PIECE */
    /* For the progress: what is told is finished + the share of the file under way. */
    const char *stage;
    uint64_t finished, all;
    uint64_t file_read; /* of the file under way, all passes over it together */
    unsigned passes;    /* over a file: 2 where it is read back */
};
MUST_USE enum err store_open(struct disk *target, const struct backup_port *port,
                             struct store *ret_store);
void store_close(struct store *store);
void store_stage(struct store *store, const char *stage, unsigned passes, uint64_t all);
/* A file is done that counts so many bytes of `all`. */
void store_finish(struct store *store, uint64_t bytes);

/* "files/journal/0000000001.facts-..." */
void store_path(char path[STORED_PATH_SIZE], const char *stored);
/* Makes the folders above a path, one after the other. */
MUST_USE enum err store_make_folders(struct disk *disk, const char *path);
/* The sum of `bytes` bytes of a file, continued from `sum` at `offset`. ERR_CORRUPT: it is
 * shorter. */
MUST_USE enum err store_sum(struct store *store, struct disk *disk, const char *path,
                            uint64_t offset, uint64_t bytes, uint32_t *sum);
/* Copies [offset, offset + bytes) of a file to the same place of another one, that is cut to
 * `offset` before and synced after; *sum is continued. ERR_CORRUPT: the source is shorter. */
MUST_USE enum err store_copy(struct store *store, struct disk *from, const char *from_path,
                             struct disk *to, const char *to_path, uint64_t offset, uint64_t bytes,
                             uint32_t *sum);
/* A whole small file, malloc'ed, with a NUL behind it; ERR_LIMIT when it is longer than most. */
MUST_USE enum err store_read_text(struct disk *disk, const char *path, uint64_t most,
                                  char **ret_text, size_t *ret_size);
/* Beside, synced, renamed: the file is the text or what it was. The folder is the caller's to
 * sync. */
MUST_USE enum err store_write_text(struct disk *disk, const char *path, const char *text,
                                   size_t size);
/* A list of the names in a folder, sorted; a missing folder is empty. */
struct store_names {
    struct store_name {
        char name[DISK_NAME_SIZE];
        uint64_t bytes;
    } * at;
    size_t count, capacity;
    bool no_memory;
};
MUST_USE enum err store_names_read(struct disk *disk, const char *folder,
                                   struct store_names *ret_names);
void store_names_done(struct store_names *names);
/* Whether it is there, and its size. */
bool store_names_find(const struct store_names *names, const char *name, uint64_t *ret_bytes);

/* Removes what no manifest of the list names. */
MUST_USE enum err store_sweep(struct store *store, const struct backup_list *list,
                              uint64_t *ret_files, uint64_t *ret_bytes);
