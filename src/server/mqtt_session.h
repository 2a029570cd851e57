/* mqtt_session: one client's MQTT state. Today a session lives as long as its connection, and
 * CONNACK says so (session present 0, session expiry 0); what belongs to the session and what to
 * the connection is apart already, so that it can outlive it once subscriptions are kept.
 *
 *   mqtt_session.c  CONNECT to DISCONNECT: which packet may come when, and what answers it
 *   mqtt_publish.c  PUBLISH: aliases, limits, admission
 *   mqtt_acks.c     PUBACK when the disk has it
 *   mqtt_will.c     the last message of who went away
 *   mqtt_clients.c  client ids */
#pragma once

#include "server/acks.h"
#include "server/room.h"
#include "wire/mqtt/mqtt.h"

#define MQTT_OUT_LIMIT ((size_t)64 << 10) /* unsent bytes past which a client is not read */
#define MQTT_SUBSCRIBE_MAX 1024           /* filters of one SUBSCRIBE or UNSUBSCRIBE */
#define MQTT_REASON_ROOM 512              /* a packet with a reason string fits */

struct alias {
    uint8_t *at; /* NULL: not set */
    uint16_t size;
};
struct will {
    struct link link; /* on server->wills while the engine cannot take it */
    struct publisher publisher;
    uint16_t topic_size;
    uint32_t payload_size;
    uint8_t bytes[]; /* topic, payload */
};
struct mqtt_session {
    struct connection *c;
    struct mqtt_session *next; /* in the bucket of server->clients */
    uint64_t id_hash;
    struct link acks_link; /* on server->acks_waiting or acks_due, or alone */
    struct acks acks;
    struct publisher publisher;
    struct will *will;
    struct alias *aliases;               /* alias_max of them once the first is set */
    uint32_t receive_max, packet_in_max; /* as announced to it: ours to enforce */
    uint16_t alias_max;
    uint32_t packet_max; /* the largest packet it takes */
    uint8_t version;
    bool problem_info; /* reason strings are wanted */
    uint16_t id_size;
    uint8_t id[];
};
static inline struct bytes session_id(const struct mqtt_session *session)
{
    return bytes_of(session->id, session->id_size);
}

/* ---- mqtt_clients.c
 * ------------------------------------------------------------------------------ */
struct mqtt_session *clients_find(const struct server *server, struct bytes id);
MUST_USE bool clients_add(struct server *server, struct mqtt_session *session);
void clients_remove(struct server *server, struct mqtt_session *session);

/* ---- mqtt_publish.c
 * ------------------------------------------------------------------------------ */
enum feed mqtt_publish_feed(struct server *server, struct connection *c,
                            const struct mqtt_frame *frame);
void mqtt_aliases_free(struct server *server, struct mqtt_session *session);

/* ---- mqtt_acks.c
 * --------------------------------------------------------------------------------- */
/* The reason code of an answer (MQTT 5, 3.4.2.1), and what a person reads. */
uint8_t mqtt_reason_of(enum admit admit);
const char *mqtt_reason_string(enum admit admit, enum payload_fault fault);
/* false: no memory. */
MUST_USE bool mqtt_acks_put(struct server *server, struct mqtt_session *session,
                            const struct ack *ack);
void mqtt_acks_forget(struct server *server, struct mqtt_session *session);
void mqtt_acks_unchoked(struct server *server, struct mqtt_session *session);

/* ---- mqtt_will.c
 * --------------------------------------------------------------------------------- */
/* ERR_LIMIT: past mqtt.memory. */
MUST_USE enum err will_create(struct server *server, const struct mqtt_will *wanted,
                              struct will **ret_will);
/* Publishes it, or keeps it until the engine can take it; takes it over. NULL is fine. */
void will_publish(struct server *server, struct will *will);
void will_destroy(struct server *server, struct will *will);
