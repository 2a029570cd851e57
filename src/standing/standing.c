#include "standing/standing.h"

#include <stdlib.h>
#include <string.h>

/* What an alarm adds to each branch above it. */
struct share {
    uint8_t active, unacknowledged, stale, hidden, priority;
};
struct branch {
    uint32_t tenant;
    uint32_t alarms; /* that count here; 0: the entry is free */
    struct standing_counts counts;
    uint16_t size;
    uint8_t *path;
};
struct counted { /* an alarm, as it was counted */
    uint64_t alarm;
    uint32_t tenant;
    struct share share;
    uint16_t size;
    uint8_t *path; /* NULL: the entry is free */
};
struct pool { /* entries that come and go, found by a hash */
    void *at;
    uint32_t count, capacity, free; /* free: first of a list through the first four bytes, + 1 */
    size_t size;
    struct index *index;
};
struct standing {
    struct engine *engine;
    struct pool branches, counted;
    uint32_t row;     /* next row to look at; 0: all were */
    uint64_t entry;   /* next entry */
    uint64_t changed; /* alarms_rows_changed when the rows began to be looked at */
    uint64_t text_bytes;
};

/* ---- pools -------------------------------------------------------------------------------------
 */
static enum err pool_init(struct pool *pool, size_t size)
{
    pool->size = size;
    return index_create(&pool->index);
}

static void *pool_at(const struct pool *pool, uint32_t i)
{
    return (uint8_t *)pool->at + (size_t)i * pool->size;
}

static bool pool_take(struct pool *pool, uint32_t *ret_i)
{
    if (pool->free != 0) {
        *ret_i = pool->free - 1;
        memcpy(&pool->free, pool_at(pool, *ret_i), sizeof pool->free);
        return true;
    }
    if (pool->count == pool->capacity) {
        uint32_t capacity = pool->capacity > 0 ? pool->capacity * 2 : 64;
        void *at = realloc(pool->at, (size_t)capacity * pool->size);
        if (at == NULL)
            return false;
        pool->at = at;
        pool->capacity = capacity;
    }
    *ret_i = pool->count++;
    return true;
}

static void pool_give(struct pool *pool, uint32_t i)
{
    memset(pool_at(pool, i), 0, pool->size);
    memcpy(pool_at(pool, i), &pool->free, sizeof pool->free);
    pool->free = i + 1;
}

/* ---- branches ----------------------------------------------------------------------------------
 */
static uint32_t branch_find(const struct standing *standing, uint32_t tenant, struct bytes path)
{
    struct index_probe probe;
    const struct index *index = standing->branches.index;
    uint64_t hash = points_path_hash(tenant, path);
    for (uint32_t i = index_first(index, &probe, hash); i != INDEX_NONE;
         i = index_next(index, &probe)) {
        const struct branch *branch = pool_at(&standing->branches, i);
        if (branch->tenant == tenant && bytes_equal(bytes_of(branch->path, branch->size), path))
            return i;
    }
    return INDEX_NONE;
}

static uint8_t *text_take(struct standing *standing, struct bytes text)
{
    uint8_t *at = malloc(text.size + 1);
    if (at == NULL)
        return NULL;
    if (text.size > 0)
        memcpy(at, text.at, text.size);
    standing->text_bytes += text.size + 1;
    return at;
}

static void text_give(struct standing *standing, uint8_t *at, size_t size)
{
    standing->text_bytes -= size + 1;
    free(at);
}

static struct branch *branch_get(struct standing *standing, uint32_t tenant, struct bytes path)
{
    uint32_t i = branch_find(standing, tenant, path);
    if (i != INDEX_NONE)
        return pool_at(&standing->branches, i);
    uint8_t *text = text_take(standing, path);
    if (text == NULL || !pool_take(&standing->branches, &i)) {
        if (text != NULL)
            text_give(standing, text, path.size);
        return NULL;
    }
    struct branch *branch = pool_at(&standing->branches, i);
    *branch = (struct branch){.tenant = tenant, .size = (uint16_t)path.size, .path = text};
    if (index_insert(standing->branches.index, points_path_hash(tenant, path), i) == OK)
        return branch;
    text_give(standing, text, path.size);
    pool_give(&standing->branches, i);
    return NULL;
}

static void branch_drop(struct standing *standing, uint32_t i)
{
    struct branch *branch = pool_at(&standing->branches, i);
    struct bytes path = bytes_of(branch->path, branch->size);
    enum err err =
        index_remove(standing->branches.index, points_path_hash(branch->tenant, path), i);
    check(err == OK);
    text_give(standing, branch->path, path.size);
    pool_give(&standing->branches, i);
}

static void counts_move(struct standing_counts *counts, const struct share *share, bool more)
{
    uint32_t sign = more ? 1 : UINT32_MAX;
    counts->active += share->active * sign;
    counts->unacknowledged += share->unacknowledged * sign;
    counts->stale += share->stale * sign;
    counts->hidden += share->hidden * sign;
    if (share->active || share->unacknowledged)
        counts->by_priority[share->priority] += sign;
}

/* The path without its last segment; false: it has none. */
static bool path_up(struct bytes *path)
{
    if (path->size == 0)
        return false;
    size_t size = path->size - 1;
    while (size > 0 && path->at[size] != '/')
        size--;
    *path = bytes_of(path->at, size);
    return true;
}

static void share_remove(struct standing *standing, uint32_t tenant, struct bytes path,
                         const struct share *share, struct bytes until)
{
    do {
        if (path.size == until.size && until.at != NULL)
            return; /* from here up it was never counted */
        uint32_t i = branch_find(standing, tenant, path);
        check(i != INDEX_NONE);
        struct branch *branch = pool_at(&standing->branches, i);
        counts_move(&branch->counts, share, false);
        if (--branch->alarms == 0)
            branch_drop(standing, i);
    } while (path_up(&path));
}

static bool share_add(struct standing *standing, uint32_t tenant, struct bytes path,
                      const struct share *share)
{
    struct bytes at = path;
    do {
        struct branch *branch = branch_get(standing, tenant, at);
        if (branch == NULL) {
            share_remove(standing, tenant, path, share, at);
            return false;
        }
        counts_move(&branch->counts, share, true);
        branch->alarms++;
    } while (path_up(&at));
    return true;
}

/* ---- alarms ------------------------------------------------------------------------------------
 */
static uint64_t alarm_hash(uint64_t alarm)
{
    return alarm * UINT64_C(0x9E3779B97F4A7C15);
}

static uint32_t counted_find(const struct standing *standing, uint64_t alarm)
{
    struct index_probe probe;
    const struct index *index = standing->counted.index;
    for (uint32_t i = index_first(index, &probe, alarm_hash(alarm)); i != INDEX_NONE;
         i = index_next(index, &probe))
        if (((const struct counted *)pool_at(&standing->counted, i))->alarm == alarm)
            return i;
    return INDEX_NONE;
}

static void alarm_forget(struct standing *standing, uint64_t alarm)
{
    uint32_t i = counted_find(standing, alarm);
    if (i == INDEX_NONE)
        return;
    struct counted counted = *(struct counted *)pool_at(&standing->counted, i);
    enum err err = index_remove(standing->counted.index, alarm_hash(alarm), i);
    check(err == OK);
    share_remove(standing, counted.tenant, bytes_of(counted.path, counted.size), &counted.share,
                 bytes_of(NULL, 0));
    text_give(standing, counted.path, counted.size);
    pool_give(&standing->counted, i);
}

static struct share share_of(const struct alarm_view *view)
{
    struct share share = {.priority = view->priority};
    bool hidden = view->state == ALARM_SHELVED || view->state == ALARM_SUPPRESSED ||
                  view->state == ALARM_OUT_OF_SERVICE;
    share.hidden = hidden;
    share.active = !hidden && alarm_is_active(view->machine);
    share.unacknowledged = view->state == ALARM_UNACKNOWLEDGED || view->state == ALARM_RETURNED ||
                           view->state == ALARM_LATCHED;
    share.stale = share.active && view->kind == RULE_STALE;
    return share;
}

static struct bytes alarm_path(const struct standing *standing, const struct alarm_view *view,
                               uint8_t *path)
{
    struct rule_view rule;
    if (view->point != POINT_NONE)
        return bytes_of(path, points_path(engine_points(standing->engine), view->point, path));
    if (!alarms_rule(engine_alarms(standing->engine), view->rule, &rule))
        return bytes_of(path, 0);
    if (rule.plan.path.size > 0) /* an expression's rule may have none */
        memcpy(path, rule.plan.path.at, rule.plan.path.size);
    return bytes_of(path, rule.plan.path.size);
}

static void alarm_count(struct standing *standing, const struct alarm_view *view)
{
    uint8_t text[PATH_MAX_BYTES];
    struct bytes path = alarm_path(standing, view, text);
    struct counted counted = {.alarm = view->alarm,
                              .tenant = view->tenant,
                              .share = share_of(view),
                              .size = (uint16_t)path.size,
                              .path = text_take(standing, path)};
    uint32_t i;
    if (counted.path == NULL)
        return;
    if (!pool_take(&standing->counted, &i)) {
        text_give(standing, counted.path, path.size);
        return;
    }
    if (share_add(standing, view->tenant, path, &counted.share)) {
        *(struct counted *)pool_at(&standing->counted, i) = counted;
        if (index_insert(standing->counted.index, alarm_hash(view->alarm), i) == OK)
            return;
        share_remove(standing, view->tenant, path, &counted.share, bytes_of(NULL, 0));
    }
    text_give(standing, counted.path, path.size);
    pool_give(&standing->counted, i);
}

/* ---- life --------------------------------------------------------------------------------------
 */
enum err standing_create(struct engine *engine, struct standing **ret_standing)
{
    struct standing *standing = calloc(1, sizeof *standing);
    if (standing == NULL)
        return ERR_NO_MEMORY;
    standing->engine = engine;
    standing->row = 1;
    standing->entry = alarms_entries(engine_alarms(engine)) + 1;
    enum err err = pool_init(&standing->branches, sizeof(struct branch));
    if (err == OK)
        err = pool_init(&standing->counted, sizeof(struct counted));
    if (err != OK) {
        standing_destroy(standing);
        return err;
    }
    *ret_standing = standing;
    return OK;
}

void standing_destroy(struct standing *standing)
{
    if (standing == NULL)
        return;
    for (uint32_t i = 0; i < standing->branches.count; i++)
        free(((struct branch *)pool_at(&standing->branches, i))->path);
    for (uint32_t i = 0; i < standing->counted.count; i++)
        free(((struct counted *)pool_at(&standing->counted, i))->path);
    index_destroy(standing->branches.index);
    index_destroy(standing->counted.index);
    free(standing->branches.at);
    free(standing->counted.at);
    free(standing);
}

static void alarm_look(struct standing *standing, uint64_t alarm)
{
    struct alarm_view view;
    alarm_forget(standing, alarm);
    if (alarm != 0 && alarms_find(engine_alarms(standing->engine), alarm, &view) &&
        view.state != ALARM_NORMAL)
        alarm_count(standing, &view);
}

/* Entries that were overrun before they were looked at say nothing any more: the rows do. */
static void entries_overrun(struct standing *standing, uint64_t last)
{
    for (uint32_t i = 0; i < standing->counted.count; i++) {
        const struct counted *counted = pool_at(&standing->counted, i);
        if (counted->path != NULL)
            alarm_forget(standing, counted->alarm);
    }
    standing->entry = last + 1;
    standing->row = 1;
}

bool standing_catch_up(struct standing *standing, uint32_t most)
{
    const struct alarms *alarms = engine_alarms(standing->engine);
    uint64_t last = alarms_entries(alarms);
    if (standing->entry < alarms_entries_first(alarms))
        entries_overrun(standing, last);
    if (standing->row == 0 && standing->changed != alarms_rows_changed(alarms))
        standing->row = 1;
    if (standing->row == 1)
        standing->changed = alarms_rows_changed(alarms);
    for (; standing->row != 0 && most > 0; most--) {
        struct alarm_view view;
        if (standing->row > alarms_rows(alarms)) {
            standing->row = 0;
            break;
        }
        if (alarms_row(alarms, standing->row++, &view))
            alarm_look(standing, view.alarm);
    }
    for (; standing->row == 0 && standing->entry <= last && most > 0; most--) {
        struct alarm_entry entry;
        alarms_entry(alarms, standing->entry++, &entry);
        alarm_look(standing, entry.alarm);
    }
    return standing->row == 0 && standing->entry > last &&
           standing->changed == alarms_rows_changed(alarms);
}

void standing_of(const struct standing *standing, uint32_t tenant, struct bytes path,
                 struct standing_counts *ret_counts)
{
    uint32_t i = branch_find(standing, tenant, path);
    *ret_counts = (struct standing_counts){0};
    if (i != INDEX_NONE)
        *ret_counts = ((const struct branch *)pool_at(&standing->branches, i))->counts;
}

unsigned standing_most_urgent(const struct standing_counts *counts)
{
    for (unsigned priority = 1; priority <= ALARM_PRIORITIES; priority++)
        if (counts->by_priority[priority] > 0)
            return priority;
    return 0;
}

uint64_t standing_memory(const struct standing *standing)
{
    return sizeof *standing + standing->text_bytes +
           (uint64_t)standing->branches.capacity * standing->branches.size +
           (uint64_t)standing->counted.capacity * standing->counted.size +
           index_memory(standing->branches.index) + index_memory(standing->counted.index);
}
