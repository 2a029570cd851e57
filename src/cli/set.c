/* set: writes samples over HTTP: pairs of the command line, or NDJSON from standard input. */
#include "cli/answer.h"
#include "cli/http_words.h"
#include "cli/set_output.h"
#include "cli/terminal.h"

#include "os/os.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERB "set"
#define POST_BYTES ((size_t)512 << 10) /* of samples sent at once */
#define LINE_BYTES_MAX ((size_t)8 << 20)
#define GATHER_MS 200 /* a slow pipe's lines wait no longer */
#define TOLD_MAX 20   /* refusals that are told one by one */

struct set {
    struct http_line line;
    bool json, quiet, numbered; /* numbered: refusals name the line they stand in */
    uint64_t taken, refused, lines;
    bool failed;
};

/* ---- sending
 * ------------------------------------------------------------------------------------- */

static void set_tell_refused(struct set *set, const json_t *refused)
{
    for (size_t i = 0; i < json_array_size(refused); i++) {
        const json_t *one = json_array_get(refused, i);
        const char *path = answer_text(one, "path"), *detail = answer_text(one, "detail");
        char where[NUMBER_SIZE + 16] = "";
        if (set->refused++ >= TOLD_MAX)
            continue;
        if (set->numbered)
            snprintf(where, sizeof where, "line %llu%s",
                     (unsigned long long)(set->lines + answer_count(one, "index") + 1),
                     path[0] != 0 ? ", " : "");
        fail(VERB, "%s%s: refused: %s", where, path,
             detail[0] != 0 ? detail : answer_text(one, "code"));
    }
}

/* Says what nobody knows: with a time of its own each sample may be sent again. */
static void set_fail_sent(struct set *set, enum err err, uint64_t samples)
{
    char text[2][NUMBER_SIZE];
    set->failed = true;
    http_fail(VERB, set->line.address, err);
    if (err == ERR_MISSING || err == ERR_INVALID || (!set->numbered && err != ERR_IO))
        return;
    if (set->numbered)
        fprintf(stderr,
                "mainstem set: lines %s to %s may be kept or not; what has its own \"time\" can "
                "be sent again without harm\n",
                number_group(set->lines + 1, text[0]), number_group(set->lines + samples, text[1]));
    else
        fprintf(stderr, "mainstem set: it may be kept or not; with --time it can be sent again "
                        "without harm\n");
}

/* Posts samples, one a line. False when the server could not be asked, or did not understand. */
static bool set_post(struct set *set, struct bytes body, uint64_t samples)
{
    struct http_client_answer answer;
    const struct http_client_question question = {.method = "POST",
                                                  .target = "/v1/samples",
                                                  .content_type = "application/x-ndjson",
                                                  .body = body};
    enum err err = http_client_ask(set->line.client, &question, &answer);
    if (err != OK) {
        set_fail_sent(set, err, samples);
        return false;
    }
    bool told = json_is_integer(json_object_get(answer.json, "taken"));
    if (told) {
        set->taken += answer_count(answer.json, "taken");
        set_tell_refused(set, json_object_get(answer.json, "refused"));
        if (set->json)
            value_put_line(stdout, answer.json);
    } else {
        set->failed = true;
        http_fail_problem(VERB, NULL, answer.status, answer.json);
    }
    set->lines += samples;
    json_decref(answer.json);
    return told;
}

/* ---- pairs
 * --------------------------------------------------------------------------------------- */

/* The samples of the command line as NDJSON; NULL after printing what is wrong. */
static char *set_pairs(const struct words *words)
{
    const char *time_text = words_value(words, "time", 0), *fault;
    char *time = time_text != NULL ? sample_time_json(time_text) : NULL, *all = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&all, &size);
    bool good = to != NULL && (time_text == NULL || time != NULL);
    if (!good)
        fail(VERB,
             "--time is \"%s\"; RFC 3339 is wanted, e.g. 2026-03-01T08:00:00Z, or a number "
             "since 1970",
             time_text);
    for (size_t i = 0; good && i < words->argument_count; i += 2) {
        const char *path = words->arguments[i], *text = words->arguments[i + 1];
        char *value = sample_value_json(text, words_flag(words, "text"), &fault);
        char *line =
            value != NULL ? sample_line(path, value, time, words_value(words, "quality", 0)) : NULL;
        good = line != NULL;
        if (value == NULL)
            fail(VERB, "the value \"%.60s\" of %s %s", text, path, fault);
        else if (line == NULL)
            fail(VERB, "the path \"%s\" or --quality is not UTF-8", path);
        else
            fputs(line, to);
        free(value);
        free(line);
    }
    if (to != NULL)
        fclose(to);
    free(time);
    if (good)
        return all;
    free(all);
    return NULL;
}

/* ---- standard input
 * ------------------------------------------------------------------------------ */

struct input {
    char *at;
    size_t size, capacity;
};

/* 1: bytes came; 0: the end; -1: none within wait_ms; -2: failed, or stopped. */
static int input_fill(struct input *input, int wait_ms)
{
    struct pollfd wait = {.fd = STDIN_FILENO, .events = POLLIN};
    if (stop_wanted())
        return -2;
    int ready = poll(&wait, 1, wait_ms);
    if (ready <= 0)
        return ready == 0 || errno == EINTR ? -1 : -2;
    if (input->size == input->capacity) {
        size_t capacity = input->capacity == 0 ? POST_BYTES : 2 * input->capacity;
        char *at = capacity <= LINE_BYTES_MAX ? realloc(input->at, capacity) : NULL;
        if (at == NULL)
            return fail(VERB, "a line longer than 8 MiB"), -2;
        input->at = at;
        input->capacity = capacity;
    }
    ssize_t got = read(STDIN_FILENO, input->at + input->size, input->capacity - input->size);
    if (got < 0)
        return errno == EINTR || errno == EAGAIN
                   ? -1
                   : (fail(VERB, "cannot read standard input: %s", strerror(errno)), -2);
    input->size += (size_t)got;
    return got > 0;
}

/* Posts the whole lines that are there; with all, also a last one that has no end. */
static bool input_post(struct input *input, struct set *set, bool all)
{
    const char *end = memrchr(input->at != NULL ? input->at : "", '\n', input->size);
    size_t size = all ? input->size : end != NULL ? (size_t)(end - input->at) + 1 : 0;
    uint64_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += input->at[i] == '\n' || i + 1 == input->size;
    if (size > 0 && !set_post(set, bytes_of(input->at, size), lines))
        return false;
    if (size > 0)
        memmove(input->at, input->at + size, input->size - size);
    input->size -= size;
    return true;
}

static void set_input(struct set *set)
{
    struct input input = {0};
    bool good = true;
    int got = 1;
    set->numbered = true;
    while (good && got != 0 && got != -2) {
        bool waiting = memchr(input.at != NULL ? input.at : "", '\n', input.size) != NULL;
        got = input_fill(&input, waiting ? GATHER_MS : 1000);
        if (got == 0 || (got == -1 && waiting) || input.size >= POST_BYTES)
            good = input_post(&input, set, got == 0);
    }
    if (got == -2) {
        if (good && stop_wanted())
            input_post(&input, set, false);
        set->failed = true;
    }
    free(input.at);
}

/* ---- the verb
 * ------------------------------------------------------------------------------------ */

static int set_end(const struct set *set)
{
    char text[2][NUMBER_SIZE];
    if (set->refused > TOLD_MAX)
        fprintf(stderr, "mainstem set: and %s more refused\n",
                number_group(set->refused - TOLD_MAX, text[0]));
    bool good = !set->failed && set->refused == 0;
    if (!set->quiet && !set->json && (set->taken > 0 || good))
        printf("%s%s%s %s\n", paint(PAINT_GREEN), number_group(set->taken, text[1]),
               paint(PAINT_NONE), set->taken == 1 ? "sample kept" : "samples kept");
    return good ? EXIT_DONE : EXIT_FAILED;
}

static int set_run(const struct words *words)
{
    struct set set = {.json = words_flag(words, "json"), .quiet = words_flag(words, "quiet")};
    bool input = words->argument_count == 1 && strcmp(words->arguments[0], "-") == 0;
    bool options =
        words_flag(words, "time") || words_flag(words, "quality") || words_flag(words, "text");
    if (input && options) {
        fail(VERB, "lines of standard input say time and quality themselves; --time, --quality "
                   "and --text go with PATH VALUE");
        return EXIT_USAGE;
    }
    if (!input && words->argument_count % 2 != 0) {
        fail(VERB, "%s has no value; PATH VALUE pairs are wanted, or - for lines of standard input",
             words->arguments[words->argument_count - 1]);
        return EXIT_USAGE;
    }
    char *pairs = input ? NULL : set_pairs(words);
    if ((!input && pairs == NULL) || !http_line_open(words, HTTP_WAIT_MS, &set.line)) {
        free(pairs);
        return EXIT_USAGE;
    }
    if (input) {
        stop_watch();
        set_input(&set);
    } else {
        set_post(&set, bytes_text(pairs), words->argument_count / 2);
    }
    free(pairs);
    http_line_close(&set.line);
    return set_end(&set);
}

static const struct option set_options[] = {
    HTTP_OPTION,
    {"time", "TIME", "RFC 3339, or s, ms, us or ns since 1970 (when it arrives)"},
    {"quality", "QUALITY", "good, uncertain..., bad... (good)"},
    {"text", NULL, "the values are text, whatever they look like"},
    {"json", NULL, "print the server's answer"},
    {"quiet", NULL, "print nothing when all went well"},
};
const struct verb verb_set = {
    .name = VERB,
    .arguments = "PATH VALUE [PATH VALUE ...] | -",
    .summary = "Write samples of points over HTTP.",
    .about =
        "VALUE is read as an MQTT payload is: a number, true or false, a JSON string, null for no\n"
        "value; any other text is a string. Points that are not there yet are created. With -\n"
        "each line of standard input is a sample: {\"path\":..,\"value\":..,\"time\":..}, time\n"
        "and quality optional. The exit code is 0 when every sample is on the server's disk.",
    .example = "  mainstem set plant/line-1/press-3/temp 21.5 plant/line-1/press-3/on true\n"
               "  echo '{\"path\":\"tank/7/level\",\"value\":4.25}' | mainstem set -",
    .options = set_options,
    .option_count = ARRAY_COUNT(set_options),
    .arguments_min = 1,
    .arguments_max = WORDS_GIVEN_MAX - 2,
    .run = set_run,
};
