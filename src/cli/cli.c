/* main's verbs: finds the one that was asked for, reads its words, runs it. */
#include "cli/cli.h"

#include "cli/manual.h"
#include "cli/terminal.h"
#include "cli/words.h"
#include "documents/documents.h"
#include "sql/sql.h"

#include <stdio.h>
#include <string.h>

static const struct verb *const verbs[] = {
    &verb_serve,   &verb_demo,     &verb_watch,      &verb_get,     &verb_set,    &verb_points,
    &verb_live,    &verb_sql,      &verb_point,      &verb_clients, &verb_pub,    &verb_sub,
    &verb_load,    &verb_inspect,  &verb_replay,     &verb_check,   &verb_policy, &verb_erase,
    &verb_correct, &verb_annotate, &verb_prove,      &verb_import,  &verb_export, &verb_backup,
    &verb_restore, &verb_admin,    &verb_tenant,     &verb_user,    &verb_role,   &verb_token,
    &verb_device,  &verb_share,    &verb_provider,   &verb_why,     &verb_audit,  &verb_cert,
    &verb_asset,   &verb_alarm,    &verb_completion, &verb_version,
};

const struct verb *const *verbs_all(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(verbs);
    return verbs;
}

static int version_run(const struct words *words)
{
    (void)words;
#if defined(__clang__)
    static const char compiler[] = "clang " __clang_version__;
#else
    static const char compiler[] = "gcc " __VERSION__;
#endif
    printf("mainstem %s (journal format %d, %s)\n", MAINSTEM_VERSION, FORMAT_VERSION, compiler);
    return EXIT_DONE;
}

const struct verb verb_version = {
    .name = "version",
    .arguments = "",
    .summary = "Print the version of the program and of what it writes.",
    .example = "  mainstem version",
    .run = version_run,
};

static void cli_print_help(void)
{
    printf("%smainstem%s %s: industrial readings in, durable, live.\n\n", paint(PAINT_BOLD),
           paint(PAINT_NONE), MAINSTEM_VERSION);
    printf("mainstem VERB [words]\n\n");
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++)
        printf("  %s%-10s%s  %s\n", paint(PAINT_CYAN), verbs[i]->name, paint(PAINT_NONE),
               verbs[i]->summary);
    printf("  %s%-10s%s  %s\n", paint(PAINT_CYAN), "help", paint(PAINT_NONE),
           "Print this list, what one verb says of itself, or (--man) the manual page.");
    printf("\n`mainstem VERB --help` says more and ends with an example.\n\n"
           "Example:\n"
           "  mainstem demo\n");
}

static const struct verb *cli_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++)
        if (strcmp(verbs[i]->name, name) == 0)
            return verbs[i];
    return NULL;
}

static int cli_unknown(const char *name)
{
    fprintf(stderr, "mainstem: there is no verb \"%s\"; allowed:", name);
    for (size_t i = 0; i < ARRAY_COUNT(verbs); i++)
        fprintf(stderr, " %s", verbs[i]->name);
    fprintf(stderr, " help\n");
    return EXIT_USAGE;
}

/* What was printed must have arrived: a full disk behind a pipe is no success. */
static int cli_close(int code)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "mainstem: the output could not be written\n");
        return code == EXIT_DONE ? EXIT_FAILED : code;
    }
    return code;
}

static int cli_help(int count, char **words)
{
    if (count < 1) {
        cli_print_help();
        return cli_close(EXIT_DONE);
    }
    if (strcmp(words[0], "--man") == 0) {
        manual_print(stdout);
        return cli_close(EXIT_DONE);
    }
    const struct verb *verb = cli_find(words[0]);
    if (verb == NULL)
        return cli_unknown(words[0]);
    words_print_help(verb);
    return cli_close(EXIT_DONE);
}

int cli_main(int count, char **words, enum journal_sabotage sabotage)
{
    if (count < 2) {
        fprintf(stderr, "mainstem: say which verb; `mainstem help` lists them\n");
        return EXIT_USAGE;
    }
    const char *name = words[1];
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        return cli_help(count - 2, words + 2);
    if (strcmp(name, SQL_WORKER_VERB) == 0) /* the server runs SQL in this very program */
        return sql_worker_main(count - 2, words + 2);
    if (strcmp(name, DOCUMENTS_READER_VERB) == 0) /* and reads PDFs */
        return documents_reader_main(count - 2, words + 2);
    if (strcmp(name, "--version") == 0)
        name = "version";
    const struct verb *verb = cli_find(name);
    if (verb == NULL)
        return cli_unknown(name);
    struct words given;
    bool help;
    if (!words_read(verb, count - 2, words + 2, &given, &help))
        return EXIT_USAGE;
    if (help) {
        words_print_help(verb);
        return cli_close(EXIT_DONE);
    }
    given.sabotage = sabotage;
    return cli_close(verb->run(&given));
}
