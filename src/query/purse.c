/* What runs hold, counted before it is taken. */
#include "query/purse.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 256

static bool count_take(_Atomic uint64_t *used, uint64_t most, uint64_t bytes)
{
    uint64_t before = atomic_fetch_add(used, bytes);
    if (before + bytes <= most)
        return true;
    atomic_fetch_sub(used, bytes);
    return false;
}

bool purse_take(struct purse *purse, uint64_t bytes)
{
    uint64_t most = atomic_load(purse->most);
    bool taken = count_take(purse->used, most, bytes);
    if (taken && purse->of_tenant != NULL) {
        taken = count_take(purse->of_tenant,
                           atomic_load(purse->several) ? most / 4 * PURSE_TENANT_QUARTERS : most,
                           bytes);
        if (!taken)
            atomic_fetch_sub(purse->used, bytes);
    }
    if (taken)
        purse->mine += bytes;
    purse->empty = purse->empty || !taken;
    return taken;
}

void purse_give(struct purse *purse, uint64_t bytes)
{
    check(bytes <= purse->mine);
    purse->mine -= bytes;
    atomic_fetch_sub(purse->used, bytes);
    if (purse->of_tenant != NULL)
        atomic_fetch_sub(purse->of_tenant, bytes);
}

void purse_done(struct purse *purse)
{
    purse_give(purse, purse->mine);
}

bool purse_grow(struct purse *purse, void *at, size_t *capacity, size_t count, size_t size)
{
    void *old;
    size_t wanted = *capacity > 0 ? *capacity : (FIRST_BYTES + size - 1) / size;
    if (count <= *capacity)
        return true;
    while (wanted < count)
        wanted *= 2;
    if (!purse_take(purse, (wanted - *capacity) * size))
        return false;
    memcpy(&old, at, sizeof old); /* the address of any pointer */
    void *grown = realloc(old, wanted * size);
    if (grown == NULL) {
        purse_give(purse, (wanted - *capacity) * size);
        purse->empty = true;
        return false;
    }
    memcpy(at, &grown, sizeof grown);
    *capacity = wanted;
    return true;
}

void purse_free(struct purse *purse, void *at, size_t capacity, size_t size)
{
    free(at);
    if (capacity > 0)
        purse_give(purse, capacity * size);
}
