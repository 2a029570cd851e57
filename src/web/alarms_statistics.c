/* What the alarms were like, by the measures of EEMUA 191 and ISA-18.2, 16: how many people were
 * told of in ten minutes, floods, chattering, those that stand, how long an acknowledgement took.
 *
 * The journal of the range is gone along once, then the alarms that are not normal now, both in
 * pieces. What is counted: entries of which people were told, by their arrival; a late sample tells
 * nobody. Memory is bounded: buckets of ten minutes for STATISTICS_RANGE_MAX, and KEYS_MAX
 * different alarms, past which `cut` says that there were more. */
#include "web/alarms.h"

#include <stdlib.h>
#include <string.h>

#define BUCKET_NS (600 * NS_PER_S)
#define STATISTICS_RANGE_MAX (INT64_C(400) * 86400 * NS_PER_S)
#define FLOOD_MORE_THAN 10u /* in ten minutes: EEMUA 191 */
#define CHATTER_TIMES 3u    /* within CHATTER_NS */
#define CHATTER_NS (60 * NS_PER_S)
#define STANDING_NS (INT64_C(86400) * NS_PER_S)
#define KEYS_MAX 32768u
#define KEY_SLOTS 131072u
#define SHOWN_MAX 100u
#define TOP_SHOWN 10u
#define SERIES_MAX 500u
#define SHIFTS_MAX 1000u
#define ACKNOWLEDGE_BUCKETS 2048u /* 32 to an octave: some 3 % apart */

struct alarm_key {
    uint32_t rule, point, tenant;
    uint32_t told, chatters;
    int64_t recent_ns[CHATTER_TIMES - 1]; /* the last times before, newest first */
    int64_t told_ns;                      /* not acknowledged since; 0: it is */
};
struct standing {
    uint64_t alarm;
    uint32_t rule, point, tenant;
    int64_t for_ns;
};
struct statistics {
    struct alarm_filter filter;
    struct alarm_walk walk;
    int64_t from_ns, to_ns, shift_ns, now_ns;
    uint64_t entry;
    uint32_t *buckets, *slots;
    size_t bucket_count;
    struct alarm_key *keys;
    size_t key_count, standing_count;
    bool cut;
    uint64_t raised, stale, standing_all, acknowledged;
    uint64_t by_priority[ALARM_PRIORITIES + 1];
    uint32_t latencies[ACKNOWLEDGE_BUCKETS];
    struct standing standing[SHOWN_MAX];
};

static void statistics_drop(struct exchange *exchange)
{
    struct statistics *statistics = exchange->state;
    free(statistics->buckets);
    free(statistics->slots);
    free(statistics->keys);
    free(statistics);
}

/* ---- counting ----------------------------------------------------------------------------------
 */
/* Of milliseconds: the highest bit and the five behind it. */
static unsigned latency_bucket(int64_t ns)
{
    uint64_t ms = ns > 0 ? (uint64_t)(ns / (NS_PER_S / 1000)) : 0;
    unsigned high = 0;
    if (ms < 32)
        return (unsigned)ms;
    while (ms >> (high + 6) != 0)
        high++;
    unsigned bucket = (high + 1) * 32 + (unsigned)((ms >> high) & 31);
    return bucket < ACKNOWLEDGE_BUCKETS ? bucket : ACKNOWLEDGE_BUCKETS - 1;
}

static int64_t latency_of(unsigned bucket)
{
    uint64_t ms = bucket < 32 ? bucket : (UINT64_C(32) | (bucket & 31)) << (bucket / 32 - 1);
    return (int64_t)ms * (NS_PER_S / 1000);
}

/* The time by which so many in a hundred were acknowledged; -1: none was. */
static int64_t latency_percentile(const struct statistics *statistics, unsigned percent)
{
    uint64_t wanted = (statistics->acknowledged * percent + 99) / 100, found = 0;
    for (unsigned i = 0; i < ACKNOWLEDGE_BUCKETS && statistics->acknowledged > 0; i++) {
        found += statistics->latencies[i];
        if (found >= wanted && found > 0)
            return latency_of(i);
    }
    return -1;
}

static struct alarm_key *key_of(struct statistics *statistics, const struct alarm_entry *entry)
{
    uint32_t at =
        (entry->rule * UINT32_C(2654435761) ^ entry->point * UINT32_C(2246822519)) % KEY_SLOTS;
    while (statistics->slots[at] != 0) {
        struct alarm_key *key = &statistics->keys[statistics->slots[at] - 1];
        if (key->rule == entry->rule && key->point == entry->point)
            return key;
        at = (at + 1) % KEY_SLOTS;
    }
    statistics->cut = statistics->cut || statistics->key_count == KEYS_MAX;
    if (statistics->key_count == KEYS_MAX)
        return NULL;
    statistics->slots[at] = (uint32_t)++statistics->key_count;
    struct alarm_key *key = &statistics->keys[statistics->key_count - 1];
    *key = (struct alarm_key){.rule = entry->rule, .point = entry->point, .tenant = entry->tenant};
    return key;
}

static void key_told(struct alarm_key *key, int64_t wall_ns)
{
    key->told++;
    key->chatters += key->recent_ns[CHATTER_TIMES - 2] != 0 &&
                     wall_ns - key->recent_ns[CHATTER_TIMES - 2] < CHATTER_NS;
    memmove(key->recent_ns + 1, key->recent_ns, (CHATTER_TIMES - 2) * sizeof key->recent_ns[0]);
    key->recent_ns[0] = wall_ns;
    if (key->told_ns == 0)
        key->told_ns = wall_ns;
}

static void entry_take(struct statistics *statistics, const struct alarm_entry *entry)
{
    bool told = entry->flags & ALARM_ENTRY_TOLD && !(entry->flags & ALARM_ENTRY_LATE);
    bool acknowledged = entry->event == ALARM_ACKNOWLEDGE;
    bool counted = entry->event == ALARM_EVENT_CHATTERS;
    if (!told && !acknowledged && !counted)
        return;
    struct alarm_key *key = key_of(statistics, entry);
    if (counted && key != NULL) /* of two changes one would have been told */
        key->chatters += (uint32_t)entry->value / 2;
    if (told) {
        int64_t at = (entry->wall_ns - statistics->from_ns) / BUCKET_NS;
        statistics->raised++;
        if (at >= 0 && (size_t)at < statistics->bucket_count)
            statistics->buckets[at]++;
        if (entry->priority <= ALARM_PRIORITIES)
            statistics->by_priority[entry->priority]++;
        if (key != NULL)
            key_told(key, entry->wall_ns);
    }
    if (acknowledged && key != NULL && key->told_ns != 0) {
        statistics->acknowledged++;
        statistics->latencies[latency_bucket(entry->wall_ns - key->told_ns)]++;
        key->told_ns = 0;
    }
}

static void row_take(struct statistics *statistics, const struct alarm_view *view)
{
    if (!alarm_is_active(view->machine))
        return;
    statistics->stale += view->kind == RULE_STALE;
    int64_t for_ns = statistics->now_ns - view->raised_wall_ns;
    if (for_ns < STANDING_NS)
        return;
    statistics->standing_all++;
    if (statistics->standing_count < SHOWN_MAX)
        statistics->standing[statistics->standing_count++] =
            (struct standing){view->alarm, view->rule, view->point, view->tenant, for_ns};
}

/* ---- the answer --------------------------------------------------------------------------------
 */
static void alarm_name_put(struct exchange *exchange, uint32_t tenant, uint32_t rule,
                           uint32_t point)
{
    struct json_writer *json = &exchange->json;
    uint8_t path[PATH_MAX_BYTES];
    size_t size = 0;
    if (alarm_path(exchange, rule, point, path, &size))
        path_put(exchange, json, "path", tenant, bytes_of(path, size));
    else
        json_member_null(json, "path");
    put_text(json, "rule", alarms_rule_name(alarms_of(exchange), rule));
}

static void put_seconds(struct json_writer *json, const char *name, int64_t ns)
{
    if (ns < 0)
        json_member_null(json, name);
    else
        json_member_real(json, name, (double)(ns / (NS_PER_S / 1000)) / 1000);
}

static int64_t bucket_time(const struct statistics *statistics, size_t bucket)
{
    return statistics->from_ns + (int64_t)bucket * BUCKET_NS;
}

static void rate_put(struct json_writer *json, const struct statistics *statistics)
{
    size_t most = 0;
    for (size_t i = 0; i < statistics->bucket_count; i++)
        if (statistics->buckets[i] > statistics->buckets[most])
            most = i;
    json_put_name(json, "per_10_minutes");
    json_put_object(json);
    json_member_real(json, "mean", (double)statistics->raised / (double)statistics->bucket_count);
    json_member_count(json, "most", statistics->buckets[most]);
    json_member_time(json, "at", statistics->buckets[most] > 0 ? bucket_time(statistics, most) : 0);
    json_put_object_end(json);
}

static void floods_put(struct json_writer *json, const struct statistics *statistics)
{
    unsigned shown = 0;
    json_put_name(json, "floods");
    json_put_array(json);
    for (size_t i = 0; i < statistics->bucket_count && shown < SHOWN_MAX; i++) {
        size_t from = i;
        uint64_t alarms = 0;
        while (i < statistics->bucket_count && statistics->buckets[i] > FLOOD_MORE_THAN)
            alarms += statistics->buckets[i++];
        if (i == from)
            continue;
        json_put_object(json);
        json_member_time(json, "from", bucket_time(statistics, from));
        json_member_time(json, "to", bucket_time(statistics, i));
        json_member_count(json, "alarms", alarms);
        json_put_object_end(json);
        shown++;
    }
    json_put_array_end(json);
}

/* The keys with the most, by what is counted in them. */
static void top_put(struct exchange *exchange, const struct statistics *statistics,
                    const char *name, size_t counted, unsigned most)
{
    struct json_writer *json = &exchange->json;
    const struct alarm_key *top[TOP_SHOWN];
    size_t count = 0;
    for (size_t i = 0; i < statistics->key_count; i++) {
        const struct alarm_key *key = &statistics->keys[i];
        uint32_t times = *(const uint32_t *)(const void *)((const char *)key + counted);
        size_t at = count;
        while (at > 0 &&
               times > *(const uint32_t *)(const void *)((const char *)top[at - 1] + counted))
            at--;
        if (times == 0 || at >= most)
            continue;
        count += count < most;
        memmove(top + at + 1, top + at, (count - at - 1) * sizeof top[0]);
        top[at] = key;
    }
    json_put_name(json, name);
    json_put_array(json);
    for (size_t i = 0; i < count; i++) {
        json_put_object(json);
        alarm_name_put(exchange, top[i]->tenant, top[i]->rule, top[i]->point);
        json_member_count(json, "times",
                          *(const uint32_t *)(const void *)((const char *)top[i] + counted));
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void standing_put(struct exchange *exchange, const struct statistics *statistics)
{
    struct json_writer *json = &exchange->json;
    json_put_name(json, "standing");
    json_put_array(json);
    for (size_t i = 0; i < statistics->standing_count; i++) {
        const struct standing *standing = &statistics->standing[i];
        json_put_object(json);
        json_member_count(json, "alarm", standing->alarm);
        alarm_name_put(exchange, standing->tenant, standing->rule, standing->point);
        put_seconds(json, "for", standing->for_ns);
        json_put_object_end(json);
    }
    json_put_array_end(json);
    json_member_count(json, "standing_count", statistics->standing_all);
}

/* A shift ends where the next begins, or with the range. */
static void shifts_put(struct json_writer *json, const struct statistics *statistics)
{
    size_t length = (size_t)(statistics->shift_ns / BUCKET_NS);
    json_put_name(json, "by_shift");
    json_put_array(json);
    for (size_t i = 0; i < statistics->bucket_count; i += length) {
        size_t end = i + length < statistics->bucket_count ? i + length : statistics->bucket_count;
        uint64_t raised = 0, most = 0;
        for (size_t j = i; j < end; j++) {
            raised += statistics->buckets[j];
            most = statistics->buckets[j] > most ? statistics->buckets[j] : most;
        }
        json_put_object(json);
        json_member_time(json, "from", bucket_time(statistics, i));
        json_member_time(json, "to", bucket_time(statistics, end));
        json_member_count(json, "raised", raised);
        json_member_count(json, "most_in_10_minutes", most);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void series_put(struct json_writer *json, const struct statistics *statistics)
{
    size_t together = (statistics->bucket_count + SERIES_MAX - 1) / SERIES_MAX;
    json_put_name(json, "series");
    json_put_array(json);
    for (size_t i = 0; i < statistics->bucket_count; i += together) {
        uint64_t raised = 0;
        for (size_t j = i; j < i + together && j < statistics->bucket_count; j++)
            raised += statistics->buckets[j];
        json_put_object(json);
        json_member_time(json, "time", bucket_time(statistics, i));
        json_member_count(json, "raised", raised);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static enum handled statistics_answer(struct exchange *exchange)
{
    const struct statistics *statistics = exchange->state;
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    json_member_time(json, "from", statistics->from_ns);
    json_member_time(json, "to", statistics->to_ns);
    json_member_count(json, "raised", statistics->raised);
    rate_put(json, statistics);
    floods_put(json, statistics);
    top_put(exchange, statistics, "chattering", offsetof(struct alarm_key, chatters), TOP_SHOWN);
    standing_put(exchange, statistics);
    json_member_count(json, "stale", statistics->stale);
    top_put(exchange, statistics, "top", offsetof(struct alarm_key, told), TOP_SHOWN);
    json_put_name(json, "acknowledge");
    json_put_object(json);
    json_member_count(json, "count", statistics->acknowledged);
    put_seconds(json, "median", latency_percentile(statistics, 50));
    put_seconds(json, "p90", latency_percentile(statistics, 90));
    json_put_object_end(json);
    json_put_name(json, "by_priority");
    json_put_array(json);
    for (int i = 1; i <= ALARM_PRIORITIES; i++)
        json_put_count(json, statistics->by_priority[i]);
    json_put_array_end(json);
    shifts_put(json, statistics);
    series_put(json, statistics);
    json_member_bool(json, "cut", statistics->cut);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

/* ---- the way there -----------------------------------------------------------------------------
 */
static enum handled rows_step(struct exchange *exchange)
{
    struct statistics *statistics = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    struct alarm_view view;
    enum alarm_walked walked;
    while (!statistics->filter.none &&
           (walked = alarm_walk_next(alarms_of(exchange), statistics->filter.tenant,
                                     &statistics->walk, &view)) != WALK_END) {
        if (walked == WALK_FOUND && filter_wants_alarm(exchange, &statistics->filter, &view))
            row_take(statistics, &view);
        if (walked == WALK_MORE || turn_is_over(&turn, 256))
            return HANDLED_STEP;
    }
    return statistics_answer(exchange);
}

static enum handled entries_step(struct exchange *exchange)
{
    struct statistics *statistics = exchange->state;
    const struct alarms *alarms = alarms_of(exchange);
    struct turn turn = turn_begin(exchange->web);
    struct alarm_entry entry;
    if (statistics->entry < alarms_entries_first(alarms))
        statistics->entry = alarms_entries_first(alarms);
    while (statistics->entry <= alarms_entries(alarms) && statistics->entry > 0) {
        alarms_entry(alarms, statistics->entry++, &entry);
        if (entry.wall_ns >= statistics->to_ns)
            break;
        if (entry.event != ALARM_EVENT_HANDOVER && entry.wall_ns >= statistics->from_ns &&
            filter_wants(exchange, &statistics->filter, entry.tenant, entry.rule, entry.point,
                         entry.priority))
            entry_take(statistics, &entry);
        if (turn_is_over(&turn, 128))
            return HANDLED_STEP;
    }
    exchange->resume = rows_step;
    return rows_step(exchange);
}

/* False: it was answered. */
static bool range_read(struct exchange *exchange, struct statistics *statistics)
{
    struct clock *clock = exchange->web->config.clock;
    struct bytes text;
    /* The second under way is in it. */
    statistics->now_ns = (clock->wall_ns(clock) / NS_PER_S + 1) * NS_PER_S;
    statistics->to_ns = statistics->now_ns;
    if (!query_time(exchange, "to", &statistics->to_ns))
        return false;
    statistics->from_ns = statistics->to_ns - STANDING_NS;
    if (!query_time(exchange, "from", &statistics->from_ns))
        return false;
    statistics->shift_ns = 8 * 3600 * NS_PER_S;
    if (query_text(exchange, "shift", &text) &&
        (!span_parse(text, &statistics->shift_ns) || statistics->shift_ns < BUCKET_NS)) {
        answer_parameter(exchange, "shift", "how long a shift is, as 8h, from 10m on,", text);
        return false;
    }
    int64_t range_ns = statistics->to_ns - statistics->from_ns;
    if (range_ns > 0 && range_ns <= STATISTICS_RANGE_MAX &&
        range_ns / statistics->shift_ns < SHIFTS_MAX)
        return true;
    answer_problem(exchange, 400, "parameter", "a parameter is wrong",
                   "from is before to, by 400 days and by 1,000 shifts at most");
    return false;
}

enum handled handle_alarm_statistics(struct exchange *exchange)
{
    struct statistics *statistics = exchange_keep(exchange, sizeof *statistics);
    if (statistics == NULL)
        return HANDLED;
    exchange->drop = statistics_drop;
    if (!range_read(exchange, statistics) || !filter_query(exchange, &statistics->filter))
        return HANDLED;
    int64_t range_ns = statistics->to_ns - statistics->from_ns;
    statistics->bucket_count = (size_t)((range_ns + BUCKET_NS - 1) / BUCKET_NS);
    statistics->buckets = calloc(statistics->bucket_count, sizeof *statistics->buckets);
    statistics->slots = calloc(KEY_SLOTS, sizeof *statistics->slots);
    statistics->keys = malloc(KEYS_MAX * sizeof *statistics->keys);
    exchange->kept = statistics->bucket_count * sizeof *statistics->buckets +
                     KEY_SLOTS * sizeof *statistics->slots + KEYS_MAX * sizeof *statistics->keys;
    if (statistics->buckets == NULL || statistics->slots == NULL || statistics->keys == NULL)
        return answer_memory(exchange);
    statistics->entry = statistics->filter.none
                            ? alarms_entries(alarms_of(exchange)) + 1
                            : alarms_entry_at(alarms_of(exchange), statistics->from_ns);
    exchange->resume = entries_step;
    return entries_step(exchange);
}
