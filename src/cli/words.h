/* words: what stands on the command line after the verb. Each verb lists its options once; the
 * reader, the sentence for an unknown one and --help come from that list. */
#pragma once

#include "base/base.h"
#include "journal/journal.h"

#define WORDS_GIVEN_MAX 64
#define WORDS_LOOSE_MAX 64

struct option {
    const char *name;  /* without the dashes */
    const char *value; /* how the value is called in --help; NULL: a flag */
    const char *help;
};

struct words;
struct verb {
    const char *name;
    const char *arguments; /* for the usage line, e.g. "DIR" */
    const char *summary;   /* one line, for the list of verbs */
    const char *about;     /* a few lines for --help; may be NULL */
    const char *example;   /* closes --help */
    const struct option *options;
    size_t option_count;
    size_t arguments_min, arguments_max;
    int (*run)(const struct words *words);
    void (*help)(void); /* more lines of options; NULL: none */
    /* Options that are not in the list go to the verb itself (serve's settings). */
    bool loose;
};

struct words {
    const struct verb *verb;
    size_t argument_count;
    const char *arguments[WORDS_GIVEN_MAX];
    size_t given_count;
    struct {
        const struct option *option;
        const char *value;
    } given[WORDS_GIVEN_MAX];
    size_t loose_count;
    const char *loose[WORDS_LOOSE_MAX]; /* as written, "--x", "value", ... */
    enum journal_sabotage sabotage;
};

/* Reads words after the verb. Returns false after printing why (then exit 2); *ret_help is set when
 * --help was asked. */
MUST_USE bool words_read(const struct verb *verb, int count, char **given, struct words *ret_words,
                         bool *ret_help);
void words_print_help(const struct verb *verb);
/* The value of the nth occurrence (from 0) of an option; NULL when there is none. */
const char *words_value(const struct words *words, const char *name, size_t nth);
bool words_flag(const struct words *words, const char *name);
/* --data, else MAINSTEM_DATA, else ./mainstem-data. */
const char *words_folder(const struct words *words);
/* A whole number of an option within [least, most], else fallback when not given. False after
 * printing what is allowed. */
MUST_USE bool words_count(const struct words *words, const char *name, uint64_t fallback,
                          uint64_t least, uint64_t most, uint64_t *ret_count);
#define FOLDER_OPTION                                                                              \
    {                                                                                              \
        "data", "DIR", "folder of the data (MAINSTEM_DATA, else ./mainstem-data)"                  \
    }
/* Of verbs that ask a server, which may be one of TLS. */
#define TRUST_OPTIONS                                                                              \
    {"ca", "FILE", "by TLS: trust who is in this PEM file (MAINSTEM_CA, else the system)"},        \
    {                                                                                              \
        "insecure", NULL, "by TLS: trust anyone, and be heard by anyone between"                   \
    }
/* Who asks, where a server knows people. Never on the command line itself: others read it there. */
#define TOKEN_OPTION                                                                               \
    {                                                                                              \
        "token-file", "FILE", "as whom: a token, on the first line of a file (MAINSTEM_TOKEN)"     \
    }
/* The first line of a file into text[size]. False after printing why, with what it is for. */
MUST_USE bool words_secret_file(const struct words *words, const char *path, const char *what,
                                char *text, size_t size);
/* --token-file, else MAINSTEM_TOKEN, into text[size]; "" for none. False after printing why. */
MUST_USE bool words_token(const struct words *words, char *text, size_t size);
/* --ca, else MAINSTEM_CA, else NULL. */
const char *words_ca(const struct words *words);
#define JSON_OPTION                                                                                \
    {                                                                                              \
        "json", NULL, "print JSON, for scripts"                                                    \
    }

/* How a verb ends: these are the program's exit codes. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* The verbs, one file each. */
extern const struct verb verb_serve, verb_demo, verb_watch, verb_inspect, verb_replay, verb_check,
    verb_prove, verb_point, verb_clients, verb_pub, verb_sub, verb_load, verb_version, verb_get,
    verb_set, verb_points, verb_live, verb_sql, verb_policy, verb_erase, verb_correct,
    verb_annotate, verb_completion, verb_backup, verb_restore, verb_import, verb_export, verb_cert,
    verb_admin, verb_tenant, verb_user, verb_role, verb_token, verb_device, verb_share, verb_audit,
    verb_why, verb_provider, verb_asset, verb_alarm;
/* All of them, in the order in which they are listed. */
const struct verb *const *verbs_all(size_t *ret_count);
