/* Any piece of memory may be refused: the tree stays whole, and what could not be done is caught up
 * with. This program brings its own functions of memory.h, which take the place of memory.c. */
#include "namespace/test_points.h"

#include "namespace/memory.h"
#include "namespace/tree.h"

static uint64_t refuse_at; /* the how many-th is refused; 0: none */
static bool refuse_all;
static uint64_t asked;
static int64_t texts; /* not yet given back */

static bool refused(void)
{
    asked++;
    return refuse_all || asked == refuse_at;
}

enum err space_rows_grow(struct state_table *table, uint32_t count)
{
    return refused() ? ERR_NO_MEMORY : state_table_grow(table, count);
}

uint32_t *space_roots_grow(uint32_t *roots, uint32_t count)
{
    return refused() ? NULL : realloc(roots, count * sizeof *roots);
}

uint8_t *space_text_alloc(size_t size)
{
    uint8_t *at = refused() ? NULL : malloc(size);
    texts += at != NULL;
    return at;
}

void space_text_free(uint8_t *at)
{
    texts -= at != NULL;
    free(at);
}

static void test_nothing_for_the_root(void **state)
{
    (void)state;
    struct fixture f = {0};
    assert_int_equal(state_create(&f.state), OK);
    assert_int_equal(points_create(f.state, &points_limits_default, &f.points), OK);
    refuse_all = true;
    assert_int_equal(namespace_create(f.points, &f.space), ERR_NO_MEMORY);
    refuse_all = false;
    assert_null(f.space);
    fixture_close(&f);
}

static void test_points_are_tried_again(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_row(&f, 1, "a", "x y");
    refuse_all = true; /* the first needs a place in the table */
    for (int i = 0; i < 3; i++) {
        assert_false(namespace_catch_up(f.space, 10, NULL, NULL));
        assert_int_equal(namespace_entered(f.space), 0);
        assert_int_equal(namespace_nodes(f.space), 0);
    }
    refuse_all = false;
    assert_true(namespace_catch_up(f.space, 10, NULL, NULL));
    assert_int_equal(fixture_count(&f, "a"), 2);
    fixture_close(&f);
}

static void fresh_take(void *arg, uint32_t point)
{
    uint32_t *told = arg;
    *told = point;
}

/* A renamed point copies its names: each of the copies may be the one that fails. */
static void test_a_rename_without_memory(void **state)
{
    (void)state;
    for (uint64_t at = 1; at <= 4; at++) {
        struct fixture f;
        fixture_open(&f);
        fixture_create(&f, "a/b");
        fixture_create(&f, "n");
        fixture_create(&f, "z");
        fixture_catch_up(&f);
        assert_int_equal(fixture_command(&f, COMMAND_RENAME, "a/b", "n/o/p/q").code, OUTCOME_DONE);
        asked = 0;
        refuse_at = at;
        namespace_point_changed(f.space, 1);
        refuse_at = 0;
        assert_int_equal(namespace_find(f.space, TENANT_DEFAULT, bytes_text("a")), NAMESPACE_NONE);
        bool failed = at <= 3; /* o, p, q */
        assert_int_equal(fixture_count(&f, ""), failed ? 2 : 3);
        assert_int_equal(namespace_nodes(f.space), failed ? 3 : 6);
        assert_int_equal(fixture_node(&f, "n").point, 2);
        assert_int_equal(fixture_node(&f, "n").branch, !failed);
        assert_int_equal(namespace_entered(f.space), failed ? 0 : 3);
        assert_int_equal(texts, failed ? 0 : 3);
        uint32_t told = POINT_NONE;
        assert_true(namespace_catch_up(f.space, 10, fresh_take, &told));
        assert_int_equal(told, failed ? 1 : POINT_NONE); /* those that are in are not told again */
        assert_int_equal(fixture_node(&f, "n/o/p/q").point, 1);
        assert_int_equal(fixture_count(&f, ""), 3);
        assert_int_equal(texts, 3);
        fixture_close(&f);
        assert_int_equal(texts, 0);
    }
}

/* The table of nodes is full but for some: points that need more are refused, and when others left,
 * their nodes are enough. */
static void test_freed_nodes_are_enough(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    char path[32];
    uint32_t count = 0;
    fixture_create(&f, "keep");
    fixture_catch_up(&f);
    refuse_all = true;
    do {
        sprintf(path, "p/%u", ++count);
        fixture_create(&f, path);
    } while (namespace_catch_up(f.space, 10, NULL, NULL));
    uint32_t nodes = namespace_nodes(f.space);
    assert_true(nodes > 60000);
    assert_int_equal(fixture_count(&f, "p"), count - 1);
    for (uint32_t i = 1; i <= 20; i++) {
        sprintf(path, "p/%u", i);
        fixture_command(&f, COMMAND_RETIRE, path, "");
        namespace_point_changed(f.space, 1 + i);
    }
    assert_true(namespace_catch_up(f.space, 10, NULL, NULL));
    assert_int_equal(fixture_count(&f, "p"), count - 20);
    assert_int_equal(namespace_nodes(f.space), nodes - 19);
    refuse_all = false;
    fixture_close(&f);
}

static void test_memory_is_counted_and_used_again(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_create(&f, "a");
    fixture_catch_up(&f);
    uint64_t before = namespace_memory(f.space);
    char from[32] = "a", to[32];
    for (int i = 0; i < 1000; i++) {
        sprintf(to, "branch-%d/leaf", i);
        assert_int_equal(fixture_command(&f, COMMAND_RENAME, from, to).code, OUTCOME_DONE);
        namespace_point_changed(f.space, 1);
        strcpy(from, to);
    }
    assert_int_equal(namespace_memory(f.space), before + strlen("branch-999") + strlen("leaf"));
    assert_int_equal(texts, 2);
    assert_true(f.space->used <= 1 + ENTER_NODES_MAX); /* nodes ever taken */
    fixture_close(&f);
    assert_int_equal(texts, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_for_the_root),
        cmocka_unit_test(test_points_are_tried_again),
        cmocka_unit_test(test_a_rename_without_memory),
        cmocka_unit_test(test_freed_nodes_are_enough),
        cmocka_unit_test(test_memory_is_counted_and_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
