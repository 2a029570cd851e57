/* snapshot_file: a snapshot read from its first to its last byte, for inspect and check. */
#pragma once

#include "format/format.h"

#define SNAPSHOT_TABLES_MAX 64
struct snapshot_file {
    struct snapshot_header header;
    uint64_t bytes, pages, state_hash; /* the hash its writer summed up */
    uint64_t table_pages[SNAPSHOT_TABLES_MAX];
    char fault[160]; /* "" when it is whole */
};
/* ERR_MISSING, ERR_IO; what is damaged is told in fault, with OK. */
MUST_USE enum err snapshot_file_read(const char *path, struct snapshot_file *ret_file);
