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

enum fail { FAIL_NEVER, FAIL_ONE, FAIL_ALL, FAIL_ODD };
static enum fail fail;
static uint64_t fail_at; /* FAIL_ONE: which */
static uint64_t taken;   /* allocations asked for */
static int64_t live;     /* not yet given back */

void *topics_alloc(size_t size)
{
    taken++;
    if (fail == FAIL_ALL || (fail == FAIL_ONE && taken == fail_at) ||
        (fail == FAIL_ODD && taken % 2 == 1))
        return NULL;
    live++;
    return size % 64 == 0 ? aligned_alloc(64, size) : malloc(size);
}

void topics_free(void *at)
{
    live -= at != NULL;
    free(at);
}

static uint32_t cells_in_use(const struct pool *pool)
{
    uint32_t used = pool->used == 0 ? 0 : pool->used - 1;
    for (uint32_t id = pool->free; id != CELL_NONE; id = load_u32(pool_cell(pool, id)))
        used--;
    return used;
}

/* Nothing is left of what was taken out. */
static void check_pruned(const struct topics *topics)
{
    assert_true(topics_empty(topics));
    assert_int_equal(cells_in_use(&topics->nodes), 0);
    assert_int_equal(cells_in_use(&topics->values.blocks), 0);
    assert_int_equal(topics->children.count, 0);
    assert_int_equal(topics->values.places.count, 0);
    assert_int_equal(topics->outside_bytes, 0);
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

static enum err step_add(struct topics *topics, uint32_t step)
{
    char text[128];
    return topics_add(topics, 1, text_of(step, text, sizeof text), step);
}

static enum err step_remove(struct topics *topics, uint32_t step)
{
    char text[128];
    return topics_remove(topics, 1, text_of(step, text, sizeof text), step);
}

/* The add in which the allocation fails. It changes nothing, and goes well when there is memory;
 * or it does not need what it asked for: a split that can wait. */
static void step_fails(struct topics *topics, uint32_t step)
{
    uint32_t nodes = cells_in_use(&topics->nodes), blocks = cells_in_use(&topics->values.blocks);
    uint64_t before = content(topics);
    enum err err = step_add(topics, step);
    if (err == OK)
        return;
    assert_int_equal(err, ERR_NO_MEMORY);
    assert_int_equal(cells_in_use(&topics->nodes), nodes);
    assert_int_equal(cells_in_use(&topics->values.blocks), blocks);
    assert_int_equal(content(topics), before);
    assert_int_equal(topics_count(topics), step);
    fail = FAIL_NEVER;
    assert_int_equal(step_remove(topics, step), ERR_MISSING);
    assert_int_equal(step_add(topics, step), OK);
}

/* Adds all with the allocation `failing` failing, takes all out again without any memory. `needed`:
 * how many allocations there had been before each step, filled when none fails. Returns whether the
 * failure was told. */
#define STEPS 2400u
static bool round_of_adds(uint64_t failing, uint64_t *needed)
{
    struct topics *topics;
    live = 0;
    taken = 0;
    fail = failing == 0 ? FAIL_NEVER : FAIL_ONE;
    fail_at = failing;
    if (topics_create_seeded(5, &topics) != OK) {
        assert_int_equal(failing, 1);
        assert_int_equal(live, 0);
        return true;
    }
    for (uint32_t step = 0; step < STEPS; step++) {
        if (failing == 0)
            needed[step] = taken;
        if (failing != 0 && needed[step] < failing && needed[step + 1] >= failing)
            step_fails(topics, step);
        else
            assert_int_equal(step_add(topics, step), OK);
    }
    if (failing == 0)
        needed[STEPS] = taken;
    bool told = fail == FAIL_NEVER && failing != 0;
    fail = FAIL_ALL;
    for (uint32_t step = 0; step < STEPS; step++)
        assert_int_equal(step_remove(topics, step), OK);
    check_pruned(topics);
    topics_destroy(topics);
    assert_int_equal(live, 0);
    return told;
}

static void test_each_allocation_fails(void **arg)
{
    (void)arg;
    static uint64_t needed[STEPS + 1];
    assert_false(round_of_adds(0, needed));
    uint32_t told = 0;
    assert_true(needed[STEPS] > 500);
    for (uint64_t failing = 1; failing <= needed[STEPS]; failing++)
        told += round_of_adds(failing, needed);
    /* Only a split that can wait gets over a failure. */
    assert_true(told > needed[STEPS] - 60);
}

/* No memory for a long time: splits are put off until the buckets are full, then refused; then
 * every other allocation goes well. */
static void long_round(uint32_t texts_every)
{
    enum { MANY = 40000 };
    static bool added[MANY];
    static const enum fail phases[] = {FAIL_NEVER, FAIL_ALL, FAIL_ODD};
    char text[128];
    struct topics *topics;
    uint32_t refused = 0;
    live = 0;
    fail = FAIL_NEVER;
    assert_int_equal(topics_create_seeded(6, &topics), OK);
    for (uint32_t i = 0; i < MANY; i++) {
        fail = phases[i / 1500 % ARRAY_COUNT(phases)];
        snprintf(text, sizeof text, "x%u", i / texts_every);
        enum err err = topics_add(topics, 1, bytes_text(text), i);
        assert_true(err == OK || err == ERR_NO_MEMORY);
        added[i] = err == OK;
        refused += !added[i];
        assert_int_equal(topics_count(topics), i + 1 - refused);
    }
    assert_true(refused > 100);
    fail = FAIL_ALL;
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "x%u", i / texts_every);
        assert_int_equal(topics_remove(topics, 1, bytes_text(text), i),
                         added[i] ? OK : ERR_MISSING);
    }
    check_pruned(topics);
    topics_destroy(topics);
    assert_int_equal(live, 0);
}

static void test_no_memory_for_long(void **arg)
{
    (void)arg;
    long_round(1);
    long_round(70); /* sets that just come into the table */
    long_round(400);
}

/* Tags that begin alike fill a bucket while it cannot be split; when it can, it takes many splits
 * until one of them makes room. */
static void test_splits_put_off(void **arg)
{
    (void)arg;
    enum { MANY = 3000 };
    struct tags tags = {0};
    uint32_t count = 0;
    live = 0;
    for (uint32_t id = 1; id <= MANY; id++) {
        fail = id > 1 && id <= 700 ? FAIL_ALL : FAIL_NEVER;
        enum err err = tags_insert(&tags, UINT32_C(0xabcd0000) | (id * 40503 & 0xffff), id);
        assert_int_equal(err, id <= 480 || id > 700 ? OK : ERR_NO_MEMORY);
        count += err == OK;
        assert_int_equal(tags.count, count);
    }
    for (uint32_t id = 1; id <= MANY; id++) {
        struct tags_probe probe;
        uint32_t tag = UINT32_C(0xabcd0000) | (id * 40503 & 0xffff), found = 0;
        for (uint32_t at = tags_first(&tags, &probe, tag); at != 0; at = tags_next(&probe))
            found += at == id;
        assert_int_equal(found, id <= 480 || id > 700);
    }
    tags_done(&tags);
    assert_int_equal(live, 0);
}

/* The last chunk of a pool that had all the others, which are not really there. */
static void test_pool_limit(void **arg)
{
    (void)arg;
    enum { CHUNKS = POOL_CELLS_MAX >> POOL_CHUNK_SHIFT };
    struct pool pool = {.chunk_count = CHUNKS - 1, .chunk_capacity = CHUNKS};
    fail = FAIL_NEVER;
    live = 0;
    pool.chunks = topics_alloc(CHUNKS * sizeof *pool.chunks);
    assert_non_null(pool.chunks);
    memset(pool.chunks, 0, CHUNKS * sizeof *pool.chunks);
    pool.used = (CHUNKS - 1) << POOL_CHUNK_SHIFT;
    for (uint32_t id = pool.used; id < POOL_CELLS_MAX; id++)
        assert_int_equal(pool_take(&pool), id);
    assert_int_equal(pool_take(&pool), CELL_NONE);
    pool_give(&pool, POOL_CELLS_MAX - 7);
    assert_int_equal(pool_take(&pool), POOL_CELLS_MAX - 7);
    assert_int_equal(pool_take(&pool), CELL_NONE);
    pool_done(&pool);
    assert_int_equal(live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pool_limit),
        cmocka_unit_test(test_splits_put_off),
        cmocka_unit_test(test_each_allocation_fails),
        cmocka_unit_test(test_no_memory_for_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
