/* The options that sub, pub and load share: what they mean, and what is refused. */
#include "cli/mqtt_words.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct option options[] = {MQTT_CONNECTION_OPTIONS, {"delay", "S", "a time"}};
static const struct verb verb = {.name = "made",
                                 .arguments = "",
                                 .summary = "",
                                 .example = "",
                                 .options = options,
                                 .option_count = ARRAY_COUNT(options)};
static struct words words;
static struct mqtt_words found;

static void give(int count, const char *const *given)
{
    char *copies[WORDS_GIVEN_MAX];
    bool help;
    for (int i = 0; i < count; i++)
        copies[i] = (char *)(uintptr_t)given[i];
    assert_true(words_read(&verb, count, copies, &words, &help));
}
#define GIVE(...)                                                                                  \
    give((int)ARRAY_COUNT(((const char *[]){__VA_ARGS__})), (const char *[]){__VA_ARGS__})
#define READS(...) (GIVE(__VA_ARGS__), mqtt_words_read(&words, &found))

static void addresses_are_completed(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"plant", "plant:1883"}, {"plant:2000", "plant:2000"}, {"mqtt://plant:1", "plant:1"},
        {"[::1]", "[::1]:1883"}, {"[::1]:9", "[::1]:9"},       {":7", ":7"}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        assert_true(READS("--server", cases[i][0]));
        assert_string_equal(found.address, cases[i][1]);
    }
    assert_false(READS("--server", "plant:1/path"));
    char name[MQTT_ADDRESS_SIZE + 1];
    memset(name, 'a', sizeof name);
    name[MQTT_ADDRESS_SIZE - 6] = 0; /* with :1883 and the NUL exactly full */
    assert_true(READS("--server", name));
    name[MQTT_ADDRESS_SIZE - 6] = 'a';
    name[MQTT_ADDRESS_SIZE - 5] = 0;
    assert_false(READS("--server", name));
}

static void the_environment_names_the_server(void **state)
{
    (void)state;
    setenv("MAINSTEM_MQTT", "there:5", 1);
    assert_true(READS("--keep-alive", "1"));
    assert_string_equal(found.address, "there:5");
    assert_true(READS("--server", "here:6"));
    assert_string_equal(found.address, "here:6");
    unsetenv("MAINSTEM_MQTT");
    assert_true(READS("--keep-alive", "1"));
    assert_string_equal(found.address, "127.0.0.1:1883");
}

static void versions_have_several_names(void **state)
{
    (void)state;
    assert_true(READS("--mqtt", "3.1") && found.config.version == MQTT_3_1);
    assert_true(found.config.client_id[0] != 0); /* 3.1 has no empty identifier */
    assert_true(READS("--mqtt", "311") && found.config.version == MQTT_3_1_1);
    assert_true(READS("--mqtt", "5") && found.config.version == MQTT_5);
    assert_string_equal(found.config.client_id, "");
    assert_false(READS("--mqtt", "6"));
}

static void sessions_need_a_name(void **state)
{
    (void)state;
    assert_false(READS("--session-expiry", "5"));
    assert_true(READS("--session-expiry", "5", "--client-id", "me"));
    assert_false(found.config.clean_start);
    assert_int_equal(found.config.session_expiry_s, 5);
    assert_true(READS("--session-expiry", "5", "--client-id", "me", "--clean-start"));
    assert_true(found.config.clean_start);
    assert_true(READS("--client-id", "me") && found.config.clean_start);
    char id[CLIENT_ID_SIZE + 1];
    memset(id, 'i', sizeof id);
    id[CLIENT_ID_SIZE - 1] = 0;
    assert_true(READS("--client-id", id));
    assert_string_equal(found.config.client_id, id);
    id[CLIENT_ID_SIZE - 1] = 'i';
    id[CLIENT_ID_SIZE] = 0;
    assert_false(READS("--client-id", id));
}

static void wills_are_read(void **state)
{
    (void)state;
    assert_true(READS("--will-topic", "gone", "--will-message", "bye", "--will-qos", "2",
                      "--will-retain", "--will-delay", "9"));
    assert_non_null(found.config.will);
    assert_true(bytes_equal(found.will.topic, bytes_text("gone")));
    assert_true(bytes_equal(found.will.payload, bytes_text("bye")));
    assert_true(found.will.qos == 2 && found.will.retain);
    assert_int_equal(found.will.properties.will_delay_s, 9);
    assert_false(READS("--will-message", "bye"));
    assert_false(READS("--will-topic", "a/#"));
    assert_false(READS("--will-topic", "a", "--will-qos", "3"));
    assert_true(READS("--keep-alive", "0") && found.config.will == NULL);
}

static void passwords_come_from_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/mainstem-words-XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "secret\r\nmore\n", 13), 13);
    close(fd);
    assert_true(READS("--user", "anna", "--password-file", path));
    assert_string_equal(found.config.user, "anna");
    assert_true(bytes_equal(found.config.password, bytes_text("secret")));
    assert_int_equal(truncate(path, 0), 0);
    assert_false(READS("--password-file", path));
    unlink(path);
    assert_false(READS("--password-file", path));
    assert_true(READS("--password", "x"));
    assert_true(bytes_equal(found.config.password, bytes_text("x")));
    assert_true(READS("--user", "anna") && found.config.password.at == NULL);
}

static void seconds_have_fractions(void **state)
{
    (void)state;
    double seconds;
    GIVE("--delay", "0.25");
    assert_true(words_seconds(&words, "delay", 7, 10, &seconds) && seconds == 0.25);
    GIVE("--delay", "10");
    assert_true(words_seconds(&words, "delay", 7, 10, &seconds) && seconds == 10);
    static const char *const wrong[] = {"10.1", "-1", "soon", "1x", "", "nan"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        GIVE("--delay", wrong[i]);
        assert_false(words_seconds(&words, "delay", 7, 10, &seconds));
    }
    GIVE("--user", "x");
    assert_true(words_seconds(&words, "delay", 7, 10, &seconds) && seconds == 7);
}

static void reasons_are_said(void **state)
{
    (void)state;
    char text[MQTT_REASON_SIZE];
    assert_string_equal(mqtt_reason_say(MQTT_NOT_AUTHORIZED, "", text), "not authorized (0x87)");
    assert_string_equal(mqtt_reason_say(MQTT_QUOTA_EXCEEDED, "points.max", text),
                        "quota exceeded (0x97): points.max");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_completed),
        cmocka_unit_test(the_environment_names_the_server),
        cmocka_unit_test(versions_have_several_names),
        cmocka_unit_test(sessions_need_a_name),
        cmocka_unit_test(wills_are_read),
        cmocka_unit_test(passwords_come_from_a_file),
        cmocka_unit_test(seconds_have_fractions),
        cmocka_unit_test(reasons_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
