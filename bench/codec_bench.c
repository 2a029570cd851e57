/* What the codecs of the history store take: bytes a value, and nanoseconds a value to write and to
 * read them, one thread.
 *
 *   codec_bench [--data FOLDER] [--rows N]
 *
 * First what a single metric takes all in: a walk of one decimal every ten seconds, its times
 * exact or with jitter, in chunks of 60, 360 and 4,096 rows. Then the demo's data (demo/data of the
 * tree, so run it there) and, with --data, each sub-folder of FOLDER that has .csv, .txt or .dat
 * files, or the same packed by zstd. Each file is a table: fields separated by commas, semicolons
 * or blanks; what is no number is a cell without a sample; tables of more than 256 columns are left
 * out (they lie on their side). Each stretch of N rows (default 4096) of a column is a chunk.
 * Bytes: the column with its summary, without times and header. Every chunk is compared with what
 * it was made of. */
#include <dirent.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "codec/codec.h"

#define COLUMNS_READ_MAX CHUNK_COLUMNS_MAX
#define FILES_MAX 256
#define WRITE_NS 400000 /* each chunk is written again and again for so long */
#define READ_NS 100000

struct table {
    uint32_t rows, columns, room;
    double *cells; /* by column: room doubles each */
};

struct total {
    uint64_t values, bytes, columns;
    double column_bytes; /* sum over columns of their bytes a value */
    double encode_ns, decode_ns, timed;
};

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "codec_bench: %s\n", what);
    exit(1);
}

/* The fields of a line; how many. */
static uint32_t line_split(char *line, char separator, char **fields)
{
    uint32_t count = 0;
    char *at = line;
    while (*at && count <= COLUMNS_READ_MAX) {
        while (separator == ' ' && *at == ' ')
            at++;
        if (!*at || *at == '\n' || *at == '\r')
            break;
        fields[count++] = at;
        const char *ends = separator == ' ' ? " \t\r\n" : separator == ';' ? ";\r\n" : ",\r\n";
        size_t size = strcspn(at, ends);
        at += size;
        if (*at)
            *at++ = 0;
    }
    return count;
}

static bool field_number(const char *field, double *ret_number)
{
    char *end;
    double number = strtod(field, &end);
    end += strspn(end, " \t\r\n");
    *ret_number = end == field || *end || !isfinite(number) ? NAN : number;
    return end != field && *end == 0;
}

static void table_grow(struct table *table)
{
    uint32_t room = table->room ? table->room * 2 : 4096;
    double *cells = malloc((size_t)room * table->columns * sizeof *cells);
    must(cells != NULL, "out of memory");
    for (uint32_t c = 0; c < table->columns && table->rows; c++)
        memcpy(cells + (size_t)c * room, table->cells + (size_t)c * table->room,
               table->rows * sizeof *cells);
    free(table->cells);
    table->cells = cells;
    table->room = room;
}

static bool table_read(const char *path, struct table *table)
{
    char command[1200], line[32768], *fields[COLUMNS_READ_MAX + 1];
    const char *dot = strrchr(path, '.');
    *table = (struct table){0};
    snprintf(command, sizeof command, "%s '%s'", dot && !strcmp(dot, ".zst") ? "zstd -dc" : "cat",
             path);
    FILE *file = popen(command, "r");
    must(file != NULL, "cannot start zstd");
    char separator = 0;
    while (fgets(line, sizeof line, file)) {
        if (!separator)
            separator = strchr(line, ';') ? ';' : strchr(line, ',') ? ',' : ' ';
        uint32_t count = line_split(line, separator, fields), numbers = 0;
        double number;
        if (count > COLUMNS_READ_MAX)
            continue;
        for (uint32_t c = 0; c < count; c++)
            numbers += field_number(fields[c], &number);
        if (numbers == 0)
            continue; /* a header */
        if (!table->columns)
            table->columns = count;
        if (table->rows == table->room)
            table_grow(table);
        for (uint32_t c = 0; c < table->columns; c++) {
            number = NAN;
            if (c < count)
                (void)field_number(fields[c], &number);
            table->cells[(size_t)c * table->room + table->rows] = number;
        }
        table->rows++;
    }
    pclose(file);
    return table->rows > 0;
}

struct room {
    struct chunk_encoder *encoder;
    struct chunk_column_reader reader;
    uint64_t words[CHUNK_ROWS_MAX], back[CHUNK_ROWS_MAX];
    uint8_t cells[CHUNK_ROWS_MAX], cells_back[CHUNK_ROWS_MAX];
    int64_t times[CHUNK_ROWS_MAX];
    uint8_t *bytes;
    size_t capacity;
};

static void decode(struct room *room, const struct chunk *chunk)
{
    must(chunk_column_open(chunk, 0, &room->reader) == OK, "a column does not open");
    must(chunk_column_read(&room->reader, 0, chunk->rows, room->back, room->cells_back, NULL) == OK,
         "a column does not decode");
}

/* One column of one stretch of rows. */
static void measure_column(struct room *room, const double *cells, uint32_t rows,
                           struct total *total)
{
    uint32_t values = 0;
    for (uint32_t i = 0; i < rows; i++) {
        room->cells[i] = isnan(cells[i]) ? CELL_NONE : CELL_VALUE;
        values += room->cells[i] == CELL_VALUE;
        double real = isnan(cells[i]) ? 0 : cells[i];
        memcpy(&room->words[i], &real, sizeof real);
        room->times[i] = (int64_t)i * NS_PER_S;
    }
    if (values == 0)
        return;
    struct chunk_column column = {.type = VALUE_FLOAT64, .words = room->words};
    if (values < rows)
        column.cells = room->cells;
    struct chunk_rows chunk_rows = {
        .rows = rows, .columns_count = 1, .times = room->times, .columns = &column};
    struct chunk chunk;
    size_t size = 0;
    uint32_t rounds = 0;
    int64_t began = cpu_ns(), took;
    do {
        must(chunk_encode(room->encoder, &chunk_rows, room->bytes, room->capacity, &size) == OK,
             "does not encode");
        rounds++;
    } while ((took = cpu_ns() - began) < WRITE_NS);
    total->encode_ns += (double)took / rounds;
    must(chunk_open(bytes_of(room->bytes, size), CHUNK_VERIFY, &chunk) == OK, "does not open");
    rounds = 0;
    began = cpu_ns();
    do {
        decode(room, &chunk);
        rounds++;
    } while ((took = cpu_ns() - began) < READ_NS);
    total->decode_ns += (double)took / rounds;
    must(memcmp(room->cells, room->cells_back, rows) == 0, "cells came back otherwise");
    must(memcmp(room->words, room->back, rows * sizeof room->words[0]) == 0,
         "values came back otherwise");
    size_t bytes = chunk.column_at[1] - chunk.column_at[0];
    total->values += values;
    total->timed += rows;
    total->bytes += bytes;
    total->columns++;
    total->column_bytes += (double)bytes / values;
}

static bool has_ending(const char *name, const char *ending)
{
    size_t size = strlen(name), tail = strlen(ending);
    return size >= tail && !strcmp(name + size - tail, ending);
}

static bool is_table(const char *name)
{
    static const char *const endings[] = {".csv",     ".txt",     ".dat",
                                          ".csv.zst", ".txt.zst", ".dat.zst"};
    for (size_t i = 0; i < ARRAY_COUNT(endings); i++) {
        if (has_ending(name, endings[i]))
            return true;
    }
    return false;
}

static void files_find(const char *folder, unsigned depth, char (*files)[1024], uint32_t *count)
{
    struct dirent **entries;
    int found = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        char path[1024];
        struct stat about;
        int size = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        bool whole = size > 0 && (size_t)size < sizeof path;
        if (whole && entries[i]->d_name[0] != '.' && stat(path, &about) == 0) {
            if (S_ISDIR(about.st_mode) && depth < 3)
                files_find(path, depth + 1, files, count);
            else if (is_table(path) && *count < FILES_MAX)
                memcpy(files[(*count)++], path, (size_t)size + 1);
        }
        free(entries[i]);
    }
    if (found >= 0)
        free(entries);
}

static void measure_set(struct room *room, const char *folder, const char *name, uint32_t rows)
{
    static char files[FILES_MAX][1024];
    struct total total = {0};
    uint32_t count = 0;
    files_find(folder, 0, files, &count);
    for (uint32_t i = 0; i < count; i++) {
        struct table table;
        if (!table_read(files[i], &table))
            continue;
        for (uint32_t c = 0; c < table.columns; c++) {
            for (uint32_t row = 0; row < table.rows; row += rows) {
                uint32_t some = table.rows - row < rows ? table.rows - row : rows;
                measure_column(room, table.cells + (size_t)c * table.room + row, some, &total);
            }
        }
        free(table.cells);
    }
    if (total.values == 0)
        return;
    printf("  %-22s %10" PRIu64 " %9.3f %9.3f %9.1f %9.2f %9.2f\n", name, total.values,
           (double)total.bytes / (double)total.values, total.column_bytes / (double)total.columns,
           total.encode_ns / total.timed, total.decode_ns / total.timed,
           8 * total.timed / total.decode_ns);
    fflush(stdout);
}

static void measure_folder(struct room *room, const char *folder, uint32_t rows)
{
    struct dirent **entries;
    int found = scandir(folder, &entries, NULL, alphasort);
    must(found >= 0, "no such folder");
    for (int i = 0; i < found; i++) {
        char path[1024];
        int size = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        struct stat about;
        if (entries[i]->d_name[0] != '.' && size > 0 && (size_t)size < sizeof path &&
            stat(path, &about) == 0 && S_ISDIR(about.st_mode))
            measure_set(room, path, entries[i]->d_name, rows);
        free(entries[i]);
    }
    free(entries);
}

/* A chunk of one metric, all in: bytes a value. */
static double single_bytes(struct room *room, uint32_t rows, double jitter_ms)
{
    uint64_t seed = 7;
    double walk = 213;
    for (uint32_t i = 0; i < rows; i++) {
        double jitter = 0;
        for (unsigned k = 0; k < 12; k++) { /* twelve uniform numbers are nearly a normal one */
            seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            jitter += (double)(seed >> 40) * 0x1p-24 - 0.5;
        }
        walk += (double)((seed >> 20) % 5) - 2;
        double real = walk / 10;
        memcpy(&room->words[i], &real, sizeof real);
        room->times[i] = INT64_C(1767225600) * NS_PER_S + (int64_t)i * 10 * NS_PER_S +
                         (int64_t)(jitter * jitter_ms + 100) * NS_PER_MS;
    }
    struct chunk_column column = {.type = VALUE_FLOAT64, .words = room->words};
    struct chunk_rows chunk_rows = {.owner = 123456, .rows = rows, .columns_count = 1};
    chunk_rows.times = room->times;
    chunk_rows.columns = &column;
    size_t size = 0;
    must(chunk_encode(room->encoder, &chunk_rows, room->bytes, room->capacity, &size) == OK,
         "does not encode");
    return (double)size / rows;
}

static void measure_single(struct room *room)
{
    static const double jitters[] = {0, 2, 5, 50};
    static const uint32_t rows[] = {60, 360, 4096};
    printf("A single metric, all in, bytes a value: walk of 0.1, every 10 s\n  %-22s", "jitter");
    for (size_t r = 0; r < ARRAY_COUNT(rows); r++)
        printf(" %5" PRIu32 " rows", rows[r]);
    printf("\n");
    for (size_t j = 0; j < ARRAY_COUNT(jitters); j++) {
        printf("  %2.0f ms %17s", jitters[j], "");
        for (size_t r = 0; r < ARRAY_COUNT(rows); r++)
            printf(" %10.3f", single_bytes(room, rows[r], jitters[j]));
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    const char *folder = NULL;
    uint32_t rows = 4096;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (!strcmp(argv[i], "--data"))
            folder = argv[i + 1];
        else if (!strcmp(argv[i], "--rows"))
            rows = (uint32_t)strtoul(argv[i + 1], NULL, 10);
        else
            rows = 0;
    }
    if (argc % 2 == 0 || rows < 1 || rows > CHUNK_ROWS_MAX) {
        fprintf(stderr, "usage: codec_bench [--data FOLDER] [--rows 1..%d]\n", CHUNK_ROWS_MAX);
        return 2;
    }
    struct room *room = malloc(sizeof *room);
    must(room && chunk_encoder_create(&room->encoder) == OK, "out of memory");
    room->capacity = chunk_bytes_most(CHUNK_ROWS_MAX, 1, 0);
    room->bytes = malloc(room->capacity);
    must(room->bytes != NULL, "out of memory");
    measure_single(room);
    printf("Columns of %" PRIu32 " rows a chunk, one column a chunk, one thread\n"
           "  %-22s %10s %9s %9s %9s %9s %9s\n",
           rows, "data", "values", "B/value", "by column", "write, ns", "read, ns", "read GB/s");
    measure_folder(room, "demo/data", rows);
    if (folder)
        measure_folder(room, folder, rows);
    chunk_encoder_destroy(room->encoder);
    free(room->bytes);
    free(room);
    return 0;
}
