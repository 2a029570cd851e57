/* seen: when and from where each secret was used last, in memory. Bounded; when it is full, old
 * ones make room. */
#pragma once

#include "access/room.h"

#define SEEN_MAX 262144
#define SEEN_BUCKETS 65536

struct seen {
    struct table_link link;
    int64_t wall_ns;
    int64_t told_ns; /* boot time of the login that the audit knows of */
    uint64_t host;
    uint32_t more; /* logins since */
    char address[OS_ADDRESS_SIZE];
};
/* Used now. NULL: out of memory. */
struct seen *seen_use(struct access *access, uint32_t secret, const char *address);
struct seen *seen_find(const struct access *access, uint32_t secret);
void seen_done(struct access *access);
