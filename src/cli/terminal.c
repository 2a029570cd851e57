#include "cli/terminal.h"

#include "cli/words.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

/* ---- the terminal
 * ------------------------------------------------------------------------------------ */

bool terminal_is_live(void)
{
    const char *term = getenv("TERM");
    return isatty(STDOUT_FILENO) && term != NULL && strcmp(term, "dumb") != 0;
}

void terminal_size(unsigned *ret_columns, unsigned *ret_rows)
{
    struct winsize size = {0};
    bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0;
    *ret_columns = known ? size.ws_col : 80;
    *ret_rows = known ? size.ws_row : 24;
}

const char *paint(enum paint paint)
{
    static const char *const sequences[] = {"\033[0m",  "\033[1m",  "\033[2m", "\033[32m",
                                            "\033[33m", "\033[31m", "\033[36m"};
    const char *refused = getenv("NO_COLOR");
    return terminal_is_live() && (refused == NULL || refused[0] == 0) ? sequences[paint] : "";
}

static bool screen_on;

void screen_begin(void)
{
    if (screen_on || !terminal_is_live())
        return;
    screen_on = true;
    fputs("\033[?1049h\033[?25l\033[2J\033[H", stdout);
    fflush(stdout);
}

void screen_end(void)
{
    if (!screen_on)
        return;
    screen_on = false;
    fputs("\033[?25h\033[?1049l", stdout);
    fflush(stdout);
}

/* ---- numbers
 * ------------------------------------------------------------------------------------------- */

char *number_group(uint64_t number, char *text)
{
    char digits[24];
    int count = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    char *at = text;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = 0;
    return text;
}

char *number_bytes(uint64_t bytes, char *text)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double size = (double)bytes;
    size_t unit = 0;
    while (size >= 1024 && unit + 1 < ARRAY_COUNT(units)) {
        size /= 1024;
        unit++;
    }
    snprintf(text, NUMBER_SIZE, unit == 0 || size >= 100 ? "%.0f %s" : "%.1f %s", size,
             units[unit]);
    return text;
}

char *number_duration(int64_t ns, char *text)
{
    const int64_t minute = 60 * NS_PER_S, hour = 60 * minute, day = 24 * hour, year = 365 * day;
    const char *sign = ns < 0 ? "-" : "";
    uint64_t size = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    double real = (double)size;
    if (real < 1e3)
        snprintf(text, NUMBER_SIZE, "%s%.0f ns", sign, real);
    else if (real < 1e6)
        snprintf(text, NUMBER_SIZE, "%s%.3g us", sign, real / 1e3);
    else if (real < 1e9)
        snprintf(text, NUMBER_SIZE, "%s%.3g ms", sign, real / 1e6);
    else if (real < (double)minute)
        snprintf(text, NUMBER_SIZE, "%s%.3g s", sign, real / 1e9);
    else if (real < (double)hour)
        snprintf(text, NUMBER_SIZE, "%s%d min %d s", sign, (int)(real / (double)minute),
                 (int)(real / 1e9) % 60);
    else if (real < (double)day)
        snprintf(text, NUMBER_SIZE, "%s%d h %d min", sign, (int)(real / (double)hour),
                 (int)(real / (double)minute) % 60);
    else if (real < (double)year)
        snprintf(text, NUMBER_SIZE, "%s%.0f d", sign, real / (double)day);
    else
        snprintf(text, NUMBER_SIZE, "%s%.1f y", sign, real / (double)year);
    return text;
}

char *number_rate(double per_second, char *text)
{
    if (per_second < 100)
        snprintf(text, NUMBER_SIZE, "%.1f", per_second < 0 ? 0 : per_second);
    else
        number_group((uint64_t)per_second, text);
    return text;
}

/* ---- texts
 * -----------------------------------------------------------------------------------------------
 */

/* Bytes of the UTF-8 character at `at`, and the columns it takes. */
static size_t character_size(const char *at, size_t *ret_width)
{
    unsigned char first = (unsigned char)at[0];
    size_t size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    uint32_t code = size == 1 ? first : first & (0xFFu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if (((unsigned char)at[i] & 0xC0) != 0x80) {
            size = i;
            break;
        }
        code = code << 6 | ((unsigned char)at[i] & 0x3F);
    }
    bool wide = (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
                (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
                (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
                (code >= 0x1F300 && code <= 0x1FAFF) || (code >= 0x20000 && code <= 0x3FFFD);
    *ret_width = wide ? 2 : 1;
    return size;
}

size_t text_width(const char *text)
{
    size_t width = 0, one;
    while (*text != 0) {
        text += character_size(text, &one);
        width += one;
    }
    return width;
}

char *text_fit(const char *text, size_t width, char *out, size_t size)
{
    bool cut = text_width(text) > width;
    size_t limit = cut && width > 0 ? width - 1 : width, used = 0, at = 0, one;
    while (*text != 0) {
        size_t step = character_size(text, &one);
        if (used + one > limit || at + step + 4 > size)
            break;
        memcpy(out + at, text, step);
        at += step;
        text += step;
        used += one;
    }
    memcpy(out + at, cut ? "\u2026" : "", cut ? 4 : 1);
    return out;
}

char *text_fit_end(const char *text, size_t width, char *out, size_t size)
{
    size_t left = text_width(text), one;
    bool cut = left > width;
    while (*text != 0 && (left + cut > width || strlen(text) + 4 > size)) {
        text += character_size(text, &one);
        left -= one;
        cut = true;
    }
    snprintf(out, size, "%s%s", cut && width > 0 ? "\u2026" : "", text);
    return out;
}

/* ---- tables
 * ------------------------------------------------------------------------------------------------
 */
#define TABLE_COLUMNS_MAX 16

struct table_cell {
    char *text;
    enum paint paint;
};
struct table {
    size_t columns, cells, capacity;
    bool right[TABLE_COLUMNS_MAX];
    enum paint paint;
    struct table_cell *cell;
};

static void table_put(struct table *table, const char *text, size_t size, enum paint paint)
{
    if (table->cells == table->capacity) {
        table->capacity = table->capacity == 0 ? 64 : table->capacity * 2;
        table->cell = realloc(table->cell, table->capacity * sizeof *table->cell);
        check(table->cell != NULL);
    }
    char *copy = strndup(text, size);
    check(copy != NULL);
    table->cell[table->cells++] = (struct table_cell){.text = copy, .paint = paint};
}

struct table *table_create(const char *heads)
{
    struct table *table = calloc(1, sizeof *table);
    check(table != NULL);
    while (true) {
        check(table->columns < TABLE_COLUMNS_MAX);
        table->right[table->columns] = *heads == '>';
        heads += *heads == '>';
        size_t size = strcspn(heads, "|");
        table_put(table, heads, size, PAINT_DIM);
        table->columns++;
        if (heads[size] == 0)
            return table;
        heads += size + 1;
    }
}

void table_cell(struct table *table, const char *format, ...)
{
    char text[4096];
    va_list list;
    va_start(list, format);
    vsnprintf(text, sizeof text, format, list);
    va_end(list);
    table_put(table, text, strlen(text), table->paint);
    if (table->cells % table->columns == 0)
        table->paint = PAINT_NONE;
}

void table_paint(struct table *table, enum paint paint)
{
    table->paint = paint;
}

static void table_print_cell(const struct table *table, size_t at, size_t width)
{
    size_t column = at % table->columns;
    const struct table_cell *cell = &table->cell[at];
    int pad = (int)(width - text_width(cell->text));
    bool last = column + 1 == table->columns;
    printf("%*s%s%s%s%*s", table->right[column] ? pad : 0, "",
           cell->paint != PAINT_NONE ? paint(cell->paint) : "", cell->text,
           cell->paint != PAINT_NONE ? paint(PAINT_NONE) : "",
           table->right[column] || last ? 0 : pad, "");
    fputs(last ? "\n" : "  ", stdout);
}

void table_destroy(struct table *table)
{
    if (table == NULL)
        return;
    for (size_t i = 0; i < table->cells; i++)
        free(table->cell[i].text);
    free(table->cell);
    free(table);
}

void table_print(struct table *table, const char *indent)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0};
    for (size_t i = 0; i < table->cells; i++) {
        size_t width = text_width(table->cell[i].text);
        if (width > widths[i % table->columns])
            widths[i % table->columns] = width;
    }
    for (size_t i = 0; i < table->cells; i++) {
        if (i % table->columns == 0)
            fputs(indent, stdout);
        table_print_cell(table, i, widths[i % table->columns]);
    }
    table_destroy(table);
}

/* ---- ends
 * ----------------------------------------------------------------------------------------------------
 */

int fail(const char *verb, const char *format, ...)
{
    screen_end();
    fflush(stdout);
    fprintf(stderr, "mainstem %s: ", verb);
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
    fputc('\n', stderr);
    return EXIT_FAILED;
}

static volatile sig_atomic_t stop_signals;

static void stop_take(int signal)
{
    (void)signal;
    stop_signals = 1;
}

void stop_watch(void)
{
    struct sigaction action = {.sa_handler = stop_take};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

bool stop_wanted(void)
{
    return stop_signals != 0;
}

void stop_nap(int64_t ns)
{
    struct timespec time = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
    if (!stop_wanted() && ns > 0)
        nanosleep(&time, NULL); /* a signal ends it early */
}
