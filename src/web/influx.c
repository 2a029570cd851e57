/* What InfluxDB's clients ask beside writing: whether it is there, and for a database to write
 * into. There are no databases here: all lines go to the same points, so that each name exists. */
#include "web/exchange.h"
#include "web/write.h"

#include <string.h>

enum handled handle_ping(struct exchange *exchange)
{
    bool verbose = false;
    if (!query_flag(exchange, "verbose", &verbose))
        return HANDLED;
    write_headers(exchange);
    if (verbose) {
        json_put_object(&exchange->json);
        json_member_text(&exchange->json, "version", "Mainstem " MAINSTEM_VERSION);
        json_put_object_end(&exchange->json);
        return answer_json(exchange, 200);
    }
    exchange_send(exchange, 204, NULL, bytes_of(NULL, 0));
    return HANDLED;
}

/* GET /health of InfluxDB 2. */
enum handled handle_influx_health(struct exchange *exchange)
{
    struct journal_state journal;
    struct json_writer *json = &exchange->json;
    journal_describe(engine_journal(exchange->web->config.engine), &journal);
    const char *message = exchange->web->stopping ? "the server stops"
                          : journal.stopped       ? admit_text(ADMIT_STOPPED)
                          : journal.disk_full     ? admit_text(ADMIT_DISK_FULL)
                                                  : "ready for queries and writes";
    bool passes = !exchange->web->stopping && !journal.stopped && !journal.disk_full;
    json_put_object(json);
    json_member_text(json, "name", "mainstem");
    json_member_text(json, "message", message);
    json_member_text(json, "status", passes ? "pass" : "fail");
    json_put_name(json, "checks");
    json_put_array(json);
    json_put_array_end(json);
    json_member_text(json, "version", MAINSTEM_VERSION);
    json_member_text(json, "commit", "");
    json_put_object_end(json);
    write_headers(exchange);
    if (!passes)
        exchange_retry(exchange, 1);
    return answer_json(exchange, passes ? 200 : 503);
}

/* ---- InfluxQL, as far as it is asked before writing
 * --------------------------------------------------------------------- */
/* The next word, in upper case into word[size]; of a name in quotes only that it is one. */
static struct bytes query_word(struct bytes *rest, char *word, size_t size)
{
    size_t at = 0, begin;
    while (at < rest->size && (rest->at[at] == ' ' || rest->at[at] == '\n'))
        at++;
    begin = at;
    if (at < rest->size && (rest->at[at] == '"' || rest->at[at] == '\'')) {
        const uint8_t *end = memchr(rest->at + at + 1, rest->at[at], rest->size - at - 1);
        at = end != NULL ? (size_t)(end - rest->at) + 1 : rest->size;
    }
    while (at < rest->size && rest->at[at] != ' ' && rest->at[at] != ';' && rest->at[at] != '\n')
        at++;
    struct bytes found = bytes_of(rest->at + begin, at - begin);
    size_t shown = found.size < size - 1 ? found.size : size - 1;
    for (size_t i = 0; i < shown; i++)
        word[i] = (char)(found.at[i] >= 'a' && found.at[i] <= 'z' ? found.at[i] - 32 : found.at[i]);
    word[shown] = '\0';
    *rest = bytes_of(rest->at + at, rest->size - at);
    return found;
}

enum query_kind { QUERY_OTHER, QUERY_CREATE, QUERY_SHOW };
static enum query_kind query_read(struct bytes query)
{
    char verb[16], noun[16], name[16];
    (void)query_word(&query, verb, sizeof verb);
    (void)query_word(&query, noun, sizeof noun);
    struct bytes found = query_word(&query, name, sizeof name);
    if (strcmp(verb, "CREATE") == 0 && strcmp(noun, "DATABASE") == 0 && found.size > 0)
        return QUERY_CREATE;
    if (strcmp(verb, "SHOW") == 0 && strncmp(noun, "DATABASES", 9) == 0 && found.size == 0)
        return QUERY_SHOW;
    return QUERY_OTHER;
}

static void series_put(struct json_writer *json)
{
    json_put_name(json, "series");
    json_put_array(json);
    json_put_object(json);
    json_member_text(json, "name", "databases");
    json_put_name(json, "columns");
    json_put_array(json);
    json_put_text(json, "name");
    json_put_array_end(json);
    json_put_name(json, "values");
    json_put_array(json);
    json_put_array(json);
    json_put_text(json, "mainstem");
    json_put_array_end(json);
    json_put_array_end(json);
    json_put_object_end(json);
    json_put_array_end(json);
}

static enum handled query_results(struct exchange *exchange, enum query_kind kind)
{
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    json_put_name(json, "results");
    json_put_array(json);
    json_put_object(json);
    json_member_count(json, "statement_id", 0);
    if (kind == QUERY_SHOW)
        series_put(json);
    json_put_object_end(json);
    json_put_array_end(json);
    json_put_object_end(json);
    write_headers(exchange);
    return answer_json(exchange, 200);
}

/* The statement: of the address, or of a form in the body. */
static struct bytes query_statement(struct exchange *exchange)
{
    struct bytes found = bytes_of("", 0);
    if (!query_text(exchange, "q", &found) && exchange->body.size < sizeof exchange->scratch)
        (void)http_query_find(exchange->body, "q", exchange->scratch, sizeof exchange->scratch,
                              &found);
    return found;
}

enum handled handle_influx_query(struct exchange *exchange)
{
    struct bytes query = query_statement(exchange);
    enum query_kind kind = query_read(query);
    if (kind != QUERY_OTHER)
        return query_results(exchange, kind);
    if (query.size == 0)
        return write_answer_fault(exchange, 400, "invalid", "missing required parameter \"q\"");
    return write_answer_fault(
        exchange, 400, "invalid",
        "InfluxQL is not spoken here, but for CREATE DATABASE and SHOW DATABASES: ask POST /v1/sql "
        "or the other queries that /docs lists; found: %.*s",
        query.size < 100 ? (int)query.size : 100, (const char *)query.at);
}
