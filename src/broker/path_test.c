/* readings.path: where the readings of a message go, and that its topic stays what it is for all
 * who get the message. */
#include "broker/test_talk.h"

static void use_path(struct test_house *house, const char *path)
{
    snprintf(house->settings.readings_path, sizeof house->settings.readings_path, "%s", path);
    house_restart(house);
}

static bool is_point(const struct test_house *house, const char *path)
{
    return points_find(engine_points(house->engine), TENANT_DEFAULT, bytes_text(path)) !=
           POINT_NONE;
}

static struct engine_counters counters_of(const struct test_house *house)
{
    struct engine_counters counters;
    engine_describe(house->engine, &counters);
    return counters;
}

static void expect_refused(const struct test_house *house, const char *topic, enum admit admit)
{
    assert_true(engine_refused_count(house->engine) > 0);
    const struct refused *refused = engine_refused_at(house->engine, 0);
    assert_string_equal(admit_name(refused->admit), admit_name(admit));
    expect_bytes(bytes_of(refused->topic, refused->topic_size), topic);
}

static void test_readings_go_to_the_path(void **state)
{
    struct test_house *house = *state;
    use_path(house, "site/{2}/{4-}");
    struct wire *wire = join(house, "c", (struct how){0});
    publish(wire, "v1/north/up/pump/rpm", "7", 1);
    publish(wire, "v1/north/up/fan", "{\"rpm\":7,\"air\":{\"temp\":21.5}}", 1);
    assert_true(is_point(house, "site/north/pump/rpm"));
    assert_true(is_point(house, "site/north/fan/rpm"));
    assert_true(is_point(house, "site/north/fan/air/temp"));
    assert_int_equal(points_count(engine_points(house->engine)), 3);
    house_restart(house);
    assert_true(is_point(house, "site/north/fan/air/temp"));
}

/* A sender that repeats itself takes the short way through the engine, mapped or not. */
static void test_the_short_way_is_taken(void **state)
{
    struct test_house *house = *state;
    use_path(house, "{2}/{1}");
    struct wire *wire = join(house, "c", (struct how){0});
    for (int i = 0; i < 20; i++) {
        publish(wire, "a/b", "{\"x\":1,\"y\":2}", 1);
        publish(wire, "c/d", "{\"x\":1,\"y\":2}", 1);
    }
    assert_true(is_point(house, "b/a/x") && is_point(house, "d/c/y"));
    assert_true(counters_of(house).fast_messages >= 30);
}

static void test_messages_keep_their_topic(void **state)
{
    struct test_house *house = *state;
    struct how kept = {.expiry_s = 1000};
    use_path(house, "site/{2-}");
    struct wire *away = join(house, "away", kept);
    subscribe(away, "v1/#", 1);
    subscribe(away, "site/#", 1);
    leave(away);
    struct wire *watch = join(house, "watch", (struct how){0});
    subscribe(watch, "v1/#", 0);
    subscribe(watch, "site/#", 0);
    struct wire *wire = join(house, "c", (struct how){0});
    retain(wire, "v1/north/rpm", "7", 1);
    assert_true(is_point(house, "site/north/rpm"));
    take_message(watch, "v1/north/rpm", "7", 0);
    expect_nothing(watch);
    house_restart(house);
    away = rejoin(house, "away", kept);
    take_message(away, "v1/north/rpm", "7", 1);
    expect_nothing(away);
    watch = join(house, "watch", (struct how){0});
    subscribe(watch, "v1/#", 0);
    take_message(watch, "v1/north/rpm", "7", 0);
    subscribe(watch, "site/#", 0);
    expect_nothing(watch);
}

static void test_a_level_that_is_not_there(void **state)
{
    struct test_house *house = *state;
    use_path(house, "{2}/{1}");
    struct wire *wire = join(house, "c", (struct how){0});
    publish_begin(wire, "alone", "7", 1, false, 1);
    house_settle(house);
    expect_ack(wire, MQTT_PUBACK, 1, MQTT_NO_MATCHING_SUBSCRIBERS);
    expect_refused(house, "alone", ADMIT_NO_PATH);
    assert_int_equal(counters_of(house).refused[ADMIT_NO_PATH], 1);
    assert_int_equal(points_count(engine_points(house->engine)), 0);
    subscribe(wire, "#", 1); /* it is a message all the same */
    publish_begin(wire, "alone", "8", 1, false, 2);
    house_settle(house);
    expect_ack(wire, MQTT_PUBACK, 2, 0);
    take_message(wire, "alone", "8", 1);
    assert_int_equal(counters_of(house).refused[ADMIT_NO_PATH], 2);
    publish(wire, "a/b", "9", 0);
    assert_true(is_point(house, "b/a"));
}

static void test_refusals_name_the_topic(void **state)
{
    struct test_house *house = *state;
    use_path(house, "{2}/{1}");
    struct wire *wire = join(house, "c", (struct how){0});
    publish(wire, "a/b", "{no reading", 1);
    expect_refused(house, "a/b", ADMIT_NOT_A_READING);
    publish(wire, "a//c", "7", 1);
    expect_refused(house, "a//c", ADMIT_TOPIC_INVALID);
    publish(wire, "a/b", "7", 1);
    publish_begin(wire, "a/b", "\"hot\"", 1, false, 1);
    house_settle(house);
    expect_ack(wire, MQTT_PUBACK, 1, MQTT_PAYLOAD_FORMAT_INVALID);
    expect_refused(house, "a/b", ADMIT_TYPE);
    assert_int_equal(points_count(engine_points(house->engine)), 1);
}

/* Nothing is left of the topic, or a '$' comes to stand in front. */
static void test_paths_that_are_none(void **state)
{
    struct test_house *house = *state;
    use_path(house, "{2}");
    struct wire *wire = join(house, "c", (struct how){0});
    publish(wire, "a/", "7", 1);
    expect_refused(house, "a/", ADMIT_TOPIC_INVALID);
    publish(wire, "a/$b", "7", 1);
    expect_refused(house, "a/$b", ADMIT_TOPIC_INVALID);
    publish(wire, "$b/a", "7", 1); /* these are never readings, whatever would become of them */
    assert_int_equal(counters_of(house).refused[ADMIT_TOPIC_INVALID], 2);
    assert_int_equal(points_count(engine_points(house->engine)), 0);
}

/* count levels of `size` bytes, the last of `last`. */
static const char *levels_of(char *text, size_t count, size_t size, size_t last)
{
    char *at = text;
    for (size_t i = 0; i < count; i++) {
        size_t bytes = i + 1 < count ? size : last;
        memset(at, (int)('a' + i), bytes);
        at += bytes;
        *at++ = i + 1 < count ? '/' : 0;
    }
    return text;
}

static void expect_taken(struct test_house *house, const char *path, const char *topic,
                         const char *payload, bool taken)
{
    use_path(house, path);
    uint64_t before = counters_of(house).refused[ADMIT_TOPIC_INVALID];
    uint32_t points = points_count(engine_points(house->engine));
    struct wire *wire = join(house, "c", (struct how){0});
    publish(wire, topic, payload, 1);
    assert_int_equal(counters_of(house).refused[ADMIT_TOPIC_INVALID] - before, !taken);
    assert_int_equal(points_count(engine_points(house->engine)) - points, taken);
}

static void test_depth_at_both_sides(void **state)
{
    char topic[64];
    expect_taken(*state, "x/{topic}", levels_of(topic, 15, 1, 1), "7", true);
    expect_taken(*state, "x/{topic}", levels_of(topic, 16, 1, 1), "7", false);
    expect_taken(*state, "{17}/{1-}", levels_of(topic, 17, 1, 1), "7", false);
    expect_taken(*state, "{16}/{17}", levels_of(topic, 17, 1, 1), "7", true);
    expect_taken(*state, "y/{topic}", levels_of(topic, 14, 1, 1), "{\"a\":1}", true);
    expect_taken(*state, "y/{topic}", levels_of(topic, 15, 1, 1), "{\"a\":1}", false);
}

static void test_segments_at_both_sides(void **state)
{
    char topic[300];
    expect_taken(*state, "x{1}", levels_of(topic, 1, 127, 127), "7", true);
    expect_taken(*state, "x{1}", levels_of(topic, 1, 128, 128), "7", false);
    expect_taken(*state, "{1}{2}", levels_of(topic, 2, 64, 64), "7", true);
    expect_taken(*state, "{1}{2}", levels_of(topic, 2, 64, 65), "7", false);
    expect_taken(*state, "y/{2}", levels_of(topic, 2, 129, 7), "7", true);
}

/* The engine keeps a byte for the slash, which a scalar has not: 2,047 bytes. */
static void test_path_bytes_at_both_sides(void **state)
{
    char topic[2100];
    expect_taken(*state, "{1}/{topic}", levels_of(topic, 15, 128, 112), "7", true);
    expect_taken(*state, "{1}/{topic}", levels_of(topic, 15, 128, 113), "7", false);
    expect_taken(*state, "{1}/{topic}", levels_of(topic, 15, 128, 114), "7", false);
    expect_taken(*state, "{2}/{1}", levels_of(topic, 16, 128, 128), "7", true);
}

static void test_a_malformed_template_is_refused(void **state)
{
    struct test_house *house = *state;
    struct settings settings = house->settings;
    char fault[SETTINGS_FAULT_SIZE] = "";
    struct broker *broker = NULL;
    struct broker_config config = {.settings = &settings,
                                   .engine = house->engine,
                                   .clock = &house->clock.port,
                                   .port = &house_port,
                                   .memory = &house->memory,
                                   .random = house_random};
    assert_int_equal(broker_settings_check(&settings, fault), OK);
    snprintf(settings.readings_match, sizeof settings.readings_match, "a/# +/b $");
    assert_int_equal(broker_settings_check(&settings, fault), OK);
    static const char *const wrong[] = {"a/#/b", "a b/+c", "$share/g/a", "a  #x"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        snprintf(settings.readings_match, sizeof settings.readings_match, "%s", wrong[i]);
        assert_int_equal(broker_settings_check(&settings, fault), ERR_INVALID);
        assert_non_null(strstr(fault, "readings.match: "));
    }
    snprintf(settings.readings_match, sizeof settings.readings_match, "#");
    snprintf(settings.readings_path, sizeof settings.readings_path, "site/{0}");
    assert_int_equal(broker_settings_check(&settings, fault), ERR_INVALID);
    assert_non_null(strstr(fault, "readings.path = site/{0}: "));
    assert_int_equal(broker_create(&config, &broker), ERR_INVALID);
    assert_null(broker);
}

/* A device's readings are not taken away by who asks for answers on its topic: the device is known
 * by the path of its points. */
static void test_a_device_is_no_response_topic(void **state)
{
    struct test_house *house = *state;
    use_path(house, "site/{topic}");
    struct wire *wire = join(house, "c", (struct how){0});
    publish(wire, "pump", "7", 1);
    assert_true(is_point(house, "site/pump"));
    for (uint16_t i = 0; i < 2; i++) {
        struct mqtt_publish request = {
            .topic = bytes_text("ask"),
            .payload = bytes_text("1"),
            .qos = 1,
            .packet_id = (uint16_t)(i + 1),
            .properties = {.has = PROPERTY(8),
                           .response_topic = bytes_text(i == 0 ? "pump" : "answer")}};
        wire_send_publish(wire, &request);
        house_settle(house);
        expect_ack(wire, MQTT_PUBACK, (uint16_t)(i + 1), 0);
    }
    uint64_t before = counters_of(house).values;
    publish(wire, "pump", "8", 1);
    assert_int_equal(counters_of(house).values, before + 1);
    publish(wire, "answer", "8", 1);
    assert_int_equal(counters_of(house).values, before + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK(test_readings_go_to_the_path),       TALK(test_the_short_way_is_taken),
        TALK(test_messages_keep_their_topic),     TALK(test_a_level_that_is_not_there),
        TALK(test_refusals_name_the_topic),       TALK(test_paths_that_are_none),
        TALK(test_depth_at_both_sides),           TALK(test_segments_at_both_sides),
        TALK(test_path_bytes_at_both_sides),      TALK(test_a_malformed_template_is_refused),
        TALK(test_a_device_is_no_response_topic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
