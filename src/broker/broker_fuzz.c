/* Sequences of what clients do, against a plain model of what a broker owes them. The bytes choose:
 * connect with options, subscribe, publish, acknowledge rightly or wrongly or not at all, go with
 * or without a word, be deaf, let time pass, crash with what was written or without.
 *
 * The model is arrays: sessions with subscriptions and a list of what they are to get, retained
 * messages, wills. It moves when a packet is fed, for the broker decides then; what is told comes
 * later and is compared when it is read: who gets which message at which QoS, in which order, under
 * which packet id, with DUP or without; acknowledgements, session present, expiry that counts down.
 * It is copied whenever all is durable: a crash that loses the open batch goes back to the copy. */
#include "broker/fuzz_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

#define ACTIONS_MAX 120
#define CRASHES_MAX 3

struct fuzz {
    struct test_house *house;
    struct wire *wires[CLIENTS];
    struct model model, saved;
    const uint8_t *at, *end;
    unsigned actions, crashes;
    bool unwritten; /* nothing that came since all was durable can be durable */
};

static uint8_t take(struct fuzz *fuzz)
{
    return fuzz->at < fuzz->end ? *fuzz->at++ : 0;
}

#define TRACE(...)                                                                                 \
    do {                                                                                           \
        if (UNLIKELY(getenv("BROKER_FUZZ_TRACE") != NULL))                                         \
            fprintf(stderr, __VA_ARGS__);                                                          \
    } while (0)

/* ---- what is read ---- */
static void read_message(struct fuzz *fuzz, unsigned who, const struct packet *packet)
{
    const struct mqtt_publish *publish = &packet->publish;
    struct got got = {.topic = publish->topic,
                      .payload = publish->payload,
                      .qos = publish->qos,
                      .retain = publish->retain,
                      .dup = publish->dup,
                      .packet_id = publish->packet_id,
                      .has_expiry = MQTT_HAS(&publish->properties, 2),
                      .expiry_s = publish->properties.message_expiry_s};
    size_t offset = 0;
    uint32_t id;
    while (mqtt_subscription_id(publish->properties.raw, &offset, &id)) {
        check(got.id_count < FILTERS);
        got.ids[got.id_count++] = id;
    }
    TRACE("  %u reads %.*s qos %u id %u dup %d: %.*s\n", who, (int)got.topic.size,
          (const char *)got.topic.at, got.qos, got.packet_id, got.dup, (int)got.payload.size,
          (const char *)got.payload.at);
    unsigned message = model_got(&fuzz->model, who, &got);
    check(!fuzz->unwritten || got.qos == 0 || message < fuzz->saved.message_count);
}

static void read_packet(struct fuzz *fuzz, unsigned who, const struct packet *packet)
{
    struct model *model = &fuzz->model;
    struct model_client *client = &model->clients[who];
    if (packet->type != MQTT_PUBLISH)
        TRACE("  %u reads %s\n", who, mqtt_type_name(packet->type));
    switch (packet->type) {
    case MQTT_CONNACK:
        check(packet->connack.reason == 0);
        check(packet->connack.session_present == client->present);
        break;
    case MQTT_PUBLISH:
        read_message(fuzz, who, packet);
        break;
    case MQTT_PUBREL:
        model_released(model, who, packet->ack.packet_id, packet->ack.reason);
        break;
    case MQTT_PUBACK:
        check(!fuzz->unwritten);
        expect_take(&client->acks, packet->type, packet->ack.packet_id, packet->ack.reason);
        break;
    case MQTT_PUBREC:
    case MQTT_PUBCOMP:
        expect_take(&client->acks, packet->type, packet->ack.packet_id, packet->ack.reason);
        break;
    case MQTT_SUBACK:
        check(packet->suback.reasons.size == 1);
        expect_take(&client->subacks, packet->type, packet->suback.packet_id,
                    packet->suback.reasons.at[0]);
        break;
    case MQTT_UNSUBACK:
        expect_take(&client->subacks, packet->type, packet->suback.packet_id,
                    client->version == MQTT_5 ? packet->suback.reasons.at[0] : 0);
        break;
    default:
        check(false);
    }
}

static void read_all(struct fuzz *fuzz)
{
    struct packet packet;
    for (unsigned who = 0; who < CLIENTS; who++)
        while (fuzz->wires[who] && wire_next(fuzz->wires[who], &packet))
            read_packet(fuzz, who, &packet);
    for (unsigned who = 0; who < CLIENTS; who++)
        check(!fuzz->wires[who] || !fuzz->wires[who]->ended);
}

/* Everything is durable, told, read and as the model says; a crash cannot undo it. */
static void settle(struct fuzz *fuzz)
{
    house_settle(fuzz->house);
    read_all(fuzz);
    for (unsigned who = 0; who < CLIENTS; who++)
        if (fuzz->wires[who] && !fuzz->wires[who]->choked)
            model_nothing_is_owed(&fuzz->model, who);
    model_settled(&fuzz->model);
    fuzz->saved = fuzz->model;
}

/* The end of a connection, seen by the client: what was sent to it last it may not have read. */
static void wire_over(struct fuzz *fuzz, unsigned who, uint8_t reason)
{
    struct packet packet;
    struct wire *wire = fuzz->wires[who];
    bool told = false;
    check(wire->ended);
    while (wire_next(wire, &packet)) {
        check(!told);
        if (packet.type == MQTT_DISCONNECT) {
            check(packet.disconnect.reason == reason ||
                  (reason == 1 && packet.disconnect.reason >= 0x80));
            told = true;
        } else {
            read_packet(fuzz, who, &packet);
        }
    }
    check(told == (reason != 0 && wire->connacked && wire->version == MQTT_5));
    fuzz->wires[who] = NULL;
}

/* ---- connections ---- */
static void choose_will(struct fuzz *fuzz, unsigned who, struct mqtt_connect *connect,
                        struct model_will *will)
{
    static const uint32_t delays[] = {0, 0, 10, 100};
    uint8_t choice = take(fuzz);
    *will = (struct model_will){.present = choice & 1};
    if (!will->present)
        return;
    will->qos = (uint8_t)((choice >> 1) % 3);
    will->retain = choice >> 3 & 1;
    will->message = message_new(&fuzz->model, TOPIC_WILL + who, will->qos, will->retain, 0, false);
    const struct model_message *message = &fuzz->model.messages[will->message];
    connect->will = (struct mqtt_will){.present = true,
                                       .qos = will->qos,
                                       .retain = will->retain,
                                       .topic = bytes_text(topics_all[TOPIC_WILL + who]),
                                       .payload = bytes_text(message->payload)};
    if (connect->version == MQTT_5) {
        will->delay_s = delays[choice >> 4 & 3];
        connect->will.properties.has = will->delay_s ? PROPERTY(24) : 0;
        connect->will.properties.will_delay_s = will->delay_s;
    }
}

static void connect_begin(struct fuzz *fuzz, unsigned who)
{
    static const uint8_t versions[] = {MQTT_5, MQTT_5, MQTT_3_1_1, MQTT_5};
    static const uint32_t expiries[] = {0, 30, 1000, 1000};
    static const uint16_t windows[] = {0, 0, 1, 3};
    uint8_t choice = take(fuzz), more = take(fuzz);
    struct mqtt_connect connect = {.version = versions[choice & 3],
                                   .clean_start = (choice >> 2 & 3) == 0,
                                   .client_id = bytes_text(client_names[who])};
    struct model_connect how = {.version = connect.version, .clean = connect.clean_start};
    how.window = windows[more & 3];
    how.narrow = (more >> 2 & 7) == 7;
    struct mqtt_properties *properties = &connect.properties;
    if (connect.version == MQTT_5) {
        how.expiry_s = expiries[choice >> 4 & 3];
        properties->session_expiry_s = how.expiry_s;
        properties->receive_maximum = how.window;
        properties->maximum_packet_size = NARROW;
        properties->topic_alias_maximum = (uint16_t)(more >> 5 & 3);
        properties->has = PROPERTY(17) | (how.window ? PROPERTY(33) : 0) |
                          (how.narrow ? PROPERTY(39) : 0) |
                          (properties->topic_alias_maximum ? PROPERTY(34) : 0);
    } else {
        how.expiry_s =
            connect.clean_start ? 0 : (uint32_t)fuzz->house->settings.mqtt_session_expiry;
        how.window = 0;
        how.narrow = false;
    }
    choose_will(fuzz, who, &connect, &how.will);
    TRACE("connect %u: version %u clean %d expiry %u window %u narrow %d will %d delay %u\n", who,
          how.version, how.clean, how.expiry_s, how.window, how.narrow, how.will.present,
          how.will.delay_s);
    struct wire *wire = wire_open(fuzz->house);
    wire_send_connect(wire, &connect);
    if (fuzz->wires[who])
        wire_over(fuzz, who, MQTT_SESSION_TAKEN_OVER);
    model_connect(&fuzz->model, who, &how);
    fuzz->wires[who] = wire;
}

static void act_connect(struct fuzz *fuzz, unsigned who, bool twice)
{
    settle(fuzz);
    /* Else the first one may be cut off while it still waits, and nothing of it was done. */
    bool at_once = !fuzz->wires[who] && !fuzz->model.sessions[who].will_pending;
    connect_begin(fuzz, who);
    if (twice && at_once) /* what the first left is not durable yet */
        connect_begin(fuzz, who);
    settle(fuzz);
}

static void act_disconnect(struct fuzz *fuzz, unsigned who)
{
    uint8_t choice = take(fuzz);
    struct wire *wire = fuzz->wires[who];
    struct model_client *client = &fuzz->model.clients[who];
    struct mqtt_disconnect packet = {.reason = choice & 1 ? MQTT_DISCONNECT_WITH_WILL : 0};
    if (wire->version == MQTT_5 && (choice & 2) && client->expiry_s > 0) {
        packet.properties.has = PROPERTY(17);
        packet.properties.session_expiry_s = client->expiry_s = choice & 4 ? 30 : 0;
    }
    TRACE("disconnect %u reason %u expiry %u\n", who, packet.reason, client->expiry_s);
    size_t size = wire->version == MQTT_5
                      ? mqtt_disconnect_put(fuzz->house->scratch, HOUSE_SCRATCH, MQTT_5, &packet)
                      : mqtt_empty_put(fuzz->house->scratch, HOUSE_SCRATCH, MQTT_DISCONNECT);
    wire_send_size(wire, size);
    house_settle(fuzz->house);
    wire_over(fuzz, who, 0);
    model_closed(&fuzz->model, who, wire->version == MQTT_5 && packet.reason != 0);
    settle(fuzz);
}

static void act_vanish(struct fuzz *fuzz, unsigned who)
{
    TRACE("vanish %u\n", who);
    wire_vanish(fuzz->wires[who]);
    wire_over(fuzz, who, 0);
    model_closed(&fuzz->model, who, true);
    settle(fuzz);
}

/* What no decoder may let through: the connection ends, and the will is published. */
static void act_garbage(struct fuzz *fuzz, unsigned who)
{
    static const struct {
        const char *at;
        size_t size;
    } wrong[] = {{"\x00\x00", 2},
                 {"\x80\x05\x00\x01\x00\x00\x00", 7}, /* SUBSCRIBE without its flags */
                 {"\x36\x05\x00\x01"                  /* QoS 3 */
                  "a\x00\x01",
                  7},
                 {"\x32\x06\x00\x01" /* packet id 0 */
                  "a\x00\x00\x00",
                  8},
                 {"\x30\x04\x00\x01+\x00", 6}, /* a wildcard to publish to */
                 {"\x10\x02\x00\x00", 4},      /* a second CONNECT */
                 {"\x82\x02\x00\x01", 4},      /* no filters */
                 {"\x30\xff\xff\xff\x7f", 5},  /* larger than mqtt.packet */
                 {"\x40\x01\x01", 3}};         /* half a packet id */
    uint8_t choice = take(fuzz) % ARRAY_COUNT(wrong);
    TRACE("garbage %u: %u\n", who, choice);
    wire_send(fuzz->wires[who], bytes_of(wrong[choice].at, wrong[choice].size));
    wire_over(fuzz, who, 1);
    model_closed(&fuzz->model, who, true);
    settle(fuzz);
}

/* Bytes of the fuzzer's own making from somebody who never says CONNECT. */
static void act_stranger(struct fuzz *fuzz)
{
    size_t size = (size_t)(fuzz->end - fuzz->at);
    size = size < 8 ? size : 8;
    if (size == 0 || fuzz->at[0] >> 4 == MQTT_CONNECT)
        return;
    struct wire *wire = wire_open(fuzz->house);
    wire->version = MQTT_5;
    wire_send(wire, bytes_of(fuzz->at, size));
    fuzz->at += size;
    wire_vanish(wire);
    check(wire->out.size == 0);
}

/* ---- subscriptions ---- */
static void act_subscribe(struct fuzz *fuzz, unsigned who)
{
    uint8_t choice = take(fuzz), options = take(fuzz);
    struct wire *wire = fuzz->wires[who];
    struct model_subscription wanted = {.on = true, .qos = (uint8_t)((options & 3) % 3)};
    unsigned filter = choice % FILTERS;
    uint8_t handling = 0;
    if (wire->version == MQTT_5) {
        wanted.no_local = (options >> 2 & 1) && filter != FILTER_SHARED;
        wanted.retain_as_published = options >> 3 & 1;
        wanted.id = options >> 4 & 1 ? filter + 1 : 0;
        handling = (uint8_t)((options >> 5 & 3) % 3);
    }
    struct mqtt_subscription packet = {.filter = bytes_text(filters_all[filter]),
                                       .qos = wanted.qos,
                                       .retain_handling = handling,
                                       .no_local = wanted.no_local,
                                       .retain_as_published = wanted.retain_as_published};
    uint16_t packet_id = ++fuzz->model.clients[who].request;
    TRACE("subscribe %u: %s qos %u\n", who, filters_all[filter], wanted.qos);
    wire_send_filters(wire, MQTT_SUBSCRIBE, packet_id, wanted.id, &packet, 1);
    expect_put(&fuzz->model.clients[who].subacks, MQTT_SUBACK, packet_id, wanted.qos);
    model_subscribe(&fuzz->model, who, filter, &wanted, handling);
}

static void act_unsubscribe(struct fuzz *fuzz, unsigned who)
{
    unsigned filter = take(fuzz) % FILTERS;
    struct wire *wire = fuzz->wires[who];
    struct mqtt_subscription packet = {.filter = bytes_text(filters_all[filter])};
    uint16_t packet_id = ++fuzz->model.clients[who].request;
    struct model_subscription *subscription = &fuzz->model.sessions[who].subscriptions[filter];
    TRACE("unsubscribe %u: %s\n", who, filters_all[filter]);
    wire_send_filters(wire, MQTT_UNSUBSCRIBE, packet_id, 0, &packet, 1);
    expect_put(&fuzz->model.clients[who].subacks, MQTT_UNSUBACK, packet_id,
               subscription->on || wire->version != MQTT_5 ? 0 : MQTT_NO_SUBSCRIPTION_EXISTED);
    subscription->on = false;
}

/* ---- messages to the broker ---- */
static void act_publish(struct fuzz *fuzz, unsigned who)
{
    static const uint32_t expiries[] = {0, 0, 0, 0, 0, 5, 50, 500};
    uint8_t choice = take(fuzz), options = take(fuzz);
    struct model *model = &fuzz->model;
    struct model_client *client = &model->clients[who];
    unsigned topic = choice % TOPIC_WILL, alias = options >> 6;
    uint8_t qos = (uint8_t)((choice >> 4 & 3) % 3);
    bool retained = choice >> 6 & 1, modern = client->version == MQTT_5;
    uint32_t expiry_s = modern ? expiries[options & 7] : 0;
    unsigned message = message_new(model, topic, qos, retained, expiry_s, choice >> 7);
    if (retained && topic != TOPIC_SHARED && (options >> 3 & 3) == 3)
        model->messages[message].payload[0] = 0; /* there is none from now on */
    bool reading = topics_all[topic][0] != '$' && !(choice >> 7) && (options >> 5 & 1);
    if (reading)
        snprintf(model->messages[message].payload, sizeof model->messages[message].payload, "%u",
                 message);
    struct mqtt_publish publish = {.qos = qos,
                                   .retain = retained,
                                   .packet_id = (uint16_t)(1 + (options >> 3) % PACKET_IDS),
                                   .topic = bytes_text(topics_all[topic]),
                                   .payload = bytes_text(model->messages[message].payload)};
    publish.properties.has = expiry_s ? PROPERTY(2) : 0;
    publish.properties.message_expiry_s = expiry_s;
    if (modern && alias) {
        publish.properties.has |= PROPERTY(35);
        publish.properties.topic_alias = (uint16_t)alias;
        if (client->aliases[alias] == topic + 1)
            publish.topic = bytes_of("", 0);
        client->aliases[alias] = (uint8_t)(topic + 1);
    }
    TRACE("publish %u: %s qos %u retain %d id %u expiry %u: %s\n", who, topics_all[topic], qos,
          retained, publish.packet_id, expiry_s, model->messages[message].payload);
    wire_send_publish(fuzz->wires[who], &publish);
    uint8_t reason = 0;
    bool again = qos == 2 && (model->sessions[who].received >> publish.packet_id & 1);
    if (!again && !model_publish(model, who, message) && !retained && !reading)
        reason = MQTT_NO_MATCHING_SUBSCRIBERS;
    if (qos == 2)
        model->sessions[who].received |= 1u << publish.packet_id;
    if (qos > 0)
        expect_put(&client->acks, qos == 1 ? MQTT_PUBACK : MQTT_PUBREC, publish.packet_id,
                   modern ? reason : 0);
}

static void act_release(struct fuzz *fuzz, unsigned who)
{
    uint16_t packet_id = (uint16_t)(1 + take(fuzz) % PACKET_IDS);
    struct model_session *session = &fuzz->model.sessions[who];
    struct model_client *client = &fuzz->model.clients[who];
    bool known = session->received >> packet_id & 1;
    TRACE("pubrel %u: %u\n", who, packet_id);
    wire_send_ack(fuzz->wires[who], MQTT_PUBREL, packet_id, 0);
    session->received &= ~(1u << packet_id);
    expect_put(&client->acks, MQTT_PUBCOMP, packet_id,
               known || client->version != MQTT_5 ? 0 : MQTT_PACKET_ID_NOT_FOUND);
}

/* ---- acknowledgements to the broker ---- */
static void acknowledge(struct fuzz *fuzz, unsigned who, struct model_entry *entry, bool refuse)
{
    struct model_client *client = &fuzz->model.clients[who];
    uint16_t id = entry->packet_id;
    uint8_t type = entry->qos == 1              ? MQTT_PUBACK
                   : entry->state == ENTRY_SENT ? MQTT_PUBREC
                                                : MQTT_PUBCOMP;
    refuse = refuse && type != MQTT_PUBCOMP && client->version == MQTT_5;
    TRACE("%s %u: %u%s\n", mqtt_type_name(type), who, id, refuse ? " refused" : "");
    wire_send_ack(fuzz->wires[who], type, id, refuse ? MQTT_UNSPECIFIED_ERROR : 0);
    if (type == MQTT_PUBREC && !refuse) {
        entry->state = ENTRY_RELEASED;
        expect_put(&client->releases, MQTT_PUBREL, id, 0);
    } else {
        entry_remove(&fuzz->model.sessions[who], entry);
    }
}

static void act_acknowledge(struct fuzz *fuzz, unsigned who)
{
    uint8_t choice = take(fuzz);
    struct model_session *session = &fuzz->model.sessions[who];
    struct model_entry *open[ENTRIES_MAX];
    size_t count = entries_open(session, open);
    if (count == 0)
        return;
    struct model_entry *entry = open[(choice & 15) % count];
    if ((choice >> 4 & 7) == 7 && entry->state == ENTRY_RELEASED) { /* PUBREC again */
        wire_send_ack(fuzz->wires[who], MQTT_PUBREC, entry->packet_id, 0);
        expect_put(&fuzz->model.clients[who].releases, MQTT_PUBREL, entry->packet_id, 0);
        return;
    }
    acknowledge(fuzz, who, entry, (choice >> 4 & 7) == 6);
}

/* Of a packet id that is not in flight, or of another handshake. */
static void act_acknowledge_wrongly(struct fuzz *fuzz, unsigned who)
{
    static const uint8_t types[] = {MQTT_PUBACK, MQTT_PUBREC, MQTT_PUBCOMP};
    uint8_t choice = take(fuzz), type = types[choice % 3];
    struct model_client *client = &fuzz->model.clients[who];
    struct model_entry *open[ENTRIES_MAX];
    size_t count = entries_open(&fuzz->model.sessions[who], open);
    uint16_t id = 60000;
    if (count > 0 && (choice & 64)) {
        const struct model_entry *entry = open[(choice >> 2 & 7) % count];
        id = entry->packet_id;
        if ((entry->qos == 1) == (type == MQTT_PUBACK) &&
            !(entry->qos == 2 && entry->state == ENTRY_SENT && type == MQTT_PUBCOMP))
            return; /* that would be right */
    }
    TRACE("wrong %s %u: %u\n", mqtt_type_name(type), who, id);
    wire_send_ack(fuzz->wires[who], type, id, 0);
    if (type == MQTT_PUBREC)
        expect_put(&client->releases, MQTT_PUBREL, id,
                   client->version == MQTT_5 ? MQTT_PACKET_ID_NOT_FOUND : 0);
}

/* ---- the house ---- */
static void act_advance(struct fuzz *fuzz)
{
    static const int64_t steps[] = {1300, 3700, 21300, 70700};
    int64_t step_ns = steps[take(fuzz) & 3] * NS_PER_MS;
    struct model *model = &fuzz->model;
    settle(fuzz);
    while (model_is_near(model, model->now_ns + step_ns, 3 * NS_PER_S))
        step_ns += 3 * NS_PER_S;
    TRACE("advance %.1f s\n", (double)step_ns / 1e9);
    model_advance(model, step_ns);
    house_advance(fuzz->house, step_ns);
    for (int i = 0; i < 4; i++) { /* the sweep: wills, then ends */
        house_settle(fuzz->house);
        house_advance(fuzz->house, 200 * NS_PER_MS);
    }
    model->now_ns = fuzz->house->clock.boot_ns;
    settle(fuzz);
}

/* The open batch is lost; or it was written, and nobody was told. */
static void act_crash(struct fuzz *fuzz)
{
    uint8_t choice = take(fuzz) % 3;
    if (fuzz->crashes == CRASHES_MAX)
        return;
    fuzz->crashes++;
    TRACE("crash: %s\n", choice == 0 ? "settled" : choice == 1 ? "lost" : "written");
    if (choice == 0)
        settle(fuzz);
    if (choice == 1)
        model_revert(&fuzz->model, &fuzz->saved);
    if (choice == 2)
        (void)engine_step(fuzz->house->engine);
    house_crash(fuzz->house);
    for (unsigned who = 0; who < CLIENTS; who++)
        fuzz->wires[who] = NULL;
    for (size_t i = 0; i < HOUSE_WIRES; i++)
        wire_free(&fuzz->house->wires[i]);
    model_crashed(&fuzz->model);
    settle(fuzz);
}

/* The open batch is lost with a failed write. Who has a session is cut off by the broker, the
 * others go by themselves: to all of them it is a crash. */
static void act_failed_write(struct fuzz *fuzz)
{
    struct test_house *house = fuzz->house;
    uint64_t before = engine_lost_generation(house->engine);
    (void)broker_step(house->broker); /* what can be sent is sent, and read */
    read_all(fuzz);
    if (fuzz->crashes == CRASHES_MAX || house_rests(house) ||
        model_is_near(&fuzz->model, house->clock.boot_ns, 8 * NS_PER_S))
        return;
    fuzz->crashes++;
    TRACE("a write fails\n");
    house->disk->fails = UINT64_MAX;
    for (int i = 0; i < 50 && engine_lost_generation(house->engine) == before; i++)
        (void)house_step(house);
    check(engine_lost_generation(house->engine) != before);
    (void)house_step(house);
    model_revert(&fuzz->model, &fuzz->saved);
    for (unsigned who = 0; who < CLIENTS; who++) {
        const struct wire *wire = fuzz->wires[who];
        check(!wire || wire->ended || !fuzz->model.sessions[who].connected ||
              fuzz->model.clients[who].expiry_s == 0);
        fuzz->wires[who] = NULL;
    }
    for (size_t i = 0; i < HOUSE_WIRES; i++)
        if (house->wires[i].in_use) {
            wire_vanish(&house->wires[i]);
            wire_free(&house->wires[i]);
        }
    model_crashed(&fuzz->model);
    house->disk->fails = 0;
    for (int i = 0; i < 3; i++) {
        house_advance(house, NS_PER_S);
        (void)house_step(house);
    }
    fuzz->model.now_ns = house->clock.boot_ns;
    settle(fuzz);
}

static void act_house(struct fuzz *fuzz, unsigned who, uint8_t choice)
{
    switch (choice % 10) {
    case 0:
        act_crash(fuzz);
        break;
    case 8:
        act_failed_write(fuzz);
        break;
    case 9: /* a later crash starts from it */
        TRACE("snapshot\n");
        (void)engine_snapshot_now(fuzz->house->engine);
        break;
    case 1:
    case 2:
        act_advance(fuzz);
        break;
    case 3:
        act_stranger(fuzz);
        break;
    case 4: /* deliveries go out though the disk is not asked */
        fuzz->unwritten = true;
        (void)broker_step(fuzz->house->broker);
        read_all(fuzz);
        fuzz->unwritten = false;
        break;
    case 5:
        if (fuzz->wires[who]) {
            TRACE("choke %u: %d\n", who, !fuzz->wires[who]->choked);
            wire_choke(fuzz->wires[who], !fuzz->wires[who]->choked);
            fuzz->model.clients[who].choked = fuzz->wires[who]->choked;
            fuzz->model.clients[who].was_choked = true;
            (void)broker_step(fuzz->house->broker); /* what was due to it is told now */
            read_all(fuzz);
        }
        break;
    default:
        settle(fuzz);
        break;
    }
}

static void act(struct fuzz *fuzz)
{
    uint8_t choice = take(fuzz);
    unsigned who = choice & 3, what = choice >> 2;
    if (!fuzz->wires[who] && what % 16 != 15) {
        act_connect(fuzz, who, what % 16 == 14);
        return;
    }
    switch (what % 16) {
    case 0:
        act_connect(fuzz, who, false);
        break;
    case 1:
        (what & 16 ? act_disconnect : act_vanish)(fuzz, who);
        break;
    case 2:
    case 3:
    case 4:
        act_subscribe(fuzz, who);
        break;
    case 5:
        act_unsubscribe(fuzz, who);
        break;
    case 6:
    case 7:
    case 8:
    case 9:
        act_publish(fuzz, who);
        break;
    case 10:
        act_release(fuzz, who);
        break;
    case 11:
    case 12:
    case 13:
        act_acknowledge(fuzz, who);
        break;
    case 14:
        (what & 32 ? act_garbage : act_acknowledge_wrongly)(fuzz, who);
        break;
    default:
        act_house(fuzz, who, take(fuzz));
        break;
    }
}

/* ---- the end ---- */
/* Everyone who has a session comes back, takes and acknowledges everything. */
static void drain(struct fuzz *fuzz)
{
    struct model *model = &fuzz->model;
    settle(fuzz);
    for (unsigned who = 0; who < CLIENTS; who++) {
        static const uint8_t gently[] = {0x34, 0, 0}; /* MQTT 5, resume, 1000 s, no limits */
        if (fuzz->wires[who])
            wire_choke(fuzz->wires[who], false);
        model->clients[who].choked = false;
        if (fuzz->wires[who] || !model->sessions[who].exists)
            continue;
        fuzz->at = gently;
        fuzz->end = gently + sizeof gently;
        act_connect(fuzz, who, false);
    }
    for (unsigned round = 0, left = 1; left > 0; round++) {
        left = 0;
        check(round < 4 * ENTRIES_MAX);
        settle(fuzz);
        for (unsigned who = 0; who < CLIENTS; who++) {
            struct model_entry *open[ENTRIES_MAX];
            if (fuzz->wires[who] && entries_open(&model->sessions[who], open) > 0) {
                acknowledge(fuzz, who, open[0], false);
                left++;
            }
        }
    }
    for (unsigned who = 0; who < CLIENTS; who++)
        model_all_was_got(model, who);
    model_shared_was_got(model);
}

/* A newcomer is given what is retained, all of it and nothing else. */
static void see_retained(struct fuzz *fuzz)
{
    static const char *const everything[] = {"#", "$s/#", "$x/#"};
    struct mqtt_subscription wanted[ARRAY_COUNT(everything)];
    struct wire *wire = wire_open(fuzz->house);
    struct packet packet;
    unsigned seen = 0;
    for (size_t i = 0; i < ARRAY_COUNT(everything); i++)
        wanted[i] = (struct mqtt_subscription){.filter = bytes_text(everything[i])};
    wire_send_connect(wire, &(struct mqtt_connect){.version = MQTT_5,
                                                   .clean_start = true,
                                                   .client_id = bytes_text("newcomer")});
    house_settle(fuzz->house);
    wire_send_filters(wire, MQTT_SUBSCRIBE, 1, 0, wanted, ARRAY_COUNT(everything));
    house_settle(fuzz->house);
    check(wire_next(wire, &packet) && packet.type == MQTT_CONNACK);
    check(wire_next(wire, &packet) && packet.type == MQTT_SUBACK);
    while (wire_next(wire, &packet)) {
        check(packet.type == MQTT_PUBLISH && packet.publish.retain);
        unsigned topic = topic_number(packet.publish.topic);
        unsigned message = model_retained(&fuzz->model, topic);
        check(message != 0 && !(seen >> topic & 1));
        check(
            bytes_equal(packet.publish.payload, bytes_text(fuzz->model.messages[message].payload)));
        seen |= 1u << topic;
    }
    for (unsigned topic = 0; topic < TOPICS; topic++)
        check((seen >> topic & 1) == (model_retained(&fuzz->model, topic) != 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static struct fuzz fuzz;
    fuzz = (struct fuzz){.at = at, .end = at + size};
    fuzz.house = house_create();
    model_init(&fuzz.model, fuzz.house->clock.boot_ns);
    fuzz.saved = fuzz.model;
    while (fuzz.at < fuzz.end && fuzz.actions++ < ACTIONS_MAX && model_has_room(&fuzz.model))
        act(&fuzz);
    drain(&fuzz);
    see_retained(&fuzz);
    house_destroy(fuzz.house);
    return 0;
}
