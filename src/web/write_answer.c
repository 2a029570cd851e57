/* What became of a body of lines, told as InfluxDB tells it, so that its clients understand: 204;
 * 400 for lines that are to be dropped, named in the text; 429 and 503 for what is to be sent
 * again.
 *
 *   1.x   {"error":"partial write: unable to parse 'cpu v=': line 3, column 7: ... dropped=1"}
 *   2.x   {"code":"invalid","message":"partial write: line 3, column 7: ...","line":3} */
#include "web/exchange.h"
#include "web/seen.h"
#include "web/write.h"

#include <stdio.h>
#include <string.h>

#define SHOWN_BYTES 128        /* of a refused line */
#define VERSION_SPOKEN "1.8.0" /* of InfluxDB, by which clients choose what they ask */

void write_headers(struct exchange *exchange)
{
    exchange_header(exchange, "X-Influxdb-Build", bytes_text("Mainstem"));
    exchange_header(exchange, "X-Influxdb-Version", bytes_text(VERSION_SPOKEN));
}

/* ---- refused lines
 * ----------------------------------------------------------------------------- */
static bool code_is_of_admission(const char *code)
{
    for (unsigned i = 0; i < ADMIT_COUNT; i++)
        if (strcmp(code, admit_name((enum admit)i)) == 0)
            return true;
    return false;
}

static void list_where(struct text *text, const struct line_refused *refused)
{
    if (refused->column > 0)
        text_put_format(text, "line %llu, column %u: ", (unsigned long long)refused->line,
                        refused->column);
    else
        text_put_format(text, "line %llu: ", (unsigned long long)refused->line);
}

void write_list(struct write_state *write, const struct line_refused *refused)
{
    struct text *text = &write->listed;
    uint64_t count = lines_counts(write->lines)->refused;
    bool admission = code_is_of_admission(refused->code);
    write->parsed_not += !admission;
    write->denied += strcmp(refused->code, admit_name(ADMIT_DENIED)) == 0;
    if (count == 1)
        write->first_line = refused->line;
    if (count > WRITE_LISTED_MAX)
        return;
    struct bytes shown = refused->text;
    if (shown.size > SHOWN_BYTES)
        shown.size = SHOWN_BYTES;
    if (count > 1)
        text_put_words(text, "\n");
    if (!admission && !write->v2) { /* agents look for these words */
        text_put_words(text, "unable to parse '");
        text_put(text, shown);
        text_put_words(text, "': ");
    }
    if (strcmp(refused->code, admit_name(ADMIT_TYPE)) == 0)
        text_put_words(text, "field type conflict: ");
    list_where(text, refused);
    text_put_words(text, refused->detail);
    if (admission || write->v2) {
        text_put_words(text, ": '");
        text_put(text, shown);
        text_put_words(text, "'");
    }
}

/* ---- answers
 * ----------------------------------------------------------------------------------- */
static enum handled answer_text(struct exchange *exchange, unsigned status, const char *code,
                                struct bytes message, uint64_t line)
{
    struct json_writer *json = &exchange->json;
    bool v2 = exchange->route->handle == handle_write_v2;
    json_put_object(json);
    if (v2)
        json_member_text(json, "code", code);
    json_member_string(json, v2 ? "message" : "error", message);
    if (v2 && line > 0)
        json_member_count(json, "line", line);
    json_put_object_end(json);
    if (json_writer_failed(json))
        return answer_json(exchange, status); /* says that there is no memory */
    write_headers(exchange);
    if (status == 503 || status == 429) {
        const struct write_state *write = exchange->state;
        exchange_retry(exchange, wait_seconds(write != NULL ? write->quota_wait_ns : 0));
    }
    return answer_content(exchange, status, "application/json", json_writer_text(json));
}

enum handled write_answer_fault(struct exchange *exchange, unsigned status, const char *code,
                                const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t most = sizeof text - 1;
    return answer_text(exchange, status, code,
                       bytes_of(text, (size_t)size < most ? (size_t)size : most), 0);
}

static enum handled answer_stopped(struct exchange *exchange)
{
    const struct write_state *write = exchange->state;
    if (write->no_memory)
        return write_answer_fault(exchange, 503, "unavailable",
                                  "there is no memory for this body now (setting http.memory): "
                                  "send it again");
    if (write->quota_wait_ns > 0)
        return write_answer_fault(exchange, 429, "too many requests",
                                  "the tenant sends more values a second than its quota allows: "
                                  "send it again, slower");
    if (write->stop == ADMIT_POINTS_RATE)
        return write_answer_fault(exchange, 429, "too many requests",
                                  "new points come faster than the setting points.new_per_second: "
                                  "send it again, slower");
    if (write->stop == ADMIT_STORAGE_MAX)
        return write_answer_fault(exchange, 507, "insufficient storage", "%s",
                                  admit_text(write->stop));
    return write_answer_fault(exchange, 503, "unavailable", "%s", admit_text(write->stop));
}

static enum handled answer_refused(struct exchange *exchange)
{
    struct write_state *write = exchange->state;
    const struct lines_counts *counts = lines_counts(write->lines);
    struct text text = {.at = NULL};
    bool partial = counts->lines > 0 || write->parsed_not < counts->refused;
    if (partial)
        text_put_words(&text, "partial write: ");
    text_put(&text, text_bytes(&write->listed));
    if (counts->refused > WRITE_LISTED_MAX)
        text_put_format(&text, "\nand %llu lines more",
                        (unsigned long long)(counts->refused - WRITE_LISTED_MAX));
    if (partial)
        text_put_format(&text, " dropped=%llu", (unsigned long long)counts->refused);
    enum handled handled;
    if (text.failed || write->listed.failed)
        handled = write_answer_fault(
            exchange, 400, "invalid", "partial write: %llu lines were refused dropped=%llu",
            (unsigned long long)counts->refused, (unsigned long long)counts->refused);
    else
        handled = answer_text(exchange, 400, "invalid", text_bytes(&text), write->first_line);
    text_done(&text);
    return handled;
}

enum handled write_answer(struct exchange *exchange)
{
    const struct write_state *write = exchange->state;
    const struct lines_counts *counts = lines_counts(write->lines);
    if (write->stop != ADMIT_DONE || write->no_memory || write->quota_wait_ns > 0)
        return answer_stopped(exchange);
    if (write->lost_generation != engine_lost_generation(exchange->web->config.engine))
        return write_answer_fault(exchange, 503, "unavailable",
                                  "a write to the disk failed: send all of it again");
    if (counts->lines == 0 && counts->refused > 0 && write->denied == counts->refused)
        return write_answer_fault(exchange, 403, "forbidden",
                                  "the right to write is missing; who administers the tenant can "
                                  "grant it");
    if (counts->refused > 0)
        return answer_refused(exchange);
    if (counts->lines == 0 && write->v2)
        return write_answer_fault(exchange, 400, "invalid", "writing requires points");
    write_headers(exchange);
    exchange_send(exchange, 204, NULL, bytes_of(NULL, 0));
    return HANDLED;
}
