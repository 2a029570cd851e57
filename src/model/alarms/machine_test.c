/* All of the machine: every state, what hides it, guards and event; against a second formulation of
 * what the standard asks for, in booleans; and the page that prints the table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/alarms/machine.h"

/* ---- the other formulation: what is so, instead of where it stands -----------------------------
 */
struct facts {
    bool active;  /* the condition holds */
    bool latched; /* it held, and it latches */
    bool wanted;  /* somebody must say that he saw it */
    bool unheard; /* nobody was told of what stands */
    bool shelved, suppressed, out;
    bool told, refused; /* by the last event */
};

static bool facts_hidden(const struct facts *f)
{
    return f->shelved || f->suppressed || f->out;
}

static void facts_quiet(struct facts *f)
{
    f->active = f->latched = f->wanted = f->unheard = false;
}

static void facts_process(struct facts *f, enum alarm_event event, bool latches, bool needs)
{
    bool hidden = facts_hidden(f);
    if (event == ALARM_HOLDS && !f->active) {
        f->active = true;
        f->latched = false;
        f->wanted = needs;
        f->told = !hidden;
        f->unheard = hidden;
    } else if (event == ALARM_ENDS && f->active) {
        f->active = false;
        f->latched = latches;
    } else if (event == ALARM_REALARM && f->active && !hidden) {
        f->wanted = needs || f->wanted;
        f->told = true;
    } else if (event == ALARM_RULE_CHANGED) {
        f->wanted = f->wanted && needs;
        f->latched = f->latched && latches;
    }
    if (!f->active && !f->latched && (f->unheard || !f->wanted))
        facts_quiet(f);
}

static void facts_people(struct facts *f, enum alarm_event event)
{
    if (facts_hidden(f)) {
        f->refused = true;
    } else if (event == ALARM_ACKNOWLEDGE) {
        f->refused = !f->wanted;
        f->wanted = false;
    } else {
        f->refused = !f->latched;
        f->latched = false;
    }
}

static void facts_hide(struct facts *f, enum alarm_event event)
{
    bool before = facts_hidden(f);
    switch (event) {
    case ALARM_SHELVE:
        f->refused = f->suppressed || f->out;
        f->shelved = f->shelved || !f->refused;
        break;
    case ALARM_UNSHELVE:
        f->refused = !f->shelved; /* and as shelving expires */
        f->shelved = false;
        break;
    case ALARM_SHELVING_EXPIRES:
        f->shelved = false;
        break;
    case ALARM_SUPPRESS:
    case ALARM_UNSUPPRESS:
        f->suppressed = event == ALARM_SUPPRESS;
        break;
    default:
        f->refused = f->out == (event == ALARM_REMOVE_FROM_SERVICE);
        f->out = event == ALARM_REMOVE_FROM_SERVICE;
    }
    if (before && !facts_hidden(f)) {
        f->told = f->unheard || (f->active && f->wanted);
        f->unheard = false;
    }
}

static void facts_step(struct facts *f, enum alarm_event event, uint8_t guards)
{
    f->told = f->refused = false;
    if (event == ALARM_RULE_REMOVED)
        *f = (struct facts){0};
    else if (event == ALARM_ACKNOWLEDGE || event == ALARM_RESET)
        facts_people(f, event);
    else if (event < ALARM_EVENTS_KEPT)
        facts_process(f, event, guards & ALARM_LATCHES, guards & ALARM_NEEDS_ACKNOWLEDGE);
    else
        facts_hide(f, event);
}

static struct alarm_machine facts_machine(const struct facts *f)
{
    struct alarm_machine m = {.untold = f->unheard};
    if (f->active)
        m.state = f->wanted ? ALARM_UNACKNOWLEDGED : ALARM_ACKNOWLEDGED;
    else if (f->latched)
        m.state = f->wanted ? ALARM_LATCHED : ALARM_LATCHED_ACKNOWLEDGED;
    else
        m.state = f->wanted ? ALARM_RETURNED : ALARM_NORMAL;
    m.hidden = (uint8_t)((f->shelved ? ALARM_HIDDEN_SHELVED : 0) |
                         (f->suppressed ? ALARM_HIDDEN_SUPPRESSED : 0) |
                         (f->out ? ALARM_HIDDEN_OUT_OF_SERVICE : 0));
    return m;
}

static struct facts facts_of(struct alarm_machine m)
{
    bool latched = m.state == ALARM_LATCHED || m.state == ALARM_LATCHED_ACKNOWLEDGED;
    return (struct facts){.active = alarm_is_active(m),
                          .latched = latched,
                          .wanted = m.state == ALARM_UNACKNOWLEDGED || m.state == ALARM_RETURNED ||
                                    m.state == ALARM_LATCHED,
                          .unheard = m.untold,
                          .shelved = m.hidden & ALARM_HIDDEN_SHELVED,
                          .suppressed = m.hidden & ALARM_HIDDEN_SUPPRESSED,
                          .out = m.hidden & ALARM_HIDDEN_OUT_OF_SERVICE};
}

/* ---- every machine there is --------------------------------------------------------------------
 */
#define MACHINES (ALARM_STATES_KEPT * 8u * 2u)
static struct alarm_machine machine_at(unsigned number)
{
    return (struct alarm_machine){(uint8_t)(number / 16), (uint8_t)(number / 2 % 8), number % 2};
}

static unsigned machine_number(struct alarm_machine m)
{
    return m.state * 16u + m.hidden * 2u + m.untold;
}

static void assert_step(struct alarm_machine m, enum alarm_event event, uint8_t guards)
{
    struct facts f = facts_of(m);
    struct alarm_step step = alarm_step(m, event, guards);
    struct alarm_machine wanted;
    facts_step(&f, event, guards);
    wanted = facts_machine(&f);
    if (machine_number(step.machine) != machine_number(wanted) || step.told != f.told ||
        (step.refusal != NULL) != f.refused)
        fail_msg("%c/%u/%d, %s, guards %u: %c/%u/%d told %d refused %d, wanted %c/%u/%d told %d "
                 "refused %d",
                 alarm_state_letter(m.state), m.hidden, m.untold, alarm_event_word(event), guards,
                 alarm_state_letter(step.machine.state), step.machine.hidden, step.machine.untold,
                 step.told, step.refusal != NULL, alarm_state_letter(wanted.state), wanted.hidden,
                 wanted.untold, f.told, f.refused);
    assert_true(alarm_machine_is_valid(step.machine));
    assert_int_equal(step.moved, machine_number(step.machine) != machine_number(m));
    assert_false(step.refusal != NULL && (step.moved || step.told));
    assert_false(step.told && alarm_shown(step.machine) >= ALARM_SHELVED); /* hidden is silent */
    if (event == ALARM_HOLDS || event == ALARM_ENDS)
        assert_int_equal(alarm_is_active(step.machine), event == ALARM_HOLDS);
    if (event < ALARM_ACKNOWLEDGE || event == ALARM_REALARM || event == ALARM_SHELVING_EXPIRES ||
        event == ALARM_SUPPRESS || event == ALARM_UNSUPPRESS)
        assert_null(step.refusal); /* nobody is there to hear it */
}

static void test_every_state_guard_and_event(void **arg)
{
    (void)arg;
    unsigned entries = 0;
    for (unsigned i = 0; i < MACHINES; i++)
        for (uint8_t guards = 0; guards < ALARM_GUARDS; guards++)
            for (unsigned event = 0; event < ALARM_EVENTS && alarm_machine_is_valid(machine_at(i));
                 event++, entries++)
                assert_step(machine_at(i), (enum alarm_event)event, guards);
    print_message("%u entries\n", entries);
    assert_true(entries >= ALARM_STATES_KEPT * 8 * ALARM_GUARDS * ALARM_EVENTS);
}

/* From `from`, with a rule that latches or not, needs or not: which machines can come? */
static void reach(bool *reached, unsigned from, uint8_t guards)
{
    bool grown = true;
    memset(reached, 0, MACHINES);
    reached[from] = true;
    while (grown) {
        grown = false;
        for (unsigned i = 0; i < MACHINES; i++)
            for (unsigned event = 0; event < ALARM_EVENTS && reached[i]; event++) {
                if (event == ALARM_RULE_REMOVED || event == ALARM_RULE_CHANGED)
                    continue;
                struct alarm_step step = alarm_step(machine_at(i), (enum alarm_event)event, guards);
                unsigned to = machine_number(step.machine);
                grown = grown || !reached[to];
                reached[to] = true;
            }
    }
}

static void test_all_states_are_reached_and_left(void **arg)
{
    (void)arg;
    static bool reached[MACHINES], back[MACHINES];
    bool shown[ALARM_STATES] = {false}, any[MACHINES] = {false};
    for (uint8_t guards = 0; guards < ALARM_GUARDS; guards++) {
        reach(reached, 0, guards);
        for (unsigned i = 0; i < MACHINES; i++) {
            if (!reached[i])
                continue;
            any[i] = true;
            shown[alarm_shown(machine_at(i))] = true;
            reach(back, i, guards);
            assert_true(back[0]); /* no dead end: it can become normal, without removing the rule */
            bool latched = machine_at(i).state >= ALARM_LATCHED;
            bool wanted = machine_at(i).state == ALARM_RETURNED || machine_at(i).state == 1 ||
                          machine_at(i).state == ALARM_LATCHED;
            assert_false(latched && !(guards & ALARM_LATCHES));
            assert_false(wanted && !(guards & ALARM_NEEDS_ACKNOWLEDGE));
        }
    }
    for (unsigned i = 0; i < ALARM_STATES; i++)
        assert_true(shown[i]);
    for (unsigned i = 0; i < MACHINES; i++) /* what is valid is just what can come */
        assert_int_equal(any[i], alarm_machine_is_valid(machine_at(i)));
}

static void test_a_rule_that_changes_leaves_what_it_could_have_made(void **arg)
{
    (void)arg;
    static bool reached[MACHINES];
    for (uint8_t guards = 0; guards < ALARM_GUARDS; guards++) {
        reach(reached, 0, guards);
        for (unsigned i = 0; i < MACHINES; i++) {
            if (!alarm_machine_is_valid(machine_at(i)))
                continue;
            struct alarm_step step = alarm_step(machine_at(i), ALARM_RULE_CHANGED, guards);
            assert_false(step.told);
            step.machine.untold = false; /* that is of the past, not of the rule */
            assert_true(reached[machine_number(step.machine)]);
            step = alarm_step(machine_at(i), ALARM_RULE_REMOVED, guards);
            assert_true(machine_number(step.machine) == 0 && !step.told);
        }
    }
}

static void test_random_walks(void **arg)
{
    (void)arg;
    uint64_t random = 7, told = 0;
    for (int walk = 0; walk < 2000; walk++) {
        struct alarm_machine m = {0};
        struct facts f = {0};
        uint8_t guards = (uint8_t)(walk % ALARM_GUARDS);
        for (int i = 0; i < 200; i++) {
            random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
            enum alarm_event event = (enum alarm_event)((random >> 33) % ALARM_EVENTS);
            if (event == ALARM_RULE_CHANGED)
                guards = (uint8_t)(random >> 60) % ALARM_GUARDS;
            struct alarm_step step = alarm_step(m, event, guards);
            facts_step(&f, event, guards);
            m = step.machine;
            assert_int_equal(machine_number(m), machine_number(facts_machine(&f)));
            assert_true(step.told == f.told && (step.refusal != NULL) == f.refused);
            /* Shown as normal is what nobody must know of. */
            assert_false(alarm_shown(m) == ALARM_NORMAL && (f.active || f.latched || f.wanted));
            told += step.told;
        }
    }
    assert_true(told > 1000);
}

static void test_sentences(void **arg)
{
    (void)arg;
    static const struct {
        struct alarm_machine machine;
        enum alarm_event event;
        const char *refusal;
    } rows[] = {
        {{ALARM_NORMAL, 0, false}, ALARM_ACKNOWLEDGE, "it is not active"},
        {{ALARM_ACKNOWLEDGED, 0, false}, ALARM_ACKNOWLEDGE, "it is acknowledged already"},
        {{ALARM_ACKNOWLEDGED, 0, false}, ALARM_RESET, "its condition still holds"},
        {{ALARM_RETURNED, 0, false}, ALARM_RESET, "it is not latched"},
        {{ALARM_UNACKNOWLEDGED, 1, false}, ALARM_ACKNOWLEDGE, "it is shelved"},
        {{ALARM_UNACKNOWLEDGED, 3, false}, ALARM_RESET, "it is suppressed by design"},
        {{ALARM_UNACKNOWLEDGED, 7, false}, ALARM_SHELVE, "it is out of service"},
        {{ALARM_UNACKNOWLEDGED, 0, false}, ALARM_UNSHELVE, "it is not shelved"},
        {{ALARM_NORMAL, 4, false}, ALARM_REMOVE_FROM_SERVICE, "it is out of service already"},
        {{ALARM_NORMAL, 0, false}, ALARM_RETURN_TO_SERVICE, "it is in service"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct alarm_step step = alarm_step(rows[i].machine, rows[i].event, 2);
        assert_non_null(step.refusal);
        assert_string_equal(step.refusal, rows[i].refusal);
    }
}

/* ---- delays ------------------------------------------------------------------------------------
 */
static void test_delays(void **arg)
{
    (void)arg;
    const struct alarm_delays none = {0, 0}, some = {5, 7};
    struct alarm_delay_step s = alarm_delay_judge(ALARM_SETTLED, false, ALARM_TRUE, &none);
    assert_true(s.has_event && s.event == ALARM_HOLDS && !s.timer_set && !s.timer_stop);
    s = alarm_delay_judge(ALARM_SETTLED, true, ALARM_FALSE, &none);
    assert_true(s.has_event && s.event == ALARM_ENDS);
    s = alarm_delay_judge(ALARM_SETTLED, false, ALARM_TRUE, &some);
    assert_true(!s.has_event && s.timer_set && s.delay_ns == 5 && s.pending == ALARM_ABOUT_TO_HOLD);
    s = alarm_delay_judge(ALARM_ABOUT_TO_HOLD, false, ALARM_TRUE, &some); /* it goes on */
    assert_true(!s.has_event && !s.timer_set && !s.timer_stop && s.pending == ALARM_ABOUT_TO_HOLD);
    s = alarm_delay_judge(ALARM_ABOUT_TO_HOLD, false, ALARM_UNKNOWN, &some);
    assert_true(!s.has_event && !s.timer_stop && s.pending == ALARM_ABOUT_TO_HOLD);
    s = alarm_delay_judge(ALARM_ABOUT_TO_HOLD, false, ALARM_FALSE, &some);
    assert_true(!s.has_event && s.timer_stop && s.pending == ALARM_SETTLED);
    s = alarm_delay_judge(ALARM_ABOUT_TO_HOLD, false, ALARM_TRUE, &none); /* the rule changed */
    assert_true(s.has_event && s.timer_stop && s.pending == ALARM_SETTLED);
    s = alarm_delay_judge(ALARM_SETTLED, true, ALARM_FALSE, &some);
    assert_true(!s.has_event && s.timer_set && s.delay_ns == 7 && s.pending == ALARM_ABOUT_TO_END);
    s = alarm_delay_judge(ALARM_ABOUT_TO_END, true, ALARM_TRUE, &some);
    assert_true(!s.has_event && s.timer_stop && s.pending == ALARM_SETTLED);
    s = alarm_delay_judge(ALARM_ABOUT_TO_END, false, ALARM_TRUE, &some); /* it ended otherwise */
    assert_true(s.timer_stop && s.timer_set && s.pending == ALARM_ABOUT_TO_HOLD);
    s = alarm_delay_expire(ALARM_ABOUT_TO_HOLD);
    assert_true(s.has_event && s.event == ALARM_HOLDS && s.pending == ALARM_SETTLED);
    s = alarm_delay_expire(ALARM_ABOUT_TO_END);
    assert_true(s.has_event && s.event == ALARM_ENDS && s.pending == ALARM_SETTLED);
    assert_false(alarm_delay_expire(ALARM_SETTLED).has_event);
}

/* ---- the page ----------------------------------------------------------------------------------
 */
#define MARK_BEGIN "<!-- the table: made by machine_test -->\n"
#define MARK_END "<!-- the end of the table -->\n"
static const char *const guards_words[] = {"", "latches", "needs", "latches, needs"};

/* What happens in a shown state, with one combination of guards: "B, told", "-", or a sentence. */
static void print_cell(FILE *file, struct alarm_machine m, enum alarm_event event, uint8_t guards)
{
    struct alarm_step step = alarm_step(m, event, guards);
    if (step.refusal != NULL)
        fprintf(file, "\"%s\"", step.refusal);
    else if (!step.moved && !step.told)
        fputs("-", file);
    else
        fprintf(file, "%c%s", alarm_state_letter(alarm_shown(step.machine)),
                step.told ? ", told" : "");
}

static void print_row(FILE *file, unsigned state, unsigned event)
{
    struct alarm_machine m = {.state = (uint8_t)state};
    char cells[ALARM_GUARDS][96];
    bool same = true;
    for (uint8_t guards = 0; guards < ALARM_GUARDS; guards++) {
        FILE *cell = fmemopen(cells[guards], sizeof cells[guards], "w");
        assert_non_null(cell);
        print_cell(cell, m, (enum alarm_event)event, guards);
        fclose(cell);
        same = same && strcmp(cells[guards], cells[0]) == 0;
    }
    fprintf(file, "| %c %s | %s |", alarm_state_letter((enum alarm_state)state),
            alarm_state_word((enum alarm_state)state), alarm_event_word((enum alarm_event)event));
    if (same)
        fprintf(file, " %s |\n", cells[0]);
    for (uint8_t guards = 0; guards < ALARM_GUARDS && !same; guards++)
        fprintf(file, "%s %s: %s%s", guards == 0 ? "" : ";",
                guards == 0 ? "neither" : guards_words[guards], cells[guards],
                guards + 1 == ALARM_GUARDS ? " |\n" : "");
}

static void print_table(FILE *file)
{
    fputs("| state | event | becomes |\n|---|---|---|\n", file);
    for (unsigned state = 0; state < ALARM_STATES_KEPT; state++)
        for (unsigned event = 0; event < ALARM_EVENTS; event++)
            print_row(file, state, event);
}

static char *file_text(FILE *file)
{
    char *text = calloc(1, 65536);
    assert_non_null(text);
    assert_true(fread(text, 1, 65535, file) < 65535);
    fclose(file);
    return text;
}

static void test_the_page_prints_the_table(void **arg)
{
    (void)arg;
    FILE *page = fopen("docs/alarms.md", "r"), *made = tmpfile();
    assert_true(page != NULL && made != NULL);
    print_table(made);
    rewind(made);
    char *text = file_text(page), *table = file_text(made);
    char *begin = strstr(text, MARK_BEGIN), *end = strstr(text, MARK_END);
    assert_true(begin != NULL && end != NULL && begin < end);
    begin += sizeof MARK_BEGIN - 1;
    *end = 0;
    if (strcmp(begin, table) != 0) {
        FILE *out = fopen("/tmp/mainstem-alarms-table.md", "w");
        if (out != NULL) {
            fputs(table, out);
            fclose(out);
        }
        fail_msg("the table of docs/alarms.md is to be /tmp/mainstem-alarms-table.md");
    }
    free(text);
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_state_guard_and_event),
        cmocka_unit_test(test_all_states_are_reached_and_left),
        cmocka_unit_test(test_a_rule_that_changes_leaves_what_it_could_have_made),
        cmocka_unit_test(test_random_walks),
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_delays),
        cmocka_unit_test(test_the_page_prints_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
