/* policy: what becomes of samples, by patterns of paths, over HTTP. */
#include "cli/answer.h"
#include "cli/archive_words.h"

#include <stdlib.h>
#include <string.h>

#define VERB "policy"

static void policy_url(struct http_url *url, const char *name)
{
    http_url_start(url, "/v1/policies");
    if (name != NULL)
        http_url_path(url, name);
}

/* ---- shown -------------------------------------------------------------------------------------
 */
static void policy_put_row(struct table *table, const json_t *policy)
{
    char keep[4][NUMBER_SIZE];
    const json_t *rollups = json_object_get(policy, "rollups");
    table_cell(table, "%llu", (unsigned long long)answer_count(policy, "rank"));
    table_cell(table, "%s", answer_text(policy, "name"));
    table_cell(table, "%s", answer_text(policy, "match"));
    table_cell(table, "%.10g", answer_real(policy, "deadband"));
    table_cell(table, "%.10g", answer_real(policy, "deadband_percent"));
    table_cell(table, "%s",
               keep_text(json_object_get(policy, "retention_s"), keep[0], sizeof keep[0]));
    table_cell(table, "%s",
               keep_text(json_object_get(rollups, "minute_s"), keep[1], sizeof keep[1]));
    table_cell(table, "%s", keep_text(json_object_get(rollups, "hour_s"), keep[2], sizeof keep[2]));
    table_cell(table, "%s", keep_text(json_object_get(rollups, "day_s"), keep[3], sizeof keep[3]));
    if (strcmp(answer_text(policy, "when_full"), "keep") == 0)
        table_cell(table, "keep");
    else
        table_cell(table, "drop oldest (%llu)",
                   (unsigned long long)answer_count(policy, "priority"));
}

#define POLICY_HEADS ">rank|name|match|>deadband|>percent|raw|minutes|hours|days|when full"

static void policy_print(const struct words *words, const json_t *policy)
{
    if (words_flag(words, "json")) {
        value_put_line(stdout, policy);
        return;
    }
    struct table *table = table_create(POLICY_HEADS);
    policy_put_row(table, policy);
    table_print(table, "");
}

static int policy_list(const struct words *words, struct http_line *line)
{
    struct http_url url;
    policy_url(&url, NULL);
    if (words_flag(words, "path"))
        http_url_query(&url, "path", words_value(words, "path", 0));
    json_t *answer = http_line_get(line, &url, NULL);
    if (answer == NULL)
        return EXIT_FAILED;
    const json_t *policies = json_object_get(answer, "policies");
    struct table *table = table_create(POLICY_HEADS);
    for (size_t i = 0; i < json_array_size(policies); i++) {
        if (words_flag(words, "json"))
            value_put_line(stdout, json_array_get(policies, i));
        else
            policy_put_row(table, json_array_get(policies, i));
    }
    if (words_flag(words, "json") || json_array_size(policies) == 0)
        table_destroy(table);
    else
        table_print(table, "");
    if (words_flag(words, "path") && !words_flag(words, "json"))
        printf("%s\n", answer_text(answer, "decides.why"));
    else if (json_array_size(policies) == 0)
        fprintf(stderr, "mainstem policy: there is none: everything is kept for ever\n");
    json_decref(answer);
    return EXIT_DONE;
}

static int policy_show(const struct words *words, struct http_line *line)
{
    struct http_url url;
    policy_url(&url, words->arguments[1]);
    json_t *answer = http_line_get(line, &url, NULL);
    if (answer == NULL)
        return EXIT_FAILED;
    policy_print(words, answer);
    json_decref(answer);
    return EXIT_DONE;
}

/* ---- changed -----------------------------------------------------------------------------------
 */
static int policy_wrong(const char *option, const char *text, const char *wanted)
{
    fail(VERB, "--%s is \"%s\"; %s is wanted", option, text, wanted);
    return EXIT_USAGE;
}

static int policy_put_numbers(const struct words *words, json_t *body)
{
    static const struct {
        const char *option, *member;
    } numbers[] = {{"deadband", "deadband"}, {"deadband-percent", "deadband_percent"}};
    uint64_t rank, priority;
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        const char *text = words_value(words, numbers[i].option, 0);
        char *end;
        double number = text != NULL ? strtod(text, &end) : 0;
        if (text != NULL && (end == text || *end != 0))
            return policy_wrong(numbers[i].option, text, "a number");
        if (text != NULL)
            json_object_set_new(body, numbers[i].member, json_real(number));
    }
    if (!words_count(words, "rank", 0, 1, UINT32_MAX, &rank) ||
        !words_count(words, "drop-when-full", 0, 0, 100, &priority))
        return EXIT_USAGE;
    if (words_flag(words, "rank"))
        json_object_set_new(body, "rank", json_integer((json_int_t)rank));
    if (words_flag(words, "drop-when-full")) {
        json_object_set_new(body, "when_full", json_string("drop_oldest"));
        json_object_set_new(body, "priority", json_integer((json_int_t)priority));
    }
    return EXIT_DONE;
}

/* --minutes, --hours, --days: all are kept for ever unless one of them is said. */
static int policy_put_keeps(const struct words *words, json_t *body)
{
    static const struct {
        const char *option, *member;
    } tiers[] = {{"minutes", "minute_s"}, {"hours", "hour_s"}, {"days", "day_s"}};
    static const char wanted[] = "a time to keep, e.g. 90d, 12h, 1y, or 0 for ever,";
    const char *text = words_value(words, "retention", 0);
    int64_t seconds;
    if (text != NULL && !keep_parse(text, &seconds))
        return policy_wrong("retention", text, wanted);
    if (text != NULL)
        json_object_set_new(body, "retention_s", json_integer(seconds));
    json_t *rollups = json_pack("{s:i,s:i,s:i}", "minute_s", 0, "hour_s", 0, "day_s", 0);
    json_object_set_new(body, "rollups", rollups);
    for (size_t i = 0; i < ARRAY_COUNT(tiers); i++) {
        text = words_value(words, tiers[i].option, 0);
        if (text == NULL)
            continue;
        bool none = strcmp(text, "none") == 0;
        if (!none && !keep_parse(text, &seconds))
            return policy_wrong(tiers[i].option, text,
                                "a time to keep, e.g. 90d, 1y, 0 for ever, or none,");
        json_object_set_new(rollups, tiers[i].member, none ? json_null() : json_integer(seconds));
    }
    return EXIT_DONE;
}

static int policy_send(const struct words *words, struct http_line *line, const char *method,
                       json_t *body)
{
    struct http_url url;
    policy_url(&url, words->arguments[1]);
    json_t *answer = archive_ask(line, method, &url, body);
    if (answer == NULL)
        return EXIT_FAILED;
    const json_t *policy = json_object_get(answer, "policy");
    if (json_is_object(policy))
        policy_print(words, policy);
    else if (words_flag(words, "json"))
        value_put_line(stdout, answer);
    else
        printf("%s%s%s\n", paint(PAINT_GREEN), answer_text(answer, "outcome"), paint(PAINT_NONE));
    json_decref(answer);
    return EXIT_DONE;
}

static int policy_set(const struct words *words, struct http_line *line)
{
    json_t *body = json_pack("{s:s}", "match", words->arguments[2]);
    if (body == NULL)
        return fail(VERB, "the pattern is not UTF-8");
    int code = policy_put_numbers(words, body);
    if (code == EXIT_DONE)
        code = policy_put_keeps(words, body);
    if (code == EXIT_DONE && !body_put_text(words, body, "key", "key"))
        code = EXIT_USAGE;
    if (code != EXIT_DONE) {
        json_decref(body);
        return code;
    }
    return policy_send(words, line, "PUT", body);
}

static int policy_move(const struct words *words, struct http_line *line)
{
    char *end;
    long long rank = strtoll(words->arguments[2], &end, 10);
    if (rank < 1 || rank > UINT32_MAX || *end != 0) {
        fail(VERB, "\"%s\" is no rank; a number from 1 is wanted", words->arguments[2]);
        return EXIT_USAGE;
    }
    return policy_send(words, line, "PATCH", json_pack("{s:I}", "rank", (json_int_t)rank));
}

static int policy_remove(const struct words *words, struct http_line *line)
{
    return policy_send(words, line, "DELETE", NULL);
}

/* ---- the verb ----------------------------------------------------------------------------------
 */
static int policy_run(const struct words *words)
{
    static const struct {
        const char *name;
        size_t arguments;
        const char *usage;
        int (*run)(const struct words *words, struct http_line *line);
    } actions[] = {
        {"list", 1, "list [--path PATH]", policy_list},
        {"show", 2, "show NAME", policy_show},
        {"set", 3, "set NAME PATTERN [options]", policy_set},
        {"move", 3, "move NAME RANK", policy_move},
        {"remove", 2, "remove NAME", policy_remove},
    };
    for (size_t i = 0; i < ARRAY_COUNT(actions); i++) {
        struct http_line line;
        if (strcmp(words->arguments[0], actions[i].name) != 0)
            continue;
        if (words->argument_count != actions[i].arguments) {
            fail(VERB, "usage: mainstem policy %s", actions[i].usage);
            return EXIT_USAGE;
        }
        if (!http_line_open(words, HTTP_WAIT_MS, &line))
            return EXIT_USAGE;
        int code = actions[i].run(words, &line);
        http_line_close(&line);
        return code;
    }
    fail(VERB, "there is no action \"%s\"; allowed: list show set move remove",
         words->arguments[0]);
    return EXIT_USAGE;
}

static const struct option policy_options[] = {
    HTTP_OPTION,
    {"path", "PATH", "list: only those that match it, and which one decides"},
    {"deadband", "N", "set: drop values that differ by no more from the last kept one (0: none)"},
    {"deadband-percent", "N", "set: the same in percent of the span between the point's limits"},
    {"retention", "TIME", "set: keep raw samples for so long, e.g. 90d (0: for ever)"},
    {"minutes", "TIME", "set: keep rollups of minutes for so long, or none (0: for ever)"},
    {"hours", "TIME", "set: the same of hours"},
    {"days", "TIME", "set: the same of days"},
    {"drop-when-full", "N",
     "set: when the disk is full the oldest may go; 0 to 100, the lower first"},
    {"rank", "N", "set: its place in the order, from 1"},
    KEY_OPTION,
    JSON_OPTION,
};
const struct verb verb_policy = {
    .name = VERB,
    .arguments = "list|show|set|move|remove [NAME]",
    .summary = "Say what becomes of samples: thinned, rolled up, kept for how long.",
    .about =
        "The first policy in order whose pattern matches a point's path decides what becomes of\n"
        "its samples. Where none does, everything is kept for ever. What a policy takes is gone;\n"
        "rollups (count, sum, least, greatest, first, last) outlive it.",
    .example = "  mainstem policy set presses 'plant/+/press-*/#' --retention 90d --deadband 0.1\n"
               "  mainstem policy list --path plant/line-1/press-3/temp",
    .options = policy_options,
    .option_count = ARRAY_COUNT(policy_options),
    .arguments_min = 1,
    .arguments_max = 3,
    .run = policy_run,
};
