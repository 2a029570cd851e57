/* The key of the house on the imagined disk: whenever the power goes or a call fails, the next
 * start has a key, and a key that was handed out once is the key for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "disk_sim.h"
#include "secrets/secrets.h"

#include <string.h>

#define SEEDS 64
#define WHICH_SIZE (SECRET_SEAL_OVERHEAD + 3)
#define CALLS_MOST 32 /* more than making a key takes */

static uint64_t keys_made;

static void random_other(void *at, size_t size)
{
    uint8_t *bytes = at;
    keys_made++; /* another key each time one is made */
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(keys_made >> (8 * (i % 8)));
}

/* Opens and tells which key it is, by a seal; what it was is left alone on failure. */
static enum err key_open(struct disk *disk, uint8_t ret_which[WHICH_SIZE])
{
    struct secret_key *key;
    enum err err = secret_key_open(disk, random_other, &key);
    if (err != OK)
        return err;
    const uint8_t nonce[SECRET_NONCE_SIZE] = {0};
    check(secret_seal(key, bytes_text("which"), nonce, bytes_text("one"), ret_which) == WHICH_SIZE);
    secret_key_destroy(key);
    return OK;
}

/* Twice from now on, with a power cut before each: there is one key, `wanted` unless NULL. */
static void key_stays(struct disk_sim *sim, const uint8_t *wanted)
{
    uint8_t which[2][WHICH_SIZE];
    for (int i = 0; i < 2; i++) {
        if (!disk_sim_power_is_off(sim))
            disk_sim_power_off(sim);
        disk_sim_power_on(sim);
        assert_int_equal(key_open(disk_sim_port(sim), which[i]), OK);
        if (wanted != NULL)
            assert_memory_equal(which[i], wanted, sizeof which[i]);
    }
    assert_memory_equal(which[0], which[1], sizeof which[0]);
}

/* The power goes in the n-th call of the first start, for every n. */
static void test_power_cuts(void **arg)
{
    (void)arg;
    size_t made = 0, interrupted = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        for (uint64_t calls = 1; calls < CALLS_MOST; calls++) {
            uint8_t which[WHICH_SIZE];
            struct disk_sim *sim;
            struct random random;
            random_seed(&random, seed);
            assert_int_equal(disk_sim_create(&random, &sim), OK);
            disk_sim_power_fail_in(sim, calls);
            bool good = key_open(disk_sim_port(sim), which) == OK;
            made += good;
            interrupted += !good;
            key_stays(sim, good ? which : NULL);
            disk_sim_destroy(sim);
        }
    assert_true(made >= SEEDS && interrupted >= 4 * SEEDS); /* both sides were seen */
}

/* The n-th call fails, the program starts again on what it sees, then the power goes. */
static void test_failing_calls(void **arg)
{
    (void)arg;
    size_t failed = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        for (uint64_t calls = 0; calls < CALLS_MOST; calls++) {
            uint8_t which[WHICH_SIZE];
            struct disk_sim *sim;
            struct random random;
            random_seed(&random, seed);
            assert_int_equal(disk_sim_create(&random, &sim), OK);
            disk_sim_fail_in(sim, calls, 1);
            failed += key_open(disk_sim_port(sim), which) != OK;
            disk_sim_fail_in(sim, 0, 0);
            assert_int_equal(key_open(disk_sim_port(sim), which), OK);
            key_stays(sim, which);
            disk_sim_destroy(sim);
        }
    assert_true(failed >= 4 * SEEDS);
}

static void test_full_disk(void **arg)
{
    (void)arg;
    uint8_t which[WHICH_SIZE];
    struct disk_sim *sim;
    struct random random;
    random_seed(&random, 1);
    assert_int_equal(disk_sim_create(&random, &sim), OK);
    disk_sim_capacity(sim, SECRET_KEY_SIZE - 1);
    assert_int_equal(key_open(disk_sim_port(sim), which), ERR_NO_SPACE);
    disk_sim_capacity(sim, 0);
    assert_int_equal(key_open(disk_sim_port(sim), which), OK);
    key_stays(sim, which);
    disk_sim_fail_reads(sim, 1); /* a key that cannot be read is not made anew */
    assert_int_equal(key_open(disk_sim_port(sim), which), ERR_IO);
    key_stays(sim, which);
    disk_sim_destroy(sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_power_cuts),
        cmocka_unit_test(test_failing_calls),
        cmocka_unit_test(test_full_disk),
    };
    check(secrets_start() == OK);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
