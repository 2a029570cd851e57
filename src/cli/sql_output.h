/* sql_output: an answer of SQL as a table for people, as CSV or as JSON lines, and a problem with a
 * caret under the place it is about. */
#pragma once

#include "cli/row_output.h"

/* answer: of POST /v1/sql with format json. width: columns of the screen; SIZE_MAX: as wide as it
 * gets. */
void sql_put_answer(FILE *to, enum output_format format, const json_t *answer, size_t width);
/* "3 rows in 1.2 ms", and what the answer says of itself: cut off, or not all could be read. */
void sql_put_summary(FILE *to, const json_t *answer, bool timer);
/* The line of the statement that the offset is in, and a caret under it. Nothing for an offset that
 * is none. */
void sql_put_caret(FILE *to, const char *statement, int64_t offset);
