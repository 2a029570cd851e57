/* Random facts of the messages lane, for tests: small in everything, so that they meet. */
#pragma once

#include "model/sessions/model.h"
#include "base/test_random.h"

struct driver {
    uint64_t random;
    int64_t wall_ns;
    uint8_t text[2048]; /* of the fact made last, with the two below */
    struct targets targets;
    char name[64];
};

static inline uint32_t below(struct driver *d, uint32_t limit)
{
    return (uint32_t)(test_random(&d->random) % limit);
}

/* Mostly a small text, sometimes one of many cells. */
static inline struct bytes driver_text(struct driver *d)
{
    uint32_t size = below(d, 20) == 0 ? below(d, (uint32_t)sizeof d->text) : below(d, 130);
    memset(d->text, 'A' + (int)below(d, 26), size);
    return bytes_of(d->text, size);
}

static inline struct bytes driver_topic(struct driver *d)
{
    static const char *const topics[MODEL_TOPICS] = {
        "a",         "a/b",
        "a/c",       "topic/1",
        "topic/2",   "topic/3",
        "$SYS/x",    "topic/3/y",
        "topic/3/z", "topic/with/a/name/of/more/than/sixty/bytes/so/that/it/lies/in/two/cells"};
    return bytes_text(topics[below(d, MODEL_TOPICS)]);
}

static inline uint32_t driver_expiry(struct driver *d)
{
    static const uint32_t choices[] = {0, 1, 3600, EXPIRY_NEVER, EXPIRY_NEVER, EXPIRY_NEVER};
    return choices[below(d, ARRAY_COUNT(choices))];
}

/* One more than there are: a stray now and then. */
static inline uint32_t driver_session(struct driver *d)
{
    return 1 + below(d, below(d, 20) == 0 ? MODEL_SESSIONS + 1 : MODEL_SESSIONS);
}

static inline void driver_open(struct driver *d, struct fact *fact)
{
    struct fact_session_open *open = &fact->session_open;
    open->tenant = TENANT + (below(d, 4) == 0);
    open->session = 1 + below(d, MODEL_SESSIONS);
    open->version = (uint8_t)(3 + below(d, 3));
    open->clean = below(d, 4) == 0;
    open->expiry_s = driver_expiry(d);
    /* Mostly the client whose number it is; else numbers are taken over all the time. */
    uint32_t client = below(d, 8) == 0 ? below(d, MODEL_SESSIONS + 4) : open->session;
    int size = sprintf(d->name, "client %u", client);
    if (client % 3 == 0)
        size += sprintf(d->name + size, " of a name that is a bit longer than others");
    open->client_id = bytes_of(d->name, (size_t)size);
    if (below(d, 3) != 0)
        return;
    open->will = (struct fact_will){.present = true, .retain = below(d, 2) != 0};
    open->will.qos = (uint8_t)below(d, 3);
    open->will.delay_s = below(d, 100);
    open->will.expiry_s = driver_expiry(d);
    open->will.topic = driver_topic(d);
    open->will.payload = driver_text(d);
    open->will.properties = bytes_of(d->text, below(d, 60));
}

static inline void driver_close(struct driver *d, struct fact *fact)
{
    fact->session_close.session = driver_session(d);
    fact->session_close.expiry_s = driver_expiry(d);
    fact->session_close.will_dropped = below(d, 2) != 0;
    fact->session_close.sent = (uint16_t)below(d, 65536);
}

static inline struct bytes driver_filter(struct driver *d)
{
    uint32_t number = below(d, 6); /* one at a time: C leaves the order of arguments open */
    const char *end = below(d, 3) == 0 ? "#" : "+";
    return bytes_of(d->name, (size_t)sprintf(d->name, "filter/%u/%s", number, end));
}

static inline void driver_subscribe(struct driver *d, struct fact *fact)
{
    struct fact_subscribe *subscribe = &fact->subscribe;
    subscribe->session = driver_session(d);
    subscribe->qos = (uint8_t)below(d, 3);
    subscribe->retain_handling = (uint8_t)below(d, 3);
    subscribe->no_local = below(d, 2) != 0;
    subscribe->retain_as_published = below(d, 2) != 0;
    subscribe->subscription_id = below(d, 3);
    subscribe->filter = driver_filter(d);
}

static inline void driver_message(struct driver *d, struct fact *fact)
{
    struct fact_message *message = &fact->message;
    message->tenant = TENANT + (below(d, 4) == 0);
    message->qos = (uint8_t)below(d, 3);
    message->retain = below(d, 3) == 0;
    message->expiry_s = driver_expiry(d);
    message->topic = driver_topic(d);
    message->payload = driver_text(d);
    message->properties = bytes_of(d->text, below(d, 60));
    if (below(d, 4) == 0)
        message->payload.size = 0;
    d->targets = (struct targets){.size = 0};
    uint32_t step = 1 + below(d, 6);
    for (uint32_t session = 1 + below(d, 4); session <= MODEL_SESSIONS + 1; session += step) {
        struct message_target target = {.session = session};
        target.qos = (uint8_t)(1 + below(d, 2));
        target.retain = below(d, 2) != 0;
        target.id_count = (uint8_t)(below(d, 3) == 0 ? below(d, TARGET_IDS_MAX + 1) : below(d, 3));
        for (uint32_t i = 0; i < target.id_count; i++)
            target.ids[i] = 1 + below(d, 100000);
        targets_add(&d->targets, &target);
    }
    message->target_count = d->targets.count;
    message->targets = bytes_of(d->targets.bytes, d->targets.size);
}

/* Mostly of one of the oldest entries, as acknowledgements come. */
static inline void driver_delivery(struct driver *d, const struct model *model, struct fact *fact)
{
    fact->delivery.session = driver_session(d);
    fact->delivery.step = (uint8_t)(1 + below(d, 2));
    fact->delivery.packet_id = (uint16_t)(1 + below(d, 65535));
    if (fact->delivery.session > MODEL_SESSIONS || below(d, 20) == 0)
        return;
    const struct model_entry *entry = model->sessions[fact->delivery.session].queue;
    for (uint32_t i = below(d, 5); i > 0 && entry != NULL; i--)
        entry = entry->next;
    if (entry != NULL)
        fact->delivery.packet_id = entry->packet_id;
}

/* The next fact; its texts live until the next call. */
static inline void driver_next(struct driver *d, const struct model *model, struct fact *fact)
{
    static const uint8_t kinds[] = {
        FACT_SESSION_OPEN, FACT_SESSION_OPEN, FACT_SESSION_OPEN, FACT_SESSION_CLOSE, FACT_SUBSCRIBE,
        FACT_SUBSCRIBE,    FACT_SUBSCRIBE,    FACT_UNSUBSCRIBE,  FACT_UNSUBSCRIBE,   FACT_MESSAGE,
        FACT_MESSAGE,      FACT_MESSAGE,      FACT_MESSAGE,      FACT_MESSAGE,       FACT_ENQUEUE,
        FACT_ENQUEUE,      FACT_RECEIVED,     FACT_RECEIVED,     FACT_RELEASED,      FACT_WILL_DONE,
        FACT_SESSION_END,  FACT_DELIVERY,     FACT_DELIVERY,     FACT_DELIVERY,      FACT_DELIVERY,
        FACT_DELIVERY,     FACT_DELIVERY,     FACT_DELIVERY,     FACT_DELIVERY,      FACT_DELIVERY,
        FACT_DELIVERY,     FACT_DELIVERY,
    };
    *fact = (struct fact){.kind = kinds[below(d, ARRAY_COUNT(kinds))]};
    if (fact->kind == FACT_SESSION_END && below(d, 3) != 0)
        fact->kind = FACT_RECEIVED; /* else there is little to look at */
    switch ((enum fact_kind)fact->kind) {
    case FACT_SESSION_OPEN:
        driver_open(d, fact);
        break;
    case FACT_SESSION_CLOSE:
        driver_close(d, fact);
        break;
    case FACT_SUBSCRIBE:
        driver_subscribe(d, fact);
        break;
    case FACT_UNSUBSCRIBE:
        fact->unsubscribe.session = driver_session(d);
        fact->unsubscribe.filter = driver_filter(d);
        break;
    case FACT_MESSAGE:
        driver_message(d, fact);
        break;
    case FACT_ENQUEUE:
        fact->enqueue.session = driver_session(d);
        fact->enqueue.qos = (uint8_t)(1 + below(d, 2));
        fact->enqueue.subscription_id = below(d, 3);
        fact->enqueue.topic = driver_topic(d);
        break;
    case FACT_DELIVERY:
        driver_delivery(d, model, fact);
        break;
    case FACT_RECEIVED:
    case FACT_RELEASED:
        fact->packet.session = driver_session(d);
        fact->packet.packet_id = (uint16_t)(1 + below(d, 30) * 2000);
        break;
    default:
        fact->session = driver_session(d);
    }
}
