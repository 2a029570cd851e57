/* The reader: tokens to nodes by the precedence of operators (Dijkstra's shunting yard), without
 * recursion. An operator waits on a stack until something comes that binds less tightly; a node is
 * made when its last operand is complete, so that nodes come in the order of evaluation.
 *
 *   for  <  or  <  and  <  not  <  == != < <= > >=  <  + -  <  * / %  <  unary minus  <  calls,
 * names
 *
 * Comparisons do not follow each other, and behind `for 30s` nothing follows but a closing
 * parenthesis: what would be read in two ways is asked to be written in one. */
#include "condition/inside.h"

#include <string.h>

#define SHOWN_SIZE 48

size_t tree_child(const struct tree *tree, size_t node, size_t before_last)
{
    size_t child = node - 1;
    while (before_last-- > 0)
        child = tree->nodes[child].first - 1u;
    return child;
}

struct node *tree_node_add(struct tree *tree, uint8_t code, size_t arguments, uint32_t offset)
{
    size_t number = tree->nodes_count;
    if (number == NODES_MAX) {
        fault_tell(tree, CONDITION_FAULT_INSTRUCTIONS, offset,
                   "the condition is too long: it may take at most %d steps",
                   CONDITION_INSTRUCTIONS_MAX);
        return NULL;
    }
    struct node *node = &tree->nodes[tree->nodes_count++];
    *node = (struct node){.code = code, .index = NONE, .offset = offset};
    node->first = node->parent = (uint16_t)number;
    for (size_t i = 0, child = number - 1; i < arguments; i++) {
        struct node *below = &tree->nodes[child];
        size_t place = arguments - 1 - i;
        below->parent = (uint16_t)number;
        below->place = (uint8_t)(place < 2 ? place : 2);
        node->sets = node->sets || below->sets;
        node->looks = node->looks || below->looks;
        node->timers = node->timers || below->timers;
        node->first = below->first;
        child = below->first - 1u;
    }
    return node;
}

/* ---- what waits ---- */
static bool waiting_push(struct tree *tree, struct waiting waiting)
{
    bool nests = !code_is_binary(waiting.code);
    if (nests && tree->depth == CONDITION_DEPTH_MAX)
        return fault_tell(
            tree, CONDITION_FAULT_DEPTH, waiting.offset,
            "parentheses, calls, 'not' and minus signs stand in each other at most %d "
            "deep",
            CONDITION_DEPTH_MAX);
    tree->depth += nests;
    check(tree->waiting_count < SLOTS_MAX); /* five binary operators a level, at most */
    tree->waiting[tree->waiting_count++] = waiting;
    return true;
}

static struct waiting *waiting_last(struct tree *tree)
{
    return tree->waiting_count > 0 ? &tree->waiting[tree->waiting_count - 1] : NULL;
}

static struct waiting waiting_pop(struct tree *tree)
{
    struct waiting waiting = tree->waiting[--tree->waiting_count];
    tree->depth -= !code_is_binary(waiting.code);
    return waiting;
}

static bool is_open(const struct waiting *waiting)
{
    return waiting->code == CODE_PARENTHESIS || waiting->call;
}

/* A minus before a literal is the literal's. */
static bool minus_fold(struct tree *tree)
{
    struct node *node = &tree->nodes[tree->nodes_count - 1];
    if (node->code == CODE_REAL) {
        node->number ^= INT64_MIN;
        return true;
    }
    if (node->code != CODE_INTEGER || (!node->brink && node->number == INT64_MIN))
        return false;
    if (!node->brink)
        node->number = -node->number;
    node->brink = false;
    return true;
}

/* 2^63 is an integer behind a minus only; here none will come. */
static void brink_settle(struct tree *tree)
{
    struct node *node = &tree->nodes[tree->nodes_count - 1];
    if (!node->brink)
        return;
    double real = 0x1p63;
    node->code = CODE_REAL;
    node->brink = false;
    memcpy(&node->number, &real, sizeof real);
}

static bool waiting_apply(struct tree *tree)
{
    struct waiting waiting = waiting_pop(tree);
    if (waiting.code == CODE_MINUS && minus_fold(tree))
        return true;
    brink_settle(tree);
    size_t arguments = code_is_binary(waiting.code) ? 2 : 1;
    struct node *node = tree_node_add(tree, waiting.code, arguments, waiting.offset);
    if (node == NULL)
        return false;
    size_t number = tree->nodes_count - 1;
    const struct node *right = &tree->nodes[tree_child(tree, number, 0)];
    const struct node *left = arguments == 2 ? &tree->nodes[tree_child(tree, number, 1)] : right;
    return type_operator(tree, node, left, right);
}

/* All that binds at least as tightly as `binds`, up to what is open. */
static bool waiting_apply_all(struct tree *tree, unsigned binds)
{
    for (;;) {
        struct waiting *last = waiting_last(tree);
        if (last == NULL || is_open(last) || code_binds[last->code] < binds)
            return true;
        if (!waiting_apply(tree))
            return false;
    }
}

/* ---- where a value is wanted ---- */
static bool operand_literal(struct tree *tree, uint8_t code, uint8_t type)
{
    struct node *node = tree_node_add(tree, code, 0, tree->token.at);
    if (node == NULL)
        return false;
    node->type = type;
    node->number = tree->token.number;
    node->brink = tree->token.brink;
    return true;
}

static bool operand_text(struct tree *tree)
{
    struct token token = tree->token;
    size_t begin = tree->texts_size;
    for (size_t i = 1; i + 1 < token.size; i++) {
        uint8_t byte = tree->text.at[token.at + i];
        tree->texts[tree->texts_size++] = byte;
        i += byte == '"'; /* which is written twice */
    }
    tree->token.number = (int64_t)(begin << 16 | (tree->texts_size - begin));
    return operand_literal(tree, CODE_TEXT, TYPE_TEXT);
}

/* The innermost call in which a pattern can stand here; NULL: there is none. */
static struct waiting *operand_set_call(struct tree *tree)
{
    for (size_t i = tree->waiting_count; i-- > 0;) {
        struct waiting *waiting = &tree->waiting[i];
        if (waiting->call && (code_is_set(waiting->code) || waiting->code == CODE_MIN ||
                              waiting->code == CODE_MAX || waiting->code == CODE_MEAN))
            return waiting;
    }
    return NULL;
}

static bool operand_wrong(struct tree *tree)
{
    char shown[SHOWN_SIZE];
    const struct waiting *last = waiting_last(tree);
    const char *behind = last == NULL ? "" : code_names[last->code];
    return fault_tell(tree,
                      tree->token.kind == TOKEN_CLOSE && last == NULL ? CONDITION_FAULT_PARENTHESIS
                                                                      : CONDITION_FAULT_OPERAND,
                      tree->token.at,
                      "expected a value%s%s%s, found %s; a value is a point, a number, a text or a "
                      "call, as in plant/press-3/temp > 80",
                      last == NULL ? "" : " behind \"", behind, last == NULL ? "" : "\"",
                      token_shown(tree, shown, sizeof shown));
}

static bool operand_prefix(struct tree *tree, uint8_t code)
{
    const struct waiting *last = waiting_last(tree);
    if (code == CODE_NOT && last != NULL && !is_open(last) && code_binds[last->code] > BINDS_NOT)
        return fault_tell(tree, CONDITION_FAULT_OPERAND, tree->token.at,
                          "'not' behind \"%s\" stands in parentheses, as in a == (not b)",
                          code_names[last->code]);
    return waiting_push(tree,
                        (struct waiting){.code = code, .set = NONE, .offset = tree->token.at});
}

static bool operand_call(struct tree *tree, struct bytes word)
{
    static const uint8_t functions[] = {
        CODE_IF,      CODE_ABS,  CODE_ROUND,     CODE_SQRT, CODE_CLAMP, CODE_MIN,   CODE_MAX,
        CODE_GOOD,    CODE_BAD,  CODE_STALE,     CODE_AGE,  CODE_RATE,  CODE_DELTA, CODE_PREVIOUS,
        CODE_CHANGED, CODE_MEAN, CODE_DEVIATION, CODE_ANY,  CODE_ALL,   CODE_COUNT, CODE_SUM};
    for (size_t i = 0; i < ARRAY_COUNT(functions); i++)
        if (bytes_equal(word, bytes_text(code_names[functions[i]])))
            return waiting_push(tree, (struct waiting){.code = functions[i],
                                                       .call = true,
                                                       .set = NONE,
                                                       .offset = tree->token.at});
    return fault_tell(
        tree, CONDITION_FAULT_FUNCTION, tree->token.at,
        "there is no function \"%.*s\"; there are if, abs, round, sqrt, clamp, min, "
        "max, good, bad, stale, age, rate, delta, previous, changed, mean, deviation, "
        "any, all, count, sum",
        (int)(word.size < 40 ? word.size : 40), (const char *)word.at);
}

/* Is the next character that is no blank a parenthesis? */
static bool operand_is_called(const struct tree *tree)
{
    size_t at = tree->at;
    while (at < tree->text.size && memchr(" \t\r\n", tree->text.at[at], 4) != NULL)
        at++;
    return at < tree->text.size && tree->text.at[at] == '(';
}

/* "baseline" before the time of deviation says what the time is for, and nothing else. */
static bool operand_is_baseline(struct tree *tree, struct bytes word)
{
    const struct waiting *last = waiting_last(tree);
    return last != NULL && last->call && last->code == CODE_DEVIATION && last->arguments == 1 &&
           bytes_equal(word, bytes_text("baseline"));
}

static bool operand_baseline(struct tree *tree)
{
    char shown[SHOWN_SIZE];
    if (!token_next(tree))
        return false;
    if (tree->token.kind == TOKEN_SPAN)
        return operand_literal(tree, CODE_SPAN, TYPE_SPAN);
    return fault_tell(tree, CONDITION_FAULT_SPAN, tree->token.at,
                      "expected a time behind 'baseline', found %s; as in deviation(temp, baseline "
                      "10m)",
                      token_shown(tree, shown, sizeof shown));
}

/* *ret_complete: a value was read; else another one must follow. */
static bool operand_name(struct tree *tree, bool *ret_complete)
{
    struct bytes word = bytes_of(tree->text.at + tree->token.at, tree->token.size);
    *ret_complete = true;
    if (operand_is_baseline(tree, word))
        return operand_baseline(tree);
    if (bytes_equal(word, bytes_text("not"))) {
        *ret_complete = false;
        return operand_prefix(tree, CODE_NOT);
    }
    if (operand_is_called(tree) && (!word_is_kept(word) || word.at[0] == 'i')) {
        *ret_complete = false;
        return operand_call(tree, word) && token_next(tree); /* over the parenthesis */
    }
    if (bytes_equal(word, bytes_text("true")) || bytes_equal(word, bytes_text("false"))) {
        bool good = operand_literal(tree, CODE_BOOL, TYPE_BOOL);
        if (good)
            tree->nodes[tree->nodes_count - 1].index = word.at[0] == 't';
        return good;
    }
    if (word_is_kept(word) && word.at[0] != 'e')
        return operand_wrong(tree);
    return tree_add_name(tree, operand_set_call(tree));
}

static bool operand_read(struct tree *tree, bool *ret_complete)
{
    *ret_complete = true;
    switch (tree->token.kind) {
    case TOKEN_INTEGER:
        return operand_literal(tree, CODE_INTEGER, TYPE_NUMBER);
    case TOKEN_REAL:
        return operand_literal(tree, CODE_REAL, TYPE_NUMBER);
    case TOKEN_SPAN:
        return operand_literal(tree, CODE_SPAN, TYPE_SPAN);
    case TOKEN_TEXT:
        return operand_text(tree);
    case TOKEN_PATH:
    case TOKEN_METRIC:
        return tree_add_name(tree, operand_set_call(tree));
    case TOKEN_NAME:
        return operand_name(tree, ret_complete);
    case TOKEN_OPEN:
        *ret_complete = false;
        return waiting_push(
            tree,
            (struct waiting){.code = CODE_PARENTHESIS, .set = NONE, .offset = tree->token.at});
    case TOKEN_CODE:
        *ret_complete = false;
        if (tree->token.code == CODE_SUBTRACT)
            return operand_prefix(tree, CODE_MINUS);
        if (tree->token.code == CODE_NOT)
            return operand_prefix(tree, CODE_NOT);
        return operand_wrong(tree);
    default:
        return operand_wrong(tree);
    }
}

/* ---- where an operator is wanted ---- */
static bool operator_wrong(struct tree *tree)
{
    char shown[SHOWN_SIZE];
    return fault_tell(tree, CONDITION_FAULT_OPERATOR, tree->token.at,
                      "expected an operator (and, or, >, +, for, ...) or the end, found %s; names "
                      "with blanks stand in single quotes, as in 'press 3/temp' > 80 and pump",
                      token_shown(tree, shown, sizeof shown));
}

static bool operator_close(struct tree *tree)
{
    struct token token = tree->token;
    if (!waiting_apply_all(tree, 0))
        return false;
    brink_settle(tree);
    struct waiting *last = waiting_last(tree);
    if (last == NULL)
        return fault_tell(tree, CONDITION_FAULT_PARENTHESIS, token.at,
                          token.kind == TOKEN_COMMA
                              ? "a ',' stands between arguments of a call only, as in max(a, b)"
                              : "this ')' closes nothing");
    if (token.kind == TOKEN_COMMA) {
        if (!last->call)
            return fault_tell(tree, CONDITION_FAULT_PARENTHESIS, token.at,
                              "expected ')', found ','; arguments stand behind the name of a "
                              "function, as in max(a, b)");
        last->arguments++;
        return true;
    }
    struct waiting open = waiting_pop(tree);
    return !open.call || tree_add_call(tree, &open, (size_t)open.arguments + 1);
}

static bool operator_for(struct tree *tree)
{
    char shown[SHOWN_SIZE];
    uint32_t offset = tree->token.at;
    if (!waiting_apply_all(tree, BINDS_FOR) || !token_next(tree))
        return false;
    brink_settle(tree);
    if (tree->token.kind != TOKEN_SPAN)
        return fault_tell(tree, CONDITION_FAULT_SPAN, tree->token.at,
                          "expected a time behind 'for', found %s; as in temp > 80 for 30s",
                          token_shown(tree, shown, sizeof shown));
    if (tree->timers_count == CONDITION_TIMERS_MAX)
        return fault_tell(tree, CONDITION_FAULT_TIMERS, offset, "a condition has at most %d 'for'",
                          CONDITION_TIMERS_MAX);
    int64_t span = tree->token.number;
    struct node *node = tree_node_add(tree, CODE_FOR, 1, offset);
    if (node == NULL ||
        !type_is_truth(tree, &tree->nodes[tree->nodes_count - 2], "what holds 'for' some time"))
        return false;
    node->type = TYPE_BOOL;
    node->looks = node->timers = true;
    node->index = tree->timers_count;
    tree->timers[tree->timers_count++] = span;
    if (!token_next(tree))
        return false;
    if (tree->token.kind == TOKEN_END || tree->token.kind == TOKEN_CLOSE ||
        tree->token.kind == TOKEN_COMMA)
        return true;
    return fault_tell(tree, CONDITION_FAULT_OPERATOR, tree->token.at,
                      "what is held 'for' some time stands in parentheses if something follows, as "
                      "in (temp > 80 for 30s) or stopped");
}

/* An operator between two values: what waits and binds as tightly goes first. */
static bool operator_binary(struct tree *tree, uint8_t code)
{
    uint32_t offset = tree->token.at;
    if (!waiting_apply_all(tree, code_binds[code]))
        return false;
    brink_settle(tree);
    const struct node *node = &tree->nodes[tree->nodes_count - 1];
    if (code_is_compare(code) && code_is_compare(node->code) && node->size == 0)
        return fault_tell(tree, CONDITION_FAULT_OPERATOR, offset,
                          "comparisons do not follow each other: write 10 < temp and temp < 80");
    return waiting_push(tree, (struct waiting){.code = code, .set = NONE, .offset = offset});
}

/* *ret_operand: a value must follow; *ret_token: the token behind was read already. */
static bool operator_read(struct tree *tree, bool *ret_operand, bool *ret_token)
{
    struct bytes word = bytes_of(tree->text.at + tree->token.at, tree->token.size);
    *ret_operand = true;
    *ret_token = false;
    switch (tree->token.kind) {
    case TOKEN_CODE:
        return tree->token.code == CODE_NOT ? operator_wrong(tree)
                                            : operator_binary(tree, tree->token.code);
    case TOKEN_NAME:
        if (bytes_equal(word, bytes_text("and")))
            return operator_binary(tree, CODE_AND);
        if (bytes_equal(word, bytes_text("or")))
            return operator_binary(tree, CODE_OR);
        if (!bytes_equal(word, bytes_text("for")))
            return operator_wrong(tree);
        *ret_operand = false;
        *ret_token = true;
        return operator_for(tree);
    case TOKEN_CLOSE:
        *ret_operand = false;
        if (!operator_close(tree))
            return false;
        /* What was in parentheses may be compared: told by a size that print.c sets anew. */
        tree->nodes[tree->nodes_count - 1].size = 1;
        return true;
    case TOKEN_COMMA:
        return operator_close(tree);
    default:
        return operator_wrong(tree);
    }
}

bool tree_read(struct tree *tree)
{
    bool operand = true, ahead = false;
    while (ahead || token_next(tree)) {
        ahead = false;
        if (operand) {
            bool complete;
            if (!operand_read(tree, &complete))
                return false;
            operand = !complete;
            continue;
        }
        if (tree->token.kind == TOKEN_END)
            break;
        if (!operator_read(tree, &operand, &ahead))
            return false;
    }
    if (tree->failed || !waiting_apply_all(tree, 0))
        return false;
    brink_settle(tree);
    const struct waiting *open = waiting_last(tree);
    if (open != NULL)
        return fault_tell(tree, CONDITION_FAULT_PARENTHESIS, tree->text.size,
                          "expected ')': the '(' of %s that begins at byte %u is not closed",
                          open->call ? code_names[open->code] : "what", open->offset);
    return type_is_truth(tree, &tree->nodes[tree->nodes_count - 1], "a condition");
}

const struct condition *condition_parse(struct bytes text, unsigned version, void *memory,
                                        size_t capacity, struct condition_fault *ret_fault)
{
    struct tree tree;
    memset(&tree, 0, offsetof(struct tree, references));
    tree.text = text;
    tree.fault = ret_fault;
    check(capacity >= CONDITION_BYTES_MAX && ((uintptr_t)memory & 7) == 0);
    if (version != CONDITION_VERSION) {
        tree.text.size = 0;
        fault_tell(&tree, CONDITION_FAULT_VERSION, 0,
                   "version %u of the language is not known here; the newest is %d", version,
                   CONDITION_VERSION);
    } else if (text.size > CONDITION_TEXT_MAX) {
        tree.text.size = CONDITION_TEXT_MAX;
        fault_tell(&tree, CONDITION_FAULT_SIZE, CONDITION_TEXT_MAX,
                   "a condition has at most %d bytes", CONDITION_TEXT_MAX);
    } else if (!bytes_are_utf8(text)) {
        tree.text.size = 0;
        fault_tell(&tree, CONDITION_FAULT_TEXT, 0, "a condition is UTF-8");
    } else if (tree_read(&tree) && tree_print(&tree)) {
        return tree_compile(&tree, memory);
    }
    return NULL;
}
