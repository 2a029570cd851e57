/* Forms, and the commands and entries that are made of them: what is written is read back, at every
 * limit; what is none is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/format.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static uint8_t written[FACT_BYTES_MAX];
static struct fact_storage storage;

static void fields_come_back_in_their_order(void **state)
{
    uint8_t inner_bytes[64], bytes[256];
    struct form_writer inner = {.at = inner_bytes, .capacity = sizeof inner_bytes};
    struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
    struct bytes fields, whole;
    struct form_field field;
    size_t offset = 0;
    (void)state;
    form_put_integer(&inner, 1, -5);
    assert_true(form_end(&inner, &fields));
    form_put_integer(&form, 7, INT64_MIN);
    form_put_real(&form, 9, 0.5);
    form_put_text(&form, 255, bytes_text("pump"));
    form_put_form(&form, 3, fields);
    form_put_integer(&form, 7, INT64_MAX);
    assert_true(form_end(&form, &whole));
    assert_true(form_is_valid(whole));
    assert_true(form_next(whole, &offset, &field));
    assert_int_equal(field.tag, 7);
    assert_true(field.integer == INT64_MIN);
    assert_true(form_next(whole, &offset, &field));
    assert_true(field.type == FORM_REAL && field.real == 0.5);
    assert_true(form_next(whole, &offset, &field));
    assert_true(bytes_equal(field.text, bytes_text("pump")));
    assert_true(form_next(whole, &offset, &field));
    assert_int_equal(form_integer(field.text, 1, 0), -5);
    assert_true(form_next(whole, &offset, &field));
    assert_true(field.integer == INT64_MAX);
    assert_false(form_next(whole, &offset, &field));
    assert_true(offset == whole.size);
    assert_true(form_integer(whole, 7, 0) == INT64_MIN); /* the first of them */
    assert_true(form_real(whole, 8, 2.5) == 2.5);
    assert_true(form_text(whole, 7).size == 0); /* there, and of another type */
}

static void what_does_not_fit_fails(void **state)
{
    uint8_t bytes[16];
    struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
    struct bytes whole;
    (void)state;
    form_put_integer(&form, 1, 1);
    assert_false(form.failed);
    form_put_text(&form, 2, bytes_text("longer than there is room for"));
    assert_true(form.failed);
    assert_false(form_end(&form, &whole));
    form = (struct form_writer){.at = bytes, .capacity = sizeof bytes};
    form_put_real(&form, 1, NAN);
    assert_true(form.failed);
    form = (struct form_writer){.at = bytes, .capacity = sizeof bytes};
    form_put_real(&form, 1, INFINITY);
    assert_true(form.failed);
}

static struct bytes nested(uint8_t *bytes, size_t capacity, unsigned depth)
{
    struct bytes inner = bytes_of("", 0);
    uint8_t copy[64];
    for (unsigned i = 0; i < depth; i++) {
        struct form_writer form = {.at = bytes, .capacity = capacity};
        memcpy(copy, inner.at, inner.size);
        if (i == 0)
            form_put_integer(&form, 1, 1);
        else
            form_put_form(&form, 1, bytes_of(copy, inner.size));
        assert_true(form_end(&form, &inner));
    }
    return inner;
}

static void depth_has_a_limit(void **state)
{
    uint8_t bytes[64];
    (void)state;
    assert_true(form_is_valid(nested(bytes, sizeof bytes, FORM_DEPTH_MAX)));
    assert_false(form_is_valid(nested(bytes, sizeof bytes, FORM_DEPTH_MAX + 1)));
}

static void bytes_that_are_no_form_are_refused(void **state)
{
    static const uint8_t no_tag[] = {0, FORM_INTEGER, 1}, no_type[] = {1, 9, 1},
                         cut[] = {1, FORM_TEXT, 5, 'a'},
                         nan[] = {1, FORM_REAL, 0, 0, 0, 0, 0, 0, 0xF8, 0x7F};
    (void)state;
    assert_true(form_is_valid(bytes_of("", 0)));
    assert_false(form_is_valid(bytes_of(no_tag, sizeof no_tag)));
    assert_false(form_is_valid(bytes_of(no_type, sizeof no_type)));
    assert_false(form_is_valid(bytes_of(cut, sizeof cut)));
    assert_false(form_is_valid(bytes_of(nan, sizeof nan)));
}

static enum err again(const struct fact *fact, struct fact *ret_fact)
{
    struct facts_writer writer = {.at = written, .capacity = sizeof written};
    size_t offset = 0;
    facts_write(&writer, fact);
    assert_int_equal(written[0], fact->kind);
    return facts_read(bytes_of(written, writer.size), &offset, &storage, ret_fact);
}

static void a_command_and_an_entry_of_the_largest_size(void **state)
{
    static uint8_t bytes[FORM_BYTES_MAX], text[FORM_BYTES_MAX];
    struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
    struct bytes whole;
    struct fact out;
    (void)state;
    memset(text, 'x', sizeof text);
    form_put_text(&form, 1, bytes_of(text, FORM_BYTES_MAX - 14));
    assert_true(form_end(&form, &whole));
    char key[KEY_BYTES_MAX], name[ACTOR_NAME_MAX];
    memset(key, 'k', sizeof key);
    memset(name, 'n', sizeof name);
    struct fact command = {
        .kind = FACT_MODULE,
        .command = {
            .kind = COMMAND_RULE_SET,
            .tenant = UINT32_MAX,
            .key_kind = KEY_FREE,
            .key = bytes_of(key, sizeof key),
            .key_wall_ns = 1,
            .actor = {.door = ACTOR_HTTP, .account = 7, .name = bytes_of(name, sizeof name)},
            .module = {.number = UINT32_MAX, .form = whole}}};
    assert_int_equal(again(&command, &out), OK);
    assert_int_equal(out.command.kind, COMMAND_RULE_SET);
    assert_true(out.command.module.number == UINT32_MAX);
    assert_true(bytes_equal(out.command.module.form, whole));
    assert_int_equal(out.command.actor.account, 7);
    struct fact entry = {.kind = FACT_ENTRY,
                         .entry = {.module = MODULE_ALARMS, .tenant = 3, .form = whole}};
    assert_int_equal(again(&entry, &out), OK);
    assert_int_equal(out.entry.module, MODULE_ALARMS);
    assert_int_equal(out.entry.tenant, 3);
    assert_true(bytes_equal(out.entry.form, whole));
}

static void each_kind_has_its_module(void **state)
{
    (void)state;
    assert_int_equal(command_module(COMMAND_PROVIDER_REMOVE), 0);
    assert_int_equal(command_module(COMMAND_TYPE_SET), MODULE_ASSETS);
    assert_int_equal(command_module(COMMAND_ASSET_RETIRE), MODULE_ASSETS);
    assert_int_equal(command_module(COMMAND_ASSET_RETIRE + 1), 0);
    assert_int_equal(command_module(COMMAND_RULE_SET), MODULE_ALARMS);
    assert_int_equal(command_module(COMMAND_HANDOVER_ADD + 1), 0);
    assert_int_equal(command_module(COMMAND_NOTICE_DONE), MODULE_NOTICES);
    assert_int_equal(command_module(COMMAND_BOARD_REMOVE), MODULE_LIBRARY);
    assert_int_equal(command_module(COMMAND_BOARD_REMOVE + 1), 0);
    assert_false(command_is_of_access(COMMAND_TYPE_SET));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_come_back_in_their_order),
        cmocka_unit_test(what_does_not_fit_fails),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(bytes_that_are_no_form_are_refused),
        cmocka_unit_test(a_command_and_an_entry_of_the_largest_size),
        cmocka_unit_test(each_kind_has_its_module),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
