/* Labels that rows are born with: shared, replaced by commands, whole after a snapshot. */
#include "model/points/fixture.h"
#include "model/points/tables.h"

static enum err row_of(struct fixture *f, const char *prefix, const struct label *labels,
                       uint16_t count)
{
    struct fact_row_point columns[2] = {{VALUE_FLOAT64, bytes_text("a")},
                                        {VALUE_FLOAT64, bytes_text("b")}};
    struct fact fact = {
        .kind = FACT_ROW,
        .row = {.tenant = TENANT_DEFAULT,
                .shape = {points_rows(f->points) + 1, points_count(f->points) + 1, 2},
                .object = true,
                .prefix = bytes_text(prefix),
                .points = columns,
                .labels = labels,
                .label_count = count}};
    f->stamp.position++;
    return points_apply_fact(f->points, &fact, &f->stamp, &f->effects);
}

static struct label label_of(const char *name, const char *value)
{
    return (struct label){bytes_text(name), bytes_text(value)};
}

static void assert_label(const struct point_view *view, uint16_t at, const char *name,
                         const char *value)
{
    assert_in_range(at, 0, view->label_count - 1);
    assert_true(bytes_equal(view->labels[at].name, bytes_text(name)));
    assert_true(bytes_equal(view->labels[at].value, bytes_text(value)));
}

static void test_points_of_a_row_have_its_labels(void **arg)
{
    struct fixture f;
    (void)arg;
    fixture_open(&f);
    struct label first[] = {label_of("site", "north"), label_of("line", "7")};
    struct label second[] = {label_of("line", "7"), label_of("empty", "")};
    assert_int_equal(row_of(&f, "plain", NULL, 0), OK);
    uint64_t before = points_names_bytes(f.points);
    assert_int_equal(row_of(&f, "p/q", first, 2), OK);
    uint64_t one = points_names_bytes(f.points) - before;
    assert_int_equal(row_of(&f, "p/r", second, 2), OK);
    struct point_view view = fixture_view(&f, 1);
    assert_int_equal(view.label_count, 0);
    for (uint32_t point = 3; point <= 4; point++) {
        view = fixture_view(&f, point);
        assert_int_equal(view.label_count, 2);
        assert_label(&view, 0, "site", "north");
        assert_label(&view, 1, "line", "7");
    }
    view = fixture_view(&f, 6);
    assert_label(&view, 1, "empty", "");
    before = points_names_bytes(f.points);
    assert_int_equal(row_of(&f, "p/s", first, 2), OK); /* all of it was there */
    assert_true(points_names_bytes(f.points) - before < one);
    assert_int_equal(points_rebuild(f.points), OK);
    view = fixture_view(&f, 8);
    assert_label(&view, 0, "site", "north");
    fixture_close(&f);
}

static void test_a_command_replaces_them_for_its_point(void **arg)
{
    struct fixture f;
    (void)arg;
    fixture_open(&f);
    struct label born[] = {label_of("site", "north")}, own[] = {label_of("owner", "me")};
    assert_int_equal(row_of(&f, "p", born, 1), OK);
    struct command command = command_of(COMMAND_CHANGE, "p/a");
    command.settings = (struct point_settings){.has = HAS_UNIT, .unit = bytes_text("Cel")};
    assert_int_equal(fixture_command(&f, &command).code, OUTCOME_DONE);
    struct point_view view = fixture_view(&f, 1);
    assert_label(&view, 0, "site", "north");
    command.settings = (struct point_settings){.has = HAS_LABELS, .labels = own, .label_count = 1};
    assert_int_equal(fixture_command(&f, &command).code, OUTCOME_DONE);
    view = fixture_view(&f, 1);
    assert_int_equal(view.label_count, 1);
    assert_label(&view, 0, "owner", "me");
    assert_true(bytes_equal(view.unit, bytes_text("Cel")));
    view = fixture_view(&f, 2); /* its sister keeps them */
    assert_label(&view, 0, "site", "north");
    command.settings = (struct point_settings){.has = HAS_LABELS};
    assert_int_equal(fixture_command(&f, &command).code, OUTCOME_DONE);
    assert_int_equal(fixture_view(&f, 1).label_count, 0);
    command = command_of(COMMAND_RENAME, "p/b");
    command.new_path = bytes_text("elsewhere");
    assert_int_equal(fixture_command(&f, &command).code, OUTCOME_DONE);
    view = fixture_view(&f, 2);
    assert_label(&view, 0, "site", "north");
    assert_true(points_in_row(f.points, 1)); /* to have labels of its own is no new name */
    assert_true(bytes_equal(points_metric(f.points, 1), bytes_text("a")));
    assert_int_equal(points_rebuild(f.points), OK);
    fixture_close(&f);
}

static void test_what_is_no_set_of_labels_is_refused(void **arg)
{
    struct fixture f;
    (void)arg;
    static char text[LABEL_BYTES_MAX + 2];
    memset(text, 'x', LABEL_BYTES_MAX + 1);
    fixture_open(&f);
    struct label twice[] = {label_of("a", "1"), label_of("a", "2")};
    struct label nameless[] = {label_of("", "1")};
    struct label broken[] = {label_of("a", "\xff")};
    struct label longest[] = {{bytes_of(text, LABEL_BYTES_MAX), bytes_of(text, LABEL_BYTES_MAX)}};
    struct label longer[] = {{bytes_of(text, LABEL_BYTES_MAX), bytes_of(text, sizeof text - 1)}};
    assert_int_equal(row_of(&f, "p", twice, 2), ERR_CORRUPT);
    assert_int_equal(row_of(&f, "p", nameless, 1), ERR_CORRUPT);
    assert_int_equal(row_of(&f, "p", broken, 1), ERR_CORRUPT);
    assert_int_equal(row_of(&f, "p", longer, 1), ERR_CORRUPT);
    assert_int_equal(points_rows(f.points), 0);
    assert_int_equal(row_of(&f, "p", longest, 1), OK);
    fixture_close(&f);
}

/* 20 bytes a row for three labels that others have as well. */
static void test_what_they_cost(void **arg)
{
    struct fixture f;
    (void)arg;
    fixture_open(&f);
    struct label labels[] = {label_of("region", "eu"), label_of("host", "h17"),
                             label_of("rack", "12")};
    char prefix[32];
    assert_int_equal(row_of(&f, "first", labels, 3), OK);
    uint64_t before = points_names_bytes(f.points);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(prefix, sizeof prefix, "%04u", i);
        assert_int_equal(row_of(&f, prefix, labels, 3), OK);
    }
    /* beside the name of each prefix, 8 bytes; the rest is what 8 names cannot have at a page's end
     */
    assert_in_range(points_names_bytes(f.points) - before, 1000 * (16 + 8), 1000 * (16 + 8) + 64);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_points_of_a_row_have_its_labels),
        cmocka_unit_test(test_a_command_replaces_them_for_its_point),
        cmocka_unit_test(test_what_is_no_set_of_labels_is_refused),
        cmocka_unit_test(test_what_they_cost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
