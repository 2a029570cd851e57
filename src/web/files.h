/* web/files: the console, as files in the binary. The table is made by scripts/build-console out of
 * console/ and linked to this room (room.cmake); nothing of it is on the disk at run time.
 *
 * Constant, any thread. Paths are those of requests: "/" is the page itself, every other file lies
 * under "/assets/" with a hash of its content in its name. */
#pragma once

#include "base/base.h"

struct web_file {
    const char *path;         /* "/", "/assets/index-B1x9.js", ...; each once */
    const char *media;        /* for Content-Type, charset included */
    struct bytes plain, gzip; /* the same content; gzip is one whole member, level 9 */
    const char *etag;         /* a strong one, of the plain form, with its quotes */
    bool hashed;              /* the name changes with the content: cache for ever */
};
extern const struct web_file web_files[]; /* in the order of their paths */
extern const size_t web_file_count;
