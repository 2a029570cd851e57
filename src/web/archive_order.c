/* A command about history on its way: read from a body, given to the engine, answered when its
 * outcome is on the disk. */
#include "web/archive.h"

#include "query/query.h"

#include <stdlib.h>
#include <string.h>

static void order_drop(struct exchange *exchange)
{
    struct order *order = exchange->state;
    if (order->drop != NULL)
        order->drop(order);
    json_decref(order->wish.json);
    free(order);
}

struct order *order_begin(struct exchange *exchange, size_t size, uint8_t kind, bool has_body)
{
    json_t *json = has_body ? wish_read(exchange) : json_object();
    if (json == NULL && has_body)
        return NULL;
    struct order *order = calloc(1, size);
    if (order == NULL || json == NULL) {
        free(order);
        json_decref(json);
        answer_problem(exchange, 503, "memory", NULL, "there is no memory: try again");
        return NULL;
    }
    struct clock *clock = exchange->web->config.clock;
    struct wish *wish = &order->wish;
    *wish = (struct wish){.json = json, .wall_ns = clock->wall_ns(clock)};
    order->command = (struct command){.kind = kind, .tenant = exchange->tenant};
    exchange_sign(exchange, &order->command);
    exchange->state = order;
    exchange->drop = order_drop;
    exchange->resume = order_give;
    if (!wish_key_read(exchange, json))
        return NULL;
    wish->wrong = report_key_read(json, wish->wall_ns, &order->command, wish->fault,
                                  sizeof wish->fault) != NULL;
    return order;
}

enum handled order_refuse(struct exchange *exchange)
{
    const struct order *order = exchange->state;
    return answer_problem(exchange, 422, "command_invalid", "no command", "%s", order->wish.fault);
}

/* What to do about what refused it. */
static const char *order_advice(enum outcome_code code)
{
    switch (code) {
    case OUTCOME_UNKNOWN_POLICY:
        return "GET /v1/policies lists them";
    case OUTCOME_UNKNOWN_ERASURE:
        return "GET /v1/erasures lists them";
    case OUTCOME_UNKNOWN_ANNOTATION:
        return "it was never there, or was removed: GET /v1/annotations lists them";
    case OUTCOME_VALUE_INVALID:
        return "a value is of its point's type, and null goes with a quality that is not good";
    case OUTCOME_TIME_INVALID:
        return "times are from 1970 to 2200, and `from` is before `to`";
    case OUTCOME_ARCHIVE_FULL:
        return "there are at most 1,000 policies, and 1,000,000 corrections and annotations with 1 "
               "GiB of texts";
    default:
        return outcome_advice(code);
    }
}

enum handled order_refused(struct exchange *exchange, enum outcome_code said)
{
    return answer_problem(exchange, outcome_status(said, 200), report_outcome_word(said),
                          outcome_text(said), "%s; %s", outcome_text(said), order_advice(said));
}

enum handled answer_key_taken(struct exchange *exchange)
{
    return answer_problem(exchange, 409, "key_taken", "the key is another command's",
                          "this idempotency key was used for another command: choose another");
}

static enum handled order_outcome(struct exchange *exchange, uint32_t index,
                                  const struct outcome *outcome)
{
    const struct order *order = exchange->state;
    (void)index;
    if (outcome == NULL)
        return answer_problem(exchange, 503, "write_failed", NULL,
                              "a write to the disk failed: whether the command was kept is not "
                              "known; send it again, with the same Idempotency-Key");
    enum outcome_code said = outcome_said(outcome);
    if (outcome->code == OUTCOME_REPEATED)
        exchange_header(exchange, "Idempotency-Replayed", bytes_text("true"));
    if (said == OUTCOME_DONE && outcome->number == 0)
        return answer_key_taken(exchange);
    if (said == OUTCOME_DONE)
        return order->done(exchange, outcome);
    return order_refused(exchange, said);
}

enum handled order_give(struct exchange *exchange)
{
    const struct order *order = exchange->state;
    struct admitted admitted;
    enum admit admit = engine_command(exchange->web->config.engine, &order->command,
                                      exchange_tag(exchange, 0), &admitted);
    if (admit == ADMIT_WAIT) {
        exchange->resume = order_give;
        return HANDLED_FULL;
    }
    if (admit != ADMIT_DONE)
        return answer_admit(exchange, admit);
    exchange->web->counters.commands++;
    exchange->ticket = admitted.ticket;
    exchange->outcome = order_outcome;
    return HANDLED_OUTCOME;
}

/* ---- members of answers ------------------------------------------------------------------------
 */
void order_put_outcome(struct json_writer *json, const struct outcome *outcome)
{
    json_member_text(json, "outcome", report_outcome_word(outcome->code));
    json_member_text(json, "first", report_outcome_word(outcome_said(outcome)));
    json_member_text(json, "text", outcome_text(outcome->code));
    json_member_count(json, "position", outcome->position);
}

void put_when(struct json_writer *json, const char *name, int64_t time_ns)
{
    if (time_ns <= TIME_MIN_NS || time_ns >= TIME_MAX_NS)
        json_member_null(json, name);
    else
        json_member_time(json, name, time_ns);
}

void put_text(struct json_writer *json, const char *name, struct bytes text)
{
    if (text.size == 0)
        json_member_null(json, name);
    else
        json_member_string(json, name, text);
}

void put_point(struct exchange *exchange, uint32_t point)
{
    uint8_t path[QUERY_PREFIX_MAX + PATH_MAX_BYTES];
    struct bytes prefix = exchange_prefix(exchange, point_tenant(exchange, point));
    size_t size = prefix.size < QUERY_PREFIX_MAX ? prefix.size : 0;
    if (size > 0)
        memcpy(path, prefix.at, size);
    size += points_path(exchange->web->points, point, path + size);
    json_member_string(&exchange->json, "path", bytes_of(path, size));
    json_member_count(&exchange->json, "point", point);
}
