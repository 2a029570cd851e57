/* clients: who is connected, whose session is kept, and what the server retains, over the control
 * door. What wants attention stands on top: those with the most messages waiting or dropped. */
#include "cli/answer.h"
#include "cli/terminal.h"
#include "cli/words.h"

#include <stdlib.h>
#include <string.h>

#define VERB "clients"
#define ASK_MOST 1000   /* asked for at once */
#define SHOWN_USUAL 100 /* rows, unless --most says otherwise */
#define SHOWN_MAX 10000
#define ROWS_SLACK 1000 /* kept beyond those that are shown, before the list is cut again */
#define WATCH_LINES 4   /* of the screen that are no rows: summary, heads, remarks */
#define REFRESH_NS (1 * NS_PER_S)
#define LOOK_COLUMNS 8
#define CELL_SIZE 512
#define CELL_WIDTH 120

/* ---- the list: what comes first is kept, however long it is
 * ------------------------------------------- */
struct row {
    const char *name; /* client id or topic; of the answer */
    uint64_t rank;    /* the largest comes first */
    json_t *answer;
};
struct list {
    struct control *control;
    const char *match;
    bool retained, json;
    size_t most;
    struct row *rows;
    size_t count, capacity;
    uint64_t found, away, queued, dropped, bytes, all; /* `all`: match or not */
};

static int row_by_name(const void *a, const void *b)
{
    return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

static int row_by_rank(const void *a, const void *b)
{
    uint64_t one = ((const struct row *)a)->rank, other = ((const struct row *)b)->rank;
    return one != other ? (one > other ? -1 : 1) : row_by_name(a, b);
}

static void list_cut(struct list *list, size_t count)
{
    while (list->count > count)
        json_decref(list->rows[--list->count].answer);
}

/* In order, each once (who came back between two questions is told twice), and no more than are
 * wanted. */
static void list_settle(struct list *list)
{
    size_t kept = 0;
    if (list->count > 0)
        qsort(list->rows, list->count, sizeof *list->rows, row_by_name);
    for (size_t i = 0; i < list->count; i++) {
        if (kept > 0 && strcmp(list->rows[kept - 1].name, list->rows[i].name) == 0)
            json_decref(list->rows[i].answer);
        else
            list->rows[kept++] = list->rows[i];
    }
    list->count = kept;
    if (list->count > 0)
        qsort(list->rows, list->count, sizeof *list->rows, row_by_rank);
    list_cut(list, list->most);
}

static void list_put(struct list *list, json_t *answer)
{
    if (list->count == list->capacity) {
        list_settle(list);
        size_t capacity = list->most + ROWS_SLACK;
        if (list->capacity < capacity) {
            list->rows = realloc(list->rows, capacity * sizeof *list->rows);
            check(list->rows != NULL);
            list->capacity = capacity;
        }
    }
    list->rows[list->count++] =
        (struct row){.name = answer_text(answer, list->retained ? "topic" : "id"),
                     .rank = answer_count(answer, "queued") + answer_count(answer, "dropped"),
                     .answer = json_incref(answer)};
}

static void list_take(struct list *list, json_t *answer)
{
    list->found++;
    list->away += !list->retained && json_is_null(answer_at(answer, "peer"));
    list->queued += answer_count(answer, "queued");
    list->dropped += answer_count(answer, "dropped");
    list->bytes += answer_count(answer, "bytes");
    if (!list->json) {
        list_put(list, answer);
        return;
    }
    if (list->found <= list->most) {
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
    }
}

/* All that match, in as many questions as it takes. False after printing why. */
static bool list_ask(struct list *list)
{
    const char *ask = list->retained ? "retained" : "clients";
    json_int_t after = 0;
    list_cut(list, 0);
    list->found = list->away = list->queued = list->dropped = list->bytes = 0;
    for (bool more = true; more && !stop_wanted();) {
        json_t *answer = answer_ask(list->control, VERB,
                                    json_pack("{s:s, s:s, s:I, s:i}", "ask", ask, "match",
                                              list->match, "after", after, "most", ASK_MOST));
        if (answer == NULL)
            return false;
        size_t i;
        json_t *one;
        json_array_foreach(json_object_get(answer, ask), i, one) list_take(list, one);
        list->all = answer_count(answer, "count");
        const json_t *next = json_object_get(answer, "next");
        more = json_is_integer(next) && !(list->json && list->found >= list->most);
        after = json_integer_value(next);
        json_decref(answer);
    }
    list_settle(list);
    return true;
}

/* ---- cells
 * ------------------------------------------------------------------------------------------------
 */
struct cells {
    char text[LOOK_COLUMNS][CELL_SIZE];
    enum paint paint[LOOK_COLUMNS];
};
/* Where the terminal is narrow: columns that are shortened to so many places, or left out (0), one
 * after the other until the rest fits. */
struct squeeze {
    size_t column, least;
};
struct look {
    const char *heads[LOOK_COLUMNS]; /* '>': right-aligned */
    void (*fill)(const json_t *answer, struct cells *cells);
    struct squeeze squeezes[6];
    size_t columns, squeeze_count;
    bool keep_end[LOOK_COLUMNS]; /* when shortened */
};

/* What clients choose must not steer the terminal: control characters are shown as U+FFFD. */
static void cell_text(const char *text, char *cell)
{
    size_t at = 0;
    for (; *text != 0 && at + 4 < CELL_SIZE; text++) {
        unsigned char one = (unsigned char)text[0], two = (unsigned char)text[1];
        bool late = one == 0xC2 && two >= 0x80 && two < 0xA0; /* U+0080..U+009F */
        if (one >= 0x20 && one != 0x7F && !late) {
            cell[at++] = *text;
            continue;
        }
        memcpy(cell + at, "\xEF\xBF\xBD", 3);
        at += 3;
        text += late;
    }
    cell[at] = 0;
    char whole[CELL_SIZE];
    memcpy(whole, cell, at + 1);
    text_fit(whole, CELL_WIDTH, cell, CELL_SIZE);
}

/* One unit is enough: 45 s, 12 min, 3 h, 20 d. */
static const char *span_text(uint64_t seconds, char *text)
{
    static const struct {
        uint64_t seconds;
        const char *name;
    } units[] = {{86400, "d"}, {3600, "h"}, {60, "min"}};
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (seconds >= 2 * units[i].seconds || (i > 0 && seconds >= units[i].seconds)) {
            snprintf(text, NUMBER_SIZE, "%llu %s", (unsigned long long)(seconds / units[i].seconds),
                     units[i].name);
            return text;
        }
    }
    snprintf(text, NUMBER_SIZE, "%llu s", (unsigned long long)seconds);
    return text;
}

static void client_state(const json_t *client, char *cell)
{
    char since[NUMBER_SIZE], left[NUMBER_SIZE];
    uint64_t away_s = answer_count(client, "away_s"), expiry_s = answer_count(client, "expiry_s");
    span_text(away_s, since);
    if (!json_is_null(answer_at(client, "peer")))
        snprintf(cell, CELL_SIZE, "connected %s",
                 span_text(answer_count(client, "connected_s"), left));
    else if (!answer_is(client, "kept"))
        snprintf(cell, CELL_SIZE, "away %s, for its will", since);
    else if (json_is_null(answer_at(client, "expiry_s")))
        snprintf(cell, CELL_SIZE, "away %s, kept for ever", since);
    else
        snprintf(cell, CELL_SIZE, "away %s, ends in %s", since,
                 span_text(expiry_s > away_s ? expiry_s - away_s : 0, left));
}

enum { CLIENT_ID, CLIENT_FROM, CLIENT_VERSION, CLIENT_STATE, CLIENT_NUMBERS };

static void client_fill(const json_t *client, struct cells *cells)
{
    static const char *const numbers[] = {"subscriptions", "queued", "in_flight", "dropped"};
    bool connected = !json_is_null(answer_at(client, "peer"));
    char text[NUMBER_SIZE];
    cell_text(answer_text(client, "id"), cells->text[CLIENT_ID]);
    cell_text(connected ? answer_text(client, "peer") : "-", cells->text[CLIENT_FROM]);
    cell_text(answer_text(client, "version"), cells->text[CLIENT_VERSION]);
    client_state(client, cells->text[CLIENT_STATE]);
    cells->paint[CLIENT_ID] = PAINT_BOLD;
    cells->paint[CLIENT_STATE] = connected ? PAINT_GREEN : PAINT_YELLOW;
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        uint64_t number = answer_count(client, numbers[i]);
        bool lost = number > 0 && i + 1 == ARRAY_COUNT(numbers);
        snprintf(cells->text[CLIENT_NUMBERS + i], CELL_SIZE, "%s%s", lost ? "!" : "",
                 number_group(number, text));
        cells->paint[CLIENT_NUMBERS + i] = lost ? PAINT_RED : PAINT_NONE;
    }
}

static const struct look clients_look = {
    .heads = {"client", "from", "MQTT", "state", ">subscriptions", ">queued", ">in flight",
              ">dropped"},
    .fill = client_fill,
    .columns = CLIENT_NUMBERS + 4,
    .squeezes = {{CLIENT_ID, 24},
                 {CLIENT_FROM, 0},
                 {CLIENT_ID, 16},
                 {CLIENT_VERSION, 0},
                 {CLIENT_NUMBERS, 0},
                 {CLIENT_ID, 8}},
    .squeeze_count = 6,
};

enum { RETAINED_TOPIC, RETAINED_QOS, RETAINED_BYTES, RETAINED_EXPIRES, RETAINED_PAYLOAD };

static void retained_fill(const json_t *message, struct cells *cells)
{
    char text[NUMBER_SIZE];
    const char *payload = json_string_value(answer_at(message, "payload"));
    cell_text(answer_text(message, "topic"), cells->text[RETAINED_TOPIC]);
    snprintf(cells->text[RETAINED_QOS], CELL_SIZE, "%llu",
             (unsigned long long)answer_count(message, "qos"));
    number_group(answer_count(message, "bytes"), cells->text[RETAINED_BYTES]);
    bool endless = json_is_null(answer_at(message, "expires_s"));
    snprintf(cells->text[RETAINED_EXPIRES], CELL_SIZE, "%s%s", endless ? "" : "in ",
             endless ? "never" : span_text(answer_count(message, "expires_s"), text));
    cells->paint[RETAINED_TOPIC] = PAINT_BOLD;
    if (payload == NULL) {
        snprintf(cells->text[RETAINED_PAYLOAD], CELL_SIZE, "(no text)");
        cells->paint[RETAINED_PAYLOAD] = PAINT_DIM;
        return;
    }
    cell_text(payload, cells->text[RETAINED_PAYLOAD]); /* what the door cut, this cuts as well */
}

static const struct look retained_look = {
    .heads = {"topic", ">QoS", ">bytes", "expires", "payload"},
    .fill = retained_fill,
    .columns = RETAINED_PAYLOAD + 1,
    .squeezes = {{RETAINED_PAYLOAD, 24},
                 {RETAINED_TOPIC, 32},
                 {RETAINED_EXPIRES, 0},
                 {RETAINED_PAYLOAD, 12},
                 {RETAINED_TOPIC, 12}},
    .squeeze_count = 5,
    .keep_end = {[RETAINED_TOPIC] = true},
};

/* ---- drawing
 * ---------------------------------------------------------------------------------------------- */
static void look_squeeze(const struct look *look, size_t *widths, bool *left_out, size_t width)
{
    size_t sum = 0;
    for (size_t i = 0; i < look->columns; i++)
        sum += widths[i] + (i > 0 ? 2 : 0);
    for (size_t i = 0; i < look->squeeze_count && sum > width; i++) {
        const struct squeeze *squeeze = &look->squeezes[i];
        size_t *one = &widths[squeeze->column], before = *one;
        if (squeeze->least == 0) {
            left_out[squeeze->column] = true;
            sum -= before + 2;
        } else if (before > squeeze->least) {
            *one = before - squeeze->least < sum - width ? squeeze->least : before - (sum - width);
            sum -= before - *one;
        }
    }
}

static struct table *look_table(const struct look *look, const bool *left_out)
{
    char heads[256] = "";
    for (size_t i = 0; i < look->columns; i++)
        if (!left_out[i])
            snprintf(heads + strlen(heads), sizeof heads - strlen(heads), "%s%s",
                     heads[0] != 0 ? "|" : "", look->heads[i]);
    return table_create(heads);
}

static void list_draw_rows(const struct list *list, size_t count, size_t width)
{
    const struct look *look = list->retained ? &retained_look : &clients_look;
    struct cells *cells = calloc(count, sizeof *cells);
    check(cells != NULL);
    size_t widths[LOOK_COLUMNS];
    bool left_out[LOOK_COLUMNS] = {false};
    for (size_t i = 0; i < look->columns; i++)
        widths[i] = strlen(look->heads[i]) - (look->heads[i][0] == '>');
    for (size_t row = 0; row < count; row++) {
        look->fill(list->rows[row].answer, &cells[row]);
        for (size_t i = 0; i < look->columns; i++) {
            size_t one = text_width(cells[row].text[i]);
            widths[i] = one > widths[i] ? one : widths[i];
        }
    }
    look_squeeze(look, widths, left_out, width);
    struct table *table = look_table(look, left_out);
    for (size_t row = 0; row < count; row++) {
        for (size_t i = 0; i < look->columns; i++) {
            char text[CELL_SIZE];
            if (left_out[i])
                continue;
            table_paint(table, cells[row].paint[i]);
            table_cell(table, "%s",
                       (look->keep_end[i] ? text_fit_end : text_fit)(cells[row].text[i], widths[i],
                                                                     text, sizeof text));
        }
    }
    table_print(table, "");
    free(cells);
}

static void list_draw_item(const char *name, uint64_t number, enum paint colour)
{
    char text[NUMBER_SIZE];
    printf("   %s%s%s %s%s%s", paint(PAINT_DIM), name, paint(PAINT_NONE), paint(colour),
           number_group(number, text), paint(PAINT_NONE));
}

static void list_draw_summary(const struct list *list)
{
    char text[NUMBER_SIZE], more[NUMBER_SIZE];
    printf("%s%s%s %s", paint(PAINT_BOLD), number_group(list->found, text), paint(PAINT_NONE),
           list->retained     ? "retained"
           : list->found == 1 ? "client"
                              : "clients");
    if (list->found < list->all)
        printf(" of %s", number_group(list->all, more));
    if (list->retained) {
        printf("   %spayloads%s %s\n", paint(PAINT_DIM), paint(PAINT_NONE),
               number_bytes(list->bytes, more));
        return;
    }
    list_draw_item("connected", list->found - list->away, PAINT_GREEN);
    list_draw_item("away", list->away, list->away > 0 ? PAINT_YELLOW : PAINT_NONE);
    list_draw_item("queued", list->queued, PAINT_NONE);
    list_draw_item("dropped", list->dropped, list->dropped > 0 ? PAINT_RED : PAINT_NONE);
    putchar('\n');
}

/* Nothing to list: what is asked for instead, or what would make something. */
static void list_draw_empty(const struct list *list, FILE *to)
{
    const char *noun = list->retained ? "topic of a retained message" : "client id";
    char text[NUMBER_SIZE];
    bool asked_for_all = !list->retained && strcmp(list->match, "*") == 0;
    if (list->all > 0 && !asked_for_all) {
        fprintf(to, "No %s matches \"%s\"; `mainstem clients%s` lists all %s.\n", noun, list->match,
                list->retained ? " --retained" : "", number_group(list->all, text));
        return;
    }
    json_t *state = answer_ask(list->control, VERB, json_pack("{s:s}", "ask", "state"));
    const char *address = answer_text(state, "mqtt.address");
    if (list->retained)
        fprintf(to,
                "No message is retained. This retains one:\n"
                "  mainstem pub --server %s plant/press/state running --retain\n",
                address);
    else
        fprintf(to,
                "No client is connected, and no session is kept. This connects one and has its\n"
                "session kept for an hour after it went:\n"
                "  mainstem sub --server %s 'plant/#' --client-id desk --session-expiry 3600\n",
                address);
    json_decref(state);
}

static void list_draw(const struct list *list, size_t rows, size_t width, bool watched)
{
    size_t count = list->count < rows ? list->count : rows;
    char text[NUMBER_SIZE];
    list_draw_summary(list);
    if (count > 0)
        list_draw_rows(list, count, width);
    if (list->found > count)
        printf("%s%s more%s%s\n", paint(PAINT_DIM), number_group(list->found - count, text),
               watched ? "" : "; --most N shows so many", paint(PAINT_NONE));
}

/* ---- the verb
 * --------------------------------------------------------------------------------------------- */
static int clients_once(struct list *list)
{
    unsigned columns, rows;
    terminal_size(&columns, &rows);
    if (!list_ask(list))
        return EXIT_FAILED;
    if (list->found == 0)
        list_draw_empty(list, stderr);
    else if (!list->json)
        list_draw(list, list->most, terminal_is_live() ? columns : SIZE_MAX, false);
    return EXIT_DONE;
}

/* A long list costs the server some time: it is asked for less often, a tenth of the time at most.
 */
static int clients_watch(struct list *list)
{
    const struct clock *clock = clock_real();
    setvbuf(stdout, NULL, _IOFBF, (size_t)64 << 10); /* a picture is written at once */
    stop_watch();
    screen_begin();
    while (!stop_wanted()) {
        unsigned columns, rows;
        terminal_size(&columns, &rows);
        list->most = rows > WATCH_LINES ? rows - WATCH_LINES : 1;
        int64_t begin_ns = clock->boot_ns(clock_real());
        if (!list_ask(list))
            return EXIT_FAILED;
        int64_t took_ns = clock->boot_ns(clock_real()) - begin_ns;
        fputs("\033[H\033[J", stdout);
        if (list->found == 0)
            list_draw_empty(list, stdout);
        else
            list_draw(list, list->most, columns, true);
        printf("%sCtrl-C ends watching, not the server%s", paint(PAINT_DIM), paint(PAINT_NONE));
        fflush(stdout);
        stop_nap(10 * took_ns > REFRESH_NS ? 10 * took_ns : REFRESH_NS);
    }
    screen_end();
    return EXIT_DONE;
}

static int clients_run(const struct words *words)
{
    struct list list = {.retained = words_flag(words, "retained"),
                        .json = words_flag(words, "json")};
    uint64_t most;
    if (!words_count(words, "most", list.json ? UINT32_MAX : SHOWN_USUAL, 1,
                     list.json ? UINT32_MAX : SHOWN_MAX, &most))
        return EXIT_USAGE;
    if (list.json && words_flag(words, "watch")) {
        fail(VERB, "--watch is a screen for people; with --json, ask again when you want to know");
        return EXIT_USAGE;
    }
    list.most = most;
    list.match = words->argument_count > 0 ? words->arguments[0] : list.retained ? "#" : "*";
    list.control = answer_open(VERB, words_folder(words));
    if (list.control == NULL)
        return EXIT_FAILED;
    bool live = words_flag(words, "watch") && terminal_is_live();
    int code = live ? clients_watch(&list) : clients_once(&list);
    list_cut(&list, 0);
    free(list.rows);
    control_close(list.control);
    return code;
}

static const struct option clients_options[] = {
    FOLDER_OPTION,
    {"retained", NULL, "list retained messages instead, in order of their topics"},
    {"watch", NULL, "refresh it on the screen; Ctrl-C ends that"},
    {"most", "N", "rows that are shown (100), objects with --json (all)"},
    {"json", NULL, "one JSON object a line, for scripts; in no order"},
};
const struct verb verb_clients = {
    .name = VERB,
    .arguments = "[GLOB | --retained FILTER]",
    .summary = "List a running server's MQTT clients and kept sessions, or retained messages.",
    .about =
        "GLOB is a client id in which * stands for any characters and ? for one; FILTER is an\n"
        "MQTT topic filter. Clients come in the order of their queued and dropped messages:\n"
        "who is too slow stands on top. Away is a session that is kept without its client;\n"
        "queued counts what waits for it, and what it has not acknowledged; dropped, with !,\n"
        "what it did not get because it was too slow. All are of the tenant main: others see\n"
        "their own in the console.",
    .example = "  mainstem clients 'press-*' --watch\n"
               "  mainstem clients --retained 'plant/+/state'",
    .options = clients_options,
    .option_count = ARRAY_COUNT(clients_options),
    .arguments_max = 1,
    .run = clients_run,
};
