/* What the server knows of itself, as JSON. Numbers are totals since the start unless their name
 * says otherwise; times end in _ns, _us or _s. */
#include "server/control.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void put(json_t *object, const char *name, uint64_t number)
{
    json_object_set_new(object, name, json_integer((json_int_t)number));
}

static void put_real(json_t *object, const char *name, double real)
{
    json_object_set_new(object, name, json_real(isfinite(real) ? real : 0));
}

/* ---- text
 * ---------------------------------------------------------------------------------------- */
json_t *report_text(struct bytes text)
{
    for (size_t cut = 0; cut < 4 && cut <= text.size; cut++)
        if (bytes_are_utf8(bytes_of(text.at, text.size - cut)))
            return json_stringn(text.size - cut ? (const char *)text.at : "", text.size - cut);
    return json_string("(no UTF-8)");
}

static json_t *report_time(int64_t time_ns)
{
    char text[TIME_TEXT_SIZE];
    return time_ns == 0 ? json_null() : json_string(time_format(time_ns, text));
}

/* ---- points
 * -------------------------------------------------------------------------------------- */
static json_t *point_value(const struct value *value)
{
    if (!value->present)
        return json_null();
    switch (value->type) {
    case VALUE_FLOAT64:
        return json_real(value_real(value));
    case VALUE_INT64:
        return json_integer(value->number);
    case VALUE_BOOL:
        return json_boolean(value->number != 0);
    case VALUE_STRING:
        return report_text(value->text);
    default:
        return json_null();
    }
}

/* The shortest decimal that reads back as this double. */
static void real_text(double real, char *text, size_t size)
{
    for (int digits = 15; digits <= 17; digits++) {
        double again = 0;
        snprintf(text, size, "%.*g", digits, real);
        if (sscanf(text, "%lf", &again) == 1 && again == real)
            return;
    }
}

/* The value as a person writes it: 21.3, not 21.300000000000001. */
static json_t *point_text(const struct value *value)
{
    char text[64] = "";
    if (!value->present)
        return json_string("");
    if (value->type == VALUE_STRING)
        return report_text(value->text);
    if (value->type == VALUE_FLOAT64)
        real_text(value_real(value), text, sizeof text);
    else if (value->type == VALUE_BOOL)
        return json_string(value->number ? "true" : "false");
    else
        snprintf(text, sizeof text, "%" PRId64, value->number);
    return json_string(text);
}

static void point_settings(json_t *object, const struct point_view *view)
{
    static const char *const kinds[LIMIT_KINDS] = {[LIMIT_LOW_LOW] = "low_low",
                                                   [LIMIT_LOW] = "low",
                                                   [LIMIT_HIGH] = "high",
                                                   [LIMIT_HIGH_HIGH] = "high_high"};
    json_t *labels = json_object(), *limits = json_object();
    for (size_t i = 0; i < view->label_count; i++)
        json_object_setn_new(labels, (const char *)view->labels[i].name.at,
                             view->labels[i].name.size, report_text(view->labels[i].value));
    for (size_t i = 0; i < LIMIT_KINDS; i++)
        if (!isnan(view->limits[i]))
            put_real(limits, kinds[i], view->limits[i]);
    json_object_set_new(object, "description", report_text(view->description));
    json_object_set_new(object, "labels", labels);
    json_object_set_new(object, "limits", limits);
    put(object, "row", view->row);
    put(object, "tenant", view->tenant);
}

static json_t *point_json(const struct point_view *view, struct bytes path, bool whole)
{
    static const char *const states[] = {
        [LIMIT_STATE_NONE] = "none", [LIMIT_STATE_LOW_LOW] = "low_low",
        [LIMIT_STATE_LOW] = "low",   [LIMIT_STATE_NORMAL] = "normal",
        [LIMIT_STATE_HIGH] = "high", [LIMIT_STATE_HIGH_HIGH] = "high_high"};
    const char *quality = quality_name(view->value.quality);
    const char *type = value_type_name(view->value.type);
    json_t *object = json_object();
    put(object, "point", view->point);
    json_object_set_new(object, "path", report_text(path));
    json_object_set_new(object, "type", json_string(type ? type : "none"));
    json_object_set_new(object, "value", view->time_ns ? point_value(&view->value) : json_null());
    json_object_set_new(object, "text", view->time_ns ? point_text(&view->value) : json_string(""));
    json_object_set_new(object, "quality", json_string(quality ? quality : "unknown"));
    json_object_set_new(object, "time", report_time(view->time_ns));
    put(object, "time_ns", (uint64_t)view->time_ns);
    json_object_set_new(object, "arrival", report_time(view->arrival_ns));
    put(object, "arrival_ns", (uint64_t)view->arrival_ns);
    json_object_set_new(object, "unit", report_text(view->unit));
    json_object_set_new(object, "limit_state", json_string(states[view->limit_state]));
    if (whole)
        point_settings(object, view);
    return object;
}

json_t *report_point(struct server *server, uint32_t point, bool whole)
{
    struct points *points = engine_points(server->engine);
    struct point_view view;
    uint8_t path[PATH_MAX_BYTES];
    points_view(points, point, &view);
    return point_json(&view, bytes_of(path, points_path(points, point, path)), whole);
}

json_t *report_points(struct server *server, struct bytes filter, uint32_t after, uint32_t most)
{
    struct points *points = engine_points(server->engine);
    uint32_t count = points_count(points), point = after, looked = 0;
    uint8_t path[PATH_MAX_BYTES];
    struct point_view view;
    size_t bytes = 0;
    json_t *list = json_array();
    while (point < count && looked < CONTROL_LOOKED && json_array_size(list) < most &&
           bytes < CONTROL_ANSWER_MAX) {
        point++;
        looked++;
        size_t size = points_path(points, point, path);
        if (!path_matches(bytes_of(path, size), filter))
            continue;
        points_view(points, point, &view);
        if (view.retired)
            continue;
        bytes += 400 + size + 2 * view.value.text.size * (view.value.type == VALUE_STRING);
        json_array_append_new(list, point_json(&view, bytes_of(path, size), false));
    }
    return json_pack("{s:o,s:o,s:I}", "points", list, "next",
                     point < count ? json_integer((json_int_t)point) : json_null(), "count",
                     (json_int_t)count);
}

/* ---- refusals
 * ------------------------------------------------------------------------------------ */
json_t *report_refused(struct server *server)
{
    json_t *list = json_array();
    for (size_t i = 0; i < engine_refused_count(server->engine); i++) {
        const struct refused *refused = engine_refused_at(server->engine, i);
        json_t *object = json_object();
        json_object_set_new(object, "topic",
                            report_text(bytes_of(refused->topic, refused->topic_size)));
        json_object_set_new(object, "reason", json_string(admit_name(refused->admit)));
        json_object_set_new(object, "text",
                            json_string(refused->fault != PAYLOAD_OK
                                            ? payload_fault_text(refused->fault)
                                            : admit_text(refused->admit)));
        if (refused->fault != PAYLOAD_OK)
            json_object_set_new(object, "fault", json_string(payload_fault_name(refused->fault)));
        put(object, "count", refused->count);
        json_object_set_new(object, "first", report_time(refused->first_wall_ns));
        json_object_set_new(object, "last", report_time(refused->last_wall_ns));
        json_array_append_new(list, object);
    }
    return json_pack("{s:o}", "refused", list);
}

/* ---- state
 * --------------------------------------------------------------------------------------- */
static json_t *state_latency(const struct broker_counters *counters)
{
    json_t *object = json_object(), *histogram = json_array();
    size_t last = 0;
    put(object, "p50", broker_latency_share(counters, 0.50));
    put(object, "p90", broker_latency_share(counters, 0.90));
    put(object, "p99", broker_latency_share(counters, 0.99));
    put(object, "max", counters->latency_us_max);
    for (size_t i = 0; i < LATENCY_BUCKETS; i++)
        last = counters->latency[i] > 0 ? i + 1 : last;
    for (size_t i = 0; i < last; i++)
        json_array_append_new(histogram, json_integer((json_int_t)counters->latency[i]));
    json_object_set_new(object, "histogram", histogram); /* [i]: answers in less than 2^i us */
    return object;
}

static void state_mqtt_messages(json_t *object, const struct broker_counters *counters)
{
    put(object, "packets", counters->packets);
    put(object, "packets_out", counters->packets_out);
    put(object, "messages_qos_0", counters->qos_0);
    put(object, "messages_qos_1", counters->qos_1);
    put(object, "messages_qos_2", counters->qos_2);
    put(object, "acknowledged", counters->acks);
    put(object, "refused", counters->negative_acks);
    put(object, "dropped", counters->dropped);
    put(object, "delivered", counters->delivered);
    put(object, "dropped_slow", counters->dropped_slow);
    put(object, "dropped_queue", counters->dropped_queue);
    put(object, "dropped_size", counters->dropped_size);
    put(object, "dropped_expired", counters->dropped_expired);
    put(object, "wills", counters->wills);
    put(object, "waits", counters->waits);
}

static void state_mqtt_kept(json_t *object, const struct server *server)
{
    struct broker_state state;
    struct sessions_counts counts;
    broker_describe(server->broker, &state);
    sessions_describe(engine_sessions(server->engine), &counts);
    put(object, "clients", state.clients);
    put(object, "sessions", state.sessions);
    put(object, "sessions_away", counts.sessions - counts.connected);
    put(object, "subscriptions", state.subscriptions);
    put(object, "subscriptions_shared", state.shared);
    put(object, "retained", state.retained);
    put(object, "retained_bytes", state.retained_bytes);
    put(object, "queued", state.queued);
    put(object, "stored_bytes", state.stored_bytes);
    put(object, "in_flight", state.in_flight);
    put(object, "skipped", state.skipped);
    put(object, "memory", state.memory);
}

static json_t *state_mqtt(const struct server *server)
{
    const struct counters *counters = &server->counters;
    const struct broker_counters *mqtt = broker_counters(server->broker);
    json_t *object = json_object(), *closed = json_object();
    json_object_set_new(object, "address", json_string(server->mqtt_address));
    put(object, "connections", server->connections);
    put(object, "connections_max", server->connections_max);
    put(object, "accepted", counters->accepted);
    put(object, "turned_away", counters->turned_away);
    state_mqtt_kept(object, server);
    state_mqtt_messages(object, mqtt);
    put(object, "bytes_in", counters->bytes_in);
    put(object, "bytes_out", counters->bytes_out);
    put(object, "wakeups", counters->wakeups);
    put(object, "reads", counters->reads);
    put(object, "sends", counters->sends);
    double messages = (double)(mqtt->qos_0 + mqtt->qos_1 + mqtt->qos_2);
    put_real(object, "messages_per_wakeup",
             counters->wakeups ? messages / (double)counters->wakeups : 0);
    put_real(object, "messages_per_read", counters->reads ? messages / (double)counters->reads : 0);
    for (size_t i = 0; i < CAUSE_COUNT; i++)
        put(closed, cause_word((enum cause)i), counters->closed[i]);
    json_object_set_new(object, "closed", closed);
    json_object_set_new(object, "latency_us", state_latency(mqtt));
    return object;
}

static json_t *state_rates(const struct server *server, const struct engine_counters *engine,
                           uint64_t cpu_ns)
{
    const struct counters *counters = &server->counters;
    const struct rate_totals *before = rates_before(&server->rates, server->now_ns);
    json_t *object = json_object();
    if (!before)
        return object;
    double seconds = (double)(server->now_ns - before->at_ns) / 1e9;
    const struct broker_counters *mqtt = broker_counters(server->broker);
    uint64_t messages = mqtt->qos_0 + mqtt->qos_1 + mqtt->qos_2;
    put_real(object, "seconds", seconds);
    put_real(object, "messages", (double)(messages - before->messages) / seconds);
    put_real(object, "values", (double)(engine->values - before->values) / seconds);
    put_real(object, "bytes_in", (double)(counters->bytes_in - before->bytes_in) / seconds);
    put_real(object, "acknowledged", (double)(mqtt->acks - before->acks) / seconds);
    put_real(object, "delivered", (double)(mqtt->delivered - before->delivered) / seconds);
    put_real(object, "bytes_out", (double)(counters->bytes_out - before->bytes_out) / seconds);
    put_real(object, "wakeups", (double)(counters->wakeups - before->wakeups) / seconds);
    put_real(object, "reads", (double)(counters->reads - before->reads) / seconds);
    put_real(object, "cores", (double)(cpu_ns - before->cpu_ns) / 1e9 / seconds);
    return object;
}

static json_t *state_engine(const struct engine_counters *engine)
{
    json_t *object = json_object(), *refused = json_object(), *faults = json_object();
    put(object, "messages", engine->messages);
    put(object, "values", engine->values);
    put(object, "applied_values", engine->applied_values);
    put(object, "late_values", engine->late_values);
    put(object, "unknown_values", engine->unknown_values);
    put(object, "fast_messages", engine->fast_messages);
    put(object, "commands", engine->commands);
    put(object, "outcomes", engine->outcomes);
    put(object, "position", engine->position);
    put(object, "step_ns_max", (uint64_t)engine->step_ns_max);
    put(object, "step_ns_max_in_snapshot", (uint64_t)engine->step_ns_max_in_snapshot);
    put(object, "memory", engine->memory);
    for (size_t i = ADMIT_DONE + 1; i < ADMIT_WAIT; i++)
        put(refused, admit_name((enum admit)i), engine->refused[i]);
    for (size_t i = PAYLOAD_OK + 1; i < PAYLOAD_FAULTS; i++)
        put(faults, payload_fault_name((enum payload_fault)i), engine->faults[i]);
    json_object_set_new(object, "refused", refused);
    json_object_set_new(object, "faults", faults);
    return object;
}

static json_t *state_snapshot(const struct server *server, const struct engine_counters *engine)
{
    json_t *object = json_object();
    json_object_set_new(object, "active", json_boolean(engine_snapshot_active(server->engine)));
    put(object, "count", engine->snapshots);
    put(object, "position", engine->snapshot_position);
    put(object, "bytes", engine->snapshot_bytes);
    put(object, "took_ns", (uint64_t)engine->snapshot_ns);
    return object;
}

static json_t *state_journal(const struct server *server)
{
    struct journal_state journal;
    json_t *object = json_object(), *histogram = json_array();
    size_t last = 0;
    journal_describe(engine_journal(server->engine), &journal);
    json_object_set_new(object, "mode", json_string(server->disk->mode(server->disk)));
    put(object, "first_position", journal.first_position);
    put(object, "durable_position", journal.durable_position);
    put(object, "segments", journal.segments);
    put(object, "bytes", journal.bytes);
    put(object, "bytes_written", journal.bytes_written);
    put(object, "bytes_payload", journal.bytes_payload);
    put(object, "batches", journal.batches);
    put(object, "records", journal.records);
    put(object, "segment", journal.segment_number);
    put(object, "segment_used", journal.segment_used);
    put(object, "segment_size", journal.segment_size);
    json_object_set_new(object, "disk_full", json_boolean(journal.disk_full));
    json_object_set_new(object, "stopped", json_boolean(journal.stopped));
    put(object, "write_ns_last", (uint64_t)journal.write_ns_last);
    put(object, "write_ns_max", (uint64_t)journal.write_ns_max);
    for (size_t i = 0; i < ARRAY_COUNT(journal.write_histogram); i++)
        last = journal.write_histogram[i] > 0 ? i + 1 : last;
    for (size_t i = 0; i < last; i++)
        json_array_append_new(histogram, json_integer((json_int_t)journal.write_histogram[i]));
    json_object_set_new(object, "write_us_histogram", histogram);
    return object;
}

static json_t *state_damage(const struct server *server)
{
    const struct journal *journal = engine_journal(server->engine);
    json_t *list = json_array();
    for (size_t i = 0; i < journal_damage_count(journal); i++) {
        const struct journal_damage *damage = journal_damage_at(journal, i);
        json_t *object = json_object();
        put(object, "segment", damage->segment);
        put(object, "offset", damage->offset);
        put(object, "bytes", damage->bytes);
        put(object, "first_position", damage->first_position);
        put(object, "records", damage->records);
        json_object_set_new(object, "before", report_time(damage->wall_before_ns));
        json_object_set_new(object, "after", report_time(damage->wall_after_ns));
        json_object_set_new(object, "why", report_text(bytes_text(damage->why)));
        json_object_set_new(object, "file", report_text(bytes_text(damage->file)));
        json_array_append_new(list, object);
    }
    return list;
}

static json_t *state_points(const struct server *server)
{
    const struct points *points = engine_points(server->engine);
    json_t *object = json_object();
    put(object, "count", points_count(points));
    put(object, "rows", points_rows(points));
    put(object, "retired", points_retired(points));
    return object;
}

static json_t *state_limits(const struct server *server)
{
    const struct settings *settings = &server->settings;
    json_t *object = json_object();
    put(object, "points.max", settings->points_max);
    put(object, "points.new_per_second", settings->points_rate);
    put(object, "points.per_connection", settings->points_connection);
    put(object, "mqtt.connections", settings->mqtt_connections);
    put(object, "mqtt.packet", settings->mqtt_packet);
    put(object, "mqtt.receive_maximum", settings->mqtt_receive);
    put(object, "mqtt.topic_alias_maximum", settings->mqtt_alias);
    put(object, "mqtt.memory", settings->mqtt_memory);
    return object;
}

static json_t *state_start(const struct engine_start *start)
{
    json_t *object = json_object();
    put(object, "snapshot_position", start->snapshot_position);
    put(object, "replayed_batches", start->replayed_batches);
    put(object, "replayed_records", start->replayed_records);
    put(object, "replayed_values", start->replayed_values);
    put(object, "snapshot_load_ns", (uint64_t)start->snapshot_load_ns);
    put(object, "replay_ns", (uint64_t)start->replay_ns);
    put(object, "total_ns", (uint64_t)start->total_ns);
    return object;
}

json_t *report_state(struct server *server)
{
    struct engine_counters engine;
    uint64_t cpu_ns = os_cpu_ns();
    engine_describe(server->engine, &engine);
    json_t *state = json_object();
    json_object_set_new(state, "version", json_string(MAINSTEM_VERSION));
    put(state, "pid", (uint64_t)getpid());
    json_object_set_new(state, "data", report_text(bytes_text(server->settings.data)));
    put_real(state, "uptime_s", (double)(server->now_ns - server->started_ns) / 1e9);
    json_object_set_new(state, "started", report_time(server->started_wall_ns));
    put(state, "cpu_ns", cpu_ns);
    put(state, "memory_bytes", os_memory_bytes());
    json_object_set_new(state, "mqtt", state_mqtt(server));
    json_object_set_new(state, "rates", state_rates(server, &engine, cpu_ns));
    json_object_set_new(state, "points", state_points(server));
    json_object_set_new(state, "engine", state_engine(&engine));
    json_object_set_new(state, "snapshot", state_snapshot(server, &engine));
    json_object_set_new(state, "journal", state_journal(server));
    json_object_set_new(state, "damage", state_damage(server));
    json_object_set_new(state, "limits", state_limits(server));
    json_object_set_new(state, "start", state_start(&server->start));
    return state;
}
