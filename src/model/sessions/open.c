/* Sessions come and go: OPEN, CLOSE, END, and the wills they carry. */
#include "model/sessions/tables.h"

static uint64_t will_held(const struct session_row *of)
{
    return text_held((uint64_t)of->will_topic_size + of->will_payload_size +
                     of->will_properties_size);
}

static void will_free(struct sessions *sessions, uint32_t session)
{
    struct session_row *of = session_write(sessions, session);
    held_take(sessions, of->tenant, will_held(of));
    cells_free(sessions, of->will);
    of->flags &= (uint8_t) ~(SESSION_HAS_WILL | SESSION_WILL_RETAIN);
    of->will = CELL_NONE;
    of->will_qos = 0;
    of->will_delay_s = of->will_expiry_s = 0;
    of->will_topic_size = of->will_payload_size = of->will_properties_size = 0;
}

static enum err will_set(struct sessions *sessions, uint32_t session, const struct fact_will *will)
{
    will_free(sessions, session);
    if (!will->present)
        return OK;
    struct session_row *of = session_write(sessions, session);
    const struct bytes parts[] = {will->topic, will->payload, will->properties};
    enum err err = cells_add(sessions, parts, ARRAY_COUNT(parts), &of->will);
    if (err != OK)
        return err;
    of->flags |= SESSION_HAS_WILL;
    if (will->retain)
        of->flags |= SESSION_WILL_RETAIN;
    of->will_qos = will->qos;
    of->will_delay_s = will->delay_s;
    of->will_expiry_s = will->expiry_s;
    of->will_topic_size = (uint32_t)will->topic.size;
    of->will_payload_size = (uint32_t)will->payload.size;
    of->will_properties_size = (uint32_t)will->properties.size;
    held_add(sessions, of->tenant, will_held(of));
    return OK;
}

/* What a clean start takes away: all but the client id and the will. */
static void session_clear(struct sessions *sessions, uint32_t session)
{
    queue_clear(sessions, session);
    subscriptions_clear(sessions, session);
    received_clear(sessions, session);
    struct session_row *of = session_write(sessions, session);
    of->next_packet = 1;
    of->sent = 0;
    of->closed_wall_ns = of->closed_engine_ns = 0;
}

/* The hash of a client id that lies in cells. */
static uint64_t client_hash(const struct sessions *sessions, const struct session_row *of)
{
    uint8_t client_id[CLIENT_ID_BYTES_MAX];
    cells_copy(sessions, of->client_id, client_id, of->client_id_size);
    return kind_hash(HASH_CLIENT, of->tenant, bytes_of(client_id, of->client_id_size));
}

static void session_end(struct sessions *sessions, uint32_t session)
{
    session_clear(sessions, session);
    will_free(sessions, session);
    struct session_row *of = session_write(sessions, session);
    check(index_remove(sessions->client_index, client_hash(sessions, of), session) == OK);
    cells_free(sessions, of->client_id);
    held_take(sessions, of->tenant, sizeof *of + text_held(of->client_id_size));
    sessions->roots->sessions--;
    sessions->roots->connected -= (of->flags & SESSION_CONNECTED) != 0;
    memset(of, 0, sizeof *of);
}

/* The number is free, and so is the client id. */
static enum err session_begin(struct sessions *sessions, const struct fact_session_open *open)
{
    enum err err = OK;
    if (open->session >= state_table_capacity(&sessions->session_rows))
        err = state_table_grow(&sessions->session_rows, open->session + 1);
    if (err != OK)
        return err;
    uint32_t client_id;
    err = cells_add(sessions, &open->client_id, 1, &client_id);
    if (err != OK)
        return err;
    uint64_t hash = kind_hash(HASH_CLIENT, open->tenant, open->client_id);
    err = index_insert(sessions->client_index, hash, open->session);
    if (err != OK)
        return err;
    struct roots_row *roots = sessions->roots;
    if (roots->sessions_highest < open->session)
        roots->sessions_highest = open->session;
    roots->sessions++;
    struct session_row *of = session_write(sessions, open->session);
    *of = (struct session_row){.tenant = open->tenant,
                               .flags = SESSION_USED,
                               .next_packet = 1,
                               .client_id = client_id,
                               .client_id_size = (uint16_t)open->client_id.size};
    held_add(sessions, of->tenant, sizeof *of + text_held(of->client_id_size));
    return OK;
}

enum err apply_open(struct sessions *sessions, const struct fact_session_open *open)
{
    uint32_t session = open->session;
    if (session == SESSION_NONE || session > SESSION_NUMBER_MAX ||
        open->client_id.size > CLIENT_ID_BYTES_MAX) {
        stray_count(sessions);
        return OK;
    }
    uint32_t found = sessions_find(sessions, open->tenant, open->client_id);
    if (found != session) {
        if (found != SESSION_NONE)
            session_end(sessions, found);
        if (session_exists(sessions, session))
            session_end(sessions, session);
        enum err err = session_begin(sessions, open);
        if (err != OK)
            return err;
    } else if (open->clean) {
        session_clear(sessions, session);
    }
    struct session_row *of = session_write(sessions, session);
    sessions->roots->connected += (of->flags & SESSION_CONNECTED) == 0;
    of->flags |= SESSION_CONNECTED;
    of->version = open->version;
    of->expiry_s = open->expiry_s;
    return will_set(sessions, session, &open->will);
}

void apply_close(struct sessions *sessions, const struct fact_session_close *close,
                 const struct session_stamp *stamp)
{
    uint32_t session = close->session;
    if (!session_exists(sessions, session)) {
        stray_count(sessions);
        return;
    }
    if (close->will_dropped)
        will_free(sessions, session);
    struct session_row *of = session_write(sessions, session);
    sessions->roots->connected -= (of->flags & SESSION_CONNECTED) != 0;
    of->flags &= (uint8_t)~SESSION_CONNECTED;
    of->expiry_s = close->expiry_s;
    of->sent = close->sent;
    of->closed_wall_ns = stamp->wall_ns;
    of->closed_engine_ns = stamp->engine_ns;
    if (of->expiry_s == 0 && (of->flags & SESSION_HAS_WILL) == 0)
        session_end(sessions, session);
}

void apply_end(struct sessions *sessions, uint32_t session)
{
    if (session_exists(sessions, session))
        session_end(sessions, session);
    else
        stray_count(sessions);
}

void apply_will_done(struct sessions *sessions, uint32_t session)
{
    if (!session_exists(sessions, session)) {
        stray_count(sessions);
        return;
    }
    will_free(sessions, session);
    const struct session_row *of = session_at(sessions, session);
    if (of->expiry_s == 0 && (of->flags & SESSION_CONNECTED) == 0)
        session_end(sessions, session);
}
