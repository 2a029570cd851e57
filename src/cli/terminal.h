/* terminal: how the verbs look. Colour and cursor movement only where a person sits (a TTY, no
 * NO_COLOR, no TERM=dumb); plain text when piped. Numbers are written for people: thousands
 * separators, units. Output goes to stdout. */
#pragma once

#include "base/base.h"

#include <stdio.h>

bool terminal_is_live(void); /* stdout is a terminal that can move its cursor */
void terminal_size(unsigned *ret_columns, unsigned *ret_rows); /* 80x24 when unknown */

enum paint { PAINT_NONE, PAINT_BOLD, PAINT_DIM, PAINT_GREEN, PAINT_YELLOW, PAINT_RED, PAINT_CYAN };
/* The escape sequence, or "" where colour is not wanted. */
const char *paint(enum paint paint);

/* A screen that is redrawn in place: on the alternate buffer, cursor hidden; restored at the end,
 * also on SIGINT and SIGTERM through screen_ended. */
void screen_begin(void);
void screen_end(void); /* fine when not begun */

/* Numbers as text; each returns `text`. */
#define NUMBER_SIZE 40
char *number_group(uint64_t number, char *text);  /* 1,234,567 */
char *number_bytes(uint64_t bytes, char *text);   /* 12.3 MiB */
char *number_duration(int64_t ns, char *text);    /* 480 us, 12.3 ms, 3 min 4 s, 22 y */
char *number_rate(double per_second, char *text); /* 1,234 or 12.3 */
/* Columns a UTF-8 text takes on the screen (CJK counts two). */
size_t text_width(const char *text);
/* Copies at most `width` columns of text, with an ellipsis when cut; out[size]. */
char *text_fit(const char *text, size_t width, char *out, size_t size);
/* The same, but keeps the end of the text: of a path the end tells it apart. */
char *text_fit_end(const char *text, size_t width, char *out, size_t size);

/* A table: cells are added row by row, then printed with columns as wide as needed. */
struct table;
/* heads: titles joined by '|'; a title that starts with '>' is right-aligned. */
struct table *table_create(const char *heads);
void table_cell(struct table *table, const char *format, ...) PRINTF_LIKE(2, 3);
void table_paint(struct table *table, enum paint paint);   /* of the row under way */
void table_print(struct table *table, const char *indent); /* and frees it */
void table_destroy(struct table *table);                   /* unprinted; NULL is fine */

/* Prints "mainstem VERB: sentence" on stderr; returns EXIT_FAILED. */
int fail(const char *verb, const char *format, ...) PRINTF_LIKE(2, 3);

/* Set by SIGINT, SIGTERM and SIGHUP after stop_watch(): the verb should end. */
void stop_watch(void);
bool stop_wanted(void);
void stop_nap(int64_t ns); /* sleeps, less when a stop is wanted */
