/* audit: who did what; the list as a file; and whether that file is whole, judged on this side. */
#include "cli/answer.h"
#include "cli/people_words.h"

#include "model/access/access.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VERB "audit"
#define SHOWN_USUAL 100
#define LINE_MAX_BYTES ((size_t)64 << 10)
#define CHAIN_HEX 64

/* ---- list --------------------------------------------------------------------------------------
 */
static const struct row_column audit_columns[] = {
    {"number", .right = true, .leave = 2},
    {.name = "time"},
    {"tenant", .leave = 3},
    {"actor", .least = 10},
    {"address", .leave = 1},
    {.name = "action"},
    {"object", .least = 16},
    {"detail", .least = 16, .leave = 4},
    {.name = "outcome"},
};

static void audit_row(struct rows *rows, const json_t *entry)
{
    const char *outcome = answer_text(entry, "outcome");
    people_cell(rows, entry, "number");
    people_cell_time(rows, entry, "time");
    people_cell(rows, entry, "tenant");
    people_cell(rows, entry, "actor");
    people_cell(rows, entry, "address");
    people_cell(rows, entry, "action");
    people_cell(rows, entry, "object");
    people_cell(rows, entry, "detail");
    rows_cell(rows, strcmp(outcome, "done") == 0 ? PAINT_NONE : PAINT_RED, outcome);
}

static void put_filters(const struct words *words, struct http_url *url)
{
    static const char *const names[] = {"account", "action", "since"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (words_flag(words, names[i]))
            http_url_query(url, names[i], words_value(words, names[i], 0));
    if (words_flag(words, "all"))
        http_url_query(url, "all", "true");
}

static int audit_list(const struct words *words, struct http_line *line)
{
    uint64_t most;
    if (!words_count(words, "limit", SHOWN_USUAL, 1, UINT32_MAX, &most))
        return EXIT_USAGE;
    const struct people_list list = {.route = "/v1/audit",
                                     .member = "entries",
                                     .columns = audit_columns,
                                     .column_count = ARRAY_COUNT(audit_columns),
                                     .row = audit_row,
                                     .query = put_filters,
                                     .none = "nothing was done that matches",
                                     .most = most};
    return people_print_list(words, line, &list);
}

/* ---- export ------------------------------------------------------------------------------------
 */
static int audit_export(const struct words *words, struct http_line *line)
{
    struct http_url url;
    http_url_start(&url, "/v1/audit/export");
    put_filters(words, &url);
    return people_export(words, line, &url);
}

/* ---- verify ------------------------------------------------------------------------------------
 * The chain is computed here, from the texts of the entries: neither the server that tells them nor
 * whoever kept the file is believed. What the chain does not cover (time and tenant as texts) is
 * for people; wall_ns and tenant_number are what counts. */
struct verifier {
    const char *name; /* of the file; NULL: the server's own export */
    uint8_t chain[32];
    uint64_t first, last, count, lines; /* numbers of entries; how many; lines read */
    bool wrong;
    char head[CHAIN_HEX + 1]; /* --head, in small letters; "" for none */
    uint64_t head_number;     /* the entry whose chain it is; 0: none yet */
    uint64_t server_count;    /* what the server says of its newest entry; 0: not asked */
    char server_head[CHAIN_HEX + 1];
    char *line; /* the line under way */
    size_t size;
};

static bool verify_wrong(struct verifier *verifier, uint64_t number, const char *why)
{
    char entry[40] = "";
    if (number > 0)
        snprintf(entry, sizeof entry, ", entry %llu,", (unsigned long long)number);
    fail(VERB, "%s: line %llu%s %s",
         verifier->name != NULL ? verifier->name : "the server's answer",
         (unsigned long long)verifier->lines, entry, why);
    verifier->wrong = true;
    return false;
}

static bool hex_read(const char *text, uint8_t chain[32])
{
    if (strlen(text) != CHAIN_HEX)
        return false;
    for (size_t i = 0; i < 32; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], 0}, *end;
        chain[i] = (uint8_t)strtoul(pair, &end, 16);
        if (*end != 0 || pair[0] == '+' || pair[0] == '-' || pair[0] == ' ')
            return false;
    }
    return true;
}

static void hex_put(const uint8_t chain[32], char text[CHAIN_HEX + 1])
{
    for (size_t i = 0; i < 32; i++)
        snprintf(text + 2 * i, 3, "%02x", chain[i]);
}

static struct bytes entry_text(const json_t *entry, const char *name, bool *good)
{
    const json_t *value = json_object_get(entry, name);
    *good &= json_is_string(value);
    return bytes_of(json_string_value(value), json_string_length(value));
}

static uint64_t entry_count(const json_t *entry, const char *name, bool *good)
{
    const json_t *value = json_object_get(entry, name);
    *good &= json_is_integer(value) && json_integer_value(value) >= 0;
    return (uint64_t)json_integer_value(value);
}

/* False: something of it is missing or of the wrong kind. */
static bool entry_read(const json_t *entry, struct audit_view *view)
{
    static const char *const doors[] = {"none", "mqtt", "http", "control", "server"};
    bool good = true, door = false;
    char *end;
    *view = (struct audit_view){.number = entry_count(entry, "number", &good),
                                .position = entry_count(entry, "position", &good),
                                .tenant = (uint32_t)entry_count(entry, "tenant_number", &good),
                                .account = (uint32_t)entry_count(entry, "account", &good),
                                .actor = entry_text(entry, "actor", &good),
                                .address = entry_text(entry, "address", &good),
                                .action = entry_text(entry, "action", &good),
                                .object = entry_text(entry, "object", &good),
                                .detail = entry_text(entry, "detail", &good),
                                .outcome = entry_text(entry, "outcome", &good)};
    const char *wall = answer_text(entry, "wall_ns");
    errno = 0;
    view->wall_ns = strtoll(wall, &end, 10);
    good &= end != wall && *end == 0 && errno == 0;
    for (size_t i = 0; i < ARRAY_COUNT(doors); i++)
        if (strcmp(answer_text(entry, "door"), doors[i]) == 0) {
            view->door = (enum actor_door)i;
            door = true;
        }
    return good && door && hex_read(answer_text(entry, "chain"), view->chain);
}

static void marks_compare(struct verifier *verifier, const struct audit_view *view)
{
    char text[CHAIN_HEX + 1];
    hex_put(view->chain, text);
    if (strcmp(text, verifier->head) == 0)
        verifier->head_number = view->number;
    if (view->number == verifier->server_count && strcmp(text, verifier->server_head) != 0)
        verify_wrong(verifier, view->number,
                     "has another mark than the server says it has: what it tells differs from "
                     "what it holds");
}

static bool entry_verify(struct verifier *verifier, const json_t *entry)
{
    struct audit_view view;
    uint8_t made[32];
    if (!entry_read(entry, &view))
        return verify_wrong(verifier, 0, "is no whole entry of the audit");
    if (verifier->count > 0 && view.number != verifier->last + 1)
        return verify_wrong(verifier, view.number,
                            view.number > verifier->last
                                ? "does not follow on the one before: entries are missing between "
                                  "them (a filter or one tenant's entries cannot be verified: "
                                  "export with --all)"
                                : "stands behind a later one");
    audit_chain(verifier->chain, &view, made);
    /* Of the oldest that is left, the one before is not known: it is believed. */
    bool known = verifier->count > 0 || view.number == 1;
    if (known && memcmp(made, view.chain, sizeof made) != 0)
        return verify_wrong(verifier, view.number,
                            "does not follow from the one before: it, or that one, was changed");
    memcpy(verifier->chain, view.chain, sizeof view.chain);
    if (verifier->count++ == 0)
        verifier->first = view.number;
    verifier->last = view.number;
    marks_compare(verifier, &view);
    return !verifier->wrong;
}

static bool line_verify(struct verifier *verifier)
{
    verifier->lines++;
    json_t *entry = json_loadb(verifier->line, verifier->size, JSON_ALLOW_NUL, NULL);
    verifier->size = 0;
    bool good = json_is_object(entry) ? entry_verify(verifier, entry)
                                      : verify_wrong(verifier, 0, "is no JSON object");
    json_decref(entry);
    return good;
}

static bool verify_take(void *arg, struct bytes piece)
{
    struct verifier *verifier = arg;
    while (piece.size > 0) {
        const uint8_t *end = memchr(piece.at, '\n', piece.size);
        size_t size = end != NULL ? (size_t)(end - piece.at) : piece.size;
        if (verifier->size + size > LINE_MAX_BYTES)
            return verify_wrong(verifier, 0, "is longer than any entry of the audit");
        memcpy(verifier->line + verifier->size, piece.at, size);
        verifier->size += size;
        if (end != NULL && verifier->size > 0 && !line_verify(verifier))
            return false;
        size += end != NULL;
        piece = bytes_of(piece.at + size, piece.size - size);
    }
    return true;
}

static int verify_say(const struct words *words, const struct verifier *verifier)
{
    char head[CHAIN_HEX + 1], text[NUMBER_SIZE];
    hex_put(verifier->chain, head);
    if (verifier->head[0] != 0 && verifier->head_number == 0)
        return fail(VERB,
                    "no entry has the mark of --head: what it stands for was changed, cut off, or "
                    "is older than entry %llu",
                    (unsigned long long)verifier->first);
    if (verifier->server_count > verifier->last)
        return fail(VERB, "the server holds entries up to %llu and told only those up to %llu",
                    (unsigned long long)verifier->server_count, (unsigned long long)verifier->last);
    if (words_flag(words, "json")) {
        printf("{\"whole\":true,\"entries\":%llu,\"first\":%llu,\"last\":%llu,\"head\":\"%s\"}\n",
               (unsigned long long)verifier->count, (unsigned long long)verifier->first,
               (unsigned long long)verifier->last, head);
        return EXIT_DONE;
    }
    printf("%swhole%s: %s %s, %llu to %llu, each follows from the one before%s\n",
           paint(PAINT_GREEN), paint(PAINT_NONE), number_group(verifier->count, text),
           verifier->count == 1 ? "entry" : "entries", (unsigned long long)verifier->first,
           (unsigned long long)verifier->last,
           verifier->first > 1 ? "; what came before the first is not here" : "");
    if (verifier->head_number > 0)
        printf("the mark of --head is that of entry %llu\n",
               (unsigned long long)verifier->head_number);
    printf("mark %s\n", head);
    if (verifier->name != NULL && verifier->head[0] == 0)
        printf("%sA file says nothing of entries that were cut off at its end: keep marks "
               "elsewhere, and compare with --head.%s\n",
               paint(PAINT_DIM), paint(PAINT_NONE));
    return EXIT_DONE;
}

static int verify_file(const struct words *words, struct verifier *verifier)
{
    char piece[16384];
    FILE *file = fopen(verifier->name, "re");
    if (file == NULL)
        return fail(VERB, "%s cannot be opened: %s", verifier->name, strerror(errno));
    size_t size;
    bool good = true;
    while (good && (size = fread(piece, 1, sizeof piece, file)) > 0)
        good = verify_take(verifier, bytes_of(piece, size));
    if (good && ferror(file))
        good = fail(VERB, "%s cannot be read", verifier->name) == EXIT_DONE;
    fclose(file);
    if (good && verifier->size > 0)
        good = line_verify(verifier);
    if (good && verifier->count == 0)
        good = fail(VERB, "%s holds no entry", verifier->name) == EXIT_DONE;
    return good ? verify_say(words, verifier) : EXIT_FAILED;
}

/* The server's own word first: what it tells afterwards must lead to it. */
static int verify_server(const struct words *words, struct verifier *verifier)
{
    struct http_line line;
    struct http_url url;
    if (!http_line_open(words, HTTP_WAIT_MS, &line))
        return EXIT_USAGE;
    http_url_start(&url, "/v1/audit/verify");
    json_t *answer = http_line_get(&line, &url, NULL);
    bool good = answer != NULL;
    verifier->server_count = answer_count(answer, "count");
    snprintf(verifier->server_head, sizeof verifier->server_head, "%s",
             answer_text(answer, "head"));
    if (good && !answer_is(answer, "whole"))
        good = fail(VERB, "the server says itself that its audit is not whole") == EXIT_DONE;
    json_decref(answer);
    stop_watch();
    http_url_start(&url, "/v1/audit/export");
    http_url_query(&url, "all", "true");
    if (good && verifier->server_count == 0)
        printf("nothing was done yet: the audit is empty\n");
    else if (good)
        good = people_stream(&line, &url, verify_take, verifier) && !verifier->wrong;
    http_line_close(&line);
    return !good                         ? EXIT_FAILED
           : verifier->server_count == 0 ? EXIT_DONE
                                         : verify_say(words, verifier);
}

static int audit_verify(const struct words *words)
{
    struct verifier verifier = {.name = words->argument_count > 1 ? words->arguments[1] : NULL};
    const char *head = words_value(words, "head", 0);
    uint8_t chain[32];
    if (head != NULL && !hex_read(head, chain)) {
        fail(VERB, "--head is \"%.80s\"; a mark of 64 digits of base 16 is wanted", head);
        return EXIT_USAGE;
    }
    if (head != NULL)
        hex_put(chain, verifier.head);
    verifier.line = malloc(LINE_MAX_BYTES);
    if (verifier.line == NULL)
        return fail(VERB, "out of memory");
    int code =
        verifier.name != NULL ? verify_file(words, &verifier) : verify_server(words, &verifier);
    free(verifier.line);
    return code;
}

/* ---- the verb ----------------------------------------------------------------------------------
 */
static int audit_run(const struct words *words)
{
    static const struct people_action actions[] = {
        {"list", 0, 0, "list [--account TEXT] [--action TEXT]", audit_list},
        {"export", 0, 0, "export [--out FILE]", audit_export},
    };
    if (strcmp(words->arguments[0], "verify") == 0) /* a file needs no server */
        return audit_verify(words);
    return people_run(words, actions, ARRAY_COUNT(actions));
}

static const struct option audit_options[] = {
    HTTP_OPTION,
    TENANT_OPTION,
    {"all", NULL, "of all tenants, for who runs the server"},
    {"account", "TEXT", "only what somebody did whose name holds this"},
    {"action", "TEXT", "only actions that begin with this: login, denied, account., .."},
    {"since", "TIME", "only what was done since"},
    {"limit", "N", "list: so many, the newest (100)"},
    {"head", "MARK", "verify: a mark that was kept elsewhere must be among them"},
    {"out", "FILE", "export: into a new file that only you may read"},
    FORMAT_OPTIONS,
};
const struct verb verb_audit = {
    .name = VERB,
    .arguments = "list|export|verify [FILE]",
    .summary = "Say who did what, when and from where; and prove that nobody changed it.",
    .about =
        "Each entry carries a mark: SHA-256 of itself and of the mark before it. verify computes\n"
        "all marks anew, here, from a file that export --all wrote or from a running server, and\n"
        "finds what was changed, left out or put in between. Keep the last mark elsewhere: with\n"
        "--head it shows that nothing up to it was rewritten or cut off since.",
    .example = "  mainstem audit list --action login --since now-1d\n"
               "  mainstem audit export --all --out audit.ndjson\n"
               "  mainstem audit verify audit.ndjson",
    .options = audit_options,
    .option_count = ARRAY_COUNT(audit_options),
    .arguments_min = 1,
    .arguments_max = 2,
    .run = audit_run,
};
