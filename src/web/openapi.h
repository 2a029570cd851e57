/* web/openapi: what the OpenAPI document and its page share: the words about routes that the table
 * has no room for, kinds, and examples. */
#pragma once

#include "web/room.h"
#include "web/schemas.h"

#include <stdio.h>

/* ---- words about routes --------------------------------------------------------------------- */
#define API_TEXT                                                                                   \
    "JSON in and out, UTF-8; times are RFC 3339 in UTC. A 2xx to what changes anything leaves "    \
    "after the synced write; after a 5xx or a lost connection send it again: with the same "       \
    "Idempotency-Key, or the same sample time, nothing is done twice. Errors are RFC 9457 "        \
    "problem details with a code for programs. Lists take limit and after, and answer next. A "    \
    "body may be gzip, answers are for whoever accepts it. HEAD works wherever GET does, OPTIONS " \
    "everywhere. Other origins can neither ask nor read: Host must be an IP address, localhost, "  \
    "the machine's name or one of http.hosts."
/* What stands in braces at the end of a route's path. */
struct route_argument {
    const char *name, *text;
};
const struct route_argument *route_argument_find(const struct route *route); /* NULL: nothing */
struct route_note {
    const char *name;                 /* of the route */
    const char *text;                 /* more than a sentence; NULL: nothing */
    const char *header, *header_text; /* of the request; NULL: none that matters */
    const char *arguments;            /* of curl, to ask it; NULL: only the address */
};
const struct route_note *route_note_find(const char *name); /* NULL: there is none */
struct route_heading {
    const char *name, *title, *text;
};
extern const struct route_heading route_headings[];
extern const size_t route_heading_count;
struct live_message {
    bool said; /* by the viewer; else by the server */
    const char *message, *text;
};
extern const struct live_message live_messages[];
extern const size_t live_message_count;

/* ---- kinds and examples --------------------------------------------------------------------- */
struct kind { /* of a member: see schemas.h */
    char word[160];
    size_t size; /* of word */
    bool nullable, list, map, choice;
    const struct schema *schema; /* NULL: it is a plain word */
};
struct kind kind_read(const char *text);
/* The next word of *at, which moves on; false: there is none. */
bool word_next(const char **at, char separator, char *word, size_t capacity);
void example_put(struct json_writer *json, const struct schema *schema);
void member_example_put(struct json_writer *json, const struct schema_member *member,
                        unsigned depth);
