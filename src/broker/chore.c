/* Chores: facts and wills that are due. They are done in order, as the engine takes them; a CONNECT
 * waits until they are durable, so that it finds its session as the last connection left it.
 *
 * The sweep walks over recorded sessions, a piece at a time: whose expiry has passed ends, whose
 * delayed will is due is published. Durations are the boot clock's; what was closed before this
 * process began is as old as the wall clock says. */
#include "broker/room.h"

#include <stdlib.h>

#define SWEEP_EVERY_NS (100 * NS_PER_MS)
#define SWEEP_PIECE 20000u
#define CHORES_RUN 256

bool chore_put(struct broker *broker, const struct chore *wanted, struct bytes topic)
{
    struct chore *chore = malloc(sizeof *chore + topic.size);
    if (!chore) {
        log_error("mqtt",
                  "no memory to note down the end of session %u: it is closed at the next "
                  "start",
                  wanted->number);
        return false;
    }
    *chore = *wanted;
    chore->next = NULL;
    chore->topic_size = (uint16_t)topic.size;
    if (topic.size > 0)
        memcpy(chore->topic, topic.at, topic.size);
    *broker->chores_end = chore;
    broker->chores_end = &chore->next;
    return true;
}

static void chore_take_first(struct broker *broker)
{
    struct chore *chore = broker->chores;
    broker->chores = chore->next;
    if (!broker->chores)
        broker->chores_end = &broker->chores;
    if (chore->kind != CHORE_DROP && chore->kind != CHORE_UNRETAIN &&
        chore->number < broker->record_count)
        records_at(broker, chore->number)->chore = false;
    free(chore);
}

void chores_free(struct broker *broker)
{
    while (broker->chores)
        chore_take_first(broker);
}

static enum admit chore_keep(struct broker *broker, const struct fact *fact, size_t text)
{
    struct engine_beside beside = {
        .facts = fact, .count = 1, .bytes = FACT_MESSAGE_BYTES_MAX(text)};
    struct admitted admitted;
    enum admit admit = engine_keep(broker->engine, &beside, &admitted);
    if (admit == ADMIT_DONE)
        broker->last_ticket = broker->chore_ticket = admitted.ticket;
    return admit;
}

/* When the session is no more, its number is free. */
static void chore_number_after(struct broker *broker, uint32_t number)
{
    struct post *post = post_put(broker, POST_NUMBER, broker->chore_ticket, 0);
    if (post)
        post->number = number;
}

/* A will that is not delayed, or whose session ends with the connection, is published first. */
static bool close_publishes_will(const struct broker *broker, const struct chore *chore)
{
    struct will_view will;
    return chore->will_wanted && !chore->will_over &&
           sessions_will(broker->sessions, chore->number, &will) &&
           (will.delay_s == 0 || chore->expiry_s == 0);
}

static enum admit chore_close(struct broker *broker, struct chore *chore)
{
    if (close_publishes_will(broker, chore)) {
        enum admit admit = will_publish(broker, chore->number);
        if (admit == ADMIT_WAIT || admit == ADMIT_STOPPED)
            return admit;
        chore->will_over = true;
    }
    struct fact fact = {.kind = FACT_SESSION_CLOSE,
                        .session_close = {.session = chore->number,
                                          .expiry_s = chore->expiry_s,
                                          .will_dropped = !chore->will_wanted,
                                          .sent = chore->packet_id}};
    enum admit admit = chore_keep(broker, &fact, 0);
    if (admit == ADMIT_DONE && chore->expiry_s == 0)
        chore_number_after(broker, chore->number);
    return admit;
}

static enum admit chore_will(struct broker *broker, const struct chore *chore)
{
    enum admit admit = will_publish(broker, chore->number);
    if (admit == ADMIT_DONE)
        chore_number_after(broker, chore->number);
    return admit;
}

static enum admit chore_end(struct broker *broker, const struct chore *chore)
{
    struct fact fact = {.kind = FACT_SESSION_END, .session = chore->number};
    enum admit admit = chore_keep(broker, &fact, 0);
    if (admit != ADMIT_DONE)
        return admit;
    broker->counters.sessions_expired++;
    subscriptions_remove_all(broker, records_at(broker, chore->number)->first_subscription);
    chore_number_after(broker, chore->number);
    return admit;
}

static enum admit chore_drop(struct broker *broker, const struct chore *chore)
{
    struct fact fact = {.kind = FACT_DELIVERY,
                        .delivery = {.session = chore->number,
                                     .packet_id = chore->packet_id,
                                     .step = DELIVERY_DONE}};
    return chore_keep(broker, &fact, 0);
}

static enum admit chore_unretain(struct broker *broker, const struct chore *chore)
{
    struct fact fact = {.kind = FACT_MESSAGE,
                        .message = {.tenant = TENANT_DEFAULT,
                                    .retain = true,
                                    .expiry_s = EXPIRY_NEVER,
                                    .topic = bytes_of(chore->topic, chore->topic_size)}};
    return chore_keep(broker, &fact, chore->topic_size);
}

static enum admit chore_run(struct broker *broker, struct chore *chore)
{
    switch (chore->kind) {
    case CHORE_CLOSE:
        return chore_close(broker, chore);
    case CHORE_WILL:
        return chore_will(broker, chore);
    case CHORE_END:
        return chore_end(broker, chore);
    case CHORE_DROP:
        return chore_drop(broker, chore);
    default:
        return chore_unretain(broker, chore);
    }
}

static void holds_resume(struct broker *broker)
{
    size_t count = broker->hold_count;
    broker->hold_count = 0;
    for (size_t i = 0; i < count; i++)
        broker->config.port->resume(broker->config.arg, broker->holds[i]);
}

bool chores_run(struct broker *broker)
{
    bool taken = true;
    for (int i = 0; i < CHORES_RUN && broker->chores && taken; i++) {
        struct chore *chore = broker->chores;
        if (chore->after_ticket > broker->durable_ticket)
            break;
        enum admit admit = chore_run(broker, chore);
        taken = admit != ADMIT_WAIT && admit != ADMIT_STOPPED && admit != ADMIT_DISK_FULL;
        if (taken)
            chore_take_first(broker);
        broker->chores_blocked = admit == ADMIT_STOPPED || admit == ADMIT_DISK_FULL;
    }
    if (broker->hold_count > 0 && (!chores_are_under_way(broker) || broker->chores_blocked))
        holds_resume(broker);
    return taken || broker->chores_blocked; /* it is not the others who must wait for the disk */
}

/* ---- the sweep ---- */
static bool is_past(int64_t closed_ns, uint32_t after_s, int64_t now_ns)
{
    return after_s != EXPIRY_NEVER && now_ns - closed_ns >= (int64_t)after_s * NS_PER_S;
}

static void sweep_one(struct broker *broker, uint32_t number)
{
    struct record *record = records_at(broker, number);
    struct session_view view;
    struct will_view will;
    if (!record->in_use || record->client || record->chore ||
        !sessions_view(broker->sessions, number, &view) || view.connected)
        return;
    bool over = is_past(record->closed_ns, view.expiry_s, broker->now_ns);
    bool has_will = view.has_will && sessions_will(broker->sessions, number, &will);
    struct chore chore = {.number = number};
    if (has_will && (over || is_past(record->closed_ns, will.delay_s, broker->now_ns)))
        chore.kind = CHORE_WILL;
    else if (over)
        chore.kind = CHORE_END;
    else
        return;
    record->chore = chore_put(broker, &chore, bytes_of("", 0));
}

void sweep_run(struct broker *broker)
{
    broker->sweep_due_ns = broker->now_ns + SWEEP_EVERY_NS;
    if (chores_are_under_way(broker))
        return; /* what the sessions say is not the last word */
    uint32_t piece = broker->record_count < SWEEP_PIECE ? broker->record_count : SWEEP_PIECE;
    for (uint32_t i = 0; i < piece; i++) {
        if (++broker->sweep_at >= broker->record_count)
            broker->sweep_at = 1;
        if (broker->sweep_at < broker->record_count)
            sweep_one(broker, broker->sweep_at);
    }
    retained_sweep(broker);
}

/* ---- the start ---- */
static enum err record_load_subscriptions(struct broker *broker, uint32_t number)
{
    uint32_t at = SUBSCRIPTION_NONE;
    while ((at = sessions_subscription_next(broker->sessions, number, at)) != SUBSCRIPTION_NONE) {
        struct subscription_view view;
        sessions_subscription(broker->sessions, at, &view);
        sessions_subscription_filter(broker->sessions, at, broker->scratch);
        struct mqtt_subscription wanted = {.filter = bytes_of(broker->scratch, view.filter_size),
                                           .qos = view.qos,
                                           .retain_handling = view.retain_handling,
                                           .no_local = view.no_local,
                                           .retain_as_published = view.retain_as_published};
        if (!subscriptions_add(broker, NULL, number, &wanted, view.subscription_id))
            return ERR_NO_MEMORY;
    }
    return OK;
}

/* Who was killed cannot say what was sent: no more than a window of the queue. */
static uint16_t record_sent_at_most(const struct broker *broker, uint32_t number)
{
    struct entry_view view = {.packet_id = 0};
    uint32_t entry = sessions_queue_first(broker->sessions, number);
    for (uint64_t i = 0; i < broker->settings->mqtt_inflight && entry != ENTRY_NONE; i++) {
        sessions_entry(broker->sessions, entry, &view);
        entry = sessions_queue_next(broker->sessions, entry);
    }
    return view.packet_id;
}

/* A session that was connected when the last process ended lost its connection then. */
static enum err record_load(struct broker *broker, uint32_t number)
{
    struct session_view view;
    if (!sessions_view(broker->sessions, number, &view))
        return OK;
    struct record *record = records_make(broker, number);
    if (!record)
        return ERR_NO_MEMORY;
    subscriptions_remove_all(broker, record->first_subscription);
    record->pending = 0;
    record->pending_bytes = 0;
    record->closed_ns = broker->now_ns;
    if (view.connected && !record->client) {
        struct chore chore = {.kind = CHORE_CLOSE,
                              .number = number,
                              .expiry_s = view.expiry_s,
                              .will_wanted = true,
                              .packet_id = record_sent_at_most(broker, number)};
        record->chore = chore_put(broker, &chore, bytes_of("", 0));
    } else if (!view.connected) {
        struct clock *clock = broker->config.clock;
        int64_t ago = clock->wall_ns(clock) - view.closed_wall_ns;
        record->closed_ns = broker->now_ns - (ago > 0 ? ago : 0);
    }
    return record_load_subscriptions(broker, number);
}

enum err records_load(struct broker *broker)
{
    enum err err = OK;
    for (uint32_t number = 1; err == OK && number < broker->record_count; number++) {
        struct session_view view;
        struct record *record = records_at(broker, number);
        if (record->in_use && !sessions_view(broker->sessions, number, &view)) {
            subscriptions_remove_all(broker, record->first_subscription);
            records_free(broker, number);
        }
    }
    uint32_t highest = sessions_highest(broker->sessions);
    for (uint32_t number = 1; err == OK && number <= highest; number++)
        err = record_load(broker, number);
    return err;
}
