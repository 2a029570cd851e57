/* PUBLISH: from the packet to what the engine keeps and reads, and to those who get it. What an
 * answer of the engine makes necessary is in one place, publish_answer; docs/limits.md tells it as
 * a table. */
#include "broker/room.h"

#include <stdlib.h>

/* ---- topic aliases (MQTT 5, 3.3.2.3.4) ---- */
void aliases_free(struct broker *broker, struct client *client)
{
    if (!client->aliases)
        return;
    for (size_t i = 0; i < client->alias_max; i++) {
        budget_give(broker->memory, client->aliases[i].size);
        free(client->aliases[i].at);
    }
    budget_give(broker->memory, client->alias_max * sizeof *client->aliases);
    free(client->aliases);
    client->aliases = NULL;
}

static bool alias_set(struct broker *broker, struct client *client, uint16_t number,
                      struct bytes topic)
{
    size_t table = client->alias_max * sizeof *client->aliases;
    if (!client->aliases) {
        if (!budget_take(broker->memory, table))
            return false;
        client->aliases = calloc(client->alias_max, sizeof *client->aliases);
        if (!client->aliases) {
            budget_give(broker->memory, table);
            return false;
        }
    }
    struct alias *alias = &client->aliases[number - 1];
    if (bytes_equal(bytes_of(alias->at, alias->size), topic))
        return true;
    uint8_t *at = budget_take(broker->memory, topic.size) ? malloc(topic.size) : NULL;
    if (!at)
        return false;
    budget_give(broker->memory, alias->size);
    free(alias->at);
    memcpy(at, topic.at, topic.size);
    *alias = (struct alias){.at = at, .size = (uint16_t)topic.size};
    return true;
}

/* Puts the topic of an alias into publish->topic, or learns it. Returns 0 or the reason to leave.
 */
static uint8_t alias_resolve(struct broker *broker, struct client *client,
                             struct mqtt_publish *publish)
{
    uint16_t number = publish->properties.topic_alias;
    if (number == 0 || number > client->alias_max)
        return MQTT_TOPIC_ALIAS_INVALID;
    if (publish->topic.size > 0)
        return alias_set(broker, client, number, publish->topic) ? 0 : MQTT_QUOTA_EXCEEDED;
    if (!client->aliases || !client->aliases[number - 1].at)
        return MQTT_PROTOCOL_ERROR;
    const struct alias *alias = &client->aliases[number - 1];
    publish->topic = bytes_of(alias->at, alias->size);
    return 0;
}

/* ---- QoS 2 packet ids in use (4.3.3) ---- */
bool received_has(const struct client *client, uint16_t packet_id)
{
    return client->received && (client->received[packet_id / 8] >> packet_id % 8 & 1);
}

bool received_set(struct broker *broker, struct client *client, uint16_t packet_id)
{
    if (!client->received) {
        if (!budget_take(broker->memory, RECEIVED_BYTES))
            return false;
        client->received = calloc(1, RECEIVED_BYTES);
        if (!client->received) {
            budget_give(broker->memory, RECEIVED_BYTES);
            return false;
        }
    }
    client->received[packet_id / 8] |= (uint8_t)(1u << packet_id % 8);
    client->received_count++;
    return true;
}

static void received_clear(struct client *client, uint16_t packet_id)
{
    client->received[packet_id / 8] &= (uint8_t) ~(1u << packet_id % 8);
    client->received_count--;
}

/* ---- what may be a reading ---- */
/* Where the topic is noted down, or where it would be: of 16 places the first that is free. */
static size_t response_find(const struct broker *broker, uint64_t hash, bool *ret_found)
{
    size_t first = (size_t)(hash >> 16) % RESPONSES, place = first;
    bool free_found = false;
    *ret_found = false;
    for (size_t i = 0; i < 16; i++) {
        size_t at = (first + i) % RESPONSES;
        const struct response *response = &broker->responses[at];
        bool lives =
            response->hash && clients_at(broker, response->slot, response->generation) != NULL;
        if (lives && response->hash == hash) {
            *ret_found = true;
            return at;
        }
        if (!lives && !free_found) {
            free_found = true;
            place = at;
        }
    }
    return place;
}

static bool response_is_known(const struct broker *broker, uint32_t tenant, struct bytes topic)
{
    bool found;
    (void)response_find(broker, broker_hash(broker, tenant, topic) | 1, &found);
    return found;
}

/* Where a client wants its responses are no readings, for answers are not measured; as long as it
 * is connected, and unless the topic is a device's already: nobody takes another's readings away.
 */
static void response_note(struct broker *broker, const struct client *client, struct bytes topic)
{
    struct points *points = engine_points(broker->engine);
    uint8_t space[PATH_MAX_BYTES];
    struct bytes path;
    bool found;
    if (topic.size == 0)
        return;
    if (broker_topic_path(broker, topic, space, &path) == ADMIT_DONE &&
        (points_find(points, client->tenant, path) != POINT_NONE ||
         points_find_row(points, client->tenant, path) != ROW_NONE))
        return;
    uint64_t hash = broker_hash(broker, client->tenant, topic) | 1;
    size_t at = response_find(broker, hash, &found);
    if (found)
        return;
    broker->response_count++;
    broker->responses[at] =
        (struct response){.hash = hash, .slot = client->slot, .generation = client->generation};
}

static bool filter_list_matches(const char *filters, struct bytes topic)
{
    const char *at = filters;
    while (*at) {
        size_t size = strcspn(at, " ");
        if (size > 0 && topic_matches(topic, bytes_of(at, size)))
            return true;
        at += size;
        at += strspn(at, " ");
    }
    return false;
}

enum topic_use topic_use_of(const struct broker *broker, const char *filters, uint32_t tenant,
                            struct bytes topic)
{
    if (topic.at[0] == '$')
        return TOPIC_DOLLAR;
    if (broker->response_count > 0 && response_is_known(broker, tenant, topic))
        return TOPIC_RESPONSE;
    return filter_list_matches(filters, topic) ? TOPIC_READING : TOPIC_NOT_MATCHED;
}

/* The same, quickly where nothing restricts readings. */
static bool may_be_reading(const struct broker *broker, uint32_t tenant, struct bytes topic)
{
    const char *filters = broker->settings->readings_match;
    if (LIKELY(filters[0] == '#' && filters[1] == 0 && broker->response_count == 0))
        return topic.at[0] != '$';
    return topic_use_of(broker, filters, tenant, topic) == TOPIC_READING;
}

enum admit topic_path_of(const struct topic_template *path_template, struct bytes topic,
                         uint8_t *path, struct bytes *ret_path)
{
    size_t size = 0;
    if (path_template->plain) {
        *ret_path = topic;
        return ADMIT_DONE;
    }
    enum err err = topic_template_apply(path_template, topic, path, PATH_MAX_BYTES, &size);
    if (err == OK && size > 0)
        *ret_path = bytes_of(path, size);
    return err == ERR_MISSING ? ADMIT_NO_PATH : size > 0 ? ADMIT_DONE : ADMIT_TOPIC_INVALID;
}

enum admit broker_topic_path(const struct broker *broker, struct bytes topic, uint8_t *path,
                             struct bytes *ret_path)
{
    return topic_path_of(&broker->path_template, topic, path, ret_path);
}

/* Where its readings go, when that is not the topic. */
static void publication_map(struct broker *broker, const struct publication *publication,
                            struct engine_beside *beside)
{
    struct publisher *publisher = publication->publisher;
    enum admit admit = broker_topic_path(broker, publication->topic, broker->path, &beside->path);
    if (admit == ADMIT_DONE && publication->principal && beside->path.at[0] != '$')
        admit = rights_write(broker, publication->principal, publisher->tenant, beside->path,
                             &publisher->flat);
    beside->no_path = (uint8_t)admit;
}

/* ---- admission ---- */
#define STORE_ROWS 256u /* rows that a message or a session takes beside its bytes */

bool store_is_shared(const struct broker *broker)
{
    return broker->access && access_tenants(engine_access(broker->engine)) > 1;
}

bool store_takes(const struct broker *broker, uint32_t tenant, size_t bytes)
{
    struct sessions_counts counts;
    struct sessions_tenant of;
    uint64_t most = broker->settings->mqtt_stored;
    sessions_describe(broker->sessions, &counts);
    if (counts.held + bytes + STORE_ROWS > most)
        return false;
    if (!store_is_shared(broker))
        return true;
    sessions_tenant(broker->sessions, tenant, &of);
    return of.held + bytes + STORE_ROWS <= most / 2;
}

/* One more topic with a retained message, beside so many on their way? Those count for all tenants.
 */
static bool retained_takes(const struct broker *broker, uint32_t tenant, uint64_t on_way)
{
    struct sessions_counts counts;
    struct sessions_tenant of;
    uint64_t most = broker->settings->mqtt_retained;
    sessions_describe(broker->sessions, &counts);
    if (counts.retained + on_way >= most)
        return false;
    if (!store_is_shared(broker))
        return true;
    sessions_tenant(broker->sessions, tenant, &of);
    return of.retained + on_way < most / 2;
}

/* Does the store of messages take one more? Known topics may change their retained message, and one
 * that is no larger, or none at all, is taken by a full store as well. */
static bool store_has_room(const struct broker *broker, const struct publication *publication,
                           size_t bytes)
{
    struct message_view before = {.topic_size = 0};
    uint32_t tenant = publication->publisher->tenant;
    uint32_t known = publication->retain
                         ? sessions_retained_find(broker->sessions, tenant, publication->topic)
                         : MESSAGE_NONE;
    if (known != MESSAGE_NONE)
        sessions_message(broker->sessions, known, &before);
    size_t was = before.topic_size + before.payload_size + before.properties_size;
    bool grows = broker->route.queued > 0 || bytes > was;
    if (publication->retain && publication->payload.size == 0 && broker->route.queued == 0)
        return true;
    if (grows && !store_takes(broker, tenant, bytes))
        return false;
    return !publication->retain || publication->payload.size == 0 || known != MESSAGE_NONE ||
           retained_takes(broker, tenant, broker->retain_posts);
}

/* Those of the batch that is being applied count twice until all of it is: the message waits. */
static bool retained_is_unsure(const struct broker *broker, const struct publication *publication)
{
    uint32_t tenant = publication->publisher->tenant;
    return publication->retain &&
           engine_applied_ticket(broker->engine) != broker->durable_ticket &&
           !retained_takes(broker, tenant, broker->retain_posts) &&
           retained_takes(broker, tenant, 0);
}

/* The message goes into no queue. */
static void queues_drop(struct broker *broker)
{
    struct route *route = &broker->route;
    for (uint32_t i = 0; i < route->count; i++) {
        struct match *match = &route->matches[i];
        if (match->number != SESSION_NONE)
            match->dropped = match->number;
        match->number = SESSION_NONE;
    }
    route->queued = 0;
}

/* The message was taken: it is on its way to queues, and dropped for those that are full. */
static void pending_add(struct broker *broker, size_t bytes)
{
    const struct route *route = &broker->route;
    for (uint32_t i = 0; i < route->count; i++) {
        const struct match *match = &route->matches[i];
        if (match->dropped != SESSION_NONE) {
            records_at(broker, match->dropped)->dropped++;
            broker->counters.dropped_queue++;
        }
        if (match->number == SESSION_NONE)
            continue;
        struct record *record = records_at(broker, match->number);
        record->pending++;
        record->pending_bytes += bytes;
    }
}

static void delivery_failed(struct broker *broker)
{
    uint64_t suppressed;
    if (log_ration_take(&broker->ration_slow, broker->now_ns, 1, &suppressed))
        log_error("mqtt",
                  "limit mqtt.memory: messages do not reach those who are connected without a kept "
                  "session");
}

static enum admit publication_take(struct broker *broker, const struct publication *publication,
                                   struct admitted *ret_admitted)
{
    size_t bytes =
        publication->topic.size + publication->payload.size + publication->properties.size;
    struct publisher *publisher = publication->publisher;
    uint32_t tenant = publisher->tenant;
    route_match(broker, tenant, publication->topic, publication->qos, publication->retain,
                publication->client, publication->number, bytes);
    bool keep = publication->retain || broker->route.queued > 0;
    if (UNLIKELY(broker->route.unsure) ||
        (UNLIKELY(keep) && !store_has_room(broker, publication, bytes) &&
         retained_is_unsure(broker, publication))) {
        *ret_admitted = (struct admitted){0};
        return ADMIT_WAIT;
    }
    struct fact *facts = broker->facts;
    struct engine_beside beside = {
        .facts = facts,
        .no_reading =
            publication->message_only || !may_be_reading(broker, tenant, publication->topic),
        .type_refuses = publication->client && !publication->retain && broker->route.count == 0};
    if (UNLIKELY(!broker->paths_are_topics) && !beside.no_reading)
        publication_map(broker, publication, &beside);
    if (UNLIKELY(keep) && !store_has_room(broker, publication, bytes)) {
        queues_drop(broker); /* a full store keeps no message, and takes no reading away */
        keep = publication->retain;
        beside.only_readings = !keep;
        if (keep && !store_has_room(broker, publication, bytes))
            return ADMIT_STORE_FULL;
    }
    if (keep || (publication->qos > 0 && !beside.only_readings)) {
        facts[0] = (struct fact){
            .kind = FACT_MESSAGE,
            .message = {.tenant = tenant,
                        .qos = publication->qos,
                        .retain = publication->retain,
                        .expiry_s = publication->has_expiry ? publication->expiry_s : EXPIRY_NEVER,
                        .topic = publication->topic,
                        .payload = publication->payload,
                        .properties = publication->properties}};
        if (!route_targets(broker, &facts[0].message))
            return ADMIT_STORE_FULL;
        beside.bytes = FACT_MESSAGE_BYTES_MAX(bytes + broker->route.targets_size);
    }
    if (keep)
        beside.count = 1;
    else if (publication->qos > 0 && !beside.only_readings) /* acknowledged means kept */
        beside.unread = &facts[1];
    if (beside.unread)
        facts[1] = facts[0];
    if (publication->last) {
        facts[beside.count++] = *publication->last;
        beside.bytes += FACT_MESSAGE_BYTES_MAX(0);
    }
    enum admit admit = engine_message(broker->engine, publication->publisher, publication->topic,
                                      publication->payload, &beside, ret_admitted);
    if (admit != ADMIT_DONE)
        return admit == ADMIT_NOT_A_READING ? ADMIT_STORE_FULL : admit;
    if (UNLIKELY(broker->route.count > 0 || publication->retain)) {
        pending_add(broker, bytes);
        if (!post_message(broker, publication, ret_admitted->ticket))
            delivery_failed(broker);
    }
    broker->last_ticket = ret_admitted->ticket;
    return admit;
}

enum admit publication_admit(struct broker *broker, const struct publication *publication,
                             struct admitted *ret_admitted)
{
    enum admit admit = publication_take(broker, publication, ret_admitted);
    if (LIKELY(admit != ADMIT_WAIT) && UNLIKELY(--broker->seen.left == 0))
        topics_seen_note(broker, publication, admit, ret_admitted);
    return admit;
}

/* ---- the answer ---- */
/* MQTT 3 has no negative PUBACK: where the message may be taken later, the connection closes, so
 * that the sender keeps it; where it never will be, it is acknowledged, counted and named. */
static bool refusal_is_passing(enum admit admit)
{
    return admit == ADMIT_DISK_FULL || admit == ADMIT_STOPPED || admit == ADMIT_STORE_FULL ||
           admit == ADMIT_STORAGE_MAX;
}

static enum broker_feed answer_queue(struct broker *broker, struct client *client,
                                     const struct ack *ack)
{
    if (LIKELY(answer_put(broker, client, ack)))
        return BROKER_MORE;
    packet_goodbye(broker, client->link, MQTT_QUOTA_EXCEEDED, CAUSE_MEMORY,
                   cause_text(CAUSE_MEMORY));
    return BROKER_END;
}

static void publish_log(struct broker *broker, const struct client *client,
                        const struct mqtt_publish *publish, enum admit admit,
                        const struct admitted *admitted)
{
    enum admit why = admit == ADMIT_DONE ? admitted->reading : admit;
    if (why != ADMIT_DONE && !(admit == ADMIT_DONE && why == ADMIT_NOT_A_READING))
        packet_log_refusal(broker, client, publish->topic,
                           admitted->fault != PAYLOAD_OK ? payload_fault_text(admitted->fault)
                                                         : admit_text(why));
}

static enum broker_feed publish_answer(struct broker *broker, struct client *client,
                                       const struct mqtt_publish *publish, enum admit admit,
                                       const struct admitted *admitted)
{
    if (UNLIKELY(admit != ADMIT_DONE || admitted->reading != ADMIT_DONE))
        publish_log(broker, client, publish, admit, admitted);
    if (publish->qos == 0) {
        broker->counters.qos_0++;
        broker->counters.dropped += admit != ADMIT_DONE;
        return BROKER_MORE;
    }
    if (publish->qos == 1)
        broker->counters.qos_1++;
    else
        broker->counters.qos_2++;
    if (UNLIKELY(refusal_is_passing(admit)) && client->version != MQTT_5) {
        packet_goodbye(broker, client->link, MQTT_QUOTA_EXCEEDED, CAUSE_REFUSED, NULL);
        return BROKER_END;
    }
    struct ack ack = {.ticket = (uint32_t)admitted->ticket,
                      .read_us = (uint32_t)(broker->now_ns / NS_PER_US),
                      .packet_id = publish->packet_id,
                      .type = publish->qos == 1 ? MQTT_PUBACK : MQTT_PUBREC,
                      .reason = ack_reason_of(admit),
                      .admit = (uint8_t)admit,
                      .fault = (uint8_t)(admit == ADMIT_DONE ? PAYLOAD_OK : admitted->fault)};
    if (admit == ADMIT_DONE && admitted->reading != ADMIT_DONE && broker->route.count == 0 &&
        !publish->retain)
        ack.reason = MQTT_NO_MATCHING_SUBSCRIBERS;
    if (publish->qos == 2 && ack.reason < 0x80 &&
        !received_set(broker, client, publish->packet_id)) {
        packet_goodbye(broker, client->link, MQTT_QUOTA_EXCEEDED, CAUSE_MEMORY,
                       cause_text(CAUSE_MEMORY));
        return BROKER_END;
    }
    return answer_queue(broker, client, &ack);
}

/* As many unanswered messages as were announced? MQTT 3 announces nothing: there, what waits is
 * what we have to say, for the PUBREL that ends a QoS 2 message may lie behind the next PUBLISH. */
static bool publish_is_over_maximum(const struct client *client)
{
    uint32_t unanswered = client->version == MQTT_5 ? client->unanswered + client->received_count
                                                    : client->acks.count;
    return unanswered >= client->receive_max;
}

/* A client of MQTT 5 knows the number and broke it; one of MQTT 3 is read again when there is room.
 */
static enum broker_feed publish_over_maximum(struct broker *broker, struct client *client)
{
    if (client->version != MQTT_5)
        return BROKER_HOLD;
    packet_goodbye(broker, client->link, MQTT_RECEIVE_MAXIMUM_EXCEEDED, CAUSE_RECEIVE_MAXIMUM,
                   NULL);
    return BROKER_END;
}

/* The message came before: it is in hand, whatever became of its PUBREC. */
static enum broker_feed publish_again(struct broker *broker, struct client *client,
                                      const struct mqtt_publish *publish)
{
    struct ack ack = {.ticket = (uint32_t)broker->last_ticket,
                      .read_us = (uint32_t)(broker->now_ns / NS_PER_US),
                      .packet_id = publish->packet_id,
                      .type = MQTT_PUBREC};
    broker->counters.qos_2++;
    return answer_queue(broker, client, &ack);
}

/* What is wrong with it though each of its fields is right; 0: nothing. */
static uint8_t publish_fault(struct broker *broker, struct client *client,
                             struct mqtt_publish *publish)
{
    if (publish->properties.has & UINT64_C(1) << 11) /* [MQTT-3.3.4-6] */
        return MQTT_PROTOCOL_ERROR;
    if (publish->properties.raw.size > PACKET_SCRATCH)
        return MQTT_QUOTA_EXCEEDED;
    if (MQTT_HAS(&publish->properties, 35) || publish->topic.size == 0) {
        uint8_t reason = alias_resolve(broker, client, publish);
        if (reason != 0)
            return reason;
    }
    if (MQTT_HAS(&publish->properties, 8))
        response_note(broker, client, publish->properties.response_topic);
    return 0;
}

/* Counted, listed, told to the audit; what it was is not routed, kept or seen. */
static void publish_denied(struct broker *broker, const struct client *client, struct bytes topic,
                           enum admit admit, struct admitted *ret_admitted)
{
    broker->counters.denied++;
    (void)engine_refuse(broker->engine, client->tenant, topic, admit, ret_admitted);
    access_tell(broker->access, client->principal, "mqtt.publish", topic, bytes_of("", 0),
                "denied");
}

/* The server's own topics, a payload that is not the UTF-8 it says it is, and where it has no right
 * to write, are refused. */
static bool publish_is_refused(struct broker *broker, struct client *client,
                               const struct mqtt_publish *publish, enum admit *ret_admit,
                               struct admitted *ret_admitted)
{
    ret_admitted->reading = ADMIT_TOPIC_INVALID;
    if (topic_is_sys(publish->topic)) {
        *ret_admit = ADMIT_TOPIC_INVALID;
        return true;
    }
    *ret_admit = rights_publish(broker, client, publish->topic, publish->payload);
    if (UNLIKELY(*ret_admit != ADMIT_DONE)) {
        publish_denied(broker, client, publish->topic, *ret_admit, ret_admitted);
        return true;
    }
    ret_admitted->reading = ADMIT_NOT_A_READING;
    if (MQTT_HAS(&publish->properties, 1) && publish->properties.payload_format == 1 &&
        !bytes_are_utf8(publish->payload)) {
        *ret_admit = ADMIT_NOT_A_READING;
        return true;
    }
    return false;
}

static enum admit publish_admit(struct broker *broker, struct client *client,
                                const struct mqtt_publish *publish, struct admitted *ret_admitted)
{
    struct fact received = {.kind = FACT_RECEIVED,
                            .packet = {.session = client->number, .packet_id = publish->packet_id}};
    struct publication publication = {.topic = publish->topic,
                                      .payload = publish->payload,
                                      .qos = publish->qos,
                                      .retain = publish->retain,
                                      .has_expiry = MQTT_HAS(&publish->properties, 2),
                                      .expiry_s = publish->properties.message_expiry_s,
                                      .publisher = &client->publisher,
                                      .client = client,
                                      .principal = client->principal,
                                      .number = client->number,
                                      .last = publish->qos == 2 && client->kept ? &received : NULL};
    if (UNLIKELY(publish->properties.has))
        publication.properties = bytes_of(
            broker->scratch, mqtt_properties_forward(&publish->properties, broker->scratch));
    return publication_admit(broker, &publication, ret_admitted);
}

enum broker_feed publish_feed(struct broker *broker, struct broker_link *link,
                              const struct mqtt_frame *frame)
{
    struct client *client = link->client;
    struct mqtt_publish publish;
    struct admitted admitted = {.ticket = broker->last_ticket};
    enum admit admit;
    uint8_t reason = mqtt_publish_get(frame, client->version, &publish);
    if (UNLIKELY(reason == 0 && (publish.properties.has || publish.topic.size == 0)))
        reason = publish_fault(broker, client, &publish);
    if (UNLIKELY(reason != 0)) {
        packet_goodbye(broker, link, reason,
                       reason == MQTT_PROTOCOL_ERROR || reason == MQTT_TOPIC_ALIAS_INVALID
                           ? CAUSE_PROTOCOL
                       : reason == MQTT_QUOTA_EXCEEDED ? CAUSE_MEMORY
                                                       : CAUSE_MALFORMED,
                       NULL);
        return BROKER_END;
    }
    if (UNLIKELY(publish.qos == 2 && received_has(client, publish.packet_id)))
        return publish_again(broker, client, &publish);
    if (UNLIKELY(publish.qos > 0 && publish_is_over_maximum(client)))
        return publish_over_maximum(broker, client);
    if (UNLIKELY(!flow_may(broker, client)))
        return BROKER_HOLD;
    if (UNLIKELY(publish_is_refused(broker, client, &publish, &admit, &admitted))) {
        broker->route.count = 0;
    } else {
        admit = publish_admit(broker, client, &publish, &admitted);
        if (UNLIKELY(admit == ADMIT_WAIT))
            return BROKER_FULL;
    }
    flow_took(client, admitted.values);
    broker->counters.messages_bytes += frame->packet_bytes;
    return publish_answer(broker, client, &publish, admit, &admitted);
}

/* ---- PUBREL ---- */
enum broker_feed release_feed(struct broker *broker, struct broker_link *link,
                              const struct mqtt_ack *packet)
{
    struct client *client = link->client;
    struct ack ack = {.ticket = (uint32_t)broker->last_ticket,
                      .read_us = (uint32_t)(broker->now_ns / NS_PER_US),
                      .packet_id = packet->packet_id,
                      .type = MQTT_PUBCOMP};
    if (!received_has(client, packet->packet_id)) {
        ack.reason = client->version == MQTT_5 ? MQTT_PACKET_ID_NOT_FOUND : 0;
        return answer_queue(broker, client, &ack);
    }
    if (client->kept) {
        struct fact fact = {.kind = FACT_RELEASED,
                            .packet = {.session = client->number, .packet_id = packet->packet_id}};
        struct engine_beside beside = {
            .facts = &fact, .count = 1, .bytes = FACT_MESSAGE_BYTES_MAX(0)};
        struct admitted admitted;
        enum admit admit = engine_keep(broker->engine, &beside, &admitted);
        if (admit == ADMIT_WAIT)
            return BROKER_FULL;
        if (admit != ADMIT_DONE) { /* the client asks again when it comes back */
            packet_goodbye(broker, link, MQTT_IMPLEMENTATION_SPECIFIC, CAUSE_REFUSED,
                           admit_text(admit));
            return BROKER_END;
        }
        broker->last_ticket = admitted.ticket;
        ack.ticket = (uint32_t)admitted.ticket;
    }
    received_clear(client, packet->packet_id);
    return answer_queue(broker, client, &ack);
}
