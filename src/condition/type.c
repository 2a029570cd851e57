/* What operators and functions take. What a point is, is not known before there is a value, and
 * then decides (number.c); but a text added to a number, or a time compared with one, was never
 * meant. */
#include "condition/inside.h"

static const char *const type_names[] = {"a point", "a point's value", "a number",
                                         "a bool",  "a text",          "a time"};

bool type_is_number(uint8_t type)
{
    return type == TYPE_NUMBER || type == TYPE_ANY || type == TYPE_SCALAR;
}

bool type_is_truth(struct tree *tree, const struct node *node, const char *of)
{
    if (node->type == TYPE_BOOL || node->type == TYPE_ANY || node->type == TYPE_SCALAR)
        return true;
    return fault_tell(tree, CONDITION_FAULT_TYPE, node->offset,
                      "%s is true or false, this is %s; compare it, as in temp > 80", of,
                      type_names[node->type]);
}

static bool type_wrong(struct tree *tree, const struct node *node, const struct node *left,
                       const struct node *right)
{
    const char *hint = "";
    if (left->type == TYPE_SPAN || right->type == TYPE_SPAN)
        hint =
            "; a time is compared with a time, as in age(x) > 30s, and is a number divided by one, "
            "as in age(x) / 1s";
    else if (left->type == TYPE_BOOL || right->type == TYPE_BOOL)
        hint = "; if(c, 1, 0) makes a number of a bool, count() counts them";
    else if (left->type == TYPE_TEXT || right->type == TYPE_TEXT)
        hint = "; texts are compared by == and != with texts, as in mode == \"auto\"";
    return fault_tell(tree, CONDITION_FAULT_TYPE, node->offset, "\"%s\" does not take %s%s%s%s",
                      code_names[node->code], type_names[left->type], left == right ? "" : " and ",
                      left == right ? "" : type_names[right->type], hint);
}

static bool type_compare_fits(const struct node *node, uint8_t left, uint8_t right)
{
    if (left == TYPE_SPAN || right == TYPE_SPAN)
        return left == right;
    if (node->code != CODE_EQUAL && node->code != CODE_DIFFERENT)
        return type_is_number(left) && type_is_number(right);
    if (left == TYPE_TEXT || right == TYPE_TEXT)
        return (left == TYPE_TEXT || left == TYPE_ANY) && (right == TYPE_TEXT || right == TYPE_ANY);
    return left == right || left == TYPE_ANY || left == TYPE_SCALAR || right == TYPE_ANY ||
           right == TYPE_SCALAR;
}

/* The type of arithmetic; -1: none. */
static int type_arithmetic(uint8_t code, uint8_t left, uint8_t right)
{
    bool numbers = type_is_number(left) && type_is_number(right);
    if (numbers)
        return TYPE_NUMBER;
    bool spans = left == TYPE_SPAN && right == TYPE_SPAN;
    if (code == CODE_ADD || code == CODE_SUBTRACT)
        return spans ? TYPE_SPAN : -1;
    if (code == CODE_MULTIPLY)
        return (left == TYPE_SPAN && type_is_number(right)) ||
                       (right == TYPE_SPAN && type_is_number(left))
                   ? TYPE_SPAN
                   : -1;
    if (code == CODE_DIVIDE)
        return spans ? TYPE_NUMBER : left == TYPE_SPAN && type_is_number(right) ? TYPE_SPAN : -1;
    return -1;
}

bool type_operator(struct tree *tree, struct node *node, const struct node *left,
                   const struct node *right)
{
    node->type = TYPE_BOOL;
    if (node->code == CODE_NOT || node->code == CODE_AND || node->code == CODE_OR) {
        const char *of = node->code == CODE_NOT   ? "what 'not' stands before"
                         : node->code == CODE_AND ? "each side of 'and'"
                                                  : "each side of 'or'";
        return type_is_truth(tree, left, of) && type_is_truth(tree, right, of);
    }
    if (code_is_compare(node->code))
        return type_compare_fits(node, left->type, right->type) ||
               type_wrong(tree, node, left, right);
    int type = node->code == CODE_MINUS ? left->type == TYPE_SPAN      ? TYPE_SPAN
                                          : type_is_number(left->type) ? TYPE_NUMBER
                                                                       : -1
                                        : type_arithmetic(node->code, left->type, right->type);
    if (type < 0)
        return type_wrong(tree, node, left, right);
    node->type = (uint8_t)type;
    return true;
}
