/* What the files of this folder share. The path of a request through them:
 *
 *   client.c     bytes -> head, body; time limits; which protocol a connection speaks
 *   enter.c      who asks: a token, a cookie, a certificate; what the route wants him to be
 *   guard.c      whose request it is: Host, Origin, Sec-Fetch-Site, media type of the body
 *   routes.c     the table of routes; which one this is
 *   exchange.c   the handler, its waits, the answer
 *   write.c      line protocol: a body that is taken as it comes; write_answer.c what became of it
 *   influx.c     what its clients ask beside
 *   archive_read.c, archive_order.c    commands about history: their bodies, their way
 *   people.c     who asks about people, and may he; people_*.c: a file a noun
 *   archive_right.c    may he, of points and patterns
 *   archive.c, archive_erase.c, archive_notes.c   policies, erasures, corrections and annotations
 *   module.h     module.c: commands whose words are a form, spans of time, lists in pages
 *   assets.h     types and assets: assets_sheet.c, assets_right.c, assets_form.c, types.c,
 *                assets_*.c, inbox.c, map.c
 *   alarms.h     rules.c, rules_*.c (preview.h: tried on the history), alarms_*.c
 *   seen.c       what of a tenant's points who asks sees, how they are named, who sends samples
 *   points.c, commands.c, samples.c, tree.c, system.c, metrics.c, topics.c   handlers
 *   query.c      parameters and bodies, refused with what was wanted
 *   ask.c, ask_read.c   questions to the history; history.c: what the history is like
 *   ask_who.c    who asks them, and SQL: what he sees, his tenant's quota, the audit
 *   sql.c        SQL
 *   stream.c     NDJSON of any length
 *   text.c       a text that grows, for metrics and the page
 *   openapi.c, schemas_*.c, notes.c, problems.c, docs.c   the document and its page, from the tables
 *   files.c      the console
 *   viewer.c     WebSocket and server-sent events on one side, live on the other */
#pragma once

#include "web/web.h"
#include "wire/http/http.h"
#include "wire/json/json.h"
#include "wire/websocket/websocket.h"

#include <jansson.h>

struct exchange;
struct principal;

/* ---- routes.c ------------------------------------------------------------------------------ */
/* What became of a handler's turn. */
enum handled {
    HANDLED,        /* it was answered */
    HANDLED_TICKET, /* call exchange->resume when exchange->ticket is durable */
    HANDLED_STEP,   /* call exchange->resume with the next step: there is more to do */
    HANDLED_FULL,   /* the engine says wait: call exchange->resume after its next step */
    HANDLED_ASK,    /* call exchange->resume when the run of a question has news, or the client took
                       what was sent */
    HANDLED_OUTCOME /* exchange_outcome comes for each command that was given its tag */
};
typedef enum handled handler(struct exchange *exchange);

struct parameter { /* of the query; what a route does not name is refused */
    const char *name;
    const char *kind; /* "string", "integer", "boolean", or the values "a|b|c" */
    const char *text; /* for the document */
    bool repeats;
};
#define PARAMETERS_MAX 20
struct route {
    enum http_verb verb;
    const char *path; /* "/v1/points/{path}": {path} takes the rest, other braces a segment */
    handler *handle;
    const char *name;    /* operationId */
    const char *tag;     /* heading of the document: "points", "samples", "system", "live" */
    const char *summary; /* a sentence */
    const struct parameter *parameters; /* up to the one without a name; NULL: none */
    const char *body;                   /* schema of the request's JSON; NULL: a body is refused;
                                           "Lines" and "InfluxQuery" are no JSON */
    bool lines;                         /* NDJSON of that schema is taken as well */
    unsigned status;                    /* of success */
    const char *answer;                 /* schema of the answer's JSON; NULL: see media */
    const char *media;                  /* of the answer when it is no JSON, or NDJSON of it */
    const char *problems;               /* statuses of its problems beside 400: "404 409" */
    enum access_right right;            /* that is needed; 0: none, whoever asks is answered */
    const char *resource; /* where: "$server/state", "$tenant/users"; NULL: the handler judges by
                             the paths that are asked for */
};
extern const struct route web_routes[];
extern const size_t web_route_count;
/* The route, with the rest of the path in arg[PATH_MAX_BYTES + 1]; NULL: none, and *ret_allowed has
 * a bit for each enum http_verb that the path would take (0: no such path). HEAD finds GET. */
const struct route *route_find(const struct http_request *request, uint8_t *arg, size_t *ret_size,
                               unsigned *ret_allowed);

/* ---- exchange.c: a request and its answer --------------------------------------------------- */
#define EXCHANGE_HEADERS_MAX 8
#define EXCHANGE_ANSWER_MAX ((size_t)64 << 20)
struct exchange {
    struct web *web;
    struct web_client *client;
    const struct http_request *request;
    const struct route *route;
    struct principal *principal; /* who asks; the link's hold. NULL: access is NULL, all may all */
    uint32_t tenant;             /* his, or the one he acts for */
    bool acts_for;               /* another's: he administers $server/tenants */
    uint8_t proof[32];           /* enter.c: hash of what he brought */
    bool entering;               /* a password is being checked */
    uint8_t entered;             /* enum access_answer */
    uint32_t retry_s;
    struct bytes arg;        /* the rest of the path, decoded; a view of arg_text */
    struct bytes body;       /* whole, inflated */
    bool body_lines;         /* it is NDJSON */
    struct json_writer json; /* for the answer; empty at first */
    struct {
        const char *name;
        char value[320];
    } headers[EXCHANGE_HEADERS_MAX];
    size_t header_count;
    char *location; /* of an answer that leads elsewhere; freed with the exchange */
    bool answered;
    int64_t began_ns;

    /* a handler that is not done at once */
    handler *resume;
    uint64_t ticket;
    enum handled wait; /* what it waits for; HANDLED: nothing */
    struct link link;  /* on one of the web's lists by what it waits for */
    size_t kept;       /* bytes that the handler holds beside json; it says so before it waits */
    size_t charged;    /* to http.memory, for both, while it waits */
    void *state;       /* the handler's own; freed by drop, which may be NULL */
    void (*drop)(struct exchange *exchange);
    /* HANDLED_OUTCOME: one more outcome; NULL: a write was lost and with it the command. Answers
     * what the handler did; tag: as exchange_tag gave it, with the handler's index. */
    enum handled (*outcome)(struct exchange *exchange, uint32_t index,
                            const struct outcome *outcome);
    uint8_t arg_text[PATH_MAX_BYTES + 1];
    uint8_t scratch[8192]; /* of query parameters */
};

/* The tag of a command given by this exchange, with a number of the handler's (below 2^20). */
uint64_t exchange_tag(const struct exchange *exchange, uint32_t index);

/* Each of these answers, once: */
enum handled answer_json(struct exchange *exchange,
                         unsigned status); /* what exchange->json holds */
enum handled answer_content(struct exchange *exchange, unsigned status, const char *media,
                            struct bytes text);
/* RFC 9457. code: a word for programs; title: NULL for the status' phrase; then the detail. */
enum handled answer_problem(struct exchange *exchange, unsigned status, const char *code,
                            const char *title, const char *format, ...) PRINTF_LIKE(5, 6);
/* What exchange->json holds, as NDJSON; 413 when it is more than EXCHANGE_ANSWER_MAX: never a part.
 */
enum handled answer_lines(struct exchange *exchange);
/* 303: the browser goes to this address. */
enum handled answer_elsewhere(struct exchange *exchange, const char *address);
/* Takes json over; NULL is answered as a lack of memory. */
enum handled answer_jansson(struct exchange *exchange, unsigned status, json_t *json);
/* What ADMIT_* means to who asked: 503 with Retry-After for DISK_FULL and STOPPED, 422, 429, ... */
enum handled answer_admit(struct exchange *exchange, enum admit admit);
unsigned admit_status(enum admit admit);
/* A header of the answer that follows; value is cut at 319 bytes. Set before answering. */
void exchange_header(struct exchange *exchange, const char *name, struct bytes value);
/* Retry-After, at least 1; answer_problem sets it of itself for 503. */
void exchange_retry(struct exchange *exchange, uint32_t seconds);
/* exchange->state: size bytes, zero at first, freed with the exchange. NULL: it was answered 503.
 */
void *exchange_keep(struct exchange *exchange, size_t size);

/* ---- enter.c: who asks, and may he ------------------------------------------------------------
 */
/* May he do this at this path of this tenant? Without a word to him. */
bool exchange_may(struct exchange *exchange, enum access_right right, uint32_t tenant,
                  struct bytes path);
/* The tenant and the path, or pattern, that a text of his means: "@acme/fire/#" is another
 * tenant's. False: there is none that he could see: answer_hidden, or an empty list. */
bool exchange_place(struct exchange *exchange, struct bytes text, uint32_t *ret_tenant,
                    struct bytes *ret_path);
/* What stands before the paths of this tenant in his answers: "@acme/", or nothing. */
struct bytes exchange_prefix(struct exchange *exchange, uint32_t tenant);
/* Who wants this command: recorded with it, in the audit. Lives until the exchange is cleared. */
void exchange_sign(struct exchange *exchange, struct command *command);
/* 404, the same as for a point that is not there: nothing tells what he may not see. */
enum handled answer_hidden(struct exchange *exchange);
/* 403 for what he sees and may not change; told to the audit. */
enum handled answer_forbidden(struct exchange *exchange, enum access_right right,
                              struct bytes path);
const char *right_word(enum access_right right); /* "see", "write", ... */
/* ACCESS_SLOW: 429; ACCESS_BUSY: 503. Retry-After says when to try again. */
enum handled answer_slow(struct exchange *exchange, enum access_answer answer, uint32_t retry_s);

/* ---- query.c ------------------------------------------------------------------------------- */
/* The first parameter of this name, decoded, until the next call; false: there is none. */
bool query_text(struct exchange *exchange, const char *name, struct bytes *ret_value);
/* The parameter of this name with this index, for those that repeat. */
bool query_text_at(struct exchange *exchange, const char *name, uint32_t index,
                   struct bytes *ret_value);
/* Each of these leaves *ret as it was without the parameter. False: it is wrong and was answered
 * 400: return HANDLED. */
bool query_count(struct exchange *exchange, const char *name, uint64_t least, uint64_t most,
                 uint64_t *ret_count);
bool query_flag(struct exchange *exchange, const char *name, bool *ret_flag);
/* Every parameter is one of the route's; else answered 400. Called by the exchange. */
bool query_is_known(struct exchange *exchange);

/* ---- bodies --------------------------------------------------------------------------------- */
/* The body as one JSON value, the caller's; NULL: it is none and was answered 400. */
json_t *body_json(struct exchange *exchange);
/* The same, of so many bytes and values at most: the parser makes them in one step. Else it was
 * answered 413. */
json_t *body_json_within(struct exchange *exchange, size_t bytes_most, size_t values_most);
/* The next line of an NDJSON body that is not empty, without its end; *offset is 0 at first. */
bool body_line_next(const struct exchange *exchange, size_t *offset, struct bytes *ret_line);

/* ---- guard.c -------------------------------------------------------------------------------- */
enum guard {
    GUARD_WELCOME,
    GUARD_HOST,   /* 421 */
    GUARD_ORIGIN, /* 403 */
    GUARD_SITE,   /* 403 */
    GUARD_MEDIA   /* 415 */
};
/* hosts: http.hosts; machine: this machine's name. */
enum guard guard_judge(const struct http_request *request, const char *hosts, const char *machine);

/* ---- client.c: a connection while it has something under way -------------------------------- */
enum client_state {
    CLIENT_HEAD,   /* a head is being read */
    CLIENT_ENTERS, /* it was, and who asks is being found out; what comes is left where it is */
    CLIENT_BODY,   /* a body */
    CLIENT_ANSWER, /* the exchange is under way; what comes is left where it is */
    CLIENT_SOCKET, /* WebSocket */
    CLIENT_EVENTS  /* server-sent events */
};
struct web_client {
    struct web *web;
    struct web_link *link;
    struct link all; /* on web->clients, or web->spare */
    uint32_t slot, generation;
    enum client_state state;
    struct http_decoder *decoder;
    struct exchange exchange;
    uint8_t *body;
    size_t body_size, body_capacity;
    size_t body_renewed; /* of body_size, when its time limit was last set anew */
    bool last;           /* the connection ends after this answer */
    bool last_wanted;    /* the same, had the head not been refused */
    /* viewer.c */
    struct websocket_decoder *socket;
    struct viewer *viewer;
    uint32_t counted_tenant; /* among whose connections it is; TENANT_NONE: nobody's */
    bool pinged, closing;
    size_t unsent_before; /* for seeing that it does not read */
    bool chunked;
    bool taken; /* the handshake of MQTT was answered: the transport takes the connection over */
    uint8_t streamed; /* enum taken: what is left of the body's last piece waits */
};
/* The exchange is answered, or was taken over by a viewer: what comes next is read. */
void client_answered(struct web_client *client);
void client_end(struct web_client *client, enum web_cause cause);
size_t client_backlog(const struct web_client *client);
void client_put(struct web_client *client, struct bytes bytes);
void client_flush(struct web_client *client);

/* ---- viewer.c ------------------------------------------------------------------------------- */
handler handle_live;   /* GET /v1/live */
handler handle_events; /* GET /v1/events */
handler handle_mqtt;   /* GET /mqtt */
enum web_feed viewer_feed(struct web_client *client, struct bytes bytes, size_t *ret_used);
void viewer_gone(struct web_client *client);
void viewer_uncount(struct web_client *client); /* the connection ends */
void viewer_silent(struct web_client *client);
void viewer_unchoked(struct web_client *client);
void viewer_stop(struct web_client *client);

/* ---- files.c: the console ------------------------------------------------------------------- */
/* Answers with an embedded file; false: there is none at this path. */
bool file_answer(struct exchange *exchange);

/* ---- the handlers --------------------------------------------------------------------------- */
handler handle_points_list, handle_point_get; /* points.c */
handler handle_point_create, handle_point_change, handle_point_retire,
    handle_commands; /* commands.c */
handler handle_policies, handle_policy_get, handle_policy_set, handle_policy_move,
    handle_policy_remove;              /* archive.c */
handler handle_erase, handle_erasures; /* archive_erase.c */
handler handle_correct, handle_corrections, handle_annotate, handle_annotations,
    handle_annotation_remove;                                   /* archive_notes.c */
handler handle_samples;                                         /* samples.c */
handler handle_write, handle_write_v2;                          /* write.c */
handler handle_ping, handle_influx_health, handle_influx_query; /* influx.c */
handler handle_tree;                                            /* tree.c */
handler handle_state, handle_settings, handle_refused, handle_clients, handle_retained,
    handle_health, handle_ready;                                                   /* system.c */
handler handle_topics, handle_topics_dry_run;                                      /* topics.c */
handler handle_ask_samples, handle_ask_buckets, handle_ask_trend, handle_ask_last; /* ask.c */
handler handle_history, handle_history_seal, handle_history_merge;                 /* history.c */
handler handle_sql, handle_sql_schema;                                             /* sql.c */
handler handle_session, handle_session_begin, handle_session_end, handle_sessions,
    handle_session_remove; /* people_session.c */
handler handle_openid_list, handle_openid_begin, handle_openid_callback, handle_links,
    handle_link_begin, handle_link_remove; /* people_openid.c */
handler handle_setup;                      /* people_setup.c */
handler handle_me_change, handle_factor_begin, handle_factor_confirm,
    handle_factor_remove; /* people_me.c */
handler handle_users, handle_user, handle_user_make, handle_user_change, handle_user_remove,
    handle_user_invite, handle_user_reset, handle_invitation;  /* people_users.c */
handler handle_roles, handle_role_set, handle_role_remove;     /* people_roles.c */
handler handle_tokens, handle_token_make, handle_token_remove; /* people_tokens.c */
handler handle_tenants, handle_tenant, handle_tenant_make, handle_tenant_change,
    handle_tenant_delete, handle_quota, handle_certificate; /* people_tenants.c, people_erase.c */
handler handle_tenant_export;                               /* people_export.c */
handler handle_devices, handle_device_make, handle_device_change, handle_device_remove,
    handle_device_token, handle_claims, handle_claim_make, handle_claim_remove,
    handle_provision;                                                  /* people_devices.c */
handler handle_devices_bulk;                                           /* people_bulk.c */
handler handle_providers, handle_provider_set, handle_provider_remove; /* people_providers.c */
handler handle_shares, handle_share_offer, handle_share_accept, handle_share_end,
    handle_why;                                                         /* people_shares.c */
handler handle_audit, handle_audit_export, handle_audit_verify;         /* people_audit.c */
handler handle_types, handle_type, handle_type_set, handle_type_remove; /* types.c */
handler handle_assets, handle_asset, handle_asset_versions;             /* assets.c */
handler handle_asset_set, handle_asset_change, handle_asset_retire;     /* assets_set.c */
handler handle_asset_tree;                                              /* assets_tree.c */
handler handle_assets_import;                                           /* assets_import.c */
handler handle_assets_export;                                           /* assets_export.c */
handler handle_inbox, handle_inbox_adopt;                               /* inbox.c */
handler handle_map;                                                     /* map.c */
handler handle_rules, handle_rule;                                      /* rules.c */
handler handle_rule_set, handle_rule_remove;                            /* rules_set.c */
handler handle_rules_preview;                                           /* rules_preview.c */
handler handle_alarms, handle_alarm;                                    /* alarms.c */
handler handle_alarms_act;                                              /* alarms_act.c */
handler handle_alarm_journal;                                           /* alarms_journal.c */
handler handle_alarm_statistics;                                        /* alarms_statistics.c */
handler handle_handovers, handle_handover_add;                          /* alarms_handover.c */
handler handle_channels, handle_channel, handle_channel_set, handle_channel_remove,
    handle_channel_test; /* notices_channels.c */
handler handle_rosters, handle_roster, handle_roster_set,
    handle_roster_remove; /* notices_rosters.c */
handler handle_notice_routes, handle_notice_route, handle_notice_route_set,
    handle_notice_route_remove, handle_deliveries; /* notices_routes.c */
handler handle_documents, handle_document;                              /* library.c */
handler handle_document_put, handle_document_change, handle_document_remove; /* library_put.c */
handler handle_document_content;                                      /* library_content.c */
handler handle_boards, handle_board, handle_board_put, handle_board_remove; /* library_boards.c */
handler handle_metrics;                            /* metrics.c */
handler handle_openapi;                            /* openapi.c */
handler handle_docs, handle_docs_style;            /* docs.c */
/* A point as in docs/http.md; whole: with description, labels, limits, refused. Used by lists, the
 * tree and single points. */
void point_put(struct exchange *exchange, uint32_t point, bool whole);

/* ---- the web -------------------------------------------------------------------------------- */
#define WEB_SPARE_MAX 64 /* clients kept for the next request */
struct web {
    struct web_config config;
    struct points *points;
    struct standing *standing;       /* alarms by branch */
    struct tenant_eraser *eraser;    /* people_erase.c */
    struct openid_told *openid_told; /* people_openid.c: denials told to the audit lately */
    int64_t now_ns;
    struct web_counters counters;
    struct link clients, spare;
    size_t spare_count;
    struct web_client **slots;
    uint32_t slot_count, slot_capacity, generation;
    uint32_t *slots_free;
    uint32_t slots_free_count;
    struct link waiting_ticket; /* in the order of their tickets */
    struct link waiting_step, waiting_full, waiting_outcome, waiting_ask;
    bool stopping;
    bool open_clear, open_tls; /* doors that other machines reach: not encrypted, by TLS */
    char machine[256];
    struct sender **senders; /* of samples, by tenant: seen.h */
    uint32_t sender_count;
    struct payload_decoder *decoder; /* of samples.c */
    uint64_t correct_generation;     /* as engine_lost_generation was with correct_ticket */
    uint64_t correct_ticket;         /* of the last correction: one after the other */
    struct lines *lines_spare[8];    /* of write.c, for the next requests */
    size_t lines_spare_count;
    struct refused_index *refused_index; /* of points.c */
    char *openapi;                       /* made at the first question */
    size_t openapi_size;
};
