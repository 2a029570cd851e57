/* What paths a template makes of lines, and what is no template. */
#include "wire/influx/influx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

static struct influx_decoder *decoder;
static struct influx_line line;

static int setup(void **state)
{
    (void)state;
    return (int)influx_decoder_create(&decoder);
}
static int teardown(void **state)
{
    (void)state;
    influx_decoder_destroy(decoder);
    return 0;
}

static void decode(const char *text)
{
    struct influx_refusal refusal;
    influx_begin(decoder, INFLUX_NS);
    influx_feed(decoder, bytes_text(text));
    assert_int_equal(influx_next(decoder, &line, &refusal), INFLUX_STEP_LINE);
}

/* The paths of the line's last field are these, together and in two. */
static void assert_path(const char *template_text, const char *text, const char *prefix,
                        const char *metric)
{
    struct influx_template path_template;
    uint8_t out[512], whole[512];
    size_t size = 99, together;
    const char *fault = influx_template_parse(bytes_text(template_text), &path_template);
    if (fault)
        print_error("%s: %s\n", template_text, fault);
    assert_null(fault);
    decode(text);
    size_t field = line.field_count - 1u;
    assert_int_equal(influx_prefix_put(&path_template, &line, out, sizeof out, &size), OK);
    if (!bytes_equal(bytes_of(out, size), bytes_text(prefix)))
        print_error("%s: prefix %.*s\n", template_text, (int)size, (char *)out);
    assert_true(bytes_equal(bytes_of(out, size), bytes_text(prefix)));
    assert_int_equal(influx_metric_put(&path_template, &line, field, out, sizeof out, &size), OK);
    if (!bytes_equal(bytes_of(out, size), bytes_text(metric)))
        print_error("%s: metric %.*s\n", template_text, (int)size, (char *)out);
    assert_true(bytes_equal(bytes_of(out, size), bytes_text(metric)));
    assert_int_equal(influx_path_put(&path_template, &line, field, whole, sizeof whole, &together),
                     OK);
    size_t before = strlen(prefix);
    assert_int_equal(together, before + (before > 0) + size);
    assert_memory_equal(whole, prefix, before);
    assert_memory_equal(whole + together - size, out, size);
    /* Both sides of the room that there is. */
    assert_int_equal(influx_path_put(&path_template, &line, field, whole, together, &size), OK);
    assert_int_equal(influx_path_put(&path_template, &line, field, whole, together - 1, &size),
                     ERR_LIMIT);
}

#define LINE "pump,site=north,line=7 on=t,rpm=1450\n"

static void lines_get_paths(void **state)
{
    (void)state;
    assert_path(INFLUX_TEMPLATE_DEFAULT, LINE, "pump/7/north", "rpm");
    assert_path(INFLUX_TEMPLATE_DEFAULT, "pump rpm=1\n", "pump", "rpm");
    assert_path("{tags}/{measurement}/{field}", LINE, "7/north/pump", "rpm");
    assert_path("{tags}/{measurement}/{field}", "pump rpm=1\n", "pump", "rpm");
    assert_path("plant/{tags}/{field}", "pump rpm=1\n", "plant", "rpm");
    assert_path("{pairs}/{measurement}/{field}", LINE, "line=7/site=north/pump", "rpm");
    assert_path("{tag:site}/{measurement}/{tags}/{field}", LINE, "north/pump/7", "rpm");
    assert_path("{tag:site}/{tag:line}/{tags}/{field}", LINE, "north/7", "rpm");
    assert_path("{tag:site}-{tag:line}/{measurement}.{field}", LINE, "north-7", "pump.rpm");
    assert_path("{field}", LINE, "", "rpm");
    assert_path("{measurement}/$x/{field}", LINE, "pump/$x", "rpm");
    assert_path("{{{measurement}}}/{field}", LINE, "{pump}", "rpm");
}

static void the_order_of_tags_does_not_matter(void **state)
{
    (void)state;
    assert_path(INFLUX_TEMPLATE_DEFAULT, "m,a=1,b=2,c=3 f=1\n", "m/1/2/3", "f");
    assert_path(INFLUX_TEMPLATE_DEFAULT, "m,c=3,a=1,b=2 f=1\n", "m/1/2/3", "f");
    assert_path(INFLUX_TEMPLATE_DEFAULT, "m,b=2,c=3,a=1 f=1\n", "m/1/2/3", "f");
    /* By their names, not by their bytes with backslashes. */
    assert_path(INFLUX_TEMPLATE_DEFAULT, "m,aA=2,a\\ b=1 f=1\n", "m/1/2", "f");
}

static void names_are_escaped_as_keys_of_payloads_are(void **state)
{
    (void)state;
    assert_path(INFLUX_TEMPLATE_DEFAULT, "a/b,t=x#y,u=$SYS f+1=1\n", "a%2Fb/x%23y/%24SYS", "f%2B1");
    assert_path(INFLUX_TEMPLATE_DEFAULT, "a\\ b,t=50% f\\=g=1\n", "a b/50%25", "f=g");
    assert_path("{tag:a b}/{field}", "m,a\\ b=c\\,d f=1\n", "c,d", "f");
    assert_path("{measurement}/{field}", "m\\=x f=1\n", "m\\=x", "f");
}

static void a_tag_that_is_not_there_gives_no_path(void **state)
{
    (void)state;
    struct influx_template path_template;
    uint8_t out[64];
    size_t size;
    assert_null(influx_template_parse(bytes_text("{tag:nope}/{field}"), &path_template));
    decode(LINE);
    assert_int_equal(influx_path_put(&path_template, &line, 0, out, sizeof out, &size),
                     ERR_MISSING);
    assert_int_equal(influx_prefix_put(&path_template, &line, out, sizeof out, &size), ERR_MISSING);
    assert_int_equal(influx_metric_put(&path_template, &line, 0, out, sizeof out, &size), OK);
    assert_null(
        influx_template_parse(bytes_text("{measurement}/{tag:nope}{field}"), &path_template));
    assert_int_equal(influx_metric_put(&path_template, &line, 0, out, sizeof out, &size),
                     ERR_MISSING);
    assert_int_equal(influx_prefix_put(&path_template, &line, out, sizeof out, &size), OK);
}

static void what_is_no_template_is_said(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {{"", "empty level"},
                {"{measurement}", "{field} stands once"},
                {"{field}/{field}", "{field} stands once"},
                {"{field}{field}", "{field} stands once"},
                {"{field}/{measurement}", "in the last level"},
                {"{measurement}//{field}", "empty level"},
                {"/{field}", "empty level"},
                {"{field}/", "empty level"},
                {"x{tags}/{field}", "a level for themselves"},
                {"{pairs}{field}", "a level for themselves"},
                {"{tags}/{pairs}/{field}", "once at most"},
                {"{tags}/{tags}/{field}", "once at most"},
                {"{host}/{field}", "between braces"},
                {"{tag:}/{field}", "between braces"},
                {"{}/{field}", "between braces"},
                {"{field", "'{' stands alone"},
                {"a}/{field}", "'}' stands alone"},
                {"a+/{field}", "no path holds"},
                {"#/{field}", "no path holds"},
                {"a\t/{field}", "no path holds"},
                {"$SYS/{field}", "begins with '$'"},
                {"{tags}/$SYS/{field}", "begins with '$'"},
                {"\xff/{field}", "not UTF-8"}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct influx_template path_template = {.count = 77};
        const char *says = influx_template_parse(bytes_text(rows[i].text), &path_template);
        if (!says || !strstr(says, rows[i].says))
            print_error("%s: %s\n", rows[i].text, says ? says : "taken");
        assert_non_null(says);
        assert_non_null(strstr(says, rows[i].says));
        assert_int_equal(path_template.count, 77);
    }
}

static void a_template_has_a_limit(void **state)
{
    (void)state;
    struct influx_template path_template;
    char text[INFLUX_TEMPLATE_BYTES_MAX + 2];
    for (size_t size = INFLUX_TEMPLATE_BYTES_MAX; size <= INFLUX_TEMPLATE_BYTES_MAX + 1; size++) {
        /* As many parts as there can be: a/a/a/.../{field}. */
        for (size_t i = 0; i < size - 7; i++)
            text[i] = i % 2 == (size - 8) % 2 ? '/' : 'a';
        text[0] = 'a';
        memcpy(text + size - 7, "{field}", 7);
        const char *says = influx_template_parse(bytes_of(text, size), &path_template);
        assert_true(size > INFLUX_TEMPLATE_BYTES_MAX ? strstr(says, "255 bytes") != NULL : !says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_get_paths),
        cmocka_unit_test(the_order_of_tags_does_not_matter),
        cmocka_unit_test(names_are_escaped_as_keys_of_payloads_are),
        cmocka_unit_test(a_tag_that_is_not_there_gives_no_path),
        cmocka_unit_test(what_is_no_template_is_said),
        cmocka_unit_test(a_template_has_a_limit),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
