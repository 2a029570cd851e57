/* The invariants, after each recovery:
 *   acknowledged means present   each acknowledged value is in the journal, none was invented
 *   no hole                      positions follow each other from 1, or the gap is named
 *   live = journal               the engine's last values are those of an independent reading
 *   replay = live = snapshot + tail   by state hash, in two more engines on the same disk
 *   history = journal            of each point and time the last sample, see past_verify.c
 *   alarms                       what was recorded is what a replay computes
 *   commands                     each answered once, and done once */
#include "world.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- what is in the journal ---- */
static void verify_positions(struct world *world, const struct scan *scan)
{
    uint64_t next = 1;
    for (size_t i = 0; i < scan->batch_count; i++) {
        const struct scan_batch *batch = &scan->batches[i];
        if (batch->position != next || batch->present != batch->records)
            world_fail(world,
                       "positions: a batch at %" PRIu64
                       " with %u of %u records, expected at %" PRIu64,
                       batch->position, batch->present, batch->records, next);
        next = batch->position + batch->records;
    }
}

/* With retention: samples are missing only where a snapshot holds what they did. */
static void verify_released(struct world *world, const struct scan *scan)
{
    struct engine_counters counters;
    uint64_t next = 1, missing_to = 0;
    for (size_t i = 0; i < scan->batch_count; i++) {
        const struct scan_batch *batch = &scan->batches[i];
        if (batch->position > next)
            missing_to = batch->position;
        next = batch->position + batch->records;
        if (batch->present < batch->records)
            missing_to = next;
    }
    engine_describe(world->engine, &counters);
    if (counters.snapshot_position > 0 && missing_to > counters.snapshot_position)
        world_fail(world, "samples up to %" PRIu64 " are gone, the snapshot is at %" PRIu64,
                   missing_to, counters.snapshot_position);
}

static void refusals_show(const struct world *world)
{
    for (size_t i = 0; world->verbose && i < engine_refused_count(world->engine); i++) {
        const struct refused *refused = engine_refused_at(world->engine, i);
        fprintf(stderr, "  refused %" PRIu64 " times on %.*s: %s\n", refused->count,
                (int)refused->topic_size, (const char *)refused->topic, admit_name(refused->admit));
    }
}

static void verify_keys(struct world *world)
{
    uint64_t missing = 0, invented = 0;
    for (size_t i = 0; i < world->keys.capacity; i++) {
        struct key *key = &world->keys.slots[i];
        if (key->hash == 0)
            continue;
        if (key->found < key->acknowledged)
            missing += key->acknowledged - key->found;
        if (world->verbose && key->found < key->acknowledged)
            fprintf(stderr, "  key %016" PRIx64 " is missing\n", key->hash);
        if (key->found > key->acknowledged + key->unknown)
            invented += key->found - key->acknowledged - key->unknown;
        key->acknowledged = key->found; /* from now on this is the truth for ever */
        key->unknown = 0;
    }
    if (missing > 0)
        refusals_show(world);
    if (missing > 0 && world->config.samples_keep_ns == 0)
        world_fail(world, "%" PRIu64 " acknowledged values are not in the journal", missing);
    if (invented > 0)
        world_fail(world, "%" PRIu64 " values are in the journal that nobody sent", invented);
}

static void verify_live(struct world *world, const struct scan *scan)
{
    const struct points *points = engine_points(world->engine);
    for (size_t i = 0; i < scan->point_count; i++) {
        const struct scan_point *seen = &scan->points[i];
        struct point_view view;
        if (seen->path == NULL)
            continue;
        uint32_t point = points_find(points, TENANT_DEFAULT, bytes_text(seen->path));
        if (point != i + 1)
            world_fail(world, "%s is point %u, should be %zu", seen->path, point, i + 1);
        points_view(points, point, &view);
        if (!seen->said && view.time_ns == 0)
            continue;
        if (seen->erased) /* what is live then depends on what was erased when */
            continue;
        if (view.time_ns != seen->time_ns || scan_value_hash(&view.value) != seen->value)
            world_fail(world, "%s: live time %" PRId64 ", journal's %" PRId64 ", value %s",
                       seen->path, view.time_ns, seen->time_ns,
                       scan_value_hash(&view.value) == seen->value ? "equal" : "different");
    }
}

/* ---- state hashes ---- */
/* The same disk, on which there are no snapshots, or all but the newest. */
struct disk_without_snapshots {
    struct disk port; /* first */
    struct disk *whole;
    bool older;
};

struct snapshots_seen {
    char newest[DISK_NAME_SIZE];
    unsigned count;
    void (*each)(void *arg, const char *name, uint64_t size); /* NULL: only count */
    void *arg;
};

static void snapshots_each(void *arg, const char *name, uint64_t size)
{
    struct snapshots_seen *seen = arg;
    size_t length = strlen(name);
    if (length < 5 || strcmp(name + length - 5, ".snap") != 0)
        return;
    if (seen->each && strcmp(name, seen->newest) != 0)
        seen->each(seen->arg, name, size);
    if (!seen->each && strcmp(name, seen->newest) > 0)
        snprintf(seen->newest, sizeof seen->newest, "%s", name);
    if (!seen->each)
        seen->count++;
}

static enum err without_list(struct disk *port, const char *path,
                             void (*each)(void *arg, const char *name, uint64_t size), void *arg)
{
    const struct disk_without_snapshots *without = (struct disk_without_snapshots *)port;
    struct disk *whole = without->whole;
    struct snapshots_seen seen = {.count = 0};
    if (strcmp(path, "snapshots") != 0)
        return whole->list(whole, path, each, arg);
    if (!without->older)
        return ERR_MISSING;
    enum err err = whole->list(whole, path, snapshots_each, &seen);
    seen.each = each;
    seen.arg = arg;
    return err == OK ? whole->list(whole, path, snapshots_each, &seen) : err;
}

static enum err without_open(struct disk *port, const char *path, unsigned flags,
                             struct disk_file **ret_file)
{
    struct disk *whole = ((struct disk_without_snapshots *)port)->whole;
    return whole->open(whole, path, flags, ret_file);
}

static void without_close(struct disk *port, struct disk_file *file)
{
    struct disk *whole = ((struct disk_without_snapshots *)port)->whole;
    whole->close(whole, file);
}

static enum err without_read(struct disk *port, struct disk_file *file, uint64_t offset, void *at,
                             size_t size, size_t *ret_size)
{
    struct disk *whole = ((struct disk_without_snapshots *)port)->whole;
    return whole->read(whole, file, offset, at, size, ret_size);
}

static enum err without_size(struct disk *port, struct disk_file *file, uint64_t *ret_size)
{
    struct disk *whole = ((struct disk_without_snapshots *)port)->whole;
    return whole->size(whole, file, ret_size);
}

static uint64_t replay_hash(struct world *world, struct disk *disk, const char *how)
{
    struct worker_sim workers[2];
    struct engine_config config = world->config;
    struct engine *engine;
    struct engine_start start;
    worker_sim_init(&workers[0]);
    worker_sim_init(&workers[1]);
    config.disk = disk;
    config.writer = &workers[0].port;
    config.background = config.sealer = config.merger = &workers[1].port;
    config.read_only = true;
    config.outcome = NULL;
    config.tell = NULL;
    enum err err = engine_open(&config, &engine, &start);
    if (err != OK)
        world_fail(world, "%s: the engine does not open: %s", how, err_text(err));
    uint64_t hash = engine_state_hash(engine);
    engine_close(engine, false);
    return hash;
}

static void verify_replay(struct world *world, uint64_t live, bool older, const char *how)
{
    struct disk_without_snapshots without = {.port = {.open = without_open,
                                                      .close = without_close,
                                                      .read = without_read,
                                                      .size = without_size,
                                                      .list = without_list},
                                             .whole = disk_sim_port(world->disk),
                                             .older = older};
    uint64_t replay = replay_hash(world, &without.port, how);
    if (replay != live)
        world_fail(world, "%s is %016" PRIx64 ", live is %016" PRIx64, how, replay, live);
}

/* Two whole ones: what was released lies in both. */
static bool older_is_whole(struct world *world)
{
    struct disk *disk = disk_sim_port(world->disk);
    struct snapshots_seen seen = {.count = 0};
    return world->rotten_snapshot_count == 0 &&
           disk->list(disk, "snapshots", snapshots_each, &seen) == OK && seen.count == 2;
}

/* Each entry of an alarm that came back from the journal says what was computed. */
static void verify_entries(struct world *world)
{
    struct engine_counters counters;
    engine_describe(world->engine, &counters);
    if (counters.entries_disagreed > 0 && !world->rotten)
        world_fail(world, "%" PRIu64 " entries of alarms are not what was computed",
                   counters.entries_disagreed);
}

static void verify_hashes(struct world *world)
{
    struct disk *disk = disk_sim_port(world->disk);
    uint64_t live = engine_state_hash(world->engine);
    uint64_t changes = disk_sim_changes(world->disk);
    uint64_t tail = replay_hash(world, disk, "snapshot + tail");
    if (tail != live)
        world_fail(world, "snapshot + tail is %016" PRIx64 ", live is %016" PRIx64, tail, live);
    bool kept = world->config.samples_keep_ns == 0 && world->config.messages_keep_ns > 0;
    if (!world->rotten && kept)
        verify_replay(world, live, false, "replay");
    if (!world->rotten && older_is_whole(world))
        verify_replay(world, live, true, "older snapshot + tail");
    if (disk_sim_changes(world->disk) != changes)
        world_fail(world, "a read-only engine changed the disk");
}

/* ---- all of it ---- */
void world_verify(struct world *world)
{
    struct scan scan;
    struct past past;
    world_settle(world);
    if (disk_sim_power_is_off(world->disk))
        return;
    if (world->crowd_here)
        crowd_verify(&world->crowd);
    if (world->crowd.alone) /* to show that what was planted is found by this alone */
        return;
    keys_found_reset(&world->keys);
    past_init(&past, world->past_sabotage);
    scan_disk(&scan, disk_sim_port(world->disk), &world->clock, &world->keys, &world->names, &past,
              engine_archive(world->engine));
    if (scan.err != OK)
        world_fail(world, "the journal cannot be read: %s", err_text(scan.err));
    if (world->rotten && world->config.messages_keep_ns == 0 &&
        scan.damage_count < world->damage_expected) /* a damaged file of messages was released */
        world->damage_expected = scan.damage_count;
    if (scan.damage_count != world->damage_expected) {
        world_damage_show(world, &scan);
        world_fail(world, "%zu stretches are named as damaged, %zu are: %s", scan.damage_count,
                   world->damage_expected,
                   scan.damage_count > 0 ? scan.damage[scan.damage_count - 1].why : "");
    }
    bool whole = world->config.samples_keep_ns == 0;
    bool released = world->config.messages_keep_ns == 0;
    if (!world->rotten && (!whole || released))
        verify_released(world, &scan);
    if (!world->rotten && whole) {
        if (!released)
            verify_positions(world, &scan);
        if (scan.undecodable + (released ? 0 : scan.holes) + scan.unnamed_points > 0)
            world_fail(world, "%" PRIu64 " records cannot be decoded", scan.undecodable);
    }
    verify_keys(world);
    if (!world->rotten && whole)
        verify_live(world, &scan);
    scan_done(&scan);
    if (!world->rotten)
        world_verify_history(world, &past);
    past_done(&past);
    const char *wrong = commands_compare(&world->commands, engine_points(world->engine),
                                         engine_access(world->engine));
    if (wrong != NULL && !world->rotten && !world->commands.waiting)
        world_fail(world, "%s", wrong);
    verify_entries(world);
    verify_hashes(world);
    world->counts.verified++;
}
