/* Any facts of the messages lane, one after the other: nothing they say can make the reducer fail,
 * and what they leave is whole: a rebuild accepts it, and it is the same afterwards. */
#include "model/sessions/sessions.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

#define NUMBERS 24 /* few, so that they meet */

static void number_bound(struct fact *fact)
{
    uint32_t *numbers[] = {
        [FACT_SESSION_OPEN] = &fact->session_open.session,
        [FACT_SESSION_CLOSE] = &fact->session_close.session,
        [FACT_SESSION_END] = &fact->session,
        [FACT_SUBSCRIBE] = &fact->subscribe.session,
        [FACT_UNSUBSCRIBE] = &fact->unsubscribe.session,
        [FACT_ENQUEUE] = &fact->enqueue.session,
        [FACT_DELIVERY] = &fact->delivery.session,
        [FACT_RECEIVED] = &fact->packet.session,
        [FACT_RELEASED] = &fact->packet.session,
        [FACT_WILL_DONE] = &fact->session,
    };
    if (fact->kind < ARRAY_COUNT(numbers) && numbers[fact->kind] != NULL)
        *numbers[fact->kind] %= NUMBERS;
}

/* Asks what a broker asks when a client comes back. */
static void session_look(const struct sessions *sessions, uint32_t session)
{
    struct session_view view;
    if (!sessions_view(sessions, session, &view))
        return;
    uint32_t queued = 0;
    uint64_t bytes = 0;
    for (uint32_t entry = sessions_queue_first(sessions, session); entry != ENTRY_NONE;
         entry = sessions_queue_next(sessions, entry)) {
        struct entry_view of;
        struct message_view message = {0};
        sessions_entry(sessions, entry, &of);
        check(sessions_queue_find(sessions, session, of.packet_id) == entry);
        if (of.message != MESSAGE_NONE)
            sessions_message(sessions, of.message, &message);
        bytes += message.topic_size + message.payload_size + message.properties_size;
        queued++;
    }
    check(queued == view.queued && bytes == view.queued_bytes);
    uint8_t *client_id = malloc(view.client_id_size + 1);
    check(client_id != NULL);
    size_t size = sessions_client_id(sessions, session, client_id, view.client_id_size);
    check(sessions_find(sessions, view.tenant, bytes_of(client_id, size)) == session);
    free(client_id);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static struct fact_storage storage;
    struct session_stamp stamp = {.engine_ns = 1, .wall_ns = 1};
    struct state *state;
    struct sessions *sessions;
    struct fact fact;
    size_t offset = 0;
    check(state_create(&state) == OK && sessions_create(state, &sessions) == OK);
    while (facts_read(bytes_of(at, size), &offset, &storage, &fact) == OK) {
        stamp.wall_ns += NS_PER_S;
        number_bound(&fact);
        check(sessions_apply_fact(sessions, &fact, &stamp) == OK);
    }
    for (uint32_t session = 0; session <= NUMBERS; session++)
        session_look(sessions, session);
    uint64_t hash = state_hash(state);
    check(sessions_rebuild(sessions) == OK && state_hash(state) == hash);
    for (uint32_t session = 0; session <= NUMBERS; session++)
        session_look(sessions, session);
    sessions_destroy(sessions);
    state_destroy(state);
    return 0;
}
