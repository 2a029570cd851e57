/* Who gets a message: the tree tells the subscriptions whose filters match, and this file turns
 * them into one match for each session (3.3.4: once, with the highest QoS and all subscription
 * ids), and one more for each group of shared subscriptions. Decided here, once, at admission; what
 * goes into the queues of kept sessions is recorded. */
#include "broker/room.h"

#include <stdlib.h>

static struct match *match_new(struct route *route)
{
    if (route->count == route->capacity) {
        uint32_t capacity = route->capacity ? route->capacity * 2 : 64;
        struct match *wider = realloc(route->matches, capacity * sizeof *wider);
        if (!wider) {
            route->short_of_memory = true;
            return NULL;
        }
        route->matches = wider;
        route->capacity = capacity;
    }
    struct match *match = &route->matches[route->count++];
    *match = (struct match){.client = NULL};
    return match;
}

static void match_id_add(struct route *route, struct match *match, uint32_t id)
{
    if (match->id_count == 0) {
        match->id = id;
        match->id_count = 1;
        return;
    }
    if (match->id_count == TARGET_IDS_MAX)
        return;
    if (route->id_count == route->id_capacity) {
        uint32_t capacity = route->id_capacity ? route->id_capacity * 2 : 64;
        struct match_id *wider = realloc(route->ids, capacity * sizeof *wider);
        if (!wider) {
            route->short_of_memory = true;
            return;
        }
        route->ids = wider;
        route->id_capacity = capacity;
    }
    route->ids[route->id_count++] = (struct match_id){.id = id, .next = match->more};
    match->more = route->id_count;
    match->id_count++;
}

/* Adds what the subscription asks for to a match of its session. */
static void match_widen(struct route *route, struct match *match,
                        const struct subscription *subscription)
{
    uint8_t qos = subscription->qos < route->qos ? subscription->qos : route->qos;
    if (qos > match->qos)
        match->qos = qos;
    match->retain = match->retain || (subscription->retain_as_published && route->retain);
    if (subscription->id)
        match_id_add(route, match, subscription->id);
}

static void match_start(struct broker *broker, const struct subscription *subscription, bool once)
{
    struct route *route = &broker->route;
    struct record *record =
        subscription->number == SESSION_NONE ? NULL : records_at(broker, subscription->number);
    struct client *client = record ? record->client : subscription->client;
    uint64_t *stamp = record ? &record->match_stamp : &client->match_stamp;
    uint32_t *at = record ? &record->match_at : &client->match_at;
    if (*stamp == route->stamp && (once || record)) {
        match_widen(route, &route->matches[*at], subscription);
        return;
    }
    struct match *match = match_new(route);
    if (!match)
        return;
    match->client = client;
    match->number = subscription->number;
    if (once || record) {
        *stamp = route->stamp;
        *at = (uint32_t)(match - route->matches);
    }
    match_widen(route, match, subscription);
}

static bool queue_would_take(const struct broker *broker, uint32_t number, size_t bytes)
{
    const struct record *record = records_at(broker, number);
    struct session_view view;
    if (!sessions_view(broker->sessions, number, &view))
        view = (struct session_view){.queued = 0};
    return view.queued + record->pending < broker->settings->mqtt_queue &&
           view.queued_bytes + record->pending_bytes + bytes <= broker->settings->mqtt_queue_bytes;
}

bool queue_is_unsure(const struct broker *broker, uint32_t number, size_t bytes)
{
    struct session_view view;
    if (engine_applied_ticket(broker->engine) == broker->durable_ticket)
        return false;
    if (!sessions_view(broker->sessions, number, &view))
        view = (struct session_view){.queued = 0};
    return view.queued < broker->settings->mqtt_queue &&
           view.queued_bytes + bytes <= broker->settings->mqtt_queue_bytes;
}

/* Whoever is there now, or was there last; whoever comes for what was queued meanwhile is judged
 * again when it is sent. */
static bool route_may_see(const struct broker *broker, const struct subscription *subscription)
{
    const struct route *route = &broker->route;
    const struct record *record =
        subscription->number == SESSION_NONE ? NULL : records_at(broker, subscription->number);
    const struct client *client = record ? record->client : subscription->client;
    const struct principal *principal = client ? client->principal : record->principal;
    return !principal || rights_may(broker, principal, RIGHT_SEE, route->tenant, route->topic);
}

/* How good a choice the member is: 3 connected with room in its window, 2 connected, 1 a queue with
 * room, 0 none. */
static int member_rank(const struct broker *broker, const struct subscription *member)
{
    const struct route *route = &broker->route;
    const struct client *client = member->number == SESSION_NONE
                                      ? member->client
                                      : records_at(broker, member->number)->client;
    if (UNLIKELY(broker->access) && !route_may_see(broker, member))
        return 0;
    bool queues = member->number != SESSION_NONE && member->qos > 0 && route->qos > 0 &&
                  (!client || client->kept);
    if (queues && !queue_would_take(broker, member->number, route->size))
        return 0;
    if (client)
        return client->out && client->out->in_flight >= client->window ? 2 : 3;
    return queues;
}

/* One of the group, in turn; the best of those looked at. */
#define GROUP_LOOKS 64u
static const struct subscription *group_choose(struct broker *broker, struct group *group)
{
    const struct subscription *best = NULL;
    int rank = 0;
    for (uint32_t i = 0; i < group->count && i < GROUP_LOOKS && rank < 3; i++) {
        uint32_t at = group->turn++ % group->count;
        const struct subscription *member = broker->subscriptions[group->members[at]];
        int found = member_rank(broker, member);
        if (found > rank) {
            rank = found;
            best = member;
        }
    }
    return best;
}

static bool route_each(void *arg, uint32_t value)
{
    struct broker *broker = arg;
    struct route *route = &broker->route;
    broker->work++;
    if (value & GROUP_FLAG) {
        const struct subscription *chosen =
            group_choose(broker, &broker->groups[value & ~GROUP_FLAG]);
        if (chosen)
            match_start(broker, chosen, false);
        return !route->short_of_memory;
    }
    const struct subscription *subscription = broker->subscriptions[value];
    if (UNLIKELY(subscription->place.checked) && !route_may_see(broker, subscription))
        return true;
    if (subscription->no_local &&
        (subscription->number != SESSION_NONE ? subscription->number == route->publisher_number
                                              : subscription->client == route->publisher))
        return true;
    match_start(broker, subscription, true);
    return !route->short_of_memory;
}

/* Matches of kept sessions: into the queue, or to the client at once when nothing is to be kept. */
static void route_settle(struct broker *broker)
{
    struct route *route = &broker->route;
    for (uint32_t i = 0; i < route->count; i++) {
        struct match *match = &route->matches[i];
        if (match->number == SESSION_NONE)
            continue;
        bool kept = match->client ? match->client->kept : true;
        if (match->qos == 0 || !kept) {
            match->number = SESSION_NONE;
            continue;
        }
        match->client = NULL;
        if (queue_would_take(broker, match->number, route->size)) {
            route->queued++;
        } else {
            route->unsure = route->unsure || queue_is_unsure(broker, match->number, route->size);
            match->dropped = match->number;
            match->number = SESSION_NONE;
        }
    }
}

void route_match(struct broker *broker, uint32_t tenant, struct bytes topic, uint8_t qos,
                 bool retain, const struct client *publisher, uint32_t publisher_number,
                 size_t bytes)
{
    struct route *route = &broker->route;
    route->count = route->id_count = route->queued = 0;
    route->unsure = false;
    if (LIKELY(topics_empty(broker->topics)))
        return;
    route->stamp++;
    route->qos = qos;
    route->retain = retain;
    route->publisher = publisher;
    route->publisher_number = publisher_number == SESSION_NONE ? UINT32_MAX : publisher_number;
    route->short_of_memory = false;
    route->tenant = tenant;
    route->topic = topic;
    route->size = bytes;
    broker->work += topics_match_filters(broker->topics, tenant, topic, route_each, broker);
    if (route->count > 0)
        route_settle(broker);
}

/* ---- the fact ---- */
static int match_compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

static bool targets_reserve(struct route *route)
{
    size_t wanted = (size_t)route->queued * MESSAGE_TARGET_BYTES_MAX;
    if (wanted <= route->targets_capacity)
        return true;
    uint8_t *wider = realloc(route->targets, wanted);
    if (!wider)
        return false;
    route->targets = wider;
    route->targets_capacity = wanted;
    return true;
}

/* The matches with a queue, by number. */
static uint32_t *targets_order(struct route *route)
{
    uint32_t *order = malloc(route->queued * 2 * sizeof *order);
    uint32_t count = 0;
    for (uint32_t i = 0; order && i < route->count; i++)
        if (route->matches[i].number != SESSION_NONE) {
            order[2 * count] = route->matches[i].number;
            order[2 * count++ + 1] = i;
        }
    if (order)
        qsort(order, count, 2 * sizeof *order, match_compare);
    return order;
}

bool route_targets(struct broker *broker, struct fact_message *fact)
{
    struct route *route = &broker->route;
    fact->target_count = route->queued;
    fact->targets = bytes_of("", 0);
    route->targets_size = 0;
    if (route->queued == 0)
        return true;
    uint32_t *order = targets_reserve(route) ? targets_order(route) : NULL;
    if (!order)
        return false;
    uint32_t last = 0;
    for (uint32_t i = 0; i < route->queued; i++) {
        const struct match *match = &route->matches[order[2 * i + 1]];
        struct message_target target = {.session = match->number,
                                        .qos = match->qos,
                                        .retain = match->retain,
                                        .id_count = match->id_count > 0};
        target.ids[0] = match->id;
        for (uint32_t at = match->more; at != 0; at = route->ids[at - 1].next)
            target.ids[target.id_count++] = route->ids[at - 1].id;
        bool put = message_target_put(route->targets, route->targets_capacity, &route->targets_size,
                                      &last, &target);
        check(put);
    }
    free(order);
    fact->targets = bytes_of(route->targets, route->targets_size);
    return true;
}
