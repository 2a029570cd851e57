/* client: the other side of the doors: our own MQTT client, a line to the control door, a server
 * started as a child, and the reader that finds in the journal what was acknowledged. For the
 * demo, prove, the terminal verbs and the benches. Not for the server.
 *
 * The MQTT client speaks 3.1.1 or 5, QoS 0 and 1, any number of connections on one thread. It
 * counts what was sent and what was acknowledged and with which reason; latencies are the
 * caller's, by the tag it gave each message. Nothing here logs. One thread owns each object. */
#pragma once

#include "base/base.h"
#include "format/format.h"
#include "journal/journal.h"
#include "wire/mqtt/mqtt.h"

#include <sys/types.h>

/* ---- MQTT
 * ---------------------------------------------------------------------------------------- */
struct client_config {
    const char *address; /* HOST:PORT */
    const char *client_id;
    uint8_t version; /* MQTT_3_1_1 or MQTT_5 */
    uint16_t keep_alive_s;
    bool clean_start;
    uint16_t
        in_flight_max; /* unacknowledged QoS 1 messages; the server's receive maximum caps it */
};
struct client;
/* tag: what the caller passed to client_publish; reason: MQTT 5 code, 0 with 3.1.1. */
typedef void client_acked(void *arg, uint64_t tag, uint8_t reason);
/* Connects and waits for CONNACK (10 s at most). ERR_REFUSED with *ret_reason when the server said
 * no. */
MUST_USE enum err client_open(const struct client_config *config, client_acked *acked, void *arg,
                              struct client **ret_client, uint8_t *ret_reason);
void client_close(struct client *client, bool say_goodbye); /* NULL is fine */
/* Queues a PUBLISH; ERR_BUSY when in_flight_max wait or the output buffer (1 MiB) is full: poll.
 * ERR_LIMIT: larger than the output buffer. */
MUST_USE enum err client_publish(struct client *client, struct bytes topic, struct bytes payload,
                                 uint8_t qos, uint64_t tag);
/* Sends what is queued and takes what came, waiting at most wait_ms for something to do. ERR_IO:
 * the connection is gone; ERR_REFUSED: the server sent DISCONNECT. */
MUST_USE enum err client_poll(struct client *client, int wait_ms);
size_t client_in_flight(const struct client *client);

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
 * samples. */
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
