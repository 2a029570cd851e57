/* How many bytes each tenant holds on the disk. A part never changes: it is counted once, from its
 * index, a piece at a time in the background, and what came of it is taken back when a merge or an
 * erasure has replaced the part. Windows that are not sealed yet are counted again with each round.
 *
 *   a view -> parts that went are taken back -> the windows -> parts that are new, one by one
 *
 * In this order nothing counts twice: what was sealed meanwhile is missing for a moment. */
#include "engine/room.h"

#include <stdlib.h>
#include <string.h>

#define ROUND_LEAST_NS NS_PER_S
#define ROUND_REST 20 /* of its time a round may take one part */
#define FULL_UNTIL(most) ((most) - (most) / 20)

/* ---- what a part came to -----------------------------------------------------------------------
 */
static void part_forget(struct storage_part *part)
{
    free(part->shares);
    *part = (struct storage_part){.serial = 0};
}

static bool share_add(struct tenants *tenants, struct storage_part *part, uint32_t tenant,
                      uint64_t bytes)
{
    struct tenant_points *of = tenants_of(tenants, tenant);
    if (of->share != 0) {
        part->shares[of->share - 1].bytes += bytes;
        return true;
    }
    if (part->count == part->capacity) {
        size_t capacity = part->capacity > 0 ? part->capacity * 2 : 16;
        struct storage_share *more = realloc(part->shares, capacity * sizeof *more);
        if (more == NULL)
            return false;
        part->shares = more;
        part->capacity = capacity;
    }
    part->shares[part->count++] = (struct storage_share){tenant, bytes};
    of->share = (uint32_t)part->count;
    return true;
}

/* The next part begins with nothing. */
static void shares_end(struct tenants *tenants, const struct storage_part *part)
{
    for (size_t i = 0; i < part->count; i++)
        tenants_of(tenants, part->shares[i].tenant)->share = 0;
}

static void part_take_back(struct tenants *tenants, const struct storage_part *part)
{
    for (size_t i = 0; i < part->count; i++) {
        struct tenant_points *of = tenants_of(tenants, part->shares[i].tenant);
        uint64_t bytes = part->shares[i].bytes;
        of->sealed_bytes -= bytes < of->sealed_bytes ? bytes : of->sealed_bytes;
    }
}

static uint32_t tenant_of(const struct engine *engine, const struct history_holding *held)
{
    struct point_row row;
    uint32_t id = held->owner;
    if (held->tier != PART_RAW) {
        if (id == 0 || id > points_count(engine->points))
            return 0;
        id = points_row_of(engine->points, id);
    }
    if (id == 0 || id > points_rows(engine->points))
        return 0; /* damage took what it was */
    points_row(engine->points, id, &row);
    return row.tenant;
}

/* ---- the list of parts -------------------------------------------------------------------------
 */
static struct storage_part *part_find(struct storage *storage, uint64_t serial)
{
    size_t low = 0, high = storage->part_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (storage->parts[middle].serial < serial)
            low = middle + 1;
        else
            high = middle;
    }
    return low < storage->part_count && storage->parts[low].serial == serial ? &storage->parts[low]
                                                                             : NULL;
}

static bool part_put(struct storage *storage, const struct storage_part *part)
{
    if (storage->part_count == storage->part_capacity) {
        size_t capacity = storage->part_capacity > 0 ? storage->part_capacity * 2 : 16;
        struct storage_part *more = realloc(storage->parts, capacity * sizeof *more);
        if (more == NULL)
            return false;
        storage->parts = more;
        storage->part_capacity = capacity;
    }
    size_t at = storage->part_count;
    for (; at > 0 && storage->parts[at - 1].serial > part->serial; at--)
        storage->parts[at] = storage->parts[at - 1];
    storage->parts[at] = *part;
    storage->part_count++;
    return true;
}

/* ---- a round -----------------------------------------------------------------------------------
 */
static void part_is_there(void *arg, const struct part_info *info)
{
    struct storage_part *part = part_find(arg, info->serial);
    if (part != NULL)
        part->there = true;
}

/* One that went, a step; false: there is none. */
static bool round_drop(struct engine *engine)
{
    struct storage *storage = &engine->stored;
    for (; storage->next < storage->part_count; storage->next++) {
        struct storage_part *part = &storage->parts[storage->next];
        if (part->there)
            continue;
        part_take_back(&engine->tenants, part);
        part_forget(part);
        storage->part_count--;
        memmove(part, part + 1, (storage->part_count - storage->next) * sizeof *part);
        return true;
    }
    return false;
}

struct wanted {
    struct storage *storage;
    uint64_t serial; /* the lowest that was not counted; 0: none */
};

static void part_is_wanted(void *arg, const struct part_info *info)
{
    struct wanted *wanted = arg;
    if (part_find(wanted->storage, info->serial) == NULL &&
        (wanted->serial == 0 || info->serial < wanted->serial))
        wanted->serial = info->serial;
}

static void round_end(struct engine *engine)
{
    struct storage *storage = &engine->stored;
    int64_t now_ns = engine->config.clock->boot_ns(engine->config.clock);
    int64_t rest_ns = (now_ns - storage->began_ns) * ROUND_REST;
    history_view_close(storage->view);
    storage->view = NULL;
    storage->due_ns = now_ns + (rest_ns > ROUND_LEAST_NS ? rest_ns : ROUND_LEAST_NS);
}

static void count_run(struct job *job)
{
    struct storage *storage = (struct storage *)((char *)job - offsetof(struct storage, job));
    storage->err = history_count_next(storage->count, storage->at, STORAGE_PIECE, &storage->held);
}

static void count_done(struct job *job)
{
    struct storage *storage = (struct storage *)((char *)job - offsetof(struct storage, job));
    storage->busy = false;
}

static void count_submit(struct engine *engine)
{
    struct storage *storage = &engine->stored;
    storage->busy = true;
    storage->job = (struct job){.run = count_run, .done = count_done};
    engine->config.snapshotter->submit(engine->config.snapshotter, &storage->job);
}

static void count_begin(struct engine *engine, uint64_t serial)
{
    struct storage *storage = &engine->stored;
    storage->counting = (struct storage_part){.serial = serial, .there = true};
    if (history_count_create(storage->view, serial, &storage->count) != OK) {
        round_end(engine); /* with the next round */
        return;
    }
    count_submit(engine);
}

/* Each tenant's windows are what was counted now: of who has none any more as well. */
static void windows_replace(struct engine *engine, const struct storage_part *windows)
{
    struct tenants *tenants = &engine->tenants;
    for (uint32_t i = 0; i < tenants->capacity; i++)
        tenants->at[i].window_bytes = 0;
    tenants->others.window_bytes = 0;
    for (size_t i = 0; i < windows->count; i++)
        tenants_of(tenants, windows->shares[i].tenant)->window_bytes += windows->shares[i].bytes;
}

static void count_end(struct engine *engine, bool whole)
{
    struct storage *storage = &engine->stored;
    struct storage_part part = storage->counting;
    history_count_destroy(storage->count);
    storage->count = NULL;
    storage->counting = (struct storage_part){.serial = 0};
    shares_end(&engine->tenants, &part);
    if (whole && part.serial == 0) {
        windows_replace(engine, &part);
    } else if (whole && part_put(storage, &part)) {
        for (size_t i = 0; i < part.count; i++)
            tenants_of(&engine->tenants, part.shares[i].tenant)->sealed_bytes +=
                part.shares[i].bytes;
        return;
    }
    free(part.shares);
}

/* A piece was read. False: there is no more of it, or it cannot be counted now. */
static bool count_take(struct engine *engine)
{
    struct storage *storage = &engine->stored;
    bool good = storage->err == OK;
    for (size_t i = 0; good && i < storage->held; i++) {
        uint32_t tenant = tenant_of(engine, &storage->at[i]);
        good = tenant == 0 ||
               share_add(&engine->tenants, &storage->counting, tenant, storage->at[i].bytes);
    }
    if (good && storage->held > 0)
        return true;
    count_end(engine, good);
    if (!good)
        round_end(engine);
    return false;
}

static bool round_begin(struct engine *engine)
{
    struct storage *storage = &engine->stored;
    int64_t now_ns = engine->config.clock->boot_ns(engine->config.clock);
    if (now_ns < storage->due_ns || history_view_open(engine->history, &storage->view) != OK)
        return false;
    storage->began_ns = now_ns;
    storage->next = 0;
    for (size_t i = 0; i < storage->part_count; i++)
        storage->parts[i].there = false;
    history_view_parts(storage->view, part_is_there, storage);
    return true;
}

/* One thing at a time, each of them short: a part that went, a piece that was counted. */
void storage_step(struct engine *engine)
{
    struct storage *storage = &engine->stored;
    if (storage->busy || engine->config.read_only || engine->closing)
        return;
    if (storage->count != NULL) {
        uint64_t serial = storage->counting.serial;
        if (count_take(engine)) {
            count_submit(engine);
            return;
        }
        if (storage->view == NULL)
            return;
        struct wanted wanted = {.storage = storage};
        history_view_parts(storage->view, part_is_wanted, &wanted);
        if (wanted.serial == 0 || wanted.serial == serial)
            round_end(engine);
        else
            count_begin(engine, wanted.serial);
        return;
    }
    if (storage->view == NULL && !round_begin(engine))
        return;
    if (!round_drop(engine))
        count_begin(engine, 0);
}

void storage_stop(struct engine *engine)
{
    struct storage *storage = &engine->stored;
    struct worker *worker = engine->config.snapshotter;
    while (storage->busy) {
        worker->wait(worker);
        worker->poll(worker);
    }
    history_count_destroy(storage->count);
    history_view_close(storage->view);
    part_forget(&storage->counting);
    for (size_t i = 0; i < storage->part_count; i++)
        part_forget(&storage->parts[i]);
    free(storage->parts);
    *storage = (struct storage){.busy = false};
}

/* ---- asking ------------------------------------------------------------------------------------
 */
uint64_t engine_tenant_storage(const struct engine *engine, uint32_t tenant)
{
    struct sessions_tenant kept;
    struct library_use use;
    sessions_tenant(engine->sessions, tenant, &kept);
    library_use(engine->library, tenant, &use);
    uint64_t others = kept.held + use.bytes;
    if (tenant >= engine->tenants.capacity)
        return others;
    const struct tenant_points *of = &engine->tenants.at[tenant];
    return of->sealed_bytes + of->window_bytes + others;
}

bool engine_tenant_is_full(const struct engine *engine, uint32_t tenant)
{
    return tenant < engine->tenants.capacity && engine->tenants.at[tenant].storage_full;
}

void engine_tenant_storage_quota(struct engine *engine, uint32_t tenant, uint64_t bytes_max)
{
    struct tenant_points *of = tenants_of(&engine->tenants, tenant);
    if (of == &engine->tenants.others)
        return;
    uint64_t held = engine_tenant_storage(engine, tenant);
    of->storage_max = bytes_max;
    if (bytes_max == 0)
        of->storage_full = false;
    else if (held >= bytes_max)
        of->storage_full = true;
    else if (held < FULL_UNTIL(bytes_max))
        of->storage_full = false;
}

bool engine_tenant_may_store(struct engine *engine, uint32_t tenant, uint64_t bytes)
{
    uint64_t most = tenants_of(&engine->tenants, tenant)->storage_max;
    uint64_t held = engine_tenant_storage(engine, tenant);
    bool may = most == 0 || (held <= most && bytes <= most - held);
    if (!may)
        tenants_refused(&engine->tenants, tenant, ADMIT_STORAGE_MAX);
    return may;
}
