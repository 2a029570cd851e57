/* What the history is like, and the two things that can be asked of it to do now. */
#include "web/room.h"

#include <stdlib.h>

#define MISSING_TOLD 100

static enum handled history_is_off(struct exchange *exchange)
{
    return answer_problem(exchange, 503, "history_off", NULL, "there is no history here");
}

static void tiers_put(struct json_writer *json, const struct history_state *state)
{
    static const char *const names[PART_TIERS] = {
        [PART_RAW] = "raw", [PART_MINUTE] = "minute", [PART_HOUR] = "hour", [PART_DAY] = "day"};
    json_put_name(json, "tiers");
    json_put_array(json);
    for (size_t i = 0; i < PART_TIERS; i++) {
        json_put_object(json);
        json_member_text(json, "tier", names[i]);
        json_member_count(json, "parts", state->parts[i]);
        json_member_count(json, "bytes", state->bytes[i]);
        json_member_count(json, "values", state->values[i]);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void work_put(struct json_writer *json, const struct history_state *state)
{
    json_put_name(json, "work");
    json_put_object(json);
    json_member_count(json, "seals", state->seals);
    json_member_count(json, "merges", state->merges);
    json_member_count(json, "erasures", state->erasures);
    json_member_count(json, "sealed_values", state->sealed_values);
    json_member_count(json, "merged_values", state->merged_values);
    json_member_real(json, "seal_s", (double)state->seal_ns / NS_PER_S);
    json_member_real(json, "merge_s", (double)state->merge_ns / NS_PER_S);
    json_member_real(json, "rollup_s", (double)state->rollup_ns / NS_PER_S);
    json_member_count(json, "thinned", state->thinned);
    json_member_count(json, "expired", state->expired);
    json_member_count(json, "dropped", state->dropped);
    json_put_object_end(json);
}

static void time_or_null(struct json_writer *json, const char *name, int64_t time_ns)
{
    if (time_ns == INT64_MIN || time_ns == INT64_MAX)
        json_member_null(json, name);
    else
        json_member_time(json, name, time_ns);
}

static void missing_put(struct json_writer *json, struct history *history)
{
    struct history_missing *missing = calloc(MISSING_TOLD, sizeof *missing);
    struct history_view *view = NULL;
    size_t count = 0;
    if (missing != NULL && history_view_open(history, &view) == OK)
        count = history_view_missing(view, missing, MISSING_TOLD);
    history_view_close(view);
    json_put_name(json, "missing");
    json_put_array(json);
    for (size_t i = 0; i < count && i < MISSING_TOLD; i++) {
        json_put_object(json);
        json_member_text(json, "file", missing[i].file);
        time_or_null(json, "first", missing[i].first_ns);
        time_or_null(json, "last", missing[i].last_ns);
        json_member_text(json, "why", missing[i].why);
        json_put_object_end(json);
    }
    json_put_array_end(json);
    json_member_count(json, "missing_count", count);
    free(missing);
}

static void questions_put(struct json_writer *json, struct query_pool *pool)
{
    struct query_counters counters = {0};
    if (pool != NULL)
        query_pool_describe(pool, &counters);
    json_put_name(json, "questions");
    json_put_object(json);
    json_member_count(json, "running", counters.running);
    json_member_count(json, "waiting", counters.waiting);
    json_member_count(json, "done", counters.done);
    json_member_count(json, "cancelled", counters.cancelled);
    json_member_count(json, "timed_out", counters.timed_out);
    json_member_count(json, "out_of_memory", counters.out_of_memory);
    json_member_count(json, "failed", counters.failed);
    json_member_count(json, "memory", counters.memory);
    json_put_object_end(json);
}

enum handled handle_history(struct exchange *exchange)
{
    struct history *history = engine_history(exchange->web->config.engine);
    struct json_writer *json = &exchange->json;
    struct history_state state;
    if (history == NULL)
        return history_is_off(exchange);
    history_describe(history, &state);
    json_put_object(json);
    json_member_count(json, "position", state.position);
    json_member_count(json, "sealed", state.sealed);
    json_member_count(json, "erased", state.erased);
    tiers_put(json, &state);
    json_put_name(json, "windows");
    json_put_object(json);
    json_member_count(json, "count", state.windows);
    json_member_count(json, "bytes", state.head_bytes);
    json_member_count(json, "values", state.head_values);
    json_put_object_end(json);
    work_put(json, &state);
    json_member_bool(json, "busy", history_is_busy(history));
    json_member_bool(json, "full", state.full);
    json_member_bool(json, "disk_full", state.disk_full);
    json_member_count(json, "memory", state.memory);
    questions_put(json, exchange->web->config.queries);
    missing_put(json, history);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

static enum handled history_begins(struct exchange *exchange, void (*begin)(struct history *))
{
    struct history *history = engine_history(exchange->web->config.engine);
    if (history == NULL)
        return history_is_off(exchange);
    begin(history);
    json_put_object(&exchange->json);
    json_member_bool(&exchange->json, "busy", history_is_busy(history));
    json_put_object_end(&exchange->json);
    return answer_json(exchange, 202);
}

enum handled handle_history_seal(struct exchange *exchange)
{
    return history_begins(exchange, history_seal_now);
}

enum handled handle_history_merge(struct exchange *exchange)
{
    return history_begins(exchange, history_merge_now);
}
