/* Times: see times.h. */
#include "sql/times.h"

#include <string.h>

#define DATE_BYTES 10 /* 2026-03-01 */

bool sql_time_parse(struct bytes text, int64_t now_ns, int64_t *ret_time_ns)
{
    char whole[DATE_BYTES + sizeof "T00:00:00Z"];
    if (text.size == DATE_BYTES && text.at[4] == '-' && text.at[7] == '-') {
        memcpy(whole, text.at, DATE_BYTES);
        memcpy(whole + DATE_BYTES, "T00:00:00Z", sizeof "T00:00:00Z");
        return time_parse(bytes_text(whole), ret_time_ns);
    }
    return query_time_parse(text, now_ns, ret_time_ns);
}
