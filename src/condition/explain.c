/* An explanation as a line of text, for an alarm: "temp 81.2 > 80; pump is false". */
#include "condition/inside.h"

#include <stdio.h>
#include <string.h>

struct line {
    char *text;
    size_t size, capacity;
    bool full;
};

/* All of it, or what has room up to the end of a character; nothing comes behind what was cut. */
static void line_put(struct line *line, struct bytes bytes)
{
    size_t room = line->capacity - 1 - line->size, size = bytes.size;
    if (line->full)
        return;
    if (size > room) {
        line->full = true;
        for (size = room; size > 0 && (bytes.at[size] & 0xc0) == 0x80;)
            size--;
    }
    if (size > 0)
        memcpy(line->text + line->size, bytes.at, size);
    line->size += size;
}

static void line_text(struct line *line, const char *text)
{
    line_put(line, bytes_text(text));
}

static void line_value(struct line *line, const struct condition_operand *operand)
{
    char text[64] = "";
    switch (operand->kind) {
    case CONDITION_NOTHING:
        line_text(line, "unknown");
        return;
    case CONDITION_REAL:
        (void)real_print(operand->real, text, sizeof text);
        break;
    case CONDITION_BOOLEAN:
        line_text(line, operand->integer != 0 ? "true" : "false");
        return;
    case CONDITION_TEXT:
        line_text(line, "\"");
        line_put(line, operand->text);
        line_text(line, "\"");
        return;
    case CONDITION_SPAN:
        (void)span_print(operand->integer, text, sizeof text);
        break;
    case CONDITION_BETWEEN:
        (void)snprintf(text, sizeof text, "%lld to %lld", (long long)operand->integer,
                       (long long)operand->integer_most);
        break;
    default:
        (void)snprintf(text, sizeof text, "%lld", (long long)operand->integer);
    }
    line_text(line, text);
}

static struct bytes operand_name(const struct condition_names *names,
                                 const struct condition_operand *operand)
{
    if (operand->reference < 0 && operand->set < 0)
        return operand->source;
    if (names != NULL)
        return names->name(names->context, operand);
    if (operand->set >= 0)
        return bytes_text("each");
    struct bytes name = operand->source;
    bool quoted = name.size > 2 && (name.at[0] == '\'' || name.at[0] == '{');
    if (quoted)
        name = bytes_of(name.at + 1, name.size - 2);
    const uint8_t *slash = memrchr(name.at, '/', name.size);
    if (slash != NULL)
        name = bytes_of(slash + 1, (size_t)(name.at + name.size - slash) - 1);
    return name.size == 1 && name.at[0] == '.' ? bytes_text("value") : name;
}

static void line_operand(struct line *line, const struct condition_names *names,
                         const struct condition_operand *operand)
{
    if (!operand->literal) {
        line_put(line, operand_name(names, operand));
        line_text(line, " ");
    }
    line_value(line, operand);
}

static void line_leaf(struct line *line, const struct condition_names *names,
                      const struct condition_leaf *leaf)
{
    if (leaf->relation == NULL) {
        line_put(line, operand_name(names, &leaf->left));
        line_text(line, " is ");
        line_value(line, &leaf->left);
        return;
    }
    line_operand(line, names, &leaf->left);
    line_text(line, leaf->truth == CONDITION_FALSE ? ", not " : " ");
    line_text(line, leaf->relation);
    line_text(line, " ");
    line_operand(line, names, &leaf->right);
}

char *condition_explain(const struct condition_explanation *explanation,
                        const struct condition_names *names, char *text, size_t capacity)
{
    struct line line = {.text = text, .capacity = capacity};
    check(capacity >= 1);
    for (size_t i = 0; i < explanation->count; i++) {
        if (i > 0)
            line_text(&line, "; ");
        line_leaf(&line, names, &explanation->leaves[i]);
    }
    if (explanation->more)
        line_text(&line, "; ...");
    text[line.size] = 0;
    return text;
}
