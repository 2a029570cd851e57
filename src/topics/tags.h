/* tags: a table from 32-bit tags to ids that grows in steps of some microseconds. Not public.
 *
 * A tag is a part of a hash whose key the caller has: several ids may stand under one tag, and the
 * caller verifies each candidate. Tags that are all alike make it slow, never wrong. Ids are not 0;
 * the same pair is put in once. */
#pragma once

#include "base/base.h"

struct tags_bucket;
struct tags {
    struct tags_bucket **directory; /* 2^depth buckets, by the upper bits of the tag; NULL: empty */
    uint32_t depth;
    uint32_t serial; /* buckets made so far */
    uint64_t count, bucket_count;
};

/* A struct tags of zeroes is an empty table. */
void tags_done(struct tags *tags);
/* ERR_NO_MEMORY leaves the table as it was. */
MUST_USE enum err tags_insert(struct tags *tags, uint32_t tag, uint32_t id);
/* The pair must be there. */
void tags_remove(struct tags *tags, uint32_t tag, uint32_t id);
void tags_replace(struct tags *tags, uint32_t tag, uint32_t id, uint32_t id_new);
struct tags_probe { /* private; dies with the next change */
    const struct tags_bucket *bucket;
    uint32_t tag, slot;
};
/* for (id = tags_first(t, &p, tag); id != 0; id = tags_next(&p)) verify(id); */
uint32_t tags_first(const struct tags *tags, struct tags_probe *probe, uint32_t tag);
uint32_t tags_next(struct tags_probe *probe);
/* Brings what tags_first looks at into the cache ahead of time. */
void tags_prefetch(const struct tags *tags, uint32_t tag);
uint64_t tags_memory(const struct tags *tags);

/* Mixes two words, of which one is secret, so that whoever knows the other cannot steer the tag. */
static inline uint32_t tag_of(uint64_t secret, uint64_t known)
{
    __extension__ typedef unsigned __int128 wide;
    uint64_t spread = (known + 1) * UINT64_C(0x9e3779b97f4a7c15);
    wide product = (wide)(secret ^ (spread >> 29)) * spread;
    return (uint32_t)((uint64_t)(product >> 64) ^ (uint64_t)product);
}
