/* check_history: the part of `check` that is about the history. */
#pragma once

#include "cli/history_words.h"

#include "client/client.h"

#include <stdio.h>

struct check_row { /* of a row of points: what it is called follows from it */
    uint32_t first_point;
    uint16_t count;
};
struct check_history {
    struct readback_paths *paths; /* the caller's */
    struct check_row *rows;       /* by number */
    size_t rows_capacity;
    struct history_look look;
    json_t *files; /* an object for each part: file, bytes, chunks, samples, damage */
};
/* Of every fact of the journal, before check_history_run. */
void check_history_take(struct check_history *history, const struct fact *fact);
/* Reads everything of every part. */
MUST_USE enum err check_history_run(struct check_history *history, struct disk *disk);
bool check_history_is_damaged(const struct check_history *history);
void check_history_print(struct check_history *history); /* nothing when there is no history */
json_t *check_history_json(struct check_history *history);
void check_history_done(struct check_history *history);

/* check --repair: of what is damaged in the history of this folder all that is whole goes into new
 * parts; says on `out` what it does. False after printing why it could not. */
MUST_USE bool check_repair(const char *folder, FILE *out);
