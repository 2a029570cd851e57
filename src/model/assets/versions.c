/* Versions: what a type or an asset was, one after the other. Each knows the one before and jumps
 * to one far before it, as in a skip list (Myers, An applicative random-access stack, 1983): from
 * the newest to any of n is a walk of at most 2 log n steps, and a new one costs nothing more. */
#include "model/assets/tables.h"

#include <string.h>

void asset_content_of(const struct assets *assets, uint32_t version, struct content *ret_content)
{
    const struct version_entry *entry = version_at(assets, version);
    *ret_content = (struct content){.parent = entry->parent,
                                    .type = entry->type,
                                    .level = entry->level,
                                    .gone = entry->flags & VERSION_GONE,
                                    .place = {.has_map = entry->flags & VERSION_MAP,
                                              .has_floor = entry->flags & VERSION_FLOOR,
                                              .has_plan = entry->flags & VERSION_PLAN,
                                              .longitude = entry->longitude,
                                              .latitude = entry->latitude,
                                              .plan_x = entry->plan_x,
                                              .plan_y = entry->plan_y,
                                              .floor = entry->floor},
                                    .name = asset_text(assets, entry->name),
                                    .title = asset_text(assets, entry->title),
                                    .branch = asset_text(assets, entry->branch),
                                    .sheet = asset_text(assets, entry->sheet)};
}

static bool place_equal(const struct place *a, const struct place *b)
{
    return a->has_map == b->has_map && a->has_floor == b->has_floor && a->has_plan == b->has_plan &&
           a->longitude == b->longitude && a->latitude == b->latitude && a->plan_x == b->plan_x &&
           a->plan_y == b->plan_y && a->floor == b->floor;
}

bool asset_content_equal(const struct content *a, const struct content *b)
{
    return a->parent == b->parent && a->type == b->type && a->level == b->level &&
           a->gone == b->gone && place_equal(&a->place, &b->place) &&
           bytes_equal(a->name, b->name) && bytes_equal(a->title, b->title) &&
           bytes_equal(a->branch, b->branch) && bytes_equal(a->sheet, b->sheet);
}

/* ---- appending ---------------------------------------------------------------------------------
 */
static uint32_t units_beside(const struct assets *assets, uint32_t text, struct bytes wanted)
{
    return bytes_equal(asset_text(assets, text), wanted) ? 0 : asset_text_units(wanted.size);
}

uint32_t asset_version_text_units(const struct assets *assets, const struct version_of *of,
                                  const struct content *content)
{
    static const struct version_entry none;
    const struct version_entry *before =
        of->before == VERSION_NONE ? &none : version_at(assets, of->before);
    return units_beside(assets, before->name, content->name) +
           units_beside(assets, before->title, content->title) +
           units_beside(assets, before->branch, content->branch) +
           units_beside(assets, before->sheet, content->sheet) + asset_text_units(of->author.size);
}

/* The text of the version before when it says the same. */
static enum err text_share(struct assets *assets, uint32_t before, struct bytes wanted,
                           uint32_t *ret_text)
{
    if (!bytes_equal(asset_text(assets, before), wanted))
        return asset_text_add(assets, wanted, ret_text);
    *ret_text = before;
    return OK;
}

/* Whoever does many things is one text, as long as nobody else comes between. */
static enum err author_share(struct assets *assets, struct bytes author, uint32_t *ret_text)
{
    enum err err = text_share(assets, assets->roots->author, author, ret_text);
    if (err == OK && author.size > 0 && *ret_text != assets->roots->author)
        roots_write(assets)->author = *ret_text;
    return err;
}

static enum err texts_put(struct assets *assets, const struct content *content, struct bytes author,
                          const struct version_entry *before, struct version_entry *entry)
{
    enum err err = text_share(assets, before->name, content->name, &entry->name);
    if (err == OK)
        err = text_share(assets, before->title, content->title, &entry->title);
    if (err == OK)
        err = text_share(assets, before->branch, content->branch, &entry->branch);
    if (err == OK)
        err = text_share(assets, before->sheet, content->sheet, &entry->sheet);
    return err == OK ? author_share(assets, author, &entry->author) : err;
}

/* Where a version jumps to: over as much as the two jumps below it together, when these are equal;
 * else to the one before. */
static uint32_t jump_of(const struct assets *assets, uint32_t before)
{
    if (before == VERSION_NONE)
        return VERSION_NONE;
    const struct version_entry *near = version_at(assets, before);
    if (near->jump == VERSION_NONE)
        return before;
    const struct version_entry *far = version_at(assets, near->jump);
    if (far->jump == VERSION_NONE)
        return before;
    uint32_t first = near->ordinal - far->ordinal;
    uint32_t second = far->ordinal - version_at(assets, far->jump)->ordinal;
    return first == second ? far->jump : before;
}

static uint8_t flags_of(const struct version_of *of, const struct content *content)
{
    return (uint8_t)((of->of_type ? VERSION_OF_TYPE : 0) | (content->gone ? VERSION_GONE : 0) |
                     (content->place.has_map ? VERSION_MAP : 0) |
                     (content->place.has_floor ? VERSION_FLOOR : 0) |
                     (content->place.has_plan ? VERSION_PLAN : 0));
}

enum err asset_version_add(struct assets *assets, const struct version_of *of,
                           const struct content *content, uint32_t *ret_version)
{
    static const struct version_entry none;
    const struct version_entry *before =
        of->before == VERSION_NONE ? &none : version_at(assets, of->before);
    int64_t wall_ns = of->stamp->wall_ns;
    bool clock_went_back = of->before != VERSION_NONE && wall_ns < before->since_ns;
    struct version_entry entry = {.position = of->stamp->position,
                                  .wall_ns = wall_ns,
                                  .since_ns = clock_went_back ? before->since_ns : wall_ns,
                                  .longitude = content->place.longitude,
                                  .latitude = content->place.latitude,
                                  .plan_x = content->place.plan_x,
                                  .plan_y = content->place.plan_y,
                                  .of = of->number,
                                  .ordinal = before->ordinal + 1,
                                  .before = of->before,
                                  .jump = jump_of(assets, of->before),
                                  .parent = content->parent,
                                  .type = content->type,
                                  .floor = content->place.floor,
                                  .level = content->level,
                                  .flags = flags_of(of, content)};
    uint32_t version = assets->roots->versions + 1;
    enum err err = state_table_grow(&assets->versions, version + 1);
    if (err == OK)
        err = texts_put(assets, content, of->author, before, &entry);
    if (err != OK)
        return err;
    *(struct version_entry *)state_write(&assets->versions, version) = entry;
    roots_write(assets)->versions = version;
    *ret_version = version;
    return OK;
}

/* ---- finding one -------------------------------------------------------------------------------
 */
uint32_t asset_version_when(const struct assets *assets, uint32_t newest, int64_t wall_ns)
{
    uint32_t at = newest;
    while (at != VERSION_NONE) {
        const struct version_entry *entry = version_at(assets, at);
        if (entry->since_ns <= wall_ns)
            return at;
        bool far =
            entry->jump != VERSION_NONE && version_at(assets, entry->jump)->since_ns > wall_ns;
        at = far ? entry->jump : entry->before;
    }
    return VERSION_NONE;
}

uint32_t asset_version_numbered(const struct assets *assets, uint32_t newest, uint32_t ordinal)
{
    uint32_t at = newest;
    while (at != VERSION_NONE) {
        const struct version_entry *entry = version_at(assets, at);
        if (entry->ordinal <= ordinal)
            return entry->ordinal == ordinal ? at : VERSION_NONE;
        bool far =
            entry->jump != VERSION_NONE && version_at(assets, entry->jump)->ordinal >= ordinal;
        at = far ? entry->jump : entry->before;
    }
    return VERSION_NONE;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool version_texts_are_valid(const struct assets *assets, const struct version_entry *entry)
{
    return entry->name != TEXT_NONE && asset_text_is_valid(assets, entry->name, ASSET_NAME_MAX) &&
           asset_text_is_valid(assets, entry->title, ASSET_TITLE_MAX) &&
           asset_text_is_valid(assets, entry->branch, PATH_MAX_BYTES) &&
           asset_text_is_valid(assets, entry->sheet, ASSET_SHEET_MAX) &&
           asset_text_is_valid(assets, entry->author, ACTOR_NAME_MAX);
}

static bool version_is_valid(const struct assets *assets, uint32_t version)
{
    const struct version_entry *entry = version_at(assets, version);
    bool of_type = entry->flags & VERSION_OF_TYPE;
    const struct roots_entry *roots = assets->roots;
    if (entry->flags & ~VERSION_FLAGS || entry->of == 0 || entry->level > ASSET_DEVICE ||
        entry->of > (of_type ? roots->types : roots->assets) || entry->type > roots->types ||
        entry->parent > (of_type ? roots->types : roots->assets) || entry->before >= version ||
        !version_texts_are_valid(assets, entry))
        return false;
    if (entry->before == VERSION_NONE)
        return entry->ordinal == 1 && entry->jump == VERSION_NONE;
    /* Those below were judged before. */
    const struct version_entry *before = version_at(assets, entry->before);
    return before->of == entry->of &&
           (before->flags & VERSION_OF_TYPE) == (entry->flags & VERSION_OF_TYPE) &&
           entry->ordinal == before->ordinal + 1 && entry->since_ns >= before->since_ns &&
           entry->jump == jump_of(assets, entry->before) && !(before->flags & VERSION_GONE);
}

uint32_t assets_versions(const struct assets *assets)
{
    return assets->roots->versions;
}

uint32_t assets_version_of(const struct assets *assets, uint32_t version, bool *ret_of_type)
{
    check(version != VERSION_NONE && version <= assets->roots->versions);
    const struct version_entry *entry = version_at(assets, version);
    *ret_of_type = entry->flags & VERSION_OF_TYPE;
    return entry->of;
}

enum err asset_versions_rebuild(struct assets *assets)
{
    uint32_t versions = assets->roots->versions;
    if (versions == UINT32_MAX ||
        !asset_text_is_valid(assets, assets->roots->author, ACTOR_NAME_MAX))
        return ERR_CORRUPT;
    enum err err = state_table_grow(&assets->versions, versions + 1);
    for (uint32_t version = 1; err == OK && version <= versions; version++)
        if (!version_is_valid(assets, version))
            err = ERR_CORRUPT;
    return err;
}
