#include "cli/point_output.h"

#include "cli/answer.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 4096

enum paint point_value_paint(const char *quality, const char *limit_state)
{
    bool beyond = strncmp(limit_state, "high", 4) == 0 || strncmp(limit_state, "low", 3) == 0;
    if (beyond)
        return PAINT_RED;
    return strncmp(quality, "good", 4) == 0 || quality[0] == 0 ? PAINT_BOLD : PAINT_YELLOW;
}

static void put_value(struct rows *rows, enum output_format format, const json_t *point,
                      enum paint paint)
{
    char *text = value_text(json_object_get(point, "value"), format == OUTPUT_CSV ? "" : "-");
    rows_cell(rows, paint, text != NULL ? text : "");
    free(text);
}

/* ---- points
 * -------------------------------------------------------------------------------------- */

static const struct row_column point_columns[] = {
    {.name = "path", .keep_end = true, .least = 24},
    {.name = "value", .right = true, .least = 14},
    {.name = "unit", .leave = 3},
    {.name = "quality"},
    {.name = "limit", .leave = 4},
    {.name = "time", .leave = 2},
    {.name = "type", .leave = 1},
};
static const struct row_column point_csv_columns[] = {
    {.name = "path"}, {.name = "value"},       {.name = "unit"},    {.name = "quality"},
    {.name = "time"}, {.name = "limit_state"}, {.name = "arrival"}, {.name = "type"},
};

struct rows *point_rows_create(FILE *to, enum output_format format, size_t width)
{
    if (format == OUTPUT_CSV)
        return rows_create(to, format, point_csv_columns, ARRAY_COUNT(point_csv_columns), width);
    return rows_create(to, format, point_columns, ARRAY_COUNT(point_columns), width);
}

static const char *limit_shown(const json_t *point)
{
    const char *state = answer_text(point, "limit_state");
    return strcmp(state, "none") == 0 ? "" : state;
}

/* To the millisecond: whoever needs more asks for JSON or CSV. */
static void put_time_cell(struct rows *rows, const json_t *point, const char *none)
{
    char shown[TIME_TEXT_SIZE];
    const char *text = answer_text(point, "time");
    int64_t time_ns;
    if (time_parse(bytes_text(text), &time_ns))
        text = time_format(time_ns / NS_PER_MS * NS_PER_MS, shown);
    rows_cell(rows, PAINT_NONE, text[0] != 0 ? text : none);
}

void point_rows_add(struct rows *rows, enum output_format format, const json_t *point)
{
    const char *quality = answer_text(point, "quality");
    enum paint paint = point_value_paint(quality, answer_text(point, "limit_state"));
    rows_cell(rows, PAINT_NONE, answer_text(point, "path"));
    put_value(rows, format, point, paint);
    rows_cell(rows, PAINT_NONE, answer_text(point, "unit"));
    rows_cell(rows, strncmp(quality, "good", 4) == 0 ? PAINT_GREEN : PAINT_YELLOW, quality);
    if (format == OUTPUT_CSV) {
        static const char *const rest[] = {"time", "limit_state", "arrival", "type"};
        for (size_t i = 0; i < ARRAY_COUNT(rest); i++)
            rows_cell(rows, PAINT_NONE, answer_text(point, rest[i]));
        return;
    }
    rows_cell(rows, paint == PAINT_RED ? PAINT_RED : PAINT_NONE, limit_shown(point));
    put_time_cell(rows, point, "-");
    rows_cell(rows, PAINT_DIM, answer_text(point, "type"));
}

/* ---- one point
 * ----------------------------------------------------------------------------------- */

static void put_name(FILE *to, const char *name)
{
    fprintf(to, "%s%-12s%s ", paint(PAINT_DIM), name, paint(PAINT_NONE));
}

static void put_text(FILE *to, const char *name, const char *text, const char *remark)
{
    char clean[TEXT_SIZE];
    if (text[0] == 0)
        return;
    put_name(to, name);
    fprintf(to, "%s%s%s%s\n", text_clean(text, clean, sizeof clean), paint(PAINT_DIM), remark,
            paint(PAINT_NONE));
}

static void put_time(FILE *to, const char *name, const char *text, int64_t wall_ns)
{
    char age[NUMBER_SIZE], remark[NUMBER_SIZE + 16] = "";
    int64_t time_ns;
    if (time_parse(bytes_text(text), &time_ns)) {
        bool later = time_ns > wall_ns;
        int64_t ns = (later ? time_ns - wall_ns : wall_ns - time_ns) / NS_PER_MS * NS_PER_MS;
        snprintf(remark, sizeof remark, later ? "  in %s" : "  %s ago",
                 ns == 0 ? "0 ms" : number_duration(ns, age));
    }
    put_text(to, name, text, remark);
}

/* name=value, separated by spaces: labels, limits. */
static void put_pairs(FILE *to, const char *name, const json_t *pairs)
{
    const char *key, *space = "";
    char clean[TEXT_SIZE];
    json_t *value;
    if (json_object_size(pairs) == 0)
        return;
    put_name(to, name);
    json_object_foreach((json_t *)(uintptr_t)pairs, key, value)
    {
        char *text = value_text(value, "-");
        fprintf(to, "%s%s=", space, text_clean(key, clean, sizeof clean));
        fputs(text_clean(text != NULL ? text : "", clean, sizeof clean), to);
        free(text);
        space = " ";
    }
    putc('\n', to);
}

/* The members of a refusal are shown as they come: they may grow. */
static void put_refused(FILE *to, const json_t *refused)
{
    char clean[TEXT_SIZE];
    for (size_t i = 0; i < json_array_size(refused); i++) {
        const char *name, *gap = "";
        json_t *value;
        put_name(to, i == 0 ? "refused" : "");
        json_object_foreach(json_array_get(refused, i), name, value)
        {
            char *text = value_text(value, "-");
            fprintf(to, "%s%s%s%s %s", gap, paint(PAINT_DIM), name, paint(PAINT_NONE),
                    text_clean(text != NULL ? text : "", clean, sizeof clean));
            free(text);
            gap = "  ";
        }
        putc('\n', to);
    }
}

void point_put_lines(FILE *to, const json_t *point, int64_t wall_ns)
{
    const char *quality = answer_text(point, "quality"), *state = answer_text(point, "limit_state"),
               *unit = answer_text(point, "unit");
    char clean[TEXT_SIZE], unit_clean[256];
    char *value = value_text(json_object_get(point, "value"), "-");
    put_text(to, "path", answer_text(point, "path"), "");
    put_name(to, "value");
    fprintf(to, "%s%s%s%s%s\n", paint(point_value_paint(quality, state)),
            text_clean(value != NULL ? value : "", clean, sizeof clean), paint(PAINT_NONE),
            unit[0] != 0 ? " " : "", text_clean(unit, unit_clean, sizeof unit_clean));
    free(value);
    put_text(to, "quality", quality, "");
    put_time(to, "time", answer_text(point, "time"), wall_ns);
    put_time(to, "arrival", answer_text(point, "arrival"), wall_ns);
    put_text(to, "type", answer_text(point, "type"), "");
    if (strcmp(state, "none") != 0)
        put_text(to, "limit state", state, "");
    put_pairs(to, "limits", json_object_get(point, "limits"));
    put_text(to, "description", answer_text(point, "description"), "");
    put_pairs(to, "labels", json_object_get(point, "labels"));
    put_refused(to, json_object_get(point, "refused"));
}

/* ---- a branch
 * ------------------------------------------------------------------------------------ */

static const struct row_column branch_columns[] = {
    {.name = "name", .keep_end = true, .least = 16},
    {.name = "points", .right = true},
    {.name = "value", .right = true, .least = 14, .leave = 4},
    {.name = "unit", .leave = 2},
    {.name = "quality", .leave = 3},
    {.name = "time", .leave = 1},
};
static const struct row_column branch_csv_columns[] = {
    {.name = "path"}, {.name = "branch"},  {.name = "points"}, {.name = "value"},
    {.name = "unit"}, {.name = "quality"}, {.name = "time"},
};

struct rows *branch_rows_create(FILE *to, enum output_format format, size_t width)
{
    if (format == OUTPUT_CSV)
        return rows_create(to, format, branch_csv_columns, ARRAY_COUNT(branch_csv_columns), width);
    return rows_create(to, format, branch_columns, ARRAY_COUNT(branch_columns), width);
}

static void branch_rows_add_table(struct rows *rows, const json_t *child, const json_t *point)
{
    char text[512], number[NUMBER_SIZE];
    bool branch = answer_is(child, "branch"), is_point = json_is_object(point);
    const char *quality = answer_text(point, "quality");
    snprintf(text, sizeof text, "%s%s", answer_text(child, "name"), branch ? "/" : "");
    rows_cell(rows, branch ? PAINT_CYAN : PAINT_NONE, text);
    rows_cell(rows, PAINT_NONE, branch ? number_group(answer_count(child, "count"), number) : "");
    if (is_point)
        put_value(rows, OUTPUT_TABLE, point,
                  point_value_paint(quality, answer_text(point, "limit_state")));
    else
        rows_cell(rows, PAINT_NONE, "");
    rows_cell(rows, PAINT_NONE, answer_text(point, "unit"));
    rows_cell(rows, strncmp(quality, "good", 4) == 0 ? PAINT_GREEN : PAINT_YELLOW, quality);
    put_time_cell(rows, point, is_point ? "-" : "");
}

void branch_rows_add(struct rows *rows, enum output_format format, const json_t *child)
{
    const json_t *point = json_object_get(child, "point");
    if (format != OUTPUT_CSV) {
        branch_rows_add_table(rows, child, point);
        return;
    }
    char number[NUMBER_SIZE];
    snprintf(number, sizeof number, "%llu", (unsigned long long)answer_count(child, "count"));
    rows_cell(rows, PAINT_NONE, answer_text(child, "path"));
    rows_cell(rows, PAINT_NONE, answer_is(child, "branch") ? "true" : "false");
    rows_cell(rows, PAINT_NONE, number);
    put_value(rows, OUTPUT_CSV, point, PAINT_NONE);
    rows_cell(rows, PAINT_NONE, answer_text(point, "unit"));
    rows_cell(rows, PAINT_NONE, answer_text(point, "quality"));
    rows_cell(rows, PAINT_NONE, answer_text(point, "time"));
}
