/* How far a line goes, byte by byte, whatever is wrong with it. Slow, and for the lines that are
 * cut or faulty alone. */
#include "wire/influx/decoder.h"

static uint8_t extent_after_fields(const struct extent *extent, uint8_t byte)
{
    if (byte == '=' && extent->previous != '\\')
        return EXTENT_VALUE;
    return byte == ' ' && extent->previous != '\\' ? EXTENT_REST : EXTENT_FIELDS;
}

/* The state behind a byte that does not end the line. */
static uint8_t extent_after(const struct extent *extent, uint8_t byte)
{
    switch (extent->state) {
    case EXTENT_BEGIN:
        return byte == ' ' ? EXTENT_BEGIN : byte == '#' ? EXTENT_REST : EXTENT_NAMES;
    case EXTENT_NAMES:
        return byte == ' ' && extent->previous != '\\' ? EXTENT_SPACES : EXTENT_NAMES;
    case EXTENT_SPACES:
        return byte == ' ' ? EXTENT_SPACES : extent_after_fields(extent, byte);
    case EXTENT_FIELDS:
        return extent_after_fields(extent, byte);
    case EXTENT_VALUE:
        return byte == '"' ? EXTENT_STRING : extent_after_fields(extent, byte);
    case EXTENT_STRING:
        return byte == '"' ? EXTENT_FIELDS : byte == '\\' ? EXTENT_ESCAPE : EXTENT_STRING;
    case EXTENT_ESCAPE:
        return EXTENT_STRING;
    default:
        return EXTENT_REST;
    }
}

size_t extent_step(struct extent *extent, const uint8_t *at, size_t size, bool *ret_whole)
{
    for (size_t i = 0; i < size; i++) {
        bool inside = extent->state == EXTENT_STRING || extent->state == EXTENT_ESCAPE;
        if (at[i] == '\n' && !inside) {
            *ret_whole = true;
            return i + 1;
        }
        extent->newlines += at[i] == '\n';
        extent->state = extent_after(extent, at[i]);
        extent->previous = at[i];
    }
    *ret_whole = false;
    return size;
}
