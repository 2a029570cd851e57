/* alarm: alarms that are not normal: listed, answered, watched. */
#include "cli/answer.h"
#include "cli/people_words.h"
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERB "alarm"
#define ROUTE "/v1/alarms"
#define ROUTE_ACT "/v1/alarms-act"
#define ROUTE_JOURNAL "/v1/alarm-journal"
#define WATCH_MS 500
#define WATCH_PAGE 1000

/* ---- shown -------------------------------------------------------------------------------------
 */
static const struct row_column alarm_columns[] = {
    {"alarm", .right = true}, {"priority", .right = true},        {.name = "state"},
    {"path", .least = 16},    {"title", .least = 12, .leave = 1}, {"value", .right = true},
    {.name = "raised"},       {"why", .least = 12, .leave = 2},   {"assignee", .leave = 3},
};

static enum paint priority_paint(const json_t *alarm)
{
    uint64_t priority = answer_count(alarm, "priority");
    return priority <= 1 ? PAINT_RED : priority == 2 ? PAINT_YELLOW : PAINT_NONE;
}

static void alarm_row(struct rows *rows, const json_t *alarm)
{
    char priority[24];
    people_cell(rows, alarm, "alarm");
    snprintf(priority, sizeof priority, "%llu",
             (unsigned long long)answer_count(alarm, "priority"));
    rows_cell(rows, priority_paint(alarm), priority);
    rows_cell(rows, priority_paint(alarm), answer_text(alarm, "state"));
    people_cell(rows, alarm, "path");
    people_cell(rows, alarm, "title");
    people_cell(rows, alarm, "value");
    people_cell_time(rows, alarm, "raised");
    people_cell(rows, alarm, "why");
    people_cell(rows, alarm, "assignee");
}

/* What the options choose, for the list and the journal. */
static void query_put(const struct words *words, struct http_url *url)
{
    static const char *const names[] = {"match", "rule", "priority", "state", "under"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        for (size_t n = 0; words_value(words, names[i], n) != NULL; n++)
            http_url_query(url, names[i], words_value(words, names[i], n));
}

static int alarm_list(const struct words *words, struct http_line *line)
{
    struct people_list list = {.route = ROUTE,
                               .member = "alarms",
                               .columns = alarm_columns,
                               .column_count = ARRAY_COUNT(alarm_columns),
                               .row = alarm_row,
                               .query = query_put,
                               .none = "nothing is wrong: no alarm stands"};
    if (!words_count(words, "limit", 0, 1, 1000000, &list.most))
        return EXIT_USAGE;
    return people_print_list(words, line, &list);
}

/* ---- answered ----------------------------------------------------------------------------------
 */
/* The numbers of the words behind the act; or, without any, what the options choose. NULL after
 * printing what is wanted. */
static json_t *act_body(const struct words *words, const char *act)
{
    json_t *body = json_pack("{s:s}", "act", act), *alarms = json_array();
    for (size_t i = 1; i < words->argument_count; i++) {
        const char *text = words->arguments[i];
        if (text[0] == 0 || strspn(text, "0123456789") != strlen(text) || strlen(text) > 18) {
            fail(VERB, "\"%s\" is no number of an alarm; `mainstem alarm list` shows them", text);
            json_decref(alarms);
            json_decref(body);
            return NULL;
        }
        json_array_append_new(alarms, json_integer(strtoll(text, NULL, 10)));
    }
    if (json_array_size(alarms) > 0) {
        json_object_set_new(body, "alarms", alarms);
        return body;
    }
    json_decref(alarms);
    json_t *filter = json_object();
    static const char *const names[] = {"match", "rule", "priority", "state", "under"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (words_value(words, names[i], 0) != NULL)
            json_object_set_new(filter, names[i], json_string(words_value(words, names[i], 0)));
    if (json_object_size(filter) == 0 && !words_flag(words, "all")) {
        fail(VERB, "which? Give numbers, --match PATTERN or another option, or --all");
        json_decref(filter);
        json_decref(body);
        return NULL;
    }
    json_object_set_new(body, "filter", filter);
    return body;
}

static int act_send(const struct words *words, struct http_line *line, const char *act)
{
    struct http_url url;
    char done[NUMBER_SIZE], passed[NUMBER_SIZE];
    json_t *body = act_body(words, act);
    if (body == NULL || !body_put_text(words, body, "comment", "comment") ||
        !body_put_text(words, body, "for", "for") ||
        !body_put_text(words, body, "to", "assignee")) {
        json_decref(body);
        return EXIT_USAGE;
    }
    http_url_start(&url, ROUTE_ACT);
    json_t *answer = archive_ask(line, "POST", &url, body);
    if (answer == NULL)
        return EXIT_FAILED;
    uint64_t passed_over = answer_count(answer, "passed_over");
    if (words_flag(words, "json")) {
        value_put_line(stdout, answer);
    } else {
        const char *undo = answer_text(answer, "undo_until");
        fprintf(stderr, "mainstem alarm: %s done",
                number_group(answer_count(answer, "done"), done));
        if (passed_over > 0)
            fprintf(stderr, ", %s passed over: not in a state for that",
                    number_group(passed_over, passed));
        fprintf(stderr,
                undo[0] != 0 ? "; `mainstem alarm undo` takes it back until %.19sZ\n" : "\n", undo);
    }
    int code = answer_count(answer, "done") > 0 || passed_over == 0 ? EXIT_DONE : EXIT_FAILED;
    json_decref(answer);
    return code;
}

#define ACT(name, word)                                                                            \
    static int alarm_##name(const struct words *words, struct http_line *line)                     \
    {                                                                                              \
        return act_send(words, line, word);                                                        \
    }
ACT(ack, "acknowledge")
ACT(undo, "unacknowledge")
ACT(reset, "reset")
ACT(shelve, "shelve")
ACT(unshelve, "unshelve")
ACT(comment, "comment")
ACT(assign, "assign")
#undef ACT

/* ---- watched -----------------------------------------------------------------------------------
 */
static void entry_print(const json_t *entry, enum output_format format)
{
    if (format == OUTPUT_JSON) {
        value_put_line(stdout, entry);
        return;
    }
    const json_t *value = json_object_get(entry, "value");
    char *number = value_text(value, "");
    const char *text = answer_text(entry, "text"), *who = answer_text(entry, "who");
    printf("%.19sZ  %s%llu%s  %-24s %s  %s%s%s%s%s%s\n", answer_text(entry, "arrived"),
           paint(priority_paint(entry)), (unsigned long long)answer_count(entry, "priority"),
           paint(PAINT_NONE), answer_text(entry, "state"), answer_text(entry, "path"),
           answer_text(entry, "event"), number != NULL && number[0] != 0 ? " " : "",
           number != NULL ? number : "", text[0] != 0 ? "  " : "", text,
           answer_is(entry, "late") ? "  (late)" : "");
    if (who[0] != 0)
        printf("                      by %s\n", who);
    free(number);
}

/* Entries behind *last, in their order; the newest page of them when they are more. False after
 * printing why. */
static bool watch_page(const struct words *words, struct http_line *line, enum output_format format,
                       uint64_t *last, uint64_t *count)
{
    struct http_url url;
    http_url_start(&url, ROUTE_JOURNAL);
    query_put(words, &url);
    http_url_query_count(&url, "limit", WATCH_PAGE);
    json_t *answer = http_line_get(line, &url, NULL);
    const json_t *entries = json_object_get(answer, "entries");
    if (answer == NULL)
        return false;
    bool first = *last == UINT64_MAX;
    for (size_t i = json_array_size(entries); i > 0; i--) {
        const json_t *entry = json_array_get(entries, i - 1);
        uint64_t number = answer_count(entry, "entry");
        if (!first && number > *last) {
            entry_print(entry, format);
            ++*count;
        }
        if (first || number > *last)
            *last = number;
        first = first && i > 1;
    }
    if (*last == UINT64_MAX)
        *last = 0;
    json_decref(answer);
    fflush(stdout);
    return true;
}

static int alarm_watch(const struct words *words, struct http_line *line)
{
    enum output_format format;
    uint64_t last = UINT64_MAX, count = 0, wanted;
    if (!http_words_format(words, &format) || !words_count(words, "limit", 0, 1, 1000000, &wanted))
        return EXIT_USAGE;
    stop_watch();
    if (isatty(STDERR_FILENO) && format == OUTPUT_TABLE)
        fprintf(stderr, "mainstem alarm: what happens to alarms from now on; Ctrl-C ends it\n");
    while (!stop_wanted() && (wanted == 0 || count < wanted)) {
        if (!watch_page(words, line, format, &last, &count))
            return EXIT_FAILED;
        usleep(WATCH_MS * 1000);
    }
    return EXIT_DONE;
}

/* ---- the verb ----------------------------------------------------------------------------------
 */
static int alarm_run(const struct words *words)
{
    static const struct people_action actions[] = {
        {"list", 0, 0, "list [--match PATTERN] [--state STATE] [--priority N]", alarm_list},
        {"watch", 0, 0, "watch [--match PATTERN] [--limit N]", alarm_watch},
        {"ack", 0, 60, "ack ALARM...|--match PATTERN|--all [--comment TEXT]", alarm_ack},
        {"undo", 0, 60, "undo ALARM...|--match PATTERN|--all", alarm_undo},
        {"reset", 0, 60, "reset ALARM...|--match PATTERN|--all", alarm_reset},
        {"shelve", 0, 60, "shelve ALARM...|--match PATTERN --for 8h", alarm_shelve},
        {"unshelve", 0, 60, "unshelve ALARM...|--match PATTERN|--all", alarm_unshelve},
        {"comment", 0, 60, "comment ALARM... --comment TEXT", alarm_comment},
        {"assign", 0, 60, "assign ALARM... --to NAME", alarm_assign},
    };
    return people_run(words, actions, ARRAY_COUNT(actions));
}

static const struct option alarm_options[] = {
    HTTP_OPTION,
    {"match", "PATTERN", "those of points that match, as plant/+/temp or plant/#"},
    {"under", "PATH", "those of an asset and what is below it"},
    {"rule", "NAME", "those of a rule"},
    {"priority", "N", "1 is the most urgent; 1-2 is both"},
    {"state", "STATE", "unacknowledged, acknowledged, returned, shelved ..."},
    {"all", NULL, "all that may be seen"},
    {"comment", "TEXT", "to be kept with it"},
    {"for", "TIME", "shelve: for so long, as 30m or 8h"},
    {"to", "NAME", "assign: whom; without it nobody"},
    {"limit", "N", "list, watch: so many at most"},
    FORMAT_OPTIONS,
};
const struct verb verb_alarm = {
    .name = VERB,
    .arguments = "list|watch|ack|undo|reset|shelve|unshelve|comment|assign [ALARM...]",
    .summary = "Alarms: list what stands, answer it, watch what happens.",
    .about =
        "list shows what is not normal, the newest change first; watch prints each entry of the\n"
        "journal of alarms as it comes. The others do something with the alarms that are named\n"
        "by their numbers, or that the options choose; an acknowledgement can be taken back for\n"
        "two minutes by whoever gave it.",
    .example = "  mainstem alarm list --priority 1-2\n"
               "  mainstem alarm ack 4711 --comment 'pump is being changed'\n"
               "  mainstem alarm shelve --match 'plant/line-3/#' --for 8h\n"
               "  mainstem alarm watch --match 'fire/#' --json",
    .options = alarm_options,
    .option_count = ARRAY_COUNT(alarm_options),
    .arguments_min = 1,
    .arguments_max = 61,
    .run = alarm_run,
};
