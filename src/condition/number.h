/* Values while a program runs, and what can be done with numbers. */
#pragma once

#include "condition/inside.h"

enum slot_kind { SLOT_UNKNOWN, SLOT_INTEGER, SLOT_REAL, SLOT_BOOL, SLOT_TEXT, SLOT_BETWEEN };
struct slot {
    union {
        int64_t integer; /* BOOL: 0 or 1; BETWEEN: the least */
        double real;
        const uint8_t *text;
    };
    uint32_t size; /* TEXT: bytes; BETWEEN: how much more it may be */
    uint32_t kind;
};
static inline struct slot slot_integer(int64_t integer)
{
    return (struct slot){.integer = integer, .kind = SLOT_INTEGER};
}
static inline struct slot slot_bool(bool truth)
{
    return (struct slot){.integer = truth, .kind = SLOT_BOOL};
}
static inline struct slot slot_unknown(void)
{
    return (struct slot){.kind = SLOT_UNKNOWN};
}
struct slot slot_real(double real);    /* unknown if it is not finite */
bool slot_is_number(struct slot slot); /* integer, real or bool */
double slot_double(struct slot slot);  /* of a number */
/* What a point's good value is; unknown if it has none. */
struct slot slot_of_value(const struct value *value);
/* A bool, or unknown. */
struct slot slot_truth(struct slot slot);
/* + - * / %, min and max. */
struct slot number_binary(uint8_t code, struct slot a, struct slot b);
struct slot number_unary(uint8_t code, struct slot a); /* minus, abs, round, sqrt */
struct slot number_clamp(struct slot a, struct slot least, struct slot most);
/* A comparison: a bool, or unknown. */
struct slot slot_compare(uint8_t code, struct slot a, struct slot b);

/* cell.c: what looks back. The cell as it is with the sample; true: it changed. */
bool cell_take(const struct cell_entry *entry, struct condition_cell *cell,
               const struct condition_sample *sample);
/* What a function makes of its cell, and of the point's value now. */
struct slot cell_answer(uint8_t code, const struct cell_entry *entry,
                        const struct condition_cell *cell, struct slot value);
