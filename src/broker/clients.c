/* Who is connected under which client id, and the numbers of recorded sessions. Buckets are
 * chained; the seed is random, so that nobody can choose ids that meet in one bucket. */
#include "broker/room.h"

#include <stdlib.h>

#define BUCKETS_LEAST 1024

/* ---- client ids ---- */
static struct client **clients_bucket(const struct broker *broker, uint64_t hash)
{
    return &broker->buckets[hash & (broker->bucket_count - 1)];
}

struct client *clients_find(const struct broker *broker, uint32_t tenant, struct bytes id)
{
    if (broker->client_count == 0)
        return NULL;
    uint64_t hash = broker_hash(broker, tenant, id);
    struct client *client = *clients_bucket(broker, hash);
    while (client && (client->id_hash != hash || client->tenant != tenant ||
                      !bytes_equal(client_id(client), id)))
        client = client->next;
    return client;
}

static bool buckets_grow(struct broker *broker)
{
    size_t before = broker->bucket_count;
    size_t count = before == 0 ? BUCKETS_LEAST : before * 2;
    struct client **old = broker->buckets;
    struct client **fresh = calloc(count, sizeof(struct client *));
    if (!fresh)
        return before > 0; /* longer chains, then */
    broker->buckets = fresh;
    broker->bucket_count = count;
    for (size_t i = 0; i < before; i++)
        for (struct client *at = old[i], *next; at; at = next) {
            struct client **bucket = clients_bucket(broker, at->id_hash);
            next = at->next;
            at->next = *bucket;
            *bucket = at;
        }
    free(old);
    return true;
}

/* ---- slots ---- */
static bool slots_grow(struct broker *broker)
{
    uint32_t capacity = broker->slot_capacity == 0 ? 256 : broker->slot_capacity * 2;
    struct client **slots = realloc(broker->slots, capacity * sizeof(struct client *));
    if (!slots)
        return false;
    broker->slots = slots;
    uint32_t *slots_free = realloc(broker->slots_free, capacity * sizeof *slots_free);
    if (!slots_free)
        return false;
    broker->slots_free = slots_free;
    broker->slot_capacity = capacity;
    return true;
}

static bool slot_take(struct broker *broker, struct client *client)
{
    if (broker->slot_free_count > 0) {
        client->slot = broker->slots_free[--broker->slot_free_count];
    } else {
        if (broker->slot_count == broker->slot_capacity && !slots_grow(broker))
            return false;
        client->slot = broker->slot_count++;
    }
    client->generation = ++broker->generation;
    broker->slots[client->slot] = client;
    return true;
}

struct client *clients_at(const struct broker *broker, uint32_t slot, uint32_t generation)
{
    struct client *client = slot < broker->slot_count ? broker->slots[slot] : NULL;
    return client && client->generation == generation ? client : NULL;
}

bool clients_add(struct broker *broker, struct client *client)
{
    if (broker->client_count >= broker->bucket_count && !buckets_grow(broker))
        return false;
    if (!slot_take(broker, client))
        return false;
    client->id_hash = broker_hash(broker, client->tenant, client_id(client));
    struct client **bucket = clients_bucket(broker, client->id_hash);
    client->next = *bucket;
    *bucket = client;
    broker->client_count++;
    if (broker->client_count > broker->clients_max)
        broker->clients_max = broker->client_count;
    return true;
}

void clients_remove(struct broker *broker, struct client *client)
{
    struct client **at = clients_bucket(broker, client->id_hash);
    while (*at && *at != client)
        at = &(*at)->next;
    check(*at == client);
    *at = client->next;
    broker->client_count--;
    broker->slots[client->slot] = NULL;
    broker->slots_free[broker->slot_free_count++] = client->slot;
}

/* ---- records ---- */
/* Without memory for it the record is counted for nobody. */
static void records_count(struct broker *broker, struct record *record, uint32_t tenant)
{
    record->tenant = TENANT_NONE;
    if (tenant >= broker->tenant_record_capacity) {
        uint32_t capacity = broker->tenant_record_capacity ? broker->tenant_record_capacity : 16;
        while (capacity <= tenant && capacity < UINT32_MAX / 2)
            capacity *= 2;
        uint32_t *wider = realloc(broker->tenant_records, (size_t)capacity * sizeof *wider);
        if (!wider || tenant >= capacity) {
            broker->tenant_records = wider ? wider : broker->tenant_records;
            return;
        }
        memset(wider + broker->tenant_record_capacity, 0,
               (size_t)(capacity - broker->tenant_record_capacity) * sizeof *wider);
        broker->tenant_records = wider;
        broker->tenant_record_capacity = capacity;
    }
    record->tenant = tenant;
    broker->tenant_records[tenant]++;
}

struct record *records_make(struct broker *broker, uint32_t number, uint32_t tenant)
{
    if (number >= broker->record_capacity) {
        uint32_t capacity = broker->record_capacity ? broker->record_capacity : 256;
        while (capacity <= number)
            capacity *= 2;
        struct record *records = realloc(broker->records, capacity * sizeof *records);
        if (!records)
            return NULL;
        broker->records = records;
        broker->record_capacity = capacity;
    }
    /* Numbers that are stepped over are free. */
    for (uint32_t at = broker->record_count ? broker->record_count : 1; at <= number; at++) {
        broker->records[at] = (struct record){.client = NULL};
        if (at < number)
            records_free(broker, at);
    }
    if (number >= broker->record_count)
        broker->record_count = number + 1;
    if (!broker->records[number].in_use) {
        broker->recorded++;
        records_count(broker, &broker->records[number], tenant);
    }
    broker->records[number].in_use = true;
    return &broker->records[number];
}

uint32_t records_number(struct broker *broker, uint32_t tenant)
{
    uint64_t most = broker->settings->mqtt_sessions;
    uint64_t own = tenant < broker->tenant_record_capacity ? broker->tenant_records[tenant] : 0;
    if (broker->recorded >= most || (store_is_shared(broker) && own >= most - most / 2))
        return SESSION_NONE;
    if (broker->number_free_count > 0)
        return broker->numbers_free[--broker->number_free_count];
    return broker->record_count ? broker->record_count : 1;
}

void records_give_back(struct broker *broker, uint32_t number)
{
    if (number < broker->record_count)
        broker->numbers_free[broker->number_free_count++] = number;
}

void records_free(struct broker *broker, uint32_t number)
{
    struct record *record = &broker->records[number];
    if (record->in_use)
        broker->recorded--;
    if (record->in_use && record->tenant != TENANT_NONE)
        broker->tenant_records[record->tenant]--;
    principal_release(record->principal);
    *record = (struct record){.client = NULL};
    if (broker->number_free_count == broker->number_free_capacity) {
        uint32_t capacity = broker->number_free_capacity ? broker->number_free_capacity * 2 : 256;
        uint32_t *wider = realloc(broker->numbers_free, capacity * sizeof *wider);
        if (!wider)
            return; /* the number is lost until the next start */
        broker->numbers_free = wider;
        broker->number_free_capacity = capacity;
    }
    broker->numbers_free[broker->number_free_count++] = number;
}

/* ---- asking ---- */
/* The cursor counts slots of clients first, then numbers of recorded sessions that have none. */
static bool view_client(const struct client *client, const struct broker *broker,
                        struct client_view *ret)
{
    const struct out *out = client->out;
    *ret = (struct client_view){.tenant = client->tenant,
                                .id = client_id(client),
                                .peer = client->link->peer,
                                .version = client->version,
                                .kept = client->kept,
                                .expiry_s = client->expiry_s,
                                .subscriptions = client->subscription_count,
                                .dropped = client->dropped,
                                .connected_ns = client->connected_ns};
    if (out) {
        ret->queued = out->qos_0.count + out->waiting.count;
        ret->queued_bytes = out->bytes;
        ret->in_flight = out->in_flight;
    }
    struct session_view view;
    if (client->number != SESSION_NONE) {
        ret->subscriptions = records_at(broker, client->number)->subscription_count;
        if (sessions_view(broker->sessions, client->number, &view)) {
            ret->queued += view.queued;
            ret->queued_bytes += view.queued_bytes;
        }
    }
    return true;
}

static bool view_record(const struct broker *broker, uint32_t number, struct client_view *ret)
{
    struct session_view view;
    const struct record *record = records_at(broker, number);
    if (!record->in_use || record->client || !sessions_view(broker->sessions, number, &view))
        return false;
    size_t size = sessions_client_id(broker->sessions, number, broker->scratch, PACKET_SCRATCH);
    *ret = (struct client_view){.tenant = view.tenant,
                                .id = bytes_of(broker->scratch, size),
                                .version = view.version,
                                .kept = view.expiry_s > 0,
                                .expiry_s = view.expiry_s,
                                .subscriptions = view.subscriptions,
                                .queued = view.queued,
                                .queued_bytes = view.queued_bytes,
                                .dropped = record->dropped};
    return true;
}

bool broker_client_next(const struct broker *broker, uint64_t *cursor, struct client_view *ret_view)
{
    while (*cursor < broker->slot_count) {
        const struct client *client = broker->slots[(*cursor)++];
        if (client)
            return view_client(client, broker, ret_view);
    }
    while (*cursor - broker->slot_count + 1 < broker->record_count) {
        uint32_t number = (uint32_t)(*cursor - broker->slot_count) + 1;
        (*cursor)++;
        if (view_record(broker, number, ret_view))
            return true;
    }
    return false;
}
