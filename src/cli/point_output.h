/* point_output: how a point of the HTTP API looks: as a row of a table or of CSV, and, alone, as
 * lines for people. */
#pragma once

#include "cli/row_output.h"

/* Rows of points: path, value, unit, quality, limit state, time, type; CSV has more. */
struct rows *point_rows_create(FILE *to, enum output_format format, size_t width);
void point_rows_add(struct rows *rows, enum output_format format, const json_t *point);
/* A name and a value a line; wall_ns: for ages. */
void point_put_lines(FILE *to, const json_t *point, int64_t wall_ns);

/* Rows of a branch: name, points below it, and what a child that is a point shows. */
struct rows *branch_rows_create(FILE *to, enum output_format format, size_t width);
void branch_rows_add(struct rows *rows, enum output_format format, const json_t *child);

/* Red beyond a limit, yellow for a quality that is not good. */
enum paint point_value_paint(const char *quality, const char *limit_state);
