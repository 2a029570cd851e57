/* What was refused, by topic and reason: a bounded ring an operator can read. Telemetry, not state:
 * it is not journaled and ends with the process. */
#include "engine/room.h"

#include <string.h>

static size_t refusals_find(const struct refusals *refusals, uint64_t hash)
{
    for (size_t i = 0; i < refusals->count; i++)
        if (refusals->hashes[i] == hash)
            return i;
    return REFUSED_MAX;
}

void refusals_note(struct refusals *refusals, enum admit admit, enum payload_fault fault,
                   uint32_t tenant, struct bytes topic, int64_t wall_ns)
{
    uint64_t seed = ((uint64_t)tenant << 32) | ((uint64_t)admit << 8) | (uint64_t)fault;
    uint64_t hash = hash64(topic.at, topic.size, seed);
    size_t at = refusals_find(refusals, hash);
    if (at == REFUSED_MAX) {
        at = refusals->next;
        refusals->next = (refusals->next + 1) % REFUSED_MAX;
        if (refusals->count < REFUSED_MAX)
            refusals->count++;
        struct refused *fresh = &refusals->list[at];
        *fresh = (struct refused){.admit = admit, .fault = fault, .tenant = tenant};
        fresh->first_wall_ns = wall_ns;
        size_t size = topic.size < REFUSED_TOPIC_BYTES ? topic.size : REFUSED_TOPIC_BYTES;
        fresh->topic_size = (uint16_t)size;
        if (size)
            memcpy(fresh->topic, topic.at, size);
        refusals->hashes[at] = hash;
    }
    refusals->list[at].count++;
    refusals->list[at].last_wall_ns = wall_ns;
}

size_t engine_refused_count(const struct engine *engine)
{
    return engine->refusals.count;
}

const struct refused *engine_refused_at(const struct engine *engine, size_t at)
{
    const struct refusals *refusals = &engine->refusals;
    check(at < refusals->count);
    return &refusals->list[(refusals->next + REFUSED_MAX - 1 - at) % REFUSED_MAX];
}
