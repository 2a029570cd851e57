/* Numbers: integers as long as they are exact, doubles with one rounding a step, and never anything
 * that is not finite. Of libm there are floor, fabs and sqrt, which IEEE 754 determines to the bit.
 */
#include "condition/number.h"

#include <math.h>
#include <string.h>

struct slot slot_real(double real)
{
    if (!__builtin_isfinite(real))
        return slot_unknown();
    return (struct slot){.real = real, .kind = SLOT_REAL};
}

bool slot_is_number(struct slot slot)
{
    return slot.kind >= SLOT_INTEGER && slot.kind <= SLOT_BOOL;
}

double slot_double(struct slot slot)
{
    return slot.kind == SLOT_REAL ? slot.real : (double)slot.integer;
}

struct slot slot_of_value(const struct value *value)
{
    if (!value->present || value->quality >= QUALITY_UNCERTAIN)
        return slot_unknown();
    switch (value->type) {
    case VALUE_FLOAT64:
        return slot_real(value_real(value));
    case VALUE_INT64:
        return slot_integer(value->number);
    case VALUE_BOOL:
        return slot_bool(value->number != 0);
    case VALUE_STRING:
        return (struct slot){
            .text = value->text.at, .size = (uint32_t)value->text.size, .kind = SLOT_TEXT};
    default:
        return slot_unknown();
    }
}

struct slot slot_truth(struct slot slot)
{
    if (slot.kind == SLOT_INTEGER)
        return slot_bool(slot.integer != 0);
    if (slot.kind == SLOT_REAL)
        return slot_bool(slot.real != 0);
    return slot.kind == SLOT_BOOL ? slot : slot_unknown();
}

/* ---- the remainder, exactly: what is left of |x| when |y| was taken away as often as it can ----
 */
struct parts {
    uint64_t fraction; /* with its hidden bit */
    int exponent;
};

static struct parts parts_of(double real)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    struct parts parts = {bits & ((UINT64_C(1) << 52) - 1), (int)(bits >> 52 & 0x7ff)};
    if (parts.exponent > 0) {
        parts.fraction |= UINT64_C(1) << 52;
        return parts;
    }
    parts.exponent = 1;
    while (parts.fraction != 0 && parts.fraction >> 52 == 0) {
        parts.fraction <<= 1;
        parts.exponent--;
    }
    return parts;
}

static double parts_real(struct parts parts)
{
    while (parts.fraction != 0 && parts.fraction >> 52 == 0) {
        parts.fraction <<= 1;
        parts.exponent--;
    }
    uint64_t bits = parts.exponent > 0 ? (parts.fraction & ((UINT64_C(1) << 52) - 1)) |
                                             (uint64_t)parts.exponent << 52
                                       : parts.fraction >> (1 - parts.exponent);
    double real;
    if (parts.fraction == 0)
        bits = 0;
    memcpy(&real, &bits, sizeof real);
    return real;
}

/* At most 2,100 steps of shifting; usual numbers take a few. */
static double real_remainder(double x, double y)
{
    double left = fabs(x), by = fabs(y);
    if (left >= by) {
        struct parts a = parts_of(left), b = parts_of(by);
        for (; a.exponent > b.exponent; a.exponent--) {
            if (a.fraction >= b.fraction)
                a.fraction -= b.fraction;
            a.fraction <<= 1;
        }
        if (a.fraction >= b.fraction)
            a.fraction -= b.fraction;
        left = parts_real(a);
    }
    return x < 0 && left > 0 ? -left : left;
}

/* ---- two numbers ---- */
static struct slot integer_divide(int64_t a, int64_t b)
{
    if (b == -1)
        return a == INT64_MIN ? slot_real(0x1p63) : slot_integer(-a);
    return a % b == 0 ? slot_integer(a / b) : slot_real((double)a / (double)b);
}

static struct slot integer_binary(uint8_t code, int64_t a, int64_t b)
{
    int64_t result;
    switch (code) {
    case CODE_ADD:
        return __builtin_add_overflow(a, b, &result) ? slot_real((double)a + (double)b)
                                                     : slot_integer(result);
    case CODE_SUBTRACT:
        return __builtin_sub_overflow(a, b, &result) ? slot_real((double)a - (double)b)
                                                     : slot_integer(result);
    case CODE_MULTIPLY:
        return __builtin_mul_overflow(a, b, &result) ? slot_real((double)a * (double)b)
                                                     : slot_integer(result);
    case CODE_DIVIDE:
        return b == 0 ? slot_unknown() : integer_divide(a, b);
    case CODE_REMAINDER:
        return b == 0 ? slot_unknown() : slot_integer(b == -1 ? 0 : a % b);
    case CODE_MIN:
        return slot_integer(a <= b ? a : b);
    default:
        return slot_integer(a >= b ? a : b);
    }
}

static struct slot real_binary(uint8_t code, double a, double b)
{
    switch (code) {
    case CODE_ADD:
        return slot_real(a + b);
    case CODE_SUBTRACT:
        return slot_real(a - b);
    case CODE_MULTIPLY:
        return slot_real(a * b);
    case CODE_DIVIDE:
        return b == 0 ? slot_unknown() : slot_real(a / b);
    default:
        return b == 0 ? slot_unknown() : slot_real(real_remainder(a, b));
    }
}

struct slot number_binary(uint8_t code, struct slot a, struct slot b)
{
    if (!slot_is_number(a) || !slot_is_number(b))
        return slot_unknown();
    if (a.kind != SLOT_REAL && b.kind != SLOT_REAL)
        return integer_binary(code, a.integer, b.integer);
    if (code == CODE_MIN || code == CODE_MAX) {
        bool less = slot_double(a) <= slot_double(b), more = slot_double(a) >= slot_double(b);
        struct slot chosen = (code == CODE_MIN ? less : more) ? a : b;
        return chosen.kind == SLOT_REAL ? chosen : slot_integer(chosen.integer);
    }
    return real_binary(code, slot_double(a), slot_double(b));
}

/* ---- one number ---- */
static double real_round(double real)
{
    double whole = floor(fabs(real));
    if (fabs(real) - whole >= 0.5)
        whole += 1;
    return real < 0 && whole > 0 ? -whole : whole;
}

struct slot number_unary(uint8_t code, struct slot a)
{
    if (!slot_is_number(a))
        return slot_unknown();
    if (code == CODE_SQRT)
        return slot_double(a) < 0 ? slot_unknown() : slot_real(sqrt(slot_double(a)));
    if (a.kind == SLOT_REAL)
        return slot_real(code == CODE_MINUS ? -a.real
                         : code == CODE_ABS ? fabs(a.real)
                                            : real_round(a.real));
    if (code == CODE_ROUND || (code == CODE_ABS && a.integer >= 0))
        return slot_integer(a.integer);
    return a.integer == INT64_MIN ? slot_real(0x1p63) : slot_integer(-a.integer);
}

struct slot number_clamp(struct slot a, struct slot least, struct slot most)
{
    struct slot fits = slot_compare(CODE_LESS_EQUAL, least, most);
    if (fits.kind != SLOT_BOOL || fits.integer == 0)
        return slot_unknown();
    return number_binary(CODE_MIN, number_binary(CODE_MAX, a, least), most);
}

/* ---- comparisons ---- */
static bool order_fits(uint8_t code, int order)
{
    switch (code) {
    case CODE_EQUAL:
        return order == 0;
    case CODE_DIFFERENT:
        return order != 0;
    case CODE_LESS:
        return order < 0;
    case CODE_LESS_EQUAL:
        return order <= 0;
    case CODE_MORE:
        return order > 0;
    default:
        return order >= 0;
    }
}

static int order_of(struct slot a, struct slot b)
{
    if (a.kind != SLOT_REAL && b.kind != SLOT_REAL)
        return (a.integer > b.integer) - (a.integer < b.integer);
    double x = slot_double(a), y = slot_double(b);
    return (x > y) - (x < y);
}

/* A count that is not known but lies between two numbers: true or false if it is so for all of
 * them. */
static struct slot compare_between(uint8_t code, struct slot a, struct slot b)
{
    struct slot least = a.kind == SLOT_BETWEEN ? slot_integer(a.integer) : a, most = least;
    struct slot b_least = b.kind == SLOT_BETWEEN ? slot_integer(b.integer) : b, b_most = b_least;
    if (!slot_is_number(least) || !slot_is_number(b_least))
        return slot_unknown();
    if (a.kind == SLOT_BETWEEN)
        most.integer += a.size;
    if (b.kind == SLOT_BETWEEN)
        b_most.integer += b.size;
    int low = order_of(least, b_most), high = order_of(most, b_least);
    if (code == CODE_EQUAL || code == CODE_DIFFERENT) {
        bool apart = low > 0 || high < 0;
        /* Between 1 and 2 there is no 1.5, but to say so is not worth a rule. */
        return apart ? slot_bool(code == CODE_DIFFERENT) : slot_unknown();
    }
    bool at_low = order_fits(code, low), at_high = order_fits(code, high);
    return at_low == at_high ? slot_bool(at_low) : slot_unknown();
}

struct slot slot_compare(uint8_t code, struct slot a, struct slot b)
{
    if (LIKELY(slot_is_number(a) && slot_is_number(b)))
        return slot_bool(order_fits(code, order_of(a, b)));
    if (a.kind == SLOT_TEXT && b.kind == SLOT_TEXT &&
        (code == CODE_EQUAL || code == CODE_DIFFERENT))
        return slot_bool(bytes_equal(bytes_of(a.text, a.size), bytes_of(b.text, b.size)) ==
                         (code == CODE_EQUAL));
    if (a.kind == SLOT_BETWEEN || b.kind == SLOT_BETWEEN)
        return compare_between(code, a, b);
    return slot_unknown();
}
