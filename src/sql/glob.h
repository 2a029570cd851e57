/* glob: SQL's patterns against paths, in time that the sizes bound.
 *
 * The server looks at paths on the engine's thread, where nothing may take long, and SQLite's own
 * matcher may take for ever. This one goes back to the last star only: exact for stars and question
 * marks, O(pattern * path). What it does not understand (sets in GLOB, very long patterns, text
 * that is no UTF-8) it lets pass, and SQLite judges the rows once more in its own process. */
#pragma once

#include "base/base.h"

#define GLOB_BYTES_MAX 128 /* longer patterns: only the text before their first wildcard counts */

/* Is pattern_passes the same as SQLite's answer for every path? */
bool glob_is_exact(struct bytes pattern, bool like);
/* Could the path match? like: % and _ and ASCII letters in either case; else * and ?. */
bool glob_passes(struct bytes pattern, bool like, struct bytes path);
/* Bytes before the first wildcard. like: before the first ASCII letter as well, since paths with
 * another case are elsewhere in the tree. */
size_t glob_prefix(struct bytes pattern, bool like);
