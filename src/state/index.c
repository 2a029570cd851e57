/* The index: an extendible hash.
 *
 *      hash   [ directory: top `depth` bits | ......... | home slot: 12 bits ] + 32 bits unused
 *             \_____________________ tag, 32 bits _______________________/
 *
 *      directory --> bucket number --> 4096 slots {tag, value}, linear probing inside the bucket
 *
 * The tag alone says where an entry belongs at any depth, so that a split needs no keys. A bucket
 * that reaches its mark (55 to 82 % full, another for each bucket) is split in two by the next bit
 * of its tags; the directory doubles when that bit is new to it (4 bytes a bucket). Entries whose
 * tags agree in the top 20 bits cannot be split any more: what does not fit into their bucket waits
 * in a plain list beside it, which honest hashes never need and dishonest ones make slow, not
 * wrong. */
#include "state/state.h"

#include <stdlib.h>
#include <string.h>

#include "state/chunk.h"

#define BUCKET_SLOTS ((uint32_t)4096)
#define BUCKET_MASK (BUCKET_SLOTS - 1)
#define BUCKET_SPLIT (BUCKET_SLOTS / 4 * 3) /* entries to plan a bucket for */
#define BUCKET_MARK_LEAST ((uint32_t)2253)
#define BUCKET_MARK_SPREAD ((uint32_t)1106)
#define BUCKET_FULL (BUCKET_SLOTS - 64) /* entries at which the list takes over */
#define SLAB_BUCKETS ((uint32_t)64)     /* buckets in a chunk */
#define DEPTH_MAX 20
_Static_assert(BUCKET_SLOTS * sizeof(uint64_t) * SLAB_BUCKETS == CHUNK_SIZE, "64 buckets a chunk");

struct bucket {
    uint64_t *rest; /* entries beyond BUCKET_FULL; NULL */
    uint32_t rest_count, rest_capacity;
    uint32_t count; /* in the slots */
    uint32_t depth; /* bits of the tags that all entries share */
};

struct index {
    uint32_t *directory; /* bucket numbers, 2^depth of them */
    uint32_t depth;
    uint32_t bucket_count, bucket_capacity;
    struct bucket *buckets;
    uint64_t **slabs;
    uint32_t slab_count;
    uint64_t count, rest_bytes;
    uint64_t *scratch; /* a bucket's worth, for splits */
};

/* An entry is tag << 32 | ~value, so that zeroed memory is empty: no value is INDEX_NONE. */
static uint64_t entry_of(uint64_t hash, uint32_t value)
{
    return (hash & UINT64_C(0xffffffff00000000)) | (uint32_t)~value;
}

static uint32_t entry_tag(uint64_t entry)
{
    return (uint32_t)(entry >> 32);
}

/* Entries at which a bucket is split. Good hashes fill all buckets alike; with one mark for all
 * they would all be split within a few thousand inserts, a stall of many ms. Marks that lie apart
 * spread the work over the whole time between two doublings. */
static uint32_t bucket_mark(uint32_t bucket)
{
    uint32_t mixed = bucket * UINT32_C(2654435761);
    return BUCKET_MARK_LEAST + (uint32_t)(((uint64_t)mixed * BUCKET_MARK_SPREAD) >> 32);
}

static uint64_t *bucket_slots(const struct index *index, uint32_t bucket)
{
    return index->slabs[bucket / SLAB_BUCKETS] + (size_t)(bucket % SLAB_BUCKETS) * BUCKET_SLOTS;
}

static uint32_t directory_at(const struct index *index, uint32_t tag)
{
    return (uint32_t)((uint64_t)tag >> (32 - index->depth));
}

/* ---- life
 * ------------------------------------------------------------------------------------------- */

/* Room for one more bucket; its number is bucket_count. */
static enum err bucket_reserve(struct index *index)
{
    if (index->bucket_count == index->bucket_capacity) {
        uint32_t capacity = index->bucket_capacity == 0 ? 16 : index->bucket_capacity * 2;
        struct bucket *buckets = realloc(index->buckets, capacity * sizeof *buckets);
        if (buckets == NULL)
            return ERR_NO_MEMORY;
        index->buckets = buckets;
        index->bucket_capacity = capacity;
    }
    if (index->bucket_count == index->slab_count * SLAB_BUCKETS) {
        uint64_t **slabs = realloc(index->slabs, (index->slab_count + (size_t)1) * sizeof *slabs);
        if (slabs == NULL)
            return ERR_NO_MEMORY;
        index->slabs = slabs;
        void *slab = chunk_alloc(index->slab_count == 0);
        if (slab == NULL)
            return ERR_NO_MEMORY;
        slabs[index->slab_count++] = slab;
    }
    return OK;
}

static uint32_t bucket_add(struct index *index, uint32_t depth)
{
    uint32_t bucket = index->bucket_count++;
    index->buckets[bucket] = (struct bucket){.depth = depth};
    return bucket;
}

enum err index_create(struct index **ret_index)
{
    struct index *index = calloc(1, sizeof *index);
    if (index == NULL)
        return ERR_NO_MEMORY;
    index->directory = calloc(1, sizeof *index->directory);
    index->scratch = malloc(BUCKET_SLOTS * sizeof *index->scratch);
    if (index->directory == NULL || index->scratch == NULL || bucket_reserve(index) != OK) {
        index_destroy(index);
        return ERR_NO_MEMORY;
    }
    index->directory[0] = bucket_add(index, 0);
    *ret_index = index;
    return OK;
}

void index_destroy(struct index *index)
{
    if (index == NULL)
        return;
    for (uint32_t i = 0; i < index->bucket_count; i++)
        free(index->buckets[i].rest);
    for (uint32_t i = 0; i < index->slab_count; i++)
        chunk_free((uint8_t *)index->slabs[i]);
    free(index->slabs);
    free(index->buckets);
    free(index->directory);
    free(index->scratch);
    free(index);
}

enum err index_reserve(struct index *index, uint32_t keys)
{
    check(index->count == 0 && index->depth == 0);
    uint32_t depth = 0;
    /* A little below the split mark: buckets differ by some 2 % (the square root of 3000). */
    while (depth < DEPTH_MAX && (keys >> depth) > BUCKET_SPLIT - BUCKET_SPLIT / 32)
        depth++;
    uint32_t *directory = malloc(((size_t)1 << depth) * sizeof *directory);
    if (directory == NULL)
        return ERR_NO_MEMORY;
    while (index->bucket_count < (uint32_t)1 << depth) {
        if (bucket_reserve(index) != OK) {
            index->bucket_count = 1; /* the slabs stay for later */
            index->buckets[0].depth = 0;
            free(directory);
            return ERR_NO_MEMORY;
        }
        (void)bucket_add(index, depth);
    }
    index->buckets[0].depth = depth;
    for (uint32_t i = 0; i < (uint32_t)1 << depth; i++)
        directory[i] = i;
    free(index->directory);
    index->directory = directory;
    index->depth = depth;
    return OK;
}

/* ---- inserting
 * ---------------------------------------------------------------------------------------- */

static void slots_put(uint64_t *slots, uint64_t entry)
{
    uint32_t slot = entry_tag(entry) & BUCKET_MASK;
    while (slots[slot] != 0)
        slot = (slot + 1) & BUCKET_MASK;
    slots[slot] = entry;
}

static enum err directory_double(struct index *index)
{
    size_t count = (size_t)1 << index->depth;
    uint32_t *directory = malloc(count * 2 * sizeof *directory);
    if (directory == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count * 2; i++)
        directory[i] = index->directory[i / 2];
    free(index->directory);
    index->directory = directory;
    index->depth++;
    return OK;
}

/* Moves the entries whose next bit is set into a new bucket. */
static enum err bucket_split(struct index *index, uint32_t bucket, uint32_t tag)
{
    enum err err = bucket_reserve(index);
    if (err == OK && index->buckets[bucket].depth == index->depth)
        err = directory_double(index);
    if (err != OK)
        return err;
    uint32_t depth = ++index->buckets[bucket].depth;
    uint32_t added = bucket_add(index, depth);
    uint64_t *slots = bucket_slots(index, bucket), *slots_added = bucket_slots(index, added);
    memcpy(index->scratch, slots, BUCKET_SLOTS * sizeof *slots);
    memset(slots, 0, BUCKET_SLOTS * sizeof *slots);
    uint32_t moved = 0;
    for (uint32_t i = 0; i < BUCKET_SLOTS; i++) {
        uint64_t entry = index->scratch[i];
        if (entry == 0)
            continue;
        uint32_t bit = entry_tag(entry) >> (32 - depth) & 1;
        slots_put(bit ? slots_added : slots, entry);
        moved += bit;
    }
    index->buckets[bucket].count -= moved;
    index->buckets[added].count = moved;
    /* The directory entries that share the first depth-1 bits: the upper half becomes the new one.
     */
    uint32_t span = (uint32_t)1 << (index->depth - depth);
    uint32_t first = (directory_at(index, tag) / (span * 2)) * (span * 2) + span;
    for (uint32_t i = first; i < first + span; i++)
        index->directory[i] = added;
    return OK;
}

static enum err rest_put(struct index *index, struct bucket *bucket, uint64_t entry)
{
    if (bucket->rest_count == bucket->rest_capacity) {
        uint32_t capacity = bucket->rest_capacity == 0 ? 64 : bucket->rest_capacity * 2;
        uint64_t *rest = realloc(bucket->rest, capacity * sizeof *rest);
        if (rest == NULL)
            return ERR_NO_MEMORY;
        index->rest_bytes += (capacity - bucket->rest_capacity) * sizeof *rest;
        bucket->rest = rest;
        bucket->rest_capacity = capacity;
    }
    bucket->rest[bucket->rest_count++] = entry;
    return OK;
}

enum err index_insert(struct index *index, uint64_t hash, uint32_t value)
{
    check(value != INDEX_NONE);
    uint64_t entry = entry_of(hash, value);
    uint32_t tag = entry_tag(entry);
    uint32_t number = index->directory[directory_at(index, tag)];
    /* At most one split an insert: it may put all entries on one side, then the next insert goes on
     * splitting while the slots between the mark and full take what comes. */
    if (index->buckets[number].count >= bucket_mark(number) &&
        index->buckets[number].depth < DEPTH_MAX) {
        enum err err = bucket_split(index, number, tag);
        if (err != OK && index->buckets[number].count >= BUCKET_FULL)
            return err;
        number = index->directory[directory_at(index, tag)];
    }
    struct bucket *bucket = &index->buckets[number];
    if (bucket->count < BUCKET_FULL) {
        slots_put(bucket_slots(index, number), entry);
        bucket->count++;
    } else {
        enum err err = rest_put(index, bucket, entry);
        if (err != OK)
            return err;
    }
    index->count++;
    return OK;
}

/* ---- removing
 * ------------------------------------------------------------------------------------------ */

/* Closes the hole: every later entry of the run that would not be found across it moves back. */
static void slots_take(uint64_t *slots, uint32_t hole)
{
    for (uint32_t slot = (hole + 1) & BUCKET_MASK; slots[slot] != 0;
         slot = (slot + 1) & BUCKET_MASK) {
        uint32_t home = entry_tag(slots[slot]) & BUCKET_MASK;
        uint32_t from_home = (slot - home) & BUCKET_MASK, from_hole = (slot - hole) & BUCKET_MASK;
        if (from_home >= from_hole) {
            slots[hole] = slots[slot];
            hole = slot;
        }
    }
    slots[hole] = 0;
}

enum err index_remove(struct index *index, uint64_t hash, uint32_t value)
{
    uint64_t entry = entry_of(hash, value);
    uint32_t tag = entry_tag(entry);
    uint32_t number = index->directory[directory_at(index, tag)];
    struct bucket *bucket = &index->buckets[number];
    uint64_t *slots = bucket_slots(index, number);
    for (uint32_t slot = tag & BUCKET_MASK; slots[slot] != 0; slot = (slot + 1) & BUCKET_MASK) {
        if (slots[slot] == entry) {
            slots_take(slots, slot);
            bucket->count--;
            index->count--;
            return OK;
        }
    }
    for (uint32_t i = 0; i < bucket->rest_count; i++) {
        if (bucket->rest[i] == entry) {
            bucket->rest[i] = bucket->rest[--bucket->rest_count];
            index->count--;
            return OK;
        }
    }
    return ERR_MISSING;
}

/* ---- finding
 * -------------------------------------------------------------------------------------------- */

static uint32_t probe_rest(const struct index *index, struct index_probe *probe)
{
    uint32_t tag = (uint32_t)(probe->hash >> 32);
    const struct bucket *bucket = &index->buckets[index->directory[directory_at(index, tag)]];
    for (uint32_t i = probe->slot - BUCKET_SLOTS; i < bucket->rest_count; i++) {
        if (entry_tag(bucket->rest[i]) == tag) {
            probe->slot = BUCKET_SLOTS + i + 1;
            return ~(uint32_t)bucket->rest[i];
        }
    }
    return INDEX_NONE;
}

/* From probe->slot on: a slot of the bucket, or BUCKET_SLOTS + place in the rest. */
static uint32_t probe_go_on(const struct index *index, struct index_probe *probe)
{
    if (probe->slot >= BUCKET_SLOTS)
        return probe_rest(index, probe);
    const uint64_t *slots = probe->bucket;
    uint32_t tag = (uint32_t)(probe->hash >> 32), slot = probe->slot;
    for (uint64_t entry = slots[slot]; entry != 0; entry = slots[slot]) {
        slot = (slot + 1) & BUCKET_MASK;
        if (entry_tag(entry) == tag) {
            probe->slot = slot;
            return ~(uint32_t)entry;
        }
    }
    probe->slot = BUCKET_SLOTS;
    return index->rest_bytes == 0 ? INDEX_NONE : probe_rest(index, probe);
}

uint32_t index_first(const struct index *index, struct index_probe *probe, uint64_t hash)
{
    uint32_t tag = (uint32_t)(hash >> 32);
    probe->hash = hash;
    probe->slot = tag & BUCKET_MASK;
    probe->bucket = bucket_slots(index, index->directory[directory_at(index, tag)]);
    return probe_go_on(index, probe);
}

uint32_t index_next(const struct index *index, struct index_probe *probe)
{
    return probe_go_on(index, probe);
}

void index_prefetch(const struct index *index, uint64_t hash)
{
    uint32_t tag = (uint32_t)(hash >> 32);
    const uint64_t *slots = bucket_slots(index, index->directory[directory_at(index, tag)]);
    __builtin_prefetch(slots + (tag & BUCKET_MASK));
}

uint64_t index_count(const struct index *index)
{
    return index->count;
}

uint64_t index_memory(const struct index *index)
{
    return sizeof *index + (uint64_t)index->slab_count * CHUNK_SIZE +
           (uint64_t)index->bucket_capacity * sizeof *index->buckets +
           ((uint64_t)sizeof *index->directory << index->depth) +
           BUCKET_SLOTS * sizeof *index->scratch + index->rest_bytes;
}
