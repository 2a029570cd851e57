#include "cli/import_send.h"

#include "cli/answer.h"
#include "cli/http_words.h"
#include "cli/terminal.h"

#include "client/client.h"
#include "os/os.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_NS (500 * NS_PER_MS)
#define WAIT_MS 200

struct batch {
    uint8_t *at; /* IMPORT_BATCH_BYTES + the longest line */
    size_t size, capacity;
    uint64_t tags[IMPORT_BATCH_LINES]; /* by line feed of the batch: strings may hold some */
    uint32_t lines, values;            /* line feeds, samples */
    uint32_t rows;
    struct import_place begin; /* of its first line */
};

struct send_lane {
    struct job job;
    struct import_send *send;
    struct worker *worker;
    struct http_client *client;
    struct batch batches[2];
    unsigned filling;
    bool busy;
    /* Of the batch in flight: */
    struct http_client_answer answer;
    enum err err;
};

struct import_send {
    struct import_send_config config;
    char target[96];
    struct send_lane *lanes;
    uint64_t taken;
    char fault[512];
};

/* ---- life -------------------------------------------------------------------------------------
 */
static enum err lane_open(struct import_send *send, struct send_lane *lane)
{
    const struct http_client_config client = {.address = send->config.address,
                                              .trust = send->config.trust,
                                              .wait_ms = HTTP_WAIT_MS,
                                              .stop = stop_wanted};
    lane->send = send;
    for (size_t i = 0; i < 2; i++) {
        lane->batches[i].capacity = IMPORT_BATCH_BYTES;
        lane->batches[i].at = malloc(IMPORT_BATCH_BYTES);
        if (lane->batches[i].at == NULL)
            return ERR_NO_MEMORY;
    }
    enum err err = http_client_create(&client, &lane->client);
    return err == OK ? worker_thread_create("import", &lane->worker) : err;
}

enum err import_send_create(const struct import_send_config *config, struct import_send **ret_send)
{
    struct import_send *send = calloc(1, sizeof *send);
    if (send == NULL)
        return ERR_NO_MEMORY;
    send->config = *config;
    check(config->lanes >= 1 && config->lanes <= IMPORT_LANES_MAX);
    if (config->lines)
        snprintf(send->target, sizeof send->target,
                 "/api/v2/write?org=mainstem&bucket=import&precision=%s", config->precision);
    else
        snprintf(send->target, sizeof send->target, "/v1/samples");
    send->lanes = calloc(config->lanes, sizeof *send->lanes);
    enum err err = send->lanes != NULL ? OK : ERR_NO_MEMORY;
    for (unsigned i = 0; i < config->lanes && err == OK; i++)
        err = lane_open(send, &send->lanes[i]);
    if (err != OK)
        import_send_destroy(send);
    else
        *ret_send = send;
    return err;
}

void import_send_destroy(struct import_send *send)
{
    if (send == NULL)
        return;
    for (unsigned i = 0; send->lanes != NULL && i < send->config.lanes; i++) {
        struct send_lane *lane = &send->lanes[i];
        if (lane->worker != NULL)
            lane->worker->destroy(lane->worker);
        http_client_destroy(lane->client);
        json_decref(lane->answer.json);
        free(lane->batches[0].at);
        free(lane->batches[1].at);
    }
    free(send->lanes);
    free(send);
}

const char *import_send_fault(const struct import_send *send)
{
    return send->fault;
}

uint64_t import_send_taken(const struct import_send *send)
{
    return send->taken;
}

/* ---- on the lane's thread ---------------------------------------------------------------------
 */
static bool err_may_pass(enum err err)
{
    return err == ERR_MISSING || err == ERR_BUSY || err == ERR_IO;
}

/* Points that came faster than points.new_per_second are refused for now only. */
static bool answer_says_later(const struct http_client_answer *answer)
{
    if (answer->status == 503 || answer->status == 429)
        return true;
    const json_t *refused = json_object_get(answer->json, "refused");
    for (size_t i = 0; i < json_array_size(refused); i++)
        if (strcmp(answer_text(json_array_get(refused, i), "code"), "points_rate") == 0)
            return true;
    return false;
}

static void lane_run(struct job *job)
{
    struct send_lane *lane = (struct send_lane *)job;
    struct import_send *send = lane->send;
    const struct batch *batch = &lane->batches[lane->filling ^ 1];
    struct clock *clock = clock_real();
    int64_t give_up = clock->boot_ns(clock) + send->config.patience_ns;
    const struct http_client_question question = {
        .method = "POST",
        .target = send->target,
        .content_type = send->config.lines ? "text/plain; charset=utf-8" : "application/x-ndjson",
        .body = bytes_of(batch->at, batch->size)};
    for (;;) {
        lane->answer = (struct http_client_answer){.status = 0};
        lane->err = http_client_ask(lane->client, &question, &lane->answer);
        bool again = lane->err != OK ? err_may_pass(lane->err) : answer_says_later(&lane->answer);
        if (!again || stop_wanted() || clock->boot_ns(clock) >= give_up)
            return;
        json_decref(lane->answer.json);
        lane->answer.json = NULL;
        stop_nap(RETRY_NS);
    }
}

/* ---- answers ----------------------------------------------------------------------------------
 */
static void send_fail(struct import_send *send, const char *format, ...) PRINTF_LIKE(2, 3);
static void send_fail(struct import_send *send, const char *format, ...)
{
    va_list args;
    if (send->fault[0] != 0)
        return;
    va_start(args, format);
    vsnprintf(send->fault, sizeof send->fault, format, args);
    va_end(args);
}

static void send_fail_err(struct import_send *send, enum err err)
{
    const char *address = send->config.address;
    if (err == ERR_STOPPED)
        send_fail(send, "stopped");
    else if (err == ERR_MISSING)
        send_fail(send, "nobody listens at %s", address);
    else if (err == ERR_BUSY)
        send_fail(send, "%s does not answer", address);
    else if (err == ERR_CORRUPT)
        send_fail(send, "what listens at %s does not speak HTTP", address);
    else
        send_fail(send, "the connection to %s fails: %s", address, err_text(err));
}

static uint64_t tag_of(const struct batch *batch, uint64_t index)
{
    return index < batch->lines ? batch->tags[index] : 0;
}

static void take_samples_answer(struct import_send *send, const struct batch *batch,
                                const json_t *json)
{
    const json_t *refused = json_object_get(json, "refused");
    send->taken += answer_count(json, "taken");
    for (size_t i = 0; i < json_array_size(refused); i++) {
        const json_t *one = json_array_get(refused, i);
        const struct import_answer answer = {.tag = tag_of(batch, answer_count(one, "index")),
                                             .path = answer_text(one, "path"),
                                             .code = answer_text(one, "code"),
                                             .detail = answer_text(one, "detail")};
        send->config.refused(send->config.arg, &answer);
    }
    uint64_t all = answer_count(json, "refused_count"), listed = json_array_size(refused);
    if (all > listed)
        send->config.refused_more(send->config.arg, all - listed);
}

/* "partial write: line 3, column 7: sentence: 'text'\nline 9: ...\nand 20 lines more dropped=22":
 * returns how many lines of the batch it names, and how many more. */
static uint64_t take_write_lines(struct import_send *send, const struct batch *batch, char *text)
{
    static const char partial[] = "partial write: ";
    uint64_t count = 0;
    char *dropped = strstr(text, " dropped=");
    for (char *next = dropped; next != NULL; next = strstr(next + 1, " dropped="))
        dropped = next; /* the last one is the server's */
    if (dropped != NULL && strspn(dropped + 9, "0123456789") == strlen(dropped + 9))
        *dropped = 0;
    char *at = strncmp(text, partial, sizeof partial - 1) == 0 ? text + sizeof partial - 1 : text;
    for (char *next; at != NULL && *at != 0; at = next) {
        unsigned long long line, more;
        next = strstr(at, "\nline ");
        char *others = next == NULL ? strstr(at, "\nand ") : NULL;
        if (next != NULL)
            *next++ = 0;
        if (others != NULL)
            *others++ = 0;
        if (sscanf(at, "line %llu", &line) == 1) {
            const char *detail = strstr(at, ": ");
            const struct import_answer answer = {.tag = tag_of(batch, line - 1),
                                                 .path = "",
                                                 .code = "line",
                                                 .detail = detail != NULL ? detail + 2 : at};
            send->config.refused(send->config.arg, &answer);
            count++;
        }
        if (others != NULL && sscanf(others, "and %llu lines more", &more) == 1) {
            send->config.refused_more(send->config.arg, more);
            count += more;
        }
    }
    return count;
}

static void take_write_answer(struct import_send *send, const struct batch *batch,
                              const struct http_client_answer *answer)
{
    if (answer->status == 204) {
        send->taken += batch->values;
        return;
    }
    char *text = strdup(answer_text(answer->json, "message"));
    uint64_t refused = text != NULL ? take_write_lines(send, batch, text) : 0;
    free(text);
    /* How many values the lines that were taken have is not said: as many as others have. */
    if (refused < batch->rows)
        send->taken += (uint64_t)batch->values * (batch->rows - refused) / batch->rows;
}

static bool answer_is_of_samples(const struct http_client_answer *answer)
{
    return (answer->status == 200 || answer->status == 422) &&
           json_is_integer(json_object_get(answer->json, "taken"));
}

static void lane_take(struct import_send *send, struct send_lane *lane)
{
    struct batch *batch = &lane->batches[lane->filling ^ 1];
    const struct http_client_answer *answer = &lane->answer;
    bool lines = send->config.lines;
    if (lane->err != OK)
        send_fail_err(send, lane->err);
    else if (!lines && answer_is_of_samples(answer) && !answer_says_later(answer))
        take_samples_answer(send, batch, answer->json);
    else if (lines && (answer->status == 204 || answer->status == 400))
        take_write_answer(send, batch, answer);
    else
        send_fail(send, "%s answers with status %u: %s %s", send->config.address, answer->status,
                  answer_text(answer->json, "title"),
                  answer_text(answer->json, lines ? "message" : "detail"));
    json_decref(lane->answer.json);
    lane->answer.json = NULL;
    if (send->fault[0] == 0)
        batch->size = batch->lines = batch->values = batch->rows = 0;
    lane->busy = false;
}

static void lane_done(struct job *job)
{
    struct send_lane *lane = (struct send_lane *)job;
    lane_take(lane->send, lane);
}

/* ---- batches ----------------------------------------------------------------------------------
 */
static void lane_wait(struct import_send *send, struct send_lane *lane)
{
    while (lane->busy) {
        struct pollfd wait = {.fd = lane->worker->fd(lane->worker), .events = POLLIN};
        (void)poll(&wait, 1, WAIT_MS);
        lane->worker->poll(lane->worker);
        send->config.waiting(send->config.arg);
    }
}

/* Sends what was filled; the other batch is free then. */
static bool lane_submit(struct import_send *send, struct send_lane *lane)
{
    lane_wait(send, lane);
    if (send->fault[0] != 0)
        return false;
    if (lane->batches[lane->filling].lines == 0)
        return true;
    lane->filling ^= 1;
    lane->busy = true;
    lane->job = (struct job){.run = lane_run, .done = lane_done};
    lane->worker->submit(lane->worker, &lane->job);
    return true;
}

static bool batch_room(struct import_send *send, struct batch *batch, size_t size)
{
    if (batch->size + size <= batch->capacity)
        return true;
    uint8_t *at = realloc(batch->at, batch->size + size);
    if (at == NULL) {
        send_fail(send, "out of memory");
        return false;
    }
    batch->at = at;
    batch->capacity = batch->size + size;
    return true;
}

static uint32_t line_feeds(struct bytes line)
{
    uint32_t count = 0;
    for (size_t i = 0; i < line.size; i++)
        count += line.at[i] == '\n';
    return count;
}

bool import_send_put(struct import_send *send, uint64_t hash, const struct import_place *place,
                     uint64_t tag, struct bytes line, uint32_t values)
{
    struct send_lane *lane = &send->lanes[hash % send->config.lanes];
    struct batch *batch = &lane->batches[lane->filling];
    uint32_t feeds = send->config.lines ? line_feeds(line) : 1;
    if (batch->lines + feeds > IMPORT_BATCH_LINES ||
        (batch->lines > 0 && batch->size + line.size > IMPORT_BATCH_BYTES)) {
        if (!lane_submit(send, lane))
            return false;
        batch = &lane->batches[lane->filling];
    }
    if (send->fault[0] != 0 || !batch_room(send, batch, line.size))
        return false;
    if (batch->lines == 0)
        batch->begin = *place;
    memcpy(batch->at + batch->size, line.at, line.size);
    batch->size += line.size;
    for (uint32_t i = 0; i < feeds && batch->lines < IMPORT_BATCH_LINES; i++)
        batch->tags[batch->lines++] = tag;
    batch->rows++;
    batch->values += values;
    return true;
}

bool import_send_flush(struct import_send *send)
{
    bool good = true;
    for (unsigned i = 0; i < send->config.lanes; i++)
        good = lane_submit(send, &send->lanes[i]) && good;
    for (unsigned i = 0; i < send->config.lanes; i++)
        lane_wait(send, &send->lanes[i]);
    return good && send->fault[0] == 0;
}

struct import_place import_send_place(const struct import_send *send,
                                      const struct import_place *next)
{
    struct import_place place = *next;
    for (unsigned i = 0; i < send->config.lanes; i++)
        for (unsigned j = 0; j < 2; j++) {
            const struct batch *batch = &send->lanes[i].batches[j];
            if (batch->lines > 0 &&
                (batch->begin.file < place.file ||
                 (batch->begin.file == place.file && batch->begin.bytes < place.bytes)))
                place = batch->begin;
        }
    return place;
}

/* ---- commands ---------------------------------------------------------------------------------
 */
bool import_send_commands(struct import_send *send, struct bytes lines)
{
    struct http_client_answer answer = {.status = 0};
    const struct http_client_question question = {.method = "POST",
                                                  .target = "/v1/commands",
                                                  .content_type = "application/x-ndjson",
                                                  .body = lines};
    if (!import_send_flush(send))
        return false;
    enum err err = http_client_ask(send->lanes[0].client, &question, &answer);
    if (err != OK)
        send_fail_err(send, err);
    else if (answer.status != 200)
        send_fail(send, "points could not be created: status %u: %s", answer.status,
                  answer_text(answer.json, "detail"));
    json_decref(answer.json);
    return send->fault[0] == 0;
}
