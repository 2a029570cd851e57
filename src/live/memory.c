/* Memory of this room, counted as it is taken and given back. */
#include "live/room.h"

#include <stdlib.h>

void *live_resize(struct live *live, void *at, size_t before, size_t after)
{
    check(after > before);
    if (live->counters.memory + (after - before) > live->config.settings->http_memory)
        return NULL;
    void *resized = realloc(at, after);
    if (resized != NULL)
        live->counters.memory += after - before;
    return resized;
}

void live_free(struct live *live, void *at, size_t size)
{
    if (at == NULL)
        return;
    free(at);
    check(live->counters.memory >= size);
    live->counters.memory -= size;
}
