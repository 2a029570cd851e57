/* The examples of MQTT 5, section 4.7, the limits, and trees against topic_matches by brute force.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topics/topics.h"
#include "base/test_random.h"

/* ---- what was told --------------------------------------------------------------------------- */

#define TOLD_MAX 65536
struct told {
    uint32_t count, stop_at; /* 0: never */
    uint64_t sum;
    uint32_t times[TOLD_MAX]; /* by value */
};
static struct told told;

static bool tell(void *arg, uint32_t value)
{
    struct told *to = arg;
    assert_true(value < TOLD_MAX);
    to->times[value]++;
    to->sum += value;
    to->count++;
    return to->count != to->stop_at;
}

static uint32_t filters_told(const struct topics *topics, const char *topic)
{
    memset(&told, 0, sizeof told);
    topics_match_filters(topics, 1, bytes_text(topic), tell, &told);
    return told.count;
}

static uint32_t names_told(const struct topics *topics, const char *filter)
{
    memset(&told, 0, sizeof told);
    assert_true(topics_match_names(topics, 1, bytes_text(filter), SIZE_MAX, tell, &told));
    return told.count;
}

static struct topics *tree(void)
{
    struct topics *topics;
    assert_int_equal(topics_create_seeded(77, &topics), OK);
    return topics;
}

static void add(struct topics *topics, const char *text, uint32_t value)
{
    assert_int_equal(topics_add(topics, 1, bytes_text(text), value), OK);
}

static void take(struct topics *topics, const char *text, uint32_t value)
{
    assert_int_equal(topics_remove(topics, 1, bytes_text(text), value), OK);
}

/* ---- the standard ---------------------------------------------------------------------------- */

/* The three ways to ask must agree. */
static void rule(const char *filter, const char *topic, bool matches)
{
    struct topics *filters = tree(), *names = tree();
    add(filters, filter, 5);
    add(names, topic, 6);
    bool pair = topic_matches(bytes_text(topic), bytes_text(filter));
    uint32_t by_name = filters_told(filters, topic), by_filter = names_told(names, filter);
    if (pair != matches || by_name != matches || by_filter != matches)
        fail_msg("filter '%s' topic '%s': pair %d, filters %u, names %u", filter, topic, pair,
                 by_name, by_filter);
    topics_destroy(filters);
    topics_destroy(names);
}

static void test_multi_level(void **arg) /* 4.7.1.2 */
{
    (void)arg;
    rule("sport/tennis/player1/#", "sport/tennis/player1", true);
    rule("sport/tennis/player1/#", "sport/tennis/player1/ranking", true);
    rule("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true);
    rule("sport/tennis/player1/#", "sport/tennis/player2", false);
    rule("sport/tennis/player1/#", "sport/tennis", false);
    rule("sport/tennis/player1/#", "sport/tennis/player10", false);
    rule("sport/#", "sport", true);
    rule("#", "sport/tennis", true);
    rule("#", "/", true);
    rule("/#", "/", true);
    rule("/#", "sport", false);
    rule("+/tennis/#", "sport/tennis/player1", true);
    rule("+/tennis/#", "sport/tennis", true);
    rule("+/tennis/#", "tennis", false);
}

static void test_single_level(void **arg) /* 4.7.1.3 */
{
    (void)arg;
    rule("sport/tennis/+", "sport/tennis/player1", true);
    rule("sport/tennis/+", "sport/tennis/player2", true);
    rule("sport/tennis/+", "sport/tennis/player1/ranking", false);
    rule("sport/+", "sport", false);
    rule("sport/+", "sport/", true);
    rule("+", "sport", true);
    rule("+", "sport/tennis", false);
    rule("sport/+/player1", "sport/tennis/player1", true);
    rule("sport/+/player1", "sport/tennis/player2", false);
    rule("+/+", "/finance", true);
    rule("/+", "/finance", true);
    rule("+", "/finance", false);
    rule("+/+/+", "//", true);
    rule("+/+", "//", false);
}

static void test_hidden(void **arg) /* 4.7.2 */
{
    (void)arg;
    rule("#", "$SYS/broker/uptime", false);
    rule("#", "$SYS", false);
    rule("+", "$SYS", false);
    rule("+/monitor/Clients", "$SYS/monitor/Clients", false);
    rule("$SYS/#", "$SYS/broker", true);
    rule("$SYS/#", "$SYS", true);
    rule("$SYS/monitor/+", "$SYS/monitor/Clients", true);
    rule("$SYS/#", "SYS/broker", false);
    rule("+/+", "a/$b", true);
    rule("a/#", "a/$b", true);
    rule("/+", "/$b", true);
    rule("+", "$", false);
}

static void test_plain(void **arg) /* 4.7.3 */
{
    (void)arg;
    rule("ACCOUNTS", "Accounts", false);
    rule("Accounts payable", "Accounts payable", true);
    rule("finance", "/finance", false);
    rule("/finance", "/finance", true);
    rule("a/b", "a/b/", false);
    rule("a/b/", "a/b", false);
    rule("a//b", "a//b", true);
    rule("a//b", "a/b", false);
    rule("/", "/", true);
    rule("", "", true);
    rule("+", "", true);
    rule("a\xc3\xa4/+", "a\xc3\xa4/b", true);
}

/* Texts that no caller lets through still have one meaning. */
static void test_invalid_wildcards(void **arg)
{
    (void)arg;
    rule("a/#/b", "a/x/b", false);
    rule("a+/b", "ax/b", false);
    rule("a/b#", "a/bx", false);
    rule("++", "ab", false);
    struct topics *topics = tree();
    add(topics, "a/#/b", 1);
    assert_int_equal(filters_told(topics, "a/#/b"), 1);
    take(topics, "a/#/b", 1);
    assert_true(topics_empty(topics));
    topics_destroy(topics);
}

/* ---- values ---------------------------------------------------------------------------------- */

static void test_each_filter_tells(void **arg)
{
    (void)arg;
    struct topics *topics = tree();
    static const char *const filters[] = {"#",     "+/+/+", "a/#",   "a/b/#", "a/b/c",  "a/+/c",
                                          "+/b/c", "a/b/+", "+/b/#", "+/#",   "a/b/c/#"};
    assert_true(topics_empty(topics));
    for (uint32_t i = 0; i < ARRAY_COUNT(filters); i++)
        add(topics, filters[i], i);
    add(topics, "a/b", 50);
    add(topics, "a/b/c/d", 51);
    add(topics, "a/b/c/+", 52);
    assert_int_equal(filters_told(topics, "a/b/c"), ARRAY_COUNT(filters));
    for (uint32_t i = 0; i < ARRAY_COUNT(filters); i++)
        assert_int_equal(told.times[i], 1);
    add(topics, "a/b/c", 0); /* the same value under two filters is told twice */
    assert_int_equal(filters_told(topics, "a/b/c"), ARRAY_COUNT(filters) + 1);
    assert_int_equal(told.times[0], 2);
    assert_int_equal(topics_count(topics), ARRAY_COUNT(filters) + 4);
    assert_false(topics_empty(topics));
    topics_destroy(topics);
    topics_destroy(NULL);
}

static void test_tenants_are_apart(void **arg)
{
    (void)arg;
    struct topics *topics = tree();
    add(topics, "a/#", 1);
    for (uint32_t tenant = 0; tenant < 300; tenant += 2)
        assert_int_equal(topics_add(topics, tenant, bytes_text("a/+"), 2), OK);
    assert_int_equal(topics_add(topics, UINT32_MAX, bytes_text("a/b"), 3), OK);
    assert_int_equal(filters_told(topics, "a/b"), 1);
    assert_int_equal(told.times[1], 1);
    assert_int_equal(names_told(topics, "+/+"), 0);
    memset(&told, 0, sizeof told);
    topics_match_filters(topics, 3, bytes_text("a/b"), tell, &told);
    assert_int_equal(told.count, 0);
    topics_match_filters(topics, 298, bytes_text("a/b"), tell, &told);
    assert_int_equal(told.count, 1);
    assert_int_equal(topics_remove(topics, 5, bytes_text("a/b"), 3), ERR_MISSING);
    assert_int_equal(topics_remove(topics, UINT32_MAX, bytes_text("a/b"), 3), OK);
    topics_destroy(topics);
}

static void test_exists_and_missing(void **arg)
{
    (void)arg;
    struct topics *topics = tree();
    assert_int_equal(topics_remove(topics, 1, bytes_text("a"), 1), ERR_MISSING);
    add(topics, "a/b", 1);
    assert_int_equal(topics_add(topics, 1, bytes_text("a/b"), 1), ERR_EXISTS);
    add(topics, "a/b", 2);
    assert_int_equal(topics_add(topics, 1, bytes_text("a/b"), 2), ERR_EXISTS);
    add(topics, "a/b/#", 1);
    assert_int_equal(topics_add(topics, 1, bytes_text("a/b/#"), 1), ERR_EXISTS);
    add(topics, "a/b/#", UINT16_MAX);
    assert_int_equal(topics_count(topics), 4);
    assert_int_equal(topics_remove(topics, 1, bytes_text("a/b"), 3), ERR_MISSING);
    assert_int_equal(topics_remove(topics, 1, bytes_text("a"), 1), ERR_MISSING);
    assert_int_equal(topics_remove(topics, 1, bytes_text("a/#"), 1), ERR_MISSING);
    assert_int_equal(topics_remove(topics, 1, bytes_text("a/+"), 1), ERR_MISSING);
    assert_int_equal(topics_remove(topics, 1, bytes_text("a/b/"), 1), ERR_MISSING);
    take(topics, "a/b", 1);
    assert_int_equal(topics_remove(topics, 1, bytes_text("a/b"), 1), ERR_MISSING);
    assert_int_equal(filters_told(topics, "a/b"), 3);
    take(topics, "a/b", 2);
    take(topics, "a/b/#", 1);
    assert_int_equal(topics_remove(topics, 1, bytes_text("a/b/#"), 1), ERR_MISSING);
    take(topics, "a/b/#", UINT16_MAX);
    assert_true(topics_empty(topics));
    topics_destroy(topics);
}

static void test_each_can_stop(void **arg)
{
    (void)arg;
    struct topics *topics = tree();
    static const char *const texts[] = {"#", "a/#", "+/b", "a/b"};
    for (uint32_t i = 0; i < ARRAY_COUNT(texts); i++)
        for (uint32_t value = 0; value < 30; value++)
            add(topics, texts[i], i * 100 + value);
    for (uint32_t stop = 1; stop <= 120; stop++) {
        memset(&told, 0, sizeof told);
        told.stop_at = stop;
        topics_match_filters(topics, 1, bytes_text("a/b"), tell, &told);
        assert_int_equal(told.count, stop);
    }
    memset(&told, 0, sizeof told);
    told.stop_at = 7;
    assert_true(topics_match_names(topics, 1, bytes_text("a/b"), 2, tell, &told));
    assert_int_equal(told.count, 7);
    topics_destroy(topics);
}

/* Sets of every size around the sizes at which they change their form, filled and emptied from
 * both ends and from the middle. */
static void values_round(uint32_t size, uint32_t step)
{
    struct topics *topics = tree();
    add(topics, "x", 1); /* the neighbour must stay as it is */
    for (uint32_t i = 0; i < size; i++) {
        add(topics, "a/b/#", i);
        add(topics, "a/b", i);
        assert_int_equal(topics_add(topics, 1, bytes_text("a/b"), i / 2), ERR_EXISTS);
    }
    assert_int_equal(filters_told(topics, "a/b"), 2 * size);
    for (uint32_t n = 0; n < size; n++) {
        uint32_t value = (n * step) % size; /* step and size have no common divisor */
        take(topics, "a/b", value);
        assert_int_equal(topics_remove(topics, 1, bytes_text("a/b"), value), ERR_MISSING);
        if (n % 16 != 0 && n + 4 < size)
            continue;
        assert_int_equal(filters_told(topics, "a/b"), 2 * size - n - 1);
        for (uint32_t m = 0; m < size; m++)
            assert_int_equal(told.times[(m * step) % size], m <= n ? 1 : 2);
    }
    for (uint32_t i = size; i-- > 0;)
        take(topics, "a/b/#", i);
    assert_int_equal(topics_count(topics), 1);
    assert_int_equal(names_told(topics, "#"), 1);
    topics_destroy(topics);
}

static void test_values_of_one_text(void **arg)
{
    (void)arg;
    static const uint32_t sizes[] = {1, 2, 3, 12, 13, 14, 26, 27, 32, 33, 63, 64, 65, 66, 131, 500};
    for (uint32_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        values_round(sizes[i], 1);
        values_round(sizes[i], sizes[i] - 1 > 0 ? sizes[i] - 1 : 1); /* from the end */
        values_round(sizes[i], sizes[i] % 17 == 0 ? 19 : 17);
    }
}

/* Many values under one text go in and out at once. With a search through the set this would be
 * five thousand million steps; the test's time limit is what fails. */
static void test_many_values(void **arg)
{
    (void)arg;
    enum { MANY = 100000 };
    struct topics *topics = tree();
    for (uint32_t i = 0; i < MANY; i++)
        add(topics, "all/#", i);
    assert_int_equal(topics_count(topics), MANY);
    assert_true(topics_memory(topics) < MANY * 32);
    for (uint32_t i = 0; i < MANY; i++)
        take(topics, "all/#", (uint32_t)((uint64_t)i * 77773 % MANY));
    assert_true(topics_empty(topics));
    topics_destroy(topics);
}

/* ---- limits ---------------------------------------------------------------------------------- */

/* depth levels of 'a'. */
static struct bytes deep(char *text, uint32_t depth)
{
    for (uint32_t i = 0; i < depth; i++)
        memcpy(text + 2 * (size_t)i, "a/", 2);
    return bytes_of(text, 2 * (size_t)depth - 1);
}

static struct bytes deep_rest(char *text, uint32_t depth)
{
    size_t size = deep(text, depth).size;
    text[size - 1] = '#';
    return bytes_of(text, size);
}

static uint32_t deep_filters_told(const struct topics *topics, uint32_t depth)
{
    char text[1024];
    memset(&told, 0, sizeof told);
    topics_match_filters(topics, 1, deep(text, depth), tell, &told);
    return told.count;
}

static void test_depth_limit(void **arg)
{
    (void)arg;
    char text[1024];
    struct topics *topics = tree();
    assert_int_equal(topics_add(topics, 1, deep(text, TOPICS_DEPTH_MAX + 1), 1), ERR_LIMIT);
    assert_int_equal(topics_add(topics, 1, deep_rest(text, TOPICS_DEPTH_MAX + 1), 1), ERR_LIMIT);
    assert_int_equal(topics_remove(topics, 1, deep(text, TOPICS_DEPTH_MAX + 1), 1), ERR_MISSING);
    assert_true(topics_empty(topics));
    assert_int_equal(topics_add(topics, 1, deep(text, TOPICS_DEPTH_MAX), 1), OK);
    assert_int_equal(topics_remove(topics, 1, deep(text, TOPICS_DEPTH_MAX + 1), 1), ERR_MISSING);
    assert_int_equal(deep_filters_told(topics, TOPICS_DEPTH_MAX - 1), 0);
    assert_int_equal(deep_filters_told(topics, TOPICS_DEPTH_MAX), 1);
    assert_int_equal(deep_filters_told(topics, TOPICS_DEPTH_MAX + 1), 0);
    assert_int_equal(topics_add(topics, 1, deep_rest(text, TOPICS_DEPTH_MAX), 2), OK);
    assert_int_equal(deep_filters_told(topics, TOPICS_DEPTH_MAX - 2), 0);
    assert_int_equal(deep_filters_told(topics, TOPICS_DEPTH_MAX - 1), 1); /* the parent */
    assert_int_equal(deep_filters_told(topics, TOPICS_DEPTH_MAX), 2);
    assert_int_equal(deep_filters_told(topics, TOPICS_DEPTH_MAX + 1), 1);
    assert_int_equal(deep_filters_told(topics, TOPICS_DEPTH_MAX * 3), 1);
    assert_int_equal(topics_remove(topics, 1, deep(text, TOPICS_DEPTH_MAX), 1), OK);
    assert_int_equal(topics_remove(topics, 1, deep_rest(text, TOPICS_DEPTH_MAX), 2), OK);
    assert_true(topics_empty(topics));
    topics_destroy(topics);
}

static uint32_t deep_names_told(const struct topics *topics, struct bytes filter)
{
    memset(&told, 0, sizeof told);
    assert_true(topics_match_names(topics, 1, filter, SIZE_MAX, tell, &told));
    return told.count;
}

static void test_depth_of_names(void **arg)
{
    (void)arg;
    char text[1024];
    struct topics *topics = tree();
    assert_int_equal(topics_add(topics, 1, deep(text, TOPICS_DEPTH_MAX), 1), OK);
    assert_int_equal(topics_add(topics, 1, deep(text, TOPICS_DEPTH_MAX - 1), 2), OK);
    assert_int_equal(deep_names_told(topics, deep(text, TOPICS_DEPTH_MAX)), 1);
    assert_int_equal(deep_names_told(topics, deep(text, TOPICS_DEPTH_MAX + 1)), 0);
    assert_int_equal(deep_names_told(topics, deep(text, TOPICS_DEPTH_MAX + 2)), 0);
    assert_int_equal(deep_names_told(topics, deep_rest(text, TOPICS_DEPTH_MAX - 1)), 2);
    assert_int_equal(deep_names_told(topics, deep_rest(text, TOPICS_DEPTH_MAX)), 2);
    assert_int_equal(deep_names_told(topics, deep_rest(text, TOPICS_DEPTH_MAX + 1)), 1);
    assert_int_equal(deep_names_told(topics, deep_rest(text, TOPICS_DEPTH_MAX + 2)), 0);
    assert_int_equal(deep_names_told(topics, deep_rest(text, 1)), 2);
    topics_destroy(topics);
}

/* '+' in every place, in all combinations: the walk's stack is as deep as it can be. */
static void test_plus_everywhere(void **arg)
{
    (void)arg;
    char text[1024];
    struct topics *topics = tree();
    for (uint32_t plus = 0; plus < TOPICS_DEPTH_MAX; plus++) {
        struct bytes filter = deep(text, TOPICS_DEPTH_MAX);
        for (uint32_t i = plus; i < TOPICS_DEPTH_MAX; i++)
            text[2 * (size_t)i] = '+';
        assert_int_equal(topics_add(topics, 1, filter, plus), OK);
    }
    assert_int_equal(deep_filters_told(topics, TOPICS_DEPTH_MAX), TOPICS_DEPTH_MAX);
    assert_int_equal(deep_filters_told(topics, TOPICS_DEPTH_MAX + 1), 0);
    assert_int_equal(deep_filters_told(topics, TOPICS_DEPTH_MAX - 1), 0);
    topics_destroy(topics);
    topics = tree();
    for (uint32_t bits = 0; bits < 1u << 12; bits++) {
        struct bytes filter = deep(text, 12);
        for (uint32_t i = 0; i < 12; i++)
            text[2 * (size_t)i] = bits >> i & 1 ? '+' : 'a';
        assert_int_equal(topics_add(topics, 1, filter, bits), OK);
    }
    assert_int_equal(deep_filters_told(topics, 12), 1u << 12);
    assert_int_equal(deep_filters_told(topics, 11), 0);
    topics_destroy(topics);
}

static void test_level_limit(void **arg)
{
    (void)arg;
    char *text = malloc(TOPICS_LEVEL_MAX + 3);
    assert_non_null(text);
    struct topics *topics = tree();
    memset(text, 'x', TOPICS_LEVEL_MAX + 3);
    struct bytes fits = bytes_of(text, TOPICS_LEVEL_MAX);
    assert_int_equal(topics_add(topics, 1, bytes_of(text, TOPICS_LEVEL_MAX + 1), 1), ERR_LIMIT);
    assert_int_equal(topics_add(topics, 1, fits, 1), OK);
    assert_int_equal(topics_remove(topics, 1, bytes_of(text, TOPICS_LEVEL_MAX - 1), 1),
                     ERR_MISSING);
    assert_int_equal(deep_names_told(topics, fits), 1);
    assert_int_equal(deep_names_told(topics, bytes_text("+")), 1);
    text[TOPICS_LEVEL_MAX - 1] = 'y';
    assert_int_equal(deep_names_told(topics, fits), 0);
    topics_destroy(topics); /* with a long level still in it */
    free(text);
}

/* Levels around the size that a node holds itself. */
static void test_level_sizes(void **arg)
{
    (void)arg;
    char text[80], other[88];
    struct topics *topics = tree();
    for (uint32_t size = 0; size < 70; size++) {
        snprintf(text, sizeof text, "t/%.*s/#", (int)size,
                 "0123456789012345678901234567890123456789012345678901234567890123456789");
        add(topics, text, size);
    }
    uint64_t memory = topics_memory(topics);
    for (uint32_t size = 0; size < 70; size++) {
        snprintf(text, sizeof text, "t/%.*s", (int)size,
                 "0123456789012345678901234567890123456789012345678901234567890123456789");
        assert_int_equal(filters_told(topics, text), 1);
        assert_int_equal(told.times[size], 1);
        snprintf(other, sizeof other, "%s/#", text);
        take(topics, other, size);
        assert_int_equal(filters_told(topics, text), 0);
    }
    assert_true(topics_empty(topics));
    assert_true(topics_memory(topics) < memory); /* long levels have been freed */
    topics_destroy(topics);
}

static void test_names_gives_up(void **arg)
{
    (void)arg;
    struct topics *topics = tree();
    char text[32];
    for (uint32_t i = 0; i < 100; i++) {
        snprintf(text, sizeof text, "a/%u/b", i);
        add(topics, text, i);
        snprintf(text, sizeof text, "$h%u", i);
        add(topics, text, i);
    }
    struct {
        const char *filter;
        size_t needed;
        uint32_t found;
    } asks[] = {{"a/7/b", 3, 1}, {"a/+/b", 201, 100}, {"a/#", 201, 100}, {"#", 301, 100},
                {"+", 101, 0},   {"a/7/#", 3, 1},     {"$h3", 1, 1},     {"a/7/x", 2, 0},
                {"a/+", 101, 0}, {"none", 0, 0},      {"+/7/b", 103, 1}};
    for (uint32_t i = 0; i < ARRAY_COUNT(asks); i++) {
        struct bytes filter = bytes_text(asks[i].filter);
        for (size_t most = 0; most < asks[i].needed + 3; most++) {
            memset(&told, 0, sizeof told);
            bool all = topics_match_names(topics, 1, filter, most, tell, &told);
            if (all != (most >= asks[i].needed))
                fail_msg("'%s' with %zu steps: %d", asks[i].filter, most, all);
            if (all)
                assert_int_equal(told.count, asks[i].found);
        }
    }
    topics_destroy(topics);
}

/* What the header says of memory. */
static void test_memory(void **arg)
{
    (void)arg;
    enum { MANY = 50000 };
    struct topics *topics = tree();
    char text[64];
    assert_true(topics_memory(topics) < 1024);
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "site/a/device/%u/#", i);
        add(topics, text, i);
    }
    assert_in_range(topics_memory(topics) / MANY, 64 + 11, 64 + 19 + 2);
    topics_destroy(topics);
}

/* Pruning gives nodes back: going round and round takes no more memory than going once. */
static void test_memory_is_used_again(void **arg)
{
    (void)arg;
    struct topics *topics = tree();
    char text[64];
    uint64_t memory = 0;
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < 3000; i++) {
            snprintf(text, sizeof text, "r/%u/%u/+/x/#", round, i);
            add(topics, text, i);
        }
        if (round == 0)
            memory = topics_memory(topics);
        for (uint32_t i = 0; i < 3000; i++) {
            snprintf(text, sizeof text, "r/%u/%u/+/x/#", round, (i * 7) % 3000);
            take(topics, text, (i * 7) % 3000);
        }
        assert_true(topics_empty(topics));
    }
    /* Buckets may be split once more by another round's tags. */
    assert_true(topics_memory(topics) <= memory + memory / 8);
    topics_destroy(topics);
}

/* ---- against brute force --------------------------------------------------------------------- */

static uint64_t random_seed;
static uint32_t random_below(uint32_t limit)
{
    return (uint32_t)((test_random(&random_seed) >> 32) * limit >> 32);
}

#define TEXT_MAX 96
struct entry {
    char text[TEXT_MAX];
    uint32_t value;
};
/* Few letters, so that much collides; empty levels; '$' in all places; a long level. */
static void random_text(char *text, bool filter)
{
    static const char *const levels[] = {
        "a", "b", "", "$", "$a", "a b", "c", "a level of more than 32 bytes, so it lies outside"};
    uint32_t depth = 1 + random_below(5);
    char *at = text;
    for (uint32_t i = 0; i < depth; i++) {
        uint32_t pick = random_below(filter ? 20 : 14);
        const char *level = levels[pick < 14 ? pick / 2 : 0];
        if (pick >= 14)
            level = pick < 18 ? "+" : "#";
        else if (random_below(64) == 0 && i == 0)
            level = levels[7];
        at += snprintf(at, (size_t)(text + TEXT_MAX - at), "%s%s", i > 0 ? "/" : "", level);
        if (strcmp(level, "#") == 0)
            return;
    }
}

static bool entry_matches(const struct entry *entry, const char *asked, bool filters)
{
    struct bytes stored = bytes_text(entry->text), text = bytes_text(asked);
    return filters ? topic_matches(text, stored) : topic_matches(stored, text);
}

static void compare(const struct topics *topics, const struct entry *entries, uint32_t count,
                    bool filters)
{
    static uint32_t times[TOLD_MAX];
    char asked[TEXT_MAX];
    random_text(asked, !filters);
    uint32_t found = filters ? filters_told(topics, asked) : names_told(topics, asked);
    memset(times, 0, sizeof times);
    uint32_t expected = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (entry_matches(&entries[i], asked, filters)) {
            times[entries[i].value]++;
            expected++;
        }
    }
    if (found != expected || memcmp(times, told.times, sizeof times) != 0)
        fail_msg("asked '%s': %u told, %u expected", asked, found, expected);
}

static bool entry_known(const struct entry *entries, uint32_t count, const struct entry *entry)
{
    for (uint32_t i = 0; i < count; i++)
        if (entries[i].value == entry->value && strcmp(entries[i].text, entry->text) == 0)
            return true;
    return false;
}

/* Thousands of changes, growing to `most` entries, shrinking, growing again. */
static void property_round(uint64_t seed, bool filters, uint32_t most)
{
    static struct entry entries[4000];
    struct topics *topics;
    uint32_t count = 0;
    bool growing = true;
    random_seed = seed;
    assert_int_equal(topics_create_seeded(seed, &topics), OK);
    for (uint32_t step = 0; step < most * 5; step++) {
        growing = count == 0 || (growing && count < most);
        struct entry *entry = &entries[count];
        random_text(entry->text, filters);
        entry->value = random_below(40);
        if (random_below(10) < (growing ? 8 : 2) && count < most) {
            bool known = entry_known(entries, count, entry);
            assert_int_equal(topics_add(topics, 1, bytes_text(entry->text), entry->value),
                             known ? ERR_EXISTS : OK);
            count += !known;
        } else if (random_below(4) == 0) {
            bool known = entry_known(entries, count, entry);
            if (!known)
                assert_int_equal(topics_remove(topics, 1, bytes_text(entry->text), entry->value),
                                 ERR_MISSING);
        } else if (count > 0) {
            uint32_t at = random_below(count);
            take(topics, entries[at].text, entries[at].value);
            entries[at] = entries[--count];
        }
        assert_int_equal(topics_count(topics), count);
        if (step % 4 == 0)
            compare(topics, entries, count, filters);
    }
    while (count-- > 0)
        take(topics, entries[count].text, entries[count].value);
    assert_true(topics_empty(topics));
    compare(topics, entries, 0, filters);
    topics_destroy(topics);
}

static void test_filters_property(void **arg)
{
    (void)arg;
    for (uint64_t seed = 1; seed <= 40; seed++)
        property_round(seed, true, 50);
    property_round(1001, true, 3000);
}

static void test_names_property(void **arg)
{
    (void)arg;
    for (uint64_t seed = 1; seed <= 40; seed++)
        property_round(seed, false, 50);
    property_round(1002, false, 3000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_multi_level),
        cmocka_unit_test(test_single_level),
        cmocka_unit_test(test_hidden),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_invalid_wildcards),
        cmocka_unit_test(test_each_filter_tells),
        cmocka_unit_test(test_tenants_are_apart),
        cmocka_unit_test(test_exists_and_missing),
        cmocka_unit_test(test_each_can_stop),
        cmocka_unit_test(test_values_of_one_text),
        cmocka_unit_test(test_many_values),
        cmocka_unit_test(test_depth_limit),
        cmocka_unit_test(test_depth_of_names),
        cmocka_unit_test(test_plus_everywhere),
        cmocka_unit_test(test_level_limit),
        cmocka_unit_test(test_level_sizes),
        cmocka_unit_test(test_names_gives_up),
        cmocka_unit_test(test_memory_is_used_again),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_filters_property),
        cmocka_unit_test(test_names_property),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
