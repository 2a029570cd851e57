/* device: machines of a tenant, one by one or by a file of CSV. */
#include "cli/answer.h"
#include "cli/import_input.h"
#include "cli/people_words.h"
#include "cli/progress.h"

#include "wire/csv/csv.h"

#include <stdlib.h>
#include <string.h>

#define VERB "device"
#define ROUTE "/v1/devices"

static const struct row_column device_columns[] = {
    {"name", .least = 12},     {.name = "state"},
    {"grants", .least = 16},   {"token", .leave = 3},
    {"password", .leave = 2},  {"certificates", .right = true, .leave = 1},
    {"last_used", .leave = 6}, {"last_address", .leave = 4},
    {"expires", .leave = 5},   {"title", .least = 12, .leave = 7},
};

static void device_row(struct rows *rows, const json_t *device)
{
    char count[NUMBER_SIZE];
    number_group(json_array_size(json_object_get(device, "certificates")), count);
    people_cell(rows, device, "name");
    people_cell_state(rows, device);
    people_cell_grants(rows, device);
    rows_cell(rows, PAINT_NONE, answer_is(device, "token") ? "yes" : "no");
    rows_cell(rows, PAINT_NONE, answer_is(device, "password") ? "yes" : "no");
    rows_cell(rows, PAINT_NONE, count);
    people_cell_time(rows, device, "last_used");
    people_cell(rows, device, "last_address");
    people_cell_time(rows, device, "expires");
    people_cell(rows, device, "title");
}

static const struct people_list devices = {
    .route = ROUTE,
    .member = "devices",
    .columns = device_columns,
    .column_count = ARRAY_COUNT(device_columns),
    .row = device_row,
    .none = "there is none yet; `mainstem device create NAME` makes one"};

static int device_list(const struct words *words, struct http_line *line)
{
    return people_print_list(words, line, &devices);
}

/* ---- one ---------------------------------------------------------------------------------------
 */
/* Takes over the answer: the token when one was made, else the device as it is now. */
static int device_answer(const struct words *words, json_t *answer)
{
    if (answer_text(answer, "text")[0] != 0)
        return people_tell_secret(words, answer, "text", "the device's token");
    return people_print_change(words, &devices, "device", "; it is out", answer);
}

static bool device_put_password(const struct words *words, json_t *body)
{
    char password[PASSWORD_SIZE];
    if (!words_flag(words, "password-file"))
        return true;
    if (!people_password(words, words->arguments[1], password))
        return false;
    json_t *secret = json_string(password);
    explicit_bzero(password, sizeof password);
    if (secret == NULL)
        return fail(VERB, "the password is not UTF-8"), false;
    json_object_set_new(body, "password", secret);
    return true;
}

static int device_create(const struct words *words, struct http_line *line)
{
    struct http_url url;
    json_t *body = people_body(words, words->arguments[1]);
    if (body == NULL)
        return EXIT_USAGE;
    if (!people_out_is_free(words) || !people_put_grants(words, body) ||
        !people_put_particulars(words, body) || !device_put_password(words, body) ||
        !body_put_text(words, body, "fingerprint", "fingerprint") ||
        !body_put_text(words, body, "common-name", "common_name")) {
        json_decref(body);
        return EXIT_USAGE;
    }
    people_url(&url, ROUTE, NULL, NULL);
    return device_answer(words, archive_ask(line, "POST", &url, body));
}

static int device_renew(const struct words *words, struct http_line *line)
{
    struct http_url url;
    if (!people_out_is_free(words))
        return EXIT_USAGE;
    people_url(&url, ROUTE, words->arguments[1], "token");
    return device_answer(words, archive_ask(line, "POST", &url, NULL));
}

static int device_send(const struct words *words, struct http_line *line, const char *method,
                       json_t *body)
{
    struct http_url url;
    people_url(&url, ROUTE, words->arguments[1], NULL);
    return device_answer(words, archive_ask(line, method, &url, body));
}

static int device_disable(const struct words *words, struct http_line *line)
{
    return device_send(words, line, "PATCH", json_pack("{s:s}", "state", "disabled"));
}

static int device_enable(const struct words *words, struct http_line *line)
{
    return device_send(words, line, "PATCH", json_pack("{s:s}", "state", "active"));
}

static int device_remove(const struct words *words, struct http_line *line)
{
    return device_send(words, line, "DELETE", NULL);
}

/* ---- claim keys: devices that make themselves --------------------------------------------------
 */
#define CLAIMS "/v1/claims"

static const struct row_column claim_columns[] = {
    {.name = "name", .least = 12}, {.name = "state"},       {"uses_left", .right = true},
    {"grants", .least = 16},       {"expires", .leave = 2}, {"title", .least = 12, .leave = 1},
};

static void claim_row(struct rows *rows, const json_t *claim)
{
    const json_t *left = json_object_get(claim, "uses_left");
    char text[NUMBER_SIZE];
    people_cell(rows, claim, "name");
    people_cell_state(rows, claim);
    rows_cell(rows, PAINT_NONE,
              json_is_integer(left) ? number_group(answer_count(claim, "uses_left"), text) : "any");
    people_cell_grants(rows, claim);
    people_cell_time(rows, claim, "expires");
    people_cell(rows, claim, "title");
}

static const struct people_list claims = {
    .route = CLAIMS,
    .member = "claims",
    .columns = claim_columns,
    .column_count = ARRAY_COUNT(claim_columns),
    .row = claim_row,
    .none = "there is no claim key; `mainstem device claim NAME` makes one"};

static int claim_list(const struct words *words, struct http_line *line)
{
    return people_print_list(words, line, &claims);
}

static int claim_create(const struct words *words, struct http_line *line)
{
    struct http_url url;
    uint64_t uses;
    if (!words_count(words, "uses", 0, 1, UINT32_MAX - 1, &uses) || !people_out_is_free(words))
        return EXIT_USAGE;
    json_t *body = people_body(words, words->arguments[1]);
    if (body == NULL)
        return EXIT_USAGE;
    if (uses > 0)
        json_object_set_new(body, "uses", json_integer((json_int_t)uses));
    if (!people_put_grants(words, body) || !people_put_particulars(words, body)) {
        json_decref(body);
        return EXIT_USAGE;
    }
    people_url(&url, CLAIMS, NULL, NULL);
    return people_tell_secret(words, archive_ask(line, "POST", &url, body), "key", "the claim key");
}

static int claim_remove(const struct words *words, struct http_line *line)
{
    struct http_url url;
    people_url(&url, CLAIMS, words->arguments[1], NULL);
    return people_print_change(words, &claims, "claim", "; the devices it made stay",
                               archive_ask(line, "DELETE", &url, NULL));
}

/* ---- many, by CSV ------------------------------------------------------------------------------
 */
enum device_column { /* of the file, in any order */
                     DEVICE_NAME,
                     DEVICE_TITLE,
                     DEVICE_ROLE,
                     DEVICE_BRANCH,
                     DEVICE_PASSWORD,
                     DEVICE_FINGERPRINT,
                     DEVICE_COMMON_NAME,
                     DEVICE_EXPIRES,
                     DEVICE_COLUMNS
};
static const char *const column_names[DEVICE_COLUMNS] = {
    "name", "title", "role", "branch", "password", "fingerprint", "common_name", "expires"};

/* The server makes many at once (POST /v1/devices/bulk). A file goes in parts, each one request: of
 * a connection that is lost, so few tokens are lost at most. Passwords take the server long. */
#define PART_ROWS 256
#define PART_PASSWORDS 16
#define PART_SIZE ((size_t)256 << 10)
#define PART_SILENCE_MS (4 * HTTP_WAIT_MS)
#define RESULT_SIZE ((size_t)16 << 10) /* a line of an answer */

struct part_row {
    uint64_t sent, line; /* of the part, of the file */
    bool answered;
};
struct device_file {
    struct http_line *line;
    const char *name;
    struct import_input *input;
    struct csv_reader *reader;
    size_t columns[DEVICE_COLUMNS]; /* index of the field; SIZE_MAX: not there */
    FILE *out;                      /* names and tokens */
    struct progress progress;
    uint64_t made, there, refused;
    bool lost; /* a token could not be written */
    struct part_row rows[PART_ROWS];
    size_t row_count, password_count, size, result_size;
    uint64_t lines;           /* of the part so far */
    char part[PART_SIZE];     /* its CSV; wiped once it is sent: passwords stand there */
    char result[RESULT_SIZE]; /* the line under way */
};

static struct bytes field_of(const struct device_file *file, const struct csv_record *record,
                             enum device_column column)
{
    size_t at = file->columns[column];
    return at < record->count ? record->fields[at] : bytes_of("", 0);
}

static bool header_read(struct device_file *file, const struct csv_record *header)
{
    for (size_t c = 0; c < DEVICE_COLUMNS; c++)
        file->columns[c] = SIZE_MAX;
    for (size_t i = 0; i < header->count; i++) {
        size_t c = 0;
        while (c < DEVICE_COLUMNS && !bytes_equal(header->fields[i], bytes_text(column_names[c])))
            c++;
        if (c == DEVICE_COLUMNS) {
            fail(VERB,
                 "%s has a column \"%.*s\"; known are name, title, role, branch, password, "
                 "fingerprint, common_name and expires",
                 file->name, (int)(header->fields[i].size < 60 ? header->fields[i].size : 60),
                 (const char *)header->fields[i].at);
            return false;
        }
        file->columns[c] = i;
    }
    if (file->columns[DEVICE_NAME] != SIZE_MAX)
        return true;
    fail(VERB, "%s has no column \"name\"; its first line names the columns", file->name);
    return false;
}

/* ---- what the server says of a part */
static struct part_row *part_row_find(struct device_file *file, uint64_t sent)
{
    for (size_t i = 0; i < file->row_count; i++)
        if (file->rows[i].sent == sent && !file->rows[i].answered)
            return &file->rows[i];
    return NULL;
}

/* A token that is lost cannot be had again: each is handed on at once. */
static void result_made(struct device_file *file, const json_t *result)
{
    const char *name = answer_text(result, "name");
    file->made++;
    csv_put_cell(file->out, name);
    fputc(',', file->out);
    csv_put_cell(file->out, answer_text(result, "token"));
    fputs("\r\n", file->out);
    if (fflush(file->out) == 0)
        return;
    file->lost = true;
    progress_clear(&file->progress);
    fail(VERB, "the token of \"%s\" could not be written; `mainstem device renew %s` makes another",
         name, name);
}

static void result_take(struct device_file *file, const json_t *result)
{
    struct part_row *row = part_row_find(file, answer_count(result, "line"));
    const char *code = answer_text(result, "code");
    if (row == NULL)
        return; /* the last line, which counts */
    row->answered = true;
    if (strcmp(answer_text(result, "outcome"), "done") == 0) {
        result_made(file, result);
    } else if (strcmp(code, "name_taken") == 0) {
        file->there++;
    } else {
        file->refused++;
        progress_clear(&file->progress);
        fprintf(stderr, "  line %llu: no device \"%s\" was made: %s (%s)\n",
                (unsigned long long)row->line, answer_text(result, "name"),
                answer_text(result, "detail"), code);
    }
}

static bool part_take(void *arg, struct bytes piece)
{
    struct device_file *file = arg;
    for (size_t i = 0; i < piece.size; i++) {
        if (piece.at[i] != '\n') {
            if (file->result_size < RESULT_SIZE)
                file->result[file->result_size++] = (char)piece.at[i];
            continue;
        }
        json_t *result = json_loadb(file->result, file->result_size, 0, NULL);
        result_take(file, result);
        json_decref(result);
        file->result_size = 0;
    }
    return true;
}

/* Those that no line came of. */
static void part_miss(struct device_file *file)
{
    for (size_t i = 0; i < file->row_count; i++) {
        if (file->rows[i].answered)
            continue;
        fail(VERB,
             "nobody knows what became of line %llu and those behind it: devices that were made "
             "have no token here; `mainstem device renew NAME` makes one",
             (unsigned long long)file->rows[i].line);
        return;
    }
}

static void part_begin(struct device_file *file)
{
    explicit_bzero(file->part, file->size);
    file->size = file->row_count = file->password_count = file->result_size = 0;
    file->lines = 0;
}

/* A refused row does not end the import; a server that is gone, or forbids it, does. It is not
 * stopped in the midst of a part, whose tokens would be lost. */
static bool part_send(struct device_file *file)
{
    struct http_url url;
    unsigned status = 0;
    json_t *problem = NULL;
    const struct http_stream_config config = {
        .address = file->line->address, .trust = file->line->trust, .silence_ms = PART_SILENCE_MS};
    if (file->row_count == 0)
        return true;
    people_url(&url, ROUTE "/bulk", NULL, NULL);
    const struct http_client_question question = {.method = "POST",
                                                  .target = http_url_text(&url),
                                                  .content_type = "text/csv",
                                                  .body = bytes_of(file->part, file->size)};
    enum err err = http_stream_ask(&config, &question, part_take, file, &status, &problem);
    if (err != OK || status != 200)
        progress_clear(&file->progress);
    if (err != OK) {
        http_fail(VERB, file->line->address, err);
        part_miss(file);
    } else if (status != 200) {
        http_fail_problem(VERB, NULL, status, problem);
    }
    json_decref(problem);
    part_begin(file);
    return err == OK && status == 200 && !file->lost;
}

/* ---- rows into parts */
/* Of `size` bytes: how many it is in quotes. */
static size_t cell_put(char *to, struct bytes cell)
{
    size_t size = 0;
    to[size++] = '"';
    for (size_t i = 0; i < cell.size; i++) {
        if (cell.at[i] == '"')
            to[size++] = '"';
        to[size++] = (char)cell.at[i];
    }
    to[size++] = '"';
    return size;
}

/* The columns that the file has, in quotes, with a line end. */
static void part_put(struct device_file *file, const struct csv_record *record)
{
    size_t began = file->size;
    for (enum device_column c = 0; c < DEVICE_COLUMNS; c++) {
        if (file->columns[c] == SIZE_MAX)
            continue;
        struct bytes cell =
            record == NULL ? bytes_text(column_names[c]) : field_of(file, record, c);
        if (file->size > began)
            file->part[file->size++] = ',';
        file->size += cell_put(file->part + file->size, cell);
    }
    file->part[file->size++] = '\n';
    for (size_t i = began; i < file->size; i++)
        file->lines += file->part[i] == '\n';
}

/* Bytes of a row in a part at most; SIZE_MAX: a cell is no UTF-8. */
static size_t row_size(const struct device_file *file, const struct csv_record *record)
{
    size_t size = 1;
    for (enum device_column c = 0; c < DEVICE_COLUMNS; c++) {
        struct bytes cell = field_of(file, record, c);
        json_t *text = json_stringn((const char *)cell.at, cell.size);
        if (text == NULL)
            return SIZE_MAX;
        json_decref(text);
        size += 2 * cell.size + 3;
    }
    return size;
}

static bool row_send(struct device_file *file, const struct csv_record *record)
{
    size_t size = row_size(file, record);
    if (size > PART_SIZE / 2) {
        progress_clear(&file->progress);
        fail(VERB, "line %llu is %s; no device was made of it", (unsigned long long)record->line,
             size == SIZE_MAX ? "not UTF-8" : "too long");
        file->refused++;
        return true;
    }
    bool password = field_of(file, record, DEVICE_PASSWORD).size > 0;
    bool full = file->row_count == PART_ROWS || size > PART_SIZE - file->size ||
                (password && file->password_count == PART_PASSWORDS);
    if (full && !part_send(file))
        return false;
    if (file->row_count == 0)
        part_put(file, NULL);
    file->rows[file->row_count++] = (struct part_row){file->lines + 1, record->line, false};
    file->password_count += password;
    part_put(file, record);
    return true;
}

static bool record_take(struct device_file *file, const struct csv_record *record, bool *header)
{
    char extra[NUMBER_SIZE + 16];
    char count[NUMBER_SIZE];
    if (*header) {
        *header = false;
        return header_read(file, record);
    }
    bool good = row_send(file, record);
    snprintf(extra, sizeof extra, "%s devices", number_group(file->made, count));
    progress_show(&file->progress, "making", record->bytes, import_input_all(file->input), extra);
    return good && !stop_wanted();
}

static bool file_read(struct device_file *file)
{
    struct csv_record record;
    struct bytes piece;
    bool header = true;
    for (;;) {
        enum err err = import_input_next(file->input, &piece);
        if (err != OK)
            return fail(VERB, "%s cannot be read: %s", file->name, err_text(err)), false;
        bool over = piece.size == 0;
        if (over)
            csv_end(file->reader);
        else
            csv_feed(file->reader, piece);
        enum csv_step step;
        while ((step = csv_next(file->reader, &record)) != CSV_STEP_MORE) {
            if (step == CSV_STEP_FAULT) {
                fail(VERB, "%s, line %llu: %s", file->name, (unsigned long long)record.line,
                     csv_fault_text(record.fault));
                return false;
            }
            if (!record_take(file, &record, &header))
                return false;
        }
        if (over)
            return header ? (fail(VERB, "%s is empty", file->name), false) : part_send(file);
    }
}

static int file_end(struct device_file *file, bool good)
{
    char text[3][NUMBER_SIZE];
    progress_clear(&file->progress);
    fprintf(stderr, "mainstem device: %s made, %s there already, %s refused%s%s\n",
            number_group(file->made, text[0]), number_group(file->there, text[1]),
            number_group(file->refused, text[2]),
            good ? "" : "; not all was read: give the same file again to go on",
            file->made > 0 ? "; their tokens are shown this once" : "");
    return good && file->refused == 0 ? EXIT_DONE : EXIT_FAILED;
}

static int device_import(const struct words *words, struct http_line *line)
{
    const char *path = words_value(words, "out", 0);
    struct device_file *file = calloc(1, sizeof *file);
    if (file == NULL)
        return fail(VERB, "out of memory");
    file->line = line;
    file->name = words->arguments[1];
    file->out = stdout;
    int code = EXIT_FAILED;
    enum err err = import_input_open(file->name, &file->input);
    if (err != OK) {
        fail(VERB, "%s cannot be opened: %s", file->name, err_text(err));
        goto out;
    }
    if (path != NULL)
        file->out = people_file(words, path);
    if (file->out == NULL)
        goto out;
    if (csv_reader_create(',', true, &file->reader) != OK) {
        fail(VERB, "out of memory");
        goto out;
    }
    progress_begin(&file->progress);
    stop_watch();
    fputs("name,token\r\n", file->out);
    code = file_end(file, file_read(file));
out:
    if (file->out != NULL && file->out != stdout && fclose(file->out) != 0)
        code = fail(VERB, "%s could not be written whole", path);
    csv_reader_destroy(file->reader);
    import_input_close(file->input);
    explicit_bzero(file->part, sizeof file->part);
    free(file);
    return code;
}

/* ---- the verb ----------------------------------------------------------------------------------
 */
static int device_run(const struct words *words)
{
    static const struct people_action actions[] = {
        {"list", 0, 0, "list", device_list},
        {"create", 1, 1, "create NAME [--role ROLE[:BRANCH]]", device_create},
        {"import", 1, 1, "import FILE.csv [--out FILE]", device_import},
        {"renew", 1, 1, "renew NAME", device_renew},
        {"disable", 1, 1, "disable NAME", device_disable},
        {"enable", 1, 1, "enable NAME", device_enable},
        {"remove", 1, 1, "remove NAME", device_remove},
        {"claim", 1, 1, "claim NAME [--uses N] [--expires TIME]", claim_create},
        {"claims", 0, 0, "claims", claim_list},
        {"unclaim", 1, 1, "unclaim NAME", claim_remove},
    };
    return people_run(words, actions, ARRAY_COUNT(actions));
}

static const struct option device_options[] = {
    HTTP_OPTION,
    TENANT_OPTION,
    ROLE_OPTION,
    TITLE_OPTION,
    EXPIRES_OPTION,
    PASSWORD_FILE_OPTION,
    {"fingerprint", "HEX", "SHA-256 of the certificate it shows by TLS"},
    {"common-name", "NAME", "of the certificate it shows by TLS"},
    {"uses", "N", "claim: how many devices it makes (any number)"},
    OUT_OPTION,
    FORMAT_OPTIONS,
};
const struct verb verb_device = {
    .name = VERB,
    .arguments = "list|create|import|renew|disable|enable|remove|claim|claims|unclaim [NAME|FILE]",
    .summary = "Make machines, one by one or by a file, say what they may, and shut them out.",
    .about =
        "create prints the device's token, this once: it is the password of MQTT beside the\n"
        "device's name. With --password-file, --fingerprint or --common-name it enters by that\n"
        "and gets no token. Without --role it has the role device, and writes below\n"
        "devices/NAME. import makes one of each row of a CSV file with the columns name and, as\n"
        "needed, title, role, branch, password, fingerprint, common_name, expires; names and\n"
        "tokens come as CSV; devices that are there already are passed over. renew makes\n"
        "another token, and those before are void. claim prints a claim key, with which devices\n"
        "make themselves by POST /v1/provision; claims lists them, unclaim removes one.",
    .example = "  mainstem device create press-3 --role operator:plant/press-3/#\n"
               "  mainstem device import presses.csv --out tokens.csv\n"
               "  mosquitto_pub -u press-3 -P \"$TOKEN\" -t plant/press-3/temp -m 21.5",
    .options = device_options,
    .option_count = ARRAY_COUNT(device_options),
    .arguments_min = 1,
    .arguments_max = 2,
    .run = device_run,
};
