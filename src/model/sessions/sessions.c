/* Asking, and how the tables and the indexes beside them come and go. */
#include "model/sessions/tables.h"

#include <stdlib.h>

/* ---- life
 * ------------------------------------------------------------------------------------------- */

void sessions_indexes_destroy(struct sessions *sessions)
{
    index_destroy(sessions->client_index);
    index_destroy(sessions->filter_index);
    index_destroy(sessions->retained_index);
    topics_destroy(sessions->retained_tree);
    sessions->client_index = sessions->filter_index = sessions->retained_index = NULL;
    sessions->retained_tree = NULL;
    sessions->retained_deep = 0;
    sessions->retained_tree_bytes = 0;
}

enum err sessions_indexes_create(struct sessions *sessions)
{
    enum err err = index_create(&sessions->client_index);
    if (err == OK)
        err = index_create(&sessions->filter_index);
    if (err == OK)
        err = index_create(&sessions->retained_index);
    if (err == OK)
        err = topics_create_seeded(sessions->seed, &sessions->retained_tree);
    return err;
}

static void tables_init(struct state *state, struct sessions *sessions)
{
    static const uint32_t pool_row_sizes[POOLS] = {
        sizeof(struct subscription_row), sizeof(struct entry_row),    sizeof(struct message_row),
        sizeof(struct cell_row),         sizeof(struct retained_row), sizeof(struct received_row)};
    state_table_init(state, &sessions->roots_table, TABLE_ROOTS, sizeof(struct roots_row), true);
    state_table_init(state, &sessions->session_rows, TABLE_SESSIONS, sizeof(struct session_row),
                     true);
    for (uint32_t i = 0; i < POOLS; i++)
        state_table_init(state, &sessions->pools[i], TABLE_POOLS + i, pool_row_sizes[i], true);
}

enum err sessions_create(struct state *state, struct sessions **ret_sessions)
{
    return sessions_create_seeded(state, 0, ret_sessions);
}

enum err sessions_create_seeded(struct state *state, uint64_t seed, struct sessions **ret_sessions)
{
    struct sessions *sessions = calloc(1, sizeof *sessions);
    if (sessions == NULL)
        return ERR_NO_MEMORY;
    sessions->state = state;
    sessions->seed = seed;
    tables_init(state, sessions);
    enum err err = sessions_indexes_create(sessions);
    if (err == OK)
        err = state_table_grow(&sessions->roots_table, 1);
    if (err != OK) {
        sessions_destroy(sessions);
        return err;
    }
    sessions->roots = state_write(&sessions->roots_table, 0);
    *ret_sessions = sessions;
    return OK;
}

void sessions_destroy(struct sessions *sessions)
{
    if (sessions == NULL)
        return;
    sessions_indexes_destroy(sessions);
    state_table_done(&sessions->roots_table);
    state_table_done(&sessions->session_rows);
    for (size_t i = 0; i < POOLS; i++)
        state_table_done(&sessions->pools[i]);
    held_done(sessions);
    free(sessions);
}

/* ---- the reducer's entry
 * ------------------------------------------------------------------------------------------- */

void stray_count(struct sessions *sessions)
{
    sessions->roots->strays++;
}

enum err sessions_apply_fact(struct sessions *sessions, const struct fact *fact,
                             const struct session_stamp *stamp)
{
    if (fact->kind < FACT_SESSION_OPEN || fact->kind > FACT_WILL_DONE)
        return OK;
    sessions->roots = state_write(&sessions->roots_table, 0);
    switch ((enum fact_kind)fact->kind) {
    case FACT_SESSION_OPEN:
        return apply_open(sessions, &fact->session_open);
    case FACT_SESSION_CLOSE:
        apply_close(sessions, &fact->session_close, stamp);
        return OK;
    case FACT_SESSION_END:
        apply_end(sessions, fact->session);
        return OK;
    case FACT_SUBSCRIBE:
        return apply_subscribe(sessions, &fact->subscribe);
    case FACT_UNSUBSCRIBE:
        apply_unsubscribe(sessions, &fact->unsubscribe);
        return OK;
    case FACT_MESSAGE:
        return apply_message(sessions, &fact->message, stamp);
    case FACT_ENQUEUE:
        return apply_enqueue(sessions, &fact->enqueue);
    case FACT_DELIVERY:
        apply_delivery(sessions, &fact->delivery);
        return OK;
    case FACT_RECEIVED:
        return apply_received(sessions, &fact->packet);
    case FACT_RELEASED:
        apply_released(sessions, &fact->packet);
        return OK;
    case FACT_WILL_DONE:
        apply_will_done(sessions, fact->session);
        return OK;
    default:
        return OK;
    }
}

/* ---- asking
 * ------------------------------------------------------------------------------------------- */

uint32_t sessions_highest(const struct sessions *sessions)
{
    return sessions->roots->sessions_highest;
}

uint32_t sessions_count(const struct sessions *sessions)
{
    return sessions->roots->sessions;
}

uint32_t sessions_find(const struct sessions *sessions, uint32_t tenant, struct bytes client_id)
{
    struct index_probe probe;
    uint64_t hash = kind_hash(HASH_CLIENT, tenant, client_id);
    for (uint32_t session = index_first(sessions->client_index, &probe, hash);
         session != INDEX_NONE; session = index_next(sessions->client_index, &probe)) {
        const struct session_row *of = session_at(sessions, session);
        if (of->tenant == tenant && of->client_id_size == client_id.size &&
            cells_equal(sessions, of->client_id, client_id))
            return session;
    }
    return SESSION_NONE;
}

bool sessions_view(const struct sessions *sessions, uint32_t session, struct session_view *ret_view)
{
    if (!session_exists(sessions, session))
        return false;
    const struct session_row *of = session_at(sessions, session);
    *ret_view = (struct session_view){
        .tenant = of->tenant,
        .version = of->version,
        .connected = (of->flags & SESSION_CONNECTED) != 0,
        .expiry_s = of->expiry_s,
        .closed_wall_ns = of->closed_wall_ns,
        .closed_engine_ns = of->closed_engine_ns,
        .sent = of->sent,
        .newest = of->queue.last == ENTRY_NONE ? 0 : entry_at(sessions, of->queue.last)->packet_id,
        .queued = of->queued,
        .queued_bytes = of->queued_bytes,
        .subscriptions = of->subscriptions,
        .received = of->received,
        .has_will = (of->flags & SESSION_HAS_WILL) != 0,
        .client_id_size = of->client_id_size,
    };
    return true;
}

size_t sessions_client_id(const struct sessions *sessions, uint32_t session, uint8_t *at,
                          size_t size)
{
    check(session_exists(sessions, session));
    const struct session_row *of = session_at(sessions, session);
    size_t copied = of->client_id_size < size ? of->client_id_size : size;
    cells_copy(sessions, of->client_id, at, copied);
    return copied;
}

bool sessions_will(const struct sessions *sessions, uint32_t session, struct will_view *ret_will)
{
    if (!session_exists(sessions, session))
        return false;
    const struct session_row *of = session_at(sessions, session);
    if ((of->flags & SESSION_HAS_WILL) == 0)
        return false;
    *ret_will = (struct will_view){
        .retain = (of->flags & SESSION_WILL_RETAIN) != 0,
        .qos = of->will_qos,
        .delay_s = of->will_delay_s,
        .expiry_s = of->will_expiry_s,
        .topic_size = of->will_topic_size,
        .payload_size = of->will_payload_size,
        .properties_size = of->will_properties_size,
    };
    return true;
}

void sessions_will_copy(const struct sessions *sessions, uint32_t session, uint8_t *at)
{
    check(session_exists(sessions, session));
    const struct session_row *of = session_at(sessions, session);
    cells_copy(sessions, of->will, at,
               (size_t)of->will_topic_size + of->will_payload_size + of->will_properties_size);
}

static uint64_t held_bytes(const struct sessions *sessions)
{
    static const uint16_t sizes[POOLS] = {
        [POOL_SUBSCRIPTIONS] = sizeof(struct subscription_row),
        [POOL_ENTRIES] = sizeof(struct entry_row),
        [POOL_MESSAGES] = sizeof(struct message_row),
        [POOL_CELLS] = sizeof(struct cell_row),
        [POOL_RETAINED] = sizeof(struct retained_row),
        [POOL_RECEIVED] = sizeof(struct received_row),
    };
    uint64_t held = (uint64_t)sessions->roots->sessions * sizeof(struct session_row);
    for (size_t i = 0; i < POOLS; i++)
        held += (uint64_t)sessions->roots->pools[i].in_use * sizes[i];
    return held + sessions->retained_tree_bytes;
}

void sessions_describe(const struct sessions *sessions, struct sessions_counts *ret_counts)
{
    const struct roots_row *roots = sessions->roots;
    *ret_counts = (struct sessions_counts){
        .sessions = roots->sessions,
        .connected = roots->connected,
        .subscriptions = roots->pools[POOL_SUBSCRIPTIONS].in_use,
        .retained = roots->pools[POOL_RETAINED].in_use,
        .messages = roots->pools[POOL_MESSAGES].in_use,
        .entries = roots->pools[POOL_ENTRIES].in_use,
        .retained_bytes = roots->retained_bytes,
        .message_bytes = roots->message_bytes,
        .held = held_bytes(sessions),
        .strays = roots->strays,
        .full = roots->full,
        .memory = sizeof *sessions + index_memory(sessions->client_index) +
                  index_memory(sessions->filter_index) + index_memory(sessions->retained_index) +
                  topics_memory(sessions->retained_tree),
    };
}
