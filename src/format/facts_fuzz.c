/* Any bytes as a run of facts; what is read is within its limits and written again as it was. */
#include "format/format.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

static size_t room_of(const struct fact *fact)
{
    if (fact->kind != FACT_ROW)
        return FACT_BYTES_MAX;
    size_t text_bytes = fact->row.prefix.size;
    for (unsigned i = 0; i < fact->row.shape.count; i++)
        text_bytes += fact->row.points[i].metric.size;
    return FACT_ROW_BYTES_MAX(fact->row.shape.count, text_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static uint8_t bytes[(size_t)1 << 20], twice[(size_t)1 << 20];
    static struct fact_storage storage, storage_again;
    size_t offset = 0;
    struct fact fact, again;
    while (facts_read(bytes_of(at, size), &offset, &storage, &fact) == OK) {
        check(offset <= size && room_of(&fact) <= sizeof bytes);
        struct facts_writer writer = {.at = bytes, .capacity = room_of(&fact)};
        facts_write(&writer, &fact);
        size_t end = 0;
        check(facts_read(bytes_of(bytes, writer.size), &end, &storage_again, &again) == OK);
        check(end == writer.size && again.kind == fact.kind);
        struct facts_writer second = {.at = twice, .capacity = room_of(&again)};
        facts_write(&second, &again);
        check(second.size == writer.size && memcmp(bytes, twice, second.size) == 0);
    }
    return 0;
}
