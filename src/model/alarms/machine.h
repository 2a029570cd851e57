/* machine: the states of an alarm after ANSI/ISA-18.2-2016 and IEC 62682:2014 (the diagram of alarm
 * states and its transition paths), as a table. docs/alarms.md draws it and prints the table.
 *
 * Pure functions: the machine, what its rule asks for and an event go in; the machine afterwards,
 * whether somebody is to be told, or why not, come out. It knows no time, no points, no people.
 *
 * States A to F follow the process and the operator. Shelved (G), suppressed by design (H) and out
 * of service (I) hide them: below, A to F go on being kept, and nobody is told. An alarm that is
 * shelved can become suppressed as well; it is shown as out of service before suppressed before
 * shelved, and comes back when nothing hides it any more. What was raised while it was hidden, and
 * that nobody was told of, is told then if it still stands; if it has ended and does not latch,
 * there is nothing to acknowledge. */
#pragma once

#include "base/base.h"

/* name, letter of the standard's diagram, word */
#define ALARM_STATE_TABLE(X)                                                                       \
    X(ALARM_NORMAL, 'A', "normal")                                                                 \
    X(ALARM_UNACKNOWLEDGED, 'B', "unacknowledged")                                                 \
    X(ALARM_ACKNOWLEDGED, 'C', "acknowledged")                                                     \
    X(ALARM_RETURNED, 'D', "returned unacknowledged")                                              \
    X(ALARM_LATCHED, 'E', "latched unacknowledged")                                                \
    X(ALARM_LATCHED_ACKNOWLEDGED, 'F', "latched acknowledged")                                     \
    X(ALARM_SHELVED, 'G', "shelved")                                                               \
    X(ALARM_SUPPRESSED, 'H', "suppressed by design")                                               \
    X(ALARM_OUT_OF_SERVICE, 'I', "out of service")
#define ALARM_STATE_ENUM(name, letter, word) name,
enum alarm_state { ALARM_STATE_TABLE(ALARM_STATE_ENUM) ALARM_STATES };
#undef ALARM_STATE_ENUM
#define ALARM_STATES_KEPT 6 /* A to F: those that lie below what hides them */

#define ALARM_EVENT_TABLE(X)                                                                       \
    X(ALARM_HOLDS, "condition holds")                                                              \
    X(ALARM_ENDS, "condition ends")                                                                \
    X(ALARM_ACKNOWLEDGE, "acknowledge")                                                            \
    X(ALARM_RESET, "reset")                                                                        \
    X(ALARM_REALARM, "re-alarm")                                                                   \
    X(ALARM_RULE_CHANGED, "rule changed")                                                          \
    X(ALARM_RULE_REMOVED, "rule removed")                                                          \
    X(ALARM_SHELVE, "shelve")                                                                      \
    X(ALARM_SHELVING_EXPIRES, "shelving expires")                                                  \
    X(ALARM_UNSHELVE, "unshelve")                                                                  \
    X(ALARM_SUPPRESS, "suppress")                                                                  \
    X(ALARM_UNSUPPRESS, "unsuppress")                                                              \
    X(ALARM_REMOVE_FROM_SERVICE, "remove from service")                                            \
    X(ALARM_RETURN_TO_SERVICE, "return to service")
#define ALARM_EVENT_ENUM(name, word) name,
enum alarm_event { ALARM_EVENT_TABLE(ALARM_EVENT_ENUM) ALARM_EVENTS };
#undef ALARM_EVENT_ENUM
#define ALARM_EVENTS_KEPT 7 /* up to rule removed: those that the states A to F know */

/* What a rule asks for; of a rule that changed: what it asks for now. */
enum alarm_guard {
    ALARM_LATCHES = 1,           /* it stays until it is reset, though the condition ended */
    ALARM_NEEDS_ACKNOWLEDGE = 2, /* somebody must say that he saw it */
    ALARM_GUARDS = 4             /* combinations */
};
enum alarm_hidden { /* by what; several at once */
                    ALARM_HIDDEN_SHELVED = 1,
                    ALARM_HIDDEN_SUPPRESSED = 2,
                    ALARM_HIDDEN_OUT_OF_SERVICE = 4,
                    ALARM_HIDDEN_ALL = 7
};
struct alarm_machine { /* three bytes to keep; zeroes: normal, and there need be no row of it */
    uint8_t state;     /* one of A to F */
    uint8_t hidden;    /* bits */
    bool untold;       /* it was raised while hidden, and nobody was told of it so far */
};
struct alarm_step {
    struct alarm_machine machine; /* afterwards */
    bool moved;                   /* something of it changed: to be recorded */
    bool told;                    /* people are told: sound, list, channels (annunciated) */
    const char *refusal; /* NULL, or why nothing happened, to whoever asked: "it is not active" */
};

/* machine: of states and bits that exist (alarm_machine_is_valid), or check(). What nobody asked
 * for (a condition that goes on, a timer that comes too late) is never refused: nothing moves. */
struct alarm_step alarm_step(struct alarm_machine machine, enum alarm_event event, uint8_t guards);
/* The state that people see: A to I. */
enum alarm_state alarm_shown(struct alarm_machine machine);
/* Does the condition hold, as far as the machine was told? */
bool alarm_is_active(struct alarm_machine machine);
/* Bytes from outside: could a machine get there? */
bool alarm_machine_is_valid(struct alarm_machine machine);
const char *alarm_state_word(enum alarm_state state); /* "returned unacknowledged" */
char alarm_state_letter(enum alarm_state state);
const char *alarm_event_word(enum alarm_event event);

/* ---- delays ------------------------------------------------------------------------------------
 */
/* What is known of a condition. */
enum alarm_verdict { ALARM_UNKNOWN, ALARM_FALSE, ALARM_TRUE };
/* A condition raises when it held for the on-delay, and clears when it did not hold for the
 * off-delay: until then it is about to. The timer is the caller's. */
enum alarm_pending { ALARM_SETTLED, ALARM_ABOUT_TO_HOLD, ALARM_ABOUT_TO_END };
struct alarm_delays {
    int64_t on_ns, off_ns; /* 0: at once */
};
struct alarm_delay_step {
    enum alarm_pending pending; /* afterwards */
    bool timer_set;             /* set the timer to delay_ns from the sample on */
    bool timer_stop;            /* stop the timer that was set */
    int64_t delay_ns;
    bool has_event;         /* give this to alarm_step now: */
    enum alarm_event event; /* ALARM_HOLDS or ALARM_ENDS */
};
/* active: alarm_is_active. Unknown changes nothing: what was known last goes on, a delay too. */
struct alarm_delay_step alarm_delay_judge(enum alarm_pending pending, bool active,
                                          enum alarm_verdict verdict,
                                          const struct alarm_delays *delays);
/* The timer fired. */
struct alarm_delay_step alarm_delay_expire(enum alarm_pending pending);
