/* What a tenant holds on the disk: the same, whichever way it came there: sealed, merged, found
 * again after a start, erased; and what is refused on both sides of its quota. */
#include "engine/room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct house {
    char folder[64];
    struct disk *disk;
    struct worker *worker;
    struct engine *engine;
    uint64_t messages;
};

static void house_begin(struct house *house)
{
    struct engine_config config;
    struct engine_start start;
    engine_config_default(&config);
    config.disk = house->disk;
    config.clock = clock_real();
    config.writer = config.background = config.sealer = config.merger = house->worker;
    config.batch_floor_ns = 0;
    assert_int_equal(engine_open(&config, &house->engine, &start), OK);
}

static int house_setup(void **state)
{
    struct house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    snprintf(house->folder, sizeof house->folder, "/tmp/storage_test.XXXXXX");
    assert_non_null(mkdtemp(house->folder));
    assert_int_equal(disk_real_open(house->folder, true, &house->disk), OK);
    assert_int_equal(worker_inline_create(&house->worker), OK);
    house_begin(house);
    *state = house;
    return 0;
}

static int house_teardown(void **state)
{
    struct house *house = *state;
    char command[128];
    engine_close(house->engine, false);
    house->worker->destroy(house->worker);
    disk_real_close(house->disk);
    snprintf(command, sizeof command, "rm -rf %s", house->folder);
    assert_int_equal(system(command), 0);
    free(house);
    return 0;
}

static void settle(struct house *house)
{
    struct journal *journal = engine_journal(house->engine);
    for (int i = 0; i < 10000; i++) {
        engine_step(house->engine);
        if (journal_batch_empty(journal) && !journal_in_flight(journal) &&
            !engine_snapshot_active(house->engine) &&
            !history_is_busy(engine_history(house->engine)))
            return;
    }
    fail_msg("the engine does not settle");
}

/* One whole round that began now. */
static void count(struct house *house)
{
    struct storage *stored = &house->engine->stored;
    settle(house);
    for (int rounds = 0; rounds < 2; rounds++) { /* the first one may have begun before */
        stored->due_ns = 0;
        engine_step(house->engine);
        for (int i = 0; i < 100000 && stored->view != NULL; i++)
            engine_step(house->engine);
        assert_null(stored->view);
    }
}

static enum admit say(struct house *house, uint32_t tenant, const char *topic)
{
    struct admitted admitted;
    struct publisher publisher;
    char payload[96];
    uint64_t n = house->messages++;
    publisher_init(&publisher, tenant, UINT64_MAX);
    snprintf(payload, sizeof payload, "{\"a\":%llu.5,\"b\":%llu,\"time\":%llu}",
             (unsigned long long)(n * n % 1000), (unsigned long long)n,
             1700000000000ull + n * 1000);
    enum admit admit;
    while ((admit = engine_publish(house->engine, &publisher, bytes_text(topic),
                                   bytes_text(payload), &admitted)) == ADMIT_WAIT)
        engine_step(house->engine);
    return admit;
}

static void say_many(struct house *house, uint32_t tenant, const char *topic, unsigned messages)
{
    for (unsigned i = 0; i < messages; i++)
        assert_int_equal(say(house, tenant, topic), ADMIT_DONE);
    settle(house);
}

static void seal(struct house *house)
{
    history_seal_now(engine_history(house->engine));
    settle(house);
}

static void sum_part(void *arg, const struct part_info *info)
{
    *(uint64_t *)arg += info->bytes;
}

/* Of all parts, whosever: files, with their heads and indexes. */
static uint64_t bytes_of_parts(struct house *house)
{
    struct history_view *view;
    uint64_t bytes = 0;
    assert_int_equal(history_view_open(engine_history(house->engine), &view), OK);
    history_view_parts(view, sum_part, &bytes);
    history_view_close(view);
    return bytes;
}

static void what_is_sealed_is_counted_once(void **state)
{
    struct house *house = *state;
    say_many(house, 2, "plant/a", 400);
    say_many(house, 3, "plant/a", 100);
    count(house);
    uint64_t open[2] = {engine_tenant_storage(house->engine, 2),
                        engine_tenant_storage(house->engine, 3)};
    assert_int_equal(open[0], 400 * (4 + 2 * 2)); /* as count.c estimates it */
    assert_int_equal(open[1], 100 * (4 + 2 * 2));
    seal(house);
    count(house);
    uint64_t sealed[2] = {engine_tenant_storage(house->engine, 2),
                          engine_tenant_storage(house->engine, 3)};
    assert_true(sealed[0] > sealed[1] && sealed[1] > 0);
    uint64_t files = bytes_of_parts(house);
    assert_true(sealed[0] + sealed[1] < files && sealed[0] + sealed[1] > files / 4);
    assert_int_equal(engine_tenant_storage(house->engine, 4), 0);
    assert_int_equal(engine_tenant_storage(house->engine, UINT32_MAX), 0);
    /* The same after a start, once it was counted. */
    engine_close(house->engine, true);
    house_begin(house);
    count(house);
    assert_int_equal(engine_tenant_storage(house->engine, 2), sealed[0]);
    assert_int_equal(engine_tenant_storage(house->engine, 3), sealed[1]);
}

static void a_merge_takes_back_what_it_replaced(void **state)
{
    struct house *house = *state;
    for (int i = 0; i < 4; i++) {
        say_many(house, 2, "plant/a", 200);
        seal(house);
    }
    count(house);
    uint64_t before = engine_tenant_storage(house->engine, 2);
    assert_int_equal(house->engine->stored.part_count, 4);
    history_merge_now(engine_history(house->engine));
    settle(house);
    count(house);
    uint64_t after = engine_tenant_storage(house->engine, 2);
    assert_int_equal(house->engine->stored.part_count, 1);
    assert_true(after > 0 && after < before);
}

static void what_is_erased_counts_no_more(void **state)
{
    struct house *house = *state;
    struct admitted admitted;
    say_many(house, 2, "plant/a", 400);
    say_many(house, 3, "plant/b", 400);
    seal(house);
    count(house);
    uint64_t other = engine_tenant_storage(house->engine, 3);
    struct point_range range = {1, 2};
    struct command command = {.kind = COMMAND_ERASE,
                              .tenant = 2,
                              .erase = {.complete = true,
                                        .from_ns = TIME_MIN_NS,
                                        .to_ns = TIME_MAX_NS,
                                        .pattern = bytes_text("#"),
                                        .reason = bytes_text("test"),
                                        .author = bytes_text("test"),
                                        .ranges = &range,
                                        .range_count = 1}};
    assert_int_equal(engine_command(house->engine, &command, 1, &admitted), ADMIT_DONE);
    settle(house);
    seal(house);
    history_merge_now(engine_history(house->engine));
    settle(house);
    count(house);
    assert_int_equal(engine_tenant_storage(house->engine, 2), 0);
    assert_true(engine_tenant_storage(house->engine, 3) > 0);
    assert_true(engine_tenant_storage(house->engine, 3) <= other + other / 4);
}

static void values_are_refused_at_the_limit(void **state)
{
    struct house *house = *state;
    struct engine_counters counters;
    say_many(house, 2, "plant/a", 200);
    count(house);
    uint64_t held = engine_tenant_storage(house->engine, 2);
    engine_tenant_storage_quota(house->engine, 2, held + 1);
    assert_int_equal(say(house, 2, "plant/a"), ADMIT_DONE);
    settle(house);
    engine_tenant_storage_quota(house->engine, 2, held);
    assert_true(engine_tenant_is_full(house->engine, 2));
    assert_int_equal(say(house, 2, "plant/a"), ADMIT_STORAGE_MAX);
    assert_int_equal(say(house, 2, "plant/new"), ADMIT_STORAGE_MAX);
    assert_int_equal(say(house, 3, "plant/a"), ADMIT_DONE);
    engine_describe(house->engine, &counters);
    assert_int_equal(counters.refused[ADMIT_STORAGE_MAX], 2);
    assert_int_equal(engine_tenant_refused(house->engine, 2, ADMIT_STORAGE_MAX), 2);
    assert_int_equal(engine_tenant_refused(house->engine, 3, ADMIT_STORAGE_MAX), 0);
    /* It is let in again once there is a twentieth less, not before. */
    engine_tenant_storage_quota(house->engine, 2, held + held / 100);
    assert_int_equal(say(house, 2, "plant/a"), ADMIT_STORAGE_MAX);
    engine_tenant_storage_quota(house->engine, 2, held + held / 10);
    assert_int_equal(say(house, 2, "plant/a"), ADMIT_DONE);
    engine_tenant_storage_quota(house->engine, 2, held);
    assert_int_equal(say(house, 2, "plant/a"), ADMIT_STORAGE_MAX);
    engine_tenant_storage_quota(house->engine, 2, 0);
    assert_int_equal(say(house, 2, "plant/a"), ADMIT_DONE);
    settle(house);
}

/* Messages that would be kept are refused as well; to take away what is retained is not. */
static void messages_are_refused_at_the_limit(void **state)
{
    struct house *house = *state;
    struct admitted admitted;
    struct publisher publisher;
    publisher_init(&publisher, 2, UINT64_MAX);
    struct bytes topic = bytes_text("lamp"), payload = bytes_text("on");
    struct fact fact = {
        .kind = FACT_MESSAGE,
        .message = {.tenant = 2, .retain = true, .topic = topic, .payload = payload}};
    struct engine_beside beside = {
        .facts = &fact, .count = 1, .bytes = FACT_MESSAGE_BYTES_MAX(64), .no_reading = true};
    assert_int_equal(engine_message(house->engine, &publisher, topic, payload, &beside, &admitted),
                     ADMIT_DONE);
    settle(house);
    uint64_t held = engine_tenant_storage(house->engine, 2);
    assert_true(held > 0);
    engine_tenant_storage_quota(house->engine, 2, held);
    assert_int_equal(engine_message(house->engine, &publisher, topic, payload, &beside, &admitted),
                     ADMIT_STORAGE_MAX);
    fact.message.payload = bytes_of("", 0);
    assert_int_equal(
        engine_message(house->engine, &publisher, topic, bytes_of("", 0), &beside, &admitted),
        ADMIT_DONE);
    settle(house);
    assert_int_equal(engine_tenant_storage(house->engine, 2), 0);
    engine_tenant_storage_quota(house->engine, 2, held);
    assert_false(engine_tenant_is_full(house->engine, 2));
}

/* What a document may bring is what is left, to the byte. */
static void documents_count_and_are_refused_at_the_limit(void **state)
{
    struct house *house = *state;
    struct admitted admitted;
    uint8_t bytes[200], hash[DOCUMENT_HASH_SIZE] = {1};
    struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
    struct command command = {.kind = COMMAND_DOCUMENT_SET, .tenant = 2};
    form_put_text(&form, DOCUMENT_TAG_NAME, bytes_text("manual"));
    form_put_integer(&form, DOCUMENT_TAG_MEDIA, DOCUMENT_PDF);
    form_put_text(&form, DOCUMENT_TAG_HASH, bytes_of(hash, sizeof hash));
    form_put_integer(&form, DOCUMENT_TAG_SIZE, 5000);
    assert_true(form_end(&form, &command.module.form));
    assert_true(engine_tenant_may_store(house->engine, 2, UINT64_MAX)); /* no quota */
    engine_tenant_storage_quota(house->engine, 2, 8000);
    assert_true(engine_tenant_may_store(house->engine, 2, 8000));
    assert_false(engine_tenant_may_store(house->engine, 2, 8001));
    assert_int_equal(engine_command(house->engine, &command, 1, &admitted), ADMIT_DONE);
    settle(house);
    assert_int_equal(engine_tenant_storage(house->engine, 2), 5000);
    assert_true(engine_tenant_may_store(house->engine, 2, 3000));
    assert_false(engine_tenant_may_store(house->engine, 2, 3001));
    assert_int_equal(engine_tenant_refused(house->engine, 2, ADMIT_STORAGE_MAX), 2);
    assert_true(engine_tenant_may_store(house->engine, 3, 8001)); /* another's */
    engine_tenant_storage_quota(house->engine, 2, 5000);
    assert_true(engine_tenant_is_full(house->engine, 2)); /* for values, too */
    assert_false(engine_tenant_may_store(house->engine, 2, 1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_sealed_is_counted_once),    TEST(a_merge_takes_back_what_it_replaced),
        TEST(what_is_erased_counts_no_more),     TEST(values_are_refused_at_the_limit),
        TEST(messages_are_refused_at_the_limit), TEST(documents_count_and_are_refused_at_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
