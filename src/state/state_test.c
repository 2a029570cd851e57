/* Tables, their hash, and the cut: the frozen moment is exactly the state at its beginning. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "state/state.h"
#include "base/test_random.h"

#define TABLES 3
static const uint32_t row_sizes[TABLES] = {16, 64, 4096};
struct fixture {
    struct state *state;
    struct state_table tables[TABLES];
};

static void fixture_open(struct fixture *f)
{
    assert_int_equal(state_create(&f->state), OK);
    /* Registered out of the order of their ids: the hash must not care. */
    state_table_init(f->state, &f->tables[2], 9, row_sizes[2], true);
    state_table_init(f->state, &f->tables[0], 1, row_sizes[0], true);
    state_table_init(f->state, &f->tables[1], 4, row_sizes[1], true);
}

static void test_rows(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    struct state_table *table = &f.tables[1];
    assert_int_equal(state_table_capacity(table), 0);
    state_prefetch(table, 5); /* not there: fine */
    assert_int_equal(state_table_grow(table, 1), OK);
    assert_int_equal(state_table_capacity(table), 32 * 1024);
    assert_int_equal(state_table_page_rows(table), 1024);
    uint8_t *first = state_write(table, 0);
    for (uint32_t i = 0; i < 1024; i++)
        assert_ptr_equal((const uint8_t *)state_read(table, i), first + (size_t)i * 64);
    *first = 7;
    /* Growing moves nothing and forgets nothing. */
    assert_int_equal(state_table_grow(table, 300 * 1024), OK);
    assert_true(state_table_capacity(table) >= 300 * 1024);
    assert_ptr_equal(state_read(table, 0), first);
    assert_int_equal(*first, 7);
    const uint8_t *last = state_read(table, state_table_capacity(table) - 1);
    assert_int_equal(last[63], 0);
    assert_true((uintptr_t)last % 64 == 0);
    state_destroy(f.state);
    state_destroy(NULL);
}

static void test_hash(void **arg)
{
    (void)arg;
    struct fixture f, g;
    fixture_open(&f);
    fixture_open(&g);
    uint64_t empty = state_hash(f.state);
    assert_int_equal(state_table_grow(&f.tables[0], 1000000), OK);
    assert_true(state_hash(f.state) == empty); /* growing alone does not change it */
    uint8_t *row = state_write(&f.tables[0], 500000);
    *row = 1;
    uint64_t one = state_hash(f.state);
    assert_true(one != empty);
    assert_true(state_hash(f.state) == one);
    /* A write after a hash is seen, and so is its undoing: zero pages are absent. */
    row = state_write(&f.tables[0], 500000);
    *row = 0;
    assert_true(state_hash(f.state) == empty);
    /* The same byte at another page or table is another state. */
    assert_int_equal(state_table_grow(&g.tables[0], 1000000), OK);
    *(uint8_t *)state_write(&g.tables[0], 500000 + 4096) = 1;
    assert_true(state_hash(g.state) != one);
    *(uint8_t *)state_write(&g.tables[0], 500000 + 4096) = 0;
    *(uint8_t *)state_write(&g.tables[0], 500000) = 1;
    assert_true(state_hash(g.state) == one);
    state_destroy(f.state);
    state_destroy(g.state);
}

static void test_tables_that_are_not_hashed(void **arg)
{
    (void)arg;
    struct state *state;
    struct state_table table;
    assert_int_equal(state_create(&state), OK);
    uint64_t before = state_hash(state);
    state_table_init(state, &table, 20, 32, false);
    assert_int_equal(state_table_grow(&table, 10), OK);
    memset(state_write(&table, 3), 1, 32);
    assert_true(state_hash(state) == before);
    /* But a cut holds them. */
    uint8_t *page = malloc(STATE_PAGE_SIZE);
    uint32_t id, number;
    assert_int_equal(state_cut_begin(state, 1), OK);
    assert_int_equal(state_cut_next(state, page, &id, &number), OK);
    assert_int_equal(id, 20);
    assert_int_equal(page[96], 1);
    assert_int_equal(state_cut_next(state, page, &id, &number), ERR_MISSING);
    free(page);
    state_destroy(state);
}

static void test_load(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    uint8_t *page = calloc(1, STATE_PAGE_SIZE);
    page[64 * 5] = 9;
    assert_int_equal(state_load_page(f.state, 2, 0, page), ERR_NEWER);
    assert_int_equal(state_load_page(f.state, 4, UINT32_MAX, page), ERR_CORRUPT);
    assert_int_equal(state_load_page(f.state, 4, (1u << 22) - 1, page), ERR_CORRUPT);
    assert_int_equal(state_load_page(f.state, 4, 100, page), OK);
    assert_int_equal(*(const uint8_t *)state_read(&f.tables[1], 100 * 1024 + 5), 9);
    free(page);
    state_destroy(f.state);
}

/* ---- the property of the cut --------------------------------------------------------------------
 */

static void random_writes(struct fixture *f, uint64_t *seed, int count)
{
    for (int i = 0; i < count; i++) {
        uint64_t r = test_random(seed);
        struct state_table *table = &f->tables[r % TABLES];
        if (r >> 56 == 0) {
            uint32_t more = state_table_capacity(table) + 1;
            if ((uint64_t)more * row_sizes[r % TABLES] < 8 << 20)
                assert_int_equal(state_table_grow(table, more), OK);
        }
        uint32_t capacity = state_table_capacity(table);
        if (capacity == 0)
            continue;
        /* Every fourth write clears a row: pages become zero again now and then. */
        uint8_t *row = state_write(table, (uint32_t)(test_random(seed) % capacity));
        *row = r & 12 ? (uint8_t)(r >> 8) : 0;
    }
}

static void loaded_equals(struct state *state, struct state_table *tables, const struct fixture *f)
{
    (void)state;
    for (int t = 0; t < TABLES; t++) {
        uint32_t rows = state_table_capacity(&f->tables[t]);
        assert_int_equal(state_table_grow(&tables[t], rows), OK);
        uint32_t step = state_table_page_rows(&f->tables[t]);
        for (uint32_t row = 0; row < rows; row += step)
            assert_memory_equal(state_read(&tables[t], row), state_read(&f->tables[t], row),
                                STATE_PAGE_SIZE);
    }
}

/* Copies f into a state of its own: what the cut has to look like. */
static void fixture_copy(const struct fixture *f, struct fixture *copy)
{
    fixture_open(copy);
    for (int t = 0; t < TABLES; t++) {
        uint32_t rows = state_table_capacity(&f->tables[t]);
        uint32_t step = state_table_page_rows(&f->tables[t]);
        assert_int_equal(state_table_grow(&copy->tables[t], rows), OK);
        for (uint32_t row = 0; row < rows; row += step) {
            static const uint8_t zero[STATE_PAGE_SIZE];
            const void *from = state_read(&f->tables[t], row);
            if (memcmp(from, zero, STATE_PAGE_SIZE) != 0)
                memcpy(state_write(&copy->tables[t], row), from, STATE_PAGE_SIZE);
        }
    }
}

static void cut_round(struct fixture *f, uint64_t *seed)
{
    struct fixture at_begin, loaded;
    fixture_copy(f, &at_begin);
    fixture_open(&loaded);
    uint8_t *page = malloc(STATE_PAGE_SIZE);
    uint32_t table, number;
    uint32_t extra = (uint32_t)(test_random(seed) % 8);
    uint64_t hash = state_hash(f->state);
    assert_int_equal(state_cut_begin(f->state, extra), OK);
    assert_int_equal(state_cut_begin(f->state, extra), ERR_BUSY);
    enum err err;
    do {
        random_writes(f, seed, (int)(test_random(seed) % 40));
        if (test_random(seed) % 16 == 0)
            (void)state_hash(f->state);
        bool pressed = state_cut_pressure(f->state);
        err = state_cut_next(f->state, page, &table, &number);
        assert_true(!pressed || err == OK || err == ERR_MISSING);
        if (err == OK) {
            static const uint8_t zero[STATE_PAGE_SIZE];
            assert_true(memcmp(page, zero, STATE_PAGE_SIZE) != 0);
            assert_int_equal(state_load_page(loaded.state, table, number, page), OK);
        }
    } while (err == OK);
    assert_int_equal(err, ERR_MISSING);
    assert_false(state_cut_active(f->state));
    loaded_equals(loaded.state, loaded.tables, &at_begin);
    assert_true(state_hash(loaded.state) == hash);
    assert_true(state_hash(at_begin.state) == hash);
    free(page);
    state_destroy(loaded.state);
    state_destroy(at_begin.state);
}

static void test_cut_equals_the_beginning(void **arg)
{
    (void)arg;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        print_message("seed %llu\n", (unsigned long long)seed);
        uint64_t random = seed;
        struct fixture f;
        fixture_open(&f);
        assert_int_equal(state_table_grow(&f.tables[0], 1), OK);
        for (int round = 0; round < 5; round++) {
            random_writes(&f, &random, 300);
            cut_round(&f, &random);
        }
        state_destroy(f.state);
    }
}

static void test_pressure_and_abort(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(state_table_grow(&f.tables[1], 100 * 1024), OK);
    for (uint32_t page = 0; page < 100; page++)
        *(uint8_t *)state_write(&f.tables[1], page * 1024) = 1;
    assert_int_equal(state_cut_begin(f.state, 2), OK);
    assert_false(state_cut_pressure(f.state));
    *(uint8_t *)state_write(&f.tables[1], 0) = 2;
    assert_false(state_cut_pressure(f.state));
    *(uint8_t *)state_write(&f.tables[1], 1) = 2; /* the same page: one copy */
    assert_false(state_cut_pressure(f.state));
    *(uint8_t *)state_write(&f.tables[1], 1024) = 2;
    assert_true(state_cut_pressure(f.state));
    for (uint32_t page = 2; page < 70; page++) /* past it: more memory, nothing lost */
        *(uint8_t *)state_write(&f.tables[1], page * 1024) = 2;
    uint8_t *page = malloc(STATE_PAGE_SIZE);
    uint32_t table, number;
    for (uint32_t i = 0; i < 69; i++) {
        assert_int_equal(state_cut_next(f.state, page, &table, &number), OK);
        assert_int_equal(number, i);
        assert_int_equal(page[0], 1);
    }
    assert_false(state_cut_pressure(f.state));
    uint64_t memory = state_memory(f.state);
    state_cut_abort(f.state);
    assert_true(state_memory(f.state) < memory);
    assert_false(state_cut_active(f.state));
    assert_int_equal(state_cut_begin(f.state, 2), OK); /* and again from the start */
    assert_int_equal(state_cut_next(f.state, page, &table, &number), OK);
    assert_int_equal(number, 0);
    assert_int_equal(page[0], 2);
    free(page);
    state_destroy(f.state);
}

/* ---- when memory ends
 * ---------------------------------------------------------------------------- */

/* Not under sanitizers: their own maps do not fit below a limit. */

/* Leaves room for `bytes` more of address space; returns the limit before. */
static struct rlimit memory_limit(uint64_t bytes)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu", &pages), 1);
    fclose(file);
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    struct rlimit limit = {.rlim_cur = pages * 4096 + bytes, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    return before;
}

static void test_no_memory(void **arg)
{
    (void)arg;
    if (SANITIZED)
        return;
    struct fixture f;
    fixture_open(&f);
    struct state_table *table = &f.tables[1];
    assert_int_equal(state_table_grow(table, 2000 * 1024), OK);
    for (uint32_t page = 0; page < 2000; page++)
        *(uint8_t *)state_write(table, page * 1024) = 1;
    uint8_t *page = malloc(STATE_PAGE_SIZE);
    uint32_t id, number, capacity = state_table_capacity(table);
    assert_int_equal(state_cut_begin(f.state, 2), OK);
    struct rlimit before = memory_limit(16 << 20);
    assert_int_equal(state_table_grow(table, 10000 * 1024), ERR_NO_MEMORY);
    assert_int_equal(state_table_capacity(table), capacity);
    /* Copies for the cut: the cut dies of it, the writes and the state do not. */
    for (uint32_t at = 0; at < 2000; at++)
        *(uint8_t *)state_write(table, at * 1024) = 2;
    assert_int_equal(state_cut_next(f.state, page, &id, &number), ERR_NO_MEMORY);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_false(state_cut_active(f.state));
    for (uint32_t at = 0; at < 2000; at++)
        assert_int_equal(*(const uint8_t *)state_read(table, at * 1024), 2);
    assert_int_equal(state_table_grow(table, 10000 * 1024), OK);
    assert_int_equal(state_cut_begin(f.state, 2), OK);
    assert_int_equal(state_cut_next(f.state, page, &id, &number), OK);
    assert_int_equal(page[0], 2);
    free(page);
    state_destroy(f.state);
}

/* A table can leave before its state does. */
static void test_table_done(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(state_table_grow(&f.tables[0], 10), OK);
    assert_int_equal(state_table_grow(&f.tables[1], 10), OK);
    *(uint8_t *)state_write(&f.tables[0], 1) = 1;
    uint64_t hash = state_hash(f.state);
    *(uint8_t *)state_write(&f.tables[1], 1) = 1;
    assert_int_equal(state_cut_begin(f.state, 2), OK);
    state_table_done(&f.tables[1]);
    assert_false(state_cut_active(f.state));
    state_table_done(&f.tables[1]); /* again: nothing */
    assert_true(state_hash(f.state) == hash);
    state_table_init(f.state, &f.tables[1], 4, 64, true);
    state_destroy(f.state);
    state_table_done(&f.tables[0]); /* after the state: nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_hash),
        cmocka_unit_test(test_tables_that_are_not_hashed),
        cmocka_unit_test(test_load),
        cmocka_unit_test(test_cut_equals_the_beginning),
        cmocka_unit_test(test_pressure_and_abort),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_table_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
