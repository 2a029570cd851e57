#include "wire/payload/payload.h"

#define FAULT_TEXT(name, text) text,
static const char *const texts[] = {PAYLOAD_FAULT_TABLE(FAULT_TEXT)};
#undef FAULT_TEXT

/* As the enumeration, in lower case (a test holds the two together). */
static const char *const names[] = {"ok",
                                    "not_utf8",
                                    "bad_json",
                                    "no_reading",
                                    "too_deep",
                                    "too_many",
                                    "text_too_long",
                                    "key_too_long",
                                    "key_twice",
                                    "integer_too_large",
                                    "number_too_large",
                                    "time_invalid",
                                    "time_range",
                                    "array_value",
                                    "type"};
_Static_assert(ARRAY_COUNT(names) == PAYLOAD_FAULTS, "a name for each fault");

const char *payload_fault_text(enum payload_fault fault)
{
    return (unsigned)fault < PAYLOAD_FAULTS ? texts[fault] : "unknown fault";
}

const char *payload_fault_name(enum payload_fault fault)
{
    return (unsigned)fault < PAYLOAD_FAULTS ? names[fault] : "unknown";
}
