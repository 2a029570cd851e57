/* The console's files as a browser asks for them: tags, compression, ranges, how long they are
 * kept. */
#include "web/files.h"
#include "web/test_house.h"

static const struct bytes nothing = {(const uint8_t *)"", 0};

static struct reply ask(struct test_house *house, const char *line, const char *headers)
{
    return house_ask_with(house, line, headers, NULL, nothing);
}

static const struct web_file *page(void)
{
    for (size_t i = 0; i < web_file_count; i++)
        if (strcmp(web_files[i].path, "/") == 0)
            return &web_files[i];
    fail_msg("the console has no page");
    return NULL;
}

static const struct web_file *script(void)
{
    for (size_t i = 0; i < web_file_count; i++)
        if (web_files[i].hashed && strstr(web_files[i].media, "javascript") != NULL)
            return &web_files[i];
    fail_msg("the console has no script");
    return NULL;
}

static void every_file_is_answered_whole(void **state)
{
    assert_true(web_file_count > 3);
    for (size_t i = 0; i < web_file_count; i++) {
        const struct web_file *file = &web_files[i];
        char line[512];
        snprintf(line, sizeof line, "GET %s", file->path);
        struct reply reply = ask(*state, line, "");
        assert_int_equal(reply.status, 200);
        assert_true(bytes_equal(reply.body, file->plain));
        assert_true(reply_header_is(&reply, "Content-Type", file->media));
        assert_true(reply_header_is(&reply, "ETag", file->etag));
        assert_true(reply_header_is(&reply, "Vary", "Accept-Encoding"));
        assert_true(reply_header_is(&reply, "X-Content-Type-Options", "nosniff"));
        assert_true(
            reply_header_is(&reply, "Cache-Control",
                            file->hashed ? "public, max-age=31536000, immutable" : "no-cache"));
        reply = ask(*state, line, "Accept-Encoding: gzip\r\n");
        assert_int_equal(reply.status, 200);
        bool gzip = reply_header_is(&reply, "Content-Encoding", "gzip");
        assert_int_equal(gzip, file->gzip.size > 0);
        assert_true(bytes_equal(reply.body, gzip ? file->gzip : file->plain));
        assert_int_equal(reply_header_is(&reply, "ETag", file->etag), !gzip);
    }
}

/* What stands behind # in such a link, no server sees. */
static void links_to_the_console_lead_to_its_page(void **state)
{
    static const char *const lines[] = {"GET /setup", "GET /invitation"};
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        struct reply reply = ask(*state, lines[i], "");
        assert_int_equal(reply.status, 200);
        assert_true(reply_header_is(&reply, "ETag", page()->etag));
        assert_true(reply_header_is(&reply, "Referrer-Policy", "no-referrer"));
    }
    assert_int_equal(ask(*state, "GET /setup/more", "").status, 404);
    assert_int_equal(ask(*state, "GET /set", "").status, 404);
}

static void what_a_browser_has_is_not_sent_again(void **state)
{
    char headers[256], tag[128];
    snprintf(headers, sizeof headers, "If-None-Match: %s\r\n", page()->etag);
    assert_int_equal(ask(*state, "GET /", headers).status, 304);
    struct reply reply = ask(*state, "GET /", "Accept-Encoding: gzip\r\n");
    struct bytes found = reply_header(&reply, "ETag");
    snprintf(tag, sizeof tag, "%.*s", (int)found.size, (const char *)found.at);
    snprintf(headers, sizeof headers, "Accept-Encoding: gzip\r\nIf-None-Match: \"x\", %s\r\n", tag);
    assert_int_equal(ask(*state, "GET /", headers).status, 304);
    snprintf(headers, sizeof headers, "Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n",
             page()->etag);
    assert_int_equal(ask(*state, "GET /", headers).status, 200); /* other bytes */
    assert_int_equal(ask(*state, "GET /", "If-None-Match: \"other\"\r\n").status, 200);
}

static void a_range_is_of_the_plain_form(void **state)
{
    char line[512], headers[256], wanted[64];
    const struct web_file *file = script();
    snprintf(line, sizeof line, "GET %s", file->path);
    struct reply reply = ask(*state, line, "Accept-Encoding: gzip\r\nRange: bytes=1-4\r\n");
    assert_int_equal(reply.status, 206);
    assert_true(bytes_equal(reply.body, bytes_of(file->plain.at + 1, 4)));
    snprintf(wanted, sizeof wanted, "bytes 1-4/%zu", file->plain.size);
    assert_true(reply_header_is(&reply, "Content-Range", wanted));
    snprintf(headers, sizeof headers, "Range: bytes=%zu-\r\n", file->plain.size - 1);
    assert_int_equal(ask(*state, line, headers).body.size, 1);
    snprintf(headers, sizeof headers, "Range: bytes=%zu-\r\n", file->plain.size);
    assert_problem(ask(*state, line, headers), 416, "range");
}

static void what_is_no_file_is_not_found(void **state)
{
    static const char *const lines[] = {"GET /index.html",      "GET //",
                                        "GET /assets",          "GET /assets/",
                                        "GET /assets/%2e%2e/x", "GET /%2fetc%2fpasswd"};
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        struct reply reply = house_ask(*state, lines[i]);
        assert_in_range(reply.status, 400, 404);
    }
    assert_int_equal(house_ask_json(*state, "POST /", "{}").status, 404);
}

static void the_mark_stands_in_for_an_icon(void **state)
{
    struct reply reply = house_ask(*state, "GET /favicon.ico");
    assert_int_equal(reply.status, 200);
    assert_true(reply_header_is(&reply, "Content-Type", "image/svg+xml"));
    assert_true(reply_header_is(&reply, "Cache-Control", "no-cache"));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        CASE(every_file_is_answered_whole),   CASE(what_a_browser_has_is_not_sent_again),
        CASE(a_range_is_of_the_plain_form),   CASE(what_is_no_file_is_not_found),
        CASE(the_mark_stands_in_for_an_icon), CASE(links_to_the_console_lead_to_its_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
