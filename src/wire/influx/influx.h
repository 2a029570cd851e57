/* influx: InfluxDB line protocol in, no I/O. Bounded, no allocation but in create.
 *
 *   measurement,tag=value,tag=value field=value,field=value 1700000000000000000
 *
 * A body is fed piece by piece, cut anywhere; each line is given as views, or as a fault with its
 * line, column and sentence, and then the decoder goes on with the next line. What is taken and
 * what is refused is what InfluxData's own decoder (line-protocol v2) takes and refuses, apart from
 * the limits below and from what is marked (*).
 *
 *   Lines      end with LF or CR LF; the last may end with the body. Spaces before, after and
 *              between the parts are passed over, and so are empty lines and lines that begin with
 *              '#'. Outside of strings no control character stands anywhere; a tab is one.
 *   Names      (measurement, tag keys and values, field keys) are UTF-8 and not empty. A backslash
 *              makes the comma, the space or the '=' behind it part of the name ('=' stands for
 *              itself in a measurement, and "\=" is two characters there); before anything else it
 *              stands for itself. So every name has exactly one spelling.
 *   Strings    stand in double quotes and hold any UTF-8, line feeds too. \" \\ \n \r \t are the
 *              character; a backslash before anything else stands for itself.
 *   Numbers    21.5 -1e3 .5 5. are FLOAT64, +1 too (*). 5i is INT64. 5u is INT64 as well, and above
 *              9223372036854775807 a fault that says so (*): no type keeps it exactly. NaN,
 *              infinities and hexadecimal floats are refused.
 *   Booleans   t T true True TRUE f F false False FALSE.
 *   Times      count in the precision of the body from 1970, and lie before 2200 (*). A line
 *              without one has has_time = false: the moment of its arrival is its time.
 *   Twice      the same tag key twice in a line is a fault; of the same field twice the last is
 *              taken.
 *
 * Where a faulty line ends: at the first line feed that is not inside a string, as InfluxDB has it;
 * a string begins with a quote directly behind an '=' of the fields. A quote that is never closed
 * takes all the rest of the body with it: what stands in a string never becomes a line.
 *
 * Fast path: a sender repeats the same series in the same order. influx_match compares the next
 * line with a learned shape byte by byte (exact, no fingerprint) and scans only the values.
 *
 * One thread at a time a decoder. A line of 62 bytes with three tags and one field takes 17 ns to
 * match and 40 ns to decode (bench/influx_bench.c). */
#pragma once

#include "base/base.h"
#include "format/format.h"

#define INFLUX_LINE_MAX 262144        /* bytes of a line without its line feed */
#define INFLUX_TAGS_MAX LABELS_MAX    /* of a line */
#define INFLUX_FIELDS_MAX COLUMNS_MAX /* of a line */
#define INFLUX_NAME_MAX 256           /* bytes of a name as sent, with its backslashes */
#define INFLUX_NUMBER_MAX 1024        /* bytes of a number as sent */
/* and STRING_VALUE_MAX for a string, without its backslashes */

#define INFLUX_FAULT_TABLE(X)                                                                      \
    X(INFLUX_OK, "ok")                                                                             \
    X(INFLUX_LINE_TOO_LONG, "the line is longer than 262144 bytes")                                \
    X(INFLUX_CONTROL, "a control character stands outside of a string")                            \
    X(INFLUX_NOT_UTF8, "the text is not UTF-8")                                                    \
    X(INFLUX_NO_MEASUREMENT, "the measurement is missing")                                         \
    X(INFLUX_NO_TAG_KEY, "a tag key is missing")                                                   \
    X(INFLUX_NO_TAG_VALUE, "a tag has no value")                                                   \
    X(INFLUX_TAG_EQUALS, "an '=' in a tag value needs a backslash")                                \
    X(INFLUX_TAG_TWICE, "the same tag key stands there twice")                                     \
    X(INFLUX_TAGS_TOO_MANY, "more than 32 tags")                                                   \
    X(INFLUX_NAME_TOO_LONG, "a measurement, tag or field key is longer than 256 bytes")            \
    X(INFLUX_NO_FIELD, "there are no fields")                                                      \
    X(INFLUX_NO_FIELD_KEY, "a field key is missing")                                               \
    X(INFLUX_NO_FIELD_VALUE, "a field has no value")                                               \
    X(INFLUX_FIELDS_TOO_MANY, "more than 256 fields")                                              \
    X(INFLUX_VALUE_UNKNOWN, "a value is no number, no boolean and no string in double quotes")     \
    X(INFLUX_BOOLEAN_INVALID, "a boolean is none of t, true, True, TRUE, f, false, False, FALSE")  \
    X(INFLUX_NUMBER_INVALID, "a number is not well-formed")                                        \
    X(INFLUX_NUMBER_TOO_LONG, "a number is longer than 1024 bytes")                                \
    X(INFLUX_NUMBER_TOO_LARGE, "a number is beyond the range of float64")                          \
    X(INFLUX_INTEGER_TOO_LARGE, "an integer is beyond the range of int64")                         \
    X(INFLUX_UNSIGNED_TOO_LARGE,                                                                   \
      "an unsigned integer is above 9223372036854775807, the largest that is kept exactly")        \
    X(INFLUX_STRING_OPEN, "a string's closing quote is missing")                                   \
    X(INFLUX_STRING_TOO_LONG, "a string is longer than 4096 bytes")                                \
    X(INFLUX_VALUE_FOLLOWED, "behind a field value stands something else than ',' or white space") \
    X(INFLUX_TIME_INVALID, "the timestamp is not a whole number")                                  \
    X(INFLUX_TIME_RANGE, "the timestamp is outside 1970 to 2200 in the precision of the request")  \
    X(INFLUX_TIME_FOLLOWED, "something stands behind the timestamp")
#define INFLUX_FAULT_ENUM(name, text) name,
enum influx_fault { INFLUX_FAULT_TABLE(INFLUX_FAULT_ENUM) INFLUX_FAULTS };
#undef INFLUX_FAULT_ENUM
const char *influx_fault_text(enum influx_fault fault); /* the sentence */
const char *influx_fault_name(enum influx_fault fault); /* "line_too_long", ... for metrics */

enum influx_precision {
    INFLUX_NS,
    INFLUX_US,
    INFLUX_MS,
    INFLUX_S,
    INFLUX_M, /* minutes */
    INFLUX_H,
    INFLUX_PRECISIONS
};
/* What a request may call it: ns us ms s (v2), n u ms s m h (v1); nothing is ns. */
MUST_USE bool influx_precision_parse(struct bytes name, enum influx_precision *ret_precision);

/* ---- decoding --------------------------------------------------------------------------------
 */
struct influx_tag {
    struct bytes key, value; /* as sent, with backslashes: influx_name_put */
};
struct influx_line {
    uint64_t number;          /* of the line in the body, from 1; line feeds in strings count */
    struct bytes series;      /* measurement and tags, as sent */
    struct bytes measurement; /* as sent: influx_measurement_put */
    bool escaped;             /* false: no backslash in any name, they are what they are */
    bool has_time;
    int64_t time_ns;
    uint16_t tag_count;             /* 0..INFLUX_TAGS_MAX */
    uint16_t field_count;           /* 1..INFLUX_FIELDS_MAX */
    const struct influx_tag *tags;  /* in the order of the line */
    const struct bytes *field_keys; /* as sent: influx_name_put */
    /* Natural types, present, QUALITY_GOOD. A float is number / 10^scale as written where that is
     * exact, as in payload_reading; a string is unescaped. */
    const struct value *values;
};
struct influx_refusal {
    enum influx_fault fault;
    uint64_t line;     /* as influx_line.number */
    uint32_t column;   /* byte of that line, from 1; where the fault is */
    struct bytes text; /* the line as sent, INFLUX_LINE_MAX bytes of it at most */
};

struct influx_decoder; /* 540 KiB of addresses, fixed, touched as needed; 16 KiB in usual use */
MUST_USE enum err influx_decoder_create(struct influx_decoder **ret_decoder);
void influx_decoder_destroy(struct influx_decoder *decoder); /* NULL is fine */
/* Bytes of memory that it has touched since it was created. */
size_t influx_decoder_memory(const struct influx_decoder *decoder);
/* A new body. Whatever was there is forgotten. */
void influx_begin(struct influx_decoder *decoder, enum influx_precision precision);
/* The next piece of the body, of any size; it must stay where it is until influx_next says
 * INFLUX_STEP_MORE. To be called at the beginning and then after each INFLUX_STEP_MORE. */
void influx_feed(struct influx_decoder *decoder, struct bytes piece);
/* The body is complete: what is left is its last line. Instead of influx_feed. */
void influx_end(struct influx_decoder *decoder);

enum influx_step {
    INFLUX_STEP_MORE,  /* all was taken: feed, or end; after the end: that was all */
    INFLUX_STEP_LINE,  /* *ret_line */
    INFLUX_STEP_FAULT, /* *ret_refusal; the next call goes on behind that line */
};
/* What it gives lasts until the next call with this decoder. */
MUST_USE enum influx_step influx_next(struct influx_decoder *decoder, struct influx_line *ret_line,
                                      struct influx_refusal *ret_refusal);

/* ---- shapes
 * ---------------------------------------------------------------------------------------- */
struct influx_shape { /* series and field keys of a line, in order */
    uint16_t count;   /* fields */
    uint16_t text_size;
    /* private */
    const uint8_t *text; /* for each field: size (2 bytes), then what stands before its value */
};
/* Learns a line's shape into storage[storage_size] of the caller; false when that is too small or
 * the shape is above 65,535 bytes (that is fine: decode it). */
MUST_USE bool influx_shape_learn(const struct influx_line *line, uint8_t *storage,
                                 size_t storage_size, struct influx_shape *ret_shape);
/* True when the next line is exactly this shape, with single spaces and with values that need no
 * unescaping; it is then taken: values[shape->count], in the order of the fields, and time as in
 * influx_line. False says nothing, and takes nothing: use influx_next. On true the result equals
 * that of influx_next (the fuzzer holds that). Texts last until the next call. */
MUST_USE bool influx_match(struct influx_decoder *decoder, const struct influx_shape *shape,
                           struct value *values, bool *ret_has_time, int64_t *ret_time_ns);
/* The line that was given last, by influx_next as a line or by influx_match, comes again with the
 * next call. At most once in a row, and not after influx_feed or influx_end. */
void influx_unread(struct influx_decoder *decoder);
/* How many bytes of the piece were not taken yet; and they lie elsewhere from now on: to is
 * written, and the piece is not needed any more. What was given as views is gone. */
size_t influx_rest(const struct influx_decoder *decoder);
void influx_move(struct influx_decoder *decoder, uint8_t *to);
/* How each of the next lines begins, up to and with the '=' behind its first field key: what the
 * text of a learned shape begins with. A guess for looking shapes up ahead of time: of a line that
 * is not as most are it may be wrong, or empty. Only of lines that lie whole in the piece. Returns
 * how many; views into the piece. */
size_t influx_peek(struct influx_decoder *decoder, struct bytes *heads, size_t most);
/* The same of a learned shape: its hash is what a line's head is looked up by. */
static inline struct bytes influx_shape_head(const uint8_t *text)
{
    return bytes_of(text + 2, load_u16(text));
}
/* The number of the line that was given last, by influx_next or influx_match. */
uint64_t influx_line_number(const struct influx_decoder *decoder);

/* ---- names
 * ----------------------------------------------------------------------------------------- */
/* The name without its backslashes, into out[name.size]; returns its size. */
size_t influx_name_put(struct bytes name, uint8_t *out);
size_t influx_measurement_put(struct bytes measurement, uint8_t *out);
/* Indexes of the tags in the order of their keys, byte by byte and without backslashes: the order
 * in which a sender writes its tags says nothing about the series. order[tag_count]. */
void influx_tags_sort(const struct influx_line *line, uint8_t *order);
/* Tag `index` of the line as a label of its points; both texts in scratch[2 * INFLUX_NAME_MAX] or
 * in the line. LABEL_BYTES_MAX is the caller's to judge. */
void influx_label_get(const struct influx_line *line, size_t index, uint8_t *scratch,
                      struct label *ret_label);

/* ---- paths: the rule that makes points of lines -----------------------------------------------
 */
/* A template says what path the point of a field has; all tags become labels of the point,
 * whatever the template does with them.
 *
 *   {measurement}  {field}   the name
 *   {tag:NAME}               the value of this tag; a line that has it not has no path
 *   {tags}                   the values of all tags that are not named by {tag:NAME}, in the order
 *                            of their keys, a level each; no level when there are none
 *   {pairs}                  the same as key=value
 *   {{ }}                    a brace; anything else stands for itself
 *
 *   {measurement}/{tags}/{field}     (INFLUX_TEMPLATE_DEFAULT) makes of
 *     pump,site=north,line=7 rpm=1450,on=t
 *   pump/7/north/rpm and pump/7/north/on.
 *
 * Names are escaped as payload_key_escape does: '/', '+', '#', '%', control characters and a
 * leading '$' become %XX. So a path leads back to its series except that {tags} leaves out keys:
 * m,a=1 and m,b=1 are the same point there. Where senders do that, {pairs} keeps them apart.
 *
 * {field} stands in the last level, once, so that the fields of a line are a row: influx_prefix_put
 * gives the levels before it, influx_metric_put the last one. Whether the result is a path (depth,
 * sizes) is for the points to judge. Pure; any thread. */
#define INFLUX_TEMPLATE_DEFAULT "{measurement}/{tags}/{field}"
#define INFLUX_TEMPLATE_BYTES_MAX 255
struct influx_template_part {
    uint8_t kind;
    uint8_t at, size; /* in text: a text, or a tag's key */
};
struct influx_template {
    uint8_t count;
    uint8_t metric; /* the part that begins the last level */
    struct influx_template_part parts[INFLUX_TEMPLATE_BYTES_MAX];
    uint8_t text[INFLUX_TEMPLATE_BYTES_MAX];
};
/* NULL, or a sentence that says what is wrong, and then nothing is returned. Refused is also what
 * no line could make a path of: '+', '#', control characters, empty levels, a '$' in front, no
 * UTF-8; a {field} that is missing, or not in the last level alone; {tags} and {pairs} that do not
 * have a level for themselves, or come twice. */
const char *influx_template_parse(struct bytes text, struct influx_template *ret_template);
/* The path of field `field`, into out[capacity]. ERR_MISSING: the line has not a tag that is named.
 * ERR_LIMIT: more than capacity. out is written in any case. */
MUST_USE enum err influx_path_put(const struct influx_template *path_template,
                                  const struct influx_line *line, size_t field, uint8_t *out,
                                  size_t capacity, size_t *ret_size);
/* The path without its last level: the same for all fields of the line; may be empty. Errors as
 * above. */
MUST_USE enum err influx_prefix_put(const struct influx_template *path_template,
                                    const struct influx_line *line, uint8_t *out, size_t capacity,
                                    size_t *ret_size);
/* The last level alone. Errors as above. */
MUST_USE enum err influx_metric_put(const struct influx_template *path_template,
                                    const struct influx_line *line, size_t field, uint8_t *out,
                                    size_t capacity, size_t *ret_size);
