/* SUBSCRIBE and UNSUBSCRIBE, and the table of all subscriptions: of recorded sessions, connected or
 * not, and of those that live as long as their connection. The tree of filters tells their indexes;
 * of a shared subscription that of its group. Entered at once, so that what is published next finds
 * them; told when the disk has them. */
#include "broker/room.h"

#include <stdlib.h>

/* ---- groups of shared subscriptions (4.8.2) ---- */
struct bytes filter_of_share(struct bytes filter)
{
    if (!mqtt_filter_is_shared(filter))
        return filter;
    size_t at = sizeof "$share/" - 1;
    while (at < filter.size && filter.at[at] != '/')
        at++;
    return bytes_of(filter.at + at + 1, filter.size - at - 1);
}

static struct bytes group_name(struct bytes filter)
{
    size_t at = sizeof "$share/" - 1;
    return bytes_of(filter.at + at, filter.size - at);
}

/* Index of the group, or UINT32_MAX. */
static uint32_t group_find(const struct broker *broker, const struct filter_place *place,
                           struct bytes name)
{
    struct index_probe probe;
    uint64_t hash = broker_hash(broker, place->home, name);
    for (uint32_t at = index_first(broker->group_index, &probe, hash); at != INDEX_NONE;
         at = index_next(broker->group_index, &probe)) {
        const struct group *group = &broker->groups[at];
        if (group->home == place->home && group->tenant == place->tenant &&
            bytes_equal(bytes_of(group->name, group->name_size), name))
            return at;
    }
    return UINT32_MAX;
}

static bool groups_reserve(struct broker *broker)
{
    if (broker->group_free || broker->group_count < broker->group_capacity)
        return true;
    uint32_t capacity = broker->group_capacity ? broker->group_capacity * 2 : 16;
    struct group *wider = realloc(broker->groups, capacity * sizeof *wider);
    if (!wider)
        return false;
    broker->groups = wider;
    broker->group_capacity = capacity;
    return true;
}

static uint32_t group_make(struct broker *broker, const struct subscription *subscription)
{
    const struct filter_place *place = &subscription->place;
    struct bytes filter = subscription_filter(subscription), name = group_name(filter);
    uint8_t *copy = malloc(name.size);
    if (!copy || !groups_reserve(broker)) {
        free(copy);
        return UINT32_MAX;
    }
    memcpy(copy, name.at, name.size);
    uint32_t at = broker->group_free ? broker->group_free - 1 : broker->group_count;
    uint64_t hash = broker_hash(broker, place->home, name);
    enum err err = index_insert(broker->group_index, hash, at);
    if (err == OK) {
        err = topics_add(broker->topics, place->tenant, filter_matched(filter, place),
                         at | GROUP_FLAG);
        if (err != OK) {
            enum err undone = index_remove(broker->group_index, hash, at);
            check(undone == OK);
        }
    }
    if (err != OK) {
        free(copy);
        return UINT32_MAX;
    }
    if (broker->group_free)
        broker->group_free = broker->groups[at].next_free;
    else
        broker->group_count++;
    broker->groups[at] = (struct group){.home = place->home,
                                        .tenant = place->tenant,
                                        .hash = hash,
                                        .name_size = (uint16_t)name.size,
                                        .name = copy};
    return at;
}

static void group_drop(struct broker *broker, uint32_t at, const struct subscription *subscription)
{
    struct group *group = &broker->groups[at];
    enum err err = index_remove(broker->group_index, group->hash, at);
    check(err == OK);
    err = topics_remove(broker->topics, group->tenant,
                        filter_matched(subscription_filter(subscription), &subscription->place),
                        at | GROUP_FLAG);
    check(err == OK);
    free(group->name);
    free(group->members);
    *group = (struct group){.next_free = broker->group_free};
    broker->group_free = at + 1;
}

static bool group_enter(struct broker *broker, struct subscription *subscription)
{
    uint32_t at =
        group_find(broker, &subscription->place, group_name(subscription_filter(subscription)));
    if (at == UINT32_MAX)
        at = group_make(broker, subscription);
    if (at == UINT32_MAX)
        return false;
    struct group *group = &broker->groups[at];
    if (group->count == group->capacity) {
        uint32_t capacity = group->capacity ? group->capacity * 2 : 4;
        uint32_t *wider = realloc(group->members, capacity * sizeof *wider);
        if (!wider) {
            if (group->count == 0)
                group_drop(broker, at, subscription);
            return false;
        }
        group->members = wider;
        group->capacity = capacity;
    }
    subscription->group = at + 1;
    subscription->group_at = group->count;
    group->members[group->count++] = subscription->index;
    broker->shared++;
    return true;
}

static void group_leave(struct broker *broker, struct subscription *subscription)
{
    struct group *group = &broker->groups[subscription->group - 1];
    uint32_t last = group->members[--group->count];
    group->members[subscription->group_at] = last;
    broker->subscriptions[last]->group_at = subscription->group_at;
    broker->shared--;
    if (group->count == 0)
        group_drop(broker, subscription->group - 1, subscription);
}

void groups_free(struct broker *broker)
{
    for (uint32_t i = 0; i < broker->group_count; i++) {
        free(broker->groups[i].members);
        free(broker->groups[i].name);
    }
    free(broker->groups);
}

#define NODE_COST 84u /* bytes of a level in the tree */

/* ---- the table ---- */
static bool table_reserve(struct broker *broker)
{
    if (broker->subscription_free_count > 0 ||
        broker->subscription_count < broker->subscription_capacity)
        return true;
    uint32_t capacity = broker->subscription_capacity ? broker->subscription_capacity * 2 : 256;
    struct subscription **table =
        realloc(broker->subscriptions, capacity * sizeof(struct subscription *));
    if (!table)
        return false;
    broker->subscriptions = table;
    uint32_t *list = realloc(broker->subscriptions_free, capacity * sizeof *list);
    if (!list)
        return false;
    broker->subscriptions_free = list;
    broker->subscription_capacity = capacity;
    if (broker->subscription_count == 0)
        broker->subscriptions[broker->subscription_count++] = NULL; /* 0 is none */
    return true;
}

static uint32_t *list_of(struct broker *broker, const struct subscription *subscription,
                         uint32_t **ret_count)
{
    if (subscription->client) {
        *ret_count = &subscription->client->subscription_count;
        return &subscription->client->first_subscription;
    }
    struct record *record = records_at(broker, subscription->number);
    *ret_count = &record->subscription_count;
    return &record->first_subscription;
}

static size_t *cost_of(struct broker *broker, const struct subscription *subscription)
{
    return subscription->client ? &subscription->client->subscription_bytes
                                : &records_at(broker, subscription->number)->subscription_bytes;
}

/* Of which session: recorded ones by their number, others by their client. */
static uint64_t owner_hash(const struct broker *broker, const struct client *client,
                           uint32_t number, struct bytes filter)
{
    uint64_t owner = number != SESSION_NONE ? number : (uint64_t)client->generation << 32;
    return hash64(filter.at, filter.size, broker->seed ^ (owner * UINT64_C(0x9E3779B97F4A7C15)));
}

struct subscription *subscriptions_find(const struct broker *broker, const struct client *client,
                                        uint32_t number, struct bytes filter)
{
    struct index_probe probe;
    uint64_t hash = owner_hash(broker, client, number, filter);
    for (uint32_t at = index_first(broker->subscription_index, &probe, hash); at != INDEX_NONE;
         at = index_next(broker->subscription_index, &probe)) {
        struct subscription *found = broker->subscriptions[at];
        if (found->number == number && (number != SESSION_NONE || found->client == client) &&
            bytes_equal(bytes_of(found->filter, found->filter_size), filter))
            return found;
    }
    return NULL;
}

static bool tree_enter(struct broker *broker, struct subscription *subscription)
{
    struct bytes filter = subscription_filter(subscription);
    if (mqtt_filter_is_shared(filter))
        return group_enter(broker, subscription);
    return topics_add(broker->topics, subscription->place.tenant,
                      filter_matched(filter, &subscription->place), subscription->index) == OK;
}

static size_t filter_depth(struct bytes filter)
{
    size_t depth = 1;
    for (size_t i = 0; i < filter.size; i++)
        depth += filter.at[i] == '/';
    return depth;
}

size_t filter_cost(struct bytes filter)
{
    return filter_depth(filter) * NODE_COST + filter.size;
}

struct subscription *subscriptions_add(struct broker *broker, struct client *client,
                                       uint32_t number, const struct mqtt_subscription *wanted,
                                       const struct filter_place *place, uint32_t id)
{
    size_t size = sizeof(struct subscription) + wanted->filter.size;
    size_t cost = size + filter_cost(wanted->filter);
    uint64_t hash = owner_hash(broker, client, number, wanted->filter);
    struct subscription *subscription = table_reserve(broker) ? malloc(size) : NULL;
    if (!subscription)
        return NULL;
    *subscription = (struct subscription){.place = *place,
                                          .client = number == SESSION_NONE ? client : NULL,
                                          .number = number,
                                          .id = id,
                                          .qos = wanted->qos,
                                          .retain_handling = wanted->retain_handling,
                                          .no_local = wanted->no_local,
                                          .retain_as_published = wanted->retain_as_published,
                                          .filter_size = (uint16_t)wanted->filter.size};
    memcpy(subscription->filter, wanted->filter.at, wanted->filter.size);
    subscription->index = broker->subscription_free_count > 0
                              ? broker->subscriptions_free[broker->subscription_free_count - 1]
                              : broker->subscription_count;
    broker->subscriptions[subscription->index] = subscription;
    enum err err = index_insert(broker->subscription_index, hash, subscription->index);
    if (err == OK && !tree_enter(broker, subscription)) {
        err = index_remove(broker->subscription_index, hash, subscription->index);
        check(err == OK);
        err = ERR_NO_MEMORY;
    }
    if (err != OK) {
        broker->subscriptions[subscription->index] = NULL;
        free(subscription);
        return NULL;
    }
    broker->memory->used += cost; /* judged before; what is recorded is never refused */
    if (broker->subscription_free_count > 0)
        broker->subscription_free_count--;
    else
        broker->subscription_count++;
    uint32_t *count, *first = list_of(broker, subscription, &count);
    subscription->next = *first;
    if (*first)
        broker->subscriptions[*first]->previous = subscription->index;
    *first = subscription->index;
    (*count)++;
    *cost_of(broker, subscription) += cost;
    broker->subscriptions_used++;
    return subscription;
}

void subscriptions_remove(struct broker *broker, struct subscription *subscription)
{
    struct bytes filter = subscription_filter(subscription);
    size_t cost = sizeof *subscription + subscription->filter_size + filter_cost(filter);
    uint64_t hash = owner_hash(broker, subscription->client, subscription->number, filter);
    enum err removed = index_remove(broker->subscription_index, hash, subscription->index);
    check(removed == OK);
    *cost_of(broker, subscription) -= cost;
    if (subscription->group) {
        group_leave(broker, subscription);
    } else {
        enum err err =
            topics_remove(broker->topics, subscription->place.tenant,
                          filter_matched(filter, &subscription->place), subscription->index);
        check(err == OK);
    }
    uint32_t *count, *first = list_of(broker, subscription, &count);
    if (subscription->previous)
        broker->subscriptions[subscription->previous]->next = subscription->next;
    else
        *first = subscription->next;
    if (subscription->next)
        broker->subscriptions[subscription->next]->previous = subscription->previous;
    (*count)--;
    broker->subscriptions_used--;
    broker->subscriptions[subscription->index] = NULL;
    broker->subscriptions_free[broker->subscription_free_count++] = subscription->index;
    budget_give(broker->memory, cost);
    free(subscription);
}

bool subscriptions_move(struct broker *broker, struct subscription *subscription,
                        const struct filter_place *place)
{
    if (subscription->place.tenant == place->tenant && subscription->place.at == place->at) {
        subscription->place = *place;
        return true;
    }
    struct subscription was = *subscription; /* another tenant has the name now, or it is known */
    memcpy(broker->scratch, subscription->filter, subscription->filter_size);
    struct mqtt_subscription wanted = {.filter = bytes_of(broker->scratch, was.filter_size),
                                       .qos = was.qos,
                                       .retain_handling = was.retain_handling,
                                       .no_local = was.no_local,
                                       .retain_as_published = was.retain_as_published};
    subscriptions_remove(broker, subscription);
    return subscriptions_add(broker, was.client, was.number, &wanted, place, was.id) != NULL;
}

void subscriptions_remove_all(struct broker *broker, uint32_t first)
{
    while (first != 0) {
        struct subscription *subscription = broker->subscriptions[first];
        first = subscription->next;
        subscriptions_remove(broker, subscription);
    }
}

/* ---- SUBSCRIBE ---- */
static uint32_t count_of(const struct broker *broker, const struct client *client)
{
    return client->number == SESSION_NONE ? client->subscription_count
                                          : records_at(broker, client->number)->subscription_count;
}

static size_t bytes_of_session(const struct broker *broker, const struct client *client)
{
    return client->number == SESSION_NONE ? client->subscription_bytes
                                          : records_at(broker, client->number)->subscription_bytes;
}

/* May this one be entered, behind `fresh` others of the packet that cost so many bytes? 0, or the
 * code of SUBACK (3.9.3). Subscriptions take half of mqtt.memory at most, those of one session a
 * sixteenth: messages and answers need the rest. */
static uint8_t subscribe_judge(const struct broker *broker, const struct client *client,
                               const struct mqtt_subscription *wanted, uint32_t fresh, size_t bytes)
{
    const struct settings *settings = broker->settings;
    if (filter_depth(filter_of_share(wanted->filter)) > TOPICS_DEPTH_MAX)
        return MQTT_QUOTA_EXCEEDED;
    if (subscriptions_find(broker, client, client->number, wanted->filter))
        return 0;
    bytes += sizeof(struct subscription) + wanted->filter.size + filter_cost(wanted->filter);
    if (bytes_of_session(broker, client) + bytes > broker->memory->most / 16 ||
        broker->memory->used + bytes > broker->memory->most / 2 ||
        (client->kept && !store_takes(broker, client->tenant, bytes)) ||
        count_of(broker, client) + fresh >= settings->mqtt_subscriptions ||
        broker->subscriptions_used + fresh >= settings->mqtt_subscriptions_all)
        return MQTT_QUOTA_EXCEEDED;
    return 0;
}

/* The old one goes, the new one takes its place (3.8.4): the code of SUBACK. */
static uint8_t subscribe_enter(struct broker *broker, struct client *client,
                               const struct mqtt_subscription *wanted,
                               const struct filter_place *place, uint32_t id, bool *ret_fresh)
{
    struct subscription *before =
        subscriptions_find(broker, client, client->number, wanted->filter);
    *ret_fresh = !before;
    if (before && before->place.tenant != place->tenant) { /* the name is another tenant's now */
        subscriptions_remove(broker, before);
        before = NULL;
    }
    if (before) {
        before->place = *place;
        before->qos = wanted->qos;
        before->retain_handling = wanted->retain_handling;
        before->no_local = wanted->no_local;
        before->retain_as_published = wanted->retain_as_published;
        before->id = id;
        return wanted->qos;
    }
    return subscriptions_add(broker, client, client->number, wanted, place, id)
               ? wanted->qos
               : MQTT_QUOTA_EXCEEDED;
}

struct subscribe_work {
    struct mqtt_subscribe packet;
    uint8_t type;
    uint8_t reasons[SUBSCRIBE_FILTERS_MAX];
    bool retained[SUBSCRIBE_FILTERS_MAX];
    struct filter_place places[SUBSCRIBE_FILTERS_MAX];
    uint32_t id;
    size_t facts, fact_bytes, filter_bytes;
};

/* As the client asked, but for bridges. */
static bool subscribe_next(const struct client *client, const struct subscribe_work *work,
                           size_t *offset, struct mqtt_subscription *ret)
{
    if (!mqtt_subscription_next(&work->packet, work->type, offset, ret))
        return false;
    if (client->bridge && !mqtt_filter_is_shared(ret->filter))
        ret->no_local = ret->retain_as_published = true;
    return true;
}

/* What a kept session subscribes or leaves is recorded before it is entered. */
static enum admit subscribe_keep(struct broker *broker, const struct subscribe_work *work,
                                 uint64_t *ret_ticket)
{
    struct engine_beside beside = {
        .facts = broker->facts, .count = work->facts, .bytes = work->fact_bytes};
    struct admitted admitted;
    enum admit admit = engine_keep(broker->engine, &beside, &admitted);
    *ret_ticket = admitted.ticket;
    if (admit == ADMIT_DONE)
        broker->last_ticket = admitted.ticket;
    return admit;
}

static void subscribe_denied(struct broker *broker, const struct client *client,
                             struct bytes filter)
{
    broker->counters.denied++;
    access_tell(broker->access, client->principal, "mqtt.subscribe", filter, bytes_of("", 0),
                "denied");
}

static void subscribe_judge_all(struct broker *broker, const struct client *client,
                                struct subscribe_work *work)
{
    struct mqtt_subscription wanted;
    size_t offset = 0;
    uint32_t fresh = 0;
    size_t bytes = 0; /* of those that are new */
    for (size_t i = 0; subscribe_next(client, work, &offset, &wanted); i++) {
        bool leave = work->type == MQTT_UNSUBSCRIBE;
        bool there = subscriptions_find(broker, client, client->number, wanted.filter) != NULL;
        work->filter_bytes += wanted.filter.size;
        uint8_t denied = leave ? 0 : rights_place(broker, client, wanted.filter, &work->places[i]);
        work->reasons[i] = denied   ? denied
                           : !leave ? subscribe_judge(broker, client, &wanted, fresh, bytes)
                           : there  ? MQTT_SUCCESS
                                    : MQTT_NO_SUBSCRIPTION_EXISTED;
        if (denied != 0)
            subscribe_denied(broker, client, wanted.filter);
        if (work->reasons[i] != 0)
            continue;
        if (!there) {
            fresh++;
            bytes += sizeof(struct subscription) + wanted.filter.size + filter_cost(wanted.filter);
        }
        struct fact *fact = &broker->facts[work->facts++];
        work->fact_bytes += FACT_MESSAGE_BYTES_MAX(wanted.filter.size);
        if (leave)
            *fact =
                (struct fact){.kind = FACT_UNSUBSCRIBE,
                              .unsubscribe = {.session = client->number, .filter = wanted.filter}};
        else
            *fact = (struct fact){.kind = FACT_SUBSCRIBE,
                                  .subscribe = {.session = client->number,
                                                .qos = wanted.qos,
                                                .retain_handling = wanted.retain_handling,
                                                .no_local = wanted.no_local,
                                                .retain_as_published = wanted.retain_as_published,
                                                .subscription_id = work->id,
                                                .filter = wanted.filter}};
    }
}

static void subscribe_enter_all(struct broker *broker, struct client *client,
                                struct subscribe_work *work)
{
    struct mqtt_subscription wanted;
    size_t offset = 0;
    for (size_t i = 0; subscribe_next(client, work, &offset, &wanted); i++) {
        if (work->reasons[i] != 0)
            continue;
        if (work->type == MQTT_UNSUBSCRIBE) {
            struct subscription *found =
                subscriptions_find(broker, client, client->number, wanted.filter);
            if (found) {
                subscriptions_remove(broker, found);
                broker->counters.unsubscribes++;
            } else { /* it stands twice in the packet */
                work->reasons[i] = MQTT_NO_SUBSCRIPTION_EXISTED;
            }
            continue;
        }
        bool fresh;
        work->reasons[i] =
            subscribe_enter(broker, client, &wanted, &work->places[i], work->id, &fresh);
        work->retained[i] = work->reasons[i] <= 2 && !mqtt_filter_is_shared(wanted.filter) &&
                            (wanted.retain_handling == 0 || (wanted.retain_handling == 1 && fresh));
        broker->counters.subscribes++;
    }
}

/* The answer, and what it makes due: the post keeps the filters whose retained messages are wanted.
 */
static bool subscribe_post(struct broker *broker, struct client *client,
                           const struct subscribe_work *work, uint64_t ticket)
{
    size_t heads = work->packet.count * sizeof(struct post_filter);
    struct post *post = post_put(broker, POST_SUBACK, ticket, heads + work->filter_bytes);
    if (!post)
        return false;
    client->suback_bytes += post->bytes;
    post->slot = client->slot;
    post->generation = client->generation;
    post->packet_type = work->type == MQTT_SUBSCRIBE ? MQTT_SUBACK : MQTT_UNSUBACK;
    post->packet_id = work->packet.packet_id;
    post->count = work->packet.count;
    struct post_filter *filters = (struct post_filter *)(void *)post->content;
    uint8_t *at = (uint8_t *)post->content + heads;
    struct mqtt_subscription wanted;
    size_t offset = 0;
    for (size_t i = 0; subscribe_next(client, work, &offset, &wanted); i++) {
        filters[i] = (struct post_filter){
            .id = work->id, .reason = work->reasons[i], .retained = work->retained[i]};
        if (!work->retained[i])
            continue;
        struct bytes matched = filter_matched(wanted.filter, &work->places[i]);
        filters[i].tenant = work->places[i].tenant;
        filters[i].size = (uint16_t)matched.size;
        memcpy(at, matched.at, matched.size);
        at += matched.size;
    }
    return true;
}

/* What of the packet is not allowed though each of its fields is; 0: nothing. */
static uint8_t subscribe_fault(const struct client *client, const struct subscribe_work *work)
{
    struct mqtt_subscription wanted;
    size_t offset = 0;
    if (work->packet.count > SUBSCRIBE_FILTERS_MAX)
        return MQTT_QUOTA_EXCEEDED;
    while (subscribe_next(client, work, &offset, &wanted))
        if (wanted.no_local && mqtt_filter_is_shared(wanted.filter)) /* [MQTT-3.8.3-4] */
            return MQTT_PROTOCOL_ERROR;
    return 0;
}

/* UNSUBACK knows no quota (3.11.3). */
static uint8_t refusal_of(const struct subscribe_work *work, enum admit admit)
{
    return work->type == MQTT_UNSUBSCRIBE ? MQTT_IMPLEMENTATION_SPECIFIC : ack_reason_of(admit);
}

enum broker_feed subscribe_feed(struct broker *broker, struct broker_link *link,
                                const struct mqtt_frame *frame)
{
    struct client *client = link->client;
    struct subscribe_work work = {.type = frame->type};
    uint64_t ticket = broker->last_ticket;
    if (client->suback_bytes > SUBACKS_WAITING)
        return BROKER_HOLD; /* until some are told */
    uint8_t reason = mqtt_subscribe_get(frame, client->version, &work.packet);
    if (reason == 0)
        reason = subscribe_fault(client, &work);
    if (reason != 0) {
        packet_goodbye(broker, link, reason,
                       reason == MQTT_PROTOCOL_ERROR ? CAUSE_PROTOCOL : CAUSE_MALFORMED, NULL);
        return BROKER_END;
    }
    work.id = work.packet.properties.subscription_id;
    subscribe_judge_all(broker, client, &work);
    if (client->kept && work.facts > 0) {
        enum admit admit = subscribe_keep(broker, &work, &ticket);
        if (admit == ADMIT_WAIT)
            return BROKER_FULL;
        for (uint32_t i = 0; admit != ADMIT_DONE && i < work.packet.count; i++)
            work.reasons[i] = work.reasons[i] ? work.reasons[i] : refusal_of(&work, admit);
    }
    subscribe_enter_all(broker, client, &work);
    if (subscribe_post(broker, client, &work, ticket))
        return BROKER_MORE;
    packet_goodbye(broker, link, MQTT_QUOTA_EXCEEDED, CAUSE_MEMORY, cause_text(CAUSE_MEMORY));
    return BROKER_END;
}

/* ---- SUBACK ---- */
/* false: the client takes no packet of that size [MQTT-3.1.2-24], and is gone. */
static bool suback_send(struct broker *broker, const struct client *client, const struct post *post)
{
    const struct post_filter *filters = (const struct post_filter *)(const void *)post->content;
    uint8_t reasons[SUBSCRIBE_FILTERS_MAX];
    for (uint32_t i = 0; i < post->count; i++) {
        reasons[i] = filters[i].reason;
        if (client->version != MQTT_5 && reasons[i] > 2)
            reasons[i] = MQTT_UNSPECIFIED_ERROR; /* 3.1.1, 3.9.3: 0x80 */
    }
    const struct broker_port *port = broker->config.port;
    uint8_t *at = port->room(broker->config.arg, client->link, BROKER_ROOM);
    size_t size = mqtt_suback_put(at, BROKER_ROOM, client->version, post->packet_type,
                                  post->packet_id, reasons, post->count);
    if (size > client->packet_max) {
        port->used(broker->config.arg, client->link, 0);
        packet_goodbye(broker, client->link, MQTT_PACKET_TOO_LARGE, CAUSE_PROTOCOL, NULL);
        return false;
    }
    port->used(broker->config.arg, client->link, size);
    broker->counters.packets_out++;
    return true;
}

void subscribe_acknowledge(struct broker *broker, const struct post *post)
{
    struct client *client = clients_at(broker, post->slot, post->generation);
    if (!client || !suback_send(broker, client, post))
        return;
    const struct post_filter *filters = (const struct post_filter *)(const void *)post->content;
    const uint8_t *at = (const uint8_t *)(filters + post->count);
    for (uint32_t i = 0; i < post->count; i++) {
        struct bytes filter = bytes_of(at, filters[i].size);
        at += filters[i].size;
        if (!filters[i].retained)
            continue;
        retained_ask(broker, client, filters[i].tenant, filter, filters[i].reason, filters[i].id);
        if (filters[i].tenant == TENANT_DEFAULT)
            sys_ask(broker, client, filter, filters[i].reason, filters[i].id);
    }
    deliver_dirty(broker, client);
}
