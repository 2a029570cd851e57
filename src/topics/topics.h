/* topics: a tree of topic levels: which filters match a topic, which topics match a filter.
 *
 * One kind of tree serves both ways: subscriptions store filters and are asked with a topic name
 * (topics_match_filters), retained messages store topic names and are asked with a filter
 * (topics_match_names). What stands under a text is a set of 32-bit values that mean something to
 * the owner alone. Guarantees: every answer is exact, levels are compared byte for byte and never
 * by their hash; no operation recurses, and none depends on how long the tree has been in use. It
 * knows nothing of sessions, quality of service or shared subscriptions, validates no text, does no
 * I/O and has no randomness of its own. The order in which values are told is NOT promised: it
 * differs with the seed and with what was added and removed before.
 *
 * Texts are split at '/'; an empty level is a level ("/a" has two, "" one); bytes, not characters,
 * are compared (MQTT 5, 4.7.3). A level is a wildcard when it is exactly "+", or exactly "#" and
 * the last of the text; anywhere else these characters stand for themselves, which a validated
 * filter never needs. Names hold no wildcards [MQTT-4.7.1-1]: one that does is kept and removed,
 * but topics_match_names does not find it.
 *
 * Cost: 64 bytes a level that no other text shares in its place, and 11-19 in the table that finds
 * it ("site/a/device/N/#" by the million: 81 in all); '#' at the end and a first value cost nothing
 * more, further values 5 bytes each, or 16-25 in a set of more than 64. Levels of more than 28
 * bytes pay their size besides; memory comes in chunks of 64 KiB. What was removed is used again,
 * and returned only by topics_destroy. Growth is in small steps: an add takes some microseconds a
 * new level at most, whatever is there already. A match waits for memory about twice, however many
 * levels there are: 80 ns in cache, 160 among 100,000 filters, 400 among a million where
 * memory answers in 170 ns.
 *
 * One thread at a time; a callback must not change the tree that calls it. */
#pragma once

#include "base/base.h"

#define TOPICS_DEPTH_MAX 128   /* levels of a text that is stored; '#' counts as one */
#define TOPICS_LEVEL_MAX 65535 /* bytes of one level */

struct topics;
/* As topics_create_seeded with a fixed seed: for texts that no stranger chose. */
MUST_USE enum err topics_create(struct topics **ret_topics);
/* seed: random and secret where strangers choose the texts, or they can choose texts that collide
 * in the tree's table and make it slow (never wrong). ERR_NO_MEMORY. An empty tree holds less than
 * 1 KiB. */
MUST_USE enum err topics_create_seeded(uint64_t seed, struct topics **ret_topics);
void topics_destroy(struct topics *topics); /* NULL is fine */

/* Puts a value under a topic name or filter of a tenant; the text is copied. Any number of values
 * stand under one text. ERR_EXISTS: this value stands under this text already. ERR_LIMIT: more than
 * TOPICS_DEPTH_MAX levels, or a level above TOPICS_LEVEL_MAX. ERR_NO_MEMORY, also at 268 million
 * levels or value blocks. The tree is unchanged after an error. */
MUST_USE enum err topics_add(struct topics *topics, uint32_t tenant, struct bytes text,
                             uint32_t value);
/* Takes it out again, with the levels that served no other text. ERR_MISSING: it is not there.
 * Needs no memory, and its time does not grow with the number of values under the text. */
MUST_USE enum err topics_remove(struct topics *topics, uint32_t tenant, struct bytes text,
                                uint32_t value);

/* Told one value after the other; false: enough, stop. */
typedef bool topics_each(void *arg, uint32_t value);
/* Values under the tenant's filters that match the topic name (MQTT 5, 4.7): '+' stands for one
 * level [MQTT-4.7.1-2], '#' for any number and so for the parent level too; filters that begin with
 * a wildcard do not match names that begin with '$' [MQTT-4.7.2-1]. A value that stands under two
 * matching filters is told twice. Levels of the topic beyond TOPICS_DEPTH_MAX are matched by '#'
 * alone. The levels visited are those of stored filters that match so far: at most two for each
 * level of the topic in a usual tree, all of the tree when somebody stored '+' in every place. */
/* Returns how many nodes were looked at: the work that this name makes. */
size_t topics_match_filters(const struct topics *topics, uint32_t tenant, struct bytes topic,
                            topics_each *each, void *arg);
/* Values under the tenant's topic names that the filter matches, by the same rules. Steps on `most`
 * levels of the tree at most (an exact filter of n levels takes n): false when that was not enough,
 * and then what was told may be incomplete. true when all was told or `each` stopped it. */
bool topics_match_names(const struct topics *topics, uint32_t tenant, struct bytes filter,
                        size_t most, topics_each *each, void *arg);

bool topics_empty(const struct topics *topics);
/* Values under all texts of all tenants. */
uint64_t topics_count(const struct topics *topics);
/* Bytes held, with what waits for use again. */
uint64_t topics_memory(const struct topics *topics);

/* The same rule for one pair, without a tree; of any depth. */
bool topic_matches(struct bytes topic, struct bytes filter);

/* ---- templates: what becomes of a topic -------------------------------------------------------
 */
/* A template makes another text of a topic:
 *
 *   {topic}   the topic as it is
 *   {N}       its level N, counted from 1 to TOPICS_DEPTH_MAX
 *   {N-}      its levels from N to the end, with the slashes between them
 *   {{ }}     a brace; anything else stands for itself
 *
 *   site/{2}/{4-}   of the topic   v1/north/up/pump/rpm   makes   site/north/pump/rpm
 *
 * A topic that has not the levels that are named has no text: it is never filled up. An empty level
 * is a level, and gives nothing. Pure; any thread. */
#define TOPIC_TEMPLATE_BYTES_MAX 255
#define TOPIC_TEMPLATE_PARTS_MAX 128 /* "{1}/" for as long as there is room */
struct topic_template_part {
    uint8_t kind;
    uint8_t level;    /* {N}, {N-} */
    uint8_t at, size; /* in text */
};
struct topic_template {
    bool plain;     /* {topic} alone: what it makes is the topic */
    uint8_t levels; /* that a topic must have; 0: any */
    uint8_t count;
    struct topic_template_part parts[TOPIC_TEMPLATE_PARTS_MAX];
    uint8_t text[TOPIC_TEMPLATE_BYTES_MAX]; /* what stands for itself, without doubled braces */
};
/* NULL, or a sentence that says what is wrong, and then nothing is returned. Refused is also what
 * no topic could make a path of: '+', '#', control characters, empty levels, a '$' in front, no
 * UTF-8, and a template that names no part of the topic, for all readings would have one path. */
const char *topic_template_parse(struct bytes text, struct topic_template *ret_template);
/* What the template makes of the topic, into out[capacity]. ERR_MISSING: the topic has not the
 * levels that are named. ERR_LIMIT: more than capacity. out is written in any case. */
MUST_USE enum err topic_template_apply(const struct topic_template *topic_template,
                                       struct bytes topic, uint8_t *out, size_t capacity,
                                       size_t *ret_size);
