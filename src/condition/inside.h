/* What the files of this room share: the tree of a text while it is read, and the program that
 * comes of it.
 *
 * The tree is kept in the order in which it is evaluated: the nodes of a subtree stand together,
 * its root last. So a node knows its children by where their subtrees begin, the reader needs no
 * stack of operands, and the compiler is one walk from the first node to the last.
 *
 *   program = head + timers (8 B) + cells (16 B) + numbers (8 B) + references and sets (8 B)
 *             + leaves (12 B) + instructions (4 B) + the text + texts of references and strings */
#pragma once

#include "condition/condition.h"

#define NODES_MAX (3 * CONDITION_INSTRUCTIONS_MAX) /* no instruction comes of more than three */
#define SLOTS_MAX 256
#define NONE UINT8_MAX

/* Kinds of nodes, which are instructions as well: how it is written, how tightly it binds. */
#define BINDS_FOR 1
#define BINDS_NOT 4
#define BINDS_COMPARE 5
#define BINDS_MINUS 8
#define BINDS_ALL 9
#define CODE_TABLE(X)                                                                              \
    X(CODE_INTEGER, "", 9)                                                                         \
    X(CODE_REAL, "", 9)                                                                            \
    X(CODE_BOOL, "", 9)                                                                            \
    X(CODE_TEXT, "", 9)                                                                            \
    X(CODE_SPAN, "", 9)                                                                            \
    X(CODE_POINT, "", 9)                                                                           \
    X(CODE_MEMBER, "", 9)                                                                          \
    X(CODE_FOR, "for", 1)                                                                          \
    X(CODE_OR, "or", 2)                                                                            \
    X(CODE_AND, "and", 3)                                                                          \
    X(CODE_NOT, "not", 4)                                                                          \
    X(CODE_EQUAL, "==", 5)                                                                         \
    X(CODE_DIFFERENT, "!=", 5)                                                                     \
    X(CODE_LESS, "<", 5)                                                                           \
    X(CODE_LESS_EQUAL, "<=", 5)                                                                    \
    X(CODE_MORE, ">", 5)                                                                           \
    X(CODE_MORE_EQUAL, ">=", 5)                                                                    \
    X(CODE_ADD, "+", 6)                                                                            \
    X(CODE_SUBTRACT, "-", 6)                                                                       \
    X(CODE_MULTIPLY, "*", 7)                                                                       \
    X(CODE_DIVIDE, "/", 7)                                                                         \
    X(CODE_REMAINDER, "%", 7)                                                                      \
    X(CODE_MINUS, "-", 8)                                                                          \
    X(CODE_IF, "if", 9)                                                                            \
    X(CODE_ABS, "abs", 9)                                                                          \
    X(CODE_ROUND, "round", 9)                                                                      \
    X(CODE_SQRT, "sqrt", 9)                                                                        \
    X(CODE_CLAMP, "clamp", 9)                                                                      \
    X(CODE_MIN, "min", 9)                                                                          \
    X(CODE_MAX, "max", 9)                                                                          \
    X(CODE_GOOD, "good", 9)                                                                        \
    X(CODE_BAD, "bad", 9)                                                                          \
    X(CODE_STALE, "stale", 9)                                                                      \
    X(CODE_AGE, "age", 9)                                                                          \
    X(CODE_RATE, "rate", 9)                                                                        \
    X(CODE_RATE_OVER, "rate", 9)                                                                   \
    X(CODE_DELTA, "delta", 9)                                                                      \
    X(CODE_PREVIOUS, "previous", 9)                                                                \
    X(CODE_CHANGED, "changed", 9)                                                                  \
    X(CODE_MEAN, "mean", 9)                                                                        \
    X(CODE_DEVIATION, "deviation", 9)                                                              \
    X(CODE_ANY, "any", 9)                                                                          \
    X(CODE_ALL, "all", 9)                                                                          \
    X(CODE_COUNT, "count", 9)                                                                      \
    X(CODE_SUM, "sum", 9)                                                                          \
    X(CODE_SET_MEAN, "mean", 9)                                                                    \
    X(CODE_SET_MIN, "min", 9)                                                                      \
    X(CODE_SET_MAX, "max", 9)                                                                      \
    X(CODE_TRUTH, "", 9) /* instructions only, from here */                                        \
    X(CODE_JUMP_FALSE, "", 9)                                                                      \
    X(CODE_JUMP_TRUE, "", 9)                                                                       \
    X(CODE_SET, "", 9)                                                                             \
    X(CODE_END, "", 9)                                                                             \
    X(CODE_PARENTHESIS, "(", 0) /* of the reader only */
#define CODE_ENUM(name, text, binds) name,
enum code { CODE_TABLE(CODE_ENUM) CODES };
#undef CODE_ENUM
extern const char *const code_names[CODES];
extern const uint8_t code_binds[CODES];
static inline bool code_is_set(uint8_t code)
{
    return code >= CODE_ANY && code <= CODE_SET_MAX;
}
static inline bool code_is_compare(uint8_t code)
{
    return code >= CODE_EQUAL && code <= CODE_MORE_EQUAL;
}
static inline bool code_is_binary(uint8_t code)
{
    return code >= CODE_OR && code <= CODE_REMAINDER && code != CODE_NOT;
}
/* Its first argument is a point itself, not the point's value. */
static inline bool code_takes_point(uint8_t code)
{
    return code >= CODE_GOOD && code <= CODE_DEVIATION;
}

/* What is known of a value before there is one. SCALAR: a number or a bool of a point. */
enum type { TYPE_ANY, TYPE_SCALAR, TYPE_NUMBER, TYPE_BOOL, TYPE_TEXT, TYPE_SPAN };

/* ---- tokens ---- */
enum token_kind {
    TOKEN_END,
    TOKEN_INTEGER,
    TOKEN_REAL,
    TOKEN_SPAN,
    TOKEN_TEXT,   /* in double quotes */
    TOKEN_PATH,   /* in single quotes */
    TOKEN_METRIC, /* in braces */
    TOKEN_NAME,   /* a bare name: word, path, relative path */
    TOKEN_CODE,   /* an operator */
    TOKEN_OPEN,
    TOKEN_CLOSE,
    TOKEN_COMMA
};
struct token {
    enum token_kind kind;
    uint8_t code;
    bool brink;        /* the integer 2^63, which is one only behind a minus */
    uint32_t at, size; /* in the text */
    int64_t number;    /* bits of a real */
};
struct node {
    uint8_t code, type;
    uint8_t index; /* of a reference, set, timer, cell; of a bool its value */
    uint8_t place; /* as which argument of its parent, up to 2 */
    bool sets;     /* below or here */
    bool looks;    /* at cells or timers */
    bool timers;
    bool brink;
    uint16_t first, parent; /* of the whole: its own number */
    uint16_t at, size;      /* in the printed text */
    uint32_t offset;        /* in the text as it came */
    int64_t number;         /* a literal, bits of a real; of a text where in texts, and its size */
};
struct reference_entry {
    uint16_t at, size; /* in texts */
    uint8_t kind;
    uint8_t reserved[3];
};
struct cell_entry {
    int64_t span_ns;
    uint8_t code; /* CODE_PREVIOUS: the last two; CODE_RATE_OVER; CODE_MEAN */
    uint8_t reference;
    uint8_t reserved[6];
};
/* An entry on the reader's stack: an operator that waits for its right side, or something open. */
struct waiting {
    uint8_t code;
    bool call;
    uint8_t set;        /* of a call: the set that its pattern is; NONE */
    uint16_t uses;      /* how often it is said */
    uint16_t arguments; /* before the one that is read */
    uint32_t offset;
};
struct tree {
    struct bytes text;
    struct condition_fault *fault; /* where the first fault is told */
    bool failed;
    uint32_t at; /* what is read next */
    struct token token;
    size_t nodes_count, waiting_count, depth, texts_size, printed_size;
    uint8_t references_count, sets_count, timers_count, cells_count;
    struct reference_entry references[CONDITION_REFERENCES_MAX], sets[CONDITION_SETS_MAX];
    int64_t timers[CONDITION_TIMERS_MAX];
    struct cell_entry cells[CONDITION_CELLS_MAX];
    struct waiting waiting[SLOTS_MAX];
    struct node nodes[NODES_MAX];
    uint8_t texts[CONDITION_TEXT_MAX];
    char printed[CONDITION_TEXT_MAX + 1];
};

/* token.c: the next token stands in tree->token; false: a fault was told. */
bool token_next(struct tree *tree);
/* How many bytes at `at` are a bare name, 0: none. */
size_t token_name_size(struct bytes text, size_t at);
/* Tells a fault at an offset, if none was told; false. */
bool fault_tell(struct tree *tree, enum condition_fault_code code, size_t offset,
                const char *format, ...) PRINTF_LIKE(4, 5);
/* What a token is called in a sentence. */
const char *token_shown(const struct tree *tree, char *shown, size_t capacity);
bool word_is_kept(struct bytes word); /* and, or, not, for, if, true, false, each */

/* read.c: the whole text to nodes. call.c: a call that is closed. name.c: what a name refers to. */
bool tree_read(struct tree *tree);
/* A node over the last `arguments` subtrees; NULL: a fault was told. */
struct node *tree_node_add(struct tree *tree, uint8_t code, size_t arguments, uint32_t offset);
size_t tree_child(const struct tree *tree, size_t node, size_t before_last);
bool tree_add_call(struct tree *tree, const struct waiting *call, size_t arguments);
bool tree_add_name(struct tree *tree, struct waiting *set_call);
/* What an operator makes of its sides. */
bool type_operator(struct tree *tree, struct node *node, const struct node *left,
                   const struct node *right);
bool type_is_truth(struct tree *tree, const struct node *node, const char *of);
bool type_is_number(uint8_t type);
/* print.c: nodes to text. */
bool tree_print(struct tree *tree);
int real_print(double real, char *text, size_t capacity); /* the shortest that reads back */
int span_print(int64_t ns, char *text, size_t capacity);
/* compile.c */
const struct condition *tree_compile(struct tree *tree, void *memory);

/* ---- programs ---- */
struct instruction {
    uint8_t code;
    uint8_t index;
    uint16_t operand; /* a number, leaf, or instruction; UINT16_MAX: none */
};
struct leaf_entry {
    uint16_t left_at, left_size, right_at, right_size; /* in the text */
    uint8_t code;                                      /* the comparison; else CODE_TRUTH */
    bool spans;
    uint8_t left_is, right_is; /* a reference; SET_BIT and a set; LITERAL; NONE */
};
#define SET_BIT 0x80u
#define LITERAL 0xfeu
struct condition {
    uint32_t size;
    uint16_t numbers_at, references_at, leaves_at, instructions_at, text_at, texts_at;
    uint16_t text_size, texts_size, instructions, leaves;
    uint8_t version, references, sets, timers, cells;
    bool watches_time;
    uint8_t reserved[2];
};
_Static_assert(sizeof(struct condition) == 32, "timers behind it are aligned");
_Static_assert(sizeof(struct cell_entry) == 16 && sizeof(struct reference_entry) == 8 &&
                   sizeof(struct leaf_entry) == 12 && sizeof(struct instruction) == 4,
               "no padding");
_Static_assert(sizeof(struct condition) + CONDITION_TIMERS_MAX * 8 + CONDITION_CELLS_MAX * 16 +
                       CONDITION_INSTRUCTIONS_MAX * (8 + 12 + 4) +
                       (CONDITION_REFERENCES_MAX + CONDITION_SETS_MAX) * 8 +
                       2 * CONDITION_TEXT_MAX + 8 <=
                   CONDITION_BYTES_MAX,
               "every program fits");
static inline const void *condition_part(const struct condition *condition, size_t at)
{
    return (const uint8_t *)condition + at;
}
static inline const int64_t *condition_timer_list(const struct condition *condition)
{
    return condition_part(condition, sizeof *condition);
}
static inline const struct cell_entry *condition_cell_list(const struct condition *condition)
{
    return condition_part(condition, sizeof *condition + 8u * condition->timers);
}
static inline const int64_t *condition_numbers(const struct condition *condition)
{
    return condition_part(condition, condition->numbers_at);
}
static inline const struct leaf_entry *condition_leaf_list(const struct condition *condition)
{
    return condition_part(condition, condition->leaves_at);
}
