/* The state: counters, rates and limits as JSON. Numbers are totals since the start unless their
 * name says otherwise; times end in _ns, _us or _s. */
#include "report/room.h"

#include <string.h>
#include <unistd.h>

/* ---- state
 * --------------------------------------------------------------------------------------- */
static json_t *state_latency(const struct broker_counters *counters)
{
    json_t *object = json_object(), *histogram = json_array();
    size_t last = 0;
    report_put(object, "p50", broker_latency_share(counters, 0.50));
    report_put(object, "p90", broker_latency_share(counters, 0.90));
    report_put(object, "p99", broker_latency_share(counters, 0.99));
    report_put(object, "max", counters->latency_us_max);
    for (size_t i = 0; i < LATENCY_BUCKETS; i++)
        last = counters->latency[i] > 0 ? i + 1 : last;
    for (size_t i = 0; i < last; i++)
        json_array_append_new(histogram, json_integer((json_int_t)counters->latency[i]));
    json_object_set_new(object, "histogram", histogram); /* [i]: answers in less than 2^i us */
    return object;
}

static void state_mqtt_messages(json_t *object, const struct broker_counters *counters)
{
    report_put(object, "packets", counters->packets);
    report_put(object, "packets_out", counters->packets_out);
    report_put(object, "messages_qos_0", counters->qos_0);
    report_put(object, "messages_qos_1", counters->qos_1);
    report_put(object, "messages_qos_2", counters->qos_2);
    report_put(object, "acknowledged", counters->acks);
    report_put(object, "refused", counters->negative_acks);
    report_put(object, "dropped", counters->dropped);
    report_put(object, "delivered", counters->delivered);
    report_put(object, "dropped_slow", counters->dropped_slow);
    report_put(object, "dropped_queue", counters->dropped_queue);
    report_put(object, "dropped_size", counters->dropped_size);
    report_put(object, "dropped_expired", counters->dropped_expired);
    report_put(object, "dropped_denied", counters->dropped_denied);
    report_put(object, "denied", counters->denied);
    report_put(object, "revoked", counters->revoked);
    report_put(object, "held_quota", counters->held_quota);
    report_put(object, "held_turn", counters->held_turn);
    report_put(object, "wills", counters->wills);
    report_put(object, "waits", counters->waits);
}

static void state_mqtt_kept(json_t *object, const struct report_sources *sources)
{
    struct broker_state state;
    struct sessions_counts counts;
    broker_describe(sources->broker, &state);
    sessions_describe(engine_sessions(sources->engine), &counts);
    report_put(object, "clients", state.clients);
    report_put(object, "sessions", state.sessions);
    report_put(object, "sessions_away", counts.sessions - counts.connected);
    report_put(object, "subscriptions", state.subscriptions);
    report_put(object, "subscriptions_shared", state.shared);
    report_put(object, "retained", state.retained);
    report_put(object, "retained_bytes", state.retained_bytes);
    report_put(object, "queued", state.queued);
    report_put(object, "stored_bytes", state.stored_bytes);
    report_put(object, "in_flight", state.in_flight);
    report_put(object, "skipped", state.skipped);
    report_put(object, "memory", state.memory);
}

static json_t *state_mqtt(const struct report_sources *sources)
{
    const struct counters *counters = sources->counters;
    const struct broker_counters *mqtt = broker_counters(sources->broker);
    json_t *object = json_object(), *closed = json_object();
    json_object_set_new(object, "address", json_string(sources->mqtt_address));
    report_put(object, "connections", *sources->connections);
    report_put(object, "connections_max", *sources->connections_max);
    report_put(object, "accepted", counters->accepted);
    report_put(object, "turned_away", counters->turned_away);
    state_mqtt_kept(object, sources);
    state_mqtt_messages(object, mqtt);
    report_put(object, "bytes_in", counters->bytes_in);
    report_put(object, "bytes_out", counters->bytes_out);
    report_put(object, "wakeups", counters->wakeups);
    report_put(object, "reads", counters->reads);
    report_put(object, "sends", counters->sends);
    double messages = (double)(mqtt->qos_0 + mqtt->qos_1 + mqtt->qos_2);
    report_put_real(object, "messages_per_wakeup",
                    counters->wakeups ? messages / (double)counters->wakeups : 0);
    report_put_real(object, "messages_per_read",
                    counters->reads ? messages / (double)counters->reads : 0);
    for (size_t i = 0; i < CAUSE_COUNT; i++)
        report_put(closed, cause_word((enum cause)i), counters->closed[i]);
    json_object_set_new(object, "closed", closed);
    json_object_set_new(object, "latency_us", state_latency(mqtt));
    return object;
}

static json_t *state_rates(const struct report_sources *sources,
                           const struct engine_counters *engine, uint64_t cpu_ns)
{
    const struct counters *counters = sources->counters;
    const struct rate_totals *before = rates_before(sources->rates, *sources->now_ns);
    json_t *object = json_object();
    if (!before)
        return object;
    double seconds = (double)(*sources->now_ns - before->at_ns) / 1e9;
    const struct broker_counters *mqtt = broker_counters(sources->broker);
    uint64_t messages = mqtt->qos_0 + mqtt->qos_1 + mqtt->qos_2;
    report_put_real(object, "seconds", seconds);
    report_put_real(object, "messages", (double)(messages - before->messages) / seconds);
    report_put_real(object, "values", (double)(engine->values - before->values) / seconds);
    report_put_real(object, "bytes_in", (double)(counters->bytes_in - before->bytes_in) / seconds);
    report_put_real(object, "acknowledged", (double)(mqtt->acks - before->acks) / seconds);
    report_put_real(object, "delivered", (double)(mqtt->delivered - before->delivered) / seconds);
    report_put_real(object, "bytes_out",
                    (double)(counters->bytes_out - before->bytes_out) / seconds);
    report_put_real(object, "wakeups", (double)(counters->wakeups - before->wakeups) / seconds);
    report_put_real(object, "reads", (double)(counters->reads - before->reads) / seconds);
    if (sources->requests)
        report_put_real(object, "requests",
                        (double)(*sources->requests - before->requests) / seconds);
    report_put_real(object, "cores", (double)(cpu_ns - before->cpu_ns) / 1e9 / seconds);
    return object;
}

static json_t *state_engine(const struct engine_counters *engine)
{
    json_t *object = json_object(), *refused = json_object(), *faults = json_object();
    report_put(object, "messages", engine->messages);
    report_put(object, "values", engine->values);
    report_put(object, "applied_values", engine->applied_values);
    report_put(object, "late_values", engine->late_values);
    report_put(object, "unknown_values", engine->unknown_values);
    report_put(object, "fast_messages", engine->fast_messages);
    report_put(object, "lines", engine->lines);
    report_put(object, "fast_lines", engine->fast_lines);
    report_put(object, "refused_lines", engine->refused_lines);
    report_put(object, "commands", engine->commands);
    report_put(object, "outcomes", engine->outcomes);
    report_put(object, "position", engine->position);
    report_put(object, "step_ns_max", (uint64_t)engine->step_ns_max);
    report_put(object, "step_ns_max_in_snapshot", (uint64_t)engine->step_ns_max_in_snapshot);
    report_put(object, "memory", engine->memory);
    for (size_t i = ADMIT_DONE + 1; i < ADMIT_WAIT; i++)
        report_put(refused, admit_name((enum admit)i), engine->refused[i]);
    for (size_t i = PAYLOAD_OK + 1; i < PAYLOAD_FAULTS; i++)
        report_put(faults, payload_fault_name((enum payload_fault)i), engine->faults[i]);
    json_object_set_new(object, "refused", refused);
    json_object_set_new(object, "faults", faults);
    return object;
}

static json_t *state_snapshot(const struct report_sources *sources,
                              const struct engine_counters *engine)
{
    json_t *object = json_object();
    json_object_set_new(object, "active", json_boolean(engine_snapshot_active(sources->engine)));
    report_put(object, "count", engine->snapshots);
    report_put(object, "position", engine->snapshot_position);
    report_put(object, "bytes", engine->snapshot_bytes);
    report_put(object, "took_ns", (uint64_t)engine->snapshot_ns);
    return object;
}

static json_t *state_journal(const struct report_sources *sources)
{
    struct journal_state journal;
    json_t *object = json_object(), *histogram = json_array();
    size_t last = 0;
    journal_describe(engine_journal(sources->engine), &journal);
    json_object_set_new(object, "mode", json_string(sources->disk->mode(sources->disk)));
    report_put(object, "first_position", journal.first_position);
    report_put(object, "durable_position", journal.durable_position);
    report_put(object, "segments", journal.segments);
    report_put(object, "bytes", journal.bytes);
    report_put(object, "bytes_written", journal.bytes_written);
    report_put(object, "bytes_payload", journal.bytes_payload);
    report_put(object, "batches", journal.batches);
    report_put(object, "records", journal.records);
    report_put(object, "segment", journal.segment_number);
    report_put(object, "segment_used", journal.segment_used);
    report_put(object, "segment_size", journal.segment_size);
    json_object_set_new(object, "disk_full", json_boolean(journal.disk_full));
    json_object_set_new(object, "stopped", json_boolean(journal.stopped));
    report_put(object, "lag_ns", (uint64_t)lag_ns(sources->lag, *sources->now_ns));
    report_put(object, "lag_ns_max", (uint64_t)sources->lag->longest_ns);
    report_put(object, "write_ns_last", (uint64_t)journal.write_ns_last);
    report_put(object, "write_ns_max", (uint64_t)journal.write_ns_max);
    for (size_t i = 0; i < ARRAY_COUNT(journal.write_histogram); i++)
        last = journal.write_histogram[i] > 0 ? i + 1 : last;
    for (size_t i = 0; i < last; i++)
        json_array_append_new(histogram, json_integer((json_int_t)journal.write_histogram[i]));
    json_object_set_new(object, "write_us_histogram", histogram);
    return object;
}

/* Of the file system that the data is on. */
static json_t *state_disk(const struct report_sources *sources)
{
    uint64_t space = 0, total = 0;
    json_t *object = json_object();
    bool known = os_folder_space(sources->settings->data, &space, &total);
    json_object_set_new(object, "free", known ? json_integer((json_int_t)space) : json_null());
    json_object_set_new(object, "total", known ? json_integer((json_int_t)total) : json_null());
    return object;
}

/* What is held, by part; together it is less than the resident set, for the program itself, stacks
 * and what malloc keeps are not in it. add_http adds "http", "live" and "namespace". */
static json_t *state_parts(const struct report_sources *sources,
                           const struct engine_counters *engine)
{
    struct sessions_counts counts;
    uint64_t indexes = points_memory(engine_points(sources->engine)) +
                       archive_memory(engine_archive(sources->engine));
    json_t *object = json_object();
    sessions_describe(engine_sessions(sources->engine), &counts);
    report_put(object, "tables", engine->memory - indexes);
    report_put(object, "indexes", indexes + counts.memory);
    report_put(object, "journal", 2 * BATCH_BYTES_MAX); /* the open batch and the one under way */
    report_put(object, "mqtt", sources->mqtt_memory->used);
    return object;
}

static json_t *state_damage(const struct report_sources *sources)
{
    const struct journal *journal = engine_journal(sources->engine);
    json_t *list = json_array();
    for (size_t i = 0; i < journal_damage_count(journal); i++) {
        const struct journal_damage *damage = journal_damage_at(journal, i);
        json_t *object = json_object();
        report_put(object, "segment", damage->segment);
        report_put(object, "offset", damage->offset);
        report_put(object, "bytes", damage->bytes);
        report_put(object, "first_position", damage->first_position);
        report_put(object, "records", damage->records);
        json_object_set_new(object, "before", report_time(damage->wall_before_ns));
        json_object_set_new(object, "after", report_time(damage->wall_after_ns));
        json_object_set_new(object, "why", report_text(bytes_text(damage->why)));
        json_object_set_new(object, "file", report_text(bytes_text(damage->file)));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *state_points(const struct report_sources *sources)
{
    const struct points *points = engine_points(sources->engine);
    json_t *object = json_object();
    report_put(object, "count", points_count(points));
    report_put(object, "rows", points_rows(points));
    report_put(object, "retired", points_retired(points));
    return object;
}

static json_t *state_limits(const struct report_sources *sources)
{
    const struct settings *settings = sources->settings;
    json_t *object = json_object();
    report_put(object, "points.max", settings->points_max);
    report_put(object, "points.new_per_second", settings->points_rate);
    report_put(object, "points.per_connection", settings->points_connection);
    report_put(object, "mqtt.connections", settings->mqtt_connections);
    report_put(object, "mqtt.packet", settings->mqtt_packet);
    report_put(object, "mqtt.receive_maximum", settings->mqtt_receive);
    report_put(object, "mqtt.topic_alias_maximum", settings->mqtt_alias);
    report_put(object, "mqtt.memory", settings->mqtt_memory);
    report_put(object, "http.connections", settings->http_connections);
    report_put(object, "http.memory", settings->http_memory);
    report_put(object, "http.body", settings->http_body);
    report_put(object, "http.viewers", settings->http_viewers);
    report_put(object, "http.live_points", settings->http_live_points);
    return object;
}

static json_t *state_start(const struct engine_start *start)
{
    json_t *object = json_object();
    report_put(object, "snapshot_position", start->snapshot_position);
    report_put(object, "replayed_batches", start->replayed_batches);
    report_put(object, "replayed_records", start->replayed_records);
    report_put(object, "replayed_values", start->replayed_values);
    report_put(object, "snapshot_load_ns", (uint64_t)start->snapshot_load_ns);
    report_put(object, "replay_ns", (uint64_t)start->replay_ns);
    report_put(object, "total_ns", (uint64_t)start->total_ns);
    return object;
}

json_t *report_state(const struct report_sources *sources)
{
    struct engine_counters engine;
    uint64_t cpu_ns = os_cpu_ns();
    engine_describe(sources->engine, &engine);
    json_t *state = json_object();
    json_object_set_new(state, "version", json_string(MAINSTEM_VERSION));
    report_put(state, "pid", (uint64_t)getpid());
    json_object_set_new(state, "data", report_text(bytes_text(sources->settings->data)));
    report_put_real(state, "uptime_s", (double)(*sources->now_ns - sources->started_ns) / 1e9);
    json_object_set_new(state, "started", report_time(sources->started_wall_ns));
    report_put(state, "cpu_ns", cpu_ns);
    report_put(state, "memory_bytes", os_memory_bytes());
    json_object_set_new(state, "mqtt", state_mqtt(sources));
    json_object_set_new(state, "rates", state_rates(sources, &engine, cpu_ns));
    json_object_set_new(state, "points", state_points(sources));
    json_object_set_new(state, "engine", state_engine(&engine));
    json_object_set_new(state, "snapshot", state_snapshot(sources, &engine));
    json_object_set_new(state, "journal", state_journal(sources));
    json_object_set_new(state, "disk", state_disk(sources));
    json_object_set_new(state, "memory", state_parts(sources, &engine));
    json_object_set_new(state, "damage", state_damage(sources));
    json_object_set_new(state, "limits", state_limits(sources));
    json_object_set_new(state, "start", state_start(sources->start));
    if (sources->add_http)
        sources->add_http(sources->arg, state);
    return state;
}
