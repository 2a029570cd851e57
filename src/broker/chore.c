/* Chores: facts and wills that are due. They are done in order, as the engine takes them; a CONNECT
 * waits until they are durable, so that it finds its session as the last connection left it.
 *
 * The sweep walks over recorded sessions, a piece at a time: whose expiry has passed ends, whose
 * delayed will is due is published. What is of a deleted tenant goes the same way. Durations are
 * the boot clock's; what was closed before this process began is as old as the wall clock says. */
#include "broker/room.h"

#include <stdlib.h>

#define SWEEP_EVERY_NS (100 * NS_PER_MS)
#define SWEEP_PIECE 5000u
#define CHORES_RUN 256

/* Is it the session's end, or its will: what a CONNECT waits for? */
static bool chore_is_of_end(const struct chore *chore)
{
    return chore->kind == CHORE_CLOSE || chore->kind == CHORE_WILL || chore->kind == CHORE_END;
}

struct chore *chore_put(struct broker *broker, const struct chore *wanted, struct bytes topic)
{
    struct chore *chore = malloc(sizeof *chore + topic.size);
    if (!chore) {
        log_error("mqtt",
                  "no memory to note down the end of session %u: it is closed at the next "
                  "start",
                  wanted->number);
        return NULL;
    }
    *chore = *wanted;
    chore->next = NULL;
    chore->topic_size = (uint16_t)topic.size;
    if (topic.size > 0)
        memcpy(chore->topic, topic.at, topic.size);
    *broker->chores_end = chore;
    broker->chores_end = &chore->next;
    broker->openings += chore->id_hash != 0;
    if (chore_is_of_end(chore))
        records_at(broker, chore->number)->chore = chore;
    return chore;
}

/* ---- who waits for them ---- */
static struct chore *chore_of_opening(struct chore *from, uint64_t id_hash)
{
    while (from && from->id_hash != id_hash)
        from = from->next;
    return from;
}

struct chore *chore_of(const struct broker *broker, uint32_t tenant, uint32_t number,
                       struct bytes id)
{
    if (number != SESSION_NONE && number < broker->record_count &&
        records_at(broker, number)->chore)
        return records_at(broker, number)->chore;
    if (broker->openings == 0 || id.size == 0)
        return NULL;
    uint64_t id_hash = broker_hash(broker, tenant, id) | 1;
    struct chore *found = chore_of_opening(broker->chores, id_hash);
    return found ? found : chore_of_opening(broker->done, id_hash);
}

void chore_await(struct broker *broker, struct chore *chore, struct broker_link *link, bool leaving)
{
    struct broker_link **place = leaving ? &chore->leaving : &chore->held;
    if (*place) { /* another connection with the same client id waits: this one takes over */
        struct broker_link *before = *place;
        before->awaits = NULL;
        before->over = true;
        enter_leave(broker, before);
        broker->config.port->end(broker->config.arg, before, CAUSE_TAKEN_OVER);
    }
    *place = link;
    link->awaits = chore;
}

void chore_forget_link(struct broker_link *link)
{
    struct chore *chore = link->awaits;
    if (!chore)
        return;
    if (chore->held == link)
        chore->held = NULL;
    if (chore->leaving == link)
        chore->leaving = NULL;
    link->awaits = NULL;
}

static void chore_release_links(struct broker *broker, struct chore *chore)
{
    struct broker_link *held = chore->held, *leaving = chore->leaving;
    chore->held = chore->leaving = NULL;
    if (held) {
        held->awaits = NULL;
        broker->config.port->resume(broker->config.arg, held);
    }
    if (leaving) {
        leaving->awaits = NULL;
        broker->config.port->end(broker->config.arg, leaving, CAUSE_GOODBYE);
    }
}

/* ---- the lists ---- */
static struct chore *chore_take_first(struct chore **list, struct chore ***end)
{
    struct chore *chore = *list;
    *list = chore->next;
    if (!*list)
        *end = list;
    chore->next = NULL;
    return chore;
}

static void chore_free(struct broker *broker, struct chore *chore)
{
    if (chore_is_of_end(chore) && chore->number < broker->record_count &&
        records_at(broker, chore->number)->chore == chore)
        records_at(broker, chore->number)->chore = NULL;
    broker->openings -= chore->id_hash != 0;
    chore_release_links(broker, chore);
    free(chore);
}

void chores_free(struct broker *broker)
{
    while (broker->chores)
        chore_free(broker, chore_take_first(&broker->chores, &broker->chores_end));
    while (broker->done)
        chore_free(broker, chore_take_first(&broker->done, &broker->done_end));
}

/* What is durable is over. */
static void chores_settle(struct broker *broker)
{
    while (broker->done && broker->done->ticket <= broker->durable_ticket)
        chore_free(broker, chore_take_first(&broker->done, &broker->done_end));
}

static void chore_is_done(struct broker *broker)
{
    struct chore *chore = chore_take_first(&broker->chores, &broker->chores_end);
    chore->ticket = broker->chore_ticket;
    *broker->done_end = chore;
    broker->done_end = &chore->next;
}

/* The disk takes nothing: those who wait are told, or left. */
static void chores_block(struct broker *broker)
{
    for (struct chore *chore = broker->chores; chore; chore = chore->next)
        chore_release_links(broker, chore);
}

/* ---- doing them ---- */
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

void chore_ended(struct broker *broker, uint32_t number, uint64_t ticket)
{
    struct chore *chore = calloc(1, sizeof *chore);
    if (chore) {
        *chore = (struct chore){.kind = CHORE_END, .number = number, .ticket = ticket};
        *broker->done_end = chore;
        broker->done_end = &chore->next;
        records_at(broker, number)->chore = chore;
    }
    broker->chore_ticket = ticket;
    chore_number_after(broker, number);
}

static enum admit chore_close(struct broker *broker, struct chore *chore)
{
    if (close_publishes_will(broker, chore)) {
        enum admit admit = will_publish(broker, chore->number);
        if (admit != ADMIT_DONE)
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

bool tenant_is_deleted(const struct broker *broker, uint32_t tenant)
{
    struct tenant_view view;
    return access_tenant(engine_access(broker->engine), tenant, &view) &&
           view.state == TENANT_DELETED;
}

/* What was published since is not what expired. */
static bool unretain_is_due(const struct broker *broker, uint32_t tenant, struct bytes topic)
{
    struct message_view view;
    struct clock *clock = broker->config.clock;
    uint32_t message = sessions_retained_find(broker->sessions, tenant, topic);
    if (message == MESSAGE_NONE || posts_will_deliver(broker, tenant, topic, UINT64_MAX))
        return false;
    sessions_message(broker->sessions, message, &view);
    return tenant_is_deleted(broker, tenant) || view.expires_wall_ns <= clock->wall_ns(clock);
}

static enum admit chore_unretain(struct broker *broker, const struct chore *chore)
{
    if (!unretain_is_due(broker, chore->tenant, bytes_of(chore->topic, chore->topic_size))) {
        broker->chore_ticket = broker->durable_ticket;
        return ADMIT_DONE;
    }
    struct fact fact = {.kind = FACT_MESSAGE,
                        .message = {.tenant = chore->tenant,
                                    .retain = true,
                                    .expiry_s = EXPIRY_NEVER,
                                    .topic = bytes_of(chore->topic, chore->topic_size)}};
    enum admit admit = chore_keep(broker, &fact, chore->topic_size);
    broker->counters.dropped_expired += admit == ADMIT_DONE;
    return admit;
}

/* Its client may not see it any more. Unless it subscribed again since: then the right came back.
 */
static enum admit chore_unsubscribe(struct broker *broker, const struct chore *chore)
{
    struct bytes filter = bytes_of(chore->topic, chore->topic_size);
    if (subscriptions_find(broker, NULL, chore->number, filter)) {
        broker->chore_ticket = broker->durable_ticket;
        return ADMIT_DONE;
    }
    struct fact fact = {.kind = FACT_UNSUBSCRIBE,
                        .unsubscribe = {.session = chore->number, .filter = filter}};
    return chore_keep(broker, &fact, filter.size);
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
    case CHORE_UNSUBSCRIBE:
        return chore_unsubscribe(broker, chore);
    default:
        return chore_unretain(broker, chore);
    }
}

/* Ending a session takes its queue along: of thousands of long ones a few go in each batch, so that
 * applying it stays short. */
#define ENDS_ENTRIES 4000u
static bool chore_must_wait(struct broker *broker, const struct chore *chore, uint32_t *ret_entries)
{
    struct session_view view;
    bool ends = chore->kind == CHORE_END || (chore->kind == CHORE_CLOSE && chore->expiry_s == 0);
    *ret_entries = 0;
    if (!ends || !sessions_view(broker->sessions, chore->number, &view))
        return false;
    *ret_entries = view.queued;
    uint64_t ticket = engine_ticket(broker->engine);
    if (ticket != broker->ends_ticket) {
        broker->ends_ticket = ticket;
        broker->ends_entries = 0;
    }
    return broker->ends_entries > 0 && broker->ends_entries + view.queued > ENDS_ENTRIES;
}

bool chores_run(struct broker *broker)
{
    bool taken = true;
    chores_settle(broker);
    for (int i = 0; i < CHORES_RUN && broker->chores && taken; i++) {
        struct chore *chore = broker->chores;
        uint32_t entries;
        if (chore->after_ticket > broker->durable_ticket ||
            chore_must_wait(broker, chore, &entries))
            break;
        enum admit admit = chore_run(broker, chore);
        broker->ends_entries += admit == ADMIT_DONE ? entries : 0;
        taken = admit != ADMIT_WAIT && admit != ADMIT_STOPPED && admit != ADMIT_DISK_FULL;
        if (taken)
            chore_is_done(broker);
        broker->chores_blocked = admit == ADMIT_STOPPED || admit == ADMIT_DISK_FULL;
    }
    if (broker->chores_blocked)
        chores_block(broker);
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
    if (tenant_is_deleted(broker, view.tenant)) /* with its will: nobody is left to be told */
        chore.kind = CHORE_END;
    else if (has_will && (over || is_past(record->closed_ns, will.delay_s, broker->now_ns)))
        chore.kind = CHORE_WILL;
    else if (over)
        chore.kind = CHORE_END;
    else
        return;
    (void)chore_put(broker, &chore, bytes_of("", 0));
}

void sweep_run(struct broker *broker)
{
    broker->sweep_due_ns = broker->now_ns + SWEEP_EVERY_NS;
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
static void record_load_subscriptions(struct broker *broker, uint32_t number, uint32_t tenant)
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
        struct filter_place place;
        rights_place_recorded(broker, tenant, wanted.filter, &place);
        if (!subscriptions_add(broker, NULL, number, &wanted, &place, view.subscription_id))
            log_error("mqtt",
                      "no memory for a subscription of session %u: it gets no messages by it",
                      number);
    }
}

/* A session that was connected when the last process ended lost its connection then. Who was killed
 * cannot say what was sent: each message of the queue may have been. */
static enum err record_load(struct broker *broker, uint32_t number)
{
    struct session_view view;
    if (!sessions_view(broker->sessions, number, &view))
        return OK;
    bool known = number < broker->record_count && records_at(broker, number)->in_use;
    struct record *record = records_make(broker, number, view.tenant);
    if (!record)
        return ERR_NO_MEMORY;
    subscriptions_remove_all(broker, record->first_subscription);
    record->pending = 0;
    record->pending_bytes = 0;
    if (!known || view.connected)
        record->closed_ns = broker->now_ns;
    if (view.connected && !record->client) {
        struct chore chore = {.kind = CHORE_CLOSE,
                              .number = number,
                              .expiry_s = view.expiry_s,
                              .will_wanted = !record->goodbye, /* said, and lost with a write */
                              .packet_id = view.newest};
        (void)chore_put(broker, &chore, bytes_of("", 0));
    } else if (!known) { /* else the boot clock knows, which does not jump */
        struct clock *clock = broker->config.clock;
        int64_t ago = clock->wall_ns(clock) - view.closed_wall_ns;
        record->closed_ns = broker->now_ns - (ago > 0 ? ago : 0);
    }
    record_load_subscriptions(broker, number, view.tenant);
    return OK;
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
