/* condition: the language in which a rule says when it holds, as in
 *
 *     plant/press-3/temp > 80 and not ../stopped for 30s
 *     count('hall-3/+/smoke' > 0.5) >= 2
 *     abs(deviation(., baseline 10m)) > 4 or stale(., 90s)
 *
 * A text is parsed, checked and compiled once; the program is evaluated as often as anything that
 * it looks at changes. docs/conditions.md says to people what can be written; this header says to
 * the caller what he keeps and what he is told.
 *
 * Guarantees. Pure: no I/O, no clock, no allocation, no state of its own; what is now is passed in.
 * The same program, samples, cells and timers give the same result on any machine, with any
 * compiler and at any optimisation: doubles are IEEE 754 with one rounding a step (+ - * / and
 * sqrt, nothing else of libm), never contracted, never NaN. The same text gives the same program,
 * byte for byte, for ever: the language has a version, which is kept beside a text that is
 * journalled.
 *
 * Memory. A program is flat: offsets, no pointers. It may be copied, moved, written into a page; it
 * needs an alignment of 8 and has condition_size bytes, some 300 for a usual rule. It holds its
 * text. Threads. All functions work on their arguments alone; a program is never written after it
 * was made.
 *
 * ---- what is true
 * -------------------------------------------------------------------------------- Three values
 * (Kleene): TRUE, FALSE, UNKNOWN. A point without a good value is unknown: one that is missing, has
 * no value, or whose quality is uncertain or bad. So is what follows from an unknown, but where the
 * other side decides: FALSE and UNKNOWN is FALSE, TRUE or UNKNOWN is TRUE. Division by zero, the
 * root of a negative number, a number that no double holds, and a text where a number is wanted are
 * unknown. **A condition that is unknown neither raises nor clears**: what was, stays. good(x),
 * bad(x), stale(x, t) and age(x) ask for the quality or the time and are known where the value is
 * not.
 *
 * Numbers. An int64 stays exact: + - * of two integers is an integer, as is / where it divides, and
 * % (whose sign is that of the left side). What does not fit into 64 bits, and all that has a
 * float64 in it, is a double. A bool counts as 1 and 0 where a number is wanted, and a number but 0
 * is true where a bool is wanted. Units are not converted: 80 is compared with what the point says.
 * Texts know == and != only; a text is never equal to a number, nor different: that is unknown.
 *
 * Sets. A pattern stands for each point it matches inside of any, all, count, sum, mean, min and
 * max, whose argument is judged once for each; `each` says it again. any and all are or and and;
 * all of no points is UNKNOWN. count knows between what numbers it lies if some are unknown, and so
 * does a comparison of it: with two detectors that see smoke and a third that is broken, count >= 2
 * is TRUE. mean, min and max look past unknown points and are unknown without a known one; sum is
 * unknown if one is. The order of the points is the caller's, and matters to the last bit of a sum
 * of doubles: let it be that of their ids.
 *
 * ---- what the caller keeps
 * ----------------------------------------------------------------------- References. Which points
 * a program looks at, by number: a path, one that is relative to the point on which the rule
 * stands, or a metric of the same asset, which only the caller can find. Sets. The patterns, by
 * number. Timers. Each `for` is a timer with a duration. An evaluation says which should run
 * (timers_run: start those that do not), which should not (timers_stop), and of the others
 * nothing: they stay as they are, because what they wait for is unknown. The caller answers whether
 * a timer ran for its whole duration until now; if it runs out, he evaluates. All timers of a
 * program are seen by each evaluation.
 * Cells. What looks back (rate, delta, previous, changed, mean and deviation over a time) is kept
 * in numbered cells, zero-filled at birth, which an evaluation reads and writes. A cell learns of
 * the samples of its point that an evaluation sees: whoever wants all of them to count evaluates
 * after each. A sample that is older than the newest one that a cell knows does not change it.
 * Time. age and stale change though nothing comes: wake_ns says when to evaluate at the latest.
 *
 * Limits: below. Errors: a text has one fault at a time, told for a person to read. */
#pragma once

#include "base/base.h"
#include "format/format.h"

#define CONDITION_VERSION 1     /* of the language; all versions are read for ever */
#define CONDITION_TEXT_MAX 4096 /* bytes, as it came and as it is printed */
#define CONDITION_DEPTH_MAX                                                                        \
    32 /* parentheses, calls, `not` and minus signs inside of each other                           \
        */
#define CONDITION_REFERENCES_MAX 64
#define CONDITION_SETS_MAX 16
#define CONDITION_TIMERS_MAX 16
#define CONDITION_CELLS_MAX 16
#define CONDITION_INSTRUCTIONS_MAX 512
#define CONDITION_SPAN_MAX_NS (366 * 86400 * NS_PER_S) /* of a time in the text */
#define CONDITION_BYTES_MAX 24576                      /* no program is larger */
#define CONDITION_TIME_NONE INT64_MIN

/* ---- a text becomes a program
 * --------------------------------------------------------------------
 */
#define CONDITION_FAULT_TABLE(X)                                                                   \
    X(CONDITION_GOOD, "good")                                                                      \
    X(CONDITION_FAULT_VERSION, "version")         /* of the language: not known here */            \
    X(CONDITION_FAULT_TEXT, "text")               /* not UTF-8 */                                  \
    X(CONDITION_FAULT_SIZE, "size")               /* CONDITION_TEXT_MAX */                         \
    X(CONDITION_FAULT_CHARACTER, "character")     /* belongs to nothing */                         \
    X(CONDITION_FAULT_QUOTE, "quote")             /* one that does not end */                      \
    X(CONDITION_FAULT_NUMBER, "number")           /* too large, or not written as one */           \
    X(CONDITION_FAULT_SPAN, "span")               /* a time such as 90s is wanted, or is wrong */  \
    X(CONDITION_FAULT_PATH, "path")               /* no path, pattern or metric */                 \
    X(CONDITION_FAULT_OPERAND, "operand")         /* a value is wanted */                          \
    X(CONDITION_FAULT_OPERATOR, "operator")       /* an operator or the end is wanted */           \
    X(CONDITION_FAULT_PARENTHESIS, "parenthesis") /* one too many, or not closed, or missing */    \
    X(CONDITION_FAULT_FUNCTION, "function")       /* not known */                                  \
    X(CONDITION_FAULT_ARGUMENTS, "arguments")     /* of a function: how many, or what */           \
    X(CONDITION_FAULT_TYPE, "type")               /* numbers, bools, texts and times mixed */      \
    X(CONDITION_FAULT_SET, "set")                 /* patterns: none, two, or where none can be */  \
    X(CONDITION_FAULT_DEPTH, "depth")             /* CONDITION_DEPTH_MAX */                        \
    X(CONDITION_FAULT_REFERENCES, "references")   /* CONDITION_REFERENCES_MAX */                   \
    X(CONDITION_FAULT_SETS, "sets")               /* CONDITION_SETS_MAX */                         \
    X(CONDITION_FAULT_TIMERS, "timers")           /* CONDITION_TIMERS_MAX */                       \
    X(CONDITION_FAULT_CELLS, "cells")             /* CONDITION_CELLS_MAX */                        \
    X(CONDITION_FAULT_INSTRUCTIONS, "instructions") /* CONDITION_INSTRUCTIONS_MAX */
#define CONDITION_FAULT_ENUM(name, text) name,
enum condition_fault_code { CONDITION_FAULT_TABLE(CONDITION_FAULT_ENUM) CONDITION_FAULT_COUNT };
#undef CONDITION_FAULT_ENUM
/* "operand", ...: the code as programs read it; never NULL. */
const char *condition_fault_name(enum condition_fault_code code);

#define CONDITION_SENTENCE_SIZE 320
struct condition_fault {
    enum condition_fault_code code;
    uint32_t offset;       /* bytes before what is wrong, at most the text's size */
    uint32_t line, column; /* the same from 1; columns count characters */
    char sentence[CONDITION_SENTENCE_SIZE]; /* what was expected, what was found, an example;
                                               UTF-8, NUL-terminated, without a full stop */
};

struct condition; /* a program */

/* Reads a text of that version of the language. The program lies at the beginning of memory, which
 * is aligned to 8 and has capacity bytes, at least CONDITION_BYTES_MAX; the bytes behind it may
 * have been written. NULL: *ret_fault says why; else *ret_fault is untouched. Needs some 120 KiB of
 * stack. */
MUST_USE const struct condition *condition_parse(struct bytes text, unsigned version, void *memory,
                                                 size_t capacity,
                                                 struct condition_fault *ret_fault);
size_t condition_size(const struct condition *condition); /* a multiple of 8 */
/* The program's text as this room writes it: one blank between words, no parentheses too many,
 * names without quotes where they need none. Parsed again it gives the same program, byte for byte.
 */
struct bytes condition_text(const struct condition *condition);

/* ---- what a program looks at
 * ---------------------------------------------------------------------
 */
enum condition_reference_kind {
    CONDITION_PATH,     /* plant/press-3/temp, or a pattern of such: within the rule's tenant */
    CONDITION_RELATIVE, /* ".", "..", "./x", "../x", "../../x": `.` is the point the rule stands on,
                           `..` the branch that holds it */
    CONDITION_METRIC    /* {temp}: of the asset that the rule's point belongs to */
};
struct condition_reference {
    enum condition_reference_kind kind;
    struct bytes text; /* in the program; of a metric what stands between the braces */
};
unsigned condition_references(const struct condition *condition);
struct condition_reference condition_reference(const struct condition *condition,
                                               unsigned reference);
unsigned condition_sets(const struct condition *condition);
/* The text is a pattern as src/paths has it, behind any "./" and "../" of a relative one. */
struct condition_reference condition_set(const struct condition *condition, unsigned set);
/* The path, or the pattern, that a reference is for a rule that stands on the point `base`. A path
 * is CONDITION_PATH as it stands. ERR_INVALID: a metric; "../" leads out of the tree; the result is
 * no path; or the reference is a pattern and base holds '*' or '?', which would be wildcards in it.
 * ERR_LIMIT: out has not the room. */
MUST_USE enum err condition_resolve(struct condition_reference reference, bool pattern,
                                    struct bytes base, uint8_t *out, size_t capacity,
                                    size_t *ret_size);
unsigned condition_timers(const struct condition *condition);
int64_t condition_timer(const struct condition *condition,
                        unsigned timer); /* duration in ns, >= 1 ms */
unsigned condition_cells(const struct condition *condition);
/* May the result change though no sample comes and no timer runs out (age, stale)? */
bool condition_watches_time(const struct condition *condition);

/* ---- evaluating
 * ----------------------------------------------------------------------------------
 */
enum condition_truth { CONDITION_FALSE, CONDITION_TRUE, CONDITION_UNKNOWN };

/* What the caller knows of a point. */
struct condition_sample {
    struct value value; /* a text is borrowed until the evaluation, and what explains it, is over */
    int64_t time_ns;    /* source time of the value */
    int64_t heard_ns;   /* when the point was heard last, or since when it is waited for, which age
                           and stale count from; CONDITION_TIME_NONE: they are unknown */
    uint64_t point;     /* the caller's name for it; comes back in an explanation */
};

/* What a cell remembers; the caller keeps its bytes and reads nothing in them. */
struct condition_cell {
    int64_t times[3];
    uint64_t bits[3];
    uint8_t types[3];
    uint8_t flags;
    uint8_t reserved[12];
};
_Static_assert(sizeof(struct condition_cell) == 64, "condition_cell is part of snapshots");

/* The mean over a time that a cell knows, as it is at time_ns, when nothing new came since its
 * newest sample; false: the cell keeps something else, was not fed for the whole time, or is newer.
 */
bool condition_cell_mean(const struct condition *condition, unsigned cell,
                         const struct condition_cell *bytes, int64_t time_ns, double *ret_mean);

struct condition_port {
    void *context;
    /* The point of a reference as it is now; false: there is none, all but bad() of it is unknown.
     */
    bool (*point)(void *context, unsigned reference, struct condition_sample *ret_sample);
    /* The next point of a set; *cursor is 0 at the beginning and the caller's afterwards; false: no
     * more. NULL if the program has no sets. */
    bool (*member)(void *context, unsigned set, uint64_t *cursor,
                   struct condition_sample *ret_sample);
    /* Did the timer run for its duration until now? NULL if the program has no timers. */
    bool (*timer)(void *context, unsigned timer);
    /* NULL if the program has no cells. */
    void (*cell_read)(void *context, unsigned cell, struct condition_cell *ret_cell);
    /* Called for cells that changed. NULL: they stay as they are, as a preview or a second look at
     * the same samples wants. */
    void (*cell_write)(void *context, unsigned cell, const struct condition_cell *bytes);
};

struct condition_result {
    enum condition_truth truth;
    uint16_t timers_run;  /* bit i: timer i should run */
    uint16_t timers_stop; /* bit i: timer i should not; in neither: as it is */
    int64_t wake_ns;      /* later than now; INT64_MAX: nothing changes by time alone */
};

/* ---- why
 * -----------------------------------------------------------------------------------------
 */
#define CONDITION_LEAVES_MAX 8
enum condition_operand_kind {
    CONDITION_NOTHING, /* unknown */
    CONDITION_INTEGER,
    CONDITION_REAL,
    CONDITION_BOOLEAN,
    CONDITION_TEXT,
    CONDITION_SPAN,   /* ns, in integer */
    CONDITION_BETWEEN /* a count that may be anything from integer to integer_most */
};
struct condition_operand {
    enum condition_operand_kind kind;
    int64_t integer, integer_most;
    double real;
    struct bytes text;
    struct bytes source; /* how the program's text says it */
    int reference;       /* is it a reference, all of it? which one; else -1 */
    int set;             /* is it a point of a set? of which one; else -1 */
    bool literal;        /* it stands in the text as it is */
    uint64_t point;      /* of a reference or a set: condition_sample.point */
};
/* A comparison, or something that is true or false by itself (relation NULL: left only). */
struct condition_leaf {
    enum condition_truth truth;
    const char *relation; /* ">", "==", ... */
    struct condition_operand left, right;
};
/* The leaves that made the result what it is, in the order of the text: with `and` that is FALSE
 * those that are FALSE, and so on; of a set the first point that decided, of a count all that
 * counted. */
struct condition_explanation {
    enum condition_truth truth;
    uint8_t count;
    bool more; /* there were leaves that found no room */
    struct condition_leaf leaves[CONDITION_LEAVES_MAX];
};

/* What the condition is at now_ns. port->point and its like must answer the same all through a
 * call. ret_explanation may be NULL: an explanation is wanted when something is to be said, and
 * costs a few times the evaluation. To explain the last evaluation, evaluate again with cell_write
 * NULL. */
struct condition_result condition_evaluate(const struct condition *condition,
                                           const struct condition_port *port, int64_t now_ns,
                                           struct condition_explanation *ret_explanation);

/* How points are called in an explanation; the bytes are borrowed until the next call. */
struct condition_names {
    void *context;
    struct bytes (*name)(void *context, const struct condition_operand *operand);
};
/* "temp 81.2 > 80; hall-3/a/smoke 0.7 > 0.5": UTF-8, NUL-terminated, cut between characters where
 * capacity (at least 1) ends; returns text. names NULL: the last segment of a path, "value" for
 * `.`, "each" for a point of a set. */
char *condition_explain(const struct condition_explanation *explanation,
                        const struct condition_names *names, char *text, size_t capacity);
