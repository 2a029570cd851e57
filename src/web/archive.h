/* archive: what the handlers of policies, erasures, corrections and annotations share: members of a
 * body, and the way of a command to its answer. */
#pragma once

#include "web/commands.h"
#include "web/points.h"

#include "access/access.h"

/* ---- archive_read.c: members of a body, and times of a query ------------------------------------
 */
#define ARCHIVE_KEEP_S_MAX INT64_C(3155760000) /* a hundred years */
struct wish { /* a JSON object that is read; the first fault is kept */
    json_t *json;
    int64_t wall_ns;
    bool wrong;
    char fault[256];
};
void wish_fault(struct wish *wish, const char *name, const char *wanted);
/* Every member is one of these names, separated by spaces, or key, client and sequence. */
void wish_members(struct wish *wish, const char *names);
/* Each leaves *ret as it was when the member is missing or null, and answers whether it was there.
 */
bool wish_text(struct wish *wish, const char *name, size_t least, size_t most, struct bytes *ret);
bool wish_real(struct wish *wish, const char *name, double *ret);
bool wish_integer(struct wish *wish, const char *name, int64_t least, int64_t most, int64_t *ret);
bool wish_flag(struct wish *wish, const char *name, bool *ret);
bool wish_time(struct wish *wish, const char *name, int64_t *ret);
/* A text that is one of words[count]. */
bool wish_word(struct wish *wish, const char *name, const char *const *words, uint8_t count,
               uint8_t *ret);
/* A time of a query. False: it is wrong and was answered 400. */
bool query_time(struct exchange *exchange, const char *name, int64_t *ret_ns);
/* A point that he sees by a parameter that must be there. False: it was answered 404. */
bool query_point(struct exchange *exchange, const char *name, uint32_t *ret_point);

/* ---- archive_right.c: may he --------------------------------------------------------------------
 */
uint32_t point_tenant(const struct exchange *exchange, uint32_t point);
bool point_may(struct exchange *exchange, enum access_right right, uint32_t point);
/* Has he this right on what the pattern, a path without a tenant's name, matches? */
enum access_reach pattern_reach(struct exchange *exchange, enum access_right right, uint32_t tenant,
                                struct bytes text);
/* Who is said to have done it: he, whatever the body says; in trial, what it says. Of an exchange
 * whose state is an order. */
struct bytes author_of(const struct exchange *exchange, struct bytes said);
/* Tenant and path of the order's command, as he named them; he must have one of these rights there.
 * False: it was answered, 403 for a point that he sees, else the same 404 whether there is one. */
bool order_place(struct exchange *exchange, struct bytes text, enum access_right right,
                 enum access_right other);
enum handled answer_no_point(struct exchange *exchange, struct bytes path);

/* ---- archive_order.c: a command and its answer -------------------------------------------------
 */
struct order { /* the beginning of what a handler keeps */
    struct wish wish;
    struct command command;
    /* Answers, or goes on: told of every outcome that is done, now or before. */
    enum handled (*done)(struct exchange *exchange, const struct outcome *outcome);
    void (*drop)(struct order *order); /* of what the handler holds beside; may be NULL */
    uint8_t author[AUTHOR_BYTES_MAX];  /* what is left of a long name */
};
/* Begins what exchange->state is: size bytes, of which the first are an order; reads the body (has
 * one: the route's method) and the key. NULL: it was answered. */
struct order *order_begin(struct exchange *exchange, size_t size, uint8_t kind, bool has_body);
/* Something in the wish is wrong: answers 422. */
enum handled order_refuse(struct exchange *exchange);
/* 409: what was done under the key was another thing, of which nothing is told. */
enum handled answer_key_taken(struct exchange *exchange);
/* As if this had become of the command. */
enum handled order_refused(struct exchange *exchange, enum outcome_code said);
/* Gives the command; a handler's turn as well. */
enum handled order_give(struct exchange *exchange);
/* Members outcome, first, text and position, within an object. */
void order_put_outcome(struct json_writer *json, const struct outcome *outcome);
/* ---- members of answers, within an object */
void put_when(struct json_writer *json, const char *name, int64_t time_ns); /* ends of time: null */
void put_text(struct json_writer *json, const char *name, struct bytes text); /* empty: null */
void put_point(struct exchange *exchange, uint32_t point); /* path, as he names it, and point */
