/* mqtt_client: what the two files of the MQTT client share: its life and its packets. */
#pragma once

#include "client/channel.h"
#include "client/client.h"

#define OUTPUT_BYTES ((size_t)1 << 20) /* unsent bytes past which publishing waits */
#define INPUT_BYTES ((size_t)64 << 10) /* of the input buffer at first */
#define REQUESTS_MAX 64
#define REQUEST_ID_FIRST                                                                           \
    65400 /* identifiers of SUBSCRIBE and UNSUBSCRIBE lie above publishing's                       \
           */

enum sent_state { SENT_FREE, SENT_PUBLISH, SENT_RELEASE }; /* RELEASE: its PUBREC came */
struct sent {                                              /* a message of ours under way */
    uint64_t tag;
    uint64_t order;  /* of sending, for sending again */
    uint8_t *packet; /* with keep_messages */
    size_t size;
    uint8_t state, qos;
};
enum held_state { HELD_FREE, HELD_QOS_1, HELD_QOS_2 };
struct request { /* SUBSCRIBE or UNSUBSCRIBE without its answer */
    uint64_t tag;
    uint8_t type; /* of the answer; 0: free */
};

struct client {
    struct channel channel;
    struct client_config config; /* only its numbers and calls */
    char *address;
    struct bytes connect; /* the CONNECT packet as it was sent first */
    char id[CLIENT_ID_SIZE];
    enum err failed; /* memory ran out where nobody could be told */
    uint8_t version;
    bool connected; /* CONNACK was taken */
    bool closed;    /* by a DISCONNECT of the server, or a CONNACK that refuses */
    bool session_present;
    uint8_t reason;
    struct mqtt_properties server;
    client_acked *acked;
    void *arg;
    int64_t keep_alive_ns; /* 0: none */
    int64_t sent_ns;       /* when bytes were last sent */
    int64_t pinged_ns;     /* when the PINGREQ without an answer was queued; 0: none */
    uint16_t window;       /* in_flight_max and the server's receive maximum */
    uint16_t in_flight;
    uint16_t free_count;
    uint16_t *free_ids; /* stack of identifiers not in use */
    struct sent *sent;  /* by identifier */
    uint64_t order;
    uint8_t *held; /* by identifier of the server's: enum held_state */
    uint16_t held_count;
    struct request requests[REQUESTS_MAX];
    struct bytes *aliases; /* the server's topic aliases, from 1 */
    size_t output_at;      /* first byte not sent yet */
    size_t output_size;    /* bytes up to the end */
    size_t output_capacity;
    size_t input_size, input_capacity;
    uint8_t *output, *input;
};

int64_t mqtt_client_now_ns(void);
/* Room for `size` bytes at the end of the output; grows. NULL, and client_poll fails, when there is
 * no memory. */
uint8_t *mqtt_client_room(struct client *client, size_t size);
/* Takes whole packets from the input. */
MUST_USE enum err mqtt_client_take_input(struct client *client);
/* Sends again, or settles, what was under way when the connection went. */
void mqtt_client_resume(struct client *client);
void mqtt_client_forget_aliases(struct client *client);
