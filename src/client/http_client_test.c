/* URLs, and the client against a server that says what the test prepared. */
#include "client/http_client.h"

#include "client/canned_server.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* ---- URLs
 * ---------------------------------------------------------------------------------------- */

static const char *path_url(struct http_url *url, const char *path)
{
    http_url_start(url, "/v1/points");
    http_url_path(url, path);
    return http_url_text(url);
}

static void paths_are_encoded_but_their_slashes(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"plant/line-1/press_3.temp~", "/v1/points/plant/line-1/press_3.temp~"},
        {"a b/c%d", "/v1/points/a%20b/c%25d"},
        {"q?x=1&y#z", "/v1/points/q%3Fx%3D1%26y%23z"},
        {"\xE5\x8E\x82/\xE6\xB8\xA9", "/v1/points/%E5%8E%82/%E6%B8%A9"},
        {"..", "/v1/points/.."},
        {"a:b@c;d,e!f'g(h)*", "/v1/points/a%3Ab%40c%3Bd%2Ce%21f%27g%28h%29%2A"},
    };
    static struct http_url url;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_string_equal(path_url(&url, cases[i][0]), cases[i][1]);
}

static void questions_are_encoded_with_their_slashes(void **state)
{
    (void)state;
    static struct http_url url;
    http_url_start(&url, "/v1/points");
    http_url_query(&url, "match", "plant/+/press-*/#");
    http_url_query(&url, "label", "line:1 & 2");
    http_url_query_count(&url, "limit", 1000);
    assert_string_equal(http_url_text(&url), "/v1/points?match=plant%2F%2B%2Fpress-%2A%2F%23&"
                                             "label=line%3A1%20%26%202&limit=1000");
}

static void a_url_has_its_limit(void **state)
{
    (void)state;
    static struct http_url url;
    static char path[HTTP_URL_SIZE + 1];
    size_t fits = HTTP_URL_SIZE - 1 - strlen("/v1/points/");
    memset(path, 'a', fits);
    assert_non_null(path_url(&url, path));
    assert_int_equal(strlen(url.text), HTTP_URL_SIZE - 1);
    path[fits] = 'a';
    assert_null(path_url(&url, path));
    http_url_query(&url, "a", "b"); /* what failed stays failed */
    assert_null(http_url_text(&url));
}

/* ---- asking
 * -------------------------------------------------------------------------------------- */

static bool stop_at_once(void)
{
    return true;
}

static struct http_client *client_for(const char *address, int wait_ms, bool (*stop)(void))
{
    const struct http_client_config config = {.address = address, .wait_ms = wait_ms, .stop = stop};
    struct http_client *client = NULL;
    assert_int_equal(http_client_create(&config, &client), OK);
    return client;
}

/* Asks a server that gives this one answer. */
static enum err ask_once(struct canned *canned, const char *said, int wait_ms,
                         struct http_client_answer *answer)
{
    *canned = (struct canned){.count = 1, .answers = {said}};
    canned_start(canned);
    struct http_client *client = client_for(canned->address, wait_ms, NULL);
    const struct http_client_question question = {.method = "GET", .target = "/v1/points/a%20b"};
    enum err err = http_client_ask(client, &question, answer);
    http_client_destroy(client);
    canned_stop(canned);
    return err;
}

static void an_answer_has_status_and_json(void **state)
{
    (void)state;
    struct canned canned;
    struct http_client_answer answer;
    assert_int_equal(ask_once(&canned,
                              "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{\"value\":2.5}", 5000,
                              &answer),
                     OK);
    assert_int_equal(answer.status, 200);
    assert_true(json_number_value(json_object_get(answer.json, "value")) == 2.5);
    json_decref(answer.json);
    assert_memory_equal(canned.asked[0], "GET /v1/points/a%20b HTTP/1.1\r\n", 31);
    assert_non_null(strstr(canned.asked[0], "\r\nUser-Agent: mainstem/"));
    assert_null(strstr(canned.asked[0], "Content-Type"));
    char host[OS_ADDRESS_SIZE + 16];
    snprintf(host, sizeof host, "\r\nHost: %s\r\n", canned.address);
    assert_non_null(strstr(canned.asked[0], host));
}

static void a_problem_is_an_answer_too(void **state)
{
    (void)state;
    struct canned canned;
    struct http_client_answer answer;
    assert_int_equal(ask_once(&canned,
                              "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "10\r\n{\"title\":\"none\"}\r\n0\r\n\r\n",
                              5000, &answer),
                     OK);
    assert_int_equal(answer.status, 404);
    assert_string_equal(json_string_value(json_object_get(answer.json, "title")), "none");
    json_decref(answer.json);
    assert_int_equal(
        ask_once(&canned, "HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno", 5000, &answer), OK);
    assert_int_equal(answer.status, 500);
    assert_null(answer.json);
    /* A redirection is not followed. */
    assert_int_equal(ask_once(&canned,
                              "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                              "Content-Length: 0\r\n\r\n",
                              5000, &answer),
                     OK);
    assert_int_equal(answer.status, 302);
}

static void failures_are_told_apart(void **state)
{
    (void)state;
    struct canned canned;
    struct http_client_answer answer;
    assert_int_equal(ask_once(&canned, "\x20\x02\x00\x05", 5000, &answer), ERR_CORRUPT);
    assert_int_equal(ask_once(&canned, NULL, 5000, &answer), ERR_IO);
    assert_int_equal(
        ask_once(&canned, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}", 5000, &answer), ERR_IO);
    assert_int_equal(ask_once(&canned, "", 300, &answer), ERR_BUSY);
    const struct http_client_question question = {.method = "GET", .target = "/"};
    struct http_client *client = client_for(canned.address, 5000, NULL); /* it ended */
    assert_int_equal(http_client_ask(client, &question, &answer), ERR_MISSING);
    http_client_destroy(client);
    client = client_for("no.such.host.invalid:1", 5000, NULL);
    assert_int_equal(http_client_ask(client, &question, &answer), ERR_INVALID);
    http_client_destroy(client);
}

static void a_stop_is_heard(void **state)
{
    (void)state;
    struct canned canned = {.count = 1, .answers = {""}};
    struct http_client_answer answer;
    const struct http_client_question question = {.method = "GET", .target = "/"};
    canned_start(&canned);
    struct http_client *client = client_for(canned.address, 5000, stop_at_once);
    assert_int_equal(http_client_ask(client, &question, &answer), ERR_STOPPED);
    http_client_destroy(client);
    client = client_for(canned.address, 50, NULL); /* so that its one connection is made */
    assert_int_equal(http_client_ask(client, &question, &answer), ERR_BUSY);
    http_client_destroy(client);
    canned_stop(&canned);
}

#define EMPTY_OBJECT "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

/* What the server was asked by this client, as whom it was told to be. */
static void ask_as(struct canned *canned, const char *address, const char *token)
{
    struct http_client *client;
    struct http_client_answer answer;
    const struct http_client_question question = {.method = "GET", .target = "/"};
    const struct http_client_config config = {
        .address = address, .trust = {.token = token, .tenant = "acme"}, .wait_ms = 5000};
    canned->answers[0] = EMPTY_OBJECT;
    canned->count = 1;
    check(pthread_create(&canned->thread, NULL, canned_run, canned) == 0);
    assert_int_equal(http_client_create(&config, &client), OK);
    assert_int_equal(http_client_ask(client, &question, &answer), OK);
    assert_int_equal(answer.status, 200);
    json_decref(answer.json);
    http_client_destroy(client);
    canned_stop(canned);
}

static void who_asks_says_so(void **state)
{
    (void)state;
    struct canned canned = {.count = 1};
    assert_int_equal(os_listen("127.0.0.1:0", 16, &canned.fd), OK);
    os_local_address(canned.fd, canned.address);
    ask_as(&canned, canned.address, "mst_a_made");
    assert_non_null(strstr(canned.asked[0], "\r\nAuthorization: Bearer mst_a_made\r\n"));
    assert_non_null(strstr(canned.asked[0], "\r\nMainstem-Tenant: acme\r\n"));
    assert_int_equal(os_listen("127.0.0.1:0", 16, &canned.fd), OK);
    os_local_address(canned.fd, canned.address);
    ask_as(&canned, canned.address, "");
    assert_null(strstr(canned.asked[0], "Authorization"));
}

/* There the owner of the folder is known already: a token has no business there. */
static void a_unix_socket_gets_no_token(void **state)
{
    (void)state;
    struct canned canned = {.count = 1};
    char folder[] = "/tmp/mainstem-unix-XXXXXX", path[64], address[80], longest[160];
    struct http_client *client;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/owner.sock", folder);
    snprintf(address, sizeof address, HTTP_UNIX "%s", path);
    assert_int_equal(os_listen_unix(path, &canned.fd), OK);
    ask_as(&canned, address, "mst_a_made");
    assert_null(strstr(canned.asked[0], "mst_a_made"));
    assert_non_null(strstr(canned.asked[0], "\r\nMainstem-Tenant: acme\r\n"));
    unlink(path);
    rmdir(folder);
    memset(longest, 'a', sizeof longest);
    memcpy(longest, HTTP_UNIX, strlen(HTTP_UNIX));
    longest[strlen(HTTP_UNIX) + 107] = 0;
    const struct http_client_config fits = {.address = longest, .wait_ms = 1000};
    assert_int_equal(http_client_create(&fits, &client), OK);
    http_client_destroy(client);
    longest[strlen(HTTP_UNIX) + 107] = 'a';
    longest[strlen(HTTP_UNIX) + 108] = 0;
    assert_int_equal(http_client_create(&fits, &client), ERR_INVALID);
}

static void a_post_is_never_sent_twice(void **state)
{
    (void)state;
    struct canned canned = {
        .count = 2,
        .answers = {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", NULL},
    };
    struct http_client_answer answer;
    canned_start(&canned);
    struct http_client *client = client_for(canned.address, 5000, NULL);
    const struct http_client_question question = {.method = "POST",
                                                  .target = "/v1/samples",
                                                  .content_type = "application/x-ndjson",
                                                  .body = bytes_text("{\"path\":\"a\"}\n")};
    assert_int_equal(http_client_ask(client, &question, &answer), OK);
    json_decref(answer.json);
    assert_int_equal(http_client_ask(client, &question, &answer), ERR_IO);
    http_client_destroy(client);
    canned_stop(&canned);
    for (size_t i = 0; i < 2; i++) {
        assert_non_null(strstr(canned.asked[i], "\r\nContent-Type: application/x-ndjson\r\n"));
        assert_non_null(strstr(canned.asked[i], "\r\n\r\n{\"path\":\"a\"}\n"));
    }
}

static void what_is_no_address_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "user@host:80", "host:80/path", "host:80?a", "a b:1"};
    struct http_client *client;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        const struct http_client_config config = {.address = wrong[i], .wait_ms = 1000};
        assert_int_equal(http_client_create(&config, &client), ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_are_encoded_but_their_slashes),
        cmocka_unit_test(questions_are_encoded_with_their_slashes),
        cmocka_unit_test(a_url_has_its_limit),
        cmocka_unit_test(an_answer_has_status_and_json),
        cmocka_unit_test(a_problem_is_an_answer_too),
        cmocka_unit_test(failures_are_told_apart),
        cmocka_unit_test(a_stop_is_heard),
        cmocka_unit_test(who_asks_says_so),
        cmocka_unit_test(a_unix_socket_gets_no_token),
        cmocka_unit_test(a_post_is_never_sent_twice),
        cmocka_unit_test(what_is_no_address_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
