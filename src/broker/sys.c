/* $SYS: what the server knows of itself, under the names that Mosquitto's users know. The values
 * are no messages of the journal: they are made anew, sent to whoever subscribes when they change,
 * and given to a new subscription as if they were retained. */
#include "broker/room.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* Totals whose rates a minute are told over 1, 5 and 15 minutes. */
#define LOAD_TABLE(X)                                                                              \
    X(LOAD_MESSAGES_RECEIVED, "messages/received", counters->packets)                              \
    X(LOAD_MESSAGES_SENT, "messages/sent", counters->packets_out)                                  \
    X(LOAD_PUBLISH_RECEIVED, "publish/received",                                                   \
      counters->qos_0 + counters->qos_1 + counters->qos_2)                                         \
    X(LOAD_PUBLISH_SENT, "publish/sent", counters->delivered)                                      \
    X(LOAD_PUBLISH_DROPPED, "publish/dropped", counters->dropped_slow + counters->dropped_queue)   \
    X(LOAD_BYTES_RECEIVED, "bytes/received", broker->traffic.bytes_in)                             \
    X(LOAD_BYTES_SENT, "bytes/sent", broker->traffic.bytes_out)                                    \
    X(LOAD_SOCKETS, "sockets", broker->traffic.accepted)                                           \
    X(LOAD_CONNECTIONS, "connections", counters->connects)
#define LOAD_ENUM(name, topic, total) name,
enum load { LOAD_TABLE(LOAD_ENUM) LOADS };

#define PREFIX "$SYS/broker/"
static const char *const load_topics[LOADS][3] = {
#define LOAD_TOPICS(name, topic, total)                                                            \
    [name] = {PREFIX "load/" topic "/1min", PREFIX "load/" topic "/5min",                          \
              PREFIX "load/" topic "/15min"},
    LOAD_TABLE(LOAD_TOPICS)};

/* A bridge of Mosquitto's says $SYS/broker/connection/NAME/state of itself, as it may there. */
bool topic_is_sys(struct bytes topic)
{
    static const char bridges[] = PREFIX "connection/+/state";
    return topic.size >= 4 && memcmp(topic.at, "$SYS", 4) == 0 &&
           (topic.size == 4 || topic.at[4] == '/') &&
           !topic_matches(topic, bytes_of(bridges, sizeof bridges - 1));
}

static void sys_send(struct broker *broker, const struct sys_value *value)
{
    struct bytes topic = bytes_text(value->topic);
    route_match(broker, TENANT_DEFAULT, topic, 0, true, NULL, SESSION_NONE, 0);
    if (broker->route.count == 0)
        return;
    struct message *message =
        message_create(broker, TENANT_DEFAULT, topic, bytes_of("", 0), bytes_text(value->text));
    if (!message)
        return;
    for (uint32_t i = 0; i < broker->route.count; i++) {
        const struct match *match = &broker->route.matches[i];
        if (match->client)
            deliver_add(broker, match->client, message, 0, match->retain, match->id, NULL);
    }
    message_drop(broker, message);
}

static void sys_set(struct broker *broker, const char *topic, const char *text)
{
    struct sys_value *value = NULL;
    for (size_t i = 0; i < broker->sys_count && !value; i++)
        if (strcmp(broker->sys[i].topic, topic) == 0)
            value = &broker->sys[i];
    if (!value) {
        check(broker->sys_count < SYS_TOPICS_MAX);
        value = &broker->sys[broker->sys_count++];
        *value = (struct sys_value){.topic = topic};
    }
    if (strcmp(value->text, text) == 0)
        return;
    snprintf(value->text, sizeof value->text, "%s", text);
    if (!topics_empty(broker->topics))
        sys_send(broker, value);
}

static void sys_set_number(struct broker *broker, const char *topic, uint64_t number)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64, number);
    sys_set(broker, topic, text);
}

/* An exponential mean of the rate a minute, as load averages are. */
static void sys_loads(struct broker *broker, int64_t now_ns)
{
    static const double minutes[3] = {1, 5, 15};
    const struct broker_counters *counters = &broker->counters;
    double seconds = (double)(now_ns - broker->load_ns) / 1e9;
    const uint64_t totals[LOADS] = {
#define LOAD_TOTAL(name, topic, total) [name] = (total),
        LOAD_TABLE(LOAD_TOTAL)};
    broker->load_ns = now_ns;
    for (size_t load = 0; load < LOADS; load++) {
        double rate =
            seconds > 0 ? (double)(totals[load] - broker->load_before[load]) * 60 / seconds : 0;
        broker->load_before[load] = totals[load];
        for (size_t i = 0; i < 3; i++) {
            /* 1 - exp(-x) to first order is enough for a step much shorter than the window. */
            double weight = seconds / (60 * minutes[i] + seconds);
            char text[32];
            broker->loads[load][i] += weight * (rate - broker->loads[load][i]);
            snprintf(text, sizeof text, "%.2f", broker->loads[load][i]);
            sys_set(broker, load_topics[load][i], text);
        }
    }
}

static void sys_counts(struct broker *broker, const struct broker_state *state)
{
    const struct broker_counters *counters = &broker->counters;
    uint64_t away = state->sessions > 0 ? state->sessions : 0;
    for (uint32_t number = 1; number < broker->record_count; number++)
        away -= records_at(broker, number)->in_use && records_at(broker, number)->client;
    sys_set_number(broker, PREFIX "clients/total", state->clients + away);
    sys_set_number(broker, PREFIX "clients/connected", state->clients);
    sys_set_number(broker, PREFIX "clients/active", state->clients);
    sys_set_number(broker, PREFIX "clients/disconnected", away);
    sys_set_number(broker, PREFIX "clients/inactive", away);
    sys_set_number(broker, PREFIX "clients/maximum", state->clients_max);
    sys_set_number(broker, PREFIX "clients/expired", counters->sessions_expired);
    sys_set_number(broker, PREFIX "subscriptions/count", state->subscriptions);
    sys_set_number(broker, PREFIX "shared_subscriptions/count", state->shared);
    sys_set_number(broker, PREFIX "retained messages/count", state->retained + broker->sys_count);
    sys_set_number(broker, PREFIX "messages/received", counters->packets);
    sys_set_number(broker, PREFIX "messages/sent", counters->packets_out);
    sys_set_number(broker, PREFIX "messages/stored", state->retained + state->queued);
    sys_set_number(broker, PREFIX "store/messages/count", state->retained + state->queued);
    sys_set_number(broker, PREFIX "store/messages/bytes", state->stored_bytes);
    sys_set_number(broker, PREFIX "publish/messages/received",
                   counters->qos_0 + counters->qos_1 + counters->qos_2);
    sys_set_number(broker, PREFIX "publish/messages/sent", counters->delivered);
    sys_set_number(broker, PREFIX "publish/messages/dropped",
                   counters->dropped_slow + counters->dropped_queue);
    sys_set_number(broker, PREFIX "publish/bytes/received", counters->messages_bytes);
    sys_set_number(broker, PREFIX "publish/bytes/sent", counters->delivered_bytes);
    sys_set_number(broker, PREFIX "bytes/received", broker->traffic.bytes_in);
    sys_set_number(broker, PREFIX "bytes/sent", broker->traffic.bytes_out);
    sys_set_number(broker, PREFIX "heap/current", state->memory);
}

static void sys_update(struct broker *broker)
{
    char text[48];
    struct broker_state state;
    broker_describe(broker, &state);
    snprintf(text, sizeof text, "%" PRId64 " seconds",
             (broker->now_ns - broker->started_ns) / NS_PER_S);
    sys_set(broker, PREFIX "version", "mainstem version " MAINSTEM_VERSION);
    sys_set(broker, PREFIX "uptime", text);
    sys_counts(broker, &state);
    sys_loads(broker, broker->now_ns);
}

void sys_init(struct broker *broker)
{
    broker->load_ns = broker->now_ns;
    sys_update(broker);
    broker->sys_due_ns = broker->now_ns + broker->settings->mqtt_sys_interval;
}

int64_t sys_run(struct broker *broker)
{
    int64_t interval_ns = broker->settings->mqtt_sys_interval;
    if (interval_ns == 0)
        return INT64_MAX;
    if (broker->now_ns >= broker->sys_due_ns) {
        broker->sys_due_ns = broker->now_ns + interval_ns;
        sys_update(broker);
    }
    return broker->sys_due_ns;
}

void sys_ask(struct broker *broker, struct client *client, struct bytes filter, uint8_t qos,
             uint32_t id)
{
    (void)qos; /* the values are of QoS 0 */
    if (filter.at[0] != '$' || broker->settings->mqtt_sys_interval == 0)
        return;
    if (broker->now_ns - broker->load_ns > NS_PER_S) /* however often someone asks */
        sys_update(broker);
    for (size_t i = 0; i < broker->sys_count; i++) {
        struct bytes topic = bytes_text(broker->sys[i].topic);
        if (!topic_matches(topic, filter))
            continue;
        struct message *message = message_create(broker, TENANT_DEFAULT, topic, bytes_of("", 0),
                                                 bytes_text(broker->sys[i].text));
        if (!message)
            return;
        deliver_add(broker, client, message, 0, true, id, NULL);
        message_drop(broker, message);
    }
}
