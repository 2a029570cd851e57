/* people: what the handlers of tenants, people, machines, shares and audit share.
 *
 * A matter is a request of theirs under way: a body, one or more commands one behind the other,
 * then perhaps a secret that is made for it, then the answer. Every command is signed by who asks.
 * A secret text stands in the one answer that shows it and nowhere else: what the body brought is
 * wiped when the matter is over, and so is what was made.
 *
 * Who may. The right that a route names is asked for his own tenant; with the parameter `tenant`,
 * the same right on "$server/tenants" is asked instead. Beyond that, nobody grants, changes, resets
 * or removes what exceeds what he may himself (people_covers). */
#pragma once

#include "web/archive.h"

struct matter { /* the beginning of what a handler keeps */
    struct order order;
    uint32_t tenant, account;
    enum handled (*made_next)(struct exchange *exchange);
    enum handled (*entered_next)(struct exchange *exchange, enum access_answer answer);
    struct access_made made;
    struct principal *principal; /* who was let in; the matter's hold */
    uint32_t steps;
};

/* ---- people.c: a matter on its way --------------------------------------------------------------
 */
/* As order_begin; size bytes, of which the first are a matter. NULL: it was answered. */
struct matter *matter_begin(struct exchange *exchange, size_t size, uint8_t kind, bool has_body);
/* Gives order.command; done is told when it was done, now or before. What refused it is answered.
 */
enum handled matter_give(struct exchange *exchange,
                         enum handled (*done)(struct exchange *exchange,
                                              const struct outcome *outcome));
/* Has a secret made; next is told when it is in matter.made. What refused it is answered. */
enum handled matter_make(struct exchange *exchange, const struct access_request *request,
                         enum handled (*next)(struct exchange *exchange));
/* Looks at a password, which may take a while; next is told what became of it, and has who was let
 * in as matter.principal. Whoever is to wait is answered 429 or 503. second: a code, or empty. */
enum handled matter_enter(struct exchange *exchange, struct bytes name, struct bytes password,
                          struct bytes second,
                          enum handled (*next)(struct exchange *exchange,
                                               enum access_answer answer));
/* Members of the wish are wrong: 422. */
enum handled matter_refuse(struct exchange *exchange);
/* A password, or what it is for, is refused: 422 with a code of its own for each fault of one. */
enum handled answer_refused(struct exchange *exchange, const char *sentence);
/* Lists of grants ("grants") and rules ("rights") of a body into the command. False: not there. */
bool wish_grants(struct wish *wish, struct command_access *access);
bool wish_rules(struct wish *wish, struct command_access *access);
/* Rights as words, or "all", of an array; false: it is none. */
bool rights_read(const json_t *words, uint32_t *ret_rights);

/* ---- who asks, and may he */
struct access_model *people_model(const struct exchange *exchange);
/* Whose matter it is: the tenant of the parameter `tenant`, or his own. False: it was answered. */
bool people_tenant(struct exchange *exchange, enum access_right right, uint32_t *ret_tenant);
/* May he do that at this resource of the tenant? */
bool people_may(struct exchange *exchange, enum access_right right, uint32_t tenant,
                const char *resource);
/* Who asks is a person with an account. False: it was answered. */
bool people_person(struct exchange *exchange, struct principal_view *ret_view);
/* May he himself all that these grants, or these rules, allow in the tenant? */
bool people_covers(struct exchange *exchange, uint32_t tenant, const struct grant *grants,
                   uint32_t count);
bool people_covers_rules(struct exchange *exchange, uint32_t tenant,
                         const struct access_rule *rules, uint32_t count);
bool people_covers_account(struct exchange *exchange, const struct account_view *account);
enum handled answer_exceeds(struct exchange *exchange);
/* 404 for what is not there or not his to see. what: "user", "token", .. */
enum handled answer_nobody(struct exchange *exchange, const char *what);

/* ---- answers */
struct bytes tenant_name(const struct exchange *exchange, uint32_t tenant);
void put_rights(struct json_writer *json, const char *name, uint32_t rights);
void put_grants(struct json_writer *json, const struct account_view *account);
void put_account_name(const struct exchange *exchange, struct json_writer *json, const char *name,
                      uint32_t account);
/* SHA-256 of a certificate: 64 digits of base 16, with or without colons between pairs. */
bool people_fingerprint_read(struct bytes text, uint8_t ret_fingerprint[32]);
/* What a certificate is found by, as text: its fingerprint, or "CN=name". */
void people_put_fingerprint(struct json_writer *json, struct bytes id);
/* The number in the path; 0: it is none. */
uint32_t people_number(struct bytes text);
void put_hex(struct json_writer *json, const char *name, struct bytes bytes);
/* Members that every account has; and when one of its secrets was used last. */
void account_put(struct exchange *exchange, const struct account_view *account);
extern const char *const account_kind_words[];
extern const char *const account_state_words[];

/* A page of accounts of one kind, as members of `name`: put(exchange, account) each that keeps()
 * does not leave out. Parameters limit, after, contains. As many steps as it takes. */
struct people_page {
    const char *name;
    enum account_kind kind;
    bool (*keeps)(struct exchange *exchange, const struct account_view *account); /* NULL: all */
    void (*put)(struct exchange *exchange, const struct account_view *account);
};
#define CONTAINS_MAX 128
/* Somewhere in the text, in either case of ASCII letters. */
bool people_contains(struct bytes text, struct bytes part);
/* The parameter contains, into at[CONTAINS_MAX]; nothing where there is none. False: it was
 * answered. */
bool people_query_contains(struct exchange *exchange, uint8_t *at, size_t *ret_size);
enum handled people_list(struct exchange *exchange, uint32_t tenant,
                         const struct people_page *page);

/* ---- people_session.c */
/* Who a principal is and what he may, as an object. */
void session_put(struct exchange *exchange, const struct principal *principal);
/* The browser is given this cookie; NULL: it forgets the one it has. */
void session_cookie(struct exchange *exchange, const char *text);
/* Makes a session for the account and answers what session_put says of who was let in. */
enum handled session_begin(struct exchange *exchange, uint32_t account, unsigned status);
/* Texts of the head, for the list of sessions. */
struct bytes session_label(const struct exchange *exchange);

/* ---- one thing as an object, for lists and the export */
void role_put(struct json_writer *json, const struct role_view *role);
void share_put(struct exchange *exchange, const struct share_view *share);
void provider_put(struct json_writer *json, const struct provider_view *provider);
void tenant_put(struct exchange *exchange, const struct tenant_view *tenant);
void audit_entry_put(struct exchange *exchange, const struct audit_view *entry);
void user_put(struct exchange *exchange, const struct account_view *account);
#define INVITATION_TIME_NS (7 * 24 * 3600 * NS_PER_S)
