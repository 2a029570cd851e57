/* Fixed headers: lengths and flags on both sides of each limit. */
#include "wire/mqtt/hex.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

static enum err frame_of(const char *text, struct mqtt_frame *ret_frame)
{
    static uint8_t packet[512];
    return mqtt_frame_get(bytes_of(packet, hex_read(text, packet, sizeof packet)), ret_frame);
}

static void frame_is_busy_until_complete(void **state)
{
    (void)state;
    struct mqtt_frame frame;
    assert_int_equal(frame_of("", &frame), ERR_BUSY);
    assert_int_equal(frame.packet_bytes, 0);
    assert_int_equal(frame_of("30", &frame), ERR_BUSY);
    assert_int_equal(frame.packet_bytes, 0);
    assert_int_equal(frame_of("30 80", &frame), ERR_BUSY);
    assert_int_equal(frame.packet_bytes, 0);
    assert_int_equal(frame_of("30 05 0001", &frame), ERR_BUSY);
    assert_int_equal(frame.packet_bytes, 7);
    assert_int_equal(frame_of("30 05 0001 'a' 01 02", &frame), OK);
    assert_int_equal(frame.packet_bytes, 7);
    assert_int_equal(frame.type, MQTT_PUBLISH);
    assert_int_equal(frame.body.size, 5);
    assert_int_equal(frame_of("30 03 0001 'a' C0 00", &frame), OK);
    assert_int_equal(frame.packet_bytes, 5);
}

static void frame_lengths_end_after_four_bytes(void **state)
{
    (void)state;
    struct mqtt_frame frame;
    assert_int_equal(frame_of("30 FF FF FF 7F", &frame), ERR_BUSY);
    assert_int_equal(frame.packet_bytes, MQTT_REMAINING_MAX + 5);
    assert_int_equal(frame_of("30 FF FF FF FF", &frame), ERR_INVALID);
    assert_int_equal(frame_of("30 80 80 80 80 01", &frame), ERR_INVALID);
    assert_int_equal(frame_of("30 80 01", &frame), ERR_BUSY);
    assert_int_equal(frame.packet_bytes, 131);
    assert_int_equal(frame_of("30 7F", &frame), ERR_BUSY);
    assert_int_equal(frame.packet_bytes, 129);
    assert_int_equal(frame_of("30 83 00 000000", &frame), ERR_INVALID); /* longer than needed */
    assert_int_equal(frame_of("30 80 00", &frame), ERR_INVALID);
    assert_int_equal(frame_of("C0 00", &frame), OK);
}

static void frame_flags_fit_the_type(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        unsigned type = first >> 4, flags = first & 15;
        bool request = type == MQTT_PUBREL || type == MQTT_SUBSCRIBE || type == MQTT_UNSUBSCRIBE;
        bool fits = type == MQTT_PUBLISH || (request ? flags == 2 || flags == 10 : flags == 0);
        uint8_t packet[2] = {(uint8_t)first, 0};
        struct mqtt_frame frame;
        enum err err = mqtt_frame_get(bytes_of(packet, 2), &frame);
        assert_int_equal(err, type != 0 && fits ? OK : ERR_INVALID);
        err = mqtt_frame_get(bytes_of(packet, 1), &frame); /* known from the first byte on */
        assert_int_equal(err, type != 0 && fits ? ERR_BUSY : ERR_INVALID);
    }
}

static void frame_pings_are_empty(void **state)
{
    (void)state;
    struct mqtt_frame frame;
    assert_int_equal(frame_of("C0 00", &frame), OK);
    assert_int_equal(frame_of("D0 00", &frame), OK);
    assert_int_equal(frame_of("C0 01 00", &frame), ERR_INVALID);
    assert_int_equal(frame_of("D0 01 00", &frame), ERR_INVALID);
}

static void names_and_texts_are_never_null(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 256; i++) {
        assert_non_null(mqtt_reason_text((uint8_t)i));
        assert_non_null(mqtt_type_name((uint8_t)i));
    }
    assert_string_equal(mqtt_reason_text(0x99), "payload format invalid");
    assert_string_equal(mqtt_type_name(MQTT_PUBACK), "PUBACK");
    assert_string_equal(mqtt_type_name(MQTT_AUTH), "AUTH");
}

static void topics_are_judged(void **state)
{
    (void)state;
    static const struct {
        const char *topic;
        bool valid;
    } cases[] = {
        {"", false},
        {"a", true},
        {"/", true},
        {"a/b", true},
        {"a//b", true},
        {"+", false},
        {"#", false},
        {"a/+/b", false},
        {"plant/area/line/device#", false},
        {"a b", true},
        {"$SYS/x", true},
        {"12345678+", false},
        {"1234567+", false},
        {"123456789", true},
        {"\xE6\xB8\xA9\xE5\xBA\xA6", true},
        {"\xC3", false},
        {"\xED\xA0\x80", false},
        {"1234567\xC3", false},
        {"1234567\xC3\xA9", true},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++)
        assert_int_equal(mqtt_topic_is_valid(bytes_text(cases[i].topic)), cases[i].valid);
    assert_false(mqtt_topic_is_valid(bytes_of("a\0b", 3)));
    assert_false(mqtt_topic_is_valid(bytes_of("12345678\0", 9)));
    static uint8_t longest[65536];
    memset(longest, 'x', sizeof longest);
    assert_true(mqtt_topic_is_valid(bytes_of(longest, 65535)));
    assert_false(mqtt_topic_is_valid(bytes_of(longest, 65536)));
    assert_true(mqtt_filter_is_valid(bytes_of(longest, 65535)));
    assert_false(mqtt_filter_is_valid(bytes_of(longest, 65536)));
}

static void filters_are_judged(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        bool valid, shared;
    } cases[] = {
        {"", false, false},           {"#", true, false},         {"+", true, false},
        {"/", true, false},           {"a/#", true, false},       {"a#", false, false},
        {"#/a", false, false},        {"a/#/b", false, false},    {"##", false, false},
        {"+/a/+", true, false},       {"a+", false, false},       {"+a", false, false},
        {"a/+b/c", false, false},     {"a/b+/c", false, false},   {"++", false, false},
        {"+/#", true, false},         {"\xC3", false, false},     {"$share", true, false},
        {"$share/", false, true},     {"$share/g", false, true},  {"$share/g/", false, true},
        {"$share/g/a", true, true},   {"$share//a", false, true}, {"$share/g+/a", false, true},
        {"$share/#/a", false, true},  {"$share/g/#", true, true}, {"$share/g/+/a", true, true},
        {"$share/g/a#", false, true}, {"$share/g//", true, true}, {"$shared/g+", false, false},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct bytes filter = bytes_text(cases[i].filter);
        assert_int_equal(mqtt_filter_is_valid(filter), cases[i].valid);
        assert_int_equal(mqtt_filter_is_shared(filter), cases[i].shared);
    }
    assert_false(mqtt_filter_is_valid(bytes_of("a\0b", 3)));
}

/* The words at a time agree with the bytes one by one, whatever stands where. */
static void topics_are_judged_alike_at_every_place(void **state)
{
    (void)state;
    for (size_t size = 1; size <= 20; size++)
        for (size_t at = 0; at < size; at++)
            for (unsigned byte = 0; byte < 256; byte++) {
                uint8_t topic[20];
                memset(topic, 'a', sizeof topic);
                topic[at] = (uint8_t)byte;
                bool valid = byte != 0 && byte != '+' && byte != '#' && byte < 0x80;
                assert_int_equal(mqtt_topic_is_valid(bytes_of(topic, size)), valid);
            }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frame_is_busy_until_complete),
        cmocka_unit_test(frame_lengths_end_after_four_bytes),
        cmocka_unit_test(frame_flags_fit_the_type),
        cmocka_unit_test(frame_pings_are_empty),
        cmocka_unit_test(names_and_texts_are_never_null),
        cmocka_unit_test(topics_are_judged),
        cmocka_unit_test(filters_are_judged),
        cmocka_unit_test(topics_are_judged_alike_at_every_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
