/* The dictionary: rows, points, names and the ways to find them. */
#include "model/points/fixture.h"

static void test_empty(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(points_count(f.points), 0);
    assert_int_equal(points_rows(f.points), 0);
    assert_int_equal(points_find(f.points, 1, bytes_text("a")), POINT_NONE);
    assert_int_equal(points_find(f.points, 1, bytes_text("")), POINT_NONE);
    assert_int_equal(points_find_row(f.points, 1, bytes_text("a")), ROW_NONE);
    points_row_prefetch(f.points, 77, true);
    points_apply_prefetch(f.points, 5, 300);
    assert_int_equal(points_rebuild(f.points), OK);
    assert_true(points_memory(f.points) > 0);
    fixture_close(&f);
    points_destroy(NULL);
}

static void assert_path(const struct fixture *f, uint32_t point, const char *path)
{
    uint8_t at[PATH_MAX_BYTES];
    assert_text(bytes_of(at, points_path(f->points, point, at)), path);
}

static void test_rows(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(fixture_row(&f, 1, true, "site/pump", "t p axis/x", VALUE_FLOAT64), OK);
    assert_int_equal(fixture_row(&f, 1, false, "", "lonely", VALUE_STRING), OK);
    assert_int_equal(fixture_row(&f, 2, false, "site/pump", "t", VALUE_INT64), OK);
    assert_int_equal(f.effects.rows_new, 3);
    assert_int_equal(f.effects.points_new, 5);
    assert_int_equal(points_count(f.points), 5);
    assert_int_equal(points_rows(f.points), 3);
    assert_int_equal(points_find(f.points, 1, bytes_text("site/pump/t")), 1);
    assert_int_equal(points_find(f.points, 1, bytes_text("site/pump/axis/x")), 3);
    assert_int_equal(points_find(f.points, 1, bytes_text("lonely")), 4);
    assert_int_equal(points_find(f.points, 2, bytes_text("site/pump/t")), 5);
    assert_int_equal(points_find(f.points, 3, bytes_text("site/pump/t")), POINT_NONE);
    assert_int_equal(points_find(f.points, 1, bytes_text("site/pump")), POINT_NONE);
    assert_path(&f, 3, "site/pump/axis/x");
    assert_path(&f, 4, "lonely");
    assert_text(points_metric(f.points, 3), "axis/x");
    assert_int_equal(points_type(f.points, 4), VALUE_STRING);
    assert_int_equal(points_row_of(f.points, 5), 3);
    struct point_row row;
    points_row(f.points, 1, &row);
    assert_text(row.prefix, "site/pump");
    assert_true(row.object && row.tenant == 1);
    assert_true(row.shape.row == 1 && row.shape.first_point == 1 && row.shape.count == 3);
    points_row(f.points, 2, &row);
    assert_int_equal(row.prefix.size, 0);
    assert_false(row.object);
    struct point_view view = fixture_view(&f, 5);
    assert_true(view.point == 5 && view.row == 3 && view.tenant == 2 && !view.retired);
    assert_true(view.value.type == VALUE_INT64 && !view.value.present && view.time_ns == 0);
    assert_true(view.limit_state == LIMIT_STATE_NONE && isnan(view.limits[0]));
    assert_true(view.unit.size == 0 && view.label_count == 0);
    fixture_close(&f);
}

static void test_newest_object_row(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(fixture_row(&f, 1, true, "dev", "a b", VALUE_FLOAT64), OK);
    assert_int_equal(fixture_row(&f, 1, false, "dev", "c", VALUE_FLOAT64), OK);
    assert_int_equal(points_find_row(f.points, 1, bytes_text("dev")), 1);
    assert_int_equal(fixture_row(&f, 1, true, "dev", "d e", VALUE_FLOAT64), OK);
    assert_int_equal(points_find_row(f.points, 1, bytes_text("dev")), 3);
    assert_int_equal(points_find_row(f.points, 2, bytes_text("dev")), ROW_NONE);
    assert_int_equal(points_rebuild(f.points), OK);
    assert_int_equal(points_find_row(f.points, 1, bytes_text("dev")), 3);
    assert_int_equal(points_find(f.points, 1, bytes_text("dev/c")), 3);
    fixture_close(&f);
}

/* Records that no admission wrote change nothing. */
static void test_corrupt_rows(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(fixture_row(&f, 1, true, "dev", "a b", VALUE_FLOAT64), OK);
    uint64_t hash = state_hash(f.state);
    static const struct {
        const char *prefix, *metrics;
        uint8_t type;
    } bad[] = {{"dev", "b", VALUE_FLOAT64},
               {"dev", "c c", VALUE_FLOAT64},
               {"", "dev/a", VALUE_FLOAT64},
               {"dev", "", VALUE_FLOAT64},
               {"dev", "c", 0},
               {"dev", "c", 5},
               {"dev/", "c", VALUE_FLOAT64},
               {"dev", "c+", VALUE_FLOAT64},
               {"$SYS", "c", VALUE_FLOAT64},
               {"dev", "x\x80", VALUE_FLOAT64}};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_int_equal(fixture_row(&f, 1, true, bad[i].prefix, bad[i].metrics, bad[i].type),
                         ERR_CORRUPT);
    struct fact_row_point column = {VALUE_FLOAT64, bytes_text("z")};
    static const struct row_shape shapes[] = {
        {1, 3, 1}, {3, 3, 1}, {2, 2, 1}, {2, 4, 1}, {2, 3, 0}, {0, 0, 1}, {2, 3, COLUMNS_MAX + 1}};
    for (size_t i = 0; i < ARRAY_COUNT(shapes); i++) {
        struct fact fact = {.kind = FACT_ROW,
                            .row = {.tenant = 1, .shape = shapes[i], .points = &column}};
        assert_int_equal(points_apply_fact(f.points, &fact, &f.stamp, &f.effects), ERR_CORRUPT);
    }
    assert_true(state_hash(f.state) == hash);
    assert_int_equal(fixture_row(&f, 1, true, "dev", "c", VALUE_FLOAT64), OK);
    struct fact other = {.kind = FACT_TICK};
    hash = state_hash(f.state);
    assert_int_equal(points_apply_fact(f.points, &other, &f.stamp, &f.effects), OK);
    assert_true(state_hash(f.state) == hash);
    fixture_close(&f);
}

/* Names fill pages to their ends without crossing them. */
static void test_many_names(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    char prefix[1200], metrics[64];
    for (uint32_t i = 1; i <= 500; i++) {
        int size = snprintf(prefix, sizeof prefix, "%u", i);
        for (uint32_t j = 0; j < i * 7 % 900; j++)
            prefix[size++] = j % 100 == 99 ? '/' : 'x';
        prefix[size] = '\0';
        if (prefix[size - 1] == '/')
            prefix[size - 1] = 'y';
        snprintf(metrics, sizeof metrics, "m%u shared", i);
        assert_int_equal(fixture_row(&f, 1, true, prefix, metrics, VALUE_BOOL), OK);
    }
    uint8_t path[PATH_MAX_BYTES];
    for (int round = 0; round < 2; round++) {
        for (uint32_t point = 1; point <= points_count(f.points); point++) {
            size_t size = points_path(f.points, point, path);
            assert_int_equal(points_find(f.points, 1, bytes_of(path, size)), point);
        }
        assert_int_equal(points_rebuild(f.points), OK);
    }
    fixture_close(&f);
}

static void test_limits_of_rows(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    char metrics[COLUMNS_MAX * 5 + 1];
    size_t size = 0;
    for (int i = 0; i < COLUMNS_MAX; i++)
        size += (size_t)snprintf(metrics + size, sizeof metrics - size, "m%d ", i);
    metrics[size - 1] = '\0';
    assert_int_equal(fixture_row(&f, 1, true, "dev", metrics, VALUE_BOOL), OK);
    assert_int_equal(points_count(f.points), COLUMNS_MAX);
    /* 16 segments of 120 bytes and what is left of 2048 bytes fit; a byte more does not. */
    char path[PATH_MAX_BYTES + 2];
    memset(path, 'a', sizeof path);
    for (size_t i = 1; i < 16; i++)
        path[i * 128 - 1] = '/';
    path[PATH_MAX_BYTES + 1] = '\0';
    assert_int_equal(fixture_row(&f, 1, false, "", path, VALUE_BOOL), ERR_CORRUPT);
    path[PATH_MAX_BYTES] = '\0';
    assert_int_equal(fixture_row(&f, 1, false, "", path, VALUE_BOOL), OK);
    uint8_t whole[PATH_MAX_BYTES];
    assert_int_equal(points_path(f.points, COLUMNS_MAX + 1, whole), PATH_MAX_BYTES);
    fixture_close(&f);
}

static void test_outcome_texts(void **arg)
{
    (void)arg;
    assert_string_equal(outcome_text(OUTCOME_DONE), "done");
    assert_string_equal(outcome_text(OUTCOME_UNKNOWN_POINT), "no such point");
    assert_string_equal(outcome_text(OUTCOME_COUNT), "no such outcome");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_newest_object_row),
        cmocka_unit_test(test_corrupt_rows),
        cmocka_unit_test(test_many_names),
        cmocka_unit_test(test_limits_of_rows),
        cmocka_unit_test(test_outcome_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
