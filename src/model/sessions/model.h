/* What sessions should be, written a second time as plainly as possible, for tests: arrays and
 * lists, searched from the beginning. And an answer to whether both are the same. */
#pragma once

#include "model/sessions/fixture.h"

#include "topics/topics.h"

#define MODEL_SESSIONS 12
#define MODEL_TOPICS 10

struct model_text {
    size_t size;
    uint8_t bytes[4096];
};
struct model_message {
    uint32_t references;
    uint32_t tenant;
    uint8_t qos;
    int64_t expires_wall_ns;
    struct model_text topic, payload, properties;
};
struct model_entry {
    struct model_entry *next;
    struct model_message *message; /* NULL: released */
    uint16_t packet_id;
    struct message_target as;
};
struct model_subscription {
    struct model_subscription *next;
    struct fact_subscribe as; /* without the filter */
    struct model_text filter;
};
struct model_session {
    bool used, connected, has_will;
    uint32_t tenant, expiry_s;
    uint8_t version;
    uint16_t sent, next_packet;
    struct session_stamp closed;
    struct model_text client_id;
    struct fact_will will; /* without the texts, which follow each other here */
    struct model_text will_texts;
    struct model_entry *queue;
    struct model_subscription *subscriptions;
    uint8_t received[65536];
};
struct model_retained {
    struct model_retained *next;
    struct model_message *message;
};
struct model {
    struct model_session sessions[MODEL_SESSIONS + 1];
    struct model_retained *retained;
    uint32_t messages, highest;
    uint64_t strays, full;
};

static inline void model_text_add(struct model_text *text, struct bytes bytes)
{
    assert_true(text->size + bytes.size <= sizeof text->bytes);
    if (bytes.size > 0)
        memcpy(text->bytes + text->size, bytes.at, bytes.size);
    text->size += bytes.size;
}

static inline bool model_text_is(const struct model_text *text, struct bytes bytes)
{
    return bytes_equal(bytes_of(text->bytes, text->size), bytes);
}

static inline uint64_t model_message_size(const struct model_message *message)
{
    return message->topic.size + message->payload.size + message->properties.size;
}

static inline void model_release(struct model *model, struct model_message *message)
{
    if (message == NULL || --message->references > 0)
        return;
    model->messages--;
    free(message);
}

static inline void model_entry_remove(struct model *model, struct model_entry **link)
{
    struct model_entry *entry = *link;
    *link = entry->next;
    model_release(model, entry->message);
    free(entry);
}

/* ---- sessions
 * ------------------------------------------------------------------------------------------- */

static inline void model_clear(struct model *model, struct model_session *session)
{
    while (session->queue != NULL)
        model_entry_remove(model, &session->queue);
    while (session->subscriptions != NULL) {
        struct model_subscription *next = session->subscriptions->next;
        free(session->subscriptions);
        session->subscriptions = next;
    }
    memset(session->received, 0, sizeof session->received);
    session->next_packet = 1;
    session->sent = 0;
    session->closed = (struct session_stamp){.wall_ns = 0};
}

static inline void model_end(struct model *model, struct model_session *session)
{
    model_clear(model, session);
    memset(session, 0, sizeof *session);
}

static inline uint32_t model_find(const struct model *model, uint32_t tenant,
                                  struct bytes client_id)
{
    for (uint32_t i = 1; i <= MODEL_SESSIONS; i++) {
        const struct model_session *session = &model->sessions[i];
        if (session->used && session->tenant == tenant &&
            model_text_is(&session->client_id, client_id))
            return i;
    }
    return SESSION_NONE;
}

static inline void model_open(struct model *model, const struct fact_session_open *open)
{
    struct model_session *session = &model->sessions[open->session];
    uint32_t found = model_find(model, open->tenant, open->client_id);
    if (found != open->session) {
        if (found != SESSION_NONE)
            model_end(model, &model->sessions[found]);
        model_end(model, session);
        session->used = true;
        session->next_packet = 1;
        session->tenant = open->tenant;
        model_text_add(&session->client_id, open->client_id);
        if (open->session > model->highest)
            model->highest = open->session;
    }
    if (open->clean)
        model_clear(model, session);
    session->connected = true;
    session->version = open->version;
    session->expiry_s = open->expiry_s;
    session->has_will = open->will.present;
    session->will = open->will;
    session->will_texts.size = 0;
    if (!session->has_will)
        return;
    model_text_add(&session->will_texts, open->will.topic);
    model_text_add(&session->will_texts, open->will.payload);
    model_text_add(&session->will_texts, open->will.properties);
}

static inline void model_close(struct model *model, struct model_session *session,
                               const struct fact_session_close *close,
                               const struct session_stamp *stamp)
{
    session->connected = false;
    session->expiry_s = close->expiry_s;
    session->sent = close->sent;
    session->closed = *stamp;
    if (close->will_dropped)
        session->has_will = false;
    if (close->expiry_s == 0 && !session->has_will)
        model_end(model, session);
}

static inline void model_will_done(struct model *model, struct model_session *session)
{
    session->has_will = false;
    if (!session->connected && session->expiry_s == 0)
        model_end(model, session);
}

/* ---- subscriptions
 * ------------------------------------------------------------------------------------------- */

static inline struct model_subscription **model_subscription(struct model_session *session,
                                                             struct bytes filter)
{
    struct model_subscription **link = &session->subscriptions;
    while (*link != NULL && !model_text_is(&(*link)->filter, filter))
        link = &(*link)->next;
    return link;
}

static inline void model_subscribe(struct model_session *session,
                                   const struct fact_subscribe *subscribe)
{
    struct model_subscription **link = model_subscription(session, subscribe->filter);
    if (*link == NULL) {
        *link = calloc(1, sizeof **link);
        model_text_add(&(*link)->filter, subscribe->filter);
    }
    (*link)->as = *subscribe;
}

static inline void model_unsubscribe(struct model *model, struct model_session *session,
                                     struct bytes filter)
{
    struct model_subscription **link = model_subscription(session, filter), *gone = *link;
    if (gone == NULL) {
        model->strays++;
        return;
    }
    *link = gone->next;
    free(gone);
}

/* ---- messages
 * ------------------------------------------------------------------------------------------- */

static inline struct model_retained **model_retained(struct model *model, uint32_t tenant,
                                                     struct bytes topic)
{
    struct model_retained **link = &model->retained;
    while (*link != NULL &&
           ((*link)->message->tenant != tenant || !model_text_is(&(*link)->message->topic, topic)))
        link = &(*link)->next;
    return link;
}

static inline void model_queue(struct model *model, const struct message_target *target,
                               struct model_message *message)
{
    if (target->session > MODEL_SESSIONS || !model->sessions[target->session].used) {
        model->strays++;
        return;
    }
    struct model_session *session = &model->sessions[target->session];
    struct model_entry **link = &session->queue;
    for (; *link != NULL; link = &(*link)->next) {
        if ((*link)->packet_id == session->next_packet) {
            model->full++;
            return;
        }
    }
    *link = calloc(1, sizeof **link);
    (*link)->message = message;
    (*link)->packet_id = session->next_packet;
    (*link)->as = *target;
    message->references++;
    session->next_packet = session->next_packet == 65535 ? 1 : (uint16_t)(session->next_packet + 1);
}

static inline void model_retain(struct model *model, struct model_message *message)
{
    struct bytes topic = bytes_of(message->topic.bytes, message->topic.size);
    struct model_retained **link = model_retained(model, message->tenant, topic), *old = *link;
    if (old != NULL) {
        *link = old->next;
        model_release(model, old->message);
        free(old);
    }
    if (message->payload.size == 0)
        return;
    struct model_retained *retained = calloc(1, sizeof *retained);
    *retained = (struct model_retained){.next = model->retained, .message = message};
    model->retained = retained;
    message->references++;
}

static inline void model_publish(struct model *model, const struct fact_message *of,
                                 const struct session_stamp *stamp)
{
    struct model_message *message = calloc(1, sizeof *message);
    message->references = 1; /* ours */
    message->tenant = of->tenant;
    message->qos = of->qos;
    message->expires_wall_ns = of->expiry_s == EXPIRY_NEVER
                                   ? INT64_MAX
                                   : stamp->wall_ns + (int64_t)of->expiry_s * NS_PER_S;
    model_text_add(&message->topic, of->topic);
    model_text_add(&message->payload, of->payload);
    model_text_add(&message->properties, of->properties);
    model->messages++;
    if (of->retain)
        model_retain(model, message);
    struct message_target target;
    size_t offset = 0;
    uint32_t last = 0;
    while (message_target_next(of->targets, &offset, &last, &target))
        model_queue(model, &target, message);
    model_release(model, message);
}

static inline void model_enqueue(struct model *model, const struct fact_enqueue *enqueue)
{
    uint32_t tenant = model->sessions[enqueue->session].tenant;
    struct model_retained *retained = *model_retained(model, tenant, enqueue->topic);
    struct message_target target = {
        .session = enqueue->session, .qos = enqueue->qos, .retain = true};
    target.id_count = enqueue->subscription_id != 0;
    target.ids[0] = enqueue->subscription_id;
    if (retained != NULL && retained->message->qos < target.qos)
        target.qos = retained->message->qos;
    if (retained != NULL && target.qos > 0)
        model_queue(model, &target, retained->message);
}

static inline void model_delivery(struct model *model, struct model_session *session,
                                  const struct fact_delivery *delivery)
{
    struct model_entry **link = &session->queue;
    while (*link != NULL && (*link)->packet_id != delivery->packet_id)
        link = &(*link)->next;
    if (*link == NULL || (delivery->step == DELIVERY_RECEIVED && (*link)->as.qos != 2)) {
        model->strays++;
    } else if (delivery->step == DELIVERY_DONE) {
        model_entry_remove(model, link);
    } else {
        model_release(model, (*link)->message);
        (*link)->message = NULL;
        (*link)->as.id_count = 0;
    }
}

/* ---- facts
 * ------------------------------------------------------------------------------------------- */

/* The session a fact speaks of; 0: it speaks of none, or makes one. */
static inline uint32_t model_session_of(const struct fact *fact)
{
    switch ((enum fact_kind)fact->kind) {
    case FACT_SESSION_CLOSE:
        return fact->session_close.session;
    case FACT_SUBSCRIBE:
        return fact->subscribe.session;
    case FACT_UNSUBSCRIBE:
        return fact->unsubscribe.session;
    case FACT_ENQUEUE:
        return fact->enqueue.session;
    case FACT_DELIVERY:
        return fact->delivery.session;
    case FACT_RECEIVED:
    case FACT_RELEASED:
        return fact->packet.session;
    case FACT_SESSION_END:
    case FACT_WILL_DONE:
        return fact->session;
    default:
        return 0;
    }
}

static inline void model_packet(struct model *model, struct model_session *session,
                                const struct fact *fact)
{
    uint8_t *received = &session->received[fact->packet.packet_id];
    if (fact->kind == FACT_RELEASED && *received == 0)
        model->strays++;
    *received = fact->kind == FACT_RECEIVED;
}

static inline void model_apply(struct model *model, const struct fact *fact,
                               const struct session_stamp *stamp)
{
    uint32_t number = model_session_of(fact);
    if (number > MODEL_SESSIONS || (number != 0 && !model->sessions[number].used)) {
        model->strays++;
        return;
    }
    struct model_session *session = &model->sessions[number];
    switch ((enum fact_kind)fact->kind) {
    case FACT_SESSION_OPEN:
        model_open(model, &fact->session_open);
        break;
    case FACT_SESSION_CLOSE:
        model_close(model, session, &fact->session_close, stamp);
        break;
    case FACT_SESSION_END:
        model_end(model, session);
        break;
    case FACT_SUBSCRIBE:
        model_subscribe(session, &fact->subscribe);
        break;
    case FACT_UNSUBSCRIBE:
        model_unsubscribe(model, session, fact->unsubscribe.filter);
        break;
    case FACT_MESSAGE:
        model_publish(model, &fact->message, stamp);
        break;
    case FACT_ENQUEUE:
        model_enqueue(model, &fact->enqueue);
        break;
    case FACT_DELIVERY:
        model_delivery(model, session, &fact->delivery);
        break;
    case FACT_RECEIVED:
    case FACT_RELEASED:
        model_packet(model, session, fact);
        break;
    case FACT_WILL_DONE:
        model_will_done(model, session);
        break;
    default:
        fail();
    }
}

static inline void model_done(struct model *model)
{
    for (uint32_t i = 1; i <= MODEL_SESSIONS; i++)
        model_end(model, &model->sessions[i]);
    while (model->retained != NULL) {
        struct model_retained *next = model->retained->next;
        model_release(model, model->retained->message);
        free(model->retained);
        model->retained = next;
    }
    assert_int_equal(model->messages, 0);
}

/* ---- comparing
 * ------------------------------------------------------------------------------------------- */

static inline void model_compare_message(const struct model_message *message,
                                         const struct sessions *sessions, uint32_t found)
{
    struct message_view view;
    static uint8_t text[3 * 4096];
    assert_int_not_equal(found, MESSAGE_NONE);
    sessions_message(sessions, found, &view);
    assert_true(view.tenant == message->tenant && view.qos == message->qos);
    assert_true(view.expires_wall_ns == message->expires_wall_ns);
    assert_true(view.topic_size == message->topic.size);
    assert_true(view.payload_size == message->payload.size);
    assert_true(view.properties_size == message->properties.size);
    sessions_message_copy(sessions, found, text);
    assert_memory_equal(text, message->topic.bytes, view.topic_size);
    assert_memory_equal(text + view.topic_size, message->payload.bytes, view.payload_size);
    assert_memory_equal(text + view.topic_size + view.payload_size, message->properties.bytes,
                        view.properties_size);
}

/* Returns entries, adds their bytes. */
static inline uint32_t model_compare_queue(const struct model_session *session,
                                           const struct sessions *sessions, uint32_t number,
                                           uint64_t *bytes)
{
    uint32_t count = 0, entry = sessions_queue_first(sessions, number);
    for (const struct model_entry *at = session->queue; at != NULL; at = at->next) {
        struct entry_view view;
        assert_int_not_equal(entry, ENTRY_NONE);
        assert_int_equal(sessions_queue_find(sessions, number, at->packet_id), entry);
        sessions_entry(sessions, entry, &view);
        assert_true(view.packet_id == at->packet_id && view.qos == at->as.qos);
        assert_true(view.retain == at->as.retain && view.released == (at->message == NULL));
        assert_int_equal(view.id_count, at->as.id_count);
        assert_memory_equal(view.ids, at->as.ids, view.id_count * sizeof view.ids[0]);
        if (at->message != NULL) {
            model_compare_message(at->message, sessions, view.message);
            *bytes += model_message_size(at->message);
        } else {
            assert_int_equal(view.message, MESSAGE_NONE);
        }
        count++;
        entry = sessions_queue_next(sessions, entry);
        assert_int_equal(sessions_queue_after(sessions, number, at->packet_id), entry);
    }
    assert_int_equal(entry, ENTRY_NONE);
    assert_int_equal(sessions_queue_find(sessions, number, session->next_packet), ENTRY_NONE);
    return count;
}

static inline uint32_t model_compare_subscriptions(const struct model_session *session,
                                                   const struct sessions *sessions, uint32_t number)
{
    uint32_t count = 0;
    uint32_t found = sessions_subscription_next(sessions, number, SUBSCRIPTION_NONE);
    for (struct model_subscription *at = session->subscriptions; at != NULL; at = at->next) {
        struct subscription_view view;
        uint8_t filter[256];
        assert_int_not_equal(found, SUBSCRIPTION_NONE);
        sessions_subscription(sessions, found, &view);
        assert_true(view.session == number && view.qos == at->as.qos);
        assert_true(view.retain_handling == at->as.retain_handling);
        assert_true(view.no_local == at->as.no_local);
        assert_true(view.retain_as_published == at->as.retain_as_published);
        assert_true(view.subscription_id == at->as.subscription_id);
        assert_true(view.filter_size == at->filter.size && view.filter_size <= sizeof filter);
        sessions_subscription_filter(sessions, found, filter);
        struct bytes text = bytes_of(filter, view.filter_size);
        assert_true(model_text_is(&at->filter, text));
        assert_int_equal(sessions_subscription_find(sessions, number, text), found);
        count++;
        found = sessions_subscription_next(sessions, number, found);
    }
    assert_int_equal(found, SUBSCRIPTION_NONE);
    return count;
}

static inline void model_compare_will(const struct model_session *session,
                                      const struct sessions *sessions, uint32_t number)
{
    struct will_view view;
    assert_int_equal(sessions_will(sessions, number, &view), session->has_will);
    if (!session->has_will)
        return;
    uint8_t text[4096];
    assert_true(view.retain == session->will.retain && view.qos == session->will.qos);
    assert_true(view.delay_s == session->will.delay_s && view.expiry_s == session->will.expiry_s);
    assert_true(view.topic_size == session->will.topic.size);
    assert_true(view.payload_size == session->will.payload.size);
    assert_true(view.properties_size == session->will.properties.size);
    sessions_will_copy(sessions, number, text);
    assert_memory_equal(text, session->will_texts.bytes, session->will_texts.size);
}

static inline uint32_t model_compare_received(const struct model_session *session,
                                              const struct sessions *sessions, uint32_t number)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i <= 65535; i++) {
        if (session->received[i] == 0 && i % 97 != 0)
            continue;
        assert_int_equal(sessions_has_received(sessions, number, (uint16_t)i),
                         session->received[i]);
        count += session->received[i];
    }
    return count;
}

static inline void model_compare_session(const struct model_session *session,
                                         const struct sessions *sessions, uint32_t number,
                                         struct sessions_counts *counts)
{
    struct session_view view;
    assert_int_equal(sessions_view(sessions, number, &view), session->used);
    if (!session->used)
        return;
    uint64_t bytes = 0;
    uint8_t client_id[4096];
    assert_true(view.tenant == session->tenant && view.version == session->version);
    assert_true(view.connected == session->connected && view.expiry_s == session->expiry_s);
    assert_true(view.sent == session->sent && view.has_will == session->has_will);
    assert_true(view.closed_wall_ns == session->closed.wall_ns);
    assert_true(view.closed_engine_ns == session->closed.engine_ns);
    assert_true(view.client_id_size == session->client_id.size);
    assert_true(sessions_client_id(sessions, number, client_id, sizeof client_id) ==
                session->client_id.size);
    struct bytes text = bytes_of(client_id, session->client_id.size);
    assert_true(model_text_is(&session->client_id, text));
    assert_int_equal(sessions_find(sessions, session->tenant, text), number);
    model_compare_will(session, sessions, number);
    assert_int_equal(view.queued, model_compare_queue(session, sessions, number, &bytes));
    assert_true(view.queued_bytes == bytes);
    assert_int_equal(view.subscriptions, model_compare_subscriptions(session, sessions, number));
    assert_int_equal(view.received, model_compare_received(session, sessions, number));
    counts->sessions++;
    counts->connected += view.connected;
    counts->subscriptions += view.subscriptions;
    counts->entries += view.queued;
}

static inline bool model_count_match(void *arg, uint32_t message)
{
    (void)message;
    ++*(uint32_t *)arg;
    return true;
}

static inline void model_compare_retained(const struct model *model,
                                          const struct sessions *sessions,
                                          struct sessions_counts *counts)
{
    static const char *const filters[] = {"#", "a/#", "+/+", "topic/3/#"};
    uint32_t expected[ARRAY_COUNT(filters)] = {0}, slots = 0;
    for (const struct model_retained *at = model->retained; at != NULL; at = at->next) {
        const struct model_message *message = at->message;
        struct bytes topic = bytes_of(message->topic.bytes, message->topic.size);
        model_compare_message(message, sessions,
                              sessions_retained_find(sessions, message->tenant, topic));
        for (size_t i = 0; i < ARRAY_COUNT(filters); i++)
            expected[i] +=
                message->tenant == TENANT && topic_matches(topic, bytes_text(filters[i]));
        counts->retained++;
        counts->retained_bytes += model_message_size(message);
    }
    for (size_t i = 0; i < ARRAY_COUNT(filters); i++) {
        uint32_t found = 0;
        assert_true(sessions_retained_match(sessions, TENANT, bytes_text(filters[i]), 1000,
                                            model_count_match, &found));
        assert_int_equal(found, expected[i]);
    }
    for (uint32_t slot = 1; slot <= sessions_retained_highest(sessions); slot++)
        slots += sessions_retained_at(sessions, slot) != MESSAGE_NONE;
    assert_int_equal(slots, counts->retained);
}

/* Everything that can be asked is what the model says. */
static inline void model_compare(const struct model *model, const struct sessions *sessions)
{
    struct sessions_counts counts = {0}, found;
    for (uint32_t i = 1; i <= MODEL_SESSIONS; i++)
        model_compare_session(&model->sessions[i], sessions, i, &counts);
    model_compare_retained(model, sessions, &counts);
    sessions_describe(sessions, &found);
    assert_int_equal(found.sessions, counts.sessions);
    assert_int_equal(found.sessions, sessions_count(sessions));
    assert_int_equal(found.connected, counts.connected);
    assert_int_equal(found.subscriptions, counts.subscriptions);
    assert_int_equal(found.entries, counts.entries);
    assert_int_equal(found.retained, counts.retained);
    assert_true(found.retained_bytes == counts.retained_bytes);
    assert_int_equal(found.messages, model->messages);
    assert_true(found.strays == model->strays && found.full == model->full);
    assert_int_equal(sessions_highest(sessions), model->highest);
}
