/* control: the door of the terminal verbs, one JSON object a line each way (see server.h).
 *
 *   control.c          lines in and out, who waits for an outcome
 *   control_command.c  a JSON object as a command of the engine, every length checked
 *   report.c           state, points, refusals as JSON
 *   report_mqtt.c      clients, sessions, retained messages as JSON */
#pragma once

#include "server/room.h"

#include <jansson.h>

#define CONTROL_LINE_MAX ((size_t)60 << 10)
/* A list ends at the first of these, and says where. */
#define CONTROL_ANSWER_MAX ((size_t)1 << 20) /* bytes */
#define CONTROL_LOOKED 20000                 /* points, clients or retained topics looked at */
#define CONTROL_MOST 1000                    /* listed */
#define CONTROL_COPIED_MAX ((size_t)8 << 20) /* bytes of retained messages looked at */
#define CONTROL_PAYLOAD_SHOWN 256            /* bytes of a retained payload, then it is cut */
#define CONTROL_GLOB_MAX 512                 /* bytes */

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

/* ---- report_mqtt.c
 * ----------------------------------------------------------------------------------- */
struct control_list { /* a question for a list, checked */
    struct bytes
        match;      /* points, retained: a topic filter; clients: a glob; lives in the question */
    uint64_t after; /* "next" of the answer before, or 0 */
    uint32_t most;  /* 1..CONTROL_MOST */
};
/* Does a glob match all of a text? '*' stands for any characters, '?' for one, others for
 * themselves. */
bool control_glob_matches(struct bytes text, struct bytes glob);
/* Clients that are connected, and sessions without one; NULL: no memory. */
json_t *report_clients(struct server *server, const struct control_list *wanted);
/* Retained messages; NULL: no memory. */
json_t *report_retained(struct server *server, const struct control_list *wanted);
