/* broker: the MQTT server without sockets (MQTT 3.1, 3.1.1 and 5). Bytes of a connection come in
 * through broker_feed, bytes for it go out through a port, so that a socket, a WebSocket, a
 * simulator or a fuzzer can stand at the other end.
 *
 *   bytes -> broker_feed -> engine (what is kept and what is read) -> a ticket
 *   engine_step, the ticket is durable -> broker_step: answers, then deliveries, in the order in
 * which the messages came
 *
 * Guarantees. PUBACK, PUBREC and PUBCOMP, and SUBACK, UNSUBACK and CONNACK of kept sessions, leave
 * after the disk has what they say; PUBREL too. A message reaches a subscriber only when it is
 * durable, or when nothing of it is kept (QoS 0 that is no reading) and all that came before it is.
 * A kept session (one that outlives its connection) with its subscriptions, queued and half
 * acknowledged messages, and every connected client's will, are facts of the journal: they survive
 * kill -9. Messages of one publisher and topic reach a subscriber in order, per QoS. What any
 * client can make us hold is bounded: docs/limits.md.
 *
 * Tenants. Who connects is asked of src/access; his tenant's client ids, topics, groups and
 * retained messages are its own, and others are never looked up. What he publishes needs
 * RIGHT_WRITE, also where its readings go; what he is sent needs RIGHT_SEE at the moment it is
 * sent, whatever was queued before. "@name/filter" subscribes to what another tenant shares. Rights
 * that end are acted on from within access_step: the client is disconnected, subscriptions that see
 * nothing end.
 *
 * One thread owns a broker. */
#pragma once

#include "access/access.h"
#include "base/base.h"
#include "engine/engine.h"
#include "settings/settings.h"

/* ---- the port ---------------------------------------------------------------------------------
 */
/* Why a connection ended; each is counted. */
#define CAUSE_TABLE(X)                                                                             \
    X(CAUSE_GOODBYE, "goodbye", "the client said goodbye")                                         \
    X(CAUSE_GONE, "gone", "the client went away without DISCONNECT")                               \
    X(CAUSE_KEEP_ALIVE, "keep_alive", "silent for longer than one and a half keep-alives")         \
    X(CAUSE_CONNECT_TIME, "connect_time", "no CONNECT within mqtt.connect_time")                   \
    X(CAUSE_CONNECT_REFUSED, "connect_refused", "CONNECT was refused")                             \
    X(CAUSE_MALFORMED, "malformed", "a malformed packet")                                          \
    X(CAUSE_PROTOCOL, "protocol_error", "a packet the protocol does not allow here")               \
    X(CAUSE_NOT_SUPPORTED, "not_supported", "a feature this version does not offer")               \
    X(CAUSE_PACKET_SIZE, "packet_too_large", "a packet larger than mqtt.packet")                   \
    X(CAUSE_RECEIVE_MAXIMUM, "receive_maximum", "more unacknowledged messages than announced")     \
    X(CAUSE_TAKEN_OVER, "taken_over", "the same client id connected again")                        \
    X(CAUSE_MEMORY, "memory", "limit mqtt.memory")                                                 \
    X(CAUSE_REFUSED, "message_refused", "a message was refused and MQTT 3 has no answer for it")   \
    X(CAUSE_LOST, "write_failed", "a write failed: its messages were not acknowledged")            \
    X(CAUSE_TOO_MANY, "too_many", "limit mqtt.connections")                                        \
    X(CAUSE_REVOKED, "revoked", "its account, secret or tenant may no more")                       \
    X(CAUSE_STOP, "stop", "the server stops")                                                      \
    X(CAUSE_ERROR, "error", "the socket failed")
#define CAUSE_ENUM(name, word, text) name,
enum cause { CAUSE_TABLE(CAUSE_ENUM) CAUSE_COUNT };
#undef CAUSE_ENUM
const char *cause_word(enum cause cause);
const char *cause_text(enum cause cause);

struct client;
struct chore;
struct entrance;
/* The broker's end of a connection: a member of whatever the transport keeps of it. */
struct broker_link {
    struct client *client; /* the broker's; NULL before CONNECT and after the end */
    const char *peer;      /* for the log; lives as long as the link */
    bool over;             /* broker_gone was called, or the broker said goodbye: send no more */
    /* What the transport knows of the other side, told before the first feed. */
    bool loopback; /* it is this machine, by an address that cannot be forged */
    struct bytes fingerprint, common_name; /* of a certificate that TLS has verified; size 0: none;
                                              they live as long as the link */
    struct principal *principal; /* proven to the transport already (a cookie, a bearer token), used
                                    by a CONNECT without a user name; NULL: by nothing. Borrowed as
                                    long as the link lives */
    bool turn; /* after BROKER_HOLD: only others go first; feed the rest with the next round */
    struct chore *awaits; /* the broker's: what must be on the disk before it goes on, or ends */
    struct entrance *entrance; /* the broker's: whether it may come in */
};
/* Room for one packet is asked for and used at once; nothing else is called in between. */
#define BROKER_ROOM ((size_t)16 << 10)
struct broker_port {
    /* size <= BROKER_ROOM bytes to write into; never NULL. used: how many of them were. */
    uint8_t *(*room)(void *arg, struct broker_link *link, size_t size);
    void (*used)(void *arg, struct broker_link *link, size_t used);
    /* A packet larger than that; copied or sent before it returns. */
    void (*put)(void *arg, struct broker_link *link, struct bytes bytes);
    /* What room and put gave for this link goes out now. */
    void (*flush)(void *arg, struct broker_link *link);
    /* Bytes that the other side has not taken yet: past BROKER_UNSENT nothing is delivered until
     * broker_unchoked is called. */
    size_t (*unsent)(void *arg, struct broker_link *link);
    /* The connection ends after what was given is sent. broker_gone is not called for it. */
    void (*end)(void *arg, struct broker_link *link, enum cause cause);
    /* Bytes that broker_feed left with BROKER_HOLD are to be fed again. */
    void (*resume)(void *arg, struct broker_link *link);
    /* How long it may say nothing before broker_silent is to be called; 0: any time. */
    void (*allow_silence)(void *arg, struct broker_link *link, int64_t allowed_ns);
};
#define BROKER_UNSENT ((size_t)64 << 10)

/* ---- life
 * ---------------------------------------------------------------------------------------- */
struct broker_config {
    const struct settings *settings; /* read at each use: may change between calls */
    struct engine *engine;
    struct access *access; /* NULL: everyone is of the tenant main and may all; for tests */
    struct clock *clock;
    const struct broker_port *port;
    void *arg; /* of the port */
    struct budget
        *memory; /* of all clients together, the transport's buffers as well: mqtt.memory */
    /* What ids and choices that need not be repeatable are made of. */
    void (*random)(void *at, size_t size);
};
struct broker;
/* Settings that only this room can judge: readings.match and readings.path. ERR_INVALID with a
 * sentence in fault[SETTINGS_FAULT_SIZE]; to be asked before anything is opened. */
MUST_USE enum err broker_settings_check(const struct settings *settings, char *fault);
/* Takes over what the engine's sessions know: subscriptions are entered, sessions that were
 * connected when the last process ended are closed, their wills published. readings.path is read
 * now and holds until the end. ERR_NO_MEMORY; ERR_INVALID, logged: broker_settings_check. */
MUST_USE enum err broker_create(const struct broker_config *config, struct broker **ret_broker);
/* Links must be over by then. NULL is fine. */
void broker_destroy(struct broker *broker);

enum broker_feed {
    BROKER_MORE, /* all whole packets were taken: read on */
    BROKER_FULL, /* the engine says wait: feed the rest again after its next step */
    BROKER_HOLD, /* this link must wait: feed the rest again after port.resume */
    BROKER_END,  /* the connection ends: drop the rest */
};
/* Whole packets from bytes; *ret_used: how many bytes those were, *ret_wanted: how many the packet
 * after them has in all (0: not known). */
enum broker_feed broker_feed(struct broker *broker, struct broker_link *link, struct bytes bytes,
                             size_t *ret_used, size_t *ret_wanted);
/* The connection is gone without our doing. */
void broker_gone(struct broker *broker, struct broker_link *link);
/* Nothing came for as long as was allowed. */
void broker_silent(struct broker *broker, struct broker_link *link);
/* More came than may be held for it. */
void broker_too_much(struct broker *broker, struct broker_link *link);
/* The other side takes bytes again. */
void broker_unchoked(struct broker *broker, struct broker_link *link);

/* ---- time
 * ----------------------------------------------------------------------------------------- */
/* The clock moved: before anything else of a round. */
void broker_now(struct broker *broker, int64_t boot_ns);
/* After engine_step: what became durable is answered and delivered, what waited is tried again,
 * what is due is done, a bounded piece of each. Returns after how many ns it wants to be called
 * again at the latest: 0 when there is more to do now. */
int64_t broker_step(struct broker *broker);
/* What could not be admitted before the engine's step is tried; false: the engine still says wait,
 * and nothing should be fed. */
bool broker_retry(struct broker *broker);
/* Is all that was taken durable, told and delivered as far as the clients take it? */
bool broker_is_idle(const struct broker *broker);
/* The server stops: wills are published (first), goodbye is said to all (then). Sessions that are
 * kept stay; delayed wills wait for the next process. */
void broker_stop_wills(struct broker *broker);
void broker_stop_goodbye(struct broker *broker);

/* A message of the server's own to a tenant's topic, QoS 1, never a reading: taken, or why not.
 * ADMIT_WAIT: again after the engine's step. Not from within a call of the port. */
enum admit broker_say(struct broker *broker, uint32_t tenant, struct bytes topic,
                      struct bytes payload);

/* ---- asking
 * --------------------------------------------------------------------------------------- */
#define LATENCY_BUCKETS 32
struct broker_counters {
    uint64_t connects, packets, packets_out; /* accepted; packets in and out */
    uint64_t qos_0, qos_1, qos_2;            /* PUBLISH that came, by QoS */
    uint64_t acks, negative_acks;            /* PUBACK, PUBREC sent */
    uint64_t dropped;                        /* QoS 0 messages that were refused */
    uint64_t delivered, delivered_bytes;     /* PUBLISH sent */
    uint64_t dropped_slow;                   /* QoS 0, for clients that do not read */
    uint64_t dropped_queue;                  /* QoS 1 and 2, because a session's queue was full */
    uint64_t dropped_size, dropped_expired;  /* larger than the client takes; past their expiry */
    uint64_t dropped_denied;                 /* its client may not see them (any more) */
    uint64_t denied;                         /* PUBLISH and SUBSCRIBE without the right to it */
    uint64_t revoked;                        /* clients whose rights ended */
    uint64_t held_quota, held_turn; /* PUBLISH that waited: for the tenant's quota; for others */
    uint64_t messages_bytes;        /* of PUBLISH that came */
    uint64_t wills, subscribes, unsubscribes, sessions_expired;
    uint64_t waits;                    /* the engine said "not now" */
    uint64_t latency[LATENCY_BUCKETS]; /* [i]: from read to PUBACK sent in < 2^i us */
    uint64_t latency_us_sum;
    uint32_t latency_us_max;
};
static inline void broker_latency_note(struct broker_counters *counters, uint32_t us)
{
    unsigned bucket = us == 0 ? 0 : 32 - (unsigned)__builtin_clz(us);
    counters->latency[bucket < LATENCY_BUCKETS ? bucket : LATENCY_BUCKETS - 1]++;
    if (us > counters->latency_us_max)
        counters->latency_us_max = us;
    counters->latency_us_sum += us;
}
/* The upper end in us of the bucket that holds the given share (0..1) of all; 0 when none. */
uint64_t broker_latency_share(const struct broker_counters *counters, double share);
struct broker_state {
    uint64_t clients, clients_max;  /* connected */
    uint64_t sessions;              /* recorded: kept ones, and those whose will is */
    uint64_t subscriptions, shared; /* of all; of these in groups */
    uint64_t retained, retained_bytes;
    uint64_t queued, stored_bytes; /* entries of kept sessions; bytes of messages */
    uint64_t in_flight;            /* messages between admission and delivery */
    uint64_t skipped; /* messages for which a queue had no packet id, since the journal began */
    uint64_t memory;
};
const struct broker_counters *broker_counters(const struct broker *broker);
void broker_describe(const struct broker *broker, struct broker_state *ret_state);
struct client_view { /* of a connected client, or of a session without one */
    uint32_t tenant;
    struct bytes id;
    const char *peer; /* NULL: not connected */
    uint8_t version;
    bool kept;
    uint32_t expiry_s, subscriptions;
    uint64_t queued, queued_bytes; /* waiting for it */
    uint32_t in_flight;            /* sent, not acknowledged */
    uint64_t dropped;
    int64_t connected_ns; /* boot clock */
};
/* Clients in no order: *cursor starts at 0; false at the end. Views live until the next call that
 * feeds or steps. */
MUST_USE bool broker_client_next(const struct broker *broker, uint64_t *cursor,
                                 struct client_view *ret_view);
/* How many bytes and messages the server's $SYS topics say came in and went out. */
struct broker_traffic {
    uint64_t bytes_in, bytes_out, connections, accepted;
};
void broker_traffic(struct broker *broker, const struct broker_traffic *traffic);

/* ---- topics seen
 * ------------------------------------------------------------------------------------ */
/* Which topics came lately, what became of them, and where their readings are: for people who set
 * up readings.match and readings.path. At most 4,096 topics and 4 MiB of their names are
 * remembered; past that the one that was silent longest is forgotten. A topic of more than 4,096
 * bytes is not remembered. It is telemetry: not on the disk, gone with the process.
 *
 * Up to 1,024 messages a second each one is noted. Past that so many of them, chosen by chance,
 * that some 1,024 a second are: counts are then estimates (each stands for those before it that
 * were not noted), and a topic that is rarer than its share may be missing. What it costs: 1 ns a
 * message. */
#define TOPICS_SEEN_MAX 4096
#define TOPICS_SEEN_BYTES ((size_t)4 << 20)
#define TOPIC_SEEN_BYTES_MAX 4096
#define TOPIC_USE_TABLE(X)                                                                         \
    X(TOPIC_READING, "reading", "its messages are readings")                                       \
    X(TOPIC_REFUSED, "refused", "its last message gave no reading")                                \
    X(TOPIC_NOT_MATCHED, "not_matched", "readings.match does not match it")                        \
    X(TOPIC_DOLLAR, "dollar", "topics that begin with $ are never readings")                       \
    X(TOPIC_RESPONSE, "response", "a client wants its responses there")
#define TOPIC_USE_ENUM(name, word, text) name,
enum topic_use { TOPIC_USE_TABLE(TOPIC_USE_ENUM) TOPIC_USES };
#undef TOPIC_USE_ENUM
const char *topic_use_word(enum topic_use use);
struct topic_view {
    uint32_t tenant;
    struct bytes topic;
    uint64_t messages;    /* an estimate, see above; wills among them */
    int64_t last_wall_ns; /* when the last noted one came */
    enum topic_use use;   /* of the last noted one */
    enum admit admit;     /* with TOPIC_REFUSED: why */
    enum payload_fault fault;
    const char *why;   /* a sentence; NULL: TOPIC_READING */
    struct bytes path; /* the point of its readings, or the branch under which they lie; size 0:
                          none, for it is not matched, or see admit */
    bool object;       /* the last payload that was looked at held objects: points are below path */
    bool payload_known; /* false: its payloads are too long to be looked at for this */
};
/* Newest first: *cursor starts at 0; false at the end. A topic that is seen between two calls moves
 * to the front and may be missed by a walk that goes on. Any cursor may be tried: one that was
 * never given begins somewhere. Views live until the next call of these, or one that feeds or
 * steps. */
MUST_USE bool broker_topic_next(struct broker *broker, uint64_t *cursor,
                                struct topic_view *ret_view);
/* What other settings would make of the topics seen, newest first; changes nothing. match, path:
 * texts for readings.match and readings.path; NULL: as they are in force. each is told what is
 * (now) and what would be (then), until it returns false. What limits and types would refuse at
 * another path is not foreseen. Takes about a millisecond for 4,096 topics. ERR_INVALID with a
 * sentence in fault[SETTINGS_FAULT_SIZE] that begins with the setting's name. */
typedef bool broker_topic_each(void *arg, const struct topic_view *now,
                               const struct topic_view *then);
MUST_USE enum err broker_topics_dry_run(struct broker *broker, const char *match, const char *path,
                                        broker_topic_each *each, void *arg, char *fault);
/* Where readings of this topic are: ADMIT_DONE and a view of the topic, or of what readings.path
 * made of it in path[PATH_MAX_BYTES]; else ADMIT_NO_PATH, or ADMIT_TOPIC_INVALID (too long, or
 * nothing is left). Says not whether its messages are readings, nor whether the path is valid. */
MUST_USE enum admit broker_topic_path(const struct broker *broker, struct bytes topic,
                                      uint8_t *path, struct bytes *ret_path);
