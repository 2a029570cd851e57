/* Snapshots: the state as of one position, cut without stopping. The engine's thread takes pages of
 * the frozen moment a few at a time (state.h copies what would change meanwhile), a background job
 * writes each full buffer; the file gets its name only when all of it is on the medium. Loading
 * believes a file only whole: every page by its CRC32C, the number of pages by the end mark. */
#include "engine/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CUT_EXTRA_PAGES 4096 /* 256 MiB of copies at most */
#define RECORD_SIZE (SNAPSHOT_PAGE_HEADER_SIZE + STATE_PAGE_SIZE)

enum err snapshot_init(struct engine *engine)
{
    for (int i = 0; i < 2; i++) {
        struct snapshot_write *write = &engine->snapshot.writes[i];
        write->engine = engine;
        write->at = os_aligned_alloc(SNAPSHOT_BUFFER);
        if (!write->at)
            return ERR_NO_MEMORY;
    }
    return OK;
}

void snapshot_done(struct engine *engine)
{
    for (int i = 0; i < 2; i++)
        os_aligned_free(engine->snapshot.writes[i].at);
}

static struct engine *engine_of_job(struct job *job)
{
    return (struct engine *)((char *)job - offsetof(struct engine, snapshot.job));
}

/* ---- writing
 * ------------------------------------------------------------------------------------------- */
static void snapshot_write_run(struct job *job)
{
    struct snapshot_write *write = (struct snapshot_write *)job;
    struct disk *disk = write->engine->config.disk;
    write->err =
        disk->write(disk, write->engine->snapshot.file, write->offset, write->at, write->size);
}

static void snapshot_write_done(struct job *job)
{
    struct snapshot_write *write = (struct snapshot_write *)job;
    write->busy = false;
    write->size = 0;
    if (write->err != OK && write->engine->snapshot.err == OK)
        write->engine->snapshot.err = write->err;
}

static void snapshot_flush(struct engine *engine)
{
    struct snapshot_run *run = &engine->snapshot;
    struct snapshot_write *write = &run->writes[run->filling];
    if (!write->size)
        return;
    size_t padded = (write->size + DISK_BLOCK - 1) / DISK_BLOCK * DISK_BLOCK;
    memset(write->at + write->size, 0, padded - write->size);
    write->size = padded;
    write->offset = run->offset;
    write->busy = true;
    write->job = (struct job){.run = snapshot_write_run, .done = snapshot_write_done};
    run->offset += padded;
    run->filling ^= 1;
    engine->config.snapshotter->submit(engine->config.snapshotter, &write->job);
}

/* Puts bytes into the stream; the caller asked snapshot_has_room. */
static void snapshot_put(struct engine *engine, const void *at, size_t size)
{
    const uint8_t *from = at;
    while (size) {
        struct snapshot_write *write = &engine->snapshot.writes[engine->snapshot.filling];
        check(!write->busy);
        size_t part = SNAPSHOT_BUFFER - write->size;
        if (part > size)
            part = size;
        memcpy(write->at + write->size, from, part);
        write->size += part;
        from += part;
        size -= part;
        if (write->size == SNAPSHOT_BUFFER)
            snapshot_flush(engine);
    }
}

/* Room for one page record whatever the buffers' state: the one being filled is free, and the other
 * is free as well when the record reaches into it. */
static bool snapshot_has_room(const struct engine *engine)
{
    const struct snapshot_run *run = &engine->snapshot;
    const struct snapshot_write *write = &run->writes[run->filling];
    if (write->busy)
        return false;
    return SNAPSHOT_BUFFER - write->size > RECORD_SIZE || !run->writes[run->filling ^ 1].busy;
}

/* The file is opened in the background: names and probing wait for the disk. */
static void snapshot_open_run(struct job *job)
{
    struct engine *engine = engine_of_job(job);
    struct snapshot_run *run = &engine->snapshot;
    struct disk *disk = engine->config.disk;
    char path[DISK_NAME_SIZE + 8];
    snprintf(path, sizeof path, "%s.tmp", run->name);
    state_stock(run->stock);
    enum err err = disk->make_folder(disk, SNAPSHOT_FOLDER);
    if (err == OK)
        err = disk->sync_folder(disk, ".");
    if (err == OK)
        err = disk->open(disk, path, DISK_WRITE | DISK_CREATE | DISK_DURABLE, &run->file);
    if (err == OK)
        err = disk->truncate(disk, run->file, 0);
    run->job_err = err;
}

static void snapshot_give_up(struct engine *engine, enum err err)
{
    struct snapshot_run *run = &engine->snapshot;
    engine->config.disk->close(engine->config.disk, run->file);
    run->file = NULL;
    run->phase = SNAPSHOT_IDLE;
    engine->snapshot_last_ns = engine->config.clock->boot_ns(engine->config.clock);
    engine_tell(engine, LOG_WARN, "no snapshot at position %llu: %s",
                (unsigned long long)engine->position, err_text(err));
}

static void snapshot_open_done(struct job *job)
{
    struct engine *engine = engine_of_job(job);
    struct snapshot_run *run = &engine->snapshot;
    run->phase = SNAPSHOT_OPENED;
    if (run->job_err != OK)
        snapshot_give_up(engine, run->job_err);
}

/* The cut: from here on the pages are those of this position. */
static void snapshot_cut(struct engine *engine)
{
    struct snapshot_run *run = &engine->snapshot;
    enum err err = state_cut_begin(engine->state, CUT_EXTRA_PAGES);
    if (err != OK) {
        snapshot_give_up(engine, err);
        return;
    }
    run->phase = SNAPSHOT_PAGES;
    run->began_ns = engine->config.clock->boot_ns(engine->config.clock);
    run->header = (struct snapshot_header){.version = FORMAT_VERSION,
                                           .reducer_version = ENGINE_REDUCER_VERSION,
                                           .position = engine->position,
                                           .segment_number = engine->applied_segment,
                                           .engine_ns = engine->applied_engine_ns,
                                           .wall_ns = engine->applied_wall_ns};
    journal_identity(engine->journal, run->header.journal);
    run->header.counters[0] = engine->counters.applied_values;
    run->header.counters[1] = engine->counters.late_values;
    run->header.counters[2] = engine->counters.unknown_values;
    struct journal_state journal;
    journal_describe(engine->journal, &journal);
    engine->snapshot_bytes_written_at = journal.bytes_payload;
    uint8_t header[SNAPSHOT_HEADER_SIZE];
    snapshot_header_put(header, &run->header);
    snapshot_put(engine, header, sizeof header);
}

bool snapshot_begin(struct engine *engine)
{
    struct snapshot_run *run = &engine->snapshot;
    if (run->phase != SNAPSHOT_IDLE || engine->config.read_only || engine->stopped)
        return false;
    /* The name only orders files: the header says the position of the cut, which comes a moment
     * later. */
    snprintf(run->name, sizeof run->name, SNAPSHOT_FOLDER "/%020llu",
             (unsigned long long)engine->position);
    run->phase = SNAPSHOT_OPENING;
    run->offset = run->pages = run->state_hash = 0;
    run->filling = 0;
    run->writes[0].size = run->writes[1].size = 0; /* one that was stopped left a part behind */
    run->err = run->job_err = run->writes[0].err = run->writes[1].err = OK;
    run->file = NULL;
    run->stock = (uint32_t)(state_memory(engine->state) / OS_HUGE_PAGE / 4);
    run->began_ns = engine->config.clock->boot_ns(engine->config.clock);
    run->job = (struct job){.run = snapshot_open_run, .done = snapshot_open_done};
    engine->config.snapshotter->submit(engine->config.snapshotter, &run->job);
    return true;
}

/* Removes all that are older than `newest` and the SNAPSHOTS_KEPT - 1 before it; what calls itself
 * newer than the one just written is not ours to judge. Runs inside the finish job: disk only. */
struct snapshot_names {
    char names[64][DISK_NAME_SIZE];
    size_t count;
};

static bool snapshot_name_ends(const char *name, const char *ending)
{
    size_t size = strlen(name), end = strlen(ending);
    return size > end && strcmp(name + size - end, ending) == 0;
}

static void snapshot_collect(void *arg, const char *name, uint64_t size)
{
    struct snapshot_names *names = arg;
    (void)size;
    if (!snapshot_name_ends(name, ".snap"))
        return;
    if (names->count == ARRAY_COUNT(names->names)) /* oldest first: the oldest one goes */
        memmove(names->names[0], names->names[1], --names->count * sizeof names->names[0]);
    snprintf(names->names[names->count++], DISK_NAME_SIZE, "%s", name);
}

static int snapshot_compare(const void *a, const void *b)
{
    return strcmp(b, a);
}

/* Newest first: names are positions in 20 digits. */
static enum err snapshot_list(struct disk *disk, struct snapshot_names *names)
{
    names->count = 0;
    enum err err = disk->list(disk, SNAPSHOT_FOLDER, snapshot_collect, names);
    if (err == OK)
        qsort(names->names, names->count, DISK_NAME_SIZE, snapshot_compare);
    return err;
}

static void snapshot_remove_old(struct disk *disk, const char *newest)
{
    struct snapshot_names *names = malloc(sizeof *names);
    size_t kept = 0;
    if (!names)
        return;
    if (snapshot_list(disk, names) != OK)
        names->count = 0;
    for (size_t i = 0; i < names->count; i++) {
        char path[DISK_NAME_SIZE + 16];
        snprintf(path, sizeof path, SNAPSHOT_FOLDER "/%s", names->names[i]);
        if (strcmp(path, newest) > 0 || kept++ < SNAPSHOTS_KEPT)
            continue;
        if (disk->remove(disk, path) != OK)
            break;
    }
    free(names);
}

static void snapshot_finish_run(struct job *job)
{
    struct engine *engine = engine_of_job(job);
    struct snapshot_run *run = &engine->snapshot;
    struct disk *disk = engine->config.disk;
    char from[DISK_NAME_SIZE + 8], to[DISK_NAME_SIZE + 8];
    snprintf(from, sizeof from, "%s.tmp", run->name);
    snprintf(to, sizeof to, "%s.snap", run->name);
    enum err err = OK;
    for (int i = 0; i < 2;
         i++) /* their jobs ran before this one; done() may not have been called */
        if (run->writes[i].err != OK)
            err = run->writes[i].err;
    if (err == OK)
        err = disk->sync(disk, run->file);
    disk->close(disk, run->file);
    run->file = NULL;
    if (err == OK)
        err = disk->rename(disk, from, to);
    if (err == OK)
        err = disk->sync_folder(disk, SNAPSHOT_FOLDER);
    if (err == OK)
        snapshot_remove_old(disk, to);
    else
        (void)!disk->remove(disk, from);
    run->job_err = err;
}

static void snapshot_finish_done(struct job *job)
{
    struct engine *engine = engine_of_job(job);
    struct snapshot_run *run = &engine->snapshot;
    int64_t now = engine->config.clock->boot_ns(engine->config.clock);
    run->phase = SNAPSHOT_IDLE;
    if (run->err == OK)
        run->err = run->job_err;
    engine->snapshot_last_ns = now;
    engine->counters.snapshot_ns = now - run->began_ns;
    if (run->err != OK) {
        engine_tell(engine, LOG_WARN, "snapshot at position %llu failed: %s; the one before stays",
                    (unsigned long long)run->header.position, err_text(run->err));
        return;
    }
    engine->counters.snapshots++;
    engine->snapshot_before = engine->counters.snapshot_position;
    engine->counters.snapshot_position = run->header.position;
    engine->counters.snapshot_bytes = run->offset;
    engine->snapshot_file_bytes = run->offset;
}

static void snapshot_end(struct engine *engine)
{
    struct snapshot_run *run = &engine->snapshot;
    uint8_t end[SNAPSHOT_END_SIZE];
    snapshot_end_put(end, run->pages, run->state_hash);
    snapshot_put(engine, end, sizeof end);
    snapshot_flush(engine);
    run->phase = SNAPSHOT_ENDING;
    run->job = (struct job){.run = snapshot_finish_run, .done = snapshot_finish_done};
    engine->config.snapshotter->submit(engine->config.snapshotter, &run->job);
}

/* A sum, so that the order in which pages leave the cut does not matter. */
static uint64_t snapshot_mix(uint32_t table, uint32_t page, const uint8_t *header)
{
    uint64_t words[2] = {((uint64_t)table << 32) | page,
                         crc32c(0, header, SNAPSHOT_PAGE_HEADER_SIZE)};
    return hash64(words, sizeof words, 0);
}

void snapshot_advance(struct engine *engine, int64_t budget_ns, uint64_t pace)
{
    struct snapshot_run *run = &engine->snapshot;
    struct clock *clock = engine->config.clock;
    if (run->phase == SNAPSHOT_OPENED && engine->applying.phase == APPLY_NONE)
        snapshot_cut(engine);
    int64_t began = clock->boot_ns(clock), now = began;
    while (run->phase == SNAPSHOT_PAGES && now - began < budget_ns && snapshot_has_room(engine)) {
        uint64_t written = run->offset + run->writes[run->filling].size;
        if (pace && !state_cut_pressure(engine->state) &&
            written > pace * (uint64_t)(now - run->began_ns) / (uint64_t)NS_PER_S + SNAPSHOT_BUFFER)
            return;
        uint32_t table, page;
        if (run->err != OK) {
            state_cut_abort(engine->state);
            snapshot_end(engine);
            return;
        }
        enum err err = state_cut_next(engine->state, run->page, &table, &page);
        if (err != OK) {
            run->err = err == ERR_MISSING ? OK : err;
            snapshot_end(engine);
            return;
        }
        uint8_t header[SNAPSHOT_PAGE_HEADER_SIZE];
        snapshot_page_put(header, table, page, bytes_of(run->page, STATE_PAGE_SIZE));
        run->state_hash += snapshot_mix(table, page, header);
        run->pages++;
        snapshot_put(engine, header, sizeof header);
        snapshot_put(engine, run->page, STATE_PAGE_SIZE);
        now = clock->boot_ns(clock);
    }
}

void snapshot_stop(struct engine *engine)
{
    struct snapshot_run *run = &engine->snapshot;
    struct disk *disk = engine->config.disk;
    engine->config.snapshotter->wait(engine->config.snapshotter);
    while (engine->config.snapshotter->poll(engine->config.snapshotter))
        ;
    if (run->phase == SNAPSHOT_IDLE)
        return;
    if (state_cut_active(engine->state))
        state_cut_abort(engine->state);
    char path[DISK_NAME_SIZE + 8];
    snprintf(path, sizeof path, "%s.tmp", run->name);
    disk->close(disk, run->file);
    run->file = NULL;
    (void)!disk->remove(disk, path);
    run->phase = SNAPSHOT_IDLE;
}

/* ---- loading
 * --------------------------------------------------------------------------------------------- */
#define LOAD_BUFFER ((size_t)4 << 20)
struct snapshot_read {
    struct disk *disk;
    struct disk_file *file;
    uint8_t *at;
    size_t begin, end; /* what lies in the buffer */
    uint64_t offset;   /* of the next read */
};

/* A view of the next `size` bytes, fewer at the end of the file. */
static enum err snapshot_take(struct snapshot_read *read, size_t size, struct bytes *ret_bytes)
{
    if (read->end - read->begin < size) {
        memmove(read->at, read->at + read->begin, read->end - read->begin);
        read->end -= read->begin;
        read->begin = 0;
        while (read->end < size) {
            size_t got;
            enum err err = read->disk->read(read->disk, read->file, read->offset,
                                            read->at + read->end, LOAD_BUFFER - read->end, &got);
            if (err != OK)
                return err;
            if (!got)
                break;
            read->end += got;
            read->offset += got;
        }
    }
    size_t there = read->end - read->begin;
    *ret_bytes = bytes_of(read->at + read->begin, there < size ? there : size);
    return OK;
}

static enum err snapshot_load_pages(struct engine *engine, struct snapshot_read *read)
{
    uint64_t pages = 0, hash = 0;
    for (;;) {
        struct bytes record;
        enum err err = snapshot_take(read, RECORD_SIZE, &record);
        if (err != OK)
            return err;
        uint32_t table, page;
        err = snapshot_page_get(record, STATE_PAGE_SIZE, &table, &page);
        if (err == ERR_MISSING) {
            uint64_t want_pages, want_hash;
            err = snapshot_end_get(record, &want_pages, &want_hash);
            if (err == OK && (want_pages != pages || want_hash != hash))
                err = ERR_CORRUPT;
            return err;
        }
        if (err != OK)
            return err;
        err = state_load_page(engine->state, table, page, record.at + SNAPSHOT_PAGE_HEADER_SIZE);
        if (err != OK)
            return err;
        hash += snapshot_mix(table, page, record.at);
        pages++;
        read->begin += RECORD_SIZE;
    }
}

/* A snapshot of another journal is not ours; one whose journal is gone altogether is all there is.
 */
static bool snapshot_is_ours(const struct engine *engine, const struct snapshot_header *header)
{
    struct journal_state state;
    uint64_t identity[2];
    journal_describe(engine->journal, &state);
    journal_identity(engine->journal, identity);
    return state.segments == 0 || memcmp(identity, header->journal, sizeof identity) == 0;
}

static enum err snapshot_load_file(struct engine *engine, const char *path,
                                   struct snapshot_header *ret_header)
{
    struct snapshot_read read = {.disk = engine->config.disk};
    enum err err = read.disk->open(read.disk, path, DISK_READ, &read.file);
    if (err != OK)
        return err;
    read.at = malloc(LOAD_BUFFER);
    struct bytes header;
    err = read.at ? snapshot_take(&read, SNAPSHOT_HEADER_SIZE, &header) : ERR_NO_MEMORY;
    if (err == OK)
        err = snapshot_header_get(header, ret_header);
    if (err == OK && ret_header->reducer_version > ENGINE_REDUCER_VERSION)
        err = ERR_NEWER;
    if (err == OK && !snapshot_is_ours(engine, ret_header))
        err = ERR_CORRUPT;
    if (err == OK) {
        read.begin += SNAPSHOT_HEADER_SIZE;
        err = snapshot_load_pages(engine, &read);
    }
    if (err == OK)
        err = points_rebuild(engine->points);
    if (err == OK)
        err = sessions_rebuild(engine->sessions);
    if (err == OK)
        err = archive_rebuild(engine->archive, engine->points);
    if (err == OK)
        err = access_model_rebuild(engine->access);
    if (err == OK)
        err = modules_rebuild(engine);
    engine->snapshot_file_bytes = read.offset;
    free(read.at);
    read.disk->close(read.disk, read.file);
    return err;
}

/* One that is damaged must not be counted among those that are kept, nor push out a whole one: it
 * goes by another name from now on. */
static void snapshot_set_aside(struct engine *engine, const char *path)
{
    struct disk *disk = engine->config.disk;
    char aside[DISK_NAME_SIZE + 32];
    snprintf(aside, sizeof aside, "%s.damaged", path);
    if (disk->rename(disk, path, aside) == OK && disk->sync_folder(disk, SNAPSHOT_FOLDER) == OK)
        engine_tell(engine, LOG_WARN, "%s is set aside as %s", path, aside);
}

static enum err snapshot_load_named(struct engine *engine, const struct snapshot_names *names,
                                    struct snapshot_header *ret_header)
{
    for (size_t i = 0; i < names->count; i++) {
        char path[DISK_NAME_SIZE + 16];
        snprintf(path, sizeof path, SNAPSHOT_FOLDER "/%s", names->names[i]);
        enum err err = snapshot_load_file(engine, path, ret_header);
        if (err == OK && engine->config.until_position &&
            ret_header->position > engine->config.until_position)
            err = ERR_LIMIT; /* too new for this question: an older one, or the journal */
        else if (err == OK)
            return OK;
        else if (err == ERR_NEWER) {
            engine_tell(engine, LOG_ERROR, "%s: %s", path, err_text(err));
            return err;
        } else {
            engine_tell(engine, LOG_WARN, "%s: %s; trying an older one, else the journal", path,
                        err_text(err));
            if (err == ERR_CORRUPT && !engine->config.read_only)
                snapshot_set_aside(engine, path);
        }
        engine_state_destroy(engine);
        err = engine_state_create(engine);
        if (err != OK)
            return err;
    }
    return ERR_MISSING;
}

enum err snapshot_load(struct engine *engine, struct snapshot_header *ret_header)
{
    struct snapshot_names *names = malloc(sizeof *names);
    if (!names)
        return ERR_NO_MEMORY;
    enum err err = snapshot_list(engine->config.disk, names);
    if (err == OK)
        err = snapshot_load_named(engine, names, ret_header);
    free(names);
    return err;
}
