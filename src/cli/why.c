/* why: why somebody may do something, or may not, with the rule that decides. */
#include "cli/answer.h"
#include "cli/people_words.h"

#include <string.h>

#define VERB "why"

static int why_print(const struct words *words, const json_t *answer)
{
    const json_t *why = json_object_get(answer, "why");
    bool may = answer_is(answer, "may");
    if (words_flag(words, "json")) {
        value_put_line(stdout, answer);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < json_array_size(why); i++) {
        const char *text = json_string_value(json_array_get(why, i));
        const char *colour = i > 0 ? paint(PAINT_DIM) : paint(may ? PAINT_GREEN : PAINT_RED);
        printf("%s%s%s%s\n", i > 0 ? "  " : "", colour, text != NULL ? text : "",
               paint(PAINT_NONE));
    }
    return EXIT_DONE;
}

static int why_run(const struct words *words)
{
    static const char *const kinds[] = {"user", "device", "token"};
    const char *kind = words_value(words, "kind", 0);
    struct http_line line;
    struct http_url url;
    bool known = kind == NULL;
    for (size_t i = 0; !known && i < ARRAY_COUNT(kinds); i++)
        known = strcmp(kind, kinds[i]) == 0;
    if (!known) {
        fail(VERB, "--kind is \"%s\"; allowed: user device token", kind);
        return EXIT_USAGE;
    }
    if (!http_line_open(words, HTTP_WAIT_MS, &line))
        return EXIT_USAGE;
    http_url_start(&url, "/v1/why");
    http_url_query(&url, kind != NULL ? kind : "user", words->arguments[0]);
    http_url_query(&url, "right", words->arguments[1]);
    http_url_query(&url, "path", words->arguments[2]);
    json_t *answer = http_line_get(&line, &url, NULL);
    int code = answer != NULL ? why_print(words, answer) : EXIT_FAILED;
    json_decref(answer);
    http_line_close(&line);
    return code;
}

static const struct option why_options[] = {
    HTTP_OPTION,
    TENANT_OPTION,
    {"kind", "KIND", "what NAME is: user, device or token (user)"},
    JSON_OPTION,
};
const struct verb verb_why = {
    .name = VERB,
    .arguments = "NAME RIGHT PATH",
    .summary = "Say why somebody may do something, or may not: the rule that decides.",
    .about =
        "RIGHT is see, write, acknowledge, configure or administer; PATH is a point's, or that\n"
        "of a resource such as '$tenant/users'. The deciding sentence comes first.",
    .example = "  mainstem why bo write plant/line-1/press-3/setpoint\n"
               "  mainstem why press-3 write plant/line-1/press-3/temp --kind device",
    .options = why_options,
    .option_count = ARRAY_COUNT(why_options),
    .arguments_min = 3,
    .arguments_max = 3,
    .run = why_run,
};
