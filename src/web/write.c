/* Line protocol by HTTP: POST /write of InfluxDB 1 and POST /api/v2/write of InfluxDB 2. They
 * differ in the names of their parameters and in how refusals are told (write_answer.c).
 *
 * Everything that can be taken is taken; the answer leaves when the disk has all of it. A write to
 * the disk that failed meanwhile took a part with it: then the body is to be sent again. */
#include "web/write.h"
#include "web/exchange.h"
#include "web/seen.h"

#include <stdlib.h>
#include <string.h>

bool write_is_route(const struct route *route)
{
    return route->handle == handle_write || route->handle == handle_write_v2;
}

/* ---- lines, lent to one request after the other
 * --------------------------------------------------------------------------------- */
static struct lines *lines_take(struct web *web)
{
    struct lines *lines = NULL;
    if (web->lines_spare_count > 0)
        return web->lines_spare[--web->lines_spare_count];
    return lines_create(&lines) == OK ? lines : NULL;
}

static void lines_give(struct web *web, struct lines *lines)
{
    if (lines == NULL)
        return;
    if (web->lines_spare_count == WRITE_SPARE_MAX || lines_memory(lines) > WRITE_SPARE_BYTES)
        lines_destroy(lines);
    else
        web->lines_spare[web->lines_spare_count++] = lines;
}

void write_spares_destroy(struct web *web)
{
    while (web->lines_spare_count > 0)
        lines_destroy(web->lines_spare[--web->lines_spare_count]);
}

static void write_drop(struct exchange *exchange)
{
    struct write_state *write = exchange->state;
    if (write->sender != NULL && lines_counts(write->lines)->values > 1) /* one was paid for */
        sender_owes(exchange->web, write->sender, lines_counts(write->lines)->values - 1);
    budget_give(exchange->web->config.memory, write->charged);
    lines_give(exchange->web, write->lines);
    text_done(&write->listed);
    free(write->rest);
    free(write);
}

/* All that the request holds counts. False: there is not as much left. */
static bool write_charge(struct exchange *exchange)
{
    struct write_state *write = exchange->state;
    size_t held =
        sizeof *write + lines_memory(write->lines) + write->rest_capacity + write->listed.capacity;
    if (held <= write->charged)
        return true;
    if (!budget_take(exchange->web->config.memory, held - write->charged))
        return false;
    write->charged = held;
    return true;
}

/* ---- the head
 * ---------------------------------------------------------------------------------- */
/* InfluxDB 1 knows n, ns, u, us, ms, s, m, h; InfluxDB 2 ns, us, ms, s. */
static bool write_precision(struct exchange *exchange, bool v2, enum influx_precision *ret)
{
    struct bytes name;
    *ret = INFLUX_NS;
    return !query_text(exchange, "precision", &name) ||
           (influx_precision_parse(name, ret) &&
            (!v2 || name.size == 0 || name.size == 2 || bytes_equal(name, bytes_text("s"))));
}

static enum handled write_no_precision(struct exchange *exchange, bool v2)
{
    struct bytes name = bytes_of("", 0);
    (void)query_text(exchange, "precision", &name);
    return write_answer_fault(exchange, 400, "invalid", "invalid precision \"%.*s\": use %s",
                              name.size < 80 ? (int)name.size : 80, (const char *)name.at,
                              v2 ? "ns, us, ms or s" : "n, u, ms, s, m or h");
}

static bool write_no_memory(struct exchange *exchange)
{
    write_answer_fault(exchange, 503, "unavailable",
                       "there is no memory for this body now (setting http.memory): send it again");
    return false;
}

/* ---- rights and quota
 * ----------------------------------------------------------------------------- */
/* A line is taken whole or not at all, so he must be allowed to write all that can lie below its
 * path. */
static bool write_may(void *arg, struct bytes branch)
{
    struct exchange *exchange = arg;
    struct pattern pattern;
    uint8_t text[PATTERN_BYTES_MAX];
    if (branch.size + 2 > sizeof text)
        return false;
    memcpy(text, branch.at, branch.size);
    memcpy(text + branch.size, "/#", 2);
    return pattern_parse(bytes_of(text, branch.size + 2), &pattern) == NULL &&
           exchange_reach(exchange, RIGHT_WRITE, exchange->tenant, &pattern) == REACH_ALL;
}

/* Who may write everywhere is not asked about each line. */
static void write_guard(struct exchange *exchange)
{
    struct write_state *write = exchange->state;
    struct pattern all;
    check(pattern_parse(bytes_text("#"), &all) == NULL);
    if (exchange_reach(exchange, RIGHT_WRITE, exchange->tenant, &all) != REACH_ALL)
        lines_guard(write->lines, write_may, exchange);
}

/* A body is one message to its tenant's quota: taken whole, and paid for when it is known what was
 * in it. One that comes while the tenant is over its quota is not looked at. */
static void write_quota(struct exchange *exchange, struct sender *sender)
{
    struct write_state *write = exchange->state;
    int64_t wait_ns;
    write->sender = sender;
    if (!sender_may_send(exchange->web, sender, 1, &wait_ns))
        write->quota_wait_ns = wait_ns > 0 ? wait_ns : 1;
}

bool write_begin(struct exchange *exchange)
{
    struct web *web = exchange->web;
    struct write_state *write = calloc(1, sizeof *write);
    enum influx_precision precision;
    if (write == NULL)
        return write_no_memory(exchange);
    exchange->state = write;
    exchange->drop = write_drop;
    write->v2 = exchange->route->handle == handle_write_v2;
    write->stop = ADMIT_DONE;
    write->lost_generation = engine_lost_generation(web->config.engine);
    /* Its body is read all the same, and passed over: the connection goes on. */
    write->invalid = !write_precision(exchange, write->v2, &precision);
    write->lines = lines_take(web);
    /* The setting was checked when it was read; what remains is a lack of memory. */
    const char *path = web->config.settings->readings_lines_path;
    if (write->lines == NULL || engine_lines_path(web->config.engine, bytes_text(path)) != NULL)
        return write_no_memory(exchange);
    struct sender *sender = web_sender(web, exchange->tenant);
    if (sender == NULL)
        return write_no_memory(exchange);
    lines_begin(write->lines, &sender->publisher, write->invalid ? INFLUX_NS : precision);
    write_guard(exchange);
    write_quota(exchange, sender);
    write_turn(exchange);
    return write_charge(exchange) || write_no_memory(exchange);
}

/* ---- the body
 * ---------------------------------------------------------------------------------- */
void write_turn(struct exchange *exchange)
{
    struct write_state *write = exchange->state;
    write->budget = LINES_BUDGET;
}

/* What the engine left lies in memory that others will use: it is copied, once. */
static bool write_hold(struct write_state *write)
{
    size_t size = lines_rest(write->lines);
    if (write->held || size == 0)
        return true;
    if (size > write->rest_capacity) {
        uint8_t *rest = realloc(write->rest, size);
        if (rest == NULL)
            return false;
        write->rest = rest;
        write->rest_capacity = size;
    }
    lines_move(write->lines, write->rest);
    write->held = true;
    return true;
}

static enum taken write_run(struct exchange *exchange)
{
    static const enum taken answers[] = {
        [LINES_MORE] = TAKEN, [LINES_TURN] = TAKEN_TURN, [LINES_WAIT] = TAKEN_FULL};
    struct write_state *write = exchange->state;
    struct line_refused refused;
    enum lines_step step;
    enum admit stop;
    while ((step = engine_lines(exchange->web->config.engine, write->lines, &write->budget,
                                &refused, &stop)) == LINES_REFUSED)
        write_list(write, &refused);
    if (step == LINES_STOP) {
        write->stop = stop;
        return TAKEN;
    }
    return answers[step];
}

/* The rest of the body is of no use. */
static bool write_passes_over(const struct write_state *write)
{
    return write->stop != ADMIT_DONE || write->no_memory || write->invalid ||
           write->quota_wait_ns > 0;
}

enum taken write_take(struct exchange *exchange, struct bytes piece)
{
    struct write_state *write = exchange->state;
    if (write_passes_over(write))
        return TAKEN;
    if (piece.size > 0)
        lines_feed(write->lines, piece);
    enum taken taken = write_run(exchange);
    if (taken == TAKEN)
        write->held = false;
    else if (!write_hold(write))
        write->no_memory = true;
    if (!write_charge(exchange))
        write->no_memory = true;
    return write->no_memory ? TAKEN : taken;
}

/* ---- its end
 * ----------------------------------------------------------------------------------- */
static enum handled write_end(struct exchange *exchange)
{
    struct write_state *write = exchange->state;
    write_turn(exchange);
    if (!write_passes_over(write)) {
        enum taken taken = write_run(exchange);
        if (taken != TAKEN)
            return taken == TAKEN_FULL ? HANDLED_FULL : HANDLED_STEP;
    }
    const struct lines_counts *counts = lines_counts(write->lines);
    exchange->web->counters.samples += counts->values;
    exchange->resume = write_answer;
    if (write_passes_over(write) || counts->lines == 0 ||
        write->lost_generation != engine_lost_generation(exchange->web->config.engine))
        return write_answer(exchange);
    exchange->ticket = counts->ticket;
    return HANDLED_TICKET;
}

enum handled handle_write(struct exchange *exchange)
{
    struct write_state *write = exchange->state;
    if (write->invalid)
        return write_no_precision(exchange, write->v2);
    if (!write_passes_over(write))
        lines_end(write->lines);
    exchange->resume = write_end;
    return write_end(exchange);
}

enum handled handle_write_v2(struct exchange *exchange)
{
    return handle_write(exchange);
}
