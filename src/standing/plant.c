/* Counts of assets: an alarm counts for the asset that it is in and for all above that. Beside each
 * count stands how many of its alarms have a path outside of the asset's branch, as bound points
 * have and parts with a branch of their own: of an asset without such, who sees the branch sees all
 * that was counted. */
#include "standing/tables.h"

struct asset_counts {
    uint32_t asset;
    uint32_t alarms;  /* that count here; 0: the entry is free */
    uint32_t outside; /* of them */
    struct standing_counts counts;
};

/* ---- whose an alarm is -------------------------------------------------------------------------
 */
/* The asset whose path of names the branch of a rule is, or the nearest above. */
static uint32_t rule_asset(struct engine *engine, uint32_t tenant, uint32_t rule)
{
    const struct alarms *alarms = engine_alarms(engine);
    struct rule_view view;
    uint32_t asset = ASSET_NONE;
    if (rule == 0 || rule > alarms_rules(alarms) || !alarms_rule(alarms, rule, &view))
        return ASSET_NONE;
    struct bytes path = view.plan.path;
    while (path.size > 0 && asset == ASSET_NONE) {
        asset = assets_find(engine_assets(engine), tenant, path);
        const uint8_t *slash = memrchr(path.at, '/', path.size);
        path.size = slash != NULL ? (size_t)(slash - path.at) : 0;
    }
    return asset;
}

uint32_t standing_asset(struct engine *engine, uint32_t tenant, uint32_t rule, uint32_t point)
{
    uint8_t text[PATH_MAX_BYTES];
    struct bytes metric;
    if (point == POINT_NONE)
        return rule_asset(engine, tenant, rule);
    uint32_t owner = assets_of_point(engine_assets(engine), point, &metric);
    if (owner != ASSET_NONE)
        return owner;
    size_t size = points_path(engine_points(engine), point, text);
    return assets_above_path(engine_assets(engine), tenant, bytes_of(text, size));
}

/* ---- counts ------------------------------------------------------------------------------------
 */
enum err plant_init(struct plant *plant)
{
    return pool_init(&plant->assets, sizeof(struct asset_counts));
}

void plant_done(struct plant *plant)
{
    pool_done(&plant->assets);
}

static uint64_t asset_hash(uint32_t asset)
{
    return asset * UINT64_C(0x9E3779B97F4A7C15);
}

static uint32_t asset_find(const struct plant *plant, uint32_t asset)
{
    struct index_probe probe;
    const struct index *index = plant->assets.index;
    for (uint32_t i = index_first(index, &probe, asset_hash(asset)); i != INDEX_NONE;
         i = index_next(index, &probe))
        if (((const struct asset_counts *)pool_at(&plant->assets, i))->asset == asset)
            return i;
    return INDEX_NONE;
}

static struct asset_counts *asset_get(struct plant *plant, uint32_t asset)
{
    uint32_t i = asset_find(plant, asset);
    if (i != INDEX_NONE)
        return pool_at(&plant->assets, i);
    if (!pool_take(&plant->assets, &i))
        return NULL;
    struct asset_counts *counts = pool_at(&plant->assets, i);
    *counts = (struct asset_counts){.asset = asset};
    if (index_insert(plant->assets.index, asset_hash(asset), i) == OK)
        return counts;
    pool_give(&plant->assets, i);
    return NULL;
}

static bool path_is_in(struct bytes path, struct bytes branch)
{
    return branch.size > 0 && path.size >= branch.size &&
           memcmp(path.at, branch.at, branch.size) == 0 &&
           (path.size == branch.size || path.at[branch.size] == '/');
}

void plant_lineage(const struct assets *assets, uint32_t asset, struct bytes path,
                   struct lineage *ret_lineage)
{
    uint8_t branch[PATH_MAX_BYTES];
    struct asset_view view;
    *ret_lineage = (struct lineage){0};
    for (; asset != ASSET_NONE; asset = view.parent) {
        check(ret_lineage->count < ASSET_DEPTH_MAX);
        if (!path_is_in(path, bytes_of(branch, assets_branch(assets, asset, branch))))
            ret_lineage->outside |= UINT32_C(1) << ret_lineage->count;
        ret_lineage->assets[ret_lineage->count++] = asset;
        assets_asset(assets, asset, &view);
    }
}

static void share_take(struct plant *plant, const struct lineage *lineage, uint32_t count,
                       const struct share *share)
{
    for (uint32_t at = 0; at < count; at++) {
        uint32_t i = asset_find(plant, lineage->assets[at]);
        check(i != INDEX_NONE);
        struct asset_counts *counts = pool_at(&plant->assets, i);
        counts_move(&counts->counts, share, false);
        counts->outside -= lineage->outside >> at & 1;
        if (--counts->alarms > 0)
            continue;
        enum err err = index_remove(plant->assets.index, asset_hash(counts->asset), i);
        check(err == OK);
        pool_give(&plant->assets, i);
    }
}

bool plant_add(struct plant *plant, const struct lineage *lineage, const struct share *share)
{
    for (uint32_t at = 0; at < lineage->count; at++) {
        struct asset_counts *counts = asset_get(plant, lineage->assets[at]);
        if (counts == NULL) {
            share_take(plant, lineage, at, share);
            return false;
        }
        counts_move(&counts->counts, share, true);
        counts->outside += lineage->outside >> at & 1;
        counts->alarms++;
    }
    return true;
}

void plant_remove(struct plant *plant, const struct lineage *lineage, const struct share *share)
{
    share_take(plant, lineage, lineage->count, share);
}

bool plant_of(const struct plant *plant, uint32_t asset, struct standing_counts *ret_counts,
              uint32_t *ret_outside)
{
    uint32_t i = asset_find(plant, asset);
    *ret_counts = (struct standing_counts){0};
    *ret_outside = 0;
    if (i == INDEX_NONE)
        return false;
    const struct asset_counts *counts = pool_at(&plant->assets, i);
    *ret_counts = counts->counts;
    *ret_outside = counts->outside;
    return true;
}
