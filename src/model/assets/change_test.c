/* Assets: what their commands do, the tree, limits. */
#include "model/assets/fixture.h"

static enum outcome_code change(struct fixture *f, uint32_t asset)
{
    return fixture_do(f, COMMAND_ASSET_SET, asset).code;
}

static void assert_path(struct fixture *f, uint32_t asset, const char *expected)
{
    uint8_t path[PATH_MAX_BYTES];
    assert_text(bytes_of(path, assets_path(f->assets, asset, path)), expected);
    assert_int_equal(assets_find(f->assets, f->tenant, bytes_text(expected)), asset);
}

static void test_an_asset_is_made_and_changed(void **arg)
{
    (void)arg;
    struct fixture f;
    struct asset_view view;
    uint8_t bytes[64], path[PATH_MAX_BYTES];
    struct form_writer place = {.at = bytes, .capacity = sizeof bytes};
    fixture_open(&f);
    uint32_t site = new_asset(&f, "north", new_asset(&f, "acme", ASSET_NONE, TYPE_NONE), TYPE_NONE);
    form_put_real(&place, PLACE_TAG_LONGITUDE, 8.5);
    form_put_real(&place, PLACE_TAG_LATITUDE, 47.4);
    form_put_integer(&place, PLACE_TAG_FLOOR, -1);
    form_put_form(&f.form, ASSET_TAG_PLACE, bytes_of(place.at, place.size));
    say_text(&f, ASSET_TAG_TITLE, "Pump 3");
    say_text(&f, ASSET_TAG_BRANCH, "plc/7");
    say_number(&f, ASSET_TAG_LEVEL, ASSET_DEVICE);
    uint32_t pump = new_asset(&f, "pump-3", site, TYPE_NONE);
    assets_asset(f.assets, pump, &view);
    assert_text(view.name, "pump-3");
    assert_text(view.title, "Pump 3");
    assert_text(view.branch, "plc/7");
    assert_int_equal(view.parent, site);
    assert_int_equal(view.level, ASSET_DEVICE);
    assert_true(view.has_map && view.has_floor && !view.has_plan);
    assert_true(view.longitude == 8.5 && view.latitude == 47.4 && view.floor == -1);
    assert_int_equal(view.position, f.stamp.position);
    assert_path(&f, pump, "acme/north/pump-3");
    assert_text(bytes_of(path, assets_branch(f.assets, pump, path)), "plc/7");
    say_text(&f, ASSET_TAG_BRANCH, "");
    form_put_form(&f.form, ASSET_TAG_PLACE, bytes_of("", 0));
    assert_int_equal(change(&f, pump), OUTCOME_DONE);
    assets_asset(f.assets, pump, &view);
    assert_true(!view.has_map && !view.has_floor && view.longitude == 0);
    assert_text(view.title, "Pump 3");
    assert_text(bytes_of(path, assets_branch(f.assets, pump, path)), "acme/north/pump-3");
    fixture_close(&f);
}

static void test_the_tree(void **arg)
{
    (void)arg;
    struct fixture f;
    struct asset_view view;
    fixture_open(&f);
    uint32_t a = new_asset(&f, "a", ASSET_NONE, 0), b = new_asset(&f, "b", ASSET_NONE, 0);
    uint32_t x = new_asset(&f, "x", a, 0), y = new_asset(&f, "y", a, 0),
             z = new_asset(&f, "z", x, 0);
    assert_int_equal(assets_first(f.assets, f.tenant, ASSET_NONE), a);
    assert_int_equal(assets_next(f.assets, a), b);
    assert_int_equal(assets_first(f.assets, f.tenant, a), x);
    assert_int_equal(assets_next(f.assets, x), y);
    assert_int_equal(assets_first(f.assets, 2, ASSET_NONE), ASSET_NONE);
    say_number(&f, ASSET_TAG_PARENT, b);
    assert_int_equal(change(&f, x), OUTCOME_DONE); /* with what is below it */
    assert_path(&f, z, "b/x/z");
    assert_int_equal(assets_find(f.assets, f.tenant, bytes_text("a/x/z")), ASSET_NONE);
    assert_int_equal(assets_first(f.assets, f.tenant, a), y);
    assets_asset(f.assets, a, &view);
    assert_int_equal(view.parts, 1);
    say_text(&f, ASSET_TAG_NAME, "c");
    assert_int_equal(change(&f, b), OUTCOME_DONE);
    assert_path(&f, z, "c/x/z");
    assert_true(f.effects.many_changed);
    say_number(&f, ASSET_TAG_PARENT, ASSET_NONE);
    assert_int_equal(change(&f, x), OUTCOME_DONE);
    assert_path(&f, z, "x/z");
    static const char *const nowhere[] = {"", "/", "x/", "/x", "x//z", "x/z/y"};
    for (size_t i = 0; i < ARRAY_COUNT(nowhere); i++)
        assert_int_equal(assets_find(f.assets, f.tenant, bytes_text(nowhere[i])), ASSET_NONE);
    fixture_close(&f);
}

static void test_refusals(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t a = new_asset(&f, "a", ASSET_NONE, 0), b = new_asset(&f, "b", a, 0);
    new_asset(&f, "a", a, 0); /* another parent */
    f.tenant = 2;
    uint32_t theirs = new_asset(&f, "a", ASSET_NONE, 0), type = new_type(&f, "t", TYPE_NONE, "");
    f.tenant = TENANT_DEFAULT;
    uint64_t hash = state_hash(f.state);
    say_text(&f, ASSET_TAG_NAME, "a");
    assert_int_equal(change(&f, ASSET_NONE), OUTCOME_NAME_TAKEN);
    say_number(&f, ASSET_TAG_PARENT, ASSET_NONE);
    say_text(&f, ASSET_TAG_NAME, "a");
    assert_int_equal(change(&f, b), OUTCOME_NAME_TAKEN);
    say_text(&f, ASSET_TAG_NAME, "#");
    assert_int_equal(change(&f, ASSET_NONE), OUTCOME_NAME_INVALID);
    say_number(&f, ASSET_TAG_PARENT, b);
    assert_int_equal(change(&f, a), OUTCOME_ASSET_INVALID); /* a circle */
    say_number(&f, ASSET_TAG_PARENT, theirs);
    assert_int_equal(change(&f, b), OUTCOME_UNKNOWN_ASSET);
    say_number(&f, ASSET_TAG_PARENT, 99);
    assert_int_equal(change(&f, b), OUTCOME_UNKNOWN_ASSET);
    say_number(&f, ASSET_TAG_TYPE, type);
    assert_int_equal(change(&f, b), OUTCOME_UNKNOWN_TYPE);
    say_relation(&f, "feeds", theirs);
    assert_int_equal(change(&f, b), OUTCOME_UNKNOWN_ASSET);
    say_relation(&f, "feeds", b);
    assert_int_equal(change(&f, b), OUTCOME_ASSET_INVALID);
    say_text(&f, ASSET_TAG_TITLE, "mine");
    assert_int_equal(change(&f, theirs), OUTCOME_UNKNOWN_ASSET);
    say_text(&f, ASSET_TAG_TITLE, "mine");
    assert_int_equal(change(&f, 99), OUTCOME_UNKNOWN_ASSET);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, a)), OUTCOME_ASSET_HAS_PARTS);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, theirs)), OUTCOME_UNKNOWN_ASSET);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, 0)), OUTCOME_ASSET_INVALID);
    assert_true(state_hash(f.state) == hash);
    fixture_close(&f);
}

static void test_what_types_want(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    say_text(&f, ASSET_TAG_NAME, "base");
    say_attribute(&f, "serial", VALUE_INT64, "", true);
    say_attribute(&f, "maker", VALUE_STRING, "", true);
    uint32_t base = fixture_do(&f, COMMAND_TYPE_SET, 0).number;
    say_text(&f, ASSET_TAG_NAME, "kind");
    say_number(&f, ASSET_TAG_PARENT, base);
    say_attribute(&f, "maker", VALUE_STRING, "we", false); /* not required any more */
    uint32_t kind = fixture_do(&f, COMMAND_TYPE_SET, 0).number;
    say_text(&f, ASSET_TAG_NAME, "x");
    say_number(&f, ASSET_TAG_TYPE, kind);
    assert_int_equal(change(&f, ASSET_NONE), OUTCOME_ASSET_INVALID);
    say_text(&f, ASSET_TAG_NAME, "x");
    say_number(&f, ASSET_TAG_TYPE, kind);
    say_attribute(&f, "serial", VALUE_STRING, "", false);
    assert_int_equal(change(&f, ASSET_NONE), OUTCOME_ASSET_INVALID);
    say_attribute(&f, "serial", VALUE_STRING, "twelve", false);
    say_text(&f, ASSET_TAG_NAME, "x");
    say_number(&f, ASSET_TAG_TYPE, kind);
    assert_int_equal(change(&f, ASSET_NONE), OUTCOME_ASSET_INVALID);
    say_attribute(&f, "serial", VALUE_STRING, "12", false);
    uint32_t x = new_asset(&f, "x", ASSET_NONE, kind);
    say_number(&f, ASSET_TAG_TYPE, base);
    assert_int_equal(change(&f, x), OUTCOME_ASSET_INVALID); /* the maker is missing */
    say_number(&f, ASSET_TAG_NO_ITEMS, 1);
    assert_int_equal(change(&f, x), OUTCOME_ASSET_INVALID);
    /* A type may come to want what its assets do not say: they stay as they are. */
    say_attribute(&f, "serial", VALUE_INT64, "", true);
    say_attribute(&f, "more", VALUE_INT64, "", true);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, base)), OUTCOME_DONE);
    say_text(&f, ASSET_TAG_TITLE, "X");
    assert_int_equal(change(&f, x), OUTCOME_DONE);
    say_attribute(&f, "serial", VALUE_INT64, "13", false);
    assert_int_equal(change(&f, x), OUTCOME_ASSET_INVALID);
    fixture_close(&f);
}

static void test_a_retired_asset(void **arg)
{
    (void)arg;
    struct fixture f;
    struct asset_view view;
    uint8_t path[PATH_MAX_BYTES];
    fixture_open(&f);
    uint32_t a = new_asset(&f, "a", ASSET_NONE, 0), x = new_asset(&f, "x", a, 0);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, x)), OUTCOME_DONE);
    assert_true(f.effects.points_changed);
    assert_int_equal(f.effects.asset, x);
    assets_asset(f.assets, x, &view);
    assert_true(view.retired);
    assert_text(view.name, "x");
    assert_int_equal(view.version, 2);
    assert_text(bytes_of(path, assets_path(f.assets, x, path)), "a/x");
    assert_int_equal(assets_find(f.assets, f.tenant, bytes_text("a/x")), ASSET_NONE);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, x)), OUTCOME_UNKNOWN_ASSET);
    uint32_t again = new_asset(&f, "x", a, 0);
    assert_int_equal(again, x + 1);
    assert_path(&f, again, "a/x");
    assert_int_equal(assets_count(f.assets), again);
    fixture_close(&f);
}

static void test_depth(void **arg)
{
    (void)arg;
    struct fixture f;
    char name[8];
    uint32_t assets[ASSET_DEPTH_MAX];
    fixture_open(&f);
    for (unsigned i = 0; i < ASSET_DEPTH_MAX; i++) {
        snprintf(name, sizeof name, "a%u", i);
        assets[i] = new_asset(&f, name, i == 0 ? ASSET_NONE : assets[i - 1], 0);
    }
    say_text(&f, ASSET_TAG_NAME, "deeper");
    say_number(&f, ASSET_TAG_PARENT, assets[ASSET_DEPTH_MAX - 1]);
    assert_int_equal(change(&f, ASSET_NONE), OUTCOME_ASSET_INVALID);
    uint32_t top = new_asset(&f, "top", ASSET_NONE, 0);
    say_number(&f, ASSET_TAG_PARENT, top);
    assert_int_equal(change(&f, assets[0]), OUTCOME_ASSET_INVALID);
    /* What became lower may be moved. */
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, assets[ASSET_DEPTH_MAX - 1])),
                     OUTCOME_DONE);
    say_number(&f, ASSET_TAG_PARENT, top);
    assert_int_equal(change(&f, assets[0]), OUTCOME_DONE);
    fixture_close(&f);
}

static void test_a_path_that_is_too_long(void **arg)
{
    (void)arg;
    struct fixture f;
    char name[ASSET_NAME_MAX + 1];
    uint8_t path[PATH_MAX_BYTES];
    uint32_t asset = ASSET_NONE;
    fixture_open(&f);
    memset(name, 'x', ASSET_NAME_MAX);
    name[ASSET_NAME_MAX] = 0;
    for (unsigned i = 0; i < 15; i++)
        asset = new_asset(&f, name, asset, 0);
    assert_int_equal(assets_path(f.assets, asset, path), 15 * (ASSET_NAME_MAX + 1) - 1);
    name[PATH_MAX_BYTES - 15 * (ASSET_NAME_MAX + 1)] = 0;
    uint32_t last = new_asset(&f, name, asset, 0);
    assert_int_equal(assets_path(f.assets, last, path), PATH_MAX_BYTES);
    strcat(name, "x");
    last = new_asset(&f, name, asset, 0);
    assert_int_equal(assets_path(f.assets, last, path), 0);
    assert_int_equal(assets_branch(f.assets, last, path), 0);
    fixture_close(&f);
}

static void test_what_effects_tell(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t type = new_type(&f, "t", TYPE_NONE, "temp");
    uint32_t a = new_asset(&f, "a", ASSET_NONE, TYPE_NONE);
    assert_true(f.effects.points_changed && !f.effects.many_changed);
    say_text(&f, ASSET_TAG_TITLE, "A");
    assert_int_equal(change(&f, a), OUTCOME_DONE);
    assert_true(!f.effects.points_changed && !f.effects.many_changed);
    say_number(&f, ASSET_TAG_TYPE, type); /* its first points */
    assert_int_equal(change(&f, a), OUTCOME_DONE);
    assert_true(f.effects.points_changed && !f.effects.many_changed);
    say_text(&f, ASSET_TAG_NAME, "b"); /* others than before */
    assert_int_equal(change(&f, a), OUTCOME_DONE);
    assert_true(f.effects.many_changed);
    say_text(&f, ASSET_TAG_BRANCH, "plc");
    assert_int_equal(change(&f, a), OUTCOME_DONE);
    assert_true(f.effects.many_changed);
    say_text(&f, ASSET_TAG_NAME, "c"); /* its branch stays where it is */
    assert_int_equal(change(&f, a), OUTCOME_DONE);
    assert_true(!f.effects.points_changed && !f.effects.many_changed);
    say_item(&f, ITEM_BINDING, "temp", "x/y");
    assert_int_equal(change(&f, a), OUTCOME_DONE);
    assert_true(f.effects.many_changed);
    say_item(&f, ITEM_BINDING, "temp", "x/y");
    say_attribute(&f, "maker", VALUE_STRING, "we", false);
    assert_int_equal(change(&f, a), OUTCOME_DONE);
    assert_true(!f.effects.points_changed && !f.effects.many_changed);
    fixture_close(&f);
}

/* ---- limits ---------------------------------------------------------------------------------- */
static void make_many(struct fixture *f, unsigned count)
{
    char name[16];
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%u-%u", f->tenant, i);
        new_asset(f, name, ASSET_NONE, 0);
    }
}

static void test_how_many_assets(void **arg)
{
    (void)arg;
    struct fixture f;
    struct assets_limits limits = assets_limits_default;
    limits.assets_max = 40;
    fixture_open_limited(&f, &limits);
    f.tenant = 2;
    make_many(&f, 4);
    say_text(&f, ASSET_TAG_NAME, "more");
    assert_int_equal(change(&f, ASSET_NONE), OUTCOME_ASSETS_FULL);
    f.tenant = TENANT_DEFAULT;
    make_many(&f, 36);
    say_text(&f, ASSET_TAG_NAME, "more");
    assert_int_equal(change(&f, ASSET_NONE), OUTCOME_ASSETS_FULL);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, 40)), OUTCOME_DONE);
    say_text(&f, ASSET_TAG_NAME, "more"); /* retired ones count */
    assert_int_equal(change(&f, ASSET_NONE), OUTCOME_ASSETS_FULL);
    assert_int_equal(assets_rebuild(f.assets), OK);
    fixture_close(&f);
}

static void test_how_many_versions(void **arg)
{
    (void)arg;
    struct fixture f;
    char title[8];
    struct assets_limits limits = assets_limits_default;
    limits.versions_max = 10;
    fixture_open_limited(&f, &limits);
    uint32_t a = new_asset(&f, "a", ASSET_NONE, 0);
    for (unsigned i = 0; i < 9; i++) {
        snprintf(title, sizeof title, "%u", i);
        say_text(&f, ASSET_TAG_TITLE, title);
        assert_int_equal(change(&f, a), OUTCOME_DONE);
    }
    say_text(&f, ASSET_TAG_TITLE, "more");
    assert_int_equal(change(&f, a), OUTCOME_ASSETS_FULL);
    say_text(&f, ASSET_TAG_TITLE, "8"); /* as it is */
    assert_int_equal(change(&f, a), OUTCOME_DONE);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, a)), OUTCOME_DONE);
    fixture_close(&f);
}

static void test_how_much_text(void **arg)
{
    (void)arg;
    struct fixture f;
    struct assets_limits limits = assets_limits_default;
    limits.texts_bytes_max = 3 * 8;
    fixture_open_limited(&f, &limits);
    f.author = "";
    say_text(&f, ASSET_TAG_TITLE, "seven b"); /* 2 + 7: two units, beside one of the name */
    say_text(&f, ASSET_TAG_NAME, "sixsix");
    assert_int_equal(change(&f, ASSET_NONE), OUTCOME_DONE);
    say_text(&f, ASSET_TAG_TITLE, "x");
    assert_int_equal(change(&f, 1), OUTCOME_ASSETS_FULL);
    say_text(&f, ASSET_TAG_TITLE, "");
    assert_int_equal(change(&f, 1), OUTCOME_DONE);
    assert_int_equal(assets_rebuild(f.assets), OK);
    fixture_close(&f);
}

static void test_how_many_share_a_branch(void **arg)
{
    (void)arg;
    struct fixture f;
    char name[16];
    fixture_open(&f);
    for (unsigned i = 0; i < ASSET_SHARERS_MAX; i++) {
        snprintf(name, sizeof name, "a%u", i);
        say_text(&f, ASSET_TAG_BRANCH, "plc/1");
        say_item(&f, ITEM_BINDING, "temp", "plc/2/temp");
        new_asset(&f, name, ASSET_NONE, 0);
    }
    say_text(&f, ASSET_TAG_NAME, "more");
    say_text(&f, ASSET_TAG_BRANCH, "plc/1");
    assert_int_equal(change(&f, ASSET_NONE), OUTCOME_ASSET_INVALID);
    say_text(&f, ASSET_TAG_NAME, "more");
    say_item(&f, ITEM_BINDING, "temp", "plc/2/temp");
    assert_int_equal(change(&f, ASSET_NONE), OUTCOME_ASSET_INVALID);
    say_text(&f, ASSET_TAG_TITLE, "it is one of them");
    assert_int_equal(change(&f, 1), OUTCOME_DONE);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, 1)), OUTCOME_DONE);
    say_text(&f, ASSET_TAG_BRANCH, "plc/1");
    say_item(&f, ITEM_BINDING, "temp", "plc/2/temp");
    new_asset(&f, "more", ASSET_NONE, 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_asset_is_made_and_changed),
        cmocka_unit_test(test_the_tree),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_what_types_want),
        cmocka_unit_test(test_a_retired_asset),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_a_path_that_is_too_long),
        cmocka_unit_test(test_what_effects_tell),
        cmocka_unit_test(test_how_many_assets),
        cmocka_unit_test(test_how_many_versions),
        cmocka_unit_test(test_how_much_text),
        cmocka_unit_test(test_how_many_share_a_branch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
