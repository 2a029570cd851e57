/* Paths of points, as facts tell them. */
#include "client/client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct readback_paths *paths;

static int create(void **state)
{
    (void)state;
    return readback_paths_create(&paths) == OK ? 0 : -1;
}

static int destroy(void **state)
{
    (void)state;
    readback_paths_destroy(paths);
    return 0;
}

static void take_row(uint32_t first, const char *prefix, const char *a, const char *b)
{
    struct fact_row_point points[2] = {{VALUE_FLOAT64, bytes_text(a)},
                                       {VALUE_FLOAT64, bytes_text(b != NULL ? b : "")}};
    struct fact fact = {.kind = FACT_ROW};
    fact.row.shape = (struct row_shape){1, first, b != NULL ? 2 : 1};
    fact.row.prefix = bytes_text(prefix);
    fact.row.points = points;
    assert_int_equal(readback_paths_take(paths, &fact), OK);
}

static void take_command(uint8_t kind, const char *path, const char *new_path)
{
    struct fact fact = {.kind = FACT_COMMAND};
    fact.command.kind = kind;
    fact.command.path = bytes_text(path);
    fact.command.new_path = bytes_text(new_path);
    assert_int_equal(readback_paths_take(paths, &fact), OK);
}

static void assert_path(uint32_t point, const char *wanted)
{
    assert_true(bytes_equal(readback_paths_find(paths, point), bytes_text(wanted)));
}

static void a_row_names_its_points(void **state)
{
    (void)state;
    take_row(1, "a/b", "x", "y/z");
    take_row(3, "", "alone", NULL);
    assert_path(1, "a/b/x");
    assert_path(2, "a/b/y/z");
    assert_path(3, "alone");
    assert_path(4, "");
    assert_path(0, "");
    assert_path(UINT32_MAX, "");
}

static void a_far_point_is_found(void **state)
{
    (void)state;
    take_row(1000000, "far", "x", "y");
    assert_path(1000001, "far/y");
    assert_path(999999, "");
}

static void commands_create_and_rename(void **state)
{
    (void)state;
    take_row(1, "a", "x", "y");
    take_command(COMMAND_CREATE, "made/by/hand", "");
    assert_path(3, "made/by/hand");
    take_command(COMMAND_CREATE, "a/x", ""); /* is there: refused, no number taken */
    assert_path(4, "");
    take_command(COMMAND_RENAME, "a/y", "a/renamed");
    assert_path(2, "a/renamed");
    assert_path(1, "a/x");
    take_command(COMMAND_RENAME, "no/such", "b");
    assert_path(3, "made/by/hand");
}

static void a_row_overwrites_a_wrong_guess(void **state)
{
    (void)state;
    take_row(1, "a", "x", NULL);
    take_command(COMMAND_CREATE, "refused/by/a/limit", "");
    take_row(2, "b", "y", NULL);
    assert_path(2, "b/y");
    take_command(COMMAND_CREATE, "next", "");
    assert_path(3, "next");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_row_names_its_points, create, destroy),
        cmocka_unit_test_setup_teardown(a_far_point_is_found, create, destroy),
        cmocka_unit_test_setup_teardown(commands_create_and_rename, create, destroy),
        cmocka_unit_test_setup_teardown(a_row_overwrites_a_wrong_guess, create, destroy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
