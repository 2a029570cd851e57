/* Any allocation may fail: the tree stays as it was. This program brings its own topics_alloc,
 * which takes the place of the one in memory.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topics/memory.h"
#include "topics/tree.h"

static uint64_t taken;   /* allocations asked for */
static uint64_t fail_at; /* the one that fails; 0: none */
static bool fail_on;     /* and all after it */
static int64_t live;     /* not yet given back */

void *topics_alloc(size_t size)
{
    taken++;
    if (fail_at != 0 && (taken == fail_at || (fail_on && taken > fail_at)))
        return NULL;
    live++;
    return size % 64 == 0 ? aligned_alloc(64, size) : malloc(size);
}

void topics_free(void *at)
{
    live -= at != NULL;
    free(at);
}

static uint32_t nodes_in_use(const struct topics *topics)
{
    uint32_t used = topics->nodes.used == 0 ? 0 : topics->nodes.used - 1;
    for (uint32_t id = topics->nodes.free; id != CELL_NONE; id = load_u32(node_at(topics, id)))
        used--;
    return used;
}

static bool sum(void *arg, uint32_t value)
{
    uint64_t *to = arg;
    to[0]++;
    to[1] += value;
    return true;
}

/* One number for all that the tree says. */
static uint64_t content(const struct topics *topics)
{
    uint64_t told[2] = {0, 0};
    assert_true(topics_match_names(topics, 1, bytes_text("#"), SIZE_MAX, sum, told));
    topics_match_filters(topics, 1, bytes_text("many"), sum, told);
    topics_match_filters(topics, 1, bytes_text("some/x"), sum, told);
    return told[0] << 40 | told[1];
}

/* What one step adds: deep and flat texts, long levels, '+', '#', and a set of one text that grows,
 * which is the form without a part behind the number. */
static struct bytes text_of(uint32_t step, char *text, size_t size)
{
    static const char *const forms[][2] = {
        {"many/#", NULL},
        {"deep/", "/b/c/d/e/f/g/h"},
        {"a level that does not fit inside the node ", "/x"},
        {"some/+/", ""},
        {"flat", ""},
        {"some/+/another level that does not fit inside ", "/#"},
        {"many/#", NULL},
        {"many/#", NULL},
    };
    const char *const *form = forms[step % ARRAY_COUNT(forms)];
    int used = form[1] == NULL ? snprintf(text, size, "%s", form[0])
                               : snprintf(text, size, "%s%u%s", form[0], step, form[1]);
    assert_true(used > 0 && (size_t)used < size);
    return bytes_of(text, (size_t)used);
}

/* Adds until one fails (at most `steps`), then checks that nothing of it is left, adds it again
 * with memory, and takes all out. Returns the steps that went well the first time. */
static uint32_t round_of_adds(uint32_t steps, uint64_t fail)
{
    char text[128];
    struct topics *topics;
    live = 0;
    taken = 0;
    fail_at = fail;
    enum err err = topics_create_seeded(5, &topics);
    if (err != OK) {
        assert_int_equal(err, ERR_NO_MEMORY);
        assert_int_equal(live, 0);
        return 0;
    }
    uint32_t step = 0;
    uint64_t before = 0;
    for (; step < steps && err == OK; step++) {
        bool near = fail_at != 0 && taken + 8 >= fail_at; /* content() for each would take long */
        uint32_t nodes = near ? nodes_in_use(topics) : 0;
        before = near ? content(topics) : 0;
        err = topics_add(topics, 1, text_of(step, text, sizeof text), step);
        if (err != OK) {
            assert_int_equal(err, ERR_NO_MEMORY);
            assert_true(near);
            assert_int_equal(nodes_in_use(topics), nodes);
            assert_int_equal(content(topics), before);
            assert_int_equal(topics_count(topics), step);
            fail_at = 0;
            assert_int_equal(topics_remove(topics, 1, text_of(step, text, sizeof text), step),
                             ERR_MISSING);
            assert_int_equal(topics_add(topics, 1, text_of(step, text, sizeof text), step), OK);
        }
    }
    fail_at = taken + 1; /* removing needs no memory */
    fail_on = true;
    for (uint32_t i = 0; i < step; i++)
        assert_int_equal(topics_remove(topics, 1, text_of(i, text, sizeof text), i), OK);
    assert_true(topics_empty(topics));
    assert_int_equal(nodes_in_use(topics), 0);
    assert_int_equal(topics->children.count, 0);
    assert_int_equal(topics->values.places.count, 0);
    assert_int_equal(topics->outside_bytes, 0);
    fail_on = false;
    topics_destroy(topics);
    assert_int_equal(live, 0);
    return err == OK ? step : step - 1;
}

#define STEPS 2400u
static void test_each_allocation_fails(void **arg)
{
    (void)arg;
    assert_int_equal(round_of_adds(STEPS, 0), STEPS);
    uint64_t needed = taken;
    assert_true(needed > 500);
    uint32_t failed = 0;
    for (uint64_t fail = 1; fail <= needed; fail++)
        failed += round_of_adds(STEPS, fail) < STEPS;
    /* Only a split that can wait gets over a failure. */
    assert_true(failed > needed - 60);
}

/* No memory for a long time: splits are put off until the buckets are full, then refused. */
static void test_no_memory_for_long(void **arg)
{
    (void)arg;
    char text[128];
    struct topics *topics;
    live = 0;
    fail_at = 0;
    assert_int_equal(topics_create_seeded(6, &topics), OK);
    uint32_t added = 0, refused = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        fail_on = i / 1500 % 2 == 1;
        fail_at = fail_on ? 1 : 0;
        snprintf(text, sizeof text, "x%u", i);
        enum err err = topics_add(topics, 1, bytes_text(text), i);
        added += err == OK;
        refused += err == ERR_NO_MEMORY;
        assert_int_equal(topics_count(topics), added);
    }
    fail_at = 0;
    fail_on = false;
    assert_true(refused > 1000);
    assert_int_equal(added + refused, 20000);
    uint32_t removed = 0;
    for (uint32_t i = 0; i < 20000; i++) {
        snprintf(text, sizeof text, "x%u", i);
        removed += topics_remove(topics, 1, bytes_text(text), i) == OK;
    }
    assert_int_equal(removed, added);
    assert_int_equal(nodes_in_use(topics), 0);
    topics_destroy(topics);
    assert_int_equal(live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_allocation_fails),
        cmocka_unit_test(test_no_memory_for_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
