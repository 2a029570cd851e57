/* An open hash of promises. */
#include "keys.h"

#include <stdlib.h>
#include <string.h>

#define CAPACITY_INITIAL ((size_t)1 << 15)

void keys_init(struct keys *keys)
{
    *keys = (struct keys){.capacity = CAPACITY_INITIAL};
    keys->slots = calloc(keys->capacity, sizeof *keys->slots);
    check(keys->slots != NULL);
}

void keys_done(struct keys *keys)
{
    free(keys->slots);
    *keys = (struct keys){0};
}

static struct key *keys_place(struct key *slots, size_t capacity, uint64_t hash)
{
    size_t at = (size_t)hash & (capacity - 1);
    while (slots[at].hash != 0 && slots[at].hash != hash)
        at = (at + 1) & (capacity - 1);
    return &slots[at];
}

static void keys_grow(struct keys *keys)
{
    size_t capacity = keys->capacity * 2;
    struct key *slots = calloc(capacity, sizeof *slots);
    check(slots != NULL);
    for (size_t i = 0; i < keys->capacity; i++) {
        if (keys->slots[i].hash != 0)
            *keys_place(slots, capacity, keys->slots[i].hash) = keys->slots[i];
    }
    free(keys->slots);
    keys->slots = slots;
    keys->capacity = capacity;
}

struct key *keys_at(struct keys *keys, uint64_t hash)
{
    struct key *key = keys_place(keys->slots, keys->capacity, hash);
    if (key->hash != 0)
        return key;
    if (keys->used * 2 >= keys->capacity) {
        keys_grow(keys);
        key = keys_place(keys->slots, keys->capacity, hash);
    }
    keys->used++;
    key->hash = hash;
    return key;
}

void keys_found_reset(struct keys *keys)
{
    for (size_t i = 0; i < keys->capacity; i++)
        keys->slots[i].found = 0;
}

uint64_t key_hash(struct bytes path, int64_t time_ns, const struct value *value)
{
    struct {
        int64_t time_ns, number;
        uint8_t type, present, quality, rest[5];
    } content = {.time_ns = time_ns, .type = value->type, .present = value->present};
    uint64_t hash = hash64(path.at, path.size, 1);
    content.quality = value->quality;
    if (!value->present) {
        content.type = 0; /* a null has the type of its point */
    } else if (value->type == VALUE_STRING) {
        hash = hash64(value->text.at, value->text.size, hash);
    } else if (value->type == VALUE_FLOAT64) {
        double real = value_real(value);
        memcpy(&content.number, &real, sizeof real);
    } else {
        content.number = value->number;
    }
    hash = hash64(&content, sizeof content, hash);
    return hash != 0 ? hash : 1;
}
