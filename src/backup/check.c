/* Is a backup whole? And where in its journal does a time lie? */
#include "backup/store.h"
#include "backup/view.h"
#include "journal/journal.h"

enum err backup_check(struct disk *target, const struct backup_manifest *manifest,
                      const struct backup_port *port, uint64_t *ret_damaged)
{
    struct store store;
    uint64_t damaged = 0;
    enum err err = store_open(target, port, &store);
    if (err == OK)
        store_stage(&store, "checking", 1, manifest->bytes);
    for (size_t i = 0; i < manifest->count && err == OK; i++) {
        const struct backup_file *file = &manifest->files[i];
        char path[STORED_PATH_SIZE];
        uint32_t sum = 0;
        store_path(path, file->stored);
        err = store_sum(&store, target, path, 0, file->bytes, &sum);
        store_finish(&store, file->bytes);
        bool bad = err == ERR_MISSING || err == ERR_CORRUPT || err == ERR_IO ||
                   (err == OK && sum != file->sum);
        if (!bad)
            continue;
        port_tell(port, LOG_ERROR, "%s: %s", path,
                  err == ERR_MISSING   ? "it is gone"
                  : err == ERR_CORRUPT ? "it is shorter than it was"
                  : err == ERR_IO      ? "the disk cannot read it"
                                       : "its bytes are not those that were written");
        damaged++;
        err = OK;
    }
    store_close(&store);
    if (err == OK)
        *ret_damaged = damaged;
    return err;
}

/* ---- times ------------------------------------------------------------------------------------
 */
struct times_walk { /* to the newest segment that was begun before the time */
    int64_t time_ns;
    uint64_t first_position;
};

static void times_segment(void *arg, const char *file, const struct segment_header *header,
                          uint64_t bytes, enum err header_err)
{
    struct times_walk *walk = arg;
    (void)file, (void)bytes;
    if (header_err == OK && header->wall_ns <= walk->time_ns &&
        header->first_position > walk->first_position)
        walk->first_position = header->first_position;
}

static enum err times_find(struct journal *journal, int64_t time_ns, uint64_t *ret_position)
{
    struct times_walk walk = {.time_ns = time_ns};
    struct journal_cursor *cursor;
    struct journal_batch batch;
    uint64_t position = 0;
    enum err err = journal_segments(journal, times_segment, &walk);
    if (err == OK && walk.first_position == 0)
        err = ERR_MISSING;
    if (err == OK)
        err = journal_cursor_open(journal, walk.first_position, &cursor);
    if (err != OK)
        return err;
    while ((err = journal_cursor_next(cursor, &batch)) == OK && batch.header.wall_ns <= time_ns)
        position = batch.header.position + batch.header.records;
    journal_cursor_close(cursor);
    if (err != OK && err != ERR_MISSING)
        return err;
    *ret_position = position > walk.first_position ? position : walk.first_position;
    return *ret_position > 1 ? OK : ERR_MISSING;
}

enum err backup_position_at(struct disk *target, const struct backup_list *list, int64_t time_ns,
                            uint64_t *ret_position)
{
    struct disk *view;
    struct journal *journal;
    if (list->count == 0)
        return ERR_MISSING;
    const struct backup_manifest *newest = &list->manifests[list->count - 1];
    if (time_ns > newest->wall_ns) {
        *ret_position = newest->position;
        return OK;
    }
    enum err err = view_create(target, newest->files, newest->count, &view);
    if (err != OK)
        return err;
    const struct journal_config config = {.disk = view, .read_only = true};
    err = journal_open(&config, &journal);
    if (err == OK) {
        err = times_find(journal, time_ns, ret_position);
        journal_close(journal);
    }
    view_destroy(view);
    return err;
}
