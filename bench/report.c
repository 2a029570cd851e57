#include "report.h"

#include "os/os.h"

#include <ftw.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

/* ---- words
 * ------------------------------------------------------------------------------------------------
 */

void bench_allow(const struct bench_words *words, const char *usage, const char *allowed)
{
    for (int i = 1; i < words->count; i++) {
        if (strncmp(words->words[i], "--", 2) != 0)
            continue;
        const char *name = words->words[i] + 2;
        const char *found = allowed;
        size_t size = strlen(name);
        while ((found = strstr(found, name)) != NULL && !((found == allowed || found[-1] == ' ') &&
                                                          (found[size] == ' ' || found[size] == 0)))
            found++;
        if (found != NULL && size > 0)
            continue;
        fprintf(stderr, "there is no option --%s; allowed: %s\n%s\n", name, allowed, usage);
        exit(2);
    }
}

const char *bench_text(const struct bench_words *words, const char *name, const char *fallback)
{
    for (int i = 1; i < words->count; i++)
        if (strncmp(words->words[i], "--", 2) == 0 && strcmp(words->words[i] + 2, name) == 0)
            return i + 1 < words->count ? words->words[i + 1] : "";
    return fallback;
}

uint64_t bench_count(const struct bench_words *words, const char *name, uint64_t fallback)
{
    const char *text = bench_text(words, name, NULL);
    if (text == NULL)
        return fallback;
    char *end;
    unsigned long long count = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != 0) {
        fprintf(stderr, "--%s is \"%s\"; a whole number is wanted\n", name, text);
        exit(2);
    }
    return count;
}

bool bench_flag(const struct bench_words *words, const char *name)
{
    return bench_text(words, name, NULL) != NULL;
}

/* ---- the server
 * -------------------------------------------------------------------------------------------- */

void bench_server_init(struct bench_server *server, const struct bench_words *words)
{
    memset(server, 0, sizeof *server);
    const char *parent = bench_text(words, "data", "/var/tmp");
    uint32_t luck;
    os_random(&luck, sizeof luck);
    server->program = bench_text(words, "server", "build/mainstem");
    snprintf(server->folder, sizeof server->folder, "%.400s/mainstem-bench-%08x", parent, luck);
    snprintf(server->log, sizeof server->log, "%s/serve.log", server->folder);
    if (access(server->program, X_OK) != 0) {
        fprintf(stderr, "there is no server at %s; name it with --server\n", server->program);
        exit(2);
    }
    if (mkdir(server->folder, 0755) != 0 || child_free_address(server->mqtt) != OK ||
        child_free_address(server->http) != OK) {
        fprintf(stderr, "cannot make %s\n", server->folder);
        exit(1);
    }
}

bool bench_server_start(struct bench_server *server)
{
    struct child_config config = {.program = server->program,
                                  .data = server->folder,
                                  .mqtt = server->mqtt,
                                  .http = server->http,
                                  .log = server->log,
                                  .words = server->words};
    enum err err = child_start(&config, 300000, &server->child);
    if (err == OK)
        err = control_open(server->folder, &server->control);
    if (err != OK) {
        char text[4096];
        child_log_tail(server->log, text, sizeof text);
        fprintf(stderr, "the server did not start: %s; it said:\n%s\n", err_text(err), text);
    }
    return err == OK;
}

void bench_server_stop(struct bench_server *server, int signal)
{
    control_close(server->control);
    server->control = NULL;
    child_stop(&server->child, signal, 120000);
}

static int bench_remove_one(const char *path, const struct stat *stat, int kind, struct FTW *where)
{
    (void)stat, (void)kind, (void)where;
    return remove(path);
}

void bench_server_remove(const struct bench_server *server)
{
    if (strstr(server->folder, "/mainstem-bench-") != NULL)
        nftw(server->folder, bench_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

json_t *bench_server_state(struct bench_server *server)
{
    json_t *ask = json_pack("{s:s}", "ask", "state"), *state = NULL;
    if (control_ask(server->control, ask, 60000, &state) != OK)
        state = NULL;
    json_decref(ask);
    return state;
}

double bench_state(const json_t *state, const char *name)
{
    while (state != NULL && *name != 0) {
        char key[64];
        size_t size = strcspn(name, ".");
        check(size < sizeof key);
        memcpy(key, name, size);
        key[size] = 0;
        state = json_object_get(state, key);
        name += size + (name[size] == '.');
    }
    return json_number_value(state);
}

/* ---- tables
 * ---------------------------------------------------------------------------------------------------
 */

void bench_line(const char *name, const char *format, ...)
{
    va_list list;
    printf("  %-44s ", name);
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
    putchar('\n');
    fflush(stdout);
}

char *bench_group(uint64_t number, char *text)
{
    char digits[24], *at = text;
    int count = snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0)
            *at++ = ',';
        *at++ = digits[i];
    }
    *at = 0;
    return text;
}

static void bench_processor(char *text, size_t size)
{
    char line[256];
    snprintf(text, size, "unknown processor");
    FILE *from = fopen("/proc/cpuinfo", "re");
    while (from != NULL && fgets(line, sizeof line, from) != NULL)
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':') != NULL) {
            snprintf(text, size, "%.*s", (int)strcspn(strchr(line, ':') + 2, "\n"),
                     strchr(line, ':') + 2);
            break;
        }
    if (from != NULL)
        fclose(from);
}

void bench_head(const char *title)
{
    char time[TIME_TEXT_SIZE], processor[128];
    struct utsname name;
    double load[3] = {0};
    uname(&name);
    getloadavg(load, 3);
    bench_processor(processor, sizeof processor);
    time_format(clock_real()->wall_ns(clock_real()) / NS_PER_S * NS_PER_S, time);
    printf("%s\n  %s, mainstem %s, %ld processors (%s), Linux %s, load before %.1f\n", title, time,
           MAINSTEM_VERSION, sysconf(_SC_NPROCESSORS_ONLN), processor, name.release, load[0]);
}
