/* Line protocol by HTTP: both doors of InfluxDB, what is answered when, refusals as its clients
 * know them, limits on both sides, bodies in any form and any pieces. */
#include "web/test_house.h"
#include "web/write.h"

#define MEDIA "text/plain; charset=utf-8"

static struct reply write_to(struct test_house *house, const char *line, const char *body)
{
    return house_ask_with(house, line, "", MEDIA, bytes_text(body));
}

static void seen(struct test_house *house, const char *path, double real)
{
    struct point_view view;
    points_view(engine_points(house->engine), house_point(house, path), &view);
    assert_true(view.value.present && value_real(&view.value) == real);
}

static bool is_there(struct test_house *house, const char *path)
{
    return points_find(engine_points(house->engine), TENANT_DEFAULT, bytes_text(path)) !=
           POINT_NONE;
}

static bool says(const struct reply *reply, const char *text)
{
    return memmem(reply->body.at, reply->body.size, text, strlen(text)) != NULL;
}

/* ---- what is taken -------------------------------------------------------------------------- */
static void test_both_doors_take_lines(void **state)
{
    struct test_house *house = *state;
    struct reply reply = write_to(house, "POST /write?db=x&rp=y&u=me&p=it&consistency=one",
                                  "cpu,host=a usage=21.5 1700000000000000000\n");
    assert_reply(reply, 204, "");
    assert_true(reply_header_is(&reply, "X-Influxdb-Version", "1.8.0"));
    seen(house, "cpu/a/usage", 21.5);
    assert_reply(write_to(house, "POST /api/v2/write?org=o&bucket=b&precision=s",
                          "cpu,host=a usage=22 1700000001\nmem,host=a free=1i"),
                 204, "");
    seen(house, "cpu/a/usage", 22);
    reply = house_ask(house, "GET /v1/points?label=host:a&whole=true");
    assert_true(says(&reply, "\"labels\":{\"host\":\"a\"}") && says(&reply, "mem/a/free"));
    reply = house_ask(house, "GET /v1/points?label=host:b");
    assert_false(says(&reply, "cpu"));
}

static void test_precisions(void **state)
{
    static const struct {
        const char *name;
        int64_t time, unit_ns;
        bool v2;
    } cases[] = {
        {"", 1700000000000000001, 1, true},        {"ns", 1700000000000000002, 1, true},
        {"n", 1700000000000000003, 1, false},      {"us", 1700000000000001, NS_PER_US, true},
        {"u", 1700000000000002, NS_PER_US, false}, {"ms", 1700000000001, NS_PER_MS, true},
        {"s", 1700000001, NS_PER_S, true},         {"m", 28333334, 60 * NS_PER_S, false},
        {"h", 472223, 3600 * NS_PER_S, false},
    };
    struct test_house *house = *state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        for (unsigned v2 = 0; v2 < 2; v2++) {
            char line[80], body[80];
            struct point_view view;
            snprintf(line, sizeof line, "POST /%swrite%s%s", v2 ? "api/v2/" : "",
                     cases[i].name[0] ? "?precision=" : "", cases[i].name);
            snprintf(body, sizeof body, "p%zu,v2=%u v=1 %lld", i, v2, (long long)cases[i].time);
            if (v2 && !cases[i].v2) {
                assert_int_equal(write_to(house, line, body).status, 400);
                continue;
            }
            assert_reply(write_to(house, line, body), 204, "");
            snprintf(body, sizeof body, "p%zu/%u/v", i, v2);
            points_view(engine_points(house->engine), house_point(house, body), &view);
            assert_true(view.time_ns == cases[i].time * cases[i].unit_ns);
        }
    assert_reply(write_to(house, "POST /write?precision=d", "a v=1"), 400,
                 "{\"error\":\"invalid precision \\\"d\\\": use n, u, ms, s, m or h\"}");
    assert_false(is_there(house, "a/v"));
}

static void test_204_waits_for_the_disk(void **state)
{
    struct test_house *house = *state;
    struct talk *talk = talk_open(house);
    talk_send_text(talk,
                   "POST /write HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\na v=1");
    assert_int_equal(talk->out.size, 0);
    assert_true(talk->held);
    struct reply reply;
    house_await(talk, &reply);
    assert_int_equal(reply.status, 204);
    talk_close(talk);
}

/* ---- what is refused ------------------------------------------------------------------------ */
static void test_refusals_are_told_as_influxdb_tells_them(void **state)
{
    struct test_house *house = *state;
    assert_reply(
        write_to(house, "POST /write", "a v=1\na v=\nb v=2\n"), 400,
        "{\"error\":\"partial write: unable to parse 'a v=': line 2, column 5: a field has "
        "no value dropped=1\"}");
    seen(house, "a/v", 1);
    seen(house, "b/v", 2);
    assert_reply(write_to(house, "POST /api/v2/write", "a v=1\na v=\nb v=2\n"), 400,
                 "{\"code\":\"invalid\",\"message\":\"partial write: line 2, column 5: a field has "
                 "no value: 'a v=' dropped=1\",\"line\":2}");
    assert_reply(write_to(house, "POST /write", "a v\n"), 400,
                 "{\"error\":\"unable to parse 'a v': line 1, column 4: a field has no value\"}");
    struct reply reply = write_to(house, "POST /write", "a v=\"text\"\n");
    assert_int_equal(reply.status, 400);
    assert_true(says(&reply, "partial write: field type conflict: line 1: "));
    assert_true(reply_header_is(&reply, "Content-Type", "application/json"));
    assert_reply(write_to(house, "POST /write", ""), 204, "");
    assert_reply(write_to(house, "POST /write", "# only a comment\n"), 204, "");
    assert_reply(write_to(house, "POST /api/v2/write", "\n"), 400,
                 "{\"code\":\"invalid\",\"message\":\"writing requires points\"}");
}

static void test_refused_lines_listed_at_both_sides(void **state)
{
    struct test_house *house = *state;
    static char body[(WRITE_LISTED_MAX + 2) * 8];
    for (unsigned more = 0; more < 2; more++) {
        size_t size = 0;
        for (unsigned i = 0; i < WRITE_LISTED_MAX + more; i++)
            size += (size_t)sprintf(body + size, "x%u\n", i);
        struct reply reply = write_to(house, "POST /write", body);
        assert_int_equal(reply.status, 400);
        assert_true(says(&reply, "unable to parse 'x99'"));
        assert_false(says(&reply, "'x100'"));
        assert_int_equal(says(&reply, "and 1 lines more"), more);
    }
    memset(body, 'y', 300);
    snprintf(body + 300, 10, " v=");
    struct reply reply = write_to(house, "POST /write", body); /* cut where it is long */
    assert_true(says(&reply, "yyyy'") && !says(&reply, "v='"));
}

static void test_parameters_are_checked(void **state)
{
    struct test_house *house = *state;
    assert_problem(write_to(house, "POST /write?nothing=1", "a v=1"), 400, "parameter");
    assert_problem(write_to(house, "POST /api/v2/write?db=1", "a v=1"), 400, "parameter");
    assert_problem(house_ask(house, "GET /write"), 405, "method");
}

/* ---- bodies --------------------------------------------------------------------------------- */
static void test_bodies_at_both_sides_of_their_limit(void **state)
{
    struct test_house *house = *state;
    house->settings.http_write_body = 1024;
    static char body[2048];
    size_t size = (size_t)snprintf(body, sizeof body, "a v=1\n#");
    memset(body + size, 'x', 1024 - size);
    body[1024] = '\0';
    assert_int_equal(write_to(house, "POST /write", body).status, 204);
    body[1024] = 'x';
    assert_problem(write_to(house, "POST /write", body), 413, "body_long");
    /* chunked, what came before it was too long is taken */
    struct talk *talk = talk_open(house);
    struct reply reply;
    talk_send_text(talk, "POST /write HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: "
                         "chunked\r\n\r\n6\r\nb v=7\n\r\n3fb\r\n");
    house_await(talk, &reply);
    assert_int_equal(reply.status, 413);
    house_settle(house);
    seen(house, "b/v", 7);
    talk_close(talk);
}

static size_t gzipped(const char *text, size_t size, uint8_t *at, size_t capacity)
{
    size_t used = http_gzip_bytes(bytes_of(text, size), 6, at, capacity);
    assert_true(used > 0);
    return used;
}

static void test_gzip_and_its_bombs(void **state)
{
    struct test_house *house = *state;
    static uint8_t packed[65536];
    static char body[200000];
    size_t size = 0;
    for (unsigned i = 0; i < 2000; i++)
        size += (size_t)sprintf(body + size, "z,i=%u v=%u\n", i, i);
    size_t used = gzipped(body, size, packed, sizeof packed);
    struct reply reply = house_ask_with(house, "POST /write", "Content-Encoding: gzip\r\n", MEDIA,
                                        bytes_of(packed, used));
    assert_reply(reply, 204, "");
    seen(house, "z/1999/v", 1999);
    house->settings.http_write_body = 4096;
    memset(body, '\n', sizeof body); /* 49 times as much as is sent, and more than 16 * 4096 */
    memcpy(body, "k v=5\n", 6);
    used = gzipped(body, 16 * 4096, packed, sizeof packed);
    reply = house_ask_with(house, "POST /write", "Content-Encoding: gzip\r\n", MEDIA,
                           bytes_of(packed, used));
    assert_reply(reply, 204, "");
    used = gzipped(body, 16 * 4096 + 1, packed, sizeof packed);
    reply = house_ask_with(house, "POST /write", "Content-Encoding: gzip\r\n", MEDIA,
                           bytes_of(packed, used));
    assert_problem(reply, 413, "http");
}

/* A body of many lines, in pieces cut anywhere, with chunks or a length: more than the engine takes
 * at once, so that parts of it wait. */
static void test_pieces_cut_anywhere(void **state)
{
    struct test_house *house = *state;
    static char body[1 << 20], chunked[(1 << 20) + 65536];
    for (unsigned step = 1; step <= 5000; step = step * 3 + 1) {
        size_t size = 0, used = 0;
        unsigned lines = step < 10 ? 200 : 20000;
        for (unsigned i = 0; i < lines; i++)
            size += (size_t)sprintf(body + size, "c,i=%u v=%u,s=\"a\nb %u\" %u\n", i % 4000, i, i,
                                    step * 100000 + i);
        used = (size_t)sprintf(chunked, "POST /write HTTP/1.1\r\nHost: localhost\r\n"
                                        "Transfer-Encoding: chunked\r\n\r\n");
        for (size_t at = 0; at < size; at += 50000) {
            size_t piece = size - at < 50000 ? size - at : 50000;
            used += (size_t)sprintf(chunked + used, "%zx\r\n", piece);
            memcpy(chunked + used, body + at, piece);
            used += piece;
            used += (size_t)sprintf(chunked + used, "\r\n");
        }
        used += (size_t)sprintf(chunked + used, "0\r\n\r\n");
        struct talk *talk = talk_open(house);
        for (size_t at = 0; at < used; at += step)
            talk_send(talk, bytes_of(chunked + at, used - at < step ? used - at : step));
        struct reply reply;
        house_await(talk, &reply);
        if (reply.status != 204)
            fail_msg("%u: %.*s", step, (int)reply.body.size, (const char *)reply.body.at);
        seen(house, "c/199/v", lines == 200 ? 199 : 16199);
        talk_close(talk);
    }
}

/* ---- what the engine cannot take ------------------------------------------------------------ */
static void test_a_failed_write_is_to_be_sent_again(void **state)
{
    struct test_house *house = *state;
    struct talk *talk = talk_open(house);
    struct reply reply;
    talk_send_text(talk,
                   "POST /write HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n\r\na v=1\n");
    house_fails = 1000; /* what was taken of it is lost; then the rest of the body comes */
    for (int i = 0; i < 5; i++)
        (void)house_step(house);
    assert_int_equal(engine_lost_generation(house->engine), 1);
    house_fails = 0;
    talk_send_text(talk, "a v=2\n");
    house_await(talk, &reply);
    assert_int_equal(reply.status, 503);
    assert_true(says(&reply, "{\"error\":"));
    assert_true(reply_header_is(&reply, "Retry-After", "1"));
    talk_close(talk);
    for (int i = 0; i < 100 && house_ask(house, "GET /readyz").status != 200; i++)
        house_advance(house, NS_PER_S);
    talk = talk_open(house); /* all of it was there, and waited for the disk */
    house_fails = 1000;
    talk_send_text(talk, "POST /api/v2/write HTTP/1.1\r\nHost: localhost\r\n"
                         "Content-Length: 5\r\n\r\na v=3");
    house_await(talk, &reply);
    assert_int_equal(reply.status, 503);
    assert_true(says(&reply, "{\"code\":\"unavailable\",\"message\":"));
    house_fails = 0;
    talk_close(talk);
}

static void test_a_full_disk_and_a_rate_are_for_later(void **state)
{
    struct test_house *house = *state;
    struct engine_config config = house->engine_config;
    assert_reply(write_to(house, "POST /write", "a v=1"), 204, "");
    config.points_rate = 1;
    engine_reconfigure(house->engine, &config);
    struct reply reply = write_to(house, "POST /write", "n a=1,b=2\n");
    assert_int_equal(reply.status, 429);
    assert_true(reply_header_is(&reply, "Retry-After", "1"));
    reply = write_to(house, "POST /api/v2/write", "n a=1,b=2\n");
    assert_int_equal(reply.status, 429);
    assert_true(says(&reply, "\"code\":\"too many requests\""));
}

static void test_memory_is_limited_and_given_back(void **state)
{
    struct test_house *house = *state;
    size_t held = house->memory.used;
    struct talk *talks[3];
    char part[64];
    for (size_t i = 0; i < 3; i++) {
        talks[i] = talk_open(house);
        talk_send_text(talks[i], "POST /write HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
                                 "200000\r\n\r\n");
        snprintf(part, sizeof part, "half%zu v=", i);
        talk_send_text(talks[i], part);
    }
    size_t each = (house->memory.used - held) / 3;
    assert_in_range(each, 16384, 262144);
    house->memory.most = house->memory.used + 1024;
    char *tag = malloc(100000); /* half a line that is long: it has to be kept */
    memset(tag, 'x', 100000);
    talk_send(talks[0], bytes_of(tag, 100000));
    talk_send(talks[0], bytes_of(tag, 100000 - 8));
    struct reply reply;
    house_await(talks[0], &reply);
    assert_int_equal(reply.status, 503);
    assert_true(says(&reply, "http.memory"));
    free(tag);
    for (size_t i = 0; i < 3; i++)
        talk_close(talks[i]);
}

/* ---- what clients ask beside ---------------------------------------------------------------- */
static void test_ping_and_health(void **state)
{
    struct test_house *house = *state;
    struct reply reply = house_ask(house, "GET /ping");
    assert_reply(reply, 204, "");
    assert_true(reply_header_is(&reply, "X-Influxdb-Version", "1.8.0"));
    assert_true(reply_header_is(&reply, "X-Influxdb-Build", "Mainstem"));
    assert_int_equal(house_ask(house, "GET /ping?verbose=true").status, 200);
    reply = house_ask(house, "GET /health");
    json_t *json = reply_json(&reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(json_string_value(json_object_get(json, "status")), "pass");
    json_decref(json);
    assert_reply(write_to(house, "POST /write", "a v=1"), 204, "");
    house_fails = 1000;
    struct talk *talk = talk_open(house);
    talk_send_text(talk,
                   "POST /write HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\na v=1");
    reply = (struct reply){.status = 0};
    house_await(talk, &reply);
    assert_int_equal(reply.status, 503);
    reply = house_ask(house, "GET /health");
    assert_int_equal(reply.status, 503);
    assert_true(says(&reply, "\"status\":\"fail\""));
    talk_close(talk);
    house_fails = 0;
}

static void test_statements(void **state)
{
    static const struct {
        const char *query;
        unsigned status;
    } cases[] = {
        {"CREATE+DATABASE+%22my+plant%22", 200},
        {"create%20database%20x%3B", 200},
        {"CREATE+DATABASE+%22x%22+WITH+NAME+y", 200},
        {"CREATE+DATABASE", 400},
        {"SHOW+DATABASES", 200},
        {"show+databases%3B", 200},
        {"SHOW+SERIES", 400},
        {"SELECT+*+FROM+cpu", 400},
        {"DROP+DATABASE+x", 400},
        {"", 400},
        {"%22", 400},
    };
    struct test_house *house = *state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char line[100], body[80];
        snprintf(line, sizeof line, "GET /query?db=x&q=%s", cases[i].query);
        struct reply reply = house_ask(house, line);
        if (reply.status != cases[i].status)
            fail_msg("%s: %u", line, reply.status);
        snprintf(body, sizeof body, "db=x&q=%s", cases[i].query);
        reply = house_ask_with(house, "POST /query", "", "application/x-www-form-urlencoded",
                               bytes_text(body));
        assert_int_equal(reply.status, cases[i].status);
        assert_true(says(&reply, cases[i].status == 200 ? "\"statement_id\":0" : "\"error\":"));
    }
    struct reply reply = house_ask(house, "GET /query?q=SHOW+DATABASES");
    assert_true(says(&reply, "\"values\":[[\"mainstem\"]]"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_both_doors_take_lines),
        TEST(test_precisions),
        TEST(test_204_waits_for_the_disk),
        TEST(test_refusals_are_told_as_influxdb_tells_them),
        TEST(test_refused_lines_listed_at_both_sides),
        TEST(test_parameters_are_checked),
        TEST(test_bodies_at_both_sides_of_their_limit),
        TEST(test_gzip_and_its_bombs),
        TEST(test_pieces_cut_anywhere),
        TEST(test_a_failed_write_is_to_be_sent_again),
        TEST(test_a_full_disk_and_a_rate_are_for_later),
        TEST(test_memory_is_limited_and_given_back),
        TEST(test_ping_and_health),
        TEST(test_statements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
