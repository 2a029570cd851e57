/* serve: settings from the file, the environment and the options, in that order, then the server.
 */
#include "cli/terminal.h"
#include "cli/words.h"

#include "os/os.h"
#include "server/server.h"
#include "settings/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETTINGS_FILE "mainstem.conf"
extern char **environ;

/* "--mqtt", "HOST:PORT" or "--mqtt=HOST:PORT"; a flag has no value. Moves *at. */
static enum err serve_read_option(const struct words *words, size_t *at, struct settings *settings,
                                  char *fault)
{
    char name[128];
    const char *word = words->loose[(*at)++] + 2;
    const char *equals = strchr(word, '=');
    size_t size = equals != NULL ? (size_t)(equals - word) : strlen(word);
    snprintf(name, sizeof name, "%.*s", size < sizeof name ? (int)size : (int)sizeof name - 1,
             word);
    if (equals != NULL)
        return settings_read_option(settings, name, equals + 1, fault);
    bool more = *at < words->loose_count && strncmp(words->loose[*at], "--", 2) != 0;
    return settings_read_option(settings, name, more ? words->loose[(*at)++] : NULL, fault);
}

/* The file named by --config or MAINSTEM_CONFIG must be there; ./mainstem.conf may be. */
static enum err serve_read_file(const struct words *words, struct settings *settings, char *fault)
{
    const char *path = words_value(words, "config", 0);
    if (path == NULL)
        path = getenv("MAINSTEM_CONFIG");
    if (path != NULL && path[0] != 0)
        return settings_read_file(settings, path, fault);
    if (access(SETTINGS_FILE, F_OK) != 0)
        return OK;
    return settings_read_file(settings, SETTINGS_FILE, fault);
}

/* Also what SIGHUP calls: everything is read anew, in the same order. */
static enum err serve_read(void *arg, struct settings *ret_settings, char *fault)
{
    const struct words *words = arg;
    struct settings settings;
    settings_default(&settings);
    enum err err = serve_read_file(words, &settings, fault);
    if (err == OK)
        err = settings_read_environment(&settings, environ, fault);
    for (size_t at = 0; err == OK && at < words->loose_count;)
        err = serve_read_option(words, &at, &settings, fault);
    if (err == OK)
        *ret_settings = settings;
    return err;
}

static void serve_put_line(void *arg, const char *line)
{
    (void)arg;
    size_t size = strlen(line);
    printf("%s%s", line, size > 0 && line[size - 1] == '\n' ? "" : "\n");
}

static int serve_run(const struct words *words)
{
    if (words_flag(words, "print-settings")) {
        settings_print_example(serve_put_line, NULL);
        return EXIT_DONE;
    }
    os_harden_process();      /* the settings may hold secrets already */
    static struct words kept; /* outlives this call: SIGHUP reads the options again */
    kept = *words;
    struct server_config config = {
        .reload = serve_read, .reload_arg = &kept, .sabotage = words->sabotage};
    char fault[SETTINGS_FAULT_SIZE] = "";
    enum err err = serve_read(&kept, &config.settings, fault);
    if (err != OK) {
        fprintf(stderr, "mainstem serve: %s\n", fault[0] != 0 ? fault : err_text(err));
        return err == ERR_INVALID || err == ERR_MISSING ? EXIT_USAGE : EXIT_FAILED;
    }
    return server_run(&config);
}

static void serve_help(void)
{
    printf("\nSettings, each also a line in the file (dots as they are) and a variable\n"
           "MAINSTEM_<NAME>; an option wins over the variable, that over the file:\n");
    settings_print_options(serve_put_line, NULL);
}

static const struct option serve_options[] = {
    {"config", "FILE", "settings file (MAINSTEM_CONFIG, else ./mainstem.conf when it is there)"},
    {"print-settings", NULL, "print the commented example of a settings file"},
};
const struct verb verb_serve = {
    .name = "serve",
    .arguments = "",
    .summary = "Run Mainstem: take readings over MQTT, keep them, show them.",
    .about = "Runs in the foreground until SIGTERM or Ctrl-C and logs to stderr; a line with the\n"
             "word `ready` says that it listens. SIGHUP reads the settings anew.\n"
             "What was acknowledged (PUBACK) is on the disk.",
    .example = "  mainstem serve --data /var/lib/mainstem --mqtt 0.0.0.0:1883\n"
               "  mosquitto_pub -t plant/line1/press -q 1 -m '{\"pressure\":101.3,\"rpm\":1480}'",
    .options = serve_options,
    .option_count = ARRAY_COUNT(serve_options),
    .run = serve_run,
    .help = serve_help,
    .loose = true,
};
