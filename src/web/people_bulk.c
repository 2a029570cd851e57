/* Many devices at once: CSV in, a line of NDJSON out for each row, in the order they are done. The
 * rows of a request are under way side by side; each is a command, a certificate where there is
 * one, then a password or a token. */
#include "web/exchange.h"
#include "web/people.h"

#include "query/query.h"
#include "wire/csv/csv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 10000
#define COMMON_NAME_MAX 200
#define ROWS_AT_ONCE 64
#define ROW_TEXT_MAX 2048 /* bytes of what a row says */

enum column {
    COLUMN_NAME,
    COLUMN_ROLE,
    COLUMN_BRANCH,
    COLUMN_PASSWORD,
    COLUMN_FINGERPRINT,
    COLUMN_COMMON_NAME, /* kept as the reducer knows it: "CN=name" */
    COLUMN_TITLE,
    COLUMN_EXPIRES,
    COLUMNS
};
static const char *const column_names[COLUMNS] = {
    "name", "role", "branch", "password", "fingerprint", "common_name", "title", "expires"};

enum row_turn { ROW_FREE, ROW_ACCOUNT, ROW_CERTIFICATE, ROW_COMMON_NAME, ROW_SECRET };
struct row {
    struct exchange *exchange;
    enum row_turn turn;
    bool waits; /* the engine had no room for its command, or the hashes for its password */
    uint64_t line;
    uint32_t account;
    struct bytes fields[COLUMNS];
    uint8_t fingerprint[32];
    int64_t expires_wall_ns;
    uint8_t text[ROW_TEXT_MAX];
};
struct bulk {
    struct matter matter;
    struct csv_reader *reader;
    int columns[COLUMNS]; /* where each stands in a record; -1: nowhere */
    bool headed, fed, over;
    uint32_t rows, under_way, made, refused;
    void (*leave)(struct exchange *exchange);
    struct row at[ROWS_AT_ONCE];
};

/* ---- lines of the answer -----------------------------------------------------------------------
 */
static void line_begin(struct json_writer *json, uint64_t line, struct bytes name)
{
    json_put_object(json);
    json_member_count(json, "line", line);
    put_text(json, "name", name);
}

static void line_refuse(struct exchange *exchange, uint64_t line, struct bytes name,
                        const char *code, const char *detail)
{
    struct bulk *bulk = exchange->state;
    struct json_writer *json = &exchange->json;
    line_begin(json, line, name);
    json_member_text(json, "outcome", "refused");
    json_member_text(json, "code", code);
    json_member_text(json, "detail", detail);
    json_put_object_end(json);
    json_put_line_end(json);
    bulk->refused++;
}

static void row_end(struct row *row)
{
    struct bulk *bulk = row->exchange->state;
    secret_wipe(row->text, sizeof row->text);
    row->turn = ROW_FREE;
    row->waits = false;
    bulk->under_way--;
}

static void row_refuse(struct row *row, const char *code, const char *detail)
{
    line_refuse(row->exchange, row->line, row->fields[COLUMN_NAME], code, detail);
    row_end(row);
}

static void row_done(struct row *row, const char *token)
{
    struct json_writer *json = &row->exchange->json;
    struct bulk *bulk = row->exchange->state;
    line_begin(json, row->line, row->fields[COLUMN_NAME]);
    json_member_text(json, "outcome", "done");
    if (token[0] != '\0')
        json_member_text(json, "token", token);
    json_put_object_end(json);
    json_put_line_end(json);
    bulk->made++;
    row_end(row);
}

/* ---- a row on its way --------------------------------------------------------------------------
 */
static enum handled bulk_go(struct exchange *exchange);

static void row_made(struct row *row, const struct access_made *made)
{
    if (made->code == MADE_DONE)
        row_done(row, made->text);
    else
        row_refuse(row, made->code == MADE_REFUSED ? "refused" : "busy",
                   made->sentence != NULL ? made->sentence
                                          : "the device was made, and has no secret: try again");
}

static void bulk_made(void *arg, const struct access_made *made)
{
    struct row *row = arg;
    struct exchange *exchange = row->exchange;
    bool waits = exchange->wait == HANDLED_OUTCOME;
    row_made(row, made);
    if (waits)
        exchange_turned(exchange, bulk_go(exchange));
}

static void row_secret(struct row *row)
{
    struct exchange *exchange = row->exchange;
    struct access_made made;
    bool password = row->fields[COLUMN_PASSWORD].size > 0;
    struct access_request request = {.making = password ? MAKE_PASSWORD : MAKE_TOKEN,
                                     .account = row->account,
                                     .by = exchange->principal,
                                     .address = exchange->client->link->peer,
                                     .password = row->fields[COLUMN_PASSWORD]};
    row->turn = ROW_SECRET;
    if (!password &&
        row->fields[COLUMN_FINGERPRINT].size + row->fields[COLUMN_COMMON_NAME].size > 0)
        row_done(row, "");
    else {
        enum access_made_code code =
            access_make(exchange->web->config.access, &request, bulk_made, row, &made);
        row->waits = code == MADE_BUSY; /* of others' rows, or another import: its turn comes */
        if (code != MADE_LATER && code != MADE_BUSY)
            row_made(row, &made);
    }
    secret_wipe(&made, sizeof made);
}

static void row_command(const struct row *row, struct command *command)
{
    const struct bulk *bulk = row->exchange->state;
    struct command_access *access = &command->access;
    *command = (struct command){.kind = COMMAND_ACCOUNT_SET,
                                .tenant = bulk->matter.tenant,
                                .access = {.expires_wall_ns = INT64_MAX},
                                .actor = bulk->matter.order.command.actor};
    if (row->turn == ROW_CERTIFICATE || row->turn == ROW_COMMON_NAME) {
        command->kind = COMMAND_SECRET_ADD;
        access->owner = row->account;
        access->secret_kind = SECRET_CERTIFICATE;
        access->id = row->turn == ROW_COMMON_NAME
                         ? row->fields[COLUMN_COMMON_NAME]
                         : bytes_of(row->fingerprint, sizeof row->fingerprint);
        return;
    }
    access->has = HAS_NAME | HAS_STATE | HAS_GRANTS;
    if (row->fields[COLUMN_TITLE].size > 0)
        access->has |= HAS_TITLE;
    if (row->fields[COLUMN_EXPIRES].size > 0)
        access->has |= HAS_EXPIRY;
    access->title = row->fields[COLUMN_TITLE];
    access->expires_wall_ns = row->expires_wall_ns;
    access->account_kind = ACCOUNT_DEVICE;
    access->state = ACCOUNT_ACTIVE;
    access->owner = bulk->matter.account;
    access->name = row->fields[COLUMN_NAME];
    access->grant_count = 1;
    access->grants[0] = (struct grant){row->fields[COLUMN_ROLE], row->fields[COLUMN_BRANCH]};
}

/* Gives the command of the row's turn; what the engine has no room for waits. */
static void row_give(struct row *row)
{
    struct exchange *exchange = row->exchange;
    const struct bulk *bulk = exchange->state;
    struct command command;
    struct admitted admitted;
    row_command(row, &command);
    enum admit admit =
        engine_command(exchange->web->config.engine, &command,
                       exchange_tag(exchange, (uint32_t)(row - bulk->at)), &admitted);
    row->waits = admit == ADMIT_WAIT;
    if (admit != ADMIT_DONE && admit != ADMIT_WAIT)
        row_refuse(row, admit_name(admit), admit_text(admit));
}

static void row_outcome(struct row *row, const struct outcome *outcome)
{
    enum outcome_code said = outcome_said(outcome);
    if (said != OUTCOME_DONE) {
        row_refuse(row, report_outcome_word(said), outcome_text(said));
        return;
    }
    if (row->turn == ROW_ACCOUNT)
        row->account = outcome->number;
    if (row->turn == ROW_ACCOUNT && row->fields[COLUMN_FINGERPRINT].size > 0) {
        row->turn = ROW_CERTIFICATE;
        row_give(row);
    } else if (row->turn != ROW_COMMON_NAME && row->fields[COLUMN_COMMON_NAME].size > 0) {
        row->turn = ROW_COMMON_NAME;
        row_give(row);
    } else {
        row_secret(row);
    }
}

static enum handled bulk_outcome(struct exchange *exchange, uint32_t index,
                                 const struct outcome *outcome)
{
    struct bulk *bulk = exchange->state;
    if (outcome == NULL)
        return answer_problem(exchange, 503, "write_failed", NULL,
                              "a write to the disk failed: look which devices are there, and send "
                              "the others again");
    if (index < ROWS_AT_ONCE && bulk->at[index].turn != ROW_FREE)
        row_outcome(&bulk->at[index], outcome);
    return bulk_go(exchange);
}

/* ---- reading -----------------------------------------------------------------------------------
 */
static struct bytes field_of(const struct bulk *bulk, const struct csv_record *record,
                             enum column column)
{
    int at = bulk->columns[column];
    return at < 0 || (size_t)at >= record->count ? bytes_of("", 0) : record->fields[at];
}

/* The first record names the columns. False: it was answered. */
static bool head_read(struct exchange *exchange, const struct csv_record *record)
{
    struct bulk *bulk = exchange->state;
    for (int i = 0; i < COLUMNS; i++)
        bulk->columns[i] = -1;
    for (size_t i = 0; i < record->count; i++) {
        int column = 0;
        while (column < COLUMNS &&
               !bytes_equal(record->fields[i], bytes_text(column_names[column])))
            column++;
        if (column == COLUMNS) {
            answer_problem(exchange, 422, "csv_head", "the first line is no head",
                           "column %zu is none of name, role, branch, password, fingerprint, "
                           "common_name, title, expires",
                           i + 1);
            return false;
        }
        bulk->columns[column] = (int)i;
    }
    bulk->headed = true;
    if (bulk->columns[COLUMN_NAME] >= 0)
        return true;
    answer_problem(exchange, 422, "csv_head", "the first line is no head",
                   "the column name is missing");
    return false;
}

static bool row_keep(struct row *row, const struct csv_record *record)
{
    const struct bulk *bulk = row->exchange->state;
    size_t size = 0;
    for (int i = 0; i < COLUMNS; i++) {
        struct bytes field = field_of(bulk, record, (enum column)i);
        if (field.size == 0 && (i == COLUMN_ROLE || i == COLUMN_BRANCH))
            field = bytes_text(i == COLUMN_ROLE ? "device" : "#");
        size_t prefix = i == COLUMN_COMMON_NAME && field.size > 0 ? 3 : 0;
        if (field.size + prefix > sizeof row->text - size)
            return false;
        if (prefix > 0)
            memcpy(row->text + size, "CN=", prefix);
        if (field.size > 0)
            memcpy(row->text + size + prefix, field.at, field.size);
        row->fields[i] = bytes_of(row->text + size, prefix + field.size);
        size += prefix + field.size;
    }
    return true;
}

/* What is wrong with the particulars of a row; NULL: nothing. *ret_code stays as it is then. */
static const char *row_fault(struct row *row, const char **ret_code)
{
    const struct exchange *exchange = row->exchange;
    const struct bulk *bulk = exchange->state;
    struct bytes title = row->fields[COLUMN_TITLE], expires = row->fields[COLUMN_EXPIRES];
    struct bytes common_name = row->fields[COLUMN_COMMON_NAME];
    *ret_code = "command_invalid";
    if (row->fields[COLUMN_FINGERPRINT].size > 0 &&
        !people_fingerprint_read(row->fields[COLUMN_FINGERPRINT], row->fingerprint))
        return "a fingerprint has 64 digits of base 16";
    if (title.size > ACCESS_TITLE_MAX)
        return "a title has at most 256 bytes";
    if (expires.size > 0 &&
        !query_time_parse(expires, bulk->matter.order.wish.wall_ns, &row->expires_wall_ns))
        return "expires is a time: RFC 3339, or seconds, milliseconds or nanoseconds since 1970";
    if (common_name.size > 3 + COMMON_NAME_MAX)
        return "a common name has 1 to 200 bytes";
    if (common_name.size > 0 &&
        access_common_name_tenant(people_model(exchange), common_name) != bulk->matter.tenant) {
        *ret_code = "refused";
        return "a common name is of the tenant that it names: it ends in @ and the tenant's name; "
               "of main alone it may name none";
    }
    return NULL;
}

static void row_begin(struct exchange *exchange, struct row *row, const struct csv_record *record)
{
    struct bulk *bulk = exchange->state;
    row->exchange = exchange;
    row->line = record->line;
    row->turn = ROW_ACCOUNT;
    bulk->under_way++;
    row->fields[COLUMN_NAME] = bytes_of("", 0);
    if (!row_keep(row, record)) {
        row_refuse(row, "too_large", "a row has at most 2,048 bytes");
        return;
    }
    struct bytes name = row->fields[COLUMN_NAME], password = row->fields[COLUMN_PASSWORD];
    struct grant grant = {row->fields[COLUMN_ROLE], row->fields[COLUMN_BRANCH]};
    const char *code, *fault = password.size > 0 ? secret_password_fault(password, name) : NULL;
    if (name.size == 0 || name.size > ACCESS_NAME_MAX || grant.role.size > ACCESS_NAME_MAX ||
        grant.branch.size > ACCESS_PATTERN_MAX)
        row_refuse(row, "name_invalid", "a name and a role have 1 to 128 bytes, a branch 512");
    else if (fault != NULL)
        row_refuse(row, "refused", fault);
    else if ((fault = row_fault(row, &code)) != NULL)
        row_refuse(row, code, fault);
    else if (!people_covers(exchange, bulk->matter.tenant, &grant, 1))
        row_refuse(row, "exceeds", "that is more than you may yourself");
    else
        row_give(row);
}

static enum handled bulk_end(struct exchange *exchange)
{
    const struct bulk *bulk = exchange->state;
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    json_member_bool(json, "last", true);
    json_member_count(json, "made", bulk->made);
    json_member_count(json, "refused", bulk->refused);
    json_put_object_end(json);
    json_put_line_end(json);
    return answer_content(exchange, 200, "application/x-ndjson", json_writer_text(json));
}

/* The next record; false: it was answered, or there is none (bulk->over). */
static bool record_next(struct exchange *exchange, struct csv_record *ret_record)
{
    struct bulk *bulk = exchange->state;
    for (;;) {
        switch (csv_next(bulk->reader, ret_record)) {
        case CSV_STEP_MORE:
            bulk->over = bulk->fed;
            if (bulk->over)
                return false;
            bulk->fed = true;
            csv_end(bulk->reader);
            break;
        case CSV_STEP_FAULT:
            line_refuse(exchange, ret_record->line, bytes_of("", 0), "csv",
                        csv_fault_text(ret_record->fault));
            break;
        default:
            return true;
        }
    }
}

static struct row *row_free(struct bulk *bulk)
{
    for (size_t i = 0; i < ROWS_AT_ONCE; i++)
        if (bulk->at[i].turn == ROW_FREE)
            return &bulk->at[i];
    return NULL;
}

static enum handled bulk_wait(struct exchange *exchange, bool full)
{
    const struct bulk *bulk = exchange->state;
    uint32_t waiting = 0;
    for (size_t i = 0; i < ROWS_AT_ONCE; i++)
        waiting += bulk->at[i].turn != ROW_FREE && bulk->at[i].waits;
    exchange->resume = bulk_go;
    if (waiting == bulk->under_way && (full || waiting > 0))
        return HANDLED_FULL; /* nothing is under way that would go on with it */
    return HANDLED_OUTCOME;
}

static enum handled bulk_go(struct exchange *exchange)
{
    struct bulk *bulk = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    struct csv_record record;
    struct row *row;
    bool full = false;
    if (exchange->answered)
        return HANDLED;
    for (size_t i = 0; i < ROWS_AT_ONCE; i++)
        if (bulk->at[i].turn != ROW_FREE && bulk->at[i].waits) {
            if (bulk->at[i].turn == ROW_SECRET)
                row_secret(&bulk->at[i]);
            else
                row_give(&bulk->at[i]);
            full = full || bulk->at[i].waits;
        }
    while (!full && !bulk->over && (row = row_free(bulk)) != NULL) {
        if (turn_is_over(&turn, 1024)) {
            exchange->resume = bulk_go;
            if (bulk->under_way == 0)
                return HANDLED_STEP;
            break; /* an outcome goes on with it */
        }
        if (!record_next(exchange, &record))
            break;
        if (!bulk->headed) {
            if (!head_read(exchange, &record))
                return HANDLED;
            continue;
        }
        if (++bulk->rows > ROWS_MAX) {
            line_refuse(exchange, record.line, bytes_of("", 0), "too_many",
                        "10,000 devices at once: send the others by themselves");
            bulk->over = true;
            break;
        }
        row_begin(exchange, row, &record);
        full = row->turn != ROW_FREE && row->waits;
    }
    return bulk->over && bulk->under_way == 0 ? bulk_end(exchange) : bulk_wait(exchange, full);
}

static void bulk_leave(struct exchange *exchange)
{
    struct bulk *bulk = exchange->state;
    for (size_t i = 0; i < ROWS_AT_ONCE; i++) {
        access_make_forget(exchange->web->config.access, &bulk->at[i]);
        secret_wipe(bulk->at[i].text, sizeof bulk->at[i].text);
    }
    csv_reader_destroy(bulk->reader);
    secret_wipe((void *)(uintptr_t)exchange->body.at, exchange->body.size);
    bulk->leave(exchange);
}

enum handled handle_devices_bulk(struct exchange *exchange)
{
    uint32_t tenant;
    struct principal_view view;
    if (!people_tenant(exchange, RIGHT_ADMINISTER, &tenant))
        return HANDLED;
    struct bulk *bulk =
        (struct bulk *)matter_begin(exchange, sizeof *bulk, COMMAND_ACCOUNT_SET, false);
    if (bulk == NULL)
        return HANDLED;
    bulk->leave = exchange->drop;
    exchange->drop = bulk_leave;
    exchange->kept = sizeof *bulk;
    exchange->outcome = bulk_outcome;
    principal_view(exchange->principal, &view);
    bulk->matter.tenant = tenant;
    bulk->matter.account = view.account;
    if (csv_reader_create(',', true, &bulk->reader) != OK)
        return answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    csv_feed(bulk->reader, exchange->body);
    return bulk_go(exchange);
}
