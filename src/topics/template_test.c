/* Templates: what they make of topics, what is refused, the limits at both sides.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topics/topics.h"

static struct topic_template read_template(const char *text)
{
    struct topic_template path_template;
    const char *fault = topic_template_parse(bytes_text(text), &path_template);
    if (fault)
        fail_msg("%s: %s", text, fault);
    return path_template;
}

/* NULL: the topic has not the levels. */
static const char *made(const char *text, const char *topic)
{
    static char out[1024];
    struct topic_template path_template = read_template(text);
    size_t size = 0;
    enum err err = topic_template_apply(&path_template, bytes_text(topic), (uint8_t *)out,
                                        sizeof out - 1, &size);
    if (err == ERR_MISSING)
        return NULL;
    assert_int_equal(err, OK);
    out[size] = 0;
    return out;
}

static void test_what_is_made(void **state)
{
    static const struct {
        const char *text, *topic, *made;
    } rows[] = {
        {"{topic}", "a/b", "a/b"},
        {"site/{topic}", "a/b", "site/a/b"},
        {"{topic}/raw", "a", "a/raw"},
        {"{1}", "a/b/c", "a"},
        {"{2}", "a/b/c", "b"},
        {"{3}", "a/b/c", "c"},
        {"{4}", "a/b/c", NULL},
        {"{3-}", "a/b/c", "c"},
        {"{2-}", "a/b/c", "b/c"},
        {"{1-}", "a/b/c", "a/b/c"},
        {"{4-}", "a/b/c", NULL},
        {"site/{2}/{4-}", "v1/north/up/pump/rpm", "site/north/pump/rpm"},
        {"{3}/{1}/{1}", "a/b/c", "c/a/a"},
        {"{1}-{2}", "a/b", "a-b"},
        {"line{1}", "4", "line4"},
        {"{{{1}}}", "a", "{a}"},
        {"{{1}}{1}", "a", "{1}a"},
        {"{{{{{topic}", "a", "{{a"},
        {"{2}", "a//c", ""}, /* an empty level is there */
        {"{1}", "/a", ""},
        {"{2-}", "a/", ""},
        {"{3-}", "a/", NULL},
        {"{1}/x", "/a", "/x"},
        {"\xe6\xb8\xa9/{1}", "\xe5\xba\xa6", "\xe6\xb8\xa9/\xe5\xba\xa6"},
        {"{1}", "a+b", "a+b"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const char *found = made(rows[i].text, rows[i].topic);
        if (!found != !rows[i].made || (found && strcmp(found, rows[i].made) != 0))
            fail_msg("%s of %s: expected %s, found %s", rows[i].text, rows[i].topic,
                     rows[i].made ? rows[i].made : "nothing", found ? found : "nothing");
    }
}

static void test_what_is_refused(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "names no part"},
        {"plant", "names no part"},
        {"{{1}}", "names no part"},
        {"{", "'{' stands alone"},
        {"{topic", "'{' stands alone"},
        {"a{1", "'{' stands alone"},
        {"}", "'}' stands alone"},
        {"{1}}", "'}' stands alone"},
        {"{topic}}", "'}' stands alone"},
        {"{}", "between braces"},
        {"{-}", "between braces"},
        {"{0}", "between braces"},
        {"{0-}", "between braces"},
        {"{01}", "between braces"},
        {"{-2}", "between braces"},
        {"{1-2}", "between braces"},
        {"{1--}", "between braces"},
        {"{1 }", "between braces"},
        {"{Topic}", "between braces"},
        {"{topics}", "between braces"},
        {"{topic-}", "between braces"},
        {"{1000}", "between braces"},
        {"{4294967297}", "between braces"},
        {"{129}", "highest level is 128"},
        {"{999-}", "highest level is 128"},
        {"{1}/+", "'+'"},
        {"{1}/#", "'#'"},
        {"{1}\n", "control"},
        {"{1}\x7f", "control"},
        {"$x/{1}", "'$'"},
        {"/{1}", "empty level"},
        {"{1}/", "empty level"},
        {"{1}//{2}", "empty level"},
        {"a//{1}", "empty level"},
        {"\xff/{1}", "UTF-8"},
        {"\xe6\xb8{1}\xa9", "UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct topic_template path_template = {.levels = 77};
        const char *fault = topic_template_parse(bytes_text(rows[i].text), &path_template);
        if (!fault || !strstr(fault, rows[i].says))
            fail_msg("%s: expected ...%s..., found %s", rows[i].text, rows[i].says,
                     fault ? fault : "nothing");
        assert_int_equal(path_template.levels, 77);
    }
    struct topic_template path_template;
    assert_non_null(topic_template_parse(bytes_of("{1}\0", 4), &path_template));
}

static void test_only_the_topic_is_plain(void **state)
{
    (void)state;
    assert_true(read_template("{topic}").plain);
    assert_false(read_template("{1-}").plain);
    assert_false(read_template("{topic}{topic}").plain);
    assert_false(read_template("x{topic}").plain);
}

/* 255 bytes; "x{1}x{1}...": as many parts as there can be. */
static void test_size_at_both_sides(void **state)
{
    char text[TOPIC_TEMPLATE_BYTES_MAX + 2];
    struct topic_template path_template;
    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "x{1}"[i % 4];
    memcpy(text + 252, "xyz", 3);
    assert_null(topic_template_parse(bytes_of(text, 255), &path_template));
    assert_int_equal(path_template.count, 127);
    text[255] = 'x';
    assert_string_equal(topic_template_parse(bytes_of(text, 256), &path_template),
                        "it is longer than 255 bytes");
    uint8_t out[256];
    size_t size;
    assert_int_equal(topic_template_apply(&path_template, bytes_text("b"), out, sizeof out, &size),
                     OK);
    assert_int_equal(size, 63 * 2 + 3);
    memset(text, 'y', 255);
    memcpy(text, "{1}", 3);
    assert_null(topic_template_parse(bytes_of(text, 255), &path_template));
    assert_int_equal(topic_template_apply(&path_template, bytes_text("b"), out, sizeof out, &size),
                     OK);
    assert_int_equal(size, 253);
}

static void test_levels_at_both_sides(void **state)
{
    char topic[2 * 130];
    uint8_t out[2 * 130];
    size_t size;
    struct topic_template one = read_template("{128}"), rest = read_template("{128-}");
    (void)state;
    memset(topic, '/', sizeof topic);
    for (size_t i = 0; i < sizeof topic; i += 2)
        topic[i] = (char)('a' + (int)(i / 2 % 26));
    for (size_t levels = 127; levels <= 129; levels++) {
        struct bytes bytes = bytes_of(topic, levels * 2 - 1);
        enum err expected = levels < 128 ? ERR_MISSING : OK;
        assert_int_equal(topic_template_apply(&one, bytes, out, sizeof out, &size), expected);
        if (expected == OK) {
            assert_int_equal(size, 1);
            assert_int_equal(out[0], topic[2 * 127]);
        }
        assert_int_equal(topic_template_apply(&rest, bytes, out, sizeof out, &size), expected);
        if (expected == OK) {
            assert_int_equal(size, levels == 128 ? 1 : 3);
            assert_memory_equal(out, topic + 2 * 127, size);
        }
    }
}

static void test_capacity_at_both_sides(void **state)
{
    static const char *const texts[] = {"{topic}", "{1-}", "ab/{1}/{2}", "{2}/{1}", "{1}/{2-}/ab"};
    uint8_t out[32];
    size_t size, smaller;
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        struct topic_template path_template = read_template(texts[i]);
        struct bytes topic = bytes_text("north/pump");
        assert_int_equal(topic_template_apply(&path_template, topic, out, sizeof out, &size), OK);
        assert_int_equal(topic_template_apply(&path_template, topic, out, size, &smaller), OK);
        assert_int_equal(smaller, size);
        out[size - 1] = 0xee;
        assert_int_equal(topic_template_apply(&path_template, topic, out, size - 1, &smaller),
                         ERR_LIMIT);
        assert_int_equal(out[size - 1], 0xee);
        assert_int_equal(topic_template_apply(&path_template, topic, out, 0, &smaller), ERR_LIMIT);
    }
}

/* The longest topic MQTT has, and one of nothing but slashes. */
static void test_the_longest_topics(void **state)
{
    static uint8_t topic[65535], out[65535 + 2];
    size_t size;
    (void)state;
    memset(topic, 'x', sizeof topic);
    topic[65533] = '/';
    struct topic_template last = read_template("{2}"), whole = read_template("a/{topic}");
    struct bytes bytes = bytes_of(topic, sizeof topic);
    assert_int_equal(topic_template_apply(&last, bytes, out, sizeof out, &size), OK);
    assert_int_equal(size, 1);
    assert_int_equal(topic_template_apply(&whole, bytes, out, sizeof out, &size), OK);
    assert_int_equal(size, 65537);
    assert_int_equal(topic_template_apply(&whole, bytes, out, sizeof out - 1, &size), ERR_LIMIT);
    memset(topic, '/', sizeof topic);
    struct topic_template rest = read_template("{128-}");
    assert_int_equal(topic_template_apply(&rest, bytes, out, sizeof out, &size), OK);
    assert_int_equal(size, 65535 - 127);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_made),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_only_the_topic_is_plain),
        cmocka_unit_test(test_size_at_both_sides),
        cmocka_unit_test(test_levels_at_both_sides),
        cmocka_unit_test(test_capacity_at_both_sides),
        cmocka_unit_test(test_the_longest_topics),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
