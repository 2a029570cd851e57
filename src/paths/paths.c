/* What a path may be, and what it matches. */
#include "paths/paths.h"

#include <string.h>

/* What is wrong with one byte, seen with the byte before it; NULL when nothing is. */
static const char *path_byte_fault(uint8_t byte, uint8_t before)
{
    if (byte < 0x20 || byte == 0x7f || (before == 0xc2 && byte >= 0x80 && byte <= 0x9f))
        return "a path holds no control characters";
    if (byte == '+' || byte == '#')
        return "a path holds no '+' and no '#'";
    return NULL;
}

const char *path_fault(struct bytes path)
{
    if (path.size == 0)
        return "a path is not empty";
    if (path.size > PATH_MAX_BYTES)
        return "a path has at most 2048 bytes";
    if (path.at[0] == '$')
        return "a path does not start with '$'";
    size_t segment = 0, depth = 1;
    uint8_t before = 0;
    for (size_t i = 0; i <= path.size; i++) {
        if (i == path.size || path.at[i] == '/') {
            if (segment == 0)
                return "a path has no empty segments";
            if (segment > PATH_SEGMENT_MAX)
                return "a segment of a path has at most 128 bytes";
            depth += i < path.size;
            segment = 0;
            before = '/';
            continue;
        }
        const char *fault = path_byte_fault(path.at[i], before);
        if (fault != NULL)
            return fault;
        before = path.at[i];
        segment++;
    }
    if (depth > PATH_DEPTH_MAX)
        return "a path has at most 16 segments";
    return bytes_are_utf8(path) ? NULL : "a path is UTF-8";
}

/* The size of the level that begins at `from`. */
static size_t level_size(struct bytes text, size_t from)
{
    const uint8_t *slash = from < text.size ? memchr(text.at + from, '/', text.size - from) : NULL;
    return slash == NULL ? text.size - from : (size_t)(slash - text.at) - from;
}

bool path_matches(struct bytes path, struct bytes filter)
{
    size_t p = 0, f = 0;
    for (;;) {
        struct bytes level = bytes_of(filter.at + f, level_size(filter, f));
        if (level.size == 1 && level.at[0] == '#')
            return true;
        size_t size = level_size(path, p);
        bool any = level.size == 1 && level.at[0] == '+';
        if (!any && !bytes_equal(level, bytes_of(path.at + p, size)))
            return false;
        p += size;
        f += level.size;
        bool path_ends = p == path.size, filter_ends = f == filter.size;
        if (path_ends && filter_ends)
            return true;
        if (filter_ends)
            return false;
        f++;           /* over the '/' */
        if (path_ends) /* "a/#" matches "a" as well (MQTT 4.7.1.2) */
            return filter.size - f == 1 && filter.at[f] == '#';
        p++;
    }
}
