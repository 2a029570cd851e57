/* report: what the server knows of itself, as JSON, for the control door and the HTTP API alike, so
 * that both say the same. Also the commands that come as JSON.
 *
 * Tenants. The state is the whole server's. Lists are of one tenant, or, for whoever owns the
 * server, of all of them (TENANT_ALL), and then name each row's: neither a row nor a count of a
 * tenant's list depends on another's. Who may ask is the door's to judge.
 *
 * One thread, the engine's. Functions that return json_t give it to the caller; NULL: no memory. */
#pragma once

#include "broker/broker.h"
#include "engine/engine.h"
#include "os/os.h"
#include "settings/settings.h"
#include "tls/tls.h"

#include <jansson.h>

/* ---- what the doors count ------------------------------------------------------------------- */
struct counters {                   /* MQTT */
    uint64_t accepted, turned_away; /* connections */
    uint64_t closed[CAUSE_COUNT];
    uint64_t bytes_in, bytes_out;
    uint64_t wakeups, reads, sends;
};
/* Totals a second apart, so that rates over the last seconds can be told. */
#define RATE_SAMPLES 16
struct rate_totals {
    int64_t at_ns;
    uint64_t messages, delivered, values, bytes_in, bytes_out, acks, wakeups, reads, cpu_ns;
    uint64_t requests; /* HTTP */
};
struct rates {
    struct rate_totals samples[RATE_SAMPLES];
    size_t count, next;
};
static inline bool rates_are_due(const struct rates *rates, int64_t now_ns)
{
    return rates->count == 0 ||
           now_ns - rates->samples[(rates->next + RATE_SAMPLES - 1) % RATE_SAMPLES].at_ns >=
               NS_PER_S;
}
void rates_note(struct rates *rates, const struct rate_totals *totals);
/* The oldest sample not older than 10 s before now and at least half a second away; else the
 * newest one that far away. NULL when there is none. */
const struct rate_totals *rates_before(const struct rates *rates, int64_t now_ns);

/* How far the disk is behind: since when the oldest batch that is not yet durable has been open. A
 * round is the resolution. */
struct lag {
    uint64_t ticket;   /* of the batch that was open when last looked */
    int64_t open_ns;   /* since when it holds something; 0: it is empty */
    int64_t flight_ns; /* since when the batch under way was open; 0: none is */
    int64_t longest_ns;
};
/* What the journal says now: the open batch's ticket, whether that is empty, and whether one is
 * under way to the disk. */
void lag_note(struct lag *lag, uint64_t ticket, bool empty, bool in_flight, int64_t now_ns);
int64_t lag_ns(const struct lag *lag, int64_t now_ns); /* 0: all is durable */

/* Of all doors of TLS together. */
struct report_tls {
    uint64_t connections; /* now */
    uint64_t handshakes, resumed, certificates, verified;
    uint64_t faults[TLS_FAULTS];
    uint64_t loads, failures; /* of new certificates */
    uint64_t until_s;         /* when the first one in force ends; 0: there is none */
};

/* ---- where it all comes from ---------------------------------------------------------------- */
struct report_sources {
    const struct settings *settings;
    struct engine *engine;
    const struct engine_start *start;
    struct broker *broker;
    struct disk *disk;
    struct clock *clock;
    const struct counters *counters;
    const struct rates *rates;
    const struct lag *lag;
    const size_t *connections, *connections_max; /* of MQTT, now and most at once */
    const struct budget *mqtt_memory;
    /* Of HTTP; NULL: there is none. Of its counters `closed` is not used: web counts its ends. */
    const uint64_t *requests;
    const struct counters *http_counters;
    const size_t *http_connections, *http_connections_max;
    const struct budget *http_memory;
    const char *mqtt_address, *http_address; /* as listened on */
    const int64_t *now_ns;                   /* boot clock of this round */
    int64_t started_ns, started_wall_ns;
    /* Adds "http" and "live" to the state, and their parts to its "memory"; NULL: there is none. */
    void (*add_http)(void *arg, json_t *state);
    void (*tell_tls)(void *arg, struct report_tls *ret); /* NULL: there is no TLS */
    void *arg;
};

/* ---- the state ------------------------------------------------------------------------------ */
json_t *report_state(const struct report_sources *sources);

/* ---- points and refusals -------------------------------------------------------------------- */
/* A JSON string of bytes that may have been cut within a character, or be no text at all. */
json_t *report_text(struct bytes text);
/* The point must be there. whole: with description, labels, limits, row and tenant. */
json_t *report_point(const struct report_sources *sources, uint32_t point, bool whole);
#define TENANT_ALL 0u
/* Points of a tenant after an id that match a topic filter, in the order of their ids. */
json_t *report_points(const struct report_sources *sources, uint32_t tenant, struct bytes filter,
                      uint32_t after, uint32_t most);
/* Newest first. */
json_t *report_refused(const struct report_sources *sources, uint32_t tenant);

/* ---- clients and retained messages ---------------------------------------------------------- */
/* A list ends at the first of these, and says where. */
#define REPORT_ANSWER_MAX ((size_t)1 << 20) /* bytes */
#define REPORT_LOOKED 20000                 /* points, clients or retained topics looked at */
#define REPORT_MOST 1000                    /* listed */
#define REPORT_COPIED_MAX ((size_t)8 << 20) /* bytes of retained messages looked at */
#define REPORT_PAYLOAD_SHOWN 256            /* bytes of a retained payload, then it is cut */
#define REPORT_GLOB_MAX 512                 /* bytes */
struct report_list {                        /* a question for a list, checked */
    struct bytes match; /* retained: a topic filter; clients: a glob; lives in the question */
    uint64_t after;     /* "next" of the answer before, or 0 */
    uint32_t most;      /* 1..REPORT_MOST */
    uint32_t tenant;    /* or TENANT_ALL */
    /* retained: may who asks see this topic? NULL: all of them. */
    bool (*sees)(void *arg, struct bytes topic);
    void *arg;
};
/* Does a glob match all of a text? '*' stands for any characters, '?' for one, others for
 * themselves. */
bool report_glob_matches(struct bytes text, struct bytes glob);
/* Clients that are connected, and sessions without one. Their count is null where it is not known
 * without looking at more than REPORT_LOOKED, that of messages where not all may be seen. */
json_t *report_clients(const struct report_sources *sources, const struct report_list *wanted);
json_t *report_retained(const struct report_sources *sources, const struct report_list *wanted);

/* ---- commands that come as JSON ------------------------------------------------------------- */
struct report_command {
    struct command command; /* views into the JSON object */
    struct label labels[LABELS_MAX];
};
/* NULL, or what is wrong with it in fault[fault_size] (also returned). Every length is held against
 * the format's limit. */
const char *report_command_read(const json_t *wish, int64_t wall_ns, struct report_command *ret,
                                char *fault, size_t fault_size);
/* The idempotency key alone: members key, client and sequence of an object that may have others. */
const char *report_key_read(const json_t *wish, int64_t wall_ns, struct command *ret, char *fault,
                            size_t fault_size);
/* The word of an outcome: "done", "unknown_point", ... */
const char *report_outcome_word(enum outcome_code code);
