/* paths: what the path of a point may be, and which patterns of paths it matches. Pure functions
 * over texts; any thread. */
#pragma once

#include "base/base.h"

/* ---- paths -------------------------------------------------------------------------------------
 */
#define PATH_MAX_BYTES 2048 /* as src/format keeps it */
#define PATH_DEPTH_MAX 16
#define PATH_SEGMENT_MAX 128
/* A path: UTF-8, 1..PATH_DEPTH_MAX segments of 1..PATH_SEGMENT_MAX bytes joined by '/', no control
 * characters, no '+' or '#', not starting with '$'. NULL when it is one, else what is wrong. */
const char *path_fault(struct bytes path);
/* Does the path match an MQTT topic filter ('+' one level, '#' the rest)? */
bool path_matches(struct bytes path, struct bytes filter);

/* ---- patterns ----------------------------------------------------------------------------------
 */
/* A pattern is a path whose segments may be wildcards:
 *   + or *     any one segment          plant/+/temp
 *   # or **    at the end: any number of segments, none included     plant/#
 *   *, ? in a segment: any characters, one character (of UTF-8)      plant/press-*  /t?
 * Everything else stands for itself, case included. */
#define PATTERN_BYTES_MAX 1024
enum pattern_kind { PATTERN_EXACT, PATTERN_ANY, PATTERN_GLOB };
struct pattern {
    uint8_t text[PATTERN_BYTES_MAX];
    uint16_t size;
    uint8_t depth; /* segments, the # not counted */
    bool rest;     /* ends in # or ** */
    bool exact;    /* no wildcard at all: a path */
    struct {
        uint16_t at, size;
        uint8_t kind;
    } segments[PATH_DEPTH_MAX]; /* private */
};
/* NULL, or a sentence that says what is wrong; *ret_pattern is untouched then. */
const char *pattern_parse(struct bytes text, struct pattern *ret_pattern);
bool pattern_matches(const struct pattern *pattern, struct bytes path);

/* ---- a segment at a time, for searches in a tree -----------------------------------------------
 */
static inline struct bytes pattern_segment(const struct pattern *pattern, size_t segment)
{
    return bytes_of(pattern->text + pattern->segments[segment].at, pattern->segments[segment].size);
}
/* segment < depth. */
bool pattern_segment_matches(const struct pattern *pattern, size_t segment, struct bytes name);
/* The bytes that each name begins with which a PATTERN_GLOB matches, without the digits at their
 * end: in natural order the names that begin with them stand together. */
struct bytes pattern_segment_prefix(const struct pattern *pattern, size_t segment);
