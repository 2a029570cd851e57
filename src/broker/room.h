/* What the files of this folder share. The path of a message through them:
 *
 *   packet.c (which packet) -> publish.c (aliases, QoS 2, what the engine takes)
 *     -> route.c (who gets it) -> post.c (waits for the durable mark)
 *     -> deliver.c (queues and windows of a client) -> the port
 *
 *   connect.c, close.c, chore.c, will.c  a session's beginning and end, as facts
 *   subscribe.c, retained.c              subscriptions, and what they find retained
 *   acks.c                               what a publisher is told, in order
 *   sys.c                                $SYS
 *   seen.c                               which topics came lately, and where their readings are
 *
 * Words: a *client* is connected; a *recorded* session has a number and facts in the journal,
 * because it outlives its connection (*kept*) or has a will; others live as long as their
 * connection. */
#pragma once

#include "broker/broker.h"
#include "topics/topics.h"
#include "wire/mqtt/mqtt.h"

#include <string.h>

#define SUBSCRIBE_FILTERS_MAX 1024 /* filters of one SUBSCRIBE or UNSUBSCRIBE */
#define SUBACKS_WAITING                                                                            \
    ((size_t)256 << 10) /* bytes of such posts past which a client is not read */
#define REASON_ROOM 512 /* a packet with a reason string fits */
/* The largest PUBLISH whose message is kept; larger ones go from hand to hand. */
#define PACKET_SCRATCH (ENGINE_FACTS_BYTES_MAX + ((size_t)64 << 10))

/* ---- acks: what a client is still to be told, in the order in which it published
 * ------------------ */
/* A refusal waits its turn in the same queue (MQTT 5, 4.6). Empty, it holds no memory. */
struct ack {
    uint32_t ticket;  /* low half: tickets that wait are never 2^31 apart */
    uint32_t read_us; /* low half of the boot clock when the message was read */
    uint16_t packet_id;
    uint8_t type; /* MQTT_PUBACK, MQTT_PUBREC, MQTT_PUBREL, MQTT_PUBCOMP */
    uint8_t reason;
    uint8_t admit; /* enum admit, for the reason string */
    uint8_t fault; /* enum payload_fault */
};
struct acks {
    struct ack *at; /* a ring of capacity (a power of two) */
    uint32_t first, count, capacity;
};
/* false: no memory, and nothing was put. */
MUST_USE bool acks_put(struct acks *acks, const struct ack *ack);
/* The oldest if the durable ticket covers it, else NULL. */
static inline const struct ack *acks_next(const struct acks *acks, uint64_t durable_ticket)
{
    if (acks->count == 0)
        return NULL;
    const struct ack *ack = &acks->at[acks->first];
    return (int32_t)((uint32_t)durable_ticket - ack->ticket) >= 0 ? ack : NULL;
}
/* Are all of them? A refusal may wait for less than what was taken before it. */
static inline bool acks_are_durable(const struct acks *acks, uint64_t durable_ticket)
{
    for (uint32_t i = 0; i < acks->count; i++) {
        const struct ack *ack = &acks->at[(acks->first + i) & (acks->capacity - 1)];
        if ((int32_t)((uint32_t)durable_ticket - ack->ticket) < 0)
            return false;
    }
    return true;
}
static inline void acks_drop(struct acks *acks) /* the oldest; there is one */
{
    acks->first = (acks->first + 1) & (acks->capacity - 1);
    acks->count--;
}
void acks_trim(struct acks *acks); /* gives the memory back when nothing waits */
void acks_done(struct acks *acks);
static inline size_t acks_bytes(const struct acks *acks)
{
    return (size_t)acks->capacity * sizeof(struct ack);
}

/* ---- messages on their way, shared by all who get them
 * ---------------------------------------------- */
struct message {
    uint32_t references;
    uint32_t tenant; /* whose topic it is */
    uint32_t payload_size, properties_size;
    uint16_t topic_size;
    uint8_t qos;
    bool has_expiry;
    int64_t expires_ns; /* boot clock */
    uint8_t bytes[];    /* topic, properties, payload */
};
static inline size_t message_bytes(const struct message *message)
{
    return sizeof *message + message->topic_size + message->properties_size + message->payload_size;
}
/* NULL past seven eighths of mqtt.memory. One reference is the caller's. */
struct message *message_create(struct broker *broker, uint32_t tenant, struct bytes topic,
                               struct bytes properties, struct bytes payload);
void message_drop(struct broker *broker, struct message *message); /* NULL is fine */

/* ---- what a client is to get
 * -------------------------------------------------------------------------- */
struct ids { /* subscription ids, more than one */
    uint8_t count;
    uint32_t at[];
};
enum slot_state { SLOT_WAITS, SLOT_SENT, SLOT_RELEASED, SLOT_DONE };
struct slot {
    struct message *message; /* NULL in flight: it lies in the kept session's queue */
    struct ids *ids;         /* NULL: id alone */
    uint32_t id;             /* 0: none */
    uint8_t qos, state;
    bool retain;
};
struct slots {
    struct slot *at; /* a ring of capacity (a power of two) */
    uint32_t first, count, capacity;
};
/* The retained messages a new subscription is still to be given. */
struct retained_feed {
    struct retained_feed *next;
    uint32_t tenant; /* whose messages */
    uint64_t
        stamp;  /* broker->retain_stamp when it was asked: what was delivered since is not given */
    bool found; /* the list was made, or the walk begun */
    uint32_t slot;  /* by slots: where it goes on; 0: by the list */
    uint32_t *list; /* messages found */
    uint32_t count, at;
    uint32_t id;
    uint8_t qos;
    uint16_t filter_size;
    uint8_t filter[];
};
struct out_alias {
    uint64_t hash;
    uint16_t size;
    uint8_t *at;
};
struct out {              /* made with the first message to the client */
    struct slots qos_0;   /* not sent */
    struct slots waiting; /* QoS 1 and 2 of a session that is not kept, not sent */
    struct slots flight;  /* sent, by packet ids: flight_first, and on without a gap */
    uint16_t flight_first;
    uint16_t next_id;    /* of sessions that are not kept */
    uint32_t in_flight;  /* of flight: not done */
    uint64_t bytes;      /* of messages in qos_0 and waiting */
    uint32_t entry_next; /* kept: the oldest entry not sent; ENTRY_NONE: see sent */
    uint16_t sent;       /* kept: packet id of the newest entry sent; 0: none */
    uint16_t resent_to;  /* kept: entries up to this packet id were sent before: DUP; 0: none */
    bool resending;
    uint32_t resend_end; /* the first entry that was not sent before; ENTRY_NONE: see resend_last */
    uint16_t resend_last; /* packet id of the newest entry when the session went on */
    struct retained_feed *feeds, **feeds_end;
    struct out_alias *aliases;
    uint16_t alias_count;
};

/* ---- clients
 * -------------------------------------------------------------------------------------------- */
struct alias {
    uint8_t *at; /* NULL: not set */
    uint16_t size;
};
/* ---- flows: of a tenant's clients together, what they publish -----------------------------------
 */
struct flow {
    uint32_t tenant, clients;
    uint32_t fresh;         /* of them: PASS_FRESH */
    uint64_t resumed_round; /* when one was let in last */
    uint64_t credit, debt;  /* values paid for and not used; used and not paid for */
    uint64_t round;         /* of the loop, that round_messages are of */
    uint32_t round_messages;
    int64_t wait_until_ns; /* the quota says: not before */
    struct link held;      /* clients whose next message waits, in turn */
    struct link waits;     /* on broker->flows_waiting when some do */
};
/* A client that came to the front of its tenant's line, and what it did there. */
enum pass { PASS_NONE, PASS_FRESH, PASS_SERVED };
/* What a client may write as long as its rights are the same: branches and topics, compared byte by
 * byte before src/access is asked. Made with the first message of a client that may not write all.
 */
#define ALLOWED_BYTES 62
enum allowed_kind {
    ALLOWED_TOPIC,  /* this topic; of what is below it nothing is known */
    ALLOWED_WHOLE,  /* this topic, and all below it */
    ALLOWED_BRANCH, /* all that begins with it: it ends in '/' */
};
struct allowed {
    uint8_t size; /* 0: none */
    uint8_t kind;
    uint8_t text[ALLOWED_BYTES];
};
#define ALLOWED_MOST 4u
#define ALLOWED_TABLE 1024u /* 64 KiB, of clients that write many topics one by one */
struct allowed_list {
    uint64_t generation;
    uint32_t hit, next, misses; /* hit: which one fitted last; next: to be forgotten next */
    struct allowed at[ALLOWED_MOST];
    struct allowed *table; /* topics by their hash, of who has many; NULL: not made */
};
struct client {
    struct broker_link *link;
    struct broker *broker;
    struct client *next; /* in the bucket */
    uint64_t id_hash;
    uint32_t tenant;
    uint32_t slot, generation; /* for those who may outlive it */
    uint32_t number;           /* of the recorded session; SESSION_NONE */
    uint32_t expiry_s;
    bool kept, waits /* for CONNACK */, session_present, problem_info, bridge;
    bool counted;                /* by its tenant's quota of connections */
    bool sees_all, writes_all;   /* of its own tenant's topics, in this generation */
    uint8_t pass;                /* enum pass */
    uint64_t rights_generation;  /* of sees_all and writes_all */
    struct principal *principal; /* held; NULL: everyone may all */
    struct principal_watch watch;
    struct allowed_list *allowed; /* NULL: not made yet */
    struct flow *flow;            /* NULL: as principal */
    struct link held;             /* on flow->held, or alone */
    uint8_t version;
    struct link dirty;     /* on broker->dirty: something may be sent */
    struct link acks_link; /* on broker->acks_waiting or acks_due, or alone */
    struct acks acks;
    struct publisher publisher;
    struct alias *aliases; /* that it set; alias_max of them once the first is */
    struct out *out;
    uint8_t *received; /* QoS 2 packet ids in use: a bit each; NULL: none was ever */
    uint32_t received_count;
    uint32_t unanswered; /* QoS 1 messages whose PUBACK waits */
    size_t suback_bytes; /* of its posts that wait to answer SUBSCRIBE and UNSUBSCRIBE */
    uint32_t receive_max, packet_in_max; /* as announced to it: ours to enforce */
    uint32_t window;                     /* QoS 1 and 2 messages it takes unacknowledged */
    uint32_t packet_max;                 /* the largest packet it takes */
    uint16_t alias_max, out_alias_max, keep_alive_s;
    uint32_t first_subscription, subscription_count; /* of sessions that are not recorded */
    size_t subscription_bytes;
    uint32_t match_at;
    uint64_t match_stamp;
    uint64_t dropped;
    int64_t connected_ns;
    uint16_t id_size;
    uint8_t id[];
};
static inline struct bytes client_id(const struct client *client)
{
    return bytes_of(client->id, client->id_size);
}
/* What the broker knows of a recorded session beside its facts; by number. */
struct record {
    struct client *client;       /* NULL: not connected */
    struct principal *principal; /* held: of the last client, when it is gone; NULL: not known */
    uint32_t first_subscription, subscription_count;
    size_t subscription_bytes;
    uint32_t match_at;
    uint32_t pending; /* entries admitted and not yet in its queue */
    uint64_t pending_bytes, match_stamp;
    uint64_t dropped;
    int64_t closed_ns;   /* boot clock; what was closed before the start: as long ago as it was */
    struct chore *chore; /* its end, or its will, is under way: not yet durable; NULL: none */
    uint32_t tenant;     /* for whom it is counted; TENANT_NONE: for nobody */
    bool in_use;
    bool goodbye; /* the last connection ended with DISCONNECT: its will is not wanted any more */
};

/* ---- subscriptions
 * ---------------------------------------------------------------------------------------- */
#define GROUP_FLAG UINT32_C(0x80000000)
/* Where the filter of a subscription is matched. A tenant that takes a share names the other's
 * topics "@name/topic". */
struct filter_place {
    uint32_t home;   /* the session's tenant */
    uint32_t tenant; /* whose topics it matches: its own, or another's */
    uint16_t at;     /* where in the filter that begins which topics are matched with */
    bool checked;    /* not all that it matches may be seen: each message is judged */
};
struct subscription {
    uint32_t index;
    struct filter_place place;
    struct client *client;    /* of sessions that are not recorded */
    uint32_t number;          /* of recorded ones */
    uint32_t next, previous;  /* of the same session */
    uint32_t group, group_at; /* group + 1 and its place there; 0: not shared */
    uint32_t id;
    uint8_t qos, retain_handling;
    bool no_local, retain_as_published;
    uint16_t filter_size; /* whole, with $share */
    uint8_t filter[];
};
static inline struct bytes subscription_filter(const struct subscription *subscription)
{
    return bytes_of(subscription->filter, subscription->filter_size);
}
/* What topics are matched with. */
static inline struct bytes filter_matched(struct bytes filter, const struct filter_place *place)
{
    return bytes_of(filter.at + place->at, filter.size - place->at);
}
struct group { /* of shared subscriptions with one name and filter, of one tenant's sessions */
    uint32_t home, tenant; /* as of their places */
    uint32_t *members;     /* subscriptions */
    uint32_t count, capacity, turn;
    uint32_t next_free;
    uint64_t hash;
    uint16_t name_size; /* "NAME/FILTER" behind $share/ */
    uint8_t *name;
};
/* The part of a shared filter that topics are matched with; of others the whole. */
struct bytes filter_of_share(struct bytes filter);

/* ---- route: who gets a message
 * ------------------------------------------------------------------------------- */
struct match {
    struct client *client; /* connected; NULL: only the queue */
    uint32_t number;       /* of a kept session that queues it; SESSION_NONE */
    uint32_t dropped;      /* of one whose queue is full; SESSION_NONE */
    uint32_t id, more;     /* more: of the other ids, index + 1; 0: there is none */
    uint8_t qos, id_count;
    bool retain;
};
struct match_id {      /* ids after the first: a list for each match */
    uint32_t id, next; /* next: index + 1; 0: the last */
};
struct route {
    struct match *matches;
    struct match_id *ids;
    uint32_t count, capacity, id_count, id_capacity;
    uint64_t stamp;
    uint32_t queued; /* of matches: those with a queue */
    bool unsure;     /* queue_is_unsure of one that would not take it */
    /* of the message */
    uint8_t qos;
    bool retain;
    const struct client *publisher; /* for no local; NULL */
    uint32_t publisher_number;
    bool short_of_memory;
    uint64_t size;
    uint32_t tenant;
    struct bytes topic;
    uint8_t *targets; /* of the fact */
    size_t targets_size, targets_capacity;
};

/* ---- posts: what waits for the durable mark, in order
 * ------------------------------------------------------ */
enum post_kind { POST_MESSAGE, POST_CONNACK, POST_SUBACK, POST_NUMBER };
struct live_target {
    uint32_t slot, generation;
    uint32_t id;
    uint8_t qos, id_count; /* ids after the first lie in the post's list, in order */
    bool retain;
};
struct post_filter { /* of a SUBSCRIBE */
    uint32_t id;
    uint8_t reason;
    bool retained;   /* retained messages are wanted */
    uint32_t tenant; /* whose */
    uint16_t size;   /* bytes of the filter they match, which lie behind all of these, in order */
};
struct post {
    struct post *next;
    uint64_t ticket;
    size_t bytes; /* as counted */
    uint8_t kind, packet_type;
    bool retain; /* MESSAGE: it is the retained message of its topic */
    uint16_t packet_id;
    uint32_t slot, generation; /* CONNACK, SUBACK */
    uint32_t number;           /* NUMBER */
    uint64_t topic_hash;       /* MESSAGE with retain */
    struct message *message;
    uint32_t done; /* MESSAGE: targets served */
    uint32_t count, queued_count, id_count;
    uint32_t queued_bytes; /* of the message, as queues count it */
    /* MESSAGE: struct live_target[count], uint32_t numbers[queued_count], ids[id_count]
     * SUBACK: struct post_filter[count], then the filters */
    uint64_t content[];
};

/* ---- chores: facts and wills that are due and must not be forgotten when the engine says wait
 * --------------- */
enum chore_kind {
    CHORE_CLOSE,
    CHORE_WILL,
    CHORE_END,
    CHORE_DROP,
    CHORE_UNRETAIN,
    CHORE_UNSUBSCRIBE
};
struct chore {
    struct chore *next;
    uint8_t kind;
    bool will_wanted;   /* CLOSE */
    bool will_over;     /* CLOSE: it was published, what is left is the fact */
    uint16_t packet_id; /* DROP; CLOSE: sent */
    uint32_t number, expiry_s;
    uint32_t tenant;             /* UNRETAIN */
    uint64_t after_ticket;       /* not before this is durable */
    uint64_t ticket;             /* of its fact, once it is done */
    uint64_t id_hash;            /* CLOSE of a session whose beginning is not durable; 0: else */
    struct broker_link *held;    /* a CONNECT of the same session */
    struct broker_link *leaving; /* who said DISCONNECT: ended when this is durable */
    uint16_t topic_size;         /* UNRETAIN; UNSUBSCRIBE: the filter */
    uint8_t topic[];
};

#define RECEIVED_BYTES ((size_t)8192) /* a bit for each packet id */

#define SYS_TOPICS_MAX 64
struct sys_value {
    const char *topic;
    char text[48];
};
#define RESPONSES 8192
#define RETAIN_RING 1024

/* ---- seen: topics that came lately
 * ---------------------------------------------------------------------------- */
#define SEEN_BUCKETS 8192u
struct payload_look { /* what is known of a topic's payloads beside the engine's answer */
    bool known, object;
    bool keys_invalid;    /* a key can be no part of a path */
    uint8_t admit, fault; /* DONE: readings */
    uint8_t depth;        /* most levels of a key */
    uint16_t size;        /* most bytes of a key */
};
struct seen_topic {
    struct link link; /* on seen.recent, or seen.unused */
    uint8_t *at;
    uint32_t tenant, size, hash;
    uint64_t messages;
    uint64_t sequence; /* of the note: newer is larger; 0: unused */
    int64_t last_wall_ns;
    uint16_t chain; /* of its bucket: place + 1; 0: the last */
    uint8_t use, admit, fault;
    uint8_t notes; /* since the payload was looked at */
    struct payload_look look;
};
struct seen {
    /* the sample */
    uint32_t left; /* messages until the next one is noted */
    uint32_t gap;  /* how many that one stands for */
    uint32_t mean; /* of gaps; 1: each message is noted */
    uint32_t notes_left;
    uint64_t messages; /* of this second */
    uint64_t random;
    int64_t began_ns; /* this second */
    /* the table */
    struct seen_topic *topics;  /* TOPICS_SEEN_MAX */
    uint16_t *buckets;          /* SEEN_BUCKETS: place + 1 */
    struct link recent, unused; /* newest first */
    size_t bytes;               /* of topics */
    uint64_t sequence;
    struct payload_decoder *decoder;
    uint8_t path[2][PATH_MAX_BYTES]; /* of the views that were given last */
};

struct response { /* a topic where a client wants its responses, as long as it is connected */
    uint64_t hash;
    uint32_t slot, generation;
};

struct broker {
    struct broker_config config;
    const struct settings *settings;
    struct engine *engine;
    struct sessions *sessions;
    int64_t now_ns;
    uint64_t seed;
    struct budget *memory;
    uint64_t durable_ticket, lost_generation, last_ticket;
    struct broker_counters counters;
    bool paths_are_topics; /* path_template says so */
    struct seen seen;
    struct topic_template path_template; /* readings.path */
    uint8_t path[PATH_MAX_BYTES];        /* of the message at hand */
    uint64_t work; /* steps of routing since the start: who makes many lets others go first */

    /* clients */
    struct client **buckets; /* by client id: a power of two */
    size_t bucket_count, client_count, clients_max;
    struct client **slots; /* by slot */
    uint32_t slot_count, slot_capacity, slot_free_count, generation;
    uint32_t *slots_free;
    struct link dirty, acks_waiting, acks_due;

    /* recorded sessions */
    struct record *records; /* by number */
    uint32_t record_count;  /* highest number + 1 */
    uint32_t record_capacity, recorded;
    uint32_t *tenant_records; /* how many of them are of each tenant, by its number */
    uint32_t tenant_record_capacity;
    uint32_t *numbers_free;
    uint32_t number_free_count, number_free_capacity;
    uint32_t sweep_at;
    int64_t sweep_due_ns;
    uint32_t unretain_at;

    /* subscriptions */
    struct topics *topics;
    struct subscription **subscriptions; /* by index */
    uint32_t subscription_count, subscription_capacity, subscription_free_count, subscriptions_used;
    uint32_t *subscriptions_free;
    struct group *groups;
    uint32_t group_count, group_capacity, group_free; /* group_free: index + 1 */
    struct index *group_index, *subscription_index;
    uint64_t shared;
    struct route route;

    /* on the way */
    struct post *posts, **posts_end;
    uint64_t post_count, retain_posts;
    uint16_t retain_pending[RETAIN_RING]; /* posts that retain, by the hash of their topics */
    uint64_t retain_served[RETAIN_RING];  /* hashes of the topics of those served last: a ring */
    uint64_t retain_stamp;                /* how many were served */
    uint32_t searches;                    /* of retained topics, left in this round */
    struct chore *chores, **chores_end;   /* to be done */
    struct chore *done, **done_end;       /* done, and not yet durable */
    uint32_t openings;                    /* chores with an id_hash */
    uint64_t chore_ticket;                /* of the last one that was done */
    bool chores_blocked;                  /* the disk takes none */
    uint64_t ends_ticket;                 /* batch in which sessions end, and entries that go */
    uint64_t ends_entries;
    struct publisher will_publisher, say_publisher;
    uint8_t *scratch, *scratch_2; /* PACKET_SCRATCH each */
    struct fact *facts;           /* SUBSCRIBE_FILTERS_MAX + 2 */

    /* $SYS, response topics */
    struct sys_value sys[SYS_TOPICS_MAX];
    size_t sys_count;
    int64_t sys_due_ns, started_ns, load_ns;
    double loads[16][3];
    uint64_t load_before[16];
    struct broker_traffic traffic;
    struct response responses[RESPONSES];
    size_t response_count;

    /* tenants */
    struct access *access;  /* NULL: everyone is of the tenant main and may all */
    struct pattern all;     /* "#" */
    struct flow **flows;    /* by tenant; NULL: none of its clients is connected */
    uint32_t flow_capacity; /* tenants past it have no client */
    struct link flows_waiting;
    uint64_t round;
    uint32_t round_flows, round_share; /* seen in this round; messages each may send in it */
    uint8_t *foreign;                  /* another tenant's topic, as it is shown */

    struct log_ration ration_refused, ration_closed, ration_slow;
};

/* ---- broker.c ---- */
/* The server's own topics (4.7.2), which nobody else may publish to. */
bool topic_is_sys(struct bytes topic);
/* Of a topic, a client id or a group's name, which are each tenant's own. */
static inline uint64_t broker_hash(const struct broker *broker, uint32_t tenant, struct bytes bytes)
{
    return hash64(bytes.at, bytes.size, broker->seed ^ tenant * UINT64_C(0x9E3779B97F4A7C15));
}
/* A ring doubles; counted. false past mqtt.memory. */
MUST_USE bool slots_put(struct broker *broker, struct slots *slots, const struct slot *slot);
static inline struct slot *slots_at(const struct slots *slots, uint32_t at)
{
    return &slots->at[(slots->first + at) & (slots->capacity - 1)];
}
static inline void slots_drop(struct slots *slots)
{
    slots->first = (slots->first + 1) & (slots->capacity - 1);
    slots->count--;
}
void slots_free(struct broker *broker, struct slots *slots); /* with the messages in them */
void slot_clear(struct broker *broker, struct slot *slot);

/* ---- clients.c ---- */
struct client *clients_find(const struct broker *broker, uint32_t tenant, struct bytes id);
struct client *clients_at(const struct broker *broker, uint32_t slot, uint32_t generation);
MUST_USE bool clients_add(struct broker *broker, struct client *client);
void clients_remove(struct broker *broker, struct client *client);
/* The record of a number, made when it is not there; NULL: no memory. */
struct record *records_make(struct broker *broker, uint32_t number, uint32_t tenant);
static inline struct record *records_at(const struct broker *broker, uint32_t number)
{
    return &broker->records[number];
}
/* A free number for a session of this tenant, or SESSION_NONE past mqtt.sessions, past the tenant's
 * half of them where there are several, or without memory. */
uint32_t records_number(struct broker *broker, uint32_t tenant);
void records_free(struct broker *broker, uint32_t number);
/* A number that records_number gave and nobody used. */
void records_give_back(struct broker *broker, uint32_t number);

/* ---- packet.c ---- */
/* Says why where the version allows it, and ends the connection. text may be NULL. */
void packet_goodbye(struct broker *broker, struct broker_link *link, uint8_t reason,
                    enum cause cause, const char *text);
void packet_log_refusal(struct broker *broker, const struct client *client, struct bytes topic,
                        const char *why);

/* ---- connect.c, close.c, chore.c ---- */
enum broker_feed connect_feed(struct broker *broker, struct broker_link *link,
                              const struct mqtt_frame *frame);
void connect_acknowledge(struct broker *broker, const struct post *post);
enum broker_feed disconnect_feed(struct broker *broker, struct broker_link *link,
                                 const struct mqtt_frame *frame);
void client_leave_tenant(struct broker *broker, struct client *client);
/* The client goes; its session stays when it is kept. */
void client_gone(struct broker *broker, struct client *client, bool will_wanted);
/* Puts it at the end of the list, and down in the record of its session. NULL: no memory. */
struct chore *chore_put(struct broker *broker, const struct chore *chore, struct bytes topic);
/* Until what it wrote is durable, what the session says is not the last word: the chore a CONNECT
 * with this id has to wait for; NULL: none. */
struct chore *chore_of(const struct broker *broker, uint32_t tenant, uint32_t number,
                       struct bytes id);
/* The link waits for the chore: to be fed again, or (leaving) to be ended. */
void chore_await(struct broker *broker, struct chore *chore, struct broker_link *link,
                 bool leaving);
/* The session's end was written already, with this ticket: whoever connects next waits for it. */
void chore_ended(struct broker *broker, uint32_t number, uint64_t ticket);
void chore_forget_link(struct broker_link *link);
/* As many as the engine takes now; false: it says wait. */
bool chores_run(struct broker *broker);
void chores_free(struct broker *broker);
bool tenant_is_deleted(const struct broker *broker, uint32_t tenant);
/* A piece of the walk over recorded sessions: which expired, whose will is due, which are of a
 * deleted tenant. */
void sweep_run(struct broker *broker);
MUST_USE enum err records_load(struct broker *broker);

/* ---- will.c ---- */
/* The will of a recorded session as a message: DONE when nothing is left of it. */
enum admit will_publish(struct broker *broker, uint32_t number);
void will_fact(const struct mqtt_will *will, struct fact_will *ret_fact, uint8_t *properties);

/* ---- subscribe.c ---- */
enum broker_feed subscribe_feed(struct broker *broker, struct broker_link *link,
                                const struct mqtt_frame *frame);
void subscribe_acknowledge(struct broker *broker, const struct post *post);
/* Of a recorded session, or of a client's, by its filter; NULL. */
struct subscription *subscriptions_find(const struct broker *broker, const struct client *client,
                                        uint32_t number, struct bytes filter);
/* client or number. NULL: no memory. */
struct subscription *subscriptions_add(struct broker *broker, struct client *client,
                                       uint32_t number, const struct mqtt_subscription *wanted,
                                       const struct filter_place *place, uint32_t id);
void subscriptions_remove(struct broker *broker, struct subscription *subscription);
/* It is matched there from now on; false: no memory, and it is gone. */
MUST_USE bool subscriptions_move(struct broker *broker, struct subscription *subscription,
                                 const struct filter_place *place);
void subscriptions_remove_all(struct broker *broker, uint32_t first);
void groups_free(struct broker *broker);
/* What a filter costs beside its subscription: nodes of the tree. */
size_t filter_cost(struct bytes filter);

/* ---- enter.c ---- */
/* Who the link's CONNECT comes from. MORE: *ret_principal may come in (NULL without src/access;
 * borrowed as long as link->entrance is); HOLD: it is being found out; END: it may not, which was
 * said. */
enum broker_feed enter(struct broker *broker, struct broker_link *link,
                       const struct mqtt_connect *connect, struct principal **ret_principal);
/* The link needs it no more, or is over. */
void enter_leave(struct broker *broker, struct broker_link *link);
enum broker_feed connect_refuse(struct broker *broker, struct broker_link *link,
                                const struct mqtt_connect *connect, uint8_t reason,
                                const char *text);

/* ---- flow.c ---- */
/* One more client of the tenant; NULL: no memory. */
struct flow *flow_join(struct broker *broker, uint32_t tenant);
void flow_leave(struct broker *broker, struct client *client);
/* May this client's next PUBLISH be taken now? false: it was put on the list of those who wait. */
bool flow_wait(struct broker *broker, struct client *client);
static inline bool flow_may(struct broker *broker, struct client *client)
{
    struct flow *flow = client->flow;
    if (LIKELY(!flow ||
               (flow->round == broker->round && flow->credit > 0 &&
                flow->round_messages < broker->round_share && link_is_alone(&flow->waits))))
        return true;
    return flow_wait(broker, client);
}
static inline void flow_pass(struct client *client, enum pass pass)
{
    struct flow *flow = client->flow;
    if (LIKELY(client->pass == pass))
        return;
    flow->fresh -= client->pass == PASS_FRESH;
    flow->fresh += pass == PASS_FRESH;
    client->pass = (uint8_t)pass;
}
/* It was taken, with so many values. */
static inline void flow_took(struct client *client, uint32_t values)
{
    struct flow *flow = client->flow;
    uint64_t cost = values > 0 ? values : 1;
    if (!flow)
        return;
    if (client->pass != PASS_NONE)
        flow_pass(client, PASS_SERVED);
    flow->round_messages++;
    flow->debt += cost > flow->credit ? cost - flow->credit : 0;
    flow->credit -= cost < flow->credit ? cost : flow->credit;
}
void flow_round(struct broker *broker);
/* When it is to be called again, boot clock; INT64_MAX: nobody waits. */
int64_t flow_due_ns(const struct broker *broker);
void flows_free(struct broker *broker);

/* ---- rights.c ---- */
/* May it see, or write, that topic? NULL: everyone may all. Topics that begin with $ are judged by
 * a rule of their own. */
bool rights_may(const struct broker *broker, const struct principal *principal,
                enum access_right right, uint32_t tenant, struct bytes topic);
/* As rights_may(RIGHT_SEE) of the client's principal, quickly. */
bool rights_sees(const struct broker *broker, struct client *client, uint32_t tenant,
                 struct bytes topic);
/* May it publish there? DONE, DENIED, TOPIC_INVALID. *ret_flat: only to the topic itself, not to
 * points below it. */
enum admit rights_write(const struct broker *broker, const struct principal *principal,
                        uint32_t tenant, struct bytes topic, bool *ret_flat);
/* The same of the client, by what it was told before; whether it may make points below is told
 * by client->publisher.flat. */
enum admit rights_publish(struct broker *broker, struct client *client, struct bytes topic,
                          struct bytes payload);
void rights_forget(struct broker *broker, struct client *client);
/* Of all its subscriptions, as its rights are now: those that see nothing any more end. */
void rights_judge_anew(struct broker *broker, struct client *client);
/* It is told what its principal loses. */
void rights_watch(struct broker *broker, struct client *client);
/* What is shown of another tenant's topic; size 0: it would be too long. Until the next call. */
struct bytes rights_present(struct broker *broker, const struct client *client, uint32_t tenant,
                            struct bytes topic);
/* Where the client's filter is matched: 0, or the code of SUBACK that refuses it. */
uint8_t rights_place(struct broker *broker, const struct client *client, struct bytes filter,
                     struct filter_place *ret_place);
/* The same of a filter that is recorded already. */
void rights_place_recorded(const struct broker *broker, uint32_t tenant, struct bytes filter,
                           struct filter_place *ret_place);

/* ---- route.c ---- */
/* Fills broker->route. */
#define WORK_TURN                                                                                  \
    20000u /* steps of routing that one client may cause before others get their turn */
void route_match(struct broker *broker, uint32_t tenant, struct bytes topic, uint8_t qos,
                 bool retain, const struct client *publisher, uint32_t publisher_number,
                 size_t bytes);
/* Would the session's queue take so many bytes, if nothing of the batch that is being applied were
 * in it? What is in it counts as under way as well until all of the batch is: the message waits. */
bool queue_is_unsure(const struct broker *broker, uint32_t number, size_t bytes);
/* The list of targets of the fact, from broker->route; false: no memory. */
MUST_USE bool route_targets(struct broker *broker, struct fact_message *fact);

/* ---- publish.c ---- */
enum broker_feed publish_feed(struct broker *broker, struct broker_link *link,
                              const struct mqtt_frame *frame);
/* What becomes of a message whoever it comes from: facts, readings, a post. */
struct publication {
    struct bytes topic, payload, properties; /* properties: as they are passed on */
    uint8_t qos;
    bool retain, has_expiry;
    uint32_t expiry_s;
    struct publisher *publisher;
    const struct client *client;       /* NULL: a will */
    const struct principal *principal; /* NULL: not judged */
    bool message_only;                 /* it is no reading, whatever its topic is */
    uint32_t number;
    const struct fact *last; /* goes with it; NULL */
};
enum admit publication_admit(struct broker *broker, const struct publication *publication,
                             struct admitted *ret_admitted);
/* TOPIC_READING when these filters (readings.match) and all else let it be one. */
enum topic_use topic_use_of(const struct broker *broker, const char *filters, uint32_t tenant,
                            struct bytes topic);
/* As broker_topic_path, with any template. */
enum admit topic_path_of(const struct topic_template *path_template, struct bytes topic,
                         uint8_t *path, struct bytes *ret_path);
/* Are there several tenants? Then none may have more than half of what all share. */
bool store_is_shared(const struct broker *broker);
/* May the sessions hold so many bytes more for this tenant? mqtt.stored. */
bool store_takes(const struct broker *broker, uint32_t tenant, size_t bytes);
void aliases_free(struct broker *broker, struct client *client);
enum broker_feed release_feed(struct broker *broker, struct broker_link *link,
                              const struct mqtt_ack *ack);
bool received_has(const struct client *client, uint16_t packet_id);
MUST_USE bool received_set(struct broker *broker, struct client *client, uint16_t packet_id);

/* ---- post.c ---- */
/* Counted; at the end of the list. NULL: no memory. */
struct post *post_put(struct broker *broker, enum post_kind kind, uint64_t ticket,
                      size_t content_bytes);
/* The message with broker->route as targets. false: no memory. */
MUST_USE bool post_message(struct broker *broker, const struct publication *publication,
                           uint64_t ticket);
/* Serves what is durable, a bounded piece; true: there is more. */
bool posts_run(struct broker *broker);
void posts_free(struct broker *broker);
/* A write failed: what waits for it will not be; only what needs no disk is still told. */
void posts_lost(struct broker *broker);
/* Will a retained message of this topic be delivered by a post still to come, of a ticket up to
 * this one? */
bool posts_will_deliver(const struct broker *broker, uint32_t tenant, struct bytes topic,
                        uint64_t ticket);

/* ---- acks.c ---- */
uint8_t ack_reason_of(enum admit admit);
/* false: no memory. */
MUST_USE bool answer_put(struct broker *broker, struct client *client, const struct ack *ack);
void answers_forget(struct broker *broker, struct client *client);
void answers_unchoked(struct broker *broker, struct client *client);
void answers_moved(struct broker *broker); /* the durable ticket did */
/* A bounded piece; true: there is more. */
bool answers_send(struct broker *broker);
void answers_lost(struct broker *broker);

/* ---- deliver.c ---- */
struct out *out_of(struct broker *broker, struct client *client); /* NULL: no memory */
void out_free(struct broker *broker, struct client *client);
void deliver_dirty(struct broker *broker, struct client *client);
/* Takes a reference of its own. */
void deliver_add(struct broker *broker, struct client *client, struct message *message, uint8_t qos,
                 bool retain, uint32_t id, struct ids *ids);
/* A bounded piece; true: there is more. */
bool deliver_run(struct broker *broker);
/* PUBACK, PUBREC, PUBCOMP of the client. */
enum broker_feed deliver_ack_feed(struct broker *broker, struct broker_link *link, uint8_t type,
                                  const struct mqtt_ack *ack);
/* The resumed session's queue is to be sent again from its beginning. */
void deliver_resume(struct broker *broker, struct client *client, uint16_t sent_before);

/* ---- retained.c ---- */
/* Queues the retained messages that the filter matches for the client. */
void retained_ask(struct broker *broker, struct client *client, uint32_t tenant,
                  struct bytes filter, uint8_t qos, uint32_t id);
/* Gives the client some of them; true: there are more, and it has room for none now or the engine
 * says wait. */
bool retained_advance(struct broker *broker, struct client *client);
void retained_free(struct broker *broker, struct client *client);
/* A piece of the walk over retained messages: those past their expiry go. */
void retained_sweep(struct broker *broker);

/* ---- seen.c ---- */
MUST_USE enum err topics_seen_init(struct broker *broker);
void topics_seen_done(struct broker *broker);
/* The message that was next; admit: what became of it. */
void topics_seen_note(struct broker *broker, const struct publication *publication,
                      enum admit admit, const struct admitted *admitted);
void topics_seen_second(struct broker *broker); /* a second is over: the sample is set anew */

/* ---- sys.c ---- */
void sys_init(struct broker *broker);
int64_t sys_run(struct broker *broker); /* returns when it is due again, boot clock */
void sys_ask(struct broker *broker, struct client *client, struct bytes filter, uint8_t qos,
             uint32_t id);
