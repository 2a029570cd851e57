/* The forms of files, row by row to the lanes. */
#include "cli/import.h"

#include "cli/terminal.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define VERB "import"
#define LINE_BYTES_MAX ((size_t)8 << 20)
#define LINE_BYTES_FIRST (2 * INPUT_PIECE)
#define COMMANDS_BYTES ((size_t)512 << 10)

/* ---- which form -------------------------------------------------------------------------------
 */
enum import_form import_form_of(const char *name, struct bytes head)
{
    static const struct {
        const char *end;
        enum import_form form;
    } ends[] = {{".csv", FORM_CSV},       {".tsv", FORM_CSV},      {".txt", FORM_CSV},
                {".ndjson", FORM_NDJSON}, {".jsonl", FORM_NDJSON}, {".json", FORM_NDJSON},
                {".lp", FORM_LINES},      {".line", FORM_LINES},   {".influx", FORM_LINES}};
    char plain[256];
    snprintf(plain, sizeof plain, "%s", name);
    size_t size = strlen(plain);
    if (size > 3 && strcmp(plain + size - 3, ".gz") == 0)
        plain[size -= 3] = 0;
    else if (size > 4 && strcmp(plain + size - 4, ".zst") == 0)
        plain[size -= 4] = 0;
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
        size_t end = strlen(ends[i].end);
        if (size > end && strcmp(plain + size - end, ends[i].end) == 0)
            return ends[i].form;
    }
    return head.size > 0 && head.at[0] == '{' ? FORM_NDJSON : FORM_CSV;
}

/* ---- CSV --------------------------------------------------------------------------------------
 */
struct csv_file {
    struct import *import;
    struct csv_reader *reader;
    struct import_rows *rows;
    bool over;    /* of the input */
    bool stopped; /* by a fault that was printed */
};

static bool csv_read_more(struct csv_file *file)
{
    struct bytes piece;
    enum err err = import_input_next(file->import->input, &piece);
    if (err != OK) {
        fail(VERB, "%s cannot be read: %s", file->import->name, err_text(err));
        return false;
    }
    file->over = piece.size == 0;
    if (file->over)
        csv_end(file->reader);
    else
        csv_feed(file->reader, piece);
    return true;
}

/* The next record or fault; false: the end (file->over), or it cannot be read. */
static bool csv_record_next(struct csv_file *file, enum csv_step *ret_step,
                            struct csv_record *ret_record)
{
    while ((*ret_step = csv_next(file->reader, ret_record)) == CSV_STEP_MORE) {
        if (file->over)
            return false;
        if (!csv_read_more(file)) {
            file->stopped = true;
            return false;
        }
    }
    return true;
}

/* The header comes from the beginning of the file, wherever reading goes on then. */
static bool csv_header(struct csv_file *file)
{
    struct import *import = file->import;
    struct bytes piece;
    struct csv_record header;
    enum csv_step step;
    char fault[256];
    enum err err = import_input_next(import->input, &piece);
    if (err != OK)
        return fail(VERB, "%s cannot be read: %s", import->name, err_text(err)), false;
    uint8_t separator = import->separator;
    if (separator == 0)
        separator = csv_separator_guess(piece);
    if (csv_reader_create(separator, false, &file->reader) != OK)
        return fail(VERB, "out of memory"), false;
    csv_feed(file->reader, piece);
    if (!csv_record_next(file, &step, &header)) {
        if (!file->stopped)
            fail(VERB, "%s is empty", import->name);
        return false;
    }
    if (step == CSV_STEP_FAULT)
        return fail(VERB, "%s, line %llu: %s", import->name, (unsigned long long)header.line,
                    csv_fault_text(header.fault)),
               false;
    if (!import_rows_create(&import->rows, &header, fault, &file->rows))
        return fail(VERB, "%s: %s", import->name, fault), false;
    if (import->next.bytes == 0) {
        import->next.bytes = header.bytes;
        import->next.line = header.lines;
    }
    return true;
}

/* To where an earlier run came. */
static bool csv_go_on(struct csv_file *file)
{
    struct import *import = file->import;
    uint8_t separator = import->separator;
    struct bytes piece;
    import_input_close(import->input);
    import->input = NULL;
    enum err err = import_input_open(import->name, &import->input);
    if (err == OK && separator == 0) {
        err = import_input_next(import->input, &piece);
        separator = csv_separator_guess(piece);
        import_input_close(import->input);
        import->input = NULL;
        if (err == OK)
            err = import_input_open(import->name, &import->input);
    }
    if (err == OK)
        err = import_input_skip(import->input, import->next.bytes);
    csv_reader_destroy(file->reader);
    file->reader = NULL;
    if (err == OK)
        err = csv_reader_create(separator, false, &file->reader);
    if (err != OK)
        return fail(VERB, "%s cannot be read again: %s", import->name, err_text(err)), false;
    csv_reader_place(file->reader, import->next.line, import->next.bytes);
    csv_feed(file->reader, bytes_of("", 0));
    file->over = false;
    return true;
}

struct csv_row {
    struct import *import;
    uint64_t tag;
};

static bool csv_sample(void *arg, const struct import_sample *sample)
{
    const struct csv_row *row = arg;
    struct import *import = row->import;
    return import_send_put(import->send, sample->hash, &import->next, row->tag, sample->line, 1);
}

static bool csv_rows(struct csv_file *file)
{
    struct import *import = file->import;
    struct csv_record record;
    enum csv_step step;
    char fault[256];
    while (csv_record_next(file, &step, &record)) {
        struct csv_row row = {.import = import, .tag = import_tag(import, record.line)};
        if (step == CSV_STEP_FAULT)
            import_refuse(import, row.tag, "", "csv", csv_fault_text(record.fault));
        else if (!import_rows_take(file->rows, &record, import->next.row, &import->missing,
                                   csv_sample, &row, fault))
            import_refuse(import, row.tag, "", "row", fault);
        import->next.bytes = record.bytes;
        import->next.line = record.lines;
        import->next.row++;
        import->rows_read++;
        if (!import_goes_on(import))
            return false;
    }
    return !file->stopped;
}

/* ---- types ------------------------------------------------------------------------------------
 */
/* A file that says types is read once before: integers would become float64 points otherwise. */
struct typed {
    uint64_t *seen; /* hashes of paths, a table of a power of two */
    size_t count, capacity;
    char *text;
    size_t size;
    FILE *to;
};

static bool typed_is_new(struct typed *typed, uint64_t hash)
{
    hash |= 1;
    if (2 * typed->count >= typed->capacity) {
        size_t capacity = typed->capacity == 0 ? 1024 : 2 * typed->capacity;
        uint64_t *grown = calloc(capacity, sizeof *grown);
        if (grown == NULL)
            return false;
        for (size_t i = 0; i < typed->capacity; i++)
            for (size_t at = typed->seen[i] & (capacity - 1); typed->seen[i] != 0;
                 at = (at + 1) & (capacity - 1))
                if (grown[at] == 0) {
                    grown[at] = typed->seen[i];
                    break;
                }
        free(typed->seen);
        typed->seen = grown;
        typed->capacity = capacity;
    }
    for (size_t at = hash & (typed->capacity - 1);; at = (at + 1) & (typed->capacity - 1)) {
        if (typed->seen[at] == hash)
            return false;
        if (typed->seen[at] == 0) {
            typed->seen[at] = hash;
            typed->count++;
            return true;
        }
    }
}

static bool typed_send(struct import *import, struct typed *typed, bool all)
{
    fflush(typed->to);
    if (typed->size == 0 || (!all && typed->size < COMMANDS_BYTES))
        return true;
    bool good = import_send_commands(import->send, bytes_of(typed->text, typed->size));
    rewind(typed->to);
    fflush(typed->to);
    typed->size = 0;
    return good;
}

static bool typed_row(struct typed *typed, struct bytes path, struct bytes type)
{
    uint8_t known;
    json_t *text, *word;
    if (!value_type_parse(type, &known) || !typed_is_new(typed, hash64(path.at, path.size, 0)))
        return true;
    text = json_stringn((const char *)path.at, path.size);
    word = json_stringn((const char *)type.at, type.size);
    json_t *command = json_pack("{s:s,s:O,s:O}", "command", "create", "path", text, "type", word);
    if (command != NULL) {
        json_dumpf(command, typed->to, JSON_COMPACT);
        fputc('\n', typed->to);
    }
    json_decref(command);
    json_decref(text);
    json_decref(word);
    return !ferror(typed->to);
}

static bool csv_types(struct csv_file *file)
{
    struct import *import = file->import;
    struct typed typed = {0};
    struct csv_record record;
    struct bytes path, type;
    enum csv_step step;
    typed.to = open_memstream(&typed.text, &typed.size);
    bool good = typed.to != NULL;
    while (good && csv_record_next(file, &step, &record)) {
        if (step == CSV_STEP_RECORD && import_rows_type(file->rows, &record, &path, &type))
            good = typed_row(&typed, path, type) && typed_send(import, &typed, false);
        progress_show(&import->progress, "looking for types", import_input_read(import->input),
                      import_input_all(import->input), "");
        good = good && !stop_wanted();
    }
    good = good && !file->stopped && typed_send(import, &typed, true);
    if (typed.to != NULL)
        fclose(typed.to);
    free(typed.text);
    free(typed.seen);
    return good;
}

bool import_csv(struct import *import)
{
    struct csv_file file = {.import = import};
    uint64_t from = import->next.bytes;
    bool good = csv_header(&file);
    bool typed = good && import_rows_typed(file.rows) && import_input_identity(import->input) != 0;
    if (good && typed && from == 0)
        good = csv_types(&file);
    if (good && (from > 0 || typed))
        good = csv_go_on(&file);
    if (good)
        good = csv_rows(&file);
    import_rows_destroy(file.rows);
    csv_reader_destroy(file.reader);
    return good;
}

/* ---- lines ------------------------------------------------------------------------------------
 */
struct line_file {
    struct import *import;
    bool line_protocol;
    char *at; /* what was read and not yet taken */
    size_t size, taken, capacity;
    bool over;
    char *commands;
    size_t commands_size;
};

/* Bytes of the first whole line, with its line feed, 0 when its end is not there yet. A string of
 * line protocol may hold line feeds; it begins with a quote behind an '='. */
static size_t line_size(const struct line_file *file)
{
    const char *at = file->at + file->taken;
    size_t size = file->size - file->taken;
    const char *end = memchr(at, '\n', size);
    if (end == NULL)
        return file->over ? size : 0;
    if (!file->line_protocol || at[0] == '#' || memchr(at, '"', (size_t)(end - at)) == NULL)
        return (size_t)(end - at) + 1;
    bool fields = false, text = false;
    for (size_t i = 0; i < size; i++) {
        if (at[i] == '\\' && i + 1 < size && at[i + 1] != '\n')
            i++;
        else if (text)
            text = at[i] != '"';
        else if (at[i] == '\n')
            return i + 1;
        else if (!fields)
            fields = at[i] == ' ';
        else
            text = at[i] == '"' && i > 0 && at[i - 1] == '=';
    }
    return file->over ? size : 0;
}

static bool line_read_more(struct line_file *file)
{
    struct bytes piece;
    memmove(file->at, file->at + file->taken, file->size - file->taken);
    file->size -= file->taken;
    file->taken = 0;
    enum err err = import_input_next(file->import->input, &piece);
    if (err != OK)
        return fail(VERB, "%s cannot be read: %s", file->import->name, err_text(err)), false;
    file->over = piece.size == 0;
    if (file->size + piece.size + 1 > file->capacity) { /* one more: a last line gets its end */
        size_t capacity = 2 * (file->size + piece.size);
        char *at = file->size <= LINE_BYTES_MAX ? realloc(file->at, capacity) : NULL;
        if (at == NULL)
            return fail(VERB, "%s, line %llu: longer than 8 MiB", file->import->name,
                        (unsigned long long)file->import->next.line + 1),
                   false;
        file->at = at;
        file->capacity = capacity;
    }
    if (piece.size > 0)
        memcpy(file->at + file->size, piece.at, piece.size);
    file->size += piece.size;
    return true;
}

/* Which point, or series, a line is about; so that its lines stay in order. */
static uint64_t line_hash(const struct line_file *file, struct bytes line)
{
    static const char name[] = "\"path\"";
    if (file->line_protocol) {
        size_t size = 0;
        while (size < line.size && line.at[size] != ' ')
            size += line.at[size] == '\\' ? 2 : 1;
        return hash64(line.at, size < line.size ? size : line.size, 0);
    }
    const uint8_t *at = memmem(line.at, line.size, name, sizeof name - 1);
    const uint8_t *end = line.at + line.size;
    at =
        at != NULL ? memchr(at + sizeof name - 1, '"', (size_t)(end - at) - sizeof name + 1) : NULL;
    const uint8_t *close = at != NULL ? memchr(at + 1, '"', (size_t)(end - at - 1)) : NULL;
    return close != NULL ? hash64(at + 1, (size_t)(close - at - 1), 0) : 0;
}

/* Commands are gathered while they follow each other. */
static bool commands_flush(struct line_file *file)
{
    bool good =
        file->commands_size == 0 ||
        import_send_commands(file->import->send, bytes_of(file->commands, file->commands_size));
    file->commands_size = 0;
    return good;
}

static bool commands_take(struct line_file *file, struct bytes line)
{
    if (file->commands_size + line.size > COMMANDS_BYTES && !commands_flush(file))
        return false;
    if (file->commands == NULL)
        file->commands = malloc(COMMANDS_BYTES + LINE_BYTES_MAX);
    if (file->commands == NULL || line.size > LINE_BYTES_MAX)
        return fail(VERB, "out of memory"), false;
    memcpy(file->commands + file->commands_size, line.at, line.size);
    file->commands_size += line.size;
    file->import->holding = true;
    return true;
}

static bool line_is_blank(struct bytes line, bool line_protocol)
{
    if (line_protocol && line.size > 0 && line.at[0] == '#')
        return true;
    for (size_t i = 0; i < line.size; i++)
        if (line.at[i] != ' ' && line.at[i] != '\r' && line.at[i] != '\n' && line.at[i] != '\t')
            return false;
    return true;
}

/* Values of a line: of line protocol one more than the commas outside of names and strings, about.
 */
static uint32_t line_values(struct bytes line, bool line_protocol)
{
    uint32_t values = 1;
    size_t i = 0;
    bool text = false;
    if (!line_protocol)
        return 1;
    for (; i < line.size && line.at[i] != ' '; i++)
        i += line.at[i] == '\\';
    for (; i < line.size; i++) {
        i += line.at[i] == '\\';
        text ^= i < line.size && line.at[i] == '"';
        values += !text && i < line.size && line.at[i] == ',';
    }
    return values;
}

static bool line_take(struct line_file *file, struct bytes line)
{
    static const char command[] = "{\"command\"";
    struct import *import = file->import;
    uint64_t tag = import_tag(import, import->next.line + 1);
    char end[] = "\n";
    bool good = true;
    if (!file->line_protocol && line.size > sizeof command &&
        memcmp(line.at, command, sizeof command - 1) == 0) {
        good = commands_take(file, line);
    } else if (!line_is_blank(line, file->line_protocol)) {
        uint32_t values = line_values(line, file->line_protocol);
        if (line.at[line.size - 1] != '\n') { /* the last one: there is room for one byte more */
            file->at[file->taken + line.size] = end[0];
            line.size++;
        }
        good = commands_flush(file) && import_send_put(import->send, line_hash(file, line),
                                                       &import->next, tag, line, values);
    }
    return good;
}

static bool lines_run(struct line_file *file)
{
    struct import *import = file->import;
    for (;;) {
        size_t size = line_size(file);
        if (size == 0) {
            if (file->over)
                return commands_flush(file);
            if (!line_read_more(file))
                return false;
            continue;
        }
        struct bytes line = bytes_of(file->at + file->taken, size);
        bool good = line_take(file, line);
        for (size_t i = 0; i < size; i++)
            import->next.line += line.at[i] == '\n';
        file->taken += size;
        import->next.bytes += size;
        import->next.row++;
        import->rows_read++;
        if (!good || !import_goes_on(import))
            return false;
    }
}

bool import_lines(struct import *import, bool line_protocol)
{
    struct line_file file = {.import = import,
                             .line_protocol = line_protocol,
                             .at = malloc(LINE_BYTES_FIRST),
                             .capacity = LINE_BYTES_FIRST};
    if (file.at == NULL)
        return fail(VERB, "out of memory"), false;
    enum err err =
        import->next.bytes > 0 ? import_input_skip(import->input, import->next.bytes) : OK;
    if (err != OK)
        fail(VERB, "%s is shorter than it was", import->name);
    bool good = err == OK && lines_run(&file);
    free(file.at);
    free(file.commands);
    return good;
}
