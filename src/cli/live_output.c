#include "cli/live_output.h"

#include "cli/point_output.h"

#include <stdlib.h>
#include <string.h>

#define HISTORY 16
#define TEXT_SIZE 512
#define NEWS_NS (NS_PER_S / 2) /* so long a value that moved is marked */
#define CHROME_LINES 4         /* head, titles, remark, the line at the end */

/* ---- a stream
 * ------------------------------------------------------------------------------------ */

static const char *time_or_none(const struct live_client_point *point, char *text, const char *none)
{
    return point->time_ns != 0 ? time_format(point->time_ns, text) : none;
}

static bool limit_is_news(const struct live_client_point *point)
{
    return point->limit_state[0] != 0 && strcmp(point->limit_state, "normal") != 0;
}

static bool quality_is_good(const struct live_client_point *point)
{
    return strcmp(point->quality, "good") == 0;
}

static void put_clean(FILE *to, const char *text, const char *before)
{
    size_t size = 3 * strlen(text) + 8;
    char *clean = malloc(size);
    check(clean != NULL);
    fprintf(to, "%s%s", before, text_clean(text, clean, size));
    free(clean);
}

void live_put_line(FILE *to, const struct live_client_point *point)
{
    char time[TIME_TEXT_SIZE];
    char *value = value_text(point->value, "-");
    fputs(time_or_none(point, time, "-"), to);
    put_clean(to, point->path, "\t");
    put_clean(to, value != NULL ? value : "", "\t");
    put_clean(to, point->unit, "\t");
    if (!quality_is_good(point) || limit_is_news(point))
        put_clean(to, point->quality, "\t");
    if (limit_is_news(point))
        put_clean(to, point->limit_state, "\t");
    putc('\n', to);
    free(value);
}

void live_put_json(FILE *to, const struct live_client_point *point)
{
    char time[TIME_TEXT_SIZE];
    json_t *line = json_object();
    json_object_set_new(line, "path", json_string(point->path));
    json_object_set_new(line, "point", json_integer(point->point));
    json_object_set(line, "value", point->value);
    json_object_set_new(line, "quality", json_string(point->quality));
    json_object_set_new(line, "time",
                        point->time_ns != 0 ? json_string(time_format_short(point->time_ns, time))
                                            : json_null());
    json_object_set_new(line, "type", json_string(point->type));
    json_object_set_new(line, "unit", json_string(point->unit));
    json_object_set_new(line, "limit_state",
                        json_string(point->limit_state[0] != 0 ? point->limit_state : "none"));
    value_put_line(to, line);
    json_decref(line);
}

void live_put_csv_head(FILE *to)
{
    fputs("time,path,value,unit,quality,limit_state\r\n", to);
}

void live_put_csv(FILE *to, const struct live_client_point *point)
{
    char time[TIME_TEXT_SIZE];
    char *value = value_text(point->value, "");
    const char *const cells[] = {time_or_none(point, time, ""),
                                 point->path,
                                 value != NULL ? value : "",
                                 point->unit,
                                 point->quality,
                                 point->limit_state};
    for (size_t i = 0; i < ARRAY_COUNT(cells); i++) {
        fputs(i > 0 ? "," : "", to);
        csv_put_cell(to, cells[i]);
    }
    fputs("\r\n", to);
    free(value);
}

/* ---- the screen
 * ---------------------------------------------------------------------------------- */

struct note {
    int64_t moved_ns; /* boot clock */
    uint32_t count;
    double history[HISTORY];
};

void live_note(struct live_client_point *point, int64_t boot_ns)
{
    struct note *note = point->keep;
    if (note == NULL)
        point->keep = note = calloc(1, sizeof *note);
    check(note != NULL);
    note->moved_ns = boot_ns;
    if (!json_is_number(point->value) && !json_is_boolean(point->value))
        return;
    if (note->count == HISTORY)
        memmove(note->history, note->history + 1, (HISTORY - 1) * sizeof *note->history);
    else
        note->count++;
    note->history[note->count - 1] = json_is_boolean(point->value)
                                         ? json_is_true(point->value)
                                         : json_number_value(point->value);
}

static void note_spark(const struct note *note, uint32_t most, char *text)
{
    static const char *const bars[] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                       "\u2585", "\u2586", "\u2587", "\u2588"};
    *text = 0;
    if (note == NULL || note->count < 2)
        return;
    double low = note->history[0], high = low;
    for (uint32_t i = 1; i < note->count; i++) {
        low = note->history[i] < low ? note->history[i] : low;
        high = note->history[i] > high ? note->history[i] : high;
    }
    for (uint32_t i = note->count > most ? note->count - most : 0; i < note->count; i++) {
        double share = high > low ? (note->history[i] - low) / (high - low) : 0;
        strcat(text, bars[(size_t)(share * 7.0 + 0.5)]);
    }
}

struct measures { /* columns of the screen */
    size_t path, value, unit, quality, age, spark;
};

static struct measures live_measure(struct live_client_point *const *points, size_t count,
                                    unsigned columns)
{
    struct measures wide = {.path = 4, .value = 14, .unit = 4, .quality = 8, .age = 10};
    for (size_t i = 0; i < count; i++) {
        size_t path = text_width(points[i]->path), unit = text_width(points[i]->unit),
               quality = strlen(points[i]->quality);
        wide.path = path > wide.path ? path : wide.path;
        wide.unit = unit > wide.unit ? unit : wide.unit;
        wide.quality = quality > wide.quality ? quality : wide.quality;
    }
    wide.quality = wide.quality > 13 ? 13 : wide.quality; /* bad.no_value fits */
    wide.unit = wide.unit > 8 ? 8 : wide.unit;
    wide.spark = columns >= 100 ? HISTORY : columns >= 72 ? HISTORY / 2 : 0;
    if (columns < 56)
        wide.unit = wide.age = 0;
    size_t fixed = wide.value + wide.quality + 4 + (wide.unit > 0 ? wide.unit + 2 : 0) +
                   (wide.age > 0 ? wide.age + 2 : 0) + (wide.spark > 0 ? wide.spark + 2 : 0);
    size_t left = columns > fixed + 8 ? columns - fixed : 8;
    wide.path = wide.path < left ? wide.path : left;
    return wide;
}

static void put_cell(FILE *to, enum paint colour, const char *text, size_t width, int align,
                     const char *gap)
{
    char clean[TEXT_SIZE], fitted[TEXT_SIZE];
    text_clean(text, clean, sizeof clean);
    (align == 'e' ? text_fit_end : text_fit)(clean, width, fitted, sizeof fitted);
    int pad = (int)(width - text_width(fitted));
    fprintf(to, "%s%*s%s%s%s%*s", gap, align == 'r' ? pad : 0, "",
            colour != PAINT_NONE ? paint(colour) : "", fitted,
            colour != PAINT_NONE ? paint(PAINT_NONE) : "", align == 'r' ? 0 : pad, "");
}

static void live_draw_point(FILE *to, const struct live_screen *screen,
                            const struct live_client_point *point, const struct measures *wide)
{
    const struct note *note = point->keep;
    bool news = note != NULL && screen->boot_ns - note->moved_ns < NEWS_NS;
    char *value = value_text(point->value, "-"), age[NUMBER_SIZE] = "-", spark[HISTORY * 4 + 1];
    enum paint colour = point_value_paint(point->quality, point->limit_state);
    if (point->time_ns != 0)
        number_duration((screen->wall_ns - point->time_ns) / (100 * NS_PER_MS) * (100 * NS_PER_MS),
                        age);
    if (strcmp(age, "0 ns") == 0)
        strcpy(age, "now");
    put_cell(to, PAINT_NONE, point->path, wide->path, 'e', "");
    put_cell(to, colour == PAINT_BOLD && news ? PAINT_CYAN : colour, value != NULL ? value : "",
             wide->value, 'r', "  ");
    if (wide->unit > 0)
        put_cell(to, PAINT_NONE, point->unit, wide->unit, 'l', "  ");
    put_cell(to,
             colour == PAINT_RED      ? PAINT_RED
             : quality_is_good(point) ? PAINT_GREEN
                                      : PAINT_YELLOW,
             quality_is_good(point) && limit_is_news(point) ? point->limit_state : point->quality,
             wide->quality, 'l', "  ");
    if (wide->age > 0)
        put_cell(to, PAINT_DIM, age, wide->age, 'r', "  ");
    note_spark(note, (uint32_t)wide->spark, spark);
    if (wide->spark > 0)
        put_cell(to, PAINT_CYAN, spark, wide->spark, 'l', "  ");
    fputs("\033[K\n", to);
    free(value);
}

static void live_draw_head(FILE *to, const struct live_screen *screen, size_t count,
                           unsigned columns)
{
    char points[NUMBER_SIZE], values[NUMBER_SIZE], rate[NUMBER_SIZE], skipped[NUMBER_SIZE],
        text[TEXT_SIZE];
    number_group(screen->skipped, skipped);
    snprintf(text, sizeof text, "live  %s   %s %s   %s values   %s/s%s%s%s", screen->address,
             number_group(count, points), count == 1 ? "point" : "points",
             number_group(screen->values, values), number_rate(screen->rate, rate),
             screen->skipped > 0 ? "   " : "", screen->skipped > 0 ? skipped : "",
             screen->skipped > 0 ? " skipped" : "");
    put_cell(to, PAINT_BOLD, text, columns, 'l', "");
    fputs("\033[K\n", to);
}

static void live_draw_titles(FILE *to, const struct measures *wide)
{
    put_cell(to, PAINT_DIM, "path", wide->path, 'l', "");
    put_cell(to, PAINT_DIM, "value", wide->value, 'r', "  ");
    if (wide->unit > 0)
        put_cell(to, PAINT_DIM, "unit", wide->unit, 'l', "  ");
    put_cell(to, PAINT_DIM, "quality", wide->quality, 'l', "  ");
    if (wide->age > 0)
        put_cell(to, PAINT_DIM, "age", wide->age, 'r', "  ");
    if (wide->spark > 0)
        put_cell(to, PAINT_DIM, "recent", wide->spark, 'l', "  ");
    fputs("\033[K\n", to);
}

void live_draw(FILE *to, const struct live_screen *screen, struct live_client_point *const *points,
               size_t count, unsigned columns, unsigned lines)
{
    size_t room = lines > CHROME_LINES ? lines - CHROME_LINES : 1;
    size_t shown = count < room ? count : room;
    char text[NUMBER_SIZE], more[NUMBER_SIZE + 64] = "";
    struct measures wide = live_measure(points, shown, columns);
    fputs("\033[H", to);
    live_draw_head(to, screen, count, columns);
    live_draw_titles(to, &wide);
    for (size_t i = 0; i < shown; i++)
        live_draw_point(to, screen, points[i], &wide);
    if (count > shown)
        snprintf(more, sizeof more, "%s more; a narrower PATTERN shows fewer",
                 number_group(count - shown, text));
    put_cell(to, screen->remark[0] != 0 ? PAINT_YELLOW : PAINT_DIM,
             screen->remark[0] != 0 ? screen->remark : more, columns, 'l', "");
    fputs("\033[K\n", to);
    put_cell(to, PAINT_DIM, "Ctrl-C ends it", columns > 14 ? 14 : columns, 'l', "");
    fputs("\033[J", to);
}
