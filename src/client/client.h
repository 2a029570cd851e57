/* client: our own MQTT client, for the demo, prove and the benches. Not for the server.
 *
 * Blocking or polled, MQTT 3.1.1 or 5, QoS 0 and 1, any number of connections on one thread. It
 * counts what was sent, what was acknowledged and with which reason, and tells latencies from the
 * scheduled send time. */
#pragma once

#include "base/base.h"
#include "wire/mqtt/mqtt.h"

struct client_config {
    const char *address; /* HOST:PORT */
    const char *client_id;
    uint8_t version; /* MQTT_3_1_1 or MQTT_5 */
    uint16_t keep_alive_s;
    bool clean_start;
    uint16_t in_flight_max; /* unacknowledged QoS 1 messages; the server's receive maximum caps it */
};
struct client;
/* tag: what the caller passed to client_publish; reason: MQTT 5 code, 0 with 3.1.1. */
typedef void client_acked(void *arg, uint64_t tag, uint8_t reason);
/* Connects and waits for CONNACK (10 s at most). ERR_REFUSED with *ret_reason when the server said
 * no. */
MUST_USE enum err client_open(const struct client_config *config, client_acked *acked, void *arg,
                              struct client **ret_client, uint8_t *ret_reason);
void client_close(struct client *client, bool say_goodbye); /* NULL is fine */
/* Queues a PUBLISH; ERR_BUSY when in_flight_max wait or the output buffer (1 MiB) is full: poll. */
MUST_USE enum err client_publish(struct client *client, struct bytes topic, struct bytes payload,
                                 uint8_t qos, uint64_t tag);
/* Sends what is queued and takes what came, waiting at most wait_ms for something to do. ERR_IO:
 * the connection is gone. */
MUST_USE enum err client_poll(struct client *client, int wait_ms);
size_t client_in_flight(const struct client *client);
int client_fd(const struct client *client);
bool client_wants_write(const struct client *client);
