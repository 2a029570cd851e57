/* mqtt_words: the options that sub, pub and load share: which server, who we are, our will, what a
 * message carries; and the sentences when a connection cannot be had. */
#pragma once

#include "cli/words.h"
#include "client/client.h"

#define SERVER_OPTION                                                                              \
    {"server", "HOST:PORT",                                                                        \
     "the broker, mqtts://HOST:PORT by TLS (MAINSTEM_MQTT, else 127.0.0.1:1883)"},                 \
        {"cert", "FILE", "by TLS: show this certificate (PEM)"},                                   \
        {"key", "FILE", "its private key"}, TRUST_OPTIONS
#define MQTT_CONNECTION_OPTIONS                                                                    \
    SERVER_OPTION, {"mqtt", "VERSION", "3.1, 3.1.1 or 5 (5)"},                                     \
        {"client-id", "ID", "who we are (the server assigns one)"},                                \
        {"keep-alive", "S", "seconds of silence that are allowed (60)"},                           \
        {"user", "NAME", "user name"}, {"password", "TEXT", "password; others can see it in ps"},  \
        {"password-file", "FILE", "password from the first line of a file"}, TOKEN_OPTION,         \
        {"session-expiry", "S", "keep the session so long after the end; wants --client-id"},      \
        {"clean-start", NULL, "forget the session that was kept"},                                 \
        {"will-topic", "TOPIC", "the server publishes there when we are lost"},                    \
        {"will-message", "TEXT", "what it publishes (nothing)"},                                   \
        {"will-qos", "QOS", "0, 1 or 2 (0)"}, {"will-retain", NULL, "and retains it"},             \
    {                                                                                              \
        "will-delay", "S", "and waits so long for us to come back (0)"                             \
    }

#define MQTT_ADDRESS_SIZE 300
/* Everything that client_open borrows lives here. */
struct mqtt_words {
    struct client_config config;
    struct mqtt_will will;
    char address[MQTT_ADDRESS_SIZE];
    char client_id[CLIENT_ID_SIZE];
    char password[1024];
    char said[CLIENT_SAID_SIZE];
};
/* Reads the options above; in_flight_max 100, no calls. False after printing why. */
MUST_USE bool mqtt_words_read(const struct words *words, struct mqtt_words *ret_words);
/* --server, MAINSTEM_MQTT or 127.0.0.1:1883, with :1883 (mqtts: :8883) when no port is given; a
 * leading mqtt:// or mqtts:// is dropped. *ret_trust: whom we trust by TLS, the process's; NULL: in
 * clear. */
MUST_USE bool mqtt_words_address(const struct words *words, char *address,
                                 struct tls_trust **ret_trust);
/* --ca, --insecure, --cert and --key: whom we trust by TLS, and who we are; kept until the process
 * ends. False after printing why it cannot be had. */
MUST_USE bool words_trust(const struct words *words, struct tls_trust **ret_trust);
/* Seconds with a fraction, e.g. "0.5". False after printing what is allowed. */
MUST_USE bool words_seconds(const struct words *words, const char *name, double fallback,
                            double most, double *ret_seconds);
/* One of QoS 0, 1, 2 and the like. */
MUST_USE bool words_small(const struct words *words, const char *name, uint8_t fallback,
                          uint8_t most, uint8_t *ret_number);

/* Prints why client_open or client_reconnect failed and what to do; returns EXIT_FAILED. */
int mqtt_fail_connect(const char *verb, const struct mqtt_words *words, enum err err,
                      uint8_t reason);
/* The same for client_poll; `what` ends the sentence: "after 3 messages". */
int mqtt_fail_poll(const char *verb, const struct mqtt_words *words, const struct client *client,
                   enum err err, const char *what);
/* "not authorized (0x87): the reason string"; text[MQTT_REASON_SIZE]. */
#define MQTT_REASON_SIZE (CLIENT_SAID_SIZE + 80)
char *mqtt_reason_say(uint8_t reason, const char *said, char *text);
