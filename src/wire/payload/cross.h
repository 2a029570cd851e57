/* cross: what must hold between payload's functions for any bytes. For the property test and the
 * fuzzer; a breach aborts. */
#pragma once

#include "wire/payload/payload.h"

#include <string.h>

static inline bool cross_value_same(const struct value *a, const struct value *b)
{
    return a->type == b->type && a->scale == b->scale && a->quality == b->quality &&
           a->present == b->present && a->number == b->number && bytes_equal(a->text, b->text);
}

/* Everything a decoded group promises. */
static inline void cross_group(const struct payload_group *group)
{
    check(group->count > 0 && group->count <= PAYLOAD_METRICS_MAX);
    check(group->object || (group->count == 1 && group->readings[0].key.size == 0));
    check(!group->has_time || (group->time_ns >= TIME_MIN_NS && group->time_ns < TIME_MAX_NS));
    for (size_t i = 0; i < group->count; i++) {
        const struct payload_reading *reading = &group->readings[i];
        const struct value *value = &reading->value;
        check(group->object == (reading->key.size > 0) && reading->key.size <= PATH_MAX_BYTES);
        check(reading->key.size == 0 || reading->key.at[0] != '$');
        check(value->type >= VALUE_FLOAT64 && value->type <= VALUE_STRING);
        check(value->present ? value->quality == QUALITY_GOOD
                             : value->quality == QUALITY_BAD_NO_VALUE);
        check(value->text.size <= STRING_VALUE_MAX && bytes_are_utf8(value->text));
        check(bytes_are_utf8(reading->key));
        if (value->type != VALUE_FLOAT64 || !value->present || value->scale == SCALE_RAW)
            continue;
        check(value->scale <= SCALE_DECIMAL_MAX);
        check(value->number >= -(INT64_C(1) << 53) && value->number <= INT64_C(1) << 53);
    }
}

/* What converts, converts back to the same; what does not, is untouched. */
static inline void cross_convert(const struct value *value)
{
    char there[32], back[32];
    for (uint8_t type = VALUE_FLOAT64; type <= VALUE_STRING; type++) {
        struct value turned = *value;
        if (payload_convert(&turned, type, there)) {
            check(cross_value_same(&turned, value));
            continue;
        }
        check(turned.type == type);
        if (!turned.present || value->type == VALUE_STRING)
            continue; /* "1.50" is 1.5, and says so */
        check(payload_convert(&turned, value->type, back) == PAYLOAD_OK);
        bool minus_zero = value->type == VALUE_FLOAT64 && value_real(value) == 0;
        check(minus_zero || value_equal(&turned, value));
    }
}

/* When the shape matches, the decoder says the same. True when it matched. */
static inline bool cross_match(struct payload_decoder *decoder, const struct payload_shape *shape,
                               struct bytes payload)
{
    static struct value values[PAYLOAD_METRICS_MAX];
    struct payload_group group;
    bool has_time;
    int64_t time_ns;
    size_t where;
    if (!payload_match(shape, payload, values, &has_time, &time_ns))
        return false;
    check(payload_decode(decoder, payload, &where) == PAYLOAD_OK);
    check(payload_next(decoder, &group));
    check(group.object && group.count == shape->count && group.has_time == has_time);
    check(!has_time || group.time_ns == time_ns);
    for (size_t i = 0; i < group.count; i++)
        check(cross_value_same(&group.readings[i].value, &values[i]));
    check(!payload_next(decoder, &group));
    return true;
}
