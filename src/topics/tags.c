/* An extendible hash with buckets of one page.
 *
 *      tag    [ directory: upper `depth` bits | ........ | home slot: lower 12 bits ]
 *
 *      directory --> bucket of 510 slots {tag, id}, linear probing inside the bucket
 *
 * The tag alone says where an entry belongs at any depth, so that a split needs no keys. A bucket
 * that reaches its mark (55 to 82 % full, another for each) is split by the next bit of its tags,
 * one at a time, which is all that an insert ever has to wait for; now and then the directory
 * doubles, 8 bytes a bucket. The index of src/state does the same for many millions of rows with
 * buckets eight times as large. Entries whose tags agree in the upper 20 bits cannot be split: what
 * does not fit goes to further buckets in a chain. */
#include "topics/tags.h"

#include <string.h>

#include "topics/memory.h"

#define BUCKET_SLOTS ((uint32_t)510)
#define BUCKET_MARK_LEAST ((uint32_t)280)
#define BUCKET_MARK_SPREAD ((uint32_t)138)
/* Entries at which the chain takes over. Between a mark and this there is room for more splits, one
 * an insert, than there are bits; and a free slot always ends a search. */
#define BUCKET_FULL ((uint32_t)480)
#define DEPTH_MAX 20

struct tags_bucket {
    struct tags_bucket *next; /* the chain; only at DEPTH_MAX */
    uint16_t count;
    uint16_t mark; /* entries at which it is split. One for all would mean that all are split within
                      a short time, and half empty after it */
    uint32_t depth;
    uint64_t slots[BUCKET_SLOTS]; /* tag << 32 | id; 0: free */
};
_Static_assert(sizeof(struct tags_bucket) == 4096, "a bucket is a page");

static uint64_t entry_of(uint32_t tag, uint32_t id)
{
    return (uint64_t)tag << 32 | id;
}

static uint32_t slot_home(uint32_t tag)
{
    return ((tag & 0xfff) * BUCKET_SLOTS) >> 12;
}

static uint32_t slot_after(uint32_t slot)
{
    return slot + 1 == BUCKET_SLOTS ? 0 : slot + 1;
}

static uint32_t directory_at(const struct tags *tags, uint32_t tag)
{
    return (uint32_t)((uint64_t)tag >> (32 - tags->depth));
}

static void slots_put(uint64_t *slots, uint64_t entry)
{
    uint32_t slot = slot_home((uint32_t)(entry >> 32));
    while (slots[slot] != 0)
        slot = slot_after(slot);
    slots[slot] = entry;
}

/* ---- life ------------------------------------------------------------------------------------ */

static struct tags_bucket *bucket_create(struct tags *tags, uint32_t depth)
{
    struct tags_bucket *bucket = topics_alloc(sizeof *bucket);
    if (bucket == NULL)
        return NULL;
    memset(bucket, 0, sizeof *bucket);
    uint32_t mixed = tags->serial++ * UINT32_C(2654435761);
    bucket->mark =
        (uint16_t)(BUCKET_MARK_LEAST + (uint32_t)(((uint64_t)mixed * BUCKET_MARK_SPREAD) >> 32));
    bucket->depth = depth;
    tags->bucket_count++;
    return bucket;
}

static void bucket_destroy(struct tags *tags, struct tags_bucket *bucket)
{
    topics_free(bucket);
    tags->bucket_count--;
}

static enum err tags_begin(struct tags *tags)
{
    struct tags_bucket **directory = topics_alloc(sizeof *directory);
    if (directory == NULL)
        return ERR_NO_MEMORY;
    directory[0] = bucket_create(tags, 0);
    if (directory[0] == NULL) {
        topics_free(directory);
        return ERR_NO_MEMORY;
    }
    tags->directory = directory;
    return OK;
}

void tags_done(struct tags *tags)
{
    size_t count = tags->directory == NULL ? 0 : (size_t)1 << tags->depth;
    for (size_t i = 0; i < count;) {
        struct tags_bucket *bucket = tags->directory[i];
        i += (size_t)1 << (tags->depth - bucket->depth); /* its entries lie side by side */
        while (bucket != NULL) {
            struct tags_bucket *next = bucket->next;
            bucket_destroy(tags, bucket);
            bucket = next;
        }
    }
    topics_free(tags->directory);
    *tags = (struct tags){0};
}

/* ---- inserting ------------------------------------------------------------------------------- */

static enum err directory_double(struct tags *tags)
{
    size_t count = (size_t)1 << tags->depth;
    struct tags_bucket **directory = topics_alloc(count * 2 * sizeof *directory);
    if (directory == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        directory[2 * i] = directory[2 * i + 1] = tags->directory[i];
    topics_free(tags->directory);
    tags->directory = directory;
    tags->depth++;
    return OK;
}

/* Moves the entries whose next bit is set into a new bucket. */
static enum err bucket_split(struct tags *tags, struct tags_bucket *bucket, uint32_t tag)
{
    if (bucket->depth == tags->depth && directory_double(tags) != OK)
        return ERR_NO_MEMORY;
    struct tags_bucket *added = bucket_create(tags, bucket->depth + 1);
    if (added == NULL)
        return ERR_NO_MEMORY;
    uint32_t depth = ++bucket->depth;
    uint64_t entries[BUCKET_SLOTS];
    memcpy(entries, bucket->slots, sizeof entries);
    memset(bucket->slots, 0, sizeof bucket->slots);
    for (uint32_t i = 0; i < BUCKET_SLOTS; i++) {
        if (entries[i] == 0)
            continue;
        bool moves = entries[i] >> (64 - depth) & 1;
        slots_put(moves ? added->slots : bucket->slots, entries[i]);
        bucket->count = (uint16_t)(bucket->count - moves);
        added->count = (uint16_t)(added->count + moves);
    }
    /* Of the directory entries that share the first depth-1 bits, the upper half. */
    uint32_t span = (uint32_t)1 << (tags->depth - depth);
    uint32_t first = directory_at(tags, tag) / (span * 2) * (span * 2) + span;
    for (uint32_t i = first; i < first + span; i++)
        tags->directory[i] = added;
    return OK;
}

/* The bucket of the chain that has room. */
static struct tags_bucket *chain_room(struct tags *tags, struct tags_bucket *bucket)
{
    while (bucket->count >= BUCKET_FULL) {
        if (bucket->next == NULL)
            bucket->next = bucket_create(tags, bucket->depth);
        bucket = bucket->next;
        if (bucket == NULL)
            return NULL;
    }
    return bucket;
}

enum err tags_insert(struct tags *tags, uint32_t tag, uint32_t id)
{
    check(id != 0);
    if (tags->directory == NULL && tags_begin(tags) != OK)
        return ERR_NO_MEMORY;
    struct tags_bucket *bucket = tags->directory[directory_at(tags, tag)];
    /* A split that fails can wait as long as there is room, and one split an insert is enough as
     * long as there is. */
    while (bucket->count >= bucket->mark && bucket->depth < DEPTH_MAX) {
        if (bucket_split(tags, bucket, tag) != OK) {
            if (bucket->count >= BUCKET_FULL)
                return ERR_NO_MEMORY;
            break;
        }
        bucket = tags->directory[directory_at(tags, tag)];
        if (bucket->count < BUCKET_FULL)
            break;
    }
    bucket = chain_room(tags, bucket);
    if (bucket == NULL)
        return ERR_NO_MEMORY;
    slots_put(bucket->slots, entry_of(tag, id));
    bucket->count++;
    tags->count++;
    return OK;
}

/* ---- removing -------------------------------------------------------------------------------- */

/* The slot that holds the entry, or NULL; *bucket moves along the chain, *before behind it. */
static uint64_t *entry_find(struct tags_bucket **bucket, struct tags_bucket **before,
                            uint64_t entry)
{
    for (*before = NULL; *bucket != NULL; *before = *bucket, *bucket = (*bucket)->next) {
        uint64_t *slots = (*bucket)->slots;
        for (uint32_t slot = slot_home((uint32_t)(entry >> 32)); slots[slot] != 0;
             slot = slot_after(slot))
            if (slots[slot] == entry)
                return &slots[slot];
    }
    return NULL;
}

/* Closes the hole: every later entry of the run that would not be found across it moves back. */
static void slots_take(uint64_t *slots, uint32_t hole)
{
    for (uint32_t slot = slot_after(hole); slots[slot] != 0; slot = slot_after(slot)) {
        uint32_t home = slot_home((uint32_t)(slots[slot] >> 32));
        uint32_t from_home = (slot + BUCKET_SLOTS - home) % BUCKET_SLOTS;
        uint32_t from_hole = (slot + BUCKET_SLOTS - hole) % BUCKET_SLOTS;
        if (from_home >= from_hole) {
            slots[hole] = slots[slot];
            hole = slot;
        }
    }
    slots[hole] = 0;
}

void tags_remove(struct tags *tags, uint32_t tag, uint32_t id)
{
    check(tags->directory != NULL);
    struct tags_bucket *bucket = tags->directory[directory_at(tags, tag)], *before;
    uint64_t *slot = entry_find(&bucket, &before, entry_of(tag, id));
    check(slot != NULL);
    slots_take(bucket->slots, (uint32_t)(slot - bucket->slots));
    bucket->count--;
    tags->count--;
    if (bucket->count == 0 && before != NULL) {
        before->next = bucket->next;
        bucket_destroy(tags, bucket);
    }
}

void tags_replace(struct tags *tags, uint32_t tag, uint32_t id, uint32_t id_new)
{
    check(tags->directory != NULL && id_new != 0);
    struct tags_bucket *bucket = tags->directory[directory_at(tags, tag)], *before;
    uint64_t *slot = entry_find(&bucket, &before, entry_of(tag, id));
    check(slot != NULL);
    *slot = entry_of(tag, id_new);
}

/* ---- finding --------------------------------------------------------------------------------- */

uint32_t tags_first(const struct tags *tags, struct tags_probe *probe, uint32_t tag)
{
    if (UNLIKELY(tags->directory == NULL))
        return 0;
    probe->bucket = tags->directory[directory_at(tags, tag)];
    probe->tag = tag;
    probe->slot = slot_home(tag);
    return tags_next(probe);
}

uint32_t tags_next(struct tags_probe *probe)
{
    const struct tags_bucket *bucket = probe->bucket;
    uint32_t slot = probe->slot;
    for (;;) {
        for (uint64_t entry = bucket->slots[slot]; entry != 0; entry = bucket->slots[slot]) {
            slot = slot_after(slot);
            if (entry >> 32 == probe->tag) {
                probe->bucket = bucket;
                probe->slot = slot;
                return (uint32_t)entry;
            }
        }
        if (LIKELY(bucket->next == NULL))
            break;
        bucket = bucket->next;
        slot = slot_home(probe->tag);
    }
    probe->bucket = bucket;
    probe->slot = slot;
    return 0;
}

void tags_prefetch(const struct tags *tags, uint32_t tag)
{
    if (tags->directory != NULL)
        __builtin_prefetch(&tags->directory[directory_at(tags, tag)]->slots[slot_home(tag)]);
}

uint64_t tags_memory(const struct tags *tags)
{
    return tags->bucket_count * sizeof(struct tags_bucket) +
           (tags->directory == NULL ? 0 : sizeof *tags->directory << tags->depth);
}
