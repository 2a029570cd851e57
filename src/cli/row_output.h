/* row_output: rows of cells as an aligned table for people or as CSV for programs, and single
 * values as text and as JSON. A table is printed page by page: its columns grow from page to page
 * and never shrink, its head comes once; on a terminal it is made to fit. CSV is RFC 4180: a head,
 * CRLF, a cell in quotes where it must be. */
#pragma once

#include "base/base.h"
#include "cli/terminal.h"

#include <jansson.h>
#include <stdio.h>

enum output_format { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_CSV };

#define ROW_COLUMNS_MAX 12
struct row_column {
    const char *name; /* as CSV calls it; a table shows a space for each '_' */
    bool right;
    bool keep_end; /* of a text that is cut the end is kept: of a path it tells it apart */
    uint8_t least; /* columns of the screen it may be cut to; 0: never cut */
    uint8_t leave; /* on a narrow screen left out, the lowest of these first; 0: never */
};
struct rows;
/* width: columns of the screen, SIZE_MAX: as wide as it gets. columns outlives the rows; format is
 * OUTPUT_TABLE or OUTPUT_CSV. */
struct rows *rows_create(FILE *to, enum output_format format, const struct row_column *columns,
                         size_t column_count, size_t width);
void rows_cell(struct rows *rows, enum paint paint, const char *text); /* copied */
/* Leaves out those columns of a table that hold nothing, of those that may be left out. Before the
 * first rows_flush only, and worth asking when there is no other page. */
void rows_leave_empty(struct rows *rows);
/* Prints what was added since the last time. */
void rows_flush(struct rows *rows);
void rows_destroy(struct rows *rows); /* unprinted cells are forgotten; NULL is fine */
/* Columns of the screen a table may take: SIZE_MAX when nobody sits there. */
size_t rows_width(void);

/* One cell of CSV, in quotes where it has a comma, a quote, CR or LF, or a space at an end. */
void csv_put_cell(FILE *to, const char *text);

/* ---- values ------------------------------------------------------------------------------- */
/* A value as text: a number with the fewest digits that read back, a string as it is, `none` for
 * null; lists and objects as JSON. A new string, to be freed. */
char *value_text(const json_t *value, const char *none);
/* For the terminal: control characters become U+FFFD. text[size]; returns text. */
char *text_clean(const char *from, char *text, size_t size);
/* JSON on one line, numbers as above. */
void value_put_json(FILE *to, const json_t *value);
/* The same and a line end. */
void value_put_line(FILE *to, const json_t *value);
