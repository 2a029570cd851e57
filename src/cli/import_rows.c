#include "cli/import_rows.h"

#include "wire/payload/payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAULT_SIZE 256
#define PATH_ROOM (3 * PATH_MAX_BYTES)
#define NONE SIZE_MAX

struct part { /* of the template: text, or a column's cell, or the field's name */
    enum { PART_TEXT, PART_CELL, PART_FIELD } kind;
    struct bytes text;
    size_t column;
};
struct column {
    struct bytes name;
    bool point; /* its cells are values */
    bool text;
    uint8_t *begin; /* {"path":"...","value": when the path is the same in every row */
    size_t begin_size, path_at, path_size;
    uint64_t hash;
};
struct import_rows {
    struct import_rows_config config;
    size_t count;
    struct column *columns;
    uint8_t *names; /* of all columns */
    struct part parts[64];
    size_t part_count;
    bool fixed; /* no cell in the template */
    size_t time[ROWS_TIME_COLUMNS], time_count;
    size_t path, value, quality, type; /* long form; NONE */
    size_t points;
    uint8_t path_room[PATH_ROOM], time_room[256], value_room[3 * STRING_VALUE_MAX + 16];
    uint8_t line[ROWS_LINE_MAX + 3 * STRING_VALUE_MAX];
};

/* ---- JSON -------------------------------------------------------------------------------------
 */
/* A text in quotes; returns its size. out[6 * text.size + 2]. */
static size_t json_text(struct bytes text, uint8_t *out)
{
    static const char digits[] = "0123456789abcdef";
    size_t size = 0;
    out[size++] = '"';
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.at[i];
        if (byte == '"' || byte == '\\') {
            out[size++] = '\\';
            out[size++] = byte;
        } else if (byte < 0x20) {
            memcpy(out + size, "\\u00", 4);
            out[size + 4] = (uint8_t)digits[byte >> 4];
            out[size + 5] = (uint8_t)digits[byte & 15];
            size += 6;
        } else {
            out[size++] = byte;
        }
    }
    out[size++] = '"';
    return size;
}

static bool is_digit(struct bytes text, size_t at)
{
    return at < text.size && text.at[at] >= '0' && text.at[at] <= '9';
}

/* A number as people write it (+1, .5, 5., 007 is none) as JSON has it, into out[size + 2]; 0: it
 * is none. comma: what stands before the fraction. */
static size_t json_number(struct bytes text, uint8_t comma, uint8_t *out)
{
    size_t at = 0, size = 0;
    bool digits = false;
    if (at < text.size && (text.at[at] == '-' || text.at[at] == '+'))
        if (text.at[at++] == '-')
            out[size++] = '-';
    if (is_digit(text, at) && text.at[at] == '0' && is_digit(text, at + 1))
        return 0;
    if (!is_digit(text, at))
        out[size++] = '0';
    for (; is_digit(text, at); digits = true)
        out[size++] = text.at[at++];
    if (at < text.size && text.at[at] == comma) {
        bool fraction = is_digit(text, ++at);
        if (fraction)
            out[size++] = '.';
        for (; is_digit(text, at); digits = true)
            out[size++] = text.at[at++];
    }
    if (!digits)
        return 0;
    if (at < text.size && (text.at[at] == 'e' || text.at[at] == 'E')) {
        out[size++] = text.at[at++];
        if (at < text.size && (text.at[at] == '-' || text.at[at] == '+'))
            out[size++] = text.at[at++];
        if (!is_digit(text, at))
            return 0;
        while (is_digit(text, at))
            out[size++] = text.at[at++];
    }
    return at == text.size ? size : 0;
}

static bool text_is(struct bytes text, const char *word)
{
    return bytes_equal(text, bytes_text(word));
}

static struct bytes trimmed(struct bytes text)
{
    while (text.size > 0 && (text.at[0] == ' ' || text.at[0] == '\t'))
        text = bytes_of(text.at + 1, text.size - 1);
    while (text.size > 0 && (text.at[text.size - 1] == ' ' || text.at[text.size - 1] == '\t'))
        text.size--;
    return text;
}

/* ---- values -----------------------------------------------------------------------------------
 */
static bool cell_is_missing(const struct import_rows *rows, struct bytes cell, bool quoted)
{
    static const char *const words[] = {"NaN", "nan", "NAN", "null", "NULL"};
    if (cell.size == 0)
        return !quoted;
    for (size_t i = 0; i < rows->config.missing_count; i++)
        if (text_is(cell, rows->config.missing[i]))
            return true;
    for (size_t i = 0; i < ARRAY_COUNT(words) && !quoted; i++)
        if (text_is(cell, words[i]))
            return true;
    return false;
}

/* The cell as JSON, in value_room; at NULL with a sentence: it cannot be a value. */
static struct bytes cell_value(struct import_rows *rows, struct bytes cell, bool text, char *fault)
{
    uint8_t *out = rows->value_room;
    struct bytes bare = trimmed(cell);
    if (!text && bare.size <= INT16_MAX && bare.size + 2 <= sizeof rows->value_room) {
        size_t size = json_number(bare, rows->config.decimal_comma ? ',' : '.', out);
        if (size > 0)
            return bytes_of(out, size);
        if (text_is(bare, "true") || text_is(bare, "TRUE") || text_is(bare, "True"))
            return bytes_text("true");
        if (text_is(bare, "false") || text_is(bare, "FALSE") || text_is(bare, "False"))
            return bytes_text("false");
    }
    if (cell.size > STRING_VALUE_MAX || !bytes_are_utf8(cell)) {
        snprintf(fault, FAULT_SIZE,
                 cell.size > STRING_VALUE_MAX ? "a text has at most 4096 bytes"
                                              : "a text is not UTF-8");
        return bytes_of(NULL, 0);
    }
    size_t most = 0;
    for (size_t i = 0; i < cell.size; i++)
        most += cell.at[i] < 0x20 ? 6 : cell.at[i] == '"' || cell.at[i] == '\\' ? 2 : 1;
    if (most + 2 > sizeof rows->value_room) {
        snprintf(fault, FAULT_SIZE, "a text has too many control characters");
        return bytes_of(NULL, 0);
    }
    return bytes_of(out, json_text(cell, out));
}

/* ---- the template -----------------------------------------------------------------------------
 */
static size_t column_find(const struct import_rows *rows, struct bytes name)
{
    for (size_t i = 0; i < rows->count; i++)
        if (bytes_equal(rows->columns[i].name, name))
            return i;
    return NONE;
}

static size_t column_named(const struct import_rows *rows, const char *name)
{
    return column_find(rows, bytes_text(name));
}

static bool part_add(struct import_rows *rows, const struct part *part, char *fault)
{
    if (rows->part_count == ARRAY_COUNT(rows->parts)) {
        snprintf(fault, FAULT_SIZE, "--path has too many parts");
        return false;
    }
    rows->parts[rows->part_count++] = *part;
    return true;
}

/* "plant/{machine}/{field}": {field} and {} are the name of the column whose value it is. */
static bool template_parse(struct import_rows *rows, char *fault)
{
    const char *at = rows->config.path;
    bool field = false;
    rows->fixed = true;
    while (*at != 0) {
        struct part part = {.kind = PART_TEXT, .text = bytes_of(at, strcspn(at, "{}"))};
        if (part.text.size > 0) {
            if (!part_add(rows, &part, fault))
                return false;
            at += part.text.size;
            continue;
        }
        const char *end = *at == '{' ? strchr(at, '}') : NULL;
        if (end == NULL) {
            snprintf(fault, FAULT_SIZE, "--path \"%.100s\": a brace has no partner",
                     rows->config.path);
            return false;
        }
        struct bytes name = bytes_of(at + 1, (size_t)(end - at - 1));
        part.column = column_find(rows, name);
        part.kind = part.column != NONE ? PART_CELL : PART_FIELD;
        if (part.kind == PART_FIELD && name.size > 0 && !text_is(name, "field")) {
            snprintf(fault, FAULT_SIZE, "--path names {%.*s}, and there is no such column",
                     name.size < 80 ? (int)name.size : 80, (const char *)name.at);
            return false;
        }
        field |= part.kind == PART_FIELD;
        rows->fixed = rows->fixed && part.kind != PART_CELL;
        if (!part_add(rows, &part, fault))
            return false;
        at = end + 1;
    }
    if (!field)
        snprintf(fault, FAULT_SIZE,
                 "--path \"%.100s\" says nowhere which column it is: {field} stands for its name",
                 rows->config.path);
    return field;
}

static bool path_append(struct import_rows *rows, size_t *size, struct bytes text, bool escape)
{
    size_t most = escape ? 3 * text.size : text.size;
    if (*size + most > sizeof rows->path_room)
        return false;
    if (escape) {
        *size += payload_key_escape(text, rows->path_room + *size);
    } else {
        memcpy(rows->path_room + *size, text.at, text.size);
        *size += text.size;
    }
    return true;
}

/* The path of a column's point, in path_room. */
static bool path_make(struct import_rows *rows, const struct csv_record *record, size_t column,
                      struct bytes *ret_path, char *fault)
{
    size_t size = 0;
    bool good = true;
    for (size_t i = 0; i < rows->part_count && good; i++) {
        const struct part *part = &rows->parts[i];
        struct bytes text = part->text;
        if (part->kind == PART_FIELD)
            text = rows->columns[column].name;
        else if (part->kind == PART_CELL)
            text = trimmed(record->fields[part->column]);
        if (part->kind == PART_CELL && text.size == 0) {
            struct bytes name = rows->columns[part->column].name;
            snprintf(fault, FAULT_SIZE, "the column %.*s, which is part of the path, is empty",
                     name.size < 80 ? (int)name.size : 80, (const char *)name.at);
            return false;
        }
        good = path_append(rows, &size, text, part->kind != PART_TEXT);
    }
    if (!good || !bytes_are_utf8(bytes_of(rows->path_room, size))) {
        snprintf(fault, FAULT_SIZE, good ? "the path is not UTF-8" : "the path is too long");
        return false;
    }
    *ret_path = bytes_of(rows->path_room, size);
    return true;
}

/* ---- columns ----------------------------------------------------------------------------------
 */
static bool list_has(const char *list, struct bytes name)
{
    while (list != NULL && *list != 0) {
        size_t size = strcspn(list, ",");
        if (bytes_equal(trimmed(bytes_of(list, size)), name))
            return true;
        list += size + (list[size] == ',');
    }
    return false;
}

/* Each name of a list is that of a column. */
static bool list_is_known(const struct import_rows *rows, const char *option, const char *list,
                          char *fault)
{
    while (list != NULL && *list != 0) {
        size_t size = strcspn(list, ",");
        struct bytes name = trimmed(bytes_of(list, size));
        if (column_find(rows, name) == NONE) {
            snprintf(fault, FAULT_SIZE, "%s names \"%.*s\", and there is no such column", option,
                     name.size < 80 ? (int)name.size : 80, (const char *)name.at);
            return false;
        }
        list += size + (list[size] == ',');
    }
    return true;
}

static bool columns_copy(struct import_rows *rows, const struct csv_record *header, char *fault)
{
    size_t size = 0;
    for (size_t i = 0; i < header->count; i++)
        size += header->fields[i].size + 1;
    rows->count = header->count;
    rows->columns = calloc(header->count, sizeof *rows->columns);
    rows->names = malloc(size);
    if (rows->columns == NULL || rows->names == NULL) {
        snprintf(fault, FAULT_SIZE, "out of memory");
        return false;
    }
    uint8_t *at = rows->names;
    for (size_t i = 0; i < header->count; i++) {
        struct bytes name = trimmed(header->fields[i]);
        if (name.size > 0)
            memcpy(at, name.at, name.size);
        rows->columns[i].name = bytes_of(at, name.size);
        at += name.size;
    }
    return true;
}

static bool time_find(struct import_rows *rows, char *fault)
{
    const struct import_rows_config *config = &rows->config;
    for (size_t i = 0; i < config->time_count; i++) {
        rows->time[i] = column_named(rows, config->time[i]);
        if (rows->time[i] == NONE) {
            snprintf(fault, FAULT_SIZE, "--time names \"%.80s\", and there is no such column",
                     config->time[i]);
            return false;
        }
    }
    rows->time_count = config->time_count;
    static const char *const usual[] = {"time", "Time", "timestamp", "Timestamp", "datetime"};
    for (size_t i = 0; i < ARRAY_COUNT(usual) && rows->time_count == 0 && config->step_ns == 0; i++)
        if ((rows->time[0] = column_named(rows, usual[i])) != NONE)
            rows->time_count = 1;
    if (rows->time_count == 0 && config->step_ns == 0) {
        snprintf(fault, FAULT_SIZE,
                 "no column is called time: --time names it, or --start and --step say when the "
                 "rows were");
        return false;
    }
    return true;
}

/* What is neither time nor part of the path, nor told to be left out, is a point. */
static void points_mark(struct import_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++) {
        struct column *column = &rows->columns[i];
        bool used = column->name.size == 0;
        for (size_t j = 0; j < rows->time_count; j++)
            used |= rows->time[j] == i;
        for (size_t j = 0; j < rows->part_count; j++)
            used |= rows->parts[j].kind == PART_CELL && rows->parts[j].column == i;
        column->text = list_has(rows->config.text, column->name);
        column->point =
            !used && !list_has(rows->config.skip, column->name) &&
            (rows->config.columns == NULL || list_has(rows->config.columns, column->name));
        rows->points += column->point;
    }
}

/* {"path":"...","value": of a path. */
static size_t line_begin(uint8_t *out, struct bytes path)
{
    static const char before[] = "{\"path\":", after[] = ",\"value\":";
    size_t size = sizeof before - 1;
    memcpy(out, before, size);
    size += json_text(path, out + size);
    memcpy(out + size, after, sizeof after - 1);
    return size + sizeof after - 1;
}

static bool columns_prepare(struct import_rows *rows, char *fault)
{
    for (size_t i = 0; i < rows->count; i++) {
        struct column *column = &rows->columns[i];
        struct bytes path;
        if (!column->point || !rows->fixed)
            continue;
        if (!path_make(rows, NULL, i, &path, fault))
            return false;
        column->begin = malloc(6 * path.size + 64 + path.size);
        if (column->begin == NULL) {
            snprintf(fault, FAULT_SIZE, "out of memory");
            return false;
        }
        column->begin_size = line_begin(column->begin, path);
        column->path_at = column->begin_size;
        column->path_size = path.size;
        memcpy(column->begin + column->path_at, path.at, path.size);
        column->hash = hash64(path.at, path.size, 0);
    }
    return true;
}

static bool wide_prepare(struct import_rows *rows, char *fault)
{
    const struct import_rows_config *config = &rows->config;
    if (!template_parse(rows, fault) || !time_find(rows, fault) ||
        !list_is_known(rows, "--columns", config->columns, fault) ||
        !list_is_known(rows, "--skip", config->skip, fault) ||
        !list_is_known(rows, "--text", config->text, fault))
        return false;
    points_mark(rows);
    if (rows->points == 0) {
        snprintf(fault, FAULT_SIZE, "no column is left that could be a point");
        return false;
    }
    return columns_prepare(rows, fault);
}

static bool long_prepare(struct import_rows *rows, char *fault)
{
    rows->path = column_named(rows, "path");
    rows->value = column_named(rows, "value");
    rows->quality = column_named(rows, "quality");
    rows->type = column_named(rows, "type");
    if (rows->path == NONE || rows->value == NONE) {
        snprintf(fault, FAULT_SIZE,
                 "there are no columns path and value: --path says which points the columns are, "
                 "as --path 'plant/line-1/{field}'");
        return false;
    }
    return time_find(rows, fault);
}

bool import_rows_create(const struct import_rows_config *config, const struct csv_record *header,
                        char *fault, struct import_rows **ret_rows)
{
    struct import_rows *rows = calloc(1, sizeof *rows);
    if (rows == NULL) {
        snprintf(fault, FAULT_SIZE, "out of memory");
        return false;
    }
    rows->config = *config;
    rows->path = rows->value = rows->quality = rows->type = NONE;
    bool good = columns_copy(rows, header, fault) &&
                (config->path != NULL ? wide_prepare(rows, fault) : long_prepare(rows, fault));
    if (good)
        *ret_rows = rows;
    else
        import_rows_destroy(rows);
    return good;
}

void import_rows_destroy(struct import_rows *rows)
{
    if (rows == NULL)
        return;
    for (size_t i = 0; rows->columns != NULL && i < rows->count; i++)
        free(rows->columns[i].begin);
    free(rows->columns);
    free(rows->names);
    free(rows);
}

/* ---- rows -------------------------------------------------------------------------------------
 */
static bool row_time(struct import_rows *rows, const struct csv_record *record, uint64_t row,
                     int64_t *ret_ns, char *fault)
{
    const struct import_rows_config *config = &rows->config;
    size_t size = 0;
    if (rows->time_count == 0) {
        int64_t offset;
        if (row > INT64_MAX || __builtin_mul_overflow((int64_t)row, config->step_ns, &offset) ||
            __builtin_add_overflow(config->start_ns, offset, ret_ns) || *ret_ns >= TIME_MAX_NS) {
            snprintf(fault, FAULT_SIZE, "--start and --step lead beyond the year 2200");
            return false;
        }
        return true;
    }
    for (size_t i = 0; i < rows->time_count; i++) {
        struct bytes cell = record->fields[rows->time[i]];
        if (size + cell.size + 1 > sizeof rows->time_room)
            cell.size = 0;
        if (i > 0)
            rows->time_room[size++] = ' ';
        memcpy(rows->time_room + size, cell.at, cell.size);
        size += cell.size;
    }
    if (import_time_read(config->format, bytes_of(rows->time_room, size), ret_ns))
        return true;
    snprintf(fault, FAULT_SIZE,
             "\"%.*s\" is no time as --time-format says, or outside 1970 to 2200",
             size < 60 ? (int)size : 60, (const char *)rows->time_room);
    return false;
}

/* ,"time":1700000000000000000}\n; early ones as text, for a small number would be taken for
 * microseconds. */
static size_t line_end(int64_t time_ns, struct bytes quality, uint8_t *out)
{
    char text[TIME_TEXT_SIZE];
    int size = time_ns >= INT64_C(100000000000000000)
                   ? snprintf((char *)out, 64, ",\"time\":%lld", (long long)time_ns)
                   : snprintf((char *)out, 64, ",\"time\":\"%s\"", time_format(time_ns, text));
    size_t used = (size_t)size;
    if (quality.size > 0) {
        memcpy(out + used, ",\"quality\":", 11);
        used += 11;
        used += json_text(quality, out + used);
    }
    out[used++] = '}';
    out[used++] = '\n';
    return used;
}

static bool sample_tell(struct import_rows *rows, const struct column *column, struct bytes path,
                        struct bytes value, int64_t time_ns, struct bytes end, import_each *each,
                        void *arg)
{
    struct import_sample sample = {.path = path, .value = value, .time_ns = time_ns};
    size_t size;
    if (column->begin != NULL) {
        memcpy(rows->line, column->begin, column->begin_size);
        size = column->begin_size;
        sample.path = bytes_of(column->begin + column->path_at, column->path_size);
        sample.hash = column->hash;
    } else {
        size = line_begin(rows->line, path);
        sample.hash = hash64(path.at, path.size, 0);
    }
    memcpy(rows->line + size, value.at, value.size);
    size += value.size;
    memcpy(rows->line + size, end.at, end.size);
    sample.line = bytes_of(rows->line, size + end.size);
    return each(arg, &sample);
}

static bool wide_take(struct import_rows *rows, const struct csv_record *record, int64_t time_ns,
                      uint64_t *missing, import_each *each, void *arg, char *fault)
{
    uint8_t end[160];
    char why[FAULT_SIZE];
    bool good = true;
    struct bytes tail = bytes_of(end, line_end(time_ns, bytes_of(NULL, 0), end));
    for (size_t i = 0; i < rows->count; i++) {
        const struct column *column = &rows->columns[i];
        struct bytes path = {0}, value = bytes_text("null");
        if (!column->point)
            continue;
        bool none =
            cell_is_missing(rows, trimmed(record->fields[i]), record->quoted[i] && column->text);
        *missing += none;
        if (none && !rows->config.missing_bad)
            continue;
        if (!none)
            value = cell_value(rows, record->fields[i], column->text, why);
        if (value.at == NULL || (!rows->fixed && !path_make(rows, record, i, &path, why))) {
            if (good)
                snprintf(fault, FAULT_SIZE, "column %.*s: %.120s",
                         column->name.size < 80 ? (int)column->name.size : 80,
                         (const char *)column->name.at, why);
            good = false;
            continue;
        }
        if (!sample_tell(rows, column, path, value, time_ns, tail, each, arg))
            break;
    }
    return good;
}

static bool long_take(struct import_rows *rows, const struct csv_record *record, int64_t time_ns,
                      uint64_t *missing, import_each *each, void *arg, char *fault)
{
    static const struct column loose = {.point = true};
    uint8_t end[160 + 6 * 128];
    struct bytes path = record->fields[rows->path], cell = record->fields[rows->value];
    struct bytes quality = {0}, value = bytes_text("null");
    bool text = rows->type != NONE && text_is(trimmed(record->fields[rows->type]), "string");
    bool quoted = record->quoted[rows->value] && (text || rows->type == NONE);
    if (rows->quality != NONE)
        quality = trimmed(record->fields[rows->quality]);
    bool stated = quality.size > 0 && !text_is(quality, "good");
    bool none = cell_is_missing(rows, text ? cell : trimmed(cell), quoted);
    if (path.size == 0 || path.size > PATH_MAX_BYTES || quality.size > 100 ||
        !bytes_are_utf8(path) || !bytes_are_utf8(quality)) {
        snprintf(fault, FAULT_SIZE, "the path or the quality is empty, too long or not UTF-8");
        return false;
    }
    *missing += none && !stated;
    if (none && !stated && !rows->config.missing_bad)
        return true;
    if (!none)
        value = cell_value(rows, cell, text, fault);
    if (value.at == NULL)
        return false;
    struct bytes tail = bytes_of(end, line_end(time_ns, quality, end));
    (void)sample_tell(rows, &loose, path, value, time_ns, tail, each, arg);
    return true;
}

bool import_rows_take(struct import_rows *rows, const struct csv_record *record, uint64_t row,
                      uint64_t *missing, import_each *each, void *arg, char *fault)
{
    int64_t time_ns;
    if (record->count != rows->count) {
        snprintf(fault, FAULT_SIZE, "%zu fields, and the header has %zu", record->count,
                 rows->count);
        return false;
    }
    if (!row_time(rows, record, row, &time_ns, fault))
        return false;
    return rows->config.path != NULL ? wide_take(rows, record, time_ns, missing, each, arg, fault)
                                     : long_take(rows, record, time_ns, missing, each, arg, fault);
}

bool import_rows_type(const struct import_rows *rows, const struct csv_record *record,
                      struct bytes *ret_path, struct bytes *ret_type)
{
    if (rows->type == NONE || record->count != rows->count)
        return false;
    *ret_path = record->fields[rows->path];
    *ret_type = trimmed(record->fields[rows->type]);
    return true;
}

bool import_rows_typed(const struct import_rows *rows)
{
    return rows->type != NONE;
}
