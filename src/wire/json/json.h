/* json: writes JSON (RFC 8259) into a buffer that grows, fast enough for every answer of the API.
 * Reading JSON is jansson's; the doors' hot path has its own scanner in wire/payload.
 *
 * Commas are put by themselves: begin a value wherever one may stand. The first failure (no memory,
 * past the limit) is kept: nothing more is written, json_writer_failed tells. One thread a writer.
 *
 * No function has a name of jansson's: a program with both would have jansson call ours. */
#pragma once

#include "base/base.h"
#include "format/format.h"

struct json_writer {
    uint8_t *at;
    size_t size, capacity;
    size_t most; /* bytes it may grow to */
    bool failed;
    bool comma; /* a comma belongs before the next value */
};
/* most: the largest text; 0: 64 MiB. Takes no memory yet. */
void json_writer_init(struct json_writer *writer, size_t most);
void json_writer_done(struct json_writer *writer);  /* gives its memory back */
void json_writer_clear(struct json_writer *writer); /* empty again, memory kept */
static inline bool json_writer_failed(const struct json_writer *writer)
{
    return writer->failed;
}
static inline struct bytes json_writer_text(const struct json_writer *writer)
{
    return bytes_of(writer->at, writer->size);
}

void json_put_object(struct json_writer *writer);     /* { */
void json_put_object_end(struct json_writer *writer); /* } */
void json_put_array(struct json_writer *writer);      /* [ */
void json_put_array_end(struct json_writer *writer);  /* ] */
/* "name": with its comma. name needs no escapes: our own words only. */
void json_put_name(struct json_writer *writer, const char *name);
/* The same for a name from outside. */
void json_put_name_bytes(struct json_writer *writer, struct bytes name);
/* Values. Text that is no UTF-8 has U+FFFD in the place of what is wrong. */
void json_put_string(struct json_writer *writer, struct bytes text);
void json_put_text(struct json_writer *writer, const char *text);
void json_put_integer(struct json_writer *writer, int64_t number);
void json_put_count(struct json_writer *writer, uint64_t number);
/* The shortest decimal that reads back as this double; null when it is not finite. */
void json_put_real(struct json_writer *writer, double real);
void json_put_bool(struct json_writer *writer, bool value);
void json_put_null(struct json_writer *writer);
/* RFC 3339 in UTC with as many digits as it needs; null for 0. */
void json_put_time(struct json_writer *writer, int64_t time_ns);
/* A sample's value: number, true, text; null when it is not present. */
void json_put_value(struct json_writer *writer, const struct value *value);
/* For writers of other forms: the digits of number, so that they end before `end` (20 bytes at
 * most); returns where they begin. */
char *json_digits_put(char *end, uint64_t number);
/* Bytes that are JSON already, as one value. */
void json_put_raw(struct json_writer *writer, struct bytes text);
/* A line break between values of NDJSON: the next value has no comma before it. */
void json_put_line_end(struct json_writer *writer);

/* Members: a name and a value at once. */
void json_member_string(struct json_writer *writer, const char *name, struct bytes text);
void json_member_text(struct json_writer *writer, const char *name, const char *text);
void json_member_integer(struct json_writer *writer, const char *name, int64_t number);
void json_member_count(struct json_writer *writer, const char *name, uint64_t number);
void json_member_real(struct json_writer *writer, const char *name, double real);
void json_member_bool(struct json_writer *writer, const char *name, bool value);
void json_member_null(struct json_writer *writer, const char *name);
void json_member_time(struct json_writer *writer, const char *name, int64_t time_ns);

/* The shortest decimal text that reads back as this finite double, with NUL; returns its size. A
 * negative zero is -0.0. */
#define REAL_TEXT_SIZE 32
size_t real_text_put(char text[REAL_TEXT_SIZE], double real);
