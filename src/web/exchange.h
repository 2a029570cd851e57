/* exchange: what client.c and web.c need of exchange.c. */
#pragma once

#include "web/room.h"

#define EXCHANGE_INDEX_MAX (1u << 20)
#define EXCHANGE_SLOTS_MAX (1u << 20)
#define EXCHANGE_GENERATIONS 0x7FFFFFu

void exchange_init(struct exchange *exchange, struct web *web, struct web_client *client);
void exchange_clear(struct exchange *exchange); /* ready for the next request */
void exchange_done(struct exchange *exchange);
/* Judges the head: the guard, the route, who asks. */
enum begun {
    BEGUN,         /* it is to be handled once its body is there */
    BEGUN_ENTERS,  /* it is not known yet: client_entered, then exchange_admit */
    BEGUN_ANSWERED /* it was refused */
};
enum begun exchange_begin(struct exchange *exchange, const struct http_request *request);
/* Who asks is known: may he, and does the route want such a body? False: it was answered. */
bool exchange_admit(struct exchange *exchange);
void exchange_run(struct exchange *exchange, struct bytes body);
void exchange_turned(struct exchange *exchange, enum handled handled);
void exchange_resume(struct exchange *exchange);
void exchange_lost(struct exchange *exchange);
/* Only the head of an answer into at[capacity]; its size. */
size_t exchange_head_put(struct exchange *exchange, unsigned status, const char *media,
                         enum http_body body, uint64_t length, uint8_t *at, size_t capacity,
                         enum http_framing *ret_framing);
/* Such a head was sent: what follows is the answer. */
void exchange_streams(struct exchange *exchange, unsigned status);
/* Head and body as they are. */
void exchange_send(struct exchange *exchange, unsigned status, const char *media,
                   struct bytes body);

/* ---- stream.c: NDJSON of any length ---- */
/* For the handler's turn that is over: what json holds leaves, when it is much. Returns what the
 * handler returns: its resume is called with the next step, or when the client takes more. */
enum handled stream_lines(struct exchange *exchange);
/* The same when what comes next is being read: resume is called after the engine's next step. */
enum handled stream_lines_later(struct exchange *exchange);
enum handled stream_lines_end(struct exchange *exchange); /* what is left, and the end */
enum handled stream_break(struct exchange *exchange);     /* it cannot be gone on with: 503, or the
                                                             connection ends before the last chunk */

/* ---- enter.c ---- */
/* Finds out who asks. False: that takes a while; client_entered follows. */
bool exchange_enter(struct exchange *exchange);
/* May he use the route? False: it was answered. */
bool exchange_is_let(struct exchange *exchange);
void exchange_leave(struct exchange *exchange); /* when the exchange is cleared */

/* ---- client.c ---- */
void client_entered(struct web_client *client);
struct web_client *client_find(struct web *web, uint32_t slot, uint32_t generation);
void client_destroy(struct web_client *client); /* one of the spare ones */
/* While an answer is under way: unread, there is more than it takes; http.body_time is its time. */
void client_allow_answer(struct web_client *client, bool unread);
