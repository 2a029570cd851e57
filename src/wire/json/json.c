/* The writer and its numbers. Numbers are printed by hand because they are most of what is written:
 * a decimal's digits lie in the value already, and going through a double and printf would cost
 * fifty times as much and could change them. */
#include "wire/json/json.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY_FIRST ((size_t)512)
#define MOST_USUAL ((size_t)64 << 20)
#define NUMBER_SIZE 24 /* a sign, 19 digits or 20, a point and its zero */

void json_writer_init(struct json_writer *writer, size_t most)
{
    *writer = (struct json_writer){.most = most != 0 ? most : MOST_USUAL};
}

void json_writer_done(struct json_writer *writer)
{
    free(writer->at);
    *writer = (struct json_writer){.most = writer->most};
}

void json_writer_clear(struct json_writer *writer)
{
    writer->size = 0;
    writer->failed = false;
    writer->comma = false;
}

/* ---- room -------------------------------------------------------------------------------------
 */
static bool room_grow(struct json_writer *writer, size_t size)
{
    if (size > writer->most - writer->size) {
        writer->failed = true;
        return false;
    }
    size_t needed = writer->size + size;
    size_t capacity = writer->capacity != 0 ? writer->capacity : CAPACITY_FIRST;
    while (capacity < needed)
        capacity *= 2;
    if (capacity > writer->most)
        capacity = writer->most;
    uint8_t *at = realloc(writer->at, capacity);
    if (at == NULL) {
        writer->failed = true;
        return false;
    }
    writer->at = at;
    writer->capacity = capacity;
    return true;
}

/* Takes `size` bytes at the end; NULL once the writer has failed. */
static inline uint8_t *room_take(struct json_writer *writer, size_t size)
{
    if (UNLIKELY(writer->failed))
        return NULL;
    if (UNLIKELY(writer->capacity - writer->size < size) && !room_grow(writer, size))
        return NULL;
    uint8_t *at = writer->at + writer->size;
    writer->size += size;
    return at;
}

static inline void byte_put(struct json_writer *writer, char byte)
{
    uint8_t *at = room_take(writer, 1);
    if (LIKELY(at != NULL))
        *at = (uint8_t)byte;
}

static inline void bytes_put(struct json_writer *writer, const void *from, size_t size)
{
    uint8_t *at = room_take(writer, size);
    if (LIKELY(at != NULL) && size > 0)
        memcpy(at, from, size);
}

/* A whole value: with the comma before it. */
static inline void value_put(struct json_writer *writer, const void *from, size_t size)
{
    size_t comma = writer->comma ? 1 : 0;
    uint8_t *at = room_take(writer, comma + size);
    if (UNLIKELY(at == NULL))
        return;
    if (comma != 0)
        *at++ = ',';
    if (size > 0)
        memcpy(at, from, size);
    writer->comma = true;
}

/* ---- structure --------------------------------------------------------------------------------
 */
void json_put_object(struct json_writer *writer)
{
    value_put(writer, "{", 1);
    writer->comma = false;
}

void json_put_object_end(struct json_writer *writer)
{
    byte_put(writer, '}');
    writer->comma = true;
}

void json_put_array(struct json_writer *writer)
{
    value_put(writer, "[", 1);
    writer->comma = false;
}

void json_put_array_end(struct json_writer *writer)
{
    byte_put(writer, ']');
    writer->comma = true;
}

void json_put_name(struct json_writer *writer, const char *name)
{
    size_t size = strlen(name), comma = writer->comma ? 1 : 0;
    uint8_t *at = room_take(writer, comma + size + 3);
    if (at == NULL)
        return;
    if (comma != 0)
        *at++ = ',';
    *at++ = '"';
    memcpy(at, name, size);
    at[size] = '"';
    at[size + 1] = ':';
    writer->comma = false;
}

void json_put_name_bytes(struct json_writer *writer, struct bytes name)
{
    json_put_string(writer, name);
    byte_put(writer, ':');
    writer->comma = false;
}

void json_put_raw(struct json_writer *writer, struct bytes text)
{
    value_put(writer, text.at, text.size);
}

void json_put_line_end(struct json_writer *writer)
{
    byte_put(writer, '\n');
    writer->comma = false;
}

/* ---- text -------------------------------------------------------------------------------------
 */
static inline bool is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* Is any of the eight bytes a control character, a quote, a backslash or beyond ASCII? The well
 * known test for a byte below a bound, by the borrow of a subtraction. */
static inline bool eight_are_plain(uint64_t v)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
    uint64_t quote = v ^ (ones * '"'), backslash = v ^ (ones * '\\');
    uint64_t control = (v - ones * 0x20) & ~v;
    uint64_t found = v | control | ((quote - ones) & ~quote) | ((backslash - ones) & ~backslash);
    return (found & tops) == 0;
}

/* Bytes from offset on that stand for themselves. */
static size_t run_of(struct bytes text, size_t offset)
{
    size_t at = offset;
    while (at < text.size) {
        if (text.size - at >= 8 && eight_are_plain(load_u64(text.at + at))) {
            at += 8;
        } else if (is_plain(text.at[at])) {
            at++;
        } else if (text.at[at] >= 0x80) {
            size_t step = bytes_utf8_step(text, at);
            if (step == 0)
                break;
            at += step;
        } else {
            break;
        }
    }
    return at - offset;
}

static void escape_put(struct json_writer *writer, uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    static const char letters[0x20] = {
        ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'};
    if (byte >= 0x80) {
        bytes_put(writer, "\xef\xbf\xbd", 3); /* U+FFFD */
    } else if (byte >= 0x20 || letters[byte] != 0) {
        char text[2] = {'\\', byte >= 0x20 ? (char)byte : letters[byte]};
        bytes_put(writer, text, sizeof text);
    } else {
        char text[6] = {'\\', 'u', '0', '0', digits[byte >> 4], digits[byte & 15]};
        bytes_put(writer, text, sizeof text);
    }
}

void json_put_string(struct json_writer *writer, struct bytes text)
{
    value_put(writer, "\"", 1);
    for (size_t at = 0; at < text.size;) {
        size_t run = run_of(text, at);
        bytes_put(writer, text.at + at, run);
        at += run;
        if (at < text.size)
            escape_put(writer, text.at[at++]);
    }
    byte_put(writer, '"');
}

void json_put_text(struct json_writer *writer, const char *text)
{
    json_put_string(writer, bytes_text(text));
}

/* ---- numbers ----------------------------------------------------------------------------------
 */
static const char digit_pairs[] = "00010203040506070809"
                                  "10111213141516171819"
                                  "20212223242526272829"
                                  "30313233343536373839"
                                  "40414243444546474849"
                                  "50515253545556575859"
                                  "60616263646566676869"
                                  "70717273747576777879"
                                  "80818283848586878889"
                                  "90919293949596979899";

char *json_digits_put(char *end, uint64_t number)
{
    while (number >= 100) {
        end -= 2;
        memcpy(end, digit_pairs + number % 100 * 2, 2);
        number /= 100;
    }
    if (number >= 10) {
        end -= 2;
        memcpy(end, digit_pairs + number * 2, 2);
    } else {
        *--end = (char)('0' + number);
    }
    return end;
}

static inline uint64_t magnitude_of(int64_t number)
{
    return number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
}

/* number / 10^scale, exactly and without zeros at the end; ends before `end`. */
static inline char *decimal_put(char *end, int64_t number, uint8_t scale)
{
    uint64_t left = magnitude_of(number);
    while (scale > 0 && left % 10 == 0) {
        left /= 10;
        scale--;
    }
    if (scale > 0) {
        for (; scale > 0; scale--, left /= 10)
            *--end = (char)('0' + left % 10);
        *--end = '.';
    }
    end = json_digits_put(end, left);
    if (number < 0)
        *--end = '-';
    return end;
}

void json_put_count(struct json_writer *writer, uint64_t number)
{
    char text[NUMBER_SIZE], *end = text + sizeof text, *at = json_digits_put(end, number);
    value_put(writer, at, (size_t)(end - at));
}

static void decimal_value_put(struct json_writer *writer, int64_t number, uint8_t scale)
{
    char text[NUMBER_SIZE], *end = text + sizeof text, *at = decimal_put(end, number, scale);
    value_put(writer, at, (size_t)(end - at));
}

void json_put_integer(struct json_writer *writer, int64_t number)
{
    decimal_value_put(writer, number, 0);
}

/* Any decimal of 15 digits survives a double, and any double survives 17 digits (IEEE 754-2008,
 * 5.12.2), so one of 15, 16 and 17 is the shortest; %g drops zeros at the end. Subnormal numbers
 * have less to say: there the search begins at 1. */
static size_t real_print(char text[REAL_TEXT_SIZE], double real)
{
    if (real == 0) {
        memcpy(text, "-0.0", sizeof "-0.0"); /* "-0" alone is an integer to many readers */
        return sizeof "-0.0" - 1;
    }
    int size = 0;
    int first = fabs(real) < DBL_MIN ? 1 : 15;
    for (int digits = first; digits <= 17; digits++) {
        size = snprintf(text, REAL_TEXT_SIZE, "%.*g", digits, real);
        if (strtod(text, NULL) == real)
            break;
    }
    check(size > 0 && size < REAL_TEXT_SIZE);
    return (size_t)size;
}

/* The same as real_print for numbers of a common size, in whole numbers of 128 bits, twenty times
 * as fast. The double is m * 2^e, and s = m * 2^e * 10^scale has 17 digits before its point:
 *
 *     s = wide / 2^shift, wide = m * 5^scale < 2^53 * 2^49, shift = -(e + scale)
 *
 * A decimal reads back when it is nearer to s than half the distance of m and m + 1 (or as near,
 * when m is even), which is 5^scale / 2 in units of wide. */
#define REAL_SCALE_MOST 21
__extension__ typedef unsigned __int128 uint128;
struct real_parts {
    uint128 wide;
    uint64_t mantissa, five; /* 5^scale */
    int shift, scale;
};

/* scale: how many decimals make it a number of 17 digits. False: none of these do. */
static bool real_split(double real, struct real_parts *parts)
{
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    int exponent = (int)(bits >> 52 & 0x7ff) - 1075;
    uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    /* At a power of two the distance below is another one; what is subnormal is too small. */
    if (fraction == 0 || fabs(real) < 1e-4 || fabs(real) >= 9e15)
        return false;
    parts->mantissa = fraction | UINT64_C(1) << 52;
    parts->scale = 0;
    parts->five = 1;
    for (double sized = fabs(real); sized < 1e16; sized *= 10) {
        parts->scale++;
        parts->five *= 5;
    }
    if (parts->scale > REAL_SCALE_MOST)
        return false;
    parts->wide = (uint128)parts->mantissa * parts->five;
    parts->shift = -(exponent + parts->scale);
    return parts->shift > 0;
}

/* The multiple of step that is nearest to s, if it reads back. */
static bool real_round_to(const struct real_parts *parts, uint64_t step, uint64_t *ret_number)
{
    uint128 twice = parts->wide << 1;
    uint64_t below = (uint64_t)(parts->wide >> parts->shift) / step * step;
    uint128 over = twice - ((uint128)below << (parts->shift + 1));
    uint128 half = (uint128)step << parts->shift;
    bool up = over > half;
    uint128 off = up ? (half << 1) - over : over;
    *ret_number = below + (up ? step : 0);
    return off < parts->five || (off == parts->five && parts->mantissa % 2 == 0);
}

/* A double that is no short decimal; ends before `end`. NULL: real_print must do it. */
static char *real_put(char *end, double real)
{
    struct real_parts parts;
    uint64_t number;
    if (!real_split(real, &parts))
        return NULL;
    if (!real_round_to(&parts, 100, &number) && !real_round_to(&parts, 10, &number) &&
        !real_round_to(&parts, 1, &number))
        return NULL;
    return decimal_put(end, real < 0 ? -(int64_t)number : (int64_t)number, (uint8_t)parts.scale);
}

static size_t real_raw_put(char text[REAL_TEXT_SIZE], double real)
{
    char digits[REAL_TEXT_SIZE], *end = digits + sizeof digits, *at = real_put(end, real);
    if (at == NULL)
        return real_print(text, real);
    size_t size = (size_t)(end - at);
    check(size < REAL_TEXT_SIZE);
    memcpy(text, at, size);
    text[size] = '\0';
    return size;
}

size_t real_text_put(char text[REAL_TEXT_SIZE], double real)
{
    struct value value = value_of_real(real);
    check(value.present); /* finite: the caller looked */
    if (value.scale == SCALE_RAW)
        return real_raw_put(text, real);
    char *end = text + REAL_TEXT_SIZE - 1, *at = decimal_put(end, value.number, value.scale);
    size_t size = (size_t)(end - at);
    memmove(text, at, size);
    text[size] = '\0';
    return size;
}

void json_put_real(struct json_writer *writer, double real)
{
    if (!isfinite(real)) {
        json_put_null(writer);
        return;
    }
    char text[REAL_TEXT_SIZE];
    value_put(writer, text, real_text_put(text, real));
}

void json_put_bool(struct json_writer *writer, bool value)
{
    value_put(writer, value ? "true" : "false", value ? 4 : 5);
}

void json_put_null(struct json_writer *writer)
{
    value_put(writer, "null", 4);
}

void json_put_time(struct json_writer *writer, int64_t time_ns)
{
    if (time_ns == 0) {
        json_put_null(writer);
        return;
    }
    char text[TIME_TEXT_SIZE + 2];
    text[0] = '"';
    size_t size = strlen(time_format_short(time_ns, text + 1)) + 1;
    text[size] = '"';
    value_put(writer, text, size + 1);
}

/* What is kept as bits was found to be no short decimal before. */
static void raw_value_put(struct json_writer *writer, double real)
{
    char text[REAL_TEXT_SIZE];
    if (isfinite(real))
        value_put(writer, text, real_raw_put(text, real));
    else
        json_put_null(writer);
}

void json_put_value(struct json_writer *writer, const struct value *value)
{
    if (!value->present) {
        json_put_null(writer);
        return;
    }
    switch (value->type) {
    case VALUE_FLOAT64:
        if (value->scale != SCALE_RAW)
            decimal_value_put(writer, value->number, value->scale);
        else
            raw_value_put(writer, value_real(value));
        break;
    case VALUE_INT64:
        json_put_integer(writer, value->number);
        break;
    case VALUE_BOOL:
        json_put_bool(writer, value->number != 0);
        break;
    case VALUE_STRING:
        json_put_string(writer, value->text);
        break;
    default:
        check(false); /* a value has a type */
    }
}

/* ---- members ----------------------------------------------------------------------------------
 */
void json_member_string(struct json_writer *writer, const char *name, struct bytes text)
{
    json_put_name(writer, name);
    json_put_string(writer, text);
}

void json_member_text(struct json_writer *writer, const char *name, const char *text)
{
    json_put_name(writer, name);
    json_put_text(writer, text);
}

void json_member_integer(struct json_writer *writer, const char *name, int64_t number)
{
    json_put_name(writer, name);
    json_put_integer(writer, number);
}

void json_member_count(struct json_writer *writer, const char *name, uint64_t number)
{
    json_put_name(writer, name);
    json_put_count(writer, number);
}

void json_member_real(struct json_writer *writer, const char *name, double real)
{
    json_put_name(writer, name);
    json_put_real(writer, real);
}

void json_member_bool(struct json_writer *writer, const char *name, bool value)
{
    json_put_name(writer, name);
    json_put_bool(writer, value);
}

void json_member_null(struct json_writer *writer, const char *name)
{
    json_put_name(writer, name);
    json_put_null(writer);
}

void json_member_time(struct json_writer *writer, const char *name, int64_t time_ns)
{
    json_put_name(writer, name);
    json_put_time(writer, time_ns);
}
