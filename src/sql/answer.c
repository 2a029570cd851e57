/* Rows of an answer as text. They come from a process that is not trusted: counts are held against
 * what is there, and text that is no UTF-8 becomes some. */
#include "sql/room.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_COLUMNS_MAX 2000
#define ANSWER_BYTES_MAX ((size_t)64 << 20) /* of one frame's rows as text */
#define NAME_BYTES_MAX 1024

void answer_init(struct answer *answer, enum sql_format format)
{
    memset(answer, 0, sizeof *answer);
    answer->format = format;
    json_writer_init(&answer->json, ANSWER_BYTES_MAX);
}

void answer_done(struct answer *answer)
{
    for (uint32_t i = 0; i < answer->column_count; i++)
        free(answer->names[i]);
    free(answer->names);
    json_writer_done(&answer->json);
    frame_writer_done(&answer->csv);
}

struct bytes answer_written(const struct answer *answer)
{
    return answer->format == SQL_CSV ? bytes_of(answer->csv.at, answer->csv.size)
                                     : json_writer_text(&answer->json);
}

void answer_clear(struct answer *answer)
{
    answer->csv.size = 0;
    answer->json.size = 0; /* commas go on between the pieces */
}

bool answer_is_well(const struct answer *answer)
{
    return !answer->csv.failed && !json_writer_failed(&answer->json);
}

void sentence_clean(struct bytes text, char *clean, size_t capacity)
{
    size_t size = 0;
    for (size_t at = 0; at < text.size;) {
        size_t step = bytes_utf8_step(text, at);
        if (size + (step > 0 ? step : 1) >= capacity)
            break;
        if (step == 0 || text.at[at] < 0x20 || text.at[at] == 0x7F) {
            clean[size++] = step == 0 ? '?' : ' ';
            at++;
            continue;
        }
        memcpy(clean + size, text.at + at, step);
        size += step;
        at += step;
    }
    clean[size] = '\0';
}

/* ---- CSV: RFC 4180, ends of lines as CR LF ---------------------------------------------------
 */
static void csv_put_text(struct frame_writer *csv, struct bytes text)
{
    bool quoted = text.size == 0; /* an empty text is not nothing */
    for (size_t i = 0; i < text.size && !quoted; i++)
        quoted = text.at[i] == '"' || text.at[i] == ',' || text.at[i] == '\n' || text.at[i] == '\r';
    if (quoted)
        frame_put_u8(csv, '"');
    for (size_t at = 0; at < text.size;) {
        size_t step = bytes_utf8_step(text, at);
        if (step == 0) {
            frame_put_bytes(csv, "\xEF\xBF\xBD", 3);
            at++;
            continue;
        }
        if (text.at[at] == '"')
            frame_put_u8(csv, '"');
        frame_put_bytes(csv, text.at + at, step);
        at += step;
    }
    if (quoted)
        frame_put_u8(csv, '"');
}

/* Blobs: hexadecimal digits. */
static char *hex_text(struct bytes blob)
{
    static const char digits[] = "0123456789abcdef";
    char *text = malloc(blob.size * 2 + 1);
    if (text == NULL)
        return NULL;
    for (size_t i = 0; i < blob.size; i++) {
        text[2 * i] = digits[blob.at[i] >> 4];
        text[2 * i + 1] = digits[blob.at[i] & 15];
    }
    text[blob.size * 2] = '\0';
    return text;
}

static void csv_put_value(struct answer *answer, const struct sql_value *value)
{
    char number[REAL_TEXT_SIZE], *hex;
    switch (value->kind) {
    case FRAME_INTEGER:
        snprintf(number, sizeof number, "%lld", (long long)value->integer);
        frame_put_bytes(&answer->csv, number, strlen(number));
        break;
    case FRAME_REAL:
        if (isfinite(value->real))
            frame_put_bytes(&answer->csv, number, real_text_put(number, value->real));
        break;
    case FRAME_TEXT:
        csv_put_text(&answer->csv, value->text);
        break;
    case FRAME_BLOB:
        hex = hex_text(value->text);
        answer->csv.failed |= hex == NULL;
        frame_put_bytes(&answer->csv, hex, hex != NULL ? value->text.size * 2 : 0);
        free(hex);
        break;
    default:
        break;
    }
}

/* ---- JSON --------------------------------------------------------------------------------------
 */
static void json_put_sql(struct answer *answer, const struct sql_value *value)
{
    struct json_writer *json = &answer->json;
    char *hex;
    switch (value->kind) {
    case FRAME_INTEGER:
        json_put_integer(json, value->integer);
        break;
    case FRAME_REAL:
        json_put_real(json, value->real);
        break;
    case FRAME_TEXT:
        json_put_string(json, value->text);
        break;
    case FRAME_BLOB:
        hex = hex_text(value->text);
        json->failed |= hex == NULL;
        json_put_text(json, hex != NULL ? hex : "");
        free(hex);
        break;
    default:
        json_put_null(json);
    }
}

/* Members of an object have names of their own: the second `path` becomes `path:1`. */
static bool name_is_taken(const struct answer *answer, uint32_t before, const char *name)
{
    for (uint32_t i = 0; i < before; i++)
        if (strcmp(answer->names[i], name) == 0)
            return true;
    return false;
}

static bool name_keep(struct answer *answer, uint32_t at, struct bytes given)
{
    char plain[NAME_BYTES_MAX], name[NAME_BYTES_MAX + 16];
    sentence_clean(given, plain, sizeof plain);
    snprintf(name, sizeof name, "%s", plain);
    for (unsigned n = 1; answer->format == SQL_NDJSON && name_is_taken(answer, at, name); n++)
        snprintf(name, sizeof name, "%s:%u", plain, n);
    answer->names[at] = strdup(name);
    return answer->names[at] != NULL;
}

/* SQLite writes the types that it knows in capitals, the schema does not. */
static void put_type(struct json_writer *json, struct bytes type)
{
    char small[32];
    if (type.size == 0 || type.size >= sizeof small) {
        json_put_null(json);
        return;
    }
    for (size_t i = 0; i < type.size; i++)
        small[i] = (char)(type.at[i] >= 'A' && type.at[i] <= 'Z' ? type.at[i] + 32 : type.at[i]);
    json_put_string(json, bytes_of(small, type.size));
}

bool answer_columns(struct answer *answer, struct bytes body)
{
    struct frame_reader reader = frame_read(body);
    uint32_t count = frame_get_u32(&reader);
    if (answer->column_count > 0 || count == 0 || count > ANSWER_COLUMNS_MAX)
        return false;
    answer->names = calloc(count, sizeof *answer->names);
    if (answer->names == NULL)
        return false;
    if (answer->format == SQL_JSON) {
        json_put_object(&answer->json);
        json_put_name(&answer->json, "columns");
        json_put_array(&answer->json);
    }
    for (uint32_t i = 0; i < count && !reader.wrong; i++) {
        struct bytes name = frame_get_text(&reader), type = frame_get_text(&reader);
        if (reader.wrong || !name_keep(answer, i, name))
            return false;
        answer->column_count = i + 1;
        if (answer->format == SQL_CSV) {
            if (i > 0)
                frame_put_u8(&answer->csv, ',');
            csv_put_text(&answer->csv, bytes_text(answer->names[i]));
        } else if (answer->format == SQL_JSON) {
            json_put_object(&answer->json);
            json_member_text(&answer->json, "name", answer->names[i]);
            json_put_name(&answer->json, "type");
            put_type(&answer->json, type);
            json_put_object_end(&answer->json);
        }
    }
    if (answer->format == SQL_CSV)
        frame_put_bytes(&answer->csv, "\r\n", 2);
    if (answer->format == SQL_JSON) {
        json_put_array_end(&answer->json);
        json_put_name(&answer->json, "rows");
        json_put_array(&answer->json);
    }
    return frame_is_whole(&reader) && answer_is_well(answer);
}

static void row_begin(struct answer *answer)
{
    if (answer->format == SQL_JSON)
        json_put_array(&answer->json);
    else if (answer->format == SQL_NDJSON)
        json_put_object(&answer->json);
}

static void row_end(struct answer *answer)
{
    if (answer->format == SQL_CSV) {
        frame_put_bytes(&answer->csv, "\r\n", 2);
    } else if (answer->format == SQL_JSON) {
        json_put_array_end(&answer->json);
    } else {
        json_put_object_end(&answer->json);
        json_put_line_end(&answer->json);
    }
}

bool answer_rows(struct answer *answer, struct bytes body, uint64_t limit)
{
    struct frame_reader reader = frame_read(body);
    uint32_t count = frame_get_u32(&reader);
    if (answer->column_count == 0 || count > limit - answer->rows)
        return false;
    for (uint32_t row = 0; row < count && !reader.wrong; row++) {
        row_begin(answer);
        for (uint32_t i = 0; i < answer->column_count; i++) {
            struct sql_value value = frame_get_value(&reader);
            if (answer->format == SQL_NDJSON)
                json_put_name_bytes(&answer->json, bytes_text(answer->names[i]));
            if (answer->format == SQL_CSV && i > 0)
                frame_put_u8(&answer->csv, ',');
            if (answer->format == SQL_CSV)
                csv_put_value(answer, &value);
            else
                json_put_sql(answer, &value);
        }
        row_end(answer);
    }
    answer->rows += count;
    return frame_is_whole(&reader) && answer_is_well(answer);
}

/* ---- the end -----------------------------------------------------------------------------------
 */
static void end_put(struct json_writer *json, const struct answer *answer,
                    const struct answer_end *end)
{
    json_member_bool(json, "truncated", end->truncated);
    json_put_name(json, "cost");
    json_put_object(json);
    json_member_count(json, "rows", answer->rows);
    json_member_count(json, "points", end->points);
    json_member_count(json, "samples", end->cost.samples);
    json_member_count(json, "chunks", end->cost.chunks);
    json_member_count(json, "summaries", end->cost.summaries);
    json_member_count(json, "bytes", end->cost.bytes);
    json_member_real(json, "ms", round((double)end->ns / 1e3) / 1e3);
    json_put_object_end(json);
    json_put_name(json, "missing");
    json_put_array(json);
    for (size_t i = 0; i < end->missing_count; i++) {
        const struct history_missing *missing = &end->missing[i];
        json_put_object(json);
        json_member_text(json, "file", missing->file);
        json_member_time(json, "from", missing->first_ns);
        json_member_time(json, "to", missing->last_ns);
        json_member_text(json, "why", missing->why);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

void answer_end(struct answer *answer, const struct answer_end *end)
{
    struct json_writer *json = &answer->json;
    if (answer->format == SQL_CSV)
        return; /* it has no place for it */
    if (answer->format == SQL_JSON)
        json_put_array_end(json);
    else
        json_put_object(json);
    end_put(json, answer, end);
    json_put_object_end(json);
    if (answer->format == SQL_NDJSON)
        json_put_line_end(json);
}
