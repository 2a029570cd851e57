#include "wire/influx/influx.h"

#define FAULT_TEXT(name, text) text,
static const char *const texts[] = {INFLUX_FAULT_TABLE(FAULT_TEXT)};
#undef FAULT_TEXT

/* As the enumeration, in lower case (a test holds the two together). */
static const char *const names[] = {
    "ok",
    "line_too_long",
    "control",
    "not_utf8",
    "no_measurement",
    "no_tag_key",
    "no_tag_value",
    "tag_equals",
    "tag_twice",
    "tags_too_many",
    "name_too_long",
    "no_field",
    "no_field_key",
    "no_field_value",
    "fields_too_many",
    "value_unknown",
    "boolean_invalid",
    "number_invalid",
    "number_too_long",
    "number_too_large",
    "integer_too_large",
    "unsigned_too_large",
    "string_open",
    "string_too_long",
    "value_followed",
    "time_invalid",
    "time_range",
    "time_followed",
};
_Static_assert(ARRAY_COUNT(names) == INFLUX_FAULTS, "a name for each fault");

const char *influx_fault_text(enum influx_fault fault)
{
    return (unsigned)fault < INFLUX_FAULTS ? texts[fault] : "unknown fault";
}

const char *influx_fault_name(enum influx_fault fault)
{
    return (unsigned)fault < INFLUX_FAULTS ? names[fault] : "unknown";
}

bool influx_precision_parse(struct bytes name, enum influx_precision *ret_precision)
{
    static const struct {
        const char *name;
        enum influx_precision precision;
    } rows[] = {{"", INFLUX_NS},   {"ns", INFLUX_NS}, {"n", INFLUX_NS},
                {"us", INFLUX_US}, {"u", INFLUX_US},  {"ms", INFLUX_MS},
                {"s", INFLUX_S},   {"m", INFLUX_M},   {"h", INFLUX_H}};
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (bytes_equal(name, bytes_text(rows[i].name))) {
            *ret_precision = rows[i].precision;
            return true;
        }
    }
    return false;
}
