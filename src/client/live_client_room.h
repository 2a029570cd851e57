/* live_client_room: what the three files of the live client share: its connection, its table of
 * points, and what it makes of a message. */
#pragma once

#include "client/channel.h"
#include "client/live_client.h"

#define LIVE_CLIENT_SESSION_SIZE 80

struct live_client_table { /* by number; and in the order of paths when asked */
    struct live_client_point **buckets;
    size_t bucket_count, count;
    struct live_client_point **sorted;
    size_t sorted_count; /* of sorted, when it holds all; else SIZE_MAX */
};
/* NULL when it is not known. */
struct live_client_point *live_client_table_find(const struct live_client_table *table,
                                                 uint32_t point);
/* A point that is not known yet, with its texts empty; NULL: no memory. */
struct live_client_point *live_client_table_add(struct live_client_table *table, uint32_t point);
void live_client_table_remove(struct live_client_table *table, struct live_client_point *point);
/* NULL when there is no memory for it. */
struct live_client_point *const *live_client_table_sort(struct live_client_table *table,
                                                        size_t *ret_count);
void live_client_table_done(struct live_client_table *table);

struct live_client {
    struct live_client_config config;
    char *address;
    struct channel channel;
    struct wslay_event_context *frames;     /* of the connection */
    int64_t heard_ns, pinged_ns;            /* boot clock; pinged 0: no ping is under way */
    enum err failed;                        /* while messages were taken */
    char session[LIVE_CLIENT_SESSION_SIZE]; /* by which we may come back; "": none yet */
    char greeted[LIVE_CLIENT_SESSION_SIZE]; /* of the last hello */
    int64_t seq;                            /* of the last message that had one */
    bool resuming;                          /* resume was said, its answer did not come yet */
    bool ready;                             /* the first snapshot was whole */
    bool wants_subscription;                /* subscribe is to be said */
    uint32_t generation; /* of snapshots: what an older one showed and this one does not is gone */
    struct live_client_table table;
};

/* A message of the server's. OK, or what ends the client: ERR_CORRUPT, ERR_REFUSED, ERR_NO_MEMORY.
 */
MUST_USE enum err live_client_take(struct live_client *client, const struct json_t *message);
