/* Any facts of the facts lane, one after the other, over a few rows: nothing they say can make the
 * reducer fail, and what they leave is whole: a rebuild accepts it, it is the same afterwards, and
 * so is what is asked of it. What a door would refuse by the form alone is refused. */
#include "model/assets/assets.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

#define ROWS 5
#define NUMBERS 24 /* few, so that they meet */

static const struct assets_limits limits = {
    .types_max = 16, .assets_max = 32, .versions_max = 128, .texts_bytes_max = 65536};

struct fuzz {
    struct state *state;
    struct points *points;
    struct assets *assets;
    struct effects effects;
    struct record_stamp stamp;
};

/* Rows of two metrics; the last is another tenant's. */
static void fuzz_row(struct fuzz *fuzz, uint32_t row)
{
    static const char *const prefixes[ROWS] = {"a", "a/b", "a/b/c", "b", "a/b"};
    const struct fact_row_point columns[] = {{VALUE_FLOAT64, bytes_text("temp")},
                                             {VALUE_FLOAT64, bytes_text("m/flow")}};
    struct fact fact = {.kind = FACT_ROW,
                        .row = {.tenant = row == ROWS - 1 ? 2 : TENANT_DEFAULT,
                                .shape = {row + 1, row * 2 + 1, 2},
                                .object = true,
                                .prefix = bytes_text(prefixes[row]),
                                .points = columns}};
    check(points_apply_fact(fuzz->points, &fact, &fuzz->stamp, &fuzz->effects) == OK);
    check(assets_row_new(fuzz->assets, row + 1) == OK);
}

static uint64_t mix(uint64_t seen, uint64_t what)
{
    return (seen ^ what) * UINT64_C(0x9e3779b97f4a7c15);
}

static uint64_t sheet_look(const struct fuzz *fuzz, uint32_t asset, int64_t wall_ns)
{
    struct sheet_cursor cursor = {0};
    struct asset_item item;
    uint64_t seen = 0;
    while (assets_sheet_next(fuzz->assets, asset, wall_ns, &cursor, &item)) {
        check(item.name.size > 0 && item.kind >= ITEM_ATTRIBUTE && item.kind <= ITEM_RELATION);
        check(item.from <= assets_types(fuzz->assets));
        seen = mix(seen, item.from + item.name.size + item.kind);
        seen = mix(seen, assets_point(fuzz->assets, asset, item.name));
    }
    return seen;
}

static uint64_t asset_look(const struct fuzz *fuzz, uint32_t asset)
{
    uint8_t path[PATH_MAX_BYTES];
    struct asset_view view, then;
    assets_asset(fuzz->assets, asset, &view);
    size_t size = assets_path(fuzz->assets, asset, path);
    uint32_t found = assets_find(fuzz->assets, view.tenant, bytes_of(path, size));
    check(view.retired ? found != asset : found == asset || size == 0);
    check(view.name.size > 0 && view.level <= ASSET_DEVICE);
    uint64_t seen = mix(view.version, sheet_look(fuzz, asset, INT64_MAX));
    seen = mix(seen, assets_branch(fuzz->assets, asset, path));
    for (uint32_t version = 1; version <= view.version; version++) {
        check(assets_asset_version(fuzz->assets, asset, version, &then));
        check(then.version == version);
        seen = mix(seen, then.position + sheet_look(fuzz, asset, then.wall_ns));
    }
    uint32_t parts = 0;
    for (uint32_t part = assets_first(fuzz->assets, view.tenant, asset); part != ASSET_NONE;
         part = assets_next(fuzz->assets, part))
        parts++;
    check(parts == view.parts);
    return seen;
}

static uint64_t fuzz_look(const struct fuzz *fuzz)
{
    uint64_t seen = 0;
    for (uint32_t type = 1; type <= assets_types(fuzz->assets); type++) {
        struct type_view view;
        uint32_t of_type = 0;
        assets_type(fuzz->assets, type, &view);
        check((assets_type_find(fuzz->assets, view.tenant, view.name) == type) == !view.removed);
        for (uint32_t asset = assets_of_type_first(fuzz->assets, type); asset != ASSET_NONE;
             asset = assets_of_type_next(fuzz->assets, asset))
            of_type++;
        check(of_type == view.assets);
        seen = mix(seen, view.version + assets_likeness(fuzz->assets, 1, type));
    }
    for (uint32_t asset = 1; asset <= assets_count(fuzz->assets); asset++)
        seen = mix(seen, asset_look(fuzz, asset));
    for (uint32_t point = 1; point <= ROWS * 2; point++) {
        struct bytes metric;
        uint32_t asset = assets_of_point(fuzz->assets, point, &metric);
        check(asset == ASSET_NONE || assets_point(fuzz->assets, asset, metric) == point);
        seen = mix(seen, asset);
    }
    for (uint32_t tenant = 1; tenant <= 2; tenant++) {
        uint32_t waiting = 0;
        for (uint32_t row = assets_inbox_next(fuzz->assets, tenant, 0); row != ROW_NONE;
             row = assets_inbox_next(fuzz->assets, tenant, row))
            waiting++;
        check(waiting == assets_inbox_count(fuzz->assets, tenant));
        seen = mix(seen, waiting);
    }
    return seen;
}

static void fuzz_apply(struct fuzz *fuzz, struct fact *fact)
{
    struct asset_effects effects = {0};
    struct command *command = &fact->command;
    if (fact->kind == FACT_MODULE) {
        command->module.number %= NUMBERS;
        command->tenant = 1 + command->tenant % 2;
    }
    fuzz->stamp.position++;
    fuzz->stamp.wall_ns += NS_PER_S;
    check(assets_apply_fact(fuzz->assets, fact, &fuzz->stamp, &effects) == OK);
    if (fact->kind == FACT_MODULE && command_module(command->kind) == MODULE_ASSETS &&
        asset_form_fault((enum command_kind)command->kind, command->module.number,
                         command->module.form) != NULL)
        check(effects.outcome.code != OUTCOME_DONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static struct fact_storage storage;
    struct fuzz fuzz = {.stamp = {.position = 1, .engine_ns = 1, .wall_ns = 1}};
    struct fact fact;
    size_t offset = 0;
    check(state_create(&fuzz.state) == OK);
    check(points_create(fuzz.state, &points_limits_default, &fuzz.points) == OK);
    check(assets_create(fuzz.state, &limits, fuzz.points, &fuzz.assets) == OK);
    for (uint32_t row = 0; row < ROWS; row++)
        fuzz_row(&fuzz, row);
    while (facts_read(bytes_of(at, size), &offset, &storage, &fact) == OK)
        fuzz_apply(&fuzz, &fact);
    uint64_t hash = state_hash(fuzz.state), seen = fuzz_look(&fuzz);
    check(points_rebuild(fuzz.points) == OK);
    check(assets_rebuild(fuzz.assets) == OK && state_hash(fuzz.state) == hash);
    check(fuzz_look(&fuzz) == seen);
    assets_destroy(fuzz.assets);
    points_destroy(fuzz.points);
    state_destroy(fuzz.state);
    return 0;
}
