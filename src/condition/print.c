/* The text of a tree, as this room writes it: parentheses where the tree needs them and nowhere
 * else. The walk keeps what is still to be written on a stack of its own, the next on top; each
 * node learns where its text stands, which explanations quote. */
#include "condition/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum action { ACTION_NODE, ACTION_END, ACTION_OPERATOR, ACTION_COMMA };
struct todo {
    uint16_t node;
    uint8_t action;
};
struct todos {
    size_t count;
    struct todo list[4 * NODES_MAX];
};

static void todo_put(struct todos *todos, uint8_t action, size_t node)
{
    check(todos->count < ARRAY_COUNT(todos->list)); /* four for a node, at most */
    todos->list[todos->count++] = (struct todo){.action = action, .node = (uint16_t)node};
}

static void print_bytes(struct tree *tree, const void *at, size_t size)
{
    size_t room = sizeof tree->printed - tree->printed_size;
    if (size > room)
        size = room; /* one byte past the limit tells that it was passed */
    memcpy(tree->printed + tree->printed_size, at, size);
    tree->printed_size += size;
}

static void print_text(struct tree *tree, const char *text)
{
    print_bytes(tree, text, strlen(text));
}

static void print_quoted(struct tree *tree, struct bytes text, const char *quote)
{
    print_text(tree, quote);
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] == (uint8_t)quote[0])
            print_text(tree, quote);
        print_bytes(tree, text.at + i, 1);
    }
    print_text(tree, quote);
}

int real_print(double real, char *text, size_t capacity)
{
    int digits = 1;
    for (; digits <= 17; digits++) {
        (void)snprintf(text, capacity, "%.*e", digits - 1, real);
        if (strtod(text, NULL) == real)
            break;
    }
    const char *exponent = strchr(text, 'e');
    int tens = exponent == NULL ? 0 : atoi(exponent + 1);
    if (tens < -5 || tens > 16)
        return (int)strlen(text);
    int decimals = digits - 1 - tens;
    return snprintf(text, capacity, "%.*f", decimals > 0 ? decimals : 0, real);
}

/* A real is told from an integer by its point or exponent. */
static void print_real(struct tree *tree, int64_t bits)
{
    char text[40];
    double real;
    memcpy(&real, &bits, sizeof real);
    (void)real_print(real, text, sizeof text);
    print_text(tree, text);
    if (strpbrk(text, ".e") == NULL)
        print_text(tree, ".0");
}

static void print_reference(struct tree *tree, const struct reference_entry *entry, bool set)
{
    struct bytes text = bytes_of(tree->texts + entry->at, entry->size);
    if (entry->kind == CONDITION_METRIC) {
        print_text(tree, "{");
        print_bytes(tree, text.at, text.size);
        print_text(tree, "}");
    } else if (set || token_name_size(text, 0) != text.size || word_is_kept(text)) {
        print_quoted(tree, text, "'");
    } else {
        print_bytes(tree, text.at, text.size);
    }
}

static void print_literal(struct tree *tree, const struct node *node)
{
    char text[40];
    switch (node->code) {
    case CODE_INTEGER:
        (void)snprintf(text, sizeof text, "%lld", (long long)node->number);
        print_text(tree, text);
        break;
    case CODE_REAL:
        print_real(tree, node->number);
        break;
    case CODE_BOOL:
        print_text(tree, node->index ? "true" : "false");
        break;
    case CODE_TEXT:
        print_quoted(tree,
                     bytes_of(tree->texts + (node->number >> 16), (size_t)(node->number & 0xffff)),
                     "\"");
        break;
    case CODE_SPAN:
        (void)span_print(node->number, text, sizeof text);
        print_text(tree, text);
        break;
    case CODE_POINT:
        print_reference(tree, &tree->references[node->index], false);
        break;
    default:
        if (node->number != 0)
            print_reference(tree, &tree->sets[node->index], true);
        else
            print_text(tree, "each");
    }
}

/* Does the parent bind it so tightly that it needs parentheses? */
static bool needs_parentheses(const struct tree *tree, size_t number)
{
    const struct node *node = &tree->nodes[number], *parent = &tree->nodes[node->parent];
    unsigned binds = code_binds[node->code], outside = code_binds[parent->code];
    if (node->parent == number || outside == BINDS_ALL)
        return false;
    /* A literal with a minus binds as a minus does, and that is enough for all but a minus. */
    bool looser_only =
        parent->code == CODE_NOT || parent->code == CODE_MINUS ||
        (code_is_binary(parent->code) && node->place == 0 && outside != BINDS_COMPARE);
    return looser_only && parent->code != CODE_FOR ? binds < outside : binds <= outside;
}

static void print_node(struct tree *tree, struct todos *todos, size_t number)
{
    struct node *node = &tree->nodes[number];
    size_t children = 0;
    if (needs_parentheses(tree, number))
        print_text(tree, "(");
    node->at = (uint16_t)tree->printed_size;
    todo_put(todos, ACTION_END, number);
    if (node->code <= CODE_MEMBER) {
        print_literal(tree, node);
        return;
    }
    bool call = code_binds[node->code] == BINDS_ALL;
    if (call || node->code == CODE_NOT || node->code == CODE_MINUS)
        print_text(tree, code_names[node->code]);
    if (call)
        print_text(tree, "(");
    if (node->code == CODE_NOT)
        print_text(tree, " ");
    for (size_t end = number; end > node->first; end = tree->nodes[end - 1].first) {
        if (children++ > 0)
            todo_put(todos, call ? ACTION_COMMA : ACTION_OPERATOR, number);
        todo_put(todos, ACTION_NODE, end - 1);
    }
}

static void print_end(struct tree *tree, size_t number)
{
    struct node *node = &tree->nodes[number];
    if (node->code == CODE_FOR) {
        char text[40];
        (void)span_print(tree->timers[node->index], text, sizeof text);
        print_text(tree, " for ");
        print_text(tree, text);
    }
    if (node->code > CODE_MEMBER && code_binds[node->code] == BINDS_ALL)
        print_text(tree, ")");
    node->size = (uint16_t)(tree->printed_size - node->at);
    if (needs_parentheses(tree, number))
        print_text(tree, ")");
}

bool tree_print(struct tree *tree)
{
    struct todos todos;
    todos.count = 0;
    todo_put(&todos, ACTION_NODE, tree->nodes_count - 1);
    while (todos.count > 0) {
        struct todo todo = todos.list[--todos.count];
        const struct node *node = &tree->nodes[todo.node];
        switch (todo.action) {
        case ACTION_NODE:
            print_node(tree, &todos, todo.node);
            break;
        case ACTION_END:
            print_end(tree, todo.node);
            break;
        case ACTION_OPERATOR:
            print_text(tree, " ");
            print_text(tree, code_names[node->code]);
            print_text(tree, " ");
            break;
        default:
            print_text(tree, node->code == CODE_DEVIATION ? ", baseline " : ", ");
        }
    }
    return tree->printed_size <= CONDITION_TEXT_MAX ||
           fault_tell(tree, CONDITION_FAULT_SIZE, tree->text.size,
                      "with blanks between its words the condition has more than %d bytes",
                      CONDITION_TEXT_MAX);
}
