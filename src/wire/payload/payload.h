/* payload: what devices say, turned into readings. Bounded, no I/O, no allocation but in create.
 *
 * A payload is one of
 *   - a plain scalar, with white space around it or not: a number by JSON's grammar, true, false,
 *     null, a JSON string; nothing at all, NaN, inf or Infinity (any case, any sign): no value; any
 *     other text of at most 256 bytes without control characters, such as ON or 007: a string;
 *   - a JSON object (RFC 8259, strictly: no trailing commas, no comments, no NaN): its members are
 *     readings, the members of nested objects are readings one level further down the path;
 *   - a JSON array of such objects: a group each, in order.
 *
 * On the top level of an object
 *   - ts, timestamp and time give the source time: a number, the same in a string, or ISO 8601;
 * null says that the sender knows none. Anything else is PAYLOAD_TIME_INVALID. Several of them must
 *     mean the same instant, else PAYLOAD_KEY_TWICE. Deeper down these names are readings;
 *   - values, when it holds an object, is no level of the path: {"ts":1,"values":{"a":2}} reads as
 *     {"ts":1,"a":2}. Its neighbours are readings like any other; a key in both is there twice.
 *
 * Times without a unit are s, ms, us or ns by their size: below 1e11 s, 1e14 ms, 1e17 us, else ns.
 * Fractions are allowed in each; what is finer than a nanosecond is dropped. Times must lie in
 * 1970..2200. Arrays as member values are no reading, and refuse the payload as any fault does.
 *
 * Keys that hold '/', '+', '#', '%', control characters (below 0x20, and 0x7F), or a leading '$'
 * are escaped as %XX of each such byte (the one documented escape); an empty key becomes "%". Two
 * keys are the same when they are after this.
 *
 * Fast path: a sender repeats the same keys in the same order. payload_match compares the payload
 * with a learned shape byte by byte (exact) and scans only the values. */
#pragma once

#include "base/base.h"
#include "format/format.h"

#define PAYLOAD_METRICS_MAX 256 /* readings of one object */
#define PAYLOAD_DEPTH_MAX 16    /* nested objects */
#define PAYLOAD_GROUPS_MAX 4096 /* objects of one array */
#define PAYLOAD_BARE_TEXT_MAX 256

#define PAYLOAD_FAULT_TABLE(X)                                                                     \
    X(PAYLOAD_OK, "ok")                                                                            \
    X(PAYLOAD_NOT_UTF8, "binary: neither JSON nor text")                                           \
    X(PAYLOAD_BAD_JSON, "JSON that is not well-formed")                                            \
    X(PAYLOAD_NO_READING, "no member is a reading")                                                \
    X(PAYLOAD_TOO_DEEP, "objects nested deeper than 16")                                           \
    X(PAYLOAD_TOO_MANY, "more than 256 metrics in one object, or 4096 objects in one array")       \
    X(PAYLOAD_TEXT_TOO_LONG,                                                                       \
      "a string value longer than 4096 bytes, or bare text longer than 256")                       \
    X(PAYLOAD_KEY_TOO_LONG, "a key longer than a path may be")                                     \
    X(PAYLOAD_KEY_TWICE, "the same key twice in one object")                                       \
    X(PAYLOAD_INTEGER_TOO_LARGE, "an integer beyond what can be kept exactly")                     \
    X(PAYLOAD_NUMBER_TOO_LARGE, "a number beyond the range of float64")                            \
    X(PAYLOAD_TIME_INVALID, "a time that is no time")                                              \
    X(PAYLOAD_TIME_RANGE, "a time outside 1970 to 2200")                                           \
    X(PAYLOAD_ARRAY_VALUE, "an array where a value should be")                                     \
    X(PAYLOAD_TYPE, "a value that cannot become the point's type without loss")
#define PAYLOAD_FAULT_ENUM(name, text) name,
enum payload_fault { PAYLOAD_FAULT_TABLE(PAYLOAD_FAULT_ENUM) PAYLOAD_FAULTS };
#undef PAYLOAD_FAULT_ENUM
const char *payload_fault_text(enum payload_fault fault);
const char *payload_fault_name(enum payload_fault fault); /* "not_utf8", ... for metrics */

struct payload_reading {
    struct bytes key; /* path below the topic, escaped, levels joined by '/'; empty: a scalar */
    /* Natural type: a JSON number is FLOAT64: number / 10^scale as written (21.50 is 2150 / 10^2)
     * where that is exact, with exponents worked in; else the float64 that strtod gives, through
     * value_of_real; -0 is raw and keeps its sign. An integer literal beyond 2^53 that fits 64 bits
     * is INT64; true/false BOOL; string STRING (unescaped, UTF-8, may hold NUL); null, empty, NaN:
     * not present with QUALITY_BAD_NO_VALUE, of type FLOAT64. */
    struct value value;
};
struct payload_group {
    bool has_time;
    int64_t time_ns;
    bool object; /* false: one reading with an empty key */
    uint16_t count;
    const struct payload_reading *readings; /* views into the payload or the decoder */
};

struct payload_decoder; /* scratch for one thread: 1.6 MiB, fixed, touched as needed */
MUST_USE enum err payload_decoder_create(struct payload_decoder **ret_decoder);
void payload_decoder_destroy(struct payload_decoder *decoder);
/* Decodes and checks the whole payload; then payload_next gives group after group. A fault anywhere
 * refuses the whole payload (nothing is half taken). *ret_where, written with a fault only: its
 * offset. The payload must stay where it is until the last payload_next; a group's readings last
 * until the next call of either function. */
enum payload_fault payload_decode(struct payload_decoder *decoder, struct bytes payload,
                                  size_t *ret_where);
MUST_USE bool payload_next(struct payload_decoder *decoder, struct payload_group *ret_group);

/* ---- shapes
 * ---------------------------------------------------------------------------------------- */
struct payload_shape { /* one flat object: {"k1":v,"k2":v,...}, maybe with one time member */
    uint16_t count;    /* readings, without the time member */
    uint16_t text_size;
    /* private */
    uint16_t members;    /* with the time member */
    uint16_t time_at;    /* member index of the time; UINT16_MAX: none */
    const uint8_t *text; /* for each member: size (2 bytes), then its `"key":` as sent */
};
/* Learns the shape of the payload just decoded as one flat object without escapes in keys and
 * without white space inside; false when it has none (that is fine). The text lives in
 * storage[storage_size] of the caller. */
MUST_USE bool payload_shape_learn(struct bytes payload, uint8_t *storage, size_t storage_size,
                                  struct payload_shape *ret_shape);
/* True when payload is exactly this shape with values of natural types that need no unescaping;
 * then values[shape->count], in the order of the members, and time as in a group. False says
 * nothing: use payload_decode. On true the result equals payload_decode's (a test holds that). */
MUST_USE bool payload_match(const struct payload_shape *shape, struct bytes payload,
                            struct value *values, bool *ret_has_time, int64_t *ret_time_ns);

/* Turns a value into the point's type where nothing is lost: whole number <-> int64, 0/1 <-> bool,
 * bool -> number, number, true or false in a string -> that, number or bool -> string (as sent is
 * lost; the shortest text that reads back). "" and "NaN" for a point that is no string are no
 * value; a value that is not present fits every type. Text is written into scratch[32] when needed.
 * Faults leave the value as it was: PAYLOAD_TYPE, or PAYLOAD_INTEGER_TOO_LARGE for an int64 that no
 * float64 holds. */
enum payload_fault payload_convert(struct value *value, uint8_t type, char *scratch);
/* Escapes one topic segment or key as above into out[3*size]; returns its size. */
size_t payload_key_escape(struct bytes key, uint8_t *out);
