/* What a name refers to: a path as it stands, one relative to the rule's point, a metric of its
 * asset; or a pattern of such, inside of a call that looks at many points. */
#include "condition/inside.h"
#include "paths/paths.h"

#include <string.h>

/* The bytes of "./", "../../" and the like before what is a path; all of "." and "..". */
static size_t relative_size(struct bytes text)
{
    size_t at = 0;
    if (text.size == 1 || (text.size > 1 && text.at[1] == '/'))
        return text.size == 1 ? 1 : 2;
    while (text.size - at >= 2 && text.at[at] == '.' && text.at[at + 1] == '.') {
        if (text.size - at == 2)
            return text.size;
        if (text.at[at + 2] != '/')
            break;
        at += 3;
    }
    return at;
}

static bool is_relative(struct bytes text)
{
    return text.size > 0 && text.at[0] == '.' && relative_size(text) > 0;
}

/* "." and ".." as whole segments would be read as the tree's, and no point is found by them. */
static bool has_dots(struct bytes path)
{
    for (size_t at = 0; at < path.size;) {
        const uint8_t *slash = memchr(path.at + at, '/', path.size - at);
        size_t size = slash == NULL ? path.size - at : (size_t)(slash - path.at) - at;
        if ((size == 1 || size == 2) && memcmp(path.at + at, "..", size) == 0)
            return true;
        at += size + 1;
    }
    return false;
}

static bool is_wild(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (memchr("+#*?", text.at[i], 4) != NULL)
            return true;
    return false;
}

static const char *reference_fault(struct bytes text, bool relative, bool wild)
{
    struct pattern pattern;
    size_t lead = relative ? relative_size(text) : 0;
    struct bytes path = bytes_of(text.at + lead, text.size - lead);
    if (path.size == 0 && relative)
        return text.at[text.size - 1] == '/' ? "a path does not end in '/'" : NULL;
    if (lead > 3 * (PATH_DEPTH_MAX - 1))
        return "no point lies that deep: '../' stands at most 15 times";
    if (has_dots(path))
        return "'.' and '..' stand at the beginning only";
    return wild ? pattern_parse(path, &pattern) : path_fault(path);
}

/* ---- while a text is read ---- */
/* The number of a reference in a list, which grows if it is new; NONE: the list is full. */
static uint8_t list_find(struct tree *tree, struct reference_entry *list, uint8_t *count,
                         size_t most, uint8_t kind, struct bytes text)
{
    for (uint8_t i = 0; i < *count; i++)
        if (list[i].kind == kind &&
            bytes_equal(text, bytes_of(tree->texts + list[i].at, list[i].size)))
            return i;
    if (*count == most)
        return NONE;
    list[*count] = (struct reference_entry){
        .at = (uint16_t)tree->texts_size, .size = (uint16_t)text.size, .kind = kind};
    memcpy(tree->texts + tree->texts_size, text.at, text.size);
    tree->texts_size += text.size;
    return (*count)++;
}

/* What the token says, without its quotes and with doubled ones once. */
static struct bytes name_unquote(const struct tree *tree, uint8_t *out)
{
    const struct token *token = &tree->token;
    size_t size = 0, quotes = token->kind != TOKEN_NAME;
    for (size_t i = quotes; i + quotes < token->size; i++) {
        uint8_t byte = tree->text.at[token->at + i];
        out[size++] = byte;
        i += token->kind == TOKEN_PATH && byte == '\'';
    }
    return bytes_of(out, size);
}

static struct node *name_node(struct tree *tree, uint8_t code, uint8_t index)
{
    struct node *node = tree_node_add(tree, code, 0, tree->token.at);
    if (node != NULL) {
        node->index = index;
        node->type = TYPE_ANY;
    }
    return node;
}

static bool name_point(struct tree *tree, uint8_t kind, struct bytes text)
{
    uint8_t index = list_find(tree, tree->references, &tree->references_count,
                              CONDITION_REFERENCES_MAX, kind, text);
    if (index == NONE)
        return fault_tell(tree, CONDITION_FAULT_REFERENCES, tree->token.at,
                          "a condition names at most %d points", CONDITION_REFERENCES_MAX);
    return name_node(tree, CODE_POINT, index) != NULL;
}

/* The call whose pattern this is already, from the inside out; NULL: none. */
static struct waiting *name_call_with(struct tree *tree, uint8_t set)
{
    for (size_t i = tree->waiting_count; i-- > 0;)
        if (tree->waiting[i].set != NONE && (set == NONE || tree->waiting[i].set == set))
            return &tree->waiting[i];
    return NULL;
}

static bool name_member(struct tree *tree, struct waiting *call, uint8_t set)
{
    struct node *node = name_node(tree, CODE_MEMBER, set);
    if (node == NULL)
        return false;
    node->number = call->uses == 0; /* told by the pattern, the others by `each` */
    call->set = set;
    call->uses++;
    return true;
}

static bool name_pattern(struct tree *tree, struct waiting *call, uint8_t kind, struct bytes text)
{
    if (call == NULL)
        return fault_tell(
            tree, CONDITION_FAULT_SET, tree->token.at,
            "a pattern is many points: it stands in any, all, count, sum, mean, min or "
            "max, as in any('hall/+/temp' > 80)");
    uint8_t set = list_find(tree, tree->sets, &tree->sets_count, CONDITION_SETS_MAX, kind, text);
    if (set == NONE)
        return fault_tell(tree, CONDITION_FAULT_SETS, tree->token.at,
                          "a condition has at most %d patterns", CONDITION_SETS_MAX);
    struct waiting *same = name_call_with(tree, set);
    if (same != NULL)
        return name_member(tree, same, set);
    if (call->set != NONE)
        return fault_tell(tree, CONDITION_FAULT_SET, tree->token.at,
                          "%s looks at one pattern, this is another", code_names[call->code]);
    return name_member(tree, call, set);
}

bool tree_add_name(struct tree *tree, struct waiting *set_call)
{
    uint8_t name[CONDITION_TEXT_MAX];
    struct bytes text = name_unquote(tree, name);
    if (tree->token.kind == TOKEN_NAME && bytes_equal(text, bytes_text("each"))) {
        struct waiting *call = name_call_with(tree, NONE);
        return call != NULL ? name_member(tree, call, call->set)
                            : fault_tell(tree, CONDITION_FAULT_SET, tree->token.at,
                                         "'each' stands for a point of the pattern before it, and "
                                         "there is none; as in count('hall/+/smoke', each > 0.5)");
    }
    bool metric = tree->token.kind == TOKEN_METRIC, relative = !metric && is_relative(text);
    bool wild = is_wild(text);
    const char *wrong = reference_fault(text, relative, wild);
    if (wrong == NULL && metric && memchr(text.at, '{', text.size) != NULL)
        wrong = "a metric has no '{' in its name";
    if (wrong != NULL)
        return fault_tell(tree, CONDITION_FAULT_PATH, tree->token.at, "%s; as in %s", wrong,
                          metric ? "{temp}"
                          : wild ? "'hall/+/temp'"
                                 : "'plant/press 3/temp' or ../temp");
    uint8_t kind = metric ? CONDITION_METRIC : relative ? CONDITION_RELATIVE : CONDITION_PATH;
    return wild ? name_pattern(tree, set_call, kind, text) : name_point(tree, kind, text);
}

/* ---- what a program looks at ---- */
static struct condition_reference entry_reference(const struct condition *condition, size_t entry)
{
    const struct reference_entry *list = condition_part(condition, condition->references_at);
    return (struct condition_reference){
        .kind = (enum condition_reference_kind)list[entry].kind,
        .text = bytes_of(condition_part(condition, (size_t)condition->texts_at + list[entry].at),
                         list[entry].size)};
}

struct condition_reference condition_reference(const struct condition *condition,
                                               unsigned reference)
{
    check(reference < condition->references);
    return entry_reference(condition, reference);
}

struct condition_reference condition_set(const struct condition *condition, unsigned set)
{
    check(set < condition->sets);
    return entry_reference(condition, (size_t)condition->references + set);
}

unsigned condition_references(const struct condition *condition)
{
    return condition->references;
}

unsigned condition_sets(const struct condition *condition)
{
    return condition->sets;
}

unsigned condition_timers(const struct condition *condition)
{
    return condition->timers;
}

int64_t condition_timer(const struct condition *condition, unsigned timer)
{
    check(timer < condition->timers);
    return condition_timer_list(condition)[timer];
}

unsigned condition_cells(const struct condition *condition)
{
    return condition->cells;
}

bool condition_watches_time(const struct condition *condition)
{
    return condition->watches_time;
}

size_t condition_size(const struct condition *condition)
{
    return condition->size;
}

struct bytes condition_text(const struct condition *condition)
{
    return bytes_of(condition_part(condition, condition->text_at), condition->text_size);
}

/* ---- where it leads ---- */
/* The base without as many segments at its end as the lead has "..". false: it has not so many. */
static bool resolve_climb(struct bytes *base, struct bytes lead)
{
    for (size_t at = 0; at + 1 < lead.size && lead.at[at + 1] == '.'; at += 3) {
        const uint8_t *slash = base->size > 0 ? memrchr(base->at, '/', base->size) : NULL;
        if (base->size == 0)
            return false;
        base->size = slash == NULL ? 0 : (size_t)(slash - base->at);
    }
    return true;
}

enum err condition_resolve(struct condition_reference reference, bool pattern, struct bytes base,
                           uint8_t *out, size_t capacity, size_t *ret_size)
{
    struct bytes text = reference.text;
    struct pattern parsed;
    size_t lead = 0;
    if (reference.kind == CONDITION_METRIC)
        return ERR_INVALID;
    if (reference.kind == CONDITION_PATH) {
        base.size = 0;
    } else {
        lead = relative_size(text);
        if (!resolve_climb(&base, bytes_of(text.at, lead)) || (pattern && is_wild(base)))
            return ERR_INVALID;
    }
    struct bytes rest = bytes_of(text.at + lead, text.size - lead);
    size_t slash = base.size > 0 && rest.size > 0, size = base.size + slash + rest.size;
    if (size > capacity)
        return ERR_LIMIT;
    uint8_t *at = out;
    if (base.size > 0)
        at = (uint8_t *)memcpy(at, base.at, base.size) + base.size;
    if (slash > 0)
        *at++ = '/';
    if (rest.size > 0)
        memcpy(at, rest.at, rest.size);
    if ((pattern ? pattern_parse(bytes_of(out, size), &parsed) : path_fault(bytes_of(out, size))) !=
        NULL)
        return ERR_INVALID;
    *ret_size = size;
    return OK;
}
