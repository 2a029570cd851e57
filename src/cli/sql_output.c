#include "cli/sql_output.h"

#include "cli/answer.h"
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>

#define GAP 2
#define CELL_BYTES 4096 /* of a table: longer ones are cut */
#define CELL_LEAST 8    /* columns that a cell keeps on a narrow screen */

/* ---- lines for programs ----------------------------------------------------------------------
 */
static const char *column_name(const json_t *columns, size_t at)
{
    const char *name = json_string_value(json_object_get(json_array_get(columns, at), "name"));
    return name != NULL ? name : "";
}

static void put_csv_row(FILE *to, const json_t *row)
{
    for (size_t i = 0; i < json_array_size(row); i++) {
        const json_t *value = json_array_get(row, i);
        char *text = value_text(value, "");
        if (i > 0)
            putc(',', to);
        if (json_is_string(value) && text != NULL && text[0] == '\0')
            fputs("\"\"", to); /* an empty text is not nothing */
        else
            csv_put_cell(to, text != NULL ? text : "");
        free(text);
    }
    fputs("\r\n", to);
}

static void put_csv(FILE *to, const json_t *columns, const json_t *rows)
{
    for (size_t i = 0; i < json_array_size(columns); i++) {
        if (i > 0)
            putc(',', to);
        csv_put_cell(to, column_name(columns, i));
    }
    fputs("\r\n", to);
    for (size_t i = 0; i < json_array_size(rows); i++)
        put_csv_row(to, json_array_get(rows, i));
}

/* Each row as an object; of columns with one name the later ones are called name:1, name:2. */
static json_t *row_object(const json_t *columns, const json_t *row)
{
    json_t *object = json_object();
    for (size_t i = 0; i < json_array_size(row); i++) {
        char name[1024];
        snprintf(name, sizeof name, "%s", column_name(columns, i));
        for (unsigned n = 1; json_object_get(object, name) != NULL; n++)
            snprintf(name, sizeof name, "%.1000s:%u", column_name(columns, i), n);
        json_object_set(object, name, json_array_get(row, i));
    }
    return object;
}

static void put_json(FILE *to, const json_t *columns, const json_t *rows)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        json_t *object = row_object(columns, json_array_get(rows, i));
        value_put_line(to, object);
        json_decref(object);
    }
}

/* ---- a table -----------------------------------------------------------------------------------
 */
struct sheet {
    size_t columns, rows;
    char **cells; /* row by row, the head first; NULL: nothing */
    size_t *widths;
    bool *right;
};

static void sheet_done(struct sheet *sheet)
{
    for (size_t i = 0; sheet->cells != NULL && i < (sheet->rows + 1) * sheet->columns; i++)
        free(sheet->cells[i]);
    free(sheet->cells);
    free(sheet->widths);
    free(sheet->right);
}

static void sheet_set(struct sheet *sheet, size_t row, size_t column, const char *text)
{
    char clean[CELL_BYTES];
    size_t width = text_width(text_clean(text, clean, sizeof clean));
    sheet->cells[row * sheet->columns + column] = strdup(clean);
    if (width > sheet->widths[column])
        sheet->widths[column] = width;
}

static bool sheet_fill(struct sheet *sheet, const json_t *columns, const json_t *rows)
{
    sheet->columns = json_array_size(columns);
    sheet->rows = json_array_size(rows);
    sheet->cells = calloc((sheet->rows + 1) * sheet->columns + 1, sizeof *sheet->cells);
    sheet->widths = calloc(sheet->columns + 1, sizeof *sheet->widths);
    sheet->right = calloc(sheet->columns + 1, sizeof *sheet->right);
    if (sheet->cells == NULL || sheet->widths == NULL || sheet->right == NULL)
        return false;
    for (size_t column = 0; column < sheet->columns; column++) {
        bool numbers = sheet->rows > 0;
        sheet_set(sheet, 0, column, column_name(columns, column));
        for (size_t row = 0; row < sheet->rows; row++) {
            const json_t *value = json_array_get(json_array_get(rows, row), column);
            numbers = numbers && (json_is_number(value) || json_is_null(value));
            if (value == NULL || json_is_null(value))
                continue;
            char *text = value_text(value, "");
            sheet_set(sheet, row + 1, column, text != NULL ? text : "");
            free(text);
        }
        sheet->right[column] = numbers;
    }
    return true;
}

/* The widest column is cut until the line fits, down to a least width. */
static void sheet_fit(struct sheet *sheet, size_t width)
{
    size_t sum = 0;
    for (size_t i = 0; i < sheet->columns; i++)
        sum += sheet->widths[i] + (i > 0 ? GAP : 0);
    while (sum > width) {
        size_t widest = 0;
        for (size_t i = 1; i < sheet->columns; i++)
            if (sheet->widths[i] > sheet->widths[widest])
                widest = i;
        if (sheet->widths[widest] <= CELL_LEAST)
            return;
        sheet->widths[widest]--;
        sum--;
    }
}

static void sheet_put_row(FILE *to, const struct sheet *sheet, size_t row)
{
    for (size_t i = 0; i < sheet->columns; i++) {
        char fitted[CELL_BYTES];
        const char *cell = sheet->cells[row * sheet->columns + i];
        bool none = cell == NULL, last = i + 1 == sheet->columns;
        text_fit(none ? "" : cell, sheet->widths[i], fitted, sizeof fitted);
        int pad = (int)(sheet->widths[i] - text_width(fitted));
        fprintf(to, "%*s%s%s%s%*s%s", sheet->right[i] ? pad : 0, "",
                row == 0 ? paint(PAINT_BOLD) : "", fitted, row == 0 ? paint(PAINT_NONE) : "",
                sheet->right[i] || last ? 0 : pad, "", last ? "" : "  ");
    }
    putc('\n', to);
}

static void put_table(FILE *to, const json_t *columns, const json_t *rows, size_t width)
{
    struct sheet sheet = {.cells = NULL};
    if (sheet_fill(&sheet, columns, rows)) {
        sheet_fit(&sheet, width);
        for (size_t row = 0; row <= sheet.rows; row++)
            sheet_put_row(to, &sheet, row);
    }
    sheet_done(&sheet);
}

void sql_put_answer(FILE *to, enum output_format format, const json_t *answer, size_t width)
{
    const json_t *columns = json_object_get(answer, "columns"),
                 *rows = json_object_get(answer, "rows");
    if (format == OUTPUT_CSV)
        put_csv(to, columns, rows);
    else if (format == OUTPUT_JSON)
        put_json(to, columns, rows);
    else
        put_table(to, columns, rows, width);
}

/* ---- what is said besides --------------------------------------------------------------------
 */
void sql_put_summary(FILE *to, const json_t *answer, bool timer)
{
    char text[NUMBER_SIZE], took[NUMBER_SIZE] = "";
    size_t rows = json_array_size(json_object_get(answer, "rows")),
           missing = json_array_size(json_object_get(answer, "missing"));
    if (timer)
        number_duration((int64_t)(answer_real(answer, "cost.ms") * (double)NS_PER_MS), took);
    fprintf(to, "%s%s %s%s%s%s%s\n", paint(PAINT_DIM), number_group(rows, text),
            rows == 1 ? "row" : "rows", timer ? " in " : "", took,
            answer_is(answer, "truncated") ? "; there are more: --limit N, or .limit N" : "",
            paint(PAINT_NONE));
    if (missing > 0)
        fprintf(to, "%s%zu %s of the history could not be read: these samples are missing here%s\n",
                paint(PAINT_YELLOW), missing, missing == 1 ? "file" : "files", paint(PAINT_NONE));
}

void sql_put_caret(FILE *to, const char *statement, int64_t offset)
{
    char line[1024];
    if (offset < 0 || (size_t)offset > strlen(statement))
        return;
    const char *at = statement + offset, *begin = at;
    while (begin > statement && begin[-1] != '\n')
        begin--;
    size_t size = strcspn(begin, "\r\n"), before = (size_t)(at - begin);
    if (size >= sizeof line || before > size)
        return;
    snprintf(line, sizeof line, "%.*s", (int)size, begin);
    for (char *tab = strchr(line, '\t'); tab != NULL; tab = strchr(tab, '\t'))
        *tab = ' ';
    fprintf(to, "  %s\n", line);
    line[before] = '\0';
    fprintf(to, "  %*s%s^%s\n", (int)text_width(line), "", paint(PAINT_RED), paint(PAINT_NONE));
}
