/* The reader gathers one record in a buffer of its own, byte by byte as it stands in the input, and
 * takes it apart when its end was found. Gathering needs one bit of memory, whether a quote is
 * open, and so a record may be cut anywhere between two pieces. */
#include "wire/csv/csv.h"

#include <stdlib.h>
#include <string.h>

static const char *const fault_texts[] = {
#define CSV_FAULT_TEXT(name, text) text,
    CSV_FAULT_TABLE(CSV_FAULT_TEXT)
#undef CSV_FAULT_TEXT
};

enum place {              /* where in a record the next byte stands */
             PLACE_FIELD, /* before a field's first byte */
             PLACE_PLAIN,
             PLACE_QUOTED,
             PLACE_CLOSED, /* behind a quote inside of quotes: the end of the field, or half of a
                              quote */
};

struct csv_reader {
    uint8_t separator;
    bool trim;
    bool ended;
    bool begun;    /* a byte order mark was passed over, or can come no more */
    bool too_long; /* the record under way: passed over up to the next line end */
    enum place place;
    struct bytes piece;
    size_t at;      /* in piece */
    uint64_t bytes; /* read */
    uint64_t line;  /* the one that the next byte stands on */
    uint64_t record_line;
    size_t size; /* gathered */
    struct bytes fields[CSV_FIELDS_MAX];
    bool quoted[CSV_FIELDS_MAX];
    uint8_t record[CSV_RECORD_MAX];
};

const char *csv_fault_text(enum csv_fault fault)
{
    return fault_texts[fault];
}

enum err csv_reader_create(uint8_t separator, bool trim, struct csv_reader **ret_reader)
{
    check(separator != '"' && separator != '\n' && separator != '\r');
    struct csv_reader *reader = malloc(sizeof *reader);
    if (reader == NULL)
        return ERR_NO_MEMORY;
    memset(reader, 0, offsetof(struct csv_reader, fields));
    reader->separator = separator;
    reader->trim = trim;
    reader->line = reader->record_line = 1;
    *ret_reader = reader;
    return OK;
}

void csv_reader_destroy(struct csv_reader *reader)
{
    free(reader);
}

void csv_reader_place(struct csv_reader *reader, uint64_t lines, uint64_t bytes)
{
    reader->line = reader->record_line = lines + 1;
    reader->bytes = bytes;
    reader->begun = bytes > 0;
}

void csv_feed(struct csv_reader *reader, struct bytes piece)
{
    check(!reader->ended && reader->at == reader->piece.size);
    reader->piece = piece;
    reader->at = 0;
}

void csv_end(struct csv_reader *reader)
{
    check(reader->at == reader->piece.size);
    reader->piece = bytes_of("", 0);
    reader->at = 0;
    reader->ended = true;
}

/* ---- gathering --------------------------------------------------------------------------------
 */
/* What the byte makes of the place; a line end outside of quotes is the caller's. */
static enum place place_after(const struct csv_reader *reader, uint8_t byte)
{
    switch (reader->place) {
    case PLACE_FIELD:
        if (byte == '"')
            return PLACE_QUOTED;
        if (reader->trim && byte == ' ')
            return PLACE_FIELD;
        break;
    case PLACE_QUOTED:
        return byte == '"' ? PLACE_CLOSED : PLACE_QUOTED;
    case PLACE_CLOSED:
        if (byte == '"')
            return PLACE_QUOTED;
        break;
    default:
        break;
    }
    if (byte == reader->separator)
        return PLACE_FIELD;
    return reader->place == PLACE_CLOSED ? PLACE_CLOSED : PLACE_PLAIN;
}

/* Bytes of the piece from `at` that can be taken at once: no line end, no quote, no separator. */
static size_t plain_run(const struct csv_reader *reader)
{
    const uint8_t *at = reader->piece.at + reader->at;
    size_t size = reader->piece.size - reader->at, run = 0;
    if (reader->place == PLACE_QUOTED) {
        while (run < size && at[run] != '"' && at[run] != '\n')
            run++;
    } else if (reader->place == PLACE_PLAIN) {
        while (run < size && at[run] != reader->separator && at[run] != '\n')
            run++;
    }
    return run;
}

static void gather(struct csv_reader *reader, size_t count)
{
    size_t room = CSV_RECORD_MAX - reader->size;
    if (count > room)
        reader->too_long = true;
    if (!reader->too_long)
        memcpy(reader->record + reader->size, reader->piece.at + reader->at, count);
    reader->size = reader->too_long ? CSV_RECORD_MAX : reader->size + count;
    reader->at += count;
    reader->bytes += count;
}

/* Passes over the byte order mark in front of all; false when this byte is none of it. */
static bool mark_take(struct csv_reader *reader, uint8_t byte)
{
    static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};
    bool is_mark = byte == mark[reader->size];
    if (is_mark)
        gather(reader, 1);
    reader->begun = !is_mark || reader->size == sizeof mark;
    if (!is_mark)
        reader->place = reader->size > 0 ? PLACE_PLAIN : PLACE_FIELD;
    else if (reader->begun)
        reader->size = 0;
    return is_mark;
}

/* Takes bytes up to the record's end and passes over the line feed; false when the piece is over
 * first. */
static bool gather_record(struct csv_reader *reader)
{
    while (reader->at < reader->piece.size) {
        uint8_t byte = reader->piece.at[reader->at];
        if (!reader->begun && mark_take(reader, byte))
            continue;
        reader->line += byte == '\n';
        if (byte == '\n' && (reader->place != PLACE_QUOTED || reader->too_long)) {
            reader->at++;
            reader->bytes++;
            return true;
        }
        size_t run = plain_run(reader);
        if (run == 0) {
            reader->place = place_after(reader, byte);
            run = 1;
        }
        gather(reader, run);
    }
    return false;
}

/* ---- taking apart -----------------------------------------------------------------------------
 */
static struct bytes trimmed(struct bytes field)
{
    while (field.size > 0 && field.at[0] == ' ')
        field = bytes_of(field.at + 1, field.size - 1);
    while (field.size > 0 && field.at[field.size - 1] == ' ')
        field.size--;
    return field;
}

/* A quoted field is unescaped where it stands: it only becomes shorter. */
static enum csv_fault take_quoted(struct csv_reader *reader, size_t *offset,
                                  struct bytes *ret_field)
{
    uint8_t *to = reader->record + *offset + 1;
    const uint8_t *from = to, *end = reader->record + reader->size;
    *ret_field = bytes_of(to, 0);
    for (;; from++) {
        if (from == end)
            return CSV_QUOTE_OPEN;
        if (*from == '"') {
            if (from + 1 == end || from[1] != '"')
                break;
            from++;
        }
        *to++ = *from;
    }
    ret_field->size = (size_t)(to - ret_field->at);
    from++;
    while (reader->trim && from < end && *from == ' ')
        from++;
    *offset = (size_t)(from - reader->record);
    return from == end || *from == reader->separator ? CSV_OK : CSV_QUOTE_FOLLOWED;
}

static struct bytes take_plain(struct csv_reader *reader, size_t *offset)
{
    const uint8_t *at = reader->record + *offset;
    const uint8_t *end = memchr(at, reader->separator, reader->size - *offset);
    size_t size = end != NULL ? (size_t)(end - at) : reader->size - *offset;
    *offset += size;
    return reader->trim ? trimmed(bytes_of(at, size)) : bytes_of(at, size);
}

static enum csv_fault take_fields(struct csv_reader *reader, size_t *ret_count)
{
    size_t offset = 0, count = 0;
    for (;;) {
        if (count == CSV_FIELDS_MAX)
            return CSV_FIELDS_TOO_MANY;
        size_t first = offset;
        while (reader->trim && first < reader->size && reader->record[first] == ' ')
            first++;
        bool quoted = first < reader->size && reader->record[first] == '"';
        reader->quoted[count] = quoted;
        if (quoted) {
            offset = first;
            enum csv_fault fault = take_quoted(reader, &offset, &reader->fields[count]);
            if (fault != CSV_OK)
                return fault;
        } else {
            reader->fields[count] = take_plain(reader, &offset);
        }
        count++;
        if (offset == reader->size)
            break;
        offset++; /* the separator */
    }
    *ret_count = count;
    return CSV_OK;
}

static void record_clear(struct csv_reader *reader)
{
    reader->size = 0;
    reader->too_long = false;
    reader->place = PLACE_FIELD;
    reader->record_line = reader->line;
}

/* Of CR LF the CR; where a quote is open it was data. */
static void record_trim_end(struct csv_reader *reader)
{
    if (reader->size > 0 && reader->place != PLACE_QUOTED &&
        reader->record[reader->size - 1] == '\r')
        reader->size--;
}

static bool record_is_blank(const struct csv_reader *reader)
{
    for (size_t i = 0; i < reader->size; i++)
        if (reader->record[i] != ' ')
            return false;
    return true;
}

enum csv_step csv_next(struct csv_reader *reader, struct csv_record *ret_record)
{
    for (;;) {
        bool whole = gather_record(reader);
        if (!whole && (!reader->ended || reader->size == 0))
            return CSV_STEP_MORE;
        struct csv_record record = {.line = reader->record_line,
                                    .bytes = reader->bytes,
                                    .lines = whole ? reader->line - 1 : reader->line,
                                    .fields = reader->fields,
                                    .quoted = reader->quoted};
        bool too_long = reader->too_long;
        record_trim_end(reader);
        bool blank = record_is_blank(reader) && !too_long;
        record.fault = too_long ? CSV_RECORD_TOO_LONG : CSV_OK;
        if (record.fault == CSV_OK && !blank)
            record.fault = take_fields(reader, &record.count);
        record_clear(reader);
        if (blank)
            continue;
        *ret_record = record;
        return record.fault == CSV_OK ? CSV_STEP_RECORD : CSV_STEP_FAULT;
    }
}

/* ---- beside ------------------------------------------------------------------------------------
 */
uint8_t csv_separator_guess(struct bytes head)
{
    static const uint8_t candidates[] = {',', ';', '\t', '|'};
    size_t counts[sizeof candidates] = {0}, best = 0;
    bool inside = false;
    for (size_t i = 0; i < head.size && (inside || head.at[i] != '\n'); i++) {
        inside ^= head.at[i] == '"';
        for (size_t j = 0; j < sizeof candidates && !inside; j++)
            counts[j] += head.at[i] == candidates[j];
    }
    for (size_t j = 1; j < sizeof candidates; j++)
        if (counts[j] > counts[best])
            best = j;
    return candidates[best];
}

static bool field_needs_quotes(struct bytes field, uint8_t separator)
{
    if (field.size > 0 && (field.at[0] == ' ' || field.at[field.size - 1] == ' '))
        return true;
    for (size_t i = 0; i < field.size; i++)
        if (field.at[i] == separator || field.at[i] == '"' || field.at[i] == '\n' ||
            field.at[i] == '\r')
            return true;
    return false;
}

size_t csv_field_put(struct bytes field, uint8_t separator, bool quote, uint8_t *out)
{
    size_t size = 0;
    if (!quote && !field_needs_quotes(field, separator)) {
        if (field.size > 0)
            memcpy(out, field.at, field.size);
        return field.size;
    }
    out[size++] = '"';
    for (size_t i = 0; i < field.size; i++) {
        if (field.at[i] == '"')
            out[size++] = '"';
        out[size++] = field.at[i];
    }
    out[size++] = '"';
    return size;
}

/* ---- what a spreadsheet would run --------------------------------------------------------------
 */
/* [+-] digits [. digits] [e [+-] digits] */
static bool is_plain_number(struct bytes text)
{
    size_t at = text.size > 0 && (text.at[0] == '+' || text.at[0] == '-'), digits = 0;
    for (; at < text.size && text.at[at] >= '0' && text.at[at] <= '9'; at++)
        digits++;
    if (at < text.size && text.at[at] == '.')
        for (at++; at < text.size && text.at[at] >= '0' && text.at[at] <= '9'; at++)
            digits++;
    if (digits == 0 || at == text.size)
        return digits > 0;
    if (text.at[at] != 'e' && text.at[at] != 'E')
        return false;
    at++;
    at += at < text.size && (text.at[at] == '+' || text.at[at] == '-');
    digits = 0;
    for (; at < text.size && text.at[at] >= '0' && text.at[at] <= '9'; at++)
        digits++;
    return digits > 0 && at == text.size;
}

/* Apostrophes, as many as there are, and then what begins a formula. */
static bool begins_formula(struct bytes text, size_t *ret_apostrophes)
{
    size_t at = 0;
    while (at < text.size && text.at[at] == '\'')
        at++;
    *ret_apostrophes = at;
    return at < text.size && memchr("=+-@\t\r", text.at[at], 6) != NULL;
}

bool csv_is_formula(struct bytes text)
{
    size_t apostrophes;
    return begins_formula(text, &apostrophes) && (apostrophes > 0 || !is_plain_number(text));
}

struct bytes csv_plain(struct bytes field)
{
    size_t apostrophes;
    return begins_formula(field, &apostrophes) && apostrophes > 0
               ? bytes_of(field.at + 1, field.size - 1)
               : field;
}

size_t csv_text_put(struct bytes text, uint8_t separator, uint8_t *out)
{
    if (!csv_is_formula(text))
        return csv_field_put(text, separator, false, out);
    size_t size = csv_field_put(text, separator, true, out + 1);
    out[0] = '"';
    out[1] = '\''; /* in place of the quote that opened it */
    return size + 1;
}
