/* Subscriptions: a list of each session in the order in which they came, and an index by filter. */
#include "model/sessions/tables.h"

static struct subscription_row *subscription_write(struct sessions *sessions, uint32_t subscription)
{
    return state_write(&sessions->pools[POOL_SUBSCRIPTIONS], subscription);
}

uint32_t sessions_subscription_find(const struct sessions *sessions, uint32_t session,
                                    struct bytes filter)
{
    struct index_probe probe;
    uint64_t hash = kind_hash(HASH_FILTER, session, filter);
    for (uint32_t found = index_first(sessions->filter_index, &probe, hash); found != INDEX_NONE;
         found = index_next(sessions->filter_index, &probe)) {
        const struct subscription_row *of = subscription_at(sessions, found);
        if (of->session == session && of->filter_size == filter.size &&
            cells_equal(sessions, of->filter, filter))
            return found;
    }
    return SUBSCRIPTION_NONE;
}

static void subscription_append(struct sessions *sessions, uint32_t session, uint32_t subscription)
{
    struct session_row *of = session_write(sessions, session);
    chain_put(&sessions->pools[POOL_SUBSCRIPTIONS], &subscription_chain, &of->subscribed,
              subscription);
    of->subscriptions++;
}

static enum err subscription_add(struct sessions *sessions, const struct fact_subscribe *subscribe,
                                 uint32_t *ret_subscription)
{
    uint32_t subscription, filter;
    enum err err = row_take(sessions, POOL_SUBSCRIPTIONS, &subscription);
    if (err == OK)
        err = cells_add(sessions, &subscribe->filter, 1, &filter);
    if (err != OK)
        return err;
    *subscription_write(sessions, subscription) =
        (struct subscription_row){.session = subscribe->session,
                                  .filter = filter,
                                  .filter_size = (uint16_t)subscribe->filter.size};
    uint64_t hash = kind_hash(HASH_FILTER, subscribe->session, subscribe->filter);
    err = index_insert(sessions->filter_index, hash, subscription);
    if (err != OK)
        return err;
    subscription_append(sessions, subscribe->session, subscription);
    *ret_subscription = subscription;
    return OK;
}

enum err apply_subscribe(struct sessions *sessions, const struct fact_subscribe *subscribe)
{
    if (!session_exists(sessions, subscribe->session) ||
        subscribe->filter.size > MESSAGE_TOPIC_MAX) {
        stray_count(sessions);
        return OK;
    }
    uint32_t subscription =
        sessions_subscription_find(sessions, subscribe->session, subscribe->filter);
    if (subscription == SUBSCRIPTION_NONE) {
        enum err err = subscription_add(sessions, subscribe, &subscription);
        if (err != OK)
            return err;
    }
    struct subscription_row *of = subscription_write(sessions, subscription);
    of->subscription_id = subscribe->subscription_id;
    of->qos = subscribe->qos;
    of->retain_handling = subscribe->retain_handling;
    of->flags = (uint8_t)((subscribe->no_local ? SUBSCRIPTION_NO_LOCAL : 0) |
                          (subscribe->retain_as_published ? SUBSCRIPTION_AS_PUBLISHED : 0));
    return OK;
}

/* Out of the index and the list, and the row is free. */
static void subscription_remove(struct sessions *sessions, uint32_t subscription,
                                struct bytes filter)
{
    struct subscription_row row = *subscription_at(sessions, subscription);
    uint64_t hash = kind_hash(HASH_FILTER, row.session, filter);
    check(index_remove(sessions->filter_index, hash, subscription) == OK);
    struct session_row *of = session_write(sessions, row.session);
    chain_take(&sessions->pools[POOL_SUBSCRIPTIONS], &subscription_chain, &of->subscribed,
               subscription);
    of->subscriptions--;
    cells_free(sessions, row.filter);
    row_free(sessions, POOL_SUBSCRIPTIONS, subscription);
}

void apply_unsubscribe(struct sessions *sessions, const struct fact_unsubscribe *unsubscribe)
{
    uint32_t subscription =
        sessions_subscription_find(sessions, unsubscribe->session, unsubscribe->filter);
    if (subscription == SUBSCRIPTION_NONE)
        stray_count(sessions);
    else
        subscription_remove(sessions, subscription, unsubscribe->filter);
}

void subscriptions_clear(struct sessions *sessions, uint32_t session)
{
    uint8_t filter[MESSAGE_TOPIC_MAX];
    uint32_t first;
    while ((first = session_at(sessions, session)->subscribed.first) != SUBSCRIPTION_NONE) {
        const struct subscription_row *of = subscription_at(sessions, first);
        cells_copy(sessions, of->filter, filter, of->filter_size);
        subscription_remove(sessions, first, bytes_of(filter, of->filter_size));
    }
}

/* ---- asking
 * ------------------------------------------------------------------------------------------- */

uint32_t sessions_subscription_next(const struct sessions *sessions, uint32_t session,
                                    uint32_t subscription)
{
    if (subscription != SUBSCRIPTION_NONE)
        return subscription_at(sessions, subscription)->links.next;
    if (!session_exists(sessions, session))
        return SUBSCRIPTION_NONE;
    return session_at(sessions, session)->subscribed.first;
}

void sessions_subscription(const struct sessions *sessions, uint32_t subscription,
                           struct subscription_view *ret_view)
{
    const struct subscription_row *of = subscription_at(sessions, subscription);
    check(of->session != SESSION_NONE);
    *ret_view = (struct subscription_view){
        .session = of->session,
        .qos = of->qos,
        .retain_handling = of->retain_handling,
        .no_local = (of->flags & SUBSCRIPTION_NO_LOCAL) != 0,
        .retain_as_published = (of->flags & SUBSCRIPTION_AS_PUBLISHED) != 0,
        .subscription_id = of->subscription_id,
        .filter_size = of->filter_size,
    };
}

void sessions_subscription_filter(const struct sessions *sessions, uint32_t subscription,
                                  uint8_t *at)
{
    const struct subscription_row *of = subscription_at(sessions, subscription);
    check(of->session != SESSION_NONE);
    cells_copy(sessions, of->filter, at, of->filter_size);
}
