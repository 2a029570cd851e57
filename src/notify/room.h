/* What the files of this room share. */
#pragma once

#include "notify/notify.h"
#include "wire/json/json.h"

#include <stdatomic.h>

/* ---- compose.c: what is said --------------------------------------------------------------------
 */
/* A delivery as JSON: of webhooks and topics. False: no memory. */
MUST_USE bool compose_json(const struct notices *notices, const struct delivery_view *delivery,
                           struct bytes tenant, const char *identity, struct json_writer *json);
/* As a mail (RFC 5322, MIME): the caller's, free it; NULL: no memory. */
char *compose_mail(const struct notices *notices, const struct delivery_view *delivery,
                   const char *identity, const char *from, size_t *ret_size);
/* What it is about, in a line; text is cut to its size. */
void compose_subject(const struct delivery_view *delivery, const struct channel_view *channel,
                     char *text, size_t size);
/* The same whenever it is sent: its number, and when it was made, so that another server's, or one
 * whose data folder was begun anew, has others. */
void compose_identity(const struct delivery_view *delivery, char identity[NOTIFY_IDENTITY_SIZE]);

/* ---- send.c: one try, inside a thread -----------------------------------------------------------
 */
#define SEND_DETAIL_SIZE 256
struct send_try {
    uint8_t kind;                       /* CHANNEL_WEBHOOK or CHANNEL_MAIL */
    bool inner;                         /* addresses of this machine are allowed */
    char target[NOTIFY_TARGET_MAX + 1]; /* URL, or the mail's receiver */
    char identity[NOTIFY_IDENTITY_SIZE];
    char signature[NOTIFY_SIGNATURE_SIZE]; /* empty: none */
    int64_t timestamp_s;
    char *content; /* body or mail; the try's owner frees it */
    size_t size, sent;
    char ca[256], server[256], user[256], password_file[256], from[256], security[32];
    int64_t time_ns;
    const atomic_bool *stop;
    /* What became of it: */
    bool was_inner; /* such an address was wanted, and not allowed */
    enum notice_result result;
    char detail[SEND_DETAIL_SIZE];
};
void send_run(struct send_try *send);
