/* Thousands of conditions by chance, each over some steps of a plant by chance: the room agrees
 * with a second opinion (random.h), a printed condition is the same program, and all that was
 * answered has one hash, which any compiler at any optimisation has to find again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "condition/test_dice.h"

#define CONDITIONS 6000
#define STEPS 12
#define HASH_EXPECTED UINT64_C(0x5ea70d2f9c075afc)

static uint64_t memory[CONDITION_BYTES_MAX / 8], memory_again[CONDITION_BYTES_MAX / 8];
static struct random_house house;

/* A condition that grew past a limit is none; all other ones are. */
static const struct condition *made(uint64_t seed)
{
    struct condition_fault fault;
    random_make(&house, (struct dice){.seed = seed});
    if (house.over)
        return NULL;
    const struct condition *condition = house_parse(house.text, memory, &fault);
    if (condition == NULL && fault.code != CONDITION_FAULT_CELLS &&
        fault.code != CONDITION_FAULT_TIMERS && fault.code != CONDITION_FAULT_INSTRUCTIONS)
        fail_msg("seed %llu: %s: %u:%u %s", (unsigned long long)seed, house.text, fault.line,
                 fault.column, fault.sentence);
    return condition;
}

static void test_two_opinions(void **state)
{
    (void)state;
    uint64_t hash = 0;
    int conditions = 0;
    for (uint64_t seed = 1; seed <= CONDITIONS; seed++) {
        struct condition_fault fault;
        const struct condition *condition = made(seed);
        if (condition == NULL)
            continue;
        conditions++;
        struct bytes text = condition_text(condition);
        const struct condition *again =
            condition_parse(text, CONDITION_VERSION, memory_again, sizeof memory_again, &fault);
        if (again == NULL || memcmp(again, condition, condition_size(condition)) != 0)
            fail_msg("seed %llu: %s printed %.*s", (unsigned long long)seed, house.text,
                     (int)text.size, (const char *)text.at);
        hash = hash64(text.at, text.size, hash);
        for (int step = 0; step < STEPS; step++)
            if (!random_agrees(&house, again, &hash))
                fail_msg("seed %llu, step %d: %s", (unsigned long long)seed, step, house.text);
    }
    assert_true(conditions > CONDITIONS * 9 / 10);
    if (hash != HASH_EXPECTED)
        fail_msg("the hash is 0x%016llx", (unsigned long long)hash);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_opinions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
