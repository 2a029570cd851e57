#include "wire/payload/member.h"

#include <strings.h>

enum payload_fault member_text_to_time(struct bytes text, int64_t *ret_time_ns)
{
    struct number number;
    int64_t time_ns;
    if (member_text_to_number(text, &number))
        return number_to_time(&number, ret_time_ns);
    if (!time_parse(text, &time_ns))
        return PAYLOAD_TIME_INVALID;
    if (time_ns < TIME_MIN_NS || time_ns >= TIME_MAX_NS)
        return PAYLOAD_TIME_RANGE;
    *ret_time_ns = time_ns;
    return PAYLOAD_OK;
}

bool member_text_is_nan(struct bytes text)
{
    static const char *const words[] = {"nan", "inf", "infinity"};
    size_t sign = text.size > 0 && (text.at[0] == '-' || text.at[0] == '+');
    for (size_t i = 0; i < ARRAY_COUNT(words); i++) {
        size_t size = strlen(words[i]);
        if (text.size == size + sign &&
            strncasecmp((const char *)text.at + sign, words[i], size) == 0)
            return true;
    }
    return false;
}
