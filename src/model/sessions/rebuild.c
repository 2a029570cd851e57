/* After a snapshot's pages were put in place: the indexes, which no snapshot holds, and a look at
 * whether the pages agree with each other, so that nothing later needs to doubt them.
 *
 * Every row of a pool that was ever used must be reached exactly once: from a session, a message, a
 * slot, or from the list of free rows. Marks note who was reached; so links out of range, loops,
 * rows that two own and rows that nobody owns are all found by the same two questions. */
#include "model/sessions/tables.h"

#include <stdlib.h>

struct rebuild {
    struct sessions *sessions;
    uint8_t *marks[POOLS]; /* a byte a row: reached */
    uint32_t marked[POOLS];
    uint32_t *references; /* by message: found so far */
    uint32_t found, connected;
    uint64_t message_bytes, retained_bytes;
    uint8_t *text; /* MESSAGE_TOPIC_MAX bytes */
};

static bool row_is_in_range(const struct rebuild *rebuild, enum pool pool, uint32_t row)
{
    return row != 0 && row <= rebuild->sessions->roots->pools[pool].used;
}

/* False: there is no such row, or it was reached before. */
static bool row_mark(struct rebuild *rebuild, enum pool pool, uint32_t row)
{
    if (!row_is_in_range(rebuild, pool, row) || rebuild->marks[pool][row] != 0)
        return false;
    rebuild->marks[pool][row] = 1;
    rebuild->marked[pool]++;
    return true;
}

static bool bytes_are_zero(const void *at, size_t size)
{
    const uint8_t *bytes = at;
    return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/* Nothing lies behind the rows that were ever used. Looked at in pages: rows of one page are next
 * to each other. */
static bool rest_is_zero(const struct state_table *table, uint32_t used)
{
    uint32_t page_rows = state_table_page_rows(table);
    uint64_t row = (uint64_t)used + 1;
    while (row < state_table_capacity(table)) {
        uint32_t rows = page_rows - (uint32_t)row % page_rows;
        if (!bytes_are_zero(state_read(table, (uint32_t)row), (size_t)rows << table->row_shift))
            return false;
        row += rows;
    }
    return true;
}

static bool text_is_whole(struct rebuild *rebuild, uint32_t cells, uint64_t size)
{
    uint64_t left = (size + CELL_BYTES - 1) / CELL_BYTES;
    if (left == 0)
        return cells == CELL_NONE;
    for (; left > 0; left--) {
        if (!row_mark(rebuild, POOL_CELLS, cells))
            return false;
        cells = cell_at(rebuild->sessions, cells)->next;
    }
    return cells == CELL_END;
}

/* ---- messages
 * ------------------------------------------------------------------------------------------- */

static bool message_is_whole(struct rebuild *rebuild, uint32_t message)
{
    const struct message_row *of = message_at(rebuild->sessions, message);
    if (of->next_free != 0 || of->qos > 2 || of->topic_size > MESSAGE_TOPIC_MAX ||
        !text_is_whole(rebuild, of->cells, message_size(of)))
        return false;
    rebuild->message_bytes += message_size(of);
    return row_mark(rebuild, POOL_MESSAGES, message);
}

static bool messages_are_whole(struct rebuild *rebuild)
{
    uint32_t used = rebuild->sessions->roots->pools[POOL_MESSAGES].used;
    for (uint32_t message = 1; message <= used; message++) {
        if (message_at(rebuild->sessions, message)->references > 0 &&
            !message_is_whole(rebuild, message))
            return false;
    }
    return rebuild->message_bytes == rebuild->sessions->roots->message_bytes;
}

/* Somebody says that he refers to it. */
static bool message_refer(struct rebuild *rebuild, uint32_t message)
{
    if (!row_is_in_range(rebuild, POOL_MESSAGES, message) ||
        message_at(rebuild->sessions, message)->references == 0)
        return false;
    rebuild->references[message]++;
    return true;
}

static bool references_are_right(const struct rebuild *rebuild)
{
    uint32_t used = rebuild->sessions->roots->pools[POOL_MESSAGES].used;
    for (uint32_t message = 1; message <= used; message++) {
        if (message_at(rebuild->sessions, message)->references != rebuild->references[message])
            return false;
    }
    return true;
}

/* ---- sessions: queues
 * ------------------------------------------------------------------------------------------- */

static bool entry_is_whole(struct rebuild *rebuild, const struct entry_row *row)
{
    bool released = (row->flags & ENTRY_RELEASED) != 0;
    uint32_t qos = row->flags & ENTRY_QOS;
    if ((row->flags & ~ENTRY_FLAGS) != 0 || qos < 1 || qos > 2 || row->packet_id == 0 ||
        row->id_count > TARGET_IDS_MAX)
        return false;
    if (row->id_count > ENTRY_IDS &&
        (!text_is_whole(rebuild, row->ids[0], row->id_count * sizeof(uint32_t)) ||
         !bytes_are_zero(row->ids + 1, sizeof row->ids - sizeof row->ids[0])))
        return false;
    if (released)
        return qos == 2 && row->message == MESSAGE_NONE && row->id_count == 0;
    return message_refer(rebuild, row->message);
}

static bool queue_is_whole(struct rebuild *rebuild, uint32_t session, const struct session_row *of)
{
    const struct sessions *sessions = rebuild->sessions;
    const struct state_table *entries = &sessions->pools[POOL_ENTRIES];
    uint32_t end = sessions->roots->pools[POOL_ENTRIES].used + 1, distance = 0;
    uint64_t bytes = 0;
    if (!chain_is_valid(entries, &entry_chain, &of->queue, of->queued, end))
        return false;
    for (uint32_t entry = of->queue.first; entry != ENTRY_NONE;
         entry = chain_after(entries, &entry_chain, entry)) {
        if (!row_mark(rebuild, POOL_ENTRIES, entry))
            return false;
        const struct entry_row *row = entry_at(sessions, entry);
        if (row->session != session || !entry_is_whole(rebuild, row))
            return false;
        uint32_t here = packet_distance(of->oldest_packet, row->packet_id);
        if (entry == of->queue.first ? row->packet_id != of->oldest_packet : here <= distance)
            return false;
        distance = here;
        if (row->message != MESSAGE_NONE)
            bytes += message_size(message_at(sessions, row->message));
    }
    if (of->next_packet == 0 || of->queued_bytes != bytes)
        return false;
    if (of->queued == 0)
        return of->oldest_packet == 0;
    return queue_is_full(of) || packet_distance(of->oldest_packet, of->next_packet) > distance;
}

/* ---- sessions: subscriptions and packet ids received
 * ------------------------------------------------------------------------------------------- */

static bool subscription_is_whole(struct rebuild *rebuild, const struct subscription_row *row)
{
    return row->qos <= 2 && row->retain_handling <= 2 && (row->flags & ~SUBSCRIPTION_FLAGS) == 0 &&
           text_is_whole(rebuild, row->filter, row->filter_size);
}

static enum err subscription_index_put(struct rebuild *rebuild, uint32_t subscription,
                                       const struct subscription_row *row)
{
    struct sessions *sessions = rebuild->sessions;
    struct bytes filter = bytes_of(rebuild->text, row->filter_size);
    cells_copy(sessions, row->filter, rebuild->text, row->filter_size);
    if (sessions_subscription_find(sessions, row->session, filter) != SUBSCRIPTION_NONE)
        return ERR_CORRUPT;
    return index_insert(sessions->filter_index, kind_hash(HASH_FILTER, row->session, filter),
                        subscription);
}

static enum err subscriptions_rebuild(struct rebuild *rebuild, uint32_t session,
                                      const struct session_row *of)
{
    const struct state_table *table = &rebuild->sessions->pools[POOL_SUBSCRIPTIONS];
    uint32_t end = rebuild->sessions->roots->pools[POOL_SUBSCRIPTIONS].used + 1;
    if (!chain_is_valid(table, &subscription_chain, &of->subscribed, of->subscriptions, end))
        return ERR_CORRUPT;
    for (uint32_t at = of->subscribed.first; at != SUBSCRIPTION_NONE;
         at = chain_after(table, &subscription_chain, at)) {
        if (!row_mark(rebuild, POOL_SUBSCRIPTIONS, at))
            return ERR_CORRUPT;
        const struct subscription_row *row = subscription_at(rebuild->sessions, at);
        if (row->session != session || !subscription_is_whole(rebuild, row))
            return ERR_CORRUPT;
        enum err err = subscription_index_put(rebuild, at, row);
        if (err != OK)
            return err;
    }
    return OK;
}

static bool chunk_is_whole(const struct received_row *row)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < RECEIVED_IDS; i++) {
        if ((row->bits[i / 8] >> (i % 8) & 1) == 0)
            continue;
        uint64_t packet_id = (uint64_t)row->part * RECEIVED_IDS + i;
        if (packet_id == 0 || packet_id > UINT16_MAX)
            return false;
        count++;
    }
    return count > 0 && row->count == count;
}

static bool received_is_whole(struct rebuild *rebuild, uint32_t session,
                              const struct session_row *of)
{
    uint32_t count = 0;
    uint64_t part_least = 0;
    for (uint32_t chunk = of->received_first; chunk != 0;) {
        if (!row_mark(rebuild, POOL_RECEIVED, chunk))
            return false;
        const struct received_row *row = received_at(rebuild->sessions, chunk);
        if (row->session != session || row->part < part_least || !chunk_is_whole(row))
            return false;
        part_least = (uint64_t)row->part + 1;
        count += row->count;
        chunk = row->next;
    }
    return of->received == count;
}

/* ---- sessions
 * ------------------------------------------------------------------------------------------- */

static bool will_is_whole(struct rebuild *rebuild, const struct session_row *of)
{
    uint64_t size =
        (uint64_t)of->will_topic_size + of->will_payload_size + of->will_properties_size;
    if ((of->flags & SESSION_HAS_WILL) == 0)
        return of->will == CELL_NONE && size == 0 && (of->flags & SESSION_WILL_RETAIN) == 0;
    return of->will_qos <= 2 && of->will_topic_size <= MESSAGE_TOPIC_MAX &&
           text_is_whole(rebuild, of->will, size);
}

static enum err session_rebuild(struct rebuild *rebuild, uint32_t session)
{
    struct sessions *sessions = rebuild->sessions;
    const struct session_row *of = session_at(sessions, session);
    if ((of->flags & SESSION_USED) == 0)
        return bytes_are_zero(of, sizeof *of) ? OK : ERR_CORRUPT;
    if ((of->flags & ~SESSION_FLAGS) != 0 ||
        !text_is_whole(rebuild, of->client_id, of->client_id_size) || !will_is_whole(rebuild, of) ||
        !queue_is_whole(rebuild, session, of) || !received_is_whole(rebuild, session, of))
        return ERR_CORRUPT;
    rebuild->found++;
    rebuild->connected += (of->flags & SESSION_CONNECTED) != 0;
    struct bytes client_id = bytes_of(rebuild->text, of->client_id_size);
    cells_copy(sessions, of->client_id, rebuild->text, of->client_id_size);
    if (sessions_find(sessions, of->tenant, client_id) != SESSION_NONE)
        return ERR_CORRUPT;
    enum err err = index_insert(sessions->client_index,
                                kind_hash(HASH_CLIENT, of->tenant, client_id), session);
    return err == OK ? subscriptions_rebuild(rebuild, session, of) : err;
}

static enum err all_sessions_rebuild(struct rebuild *rebuild)
{
    const struct roots_row *roots = rebuild->sessions->roots;
    for (uint32_t session = 1; session <= roots->sessions_highest; session++) {
        enum err err = session_rebuild(rebuild, session);
        if (err != OK)
            return err;
    }
    if (rebuild->found != roots->sessions || rebuild->connected != roots->connected ||
        !rest_is_zero(&rebuild->sessions->session_rows, roots->sessions_highest))
        return ERR_CORRUPT;
    return OK;
}

/* ---- retained messages, and rows that are free
 * ------------------------------------------------------------------------------------------- */

static enum err retained_rebuild_slot(struct rebuild *rebuild, uint32_t slot)
{
    struct sessions *sessions = rebuild->sessions;
    const struct retained_row *row = retained_at(sessions, slot);
    if (row->message == MESSAGE_NONE)
        return OK; /* must be found in the list of free rows */
    if (row->next_free != 0 || !message_refer(rebuild, row->message) ||
        !row_mark(rebuild, POOL_RETAINED, slot))
        return ERR_CORRUPT;
    const struct message_row *of = message_at(sessions, row->message);
    rebuild->retained_bytes += message_size(of);
    struct bytes topic = bytes_of(rebuild->text, of->topic_size);
    cells_copy(sessions, of->cells, rebuild->text, of->topic_size);
    if (retained_slot(sessions, of->tenant, topic) != 0)
        return ERR_CORRUPT;
    return retained_index_put(sessions, slot, of->tenant, topic);
}

static enum err retained_rebuild(struct rebuild *rebuild)
{
    const struct roots_row *roots = rebuild->sessions->roots;
    for (uint32_t slot = 1; slot <= roots->pools[POOL_RETAINED].used; slot++) {
        enum err err = retained_rebuild_slot(rebuild, slot);
        if (err != OK)
            return err;
    }
    return rebuild->retained_bytes == roots->retained_bytes ? OK : ERR_CORRUPT;
}

static bool free_rows_are_whole(struct rebuild *rebuild, enum pool pool)
{
    const struct pool_roots *roots = &rebuild->sessions->roots->pools[pool];
    const struct state_table *table = &rebuild->sessions->pools[pool];
    size_t size = (size_t)1 << table->row_shift;
    if (rebuild->marked[pool] != roots->in_use)
        return false;
    for (uint32_t row = roots->free; row != 0;) {
        if (!row_mark(rebuild, pool, row))
            return false;
        const uint8_t *at = state_read(table, row);
        if (!bytes_are_zero(at + sizeof row, size - sizeof row))
            return false;
        row = load_u32(at);
    }
    return rebuild->marked[pool] == roots->used && rest_is_zero(table, roots->used);
}

/* ---- the whole
 * ------------------------------------------------------------------------------------------- */

/* Rows in use are never all zero, so that all but one row of what was ever used lies in pages that
 * the snapshot had; that one may be row 1, beside row 0, which is none. Sessions may end and leave
 * zeroes; their number is bounded. */
static enum err tables_cover(struct sessions *sessions)
{
    const struct roots_row *roots = sessions->roots;
    if (roots->sessions_highest > SESSION_NUMBER_MAX)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&sessions->session_rows, roots->sessions_highest + 1);
    for (size_t i = 0; i < POOLS && err == OK; i++) {
        uint32_t used = roots->pools[i].used, capacity = state_table_capacity(&sessions->pools[i]);
        if (used > (capacity > 0 ? capacity : 1) || used > UINT32_MAX - 2)
            return ERR_CORRUPT;
        err = state_table_grow(&sessions->pools[i], roots->pools[i].used + 1);
    }
    return err;
}

static enum err rebuild_init(struct rebuild *rebuild, struct sessions *sessions)
{
    rebuild->sessions = sessions;
    bool whole = true;
    for (size_t i = 0; i < POOLS; i++) {
        rebuild->marks[i] = calloc((size_t)sessions->roots->pools[i].used + 1, 1);
        whole = whole && rebuild->marks[i] != NULL;
    }
    rebuild->references =
        calloc((size_t)sessions->roots->pools[POOL_MESSAGES].used + 1, sizeof *rebuild->references);
    rebuild->text = malloc(MESSAGE_TOPIC_MAX);
    return whole && rebuild->references != NULL && rebuild->text != NULL ? OK : ERR_NO_MEMORY;
}

static void rebuild_done(struct rebuild *rebuild)
{
    for (size_t i = 0; i < POOLS; i++)
        free(rebuild->marks[i]);
    free(rebuild->references);
    free(rebuild->text);
}

static enum err rebuild_run(struct rebuild *rebuild)
{
    if (!messages_are_whole(rebuild))
        return ERR_CORRUPT;
    enum err err = all_sessions_rebuild(rebuild);
    if (err == OK)
        err = retained_rebuild(rebuild);
    if (err == OK && !references_are_right(rebuild))
        err = ERR_CORRUPT;
    for (enum pool pool = 0; pool < POOLS && err == OK; pool++)
        err = free_rows_are_whole(rebuild, pool) ? OK : ERR_CORRUPT;
    return err;
}

enum err sessions_rebuild(struct sessions *sessions)
{
    struct rebuild rebuild = {0};
    sessions_indexes_destroy(sessions);
    enum err err = sessions_indexes_create(sessions);
    if (err == OK)
        err = tables_cover(sessions);
    if (err == OK)
        err = rebuild_init(&rebuild, sessions);
    if (err == OK)
        err = rebuild_run(&rebuild);
    rebuild_done(&rebuild);
    if (err == OK)
        held_rebuild(sessions);
    return err;
}
