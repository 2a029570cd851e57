/* control: the door of the terminal verbs, one JSON object a line each way (see server.h).
 *
 *   control.c          lines in and out, who waits for an outcome
 *   control_command.c  a JSON object as a command of the engine, every length checked
 *   report.c           state, points, refusals as JSON */
#pragma once

#include "server/room.h"

#include <jansson.h>

#define CONTROL_LINE_MAX ((size_t)60 << 10)
#define CONTROL_ANSWER_MAX ((size_t)1 << 20) /* a list of points ends here, and says where */
#define CONTROL_POINTS_LOOKED 20000
#define CONTROL_POINTS_MOST 1000

/* ---- control_command.c
 * ---------------------------------------------------------------------------- */
struct control_command {
    struct command command; /* views into the JSON object */
    struct label labels[LABELS_MAX];
};
/* NULL, or what is wrong with it in fault[fault_size] (also returned). */
const char *control_command_read(const json_t *wish, int64_t wall_ns, struct control_command *ret,
                                 char *fault, size_t fault_size);
/* The word of an outcome: "done", "unknown_point", ... */
const char *control_outcome_word(enum outcome_code code);

/* ---- report.c
 * -------------------------------------------------------------------------------------- */
json_t *report_state(struct server *server);
json_t *report_refused(struct server *server);
/* Points after an id that match a topic filter. */
json_t *report_points(struct server *server, struct bytes filter, uint32_t after, uint32_t most);
json_t *report_point(struct server *server, uint32_t point, bool whole);
/* A JSON string of bytes that may have been cut within a character, or be no text at all. */
json_t *report_text(struct bytes text);
