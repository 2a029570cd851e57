/* What sessions keeps, as it lies in the tables: every row is fixed in size, has no padding of
 * chance and no address, so that a page is its own image. These layouts are part of the snapshot
 * format (docs/format/sessions.md): a field is never moved or given another meaning.
 *
 *      client id index -> session -> subscription <-> subscription ...   <- filter index
 *                            |   \-> entry <-> entry <-> entry           (its queue, oldest first)
 *                            |         \        |
 *                            |          \-----> message -> cell -> cell  (topic, payload,
 *                            |                    ^                       properties)
 *                            \-> received chunk   |
 *      topic index, tree of topics -----------> retained slot
 *
 * All but the sessions lie in pools: rows of one table, taken from its list of free rows first (the
 * one freed last comes first), then the next that was never used. A row's number is its place; row
 * 0 of each table is never used, so that 0 can mean none. A free row is zero but for its first four
 * bytes, the number of the next free one. */
#pragma once

#include "model/sessions/sessions.h"

#include <string.h>

#include "topics/topics.h"

enum pool {
    POOL_SUBSCRIPTIONS,
    POOL_ENTRIES,
    POOL_MESSAGES,
    POOL_CELLS,
    POOL_RETAINED,
    POOL_RECEIVED,
    POOLS
};
enum sessions_table {
    TABLE_ROOTS = SESSIONS_TABLE_FIRST,
    TABLE_SESSIONS,
    TABLE_POOLS, /* the first of POOLS tables, in the order of enum pool */
};

struct pool_roots {
    uint32_t free;   /* first free row; 0: none */
    uint32_t used;   /* highest row ever used */
    uint32_t in_use; /* rows held */
    uint32_t reserved;
};
struct roots_row { /* one row, number 0 */
    struct pool_roots pools[POOLS];
    uint32_t sessions_highest, sessions, connected, reserved;
    uint64_t message_bytes, retained_bytes;
    uint64_t strays, full;
    uint8_t reserved_end[256 - POOLS * 16 - 16 - 32];
};

enum session_flags {
    SESSION_USED = 1,
    SESSION_CONNECTED = 2,
    SESSION_HAS_WILL = 4,
    SESSION_WILL_RETAIN = 8,
    SESSION_FLAGS = 15
};
struct session_row { /* zero: the number is free */
    uint32_t tenant;
    uint8_t flags, version, will_qos;
    uint8_t reserved[3];
    uint16_t next_packet;   /* id of the next entry, 1..65535 */
    uint16_t oldest_packet; /* id of the oldest entry; 0: the queue is empty */
    uint16_t sent;
    struct chain_ends queue; /* entries */
    uint32_t queued;
    struct chain_ends subscribed; /* subscriptions */
    uint32_t subscriptions;
    uint64_t queued_bytes;
    uint32_t received_first, received; /* chunk with the lowest packet ids; packet ids in all */
    uint32_t client_id;                /* cells */
    uint16_t client_id_size;
    uint16_t reserved_size;
    uint32_t expiry_s;
    uint32_t will; /* cells: topic, payload, properties */
    uint32_t will_delay_s, will_expiry_s;
    uint32_t will_topic_size, will_payload_size, will_properties_size;
    uint32_t reserved_will;
    int64_t closed_wall_ns, closed_engine_ns;
    uint8_t reserved_end[16];
};

enum subscription_flags {
    SUBSCRIPTION_NO_LOCAL = 1,
    SUBSCRIPTION_AS_PUBLISHED = 2,
    SUBSCRIPTION_FLAGS = 3
};
struct subscription_row {
    struct chain_links links; /* of the session */
    uint32_t session;         /* SESSION_NONE: the row is free */
    uint32_t filter;          /* cells */
    uint32_t subscription_id;
    uint16_t filter_size;
    uint8_t qos, retain_handling;
    uint8_t flags;
    uint8_t reserved[7];
};

enum entry_flags { ENTRY_QOS = 3, ENTRY_RETAIN = 4, ENTRY_RELEASED = 8, ENTRY_FLAGS = 15 };
#define ENTRY_IDS 3u /* subscription ids that lie in the entry itself */
struct entry_row {
    struct chain_links links; /* of the queue, towards newer and older */
    uint32_t session;         /* SESSION_NONE: the row is free */
    uint32_t message;         /* MESSAGE_NONE once released */
    uint16_t packet_id;
    uint8_t flags, id_count;
    uint32_t ids[ENTRY_IDS]; /* of more: ids[0] is the cells that hold them all */
};

struct message_row {
    uint32_t next_free;
    uint32_t references; /* entries and retained slots; 0: the row is free */
    uint32_t tenant;
    uint32_t cells; /* topic, payload, properties */
    uint32_t topic_size, payload_size, properties_size;
    uint8_t qos;
    uint8_t reserved[3];
    int64_t expires_wall_ns;
    uint8_t reserved_end[24];
};

#define CELL_NONE 0u
#define CELL_BYTES 60u
#define CELL_END UINT32_MAX /* not 0: a cell in use is never all zero */
struct cell_row {
    uint32_t next; /* of the text, CELL_END; or the next free cell */
    uint8_t bytes[CELL_BYTES];
};

struct retained_row {
    uint32_t next_free;
    uint32_t message; /* MESSAGE_NONE: the slot is empty */
};

#define RECEIVED_BYTES 48u
#define RECEIVED_IDS (RECEIVED_BYTES * 8) /* packet ids a chunk has bits for */
struct received_row {
    uint32_t next;    /* chunk of higher packet ids */
    uint32_t session; /* SESSION_NONE: the row is free */
    uint32_t part;    /* the bits are those of packet ids from part * RECEIVED_IDS on */
    uint32_t count;   /* bits set; a chunk without any is freed */
    uint8_t bits[RECEIVED_BYTES];
};
_Static_assert(sizeof(struct roots_row) == 256, "part of the snapshot format");
_Static_assert(sizeof(struct session_row) == 128, "part of the snapshot format");
_Static_assert(offsetof(struct session_row, queued_bytes) < 64, "the queue is in one cache line");
_Static_assert(sizeof(struct subscription_row) == 32, "part of the snapshot format");
_Static_assert(sizeof(struct entry_row) == 32, "part of the snapshot format");
_Static_assert(sizeof(struct message_row) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct cell_row) == 64, "a cache line");
_Static_assert(sizeof(struct retained_row) == 8, "part of the snapshot format");
_Static_assert(sizeof(struct received_row) == 64, "part of the snapshot format");

struct tenant_held {
    uint64_t bytes;
    uint32_t retained;
};
struct sessions {
    struct state *state;
    uint64_t seed;           /* of the tree of topics */
    struct roots_row *roots; /* row 0 of its table; to be written within an apply alone */
    struct state_table roots_table, session_rows;
    struct state_table pools[POOLS];
    struct index *client_index;   /* tenant, client id -> session */
    struct index *filter_index;   /* session, filter -> subscription */
    struct index *retained_index; /* tenant, topic -> retained slot */
    struct topics *retained_tree; /* the same, for filters */
    uint32_t retained_deep;       /* topics of more levels than the tree takes: not in it */
    uint64_t retained_tree_bytes; /* what the topics in it hold */
    struct tenant_held *held;     /* by tenant */
    uint32_t held_capacity;
};

/* The hash of a text that is one of a kind of thing: kinds have seeds of their own. */
enum hash_kind { HASH_CLIENT = 1, HASH_FILTER = 2, HASH_RETAINED = 3 };
static inline uint64_t kind_hash(enum hash_kind kind, uint32_t of, struct bytes text)
{
    return hash64(text.at, text.size, (uint64_t)kind << 32 | of);
}

/* ---- rows
 * ------------------------------------------------------------------------------------------- */
static inline const struct session_row *session_at(const struct sessions *sessions,
                                                   uint32_t session)
{
    return state_read(&sessions->session_rows, session);
}
static inline struct session_row *session_write(struct sessions *sessions, uint32_t session)
{
    return state_write(&sessions->session_rows, session);
}
static const struct chain entry_chain = {.links_at = offsetof(struct entry_row, links)};
static const struct chain subscription_chain = {.links_at =
                                                    offsetof(struct subscription_row, links)};
static inline bool session_exists(const struct sessions *sessions, uint32_t session)
{
    return session != SESSION_NONE && session <= sessions->roots->sessions_highest &&
           (session_at(sessions, session)->flags & SESSION_USED) != 0;
}
static inline const struct subscription_row *subscription_at(const struct sessions *sessions,
                                                             uint32_t subscription)
{
    return state_read(&sessions->pools[POOL_SUBSCRIPTIONS], subscription);
}
static inline const struct entry_row *entry_at(const struct sessions *sessions, uint32_t entry)
{
    return state_read(&sessions->pools[POOL_ENTRIES], entry);
}
static inline struct entry_row *entry_write(struct sessions *sessions, uint32_t entry)
{
    return state_write(&sessions->pools[POOL_ENTRIES], entry);
}
static inline const struct message_row *message_at(const struct sessions *sessions,
                                                   uint32_t message)
{
    return state_read(&sessions->pools[POOL_MESSAGES], message);
}
static inline struct message_row *message_write(struct sessions *sessions, uint32_t message)
{
    return state_write(&sessions->pools[POOL_MESSAGES], message);
}
static inline size_t message_size(const struct message_row *message)
{
    return (size_t)message->topic_size + message->payload_size + message->properties_size;
}

/* ---- held.c ---- */
uint64_t text_held(uint64_t size); /* bytes of its cells */
uint64_t message_held(const struct message_row *of);
void held_add(struct sessions *sessions, uint32_t tenant, uint64_t bytes);
void held_take(struct sessions *sessions, uint32_t tenant, uint64_t bytes);
void held_retained(struct sessions *sessions, uint32_t tenant, bool more);
void held_rebuild(struct sessions *sessions);
void held_done(struct sessions *sessions);
static inline const struct cell_row *cell_at(const struct sessions *sessions, uint32_t cell)
{
    return state_read(&sessions->pools[POOL_CELLS], cell);
}
static inline const struct retained_row *retained_at(const struct sessions *sessions, uint32_t slot)
{
    return state_read(&sessions->pools[POOL_RETAINED], slot);
}
static inline const struct received_row *received_at(const struct sessions *sessions,
                                                     uint32_t chunk)
{
    return state_read(&sessions->pools[POOL_RECEIVED], chunk);
}

/* ---- cells.c: pools, and texts in cells
 * ------------------------------------------------------------------------------------------- */
/* A row of the pool; its content is of no meaning until it is written whole. */
MUST_USE enum err row_take(struct sessions *sessions, enum pool pool, uint32_t *ret_row);
void row_free(struct sessions *sessions, enum pool pool, uint32_t row);
/* Stores the parts one after the other as one text; CELL_NONE when they are empty. */
MUST_USE enum err cells_add(struct sessions *sessions, const struct bytes *parts, size_t part_count,
                            uint32_t *ret_cells);
void cells_free(struct sessions *sessions, uint32_t cells);
/* The first `size` bytes of a text that has as many. */
void cells_copy(const struct sessions *sessions, uint32_t cells, uint8_t *at, size_t size);
bool cells_equal(const struct sessions *sessions, uint32_t cells, struct bytes text);

/* ---- sessions.c
 * ------------------------------------------------------------------------------------------- */
MUST_USE enum err sessions_indexes_create(struct sessions *sessions);
void sessions_indexes_destroy(struct sessions *sessions);
void stray_count(struct sessions *sessions);

/* ---- open.c: sessions come and go, with their wills
 * ------------------------------------------------------------------------------------------- */
MUST_USE enum err apply_open(struct sessions *sessions, const struct fact_session_open *open);
void apply_close(struct sessions *sessions, const struct fact_session_close *close,
                 const struct session_stamp *stamp);
void apply_end(struct sessions *sessions, uint32_t session);
void apply_will_done(struct sessions *sessions, uint32_t session);

/* ---- subscriptions.c
 * ------------------------------------------------------------------------------------------- */
MUST_USE enum err apply_subscribe(struct sessions *sessions,
                                  const struct fact_subscribe *subscribe);
void apply_unsubscribe(struct sessions *sessions, const struct fact_unsubscribe *unsubscribe);
void subscriptions_clear(struct sessions *sessions, uint32_t session);

/* ---- messages.c: messages, and the retained one of each topic
 * ------------------------------------------------------------------------------------------- */
MUST_USE enum err apply_message(struct sessions *sessions, const struct fact_message *of,
                                const struct session_stamp *stamp);
MUST_USE enum err apply_enqueue(struct sessions *sessions, const struct fact_enqueue *enqueue);
/* Takes a reference away; the last one takes the message along. */
void message_release(struct sessions *sessions, uint32_t message);
/* The slot of a topic; 0: none. */
uint32_t retained_slot(const struct sessions *sessions, uint32_t tenant, struct bytes topic);
/* Puts a slot whose message is there into the index and the tree. */
MUST_USE enum err retained_index_put(struct sessions *sessions, uint32_t slot, uint32_t tenant,
                                     struct bytes topic);

/* ---- queues.c
 * ------------------------------------------------------------------------------------------- */
/* The next packet id is still used by an entry. */
static inline bool queue_is_full(const struct session_row *session)
{
    return session->oldest_packet == session->next_packet;
}
/* From which packet id to the other, along the order in which they are given. */
static inline uint32_t packet_distance(uint16_t from, uint16_t to)
{
    return to >= from ? (uint32_t)(to - from) : (uint32_t)to + UINT16_MAX - from;
}
/* Puts a message behind the others; the queue is not full. The message gets a reference. */
MUST_USE enum err queue_add(struct sessions *sessions, const struct message_target *target,
                            uint32_t message);
void queue_clear(struct sessions *sessions, uint32_t session);
void apply_delivery(struct sessions *sessions, const struct fact_delivery *delivery);

/* ---- received.c
 * ------------------------------------------------------------------------------------------- */
MUST_USE enum err apply_received(struct sessions *sessions, const struct fact_packet *packet);
void apply_released(struct sessions *sessions, const struct fact_packet *packet);
void received_clear(struct sessions *sessions, uint32_t session);
