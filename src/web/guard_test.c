/* Whose request it is: every way a page of another origin could come, beside what must go on. */
#include "web/room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum guard judge(const char *head, const char *hosts)
{
    struct http_limits limits = http_limits_default();
    struct http_decoder *decoder;
    char text[2048];
    int size = snprintf(text, sizeof text, "%s\r\n", head);
    assert_int_equal(http_decoder_create(&limits, &decoder), OK);
    struct http_step step = http_decoder_feed(decoder, bytes_of(text, (size_t)size));
    assert_int_equal(step.event, HTTP_STEP_HEAD);
    enum guard guard = guard_judge(http_decoder_request(decoder), hosts, "plant-7");
    http_decoder_destroy(decoder);
    return guard;
}

static void the_host_is_one_of_ours(void **state)
{
    static const struct {
        const char *host, *hosts;
        enum guard guard;
    } cases[] = {
        {"127.0.0.1:8080", "", GUARD_WELCOME},
        {"10.1.2.3", "", GUARD_WELCOME},
        {"[::1]:8080", "", GUARD_WELCOME},
        {"localhost", "", GUARD_WELCOME},
        {"LOCALHOST:1", "", GUARD_WELCOME},
        {"plant-7:8080", "", GUARD_WELCOME},
        {"PLANT-7", "", GUARD_WELCOME},
        {"evil.example", "", GUARD_HOST},
        {"localhost.evil.example", "", GUARD_HOST},
        {"127.0.0.1.evil.example", "", GUARD_HOST},
        {"1e7", "", GUARD_HOST},
        {"scada.example", "a.example scada.example", GUARD_WELCOME},
        {"a.example", "a.example scada.example", GUARD_WELCOME},
        {"Scada.Example:8080", "a.example  scada.example", GUARD_WELCOME},
        {"cada.example", "a.example scada.example", GUARD_HOST},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char head[512];
        snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: %s\r\n", cases[i].host);
        if (judge(head, cases[i].hosts) != cases[i].guard)
            fail_msg("Host %s with \"%s\"", cases[i].host, cases[i].hosts);
    }
    assert_int_equal(judge("GET / HTTP/1.0\r\n", ""), GUARD_WELCOME);
    /* the target counts before Host (RFC 9112, 3.2.2) */
    assert_int_equal(judge("GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n", ""),
                     GUARD_HOST);
}

static void another_origin_is_refused(void **state)
{
    static const struct {
        const char *fields;
        enum guard guard;
    } cases[] = {
        {"", GUARD_WELCOME},
        {"Origin: http://localhost:8080\r\n", GUARD_WELCOME},
        {"Origin: https://localhost:8080\r\n", GUARD_WELCOME},
        {"Origin: HTTP://LOCALHOST:8080\r\n", GUARD_WELCOME},
        {"Origin: http://localhost\r\n", GUARD_ORIGIN},
        {"Origin: http://localhost:80801\r\n", GUARD_ORIGIN},
        {"Origin: http://evil.example\r\n", GUARD_ORIGIN},
        {"Origin: ftp://localhost:8080\r\n", GUARD_ORIGIN},
        {"Origin: null\r\n", GUARD_ORIGIN},
        {"Origin: \r\n", GUARD_ORIGIN},
        {"Origin: http://localhost:8080\r\nOrigin: http://evil.example\r\n", GUARD_ORIGIN},
        {"Sec-Fetch-Site: same-origin\r\n", GUARD_WELCOME},
        {"Sec-Fetch-Site: none\r\n", GUARD_WELCOME},
        {"Sec-Fetch-Site: same-site\r\n", GUARD_SITE},
        {"Sec-Fetch-Site: cross-site\r\n", GUARD_SITE},
        {"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\nSec-Fetch-Dest: image\r\n",
         GUARD_SITE},
        {"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: iframe\r\n",
         GUARD_SITE},
        {"Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n",
         GUARD_WELCOME},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char head[512];
        snprintf(head, sizeof head, "GET /v1/state HTTP/1.1\r\nHost: localhost:8080\r\n%s",
                 cases[i].fields);
        if (judge(head, "") != cases[i].guard)
            fail_msg("%s", cases[i].fields);
    }
    /* a form that navigates is still a form */
    assert_int_equal(judge("POST /v1/points HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
                           "Content-Type: application/json\r\nSec-Fetch-Site: cross-site\r\n"
                           "Sec-Fetch-Mode: navigate\r\nSec-Fetch-Dest: document\r\n",
                           ""),
                     GUARD_SITE);
}

static void a_body_is_what_no_form_sends(void **state)
{
    static const struct {
        const char *media;
        enum guard guard;
    } cases[] = {
        {"Content-Type: application/json\r\n", GUARD_WELCOME},
        {"Content-Type: Application/JSON; charset=utf-8\r\n", GUARD_WELCOME},
        {"Content-Type: application/x-ndjson\r\n", GUARD_WELCOME},
        {"Content-Type: application/merge-patch+json\r\n", GUARD_WELCOME},
        {"", GUARD_MEDIA},
        {"Content-Type: text/plain\r\n", GUARD_MEDIA},
        {"Content-Type: application/x-www-form-urlencoded\r\n", GUARD_MEDIA},
        {"Content-Type: multipart/form-data; boundary=x\r\n", GUARD_MEDIA},
        {"Content-Type: text/plain; application/json\r\n", GUARD_MEDIA},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char head[512];
        snprintf(head, sizeof head,
                 "POST /v1/points HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n%s",
                 cases[i].media);
        if (judge(head, "") != cases[i].guard)
            fail_msg("%s", cases[i].media);
    }
    assert_int_equal(judge("POST /v1/points HTTP/1.1\r\nHost: localhost\r\n", ""), GUARD_WELCOME);
}

/* Agents send what a form could send; who is a browser is told by what no page can leave out or
 * change. */
static void agents_may_send_anything_and_browsers_not(void **state)
{
    static const char *const doors[] = {"/write", "/api/v2/write", "/query"};
    static const char *const elsewhere[] = {"/v1/points", "/write/", "/writes", "/api/v2/writ"};
    static const struct {
        const char *fields;
        enum guard guard;
    } cases[] = {
        {"", GUARD_WELCOME},
        {"Content-Type: text/plain; charset=utf-8\r\n", GUARD_WELCOME},
        {"Content-Type: application/x-www-form-urlencoded\r\n", GUARD_WELCOME},
        {"Content-Type: text/plain\r\nUser-Agent: Telegraf/1.24\r\n", GUARD_WELCOME},
        {"Content-Type: text/plain\r\nUser-Agent: Mozilla/5.0 (X11)\r\n", GUARD_MEDIA},
        {"User-Agent: Mozilla/5.0 (X11)\r\n", GUARD_MEDIA},
        {"Content-Type: application/json\r\nUser-Agent: Mozilla/5.0\r\n", GUARD_WELCOME},
        {"Content-Type: text/plain\r\nReferer: http://evil.example/\r\n", GUARD_MEDIA},
        {"Content-Type: text/plain\r\nSec-Fetch-Site: none\r\n", GUARD_MEDIA},
        {"Content-Type: text/plain\r\nSec-Fetch-Site: cross-site\r\n", GUARD_SITE},
        {"Content-Type: text/plain\r\nOrigin: http://evil.example\r\n", GUARD_ORIGIN},
        {"Content-Type: text/plain\r\nOrigin: null\r\n", GUARD_ORIGIN},
        {"Content-Type: text/plain\r\nOrigin: http://localhost\r\n", GUARD_WELCOME},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        for (size_t door = 0; door < ARRAY_COUNT(doors); door++) {
            char head[512];
            snprintf(head, sizeof head,
                     "POST %s?db=x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n%s",
                     doors[door], cases[i].fields);
            if (judge(head, "") != cases[i].guard)
                fail_msg("%s: %s", doors[door], cases[i].fields);
        }
    for (size_t i = 0; i < ARRAY_COUNT(elsewhere); i++) {
        char head[512];
        snprintf(head, sizeof head,
                 "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
                 "Content-Type: text/plain\r\n",
                 elsewhere[i]);
        assert_int_equal(judge(head, ""), GUARD_MEDIA);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_host_is_one_of_ours),
        cmocka_unit_test(another_origin_is_refused),
        cmocka_unit_test(a_body_is_what_no_form_sends),
        cmocka_unit_test(agents_may_send_anything_and_browsers_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
