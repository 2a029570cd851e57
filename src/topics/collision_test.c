/* Tags that agree by chance: levels, parents and owners are compared, not their tags. The pairs are
 * searched for here, with the seed in hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "topics/tree.h"

#define SEED 4711
#define TRIES 400000u /* some 18 pairs are to be expected */

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

/* Two numbers with one tag. */
static void pair_find(uint32_t (*tag)(const void *arg, uint32_t number), const void *arg,
                      uint32_t *ret_pair)
{
    uint64_t *tags = malloc(TRIES * sizeof *tags);
    assert_non_null(tags);
    for (uint32_t i = 0; i < TRIES; i++)
        tags[i] = (uint64_t)tag(arg, i) << 32 | i;
    qsort(tags, TRIES, sizeof *tags, compare);
    uint32_t at = 1;
    while (at < TRIES && tags[at] >> 32 != tags[at - 1] >> 32)
        at++;
    assert_true(at < TRIES);
    ret_pair[0] = (uint32_t)tags[at - 1];
    ret_pair[1] = (uint32_t)tags[at];
    free(tags);
}

static uint32_t text_tag(const struct topics *topics, struct bytes text)
{
    uint32_t tenant = 1;
    struct levels levels = levels_of(text);
    uint32_t tag = node_tag(0, level_hash(topics, bytes_of(&tenant, sizeof tenant)));
    while (levels.more)
        tag = node_tag(tag, level_hash(topics, levels_next(&levels)));
    return tag;
}

static char *text_of(const char *below, uint32_t number, char *text)
{
    snprintf(text, 64, "n%u%s", number, below);
    return text;
}

/* Texts with numbers; what stands behind the number is the same for all. */
struct texts {
    const struct topics *topics;
    const char *below;
};
static uint32_t texts_tag(const void *arg, uint32_t number)
{
    const struct texts *texts = arg;
    char text[64];
    return text_tag(texts->topics, bytes_text(text_of(texts->below, number, text)));
}

static bool tell(void *arg, uint32_t value)
{
    uint32_t *told = arg;
    *told = *told * 10 + value;
    return true;
}

static uint32_t told(const struct topics *topics, bool filters, const char *asked)
{
    uint32_t values = 0;
    if (filters)
        topics_match_filters(topics, 1, bytes_text(asked), tell, &values);
    else
        assert_true(topics_match_names(topics, 1, bytes_text(asked), 100, tell, &values));
    return values;
}

/* wild: the texts are no names. */
static void texts_collide(const char *below, bool wild)
{
    struct topics *topics;
    char text[2][64];
    uint32_t pair[2];
    assert_int_equal(topics_create_seeded(SEED, &topics), OK);
    struct texts texts = {topics, below};
    pair_find(texts_tag, &texts, pair);
    for (uint32_t i = 0; i < 2; i++)
        text_of(below, pair[i], text[i]);
    for (uint32_t first = 0; first < 2; first++) {
        for (uint32_t i = 0; i < 2; i++) {
            uint32_t now = first ^ i;
            assert_int_equal(told(topics, true, text[now]), 0);
            assert_int_equal(topics_remove(topics, 1, bytes_text(text[now]), 1), ERR_MISSING);
            assert_int_equal(topics_add(topics, 1, bytes_text(text[now]), now + 1), OK);
        }
        for (uint32_t i = 0; i < 2; i++) {
            assert_int_equal(told(topics, true, text[i]), i + 1);
            assert_int_equal(told(topics, false, text[i]), wild ? 0 : i + 1);
        }
        for (uint32_t i = 0; i < 2; i++) {
            uint32_t now = first ^ i;
            assert_int_equal(topics_remove(topics, 1, bytes_text(text[now]), now + 1), OK);
            assert_int_equal(told(topics, true, text[now]), 0);
            assert_int_equal(told(topics, false, text[now]), 0);
            assert_int_equal(told(topics, true, text[!now]), i == 0 ? !now + 1u : 0);
        }
    }
    assert_true(topics_empty(topics));
    topics_destroy(topics);
}

static void test_levels_collide(void **arg)
{
    (void)arg;
    texts_collide("", false);
}

/* The same last level below two parents. */
static void test_parents_collide(void **arg)
{
    (void)arg;
    texts_collide("/x", false);
    texts_collide("/+/x", true);
}

#define VALUE 5u
static uint32_t owner_tag(const void *arg, uint32_t owner)
{
    const struct values *values = arg;
    return tag_of(values->seed, (uint64_t)owner << 32 | VALUE);
}

/* The same value in two large sets. */
static void test_owners_collide(void **arg)
{
    (void)arg;
    struct values values = {.seed = SEED};
    struct {
        uint32_t head;
        uint8_t kind;
    } sets[2] = {0};
    uint32_t owners[2];
    pair_find(owner_tag, &values, owners);
    for (uint32_t i = 0; i < 2; i++)
        for (uint32_t value = 100; value < 200; value++)
            assert_int_equal(values_add(&values, owners[i], &sets[i].head, &sets[i].kind, value),
                             OK);
    for (uint32_t first = 0; first < 2; first++) {
        for (uint32_t i = 0; i < 2; i++) {
            uint32_t now = first ^ i, owner = owners[now];
            assert_int_equal(values_remove(&values, owner, &sets[now].head, &sets[now].kind, VALUE),
                             ERR_MISSING);
            assert_int_equal(values_add(&values, owner, &sets[now].head, &sets[now].kind, VALUE),
                             OK);
            assert_int_equal(values_add(&values, owner, &sets[now].head, &sets[now].kind, VALUE),
                             ERR_EXISTS);
        }
        for (uint32_t i = 0; i < 2; i++)
            assert_int_equal(values_remove(&values, owners[i], &sets[i].head, &sets[i].kind, VALUE),
                             OK);
    }
    values_done(&values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels_collide),
        cmocka_unit_test(test_parents_collide),
        cmocka_unit_test(test_owners_collide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
