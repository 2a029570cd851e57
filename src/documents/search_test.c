/* What is found, what is not, in which order, and what is shown of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "documents/search.h"

#define MOST 10
struct house {
    struct search *search;
    struct document_hit hits[MOST];
    size_t count;
};

static void put_in(struct house *h, uint32_t tenant, uint32_t document, const char *name,
                   const char *title, const char *text)
{
    const struct search_entry entry = {.tenant = tenant,
                                       .document = document,
                                       .made = 1000 + document,
                                       .name = bytes_text(name),
                                       .title = bytes_text(title),
                                       .text = bytes_text(text)};
    assert_int_equal(search_put(h->search, &entry), OK);
}

static void put(struct house *h, uint32_t document, const char *name, const char *title,
                const char *text)
{
    put_in(h, 1, document, name, title, text);
}

static void ask_in(struct house *h, uint32_t tenant, const char *question)
{
    assert_int_equal(search_ask(h->search, tenant, bytes_text(question), h->hits, MOST, &h->count),
                     OK);
}

static bool found(struct house *h, uint32_t document)
{
    for (size_t i = 0; i < h->count; i++) {
        if (h->hits[i].document == document)
            return true;
    }
    return false;
}

/* The question finds these, listed to 0, and nothing else. */
static void assert_finds(struct house *h, const char *question, ...)
{
    va_list wanted;
    size_t count = 0;
    ask_in(h, 1, question);
    va_start(wanted, question);
    for (int document = va_arg(wanted, int); document != 0; document = va_arg(wanted, int)) {
        count++;
        if (!found(h, (uint32_t)document))
            fail_msg("'%s' does not find %d", question, document);
    }
    va_end(wanted);
    if (h->count != count)
        fail_msg("'%s' finds %zu, not %zu; the first is %u", question, h->count, count,
                 h->count > 0 ? h->hits[0].document : 0);
}

static void assert_shown(const struct document_hit *hit, const char *part)
{
    char text[DOCUMENT_SNIPPET_MAX + 1];
    memcpy(text, hit->snippet, hit->snippet_size);
    text[hit->snippet_size] = 0;
    if (strstr(text, part) == NULL)
        fail_msg("'%s' is not in '%s'", part, text);
    assert_true(bytes_are_utf8(bytes_of(hit->snippet, hit->snippet_size)));
}

#define B "\xc2\xab" /* around what matched */
#define E "\xc2\xbb"

/* A plant's shelf: what is right for a question and what only looks like it. */
enum shelf { PUMPS = 1, FIRE, VALVE, ROOM, WATER, POWER, FIREPLACE, PRESSURE };
static void shelf_fill(struct house *h)
{
    put(h, PUMPS, "pump-manual", "水泵操作规程",
        "循环水泵启动前检查轴承温度。水泵停止后关闭出口。");
    put(h, FIRE, "fire-procedure", "消防应急预案",
        "The fire pump starts by itself. 消防泵每周试运行一次。");
    put(h, VALVE, "valve list", "Valves", "电动阀门和手动阀的清单。");
    put(h, ROOM, "room", "泵房巡检", "泵房内温度正常，出口压力保持在 0.6 MPa。");
    put(h, WATER, "water", "水质报告", "水的硬度和泵的材料分开讨论：水、泵。");
    put(h, POWER, "power", "Power supply", "The pump house; and later, far away, a fire alarm.");
    put(h, FIREPLACE, "fireplace", "", "A fireplace is no firepump, and pumping is not pumps.");
    put(h, PRESSURE, "pressure", "压力容器", "压力表的校验，与消毒和防护无关。");
}

static void house_open(struct house *h)
{
    memset(h, 0, sizeof *h);
    assert_int_equal(search_create(&h->search), OK);
    shelf_fill(h);
}

static void house_close(struct house *h)
{
    search_destroy(h->search);
}

/* ---- the questions of the issue ----------------------------------------------------------------
 */
static void test_water_pump(void **arg) /* 水泵: in one piece, also within 循环水泵 */
{
    (void)arg;
    struct house h;
    house_open(&h);
    assert_finds(&h, "水泵", PUMPS, 0); /* not where 水 and 泵 stand apart */
    assert_shown(&h.hits[0], "循环" B "水泵" E "启动前");
    assert_int_equal(h.hits[0].made, 1000 + PUMPS);
    house_close(&h);
}

static void test_fire_fighting(void **arg) /* 消防: not 消毒和防护 */
{
    (void)arg;
    struct house h;
    house_open(&h);
    assert_finds(&h, "消防", FIRE, 0);
    assert_shown(&h.hits[0], B "消防" E "泵每周");
    house_close(&h);
}

static void test_valve_is_one_character(void **arg) /* 阀: inside a run and at its end */
{
    (void)arg;
    struct house h;
    house_open(&h);
    assert_finds(&h, "阀", VALVE, 0);
    assert_shown(&h.hits[0], "电动" B "阀" E "门和手动" B "阀" E "的清单");
    house_close(&h);
}

static void test_room_and_pressure(void **arg) /* 泵房 压力: both, wherever */
{
    (void)arg;
    struct house h;
    house_open(&h);
    assert_finds(&h, "泵房 压力", ROOM, 0); /* 压力 alone is not enough */
    assert_shown(&h.hits[0], B "泵房" E "内温度");
    assert_shown(&h.hits[0], "出口" B "压力" E "保持");
    assert_finds(&h, "压力", ROOM, PRESSURE, 0);
    house_close(&h);
}

static void test_fire_pump(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    assert_finds(&h, "\"fire pump\"", FIRE, 0); /* one behind the other */
    assert_shown(&h.hits[0], "The " B "fire" E " " B "pump" E " starts");
    assert_finds(&h, "fire pump", FIRE, POWER, 0); /* both, wherever: no fireplace, no pumping */
    assert_int_equal(h.hits[0].document, FIRE);    /* and its name says fire */
    house_close(&h);
}

/* ---- words -------------------------------------------------------------------------------------
 */
static void test_letters_are_folded(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    put(&h, 20, "u", "", "Die KÜHLWASSERPUMPE läuft, ΑΝΤΛΙΑ");
    assert_finds(&h, "kuhlwasserpumpe", 20, 0);
    assert_finds(&h, "LAUFT", 20, 0);
    assert_finds(&h, "αντλια", 20, 0);
    assert_finds(&h, "kuhlwasser", 0); /* whole words */
    house_close(&h);
}

static void test_runs_beside_letters(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    put(&h, 20, "u", "", "3号泵P101房");
    put(&h, 21, "v", "", "号泵 4");
    assert_finds(&h, "3号泵", 20, 0);
    assert_finds(&h, "号泵P101", 20, 0);
    assert_finds(&h, "p101房", 20, 0);
    assert_finds(&h, "号泵", 20, 21, 0);
    assert_finds(&h, "\xf0\xa0\x80\x80\xe6\xb3\xb5", 0); /* a character of four bytes */
    put(&h, 22, "w", "", "x\xf0\xa0\x80\x80\xe6\xb3\xb5y");
    assert_finds(&h, "\xf0\xa0\x80\x80\xe6\xb3\xb5", 22, 0);
    house_close(&h);
}

static void test_a_long_run_is_a_phrase(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    put(&h, 20, "u", "", "出口压力保持");
    put(&h, 21, "v", "", "压力出口，出口压，力保");
    assert_finds(&h, "出口压力", ROOM, 20, 0);
    assert_shown(&h.hits[0], B "出口压力" E);
    house_close(&h);
}

static void test_no_question_is_a_language(void **arg)
{
    (void)arg;
    static const char *const odd[] = {"",      " ",     "\"",      "\"\"",   "*",           "-",
                                      "AND",   "NEAR(", "fire OR", "name:x", "a\"b\"c",     "^fire",
                                      "{a b}", "fire*", "(fire",   "'",      "\"fire pump", "--"};
    struct house h;
    house_open(&h);
    for (size_t i = 0; i < ARRAY_COUNT(odd); i++)
        ask_in(&h, 1, odd[i]);
    assert_finds(&h, "\"fire pump", FIRE, 0); /* a quote that is not closed */
    assert_finds(&h, "fire*", FIRE, POWER, 0);
    assert_finds(&h, "", 0);
    assert_finds(&h, "!!", 0);
    assert_int_equal(search_ask(h.search, 1, bytes_text("\xff"), h.hits, MOST, &h.count),
                     ERR_INVALID);
    house_close(&h);
}

static void test_questions_have_a_length(void **arg)
{
    (void)arg;
    struct house h;
    char longest[DOCUMENT_QUESTION_MAX + 1];
    house_open(&h);
    memset(longest, 'a', sizeof longest);
    assert_int_equal(
        search_ask(h.search, 1, bytes_of(longest, DOCUMENT_QUESTION_MAX), h.hits, MOST, &h.count),
        OK);
    assert_int_equal(
        search_ask(h.search, 1, bytes_of(longest, sizeof longest), h.hits, MOST, &h.count),
        ERR_INVALID);
    for (size_t i = 0; i < DOCUMENT_QUESTION_MAX; i += 2)
        memcpy(longest + i, "\"x", 2); /* as many quotes as can be */
    assert_int_equal(
        search_ask(h.search, 1, bytes_of(longest, DOCUMENT_QUESTION_MAX), h.hits, MOST, &h.count),
        OK);
    for (size_t i = 0; i + 6 <= DOCUMENT_QUESTION_MAX; i += 6)
        memcpy(longest + i, "水泵", 6); /* more words than marks */
    assert_int_equal(search_ask(h.search, 1, bytes_of(longest, DOCUMENT_QUESTION_MAX / 6 * 6),
                                h.hits, MOST, &h.count),
                     OK);
    house_close(&h);
}

/* ---- ranks -------------------------------------------------------------------------------------
 */
static void test_names_and_titles_weigh_more(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    put(&h, 20, "notes", "", "turbine and other things, many of them, in a long text of words");
    put(&h, 21, "others", "The turbine", "of other things, many of them, in a long text of words");
    put(&h, 22, "turbine", "", "of other things, many of them, in a long text of words");
    assert_finds(&h, "turbine", 20, 21, 22, 0);
    assert_int_equal(h.hits[0].document, 22);
    assert_int_equal(h.hits[1].document, 21);
    assert_int_equal(h.hits[2].document, 20);
    assert_int_equal(h.hits[0].snippet_size, 0); /* nothing of its text */
    assert_true(h.hits[2].snippet_size > 0);
    house_close(&h);
}

static void test_more_often_is_before(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    put(&h, 20, "a", "", "boiler here, and then a text about quite other things than that");
    put(&h, 21, "b", "", "boiler, boiler and boiler, and then a text about other things");
    assert_finds(&h, "boiler", 20, 21, 0);
    assert_int_equal(h.hits[0].document, 21);
    assert_int_equal(search_ask(h.search, 1, bytes_text("boiler"), h.hits, 1, &h.count), OK);
    assert_int_equal(h.count, 1);
    assert_int_equal(h.hits[0].document, 21);
    house_close(&h);
}

/* ---- what changes ------------------------------------------------------------------------------
 */
static void test_replaced_and_removed(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    put(&h, VALVE, "valve list", "", "now of taps alone");
    assert_finds(&h, "阀", 0);
    assert_finds(&h, "taps", VALVE, 0);
    assert_int_equal(search_remove(h.search, 1, VALVE), OK);
    assert_int_equal(search_remove(h.search, 1, VALVE), OK);
    assert_int_equal(search_remove(h.search, 9, VALVE), OK);
    assert_finds(&h, "taps", 0);
    for (uint32_t document = PUMPS; document <= PRESSURE; document++)
        assert_int_equal(search_remove(h.search, 1, document), OK);
    assert_finds(&h, "水泵", 0);
    shelf_fill(&h);
    assert_finds(&h, "水泵", PUMPS, 0);
    house_close(&h);
}

static void test_tenants_are_apart(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    put_in(&h, 2, PUMPS, "other", "", "turbine 水泵");
    put_in(&h, 2, 50, "other", "", "turbine");
    assert_finds(&h, "turbine", 0);
    ask_in(&h, 2, "turbine");
    assert_int_equal(h.count, 2);
    ask_in(&h, 3, "turbine");
    assert_int_equal(h.count, 0);
    assert_int_equal(search_remove(h.search, 2, PUMPS), OK);
    assert_finds(&h, "水泵", PUMPS, 0);
    house_close(&h);
}

/* ---- snippets ----------------------------------------------------------------------------------
 */
static void test_a_snippet_of_a_long_text(void **arg)
{
    (void)arg;
    struct house h;
    char *text = malloc(100000);
    size_t size = 0;
    house_open(&h);
    for (int i = 0; i < 2000; i++)
        size += (size_t)sprintf(text + size, "%s\n", i == 700 ? "齿轮箱 only" : "泵房的门。");
    size += (size_t)sprintf(text + size, "The 齿轮箱\tand the coupling 联轴器, together.");
    put(&h, 20, "long", "", text);
    assert_finds(&h, "齿轮箱 联轴器", 20, 0);
    assert_shown(&h.hits[0], "The " B "齿轮箱" E " and the coupling " B "联轴器" E ", together.");
    assert_true(h.hits[0].snippet_size <= DOCUMENT_SNIPPET_MAX);
    assert_memory_equal(h.hits[0].snippet, "\xe2\x80\xa6", 3); /* something stands before */
    free(text);
    house_close(&h);
}

static void test_snippets_are_whole(void **arg)
{
    (void)arg;
    struct house h;
    char text[4000];
    house_open(&h);
    for (int shift = 0; shift < 12; shift++) {
        size_t size = 0;
        for (int i = 0; i < shift; i++)
            text[size++] = 'x';
        for (int i = 0; i < 300; i++)
            size += (size_t)sprintf(text + size, "%s", i % 2 == 0 ? "泵" : " p ");
        put(&h, 20, "many", "", text);
        assert_finds(&h, "泵 p", 20, 0);
        int open = 0;
        for (size_t i = 0; i + 1 < h.hits[0].snippet_size; i++) {
            if (memcmp(h.hits[0].snippet + i, B, 2) == 0)
                assert_int_equal(++open, 1);
            if (memcmp(h.hits[0].snippet + i, E, 2) == 0)
                assert_int_equal(--open, 0);
        }
        assert_int_equal(open, 0);
        if (memmem(h.hits[0].snippet, h.hits[0].snippet_size, B, 2) == NULL)
            fail_msg("%d: %.*s", shift, (int)h.hits[0].snippet_size, h.hits[0].snippet);
    }
    house_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_water_pump),
        cmocka_unit_test(test_fire_fighting),
        cmocka_unit_test(test_valve_is_one_character),
        cmocka_unit_test(test_room_and_pressure),
        cmocka_unit_test(test_fire_pump),
        cmocka_unit_test(test_letters_are_folded),
        cmocka_unit_test(test_runs_beside_letters),
        cmocka_unit_test(test_a_long_run_is_a_phrase),
        cmocka_unit_test(test_no_question_is_a_language),
        cmocka_unit_test(test_questions_have_a_length),
        cmocka_unit_test(test_names_and_titles_weigh_more),
        cmocka_unit_test(test_more_often_is_before),
        cmocka_unit_test(test_replaced_and_removed),
        cmocka_unit_test(test_tenants_are_apart),
        cmocka_unit_test(test_a_snippet_of_a_long_text),
        cmocka_unit_test(test_snippets_are_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
