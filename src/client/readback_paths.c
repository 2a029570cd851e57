/* From point numbers to paths. Texts are kept in one growing block, each row's prefix once, so that
 * millions of points cost little more than their metrics' names. */
#include "client/client.h"

#include <stdlib.h>
#include <string.h>

struct path_entry { /* of a point: where its prefix and its metric lie in the block */
    uint64_t prefix_at, metric_at;
    uint32_t prefix_size, metric_size;
};

struct readback_paths {
    struct path_entry *entries; /* by point number */
    size_t entry_capacity;
    uint32_t highest; /* point told so far */
    uint8_t *block;
    size_t block_size, block_capacity;
    uint8_t path[PATH_MAX_BYTES + 1];
};

enum err readback_paths_create(struct readback_paths **ret_paths)
{
    struct readback_paths *paths = calloc(1, sizeof *paths);
    if (paths == NULL)
        return ERR_NO_MEMORY;
    *ret_paths = paths;
    return OK;
}

void readback_paths_destroy(struct readback_paths *paths)
{
    if (paths == NULL)
        return;
    free(paths->entries);
    free(paths->block);
    free(paths);
}

static enum err paths_reserve_entries(struct readback_paths *paths, size_t points)
{
    if (points < paths->entry_capacity)
        return OK;
    size_t capacity = paths->entry_capacity == 0 ? 1024 : paths->entry_capacity;
    while (capacity <= points)
        capacity *= 2;
    struct path_entry *entries = realloc(paths->entries, capacity * sizeof *entries);
    if (entries == NULL)
        return ERR_NO_MEMORY;
    memset(entries + paths->entry_capacity, 0,
           (capacity - paths->entry_capacity) * sizeof *entries);
    paths->entries = entries;
    paths->entry_capacity = capacity;
    return OK;
}

static enum err paths_put_text(struct readback_paths *paths, struct bytes text, uint64_t *ret_at)
{
    if (paths->block_size + text.size > paths->block_capacity) {
        size_t capacity = paths->block_capacity == 0 ? 65536 : paths->block_capacity * 2;
        while (capacity < paths->block_size + text.size)
            capacity *= 2;
        uint8_t *block = realloc(paths->block, capacity);
        if (block == NULL)
            return ERR_NO_MEMORY;
        paths->block = block;
        paths->block_capacity = capacity;
    }
    if (text.size > 0)
        memcpy(paths->block + paths->block_size, text.at, text.size);
    *ret_at = paths->block_size;
    paths->block_size += text.size;
    return OK;
}

static enum err paths_take_row(struct readback_paths *paths, const struct fact_row *row)
{
    enum err err = paths_reserve_entries(paths, (size_t)row->shape.first_point + row->shape.count);
    uint64_t prefix_at = 0;
    if (err == OK && row->shape.count > 0)
        paths->highest = row->shape.first_point + row->shape.count - 1;
    if (err == OK)
        err = paths_put_text(paths, row->prefix, &prefix_at);
    for (uint16_t i = 0; err == OK && i < row->shape.count; i++) {
        uint64_t metric_at;
        err = paths_put_text(paths, row->points[i].metric, &metric_at);
        if (err == OK)
            paths->entries[row->shape.first_point + i] = (struct path_entry){
                .prefix_at = prefix_at,
                .prefix_size = (uint32_t)row->prefix.size,
                .metric_at = metric_at,
                .metric_size = (uint32_t)row->points[i].metric.size,
            };
    }
    return err;
}

static bool paths_entry_is(const struct readback_paths *paths, const struct path_entry *entry,
                           struct bytes path)
{
    size_t joint = entry->prefix_size > 0 && entry->metric_size > 0;
    if (entry->prefix_size + joint + entry->metric_size != path.size)
        return false;
    return memcmp(path.at, paths->block + entry->prefix_at, entry->prefix_size) == 0 &&
           memcmp(path.at + entry->prefix_size + joint, paths->block + entry->metric_at,
                  entry->metric_size) == 0;
}

/* Commands are rare: a walk over all points is good enough for an offline reader. The newest point
 * of the path is the one that has it. */
static struct path_entry *paths_entry_of(struct readback_paths *paths, struct bytes path)
{
    for (size_t i = (size_t)paths->highest + 1; i-- > 1;)
        if (paths_entry_is(paths, &paths->entries[i], path))
            return &paths->entries[i];
    return NULL;
}

static enum err paths_put_whole(struct readback_paths *paths, struct path_entry *entry,
                                struct bytes path)
{
    uint64_t at;
    enum err err = paths_put_text(paths, path, &at);
    if (err == OK)
        *entry = (struct path_entry){.metric_at = at, .metric_size = (uint32_t)path.size};
    return err;
}

static enum err paths_take_rename(struct readback_paths *paths, const struct command *command)
{
    struct path_entry *entry = paths_entry_of(paths, command->path);
    return entry == NULL ? OK : paths_put_whole(paths, entry, command->new_path);
}

/* A point made by a command has no row in the journal: it gets the next number, unless the command
 * was refused; then the row that gets this number says so and overwrites the guess. */
static enum err paths_take_create(struct readback_paths *paths, const struct command *command)
{
    if (command->path.size == 0 || paths_entry_of(paths, command->path) != NULL)
        return OK;
    enum err err = paths_reserve_entries(paths, (size_t)paths->highest + 1);
    if (err == OK)
        err = paths_put_whole(paths, &paths->entries[paths->highest + 1], command->path);
    if (err == OK)
        paths->highest++;
    return err;
}

enum err readback_paths_take(struct readback_paths *paths, const struct fact *fact)
{
    if (fact->kind == FACT_ROW)
        return paths_take_row(paths, &fact->row);
    if (fact->kind == FACT_COMMAND && fact->command.kind == COMMAND_RENAME)
        return paths_take_rename(paths, &fact->command);
    if (fact->kind == FACT_COMMAND && fact->command.kind == COMMAND_CREATE)
        return paths_take_create(paths, &fact->command);
    return OK;
}

struct bytes readback_paths_find(struct readback_paths *paths, uint32_t point)
{
    if (point >= paths->entry_capacity)
        return bytes_of(NULL, 0);
    const struct path_entry *entry = &paths->entries[point];
    size_t joint = entry->prefix_size > 0 && entry->metric_size > 0;
    size_t size = entry->prefix_size + joint + entry->metric_size;
    if (size > PATH_MAX_BYTES)
        return bytes_of(NULL, 0);
    memcpy(paths->path, paths->block + entry->prefix_at, entry->prefix_size);
    if (joint)
        paths->path[entry->prefix_size] = '/';
    memcpy(paths->path + entry->prefix_size + joint, paths->block + entry->metric_at,
           entry->metric_size);
    return bytes_of(paths->path, size);
}
