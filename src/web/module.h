/* module: what the handlers of the modules (assets, rules, alarms, notices, documents) share:
 * commands whose words are a form, from a body to their answer; spans of time; lists in pages. */
#pragma once

#include "web/people.h"

/* ---- commands whose words are a form ---- */
struct module_order { /* the beginning of what a handler keeps */
    struct order order;
    struct form_writer form;
    uint8_t object[PATH_MAX_BYTES]; /* what it is about, for the audit */
    uint8_t form_at[FORM_BYTES_MAX];
};
/* As order_begin, with an empty form; size bytes, of which the first are a module_order. */
struct module_order *module_begin(struct exchange *exchange, size_t size, uint8_t kind,
                                  bool has_body);
/* What the audit calls it; cut when it is too long. */
void module_name(struct module_order *module, struct bytes object);
/* Gives the command with the form as it is now; number: of what is meant, 0: a new one. done is
 * told when it was done, now or before. What is wrong with the form is answered. */
enum handled module_give(struct exchange *exchange, uint32_t number,
                         enum handled (*done)(struct exchange *exchange,
                                              const struct outcome *outcome));
/* Members of a part of the body become a wish of their own, whose fault is passed on. */
struct wish wish_part(const struct wish *wish, json_t *json);
void wish_pass(struct wish *wish, const struct wish *part, const char *name);

/* ---- spans of time ---- */
/* A time such as 30s, 5m or 8h, of at most `most`; false: it was not there. */
bool wish_span(struct wish *wish, const char *name, int64_t most_ns, int64_t *ret_ns);
/* Digits and s, m, h or d, as often as it takes: 90s, 1h30m; false: none of these, or too long. */
MUST_USE bool span_parse(struct bytes text, int64_t *ret_ns);
#define SPAN_TEXT_SIZE 32
size_t span_text(int64_t span_ns, char text[SPAN_TEXT_SIZE]);
void put_span(struct json_writer *json, const char *name, int64_t span_ns);

/* ---- lists in pages ---- */
#define ANSWER_BYTES ((size_t)1 << 20) /* a page that has grown to this ends */
/* The number, or its text, in the parameter `after`, or `least` without. False: answered. */
bool query_after(struct exchange *exchange, uint64_t *ret_after);
/* Member "next": what `after` is said with to go on; 0: no more. */
void put_next(struct json_writer *json, uint64_t next);
/* The end of a list, as all of them end: of its array, "next", and of the object. */
enum handled answer_list(struct exchange *exchange, uint64_t next);
enum handled answer_memory(struct exchange *exchange);
/* A copy of a parameter's text into at[capacity]; false: it was too long and answered. */
bool query_copy(struct exchange *exchange, const char *name, uint8_t *at, size_t capacity,
                struct bytes *ret_text, bool *ret_there);
