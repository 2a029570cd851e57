/* Patterns: reading them, and holding one path against one. A pattern works on levels, as paths
 * do; only the last one may stand for several. */
#include "paths/paths.h"

#include <string.h>

/* ---- reading
 * ------------------------------------------------------------------------------------- */

static bool bytes_are(struct bytes bytes, const char *text)
{
    return bytes_equal(bytes, bytes_text(text));
}

/* Control characters stand in no path. */
static bool holds_control(struct bytes text)
{
    uint8_t before = 0;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.at[i];
        if (byte < 0x20 || byte == 0x7f || (before == 0xc2 && byte >= 0x80 && byte <= 0x9f))
            return true;
        before = byte;
    }
    return false;
}

/* How many bytes the shortest name has that a segment could match. */
static size_t segment_size_min(struct bytes segment)
{
    size_t size = 0;
    for (size_t i = 0; i < segment.size; i++)
        size += segment.at[i] != '*';
    return size;
}

static const char *segment_fault(struct bytes segment)
{
    if (segment.size == 0)
        return "a pattern has no empty segments";
    if (bytes_are(segment, "**") || memchr(segment.at, '#', segment.size) != NULL)
        return "'#' and '**' stand alone and at the end of a pattern";
    if (memchr(segment.at, '+', segment.size) != NULL)
        return "'+' stands alone in its segment; inside of one '*' is any characters";
    if (segment_size_min(segment) > PATH_SEGMENT_MAX)
        return "a segment of a path has at most 128 bytes";
    return NULL;
}

/* at: where the segment begins in the pattern's text. */
static const char *pattern_add(struct pattern *pattern, size_t at, size_t size, bool last)
{
    struct bytes segment = bytes_of(pattern->text + at, size);
    if (last && (bytes_are(segment, "#") || bytes_are(segment, "**"))) {
        pattern->rest = true;
        return NULL;
    }
    enum pattern_kind kind = PATTERN_ANY;
    if (!bytes_are(segment, "+") && !bytes_are(segment, "*")) {
        const char *fault = segment_fault(segment);
        if (fault != NULL)
            return fault;
        bool wild = memchr(segment.at, '*', size) != NULL || memchr(segment.at, '?', size) != NULL;
        kind = wild ? PATTERN_GLOB : PATTERN_EXACT;
    }
    if (pattern->depth == PATH_DEPTH_MAX)
        return "a pattern has at most 16 segments";
    pattern->exact = pattern->exact && kind == PATTERN_EXACT;
    pattern->segments[pattern->depth].at = (uint16_t)at;
    pattern->segments[pattern->depth].size = (uint16_t)size;
    pattern->segments[pattern->depth].kind = (uint8_t)kind;
    pattern->depth++;
    return NULL;
}

const char *pattern_parse(struct bytes text, struct pattern *ret_pattern)
{
    if (text.size == 0)
        return "a pattern is not empty";
    if (text.size > PATTERN_BYTES_MAX)
        return "a pattern has at most 1024 bytes";
    if (!bytes_are_utf8(text))
        return "a pattern is UTF-8";
    if (text.at[0] == '$')
        return "a pattern does not start with '$', as no path does";
    if (holds_control(text))
        return "a pattern holds no control characters";
    struct pattern pattern = {.size = (uint16_t)text.size, .exact = true};
    memcpy(pattern.text, text.at, text.size);
    for (size_t at = 0; at <= text.size;) {
        const uint8_t *slash = at < text.size ? memchr(text.at + at, '/', text.size - at) : NULL;
        size_t end = slash == NULL ? text.size : (size_t)(slash - text.at);
        const char *fault = pattern_add(&pattern, at, end - at, slash == NULL);
        if (fault != NULL)
            return fault;
        at = end + 1;
    }
    pattern.exact = pattern.exact && !pattern.rest;
    *ret_pattern = pattern;
    return NULL;
}

/* ---- matching
 * ------------------------------------------------------------------------------------ */

/* Behind the character that begins there; of bytes that are no UTF-8 it makes the best. */
static size_t character_end(struct bytes text, size_t at)
{
    at++;
    while (at < text.size && (text.at[at] & 0xc0) == 0x80)
        at++;
    return at;
}

/* A '*' takes as little as it can; when what follows fails, the last one takes a character more.
 * An earlier one never has to: whatever it could take more, the last one can take as well. */
static bool glob_matches(struct bytes glob, struct bytes name)
{
    size_t g = 0, n = 0, behind_star = SIZE_MAX, taken = 0;
    while (n < name.size) {
        if (g < glob.size && glob.at[g] == '*') {
            behind_star = ++g;
            taken = n;
        } else if (g < glob.size && glob.at[g] == '?') {
            g++;
            n = character_end(name, n);
        } else if (g < glob.size && glob.at[g] == name.at[n]) {
            g++;
            n++;
        } else if (behind_star != SIZE_MAX) {
            n = taken = character_end(name, taken);
            g = behind_star;
        } else {
            return false;
        }
    }
    while (g < glob.size && glob.at[g] == '*')
        g++;
    return g == glob.size;
}

bool pattern_segment_matches(const struct pattern *pattern, size_t segment, struct bytes name)
{
    switch (pattern->segments[segment].kind) {
    case PATTERN_EXACT:
        return bytes_equal(pattern_segment(pattern, segment), name);
    case PATTERN_ANY:
        return true;
    default:
        return glob_matches(pattern_segment(pattern, segment), name);
    }
}

struct bytes pattern_segment_prefix(const struct pattern *pattern, size_t segment)
{
    struct bytes glob = pattern_segment(pattern, segment);
    size_t size = 0;
    while (size < glob.size && glob.at[size] != '*' && glob.at[size] != '?')
        size++;
    while (size > 0 && glob.at[size - 1] >= '0' && glob.at[size - 1] <= '9')
        size--;
    return bytes_of(glob.at, size);
}

bool pattern_matches(const struct pattern *pattern, struct bytes path)
{
    size_t at = 0, segment = 0;
    for (; segment < pattern->depth; segment++) {
        if (at > path.size || path.size == 0)
            return false;
        const uint8_t *slash = at < path.size ? memchr(path.at + at, '/', path.size - at) : NULL;
        size_t end = slash == NULL ? path.size : (size_t)(slash - path.at);
        if (!pattern_segment_matches(pattern, segment, bytes_of(path.at + at, end - at)))
            return false;
        at = end + 1;
    }
    return at > path.size || pattern->rest; /* all of the path was looked at, or may remain */
}
