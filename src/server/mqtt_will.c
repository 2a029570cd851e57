/* The last message of who went away without a goodbye. Sessions end with their connection, so a
 * will delay ends with it too (MQTT 5, 3.1.3.2.2): a will is published at once. It is a message as
 * any other, and waits its turn when the engine is full. */
#include "server/mqtt_session.h"

#include <stdlib.h>
#include <string.h>

static size_t will_bytes(const struct will *will)
{
    return sizeof *will + will->topic_size + will->payload_size;
}

enum err will_create(struct server *server, const struct mqtt_will *wanted, struct will **ret_will)
{
    size_t size = sizeof(struct will) + wanted->topic.size + wanted->payload.size;
    if (!memory_take(server, size))
        return ERR_LIMIT;
    struct will *will = malloc(size);
    if (!will) {
        memory_give(server, size);
        return ERR_NO_MEMORY;
    }
    *will = (struct will){.topic_size = (uint16_t)wanted->topic.size,
                          .payload_size = (uint32_t)wanted->payload.size};
    link_init(&will->link);
    publisher_init(&will->publisher, TENANT_DEFAULT, server->settings.points_connection);
    memcpy(will->bytes, wanted->topic.at, wanted->topic.size);
    if (wanted->payload.size > 0)
        memcpy(will->bytes + wanted->topic.size, wanted->payload.at, wanted->payload.size);
    *ret_will = will;
    return OK;
}

void will_destroy(struct server *server, struct will *will)
{
    if (!will)
        return;
    link_take(&will->link);
    memory_give(server, will_bytes(will));
    free(will);
}

/* false: the engine says wait. */
static bool will_try(struct server *server, struct will *will)
{
    struct admitted admitted;
    struct bytes topic = bytes_of(will->bytes, will->topic_size);
    struct bytes payload = bytes_of(will->bytes + will->topic_size, will->payload_size);
    enum admit admit = engine_publish(server->engine, &will->publisher, topic, payload, &admitted);
    if (admit == ADMIT_WAIT)
        return false;
    if (admit == ADMIT_DONE)
        server->last_ticket = admitted.ticket;
    else
        log_debug("mqtt", "a will on %.*s was refused: %s", (int)topic.size, (const char *)topic.at,
                  admit_text(admit));
    server->counters.wills++;
    will_destroy(server, will);
    return true;
}

void will_publish(struct server *server, struct will *will)
{
    if (will && (!link_is_alone(&server->wills) || !will_try(server, will)))
        link_put(&server->wills, &will->link);
}

bool wills_retry(struct server *server)
{
    while (!link_is_alone(&server->wills))
        if (!will_try(server, LINK_OWNER(server->wills.next, struct will, link)))
            return false;
    return true;
}

void wills_done(struct server *server)
{
    while (!link_is_alone(&server->wills))
        will_destroy(server, LINK_OWNER(server->wills.next, struct will, link));
}
