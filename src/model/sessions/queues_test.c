/* Queues: packet ids, references to messages, how far a delivery went. */
#include "model/sessions/fixture.h"

#include <time.h>

static void test_message_is_kept_once(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    struct targets targets = {.size = 0};
    for (uint32_t session = 1; session <= 3; session++) {
        char name[2] = {(char)('a' + session), '\0'};
        fixture_session(&f, session, name);
        struct message_target target = {
            .session = session, .qos = session == 2 ? 2 : 1, .retain = session == 3};
        targets_add(&targets, &target);
    }
    struct fact fact = message_of("t/1", "hello");
    fact.message.retain = true;
    fact.message.properties = bytes_text("props");
    fixture_message(&f, &fact, &targets);
    struct sessions_counts counts = fixture_counts(&f);
    assert_true(counts.messages == 1 && counts.entries == 3 && counts.retained == 1);
    assert_true(counts.message_bytes == 13 && counts.retained_bytes == 13);
    uint32_t message = fixture_oldest(&f, 1).message;
    for (uint32_t session = 1; session <= 3; session++) {
        struct entry_view entry = fixture_oldest(&f, session);
        assert_int_equal(entry.message, message);
        assert_true(entry.packet_id == 1 && entry.qos == (session == 2 ? 2 : 1));
        assert_true(entry.retain == (session == 3) && !entry.released && entry.id_count == 0);
        assert_int_equal(fixture_view(&f, session).queued_bytes, 13);
    }
    assert_whole(&f);
    fixture_delivery(&f, 1, 1, DELIVERY_DONE);
    fixture_delivery(&f, 2, 1, DELIVERY_RECEIVED);
    assert_message(&f, message, "t/1", "hello");
    fixture_retain(&f, "t/1", "other"); /* the slot lets go; one queue still holds it */
    assert_int_equal(fixture_counts(&f).messages, 2);
    assert_message(&f, fixture_oldest(&f, 3).message, "t/1", "hello");
    assert_whole(&f);
    fixture_about(&f, FACT_SESSION_END, 3);
    counts = fixture_counts(&f);
    assert_true(counts.messages == 1 && counts.message_bytes == 8 && counts.retained_bytes == 8);
    assert_whole(&f);
    fixture_close(&f);
}

static void test_message_view(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "a");
    struct targets targets = {.size = 0};
    struct message_target target = {.session = 1, .qos = 1};
    targets_add(&targets, &target);
    static const struct {
        uint32_t expiry_s;
        int64_t wall_ns, expires_ns;
    } cases[] = {
        {EXPIRY_NEVER, WALL_NS, INT64_MAX},
        {0, WALL_NS, WALL_NS},
        {60, WALL_NS, WALL_NS + 60 * NS_PER_S},
        {EXPIRY_NEVER - 1, WALL_NS, WALL_NS + (int64_t)(EXPIRY_NEVER - 1) * NS_PER_S},
        {1, INT64_MAX - NS_PER_S, INT64_MAX},
        {1, INT64_MAX - NS_PER_S + 1, INT64_MAX}, /* saturates */
        {EXPIRY_NEVER - 1, INT64_MAX, INT64_MAX},
        {5, -NS_PER_S, 4 * NS_PER_S},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct fact fact = message_of("topic", "payload");
        fact.message.properties = bytes_text("xyz");
        fact.message.qos = 2;
        fact.message.expiry_s = cases[i].expiry_s;
        f.stamp.wall_ns = cases[i].wall_ns;
        fixture_message(&f, &fact, &targets);
        uint32_t message = fixture_oldest(&f, 1).message;
        struct message_view view;
        sessions_message_prefetch(f.sessions, message);
        sessions_message(f.sessions, message, &view);
        assert_true(view.tenant == TENANT && view.qos == 2 && view.topic_size == 5);
        assert_true(view.payload_size == 7 && view.properties_size == 3);
        assert_true(view.expires_wall_ns == cases[i].expires_ns);
        uint8_t text[15];
        sessions_message_copy(f.sessions, message, text);
        assert_memory_equal(text, "topicpayloadxyz", 15);
        fixture_delivery(&f, 1, (uint16_t)(i + 1), DELIVERY_DONE);
    }
    fixture_close(&f);
}

static void test_nobody_to_keep_it_for(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    struct fact fact = message_of("a", "b");
    uint64_t hash = state_hash(f.state);
    fixture_apply(&f, &fact); /* no reading: it stands in the journal, and here it is nothing */
    assert_true(state_hash(f.state) == hash);
    fixture_queue(&f, 1, 1, "a", "b"); /* a session that is not there */
    assert_nothing_held(&f);
    assert_int_equal(fixture_counts(&f).strays, 1);
    fixture_close(&f);
}

/* Texts around the borders of cells, up to the largest packet. */
static void test_sizes(void **arg)
{
    (void)arg;
    static const size_t sizes[] = {0, 1, 58, 59, 60, 118, 119, 120, 4096, 65535, (size_t)1 << 20};
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "a");
    uint8_t *payload = malloc((size_t)1 << 20), *copy = malloc(((size_t)1 << 20) + 1);
    for (size_t i = 0; i < (size_t)1 << 20; i++)
        payload[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
            struct fact fact = message_of("t", "");
            fact.message.payload = bytes_of(payload, sizes[i]);
            struct targets targets = {.size = 0};
            struct message_target target = {.session = 1, .qos = 1};
            targets_add(&targets, &target);
            fixture_message(&f, &fact, &targets);
            struct entry_view entry = fixture_oldest(&f, 1);
            sessions_message_copy(f.sessions, entry.message, copy);
            assert_true(copy[0] == 't' && memcmp(copy + 1, payload, sizes[i]) == 0);
            assert_int_equal(fixture_view(&f, 1).queued_bytes, sizes[i] + 1);
            if (sizes[i] < 200)
                assert_whole(&f);
            fixture_delivery(&f, 1, entry.packet_id, DELIVERY_DONE);
        }
    }
    assert_whole(&f);
    assert_int_equal(fixture_counts(&f).message_bytes, 0);
    free(copy);
    free(payload);
    fixture_close(&f);
}

static void test_subscription_ids(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "a");
    for (uint32_t count = 0; count <= TARGET_IDS_MAX; count++) {
        struct fact fact = message_of("t", "p");
        struct targets targets = {.size = 0};
        struct message_target target = {.session = 1, .qos = 2, .id_count = (uint8_t)count};
        for (uint32_t i = 0; i < count; i++)
            target.ids[i] = i * 1000 + 1;
        targets_add(&targets, &target);
        fixture_message(&f, &fact, &targets);
    }
    assert_whole(&f);
    uint32_t entry = sessions_queue_first(f.sessions, 1);
    for (uint32_t count = 0; count <= TARGET_IDS_MAX; count++) {
        struct entry_view view = fixture_entry(&f, entry);
        assert_int_equal(view.id_count, count);
        for (uint32_t i = 0; i < count; i++)
            assert_int_equal(view.ids[i], i * 1000 + 1);
        entry = sessions_queue_next(f.sessions, entry);
    }
    for (uint16_t packet_id = 1; packet_id <= TARGET_IDS_MAX + 1; packet_id++)
        fixture_delivery(&f, 1, packet_id, DELIVERY_RECEIVED);
    assert_int_equal(fixture_oldest(&f, 1).id_count, 0);
    assert_whole(&f);
    fixture_about(&f, FACT_SESSION_END, 1);
    assert_nothing_held(&f);
    assert_whole(&f);
    fixture_close(&f);
}

static void test_delivery_steps(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "a");
    fixture_queue(&f, 1, 2, "t", "one");
    fixture_queue(&f, 1, 1, "t", "two");
    fixture_queue(&f, 1, 2, "t", "three");
    uint32_t first = sessions_queue_first(f.sessions, 1);
    fixture_delivery(&f, 1, 1, DELIVERY_RECEIVED);
    struct entry_view entry = fixture_oldest(&f, 1);
    assert_true(entry.released && entry.message == MESSAGE_NONE && entry.packet_id == 1);
    assert_int_equal(sessions_queue_first(f.sessions, 1), first); /* keeps number and place */
    struct session_view view = fixture_view(&f, 1);
    assert_true(view.queued == 3 && view.queued_bytes == 4 + 6);
    assert_int_equal(fixture_counts(&f).messages, 2);
    fixture_delivery(&f, 1, 1, DELIVERY_RECEIVED); /* again: the client lost our PUBREL */
    assert_int_equal(fixture_counts(&f).strays, 0);
    fixture_delivery(&f, 1, 2, DELIVERY_RECEIVED); /* an entry of QoS 1 has no such step */
    assert_int_equal(fixture_counts(&f).strays, 1);
    assert_false(fixture_entry(&f, sessions_queue_next(f.sessions, first)).released);
    assert_whole(&f);
    fixture_delivery(&f, 1, 2, DELIVERY_DONE); /* from the middle */
    assert_int_equal(sessions_queue_find(f.sessions, 1, 2), ENTRY_NONE);
    fixture_delivery(&f, 1, 2, DELIVERY_DONE);
    assert_int_equal(fixture_counts(&f).strays, 2);
    fixture_delivery(&f, 1, 3, DELIVERY_DONE); /* the newest */
    assert_int_equal(sessions_queue_next(f.sessions, first), ENTRY_NONE);
    fixture_queue(&f, 1, 1, "t", "four"); /* ids go on, they are not filled up */
    assert_int_equal(sessions_queue_find(f.sessions, 1, 3), ENTRY_NONE);
    assert_int_not_equal(sessions_queue_find(f.sessions, 1, 4), ENTRY_NONE);
    assert_whole(&f);
    fixture_delivery(&f, 1, 1, DELIVERY_DONE);
    fixture_delivery(&f, 1, 4, DELIVERY_DONE);
    view = fixture_view(&f, 1);
    assert_true(view.queued == 0 && view.queued_bytes == 0);
    assert_int_equal(fixture_counts(&f).messages, 0);
    assert_int_equal(fixture_counts(&f).entries, 0);
    assert_whole(&f);
    fixture_close(&f);
}

/* 65,535 entries are all a queue can name; the next is skipped and counted. */
static void test_all_packet_ids(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "a");
    for (uint32_t i = 1; i <= 65535; i++)
        fixture_queue(&f, 1, 2, "t", "p");
    assert_int_equal(fixture_view(&f, 1).queued, 65535);
    assert_int_equal(fixture_counts(&f).full, 0);
    fixture_queue(&f, 1, 2, "t", "p");
    fixture_retain(&f, "r", "p");
    fixture_enqueue(&f, 1, "r", 0);
    assert_int_equal(fixture_view(&f, 1).queued, 65535);
    assert_int_equal(fixture_counts(&f).full, 2);
    assert_int_equal(fixture_counts(&f).messages, 65536);
    static const uint16_t looked_for[] = {1, 2, 32766, 32767, 32768, 32769, 65534, 65535};
    for (size_t i = 0; i < ARRAY_COUNT(looked_for); i++) {
        uint32_t entry = sessions_queue_find(f.sessions, 1, looked_for[i]);
        assert_int_equal(fixture_entry(&f, entry).packet_id, looked_for[i]);
    }
    assert_whole(&f);
    fixture_delivery(&f, 1, 2, DELIVERY_DONE); /* not the one whose turn it is */
    fixture_queue(&f, 1, 2, "t", "p");
    assert_int_equal(fixture_counts(&f).full, 3);
    fixture_delivery(&f, 1, 1, DELIVERY_RECEIVED); /* its id is still in use */
    fixture_queue(&f, 1, 2, "t", "p");
    assert_int_equal(fixture_counts(&f).full, 4);
    fixture_delivery(&f, 1, 1, DELIVERY_DONE); /* now both are free: 65535 is followed by 1, 2 */
    fixture_queue(&f, 1, 1, "t", "p");
    fixture_queue(&f, 1, 1, "t", "p");
    assert_int_equal(fixture_counts(&f).full, 4);
    fixture_queue(&f, 1, 1, "t", "p");
    assert_int_equal(fixture_counts(&f).full, 5);
    assert_int_equal(fixture_oldest(&f, 1).packet_id, 3);
    uint32_t one = sessions_queue_find(f.sessions, 1, 1);
    assert_int_equal(fixture_entry(&f, one).qos, 1);
    assert_int_equal(fixture_entry(&f, sessions_queue_next(f.sessions, one)).packet_id, 2);
    assert_whole(&f);
    struct fact fact = open_of(1, "a");
    fact.session_open.clean = true;
    fixture_apply(&f, &fact);
    assert_int_equal(fixture_counts(&f).entries, 0);
    assert_int_equal(fixture_counts(&f).messages, 1);
    assert_whole(&f);
    fixture_close(&f);
}

/* An old entry that is never acknowledged stops the queue when its id comes round, not before. */
static void test_an_old_entry_in_the_way(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "a");
    for (uint32_t i = 0; i < 10; i++) {
        fixture_queue(&f, 1, 1, "t", "p");
        if (i < 9)
            fixture_delivery(&f, 1, (uint16_t)(i + 1), DELIVERY_DONE);
    }
    for (uint32_t i = 0; i < 65534; i++) { /* ids 11..65535, 1..9 */
        fixture_queue(&f, 1, 1, "t", "p");
        uint16_t packet_id = (uint16_t)((10 + i) % 65535 + 1);
        uint32_t entry = sessions_queue_next(f.sessions, sessions_queue_first(f.sessions, 1));
        assert_int_equal(fixture_entry(&f, entry).packet_id, packet_id);
        assert_int_equal(sessions_queue_find(f.sessions, 1, packet_id), entry);
        fixture_delivery(&f, 1, packet_id, DELIVERY_DONE);
    }
    assert_int_equal(fixture_counts(&f).full, 0);
    assert_whole(&f);
    fixture_queue(&f, 1, 1, "t", "p");
    assert_int_equal(fixture_counts(&f).full, 1);
    assert_int_equal(fixture_view(&f, 1).queued, 1);
    assert_int_equal(sessions_queue_find(f.sessions, 1, 9), ENTRY_NONE);
    assert_int_equal(sessions_queue_find(f.sessions, 1, 11), ENTRY_NONE);
    assert_whole(&f);
    fixture_delivery(&f, 1, 10, DELIVERY_DONE);
    fixture_queue(&f, 1, 1, "t", "p");
    assert_int_equal(fixture_oldest(&f, 1).packet_id, 10);
    fixture_close(&f);
}

static uint16_t id_after(const struct fixture *f, uint16_t packet_id)
{
    uint32_t entry = sessions_queue_after(f->sessions, 1, packet_id);
    return entry == ENTRY_NONE ? 0 : fixture_entry(f, entry).packet_id;
}

/* What comes after a packet id, of an entry that is there or was. */
static void test_after(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(sessions_queue_first(f.sessions, 1), ENTRY_NONE);
    assert_int_equal(id_after(&f, 0), 0);
    fixture_session(&f, 1, "a");
    assert_int_equal(id_after(&f, 0), 0);
    assert_int_equal(id_after(&f, 7), 0);
    for (uint32_t i = 0; i < 50000; i++)
        fixture_queue(&f, 1, 1, "t", "p");
    for (uint32_t i = 10; i <= 19; i++)
        fixture_delivery(&f, 1, (uint16_t)i, DELIVERY_DONE);
    for (uint32_t i = 49990; i <= 49999; i++)
        fixture_delivery(&f, 1, (uint16_t)i, DELIVERY_DONE);
    static const uint16_t pairs[][2] = {
        {0, 1},         {1, 2},         {8, 9},         {9, 20},
        {10, 20},       {19, 20},       {20, 21},       {24999, 25000},
        {25000, 25001}, {32767, 32768}, {40000, 40001}, {49988, 49989},
        {49989, 50000}, {49995, 50000}, {49999, 50000}, {50000, 0}};
    for (size_t i = 0; i < ARRAY_COUNT(pairs); i++)
        assert_int_equal(id_after(&f, pairs[i][0]), pairs[i][1]);
    for (uint32_t i = 1; i <= 5; i++) /* what went at the front leaves all others behind it */
        fixture_delivery(&f, 1, (uint16_t)i, DELIVERY_DONE);
    for (uint16_t i = 0; i <= 5; i++)
        assert_int_equal(id_after(&f, i), 6);
    for (uint32_t i = 0; i < 15540; i++) /* 50001..65535, 1..5: full */
        fixture_queue(&f, 1, 1, "t", "p");
    assert_int_equal(fixture_counts(&f).full, 0);
    assert_int_equal(id_after(&f, 5), 0);
    assert_int_equal(id_after(&f, 4), 5);
    assert_int_equal(id_after(&f, 65535), 1);
    assert_int_equal(id_after(&f, 65534), 65535);
    assert_int_equal(id_after(&f, 50000), 50001);
    assert_int_equal(id_after(&f, 6), 7);
    fixture_close(&f);
}

/* Of some targets one is not there and one is full: the others get the message. */
static void test_skipped_targets(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    for (uint32_t session = 1; session <= 40; session++) {
        char name[16];
        (void)sprintf(name, "client%u", session);
        fixture_session(&f, session, name);
    }
    for (uint32_t i = 0; i < 65535; i++)
        fixture_queue(&f, 1, 1, "t", "p");
    fixture_about(&f, FACT_SESSION_END, 17);
    struct targets targets = {.size = 0};
    for (uint32_t session = 1; session <= 41; session++) {
        struct message_target target = {.session = session, .qos = 1};
        targets_add(&targets, &target);
    }
    struct fact fact = message_of("t", "all");
    fixture_message(&f, &fact, &targets);
    struct sessions_counts counts = fixture_counts(&f);
    assert_true(counts.full == 1 && counts.strays == 2 && counts.entries == 65535 + 38);
    for (uint32_t session = 2; session <= 40; session++) {
        if (session != 17)
            assert_message(&f, fixture_oldest(&f, session).message, "t", "all");
    }
    assert_whole(&f);
    fixture_close(&f);
}

/* Queues 60,000 messages, acknowledges them in order or from the other end; returns CPU time. */
static clock_t acknowledged(bool from_the_end)
{
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "a");
    for (uint32_t i = 0; i < 60000; i++)
        fixture_queue(&f, 1, 1, "t", "p");
    clock_t begun = clock();
    for (uint32_t i = 0; i < 60000; i++)
        fixture_delivery(&f, 1, (uint16_t)(from_the_end ? 60000 - i : i + 1), DELIVERY_DONE);
    clock_t took = clock() - begun;
    assert_int_equal(fixture_counts(&f).entries, 0);
    assert_int_equal(fixture_counts(&f).strays, 0);
    fixture_close(&f);
    return took;
}

/* A client may acknowledge from the newest on: that must not walk the whole queue each time, which
 * costs some hundred times as much. */
static void test_acknowledged_from_the_end(void **arg)
{
    (void)arg;
    clock_t in_order = acknowledged(false);
    assert_true(acknowledged(true) < in_order * 40 + CLOCKS_PER_SEC / 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_is_kept_once),
        cmocka_unit_test(test_message_view),
        cmocka_unit_test(test_nobody_to_keep_it_for),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_subscription_ids),
        cmocka_unit_test(test_delivery_steps),
        cmocka_unit_test(test_all_packet_ids),
        cmocka_unit_test(test_an_old_entry_in_the_way),
        cmocka_unit_test(test_after),
        cmocka_unit_test(test_skipped_targets),
        cmocka_unit_test(test_acknowledged_from_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
