/* Rules: patterns made ready, and asked. What a pattern means stands in paths.h; here stands what
 * is added to it, the first bytes '$' and '@', and the shapes that are compared without reading a
 * pattern at all. */
#include "access/rule.h"

#include <stdlib.h>
#include <string.h>

/* ---- a pattern, read ---------------------------------------------------------------------------
 */
enum rule_class { CLASS_EVERYTHING, CLASS_PLAIN, CLASS_FOREIGN, CLASS_SERVER };
struct rule_pattern {
    struct pattern pattern; /* without its '$' */
    uint8_t class;
};

static bool first_is_literal(const struct pattern *pattern)
{
    return pattern->depth > 0 && pattern->segments[0].kind == PATTERN_EXACT;
}

static bool rule_pattern_read(struct bytes text, struct rule_pattern *ret_read)
{
    bool server = text.size > 0 && text.at[0] == '$';
    struct bytes rest = server ? bytes_of(text.at + 1, text.size - 1) : text;
    if (pattern_parse(rest, &ret_read->pattern) != NULL)
        return false;
    if (server) {
        ret_read->class = CLASS_SERVER;
        return first_is_literal(&ret_read->pattern);
    }
    ret_read->class = text.at[0] == '@'                                        ? CLASS_FOREIGN
                      : ret_read->pattern.depth == 0 && ret_read->pattern.rest ? CLASS_EVERYTHING
                                                                               : CLASS_PLAIN;
    return true;
}

/* ---- names in patterns -------------------------------------------------------------------------
 */
/* Could it mean more than itself where a pattern takes it in? */
static bool name_is_plain(struct bytes name)
{
    if (name.size == 0 || name.size > PATH_SEGMENT_MAX || name.at[0] == '$' || name.at[0] == '@')
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (memchr("/+#*?", name.at[i], 5) != NULL || name.at[i] == '\0')
            return false;
    return true;
}

size_t rule_expand(struct bytes pattern, const struct rule_names *names, uint8_t *text)
{
    size_t size = 0;
    for (size_t i = 0; i < pattern.size; i++) {
        struct bytes piece = bytes_of(pattern.at + i, 1);
        char next = i + 1 < pattern.size ? (char)pattern.at[i + 1] : '\0';
        if (pattern.at[i] == '%' && (next == 'c' || next == 'u')) {
            piece = next == 'c' ? names->client_id : names->account;
            if (!name_is_plain(piece))
                return 0;
            i++;
        }
        if (size + piece.size > PATTERN_BYTES_MAX)
            return 0;
        memcpy(text + size, piece.at, piece.size);
        size += piece.size;
    }
    return size;
}

/* ---- sets of paths -----------------------------------------------------------------------------
 */
static bool segment_contains(const struct pattern *outer, const struct pattern *inner, size_t at)
{
    struct bytes text = pattern_segment(inner, at);
    uint8_t outer_kind = outer->segments[at].kind, inner_kind = inner->segments[at].kind;
    if (at == 0 && outer_kind != PATTERN_EXACT && inner_kind == PATTERN_EXACT &&
        text.at[0] == '@' && outer->text[0] != '@')
        return false;
    if (outer_kind == PATTERN_ANY)
        return true;
    if (inner_kind == PATTERN_EXACT)
        return pattern_segment_matches(outer, at, text);
    return outer_kind == inner_kind && bytes_equal(pattern_segment(outer, at), text);
}

bool pattern_contains(const struct pattern *outer, const struct pattern *inner)
{
    /* Every path has a first level. */
    if (outer->depth == 1 && outer->rest && inner->depth == 0)
        return outer->segments[0].kind == PATTERN_ANY;
    if (inner->depth < outer->depth)
        return false;
    for (size_t i = 0; i < outer->depth; i++)
        if (!segment_contains(outer, inner, i))
            return false;
    return outer->rest || (inner->depth == outer->depth && !inner->rest);
}

/* Have two globs a name in common? Over pairs of places in them, row by row: `reached` says which
 * places of `b` go with the present place of `a`. */
static void globs_meet_spread(struct bytes b, bool *reached)
{
    for (size_t j = 0; j < b.size; j++)
        if (reached[j] && b.at[j] == '*')
            reached[j + 1] = true;
}

static bool globs_meet(struct bytes a, struct bytes b)
{
    bool reached[PATTERN_BYTES_MAX + 1] = {true}, next[PATTERN_BYTES_MAX + 1];
    globs_meet_spread(b, reached);
    for (size_t i = 0; i < a.size; i++) {
        memset(next, 0, b.size + 1);
        for (size_t j = 0; j <= b.size; j++) {
            if (!reached[j])
                continue;
            uint8_t of_b = j < b.size ? b.at[j] : '\0';
            if (a.at[i] == '*') {
                next[j] = true;
                reached[j + 1 <= b.size ? j + 1 : j] = true;
            } else if (of_b == '*') {
                next[j] = true;
            } else if (j < b.size && (a.at[i] == '?' || of_b == '?' || of_b == a.at[i])) {
                next[j + 1] = true;
            }
        }
        memcpy(reached, next, b.size + 1);
        globs_meet_spread(b, reached);
    }
    return reached[b.size];
}

/* A '?' is a character, of up to four bytes: between bytes that are not ASCII it is not judged. */
static bool is_ascii(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] >= 0x80)
            return false;
    return true;
}

static bool segments_meet(const struct pattern *a, const struct pattern *b, size_t at)
{
    struct bytes text_a = pattern_segment(a, at), text_b = pattern_segment(b, at);
    uint8_t kind_a = a->segments[at].kind, kind_b = b->segments[at].kind;
    if (kind_a == PATTERN_EXACT)
        return segment_contains(b, a, at);
    if (kind_b == PATTERN_EXACT)
        return segment_contains(a, b, at);
    if (kind_a == PATTERN_ANY || kind_b == PATTERN_ANY || !is_ascii(text_a) || !is_ascii(text_b))
        return true;
    return globs_meet(text_a, text_b);
}

bool patterns_meet(const struct pattern *const *patterns, size_t count)
{
    size_t least = 1, most = SIZE_MAX; /* levels of a path that all match */
    for (size_t i = 0; i < count; i++) {
        least = patterns[i]->depth > least ? patterns[i]->depth : least;
        if (!patterns[i]->rest && patterns[i]->depth < most)
            most = patterns[i]->depth;
    }
    if (least > most)
        return false;
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            for (size_t at = 0; at < patterns[i]->depth && at < patterns[j]->depth; at++)
                if (!segments_meet(patterns[i], patterns[j], at))
                    return false;
    return true;
}

/* ---- making ------------------------------------------------------------------------------------
 */
void rule_maker_done(struct rule_maker *maker)
{
    free(maker->texts);
    maker->texts = NULL;
    maker->capacity = maker->used = 0;
}

void rule_maker_reset(struct rule_maker *maker)
{
    maker->count = 0;
    maker->used = 0;
}

static uint8_t *maker_room(struct rule_maker *maker, size_t size)
{
    maker->used = (maker->used + 1) & ~(size_t)1; /* a struct pattern may stand there */
    if (maker->used + size > maker->capacity) {
        size_t capacity = (maker->used + size) * 2 + 256;
        uint8_t *texts = realloc(maker->texts, capacity);
        if (texts == NULL)
            return NULL;
        maker->texts = texts;
        maker->capacity = capacity;
    }
    uint8_t *at = maker->texts + maker->used;
    maker->used += size;
    return at;
}

static bool has_glob(const struct pattern *pattern)
{
    for (size_t i = 0; i < pattern->depth; i++)
        if (pattern->segments[i].kind == PATTERN_GLOB)
            return true;
    return false;
}

static enum rule_shape shape_of(const struct rule_pattern *read)
{
    const struct pattern *pattern = &read->pattern;
    if (read->class == CLASS_EVERYTHING)
        return RULE_EVERYTHING;
    if (has_glob(pattern))
        return read->class == CLASS_SERVER ? RULE_GLOB_SERVER : RULE_GLOB;
    if (pattern->exact)
        return RULE_EXACT;
    size_t any = 0;
    for (size_t i = 0; i < pattern->depth; i++)
        any += pattern->segments[i].kind == PATTERN_ANY;
    if (any == 0)
        return RULE_PREFIX;
    bool second = pattern->rest && any == 1 && pattern->depth >= 2 &&
                  pattern->segments[0].kind == PATTERN_ANY;
    return second ? RULE_SECOND : RULE_LEVELS;
}

/* The text as MQTT writes it ("*" is "+", "**" is "#"), its '$' before it. at[size + 1]; returns
 * the size. */
static size_t pattern_write(const struct rule_pattern *read, uint8_t *at)
{
    const struct pattern *pattern = &read->pattern;
    size_t size = 0;
    if (read->class == CLASS_SERVER)
        at[size++] = '$';
    for (size_t i = 0; i < pattern->depth; i++) {
        struct bytes segment = pattern_segment(pattern, i);
        if (pattern->segments[i].kind == PATTERN_ANY)
            segment = bytes_text("+");
        if (i > 0)
            at[size++] = '/';
        memcpy(at + size, segment.at, segment.size);
        size += segment.size;
    }
    if (pattern->rest) {
        if (pattern->depth > 0)
            at[size++] = '/';
        at[size++] = '#';
    }
    return size;
}

static bool maker_put(struct rule_maker *maker, const struct rule_pattern *read,
                      struct rule_match *ret_match)
{
    *ret_match = (struct rule_match){.shape = (uint8_t)shape_of(read)};
    if (ret_match->shape == RULE_EVERYTHING)
        return true;
    bool glob = ret_match->shape == RULE_GLOB || ret_match->shape == RULE_GLOB_SERVER;
    uint8_t *at = maker_room(maker, glob ? sizeof read->pattern : read->pattern.size + (size_t)1);
    if (at == NULL)
        return false;
    ret_match->at = (uint32_t)(at - maker->texts);
    if (glob) {
        memcpy(at, &read->pattern, sizeof read->pattern);
        return true;
    }
    ret_match->size = (uint16_t)pattern_write(read, at);
    maker->used = ret_match->at + (size_t)ret_match->size;
    return true;
}

/* What a pattern and a branch have in common: one of them, both, or nothing. */
enum common { COMMON_NONE, COMMON_PATTERN, COMMON_BRANCH, COMMON_BOTH };
static enum common rule_common(const struct rule_pattern *pattern,
                               const struct rule_pattern *branch)
{
    if (branch->class == CLASS_EVERYTHING)
        return COMMON_PATTERN;
    if (pattern->class == CLASS_EVERYTHING)
        return branch->class == CLASS_SERVER ? COMMON_NONE : COMMON_BRANCH;
    if (pattern->class != branch->class)
        return COMMON_NONE;
    if (pattern_contains(&branch->pattern, &pattern->pattern))
        return COMMON_PATTERN;
    if (pattern_contains(&pattern->pattern, &branch->pattern))
        return COMMON_BRANCH;
    const struct pattern *both[] = {&pattern->pattern, &branch->pattern};
    return patterns_meet(both, 2) ? COMMON_BOTH : COMMON_NONE;
}

enum err rule_maker_add(struct rule_maker *maker, uint8_t rights, struct bytes pattern,
                        struct bytes branch, bool server)
{
    struct rule_pattern of_role, of_grant;
    if (rights == 0 || maker->count == RULES_MAX || !rule_pattern_read(pattern, &of_role) ||
        !rule_pattern_read(branch, &of_grant))
        return OK;
    if (of_role.class == CLASS_SERVER && !server &&
        bytes_equal(pattern_segment(&of_role.pattern, 0), bytes_text("server")))
        return OK;
    enum common common = rule_common(&of_role, &of_grant);
    if (common == COMMON_NONE)
        return OK;
    struct rule rule = {.rights = rights, .second = {.shape = RULE_EVERYTHING}};
    bool good = maker_put(maker, common == COMMON_BRANCH ? &of_grant : &of_role, &rule.first) &&
                (common != COMMON_BOTH || maker_put(maker, &of_grant, &rule.second));
    if (!good)
        return ERR_NO_MEMORY;
    maker->rules[maker->count++] = rule;
    return OK;
}

struct rule_set *rule_maker_finish(const struct rule_maker *maker)
{
    size_t rules = maker->count * sizeof maker->rules[0];
    struct rule_set *set = malloc(sizeof *set + rules + maker->used);
    if (set == NULL)
        return NULL;
    *set = (struct rule_set){.count = maker->count, .texts_size = (uint32_t)maker->used};
    for (uint32_t i = 0; i < maker->count; i++)
        set->rights |= maker->rules[i].rights;
    memcpy(set->rules, maker->rules, rules);
    if (maker->used > 0)
        memcpy((uint8_t *)(set->rules + set->count), maker->texts, maker->used);
    return set;
}

/* ---- comparing ---------------------------------------------------------------------------------
 */
static const struct pattern *match_pattern(const struct rule_match *match, const uint8_t *texts)
{
    return (const struct pattern *)(const void *)(texts + match->at);
}

static bool match_is_glob(const struct rule_match *match)
{
    return match->shape == RULE_GLOB || match->shape == RULE_GLOB_SERVER;
}

static struct bytes match_text(const struct rule_match *match, const uint8_t *texts)
{
    if (match_is_glob(match)) {
        const struct pattern *pattern = match_pattern(match, texts);
        return bytes_of(pattern->text, pattern->size);
    }
    return match->shape == RULE_EVERYTHING ? bytes_text("#")
                                           : bytes_of(texts + match->at, match->size);
}

static bool match_same(const struct rule_match *a, const uint8_t *texts_a,
                       const struct rule_match *b, const uint8_t *texts_b)
{
    return a->shape == b->shape && bytes_equal(match_text(a, texts_a), match_text(b, texts_b));
}

static bool rule_same(const struct rule *a, const uint8_t *texts_a, const struct rule *b,
                      const uint8_t *texts_b)
{
    return match_same(&a->first, texts_a, &b->first, texts_b) &&
           match_same(&a->second, texts_a, &b->second, texts_b);
}

bool rule_maker_same(const struct rule_maker *maker, const struct rule_set *set)
{
    if (maker->count != set->count)
        return false;
    for (uint32_t i = 0; i < set->count; i++)
        if (maker->rules[i].rights != set->rules[i].rights ||
            !rule_same(&maker->rules[i], maker->texts, &set->rules[i], rule_set_texts(set)))
            return false;
    return true;
}

bool rule_set_kept(const struct rule_set *before, const struct rule_set *after)
{
    for (uint32_t i = 0; i < before->count; i++) {
        const struct rule *rule = &before->rules[i];
        uint32_t j = 0;
        while (j < after->count &&
               ((rule->rights & after->rules[j].rights) != rule->rights ||
                !rule_same(rule, rule_set_texts(before), &after->rules[j], rule_set_texts(after))))
            j++;
        if (j == after->count)
            return false;
    }
    return true;
}

/* ---- asking ------------------------------------------------------------------------------------
 */
static inline bool path_is_marked(struct bytes path)
{
    return path.size > 0 && (path.at[0] == '$' || path.at[0] == '@');
}

/* prefix: "north/", which "north" has as well. */
static inline bool prefix_matches(const uint8_t *prefix, size_t size, const uint8_t *path,
                                  size_t path_size)
{
    if (path_size + 1 < size)
        return false;
    return memcmp(path, prefix, path_size < size ? path_size : size) == 0;
}

static bool second_matches(const uint8_t *prefix, size_t size, struct bytes path)
{
    if (path.size == 0 || path_is_marked(path))
        return false;
    const uint8_t *slash = memchr(path.at, '/', path.size);
    if (slash == NULL)
        return false;
    return prefix_matches(prefix, size, slash + 1, (size_t)(path.at + path.size - slash) - 1);
}

static bool match_other(const struct rule_match *match, const uint8_t *texts, struct bytes path)
{
    const uint8_t *text = texts + match->at;
    if (path.size == 0)
        return false;
    if (match->shape == RULE_LEVELS)
        return (text[0] != '+' || !path_is_marked(path)) &&
               path_matches(path, bytes_of(text, match->size));
    const struct pattern *pattern = match_pattern(match, texts);
    if (match->shape == RULE_GLOB_SERVER)
        return path.at[0] == '$' && pattern_matches(pattern, bytes_of(path.at + 1, path.size - 1));
    return (!path_is_marked(path) || pattern->text[0] == path.at[0]) &&
           pattern_matches(pattern, path);
}

static inline bool match_path(const struct rule_match *match, const uint8_t *texts,
                              struct bytes path)
{
    const uint8_t *text = texts + match->at;
    switch (match->shape) {
    case RULE_EVERYTHING:
        return path.size == 0 || path.at[0] != '$';
    case RULE_PREFIX: /* without its '#' */
        return path.size > 0 && prefix_matches(text, match->size - (size_t)1, path.at, path.size);
    case RULE_EXACT:
        return path.size == match->size && memcmp(path.at, text, path.size) == 0;
    case RULE_SECOND: /* without "+/" and '#' */
        return second_matches(text + 2, match->size - (size_t)3, path);
    default:
        return match_other(match, texts, path);
    }
}

bool rule_set_may(const struct rule_set *set, uint32_t rights, struct bytes path)
{
    const uint8_t *texts = rule_set_texts(set);
    for (uint32_t i = 0; i < set->count; i++) {
        const struct rule *rule = &set->rules[i];
        if ((rule->rights & rights) == rights && match_path(&rule->first, texts, path) &&
            (rule->second.shape == RULE_EVERYTHING || match_path(&rule->second, texts, path)))
            return true;
    }
    return false;
}

bool rule_set_may_foreign(const struct rule_set *set, uint32_t rights, struct bytes name,
                          struct bytes path)
{
    uint8_t text[2 * PATH_MAX_BYTES];
    if (path.size == 0 || name.size + 1 + path.size > sizeof text)
        return false;
    memcpy(text, name.at, name.size);
    text[name.size] = '/';
    memcpy(text + name.size + 1, path.at, path.size);
    return rule_set_may(set, rights, bytes_of(text, name.size + 1 + path.size));
}

/* ---- reach -------------------------------------------------------------------------------------
 */
/* The pattern of a match; false: it is of '$', which no pattern of paths meets. */
static bool match_read(const struct rule_match *match, const uint8_t *texts,
                       struct pattern *ret_pattern)
{
    struct bytes text = match_text(match, texts);
    if (match->shape == RULE_GLOB_SERVER || text.at[0] == '$')
        return false;
    return pattern_parse(text, ret_pattern) == NULL;
}

/* What is left of a pattern behind its first level, which stands for the tenant; "#" stays. */
static bool match_read_foreign(const struct rule_match *match, const uint8_t *texts,
                               struct bytes name, struct pattern *ret_pattern)
{
    struct bytes text = match_text(match, texts);
    if (match->shape == RULE_EVERYTHING)
        return pattern_parse(text, ret_pattern) == NULL;
    if (text.at[0] != '@' || !match_read(match, texts, ret_pattern) ||
        !pattern_segment_matches(ret_pattern, 0, name))
        return false;
    const uint8_t *slash = memchr(text.at, '/', text.size);
    if (slash == NULL)
        return false;
    struct bytes rest = bytes_of(slash + 1, (size_t)(text.at + text.size - slash) - 1);
    return pattern_parse(rest, ret_pattern) == NULL;
}

/* How far all of `patterns` together go in what `asked` matches. */
static enum rule_reach patterns_reach(const struct pattern *const *patterns, size_t count,
                                      const struct pattern *asked)
{
    const struct pattern *with[4] = {asked};
    enum rule_reach reach = RULE_REACH_ALL;
    for (size_t i = 0; i < count; i++) {
        with[i + 1] = patterns[i];
        if (!pattern_contains(patterns[i], asked))
            reach = RULE_REACH_SOME;
    }
    return reach == RULE_REACH_ALL || patterns_meet(with, count + 1) ? reach : RULE_REACH_NONE;
}

enum rule_reach rule_set_reach(const struct rule_set *set, uint32_t rights,
                               const struct pattern *pattern)
{
    const uint8_t *texts = rule_set_texts(set);
    enum rule_reach best = RULE_REACH_NONE;
    for (uint32_t i = 0; i < set->count && best != RULE_REACH_ALL; i++) {
        const struct rule *rule = &set->rules[i];
        struct pattern first, second;
        if ((rule->rights & rights) != rights || !match_read(&rule->first, texts, &first) ||
            !match_read(&rule->second, texts, &second) || first.text[0] == '@')
            continue; /* of its own paths */
        const struct pattern *both[] = {&first, &second};
        enum rule_reach reach = patterns_reach(both, 2, pattern);
        best = reach > best ? reach : best;
    }
    return best;
}

enum rule_reach rule_set_reach_foreign(const struct rule_set *set, uint32_t rights,
                                       struct bytes name, const struct rule_set *shared,
                                       const struct pattern *pattern)
{
    const uint8_t *texts = rule_set_texts(set);
    enum rule_reach best = RULE_REACH_NONE;
    for (uint32_t i = 0; i < set->count; i++) {
        const struct rule *rule = &set->rules[i];
        struct pattern first, second, share;
        if ((rule->rights & rights) != rights ||
            !match_read_foreign(&rule->first, texts, name, &first) ||
            !match_read_foreign(&rule->second, texts, name, &second))
            continue;
        for (uint32_t j = 0; j < shared->count && best != RULE_REACH_ALL; j++) {
            if (!match_read(&shared->rules[j].first, rule_set_texts(shared), &share))
                continue;
            const struct pattern *all[] = {&first, &second, &share};
            enum rule_reach reach = patterns_reach(all, 3, pattern);
            best = reach > best ? reach : best;
        }
    }
    return best;
}
