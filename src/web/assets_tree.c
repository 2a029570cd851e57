/* The tree of assets, a level at a time: what lies below each and how it is there.
 *
 * The parts come first, a page of them, in the order in which they came there, each with the counts
 * of alarms that are kept as they happen. Where he sees a part of those only, or where they are
 * being counted anew, the tenant's alarms are gone along once, and each is counted for the part
 * that it lies below: a flood of 100,000 takes some 30 ms, in pieces. */
#include "web/alarms.h"

#include "standing/standing.h"

#include <stdlib.h>
#include <string.h>

#define TREE_SLOTS 4096u /* more than twice the largest page */

struct tree_part {
    uint32_t asset;
    uint64_t active, unacknowledged, stale;
    uint8_t priority; /* the most urgent; 0: none */
    bool told;        /* it has the counts that are kept */
};
struct asset_tree {
    uint32_t above, last;
    uint64_t limit, count, told;
    bool whole; /* he sees all of the tenant */
    bool more;
    struct alarm_walk walk;
    struct tree_part *parts;
    uint16_t slots[TREE_SLOTS]; /* by number of asset: index + 1 */
};

static void tree_drop(struct exchange *exchange)
{
    struct asset_tree *tree = exchange->state;
    free(tree->parts);
    free(tree);
}

/* The slot that a part has, or the free one that it would get. */
static uint16_t *slot_of(struct asset_tree *tree, uint32_t asset)
{
    uint32_t at = asset * UINT32_C(2654435761) % TREE_SLOTS;
    while (tree->slots[at] != 0 && tree->parts[tree->slots[at] - 1].asset != asset)
        at = (at + 1) % TREE_SLOTS;
    return &tree->slots[at];
}

/* ---- what is put together ----------------------------------------------------------------------
 */
static void alarms_put(struct json_writer *json, const struct tree_part *part)
{
    json_put_name(json, "alarms");
    json_put_object(json);
    json_member_count(json, "active", part->active);
    json_member_count(json, "unacknowledged", part->unacknowledged);
    json_member_count(json, "stale", part->stale);
    json_put_name(json, "priority");
    if (part->priority != 0)
        json_put_count(json, part->priority);
    else
        json_put_null(json);
    json_put_object_end(json);
    json_member_count(json, "stale", part->stale);
}

/* Points below its branch; null where he sees a part of them only. */
static void points_put(struct exchange *exchange, uint32_t asset, enum namespace_sight sight)
{
    const struct namespace *space = exchange->web->config.space;
    struct namespace_node node = {.count = 0};
    uint8_t branch[PATH_MAX_BYTES];
    size_t size = assets_branch(assets_of(exchange), asset, branch);
    uint32_t found = namespace_find(space, exchange->tenant, bytes_of(branch, size));
    if (found != NAMESPACE_NONE)
        namespace_node(space, found, &node);
    if (sight == NAMESPACE_OPEN)
        json_member_count(&exchange->json, "points", node.count);
    else
        json_member_null(&exchange->json, "points");
}

static void part_put(struct exchange *exchange, const struct tree_part *part)
{
    struct json_writer *json = &exchange->json;
    struct asset_view view;
    enum namespace_sight sight = asset_sight(exchange, part->asset);
    assets_asset(assets_of(exchange), part->asset, &view);
    if (view.retired || sight == NAMESPACE_HIDDEN)
        return;
    json_put_object(json);
    json_member_string(json, "name", view.name);
    put_asset_path(exchange, "path", part->asset);
    json_member_count(json, "asset", part->asset);
    put_text(json, "title", sight == NAMESPACE_OPEN ? view.title : bytes_of("", 0));
    put_level(json, view.level);
    put_type_name(exchange, "type", view.type);
    if (sight == NAMESPACE_OPEN)
        put_parts(exchange, &view);
    else
        json_member_null(json, "parts");
    points_put(exchange, part->asset, sight);
    alarms_put(json, part);
    json_put_object_end(json);
}

static enum handled tree_answer(struct exchange *exchange)
{
    struct asset_tree *tree = exchange->state;
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    if (tree->above != ASSET_NONE)
        put_asset_path(exchange, "path", tree->above);
    else
        json_member_text(json, "path", "");
    json_put_name(json, "children");
    json_put_array(json);
    for (uint64_t i = 0; i < tree->count; i++)
        part_put(exchange, &tree->parts[i]);
    return answer_list(exchange, tree->more ? tree->last : 0);
}

/* ---- alarms ------------------------------------------------------------------------------------
 */
static struct tree_part *part_of(struct exchange *exchange, const struct alarm_view *alarm)
{
    struct asset_tree *tree = exchange->state;
    struct asset_view view;
    uint32_t asset = alarm_asset(exchange, alarm->tenant, alarm->rule, alarm->point);
    for (int i = 0; asset != ASSET_NONE && i <= ASSET_DEPTH_MAX; i++) {
        uint16_t slot = *slot_of(tree, asset);
        if (slot != 0)
            return &tree->parts[slot - 1];
        assets_asset(assets_of(exchange), asset, &view);
        asset = view.parent;
    }
    return NULL;
}

static void alarm_take(struct exchange *exchange, const struct alarm_view *alarm)
{
    struct alarm_counts counts = {.active = 0};
    struct tree_part *part = part_of(exchange, alarm);
    if (part == NULL || part->told ||
        !alarm_may(exchange, RIGHT_SEE, alarm->tenant, alarm->rule, alarm->point))
        return;
    alarm_count(&counts, alarm);
    part->active += counts.active;
    part->unacknowledged += counts.unacknowledged;
    part->stale += counts.stale;
    if (counts.active + counts.unacknowledged > 0 &&
        (part->priority == 0 || alarm->priority < part->priority))
        part->priority = alarm->priority;
}

static enum handled alarms_step(struct exchange *exchange)
{
    struct asset_tree *tree = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    struct alarm_view view;
    enum alarm_walked walked;
    while ((walked = alarm_walk_next(alarms_of(exchange), exchange->tenant, &tree->walk, &view)) !=
           WALK_END) {
        if (walked == WALK_FOUND)
            alarm_take(exchange, &view);
        if (walked == WALK_MORE || turn_is_over(&turn, 256))
            return HANDLED_STEP;
    }
    return tree_answer(exchange);
}

/* The counts that are kept, for whom they are all of them to see. */
static void counts_take(struct exchange *exchange, struct tree_part *part,
                        enum namespace_sight sight)
{
    struct asset_tree *tree = exchange->state;
    struct standing_counts counts;
    bool outside;
    if (!standing_of_asset(exchange->web->standing, part->asset, &counts, &outside) ||
        !(tree->whole || (sight == NAMESPACE_OPEN && !outside)))
        return;
    part->active = counts.active;
    part->unacknowledged = counts.unacknowledged;
    part->stale = counts.stale;
    part->priority = (uint8_t)standing_most_urgent(&counts);
    part->told = true;
    tree->told++;
}

/* ---- parts -------------------------------------------------------------------------------------
 */
uint32_t asset_part_next(const struct exchange *exchange, uint32_t above, uint32_t last)
{
    const struct assets *assets = assets_of(exchange);
    struct asset_view view = {.retired = true};
    if (last != ASSET_NONE && last <= assets_count(assets))
        assets_asset(assets, last, &view);
    if (!view.retired && view.parent == above && view.tenant == exchange->tenant)
        return assets_next(assets, last);
    uint32_t part = assets_first(assets, exchange->tenant, above);
    while (part != ASSET_NONE && part <= last)
        part = assets_next(assets, part);
    return part;
}

static enum handled parts_step(struct exchange *exchange)
{
    struct asset_tree *tree = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    uint32_t part;
    while ((part = asset_part_next(exchange, tree->above, tree->last)) != ASSET_NONE) {
        tree->more = tree->count == tree->limit;
        if (tree->more)
            break;
        tree->last = part;
        enum namespace_sight sight = asset_sight(exchange, part);
        if (sight != NAMESPACE_HIDDEN) {
            tree->parts[tree->count] = (struct tree_part){.asset = part};
            *slot_of(tree, part) = (uint16_t)++tree->count;
            counts_take(exchange, &tree->parts[tree->count - 1], sight);
        }
        if (turn_is_over(&turn, 256))
            return HANDLED_STEP;
    }
    if (tree->told == tree->count)
        return tree_answer(exchange);
    exchange->resume = alarms_step;
    return alarms_step(exchange);
}

enum handled handle_asset_tree(struct exchange *exchange)
{
    struct asset_tree *tree = exchange_keep(exchange, sizeof *tree);
    struct bytes path;
    uint64_t after = 0;
    if (tree == NULL)
        return HANDLED;
    exchange->drop = tree_drop;
    tree->limit = 100;
    tree->whole = tenant_seen_whole(exchange, exchange->tenant);
    if (!query_count(exchange, "limit", 1, 1000, &tree->limit) || !query_after(exchange, &after))
        return HANDLED;
    if (query_text(exchange, "path", &path) && path.size > 0) {
        tree->above = assets_find(assets_of(exchange), exchange->tenant, path);
        if (tree->above == ASSET_NONE || asset_sight(exchange, tree->above) == NAMESPACE_HIDDEN)
            return answer_no_asset(exchange, path);
    }
    tree->last = after <= UINT32_MAX ? (uint32_t)after : UINT32_MAX;
    tree->parts = calloc(tree->limit, sizeof *tree->parts);
    if (tree->parts == NULL)
        return answer_memory(exchange);
    exchange->kept = tree->limit * sizeof *tree->parts;
    exchange->resume = parts_step;
    return parts_step(exchange);
}
