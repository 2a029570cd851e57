/* Assets: what their commands do. */
#include "model/assets/tables.h"

#include "paths/paths.h"

static const struct chain same_type = {.links_at = offsetof(struct asset_entry, of_type)};

/* ---- judging -----------------------------------------------------------------------------------
 */
/* Each relation leads to an asset that is there, another one. */
static enum outcome_code relations_judge(const struct assets *assets, uint32_t tenant,
                                         uint32_t asset, struct bytes sheet)
{
    struct asset_item item;
    size_t offset = 0;
    while (asset_sheet_item_next(sheet, &offset, ITEM_RELATION, &item)) {
        if (!asset_is_there(assets, tenant, item.other))
            return OUTCOME_UNKNOWN_ASSET;
        if (item.other == asset)
            return OUTCOME_ASSET_INVALID;
    }
    return OUTCOME_DONE;
}

/* What the asset says of attributes that its types declare is of their type. */
static bool attributes_fit(const struct assets *assets, uint32_t type, struct bytes sheet)
{
    struct asset_item item, declared;
    size_t offset = 0;
    while (asset_sheet_item_next(sheet, &offset, ITEM_ATTRIBUTE, &item)) {
        uint32_t slot = type_slot_above(assets, type, ITEM_ATTRIBUTE, item.name);
        if (slot == SLOT_NONE)
            continue;
        type_slot_item(assets, slot, &declared);
        if (!asset_value_is_of_type(declared.type, item.text))
            return false;
    }
    return true;
}

/* All that its types require is said. */
static bool required_are_said(const struct assets *assets, uint32_t type, struct bytes sheet)
{
    struct asset_item declared, said;
    for (uint32_t at = type; at != TYPE_NONE; at = type_at(assets, at)->node.parent) {
        struct bytes of_type = asset_type_sheet(assets, at);
        size_t offset = 0;
        while (asset_sheet_item_next(of_type, &offset, ITEM_ATTRIBUTE, &declared)) {
            if (!declared.required)
                continue;
            uint32_t nearest = type_slot_above(assets, type, ITEM_ATTRIBUTE, declared.name);
            if (nearest == SLOT_NONE || assets->slots.at[nearest].type != at)
                continue;
            if (!asset_sheet_item_find(sheet, ITEM_ATTRIBUTE, declared.name, &said) ||
                said.text.size == 0)
                return false;
        }
    }
    return true;
}

struct asset_change {
    uint32_t tenant, asset; /* ASSET_NONE: a new one */
    struct content before, after;
    bool sheet_said; /* it, or the type: what is said is judged against the type */
};

static enum outcome_code change_judge(struct assets *assets, const struct asset_change *change)
{
    const struct content *after = &change->after;
    if (after->parent != ASSET_NONE && !asset_is_there(assets, change->tenant, after->parent))
        return OUTCOME_UNKNOWN_ASSET;
    if (after->type != TYPE_NONE && !asset_type_is_there(assets, change->tenant, after->type))
        return OUTCOME_UNKNOWN_TYPE;
    struct forest forest = forest_of_assets(assets);
    if (!forest_allows(&forest, change->asset, after->parent))
        return OUTCOME_ASSET_INVALID;
    uint32_t found = asset_below(assets, change->tenant, after->parent, after->name);
    if (found != ASSET_NONE && found != change->asset)
        return OUTCOME_NAME_TAKEN;
    if (!change->sheet_said)
        return asset_sharers_are_few(assets, change->tenant, change->asset, after)
                   ? OUTCOME_DONE
                   : OUTCOME_ASSET_INVALID;
    enum outcome_code code = relations_judge(assets, change->tenant, change->asset, after->sheet);
    if (code != OUTCOME_DONE)
        return code;
    return attributes_fit(assets, after->type, after->sheet) &&
                   required_are_said(assets, after->type, after->sheet) &&
                   asset_sharers_are_few(assets, change->tenant, change->asset, after)
               ? OUTCOME_DONE
               : OUTCOME_ASSET_INVALID;
}

/* ---- changing ----------------------------------------------------------------------------------
 */
static void of_type_put(struct assets *assets, uint32_t asset, uint32_t type)
{
    if (type == TYPE_NONE)
        return;
    struct type_entry *entry = state_write(&assets->types, type);
    chain_put(&assets->assets, &same_type, &entry->assets_of, asset);
    entry->assets++;
}

static void of_type_take(struct assets *assets, uint32_t asset, uint32_t type)
{
    if (type == TYPE_NONE)
        return;
    struct type_entry *entry = state_write(&assets->types, type);
    chain_take(&assets->assets, &same_type, &entry->assets_of, asset);
    entry->assets--;
}

static enum err asset_begin(struct assets *assets, uint32_t owner, uint32_t asset,
                            const struct content *content)
{
    enum err err = state_table_grow(&assets->assets, asset + 1);
    if (err != OK)
        return err;
    *(struct asset_entry *)state_write(&assets->assets, asset) = (struct asset_entry){
        .node = {.tenant = owner_at(assets, owner)->tenant, .height = 1}, .type = content->type};
    roots_write(assets)->assets = asset;
    struct forest forest = forest_of_assets(assets);
    forest_put(&forest, owner, asset, content->parent);
    of_type_put(assets, asset, content->type);
    return OK;
}

static bool sheet_binds(struct bytes sheet)
{
    struct asset_item item;
    size_t offset = 0;
    return asset_sheet_item_next(sheet, &offset, ITEM_BINDING, &item);
}

/* The version becomes what the asset is. */
static enum err asset_turn(struct assets *assets, uint32_t owner, uint32_t asset, uint32_t version)
{
    const struct version_entry *of = version_at(assets, version);
    struct asset_entry *entry = state_write(&assets->assets, asset);
    struct forest forest = forest_of_assets(assets);
    enum err err = entry->node.version == VERSION_NONE ? OK : asset_index_take(assets, asset);
    if (err != OK)
        return err;
    if (entry->node.parent != of->parent) {
        forest_take(&forest, owner, asset);
        forest_put(&forest, owner, asset, of->parent);
    }
    if (entry->type != of->type) {
        of_type_take(assets, asset, entry->type);
        of_type_put(assets, asset, of->type);
    }
    entry->node.version = version;
    entry->node.name = of->name;
    entry->node.flags = sheet_binds(asset_text(assets, of->sheet)) ? NODE_BINDS : 0;
    entry->type = of->type;
    entry->branch = of->branch;
    return asset_index_put(assets, asset);
}

static enum err asset_write(struct assets *assets, const struct assets_command *of,
                            const struct content *content, const struct wanted *wanted)
{
    uint32_t owner, version, asset = of->command->module.number;
    enum err err = asset_owner_make(assets, of->command->tenant, &owner);
    if (err == OK && asset == ASSET_NONE) {
        asset = assets->roots->assets + 1;
        err = asset_begin(assets, owner, asset, content);
    }
    if (err != OK)
        return err;
    const struct version_of version_of = {.number = asset,
                                          .before = asset_at(assets, asset)->node.version,
                                          .stamp = of->stamp,
                                          .author = of->command->actor.name};
    err = asset_version_add(assets, &version_of, content, &version);
    if (err == OK)
        err = asset_turn(assets, owner, asset, version);
    if (err == OK)
        asset_owner_count(assets, owner, wanted);
    of->effects->outcome.number = of->effects->asset = asset;
    return err;
}

/* Where the asset stood and stands by its names, and by its branch: the inbox follows. */
static void inbox_follow(struct assets *assets, uint32_t asset, struct bytes path_before,
                         struct bytes branch_before)
{
    uint8_t branch[PATH_MAX_BYTES];
    uint32_t tenant = asset_at(assets, asset)->node.tenant;
    inbox_branch_changed(assets, tenant, branch_before);
    inbox_branch_changed(assets, tenant, bytes_of(branch, assets_branch(assets, asset, branch)));
    if (asset_at(assets, asset)->node.parts > 0 && path_before.size > 0)
        inbox_below_changed(assets, asset, path_before);
}

/* ---- telling what follows ----------------------------------------------------------------------
 */
static bool bindings_equal(struct bytes a, struct bytes b)
{
    struct asset_item of_a, of_b;
    size_t at_a = 0, at_b = 0;
    for (;;) {
        bool more_a = asset_sheet_item_next(a, &at_a, ITEM_BINDING, &of_a);
        bool more_b = asset_sheet_item_next(b, &at_b, ITEM_BINDING, &of_b);
        if (!more_a || !more_b)
            return more_a == more_b;
        if (!bytes_equal(of_a.name, of_b.name) || !bytes_equal(of_a.text, of_b.text))
            return false;
    }
}

/* A binding for what is no metric of the type: whoever looks for the points of the asset by its
 * metrics does not come upon that point. */
static bool binds_beyond(const struct assets *assets, const struct content *content)
{
    struct asset_item item;
    size_t offset = 0;
    while (asset_sheet_item_next(content->sheet, &offset, ITEM_BINDING, &item))
        if (type_slot_above(assets, content->type, ITEM_METRIC, item.name) == SLOT_NONE)
            return true;
    return false;
}

/* Of an asset that had no points before only its own change; of others nobody knows any more which
 * they were. */
static void change_tell(const struct assets *assets, const struct asset_change *change,
                        struct asset_effects *effects)
{
    const struct content *before = &change->before, *after = &change->after;
    bool moved = before->parent != after->parent || !bytes_equal(before->name, after->name);
    bool had_points = before->type != TYPE_NONE || sheet_binds(before->sheet);
    if (change->asset == ASSET_NONE) {
        effects->points_changed = true;
        effects->many_changed = binds_beyond(assets, after);
        return;
    }
    if (moved && asset_at(assets, change->asset)->node.parts > 0)
        effects->many_changed = true;
    if (!(moved && before->branch.size == 0 && after->branch.size == 0) &&
        bytes_equal(before->branch, after->branch) && before->type == after->type &&
        bindings_equal(before->sheet, after->sheet))
        return;
    if (had_points || binds_beyond(assets, after))
        effects->many_changed = true;
    else
        effects->points_changed = true;
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static void change_say(const struct assets *assets, const struct command *command,
                       const struct asset_words *words, uint8_t *sheet, struct asset_change *change)
{
    if (change->asset != ASSET_NONE)
        asset_content_of(assets, asset_at(assets, change->asset)->node.version, &change->before);
    change->after = change->before;
    asset_content_say(&change->after, words, command->module.form, sheet);
    change->sheet_said = change->asset == ASSET_NONE || words_have(words, ASSET_TAG_ITEM) ||
                         words_have(words, ASSET_TAG_NO_ITEMS) || words_have(words, ASSET_TAG_TYPE);
}

/* Does the command run, and what does it take? */
static enum outcome_code change_admit(struct assets *assets, const struct assets_command *of,
                                      const struct asset_change *change, struct wanted *ret_wanted)
{
    enum outcome_code code = change_judge(assets, change);
    if (code != OUTCOME_DONE)
        return code;
    const struct version_of version_of = {
        .before = change->asset == ASSET_NONE ? VERSION_NONE
                                              : asset_at(assets, change->asset)->node.version,
        .author = of->command->actor.name};
    *ret_wanted = (struct wanted){
        .assets = change->asset == ASSET_NONE,
        .versions = 1,
        .text_units = asset_version_text_units(assets, &version_of, &change->after)};
    return asset_owner_may(assets, change->tenant, ret_wanted) ? OUTCOME_DONE : OUTCOME_ASSETS_FULL;
}

enum err assets_apply_asset_set(struct assets *assets, const struct assets_command *of)
{
    uint8_t sheet[ASSET_SHEET_MAX], path[PATH_MAX_BYTES], branch[PATH_MAX_BYTES];
    const struct command *command = of->command;
    struct asset_change change = {.tenant = command->tenant, .asset = command->module.number};
    struct outcome *outcome = &of->effects->outcome;
    struct asset_words words;
    struct wanted wanted;
    if (asset_words_read(COMMAND_ASSET_SET, change.asset, command->module.form, &words) != NULL) {
        outcome->code = asset_words_outcome(&words, change.asset);
        return OK;
    }
    if (change.asset != ASSET_NONE && !asset_is_there(assets, change.tenant, change.asset)) {
        outcome->code = OUTCOME_UNKNOWN_ASSET;
        return OK;
    }
    of->effects->asset = outcome->number = change.asset;
    change_say(assets, command, &words, sheet, &change);
    if (change.asset != ASSET_NONE && asset_content_equal(&change.before, &change.after))
        return OK;
    outcome->code = change_admit(assets, of, &change, &wanted);
    if (outcome->code != OUTCOME_DONE)
        return OK;
    size_t path_size = 0, branch_size = 0;
    if (change.asset != ASSET_NONE) {
        path_size = assets_path(assets, change.asset, path);
        branch_size = assets_branch(assets, change.asset, branch);
    }
    change_tell(assets, &change, of->effects);
    enum err err = asset_write(assets, of, &change.after, &wanted);
    if (err == OK)
        inbox_follow(assets, of->effects->asset, bytes_of(path, path_size),
                     bytes_of(branch, branch_size));
    return err;
}

static enum outcome_code retire_judge(const struct assets *assets, const struct command *command)
{
    struct asset_words words;
    uint32_t asset = command->module.number;
    if (asset_words_read(COMMAND_ASSET_RETIRE, asset, command->module.form, &words) != NULL)
        return OUTCOME_ASSET_INVALID;
    if (!asset_is_there(assets, command->tenant, asset))
        return OUTCOME_UNKNOWN_ASSET;
    return asset_at(assets, asset)->node.parts > 0 ? OUTCOME_ASSET_HAS_PARTS : OUTCOME_DONE;
}

/* The last version of an asset says what it was; it is out of all chains and indexes. */
static enum err asset_end(struct assets *assets, uint32_t owner, uint32_t asset, uint32_t version)
{
    struct asset_entry *entry = state_write(&assets->assets, asset);
    struct forest forest = forest_of_assets(assets);
    enum err err = asset_index_take(assets, asset);
    if (err != OK)
        return err;
    forest_take(&forest, owner, asset);
    of_type_take(assets, asset, entry->type);
    entry->node.version = version;
    entry->node.flags |= NODE_GONE; /* where its points were can still be asked */
    return OK;
}

enum err assets_apply_asset_retire(struct assets *assets, const struct assets_command *of)
{
    uint8_t branch[PATH_MAX_BYTES];
    const struct command *command = of->command;
    uint32_t version, asset = command->module.number;
    of->effects->outcome.code = retire_judge(assets, command);
    if (of->effects->outcome.code != OUTCOME_DONE)
        return OK;
    of->effects->outcome.number = of->effects->asset = asset;
    of->effects->points_changed = true;
    const struct version_of version_of = {.number = asset,
                                          .before = asset_at(assets, asset)->node.version,
                                          .stamp = of->stamp,
                                          .author = command->actor.name};
    struct content content;
    asset_content_of(assets, version_of.before, &content);
    content.gone = true;
    of->effects->many_changed = binds_beyond(assets, &content);
    uint32_t owner = asset_owner_find(assets, command->tenant);
    const struct wanted made = {
        .versions = 1, .text_units = asset_version_text_units(assets, &version_of, &content)};
    enum err err = asset_version_add(assets, &version_of, &content, &version);
    if (err == OK)
        err = asset_end(assets, owner, asset, version);
    if (err != OK)
        return err;
    asset_owner_count(assets, owner, &made);
    inbox_branch_changed(assets, command->tenant,
                         bytes_of(branch, assets_branch(assets, asset, branch)));
    return OK;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool asset_is_valid(const struct assets *assets, uint32_t asset)
{
    const struct asset_entry *entry = asset_at(assets, asset);
    const struct node *node = &entry->node;
    if (node->version == VERSION_NONE || node->version > assets->roots->versions)
        return false;
    const struct version_entry *version = version_at(assets, node->version);
    bool gone = version->flags & VERSION_GONE;
    bool binds = sheet_binds(asset_text(assets, version->sheet));
    return !(version->flags & VERSION_OF_TYPE) && version->of == asset &&
           version->parent == node->parent && version->name == node->name &&
           version->type == entry->type && version->branch == entry->branch &&
           node->flags == ((gone ? NODE_GONE : 0) | (binds ? NODE_BINDS : 0)) &&
           asset_name_fault(asset_text(assets, node->name)) == NULL &&
           (entry->branch == TEXT_NONE || path_fault(asset_text(assets, entry->branch)) == NULL);
}

/* The assets of a type are a chain of as many as it says, each of it. */
static bool of_type_is_valid(const struct assets *assets, uint32_t type, uint32_t *seen)
{
    const struct type_entry *entry = type_at(assets, type);
    if (!chain_is_valid(&assets->assets, &same_type, &entry->assets_of, entry->assets,
                        assets->roots->assets + 1))
        return false;
    for (uint32_t asset = entry->assets_of.first; asset != ASSET_NONE;
         asset = chain_after(&assets->assets, &same_type, asset)) {
        const struct asset_entry *at = asset_at(assets, asset);
        if (at->type != type || node_is_gone(&at->node) || at->node.tenant != entry->node.tenant)
            return false;
    }
    *seen += entry->assets;
    return entry->assets == 0 || !node_is_gone(&entry->node);
}

enum err asset_changes_rebuild(struct assets *assets)
{
    const struct roots_entry *roots = assets->roots;
    uint32_t typed = 0, seen = 0;
    for (uint32_t asset = 1; asset <= roots->assets; asset++) {
        if (!asset_is_valid(assets, asset))
            return ERR_CORRUPT;
        const struct asset_entry *entry = asset_at(assets, asset);
        typed += entry->type != TYPE_NONE && !node_is_gone(&entry->node);
    }
    for (uint32_t type = 1; type <= roots->types; type++)
        if (!of_type_is_valid(assets, type, &seen))
            return ERR_CORRUPT;
    if (seen != typed)
        return ERR_CORRUPT;
    struct forest forest = forest_of_assets(assets);
    return forest_rebuild(&forest);
}
