/* Whose types and assets are to see and to change, and how they are named. */
#include "web/assets.h"

#include "access/access.h"

#include <string.h>

struct assets *assets_of(const struct exchange *exchange)
{
    return engine_assets(exchange->web->config.engine);
}

struct alarms *alarms_of(const struct exchange *exchange)
{
    return engine_alarms(exchange->web->config.engine);
}

/* ---- types -------------------------------------------------------------------------------------
 */
bool types_seen(struct exchange *exchange)
{
    return exchange->web->config.access == NULL ||
           access_may_somewhere(exchange->principal, RIGHT_SEE, exchange->tenant);
}

static bool tenant_reached(struct exchange *exchange, enum access_right right, uint32_t tenant)
{
    struct pattern all;
    const char *fault = pattern_parse(bytes_text("#"), &all);
    check(fault == NULL);
    return exchange_reach(exchange, right, tenant, &all) == REACH_ALL;
}

bool tenant_seen_whole(struct exchange *exchange, uint32_t tenant)
{
    return tenant_reached(exchange, RIGHT_SEE, tenant);
}

bool types_changeable(struct exchange *exchange)
{
    return exchange_may(exchange, RIGHT_CONFIGURE, exchange->tenant, bytes_text("$tenant/types")) ||
           tenant_reached(exchange, RIGHT_CONFIGURE, exchange->tenant);
}

bool types_may_change(struct exchange *exchange)
{
    if (types_changeable(exchange))
        return true;
    answer_forbidden(exchange, RIGHT_CONFIGURE, bytes_text("$tenant/types"));
    return false;
}

uint32_t asset_type_of(struct exchange *exchange, struct bytes name)
{
    return types_seen(exchange) || types_changeable(exchange)
               ? assets_type_find(assets_of(exchange), exchange->tenant, name)
               : TYPE_NONE;
}

bool type_is(const struct assets *assets, uint32_t type, uint32_t wanted)
{
    struct type_view view;
    for (int i = 0; i <= ASSET_DEPTH_MAX && type != TYPE_NONE; i++) {
        if (type == wanted)
            return true;
        assets_type(assets, type, &view);
        type = view.parent;
    }
    return false;
}

enum handled answer_no_type(struct exchange *exchange, struct bytes name)
{
    return answer_problem(exchange, 404, "unknown_type", "no such asset type",
                          "no type is called \"%.*s\"; GET /v1/types lists them", detail_size(name),
                          (const char *)name.at);
}

/* ---- assets ------------------------------------------------------------------------------------
 */
bool asset_may(struct exchange *exchange, enum access_right right, uint32_t asset)
{
    struct asset_view view;
    uint8_t path[PATH_MAX_BYTES];
    assets_asset(assets_of(exchange), asset, &view);
    if (exchange->web->config.access == NULL)
        return true;
    size_t size = assets_branch(assets_of(exchange), asset, path);
    return size > 0 && exchange_may(exchange, right, view.tenant, bytes_of(path, size));
}

bool asset_seen(struct exchange *exchange, uint32_t asset)
{
    return asset_may(exchange, RIGHT_SEE, asset);
}

enum namespace_sight asset_sight(struct exchange *exchange, uint32_t asset)
{
    struct asset_view view;
    uint8_t path[PATH_MAX_BYTES];
    if (exchange->web->config.access == NULL)
        return NAMESPACE_OPEN;
    assets_asset(assets_of(exchange), asset, &view);
    size_t size = assets_branch(assets_of(exchange), asset, path);
    return size == 0 ? NAMESPACE_HIDDEN
                     : exchange_sight(exchange, view.tenant, bytes_of(path, size));
}

#define PARTS_LOOKED_AT 256u

void put_parts(struct exchange *exchange, const struct asset_view *view)
{
    const struct assets *assets = assets_of(exchange);
    uint64_t seen = 0;
    if (tenant_seen_whole(exchange, view->tenant)) {
        json_member_count(&exchange->json, "parts", view->parts);
        return;
    }
    if (view->parts > PARTS_LOOKED_AT) {
        json_member_null(&exchange->json, "parts");
        return;
    }
    uint32_t part = view->parts > 0 ? assets_first(assets, view->tenant, view->asset) : ASSET_NONE;
    for (; part != ASSET_NONE; part = assets_next(assets, part))
        seen += asset_sight(exchange, part) != NAMESPACE_HIDDEN;
    json_member_count(&exchange->json, "parts", seen);
}

uint32_t asset_of(struct exchange *exchange, struct bytes path)
{
    uint32_t asset = assets_find(assets_of(exchange), exchange->tenant, path);
    return asset != ASSET_NONE && asset_seen(exchange, asset) ? asset : ASSET_NONE;
}

bool asset_is_below(const struct assets *assets, uint32_t asset, uint32_t above)
{
    struct asset_view view;
    for (int i = 0; i <= ASSET_DEPTH_MAX && asset != ASSET_NONE; i++) {
        if (asset == above)
            return true;
        assets_asset(assets, asset, &view);
        asset = view.parent;
    }
    return false;
}

enum handled answer_no_asset(struct exchange *exchange, struct bytes path)
{
    return answer_problem(exchange, 404, "unknown_asset", "no such asset",
                          "\"%.*s\" is the path of no asset that you may see; GET "
                          "/v1/assets?contains= searches",
                          detail_size(path), (const char *)path.at);
}

void put_asset_path(struct exchange *exchange, const char *name, uint32_t asset)
{
    uint8_t path[PATH_MAX_BYTES];
    size_t size = asset != ASSET_NONE ? assets_path(assets_of(exchange), asset, path) : 0;
    put_text(&exchange->json, name, bytes_of(path, size));
}

bool asset_item_is_told(struct exchange *exchange, const struct asset_item *item,
                        enum item_kind kind)
{
    return item->kind == kind &&
           (kind != ITEM_BINDING || exchange_sees(exchange, exchange->tenant, item->text));
}

/* ---- words -------------------------------------------------------------------------------------
 */
unsigned asset_level_parse(struct bytes word)
{
    for (unsigned level = ASSET_ENTERPRISE; level <= ASSET_DEVICE; level++)
        if (bytes_equal(word, bytes_text(asset_level_word(level))))
            return level;
    return 0;
}

void put_level(struct json_writer *json, unsigned level)
{
    const char *word = asset_level_word(level);
    put_text(json, "level", bytes_text(word != NULL ? word : ""));
}

bool wish_level(struct wish *wish, unsigned *ret_level)
{
    struct bytes word;
    if (!wish_text(wish, "level", 1, 32, &word))
        return false;
    *ret_level = asset_level_parse(word);
    if (*ret_level == 0)
        wish_fault(wish, "level", "enterprise, site, area, line, unit or device");
    return true;
}
