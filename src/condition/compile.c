/* From nodes to instructions: one walk, since nodes stand in the order of evaluation. `and` and
 * `or` leap over their right side where the left one decides, unless there is a timer in it: all
 * timers are told what to do by each evaluation. */
#include "condition/inside.h"

#include <string.h>

#define NO_NODE UINT16_MAX

struct output {
    struct tree *tree;
    size_t instructions_count, numbers_count, leaves_count, texts_size;
    bool watches_time;
    struct instruction instructions[CONDITION_INSTRUCTIONS_MAX];
    int64_t numbers[CONDITION_INSTRUCTIONS_MAX];
    struct leaf_entry leaves[CONDITION_INSTRUCTIONS_MAX];
    uint8_t texts[CONDITION_TEXT_MAX];
    uint16_t set_begins[NODES_MAX]; /* by first node of a body: the call over it */
    uint16_t marks[NODES_MAX];      /* by node: an instruction of its to be completed */
};

static size_t emit(struct output *output, uint8_t code, uint8_t index, size_t operand)
{
    size_t at = output->instructions_count;
    if (at == CONDITION_INSTRUCTIONS_MAX) {
        fault_tell(output->tree, CONDITION_FAULT_INSTRUCTIONS, output->tree->text.size,
                   "the condition is too long: it takes more than %d steps",
                   CONDITION_INSTRUCTIONS_MAX);
        return 0;
    }
    output->instructions[output->instructions_count++] =
        (struct instruction){.code = code, .index = index, .operand = (uint16_t)operand};
    return at;
}

static size_t number_put(struct output *output, int64_t number)
{
    if (output->numbers_count <
        CONDITION_INSTRUCTIONS_MAX) /* else no instruction finds room either */
        output->numbers[output->numbers_count++] = number;
    return output->numbers_count - 1;
}

/* Texts are laid anew, in an order that does not depend on where a pattern was first said. */
static size_t text_put(struct output *output, size_t at, size_t size)
{
    size_t to = output->texts_size;
    memcpy(output->texts + to, output->tree->texts + at, size);
    output->texts_size += size;
    return to;
}

static void text_put_list(struct output *output, struct reference_entry *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        list[i].at = (uint16_t)text_put(output, list[i].at, list[i].size);
}

static uint8_t leaf_is(const struct node *node)
{
    if (node->code == CODE_POINT)
        return node->index;
    if (node->code == CODE_MEMBER)
        return (uint8_t)(SET_BIT | node->index);
    return node->code < CODE_POINT ? LITERAL : NONE;
}

static size_t leaf_put(struct output *output, const struct node *left, const struct node *right,
                       uint8_t code)
{
    if (output->leaves_count == CONDITION_INSTRUCTIONS_MAX)
        return 0; /* the instruction will not find room */
    struct leaf_entry *leaf = &output->leaves[output->leaves_count];
    *leaf = (struct leaf_entry){.left_at = left->at,
                                .left_size = left->size,
                                .code = code,
                                .spans = left->type == TYPE_SPAN,
                                .left_is = leaf_is(left),
                                .right_is = NONE};
    if (right != NULL) {
        leaf->right_at = right->at;
        leaf->right_size = right->size;
        leaf->right_is = leaf_is(right);
    }
    return output->leaves_count++;
}

/* The time that an age is compared with, as a number: it changes what it is then; else none. */
static size_t age_limit(struct output *output, size_t number)
{
    const struct tree *tree = output->tree;
    const struct node *node = &tree->nodes[number];
    if (!code_is_compare(tree->nodes[node->parent].code))
        return UINT16_MAX;
    const struct node *other =
        &tree->nodes[tree_child(tree, node->parent, node->place == 0 ? 0 : 1)];
    return other->code == CODE_SPAN ? number_put(output, other->number) : UINT16_MAX;
}

static bool wants_truth(const struct tree *tree, size_t number)
{
    const struct node *node = &tree->nodes[number];
    uint8_t parent = tree->nodes[node->parent].code;
    if (node->type == TYPE_BOOL)
        return false;
    return node->parent == number || parent == CODE_AND || parent == CODE_OR ||
           parent == CODE_NOT || parent == CODE_FOR || (parent == CODE_IF && node->place == 0) ||
           (parent >= CODE_ANY && parent <= CODE_COUNT);
}

static void emit_set_call(struct output *output, size_t number)
{
    struct node *node = &output->tree->nodes[number];
    size_t leaf = node->code <= CODE_ALL ? leaf_put(output, node, NULL, CODE_TRUTH) : UINT16_MAX;
    emit(output, node->code, node->index, leaf);
    output->instructions[output->marks[number]].operand = (uint16_t)output->instructions_count;
}

static void emit_node(struct output *output, size_t number)
{
    struct tree *tree = output->tree;
    struct node *node = &tree->nodes[number];
    switch (node->code) {
    case CODE_INTEGER:
    case CODE_REAL:
        emit(output, node->code, NONE, number_put(output, node->number));
        break;
    case CODE_TEXT: {
        size_t size = (size_t)(node->number & 0xffff);
        size_t at = text_put(output, (size_t)(node->number >> 16), size);
        emit(output, CODE_TEXT, NONE, number_put(output, (int64_t)(at << 16 | size)));
        break;
    }
    case CODE_SPAN:
        emit(output, CODE_INTEGER, NONE, number_put(output, node->number));
        break;
    case CODE_AND:
    case CODE_OR:
        emit(output, node->code, NONE, UINT16_MAX);
        if (output->marks[number] != NO_NODE)
            output->instructions[output->marks[number]].operand =
                (uint16_t)output->instructions_count;
        break;
    case CODE_MIN: /* between its arguments */
    case CODE_MAX:
        break;
    case CODE_STALE: {
        size_t leaf = leaf_put(output, node, NULL, CODE_TRUTH),
               span = number_put(output, node->number);
        output->leaves[leaf].right_at = (uint16_t)span;
        emit(output, CODE_STALE, node->index, leaf);
        output->watches_time = true;
        break;
    }
    case CODE_AGE:
        emit(output, CODE_AGE, node->index, age_limit(output, number));
        output->watches_time = true;
        break;
    case CODE_GOOD:
    case CODE_BAD:
    case CODE_CHANGED:
    case CODE_FOR:
        emit(output, node->code, node->index, leaf_put(output, node, NULL, CODE_TRUTH));
        break;
    default:
        if (code_is_set(node->code)) {
            emit_set_call(output, number);
        } else if (code_is_compare(node->code)) {
            const struct node *left = &tree->nodes[tree_child(tree, number, 1)];
            emit(output, node->code, NONE, leaf_put(output, left, node - 1, node->code));
        } else {
            emit(output, node->code, node->index, UINT16_MAX);
        }
    }
}

/* What stands between a node and the next: its truth, a leap, a step of min and max. */
static void emit_behind(struct output *output, size_t number)
{
    struct tree *tree = output->tree;
    const struct node *node = &tree->nodes[number], *parent = &tree->nodes[node->parent];
    if (wants_truth(tree, number))
        emit(output, CODE_TRUTH, NONE, leaf_put(output, node, NULL, CODE_TRUTH));
    if (node->parent == number)
        return;
    bool logic = parent->code == CODE_AND || parent->code == CODE_OR;
    if (logic && node->place == 0 && !tree->nodes[node->parent - 1].timers)
        output->marks[node->parent] = (uint16_t)emit(
            output, parent->code == CODE_AND ? CODE_JUMP_FALSE : CODE_JUMP_TRUE, NONE, 0);
    if ((parent->code == CODE_MIN || parent->code == CODE_MAX) && node->place > 0)
        emit(output, parent->code, NONE, UINT16_MAX);
}

static bool emit_all(struct output *output)
{
    struct tree *tree = output->tree;
    memset(output->set_begins, 0xff, sizeof output->set_begins);
    memset(output->marks, 0xff, sizeof output->marks);
    text_put_list(output, tree->references, tree->references_count);
    text_put_list(output, tree->sets, tree->sets_count);
    for (size_t i = 0; i < tree->nodes_count; i++)
        if (code_is_set(tree->nodes[i].code))
            output->set_begins[tree->nodes[i].first] = (uint16_t)i;
    for (size_t i = 0; i < tree->nodes_count; i++) {
        const struct node *node = &tree->nodes[i];
        if (output->set_begins[i] != NO_NODE)
            output->marks[output->set_begins[i]] =
                (uint16_t)emit(output, CODE_SET, tree->nodes[output->set_begins[i]].index, 0);
        if (node->parent == i || !code_takes_point(tree->nodes[node->parent].code)) {
            emit_node(output, i);
            emit_behind(output, i);
        }
    }
    emit(output, CODE_END, NONE, UINT16_MAX);
    return !tree->failed;
}

/* ---- the bytes ---- */
static size_t lay(uint8_t *memory, size_t at, const void *from, size_t size)
{
    if (size > 0)
        memcpy(memory + at, from, size);
    return at + size;
}

static const struct condition *lay_all(const struct output *output, uint8_t *memory)
{
    const struct tree *tree = output->tree;
    struct condition head = {.version = CONDITION_VERSION,
                             .references = tree->references_count,
                             .sets = tree->sets_count,
                             .timers = tree->timers_count,
                             .cells = tree->cells_count,
                             .watches_time = output->watches_time,
                             .leaves = (uint16_t)output->leaves_count,
                             .instructions = (uint16_t)output->instructions_count,
                             .text_size = (uint16_t)tree->printed_size,
                             .texts_size = (uint16_t)output->texts_size};
    size_t at = sizeof head, entry = sizeof tree->references[0];
    at = lay(memory, at, tree->timers, sizeof tree->timers[0] * tree->timers_count);
    at = lay(memory, at, tree->cells, sizeof tree->cells[0] * tree->cells_count);
    head.numbers_at = (uint16_t)at;
    at = lay(memory, at, output->numbers, sizeof output->numbers[0] * output->numbers_count);
    head.references_at = (uint16_t)at;
    at = lay(memory, at, tree->references, entry * tree->references_count);
    at = lay(memory, at, tree->sets, entry * tree->sets_count);
    head.leaves_at = (uint16_t)at;
    at = lay(memory, at, output->leaves, sizeof output->leaves[0] * output->leaves_count);
    head.instructions_at = (uint16_t)at;
    at = lay(memory, at, output->instructions,
             sizeof output->instructions[0] * output->instructions_count);
    head.text_at = (uint16_t)at;
    at = lay(memory, at, tree->printed, tree->printed_size);
    head.texts_at = (uint16_t)at;
    at = lay(memory, at, output->texts, output->texts_size);
    size_t size = (at + 7) & ~(size_t)7;
    check(size <= CONDITION_BYTES_MAX);
    memset(memory + at, 0, size - at);
    head.size = (uint32_t)size;
    memcpy(memory, &head, sizeof head);
    return (const struct condition *)(const void *)memory;
}

const struct condition *tree_compile(struct tree *tree, void *memory)
{
    struct output output;
    memset(&output, 0, offsetof(struct output, instructions));
    output.tree = tree;
    return emit_all(&output) ? lay_all(&output, memory) : NULL;
}
