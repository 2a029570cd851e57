/* What is no condition, told where and how; and each limit at both sides. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "condition/test_house.h"

static uint64_t memory[CONDITION_BYTES_MAX / 8];
static char text[4 * CONDITION_TEXT_MAX];

static enum condition_fault_code code_of(const char *condition)
{
    struct condition_fault fault = {.code = CONDITION_GOOD};
    (void)!house_parse(condition, memory, &fault);
    return fault.code;
}

/* clang-format off: a table */
static const struct {
    const char *text;
    enum condition_fault_code code;
    uint32_t line, column;
    const char *says; /* a part of the sentence */
} faults[] = {
    {"", CONDITION_FAULT_OPERAND, 1, 1, "found the end"},
    {"temp >", CONDITION_FAULT_OPERAND, 1, 7, "behind \">\""},
    {"temp > > 80", CONDITION_FAULT_OPERAND, 1, 8, "found \">\""},
    {"temp\n> ) 80", CONDITION_FAULT_OPERAND, 2, 3, "found \")\""},
    {")", CONDITION_FAULT_PARENTHESIS, 1, 1, "expected a value"},
    {"temp > 80)", CONDITION_FAULT_PARENTHESIS, 1, 10, "closes nothing"},
    {"(temp > 80", CONDITION_FAULT_PARENTHESIS, 1, 11, "is not closed"},
    {"max(temp, 3 > 80", CONDITION_FAULT_PARENTHESIS, 1, 17, "max"},
    {"temp, 3", CONDITION_FAULT_PARENTHESIS, 1, 5, "arguments of a call"},
    {"(temp, 3)", CONDITION_FAULT_PARENTHESIS, 1, 6, "expected ')'"},
    {"temp = 80", CONDITION_FAULT_CHARACTER, 1, 6, "write =="},
    {"temp <> 80", CONDITION_FAULT_CHARACTER, 1, 6, "write !="},
    {"a & b", CONDITION_FAULT_CHARACTER, 1, 3, "write and"},
    {"a | b", CONDITION_FAULT_CHARACTER, 1, 3, "write or"},
    {"\xe6\xb8\xa9\xe5\xba\xa6 \xef\xbc\x9e 80", CONDITION_FAULT_CHARACTER, 1, 4, "write >"},
    {"temp \xe2\x89\xa5 80", CONDITION_FAULT_CHARACTER, 1, 6, "write >="},
    {"mode == \xe2\x80\x9c"
     "auto\xe2\x80\x9d",
     CONDITION_FAULT_CHARACTER, 1, 9, "write \""},
    {"temp @ 80", CONDITION_FAULT_CHARACTER, 1, 6, "means nothing"},
    {"temp \x01", CONDITION_FAULT_CHARACTER, 1, 6, "control character"},
    {"'a b > 3", CONDITION_FAULT_QUOTE, 1, 1, "does not end"},
    {"mode == \"auto", CONDITION_FAULT_QUOTE, 1, 9, "does not end"},
    {"{temp > 3", CONDITION_FAULT_QUOTE, 1, 1, "{temp}"},
    {"'a\nb' > 3", CONDITION_FAULT_QUOTE, 1, 1, "does not end"},
    {"temp > 80C", CONDITION_FAULT_NUMBER, 1, 8, "only times have a unit"},
    {"temp > 1e999", CONDITION_FAULT_NUMBER, 1, 8, "larger than any"},
    {"age(temp) > 0s", CONDITION_FAULT_SPAN, 1, 13, "at least 1ms"},
    {"age(temp) > 1.5h", CONDITION_FAULT_SPAN, 1, 13, "whole number"},
    {"temp > 80 for", CONDITION_FAULT_SPAN, 1, 14, "expected a time"},
    {"temp > 80 for 30", CONDITION_FAULT_SPAN, 1, 15, "found \"30\""},
    {"abs(deviation(temp, baseline 3)) > 1", CONDITION_FAULT_SPAN, 1, 30, "baseline 10m"},
    {"'a//b' > 3", CONDITION_FAULT_PATH, 1, 1, "empty segments"},
    {"'' > 3", CONDITION_FAULT_PATH, 1, 1, "not empty"},
    {"{} > 3", CONDITION_FAULT_PATH, 1, 1, "not empty"},
    {"{a{b} > 3", CONDITION_FAULT_PATH, 1, 1, "'{'"},
    {"'$SYS/x' > 3", CONDITION_FAULT_PATH, 1, 1, "'$'"},
    {"'../x/../y' > 3", CONDITION_FAULT_PATH, 1, 1, "at the beginning only"},
    {"'../' > 3", CONDITION_FAULT_PATH, 1, 1, "end in '/'"},
    {"any('a#/b' > 3)", CONDITION_FAULT_PATH, 1, 5, "'#'"},
    {"temp > 80 pump", CONDITION_FAULT_OPERATOR, 1, 11, "found \"pump\""},
    {"temp > 80 not pump", CONDITION_FAULT_OPERATOR, 1, 11, "expected an operator"},
    {"a < b < c", CONDITION_FAULT_OPERATOR, 1, 7, "10 < temp"},
    {"a > 1 for 5s or b", CONDITION_FAULT_OPERATOR, 1, 14, "parentheses"},
    {"a == not b", CONDITION_FAULT_OPERAND, 1, 6, "a == (not b)"},
    {"and", CONDITION_FAULT_OPERAND, 1, 1, "found \"and\""},
    {"sin(a) > 0", CONDITION_FAULT_FUNCTION, 1, 1, "no function \"sin\""},
    {"abs(a, b) > 0", CONDITION_FAULT_ARGUMENTS, 1, 1, "too many"},
    {"clamp(a, b) > 0", CONDITION_FAULT_ARGUMENTS, 1, 1, "missing"},
    {"max(a) > 0", CONDITION_FAULT_ARGUMENTS, 1, 1, "max(a, b)"},
    {"rate(a + b) > 0", CONDITION_FAULT_ARGUMENTS, 1, 1, "of a point"},
    {"rate(a, 5) > 0", CONDITION_FAULT_ARGUMENTS, 1, 1, "a time"},
    {"mean(a) > 0", CONDITION_FAULT_ARGUMENTS, 1, 1, "over a time"},
    {"count(a, b) > 0", CONDITION_FAULT_SET, 1, 1, "there is none"},
    {"count('a/+', b > 3) > 0", CONDITION_FAULT_ARGUMENTS, 1, 1, "'each'"},
    {"count('a/+' > 2, each > 3) > 0", CONDITION_FAULT_ARGUMENTS, 1, 1, "a pattern alone"},
    {"if(a, 1, \"x\") == 1", CONDITION_FAULT_ARGUMENTS, 1, 1, "different types"},
    {"abs(\"x\") > 1", CONDITION_FAULT_ARGUMENTS, 1, 1, "numbers"},
    {"round(age(a)) > 1", CONDITION_FAULT_ARGUMENTS, 1, 1, "not a time"},
    {"temp + 3", CONDITION_FAULT_TYPE, 1, 6, "a condition is true or false"},
    {"5", CONDITION_FAULT_TYPE, 1, 1, "this is a number"},
    {"\"x\"", CONDITION_FAULT_TYPE, 1, 1, "this is a text"},
    {"a and 5", CONDITION_FAULT_TYPE, 1, 7, "each side of 'and'"},
    {"not 5", CONDITION_FAULT_TYPE, 1, 5, "'not'"},
    {"3 for 5s", CONDITION_FAULT_TYPE, 1, 1, "'for'"},
    {"a + \"x\" > 3", CONDITION_FAULT_TYPE, 1, 3, "a text"},
    {"a < \"x\"", CONDITION_FAULT_TYPE, 1, 3, "mode == \"auto\""},
    {"3 == \"x\"", CONDITION_FAULT_TYPE, 1, 3, "a number and a text"},
    {"(a > 1) + 1 > 1", CONDITION_FAULT_TYPE, 1, 9, "if(c, 1, 0)"},
    {"(a > 1) == 1", CONDITION_FAULT_TYPE, 1, 9, "a bool and a number"},
    {"age(a) > 30", CONDITION_FAULT_TYPE, 1, 8, "age(x) > 30s"},
    {"age(a) > b", CONDITION_FAULT_TYPE, 1, 8, "age(x) / 1s"},
    {"age(a) * age(b) > 1s", CONDITION_FAULT_TYPE, 1, 8, "a time and a time"},
    {"previous(a) == \"x\"", CONDITION_FAULT_TYPE, 1, 13, "a point's value and a text"},
    {"sum(\"x\" == 'a/+') > 0", CONDITION_FAULT_TYPE, 1, 9, "those of numbers"},
    {"'a/+' > 3", CONDITION_FAULT_SET, 1, 1, "a pattern is many points"},
    {"abs('a/+') > 3", CONDITION_FAULT_SET, 1, 5, "a pattern is many points"},
    {"any(a > 3)", CONDITION_FAULT_SET, 1, 1, "there is none in it"},
    {"each > 3", CONDITION_FAULT_SET, 1, 1, "'each'"},
    {"any(each > 3)", CONDITION_FAULT_SET, 1, 5, "'each'"},
    {"any('a/+' > 'b/+')", CONDITION_FAULT_SET, 1, 13, "one pattern"},
    {"any('a/+' > mean('b/+'))", CONDITION_FAULT_SET, 1, 1, "does not stand in"},
    {"max('a/+', 3) > 1", CONDITION_FAULT_SET, 1, 1, "one argument"},
    {"any('a/+' > 3 for 5s)", CONDITION_FAULT_SET, 1, 1, "remember"},
    {"any(rate(b) > 'a/+')", CONDITION_FAULT_SET, 1, 1, "remember"},
    {"changed('a/+')", CONDITION_FAULT_SET, 1, 9, "many points"},
    {"any(changed('a/+'))", CONDITION_FAULT_SET, 1, 5, "many"},
};
/* clang-format on */

static void test_faults(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(faults); i++) {
        struct condition_fault fault;
        if (house_parse(faults[i].text, memory, &fault) != NULL)
            fail_msg("%s was taken", faults[i].text);
        if (fault.code != faults[i].code || fault.line != faults[i].line ||
            fault.column != faults[i].column || strstr(fault.sentence, faults[i].says) == NULL)
            fail_msg("%s: %s %u:%u %s", faults[i].text, condition_fault_name(fault.code),
                     fault.line, fault.column, fault.sentence);
        assert_true(fault.sentence[strlen(fault.sentence) - 1] != '.');
    }
    for (int code = 0; code < CONDITION_FAULT_COUNT; code++)
        assert_true(strlen(condition_fault_name((enum condition_fault_code)code)) >= 3);
}

static void test_bytes_and_versions(void **state)
{
    (void)state;
    struct condition_fault fault = {.code = CONDITION_GOOD};
    assert_null(house_parse("a > \xff", memory, &fault));
    assert_int_equal(fault.code, CONDITION_FAULT_TEXT);
    assert_null(condition_parse(bytes_text("a"), 0, memory, sizeof memory, &fault));
    assert_int_equal(fault.code, CONDITION_FAULT_VERSION);
    assert_null(
        condition_parse(bytes_text("a"), CONDITION_VERSION + 1, memory, sizeof memory, &fault));
    assert_int_equal(fault.code, CONDITION_FAULT_VERSION);
    fault.code = CONDITION_GOOD;
    assert_non_null(
        condition_parse(bytes_text("a"), CONDITION_VERSION, memory, sizeof memory, &fault));
    assert_int_equal(fault.code, CONDITION_GOOD);
}

/* `count` times `one`, in which %d is a number, between what begins and what ends. */
static const char *many(const char *begin, const char *one, const char *between, int count,
                        const char *end)
{
    size_t size = strlen(strcpy(text, begin));
    for (int i = 0; i < count; i++) {
        const char *number = strchr(one, '@');
        size += (size_t)snprintf(text + size, sizeof text - size, "%s", i > 0 ? between : "");
        if (number == NULL)
            size += (size_t)snprintf(text + size, sizeof text - size, "%s", one);
        else
            size += (size_t)snprintf(text + size, sizeof text - size, "%.*s%d%s",
                                     (int)(number - one), one, i, number + 1);
    }
    (void)snprintf(text + size, sizeof text - size, "%s", end);
    return text;
}

static void test_limits_at_both_sides(void **state)
{
    (void)state;
    assert_int_equal(code_of(many("", "(", "", CONDITION_DEPTH_MAX, "a")),
                     CONDITION_FAULT_PARENTHESIS);
    assert_int_equal(code_of(many("", "(", "", CONDITION_DEPTH_MAX + 1, "a")),
                     CONDITION_FAULT_DEPTH);
    assert_int_equal(code_of(many("", "not ", "", CONDITION_DEPTH_MAX, "a")), CONDITION_GOOD);
    assert_int_equal(code_of(many("", "not ", "", CONDITION_DEPTH_MAX + 1, "a")),
                     CONDITION_FAULT_DEPTH);
    assert_int_equal(code_of(many("", "-", "", CONDITION_DEPTH_MAX, "a > 0")), CONDITION_GOOD);
    assert_int_equal(code_of(many("", "-", "", CONDITION_DEPTH_MAX + 1, "a > 0")),
                     CONDITION_FAULT_DEPTH);
    assert_int_equal(code_of(many("", "p@", " or ", CONDITION_REFERENCES_MAX, "")), CONDITION_GOOD);
    assert_int_equal(code_of(many("p0 or ", "p@", " or ", CONDITION_REFERENCES_MAX, " or p1")),
                     CONDITION_GOOD);
    assert_int_equal(code_of(many("", "p@", " or ", CONDITION_REFERENCES_MAX + 1, "")),
                     CONDITION_FAULT_REFERENCES);
    assert_int_equal(code_of(many("", "any('p@/+')", " or ", CONDITION_SETS_MAX, "")),
                     CONDITION_GOOD);
    assert_int_equal(code_of(many("", "any('p@/+')", " or ", CONDITION_SETS_MAX + 1, "")),
                     CONDITION_FAULT_SETS);
    assert_int_equal(code_of(many("", "any('p/+')", " or ", CONDITION_SETS_MAX + 1, "")),
                     CONDITION_GOOD);
    assert_int_equal(code_of(many("", "(a for 1s)", " or ", CONDITION_TIMERS_MAX, "")),
                     CONDITION_GOOD);
    assert_int_equal(code_of(many("", "(a for 1s)", " or ", CONDITION_TIMERS_MAX + 1, "")),
                     CONDITION_FAULT_TIMERS);
    assert_int_equal(code_of(many("", "changed(p@)", " or ", CONDITION_CELLS_MAX, "")),
                     CONDITION_GOOD);
    assert_int_equal(code_of(many("", "changed(p@)", " or ", CONDITION_CELLS_MAX + 1, "")),
                     CONDITION_FAULT_CELLS);
    assert_int_equal(
        code_of(many("", "changed(a)", " or ", CONDITION_CELLS_MAX + 1, " or rate(a) > 1")),
        CONDITION_GOOD);
    /* 1 + 1 + ... > 0: two instructions for each, and one for the end. */
    assert_int_equal(code_of(many("", "1", "+", 255, " > 0")), CONDITION_GOOD);
    assert_int_equal(code_of(many("", "1", "+", 256, " > 0")), CONDITION_FAULT_INSTRUCTIONS);
    assert_int_equal(code_of(many("", "1", "+", 1800, " > 0")), CONDITION_FAULT_INSTRUCTIONS);
    assert_int_equal(code_of("a for 366d"), CONDITION_GOOD);
    assert_int_equal(code_of("a for 367d"), CONDITION_FAULT_SPAN);
    assert_int_equal(code_of("a for 99999999999999999999999s"), CONDITION_FAULT_SPAN);
    assert_int_equal(code_of("a for 1ms"), CONDITION_GOOD);
}

/* Four operators wait at each level, and all levels are there. */
static void test_deepest_stack(void **state)
{
    (void)state;
    struct condition_fault fault = {.code = CONDITION_GOOD};
    struct house house = {.points_count = 0};
    struct condition_explanation explanation;
    house_add(&house, "a", house_bool(true));
    house_add(&house, "b", house_bool(false));
    many("", "a and a == b + a * if(", "", CONDITION_DEPTH_MAX, "a");
    char begin[2048];
    (void)snprintf(begin, sizeof begin, "%.2000s", text);
    many(begin, ", 1, 0)", "", CONDITION_DEPTH_MAX, "");
    const struct condition *condition = house_parse(text, memory, &fault);
    if (condition == NULL)
        fail_msg("%s", fault.sentence);
    struct condition_port port = house_port(&house, condition);
    assert_int_equal(condition_evaluate(condition, &port, HOUSE_NOW, &explanation).truth,
                     CONDITION_TRUE);
    house.points[0].sample.value.number = 0;
    assert_int_equal(condition_evaluate(condition, &port, HOUSE_NOW, NULL).truth, CONDITION_FALSE);
}

static void test_sizes_at_both_sides(void **state)
{
    (void)state;
    struct condition_fault fault;
    memset(text, ' ', sizeof text);
    text[0] = 'a';
    assert_non_null(
        condition_parse(bytes_of(text, CONDITION_TEXT_MAX), 1, memory, sizeof memory, &fault));
    assert_null(
        condition_parse(bytes_of(text, CONDITION_TEXT_MAX + 1), 1, memory, sizeof memory, &fault));
    assert_int_equal(fault.code, CONDITION_FAULT_SIZE);
    /* Short as it came, too long as it is printed: two bytes more for each or. */
    many("a == \"", "x", "", 4024, "\"||a||a||a||a||a||a||a||a||a||a||a||a||a");
    assert_true(strlen(text) <= CONDITION_TEXT_MAX);
    const struct condition *longest = house_parse(text, memory, &fault);
    assert_non_null(longest);
    assert_int_equal(condition_text(longest).size, CONDITION_TEXT_MAX);
    many("a == \"", "x", "", 4025, "\"||a||a||a||a||a||a||a||a||a||a||a||a||a");
    assert_null(house_parse(text, memory, &fault));
    assert_int_equal(fault.code, CONDITION_FAULT_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_bytes_and_versions),
        cmocka_unit_test(test_limits_at_both_sides),
        cmocka_unit_test(test_deepest_stack),
        cmocka_unit_test(test_sizes_at_both_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
