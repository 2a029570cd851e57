/* The store on a real disk with workers that work at once: what goes in comes out, through windows,
 * parts, merges and starts. */
#include "history/test_house.h"

/* Row 1 with columns 0 and 1: a value, and a counter. */
static void put(struct house *house, int64_t time_ns, double a, int64_t b)
{
    static const struct row_shape shape = {.row = 1, .first_point = 1, .count = 2};
    struct value values[2] = {value_of_real(a),
                              {.type = VALUE_INT64, .present = true, .number = b}};
    struct sample_row sample = {.row = 1, .count = 2, .time_ns = time_ns, .values = values};
    assert_int_equal(history_append(house->history, house->position, &shape, &sample,
                                    time_ns + 1500 * NS_PER_MS),
                     OK);
    house->position++;
    history_advance(house->history, house->position);
}

static const uint8_t types[2] = {VALUE_FLOAT64, VALUE_INT64};

struct found {
    size_t count;
    int64_t times[20000];
    double a[20000];
    int64_t b[20000], lateness[20000];
    struct history_cost cost;
};

static double real_of(uint64_t word)
{
    double real;
    memcpy(&real, &word, sizeof real);
    return real;
}

static void take(struct found *found, const struct history_piece *piece, bool backward)
{
    size_t at = found->count;
    if (backward)
        at = 0;
    if (backward) {
        memmove(found->times + piece->rows.rows, found->times, found->count * sizeof(int64_t));
        memmove(found->a + piece->rows.rows, found->a, found->count * sizeof(double));
        memmove(found->b + piece->rows.rows, found->b, found->count * sizeof(int64_t));
    }
    for (uint32_t i = 0; i < piece->rows.rows; i++) {
        const struct chunk_column *columns = piece->rows.columns;
        found->times[at + i] = piece->rows.times[i];
        bool some = columns[0].cells == NULL || columns[0].cells[i] == CELL_VALUE;
        found->a[at + i] = some ? real_of(columns[0].words[i]) : -1;
        some = columns[1].cells == NULL || columns[1].cells[i] == CELL_VALUE;
        found->b[at + i] = some ? (int64_t)columns[1].words[i] : -1;
        found->lateness[at + i] = (int64_t)columns[2].words[i];
    }
    found->count += piece->rows.rows;
}

static void scan(struct house *house, int64_t from, int64_t to, bool backward, struct found *found)
{
    struct history_view *view;
    struct history_scan *scan;
    assert_int_equal(history_view_open(house->history, &view), OK);
    assert_int_equal(history_scan_create(view, &scan), OK);
    struct history_query query = {.row = 1,
                                  .types = types,
                                  .count = 2,
                                  .lateness = true,
                                  .backward = backward,
                                  .from_ns = from,
                                  .to_ns = to};
    found->count = 0;
    assert_int_equal(history_scan_row(scan, &query), OK);
    struct history_piece piece;
    enum err err;
    while ((err = history_scan_next(scan, &piece)) == OK)
        take(found, &piece, backward);
    assert_int_equal(err, ERR_MISSING);
    history_scan_cost(scan, &found->cost);
    history_scan_destroy(scan);
    history_view_close(view);
}

/* Sample i of `count`, a second apart: a is i / 10, b is i. */
static void expect_range(struct house *house, int64_t first, int64_t count)
{
    static struct found found;
    for (int backward = 0; backward < 2; backward++) {
        scan(house, T0 + first * NS_PER_S, T0 + (first + count) * NS_PER_S, backward, &found);
        assert_int_equal(found.count, count);
        assert_int_equal(found.cost.missing, 0);
        for (int64_t i = 0; i < count; i++) {
            assert_int_equal(found.times[i], T0 + (first + i) * NS_PER_S);
            assert_true(found.a[i] == (double)(first + i) / 10);
            assert_int_equal(found.b[i], first + i);
            if (!backward)
                assert_int_equal(found.lateness[i], 1);
        }
    }
}

static void put_range(struct house *house, int64_t first, int64_t count)
{
    for (int64_t i = first; i < first + count; i++)
        put(house, T0 + i * NS_PER_S, (double)i / 10, i);
}

static void a_window_answers_at_once(void **state)
{
    struct house *house = *state;
    expect_range(house, 0, 0);
    put_range(house, 0, 1000);
    expect_range(house, 0, 1000);
    expect_range(house, 200, 300);
}

static void a_sealed_window_answers_the_same(void **state)
{
    struct house *house = *state;
    put_range(house, 0, 10000);
    house_seal(house);
    assert_int_equal(history_sealed(house->history), house->position);
    expect_range(house, 0, 10000);
    expect_range(house, 5000, 7);
    put_range(house, 10000, 50);
    expect_range(house, 9000, 1050);
}

static void late_and_double_samples_find_their_place(void **state)
{
    struct house *house = *state;
    for (int64_t i = 0; i < 3000; i++) /* wrong at first */
        put(house, T0 + i * NS_PER_S, 7, 7);
    house_seal(house);
    for (int64_t i = 2999; i >= 0; i -= 3)
        put_range(house, i, 1);
    house_seal(house);
    for (int64_t i = 2998; i >= 0; i -= 3)
        put_range(house, i, 1);
    for (int64_t i = 2997; i >= 0; i -= 3)
        put_range(house, i, 1);
    expect_range(house, 0, 3000);
    house_seal(house);
    expect_range(house, 0, 3000);
    history_merge_now(house->history);
    house_idle(house);
    expect_range(house, 0, 3000);
    struct history_state told;
    history_describe(house->history, &told);
    assert_int_equal(told.parts[PART_RAW], 1);
    assert_int_equal(told.values[PART_RAW], 6000);
}

static void merges_come_by_themselves_and_a_start_finds_all(void **state)
{
    struct house *house = *state;
    for (int64_t part = 0; part < 20; part++) {
        put_range(house, part * 100, 100);
        house_seal(house);
    }
    struct history_state told;
    history_describe(house->history, &told);
    assert_int_equal(told.parts[PART_RAW], 2 + 4);
    expect_range(house, 0, 2000);
    house_close(house);
    house_open(house);
    assert_int_equal(house->position, 2001);
    expect_range(house, 0, 2000);
    history_describe(house->history, &told);
    assert_int_equal(told.parts[PART_RAW], 2 + 4);
}

static void what_was_not_sealed_is_fed_again(void **state)
{
    struct house *house = *state;
    put_range(house, 0, 100);
    house_seal(house);
    put_range(house, 100, 100);
    house_close(house);
    house_open(house);
    assert_int_equal(history_sealed(house->history), 101);
    house->position = 1; /* all of it, as from a journal */
    put_range(house, 0, 200);
    expect_range(house, 0, 200);
    struct history_state told;
    history_describe(house->history, &told);
    assert_int_equal(told.head_values, 200);
}

static void erased_samples_are_gone(void **state)
{
    static struct found found;
    struct house *house = *state;
    put_range(house, 0, 1000);
    house_seal(house);
    put_range(house, 1000, 1000);
    struct history_point point = {.row = 1, .point = 1, .column = 0};
    assert_int_equal(history_erase(house->history, house->position, &point, 1, T0 + 900 * NS_PER_S,
                                   T0 + 1100 * NS_PER_S),
                     OK);
    put(house, T0 + 950 * NS_PER_S, 95, 950); /* came later: it stays */
    for (int round = 0; round < 3; round++) {
        scan(house, T0, T0 + 2000 * NS_PER_S, round == 1, &found);
        assert_int_equal(found.count, 2000);
        for (int64_t i = 0; i < 2000; i++) {
            bool gone = i >= 900 && i < 1100 && i != 950;
            assert_true(found.a[i] == (gone ? -1 : (double)i / 10));
            assert_int_equal(found.b[i], i);
        }
        house_seal(house);
        house_idle(house);
    }
    assert_int_equal(history_erased(house->history), house->position);
    struct history_state told;
    history_describe(house->history, &told);
    assert_int_equal(told.values[PART_RAW], 4000 - 200 + 2);
}

static bool any(void *arg, int64_t first_ns, int64_t last_ns)
{
    (void)arg;
    return first_ns >= T0 && last_ns > first_ns;
}

static void whole_chunks_are_told_by_their_summary(void **state)
{
    struct house *house = *state;
    put_range(house, 0, 10000);
    house_seal(house);
    struct history_view *view;
    struct history_scan *scan;
    assert_int_equal(history_view_open(house->history, &view), OK);
    assert_int_equal(history_scan_create(view, &scan), OK);
    struct history_query query = {.row = 1,
                                  .types = types,
                                  .count = 2,
                                  .whole = any,
                                  .from_ns = T0 + 5 * NS_PER_S,
                                  .to_ns = T0 + 10000 * NS_PER_S};
    assert_int_equal(history_scan_row(scan, &query), OK);
    struct history_piece piece;
    uint64_t samples = 0, summed = 0;
    while (history_scan_next(scan, &piece) == OK) {
        if (piece.summaries != NULL)
            summed += piece.summaries[1].samples;
        else
            samples += piece.rows.rows;
    }
    assert_int_equal(samples, 4096 - 5);
    assert_int_equal(summed, 10000 - 4096);
    struct history_cost cost;
    history_scan_cost(scan, &cost);
    assert_int_equal(cost.chunks, 1);
    assert_int_equal(cost.summaries, 2);
    struct history_sample sample;
    assert_int_equal(history_sample_find(scan, 1, 1, VALUE_INT64, T0 + 77 * NS_PER_S + 5,
                                         HISTORY_BEFORE, &sample),
                     OK);
    assert_int_equal(sample.value.number, 77);
    assert_int_equal(sample.lateness_s, 1);
    assert_int_equal(history_sample_find(scan, 1, 1, VALUE_INT64, T0 + 77 * NS_PER_S + 5,
                                         HISTORY_AFTER, &sample),
                     OK);
    assert_int_equal(sample.value.number, 78);
    assert_int_equal(history_sample_find(scan, 1, 1, VALUE_INT64, T0 - 1, HISTORY_BEFORE, &sample),
                     ERR_MISSING);
    history_scan_destroy(scan);
    history_view_close(view);
}

static void a_deadband_thins_what_is_sealed(void **state)
{
    static struct found found;
    struct house *house = *state;
    const struct row_shape shape = {.row = 1, .first_point = 1, .count = 2};
    struct history_policy policies[2] = {{0}, {.deadband = 0.45}};
    assert_int_equal(history_policies(house->history, policies, 2), OK);
    assert_int_equal(history_assign(house->history, &shape, 0, VALUE_FLOAT64, 1, 0), OK);
    history_assigned(house->history, 0);
    put_range(house, 0, 1000);
    house_seal(house);
    scan(house, T0, T0 + 1000 * NS_PER_S, false, &found);
    assert_int_equal(found.count, 1000);
    double kept = -100;
    size_t kept_count = 0;
    for (int64_t i = 0; i < 1000; i++) {
        assert_int_equal(found.b[i], i);
        if (found.a[i] < 0) {
            assert_true((double)i / 10 - kept <= 0.45);
            continue;
        }
        assert_true(found.a[i] == (double)i / 10);
        assert_true(found.a[i] - kept > 0.45);
        kept = found.a[i];
        kept_count++;
    }
    assert_int_equal(kept_count, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_window_answers_at_once, house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(a_sealed_window_answers_the_same, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(late_and_double_samples_find_their_place, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(merges_come_by_themselves_and_a_start_finds_all,
                                        house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(what_was_not_sealed_is_fed_again, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(erased_samples_are_gone, house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(whole_chunks_are_told_by_their_summary, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(a_deadband_thins_what_is_sealed, house_setup,
                                        house_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
