/* write: line protocol by HTTP: what exchange.c and client.c need of write.c, and write.c of
 * write_answer.c.
 *
 * The body is not gathered: each piece goes through the decoder into the engine's batch as it
 * comes. What the engine cannot take now is kept, one piece at most, and the connection is not read
 * until it could. */
#pragma once

#include "web/room.h"
#include "web/text.h"

#define WRITE_LISTED_MAX 100 /* refused lines that an answer names; all are counted */
#define WRITE_INFLATED 16    /* times http.write_body: what a gzip body may become */
#define WRITE_SPARE_MAX 8
#define WRITE_SPARE_BYTES ((size_t)128 << 10)

struct write_state { /* exchange->state of a write */
    struct lines *lines;
    bool v2;
    bool invalid; /* its precision is none */
    bool held;    /* what is left of the last piece lies in `rest` */
    uint8_t *rest;
    size_t rest_capacity;
    size_t charged;  /* to http.memory */
    int budget;      /* of this turn, as engine_lines counts */
    enum admit stop; /* why the rest of the body is passed over; ADMIT_DONE: it is not */
    bool no_memory;  /* likewise */
    uint64_t lost_generation;
    uint64_t parsed_not;   /* of the refused: those that are no line protocol */
    uint64_t denied;       /* likewise: those that he may not write */
    struct sender *sender; /* set once the lines are begun */
    int64_t quota_wait_ns; /* above 0: it is used up, nothing was looked at */
    uint64_t first_line;   /* the first that was refused */
    struct text listed;
};

/* ---- write.c: while the body comes ---- */
/* Is the body of this route taken as it comes? */
bool write_is_route(const struct route *route);
/* The head was judged. False: it was answered. */
bool write_begin(struct exchange *exchange);
enum taken {
    TAKEN,      /* all of it */
    TAKEN_TURN, /* enough for now: call write_take again, with nothing, when others had their turn
                 */
    TAKEN_FULL  /* the engine says wait: likewise after its next step */
};
enum taken write_take(struct exchange *exchange, struct bytes piece);
/* A new turn: as much work as one may do. */
void write_turn(struct exchange *exchange);
void write_spares_destroy(struct web *web);

/* ---- write_answer.c ---- */
void write_list(struct write_state *write, const struct line_refused *refused);
enum handled write_answer(struct exchange *exchange);
enum handled write_answer_fault(struct exchange *exchange, unsigned status, const char *code,
                                const char *format, ...) PRINTF_LIKE(4, 5);
/* Headers by which clients know InfluxDB. */
void write_headers(struct exchange *exchange);
