/* oracle: line protocol read in the simplest way there is, a whole body in memory, rule by rule as
 * influx.h has them and sharing nothing with the decoder. For tests and the fuzzer. */
#pragma once

#include "wire/influx/transcript.h"

#include <math.h>

struct oracle {
    const uint8_t *at, *end; /* of the line that is left */
    struct transcript text;  /* names and strings without backslashes */
    struct {
        struct bytes name, value;
    } tags[INFLUX_TAGS_MAX];
    size_t tag_count;
    struct {
        struct bytes name;
        struct value value;
        double real;
    } fields[INFLUX_FIELDS_MAX];
    size_t field_count;
    bool has_time;
    int64_t time_ns, unit_ns;
};

/* ---- where a line ends: at[size], from its beginning ---- */
static inline size_t oracle_string_end(const uint8_t *at, size_t i, size_t size)
{
    while (i < size && at[i] != '"')
        i += at[i] == '\\' ? 2 : 1;
    return i;
}

static inline size_t oracle_line_end(const uint8_t *at, size_t size)
{
    size_t i = 0;
    unsigned spaces = 0; /* runs of them: the fields begin behind the first, and end at the next */
    while (i < size && at[i] == ' ')
        i++;
    bool comment = i < size && at[i] == '#';
    for (; i < size && at[i] != '\n'; i++) {
        bool escaped = i > 0 && at[i - 1] == '\\';
        if (comment || escaped)
            continue;
        if (at[i] == ' ') {
            spaces++;
            while (spaces == 1 && i + 1 < size && at[i + 1] == ' ')
                i++;
        } else if (spaces == 1 && at[i] == '=' && i + 1 < size && at[i + 1] == '"') {
            i = oracle_string_end(at, i + 2, size);
        }
    }
    return i < size ? i : size;
}

/* ---- its parts ---- */
static inline uint8_t oracle_peek(const struct oracle *oracle)
{
    return oracle->at < oracle->end ? *oracle->at : (uint8_t)'\n';
}
static inline bool oracle_take(struct oracle *oracle, uint8_t byte)
{
    if (oracle->at == oracle->end || *oracle->at != byte)
        return false;
    oracle->at++;
    return true;
}
static inline bool oracle_is_in(uint8_t byte, const char *set)
{
    return byte != 0 && strchr(set, byte) != NULL;
}

/* Up to one of `stops`, without the backslashes before one of `escapes`. */
static inline bool oracle_name(struct oracle *oracle, const char *stops, const char *escapes,
                               struct bytes *ret_name)
{
    const uint8_t *begin = oracle->at;
    size_t size = oracle->text.size;
    while (oracle->at < oracle->end && !oracle_is_in(*oracle->at, stops)) {
        if (*oracle->at == '\\' && oracle->end - oracle->at > 1 &&
            oracle_is_in(oracle->at[1], escapes))
            oracle->at++;
        if (*oracle->at < 0x20 || *oracle->at == 0x7F)
            return false;
        transcript_put(&oracle->text, oracle->at++, 1);
    }
    *ret_name = bytes_of(oracle->text.at + size, oracle->text.size - size);
    return ret_name->size > 0 && oracle->at - begin <= INFLUX_NAME_MAX && bytes_are_utf8(*ret_name);
}

static inline bool oracle_tags(struct oracle *oracle)
{
    struct bytes name, value;
    if (!oracle_take(oracle, ','))
        return true;
    if (!oracle_name(oracle, ",= ", ",= ", &name) || !oracle_take(oracle, '=') ||
        !oracle_name(oracle, ",= ", ",= ", &value) || oracle->tag_count == INFLUX_TAGS_MAX)
        return false;
    size_t place = 0;
    while (place < oracle->tag_count && bytes_compare(oracle->tags[place].name, name) < 0)
        place++;
    if (place < oracle->tag_count && bytes_equal(oracle->tags[place].name, name))
        return false;
    for (size_t i = oracle->tag_count++; i > place; i--)
        oracle->tags[i] = oracle->tags[i - 1];
    oracle->tags[place].name = name;
    oracle->tags[place].value = value;
    return oracle_tags(oracle);
}

static inline bool oracle_string(struct oracle *oracle, struct value *value)
{
    static const char names[] = "\"\\nrt", meant[] = "\"\\\n\r\t";
    size_t size = oracle->text.size;
    while (oracle->at < oracle->end && *oracle->at != '"') {
        uint8_t byte = *oracle->at++;
        if (byte == '\\' && oracle->at < oracle->end && oracle_is_in(*oracle->at, names))
            byte = (uint8_t)meant[strchr(names, *oracle->at++) - names];
        transcript_put(&oracle->text, &byte, 1);
    }
    value->type = VALUE_STRING;
    value->text = bytes_of(oracle->text.at + size, oracle->text.size - size);
    return oracle_take(oracle, '"') && value->text.size <= STRING_VALUE_MAX &&
           bytes_are_utf8(value->text);
}

static inline size_t oracle_digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* What stands in word[size] before its 'i' or 'u'. */
static inline bool oracle_integer(const char *word, size_t size, struct value *value)
{
    bool negative = word[0] == '-', is_signed = word[size - 1] == 'i';
    const char *digits = word + (negative || word[0] == '+');
    size_t count = oracle_digits(digits);
    if (count == 0 || digits + count + 1 != word + size || (negative && !is_signed))
        return false;
    uint64_t v = 0;
    for (size_t i = 0; i < count; i++)
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(digits[i] - '0'), &v))
            return false;
    value->type = VALUE_INT64;
    value->number = (int64_t)(negative ? 0 - v : v);
    return v <= (uint64_t)INT64_MAX + negative;
}

static inline bool oracle_real(const char *word, size_t size, double *ret_real)
{
    const char *at = word + (word[0] == '-' || word[0] == '+');
    size_t digits = oracle_digits(at);
    at += digits;
    if (*at == '.') {
        size_t decimals = oracle_digits(at + 1);
        at += 1 + decimals;
        digits += decimals;
    }
    if (digits > 0 && (*at == 'e' || *at == 'E')) {
        at++;
        at += *at == '-' || *at == '+';
        size_t more = oracle_digits(at);
        at += more;
        digits = more;
    }
    *ret_real = strtod(word, NULL);
    return digits > 0 && at == word + size && size <= INFLUX_NUMBER_MAX && isfinite(*ret_real);
}

static inline bool oracle_value(struct oracle *oracle, struct value *value, double *real)
{
    static const char *const words[] = {"f", "F", "false", "False", "FALSE",
                                        "t", "T", "true",  "True",  "TRUE"};
    *value = (struct value){.quality = QUALITY_GOOD, .present = true};
    if (oracle_take(oracle, '"'))
        return oracle_string(oracle, value);
    struct bytes word = bytes_of(oracle->at, 0);
    while (oracle->at<oracle->end && * oracle->at> ' ' && *oracle->at != ',') {
        oracle->at++;
        word.size++;
    }
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        if (bytes_equal(word, bytes_text(words[i]))) {
            value->type = VALUE_BOOL;
            value->number = i >= 5;
            return true;
        }
    }
    if (word.size == 0)
        return false;
    char *text = malloc(word.size + 1);
    check(text);
    memcpy(text, word.at, word.size);
    text[word.size] = 0;
    value->type = VALUE_FLOAT64;
    bool whole = text[word.size - 1] == 'i' || text[word.size - 1] == 'u';
    bool taken =
        whole ? oracle_integer(text, word.size, value) : oracle_real(text, word.size, real);
    free(text);
    return taken;
}

static inline bool oracle_fields(struct oracle *oracle)
{
    struct bytes name;
    size_t place = 0;
    if (oracle->field_count == INFLUX_FIELDS_MAX || !oracle_name(oracle, ",= ", ",= ", &name) ||
        !oracle_take(oracle, '='))
        return false;
    while (place < oracle->field_count && !bytes_equal(oracle->fields[place].name, name))
        place++;
    oracle->fields[place].name = name;
    if (!oracle_value(oracle, &oracle->fields[place].value, &oracle->fields[place].real))
        return false;
    oracle->field_count += place == oracle->field_count;
    return !oracle_take(oracle, ',') || oracle_fields(oracle);
}

static inline bool oracle_time(struct oracle *oracle)
{
    bool negative = oracle_take(oracle, '-');
    int64_t time_ns = 0;
    const uint8_t *begin = oracle->at;
    for (; oracle_is_in(oracle_peek(oracle), "0123456789"); oracle->at++)
        if (__builtin_mul_overflow(time_ns, 10, &time_ns) ||
            __builtin_add_overflow(time_ns, *oracle->at - '0', &time_ns))
            return false;
    if (oracle->at == begin || __builtin_mul_overflow(time_ns, oracle->unit_ns, &time_ns))
        return false;
    oracle->has_time = true;
    oracle->time_ns = time_ns;
    return time_ns < TIME_MAX_NS && (!negative || time_ns == 0);
}

static inline void oracle_spaces(struct oracle *oracle)
{
    while (oracle_take(oracle, ' '))
        continue;
}

static inline bool oracle_comment(const struct oracle *oracle)
{
    for (const uint8_t *at = oracle->at; at < oracle->end; at++)
        if (*at < 0x20 || *at == 0x7F)
            return false;
    return true;
}

static inline bool oracle_parts(struct oracle *oracle, struct bytes *measurement)
{
    if (!oracle_name(oracle, ", ", ", ", measurement) || !oracle_tags(oracle) ||
        !oracle_take(oracle, ' '))
        return false;
    oracle_spaces(oracle);
    if (!oracle_fields(oracle))
        return false;
    bool space = oracle_peek(oracle) == ' ';
    oracle_spaces(oracle);
    if (oracle->at == oracle->end)
        return true;
    if (!space || !oracle_time(oracle))
        return false;
    oracle_spaces(oracle);
    return oracle->at == oracle->end;
}

/* ---- transcripts ---- */
static inline void oracle_print(const struct oracle *oracle, struct bytes measurement,
                                struct transcript *transcript)
{
    transcript_text(transcript, measurement);
    transcript_print(transcript, " tags");
    for (size_t i = 0; i < oracle->tag_count; i++) {
        transcript_print(transcript, i > 0 ? "," : " ");
        transcript_text(transcript, oracle->tags[i].name);
        transcript_print(transcript, "=");
        transcript_text(transcript, oracle->tags[i].value);
    }
    transcript_print(transcript, " fields");
    for (size_t i = 0; i < oracle->field_count; i++) {
        struct value value = oracle->fields[i].value;
        if (value.type == VALUE_FLOAT64) {
            value.scale = SCALE_RAW;
            memcpy(&value.number, &oracle->fields[i].real, sizeof value.number);
        }
        transcript_print(transcript, i > 0 ? "," : " ");
        transcript_text(transcript, oracle->fields[i].name);
        transcript_value(transcript, &value);
    }
    transcript_time(transcript, oracle->has_time, oracle->time_ns);
}

/* One line without its line feed. */
static inline void oracle_line(struct oracle *oracle, uint64_t number, struct bytes text,
                               struct transcript *transcript)
{
    struct bytes measurement = {NULL, 0};
    if (text.size <= INFLUX_LINE_MAX) {
        oracle->at = text.at;
        oracle->end = text.at + text.size;
        oracle->end -= text.size > 0 && oracle->end[-1] == '\r';
        oracle->text.size = oracle->tag_count = oracle->field_count = 0;
        oracle->has_time = false;
        oracle_spaces(oracle);
        if (oracle->at == oracle->end || (*oracle->at == '#' && oracle_comment(oracle)))
            return;
        if (*oracle->at != '#' && oracle_parts(oracle, &measurement)) {
            transcript_print(transcript, "line %" PRIu64 " ", number);
            oracle_print(oracle, measurement, transcript);
            return;
        }
    }
    transcript_print(transcript, "line %" PRIu64 " fault\n", number);
}

static inline void oracle_decode(struct transcript *transcript, struct bytes body,
                                 enum influx_precision precision)
{
    static const int64_t units[INFLUX_PRECISIONS] = {
        1, 1000, 1000000, 1000000000, INT64_C(60000000000), INT64_C(3600000000000)};
    struct oracle *oracle = calloc(1, sizeof *oracle);
    check(oracle);
    /* Names point into it: it must not move. */
    oracle->text.capacity = 2 * body.size + 4096;
    oracle->text.at = malloc(oracle->text.capacity);
    check(oracle->text.at);
    oracle->unit_ns = units[precision];
    transcript->size = 0;
    uint64_t number = 1;
    for (size_t at = 0; at < body.size;) {
        size_t size = oracle_line_end(body.at + at, body.size - at);
        oracle_line(oracle, number, bytes_of(body.at + at, size), transcript);
        for (size_t i = 0; i < size; i++)
            number += body.at[at + i] == '\n';
        number++;
        at += size + 1;
    }
    free(oracle->text.at);
    free(oracle);
}
