/* sessions: the reducer of what an MQTT server must remember beyond a connection (MQTT 5, 4.1):
 * sessions with their subscriptions, the messages queued for them and how far each was delivered,
 * the QoS 2 packet ids that came in, wills, and the retained message of each topic.
 *
 * Pure and deterministic: what it is after a record depends on the records alone. Who gets a
 * message was decided at admission and stands in the record (its targets); nothing is matched here,
 * so that old records are not judged again by new rules. All it knows lies in paged tables of a
 * struct state; indexes (client id, retained topic, tree of retained topics) are derived and
 * rebuilt.
 *
 * A message lies here once, however many queues and whether or not the retained slot of its topic
 * refer to it; it goes with the last reference. Limits are admission's: the reducer takes what is
 * recorded. A record that speaks of a session, packet id or subscription that is not there changes
 * nothing and is counted (strays): after damage it is better to know less than to stop.
 *
 * Session numbers are given by admission, from 1, the smallest free one first; a number is free
 * again after FACT_SESSION_END (or a FACT_SESSION_CLOSE with expiry 0). One thread. */
#pragma once

#include "base/base.h"
#include "format/format.h"
#include "state/state.h"

#define SESSION_NONE 0
/* The highest number a session may have; records of higher ones are strays. */
#define SESSION_NUMBER_MAX ((uint32_t)1 << 24)
#define MESSAGE_NONE 0
#define ENTRY_NONE 0
#define SUBSCRIPTION_NONE 0
/* Tables 24..31 of the snapshot format are this room's. */
#define SESSIONS_TABLE_FIRST 24

struct sessions;
/* Registers its tables in state, which must outlive it or be destroyed right after. */
MUST_USE enum err sessions_create(struct state *state, struct sessions **ret_sessions);
/* The same with a seed for the tree of retained topics, random and secret where strangers choose
 * topics (see topics.h). It changes the order in which sessions_retained_match tells, and nothing
 * else. */
MUST_USE enum err sessions_create_seeded(struct state *state, uint64_t seed,
                                         struct sessions **ret_sessions);
void sessions_destroy(struct sessions *sessions);
/* After the state's pages were loaded from a snapshot: rebuilds the indexes. ERR_CORRUPT when the
 * pages contradict each other (a link out of range, a loop, a count that is not the number of
 * references). */
MUST_USE enum err sessions_rebuild(struct sessions *sessions);

/* ---- the reducer --------------------------------------------------------------------------------
 */
struct session_stamp {
    int64_t engine_ns, wall_ns; /* of the batch */
};
/* Takes facts of kinds 16..26; others are OK and change nothing. ERR_NO_MEMORY, ERR_LIMIT (4 G of
 * rows): the record may be half applied, the state must be dropped and loaded again.
 *
 * SESSION_OPEN: the number is free, or has this client id: as told. With clean, what it held goes
 * (subscriptions, queue, packet ids of both directions, `sent` and the stamps of the last CLOSE),
 * and its packet ids begin at 1 again; without, all that stays. The will is replaced by the fact's
 * (or none) in any case. The number has another client id, or the client id another number (after
 * damage): the older one ends first.
 *
 * SESSION_CLOSE: connected becomes false, expiry and `sent` are taken over, the stamps remembered.
 * Expiry 0: the session ends, unless it has a will that is still wanted and was not published; then
 * it ends with WILL_DONE.
 *
 * SESSION_END: all of it goes; a will as well (publishing it came before).
 *
 * SUBSCRIBE: adds, or replaces that of the same filter (keeping its number and place).
 *
 * MESSAGE: with retain it becomes the retained message of its topic, the one before goes; with an
 * empty payload there is none then. Each target's queue gets an entry behind its last, with the
 * session's next packet id (1..65535, then 1 again). When that id is still used by an entry of the
 * queue (65,535 of them, or an old one never acknowledged), the target is skipped and counted
 * (full), and the id stays the next one: so the ids of a queue always ascend from its oldest entry
 * on. A message that nothing refers to in the end is not kept.
 *
 * ENQUEUE: the retained message of the topic gets an entry in the session's queue with the retain
 * flag set, with no more than its own QoS [MQTT-3.8.4-8]; full as above. No retained message, or
 * one of QoS 0 (it came after the subscription, which brings it as it is): nothing happens.
 *
 * DELIVERY: RECEIVED: a QoS 2 entry becomes released: its message and subscription ids are no more
 * needed and go, the packet id stays; nothing happens when it was released already, and an entry of
 * QoS 1 makes the record a stray. DONE: the entry goes, whatever it waited for.
 *
 * RECEIVED, RELEASED: the packet id of an incoming QoS 2 message is in use (again: nothing
 * happens), or free.
 *
 * WILL_DONE: the will goes, if there is one; with it a closed session of expiry 0. */
MUST_USE enum err sessions_apply_fact(struct sessions *sessions, const struct fact *fact,
                                      const struct session_stamp *stamp);

/* ---- sessions
 * ------------------------------------------------------------------------------------ */
struct session_view { /* views live until the next apply */
    uint32_t tenant;
    uint8_t version;
    bool connected; /* between OPEN and CLOSE: after a restart those were cut off */
    uint32_t expiry_s;
    int64_t closed_wall_ns, closed_engine_ns;
    uint16_t sent;   /* packet id of the newest entry that was surely sent before CLOSE; 0: none */
    uint16_t newest; /* packet id of the newest entry of the queue; 0: it is empty */
    uint32_t queued; /* entries */
    uint64_t queued_bytes; /* topics, payloads and properties of its entries */
    uint32_t subscriptions, received;
    bool has_will;
    size_t client_id_size; /* the bytes: sessions_client_id */
};
uint32_t sessions_highest(const struct sessions *sessions); /* highest number ever used */
uint32_t sessions_count(const struct sessions *sessions);
/* SESSION_NONE when there is none. */
uint32_t sessions_find(const struct sessions *sessions, uint32_t tenant, struct bytes client_id);
/* false: the number is free. */
MUST_USE bool sessions_view(const struct sessions *sessions, uint32_t session,
                            struct session_view *ret_view);
/* Copies at most `size` bytes, returns how many; there is such a session. */
size_t sessions_client_id(const struct sessions *sessions, uint32_t session, uint8_t *at,
                          size_t size);
struct will_view { /* topic, payload and properties follow each other: see sessions_will_copy */
    bool retain;
    uint8_t qos;
    uint32_t delay_s, expiry_s;
    size_t topic_size, payload_size, properties_size;
};
MUST_USE bool sessions_will(const struct sessions *sessions, uint32_t session,
                            struct will_view *ret_will);
/* Topic, payload, properties, one after the other; at has room for the sum of their sizes. */
void sessions_will_copy(const struct sessions *sessions, uint32_t session, uint8_t *at);

struct subscription_view {
    uint32_t session;
    uint8_t qos, retain_handling;
    bool no_local, retain_as_published;
    uint32_t subscription_id;
    size_t filter_size;
};
/* Numbers of a session's subscriptions one after the other: SUBSCRIPTION_NONE starts, and ends. */
uint32_t sessions_subscription_next(const struct sessions *sessions, uint32_t session,
                                    uint32_t subscription);
uint32_t sessions_subscription_find(const struct sessions *sessions, uint32_t session,
                                    struct bytes filter);
void sessions_subscription(const struct sessions *sessions, uint32_t subscription,
                           struct subscription_view *ret_view);
void sessions_subscription_filter(const struct sessions *sessions, uint32_t subscription,
                                  uint8_t *at); /* filter_size bytes */
bool sessions_has_received(const struct sessions *sessions, uint32_t session, uint16_t packet_id);

/* ---- queues
 * --------------------------------------------------------------------------------------- */
struct entry_view {
    uint32_t message; /* MESSAGE_NONE once released */
    uint16_t packet_id;
    uint8_t qos;
    bool retain, released;
    uint8_t id_count;
    uint32_t ids[TARGET_IDS_MAX];
};
/* The oldest entry, and the one after it; ENTRY_NONE. An entry keeps its number and place until it
 * is DONE. */
uint32_t sessions_queue_first(const struct sessions *sessions, uint32_t session);
uint32_t sessions_queue_next(const struct sessions *sessions, uint32_t entry);
/* The oldest entry that came after the one with this packet id, whether that is still there or not;
 * ENTRY_NONE. Exact for the 65,535 packet ids given last. Costs little when the entry is among the
 * oldest or the newest. packet_id 0: the oldest. */
uint32_t sessions_queue_after(const struct sessions *sessions, uint32_t session,
                              uint16_t packet_id);
/* ENTRY_NONE. Costs little when the entry is among the oldest. */
uint32_t sessions_queue_find(const struct sessions *sessions, uint32_t session, uint16_t packet_id);
void sessions_entry(const struct sessions *sessions, uint32_t entry, struct entry_view *ret_view);

/* ---- messages
 * ------------------------------------------------------------------------------------- */
struct message_view {
    uint32_t tenant;
    uint8_t qos; /* as published */
    size_t topic_size, payload_size, properties_size;
    int64_t expires_wall_ns; /* by the wall clock of its batch; INT64_MAX: never */
};
/* Is there a message of this number still? Numbers are used again: who kept one over an apply must
 * look at its topic as well. */
bool sessions_has_message(const struct sessions *sessions, uint32_t message);
void sessions_message(const struct sessions *sessions, uint32_t message,
                      struct message_view *ret_view);
/* Topic, payload, properties, one after the other. */
void sessions_message_copy(const struct sessions *sessions, uint32_t message, uint8_t *at);
void sessions_message_prefetch(const struct sessions *sessions, uint32_t message);

/* ---- retained messages
 * ------------------------------------------------------------------------------
 */
/* MESSAGE_NONE when the topic has none. */
uint32_t sessions_retained_find(const struct sessions *sessions, uint32_t tenant,
                                struct bytes topic);
/* All of them by slots: 1..sessions_retained_highest(); MESSAGE_NONE for an empty slot. */
uint32_t sessions_retained_highest(const struct sessions *sessions);
uint32_t sessions_retained_at(const struct sessions *sessions, uint32_t slot);
/* Messages of topics that the filter matches, by the tree of topics: false when more than `most`
 * nodes would have to be looked at (then: walk the slots). */
typedef bool sessions_each_retained(void *arg, uint32_t message); /* false: stop */
bool sessions_retained_match(const struct sessions *sessions, uint32_t tenant, struct bytes filter,
                             size_t most, sessions_each_retained *each, void *arg);

struct sessions_counts {
    uint32_t sessions, connected, subscriptions, retained, messages, entries;
    uint64_t retained_bytes, message_bytes; /* bytes of all messages held; of these retained */
    uint64_t
        held; /* memory of all rows in use, texts included, and of the tree of retained topics */
    uint64_t strays, full; /* since the beginning of the journal */
    uint64_t memory;       /* indexes; pages are counted by state */
};
void sessions_describe(const struct sessions *sessions, struct sessions_counts *ret_counts);
/* What one tenant has of it: its messages, the queues of its sessions, these and their wills;
 * subscriptions and the tree of topics are not counted. */
struct sessions_tenant {
    uint64_t held;
    uint32_t retained;
};
void sessions_tenant(const struct sessions *sessions, uint32_t tenant,
                     struct sessions_tenant *ret_tenant);
