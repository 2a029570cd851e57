/* What names, texts and patterns of access may be. Names stand in paths ("$tenant/users/ann"), in
 * "ann@acme" and in topics, so that they hold nothing that means something there. */
#include "model/access/tables.h"

#include <string.h>

static bool is_control(uint8_t byte, uint8_t before)
{
    return byte < 0x20 || byte == 0x7f || (before == 0xc2 && byte >= 0x80 && byte <= 0x9f);
}

bool access_words_are_good(struct bytes text, size_t most)
{
    uint8_t before = 0;
    if (text.size > most || !bytes_are_utf8(text))
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (is_control(text.at[i], before))
            return false;
        before = text.at[i];
    }
    return true;
}

bool access_tenant_name_is_good(struct bytes name)
{
    if (name.size == 0 || name.size > ACCESS_TENANT_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.at[i];
        bool inside = i > 0 && i + 1 < name.size;
        if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') &&
            !(byte == '-' && inside))
            return false;
    }
    return true;
}

bool access_name_is_good(struct bytes name)
{
    if (name.size == 0 || !access_words_are_good(name, ACCESS_NAME_MAX))
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (memchr("/@+#", name.at[i], 4) != NULL)
            return false;
    uint8_t last = name.at[name.size - 1];
    return name.at[0] != '$' && name.at[0] != ' ' && last != ' ';
}

/* ---- names that show what they are -------------------------------------------------------------
 */
/* What is not seen, turns the line around, or is a blank that is none (Unicode 15: Cf, Zs, Zl, Zp,
 * Co, noncharacters, fillers, variation selectors), ascending. */
static const uint32_t unseen[][2] = {
    {0x80, 0xa0},       {0xad, 0xad},       {0x34f, 0x34f},     {0x600, 0x605},
    {0x61c, 0x61c},     {0x6dd, 0x6dd},     {0x70f, 0x70f},     {0x890, 0x891},
    {0x8e2, 0x8e2},     {0x115f, 0x1160},   {0x1680, 0x1680},   {0x17b4, 0x17b5},
    {0x180b, 0x180f},   {0x2000, 0x200f},   {0x2028, 0x202f},   {0x205f, 0x206f},
    {0x2800, 0x2800},   {0x3000, 0x3000},   {0x3164, 0x3164},   {0xe000, 0xf8ff},
    {0xfdd0, 0xfdef},   {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},   {0xffa0, 0xffa0},
    {0xfff0, 0xffff},   {0x110bd, 0x110bd}, {0x110cd, 0x110cd}, {0x13430, 0x1345f},
    {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}, {0xf0000, 0x10ffff}};

/* The code point at *at of valid UTF-8, which moves on. */
static uint32_t code_point_next(struct bytes text, size_t *at)
{
    size_t size = bytes_utf8_step(text, *at);
    uint32_t point = text.at[*at];
    if (size > 1)
        point &= 0xffu >> (size + 1);
    for (size_t i = 1; i < size; i++)
        point = point << 6 | (text.at[*at + i] & 0x3fu);
    *at += size > 0 ? size : 1;
    return point;
}

static bool is_unseen(uint32_t point)
{
    for (size_t i = 0; i < ARRAY_COUNT(unseen) && unseen[i][0] <= point; i++)
        if (point <= unseen[i][1])
            return true;
    return (point & 0xfffe) == 0xfffe;
}

/* The small Latin letter that it is, or that it looks like; '?': none. */
static char letter_of(uint32_t point)
{
    static const struct {
        uint16_t point;
        char letter;
    } alike[] = {{'0', 'o'},   {'1', 'l'},   {'3', 'e'},   {'5', 's'},   {'|', 'l'},   {0x391, 'a'},
                 {0x395, 'e'}, {0x399, 'i'}, {0x39a, 'k'}, {0x39d, 'n'}, {0x39f, 'o'}, {0x3a1, 'r'},
                 {0x3a4, 't'}, {0x3b1, 'a'}, {0x3b5, 'e'}, {0x3b9, 'i'}, {0x3ba, 'k'}, {0x3bd, 'v'},
                 {0x3bf, 'o'}, {0x405, 's'}, {0x406, 'i'}, {0x410, 'a'}, {0x415, 'e'}, {0x41a, 'k'},
                 {0x41c, 'm'}, {0x41e, 'o'}, {0x421, 'c'}, {0x422, 't'}, {0x430, 'a'}, {0x433, 'r'},
                 {0x435, 'e'}, {0x43a, 'k'}, {0x43c, 'm'}, {0x43e, 'o'}, {0x441, 'c'}, {0x442, 't'},
                 {0x443, 'y'}, {0x455, 's'}, {0x456, 'i'}, {0x51d, 'w'}};
    if (point >= 0xff01 && point <= 0xff5e) /* full width */
        point -= 0xfee0;
    if (point >= 'A' && point <= 'Z')
        return (char)(point - 'A' + 'a');
    if (point >= 'a' && point <= 'z')
        return (char)point;
    for (size_t i = 0; i < ARRAY_COUNT(alike); i++)
        if (alike[i].point == point)
            return alike[i].letter;
    return '?';
}

/* Who does something is shown as "ann@acme", "device press-3@acme", "token backup@acme", "owner",
 * "trial": a name must not be taken for another kind's. What is shown behind its kind may be the
 * word alone. */
static bool word_is_reserved(const char *word, bool alone, enum account_kind kind)
{
    static const struct {
        const char *word;
        uint8_t kind; /* whose own it is */
    } reserved[] = {{"owner", 0},
                    {"trial", 0},
                    {"system", 0},
                    {"server", 0},
                    {"token", ACCOUNT_TOKEN},
                    {"device", ACCOUNT_DEVICE},
                    {"claim", ACCOUNT_CLAIM}};
    for (size_t i = 0; i < ARRAY_COUNT(reserved); i++)
        if (strcmp(word, reserved[i].word) == 0)
            return reserved[i].kind != kind &&
                   (!alone || reserved[i].kind == 0 || kind == ACCOUNT_PERSON);
    return false;
}

bool access_name_is_plain(struct bytes name, enum account_kind kind)
{
    char word[8];
    size_t size = 0;
    bool first = true;
    for (size_t at = 0; at < name.size;) {
        uint32_t point = code_point_next(name, &at);
        if (is_unseen(point))
            return false;
        first = first && point != ' ';
        if (first && size < sizeof word)
            word[size++] = letter_of(point);
    }
    if (size == sizeof word)
        return true; /* longer than any of them */
    word[size] = '\0';
    return !word_is_reserved(word, first, kind);
}

static bool begins_with(struct bytes text, const char *begin)
{
    size_t size = strlen(begin);
    return text.size > size && memcmp(text.at, begin, size) == 0;
}

bool access_points_pattern_is_good(struct bytes pattern)
{
    struct pattern parsed;
    return pattern.size <= ACCESS_PATTERN_MAX && pattern_parse(pattern, &parsed) == NULL;
}

/* A resource is a path whose first level begins with '$': what follows the '$' is a pattern like
 * any other. %c and %u are characters as far as a pattern goes. Everything is written "#" and in no
 * other way, so that whoever compares texts sees it. */
bool access_pattern_is_good(struct bytes pattern, uint32_t tenant)
{
    if (pattern.size > ACCESS_PATTERN_MAX || bytes_equal(pattern, bytes_text("**")))
        return false;
    if (begins_with(pattern, "$tenant/") ||
        (begins_with(pattern, "$server/") && tenant == TENANT_MAIN))
        return access_points_pattern_is_good(bytes_of(pattern.at + 1, pattern.size - 1));
    return access_points_pattern_is_good(pattern);
}
