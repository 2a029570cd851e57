/* point: commands and questions about single points, over the control door. A command's answer
 * comes when its outcome is durable. */
#include "cli/answer.h"
#include "cli/terminal.h"
#include "cli/words.h"

#include <stdlib.h>
#include <string.h>

#define VERB "point"
#define LIST_MOST 500 /* points asked for at once */

/* ---- commands
 * -------------------------------------------------------------------------------------------- */

static int point_wrong_pair(const char *option, const char *text, const char *allowed)
{
    fail(VERB, "--%s is \"%s\"; allowed: %s", option, text, allowed);
    return EXIT_USAGE;
}

static int point_put_labels(const struct words *words, json_t *command)
{
    json_t *labels = NULL;
    const char *text;
    for (size_t i = 0; (text = words_value(words, "label", i)) != NULL; i++) {
        char name[LABEL_BYTES_MAX + 1];
        const char *equals = strchr(text, '=');
        if (equals == NULL || equals == text || (size_t)(equals - text) > LABEL_BYTES_MAX)
            return point_wrong_pair("label", text, "NAME=VALUE");
        snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
        if (labels == NULL)
            labels = json_object();
        json_object_set_new(labels, name, json_string(equals + 1));
    }
    if (labels != NULL)
        json_object_set_new(command, "labels", labels);
    return EXIT_DONE;
}

static int point_put_limits(const struct words *words, json_t *command)
{
    static const char *const kinds[] = {"low_low", "low", "high", "high_high"};
    static const char allowed[] = "low_low=N, low=N, high=N or high_high=N";
    json_t *limits = NULL;
    const char *text;
    for (size_t i = 0; (text = words_value(words, "limit", i)) != NULL; i++) {
        size_t size = strcspn(text, "="), kind = 0;
        while (kind < ARRAY_COUNT(kinds) &&
               (strlen(kinds[kind]) != size || memcmp(kinds[kind], text, size) != 0))
            kind++;
        char *end = NULL;
        double limit = text[size] == '=' ? strtod(text + size + 1, &end) : 0;
        if (kind == ARRAY_COUNT(kinds) || end == NULL || end == text + size + 1 || *end != 0)
            return point_wrong_pair("limit", text, allowed);
        if (limits == NULL)
            limits = json_object();
        json_object_set_new(limits, kinds[kind], json_real(limit));
    }
    if (limits != NULL)
        json_object_set_new(command, "limits", limits);
    return EXIT_DONE;
}

static int point_command(const struct words *words, struct control *control)
{
    json_t *command =
        json_pack("{s:s, s:s}", "command", words->arguments[0], "path", words->arguments[1]);
    if (command == NULL)
        return fail(VERB, "the path is not UTF-8");
    if (words->argument_count > 2)
        json_object_set_new(command, "new_path", json_string(words->arguments[2]));
    static const char *const texts[] = {"type", "unit", "description", "key"};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        if (words_value(words, texts[i], 0) != NULL)
            json_object_set_new(command, texts[i], json_string(words_value(words, texts[i], 0)));
    int code = point_put_labels(words, command);
    if (code == EXIT_DONE)
        code = point_put_limits(words, command);
    if (code != EXIT_DONE) {
        json_decref(command);
        return code;
    }
    json_t *answer = answer_ask(control, VERB, command);
    if (answer == NULL)
        return EXIT_FAILED;
    const char *outcome = answer_text(answer, "outcome");
    bool done = strcmp(outcome, "done") == 0 || strcmp(outcome, "repeated") == 0;
    if (words_flag(words, "json"))
        json_dumpf(answer, stdout, JSON_COMPACT), putchar('\n');
    else
        printf("%s%s%s%s%s\n", paint(done ? PAINT_GREEN : PAINT_RED), outcome, paint(PAINT_NONE),
               strcmp(outcome, "done") == 0 ? "" : ": ",
               strcmp(outcome, "done") == 0 ? "" : answer_text(answer, "text"));
    json_decref(answer);
    return done ? EXIT_DONE : EXIT_FAILED;
}

/* ---- questions
 * --------------------------------------------------------------------------------------------- */

static char *point_value_text(const json_t *value, char *text, size_t size)
{
    if (json_is_real(value))
        snprintf(text, size, "%.10g", json_real_value(value));
    else if (json_is_integer(value))
        snprintf(text, size, "%lld", (long long)json_integer_value(value));
    else if (json_is_boolean(value))
        snprintf(text, size, "%s", json_is_true(value) ? "true" : "false");
    else
        snprintf(text, size, "%s", json_is_string(value) ? json_string_value(value) : "-");
    return text;
}

static void point_show_line(const char *name, const json_t *value)
{
    char text[1024];
    if (json_is_object(value)) {
        const char *key;
        json_t *one;
        printf("%s%-12s%s", paint(PAINT_DIM), name, paint(PAINT_NONE));
        json_object_foreach((json_t *)(uintptr_t)value, key, one)
            printf(" %s=%s", key, point_value_text(one, text, sizeof text));
        putchar('\n');
    } else {
        printf("%s%-12s%s %s\n", paint(PAINT_DIM), name, paint(PAINT_NONE),
               point_value_text(value, text, sizeof text));
    }
}

static int point_show(const struct words *words, struct control *control)
{
    json_t *answer = answer_ask(
        control, VERB, json_pack("{s:s, s:s}", "ask", "point", "path", words->arguments[1]));
    if (answer == NULL)
        return EXIT_FAILED;
    if (words_flag(words, "json")) {
        json_dumpf(answer, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        const json_t *inner = json_object_get(answer, "point");
        const json_t *whole = json_is_object(inner) ? inner : answer;
        const char *name;
        json_t *value;
        json_object_foreach((json_t *)(uintptr_t)whole, name, value) point_show_line(name, value);
    }
    json_decref(answer);
    return EXIT_DONE;
}

static void point_list_rows(struct table *table, const json_t *points, bool json)
{
    size_t at;
    json_t *point;
    json_array_foreach((json_t *)(uintptr_t)points, at, point)
    {
        if (json) {
            json_dumpf(point, stdout, JSON_COMPACT);
            putchar('\n');
            continue;
        }
        table_cell(table, "%s", answer_text(point, "path"));
        table_cell(table, "%s", answer_text(point, "type"));
        table_cell(table, "%s", answer_text(point, "text"));
        table_cell(table, "%s", answer_text(point, "unit"));
        table_cell(table, "%s", answer_text(point, "quality"));
        table_cell(table, "%s", answer_text(point, "time"));
    }
}

static int point_list(const struct words *words, struct control *control)
{
    const char *filter = words->argument_count > 1 ? words->arguments[1] : "#";
    bool json = words_flag(words, "json");
    json_int_t after = 0;
    size_t found = 0;
    for (bool more = true; more;) {
        json_t *answer = answer_ask(control, VERB,
                                    json_pack("{s:s, s:s, s:I, s:i}", "ask", "points", "match",
                                              filter, "after", after, "most", LIST_MOST));
        if (answer == NULL)
            return EXIT_FAILED;
        struct table *table = table_create("path|type|>value|unit|quality|time");
        const json_t *points = json_object_get(answer, "points");
        point_list_rows(table, points, json);
        found += json_array_size(points);
        if (json_array_size(points) > 0 && !json)
            table_print(table, "");
        else
            table_destroy(table);
        const json_t *next = json_object_get(answer, "next");
        more = json_is_integer(next);
        after = json_integer_value(next);
        json_decref(answer);
    }
    if (found == 0)
        fprintf(stderr, "mainstem point: no point matches \"%s\"\n", filter);
    return EXIT_DONE;
}

static int point_run(const struct words *words)
{
    static const struct {
        const char *name;
        size_t arguments_min, arguments_max;
        const char *usage;
        int (*run)(const struct words *, struct control *);
    } actions[] = {
        {"create", 2, 2, "create PATH", point_command},
        {"change", 2, 2, "change PATH", point_command},
        {"rename", 3, 3, "rename PATH NEW_PATH", point_command},
        {"retire", 2, 2, "retire PATH", point_command},
        {"show", 2, 2, "show PATH", point_show},
        {"list", 1, 2, "list [FILTER]", point_list},
    };
    for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
        if (strcmp(words->arguments[0], actions[i].name) != 0)
            continue;
        if (words->argument_count < actions[i].arguments_min ||
            words->argument_count > actions[i].arguments_max) {
            fail(VERB, "usage: mainstem point %s [options]", actions[i].usage);
            return EXIT_USAGE;
        }
        struct control *control = answer_open(VERB, words_folder(words));
        int code = control != NULL ? actions[i].run(words, control) : EXIT_FAILED;
        control_close(control);
        return code;
    }
    fail(VERB, "there is no action \"%s\"; allowed: create change rename retire show list",
         words->arguments[0]);
    return EXIT_USAGE;
}

static const struct option point_options[] = {
    FOLDER_OPTION,
    {"type", "TYPE", "create, change: float64, int64, bool or string"},
    {"unit", "UNIT", "create, change: UCUM where there is one, e.g. Cel, m3/h"},
    {"description", "TEXT", "create, change: what the point is, for people"},
    {"label", "NAME=VALUE", "create, change: may be repeated; replaces all labels"},
    {"limit", "KIND=N", "create, change: low_low, low, high, high_high; replaces all limits"},
    {"key", "KEY", "an idempotency key: the same key is done once"},
    JSON_OPTION,
};
const struct verb verb_point = {
    .name = VERB,
    .arguments = "create|change|rename|retire|show|list PATH",
    .summary = "Create, change, rename, retire, show or list points of a running server.",
    .about = "A point is one quantity with a path, e.g. site/area/line/device/metric. Points also\n"
             "come by themselves with their first reading. Commands are kept in the journal like\n"
             "readings; the answer comes when the outcome is on the disk. The points are those of\n"
             "the tenant main.",
    .example = "  mainstem point change plant/line1/press/pressure --unit kPa --limit high=120\n"
               "  mainstem point list 'plant/+/press/#'",
    .options = point_options,
    .option_count = ARRAY_COUNT(point_options),
    .arguments_min = 1,
    .arguments_max = 3,
    .run = point_run,
};
