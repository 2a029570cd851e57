/* The last use of each secret. */
#include "access/seen.h"

#include <stdio.h>

/* A hand goes round the buckets and takes out what it finds. */
static void seen_make_room(struct access *access)
{
    while (access->seen_count >= SEEN_MAX) {
        struct table_link *first = access->seen.buckets[access->seen_hand++ & access->seen.mask];
        if (first == NULL)
            continue;
        table_take(&access->seen, first);
        access->seen_count--;
        access->counters.memory -= sizeof(struct seen);
        free(TABLE_OWNER(first, struct seen, link));
    }
}

struct seen *seen_find(const struct access *access, uint32_t secret)
{
    struct table_link *link = table_find(&access->seen, secret);
    return link == NULL ? NULL : TABLE_OWNER(link, struct seen, link);
}

struct seen *seen_use(struct access *access, uint32_t secret, const char *address)
{
    struct seen *seen = seen_find(access, secret);
    if (seen == NULL) {
        seen_make_room(access);
        seen = calloc(1, sizeof *seen);
        if (seen == NULL)
            return NULL;
        seen->told_ns = INT64_MIN;
        table_put(&access->seen, &seen->link, secret);
        access->seen_count++;
        access->counters.memory += sizeof *seen;
    }
    seen->wall_ns = access->config.clock->wall_ns(access->config.clock);
    if (address != NULL)
        (void)snprintf(seen->address, sizeof seen->address, "%s", address);
    return seen;
}

bool access_last_use(const struct access *access, uint32_t secret, int64_t *ret_wall_ns,
                     const char **ret_address)
{
    const struct seen *seen = seen_find(access, secret);
    if (seen == NULL)
        return false;
    *ret_wall_ns = seen->wall_ns;
    *ret_address = seen->address;
    return true;
}

void seen_done(struct access *access)
{
    for (uint32_t i = 0; access->seen.buckets != NULL && i <= access->seen.mask; i++)
        while (access->seen.buckets[i] != NULL) {
            struct table_link *link = access->seen.buckets[i];
            access->seen.buckets[i] = link->next;
            free(TABLE_OWNER(link, struct seen, link));
        }
    table_done(&access->seen);
}
