/* The table of the alarm machine. The first part says what becomes of the states A to F; each row
 * is a state, an event, and the combinations of guards it stands for. The second says which events
 * hide an alarm and show it again. machine_test.c walks through all of both, docs/alarms.md prints
 * them. */
#include "model/alarms/machine.h"

/* Combinations of guards, as a mask over their number. */
#define ANY 0xfu
#define LATCH 0xau
#define PLAIN 0x5u
#define NEEDS 0xcu
#define FREE 0x3u

struct kept_row {
    uint8_t state, event, guards;
    uint8_t next;
    bool told;
    const char *refusal;
};
/* clang-format off */
static const struct kept_row kept_rows[] = {
    {ALARM_NORMAL, ALARM_HOLDS, NEEDS, ALARM_UNACKNOWLEDGED, true, NULL},
    {ALARM_NORMAL, ALARM_HOLDS, FREE, ALARM_ACKNOWLEDGED, true, NULL},
    {ALARM_NORMAL, ALARM_ENDS, ANY, ALARM_NORMAL, false, NULL},
    {ALARM_NORMAL, ALARM_ACKNOWLEDGE, ANY, ALARM_NORMAL, false, "it is not active"},
    {ALARM_NORMAL, ALARM_RESET, ANY, ALARM_NORMAL, false, "it is not latched"},
    {ALARM_NORMAL, ALARM_REALARM, ANY, ALARM_NORMAL, false, NULL},
    {ALARM_NORMAL, ALARM_RULE_CHANGED, ANY, ALARM_NORMAL, false, NULL},
    {ALARM_NORMAL, ALARM_RULE_REMOVED, ANY, ALARM_NORMAL, false, NULL},

    {ALARM_UNACKNOWLEDGED, ALARM_HOLDS, ANY, ALARM_UNACKNOWLEDGED, false, NULL},
    {ALARM_UNACKNOWLEDGED, ALARM_ENDS, LATCH, ALARM_LATCHED, false, NULL},
    {ALARM_UNACKNOWLEDGED, ALARM_ENDS, PLAIN, ALARM_RETURNED, false, NULL},
    {ALARM_UNACKNOWLEDGED, ALARM_ACKNOWLEDGE, ANY, ALARM_ACKNOWLEDGED, false, NULL},
    {ALARM_UNACKNOWLEDGED, ALARM_RESET, ANY, ALARM_UNACKNOWLEDGED, false, "its condition still holds"},
    {ALARM_UNACKNOWLEDGED, ALARM_REALARM, ANY, ALARM_UNACKNOWLEDGED, true, NULL},
    {ALARM_UNACKNOWLEDGED, ALARM_RULE_CHANGED, NEEDS, ALARM_UNACKNOWLEDGED, false, NULL},
    {ALARM_UNACKNOWLEDGED, ALARM_RULE_CHANGED, FREE, ALARM_ACKNOWLEDGED, false, NULL},
    {ALARM_UNACKNOWLEDGED, ALARM_RULE_REMOVED, ANY, ALARM_NORMAL, false, NULL},

    {ALARM_ACKNOWLEDGED, ALARM_HOLDS, ANY, ALARM_ACKNOWLEDGED, false, NULL},
    {ALARM_ACKNOWLEDGED, ALARM_ENDS, LATCH, ALARM_LATCHED_ACKNOWLEDGED, false, NULL},
    {ALARM_ACKNOWLEDGED, ALARM_ENDS, PLAIN, ALARM_NORMAL, false, NULL},
    {ALARM_ACKNOWLEDGED, ALARM_ACKNOWLEDGE, ANY, ALARM_ACKNOWLEDGED, false, "it is acknowledged already"},
    {ALARM_ACKNOWLEDGED, ALARM_RESET, ANY, ALARM_ACKNOWLEDGED, false, "its condition still holds"},
    {ALARM_ACKNOWLEDGED, ALARM_REALARM, NEEDS, ALARM_UNACKNOWLEDGED, true, NULL},
    {ALARM_ACKNOWLEDGED, ALARM_REALARM, FREE, ALARM_ACKNOWLEDGED, true, NULL},
    {ALARM_ACKNOWLEDGED, ALARM_RULE_CHANGED, ANY, ALARM_ACKNOWLEDGED, false, NULL},
    {ALARM_ACKNOWLEDGED, ALARM_RULE_REMOVED, ANY, ALARM_NORMAL, false, NULL},

    {ALARM_RETURNED, ALARM_HOLDS, NEEDS, ALARM_UNACKNOWLEDGED, true, NULL},
    {ALARM_RETURNED, ALARM_HOLDS, FREE, ALARM_ACKNOWLEDGED, true, NULL},
    {ALARM_RETURNED, ALARM_ENDS, ANY, ALARM_RETURNED, false, NULL},
    {ALARM_RETURNED, ALARM_ACKNOWLEDGE, ANY, ALARM_NORMAL, false, NULL},
    {ALARM_RETURNED, ALARM_RESET, ANY, ALARM_RETURNED, false, "it is not latched"},
    {ALARM_RETURNED, ALARM_REALARM, ANY, ALARM_RETURNED, false, NULL},
    {ALARM_RETURNED, ALARM_RULE_CHANGED, NEEDS, ALARM_RETURNED, false, NULL},
    {ALARM_RETURNED, ALARM_RULE_CHANGED, FREE, ALARM_NORMAL, false, NULL},
    {ALARM_RETURNED, ALARM_RULE_REMOVED, ANY, ALARM_NORMAL, false, NULL},

    {ALARM_LATCHED, ALARM_HOLDS, NEEDS, ALARM_UNACKNOWLEDGED, true, NULL},
    {ALARM_LATCHED, ALARM_HOLDS, FREE, ALARM_ACKNOWLEDGED, true, NULL},
    {ALARM_LATCHED, ALARM_ENDS, ANY, ALARM_LATCHED, false, NULL},
    {ALARM_LATCHED, ALARM_ACKNOWLEDGE, ANY, ALARM_LATCHED_ACKNOWLEDGED, false, NULL},
    {ALARM_LATCHED, ALARM_RESET, ANY, ALARM_RETURNED, false, NULL},
    {ALARM_LATCHED, ALARM_REALARM, ANY, ALARM_LATCHED, false, NULL},
    {ALARM_LATCHED, ALARM_RULE_CHANGED, LATCH & NEEDS, ALARM_LATCHED, false, NULL},
    {ALARM_LATCHED, ALARM_RULE_CHANGED, LATCH & FREE, ALARM_LATCHED_ACKNOWLEDGED, false, NULL},
    {ALARM_LATCHED, ALARM_RULE_CHANGED, PLAIN & NEEDS, ALARM_RETURNED, false, NULL},
    {ALARM_LATCHED, ALARM_RULE_CHANGED, PLAIN & FREE, ALARM_NORMAL, false, NULL},
    {ALARM_LATCHED, ALARM_RULE_REMOVED, ANY, ALARM_NORMAL, false, NULL},

    {ALARM_LATCHED_ACKNOWLEDGED, ALARM_HOLDS, NEEDS, ALARM_UNACKNOWLEDGED, true, NULL},
    {ALARM_LATCHED_ACKNOWLEDGED, ALARM_HOLDS, FREE, ALARM_ACKNOWLEDGED, true, NULL},
    {ALARM_LATCHED_ACKNOWLEDGED, ALARM_ENDS, ANY, ALARM_LATCHED_ACKNOWLEDGED, false, NULL},
    {ALARM_LATCHED_ACKNOWLEDGED, ALARM_ACKNOWLEDGE, ANY, ALARM_LATCHED_ACKNOWLEDGED, false, "it is acknowledged already"},
    {ALARM_LATCHED_ACKNOWLEDGED, ALARM_RESET, ANY, ALARM_NORMAL, false, NULL},
    {ALARM_LATCHED_ACKNOWLEDGED, ALARM_REALARM, ANY, ALARM_LATCHED_ACKNOWLEDGED, false, NULL},
    {ALARM_LATCHED_ACKNOWLEDGED, ALARM_RULE_CHANGED, LATCH, ALARM_LATCHED_ACKNOWLEDGED, false, NULL},
    {ALARM_LATCHED_ACKNOWLEDGED, ALARM_RULE_CHANGED, PLAIN, ALARM_NORMAL, false, NULL},
    {ALARM_LATCHED_ACKNOWLEDGED, ALARM_RULE_REMOVED, ANY, ALARM_NORMAL, false, NULL},
};
/* What hides: the bit, whether the event sets it or takes it away, and what is said to whoever asks
 * for what is so already; NULL: nobody asked, or asking again is no mistake. */
static const struct hidden_row {
    uint8_t event, bit;
    bool sets;
    uint8_t barred; /* hidden by one of these it is refused */
    const char *refusal;
} hidden_rows[] = {
    {ALARM_SHELVE, ALARM_HIDDEN_SHELVED, true,
     ALARM_HIDDEN_SUPPRESSED | ALARM_HIDDEN_OUT_OF_SERVICE, NULL},
    {ALARM_SHELVING_EXPIRES, ALARM_HIDDEN_SHELVED, false, 0, NULL},
    {ALARM_UNSHELVE, ALARM_HIDDEN_SHELVED, false, 0, "it is not shelved"},
    {ALARM_SUPPRESS, ALARM_HIDDEN_SUPPRESSED, true, 0, NULL},
    {ALARM_UNSUPPRESS, ALARM_HIDDEN_SUPPRESSED, false, 0, NULL},
    {ALARM_REMOVE_FROM_SERVICE, ALARM_HIDDEN_OUT_OF_SERVICE, true, 0, "it is out of service already"},
    {ALARM_RETURN_TO_SERVICE, ALARM_HIDDEN_OUT_OF_SERVICE, false, 0, "it is in service"},
};
/* clang-format on */

/* ---- words -------------------------------------------------------------------------------------
 */
#define ALARM_STATE_ROW(name, letter, word) {letter, word},
static const struct {
    char letter;
    const char *word;
} states[] = {ALARM_STATE_TABLE(ALARM_STATE_ROW)};
#define ALARM_EVENT_WORD(name, word) word,
static const char *const events[] = {ALARM_EVENT_TABLE(ALARM_EVENT_WORD)};

const char *alarm_state_word(enum alarm_state state)
{
    check(state < ALARM_STATES);
    return states[state].word;
}

char alarm_state_letter(enum alarm_state state)
{
    check(state < ALARM_STATES);
    return states[state].letter;
}

const char *alarm_event_word(enum alarm_event event)
{
    check(event < ALARM_EVENTS);
    return events[event];
}

/* ---- asking ------------------------------------------------------------------------------------
 */
static enum alarm_state hidden_state(uint8_t hidden)
{
    if (hidden & ALARM_HIDDEN_OUT_OF_SERVICE)
        return ALARM_OUT_OF_SERVICE;
    return hidden & ALARM_HIDDEN_SUPPRESSED ? ALARM_SUPPRESSED : ALARM_SHELVED;
}

enum alarm_state alarm_shown(struct alarm_machine machine)
{
    return machine.hidden != 0 ? hidden_state(machine.hidden) : (enum alarm_state)machine.state;
}

bool alarm_is_active(struct alarm_machine machine)
{
    return machine.state == ALARM_UNACKNOWLEDGED || machine.state == ALARM_ACKNOWLEDGED;
}

/* Untold is what is hidden and stands; what returned untold is normal. */
bool alarm_machine_is_valid(struct alarm_machine machine)
{
    if (machine.state >= ALARM_STATES_KEPT || machine.hidden > ALARM_HIDDEN_ALL)
        return false;
    return !machine.untold || (machine.hidden != 0 && machine.state != ALARM_NORMAL &&
                               machine.state != ALARM_RETURNED);
}

/* ---- the step ----------------------------------------------------------------------------------
 */
static const struct kept_row *kept_find(uint8_t state, enum alarm_event event, uint8_t guards)
{
    for (size_t i = 0; i < ARRAY_COUNT(kept_rows); i++)
        if (kept_rows[i].state == state && kept_rows[i].event == event &&
            kept_rows[i].guards >> guards & 1)
            return &kept_rows[i];
    return NULL;
}

static const char *hidden_refusal(uint8_t hidden)
{
    switch (hidden_state(hidden)) {
    case ALARM_OUT_OF_SERVICE:
        return "it is out of service";
    case ALARM_SUPPRESSED:
        return "it is suppressed by design";
    default:
        return "it is shelved";
    }
}

static bool machine_equals(struct alarm_machine a, struct alarm_machine b)
{
    return a.state == b.state && a.hidden == b.hidden && a.untold == b.untold;
}

/* An event of the process, of a timer or of the rule, below what hides it: nobody is told. */
static void step_below(struct alarm_machine *machine, const struct kept_row *row)
{
    if (row->event == ALARM_REALARM)
        return; /* it is told when it is shown again */
    machine->state = row->next;
    if (row->event == ALARM_HOLDS && row->told)
        machine->untold = true;
    if (machine->untold && machine->state == ALARM_RETURNED)
        machine->state = ALARM_NORMAL; /* it came and went, and nobody was told: nothing to say */
    if (machine->state == ALARM_NORMAL)
        machine->untold = false;
}

static struct alarm_step step_kept(struct alarm_machine machine, enum alarm_event event,
                                   uint8_t guards)
{
    struct alarm_step step = {.machine = machine};
    const struct kept_row *row = kept_find(machine.state, event, guards);
    check(row != NULL);
    if (event == ALARM_RULE_REMOVED) {
        step.machine = (struct alarm_machine){.state = row->next};
    } else if (machine.hidden == 0) {
        step.machine.state = row->next;
        step.told = row->told;
        step.refusal = row->refusal;
    } else if (event == ALARM_ACKNOWLEDGE || event == ALARM_RESET) {
        step.refusal = hidden_refusal(machine.hidden);
    } else {
        step_below(&step.machine, row);
    }
    return step;
}

static struct alarm_step step_hidden(struct alarm_machine machine, const struct hidden_row *row)
{
    struct alarm_step step = {.machine = machine};
    if (machine.hidden & row->barred) {
        step.refusal = hidden_refusal(machine.hidden);
    } else if (((machine.hidden & row->bit) != 0) == row->sets) {
        step.refusal = row->refusal;
    } else {
        step.machine.hidden ^= row->bit;
        if (step.machine.hidden == 0) {
            step.told = machine.untold || machine.state == ALARM_UNACKNOWLEDGED;
            step.machine.untold = false;
        }
    }
    return step;
}

struct alarm_step alarm_step(struct alarm_machine machine, enum alarm_event event, uint8_t guards)
{
    check(alarm_machine_is_valid(machine) && event < ALARM_EVENTS && guards < ALARM_GUARDS);
    struct alarm_step step;
    if (event < ALARM_EVENTS_KEPT)
        step = step_kept(machine, event, guards);
    else
        step = step_hidden(machine, &hidden_rows[event - ALARM_EVENTS_KEPT]);
    step.moved = !machine_equals(step.machine, machine);
    return step;
}

/* ---- delays ------------------------------------------------------------------------------------
 */
struct alarm_delay_step alarm_delay_judge(enum alarm_pending pending, bool active,
                                          enum alarm_verdict verdict,
                                          const struct alarm_delays *delays)
{
    struct alarm_delay_step step = {.pending = pending};
    if (verdict == ALARM_UNKNOWN)
        return step;
    bool holds = verdict == ALARM_TRUE;
    if (holds == active) { /* as it is: what was about to change it is over */
        step.timer_stop = pending != ALARM_SETTLED;
        step.pending = ALARM_SETTLED;
        return step;
    }
    enum alarm_pending wanted = holds ? ALARM_ABOUT_TO_HOLD : ALARM_ABOUT_TO_END;
    int64_t delay_ns = holds ? delays->on_ns : delays->off_ns;
    if (delay_ns <= 0) {
        step.timer_stop = pending != ALARM_SETTLED;
        step.pending = ALARM_SETTLED;
        step.has_event = true;
        step.event = holds ? ALARM_HOLDS : ALARM_ENDS;
    } else if (pending != wanted) {
        step.timer_stop = pending != ALARM_SETTLED;
        step.timer_set = true;
        step.delay_ns = delay_ns;
        step.pending = wanted;
    }
    return step;
}

struct alarm_delay_step alarm_delay_expire(enum alarm_pending pending)
{
    struct alarm_delay_step step = {.pending = ALARM_SETTLED};
    step.has_event = pending != ALARM_SETTLED;
    step.event = pending == ALARM_ABOUT_TO_HOLD ? ALARM_HOLDS : ALARM_ENDS;
    return step;
}
