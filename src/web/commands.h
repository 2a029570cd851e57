/* commands: what the handlers of commands share, be they about points or about history. */
#pragma once

#include "web/room.h"

/* What was said when the command was run, be it now or before. */
enum outcome_code outcome_said(const struct outcome *outcome);
/* done: the status of success. */
unsigned outcome_status(enum outcome_code code, unsigned done);
/* What to do about it, of a command about a point. */
const char *outcome_advice(enum outcome_code code);
/* The body as an object, the caller's; NULL: it is none and was answered. */
json_t *wish_read(struct exchange *exchange);
/* Idempotency-Key becomes the member `key`. False: it was answered. */
bool wish_key_read(struct exchange *exchange, json_t *wish);
