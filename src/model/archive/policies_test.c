/* Policies: their order, what they may say, and which one decides. */
#include "model/archive/fixture.h"
#include "base/test_random.h"

#include <time.h>

static struct policy_set *set_of(struct fixture *f)
{
    struct policy_set *set;
    assert_int_equal(archive_policies(f->archive, &set), OK);
    return set;
}

/* The names in their order, as "a b c". */
static void assert_order(struct fixture *f, const char *expected)
{
    char text[256] = "";
    struct policy_set *set = set_of(f);
    for (uint32_t i = 0; i < policy_set_count(set); i++) {
        struct bytes name = policy_set_at(set, i)->name;
        size_t size = strlen(text);
        snprintf(text + size, sizeof text - size, "%s%.*s", i > 0 ? " " : "", (int)name.size,
                 (const char *)name.at);
    }
    assert_string_equal(text, expected);
    policy_set_release(set);
}

static struct outcome set_policy(struct fixture *f, const char *name, const char *pattern,
                                 uint32_t rank)
{
    struct command command = policy_command(name, pattern, rank);
    return fixture_command(f, &command);
}

static struct outcome by_name(struct fixture *f, enum command_kind kind, const char *name,
                              uint32_t rank)
{
    struct command command = command_of(kind);
    command.policy = (struct command_policy){.name = bytes_text(name), .rank = rank};
    return fixture_command(f, &command);
}

static void test_order(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_order(&f, "");
    assert_int_equal(set_policy(&f, "a", "a/#", 0).number, 1);
    assert_int_equal(set_policy(&f, "b", "b/#", 0).number, 2);
    assert_int_equal(set_policy(&f, "c", "c/#", 1).number, 1);
    assert_order(&f, "c a b");
    assert_int_equal(set_policy(&f, "a", "x/#", 0).number, 2); /* stays where it is */
    assert_order(&f, "c a b");
    assert_int_equal(by_name(&f, COMMAND_POLICY_MOVE, "b", 1).number, 1);
    assert_order(&f, "b c a");
    assert_int_equal(by_name(&f, COMMAND_POLICY_MOVE, "b", 99).number, 3);
    assert_order(&f, "c a b");
    assert_int_equal(by_name(&f, COMMAND_POLICY_MOVE, "c", 2).number, 2);
    assert_order(&f, "a c b");
    assert_int_equal(by_name(&f, COMMAND_POLICY_REMOVE, "c", 0).code, OUTCOME_DONE);
    assert_order(&f, "a b");
    assert_int_equal(by_name(&f, COMMAND_POLICY_REMOVE, "c", 0).code, OUTCOME_UNKNOWN_POLICY);
    assert_int_equal(by_name(&f, COMMAND_POLICY_MOVE, "c", 1).code, OUTCOME_UNKNOWN_POLICY);
    assert_int_equal(by_name(&f, COMMAND_POLICY_MOVE, "a", 0).code, OUTCOME_POLICY_INVALID);
    assert_int_equal(set_policy(&f, "d", "d", 2).number, 2);
    struct policy policy;
    assert_int_equal(archive_policy_find(f.archive, 1, bytes_text("d"), &policy), 2);
    assert_text(policy.pattern, "d");
    assert_int_equal(archive_policy_find(f.archive, 2, bytes_text("d"), &policy), 0);
    assert_int_equal(archive_policy_find(f.archive, 1, bytes_text("c"), &policy), 0);
    assert_order(&f, "a d b");
    uint64_t version = archive_policies_version(f.archive);
    assert_int_equal(set_policy(&f, "", "d", 2).code, OUTCOME_POLICY_INVALID);
    assert_true(archive_policies_version(f.archive) == version);
    fixture_close(&f);
}

static void test_what_one_may_say(void **state)
{
    (void)state;
    char name[POLICY_NAME_MAX + 2], pattern[POLICY_PATTERN_MAX + 2];
    memset(name, 'n', sizeof name);
    const struct command_policy good = {.name = bytes_text("a"), .pattern = bytes_text("#")};
    struct command_policy policy = good;
    assert_null(policy_fault(&policy));
    policy.name = bytes_of(name, POLICY_NAME_MAX);
    assert_null(policy_fault(&policy));
    static const char *const names[] = {"", "a/b", "a\x01", "\xff", "a\xc2\x85"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        assert_non_null(policy_name_fault(bytes_text(names[i])));
    assert_non_null(policy_name_fault(bytes_of(name, POLICY_NAME_MAX + 1)));
    policy = good;
    policy.pattern = bytes_text("a//b");
    assert_non_null(policy_fault(&policy));
    memset(pattern, 'p', sizeof pattern);
    for (size_t i = 100; i < POLICY_PATTERN_MAX; i += 100)
        pattern[i] = '/';
    policy.pattern = bytes_of(pattern, POLICY_PATTERN_MAX);
    assert_null(policy_fault(&policy));
    policy.pattern = bytes_of(pattern, POLICY_PATTERN_MAX + 1);
    assert_non_null(policy_fault(&policy));
    static const double bad_deadbands[] = {-0.1, NAN, INFINITY};
    for (size_t i = 0; i < ARRAY_COUNT(bad_deadbands); i++) {
        policy = good;
        policy.rules.deadband = bad_deadbands[i];
        assert_non_null(policy_fault(&policy));
        policy = good;
        policy.rules.deadband_percent = bad_deadbands[i];
        assert_non_null(policy_fault(&policy));
    }
    policy = good;
    policy.rules.deadband_percent = 100;
    policy.rules.priority = 100;
    policy.rules.when_full = POLICY_FULL_DROP_OLDEST;
    policy.rules.rollup_ns[0] = POLICY_NO_ROLLUP;
    assert_null(policy_fault(&policy));
    policy.rules.deadband_percent = 100.1;
    assert_non_null(policy_fault(&policy));
    policy = good;
    policy.rules.priority = 101;
    assert_non_null(policy_fault(&policy));
    policy = good;
    policy.rules.when_full = POLICY_FULLS;
    assert_non_null(policy_fault(&policy));
    policy = good;
    policy.rules.retention_ns = -1;
    assert_non_null(policy_fault(&policy));
    policy = good;
    policy.rules.rollup_ns[POLICY_DAY] = -2;
    assert_non_null(policy_fault(&policy));
}

static void test_a_thousand(void **state)
{
    (void)state;
    struct fixture f;
    char name[16];
    fixture_open(&f);
    for (uint32_t i = 0; i < POLICIES_MAX; i++) {
        snprintf(name, sizeof name, "p%u", i);
        assert_int_equal(set_policy(&f, name, "a/#", 1).code, OUTCOME_DONE);
    }
    assert_int_equal(set_policy(&f, "more", "a/#", 0).code, OUTCOME_ARCHIVE_FULL);
    assert_int_equal(set_policy(&f, "p5", "b/#", 0).code, OUTCOME_DONE);
    assert_int_equal(by_name(&f, COMMAND_POLICY_REMOVE, "p7", 0).code, OUTCOME_DONE);
    assert_int_equal(set_policy(&f, "more", "a/#", 0).number, POLICIES_MAX);
    struct timespec began, ended;
    clock_gettime(CLOCK_MONOTONIC, &began);
    struct policy_set *set = set_of(&f);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    print_message("a set of 1,000 policies is made in %.0f us\n",
                  (double)(ended.tv_sec - began.tv_sec) * 1e6 +
                      (double)(ended.tv_nsec - began.tv_nsec) / 1e3);
    assert_int_equal(policy_set_count(set), POLICIES_MAX);
    assert_int_equal(policy_set_match(set, 1, bytes_text("b/c")),
                     policy_set_find(set, 1, bytes_text("p5")));
    policy_set_release(set);
    fixture_close(&f);
}

/* ---- matching ----------------------------------------------------------------------------------
 */
static uint32_t policies_until_full(struct fixture *f, uint32_t tenant)
{
    char name[16];
    for (uint32_t i = 0; i < POLICIES_MAX; i++) {
        snprintf(name, sizeof name, "p%u", i);
        struct command command = policy_command(name, "a/#", 0);
        command.tenant = tenant;
        if (fixture_command(f, &command).code == OUTCOME_ARCHIVE_FULL)
            return i;
    }
    return POLICIES_MAX;
}

/* From rules 2 on neither one tenant nor several leave nothing; before, one could. */
static void test_a_tenant_leaves_something(void **arg)
{
    (void)arg;
    struct fixture f;
    struct fact start = {.kind = FACT_START, .start = {.reducer_version = 1}};
    struct archive_limits limits = archive_limits_default;
    limits.policies_max = 100;
    fixture_open_limited(&f, &limits);
    assert_int_equal(archive_apply_fact(f.archive, f.points, &start, &f.stamp, &f.effects), OK);
    assert_int_equal(policies_until_full(&f, 2), 100);
    fixture_close(&f);
    fixture_open_limited(&f, &limits);
    start.start.reducer_version = ARCHIVE_RULES_2;
    assert_int_equal(archive_apply_fact(f.archive, f.points, &start, &f.stamp, &f.effects), OK);
    for (uint32_t tenant = 2; tenant <= 7; tenant++)
        assert_int_equal(policies_until_full(&f, tenant), 10);
    assert_int_equal(policies_until_full(&f, 8), 8);
    assert_int_equal(policies_until_full(&f, TENANT_DEFAULT), 32); /* the house has what is left */
    fixture_close(&f);
}

static void test_the_first_decides(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    set_policy(&f, "exact", "plant/a/temp", 0);
    set_policy(&f, "temp", "plant/+/temp", 0);
    set_policy(&f, "plant", "plant/#", 0);
    set_policy(&f, "glob", "store/t*-?/x", 0);
    struct command other = policy_command("other", "#", 0);
    other.tenant = 2;
    fixture_command(&f, &other);
    struct policy_set *set = set_of(&f);
    static const struct {
        const char *path;
        uint32_t tenant, index;
    } cases[] = {{"plant/a/temp", 1, 0},
                 {"plant/b/temp", 1, 1},
                 {"plant/b/c", 1, 2},
                 {"plant", 1, 2},
                 {"plan", 1, POLICY_NONE},
                 {"store/tank-7/x", 1, 3},
                 {"store/tank-7/y", 1, POLICY_NONE},
                 {"plant/a/temp", 2, 4},
                 {"plants/a", 1, POLICY_NONE}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(policy_set_match(set, cases[i].tenant, bytes_text(cases[i].path)),
                         cases[i].index);
    /* A set that was given out stays as it was. */
    by_name(&f, COMMAND_POLICY_REMOVE, "exact", 0);
    assert_int_equal(policy_set_match(set, 1, bytes_text("plant/a/temp")), 0);
    struct policy_set *now = set_of(&f);
    assert_int_equal(policy_set_match(now, 1, bytes_text("plant/a/temp")), 0);
    assert_text(policy_set_at(now, 0)->name, "temp");
    assert_true(policy_set_version(now) > policy_set_version(set));
    assert_true(policy_set_matches(now, 1, 1, bytes_text("plant/a/temp")));
    assert_false(policy_set_matches(now, 1, 2, bytes_text("plant/a/temp")));
    policy_set_release(set);
    policy_set_release(now);
    fixture_close(&f);
}

/* Few letters, so that they meet. */
static size_t random_text(uint64_t *seed, const char *const *words, size_t count, bool pattern,
                          char *text)
{
    size_t segments = 1 + test_random(seed) % 4, size = 0;
    for (size_t i = 0; i < segments; i++)
        size += (size_t)sprintf(text + size, "%s%s", i > 0 ? "/" : "",
                                words[test_random(seed) % count]);
    if (pattern && test_random(seed) % 3 == 0)
        size += (size_t)sprintf(text + size, "/#");
    return size;
}

/* The sieve lets all through that a pattern matches: against the patterns one by one. */
static void test_sieve_against_patterns(void **state)
{
    (void)state;
    static const char *const wild[] = {"a", "bb", "longer-name-of-a-segment", "+", "a*", "*b",
                                       "?", "l*t"};
    static const char *const plain[] = {"a", "bb", "longer-name-of-a-segment", "b", "ab"};
    char text[256], name[16];
    uint64_t seed = 7;
    uint32_t matched = 0;
    for (int round = 0; round < 200; round++) {
        struct fixture f;
        fixture_open(&f);
        for (int i = 0; i < 8; i++) {
            snprintf(name, sizeof name, "p%d", i);
            text[random_text(&seed, wild, ARRAY_COUNT(wild), true, text)] = '\0';
            assert_int_equal(set_policy(&f, name, text, 0).code, OUTCOME_DONE);
        }
        set_policy(&f, "all", round % 2 == 0 ? "#" : "none", 0);
        struct policy_set *set = set_of(&f);
        for (int i = 0; i < 100; i++) {
            struct bytes path =
                bytes_of(text, random_text(&seed, plain, ARRAY_COUNT(plain), false, text));
            uint32_t expected = 0;
            while (expected < policy_set_count(set) && !policy_set_matches(set, expected, 1, path))
                expected++;
            expected = expected == policy_set_count(set) ? POLICY_NONE : expected;
            assert_int_equal(policy_set_match(set, 1, path), expected);
            matched += expected != POLICY_NONE && expected < 8;
        }
        policy_set_release(set);
        fixture_close(&f);
    }
    assert_true(matched > 2000);
}

/* Told, and held to ten times what it should be: machines differ. */
static void test_matching_is_fast(void **state)
{
    (void)state;
    struct fixture f;
    char name[16], pattern[64];
    fixture_open(&f);
    for (uint32_t i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "p%u", i);
        snprintf(pattern, sizeof pattern, "enterprise-%u/+/line-%u/#", i, i % 7);
        set_policy(&f, name, pattern, 0);
    }
    struct policy_set *set = set_of(&f);
    struct timespec began, ended;
    uint32_t found = 0;
    clock_gettime(CLOCK_MONOTONIC, &began);
    for (uint32_t i = 0; i < 200000; i++) {
        int size = snprintf(pattern, sizeof pattern, "enterprise-%u/site/line-%u/press/temp",
                            i % 128, i % 7);
        found += policy_set_match(set, 1, bytes_of(pattern, (size_t)size)) != POLICY_NONE;
    }
    clock_gettime(CLOCK_MONOTONIC, &ended);
    double ns =
        ((double)(ended.tv_sec - began.tv_sec) * 1e9 + (double)(ended.tv_nsec - began.tv_nsec)) /
        200000;
    print_message("%.0f ns a path with 100 policies, %u found\n", ns, found);
    assert_true(found > 10000 && ns < 10000);
    policy_set_release(set);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_what_one_may_say),
        cmocka_unit_test(test_a_thousand),
        cmocka_unit_test(test_a_tenant_leaves_something),
        cmocka_unit_test(test_the_first_decides),
        cmocka_unit_test(test_sieve_against_patterns),
        cmocka_unit_test(test_matching_is_fast),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
