/* import: files into history, over HTTP: CSV, NDJSON, line protocol. */
#include "cli/import.h"

#include "cli/http_words.h"
#include "cli/terminal.h"

#include "os/os.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define VERB "import"
#define TOLD_MAX 20
#define STATE_EVERY_NS (NS_PER_S)
#define FILE_SHIFT 48
#define LANES_USUAL 4
#define PATIENCE_USUAL_S 60

/* ---- refusals ---------------------------------------------------------------------------------
 */
const char *import_file_name(const struct import *import, uint64_t file)
{
    return file < import->words->argument_count ? import->words->arguments[file] : "";
}

uint64_t import_tag(const struct import *import, uint64_t line)
{
    return import->next.file << FILE_SHIFT | line;
}

static void report_field(FILE *to, const char *text, bool last)
{
    size_t size = strlen(text);
    uint8_t *out = malloc(2 * size + 2);
    if (out != NULL)
        fwrite(out, 1, csv_field_put(bytes_of(text, size), ',', false, out), to);
    free(out);
    fputc(last ? '\n' : ',', to);
}

void import_refuse(struct import *import, uint64_t tag, const char *path, const char *code,
                   const char *detail)
{
    const char *name = import_file_name(import, tag >> FILE_SHIFT);
    unsigned long long line = tag & ((UINT64_C(1) << FILE_SHIFT) - 1);
    import->refused++;
    if (import->report != NULL) {
        report_field(import->report, name, false);
        fprintf(import->report, "%llu,", line);
        report_field(import->report, path, false);
        report_field(import->report, code, false);
        report_field(import->report, detail[0] != 0 ? detail : code, true);
    }
    if (import->told++ >= TOLD_MAX)
        return;
    progress_clear(&import->progress);
    fail(VERB, "%s, line %llu%s%.200s: refused: %s", name, line, path[0] != 0 ? ", " : "", path,
         detail[0] != 0 ? detail : code);
}

static void on_refused(void *arg, const struct import_answer *answer)
{
    import_refuse(arg, answer->tag, answer->path, answer->code, answer->detail);
}

static void on_refused_more(void *arg, uint64_t count)
{
    struct import *import = arg;
    import->refused += count;
    if (import->report != NULL)
        fprintf(import->report, ",,,,and %llu more\n", (unsigned long long)count);
}

/* ---- going on ---------------------------------------------------------------------------------
 */
static void import_show(struct import *import)
{
    char text[NUMBER_SIZE], extra[96];
    uint64_t taken = import->taken_before + import_send_taken(import->send);
    snprintf(extra, sizeof extra, "%s samples", number_group(taken, text));
    uint64_t done = import->bytes_before;
    if (import->input != NULL)
        done += import_input_read(import->input);
    progress_show(&import->progress, "importing", done, import->bytes_all, extra);
}

static void on_waiting(void *arg)
{
    import_show(arg);
}

static void state_save(struct import *import)
{
    struct import_state *state = &import->state;
    if (!import->resumable || import->holding)
        return;
    state->place = import_send_place(import->send, &import->next);
    state->taken = import->taken_before + import_send_taken(import->send);
    state->refused = import->refused;
    state->missing = import->missing;
    if (import_state_write(state))
        return;
    import->resumable = false;
    progress_clear(&import->progress);
    fail(VERB, "%s cannot be written: if this run is interrupted, the next one begins anew",
         state->path);
}

bool import_goes_on(struct import *import)
{
    if ((import->rows_read & 255) != 0)
        return true;
    struct clock *clock = clock_real();
    import_show(import);
    if (clock->boot_ns(clock) - import->state_written_ns >= STATE_EVERY_NS) {
        import->state_written_ns = clock->boot_ns(clock);
        state_save(import);
    }
    return !stop_wanted() && import_send_fault(import->send)[0] == 0;
}

/* ---- options ----------------------------------------------------------------------------------
 */
static bool read_form(struct import *import)
{
    static const char *const names[] = {"csv", "ndjson", "lines"};
    const char *text = words_value(import->words, "format", 0);
    import->form_told = text != NULL;
    for (unsigned i = 0; text != NULL && i < ARRAY_COUNT(names); i++)
        if (strcmp(text, names[i]) == 0) {
            import->form = (enum import_form)i;
            return true;
        }
    if (text != NULL)
        fail(VERB, "--format is \"%s\"; csv, ndjson or lines is wanted", text);
    return text == NULL;
}

static bool read_separator(struct import *import)
{
    const char *text = words_value(import->words, "separator", 0);
    if (text == NULL)
        return true;
    if (strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0)
        text = "\t";
    if (strlen(text) != 1 || text[0] == '"' || text[0] == '\n' || text[0] == '\r') {
        fail(VERB, "--separator is one character, or the word tab");
        return false;
    }
    import->separator = (uint8_t)text[0];
    return true;
}

/* Where a name stands several times, all of them. */
static size_t read_several(const struct words *words, const char *name, const char **ret,
                           size_t most)
{
    size_t count = 0;
    const char *text;
    while (count < most && (text = words_value(words, name, count)) != NULL)
        ret[count++] = text;
    return count;
}

static bool read_times(struct import *import)
{
    const struct words *words = import->words;
    struct import_rows_config *rows = &import->rows;
    const char *fault, *start = words_value(words, "start", 0),
                       *step = words_value(words, "step", 0);
    if (!import_time_init(&import->time, words_value(words, "time-format", 0),
                          words_value(words, "zone", 0), &fault)) {
        fail(VERB, "--time-format or --zone: %s", fault);
        return false;
    }
    rows->format = &import->time;
    rows->time_count = read_several(words, "time", rows->time, ROWS_TIME_COLUMNS);
    if ((start == NULL) != (step == NULL) || (start != NULL && rows->time_count > 0)) {
        fail(VERB, "--start and --step go together, and without --time");
        return false;
    }
    if (start == NULL)
        return true;
    struct import_time iso = import->time;
    iso.unit = TIME_GUESS;
    if (!import_time_read(&iso, bytes_text(start), &rows->start_ns) ||
        !import_duration_read(step, &rows->step_ns)) {
        fail(VERB, "--start is a time, as 2026-03-01T08:00:00Z, and --step a length, as 10s");
        return false;
    }
    return true;
}

static bool read_rows(struct import *import)
{
    const struct words *words = import->words;
    import->rows.path = words_value(words, "path", 0);
    import->rows.columns = words_value(words, "columns", 0);
    import->rows.skip = words_value(words, "skip", 0);
    import->rows.text = words_value(words, "text", 0);
    import->rows.missing_count =
        read_several(words, "missing", import->rows.missing, ROWS_MISSING_MAX);
    import->rows.missing_bad = words_flag(words, "missing-bad");
    import->rows.decimal_comma = words_flag(words, "decimal-comma");
    return read_times(import);
}

static bool read_options(struct import *import)
{
    const struct words *words = import->words;
    uint64_t lanes, wait_s;
    static const char *const precisions[] = {"ns", "us", "ms", "s"};
    import->precision = words_value(words, "precision", 0);
    bool known = import->precision == NULL;
    for (size_t i = 0; i < ARRAY_COUNT(precisions) && !known; i++)
        known = strcmp(import->precision, precisions[i]) == 0;
    if (!known) {
        fail(VERB, "--precision is \"%s\"; ns, us, ms or s is wanted", import->precision);
        return false;
    }
    if (import->precision == NULL)
        import->precision = "ns";
    if (!words_count(words, "in-flight", LANES_USUAL, 1, IMPORT_LANES_MAX, &lanes) ||
        !words_count(words, "wait", PATIENCE_USUAL_S, 0, 86400, &wait_s))
        return false;
    import->lanes = (unsigned)lanes;
    import->patience_ns = (int64_t)wait_s * NS_PER_S;
    import->dry = words_flag(words, "dry-run");
    import->quiet = words_flag(words, "quiet");
    import->json = words_flag(words, "json");
    return read_form(import) && read_separator(import) && read_rows(import) &&
           http_words_address(words, import->address);
}

/* ---- files ------------------------------------------------------------------------------------
 */
static uint64_t hash_text(uint64_t hash, const char *text)
{
    return text != NULL ? hash64(text, strlen(text), hash + 1) : hash64("", 0, hash);
}

/* What is imported, how, and where to: the same wish goes on where it was left. */
static bool wish_hash(struct import *import, uint64_t *ret_hash)
{
    static const char *const said[] = {"format",  "path",      "time",     "time-format", "zone",
                                       "start",   "step",      "text",     "columns",     "skip",
                                       "missing", "separator", "precision"};
    const struct words *words = import->words;
    uint64_t hash = hash_text(0, import->address);
    *ret_hash = 0;
    for (size_t i = 0; i < ARRAY_COUNT(said); i++)
        for (size_t nth = 0; nth < ROWS_MISSING_MAX; nth++)
            hash = hash_text(hash, words_value(words, said[i], nth));
    hash = hash64(&import->rows.decimal_comma, sizeof(bool), hash);
    for (size_t i = 0; i < words->argument_count; i++) {
        struct import_input *input;
        char *real = realpath(words->arguments[i], NULL);
        enum err err = import_input_open(words->arguments[i], &input);
        if (err != OK) {
            free(real);
            fail(VERB, "%s cannot be opened: %s", words->arguments[i], err_text(err));
            return false;
        }
        uint64_t identity = import_input_identity(input);
        import->bytes_all += import_input_all(input);
        import_input_close(input);
        import->resumable = import->resumable && identity != 0;
        hash = hash64(&identity, sizeof identity, hash_text(hash, real));
        free(real);
    }
    *ret_hash = hash;
    return true;
}

/* The first file that is not the standard input says where to go on; a stream cannot be gone on
 * with. */
static bool state_begin(struct import *import)
{
    uint64_t wish;
    char text[NUMBER_SIZE];
    import->resumable = true;
    for (size_t i = 0; i < import->words->argument_count; i++)
        if (strcmp(import->words->arguments[i], "-") == 0)
            import->resumable = false;
    if (!import->resumable)
        return true;
    if (!wish_hash(import, &wish))
        return false;
    import->resumable =
        import->resumable && !import->dry &&
        import_state_init(&import->state, words_value(import->words, "state", 0), wish);
    if (!import->resumable || words_flag(import->words, "again") ||
        !import_state_read(&import->state))
        return true;
    import->next = import->state.place;
    import->taken_before = import->state.taken;
    import->refused = import->state.refused;
    import->missing = import->state.missing;
    if (!import->quiet)
        fprintf(stderr,
                "mainstem import: going on in %s behind line %s, where the run before ended "
                "(--again begins anew)\n",
                import_file_name(import, import->next.file), number_group(import->next.line, text));
    return true;
}

static bool run_file(struct import *import)
{
    enum err err = import_input_open(import->name, &import->input);
    if (err != OK)
        return fail(VERB, "%s cannot be opened: %s", import->name,
                    err == ERR_INVALID ? "it is a folder" : err_text(err)),
               false;
    bool good;
    if (import->dry)
        good = import_dry(import);
    else if (import->form == FORM_CSV)
        good = import_csv(import);
    else
        good = import_lines(import, import->form == FORM_LINES);
    if (import->input != NULL)
        import->bytes_before += import_input_all(import->input);
    import_input_close(import->input);
    import->input = NULL;
    return good;
}

static bool send_open(struct import *import)
{
    const struct import_send_config config = {.verb = VERB,
                                              .address = import->address,
                                              .trust = http_words_trust(import->words),
                                              .lanes = import->lanes,
                                              .lines = import->form == FORM_LINES,
                                              .precision = import->precision,
                                              .patience_ns = import->patience_ns,
                                              .refused = on_refused,
                                              .refused_more = on_refused_more,
                                              .waiting = on_waiting,
                                              .arg = import};
    enum err err = import_send_create(&config, &import->send);
    if (err != OK)
        http_fail(VERB, import->address, err);
    return err == OK;
}

/* The form of all files is that of the first. */
static bool form_recognise(struct import *import)
{
    struct import_input *input;
    struct bytes head = {0};
    const char *name = import->words->arguments[0];
    if (import->form_told || strcmp(name, "-") == 0) {
        if (!import->form_told)
            fail(VERB, "standard input: --format csv, ndjson or lines says what it is");
        return import->form_told;
    }
    enum err err = import_input_open(name, &input);
    if (err != OK)
        return fail(VERB, "%s cannot be opened: %s", name,
                    err == ERR_INVALID ? "it is a folder" : err_text(err)),
               false;
    err = import_input_next(input, &head);
    if (err == OK)
        import->form = import_form_of(name, head);
    else
        fail(VERB, "%s cannot be read: %s", name, err_text(err));
    import_input_close(input);
    return err == OK;
}

static bool run_files(struct import *import)
{
    bool good = true;
    struct import_place begin = import->next;
    for (uint64_t i = 0; i < begin.file; i++) {
        struct import_input *input;
        if (import_input_open(import_file_name(import, i), &input) != OK)
            continue;
        import->bytes_before += import_input_all(input);
        import_input_close(input);
    }
    for (uint64_t i = begin.file; good && i < import->words->argument_count; i++) {
        if (i > begin.file)
            import->next = (struct import_place){.file = i};
        import->name = import->words->arguments[i];
        good = run_file(import);
    }
    return good;
}

/* ---- the end ----------------------------------------------------------------------------------
 */
static void end_print(const struct import *import, bool whole)
{
    char text[5][NUMBER_SIZE];
    uint64_t taken = import->taken_before + import_send_taken(import->send);
    if (import->json) {
        printf(
            "{\"samples\":%llu,\"rows\":%llu,\"missing\":%llu,\"refused\":%llu,\"complete\":%s}\n",
            (unsigned long long)taken, (unsigned long long)import->next.row,
            (unsigned long long)import->missing, (unsigned long long)import->refused,
            whole ? "true" : "false");
        return;
    }
    if (import->quiet && import->refused == 0)
        return;
    printf("%s%s%s samples kept", paint(PAINT_GREEN), number_group(taken, text[0]),
           paint(PAINT_NONE));
    if (import->missing > 0)
        printf(", %s cells without a value", number_group(import->missing, text[1]));
    if (import->refused > 0)
        printf(", %s%s refused%s", paint(PAINT_RED), number_group(import->refused, text[2]),
               paint(PAINT_NONE));
    putchar('\n');
}

static int import_end(struct import *import, bool read_all)
{
    bool whole = import_send_flush(import->send) && read_all;
    progress_clear(&import->progress);
    if (import->told > TOLD_MAX) {
        char text[NUMBER_SIZE];
        fprintf(stderr, "mainstem import: and %s more refused%s\n",
                number_group(import->told - TOLD_MAX, text),
                import->report == NULL ? "; --refused FILE lists them" : "");
    }
    const char *fault = import_send_fault(import->send);
    if (whole && import->resumable)
        import_state_remove(&import->state);
    else if (!whole)
        state_save(import);
    if (!whole && (fault[0] != 0 || stop_wanted())) {
        fail(VERB, "%s%s", stop_wanted() ? "stopped" : fault,
             import->resumable ? "; the same words again go on from here" : "");
    }
    end_print(import, whole);
    return whole && import->refused == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int import_work(struct import *import)
{
    const char *report = words_value(import->words, "refused", 0);
    bool goes_on = import->next.file > 0 || import->next.bytes > 0;
    if (!send_open(import))
        return EXIT_USAGE;
    if (report != NULL && (import->report = fopen(report, goes_on ? "ae" : "we")) == NULL) {
        import_send_destroy(import->send);
        return fail(VERB, "%s cannot be written", report);
    }
    if (import->report != NULL && !goes_on)
        fputs("file,line,path,code,reason\n", import->report);
    bool read_all = run_files(import);
    int code = import_end(import, read_all);
    import_send_destroy(import->send);
    if (import->report != NULL && fclose(import->report) != 0)
        code = fail(VERB, "%s could not be written", report);
    return code;
}

static int import_run(const struct words *words)
{
    static struct import import;
    import = (struct import){.words = words};
    if (!read_options(&import) || !form_recognise(&import))
        return EXIT_USAGE;
    if (import.form != FORM_CSV && import.rows.path != NULL) {
        fail(VERB, "--path is for CSV; NDJSON says each sample's path, and lines become points as "
                   "the server's setting readings.lines_path says");
        return EXIT_USAGE;
    }
    if (!state_begin(&import))
        return EXIT_FAILED;
    stop_watch();
    progress_begin(&import.progress);
    import.progress.live = import.progress.live && !import.quiet && !import.dry;
    if (import.dry)
        return run_files(&import) ? EXIT_DONE : EXIT_FAILED;
    return import_work(&import);
}

static const struct option import_options[] = {
    HTTP_OPTION,
    {"format", "FORM", "csv, ndjson or lines (line protocol); else by the file's name"},
    {"path", "TEMPLATE", "CSV: path of the points, as plant/{machine}/{field}"},
    {"time", "COLUMN", "column of the time; twice: date and time of day"},
    {"time-format", "FORM", "iso, s, ms, us, ns or a pattern as \"%d/%m/%Y %H:%M\" (iso)"},
    {"zone", "NAME", "zone of times that say none (UTC)"},
    {"start", "TIME", "rows without a time: when the first one was"},
    {"step", "LENGTH", "and how far apart they are, as 10s"},
    {"columns", "A,B", "these columns alone become points"},
    {"skip", "A,B", "these do not"},
    {"text", "A,B", "these are text, whatever they look like"},
    {"missing", "TEXT", "what stands for no value, beside an empty cell; may be repeated"},
    {"missing-bad", NULL, "no value becomes a sample without one, of bad quality"},
    {"decimal-comma", NULL, "2,6 is a number"},
    {"separator", "C", "of fields; the word tab is one (the commonest of , ; tab |)"},
    {"precision", "P", "of line protocol: ns, us, ms or s (ns)"},
    {"dry-run", NULL, "show what would become of it, and write nothing"},
    {"refused", "FILE", "list what was refused, as CSV"},
    {"state", "FILE", "where to note how far it came (below ~/.local/state/mainstem)"},
    {"again", NULL, "begin anew, whatever an earlier run did"},
    {"in-flight", "N", "batches on their way at once (4)"},
    {"wait", "S", "seconds to wait for a server that is away or full (60)"},
    {"quiet", NULL, "no progress, and nothing at the end when all went well"},
    {"json", NULL, "the end as JSON"},
};
const struct verb verb_import = {
    .name = VERB,
    .arguments = "FILE [FILE ...] | -",
    .summary = "Read files into history: CSV, NDJSON, line protocol; packed or not.",
    .about =
        "CSV has a header. In the wide form each column is a point, and --path says which; in\n"
        "the long form there are columns path, time, value and perhaps quality and type. NDJSON\n"
        "is what POST /v1/samples takes, line protocol what /write takes. gzip and zstd are\n"
        "unpacked. Each sample is on the server's disk when it counts as kept; reading a file\n"
        "twice changes nothing, for a sample is known by its point and time. When it is\n"
        "interrupted, the same words again go on where it ended. What is refused is told with\n"
        "its line; the exit code is 0 when all was kept.",
    .example =
        "  mainstem import air_quality.csv --path 'city/air/{field}' --time Time \\\n"
        "      --time-format '%d/%m/%Y %H.%M.%S' --missing -200 --dry-run\n"
        "  mainstem import ai4i2020.csv.zst --path 'mill/{Type}/{field}' \\\n"
        "      --skip 'UDI,Product ID' --start 2026-03-01T00:00:00Z --step 1m\n"
        "  mainstem export --match 'plant/#' --format ndjson | mainstem import - --format ndjson",
    .options = import_options,
    .option_count = ARRAY_COUNT(import_options),
    .arguments_min = 1,
    .arguments_max = WORDS_GIVEN_MAX - 2,
    .run = import_run,
};
