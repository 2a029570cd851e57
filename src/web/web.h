/* web: the HTTP API, the live WebSocket and server-sent events, and the console's files, without
 * sockets. Bytes of a connection come in through web_feed, bytes for it go out through a port, as
 * with the broker.
 *
 *   bytes -> web_feed -> decoder -> guard (Host, Origin) -> route -> handler -> answer -> port
 *
 * Guarantees: a 2xx to what changes anything leaves after the disk has it (law 3); what is told was
 * durable (law 4). Routes stand in one table (routes.c): the router, the OpenAPI document and its
 * page come from it. Answers of a connection leave in the order of its requests. What a client can
 * make us hold is bounded by settings http.*; no request keeps the thread longer than a bounded
 * piece of work: long ones are done a piece a step.
 *
 * A page of another origin can neither change nor read anything: docs/http.md, "Who may ask".
 * One thread owns a web. */
#pragma once

#include "base/base.h"
#include "broker/broker.h"
#include "documents/documents.h"
#include "engine/engine.h"
#include "live/live.h"
#include "namespace/namespace.h"
#include "query/query.h"
#include "report/report.h"
#include "settings/settings.h"
#include "sql/sql.h"

/* ---- the port ------------------------------------------------------------------------------- */
struct access;
struct openid;
struct principal;
struct web_client;
/* The web's end of a connection: a member of whatever the transport keeps of it. Zero at first. */
struct web_link {
    struct web_client *client; /* the web's; NULL: idle, nothing is held */
    const char *peer;          /* address, for the log; lives as long as the link */
    /* Set by the transport before the first bytes, and what they view lives as long as the link: */
    bool owner;                    /* he may read and write the data folder itself: he may all */
    bool loopback, tls;            /* it comes from this machine; it is encrypted */
    bool strict;                   /* answers tell browsers to stay with TLS (RFC 6797) */
    struct bytes fingerprint;      /* of a certificate that TLS has verified; size 0: none */
    struct bytes common_name;      /* its subject's */
    struct web_entrance *entrance; /* the web's: who asked last */
    bool over;                     /* the end was said or told: send no more */
    bool turn;       /* after WEB_HOLD: only others go first; feed the rest with the next round */
    bool leaves;     /* the web's: who closes his side has left, and nobody works for him */
    bool taken;      /* the web's: the connection became another protocol's */
    uint8_t allowed; /* the web's: which time limit is set */
};
enum web_cause {                   /* why a connection ended; each is counted */
                 WEB_CAUSE_DONE,   /* as the client or the answer said */
                 WEB_CAUSE_GONE,   /* the client went away */
                 WEB_CAUSE_SILENT, /* nothing came for http.idle_time */
                 WEB_CAUSE_SLOW,   /* a head or a body took too long: 408; or it does not read */
                 WEB_CAUSE_FAULT,  /* no HTTP, or no WebSocket */
                 WEB_CAUSE_MEMORY, /* limit http.memory */
                 WEB_CAUSE_STOP,   /* the server stops */
                 WEB_CAUSES
};
struct web_port {                                                    /* as struct broker_port */
    uint8_t *(*room)(void *arg, struct web_link *link, size_t size); /* size <= BROKER_ROOM */
    void (*used)(void *arg, struct web_link *link, size_t used);
    void (*put)(void *arg, struct web_link *link, struct bytes bytes); /* any size */
    void (*flush)(void *arg, struct web_link *link);
    size_t (*unsent)(void *arg, struct web_link *link); /* SIZE_MAX: broken */
    void (*end)(void *arg, struct web_link *link, enum web_cause cause);
    void (*resume)(void *arg, struct web_link *link); /* feed again what WEB_HOLD left */
    /* How long it may say nothing before web_silent; 0: any time. fixed: from now on, whatever
     * comes (a head must be whole by then). */
    void (*allow_silence)(void *arg, struct web_link *link, int64_t allowed_ns, bool fixed);
};
#define WEB_UNSENT ((size_t)256 << 10) /* past it nothing is read and no delta is sent */

/* ---- life ----------------------------------------------------------------------------------- */
struct web_config {
    const struct settings *settings; /* read at each use */
    struct engine *engine;
    struct broker *broker;
    struct access *access; /* NULL: everybody is tenant main and may all */
    struct openid *openid; /* NULL: nobody logs in by a provider */
    struct namespace *space;
    struct live *live;
    struct query_pool *queries; /* of questions to the history; NULL: none are answered */
    struct sql *sql;            /* NULL: there is none */
    struct documents *documents; /* NULL: none are kept; web_step moves it on */
    const struct report_sources *sources;
    struct clock *clock;
    const struct web_port *port;
    void *arg;             /* of the port */
    struct budget *memory; /* http.memory: the transport's buffers as well */
};
/* Settings of the web that are each allowed and yet are none: ERR_INVALID with a sentence in
 * fault[SETTINGS_FAULT_SIZE]. */
MUST_USE enum err web_settings_check(const struct settings *settings, char *fault);
struct web;
MUST_USE enum err web_create(const struct web_config *config, struct web **ret_web);
void web_destroy(struct web *web); /* links must be over; NULL is fine */

/* ---- connections ---------------------------------------------------------------------------- */
/* A new connection: sets its first time limit. */
void web_open(struct web *web, struct web_link *link);
enum web_feed {
    WEB_MORE, /* all was taken: read on */
    WEB_FULL, /* the engine says wait: feed the rest again after its next step */
    WEB_HOLD, /* feed the rest again after port.resume */
    WEB_END,  /* the connection ends: drop the rest */
    WEB_MQTT, /* the handshake of /mqtt was answered with 101: from *ret_used on these are WebSocket
                 frames that carry MQTT. The web has forgotten the link */
};
enum web_feed web_feed(struct web *web, struct web_link *link, struct bytes bytes,
                       size_t *ret_used);
void web_gone(struct web *web, struct web_link *link); /* without our doing */
/* After WEB_MQTT: who asked for it, as long as web_forget was not called; NULL: nobody proved it.
 * web_forget must be called when such a connection ends. */
struct principal *web_principal(const struct web_link *link);
void web_forget(struct web_link *link);
void web_silent(struct web *web, struct web_link *link);   /* the time allowed is over */
void web_too_much(struct web *web, struct web_link *link); /* no memory for what came */
void web_unchoked(struct web *web, struct web_link *link); /* it takes bytes again */

/* ---- time ----------------------------------------------------------------------------------- */
void web_now(struct web *web, int64_t boot_ns); /* before anything else of a round */
/* After engine_step and broker_step: answers that waited for the disk, long requests a piece
 * further, the namespace, live deltas. Returns as broker_step. */
int64_t web_step(struct web *web);
/* Tags of commands have this bit; config.outcome of the engine hands them here. */
#define WEB_TAG ((uint64_t)1 << 63)
void web_outcome(struct web *web, uint64_t tag, const struct outcome *outcome);
/* After any command was done, whichever door it came through. */
void web_point_changed(struct web *web, uint32_t point);
/* A write failed: what waited for a ticket is answered 503. */
void web_lost(struct web *web);
bool web_is_idle(const struct web *web); /* nothing waits for the disk */
/* The server stops: viewers are told to come back, connections end after their answer. */
void web_stop(struct web *web);

/* ---- asking --------------------------------------------------------------------------------- */
struct web_counters {
    uint64_t connections; /* now */
    uint64_t requests;    /* whole heads */
    uint64_t answers[6];  /* by hundreds of the status */
    uint64_t faults;      /* refused streams */
    uint64_t closed[WEB_CAUSES];
    uint64_t samples, commands;        /* taken through HTTP */
    uint64_t latency[LATENCY_BUCKETS]; /* from the head to the answer given, us */
    uint64_t latency_us_sum;
};
const struct web_counters *web_counters(const struct web *web);
