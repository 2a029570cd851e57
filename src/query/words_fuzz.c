/* Fuzzer: the words of a question as any bytes: times, steps, aggregates. What is taken is within
 * its limits, and buckets of a step that is taken hold the time they are asked for. */
#include "query/query.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_of(data, size);
    struct query_aggregate list[QUERY_AGGREGATES_MAX];
    struct query_step step;
    int64_t time_ns = INT64_C(1772352000) * NS_PER_S, now_ns = time_ns, begin, end;
    size_t count = 0;
    if (query_time_parse(text, now_ns, &time_ns))
        check(time_ns >= TIME_MIN_NS && time_ns <= TIME_MAX_NS);
    if (query_step_parse(text, &step)) {
        check(step.count >= 1);
        query_step_bucket(&step, time_ns, &begin, &end);
        check(begin <= time_ns && time_ns < end);
        query_step_bucket(&step, TIME_MAX_NS, &begin, &end);
        check(begin <= TIME_MAX_NS && TIME_MAX_NS < end);
    }
    if (query_aggregates_parse(text, list, &count) == NULL) {
        check(count >= 1 && count <= QUERY_AGGREGATES_MAX);
        for (size_t i = 0; i < count; i++)
            check(list[i].percentile >= 0 && list[i].percentile <= 100 &&
                  memchr(list[i].name, 0, sizeof list[i].name) != NULL);
    }
    return 0;
}
