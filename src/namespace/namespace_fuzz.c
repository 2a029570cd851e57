/* A sequence of points that come, move and go, and of patterns, against plain lists.
 *
 *      op       byte: what (3 bits), number (5 bits); byte: size of the text; text
 *
 * A pattern is held against an oracle that knows its text alone, a search against all paths held
 * against the pattern; one search is kept open while points change, and must stay in order. */
#include <stdlib.h>
#include <string.h>

#include "namespace/namespace.h"
#include "namespace/order.h"

#define ENTRIES_MAX 128
enum op { OP_CREATE, OP_RENAME, OP_RETIRE, OP_MATCH, OP_SEARCH, OP_OPEN, OP_STEP, OP_ORDER };
struct fuzz {
    struct state *state;
    struct points *points;
    struct namespace *space;
    uint64_t position;
    struct entry {
        uint8_t path[256];
        size_t size;
        uint32_t point; /* POINT_NONE: retired */
    } entries[ENTRIES_MAX];
    uint32_t count;
    struct namespace_search search; /* the one that is open */
    bool open;
    uint8_t told[256]; /* the last path it told */
    size_t told_size;
};

/* ---- oracles
 * -------------------------------------------------------------------------------------- */

static struct bytes segment_take(struct bytes *text)
{
    const uint8_t *slash = text->size == 0 ? NULL : memchr(text->at, '/', text->size);
    size_t size = slash == NULL ? text->size : (size_t)(slash - text->at);
    struct bytes segment = bytes_of(text->at, size);
    *text = slash == NULL ? bytes_of("", 0) : bytes_of(slash + 1, text->size - size - 1);
    return segment;
}

static bool is(struct bytes text, const char *wanted)
{
    return bytes_equal(text, bytes_text(wanted));
}

/* Which ends of the name can the first bytes of the glob reach? Kept as a set, byte by byte. */
static bool oracle_segment(struct bytes glob, struct bytes name)
{
    bool ends[PATH_SEGMENT_MAX + 1] = {true}, next[PATH_SEGMENT_MAX + 1];
    for (size_t g = 0; g < glob.size; g++) {
        memset(next, 0, sizeof next);
        for (size_t n = 0; n <= name.size; n++) {
            size_t step = n < name.size ? bytes_utf8_step(name, n) : 0;
            if (glob.at[g] == '*') {
                next[n] = next[n] || ends[n];
                if (next[n] && step > 0)
                    next[n + step] = true;
            } else if (ends[n] && n < name.size) {
                if (glob.at[g] == '?')
                    next[n + step] = true;
                else if (glob.at[g] == name.at[n])
                    next[n + 1] = true;
            }
        }
        memcpy(ends, next, sizeof ends);
    }
    return ends[name.size];
}

/* Both are not empty, the path is one. */
static bool oracle_matches(struct bytes pattern, struct bytes path)
{
    while (pattern.size > 0) {
        if (is(pattern, "#") || is(pattern, "**"))
            return true;
        if (path.size == 0)
            return false;
        struct bytes wanted = segment_take(&pattern), name = segment_take(&path);
        if (!is(wanted, "+") && !oracle_segment(wanted, name))
            return false;
    }
    return path.size == 0;
}

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : byte;
}

static bool oracle_contains(struct bytes path, struct bytes part)
{
    for (size_t at = 0; at + part.size <= path.size; at++) {
        size_t same = 0;
        while (same < part.size && lower(path.at[at + same]) == lower(part.at[same]))
            same++;
        if (same == part.size)
            return true;
    }
    return false;
}

static int oracle_order(struct bytes a, struct bytes b)
{
    while (a.size > 0 && b.size > 0) {
        struct bytes x = segment_take(&a), y = segment_take(&b);
        int order = natural_compare(x, y);
        if (order != 0)
            return order;
    }
    return (a.size > 0) - (b.size > 0);
}

/* ---- points
 * --------------------------------------------------------------------------------------- */

static struct bytes entry_path(const struct entry *entry)
{
    return bytes_of(entry->path, entry->size);
}

static struct entry *fuzz_find(struct fuzz *fuzz, struct bytes path)
{
    for (uint32_t i = 0; i < fuzz->count; i++)
        if (fuzz->entries[i].point != POINT_NONE &&
            bytes_equal(entry_path(&fuzz->entries[i]), path))
            return &fuzz->entries[i];
    return NULL;
}

static void fuzz_command(struct fuzz *fuzz, enum command_kind kind, struct bytes path,
                         struct bytes new_path)
{
    struct fact fact = {
        .kind = FACT_COMMAND,
        .command = {
            .kind = (uint8_t)kind, .tenant = TENANT_DEFAULT, .path = path, .new_path = new_path}};
    struct record_stamp stamp = {.position = ++fuzz->position, .wall_ns = 1000 * NS_PER_S};
    struct effects effects = {0};
    check(points_apply_fact(fuzz->points, &fact, &stamp, &effects) == OK);
}

static void entry_set(struct entry *entry, struct bytes path)
{
    memcpy(entry->path, path.at, path.size);
    entry->size = path.size;
}

static void fuzz_create(struct fuzz *fuzz, struct bytes path, bool late)
{
    if (path_fault(path) != NULL || fuzz_find(fuzz, path) != NULL || fuzz->count == ENTRIES_MAX)
        return;
    fuzz_command(fuzz, COMMAND_CREATE, path, bytes_text(""));
    struct entry *entry = &fuzz->entries[fuzz->count++];
    entry_set(entry, path);
    entry->point = points_count(fuzz->points);
    if (!late)
        check(namespace_catch_up(fuzz->space, UINT32_MAX, NULL, NULL));
}

static void fuzz_rename(struct fuzz *fuzz, uint32_t number, struct bytes path)
{
    if (number >= fuzz->count || fuzz->entries[number].point == POINT_NONE ||
        path_fault(path) != NULL || fuzz_find(fuzz, path) != NULL)
        return;
    struct entry *entry = &fuzz->entries[number];
    fuzz_command(fuzz, COMMAND_RENAME, entry_path(entry), path);
    entry_set(entry, path);
    namespace_point_changed(fuzz->space, entry->point);
}

static void fuzz_retire(struct fuzz *fuzz, uint32_t number)
{
    if (number >= fuzz->count || fuzz->entries[number].point == POINT_NONE)
        return;
    struct entry *entry = &fuzz->entries[number];
    fuzz_command(fuzz, COMMAND_RETIRE, entry_path(entry), bytes_text(""));
    namespace_point_changed(fuzz->space, entry->point);
    entry->point = POINT_NONE;
}

static void fuzz_count(const struct fuzz *fuzz)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < fuzz->count; i++) {
        const struct entry *entry = &fuzz->entries[i];
        if (entry->point == POINT_NONE)
            continue;
        uint32_t node = namespace_find(fuzz->space, TENANT_DEFAULT, entry_path(entry));
        if (entry->point > namespace_entered(fuzz->space))
            continue;
        count++;
        struct namespace_node view;
        check(node != NAMESPACE_NONE);
        namespace_node(fuzz->space, node, &view);
        check(view.point == entry->point && view.count > 0);
    }
    struct namespace_node root;
    namespace_node(fuzz->space, namespace_root(fuzz->space, TENANT_DEFAULT), &root);
    check(root.count == count);
}

/* ---- patterns
 * ------------------------------------------------------------------------------------- */

static void fuzz_match(struct bytes text, struct bytes path)
{
    struct pattern pattern;
    bool wild = memchr(text.at, '*', text.size) != NULL || memchr(text.at, '?', text.size) != NULL;
    if (pattern_parse(text, &pattern) != NULL) {
        check(wild || path_fault(text) != NULL);
        return;
    }
    check(pattern.exact == (!wild && path_fault(text) == NULL));
    bool matches = pattern_matches(&pattern, path);
    if (path_fault(path) == NULL)
        check(matches == oracle_matches(text, path));
}

struct telling {
    struct fuzz *fuzz;
    struct namespace_search *search;
    uint32_t count, most;
    struct bytes before; /* the path that was told last */
};

static bool tell(void *arg, uint32_t point)
{
    struct telling *telling = arg;
    const struct fuzz *fuzz = telling->fuzz;
    uint32_t i = 0;
    while (i < fuzz->count && fuzz->entries[i].point != point)
        i++;
    check(i < fuzz->count);
    struct bytes path = entry_path(&fuzz->entries[i]);
    const struct namespace_search *search = telling->search;
    check(pattern_matches(&search->pattern, path));
    check(oracle_contains(path, bytes_of(search->contains, search->contains_size)));
    check(oracle_order(telling->before, path) < 0);
    telling->before = path;
    return ++telling->count < telling->most;
}

static bool search_open(struct bytes text, struct bytes contains, struct namespace_search *search)
{
    struct pattern pattern;
    return pattern_parse(text, &pattern) == NULL &&
           namespace_search_begin(search, TENANT_DEFAULT, &pattern, contains, bytes_text("")) == OK;
}

static void fuzz_search(struct fuzz *fuzz, struct bytes text, struct bytes contains, size_t nodes)
{
    struct namespace_search search;
    if (!search_open(text, contains, &search))
        return;
    struct telling telling = {fuzz, &search, 0, UINT32_MAX, bytes_text("")};
    while (namespace_search_step(fuzz->space, &search, nodes, tell, &telling, NULL))
        ;
    uint32_t expected = 0;
    for (uint32_t i = 0; i < fuzz->count; i++) {
        const struct entry *entry = &fuzz->entries[i];
        expected += entry->point != POINT_NONE && entry->point <= namespace_entered(fuzz->space) &&
                    pattern_matches(&search.pattern, entry_path(entry)) &&
                    oracle_contains(entry_path(entry), contains);
    }
    check(telling.count == expected);
}

static void fuzz_go_on(struct fuzz *fuzz, size_t nodes)
{
    if (!fuzz->open)
        return;
    struct telling telling = {fuzz, &fuzz->search, 0, 3, bytes_of(fuzz->told, fuzz->told_size)};
    fuzz->open = namespace_search_step(fuzz->space, &fuzz->search, nodes, tell, &telling, NULL);
    if (telling.count > 0) {
        fuzz->told_size = telling.before.size;
        memmove(fuzz->told, telling.before.at, telling.before.size);
    }
}

/* ---- the sequence
 * --------------------------------------------------------------------------------- */

static void fuzz_step(struct fuzz *fuzz, uint8_t what, struct bytes text)
{
    uint32_t number = what >> 3;
    size_t cut = number < text.size ? number : text.size;
    struct bytes first = bytes_of(text.at, cut), rest = bytes_of(text.at + cut, text.size - cut);
    switch ((enum op)(what & 7)) {
    case OP_CREATE:
        fuzz_create(fuzz, text, number == 31);
        break;
    case OP_RENAME:
        fuzz_rename(fuzz, number, text);
        break;
    case OP_RETIRE:
        fuzz_retire(fuzz, number);
        break;
    case OP_MATCH:
        fuzz_match(first, rest);
        break;
    case OP_SEARCH:
        fuzz_search(fuzz, first, rest, text.size % 7);
        break;
    case OP_OPEN:
        fuzz->open = search_open(first, rest, &fuzz->search);
        fuzz->told_size = 0;
        break;
    case OP_STEP:
        fuzz_go_on(fuzz, number);
        break;
    case OP_ORDER:
        check((natural_compare(first, rest) == 0) == bytes_equal(first, rest));
        check((natural_compare(first, rest) < 0) == (natural_compare(rest, first) > 0));
    }
    fuzz_count(fuzz);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz *fuzz = calloc(1, sizeof *fuzz);
    check(fuzz != NULL && state_create(&fuzz->state) == OK);
    check(points_create(fuzz->state, &points_limits_default, &fuzz->points) == OK);
    check(namespace_create(fuzz->points, &fuzz->space) == OK);
    for (size_t at = 0; at + 2 <= size;) {
        size_t left = size - at - 2, text_size = data[at + 1] < left ? data[at + 1] : left;
        fuzz_step(fuzz, data[at], bytes_of(data + at + 2, text_size));
        at += 2 + text_size;
    }
    for (uint32_t i = 0; i < fuzz->count; i++)
        fuzz_retire(fuzz, i);
    check(namespace_catch_up(fuzz->space, UINT32_MAX, NULL, NULL));
    /* Of a tree the root stays; of a tenant without a point there never was one. */
    check(namespace_nodes(fuzz->space) <= 1);
    namespace_destroy(fuzz->space);
    points_destroy(fuzz->points);
    state_destroy(fuzz->state);
    free(fuzz);
    return 0;
}
