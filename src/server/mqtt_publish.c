/* PUBLISH: from the packet to the engine's answer. What the answer makes necessary is in one place,
 * publish_answer; docs/limits.md tells it as a table. */
#include "server/mqtt_session.h"

#include <stdlib.h>
#include <string.h>

/* ---- topic aliases (MQTT 5, 3.3.2.3.4)
 * ----------------------------------------------------------- */
void mqtt_aliases_free(struct server *server, struct mqtt_session *session)
{
    if (!session->aliases)
        return;
    for (size_t i = 0; i < session->alias_max; i++) {
        memory_give(server, session->aliases[i].size);
        free(session->aliases[i].at);
    }
    memory_give(server, session->alias_max * sizeof *session->aliases);
    free(session->aliases);
    session->aliases = NULL;
}

static bool alias_set(struct server *server, struct mqtt_session *session, uint16_t number,
                      struct bytes topic)
{
    size_t table = session->alias_max * sizeof *session->aliases;
    if (!session->aliases) {
        if (!memory_take(server, table))
            return false;
        session->aliases = calloc(session->alias_max, sizeof *session->aliases);
        if (!session->aliases) {
            memory_give(server, table);
            return false;
        }
    }
    struct alias *alias = &session->aliases[number - 1];
    if (bytes_equal(bytes_of(alias->at, alias->size), topic))
        return true;
    uint8_t *at = memory_take(server, topic.size) ? malloc(topic.size) : NULL;
    if (!at)
        return false;
    memory_give(server, alias->size);
    free(alias->at);
    memcpy(at, topic.at, topic.size);
    *alias = (struct alias){.at = at, .size = (uint16_t)topic.size};
    return true;
}

/* Puts the topic of an alias into publish->topic, or learns it. Returns 0 or the reason to leave.
 */
static uint8_t alias_resolve(struct server *server, struct mqtt_session *session,
                             struct mqtt_publish *publish)
{
    uint16_t number = publish->properties.topic_alias;
    if (number == 0 || number > session->alias_max)
        return MQTT_TOPIC_ALIAS_INVALID;
    if (publish->topic.size > 0)
        return alias_set(server, session, number, publish->topic) ? 0 : MQTT_QUOTA_EXCEEDED;
    if (!session->aliases || !session->aliases[number - 1].at)
        return MQTT_PROTOCOL_ERROR;
    const struct alias *alias = &session->aliases[number - 1];
    publish->topic = bytes_of(alias->at, alias->size);
    return 0;
}

/* ---- what this version does not offer
 * ------------------------------------------------------------- */
/* A client of MQTT 5 was told in CONNACK; one of MQTT 3 cannot be told. Returns false when the
 * connection ends. */
static bool publish_is_offered(struct server *server, struct mqtt_session *session,
                               const struct mqtt_publish *publish)
{
    struct connection *c = session->c;
    if (publish->qos > 1) {
        mqtt_goodbye(server, c, MQTT_QOS_NOT_SUPPORTED, CAUSE_NOT_SUPPORTED,
                     "QoS 2 is not offered by this version; QoS 1 is");
        return false;
    }
    if (publish->retain && session->version == MQTT_5) {
        mqtt_goodbye(server, c, MQTT_RETAIN_NOT_SUPPORTED, CAUSE_NOT_SUPPORTED,
                     "retained messages are not offered by this version");
        return false;
    }
    if (publish->retain && !server->told_retain) {
        server->told_retain = true;
        log_warn("mqtt",
                 "%s publishes with the retain flag: the readings are taken, the flag is "
                 "ignored by this version (said once)",
                 c->peer);
    }
    if (publish->properties.has & UINT64_C(1) << 11) { /* 3.3.4: not from a client */
        mqtt_goodbye(server, c, MQTT_PROTOCOL_ERROR, CAUSE_PROTOCOL,
                     "a subscription identifier in a PUBLISH to the server");
        return false;
    }
    return true;
}

/* ---- the answer
 * ----------------------------------------------------------------------------------- */
static void publish_log_refusal(struct server *server, const struct mqtt_session *session,
                                const struct mqtt_publish *publish, enum admit admit,
                                enum payload_fault fault)
{
    uint64_t suppressed;
    if (!server->settings.log_refused ||
        !log_ration_take(&server->ration_refused, server->now_ns, 5, &suppressed))
        return;
    int size = publish->topic.size < 128 ? (int)publish->topic.size : 128;
    if (suppressed > 0)
        log_warn("mqtt", "%llu more messages were refused since", (unsigned long long)suppressed);
    log_warn("mqtt", "refused: %.*s from %.*s (%s): %s", size, (const char *)publish->topic.at,
             session->id_size < 64 ? (int)session->id_size : 64, (const char *)session->id,
             session->c->peer, mqtt_reason_string(admit, fault));
}

/* MQTT 3 has no negative PUBACK: where the message may be taken later, the connection closes, so
 * that the sender keeps it; where it never will be, it is acknowledged, counted and named. */
static bool refusal_is_passing(enum admit admit)
{
    return admit == ADMIT_DISK_FULL || admit == ADMIT_STOPPED;
}

static enum feed publish_answer(struct server *server, struct mqtt_session *session,
                                const struct mqtt_publish *publish, enum admit admit,
                                const struct admitted *admitted)
{
    if (UNLIKELY(admit != ADMIT_DONE))
        publish_log_refusal(server, session, publish, admit, admitted->fault);
    if (publish->qos == 0) {
        server->counters.qos_0++;
        server->counters.dropped += admit != ADMIT_DONE;
        return FEED_MORE;
    }
    server->counters.qos_1++;
    if (refusal_is_passing(admit) && session->version != MQTT_5) {
        mqtt_goodbye(server, session->c, MQTT_QUOTA_EXCEEDED, CAUSE_REFUSED, NULL);
        return FEED_END;
    }
    struct ack ack = {.ticket = (uint32_t)admitted->ticket,
                      .read_us = (uint32_t)(server->now_ns / NS_PER_US),
                      .packet_id = publish->packet_id,
                      .admit = (uint8_t)admit,
                      .fault = (uint8_t)(admit == ADMIT_DONE ? PAYLOAD_OK : admitted->fault)};
    if (LIKELY(mqtt_acks_put(server, session, &ack)))
        return FEED_MORE;
    mqtt_goodbye(server, session->c, MQTT_QUOTA_EXCEEDED, CAUSE_MEMORY, cause_text(CAUSE_MEMORY));
    return FEED_END;
}

/* As many unanswered messages as were announced: a client of MQTT 5 knows the number and broke it;
 * one of MQTT 3 is read again when there is room. */
static enum feed publish_over_maximum(struct server *server, struct mqtt_session *session)
{
    if (session->version != MQTT_5)
        return FEED_HOLD;
    mqtt_goodbye(server, session->c, MQTT_RECEIVE_MAXIMUM_EXCEEDED, CAUSE_RECEIVE_MAXIMUM, NULL);
    return FEED_END;
}

enum feed mqtt_publish_feed(struct server *server, struct connection *c,
                            const struct mqtt_frame *frame)
{
    struct mqtt_session *session = c->session;
    struct mqtt_publish publish;
    struct admitted admitted = {.ticket = 0};
    uint8_t reason = mqtt_publish_get(frame, session->version, &publish);
    if (UNLIKELY(reason != 0)) {
        mqtt_goodbye(server, c, reason,
                     reason == MQTT_PROTOCOL_ERROR ? CAUSE_PROTOCOL : CAUSE_MALFORMED, NULL);
        return FEED_END;
    }
    if (UNLIKELY(publish.qos > 1 || publish.retain || publish.properties.has) &&
        !publish_is_offered(server, session, &publish))
        return FEED_END;
    if (UNLIKELY(MQTT_HAS(&publish.properties, 35)) || UNLIKELY(publish.topic.size == 0)) {
        reason = alias_resolve(server, session, &publish);
        if (reason != 0) {
            mqtt_goodbye(server, c, reason,
                         reason == MQTT_QUOTA_EXCEEDED ? CAUSE_MEMORY : CAUSE_PROTOCOL, NULL);
            return FEED_END;
        }
    }
    if (UNLIKELY(publish.qos == 1 && session->acks.count >= session->receive_max))
        return publish_over_maximum(server, session);
    enum admit admit = engine_publish(server->engine, &session->publisher, publish.topic,
                                      publish.payload, &admitted);
    if (UNLIKELY(admit == ADMIT_WAIT))
        return FEED_FULL;
    server->round_messages++;
    if (LIKELY(admit == ADMIT_DONE))
        server->last_ticket = admitted.ticket;
    return publish_answer(server, session, &publish, admit, &admitted);
}
