/* What commands may say, by themselves: both sides of each limit. */
#include "model/assets/fixture.h"

/* What was said since the last time, judged. */
static const char *fault_of(struct fixture *f, enum command_kind kind, uint32_t number)
{
    struct bytes form;
    assert_true(form_end(&f->form, &form));
    const char *fault = asset_form_fault(kind, number, form);
    form_begin(f);
    return fault;
}

static void assert_good(struct fixture *f, enum command_kind kind)
{
    const char *fault = fault_of(f, kind, 1);
    if (fault != NULL)
        fail_msg("%s", fault);
}

static void assert_fault(struct fixture *f, enum command_kind kind, const char *words)
{
    const char *fault = fault_of(f, kind, 1);
    assert_non_null(fault);
    if (strstr(fault, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", fault, words);
}

static const char *long_text(char *text, size_t size)
{
    memset(text, 'x', size);
    text[size] = 0;
    return text;
}

static void test_names_and_titles(void **arg)
{
    (void)arg;
    struct fixture f;
    char text[ASSET_TITLE_MAX + 2];
    fixture_open(&f);
    assert_non_null(fault_of(&f, COMMAND_TYPE_SET, 0)); /* a new one has a name */
    assert_null(fault_of(&f, COMMAND_TYPE_SET, 1));
    say_text(&f, ASSET_TAG_NAME, "pump 3");
    assert_null(fault_of(&f, COMMAND_ASSET_SET, 0));
    say_text(&f, ASSET_TAG_NAME, long_text(text, ASSET_NAME_MAX));
    assert_good(&f, COMMAND_ASSET_SET);
    static const char *const bad[] = {"", "a/b", "a+b", "a#", "$a", "a\nb", "\xff"};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        say_text(&f, ASSET_TAG_NAME, bad[i]);
        assert_non_null(fault_of(&f, COMMAND_ASSET_SET, 1));
    }
    say_text(&f, ASSET_TAG_NAME, long_text(text, ASSET_NAME_MAX + 1));
    assert_non_null(fault_of(&f, COMMAND_ASSET_SET, 1));
    say_text(&f, ASSET_TAG_TITLE, long_text(text, ASSET_TITLE_MAX));
    assert_good(&f, COMMAND_TYPE_SET);
    say_text(&f, ASSET_TAG_TITLE, long_text(text, ASSET_TITLE_MAX + 1));
    assert_fault(&f, COMMAND_TYPE_SET, "title");
    say_text(&f, ASSET_TAG_TITLE, "\xff");
    assert_fault(&f, COMMAND_TYPE_SET, "title");
    fixture_close(&f);
}

static void test_numbers_and_branches(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    for (int64_t level = -1; level <= ASSET_DEVICE + 1; level++) {
        say_number(&f, ASSET_TAG_LEVEL, level);
        const char *fault = fault_of(&f, COMMAND_ASSET_SET, 1);
        assert_true((fault == NULL) == (level >= 0 && level <= ASSET_DEVICE));
        assert_true((asset_level_word((unsigned)level) != NULL) ==
                    (level >= ASSET_ENTERPRISE && level <= ASSET_DEVICE));
    }
    say_number(&f, ASSET_TAG_PARENT, UINT32_MAX);
    assert_good(&f, COMMAND_ASSET_SET);
    say_number(&f, ASSET_TAG_PARENT, (int64_t)UINT32_MAX + 1);
    assert_fault(&f, COMMAND_ASSET_SET, "parent");
    say_text(&f, ASSET_TAG_PARENT, "acme");
    assert_fault(&f, COMMAND_ASSET_SET, "parent");
    say_number(&f, ASSET_TAG_TYPE, 1);
    assert_fault(&f, COMMAND_TYPE_SET, "type");
    say_text(&f, ASSET_TAG_BRANCH, "a/b c");
    assert_good(&f, COMMAND_ASSET_SET);
    say_text(&f, ASSET_TAG_BRANCH, "");
    assert_good(&f, COMMAND_ASSET_SET);
    say_text(&f, ASSET_TAG_BRANCH, "a//b");
    assert_non_null(fault_of(&f, COMMAND_ASSET_SET, 1));
    say_text(&f, ASSET_TAG_BRANCH, "a");
    assert_fault(&f, COMMAND_TYPE_SET, "branch");
    say_text(&f, ASSET_TAG_TITLE, "a");
    say_text(&f, ASSET_TAG_TITLE, "b");
    assert_fault(&f, COMMAND_ASSET_SET, "twice");
    say_number(&f, (enum asset_tag)10, 1);
    assert_fault(&f, COMMAND_ASSET_SET, "not known");
    say_number(&f, ASSET_TAG_NO_ITEMS, 2);
    assert_fault(&f, COMMAND_ASSET_SET, "no items");
    say_number(&f, ASSET_TAG_NO_ITEMS, 1);
    say_item(&f, ITEM_ATTRIBUTE, "a", "1");
    assert_fault(&f, COMMAND_ASSET_SET, "there are none");
    fixture_close(&f);
}

static void test_what_goes_says_nothing(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    assert_null(fault_of(&f, COMMAND_TYPE_REMOVE, 1));
    assert_null(fault_of(&f, COMMAND_ASSET_RETIRE, 1));
    assert_non_null(fault_of(&f, COMMAND_TYPE_REMOVE, 0));
    assert_non_null(fault_of(&f, COMMAND_ASSET_RETIRE, 0));
    say_text(&f, ASSET_TAG_TITLE, "x");
    assert_non_null(fault_of(&f, COMMAND_ASSET_RETIRE, 1));
    assert_non_null(fault_of(&f, COMMAND_RULE_SET, 1));
    fixture_close(&f);
}

struct place_said {
    double longitude, latitude, x, y;
    int64_t floor;
};

static const char *place_fault_of(struct fixture *f, const struct place_said *said)
{
    uint8_t bytes[128];
    struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
    struct bytes fields;
    if (!isnan(said->longitude))
        form_put_real(&form, PLACE_TAG_LONGITUDE, said->longitude);
    if (!isnan(said->latitude))
        form_put_real(&form, PLACE_TAG_LATITUDE, said->latitude);
    if (!isnan(said->x))
        form_put_real(&form, PLACE_TAG_PLAN_X, said->x);
    if (!isnan(said->y))
        form_put_real(&form, PLACE_TAG_PLAN_Y, said->y);
    form_put_integer(&form, PLACE_TAG_FLOOR, said->floor);
    assert_true(form_end(&form, &fields));
    form_put_form(&f->form, ASSET_TAG_PLACE, fields);
    return fault_of(f, COMMAND_ASSET_SET, 1);
}

static void test_places(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    static const struct place_said good[] = {{180, 90, 0, 1, 1000},
                                             {-180, -90, 1, 0, -1000},
                                             {NAN, NAN, NAN, NAN, 0},
                                             {NAN, NAN, 0.5, 0.5, 3}};
    static const struct place_said bad[] = {
        {180.1, 0, 0, 0, 0}, {0, -90.1, 0, 0, 0}, {0, 0, 1.1, 0, 0},      {0, 0, 0, -0.1, 0},
        {NAN, 0, 0, 0, 0},   {0, NAN, 0, 0, 0},   {0, 0, NAN, 0, 0},      {0, 0, 0, NAN, 0},
        {0, 0, 0, 0, 1001},  {0, 0, 0, 0, -1001}, {0, 0, 0, 0, INT64_MAX}};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        assert_null(place_fault_of(&f, &good[i]));
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_non_null(place_fault_of(&f, &bad[i]));
    say_text(&f, ASSET_TAG_PLACE, "here");
    assert_fault(&f, COMMAND_ASSET_SET, "place");
    fixture_close(&f);
}

/* ---- items ----------------------------------------------------------------------------------- */
static void assert_item(struct fixture *f, const struct asset_item *item, bool of_type, bool good)
{
    asset_item_put(&f->form, item);
    const char *fault = fault_of(f, of_type ? COMMAND_TYPE_SET : COMMAND_ASSET_SET, 1);
    assert_true((fault == NULL) == good);
}

static void test_items_of_types_and_assets(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    struct asset_item attribute = item_of(ITEM_ATTRIBUTE, "maker", "");
    struct asset_item metric = item_of(ITEM_METRIC, "motor/current", "of the motor");
    struct asset_item binding = item_of(ITEM_BINDING, "temp", "plant/hall/temp");
    struct asset_item relation = item_of(ITEM_RELATION, "feeds", "");
    relation.other = 7;
    assert_item(&f, &attribute, true, true);
    assert_item(&f, &attribute, false, true);
    assert_item(&f, &metric, true, true);
    assert_item(&f, &metric, false, false);
    assert_item(&f, &binding, true, false);
    assert_item(&f, &binding, false, true);
    assert_item(&f, &relation, true, false);
    assert_item(&f, &relation, false, true);
    relation.other = 0;
    assert_item(&f, &relation, false, false);
    attribute.required = true;
    assert_item(&f, &attribute, true, true);
    assert_item(&f, &attribute, false, false);
    metric.name = bytes_text("motor//current");
    assert_item(&f, &metric, true, false);
    binding.text = bytes_text("");
    assert_item(&f, &binding, false, false);
    binding = item_of(ITEM_BINDING, "te#mp", "plant/temp");
    assert_item(&f, &binding, false, false);
    fixture_close(&f);
}

static void test_limits_of_metrics(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    struct asset_item metric = item_of(ITEM_METRIC, "temp", "");
    metric.limits[LIMIT_LOW] = 5;
    metric.limits[LIMIT_HIGH] = 5;
    metric.deadband = 0.5;
    assert_item(&f, &metric, true, true);
    metric.limits[LIMIT_HIGH] = 4.9;
    assert_item(&f, &metric, true, false);
    metric.limits[LIMIT_HIGH] = 80;
    metric.type = VALUE_INT64;
    assert_item(&f, &metric, true, true);
    metric.type = VALUE_BOOL;
    assert_item(&f, &metric, true, false);
    struct asset_item attribute = item_of(ITEM_ATTRIBUTE, "x", "");
    uint8_t bytes[64];
    struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
    struct bytes fields;
    form_put_integer(&form, ITEM_TAG_KIND, ITEM_ATTRIBUTE);
    form_put_text(&form, ITEM_TAG_NAME, attribute.name);
    form_put_real(&form, ITEM_TAG_DEADBAND, 1);
    assert_true(form_end(&form, &fields));
    form_put_form(&f.form, ASSET_TAG_ITEM, fields);
    assert_fault(&f, COMMAND_TYPE_SET, "not of its kind");
    fixture_close(&f);
}

static void test_sizes_of_items(void **arg)
{
    (void)arg;
    struct fixture f;
    char text[ASSET_TEXT_MAX + 2];
    fixture_open(&f);
    struct asset_item item = item_of(ITEM_ATTRIBUTE, "a", "");
    item.type = VALUE_STRING;
    item.name = bytes_text(long_text(text, ITEM_NAME_MAX));
    assert_item(&f, &item, true, true);
    item.name = bytes_text(long_text(text, ITEM_NAME_MAX + 1));
    assert_item(&f, &item, true, false);
    item.name = bytes_text("");
    assert_item(&f, &item, true, false);
    item.name = bytes_text("a\tb");
    assert_item(&f, &item, true, false);
    item.name = bytes_text("a");
    item.unit = bytes_text(long_text(text, UNIT_BYTES_MAX));
    assert_item(&f, &item, true, true);
    item.unit = bytes_text(long_text(text, UNIT_BYTES_MAX + 1));
    assert_item(&f, &item, true, false);
    item.unit = bytes_text("");
    item.text = bytes_text(long_text(text, ASSET_TEXT_MAX));
    assert_item(&f, &item, true, true);
    item.text = bytes_text(long_text(text, ASSET_TEXT_MAX + 1));
    assert_item(&f, &item, true, false);
    fixture_close(&f);
}

static void say_many(struct fixture *f, unsigned count, size_t text_size)
{
    char name[16], text[ASSET_TEXT_MAX + 1];
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof name, "%03u", i);
        struct asset_item item = item_of(ITEM_ATTRIBUTE, name, long_text(text, text_size));
        item.type = VALUE_STRING;
        asset_item_put(&f->form, &item);
    }
}

static void test_how_many_items(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    say_many(&f, ASSET_ITEMS_MAX, 0);
    assert_good(&f, COMMAND_ASSET_SET);
    say_many(&f, ASSET_ITEMS_MAX + 1, 0);
    assert_fault(&f, COMMAND_ASSET_SET, "256");
    /* An item of 20 bytes and a text of 2,028: four of them. */
    say_many(&f, 4, 2048 - 20);
    assert_int_equal(f.form.size, ASSET_SHEET_MAX);
    assert_good(&f, COMMAND_ASSET_SET);
    say_many(&f, 4, 2048 - 19);
    assert_fault(&f, COMMAND_ASSET_SET, "8192");
    say_item(&f, ITEM_METRIC, "a", "");
    say_attribute(&f, "a", VALUE_STRING, "", false);
    assert_good(&f, COMMAND_TYPE_SET);
    say_item(&f, ITEM_METRIC, "a", "");
    say_item(&f, ITEM_METRIC, "a", "other");
    assert_fault(&f, COMMAND_TYPE_SET, "same name");
    say_relation(&f, "feeds", 1);
    say_relation(&f, "feeds", 2);
    assert_good(&f, COMMAND_ASSET_SET);
    say_relation(&f, "feeds", 1);
    say_relation(&f, "feeds", 1);
    assert_fault(&f, COMMAND_ASSET_SET, "same name");
    fixture_close(&f);
}

static void test_values(void **arg)
{
    (void)arg;
    static const struct {
        uint8_t type;
        const char *text;
        bool good;
    } values[] = {{VALUE_FLOAT64, "1", true},
                  {VALUE_FLOAT64, "-1.5e+10", true},
                  {VALUE_FLOAT64, "1E5", true},
                  {VALUE_FLOAT64, "", true},
                  {VALUE_FLOAT64, "1.", false},
                  {VALUE_FLOAT64, ".5", false},
                  {VALUE_FLOAT64, "+1", false},
                  {VALUE_FLOAT64, "1e", false},
                  {VALUE_FLOAT64, "1e1000", false},
                  {VALUE_FLOAT64, "nan", false},
                  {VALUE_FLOAT64, "1 ", false},
                  {VALUE_FLOAT64, "-", false},
                  {VALUE_INT64, "9223372036854775807", true},
                  {VALUE_INT64, "9223372036854775808", false},
                  {VALUE_INT64, "-9223372036854775808", true},
                  {VALUE_INT64, "-9223372036854775809", false},
                  {VALUE_INT64, "99999999999999999999999", false},
                  {VALUE_INT64, "1.0", false},
                  {VALUE_INT64, "-", false},
                  {VALUE_BOOL, "true", true},
                  {VALUE_BOOL, "false", true},
                  {VALUE_BOOL, "1", false},
                  {VALUE_STRING, "anything", true},
                  {0, "x", false},
                  {VALUE_STRING + 1, "x", false}};
    for (size_t i = 0; i < ARRAY_COUNT(values); i++)
        assert_int_equal(asset_value_is_of_type(values[i].type, bytes_text(values[i].text)),
                         values[i].good);
}

static void test_an_item_is_read_as_it_was_put(void **arg)
{
    (void)arg;
    struct fixture f;
    const char *fault;
    struct asset_item read, metric = item_of(ITEM_METRIC, "temp", "of the oil");
    size_t offset = 0;
    fixture_open(&f);
    metric.type = VALUE_INT64;
    metric.unit = bytes_text("Cel");
    metric.limits[LIMIT_HIGH_HIGH] = 90;
    metric.deadband = 2;
    say_text(&f, ASSET_TAG_TITLE, "passed over");
    asset_item_put(&f.form, &metric);
    struct bytes form = bytes_of(f.form.at, f.form.size);
    assert_true(asset_item_next(form, &offset, &read, &fault));
    assert_int_equal(read.kind, ITEM_METRIC);
    assert_int_equal(read.type, VALUE_INT64);
    assert_text(read.name, "temp");
    assert_text(read.unit, "Cel");
    assert_text(read.text, "of the oil");
    assert_true(read.limits[LIMIT_HIGH_HIGH] == 90 && isnan(read.limits[LIMIT_HIGH]));
    assert_true(read.deadband == 2 && !read.required && read.other == 0);
    assert_false(asset_item_next(form, &offset, &read, &fault));
    assert_null(fault);
    offset = 0;
    assert_false(asset_item_next(bytes_of(form.at, form.size - 1), &offset, &read, &fault));
    assert_non_null(fault);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_titles),
        cmocka_unit_test(test_numbers_and_branches),
        cmocka_unit_test(test_what_goes_says_nothing),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_items_of_types_and_assets),
        cmocka_unit_test(test_limits_of_metrics),
        cmocka_unit_test(test_sizes_of_items),
        cmocka_unit_test(test_how_many_items),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_an_item_is_read_as_it_was_put),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
