/* How sub prints a message: each letter, JSON that a parser takes back, and what is no text. */
#include "cli/sub_print.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define WALL_NS INT64_C(1763823600250000000) /* 2025-11-22T15:00:00.250Z */

static struct mqtt_properties properties;
static uint8_t raw[256];

static struct client_message message_of(struct bytes payload)
{
    return (struct client_message){.topic = bytes_text("plant/press"),
                                   .payload = payload,
                                   .qos = 2,
                                   .retain = true,
                                   .packet_id = 7,
                                   .properties = &properties};
}

/* Two subscription identifiers, and two user properties of one name. */
static void set_properties(void)
{
    size_t size = 0;
    const uint8_t ids[] = {11, 3, 11, 0xAC, 0x02};
    memcpy(raw, ids, sizeof ids);
    size = sizeof ids;
    size += mqtt_user_property_put(raw + size, sizeof raw - size, bytes_text("a"), bytes_text("1"));
    size += mqtt_user_property_put(raw + size, sizeof raw - size, bytes_text("a"), bytes_text("2"));
    properties =
        (struct mqtt_properties){.has = UINT64_C(1) << 1 | UINT64_C(1) << 2 | UINT64_C(1) << 3 |
                                        UINT64_C(1) << 8 | UINT64_C(1) << 9,
                                 .payload_format = 1,
                                 .message_expiry_s = 60,
                                 .content_type = bytes_text("text/plain"),
                                 .response_topic = bytes_text("answers"),
                                 .correlation_data = bytes_of("\xFF\x00", 2),
                                 .raw = bytes_of(raw, size),
                                 .user_count = 2};
}

static char *printed(const char *format, const struct client_message *message)
{
    static char text[4096];
    FILE *to = fmemopen(text, sizeof text, "w");
    assert_non_null(to);
    if (format == NULL)
        sub_print_plain(to, message);
    else if (strcmp(format, "json") == 0)
        sub_print_json(to, message, WALL_NS);
    else
        sub_print_format(to, format, message, WALL_NS);
    fclose(to);
    return text;
}

static void every_letter_prints_its_part(void **state)
{
    (void)state;
    set_properties();
    struct client_message message = message_of(bytes_text("21.5"));
    assert_string_equal(printed("%t=%p", &message), "plant/press=21.5\n");
    assert_string_equal(printed("%x %l %q %r %d %m", &message), "32312e35 4 2 1 0 7\n");
    assert_string_equal(printed("%I %U", &message), "2025-11-22T15:00:00.250Z 1763823600.250000\n");
    assert_string_equal(printed("%F %E %C %R", &message), "1 60 text/plain answers\n");
    assert_string_equal(printed("%P|%S|%%", &message), "a=1 a=2|3 300|%\n");
    assert_string_equal(printed("a\\tb\\n\\\\\\c", &message), "a\tb\n\\");
}

static void absent_properties_print_nothing(void **state)
{
    (void)state;
    memset(&properties, 0, sizeof properties);
    struct client_message message = message_of(bytes_text(""));
    assert_string_equal(printed("[%p%E%C%R%D%P%S]", &message), "[]\n");
}

static void an_unknown_letter_is_found(void **state)
{
    (void)state;
    assert_null(sub_format_fault("%t %p %% text"));
    assert_string_equal(sub_format_fault("%t %z"), "z");
    assert_string_equal(sub_format_fault("100%"), "");
    assert_null(sub_format_fault("%%z"));
}

static void json_says_everything(void **state)
{
    (void)state;
    set_properties();
    struct client_message message = message_of(bytes_text("caf\xC3\xA9 \"x\""));
    json_t *json = json_loads(printed("json", &message), 0, NULL);
    assert_non_null(json);
    const char *time, *topic, *payload, *type, *answers, *correlation;
    int qos, retain, expiry, first, second;
    const char *name, *value;
    assert_int_equal(
        json_unpack(json, "{s:s,s:s,s:i,s:b,s:s,s:{s:i,s:s,s:s,s:s,s:[ii],s:[[ss],[s,s]]}}", "time",
                    &time, "topic", &topic, "qos", &qos, "retain", &retain, "payload", &payload,
                    "properties", "expiry_s", &expiry, "content_type", &type, "response_topic",
                    &answers, "correlation_data_base64", &correlation, "subscription_ids", &first,
                    &second, "user", &name, &value, &name, &value),
        0);
    assert_string_equal(time, "2025-11-22T15:00:00.250Z");
    assert_string_equal(topic, "plant/press");
    assert_string_equal(payload, "caf\xC3\xA9 \"x\"");
    assert_string_equal(correlation, "/wA=");
    assert_true(qos == 2 && retain == 1 && expiry == 60 && first == 3 && second == 300);
    assert_string_equal(value, "2");
    json_decref(json);
}

static void what_is_no_text_is_base64(void **state)
{
    (void)state;
    static const struct {
        struct bytes payload;
        const char *encoded;
    } cases[] = {{{(const uint8_t *)"\xFF", 1}, "/w=="},
                 {{(const uint8_t *)"\xFF\xFE", 2}, "//4="},
                 {{(const uint8_t *)"\xFF\xFE\x00", 3}, "//4A"},
                 {{(const uint8_t *)"\xFF\xFE\x00\x01", 4}, "//4AAQ=="}};
    memset(&properties, 0, sizeof properties);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct client_message message = message_of(cases[i].payload);
        json_t *json = json_loads(printed("json", &message), 0, NULL);
        assert_string_equal(json_string_value(json_object_get(json, "payload_base64")),
                            cases[i].encoded);
        assert_null(json_object_get(json, "payload"));
        assert_null(json_object_get(json, "properties"));
        json_decref(json);
    }
}

static void people_see_hex_of_what_is_no_text(void **state)
{
    (void)state;
    memset(&properties, 0, sizeof properties);
    struct client_message message = message_of(bytes_of("\x00\x1B[31m", 6));
    assert_string_equal(printed(NULL, &message), "plant/press (retained) 6 bytes 001b5b33316d\n");
    message.payload = bytes_text("open");
    message.retain = false;
    assert_string_equal(printed(NULL, &message), "plant/press open\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_letter_prints_its_part),
        cmocka_unit_test(absent_properties_print_nothing),
        cmocka_unit_test(an_unknown_letter_is_found),
        cmocka_unit_test(json_says_everything),
        cmocka_unit_test(what_is_no_text_is_base64),
        cmocka_unit_test(people_see_hex_of_what_is_no_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
