/* What a viewer makes of messages, and its handshake with a server that says what was prepared. */
#include "client/live_client.h"

#include "client/canned_server.h"
#include "client/live_client_room.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct told { /* what was told, one event a line */
    size_t size;
    char text[8192];
    char said[LIVE_CLIENT_SAID_SIZE];
};

static void on_told(void *arg, enum live_client_event event, struct live_client_point *point,
                    uint64_t number)
{
    static const char *const names[] = {"shown",   "ready",   "value",   "added",  "changed",
                                        "removed", "skipped", "resumed", "renewed"};
    struct told *told = arg;
    char *value = point != NULL ? json_dumps(point->value, JSON_ENCODE_ANY) : NULL;
    char *at = told->text + told->size;
    size_t room = sizeof told->text - told->size;
    int size =
        point != NULL
            ? snprintf(at, room, "%s %s=%s %s %s @%lld\n", names[event], point->path, value,
                       point->quality, point->limit_state, (long long)(point->time_ns / NS_PER_MS))
            : snprintf(at, room, "%s %llu\n", names[event], (unsigned long long)number);
    assert_true(size > 0 && (size_t)size < room);
    told->size += (size_t)size;
    free(value);
}

static const char *const patterns[] = {"plant/#"};

static void client_init(struct live_client *client, struct told *told)
{
    memset(told, 0, sizeof *told);
    *client = (struct live_client){.channel = {.fd = -1}, .generation = 1};
    client->config = (struct live_client_config){
        .patterns = patterns, .pattern_count = 1, .told = on_told, .arg = told, .said = told->said};
    client->table.sorted_count = SIZE_MAX;
}

static enum err feed(struct live_client *client, const char *text)
{
    json_t *message = json_loads(text, 0, NULL);
    assert_non_null(message);
    enum err err = live_client_take(client, message);
    json_decref(message);
    return err;
}

static void expect_told(struct told *told, const char *wanted)
{
    assert_string_equal(told->text, wanted);
    told->size = 0;
    told->text[0] = 0;
}

#define HELLO "{\"op\":\"hello\",\"session\":\"s1\",\"seq\":0,\"keep_s\":60}"
#define TWO                                                                                        \
    "{\"op\":\"snapshot\",\"id\":1,\"seq\":1,\"last\":true,\"points\":["                           \
    "{\"point\":17,\"path\":\"plant/b10\",\"type\":\"float64\",\"unit\":\"Cel\","                  \
    "\"limit_state\":\"normal\",\"value\":21.5,\"quality\":\"good\","                              \
    "\"time\":\"2026-03-01T08:00:00.25Z\"},"                                                       \
    "{\"point\":18,\"path\":\"plant/b9\",\"type\":\"bool\",\"unit\":\"\",\"limit_state\":\"none\"" \
    ",\"value\":null,\"quality\":\"bad.no_value\",\"time\":null}]}"

static void a_snapshot_then_deltas(void **state)
{
    (void)state;
    struct live_client client;
    struct told told;
    client_init(&client, &told);
    assert_int_equal(feed(&client, HELLO), OK);
    assert_int_equal(feed(&client, TWO), OK);
    expect_told(&told, "shown plant/b10=21.5 good normal @1772352000250\n"
                       "shown plant/b9=null bad.no_value  @0\n"
                       "ready 2\n");
    assert_int_equal(feed(&client, "{\"op\":\"delta\",\"seq\":2,\"skipped\":3,\"values\":["
                                   "[17,81.5,1772352001000,\"good\",\"high\"],"
                                   "[18,true,1772352001000.5],[99,1,1]]}"),
                     OK);
    expect_told(&told, "value plant/b10=81.5 good high @1772352001000\n"
                       "value plant/b9=true good  @1772352001000\n"
                       "skipped 3\n");
    assert_int_equal(client.seq, 2);
    assert_string_equal(client.session, "s1");
    size_t count;
    struct live_client_point *const *points = live_client_points(&client, &count);
    assert_int_equal(count, 2);
    assert_string_equal(points[0]->path, "plant/b9"); /* natural order */
    assert_string_equal(points[1]->unit, "Cel");
    assert_true(points[0]->time_ns == INT64_C(1772352001000500000));
    live_client_table_done(&client.table);
}

static void points_come_change_and_go(void **state)
{
    (void)state;
    struct live_client client;
    struct told told;
    client_init(&client, &told);
    assert_int_equal(feed(&client, HELLO), OK);
    assert_int_equal(feed(&client, TWO), OK);
    told.size = 0;
    assert_int_equal(feed(&client, "{\"op\":\"added\",\"id\":1,\"seq\":2,\"points\":[{\"point\":20,"
                                   "\"path\":\"plant/new\",\"value\":1,\"quality\":\"good\"}]}"),
                     OK);
    assert_int_equal(feed(&client, "{\"op\":\"changed\",\"seq\":3,\"points\":[{\"point\":20,"
                                   "\"path\":\"plant/new\",\"unit\":\"kPa\",\"value\":1,"
                                   "\"quality\":\"good\"}]}"),
                     OK);
    assert_int_equal(feed(&client, "{\"op\":\"removed\",\"seq\":4,\"points\":[17,99]}"), OK);
    expect_told(&told, "added plant/new=1 good  @0\n"
                       "changed plant/new=1 good  @0\n"
                       "removed plant/b10=21.5 good normal @1772352000250\n");
    size_t count;
    struct live_client_point *const *points = live_client_points(&client, &count);
    assert_int_equal(count, 2);
    assert_string_equal(points[1]->unit, "kPa");
    assert_int_equal(client.seq, 4);
    live_client_table_done(&client.table);
}

/* After a restart of the server: only what differs is told, and what is not there any more goes. */
static void a_server_that_forgot_us_is_asked_anew(void **state)
{
    (void)state;
    struct live_client client;
    struct told told;
    client_init(&client, &told);
    assert_int_equal(feed(&client, HELLO), OK);
    assert_int_equal(feed(&client, TWO), OK);
    told.size = 0;
    client.resuming = true; /* as after a connection was lost */
    assert_int_equal(feed(&client, "{\"op\":\"hello\",\"session\":\"s2\",\"seq\":0}"), OK);
    assert_string_equal(client.session, "s1");
    assert_int_equal(feed(&client, "{\"op\":\"gone\",\"detail\":\"not known\"}"), OK);
    assert_string_equal(client.session, "s2");
    assert_true(client.wants_subscription);
    expect_told(&told, "renewed 0\n");
    assert_int_equal(feed(&client, "{\"op\":\"snapshot\",\"id\":1,\"seq\":1,\"last\":false,"
                                   "\"points\":[{\"point\":17,\"path\":\"plant/b10\","
                                   "\"type\":\"float64\",\"unit\":\"Cel\","
                                   "\"limit_state\":\"normal\",\"value\":21.5,\"quality\":\"good\","
                                   "\"time\":\"2026-03-01T08:00:00.2500001Z\"}]}"),
                     OK);
    expect_told(&told, "");
    assert_int_equal(feed(&client, "{\"op\":\"snapshot\",\"id\":1,\"seq\":2,\"last\":true,"
                                   "\"points\":[{\"point\":30,\"path\":\"plant/c\",\"value\":5,"
                                   "\"quality\":\"good\"}]}"),
                     OK);
    expect_told(&told, "added plant/c=5 good  @0\n"
                       "removed plant/b9=null bad.no_value  @0\n");
    live_client_table_done(&client.table);
}

static void a_session_that_goes_on_keeps_its_name(void **state)
{
    (void)state;
    struct live_client client;
    struct told told;
    client_init(&client, &told);
    assert_int_equal(feed(&client, HELLO), OK);
    assert_int_equal(feed(&client, TWO), OK);
    told.size = 0;
    client.resuming = true;
    assert_int_equal(feed(&client, "{\"op\":\"hello\",\"session\":\"s2\",\"seq\":0}"), OK);
    assert_int_equal(feed(&client, "{\"op\":\"resumed\",\"seq\":1}"), OK);
    assert_string_equal(client.session, "s1");
    assert_int_equal(client.seq, 1);
    assert_false(client.wants_subscription);
    expect_told(&told, "resumed 0\n");
    live_client_table_done(&client.table);
}

static void what_is_wrong_ends_it(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{}",
        "{\"op\":3}",
        "{\"op\":\"hello\"}",
        "{\"op\":\"delta\",\"seq\":1}",
        "{\"op\":\"delta\",\"seq\":1,\"values\":[[17]]}",
        "{\"op\":\"delta\",\"seq\":1,\"values\":[[-1,2,3]]}",
        "{\"op\":\"delta\",\"seq\":1,\"values\":[[4294967296,2,3]]}",
        "{\"op\":\"snapshot\",\"seq\":1,\"last\":true}",
        "{\"op\":\"snapshot\",\"seq\":1,\"last\":true,\"points\":[{\"path\":\"a\"}]}",
    };
    struct live_client client;
    struct told told;
    client_init(&client, &told);
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        assert_int_equal(feed(&client, wrong[i]), ERR_CORRUPT);
    assert_int_equal(feed(&client, "{\"op\":\"error\",\"code\":\"x\",\"detail\":\"no pattern\"}"),
                     ERR_REFUSED);
    assert_string_equal(told.said, "no pattern");
    assert_int_equal(feed(&client, "{\"op\":\"weather\",\"seq\":9}"), OK); /* a newer server's */
    live_client_table_done(&client.table);
}

static void a_table_keeps_many(void **state)
{
    (void)state;
    struct live_client_table table = {.sorted_count = SIZE_MAX};
    for (uint32_t i = 0; i < 1000; i++)
        assert_non_null(live_client_table_add(&table, i * 4096));
    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(live_client_table_find(&table, i * 4096)->point, i * 4096);
    assert_null(live_client_table_find(&table, 1));
    for (uint32_t i = 0; i < 1000; i += 2)
        live_client_table_remove(&table, live_client_table_find(&table, i * 4096));
    assert_int_equal(table.count, 500);
    assert_null(live_client_table_find(&table, 0));
    assert_non_null(live_client_table_find(&table, 4096));
    live_client_table_done(&table);
}

/* ---- the handshake
 * ------------------------------------------------------------------------------- */

static enum err open_once(struct canned *canned, const char *said, struct told *told)
{
    struct live_client *client = NULL;
    memset(told, 0, sizeof *told);
    *canned = (struct canned){.count = 1, .answers = {said}};
    canned_start(canned);
    const struct live_client_config config = {.address = canned->address,
                                              .patterns = patterns,
                                              .pattern_count = 1,
                                              .told = on_told,
                                              .arg = told,
                                              .said = told->said};
    enum err err = live_client_open(&config, &client);
    live_client_close(client);
    canned_stop(canned);
    return err;
}

static void what_is_no_websocket_is_told_apart(void **state)
{
    (void)state;
    struct canned canned;
    struct told told;
    assert_int_equal(open_once(&canned,
                               "HTTP/1.1 503 Busy\r\nContent-Length: 44\r\n\r\n"
                               "{\"title\":\"too many viewers\",\"detail\":\"later\"}",
                               &told),
                     ERR_REFUSED);
    assert_string_equal(told.said, "too many viewers: later");
    assert_non_null(strstr(canned.asked[0], "GET /v1/live HTTP/1.1\r\n"));
    assert_non_null(strstr(canned.asked[0], "\r\nSec-WebSocket-Version: 13\r\n"));
    assert_int_equal(open_once(&canned, "HTTP/1.1 404 Not Found\r\n\r\nnothing", &told),
                     ERR_REFUSED);
    assert_string_equal(told.said, "HTTP status 404");
    /* Another server's answer to another key. */
    assert_int_equal(open_once(&canned,
                               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                               "Connection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
                               &told),
                     ERR_CORRUPT);
    assert_int_equal(open_once(&canned, "\x20\x02\x01\x05\r\n\r\n", &told), ERR_CORRUPT);
    assert_int_equal(open_once(&canned, NULL, &told), ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_snapshot_then_deltas),
        cmocka_unit_test(points_come_change_and_go),
        cmocka_unit_test(a_server_that_forgot_us_is_asked_anew),
        cmocka_unit_test(a_session_that_goes_on_keeps_its_name),
        cmocka_unit_test(what_is_wrong_ends_it),
        cmocka_unit_test(a_table_keeps_many),
        cmocka_unit_test(what_is_no_websocket_is_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
