/* What types and assets were at a time. */
#include "model/assets/fixture.h"

static void set_title(struct fixture *f, uint32_t asset, int64_t wall_ns, const char *title)
{
    f->stamp.wall_ns = wall_ns;
    say_text(f, ASSET_TAG_TITLE, title);
    assert_int_equal(code_of(fixture_do(f, COMMAND_ASSET_SET, asset)), OUTCOME_DONE);
}

static void assert_title_at(struct fixture *f, uint32_t asset, int64_t wall_ns, const char *title)
{
    struct asset_view view;
    bool there = assets_asset_at(f->assets, asset, wall_ns, &view);
    assert_true(there == (title != NULL));
    if (title != NULL)
        assert_text(view.title, title);
}

static void test_an_asset_as_it_was(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    f.stamp.wall_ns = 100;
    uint32_t a = new_asset(&f, "a", ASSET_NONE, 0);
    set_title(&f, a, 200, "two");
    set_title(&f, a, 300, "three");
    set_title(&f, a, 300, "again");
    assert_title_at(&f, a, 99, NULL);
    assert_title_at(&f, a, 100, "");
    assert_title_at(&f, a, 199, "");
    assert_title_at(&f, a, 200, "two");
    assert_title_at(&f, a, 299, "two");
    assert_title_at(&f, a, 300, "again");
    assert_title_at(&f, a, INT64_MAX, "again");
    f.stamp.wall_ns = 400;
    assert_int_equal(code_of(fixture_do(&f, COMMAND_ASSET_RETIRE, a)), OUTCOME_DONE);
    struct asset_view view;
    assert_true(assets_asset_at(f.assets, a, 399, &view) && !view.retired);
    assert_true(assets_asset_at(f.assets, a, 400, &view) && view.retired);
    fixture_close(&f);
}

static void test_a_clock_that_goes_back(void **arg)
{
    (void)arg;
    struct fixture f;
    struct asset_view view;
    fixture_open(&f);
    f.stamp.wall_ns = 100;
    uint32_t a = new_asset(&f, "a", ASSET_NONE, 0);
    set_title(&f, a, 300, "later");
    set_title(&f, a, 200, "back");
    set_title(&f, a, 250, "on");
    assert_title_at(&f, a, 250, "");
    assert_title_at(&f, a, 299, "");
    assert_title_at(&f, a, 300, "on");
    assets_asset(f.assets, a, &view);
    assert_int_equal(view.wall_ns, 250); /* what the clock said is kept */
    fixture_close(&f);
}

static void test_each_version_by_number_and_time(void **arg)
{
    (void)arg;
    struct fixture f;
    struct asset_view view;
    char title[16];
    enum { VERSIONS = 3000 };
    fixture_open(&f);
    f.stamp.wall_ns = 1000;
    uint32_t a = new_asset(&f, "a", ASSET_NONE, 0), b = new_asset(&f, "b", ASSET_NONE, 0);
    for (int i = 2; i <= VERSIONS; i++) {
        snprintf(title, sizeof title, "%d", i);
        set_title(&f, a, i * 1000, title);
        if (i % 3 == 0)
            set_title(&f, b, i * 1000, title); /* between them */
    }
    for (uint32_t i = 2; i <= VERSIONS; i++) {
        snprintf(title, sizeof title, "%u", i);
        assert_title_at(&f, a, (int64_t)i * 1000, title);
        assert_title_at(&f, a, (int64_t)i * 1000 + 999, title);
        assert_true(assets_asset_version(f.assets, a, i, &view));
        assert_int_equal(view.version, i);
        assert_text(view.title, title);
    }
    assert_false(assets_asset_version(f.assets, a, 0, &view));
    assert_false(assets_asset_version(f.assets, a, VERSIONS + 1, &view));
    assert_false(assets_asset_version(f.assets, b, VERSIONS, &view));
    fixture_close(&f);
}

static unsigned metrics_at(struct fixture *f, uint32_t asset, int64_t wall_ns, char *names)
{
    struct sheet_cursor cursor = {0};
    struct asset_item item;
    unsigned count = 0;
    names[0] = 0;
    while (assets_sheet_next(f->assets, asset, wall_ns, &cursor, &item)) {
        strncat(names, (const char *)item.name.at, item.name.size);
        strcat(names, " ");
        count++;
    }
    return count;
}

static void test_sheets_as_they_were(void **arg)
{
    (void)arg;
    struct fixture f;
    char names[256];
    struct type_view view;
    fixture_open(&f);
    f.stamp.wall_ns = 100;
    uint32_t base = new_type(&f, "base", TYPE_NONE, "old"),
             kind = new_type(&f, "kind", base, "own");
    f.stamp.wall_ns = 200;
    uint32_t a = new_asset(&f, "a", ASSET_NONE, kind);
    f.stamp.wall_ns = 300;
    say_item(&f, ITEM_METRIC, "new", "");
    say_item(&f, ITEM_METRIC, "own", "");
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, base)), OUTCOME_DONE);
    f.stamp.wall_ns = 400;
    say_number(&f, ASSET_TAG_LEVEL, ASSET_LINE);
    say_number(&f, ASSET_TAG_PARENT, TYPE_NONE);
    assert_int_equal(code_of(fixture_do(&f, COMMAND_TYPE_SET, kind)), OUTCOME_DONE);
    assert_int_equal(metrics_at(&f, a, 199, names), 0);
    metrics_at(&f, a, 200, names);
    assert_string_equal(names, "own old ");
    metrics_at(&f, a, 300, names);
    assert_string_equal(names, "own new ");
    metrics_at(&f, a, 400, names);
    assert_string_equal(names, "own ");
    metrics_at(&f, a, INT64_MAX, names);
    assert_string_equal(names, "own ");
    assert_false(assets_type_at(f.assets, kind, 99, &view));
    assert_true(assets_type_at(f.assets, kind, 399, &view));
    assert_int_equal(view.parent, base);
    assert_int_equal(view.level, 0);
    assert_true(assets_type_version(f.assets, kind, 2, &view));
    assert_int_equal(view.level, ASSET_LINE);
    struct asset_view asset;
    assert_true(assets_asset_at(f.assets, a, 399, &asset));
    assert_int_equal(asset.level, 0);
    assert_true(assets_asset_at(f.assets, a, 400, &asset));
    assert_int_equal(asset.level, ASSET_LINE);
    fixture_close(&f);
}

/* The texts that a version shares with the one before are there once. */
static void test_texts_are_shared(void **arg)
{
    (void)arg;
    struct fixture f;
    struct asset_view first, last;
    fixture_open(&f);
    say_attribute(&f, "maker", VALUE_STRING, "Acme", false);
    uint32_t a = new_asset(&f, "a", ASSET_NONE, 0);
    assets_asset(f.assets, a, &first);
    set_title(&f, a, f.stamp.wall_ns + 1, "A");
    f.author = "bob@main";
    set_title(&f, a, f.stamp.wall_ns + 1, "B");
    assets_asset(f.assets, a, &last);
    assert_ptr_equal(first.name.at, last.name.at);
    assert_ptr_equal(first.sheet.at, last.sheet.at);
    assert_text(last.author, "bob@main");
    assert_true(assets_asset_version(f.assets, a, 2, &last));
    assert_ptr_equal(first.author.at, last.author.at);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_asset_as_it_was),
        cmocka_unit_test(test_a_clock_that_goes_back),
        cmocka_unit_test(test_each_version_by_number_and_time),
        cmocka_unit_test(test_sheets_as_they_were),
        cmocka_unit_test(test_texts_are_shared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
