/* Types: what their commands do, inheritance, limits. */
#include "model/assets/fixture.h"

static void test_a_type_is_made_and_changed(void **arg)
{
    (void)arg;
    struct fixture f;
    struct type_view view;
    fixture_open(&f);
    uint32_t machine = new_type(&f, "machine", TYPE_NONE, "temp");
    assert_int_equal(machine, 1);
    say_text(&f, ASSET_TAG_TITLE, "A machine");
    say_number(&f, ASSET_TAG_LEVEL, ASSET_UNIT);
    assert_int_equal(fixture_do(&f, COMMAND_TYPE_SET, machine).number, machine);
    uint32_t pump = new_type(&f, "pump", machine, "flow");
    assets_type(f.assets, machine, &view);
    assert_text(view.name, "machine");
    assert_text(view.title, "A machine");
    assert_text(view.author, "ann@main");
    assert_int_equal(view.version, 2);
    assert_int_equal(view.kinds, 1);
    assert_int_equal(view.tenant, TENANT_DEFAULT);
    assert_true(view.sheet.size > 0); /* what was not said stays */
    assets_type(f.assets, pump, &view);
    assert_int_equal(view.parent, machine);
    assert_int_equal(view.level, ASSET_UNIT);
    assert_int_equal(view.level_said, 0);
    assert_int_equal(assets_types(f.assets), 2);
    assert_int_equal(assets_type_find(f.assets, f.tenant, bytes_text("pump")), pump);
    assert_int_equal(assets_type_find(f.assets, 2, bytes_text("pump")), TYPE_NONE);
    say_text(&f, ASSET_TAG_NAME, "centrifugal pump");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, pump)), OUTCOME_DONE);
    assert_int_equal(assets_type_find(f.assets, f.tenant, bytes_text("pump")), TYPE_NONE);
    fixture_close(&f);
}

static void test_the_same_again_is_no_version(void **arg)
{
    (void)arg;
    struct fixture f;
    struct type_view view;
    fixture_open(&f);
    uint32_t type = new_type(&f, "pump", TYPE_NONE, "flow temp");
    uint64_t hash = state_hash(f.state);
    say_text(&f, ASSET_TAG_NAME, "pump");
    say_item(&f, ITEM_METRIC, "flow", "");
    say_item(&f, ITEM_METRIC, "temp", "");
    struct outcome outcome = fixture_do(&f, COMMAND_TYPE_SET, type);
    assert_int_equal(outcome.code, OUTCOME_DONE);
    assert_int_equal(outcome.number, type);
    assert_false(f.effects.many_changed);
    assert_true(state_hash(f.state) == hash);
    say_number(&f, ASSET_TAG_NO_ITEMS, 1);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, type)), OUTCOME_DONE);
    assets_type(f.assets, type, &view);
    assert_int_equal(view.version, 2);
    assert_int_equal(view.sheet.size, 0);
    fixture_close(&f);
}

static void test_refusals(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint32_t a = new_type(&f, "a", TYPE_NONE, ""), b = new_type(&f, "b", a, "");
    uint64_t hash = state_hash(f.state);
    say_text(&f, ASSET_TAG_NAME, "a");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, 0)), OUTCOME_NAME_TAKEN);
    say_text(&f, ASSET_TAG_NAME, "a");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, b)), OUTCOME_NAME_TAKEN);
    say_text(&f, ASSET_TAG_NAME, "a/b");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, 0)), OUTCOME_NAME_INVALID);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, 0)), OUTCOME_NAME_INVALID);
    say_number(&f, ASSET_TAG_LEVEL, 99);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, a)), OUTCOME_ASSET_INVALID);
    say_number(&f, ASSET_TAG_PARENT, 3);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, a)), OUTCOME_UNKNOWN_TYPE);
    say_number(&f, ASSET_TAG_PARENT, b);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, a)), OUTCOME_ASSET_INVALID);
    say_number(&f, ASSET_TAG_PARENT, a);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, a)), OUTCOME_ASSET_INVALID);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, 3)), OUTCOME_UNKNOWN_TYPE);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_REMOVE, 3)), OUTCOME_UNKNOWN_TYPE);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_REMOVE, 0)), OUTCOME_ASSET_INVALID);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_REMOVE, a)), OUTCOME_TYPE_IN_USE);
    f.tenant = 2;
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, a)), OUTCOME_UNKNOWN_TYPE);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_REMOVE, b)), OUTCOME_UNKNOWN_TYPE);
    assert_true(state_hash(f.state) == hash);
    fixture_close(&f);
}

static void test_a_removed_type(void **arg)
{
    (void)arg;
    struct fixture f;
    struct type_view view;
    fixture_open(&f);
    uint32_t a = new_type(&f, "a", TYPE_NONE, "temp"), b = new_type(&f, "b", a, "");
    uint32_t asset = new_asset(&f, "x", ASSET_NONE, b);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_REMOVE, b)), OUTCOME_TYPE_IN_USE);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, asset)), OUTCOME_DONE);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_REMOVE, b)), OUTCOME_DONE);
    assets_type(f.assets, b, &view);
    assert_true(view.removed);
    assert_text(view.name, "b");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_REMOVE, b)), OUTCOME_UNKNOWN_TYPE);
    assets_type(f.assets, a, &view);
    assert_int_equal(view.kinds, 0);
    say_text(&f, ASSET_TAG_NAME, "x");
    say_number(&f, ASSET_TAG_TYPE, b);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_SET, 0)), OUTCOME_UNKNOWN_TYPE);
    assert_int_equal(new_type(&f, "b", a, ""), b + 1); /* a new number, the old name */
    fixture_close(&f);
}

static void test_depth(void **arg)
{
    (void)arg;
    struct fixture f;
    char name[8];
    uint32_t types[ASSET_DEPTH_MAX + 1];
    fixture_open(&f);
    for (unsigned i = 0; i < ASSET_DEPTH_MAX; i++) {
        snprintf(name, sizeof name, "t%u", i);
        types[i] = new_type(&f, name, i == 0 ? TYPE_NONE : types[i - 1], "");
    }
    say_text(&f, ASSET_TAG_NAME, "deeper");
    say_number(&f, ASSET_TAG_PARENT, types[ASSET_DEPTH_MAX - 1]);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, 0)), OUTCOME_ASSET_INVALID);
    uint32_t top = new_type(&f, "top", TYPE_NONE, "");
    say_number(&f, ASSET_TAG_PARENT, top);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, types[0])), OUTCOME_ASSET_INVALID);
    say_number(&f, ASSET_TAG_PARENT, top);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, types[1])), OUTCOME_DONE);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_REMOVE, types[0])), OUTCOME_DONE);
    fixture_close(&f);
}

/* ---- inheritance ----------------------------------------------------------------------------- */
static bool find_item(struct fixture *f, uint32_t asset, enum item_kind kind, const char *name,
                      struct asset_item *ret_item)
{
    struct sheet_cursor cursor = {0};
    bool found = false;
    struct asset_item item;
    while (assets_sheet_next(f->assets, asset, INT64_MAX, &cursor, &item)) {
        if (item.kind != kind || !bytes_equal(item.name, bytes_text(name)))
            continue;
        assert_false(found); /* once */
        *ret_item = item;
        found = true;
    }
    return found;
}

static void test_the_nearest_says_it(void **arg)
{
    (void)arg;
    struct fixture f;
    struct asset_item item;
    fixture_open(&f);
    say_text(&f, ASSET_TAG_NAME, "machine");
    say_item(&f, ITEM_METRIC, "temp", "of a machine");
    say_item(&f, ITEM_METRIC, "hours", "");
    item = item_of(ITEM_ATTRIBUTE, "power", "1.5");
    item.unit = bytes_text("kW");
    asset_item_put(&f.form, &item);
    say_attribute(&f, "maker", VALUE_STRING, "nobody", false);
    uint32_t machine = fixture_do(&f, COMMAND_TYPE_SET, 0).number;
    say_text(&f, ASSET_TAG_NAME, "pump");
    say_number(&f, ASSET_TAG_PARENT, machine);
    say_item(&f, ITEM_METRIC, "temp", "of a pump");
    uint32_t pump = fixture_do(&f, COMMAND_TYPE_SET, 0).number;
    say_attribute(&f, "power", VALUE_STRING, "7", false);
    say_attribute(&f, "own", VALUE_INT64, "3", false);
    uint32_t asset = new_asset(&f, "p", ASSET_NONE, pump);
    assert_true(find_item(&f, asset, ITEM_METRIC, "temp", &item));
    assert_text(item.text, "of a pump");
    assert_int_equal(item.from, pump);
    assert_true(find_item(&f, asset, ITEM_METRIC, "hours", &item));
    assert_int_equal(item.from, machine);
    assert_true(find_item(&f, asset, ITEM_ATTRIBUTE, "power", &item));
    assert_text(item.text, "7");
    assert_text(item.unit, "kW"); /* of the type, like its kind of values */
    assert_int_equal(item.type, VALUE_FLOAT64);
    assert_int_equal(item.from, 0);
    assert_true(find_item(&f, asset, ITEM_ATTRIBUTE, "maker", &item));
    assert_text(item.text, "nobody");
    assert_true(find_item(&f, asset, ITEM_ATTRIBUTE, "own", &item));
    assert_int_equal(item.type, VALUE_INT64);
    struct sheet_cursor cursor = {0};
    unsigned items = 0;
    while (assets_type_sheet_next(f.assets, pump, INT64_MAX, &cursor, &item))
        items++;
    assert_int_equal(items, 4);
    fixture_close(&f);
}

static void test_a_change_reaches_all(void **arg)
{
    (void)arg;
    struct fixture f;
    struct asset_item item;
    struct asset_view view;
    fixture_open(&f);
    uint32_t base = new_type(&f, "base", TYPE_NONE, "temp"), kind = new_type(&f, "kind", base, "");
    say_item(&f, ITEM_METRIC, "other", "");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, kind)), OUTCOME_DONE);
    assert_false(f.effects.many_changed); /* nothing is of it */
    uint32_t asset = new_asset(&f, "a", ASSET_NONE, kind);
    say_item(&f, ITEM_METRIC, "flow", "");
    say_number(&f, ASSET_TAG_LEVEL, ASSET_DEVICE);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, base)), OUTCOME_DONE);
    assert_true(f.effects.many_changed);
    assert_true(find_item(&f, asset, ITEM_METRIC, "flow", &item));
    assert_false(find_item(&f, asset, ITEM_METRIC, "temp", &item));
    assets_asset(f.assets, asset, &view);
    assert_int_equal(view.level, ASSET_DEVICE);
    assert_int_equal(view.level_said, 0);
    assert_int_equal(view.version, 1);
    say_text(&f, ASSET_TAG_TITLE, "only a title");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, base)), OUTCOME_DONE);
    assert_false(f.effects.many_changed);
    say_number(&f, ASSET_TAG_PARENT, TYPE_NONE);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, kind)), OUTCOME_DONE);
    assert_true(f.effects.many_changed);
    assert_false(find_item(&f, asset, ITEM_METRIC, "flow", &item));
    fixture_close(&f);
}

static void test_assets_of_a_type(void **arg)
{
    (void)arg;
    struct fixture f;
    struct type_view view;
    fixture_open(&f);
    uint32_t a = new_type(&f, "a", TYPE_NONE, ""), b = new_type(&f, "b", a, "");
    uint32_t x = new_asset(&f, "x", ASSET_NONE, a), y = new_asset(&f, "y", ASSET_NONE, a);
    uint32_t z = new_asset(&f, "z", ASSET_NONE, b);
    assert_int_equal(assets_of_type_first(f.assets, a), x);
    assert_int_equal(assets_of_type_next(f.assets, x), y);
    assert_int_equal(assets_of_type_next(f.assets, y), ASSET_NONE);
    assert_int_equal(assets_of_type_first(f.assets, b), z);
    say_number(&f, ASSET_TAG_TYPE, b);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_SET, x)), OUTCOME_DONE);
    assert_int_equal(assets_of_type_first(f.assets, a), y);
    assert_int_equal(assets_of_type_next(f.assets, z), x);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, z)), OUTCOME_DONE);
    assert_int_equal(assets_of_type_first(f.assets, b), x);
    assets_type(f.assets, b, &view);
    assert_int_equal(view.assets, 1);
    fixture_close(&f);
}

/* ---- limits ---------------------------------------------------------------------------------- */
static void test_how_many_types(void **arg)
{
    (void)arg;
    struct fixture f;
    char name[8];
    struct assets_limits limits = assets_limits_default;
    limits.types_max = 40;
    fixture_open_limited(&f, &limits);
    f.tenant = 2;
    for (unsigned i = 0; i < 4; i++) { /* a tenth */
        snprintf(name, sizeof name, "t%u", i);
        new_type(&f, name, TYPE_NONE, "");
    }
    say_text(&f, ASSET_TAG_NAME, "more");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, 0)), OUTCOME_ASSETS_FULL);
    f.tenant = TENANT_DEFAULT;
    for (unsigned i = 4; i < 40; i++) { /* what there is */
        snprintf(name, sizeof name, "t%u", i);
        new_type(&f, name, TYPE_NONE, "");
    }
    say_text(&f, ASSET_TAG_NAME, "more");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, 0)), OUTCOME_ASSETS_FULL);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_REMOVE, 40)), OUTCOME_DONE);
    say_text(&f, ASSET_TAG_NAME, "more");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, 0)), OUTCOME_ASSETS_FULL);
    say_text(&f, ASSET_TAG_TITLE, "changes are no new types");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, 39)), OUTCOME_DONE);
    fixture_close(&f);
}

static void test_keys(void **arg)
{
    (void)arg;
    struct fixture f;
    struct command command = {.kind = COMMAND_TYPE_SET,
                              .tenant = TENANT_DEFAULT,
                              .key_kind = KEY_FREE,
                              .key = bytes_text("once"),
                              .key_wall_ns = 1000 * NS_PER_S};
    fixture_open(&f);
    say_text(&f, ASSET_TAG_NAME, "pump");
    assert_true(form_end(&f.form, &command.module.form));
    struct outcome outcome = fixture_apply(&f, &command);
    assert_int_equal(outcome.code, OUTCOME_DONE);
    assert_int_equal(outcome.number, 1);
    outcome = fixture_apply(&f, &command);
    assert_int_equal(outcome.code, OUTCOME_REPEATED);
    assert_int_equal(outcome.first_code, OUTCOME_DONE);
    assert_int_equal(outcome.number, 1);
    assert_int_equal(assets_types(f.assets), 1);
    struct fact other = {.kind = FACT_MODULE, .command = {.kind = COMMAND_RULE_SET}};
    assert_int_equal(assets_apply_fact(f.assets, &other, &f.stamp, &f.effects), OK);
    assert_int_equal(assets_types(f.assets), 1);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_type_is_made_and_changed),
        cmocka_unit_test(test_the_same_again_is_no_version),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_a_removed_type),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_the_nearest_says_it),
        cmocka_unit_test(test_a_change_reaches_all),
        cmocka_unit_test(test_assets_of_a_type),
        cmocka_unit_test(test_how_many_types),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
