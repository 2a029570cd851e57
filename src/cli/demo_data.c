/* The files of demo/data, taken into the program by the assembler, and the reader of each kind. */
#include "cli/demo_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

/* The assembler looks for files where the compiler looks for headers: in src/. */
#define DEMO_DATA_FOLDER "../demo/data"

/* X(symbol, file) */
#define EMBEDDED_TABLE(X)                                                                          \
    X(hydraulic_1, "hydraulic/TS1.csv.zst")                                                        \
    X(hydraulic_2, "hydraulic/TS2.csv.zst")                                                        \
    X(hydraulic_3, "hydraulic/TS3.csv.zst")                                                        \
    X(hydraulic_4, "hydraulic/TS4.csv.zst")                                                        \
    X(hydraulic_profile, "hydraulic/profile.csv")                                                  \
    X(alarms_02, "nist_fire/smoke_alarms/NIST_Smoke_Alarms_SDC02.csv.zst")                         \
    X(alarms_05, "nist_fire/smoke_alarms/NIST_Smoke_Alarms_SDC05.csv.zst")                         \
    X(alarms_07, "nist_fire/smoke_alarms/NIST_Smoke_Alarms_SDC07.csv.zst")                         \
    X(alarms_10, "nist_fire/smoke_alarms/NIST_Smoke_Alarms_SDC10.csv.zst")                         \
    X(alarms_33, "nist_fire/smoke_alarms/NIST_Smoke_Alarms_SDC33.csv.zst")                         \
    X(room_01, "nist_fire/room_fires/NIST_RSE_2007_01.csv.zst")                                    \
    X(room_02, "nist_fire/room_fires/NIST_RSE_2007_02.csv.zst")                                    \
    X(room_03, "nist_fire/room_fires/NIST_RSE_2007_03.csv.zst")                                    \
    X(room_04, "nist_fire/room_fires/NIST_RSE_2007_04.csv.zst")                                    \
    X(room_05, "nist_fire/room_fires/NIST_RSE_2007_05.csv.zst")                                    \
    X(room_06, "nist_fire/room_fires/NIST_RSE_2007_06.csv.zst")                                    \
    X(room_07, "nist_fire/room_fires/NIST_RSE_2007_07.csv.zst")                                    \
    X(room_08, "nist_fire/room_fires/NIST_RSE_2007_08.csv.zst")                                    \
    X(room_09, "nist_fire/room_fires/NIST_RSE_2007_09.csv.zst")                                    \
    X(room_10, "nist_fire/room_fires/NIST_RSE_2007_10.csv.zst")                                    \
    X(air, "air_quality/air_quality.csv.zst")

#define EMBED(symbol, file)                                                                        \
    __asm__(".pushsection .rodata\n"                                                               \
            ".globl demo_data_" #symbol "\n"                                                       \
            ".globl demo_data_" #symbol "_end\n"                                                   \
            "demo_data_" #symbol ":\n"                                                             \
            ".incbin \"" DEMO_DATA_FOLDER "/" file "\"\n"                                          \
            "demo_data_" #symbol "_end:\n"                                                         \
            ".byte 0\n"                                                                            \
            ".popsection\n");                                                                      \
    extern const char demo_data_##symbol[], demo_data_##symbol##_end[];
EMBEDDED_TABLE(EMBED)

struct embedded {
    const char *at, *end, *file;
};
#define EMBEDDED_ENUM(symbol, file) EMBEDDED_##symbol,
enum { EMBEDDED_TABLE(EMBEDDED_ENUM) EMBEDDED_COUNT };
#define EMBEDDED_ROW(symbol, file) {demo_data_##symbol, demo_data_##symbol##_end, file},
static const struct embedded embedded_files[EMBEDDED_COUNT] = {EMBEDDED_TABLE(EMBEDDED_ROW)};

const char *const demo_set_names[DEMO_SETS] = {"hydraulic rig", "house fires", "street air"};

#define TEXT_BYTES_MAX ((size_t)4 << 20) /* of a file, unpacked */

/* The text of a file, NUL-terminated, the caller's; NULL without memory. */
static char *embedded_text(const struct embedded *file)
{
    size_t size = (size_t)(file->end - file->at);
    bool packed = strstr(file->file, ".zst") != NULL;
    unsigned long long bytes = packed ? ZSTD_getFrameContentSize(file->at, size) : size;
    if (bytes > TEXT_BYTES_MAX) /* also when the frame does not say */
        bytes = TEXT_BYTES_MAX;
    char *text = malloc((size_t)bytes + 1);
    if (text == NULL)
        return NULL;
    if (packed) {
        size_t got = ZSTD_decompress(text, (size_t)bytes, file->at, size);
        check(!ZSTD_isError(got));
        bytes = got;
    } else {
        memcpy(text, file->at, size);
    }
    text[bytes] = 0;
    return text;
}

/* ---- lines
 * ------------------------------------------------------------------------------------------ */

/* Cuts the next line off *text; NULL at the end. */
static char *line_next(char **text)
{
    char *line = *text;
    if (line == NULL || *line == 0)
        return NULL;
    char *end = strchr(line, '\n');
    *text = end != NULL ? end + 1 : NULL;
    if (end != NULL)
        *end = 0;
    size_t size = strlen(line);
    if (size > 0 && line[size - 1] == '\r')
        line[size - 1] = 0;
    return line;
}

/* Cuts the next cell off *line; NULL at the end. */
static char *cell_next(char **line, char separator)
{
    char *cell = *line;
    if (cell == NULL)
        return NULL;
    char *end = strchr(cell, separator);
    *line = end != NULL ? end + 1 : NULL;
    if (end != NULL)
        *end = 0;
    return cell + strspn(cell, " ");
}

static uint32_t line_count(const char *text)
{
    uint32_t count = 0;
    for (; (text = strchr(text, '\n')) != NULL; text++)
        count++;
    return count;
}

/* ---- streams
 * ------------------------------------------------------------------------------------------ */

uint64_t demo_path_hash(struct bytes path)
{
    return hash64(path.at, path.size, 1);
}

uint64_t demo_sample_hash(uint64_t path_hash, int64_t time_ns, bool present, double value)
{
    struct {
        uint64_t path;
        int64_t time_ns;
        uint64_t present;
        double value;
    } sample = {path_hash, time_ns, present, present ? value : 0};
    return hash64(&sample, sizeof sample, 2);
}

static struct demo_stream *stream_begin(struct demo_data *data, enum demo_set set,
                                        const char *topic, uint32_t columns, uint32_t rows)
{
    check(data->stream_count < DEMO_STREAMS_MAX && columns <= DEMO_COLUMNS_MAX);
    struct demo_stream *stream = &data->streams[data->stream_count++];
    *stream = (struct demo_stream){.set = set, .columns = columns};
    snprintf(stream->topic, sizeof stream->topic, "%s", topic);
    stream->keys = calloc(columns, sizeof *stream->keys);
    stream->path_hashes = calloc(columns, sizeof *stream->path_hashes);
    stream->values = calloc((size_t)rows * columns, sizeof *stream->values);
    stream->times_ns = calloc(rows, sizeof *stream->times_ns);
    bool whole = stream->keys != NULL && stream->path_hashes != NULL && stream->values != NULL &&
                 stream->times_ns != NULL;
    return whole ? stream : NULL;
}

static void stream_key(struct demo_stream *stream, uint32_t column, const char *key)
{
    char path[160];
    snprintf(stream->keys[column], sizeof *stream->keys, "%s", key);
    snprintf(path, sizeof path, "%s/%s", stream->topic, stream->keys[column]);
    stream->path_hashes[column] = demo_path_hash(bytes_text(path));
}

static void stream_end(struct demo_data *data, const struct demo_stream *stream)
{
    data->values[stream->set] += (uint64_t)stream->rows * stream->columns;
}

/* Oil temperatures: four files, 60 seconds a line, become one row of four a second. */
static enum err load_hydraulic(struct demo_data *data)
{
    char *texts[4] = {0}, *at[4];
    enum err err = OK;
    for (size_t i = 0; i < 4; i++) {
        texts[i] = at[i] = embedded_text(&embedded_files[EMBEDDED_hydraulic_1 + i]);
        err = texts[i] == NULL ? ERR_NO_MEMORY : err;
    }
    struct demo_stream *stream = NULL;
    if (err == OK)
        stream = stream_begin(data, DEMO_HYDRAULIC, "zema/hydraulics/testbench/rig1", 4,
                              line_count(texts[0]) * 60);
    if (stream == NULL)
        err = ERR_NO_MEMORY;
    static const char *const keys[] = {"TS1", "TS2", "TS3", "TS4"};
    for (uint32_t i = 0; err == OK && i < 4; i++) {
        stream_key(stream, i, keys[i]);
        line_next(&at[i]);
        uint32_t row = 0;
        for (char *line; (line = line_next(&at[i])) != NULL;) {
            int64_t cycle = strtoll(cell_next(&line, ','), NULL, 10);
            for (int64_t second = 0; second < 60; second++, row++) {
                const char *cell = cell_next(&line, ',');
                check(cell != NULL);
                stream->values[(size_t)row * 4 + i] = strtod(cell, NULL);
                stream->times_ns[row] = (cycle * 60 + second) * NS_PER_S;
            }
        }
        stream->rows = row;
        stream->live_ns = NS_PER_S;
    }
    if (err == OK)
        stream_end(data, stream);
    for (size_t i = 0; i < 4; i++)
        free(texts[i]);
    return err;
}

static int64_t time_of_cycle(const char *cell)
{
    return strtoll(cell, NULL, 10) * 60 * NS_PER_S;
}

static int64_t time_of_seconds(const char *cell)
{
    return (int64_t)llround(strtod(cell, NULL) * 1000) * NS_PER_MS;
}

/* DD/MM/YYYY hh.mm.ss */
static int64_t time_of_date(const char *cell)
{
    char iso[32];
    int64_t time_ns = 0;
    snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", cell + 6, cell + 3, cell, cell + 11,
             cell + 14, cell + 17);
    check(time_parse(bytes_text(iso), &time_ns));
    return time_ns;
}

/* What a file of rows under a heading line is read with: the first column is the time. */
struct table_reader {
    int file;
    enum demo_set set;
    char topic[96];
    char separator;
    bool units_line; /* the second line holds units */
    bool dated;
    double missing; /* this number means that there is none; NaN: no such number */
    int64_t live_ns;
    int64_t (*time_of)(const char *cell);
};

static void table_row(struct demo_stream *stream, const struct table_reader *reader, char *line)
{
    uint32_t row = stream->rows++;
    stream->times_ns[row] = reader->time_of(cell_next(&line, reader->separator));
    for (uint32_t i = 0; i < stream->columns; i++) {
        const char *cell = cell_next(&line, reader->separator);
        char *end = NULL;
        double value = cell != NULL ? strtod(cell, &end) : (double)NAN;
        bool missing = end == cell || !isfinite(value) || value == reader->missing;
        stream->values[(size_t)row * stream->columns + i] = missing ? (double)NAN : value;
    }
}

static enum err load_table(struct demo_data *data, const struct table_reader *reader)
{
    char *text = embedded_text(&embedded_files[reader->file]), *at = text;
    if (text == NULL)
        return ERR_NO_MEMORY;
    uint32_t rows = line_count(text) + 1, columns = 0;
    char *head = line_next(&at);
    for (const char *c = head; *c != 0; c++)
        columns += *c == reader->separator;
    struct demo_stream *stream = stream_begin(data, reader->set, reader->topic, columns, rows);
    enum err err = stream == NULL ? ERR_NO_MEMORY : OK;
    if (err == OK) {
        stream->dated = reader->dated;
        stream->live_ns = reader->live_ns;
        cell_next(&head, reader->separator);
        for (uint32_t i = 0; i < columns; i++)
            stream_key(stream, i, cell_next(&head, reader->separator));
        if (reader->units_line)
            line_next(&at);
        for (char *line; (line = line_next(&at)) != NULL;)
            table_row(stream, reader, line);
        stream_end(data, stream);
    }
    free(text);
    return err;
}

static enum err load_fires(struct demo_data *data)
{
    struct table_reader reader = {.set = DEMO_FIRE,
                                  .separator = ',',
                                  .missing = (double)NAN,
                                  .live_ns = 2 * NS_PER_S,
                                  .time_of = time_of_seconds};
    static const int houses[] = {2, 5, 7, 10, 33};
    enum err err = OK;
    for (int i = 0; err == OK && i < 5; i++) {
        reader.file = EMBEDDED_alarms_02 + i;
        snprintf(reader.topic, sizeof reader.topic, "nist/fire-lab/house/sdc%02d", houses[i]);
        err = load_table(data, &reader);
    }
    reader.units_line = true;
    for (int i = 0; err == OK && i < 10; i++) {
        reader.file = EMBEDDED_room_01 + i;
        snprintf(reader.topic, sizeof reader.topic, "nist/fire-lab/room/rse%02d", i + 1);
        err = load_table(data, &reader);
    }
    return err;
}

enum err demo_data_load(struct demo_data *data)
{
    memset(data, 0, sizeof *data);
    static const struct table_reader profile = {.file = EMBEDDED_hydraulic_profile,
                                                .set = DEMO_HYDRAULIC,
                                                .separator = ',',
                                                .topic = "zema/hydraulics/testbench/rig1/condition",
                                                .missing = (double)NAN,
                                                .live_ns = 10 * NS_PER_S,
                                                .time_of = time_of_cycle};
    static const struct table_reader air = {.file = EMBEDDED_air,
                                            .set = DEMO_AIR,
                                            .separator = ';',
                                            .dated = true,
                                            .topic = "city/streets/main-road/air",
                                            .missing = -200,
                                            .live_ns = 2 * NS_PER_S,
                                            .time_of = time_of_date};
    enum err err = load_hydraulic(data);
    if (err == OK)
        err = load_table(data, &profile);
    if (err == OK)
        err = load_table(data, &air);
    if (err == OK)
        err = load_fires(data);
    if (err != OK)
        demo_data_free(data);
    return err;
}

void demo_data_free(struct demo_data *data)
{
    for (size_t i = 0; i < data->stream_count; i++) {
        free(data->streams[i].keys);
        free(data->streams[i].path_hashes);
        free(data->streams[i].values);
        free(data->streams[i].times_ns);
    }
    data->stream_count = 0;
}
