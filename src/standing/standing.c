#include "standing/tables.h"

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
    uint32_t outside; /* of its lineage */
    uint16_t size;
    uint8_t assets; /* of its lineage: their numbers lie behind the path */
    uint8_t *path;  /* NULL: the entry is free */
};
struct standing {
    struct engine *engine;
    struct pool branches, counted;
    uint32_t row;     /* next row to look at; 0: all were */
    uint64_t entry;   /* next entry */
    uint64_t changed; /* alarms_rows_changed when the rows began to be looked at */
    uint64_t text_bytes;
    struct plant plant;
    uint32_t version; /* next version of a type or asset to look at */
    uint32_t place;   /* next of counted to find its asset anew */
    uint32_t places;  /* so many are left; 0: each is counted where it is */
};

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

static struct lineage counted_lineage(const struct counted *counted)
{
    struct lineage lineage = {.count = counted->assets, .outside = counted->outside};
    memcpy(lineage.assets, counted->path + counted->size, counted->assets * sizeof(uint32_t));
    return lineage;
}

static void counted_text_give(struct standing *standing, const struct counted *counted)
{
    text_give(standing, counted->path, counted->size + counted->assets * sizeof(uint32_t));
}

static void alarm_forget(struct standing *standing, uint64_t alarm)
{
    uint32_t i = counted_find(standing, alarm);
    if (i == INDEX_NONE)
        return;
    struct counted counted = *(struct counted *)pool_at(&standing->counted, i);
    struct lineage lineage = counted_lineage(&counted);
    enum err err = index_remove(standing->counted.index, alarm_hash(alarm), i);
    check(err == OK);
    share_remove(standing, counted.tenant, bytes_of(counted.path, counted.size), &counted.share,
                 bytes_of(NULL, 0));
    plant_remove(&standing->plant, &lineage, &counted.share);
    counted_text_give(standing, &counted);
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

static bool counted_fill(struct standing *standing, const struct alarm_view *view,
                         const struct lineage *lineage, struct bytes path,
                         struct counted *ret_counted)
{
    uint8_t text[PATH_MAX_BYTES + sizeof lineage->assets];
    size_t assets = lineage->count * sizeof lineage->assets[0];
    if (path.size > 0)
        memcpy(text, path.at, path.size);
    memcpy(text + path.size, lineage->assets, assets);
    *ret_counted = (struct counted){.alarm = view->alarm,
                                    .tenant = view->tenant,
                                    .share = share_of(view),
                                    .outside = lineage->outside,
                                    .size = (uint16_t)path.size,
                                    .assets = (uint8_t)lineage->count,
                                    .path = text_take(standing, bytes_of(text, path.size + assets))};
    return ret_counted->path != NULL;
}

static void alarm_count(struct standing *standing, const struct alarm_view *view)
{
    uint8_t text[PATH_MAX_BYTES];
    struct bytes path = alarm_path(standing, view, text);
    struct lineage lineage;
    struct counted counted;
    uint32_t i;
    plant_lineage(engine_assets(standing->engine),
                  standing_asset(standing->engine, view->tenant, view->rule, view->point), path,
                  &lineage);
    if (!counted_fill(standing, view, &lineage, path, &counted))
        return;
    if (!pool_take(&standing->counted, &i)) {
        counted_text_give(standing, &counted);
        return;
    }
    if (share_add(standing, view->tenant, path, &counted.share)) {
        if (plant_add(&standing->plant, &lineage, &counted.share)) {
            *(struct counted *)pool_at(&standing->counted, i) = counted;
            if (index_insert(standing->counted.index, alarm_hash(view->alarm), i) == OK)
                return;
            plant_remove(&standing->plant, &lineage, &counted.share);
        }
        share_remove(standing, view->tenant, path, &counted.share, bytes_of(NULL, 0));
    }
    counted_text_give(standing, &counted);
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
    standing->version = assets_versions(engine_assets(engine)) + 1;
    enum err err = pool_init(&standing->branches, sizeof(struct branch));
    if (err == OK)
        err = pool_init(&standing->counted, sizeof(struct counted));
    if (err == OK)
        err = plant_init(&standing->plant);
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
    pool_done(&standing->branches);
    pool_done(&standing->counted);
    plant_done(&standing->plant);
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

/* ---- the shape of the plant --------------------------------------------------------------------
 */
/* Does an alarm lie there, or below? */
static bool alarms_are_at(const struct standing *standing, uint32_t tenant, struct bytes path)
{
    return path.size > 0 && branch_find(standing, tenant, path) != INDEX_NONE;
}

/* May the change of an asset have given alarms to others? Those that it had, or what is below it;
 * those below where it is now by its names, or by its branch; those of points that it binds. */
static bool asset_matters(const struct standing *standing, uint32_t asset)
{
    const struct assets *assets = engine_assets(standing->engine);
    uint8_t path[PATH_MAX_BYTES];
    struct standing_counts counts;
    struct asset_view view;
    struct asset_item item;
    const char *fault;
    uint32_t outside;
    if (plant_of(&standing->plant, asset, &counts, &outside))
        return true;
    assets_asset(assets, asset, &view);
    if (view.retired)
        return false;
    if (alarms_are_at(standing, view.tenant, bytes_of(path, assets_path(assets, asset, path))) ||
        alarms_are_at(standing, view.tenant, view.branch))
        return true;
    for (size_t offset = 0; asset_item_next(view.sheet, &offset, &item, &fault);)
        if (item.kind == ITEM_BINDING && alarms_are_at(standing, view.tenant, item.text))
            return true;
    return false;
}

/* Of what a change of the shape reaches, no list is kept: all that is counted is looked at. */
static void version_look(struct standing *standing, uint32_t version)
{
    bool of_type;
    uint32_t of = assets_version_of(engine_assets(standing->engine), version, &of_type);
    if (of_type || asset_matters(standing, of))
        standing->places = standing->counted.count;
}

static void place_look(struct standing *standing)
{
    struct alarm_view view;
    struct lineage now;
    if (standing->place >= standing->counted.count)
        standing->place = 0;
    const struct counted *counted = pool_at(&standing->counted, standing->place++);
    standing->places--;
    if (counted->path == NULL ||
        !alarms_find(engine_alarms(standing->engine), counted->alarm, &view))
        return; /* an entry tells that it went */
    struct lineage before = counted_lineage(counted);
    plant_lineage(engine_assets(standing->engine),
                  standing_asset(standing->engine, view.tenant, view.rule, view.point),
                  bytes_of(counted->path, counted->size), &now);
    if (memcmp(&before, &now, sizeof now) != 0)
        alarm_look(standing, counted->alarm);
}

/* True: all that is counted is where it belongs. */
static bool shape_catch_up(struct standing *standing, uint32_t *most)
{
    uint32_t last = assets_versions(engine_assets(standing->engine));
    for (; standing->version <= last && *most > 0; --*most)
        version_look(standing, standing->version++);
    for (; standing->places > 0 && *most > 0; --*most)
        place_look(standing);
    return standing->version > last && standing->places == 0;
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
    bool placed = shape_catch_up(standing, &most);
    return placed && standing->row == 0 && standing->entry > last &&
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

bool standing_of_asset(const struct standing *standing, uint32_t asset,
                       struct standing_counts *ret_counts, bool *ret_outside)
{
    uint32_t outside;
    (void)plant_of(&standing->plant, asset, ret_counts, &outside);
    *ret_outside = outside > 0;
    return standing->row == 0 && standing->places == 0 &&
           standing->changed == alarms_rows_changed(engine_alarms(standing->engine)) &&
           standing->version > assets_versions(engine_assets(standing->engine));
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
    return sizeof *standing + standing->text_bytes + pool_memory(&standing->branches) +
           pool_memory(&standing->counted) + pool_memory(&standing->plant.assets);
}
