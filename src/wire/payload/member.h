/* member: what decoder and shapes share: the time members and scalar values. Private to payload. */
#pragma once

#include "wire/payload/number.h"
#include "wire/payload/text.h"

/* ts, time or timestamp, as sent between the quotes. */
static inline bool member_is_time(struct bytes key)
{
    return (key.size == 2 && memcmp(key.at, "ts", 2) == 0) ||
           (key.size == 4 && memcmp(key.at, "time", 4) == 0) ||
           (key.size == 9 && memcmp(key.at, "timestamp", 9) == 0);
}

static inline struct value member_no_value(void)
{
    return (struct value){.type = VALUE_FLOAT64, .quality = QUALITY_BAD_NO_VALUE};
}
static inline struct value member_bool(bool truth)
{
    return (struct value){.type = VALUE_BOOL, .present = true, .number = truth};
}
static inline struct value member_text(struct bytes text)
{
    return (struct value){.type = VALUE_STRING, .present = true, .text = text};
}

/* true, false or null at `at`: its end; NULL when it is none of them. */
static inline const uint8_t *member_scan_word(const uint8_t *at, const uint8_t *end,
                                              struct value *ret_value)
{
    size_t left = (size_t)(end - at);
    if (left >= 4 && memcmp(at, "true", 4) == 0) {
        *ret_value = member_bool(true);
        return at + 4;
    }
    if (left >= 5 && memcmp(at, "false", 5) == 0) {
        *ret_value = member_bool(false);
        return at + 5;
    }
    if (left >= 4 && memcmp(at, "null", 4) == 0) {
        *ret_value = member_no_value();
        return at + 4;
    }
    return NULL;
}

/* The whole text is a number by JSON's grammar. */
static inline bool member_text_to_number(struct bytes text, struct number *ret_number)
{
    const uint8_t *end = text.at + text.size;
    return text.size > 0 && number_scan(text.at, end, ret_number) == end;
}
/* A time in a string: ISO 8601, or a number in quotes. */
enum payload_fault member_text_to_time(struct bytes text, int64_t *ret_time_ns);
/* NaN, inf, Infinity, in any case, with or without a sign. */
bool member_text_is_nan(struct bytes text);
