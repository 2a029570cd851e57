/* admin: the first person who administers a server, made on its own machine without a browser. */
#include "cli/answer.h"
#include "cli/people_words.h"

#include <string.h>

#define VERB "admin"

static json_t *admin_body(const struct words *words, const char *name, const char *password)
{
    json_t *body = people_body(words, name);
    json_t *secret = body != NULL ? json_string(password) : NULL;
    if (body == NULL)
        return NULL;
    if (secret == NULL) {
        fail(VERB, "the password is not UTF-8");
    } else {
        json_object_set_new(body, "password", secret);
        json_object_set_new(body, "grants", json_pack("[{s:s}]", "role", "host"));
        if (body_put_text(words, body, "title", "title"))
            return body;
    }
    json_decref(body);
    return NULL;
}

static int admin_make(const struct words *words, struct http_line *line, const char *name)
{
    char password[PASSWORD_SIZE];
    struct http_url url;
    unsigned status;
    json_t *answer = NULL;
    people_url(&url, "/v1/users", NULL, NULL);
    if (!people_password(words, name, password))
        return EXIT_FAILED;
    json_t *body = admin_body(words, name, password);
    explicit_bzero(password, sizeof password);
    if (body != NULL)
        answer = archive_try(line, "POST", &url, body, 409, &status);
    if (answer == NULL && body != NULL && status == 409)
        return fail(VERB,
                    "there is a person \"%s\" already; `mainstem user reset %s` makes another "
                    "password, `mainstem user grant %s --role host` makes who it is host",
                    name, name, name);
    if (answer == NULL)
        return EXIT_FAILED;
    if (words_flag(words, "json"))
        value_put_line(stdout, answer);
    else
        printf("%s%s%s administers this server; the trial is over: from now on nobody gets in who "
               "is not known\n",
               paint(PAINT_GREEN), name, paint(PAINT_NONE));
    json_decref(answer);
    return EXIT_DONE;
}

static int admin_run(const struct words *words)
{
    struct http_line line = {.verb = VERB, .client = NULL};
    if (strcmp(words->arguments[0], "create") != 0) {
        fail(VERB, "there is no action \"%s\"; allowed: create", words->arguments[0]);
        return EXIT_USAGE;
    }
    if (words->argument_count != 2) {
        fail(VERB, "usage: mainstem admin create NAME");
        return EXIT_USAGE;
    }
    if (!http_words_folder(words, words_folder(words), line.address))
        return EXIT_USAGE;
    const struct http_client_config config = {
        .address = line.address, .wait_ms = HTTP_WAIT_MS, .stop = NULL};
    enum err err = http_client_create(&config, &line.client);
    if (err != OK) {
        http_fail(VERB, line.address, err);
        return EXIT_USAGE;
    }
    int code = admin_make(words, &line, words->arguments[1]);
    http_line_close(&line);
    return code;
}

static const struct option admin_options[] = {
    FOLDER_OPTION,
    PASSWORD_FILE_OPTION,
    TITLE_OPTION,
    JSON_OPTION,
};
const struct verb verb_admin = {
    .name = VERB,
    .arguments = "create NAME",
    .summary = "Make a person who administers the server, on its own machine.",
    .about =
        "Whoever may read and write the folder of the data may do that, at any time; the server\n"
        "must be running. The password is typed twice, or comes from --password-file or standard\n"
        "input; it never stands on the command line. With the first such person the trial ends:\n"
        "nobody gets in any more who is not known.",
    .example = "  mainstem admin create ann --data /var/lib/mainstem\n"
               "  mainstem admin create ann --password-file first-password",
    .options = admin_options,
    .option_count = ARRAY_COUNT(admin_options),
    .arguments_min = 1,
    .arguments_max = 2,
    .run = admin_run,
};
