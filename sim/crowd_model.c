/* What was promised to whom. A note is owed to a guest when the guest's subscriptions matched it
 * for sure from its first sending on, and its publisher was acknowledged, or anybody saw it. */
#include "crowd.h"
#include "topics/topics.h"
#include "wire/mqtt/mqtt.h"
#include "world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void crowd_tell(const struct crowd *crowd, const char *format, ...)
{
    if (!crowd->world->verbose)
        return;
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "  operation %" PRIu64 ": ", crowd->world->counts.operations);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

_Noreturn void crowd_fail(struct crowd *crowd, const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    world_fail(crowd->world, "MQTT: %s", text);
}

/* ---- topics and filters ---- */
enum topic_kind topic_kind(unsigned topic)
{
    static const uint8_t kinds[TOPICS_OF_GUEST] = {TOPIC_PLAIN,    TOPIC_PLAIN,    TOPIC_PLAIN,
                                                   TOPIC_RETAINED, TOPIC_RETAINED, TOPIC_SHARED,
                                                   TOPIC_SHARED,   TOPIC_WILL};
    return (enum topic_kind)kinds[topic % TOPICS_OF_GUEST];
}

static bool topic_is_reading(unsigned topic)
{
    return topic % TOPICS_OF_GUEST == 0;
}

size_t topic_text(unsigned topic, char *text, size_t size)
{
    static const char *const forms[TOPICS_OF_GUEST] = {"m/%u/0", "m/%u/1", "m/%u/2", "r/%u/0",
                                                       "r/%u/1", "s/%u/0", "s/%u/1", "w/%u"};
    const char *form = forms[topic % TOPICS_OF_GUEST];
    unsigned guest = topic / TOPICS_OF_GUEST;
    return (size_t)snprintf(text, size, "%c/%u%s", form[0], guest, form[4] == '/' ? form + 4 : "");
}

static const char *const filters[FILTERS] = {
    "m/#",   "m/+/0", "m/+/1", "r/#", "r/+/0", "w/#", "$share/kept/s/#", "$share/mixed/s/+/0",
    "m/+/+", "m/1/#"};

const char *filter_text(unsigned filter)
{
    return filters[filter];
}

static bool filter_is_group(unsigned filter)
{
    return filter == FILTER_GROUP_KEPT || filter == FILTER_GROUP_MIXED;
}

bool filter_finds(unsigned filter, unsigned topic)
{
    char text[32];
    size_t size = topic_text(topic, text, sizeof text);
    const char *plain = filter == FILTER_GROUP_KEPT    ? "s/#"
                        : filter == FILTER_GROUP_MIXED ? "s/+/0"
                                                       : filters[filter];
    return topic_matches(bytes_of(text, size), bytes_text(plain));
}

/* ---- notes ---- */
static uint8_t sure_of(const struct guest *guest, const struct note *note)
{
    uint8_t sure = 0;
    if (!guest->kept && !guest->up)
        return 0;
    for (unsigned i = 0; i < FILTERS; i++) {
        const struct subscribed *subscription = &guest->subscriptions[i];
        if (subscription->state != SURE || filter_is_group(i) || !filter_finds(i, note->topic) ||
            (subscription->no_local && note->publisher == guest->number))
            continue;
        uint8_t qos = subscription->qos < note->qos ? subscription->qos : note->qos;
        if (qos + 1 > sure)
            sure = (uint8_t)(qos + 1);
    }
    return sure;
}

static bool group_is_sure(const struct crowd *crowd, const struct note *note)
{
    if (topic_kind(note->topic) != TOPIC_SHARED || note->qos == 0)
        return false;
    for (unsigned i = 0; i < GUESTS_FAITHFUL; i++) {
        const struct subscribed *member = &crowd->guests[i].subscriptions[FILTER_GROUP_KEPT];
        if (member->state == SURE && member->qos > 0)
            return true;
    }
    return false;
}

uint32_t note_make(struct crowd *crowd, const struct guest *publisher, unsigned topic, uint8_t qos,
                   bool is_will)
{
    if (crowd->note_count + 1 >= NOTES_MAX)
        return NOTE_NONE;
    uint32_t number = ++crowd->note_count;
    struct note *note = &crowd->notes[number];
    *note = (struct note){.publisher = (uint8_t)publisher->number,
                          .topic = (uint8_t)topic,
                          .qos = qos,
                          .is_will = is_will,
                          .retain = topic_kind(topic) == TOPIC_RETAINED};
    note->clear = note->retain && random_one_in(&crowd->random, 12);
    note->expires = !note->retain && !is_will && publisher->version == MQTT_5 &&
                    random_one_in(&crowd->random, 25);
    note->size = (uint16_t)(16 + random_below(&crowd->random, 48));
    if (random_one_in(&crowd->random, 12))
        note->size = (uint16_t)(16 + random_below(&crowd->random, NOTE_BYTES_MAX - 16));
    for (unsigned i = 0; i < GUESTS; i++) {
        struct due *due = &crowd->guests[i].dues[number];
        due->sure = sure_of(&crowd->guests[i], note);
        due->in_order = due->sure;
    }
    note->group_sure = group_is_sure(crowd, note);
    crowd->counts->notes++;
    return number;
}

size_t note_payload(const struct crowd *crowd, uint32_t number, char *text)
{
    const struct note *note = &crowd->notes[number];
    if (note->clear)
        return 0;
    if (topic_is_reading(note->topic))
        return (size_t)snprintf(text, NOTE_BYTES_MAX, "{\"n\":%" PRIu32 "}", number);
    size_t size = (size_t)snprintf(text, NOTE_BYTES_MAX, "note %" PRIu32 " ", number);
    while (size < note->size) {
        text[size] = (char)('a' + (size * 7 + number) % 26);
        size++;
    }
    return size;
}

uint32_t note_parse(const struct crowd *crowd, struct bytes payload)
{
    char wanted[NOTE_BYTES_MAX];
    uint32_t number = 0;
    if (payload.size < 6 || payload.size > NOTE_BYTES_MAX)
        return NOTE_NONE;
    for (size_t i = 5; i < payload.size && payload.at[i] >= '0' && payload.at[i] <= '9'; i++)
        number = number * 10 + (payload.at[i] - '0') % 10u;
    if (number == NOTE_NONE || number > crowd->note_count)
        return NOTE_NONE;
    size_t size = note_payload(crowd, number, wanted);
    return bytes_equal(payload, bytes_of(wanted, size)) ? number : NOTE_NONE;
}

/* A reading is promised to the journal's reader as well. */
static struct key *note_key(struct crowd *crowd, uint32_t number)
{
    char path[40];
    size_t size = topic_text(crowd->notes[number].topic, path, sizeof path);
    memcpy(path + size, "/n", 3);
    struct value value = value_of_real((double)number);
    return keys_at(&crowd->world->keys, key_hash(bytes_text(path), 0, &value));
}

void note_sent(struct crowd *crowd, uint32_t number)
{
    struct note *note = &crowd->notes[number];
    note->sent++;
    crowd_tell(crowd, "guest%u %s note %" PRIu32 " on %c, QoS %u%s", note->publisher,
               note->is_will ? "leaves" : "sends", number, "mrsw"[topic_kind(note->topic)],
               note -> qos, note -> clear ? ", empty" : "");
    if (topic_is_reading(note->topic)) {
        struct key *key = note_key(crowd, number);
        key->unknown++;
        crowd_tell(crowd, "note %" PRIu32 " is a reading, key %016" PRIx64, number, key->hash);
    }
}

void note_settle(struct crowd *crowd, uint32_t number)
{
    struct note *note = &crowd->notes[number];
    if (note->settled)
        return;
    note->settled = true;
    for (unsigned i = 0; i < GUESTS; i++) {
        struct due *due = &crowd->guests[i].dues[number];
        due->owed = due->sure > 0 && !note->expires && !note->clear ? (uint8_t)(due->sure - 1) : 0;
    }
}

static void refusals_tell(const struct crowd *crowd, unsigned topic)
{
    char text[32];
    size_t size = topic_text(topic, text, sizeof text);
    const struct engine *engine = crowd->world->engine;
    for (size_t i = 0; engine && i < engine_refused_count(engine); i++) {
        const struct refused *refused = engine_refused_at(engine, i);
        if (bytes_equal(bytes_of(refused->topic, refused->topic_size), bytes_of(text, size)))
            crowd_tell(crowd, "%s was refused as a reading: %s", text, admit_name(refused->admit));
    }
}

void note_acknowledged(struct crowd *crowd, uint32_t number)
{
    struct note *note = &crowd->notes[number];
    note->state = NOTE_ACKNOWLEDGED;
    crowd_tell(crowd, "note %" PRIu32 " is acknowledged", number);
    crowd->counts->acknowledged++;
    note_settle(crowd, number);
    if (note->retain && number > crowd->retained_acknowledged[note->topic])
        crowd->retained_acknowledged[note->topic] = number;
    if (topic_is_reading(note->topic))
        refusals_tell(crowd, note->topic);
    /* One of QoS 2 that was sent again was in the journal before. */
    if (topic_is_reading(note->topic) && (note->qos == 1 || note->sent == 1)) {
        struct key *key = note_key(crowd, number);
        if (key->unknown > 0) {
            key->unknown--;
            key->acknowledged++;
        }
    }
}

void note_refused(struct crowd *crowd, uint32_t number)
{
    crowd->notes[number].state = NOTE_REFUSED;
    crowd_tell(crowd, "note %" PRIu32 " is refused", number);
    crowd->counts->refused++;
}

/* ---- dues ---- */
void dues_waive(struct crowd *crowd, struct guest *guest, unsigned filter)
{
    for (uint32_t number = 1; number <= crowd->note_count; number++) {
        struct due *due = &guest->dues[number];
        if ((due->sure || due->owed) &&
            (filter == FILTERS || filter_finds(filter, crowd->notes[number].topic))) {
            due->sure = due->owed = 0;
            due->in_order = 0;
        }
    }
    for (unsigned topic = 0; topic < TOPICS; topic++)
        if (filter == FILTERS || filter_finds(filter, topic))
            guest->wanted[topic] = NOTE_NONE;
    if (filter == FILTERS)
        memset(guest->floor, 0, sizeof guest->floor);
}

static uint64_t dropped_now(const struct crowd *crowd)
{
    uint64_t dropped = crowd->dropped_before;
    if (crowd->broker) {
        const struct broker_counters *counters = broker_counters(crowd->broker);
        dropped += counters->dropped_queue + counters->dropped_slow + counters->dropped_size;
    }
    return dropped;
}

void due_missing(struct crowd *crowd, struct guest *guest, uint32_t number, const char *where)
{
    const struct note *note = &crowd->notes[number];
    struct due *due = &guest->dues[number];
    char topic[32];
    uint8_t owed = due->owed;
    due->owed = due->sure = 0;
    if (++crowd->missing <= dropped_now(crowd))
        return;
    topic_text(note->topic, topic, sizeof topic);
    crowd_fail(crowd, "%s: note %" PRIu32 " on %s (QoS %u, %s) is owed to %s with QoS %u", where,
               number, topic, note->qos,
               note->is_will                      ? "a will"
               : note->state == NOTE_ACKNOWLEDGED ? "acknowledged"
                                                  : "seen by another",
               guest->id, owed);
}

/* ---- delivered ---- */
static void delivered_judge_will(struct crowd *crowd, uint32_t number)
{
    struct note *note = &crowd->notes[number];
    const struct pipe *pipe = crowd->guests[note->publisher].pipe;
    if (note->will == WILL_VOID || (note->will == WILL_DROPPED && note->unmade == crowd->unmade))
        crowd_fail(crowd, "will %" PRIu32 " is published, its client %s", number,
                   note->will_delay_s > 0 && note->will == WILL_VOID ? "came back, or said goodbye"
                                                                     : "said goodbye");
    if (note->will == WILL_HELD && pipe && pipe->will == number && !pipe->link.over)
        crowd_fail(crowd, "will %" PRIu32 " is published, its client is there", number);
}

static void delivered_judge_topic(struct crowd *crowd, const struct guest *guest, uint32_t number,
                                  const struct delivered *delivered)
{
    const struct note *note = &crowd->notes[number];
    char topic[32];
    size_t size = topic_text(note->topic, topic, sizeof topic);
    bool wanted = false, as_published = false;
    for (unsigned i = 0; i < FILTERS; i++)
        if (guest->subscriptions[i].possible && filter_finds(i, note->topic)) {
            wanted = true;
            as_published = as_published || guest->subscriptions[i].retain_as_published;
        }
    if (!bytes_equal(delivered->topic, bytes_of(topic, size)))
        crowd_fail(crowd, "note %" PRIu32 " comes as %.*s, was %s", number,
                   (int)delivered->topic.size, (const char *)delivered->topic.at, topic);
    if (!wanted)
        crowd_fail(crowd, "%s gets %s, to which it never subscribed", guest->id, topic);
    if (delivered->qos > note->qos)
        crowd_fail(crowd, "note %" PRIu32 " comes with QoS %u, was %u", number, delivered->qos,
                   note->qos);
    if (delivered->retain && !note->retain)
        crowd_fail(crowd, "note %" PRIu32 " comes as retained", number);
    if (delivered->retain && !as_published && note->sent == 1 && number < guest->floor[note->topic])
        crowd_fail(crowd, "%s gets %" PRIu32 " as retained on %s, %" PRIu32 " was acknowledged",
                   guest->id, number, topic, guest->floor[note->topic]);
}

/* How often it may come at most, repetitions not counted. */
static unsigned delivered_bound(const struct guest *guest, const struct note *note)
{
    unsigned taken = note->is_will || note->qos == 2 ? 1u + note->repeats : note->sent;
    return note->retain ? taken + guest->retained_asked : taken;
}

static void delivered_count(struct crowd *crowd, struct guest *guest, uint32_t number,
                            const struct delivered *delivered)
{
    struct note *note = &crowd->notes[number];
    struct due *due = &guest->dues[number];
    bool fresh = delivered->qos != 1 || !delivered->dup;
    unsigned bound = delivered_bound(guest, note);
    due->got++;
    if (topic_kind(note->topic) == TOPIC_SHARED) {
        for (unsigned group = 0; group < 2; group++) {
            if (fresh && delivered->grouped[group])
                note->group_got[group]++;
            note->group_came = note->group_came || (group == 0 && delivered->grouped[group]);
            if (note->group_got[group] > bound)
                crowd_fail(crowd, "note %" PRIu32 " of QoS %u came %u times to a shared group",
                           number, note->qos, note->group_got[group]);
        }
        return;
    }
    due->fresh += fresh;
    if (due->fresh > bound)
        crowd_fail(crowd, "%s got note %" PRIu32 " of QoS %u (sent %u times) %u times, with QoS %u",
                   guest->id, number, note->qos, note->sent, due->fresh, delivered->qos);
    if (due->owed > delivered->qos && due->got == 1 && note->sent == 1 && !delivered->retain)
        crowd_fail(crowd, "%s got note %" PRIu32 " with QoS %u, should be %u", guest->id, number,
                   delivered->qos, due->owed);
}

/* Was anything dropped or refused, so that what is sent again comes later than what was not? */
static bool may_be_refused(const struct crowd *crowd)
{
    return crowd->store_small || crowd->memory_small || crowd->world->counts.full_disks > 0 ||
           dropped_now(crowd) > 0;
}

static void delivered_order(struct crowd *crowd, struct guest *guest, uint32_t number,
                            const struct delivered *delivered)
{
    const struct note *note = &crowd->notes[number];
    const struct due *due = &guest->dues[number];
    uint32_t *last = &guest->last[note->topic][note->qos][delivered->qos];
    enum topic_kind kind = topic_kind(note->topic);
    if (due->got != 1 || due->in_order != delivered->qos + 1 || kind == TOPIC_WILL ||
        kind == TOPIC_SHARED || (kind == TOPIC_RETAINED && delivered->retain) || note->expires ||
        (note->sent > 1 && (delivered->qos == 0 || may_be_refused(crowd))))
        return;
    if (number < *last)
        crowd_fail(crowd, "%s gets note %" PRIu32 " after %" PRIu32 " of the same topic", guest->id,
                   number, *last);
    *last = number;
}

void note_delivered(struct crowd *crowd, struct guest *guest, const struct delivered *delivered,
                    uint32_t *ret_number)
{
    *ret_number = NOTE_NONE;
    crowd->counts->deliveries++;
    if (delivered->payload.size == 0)
        return; /* a retained message is taken away: which of several cannot be told */
    uint32_t number = note_parse(crowd, delivered->payload);
    if (number == NOTE_NONE)
        crowd_fail(crowd, "%s gets what nobody published: %.*s", guest->id,
                   (int)(delivered->payload.size < 60 ? delivered->payload.size : 60),
                   (const char *)delivered->payload.at);
    *ret_number = number;
    struct note *note = &crowd->notes[number];
    crowd_tell(crowd, "%s gets note %" PRIu32 ", QoS %u%s%s", guest->id, number, delivered->qos,
               delivered->dup ? ", again" : "", delivered->retain ? ", retained" : "");
    if (note->is_will)
        delivered_judge_will(crowd, number);
    delivered_judge_topic(crowd, guest, number, delivered);
    delivered_count(crowd, guest, number, delivered);
    delivered_order(crowd, guest, number, delivered);
    if (guest->wanted[note->topic] != NOTE_NONE && number >= guest->wanted[note->topic])
        guest->wanted[note->topic] = NOTE_NONE;
    if (note->qos > 0)
        note_settle(crowd, number); /* what is seen is durable */
    if (note->retain && number > crowd->retained_acknowledged[note->topic])
        crowd->retained_acknowledged[note->topic] = number;
}

/* ---- wills ---- */
void will_over(struct crowd *crowd, uint32_t number, bool goodbye, uint32_t unmade, int64_t over_ns)
{
    struct note *note = &crowd->notes[number];
    if (number == NOTE_NONE)
        return;
    if (note->will == WILL_HELD && goodbye) {
        note->will = WILL_DROPPED;
        note->unmade = unmade;
    } else if (note->will == WILL_HELD) {
        note->will = WILL_DUE;
        note->unmade = crowd->upheavals;
        note->due_ns = over_ns + (int64_t)note->will_delay_s * NS_PER_S;
    } else if (note->will == WILL_ASKED) {
        note->will = WILL_PERHAPS;
    }
}

/* At rest: what was to be published has been. */
void wills_settle(struct crowd *crowd, bool rested)
{
    for (uint32_t number = 1; number <= crowd->note_count; number++) {
        struct note *note = &crowd->notes[number];
        if (!note->is_will)
            continue;
        if (note->will == WILL_DROPPED)
            note->will = note->unmade == crowd->unmade ? WILL_VOID : WILL_PERHAPS;
        else if (note->will == WILL_DUE && note->qos > 0 && !note->settled && !crowd->store_small &&
                 (note->will_delay_s == 0 ||
                  (rested && note->due_ns + NS_PER_S < crowd->world->clock.boot_ns))) {
            note_settle(crowd, number);
            crowd_tell(crowd, "will %" PRIu32 " has been published", number);
            crowd->counts->wills++;
        }
    }
}

/* The connections were cut; the boot clock begins again. */
void wills_crash(struct crowd *crowd)
{
    for (uint32_t number = 1; number <= crowd->note_count; number++) {
        struct note *note = &crowd->notes[number];
        if (!note->is_will)
            continue;
        if (note->will == WILL_DROPPED)
            note->will = WILL_PERHAPS;
        else if (note->will == WILL_DUE && note->will_delay_s > 0)
            note->due_ns = crowd->world->clock.boot_ns + (int64_t)note->will_delay_s * NS_PER_S;
    }
}
