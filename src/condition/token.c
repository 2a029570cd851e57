/* Tokens. A name may hold '/', '-' and '.' between its letters, as paths do, so that
 * plant/press-3/temp needs no quotes; to divide and to subtract there are blanks. What people type
 * by mistake (full-width signs of a Chinese keyboard, a single '=') is told by what to type
 * instead. */
#include "condition/inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CODE_NAME(name, text, binds) text,
const char *const code_names[CODES] = {CODE_TABLE(CODE_NAME)};
#undef CODE_NAME
#define CODE_BINDS(name, text, binds) binds,
const uint8_t code_binds[CODES] = {CODE_TABLE(CODE_BINDS)};
#undef CODE_BINDS

const char *condition_fault_name(enum condition_fault_code code)
{
#define FAULT_NAME(name, text) text,
    static const char *const names[] = {CONDITION_FAULT_TABLE(FAULT_NAME)};
#undef FAULT_NAME
    return (unsigned)code < CONDITION_FAULT_COUNT ? names[code] : "unknown";
}

bool fault_tell(struct tree *tree, enum condition_fault_code code, size_t offset,
                const char *format, ...)
{
    if (tree->failed)
        return false;
    struct condition_fault *fault = tree->fault;
    *fault = (struct condition_fault){.code = code, .line = 1, .column = 1};
    fault->offset = (uint32_t)(offset < tree->text.size ? offset : tree->text.size);
    for (size_t i = 0; i < fault->offset; i++) {
        if (tree->text.at[i] == '\n') {
            fault->line++;
            fault->column = 1;
        } else if ((tree->text.at[i] & 0xc0) != 0x80) {
            fault->column++;
        }
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(fault->sentence, sizeof fault->sentence, format, arguments);
    va_end(arguments);
    tree->failed = true;
    return false;
}

const char *token_shown(const struct tree *tree, char *shown, size_t capacity)
{
    const struct token *token = &tree->token;
    size_t size = token->size;
    if (token->kind == TOKEN_END)
        return "the end";
    if (size > capacity - 6)
        for (size = capacity - 6; size > 0 && (tree->text.at[token->at + size] & 0xc0) == 0x80;)
            size--;
    (void)snprintf(shown, capacity, "\"%.*s%s\"", (int)size,
                   (const char *)tree->text.at + token->at, size < token->size ? "..." : "");
    return shown;
}

bool word_is_kept(struct bytes word)
{
    static const char *const words[] = {"and", "or", "not", "for", "if", "true", "false", "each"};
    for (size_t i = 0; i < ARRAY_COUNT(words); i++)
        if (bytes_equal(word, bytes_text(words[i])))
            return true;
    return false;
}

/* ---- names ---- */
static uint8_t byte_at(struct bytes text, size_t at)
{
    return at < text.size ? text.at[at] : 0;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* The character that begins there, and its size. */
static uint32_t character_at(struct bytes text, size_t at, size_t *ret_size)
{
    size_t size = bytes_utf8_step(text, at);
    uint32_t character = text.at[at];
    if (size > 1) {
        character &= 0x7fu >> size;
        for (size_t i = 1; i < size; i++)
            character = character << 6 | (text.at[at + i] & 0x3fu);
    }
    *ret_size = size;
    return character;
}

/* A letter of any script for this purpose: no sign that stands for one of ours on another keyboard.
 */
static bool is_foreign_letter(uint32_t character)
{
    return character > 0xbf && character != 0xd7 && character != 0xf7 &&
           (character < 0x2000 || character > 0x2bff) &&
           (character < 0x3000 || character > 0x303f) && (character < 0xff00 || character > 0xffef);
}

/* Bytes of a character that a name may hold; 0: it may not. */
static size_t letter_size(struct bytes text, size_t at, bool digits)
{
    uint8_t byte = byte_at(text, at);
    size_t size;
    if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' ||
        (digits && is_digit(byte)))
        return 1;
    return byte >= 0x80 && is_foreign_letter(character_at(text, at, &size)) ? size : 0;
}

size_t token_name_size(struct bytes text, size_t at)
{
    size_t begin = at, size;
    if (byte_at(text, at) == '.') { /* ".", "..", "./", "../../" and what follows */
        size_t dots = byte_at(text, at + 1) == '.' ? 2 : 1;
        while (byte_at(text, at + dots) == '/' && byte_at(text, at + dots + 1) == '.' &&
               byte_at(text, at + dots + 2) == '.') {
            at += dots + 1;
            dots = 2;
        }
        at += dots;
        if (byte_at(text, at) != '/' || letter_size(text, at + 1, true) == 0)
            return at - begin;
        at++;
    } else if (letter_size(text, at, false) == 0) {
        return 0;
    }
    while ((size = letter_size(text, at, true)) > 0) {
        at += size;
        uint8_t byte = byte_at(text, at);
        if ((byte == '/' || byte == '-' || byte == '.') && letter_size(text, at + 1, true) > 0)
            at++;
    }
    return at - begin;
}

/* ---- numbers and times ---- */
static bool next_real(struct tree *tree, struct token *token)
{
    char text[64];
    if (token->size >= sizeof text)
        return fault_tell(tree, CONDITION_FAULT_NUMBER, token->at,
                          "a number has at most 63 digits, as in 81.25");
    memcpy(text, tree->text.at + token->at, token->size);
    text[token->size] = 0;
    double real = strtod(text, NULL);
    if (!__builtin_isfinite(real))
        return fault_tell(tree, CONDITION_FAULT_NUMBER, token->at,
                          "\"%s\" is larger than any number kept here (1.7e308)", text);
    token->kind = TOKEN_REAL;
    memcpy(&token->number, &real, sizeof real);
    return true;
}

static const struct {
    const char *name;
    int64_t ns;
} spans[] = {{"d", 86400 * NS_PER_S},
             {"h", 3600 * NS_PER_S},
             {"m", 60 * NS_PER_S},
             {"s", NS_PER_S},
             {"ms", NS_PER_MS}};

int span_print(int64_t ns, char *text, size_t capacity)
{
    for (size_t i = 0; i < ARRAY_COUNT(spans); i++)
        if (ns != 0 && ns % spans[i].ns == 0)
            return snprintf(text, capacity, "%lld%s", (long long)(ns / spans[i].ns), spans[i].name);
    return ns == 0 ? snprintf(text, capacity, "0s")
                   : snprintf(text, capacity, "%.9gs", (double)ns / 1e9);
}

/* A whole number and a unit of time: `unit` bytes behind the digits. */
static bool next_span(struct tree *tree, struct token *token, size_t digits, size_t unit,
                      bool whole)
{
    struct bytes name = bytes_of(tree->text.at + token->at + digits, unit);
    token->size = (uint32_t)(digits + unit);
    token->kind = TOKEN_SPAN;
    for (size_t i = 0; i < ARRAY_COUNT(spans); i++) {
        if (!bytes_equal(name, bytes_text(spans[i].name)))
            continue;
        int64_t number = 0;
        for (size_t d = 0; d < digits && whole && number <= CONDITION_SPAN_MAX_NS; d++)
            number = number * 10 + (tree->text.at[token->at + d] - '0');
        if (!whole || number == 0 || number > CONDITION_SPAN_MAX_NS / spans[i].ns)
            return fault_tell(tree, CONDITION_FAULT_SPAN, token->at,
                              "a time is a whole number and ms, s, m, h or d, at least 1ms and at "
                              "most 366d, as 90s or 5m");
        token->number = number * spans[i].ns;
        return true;
    }
    char shown[40];
    return fault_tell(
        tree, CONDITION_FAULT_NUMBER, token->at,
        "%s is no number: only times have a unit (ms, s, m, h, d), as 90s; a value is "
        "compared as its point says it, as in temp > 80",
        (tree->token = *token, token_shown(tree, shown, sizeof shown)));
}

static bool next_number(struct tree *tree, struct token *token)
{
    struct bytes text = tree->text;
    size_t at = token->at, size;
    bool whole = true;
    while (is_digit(byte_at(text, at)))
        at++;
    if (byte_at(text, at) == '.' && is_digit(byte_at(text, at + 1))) {
        whole = false;
        for (at++; is_digit(byte_at(text, at));)
            at++;
    }
    uint8_t sign = byte_at(text, at + 1);
    if ((byte_at(text, at) == 'e' || byte_at(text, at) == 'E') &&
        (is_digit(sign) || ((sign == '-' || sign == '+') && is_digit(byte_at(text, at + 2))))) {
        whole = false;
        for (at += 2; is_digit(byte_at(text, at));)
            at++;
    }
    size_t digits = at - token->at, unit = 0;
    while ((size = letter_size(text, at + unit, true)) > 0)
        unit += size;
    if (unit > 0)
        return next_span(tree, token, digits, unit, whole);
    token->size = (uint32_t)digits;
    uint64_t number = 0;
    for (size_t i = 0; whole && i < digits; i++) {
        uint64_t digit = (uint64_t)(text.at[token->at + i] - '0');
        if (number > (UINT64_C(1) << 63) / 10 || number * 10 + digit > UINT64_C(1) << 63)
            whole = false;
        else
            number = number * 10 + digit;
    }
    if (!whole)
        return next_real(tree, token);
    token->brink = number == UINT64_C(1) << 63;
    token->kind = TOKEN_INTEGER;
    token->number = (int64_t)number;
    return true;
}

/* ---- the rest ---- */
/* From a quote to the next that is not written twice. */
static bool next_quoted(struct tree *tree, struct token *token, uint8_t quote)
{
    uint32_t at = token->at + 1;
    for (; at < tree->text.size; at++) {
        uint8_t byte = tree->text.at[at];
        if (byte < 0x20)
            break;
        if (byte != quote)
            continue;
        if (quote != '}' && byte_at(tree->text, at + 1) == quote) {
            at++;
            continue;
        }
        token->size = at + 1 - token->at;
        return true;
    }
    return fault_tell(tree, CONDITION_FAULT_QUOTE, token->at,
                      quote == '\'' ? "the path that begins here does not end: \"'\" closes it, as "
                                      "in 'plant/press 3/temp'"
                      : quote == '"'
                          ? "the text that begins here does not end: '\"' closes it, as in \"auto\""
                          : "the metric that begins here does not end: \"}\" closes it, as in "
                            "{temp}");
}

static bool next_operator(struct tree *tree, struct token *token)
{
    static const struct {
        const char *text;
        uint8_t code;
    } operators[] = {{"==", CODE_EQUAL},      {"!=", CODE_DIFFERENT}, {"<=", CODE_LESS_EQUAL},
                     {">=", CODE_MORE_EQUAL}, {"&&", CODE_AND},       {"||", CODE_OR},
                     {"<", CODE_LESS},        {">", CODE_MORE},       {"+", CODE_ADD},
                     {"-", CODE_SUBTRACT},    {"*", CODE_MULTIPLY},   {"/", CODE_DIVIDE},
                     {"%", CODE_REMAINDER},   {"!", CODE_NOT}};
    struct bytes rest = bytes_of(tree->text.at + token->at, tree->text.size - token->at);
    for (size_t i = 0; i < ARRAY_COUNT(operators); i++) {
        size_t size = strlen(operators[i].text);
        if (rest.size < size || memcmp(rest.at, operators[i].text, size) != 0)
            continue;
        if (operators[i].code == CODE_LESS && byte_at(rest, 1) == '>')
            break;
        token->kind = TOKEN_CODE;
        token->code = operators[i].code;
        token->size = (uint32_t)size;
        return true;
    }
    return false;
}

static bool next_unknown(struct tree *tree, struct token *token)
{
    static const struct {
        uint32_t character;
        const char *instead;
    } signs[] = {{'=', "=="},    {'&', "and"},   {'|', "or"},         {'<', "!="},
                 {0xd7, "*"},    {0xf7, "/"},    {0x2212, "-"},       {0x2260, "!="},
                 {0x2264, "<="}, {0x2265, ">="}, {0x2018, "'"},       {0x2019, "'"},
                 {0x201c, "\""}, {0x201d, "\""}, {0x3000, "a blank"}, {0xa0, "a blank"},
                 {'[', "("},     {']', ")"},     {';', ","}};
    size_t size;
    uint32_t character = character_at(tree->text, token->at, &size);
    const char *shown = (const char *)tree->text.at + token->at;
    if (character > 0xff00 && character < 0xff5f)
        return fault_tell(tree, CONDITION_FAULT_CHARACTER, token->at,
                          "the full-width \"%.*s\" is not read: write %c", (int)size, shown,
                          (int)(character - 0xfee0));
    for (size_t i = 0; i < ARRAY_COUNT(signs); i++)
        if (signs[i].character == character)
            return fault_tell(tree, CONDITION_FAULT_CHARACTER, token->at,
                              "\"%.*s\" is not read: write %s", (int)size, shown, signs[i].instead);
    if (character < 0x20 || character == 0x7f)
        return fault_tell(tree, CONDITION_FAULT_CHARACTER, token->at,
                          "a control character stands here; between words there are blanks");
    return fault_tell(tree, CONDITION_FAULT_CHARACTER, token->at,
                      "\"%.*s\" means nothing here; names with such characters stand in single "
                      "quotes, as in 'plant/press 3/temp'",
                      (int)size, shown);
}

bool token_next(struct tree *tree)
{
    while (tree->at < tree->text.size && memchr(" \t\r\n", tree->text.at[tree->at], 4) != NULL)
        tree->at++;
    struct token token = {.at = tree->at, .size = 1};
    uint8_t byte = byte_at(tree->text, tree->at);
    bool good = true;
    if (tree->at == tree->text.size) {
        token.size = 0;
    } else if (is_digit(byte)) {
        good = next_number(tree, &token);
    } else if (byte == '\'' || byte == '"' || byte == '{') {
        token.kind = byte == '\'' ? TOKEN_PATH : byte == '"' ? TOKEN_TEXT : TOKEN_METRIC;
        good = next_quoted(tree, &token, byte == '{' ? '}' : byte);
    } else if (byte == '(' || byte == ')' || byte == ',') {
        token.kind = byte == '(' ? TOKEN_OPEN : byte == ')' ? TOKEN_CLOSE : TOKEN_COMMA;
    } else if ((token.size = (uint32_t)token_name_size(tree->text, tree->at)) > 0) {
        token.kind = TOKEN_NAME;
    } else if (!next_operator(tree, &token)) {
        good = next_unknown(tree, &token);
    }
    if (!good)
        return false;
    tree->at += token.size;
    tree->token = token;
    return true;
}
