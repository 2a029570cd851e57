/* mqtt: MQTT 3.1, 3.1.1 (OASIS 2014) and 5.0 (OASIS 2019) packets, both ways, no I/O, no state but
 * what the caller passes. The server decodes what clients send and encodes its answers; our own
 * client (demo, prove, load) the other way round: so every packet type has both directions.
 *
 * Decoders are bounded and exact: every malformed packet gets the reason code the standard names.
 * Views point into the packet. */
#pragma once

#include "base/base.h"

enum mqtt_type {
    MQTT_CONNECT = 1,
    MQTT_CONNACK,
    MQTT_PUBLISH,
    MQTT_PUBACK,
    MQTT_PUBREC,
    MQTT_PUBREL,
    MQTT_PUBCOMP,
    MQTT_SUBSCRIBE,
    MQTT_SUBACK,
    MQTT_UNSUBSCRIBE,
    MQTT_UNSUBACK,
    MQTT_PINGREQ,
    MQTT_PINGRESP,
    MQTT_DISCONNECT,
    MQTT_AUTH
};
enum mqtt_version { MQTT_3_1 = 3, MQTT_3_1_1 = 4, MQTT_5 = 5 };
#define MQTT_REMAINING_MAX 268435455u

/* MQTT 5, 2.4: reason codes. */
#define MQTT_REASON_TABLE(X)                                                                       \
    X(MQTT_SUCCESS, 0x00, "success")                                                               \
    X(MQTT_GRANTED_QOS_1, 0x01, "granted QoS 1")                                                   \
    X(MQTT_GRANTED_QOS_2, 0x02, "granted QoS 2")                                                   \
    X(MQTT_DISCONNECT_WITH_WILL, 0x04, "disconnect with will message")                             \
    X(MQTT_NO_MATCHING_SUBSCRIBERS, 0x10, "no matching subscribers")                               \
    X(MQTT_NO_SUBSCRIPTION_EXISTED, 0x11, "no subscription existed")                               \
    X(MQTT_CONTINUE_AUTHENTICATION, 0x18, "continue authentication")                               \
    X(MQTT_REAUTHENTICATE, 0x19, "re-authenticate")                                                \
    X(MQTT_UNSPECIFIED_ERROR, 0x80, "unspecified error")                                           \
    X(MQTT_MALFORMED_PACKET, 0x81, "malformed packet")                                             \
    X(MQTT_PROTOCOL_ERROR, 0x82, "protocol error")                                                 \
    X(MQTT_IMPLEMENTATION_SPECIFIC, 0x83, "implementation specific error")                         \
    X(MQTT_UNSUPPORTED_VERSION, 0x84, "unsupported protocol version")                              \
    X(MQTT_CLIENT_ID_NOT_VALID, 0x85, "client identifier not valid")                               \
    X(MQTT_BAD_USER_OR_PASSWORD, 0x86, "bad user name or password")                                \
    X(MQTT_NOT_AUTHORIZED, 0x87, "not authorized")                                                 \
    X(MQTT_SERVER_UNAVAILABLE, 0x88, "server unavailable")                                         \
    X(MQTT_SERVER_BUSY, 0x89, "server busy")                                                       \
    X(MQTT_BANNED, 0x8A, "banned")                                                                 \
    X(MQTT_SERVER_SHUTTING_DOWN, 0x8B, "server shutting down")                                     \
    X(MQTT_BAD_AUTHENTICATION_METHOD, 0x8C, "bad authentication method")                           \
    X(MQTT_KEEP_ALIVE_TIMEOUT, 0x8D, "keep alive timeout")                                         \
    X(MQTT_SESSION_TAKEN_OVER, 0x8E, "session taken over")                                         \
    X(MQTT_TOPIC_FILTER_INVALID, 0x8F, "topic filter invalid")                                     \
    X(MQTT_TOPIC_NAME_INVALID, 0x90, "topic name invalid")                                         \
    X(MQTT_PACKET_ID_IN_USE, 0x91, "packet identifier in use")                                     \
    X(MQTT_PACKET_ID_NOT_FOUND, 0x92, "packet identifier not found")                               \
    X(MQTT_RECEIVE_MAXIMUM_EXCEEDED, 0x93, "receive maximum exceeded")                             \
    X(MQTT_TOPIC_ALIAS_INVALID, 0x94, "topic alias invalid")                                       \
    X(MQTT_PACKET_TOO_LARGE, 0x95, "packet too large")                                             \
    X(MQTT_MESSAGE_RATE_TOO_HIGH, 0x96, "message rate too high")                                   \
    X(MQTT_QUOTA_EXCEEDED, 0x97, "quota exceeded")                                                 \
    X(MQTT_ADMINISTRATIVE_ACTION, 0x98, "administrative action")                                   \
    X(MQTT_PAYLOAD_FORMAT_INVALID, 0x99, "payload format invalid")                                 \
    X(MQTT_RETAIN_NOT_SUPPORTED, 0x9A, "retain not supported")                                     \
    X(MQTT_QOS_NOT_SUPPORTED, 0x9B, "QoS not supported")                                           \
    X(MQTT_USE_ANOTHER_SERVER, 0x9C, "use another server")                                         \
    X(MQTT_SERVER_MOVED, 0x9D, "server moved")                                                     \
    X(MQTT_SHARED_NOT_SUPPORTED, 0x9E, "shared subscriptions not supported")                       \
    X(MQTT_CONNECTION_RATE_EXCEEDED, 0x9F, "connection rate exceeded")                             \
    X(MQTT_MAXIMUM_CONNECT_TIME, 0xA0, "maximum connect time")                                     \
    X(MQTT_SUBSCRIPTION_IDS_NOT_SUPPORTED, 0xA1, "subscription identifiers not supported")         \
    X(MQTT_WILDCARDS_NOT_SUPPORTED, 0xA2, "wildcard subscriptions not supported")
#define MQTT_REASON_ENUM(name, code, text) name = code,
enum mqtt_reason { MQTT_REASON_TABLE(MQTT_REASON_ENUM) };
#undef MQTT_REASON_ENUM
const char *mqtt_reason_text(uint8_t reason); /* never NULL */
const char *mqtt_type_name(uint8_t type);     /* "CONNECT", ...; never NULL */

/* ---- frames
 * ----------------------------------------------------------------------------------------- */
struct mqtt_frame {
    uint8_t type, flags;
    struct bytes body;   /* variable header and payload */
    size_t packet_bytes; /* with the fixed header */
};
/* Finds the packet at the start of b. OK: complete. ERR_BUSY: more bytes are needed; *ret_frame
 * .packet_bytes says how many in all once the length is known, else 0. ERR_INVALID: malformed fixed
 * header (length of more than 4 bytes or longer than needed, type 0, flags the type does not allow
 * [MQTT-2.1.3-1], a PINGREQ or PINGRESP that says more), as early as its bytes show it. The answer
 * to it is MQTT_MALFORMED_PACKET. */
MUST_USE enum err mqtt_frame_get(struct bytes b, struct mqtt_frame *ret_frame);

/* ---- properties (MQTT 5, 2.2.2)
 * ----------------------------------------------------------------------- */
#define MQTT_USER_PROPERTIES_MAX 64 /* views kept; more is a fault: MQTT_QUOTA_EXCEEDED */
/* Decoders zero what is absent. Encoders write each property of `has` that the packet allows from
 * its field; what may be there several times comes from raw: user properties, when bit 38 is set,
 * and in a PUBLISH the subscription identifiers after the first. */
struct mqtt_properties {
    uint64_t has; /* bit n: property identifier n is there (n < 64; identifiers end at 42) */
    uint8_t payload_format;             /* 1 */
    uint32_t message_expiry_s;          /* 2 */
    struct bytes content_type;          /* 3 */
    struct bytes response_topic;        /* 8 */
    struct bytes correlation_data;      /* 9 */
    uint32_t subscription_id;           /* 11: the first; PUBLISH to a client may have several */
    uint32_t session_expiry_s;          /* 17 */
    struct bytes assigned_client_id;    /* 18 */
    uint16_t server_keep_alive_s;       /* 19 */
    struct bytes authentication_method; /* 21 */
    struct bytes authentication_data;   /* 22 */
    uint8_t request_problem_info;       /* 23 */
    uint32_t will_delay_s;              /* 24 */
    uint8_t request_response_info;      /* 25 */
    struct bytes response_info;         /* 26 */
    struct bytes server_reference;      /* 28 */
    struct bytes reason_string;         /* 31 */
    uint16_t receive_maximum;           /* 33 */
    uint16_t topic_alias_maximum;       /* 34 */
    uint16_t topic_alias;               /* 35 */
    uint8_t maximum_qos;                /* 36 */
    uint8_t retain_available;           /* 37 */
    uint32_t maximum_packet_size;       /* 39 */
    uint8_t wildcard_available;         /* 40 */
    uint8_t subscription_ids_available; /* 41 */
    uint8_t shared_available;           /* 42 */
    struct bytes raw;    /* the whole property block without its length, to pass on */
    uint16_t user_count; /* 38: pairs are walked with mqtt_user_property */
};
#define MQTT_HAS(properties, id) (((properties)->has >> (id)) & 1u)
/* Walks the user properties, or the subscription identifiers, of a raw block: *offset starts at 0;
 * false after the last. */
MUST_USE bool mqtt_user_property(struct bytes raw, size_t *offset, struct bytes *ret_name,
                                 struct bytes *ret_value);
MUST_USE bool mqtt_subscription_id(struct bytes raw, size_t *offset, uint32_t *ret_id);
/* Writes one user property, to build a raw block from; returns its size, 0 when it does not fit. */
size_t mqtt_user_property_put(uint8_t *at, size_t capacity, struct bytes name, struct bytes value);

/* ---- packets
 * ------------------------------------------------------------------------------------------- */
struct mqtt_will {
    bool present, retain;
    uint8_t qos;
    struct bytes topic, payload;
    struct mqtt_properties properties;
};
struct mqtt_connect {
    uint8_t version; /* enum mqtt_version */
    bool clean_start;
    bool bridge; /* MQTT 3 with bit 7 of the level set: the sender is a bridge of Mosquitto's, and
                    its subscriptions are no local and retain as published, as those of MQTT 5 can
                    be */
    uint16_t keep_alive_s;
    struct bytes client_id;
    bool has_user, has_password;
    struct bytes user, password;
    struct mqtt_will will;
    struct mqtt_properties properties;
};
struct mqtt_connack {
    bool session_present;
    uint8_t reason; /* MQTT 5 codes; put/get translate for 3.x (3.1.1, 3.2.2.3) */
    struct mqtt_properties properties;
};
struct mqtt_publish {
    bool dup, retain;
    uint8_t qos;
    uint16_t packet_id; /* QoS > 0 */
    struct bytes topic; /* empty with a topic alias */
    struct bytes payload;
    struct mqtt_properties properties;
};
struct mqtt_ack { /* PUBACK, PUBREC, PUBREL, PUBCOMP */
    uint16_t packet_id;
    uint8_t reason;
    struct mqtt_properties properties;
};
struct mqtt_subscription {
    struct bytes filter;
    uint8_t qos, retain_handling;
    bool no_local, retain_as_published;
};
struct mqtt_subscribe { /* SUBSCRIBE and UNSUBSCRIBE: walk with mqtt_subscription_next */
    uint16_t packet_id;
    struct bytes filters;
    uint32_t count;
    struct mqtt_properties properties;
};
struct mqtt_suback { /* SUBACK, UNSUBACK */
    uint16_t packet_id;
    struct bytes reasons; /* one byte a filter, in the order of the request; UNSUBACK 3.x: none */
    struct mqtt_properties properties;
};
struct mqtt_disconnect { /* DISCONNECT, AUTH */
    uint8_t reason;
    struct mqtt_properties properties;
};

/* Decoders of a frame of the fitting type. Return 0 (MQTT_SUCCESS), or the reason code that the
 * standard wants in the answer or DISCONNECT; *ret is then not meaningful. They hold the UTF-8
 * rules (1.5.4: well-formed, no U+0000), topic name rules (4.7: no wildcards, not empty unless
 * alias), packet identifier not zero, properties once each and allowed there, reserved bits.
 *
 *   0x81 the bytes cannot be parsed, a reserved bit is set, a property has no place in the packet
 *   0x82 they can, and say what is not allowed: a property twice or out of range, no topic and no
 *        alias, packet identifier 0, no filters, QoS 3 asked for, a reason code of another packet
 *   0x84 protocol name or level; 0x85 no client identifier where there must be one
 *   0x8F a topic filter, 0x90 a topic name with a wildcard out of place; 0x94 topic alias 0
 *   0x97 more than MQTT_USER_PROPERTIES_MAX user properties
 *
 * What needs more than the packet is the session's: aliases above the maximum, subscription
 * identifiers from a client [MQTT-3.3.4-6], a session expiry that was 0 (3.14.2.2.2), payloads that
 * are not the UTF-8 they claim to be.
 *
 * mqtt_connect_get sets ret->version whatever it returns: what a CONNACK should be put in (for
 * 0x84: 5 when the level is 5 or above, else 4). */
uint8_t mqtt_connect_get(const struct mqtt_frame *frame, struct mqtt_connect *ret);
uint8_t mqtt_connack_get(const struct mqtt_frame *frame, uint8_t version, struct mqtt_connack *ret);
uint8_t mqtt_publish_get(const struct mqtt_frame *frame, uint8_t version, struct mqtt_publish *ret);
uint8_t mqtt_ack_get(const struct mqtt_frame *frame, uint8_t version, struct mqtt_ack *ret);
uint8_t mqtt_subscribe_get(const struct mqtt_frame *frame, uint8_t version,
                           struct mqtt_subscribe *ret); /* UNSUBSCRIBE too */
uint8_t mqtt_suback_get(const struct mqtt_frame *frame, uint8_t version, struct mqtt_suback *ret);
/* AUTH too, which only MQTT 5 knows. */
uint8_t mqtt_disconnect_get(const struct mqtt_frame *frame, uint8_t version,
                            struct mqtt_disconnect *ret);
MUST_USE bool mqtt_subscription_next(const struct mqtt_subscribe *subscribe, uint8_t type,
                                     size_t *offset, struct mqtt_subscription *ret);
bool mqtt_topic_is_valid(struct bytes topic);    /* a topic name to publish to */
bool mqtt_filter_is_valid(struct bytes filter);  /* a topic filter, shared ones too */
bool mqtt_filter_is_shared(struct bytes filter); /* starts with $share/ (4.8.2) */

/* Encoders: write the packet into at[capacity] and return its size, 0 when it does not fit, or when
 * a string is longer than 65,535 bytes or the packet than MQTT_REMAINING_MAX. Version 3.x drops
 * what only MQTT 5 can say. mqtt_connack_put also returns 0 for a reason that 3.x has no return
 * code for: the connection is then closed without a word [3.1.1, MQTT-3.2.2-6]. */
size_t mqtt_connect_put(uint8_t *at, size_t capacity, const struct mqtt_connect *connect);
size_t mqtt_connack_put(uint8_t *at, size_t capacity, uint8_t version,
                        const struct mqtt_connack *connack);
size_t mqtt_publish_put(uint8_t *at, size_t capacity, uint8_t version,
                        const struct mqtt_publish *publish);
/* A PUBLISH that is passed on: what the publisher said, and what this server says to this client.
 * Costs little more than copying the bytes. */
struct mqtt_delivery {
    bool dup, retain;
    uint8_t qos, id_count;
    uint16_t packet_id; /* QoS > 0 */
    uint16_t alias;     /* 0: none */
    bool has_expiry;
    uint32_t expiry_s;   /* what is left of it */
    const uint32_t *ids; /* subscription ids, id_count of them */
    struct bytes topic;  /* empty with an alias the client knows */
    struct bytes payload;
    struct bytes properties; /* as mqtt_properties_forward left them */
};
/* The whole packet's size; above MQTT_REMAINING_MAX + 5: it cannot be sent. */
size_t mqtt_delivery_size(uint8_t version, const struct mqtt_delivery *delivery);
/* Writes it; returns its size, 0 when it does not fit into capacity. */
size_t mqtt_delivery_put(uint8_t *at, size_t capacity, uint8_t version,
                         const struct mqtt_delivery *delivery);
/* Of the decoded property block of a PUBLISH or a will: what goes on unaltered to whoever gets the
 * message [MQTT-3.3.2-4, -15, -16, -17, -18, -20]: all but message expiry, topic alias,
 * subscription ids and will delay, in their order. at[properties->raw.size]; returns how many
 * bytes. */
size_t mqtt_properties_forward(const struct mqtt_properties *properties, uint8_t *at);
/* type: MQTT_PUBACK .. MQTT_PUBCOMP. Reason 0 without properties takes the short form (4 bytes). */
size_t mqtt_ack_put(uint8_t *at, size_t capacity, uint8_t version, uint8_t type,
                    const struct mqtt_ack *ack);
size_t mqtt_subscribe_put(uint8_t *at, size_t capacity, uint8_t version, uint16_t packet_id,
                          const struct mqtt_subscription *subscriptions, size_t count);
/* SUBSCRIBE or UNSUBSCRIBE, with properties (NULL: none). */
size_t mqtt_filters_put(uint8_t *at, size_t capacity, uint8_t version, uint8_t type,
                        uint16_t packet_id, const struct mqtt_properties *properties,
                        const struct mqtt_subscription *subscriptions, size_t count);
/* SUBACK or UNSUBACK; the second with properties. */
size_t mqtt_suback_put(uint8_t *at, size_t capacity, uint8_t version, uint8_t type,
                       uint16_t packet_id, const uint8_t *reasons, size_t count);
size_t mqtt_answer_put(uint8_t *at, size_t capacity, uint8_t version, uint8_t type,
                       const struct mqtt_suback *suback);
size_t mqtt_disconnect_put(uint8_t *at, size_t capacity, uint8_t version,
                           const struct mqtt_disconnect *disconnect);
size_t mqtt_auth_put(uint8_t *at, size_t capacity, const struct mqtt_disconnect *auth);
size_t mqtt_empty_put(uint8_t *at, size_t capacity,
                      uint8_t type); /* PINGREQ, PINGRESP, DISCONNECT 3.x */
