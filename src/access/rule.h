/* rule: a right on a pattern of paths within a branch, made ready for asking.
 *
 * A role names patterns, a grant a branch; a rule holds for what both match. The shapes that occur
 * every day ("#", "north/#", "+/dev7/#", a path) are compared without reading a pattern. The rules
 * of a principal lie in one block without pointers, so that a copy is a copy of bytes.
 *
 * '$': what begins with it is matched by a pattern whose first level is the same, never by a
 * wildcard. A branch "#" does not narrow: it leaves a role's '$' rights as they are.
 * '@': another tenant's paths are "@name/path" to a rule. "#" covers them, and patterns that begin
 * with '@'; a wildcard for the first level does not, so that a device's "+/dev7/#" stays at home.
 *
 * Pure functions over texts; any thread. */
#pragma once

#include "base/base.h"
#include "format/format.h"
#include "paths/paths.h"

#define RULES_MAX (ACCESS_GRANTS_MAX * ACCESS_RIGHTS_MAX)

enum rule_shape {
    RULE_EVERYTHING, /* "#" */
    RULE_PREFIX,     /* "north/#" */
    RULE_EXACT,      /* "north/boiler" */
    RULE_SECOND,     /* "+/dev7/#" */
    RULE_LEVELS,     /* others of whole levels */
    RULE_GLOB,       /* a '*' or '?' within a level: a struct pattern in the texts */
    RULE_GLOB_SERVER /* the same behind a '$' */
};
struct rule_match {
    uint32_t at; /* in the texts of the set */
    uint16_t size;
    uint8_t shape, unused;
};
struct rule {
    struct rule_match first, second; /* second is RULE_EVERYTHING where one of them decides */
    uint8_t rights, unused[3];
};
struct rule_set {
    uint32_t count, texts_size;
    uint8_t rights;      /* of any rule */
    struct rule rules[]; /* count of them, the texts behind */
};

/* ---- making ---- */
struct rule_maker { /* some 20 KiB and what it allocates; reused, so that judging asks for nothing
                     */
    struct rule rules[RULES_MAX];
    uint32_t count;
    uint8_t *texts;
    size_t used, capacity;
};
void rule_maker_done(struct rule_maker *maker);
void rule_maker_reset(struct rule_maker *maker);
/* Names that stand for %c and %u. A pattern that names one which is empty, or could mean more than
 * itself ('/', '+', '#', '*', '?', a '$' or '@' at its beginning), gives no rule. */
struct rule_names {
    struct bytes client_id, account;
};
/* The pattern of a right with its names; 0 when it gives none. text[PATTERN_BYTES_MAX]. */
size_t rule_expand(struct bytes pattern, const struct rule_names *names, uint8_t *text);
/* Adds one, unless the pattern or branch is none, or they have nothing in common. server: patterns
 * of "$server" count. ERR_NO_MEMORY. */
MUST_USE enum err rule_maker_add(struct rule_maker *maker, uint8_t rights, struct bytes pattern,
                                 struct bytes branch, bool server);
/* NULL: out of memory. Freed with free(). */
MUST_USE struct rule_set *rule_maker_finish(const struct rule_maker *maker);
/* Does the set say the same as what the maker holds? */
bool rule_maker_same(const struct rule_maker *maker, const struct rule_set *set);
/* Is each rule of before also in after? */
bool rule_set_kept(const struct rule_set *before, const struct rule_set *after);
static inline size_t rule_set_size(const struct rule_set *set)
{
    return sizeof *set + set->count * sizeof set->rules[0] + set->texts_size;
}
static inline const uint8_t *rule_set_texts(const struct rule_set *set)
{
    return (const uint8_t *)(set->rules + set->count);
}

/* ---- asking ---- */
bool rule_set_may(const struct rule_set *set, uint32_t rights, struct bytes path);
/* Of "@name/path" of a share; name with its '@'. */
bool rule_set_may_foreign(const struct rule_set *set, uint32_t rights, struct bytes name,
                          struct bytes path);

enum rule_reach { RULE_REACH_NONE, RULE_REACH_SOME, RULE_REACH_ALL };
/* Of all that the pattern matches. NONE and ALL are certain; SOME where it would take more than one
 * rule to cover it, or two globs that may have nothing in common. */
enum rule_reach rule_set_reach(const struct rule_set *set, uint32_t rights,
                               const struct pattern *pattern);
/* The same through a share whose patterns are `shared`. */
enum rule_reach rule_set_reach_foreign(const struct rule_set *set, uint32_t rights,
                                       struct bytes name, const struct rule_set *shared,
                                       const struct pattern *pattern);
/* Does every path that `inner` matches match `outer`? true is certain. */
bool pattern_contains(const struct pattern *outer, const struct pattern *inner);
/* Is there a path that all match? false is certain. */
bool patterns_meet(const struct pattern *const *patterns, size_t count);
