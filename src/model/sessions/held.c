/* What each tenant holds of the room that all share: counted as rows come and go, derived after a
 * snapshot, and no part of the state. */
#include "model/sessions/tables.h"

#include <stdlib.h>

#define TENANT_NUMBER_MAX ((uint32_t)1 << 20) /* far more than there can be */

uint64_t text_held(uint64_t size)
{
    return (size + CELL_BYTES - 1) / CELL_BYTES * sizeof(struct cell_row);
}

uint64_t message_held(const struct message_row *of)
{
    return sizeof *of + text_held(message_size(of));
}

/* Slot 0 is of those that have none of their own. */
static struct tenant_held *held_of(struct sessions *sessions, uint32_t tenant)
{
    static struct tenant_held none; /* nobody asks what it says */
    uint32_t at = tenant < TENANT_NUMBER_MAX ? tenant : 0;
    if (LIKELY(at < sessions->held_capacity))
        return &sessions->held[at];
    uint32_t capacity = sessions->held_capacity ? sessions->held_capacity : 16;
    while (capacity <= at)
        capacity *= 2;
    struct tenant_held *wider = realloc(sessions->held, capacity * sizeof *wider);
    if (wider == NULL)
        return &none;
    for (uint32_t i = sessions->held_capacity; i < capacity; i++)
        wider[i] = (struct tenant_held){.bytes = 0};
    sessions->held = wider;
    sessions->held_capacity = capacity;
    return &wider[at];
}

void held_add(struct sessions *sessions, uint32_t tenant, uint64_t bytes)
{
    held_of(sessions, tenant)->bytes += bytes;
}

void held_take(struct sessions *sessions, uint32_t tenant, uint64_t bytes)
{
    struct tenant_held *held = held_of(sessions, tenant);
    held->bytes -= bytes < held->bytes ? bytes : held->bytes;
}

void held_retained(struct sessions *sessions, uint32_t tenant, bool more)
{
    struct tenant_held *held = held_of(sessions, tenant);
    if (more)
        held->retained++;
    else if (held->retained > 0)
        held->retained--;
}

void held_done(struct sessions *sessions)
{
    free(sessions->held);
    sessions->held = NULL;
    sessions->held_capacity = 0;
}

static void held_rebuild_session(struct sessions *sessions, const struct session_row *of)
{
    uint64_t will =
        (uint64_t)of->will_topic_size + of->will_payload_size + of->will_properties_size;
    held_add(sessions, of->tenant,
             sizeof *of + text_held(of->client_id_size) + text_held(will) +
                 (uint64_t)of->queued * sizeof(struct entry_row));
}

void held_rebuild(struct sessions *sessions)
{
    const struct roots_row *roots = sessions->roots;
    held_done(sessions);
    for (uint32_t i = 1; i <= roots->pools[POOL_MESSAGES].used; i++) {
        const struct message_row *of = message_at(sessions, i);
        if (of->references > 0)
            held_add(sessions, of->tenant, message_held(of));
    }
    for (uint32_t i = 1; i <= roots->sessions_highest; i++)
        if (session_exists(sessions, i))
            held_rebuild_session(sessions, session_at(sessions, i));
    for (uint32_t i = 1; i <= roots->pools[POOL_RETAINED].used; i++) {
        uint32_t message = retained_at(sessions, i)->message;
        if (message != MESSAGE_NONE)
            held_retained(sessions, message_at(sessions, message)->tenant, true);
    }
}

void sessions_tenant(const struct sessions *sessions, uint32_t tenant,
                     struct sessions_tenant *ret_tenant)
{
    *ret_tenant = (struct sessions_tenant){.held = 0};
    if (tenant == 0 || tenant >= sessions->held_capacity)
        return;
    ret_tenant->held = sessions->held[tenant].bytes;
    ret_tenant->retained = sessions->held[tenant].retained;
}
