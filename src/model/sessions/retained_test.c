/* Retained messages: one of each topic, found by name, by filter and by slot. And the packet ids of
 * incoming QoS 2 messages. */
#include "model/sessions/fixture.h"

static void test_set_replace_remove(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(sessions_retained_highest(f.sessions), 0);
    assert_int_equal(sessions_retained_at(f.sessions, 0), MESSAGE_NONE);
    assert_int_equal(sessions_retained_at(f.sessions, 1), MESSAGE_NONE);
    fixture_retain(&f, "a/b", "one");
    fixture_retain(&f, "a/c", "two");
    assert_message(&f, sessions_retained_find(f.sessions, TENANT, bytes_text("a/b")), "a/b", "one");
    assert_int_equal(sessions_retained_find(f.sessions, TENANT + 1, bytes_text("a/b")),
                     MESSAGE_NONE);
    assert_int_equal(sessions_retained_find(f.sessions, TENANT, bytes_text("a")), MESSAGE_NONE);
    fixture_retain(&f, "a/b", "three!");
    assert_message(&f, sessions_retained_find(f.sessions, TENANT, bytes_text("a/b")), "a/b",
                   "three!");
    struct sessions_counts counts = fixture_counts(&f);
    assert_true(counts.retained == 2 && counts.messages == 2 && counts.retained_bytes == 15);
    assert_int_equal(sessions_retained_highest(f.sessions), 2);
    assert_message(&f, sessions_retained_at(f.sessions, 1), "a/b", "three!");
    assert_message(&f, sessions_retained_at(f.sessions, 2), "a/c", "two");
    assert_int_equal(sessions_retained_at(f.sessions, 3), MESSAGE_NONE);
    assert_whole(&f);
    fixture_retain(&f, "a/b", "");
    fixture_retain(&f, "a/b", ""); /* there is none: nothing happens */
    assert_int_equal(sessions_retained_find(f.sessions, TENANT, bytes_text("a/b")), MESSAGE_NONE);
    assert_int_equal(sessions_retained_at(f.sessions, 1), MESSAGE_NONE);
    assert_int_equal(fixture_counts(&f).retained, 1);
    assert_whole(&f);
    fixture_retain(&f, "a/d", "four"); /* the slot is used again */
    assert_int_equal(sessions_retained_highest(f.sessions), 2);
    fixture_retain(&f, "a/c", "");
    fixture_retain(&f, "a/d", "");
    assert_nothing_held(&f);
    assert_whole(&f);
    fixture_close(&f);
}

/* With targets as well: an empty payload removes the retained message and is sent on. */
static void test_retained_and_sent(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "a");
    fixture_retain(&f, "a", "kept");
    struct targets targets = {.size = 0};
    struct message_target target = {.session = 1, .qos = 1};
    targets_add(&targets, &target);
    struct fact fact = message_of("a", "");
    fact.message.retain = true;
    fixture_message(&f, &fact, &targets);
    assert_int_equal(fixture_counts(&f).retained, 0);
    assert_message(&f, fixture_oldest(&f, 1).message, "a", "");
    assert_int_equal(fixture_counts(&f).messages, 1);
    fact = message_of("a", "not retained");
    fixture_message(&f, &fact, &targets);
    assert_int_equal(fixture_counts(&f).retained, 0);
    assert_whole(&f);
    fixture_close(&f);
}

static void test_enqueue(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "a");
    fixture_enqueue(&f, 1, "a", 5); /* no retained message: nothing happens */
    assert_int_equal(fixture_view(&f, 1).queued, 0);
    assert_int_equal(fixture_counts(&f).strays, 0);
    fixture_retain(&f, "a", "kept");
    fixture_enqueue(&f, 1, "a", 5);
    fixture_enqueue(&f, 1, "a", 0);
    struct entry_view entry = fixture_oldest(&f, 1);
    assert_true(entry.retain && entry.qos == 1 && entry.id_count == 1 && entry.ids[0] == 5);
    assert_message(&f, entry.message, "a", "kept");
    entry = fixture_entry(&f, sessions_queue_find(f.sessions, 1, 2));
    assert_true(entry.retain && entry.id_count == 0);
    assert_int_equal(fixture_counts(&f).messages, 1);
    fixture_retain(&f, "a", ""); /* it stays for the queue */
    assert_message(&f, fixture_oldest(&f, 1).message, "a", "kept");
    struct fact fact = open_of(2, "b"); /* another tenant's topics are others */
    fact.session_open.tenant = TENANT + 1;
    fixture_apply(&f, &fact);
    fixture_retain(&f, "a", "again");
    fixture_enqueue(&f, 2, "a", 0);
    assert_int_equal(fixture_view(&f, 2).queued, 0);
    assert_whole(&f);
    fixture_close(&f);
}

struct told {
    const struct fixture *f;
    char topics[16][64];
    uint32_t count, most;
};

static bool told_each(void *arg, uint32_t message)
{
    struct told *told = arg;
    struct message_view view;
    uint8_t text[256];
    sessions_message(told->f->sessions, message, &view);
    sessions_message_copy(told->f->sessions, message, text);
    memcpy(told->topics[told->count], text, view.topic_size);
    told->topics[told->count++][view.topic_size] = '\0';
    return told->count < told->most;
}

static struct told matched(const struct fixture *f, const char *filter, uint32_t most)
{
    struct told told = {.f = f, .most = most};
    assert_true(
        sessions_retained_match(f->sessions, TENANT, bytes_text(filter), 1000, told_each, &told));
    return told;
}

static void test_match(void **arg)
{
    (void)arg;
    static const char *const topics[] = {"a", "a/b", "a/b/c", "a/d", "e/b", "$SYS/b"};
    struct fixture f;
    fixture_open(&f);
    for (size_t i = 0; i < ARRAY_COUNT(topics); i++)
        fixture_retain(&f, topics[i], "1");
    for (int round = 0; round < 2; round++) {
        assert_int_equal(matched(&f, "#", 16).count, 5);
        assert_int_equal(matched(&f, "a/#", 16).count, 4);
        assert_int_equal(matched(&f, "+/b", 16).count, 2);
        assert_int_equal(matched(&f, "$SYS/#", 16).count, 1);
        assert_int_equal(matched(&f, "x/#", 16).count, 0);
        assert_int_equal(matched(&f, "#", 2).count, 2); /* stopped */
        struct told told = matched(&f, "a/+/c", 16);
        assert_int_equal(told.count, 1);
        assert_string_equal(told.topics[0], "a/b/c");
        assert_whole(&f); /* and the same with the tree made anew */
    }
    struct told told = {.f = &f, .most = 16};
    assert_false(sessions_retained_match(f.sessions, TENANT, bytes_text("#"), 2, told_each, &told));
    fixture_retain(&f, "a/b", "");
    assert_int_equal(matched(&f, "a/#", 16).count, 3);
    fixture_retain(&f, "a/d", "2"); /* replaced: told once */
    assert_int_equal(matched(&f, "a/d", 16).count, 1);
    fixture_close(&f);
}

/* Topics deeper than the tree takes are still found by name and slot; a match says that it cannot
 * know all of them. */
static void test_deep_topics(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    char deep[300];
    for (size_t i = 0; i < 256; i++)
        deep[i] = i % 2 == 0 ? 'a' : '/';
    deep[2 * 128 - 1] = '\0'; /* 128 levels */
    fixture_retain(&f, deep, "1");
    struct told told = {.f = &f, .most = 16};
    assert_true(
        sessions_retained_match(f.sessions, TENANT, bytes_text("none"), 1000, told_each, &told));
    deep[2 * 128 - 1] = '/';
    deep[2 * 128] = 'a';
    deep[2 * 128 + 1] = '\0'; /* 129 */
    fixture_retain(&f, deep, "2");
    fixture_retain(&f, deep, "3");
    assert_message(&f, sessions_retained_find(f.sessions, TENANT, bytes_text(deep)), deep, "3");
    assert_false(
        sessions_retained_match(f.sessions, TENANT, bytes_text("none"), 1000, told_each, &told));
    assert_whole(&f);
    assert_false(
        sessions_retained_match(f.sessions, TENANT, bytes_text("none"), 1000, told_each, &told));
    fixture_retain(&f, deep, "");
    assert_true(
        sessions_retained_match(f.sessions, TENANT, bytes_text("none"), 1000, told_each, &told));
    assert_int_equal(fixture_counts(&f).retained, 1);
    assert_whole(&f);
    fixture_close(&f);
}

static void test_seeds_change_the_order_alone(void **arg)
{
    (void)arg;
    struct fixture f, other;
    fixture_open(&f);
    assert_int_equal(state_create(&other.state), OK);
    assert_int_equal(sessions_create_seeded(other.state, 4711, &other.sessions), OK);
    other.stamp = f.stamp;
    for (uint32_t i = 0; i < 10; i++) {
        char topic[16];
        (void)sprintf(topic, "a/%u", i);
        fixture_retain(&f, topic, "1");
        fixture_retain(&other, topic, "1");
    }
    assert_int_equal(matched(&f, "a/+", 16).count, 10);
    assert_int_equal(matched(&other, "a/+", 16).count, 10);
    assert_true(state_hash(f.state) == state_hash(other.state));
    fixture_close(&f);
    fixture_close(&other);
}

/* ---- packet ids received
 * ------------------------------------------------------------------------------------------- */

static void test_received(void **arg)
{
    (void)arg;
    static const uint16_t ids[] = {65535, 1, 384, 383, 40000, 385, 2, 65534};
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "a");
    fixture_session(&f, 2, "b");
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
        assert_false(sessions_has_received(f.sessions, 1, ids[i]));
        fixture_packet(&f, FACT_RECEIVED, 1, ids[i]);
        fixture_packet(&f, FACT_RECEIVED, 1, ids[i]); /* sent again: in use already */
        assert_true(sessions_has_received(f.sessions, 1, ids[i]));
        assert_int_equal(fixture_view(&f, 1).received, i + 1);
        assert_whole(&f);
    }
    assert_false(sessions_has_received(f.sessions, 1, 3));
    assert_false(sessions_has_received(f.sessions, 1, 0));
    assert_false(sessions_has_received(f.sessions, 2, 1));
    assert_false(sessions_has_received(f.sessions, 3, 1));
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
        fixture_packet(&f, FACT_RELEASED, 1, ids[i]);
        assert_false(sessions_has_received(f.sessions, 1, ids[i]));
        assert_whole(&f);
    }
    assert_int_equal(fixture_view(&f, 1).received, 0);
    assert_int_equal(fixture_counts(&f).strays, 0);
    fixture_close(&f);
}

static void test_all_received(void **arg)
{
    (void)arg;
    struct fixture f;
    fixture_open(&f);
    fixture_session(&f, 1, "a");
    uint32_t packet_id = 1;
    for (uint32_t i = 0; i < 65535; i++) { /* in some order */
        packet_id = (packet_id + 40503) % 65536;
        fixture_packet(&f, FACT_RECEIVED, 1, (uint16_t)(packet_id == 0 ? 1 : packet_id));
    }
    for (uint32_t i = 1; i <= 65535; i++)
        fixture_packet(&f, FACT_RECEIVED, 1, (uint16_t)i);
    assert_int_equal(fixture_view(&f, 1).received, 65535);
    assert_whole(&f);
    struct fact fact = open_of(1, "a");
    fact.session_open.clean = true;
    fixture_apply(&f, &fact);
    assert_int_equal(fixture_view(&f, 1).received, 0);
    assert_false(sessions_has_received(f.sessions, 1, 777));
    assert_whole(&f);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_replace_remove),
        cmocka_unit_test(test_retained_and_sent),
        cmocka_unit_test(test_enqueue),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_deep_topics),
        cmocka_unit_test(test_seeds_change_the_order_alone),
        cmocka_unit_test(test_received),
        cmocka_unit_test(test_all_received),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
