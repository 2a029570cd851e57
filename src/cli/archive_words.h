/* archive_words: what verbs share that change something: members of a body from options, a request
 * with a body, and lists page by page. */
#pragma once

#include "cli/http_words.h"

#define SAID_OPTIONS                                                                               \
    {"reason", "TEXT", "why, up to 512 bytes; kept for ever"},                                     \
    {                                                                                              \
        "author", "NAME", "who says so (the user's name of this machine)"                          \
    }
#define KEY_OPTION                                                                                 \
    {                                                                                              \
        "key", "KEY", "an idempotency key: the same key is done once"                              \
    }
/* A text option as a member; nothing when it was not given. False after printing that it is no
 * UTF-8. */
MUST_USE bool body_put_text(const struct words *words, json_t *body, const char *option,
                            const char *member);
/* --author, else USER. */
MUST_USE bool body_put_author(const struct words *words, json_t *body);
/* A time: RFC 3339, a number since 1970, now, now-7d. False after printing what is wanted. */
MUST_USE bool body_put_time(const struct words *words, json_t *body, const char *member,
                            const char *text);
/* 90d, 12h, 30m, 45s, 2w, 1y, or 0 for ever, as seconds. False when it is none. */
MUST_USE bool keep_parse(const char *text, int64_t *ret_seconds);
/* The same for people: "90 d", "for ever". */
char *keep_text(const json_t *seconds, char *text, size_t size);

/* Asks with a body, which is taken over (NULL: none) and whose password, if it has one, is wiped;
 * the answer is the caller's. NULL after printing why. */
json_t *archive_ask(struct http_line *line, const char *method, const struct http_url *url,
                    json_t *body);
/* The same, but an answer with the status `quiet` is no failure: NULL without a word.
 * *ret_status: the answer's, 0 when there was none. */
json_t *archive_try(struct http_line *line, const char *method, const struct http_url *url,
                    json_t *body, unsigned quiet, unsigned *ret_status);
/* GET of a list with from, to, limit options already in url; calls each for every item of all
 * pages, at most `most` of them. False after printing why. */
bool archive_list(struct http_line *line, const char *route, const char *path, const char *member,
                  uint64_t most, bool removed, void (*each)(void *arg, const json_t *item),
                  void *arg);
