/* GET /metrics: what the server counts, as Prometheus reads it (text format 0.0.4). One table says
 * what there is; docs/metrics.md is held against it by a test.
 *
 * A scrape looks at counters only: it walks no points, no clients and no files. Of tenants it tells
 * the TENANTS_TOLD that have most points: who has many should not fill his Prometheus with them. */
#include "web/room.h"
#include "web/text.h"

#include "access/access.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- what is asked -------------------------------------------------------------------------- */
/* All that a scrape looks at, gathered once, so that rows of the table are places in it. */
struct gathered {
    struct engine_counters engine;
    struct journal_state journal;
    struct broker_counters broker;
    struct broker_state kept;
    struct counters doors, http; /* connections of MQTT and of HTTP */
    struct live_counters live;
    struct history_state history;
    struct query_counters questions;
    struct sql_state sql;
    uint64_t history_parts, history_bytes, history_values;
    struct web_counters web;
    struct notices_counts notices;
    struct report_tls tls;
    struct budget mqtt_memory, http_memory;
    uint64_t mqtt_connections, mqtt_connections_max;
    uint64_t points, points_rows, points_retired, points_memory;
    uint64_t space_nodes, space_entered, space_memory;
    uint64_t damage, memory, cpu_ns, lag_ns, lag_ns_max, uptime_ns, started_ns;
    uint64_t snapshot_active, accepts;
    uint64_t start_replayed, start_ns;
    const char *mode;
    const struct web *asked;
    const uint32_t *tenants; /* those that are told; their numbers ascend */
    size_t tenant_count;
    uint64_t tenants_all;
};
#define TENANTS_TOLD 1000u

static void gather_points(const struct web *web, struct gathered *all)
{
    const struct points *points = engine_points(web->config.engine);
    all->points = points_count(points) - points_retired(points);
    all->points_rows = points_rows(points);
    all->points_retired = points_retired(points);
    all->points_memory = points_memory(points);
    all->space_nodes = namespace_nodes(web->config.space);
    all->space_entered = namespace_entered(web->config.space);
    all->space_memory = namespace_memory(web->config.space);
}

static void gather_process(const struct web *web, struct gathered *all)
{
    const struct report_sources *sources = web->config.sources;
    all->memory = os_memory_bytes();
    all->cpu_ns = os_cpu_ns();
    all->uptime_ns = (uint64_t)(*sources->now_ns - sources->started_ns);
    all->started_ns = (uint64_t)sources->started_wall_ns;
    all->lag_ns = (uint64_t)lag_ns(sources->lag, *sources->now_ns);
    all->lag_ns_max = (uint64_t)sources->lag->longest_ns;
    all->mode = sources->disk->mode(sources->disk);
    all->start_replayed = sources->start->replayed_records;
    all->start_ns = (uint64_t)sources->start->total_ns;
}

static void gather_history(const struct web *web, struct gathered *all)
{
    const struct history *history = engine_history(web->config.engine);
    if (history != NULL)
        history_describe(history, &all->history);
    for (size_t i = 0; i < PART_TIERS; i++) {
        all->history_parts += all->history.parts[i];
        all->history_bytes += all->history.bytes[i];
        all->history_values += all->history.values[i];
    }
    if (web->config.queries != NULL)
        query_pool_describe(web->config.queries, &all->questions);
    if (web->config.sql != NULL)
        sql_describe(web->config.sql, &all->sql);
}

/* How many bits their number of points has: good enough to tell the large ones from the small. */
static unsigned tenant_size(const struct web *web, uint32_t tenant)
{
    uint64_t points = engine_tenant_points(web->config.engine, tenant);
    return points == 0 ? 0 : 64 - (unsigned)__builtin_clzll(points);
}

/* The largest ones, up to TENANTS_TOLD, into tenants[]. Two passes over numbers, no sorting: there
 * may be 65,536. */
static void gather_tenants(const struct web *web, struct gathered *all, uint32_t *tenants)
{
    const struct access_model *model = engine_access(web->config.engine);
    uint32_t sizes[65] = {0}, highest = access_tenants(model), taken = 0;
    unsigned least = 64;
    for (uint32_t tenant = 1; tenant <= highest; tenant++)
        sizes[tenant_size(web, tenant)]++;
    while (least > 0 && taken + sizes[least] <= TENANTS_TOLD)
        taken += sizes[least--];
    uint32_t rest = TENANTS_TOLD - taken; /* of those of the size that does not fit whole */
    for (uint32_t tenant = 1; tenant <= highest && all->tenant_count < TENANTS_TOLD; tenant++) {
        unsigned size = tenant_size(web, tenant);
        if (size < least || (size == least && rest == 0))
            continue;
        rest -= size == least;
        tenants[all->tenant_count++] = tenant;
    }
    all->asked = web;
    all->tenants = tenants;
    all->tenants_all = highest;
}

static void gather(const struct web *web, struct gathered *all)
{
    const struct report_sources *sources = web->config.sources;
    memset(all, 0, sizeof *all);
    engine_describe(web->config.engine, &all->engine);
    journal_describe(engine_journal(web->config.engine), &all->journal);
    all->broker = *broker_counters(web->config.broker);
    broker_describe(web->config.broker, &all->kept);
    all->doors = *sources->counters;
    if (sources->http_counters != NULL)
        all->http = *sources->http_counters;
    if (sources->tell_tls != NULL)
        sources->tell_tls(sources->arg, &all->tls);
    live_describe(web->config.live, &all->live);
    gather_history(web, all);
    all->web = web->counters;
    all->mqtt_memory = *sources->mqtt_memory;
    all->http_memory = *web->config.memory;
    all->mqtt_connections = *sources->connections;
    all->mqtt_connections_max = *sources->connections_max;
    all->damage = journal_damage_count(engine_journal(web->config.engine));
    all->snapshot_active = engine_snapshot_active(web->config.engine);
    all->accepts = !all->journal.stopped && !all->journal.disk_full && !web->stopping;
    gather_points(web, all);
    notices_count(engine_notices(web->config.engine), &all->notices);
    gather_process(web, all);
}

/* ---- the table ------------------------------------------------------------------------------ */
enum metric_kind { COUNTER, GAUGE, HISTOGRAM };
enum metric_unit { WHOLE, FROM_NS, FROM_US, FLAG }; /* of the number: seconds are told */
struct metric {
    const char *name;
    enum metric_kind kind;
    enum metric_unit unit;
    size_t offset; /* of a uint64_t, int64_t or bool in struct gathered */
    /* Writes the samples of a family with labels, or of a histogram; NULL: one number. */
    void (*put)(struct text *text, const char *name, const struct gathered *all);
    const char *help;
};

/* A label's value: backslash, quote and line break are escaped. */
static void label_put(struct text *text, const char *value)
{
    while (*value != '\0') {
        size_t plain = strcspn(value, "\\\"\n");
        text_put(text, bytes_of(value, plain));
        value += plain;
        if (*value != '\0')
            text_put_words(text, *value == '\n' ? "\\n" : *value == '"' ? "\\\"" : "\\\\");
        value += *value != '\0';
    }
}

static void labelled_put(struct text *text, const char *name, const char *label, const char *value,
                         uint64_t number)
{
    text_put_format(text, "%s{%s=\"", name, label);
    label_put(text, value);
    text_put_format(text, "\"} %" PRIu64 "\n", number);
}

/* Nanoseconds as seconds, exactly. */
static void seconds_put(struct text *text, uint64_t ns)
{
    char digits[16];
    uint64_t rest = ns % NS_PER_S;
    int size = snprintf(digits, sizeof digits, "%09" PRIu64, rest);
    while (size > 0 && digits[size - 1] == '0')
        size--;
    text_put_format(text, "%" PRIu64 "%s%.*s", ns / NS_PER_S, size > 0 ? "." : "", size, digits);
}

/* buckets[i] counts what took less than 2^i us, the last one all that took longer. */
static void histogram_put(struct text *text, const char *name, const uint64_t *buckets,
                          size_t count, uint64_t sum_ns)
{
    uint64_t all = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        all += buckets[i];
        text_put_format(text, "%s_bucket{le=\"", name);
        seconds_put(text, (UINT64_C(1) << i) * (uint64_t)NS_PER_US);
        text_put_format(text, "\"} %" PRIu64 "\n", all);
    }
    all += buckets[count - 1];
    text_put_format(text, "%s_bucket{le=\"+Inf\"} %" PRIu64 "\n%s_sum ", name, all, name);
    seconds_put(text, sum_ns);
    text_put_format(text, "\n%s_count %" PRIu64 "\n", name, all);
}

static void put_build(struct text *text, const char *name, const struct gathered *all)
{
    text_put_format(text, "%s{version=\"%s\",mode=\"", name, MAINSTEM_VERSION);
    label_put(text, all->mode);
    text_put_words(text, "\"} 1\n");
}

static void put_received(struct text *text, const char *name, const struct gathered *all)
{
    labelled_put(text, name, "qos", "0", all->broker.qos_0);
    labelled_put(text, name, "qos", "1", all->broker.qos_1);
    labelled_put(text, name, "qos", "2", all->broker.qos_2);
}

static void put_dropped(struct text *text, const char *name, const struct gathered *all)
{
    labelled_put(text, name, "reason", "refused", all->broker.dropped);
    labelled_put(text, name, "reason", "slow", all->broker.dropped_slow);
    labelled_put(text, name, "reason", "queue", all->broker.dropped_queue);
    labelled_put(text, name, "reason", "size", all->broker.dropped_size);
    labelled_put(text, name, "reason", "expired", all->broker.dropped_expired);
    labelled_put(text, name, "reason", "denied", all->broker.dropped_denied);
}

static void put_held(struct text *text, const char *name, const struct gathered *all)
{
    labelled_put(text, name, "reason", "quota", all->broker.held_quota);
    labelled_put(text, name, "reason", "turn", all->broker.held_turn);
}

static void put_mqtt_closed(struct text *text, const char *name, const struct gathered *all)
{
    for (size_t i = 0; i < CAUSE_COUNT; i++)
        labelled_put(text, name, "cause", cause_word((enum cause)i), all->doors.closed[i]);
}

static void put_tls_faults(struct text *text, const char *name, const struct gathered *all)
{
    for (enum tls_fault fault = TLS_FAULT_PLAIN; fault < TLS_FAULTS; fault++)
        labelled_put(text, name, "fault", tls_fault_word(fault), all->tls.faults[fault]);
}

static void put_http_closed(struct text *text, const char *name, const struct gathered *all)
{
    static const char *const words[WEB_CAUSES] = {
        [WEB_CAUSE_DONE] = "done", [WEB_CAUSE_GONE] = "gone",   [WEB_CAUSE_SILENT] = "silent",
        [WEB_CAUSE_SLOW] = "slow", [WEB_CAUSE_FAULT] = "fault", [WEB_CAUSE_MEMORY] = "memory",
        [WEB_CAUSE_STOP] = "stop"};
    for (size_t i = 0; i < WEB_CAUSES; i++)
        labelled_put(text, name, "cause", words[i], all->web.closed[i]);
}

static void put_answers(struct text *text, const char *name, const struct gathered *all)
{
    static const char *const words[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        labelled_put(text, name, "status", words[i], all->web.answers[i + 1]);
}

static void put_refused(struct text *text, const char *name, const struct gathered *all)
{
    for (size_t i = ADMIT_DONE + 1; i < ADMIT_WAIT; i++)
        labelled_put(text, name, "reason", admit_name((enum admit)i), all->engine.refused[i]);
}

static void put_faults(struct text *text, const char *name, const struct gathered *all)
{
    for (size_t i = PAYLOAD_OK + 1; i < PAYLOAD_FAULTS; i++)
        labelled_put(text, name, "fault", payload_fault_name((enum payload_fault)i),
                     all->engine.faults[i]);
}

/* ---- by tenant -------------------------------------------------------------------------------
 */
/* The tenant's name is within its limits, and may be gone. */
static bool tenant_begin(struct text *text, const char *name, const struct gathered *all, size_t i)
{
    struct tenant_view view;
    if (!access_tenant(engine_access(all->asked->config.engine), all->tenants[i], &view) ||
        view.state == TENANT_DELETED)
        return false;
    text_put_format(text, "%s{tenant=\"", name);
    text_put(text, view.name);
    text_put_words(text, "\"");
    return true;
}

static void put_tenant_points(struct text *text, const char *name, const struct gathered *all)
{
    for (size_t i = 0; i < all->tenant_count; i++)
        if (tenant_begin(text, name, all, i))
            text_put_format(text, "} %" PRIu64 "\n",
                            engine_tenant_points(all->asked->config.engine, all->tenants[i]));
}

static void tenant_used_put(struct text *text, const char *name, const struct gathered *all,
                            enum quota_kind kind)
{
    const struct access *access = all->asked->config.access;
    struct quota_view view;
    for (size_t i = 0; access != NULL && i < all->tenant_count; i++) {
        quota_view(access, all->tenants[i], kind, &view);
        if (tenant_begin(text, name, all, i))
            text_put_format(text, "} %" PRIu64 "\n", view.used);
    }
}

static void put_tenant_values(struct text *text, const char *name, const struct gathered *all)
{
    tenant_used_put(text, name, all, QUOTA_VALUES);
}

static void put_tenant_connections(struct text *text, const char *name, const struct gathered *all)
{
    tenant_used_put(text, name, all, QUOTA_CONNECTIONS);
}

static void put_tenant_storage(struct text *text, const char *name, const struct gathered *all)
{
    tenant_used_put(text, name, all, QUOTA_STORAGE);
}

/* Only what was refused ever: most tenants stay within their quotas. */
static void put_tenant_refused(struct text *text, const char *name, const struct gathered *all)
{
    static const char *const words[QUOTAS] = {[QUOTA_POINTS] = "points",
                                              [QUOTA_POINTS_RATE] = "points_per_second",
                                              [QUOTA_VALUES] = "values_per_second",
                                              [QUOTA_CONNECTIONS] = "connections",
                                              [QUOTA_STORAGE] = "storage",
                                              [QUOTA_QUERIES] = "queries"};
    const struct access *access = all->asked->config.access;
    struct quota_view view;
    for (size_t i = 0; access != NULL && i < all->tenant_count; i++)
        for (enum quota_kind kind = 0; kind < QUOTAS; kind++) {
            quota_view(access, all->tenants[i], kind, &view);
            if (view.refused > 0 && tenant_begin(text, name, all, i))
                text_put_format(text, ",quota=\"%s\"} %" PRIu64 "\n", words[kind], view.refused);
        }
}

static void put_mqtt_latency(struct text *text, const char *name, const struct gathered *all)
{
    histogram_put(text, name, all->broker.latency, LATENCY_BUCKETS,
                  all->broker.latency_us_sum * (uint64_t)NS_PER_US);
}

static void put_http_latency(struct text *text, const char *name, const struct gathered *all)
{
    histogram_put(text, name, all->web.latency, LATENCY_BUCKETS,
                  all->web.latency_us_sum * (uint64_t)NS_PER_US);
}

static void put_journal_writes(struct text *text, const char *name, const struct gathered *all)
{
    histogram_put(text, name, all->journal.write_histogram,
                  ARRAY_COUNT(all->journal.write_histogram), (uint64_t)all->journal.write_ns_sum);
}

#define AT(field) offsetof(struct gathered, field), NULL
#define BY(function) 0, function
/* clang-format off */
static const struct metric metrics[] = {
    {"mainstem_build_info", GAUGE, WHOLE, BY(put_build), "Always 1; the program's version, and how the disk is written, as labels."},
    {"mainstem_start_time_seconds", GAUGE, FROM_NS, AT(started_ns), "When the process started, in seconds since 1970."},
    {"mainstem_uptime_seconds", GAUGE, FROM_NS, AT(uptime_ns), "How long the process has run."},
    {"mainstem_cpu_seconds_total", COUNTER, FROM_NS, AT(cpu_ns), "Processor time of all threads, user and system."},
    {"mainstem_resident_memory_bytes", GAUGE, WHOLE, AT(memory), "Resident memory of the process."},
    {"mainstem_accepts_writes", GAUGE, WHOLE, AT(accepts), "1 while samples, messages and commands are taken, as /readyz says; else 0."},
    {"mainstem_start_replay_records", GAUGE, WHOLE, AT(start_replayed), "Records of the journal that the last start replayed."},
    {"mainstem_start_duration_seconds", GAUGE, FROM_NS, AT(start_ns), "How long the last start took to recover."},

    {"mainstem_messages_total", COUNTER, WHOLE, AT(engine.messages), "Messages taken as readings, whichever door they came through."},
    {"mainstem_fast_messages_total", COUNTER, WHOLE, AT(engine.fast_messages), "Of these, messages of a shape that was known."},
    {"mainstem_lines_total", COUNTER, WHOLE, AT(engine.lines), "Of these, lines of line protocol."},
    {"mainstem_fast_lines_total", COUNTER, WHOLE, AT(engine.fast_lines), "Of these, lines of a series that was known."},
    {"mainstem_refused_lines_total", COUNTER, WHOLE, AT(engine.refused_lines), "Lines of line protocol that were refused."},
    {"mainstem_values_total", COUNTER, WHOLE, AT(engine.values), "Values taken."},
    {"mainstem_applied_values_total", COUNTER, WHOLE, AT(engine.applied_values), "Values that were durable and reached the live table."},
    {"mainstem_late_values_total", COUNTER, WHOLE, AT(engine.late_values), "Of these, values older than the live one, which stayed."},
    {"mainstem_unknown_values_total", COUNTER, WHOLE, AT(engine.unknown_values), "Of these, values of points that are retired or not there."},
    {"mainstem_refused_total", COUNTER, WHOLE, BY(put_refused), "Messages that gave no reading, by reason."},
    {"mainstem_payload_faults_total", COUNTER, WHOLE, BY(put_faults), "Payloads that are no reading, by what is wrong with them."},
    {"mainstem_commands_total", COUNTER, WHOLE, AT(engine.commands), "Commands admitted."},
    {"mainstem_outcomes_total", COUNTER, WHOLE, AT(engine.outcomes), "Outcomes of commands told."},
    {"mainstem_kept_facts_total", COUNTER, WHOLE, AT(engine.kept_facts), "Facts of MQTT messages and sessions admitted."},
    {"mainstem_engine_memory_bytes", GAUGE, WHOLE, AT(engine.memory), "Memory of the engine's tables, indexes and contexts."},
    {"mainstem_engine_step_longest_seconds", GAUGE, FROM_NS, AT(engine.step_ns_max), "The longest step of the engine so far."},

    {"mainstem_points", GAUGE, WHOLE, AT(points), "Points, those that were retired not counted."},
    {"mainstem_points_retired", GAUGE, WHOLE, AT(points_retired), "Points that were retired."},
    {"mainstem_point_rows", GAUGE, WHOLE, AT(points_rows), "Rows: objects whose points come together."},
    {"mainstem_points_memory_bytes", GAUGE, WHOLE, AT(points_memory), "Memory of the indexes of points by path."},
    {"mainstem_namespace_nodes", GAUGE, WHOLE, AT(space_nodes), "Nodes of the tree of paths: points and branches."},
    {"mainstem_namespace_entered_points", GAUGE, WHOLE, AT(space_entered), "Highest point that the tree of paths has; below the number of all points while it is being built."},
    {"mainstem_namespace_memory_bytes", GAUGE, WHOLE, AT(space_memory), "Memory of the tree of paths."},

    {"mainstem_journal_position", GAUGE, WHOLE, AT(journal.durable_position), "Position behind the last durable record."},
    {"mainstem_journal_lag_seconds", GAUGE, FROM_NS, AT(lag_ns), "How long the oldest record that is not yet durable has waited; 0: all is durable."},
    {"mainstem_journal_lag_longest_seconds", GAUGE, FROM_NS, AT(lag_ns_max), "The longest such wait so far."},
    {"mainstem_journal_records_total", COUNTER, WHOLE, AT(journal.records), "Records written."},
    {"mainstem_journal_batches_total", COUNTER, WHOLE, AT(journal.batches), "Batches written; each is one synced write."},
    {"mainstem_journal_written_bytes_total", COUNTER, WHOLE, AT(journal.bytes_written), "Bytes written, padding to whole blocks among them."},
    {"mainstem_journal_payload_bytes_total", COUNTER, WHOLE, AT(journal.bytes_payload), "Bytes written without that padding."},
    {"mainstem_journal_write_seconds", HISTOGRAM, FROM_NS, BY(put_journal_writes), "How long synced writes of batches took."},
    {"mainstem_journal_disk_bytes", GAUGE, WHOLE, AT(journal.bytes), "Bytes of all files of the journal on the disk."},
    {"mainstem_journal_segments", GAUGE, WHOLE, AT(journal.segments), "Segments of the journal."},
    {"mainstem_journal_disk_full", GAUGE, FLAG, AT(journal.disk_full), "1 while samples and messages are refused for want of space."},
    {"mainstem_journal_stopped", GAUGE, FLAG, AT(journal.stopped), "1 from a failed write until the disk answers again."},
    {"mainstem_journal_damage", GAUGE, WHOLE, AT(damage), "Damaged stretches that were named and set aside, and not yet removed by an operator."},
    {"mainstem_snapshots_total", COUNTER, WHOLE, AT(engine.snapshots), "Snapshots taken."},
    {"mainstem_snapshot_active", GAUGE, WHOLE, AT(snapshot_active), "1 while one is being taken."},
    {"mainstem_snapshot_position", GAUGE, WHOLE, AT(engine.snapshot_position), "Position that the newest snapshot includes."},
    {"mainstem_snapshot_bytes", GAUGE, WHOLE, AT(engine.snapshot_bytes), "Size of the newest snapshot."},
    {"mainstem_snapshot_duration_seconds", GAUGE, FROM_NS, AT(engine.snapshot_ns), "How long the newest snapshot took."},

    {"mainstem_mqtt_connections", GAUGE, WHOLE, AT(mqtt_connections), "MQTT connections."},
    {"mainstem_mqtt_connections_most", GAUGE, WHOLE, AT(mqtt_connections_max), "Most MQTT connections at once."},
    {"mainstem_mqtt_accepted_total", COUNTER, WHOLE, AT(doors.accepted), "MQTT connections accepted."},
    {"mainstem_mqtt_turned_away_total", COUNTER, WHOLE, AT(doors.turned_away), "MQTT connections closed at once: limit mqtt.connections."},
    {"mainstem_mqtt_closed_total", COUNTER, WHOLE, BY(put_mqtt_closed), "MQTT connections that ended, by cause."},
    {"mainstem_mqtt_received_bytes_total", COUNTER, WHOLE, AT(doors.bytes_in), "Bytes received from MQTT clients."},
    {"mainstem_mqtt_sent_bytes_total", COUNTER, WHOLE, AT(doors.bytes_out), "Bytes sent to MQTT clients."},
    {"mainstem_mqtt_reads_total", COUNTER, WHOLE, AT(doors.reads), "Reads of the sockets."},
    {"mainstem_mqtt_sends_total", COUNTER, WHOLE, AT(doors.sends), "Writes to the sockets."},
    {"mainstem_wakeups_total", COUNTER, WHOLE, AT(doors.wakeups), "Rounds of the loop."},
    {"mainstem_mqtt_connects_total", COUNTER, WHOLE, AT(broker.connects), "CONNECT packets accepted."},
    {"mainstem_mqtt_packets_received_total", COUNTER, WHOLE, AT(broker.packets), "MQTT packets received."},
    {"mainstem_mqtt_packets_sent_total", COUNTER, WHOLE, AT(broker.packets_out), "MQTT packets sent."},
    {"mainstem_mqtt_messages_received_total", COUNTER, WHOLE, BY(put_received), "PUBLISH packets received, by QoS."},
    {"mainstem_mqtt_messages_received_bytes_total", COUNTER, WHOLE, AT(broker.messages_bytes), "Bytes of these."},
    {"mainstem_mqtt_acknowledged_total", COUNTER, WHOLE, AT(broker.acks), "PUBACK and PUBREC packets sent that accept."},
    {"mainstem_mqtt_negative_acknowledged_total", COUNTER, WHOLE, AT(broker.negative_acks), "PUBACK and PUBREC packets sent that refuse."},
    {"mainstem_mqtt_acknowledge_seconds", HISTOGRAM, FROM_US, BY(put_mqtt_latency), "From reading a PUBLISH of QoS 1 or 2 to its PUBACK or PUBREC, the synced write included."},
    {"mainstem_mqtt_delivered_total", COUNTER, WHOLE, AT(broker.delivered), "PUBLISH packets sent."},
    {"mainstem_mqtt_delivered_bytes_total", COUNTER, WHOLE, AT(broker.delivered_bytes), "Bytes of these."},
    {"mainstem_mqtt_dropped_total", COUNTER, WHOLE, BY(put_dropped), "Messages dropped, by reason: refused (QoS 0), slow (QoS 0, for a client that does not read), queue (QoS 1 and 2, the session's queue was full), size, expired, and denied (its client may not see it)."},
    {"mainstem_mqtt_skipped_total", COUNTER, WHOLE, AT(kept.skipped), "Messages for which a session had no packet id left, since the journal began."},
    {"mainstem_mqtt_wills_total", COUNTER, WHOLE, AT(broker.wills), "Wills published."},
    {"mainstem_mqtt_subscribes_total", COUNTER, WHOLE, AT(broker.subscribes), "Subscriptions made."},
    {"mainstem_mqtt_unsubscribes_total", COUNTER, WHOLE, AT(broker.unsubscribes), "Subscriptions ended by their client."},
    {"mainstem_mqtt_sessions_expired_total", COUNTER, WHOLE, AT(broker.sessions_expired), "Sessions that expired."},
    {"mainstem_mqtt_denied_total", COUNTER, WHOLE, AT(broker.denied), "PUBLISH packets and filters without the right to them."},
    {"mainstem_mqtt_revoked_total", COUNTER, WHOLE, AT(broker.revoked), "Clients disconnected because their rights ended."},
    {"mainstem_mqtt_held_total", COUNTER, WHOLE, BY(put_held), "PUBLISH packets that waited, by reason: quota (of their tenant's values), turn (other tenants had theirs)."},
    {"mainstem_mqtt_waits_total", COUNTER, WHOLE, AT(broker.waits), "Times a client was not read on because both batches were full."},
    {"mainstem_mqtt_clients", GAUGE, WHOLE, AT(kept.clients), "MQTT clients connected."},
    {"mainstem_mqtt_sessions", GAUGE, WHOLE, AT(kept.sessions), "Sessions recorded: kept ones, and those whose will is."},
    {"mainstem_mqtt_subscriptions", GAUGE, WHOLE, AT(kept.subscriptions), "Subscriptions."},
    {"mainstem_mqtt_shared_subscriptions", GAUGE, WHOLE, AT(kept.shared), "Of these, shared ones."},
    {"mainstem_mqtt_retained_messages", GAUGE, WHOLE, AT(kept.retained), "Retained messages."},
    {"mainstem_mqtt_retained_bytes", GAUGE, WHOLE, AT(kept.retained_bytes), "Bytes of these."},
    {"mainstem_mqtt_queued_messages", GAUGE, WHOLE, AT(kept.queued), "Messages queued for kept sessions."},
    {"mainstem_mqtt_stored_bytes", GAUGE, WHOLE, AT(kept.stored_bytes), "Memory of what is kept for sessions, of their messages and of retained ones; limit mqtt.stored."},
    {"mainstem_mqtt_in_flight_messages", GAUGE, WHOLE, AT(kept.in_flight), "Messages between admission and delivery."},
    {"mainstem_mqtt_memory_bytes", GAUGE, WHOLE, AT(mqtt_memory.used), "Memory held for MQTT clients."},
    {"mainstem_mqtt_memory_limit_bytes", GAUGE, WHOLE, AT(mqtt_memory.most), "Limit mqtt.memory."},

    {"mainstem_http_connections", GAUGE, WHOLE, AT(web.connections), "HTTP connections, WebSockets among them."},
    {"mainstem_http_accepted_total", COUNTER, WHOLE, AT(http.accepted), "HTTP connections accepted."},
    {"mainstem_http_turned_away_total", COUNTER, WHOLE, AT(http.turned_away), "HTTP connections closed at once: limit http.connections."},
    {"mainstem_http_requests_total", COUNTER, WHOLE, AT(web.requests), "Requests whose head was read."},
    {"mainstem_http_answers_total", COUNTER, WHOLE, BY(put_answers), "Answers, by hundreds of their status."},
    {"mainstem_http_answer_seconds", HISTOGRAM, FROM_US, BY(put_http_latency), "From a request's head to its answer, the synced write included where there is one."},
    {"mainstem_http_faults_total", COUNTER, WHOLE, AT(web.faults), "Streams refused: no HTTP, or no WebSocket."},
    {"mainstem_http_closed_total", COUNTER, WHOLE, BY(put_http_closed), "HTTP connections that ended, by cause."},
    {"mainstem_http_received_bytes_total", COUNTER, WHOLE, AT(http.bytes_in), "Bytes received from HTTP clients."},
    {"mainstem_http_sent_bytes_total", COUNTER, WHOLE, AT(http.bytes_out), "Bytes sent to HTTP clients."},
    {"mainstem_http_samples_total", COUNTER, WHOLE, AT(web.samples), "Samples taken through HTTP."},
    {"mainstem_http_commands_total", COUNTER, WHOLE, AT(web.commands), "Commands taken through HTTP."},
    {"mainstem_http_memory_bytes", GAUGE, WHOLE, AT(http_memory.used), "Memory held for HTTP clients."},
    {"mainstem_http_memory_limit_bytes", GAUGE, WHOLE, AT(http_memory.most), "Limit http.memory."},

    {"mainstem_history_parts", GAUGE, WHOLE, AT(history_parts), "Files of the history, rollups among them."},
    {"mainstem_history_bytes", GAUGE, WHOLE, AT(history_bytes), "Bytes of these files."},
    {"mainstem_history_values", GAUGE, WHOLE, AT(history_values), "Values in these files."},
    {"mainstem_history_window_values", GAUGE, WHOLE, AT(history.head_values), "Values in memory that are not in a file yet."},
    {"mainstem_history_window_bytes", GAUGE, WHOLE, AT(history.head_bytes), "Memory of these."},
    {"mainstem_history_windows", GAUGE, WHOLE, AT(history.windows), "The open window and those that are being sealed."},
    {"mainstem_history_full", GAUGE, FLAG, AT(history.full), "1 while samples wait because sealing fell behind."},
    {"mainstem_history_seals_total", COUNTER, WHOLE, AT(history.seals), "Windows sealed."},
    {"mainstem_history_merges_total", COUNTER, WHOLE, AT(history.merges), "Merges of files."},
    {"mainstem_history_sealed_values_total", COUNTER, WHOLE, AT(history.sealed_values), "Values in the windows sealed."},
    {"mainstem_history_merged_values_total", COUNTER, WHOLE, AT(history.merged_values), "Values in the files merged."},
    {"mainstem_history_seal_seconds_total", COUNTER, FROM_NS, AT(history.seal_ns), "Time that sealing took."},
    {"mainstem_history_merge_seconds_total", COUNTER, FROM_NS, AT(history.merge_ns), "Time that merging took."},
    {"mainstem_history_rollup_seconds_total", COUNTER, FROM_NS, AT(history.rollup_ns), "Time that rollups took."},
    {"mainstem_history_thinned_total", COUNTER, WHOLE, AT(history.thinned), "Samples that a deadband left out."},
    {"mainstem_history_expired_total", COUNTER, WHOLE, AT(history.expired), "Samples whose retention was over."},
    {"mainstem_history_dropped_total", COUNTER, WHOLE, AT(history.dropped), "Samples that went because the disk was full."},
    {"mainstem_history_missing", GAUGE, WHOLE, AT(history.missing), "Files and stretches of the history that cannot be read."},

    {"mainstem_query_running", GAUGE, WHOLE, AT(questions.running), "Questions on a thread."},
    {"mainstem_query_waiting", GAUGE, WHOLE, AT(questions.waiting), "Questions that wait for their turn."},
    {"mainstem_query_done_total", COUNTER, WHOLE, AT(questions.done), "Questions answered."},
    {"mainstem_query_cancelled_total", COUNTER, WHOLE, AT(questions.cancelled), "Questions whose asker left."},
    {"mainstem_query_timed_out_total", COUNTER, WHOLE, AT(questions.timed_out), "Questions past query.time."},
    {"mainstem_query_out_of_memory_total", COUNTER, WHOLE, AT(questions.out_of_memory), "Questions past query.memory."},
    {"mainstem_query_failed_total", COUNTER, WHOLE, AT(questions.failed), "Questions that failed for another reason."},
    {"mainstem_query_seconds_total", COUNTER, FROM_NS, AT(questions.ns), "Time that questions worked."},
    {"mainstem_query_samples_total", COUNTER, WHOLE, AT(questions.samples), "Samples decoded for questions."},
    {"mainstem_query_chunks_total", COUNTER, WHOLE, AT(questions.chunks), "Chunks read whole."},
    {"mainstem_query_summaries_total", COUNTER, WHOLE, AT(questions.summaries), "Chunks told by their summary alone."},
    {"mainstem_query_read_bytes_total", COUNTER, WHOLE, AT(questions.bytes), "Bytes of chunks read for questions."},
    {"mainstem_query_memory_bytes", GAUGE, WHOLE, AT(questions.memory), "Memory held for questions."},

    {"mainstem_sql_running", GAUGE, WHOLE, AT(sql.running), "Statements of SQL that run."},
    {"mainstem_sql_waiting", GAUGE, WHOLE, AT(sql.waiting), "Statements of SQL that wait for a process."},
    {"mainstem_sql_statements_total", COUNTER, WHOLE, AT(sql.statements), "Statements of SQL that were taken."},
    {"mainstem_sql_faults_total", COUNTER, WHOLE, AT(sql.faults), "Statements of SQL that failed."},
    {"mainstem_sql_killed_total", COUNTER, WHOLE, AT(sql.killed), "Processes of SQL that were ended: time, memory, nobody waited."},

    {"mainstem_tls_connections", GAUGE, WHOLE, AT(tls.connections), "Connections by TLS, through all doors."},
    {"mainstem_tls_handshakes_total", COUNTER, WHOLE, AT(tls.handshakes), "Handshakes of TLS that went well."},
    {"mainstem_tls_resumed_total", COUNTER, WHOLE, AT(tls.resumed), "Of these, by a ticket of an earlier one."},
    {"mainstem_tls_client_certificates_total", COUNTER, WHOLE, AT(tls.certificates), "Of these, in which the client showed a certificate."},
    {"mainstem_tls_verified_certificates_total", COUNTER, WHOLE, AT(tls.verified), "Of those, signed by an authority of tls.client_ca and in their time."},
    {"mainstem_tls_faults_total", COUNTER, WHOLE, BY(put_tls_faults), "Handshakes of TLS that failed, by what was wrong."},
    {"mainstem_tls_certificate_loads_total", COUNTER, WHOLE, AT(tls.loads), "Times that new certificates came into force."},
    {"mainstem_tls_certificate_failures_total", COUNTER, WHOLE, AT(tls.failures), "Times that new certificates could not be used; the log says why."},
    {"mainstem_tls_certificate_end_seconds", GAUGE, WHOLE, AT(tls.until_s), "When the first certificate in force ends, in seconds since 1970; 0: there is no door of TLS."},

    {"mainstem_notices_sent_total", COUNTER, WHOLE, AT(engine.notices_sent), "Deliveries of notices that arrived."},
    {"mainstem_notices_failed_total", COUNTER, WHOLE, AT(engine.notices_failed), "Tries of deliveries that failed."},
    {"mainstem_notices_given_up_total", COUNTER, WHOLE, AT(engine.notices_given_up), "Deliveries that were given up."},
    {"mainstem_notices_waiting", GAUGE, WHOLE, AT(notices.waiting), "Deliveries that gather, are due, or wait to be tried again."},
    {"mainstem_notices_channels", GAUGE, WHOLE, AT(notices.channels), "Channels of notices, of all tenants."},
    {"mainstem_notices_channels_dead", GAUGE, WHOLE, AT(notices.dead), "Of these, channels that cannot be reached."},
    {"mainstem_live_viewers", GAUGE, WHOLE, AT(live.viewers), "Viewers of live values that are connected."},
    {"mainstem_live_viewers_away", GAUGE, WHOLE, AT(live.viewers_away), "Viewers that lost their connection and may come back."},
    {"mainstem_live_subscriptions", GAUGE, WHOLE, AT(live.subscriptions), "Subscriptions of viewers."},
    {"mainstem_live_points", GAUGE, WHOLE, AT(live.points), "Points that viewers watch, counted for each viewer."},
    {"mainstem_live_messages_total", COUNTER, WHOLE, AT(live.messages), "Messages sent to viewers."},
    {"mainstem_live_values_total", COUNTER, WHOLE, AT(live.values), "Values sent to viewers."},
    {"mainstem_live_skipped_values_total", COUNTER, WHOLE, AT(live.skipped), "Intermediate values left out for viewers that were slower than they came."},
    {"mainstem_live_returned_total", COUNTER, WHOLE, AT(live.returned), "Viewers that came back."},
    {"mainstem_live_revoked_total", COUNTER, WHOLE, AT(live.revoked), "Points that viewers may not see any more, and viewers whose session ended."},
    {"mainstem_live_expired_total", COUNTER, WHOLE, AT(live.expired), "Viewers that did not come back in time."},
    {"mainstem_live_memory_bytes", GAUGE, WHOLE, AT(live.memory), "Memory of viewers and what they watch."},

    {"mainstem_tenants", GAUGE, WHOLE, AT(tenants_all), "Tenants that were made ever. The families by tenant tell the 1,000 that have most points."},
    {"mainstem_tenant_points", GAUGE, WHOLE, BY(put_tenant_points), "Points of a tenant."},
    {"mainstem_tenant_values_per_second", GAUGE, WHOLE, BY(put_tenant_values), "Values that a tenant sent in the last second."},
    {"mainstem_tenant_storage_bytes", GAUGE, WHOLE, BY(put_tenant_storage), "Bytes that a tenant's samples, rollups, kept messages and documents hold."},
    {"mainstem_tenant_connections", GAUGE, WHOLE, BY(put_tenant_connections), "Connections of a tenant."},
    {"mainstem_tenant_refused_total", COUNTER, WHOLE, BY(put_tenant_refused), "Times that a tenant's quota refused something, by quota; without a line it is 0."},
};
/* clang-format on */
#undef AT
#undef BY

/* ---- the answer ----------------------------------------------------------------------------- */
static void number_put(struct text *text, const struct metric *metric, const struct gathered *all)
{
    const uint8_t *at = (const uint8_t *)all + metric->offset;
    text_put_format(text, "%s ", metric->name);
    if (metric->unit == FLAG)
        text_put_words(text, *at != 0 ? "1" : "0");
    else if (metric->unit == FROM_NS)
        seconds_put(text, load_u64(at));
    else
        text_put_format(text, "%" PRIu64, load_u64(at));
    text_put_words(text, "\n");
}

static void metric_put(struct text *text, const struct metric *metric, const struct gathered *all)
{
    static const char *const kinds[] = {
        [COUNTER] = "counter", [GAUGE] = "gauge", [HISTOGRAM] = "histogram"};
    text_put_format(text, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
                    kinds[metric->kind]);
    if (metric->put != NULL)
        metric->put(text, metric->name, all);
    else
        number_put(text, metric, all);
}

enum handled handle_metrics(struct exchange *exchange)
{
    struct gathered all;
    struct text text = {.at = NULL};
    uint32_t tenants[TENANTS_TOLD];
    enum handled handled;
    gather(exchange->web, &all);
    gather_tenants(exchange->web, &all, tenants);
    for (size_t i = 0; i < ARRAY_COUNT(metrics); i++)
        metric_put(&text, &metrics[i], &all);
    if (text.failed)
        handled = answer_problem(exchange, 503, "memory", NULL, "there is no memory: ask again");
    else
        handled = answer_content(exchange, 200, exchange->route->media, text_bytes(&text));
    text_done(&text);
    return handled;
}
