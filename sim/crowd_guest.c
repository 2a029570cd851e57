/* One imagined MQTT client. It does its part: what it has not got acknowledged it sends again with
 * the same packet id, what it got with QoS 2 it remembers until PUBREL. Answers it gives in any
 * order and as late as it likes. */
#include "crowd.h"
#include "wire/mqtt/mqtt.h"
#include "world.h"

#include <inttypes.h>
#include <string.h>

#define PACKET_BYTES (NOTE_BYTES_MAX + 512)
#define REQUEST_ID_FIRST 60000u
#define SENDING_IDS 50000u

static void guest_write(struct crowd *crowd, struct guest *guest, const uint8_t *at, size_t size)
{
    check(size > 0);
    pipe_write(crowd, guest->pipe, at, size);
}

/* ---- sessions ---- */
bool guest_has_session(const struct crowd *crowd, const struct guest *guest)
{
    if (!guest->kept || guest->session != SURE)
        return false;
    return guest->up || guest->faithful || guest->version != MQTT_5 ||
           (guest->lost_upheavals == crowd->upheavals &&
            crowd->world->clock.boot_ns < guest->kept_until_ns);
}

/* What the guest itself remembers goes. */
static void guest_forget(struct guest *guest)
{
    memset(guest->sendings, 0, sizeof guest->sendings);
    guest->held_count = 0;
}

static void guest_unsubscribed(struct guest *guest)
{
    memset(guest->subscriptions, 0, sizeof guest->subscriptions);
}

/* The session may be gone: nothing of it is promised any more. */
static void guest_doubt(struct crowd *crowd, struct guest *guest)
{
    dues_waive(crowd, guest, FILTERS);
    guest->session = PERHAPS;
    for (unsigned i = 0; i < FILTERS; i++)
        if (guest->subscriptions[i].state == SURE)
            guest->subscriptions[i].state = PERHAPS;
}

static void guest_begin_anew(struct crowd *crowd, struct guest *guest)
{
    guest_doubt(crowd, guest);
    guest_forget(guest);
    guest->begins_anew = true;
}

/* Nobody knows whether a CONNECT without CONNACK came in time for a will that was delayed. */
static void guest_doubt_wills(struct crowd *crowd, const struct guest *guest)
{
    for (uint32_t number = 1; number <= crowd->note_count; number++) {
        struct note *note = &crowd->notes[number];
        if (note->is_will && note->publisher == guest->number && note->will == WILL_DUE &&
            note->will_delay_s > 0)
            note->will = WILL_PERHAPS;
    }
}

/* Until when the session is there for sure, if the house does not fail meanwhile. */
static void guest_keeps(const struct crowd *crowd, struct guest *guest, bool was_up)
{
    int64_t from_ns = guest->ended_ns ? guest->ended_ns : crowd->world->clock.boot_ns;
    int64_t until_ns = from_ns + ((int64_t)guest->expiry_s - 2) * NS_PER_S;
    if (was_up || until_ns < guest->kept_until_ns) /* else the CONNECT may not have come */
        guest->kept_until_ns = until_ns;
    guest->ended_ns = 0;
}

void guest_lost(struct crowd *crowd, struct guest *guest)
{
    bool was_up = guest->up;
    guest->pipe = NULL;
    guest->up = false;
    guest->answer_count = 0;
    guest->unacknowledged = 0;
    guest_keeps(crowd, guest, was_up);
    guest->lost_upheavals = crowd->upheavals;
    crowd->counts->losses++;
    crowd_tell(crowd, "%s has no connection any more, boot clock %" PRId64 " ms", guest->id,
               crowd->world->clock.boot_ns / NS_PER_MS);
    for (unsigned i = 0; i < SENDINGS; i++)
        guest->sendings[i].wire = 0;
    memset(guest->wanted, 0, sizeof guest->wanted);
    if (guest->request.type != 0)
        guest->subscriptions[guest->request.filter].state = PERHAPS;
    guest->request.type = 0;
    if (crowd->sabotage == CROWD_HELD_FORGOTTEN)
        guest->held_count = 0;
    if (!was_up)
        guest_doubt_wills(crowd, guest);
    /* The session it asked for may be another than that it remembers. */
    if (!was_up && guest->expected == PERHAPS && !guest->faithful)
        guest_begin_anew(crowd, guest);
    if (guest->kept)
        return;
    dues_waive(crowd, guest, FILTERS);
    if (was_up) {
        guest_forget(guest);
        guest->session = NO;
        guest_unsubscribed(guest);
    }
}

/* ---- CONNECT ---- */
static uint32_t connect_will(struct crowd *crowd, struct guest *guest, struct mqtt_will *will,
                             char *topic, char *payload)
{
    struct random *random = &crowd->random;
    unsigned number = guest->number * TOPICS_OF_GUEST + TOPICS_OF_GUEST - 1;
    uint8_t qos = (uint8_t)random_below(random, 3);
    uint32_t note = !crowd->farewell && random_one_in(random, 2)
                        ? note_make(crowd, guest, number, qos, true)
                        : NOTE_NONE;
    if (note == NOTE_NONE)
        return NOTE_NONE;
    will->present = true;
    will->qos = qos;
    will->topic = bytes_of(topic, topic_text(number, topic, 32));
    will->payload = bytes_of(payload, note_payload(crowd, note, payload));
    if (guest->version == MQTT_5 && random_one_in(random, 2)) {
        uint32_t delay = 1 + (uint32_t)random_below(random, 20);
        will->properties.has = UINT64_C(1) << 24;
        will->properties.will_delay_s = delay;
        crowd->notes[note].will_delay_s = guest->kept ? delay : 0;
    }
    note_sent(crowd, note);
    crowd->notes[note].will = WILL_ASKED;
    return note;
}

static void connect_session(struct crowd *crowd, struct guest *guest, bool clean, bool kept)
{
    guest->expected = clean                             ? NO
                      : guest_has_session(crowd, guest) ? SURE
                      : guest->session == NO            ? NO
                                                        : PERHAPS;
    if (clean || !kept) {
        guest_doubt(crowd, guest);
        if (clean)
            guest_forget(guest);
    } else if (guest->session == NO) {
        guest->session = PERHAPS;
    }
    guest->kept = kept;
    guest->clean = clean;
    guest->begins_anew = clean;
}

static void connect_limits(struct crowd *crowd, struct guest *guest,
                           struct mqtt_properties *properties)
{
    struct random *random = &crowd->random;
    memset(guest->aliases_in, 0, sizeof guest->aliases_in);
    memset(guest->aliases_out, 0, sizeof guest->aliases_out);
    guest->alias_max = guest->server_alias_max = 0;
    guest->packet_max = UINT32_MAX;
    if (guest->version == MQTT_5 && random_one_in(random, 2)) {
        guest->alias_max = (uint16_t)(1 + random_below(random, ALIASES));
        properties->has |= UINT64_C(1) << 34;
        properties->topic_alias_maximum = guest->alias_max;
    }
    if (guest->packets_small) {
        guest->packet_max = 1000;
        properties->has |= UINT64_C(1) << 39;
        properties->maximum_packet_size = guest->packet_max;
    }
}

void guest_connect(struct crowd *crowd, struct guest *guest, bool clean, bool kept)
{
    char topic[32], payload[NOTE_BYTES_MAX];
    uint8_t packet[PACKET_BYTES];
    struct mqtt_connect connect = {
        .version = guest->version, .clean_start = clean, .client_id = bytes_text(guest->id)};
    guest->pipe = pipe_open(crowd, guest);
    if (!guest->pipe)
        return;
    connect_session(crowd, guest, clean, kept);
    guest->expiry_s = EXPIRY_NEVER;
    guest->receive_max = UINT16_MAX;
    guest->server_receive_max = UINT16_MAX;
    if (guest->version == MQTT_5 && kept) {
        if (!guest->faithful)
            guest->expiry_s = 20 + (uint32_t)random_below(&crowd->random, 600);
        connect.properties.has |= UINT64_C(1) << 17;
        connect.properties.session_expiry_s = guest->expiry_s;
    }
    connect_limits(crowd, guest, &connect.properties);
    if (guest->version == MQTT_5 && random_one_in(&crowd->random, 2)) {
        guest->receive_max = (uint16_t)(1 + random_below(&crowd->random, 12));
        connect.properties.has |= UINT64_C(1) << 33;
        connect.properties.receive_maximum = guest->receive_max;
    }
    guest->wire = guest->answered = 0;
    guest->ended_ns = 0;
    guest->pipe->will = connect_will(crowd, guest, &connect.will, topic, payload);
    guest_write(crowd, guest, packet, mqtt_connect_put(packet, sizeof packet, &connect));
    crowd->counts->connects++;
    crowd_tell(crowd, "%s connects%s%s, boot clock %" PRId64 " ms, session kept %" PRIu32 " s",
               guest->id, clean ? ", clean" : "", kept ? ", kept" : "",
               crowd->world->clock.boot_ns / NS_PER_MS, kept ? guest->expiry_s : 0);
}

void guest_disconnect(struct crowd *crowd, struct guest *guest)
{
    uint8_t packet[64];
    struct pipe *pipe = guest->pipe;
    struct mqtt_disconnect disconnect = {.reason = MQTT_SUCCESS};
    size_t size;
    pipe->goodbye = true;
    if (guest->version == MQTT_5 && random_one_in(&crowd->random, 4)) {
        disconnect.reason = MQTT_DISCONNECT_WITH_WILL;
        pipe->goodbye = false;
    }
    bool ends = guest->version == MQTT_5 && guest->kept && !guest->faithful &&
                random_one_in(&crowd->random, 4);
    if (ends)
        disconnect.properties.has = UINT64_C(1) << 17;
    if (guest->version == MQTT_5)
        size = mqtt_disconnect_put(packet, sizeof packet, MQTT_5, &disconnect);
    else
        size = mqtt_empty_put(packet, sizeof packet, MQTT_DISCONNECT);
    guest_write(crowd, guest, packet, size);
    pipe->ends_session = ends;
    pipe->guest = NULL;
    guest_lost(crowd, guest);
    if (ends)
        guest_begin_anew(crowd, guest);
}

/* ---- publishing ---- */
/* A new alias with the topic, or a known one without; mostly none. */
static void sending_alias(struct crowd *crowd, struct guest *guest, const struct note *note,
                          struct mqtt_publish *publish)
{
    uint16_t most = guest->server_alias_max < ALIASES ? guest->server_alias_max : ALIASES;
    if (most == 0 || random_one_in(&crowd->random, 2))
        return;
    uint16_t alias = (uint16_t)random_below(&crowd->random, most);
    publish->properties.has |= UINT64_C(1) << 35;
    publish->properties.topic_alias = (uint16_t)(alias + 1);
    if (guest->aliases_out[alias] == note->topic + 1)
        publish->topic = bytes_of("", 0);
    guest->aliases_out[alias] = (uint8_t)(note->topic + 1);
}

static void sending_write(struct crowd *crowd, struct guest *guest, struct sending *sending,
                          bool dup)
{
    char topic[32], payload[NOTE_BYTES_MAX];
    uint8_t packet[PACKET_BYTES];
    const struct note *note = &crowd->notes[sending->note];
    struct mqtt_publish publish = {
        .dup = dup, .retain = note->retain, .qos = note->qos, .packet_id = sending->packet_id};
    publish.topic = bytes_of(topic, topic_text(note->topic, topic, sizeof topic));
    publish.payload = bytes_of(payload, note_payload(crowd, sending->note, payload));
    if (note->expires) {
        publish.properties.has = UINT64_C(1) << 2;
        publish.properties.message_expiry_s = 1 + (uint32_t)random_below(&crowd->random, 30);
    }
    sending_alias(crowd, guest, note, &publish);
    sending->wire = ++guest->wire;
    note_sent(crowd, sending->note);
    guest_write(crowd, guest, packet,
                mqtt_publish_put(packet, sizeof packet, guest->version, &publish));
}

static void release_write(struct crowd *crowd, struct guest *guest, struct sending *sending)
{
    uint8_t packet[16];
    struct mqtt_ack ack = {.packet_id = sending->packet_id};
    sending->release_told = true;
    guest_write(crowd, guest, packet,
                mqtt_ack_put(packet, sizeof packet, guest->version, MQTT_PUBREL, &ack));
}

void guest_release(struct crowd *crowd, struct guest *guest)
{
    for (unsigned i = 0; i < SENDINGS; i++) {
        struct sending *sending = &guest->sendings[i];
        if (sending->state == SENDING_RELEASE && !sending->release_told)
            release_write(crowd, guest, sending);
    }
}

static struct sending *sending_find(struct guest *guest, uint16_t packet_id)
{
    for (unsigned i = 0; i < SENDINGS; i++)
        if (guest->sendings[i].state != SENDING_FREE && guest->sendings[i].packet_id == packet_id)
            return &guest->sendings[i];
    return NULL;
}

static struct sending *sending_new(struct guest *guest)
{
    struct sending *found = NULL;
    unsigned used = 0;
    for (unsigned i = 0; i < SENDINGS; i++) {
        if (guest->sendings[i].state == SENDING_FREE)
            found = &guest->sendings[i];
        else
            used++;
    }
    if (!found || used >= guest->server_receive_max)
        return NULL;
    do
        guest->next_id = (uint16_t)(guest->next_id % SENDING_IDS + 1);
    while (sending_find(guest, guest->next_id));
    *found = (struct sending){
        .state = SENDING_PUBLISH, .packet_id = guest->next_id, .order = ++guest->order};
    return found;
}

void guest_publish(struct crowd *crowd, struct guest *guest)
{
    struct random *random = &crowd->random;
    uint8_t qos = (uint8_t)random_below(random, 3);
    unsigned topic =
        guest->number * TOPICS_OF_GUEST + (unsigned)random_below(random, TOPICS_OF_GUEST - 1);
    struct sending once = {.packet_id = 0};
    struct sending *sending = qos > 0 ? sending_new(guest) : &once;
    if (!sending)
        return;
    sending->note = note_make(crowd, guest, topic, qos, false);
    if (sending->note == NOTE_NONE) {
        sending->state = SENDING_FREE;
        return;
    }
    for (unsigned i = 0; i < GUESTS && crowd->notes[sending->note].clear; i++)
        crowd->guests[i].wanted[topic] = NOTE_NONE;
    sending_write(crowd, guest, sending, false);
}

/* After CONNACK: what is not complete, in the order in which it was begun. */
static void sendings_again(struct crowd *crowd, struct guest *guest)
{
    uint64_t after = 0;
    for (;;) {
        struct sending *next = NULL;
        for (unsigned i = 0; i < SENDINGS; i++) {
            struct sending *sending = &guest->sendings[i];
            if (sending->state != SENDING_FREE && sending->order > after &&
                (!next || sending->order < next->order))
                next = sending;
        }
        if (!next)
            return;
        after = next->order;
        if (next->state == SENDING_PUBLISH)
            sending_write(crowd, guest, next, true);
        else
            release_write(crowd, guest, next);
    }
}

/* ---- SUBSCRIBE, UNSUBSCRIBE ---- */
/* The retained notes that a new subscription is to bring. */
static bool retained_may_come(const struct guest *guest, unsigned topic)
{
    for (unsigned i = 0; i < FILTERS; i++)
        if (guest->subscriptions[i].possible && filter_finds(i, topic))
            return true;
    return false;
}

static void subscribe_expect(struct crowd *crowd, struct guest *guest, unsigned filter,
                             bool retained)
{
    for (unsigned topic = 0; topic < TOPICS; topic++) {
        uint32_t number = crowd->retained_acknowledged[topic];
        if (topic_kind(topic) != TOPIC_RETAINED || !filter_finds(filter, topic) ||
            number == NOTE_NONE)
            continue;
        if (!guest->kept && !retained_may_come(guest, topic))
            guest->floor[topic] = number;
        bool still = retained && !crowd->notes[number].clear &&
                     crowd->notes[number].state == NOTE_ACKNOWLEDGED &&
                     crowd->notes[number].publisher != guest->number && !crowd->memory_small &&
                     crowd->notes[number].sent == 1; /* else one before it may lie there again */
        for (uint32_t later = number + 1; still && later <= crowd->note_count; later++)
            still = crowd->notes[later].topic != topic;
        if (still)
            guest->wanted[topic] = number;
    }
}

static unsigned subscribe_choose(struct crowd *crowd, const struct guest *guest)
{
    unsigned filter = (unsigned)random_below(&crowd->random, FILTERS);
    bool group = filter == FILTER_GROUP_KEPT || filter == FILTER_GROUP_MIXED;
    if (group && guest->version != MQTT_5)
        return 0; /* its deliveries would not tell the group */
    if (filter == FILTER_GROUP_KEPT && !guest->faithful)
        return FILTER_GROUP_MIXED;
    return filter;
}

/* From now on until SUBACK nobody knows with which QoS notes come. */
static void dues_unsure(struct crowd *crowd, struct guest *guest, unsigned filter)
{
    for (uint32_t number = 1; number <= crowd->note_count; number++)
        if (!crowd->notes[number].settled && guest->dues[number].sure &&
            filter_finds(filter, crowd->notes[number].topic)) {
            guest->dues[number].sure = 0;
            guest->dues[number].in_order = 0;
        }
}

void guest_subscribe(struct crowd *crowd, struct guest *guest)
{
    struct random *random = &crowd->random;
    uint8_t packet[128];
    if (guest->request.type != 0)
        return;
    unsigned filter = subscribe_choose(crowd, guest);
    struct subscribed *subscribed = &guest->subscriptions[filter];
    bool group = filter == FILTER_GROUP_KEPT || filter == FILTER_GROUP_MIXED;
    bool leave =
        subscribed->state == SURE && filter != FILTER_GROUP_KEPT && random_one_in(random, 4);
    if (filter == FILTER_GROUP_KEPT && subscribed->state == SURE)
        return;
    struct mqtt_subscription wanted = {.filter = bytes_text(filter_text(filter)),
                                       .qos = (uint8_t)random_below(random, 3)};
    struct mqtt_properties properties = {.has = 0};
    if (filter == FILTER_GROUP_KEPT)
        wanted.qos = 2;
    if (guest->version == MQTT_5 && !leave) {
        properties.has = UINT64_C(1) << 11;
        properties.subscription_id = filter + 1;
        wanted.retain_handling =
            (uint8_t)(random_one_in(random, 3) ? 1 + random_below(random, 2) : 0);
        wanted.retain_as_published = random_one_in(random, 4);
        wanted.no_local = !group && random_one_in(random, 6);
    }
    guest->request.type = leave ? MQTT_UNSUBSCRIBE : MQTT_SUBSCRIBE;
    guest->request.packet_id = (uint16_t)(REQUEST_ID_FIRST + guest->requests++ % 1000);
    guest->request.filter = filter;
    guest->request.qos = wanted.qos;
    guest->request.no_local = wanted.no_local;
    subscribed->retain_as_published = subscribed->retain_as_published || wanted.retain_as_published;
    if (leave) {
        dues_waive(crowd, guest, filter);
    } else {
        dues_unsure(crowd, guest, filter);
        guest->retained_asked++;
        subscribe_expect(crowd, guest, filter, !group && wanted.retain_handling == 0);
        subscribed->possible = true;
    }
    subscribed->state = PERHAPS;
    crowd_tell(crowd, "%s %s %s with QoS %u%s", guest->id, leave ? "leaves" : "subscribes to",
               filter_text(filter), wanted.qos, wanted.no_local ? ", no local" : "");
    guest_write(crowd, guest, packet,
                mqtt_filters_put(packet, sizeof packet, guest->version, guest->request.type,
                                 guest->request.packet_id, &properties, &wanted, 1));
}

static void take_suback(struct crowd *crowd, struct guest *guest, const struct mqtt_frame *frame)
{
    struct mqtt_suback suback;
    uint8_t reason = mqtt_suback_get(frame, guest->version, &suback);
    bool leave = frame->type == MQTT_UNSUBACK;
    if (reason != 0 || suback.packet_id != guest->request.packet_id ||
        guest->request.type != (leave ? MQTT_UNSUBSCRIBE : MQTT_SUBSCRIBE))
        crowd_fail(crowd, "%s gets a %s that it does not wait for", guest->id,
                   mqtt_type_name(frame->type));
    struct subscribed *subscribed = &guest->subscriptions[guest->request.filter];
    guest->request.type = 0;
    uint8_t answer = suback.reasons.size > 0 ? suback.reasons.at[0] : 0;
    if (answer >= 0x80) { /* refused: as it was, and nobody knows how that is */
        memset(guest->wanted, 0, sizeof guest->wanted);
        return;
    }
    subscribed->state = leave ? NO : SURE;
    if (leave)
        return;
    if (answer != guest->request.qos)
        crowd_fail(crowd, "%s subscribed with QoS %u, granted is %u", guest->id, guest->request.qos,
                   answer);
    subscribed->qos = answer;
    crowd_tell(crowd, "%s is subscribed to %s", guest->id, filter_text(guest->request.filter));
    subscribed->no_local = guest->request.no_local;
}

/* ---- answers to what was published ---- */
/* PUBACK and PUBREC come in the order of the messages [MQTT-4.6.0-2]. */
static void sending_answered(struct crowd *crowd, struct guest *guest,
                             const struct sending *sending, uint8_t type)
{
    if (sending->wire <= guest->answered)
        crowd_fail(crowd, "%s gets %s of packet %u out of turn", guest->id, mqtt_type_name(type),
                   sending->packet_id);
    guest->answered = sending->wire;
}

static void take_ack(struct crowd *crowd, struct guest *guest, const struct mqtt_frame *frame)
{
    struct mqtt_ack ack;
    uint8_t reason = mqtt_ack_get(frame, guest->version, &ack);
    struct sending *sending = reason == 0 ? sending_find(guest, ack.packet_id) : NULL;
    bool good = ack.reason < 0x80;
    if (!sending || (frame->type == MQTT_PUBACK) != (crowd->notes[sending->note].qos == 1))
        crowd_fail(crowd, "%s gets %s of packet %u, which is not under way", guest->id,
                   mqtt_type_name(frame->type), ack.packet_id);
    if (frame->type == MQTT_PUBCOMP) {
        if (sending->state != SENDING_RELEASE || !sending->release_told)
            crowd_fail(crowd, "%s gets PUBCOMP of packet %u before PUBREL", guest->id,
                       ack.packet_id);
        sending->state = SENDING_FREE;
        return;
    }
    if (sending->state == SENDING_RELEASE)
        crowd_fail(crowd, "%s gets a second PUBREC of packet %u", guest->id, ack.packet_id);
    sending_answered(crowd, guest, sending, frame->type);
    crowd_tell(crowd, "note %" PRIu32 " is answered with %u", sending->note, ack.reason);
    if (good)
        note_acknowledged(crowd, sending->note);
    else
        note_refused(crowd, sending->note);
    sending->state = good && frame->type == MQTT_PUBREC ? SENDING_RELEASE : SENDING_FREE;
    sending->release_told = false;
    if (sending->state == SENDING_RELEASE && random_one_in(&crowd->random, 2))
        release_write(crowd, guest, sending);
}

/* ---- what comes ---- */
static void answer_put(struct guest *guest, uint8_t type, uint16_t packet_id)
{
    check(guest->answer_count < HELD_MAX);
    guest->answers[guest->answer_count++] = (struct answer){.type = type, .packet_id = packet_id};
}

void guest_answer(struct crowd *crowd, struct guest *guest)
{
    uint8_t packet[16];
    if (guest->answer_count == 0)
        return;
    size_t at = random_below(&crowd->random, guest->answer_count);
    struct answer answer = guest->answers[at];
    guest->answers[at] = guest->answers[--guest->answer_count];
    struct mqtt_ack ack = {.packet_id = answer.packet_id};
    if (answer.type != MQTT_PUBREC && guest->unacknowledged > 0)
        guest->unacknowledged--;
    guest_write(crowd, guest, packet,
                mqtt_ack_put(packet, sizeof packet, guest->version, answer.type, &ack));
}

static struct held *held_find(struct guest *guest, uint16_t packet_id)
{
    for (size_t i = 0; i < guest->held_count; i++)
        if (guest->held[i].packet_id == packet_id)
            return &guest->held[i];
    return NULL;
}

static void take_groups(const struct mqtt_publish *publish, struct delivered *delivered)
{
    size_t offset = 0;
    uint32_t id;
    while (mqtt_subscription_id(publish->properties.raw, &offset, &id)) {
        delivered->grouped[0] = delivered->grouped[0] || id == FILTER_GROUP_KEPT + 1;
        delivered->grouped[1] = delivered->grouped[1] || id == FILTER_GROUP_MIXED + 1;
    }
}

/* The topic that an alias stands for. */
static struct bytes take_alias(struct crowd *crowd, struct guest *guest,
                               const struct mqtt_publish *publish, char text[32])
{
    uint16_t alias = publish->properties.topic_alias;
    if (!MQTT_HAS(&publish->properties, 35))
        return publish->topic;
    if (alias == 0 || alias > guest->alias_max)
        crowd_fail(crowd, "%s gets topic alias %u, takes %u", guest->id, alias, guest->alias_max);
    for (unsigned topic = 0; publish->topic.size > 0 && topic < TOPICS; topic++) {
        size_t size = topic_text(topic, text, 32);
        if (bytes_equal(publish->topic, bytes_of(text, size)))
            guest->aliases_in[alias - 1] = (uint8_t)(topic + 1);
    }
    if (publish->topic.size > 0)
        return publish->topic;
    if (guest->aliases_in[alias - 1] == 0)
        crowd_fail(crowd, "%s gets topic alias %u, which was never set", guest->id, alias);
    return bytes_of(text, topic_text(guest->aliases_in[alias - 1] - 1u, text, 32));
}

static void take_publish(struct crowd *crowd, struct guest *guest, const struct mqtt_frame *frame)
{
    struct mqtt_publish publish;
    uint32_t number = NOTE_NONE;
    uint8_t reason = mqtt_publish_get(frame, guest->version, &publish);
    if (reason != 0)
        crowd_fail(crowd, "%s gets a malformed PUBLISH: %s", guest->id, mqtt_reason_text(reason));
    char topic[32];
    struct delivered delivered = {.topic = take_alias(crowd, guest, &publish, topic),
                                  .payload = publish.payload,
                                  .qos = publish.qos,
                                  .dup = publish.dup,
                                  .retain = publish.retain};
    take_groups(&publish, &delivered);
    if (publish.qos > 0 && ++guest->unacknowledged > guest->receive_max)
        crowd_fail(crowd, "%s takes %u unacknowledged messages, gets more", guest->id,
                   guest->receive_max);
    if (publish.qos > 0)
        crowd_tell(crowd, "%s: packet %u", guest->id, publish.packet_id);
    struct held *held = publish.qos == 2 ? held_find(guest, publish.packet_id) : NULL;
    if (held) {
        number = note_parse(crowd, publish.payload);
        if (number != held->note)
            crowd_fail(crowd, "%s: packet id %u was note %" PRIu32 ", is %" PRIu32, guest->id,
                       publish.packet_id, held->note, number);
    } else {
        note_delivered(crowd, guest, &delivered, &number);
    }
    if (publish.qos == 1)
        answer_put(guest, MQTT_PUBACK, publish.packet_id);
    if (publish.qos != 2)
        return;
    answer_put(guest, MQTT_PUBREC, publish.packet_id);
    if (held)
        return;
    check(guest->held_count < HELD_MAX);
    guest->held[guest->held_count++] =
        (struct held){.packet_id = publish.packet_id, .note = number};
}

static void take_release(struct crowd *crowd, struct guest *guest, const struct mqtt_frame *frame)
{
    struct mqtt_ack ack;
    if (mqtt_ack_get(frame, guest->version, &ack) != 0)
        crowd_fail(crowd, "%s gets a malformed PUBREL", guest->id);
    struct held *held = held_find(guest, ack.packet_id);
    if (held)
        *held = guest->held[--guest->held_count];
    answer_put(guest, MQTT_PUBCOMP, ack.packet_id);
}

/* A will that was delayed is not published when its client came back in time. */
static void connack_wills(struct crowd *crowd, const struct guest *guest, bool present)
{
    for (uint32_t number = 1; number <= crowd->note_count; number++) {
        struct note *note = &crowd->notes[number];
        if (!note->is_will || note->publisher != guest->number || note->will != WILL_DUE ||
            note->will_delay_s == 0 || note->settled)
            continue;
        if (!present)
            note->will_delay_s = 0; /* its session is over */
        else if (note->unmade == crowd->upheavals && crowd->world->clock.boot_ns < note->due_ns)
            note->will = WILL_VOID;
        else
            note->will = WILL_PERHAPS;
    }
}

/* A session that was over meanwhile, and begun by a CONNECT without CONNACK, knows nothing of what
 * was sent before it: the house cannot tell that it comes again, nor can the guest. */
static void sendings_doubt(struct crowd *crowd, const struct guest *guest)
{
    for (unsigned i = 0; i < SENDINGS; i++) {
        const struct sending *sending = &guest->sendings[i];
        if (sending->state == SENDING_PUBLISH && crowd->notes[sending->note].qos == 2)
            crowd->notes[sending->note].repeats++;
    }
}

static void take_connack(struct crowd *crowd, struct guest *guest, const struct mqtt_frame *frame)
{
    struct mqtt_connack connack;
    if (mqtt_connack_get(frame, guest->version, &connack) != 0 || guest->up)
        crowd_fail(crowd, "%s gets a CONNACK that it does not wait for", guest->id);
    if (connack.reason != 0)
        return; /* the connection ends */
    bool present = connack.session_present;
    if (guest->version == MQTT_3_1) /* which has no such flag */
        present = guest->expected == SURE;
    if (guest->expected == SURE && !guest_has_session(crowd, guest))
        guest->expected = PERHAPS; /* its CONNECT took long */
    if ((guest->expected == SURE && !present) || (guest->expected == NO && present))
        crowd_fail(crowd, "%s (%s, %s): session present is %d", guest->id,
                   guest->clean ? "clean start" : "going on", guest->kept ? "kept" : "not kept",
                   present);
    if (guest->version == MQTT_5 && MQTT_HAS(&connack.properties, 34))
        guest->server_alias_max = connack.properties.topic_alias_maximum;
    if (present && guest->expected == PERHAPS)
        sendings_doubt(crowd, guest);
    guest->up = true;
    guest->begins_anew = false;
    guest->session = SURE;
    crowd_tell(crowd, "%s is connected%s", guest->id, present ? ", with its session" : "");
    if (guest->version == MQTT_5 && MQTT_HAS(&connack.properties, 33))
        guest->server_receive_max = connack.properties.receive_maximum;
    uint32_t will = guest->pipe->will;
    connack_wills(crowd, guest, present);
    if (will != NOTE_NONE && crowd->notes[will].will == WILL_ASKED)
        crowd->notes[will].will = WILL_HELD;
    if (!present) {
        dues_waive(crowd, guest, FILTERS);
        guest_forget(guest);
        guest_unsubscribed(guest);
    }
    sendings_again(crowd, guest);
}

void guest_packet(struct crowd *crowd, struct guest *guest, const struct mqtt_frame *frame)
{
    if (frame->packet_bytes > guest->packet_max)
        crowd_fail(crowd, "%s takes packets of %u bytes, gets %zu", guest->id, guest->packet_max,
                   frame->packet_bytes);
    if (!guest->up && frame->type != MQTT_CONNACK)
        crowd_fail(crowd, "%s gets %s before CONNACK", guest->id, mqtt_type_name(frame->type));
    switch (frame->type) {
    case MQTT_CONNACK:
        take_connack(crowd, guest, frame);
        break;
    case MQTT_PUBLISH:
        take_publish(crowd, guest, frame);
        break;
    case MQTT_PUBREL:
        take_release(crowd, guest, frame);
        break;
    case MQTT_SUBACK:
    case MQTT_UNSUBACK:
        take_suback(crowd, guest, frame);
        break;
    case MQTT_PUBACK:
    case MQTT_PUBREC:
    case MQTT_PUBCOMP:
        take_ack(crowd, guest, frame);
        break;
    case MQTT_DISCONNECT: /* the connection ends */
    case MQTT_PINGRESP:
        break;
    default:
        crowd_fail(crowd, "%s gets %s", guest->id, mqtt_type_name(frame->type));
    }
}
