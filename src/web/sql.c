/* SQL by HTTP: the statement is read here, run by the pool of sql in a process of its own, and its
 * answer goes out from here as it comes.
 *
 * An exchange waits while there is nothing to read of its statement, and while the client does not
 * take what was sent (HANDLED_ASK both times). What is over before SQL_FIRST_BYTES were written is
 * answered as a whole, errors as problems; the rest is streamed in chunks, and a statement that
 * fails then ends the connection before the last chunk: no part is taken for the whole. */
#include "web/ask.h"
#include "web/exchange.h"
#include "web/points.h"

#include "sql/sql.h"

#include <stdlib.h>
#include <string.h>

#define BODY_BYTES_MOST ((size_t)2 << 20) /* a statement of 1 MiB with its escapes */
#define BODY_VALUES_MOST 8192

#define HEAD_MAX 2048
#define ROWS_USUAL 10000

static const char *const medias[] = {[SQL_JSON] = "application/json",
                                     [SQL_CSV] = "text/csv; charset=utf-8; header=present",
                                     [SQL_NDJSON] = "application/x-ndjson"};

static const char *const formats[] = {
    [SQL_JSON] = "json", [SQL_CSV] = "csv", [SQL_NDJSON] = "ndjson"};

struct asked {
    struct ask_who who;
    json_t *body;
    struct sql_parameter *parameters;
    struct sql_question question;
    struct sql_statement *statement;
    bool chunked;
    uint8_t *text; /* what was read before it is known whether that is all */
    size_t size;
};

static void sql_drop(struct exchange *exchange)
{
    struct asked *asked = exchange->state;
    exchange->client->link->leaves = false;
    sql_end(asked->statement);
    who_end(exchange, &asked->who);
    json_decref(asked->body);
    free(asked->parameters);
    free(asked->text);
    free(asked);
}

/* ---- the answer ------------------------------------------------------------------------------ */
static enum handled sql_failed(struct exchange *exchange, const struct sql_piece *piece)
{
    char type[64];
    struct json_writer *json = &exchange->json;
    bool wrong = strcmp(piece->code, "sql_error") == 0;
    if (!wrong)
        return answer_problem(exchange, 503, piece->code, NULL, "%s", piece->sentence);
    strcpy(type, "/docs#sql_error");
    json_put_object(json);
    json_member_text(json, "type", type);
    json_member_text(json, "title", "the statement is wrong");
    json_member_count(json, "status", 422);
    json_member_text(json, "code", piece->code);
    json_member_text(json, "detail", piece->sentence);
    json_put_name(json, "offset");
    if (piece->offset >= 0)
        json_put_integer(json, piece->offset);
    else
        json_put_null(json);
    json_put_object_end(json);
    if (json_writer_failed(json))
        return answer_json(exchange, 422); /* says that there is no memory */
    return answer_content(exchange, 422, HTTP_PROBLEM_MEDIA, json_writer_text(json));
}

static void stream_put(struct exchange *exchange, struct bytes text)
{
    const struct asked *asked = exchange->state;
    uint8_t head[HTTP_CHUNK_EXTRA];
    if (asked->chunked)
        client_put(exchange->client, bytes_of(head, http_chunk_head_put(head, text.size)));
    client_put(exchange->client, text);
    if (asked->chunked)
        client_put(exchange->client, bytes_text("\r\n"));
}

static void stream_begin(struct exchange *exchange)
{
    struct asked *asked = exchange->state;
    struct web_client *client = exchange->client;
    const struct web *web = exchange->web;
    enum http_framing framing;
    uint8_t *at = web->config.port->room(web->config.arg, client->link, HEAD_MAX);
    size_t size = exchange_head_put(exchange, 200, medias[asked->question.format], HTTP_BODY_STREAM,
                                    0, at, HEAD_MAX, &framing);
    web->config.port->used(web->config.arg, client->link, size);
    exchange_streams(exchange, 200);
    asked->chunked = framing == HTTP_FRAMING_CHUNKED;
    stream_put(exchange, bytes_of(asked->text, asked->size));
    free(asked->text);
    asked->text = NULL;
    exchange->kept = 0;
}

static enum handled stream_go_on(struct exchange *exchange)
{
    struct asked *asked = exchange->state;
    struct web_client *client = exchange->client;
    struct sql_piece piece;
    enum sql_progress progress = SQL_TEXT;
    if (!who_is_same(exchange, &asked->who)) {
        client->last = true;
        return HANDLED;
    }
    while (client_backlog(client) <= WEB_UNSENT &&
           (progress = sql_read(asked->statement, &piece)) == SQL_TEXT)
        stream_put(exchange, piece.text);
    if (progress == SQL_FAULT) {
        client->last = true; /* without the last chunk */
        return HANDLED;
    }
    if (progress == SQL_OVER) {
        if (asked->chunked)
            client_put(client, bytes_text(HTTP_CHUNK_END));
        return HANDLED;
    }
    client_flush(client);
    client_allow_answer(client, client_backlog(client) > WEB_UNSENT);
    return HANDLED_ASK;
}

/* The first piece: is it all? It is kept until that is known, or another one comes. */
static enum handled sql_resume(struct exchange *exchange)
{
    struct asked *asked = exchange->state;
    struct sql_piece piece;
    if (exchange->answered)
        return stream_go_on(exchange);
    if (!who_is_same(exchange, &asked->who))
        return who_has_changed(exchange);
    for (;;) {
        enum sql_progress progress = sql_read(asked->statement, &piece);
        if (progress == SQL_FAULT)
            return sql_failed(exchange, &piece);
        if (progress == SQL_OVER)
            return answer_content(exchange, 200, medias[asked->question.format],
                                  bytes_of(asked->text, asked->size));
        if (progress == SQL_WAIT && asked->size < SQL_FIRST_BYTES)
            return HANDLED_ASK;
        if (progress == SQL_TEXT && asked->size == 0) {
            asked->text = malloc(piece.text.size);
            if (asked->text == NULL)
                return answer_problem(exchange, 503, "memory", NULL,
                                      "there is no memory for this answer: ask for less");
            memcpy(asked->text, piece.text.at, piece.text.size);
            asked->size = exchange->kept = piece.text.size;
            continue;
        }
        stream_begin(exchange);
        if (progress == SQL_TEXT)
            stream_put(exchange, piece.text);
        return stream_go_on(exchange);
    }
}

static void sql_woken(void *arg)
{
    struct exchange *exchange = arg;
    if (exchange->wait == HANDLED_ASK)
        exchange_resume(exchange);
}

/* ---- the question ---------------------------------------------------------------------------- */
static bool read_wrong(struct exchange *exchange, const char *member, const char *wanted)
{
    answer_problem(exchange, 422, "question_invalid", NULL, "%s: %s is wanted", member, wanted);
    return false;
}

static bool read_parameter(const json_t *value, struct sql_parameter *ret_parameter)
{
    struct sql_parameter parameter = {.kind = SQL_PARAMETER_NULL};
    if (json_is_integer(value) || json_is_boolean(value)) {
        parameter.kind = SQL_PARAMETER_INTEGER;
        parameter.integer =
            json_is_integer(value) ? json_integer_value(value) : json_is_true(value);
    } else if (json_is_real(value)) {
        parameter.kind = SQL_PARAMETER_REAL;
        parameter.real = json_real_value(value);
    } else if (json_is_string(value)) {
        parameter.kind = SQL_PARAMETER_TEXT;
        parameter.text = bytes_of(json_string_value(value), json_string_length(value));
    } else if (!json_is_null(value)) {
        return false;
    }
    *ret_parameter = parameter;
    return true;
}

static bool read_parameters(struct exchange *exchange, const json_t *list)
{
    struct asked *asked = exchange->state;
    size_t count = json_array_size(list);
    if (!json_is_array(list) || count > SQL_PARAMETERS_MAX)
        return read_wrong(exchange, "parameters", "an array of at most 1000 values");
    asked->parameters = calloc(count + 1, sizeof *asked->parameters);
    if (asked->parameters == NULL) {
        answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
        return false;
    }
    for (size_t i = 0; i < count; i++)
        if (!read_parameter(json_array_get(list, i), &asked->parameters[i]))
            return read_wrong(exchange, "parameters", "numbers, texts, true, false or null");
    asked->question.parameters = asked->parameters;
    asked->question.parameter_count = count;
    return true;
}

static bool read_limit(struct exchange *exchange, const json_t *value)
{
    struct asked *asked = exchange->state;
    uint64_t most = exchange->web->config.settings->sql_rows;
    if (!json_is_integer(value) || json_integer_value(value) < 1 ||
        (uint64_t)json_integer_value(value) > most) {
        answer_problem(exchange, 422, "question_invalid", NULL,
                       "limit: a whole number from 1 to %llu is wanted (setting sql.rows)",
                       (unsigned long long)most);
        return false;
    }
    asked->question.limit = (uint64_t)json_integer_value(value);
    return true;
}

static bool read_format(struct exchange *exchange, const json_t *value)
{
    struct asked *asked = exchange->state;
    for (size_t i = 0; i < ARRAY_COUNT(formats); i++)
        if (json_is_string(value) && strcmp(json_string_value(value), formats[i]) == 0) {
            asked->question.format = (enum sql_format)i;
            return true;
        }
    return read_wrong(exchange, "format", "json, csv or ndjson");
}

static bool read_member(struct exchange *exchange, const char *name, const json_t *value)
{
    struct asked *asked = exchange->state;
    if (strcmp(name, "parameters") == 0)
        return read_parameters(exchange, value);
    if (strcmp(name, "limit") == 0)
        return read_limit(exchange, value);
    if (strcmp(name, "format") == 0)
        return read_format(exchange, value);
    if (strcmp(name, "sql") != 0) {
        answer_problem(exchange, 422, "question_invalid", NULL,
                       "there is no member \"%.100s\"; there are sql, parameters, limit and format",
                       name);
        return false;
    }
    if (!json_is_string(value))
        return read_wrong(exchange, "sql", "a text, the statement,");
    asked->question.text = bytes_of(json_string_value(value), json_string_length(value));
    return true;
}

static bool sql_read_body(struct exchange *exchange)
{
    struct asked *asked = exchange->state;
    const char *name;
    json_t *value;
    uint64_t most = exchange->web->config.settings->sql_rows;
    asked->question.limit = most < ROWS_USUAL ? most : ROWS_USUAL;
    asked->body = body_json_within(exchange, BODY_BYTES_MOST, BODY_VALUES_MOST);
    if (asked->body == NULL)
        return false;
    if (!json_is_object(asked->body))
        return read_wrong(exchange, "the body", "an object {\"sql\":\"select ..\"}");
    json_object_foreach(asked->body, name, value)
    {
        if (!read_member(exchange, name, value))
            return false;
    }
    if (asked->question.text.at == NULL)
        return read_wrong(exchange, "sql", "a text, the statement,");
    if (asked->question.text.size > SQL_TEXT_MAX) {
        answer_problem(exchange, 413, "body_long", NULL, "a statement has at most %zu bytes",
                       SQL_TEXT_MAX);
        return false;
    }
    return true;
}

enum handled handle_sql(struct exchange *exchange)
{
    struct sql *sql = exchange->web->config.sql;
    if (sql == NULL)
        return answer_problem(exchange, 503, "sql_off", NULL, "there is no SQL here");
    char detail[16];
    struct asked *asked = calloc(1, sizeof *asked);
    if (asked == NULL)
        return answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    exchange->state = asked;
    exchange->drop = sql_drop;
    exchange->resume = sql_resume;
    if (!sql_read_body(exchange) || !who_begin(exchange, &asked->who))
        return HANDLED;
    snprintf(detail, sizeof detail, "sql, %s", formats[asked->question.format]);
    who_tell(exchange, asked->question.text, detail);
    asked->question.sight = asked->who.sight;
    asked->question.asker = asked->who.number;
    asked->question.wake = sql_woken;
    asked->question.arg = exchange;
    enum err err = sql_ask(sql, &asked->question, &asked->statement);
    if (err == ERR_BUSY)
        return answer_problem(exchange, 503, "sql_busy", NULL,
                              "%d statements wait already: try again later", SQL_WAITING_MAX);
    if (err != OK)
        return answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    exchange->kept = asked->question.text.size; /* its copy */
    exchange->client->link->leaves = true;      /* nobody works for who is gone */
    return HANDLED_ASK;
}

/* ---- the schema ------------------------------------------------------------------------------ */
static void column_put(struct json_writer *json, const struct sql_column *column)
{
    json_put_object(json);
    json_member_text(json, "name", column->name);
    json_member_text(json, "type", column->type);
    json_member_text(json, "meaning", column->meaning);
    json_member_bool(json, "hidden", column->hidden);
    json_put_object_end(json);
}

enum handled handle_sql_schema(struct exchange *exchange)
{
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    json_put_name(json, "tables");
    json_put_array(json);
    for (size_t i = 0; i < SQL_TABLE_COUNT; i++) {
        json_put_object(json);
        json_member_text(json, "name", sql_tables[i].name);
        json_member_text(json, "meaning", sql_tables[i].meaning);
        json_put_name(json, "columns");
        json_put_array(json);
        for (size_t column = 0; column < sql_tables[i].column_count; column++)
            column_put(json, &sql_tables[i].columns[column]);
        json_put_array_end(json);
        json_put_object_end(json);
    }
    json_put_array_end(json);
    json_put_name(json, "functions");
    json_put_array(json);
    for (size_t i = 0; i < sql_function_count; i++) {
        json_put_object(json);
        json_member_text(json, "name", sql_functions[i].name);
        json_member_text(json, "meaning", sql_functions[i].meaning);
        json_put_object_end(json);
    }
    json_put_array_end(json);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}
