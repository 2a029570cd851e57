/* Owners: tenants that have types and assets, what stands at their top, and what they may have. */
#include "model/assets/tables.h"

static uint64_t owner_hash(uint32_t tenant)
{
    return hash_of(HASH_OWNER, tenant, bytes_of("", 0));
}

uint32_t asset_owner_find(const struct assets *assets, uint32_t tenant)
{
    struct index_probe probe;
    for (uint32_t owner = index_first(assets->owner_index, &probe, owner_hash(tenant));
         owner != INDEX_NONE; owner = index_next(assets->owner_index, &probe))
        if (owner_at(assets, owner)->tenant == tenant)
            return owner;
    return 0;
}

enum err asset_owner_make(struct assets *assets, uint32_t tenant, uint32_t *ret_owner)
{
    *ret_owner = asset_owner_find(assets, tenant);
    if (*ret_owner != 0)
        return OK;
    uint32_t owner = assets->roots->owners + 1;
    enum err err = state_table_grow(&assets->owners, owner + 1);
    if (err == OK)
        err = index_insert(assets->owner_index, owner_hash(tenant), owner);
    if (err != OK)
        return err;
    *(struct owner_entry *)state_write(&assets->owners, owner) =
        (struct owner_entry){.tenant = tenant};
    roots_write(assets)->owners = owner;
    *ret_owner = owner;
    return OK;
}

/* ---- what it may have --------------------------------------------------------------------------
 */
static bool share_allows(uint32_t tenant, uint64_t own, uint64_t all, uint64_t most,
                         uint64_t wanted)
{
    uint64_t left = all < most ? most - all : 0;
    if (wanted == 0)
        return true;
    if (tenant == TENANT_DEFAULT)
        return wanted <= left;
    return own + wanted <= most / 10 && own + wanted <= left / 4;
}

bool asset_owner_may(const struct assets *assets, uint32_t tenant, const struct wanted *wanted)
{
    static const struct owner_entry none;
    const struct assets_limits *limits = &assets->limits;
    const struct roots_entry *roots = assets->roots;
    uint32_t owner = asset_owner_find(assets, tenant);
    const struct owner_entry *own = owner == 0 ? &none : owner_at(assets, owner);
    return share_allows(tenant, own->types, roots->types, limits->types_max, wanted->types) &&
           share_allows(tenant, own->assets, roots->assets, limits->assets_max, wanted->assets) &&
           share_allows(tenant, own->versions, roots->versions, limits->versions_max,
                        wanted->versions) &&
           share_allows(tenant, own->text_units, roots->text_units,
                        limits->texts_bytes_max / SHEET_UNIT, wanted->text_units);
}

void asset_owner_count(struct assets *assets, uint32_t owner, const struct wanted *made)
{
    struct owner_entry *entry = state_write(&assets->owners, owner);
    entry->types += made->types;
    entry->assets += made->assets;
    entry->versions += made->versions;
    entry->text_units += made->text_units;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
/* What the owners have together is what there is. */
static bool owners_sum_up(const struct assets *assets)
{
    const struct roots_entry *roots = assets->roots;
    uint64_t types = 0, of_assets = 0, versions = 0, text_units = 0;
    for (uint32_t owner = 1; owner <= roots->owners; owner++) {
        const struct owner_entry *entry = owner_at(assets, owner);
        types += entry->types;
        of_assets += entry->assets;
        versions += entry->versions;
        text_units += entry->text_units;
    }
    /* Texts are counted as if each author were written anew. */
    return types == roots->types && of_assets == roots->assets && versions == roots->versions &&
           text_units >= roots->text_units;
}

enum err asset_owners_rebuild(struct assets *assets)
{
    uint32_t owners = assets->roots->owners;
    if (owners == UINT32_MAX)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&assets->owners, owners + 1);
    for (uint32_t owner = 1; err == OK && owner <= owners; owner++) {
        uint32_t tenant = owner_at(assets, owner)->tenant;
        if (asset_owner_find(assets, tenant) != 0)
            return ERR_CORRUPT;
        err = index_insert(assets->owner_index, owner_hash(tenant), owner);
    }
    return err == OK && !owners_sum_up(assets) ? ERR_CORRUPT : err;
}
