/* Types: what their commands do, and what they are or were. */
#include "model/assets/tables.h"

bool asset_type_is_there(const struct assets *assets, uint32_t tenant, uint32_t type)
{
    if (type == TYPE_NONE || type > assets->roots->types)
        return false;
    const struct node *node = &type_at(assets, type)->node;
    return node->tenant == tenant && !node_is_gone(node);
}

struct bytes asset_type_sheet(const struct assets *assets, uint32_t type)
{
    return asset_text(assets, version_at(assets, type_at(assets, type)->node.version)->sheet);
}

uint32_t assets_type_find(const struct assets *assets, uint32_t tenant, struct bytes name)
{
    struct index_probe probe;
    uint64_t hash = hash_of(HASH_TYPE, tenant, name);
    for (uint32_t type = index_first(assets->type_names, &probe, hash); type != INDEX_NONE;
         type = index_next(assets->type_names, &probe)) {
        const struct node *node = &type_at(assets, type)->node;
        if (node->tenant == tenant && bytes_equal(asset_text(assets, node->name), name))
            return type;
    }
    return TYPE_NONE;
}

/* ---- commands, of assets as well ---------------------------------------------------------------
 */
enum outcome_code asset_words_outcome(const struct asset_words *words, uint32_t number)
{
    bool named = words->name.size > 0 || words_have(words, ASSET_TAG_NAME);
    if (named ? asset_name_fault(words->name) != NULL : number == 0)
        return OUTCOME_NAME_INVALID;
    return OUTCOME_ASSET_INVALID;
}

void asset_content_say(struct content *content, const struct asset_words *words, struct bytes form,
                       uint8_t *sheet)
{
    if (words_have(words, ASSET_TAG_NAME))
        content->name = words->name;
    if (words_have(words, ASSET_TAG_TITLE))
        content->title = words->title;
    if (words_have(words, ASSET_TAG_PARENT))
        content->parent = words->parent;
    if (words_have(words, ASSET_TAG_TYPE))
        content->type = words->type;
    if (words_have(words, ASSET_TAG_LEVEL))
        content->level = words->level;
    if (words_have(words, ASSET_TAG_BRANCH))
        content->branch = words->branch;
    if (words_have(words, ASSET_TAG_PLACE))
        content->place = words->place;
    if (words_have(words, ASSET_TAG_ITEM))
        content->sheet = asset_sheet_of(form, sheet);
    if (words_have(words, ASSET_TAG_NO_ITEMS))
        content->sheet = bytes_of("", 0);
}

static enum outcome_code type_judge(struct assets *assets, uint32_t tenant, uint32_t type,
                                    const struct content *content)
{
    if (content->parent != TYPE_NONE && !asset_type_is_there(assets, tenant, content->parent))
        return OUTCOME_UNKNOWN_TYPE;
    struct forest forest = forest_of_types(assets);
    if (!forest_allows(&forest, type, content->parent))
        return OUTCOME_ASSET_INVALID;
    uint32_t found = assets_type_find(assets, tenant, content->name);
    return found != TYPE_NONE && found != type ? OUTCOME_NAME_TAKEN : OUTCOME_DONE;
}

static enum err type_begin(struct assets *assets, uint32_t owner, uint32_t type, uint32_t parent)
{
    enum err err = state_table_grow(&assets->types, type + 1);
    if (err != OK)
        return err;
    *(struct type_entry *)state_write(&assets->types, type) =
        (struct type_entry){.node = {.tenant = owner_at(assets, owner)->tenant, .height = 1}};
    roots_write(assets)->types = type;
    struct forest forest = forest_of_types(assets);
    forest_put(&forest, owner, type, parent);
    return OK;
}

static enum err type_name_take(struct assets *assets, uint32_t type)
{
    const struct node *node = &type_at(assets, type)->node;
    return index_remove(assets->type_names,
                        hash_of(HASH_TYPE, node->tenant, asset_text(assets, node->name)), type);
}

static enum err type_name_put(struct assets *assets, uint32_t type)
{
    const struct node *node = &type_at(assets, type)->node;
    return index_insert(assets->type_names,
                        hash_of(HASH_TYPE, node->tenant, asset_text(assets, node->name)), type);
}

/* The version becomes what the type is. */
static enum err type_turn(struct assets *assets, uint32_t owner, uint32_t type, uint32_t version)
{
    const struct version_entry *entry = version_at(assets, version);
    struct node *node = &((struct type_entry *)state_write(&assets->types, type))->node;
    struct forest forest = forest_of_types(assets);
    bool is_new = node->version == VERSION_NONE;
    enum err err = is_new ? OK : type_name_take(assets, type);
    if (err == OK && !is_new)
        err = type_slots_take(assets, type);
    if (err != OK)
        return err;
    if (node->parent != entry->parent) {
        forest_take(&forest, owner, type);
        forest_put(&forest, owner, type, entry->parent);
    }
    node->version = version;
    node->name = entry->name;
    err = type_name_put(assets, type);
    return err == OK ? type_slots_put(assets, type) : err;
}

static enum err type_write(struct assets *assets, const struct assets_command *of,
                           const struct content *content, struct wanted *wanted)
{
    uint32_t owner, version, type = of->command->module.number;
    enum err err = asset_owner_make(assets, of->command->tenant, &owner);
    if (err == OK && type == TYPE_NONE) {
        type = assets->roots->types + 1;
        err = type_begin(assets, owner, type, content->parent);
    }
    if (err != OK)
        return err;
    const struct version_of version_of = {.of_type = true,
                                          .number = type,
                                          .before = type_at(assets, type)->node.version,
                                          .stamp = of->stamp,
                                          .author = of->command->actor.name};
    err = asset_version_add(assets, &version_of, content, &version);
    if (err == OK)
        err = type_turn(assets, owner, type, version);
    if (err == OK)
        asset_owner_count(assets, owner, wanted);
    of->effects->outcome.number = type;
    return err;
}

enum err assets_apply_type_set(struct assets *assets, const struct assets_command *of)
{
    uint8_t sheet[ASSET_SHEET_MAX];
    const struct command *command = of->command;
    uint32_t type = command->module.number;
    struct outcome *outcome = &of->effects->outcome;
    struct asset_words words;
    struct content before = {0}, content = {0};
    if (asset_words_read(COMMAND_TYPE_SET, type, command->module.form, &words) != NULL) {
        outcome->code = asset_words_outcome(&words, type);
        return OK;
    }
    if (type != TYPE_NONE && !asset_type_is_there(assets, command->tenant, type)) {
        outcome->code = OUTCOME_UNKNOWN_TYPE;
        return OK;
    }
    outcome->number = type;
    struct version_of version_of = {.of_type = true, .author = command->actor.name};
    if (type != TYPE_NONE) {
        version_of.before = type_at(assets, type)->node.version;
        asset_content_of(assets, version_of.before, &before);
    }
    content = before;
    asset_content_say(&content, &words, command->module.form, sheet);
    outcome->code = type_judge(assets, command->tenant, type, &content);
    if (outcome->code != OUTCOME_DONE ||
        (type != TYPE_NONE && asset_content_equal(&content, &before)))
        return OK;
    struct wanted wanted = {.types = type == TYPE_NONE,
                            .versions = 1,
                            .text_units = asset_version_text_units(assets, &version_of, &content)};
    if (!asset_owner_may(assets, command->tenant, &wanted)) {
        outcome->code = OUTCOME_ASSETS_FULL;
        return OK;
    }
    of->effects->many_changed =
        type != TYPE_NONE &&
        (type_at(assets, type)->assets > 0 || type_at(assets, type)->node.parts > 0) &&
        (content.parent != before.parent || !bytes_equal(content.sheet, before.sheet));
    return type_write(assets, of, &content, &wanted);
}

enum err assets_apply_type_remove(struct assets *assets, const struct assets_command *of)
{
    const struct command *command = of->command;
    uint32_t version, type = command->module.number;
    struct outcome *outcome = &of->effects->outcome;
    struct asset_words words;
    struct content content;
    if (asset_words_read(COMMAND_TYPE_REMOVE, type, command->module.form, &words) != NULL)
        outcome->code = OUTCOME_ASSET_INVALID;
    else if (!asset_type_is_there(assets, command->tenant, type))
        outcome->code = OUTCOME_UNKNOWN_TYPE;
    else if (type_at(assets, type)->assets > 0 || type_at(assets, type)->node.parts > 0)
        outcome->code = OUTCOME_TYPE_IN_USE;
    if (outcome->code != OUTCOME_DONE)
        return OK;
    outcome->number = type;
    struct type_entry *entry = state_write(&assets->types, type);
    const struct version_of version_of = {.of_type = true,
                                          .number = type,
                                          .before = entry->node.version,
                                          .stamp = of->stamp,
                                          .author = command->actor.name};
    asset_content_of(assets, entry->node.version, &content);
    content.gone = true;
    uint32_t owner = asset_owner_find(assets, command->tenant);
    const struct wanted made = {
        .versions = 1, .text_units = asset_version_text_units(assets, &version_of, &content)};
    enum err err = asset_version_add(assets, &version_of, &content, &version);
    if (err == OK)
        err = type_name_take(assets, type);
    if (err == OK)
        err = type_slots_take(assets, type);
    if (err != OK)
        return err;
    struct forest forest = forest_of_types(assets);
    forest_take(&forest, owner, type);
    entry->node.flags = NODE_GONE;
    entry->node.version = version;
    asset_owner_count(assets, owner, &made);
    return OK;
}

/* ---- asking ------------------------------------------------------------------------------------
 */
uint32_t assets_types(const struct assets *assets)
{
    return assets->roots->types;
}

static void type_view_of(const struct assets *assets, uint32_t type, uint32_t version,
                         int64_t wall_ns, struct type_view *ret_view)
{
    const struct type_entry *entry = type_at(assets, type);
    const struct version_entry *of = version_at(assets, version);
    *ret_view = (struct type_view){.type = type,
                                   .tenant = entry->node.tenant,
                                   .parent = of->parent,
                                   .level = of->level,
                                   .version = of->ordinal,
                                   .removed = of->flags & VERSION_GONE,
                                   .name = asset_text(assets, of->name),
                                   .title = asset_text(assets, of->title),
                                   .sheet = asset_text(assets, of->sheet),
                                   .assets = entry->assets,
                                   .kinds = entry->node.parts,
                                   .level_said = of->level,
                                   .author = asset_text(assets, of->author),
                                   .position = of->position,
                                   .wall_ns = of->wall_ns};
    if (of->level == 0)
        ret_view->level = asset_type_level(assets, of->parent, wall_ns);
}

void assets_type(const struct assets *assets, uint32_t type, struct type_view *ret_view)
{
    check(type != TYPE_NONE && type <= assets->roots->types);
    type_view_of(assets, type, type_at(assets, type)->node.version, INT64_MAX, ret_view);
}

bool assets_type_at(const struct assets *assets, uint32_t type, int64_t wall_ns,
                    struct type_view *ret_view)
{
    check(type != TYPE_NONE && type <= assets->roots->types);
    uint32_t version = asset_version_when(assets, type_at(assets, type)->node.version, wall_ns);
    if (version == VERSION_NONE)
        return false;
    type_view_of(assets, type, version, wall_ns, ret_view);
    return true;
}

bool assets_type_version(const struct assets *assets, uint32_t type, uint32_t version,
                         struct type_view *ret_view)
{
    check(type != TYPE_NONE && type <= assets->roots->types);
    uint32_t at = asset_version_numbered(assets, type_at(assets, type)->node.version, version);
    if (at == VERSION_NONE)
        return false;
    type_view_of(assets, type, at, version_at(assets, at)->since_ns, ret_view);
    return true;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool type_is_valid(const struct assets *assets, uint32_t type)
{
    const struct node *node = &type_at(assets, type)->node;
    if (node->version == VERSION_NONE || node->version > assets->roots->versions)
        return false;
    const struct version_entry *version = version_at(assets, node->version);
    bool gone = version->flags & VERSION_GONE;
    return version->flags & VERSION_OF_TYPE && version->of == type &&
           version->parent == node->parent && version->name == node->name &&
           node->flags == (gone ? NODE_GONE : 0) && version->type == TYPE_NONE &&
           asset_name_fault(asset_text(assets, node->name)) == NULL;
}

enum err asset_types_rebuild(struct assets *assets)
{
    uint32_t types = assets->roots->types;
    for (uint32_t type = 1; type <= types; type++)
        if (!type_is_valid(assets, type))
            return ERR_CORRUPT;
    struct forest forest = forest_of_types(assets);
    enum err err = forest_rebuild(&forest);
    for (uint32_t type = 1; err == OK && type <= types; type++) {
        const struct node *node = &type_at(assets, type)->node;
        if (node_is_gone(node))
            continue;
        if (assets_type_find(assets, node->tenant, asset_text(assets, node->name)) != TYPE_NONE ||
            asset_items_fault(asset_type_sheet(assets, type), true) != NULL)
            return ERR_CORRUPT;
        err = type_name_put(assets, type);
        if (err == OK)
            err = type_slots_put(assets, type);
    }
    return err;
}
