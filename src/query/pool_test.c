/* Questions from their selection to the last byte, on the pool's threads, against a history in a
 * folder of its own: turns, back-pressure, cancelling at any moment, limits, compression. Under the
 * thread sanitizer as well. */
#include "query/query.h"

#include "engine/engine.h"
#include "wire/http/http.h"

#include <ftw.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

#define BEGIN_S INT64_C(1772352000)
#define POINTS 4
#define SAMPLES 20000 /* of each */

static struct house {
    char folder[64];
    struct disk *disk;
    struct worker *writer, *background, *sealer, *merger;
    struct engine *engine;
    struct namespace *space;
    struct publisher publisher;
} house;

static void house_tell(void *arg, enum log_level level, const char *text)
{
    (void)arg;
    if (level <= LOG_WARN)
        fprintf(stderr, "told: %s\n", text);
}

static void house_publish(const char *topic, const char *payload)
{
    struct admitted admitted;
    enum admit admit;
    while ((admit = engine_publish(house.engine, &house.publisher, bytes_text(topic),
                                   bytes_text(payload), &admitted)) == ADMIT_WAIT)
        (void)engine_step(house.engine);
    assert_int_equal(admit, ADMIT_DONE);
}

static int house_open(void **state)
{
    (void)state;
    struct engine_config config;
    struct engine_start start;
    char payload[128];
    snprintf(house.folder, sizeof house.folder, "/tmp/pool_test.XXXXXX");
    assert_non_null(mkdtemp(house.folder));
    assert_int_equal(disk_real_open(house.folder, true, &house.disk), OK);
    struct worker **workers[] = {&house.writer, &house.background, &house.sealer, &house.merger};
    for (size_t i = 0; i < ARRAY_COUNT(workers); i++)
        assert_int_equal(worker_inline_create(workers[i]), OK);
    engine_config_default(&config);
    config.disk = house.disk;
    config.clock = clock_real();
    config.writer = house.writer;
    config.background = house.background;
    config.sealer = house.sealer;
    config.merger = house.merger;
    config.points_max = 1000;
    config.batch_floor_ns = 0;
    config.tell = house_tell;
    assert_int_equal(engine_open(&config, &house.engine, &start), OK);
    publisher_init(&house.publisher, TENANT_DEFAULT, 1000);
    for (int i = 0; i < SAMPLES; i++)
        for (int j = 0; j < POINTS; j++) {
            char topic[32];
            snprintf(topic, sizeof topic, "house/p%d", j);
            snprintf(payload, sizeof payload, "{\"v\":%d.%d,\"ts\":%lld}", i % 1000, j,
                     (long long)(BEGIN_S + i) * 1000);
            house_publish(topic, payload);
        }
    struct journal *journal = engine_journal(house.engine);
    do
        (void)engine_step(house.engine);
    while (!journal_batch_empty(journal) || journal_in_flight(journal));
    assert_int_equal(namespace_create(engine_points(house.engine), &house.space), OK);
    while (!namespace_catch_up(house.space, 1000, NULL, NULL))
        continue;
    return 0;
}

static int file_remove(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

static int house_close(void **state)
{
    (void)state;
    namespace_destroy(house.space);
    engine_close(house.engine, false);
    struct worker *workers[] = {house.writer, house.background, house.sealer, house.merger};
    for (size_t i = 0; i < ARRAY_COUNT(workers); i++)
        workers[i]->destroy(workers[i]);
    disk_real_close(house.disk);
    return nftw(house.folder, file_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- questions --------------------------------------------------------------------------------
 */
static struct query_pool *pool_make(unsigned threads, uint64_t memory, int64_t time_ns)
{
    struct query_pool *pool = NULL;
    const struct query_pool_config config = {
        .threads = threads, .memory = memory, .time_ns = time_ns};
    assert_int_equal(query_pool_create(&config, &pool), OK);
    return pool;
}

static uint32_t asking = TENANT_DEFAULT; /* the tenant of selection_of; others share all with it */

static enum err place_any(void *arg, uint32_t tenant, struct query_place *ret_place)
{
    (void)arg, (void)tenant, (void)ret_place;
    return OK;
}

static struct query_selection *selection_of(const char *match)
{
    struct query_selection *selection = NULL;
    const struct bytes matches[] = {bytes_text(match)};
    static const uint32_t ids[] = {1, 2, 3, 4};
    struct query_sight *sight =
        query_sight_create(&(struct query_asker){.tenant = asking, .place = place_any});
    const struct query_filter filter = {.sight = sight,
                                        .matches = matches,
                                        .match_count = asking == TENANT_DEFAULT,
                                        .points = ids,
                                        .point_count = asking == TENANT_DEFAULT ? 0 : POINTS,
                                        .most = 100,
                                        .history = engine_history(house.engine)};
    const char *fault = NULL;
    enum err err = query_selection_create(house.space, engine_points(house.engine), &filter,
                                          &selection, &fault);
    assert_int_equal(err, OK);
    query_sight_release(sight);
    while ((err = query_selection_step(selection)) == ERR_BUSY)
        continue;
    assert_int_equal(err, OK);
    return selection;
}

static struct query_request request_of(enum query_question kind, enum query_format format)
{
    struct query_request request = {.kind = kind,
                                    .format = format,
                                    .from_ns = BEGIN_S * NS_PER_S,
                                    .to_ns = (BEGIN_S + SAMPLES) * NS_PER_S,
                                    .now_ns = (BEGIN_S + SAMPLES) * NS_PER_S,
                                    .limit = QUERY_SAMPLES_MAX,
                                    .width = 100,
                                    .step = {QUERY_FIXED, 60 * NS_PER_S}};
    assert_null(
        query_aggregates_parse(bytes_text("mean"), request.aggregates, &request.aggregate_count));
    return request;
}

struct asked {
    struct query_run *run;
    size_t news;
};

static void asked_news(void *arg)
{
    struct asked *asked = arg;
    asked->news++;
}

static enum err ask(struct query_pool *pool, const char *match, const struct query_request *request,
                    struct asked *asked)
{
    struct history_view *view = NULL;
    assert_int_equal(history_view_open(engine_history(house.engine), &view), OK);
    *asked = (struct asked){.news = 0};
    return query_run_begin(pool, selection_of(match), view, request, asked_news, asked,
                           &asked->run);
}

static void pool_wait(struct query_pool *pool)
{
    struct pollfd fd = {.fd = query_pool_fd(pool), .events = POLLIN};
    assert_int_equal(poll(&fd, 1, 20000), 1);
    (void)query_pool_poll(pool);
}

/* The whole answer; the caller frees it. */
static char *answer_of(struct query_pool *pool, struct asked *asked, size_t *ret_size,
                       struct query_status *ret_status)
{
    char *text = NULL;
    size_t size = 0;
    for (;;) {
        struct bytes block = query_run_take(asked->run);
        if (block.size > 0) {
            text = realloc(text, size + block.size + 1);
            assert_non_null(text);
            memcpy(text + size, block.at, block.size);
            size += block.size;
            text[size] = '\0';
            continue;
        }
        query_run_status(asked->run, ret_status);
        if (ret_status->end != QUERY_RUNS && ret_status->ready == 0)
            break;
        if (ret_status->ready == 0)
            pool_wait(pool);
    }
    query_run_cancel(asked->run);
    *ret_size = size;
    return text;
}

static size_t lines_of(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; text++)
        count += *text == '\n';
    return count;
}

static void pool_is_empty(struct query_pool *pool)
{
    struct query_counters counters;
    for (int i = 0; i < 20000; i++) {
        query_pool_describe(pool, &counters);
        if (counters.memory == 0 && counters.running == 0)
            return;
        usleep(1000);
    }
    fail_msg("%llu bytes are held", (unsigned long long)counters.memory);
}

static void answers_are_whole(void **state)
{
    (void)state;
    struct query_pool *pool = pool_make(2, UINT64_C(64) << 20, 60 * NS_PER_S);
    struct query_request request = request_of(QUERY_SAMPLES, QUERY_CSV);
    struct query_status status;
    struct asked asked;
    size_t size = 0;
    assert_int_equal(ask(pool, "house/#", &request, &asked), OK);
    char *text = answer_of(pool, &asked, &size, &status);
    assert_int_equal(status.end, QUERY_DONE);
    assert_int_equal(lines_of(text), 1 + POINTS * SAMPLES);
    assert_true(asked.news >= 1);
    free(text);
    request = request_of(QUERY_BUCKETS, QUERY_NDJSON);
    assert_int_equal(ask(pool, "house/p1/v", &request, &asked), OK);
    text = answer_of(pool, &asked, &size, &status);
    assert_int_equal(lines_of(text), SAMPLES / 60 + 1 + 1);
    assert_non_null(strstr(text, "{\"path\":\"house/p1/v\",\"time\":\"2026-03-01T08:00:00Z\","
                                 "\"mean\":29.6}\n"));
    assert_true(asked.news <= 1); /* a short one is told once, unless it was looked at before */
    free(text);
    pool_is_empty(pool);
    query_pool_destroy(pool);
}

static void long_answers_are_compressed(void **state)
{
    (void)state;
    struct query_pool *pool = pool_make(2, UINT64_C(64) << 20, 60 * NS_PER_S);
    struct query_request request = request_of(QUERY_SAMPLES, QUERY_CSV);
    struct query_status status;
    struct asked asked;
    size_t plain_size = 0, size = 0;
    assert_int_equal(ask(pool, "house/#", &request, &asked), OK);
    char *plain = answer_of(pool, &asked, &plain_size, &status);
    request.gzip = true;
    assert_int_equal(ask(pool, "house/#", &request, &asked), OK);
    char *packed = answer_of(pool, &asked, &size, &status);
    assert_true(status.gzip && size < plain_size / 4);
    char *text = malloc(plain_size + 1);
    z_stream stream = {.next_in = (Bytef *)packed,
                       .avail_in = (uInt)size,
                       .next_out = (Bytef *)text,
                       .avail_out = (uInt)plain_size + 1};
    assert_int_equal(inflateInit2(&stream, 31), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(stream.total_out, plain_size);
    assert_memory_equal(text, plain, plain_size);
    inflateEnd(&stream);
    request.limit = 10; /* what fits into one block is left to who sends it */
    assert_int_equal(ask(pool, "house/#", &request, &asked), OK);
    free(packed);
    packed = answer_of(pool, &asked, &size, &status);
    assert_false(status.gzip);
    assert_int_equal(lines_of(packed), 11);
    free(plain);
    free(packed);
    free(text);
    query_pool_destroy(pool);
}

/* Of regular text a compressor gives nothing for block after block: who takes until there is
 * nothing has taken all that is ready, however late he comes; else he would wait for ever. */
static void what_is_ready_can_be_taken(void **state)
{
    (void)state;
    struct query_pool *pool = pool_make(1, UINT64_C(64) << 20, 60 * NS_PER_S);
    struct query_request request = request_of(QUERY_BUCKETS, QUERY_JSON);
    struct query_status status = {.end = QUERY_RUNS};
    struct asked asked;
    request.from_ns = request.to_ns - 1000 * 86400 * NS_PER_S;
    request.count = 500000;
    request.fill = QUERY_FILL_NULL;
    request.gzip = true;
    assert_int_equal(ask(pool, "house/p1/v", &request, &asked), OK);
    for (int i = 0; status.end == QUERY_RUNS || status.ready > 0; i++) {
        assert_in_range(i, 0, 100000);
        if (i < 10)
            usleep(30000); /* so that blocks stand behind each other */
        query_run_status(asked.run, &status);
        if (status.ready > 0)
            assert_true(query_run_take(asked.run).size > 0);
        else if (status.end == QUERY_RUNS)
            pool_wait(pool);
        query_run_status(asked.run, &status);
    }
    assert_int_equal(status.end, QUERY_DONE);
    assert_true(status.gzip);
    query_run_cancel(asked.run);
    pool_is_empty(pool);
    query_pool_destroy(pool);
}

/* Who does not take his answer holds no more than some blocks, and delays nobody. */
static void an_answer_waits_to_be_taken(void **state)
{
    (void)state;
    struct query_pool *pool = pool_make(1, UINT64_C(64) << 20, 60 * NS_PER_S);
    struct query_request request = request_of(QUERY_SAMPLES, QUERY_CSV);
    struct asked slow[8], quick;
    struct query_status status;
    size_t size = 0;
    for (size_t i = 0; i < ARRAY_COUNT(slow); i++)
        assert_int_equal(ask(pool, "house/#", &request, &slow[i]), OK);
    usleep(300000);
    for (size_t i = 0; i < ARRAY_COUNT(slow); i++) {
        query_run_status(slow[i].run, &status);
        assert_int_equal(status.end, QUERY_RUNS);
        assert_true(status.ready >= QUERY_BLOCK_BYTES && status.ready < 6 * QUERY_BLOCK_BYTES);
    }
    struct query_request last = request_of(QUERY_LATEST, QUERY_NDJSON);
    assert_int_equal(ask(pool, "house/#", &last, &quick), OK);
    char *text = answer_of(pool, &quick, &size, &status);
    assert_int_equal(lines_of(text), POINTS + 1);
    free(text);
    for (size_t i = 0; i < ARRAY_COUNT(slow); i++) {
        text = answer_of(pool, &slow[i], &size, &status);
        assert_int_equal(status.end, QUERY_DONE);
        assert_int_equal(lines_of(text), 1 + POINTS * SAMPLES);
        free(text);
    }
    pool_is_empty(pool);
    query_pool_destroy(pool);
}

/* Before it began, in the middle, while it waits, when it is over: each ends, nothing stays. */
static void they_may_leave_at_any_moment(void **state)
{
    (void)state;
    struct query_pool *pool = pool_make(3, UINT64_C(256) << 20, 60 * NS_PER_S);
    struct asked asked[40];
    struct query_counters counters;
    for (unsigned round = 0; round < 20; round++) {
        for (size_t i = 0; i < ARRAY_COUNT(asked); i++) {
            struct query_request request =
                request_of((enum query_question)(i % 4), (enum query_format)(i % 3));
            request.gzip = i % 5 == 0;
            assert_int_equal(ask(pool, "house/#", &request, &asked[i]), OK);
        }
        for (size_t i = 0; i < ARRAY_COUNT(asked); i++) {
            if (i % 3 == 0)
                usleep((useconds_t)(round * i % 700));
            if (i % 4 == 1)
                (void)query_pool_poll(pool);
            if (i % 5 == 2)
                (void)query_run_take(asked[i].run);
            query_run_cancel(asked[i].run);
        }
    }
    pool_is_empty(pool);
    query_pool_describe(pool, &counters);
    assert_int_equal(counters.begun, 800);
    assert_int_equal(counters.done + counters.cancelled, 800);
    query_pool_destroy(pool);
}

static void a_pool_may_end_while_they_run(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 10; round++) {
        struct query_pool *pool = pool_make(2, UINT64_C(64) << 20, 60 * NS_PER_S);
        struct query_request request = request_of(QUERY_SAMPLES, QUERY_JSON);
        struct asked asked[6];
        for (size_t i = 0; i < ARRAY_COUNT(asked); i++)
            assert_int_equal(ask(pool, "house/#", &request, &asked[i]), OK);
        usleep(round * 1000);
        query_pool_destroy(pool);
    }
}

static void limits_end_them(void **state)
{
    (void)state;
    struct query_status status;
    struct asked asked, others[3];
    size_t size = 0;
    struct query_pool *pool = pool_make(1, UINT64_C(64) << 20, 1);
    struct query_request request = request_of(QUERY_BUCKETS, QUERY_JSON);
    assert_int_equal(ask(pool, "house/#", &request, &asked), OK);
    free(answer_of(pool, &asked, &size, &status));
    assert_int_equal(status.end, QUERY_TIME);
    assert_true(size == 0 && strstr(status.fault, "query.time") != NULL);
    query_pool_limits(pool, UINT64_C(1200) << 10, 60 * NS_PER_S);
    assert_null(
        query_aggregates_parse(bytes_text("p50"), request.aggregates, &request.aggregate_count));
    request.step = (struct query_step){QUERY_YEAR, 1};
    request.by = QUERY_BY_ALL;
    assert_int_equal(ask(pool, "house/#", &request, &asked), OK); /* 80,000 values */
    free(answer_of(pool, &asked, &size, &status));
    assert_int_equal(status.end, QUERY_MEMORY);
    request = request_of(QUERY_SAMPLES, QUERY_CSV);
    assert_int_equal(ask(pool, "house/#", &request, &others[0]), OK);
    assert_int_equal(ask(pool, "house/#", &request, &others[1]), OK);
    assert_int_equal(ask(pool, "house/#", &request, &others[2]), ERR_LIMIT);
    query_run_cancel(others[0].run);
    query_run_cancel(others[1].run);
    pool_is_empty(pool);
    snprintf(request.zone, sizeof request.zone, "Nowhere/Else");
    request.kind = QUERY_BUCKETS;
    request.step = (struct query_step){QUERY_DAY, 1};
    request.aggregate_count = 1;
    assert_int_equal(ask(pool, "house/#", &request, &asked), OK);
    free(answer_of(pool, &asked, &size, &status));
    assert_int_equal(status.end, QUERY_ZONE);
    struct query_counters counters;
    query_pool_describe(pool, &counters);
    assert_int_equal(counters.timed_out, 1);
    assert_int_equal(counters.out_of_memory, 1);
    assert_int_equal(counters.failed, 1);
    query_pool_destroy(pool);
}

/* A tenant with more questions than there is memory for leaves a quarter of it to the others; the
 * house alone may have all. */
static void a_tenant_leaves_memory(void **state)
{
    (void)state;
    struct query_pool *pool = pool_make(1, UINT64_C(16) << 20, 60 * NS_PER_S);
    struct query_request request = request_of(QUERY_SAMPLES, QUERY_CSV);
    static struct asked many[40];
    size_t of[3] = {0}, count = 0;
    const uint32_t tenants[] = {TENANT_DEFAULT, 7, 8};
    for (size_t i = 0; i < ARRAY_COUNT(tenants); i++) {
        asking = tenants[i];
        while (count < ARRAY_COUNT(many) && ask(pool, "house/#", &request, &many[count]) == OK) {
            of[i]++;
            count++;
        }
        for (; i == 0 && count > 0; count--)
            query_run_cancel(many[count - 1].run);
        if (i == 0)
            pool_is_empty(pool);
    }
    asking = TENANT_DEFAULT;
    assert_in_range(of[0], 28, 32);
    assert_in_range(of[1], 21, 24);
    assert_in_range(of[2], 7, 8);
    while (count > 0)
        query_run_cancel(many[--count].run);
    pool_is_empty(pool);
    query_pool_destroy(pool);
}

/* ---- selections -------------------------------------------------------------------------------
 */
static enum err select_with(struct query_filter filter, size_t *ret_count, size_t *ret_unknown)
{
    struct query_selection *selection = NULL;
    const char *fault = NULL;
    filter.sight = query_sight_create(&(struct query_asker){.tenant = TENANT_DEFAULT});
    enum err err = query_selection_create(house.space, engine_points(house.engine), &filter,
                                          &selection, &fault);
    assert_int_equal(err == ERR_INVALID, fault != NULL);
    while (err == OK || err == ERR_BUSY) {
        err = query_selection_step(selection);
        if (err != ERR_BUSY)
            break;
    }
    if (err == OK) {
        const struct query_point *points = query_selection_points(selection, ret_count);
        *ret_unknown = query_selection_unknown(selection);
        for (size_t i = 1; i < *ret_count; i++)
            assert_true(
                points[i - 1].row < points[i].row ||
                (points[i - 1].row == points[i].row && points[i - 1].column < points[i].column));
    }
    query_selection_destroy(selection);
    query_sight_release(filter.sight);
    return err;
}

static void selections(void **state)
{
    (void)state;
    const struct bytes paths[] = {bytes_text("house/p2/v"), bytes_text("house/p0/v"),
                                  bytes_text("house/p2/v"), bytes_text("no/where")};
    const struct bytes matches[] = {bytes_text("house/#"), bytes_text("house/p?/v")};
    const struct bytes wrong[] = {bytes_text("a//b")};
    const uint32_t ids[] = {1, 2, 1000000, 0};
    const struct label label = {.name = bytes_text("line"), .value = bytes_text("")};
    size_t count = 0, unknown = 0;
    assert_int_equal(select_with((struct query_filter){.paths = paths, .path_count = 4, .most = 2},
                                 &count, &unknown),
                     OK);
    assert_int_equal(count, 2);
    assert_int_equal(unknown, 1);
    assert_int_equal(select_with((struct query_filter){.points = ids, .point_count = 4, .most = 10},
                                 &count, &unknown),
                     OK);
    assert_int_equal(count, 2);
    assert_int_equal(unknown, 2);
    assert_int_equal(select_with((struct query_filter){.matches = matches,
                                                       .match_count = 2,
                                                       .paths = paths,
                                                       .path_count = 3,
                                                       .most = POINTS},
                                 &count, &unknown),
                     OK);
    assert_int_equal(count, POINTS);
    assert_int_equal(
        select_with((struct query_filter){.matches = matches, .match_count = 2, .most = POINTS - 1},
                    &count, &unknown),
        ERR_LIMIT);
    assert_int_equal(
        select_with((struct query_filter){.labels = &label, .label_count = 1, .most = 10}, &count,
                    &unknown),
        OK);
    assert_int_equal(count, 0);
    assert_int_equal(select_with((struct query_filter){.most = 10}, &count, &unknown), ERR_INVALID);
    assert_int_equal(
        select_with((struct query_filter){.matches = wrong, .match_count = 1, .most = 10}, &count,
                    &unknown),
        ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(selections),
                                       cmocka_unit_test(answers_are_whole),
                                       cmocka_unit_test(long_answers_are_compressed),
                                       cmocka_unit_test(what_is_ready_can_be_taken),
                                       cmocka_unit_test(an_answer_waits_to_be_taken),
                                       cmocka_unit_test(they_may_leave_at_any_moment),
                                       cmocka_unit_test(a_pool_may_end_while_they_run),
                                       cmocka_unit_test(limits_end_them),
                                       cmocka_unit_test(a_tenant_leaves_memory)};
    return cmocka_run_group_tests(tests, house_open, house_close);
}
