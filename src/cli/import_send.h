/* import_send: lines to a server, several batches in flight, each point's in the order in which
 * they came: a point belongs to a lane by its hash, and a lane has one batch in flight at a time. A
 * batch whose fate is not known is sent again: a sample is known by point and time.
 *
 * place: where in the input a line stands. What was taken before place P is on the server's disk
 * when import_send_place says P: from there an import goes on. One thread, and one more a lane. */
#pragma once

#include "base/base.h"
#include "client/client.h"

#define IMPORT_LANES_MAX 16
#define IMPORT_BATCH_BYTES ((size_t)1 << 20)
#define IMPORT_BATCH_LINES 20000

struct import_place {
    uint64_t file, bytes, line, row;
};
struct import_answer { /* what a server said of one line that it refused */
    uint64_t tag;      /* of the line, as it was put */
    const char *path, *code, *detail;
};
struct import_send_config {
    const char *verb, *address;
    struct http_client_trust trust; /* of an address of TLS */
    unsigned lanes;
    bool lines;            /* line protocol to /api/v2/write; else NDJSON to /v1/samples */
    const char *precision; /* of line protocol */
    int64_t patience_ns;   /* how long a server that is away, or full, is waited for */
    void (*refused)(void *arg, const struct import_answer *answer);
    /* Refusals beyond those that the server lists. */
    void (*refused_more)(void *arg, uint64_t count);
    /* Asked while it waits. */
    void (*waiting)(void *arg);
    void *arg;
};
struct import_send;
MUST_USE enum err import_send_create(const struct import_send_config *config,
                                     struct import_send **ret_send);
void import_send_destroy(struct import_send *send);
/* A line with its line feed, which came from the row at `place`; tag: the caller's name for it;
 * values: samples in it. False: the sending failed, see import_send_fault. */
MUST_USE bool import_send_put(struct import_send *send, uint64_t hash,
                              const struct import_place *place, uint64_t tag, struct bytes line,
                              uint32_t values);
/* Sends all and waits for the answers. */
MUST_USE bool import_send_flush(struct import_send *send);
/* Commands (NDJSON of /v1/commands), after all that was put before: points that are there are fine.
 */
MUST_USE bool import_send_commands(struct import_send *send, struct bytes lines);
/* The first place that is not known to be kept; next: where the input stands. */
struct import_place import_send_place(const struct import_send *send,
                                      const struct import_place *next);
uint64_t import_send_taken(const struct import_send *send); /* samples kept */
/* A sentence; "" while all is well. */
const char *import_send_fault(const struct import_send *send);
