#include "cli/tenant_folder.h"

#include "cli/answer.h"
#include "cli/export.h"
#include "cli/progress.h"
#include "cli/terminal.h"

#include "secrets/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define VERB "tenant"
#define TENANT_FILE "tenant.ndjson"
#define SAMPLES_FILE "samples.ndjson.gz"
#define MANIFEST_FILE "manifest.json"
#define TOKEN_FILE "token" /* only while samples are asked for */
#define TOKENS_ROUTE "/v1/tokens"
#define TOKEN_LASTS_S (24 * 3600)
#define TOKEN_END_MS 5000
#define HTTP_USUAL "127.0.0.1:8080"
#define POINT_BEGINS "{\"point\":" /* a line of tenant.ndjson */
#define READ_SIZE 65536
#define NAME_ROOM 64 /* for the name of a file in the folder */

struct folder {
    const struct words *words;
    struct http_line *line;
    const char *name; /* of the tenant */
    const char *path;
    char beside[PATH_MAX - NAME_ROOM];
    FILE *to;                              /* tenant.ndjson under way */
    char own_token[HTTP_CLIENT_TOKEN_MAX]; /* of who asks: the line's copy is lent to the next verb
                                            */
    char token_name[48]; /* of the token that asks for samples; "": there is none */
    struct progress progress;
    uint64_t bytes;         /* of it */
    uint64_t points_listed; /* in it */
    struct export_sum sum;
};

static void file_path(const struct folder *folder, const char *file, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/%s", folder->beside, file);
}

/* ---- the folder itself -------------------------------------------------------------------------
 */
/* What is ours; a folder that holds something else stays. */
static void folder_drop(const struct folder *folder)
{
    static const char *const files[] = {TENANT_FILE, SAMPLES_FILE, SAMPLES_FILE ".partial",
                                        MANIFEST_FILE, TOKEN_FILE};
    char path[PATH_MAX];
    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        file_path(folder, files[i], path);
        unlink(path);
    }
    rmdir(folder->beside);
}

static bool folder_make(struct folder *folder)
{
    size_t size = strlen(folder->path);
    while (size > 1 && folder->path[size - 1] == '/')
        size--;
    int count =
        snprintf(folder->beside, sizeof folder->beside, "%.*s.partial", (int)size, folder->path);
    if (size == 0 || count < 0 || (size_t)count >= sizeof folder->beside)
        return fail(VERB, "--out names no folder"), false;
    if (access(folder->path, F_OK) == 0)
        return fail(VERB, "%s is there already; name another folder with --out", folder->path),
               false;
    folder_drop(folder);
    if (mkdir(folder->beside, 0700) != 0)
        return fail(VERB, "%s cannot be made: %s", folder->beside, strerror(errno)), false;
    return true;
}

static bool path_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

/* It takes its name when all of it is on the disk. */
static bool folder_name(const struct folder *folder)
{
    char above[PATH_MAX];
    snprintf(above, sizeof above, "%s", folder->beside);
    char *slash = strrchr(above, '/');
    if (slash == NULL)
        snprintf(above, sizeof above, ".");
    else
        slash[slash == above] = 0;
    if (path_sync(folder->beside) && rename(folder->beside, folder->path) == 0 && path_sync(above))
        return true;
    return fail(VERB, "%s cannot get its name: %s", folder->path, strerror(errno)), false;
}

/* ---- what is configured ------------------------------------------------------------------------
 */
static bool configuration_take(void *arg, struct bytes piece)
{
    struct folder *folder = arg;
    folder->bytes += piece.size;
    progress_show(&folder->progress, "what is configured", folder->bytes, 0, "");
    return fwrite(piece.at, 1, piece.size, folder->to) == piece.size && !stop_wanted();
}

static bool file_finish(FILE *file, const char *path)
{
    bool good = fflush(file) == 0 && ferror(file) == 0 && fsync(fileno(file)) == 0;
    good = fclose(file) == 0 && good;
    if (!good)
        fail(VERB, "%s could not be written whole: %s", path, strerror(errno));
    return good;
}

static bool points_count_listed(struct folder *folder, const char *path)
{
    char *text = NULL;
    size_t size = 0;
    FILE *from = fopen(path, "re");
    if (from == NULL)
        return fail(VERB, "%s cannot be read: %s", path, strerror(errno)), false;
    while (getline(&text, &size, from) > 0)
        folder->points_listed += strncmp(text, POINT_BEGINS, strlen(POINT_BEGINS)) == 0;
    free(text);
    bool good = ferror(from) == 0;
    fclose(from);
    return good;
}

static bool configuration_write(struct folder *folder)
{
    struct http_url url;
    char path[PATH_MAX];
    file_path(folder, TENANT_FILE, path);
    folder->to = people_file(folder->words, path);
    if (folder->to == NULL)
        return false;
    people_url(&url, "/v1/tenants", folder->name, "export");
    bool good = people_stream(folder->line, &url, configuration_take, folder);
    progress_clear(&folder->progress);
    good = file_finish(folder->to, path) && good && !stop_wanted();
    return good && points_count_listed(folder, path);
}

/* ---- samples -----------------------------------------------------------------------------------
 */
/* Who runs the server sees none of a tenant's points, but may make it tokens. Samples are asked for
 * by one that sees all there, lives a day at most and is removed at once; both are in the audit. */
static bool token_make(struct folder *folder, const char *path)
{
    struct http_url url;
    char until[TIME_TEXT_SIZE];
    int64_t now_s = (int64_t)time(NULL);
    snprintf(folder->token_name, sizeof folder->token_name, "tenant-export-%" PRId64 "-%d", now_s,
             (int)getpid());
    time_format_short((now_s + TOKEN_LASTS_S) * NS_PER_S, until);
    people_url(&url, TOKENS_ROUTE, NULL, NULL);
    http_url_query(&url, "tenant", folder->name);
    json_t *answer = archive_ask(folder->line, "POST", &url,
                                 json_pack("{s:s,s:s,s:[{s:s}]}", "name", folder->token_name,
                                           "expires", until, "grants", "role", "viewer"));
    const char *text = answer_text(answer, "text");
    FILE *to = text[0] != 0 ? people_file(folder->words, path) : NULL;
    bool good = to != NULL && fprintf(to, "%s\n", text) > 0;
    if (to != NULL)
        good = file_finish(to, path) && good;
    if (answer == NULL) {
        folder->token_name[0] = 0;
        fail(VERB,
             "the samples of %s are read by a token of it, and none could be made; where it is "
             "suspended: mainstem tenant resume %s",
             folder->name, folder->name);
    }
    json_decref(answer);
    return good;
}

/* Also when a stop is wanted: so by a line that does not look. */
static void token_end(const struct folder *folder, const char *path)
{
    const struct http_client_config config = {
        .address = folder->line->address, .trust = folder->line->trust, .wait_ms = TOKEN_END_MS};
    struct http_client *client = NULL;
    struct http_client_answer answer = {.status = 0};
    struct http_url url;
    unlink(path);
    if (folder->token_name[0] == 0)
        return;
    people_url(&url, TOKENS_ROUTE, folder->token_name, NULL);
    http_url_query(&url, "tenant", folder->name);
    const struct http_client_question question = {.method = "DELETE",
                                                  .target = http_url_text(&url)};
    enum err err = http_client_create(&config, &client);
    if (err == OK)
        err = http_client_ask(client, &question, &answer);
    if (err != OK || answer.status / 100 != 2)
        fail(VERB,
             "the token %s could not be removed and lasts a day: mainstem token remove %s "
             "--tenant %s",
             folder->token_name, folder->token_name, folder->name);
    if (err == OK)
        json_decref(answer.json);
    http_client_destroy(client);
}

static void words_give(struct words *words, const char *name, const char *value)
{
    for (size_t i = 0; i < words->verb->option_count; i++)
        if (strcmp(words->verb->options[i].name, name) == 0) {
            words->given[words->given_count].option = &words->verb->options[i];
            words->given[words->given_count++].value = value;
        }
}

/* The server's address where a token counts: at the owner's socket none does. */
static const char *token_address(const struct folder *folder)
{
    const char *named = words_value(folder->words, "http", 0), *usual = getenv("MAINSTEM_HTTP");
    if (strncmp(folder->line->address, HTTP_UNIX, strlen(HTTP_UNIX)) != 0)
        return folder->line->address;
    if (named != NULL)
        return named;
    return usual != NULL && usual[0] != 0 ? usual : HTTP_USUAL;
}

/* The words of `mainstem export` that ask the same server with that token. */
static void export_words(const struct folder *folder, const char *token, const char *path,
                         struct words *ret_words)
{
    const char *ca = words_value(folder->words, "ca", 0);
    *ret_words = (struct words){.verb = &verb_export};
    words_give(ret_words, "http", token_address(folder));
    words_give(ret_words, "token-file", token);
    words_give(ret_words, "output", path);
    words_give(ret_words, "gzip", "");
    if (ca != NULL)
        words_give(ret_words, "ca", ca);
    if (words_flag(folder->words, "insecure"))
        words_give(ret_words, "insecure", "");
}

static bool history_write(struct folder *folder)
{
    struct words words;
    char path[PATH_MAX], token[PATH_MAX];
    file_path(folder, SAMPLES_FILE, path);
    file_path(folder, TOKEN_FILE, token);
    export_words(folder, token, path, &words);
    bool good = token_make(folder, token) && export_sum(&words, &folder->sum) == EXIT_DONE;
    token_end(folder, token);
    if (!good)
        return false;
    if (folder->sum.points >= folder->points_listed)
        return true;
    fail(VERB,
         "%s has %" PRIu64 " points, and only %" PRIu64
         " can be read: its role viewer does not see all, or points were retired meanwhile",
         folder->name, folder->points_listed, folder->sum.points);
    return false;
}

/* ---- the list of both --------------------------------------------------------------------------
 */
/* {"name":..,"bytes":..,"sha256":..} of what stands on the disk. NULL after printing why. */
static json_t *file_describe(const struct folder *folder, const char *name)
{
    static uint8_t piece[READ_SIZE];
    struct secret_digest digest;
    uint8_t sum[SECRET_DIGEST_SIZE];
    char path[PATH_MAX], text[2 * SECRET_DIGEST_SIZE + 1];
    uint64_t bytes = 0;
    size_t count;
    file_path(folder, name, path);
    FILE *from = fopen(path, "re");
    if (from == NULL)
        return fail(VERB, "%s cannot be read: %s", path, strerror(errno)), NULL;
    secret_digest_init(&digest);
    while ((count = fread(piece, 1, sizeof piece, from)) > 0) {
        secret_digest_feed(&digest, bytes_of(piece, count));
        bytes += count;
    }
    secret_digest_close(&digest, sum);
    bool good = ferror(from) == 0;
    fclose(from);
    if (!good)
        return fail(VERB, "%s cannot be read", path), NULL;
    for (size_t i = 0; i < sizeof sum; i++)
        snprintf(text + 2 * i, 3, "%02x", sum[i]);
    return json_pack("{s:s,s:I,s:s}", "name", name, "bytes", (json_int_t)bytes, "sha256", text);
}

static bool manifest_write(const struct folder *folder)
{
    char path[PATH_MAX], now[TIME_TEXT_SIZE];
    json_t *tenant = file_describe(folder, TENANT_FILE);
    json_t *samples = file_describe(folder, SAMPLES_FILE);
    const struct export_sum *sum = &folder->sum;
    time_format_short((int64_t)time(NULL) * NS_PER_S, now);
    json_t *manifest = json_pack("{s:i,s:s,s:s,s:I,s:I,s:I,s:[o,o]}", "mainstem_tenant", 1,
                                 "tenant", folder->name, "written", now, "points",
                                 (json_int_t)sum->points, "samples", (json_int_t)sum->samples,
                                 "missing", (json_int_t)sum->missing, "files", tenant, samples);
    if (manifest == NULL)
        return fail(VERB, "what was written cannot be listed"), false;
    file_path(folder, MANIFEST_FILE, path);
    FILE *to = people_file(folder->words, path);
    bool good = to != NULL;
    if (good) {
        json_dumpf(manifest, to, JSON_INDENT(2));
        fputc('\n', to);
        good = file_finish(to, path);
    }
    json_decref(manifest);
    return good;
}

static void folder_print(const struct folder *folder)
{
    char text[2][NUMBER_SIZE];
    fprintf(stderr, "%s samples of %s points, and what is configured, in %s\n",
            number_group(folder->sum.samples, text[0]), number_group(folder->sum.points, text[1]),
            folder->path);
    if (folder->sum.missing > 0)
        fail(VERB, "%s pieces of history could not be read and are not in it",
             number_group(folder->sum.missing, text[0]));
}

int tenant_folder_export(const struct words *words, struct http_line *line, const char *name,
                         const char *path)
{
    struct folder folder = {.words = words, .line = line, .name = name, .path = path};
    if (!folder_make(&folder))
        return EXIT_FAILED;
    snprintf(folder.own_token, sizeof folder.own_token, "%s", line->trust.token);
    line->trust.token = folder.own_token;
    stop_watch();
    progress_begin(&folder.progress);
    bool good = configuration_write(&folder) && history_write(&folder) && manifest_write(&folder) &&
                !stop_wanted() && folder_name(&folder);
    line->trust.token = "";
    secret_wipe(folder.own_token, sizeof folder.own_token);
    if (!good) {
        folder_drop(&folder);
        return fail(VERB, "%s was not written", path);
    }
    folder_print(&folder);
    return folder.sum.missing > 0 ? EXIT_FAILED : EXIT_DONE;
}
