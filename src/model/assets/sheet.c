/* What an asset effectively has: its own sheet, then those of its types, the nearest first, each
 * item once; now, or as it was. And the views of assets. */
#include "model/assets/tables.h"

/* The version of a type that was in force; VERSION_NONE. */
static uint32_t type_when(const struct assets *assets, uint32_t type, int64_t wall_ns)
{
    return asset_version_when(assets, type_at(assets, type)->node.version, wall_ns);
}

/* The parent it had then. Clocks that go back can make a past in which types stand in a circle:
 * walks over them have an end of their own, ASSET_DEPTH_MAX. */
static uint32_t type_above(const struct assets *assets, uint32_t type, int64_t wall_ns)
{
    uint32_t version = type_when(assets, type, wall_ns);
    return version == VERSION_NONE ? TYPE_NONE : version_at(assets, version)->parent;
}

uint8_t asset_type_level(const struct assets *assets, uint32_t type, int64_t wall_ns)
{
    for (unsigned i = 0; type != TYPE_NONE && i < ASSET_DEPTH_MAX; i++) {
        uint32_t version = type_when(assets, type, wall_ns);
        if (version == VERSION_NONE)
            return 0;
        if (version_at(assets, version)->level != 0)
            return version_at(assets, version)->level;
        type = version_at(assets, version)->parent;
    }
    return 0;
}

/* ---- sheets ------------------------------------------------------------------------------------
 */
struct sheets {       /* of whom, and when */
    struct bytes own; /* of the asset; empty: of a type alone */
    uint32_t type;    /* the first of its types */
    int64_t wall_ns;
};

static struct bytes sheet_when(const struct assets *assets, uint32_t type, int64_t wall_ns)
{
    uint32_t version = type_when(assets, type, wall_ns);
    return version == VERSION_NONE ? bytes_of("", 0)
                                   : asset_text(assets, version_at(assets, version)->sheet);
}

/* What it says now is found by name; what it said once, by reading the sheet of then. */
static bool type_said(const struct assets *assets, uint32_t type, int64_t wall_ns,
                      const struct asset_item *item, struct asset_item *ret_said)
{
    const struct node *node = &type_at(assets, type)->node;
    bool now = wall_ns == INT64_MAX || type_when(assets, type, wall_ns) == node->version;
    if (!now || node_is_gone(node))
        return asset_sheet_item_find(sheet_when(assets, type, wall_ns), item->kind, item->name,
                                     ret_said);
    uint32_t slot = type_slot(assets, type, item->kind, item->name);
    if (slot != SLOT_NONE)
        type_slot_item(assets, slot, ret_said);
    return slot != SLOT_NONE;
}

/* Did the asset, or a type nearer to it than the step, say it already? */
static bool said_nearer(const struct assets *assets, const struct sheets *sheets, uint32_t step,
                        const struct asset_item *item)
{
    struct asset_item said;
    if (item->kind == ITEM_ATTRIBUTE && /* assets say no metrics */
        asset_sheet_item_find(sheets->own, item->kind, item->name, &said))
        return true;
    uint32_t type = sheets->type;
    for (uint32_t i = 1; i < step; i++) {
        if (type_said(assets, type, sheets->wall_ns, item, &said))
            return true;
        type = type_above(assets, type, sheets->wall_ns);
    }
    return false;
}

/* An attribute of the asset that a type declares is of the type's kind of values. */
static void own_complete(const struct assets *assets, const struct sheets *sheets,
                         struct asset_item *item)
{
    struct asset_item declared;
    uint32_t type = item->kind == ITEM_ATTRIBUTE ? sheets->type : TYPE_NONE;
    for (unsigned i = 0; type != TYPE_NONE && i < ASSET_DEPTH_MAX; i++) {
        if (type_said(assets, type, sheets->wall_ns, item, &declared)) {
            item->type = declared.type;
            item->required = declared.required;
            if (item->unit.size == 0)
                item->unit = declared.unit;
            return;
        }
        type = type_above(assets, type, sheets->wall_ns);
    }
}

static bool sheets_next(const struct assets *assets, const struct sheets *sheets,
                        struct sheet_cursor *cursor, struct asset_item *ret_item)
{
    if (cursor->step == 0) {
        if (asset_sheet_item_next(sheets->own, &cursor->offset, 0, ret_item)) {
            own_complete(assets, sheets, ret_item);
            return true;
        }
        *cursor = (struct sheet_cursor){.step = 1, .type = sheets->type};
    }
    while (cursor->type != TYPE_NONE && cursor->step <= ASSET_DEPTH_MAX) {
        struct bytes sheet = sheet_when(assets, cursor->type, sheets->wall_ns);
        while (asset_sheet_item_next(sheet, &cursor->offset, 0, ret_item)) {
            ret_item->from = cursor->type;
            if (!said_nearer(assets, sheets, cursor->step, ret_item))
                return true;
        }
        *cursor = (struct sheet_cursor){.step = cursor->step + 1,
                                        .type = type_above(assets, cursor->type, sheets->wall_ns)};
    }
    return false;
}

bool assets_sheet_next(const struct assets *assets, uint32_t asset, int64_t wall_ns,
                       struct sheet_cursor *cursor, struct asset_item *ret_item)
{
    check(asset != ASSET_NONE && asset <= assets->roots->assets);
    uint32_t version = asset_version_when(assets, asset_at(assets, asset)->node.version, wall_ns);
    if (version == VERSION_NONE)
        return false;
    const struct version_entry *entry = version_at(assets, version);
    const struct sheets sheets = {asset_text(assets, entry->sheet), entry->type, wall_ns};
    return sheets_next(assets, &sheets, cursor, ret_item);
}

bool assets_type_sheet_next(const struct assets *assets, uint32_t type, int64_t wall_ns,
                            struct sheet_cursor *cursor, struct asset_item *ret_item)
{
    check(type != TYPE_NONE && type <= assets->roots->types);
    const struct sheets sheets = {bytes_of("", 0), type, wall_ns};
    return sheets_next(assets, &sheets, cursor, ret_item);
}

/* ---- views -------------------------------------------------------------------------------------
 */
uint32_t assets_count(const struct assets *assets)
{
    return assets->roots->assets;
}

static void asset_view_of(const struct assets *assets, uint32_t asset, uint32_t version,
                          int64_t wall_ns, struct asset_view *ret_view)
{
    const struct version_entry *of = version_at(assets, version);
    const struct node *node = &asset_at(assets, asset)->node;
    *ret_view = (struct asset_view){.asset = asset,
                                    .tenant = node->tenant,
                                    .parent = of->parent,
                                    .type = of->type,
                                    .level = of->level,
                                    .version = of->ordinal,
                                    .retired = of->flags & VERSION_GONE,
                                    .name = asset_text(assets, of->name),
                                    .title = asset_text(assets, of->title),
                                    .sheet = asset_text(assets, of->sheet),
                                    .branch = asset_text(assets, of->branch),
                                    .has_map = of->flags & VERSION_MAP,
                                    .has_floor = of->flags & VERSION_FLOOR,
                                    .has_plan = of->flags & VERSION_PLAN,
                                    .longitude = of->longitude,
                                    .latitude = of->latitude,
                                    .plan_x = of->plan_x,
                                    .plan_y = of->plan_y,
                                    .floor = of->floor,
                                    .parts = node->parts,
                                    .level_said = of->level,
                                    .author = asset_text(assets, of->author),
                                    .position = of->position,
                                    .wall_ns = of->wall_ns};
    if (of->level == 0)
        ret_view->level = asset_type_level(assets, of->type, wall_ns);
}

void assets_asset(const struct assets *assets, uint32_t asset, struct asset_view *ret_view)
{
    check(asset != ASSET_NONE && asset <= assets->roots->assets);
    asset_view_of(assets, asset, asset_at(assets, asset)->node.version, INT64_MAX, ret_view);
}

bool assets_asset_at(const struct assets *assets, uint32_t asset, int64_t wall_ns,
                     struct asset_view *ret_view)
{
    check(asset != ASSET_NONE && asset <= assets->roots->assets);
    uint32_t version = asset_version_when(assets, asset_at(assets, asset)->node.version, wall_ns);
    if (version == VERSION_NONE)
        return false;
    asset_view_of(assets, asset, version, wall_ns, ret_view);
    return true;
}

bool assets_asset_version(const struct assets *assets, uint32_t asset, uint32_t version,
                          struct asset_view *ret_view)
{
    check(asset != ASSET_NONE && asset <= assets->roots->assets);
    uint32_t at = asset_version_numbered(assets, asset_at(assets, asset)->node.version, version);
    if (at == VERSION_NONE)
        return false;
    asset_view_of(assets, asset, at, version_at(assets, at)->since_ns, ret_view);
    return true;
}

/* ---- lists -------------------------------------------------------------------------------------
 */
uint32_t assets_first(const struct assets *assets, uint32_t tenant, uint32_t parent)
{
    if (parent != ASSET_NONE)
        return asset_at(assets, parent)->node.below.first;
    uint32_t owner = asset_owner_find(assets, tenant);
    return owner == 0 ? ASSET_NONE : owner_at(assets, owner)->assets_top.first;
}

uint32_t assets_next(const struct assets *assets, uint32_t asset)
{
    return asset_at(assets, asset)->node.links.next;
}

uint32_t assets_of_type_first(const struct assets *assets, uint32_t type)
{
    return type_at(assets, type)->assets_of.first;
}

uint32_t assets_of_type_next(const struct assets *assets, uint32_t asset)
{
    return asset_at(assets, asset)->of_type.next;
}
