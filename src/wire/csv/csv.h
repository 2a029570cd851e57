/* csv: rows of comma-separated values in (RFC 4180), no I/O. Bounded: one buffer, made in create.
 *
 *   field  = bytes without separator and LF               a plain field
 *          | '"' any bytes, a quote written twice '"'     a quoted field
 *   record = field *(separator field) (LF | CR LF | the end)
 *
 * Where RFC 4180 leaves a choice, or where files in the world differ:
 *   - the separator is any of , ; tab | or another byte that is no quote, CR or LF;
 *   - a record ends with CR LF or LF alone (2.1 wants CR LF); the last may end with the file;
 *   - a line that is empty, or holds spaces alone, is no record: it is passed over and counted;
 *   - spaces belong to the field (2.4); with `trim` those around a plain field do not;
 *   - a quote inside a plain field stands for itself: 5" pipe;
 *   - behind a closing quote only a separator or the end of the record may follow (2.5), else the
 *     record is a fault;
 *   - a byte order mark of UTF-8 in front of the first field is passed over.
 *
 * Where a faulty record ends: at the next line end outside of quotes as far as quotes can be
 * followed; one that is too long, at the next line end whatever stands around it, so that a quote
 * nobody closes costs CSV_RECORD_MAX bytes and not the rest of the file. A quote that is open at
 * the end of the input is a fault of the record it stands in.
 *
 * One thread at a time a reader. Nothing here logs. */
#pragma once

#include "base/base.h"

#define CSV_FIELDS_MAX 1024                  /* of a record */
#define CSV_RECORD_MAX ((size_t)1024 * 1024) /* bytes, as they stand in the file */

#define CSV_FAULT_TABLE(X)                                                                         \
    X(CSV_OK, "ok")                                                                                \
    X(CSV_RECORD_TOO_LONG, "a record is longer than 1 MiB; is a quote not closed?")                \
    X(CSV_FIELDS_TOO_MANY, "a record has more than 1024 fields")                                   \
    X(CSV_QUOTE_FOLLOWED, "behind a closing quote stands something else than a separator")         \
    X(CSV_QUOTE_OPEN, "a closing quote is missing")
#define CSV_FAULT_ENUM(name, text) name,
enum csv_fault { CSV_FAULT_TABLE(CSV_FAULT_ENUM) CSV_FAULTS };
#undef CSV_FAULT_ENUM
const char *csv_fault_text(enum csv_fault fault);

struct csv_record {
    uint64_t line;              /* the one it begins on, from 1 */
    uint64_t bytes;             /* of the file up to and with its end: where reading may go on */
    uint64_t lines;             /* likewise; with `bytes` it is what csv_reader_place wants */
    size_t count;               /* fields, at least 1 */
    const struct bytes *fields; /* unescaped */
    const bool *quoted;         /* which of them stood in quotes: "" is a text, nothing is none */
    enum csv_fault fault;       /* CSV_STEP_FAULT only */
};

struct csv_reader;
/* separator: no quote, CR or LF (checked). */
MUST_USE enum err csv_reader_create(uint8_t separator, bool trim, struct csv_reader **ret_reader);
void csv_reader_destroy(struct csv_reader *reader); /* NULL is fine */
/* Goes on as if `line` lines and `bytes` bytes had been read: for input that is picked up later. */
void csv_reader_place(struct csv_reader *reader, uint64_t lines, uint64_t bytes);
/* The next piece of the input, of any size; it must stay where it is until csv_next says
 * CSV_STEP_MORE. To be called at the beginning and after each CSV_STEP_MORE. */
void csv_feed(struct csv_reader *reader, struct bytes piece);
/* The input is complete: what is left is its last record. Instead of csv_feed. */
void csv_end(struct csv_reader *reader);

enum csv_step {
    CSV_STEP_MORE,   /* all was taken: feed, or end; after the end: that was all */
    CSV_STEP_RECORD, /* *ret_record */
    CSV_STEP_FAULT,  /* its line and fault; the next call goes on behind it */
};
/* What it gives lasts until the next call with this reader. */
MUST_USE enum csv_step csv_next(struct csv_reader *reader, struct csv_record *ret_record);

/* Which of , ; tab and | stands most often in the first line outside of quotes; ',' when none does.
 */
uint8_t csv_separator_guess(struct bytes head);

/* ---- out --------------------------------------------------------------------------------------
 */
/* Spreadsheets take a cell that begins with = + - @ tab or CR for a formula, and run it. A text that
 * does, and is no plain number, gets an apostrophe in front; so does one that begins with
 * apostrophes and then one of these, so that csv_plain gives each text back as it was. */
bool csv_is_formula(struct bytes text);
/* What was meant by a field: without the apostrophe that stands before a formula. */
struct bytes csv_plain(struct bytes field);
/* csv_field_put of a text, defused, into out[2 * text.size + 4]. */
size_t csv_text_put(struct bytes text, uint8_t separator, uint8_t *out);
/* Writes a field, in quotes where it must be (separator, quote, CR, LF, spaces around it, or always
 * when `quote` is set), into out[2 * field.size + 2]; returns its size. */
size_t csv_field_put(struct bytes field, uint8_t separator, bool quote, uint8_t *out);
