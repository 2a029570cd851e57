/* Posts: what waits for the durable mark, in the order in which it came: messages for those who are
 * connected, CONNACK and SUBACK, numbers that become free. One list, so that a new subscription
 * sees each retained message once: as retained, or as it is published. */
#include "broker/room.h"

#include <stdlib.h>

#define POSTS_RUN_TARGETS 16384 /* served in one round */
#define SUBACK_COST 16          /* of a filter, in targets: it may ask for all of $SYS */

struct post *post_put(struct broker *broker, enum post_kind kind, uint64_t ticket,
                      size_t content_bytes)
{
    size_t size = sizeof(struct post) + content_bytes;
    struct post *post = malloc(size);
    if (!post)
        return NULL;
    memset(post, 0, sizeof *post);
    post->kind = (uint8_t)kind;
    post->ticket = ticket;
    post->bytes = size;
    /* Of what was admitted: it may pass the limit, the next admission does not. */
    broker->memory->used += size;
    *broker->posts_end = post;
    broker->posts_end = &post->next;
    broker->post_count++;
    return post;
}

/* The client may ask for more when enough of what it asked for is told. */
static void post_suback_over(struct broker *broker, const struct post *post)
{
    struct client *client = clients_at(broker, post->slot, post->generation);
    if (!client)
        return;
    client->suback_bytes -= post->bytes;
    if (client->suback_bytes <= SUBACKS_WAITING / 2)
        broker->config.port->resume(broker->config.arg, client->link);
}

static void post_take_first(struct broker *broker)
{
    struct post *post = broker->posts;
    if (post->kind == POST_SUBACK)
        post_suback_over(broker, post);
    broker->posts = post->next;
    if (!broker->posts)
        broker->posts_end = &broker->posts;
    broker->post_count--;
    if (post->kind == POST_MESSAGE && post->retain) {
        broker->retain_posts--;
        broker->retain_pending[post->topic_hash % RETAIN_RING]--;
    }
    budget_give(broker->memory, post->bytes);
    message_drop(broker, post->message);
    free(post);
}

void posts_free(struct broker *broker)
{
    while (broker->posts)
        post_take_first(broker);
}

/* What subscriptions of sessions that are not recorded say was never to be on the disk. */
void posts_lost(struct broker *broker)
{
    for (const struct post *post = broker->posts; post; post = post->next) {
        const struct client *client = clients_at(broker, post->slot, post->generation);
        if (post->kind == POST_SUBACK && client && client->number == SESSION_NONE)
            subscribe_acknowledge(broker, post);
    }
    posts_free(broker);
}

/* ---- messages ---- */
static uint32_t live_count(const struct route *route)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < route->count; i++)
        count += route->matches[i].client != NULL;
    return count;
}

static void post_fill(const struct route *route, struct post *post)
{
    struct live_target *live = (struct live_target *)(void *)post->content;
    uint32_t *numbers = (uint32_t *)(void *)(live + post->count);
    uint32_t *ids = numbers + post->queued_count;
    for (uint32_t i = 0; i < route->count; i++) {
        const struct match *match = &route->matches[i];
        if (match->number != SESSION_NONE)
            *numbers++ = match->number;
        if (!match->client)
            continue;
        *live = (struct live_target){.slot = match->client->slot,
                                     .generation = match->client->generation,
                                     .id = match->id,
                                     .qos = match->qos,
                                     .retain = match->retain};
        for (uint32_t at = match->more; at != 0; at = route->ids[at - 1].next) {
            *ids++ = route->ids[at - 1].id;
            live->id_count++;
        }
        live++;
    }
}

bool post_message(struct broker *broker, const struct publication *publication, uint64_t ticket)
{
    const struct route *route = &broker->route;
    uint32_t live = live_count(route);
    struct message *message = NULL;
    if (live > 0 || publication->retain) {
        message = message_create(broker, publication->publisher->tenant, publication->topic,
                                 publication->properties, publication->payload);
        if (message) {
            message->qos = publication->qos;
            message->has_expiry = publication->has_expiry;
            message->expires_ns = broker->now_ns + (int64_t)publication->expiry_s * NS_PER_S;
        }
    }
    bool whole = message || live == 0;
    uint32_t count = message ? live : 0;
    struct post *post = post_put(broker, POST_MESSAGE, ticket,
                                 count * sizeof(struct live_target) +
                                     (route->queued + route->id_count) * sizeof(uint32_t));
    if (!post) {
        message_drop(broker, message);
        return false;
    }
    if (!whole)
        broker->counters.dropped_slow += live;
    post->message = message;
    post->retain = publication->retain;
    post->count = count;
    post->queued_count = route->queued;
    post->queued_bytes = (uint32_t)route->size;
    if (publication->retain) {
        post->topic_hash = broker_hash(broker, publication->publisher->tenant, publication->topic);
        broker->retain_posts++;
        broker->retain_pending[post->topic_hash % RETAIN_RING]++;
    }
    if (whole) {
        post_fill(route, post);
        return true;
    }
    uint32_t *numbers = (uint32_t *)(void *)post->content;
    for (uint32_t i = 0; i < route->count; i++)
        if (route->matches[i].number != SESSION_NONE)
            *numbers++ = route->matches[i].number;
    return false;
}

static struct ids *ids_of(const struct live_target *live, const uint32_t *more)
{
    if (live->id_count == 0)
        return NULL;
    struct ids *ids = malloc(sizeof *ids + (live->id_count + 1u) * sizeof(uint32_t));
    if (!ids)
        return NULL;
    ids->count = (uint8_t)(live->id_count + 1);
    ids->at[0] = live->id;
    memcpy(ids->at + 1, more, live->id_count * sizeof *more);
    return ids;
}

static void post_queued(struct broker *broker, const struct post *post)
{
    const struct live_target *live = (const struct live_target *)(const void *)post->content;
    const uint32_t *numbers = (const uint32_t *)(const void *)(live + post->count);
    for (uint32_t i = 0; i < post->queued_count; i++) {
        struct record *record = records_at(broker, numbers[i]);
        if (record->pending > 0) {
            record->pending--;
            record->pending_bytes -= post->queued_bytes < record->pending_bytes
                                         ? post->queued_bytes
                                         : record->pending_bytes;
        }
        if (record->client)
            deliver_dirty(broker, record->client);
    }
}

/* Serves up to *budget targets; true when all are. */
static bool post_serve(struct broker *broker, struct post *post, uint32_t *budget)
{
    const struct live_target *live = (const struct live_target *)(const void *)post->content;
    const uint32_t *more =
        (const uint32_t *)(const void *)(live + post->count) + post->queued_count + post->id_count;
    while (post->done<post->count && * budget> 0) {
        const struct live_target *target = &live[post->done++];
        struct client *client = clients_at(broker, target->slot, target->generation);
        (*budget)--;
        if (client)
            deliver_add(broker, client, post->message, target->qos, target->retain, target->id,
                        ids_of(target, more));
        more += target->id_count;
        post->id_count += target->id_count; /* so many of the list are behind us */
    }
    if (post->done < post->count)
        return false;
    post_queued(broker, post);
    return true;
}

static void post_number(struct broker *broker, uint32_t number)
{
    struct session_view view;
    if (number < broker->record_count && records_at(broker, number)->in_use &&
        !records_at(broker, number)->client && !sessions_view(broker->sessions, number, &view)) {
        subscriptions_remove_all(broker, records_at(broker, number)->first_subscription);
        records_free(broker, number);
    }
}

bool posts_run(struct broker *broker)
{
    uint32_t budget = POSTS_RUN_TARGETS;
    while (broker->posts && broker->posts->ticket <= broker->durable_ticket) {
        struct post *post = broker->posts;
        if (budget == 0)
            return true;
        switch (post->kind) {
        case POST_MESSAGE:
            if (!post_serve(broker, post, &budget))
                return true;
            if (post->retain)
                broker->retain_served[broker->retain_stamp++ % RETAIN_RING] = post->topic_hash;
            break;
        case POST_CONNACK:
            connect_acknowledge(broker, post);
            break;
        case POST_SUBACK:
            subscribe_acknowledge(broker, post);
            budget -= budget < post->count * SUBACK_COST ? budget : post->count * SUBACK_COST;
            break;
        default:
            post_number(broker, post->number);
            break;
        }
        post_take_first(broker);
    }
    return false;
}

bool posts_will_deliver(const struct broker *broker, uint32_t tenant, struct bytes topic,
                        uint64_t ticket)
{
    if (broker->retain_posts == 0 ||
        broker->retain_pending[broker_hash(broker, tenant, topic) % RETAIN_RING] == 0)
        return false;
    for (const struct post *post = broker->posts; post && post->ticket <= ticket; post = post->next)
        if (post->kind == POST_MESSAGE && post->retain && post->message &&
            post->message->tenant == tenant &&
            bytes_equal(bytes_of(post->message->bytes, post->message->topic_size), topic))
            return true;
    return false;
}
