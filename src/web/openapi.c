/* GET /v1/openapi.json: the routes as an OpenAPI 3.1 document, with the schemas as JSON Schema
 * 2020-12. Made from the tables at the first question, and kept: neither changes while we run. */
#include "web/openapi.h"

#include <stdlib.h>
#include <string.h>

#define TIME_EXAMPLE "\"2026-03-01T08:00:00.25Z\""
#define DEPTH_MAX 8 /* of schemas within schemas: none holds itself */

/* ---- kinds ---------------------------------------------------------------------------------- */
struct kind kind_read(const char *text)
{
    struct kind kind = {.size = strlen(text)};
    if (kind.size > 0 && text[kind.size - 1] == '?') {
        kind.nullable = true;
        kind.size--;
    }
    kind.list = strncmp(text, "[]", 2) == 0;
    kind.map = strncmp(text, "{}", 2) == 0;
    kind.size -= kind.list || kind.map ? 2 : 0;
    check(kind.size < sizeof kind.word);
    memcpy(kind.word, text + (kind.list || kind.map ? 2 : 0), kind.size);
    kind.word[kind.size] = '\0';
    kind.schema = kind.word[0] >= 'A' && kind.word[0] <= 'Z' ? schema_find(kind.word) : NULL;
    kind.choice = strchr(kind.word, '|') != NULL;
    return kind;
}

/* Words of a choice, or of any_of, one after the other. */
bool word_next(const char **at, char separator, char *word, size_t capacity)
{
    const char *end = strchr(*at, separator);
    size_t size = end != NULL ? (size_t)(end - *at) : strlen(*at);
    check(size < capacity);
    if (size == 0)
        return false;
    memcpy(word, *at, size);
    word[size] = '\0';
    *at += size + (end != NULL);
    return true;
}

static void type_put(struct json_writer *json, const char *type, bool nullable)
{
    json_put_name(json, "type");
    if (nullable) {
        json_put_array(json);
        json_put_text(json, type);
        json_put_text(json, "null");
        json_put_array_end(json);
    } else {
        json_put_text(json, type);
    }
}

static void reference_put(struct json_writer *json, const char *name)
{
    char reference[192];
    snprintf(reference, sizeof reference, "#/components/schemas/%s", name);
    json_member_text(json, "$ref", reference);
}

static void choice_put(struct json_writer *json, const char *words, bool nullable)
{
    char word[64];
    type_put(json, "string", nullable);
    json_put_name(json, "enum");
    json_put_array(json);
    while (word_next(&words, '|', word, sizeof word))
        json_put_text(json, word);
    if (nullable)
        json_put_null(json);
    json_put_array_end(json);
}

static void value_put(struct json_writer *json, bool nullable)
{
    json_put_name(json, "type");
    json_put_array(json);
    json_put_text(json, "number");
    json_put_text(json, "boolean");
    json_put_text(json, "string");
    if (nullable)
        json_put_text(json, "null");
    json_put_array_end(json);
}

/* Members of the schema of one word, within an object. */
static void word_put(struct json_writer *json, const struct kind *kind, bool nullable)
{
    if (kind->schema != NULL && nullable) {
        json_put_name(json, "oneOf");
        json_put_array(json);
        json_put_object(json);
        reference_put(json, kind->word);
        json_put_object_end(json);
        json_put_object(json);
        json_member_text(json, "type", "null");
        json_put_object_end(json);
        json_put_array_end(json);
    } else if (kind->schema != NULL) {
        reference_put(json, kind->word);
    } else if (kind->choice) {
        choice_put(json, kind->word, nullable);
    } else if (strcmp(kind->word, "time") == 0) {
        type_put(json, "string", nullable);
        json_member_text(json, "format", "date-time");
    } else if (strcmp(kind->word, "count") == 0) {
        type_put(json, "integer", nullable);
        json_member_count(json, "minimum", 0);
    } else if (strcmp(kind->word, "value") == 0) {
        value_put(json, nullable);
    } else if (strcmp(kind->word, "any") != 0) {
        type_put(json, kind->word, nullable);
    }
}

static void kind_put(struct json_writer *json, const char *text)
{
    struct kind kind = kind_read(text);
    if (!kind.list && !kind.map) {
        word_put(json, &kind, kind.nullable);
        return;
    }
    type_put(json, kind.list ? "array" : "object", kind.nullable);
    json_put_name(json, kind.list ? "items" : "additionalProperties");
    json_put_object(json);
    word_put(json, &kind, false);
    json_put_object_end(json);
}

/* ---- examples ------------------------------------------------------------------------------- */
static void schema_example_put(struct json_writer *json, const struct schema *schema,
                               unsigned depth);

static void word_example_put(struct json_writer *json, const struct kind *kind, unsigned depth)
{
    char word[64];
    const char *words = kind->word;
    if (kind->schema != NULL)
        schema_example_put(json, kind->schema, depth + 1);
    else if (kind->choice && word_next(&words, '|', word, sizeof word))
        json_put_text(json, word);
    else if (strcmp(kind->word, "time") == 0)
        json_put_raw(json, bytes_text(TIME_EXAMPLE));
    else if (strcmp(kind->word, "boolean") == 0)
        json_put_bool(json, true);
    else if (strcmp(kind->word, "string") == 0)
        json_put_text(json, "");
    else
        json_put_count(json, 1);
}

void member_example_put(struct json_writer *json, const struct schema_member *member,
                        unsigned depth)
{
    struct kind kind = kind_read(member->kind);
    if (member->example != NULL) {
        json_put_raw(json, bytes_text(member->example));
        return;
    }
    if (kind.list)
        json_put_array(json);
    word_example_put(json, &kind, depth);
    if (kind.list)
        json_put_array_end(json);
}

static void schema_example_put(struct json_writer *json, const struct schema *schema,
                               unsigned depth)
{
    char word[64];
    check(depth < DEPTH_MAX);
    if (schema->members == NULL) { /* the first of the kinds that are possible */
        const char *words = schema->any_of;
        bool there = word_next(&words, ' ', word, sizeof word);
        check(there);
        struct schema_member first = {.kind = word};
        member_example_put(json, &first, depth + 1);
        return;
    }
    json_put_object(json);
    for (const struct schema_member *member = schema->members; member->name; member++)
        if (!member->optional || member->example != NULL) {
            json_put_name(json, member->name);
            member_example_put(json, member, depth);
        }
    json_put_object_end(json);
}

void example_put(struct json_writer *json, const struct schema *schema)
{
    schema_example_put(json, schema, 0);
}

/* ---- schemas -------------------------------------------------------------------------------- */
static void members_put(struct json_writer *json, const struct schema *schema)
{
    json_member_text(json, "type", "object");
    json_put_name(json, "properties");
    json_put_object(json);
    for (const struct schema_member *member = schema->members; member->name; member++) {
        json_put_name(json, member->name);
        json_put_object(json);
        kind_put(json, member->kind);
        json_member_text(json, "description", member->text);
        json_put_object_end(json);
    }
    json_put_object_end(json);
    json_put_name(json, "required");
    json_put_array(json);
    for (const struct schema_member *member = schema->members; member->name; member++)
        if (!member->optional)
            json_put_text(json, member->name);
    json_put_array_end(json);
    json_member_bool(json, "additionalProperties", schema->open);
}

static void any_of_put(struct json_writer *json, const char *words)
{
    char word[64];
    json_put_name(json, "anyOf");
    json_put_array(json);
    while (word_next(&words, ' ', word, sizeof word)) {
        json_put_object(json);
        kind_put(json, word);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void schemas_put(struct json_writer *json)
{
    json_put_name(json, "schemas");
    json_put_object(json);
    for (size_t i = 0; i < schema_count(); i++) {
        json_put_name(json, schema_at(i)->name);
        json_put_object(json);
        json_member_text(json, "description", schema_at(i)->text);
        if (schema_at(i)->members != NULL)
            members_put(json, schema_at(i));
        else
            any_of_put(json, schema_at(i)->any_of);
        json_put_name(json, "examples");
        json_put_array(json);
        example_put(json, schema_at(i));
        json_put_array_end(json);
        json_put_object_end(json);
    }
    json_put_object_end(json);
}

/* ---- operations ----------------------------------------------------------------------------- */
static void parameter_put(struct json_writer *json, const char *name, const char *place,
                          const char *kind, const char *text, bool repeats)
{
    json_put_object(json);
    json_member_text(json, "name", name);
    json_member_text(json, "in", place);
    json_member_text(json, "description", text);
    if (strcmp(place, "path") == 0)
        json_member_bool(json, "required", true);
    json_put_name(json, "schema");
    json_put_object(json);
    if (repeats) {
        json_member_text(json, "type", "array");
        json_put_name(json, "items");
        json_put_object(json);
    }
    kind_put(json, kind);
    if (repeats)
        json_put_object_end(json);
    json_put_object_end(json);
    json_put_object_end(json);
}

static void parameters_put(struct json_writer *json, const struct route *route)
{
    json_put_name(json, "parameters");
    json_put_array(json);
    const struct route_argument *argument = route_argument_find(route);
    if (argument != NULL)
        parameter_put(json, argument->name, "path", "string", argument->text, false);
    for (const struct parameter *p = route->parameters; p != NULL && p->name != NULL; p++)
        parameter_put(json, p->name, "query", p->kind, p->text, p->repeats);
    const struct route_note *note = route_note_find(route->name);
    if (note != NULL && note->header != NULL)
        parameter_put(json, note->header, "header", "string", note->header_text, false);
    json_put_array_end(json);
}

static void media_put(struct json_writer *json, const char *media, const char *schema)
{
    json_put_name(json, media);
    json_put_object(json);
    json_put_name(json, "schema");
    json_put_object(json);
    reference_put(json, schema);
    json_put_object_end(json);
    json_put_object_end(json);
}

/* The bodies that are no JSON. Any media type is taken of the first two, from whoever is no
 * browser. */
static const char *body_media(const struct route *route)
{
    if (strcmp(route->body, "Lines") == 0)
        return "text/plain";
    if (strcmp(route->body, "DevicesCsv") == 0)
        return "text/csv";
    if (strcmp(route->body, "DocumentBytes") == 0)
        return "*/*";
    return strcmp(route->body, "InfluxQuery") == 0 ? "application/x-www-form-urlencoded"
                                                   : "application/json";
}

static void body_put(struct json_writer *json, const struct route *route)
{
    const struct schema *schema = schema_find(route->body);
    check(schema != NULL);
    json_put_name(json, "requestBody");
    json_put_object(json);
    json_member_text(json, "description",
                     route->lines ? "As application/x-ndjson each line is one; the schema there is "
                                    "that of a line. Content-Encoding may be gzip."
                                  : "Content-Encoding may be gzip.");
    json_member_bool(json, "required", true);
    json_put_name(json, "content");
    json_put_object(json);
    media_put(json, body_media(route), route->body);
    if (route->lines)
        media_put(json, "application/x-ndjson", schema->line ? schema->line : schema->name);
    json_put_object_end(json);
    json_put_object_end(json);
}

static void answer_content_put(struct json_writer *json, const struct route *route)
{
    const struct schema *body = route->body != NULL ? schema_find(route->body) : NULL;
    json_put_name(json, "content");
    json_put_object(json);
    if (route->answer != NULL) {
        check(schema_find(route->answer) != NULL);
        media_put(json, route->media != NULL ? route->media : "application/json", route->answer);
    } else {
        json_put_name(json, route->media);
        json_put_object(json);
        json_put_name(json, "schema");
        json_put_object(json);
        json_member_text(json, "type", "string");
        json_put_object_end(json);
        json_put_object_end(json);
    }
    if (body != NULL && body->line_answer != NULL && route->status == 200)
        media_put(json, "application/x-ndjson", body->line_answer);
    json_put_object_end(json);
}

/* What clients of InfluxDB are told where they would not know a problem. */
static const char *refusal_of(const struct route *route)
{
    if (strcmp(route->tag, "lines") != 0)
        return NULL;
    return route->handle == handle_write_v2 ? "InfluxRefusalV2" : "InfluxRefusal";
}

static void problem_put(struct json_writer *json, const struct route *route, const char *status,
                        const char *text)
{
    json_put_name(json, status);
    json_put_object(json);
    json_member_text(json, "description", text);
    json_put_name(json, "content");
    json_put_object(json);
    media_put(json, HTTP_PROBLEM_MEDIA, "Problem");
    if (refusal_of(route) != NULL)
        media_put(json, "application/json", refusal_of(route));
    json_put_object_end(json);
    json_put_object_end(json);
}

static void status_put(struct json_writer *json, unsigned status)
{
    char text[8];
    snprintf(text, sizeof text, "%u", status);
    json_put_name(json, text);
    json_put_object(json);
    json_member_text(json, "description", http_status_text(status));
}

static void responses_put(struct json_writer *json, const struct route *route)
{
    char word[16];
    const char *problems = route->problems != NULL ? route->problems : "";
    const struct schema *body = route->body != NULL ? schema_find(route->body) : NULL;
    json_put_name(json, "responses");
    json_put_object(json);
    status_put(json, route->status);
    if (route->status != 204 && (route->answer != NULL || route->media != NULL))
        answer_content_put(json, route);
    json_put_object_end(json);
    if (route->status == 204 && route->answer != NULL) { /* there is one when it was asked for */
        status_put(json, 200);
        answer_content_put(json, route);
        json_put_object_end(json);
    }
    if (body != NULL && body->line_answer != NULL && route->status != 200) {
        status_put(json, 200); /* NDJSON is answered line by line, whatever became of each */
        json_put_name(json, "content");
        json_put_object(json);
        media_put(json, "application/x-ndjson", body->line_answer);
        json_put_object_end(json);
        json_put_object_end(json);
    }
    problem_put(json, route, "400", http_status_text(400));
    while (word_next(&problems, ' ', word, sizeof word))
        problem_put(json, route, word, http_status_text((unsigned)strtoul(word, NULL, 10)));
    problem_put(json, route, "default",
                "What any request may meet: 401, 403, 408, 413, 414, 417, 421, 431, "
                "501, 503, 505.");
    json_put_object_end(json);
}

static void operation_put(struct json_writer *json, const struct route *route)
{
    static const char *const verbs[HTTP_VERBS] = {
        [HTTP_VERB_GET] = "get",        [HTTP_VERB_HEAD] = "head",   [HTTP_VERB_POST] = "post",
        [HTTP_VERB_PUT] = "put",        [HTTP_VERB_PATCH] = "patch", [HTTP_VERB_DELETE] = "delete",
        [HTTP_VERB_OPTIONS] = "options"};
    const struct route_note *note = route_note_find(route->name);
    json_put_name(json, verbs[route->verb]);
    json_put_object(json);
    json_member_text(json, "operationId", route->name);
    json_put_name(json, "tags");
    json_put_array(json);
    json_put_text(json, route->tag);
    json_put_array_end(json);
    json_member_text(json, "summary", route->summary);
    if (note != NULL && note->text != NULL)
        json_member_text(json, "description", note->text);
    parameters_put(json, route);
    if (route->body != NULL)
        body_put(json, route);
    responses_put(json, route);
    json_put_object_end(json);
}

static bool path_was_put(size_t route)
{
    for (size_t i = 0; i < route; i++)
        if (strcmp(web_routes[i].path, web_routes[route].path) == 0)
            return true;
    return false;
}

static void paths_put(struct json_writer *json)
{
    json_put_name(json, "paths");
    json_put_object(json);
    for (size_t i = 0; i < web_route_count; i++) {
        if (path_was_put(i))
            continue;
        json_put_name(json, web_routes[i].path);
        json_put_object(json);
        for (size_t j = i; j < web_route_count; j++)
            if (strcmp(web_routes[i].path, web_routes[j].path) == 0)
                operation_put(json, &web_routes[j]);
        json_put_object_end(json);
    }
    json_put_object_end(json);
}

/* ---- the document --------------------------------------------------------------------------- */
static void head_put(struct json_writer *json)
{
    json_member_text(json, "openapi", "3.1.0");
    json_put_name(json, "info");
    json_put_object(json);
    json_member_text(json, "title", "Mainstem");
    json_member_text(json, "version", MAINSTEM_VERSION);
    json_member_text(json, "summary", "Points, samples and live values of a Mainstem server");
    json_member_text(json, "description", API_TEXT);
    json_put_object_end(json);
    json_put_name(json, "servers");
    json_put_array(json);
    json_put_object(json);
    json_member_text(json, "url", "/");
    json_put_object_end(json);
    json_put_array_end(json);
    json_put_name(json, "tags");
    json_put_array(json);
    for (size_t i = 0; i < route_heading_count; i++) {
        json_put_object(json);
        json_member_text(json, "name", route_headings[i].name);
        json_member_text(json, "description", route_headings[i].text);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void document_put(struct json_writer *json)
{
    json_put_object(json);
    head_put(json);
    paths_put(json);
    json_put_name(json, "components");
    json_put_object(json);
    schemas_put(json);
    json_put_object_end(json);
    json_put_object_end(json);
}

enum handled handle_openapi(struct exchange *exchange)
{
    struct web *web = exchange->web;
    if (web->openapi == NULL) {
        struct json_writer json;
        json_writer_init(&json, 0);
        document_put(&json);
        struct bytes text = json_writer_text(&json);
        char *kept = json_writer_failed(&json) ? NULL : malloc(text.size);
        if (kept != NULL) {
            memcpy(kept, text.at, text.size);
            web->openapi = kept;
            web->openapi_size = text.size;
        }
        json_writer_done(&json);
        if (kept == NULL)
            return answer_problem(exchange, 503, "memory", NULL, "there is no memory: ask again");
    }
    return answer_content(exchange, 200, "application/json",
                          bytes_of(web->openapi, web->openapi_size));
}
