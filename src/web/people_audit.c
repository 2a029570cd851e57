/* The audit: who did what, when, from where, and what became of it. */
#include "web/exchange.h"
#include "web/people.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const door_words[] = {"none", "mqtt", "http", "control", "server"};

void audit_entry_put(struct exchange *exchange, const struct audit_view *entry)
{
    struct json_writer *json = &exchange->json;
    char wall_ns[24];
    snprintf(wall_ns, sizeof wall_ns, "%" PRId64, entry->wall_ns);
    json_put_object(json);
    json_member_count(json, "number", entry->number);
    json_member_count(json, "position", entry->position);
    json_member_time(json, "time", entry->wall_ns);
    json_member_text(json, "wall_ns", wall_ns);
    put_text(json, "tenant", tenant_name(exchange, entry->tenant));
    json_member_count(json, "tenant_number", entry->tenant);
    json_member_count(json, "account", entry->account);
    json_member_text(json, "door", entry->door <= ACTOR_SERVER ? door_words[entry->door] : "none");
    json_member_string(json, "actor", entry->actor);
    json_member_string(json, "address", entry->address);
    json_member_string(json, "action", entry->action);
    json_member_string(json, "object", entry->object);
    json_member_string(json, "detail", entry->detail);
    json_member_string(json, "outcome", entry->outcome);
    put_hex(json, "chain", bytes_of(entry->chain, sizeof entry->chain));
    json_put_object_end(json);
}

#define LIST_LOOKS_MAX 200000
struct audit_walk {
    uint32_t tenant; /* 0: of all */
    uint64_t at, end, count, limit;
    uint64_t looked; /* at entries, or runs of them that were passed over */
    bool lines;
    int64_t since_ns, until_ns;
    size_t account_size, action_size, object_size, outcome_size;
    uint8_t account[ACTOR_NAME_MAX], action[AUDIT_ACTION_MAX];
    uint8_t object[CONTAINS_MAX], outcome[AUDIT_ACTION_MAX];
};

static bool begins_with(struct bytes text, struct bytes begin)
{
    return text.size >= begin.size && memcmp(text.at, begin.at, begin.size) == 0;
}

/* "failed" is whatever was not done. */
static bool outcome_is(struct bytes outcome, struct bytes wanted)
{
    if (wanted.size == 0)
        return true;
    if (bytes_equal(wanted, bytes_text("failed")))
        return !bytes_equal(outcome, bytes_text("done"));
    return bytes_equal(outcome, wanted);
}

static bool walk_keeps(const struct audit_walk *walk, const struct audit_view *entry)
{
    return (walk->tenant == 0 || entry->tenant == walk->tenant) &&
           entry->wall_ns >= walk->since_ns && entry->wall_ns < walk->until_ns &&
           people_contains(entry->actor, bytes_of(walk->account, walk->account_size)) &&
           begins_with(entry->action, bytes_of(walk->action, walk->action_size)) &&
           people_contains(entry->object, bytes_of(walk->object, walk->object_size)) &&
           outcome_is(entry->outcome, bytes_of(walk->outcome, walk->outcome_size));
}

/* The entry, or the number of the next one worth asking for in *number: runs that hold nothing that
 * is wanted are passed over. */
static enum audit_found walk_entry(struct exchange *exchange, const struct audit_walk *walk,
                                   bool back, uint64_t *number, struct audit_view *ret_entry)
{
    const struct access_model *model = people_model(exchange);
    struct audit_run run;
    if (access_audit_run(model, *number, &run) &&
        !access_audit_run_may_hold(model, &run, walk->tenant, walk->since_ns, walk->until_ns)) {
        *number = back ? run.first : run.last;
        return AUDIT_LOST;
    }
    return engine_audit_entry(exchange->web->config.engine, *number, ret_entry);
}

/* Whose entries: of all with the parameter `all`, else a tenant's. False: it was answered. */
static bool walk_whose(struct exchange *exchange, struct audit_walk *walk)
{
    bool all = false;
    if (!query_flag(exchange, "all", &all))
        return false;
    if (!all)
        return people_tenant(exchange, RIGHT_SEE, &walk->tenant);
    walk->tenant = 0;
    if (exchange_may(exchange, RIGHT_SEE, TENANT_MAIN, bytes_text("$server/audit")))
        return true;
    answer_forbidden(exchange, RIGHT_SEE, bytes_text("$server/audit"));
    return false;
}

static bool walk_text(struct exchange *exchange, const char *name, uint8_t *at, size_t most,
                      size_t *ret_size)
{
    struct bytes text;
    if (!query_text(exchange, name, &text))
        return true;
    if (text.size > most) {
        answer_parameter(exchange, name, "a shorter text", text);
        return false;
    }
    memcpy(at, text.at, text.size);
    *ret_size = text.size;
    return true;
}

static struct audit_walk *walk_begin(struct exchange *exchange)
{
    struct audit_walk *walk = exchange_keep(exchange, sizeof *walk);
    if (walk == NULL)
        return NULL;
    walk->since_ns = INT64_MIN;
    walk->until_ns = INT64_MAX;
    walk->limit = 100;
    if (walk_whose(exchange, walk) && query_time(exchange, "since", &walk->since_ns) &&
        query_time(exchange, "until", &walk->until_ns) &&
        walk_text(exchange, "account", walk->account, sizeof walk->account, &walk->account_size) &&
        walk_text(exchange, "action", walk->action, sizeof walk->action, &walk->action_size) &&
        walk_text(exchange, "object", walk->object, sizeof walk->object, &walk->object_size) &&
        walk_text(exchange, "outcome", walk->outcome, sizeof walk->outcome, &walk->outcome_size))
        return walk;
    return NULL;
}

/* ---- lists, newest first -----------------------------------------------------------------------
 */
static enum handled list_end(struct exchange *exchange, bool more)
{
    const struct audit_walk *walk = exchange->state;
    struct json_writer *json = &exchange->json;
    char next[24];
    json_put_array_end(json);
    snprintf(next, sizeof next, "%" PRIu64, walk->at);
    if (more)
        json_member_text(json, "next", next);
    else
        json_member_null(json, "next");
    json_member_count(json, "oldest", access_audit_first(people_model(exchange)));
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

/* A filter that fits little may look through years: then a page ends with what there is. */
static enum handled list_go(struct exchange *exchange)
{
    struct audit_walk *walk = exchange->state;
    const struct access_model *model = people_model(exchange);
    struct turn turn = turn_begin(exchange->web);
    while (walk->at > access_audit_first(model)) {
        struct audit_view entry;
        uint64_t number = walk->at - 1;
        if (walk->count >= walk->limit || walk->looked >= LIST_LOOKS_MAX)
            return list_end(exchange, true);
        enum audit_found found = walk_entry(exchange, walk, true, &number, &entry);
        if (found == AUDIT_LATER)
            return HANDLED_FULL;
        walk->at = number;
        walk->looked++;
        if (found == AUDIT_FOUND && walk_keeps(walk, &entry)) {
            audit_entry_put(exchange, &entry);
            walk->count++;
        }
        if (turn_is_over(&turn, 256))
            return HANDLED_STEP;
    }
    return list_end(exchange, false);
}

enum handled handle_audit(struct exchange *exchange)
{
    struct audit_walk *walk = walk_begin(exchange);
    uint64_t after = 0;
    if (walk == NULL || !query_count(exchange, "limit", 1, 1000, &walk->limit) ||
        !query_count(exchange, "after", 1, INT64_MAX, &after))
        return HANDLED;
    uint64_t end = access_audit_count(people_model(exchange)) + 1;
    walk->at = after == 0 || after > end ? end : after;
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, "entries");
    json_put_array(&exchange->json);
    exchange->resume = list_go;
    return list_go(exchange);
}

/* ---- export, oldest first ----------------------------------------------------------------------
 */
static enum handled export_go(struct exchange *exchange)
{
    struct audit_walk *walk = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    for (; walk->at <= walk->end; walk->at++) {
        struct audit_view entry;
        if (turn_is_over(&turn, 512))
            return stream_lines(exchange);
        enum audit_found found = walk_entry(exchange, walk, false, &walk->at, &entry);
        if (found == AUDIT_LATER)
            return stream_lines_later(exchange);
        if (found != AUDIT_FOUND || !walk_keeps(walk, &entry))
            continue;
        audit_entry_put(exchange, &entry);
        json_put_line_end(&exchange->json);
    }
    return stream_lines_end(exchange);
}

enum handled handle_audit_export(struct exchange *exchange)
{
    struct audit_walk *walk = walk_begin(exchange);
    const struct access_model *model = people_model(exchange);
    uint64_t after = 0;
    if (walk == NULL || !query_count(exchange, "after", 0, INT64_MAX, &after))
        return HANDLED;
    walk->at = after + 1 > access_audit_first(model) ? after + 1 : access_audit_first(model);
    walk->end = access_audit_count(model);
    if (exchange->principal != NULL)
        access_tell(exchange->web->config.access, exchange->principal, "export",
                    bytes_text("audit"), bytes_of("", 0), "done");
    exchange->resume = export_go;
    return export_go(exchange);
}

/* ---- is it whole -------------------------------------------------------------------------------
 */
struct audit_check {
    uint64_t first, at, end;
    uint8_t chain[32];
    bool whole;
};

/* Of the oldest that is kept, what stands before it is not known: it is believed. */
static bool check_follows(struct audit_check *state, const struct audit_view *entry)
{
    uint8_t made[32];
    audit_chain(state->chain, entry, made);
    bool known = state->at > state->first || state->first == 1;
    bool follows = !known || memcmp(made, entry->chain, sizeof made) == 0;
    memcpy(state->chain, entry->chain, sizeof state->chain);
    return follows;
}

static enum handled check_go(struct exchange *exchange)
{
    struct audit_check *state = exchange->state;
    struct json_writer *json = &exchange->json;
    struct turn turn = turn_begin(exchange->web);
    for (; state->whole && state->at <= state->end; state->at++) {
        struct audit_view entry;
        if (turn_is_over(&turn, 256))
            return HANDLED_STEP;
        enum audit_found found =
            engine_audit_entry(exchange->web->config.engine, state->at, &entry);
        if (found == AUDIT_LATER)
            return HANDLED_FULL;
        state->whole = found == AUDIT_FOUND && check_follows(state, &entry);
    }
    json_put_object(json);
    json_member_bool(json, "whole", state->whole);
    json_member_count(json, "count", state->end);
    json_member_count(json, "oldest", state->first);
    if (state->whole)
        json_member_null(json, "broken");
    else
        json_member_count(json, "broken", state->at - 1);
    put_hex(json, "head", bytes_of(state->chain, sizeof state->chain));
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

enum handled handle_audit_verify(struct exchange *exchange)
{
    const struct access_model *model = people_model(exchange);
    struct audit_check *state = exchange_keep(exchange, sizeof *state);
    if (state == NULL)
        return HANDLED;
    exchange->resume = check_go;
    state->first = state->at = access_audit_first(model);
    state->end = access_audit_count(model);
    state->whole = true;
    return check_go(exchange);
}
