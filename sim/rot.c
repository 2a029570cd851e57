/* Bytes rot, or cannot be read any more, while the house is down. What is lost by it must be named:
 * each record that could be read before and cannot be read now lies in a named stretch, and nothing
 * is named where no byte changed. The newest segment of a house that died is left alone: there the
 * last batch cannot be told from one that the power tore. */
#include "world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 256
#define ROT_PLACES_MAX 3

struct rot_file {
    char path[DISK_NAME_SIZE];
    uint64_t size;
    uint64_t number;
};
struct rot_files {
    struct rot_file at[FILES_MAX];
    size_t count;
    uint64_t newest;
};

static void files_each(void *arg, const char *name, uint64_t size)
{
    struct rot_files *files = arg;
    const char *end = strrchr(name, '.');
    uint64_t number = strtoull(name, NULL, 10);
    if (end == NULL || files->count == FILES_MAX ||
        (strcmp(end, ".open") != 0 && strcmp(end, ".facts") != 0 && strcmp(end, ".samples") != 0 &&
         strcmp(end, ".messages") != 0))
        return;
    struct rot_file *file = &files->at[files->count++];
    snprintf(file->path, sizeof file->path, "journal/%s", name);
    file->size = size;
    file->number = number;
    if (number > files->newest)
        files->newest = number;
}

/* Flips some bytes; returns how many places. */
static unsigned rot_some(struct world *world, bool clean)
{
    struct disk *disk = disk_sim_port(world->disk);
    struct random *random = &world->random;
    struct rot_files files = {.count = 0};
    unsigned places = 1 + (unsigned)random_below(random, ROT_PLACES_MAX), done = 0;
    if (disk->list(disk, "journal", files_each, &files) != OK)
        return 0;
    for (unsigned i = 0; i < places && files.count > 0; i++) {
        const struct rot_file *file = &files.at[random_below(random, files.count)];
        uint64_t size = 1 + random_below(random, random_one_in(random, 3) ? 20000 : 64);
        if ((file->number == files.newest && !clean) || file->size <= size)
            continue;
        uint64_t offset = random_below(random, file->size - size);
        bool unreadable = !world->unreadable && random_one_in(random, 4);
        world->unreadable = world->unreadable || unreadable;
        if (unreadable)
            done += disk_sim_unreadable(world->disk, file->path, offset, size);
        else
            done += disk_sim_rot(world->disk, file->path, offset, size);
        if (world->verbose)
            fprintf(stderr, "  %" PRIu64 " bytes of %s at %" PRIu64 " %s\n", size, file->path,
                    offset, unreadable ? "cannot be read" : "rot");
    }
    return done;
}

static const struct scan_batch *batch_find(const struct scan *scan, uint64_t position)
{
    size_t low = 0, high = scan->batch_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (scan->batches[middle].position == position)
            return &scan->batches[middle];
        if (scan->batches[middle].position < position)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool named(const struct scan *scan, uint64_t first, uint64_t last)
{
    for (size_t i = 0; i < scan->damage_count; i++) {
        const struct journal_damage *damage = &scan->damage[i];
        bool endless = strstr(damage->why, "unknown number") != NULL;
        if (damage->first_position < last &&
            (endless || damage->first_position + damage->records > first))
            return true;
    }
    return false;
}

static bool known_before(const struct scan *before, const struct journal_damage *damage)
{
    for (size_t i = 0; i < before->damage_count; i++) {
        const struct journal_damage *known = &before->damage[i];
        if (known->segment == damage->segment && known->offset == damage->offset &&
            known->first_position == damage->first_position && strcmp(known->why, damage->why) == 0)
            return true;
    }
    return false;
}

/* Does any batch that was whole before, and is not now, lie in the stretch? */
static bool lost_in(const struct scan *before, const struct scan *after,
                    const struct journal_damage *damage)
{
    for (size_t i = 0; i < before->batch_count; i++) {
        const struct scan_batch *batch = &before->batches[i];
        if (batch->position >= damage->first_position + damage->records ||
            batch->position + batch->records <= damage->first_position)
            continue;
        const struct scan_batch *now = batch_find(after, batch->position);
        if (now == NULL || now->present < batch->present)
            return true;
    }
    return false;
}

void world_damage_show(const struct world *world, const struct scan *scan)
{
    for (size_t i = 0; world->verbose && i < scan->damage_count; i++) {
        const struct journal_damage *damage = &scan->damage[i];
        fprintf(stderr,
                "  named: segment %" PRIu64 " offset %" PRIu64 ", %" PRIu64 " bytes, %" PRIu64
                " records from %" PRIu64 ": %s\n",
                damage->segment, damage->offset, damage->bytes, damage->records,
                damage->first_position, damage->why);
    }
}

static void rot_compare(struct world *world, const struct scan *before, const struct scan *after,
                        unsigned places)
{
    size_t fresh = 0;
    world_damage_show(world, after);
    for (size_t i = 0; i < before->batch_count; i++) {
        const struct scan_batch *batch = &before->batches[i];
        const struct scan_batch *now = batch_find(after, batch->position);
        if ((now == NULL || now->present < batch->present) &&
            !named(after, batch->position, batch->position + batch->records))
            world_fail(world, "records from %" PRIu64 " are lost and not named", batch->position);
    }
    for (size_t i = 0; i < after->damage_count; i++) {
        const struct journal_damage *damage = &after->damage[i];
        if (known_before(before, damage))
            continue;
        fresh++;
        /* What both lanes of a stretch can have held is named for both. */
        bool lost_before =
            named(before, damage->first_position, damage->first_position + damage->records);
        /* Without the empty batch that ends a lane nobody knows whether there was more. */
        bool at_most = strstr(damage->why, "at most") && damage->bytes == BATCH_HEADER_SIZE;
        if (damage->records > 0 && !at_most && !lost_before && !lost_in(before, after, damage))
            world_fail(world,
                       "%" PRIu64 " records from %" PRIu64 " are named as lost and are there: %s",
                       damage->records, damage->first_position, damage->why);
    }
    if (fresh > 3 * (size_t)places)
        world_fail(world, "%zu stretches are named for %u rotten places", fresh, places);
}

void world_rot(struct world *world, bool clean)
{
    struct disk *disk = disk_sim_port(world->disk);
    struct scan before, after;
    /* Rot takes months: by then what the house left unsynced has reached the medium. */
    static const char *const folders[] = {".", "journal", "journal/damaged", "snapshots"};
    for (size_t i = 0; i < ARRAY_COUNT(folders); i++)
        (void)disk->sync_folder(disk, folders[i]);
    scan_disk(&before, disk, &world->clock, NULL, &world->names, NULL, NULL);
    unsigned places = rot_some(world, clean);
    if (places > 0) {
        world->rotten = true;
        world->crowd_here = false;
        world->counts.rots += places;
        keys_found_reset(&world->keys);
        scan_disk(&after, disk, &world->clock, &world->keys, &world->names, NULL, NULL);
        if (after.err != OK)
            world_fail(world, "a rotten journal cannot be read: %s", err_text(after.err));
        rot_compare(world, &before, &after, places);
        world->damage_expected = after.damage_count;
        for (size_t i = 0; i < world->keys.capacity; i++) { /* what is left is promised */
            struct key *key = &world->keys.slots[i];
            if (key->found < key->acknowledged)
                key->acknowledged = key->found;
        }
        scan_done(&after);
    }
    scan_done(&before);
}

bool world_snapshot_is_rotten(const struct world *world, const char *text)
{
    for (size_t i = 0; i < world->rotten_snapshot_count; i++)
        if (strstr(text, world->rotten_snapshots[i]))
            return true;
    return false;
}

struct rot_snapshots {
    struct random *random;
    const struct world *world;
    bool rotten_there;              /* one that rotted before */
    char path[DISK_NAME_SIZE + 16]; /* one of them, by chance */
    char name[DISK_NAME_SIZE];
    uint64_t size;
    unsigned count;
};

static void snapshots_each(void *arg, const char *name, uint64_t size)
{
    struct rot_snapshots *snapshots = arg;
    size_t name_size = strlen(name);
    if (name_size < 5 || strcmp(name + name_size - 5, ".snap") != 0)
        return;
    snapshots->count++;
    if (world_snapshot_is_rotten(snapshots->world, name))
        snapshots->rotten_there = true;
    if (size == 0 || !random_one_in(snapshots->random, snapshots->count))
        return;
    snprintf(snapshots->name, sizeof snapshots->name, "%s", name);
    snprintf(snapshots->path, sizeof snapshots->path, "snapshots/%s", snapshots->name);
    snapshots->size = size;
}

void world_rot_snapshot(struct world *world)
{
    struct disk *disk = disk_sim_port(world->disk);
    struct rot_snapshots snapshots = {.random = &world->random, .world = world};
    bool released = world->config.messages_keep_ns == 0 || world->config.samples_keep_ns > 0;
    if (disk->list(disk, "snapshots", snapshots_each, &snapshots) != OK || snapshots.size == 0)
        return;
    /* What was released lies in two snapshots: one of them may rot. */
    if ((released && (snapshots.count < 2 || snapshots.rotten_there)) ||
        world->rotten_snapshot_count == ROTTEN_SNAPSHOTS)
        return;
    memcpy(world->rotten_snapshots[world->rotten_snapshot_count++], snapshots.name,
           sizeof snapshots.name);
    uint64_t offset = random_below(&world->random, snapshots.size);
    world->counts.rots += disk_sim_rot(world->disk, snapshots.path, offset, 1);
    if (world->verbose)
        fprintf(stderr, "  a byte of %s rots at %" PRIu64 "\n", snapshots.path, offset);
}
