/* What a backup says when its journal is read: where it ends, which erasures it knows. */
#include "backup/take.h"
#include "backup/view.h"
#include "journal/journal.h"

#include <stdlib.h>
#include <string.h>

/* ---- the end ----------------------------------------------------------------------------------
 */
struct newest {
    uint64_t first_position;
};

static void newest_each(void *arg, const char *file, const struct segment_header *header,
                        uint64_t bytes, enum err header_err)
{
    struct newest *newest = arg;
    (void)file, (void)bytes;
    if (header_err == OK && header->first_position > newest->first_position)
        newest->first_position = header->first_position;
}

static enum err end_read(struct journal *journal, uint64_t *ret_position, int64_t *ret_wall_ns)
{
    struct newest newest = {0};
    struct journal_cursor *cursor;
    struct journal_batch batch;
    enum err err = journal_segments(journal, newest_each, &newest);
    uint64_t position = newest.first_position;
    if (err == OK)
        err = journal_cursor_open(journal, position, &cursor);
    if (err != OK)
        return err;
    while ((err = journal_cursor_next(cursor, &batch)) == OK) {
        uint64_t end = batch.header.position + batch.header.records;
        position = end > position ? end : position;
        *ret_wall_ns = batch.header.wall_ns;
    }
    journal_cursor_close(cursor);
    *ret_position = position > 1 ? position : 1;
    return err == ERR_MISSING ? OK : err;
}

static enum err journal_view(struct disk *disk, struct journal **ret_journal)
{
    const struct journal_config config = {.disk = disk, .read_only = true};
    return journal_open(&config, ret_journal);
}

enum err look_end(struct disk *target, const struct backup_manifest *manifest,
                  uint64_t *ret_position, int64_t *ret_wall_ns)
{
    struct disk *view;
    struct journal *journal;
    enum err err = view_create(target, manifest->files, manifest->count, &view);
    if (err != OK)
        return err;
    err = journal_view(view, &journal);
    if (err == OK) {
        err = end_read(journal, ret_position, ret_wall_ns);
        journal_close(journal);
    }
    view_destroy(view);
    return err;
}

/* ---- erasures ---------------------------------------------------------------------------------
 */
/* The facts alone are read: of closed segments only the facts lane is shown to the journal. */
static struct backup_file *facts_files(const struct backup_manifest *manifest, size_t *ret_count)
{
    struct backup_file *files = malloc((manifest->count + 1) * sizeof *files);
    size_t count = 0;
    for (size_t i = 0; files != NULL && i < manifest->count; i++) {
        const char *name = manifest->files[i].name;
        uint64_t number;
        enum segment_file_kind kind =
            strncmp(name, "journal/", 8) == 0 ? segment_file_parse(name + 8, &number) : FILE_NONE;
        if (kind == FILE_OPEN || kind == FILE_FACTS)
            files[count++] = manifest->files[i];
    }
    *ret_count = count;
    return files;
}

static enum err run_erasures(struct bytes run, uint64_t position, struct fact_storage *storage,
                             struct backup_manifest *manifest)
{
    struct fact fact;
    size_t offset = 0;
    enum err err;
    while ((err = facts_read(run, &offset, storage, &fact)) == OK) {
        const struct command_erase *erase = &fact.command.erase;
        if (fact.kind != FACT_ARCHIVE || fact.command.kind != COMMAND_ERASE || erase->erasure != 0)
            continue;
        const struct backup_erasure erasure = {
            .position = position, .from_ns = erase->from_ns, .to_ns = erase->to_ns};
        err = manifest_add_erasure(manifest, &erasure);
        if (err != OK)
            return err;
    }
    return err == ERR_MISSING || err == ERR_NEWER || err == ERR_CORRUPT ? OK : err;
}

/* The position of a record within its batch does not matter here: the batch's stands for it. */
static enum err batch_erasures(const struct journal_batch *batch, struct fact_storage *storage,
                               struct backup_manifest *manifest)
{
    size_t offset = 0;
    enum lane lane;
    uint32_t records, ordinal;
    struct bytes run;
    enum err err;
    while ((err = batch_next_run(batch->body, &offset, &lane, &records, &ordinal, &run)) == OK) {
        if (lane == LANE_FACTS)
            err = run_erasures(run, batch->header.position, storage, manifest);
        if (err != OK)
            return err;
    }
    return err == ERR_MISSING ? OK : err;
}

static enum err erasures_read(struct journal *journal, uint64_t from,
                              struct backup_manifest *manifest)
{
    struct fact_storage *storage = malloc(sizeof *storage);
    struct journal_cursor *cursor;
    struct journal_batch batch;
    enum err err = storage != NULL ? journal_cursor_open(journal, from, &cursor) : ERR_NO_MEMORY;
    if (err == OK) {
        while ((err = journal_cursor_next(cursor, &batch)) == OK)
            if (batch.header.position >= from &&
                (err = batch_erasures(&batch, storage, manifest)) != OK)
                break;
        journal_cursor_close(cursor);
    }
    free(storage);
    return err == ERR_MISSING ? OK : err;
}

enum err look_erasures(struct disk *target, struct backup_manifest *manifest, uint64_t from)
{
    size_t count;
    struct backup_file *files = facts_files(manifest, &count);
    struct disk *view = NULL;
    struct journal *journal;
    enum err err = files != NULL ? view_create(target, files, count, &view) : ERR_NO_MEMORY;
    if (err == OK)
        err = journal_view(view, &journal);
    if (err == OK) {
        err = erasures_read(journal, from, manifest);
        journal_close(journal);
    }
    view_destroy(view);
    free(files);
    return err;
}
