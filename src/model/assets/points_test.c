/* Which asset a point belongs to, and the inbox. */
#include "model/assets/fixture.h"

static void assert_owner(struct fixture *f, const char *path, uint32_t asset, const char *metric)
{
    struct bytes found;
    uint32_t point = fixture_point(f, path);
    assert_true(point != POINT_NONE);
    assert_int_equal(assets_of_point(f->assets, point, &found), asset);
    assert_text(found, metric);
    if (asset != ASSET_NONE)
        assert_int_equal(assets_point(f->assets, asset, found), point);
}

static void test_points_below_the_path_of_names(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_row(&f, "acme/north/pump-3", "temp flow motor/current odd", true);
    assert_owner(&f, "acme/north/pump-3/temp", ASSET_NONE, "");
    uint32_t base = new_type(&f, "machine", TYPE_NONE, "temp");
    uint32_t pump = new_type(&f, "pump", base, "flow motor/current");
    uint32_t acme = new_asset(&f, "acme", ASSET_NONE, TYPE_NONE);
    uint32_t north = new_asset(&f, "north", acme, TYPE_NONE);
    uint32_t asset = new_asset(&f, "pump-3", north, pump);
    assert_true(f.effects.points_changed && !f.effects.many_changed);
    assert_int_equal(f.effects.asset, asset);
    assert_owner(&f, "acme/north/pump-3/temp", asset, "temp");
    assert_owner(&f, "acme/north/pump-3/flow", asset, "flow");
    assert_owner(&f, "acme/north/pump-3/motor/current", asset, "motor/current");
    assert_owner(&f, "acme/north/pump-3/odd", ASSET_NONE, "");
    fixture_close(&f);
}

static void test_the_longest_branch_wins(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_row(&f, "plc/7", "temp pump/temp pump/flow", true);
    uint32_t wide = new_type(&f, "wide", TYPE_NONE, "temp pump/temp pump/flow");
    uint32_t narrow = new_type(&f, "narrow", TYPE_NONE, "temp");
    say_text(&f, ASSET_TAG_BRANCH, "plc/7");
    uint32_t cabinet = new_asset(&f, "cabinet", ASSET_NONE, wide);
    assert_owner(&f, "plc/7/pump/temp", cabinet, "pump/temp");
    say_text(&f, ASSET_TAG_BRANCH, "plc/7/pump");
    uint32_t pump = new_asset(&f, "pump", ASSET_NONE, narrow);
    assert_owner(&f, "plc/7/temp", cabinet, "temp");
    assert_owner(&f, "plc/7/pump/temp", pump, "temp");
    assert_owner(&f, "plc/7/pump/flow", cabinet, "pump/flow"); /* no metric of the pump */
    assert_int_equal(assets_above_path(f.assets, 1, bytes_text("plc/7/pump/flow")), pump);
    assert_int_equal(assets_above_path(f.assets, 1, bytes_text("plc/7/x/y")), cabinet);
    assert_int_equal(assets_above_path(f.assets, 1, bytes_text("plc/7")), ASSET_NONE);
    assert_int_equal(assets_above_path(f.assets, 2, bytes_text("plc/7/x/y")), ASSET_NONE);
    /* Two on one branch: the lower number, where it has the metric. */
    say_text(&f, ASSET_TAG_BRANCH, "plc/7");
    uint32_t second = new_asset(&f, "second", ASSET_NONE, narrow);
    assert_owner(&f, "plc/7/temp", cabinet, "temp");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, cabinet)), OUTCOME_DONE);
    assert_owner(&f, "plc/7/temp", second, "temp");
    assert_owner(&f, "plc/7/pump/flow", ASSET_NONE, "");
    fixture_close(&f);
}

static void test_bindings(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_row(&f, "hall/pump", "temp flow", true);
    fixture_row(&f, "hall", "ambient", false);
    uint32_t type = new_type(&f, "pump", TYPE_NONE, "temp flow");
    say_text(&f, ASSET_TAG_BRANCH, "hall/pump");
    say_item(&f, ITEM_BINDING, "temp", "hall/ambient");
    uint32_t pump = new_asset(&f, "p", ASSET_NONE, type);
    assert_owner(&f, "hall/ambient", pump, "temp");
    assert_owner(&f, "hall/pump/temp", ASSET_NONE, ""); /* its temp is elsewhere */
    assert_owner(&f, "hall/pump/flow", pump, "flow");
    say_item(&f, ITEM_BINDING, "around", "hall/ambient");
    uint32_t other = new_asset(&f, "q", ASSET_NONE, TYPE_NONE);
    assert_owner(&f, "hall/ambient", pump, "temp"); /* the lower number */
    assert_int_equal(assets_point(f.assets, other, bytes_text("around")),
                     fixture_point(&f, "hall/ambient"));
    say_number(&f, ASSET_TAG_NO_ITEMS, 1);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_SET, pump)), OUTCOME_DONE);
    assert_owner(&f, "hall/ambient", other, "around");
    assert_owner(&f, "hall/pump/temp", pump, "temp");
    say_item(&f, ITEM_BINDING, "temp", "hall/nothing");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_SET, pump)), OUTCOME_DONE);
    assert_int_equal(assets_point(f.assets, pump, bytes_text("temp")), POINT_NONE);
    assert_int_equal(assets_point(f.assets, pump, bytes_text("no metric")), POINT_NONE);
    say_item(&f, ITEM_BINDING, "temp", "hall/ambient");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_SET, pump)), OUTCOME_DONE);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, pump)), OUTCOME_DONE);
    assert_false(f.effects.many_changed);
    assert_owner(&f, "hall/ambient", other, "around");
    assert_int_equal(assets_point(f.assets, pump, bytes_text("temp")), /* where it was */
                     fixture_point(&f, "hall/ambient"));
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, other)), OUTCOME_DONE);
    assert_true(f.effects.many_changed); /* around is no metric of a type */
    assert_int_equal(assets_rebuild(f.assets), OK);
    fixture_close(&f);
}

static void test_tenants_points_and_moves(void **arg)
{
    (void)arg;
    struct fixture f;
    struct bytes metric;
    fixture_open(&f);
    fixture_row(&f, "a/x", "temp", true);
    fixture_row(&f, "b/x", "temp", true);
    uint32_t type = new_type(&f, "t", TYPE_NONE, "temp");
    uint32_t a = new_asset(&f, "a", ASSET_NONE, 0), x = new_asset(&f, "x", a, type);
    assert_owner(&f, "a/x/temp", x, "temp");
    f.tenant = 2;
    fixture_row(&f, "a/x", "temp", true);
    assert_int_equal(assets_of_point(f.assets, fixture_point(&f, "a/x/temp"), &metric), ASSET_NONE);
    f.tenant = TENANT_DEFAULT;
    say_text(&f, ASSET_TAG_NAME, "b");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_SET, a)), OUTCOME_DONE);
    assert_owner(&f, "a/x/temp", ASSET_NONE, "");
    assert_owner(&f, "b/x/temp", x, "temp");
    struct fact retire = {.kind = FACT_COMMAND,
                          .command = {.kind = COMMAND_RETIRE,
                                      .tenant = TENANT_DEFAULT,
                                      .path = bytes_text("b/x/temp")}};
    uint32_t point = fixture_point(&f, "b/x/temp");
    f.stamp.position++;
    assert_int_equal(points_apply_fact(f.points, &retire, &f.stamp, &f.point_effects), OK);
    assert_int_equal(assets_of_point(f.assets, point, &metric), ASSET_NONE);
    assert_int_equal(assets_point(f.assets, x, bytes_text("temp")), POINT_NONE);
    fixture_close(&f);
}

/* ---- inbox ----------------------------------------------------------------------------------- */
static void assert_inbox(struct fixture *f, const uint32_t *rows, uint32_t count)
{
    uint32_t row = 0;
    assert_int_equal(assets_inbox_count(f->assets, f->tenant), count);
    for (uint32_t i = 0; i < count; i++) {
        row = assets_inbox_next(f->assets, f->tenant, row);
        assert_int_equal(row, rows[i]);
    }
    assert_int_equal(assets_inbox_next(f->assets, f->tenant, row), ROW_NONE);
}

static void test_the_inbox(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t a = fixture_row(&f, "acme/a", "temp", true),
             b = fixture_row(&f, "acme/b", "temp", true);
    fixture_row(&f, "acme/c", "temp", false);         /* single values */
    fixture_row(&f, "acme/a", "flow pressure", true); /* the same device says more */
    uint32_t below = fixture_row(&f, "acme/a/motor", "current", true);
    assert_inbox(&f, (uint32_t[]){a, b, below}, 3);
    uint32_t acme = new_asset(&f, "acme", ASSET_NONE, TYPE_NONE);
    assert_inbox(&f, (uint32_t[]){a, b, below}, 3);
    uint32_t of_a = new_asset(&f, "a", acme, TYPE_NONE); /* adopted by its name */
    assert_inbox(&f, (uint32_t[]){b, below}, 2);
    say_text(&f, ASSET_TAG_BRANCH, "acme/b");
    uint32_t of_b = new_asset(&f, "z", ASSET_NONE, TYPE_NONE); /* by its branch */
    assert_inbox(&f, (uint32_t[]){below}, 1);
    say_text(&f, ASSET_TAG_NAME, "other"); /* what is named below moves away; a branch stays */
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_SET, acme)), OUTCOME_DONE);
    assert_inbox(&f, (uint32_t[]){a, below}, 2);
    say_text(&f, ASSET_TAG_NAME, "acme");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_SET, acme)), OUTCOME_DONE);
    assert_inbox(&f, (uint32_t[]){below}, 1);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, of_a)), OUTCOME_DONE);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, of_b)), OUTCOME_DONE);
    assert_inbox(&f, (uint32_t[]){a, b, below}, 3);
    f.tenant = 2;
    assert_inbox(&f, NULL, 0);
    assert_int_equal(assets_rebuild(f.assets), OK);
    f.tenant = TENANT_DEFAULT;
    assert_inbox(&f, (uint32_t[]){a, b, below}, 3);
    fixture_close(&f);
}

/* More than the two levels of bits hold in one word. */
static void test_an_inbox_of_many(void **arg)
{
    (void)arg;
    struct fixture f;
    char prefix[16];
    enum { DEVICES = 9000 };
    fixture_open(&f);
    for (unsigned i = 1; i <= DEVICES; i++) {
        snprintf(prefix, sizeof prefix, "d%u", i);
        fixture_row(&f, prefix, "temp", true);
    }
    assert_int_equal(assets_inbox_count(f.assets, f.tenant), DEVICES);
    for (unsigned i = 1; i <= DEVICES; i++) {
        snprintf(prefix, sizeof prefix, "d%u", i);
        if (i != 1 && i != 64 && i != 65 && i != 4096 && i != 4097 && i != 8999)
            new_asset(&f, prefix, ASSET_NONE, TYPE_NONE);
    }
    assert_inbox(&f, (uint32_t[]){1, 64, 65, 4096, 4097, 8999}, 6);
    fixture_close(&f);
}

/* An asset with more below it than is looked at at once gets another name. */
static void test_a_walk_through_the_inbox(void **arg)
{
    (void)arg;
    struct fixture f;
    char name[16], prefix[24];
    enum { DEVICES = 1300 };
    fixture_open(&f);
    uint32_t top = new_asset(&f, "top", ASSET_NONE, TYPE_NONE);
    for (unsigned i = 1; i <= DEVICES; i++) {
        snprintf(name, sizeof name, "d%u", i);
        snprintf(prefix, sizeof prefix, "%s/%s", i % 2 ? "top" : "other", name);
        fixture_row(&f, prefix, "temp", true);
        if (i <= 256)
            new_asset(&f, name, top, TYPE_NONE);
    }
    assert_int_equal(assets_inbox_count(f.assets, f.tenant), DEVICES - 128);
    say_text(&f, ASSET_TAG_NAME, "other"); /* 256 parts: at once */
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_SET, top)), OUTCOME_DONE);
    assert_int_equal(assets_walk_left(f.assets), 0);
    assert_int_equal(assets_inbox_count(f.assets, f.tenant), DEVICES - 128);
    assert_int_equal(assets_inbox_next(f.assets, f.tenant, 0), 1);
    new_asset(&f, "d258", top, TYPE_NONE);
    assert_int_equal(assets_inbox_count(f.assets, f.tenant), DEVICES - 129);
    say_text(&f, ASSET_TAG_NAME, "top");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_SET, top)), OUTCOME_DONE);
    assert_int_equal(assets_walk_left(f.assets), DEVICES);
    fixture_row(&f, "late", "temp", true);
    assert_int_equal(assets_walk_left(f.assets), DEVICES + 1);
    assets_walk(f.assets);
    assert_int_equal(assets_walk_left(f.assets), DEVICES + 1 - ASSETS_WALK_ROWS);
    while (assets_walk_left(f.assets) > 0)
        assets_walk(f.assets);
    assert_int_equal(assets_inbox_count(f.assets, f.tenant), DEVICES + 1 - 128);
    assert_int_equal(assets_inbox_next(f.assets, f.tenant, 0), 2);
    assets_walk(f.assets); /* nothing is left to do */
    fixture_row(&f, "later", "temp", true);
    assert_int_equal(assets_walk_left(f.assets), 0);
    fixture_close(&f);
}

static void test_likeness(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t row = fixture_row(&f, "a", "temp flow odd", true);
    uint32_t base = new_type(&f, "base", TYPE_NONE, "temp");
    uint32_t same = new_type(&f, "same", base, "flow odd");
    uint32_t half = new_type(&f, "half", TYPE_NONE, "temp flow pressure");
    uint32_t none = new_type(&f, "none", TYPE_NONE, "x y"),
             empty = new_type(&f, "e", TYPE_NONE, "");
    assert_int_equal(assets_likeness(f.assets, row, same), 1000);
    assert_int_equal(assets_likeness(f.assets, row, half), 500); /* 2 of 4 */
    assert_int_equal(assets_likeness(f.assets, row, base), 333);
    assert_int_equal(assets_likeness(f.assets, row, none), 0);
    assert_int_equal(assets_likeness(f.assets, row, empty), 0);
    fixture_row(&f, "a", "pressure", true);                      /* the device says more */
    assert_int_equal(assets_likeness(f.assets, row, half), 750); /* 3 of 4 */
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points_below_the_path_of_names),
        cmocka_unit_test(test_the_longest_branch_wins),
        cmocka_unit_test(test_bindings),
        cmocka_unit_test(test_tenants_points_and_moves),
        cmocka_unit_test(test_the_inbox),
        cmocka_unit_test(test_an_inbox_of_many),
        cmocka_unit_test(test_a_walk_through_the_inbox),
        cmocka_unit_test(test_likeness),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
