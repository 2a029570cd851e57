/* Rules: which paths a pattern within a branch allows, and how far it goes in what another pattern
 * matches. The random comparison with an oracle is decide_test.c. */
#include "access/rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rule_set *rules_of(const char *pattern, const char *branch, bool server)
{
    struct rule_maker *maker = calloc(1, sizeof *maker);
    assert_non_null(maker);
    assert_int_equal(
        rule_maker_add(maker, RIGHT_SEE, bytes_text(pattern), bytes_text(branch), server), OK);
    struct rule_set *set = rule_maker_finish(maker);
    assert_non_null(set);
    assert_true(rule_maker_same(maker, set));
    rule_maker_done(maker);
    free(maker);
    return set;
}

static void test_paths(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *branch, *path;
        bool may;
    } cases[] = {
        {"#", "#", "a/b", true},
        {"#", "#", "", true},
        {"#", "#", "$tenant/users", false},
        {"**", "**", "a", true},
        {"#", "north/#", "north", true},
        {"#", "north/#", "north/a", true},
        {"#", "north/#", "northern/a", false},
        {"#", "north/#", "nort", false},
        {"north/#", "#", "north/a", true},
        {"north/#", "north/a/#", "north/a/b", true},
        {"north/#", "north/a/#", "north/b", false},
        {"north/a/#", "north/#", "north/a/b", true},
        {"north/#", "south/#", "north/a", false},
        {"+/a/#", "north/#", "north/a/b", true},
        {"+/a/#", "north/#", "south/a/b", false},
        {"+/a/#", "north/#", "north/b/a", false},
        {"+/a/#", "#", "x/a", true},
        {"+/a/#", "#", "x/ab", false},
        {"+/a/#", "#", "x", false},
        {"+/a/#", "#", "$x/a", false},
        {"+/a/#", "#", "@x/a", false},
        {"+/a/#", "#", "/a", true},
        {"*/a/**", "#", "x/a/b", true},
        {"a/b", "#", "a/b", true},
        {"a/b", "#", "a/b/c", false},
        {"a/b", "#", "a", false},
        {"+/+", "#", "a/b", true},
        {"+/+", "#", "$a/b", false},
        {"press-*/t?", "#", "press-7/t1", true},
        {"press-*/t?", "#", "press/t1", false},
        {"?acme/#", "#", "@acme/x", false},
        {"@acme/#", "#", "@acme/x", true},
        {"@acme/+/t", "#", "@acme/x/t", true},
        {"#", "@acme/#", "@acme/x", true},
        {"#", "@acme/#", "@other/x", false},
        {"#", "@acme/#", "x", false},
        {"+/#", "@acme/#", "@acme/x", false},
        {"$tenant/#", "#", "$tenant/users", true},
        {"$tenant/#", "#", "$tenant", true},
        {"$tenant/#", "#", "$tenants", false},
        {"$tenant/#", "#", "tenant/users", false},
        {"$tenant/#", "$tenant/users", "$tenant/users", true},
        {"$tenant/#", "$tenant/users", "$tenant/roles", false},
        {"$tenant/#", "north/#", "$tenant/users", false},
        {"$tenant/u*", "#", "$tenant/users", true},
        {"$tenant/u*", "#", "tenant/users", false},
        {"$server/#", "#", "$server/state", false},
        {"$+/#", "#", "$tenant/users", false},
        {"$#", "#", "$tenant/users", false},
        {"$ten*/#", "#", "$tenant/users", false},
        {"a//b", "#", "a//b", false},
        {"", "#", "a", false},
        {"#", "", "a", false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct rule_set *set = rules_of(cases[i].pattern, cases[i].branch, false);
        if (rule_set_may(set, RIGHT_SEE, bytes_text(cases[i].path)) != cases[i].may)
            fail_msg("%s within %s on \"%s\"", cases[i].pattern, cases[i].branch, cases[i].path);
        assert_false(rule_set_may(set, RIGHT_WRITE, bytes_text(cases[i].path)));
        free(set);
    }
    struct rule_set *set = rules_of("$server/#", "#", true);
    assert_true(rule_set_may(set, RIGHT_SEE, bytes_text("$server/state")));
    free(set);
}

static void test_reach(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *branch, *asked;
        enum rule_reach reach;
    } cases[] = {
        {"#", "#", "#", RULE_REACH_ALL},
        {"+/#", "#", "#", RULE_REACH_ALL},
        {"+/+/#", "#", "#", RULE_REACH_SOME},
        {"north/#", "#", "#", RULE_REACH_SOME},
        {"north/#", "#", "north/#", RULE_REACH_ALL},
        {"north/#", "#", "north", RULE_REACH_ALL},
        {"north/#", "#", "north/+/t", RULE_REACH_ALL},
        {"north/#", "#", "+/a", RULE_REACH_SOME},
        {"north/#", "#", "south/#", RULE_REACH_NONE},
        {"north/#", "#", "nort*/a", RULE_REACH_SOME},
        {"north/#", "#", "s*/a", RULE_REACH_NONE},
        {"north/+", "#", "north/#", RULE_REACH_SOME},
        {"north/+", "#", "north/a/b", RULE_REACH_NONE},
        {"north/a", "#", "north", RULE_REACH_NONE},
        {"+/a/#", "north/#", "north/a/+", RULE_REACH_ALL},
        {"+/a/#", "north/#", "south/a/+", RULE_REACH_NONE},
        {"+/a/#", "north/#", "+/a/+", RULE_REACH_SOME},
        {"a*/t", "#", "*b/t", RULE_REACH_SOME},
        {"a*c/t", "#", "b*c/t", RULE_REACH_NONE},
        {"a?/t", "#", "a?b?/t", RULE_REACH_NONE},
        {"a?/t", "#", "?b/t", RULE_REACH_SOME},
        {"a*/t", "#", "a*/t", RULE_REACH_ALL},
        {"a*/t", "#", "ab/t", RULE_REACH_ALL},
        {"$tenant/#", "#", "#", RULE_REACH_NONE},
        {"$tenant/#", "#", "+/users", RULE_REACH_NONE},
        {"@acme/#", "#", "#", RULE_REACH_NONE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct rule_set *set = rules_of(cases[i].pattern, cases[i].branch, false);
        struct pattern asked;
        assert_null(pattern_parse(bytes_text(cases[i].asked), &asked));
        enum rule_reach reach = rule_set_reach(set, RIGHT_SEE, &asked);
        if (reach != cases[i].reach)
            fail_msg("%s within %s of %s: %d", cases[i].pattern, cases[i].branch, cases[i].asked,
                     reach);
        assert_int_equal(rule_set_reach(set, RIGHT_WRITE, &asked), RULE_REACH_NONE);
        free(set);
    }
}

static void test_reach_through_a_share(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *shared, *asked;
        enum rule_reach reach;
    } cases[] = {
        {"#", "#", "#", RULE_REACH_ALL},
        {"#", "fire/#", "#", RULE_REACH_SOME},
        {"#", "fire/#", "fire/+", RULE_REACH_ALL},
        {"#", "fire/#", "water/#", RULE_REACH_NONE},
        {"@acme/#", "fire/#", "fire/#", RULE_REACH_ALL},
        {"@acme", "fire/#", "fire/#", RULE_REACH_NONE},
        {"@other/#", "fire/#", "fire/#", RULE_REACH_NONE},
        {"@ac*/#", "fire/#", "fire/#", RULE_REACH_ALL},
        {"@acme/fire/1", "fire/#", "fire/#", RULE_REACH_SOME},
        {"@acme/water/#", "fire/#", "#", RULE_REACH_NONE},
        {"+/fire/#", "#", "fire/#", RULE_REACH_NONE},
        {"acme/#", "#", "#", RULE_REACH_NONE},
        {"$tenant/#", "#", "#", RULE_REACH_NONE},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct rule_set *set = rules_of(cases[i].pattern, "#", false);
        struct rule_set *shared = rules_of(cases[i].shared, "#", false);
        struct pattern asked;
        assert_null(pattern_parse(bytes_text(cases[i].asked), &asked));
        enum rule_reach reach =
            rule_set_reach_foreign(set, RIGHT_SEE, bytes_text("@acme"), shared, &asked);
        if (reach != cases[i].reach)
            fail_msg("%s with %s of %s: %d", cases[i].pattern, cases[i].shared, cases[i].asked,
                     reach);
        free(set);
        free(shared);
    }
}

static void test_names_at_both_sides(void **state)
{
    (void)state;
    uint8_t text[PATTERN_BYTES_MAX];
    char longest[PATH_SEGMENT_MAX + 2], pattern[2 * PATTERN_BYTES_MAX];
    memset(longest, 'x', sizeof longest);
    struct rule_names names = {bytes_of(longest, PATH_SEGMENT_MAX), bytes_text("ann")};
    assert_int_equal(rule_expand(bytes_text("a/%c/#"), &names, text), PATH_SEGMENT_MAX + 4);
    assert_int_equal(rule_expand(bytes_text("a/%u-%u/%"), &names, text), 11);
    assert_memory_equal(text, "a/ann-ann/%", 11);
    names.client_id.size++;
    assert_int_equal(rule_expand(bytes_text("a/%c/#"), &names, text), 0);
    assert_int_equal(rule_expand(bytes_text("a/%u/#"), &names, text), 7);
    memset(pattern, 'x', sizeof pattern);
    assert_int_equal(rule_expand(bytes_of(pattern, PATTERN_BYTES_MAX), &names, text),
                     PATTERN_BYTES_MAX);
    assert_int_equal(rule_expand(bytes_of(pattern, PATTERN_BYTES_MAX + 1), &names, text), 0);
}

static void test_more_rules_than_there_can_be(void **state)
{
    (void)state;
    struct rule_maker *maker = calloc(1, sizeof *maker);
    assert_non_null(maker);
    for (int i = 0; i < RULES_MAX + 1; i++) {
        char pattern[32];
        (void)snprintf(pattern, sizeof pattern, "a*/%d", i);
        assert_int_equal(
            rule_maker_add(maker, RIGHT_SEE, bytes_text(pattern), bytes_text("#"), false), OK);
    }
    struct rule_set *set = rule_maker_finish(maker);
    assert_non_null(set);
    assert_int_equal(set->count, RULES_MAX);
    assert_true(rule_set_may(set, RIGHT_SEE, bytes_text("ab/255")));
    assert_false(rule_set_may(set, RIGHT_SEE, bytes_text("ab/256")));
    assert_true(rule_set_kept(set, set));
    struct rule_set *less = rules_of("a*/7", "#", false);
    assert_true(rule_set_kept(less, set));
    assert_false(rule_set_kept(set, less));
    assert_false(rule_maker_same(maker, less));
    free(less);
    free(set);
    rule_maker_done(maker);
    free(maker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_reach),
        cmocka_unit_test(test_reach_through_a_share),
        cmocka_unit_test(test_names_at_both_sides),
        cmocka_unit_test(test_more_rules_than_there_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
