/* answer: asking the control door and finding things in what it answers. A name that is missing
 * reads as zero or "": an older or newer server is shown as far as it goes. */
#pragma once

#include "client/client.h"

#include <jansson.h>

/* The member at a dotted name ("journal.bytes"), or NULL. */
const json_t *answer_at(const json_t *answer, const char *name);
uint64_t answer_count(const json_t *answer, const char *name);
double answer_real(const json_t *answer, const char *name);
const char *answer_text(const json_t *answer, const char *name);
bool answer_is(const json_t *answer, const char *name); /* true or a number that is not 0 */

/* Asks; takes over `ask`. NULL after printing why on stderr (with the verb's name), also when the
 * answer is {"error":..}. */
json_t *answer_ask(struct control *control, const char *verb, json_t *ask);
/* Opens the control door of a folder or prints that no server works there. */
struct control *answer_open(const char *verb, const char *folder);
