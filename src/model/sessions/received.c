/* Packet ids of incoming QoS 2 messages that were not released yet: bits in chunks, which each
 * session has for the parts of the range that it uses, in ascending order. A client gives its ids
 * one after the other, so that one or two chunks are the rule; 171 cover all of them. */
#include "model/sessions/tables.h"

static struct received_row *received_write(struct sessions *sessions, uint32_t chunk)
{
    return state_write(&sessions->pools[POOL_RECEIVED], chunk);
}

/* The chunk of that part, 0 when there is none; *ret_before: the last one of a lower part, or 0. */
static uint32_t received_find(const struct sessions *sessions, uint32_t session, uint32_t part,
                              uint32_t *ret_before)
{
    uint32_t before = 0, chunk = session_at(sessions, session)->received_first;
    while (chunk != 0 && received_at(sessions, chunk)->part < part) {
        before = chunk;
        chunk = received_at(sessions, chunk)->next;
    }
    *ret_before = before;
    return chunk != 0 && received_at(sessions, chunk)->part == part ? chunk : 0;
}

static void received_link(struct sessions *sessions, uint32_t session, uint32_t before,
                          uint32_t chunk)
{
    if (before == 0)
        session_write(sessions, session)->received_first = chunk;
    else
        received_write(sessions, before)->next = chunk;
}

static enum err received_add(struct sessions *sessions, uint32_t session, uint32_t part,
                             uint32_t before, uint32_t *ret_chunk)
{
    enum err err = row_take(sessions, POOL_RECEIVED, ret_chunk);
    if (err != OK)
        return err;
    uint32_t next = before == 0 ? session_at(sessions, session)->received_first
                                : received_at(sessions, before)->next;
    *received_write(sessions, *ret_chunk) =
        (struct received_row){.next = next, .session = session, .part = part};
    received_link(sessions, session, before, *ret_chunk);
    return OK;
}

static uint8_t bit_of(uint16_t packet_id)
{
    return (uint8_t)(1u << (packet_id % 8));
}

static uint32_t byte_of(uint16_t packet_id)
{
    return packet_id % RECEIVED_IDS / 8;
}

enum err apply_received(struct sessions *sessions, const struct fact_packet *packet)
{
    if (!session_exists(sessions, packet->session) || packet->packet_id == 0) {
        stray_count(sessions);
        return OK;
    }
    uint32_t part = packet->packet_id / RECEIVED_IDS, before;
    uint32_t chunk = received_find(sessions, packet->session, part, &before);
    if (chunk == 0) {
        enum err err = received_add(sessions, packet->session, part, before, &chunk);
        if (err != OK)
            return err;
    }
    struct received_row *of = received_write(sessions, chunk);
    uint8_t *bits = &of->bits[byte_of(packet->packet_id)];
    if ((*bits & bit_of(packet->packet_id)) != 0)
        return OK;
    *bits |= bit_of(packet->packet_id);
    of->count++;
    session_write(sessions, packet->session)->received++;
    return OK;
}

void apply_released(struct sessions *sessions, const struct fact_packet *packet)
{
    if (!sessions_has_received(sessions, packet->session, packet->packet_id)) {
        stray_count(sessions);
        return;
    }
    uint32_t before;
    uint32_t chunk =
        received_find(sessions, packet->session, packet->packet_id / RECEIVED_IDS, &before);
    struct received_row *of = received_write(sessions, chunk);
    of->bits[byte_of(packet->packet_id)] &= (uint8_t)~bit_of(packet->packet_id);
    of->count--;
    session_write(sessions, packet->session)->received--;
    if (of->count > 0)
        return;
    received_link(sessions, packet->session, before, of->next);
    row_free(sessions, POOL_RECEIVED, chunk);
}

bool sessions_has_received(const struct sessions *sessions, uint32_t session, uint16_t packet_id)
{
    if (!session_exists(sessions, session))
        return false;
    uint32_t before;
    uint32_t chunk = received_find(sessions, session, packet_id / RECEIVED_IDS, &before);
    return chunk != 0 &&
           (received_at(sessions, chunk)->bits[byte_of(packet_id)] & bit_of(packet_id)) != 0;
}

void received_clear(struct sessions *sessions, uint32_t session)
{
    struct session_row *of = session_write(sessions, session);
    while (of->received_first != 0) {
        uint32_t chunk = of->received_first;
        of->received_first = received_at(sessions, chunk)->next;
        row_free(sessions, POOL_RECEIVED, chunk);
    }
    of->received = 0;
}
