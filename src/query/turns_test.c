/* Whose turn it is, counted: tenants one after the other, whatever each has waiting. */
#include "query/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define TENANTS 4u

struct asked { /* a question of a tenant; the test's turn is over at once */
    struct link turn;
    struct query_party *party;
    uint32_t tenant;
    unsigned turns;
};

static struct asked *asked_put(struct query_turns *turns, struct asked *asked, uint32_t tenant)
{
    *asked = (struct asked){.tenant = tenant, .party = query_party_enter(turns, tenant)};
    assert_non_null(asked->party);
    link_init(&asked->turn);
    query_turns_put(asked->party, &asked->turn, true);
    return asked;
}

static struct asked *asked_next(struct query_turns *turns)
{
    struct link *turn = query_turns_next(turns, UINT32_MAX);
    if (turn == NULL)
        return NULL;
    struct asked *asked = LINK_OWNER(turn, struct asked, turn);
    asked->turns++;
    query_party_done(asked->party);
    return asked;
}

static void asked_end(struct query_turns *turns, struct asked *asked)
{
    query_turns_take(turns, &asked->turn);
    query_party_leave(asked->party);
}

/* A hundred long questions of one, and one of another: each tenant has every second turn. */
static void a_hundred_do_not_starve_one(void **state)
{
    static struct asked many[100];
    struct asked one;
    struct query_turns turns;
    unsigned of[2] = {0, 0};
    (void)state;
    query_turns_init(&turns);
    for (size_t i = 0; i < ARRAY_COUNT(many); i++)
        asked_put(&turns, &many[i], 7);
    for (unsigned i = 0; i < 50; i++) { /* they are under way */
        struct asked *asked = asked_next(&turns);
        query_turns_put(asked->party, &asked->turn, false);
    }
    asked_put(&turns, &one, 8);
    assert_ptr_equal(asked_next(&turns), &one); /* it was quiet: it goes first */
    query_turns_put(one.party, &one.turn, false);
    for (unsigned i = 0; i < 1000; i++) {
        struct asked *asked = asked_next(&turns);
        of[asked == &one]++;
        query_turns_put(asked->party, &asked->turn, false);
    }
    assert_int_equal(of[0], 500);
    assert_int_equal(of[1], 500);
    assert_int_equal(turns.waiting, 101);
    for (size_t i = 0; i < ARRAY_COUNT(many); i++)
        asked_end(&turns, &many[i]);
    asked_end(&turns, &one);
    assert_int_equal(turns.waiting, 0);
    assert_null(query_turns_next(&turns, UINT32_MAX));
    assert_true(link_is_alone(&turns.parties));
}

/* Tenants that come anew again and again do not stop those that are under way. */
static void newcomers_do_not_starve_who_is_there(void **state)
{
    struct asked old, new;
    struct query_turns turns;
    unsigned had = 0;
    (void)state;
    query_turns_init(&turns);
    asked_put(&turns, &old, 1);
    query_turns_put(asked_next(&turns)->party, &old.turn, false);
    for (uint32_t i = 0; i < 500; i++) {
        asked_put(&turns, &new, 2 + i);
        for (struct asked *asked; (asked = asked_next(&turns)) != &new;) {
            assert_ptr_equal(asked, &old);
            query_turns_put(old.party, &old.turn, false);
            had++;
        }
        asked_end(&turns, &new);
    }
    assert_in_range(had, 500 / 4 - 1, 500 / 4 + 1);
    asked_end(&turns, &old);
}

/* Within a tenant a new question goes before the old ones, but for every fifth turn. */
static void fresh_ones_go_first(void **state)
{
    struct asked old, fresh[10];
    struct query_turns turns;
    unsigned had = 0;
    (void)state;
    query_turns_init(&turns);
    asked_put(&turns, &old, 1);
    query_turns_put(asked_next(&turns)->party, &old.turn, false);
    for (size_t i = 0; i < ARRAY_COUNT(fresh); i++)
        asked_put(&turns, &fresh[i], 1);
    for (size_t i = 0; i < 12; i++) {
        struct asked *asked = asked_next(&turns);
        if (asked == &old) {
            query_turns_put(old.party, &old.turn, false);
            had++;
        }
    }
    assert_int_equal(had, 2);
    for (size_t i = 0; i < ARRAY_COUNT(fresh); i++) {
        assert_int_equal(fresh[i].turns, 1);
        asked_end(&turns, &fresh[i]);
    }
    asked_end(&turns, &old);
}

/* Of a tenant no more are under way than told; the others go on. */
static void no_more_than_most_are_under_way(void **state)
{
    struct asked asked[4];
    struct query_turns turns;
    (void)state;
    query_turns_init(&turns);
    for (size_t i = 0; i < 3; i++)
        asked_put(&turns, &asked[i], 1);
    assert_ptr_equal(query_turns_next(&turns, 2), &asked[0].turn);
    assert_ptr_equal(query_turns_next(&turns, 2), &asked[1].turn);
    assert_null(query_turns_next(&turns, 2));
    asked_put(&turns, &asked[3], 2);
    assert_ptr_equal(query_turns_next(&turns, 2), &asked[3].turn);
    assert_null(query_turns_next(&turns, 2));
    query_party_done(asked[0].party);
    assert_ptr_equal(query_turns_next(&turns, 2), &asked[2].turn);
    assert_null(query_turns_next(&turns, 2));
    for (size_t i = 1; i < 4; i++)
        query_party_done(asked[i].party);
    for (size_t i = 0; i < 4; i++)
        asked_end(&turns, &asked[i]);
    assert_true(link_is_alone(&turns.parties));
}

/* Whatever is put and taken in whatever order: each waiting question has its turn, none twice. */
static void any_order(void **state)
{
    static struct asked asked[64];
    struct query_turns turns;
    uint32_t random = 1;
    (void)state;
    query_turns_init(&turns);
    for (size_t i = 0; i < ARRAY_COUNT(asked); i++)
        asked_put(&turns, &asked[i], 1 + (uint32_t)i % TENANTS);
    for (unsigned round = 0; round < 100000; round++) {
        random = random * 1664525u + 1013904223u;
        struct asked *some = &asked[random >> 16 & 63];
        if (random & 1)
            query_turns_take(&turns, &some->turn);
        else if (random & 2 && link_is_alone(&some->turn))
            query_turns_put(some->party, &some->turn, random >> 2 & 1);
        else if (turns.waiting > 0)
            assert_non_null(asked_next(&turns));
        size_t waiting = 0;
        for (size_t i = 0; i < ARRAY_COUNT(asked); i++)
            waiting += !link_is_alone(&asked[i].turn);
        assert_int_equal(turns.waiting, waiting);
    }
    while (asked_next(&turns) != NULL)
        continue;
    for (size_t i = 0; i < ARRAY_COUNT(asked); i++)
        asked_end(&turns, &asked[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_do_not_starve_one),
        cmocka_unit_test(newcomers_do_not_starve_who_is_there),
        cmocka_unit_test(fresh_ones_go_first),
        cmocka_unit_test(no_more_than_most_are_under_way),
        cmocka_unit_test(any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
