/* Text of answers. The hot path writes a time and a number per sample; the text of a second is made
 * once. */
#include "query/sheet.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHEET_FIRST ((size_t)4 << 10)
#define SHEET_BLOCK (QUERY_BLOCK_BYTES + ((size_t)32 << 10))

void sheet_init(struct sheet *sheet, enum query_format format, enum query_times times)
{
    *sheet = (struct sheet){.format = format, .times = times, .second = INT64_MIN};
    json_writer_init(&sheet->words, 0);
}

void sheet_done(struct sheet *sheet)
{
    free(sheet->at);
    free(sheet->prefix);
    json_writer_done(&sheet->words);
    sheet->at = sheet->prefix = NULL;
}

struct bytes sheet_take(struct sheet *sheet)
{
    struct bytes taken = bytes_of(sheet->at, sheet->size);
    sheet->at = NULL;
    sheet->size = sheet->capacity = 0;
    return taken;
}

/* ---- bytes ------------------------------------------------------------------------------------
 */
static bool sheet_grow(struct sheet *sheet, size_t size)
{
    size_t capacity = sheet->capacity == 0 ? SHEET_FIRST : SHEET_BLOCK;
    while (capacity < sheet->size + size)
        capacity *= 2;
    uint8_t *at = sheet->failed ? NULL : realloc(sheet->at, capacity);
    if (at == NULL) {
        sheet->failed = true;
        return false;
    }
    sheet->at = at;
    sheet->capacity = capacity;
    return true;
}

/* Room for so many bytes behind what is there; NULL: there is none. */
static inline uint8_t *sheet_room(struct sheet *sheet, size_t size)
{
    if (UNLIKELY(sheet->capacity - sheet->size < size) && !sheet_grow(sheet, size))
        return NULL;
    return sheet->at + sheet->size;
}

void sheet_put(struct sheet *sheet, struct bytes bytes)
{
    uint8_t *at = sheet_room(sheet, bytes.size);
    if (at == NULL || bytes.size == 0)
        return;
    memcpy(at, bytes.at, bytes.size);
    sheet->size += bytes.size;
}

void sheet_put_text(struct sheet *sheet, const char *text)
{
    sheet_put(sheet, bytes_text(text));
}

void sheet_put_json(struct sheet *sheet, struct bytes text)
{
    json_writer_clear(&sheet->words);
    json_put_string(&sheet->words, text);
    if (json_writer_failed(&sheet->words))
        sheet->failed = true;
    else
        sheet_put(sheet, json_writer_text(&sheet->words));
}

/* RFC 4180: what holds a comma, a quote or a line end stands in quotes, and so does what is empty,
 * for nothing at all is null; quotes in it are doubled. */
static void csv_put(struct sheet *sheet, struct bytes text)
{
    bool plain = text.size > 0;
    for (size_t i = 0; i < text.size && plain; i++)
        plain = text.at[i] != ',' && text.at[i] != '"' && text.at[i] != '\n' && text.at[i] != '\r';
    if (plain) {
        sheet_put(sheet, text);
        return;
    }
    uint8_t *at = sheet_room(sheet, text.size * 2 + 2);
    if (at == NULL)
        return;
    size_t size = 0;
    at[size++] = '"';
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == '"')
            at[size++] = '"';
        at[size++] = text.at[i];
    }
    at[size++] = '"';
    sheet->size += size;
}

void sheet_put_string(struct sheet *sheet, struct bytes text)
{
    if (sheet->format == QUERY_CSV)
        csv_put(sheet, text);
    else
        sheet_put_json(sheet, text);
}

/* ---- numbers ----------------------------------------------------------------------------------
 */
/* Neighbours in a range mostly have as many decimals as the one before: tried first, without a
 * search for how many. Of up to fifteen digits there is one decimal for a double. False: look. */
#define NUMBER_ROOM 48
static inline bool decimal_try(const struct sheet *sheet, double real, char **at)
{
    static const double tens[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
    unsigned scale = sheet->scale;
    double scaled = real * tens[scale];
    if (!(fabs(scaled) < 1e15) || real == 0)
        return false;
    int64_t number = (int64_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
    if ((double)number / tens[scale] != real)
        return false;
    char text[2 * NUMBER_ROOM], *end = text + NUMBER_ROOM, *begin = end;
    uint64_t left = number < 0 ? (uint64_t)-number : (uint64_t)number;
    for (; scale > 0 && left % 10 == 0; scale--)
        left /= 10;
    if (scale > 0) {
        for (; scale > 0; scale--, left /= 10)
            *--begin = (char)('0' + left % 10);
        *--begin = '.';
    }
    begin = json_digits_put(begin, left);
    if (number < 0)
        *--begin = '-';
    memcpy(*at, begin, 24); /* of a size known here: what is too much is written over */
    *at += end - begin;
    return true;
}

/* Into at[NUMBER_ROOM]; returns where it ends. */
static char *real_put(struct sheet *sheet, char *at, double real)
{
    if (!isfinite(real)) {
        memcpy(at, "null", 4);
        return sheet->format == QUERY_CSV ? at : at + 4;
    }
    if (decimal_try(sheet, real, &at))
        return at;
    struct value value = value_of_real(real);
    if (value.scale <= 9)
        sheet->scale = value.scale;
    return at + real_text_put(at, real);
}

static char *whole_put(char *at, int64_t whole)
{
    char text[24], *end = text + sizeof text;
    char *begin = json_digits_put(end, whole < 0 ? 0 - (uint64_t)whole : (uint64_t)whole);
    if (whole < 0)
        *--begin = '-';
    memcpy(at, begin, (size_t)(end - begin));
    return at + (end - begin);
}

static char *word_put(struct sheet *sheet, char *at, uint8_t type, uint64_t word)
{
    if (type == VALUE_FLOAT64)
        return real_put(sheet, at, fold_real(type, word));
    if (type != VALUE_BOOL)
        return whole_put(at, (int64_t)word);
    memcpy(at, word != 0 ? "true" : "false", 5);
    return at + (word != 0 ? 4 : 5);
}

void sheet_put_count(struct sheet *sheet, uint64_t count)
{
    char text[24], *end = text + sizeof text, *at = json_digits_put(end, count);
    sheet_put(sheet, bytes_of(at, (size_t)(end - at)));
}

void sheet_put_whole(struct sheet *sheet, int64_t whole)
{
    sheet_put_word(sheet, VALUE_INT64, (uint64_t)whole);
}

void sheet_put_null(struct sheet *sheet)
{
    if (sheet->format != QUERY_CSV)
        sheet_put(sheet, bytes_of("null", 4));
}

void sheet_put_real(struct sheet *sheet, double real)
{
    uint64_t word;
    memcpy(&word, &real, sizeof word);
    sheet_put_word(sheet, VALUE_FLOAT64, word);
}

void sheet_put_word(struct sheet *sheet, uint8_t type, uint64_t word)
{
    char *at = (char *)sheet_room(sheet, NUMBER_ROOM);
    if (at != NULL)
        sheet->size += (size_t)(word_put(sheet, at, type, word) - at);
}

void sheet_put_value(struct sheet *sheet, const struct fold_value *value, const uint8_t *texts)
{
    switch (value->kind) {
    case FOLD_NOTHING:
        sheet_put_null(sheet);
        break;
    case FOLD_REAL:
        sheet_put_real(sheet, value->real);
        break;
    case FOLD_WHOLE:
        sheet_put_whole(sheet, value->whole);
        break;
    case FOLD_BOOL:
        sheet_put_word(sheet, VALUE_BOOL, (uint64_t)value->whole);
        break;
    case FOLD_TEXT:
        sheet_put_string(sheet, bytes_of(texts + value->text_at, value->size));
        break;
    }
}

void sheet_put_quality(struct sheet *sheet, uint8_t quality)
{
    const char *name = quality_name(quality);
    if (name == NULL)
        name = (quality & 0xC0) == QUALITY_GOOD        ? "good"
               : (quality & 0xC0) == QUALITY_UNCERTAIN ? "uncertain"
                                                       : "bad";
    if (sheet->format == QUERY_CSV) {
        sheet_put_text(sheet, name);
        return;
    }
    sheet_put(sheet, bytes_of("\"", 1));
    sheet_put_text(sheet, name);
    sheet_put(sheet, bytes_of("\"", 1));
}

/* ---- times ------------------------------------------------------------------------------------
 */
/* Decimals of a fraction of `digits` digits, without zeros at the end; returns where it ends. */
static inline char *fraction_put(char *at, uint64_t fraction, unsigned digits)
{
    if (fraction == 0)
        return at;
    *at = '.';
    for (unsigned i = digits; i > 0; i--) {
        at[i] = (char)('0' + fraction % 10);
        fraction /= 10;
    }
    while (at[digits] == '0')
        digits--;
    return at + digits + 1;
}

static void pair_put(char *at, int64_t number)
{
    at[0] = (char)('0' + number / 10);
    at[1] = (char)('0' + number % 10);
}

/* The minute stays for many, the day for most; the rest of the second is made by hand. */
static void stamp_make(struct sheet *sheet, int64_t second)
{
    if (sheet->second != INT64_MIN && second / 60 == sheet->second / 60) {
        pair_put(sheet->stamp + 17, second % 60);
    } else if (sheet->second != INT64_MIN && second / 86400 == sheet->second / 86400) {
        int64_t of_day = second % 86400;
        pair_put(sheet->stamp + 11, of_day / 3600);
        pair_put(sheet->stamp + 14, of_day / 60 % 60);
        pair_put(sheet->stamp + 17, of_day % 60);
    } else {
        char text[TIME_TEXT_SIZE];
        time_format(second * NS_PER_S, text);
        memcpy(sheet->stamp, text, 19);
    }
    sheet->second = second;
}

/* A time from 1970 on, as `times` says, into at[TIME_ROOM]; returns where it ends. */
#define TIME_ROOM 48
static inline char *time_text_put(struct sheet *sheet, char *at, int64_t time_ns)
{
    int64_t second = time_ns / NS_PER_S;
    if (second != sheet->second)
        stamp_make(sheet, second);
    if (sheet->format != QUERY_CSV)
        *at++ = '"';
    memcpy(at, sheet->stamp, 19);
    at = fraction_put(at + 19, (uint64_t)(time_ns - second * NS_PER_S), 9);
    *at++ = 'Z';
    if (sheet->format != QUERY_CSV)
        *at++ = '"';
    return at;
}

static inline char *time_number_put(const struct sheet *sheet, char *at, int64_t time_ns)
{
    static const struct {
        uint64_t ns;
        unsigned digits;
    } units[] = {[QUERY_TEXT] = {1, 0},
                 [QUERY_S] = {(uint64_t)NS_PER_S, 9},
                 [QUERY_MS] = {(uint64_t)NS_PER_MS, 6},
                 [QUERY_US] = {(uint64_t)NS_PER_US, 3},
                 [QUERY_NS] = {1, 0}};
    uint64_t unit = units[sheet->times].ns;
    uint64_t size = time_ns < 0 ? 0 - (uint64_t)time_ns : (uint64_t)time_ns;
    char text[24], *end = text + sizeof text, *begin = json_digits_put(end, size / unit);
    if (time_ns < 0)
        *at++ = '-';
    memcpy(at, begin, (size_t)(end - begin));
    return fraction_put(at + (end - begin), size % unit, units[sheet->times].digits);
}

static inline char *time_put(struct sheet *sheet, char *at, int64_t time_ns)
{
    if (sheet->times != QUERY_TEXT)
        return time_number_put(sheet, at, time_ns);
    if (time_ns >= 0)
        return time_text_put(sheet, at, time_ns);
    if (sheet->format != QUERY_CSV) /* a bucket that begins before 1970 */
        *at++ = '"';
    at += strlen(time_format_short(time_ns, at));
    if (sheet->format != QUERY_CSV)
        *at++ = '"';
    return at;
}

void sheet_put_time(struct sheet *sheet, int64_t time_ns)
{
    char *at = (char *)sheet_room(sheet, TIME_ROOM);
    if (at != NULL)
        sheet->size += (size_t)(time_put(sheet, at, time_ns) - at);
}

/* ---- rows -------------------------------------------------------------------------------------
 */
void sheet_prefix(struct sheet *sheet, const char *name, struct bytes text)
{
    sheet->rows_begun = false;
    sheet->prefix_size = 0;
    if (sheet->format == QUERY_JSON)
        return;
    size_t mark = sheet->size;
    if (sheet->format == QUERY_NDJSON) {
        sheet_put_text(sheet, "{\"");
        sheet_put_text(sheet, name);
        sheet_put_text(sheet, "\":");
        sheet_put_json(sheet, text);
        sheet_put_text(sheet, ",\"time\":");
    } else {
        csv_put(sheet, text);
        sheet_put_text(sheet, ",");
    }
    if (sheet->failed)
        return;
    size_t size = sheet->size - mark;
    if (size > sheet->prefix_capacity) {
        uint8_t *prefix = realloc(sheet->prefix, size * 2);
        if (prefix == NULL) {
            sheet->failed = true;
            return;
        }
        sheet->prefix = prefix;
        sheet->prefix_capacity = size * 2;
    }
    memcpy(sheet->prefix, sheet->at + mark, size);
    sheet->prefix_size = size;
    sheet->size = mark;
}

void sheet_row(struct sheet *sheet, int64_t time_ns)
{
    if (sheet->format == QUERY_JSON)
        sheet_put(sheet, sheet->rows_begun ? bytes_of(",[", 2) : bytes_of("[", 1));
    else
        sheet_put(sheet, bytes_of(sheet->prefix, sheet->prefix_size));
    sheet->rows_begun = true;
    sheet_put_time(sheet, time_ns);
}

void sheet_row_end(struct sheet *sheet)
{
    switch (sheet->format) {
    case QUERY_JSON:
        sheet_put(sheet, bytes_of("]", 1));
        break;
    case QUERY_CSV:
        sheet_put(sheet, bytes_of("\r\n", 2));
        break;
    case QUERY_NDJSON:
        sheet_put(sheet, bytes_of("}\n", 2));
        break;
    }
}

uint32_t sheet_put_good(struct sheet *sheet, uint8_t type, const int64_t *times,
                        const uint64_t *words, uint32_t count, size_t most)
{
    static const struct {
        char between[16], end[24];
    } formats[] = {[QUERY_JSON] = {",", "]"},
                   [QUERY_CSV] = {",", ",good\r\n"},
                   [QUERY_NDJSON] = {",\"value\":", ",\"quality\":\"good\"}\n"}};
    const char *between = formats[sheet->format].between, *end = formats[sheet->format].end;
    size_t between_size = strlen(between), end_size = strlen(end);
    size_t room = sheet->prefix_size + TIME_ROOM + NUMBER_ROOM + 64;
    uint32_t done = 0;
    for (; done < count && sheet->size < most; done++) {
        char *begin = (char *)sheet_room(sheet, room), *at = begin;
        if (at == NULL)
            break;
        if (sheet->format == QUERY_JSON) {
            *at = ',';
            at += sheet->rows_begun;
            *at++ = '[';
        } else {
            memcpy(at, sheet->prefix, sheet->prefix_size);
            at += sheet->prefix_size;
        }
        sheet->rows_begun = true;
        at = time_put(sheet, at, times[done]);
        memcpy(at, between, sizeof formats[0].between);
        at = word_put(sheet, at + between_size, type, words[done]);
        memcpy(at, end, sizeof formats[0].end);
        sheet->size += (size_t)(at + end_size - begin);
    }
    return done;
}
