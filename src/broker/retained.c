/* Retained messages for a new subscription (MQTT 5, 3.3.1.3). What a filter finds is looked up when
 * its turn comes and given as the client takes it: a million retained messages are no million
 * messages in memory, and a thousand filters no thousand searches at once. A filter that the tree
 * cannot answer cheaply walks over all of them, a piece at a time. What was published since the
 * subscription became durable comes as it was published, and is not given a second time. */
#include "broker/room.h"

#include <stdlib.h>

#define FIND_NODES 2048u /* of the tree, at once */
#define FIND_MOST 1024u  /* messages noted down */
#define WALK_PIECE 2000u /* slots looked at in one go */
#define GIVE_PIECE 256u  /* messages given in one go, and waiting at most */

static bool filter_has_wildcard(struct bytes filter)
{
    return memchr(filter.at, '+', filter.size) || memchr(filter.at, '#', filter.size);
}

/* ---- asking ---- */
void retained_ask(struct broker *broker, struct client *client, uint32_t tenant,
                  struct bytes filter, uint8_t qos, uint32_t id)
{
    size_t size = sizeof(struct retained_feed) + filter.size;
    if (sessions_retained_highest(broker->sessions) == 0 ||
        (!filter_has_wildcard(filter) &&
         sessions_retained_find(broker->sessions, tenant, filter) == MESSAGE_NONE))
        return; /* what is published from now on comes as it is */
    struct out *out = out_of(broker, client);
    struct retained_feed *feed = out && budget_take(broker->memory, size) ? calloc(1, size) : NULL;
    if (!feed) {
        broker->counters.dropped_slow++;
        return;
    }
    feed->tenant = tenant;
    feed->stamp = broker->retain_stamp;
    feed->qos = qos;
    feed->id = id;
    feed->filter_size = (uint16_t)filter.size;
    memcpy(feed->filter, filter.at, filter.size);
    *out->feeds_end = feed;
    out->feeds_end = &feed->next;
}

/* ---- finding ---- */
struct find {
    uint32_t *list;
    uint32_t count;
    bool too_many;
};

static bool find_each(void *arg, uint32_t message)
{
    struct find *find = arg;
    if (find->count == FIND_MOST) {
        find->too_many = true;
        return false;
    }
    find->list[find->count++] = message;
    return true;
}

/* Makes the list of the feed, or begins its walk. */
static void feed_find(struct broker *broker, struct retained_feed *feed)
{
    struct bytes filter = bytes_of(feed->filter, feed->filter_size);
    struct find find = {.list = (uint32_t *)(void *)broker->scratch_2};
    feed->found = true;
    if (!filter_has_wildcard(filter)) {
        uint32_t message = sessions_retained_find(broker->sessions, feed->tenant, filter);
        if (message != MESSAGE_NONE)
            (void)find_each(&find, message);
    } else if (!sessions_retained_match(broker->sessions, feed->tenant, filter, FIND_NODES,
                                        find_each, &find)) {
        find.too_many = true;
    }
    size_t bytes = find.count * sizeof *find.list;
    if (!find.too_many && find.count > 0 && budget_take(broker->memory, bytes)) {
        feed->list = malloc(bytes);
        if (feed->list) {
            memcpy(feed->list, find.list, bytes);
            feed->count = find.count;
            return;
        }
        budget_give(broker->memory, bytes);
    }
    feed->slot = find.too_many || find.count > 0 ? 1 : 0;
}

/* ---- giving ---- */
enum give { GIVEN, GIVE_WAIT };

/* Into the queue of a kept session: a fact. */
static enum give give_queued(struct broker *broker, struct client *client,
                             const struct retained_feed *feed, struct bytes topic, uint8_t qos,
                             size_t bytes)
{
    struct session_view view = {.queued = 0};
    struct record *record = records_at(broker, client->number);
    /* The fact names the topic: behind a newer message it would queue that one a second time. */
    if (posts_will_deliver(broker, feed->tenant, topic, UINT64_MAX))
        return GIVEN;
    if (!sessions_view(broker->sessions, client->number, &view))
        view = (struct session_view){.queued = 0};
    if (view.queued + record->pending >= broker->settings->mqtt_queue ||
        view.queued_bytes + record->pending_bytes + bytes > broker->settings->mqtt_queue_bytes) {
        if (queue_is_unsure(broker, client->number, bytes))
            return GIVE_WAIT;
        broker->counters.dropped_queue++;
        client->dropped++;
        return GIVEN;
    }
    struct fact fact = {
        .kind = FACT_ENQUEUE,
        .enqueue = {
            .session = client->number, .qos = qos, .subscription_id = feed->id, .topic = topic}};
    struct engine_beside beside = {
        .facts = &fact, .count = 1, .bytes = FACT_MESSAGE_BYTES_MAX(topic.size)};
    struct admitted admitted;
    enum admit admit = engine_keep(broker->engine, &beside, &admitted);
    if (admit == ADMIT_WAIT)
        return GIVE_WAIT;
    if (admit != ADMIT_DONE) { /* the disk is full */
        broker->counters.dropped_queue++;
        client->dropped++;
    }
    struct post *post = admit == ADMIT_DONE
                            ? post_put(broker, POST_MESSAGE, admitted.ticket, sizeof(uint32_t))
                            : NULL;
    if (!post)
        return GIVEN;
    broker->last_ticket = admitted.ticket;
    post->queued_count = 1;
    post->queued_bytes = (uint32_t)bytes;
    *(uint32_t *)(void *)post->content = client->number;
    record->pending++;
    record->pending_bytes += bytes;
    return GIVEN;
}

static enum give give_live(struct broker *broker, struct client *client,
                           const struct retained_feed *feed, const struct message_view *view,
                           uint8_t qos)
{
    const uint8_t *at = broker->scratch;
    struct bytes topic = bytes_of(at, view->topic_size);
    struct bytes payload = bytes_of(at + view->topic_size, view->payload_size);
    struct bytes properties =
        bytes_of(at + view->topic_size + view->payload_size, view->properties_size);
    struct message *message = message_create(broker, feed->tenant, topic, properties, payload);
    if (!message) {
        broker->counters.dropped_slow++;
        return GIVEN;
    }
    message->qos = view->qos;
    if (view->expires_wall_ns != INT64_MAX) {
        struct clock *clock = broker->config.clock;
        message->has_expiry = true;
        message->expires_ns = broker->now_ns + (view->expires_wall_ns - clock->wall_ns(clock));
    }
    deliver_add(broker, client, message, qos, true, feed->id, NULL);
    message_drop(broker, message);
    return GIVEN;
}

/* Was a message of this topic delivered as it was published, since the subscription, or is it about
 * to be? Of thousands that were published since the oldest are forgotten. */
static bool came_live(const struct broker *broker, const struct retained_feed *feed,
                      struct bytes topic)
{
    uint64_t since = broker->retain_stamp - feed->stamp;
    if (posts_will_deliver(broker, feed->tenant, topic, engine_applied_ticket(broker->engine)))
        return true;
    if (since == 0)
        return false;
    uint64_t hash = broker_hash(broker, feed->tenant, topic);
    for (uint64_t i = 1; i <= since && i <= RETAIN_RING; i++)
        if (broker->retain_served[(broker->retain_stamp - i) % RETAIN_RING] == hash)
            return true;
    return false;
}

/* The message if it still is what its topic retains, and the filter matches it. */
static enum give give_one(struct broker *broker, struct client *client,
                          const struct retained_feed *feed, uint32_t number)
{
    struct message_view view;
    if (!sessions_has_message(broker->sessions, number)) /* replaced since it was noted down */
        return GIVEN;
    sessions_message(broker->sessions, number, &view);
    size_t bytes = view.topic_size + view.payload_size + view.properties_size;
    if (view.tenant != feed->tenant || view.topic_size == 0 || bytes > PACKET_SCRATCH)
        return GIVEN;
    sessions_message_copy(broker->sessions, number, broker->scratch);
    struct bytes topic = bytes_of(broker->scratch, view.topic_size);
    struct bytes filter = bytes_of(feed->filter, feed->filter_size);
    if (!topic_matches(topic, filter) ||
        sessions_retained_find(broker->sessions, feed->tenant, topic) != number ||
        came_live(broker, feed, topic) || !rights_sees(broker, client, feed->tenant, topic))
        return GIVEN;
    uint8_t qos = view.qos < feed->qos ? view.qos : feed->qos;
    if (client->kept && feed->tenant != client->tenant)
        qos = 0; /* a queue is given retained messages of its own tenant */
    if (client->kept && qos > 0)
        return give_queued(broker, client, feed, topic, qos, bytes);
    return give_live(broker, client, feed, &view, qos);
}

/* The next message, MESSAGE_NONE when the piece is over; *ret_end: there are no more. */
static uint32_t feed_next(struct broker *broker, struct retained_feed *feed, uint32_t *budget,
                          bool *ret_end)
{
    if (feed->slot == 0) {
        *ret_end = feed->at == feed->count;
        return *ret_end ? MESSAGE_NONE : feed->list[feed->at++];
    }
    uint32_t highest = sessions_retained_highest(broker->sessions);
    while (feed->slot <= highest && *budget > 0) {
        uint32_t message = sessions_retained_at(broker->sessions, feed->slot++);
        (*budget)--;
        if (message != MESSAGE_NONE)
            return message;
    }
    *ret_end = feed->slot > highest;
    return MESSAGE_NONE;
}

static void feed_back(struct retained_feed *feed)
{
    if (feed->slot == 0)
        feed->at--;
    else
        feed->slot--;
}

static void feed_take_first(struct broker *broker, struct out *out)
{
    struct retained_feed *feed = out->feeds;
    out->feeds = feed->next;
    if (!out->feeds)
        out->feeds_end = &out->feeds;
    budget_give(broker->memory,
                sizeof *feed + feed->filter_size + feed->count * sizeof *feed->list);
    free(feed->list);
    free(feed);
}

void retained_free(struct broker *broker, struct client *client)
{
    while (client->out->feeds)
        feed_take_first(broker, client->out);
}

/* A session's queue may not grow by more than a piece at a time either. */
static bool client_has_room(const struct broker *broker, const struct client *client)
{
    const struct out *out = client->out;
    if (out->qos_0.count >= GIVE_PIECE || out->waiting.count >= GIVE_PIECE)
        return false;
    return !client->kept || records_at(broker, client->number)->pending < GIVE_PIECE;
}

/* One message of the first feed; false: not now. *ret_more: come again even if nothing happens. */
static bool advance_one(struct broker *broker, struct client *client, uint32_t *budget,
                        bool *ret_more)
{
    struct out *out = client->out;
    struct retained_feed *feed = out->feeds;
    bool end = false;
    if (!client_has_room(broker, client)) /* what makes room makes it dirty again */
        return false;
    if (!feed->found) {
        *ret_more = true;
        if (broker->searches == 0)
            return false;
        broker->searches--;
        feed_find(broker, feed);
    }
    uint32_t message = feed_next(broker, feed, budget, &end);
    if (end) {
        feed_take_first(broker, out);
        return true;
    }
    *ret_more = true;
    if (message == MESSAGE_NONE)
        return false;
    if (give_one(broker, client, feed, message) == GIVE_WAIT) {
        feed_back(feed);
        return false;
    }
    return true;
}

bool retained_advance(struct broker *broker, struct client *client)
{
    uint32_t budget = WALK_PIECE;
    bool more = false;
    for (uint32_t i = 0; i < GIVE_PIECE && client->out->feeds; i++)
        if (!advance_one(broker, client, &budget, &more))
            break;
    return more;
}

/* ---- expiry ---- */
#define SWEEP_SLOTS 2000u
void retained_sweep(struct broker *broker)
{
    struct clock *clock = broker->config.clock;
    int64_t now_ns = clock->wall_ns(clock);
    if (broker->chores) /* those noted before are not done yet */
        return;
    uint32_t highest = sessions_retained_highest(broker->sessions);
    uint32_t piece = highest < SWEEP_SLOTS ? highest : SWEEP_SLOTS;
    for (uint32_t i = 0; i < piece; i++) {
        struct message_view view;
        if (++broker->unretain_at > highest)
            broker->unretain_at = 1;
        uint32_t message = sessions_retained_at(broker->sessions, broker->unretain_at);
        if (message == MESSAGE_NONE)
            continue;
        sessions_message(broker->sessions, message, &view);
        if (view.expires_wall_ns > now_ns && !tenant_is_deleted(broker, view.tenant))
            continue;
        sessions_message_copy(broker->sessions, message, broker->scratch);
        if (!chore_put(broker, &(struct chore){.kind = CHORE_UNRETAIN, .tenant = view.tenant},
                       bytes_of(broker->scratch, view.topic_size)))
            return;
    }
}
