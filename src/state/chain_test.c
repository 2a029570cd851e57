/* Chains: random rows come and go in chains beside each other, and stand as in a plain list; pages
 * from outside that contradict themselves are told, in whichever field. */
#include "state/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define ROWS 64u
#define CHAINS 4
#define STEPS 20000

struct row {
    uint64_t other;
    struct chain_links links;
    struct chain_links kept;
    uint8_t reserved[8];
};
struct owner {
    struct chain_ends ends[CHAINS];
    uint32_t firsts[CHAINS];
    uint8_t reserved[16];
};
_Static_assert(sizeof(struct row) == 32, "a row");
_Static_assert(sizeof(struct owner) == 64, "a row");

static const struct chain plain = {.links_at = offsetof(struct row, links)};
static const struct chain keeping = {.links_at = offsetof(struct row, kept), .keeps = true};

struct house {
    struct state *state;
    struct state_table owners, rows;
};

/* What the chains ought to be. */
struct list {
    uint32_t rows[ROWS], count;
};

static void house_open(struct house *house)
{
    memset(house, 0, sizeof *house);
    assert_int_equal(state_create(&house->state), OK);
    state_table_init(house->state, &house->owners, 1, sizeof(struct owner), true);
    state_table_init(house->state, &house->rows, 2, sizeof(struct row), true);
    assert_int_equal(state_table_grow(&house->owners, 1), OK);
    assert_int_equal(state_table_grow(&house->rows, ROWS), OK);
}

static struct owner *owner(struct house *house)
{
    return state_write(&house->owners, 0);
}

static struct row *row_at(struct house *house, uint32_t row)
{
    return state_write(&house->rows, row);
}

static uint32_t random_below(uint64_t *seed, uint32_t limit)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % limit;
}

static void list_put(struct list *list, uint32_t at, uint32_t row)
{
    memmove(list->rows + at + 1, list->rows + at, (list->count - at) * sizeof(uint32_t));
    list->rows[at] = row;
    list->count++;
}

static void list_take(struct list *list, uint32_t row)
{
    uint32_t at = 0;
    while (list->rows[at] != row)
        at++;
    list->count--;
    memmove(list->rows + at, list->rows + at + 1, (list->count - at) * sizeof(uint32_t));
}

static void compare(struct house *house, const struct chain *chain, uint32_t first,
                    const struct list *list)
{
    uint32_t row = first, before = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        assert_int_equal(row, list->rows[i]);
        assert_int_equal(chain_before(&house->rows, chain, row), before);
        before = row;
        row = chain_after(&house->rows, chain, row);
    }
    assert_int_equal(row, 0);
}

/* Chains with two ends; `in` says in which of them a row is. */
static void ends_step(struct house *house, const struct chain *chain, struct list *lists,
                      uint8_t *in, uint64_t *seed)
{
    uint32_t row = 1 + random_below(seed, ROWS - 1), to = random_below(seed, CHAINS);
    struct chain_ends *ends = owner(house)->ends;
    if (in[row] != 0) {
        struct row before = *row_at(house, row);
        to = in[row] - 1u;
        chain_take(&house->rows, chain, &ends[to], row);
        list_take(&lists[to], row);
        in[row] = 0;
        const struct row *after = row_at(house, row);
        const struct chain_links none = {0, 0};
        assert_memory_equal(&after->kept, &before.kept, sizeof before.kept);
        assert_memory_equal(&after->links, chain == &plain ? &none : &before.links, sizeof none);
    } else {
        chain_put(&house->rows, chain, &ends[to], row);
        list_put(&lists[to], lists[to].count, row);
        in[row] = (uint8_t)(to + 1);
    }
    compare(house, chain, ends[to].first, &lists[to]);
    assert_true(chain_is_valid(&house->rows, chain, &ends[to], lists[to].count, ROWS));
    assert_int_equal(row_at(house, row)->other, row);
}

static void first_step(struct house *house, struct list *lists, uint8_t *in, uint64_t *seed)
{
    uint32_t row = 1 + random_below(seed, ROWS - 1), to = random_below(seed, CHAINS);
    uint32_t *firsts = owner(house)->firsts;
    if (in[row] != 0) {
        to = in[row] - 1u;
        chain_pull(&house->rows, &plain, &firsts[to], row);
        list_take(&lists[to], row);
        in[row] = 0;
        assert_int_equal(chain_after(&house->rows, &plain, row), 0);
        assert_int_equal(chain_before(&house->rows, &plain, row), 0);
    } else {
        chain_push(&house->rows, &plain, &firsts[to], row);
        list_put(&lists[to], 0, row);
        in[row] = (uint8_t)(to + 1);
    }
    compare(house, &plain, firsts[to], &lists[to]);
}

static void number_rows(struct house *house)
{
    for (uint32_t row = 0; row < ROWS; row++)
        row_at(house, row)->other = row;
}

/* All pages of one state, put into another. */
static void copy(struct house *from, struct house *to)
{
    uint8_t page[STATE_PAGE_SIZE];
    uint32_t table, number;
    assert_int_equal(state_cut_begin(from->state, 4), OK);
    while (state_cut_next(from->state, page, &table, &number) == OK)
        assert_int_equal(state_load_page(to->state, table, number, page), OK);
    assert_int_equal(state_hash(to->state), state_hash(from->state));
}

static void test_rows_come_and_go(void **arg)
{
    (void)arg;
    for (int kept = 0; kept < 2; kept++) {
        struct house house, loaded;
        struct list lists[CHAINS] = {0};
        uint8_t in[ROWS] = {0};
        uint64_t seed = 11 + (uint64_t)kept;
        const struct chain *chain = kept ? &keeping : &plain;
        house_open(&house);
        house_open(&loaded);
        number_rows(&house);
        for (int i = 0; i < STEPS; i++)
            ends_step(&house, chain, lists, in, &seed);
        copy(&house, &loaded);
        for (int i = 0; i < CHAINS; i++)
            assert_true(chain_is_valid(&loaded.rows, chain, &owner(&loaded)->ends[i],
                                       lists[i].count, ROWS));
        for (int i = 0; i < 100; i++) { /* what was loaded goes on alike */
            struct list other[CHAINS];
            uint8_t other_in[ROWS];
            uint64_t other_seed = seed;
            memcpy(other, lists, sizeof other);
            memcpy(other_in, in, sizeof other_in);
            ends_step(&loaded, chain, other, other_in, &other_seed);
            ends_step(&house, chain, lists, in, &seed);
        }
        assert_int_equal(state_hash(loaded.state), state_hash(house.state));
        state_destroy(house.state);
        state_destroy(loaded.state);
    }
}

static void test_the_first_alone_is_known(void **arg)
{
    (void)arg;
    struct house house;
    struct list lists[CHAINS] = {0};
    uint8_t in[ROWS] = {0};
    uint64_t seed = 5;
    house_open(&house);
    for (int i = 0; i < STEPS; i++)
        first_step(&house, lists, in, &seed);
    state_destroy(house.state);
}

/* A walk that stands on a row that goes: it knows the way on. */
static void test_a_walk_goes_on(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house);
    struct chain_ends *ends = owner(&house)->ends;
    for (uint32_t row = 1; row <= 4; row++)
        chain_put(&house.rows, &keeping, ends, row);
    chain_take(&house.rows, &keeping, ends, 2);
    chain_take(&house.rows, &keeping, ends, 3);
    assert_int_equal(chain_before(&house.rows, &keeping, 3), 1);
    assert_int_equal(chain_after(&house.rows, &keeping, 1), 4);
    assert_true(chain_is_valid(&house.rows, &keeping, ends, 2, ROWS));
    state_destroy(house.state);
}

static void test_pages_are_judged(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house);
    struct chain_ends *ends = owner(&house)->ends;
    assert_true(chain_is_valid(&house.rows, &plain, ends, 0, ROWS));
    assert_false(chain_is_valid(&house.rows, &plain, ends, 1, ROWS));
    for (uint32_t row = 7; row <= 9; row++)
        chain_put(&house.rows, &plain, ends, row);
    assert_true(chain_is_valid(&house.rows, &plain, ends, 3, 10));
    assert_false(chain_is_valid(&house.rows, &plain, ends, 3, 9)); /* row 9 is behind the end */
    assert_false(chain_is_valid(&house.rows, &plain, ends, 2, 10));
    assert_false(chain_is_valid(&house.rows, &plain, ends, 4, 10));
    uint32_t *fields[] = {&ends->first,
                          &ends->last,
                          &row_at(&house, 7)->links.next,
                          &row_at(&house, 7)->links.previous,
                          &row_at(&house, 8)->links.next,
                          &row_at(&house, 8)->links.previous,
                          &row_at(&house, 9)->links.next,
                          &row_at(&house, 9)->links.previous};
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        uint32_t good = *fields[i];
        const uint32_t bad[] = {0, 7, 8, 9, 10, UINT32_MAX};
        for (size_t j = 0; j < ARRAY_COUNT(bad); j++) {
            *fields[i] = bad[j];
            assert_int_equal(chain_is_valid(&house.rows, &plain, ends, 3, 10), bad[j] == good);
        }
        *fields[i] = good;
    }
    state_destroy(house.state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_come_and_go),
        cmocka_unit_test(test_the_first_alone_is_known),
        cmocka_unit_test(test_a_walk_goes_on),
        cmocka_unit_test(test_pages_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
