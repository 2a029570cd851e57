/* Job: some neighbouring parts become one. Owner by owner: a chunk that is alone and long enough is
 * copied as it is; others are scanned, which sorts them and lets the last written win, and encoded
 * anew. Erasures are done and what a policy does not keep any longer is left out on the way. */
#include "history/room.h"

#include <stdlib.h>
#include <string.h>

#define COPY_ROWS 2048 /* a chunk of so many is long enough */
#define OWNER_ENTRIES_MAX 4096

struct feed { /* one of the parts: its entries in order */
    struct part_cursor *cursor;
    struct part_entry entry; /* the next one */
    bool over;
};

struct owner_entry {
    struct part_entry entry;
    uint32_t feed;
};

struct merging {
    struct merge_job *merge;
    struct history_scan *scan;
    struct chunks chunks;
    struct rows kept;
    struct feed *feeds;
    size_t feed_count;
    struct owner_entry *entries; /* of the owner */
    size_t entry_count, entry_capacity;
    uint8_t types[CHUNK_COLUMNS_MAX + 1];
    uint16_t value_columns;
    enum part_tier tier;
};

/* ---- feeds -------------------------------------------------------------------------------------
 */
static enum err feed_next(struct feed *feed)
{
    enum err err = part_cursor_next(feed->cursor, &feed->entry);
    feed->over = err != OK;
    return err == ERR_MISSING ? OK : err;
}

static enum err merging_open(struct merging *merging)
{
    struct set *set = merging->merge->set;
    size_t count = set->part_count[merging->tier];
    merging->feeds = calloc(count, sizeof *merging->feeds);
    if (merging->feeds == NULL)
        return ERR_NO_MEMORY;
    enum err err = scan_create_set(set, &merging->scan);
    for (; err == OK && merging->feed_count < count; merging->feed_count++) {
        struct feed *feed = &merging->feeds[merging->feed_count];
        err = part_cursor_create(set->parts[merging->tier][merging->feed_count], scan_damaged,
                                 merging->scan, &feed->cursor);
        if (err == OK)
            err = feed_next(feed);
    }
    return err;
}

static void merging_done(struct merging *merging)
{
    for (size_t i = 0; i < merging->feed_count; i++)
        part_cursor_destroy(merging->feeds[i].cursor);
    free(merging->feeds);
    free(merging->entries);
    rows_done(&merging->kept);
    chunks_done(&merging->chunks);
    history_scan_destroy(merging->scan);
}

static bool owner_next(const struct merging *merging, uint32_t *ret_owner)
{
    bool some = false;
    for (size_t i = 0; i < merging->feed_count; i++) {
        const struct feed *feed = &merging->feeds[i];
        if (feed->over || (some && feed->entry.owner >= *ret_owner))
            continue;
        *ret_owner = feed->entry.owner;
        some = true;
    }
    return some;
}

static enum err owner_entry_add(struct merging *merging, size_t feed)
{
    if (merging->entry_count == merging->entry_capacity) {
        size_t capacity = merging->entry_capacity ? merging->entry_capacity * 2 : 64;
        struct owner_entry *more = realloc(merging->entries, capacity * sizeof *more);
        if (more == NULL)
            return ERR_NO_MEMORY;
        merging->entries = more;
        merging->entry_capacity = capacity;
    }
    merging->entries[merging->entry_count++] =
        (struct owner_entry){.entry = merging->feeds[feed].entry, .feed = (uint32_t)feed};
    return OK;
}

static int owner_entry_compare(const void *a, const void *b)
{
    const struct owner_entry *x = a, *y = b;
    if (x->entry.first_ns != y->entry.first_ns)
        return x->entry.first_ns < y->entry.first_ns ? -1 : 1;
    return (x->feed > y->feed) - (x->feed < y->feed);
}

static enum err owner_entries(struct merging *merging, uint32_t owner)
{
    merging->entry_count = 0;
    for (size_t i = 0; i < merging->feed_count; i++) {
        struct feed *feed = &merging->feeds[i];
        while (!feed->over && feed->entry.owner == owner) {
            enum err err = owner_entry_add(merging, i);
            if (err == OK)
                err = feed_next(feed);
            if (err != OK)
                return err;
        }
    }
    qsort(merging->entries, merging->entry_count, sizeof *merging->entries, owner_entry_compare);
    return OK;
}

/* ---- what is left out --------------------------------------------------------------------------
 */
/* Before which time samples of the row's column are not kept; INT64_MIN: all are. */
static int64_t column_cutoff(const struct merging *merging, uint32_t owner, uint16_t column)
{
    const struct policies *policies = merging->merge->policies;
    bool raw = merging->tier == PART_RAW;
    uint32_t first_point = raw ? policies_first_point(policies, owner) : owner;
    if (first_point == 0)
        return INT64_MIN;
    const struct history_policy *policy = policy_of(policies, raw ? first_point + column : owner);
    if (raw && policy->drop_when_full && policy->priority <= merging->merge->drop_priority)
        return INT64_MAX;
    int64_t keep_ns = raw ? policy->retention_ns : policy->rollup_retention_ns[merging->tier];
    return keep_ns > 0 ? merging->merge->now_ns - keep_ns : INT64_MIN;
}

static bool entry_expires(const struct merging *merging, uint32_t owner, uint16_t columns,
                          const struct part_entry *entry)
{
    if (!merging->merge->policies->retentions && merging->merge->drop_priority < 0)
        return false;
    for (uint16_t i = 0; i < columns; i++)
        if (entry->first_ns < column_cutoff(merging, owner, i))
            return true;
    return false;
}

static bool entry_is_erased(const struct merging *merging, uint32_t owner,
                            const struct part_entry *entry)
{
    const struct erasures *erasures = merging->merge->set->erasures;
    if (erasures == NULL || merging->tier != PART_RAW)
        return false;
    size_t first;
    for (size_t i = 0; i < erasures->count; i++) {
        const struct erased *erased = erasures->at[i];
        if (erased->from_ns <= entry->last_ns && erased->to_ns > entry->first_ns &&
            erased_of_row(erased, owner, &first) > 0)
            return true;
    }
    return false;
}

static enum err rows_expire(struct merging *merging, uint32_t owner, struct chunk_rows *rows)
{
    struct rows *kept = &merging->kept;
    enum err err = rows_reserve(kept, merging->types, rows->columns_count, rows->rows);
    if (err == OK)
        err = rows_append(kept, rows, 0, rows->rows);
    if (err != OK)
        return err;
    for (uint16_t column = 0; column < merging->value_columns; column++) {
        int64_t cutoff = column_cutoff(merging, owner, column);
        for (uint32_t row = 0; row < kept->count && kept->times[row] < cutoff; row++) {
            merging->merge->expired += kept->cells[column][row] != CELL_NONE;
            kept->cells[column][row] = CELL_NONE;
        }
    }
    *rows = rows_view(kept, owner);
    return OK;
}

/* ---- an owner ----------------------------------------------------------------------------------
 */
/* Columns and types of all its chunks; those that cannot be opened were told. */
static enum err owner_types(struct merging *merging)
{
    uint16_t lateness = merging->tier == PART_RAW ? 1 : 0;
    memset(merging->types, 0, sizeof merging->types);
    merging->value_columns = 0;
    for (size_t i = 0; i < merging->entry_count; i++) {
        const struct owner_entry *at = &merging->entries[i];
        struct bytes bytes;
        struct chunk chunk;
        enum err err = part_cursor_chunk(merging->feeds[at->feed].cursor, &at->entry, &bytes);
        if (err == ERR_NO_MEMORY)
            return err;
        if (err != OK || chunk_open(bytes, CHUNK_TRUSTED, &chunk) != OK || chunk.columns < lateness)
            continue;
        uint16_t columns = (uint16_t)(chunk.columns - lateness);
        if (columns > merging->value_columns)
            merging->value_columns = columns;
        for (uint16_t column = 0; column < columns; column++) {
            struct chunk_summary summary;
            if (chunk_summary_get(&chunk, column, &summary) == OK &&
                (summary.samples > 0 || merging->types[column] == 0))
                merging->types[column] = summary.type;
        }
    }
    merging->types[merging->value_columns] = VALUE_INT64; /* the lateness, where there is one */
    return OK;
}

static bool entries_are_apart(const struct merging *merging)
{
    for (size_t i = 1; i < merging->entry_count; i++)
        if (merging->entries[i].entry.first_ns <= merging->entries[i - 1].entry.last_ns)
            return false;
    return true;
}

static bool owner_is_copied(const struct merging *merging, uint32_t owner)
{
    if (!entries_are_apart(merging))
        return false;
    for (size_t i = 0; i < merging->entry_count; i++) {
        const struct part_entry *entry = &merging->entries[i].entry;
        if ((merging->entry_count > 1 && entry->samples < COPY_ROWS) ||
            entry_is_erased(merging, owner, entry) ||
            entry_expires(merging, owner, COLUMNS_MAX, entry))
            return false;
    }
    return true;
}

static uint64_t chunk_values(const struct chunk *chunk, uint16_t lateness)
{
    uint64_t values = 0;
    for (uint16_t i = 0; i + lateness < chunk->columns; i++) {
        struct chunk_summary summary;
        if (chunk_summary_get(chunk, i, &summary) == OK)
            values += summary.samples;
    }
    return values;
}

static enum err owner_copy(struct merging *merging)
{
    for (size_t i = 0; i < merging->entry_count; i++) {
        const struct owner_entry *at = &merging->entries[i];
        struct part_cursor *cursor = merging->feeds[at->feed].cursor;
        struct bytes bytes;
        struct chunk chunk;
        enum err err = part_cursor_chunk(cursor, &at->entry, &bytes);
        if (err == ERR_NO_MEMORY)
            return err;
        if (err != OK)
            continue; /* told */
        if (chunk_open(bytes, CHUNK_VERIFY, &chunk) != OK) {
            part_cursor_damaged(cursor, &at->entry, "a chunk is damaged");
            continue;
        }
        err = chunks_copy(&merging->chunks, &at->entry, bytes,
                          chunk_values(&chunk, merging->tier == PART_RAW ? 1 : 0));
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err owner_scan(struct merging *merging, uint32_t owner)
{
    enum err err = owner_types(merging);
    if (err != OK || merging->value_columns == 0)
        return err;
    bool raw = merging->tier == PART_RAW;
    struct history_query query = {.tier = merging->tier,
                                  .row = owner,
                                  .types = merging->types,
                                  .count = merging->value_columns,
                                  .lateness = raw,
                                  .from_ns = INT64_MIN,
                                  .to_ns = INT64_MAX};
    err = history_scan_row(merging->scan, &query);
    if (err == OK)
        err = chunks_begin(&merging->chunks, owner, merging->types,
                           (uint16_t)(merging->value_columns + (raw ? 1 : 0)),
                           merging->value_columns);
    while (err == OK) {
        struct history_piece piece;
        err = history_scan_next(merging->scan, &piece);
        if (err != OK)
            break;
        if (merging->merge->policies->retentions || merging->merge->drop_priority >= 0)
            err = rows_expire(merging, owner, &piece.rows);
        if (err == OK)
            err = chunks_put(&merging->chunks, &piece.rows);
    }
    return err == ERR_MISSING ? chunks_end(&merging->chunks) : err;
}

/* ---- the job -----------------------------------------------------------------------------------
 */
static enum err merge_owners(struct merging *merging)
{
    uint32_t owner = 0;
    while (owner_next(merging, &owner)) {
        if (atomic_load_explicit(&merging->merge->stop, memory_order_relaxed))
            return ERR_STOPPED;
        enum err err = owner_entries(merging, owner);
        if (err == OK)
            err =
                owner_is_copied(merging, owner) ? owner_copy(merging) : owner_scan(merging, owner);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err merge_write(struct merge_job *merge, struct part_writer *writer)
{
    struct merging merging = {.merge = merge, .tier = merge->info.tier};
    enum err err = chunks_init(&merging.chunks, writer);
    if (err == OK)
        err = merging_open(&merging);
    if (err == OK)
        err = merge_owners(&merging);
    /* A part with damage stays as it is: who repairs it may get more out of it. */
    if (err == OK && merging.scan->cost.missing > 0) {
        history_scan_missing(merging.scan, &merge->missing, 1);
        err = ERR_CORRUPT;
    }
    merge->values = merging.chunks.values;
    merge->empty = merging.chunks.samples == 0;
    merging_done(&merging);
    return err;
}

void merge_run(struct job *job)
{
    struct merge_job *merge = (struct merge_job *)job;
    const struct history_config *config = &merge->history->config;
    int64_t began = config->clock->boot_ns(config->clock);
    struct part_writer *writer;
    merge->part = NULL;
    merge->values = merge->expired = 0;
    merge->err = part_writer_create(config->disk, HISTORY_FOLDER, &merge->info, &writer);
    if (merge->err == OK) {
        merge->err = merge_write(merge, writer);
        if (merge->err == OK && !merge->empty)
            merge->err = part_writer_end(writer, &merge->info);
        else
            part_writer_drop(writer);
    }
    if (merge->err == OK && !merge->empty)
        merge->err = part_open(config->disk, HISTORY_FOLDER, merge->info.name, &merge->part);
    merge->took_ns = config->clock->boot_ns(config->clock) - began;
}
