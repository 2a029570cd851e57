#include "cli/archive_words.h"

#include "cli/answer.h"
#include "cli/set_output.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_MAX 1000 /* of one answer */

/* ---- members -----------------------------------------------------------------------------------
 */
static bool member_put(const struct words *words, json_t *body, const char *option,
                       const char *member, const char *text)
{
    json_t *value = json_string(text);
    if (value == NULL) {
        fail(words->verb->name, "--%s is not UTF-8", option);
        return false;
    }
    json_object_set_new(body, member, value);
    return true;
}

bool body_put_text(const struct words *words, json_t *body, const char *option, const char *member)
{
    const char *text = words_value(words, option, 0);
    return text == NULL || member_put(words, body, option, member, text);
}

bool body_put_author(const struct words *words, json_t *body)
{
    const char *text = words_value(words, "author", 0);
    if (text == NULL)
        text = getenv("USER");
    return text == NULL || text[0] == 0 || member_put(words, body, "author", "author", text);
}

bool body_put_time(const struct words *words, json_t *body, const char *member, const char *text)
{
    bool relative = strncmp(text, "now", 3) == 0; /* the server's to judge */
    char *json = relative ? NULL : sample_time_json(text);
    json_t *time = relative       ? json_string(text)
                   : json != NULL ? json_loads(json, JSON_DECODE_ANY, NULL)
                                  : NULL;
    free(json);
    if (time == NULL) {
        fail(words->verb->name,
             "the time \"%.60s\" is none; RFC 3339 is wanted, e.g. 2026-03-01T08:00:00Z, a number "
             "since 1970, or as now-7d",
             text);
        return false;
    }
    json_object_set_new(body, member, time);
    return true;
}

bool keep_parse(const char *text, int64_t *ret_seconds)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1},
                 {'m', 60},
                 {'h', 3600},
                 {'d', 24 * 3600},
                 {'w', 7 * 24 * 3600},
                 {'y', 365 * 24 * 3600}};
    char *end;
    if (strcmp(text, "0") == 0) {
        *ret_seconds = 0;
        return true;
    }
    long long number = strtoll(text, &end, 10);
    for (size_t i = 0; i < ARRAY_COUNT(units); i++)
        if (end != text && end[0] == units[i].unit && end[1] == 0 && number > 0 &&
            number <= INT64_C(3155760000) / units[i].seconds) {
            *ret_seconds = number * units[i].seconds;
            return true;
        }
    return false;
}

char *keep_text(const json_t *seconds, char *text, size_t size)
{
    char number[NUMBER_SIZE];
    if (!json_is_integer(seconds))
        snprintf(text, size, "-");
    else if (json_integer_value(seconds) == 0)
        snprintf(text, size, "for ever");
    else
        snprintf(text, size, "%s", number_duration(json_integer_value(seconds) * NS_PER_S, number));
    return text;
}

/* ---- asking ------------------------------------------------------------------------------------
 */
/* What went out may hold a password. */
static void body_drop(json_t *body, char *text)
{
    const json_t *password = json_object_get(body, "password");
    if (password != NULL)
        explicit_bzero((void *)(uintptr_t)json_string_value(password),
                       json_string_length(password));
    if (text != NULL)
        explicit_bzero(text, strlen(text));
    free(text);
    json_decref(body);
}

json_t *archive_try(struct http_line *line, const char *method, const struct http_url *url,
                    json_t *body, unsigned quiet, unsigned *ret_status)
{
    struct http_client_answer answer = {.status = 0};
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    const struct http_client_question question = {
        .method = method,
        .target = http_url_text(url),
        .content_type = body != NULL ? "application/json" : NULL,
        .body = text != NULL ? bytes_text(text) : bytes_of(NULL, 0)};
    enum err err = ERR_NO_MEMORY;
    if (question.target == NULL)
        fail(line->verb, "what is asked for is longer than %d bytes", HTTP_URL_SIZE);
    else if (body == NULL || text != NULL)
        err = http_client_ask(line->client, &question, &answer);
    body_drop(body, text);
    *ret_status = answer.status;
    if (question.target == NULL)
        return NULL;
    if (err != OK)
        http_fail(line->verb, line->address, err);
    else if (answer.status < 300 && answer.json != NULL)
        return answer.json;
    else if (answer.status != quiet)
        http_fail_problem(line->verb, NULL, answer.status, answer.json);
    json_decref(answer.json);
    return NULL;
}

json_t *archive_ask(struct http_line *line, const char *method, const struct http_url *url,
                    json_t *body)
{
    unsigned status;
    return archive_try(line, method, url, body, 0, &status);
}

bool archive_list(struct http_line *line, const char *route, const char *path, const char *member,
                  uint64_t most, bool removed, void (*each)(void *arg, const json_t *item),
                  void *arg)
{
    json_int_t after = 0;
    do {
        struct http_url url;
        http_url_start(&url, route);
        if (path != NULL)
            http_url_query(&url, "path", path);
        if (removed)
            http_url_query(&url, "removed", "true");
        http_url_query_count(&url, "limit", most < PAGE_MAX ? most : PAGE_MAX);
        if (after > 0)
            http_url_query_count(&url, "after", (uint64_t)after);
        json_t *answer = http_line_get(line, &url, NULL);
        if (answer == NULL)
            return false;
        const json_t *items = json_object_get(answer, member);
        for (size_t i = 0; i < json_array_size(items) && most > 0; i++, most--)
            each(arg, json_array_get(items, i));
        after = json_integer_value(json_object_get(answer, "next"));
        json_decref(answer);
    } while (after > 0 && most > 0);
    return true;
}
