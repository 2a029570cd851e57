/* Messages, each kept once for all that refer to it, and the retained message of each topic. */
#include "model/sessions/tables.h"

#define TARGETS_AT_ONCE 16 /* their rows are fetched together: each would be a cache miss */

/* ---- messages
 * ------------------------------------------------------------------------------------------- */

static int64_t expires_at(uint32_t expiry_s, int64_t wall_ns)
{
    int64_t expires_ns;
    if (expiry_s == EXPIRY_NEVER ||
        __builtin_add_overflow(wall_ns, (int64_t)expiry_s * NS_PER_S, &expires_ns))
        return INT64_MAX;
    return expires_ns;
}

/* A message nobody refers to yet. */
static enum err message_add(struct sessions *sessions, const struct fact_message *of,
                            const struct session_stamp *stamp, uint32_t *ret_message)
{
    const struct bytes parts[] = {of->topic, of->payload, of->properties};
    uint32_t message, cells;
    enum err err = row_take(sessions, POOL_MESSAGES, &message);
    if (err == OK)
        err = cells_add(sessions, parts, ARRAY_COUNT(parts), &cells);
    if (err != OK)
        return err;
    struct message_row *row = message_write(sessions, message);
    *row = (struct message_row){.tenant = of->tenant,
                                .cells = cells,
                                .topic_size = (uint32_t)of->topic.size,
                                .payload_size = (uint32_t)of->payload.size,
                                .properties_size = (uint32_t)of->properties.size,
                                .qos = of->qos,
                                .expires_wall_ns = expires_at(of->expiry_s, stamp->wall_ns)};
    sessions->roots->message_bytes += message_size(row);
    held_add(sessions, row->tenant, message_held(row));
    *ret_message = message;
    return OK;
}

void message_release(struct sessions *sessions, uint32_t message)
{
    struct message_row *row = message_write(sessions, message);
    row->references--;
    if (row->references > 0)
        return;
    sessions->roots->message_bytes -= message_size(row);
    held_take(sessions, row->tenant, message_held(row));
    cells_free(sessions, row->cells);
    row_free(sessions, POOL_MESSAGES, message);
}

/* ---- retained messages
 * ------------------------------------------------------------------------------------------- */

uint32_t retained_slot(const struct sessions *sessions, uint32_t tenant, struct bytes topic)
{
    struct index_probe probe;
    uint64_t hash = kind_hash(HASH_RETAINED, tenant, topic);
    for (uint32_t slot = index_first(sessions->retained_index, &probe, hash); slot != INDEX_NONE;
         slot = index_next(sessions->retained_index, &probe)) {
        const struct message_row *of = message_at(sessions, retained_at(sessions, slot)->message);
        if (of->tenant == tenant && of->topic_size == topic.size &&
            cells_equal(sessions, of->cells, topic))
            return slot;
    }
    return 0;
}

/* What the tree holds of a topic, at most: a node and its place among others for each level. */
#define NODE_BYTES 84u
static size_t tree_cost(struct bytes topic)
{
    size_t levels = 1;
    for (size_t i = 0; i < topic.size; i++)
        levels += topic.at[i] == '/';
    return levels * NODE_BYTES + topic.size;
}

enum err retained_index_put(struct sessions *sessions, uint32_t slot, uint32_t tenant,
                            struct bytes topic)
{
    enum err err =
        index_insert(sessions->retained_index, kind_hash(HASH_RETAINED, tenant, topic), slot);
    if (err == OK)
        err = topics_add(sessions->retained_tree, tenant, topic, slot);
    if (err == OK)
        sessions->retained_tree_bytes += tree_cost(topic);
    if (err != ERR_LIMIT)
        return err;
    sessions->retained_deep++; /* found by its name and by its slot, not by filters */
    return OK;
}

static struct retained_row *retained_write(struct sessions *sessions, uint32_t slot)
{
    return state_write(&sessions->pools[POOL_RETAINED], slot);
}

/* The topic has no retained message any more. */
static void retained_remove(struct sessions *sessions, uint32_t slot, uint32_t tenant,
                            struct bytes topic)
{
    uint32_t message = retained_at(sessions, slot)->message;
    check(index_remove(sessions->retained_index, kind_hash(HASH_RETAINED, tenant, topic), slot) ==
          OK);
    if (topics_remove(sessions->retained_tree, tenant, topic, slot) == OK)
        sessions->retained_tree_bytes -= tree_cost(topic);
    else
        sessions->retained_deep--;
    sessions->roots->retained_bytes -= message_size(message_at(sessions, message));
    held_retained(sessions, tenant, false);
    row_free(sessions, POOL_RETAINED, slot);
    message_release(sessions, message);
}

/* Puts the message into the topic's slot; what lay there goes. */
static enum err retained_set(struct sessions *sessions, uint32_t slot,
                             const struct fact_message *of, uint32_t message)
{
    enum err err = OK;
    uint32_t before = MESSAGE_NONE;
    if (slot != 0) {
        before = retained_at(sessions, slot)->message;
        sessions->roots->retained_bytes -= message_size(message_at(sessions, before));
    } else {
        err = row_take(sessions, POOL_RETAINED, &slot);
        if (err == OK)
            err = retained_index_put(sessions, slot, of->tenant, of->topic);
    }
    if (err != OK)
        return err;
    if (before == MESSAGE_NONE)
        held_retained(sessions, of->tenant, true);
    *retained_write(sessions, slot) = (struct retained_row){.message = message};
    struct message_row *row = message_write(sessions, message);
    row->references++;
    sessions->roots->retained_bytes += message_size(row);
    if (before != MESSAGE_NONE)
        message_release(sessions, before);
    return OK;
}

/* *message: MESSAGE_NONE, or the message if it was kept as a retained one. */
static enum err retained_apply(struct sessions *sessions, const struct fact_message *of,
                               const struct session_stamp *stamp, uint32_t *message)
{
    uint32_t slot = retained_slot(sessions, of->tenant, of->topic);
    if (of->payload.size == 0) {
        if (slot != 0)
            retained_remove(sessions, slot, of->tenant, of->topic);
        return OK;
    }
    enum err err = message_add(sessions, of, stamp, message);
    return err == OK ? retained_set(sessions, slot, of, *message) : err;
}

/* ---- a message and its targets
 * ------------------------------------------------------------------------------------------- */

/* Can the session take an entry? Counts what stands in the way. */
static bool target_has_room(struct sessions *sessions, uint32_t session)
{
    if (!session_exists(sessions, session)) {
        stray_count(sessions);
        return false;
    }
    if (queue_is_full(session_at(sessions, session))) {
        sessions->roots->full++;
        return false;
    }
    return true;
}

static enum err target_apply(struct sessions *sessions, const struct fact_message *of,
                             const struct session_stamp *stamp, const struct message_target *target,
                             uint32_t *message)
{
    if (!target_has_room(sessions, target->session))
        return OK;
    if (*message == MESSAGE_NONE) {
        enum err err = message_add(sessions, of, stamp, message);
        if (err != OK)
            return err;
    }
    return queue_add(sessions, target, *message);
}

static void targets_prefetch(const struct sessions *sessions, const struct message_target *targets,
                             uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (session_exists(sessions, targets[i].session))
            state_prefetch(&sessions->pools[POOL_ENTRIES],
                           session_at(sessions, targets[i].session)->queue.last);
    }
}

static enum err targets_apply(struct sessions *sessions, const struct fact_message *of,
                              const struct session_stamp *stamp, uint32_t *message)
{
    struct message_target targets[TARGETS_AT_ONCE];
    size_t offset = 0;
    uint32_t last = 0, count;
    do {
        count = 0;
        while (count < TARGETS_AT_ONCE &&
               message_target_next(of->targets, &offset, &last, &targets[count]))
            state_prefetch(&sessions->session_rows, targets[count++].session);
        if (count > 1)
            targets_prefetch(sessions, targets, count);
        for (uint32_t i = 0; i < count; i++) {
            enum err err = target_apply(sessions, of, stamp, &targets[i], message);
            if (err != OK)
                return err;
        }
    } while (count == TARGETS_AT_ONCE);
    return OK;
}

enum err apply_message(struct sessions *sessions, const struct fact_message *of,
                       const struct session_stamp *stamp)
{
    uint32_t message = MESSAGE_NONE;
    enum err err = OK;
    if (of->retain)
        err = retained_apply(sessions, of, stamp, &message);
    return err == OK ? targets_apply(sessions, of, stamp, &message) : err;
}

enum err apply_enqueue(struct sessions *sessions, const struct fact_enqueue *enqueue)
{
    if (!session_exists(sessions, enqueue->session)) {
        stray_count(sessions);
        return OK;
    }
    uint32_t tenant = session_at(sessions, enqueue->session)->tenant;
    uint32_t slot = retained_slot(sessions, tenant, enqueue->topic);
    if (slot == 0 || !target_has_room(sessions, enqueue->session))
        return OK;
    uint32_t message = retained_at(sessions, slot)->message;
    uint8_t qos = message_at(sessions, message)->qos;
    if (qos == 0)
        return OK;
    struct message_target target = {.session = enqueue->session,
                                    .qos = enqueue->qos < qos ? enqueue->qos : qos,
                                    .retain = true};
    target.id_count = enqueue->subscription_id != 0;
    target.ids[0] = enqueue->subscription_id;
    return queue_add(sessions, &target, message);
}

/* ---- asking
 * ------------------------------------------------------------------------------------------- */

bool sessions_has_message(const struct sessions *sessions, uint32_t message)
{
    return message_at(sessions, message)->references > 0;
}

void sessions_message(const struct sessions *sessions, uint32_t message,
                      struct message_view *ret_view)
{
    const struct message_row *of = message_at(sessions, message);
    check(of->references > 0);
    *ret_view = (struct message_view){
        .tenant = of->tenant,
        .qos = of->qos,
        .topic_size = of->topic_size,
        .payload_size = of->payload_size,
        .properties_size = of->properties_size,
        .expires_wall_ns = of->expires_wall_ns,
    };
}

void sessions_message_copy(const struct sessions *sessions, uint32_t message, uint8_t *at)
{
    const struct message_row *of = message_at(sessions, message);
    check(of->references > 0);
    cells_copy(sessions, of->cells, at, message_size(of));
}

void sessions_message_prefetch(const struct sessions *sessions, uint32_t message)
{
    state_prefetch(&sessions->pools[POOL_MESSAGES], message);
}

uint32_t sessions_retained_find(const struct sessions *sessions, uint32_t tenant,
                                struct bytes topic)
{
    uint32_t slot = retained_slot(sessions, tenant, topic);
    return slot == 0 ? MESSAGE_NONE : retained_at(sessions, slot)->message;
}

uint32_t sessions_retained_highest(const struct sessions *sessions)
{
    return sessions->roots->pools[POOL_RETAINED].used;
}

uint32_t sessions_retained_at(const struct sessions *sessions, uint32_t slot)
{
    if (slot == 0 || slot > sessions->roots->pools[POOL_RETAINED].used)
        return MESSAGE_NONE;
    return retained_at(sessions, slot)->message;
}

struct retained_match {
    const struct sessions *sessions;
    sessions_each_retained *each;
    void *arg;
};

static bool retained_match_each(void *arg, uint32_t slot)
{
    const struct retained_match *match = arg;
    return match->each(match->arg, retained_at(match->sessions, slot)->message);
}

bool sessions_retained_match(const struct sessions *sessions, uint32_t tenant, struct bytes filter,
                             size_t most, sessions_each_retained *each, void *arg)
{
    struct retained_match match = {sessions, each, arg};
    if (sessions->retained_deep > 0)
        return false;
    return topics_match_names(sessions->retained_tree, tenant, filter, most, retained_match_each,
                              &match);
}
