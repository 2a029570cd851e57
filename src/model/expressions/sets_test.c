/* Sets: members found by the walk and at once, shared by instances, never partly judged, limited.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "model/expressions/house.h"

static void assert_truth(const struct house *house, uint32_t rule, enum condition_truth truth)
{
    assert_int_equal(expressions_truth(house->expressions, rule, POINT_NONE), truth);
}

static uint32_t detector(struct house *house, uint32_t tenant, unsigned number)
{
    char prefix[32];
    snprintf(prefix, sizeof prefix, "hall/d%u", number);
    return house_row(house, tenant, prefix, "smoke", VALUE_FLOAT64);
}

static void test_two_detectors(void **arg)
{
    (void)arg;
    struct house house;
    uint32_t detectors[4];
    house_open(&house);
    for (unsigned i = 0; i < 3; i++)
        detectors[i] = detector(&house, 1, i);
    uint32_t other = detector(&house, 2, 0);
    house_rule(&house, 1, 1, "count('hall/+/smoke' > 0.5) >= 2");
    assert_int_equal(house_add(&house, 1, POINT_NONE), OK);
    assert_true(expressions_walk_left(house.expressions) > 0);
    for (unsigned i = 0; i < 3; i++)
        house_real(&house, detectors[i], 1);
    assert_truth(&house, 1, CONDITION_UNKNOWN); /* its points are not all known */
    house_walk(&house);
    assert_int_equal(expressions_walk_left(house.expressions), 0);
    assert_truth(&house, 1, CONDITION_TRUE);
    house_real(&house, detectors[0], 0);
    assert_truth(&house, 1, CONDITION_TRUE);
    house_real(&house, detectors[1], 0);
    assert_truth(&house, 1, CONDITION_FALSE);
    house_real(&house, other, 1);
    assert_truth(&house, 1, CONDITION_FALSE);
    detectors[3] = detector(&house, 1, 3); /* a new point belongs at once */
    assert_truth(&house, 1, CONDITION_UNKNOWN);
    house_real(&house, detectors[3], 1);
    assert_truth(&house, 1, CONDITION_TRUE);
    assert_true(house_rename(&house, detectors[3], "store/d3/smoke"));
    assert_truth(&house, 1, CONDITION_FALSE);
    house_real(&house, detectors[3], 1);
    assert_int_equal(house.effects.notice_count, 0);
    assert_true(house_rename(&house, detectors[3], "hall/new/smoke"));
    assert_truth(&house, 1, CONDITION_TRUE);
    assert_true(house_rename(&house, detectors[2], NULL));
    assert_truth(&house, 1, CONDITION_FALSE);
    house_close(&house);
}

/* Each member is waited for since it is one: a new point is not stale before its first value. */
static void test_a_member_is_stale(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house);
    uint32_t first = detector(&house, 1, 0);
    house_rule(&house, 1, 1, "any(stale('hall/#', 60s))");
    assert_int_equal(house_add(&house, 1, POINT_NONE), OK);
    house_walk(&house);
    assert_truth(&house, 1, CONDITION_FALSE);
    house_after(&house, 50 * NS_PER_S);
    house_real(&house, first, 1);
    uint32_t second = detector(&house, 1, 1);
    house_after(&house, 59 * NS_PER_S);
    house_real(&house, first, 1);
    assert_truth(&house, 1, CONDITION_FALSE);
    house_after(&house, NS_PER_S);
    assert_truth(&house, 1, CONDITION_TRUE);
    house_real(&house, second, 1);
    assert_truth(&house, 1, CONDITION_FALSE);
    house_close(&house);
}

static void test_sets_are_shared(void **arg)
{
    (void)arg;
    struct house house;
    struct expressions_limits limits = expressions_limits_default;
    char text[128];
    limits.sets_max = 2;
    house_open_limited(&house, &limits, 100);
    uint32_t a = house_row(&house, 1, "line", "a b", VALUE_FLOAT64);
    uint32_t b = house_row(&house, 1, "oven", "a b", VALUE_FLOAT64);
    house_rule(&house, 1, 1, "max('line/*') > 5");
    house_rule(&house, 2, 1, "min('line/*') > 5 and max('line/*') < 9");
    assert_int_equal(house_add(&house, 1, POINT_NONE), OK);
    assert_int_equal(house_add(&house, 1, a), OK);
    assert_int_equal(house_add(&house, 2, POINT_NONE), OK);
    house_rule(&house, 4, 1, "max('x/*') > max('y/*')");
    uint64_t hash = state_hash(house.state);
    assert_int_equal(house_add(&house, 4, POINT_NONE), ERR_LIMIT); /* one more has room, not two */
    assert_true(state_hash(house.state) == hash);
    house_rule(&house, 5, 1, "max('x/*') > min('x/*')");
    assert_int_equal(house_add(&house, 5, POINT_NONE), OK); /* one, twice */
    assert_int_equal(house_add(&house, 4, POINT_NONE), ERR_LIMIT);
    expressions_remove(house.expressions, 5, POINT_NONE);
    house_rule(&house, 6, 1, "max('../*') > 7");
    assert_int_equal(house_add(&house, 6, a), OK); /* the same pattern, said otherwise */
    assert_int_equal(house_add(&house, 6, b), OK);
    house_walk_all(&house);
    house_real(&house, a, 8);
    house_real(&house, a + 1, 6);
    assert_truth(&house, 1, CONDITION_TRUE);
    assert_truth(&house, 2, CONDITION_TRUE);
    assert_int_equal(expressions_truth(house.expressions, 6, a), CONDITION_TRUE);
    assert_int_equal(expressions_truth(house.expressions, 6, b), CONDITION_UNKNOWN);
    house_real(&house, b, 8);
    assert_int_equal(expressions_truth(house.expressions, 6, b), CONDITION_TRUE);
    /* Where it stands is renamed: there is no room for a third pattern, so it is not known. */
    assert_true(house_rename(&house, b, "mill/a"));
    house_walk_all(&house);
    assert_int_equal(expressions_truth(house.expressions, 6, b), CONDITION_TRUE);
    assert_true(house_rename(&house, a, "hall/a"));
    assert_int_equal(expressions_truth(house.expressions, 6, a), CONDITION_UNKNOWN);
    expressions_explain(house.expressions, 6, a, house.stamp.wall_ns, text, sizeof text);
    assert_string_equal(text, "../*: there are too many patterns");
    house_close(&house);
}

/* One more than may be held: not known; and known again when one goes, held or not. */
static void test_members_of_a_set_are_limited(void **arg)
{
    (void)arg;
    struct house house;
    struct expressions_limits limits = expressions_limits_default;
    uint32_t detectors[6];
    char text[128];
    limits.members_of_set = 4;
    house_open_limited(&house, &limits, 100);
    for (unsigned i = 0; i < 4; i++)
        detectors[i] = detector(&house, 1, i);
    house_rule(&house, 1, 1, "any('hall/+/smoke' > 0.5)");
    assert_int_equal(house_add(&house, 1, POINT_NONE), OK);
    expressions_explain(house.expressions, 1, POINT_NONE, house.stamp.wall_ns, text, sizeof text);
    assert_string_equal(text, "hall/+/smoke: its points are being looked for");
    house_walk_all(&house);
    house_real(&house, detectors[0], 1);
    assert_truth(&house, 1, CONDITION_TRUE);
    detectors[4] = detector(&house, 1, 4);
    detectors[5] = detector(&house, 1, 5);
    assert_truth(&house, 1, CONDITION_UNKNOWN);
    expressions_explain(house.expressions, 1, POINT_NONE, house.stamp.wall_ns, text, sizeof text);
    assert_string_equal(text, "hall/+/smoke: it has more points than are looked at");
    assert_true(house_rename(&house, detectors[1], "a")); /* one that was held */
    house_walk_all(&house);
    assert_truth(&house, 1, CONDITION_UNKNOWN);
    assert_true(house_rename(&house, detectors[5], NULL)); /* one that was not */
    house_walk_all(&house);
    assert_truth(&house, 1, CONDITION_TRUE);
    house_real(&house, detectors[0], 0);
    assert_truth(&house, 1, CONDITION_UNKNOWN);
    house_real(&house, detectors[4], 1);
    assert_truth(&house, 1, CONDITION_TRUE);
    house_close(&house);
}

static void test_members_of_all_are_limited(void **arg)
{
    (void)arg;
    struct house house;
    struct expressions_limits limits = expressions_limits_default;
    limits.members_max = 5;
    house_open_limited(&house, &limits, 100);
    uint32_t line = house_row(&house, 1, "line", "a b c", VALUE_FLOAT64);
    uint32_t oven = house_row(&house, 1, "oven", "a b", VALUE_FLOAT64);
    house_rule(&house, 1, 1, "all('line/*' > 1)");
    house_rule(&house, 2, 1, "all('oven/*' > 1)");
    assert_int_equal(house_add(&house, 1, POINT_NONE), OK);
    assert_int_equal(house_add(&house, 2, POINT_NONE), OK);
    for (uint32_t i = 0; i < 3; i++)
        house_real(&house, line + i, 2);
    for (uint32_t i = 0; i < 2; i++)
        house_real(&house, oven + i, 2);
    house_walk_all(&house);
    assert_truth(&house, 1, CONDITION_TRUE);
    assert_truth(&house, 2, CONDITION_TRUE);
    uint32_t more = house_row(&house, 1, "oven", "c", VALUE_FLOAT64);
    house_real(&house, more, 2);
    assert_truth(&house, 2, CONDITION_UNKNOWN);
    expressions_remove(house.expressions, 1, POINT_NONE); /* makes room */
    house_walk_all(&house);
    assert_truth(&house, 2, CONDITION_TRUE);
    house_close(&house);
}

/* 65 members: judged at the end of the batch, as they are then, and not again at once; 64: at once.
 */
static void test_a_large_set_waits_for_the_end(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house);
    uint32_t first = 0;
    for (unsigned i = 0; i < 64; i++) {
        uint32_t point = detector(&house, 1, i);
        first = i == 0 ? point : first;
        house_real(&house, point, 0);
    }
    house_rule(&house, 1, 1, "any('hall/+/smoke' > 0.5)");
    assert_int_equal(house_add(&house, 1, POINT_NONE), OK);
    house_walk_all(&house);
    house_real(&house, first, 1);
    assert_truth(&house, 1, CONDITION_TRUE);
    house_real(&house, detector(&house, 1, 64), 0);
    house_walk_all(&house);
    house_after(&house, NS_PER_S);
    house.told_count = 0;
    house_real(&house, first, 0);
    house_real(&house, first, 1);
    assert_truth(&house, 1, CONDITION_TRUE);
    house_real(&house, first, 0);
    assert_int_equal(house.told_count, 0);
    assert_int_equal(expressions_walk_left(house.expressions), 1);
    house_walk(&house);
    assert_int_equal(house.told_count, 1);
    assert_truth(&house, 1, CONDITION_FALSE);
    house_real(&house, first, 1); /* too early: a timer, 5 us for each member */
    assert_int_equal(expressions_walk_left(house.expressions), 0);
    assert_int_equal(timing_next_ns(house.timing), house.stamp.engine_ns + 65 * 5000);
    house_after(&house, 65 * 5000 - 1);
    house_walk(&house);
    assert_truth(&house, 1, CONDITION_FALSE);
    house_after(&house, 1);
    house_walk(&house);
    assert_truth(&house, 1, CONDITION_TRUE);
    assert_int_equal(timing_count(house.timing, EXPRESSIONS_TIMER), 0);
    house_close(&house);
}

/* Points of a walk: so many with each batch; who comes meanwhile is not lost, nor found twice. */
static void test_the_walk_is_bounded(void **arg)
{
    (void)arg;
    struct house house;
    house_open(&house);
    char prefix[16];
    for (unsigned row = 0; row < 50; row++) {
        char metrics[2048];
        size_t size = 0;
        for (unsigned i = 0; i < 200; i++)
            size += (size_t)snprintf(metrics + size, sizeof metrics - size, "m%u ", i);
        metrics[size - 1] = '\0';
        snprintf(prefix, sizeof prefix, "r%u", row);
        house_row(&house, 1, prefix, metrics, VALUE_FLOAT64);
    }
    house_rule(&house, 1, 1, "count('+/m7' > 0) == 0 and count(bad('+/m7')) == 51");
    assert_int_equal(house_add(&house, 1, POINT_NONE), OK);
    house_walk(&house);
    assert_int_equal(expressions_walk_left(house.expressions), 10001 - 1 - EXPRESSIONS_WALK_POINTS);
    house_row(&house, 1, "r51", "m7", VALUE_FLOAT64);
    house_walk(&house);
    assert_truth(&house, 1, CONDITION_UNKNOWN);
    house_walk(&house);
    assert_int_equal(expressions_walk_left(house.expressions), 0);
    assert_truth(&house, 1, CONDITION_UNKNOWN); /* > 0 of what has no value */
    house_rule(&house, 2, 1, "count(bad('+/m7')) == 51");
    assert_int_equal(house_add(&house, 2, POINT_NONE), OK);
    assert_truth(&house, 2, CONDITION_TRUE); /* the set is there already */
    house_close(&house);
}

/* More instances use one set than are evaluated at once. */
static void test_many_users_of_a_set(void **arg)
{
    (void)arg;
    static struct house house;
    house_open(&house);
    uint32_t first = detector(&house, 1, 0), users = 300, base = 0;
    house_rule(&house, 1, 1, "any('hall/+/smoke' > 0.5)");
    for (uint32_t i = 0; i < users; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%u", i);
        uint32_t point = house_row(&house, 1, name, "x", VALUE_FLOAT64);
        base = i == 0 ? point : base;
        assert_int_equal(house_add(&house, 1, point), OK);
    }
    house_walk_all(&house);
    house_real(&house, first, 1);
    assert_int_equal(house.told_count, 0);
    house_walk(&house);
    assert_int_equal(house.told_count, users);
    for (uint32_t i = 0; i < users; i++)
        assert_int_equal(house.told[i].point, base + i);
    assert_true(house_rename(&house, first, "elsewhere")); /* the set is empty now */
    house_walk(&house);
    assert_int_equal(house.told_count, 2 * users);
    uint64_t memory = expressions_memory(house.expressions);
    for (uint32_t i = 0; i < users; i++)
        expressions_remove(house.expressions, 1, base + i);
    assert_true(expressions_memory(house.expressions) < memory);
    assert_int_equal(expressions_walk_left(house.expressions), 0);
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_detectors),
        cmocka_unit_test(test_a_member_is_stale),
        cmocka_unit_test(test_sets_are_shared),
        cmocka_unit_test(test_members_of_a_set_are_limited),
        cmocka_unit_test(test_members_of_all_are_limited),
        cmocka_unit_test(test_a_large_set_waits_for_the_end),
        cmocka_unit_test(test_the_walk_is_bounded),
        cmocka_unit_test(test_many_users_of_a_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
