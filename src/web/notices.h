/* notices: what the handlers of channels, rosters, routes and deliveries share.
 *
 * Who may. Whoever sees anything of the tenant sees the names of its channels, rosters and routes,
 * and how they are; who configures all of it, or "$tenant/notices", changes them, and he alone sees
 * where channels lead, for an address can be as good as a password. A secret is sealed and never
 * told. What a delivery says of alarms is shown to who sees all of the tenant. */
#pragma once

#include "web/assets.h"

#include "model/notices/notices.h"

struct notices *notices_of(const struct exchange *exchange);
bool notices_changeable(struct exchange *exchange);
/* False: it was answered 403. */
bool notices_may_change(struct exchange *exchange);
/* False: he sees nothing of the tenant, and it was answered. */
bool notices_may_see(struct exchange *exchange);
enum handled answer_no_notice(struct exchange *exchange, const char *what, struct bytes name);
/* What was made of the form is wrong: 422. */
enum handled notice_refuse(struct exchange *exchange, const char *fault);
/* Begins a removal, or a test: the name alone. */
enum handled notice_named(struct exchange *exchange, uint8_t kind, bool there, const char *what,
                          enum handled (*done)(struct exchange *exchange,
                                               const struct outcome *outcome));
/* Times that come every week: "22:00", "mon-fri", "+08:00". */
void weekly_put(struct json_writer *json, const struct weekly *when);
void offset_put(struct json_writer *json, int16_t minutes);
/* Members from, to, days into three fields of the form, from the tag on. */
void weekly_read(struct wish *wish, uint8_t from_tag, struct form_writer *form);
void offset_read(struct wish *wish, uint8_t tag, struct form_writer *form);
/* Each member of the list `name` becomes a form of the tag: read(wish of it, its form). */
void parts_read(struct wish *wish, const char *name, uint8_t tag, size_t most,
                struct form_writer *form,
                void (*read)(struct wish *part, struct form_writer *form));
/* ---- notices_erase.c
 * The next thing of command->tenant that is to be removed, and how; false: nothing of it is left.
 */
bool notices_erase_next(const struct notices *notices, struct command *command,
                        struct form_writer *form);
/* ---- notices.c
 * Lists: limit and after (a number) of the query, all of a tenant one behind the other. */
struct notice_list {
    const char *name;
    uint32_t (*next)(const struct notices *notices, uint32_t tenant, uint32_t after);
    void (*put)(struct exchange *exchange, uint32_t number);
};
enum handled notice_list(struct exchange *exchange, const struct notice_list *list);
