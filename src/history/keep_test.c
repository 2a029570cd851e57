/* What goes when the disk is full: what policies let go, the lowest priority and the oldest part
 * first, and nothing else, with a warning before. */
#include "history/test_disk.h"
#include "history/test_house.h"

#define MIB ((uint64_t)1 << 20)

static uint64_t free_now;
static uint64_t used_most; /* above it the disk is nearly full; 0: free_now counts */
static unsigned warnings;
static char warned[512];

static enum err some_free(struct disk *port, uint64_t *ret_bytes)
{
    const struct test_disk *disk = test_disk_of(port);
    uint64_t used = 0;
    for (size_t i = 0; i < TEST_DISK_NAMES; i++)
        used += disk->now[i].inode != NULL ? disk->now[i].inode->size : 0;
    *ret_bytes = used_most == 0 ? free_now : used > used_most ? MIB / 2 : 100 * MIB;
    return OK;
}

static void tell(void *arg, enum log_level level, const char *text)
{
    (void)arg;
    if (level != LOG_WARN)
        return;
    warnings++;
    snprintf(warned, sizeof warned, "%s", text);
}

struct full_house {
    struct house house;
    struct test_disk *disk;
};

static int full_setup(void **state)
{
    struct full_house *full = calloc(1, sizeof *full);
    full->disk = calloc(1, sizeof *full->disk);
    test_disk_init(full->disk);
    full->disk->port.free_bytes = some_free;
    full->house.disk = &full->disk->port;
    free_now = 100 * MIB;
    warnings = 0;
    house_open_told(&full->house, 1 * MIB, tell);
    *state = full;
    return 0;
}

static int full_teardown(void **state)
{
    struct full_house *full = *state;
    house_close(&full->house);
    test_disk_done(full->disk);
    free(full->disk);
    free(full);
    return 0;
}

/* Rows 1, 2 and 3 have policies 1, 2 and none. */
static void rows_put(struct house *house, int64_t first, int64_t count)
{
    for (int64_t i = first; i < first + count; i++) {
        for (uint32_t row = 1; row <= 3; row++) {
            struct row_shape shape = {.row = row, .first_point = row, .count = 1};
            struct value value = value_of_real((double)i);
            struct sample_row sample = {
                .row = row, .count = 1, .time_ns = T0 + i * NS_PER_S, .values = &value};
            assert_int_equal(
                history_append(house->history, house->position, &shape, &sample, sample.time_ns),
                OK);
            history_advance(house->history, ++house->position);
        }
    }
}

static void policies_put(struct house *house)
{
    struct history_policy policies[3] = {
        {0}, {.drop_when_full = true, .priority = 10}, {.drop_when_full = true, .priority = 20}};
    assert_int_equal(history_policies(house->history, policies, 3), OK);
    for (uint32_t row = 1; row <= 2; row++) {
        struct row_shape shape = {.row = row, .first_point = row, .count = 1};
        assert_int_equal(history_assign(house->history, &shape, 0, VALUE_FLOAT64, (uint16_t)row, 0),
                         OK);
    }
    history_assigned(house->history, 0);
}

static uint64_t row_count(struct house *house, uint32_t row)
{
    struct history_view *view;
    struct history_scan *scan;
    assert_int_equal(history_view_open(house->history, &view), OK);
    assert_int_equal(history_scan_create(view, &scan), OK);
    uint8_t type = VALUE_FLOAT64;
    struct history_query query = {
        .row = row, .types = &type, .count = 1, .from_ns = 0, .to_ns = INT64_MAX};
    struct history_piece piece;
    uint64_t count = 0;
    assert_int_equal(history_scan_row(scan, &query), OK);
    while (history_scan_next(scan, &piece) == OK)
        count += piece.rows.rows;
    history_scan_destroy(scan);
    history_view_close(view);
    return count;
}

static void what_may_go_goes_and_nothing_else(void **state)
{
    struct full_house *full = *state;
    struct house *house = &full->house;
    policies_put(house);
    for (int part = 0; part < 3; part++) {
        rows_put(house, part * 100, 100);
        house_seal(house);
    }
    assert_int_equal(warnings, 0);
    struct history_state told;
    history_describe(house->history, &told);
    used_most = told.bytes[PART_RAW]; /* the list is too much: one part has to give */
    house_space_look(house);
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(warned, "goes now"));
    used_most = 0;
    assert_int_equal(row_count(house, 1), 200);
    assert_int_equal(row_count(house, 2), 300);
    assert_int_equal(row_count(house, 3), 300);
    free_now = MIB / 2;
    for (int i = 0; i < 20; i++)
        house_space_look(house);
    assert_int_equal(row_count(house, 1), 0);
    assert_int_equal(row_count(house, 2), 0);
    assert_int_equal(row_count(house, 3), 300);
    history_describe(house->history, &told);
    assert_int_equal(told.dropped, 600);
}

static void without_a_policy_nothing_goes(void **state)
{
    struct full_house *full = *state;
    struct house *house = &full->house;
    rows_put(house, 0, 100);
    house_seal(house);
    free_now = 2 * MIB; /* below four times the reserve: the warning comes before */
    house_space_look(house);
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(warned, "no policy lets anything go"));
    free_now = 0;
    for (int i = 0; i < 5; i++)
        house_space_look(house);
    assert_int_equal(warnings, 1); /* not each time */
    for (uint32_t row = 1; row <= 3; row++)
        assert_int_equal(row_count(house, row), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_may_go_goes_and_nothing_else, full_setup,
                                        full_teardown),
        cmocka_unit_test_setup_teardown(without_a_policy_nothing_goes, full_setup, full_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
