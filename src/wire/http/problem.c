/* Problem details (RFC 9457) as JSON. The text in them comes from outside too: it is escaped, and
 * what is no UTF-8 is replaced. */
#include "wire/http/decoder.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Counts what the whole would need; writes what fits. */
struct json {
    uint8_t *at;
    size_t capacity;
    size_t used;
};

static void put(struct json *json, const void *at, size_t size)
{
    if (json->used <= json->capacity && size <= json->capacity - json->used && size > 0)
        memcpy(json->at + json->used, at, size);
    json->used += size;
}

static void put_text(struct json *json, const char *text)
{
    put(json, text, strlen(text));
}

static void put_escape(struct json *json, uint8_t byte)
{
    char text[8];
    switch (byte) {
    case '"':
        put_text(json, "\\\"");
        break;
    case '\\':
        put_text(json, "\\\\");
        break;
    case '\n':
        put_text(json, "\\n");
        break;
    case '\r':
        put_text(json, "\\r");
        break;
    case '\t':
        put_text(json, "\\t");
        break;
    default:
        (void)snprintf(text, sizeof text, "\\u%04x", byte);
        put_text(json, text);
    }
}

static void put_string(struct json *json, struct bytes text)
{
    put(json, "\"", 1);
    for (size_t i = 0; i < text.size;) {
        size_t step = bytes_utf8_step(text, i);
        if (step == 0)
            put(json, "\xEF\xBF\xBD", 3);
        else if (step == 1 && (text.at[i] < 0x20 || text.at[i] == 0x7F || text.at[i] == '"' ||
                               text.at[i] == '\\'))
            put_escape(json, text.at[i]);
        else
            put(json, text.at + i, step);
        i += step > 0 ? step : 1;
    }
    put(json, "\"", 1);
}

size_t http_json_text_put(uint8_t *at, size_t capacity, struct bytes text)
{
    struct json json = {at, capacity, 0};
    put_string(&json, text);
    return json.used;
}

static void put_name(struct json *json, const char *name)
{
    put(json, json->used == 0 ? "{" : ",", 1);
    put_string(json, bytes_text(name));
    put(json, ":", 1);
}

static void put_member(struct json *json, const struct http_member *member)
{
    char digits[24];
    put_name(json, member->name);
    switch (member->kind) {
    case HTTP_MEMBER_TEXT:
        put_string(json, member->text);
        break;
    case HTTP_MEMBER_NUMBER:
        (void)snprintf(digits, sizeof digits, "%" PRId64, member->number);
        put_text(json, digits);
        break;
    case HTTP_MEMBER_BOOL:
        put_text(json, member->number ? "true" : "false");
        break;
    case HTTP_MEMBER_JSON:
        put(json, member->text.at, member->text.size);
        break;
    }
}

enum err http_problem_put(uint8_t *at, size_t capacity, const struct http_problem *problem,
                          size_t *ret_size)
{
    struct json json = {at, capacity, 0};
    struct http_member status = {"status", HTTP_MEMBER_NUMBER, {NULL, 0}, problem->status};
    if (problem->type) {
        put_name(&json, "type");
        put_string(&json, bytes_text(problem->type));
    }
    put_name(&json, "title");
    put_string(&json,
               bytes_text(problem->title ? problem->title : http_status_text(problem->status)));
    put_member(&json, &status);
    if (problem->detail.size > 0) {
        put_name(&json, "detail");
        put_string(&json, problem->detail);
    }
    if (problem->instance.size > 0) {
        put_name(&json, "instance");
        put_string(&json, problem->instance);
    }
    for (size_t i = 0; i < problem->member_count; i++)
        put_member(&json, &problem->members[i]);
    put(&json, "}", 1);
    if (json.used > capacity)
        return ERR_LIMIT;
    *ret_size = json.used;
    return OK;
}
