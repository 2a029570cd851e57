#include "cli/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void words_print_allowed(const struct verb *verb)
{
    fprintf(stderr, "allowed:");
    for (size_t i = 0; i < verb->option_count; i++)
        fprintf(stderr, " --%s%s%s", verb->options[i].name,
                verb->options[i].value != NULL ? " " : "",
                verb->options[i].value != NULL ? verb->options[i].value : "");
    fprintf(stderr, " --help\n");
}

static const struct option *words_option(const struct verb *verb, const char *name, size_t size)
{
    for (size_t i = 0; i < verb->option_count; i++)
        if (strlen(verb->options[i].name) == size && memcmp(verb->options[i].name, name, size) == 0)
            return &verb->options[i];
    return NULL;
}

/* Takes one option, given[*at]; moves *at past a value in the next word. */
static bool words_take_option(struct words *words, int count, char **given, int *at)
{
    const struct verb *verb = words->verb;
    const char *name = given[*at] + 2;
    const char *equals = strchr(name, '=');
    size_t size = equals != NULL ? (size_t)(equals - name) : strlen(name);
    const struct option *option = words_option(verb, name, size);
    if (option == NULL && size == 5 && memcmp(name, "token", size) == 0 &&
        words_option(verb, "token-file", strlen("token-file")) != NULL) {
        fprintf(stderr,
                "mainstem %s: a token on the command line can be read in the list of processes; "
                "write it into a file and name that with --token-file FILE, or set "
                "MAINSTEM_TOKEN\n",
                verb->name);
        return false;
    }
    if (option == NULL) {
        fprintf(stderr, "mainstem %s: there is no option --%.*s; ", verb->name, (int)size, name);
        words_print_allowed(verb);
        return false;
    }
    const char *value = equals != NULL ? equals + 1 : NULL;
    if (option->value == NULL && value != NULL) {
        fprintf(stderr, "mainstem %s: --%s takes no value\n", verb->name, option->name);
        return false;
    }
    if (option->value != NULL && value == NULL) {
        if (*at + 1 >= count) {
            fprintf(stderr, "mainstem %s: --%s wants %s: %s\n", verb->name, option->name,
                    option->value, option->help);
            return false;
        }
        value = given[++*at];
    }
    words->given[words->given_count].option = option;
    words->given[words->given_count++].value = value;
    return true;
}

/* A word that a loose verb judges itself, with the word after it when that is no option. */
static bool words_take_loose(struct words *words, int count, char **given, int *at)
{
    const char *name = given[*at] + 2;
    const char *equals = strchr(name, '=');
    size_t size = equals != NULL ? (size_t)(equals - name) : strlen(name);
    if (words_option(words->verb, name, size) != NULL)
        return words_take_option(words, count, given, at);
    words->loose[words->loose_count++] = given[*at];
    if (equals == NULL && *at + 1 < count && strncmp(given[*at + 1], "--", 2) != 0)
        words->loose[words->loose_count++] = given[++*at];
    return true;
}

/* -5 and -.5 are arguments: no option begins with a digit. */
static bool is_short_option(const char *word)
{
    return word[0] == '-' && word[1] != 0 && word[1] != '.' && (word[1] < '0' || word[1] > '9');
}

static bool words_take(struct words *words, int count, char **given, bool *ret_help)
{
    bool options = true;
    for (int at = 0; at < count; at++) {
        if (words->given_count + 2 > WORDS_GIVEN_MAX || words->loose_count + 2 > WORDS_LOOSE_MAX ||
            words->argument_count + 2 > WORDS_GIVEN_MAX) {
            fprintf(stderr, "mainstem %s: too many words\n", words->verb->name);
            return false;
        }
        if (options && strcmp(given[at], "--") == 0) {
            options = false;
        } else if (options && (strcmp(given[at], "--help") == 0 || strcmp(given[at], "-h") == 0)) {
            *ret_help = true;
            return true;
        } else if (options && strncmp(given[at], "--", 2) == 0) {
            if (words->verb->loose ? !words_take_loose(words, count, given, &at)
                                   : !words_take_option(words, count, given, &at))
                return false;
        } else if (options && is_short_option(given[at])) {
            fprintf(stderr, "mainstem %s: there is no option %s; ", words->verb->name, given[at]);
            words_print_allowed(words->verb);
            return false;
        } else {
            words->arguments[words->argument_count++] = given[at];
        }
    }
    return true;
}

bool words_read(const struct verb *verb, int count, char **given, struct words *ret_words,
                bool *ret_help)
{
    struct words words = {.verb = verb};
    *ret_help = false;
    if (!words_take(&words, count, given, ret_help))
        return false;
    if (!*ret_help && (words.argument_count < verb->arguments_min ||
                       words.argument_count > verb->arguments_max)) {
        if (words.argument_count > verb->arguments_max && verb->arguments_max == 0)
            fprintf(stderr, "mainstem %s: \"%s\" is not understood; usage: mainstem %s [options]\n",
                    verb->name, words.arguments[0], verb->name);
        else
            fprintf(stderr,
                    "mainstem %s: %zu arguments found; usage: mainstem %s %s [options]; "
                    "`mainstem %s --help` says more\n",
                    verb->name, words.argument_count, verb->name, verb->arguments, verb->name);
        return false;
    }
    *ret_words = words;
    return true;
}

void words_print_help(const struct verb *verb)
{
    printf("mainstem %s%s%s [options]\n\n%s\n", verb->name, verb->arguments[0] != 0 ? " " : "",
           verb->arguments, verb->summary);
    if (verb->about != NULL)
        printf("\n%s\n", verb->about);
    printf("\nOptions:\n");
    for (size_t i = 0; i < verb->option_count; i++) {
        char left[64];
        const struct option *option = &verb->options[i];
        snprintf(left, sizeof left, "--%s%s%s", option->name, option->value != NULL ? " " : "",
                 option->value != NULL ? option->value : "");
        printf("  %-24s %s\n", left, option->help);
    }
    printf("  %-24s %s\n", "--help", "this text");
    if (verb->help != NULL)
        verb->help();
    printf("\nExample:\n%s\n", verb->example);
}

const char *words_value(const struct words *words, const char *name, size_t nth)
{
    for (size_t i = 0; i < words->given_count; i++)
        if (strcmp(words->given[i].option->name, name) == 0 && nth-- == 0)
            return words->given[i].value != NULL ? words->given[i].value : "";
    return NULL;
}

bool words_flag(const struct words *words, const char *name)
{
    return words_value(words, name, 0) != NULL;
}

bool words_secret_file(const struct words *words, const char *path, const char *what, char *text,
                       size_t size)
{
    FILE *file = fopen(path, "re");
    bool good = file != NULL && fgets(text, (int)size, file) != NULL;
    int fault = errno;
    size_t end = good ? strcspn(text, "\r\n") : 0;
    bool whole = good && (text[end] != 0 || end + 1 < size);
    if (file != NULL)
        fclose(file);
    if (whole && end > 0) {
        text[end] = 0;
        return true;
    }
    fprintf(stderr, "mainstem %s: cannot read %s from %s: %s\n", words->verb->name, what, path,
            file == NULL        ? strerror(fault)
            : !good || end == 0 ? "its first line is empty"
                                : "its first line is too long");
    return false;
}

bool words_token(const struct words *words, char *text, size_t size)
{
    const char *path = words_value(words, "token-file", 0), *given = getenv("MAINSTEM_TOKEN");
    text[0] = 0;
    if (path != NULL && !words_secret_file(words, path, "a token", text, size))
        return false;
    if (path == NULL && given != NULL && strlen(given) < size)
        snprintf(text, size, "%s", given);
    const char *from = path != NULL ? path : "MAINSTEM_TOKEN";
    bool good = path != NULL || given == NULL || strlen(given) < size;
    for (const char *at = text; good && *at != 0; at++)
        good = *at > ' ' && *at < 0x7f;
    if (!good)
        fprintf(stderr, "mainstem %s: what %s holds is no token\n", words->verb->name, from);
    return good;
}

const char *words_ca(const struct words *words)
{
    const char *text = words_value(words, "ca", 0);
    return text != NULL ? text : getenv("MAINSTEM_CA");
}

const char *words_folder(const struct words *words)
{
    const char *folder = words_value(words, "data", 0);
    if (folder == NULL)
        folder = getenv("MAINSTEM_DATA");
    return folder != NULL && folder[0] != 0 ? folder : "./mainstem-data";
}

bool words_count(const struct words *words, const char *name, uint64_t fallback, uint64_t least,
                 uint64_t most, uint64_t *ret_count)
{
    const char *text = words_value(words, name, 0);
    if (text == NULL) {
        *ret_count = fallback;
        return true;
    }
    char *end;
    errno = 0;
    unsigned long long count = strtoull(text, &end, 10);
    if (text[0] >= '0' && text[0] <= '9' && *end == 0 && errno == 0 && count >= least &&
        count <= most) {
        *ret_count = count;
        return true;
    }
    fprintf(stderr, "mainstem %s: --%s is \"%s\"; allowed: a whole number from %llu to %llu\n",
            words->verb->name, name, text, (unsigned long long)least, (unsigned long long)most);
    return false;
}
