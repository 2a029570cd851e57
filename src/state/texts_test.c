/* Texts: slots come and go, are found by two states in the same places, and pages from outside that
 * contradict themselves are told. */
#include "state/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define UNITS_IN_PAGE ((uint32_t)(STATE_PAGE_SIZE / TEXTS_UNIT))

struct owner_entry {
    uint64_t other;
    uint32_t pages;
    struct texts_class classes[TEXTS_CLASSES];
    uint8_t reserved[512 - 8 - 4 - 16 * TEXTS_CLASSES - 4];
};
_Static_assert(sizeof(struct owner_entry) == 512, "a row");

struct house {
    struct state *state;
    struct state_table owner;
    struct texts texts;
};

static void house_open(struct house *house, bool wiped)
{
    memset(house, 0, sizeof *house);
    assert_int_equal(state_create(&house->state), OK);
    state_table_init(house->state, &house->owner, 1, sizeof(struct owner_entry), true);
    state_table_init(house->state, &house->texts.table, 2, TEXTS_UNIT, true);
    assert_int_equal(state_table_grow(&house->owner, 1), OK);
    house->texts.owner = &house->owner;
    house->texts.pages_at = offsetof(struct owner_entry, pages);
    house->texts.classes_at = offsetof(struct owner_entry, classes);
    house->texts.wiped = wiped;
}

static void house_close(struct house *house)
{
    state_destroy(house->state);
}

static struct owner_entry *owner(struct house *house)
{
    return state_write(&house->owner, 0);
}

/* A text of so many bytes in the place of *text. */
static void put(struct house *house, uint32_t *text, char byte, size_t size)
{
    static char bytes[TEXTS_BYTES_MAX];
    memset(bytes, byte, sizeof bytes);
    assert_int_equal(texts_set(&house->texts, text, bytes_of(bytes, size)), OK);
    struct bytes got = texts_get(&house->texts, *text);
    assert_int_equal(got.size, size);
    assert_memory_equal(got.at, bytes, size);
}

static uint32_t added(struct house *house, char byte, size_t size)
{
    uint32_t text = TEXT_NONE;
    put(house, &text, byte, size);
    return text;
}

static void test_cost_is_the_slot(void **arg)
{
    (void)arg;
    assert_int_equal(texts_cost(0), 0);
    assert_int_equal(texts_cost(1), 16);
    assert_int_equal(texts_cost(12), 16);
    assert_int_equal(texts_cost(13), 32);
    assert_int_equal(texts_cost(TEXTS_BYTES_MAX), 592 * 16);
}

static void test_freed_slots_are_used_again(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house, false);
    assert_int_equal(texts_get(&house.texts, TEXT_NONE).size, 0);
    uint32_t a = added(&house, 'a', 12), b = added(&house, 'b', 1);
    uint32_t large = added(&house, 'l', TEXTS_BYTES_MAX);
    assert_int_equal(a, UNITS_IN_PAGE); /* page 0 is none */
    assert_int_equal(b, a + 1);
    assert_int_equal(large, 2 * UNITS_IN_PAGE); /* a page of its own size */
    assert_int_equal(owner(&house)->pages, 2);
    assert_int_equal(owner(&house)->classes[0].in_use, 2);
    uint32_t same = a;
    put(&house, &same, 'c', 5);
    assert_int_equal(same, a); /* in place */
    put(&house, &same, 'd', 13);
    assert_int_equal(same, 3 * UNITS_IN_PAGE); /* another size */
    texts_free(&house.texts, b);
    texts_free(&house.texts, TEXT_NONE);
    assert_int_equal(owner(&house)->classes[0].in_use, 0);
    assert_int_equal(added(&house, 'e', 3), b); /* the last freed first */
    assert_int_equal(added(&house, 'f', 3), a);
    assert_int_equal(added(&house, 'g', 3), b + 1);
    uint32_t gone = large;
    assert_int_equal(texts_set(&house.texts, &gone, bytes_of("", 0)), OK);
    assert_int_equal(gone, TEXT_NONE);
    assert_int_equal(added(&house, 'h', TEXTS_BYTES_MAX - 1), large);
    for (int i = 1; i < 6; i++) /* six of the largest lie in a page */
        assert_int_equal(added(&house, 'i', TEXTS_BYTES_MAX), large + 592u * (unsigned)i);
    assert_int_equal(added(&house, 'j', TEXTS_BYTES_MAX), 4 * UNITS_IN_PAGE);
    house_close(&house);
}

/* What a longer text left behind a shorter one stays or goes, as the owner wants it; of a freed one
 * nothing stays. */
static void test_wiped_slots_keep_nothing(void **arg)
{
    (void)arg;
    for (int wiped = 0; wiped < 2; wiped++) {
        struct house house;
        house_open(&house, wiped);
        uint32_t text = added(&house, 'x', 28);
        put(&house, &text, 'y', 20);
        const char *at = state_read(&house.texts.table, text);
        for (size_t i = 4; i < 32; i++)
            assert_int_equal(at[i], i < 24 ? 'y' : wiped ? 0 : 'x');
        texts_free(&house.texts, text);
        for (size_t i = 0; i < 32; i++)
            assert_int_equal(at[i], 0);
        house_close(&house);
    }
}

static void test_a_full_table_is_told(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house, false);
    uint32_t text = added(&house, 'a', 12);
    struct owner_entry before = *owner(&house);
    owner(&house)->pages = UINT32_MAX / UNITS_IN_PAGE - 1; /* no page is left */
    uint32_t kept = text;
    assert_int_equal(texts_set(&house.texts, &kept, bytes_of("a longer text of all", 20)),
                     ERR_LIMIT);
    assert_int_equal(kept, text);
    assert_int_equal(texts_get(&house.texts, text).size, 12);
    assert_memory_equal(owner(&house)->classes, before.classes, sizeof before.classes);
    put(&house, &kept, 'b', 11); /* in place, as ever */
    house_close(&house);
}

static void test_rebuild_judges_the_free(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house, false);
    uint32_t a = added(&house, 'a', 20), b = added(&house, 'b', 20), c = added(&house, 'c', 20);
    texts_free(&house.texts, a);
    texts_free(&house.texts, c);
    const struct texts_class good = owner(&house)->classes[1];
    assert_int_equal(good.free, c);
    assert_int_equal(good.left, UNITS_IN_PAGE / 2 - 3);
    assert_int_equal(texts_rebuild(&house.texts), OK);
    const struct texts_class bad[] = {
        {b + 1, good.next, good.left, 1},             /* no beginning of a slot */
        {UNITS_IN_PAGE - 2, good.next, good.left, 1}, /* in page 0 */
        {2 * UNITS_IN_PAGE, good.next, good.left, 1}, /* behind the last page */
        {c, good.next, good.left + 1, 1},             /* runs over the end of its page */
        {c, good.next, UNITS_IN_PAGE, 1},             /* more than a page holds */
        {c, good.next + 1, good.left - 1, 1},         /* no beginning of a slot */
        {c, 2 * UNITS_IN_PAGE, 1, 1},                 /* behind the last page */
        {c, 2 * UNITS_IN_PAGE - 1, 1, 1},             /* half a slot */
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        owner(&house)->classes[1] = bad[i];
        assert_int_equal(texts_rebuild(&house.texts), ERR_CORRUPT);
    }
    owner(&house)->classes[1] = good;
    store_u32(state_write(&house.texts.table, a), c); /* the list goes round */
    assert_int_equal(texts_rebuild(&house.texts), ERR_CORRUPT);
    store_u32(state_write(&house.texts.table, a), TEXT_NONE);
    assert_int_equal(texts_rebuild(&house.texts), OK);
    owner(&house)->pages = UINT32_MAX / UNITS_IN_PAGE;
    assert_int_equal(texts_rebuild(&house.texts), ERR_CORRUPT);
    house_close(&house);
}

static void test_a_text_is_judged(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house, false);
    uint32_t text = added(&house, 't', 20);
    assert_true(texts_is_valid(&house.texts, TEXT_NONE, 0));
    assert_true(texts_is_valid(&house.texts, text, 20));
    assert_false(texts_is_valid(&house.texts, text, 19));
    assert_false(texts_is_valid(&house.texts, text + 1, 20)); /* no class 't' */
    assert_false(texts_is_valid(&house.texts, 1, 20));
    assert_false(texts_is_valid(&house.texts, text + UNITS_IN_PAGE, 20));
    uint8_t *at = state_write(&house.texts.table, text);
    store_u16(at, 29); /* a byte more than the slot has */
    assert_false(texts_is_valid(&house.texts, text, TEXTS_BYTES_MAX));
    store_u16(at, 28);
    assert_true(texts_is_valid(&house.texts, text, TEXTS_BYTES_MAX));
    store_u16(at, 0);
    assert_false(texts_is_valid(&house.texts, text, TEXTS_BYTES_MAX));
    store_u16(at, 20);
    at[2] = TEXTS_CLASSES;
    assert_false(texts_is_valid(&house.texts, text, TEXTS_BYTES_MAX));
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cost_is_the_slot),
        cmocka_unit_test(test_freed_slots_are_used_again),
        cmocka_unit_test(test_wiped_slots_keep_nothing),
        cmocka_unit_test(test_a_full_table_is_told),
        cmocka_unit_test(test_rebuild_judges_the_free),
        cmocka_unit_test(test_a_text_is_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
