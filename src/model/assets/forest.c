/* The forests of types and of assets: who stands below whom, in the order they came there. A node
 * knows its height, so that a branch can be moved without looking at all that hangs on it. */
#include "model/assets/tables.h"

/* ---- nodes -------------------------------------------------------------------------------------
 */
static const struct chain beside = {.links_at = offsetof(struct node, links)};

struct forest forest_of_types(struct assets *assets)
{
    return (struct forest){assets, &assets->types, true};
}

struct forest forest_of_assets(struct assets *assets)
{
    return (struct forest){assets, &assets->assets, false};
}

/* A type and an asset begin with their node. */
static const struct node *node_at(const struct forest *forest, uint32_t number)
{
    return state_read(forest->table, number);
}

static struct node *node_write(const struct forest *forest, uint32_t number)
{
    return state_write(forest->table, number);
}

/* What lies below a parent, or at the top of an owner. */
static struct chain_ends *below_write(const struct forest *forest, uint32_t owner, uint32_t parent,
                                      uint32_t **ret_count)
{
    if (parent != 0) {
        struct node *node = node_write(forest, parent);
        *ret_count = &node->parts;
        return &node->below;
    }
    struct owner_entry *entry = state_write(&forest->assets->owners, owner);
    *ret_count = forest->of_types ? &entry->types_top_count : &entry->assets_top_count;
    return forest->of_types ? &entry->types_top : &entry->assets_top;
}

void forest_put(const struct forest *forest, uint32_t owner, uint32_t number, uint32_t parent)
{
    uint32_t *count;
    struct chain_ends *ends = below_write(forest, owner, parent, &count);
    chain_put(forest->table, &beside, ends, number);
    ++*count;
    node_write(forest, number)->parent = parent;
    uint8_t height = node_at(forest, number)->height;
    for (uint32_t above = parent; above != 0 && node_at(forest, above)->height <= height;
         above = node_at(forest, above)->parent)
        node_write(forest, above)->height = ++height;
}

/* The height of a node by what is below it. One as high as ever ends the search: those that lie
 * side by side mostly are alike. */
static uint8_t height_below(const struct forest *forest, uint32_t number)
{
    const struct node *node = node_at(forest, number);
    uint8_t most = 0;
    for (uint32_t part = node->below.first; part != 0; part = node_at(forest, part)->links.next) {
        uint8_t height = node_at(forest, part)->height;
        most = height > most ? height : most;
        if (most + 1 == node->height)
            break;
    }
    return (uint8_t)(most + 1);
}

void forest_take(const struct forest *forest, uint32_t owner, uint32_t number)
{
    uint32_t *count, parent = node_at(forest, number)->parent;
    struct chain_ends *ends = below_write(forest, owner, parent, &count);
    chain_take(forest->table, &beside, ends, number);
    --*count;
    uint8_t gone = node_at(forest, number)->height;
    for (uint32_t above = parent; above != 0; above = node_at(forest, above)->parent) {
        uint8_t before = node_at(forest, above)->height;
        uint8_t height = before == gone + 1 ? height_below(forest, above) : before;
        if (height == before)
            return;
        node_write(forest, above)->height = height;
        gone = before;
    }
}

bool forest_allows(const struct forest *forest, uint32_t number, uint32_t parent)
{
    unsigned depth = number == 0 ? 1 : node_at(forest, number)->height;
    for (uint32_t above = parent; above != 0; above = node_at(forest, above)->parent) {
        depth++;
        if (above == number || depth > ASSET_DEPTH_MAX)
            return false;
    }
    return true;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
struct survey { /* what is found below each node, compared with what the node says */
    uint32_t numbers, seen, there;
};

static bool below_is_valid(const struct forest *forest, const struct chain_ends *ends,
                           uint32_t count, uint32_t parent, uint32_t tenant, struct survey *survey)
{
    if (!chain_is_valid(forest->table, &beside, ends, count, survey->numbers + 1))
        return false;
    for (uint32_t row = ends->first; row != 0; row = chain_after(forest->table, &beside, row)) {
        const struct node *node = node_at(forest, row);
        if (node->parent != parent || node->tenant != tenant || node_is_gone(node))
            return false;
    }
    survey->seen += count;
    return true;
}

/* Chains hold all that are there: none twice, since each stands below its own parent, and no more
 * than there are. */
static bool chains_are_valid(const struct forest *forest, struct survey *survey)
{
    for (uint32_t number = 1; number <= survey->numbers; number++) {
        const struct node *node = node_at(forest, number);
        survey->there += !node_is_gone(node);
        if (node->parent > survey->numbers || node->parts > survey->numbers ||
            (node_is_gone(node) && node->parts != 0) ||
            !below_is_valid(forest, &node->below, node->parts, number, node->tenant, survey))
            return false;
    }
    for (uint32_t owner = 1; owner <= forest->assets->roots->owners; owner++) {
        const struct owner_entry *entry = owner_at(forest->assets, owner);
        const struct chain_ends *ends = forest->of_types ? &entry->types_top : &entry->assets_top;
        uint32_t count = forest->of_types ? entry->types_top_count : entry->assets_top_count;
        if (count > survey->numbers ||
            !below_is_valid(forest, ends, count, 0, entry->tenant, survey))
            return false;
    }
    return survey->seen == survey->there;
}

/* Each above is higher than what is below it, so that there is no cycle, and none is too high. */
static bool heights_are_valid(const struct forest *forest, const struct survey *survey)
{
    for (uint32_t number = 1; number <= survey->numbers; number++) {
        const struct node *node = node_at(forest, number);
        if (node->height == 0 || node->height > ASSET_DEPTH_MAX ||
            node->height != height_below(forest, number))
            return false;
        if (node_is_gone(node) || node->parent == 0)
            continue;
        const struct node *parent = node_at(forest, node->parent);
        if (node_is_gone(parent) || parent->height <= node->height)
            return false;
    }
    return true;
}

enum err forest_rebuild(const struct forest *forest)
{
    const struct roots_entry *roots = forest->assets->roots;
    struct survey survey = {.numbers = forest->of_types ? roots->types : roots->assets};
    bool valid = chains_are_valid(forest, &survey) && heights_are_valid(forest, &survey);
    return valid ? OK : ERR_CORRUPT;
}
