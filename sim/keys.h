/* keys: what the world was promised. A key is the hash of one (path, time, value); the model counts
 * how often it was acknowledged, how often nobody knows (sent, but the power or the disk failed
 * before the answer), and how often the journal holds it. */
#pragma once

#include "format/format.h"

struct key {
    uint64_t hash; /* 0: an empty slot */
    uint32_t acknowledged, unknown, found;
};
struct keys {
    struct key *slots;
    size_t capacity, used;
};
void keys_init(struct keys *keys);
void keys_done(struct keys *keys);
struct key *keys_at(struct keys *keys, uint64_t hash); /* added when missing */
void keys_found_reset(struct keys *keys);

/* time_ns 0: the sender gave none. */
uint64_t key_hash(struct bytes path, int64_t time_ns, const struct value *value);
