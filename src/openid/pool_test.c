/* Questions to providers: how many at once, who forgets them, and providers that say nothing. */
#include "openid/room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct pool {
    struct openid *openid;
    int silent; /* takes connections and says nothing */
    char issuer[OS_ADDRESS_SIZE + 8];
    unsigned answers;
    enum openid_fault fault;
};

static const struct openid_flow flow = {"state", "nonce", "verifier", "challenge"};

static int pool_open(void **state)
{
    static struct pool pool;
    const struct openid_config config = {.clock = clock_real(), .ca = ""};
    char address[OS_ADDRESS_SIZE];
    memset(&pool, 0, sizeof pool);
    assert_int_equal(secrets_start(), OK);
    assert_int_equal(openid_create(&config, &pool.openid), OK);
    assert_int_equal(os_listen("127.0.0.1:0", 128, &pool.silent), OK);
    os_local_address(pool.silent, address);
    snprintf(pool.issuer, sizeof pool.issuer, "http://%s", address);
    *state = &pool;
    return 0;
}

static int pool_close(void **state)
{
    struct pool *pool = *state;
    openid_destroy(pool->openid);
    close(pool->silent);
    return 0;
}

static void pool_done(void *arg, const struct openid_answer *answer)
{
    struct pool *pool = arg;
    pool->answers++;
    pool->fault = answer->fault;
}

static bool pool_ask(struct pool *pool, uint32_t tenant, const char *issuer, bool inner, void *arg)
{
    const struct openid_question question = {.tenant = tenant,
                                             .inner = inner,
                                             .issuer = bytes_text(issuer),
                                             .client_id = bytes_text("mainstem"),
                                             .redirect = bytes_text("http://localhost/cb"),
                                             .flow = &flow};
    return openid_ask(pool->openid, &question, pool_done, arg);
}

static void pool_await(struct pool *pool, unsigned answers)
{
    struct pollfd fds[OPENID_THREADS];
    for (unsigned i = 0; i < OPENID_THREADS; i++)
        fds[i] = (struct pollfd){.fd = openid_fd(pool->openid, i), .events = POLLIN};
    for (int i = 0; i < 600 && pool->answers < answers; i++) {
        (void)poll(fds, OPENID_THREADS, 100);
        openid_step(pool->openid);
    }
    assert_int_equal(pool->answers, answers);
}

/* What nobody waits for any more makes room, but for what a thread has. */
static void test_questions_are_limited(void **state)
{
    struct pool *pool = *state;
    int who[OPENID_ASKS_MAX];
    for (uint32_t i = 0; i < OPENID_ASKS_TENANT; i++)
        assert_true(pool_ask(pool, 7, pool->issuer, true, &who[i]));
    assert_false(pool_ask(pool, 7, pool->issuer, true, pool));
    for (uint32_t i = OPENID_ASKS_TENANT; i < OPENID_ASKS_MAX; i++)
        assert_true(pool_ask(pool, 8 + i / OPENID_ASKS_TENANT, pool->issuer, true, &who[i]));
    assert_false(pool_ask(pool, 99, pool->issuer, true, pool));
    openid_forget(pool->openid, &who[OPENID_ASKS_MAX - 1]);
    assert_true(pool_ask(pool, 99, pool->issuer, true, pool));
    assert_false(pool_ask(pool, 99, pool->issuer, true, pool));
    for (uint32_t i = 0; i < OPENID_ASKS_MAX; i++)
        openid_forget(pool->openid, &who[i]);
    openid_forget(pool->openid, pool);
    openid_step(pool->openid);
    assert_int_equal(pool->answers, 0);
}

/* The others of a tenant whose provider is silent wait; another tenant's go on. */
static void test_tenants_do_not_wait_for_each_other(void **state)
{
    struct pool *pool = *state;
    int who[OPENID_THREADS_TENANT + 1];
    for (size_t i = 0; i < ARRAY_COUNT(who); i++)
        assert_true(pool_ask(pool, 7, pool->issuer, true, &who[i]));
    assert_true(pool_ask(pool, 8, "http://127.0.0.1:1", true, pool)); /* nobody is there */
    pool_await(pool, 1);
    assert_int_equal(pool->fault, OPENID_UNREACHABLE);
}

/* Another tenant's provider is not asked on this machine: nothing comes to the door. */
static void test_addresses_inside_are_not_asked(void **state)
{
    struct pool *pool = *state;
    char issuer[sizeof pool->issuer + 1];
    struct pollfd door = {.fd = pool->silent, .events = POLLIN};
    snprintf(issuer, sizeof issuer, "https%s", pool->issuer + 4);
    assert_true(pool_ask(pool, 7, issuer, false, pool));
    pool_await(pool, 1);
    assert_int_equal(pool->fault, OPENID_UNREACHABLE);
    assert_int_equal(poll(&door, 1, 0), 0);
}

static void test_nobody_is_told_after_the_end(void **state)
{
    struct pool *pool = *state;
    const struct openid_config config = {.clock = clock_real(), .ca = ""};
    assert_true(pool_ask(pool, 7, pool->issuer, true, pool));
    openid_destroy(pool->openid);
    assert_int_equal(pool->answers, 0);
    openid_destroy(NULL);
    assert_int_equal(openid_create(&config, &pool->openid), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_questions_are_limited, pool_open, pool_close),
        cmocka_unit_test_setup_teardown(test_tenants_do_not_wait_for_each_other, pool_open,
                                        pool_close),
        cmocka_unit_test_setup_teardown(test_addresses_inside_are_not_asked, pool_open, pool_close),
        cmocka_unit_test_setup_teardown(test_nobody_is_told_after_the_end, pool_open, pool_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
