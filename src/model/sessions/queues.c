/* Queues: the messages that wait for a session, or are on their way to it.
 *
 * An entry gets its packet id when it is queued, the next one of the session each time, and is
 * refused as long as that id is in use. So the ids of a queue always ascend from its oldest entry
 * on (65535 is followed by 1) and never go once around: whether the next id is in use is one look
 * at the oldest, and an id is found by walking from the end that is nearer to it. */
#include "model/sessions/tables.h"

/* ---- subscription ids of an entry
 * ------------------------------------------------------------------------------------------- */

static enum err ids_set(struct sessions *sessions, struct entry_row *row,
                        const struct message_target *target)
{
    row->id_count = target->id_count;
    if (target->id_count <= ENTRY_IDS) {
        memcpy(row->ids, target->ids, target->id_count * sizeof target->ids[0]);
        return OK;
    }
    struct bytes ids = bytes_of(target->ids, target->id_count * sizeof target->ids[0]);
    return cells_add(sessions, &ids, 1, &row->ids[0]);
}

static void ids_free(struct sessions *sessions, struct entry_row *row)
{
    if (row->id_count > ENTRY_IDS)
        cells_free(sessions, row->ids[0]);
    memset(row->ids, 0, sizeof row->ids);
    row->id_count = 0;
}

/* ---- entries come
 * ------------------------------------------------------------------------------------------- */

static uint16_t packet_after(uint16_t packet_id)
{
    return packet_id == UINT16_MAX ? 1 : (uint16_t)(packet_id + 1);
}

enum err queue_add(struct sessions *sessions, const struct message_target *target, uint32_t message)
{
    uint32_t entry;
    enum err err = row_take(sessions, POOL_ENTRIES, &entry);
    if (err != OK)
        return err;
    struct session_row *of = session_write(sessions, target->session);
    struct entry_row row = {
        .session = target->session,
        .message = message,
        .packet_id = of->next_packet,
        .flags = (uint8_t)(target->qos | (target->retain ? ENTRY_RETAIN : 0)),
    };
    err = ids_set(sessions, &row, target);
    if (err != OK)
        return err;
    *entry_write(sessions, entry) = row;
    if (of->queue.last == ENTRY_NONE)
        of->oldest_packet = of->next_packet;
    chain_put(&sessions->pools[POOL_ENTRIES], &entry_chain, &of->queue, entry);
    of->next_packet = packet_after(of->next_packet);
    of->queued++;
    held_add(sessions, of->tenant, sizeof row);
    struct message_row *held = message_write(sessions, message);
    held->references++;
    of->queued_bytes += message_size(held);
    return OK;
}

/* ---- entries go
 * ------------------------------------------------------------------------------------------- */

/* The entry needs its message no more, nor what was said beside it. */
static void entry_release(struct sessions *sessions, uint32_t entry)
{
    struct entry_row *row = entry_write(sessions, entry);
    ids_free(sessions, row);
    uint32_t message = row->message;
    if (message == MESSAGE_NONE)
        return;
    struct session_row *of = session_write(sessions, row->session);
    of->queued_bytes -= message_size(message_at(sessions, message));
    row->message = MESSAGE_NONE;
    row->flags |= ENTRY_RELEASED;
    message_release(sessions, message);
}

static void entry_unlink(struct sessions *sessions, uint32_t entry)
{
    struct session_row *of = session_write(sessions, entry_at(sessions, entry)->session);
    chain_take(&sessions->pools[POOL_ENTRIES], &entry_chain, &of->queue, entry);
    of->oldest_packet =
        of->queue.first == ENTRY_NONE ? 0 : entry_at(sessions, of->queue.first)->packet_id;
    of->queued--;
    held_take(sessions, of->tenant, sizeof(struct entry_row));
}

static void entry_remove(struct sessions *sessions, uint32_t entry)
{
    entry_release(sessions, entry);
    entry_unlink(sessions, entry);
    row_free(sessions, POOL_ENTRIES, entry);
}

void queue_clear(struct sessions *sessions, uint32_t session)
{
    uint32_t first;
    while ((first = session_at(sessions, session)->queue.first) != ENTRY_NONE)
        entry_remove(sessions, first);
}

void apply_delivery(struct sessions *sessions, const struct fact_delivery *delivery)
{
    uint32_t entry = sessions_queue_find(sessions, delivery->session, delivery->packet_id);
    if (entry == ENTRY_NONE) {
        stray_count(sessions);
        return;
    }
    if (delivery->step == DELIVERY_DONE)
        entry_remove(sessions, entry);
    else if ((entry_at(sessions, entry)->flags & ENTRY_QOS) == 2)
        entry_release(sessions, entry);
    else
        stray_count(sessions);
}

/* ---- asking
 * ------------------------------------------------------------------------------------------- */

uint32_t sessions_queue_first(const struct sessions *sessions, uint32_t session)
{
    if (!session_exists(sessions, session))
        return ENTRY_NONE;
    return session_at(sessions, session)->queue.first;
}

uint32_t sessions_queue_next(const struct sessions *sessions, uint32_t entry)
{
    return entry_at(sessions, entry)->links.next;
}

/* How many packet ids were given since this one, itself counted: 1..65535, and less for each newer
 * entry of the queue. */
static uint32_t packet_age(const struct session_row *session, uint16_t packet_id)
{
    uint32_t age = packet_distance(packet_id, session->next_packet);
    return age == 0 ? UINT16_MAX : age;
}

/* The same from the newest entry on. */
static uint32_t queue_after_from_newest(const struct sessions *sessions,
                                        const struct session_row *of, uint32_t age)
{
    uint32_t found = ENTRY_NONE;
    for (uint32_t entry = of->queue.last; entry != ENTRY_NONE;) {
        const struct entry_row *row = entry_at(sessions, entry);
        if (packet_age(of, row->packet_id) >= age)
            break;
        found = entry;
        entry = row->links.previous;
    }
    return found;
}

uint32_t sessions_queue_after(const struct sessions *sessions, uint32_t session, uint16_t packet_id)
{
    uint32_t entry = sessions_queue_first(sessions, session);
    if (packet_id == 0 || entry == ENTRY_NONE)
        return entry;
    const struct session_row *of = session_at(sessions, session);
    uint32_t age = packet_age(of, packet_id);
    uint32_t oldest = packet_age(of, of->oldest_packet);
    if (oldest >= age && oldest - age > age)
        return queue_after_from_newest(sessions, of, age);
    while (entry != ENTRY_NONE && packet_age(of, entry_at(sessions, entry)->packet_id) >= age)
        entry = entry_at(sessions, entry)->links.next;
    return entry;
}

/* Walks towards the entry that is so far behind the oldest; stops where it would have to lie. */
static uint32_t queue_walk(const struct sessions *sessions, uint32_t entry, uint16_t oldest,
                           uint32_t distance, bool newer)
{
    while (entry != ENTRY_NONE) {
        const struct entry_row *row = entry_at(sessions, entry);
        uint32_t here = packet_distance(oldest, row->packet_id);
        if (here == distance)
            return entry;
        if (newer ? here > distance : here < distance)
            break;
        entry = newer ? row->links.next : row->links.previous;
    }
    return ENTRY_NONE;
}

uint32_t sessions_queue_find(const struct sessions *sessions, uint32_t session, uint16_t packet_id)
{
    if (!session_exists(sessions, session) || packet_id == 0)
        return ENTRY_NONE;
    const struct session_row *of = session_at(sessions, session);
    if (packet_id == of->oldest_packet)
        return of->queue.first;
    if (of->queue.first == ENTRY_NONE)
        return ENTRY_NONE;
    uint32_t distance = packet_distance(of->oldest_packet, packet_id);
    uint32_t newest =
        packet_distance(of->oldest_packet, entry_at(sessions, of->queue.last)->packet_id);
    if (distance < newest / 2)
        return queue_walk(sessions, of->queue.first, of->oldest_packet, distance, true);
    return queue_walk(sessions, of->queue.last, of->oldest_packet, distance, false);
}

void sessions_entry(const struct sessions *sessions, uint32_t entry, struct entry_view *ret_view)
{
    const struct entry_row *row = entry_at(sessions, entry);
    check(row->session != SESSION_NONE);
    ret_view->message = row->message;
    ret_view->packet_id = row->packet_id;
    ret_view->qos = row->flags & ENTRY_QOS;
    ret_view->retain = (row->flags & ENTRY_RETAIN) != 0;
    ret_view->released = (row->flags & ENTRY_RELEASED) != 0;
    ret_view->id_count = row->id_count;
    size_t size = row->id_count * sizeof ret_view->ids[0];
    if (row->id_count > ENTRY_IDS)
        cells_copy(sessions, row->ids[0], (uint8_t *)ret_view->ids, size);
    else
        memcpy(ret_view->ids, row->ids, size);
}
