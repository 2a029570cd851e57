/* What the tests of this folder share: a state with sessions in it, and short ways to say things.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/sessions/sessions.h"

#define TENANT 1
#define WALL_NS (INT64_C(1700000000) * NS_PER_S)

struct fixture {
    struct state *state;
    struct sessions *sessions;
    struct session_stamp stamp;
};

static inline void fixture_open(struct fixture *f)
{
    assert_int_equal(state_create(&f->state), OK);
    assert_int_equal(sessions_create(f->state, &f->sessions), OK);
    f->stamp = (struct session_stamp){.engine_ns = 5 * NS_PER_S, .wall_ns = WALL_NS};
}

static inline void fixture_close(struct fixture *f)
{
    sessions_destroy(f->sessions);
    state_destroy(f->state);
}

static inline void fixture_apply(struct fixture *f, const struct fact *fact)
{
    assert_int_equal(sessions_apply_fact(f->sessions, fact, &f->stamp), OK);
}

static inline struct sessions_counts fixture_counts(const struct fixture *f)
{
    struct sessions_counts counts;
    sessions_describe(f->sessions, &counts);
    return counts;
}

static inline struct session_view fixture_view(const struct fixture *f, uint32_t session)
{
    struct session_view view;
    assert_true(sessions_view(f->sessions, session, &view));
    return view;
}

/* ---- facts
 * ------------------------------------------------------------------------------------------- */

static inline struct fact open_of(uint32_t session, const char *client_id)
{
    return (struct fact){.kind = FACT_SESSION_OPEN,
                         .session_open = {.tenant = TENANT,
                                          .session = session,
                                          .version = 5,
                                          .expiry_s = EXPIRY_NEVER,
                                          .client_id = bytes_text(client_id)}};
}

static inline void fixture_session(struct fixture *f, uint32_t session, const char *client_id)
{
    struct fact fact = open_of(session, client_id);
    fixture_apply(f, &fact);
}

static inline struct fact close_of(uint32_t session, uint32_t expiry_s, uint16_t sent)
{
    return (struct fact){.kind = FACT_SESSION_CLOSE,
                         .session_close = {.session = session, .expiry_s = expiry_s, .sent = sent}};
}

/* FACT_SESSION_END, FACT_WILL_DONE */
static inline void fixture_about(struct fixture *f, enum fact_kind kind, uint32_t session)
{
    struct fact fact = {.kind = (uint8_t)kind, .session = session};
    fixture_apply(f, &fact);
}

static inline void fixture_subscribe(struct fixture *f, uint32_t session, const char *filter,
                                     uint8_t qos)
{
    struct fact fact = {
        .kind = FACT_SUBSCRIBE,
        .subscribe = {.session = session, .qos = qos, .filter = bytes_text(filter)}};
    fixture_apply(f, &fact);
}

static inline void fixture_unsubscribe(struct fixture *f, uint32_t session, const char *filter)
{
    struct fact fact = {.kind = FACT_UNSUBSCRIBE,
                        .unsubscribe = {.session = session, .filter = bytes_text(filter)}};
    fixture_apply(f, &fact);
}

static inline struct fact message_of(const char *topic, const char *payload)
{
    return (struct fact){.kind = FACT_MESSAGE,
                         .message = {.tenant = TENANT,
                                     .qos = 1,
                                     .expiry_s = EXPIRY_NEVER,
                                     .topic = bytes_text(topic),
                                     .payload = bytes_text(payload)}};
}

/* The targets of a message under construction. */
struct targets {
    uint8_t bytes[64 * MESSAGE_TARGET_BYTES_MAX];
    size_t size;
    uint32_t last, count;
};

static inline void targets_add(struct targets *targets, const struct message_target *target)
{
    assert_true(message_target_put(targets->bytes, sizeof targets->bytes, &targets->size,
                                   &targets->last, target));
    targets->count++;
}

static inline void fixture_message(struct fixture *f, struct fact *fact,
                                   const struct targets *targets)
{
    fact->message.target_count = targets->count;
    fact->message.targets = bytes_of(targets->bytes, targets->size);
    fixture_apply(f, fact);
}

/* A message of QoS `qos` for one session. */
static inline void fixture_queue(struct fixture *f, uint32_t session, uint8_t qos,
                                 const char *topic, const char *payload)
{
    struct fact fact = message_of(topic, payload);
    struct targets targets = {.size = 0};
    struct message_target target = {.session = session, .qos = qos};
    targets_add(&targets, &target);
    fixture_message(f, &fact, &targets);
}

static inline void fixture_retain(struct fixture *f, const char *topic, const char *payload)
{
    struct fact fact = message_of(topic, payload);
    fact.message.retain = true;
    fixture_apply(f, &fact);
}

static inline void fixture_enqueue(struct fixture *f, uint32_t session, const char *topic,
                                   uint32_t subscription_id)
{
    struct fact fact = {.kind = FACT_ENQUEUE,
                        .enqueue = {.session = session,
                                    .qos = 1,
                                    .subscription_id = subscription_id,
                                    .topic = bytes_text(topic)}};
    fixture_apply(f, &fact);
}

static inline void fixture_delivery(struct fixture *f, uint32_t session, uint16_t packet_id,
                                    enum delivery_step step)
{
    struct fact fact = {
        .kind = FACT_DELIVERY,
        .delivery = {.session = session, .packet_id = packet_id, .step = (uint8_t)step}};
    fixture_apply(f, &fact);
}

/* FACT_RECEIVED, FACT_RELEASED */
static inline void fixture_packet(struct fixture *f, enum fact_kind kind, uint32_t session,
                                  uint16_t packet_id)
{
    struct fact fact = {.kind = (uint8_t)kind,
                        .packet = {.session = session, .packet_id = packet_id}};
    fixture_apply(f, &fact);
}

/* ---- asking
 * ------------------------------------------------------------------------------------------- */

static inline void assert_message(const struct fixture *f, uint32_t message, const char *topic,
                                  const char *payload)
{
    struct message_view view;
    uint8_t text[512];
    assert_int_not_equal(message, MESSAGE_NONE);
    sessions_message(f->sessions, message, &view);
    assert_int_equal(view.topic_size, strlen(topic));
    assert_int_equal(view.payload_size, strlen(payload));
    assert_true(view.topic_size + view.payload_size + view.properties_size <= sizeof text);
    sessions_message_copy(f->sessions, message, text);
    assert_memory_equal(text, topic, view.topic_size);
    assert_memory_equal(text + view.topic_size, payload, view.payload_size);
}

static inline struct entry_view fixture_entry(const struct fixture *f, uint32_t entry)
{
    struct entry_view view;
    assert_int_not_equal(entry, ENTRY_NONE);
    sessions_entry(f->sessions, entry, &view);
    return view;
}

static inline struct entry_view fixture_oldest(const struct fixture *f, uint32_t session)
{
    return fixture_entry(f, sessions_queue_first(f->sessions, session));
}

/* The state is as a new one but for counters, of which the caller knows: nothing leaked. */
static inline void assert_nothing_held(const struct fixture *f)
{
    struct sessions_counts counts = fixture_counts(f);
    assert_int_equal(counts.sessions, 0);
    assert_int_equal(counts.connected, 0);
    assert_int_equal(counts.subscriptions, 0);
    assert_int_equal(counts.retained, 0);
    assert_int_equal(counts.messages, 0);
    assert_int_equal(counts.entries, 0);
    assert_int_equal(counts.retained_bytes, 0);
    assert_int_equal(counts.message_bytes, 0);
    struct sessions_tenant tenant;
    sessions_tenant(f->sessions, TENANT, &tenant);
    assert_int_equal(tenant.held, 0);
    assert_int_equal(tenant.retained, 0);
}

/* The pages agree with each other; the indexes are made anew on the way. */
static inline void assert_whole(struct fixture *f)
{
    uint64_t hash = state_hash(f->state);
    assert_int_equal(sessions_rebuild(f->sessions), OK);
    assert_true(state_hash(f->state) == hash);
}
