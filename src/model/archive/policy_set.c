/* Which policy decides for a path: the first in order whose pattern matches. A history asks this
 * for millions of points, so each pattern is first judged by the bytes that its paths begin and end
 * with: a few comparisons of words, side by side in memory, and no look at the pattern itself. */
#include "model/archive/tables.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* The first 16 and the last 8 bytes of a text; what a shorter one lacks is zero, which no path has.
 */
struct edges {
    uint64_t head[2], tail;
};
struct sieve { /* what a path's edges must be for its pattern to be looked at */
    struct edges wanted, mask;
    uint32_t tenant;
    uint32_t reserved;
};
struct policy_set {
    atomic_uint holds;
    uint32_t count;
    uint64_t version;
    struct sieve *sieves;
    struct policy *policies;
    struct pattern *patterns; /* their texts are what the policies' views look at */
    uint8_t (*names)[POLICY_NAME_MAX];
};

/* ---- edges -------------------------------------------------------------------------------------
 */
static void edges_of(struct bytes text, struct edges *ret_edges)
{
    *ret_edges = (struct edges){.tail = 0};
    memcpy(ret_edges->head, text.at, text.size < 16 ? text.size : 16);
    size_t tail = text.size < 8 ? text.size : 8;
    memcpy((uint8_t *)&ret_edges->tail + 8 - tail, text.at + text.size - tail, tail);
}

/* Bytes before the first wildcard, and behind the last one. The slash before a # that stands for
 * nothing is in no path. */
static void edges_sizes(const struct pattern *pattern, size_t *ret_head, size_t *ret_tail)
{
    size_t size = pattern->size, head = 0, tail = 0;
    const uint8_t *text = pattern->text;
    while (head < size && strchr("+#*?", text[head]) == NULL)
        head++;
    while (tail < size && strchr("+#*?", text[size - 1 - tail]) == NULL)
        tail++;
    if (pattern->rest && head > 0 && text[head - 1] == '/')
        head--;
    *ret_head = head < 16 ? head : 16;
    *ret_tail = tail < 8 ? tail : 8;
}

static void sieve_make(struct sieve *sieve, uint32_t tenant, const struct pattern *pattern)
{
    static const uint8_t ones[16] = {255, 255, 255, 255, 255, 255, 255, 255,
                                     255, 255, 255, 255, 255, 255, 255, 255};
    size_t head, tail;
    edges_sizes(pattern, &head, &tail);
    *sieve = (struct sieve){.tenant = tenant};
    memcpy(sieve->mask.head, ones, head);
    memcpy((uint8_t *)&sieve->mask.tail + 8 - tail, ones, tail);
    memcpy(sieve->wanted.head, pattern->text, head);
    memcpy((uint8_t *)&sieve->wanted.tail + 8 - tail, pattern->text + pattern->size - tail, tail);
}

static inline bool sieve_lets_through(const struct sieve *sieve, uint32_t tenant,
                                      const struct edges *edges)
{
    uint64_t differ = ((edges->head[0] & sieve->mask.head[0]) ^ sieve->wanted.head[0]) |
                      ((edges->head[1] & sieve->mask.head[1]) ^ sieve->wanted.head[1]) |
                      ((edges->tail & sieve->mask.tail) ^ sieve->wanted.tail) |
                      (sieve->tenant ^ tenant);
    return differ == 0;
}

/* ---- life --------------------------------------------------------------------------------------
 */
static enum err set_create(uint32_t count, struct policy_set **ret_set)
{
    struct policy_set *set = calloc(1, sizeof *set);
    if (set == NULL)
        return ERR_NO_MEMORY;
    size_t places = count > 0 ? count : 1;
    atomic_init(&set->holds, 1);
    set->count = count;
    set->sieves = calloc(places, sizeof set->sieves[0]);
    set->policies = calloc(places, sizeof set->policies[0]);
    set->patterns = calloc(places, sizeof set->patterns[0]);
    set->names = calloc(places, sizeof set->names[0]);
    if (set->sieves == NULL || set->policies == NULL || set->patterns == NULL ||
        set->names == NULL) {
        policy_set_release(set);
        return ERR_NO_MEMORY;
    }
    *ret_set = set;
    return OK;
}

static void set_put(struct policy_set *set, uint32_t index, const struct policy *policy)
{
    struct pattern *pattern = &set->patterns[index];
    const char *fault = pattern_parse(policy->pattern, pattern);
    check(fault == NULL); /* the reducer took it */
    sieve_make(&set->sieves[index], policy->tenant, pattern);
    memcpy(set->names[index], policy->name.at, policy->name.size);
    set->policies[index] = *policy;
    set->policies[index].pattern = bytes_of(pattern->text, pattern->size);
    set->policies[index].name = bytes_of(set->names[index], policy->name.size);
}

enum err archive_policies(struct archive *archive, struct policy_set **ret_set)
{
    const struct roots_entry *roots = archive->roots;
    struct policy_set *set = archive->set;
    if (set == NULL || set->version != roots->policies_version) {
        enum err err = set_create(roots->policies, &set);
        if (err != OK)
            return err;
        set->version = roots->policies_version;
        for (uint32_t i = 0; i < set->count; i++) {
            struct policy policy;
            archive_policy(archive, roots->order[i], &policy);
            set_put(set, i, &policy);
        }
        policy_set_release(archive->set);
        archive->set = set;
    }
    *ret_set = policy_set_hold(set);
    return OK;
}

struct policy_set *policy_set_hold(struct policy_set *set)
{
    atomic_fetch_add_explicit(&set->holds, 1, memory_order_relaxed);
    return set;
}

void policy_set_release(struct policy_set *set)
{
    if (set == NULL || atomic_fetch_sub_explicit(&set->holds, 1, memory_order_acq_rel) > 1)
        return;
    free(set->sieves);
    free(set->policies);
    free(set->patterns);
    free(set->names);
    free(set);
}

/* ---- asking ------------------------------------------------------------------------------------
 */
uint64_t policy_set_version(const struct policy_set *set)
{
    return set->version;
}

uint32_t policy_set_count(const struct policy_set *set)
{
    return set->count;
}

const struct policy *policy_set_at(const struct policy_set *set, uint32_t index)
{
    check(index < set->count);
    return &set->policies[index];
}

uint32_t policy_set_find(const struct policy_set *set, uint32_t tenant, struct bytes name)
{
    for (uint32_t i = 0; i < set->count; i++)
        if (set->policies[i].tenant == tenant && bytes_equal(set->policies[i].name, name))
            return i;
    return POLICY_NONE;
}

uint32_t policy_set_match(const struct policy_set *set, uint32_t tenant, struct bytes path)
{
    struct edges edges;
    edges_of(path, &edges);
    for (uint32_t i = 0; i < set->count; i++)
        if (UNLIKELY(sieve_lets_through(&set->sieves[i], tenant, &edges)) &&
            pattern_matches(&set->patterns[i], path))
            return i;
    return POLICY_NONE;
}

bool policy_set_matches(const struct policy_set *set, uint32_t index, uint32_t tenant,
                        struct bytes path)
{
    return policy_set_at(set, index)->tenant == tenant &&
           pattern_matches(&set->patterns[index], path);
}
