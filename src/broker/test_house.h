/* test_house: a broker with an engine on an imagined disk and a clock that moves when it is told
 * to, and wires instead of sockets: what the tests and the fuzzer of this room stand on.
 *
 *   wire_send_...   bytes for the broker; it is fed at once
 *   house_settle    until the disk has all, everything is told, and nothing is left to do
 *   wire_next       the next packet that the broker sent, decoded; each is checked: it is whole,
 *                   well-formed, of a type that servers send, and CONNACK comes first
 *   house_crash     the process is gone, unwritten batches with it; a new one starts
 *
 * Nothing is durable before house_step or house_settle. */
#pragma once

#include "broker/room.h"
#include "broker/test_disk.h"

#define HOUSE_WIRES 128
#define HOUSE_WALL_NS (INT64_C(1700000000) * NS_PER_S)
#define HOUSE_BUSY 20000 /* rounds after which it is said to never come to rest */

struct house_clock {
    struct clock port; /* first */
    int64_t boot_ns, wall_ns;
    int64_t look_ns; /* that each look at it takes */
};
struct test_house;
struct wire_buffer {
    uint8_t *at;
    size_t size, capacity, taken; /* taken: bytes at its beginning that are behind us */
};
struct wire { /* a connection, seen from the client */
    struct broker_link link;
    struct test_house *house;
    bool in_use, choked, held, ended, connacked;
    uint8_t version;
    enum cause cause;
    int64_t silence_ns;
    struct wire_buffer in, out;
    uint8_t room[BROKER_ROOM];
    size_t room_size;
    size_t packet_max; /* 0: any; no packet may be larger */
    char *aliases[256];
};
struct test_house {
    struct test_disk *disk;
    struct house_clock clock;
    struct worker *writer, *background;
    struct engine_config engine_config;
    struct settings settings;
    struct budget memory;
    struct engine *engine;
    bool locked;           /* with accounts: from the next house_open on */
    struct access *access; /* NULL: not locked */
    struct worker *porter; /* its worker, if `slowly`: else passwords are compared at once */
    bool slowly;
    struct outcome outcome;
    size_t outcomes, audits; /* commands that ended; entries told */
    char audit[512];         /* of the last one: action, object, outcome */
    struct broker *broker;
    struct wire wires[HOUSE_WIRES];
    uint64_t rounds; /* that the last settle took */
    uint8_t *scratch;
};
#define HOUSE_SCRATCH ((size_t)2 << 20)

/* ---- clock, chance ---- */
static inline int64_t house_boot_ns(struct clock *port)
{
    struct house_clock *clock = (struct house_clock *)port;
    return clock->boot_ns += clock->look_ns;
}

static inline int64_t house_wall_ns(struct clock *port)
{
    return ((struct house_clock *)port)->wall_ns;
}

static inline void house_random(void *at, size_t size)
{
    static uint64_t state = 1;
    for (size_t i = 0; i < size; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        ((uint8_t *)at)[i] = (uint8_t)(state >> 56);
    }
}

/* ---- buffers ---- */
static inline void wire_buffer_put(struct wire_buffer *buffer, struct bytes bytes)
{
    if (buffer->taken == buffer->size)
        buffer->taken = buffer->size = 0;
    if (buffer->size + bytes.size > buffer->capacity) {
        buffer->capacity = (buffer->size + bytes.size) * 2;
        buffer->at = realloc(buffer->at, buffer->capacity);
        check(buffer->at);
    }
    if (bytes.size > 0)
        memcpy(buffer->at + buffer->size, bytes.at, bytes.size);
    buffer->size += bytes.size;
}

static inline struct bytes wire_buffer_rest(const struct wire_buffer *buffer)
{
    if (buffer->taken == buffer->size)
        return bytes_of("", 0);
    return bytes_of(buffer->at + buffer->taken, buffer->size - buffer->taken);
}

static inline void wire_buffer_free(struct wire_buffer *buffer)
{
    free(buffer->at);
    *buffer = (struct wire_buffer){.at = NULL};
}

/* ---- the port ---- */
static inline uint8_t *wire_port_room(void *arg, struct broker_link *link, size_t size)
{
    struct wire *wire = LINK_OWNER(link, struct wire, link);
    (void)arg;
    check(size <= BROKER_ROOM && !wire->ended);
    wire->room_size = size;
    return wire->room;
}

static inline void wire_port_used(void *arg, struct broker_link *link, size_t used)
{
    struct wire *wire = LINK_OWNER(link, struct wire, link);
    (void)arg;
    check(used <= wire->room_size && !wire->ended);
    wire_buffer_put(&wire->out, bytes_of(wire->room, used));
}

static inline void wire_port_put(void *arg, struct broker_link *link, struct bytes bytes)
{
    struct wire *wire = LINK_OWNER(link, struct wire, link);
    (void)arg;
    check(!wire->ended);
    wire_buffer_put(&wire->out, bytes);
}

static inline void wire_port_flush(void *arg, struct broker_link *link)
{
    (void)arg;
    (void)link;
}

static inline size_t wire_port_unsent(void *arg, struct broker_link *link)
{
    (void)arg;
    return LINK_OWNER(link, struct wire, link)->choked ? BROKER_UNSENT + 1 : 0;
}

static inline void wire_port_end(void *arg, struct broker_link *link, enum cause cause)
{
    struct wire *wire = LINK_OWNER(link, struct wire, link);
    (void)arg;
    check(!wire->ended && cause < CAUSE_COUNT);
    wire->ended = true;
    wire->cause = cause;
}

static inline void wire_port_resume(void *arg, struct broker_link *link)
{
    (void)arg;
    LINK_OWNER(link, struct wire, link)->held = false;
}

static inline void wire_port_allow_silence(void *arg, struct broker_link *link, int64_t allowed_ns)
{
    (void)arg;
    LINK_OWNER(link, struct wire, link)->silence_ns = allowed_ns;
}

static const struct broker_port house_port = {.room = wire_port_room,
                                              .used = wire_port_used,
                                              .put = wire_port_put,
                                              .flush = wire_port_flush,
                                              .unsent = wire_port_unsent,
                                              .end = wire_port_end,
                                              .resume = wire_port_resume,
                                              .allow_silence = wire_port_allow_silence};

/* ---- rounds ---- */
/* Feeds what is there; false: the engine says wait. */
static inline bool wire_pump(struct wire *wire)
{
    struct broker *broker = wire->house->broker;
    while (!wire->ended && !wire->held && wire->in.taken < wire->in.size) {
        size_t used = 0, wanted = 0;
        enum broker_feed feed =
            broker_feed(broker, &wire->link, wire_buffer_rest(&wire->in), &used, &wanted);
        check(used <= wire->in.size - wire->in.taken);
        wire->in.taken += used;
        if (feed == BROKER_FULL)
            return false;
        if (feed == BROKER_HOLD)
            wire->held = !wire->link.turn;
        if (feed == BROKER_END) {
            check(wire->ended || wire->link.over); /* it may end when the disk has it */
            wire->in.taken = wire->in.size;
        }
        if (feed == BROKER_MORE)
            break; /* the rest is no whole packet */
    }
    return true;
}

static inline bool house_pump(struct test_house *house)
{
    bool taken = broker_retry(house->broker);
    for (size_t i = 0; i < HOUSE_WIRES && taken; i++)
        if (house->wires[i].in_use)
            taken = wire_pump(&house->wires[i]);
    return taken;
}

/* One round: a batch is written, and what the last one held is told. True: there is more to do. */
static inline bool house_step(struct test_house *house)
{
    (void)engine_step(house->engine);
    if (house->access)
        (void)access_step(house->access, house->clock.boot_ns);
    broker_now(house->broker, house->clock.boot_ns);
    bool more = !house_pump(house);
    return broker_step(house->broker) == 0 || more;
}

static inline bool house_rests(struct test_house *house)
{
    struct journal *journal = engine_journal(house->engine);
    struct journal_state state;
    journal_describe(journal, &state);
    return journal_batch_empty(journal) && !journal_in_flight(journal) &&
           broker_is_idle(house->broker);
}

static inline void house_settle(struct test_house *house)
{
    int quiet = 0;
    for (house->rounds = 0; house->rounds < HOUSE_BUSY && quiet < 2; house->rounds++)
        quiet = !house_step(house) && house_rests(house) ? quiet + 1 : 0;
    check(house->rounds < HOUSE_BUSY);
}

/* Time passes, for the timers too. */
static inline void house_advance(struct test_house *house, int64_t ns)
{
    house->clock.boot_ns += ns;
    house->clock.wall_ns += ns;
    broker_now(house->broker, house->clock.boot_ns);
}

/* ---- life ---- */
static inline void house_tell(void *arg, enum log_level level, const char *text)
{
    (void)arg;
    if (level <= LOG_WARN && getenv("HOUSE_TELLS"))
        fprintf(stderr, "told: %s\n", text);
}

static inline void house_outcome(void *arg, uint64_t tag, const struct outcome *outcome)
{
    struct test_house *house = arg;
    (void)tag;
    house->outcome = *outcome;
    house->outcomes++;
}

static inline bool house_audit(void *arg, const struct fact_audit *audit)
{
    struct test_house *house = arg;
    house->audits++;
    snprintf(house->audit, sizeof house->audit, "%.*s %.*s %.*s", (int)audit->action.size,
             (const char *)audit->action.at, (int)audit->object.size,
             (const char *)audit->object.at, (int)audit->outcome.size,
             (const char *)audit->outcome.at);
    return true;
}

static inline bool house_command(void *arg, const struct command *command, uint64_t tag)
{
    struct test_house *house = arg;
    struct admitted admitted;
    return engine_command(house->engine, command, tag, &admitted) == ADMIT_DONE;
}

static inline void house_lock(struct test_house *house)
{
    static const struct access_port port = {.audit = house_audit, .command = house_command};
    struct access_config config = {.settings = &house->settings,
                                   .model = engine_access(house->engine),
                                   .clock = &house->clock.port,
                                   .worker = house->slowly ? house->porter : NULL,
                                   .port = &port,
                                   .arg = house,
                                   .random = house_random};
    check(access_create(&config, &house->access) == OK);
}

static inline void house_open(struct test_house *house)
{
    struct engine_start start;
    struct broker_config config = {.settings = &house->settings,
                                   .clock = &house->clock.port,
                                   .port = &house_port,
                                   .memory = &house->memory,
                                   .random = house_random};
    check(worker_inline_create(&house->writer) == OK);
    check(worker_inline_create(&house->background) == OK);
    check(worker_inline_create(&house->porter) == OK);
    house->engine_config.disk = &house->disk->port;
    house->engine_config.writer = house->writer;
    house->engine_config.background = house->background;
    house->engine_config.outcome = house_outcome;
    house->engine_config.arg = house;
    check(engine_open(&house->engine_config, &house->engine, &start) == OK);
    check(start.damage == 0);
    config.engine = house->engine;
    house->access = NULL;
    if (house->locked)
        house_lock(house);
    config.access = house->access;
    house->memory.used = 0;
    house->memory.most = house->settings.mqtt_memory;
    check(broker_create(&config, &house->broker) == OK);
}

static inline struct test_house *house_create(void)
{
    struct log_settings silent = {.level = getenv("HOUSE_TELLS") ? LOG_DEBUG : LOG_ERROR};
    struct test_house *house = calloc(1, sizeof *house);
    check(house);
    log_configure(&silent);
    house->scratch = malloc(HOUSE_SCRATCH);
    check(house->scratch);
    house->disk = test_disk_create();
    house->clock =
        (struct house_clock){.port = {.boot_ns = house_boot_ns, .wall_ns = house_wall_ns},
                             .boot_ns = NS_PER_S,
                             .wall_ns = HOUSE_WALL_NS};
    settings_default(&house->settings);
    house->settings.mqtt_sys_interval = 0;
    engine_config_default(&house->engine_config);
    house->engine_config.clock = &house->clock.port;
    house->engine_config.points_max = 10000;
    house->engine_config.segment_max_bytes = (uint64_t)4 << 20;
    house->engine_config.batch_floor_ns = 0;
    house->engine_config.tell = house_tell;
    house_open(house);
    return house;
}

static inline void wire_free(struct wire *wire)
{
    wire_buffer_free(&wire->in);
    wire_buffer_free(&wire->out);
    for (size_t i = 0; i < ARRAY_COUNT(wire->aliases); i++)
        free(wire->aliases[i]);
    *wire = (struct wire){.in_use = false};
}

/* The client goes away without a word. What it was sent can still be read. */
static inline void wire_vanish(struct wire *wire)
{
    if (wire->ended)
        return;
    broker_gone(wire->house->broker, &wire->link);
    wire->ended = true;
    wire->cause = CAUSE_GONE;
}

/* What subscriptions of sessions without a client hold: all that may be held when all are gone. */
static inline uint64_t house_memory_of_kept(const struct test_house *house)
{
    const struct broker *broker = house->broker;
    uint64_t bytes = 0;
    for (uint32_t i = 1; i < broker->subscription_count; i++)
        if (broker->subscriptions[i])
            bytes += sizeof(struct subscription) + broker->subscriptions[i]->filter_size +
                     filter_cost(bytes_of(broker->subscriptions[i]->filter,
                                          broker->subscriptions[i]->filter_size));
    return bytes;
}

static inline void house_stop(struct test_house *house, bool crash)
{
    house->disk->off = crash;
    for (size_t i = 0; i < HOUSE_WIRES; i++)
        if (house->wires[i].in_use)
            wire_vanish(&house->wires[i]);
    if (!crash) {
        house_settle(house);
        check(house->memory.used == house_memory_of_kept(house));
    }
    broker_destroy(house->broker);
    access_destroy(house->access);
    engine_close(house->engine, false);
    house->writer->destroy(house->writer);
    house->background->destroy(house->background);
    house->porter->destroy(house->porter);
    house->disk->off = false;
}

static inline void house_crash(struct test_house *house)
{
    house_stop(house, true);
    house_open(house);
}

static inline void house_restart(struct test_house *house)
{
    house_stop(house, false);
    house_open(house);
}

static inline void house_destroy(struct test_house *house)
{
    house_stop(house, false);
    for (size_t i = 0; i < HOUSE_WIRES; i++)
        wire_free(&house->wires[i]);
    test_disk_destroy(house->disk);
    free(house->scratch);
    free(house);
}

/* ---- to the broker ---- */
static inline struct wire *wire_open(struct test_house *house)
{
    for (size_t i = 0; i < HOUSE_WIRES; i++) {
        struct wire *wire = &house->wires[i];
        if (wire->in_use && !(wire->ended && wire->out.taken == wire->out.size))
            continue;
        wire_free(wire);
        wire->in_use = true;
        wire->house = house;
        wire->link.peer = "wire";
        return wire;
    }
    check(false);
    return NULL;
}

static inline void wire_send(struct wire *wire, struct bytes bytes)
{
    if (wire->ended)
        return;
    wire_buffer_put(&wire->in, bytes);
    while (!wire_pump(wire))
        (void)house_step(wire->house);
}

static inline void wire_send_size(struct wire *wire, size_t size)
{
    check(size > 0);
    wire_send(wire, bytes_of(wire->house->scratch, size));
}

static inline void wire_send_connect(struct wire *wire, const struct mqtt_connect *connect)
{
    wire->version = connect->version;
    if (MQTT_HAS(&connect->properties, 39))
        wire->packet_max = connect->properties.maximum_packet_size;
    wire_send_size(wire, mqtt_connect_put(wire->house->scratch, HOUSE_SCRATCH, connect));
}

static inline void wire_send_publish(struct wire *wire, const struct mqtt_publish *publish)
{
    wire_send_size(wire,
                   mqtt_publish_put(wire->house->scratch, HOUSE_SCRATCH, wire->version, publish));
}

static inline void wire_send_ack(struct wire *wire, uint8_t type, uint16_t packet_id,
                                 uint8_t reason)
{
    struct mqtt_ack ack = {.packet_id = packet_id, .reason = reason};
    wire_send_size(wire,
                   mqtt_ack_put(wire->house->scratch, HOUSE_SCRATCH, wire->version, type, &ack));
}

static inline void wire_send_filters(struct wire *wire, uint8_t type, uint16_t packet_id,
                                     uint32_t id, const struct mqtt_subscription *subscriptions,
                                     size_t count)
{
    struct mqtt_properties properties = {.has = id ? UINT64_C(1) << 11 : 0, .subscription_id = id};
    wire_send_size(wire, mqtt_filters_put(wire->house->scratch, HOUSE_SCRATCH, wire->version, type,
                                          packet_id, &properties, subscriptions, count));
}

static inline void wire_send_disconnect(struct wire *wire, uint8_t reason)
{
    struct mqtt_disconnect disconnect = {.reason = reason};
    wire_send_size(
        wire, wire->version == MQTT_5
                  ? mqtt_disconnect_put(wire->house->scratch, HOUSE_SCRATCH, MQTT_5, &disconnect)
                  : mqtt_empty_put(wire->house->scratch, HOUSE_SCRATCH, MQTT_DISCONNECT));
}

static inline void wire_choke(struct wire *wire, bool choked)
{
    bool was = wire->choked;
    wire->choked = choked;
    if (was && !choked && !wire->ended)
        broker_unchoked(wire->house->broker, &wire->link);
}

/* ---- from the broker ---- */
struct packet { /* views live until more is sent to the wire */
    uint8_t type;
    size_t size;
    struct mqtt_connack connack;
    struct mqtt_publish publish; /* its topic is there with an alias too */
    struct mqtt_ack ack;
    struct mqtt_suback suback;
    struct mqtt_disconnect disconnect;
};

static inline void wire_resolve_alias(struct wire *wire, struct mqtt_publish *publish)
{
    uint16_t alias = publish->properties.topic_alias;
    if (!MQTT_HAS(&publish->properties, 35))
        return;
    check(alias > 0 && alias < ARRAY_COUNT(wire->aliases));
    if (publish->topic.size > 0) {
        free(wire->aliases[alias]);
        wire->aliases[alias] = strndup((const char *)publish->topic.at, publish->topic.size);
    }
    check(wire->aliases[alias]);
    publish->topic = bytes_text(wire->aliases[alias]);
}

static inline uint8_t wire_decode(struct wire *wire, const struct mqtt_frame *frame,
                                  struct packet *packet)
{
    switch (frame->type) {
    case MQTT_CONNACK:
        return mqtt_connack_get(frame, wire->version, &packet->connack);
    case MQTT_PUBLISH:
        return mqtt_publish_get(frame, wire->version, &packet->publish);
    case MQTT_PUBACK:
    case MQTT_PUBREC:
    case MQTT_PUBREL:
    case MQTT_PUBCOMP:
        return mqtt_ack_get(frame, wire->version, &packet->ack);
    case MQTT_SUBACK:
    case MQTT_UNSUBACK:
        return mqtt_suback_get(frame, wire->version, &packet->suback);
    case MQTT_PINGRESP:
        return 0;
    case MQTT_DISCONNECT:
        check(wire->version == MQTT_5);
        return mqtt_disconnect_get(frame, wire->version, &packet->disconnect);
    default:
        check(false);
        return 1;
    }
}

/* false: there is none. */
static inline bool wire_next(struct wire *wire, struct packet *ret)
{
    struct mqtt_frame frame;
    struct bytes rest = wire_buffer_rest(&wire->out);
    if (rest.size == 0)
        return false;
    check(mqtt_frame_get(rest, &frame) == OK);
    *ret = (struct packet){.type = frame.type, .size = frame.packet_bytes};
    check(wire->packet_max == 0 || frame.packet_bytes <= wire->packet_max);
    check(wire->connacked == (frame.type != MQTT_CONNACK));
    check(wire_decode(wire, &frame, ret) == 0);
    wire->connacked = true;
    if (frame.type == MQTT_PUBLISH)
        wire_resolve_alias(wire, &ret->publish);
    wire->out.taken += frame.packet_bytes;
    return true;
}
