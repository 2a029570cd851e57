/* Sessions come and go, with their wills and subscriptions. */
#include "model/sessions/fixture.h"

static void test_open_and_close(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    struct session_view view;
    assert_false(sessions_view(f.sessions, 0, &view));
    assert_false(sessions_view(f.sessions, 1, &view));
    assert_false(sessions_view(f.sessions, UINT32_MAX, &view));
    fixture_session(&f, 1, "pump");
    view = fixture_view(&f, 1);
    assert_true(view.connected && view.tenant == TENANT && view.version == 5 && !view.has_will);
    assert_true(view.expiry_s == EXPIRY_NEVER && view.client_id_size == 4);
    uint8_t text[8] = {0};
    assert_int_equal(sessions_client_id(f.sessions, 1, text, sizeof text), 4);
    assert_memory_equal(text, "pump\0", 5);
    assert_int_equal(sessions_client_id(f.sessions, 1, text, 2), 2);
    assert_int_equal(sessions_find(f.sessions, TENANT, bytes_text("pump")), 1);
    assert_int_equal(sessions_find(f.sessions, TENANT + 1, bytes_text("pump")), SESSION_NONE);
    assert_int_equal(sessions_find(f.sessions, TENANT, bytes_text("pum")), SESSION_NONE);
    struct fact fact = close_of(1, 60, 7);
    fixture_apply(&f, &fact);
    view = fixture_view(&f, 1);
    assert_true(!view.connected && view.expiry_s == 60 && view.sent == 7);
    assert_true(view.closed_wall_ns == f.stamp.wall_ns);
    assert_true(view.closed_engine_ns == f.stamp.engine_ns);
    assert_int_equal(fixture_counts(&f).connected, 0);
    fixture_session(&f, 1, "pump");
    view = fixture_view(&f, 1);
    assert_true(view.connected && view.sent == 7 && view.closed_wall_ns == f.stamp.wall_ns);
    assert_int_equal(fixture_counts(&f).connected, 1);
    fixture_session(&f, 1, "pump"); /* again, without a close: cut off by a crash */
    assert_int_equal(fixture_counts(&f).connected, 1);
    assert_int_equal(sessions_count(f.sessions), 1);
    assert_whole(&f);
    fixture_about(&f, FACT_SESSION_END, 1);
    assert_false(sessions_view(f.sessions, 1, &view));
    assert_int_equal(sessions_find(f.sessions, TENANT, bytes_text("pump")), SESSION_NONE);
    assert_int_equal(sessions_highest(f.sessions), 1);
    assert_int_equal(fixture_counts(&f).strays, 0);
    assert_nothing_held(&f);
    assert_whole(&f);
    fixture_close(&f);
}

static void test_expiry_zero_ends(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "a");
    fixture_subscribe(&f, 1, "x/#", 1);
    fixture_queue(&f, 1, 1, "x", "1");
    fixture_packet(&f, FACT_RECEIVED, 1, 3);
    struct fact fact = close_of(1, 0, 0);
    fixture_apply(&f, &fact);
    assert_int_equal(sessions_count(f.sessions), 0);
    assert_nothing_held(&f);
    fixture_session(&f, 1, "a");
    fact = close_of(1, 1, 0);
    fixture_apply(&f, &fact);
    assert_int_equal(sessions_count(f.sessions), 1);
    assert_whole(&f);
    fixture_close(&f);
}

static struct fact open_with_will(uint32_t session, const char *payload)
{
    struct fact fact = open_of(session, "w");
    fact.session_open.will = (struct fact_will){.present = true,
                                                .retain = true,
                                                .qos = 2,
                                                .delay_s = 30,
                                                .expiry_s = 90,
                                                .topic = bytes_text("gone/w"),
                                                .payload = bytes_text(payload),
                                                .properties = bytes_text("pq")};
    return fact;
}

static void test_wills(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    struct fact fact = open_with_will(1, "bye");
    fixture_apply(&f, &fact);
    struct will_view will;
    assert_false(sessions_will(f.sessions, 2, &will));
    assert_true(sessions_will(f.sessions, 1, &will) && fixture_view(&f, 1).has_will);
    assert_true(will.retain && will.qos == 2 && will.delay_s == 30 && will.expiry_s == 90);
    assert_true(will.topic_size == 6 && will.payload_size == 3 && will.properties_size == 2);
    uint8_t text[11];
    sessions_will_copy(f.sessions, 1, text);
    assert_memory_equal(text, "gone/wbyepq", 11);
    fact = open_with_will(1, ""); /* replaced, with one without a payload */
    fixture_apply(&f, &fact);
    assert_true(sessions_will(f.sessions, 1, &will) && will.payload_size == 0);
    assert_whole(&f);
    fixture_session(&f, 1, "w"); /* and by none */
    assert_false(sessions_will(f.sessions, 1, &will));
    fixture_about(&f, FACT_WILL_DONE, 1); /* nothing to do */
    assert_true(fixture_view(&f, 1).connected);
    assert_int_equal(fixture_counts(&f).strays, 0);
    assert_whole(&f);
    fixture_close(&f);
}

static void test_will_keeps_a_closed_session(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    struct will_view will;
    struct fact fact = open_with_will(1, "bye"), over = close_of(1, 0, 0);
    fixture_apply(&f, &fact);
    fixture_apply(&f, &over);
    assert_true(sessions_will(f.sessions, 1, &will) && !fixture_view(&f, 1).connected);
    assert_whole(&f);
    fixture_about(&f, FACT_WILL_DONE, 1);
    assert_nothing_held(&f);
    fixture_apply(&f, &fact); /* said goodbye: nothing to publish, nothing to wait for */
    over.session_close.will_dropped = true;
    fixture_apply(&f, &over);
    assert_nothing_held(&f);
    fixture_apply(&f, &fact); /* published already, still connected: ends with the close */
    fixture_about(&f, FACT_WILL_DONE, 1);
    assert_true(fixture_view(&f, 1).connected && !fixture_view(&f, 1).has_will);
    over.session_close.will_dropped = false;
    fixture_apply(&f, &over);
    assert_nothing_held(&f);
    fixture_apply(&f, &fact); /* with an expiry the session outlives its will */
    over.session_close.expiry_s = 1;
    fixture_apply(&f, &over);
    fixture_about(&f, FACT_WILL_DONE, 1);
    assert_false(sessions_will(f.sessions, 1, &will));
    assert_int_equal(sessions_count(f.sessions), 1);
    fixture_apply(&f, &fact);
    fixture_about(&f, FACT_SESSION_END, 1); /* takes the will along */
    assert_nothing_held(&f);
    assert_whole(&f);
    fixture_close(&f);
}

static void test_clean_start(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "a");
    fixture_subscribe(&f, 1, "x/#", 1);
    fixture_queue(&f, 1, 1, "x", "1");
    fixture_queue(&f, 1, 2, "x", "2");
    fixture_packet(&f, FACT_RECEIVED, 1, 9);
    struct fact fact = close_of(1, 50, 2);
    fixture_apply(&f, &fact);
    fixture_session(&f, 1, "a"); /* not clean: all is there */
    struct session_view view = fixture_view(&f, 1);
    assert_true(view.queued == 2 && view.subscriptions == 1 && view.received == 1);
    fact = open_of(1, "a");
    fact.session_open.clean = true;
    fact.session_open.version = 4;
    fact.session_open.expiry_s = 17;
    fixture_apply(&f, &fact);
    view = fixture_view(&f, 1);
    assert_true(view.queued == 0 && view.subscriptions == 0 && view.received == 0);
    assert_true(view.queued_bytes == 0 && view.sent == 0 && view.closed_wall_ns == 0);
    assert_true(view.connected && view.version == 4 && view.expiry_s == 17);
    assert_int_equal(sessions_queue_first(f.sessions, 1), ENTRY_NONE);
    assert_int_equal(sessions_subscription_next(f.sessions, 1, SUBSCRIPTION_NONE),
                     SUBSCRIPTION_NONE);
    assert_int_equal(sessions_subscription_find(f.sessions, 1, bytes_text("x/#")),
                     SUBSCRIPTION_NONE);
    assert_false(sessions_has_received(f.sessions, 1, 9));
    assert_int_equal(fixture_counts(&f).messages, 0);
    fixture_queue(&f, 1, 1, "x", "3");
    assert_int_equal(fixture_oldest(&f, 1).packet_id, 1);
    assert_whole(&f);
    fixture_close(&f);
}

/* After damage the numbers of the journal may contradict what is left: the older one gives way. */
static void test_numbers_taken_over(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "a");
    fixture_subscribe(&f, 1, "x", 1);
    fixture_session(&f, 1, "b"); /* the number has another client */
    assert_int_equal(sessions_find(f.sessions, TENANT, bytes_text("a")), SESSION_NONE);
    assert_int_equal(sessions_find(f.sessions, TENANT, bytes_text("b")), 1);
    assert_int_equal(fixture_view(&f, 1).subscriptions, 0);
    fixture_queue(&f, 1, 1, "x", "1");
    fixture_session(&f, 3, "b"); /* the client has another number */
    assert_int_equal(sessions_find(f.sessions, TENANT, bytes_text("b")), 3);
    assert_int_equal(fixture_view(&f, 3).queued, 0);
    assert_int_equal(sessions_count(f.sessions), 1);
    fixture_session(&f, 2, "c");
    fixture_session(&f, 3, "c"); /* both at once */
    assert_int_equal(sessions_count(f.sessions), 1);
    assert_int_equal(sessions_find(f.sessions, TENANT, bytes_text("c")), 3);
    assert_int_equal(sessions_find(f.sessions, TENANT, bytes_text("b")), SESSION_NONE);
    struct fact fact = open_of(4, "c"); /* the same client id of another tenant is another */
    fact.session_open.tenant = TENANT + 1;
    fixture_apply(&f, &fact);
    assert_int_equal(sessions_count(f.sessions), 2);
    fact.session_open.session = 3; /* and takes the number all the same */
    fixture_apply(&f, &fact);
    assert_int_equal(sessions_count(f.sessions), 1);
    assert_int_equal(fixture_view(&f, 3).tenant, TENANT + 1);
    assert_int_equal(fixture_counts(&f).connected, 1);
    assert_int_equal(fixture_counts(&f).strays, 0);
    assert_whole(&f);
    fixture_close(&f);
}

static void test_limits_of_numbers_and_texts(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    char *text = malloc(CLIENT_ID_BYTES_MAX + 2);
    memset(text, 'c', CLIENT_ID_BYTES_MAX + 1);
    text[CLIENT_ID_BYTES_MAX + 1] = '\0';
    fixture_session(&f, 1, text); /* too long by one */
    fixture_session(&f, SESSION_NUMBER_MAX + 1, "a");
    fixture_session(&f, 0, "a");
    assert_int_equal(fixture_counts(&f).strays, 3);
    assert_nothing_held(&f);
    text[CLIENT_ID_BYTES_MAX] = '\0';
    fixture_session(&f, 1, text);
    fixture_session(&f, SESSION_NUMBER_MAX, "a");
    assert_int_equal(sessions_count(f.sessions), 2);
    assert_int_equal(fixture_view(&f, 1).client_id_size, CLIENT_ID_BYTES_MAX);
    assert_int_equal(sessions_find(f.sessions, TENANT, bytes_text(text)), 1);
    fixture_subscribe(&f, 1, text, 2);
    uint32_t subscription = sessions_subscription_find(f.sessions, 1, bytes_text(text));
    uint8_t *copy = calloc(1, MESSAGE_TOPIC_MAX);
    sessions_subscription_filter(f.sessions, subscription, copy);
    assert_memory_equal(copy, text, MESSAGE_TOPIC_MAX);
    text[CLIENT_ID_BYTES_MAX] = 'c';
    fixture_subscribe(&f, 1, text, 2);
    assert_int_equal(fixture_counts(&f).strays, 4);
    assert_int_equal(fixture_counts(&f).subscriptions, 1);
    fixture_about(&f, FACT_SESSION_END, 1);
    fixture_about(&f, FACT_SESSION_END, SESSION_NUMBER_MAX);
    assert_nothing_held(&f);
    free(copy);
    free(text);
    fixture_close(&f);
}

static void test_subscriptions(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "a");
    fixture_session(&f, 2, "b");
    fixture_subscribe(&f, 1, "x/+", 0);
    fixture_subscribe(&f, 2, "x/+", 2);
    fixture_subscribe(&f, 1, "y", 1);
    fixture_subscribe(&f, 1, "z", 1);
    uint32_t x = sessions_subscription_find(f.sessions, 1, bytes_text("x/+"));
    uint32_t y = sessions_subscription_find(f.sessions, 1, bytes_text("y"));
    uint32_t z = sessions_subscription_find(f.sessions, 1, bytes_text("z"));
    assert_int_equal(sessions_subscription_next(f.sessions, 1, SUBSCRIPTION_NONE), x);
    assert_int_equal(sessions_subscription_next(f.sessions, 1, x), y);
    assert_int_equal(sessions_subscription_next(f.sessions, 1, y), z);
    assert_int_equal(sessions_subscription_next(f.sessions, 1, z), SUBSCRIPTION_NONE);
    assert_int_equal(sessions_subscription_next(f.sessions, 9, SUBSCRIPTION_NONE),
                     SUBSCRIPTION_NONE);
    struct fact fact = {.kind = FACT_SUBSCRIBE,
                        .subscribe = {.session = 1,
                                      .qos = 2,
                                      .retain_handling = 1,
                                      .no_local = true,
                                      .retain_as_published = true,
                                      .subscription_id = 77,
                                      .filter = bytes_text("x/+")}};
    fixture_apply(&f, &fact); /* replaces, keeping its number and place */
    assert_int_equal(sessions_subscription_find(f.sessions, 1, bytes_text("x/+")), x);
    struct subscription_view view;
    sessions_subscription(f.sessions, x, &view);
    assert_true(view.session == 1 && view.qos == 2 && view.retain_handling == 1);
    assert_true(view.no_local && view.retain_as_published && view.subscription_id == 77);
    assert_int_equal(view.filter_size, 3);
    assert_int_equal(fixture_view(&f, 1).subscriptions, 3);
    assert_whole(&f);
    fixture_subscribe(&f, 1, "x/+", 0); /* and back */
    sessions_subscription(f.sessions, x, &view);
    assert_true(!view.no_local && !view.retain_as_published && view.subscription_id == 0);
    fixture_unsubscribe(&f, 1, "y"); /* from the middle, the end, the beginning */
    assert_int_equal(sessions_subscription_next(f.sessions, 1, x), z);
    fixture_unsubscribe(&f, 1, "z");
    assert_int_equal(sessions_subscription_next(f.sessions, 1, x), SUBSCRIPTION_NONE);
    assert_whole(&f);
    fixture_unsubscribe(&f, 1, "x/+");
    assert_int_equal(sessions_subscription_next(f.sessions, 1, SUBSCRIPTION_NONE),
                     SUBSCRIPTION_NONE);
    assert_int_equal(fixture_counts(&f).subscriptions, 1); /* of the other */
    assert_int_not_equal(sessions_subscription_find(f.sessions, 2, bytes_text("x/+")),
                         SUBSCRIPTION_NONE);
    fixture_about(&f, FACT_SESSION_END, 2);
    assert_int_equal(fixture_counts(&f).subscriptions, 0);
    assert_int_equal(fixture_counts(&f).strays, 0);
    assert_whole(&f);
    fixture_close(&f);
}

static void test_strays(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 2, "a");
    fixture_queue(&f, 2, 1, "x", "1");
    fixture_packet(&f, FACT_RECEIVED, 2, 5);
    uint64_t hash = state_hash(f.state), strays = 0;
    static const uint32_t nobody[] = {0, 1, 3, UINT32_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(nobody); i++) {
        struct fact fact = close_of(nobody[i], 0, 0);
        fixture_apply(&f, &fact);
        fixture_about(&f, FACT_SESSION_END, nobody[i]);
        fixture_about(&f, FACT_WILL_DONE, nobody[i]);
        fixture_subscribe(&f, nobody[i], "x", 1);
        fixture_unsubscribe(&f, nobody[i], "x");
        fixture_enqueue(&f, nobody[i], "x", 0);
        fixture_delivery(&f, nobody[i], 1, DELIVERY_DONE);
        fixture_packet(&f, FACT_RECEIVED, nobody[i], 1);
        fixture_packet(&f, FACT_RELEASED, nobody[i], 5);
        strays += 9;
        if (nobody[i] != 0) { /* no list of targets can name it */
            fixture_queue(&f, nobody[i], 1, "x", "1");
            strays++;
        }
        assert_int_equal(fixture_counts(&f).strays, strays);
    }
    fixture_unsubscribe(&f, 2, "x");
    fixture_delivery(&f, 2, 2, DELIVERY_DONE);
    fixture_delivery(&f, 2, 0, DELIVERY_DONE);
    fixture_delivery(&f, 2, 65535, DELIVERY_RECEIVED);
    fixture_packet(&f, FACT_RECEIVED, 2, 0);
    fixture_packet(&f, FACT_RELEASED, 2, 6);
    fixture_packet(&f, FACT_RELEASED, 2, 65535);
    assert_int_equal(fixture_counts(&f).strays, strays + 7);
    assert_int_equal(fixture_counts(&f).messages, 1);
    assert_true(state_hash(f.state) != hash); /* strays are part of it */
    assert_whole(&f);
    fixture_close(&f);
}

static void test_other_facts_change_nothing(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "a");
    uint64_t hash = state_hash(f.state);
    static const uint8_t kinds[] = {
        0, FACT_START, FACT_TICK, FACT_SESSION_OPEN - 1, FACT_WILL_DONE + 1, 255};
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        struct fact fact = {.kind = kinds[i], .session = 1};
        fixture_apply(&f, &fact);
    }
    assert_true(state_hash(f.state) == hash);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_and_close),
        cmocka_unit_test(test_expiry_zero_ends),
        cmocka_unit_test(test_wills),
        cmocka_unit_test(test_will_keeps_a_closed_session),
        cmocka_unit_test(test_clean_start),
        cmocka_unit_test(test_numbers_taken_over),
        cmocka_unit_test(test_limits_of_numbers_and_texts),
        cmocka_unit_test(test_subscriptions),
        cmocka_unit_test(test_strays),
        cmocka_unit_test(test_other_facts_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
