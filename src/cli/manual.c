#include "cli/manual.h"

#include "cli/words.h"

#include <stdlib.h>
#include <string.h>

/* Text that is not to be taken for requests, escapes, or typographic hyphens and quotes: groff(7),
 * groff_char(7). An empty line would be a paragraph of its own: .PP is meant. */
static void put_text(FILE *to, const char *text)
{
    for (bool begins = true; *text != 0; begins = *text++ == '\n') {
        if (begins && (*text == '.' || *text == '\''))
            fputs("\\&", to);
        if (*text == '\\')
            fputs("\\e", to);
        else if (*text == '-')
            fputs("\\-", to);
        else if (*text == '\'')
            fputs("\\(aq", to);
        else if (*text == '`')
            fputs("\\(ga", to);
        else if (*text == '"')
            fputs("\\(dq", to);
        else
            putc(*text, to);
    }
}

static void put_as_it_is(FILE *to, const char *text)
{
    fputs(".PP\n.nf\n", to);
    put_text(to, text);
    fputs(text[0] != 0 && text[strlen(text) - 1] == '\n' ? ".fi\n" : "\n.fi\n", to);
}

static void put_tagged(FILE *to, const char *bold, const char *italic, const char *text)
{
    fputs(".TP\n\\fB", to);
    put_text(to, bold);
    fputs("\\fR", to);
    if (italic != NULL) {
        fputs(" \\fI", to);
        put_text(to, italic);
        fputs("\\fR", to);
    }
    putc('\n', to);
    put_text(to, text);
    putc('\n', to);
}

/* What a verb prints itself goes to stdout, which glibc lets be another stream for a while (manual,
 * 12.2). */
static void put_help_of(FILE *to, const struct verb *verb)
{
    char *text = NULL;
    size_t size = 0;
    FILE *taken = open_memstream(&text, &size), *before = stdout;
    if (taken == NULL)
        return;
    stdout = taken;
    verb->help();
    stdout = before;
    fclose(taken);
    const char *begin = text;
    while (*begin == '\n')
        begin++;
    put_as_it_is(to, begin);
    free(text);
}

static void put_verb(FILE *to, const struct verb *verb)
{
    fprintf(to, ".SS mainstem %s", verb->name);
    if (verb->arguments[0] != 0) {
        putc(' ', to);
        put_text(to, verb->arguments);
    }
    fputs(" [options]\n", to);
    put_text(to, verb->summary);
    putc('\n', to);
    if (verb->about != NULL) {
        fputs(".PP\n", to);
        put_text(to, verb->about);
        putc('\n', to);
    }
    for (size_t i = 0; i < verb->option_count; i++) {
        char name[64];
        snprintf(name, sizeof name, "--%s", verb->options[i].name);
        put_tagged(to, name, verb->options[i].value, verb->options[i].help);
    }
    if (verb->help != NULL)
        put_help_of(to, verb);
    fputs(".PP\nExample:\n", to);
    put_as_it_is(to, verb->example);
}

static void put_surroundings(FILE *to)
{
    static const char *const variables[][2] = {
        {"MAINSTEM_HTTP",
         "Where the verbs get, set, points and live find the server, unless --http "
         "says it."},
        {"MAINSTEM_SERVER", "The same, and before it; unix:DIR is the server that works on DIR."},
        {"MAINSTEM_TOKEN", "As whom the verbs ask: a token, unless --token-file names one."},
        {"MAINSTEM_MQTT", "Where pub, sub and load find the broker, unless --server says it."},
        {"MAINSTEM_DATA", "The folder of the data, unless --data says it."},
        {"MAINSTEM_CONFIG", "The settings file of serve, unless --config says it."},
        {"MAINSTEM_<NAME>", "Any setting of serve, its dots as underscores: MAINSTEM_LOG_LEVEL."},
        {"NO_COLOR", "When it is set and not empty, no colours are used."},
    };
    fputs(".SH EXIT STATUS\n", to);
    put_tagged(to, "0", NULL, "What was asked for is done.");
    put_tagged(to, "1", NULL, "It failed; a sentence on standard error says why and what to do.");
    put_tagged(to, "2", NULL, "The words of the command line were not understood.");
    fputs(".SH ENVIRONMENT\n", to);
    for (size_t i = 0; i < ARRAY_COUNT(variables); i++)
        put_tagged(to, variables[i][0], NULL, variables[i][1]);
    fputs(".SH FILES\n", to);
    put_tagged(to, "./mainstem.conf", NULL, "Settings of serve, when it is there.");
    put_tagged(to, "./mainstem-data", NULL, "The data: journal, snapshots, and the control door.");
    fputs(".SH SEE ALSO\n", to);
    put_text(to, "The console and the description of the HTTP API are served by a running server: "
                 "http://127.0.0.1:8080/ and http://127.0.0.1:8080/docs\n");
}

void manual_print(FILE *to)
{
    size_t count;
    const struct verb *const *verbs = verbs_all(&count);
    fputs(".\\\" Made by `mainstem help --man`; change the help texts of the verbs instead.\n", to);
    fputs(".TH MAINSTEM 1 \"\" \"Mainstem " MAINSTEM_VERSION "\" \"User Commands\"\n", to);
    fputs(".SH NAME\nmainstem \\- industrial readings in, durable, live\n", to);
    fputs(".SH SYNOPSIS\n\\fBmainstem\\fR \\fIVERB\\fR [words]\n", to);
    fputs(".SH DESCRIPTION\n", to);
    put_text(to, "Mainstem takes the readings of an enterprise's devices, keeps them on the disk "
                 "before it\nacknowledges them, and shows them live. One program is the server, "
                 "its tools and its\nclients; the first word says which.\n");
    fputs(".SH VERBS\n", to);
    for (size_t i = 0; i < count; i++)
        put_verb(to, verbs[i]);
    put_surroundings(to);
}
