/* Commands: create, change, rename, retire; one a request, or many as the lines of an NDJSON body.
 *
 * A command is given to the engine, and its outcome comes when it is on the disk and was carried
 * out. Of a body with many lines a bounded piece is read a step, and as many commands as the engine
 * takes are under way at once. Answers leave in the order of the lines: outcomes come in the order
 * of their commands, so only the answer of a line that is no command may have to wait, for those
 * before it.
 *
 *   lines:   0 given   1 no command   2 given   3 no command   4 not read yet
 *   queue:   pending   held           pending   held           (until 0 is told, nothing leaves) */
#include "web/archive.h"
#include "web/commands.h"
#include "web/points.h"
#include "web/seen.h"

#include <stdlib.h>
#include <string.h>

#define COMMAND_BYTES_MAX ((size_t)64 << 10) /* of one as JSON; the largest sensible has 30 KiB */
#define FAULT_SIZE 256

static bool is_lost(const struct outcome *outcome)
{
    return outcome == NULL;
}

/* ---- an outcome as an answer ---------------------------------------------------------------- */
enum outcome_code outcome_said(const struct outcome *outcome)
{
    return outcome->code == OUTCOME_REPEATED ? outcome->first_code : outcome->code;
}

unsigned outcome_status(enum outcome_code code, unsigned done)
{
    switch (code) {
    case OUTCOME_DONE:
    case OUTCOME_REPEATED:
        return done;
    case OUTCOME_UNKNOWN_POINT:
    case OUTCOME_UNKNOWN_POLICY:
    case OUTCOME_UNKNOWN_ERASURE:
    case OUTCOME_UNKNOWN_ANNOTATION:
    case OUTCOME_UNKNOWN_TENANT:
    case OUTCOME_UNKNOWN_ROLE:
    case OUTCOME_UNKNOWN_ACCOUNT:
    case OUTCOME_UNKNOWN_SECRET:
    case OUTCOME_UNKNOWN_SHARE:
    case OUTCOME_UNKNOWN_PROVIDER:
    case OUTCOME_UNKNOWN_TYPE:
    case OUTCOME_UNKNOWN_ASSET:
    case OUTCOME_UNKNOWN_RULE:
    case OUTCOME_UNKNOWN_ALARM:
    case OUTCOME_UNKNOWN_ROSTER:
    case OUTCOME_UNKNOWN_CHANNEL:
    case OUTCOME_UNKNOWN_ROUTE:
    case OUTCOME_UNKNOWN_DOCUMENT:
    case OUTCOME_UNKNOWN_BOARD:
        return 404;
    case OUTCOME_PATH_TAKEN:
    case OUTCOME_TYPE_FIXED:
    case OUTCOME_KEY_EXPIRED:
    case OUTCOME_SEQUENCE_OLD:
    case OUTCOME_NAME_TAKEN:
    case OUTCOME_ROLE_IN_USE:
    case OUTCOME_LAST_HOST:
    case OUTCOME_TYPE_IN_USE:
    case OUTCOME_ASSET_HAS_PARTS:
    case OUTCOME_ALARM_REFUSED:
    case OUTCOME_CHANNEL_IN_USE:
        return 409;
    case OUTCOME_LIMIT:
    case OUTCOME_ARCHIVE_FULL:
    case OUTCOME_ACCESS_FULL:
    case OUTCOME_ASSETS_FULL:
    case OUTCOME_RULES_FULL:
    case OUTCOME_NOTICES_FULL:
    case OUTCOME_LIBRARY_FULL:
    case OUTCOME_BOARDS_FULL:
        return 507;
    case OUTCOME_HANDOVERS_FULL:
        return 429;
    case OUTCOME_PATH_INVALID:
    case OUTCOME_SETTINGS_INVALID:
    case OUTCOME_POLICY_INVALID:
    case OUTCOME_VALUE_INVALID:
    case OUTCOME_TIME_INVALID:
    case OUTCOME_TEXT_INVALID:
    case OUTCOME_NAME_INVALID:
    case OUTCOME_ACCESS_INVALID:
    case OUTCOME_ASSET_INVALID:
    case OUTCOME_RULE_INVALID:
    case OUTCOME_ACT_INVALID:
    case OUTCOME_NOTICE_INVALID:
    case OUTCOME_DOCUMENT_INVALID:
    case OUTCOME_COUNT:
        break;
    }
    return 422;
}

static const char *module_advice(enum outcome_code code)
{
    switch (code) {
    case OUTCOME_UNKNOWN_TYPE:
        return "GET /v1/types lists them";
    case OUTCOME_UNKNOWN_ASSET:
        return "GET /v1/assets lists them";
    case OUTCOME_TYPE_IN_USE:
        return "give what is of it another type first, and remove its rules";
    case OUTCOME_ASSET_HAS_PARTS:
        return "retire these first, or all at once with parts=true";
    case OUTCOME_ASSET_INVALID:
        return "nothing is above itself or more than 16 deep, what a type requires is said, and a "
               "value is of its attribute's type";
    case OUTCOME_ASSETS_FULL:
        return "retire and remove what is not needed any more";
    case OUTCOME_UNKNOWN_RULE:
        return "GET /v1/rules lists them";
    case OUTCOME_RULES_FULL:
        return "remove rules that are not needed any more, or make one of many with a pattern";
    case OUTCOME_UNKNOWN_ALARM:
        return "GET /v1/alarms lists those that are not normal, GET /v1/alarm-journal what was";
    case OUTCOME_ALARM_REFUSED:
        return "GET /v1/alarms/{number} says what state it is in";
    default:
        return "nothing is to be done";
    }
}

const char *outcome_advice(enum outcome_code code)
{
    switch (code) {
    case OUTCOME_UNKNOWN_POINT:
        return "it was never there, or was renamed or retired: GET /v1/points?contains= searches";
    case OUTCOME_PATH_TAKEN:
        return "choose another path, or change that point with PATCH /v1/points/{path}";
    case OUTCOME_PATH_INVALID:
        return "a path is 1 to 16 segments of 1 to 128 bytes joined by '/', without '+', '#' and "
               "control characters, and does not begin with '$'";
    case OUTCOME_TYPE_FIXED:
        return "retire the point and create it anew, or keep its type";
    case OUTCOME_SETTINGS_INVALID:
        return "limits are for numbers and must not fall from low_low to high_high; labels have "
               "names, each once; unit, description and labels keep to their sizes";
    case OUTCOME_LIMIT:
        return "retire points or shorten their texts, or raise points.max";
    case OUTCOME_KEY_EXPIRED:
        return "look whether it was done, then send it with a key of its own";
    case OUTCOME_SEQUENCE_OLD:
        return "give each command of a client a larger sequence than the one before";
    default:
        return module_advice(code);
    }
}

/* Its answer says where the point is. */
static bool command_names_point(uint8_t kind)
{
    return kind != COMMAND_RETIRE;
}

static struct bytes command_concerned(const struct command *command, enum outcome_code code)
{
    bool fresh = code == OUTCOME_PATH_TAKEN || code == OUTCOME_PATH_INVALID;
    return command->kind == COMMAND_RENAME && fresh ? command->new_path : command->path;
}

/* The point that it is about. Keys are a tenant's: what was done under one before may be about a
 * point that he who repeats it does not see. */
static uint32_t outcome_point(struct exchange *exchange, const struct outcome *outcome)
{
    uint8_t text[PATH_MAX_BYTES];
    if (outcome->point == POINT_NONE || outcome->code != OUTCOME_REPEATED)
        return outcome->point;
    size_t size = points_path(exchange->web->points, outcome->point, text);
    bool seen = exchange_sees(exchange, exchange_point_tenant(exchange, outcome->point),
                              bytes_of(text, size));
    return seen ? outcome->point : POINT_NONE;
}

/* Members of an outcome, within an object. path: with the point's path. */
static void outcome_put(struct exchange *exchange, const struct outcome *outcome, bool path)
{
    struct json_writer *json = &exchange->json;
    json_member_text(json, "outcome", report_outcome_word(outcome->code));
    json_member_text(json, "first", report_outcome_word(outcome_said(outcome)));
    json_member_text(json, "text", outcome_text(outcome->code));
    uint8_t text[PATH_MAX_BYTES];
    uint32_t point = outcome_point(exchange, outcome);
    json_put_name(json, "point");
    if (point == POINT_NONE)
        json_put_null(json);
    else
        json_put_count(json, point);
    json_member_count(json, "position", outcome->position);
    if (path && point != POINT_NONE) {
        size_t size = points_path(exchange->web->points, point, text);
        path_put(exchange, json, "path", exchange_point_tenant(exchange, point),
                 bytes_of(text, size));
    }
}

/* ---- reading -------------------------------------------------------------------------------- */
static bool key_is_printable(struct bytes key)
{
    for (size_t i = 0; i < key.size; i++)
        if (key.at[i] < 0x20 || key.at[i] > 0x7E)
            return false;
    return key.size > 0 && key.size <= KEY_BYTES_MAX;
}

bool wish_key_read(struct exchange *exchange, json_t *wish)
{
    uint32_t index = 0;
    const struct http_header *header =
        http_header_next(exchange->request, "Idempotency-Key", &index);
    if (header == NULL)
        return true;
    const json_t *key = json_object_get(wish, "key");
    if (!key_is_printable(header->value) ||
        http_header_next(exchange->request, "Idempotency-Key", &index) != NULL) {
        answer_problem(exchange, 400, "key_invalid", "no idempotency key",
                       "Idempotency-Key: one of 1 to 128 printable ASCII characters is wanted");
        return false;
    }
    if (key != NULL &&
        !(json_is_string(key) &&
          bytes_equal(bytes_of(json_string_value(key), json_string_length(key)), header->value))) {
        answer_problem(exchange, 400, "key_invalid", "two idempotency keys",
                       "the header Idempotency-Key and the member \"key\" differ: send one of "
                       "them, or the same in both");
        return false;
    }
    if (json_object_set_new(
            wish, "key", json_stringn((const char *)header->value.at, header->value.size)) != 0) {
        answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
        return false;
    }
    return true;
}

json_t *wish_read(struct exchange *exchange)
{
    if (exchange->body.size > COMMAND_BYTES_MAX) {
        answer_problem(exchange, 413, "body_long", NULL,
                       "a command has at most %zu bytes as JSON, and there are %zu; many commands "
                       "go as NDJSON, one a line",
                       COMMAND_BYTES_MAX, exchange->body.size);
        return NULL;
    }
    json_t *wish = body_json(exchange);
    if (wish == NULL || json_is_object(wish))
        return wish;
    json_decref(wish);
    answer_problem(exchange, 422, "command_invalid", "no command", "a JSON object is wanted");
    return NULL;
}

/* ---- may he --------------------------------------------------------------------------------- */
/* The paths become those of the tenant that they name, and the command his. *ret_path: what he may
 * not touch, as he wrote it. Where a command may be given depends on paths alone: what is there,
 * and what is not, is refused alike. */
static enum verdict command_judge(struct exchange *exchange, struct command *command,
                                  struct bytes *ret_path)
{
    uint32_t tenant;
    struct bytes *paths[] = {&command->path, &command->new_path};
    size_t count = command->kind == COMMAND_RENAME ? 2 : 1;
    for (size_t i = 0; i < count; i++) {
        struct bytes path;
        *ret_path = *paths[i];
        if (!exchange_place(exchange, *paths[i], &tenant, &path) ||
            (i > 0 && tenant != command->tenant)) /* a point stays in its tenant */
            return VERDICT_HIDDEN;
        enum verdict verdict = exchange_judge(exchange, RIGHT_CONFIGURE, tenant, path);
        if (verdict != VERDICT_MAY)
            return verdict;
        command->tenant = tenant;
        *paths[i] = path;
    }
    return VERDICT_MAY;
}

/* ---- one command ---------------------------------------------------------------------------- */
struct one {
    json_t *wish; /* what the command's views look into */
    struct report_command read;
};

static void one_drop(struct exchange *exchange)
{
    struct one *one = exchange->state;
    json_decref(one->wish);
    free(one);
}

#define LOCATION_PREFIX "/v1/points/"
/* Unreserved characters and the slashes stand for themselves (RFC 3986, 2.3). Returns 0 when the
 * header has no room for it: a cut one would name another point. */
static size_t location_put(struct bytes path, char *at, size_t capacity)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t size = sizeof LOCATION_PREFIX - 1;
    memcpy(at, LOCATION_PREFIX, size);
    for (size_t i = 0; i < path.size; i++) {
        uint8_t byte = path.at[i];
        bool plain = (byte >= '0' && byte <= '9') ||
                     ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') || byte == '-' || byte == '.' ||
                     byte == '_' || byte == '~' || byte == '/';
        if (capacity - size < (plain ? 1u : 3u))
            return 0;
        if (plain) {
            at[size++] = (char)byte;
        } else {
            at[size++] = '%';
            at[size++] = digits[byte >> 4];
            at[size++] = digits[byte & 15];
        }
    }
    return size;
}

static enum handled one_done(struct exchange *exchange, const struct outcome *outcome)
{
    const struct one *one = exchange->state;
    const struct command *command = &one->read.command;
    char location[sizeof exchange->headers[0].value - 1];
    if (command->kind == COMMAND_CREATE) {
        uint8_t text[PATH_SHOWN_MAX];
        struct bytes path = path_shown(exchange, command->tenant, command->path, text);
        size_t size = location_put(path, location, sizeof location);
        if (size > 0)
            exchange_header(exchange, "Location", bytes_of(location, size));
    }
    json_put_object(&exchange->json);
    outcome_put(exchange, outcome, command_names_point(command->kind));
    json_put_object_end(&exchange->json);
    return answer_json(exchange, exchange->route->status);
}

static enum handled one_outcome(struct exchange *exchange, uint32_t index,
                                const struct outcome *outcome)
{
    const struct one *one = exchange->state;
    (void)index;
    if (is_lost(outcome))
        return answer_problem(exchange, 503, "write_failed", NULL,
                              "a write to the disk failed: whether the command was kept is not "
                              "known; send it again, with the same Idempotency-Key");
    enum outcome_code said = outcome_said(outcome);
    if (outcome->code == OUTCOME_REPEATED && said == OUTCOME_DONE && outcome->number != 0)
        return answer_key_taken(exchange); /* points have no such number */
    if (outcome->code == OUTCOME_REPEATED)
        exchange_header(exchange, "Idempotency-Replayed", bytes_text("true"));
    if (said == OUTCOME_DONE)
        return one_done(exchange, outcome);
    struct bytes path = command_concerned(&one->read.command, said);
    return answer_problem(exchange, outcome_status(said, 200), report_outcome_word(said),
                          outcome_text(said), "\"%.*s\": %s; %s", detail_size(path),
                          (const char *)path.at, outcome_text(said), outcome_advice(said));
}

static enum handled one_give(struct exchange *exchange)
{
    struct one *one = exchange->state;
    struct admitted admitted;
    exchange_sign(exchange, &one->read.command);
    enum admit admit = engine_command(exchange->web->config.engine, &one->read.command,
                                      exchange_tag(exchange, 0), &admitted);
    if (admit == ADMIT_WAIT)
        return HANDLED_FULL;
    if (admit != ADMIT_DONE)
        return answer_admit(exchange, admit);
    exchange->web->counters.commands++;
    exchange->outcome = one_outcome;
    return HANDLED_OUTCOME;
}

/* Takes wish over. */
static enum handled one_begin(struct exchange *exchange, json_t *wish)
{
    char fault[FAULT_SIZE];
    struct clock *clock = exchange->web->config.clock;
    struct one *one = calloc(1, sizeof *one);
    if (one == NULL || wish == NULL) {
        free(one);
        json_decref(wish);
        return answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    }
    one->wish = wish;
    exchange->state = one;
    exchange->drop = one_drop;
    exchange->resume = one_give;
    if (!wish_key_read(exchange, wish))
        return HANDLED;
    if (report_command_read(wish, clock->wall_ns(clock), &one->read, fault, sizeof fault) != NULL)
        return answer_problem(exchange, 422, "command_invalid", "no command", "%s", fault);
    struct bytes path;
    switch (command_judge(exchange, &one->read.command, &path)) {
    case VERDICT_HIDDEN:
        return answer_hidden(exchange);
    case VERDICT_FORBIDDEN:
        return answer_forbidden(exchange, RIGHT_CONFIGURE, path);
    case VERDICT_MAY:
        break;
    }
    return one_give(exchange);
}

/* ---- lines ---------------------------------------------------------------------------------- */
#define LINES_COUNTED ((size_t)1 << 20) /* bytes looked at in one step */

bool lines_count(struct bytes body, struct line_count *lines)
{
    size_t left = body.size - lines->at, size = left < LINES_COUNTED ? left : LINES_COUNTED;
    const uint8_t *at = body.at + lines->at;
    uint32_t count = 0;
    for (size_t i = 0; i < size; i++)
        count += at[i] == '\n';
    lines->count += count;
    lines->at += size;
    bool more = lines->at < body.size;
    if (!more && size > 0 && at[size - 1] != '\n')
        lines->count++; /* the last one may lack its end */
    return more;
}

/* ---- many commands -------------------------------------------------------------------------- */
#define BULK_LINES_MAX 100000u
#define BULK_BRIEF ((size_t)32 << 20) /* of the answer: past it lines say no more than needed */
_Static_assert(BULK_LINES_MAX <= 1u << 20, "a line's index is a command's tag");

struct bulk_line { /* one that cannot leave yet */
    uint32_t index;
    bool pending;    /* a command under way; else its answer is held: */
    size_t at, size; /* in held */
    uint8_t kind;    /* of the command */
};
struct bulk {
    struct line_count lines;
    size_t offset; /* of the body: what was read */
    uint32_t read; /* lines */
    bool all_read;
    json_t *wish; /* a command that was read and not given yet; NULL: none */
    struct report_command command;
    enum handled waits;      /* for what the exchange waits */
    struct bulk_line *queue; /* from the first pending line on */
    size_t first, count, capacity;
    uint32_t pending;
    struct json_writer held;
};

static void bulk_drop(struct exchange *exchange)
{
    struct bulk *bulk = exchange->state;
    json_decref(bulk->wish);
    json_writer_done(&bulk->held);
    free(bulk->queue);
    free(bulk);
}

static bool bulk_is_brief(const struct exchange *exchange)
{
    return exchange->json.size >= BULK_BRIEF;
}

/* A line that was no command, or was not taken. */
static void fault_put(struct json_writer *json, uint32_t index, unsigned status, const char *code,
                      const char *detail)
{
    json_put_object(json);
    json_member_count(json, "index", index);
    json_member_count(json, "status", status);
    json_member_text(json, "code", code);
    if (detail != NULL)
        json_member_text(json, "detail", detail);
    json_put_object_end(json);
}

static void line_put(struct exchange *exchange, uint32_t index, bool path,
                     const struct outcome *outcome)
{
    struct json_writer *json = &exchange->json;
    bool brief = bulk_is_brief(exchange);
    if (is_lost(outcome)) {
        fault_put(json, index, 503, "write_failed",
                  brief ? NULL
                        : "a write to the disk failed: whether the command was kept is not known; "
                          "send it again, with the same key");
    } else {
        enum outcome_code said = outcome_said(outcome);
        json_put_object(json);
        json_member_count(json, "index", index);
        json_member_count(json, "status", outcome_status(said, 200));
        if (said != OUTCOME_DONE)
            json_member_text(json, "code", report_outcome_word(said));
        outcome_put(exchange, outcome, path && !brief);
        if (said != OUTCOME_DONE && !brief)
            json_member_text(json, "detail", outcome_advice(said));
        json_put_object_end(json);
    }
    json_put_line_end(json);
}

/* Room for one more in the queue. */
static bool bulk_reserve(struct bulk *bulk)
{
    if (bulk->count == 0)
        bulk->first = 0;
    if (bulk->first + bulk->count < bulk->capacity)
        return true;
    if (bulk->first >= bulk->capacity / 2 && bulk->first > 0) {
        memmove(bulk->queue, bulk->queue + bulk->first, bulk->count * sizeof bulk->queue[0]);
        bulk->first = 0;
        return true;
    }
    size_t capacity = bulk->capacity > 0 ? bulk->capacity * 2 : 64;
    struct bulk_line *queue = realloc(bulk->queue, capacity * sizeof *queue);
    if (queue == NULL)
        return false;
    bulk->queue = queue;
    bulk->capacity = capacity;
    return true;
}

static struct bulk_line *bulk_first(const struct bulk *bulk)
{
    return bulk->count > 0 ? &bulk->queue[bulk->first] : NULL;
}

static void bulk_pop(struct bulk *bulk)
{
    bulk->first++;
    bulk->count--;
}

/* Held answers that nothing stands before any more leave. */
static void bulk_release(struct exchange *exchange)
{
    struct bulk *bulk = exchange->state;
    const struct bulk_line *line;
    while ((line = bulk_first(bulk)) != NULL && !line->pending) {
        json_put_raw(&exchange->json, bytes_of(bulk->held.at + line->at, line->size));
        json_put_line_end(&exchange->json);
        bulk_pop(bulk);
    }
    if (bulk->count == 0)
        json_writer_clear(&bulk->held);
}

/* The answer of a line that no outcome will come for. Room was made. */
static void bulk_fault(struct exchange *exchange, uint32_t index, unsigned status, const char *code,
                       const char *detail)
{
    struct bulk *bulk = exchange->state;
    if (bulk_is_brief(exchange) || bulk->held.size >= BULK_BRIEF / 2)
        detail = NULL;
    if (bulk->count == 0) {
        fault_put(&exchange->json, index, status, code, detail);
        json_put_line_end(&exchange->json);
        return;
    }
    size_t at = bulk->held.size;
    bulk->held.comma = false;
    fault_put(&bulk->held, index, status, code, detail);
    bulk->queue[bulk->first + bulk->count++] =
        (struct bulk_line){.index = index, .at = at, .size = bulk->held.size - at};
}

static enum handled bulk_answer(struct exchange *exchange)
{
    const struct bulk *bulk = exchange->state;
    if (json_writer_failed(&bulk->held))
        exchange->json.failed = true;
    return answer_json(exchange, 200);
}

static enum handled bulk_waits(struct exchange *exchange, enum handled waits)
{
    struct bulk *bulk = exchange->state;
    exchange->kept = bulk->held.capacity + bulk->capacity * sizeof bulk->queue[0];
    bulk->waits = waits;
    return waits;
}

/* One more outcome, or, with NULL, what is under way was lost. */
static enum handled bulk_outcome(struct exchange *exchange, uint32_t index,
                                 const struct outcome *outcome)
{
    struct bulk *bulk = exchange->state;
    struct bulk_line *line;
    while ((line = bulk_first(bulk)) != NULL) {
        check(line->pending && (is_lost(outcome) || line->index == index));
        line_put(exchange, line->index, command_names_point(line->kind), outcome);
        bulk->pending--;
        bulk_pop(bulk);
        bulk_release(exchange);
        if (!is_lost(outcome))
            break;
    }
    if (bulk->all_read && bulk->pending == 0)
        return bulk_answer(exchange);
    return bulk->waits;
}

/* False: the line was answered. */
static bool bulk_may(struct exchange *exchange, uint32_t index)
{
    struct bulk *bulk = exchange->state;
    struct bytes path;
    enum verdict verdict = command_judge(exchange, &bulk->command.command, &path);
    if (verdict == VERDICT_HIDDEN)
        bulk_fault(exchange, index, 404, "unknown_point",
                   "there is no such point, or you may not see it");
    else if (verdict == VERDICT_FORBIDDEN)
        bulk_fault(exchange, index, 403, "forbidden", "the right to configure it is missing");
    return verdict == VERDICT_MAY;
}

static void bulk_read_line(struct exchange *exchange, struct bytes text)
{
    struct bulk *bulk = exchange->state;
    struct clock *clock = exchange->web->config.clock;
    char fault[FAULT_SIZE];
    json_error_t error;
    uint32_t index = bulk->read++;
    if (text.size > COMMAND_BYTES_MAX) {
        bulk_fault(exchange, index, 413, "too_large", "a command has at most 65536 bytes as JSON");
        return;
    }
    json_t *wish = json_loadb((const char *)text.at, text.size, JSON_REJECT_DUPLICATES, &error);
    if (wish == NULL) {
        snprintf(fault, sizeof fault, "a JSON object on one line is wanted; at column %d: %s",
                 error.column, error.text);
        bulk_fault(exchange, index, 400, "json", fault);
        return;
    }
    if (!json_is_object(wish)) {
        bulk_fault(exchange, index, 422, "command_invalid", "a JSON object is wanted");
    } else if (report_command_read(wish, clock->wall_ns(clock), &bulk->command, fault,
                                   sizeof fault) != NULL) {
        bulk_fault(exchange, index, 422, "command_invalid", fault);
    } else if (bulk_may(exchange, index)) {
        bulk->wish = wish;
        return;
    }
    json_decref(wish);
}

/* False: the engine says wait. */
static bool bulk_give(struct exchange *exchange)
{
    struct bulk *bulk = exchange->state;
    struct admitted admitted;
    uint32_t index = bulk->read - 1;
    exchange_sign(exchange, &bulk->command.command);
    enum admit admit = engine_command(exchange->web->config.engine, &bulk->command.command,
                                      exchange_tag(exchange, index), &admitted);
    if (admit == ADMIT_WAIT)
        return false;
    if (admit == ADMIT_DONE) {
        exchange->web->counters.commands++;
        bulk->pending++;
        bulk->queue[bulk->first + bulk->count++] =
            (struct bulk_line){.index = index, .pending = true, .kind = bulk->command.command.kind};
        exchange->ticket = admitted.ticket; /* a failed write concerns it, whatever it waits for */
    } else {
        bulk_fault(exchange, index, admit_status(admit), admit_name(admit), admit_text(admit));
    }
    json_decref(bulk->wish);
    bulk->wish = NULL;
    return true;
}

static enum handled bulk_run(struct exchange *exchange)
{
    struct bulk *bulk = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    struct bytes text = bytes_of("", 0);
    do {
        if (!bulk_reserve(bulk)) {
            exchange->json.failed = true;
            bulk->all_read = true;
            break;
        }
        if (bulk->wish == NULL) {
            bulk->all_read = !body_line_next(exchange, &bulk->offset, &text);
            if (bulk->all_read)
                break;
            bulk_read_line(exchange, text);
        }
        if (bulk->wish != NULL && !bulk_give(exchange))
            return bulk_waits(exchange, HANDLED_FULL);
    } while (!turn_is_over(&turn, text.size));
    if (!bulk->all_read)
        return bulk_waits(exchange, HANDLED_STEP);
    return bulk->pending > 0 ? bulk_waits(exchange, HANDLED_OUTCOME) : bulk_answer(exchange);
}

/* How many lines there are is known before the first is carried out. */
static enum handled bulk_count(struct exchange *exchange)
{
    struct bulk *bulk = exchange->state;
    bool more = lines_count(exchange->body, &bulk->lines);
    if (bulk->lines.count > BULK_LINES_MAX)
        return answer_problem(exchange, 413, "body_long", NULL,
                              "a body has at most %u lines, and there are more: send several",
                              BULK_LINES_MAX);
    if (more)
        return HANDLED_STEP;
    exchange->outcome = bulk_outcome;
    exchange->resume = bulk_run;
    return bulk_run(exchange);
}

static enum handled bulk_begin(struct exchange *exchange)
{
    if (http_header_find(exchange->request, "Idempotency-Key") != NULL)
        return answer_problem(exchange, 400, "key_invalid", "one key, many commands",
                              "Idempotency-Key is for one command; give each line a \"key\" of its "
                              "own");
    struct bulk *bulk = calloc(1, sizeof *bulk);
    if (bulk == NULL)
        return answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
    json_writer_init(&bulk->held, 0);
    exchange->state = bulk;
    exchange->drop = bulk_drop;
    exchange->resume = bulk_count;
    return bulk_count(exchange);
}

/* ---- the routes ----------------------------------------------------------------------------- */
enum handled handle_commands(struct exchange *exchange)
{
    if (exchange->body_lines)
        return bulk_begin(exchange);
    json_t *wish = wish_read(exchange);
    return wish != NULL ? one_begin(exchange, wish) : HANDLED;
}

/* The command is said by method and path; a body that says one too may mean something else. */
static bool wish_is_silent(struct exchange *exchange, const json_t *wish)
{
    static const char *const names[] = {"command", "new_path"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (json_object_get(wish, names[i]) != NULL) {
            answer_problem(exchange, 422, "command_invalid", "no command",
                           "\"%s\" is not wanted here: %s says what is to be done; POST "
                           "/v1/commands takes any command",
                           names[i], http_verb_text(exchange->request->verb));
            return false;
        }
    return true;
}

enum handled handle_point_create(struct exchange *exchange)
{
    if (exchange->body_lines)
        return bulk_begin(exchange);
    json_t *wish = wish_read(exchange);
    if (wish == NULL)
        return HANDLED;
    if (!wish_is_silent(exchange, wish)) {
        json_decref(wish);
        return HANDLED;
    }
    json_object_set_new(wish, "command", json_string("create"));
    return one_begin(exchange, wish);
}

static json_t *arg_text(const struct exchange *exchange)
{
    return json_stringn((const char *)exchange->arg.at, exchange->arg.size);
}

/* "path" alone renames; beside it only what makes sending again harmless may stand. */
static bool rename_is_alone(struct exchange *exchange, const json_t *wish)
{
    static const char *const settings[] = {"type", "unit", "description", "labels", "limits"};
    for (size_t i = 0; i < ARRAY_COUNT(settings); i++)
        if (json_object_get(wish, settings[i]) != NULL) {
            answer_problem(exchange, 422, "command_invalid", "two commands",
                           "\"path\" renames and \"%s\" changes: send one after the other",
                           settings[i]);
            return false;
        }
    return true;
}

enum handled handle_point_change(struct exchange *exchange)
{
    json_t *wish = wish_read(exchange), *path;
    if (wish == NULL)
        return HANDLED;
    path = json_object_get(wish, "path");
    if (!wish_is_silent(exchange, wish) || (path != NULL && !rename_is_alone(exchange, wish))) {
        json_decref(wish);
        return HANDLED;
    }
    if (path != NULL)
        json_object_set(wish, "new_path", path);
    json_object_set_new(wish, "path", arg_text(exchange));
    json_object_set_new(wish, "command", json_string(path != NULL ? "rename" : "change"));
    return one_begin(exchange, wish);
}

enum handled handle_point_retire(struct exchange *exchange)
{
    return one_begin(exchange,
                     json_pack("{s:s,s:o}", "command", "retire", "path", arg_text(exchange)));
}
