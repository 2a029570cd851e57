/* The table against a plain list of pairs, with honest tags and with an attacker's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "topics/tags.h"

static uint32_t pair_count(const struct tags *tags, uint32_t tag, uint32_t id)
{
    struct tags_probe probe;
    uint32_t found = 0;
    for (uint32_t at = tags_first(tags, &probe, tag); at != 0; at = tags_next(&probe))
        found += at == id;
    return found;
}

static uint32_t candidates(const struct tags *tags, uint32_t tag)
{
    struct tags_probe probe;
    uint32_t found = 0;
    for (uint32_t at = tags_first(tags, &probe, tag); at != 0; at = tags_next(&probe))
        found++;
    assert_int_equal(tags_next(&probe), 0); /* the end stays the end */
    return found;
}

/* How the tags of a test are made: spread, or alike in their upper bits, lower bits, or all. */
static uint32_t tag_spread(uint32_t id)
{
    return tag_of(99, id);
}
static uint32_t tag_upper(uint32_t id)
{
    return UINT32_C(0xabcde000) | (id & 0xfff);
}
static uint32_t tag_lower(uint32_t id)
{
    return id << 12 | 0xfff;
}
static uint32_t tag_same(uint32_t id)
{
    return id * 0 + UINT32_MAX;
}
static uint32_t tag_few(uint32_t id)
{
    return id % 3 == 0 ? 0 : id % 3 == 1 ? 1 : UINT32_MAX;
}

static void round_of(uint32_t (*tag)(uint32_t id), uint32_t many)
{
    struct tags tags = {0};
    assert_int_equal(pair_count(&tags, tag(1), 1), 0);
    for (uint32_t id = 1; id <= many; id++)
        assert_int_equal(tags_insert(&tags, tag(id), id), OK);
    assert_int_equal(tags.count, many);
    for (uint32_t id = 1; id <= many; id++)
        assert_int_equal(pair_count(&tags, tag(id), id), 1);
    for (uint32_t id = 1; id <= many; id += 2)
        tags_replace(&tags, tag(id), id, id + many);
    for (uint32_t id = 3; id <= many; id += 3)
        tags_remove(&tags, tag(id), id % 2 ? id + many : id);
    for (uint32_t id = 1; id <= many; id++) {
        assert_int_equal(pair_count(&tags, tag(id), id), id % 2 == 0 && id % 3 != 0);
        assert_int_equal(pair_count(&tags, tag(id), id + many), id % 2 == 1 && id % 3 != 0);
    }
    for (uint32_t id = 3; id <= many; id += 3)
        assert_int_equal(tags_insert(&tags, tag(id), id % 2 ? id + many : id), OK);
    for (uint32_t id = many; id >= 1; id--)
        tags_remove(&tags, tag(id), id % 2 ? id + many : id);
    assert_int_equal(tags.count, 0);
    assert_int_equal(candidates(&tags, tag(1)), 0);
    tags_done(&tags);
    assert_int_equal(tags_memory(&tags), 0);
}

static void test_spread(void **arg)
{
    (void)arg;
    round_of(tag_spread, 1);
    round_of(tag_spread, 300);
    round_of(tag_spread, 100000);
}

static void test_alike(void **arg)
{
    (void)arg;
    round_of(tag_upper, 2500);
    round_of(tag_lower, 2500);
    round_of(tag_same, 1300); /* a chain of three */
    round_of(tag_few, 1500);
}

/* Chains shrink with what is in them. */
static void test_chain_is_returned(void **arg)
{
    (void)arg;
    struct tags tags = {0};
    for (uint32_t id = 1; id <= 2000; id++)
        assert_int_equal(tags_insert(&tags, 7, id), OK);
    assert_int_equal(candidates(&tags, 7), 2000);
    assert_int_equal(candidates(&tags, 8), 0);
    uint64_t most = tags_memory(&tags);
    for (uint32_t id = 1; id <= 2000; id++)
        tags_remove(&tags, 7, id);
    assert_true(tags_memory(&tags) + 4 * 4096 <= most);
    tags_done(&tags);
}

/* 8 bytes an entry, between the marks; whatever the number is. */
static void test_memory(void **arg)
{
    (void)arg;
    struct tags tags = {0};
    uint64_t most = 0;
    for (uint32_t id = 1; id <= 300000; id++) {
        assert_int_equal(tags_insert(&tags, tag_spread(id), id), OK);
        uint64_t each = tags_memory(&tags) / id;
        most = id >= 10000 && each > most ? each : most;
    }
    assert_in_range(most, 11, 19);
    tags_done(&tags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_alike),
        cmocka_unit_test(test_chain_is_returned),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
