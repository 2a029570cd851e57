/* Calls: what a function takes, which of two functions of one name is meant, and the cells of those
 * that look back. */
#include "condition/inside.h"

#include <string.h>

/* At least, at most, and what to write. */
static const struct {
    uint8_t least;
    uint16_t most;
    const char *example;
} signatures[CODES] = {[CODE_IF] = {3, 3, "if(pump, temp, 0)"},
                       [CODE_ABS] = {1, 1, "abs(a - b)"},
                       [CODE_ROUND] = {1, 1, "round(temp)"},
                       [CODE_SQRT] = {1, 1, "sqrt(flow)"},
                       [CODE_CLAMP] = {3, 3, "clamp(temp, 0, 100)"},
                       [CODE_MIN] = {1, UINT16_MAX, "min(a, b) or min('hall/+/temp')"},
                       [CODE_MAX] = {1, UINT16_MAX, "max(a, b) or max('hall/+/temp')"},
                       [CODE_GOOD] = {1, 1, "good(temp)"},
                       [CODE_BAD] = {1, 1, "bad(temp)"},
                       [CODE_STALE] = {2, 2, "stale(temp, 90s)"},
                       [CODE_AGE] = {1, 1, "age(temp) > 5m"},
                       [CODE_RATE] = {1, 2, "rate(temp) > 0.5 or rate(temp, 10s) > 0.5"},
                       [CODE_DELTA] = {1, 1, "delta(level) < -5"},
                       [CODE_PREVIOUS] = {1, 1, "previous(level)"},
                       [CODE_CHANGED] = {1, 1, "changed(mode)"},
                       [CODE_MEAN] = {1, 2, "mean(temp, 10m) or mean('hall/+/temp')"},
                       [CODE_DEVIATION] = {2, 2, "abs(deviation(temp, baseline 10m)) > 4"},
                       [CODE_ANY] = {1, 2, "any('hall/+/temp' > 80)"},
                       [CODE_ALL] = {1, 2, "all('hall/+/door' == true)"},
                       [CODE_COUNT] = {1, 2, "count('hall/+/smoke' > 0.5) >= 2"},
                       [CODE_SUM] = {1, 2, "sum('hall/+/power') > 500"}};

static bool call_wrong(struct tree *tree, const struct node *node, const char *what)
{
    return fault_tell(tree, CONDITION_FAULT_ARGUMENTS, node->offset, "%s; as in %s", what,
                      signatures[node->code].example);
}

static struct node *call_argument(struct tree *tree, size_t arguments, size_t place)
{
    return &tree->nodes[tree_child(tree, tree->nodes_count - 1, arguments - 1 - place)];
}

/* ---- over a pattern ---- */
/* count('p', each > 5) is count('p' > 5): the first argument goes, the first `each` takes its
 * place. */
static bool call_merge_pattern(struct tree *tree, const struct waiting *call)
{
    struct node *node = &tree->nodes[tree->nodes_count - 1];
    size_t gone = node->first, last = tree->nodes_count - 1;
    if (tree->nodes[gone].code != CODE_MEMBER || tree->nodes[gone].parent != last)
        return call_wrong(tree, node, "with two arguments the first is a pattern alone");
    if (call->uses < 2)
        return call_wrong(tree, &tree->nodes[last],
                          "the second argument says nothing of the points of the pattern: 'each' "
                          "stands for them, as in count('hall/+/smoke', each > 0.5)");
    memmove(&tree->nodes[gone], &tree->nodes[gone + 1], (last - gone) * sizeof *node);
    tree->nodes_count--;
    bool told = false;
    for (size_t i = gone; i < last; i++) {
        struct node *moved = &tree->nodes[i];
        moved->parent--;
        moved->first = (uint16_t)(moved->first > gone ? moved->first - 1u : gone);
        if (moved->code == CODE_MEMBER && !told)
            moved->number = told = true;
    }
    tree->nodes[last - 2].place = 0;
    return true;
}

static bool call_over_pattern(struct tree *tree, const struct waiting *call, size_t arguments)
{
    struct node *node = &tree->nodes[tree->nodes_count - 1];
    uint8_t code = node->code;
    if (call->set == NONE)
        return fault_tell(tree, CONDITION_FAULT_SET, node->offset,
                          "%s looks at the points of a pattern, and there is none in it; as in %s",
                          code_names[code], signatures[code].example);
    if (!code_is_set(code)) {
        if (arguments != 1)
            return fault_tell(tree, CONDITION_FAULT_SET, node->offset,
                              "over a pattern %s has one argument; as in %s", code_names[code],
                              signatures[code].example);
        node->code = code == CODE_MIN   ? CODE_SET_MIN
                     : code == CODE_MAX ? CODE_SET_MAX
                                        : CODE_SET_MEAN;
    } else if (arguments == 2) {
        if (!call_merge_pattern(tree, call))
            return false;
        node = &tree->nodes[tree->nodes_count - 1];
    }
    const struct node *body = &tree->nodes[tree->nodes_count - 2];
    if (body->sets)
        return fault_tell(tree, CONDITION_FAULT_SET, node->offset,
                          "what looks at a pattern does not stand in what looks at a pattern");
    if (body->looks)
        return fault_tell(
            tree, CONDITION_FAULT_SET, node->offset,
            "'for', rate, delta, previous, changed, deviation and mean over a time do "
            "not stand inside of %s: they remember one point each",
            code_names[code]);
    node->index = call->set;
    node->sets = true;
    node->type = code <= CODE_ALL && code >= CODE_ANY ? TYPE_BOOL : TYPE_NUMBER;
    if (code_is_set(code) && code <= CODE_COUNT)
        return type_is_truth(tree, body, "what any, all and count look for");
    return type_is_number(body->type) ||
           fault_tell(tree, CONDITION_FAULT_TYPE, body->offset,
                      "sum, mean, min and max are those of numbers; as in max('hall/+/temp') > 80");
}

/* ---- of a point ---- */
static bool call_cell(struct tree *tree, struct node *node, uint8_t code, uint8_t reference,
                      int64_t span_ns)
{
    node->looks = true;
    for (uint8_t i = 0; i < tree->cells_count; i++) {
        const struct cell_entry *cell = &tree->cells[i];
        if (cell->code == code && cell->reference == reference && cell->span_ns == span_ns) {
            node->index = i;
            return true;
        }
    }
    if (tree->cells_count == CONDITION_CELLS_MAX)
        return fault_tell(
            tree, CONDITION_FAULT_CELLS, node->offset,
            "a condition looks back (rate, delta, previous, changed, mean, deviation) "
            "in at most %d ways",
            CONDITION_CELLS_MAX);
    node->index = tree->cells_count;
    tree->cells[tree->cells_count++] =
        (struct cell_entry){.code = code, .reference = reference, .span_ns = span_ns};
    return true;
}

static bool call_looking_back(struct tree *tree, struct node *node, uint8_t reference,
                              int64_t span_ns)
{
    node->type = node->code == CODE_CHANGED    ? TYPE_BOOL
                 : node->code == CODE_PREVIOUS ? TYPE_SCALAR
                                               : TYPE_NUMBER;
    uint8_t cell = node->code == CODE_MEAN || node->code == CODE_DEVIATION ? CODE_MEAN
                   : span_ns > 0                                           ? CODE_RATE_OVER
                                                                           : CODE_PREVIOUS;
    if (cell == CODE_RATE_OVER)
        node->code = CODE_RATE_OVER;
    return call_cell(tree, node, cell, reference, span_ns);
}

static bool call_of_point(struct tree *tree, size_t arguments)
{
    struct node *node = &tree->nodes[tree->nodes_count - 1];
    const struct node *point = call_argument(tree, arguments, 0);
    int64_t span_ns = 0;
    if (point->code != CODE_POINT && point->code != CODE_MEMBER)
        return call_wrong(tree, node, "it asks of a point, not of what is computed or written");
    if (arguments == 2) {
        const struct node *span = call_argument(tree, arguments, 1);
        if (span->code != CODE_SPAN)
            return call_wrong(tree, node, "its second argument is a time such as 90s");
        span_ns = span->number;
    }
    node->number = span_ns;
    if (node->code <= CODE_AGE) {
        node->index = point->code == CODE_POINT ? point->index : NONE;
        node->type = node->code == CODE_AGE ? TYPE_SPAN : TYPE_BOOL;
        return true;
    }
    if (point->code == CODE_MEMBER)
        return fault_tell(tree, CONDITION_FAULT_SET, node->offset,
                          "%s remembers one point, and a pattern is many", code_names[node->code]);
    if (node->code == CODE_MEAN && span_ns == 0)
        return call_wrong(tree, node, "of a point, mean is that over a time");
    return call_looking_back(tree, node, point->index, span_ns);
}

/* ---- of values ---- */
/* What two values have in common; -1: nothing. */
static int call_common(uint8_t a, uint8_t b)
{
    if (a == b)
        return a;
    return a == TYPE_SPAN || b == TYPE_SPAN || (a >= TYPE_NUMBER && b >= TYPE_NUMBER) ? -1
                                                                                      : TYPE_ANY;
}

static bool call_of_values(struct tree *tree, size_t arguments)
{
    struct node *node = &tree->nodes[tree->nodes_count - 1];
    size_t begin = node->code == CODE_IF;
    if (begin > 0 &&
        !type_is_truth(tree, call_argument(tree, arguments, 0), "the first argument of if"))
        return false;
    int type = call_argument(tree, arguments, begin)->type;
    bool spans = type == TYPE_SPAN;
    for (size_t i = begin; i < arguments; i++) {
        const struct node *argument = call_argument(tree, arguments, i);
        if (node->code != CODE_IF && !type_is_number(argument->type) && argument->type != TYPE_SPAN)
            return call_wrong(tree, node, "its arguments are numbers");
        type = type < 0 ? -1 : call_common((uint8_t)type, argument->type);
        if (node->code != CODE_IF && spans != (argument->type == TYPE_SPAN))
            type = -1;
    }
    if (type < 0)
        return call_wrong(tree, node, "its arguments are of different types");
    if (spans && (node->code == CODE_ROUND || node->code == CODE_SQRT))
        return call_wrong(tree, node, "its argument is a number, not a time");
    node->type = (uint8_t)(node->code == CODE_IF ? type : spans ? TYPE_SPAN : TYPE_NUMBER);
    return true;
}

bool tree_add_call(struct tree *tree, const struct waiting *call, size_t arguments)
{
    struct node *node = tree_node_add(tree, call->code, arguments, call->offset);
    if (node == NULL)
        return false;
    if (arguments < signatures[node->code].least || arguments > signatures[node->code].most)
        return call_wrong(tree, node,
                          arguments < signatures[node->code].least
                              ? "arguments are missing"
                              : "there are too many arguments");
    if (code_is_set(node->code) || call->set != NONE)
        return call_over_pattern(tree, call, arguments);
    if (code_takes_point(node->code))
        return call_of_point(tree, arguments);
    if ((node->code == CODE_MIN || node->code == CODE_MAX) && arguments < 2)
        return call_wrong(tree, node, "one value alone has no least and no greatest");
    return call_of_values(tree, arguments);
}
