/* Assets by their names and their branches, and which points are whose. */
#include "model/assets/tables.h"

#include "paths/paths.h"

#include <string.h>

bool asset_is_there(const struct assets *assets, uint32_t tenant, uint32_t asset)
{
    if (asset == ASSET_NONE || asset > assets->roots->assets)
        return false;
    const struct node *node = &asset_at(assets, asset)->node;
    return node->tenant == tenant && !node_is_gone(node);
}

struct bytes asset_sheet(const struct assets *assets, uint32_t asset)
{
    return asset_text(assets, version_at(assets, asset_at(assets, asset)->node.version)->sheet);
}

/* ---- names -------------------------------------------------------------------------------------
 */
static uint64_t name_hash(uint32_t tenant, uint32_t parent, struct bytes name)
{
    return parent == ASSET_NONE ? hash_of(HASH_TOP, tenant, name)
                                : hash_of(HASH_PART, parent, name);
}

uint32_t asset_below(const struct assets *assets, uint32_t tenant, uint32_t parent,
                     struct bytes name)
{
    struct index_probe probe;
    uint64_t hash = name_hash(tenant, parent, name);
    for (uint32_t asset = index_first(assets->asset_names, &probe, hash); asset != INDEX_NONE;
         asset = index_next(assets->asset_names, &probe)) {
        const struct node *node = &asset_at(assets, asset)->node;
        if (node->tenant == tenant && node->parent == parent &&
            bytes_equal(asset_text(assets, node->name), name))
            return asset;
    }
    return ASSET_NONE;
}

static size_t segment_end(struct bytes path, size_t from)
{
    const uint8_t *slash = memchr(path.at + from, '/', path.size - from);
    return slash == NULL ? path.size : (size_t)(slash - path.at);
}

uint32_t assets_find(const struct assets *assets, uint32_t tenant, struct bytes path)
{
    uint32_t asset = ASSET_NONE;
    if (path.size == 0 || path.size > PATH_MAX_BYTES)
        return ASSET_NONE;
    for (size_t from = 0, end; from <= path.size; from = end + 1) {
        end = segment_end(path, from);
        asset = asset_below(assets, tenant, asset, bytes_of(path.at + from, end - from));
        if (asset == ASSET_NONE)
            return ASSET_NONE;
    }
    return asset;
}

size_t assets_path(const struct assets *assets, uint32_t asset, uint8_t *path)
{
    size_t left = PATH_MAX_BYTES;
    for (uint32_t at = asset; at != ASSET_NONE; at = asset_at(assets, at)->node.parent) {
        struct bytes name = asset_text(assets, asset_at(assets, at)->node.name);
        size_t slash = left < PATH_MAX_BYTES;
        if (name.size + slash > left)
            return 0;
        if (slash)
            path[--left] = '/';
        left -= name.size;
        memcpy(path + left, name.at, name.size);
    }
    memmove(path, path + left, PATH_MAX_BYTES - left);
    return PATH_MAX_BYTES - left;
}

size_t assets_branch(const struct assets *assets, uint32_t asset, uint8_t *path)
{
    struct bytes branch = asset_text(assets, asset_at(assets, asset)->branch);
    if (branch.size == 0)
        return assets_path(assets, asset, path);
    memcpy(path, branch.at, branch.size);
    return branch.size;
}

/* ---- branches and bindings ---------------------------------------------------------------------
 */
static bool asset_says_branch(const struct assets *assets, uint32_t asset, uint32_t tenant,
                              struct bytes branch)
{
    const struct asset_entry *entry = asset_at(assets, asset);
    return entry->node.tenant == tenant && bytes_equal(asset_text(assets, entry->branch), branch);
}

bool asset_branch_is_taken(const struct assets *assets, uint32_t tenant, struct bytes branch)
{
    struct index_probe probe;
    for (uint32_t asset =
             index_first(assets->branches, &probe, hash_of(HASH_BRANCH, tenant, branch));
         asset != INDEX_NONE; asset = index_next(assets->branches, &probe))
        if (asset_says_branch(assets, asset, tenant, branch))
            return true;
    uint32_t named = assets_find(assets, tenant, branch);
    return named != ASSET_NONE && asset_at(assets, named)->branch == TEXT_NONE;
}

static bool others_are_few(const struct index *index, uint64_t hash, uint32_t asset)
{
    struct index_probe probe;
    uint32_t others = 0;
    for (uint32_t at = index_first(index, &probe, hash); at != INDEX_NONE;
         at = index_next(index, &probe))
        others += at != asset;
    return others < ASSET_SHARERS_MAX;
}

bool asset_sharers_are_few(const struct assets *assets, uint32_t tenant, uint32_t asset,
                           const struct content *content)
{
    struct asset_item item;
    size_t offset = 0;
    if (content->branch.size > 0 &&
        !others_are_few(assets->branches, hash_of(HASH_BRANCH, tenant, content->branch), asset))
        return false;
    while (asset_sheet_item_next(content->sheet, &offset, ITEM_BINDING, &item))
        if (!others_are_few(assets->bindings, hash_of(HASH_BINDING, tenant, item.text), asset))
            return false;
    return true;
}

static enum err bindings_put(struct assets *assets, uint32_t asset, bool put)
{
    uint32_t tenant = asset_at(assets, asset)->node.tenant;
    struct bytes sheet = asset_sheet(assets, asset);
    struct asset_item item;
    enum err err = OK;
    for (size_t offset = 0;
         err == OK && asset_sheet_item_next(sheet, &offset, ITEM_BINDING, &item);) {
        uint64_t hash = hash_of(HASH_BINDING, tenant, item.text);
        err = put ? index_insert(assets->bindings, hash, asset)
                  : index_remove(assets->bindings, hash, asset);
    }
    return err;
}

enum err asset_index_put(struct assets *assets, uint32_t asset)
{
    const struct asset_entry *entry = asset_at(assets, asset);
    const struct node *node = &entry->node;
    struct bytes branch = asset_text(assets, entry->branch);
    enum err err =
        index_insert(assets->asset_names,
                     name_hash(node->tenant, node->parent, asset_text(assets, node->name)), asset);
    if (err == OK && branch.size > 0)
        err = index_insert(assets->branches, hash_of(HASH_BRANCH, node->tenant, branch), asset);
    if (err == OK)
        err = asset_relations_follow(assets, asset, true);
    return err == OK && node->flags & NODE_BINDS ? bindings_put(assets, asset, true) : err;
}

enum err asset_index_take(struct assets *assets, uint32_t asset)
{
    const struct asset_entry *entry = asset_at(assets, asset);
    const struct node *node = &entry->node;
    struct bytes branch = asset_text(assets, entry->branch);
    enum err err =
        index_remove(assets->asset_names,
                     name_hash(node->tenant, node->parent, asset_text(assets, node->name)), asset);
    if (err == OK && branch.size > 0)
        err = index_remove(assets->branches, hash_of(HASH_BRANCH, node->tenant, branch), asset);
    if (err == OK)
        err = asset_relations_follow(assets, asset, false);
    return err == OK && node->flags & NODE_BINDS ? bindings_put(assets, asset, false) : err;
}

/* ---- whose a point is --------------------------------------------------------------------------
 */
/* Does the asset have this metric below its branch? Not when a binding says where it is. */
static bool asset_has_metric(const struct assets *assets, uint32_t asset, struct bytes metric,
                             struct bytes *ret_metric)
{
    const struct asset_entry *entry = asset_at(assets, asset);
    struct asset_item item;
    uint32_t slot = type_slot_above(assets, entry->type, ITEM_METRIC, metric);
    if (slot == SLOT_NONE ||
        (entry->node.flags & NODE_BINDS &&
         asset_sheet_item_find(asset_sheet(assets, asset), ITEM_BINDING, metric, &item)))
        return false;
    *ret_metric = type_slot_name(assets, slot);
    return true;
}

static uint32_t bound_to(const struct assets *assets, uint32_t tenant, struct bytes path,
                         struct bytes *ret_metric)
{
    uint32_t found = ASSET_NONE;
    struct index_probe probe;
    uint64_t hash = hash_of(HASH_BINDING, tenant, path);
    for (uint32_t asset = index_first(assets->bindings, &probe, hash); asset != INDEX_NONE;
         asset = index_next(assets->bindings, &probe)) {
        struct bytes sheet = asset_sheet(assets, asset);
        struct asset_item item;
        size_t offset = 0;
        if (asset_at(assets, asset)->node.tenant != tenant ||
            (found != ASSET_NONE && asset >= found))
            continue;
        while (asset_sheet_item_next(sheet, &offset, ITEM_BINDING, &item)) {
            if (!bytes_equal(item.text, path))
                continue;
            found = asset;
            *ret_metric = item.name;
            break;
        }
    }
    return found;
}

/* Of the assets that say this branch the lowest that has the metric. */
static uint32_t branch_with(const struct assets *assets, uint32_t tenant, struct bytes branch,
                            struct bytes metric, struct bytes *ret_metric)
{
    uint32_t found = ASSET_NONE;
    struct index_probe probe;
    uint64_t hash = hash_of(HASH_BRANCH, tenant, branch);
    for (uint32_t asset = index_first(assets->branches, &probe, hash); asset != INDEX_NONE;
         asset = index_next(assets->branches, &probe))
        if ((found == ASSET_NONE || asset < found) &&
            asset_says_branch(assets, asset, tenant, branch) &&
            asset_has_metric(assets, asset, metric, ret_metric))
            found = asset;
    return found;
}

struct cut { /* before a '/' of a path */
    size_t at;
    uint32_t named; /* the asset whose path of names ends there */
};

static size_t cuts_find(const struct assets *assets, uint32_t tenant, struct bytes path,
                        struct cut *cuts)
{
    size_t count = 0;
    uint32_t named = ASSET_NONE;
    bool there = true;
    for (size_t from = 0; count < PATH_DEPTH_MAX;) {
        size_t end = segment_end(path, from);
        if (end == path.size)
            break;
        if (there) {
            named = asset_below(assets, tenant, named, bytes_of(path.at + from, end - from));
            there = named != ASSET_NONE;
        }
        cuts[count++] = (struct cut){end, named};
        from = end + 1;
    }
    return count;
}

static uint32_t path_owner(const struct assets *assets, uint32_t tenant, struct bytes path,
                           struct bytes *ret_metric)
{
    struct cut cuts[PATH_DEPTH_MAX];
    if (index_count(assets->bindings) > 0) {
        uint32_t bound = bound_to(assets, tenant, path, ret_metric);
        if (bound != ASSET_NONE)
            return bound;
    }
    bool branches = index_count(assets->branches) > 0;
    for (size_t i = cuts_find(assets, tenant, path, cuts); i-- > 0;) {
        struct bytes branch = bytes_of(path.at, cuts[i].at);
        struct bytes metric = bytes_of(path.at + cuts[i].at + 1, path.size - cuts[i].at - 1);
        uint32_t asset =
            branches ? branch_with(assets, tenant, branch, metric, ret_metric) : ASSET_NONE;
        if (asset != ASSET_NONE)
            return asset;
        if (cuts[i].named != ASSET_NONE && asset_at(assets, cuts[i].named)->branch == TEXT_NONE &&
            asset_has_metric(assets, cuts[i].named, metric, ret_metric))
            return cuts[i].named;
    }
    return ASSET_NONE;
}

uint32_t assets_of_point(const struct assets *assets, uint32_t point, struct bytes *ret_metric)
{
    uint8_t path[PATH_MAX_BYTES];
    struct point_row row;
    *ret_metric = bytes_of("", 0);
    if (index_count(assets->asset_names) == 0)
        return ASSET_NONE;
    points_row(assets->points, points_row_of(assets->points, point), &row);
    struct bytes whole = bytes_of(path, points_path(assets->points, point, path));
    if (!points_in_row(assets->points, point) &&
        points_find(assets->points, row.tenant, whole) != point)
        return ASSET_NONE; /* retired */
    return path_owner(assets, row.tenant, whole, ret_metric);
}

/* Of the assets that say this branch the lowest. */
static uint32_t branch_first(const struct assets *assets, uint32_t tenant, struct bytes branch)
{
    uint32_t found = ASSET_NONE;
    struct index_probe probe;
    uint64_t hash = hash_of(HASH_BRANCH, tenant, branch);
    for (uint32_t asset = index_first(assets->branches, &probe, hash); asset != INDEX_NONE;
         asset = index_next(assets->branches, &probe))
        if ((found == ASSET_NONE || asset < found) &&
            asset_says_branch(assets, asset, tenant, branch))
            found = asset;
    return found;
}

uint32_t assets_above_path(const struct assets *assets, uint32_t tenant, struct bytes path)
{
    struct cut cuts[PATH_DEPTH_MAX];
    if (index_count(assets->asset_names) == 0)
        return ASSET_NONE;
    for (size_t i = cuts_find(assets, tenant, path, cuts); i-- > 0;) {
        uint32_t asset = branch_first(assets, tenant, bytes_of(path.at, cuts[i].at));
        if (asset != ASSET_NONE)
            return asset;
        if (cuts[i].named != ASSET_NONE && asset_at(assets, cuts[i].named)->branch == TEXT_NONE)
            return cuts[i].named;
    }
    return ASSET_NONE;
}

uint32_t assets_point(const struct assets *assets, uint32_t asset, struct bytes metric)
{
    uint8_t path[PATH_MAX_BYTES];
    struct asset_item item;
    check(asset != ASSET_NONE && asset <= assets->roots->assets);
    const struct asset_entry *entry = asset_at(assets, asset);
    if (entry->node.flags & NODE_BINDS &&
        asset_sheet_item_find(asset_sheet(assets, asset), ITEM_BINDING, metric, &item))
        return points_find(assets->points, entry->node.tenant, item.text);
    if (type_slot_above(assets, entry->type, ITEM_METRIC, metric) == SLOT_NONE)
        return POINT_NONE;
    size_t size = assets_branch(assets, asset, path);
    if (size == 0 || size + 1 + metric.size > sizeof path)
        return POINT_NONE;
    path[size] = '/';
    memcpy(path + size + 1, metric.at, metric.size);
    return points_find(assets->points, entry->node.tenant, bytes_of(path, size + 1 + metric.size));
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
enum err assets_index_rebuild(struct assets *assets)
{
    enum err err = index_reserve(assets->asset_names, assets->roots->assets);
    for (uint32_t asset = 1; err == OK && asset <= assets->roots->assets; asset++) {
        const struct node *node = &asset_at(assets, asset)->node;
        if (node_is_gone(node))
            continue;
        if (asset_below(assets, node->tenant, node->parent, asset_text(assets, node->name)) !=
                ASSET_NONE ||
            asset_items_fault(asset_sheet(assets, asset), false) != NULL)
            return ERR_CORRUPT;
        err = asset_index_put(assets, asset);
    }
    return err;
}
