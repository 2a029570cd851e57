/* The embedded data is what demo/data/README.md says it is. */
#include "cli/demo_data.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct demo_data data;

static int load(void **state)
{
    (void)state;
    return demo_data_load(&data) == OK ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    demo_data_free(&data);
    return 0;
}

static const struct demo_stream *stream_of(const char *topic)
{
    for (size_t i = 0; i < data.stream_count; i++)
        if (strcmp(data.streams[i].topic, topic) == 0)
            return &data.streams[i];
    return NULL;
}

static void counts_are_those_of_the_readme(void **state)
{
    (void)state;
    uint64_t rows[DEMO_SETS] = {0}, points[DEMO_SETS] = {0};
    for (size_t i = 0; i < data.stream_count; i++) {
        rows[data.streams[i].set] += data.streams[i].rows;
        points[data.streams[i].set] += data.streams[i].columns;
    }
    assert_int_equal(data.stream_count, 18);
    assert_int_equal(rows[DEMO_HYDRAULIC], 81435);
    assert_int_equal(rows[DEMO_FIRE], 2185);
    assert_int_equal(rows[DEMO_AIR], 6366);
    assert_int_equal(points[DEMO_HYDRAULIC], 9);
    assert_int_equal(points[DEMO_FIRE], 1225);
    assert_int_equal(points[DEMO_AIR], 13);
    assert_int_equal(data.values[DEMO_HYDRAULIC], 327075);
    assert_int_equal(data.values[DEMO_FIRE], 164486);
    assert_int_equal(data.values[DEMO_AIR], 82758);
}

static void values_are_those_of_the_files(void **state)
{
    (void)state;
    const struct demo_stream *rig = stream_of("zema/hydraulics/testbench/rig1");
    assert_non_null(rig);
    assert_string_equal(rig->keys[1], "TS2");
    assert_true(rig->values[1] == 40.961);          /* cycle 0, second 0 */
    assert_true(rig->values[60 * 4 + 3] == 33.648); /* cycle 1, second 0 */
    assert_true(rig->times_ns[61] == 61 * NS_PER_S);
    const struct demo_stream *air = stream_of("city/streets/main-road/air");
    assert_non_null(air);
    assert_string_equal(air->keys[0], "CO(GT)");
    assert_true(air->values[0] == 2.6 && air->values[12] == 0.7578);
    char text[TIME_TEXT_SIZE];
    assert_string_equal(time_format(air->times_ns[0], text), "2004-03-10T18:00:00.000Z");
    const struct demo_stream *house = stream_of("nist/fire-lab/house/sdc02");
    assert_non_null(house);
    assert_string_equal(house->keys[0], "TCA_1");
    assert_true(house->values[0] == 22.2 && house->times_ns[1] == 2 * NS_PER_S);
}

static void what_is_missing_is_no_number(void **state)
{
    (void)state;
    uint64_t missing[DEMO_SETS] = {0};
    for (size_t i = 0; i < data.stream_count; i++) {
        const struct demo_stream *stream = &data.streams[i];
        for (size_t v = 0; v < (size_t)stream->rows * stream->columns; v++) {
            missing[stream->set] += isnan(stream->values[v]) != 0;
            assert_true(stream->set != DEMO_AIR || stream->values[v] != -200);
        }
        for (uint32_t row = 1; row < stream->rows; row++)
            assert_true(stream->times_ns[row] > stream->times_ns[row - 1]);
    }
    assert_int_equal(missing[DEMO_HYDRAULIC], 0);
    assert_true(missing[DEMO_AIR] > 5000);
    assert_true(missing[DEMO_FIRE] > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_those_of_the_readme),
        cmocka_unit_test(values_are_those_of_the_files),
        cmocka_unit_test(what_is_missing_is_no_number),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
