/* What who asks sees: asked of access once for each tenant, resolved by name, and nothing when
 * there is no memory. */
#include "query/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OWN 7u

static struct asker { /* sees of the tenants 100..100+others, all of each */
    uint32_t others;
    unsigned places, lists;
    enum err err;
} asker;

static bool resolve(void *arg, struct bytes text, uint32_t *ret_tenant, struct bytes *ret_path)
{
    (void)arg;
    if (text.size < 6 || memcmp(text.at, "@acme/", 6) != 0)
        return false;
    *ret_tenant = 100;
    *ret_path = bytes_of(text.at + 6, text.size - 6);
    return true;
}

static size_t others(void *arg, uint32_t *tenants, size_t most)
{
    const struct asker *of = arg;
    asker.lists++;
    for (uint32_t i = 0; i < of->others && i < most; i++)
        tenants[i] = 100 + i;
    return of->others;
}

static enum err place(void *arg, uint32_t tenant, struct query_place *ret_place)
{
    const struct asker *of = arg;
    static char prefix[32]; /* the next one takes its place: it is copied */
    asker.places++;
    if (of->err != OK)
        return of->err;
    if (tenant != OWN && (tenant < 100 || tenant >= 100 + of->others))
        return ERR_MISSING;
    snprintf(prefix, sizeof prefix, "@t%u/", tenant);
    ret_place->prefix = tenant == OWN ? bytes_of("", 0) : bytes_text(prefix);
    ret_place->name = bytes_text("n");
    return OK;
}

static struct query_sight *sight_of(uint32_t count)
{
    asker = (struct asker){.others = count};
    struct query_sight *sight = query_sight_create(&(struct query_asker){
        .tenant = OWN, .resolve = resolve, .others = others, .place = place, .arg = &asker});
    assert_non_null(sight);
    return sight;
}

static void each_place_is_asked_once(void **state)
{
    (void)state;
    struct query_sight *sight = sight_of(3000);
    for (int round = 0; round < 2; round++)
        for (uint32_t tenant = 100 + 2999; tenant >= 100; tenant--) {
            char prefix[32];
            snprintf(prefix, sizeof prefix, "@t%u/", tenant);
            const struct query_place *found = query_sight_of(sight, tenant);
            assert_non_null(found);
            assert_int_equal(found->tenant, tenant);
            assert_true(bytes_equal(found->prefix, bytes_text(prefix)));
            assert_true(found->sees_all && query_place_sees(found, bytes_text("a")));
        }
    assert_int_equal(asker.places, 3000);
    const uint32_t strangers[] = {0, 1, 99, 100 + 3000, NAMESPACE_TENANTS_MAX, UINT32_MAX};
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < ARRAY_COUNT(strangers); i++)
            assert_null(query_sight_of(sight, strangers[i]));
    assert_int_equal(asker.places,
                     3003); /* those that are no numbers of tenants are not asked for */
    assert_false(query_sight_failed(sight));
    query_sight_release(query_sight_hold(sight));
    query_sight_release(sight);
}

static void all_others_are_listed(void **state)
{
    (void)state;
    const uint32_t counts[] = {0, 1, 64, 65, 5000};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        uint32_t count = 1;
        struct query_sight *sight = sight_of(counts[i]);
        (void)query_sight_others(sight, &count);
        const uint32_t *list = query_sight_others(sight, &count);
        assert_int_equal(count, counts[i]);
        for (uint32_t at = 0; at < count; at++)
            assert_int_equal(list[at], 100 + at);
        assert_int_equal(asker.lists, counts[i] > 64 ? 2 : 1);
        query_sight_release(sight);
    }
}

static void names_are_resolved(void **state)
{
    static const struct {
        const char *text;
        enum query_whose whose;
        uint32_t tenant;
        const char *path;
    } cases[] = {{"a/b", QUERY_OF_ONE, OWN, "a/b"},       {"", QUERY_OF_ONE, OWN, ""},
                 {"@acme/a/b", QUERY_OF_ONE, 100, "a/b"}, {"@acme/", QUERY_OF_ONE, 100, ""},
                 {"@+/a/#", QUERY_OF_OTHERS, OWN, "a/#"}, {"@*/a", QUERY_OF_OTHERS, OWN, "a"},
                 {"@+", QUERY_OF_OTHERS, OWN, ""},        {"@", QUERY_OF_NOBODY, OWN, ""},
                 {"@no/a", QUERY_OF_NOBODY, OWN, "a"},    {"@++/a", QUERY_OF_NOBODY, OWN, "a"}};
    (void)state;
    struct query_sight *sight = sight_of(1);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        uint32_t tenant;
        struct bytes path, text = bytes_text(cases[i].text);
        assert_int_equal(query_sight_resolve(sight, text, &tenant, &path), cases[i].whose);
        assert_int_equal(tenant, cases[i].tenant);
        assert_true(bytes_equal(path, bytes_text(cases[i].path)));
        assert_true(bytes_equal(query_sight_path(sight, text), path));
    }
    query_sight_release(sight);
    /* Where there are no other tenants '@' is a character. */
    sight = query_sight_create(&(struct query_asker){.tenant = OWN});
    uint32_t tenant, count;
    struct bytes path;
    assert_int_equal(query_sight_resolve(sight, bytes_text("@acme/a"), &tenant, &path),
                     QUERY_OF_ONE);
    assert_true(bytes_equal(path, bytes_text("@acme/a")));
    assert_non_null(query_sight_of(sight, OWN));
    assert_null(query_sight_of(sight, 100));
    (void)query_sight_others(sight, &count);
    assert_int_equal(count, 0);
    query_sight_release(sight);
}

/* Without memory less is seen, and it is said. */
static void a_lack_of_memory_is_no_right(void **state)
{
    (void)state;
    struct query_sight *sight = sight_of(1);
    asker.err = ERR_NO_MEMORY;
    assert_null(query_sight_of(sight, OWN));
    assert_true(query_sight_failed(sight));
    query_sight_release(sight);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_place_is_asked_once),
        cmocka_unit_test(all_others_are_listed),
        cmocka_unit_test(names_are_resolved),
        cmocka_unit_test(a_lack_of_memory_is_no_right),
    };
    return cmocka_run_group_tests_name("sight", tests, NULL, NULL);
}
