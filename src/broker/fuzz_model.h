/* fuzz_model: what a broker owes a few clients, in arrays: the oracle of broker_fuzz.c. Plain data,
 * copied as a whole when all is durable. It knows the standard, not the broker: no journal, no
 * windows of batches, no tree.
 *
 * An entry is a message that a session is to get. Entries stand in the order in which they must
 * come (QoS 0 apart from the others); *loose* ones (retained messages for a new subscription, wills
 * of several who went at once) may come at any place; *optional* ones may be left out: larger than
 * the client took at some time, or retained messages that were replaced, or the connection ended,
 * while the subscription was under way. */
#pragma once

#include "broker/test_house.h"

#define CLIENTS 4
#define ENTRIES_MAX 128
#define MESSAGES_MAX 256
#define POOL_MAX 64
#define EXPECTED_MAX 160
#define PACKET_IDS 6
#define NARROW 90 /* bytes of the largest packet that narrow clients take */
#define PROPERTY(number) (UINT64_C(1) << (number))

static const char *const client_names[CLIENTS] = {"c0", "c1", "c2", "c3"};
enum { TOPIC_SHARED = 5, TOPIC_WILL = 6, TOPICS = TOPIC_WILL + CLIENTS };
static const char *const topics_all[TOPICS] = {"a",    "a/b", "a/b/c", "b",   "$x/a",
                                               "$s/t", "w/0", "w/1",   "w/2", "w/3"};
enum { FILTERS = 10, FILTER_SHARED = 9 };
static const char *const filters_all[FILTERS] = {"a", "a/b", "a/+",  "a/#", "+/b",
                                                 "#", "+",   "$x/a", "w/+", "$share/g/$s/t"};

struct model_message {
    char payload[112];
    int64_t expires_ns; /* INT64_MAX: never */
    uint8_t topic, qos;
    bool retain, large;
};
enum entry_state { ENTRY_WAITS, ENTRY_SENT, ENTRY_RELEASED };
struct model_entry {
    uint32_t serial;
    uint32_t ids[FILTERS];
    uint16_t message, packet_id;
    uint8_t qos, state, id_count;
    bool retain;
    bool got;         /* in this connection */
    bool release_due; /* released before this connection: PUBREL comes again */
    bool loose, fresh, optional;
    bool gone; /* done; kept until all is durable, for it may come back by a crash */
};
struct model_subscription {
    bool on, no_local, retain_as_published;
    uint8_t qos;
    uint32_t id;
};
struct model_will {
    bool present, retain;
    uint8_t qos;
    uint32_t delay_s;
    uint16_t message;
};
struct model_session {
    bool exists, connected, will_pending;
    uint32_t expiry_s, received;
    uint32_t unsure; /* a crash: of entries up to this serial nobody knows whether they were sent */
    int64_t closed_ns;
    struct model_will will;
    struct model_subscription subscriptions[FILTERS];
    struct model_entry entries[ENTRIES_MAX];
    size_t entry_count;
};
struct expected {
    uint8_t type, reason;
    uint16_t packet_id;
};
struct expect_list {
    struct expected at[EXPECTED_MAX];
    size_t count;
};
struct model_client { /* of the connection */
    uint8_t version;
    bool present, narrow, choked, was_choked;
    uint16_t window, request;
    uint32_t expiry_s;
    uint8_t aliases[4]; /* topic + 1 */
    struct expect_list acks, subacks, releases;
};
struct model_shared { /* a message to the group: one of the candidates gets it */
    uint32_t serial;
    uint16_t message;
    uint8_t candidates, qos[CLIENTS]; /* and the other options of their subscriptions */
    uint32_t ids[CLIENTS];
    bool retain[CLIENTS], claimed, maybe_lost;
};
struct model {
    int64_t now_ns;
    uint32_t serial;
    bool unordered; /* what is published now has no order: wills of several sessions */
    struct model_session sessions[CLIENTS];
    struct model_client clients[CLIENTS];
    struct model_message messages[MESSAGES_MAX];
    unsigned message_count;
    uint16_t retained[TOPICS];
    struct model_shared pool[POOL_MAX];
    size_t pool_count;
};
struct model_connect {
    uint8_t version;
    bool clean, narrow;
    uint16_t window;
    uint32_t expiry_s;
    struct model_will will;
};
struct got { /* a PUBLISH that came */
    struct bytes topic, payload;
    uint8_t qos;
    bool retain, dup, has_expiry;
    uint16_t packet_id;
    uint32_t expiry_s, ids[FILTERS];
    size_t id_count;
};

static inline void model_init(struct model *model, int64_t now_ns)
{
    *model = (struct model){.now_ns = now_ns, .message_count = 1};
}

static inline bool model_has_room(const struct model *model)
{
    bool room = model->message_count + 8 < MESSAGES_MAX && model->pool_count + 2 < POOL_MAX;
    for (unsigned i = 0; i < CLIENTS; i++)
        room = room && model->sessions[i].entry_count + 24 < ENTRIES_MAX;
    return room;
}

/* ---- what is expected of one kind, in order ---- */
static inline void expect_put(struct expect_list *list, uint8_t type, uint16_t packet_id,
                              uint8_t reason)
{
    check(list->count < EXPECTED_MAX);
    list->at[list->count++] =
        (struct expected){.type = type, .packet_id = packet_id, .reason = reason};
}

static inline void expect_remove(struct expect_list *list, size_t at)
{
    list->count--;
    memmove(&list->at[at], &list->at[at + 1], (list->count - at) * sizeof list->at[0]);
}

static inline void expect_take(struct expect_list *list, uint8_t type, uint16_t packet_id,
                               uint8_t reason)
{
    check(list->count > 0);
    check(list->at[0].type == type);
    check(list->at[0].packet_id == packet_id);
    check(list->at[0].reason == reason);
    expect_remove(list, 0);
}

/* ---- messages ---- */
static inline uint16_t message_new(struct model *model, unsigned topic, uint8_t qos, bool retain,
                                   uint32_t expiry_s, bool large)
{
    unsigned number = model->message_count++;
    check(number < MESSAGES_MAX);
    struct model_message *message = &model->messages[number];
    *message = (struct model_message){.topic = (uint8_t)topic,
                                      .qos = qos,
                                      .retain = retain,
                                      .large = large,
                                      .expires_ns = INT64_MAX};
    if (expiry_s)
        message->expires_ns = model->now_ns + (int64_t)expiry_s * NS_PER_S;
    int size = snprintf(message->payload, sizeof message->payload, "{m%u", number); /* no reading */
    if (large)
        memset(message->payload + size, 'x', sizeof message->payload - 1 - (size_t)size);
    return (uint16_t)number;
}

static inline unsigned topic_number(struct bytes topic)
{
    unsigned at = 0;
    while (at < TOPICS && !bytes_equal(bytes_text(topics_all[at]), topic))
        at++;
    check(at < TOPICS);
    return at;
}

static inline bool message_is_expired(const struct model *model, unsigned message)
{
    return model->messages[message].expires_ns <= model->now_ns;
}

/* 0: none. */
static inline unsigned model_retained(const struct model *model, unsigned topic)
{
    unsigned message = model->retained[topic];
    return message && !message_is_expired(model, message) ? message : 0;
}

/* ---- entries ---- */
static inline struct model_entry *entry_add(struct model *model, unsigned who, unsigned message,
                                            uint8_t qos)
{
    struct model_session *session = &model->sessions[who];
    check(session->entry_count < ENTRIES_MAX);
    struct model_entry *entry = &session->entries[session->entry_count++];
    *entry =
        (struct model_entry){.serial = ++model->serial, .message = (uint16_t)message, .qos = qos};
    entry->loose = model->unordered;
    entry->optional =
        session->connected && model->clients[who].narrow && model->messages[message].large;
    return entry;
}

static inline void entry_remove(struct model_session *session, struct model_entry *entry)
{
    (void)session;
    entry->gone = true;
}

/* Sent in this connection and not done. */
static inline bool entry_is_open(const struct model_entry *entry)
{
    if (entry->gone || entry->qos == 0)
        return false;
    return entry->state == ENTRY_RELEASED ? !entry->release_due : entry->got;
}

static inline size_t entries_open(struct model_session *session, struct model_entry **ret_open)
{
    size_t count = 0;
    for (size_t i = 0; i < session->entry_count; i++)
        if (entry_is_open(&session->entries[i]))
            ret_open[count++] = &session->entries[i];
    return count;
}

static inline bool entry_may_be_missed(const struct model *model, const struct model_entry *entry)
{
    return entry->optional || message_is_expired(model, entry->message);
}

static inline bool entry_is_owed(const struct model *model, const struct model_entry *entry)
{
    if (entry->gone)
        return false;
    if (entry->state == ENTRY_RELEASED)
        return entry->release_due;
    return !entry->got && !entry_may_be_missed(model, entry);
}

static inline unsigned window_of(const struct model_client *client)
{
    return client->window ? client->window : 1024;
}

/* ---- publishing ---- */
static inline void model_share(struct model *model, unsigned message, bool *ret_any)
{
    const struct model_message *what = &model->messages[message];
    struct model_shared shared = {.message = (uint16_t)message};
    for (unsigned who = 0; who < CLIENTS; who++) {
        const struct model_session *session = &model->sessions[who];
        const struct model_subscription *subscription = &session->subscriptions[FILTER_SHARED];
        uint8_t qos = subscription->qos < what->qos ? subscription->qos : what->qos;
        if (!session->exists || !subscription->on || (!session->connected && qos == 0))
            continue;
        shared.candidates |= (uint8_t)(1u << who);
        shared.qos[who] = qos;
        shared.ids[who] = subscription->id;
        shared.retain[who] = subscription->retain_as_published && what->retain;
        if (what->large && session->connected && model->clients[who].narrow)
            shared.maybe_lost = true;
    }
    if (what->expires_ns != INT64_MAX)
        shared.maybe_lost = true;
    if (!shared.candidates)
        return;
    *ret_any = true;
    check(model->pool_count < POOL_MAX);
    shared.serial = ++model->serial;
    model->pool[model->pool_count++] = shared;
}

/* What becomes of a message for one session: true when a filter matches. */
static inline bool model_route(struct model *model, unsigned who, unsigned publisher,
                               unsigned message)
{
    const struct model_session *session = &model->sessions[who];
    const struct model_message *what = &model->messages[message];
    struct model_entry found = {.id_count = 0};
    bool any = false;
    for (unsigned filter = 0; filter < FILTERS && session->exists; filter++) {
        const struct model_subscription *subscription = &session->subscriptions[filter];
        if (filter == FILTER_SHARED || !subscription->on ||
            !topic_matches(bytes_text(topics_all[what->topic]), bytes_text(filters_all[filter])) ||
            (subscription->no_local && who == publisher))
            continue;
        uint8_t qos = subscription->qos < what->qos ? subscription->qos : what->qos;
        any = true;
        found.qos = qos > found.qos ? qos : found.qos;
        found.retain = found.retain || (subscription->retain_as_published && what->retain);
        if (subscription->id)
            found.ids[found.id_count++] = subscription->id;
    }
    if (!any || (found.qos == 0 && !session->connected))
        return any;
    struct model_entry *entry = entry_add(model, who, message, found.qos);
    entry->retain = found.retain;
    entry->id_count = found.id_count;
    memcpy(entry->ids, found.ids, sizeof found.ids);
    return true;
}

/* True when somebody's filter matches. */
static inline bool model_publish(struct model *model, unsigned publisher, unsigned message)
{
    const struct model_message *what = &model->messages[message];
    bool any = false;
    for (unsigned who = 0; who < CLIENTS; who++)
        any = model_route(model, who, publisher, message) || any;
    if (what->topic == TOPIC_SHARED)
        model_share(model, message, &any);
    if (!what->retain)
        return any;
    model->retained[what->topic] = what->payload[0] ? (uint16_t)message : 0;
    for (unsigned who = 0; who < CLIENTS; who++)
        for (size_t i = 0; i < model->sessions[who].entry_count; i++) {
            struct model_entry *entry = &model->sessions[who].entries[i];
            if (entry->fresh && model->messages[entry->message].topic == what->topic)
                entry->optional = true;
        }
    return any;
}

static inline void model_subscribe(struct model *model, unsigned who, unsigned filter,
                                   const struct model_subscription *wanted, uint8_t handling)
{
    struct model_subscription *subscription = &model->sessions[who].subscriptions[filter];
    bool before = subscription->on;
    *subscription = *wanted;
    if (filter == FILTER_SHARED || handling == 2 || (handling == 1 && before))
        return;
    for (unsigned topic = 0; topic < TOPICS; topic++) {
        unsigned message = model_retained(model, topic);
        if (!message ||
            !topic_matches(bytes_text(topics_all[topic]), bytes_text(filters_all[filter])))
            continue;
        uint8_t qos = model->messages[message].qos;
        struct model_entry *entry =
            entry_add(model, who, message, qos < wanted->qos ? qos : wanted->qos);
        entry->retain = entry->loose = entry->fresh = true;
        entry->ids[0] = wanted->id;
        entry->id_count = wanted->id != 0;
    }
}

/* ---- getting ---- */
static inline bool ids_are_equal(const struct got *got, const struct model_entry *entry)
{
    uint64_t left = 0, right = 0; /* ids are small and each stands once */
    for (size_t i = 0; i < got->id_count; i++)
        left |= UINT64_C(1) << got->ids[i];
    for (size_t i = 0; i < entry->id_count; i++)
        right |= UINT64_C(1) << entry->ids[i];
    return left == right && got->id_count == entry->id_count;
}

static inline bool got_is(const struct model *model, unsigned who, const struct got *got,
                          const struct model_entry *entry)
{
    const struct model_message *message = &model->messages[entry->message];
    return entry->qos == got->qos && entry->retain == got->retain &&
           bytes_equal(got->topic, bytes_text(topics_all[message->topic])) &&
           bytes_equal(got->payload, bytes_text(message->payload)) &&
           (entry->state == ENTRY_WAITS || entry->packet_id == got->packet_id) &&
           (model->clients[who].version != MQTT_5 || ids_are_equal(got, entry));
}

/* The same message may stand there more than once, retained for each of several subscriptions:
 * taken is one that was sent before, else one that must come, else any. */
enum find { FIND_SENT, FIND_OWED, FIND_ANY };

static inline struct model_entry *model_find_among(struct model *model, unsigned who,
                                                   const struct got *got, enum find find)
{
    struct model_session *session = &model->sessions[who];
    bool strict = true; /* no entry that must come before was stepped over */
    for (size_t i = 0; i < session->entry_count; i++) {
        struct model_entry *entry = &session->entries[i];
        if (entry->gone || entry->got || entry->state == ENTRY_RELEASED ||
            (entry->qos == 0) != (got->qos == 0))
            continue;
        bool fits = find == FIND_SENT   ? entry->state == ENTRY_SENT
                    : find == FIND_OWED ? !entry_may_be_missed(model, entry)
                                        : true;
        if (fits && (strict || entry->loose) && got_is(model, who, got, entry))
            return entry;
        if (!entry->loose && !entry_may_be_missed(model, entry))
            strict = false;
    }
    return NULL;
}

/* The entry that came, or NULL: nothing of the kind may come now. */
static inline struct model_entry *model_find(struct model *model, unsigned who,
                                             const struct got *got)
{
    struct model_entry *entry = got->dup ? model_find_among(model, who, got, FIND_SENT) : NULL;
    if (!entry)
        entry = model_find_among(model, who, got, FIND_OWED);
    return entry ? entry : model_find_among(model, who, got, FIND_ANY);
}

/* A message to the group that nobody had yet becomes an entry of who got it, in its place. */
static inline void model_claim(struct model *model, unsigned who, const struct got *got)
{
    struct model_session *session = &model->sessions[who];
    for (size_t i = 0; i < model->pool_count; i++) {
        struct model_shared *shared = &model->pool[i];
        if (shared->claimed || !(shared->candidates >> who & 1) ||
            !bytes_equal(got->payload, bytes_text(model->messages[shared->message].payload)))
            continue;
        shared->claimed = true;
        struct model_entry entry = *entry_add(model, who, shared->message, shared->qos[who]);
        size_t at = session->entry_count - 1;
        entry.serial = shared->serial;
        entry.retain = shared->retain[who];
        entry.id_count = shared->ids[who] != 0;
        entry.ids[0] = shared->ids[who];
        while (at > 0 && session->entries[at - 1].serial > entry.serial) {
            session->entries[at] = session->entries[at - 1];
            at--;
        }
        session->entries[at] = entry;
        return;
    }
}

static inline void model_got_expiry(const struct model *model, const struct got *got,
                                    const struct model_entry *entry, uint8_t version, bool unsure)
{
    const struct model_message *message = &model->messages[entry->message];
    if (message->expires_ns == INT64_MAX || version != MQTT_5) {
        check(!got->has_expiry);
        return;
    }
    check(got->has_expiry);
    if (message_is_expired(model, entry->message)) {
        /* [MQTT-3.3.2-5]: what was not under way is deleted. */
        check(entry->state == ENTRY_SENT || unsure);
        return;
    }
    int64_t left_s = (message->expires_ns - model->now_ns + NS_PER_S - 1) / NS_PER_S;
    check(got->expiry_s >= left_s && got->expiry_s <= left_s + 1);
}

/* A client that was deaf while it subscribed may get what its topic retains though it comes as it
 * was published too. */
static inline struct model_entry *model_got_again(struct model *model, unsigned who,
                                                  const struct got *got)
{
    unsigned message = model_retained(model, topic_number(got->topic));
    if (!model->clients[who].was_choked || !got->retain || !message ||
        !bytes_equal(got->payload, bytes_text(model->messages[message].payload)))
        return NULL;
    struct model_entry *entry = entry_add(model, who, message, got->qos);
    entry->retain = entry->loose = entry->optional = true;
    entry->id_count = (uint8_t)got->id_count;
    memcpy(entry->ids, got->ids, sizeof entry->ids);
    return entry;
}

/* Which message it is. */
static inline unsigned model_got(struct model *model, unsigned who, const struct got *got)
{
    struct model_session *session = &model->sessions[who];
    struct model_entry *open[ENTRIES_MAX], *entry = model_find(model, who, got);
    if (!entry && topic_number(got->topic) == TOPIC_SHARED) {
        model_claim(model, who, got);
        entry = model_find(model, who, got);
    }
    if (!entry)
        entry = model_got_again(model, who, got);
    check(entry != NULL);
    bool unsure = entry->serial <= session->unsure;
    model_got_expiry(model, got, entry, model->clients[who].version, unsure);
    if (got->qos == 0) {
        check(!got->dup);
        entry->gone = true;
        return entry->message;
    }
    if (entry->state == ENTRY_SENT)
        check(got->dup); /* [MQTT-3.3.1-1] */
    else if (!unsure)
        check(!got->dup);
    for (size_t i = 0; entry->state == ENTRY_WAITS && i < session->entry_count; i++)
        check(session->entries[i].gone || session->entries[i].state == ENTRY_WAITS ||
              session->entries[i].packet_id != got->packet_id); /* [MQTT-2.2.1-4] */
    entry->state = ENTRY_SENT;
    entry->packet_id = got->packet_id;
    entry->got = true;
    check(entries_open(session, open) <= window_of(&model->clients[who])); /* [MQTT-3.3.4-9] */
    return entry->message;
}

static inline void model_released(struct model *model, unsigned who, uint16_t packet_id,
                                  uint8_t reason)
{
    struct expect_list *list = &model->clients[who].releases;
    struct model_session *session = &model->sessions[who];
    for (size_t i = 0; i < list->count; i++)
        if (list->at[i].packet_id == packet_id && list->at[i].reason == reason) {
            expect_remove(list, i);
            return;
        }
    for (size_t i = 0; i < session->entry_count; i++) {
        struct model_entry *entry = &session->entries[i];
        if (entry->gone || !entry->release_due || entry->packet_id != packet_id)
            continue;
        check(reason == 0);
        entry->release_due = false;
        return;
    }
    check(false);
}

/* Nothing more will come to a client that reads, before it acknowledges something. */
static inline void model_nothing_is_owed(const struct model *model, unsigned who)
{
    const struct model_client *client = &model->clients[who];
    const struct model_session *session = &model->sessions[who];
    unsigned open = 0;
    check(client->acks.count == 0);
    check(client->subacks.count == 0);
    check(client->releases.count == 0);
    for (size_t i = 0; i < session->entry_count; i++)
        open += entry_is_open(&session->entries[i]);
    for (size_t i = 0; i < session->entry_count; i++)
        if (session->entries[i].qos == 0 || open < window_of(client)) {
            const struct model_entry *entry = &session->entries[i];
            if (entry_is_owed(model, entry))
                fprintf(stderr, "%u is owed %s qos %u retain %d loose %d: %.10s\n", who,
                        topics_all[model->messages[entry->message].topic], entry->qos,
                        entry->retain, entry->loose, model->messages[entry->message].payload);
            check(!entry_is_owed(model, entry));
        }
}

static inline void model_all_was_got(const struct model *model, unsigned who)
{
    const struct model_session *session = &model->sessions[who];
    for (size_t i = 0; i < session->entry_count; i++)
        check(!entry_is_owed(model, &session->entries[i]));
}

static inline void model_shared_was_got(const struct model *model)
{
    for (size_t i = 0; i < model->pool_count; i++)
        check(model->pool[i].claimed || model->pool[i].maybe_lost);
}

/* All is durable: what is done is forgotten. */
static inline void model_settled(struct model *model)
{
    for (unsigned who = 0; who < CLIENTS; who++) {
        struct model_session *session = &model->sessions[who];
        size_t kept = 0;
        for (size_t i = 0; i < session->entry_count; i++) {
            if (!model->clients[who].choked) /* else it may not have been found yet */
                session->entries[i].fresh = false;
            if (!session->entries[i].gone)
                session->entries[kept++] = session->entries[i];
        }
        session->entry_count = kept;
    }
}

/* ---- sessions ---- */
/* Shared messages that this session may have been given are gone with it, or with its connection.
 */
static inline void model_share_lost(struct model *model, unsigned who, bool session_ends)
{
    for (size_t i = 0; i < model->pool_count; i++) {
        struct model_shared *shared = &model->pool[i];
        if ((shared->candidates >> who & 1) && (session_ends || shared->qos[who] == 0))
            shared->maybe_lost = true;
    }
}

static inline void model_end(struct model *model, unsigned who)
{
    model_share_lost(model, who, true);
    model->sessions[who] = (struct model_session){.exists = false};
}

static inline void model_will(struct model *model, unsigned who, const struct model_will *will)
{
    (void)model_publish(model, who, will->message);
}

/* The connection is over; returns the will that is due now. */
static inline struct model_will model_disconnected(struct model *model, unsigned who,
                                                   bool will_wanted)
{
    struct model_session *session = &model->sessions[who];
    struct model_will will = session->will, none = {.present = false};
    uint32_t expiry_s = model->clients[who].expiry_s;
    bool now = will.delay_s == 0 || expiry_s == 0;
    session->connected = false;
    session->closed_ns = model->now_ns;
    session->expiry_s = expiry_s;
    session->will_pending = will.present && will_wanted && !now;
    if (!session->will_pending)
        session->will.present = false;
    model_share_lost(model, who, false);
    for (size_t i = 0; i < session->entry_count; i++) {
        struct model_entry *entry = &session->entries[i];
        entry->got = false;
        if (entry->qos == 0)
            entry->gone = true;
        if (entry->fresh) /* retained, and the connection ended before it was given */
            entry->optional = true;
    }
    if (expiry_s == 0)
        model_end(model, who);
    return will.present && will_wanted && now ? will : none;
}

static inline void model_closed(struct model *model, unsigned who, bool will_wanted)
{
    struct model_will will = model_disconnected(model, who, will_wanted);
    if (will.present)
        model_will(model, who, &will);
}

static inline void model_connect(struct model *model, unsigned who, const struct model_connect *how)
{
    struct model_session *session = &model->sessions[who];
    struct model_client *client = &model->clients[who];
    if (session->connected)
        model_closed(model, who, true);
    if (session->exists && how->clean) {
        struct model_will will = session->will;
        bool pending = session->will_pending;
        session->will_pending = false;
        if (pending)
            model_will(model, who, &will);
        model_end(model, who);
    }
    *client = (struct model_client){.version = how->version,
                                    .present = session->exists,
                                    .window = how->window,
                                    .narrow = how->narrow,
                                    .expiry_s = how->expiry_s};
    session->exists = session->connected = true;
    session->will_pending = false;
    session->will = how->will;
    for (size_t i = 0; i < session->entry_count; i++) {
        struct model_entry *entry = &session->entries[i];
        entry->release_due = entry->state == ENTRY_RELEASED;
        if (how->narrow && model->messages[entry->message].large)
            entry->optional = true;
    }
    for (size_t i = 0; how->narrow && i < model->pool_count; i++)
        if (model->messages[model->pool[i].message].large)
            model->pool[i].maybe_lost = true;
}

/* ---- time, crashes ---- */
static inline bool time_is_near(int64_t at_ns, int64_t t_ns, int64_t span_ns)
{
    return at_ns > t_ns - span_ns && at_ns < t_ns + span_ns;
}

/* Is something due so close to t that its order with other things is not told? */
static inline bool model_is_near(const struct model *model, int64_t t_ns, int64_t span_ns)
{
    for (unsigned i = 1; i < model->message_count; i++)
        if (model->messages[i].expires_ns != INT64_MAX &&
            time_is_near(model->messages[i].expires_ns, t_ns, span_ns))
            return true;
    for (unsigned who = 0; who < CLIENTS; who++) {
        const struct model_session *session = &model->sessions[who];
        if (!session->exists || session->connected)
            continue;
        if (time_is_near(session->closed_ns + session->expiry_s * NS_PER_S, t_ns, span_ns) ||
            (session->will_pending &&
             time_is_near(session->closed_ns + session->will.delay_s * NS_PER_S, t_ns, span_ns)))
            return true;
    }
    return false;
}

static inline void model_advance(struct model *model, int64_t step_ns)
{
    model->now_ns += step_ns;
    model->unordered = true;
    for (unsigned who = 0; who < CLIENTS; who++) {
        struct model_session *session = &model->sessions[who];
        int64_t ago_ns = model->now_ns - session->closed_ns;
        if (!session->exists || session->connected)
            continue;
        bool over = ago_ns >= session->expiry_s * NS_PER_S;
        if (session->will_pending && (over || ago_ns >= session->will.delay_s * NS_PER_S)) {
            session->will_pending = session->will.present = false;
            model_will(model, who, &session->will);
        }
        if (over)
            model_end(model, who);
    }
    model->unordered = false;
}

/* Who was connected lost the connection; wills are published when nobody is connected. */
static inline void model_crashed(struct model *model)
{
    struct model_will wills[CLIENTS] = {{.present = false}};
    for (unsigned who = 0; who < CLIENTS; who++)
        if (model->sessions[who].connected) {
            model->sessions[who].unsure = model->serial;
            wills[who] = model_disconnected(model, who, true);
        }
    model->unordered = true;
    for (unsigned who = 0; who < CLIENTS; who++)
        if (wills[who].present)
            model_will(model, who, &wills[who]);
    model->unordered = false;
}

/* Back to what was durable. What was sent since then was sent all the same. */
static inline void model_revert(struct model *model, const struct model *saved)
{
    static struct model lost;
    lost = *model;
    *model = *saved;
    model->serial = lost.serial;
    model->message_count = lost.message_count;
    memcpy(model->messages, lost.messages, sizeof model->messages);
    for (unsigned who = 0; who < CLIENTS; who++)
        for (size_t i = 0; i < model->sessions[who].entry_count; i++) {
            struct model_entry *entry = &model->sessions[who].entries[i];
            const struct model_session *other = &lost.sessions[who];
            for (size_t at = 0; at < other->entry_count; at++)
                if (other->entries[at].serial == entry->serial && entry->state == ENTRY_WAITS &&
                    other->entries[at].state != ENTRY_WAITS) {
                    entry->state = ENTRY_SENT;
                    entry->packet_id = other->entries[at].packet_id;
                }
        }
}
