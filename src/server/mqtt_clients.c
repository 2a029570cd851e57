/* Client ids: who is connected under which name. Chained buckets; the seed is random, so that
 * nobody can choose ids that meet in one bucket. */
#include "server/mqtt_session.h"

#include <stdlib.h>

#define BUCKETS_LEAST 1024

static struct mqtt_session **clients_bucket(const struct server *server, uint64_t hash)
{
    return &server->clients[hash & (server->client_buckets - 1)];
}

struct mqtt_session *clients_find(const struct server *server, struct bytes id)
{
    if (server->client_count == 0)
        return NULL;
    uint64_t hash = hash64(id.at, id.size, server->client_seed);
    struct mqtt_session *session = *clients_bucket(server, hash);
    while (session && (session->id_hash != hash || !bytes_equal(session_id(session), id)))
        session = session->next;
    return session;
}

static bool clients_grow(struct server *server)
{
    size_t before = server->client_buckets;
    size_t count = before == 0 ? BUCKETS_LEAST : before * 2;
    struct mqtt_session **old = server->clients;
    struct mqtt_session **fresh = calloc(count, sizeof(struct mqtt_session *));
    if (!fresh)
        return before > 0; /* longer chains, then */
    server->clients = fresh;
    server->client_buckets = count;
    for (size_t i = 0; i < before; i++)
        for (struct mqtt_session *at = old[i], *next; at; at = next) {
            struct mqtt_session **bucket = clients_bucket(server, at->id_hash);
            next = at->next;
            at->next = *bucket;
            *bucket = at;
        }
    free(old);
    return true;
}

bool clients_add(struct server *server, struct mqtt_session *session)
{
    if (server->client_count >= server->client_buckets && !clients_grow(server))
        return false;
    session->id_hash = hash64(session->id, session->id_size, server->client_seed);
    struct mqtt_session **bucket = clients_bucket(server, session->id_hash);
    session->next = *bucket;
    *bucket = session;
    server->client_count++;
    return true;
}

void clients_remove(struct server *server, struct mqtt_session *session)
{
    struct mqtt_session **at = clients_bucket(server, session->id_hash);
    while (*at && *at != session)
        at = &(*at)->next;
    check(*at == session);
    *at = session->next;
    server->client_count--;
}
