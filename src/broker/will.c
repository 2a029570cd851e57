/* Wills (MQTT 5, 3.1.2.5): the last message of who went away. It lies with the session's facts from
 * CONNECT on, so that a client's will is published even when the server is killed with it. */
#include "broker/room.h"

#include <stdlib.h>

void will_fact(const struct mqtt_will *will, struct fact_will *ret_fact, uint8_t *properties)
{
    *ret_fact = (struct fact_will){.present = will->present, .expiry_s = EXPIRY_NEVER};
    if (!will->present)
        return;
    ret_fact->retain = will->retain;
    ret_fact->qos = will->qos;
    ret_fact->delay_s = will->properties.will_delay_s;
    if (MQTT_HAS(&will->properties, 2))
        ret_fact->expiry_s = will->properties.message_expiry_s;
    ret_fact->topic = will->topic;
    ret_fact->payload = will->payload;
    ret_fact->properties =
        bytes_of(properties, mqtt_properties_forward(&will->properties, properties));
}

/* A message that a limit refuses will not be taken later either: the will is over. */
static enum admit will_give_up(struct broker *broker, uint32_t number, enum admit why)
{
    struct fact done = {.kind = FACT_WILL_DONE, .session = number};
    struct engine_beside beside = {.facts = &done, .count = 1, .bytes = FACT_MESSAGE_BYTES_MAX(0)};
    struct admitted admitted;
    enum admit admit = engine_keep(broker->engine, &beside, &admitted);
    if (admit != ADMIT_DONE)
        return admit;
    broker->counters.dropped++;
    broker->last_ticket = broker->chore_ticket = admitted.ticket;
    log_warn("mqtt", "the will of session %u is not published: %s", number, admit_text(why));
    return ADMIT_DONE;
}

/* Whose will it is; NULL: the server was started since, and the right was judged by CONNECT. */
static const struct principal *will_principal(const struct broker *broker, uint32_t number)
{
    const struct record *record = records_at(broker, number);
    return record->client ? record->client->principal : record->principal;
}

enum admit will_publish(struct broker *broker, uint32_t number)
{
    struct will_view view;
    struct session_view session;
    struct admitted admitted;
    if (!sessions_will(broker->sessions, number, &view) ||
        !sessions_view(broker->sessions, number, &session))
        return ADMIT_DONE;
    const struct principal *principal = will_principal(broker, number);
    broker->will_publisher.tenant = session.tenant;
    broker->will_publisher.flat = false;
    size_t size = view.topic_size + view.payload_size + view.properties_size;
    uint8_t *at = malloc(size + 1);
    if (!at)
        return ADMIT_WAIT;
    sessions_will_copy(broker->sessions, number, at);
    struct fact done = {.kind = FACT_WILL_DONE, .session = number};
    struct publication publication = {
        .topic = bytes_of(at, view.topic_size),
        .payload = bytes_of(at + view.topic_size, view.payload_size),
        .properties = bytes_of(at + view.topic_size + view.payload_size, view.properties_size),
        .qos = view.qos,
        .retain = view.retain,
        .has_expiry = view.expiry_s != EXPIRY_NEVER,
        .expiry_s = view.expiry_s,
        .publisher = &broker->will_publisher,
        .principal = principal,
        .number = number,
        .last = &done};
    enum admit admit = ADMIT_DONE;
    if (principal)
        admit = rights_write(broker, principal, session.tenant, publication.topic,
                             &broker->will_publisher.flat);
    if (admit == ADMIT_DONE)
        admit = publication_admit(broker, &publication, &admitted);
    free(at);
    if (admit == ADMIT_WAIT || admit == ADMIT_STOPPED || admit == ADMIT_DISK_FULL)
        return admit;
    if (admit != ADMIT_DONE && admit != ADMIT_TYPE)
        return will_give_up(broker, number, admit);
    broker->counters.wills++;
    broker->last_ticket = broker->chore_ticket = admitted.ticket;
    return ADMIT_DONE;
}
