/* What the files of this room share. */
#pragma once

#include "openid/openid.h"

#include <jansson.h>
#include <stdatomic.h>

/* ---- fetch.c ------------------------------------------------------------------------------------
 */
struct fetch {
    const char *url;
    const char *form;          /* a body to post, encoded; NULL: GET */
    const char *authorization; /* value of the header; NULL: none */
    const char *ca;
    bool inner; /* loopback and link-local addresses are allowed */
    const atomic_bool *stop;
    uint8_t *at; /* the answer; free() it, whatever came of it */
    size_t size;
    long status;
};
/* OPENID_FINE: an answer came, of any status. Takes up to OPENID_TIME_S. */
enum openid_fault fetch_run(struct fetch *fetch);

/* ---- document.c ---------------------------------------------------------------------------------
 */
/* One JSON object of outside bytes; NULL: it is none. */
json_t *object_read(struct bytes text);
/* The text member; false: it is none, is longer than most bytes, or holds a NUL. */
bool object_text(const json_t *object, const char *name, size_t most, struct bytes *ret_text);
/* Appends "&name=value", percent-encoded, to text[capacity]; false: it does not fit. */
bool form_put(char *text, size_t capacity, const char *name, struct bytes value);
/* The address to send a browser to. */
enum openid_fault target_make(const struct openid_document *document,
                              const struct openid_question *question, char *target);

/* ---- keys.c -------------------------------------------------------------------------------------
 */
/* Is it the signature of these bytes by this key (a JWK)? *ret_suits: the key is one for this
 * algorithm. */
bool key_verify(const json_t *key, const char *algorithm, struct bytes bytes,
                struct bytes signature, bool *ret_suits);
bool algorithm_is_accepted(const char *algorithm);
