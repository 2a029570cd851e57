/* What conditions mean: a table of them over one house of points, what is asked of the caller, and
 * why something is so. */
#include "condition/condition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "condition/test_house.h"

#define T CONDITION_TRUE
#define F CONDITION_FALSE
#define U CONDITION_UNKNOWN

static uint64_t memory[CONDITION_BYTES_MAX / 8], memory_again[CONDITION_BYTES_MAX / 8];

static struct house house_usual(void)
{
    struct house house = {.points_count = 0};
    house_add(&house, "temp", value_of_real(81.2));
    house_add(&house, "t0", value_of_real(-0.3));
    house_add(&house, "n", house_integer(7));
    house_add(&house, "zero", house_integer(0));
    house_add(&house, "most", house_integer(INT64_MAX));
    house_add(&house, "least", house_integer(INT64_MIN));
    house_add(&house, "big", house_integer((INT64_C(1) << 53) + 1));
    house_add(&house, "huge", value_of_real(1e308));
    house_add(&house, "on", house_bool(true));
    house_add(&house, "off", house_bool(false));
    house_add(&house, "mode", house_text("auto"));
    house_add(&house, "dead", house_quality(value_of_real(99), QUALITY_BAD));
    house_add(&house, "doubt", house_quality(value_of_real(99), QUALITY_UNCERTAIN));
    house_add(&house, "edited", house_quality(value_of_real(5), QUALITY_GOOD_EDITED));
    house_add(&house, "empty",
              (struct value){.type = VALUE_FLOAT64, .quality = QUALITY_BAD_NO_VALUE});
    house_add(&house, ".", value_of_real(50));
    house_add(&house, "../flow", value_of_real(12.5));
    house_add(&house, "press 3/temp", value_of_real(70));
    house_add(&house, "plant/press-3/temp", value_of_real(71));
    house_add(&house, "silent", value_of_real(1));
    house.points[house.points_count - 1].sample.heard_ns = CONDITION_TIME_NONE;
    house.sets_count = 4;
    house.sets[0].pattern = "hall/+/smoke"; /* two see it, one is broken */
    house.sets[0].count = 4;
    house.sets[0].members[0] = house_sample(value_of_real(0.1));
    house.sets[0].members[1] = house_sample(value_of_real(0.7));
    house.sets[0].members[2] = house_sample(house_quality(value_of_real(0.2), QUALITY_BAD));
    house.sets[0].members[3] = house_sample(value_of_real(0.9));
    house.sets[1].pattern = "hall/+/door";
    house.sets[1].count = 3;
    for (size_t i = 0; i < 3; i++)
        house.sets[1].members[i] = house_sample(house_bool(i != 1));
    house.sets[2].pattern = "none/#";
    house.sets[3].pattern = "tank/+/level";
    house.sets[3].count = 3;
    for (size_t i = 0; i < 3; i++)
        house.sets[3].members[i] = house_sample(house_integer((int64_t)(i + 1) * 10));
    for (size_t set = 0; set < 4; set++)
        for (size_t i = 0; i < HOUSE_MEMBERS_MAX; i++)
            house.sets[set].members[i].point = set * 10 + i;
    return house;
}

static const struct condition *parsed(const char *text)
{
    struct condition_fault fault;
    const struct condition *condition = house_parse(text, memory, &fault);
    if (condition == NULL)
        fail_msg("%s: %u:%u %s", text, fault.line, fault.column, fault.sentence);
    struct bytes printed = condition_text(condition);
    const struct condition *again =
        condition_parse(printed, CONDITION_VERSION, memory_again, sizeof memory_again, &fault);
    if (again == NULL)
        fail_msg("%s, printed %.*s: %s", text, (int)printed.size, (const char *)printed.at,
                 fault.sentence);
    if (condition_size(again) != condition_size(condition) ||
        memcmp(again, condition, condition_size(condition)) != 0)
        fail_msg("%s: printed %.*s, which is another program", text, (int)printed.size,
                 (const char *)printed.at);
    return condition;
}

static struct condition_result asked(struct house *house, const char *text)
{
    const struct condition *condition = parsed(text);
    struct condition_port port = house_port(house, condition);
    return condition_evaluate(condition, &port, HOUSE_NOW, NULL);
}

/* ---- what is true ---- */
/* clang-format off: a table */
static const struct {
    const char *text;
    enum condition_truth truth;
} meanings[] = {
    /* numbers */
    {"1 < 2", T},
    {"2 < 1", F},
    {"2 <= 2", T},
    {"2 >= 3", F},
    {"3 > 2", T},
    {"2 == 2.0", T},
    {"2 != 2.0", F},
    {"0.1 + 0.2 == 0.3", F},
    {"0.1 + 0.2 > 0.3", T},
    {"1e3 == 1000", T},
    {"1 + 2 * 3 == 7", T},
    {"(1 + 2) * 3 == 9", T},
    {"7 - 2 - 1 == 4", T},
    {"7 - (2 - 1) == 6", T},
    {"-3 + 5 == 2", T},
    {"2 - -3 == 5", T},
    {"--3 == 3", T},
    {"-(2 + 3) == -5", T},
    {"7 / 2 == 3.5", T},
    {"6 / 2 == 3", T},
    {"1 / 3 * 3 == 1", T},
    {"7 / 0 == 0", U},
    {"7 / 0 != 0", U},
    {"7 % 3 == 1", T},
    {"-7 % 3 == -1", T},
    {"7 % -3 == 1", T},
    {"7 % 0 == 0", U},
    {"7.5 % 2 == 1.5", T},
    {"-7.5 % 2 == -1.5", T},
    {"1e300 % 7 >= 0", T},
    {"5.0 % 0 == 0", U},
    {"9223372036854775807 > 9223372036854775806", T},
    {"most > most - 1", T},
    {"most + 1 == 9223372036854775808", T},
    {"least == -9223372036854775808", T},
    {"-least == 9223372036854775808.0", T},
    {"least / -1 == 9223372036854775808.0", T},
    {"least % -1 == 0", T},
    {"least - 1 <= least + 1", T},
    {"abs(least) >= most - 1", T},
    {"big == 9007199254740993", T},
    {"big == 9007199254740992", F},
    {"big == 9007199254740992.0", T},
    {"most * 2 > most", T},
    {"huge * 10 > 0", U},
    {"huge + huge > 0", U},
    {"huge - huge == 0", T},
    {"9223372036854775808 + 1 > 0", T},
    {"-9223372036854775809 < 0", T},
    {"abs(-3) == 3", T},
    {"abs(2.5 - 5) == 2.5", T},
    {"min(3, 1, 2) == 1", T},
    {"max(3, 1, 2) == 3", T},
    {"min(1.5, 2) == 1.5", T},
    {"max(dead, 5) > 0", U},
    {"clamp(12, 0, 10) == 10", T},
    {"clamp(-1, 0, 10) == 0", T},
    {"clamp(5, 0, 10) == 5", T},
    {"clamp(5, 10, 0) == 5", U},
    {"round(2.5) == 3", T},
    {"round(-2.5) == -3", T},
    {"round(2.4) == 2", T},
    {"round(t0) == 0", T},
    {"round(0.49999999999999994) == 0", T},
    {"round(4503599627370497.0) == 4503599627370497", T},
    {"round(n) == 7", T},
    {"sqrt(9) == 3", T},
    {"sqrt(2) * sqrt(2) == 2", F},
    {"sqrt(-1) == 0", U},
    {"if(on, 1, 2) == 1", T},
    {"if(off, 1, 2) == 2", T},
    {"if(dead > 3, 1, 2) > 0", U},
    {"if(good(dead), dead, 5) == 5", T},
    {"if(temp > 80, \"hot\", \"cold\") == \"hot\"", T},
    /* points */
    {"temp > 80", T},
    {"temp > 81.2", F},
    {"temp >= 81.2", T},
    {"temp == 81.2", T},
    {". == 50", T},
    {"../flow > 12", T},
    {"'press 3/temp' == 70", T},
    {"plant/press-3/temp == 71", T},
    {"{temp} == 81.2", T},
    {"temp - n > 74", T},
    {"edited == 5", T},
    {"on", T},
    {"off", F},
    {"n", T},
    {"zero", F},
    {"mode", U},
    {"dead", U},
    {"missing", U},
    {"on == true", T},
    {"on == false", F},
    {"n == true", F},
    {"zero == false", T},
    {"on + on == 2", T},
    {"on == off", F},
    {"on != off", T},
    {"(temp > 80) == on", T},
    {"(temp > 80) == (n > 80)", F},
    {"true", T},
    {"false", F},
    {"dead > 80", U},
    {"doubt > 80", U},
    {"missing > 80", U},
    {"empty > 80", U},
    {"dead == dead", U},
    {"dead + 1 > 0", U},
    {"-dead < 0", U},
    {"abs(dead) > 0", U},
    /* texts */
    {"mode == \"auto\"", T},
    {"mode == \"manual\"", F},
    {"mode != \"manual\"", T},
    {"mode != \"auto\"", F},
    {"\"auto\" == mode", T},
    {"mode == mode", T},
    {"\"a\"\"b\" == \"a\"\"b\"", T},
    {"\"\" == \"\"", T},
    {"mode == \"\"", F},
    {"n == \"auto\"", U},
    {"n != \"auto\"", U},
    {"mode > 3", U},
    {"mode + 1 > 3", U},
    {"mode == n", U},
    {"mode < temp", U},
    /* Kleene */
    {"true and true", T},
    {"true and false", F},
    {"false and true", F},
    {"false and dead", F},
    {"dead and false", F},
    {"true and dead", U},
    {"dead and true", U},
    {"dead and dead", U},
    {"false or false", F},
    {"true or dead", T},
    {"dead or true", T},
    {"false or dead", U},
    {"dead or false", U},
    {"dead or dead", U},
    {"not true", F},
    {"not false", T},
    {"not dead", U},
    {"not not on", T},
    {"!on", F},
    {"!off && on || off", T},
    {"not on or on", T},
    {"not (on or on)", F},
    {"on or on and off", T},
    {"(on or on) and off", F},
    {"not temp > 100", T},
    {"on and not off", T},
    {"on == (not off)", T},
    /* quality and time */
    {"good(temp)", T},
    {"good(edited)", T},
    {"good(dead)", F},
    {"good(doubt)", F},
    {"good(missing)", F},
    {"good(empty)", F},
    {"bad(temp)", F},
    {"bad(dead)", T},
    {"bad(doubt)", F},
    {"bad(missing)", T},
    {"bad(empty)", T},
    {"good((temp))", T},
    {"stale(temp, 10s)", T},
    {"stale(temp, 10001ms)", F},
    {"stale(temp, 9s)", T},
    {"stale(missing, 1s)", U},
    {"stale(silent, 1s)", U},
    {"stale(dead, 5s)", T},
    {"age(temp) == 10s", T},
    {"age(temp) > 9s", T},
    {"age(temp) > 1m", F},
    {"age(dead) >= 10s", T},
    {"age(missing) > 1s", U},
    {"age(silent) > 1s", U},
    {"age(temp) / 1s == 10", T},
    {"age(temp) * 2 == 20s", T},
    {"2 * age(temp) == 20s", T},
    {"age(temp) / 4 == 2500ms", T},
    {"age(temp) + 5s == 15s", T},
    {"age(temp) - 10s < 1ms", T},
    {"-age(temp) < 1s", T},
    {"max(age(temp), age(n)) < 1h", T},
    {"90s > 1m", T},
    {"24h == 1d", T},
    {"60m == 1h", T},
    {"if(on, 1m, 2m) == 60s", T},
    {"abs(1s - 2s) == 1000ms", T},
    {"1.5 * 1s == 1500ms", T},
    {"1s / 0 == 1s", U},
    {"clamp(age(temp), 1s, 5s) == 5s", T},
    /* sets */
    {"any('hall/+/smoke' > 0.5)", T},
    {"any('hall/+/smoke' > 1)", U},
    {"all('hall/+/smoke' > 0.5)", F},
    {"all('hall/+/smoke' > 0)", U},
    {"count('hall/+/smoke' > 0.5) == 2", U},
    {"count('hall/+/smoke' > 0.5) >= 2", T},
    {"count('hall/+/smoke' > 0.5) >= 3", U},
    {"count('hall/+/smoke' > 0.5) >= 4", F},
    {"count('hall/+/smoke' > 0.5) < 4", T},
    {"count('hall/+/smoke' > 0.5) < 2", F},
    {"count('hall/+/smoke' > 0.5) == 4", F},
    {"count('hall/+/smoke' > 0.5) != 1", T},
    {"count('hall/+/smoke' > 0.5) != 2", U},
    {"2 <= count('hall/+/smoke' > 0.5)", T},
    {"count('hall/+/smoke' > 0.5) > 1.5", T},
    {"count('hall/+/smoke' > 0.5) + 0 >= 2", U},
    {"count('hall/+/smoke', each > 0.5) >= 2", T},
    {"count('hall/+/smoke' > 0.5 and each < 0.8) >= 1", T},
    {"count('hall/+/smoke' > 0.5 and 'hall/+/smoke' < 0.8) >= 1", T},
    {"any('hall/+/smoke', good(each) and each > 1)", F},
    {"count(good('hall/+/smoke')) == 3", T},
    {"count(bad('hall/+/smoke')) == 1", T},
    {"any(stale('hall/+/smoke', 11s))", F},
    {"all(age('hall/+/smoke') == 10s)", T},
    {"max('hall/+/smoke') == 0.9", T},
    {"min('hall/+/smoke') == 0.1", T},
    {"mean('tank/+/level') == 20", T},
    {"sum('tank/+/level') == 60", T},
    {"sum('hall/+/smoke') > 0", U},
    {"mean('hall/+/smoke') > 0.5", T},
    {"max('tank/+/level' * 2) == 60", T},
    {"min(30 - 'tank/+/level') == 0", T},
    {"any('hall/+/door')", T},
    {"all('hall/+/door')", F},
    {"count('hall/+/door') == 2", T},
    {"sum('hall/+/door') == 2", T},
    {"any(not 'hall/+/door')", T},
    {"any('none/#')", F},
    {"all('none/#')", U},
    {"count('none/#') == 0", T},
    {"sum('none/#') == 0", T},
    {"mean('none/#') == 0", U},
    {"max('none/#') == 0", U},
    {"any('tank/+/level' > temp)", F},
    {"max('tank/+/level') - min('tank/+/level') > 15", T},
    {"max(mean('tank/+/level'), 25) == 25", T},
    {"any('none/#' > 1) or on", T},
    {"off and any('tank/+/level' > 1)", F},
    {"any('tank/+/level' > 25) and on", T},
    {"all(if('tank/+/level' > 15, each < 35, each == 10))", T},
    /* how it is written */
    {"  temp\t>\n80 ", T},
    {"temp>80", T},
    {"((temp))>((80))", T},
    {"temp > 80 and n > 5 or off", T},
    {"n/n == 1", U},
    {"n / n == 1", T},
    {"n-1 == 6", U},
    {"n - 1 == 6", T},
    {"n -1 == 6", T},
    {"min + 1 == 2", U},
    {"'n' == 7", T},
    {"min (1, 2) == 1", T},
};
/* clang-format on */

static void test_what_is_true(void **state)
{
    (void)state;
    assert_true(ARRAY_COUNT(meanings) > 200);
    for (size_t i = 0; i < ARRAY_COUNT(meanings); i++) {
        struct house house = house_usual();
        struct condition_result result = asked(&house, meanings[i].text);
        if (result.truth != meanings[i].truth)
            fail_msg("%s: %d", meanings[i].text, (int)result.truth);
        /* Why it is so changes nothing in what it is. */
        const struct condition *condition = parsed(meanings[i].text);
        struct condition_port port = house_port(&house, condition);
        struct condition_explanation explanation;
        port.cell_write = NULL;
        struct condition_result again =
            condition_evaluate(condition, &port, HOUSE_NOW, &explanation);
        assert_int_equal(again.truth, result.truth);
        assert_int_equal(explanation.truth, result.truth);
        assert_int_equal(again.wake_ns, result.wake_ns);
    }
}

/* ---- what the caller is asked, and told ---- */
static void test_timers(void **state)
{
    (void)state;
    struct house house = house_usual();
    const char *text = "(temp > 80 for 30s) or (n > 80 for 2m) and (dead > 1 for 1ms)";
    const struct condition *condition = parsed(text);
    assert_int_equal(condition_timers(condition), 3);
    assert_int_equal(condition_timer(condition, 0), 30 * NS_PER_S);
    assert_int_equal(condition_timer(condition, 1), 120 * NS_PER_S);
    assert_int_equal(condition_timer(condition, 2), NS_PER_MS);
    struct condition_result result = asked(&house, text);
    assert_int_equal(result.truth, F); /* none ran out */
    assert_int_equal(result.timers_run, 1);
    assert_int_equal(result.timers_stop, 2);
    house.elapsed = 7;
    result = asked(&house, text);
    assert_int_equal(result.truth, T); /* and the others are told all the same */
    assert_int_equal(result.timers_run, 1);
    assert_int_equal(result.timers_stop, 2);
    assert_int_equal(asked(&house, "dead > 1 for 1s").truth, U);
    house.elapsed = 2;
    result = asked(&house, "(temp > 80 for 1s) and temp > 1 for 5s");
    assert_int_equal(result.truth, F);
    assert_int_equal(result.timers_run, 1);
    assert_int_equal(result.timers_stop, 2);
}

static void test_when_to_wake(void **state)
{
    (void)state;
    struct house house = house_usual(); /* heard 10 s ago */
    static const struct {
        const char *text;
        int64_t later_ns; /* 0: never */
    } rows[] = {{"temp > 80", 0},
                {"stale(temp, 30s)", 20 * NS_PER_S},
                {"stale(temp, 10s)", 0},
                {"stale(silent, 10s)", 0},
                {"age(temp) > 30s", 20 * NS_PER_S},
                {"10s < age(temp)", 1},
                {"age(temp) > 9s", 0},
                {"age(temp) > age(n) * 2", NS_PER_S},
                {"any(stale('hall/+/smoke', 12s))", 2 * NS_PER_S},
                {"stale(temp, 30s) or stale(n, 20s)", 10 * NS_PER_S}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        int64_t expected = rows[i].later_ns == 0 ? INT64_MAX : HOUSE_NOW + rows[i].later_ns;
        if (asked(&house, rows[i].text).wake_ns != expected)
            fail_msg("%s", rows[i].text);
    }
    assert_false(condition_watches_time(parsed("temp > 80 for 5s")));
    assert_true(condition_watches_time(parsed("stale(temp, 5s)")));
    assert_true(condition_watches_time(parsed("any(age('hall/+/smoke') > 5s)")));
}

static void test_what_it_looks_at(void **state)
{
    (void)state;
    static const struct {
        const char *base;
        int reference; /* from 10: a set */
        const char *path;
    } rows[] = {{"a/b/c", 0, "x/y"},       {"a/b/c", 1, "a/b/c"},   {"a/b/c", 2, "a/b/z 1"},
                {"a/b/c", 3, "a/q"},       {"a/b/c", 4, "a/b/c/k"}, {"a/b/c", 6, "a/b"},
                {"a", 2, "z 1"},           {"a", 3, NULL},          {"a", 6, NULL},
                {"a/b/c", 5, NULL},        {"a/b/c", 10, "h/+"},    {"a/b/c", 11, "a/b/+/t"},
                {"a/b*/c", 2, "a/b*/z 1"}, {"a/b*/c", 11, NULL}};
    const struct condition *condition =
        parsed("x/y or . or '../z 1' or ../../q or ./k or {m} or .. or "
               "any('h/+') or any('../+/t') or . > 3");
    assert_int_equal(condition_references(condition), 7);
    assert_int_equal(condition_sets(condition), 2);
    assert_int_equal(condition_reference(condition, 5).kind, CONDITION_METRIC);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        bool set = rows[i].reference >= 10;
        unsigned number = (unsigned)rows[i].reference % 10;
        struct condition_reference reference =
            set ? condition_set(condition, number) : condition_reference(condition, number);
        uint8_t path[64];
        size_t size = 0;
        enum err err =
            condition_resolve(reference, set, bytes_text(rows[i].base), path, sizeof path, &size);
        assert_int_equal(err, rows[i].path == NULL ? ERR_INVALID : OK);
        if (rows[i].path == NULL)
            continue;
        assert_true(bytes_equal(bytes_of(path, size), bytes_text(rows[i].path)));
        assert_int_equal(
            condition_resolve(reference, set, bytes_text(rows[i].base), path, size - 1, &size),
            ERR_LIMIT);
    }
}

static void test_nothing_is_asked_that_does_not_matter(void **state)
{
    (void)state;
    struct house house = house_usual();
    (void)asked(&house, "any('tank/+/level' > temp - 80)");
    assert_int_equal(house.asked, 1);
    house.asked = 0;
    (void)asked(&house, "off and temp > 80");
    assert_int_equal(house.asked, 1);
    house.asked = 0;
    (void)asked(&house, "off and (temp > 80 for 1s)");
    assert_int_equal(house.asked, 2);
}

/* ---- why ---- */
static void test_why(void **state)
{
    (void)state;
    static const struct {
        const char *text, *why;
    } rows[] = {
        {"temp > 80", "temp 81.2 > 80"},
        {"temp > 100", "temp 81.2, not > 100"},
        {"temp > 80 and on", "temp 81.2 > 80; on is true"},
        {"temp > 100 and on", "temp 81.2, not > 100"},
        {"temp > 100 or n == 7 or on", "n 7 == 7"},
        {"dead > 3", "dead unknown > 3"},
        {"dead > 3 and on", "dead unknown > 3"},
        {"not off", "off is false"},
        {". - ../flow > 3", ". - ../flow 37.5 > 3"},
        {". > ../flow", "value 50 > flow 12.5"},
        {"'press 3/temp' > 60", "temp 70 > 60"},
        {"{temp} > 60", "temp 81.2 > 60"},
        {"mode == \"auto\"", "mode \"auto\" == \"auto\""},
        {"stale(temp, 5s)", "stale(temp, 5s) is true"},
        {"age(temp) > 5s", "age(temp) 10s > 5s"},
        {"temp > 80 for 30s", "temp > 80 for 30s is false"},
        {"any('hall/+/smoke' > 0.5)", "each 0.7 > 0.5"},
        {"any('tank/+/level' > 50)", "any('tank/+/level' > 50) is false"},
        {"any('hall/+/smoke' > 1)", "each unknown > 1"},
        {"count('hall/+/smoke' > 0.5) >= 2",
         "each 0.7 > 0.5; each 0.9 > 0.5; count('hall/+/smoke' > 0.5) 2 to 3 >= 2"},
        {"max('tank/+/level') > 25", "max('tank/+/level') 30 > 25"},
        {"if(on, temp, n) > 80", "on is true; if(on, temp, n) 81.2 > 80"},
        {"true", ""},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct house house = house_usual();
        const struct condition *condition = parsed(rows[i].text);
        struct condition_port port = house_port(&house, condition);
        struct condition_explanation explanation;
        char line[200];
        (void)condition_evaluate(condition, &port, HOUSE_NOW, &explanation);
        assert_string_equal(condition_explain(&explanation, NULL, line, sizeof line), rows[i].why);
    }
}

static struct bytes name_it(void *context, const struct condition_operand *operand)
{
    (void)snprintf(context, 40, "%s-%d-%d", operand->set >= 0 ? "set" : "point",
                   operand->set >= 0 ? operand->set : operand->reference, (int)operand->point);
    return bytes_text(context);
}

static void test_names_and_room(void **state)
{
    (void)state;
    struct house house = house_usual();
    const struct condition *condition = parsed("any('hall/+/smoke' > 0.5) and temp > 80");
    struct condition_port port = house_port(&house, condition);
    struct condition_explanation explanation;
    char name[40], line[64];
    struct condition_names names = {name, name_it};
    house.points[0].sample.point = 77;
    (void)condition_evaluate(condition, &port, HOUSE_NOW, &explanation);
    condition_explain(&explanation, &names, line, sizeof line);
    assert_string_equal(line, "set-0-1 0.7 > 0.5; point-0-77 81.2 > 80");
    for (size_t room = 1; room < 39; room++) {
        char cut[64];
        condition_explain(&explanation, &names, cut, room);
        assert_int_equal(strlen(cut), room - 1);
        assert_memory_equal(cut, line, room - 1);
    }
}

static void test_leaves_at_both_sides(void **state)
{
    (void)state;
    struct house house = house_usual();
    struct condition_explanation explanation;
    char line[300];
    for (size_t more = 0; more < 2; more++) {
        const struct condition *condition =
            parsed(more == 0 ? "on and on and on and on and on and on and on and on"
                             : "on and on and on and on and on and on and on and on and on");
        struct condition_port port = house_port(&house, condition);
        (void)condition_evaluate(condition, &port, HOUSE_NOW, &explanation);
        assert_int_equal(explanation.count, CONDITION_LEAVES_MAX);
        assert_int_equal(explanation.more, more);
        condition_explain(&explanation, NULL, line, sizeof line);
        assert_int_equal(strstr(line, "; ...") != NULL, more);
    }
}

/* ---- how it is written ---- */
static void test_how_it_is_printed(void **state)
{
    (void)state;
    static const struct {
        const char *text, *printed;
    } rows[] = {
        {"temp>80&&!on||off", "temp > 80 and not on or off"},
        {"((a))>((1+2))*3", "a > (1 + 2) * 3"},
        {"a - (b - c) > 1", "a - (b - c) > 1"},
        {"(a - b) - c > 1", "a - b - c > 1"},
        {"'plain/path' > 80.50", "plain/path > 80.5"},
        {"'with blank' > 1e2", "'with blank' > 100.0"},
        {"'and' or 'it''s'", "'and' or 'it''s'"},
        {"stale(a, 3600s) or age(a) > 90s", "stale(a, 1h) or age(a) > 90s"},
        {"(a > 1 for 60s)", "a > 1 for 1m"},
        {"(a > 1 for 60s) or b", "(a > 1 for 1m) or b"},
        {"count('x/+', each > 3 and each < 5) == 1", "count('x/+' > 3 and each < 5) == 1"},
        {"any('x/+', good(ch) and each < 20)", "any(good(ch) and 'x/+' < 20)"},
        {"abs(deviation(a, 10m)) > 1", "abs(deviation(a, baseline 10m)) > 1"},
        {"a == (not b)", "a == (not b)"},
        {"(a and b) and c or (d or e)", "a and b and c or (d or e)"},
        {"-(-(3)) > -a", "3 > -a"},
        {"mode == \"a\"\"b\"", "mode == \"a\"\"b\""},
        {"\xe6\xb8\xa9\xe5\xba\xa6 > 80", "\xe6\xb8\xa9\xe5\xba\xa6 > 80"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct bytes printed = condition_text(parsed(rows[i].text));
        if (!bytes_equal(printed, bytes_text(rows[i].printed)))
            fail_msg("%s: %.*s", rows[i].text, (int)printed.size, (const char *)printed.at);
    }
}

/* A program is moved, and lies between other bytes: nothing in it says where it was. */
static void test_a_program_can_be_moved(void **state)
{
    (void)state;
    struct house house = house_usual();
    const struct condition *condition = parsed("mode == \"auto\" and any('tank/+/level' > 25.5)");
    size_t size = condition_size(condition);
    assert_int_equal(size % 8, 0);
    uint64_t *moved = malloc(size); /* not a byte more */
    assert_non_null(moved);
    memcpy(moved, condition, size);
    memset(memory, 0xee, sizeof memory);
    condition = (const struct condition *)(const void *)moved;
    struct condition_port port = house_port(&house, condition);
    struct condition_explanation explanation;
    assert_int_equal(condition_evaluate(condition, &port, HOUSE_NOW, &explanation).truth, T);
    free(moved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_true),
        cmocka_unit_test(test_timers),
        cmocka_unit_test(test_when_to_wake),
        cmocka_unit_test(test_what_it_looks_at),
        cmocka_unit_test(test_nothing_is_asked_that_does_not_matter),
        cmocka_unit_test(test_why),
        cmocka_unit_test(test_names_and_room),
        cmocka_unit_test(test_leaves_at_both_sides),
        cmocka_unit_test(test_how_it_is_printed),
        cmocka_unit_test(test_a_program_can_be_moved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
