/* The map: assets that have a place, gathered into clusters by a grid that fits the zoom, with the
 * alarms of each. One walk over the assets, one over the alarms, both in pieces; what leaves grows
 * with the clusters, never with the assets. */
#include "web/alarms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CLUSTERS_MAX 2048u
#define CLUSTER_SLOTS 8192u
#define CELLS_A_TILE 4 /* of 256 pixels */

struct cluster {
    int32_t x, y; /* cell */
    uint32_t asset;
    uint64_t assets, alarms;
    uint8_t priority;           /* most urgent; 0: none */
    double longitude, latitude; /* sums */
};
struct asset_map {
    double west, south, east, north, cell;
    uint32_t last;
    size_t count;
    bool more; /* there are more clusters than are told */
    struct alarm_walk walk;
    struct cluster *clusters;
    uint16_t slots[CLUSTER_SLOTS];
};

static void map_drop(struct exchange *exchange)
{
    struct asset_map *map = exchange->state;
    free(map->clusters);
    free(map);
}

/* ---- the grid ----------------------------------------------------------------------------------
 */
static bool place_is_in(const struct asset_map *map, const struct asset_view *view)
{
    bool across = map->west > map->east; /* the date line lies between */
    bool west = view->longitude >= map->west, east = view->longitude <= map->east;
    return view->has_map && (across ? west || east : west && east) &&
           view->latitude >= map->south && view->latitude <= map->north;
}

/* NULL: there is none, or (make) no room for another. */
static struct cluster *cluster_of(struct asset_map *map, const struct asset_view *view, bool make)
{
    int32_t x = (int32_t)floor((view->longitude + 180) / map->cell);
    int32_t y = (int32_t)floor((view->latitude + 90) / map->cell);
    uint32_t at =
        ((uint32_t)x * UINT32_C(2654435761) ^ (uint32_t)y * UINT32_C(2246822519)) % CLUSTER_SLOTS;
    while (map->slots[at] != 0) {
        struct cluster *cluster = &map->clusters[map->slots[at] - 1];
        if (cluster->x == x && cluster->y == y)
            return cluster;
        at = (at + 1) % CLUSTER_SLOTS;
    }
    map->more = map->more || (make && map->count == CLUSTERS_MAX);
    if (!make || map->count == CLUSTERS_MAX)
        return NULL;
    map->slots[at] = (uint16_t)++map->count;
    struct cluster *cluster = &map->clusters[map->count - 1];
    *cluster = (struct cluster){.x = x, .y = y, .asset = view->asset};
    return cluster;
}

/* ---- the answer --------------------------------------------------------------------------------
 */
static enum handled map_answer(struct exchange *exchange)
{
    const struct asset_map *map = exchange->state;
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    json_put_name(json, "clusters");
    json_put_array(json);
    for (size_t i = 0; i < map->count; i++) {
        const struct cluster *cluster = &map->clusters[i];
        json_put_object(json);
        json_member_real(json, "longitude", cluster->longitude / (double)cluster->assets);
        json_member_real(json, "latitude", cluster->latitude / (double)cluster->assets);
        json_member_count(json, "assets", cluster->assets);
        json_member_count(json, "alarms", cluster->alarms);
        json_put_name(json, "priority");
        if (cluster->priority != 0)
            json_put_count(json, cluster->priority);
        else
            json_put_null(json);
        put_asset_path(exchange, "asset", cluster->assets == 1 ? cluster->asset : ASSET_NONE);
        json_put_object_end(json);
    }
    json_put_array_end(json);
    json_member_bool(json, "more", map->more);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

/* An alarm stands where the nearest asset above it does that has a place. */
static void alarm_take(struct exchange *exchange, struct asset_map *map,
                       const struct alarm_view *alarm)
{
    struct alarm_counts counts = {.active = 0};
    struct asset_view view = {.has_map = false};
    uint32_t asset = alarm_asset(exchange, alarm->tenant, alarm->rule, alarm->point);
    for (int i = 0; asset != ASSET_NONE && !view.has_map && i <= ASSET_DEPTH_MAX; i++) {
        assets_asset(assets_of(exchange), asset, &view);
        asset = view.parent;
    }
    struct cluster *cluster = place_is_in(map, &view) ? cluster_of(map, &view, false) : NULL;
    alarm_count(&counts, alarm);
    if (cluster == NULL || counts.active + counts.unacknowledged == 0 ||
        !alarm_may(exchange, RIGHT_SEE, alarm->tenant, alarm->rule, alarm->point))
        return;
    cluster->alarms++;
    if (cluster->priority == 0 || alarm->priority < cluster->priority)
        cluster->priority = alarm->priority;
}

static enum handled alarms_step(struct exchange *exchange)
{
    struct asset_map *map = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    struct alarm_view view;
    enum alarm_walked walked;
    while ((walked = alarm_walk_next(alarms_of(exchange), exchange->tenant, &map->walk, &view)) !=
           WALK_END) {
        if (walked == WALK_FOUND)
            alarm_take(exchange, map, &view);
        if (walked == WALK_MORE || turn_is_over(&turn, 256))
            return HANDLED_STEP;
    }
    return map_answer(exchange);
}

static enum handled assets_step(struct exchange *exchange)
{
    struct asset_map *map = exchange->state;
    const struct assets *assets = assets_of(exchange);
    struct turn turn = turn_begin(exchange->web);
    struct asset_view view;
    while (map->last < assets_count(assets)) {
        assets_asset(assets, ++map->last, &view);
        bool in = view.tenant == exchange->tenant && !view.retired && place_is_in(map, &view);
        if (in && asset_seen(exchange, view.asset)) {
            struct cluster *cluster = cluster_of(map, &view, true);
            if (cluster != NULL) {
                cluster->assets++;
                cluster->longitude += view.longitude;
                cluster->latitude += view.latitude;
            }
        }
        if (turn_is_over(&turn, in ? 512 : 64))
            return HANDLED_STEP;
    }
    exchange->resume = alarms_step;
    return alarms_step(exchange);
}

/* ---- the question ------------------------------------------------------------------------------
 */
static bool degrees_read(struct exchange *exchange, const char *name, double most, double *ret)
{
    char digits[40] = "", *end;
    struct bytes text;
    if (!query_text(exchange, name, &text))
        return true;
    if (text.size > 0 && text.size < sizeof digits) {
        memcpy(digits, text.at, text.size);
        digits[text.size] = '\0';
        double real = strtod(digits, &end);
        if (*end == '\0' && real >= -most && real <= most) {
            *ret = real;
            return true;
        }
    }
    answer_parameter(exchange, name, "degrees", text);
    return false;
}

enum handled handle_map(struct exchange *exchange)
{
    struct asset_map *map = exchange_keep(exchange, sizeof *map);
    uint64_t zoom = 10;
    if (map == NULL)
        return HANDLED;
    exchange->drop = map_drop;
    map->west = -180;
    map->east = 180;
    map->south = -90;
    map->north = 90;
    if (!degrees_read(exchange, "west", 180, &map->west) ||
        !degrees_read(exchange, "east", 180, &map->east) ||
        !degrees_read(exchange, "south", 90, &map->south) ||
        !degrees_read(exchange, "north", 90, &map->north) ||
        !query_count(exchange, "zoom", 0, 24, &zoom))
        return HANDLED;
    map->cell = 360.0 / (double)(UINT64_C(1) << zoom) / CELLS_A_TILE;
    map->clusters = calloc(CLUSTERS_MAX, sizeof *map->clusters);
    if (map->clusters == NULL)
        return answer_memory(exchange);
    exchange->kept = sizeof *map + CLUSTERS_MAX * sizeof *map->clusters;
    exchange->resume = assets_step;
    return assets_step(exchange);
}
