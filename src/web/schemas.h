/* web/schemas: every JSON object that goes in or out, listed once: the document and its page are
 * made from it, and a test holds live answers against it.
 *
 * The kind of a member is a word:
 *   string, integer, number, boolean, time (RFC 3339), any
 *   count           an integer from 0
 *   value           a sample's value: number, boolean, string
 *   a|b|c           one of these strings
 *   Point           the schema of that name
 *   []Point         an array of such; {}count: an object whose members are such
 *   string?         such or null
 * Constant, any thread. */
#pragma once

#include "base/base.h"

struct schema_member {
    const char *name; /* NULL: behind the last one */
    const char *kind;
    bool optional; /* it may be missing */
    const char *text;
    const char *example; /* JSON; NULL: made from the kind */
};
struct schema {
    const char *name;
    const char *text;
    const struct schema_member *members; /* of an object; NULL: one of any_of */
    const char *any_of;                  /* kinds, separated by spaces */
    bool open;                           /* it may have other members: later versions add some */
    const char *line;        /* schema of a line where NDJSON of this is taken; NULL: this one */
    const char *line_answer; /* schema of a line of the answer to NDJSON; NULL: it is no NDJSON */
};
size_t schema_count(void);
const struct schema *schema_at(size_t index);       /* index < schema_count() */
const struct schema *schema_find(const char *name); /* NULL: there is none */

/* Why a request was not done: "code" of a problem. */
struct problem_word {
    const char *code;
    const char *statuses; /* "404" or "413 422"; "in refused": of a sample; "live": of a message */
    const char *text;     /* what it means and what to do */
};
extern const struct problem_word problem_words[];
extern const size_t problem_word_count;
