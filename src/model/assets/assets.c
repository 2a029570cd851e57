/* How the tables and the indexes beside them come and go, and which command goes where. */
#include "model/assets/tables.h"

#include <stdlib.h>

const struct assets_limits assets_limits_default = {
    .types_max = 10000,
    .assets_max = 2000000,
    .versions_max = 20000000,
    .texts_bytes_max = UINT64_C(2) << 30,
};

/* ---- life --------------------------------------------------------------------------------------
 */
static const struct state_table_plan tables[] = {
    {offsetof(struct assets, roots_table), TABLE_ASSETS_ROOTS, sizeof(struct roots_entry)},
    {offsetof(struct assets, owners), TABLE_OWNERS, sizeof(struct owner_entry)},
    {offsetof(struct assets, types), TABLE_TYPES, sizeof(struct type_entry)},
    {offsetof(struct assets, assets), TABLE_ASSETS, sizeof(struct asset_entry)},
    {offsetof(struct assets, versions), TABLE_VERSIONS, sizeof(struct version_entry)},
    {offsetof(struct assets, texts), TABLE_ASSETS_TEXTS, SHEET_UNIT},
};

#define INDEXES 7
static void indexes_list(struct assets *assets, struct index **indexes[INDEXES])
{
    indexes[0] = &assets->owner_index;
    indexes[1] = &assets->type_names;
    indexes[2] = &assets->asset_names;
    indexes[3] = &assets->branches;
    indexes[4] = &assets->bindings;
    indexes[5] = &assets->items;
    indexes[6] = &assets->related;
}

static void derived_destroy(struct assets *assets)
{
    struct index **indexes[INDEXES];
    indexes_list(assets, indexes);
    for (size_t i = 0; i < INDEXES; i++) {
        index_destroy(*indexes[i]);
        *indexes[i] = NULL;
    }
    type_slots_done(&assets->slots);
    asset_relations_done(&assets->relations);
    inbox_destroy(assets->inbox);
    assets->inbox = NULL;
}

static enum err derived_create(struct assets *assets)
{
    struct index **indexes[INDEXES];
    enum err err = inbox_create(&assets->inbox);
    indexes_list(assets, indexes);
    for (size_t i = 0; err == OK && i < INDEXES; i++)
        err = index_create(indexes[i]);
    return err;
}

enum err assets_create(struct state *state, const struct assets_limits *limits,
                       struct points *points, struct assets **ret_assets)
{
    check(limits->texts_bytes_max / SHEET_UNIT < UINT32_MAX / 2);
    struct assets *assets = calloc(1, sizeof *assets);
    if (assets == NULL)
        return ERR_NO_MEMORY;
    assets->limits = *limits;
    assets->state = state;
    assets->points = points;
    state_tables_init(state, assets, tables, ARRAY_COUNT(tables));
    enum err err = derived_create(assets);
    if (err == OK)
        err = state_table_grow(&assets->roots_table, 1);
    if (err != OK) {
        assets_destroy(assets);
        return err;
    }
    assets->roots = state_read(&assets->roots_table, 0);
    *ret_assets = assets;
    return OK;
}

void assets_destroy(struct assets *assets)
{
    if (assets == NULL)
        return;
    derived_destroy(assets);
    state_tables_done(assets, tables, ARRAY_COUNT(tables));
    free(assets);
}

/* Rows that are named become addressable before anything is looked at. */
static enum err tables_cover(struct assets *assets)
{
    const struct roots_entry *roots = assets->roots;
    if (roots->types == UINT32_MAX || roots->assets == UINT32_MAX)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&assets->types, roots->types + 1);
    return err == OK ? state_table_grow(&assets->assets, roots->assets + 1) : err;
}

enum err assets_rebuild(struct assets *assets)
{
    derived_destroy(assets);
    enum err err = derived_create(assets);
    if (err == OK)
        err = tables_cover(assets);
    if (err == OK)
        err = assets_texts_rebuild(assets);
    if (err == OK)
        err = asset_owners_rebuild(assets);
    if (err == OK)
        err = asset_versions_rebuild(assets);
    if (err == OK)
        err = asset_types_rebuild(assets);
    if (err == OK)
        err = asset_changes_rebuild(assets);
    if (err == OK)
        err = assets_index_rebuild(assets);
    return err == OK ? inbox_rebuild(assets) : err;
}

uint64_t assets_memory(const struct assets *assets)
{
    return sizeof *assets + index_memory(assets->owner_index) + index_memory(assets->type_names) +
           index_memory(assets->asset_names) + index_memory(assets->branches) +
           index_memory(assets->bindings) + index_memory(assets->items) +
           index_memory(assets->related) + type_slots_memory(&assets->slots) +
           asset_relations_memory(&assets->relations) + inbox_memory(assets->inbox);
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static enum err command_run(struct assets *assets, const struct assets_command *of)
{
    of->effects->outcome.code = OUTCOME_DONE;
    switch (of->command->kind) {
    case COMMAND_TYPE_SET:
        return assets_apply_type_set(assets, of);
    case COMMAND_TYPE_REMOVE:
        return assets_apply_type_remove(assets, of);
    case COMMAND_ASSET_SET:
        return assets_apply_asset_set(assets, of);
    default:
        return assets_apply_asset_retire(assets, of);
    }
}

enum err assets_apply_fact(struct assets *assets, const struct fact *fact,
                           const struct record_stamp *stamp, struct asset_effects *ret_effects)
{
    const struct command *command = &fact->command;
    if (fact->kind != FACT_MODULE || command_module(command->kind) != MODULE_ASSETS)
        return OK;
    if (command->key_kind > KEY_FREE)
        return ERR_CORRUPT;
    *ret_effects = (struct asset_effects){.outcome = {.position = stamp->position}};
    struct outcome *outcome = &ret_effects->outcome;
    const struct assets_command of = {command, stamp, ret_effects};
    struct key_claim claim;
    bool run;
    enum err err = points_key_claim(assets->points, command, stamp, &claim, outcome, &run);
    if (err == OK && run)
        err = command_run(assets, &of);
    if (err != OK)
        return err;
    if (run)
        points_key_settle(assets->points, command, &claim, outcome);
    if (outcome->code != OUTCOME_REPEATED)
        outcome->first_code = outcome->code;
    return OK;
}
