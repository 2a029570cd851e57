#include "cli/row_output.h"

#include "wire/json/json.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GAP 2
#define TEXT_SIZE 4096 /* of a cell of a table */
#define JSON_DEPTH 32

/* ---- CSV
 * ----------------------------------------------------------------------------------------- */

void csv_put_cell(FILE *to, const char *text)
{
    size_t size = strlen(text);
    bool quote =
        strpbrk(text, ",\"\r\n") != NULL || (size > 0 && (text[0] == ' ' || text[size - 1] == ' '));
    if (!quote) {
        fputs(text, to);
        return;
    }
    putc('"', to);
    for (; *text != 0; text++) {
        if (*text == '"')
            putc('"', to);
        putc(*text, to);
    }
    putc('"', to);
}

/* ---- rows
 * ---------------------------------------------------------------------------------------- */

struct row_cell {
    char *text;
    enum paint paint;
};
struct rows {
    FILE *to;
    enum output_format format;
    const struct row_column *columns;
    size_t column_count, width;
    bool begun; /* the head was printed */
    bool left_out[ROW_COLUMNS_MAX];
    size_t widths[ROW_COLUMNS_MAX]; /* before they are made to fit */
    size_t cell_count, capacity;
    struct row_cell *cells;
};

size_t rows_width(void)
{
    unsigned columns, lines;
    if (!isatty(STDOUT_FILENO))
        return SIZE_MAX;
    terminal_size(&columns, &lines);
    return columns;
}

struct rows *rows_create(FILE *to, enum output_format format, const struct row_column *columns,
                         size_t column_count, size_t width)
{
    check(column_count >= 1 && column_count <= ROW_COLUMNS_MAX && format != OUTPUT_JSON);
    struct rows *rows = calloc(1, sizeof *rows);
    check(rows != NULL);
    rows->to = to;
    rows->format = format;
    rows->columns = columns;
    rows->column_count = column_count;
    rows->width = width;
    for (size_t i = 0; i < column_count; i++)
        rows->widths[i] = strlen(columns[i].name);
    return rows;
}

void rows_cell(struct rows *rows, enum paint paint, const char *text)
{
    if (rows->cell_count == rows->capacity) {
        rows->capacity = rows->capacity == 0 ? 256 : 2 * rows->capacity;
        rows->cells = realloc(rows->cells, rows->capacity * sizeof *rows->cells);
        check(rows->cells != NULL);
    }
    char clean[TEXT_SIZE];
    char *copy = strdup(rows->format == OUTPUT_CSV ? text : text_clean(text, clean, sizeof clean));
    check(copy != NULL);
    rows->cells[rows->cell_count++] = (struct row_cell){copy, paint};
}

static void rows_forget(struct rows *rows)
{
    for (size_t i = 0; i < rows->cell_count; i++)
        free(rows->cells[i].text);
    rows->cell_count = 0;
}

void rows_destroy(struct rows *rows)
{
    if (rows == NULL)
        return;
    rows_forget(rows);
    free(rows->cells);
    free(rows);
}

void rows_leave_empty(struct rows *rows)
{
    for (size_t column = 0; column < rows->column_count && !rows->begun; column++) {
        bool empty = rows->columns[column].leave != 0;
        for (size_t i = column; i < rows->cell_count && empty; i += rows->column_count)
            empty = rows->cells[i].text[0] == 0;
        rows->left_out[column] = empty;
    }
}

/* Cuts columns that may be cut, then leaves out what may be left out, until the sum fits. What was
 * left out stays out: the head is printed once. */
static void rows_fit(struct rows *rows, size_t *widths)
{
    size_t sum = 0;
    for (size_t i = 0; i < rows->column_count; i++)
        sum += rows->left_out[i] ? 0 : widths[i] + GAP;
    sum -= sum > 0 ? GAP : 0;
    for (unsigned turn = 1; turn <= ROW_COLUMNS_MAX && sum > rows->width; turn++) {
        for (size_t i = 0; i < rows->column_count && sum > rows->width; i++) {
            size_t least = rows->columns[i].least, over = sum - rows->width;
            if (rows->left_out[i] || least == 0 || widths[i] <= least)
                continue;
            size_t cut = widths[i] - least < over ? widths[i] - least : over;
            widths[i] -= cut;
            sum -= cut;
        }
        for (size_t i = 0; i < rows->column_count && sum > rows->width; i++) {
            if (rows->columns[i].leave != turn || rows->left_out[i] || rows->begun)
                continue;
            rows->left_out[i] = true;
            sum -= widths[i] + GAP;
        }
    }
}

static void rows_put(const struct rows *rows, const size_t *widths, size_t column,
                     enum paint colour, const char *text, bool last)
{
    char fitted[TEXT_SIZE];
    const struct row_column *one = &rows->columns[column];
    (one->keep_end ? text_fit_end : text_fit)(text, widths[column], fitted, sizeof fitted);
    int pad = (int)(widths[column] - text_width(fitted));
    fprintf(rows->to, "%*s%s%s%s%*s%s", one->right ? pad : 0, "",
            colour != PAINT_NONE ? paint(colour) : "", fitted,
            colour != PAINT_NONE ? paint(PAINT_NONE) : "", one->right || last ? 0 : pad, "",
            last ? "\n" : "  ");
}

static void rows_put_head(const struct rows *rows, const size_t *widths, size_t last)
{
    for (size_t i = 0; i < rows->column_count; i++) {
        char name[64];
        if (rows->left_out[i])
            continue;
        snprintf(name, sizeof name, "%s", rows->columns[i].name);
        for (char *at = name; *at != 0; at++)
            *at = *at == '_' ? ' ' : *at;
        rows_put(rows, widths, i, PAINT_DIM, name, i == last);
    }
}

static void rows_flush_table(struct rows *rows)
{
    size_t widths[ROW_COLUMNS_MAX], last = 0;
    for (size_t i = 0; i < rows->cell_count; i++) {
        size_t *width = &rows->widths[i % rows->column_count];
        size_t one = text_width(rows->cells[i].text);
        *width = one > *width ? one : *width;
    }
    memcpy(widths, rows->widths, sizeof widths);
    rows_fit(rows, widths);
    for (size_t i = 0; i < rows->column_count; i++)
        last = rows->left_out[i] ? last : i;
    if (!rows->begun)
        rows_put_head(rows, widths, last);
    for (size_t i = 0; i < rows->cell_count; i++) {
        size_t column = i % rows->column_count;
        if (!rows->left_out[column])
            rows_put(rows, widths, column, rows->cells[i].paint, rows->cells[i].text,
                     column == last);
    }
}

static void rows_flush_csv(struct rows *rows)
{
    for (size_t i = 0; i < rows->column_count && !rows->begun; i++)
        fprintf(rows->to, "%s%s", rows->columns[i].name,
                i + 1 == rows->column_count ? "\r\n" : ",");
    for (size_t i = 0; i < rows->cell_count; i++) {
        csv_put_cell(rows->to, rows->cells[i].text);
        fputs((i + 1) % rows->column_count == 0 ? "\r\n" : ",", rows->to);
    }
}

void rows_flush(struct rows *rows)
{
    check(rows->cell_count % rows->column_count == 0);
    if (rows->format == OUTPUT_TABLE && rows->cell_count == 0)
        return; /* no head without a row */
    if (rows->format == OUTPUT_CSV)
        rows_flush_csv(rows);
    else
        rows_flush_table(rows);
    rows->begun = true;
    rows_forget(rows);
}

/* ---- values
 * -------------------------------------------------------------------------------------- */

char *text_clean(const char *from, char *text, size_t size)
{
    size_t at = 0;
    for (; *from != 0 && at + 4 < size; from++) {
        unsigned char one = (unsigned char)from[0], two = (unsigned char)from[1];
        bool late = one == 0xC2 && two >= 0x80 && two < 0xA0; /* U+0080..U+009F */
        if (one >= 0x20 && one != 0x7F && !late) {
            text[at++] = *from;
            continue;
        }
        memcpy(text + at, "\xEF\xBF\xBD", 3);
        at += 3;
        from += late;
    }
    text[at] = 0;
    return text;
}

char *value_text(const json_t *value, const char *none)
{
    char text[REAL_TEXT_SIZE];
    if (value == NULL || json_is_null(value))
        return strdup(none);
    if (json_is_string(value))
        return strdup(json_string_value(value));
    if (json_is_real(value))
        return real_text_put(text, json_real_value(value)), strdup(text);
    return json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
}

static void value_put(FILE *to, const json_t *value, unsigned depth);

static void value_put_object(FILE *to, json_t *object, unsigned depth)
{
    const char *name, *comma = "";
    json_t *member;
    putc('{', to);
    json_object_foreach(object, name, member)
    {
        json_t *text = json_string(name);
        fputs(comma, to);
        json_dumpf(text, to, JSON_ENCODE_ANY);
        putc(':', to);
        value_put(to, member, depth);
        json_decref(text);
        comma = ",";
    }
    putc('}', to);
}

/* jansson writes 21.6 with seventeen digits; so what holds numbers is written here. What is nested
 * deeper than any answer of ours is jansson's. */
static void value_put(FILE *to, const json_t *value, unsigned depth)
{
    char text[REAL_TEXT_SIZE];
    if (json_is_real(value)) {
        fwrite(text, 1, real_text_put(text, json_real_value(value)), to);
    } else if (json_is_object(value) && depth < JSON_DEPTH) {
        value_put_object(to, (json_t *)(uintptr_t)value, depth + 1);
    } else if (json_is_array(value) && depth < JSON_DEPTH) {
        putc('[', to);
        for (size_t i = 0; i < json_array_size(value); i++) {
            fputs(i > 0 ? "," : "", to);
            value_put(to, json_array_get(value, i), depth + 1);
        }
        putc(']', to);
    } else {
        json_dumpf(value, to, JSON_ENCODE_ANY | JSON_COMPACT);
    }
}

void value_put_json(FILE *to, const json_t *value)
{
    value_put(to, value, 0);
}

void value_put_line(FILE *to, const json_t *value)
{
    value_put(to, value, 0);
    putc('\n', to);
}
