/* client: the other side of the doors: our own MQTT client, a generator of load, a client of the
 * HTTP API and a viewer of live values, a line to the control door, a server started as a child,
 * and the reader that finds in the journal what was acknowledged. For the demo, prove, the terminal
 * verbs, the tests and the benches. Not for the server.
 *
 * Nothing here logs. One thread owns each object. */
#pragma once

#include "base/base.h"
#include "client/channel.h"
#include "client/http_client.h"
#include "client/http_stream.h"
#include "client/live_client.h"
#include "client/load.h"
#include "format/format.h"
#include "journal/journal.h"
#include "wire/mqtt/mqtt.h"

#include <sys/types.h>

/* ---- MQTT
 * ----------------------------------------------------------------------------------------
 *
 * A client of MQTT 3.1, 3.1.1 or 5: publishes and receives with QoS 0, 1 and 2, does its part of a
 * session that outlives the connection, and can be told to withhold its acknowledgements, for
 * tests. Any number of clients on one thread; calls come from inside client_poll, client_open and
 * client_reconnect, and may call client_publish, client_publish_message, client_subscribe,
 * client_unsubscribe and client_acknowledge, nothing else of the client.
 *
 * Limits: CLIENT_PACKET_MAX bytes a packet unless configured, 64 unanswered SUBSCRIBE and
 * UNSUBSCRIBE, and of unsent output one packet and 1 MiB; past that publishing is ERR_BUSY. */
#define CLIENT_PACKET_MAX ((size_t)1 << 20)
#define CLIENT_IN_FLIGHT_MAX 65000
#define CLIENT_SAID_SIZE 256
#define CLIENT_ID_SIZE 256
/* What a server publishes to us; the views last until the call returns. */
struct client_message {
    struct bytes topic, payload; /* the topic in full, whatever alias it came by */
    uint8_t qos;
    bool retain, dup;
    bool repeated; /* QoS 2, and its identifier is held already: only with manual_acks */
    uint16_t packet_id;
    const struct mqtt_properties *properties;
};
/* tag: what the caller passed to client_publish; reason: MQTT 5 code, 0 with 3.x. QoS 1: its
 * PUBACK came. QoS 2: its PUBCOMP, or a PUBREC that refuses. */
typedef void client_acked(void *arg, uint64_t tag, uint8_t reason);
typedef void client_received(void *arg, const struct client_message *message);
/* SUBACK or UNSUBACK: a reason a filter (UNSUBACK of 3.x: count is 0). */
typedef void client_answered(void *arg, uint64_t tag, const uint8_t *reasons, size_t count);
/* Every PUBACK, PUBREC, PUBREL and PUBCOMP as it comes, before anything is made of it. */
typedef void client_noticed(void *arg, uint8_t type, uint16_t packet_id, uint8_t reason);

/* What is zero or NULL is absent, or the default. Everything it points to is copied or used during
 * client_open only, except `said`. */
struct client_config {
    const char *address;     /* HOST:PORT */
    struct tls_trust *trust; /* by TLS, and whom we trust; it outlives the client. NULL: in clear */
    const char *client_id;   /* "": the server assigns one */
    uint8_t version;         /* enum mqtt_version */
    uint16_t keep_alive_s;
    bool clean_start;
    uint16_t in_flight_max; /* unacknowledged messages of QoS 1 and 2, 1 to CLIENT_IN_FLIGHT_MAX;
                               the server's receive maximum caps it */
    const char *user;
    struct bytes password; /* at NULL: none */
    const struct mqtt_will *will;
    /* MQTT 5 */
    uint32_t session_expiry_s;
    uint16_t receive_maximum; /* 0: 65,535. A server that sends more is ERR_CORRUPT */
    uint16_t topic_alias_maximum;
    size_t packet_max; /* the largest packet we send and take; 0: CLIENT_PACKET_MAX */
    /* Nothing is acknowledged by itself, neither what the server publishes nor its PUBREC and
     * PUBREL: client_acknowledge does it. */
    bool manual_acks;
    /* Unacknowledged messages are kept, so that client_reconnect can send them again. */
    bool keep_messages;
    client_received *received;
    client_answered *answered;
    client_noticed *noticed;
    /* Takes the reason string of the server's last packet that could have one, "" when it had none;
     * said[CLIENT_SAID_SIZE], the caller's, outlives the client. */
    char *said;
};
struct client;
/* Connects and waits for CONNACK (10 s at most). ERR_REFUSED with *ret_reason when the server said
 * no, or, when that is 0, TLS could not be agreed on: `said` has the sentence; ERR_MISSING: nobody
 * listens there; ERR_BUSY: no answer; ERR_INVALID: no such address; ERR_CORRUPT: what answered does
 * not speak MQTT. */
MUST_USE enum err client_open(const struct client_config *config, client_acked *acked, void *arg,
                              struct client **ret_client, uint8_t *ret_reason);
void client_close(struct client *client, bool say_goodbye); /* NULL is fine */
/* Connects again without clean start; what was not sent yet is forgotten. When the server still
 * holds the session: kept messages are sent again in their order with the duplicate flag, PUBRELs
 * too (4.4). When it does not: kept messages are published anew, those that had their PUBREC are
 * told as acked with MQTT_PACKET_ID_NOT_FOUND, subscriptions must be made again. Errors as
 * client_open; the client stays, and may try again. */
MUST_USE enum err client_reconnect(struct client *client, uint8_t *ret_reason);
/* Cuts the connection without a word, as a crash or a lost network does; the session stays. */
void client_cut(struct client *client);
/* Sends DISCONNECT with this reason and these properties (NULL: none) and closes the connection;
 * the client stays, for client_reconnect or client_close. */
void client_disconnect(struct client *client, uint8_t reason,
                       const struct mqtt_properties *properties);
/* Queues a PUBLISH; ERR_BUSY when in_flight_max wait or the output buffer is full: poll.
 * ERR_LIMIT: larger than packet_max, or than the server's maximum packet size. */
MUST_USE enum err client_publish(struct client *client, struct bytes topic, struct bytes payload,
                                 uint8_t qos, uint64_t tag);
/* The same with everything a PUBLISH can say; its packet_id is not looked at. */
MUST_USE enum err client_publish_message(struct client *client, const struct mqtt_publish *publish,
                                         uint64_t tag);
/* ERR_BUSY: 64 are unanswered; ERR_LIMIT: too large. properties may be NULL. */
MUST_USE enum err client_subscribe(struct client *client,
                                   const struct mqtt_subscription *subscriptions, size_t count,
                                   const struct mqtt_properties *properties, uint64_t tag);
/* Only the filters are looked at. */
MUST_USE enum err client_unsubscribe(struct client *client,
                                     const struct mqtt_subscription *subscriptions, size_t count,
                                     const struct mqtt_properties *properties, uint64_t tag);
/* manual_acks: sends MQTT_PUBACK, MQTT_PUBREC, MQTT_PUBREL or MQTT_PUBCOMP. */
void client_acknowledge(struct client *client, uint8_t type, uint16_t packet_id, uint8_t reason);
/* Sends what is queued and takes what came, waiting at most wait_ms for something to do. ERR_IO:
 * the connection is gone; ERR_BUSY: the server does not answer pings; ERR_REFUSED: the server sent
 * DISCONNECT (client_reason says why); ERR_CORRUPT: it broke the protocol; ERR_LIMIT: a packet
 * larger than packet_max. */
MUST_USE enum err client_poll(struct client *client, int wait_ms);
size_t client_in_flight(const struct client *client);     /* unacknowledged messages of ours */
size_t client_unsent(const struct client *client);        /* bytes queued */
int client_fd(const struct client *client);               /* -1: not connected */
uint8_t client_reason(const struct client *client);       /* of the last CONNACK or DISCONNECT */
bool client_session_present(const struct client *client); /* what CONNACK said */
const char *client_id(const struct client *client);       /* ours, or the one assigned */
/* What CONNACK told of the server (MQTT 5); its views are not valid. */
const struct mqtt_properties *client_server(const struct client *client);

/* ---- the control door
 * ------------------------------------------------------------------------------ */
struct json_t; /* jansson's */
struct control;
/* Connects to the server that works on the data folder. ERR_MISSING: none does. */
MUST_USE enum err control_open(const char *folder, struct control **ret_control);
void control_close(struct control *control); /* NULL is fine */
/* Sends one question and waits for its answer, wait_ms at most. The answer is the caller's
 * (json_decref). ERR_IO: the server is gone; ERR_BUSY: no answer in time; ERR_CORRUPT: no JSON. */
MUST_USE enum err control_ask(struct control *control, const struct json_t *ask, int wait_ms,
                              struct json_t **ret_answer);

/* ---- a server as a child
 * ---------------------------------------------------------------------------- */
#define CHILD_WORDS_MAX 32
struct child_config {
    const char *program; /* NULL: this program itself */
    const char *data, *mqtt, *http;
    const char *log;          /* file that takes its stderr; made anew */
    const char *const *words; /* further options, NULL-terminated; NULL: none */
};
struct child {
    pid_t pid;        /* 0: not running */
    int64_t ready_ns; /* from the fork to the line that says ready */
};
/* Starts `PROGRAM serve ...` and waits until it says that it is ready. The child dies with its
 * parent. ERR_STOPPED: it ended before; ERR_BUSY: not ready in wait_ms (it is killed). Its log says
 * why. */
MUST_USE enum err child_start(const struct child_config *config, int wait_ms,
                              struct child *ret_child);
/* Sends the signal and waits for the end, wait_ms at most (then SIGKILL); returns the exit status
 * as waitpid gives it, -1 when it had to be killed. */
int child_stop(struct child *child, int signal, int wait_ms);
bool child_runs(struct child *child); /* false once it ended (and it is reaped) */
/* CPU time of all its threads, user and kernel, and its resident set; 0 when it is gone. */
uint64_t child_cpu_ns(const struct child *child);
uint64_t child_memory_bytes(const struct child *child);
/* The last bytes of a text file, whole lines, at most size - 1 of them: what a log said last. */
void child_log_tail(const char *log, char *text, size_t size);
/* A loopback address with a port that was free a moment ago; address[OS_ADDRESS_SIZE]. */
MUST_USE enum err child_free_address(char *address);

/* ---- reading back
 * ------------------------------------------------------------------------------------- */
/* A journal opened read-only, with or without a server at work on it, and what it stands on. */
struct readback_house {
    struct disk *disk;
    struct worker *writer, *background; /* run their jobs inside submit */
    struct journal *journal;
};
/* ERR_MISSING: no journal there; ERR_NEWER; ERR_IO. tell may be NULL. */
MUST_USE enum err readback_open(const char *folder,
                                void (*tell)(void *arg, enum log_level level, const char *text),
                                void *tell_arg, struct readback_house *ret_house);
void readback_close(struct readback_house *house);

/* Walks the journal from the first record to the durable end: the facts of a batch before its
 * samples, and these before the facts of its messages lane (kinds 16 and up). */
struct readback_calls {
    /* Each may be NULL. */
    void (*batch)(void *arg, const struct journal_batch *batch);
    void (*fact)(void *arg, uint64_t segment, const struct fact *fact);
    void (*sample)(void *arg, const struct row_shape *shape, const struct sample_row *sample);
    void (*tell)(void *arg, enum log_level level, const char *text);
    void *arg;
};
struct readback_result {
    uint64_t first_position, end_position;
    uint64_t batches, facts, samples, values;
    uint64_t messages;                       /* records of the messages lane; not among `facts` */
    uint64_t undecodable, predecessors_lost; /* sample records, by their counters */
    uint64_t holes, hole_records;            /* UINT64_MAX: an unknown number */
};
MUST_USE enum err readback_walk_journal(struct journal *journal, uint64_t from, uint64_t until,
                                        const struct readback_calls *calls,
                                        struct readback_result *ret_result);
/* Opens, walks and closes. from: 0 or a position that begins a segment. until: stop before the
 * batch that begins at or after it; 0: to the end. ERR_MISSING: no journal there; ERR_NEWER;
 * ERR_IO. */
MUST_USE enum err readback_walk(const char *folder, uint64_t from, uint64_t until,
                                const struct readback_calls *calls,
                                struct readback_result *ret_result);

/* From point numbers to paths, as the facts tell them: first path, and renames when fed commands.
 */
struct readback_paths;
MUST_USE enum err readback_paths_create(struct readback_paths **ret_paths);
void readback_paths_destroy(struct readback_paths *paths);
MUST_USE enum err readback_paths_take(struct readback_paths *paths, const struct fact *fact);
/* Empty when the point was never told. Valid until the next call. */
struct bytes readback_paths_find(struct readback_paths *paths, uint32_t point);
