/* Facts of the messages lane: each kind comes back, each limit holds on both sides, any byte is
 * safe, and texts are views into the run. */
#include "format/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define RUN_BYTES BATCH_BYTES_MAX
static uint8_t run[RUN_BYTES], copy[RUN_BYTES];
static uint8_t letters[RUN_BYTES];
static struct fact_storage storage;

static struct bytes text_of(size_t size)
{
    memset(letters, 'x', sizeof letters);
    return bytes_of(letters, size);
}

static size_t texts_of(const struct fact *fact)
{
    switch (fact->kind) {
    case FACT_SESSION_OPEN:
        return fact->session_open.client_id.size + fact->session_open.will.topic.size +
               fact->session_open.will.properties.size + fact->session_open.will.payload.size;
    case FACT_SUBSCRIBE:
        return fact->subscribe.filter.size;
    case FACT_UNSUBSCRIBE:
        return fact->unsubscribe.filter.size;
    case FACT_MESSAGE:
        return fact->message.topic.size + fact->message.properties.size +
               fact->message.targets.size + fact->message.payload.size;
    case FACT_ENQUEUE:
        return fact->enqueue.topic.size;
    default:
        return 0;
    }
}

static size_t write_one(const struct fact *fact, size_t capacity)
{
    struct facts_writer writer = {.at = run, .capacity = capacity};
    facts_write(&writer, fact);
    assert_int_equal(writer.count, 1);
    assert_true(writer.size <= FACT_MESSAGE_BYTES_MAX(texts_of(fact)));
    return writer.size;
}

/* Writes, reads, writes again; tries each cut and (for the first bytes) each flipped bit: whatever
 * is read then can be written and read again. */
static struct fact round_trip(const struct fact *fact)
{
    size_t size = write_one(fact, RUN_BYTES), offset;
    struct fact out;
    for (size_t cut = 1; cut < size; cut += 1 + size / 4000) {
        offset = 0;
        assert_int_equal(facts_read(bytes_of(run, cut), &offset, &storage, &out), ERR_CORRUPT);
        assert_int_equal(offset, 0);
    }
    memcpy(copy, run, size);
    for (size_t bit = 0; bit < 8 * (size < 300 ? size : 300); bit++) {
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        offset = 0;
        enum err err = facts_read(bytes_of(copy, size), &offset, &storage, &out);
        assert_true(err == OK || err == ERR_CORRUPT || err == ERR_NEWER);
        if (err == OK && out.kind >= FACT_SESSION_OPEN)
            write_one(&out, RUN_BYTES);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(write_one(fact, size), size); /* in just as many bytes */
    assert_memory_equal(copy, run, size);
    offset = 0;
    assert_int_equal(facts_read(bytes_of(run, size), &offset, &storage, &out), OK);
    assert_int_equal(offset, size);
    assert_int_equal(out.kind, fact->kind);
    struct fact none;
    assert_int_equal(facts_read(bytes_of(run, size), &offset, &storage, &none), ERR_MISSING);
    return out;
}

static void assert_is_view(struct bytes text, struct bytes was)
{
    assert_true(bytes_equal(text, was));
    assert_true(text.at >= run && text.at + text.size <= run + sizeof run);
}

static void sessions_open(void **state)
{
    (void)state;
    static const uint32_t expiries[] = {0, 1, UINT32_MAX - 1, EXPIRY_NEVER};
    static const size_t sizes[] = {1, 23, CLIENT_ID_BYTES_MAX};
    for (uint8_t version = 3; version <= 5; version++) {
        for (size_t i = 0; i < ARRAY_COUNT(expiries); i++) {
            struct fact fact = {.kind = FACT_SESSION_OPEN};
            fact.session_open = (struct fact_session_open){.tenant = UINT32_MAX,
                                                           .session = UINT32_MAX,
                                                           .version = version,
                                                           .clean = i % 2 == 0,
                                                           .expiry_s = expiries[i],
                                                           .client_id = text_of(sizes[i % 3])};
            struct fact_session_open out = round_trip(&fact).session_open;
            assert_true(out.tenant == UINT32_MAX && out.session == UINT32_MAX);
            assert_int_equal(out.version, version);
            assert_int_equal(out.clean, i % 2 == 0);
            assert_true(out.expiry_s == expiries[i]);
            assert_is_view(out.client_id, fact.session_open.client_id);
            assert_false(out.will.present);
        }
    }
}

static void wills(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 127, 128, 65535, 400000};
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        struct fact fact = {.kind = FACT_SESSION_OPEN};
        size_t topic = sizes[i] == 0 ? 1 : sizes[i] > MESSAGE_TOPIC_MAX ? 7 : sizes[i];
        fact.session_open = (struct fact_session_open){
            .session = 1,
            .version = 5,
            .client_id = text_of(topic),
            .will = {.present = true,
                     .retain = i % 2 == 0,
                     .qos = (uint8_t)(i % 3),
                     .delay_s = i == 0 ? 0 : UINT32_MAX,
                     .expiry_s = i == 0 ? 0 : EXPIRY_NEVER,
                     .topic = text_of(topic),
                     .payload = text_of(sizes[i]),
                     .properties = text_of(sizes[ARRAY_COUNT(sizes) - 1 - i])},
        };
        struct fact_session_open out = round_trip(&fact).session_open;
        const struct fact_will *will = &fact.session_open.will;
        assert_true(out.will.present);
        assert_int_equal(out.will.retain, will->retain);
        assert_int_equal(out.will.qos, will->qos);
        assert_true(out.will.delay_s == will->delay_s && out.will.expiry_s == will->expiry_s);
        assert_is_view(out.client_id, fact.session_open.client_id);
        assert_is_view(out.will.topic, will->topic);
        assert_is_view(out.will.payload, will->payload);
        assert_is_view(out.will.properties, will->properties);
    }
}

static void sessions_close_and_end(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct fact fact = {.kind = FACT_SESSION_CLOSE};
        fact.session_close = (struct fact_session_close){.session = i == 0 ? 1 : UINT32_MAX,
                                                         .expiry_s = i == 0 ? 0 : EXPIRY_NEVER,
                                                         .will_dropped = i == 0,
                                                         .sent = i == 0 ? 0 : UINT16_MAX};
        struct fact_session_close out = round_trip(&fact).session_close;
        assert_true(out.session == fact.session_close.session);
        assert_true(out.expiry_s == fact.session_close.expiry_s);
        assert_int_equal(out.will_dropped, i == 0);
        assert_int_equal(out.sent, fact.session_close.sent);
        fact = (struct fact){.kind = i == 0 ? FACT_SESSION_END : FACT_WILL_DONE};
        fact.session = i == 0 ? UINT32_MAX : 1;
        assert_true(round_trip(&fact).session == fact.session);
    }
}

static void subscriptions(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 100, 65535};
    for (unsigned i = 0; i < 36; i++) {
        struct fact fact = {.kind = FACT_SUBSCRIBE};
        fact.subscribe = (struct fact_subscribe){.session = i + 1,
                                                 .qos = (uint8_t)(i % 3),
                                                 .retain_handling = (uint8_t)(i / 3 % 3),
                                                 .no_local = i / 9 % 2 != 0,
                                                 .retain_as_published = i / 18 % 2 != 0,
                                                 .subscription_id = i % 2 == 0 ? 0 : 268435455,
                                                 .filter = text_of(sizes[i % 3])};
        const struct fact_subscribe *in = &fact.subscribe;
        struct fact_subscribe out = round_trip(&fact).subscribe;
        assert_int_equal(out.session, i + 1);
        assert_int_equal(out.qos, in->qos);
        assert_int_equal(out.retain_handling, in->retain_handling);
        assert_int_equal(out.no_local, in->no_local);
        assert_int_equal(out.retain_as_published, in->retain_as_published);
        assert_int_equal(out.subscription_id, in->subscription_id);
        assert_is_view(out.filter, in->filter);
        fact = (struct fact){.kind = FACT_UNSUBSCRIBE};
        fact.unsubscribe =
            (struct fact_unsubscribe){.session = i + 1, .filter = text_of(sizes[i % 3])};
        struct fact_unsubscribe gone = round_trip(&fact).unsubscribe;
        assert_int_equal(gone.session, i + 1);
        assert_is_view(gone.filter, fact.unsubscribe.filter);
    }
}

static struct message_target target_make(unsigned i)
{
    struct message_target target = {.session = i < 999 ? i * i + 1 : UINT32_MAX,
                                    .qos = (uint8_t)(1 + i % 2),
                                    .retain = i % 3 == 0,
                                    .id_count = (uint8_t)(i % (TARGET_IDS_MAX + 1))};
    for (unsigned id = 0; id < target.id_count; id++)
        target.ids[id] = id % 2 == 0 ? 268435455 : 1 + id;
    return target;
}

static void assert_targets(struct bytes targets, unsigned count)
{
    size_t offset = 0;
    uint32_t last = 0;
    struct message_target target;
    for (unsigned i = 0; i < count; i++) {
        struct message_target was = target_make(i);
        assert_true(message_target_next(targets, &offset, &last, &target));
        assert_true(target.session == was.session && last == was.session);
        assert_int_equal(target.qos, was.qos);
        assert_int_equal(target.retain, was.retain);
        assert_int_equal(target.id_count, was.id_count);
        assert_memory_equal(target.ids, was.ids, was.id_count * sizeof was.ids[0]);
    }
    assert_false(message_target_next(targets, &offset, &last, &target));
    assert_int_equal(offset, targets.size);
}

static void messages(void **state)
{
    (void)state;
    static uint8_t list[1000 * MESSAGE_TARGET_BYTES_MAX];
    static const unsigned counts[] = {0, 1, 2, 20, 1000};
    static const size_t sizes[] = {0, 1, 100, 65535, 1500000};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        size_t size = 0;
        uint32_t last = 0;
        for (unsigned t = 0; t < counts[i]; t++) {
            struct message_target target = target_make(t);
            assert_true(message_target_put(list, sizeof list, &size, &last, &target));
        }
        struct fact fact = {.kind = FACT_MESSAGE};
        fact.message = (struct fact_message){.tenant = i == 0 ? 0 : UINT32_MAX,
                                             .qos = (uint8_t)(i % 3),
                                             .retain = i % 2 != 0,
                                             .expiry_s = i == 0   ? EXPIRY_NEVER
                                                         : i == 1 ? 0
                                                                  : UINT32_MAX - 1,
                                             .topic = text_of(i == 0 ? 1 : sizes[i < 3 ? i : 3]),
                                             .payload = text_of(sizes[i]),
                                             .properties = text_of(sizes[i % 4]),
                                             .target_count = counts[i],
                                             .targets = bytes_of(list, size)};
        const struct fact_message *in = &fact.message;
        struct fact_message out = round_trip(&fact).message;
        assert_true(out.tenant == in->tenant && out.expiry_s == in->expiry_s);
        assert_int_equal(out.qos, in->qos);
        assert_int_equal(out.retain, in->retain);
        assert_is_view(out.topic, in->topic);
        assert_is_view(out.payload, in->payload);
        assert_is_view(out.properties, in->properties);
        assert_int_equal(out.target_count, counts[i]);
        assert_targets(out.targets, counts[i]);
    }
}

static void targets_fit_or_not(void **state)
{
    (void)state;
    uint8_t list[2 * MESSAGE_TARGET_BYTES_MAX];
    struct message_target target = {
        .session = UINT32_MAX, .qos = 2, .retain = true, .id_count = TARGET_IDS_MAX};
    for (unsigned id = 0; id < TARGET_IDS_MAX; id++)
        target.ids[id] = 268435455;
    size_t size = 0, needed;
    uint32_t last = 0;
    assert_true(message_target_put(list, sizeof list, &size, &last, &target));
    assert_true(size <= MESSAGE_TARGET_BYTES_MAX && last == UINT32_MAX);
    needed = size;
    size = last = 0;
    assert_false(message_target_put(list, needed - 1, &size, &last, &target));
    assert_true(size == 0 && last == 0);
    assert_true(message_target_put(list, needed, &size, &last, &target));
}

static void deliveries_and_packets(void **state)
{
    (void)state;
    static const uint16_t ids[] = {1, 127, 128, UINT16_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
        struct fact fact = {.kind = FACT_DELIVERY};
        fact.delivery = (struct fact_delivery){
            .session = UINT32_MAX, .packet_id = ids[i], .step = (uint8_t)(1 + i % 2)};
        struct fact_delivery out = round_trip(&fact).delivery;
        assert_true(out.session == UINT32_MAX);
        assert_int_equal(out.packet_id, ids[i]);
        assert_int_equal(out.step, 1 + i % 2);
        fact = (struct fact){.kind = i % 2 == 0 ? FACT_RECEIVED : FACT_RELEASED};
        fact.packet = (struct fact_packet){.session = 1, .packet_id = ids[i]};
        struct fact_packet packet = round_trip(&fact).packet;
        assert_int_equal(packet.session, 1);
        assert_int_equal(packet.packet_id, ids[i]);
        fact = (struct fact){.kind = FACT_ENQUEUE};
        fact.enqueue = (struct fact_enqueue){.session = ids[i],
                                             .qos = (uint8_t)(1 + i % 2),
                                             .subscription_id = i % 2 == 0 ? 268435455 : 0,
                                             .topic = text_of(ids[i])};
        struct fact_enqueue enqueue = round_trip(&fact).enqueue;
        assert_int_equal(enqueue.session, ids[i]);
        assert_int_equal(enqueue.qos, 1 + i % 2);
        assert_int_equal(enqueue.subscription_id, fact.enqueue.subscription_id);
        assert_is_view(enqueue.topic, fact.enqueue.topic);
    }
}

/* ---- bytes by hand: kind, length, payload ---- */
struct by_hand {
    enum err expected;
    uint8_t size;
    uint8_t bytes[24];
};

static void read_by_hand(const struct by_hand *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct fact out;
        size_t offset = 0;
        assert_int_equal(cases[i].bytes[1] + 2, cases[i].size);
        enum err err = facts_read(bytes_of(cases[i].bytes, cases[i].size), &offset, &storage, &out);
        if (err != cases[i].expected)
            fail_msg("case %zu: %s", i, err_text(err));
    }
}

static void sessions_from_outside(void **state)
{
    (void)state;
    static const struct by_hand cases[] = {
        /* tenant, session, version, flags, expiry, client id */
        {OK, 8, {16, 6, 0, 1, 3, 0, 1, 'c'}},
        {OK, 8, {16, 6, 0, 1, 5, 1, 1, 'c'}},
        {ERR_CORRUPT, 8, {16, 6, 0, 0, 5, 1, 1, 'c'}},
        {ERR_CORRUPT, 8, {16, 6, 0, 1, 2, 1, 1, 'c'}},
        {ERR_CORRUPT, 8, {16, 6, 0, 1, 6, 1, 1, 'c'}},
        {ERR_CORRUPT, 8, {16, 6, 0, 1, 5, 32, 1, 'c'}},
        {ERR_CORRUPT, 8, {16, 6, 0, 1, 5, 4, 1, 'c'}}, /* of a will that is not there */
        {ERR_CORRUPT, 8, {16, 6, 0, 1, 5, 8, 1, 'c'}},
        {ERR_CORRUPT, 7, {16, 5, 0, 1, 5, 1, 1}},
        /* ..., client id's size, delay, expiry, sizes of topic and properties, texts */
        {OK, 14, {16, 12, 0, 1, 5, 2, 1, 1, 0, 0, 1, 0, 'c', 't'}},
        {OK, 16, {16, 14, 0, 1, 5, 22, 1, 1, 0, 0, 1, 1, 'c', 't', 'q', 'p'}},
        {ERR_CORRUPT, 14, {16, 12, 0, 1, 5, 26, 1, 1, 0, 0, 1, 0, 'c', 't'}}, /* QoS 3 */
        {ERR_CORRUPT, 14, {16, 12, 0, 1, 5, 2, 1, 0, 0, 0, 1, 0, 'c', 't'}},
        {ERR_CORRUPT, 14, {16, 12, 0, 1, 5, 2, 1, 1, 0, 0, 0, 0, 'c', 't'}},
        {ERR_CORRUPT, 14, {16, 12, 0, 1, 5, 2, 1, 1, 0, 0, 2, 0, 'c', 't'}},
        {ERR_CORRUPT, 14, {16, 12, 0, 1, 5, 2, 1, 1, 0, 0, 1, 1, 'c', 't'}},
        /* session, dropped, expiry, sent */
        {OK, 6, {17, 4, 1, 1, 0, 0}},
        {ERR_CORRUPT, 6, {17, 4, 0, 1, 0, 0}},
        {ERR_CORRUPT, 6, {17, 4, 1, 2, 0, 0}},
        {OK, 8, {17, 6, 1, 0, 0, 0xff, 0xff, 0x03}},
        {ERR_CORRUPT, 8, {17, 6, 1, 0, 0, 0x80, 0x80, 0x04}},
        {ERR_CORRUPT, 7, {17, 5, 1, 1, 0, 0, 0}},
        {OK, 3, {18, 1, 1}},
        {ERR_CORRUPT, 3, {18, 1, 0}},
        {ERR_CORRUPT, 4, {18, 2, 1, 0}},
        {OK, 3, {26, 1, 1}},
        {ERR_CORRUPT, 3, {26, 1, 0}},
        {OK, 7, {18, 5, 0xff, 0xff, 0xff, 0xff, 0x0f}},
        {ERR_CORRUPT, 7, {18, 5, 0xff, 0xff, 0xff, 0xff, 0x1f}},
        {ERR_NEWER, 2, {12, 0}},
        {ERR_NEWER, 2, {15, 0}},
        {ERR_NEWER, 2, {27, 0}},
    };
    read_by_hand(cases, ARRAY_COUNT(cases));
}

static void subscriptions_from_outside(void **state)
{
    (void)state;
    static const struct by_hand cases[] = {
        /* session, options, subscription id, filter */
        {OK, 6, {19, 4, 1, 0, 0, 'f'}},
        {OK, 6, {19, 4, 1, 0x2e, 0, 'f'}},
        {ERR_CORRUPT, 6, {19, 4, 0, 0, 0, 'f'}},
        {ERR_CORRUPT, 6, {19, 4, 1, 3, 0, 'f'}},    /* QoS 3 */
        {ERR_CORRUPT, 6, {19, 4, 1, 0x30, 0, 'f'}}, /* retain handling 3 */
        {ERR_CORRUPT, 6, {19, 4, 1, 0x40, 0, 'f'}},
        {ERR_CORRUPT, 5, {19, 3, 1, 0, 0}},
        {OK, 9, {19, 7, 1, 0, 0xff, 0xff, 0xff, 0x7f, 'f'}},
        {ERR_CORRUPT, 10, {19, 8, 1, 0, 0x80, 0x80, 0x80, 0x80, 0x01, 'f'}},
        {OK, 4, {20, 2, 1, 'f'}},
        {ERR_CORRUPT, 4, {20, 2, 0, 'f'}},
        {ERR_CORRUPT, 3, {20, 1, 1}},
        /* session, QoS, subscription id, topic */
        {OK, 6, {22, 4, 1, 1, 0, 't'}},
        {OK, 6, {22, 4, 1, 2, 0, 't'}},
        {ERR_CORRUPT, 6, {22, 4, 0, 1, 0, 't'}},
        {ERR_CORRUPT, 6, {22, 4, 1, 0, 0, 't'}},
        {ERR_CORRUPT, 6, {22, 4, 1, 3, 0, 't'}},
        {ERR_CORRUPT, 5, {22, 3, 1, 1, 0}},
        {ERR_CORRUPT, 10, {22, 8, 1, 1, 0x80, 0x80, 0x80, 0x80, 0x01, 't'}},
        /* session, packet id, step */
        {OK, 5, {23, 3, 1, 1, 1}},
        {OK, 5, {23, 3, 1, 1, 2}},
        {ERR_CORRUPT, 5, {23, 3, 1, 1, 0}},
        {ERR_CORRUPT, 5, {23, 3, 1, 1, 3}},
        {ERR_CORRUPT, 5, {23, 3, 0, 1, 1}},
        {ERR_CORRUPT, 5, {23, 3, 1, 0, 1}},
        {OK, 4, {24, 2, 1, 1}},
        {ERR_CORRUPT, 4, {24, 2, 1, 0}},
        {ERR_CORRUPT, 4, {24, 2, 0, 1}},
        {OK, 6, {25, 4, 1, 0xff, 0xff, 0x03}},
        {ERR_CORRUPT, 6, {25, 4, 1, 0x80, 0x80, 0x04}},
    };
    read_by_hand(cases, ARRAY_COUNT(cases));
}

static void messages_from_outside(void **state)
{
    (void)state;
    static const struct by_hand cases[] = {
        /* flags, tenant, expiry, sizes of topic and properties, targets, texts */
        {OK, 9, {21, 7, 0, 0, 0, 1, 0, 0, 't'}},
        {OK, 10, {21, 8, 6, 0, 0, 1, 0, 0, 't', 'p'}},
        {ERR_CORRUPT, 9, {21, 7, 3, 0, 0, 1, 0, 0, 't'}}, /* QoS 3 */
        {ERR_CORRUPT, 9, {21, 7, 8, 0, 0, 1, 0, 0, 't'}},
        {ERR_CORRUPT, 9, {21, 7, 0, 0, 0, 0, 0, 0, 't'}},
        {ERR_CORRUPT, 9, {21, 7, 0, 0, 0, 2, 0, 0, 't'}},
        {ERR_CORRUPT, 9, {21, 7, 0, 0, 0, 1, 1, 0, 't'}},
        /* ..., one target, bytes of targets, topic, distance, flags, ids */
        {OK, 12, {21, 10, 0, 0, 0, 1, 0, 1, 2, 't', 1, 1}},
        {OK, 13, {21, 11, 0, 0, 0, 1, 0, 1, 3, 't', 1, 14, 7}},
        {ERR_CORRUPT, 12, {21, 10, 0, 0, 0, 1, 0, 1, 3, 't', 1, 1}},
        {ERR_CORRUPT, 12, {21, 10, 0, 0, 0, 1, 0, 2, 2, 't', 1, 1}}, /* one, not two */
        {ERR_CORRUPT, 9, {21, 7, 0, 0, 0, 1, 0, 1, 0}},
        {ERR_CORRUPT, 12, {21, 10, 0, 0, 0, 1, 0, 1, 2, 't', 0, 1}}, /* session 0 */
        {ERR_CORRUPT, 12, {21, 10, 0, 0, 0, 1, 0, 1, 2, 't', 1, 0}}, /* QoS 0 */
        {ERR_CORRUPT, 12, {21, 10, 0, 0, 0, 1, 0, 1, 2, 't', 1, 3}},
        {ERR_CORRUPT, 13, {21, 11, 0, 0, 0, 1, 0, 1, 3, 't', 1, 9, 0}},  /* id 0 */
        {ERR_CORRUPT, 13, {21, 11, 0, 0, 0, 1, 0, 1, 3, 't', 1, 17, 1}}, /* 2 ids, one there */
        {ERR_CORRUPT, 12, {21, 10, 0, 0, 0, 1, 0, 1, 2, 't', 1, 0x89}},  /* 17 ids */
        {OK, 14, {21, 12, 0, 0, 0, 1, 0, 2, 4, 't', 1, 1, 1, 1}},
        {ERR_CORRUPT, 14, {21, 12, 0, 0, 0, 1, 0, 2, 4, 't', 1, 1, 0, 1}}, /* the same again */
        {OK, 16, {21, 14, 0, 0, 0, 1, 0, 1, 6, 't', 0xff, 0xff, 0xff, 0xff, 0x0f, 1}},
        {ERR_CORRUPT,
         18,
         {21, 16, 0, 0, 0, 1, 0, 2, 8, 't', 0xff, 0xff, 0xff, 0xff, 0x0f, 1, 1, 1}},
    };
    read_by_hand(cases, ARRAY_COUNT(cases));
}

/* Sizes at the texts' limits, which no writer passes. */
static void long_names_from_outside(void **state)
{
    (void)state;
    static const struct {
        uint8_t kind, head_size;
        uint8_t head[5];
    } cases[] = {{FACT_SESSION_OPEN, 5, {0, 1, 5, 0, 0}},
                 {FACT_SUBSCRIBE, 3, {1, 0, 0}},
                 {FACT_UNSUBSCRIBE, 1, {1}},
                 {FACT_ENQUEUE, 3, {1, 1, 0}}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        for (size_t name = 65535; name <= 65536; name++) {
            struct fact out;
            size_t offset = 0, size = 0;
            copy[size++] = cases[i].kind;
            size += varint_put(copy + size, cases[i].head_size + name);
            memcpy(copy + size, cases[i].head, cases[i].head_size);
            size += cases[i].head_size;
            memset(copy + size, 'x', name);
            size += name;
            assert_int_equal(facts_read(bytes_of(copy, size), &offset, &storage, &out),
                             name == 65535 ? OK : ERR_CORRUPT);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_open),
        cmocka_unit_test(wills),
        cmocka_unit_test(sessions_close_and_end),
        cmocka_unit_test(subscriptions),
        cmocka_unit_test(messages),
        cmocka_unit_test(targets_fit_or_not),
        cmocka_unit_test(deliveries_and_packets),
        cmocka_unit_test(sessions_from_outside),
        cmocka_unit_test(subscriptions_from_outside),
        cmocka_unit_test(messages_from_outside),
        cmocka_unit_test(long_names_from_outside),
    };
    return cmocka_run_group_tests_name("facts_messages", tests, NULL, NULL);
}
