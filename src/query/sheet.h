/* sheet: an answer as text that grows: JSON, CSV (RFC 4180) or NDJSON. Who writes gives points,
 * rows and cells; how they look is known here alone.
 *
 *   JSON {"from":..,"points":[{"path":..,"samples":[[time,value],[time,value]]},{..}],"cost":{}}
 *   CSV      path,time,value,quality       a line a row, CR LF; an empty cell is null, "" an empty
 * text NDJSON   {"path":..,"time":..,"value":..}                a line a row; the last one has the
 * cost
 *
 * It takes memory as it grows, 96 KiB at once for an ordinary block; without it `failed` is set and
 * nothing more is written. One thread a sheet. */
#pragma once

#include "query/fold.h"
#include "query/query.h"
#include "wire/json/json.h"

struct sheet {
    enum query_format format;
    enum query_times times;
    uint8_t *at;
    size_t size, capacity;
    bool failed;
    bool points_begun, rows_begun;
    unsigned scale;           /* decimals that the number before had */
    int64_t second;           /* whose text is in stamp */
    char stamp[24];           /* 2026-03-01T08:00:00 */
    struct json_writer words; /* of strings with escapes, and of what is small */
    uint8_t *prefix;          /* what each row of the point begins with: CSV and NDJSON */
    size_t prefix_size, prefix_capacity;
};
void sheet_init(struct sheet *sheet, enum query_format format, enum query_times times);
void sheet_done(struct sheet *sheet);
/* Hands over what was written; the sheet begins another block. */
struct bytes sheet_take(struct sheet *sheet);

void sheet_put(struct sheet *sheet, struct bytes bytes);
void sheet_put_text(struct sheet *sheet, const char *text);
void sheet_put_json(struct sheet *sheet, struct bytes text);   /* as a JSON string */
void sheet_put_string(struct sheet *sheet, struct bytes text); /* as the format has it */
void sheet_put_count(struct sheet *sheet, uint64_t count);
void sheet_put_whole(struct sheet *sheet, int64_t whole);
void sheet_put_real(struct sheet *sheet, double real); /* finite, else null */
void sheet_put_null(struct sheet *sheet);
void sheet_put_time(struct sheet *sheet, int64_t time_ns); /* as `times` says */

/* What a row belongs to: its path, or its group. */
void sheet_prefix(struct sheet *sheet, const char *name, struct bytes text);
void sheet_row(struct sheet *sheet, int64_t time_ns); /* begins one: what it belongs to, its time */
/* The next cell; the value follows. name: of NDJSON. */
static inline void sheet_cell(struct sheet *sheet, const char *name)
{
    sheet_put(sheet, bytes_of(",", 1));
    if (sheet->format == QUERY_NDJSON) {
        sheet_put(sheet, bytes_of("\"", 1));
        sheet_put_text(sheet, name);
        sheet_put(sheet, bytes_of("\":", 2));
    }
}
void sheet_row_end(struct sheet *sheet);
void sheet_put_word(struct sheet *sheet, uint8_t type, uint64_t word); /* no string's */
/* Whole rows of good values, no strings: time, value and, where the format says it of good ones as
 * well, the quality. Ends when the sheet has `most` bytes; returns how many were written. */
uint32_t sheet_put_good(struct sheet *sheet, uint8_t type, const int64_t *times,
                        const uint64_t *words, uint32_t count, size_t most);
/* texts: where FOLD_TEXT's text_at counts from. */
void sheet_put_value(struct sheet *sheet, const struct fold_value *value, const uint8_t *texts);
/* Its word in QUALITY_TABLE; of an unknown code that of its severity. */
void sheet_put_quality(struct sheet *sheet, uint8_t quality);
