/* Each setting at both sides of its limits, each source, each sentence's substance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "settings/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char fault[SETTINGS_FAULT_SIZE];

static enum err read_text(struct settings *settings, const char *text)
{
    fault[0] = '\0';
    return settings_read_text(settings, bytes_text(text), "test.conf", fault);
}

static void assert_fault(const char *part)
{
    if (strstr(fault, part) == NULL)
        fail_msg("the fault \"%s\" does not say \"%s\"", fault, part);
}

static void test_defaults_are_those_of_the_contract(void **state)
{
    (void)state;
    struct settings settings;
    settings_default(&settings);
    assert_string_equal(settings.data, "./mainstem-data");
    assert_string_equal(settings.mqtt, "127.0.0.1:1883");
    assert_string_equal(settings.http, "127.0.0.1:8080");
    assert_string_equal(settings.log_level, "info");
    assert_true(settings.log_refused);
    assert_int_equal(settings.batch_floor, NS_PER_MS);
    assert_int_equal(settings.mqtt_packet, 1 << 20);
    assert_int_equal(settings_check(&settings, fault), OK);
}

static void test_each_default_reads_back_and_is_in_range(void **state)
{
    (void)state;
    struct settings initial, settings;
    char value[SETTING_VALUE_SIZE];
    settings_default(&initial);
    for (size_t i = 0; i < setting_count; i++) {
        settings_default(&settings);
        setting_print(&setting_table[i], &initial, value);
        if (!setting_parse(&setting_table[i], bytes_text(value), &settings, fault))
            fail_msg("default of %s: %s", setting_table[i].name, fault);
        assert_memory_equal(&settings, &initial, sizeof settings);
    }
}

static void test_numbers_at_both_sides_of_their_limits(void **state)
{
    (void)state;
    struct settings settings;
    char text[64];
    settings_default(&settings);
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &setting_table[i];
        if (setting->kind < KIND_COUNT)
            continue;
        const char *unit = setting->kind == KIND_TIME ? "ns" : "";
        snprintf(text, sizeof text, "%llu%s", (unsigned long long)setting->least, unit);
        assert_true(setting_parse(setting, bytes_text(text), &settings, fault));
        snprintf(text, sizeof text, "%llu%s", (unsigned long long)setting->most, unit);
        assert_true(setting_parse(setting, bytes_text(text), &settings, fault));
        snprintf(text, sizeof text, "%llu%s", (unsigned long long)setting->most + 1, unit);
        assert_false(setting_parse(setting, bytes_text(text), &settings, fault));
        assert_fault("out of range");
        assert_fault("allowed: ");
        if (setting->least == 0)
            continue;
        snprintf(text, sizeof text, "%llu%s", (unsigned long long)setting->least - 1, unit);
        assert_false(setting_parse(setting, bytes_text(text), &settings, fault));
    }
}

static void test_file_with_comments_quotes_units_and_ends(void **state)
{
    (void)state;
    struct settings settings;
    settings_default(&settings);
    assert_int_equal(read_text(&settings,
                               "\xEF\xBB\xBF# hello\r\n\r\n data=\"/srv/a # b\" # why\r\n"
                               "\tmqtt = [::1]:0 # six\n"
                               "mqtt.packet = 2M\njournal.batch_floor = 1500us\n"
                               "log.level = debug\nlog.refused = false\n"
                               "journal.samples_keep = 0\npoints.max = 7"),
                     OK);
    assert_string_equal(settings.data, "/srv/a # b");
    assert_string_equal(settings.mqtt, "[::1]:0");
    assert_int_equal(settings.mqtt_packet, 2 << 20);
    assert_int_equal(settings.batch_floor, 1500000);
    assert_string_equal(settings.log_level, "debug");
    assert_false(settings.log_refused);
    assert_int_equal(settings.points_max, 7);
}

static void test_hash_inside_a_word_is_text(void **state)
{
    (void)state;
    struct settings settings;
    settings_default(&settings);
    assert_int_equal(read_text(&settings, "data = /srv/a#b"), OK);
    assert_string_equal(settings.data, "/srv/a#b");
}

struct wrong {
    const char *text, *says;
};

static void test_wrong_lines_are_named_and_change_nothing(void **state)
{
    (void)state;
    static const struct wrong wrongs[] = {
        {"data = x\nmqtt.paket = 1M\n", "test.conf:2: no setting \"mqtt.paket\"; \"mqtt.packet\""},
        {"colour = red", "no setting \"colour\"; docs/settings.md"},
        {"mqtt.packet 1M", "a line is: name = value"},
        {"mqtt.packet = 1023", "allowed: 1K to 256M"},
        {"mqtt.packet = 1X", "K M G T"},
        {"mqtt.packet = -1", "K M G T"},
        {"mqtt.packet = ", "K M G T"},
        {"mqtt.packet = 99999999999999999999", "K M G T"},
        {"mqtt.packet = 99999999999T", "K M G T"},
        {"mqtt.connect_time = 10", "with its unit"},
        {"mqtt.connect_time = 10 s", "with its unit"},
        {"mqtt.receive_maximum = 65536", "allowed: 1 to 65535"},
        {"mqtt.receive_maximum = 1K", "a whole number"},
        {"log.level = loud", "allowed: error, warn, info or debug"},
        {"log.level = err", "allowed: error, warn, info or debug"},
        {"log.format =", "allowed: text or json"},
        {"log.refused = yes", "allowed: true or false"},
        {"data =", "it cannot be empty"},
        {"data = \"x", "ends with a quote"},
        {"data = \"x\" y", "ends with a quote"},
        {"data = a\x01z", "no text"},
        {"data = \xff", "no text"},
        {"data = x\n\ndata = y", "test.conf:3: data was set above"},
        {"mqtt = 1883", "the port is missing"},
        {"mqtt = :", "the port is missing"},
        {"mqtt = h:65536", "the port ends at 65535"},
        {"mqtt = h:123456", "a number from 0 to 65535"},
        {"mqtt = h:1a", "a number from 0 to 65535"},
        {"mqtt = ::1:1883", "in brackets"},
        {"mqtt = [::1:1883", "in brackets"},
        {"mqtt = a[:1883", "brackets hold"},
        {"mqtt = a b:1", "spaces"},
        {"mqtts = 8883", "the port is missing"},
        {"tls.version = 1.1", "allowed: 1.2 or 1.3"},
    };
    struct settings settings, before;
    for (size_t i = 0; i < ARRAY_COUNT(wrongs); i++) {
        settings_default(&settings);
        before = settings;
        assert_int_equal(read_text(&settings, wrongs[i].text), ERR_INVALID);
        assert_fault("test.conf:");
        assert_fault(wrongs[i].says);
        assert_memory_equal(&settings, &before, sizeof settings);
    }
}

static void test_address_forms_that_are_allowed(void **state)
{
    (void)state;
    static const char *const good[] = {"127.0.0.1:1883", ":0", "[::]:65535", "localhost:1",
                                       "plant-7.example.org:00883"};
    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        assert_null(settings_address_fault(bytes_text(good[i])));
}

static void test_a_door_may_be_closed(void **state)
{
    (void)state;
    struct settings settings;
    settings_default(&settings);
    assert_string_equal(settings.mqtts, "");
    assert_string_equal(settings.https, "");
    assert_int_equal(read_text(&settings, "mqtt =\nhttp = \"\"\nmqtts = :8883"), OK);
    assert_string_equal(settings.mqtt, "");
    assert_string_equal(settings.http, "");
    assert_string_equal(settings.mqtts, ":8883");
    assert_int_equal(settings_read_option(&settings, "mqtts", "", fault), OK);
    assert_string_equal(settings.mqtts, "");
}

static void test_text_of_255_bytes_fits_and_256_do_not(void **state)
{
    (void)state;
    struct settings settings;
    char line[300] = "data = ";
    settings_default(&settings);
    memset(line + 7, 'a', 255);
    assert_int_equal(read_text(&settings, line), OK);
    assert_int_equal(strlen(settings.data), 255);
    line[7 + 255] = 'a';
    assert_int_equal(read_text(&settings, line), ERR_INVALID);
    assert_fault("too long");
}

static void test_environment(void **state)
{
    (void)state;
    struct settings settings;
    char one[] = "MAINSTEM_MQTT_PACKET=2M", two[] = "MAINSTEM_JOURNAL_BATCH_FLOOR=2ms";
    char three[] = "MAINSTEM_SERVICE_HOST=10.0.0.1", four[] = "PATH=/bin", odd[] = "no equals";
    char five[] = "MAINSTEM_PORT=tcp://10.0.0.1:1883";
    char *good[] = {four, one, three, odd, two, five, NULL};
    settings_default(&settings);
    assert_int_equal(settings_read_environment(&settings, good, fault), OK);
    assert_int_equal(settings.mqtt_packet, 2 << 20);
    assert_int_equal(settings.batch_floor, 2 * NS_PER_MS);

    char wrong[] = "MAINSTEM_MQTT_PACKET=2X", slip[] = "MAINSTEM_MQTT_PAKET=2M";
    char *bad[] = {wrong, NULL}, *near[] = {slip, NULL};
    assert_int_equal(settings_read_environment(&settings, bad, fault), ERR_INVALID);
    assert_fault("MAINSTEM_MQTT_PACKET: mqtt.packet is \"2X\"");
    assert_int_equal(settings_read_environment(&settings, near, fault), ERR_INVALID);
    assert_fault("\"mqtt.packet\" is near");
    assert_int_equal(settings.mqtt_packet, 2 << 20);
}

static void test_options(void **state)
{
    (void)state;
    struct settings settings;
    settings_default(&settings);
    assert_int_equal(settings_read_option(&settings, "journal-batch-floor", "3ms", fault), OK);
    assert_int_equal(settings.batch_floor, 3 * NS_PER_MS);
    assert_int_equal(settings_read_option(&settings, "data", "/x", fault), OK);
    assert_string_equal(settings.data, "/x");
    assert_int_equal(settings_read_option(&settings, "log-refused", "false", fault), OK);
    assert_false(settings.log_refused);
    assert_int_equal(settings_read_option(&settings, "log-refused", NULL, fault), OK);
    assert_true(settings.log_refused);
    assert_int_equal(settings_read_option(&settings, "mqtt", NULL, fault), ERR_INVALID);
    assert_fault("--mqtt wants a value: HOST:PORT");
    assert_int_equal(settings_read_option(&settings, "mqtt", "x", fault), ERR_INVALID);
    assert_fault("--mqtt: mqtt is \"x\", but the port is missing");
    assert_int_equal(settings_read_option(&settings, "journal.batch_floor", "1ms", fault),
                     ERR_MISSING);
    assert_int_equal(settings_read_option(&settings, "colour", "red", fault), ERR_MISSING);
}

static void test_file_errors(void **state)
{
    (void)state;
    struct settings settings;
    settings_default(&settings);
    assert_int_equal(settings_read_file(&settings, "/nowhere/x.conf", fault), ERR_MISSING);
    assert_fault("/nowhere/x.conf: cannot be read");
    assert_int_equal(settings_read_file(&settings, "/", fault), ERR_IO);

    char path[] = "/tmp/mainstem-settings-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    fputs("mqtt.packet = 3M\n", file);
    for (size_t i = 17; i < SETTINGS_FILE_MAX; i++)
        fputc('\n', file);
    fflush(file);
    assert_int_equal(settings_read_file(&settings, path, fault), OK);
    assert_int_equal(settings.mqtt_packet, 3 << 20);
    fputc('\n', file);
    fclose(file);
    assert_int_equal(settings_read_file(&settings, path, fault), ERR_INVALID);
    assert_fault("larger than 1 MiB");
    unlink(path);
}

static void test_check_compares_segments(void **state)
{
    (void)state;
    struct settings settings;
    settings_default(&settings);
    settings.segment_first = settings.segment_max;
    assert_int_equal(settings_check(&settings, fault), OK);
    settings.segment_first++;
    assert_int_equal(settings_check(&settings, fault), ERR_INVALID);
    assert_fault("journal.segment_first");
}

static void test_reload_takes_what_may_change_and_names_the_rest(void **state)
{
    (void)state;
    struct settings running, wanted;
    char needs[SETTINGS_FAULT_SIZE];
    settings_default(&running);
    settings_default(&wanted);
    settings_reload(&running, &wanted, needs);
    assert_string_equal(needs, "");
    assert_int_equal(read_text(&wanted, "mqtt = :1\ndata = y\nlog.level = warn\npoints.max = 9"),
                     OK);
    settings_reload(&running, &wanted, needs);
    assert_string_equal(needs, "data, mqtt, points.max");
    assert_string_equal(running.log_level, "warn");
    assert_string_equal(running.mqtt, "127.0.0.1:1883");
    assert_int_equal(running.points_max, 16000000);
}

/* ---- what is printed ----------------------------------------------------------------------------
 */
static char printed[1 << 16];
static size_t printed_size;

static void collect(void *arg, const char *line)
{
    size_t *longest = arg;
    int n = snprintf(printed + printed_size, sizeof printed - printed_size, "%s\n", line);
    assert_true(n > 0 && printed_size + (size_t)n < sizeof printed);
    printed_size += (size_t)n;
    if (strlen(line) > *longest)
        *longest = strlen(line);
}

static void test_example_file_is_all_comment_and_reads_when_uncommented(void **state)
{
    (void)state;
    struct settings settings, initial;
    size_t longest = 0;
    printed_size = 0;
    settings_print_example(collect, &longest);
    assert_true(longest <= 100);
    settings_default(&initial);
    settings_default(&settings);
    assert_int_equal(read_text(&settings, printed), OK);
    assert_memory_equal(&settings, &initial, sizeof settings);
    for (char *at = printed; at != NULL; at = strchr(at + 1, '\n')) {
        char *mark = *at == '\n' ? at + 1 : at;
        if (mark[0] == '#' && mark[1] != ' ')
            mark[0] = ' ';
    }
    memset(&settings.mqtt_packet, 0, sizeof settings.mqtt_packet);
    assert_int_equal(read_text(&settings, printed), OK);
    assert_memory_equal(&settings, &initial, sizeof settings);
}

static void test_help_names_each_option_in_100_columns(void **state)
{
    (void)state;
    size_t longest = 0;
    char option[64], wanted[80];
    printed_size = 0;
    settings_print_options(collect, &longest);
    assert_true(longest <= 100);
    for (size_t i = 0; i < setting_count; i++) {
        setting_option_name(&setting_table[i], option);
        snprintf(wanted, sizeof wanted, "\n  --%s ", option);
        assert_true(i == 0 || strstr(printed, wanted) != NULL);
    }
}

/* A document made from the table: when they differ, what it should be is written beside. */
static void document_is(const char *document, const char *beside)
{
    static char file_text[1 << 16];
    FILE *file = fopen(document, "re");
    size_t size = file == NULL ? 0 : fread(file_text, 1, sizeof file_text - 1, file);
    if (file != NULL)
        fclose(file);
    file_text[size] = '\0';
    if (strcmp(file_text, printed) == 0)
        return;
    FILE *fresh = fopen(beside, "we");
    assert_non_null(fresh);
    fputs(printed, fresh);
    fclose(fresh);
    fail_msg("%s is not what the table says; cp %s %s", document, beside, document);
}

static void test_documentation_is_the_table(void **state)
{
    (void)state;
    size_t longest = 0;
    printed_size = 0;
    settings_print_markdown(collect, &longest);
    document_is("docs/settings.md", "/tmp/mainstem-settings.md");
}

static void test_example_file_is_the_table(void **state)
{
    (void)state;
    size_t longest = 0;
    printed_size = 0;
    settings_print_example(collect, &longest);
    document_is("docs/mainstem.conf", "/tmp/mainstem.conf");
}

static void test_view(void **unused)
{
    (void)unused;
    struct settings settings;
    struct setting_view view = {.name = ""};
    size_t count = 0, changed = 0;
    settings_default(&settings);
    assert_int_equal(settings_read_option(&settings, "mqtt-packet", "2M", fault), OK);
    for (; settings_view(&settings, count, &view); count++) {
        bool packet = strcmp(view.name, "mqtt.packet") == 0;
        assert_int_equal(view.changed, packet);
        assert_int_equal(strcmp(view.value, view.initial) != 0, packet);
        assert_true(view.allowed[0] != '\0' && view.meaning[0] != '\0');
        changed += view.changed;
        if (packet)
            assert_string_equal(view.value, "2M");
        if (strcmp(view.name, "readings.path") == 0)
            assert_false(view.reload);
    }
    assert_int_equal(changed, 1);
    assert_true(count > 40);
    assert_false(settings_view(&settings, count, &view));
    assert_false(settings_view(&settings, SIZE_MAX, &view));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults_are_those_of_the_contract),
        cmocka_unit_test(test_each_default_reads_back_and_is_in_range),
        cmocka_unit_test(test_numbers_at_both_sides_of_their_limits),
        cmocka_unit_test(test_file_with_comments_quotes_units_and_ends),
        cmocka_unit_test(test_hash_inside_a_word_is_text),
        cmocka_unit_test(test_wrong_lines_are_named_and_change_nothing),
        cmocka_unit_test(test_address_forms_that_are_allowed),
        cmocka_unit_test(test_a_door_may_be_closed),
        cmocka_unit_test(test_text_of_255_bytes_fits_and_256_do_not),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_file_errors),
        cmocka_unit_test(test_check_compares_segments),
        cmocka_unit_test(test_reload_takes_what_may_change_and_names_the_rest),
        cmocka_unit_test(test_example_file_is_all_comment_and_reads_when_uncommented),
        cmocka_unit_test(test_help_names_each_option_in_100_columns),
        cmocka_unit_test(test_documentation_is_the_table),
        cmocka_unit_test(test_example_file_is_the_table),
        cmocka_unit_test(test_view),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
