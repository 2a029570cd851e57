/* What the sessions hold, compared with what the guests were told: after each recovery, and at
 * rest. */
#include "crowd.h"
#include "world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static uint32_t message_note(const struct crowd *crowd, const struct sessions *sessions,
                             uint32_t message)
{
    uint8_t at[NOTE_BYTES_MAX + 256];
    struct message_view view;
    sessions_message(sessions, message, &view);
    if (view.topic_size + view.payload_size + view.properties_size > sizeof at)
        return NOTE_NONE;
    sessions_message_copy(sessions, message, at);
    return note_parse(crowd, bytes_of(at + view.topic_size, view.payload_size));
}

/* ---- sessions ---- */
static void verify_subscriptions(struct crowd *crowd, const struct guest *guest, uint32_t session)
{
    const struct sessions *sessions = engine_sessions(crowd->world->engine);
    for (unsigned i = 0; i < FILTERS; i++) {
        const struct subscribed *told = &guest->subscriptions[i];
        struct subscription_view view;
        if (told->state != SURE)
            continue;
        uint32_t found = sessions_subscription_find(sessions, session, bytes_text(filter_text(i)));
        if (found == SUBSCRIPTION_NONE)
            crowd_fail(crowd, "%s has lost its subscription to %s", guest->id, filter_text(i));
        sessions_subscription(sessions, found, &view);
        if (view.qos != told->qos)
            crowd_fail(crowd, "%s is subscribed to %s with QoS %u, was told %u", guest->id,
                       filter_text(i), view.qos, told->qos);
    }
}

static void verify_received(struct crowd *crowd, const struct guest *guest, uint32_t session)
{
    const struct sessions *sessions = engine_sessions(crowd->world->engine);
    for (unsigned i = 0; i < SENDINGS; i++) {
        const struct sending *sending = &guest->sendings[i];
        if (sending->state == SENDING_RELEASE && !sending->release_told &&
            !sessions_has_received(sessions, session, sending->packet_id))
            crowd_fail(crowd, "%s got PUBREC of packet %u, which the session does not know",
                       guest->id, sending->packet_id);
    }
}

static void verify_queue(struct crowd *crowd, struct guest *guest, uint32_t session)
{
    const struct sessions *sessions = engine_sessions(crowd->world->engine);
    for (uint32_t number = 1; number <= crowd->note_count; number++)
        guest->dues[number].queued = false;
    for (uint32_t entry = sessions_queue_first(sessions, session); entry != ENTRY_NONE;
         entry = sessions_queue_next(sessions, entry)) {
        struct entry_view view;
        sessions_entry(sessions, entry, &view);
        if (view.message == MESSAGE_NONE)
            continue;
        uint32_t number = message_note(crowd, sessions, view.message);
        guest->dues[number].queued = true;
        for (unsigned i = 0; i < view.id_count; i++)
            if (view.ids[i] == FILTER_GROUP_KEPT + 1)
                crowd->notes[number].group_queued = true;
    }
    for (uint32_t number = 1; number <= crowd->note_count; number++) {
        const struct due *due = &guest->dues[number];
        if (due->owed > 0 && due->got == 0 && !due->queued)
            due_missing(crowd, guest, number, "not in the queue");
    }
}

/* ---- retained messages ---- */
/* One that was sent again may come to lie above later ones: of QoS 1 because it is taken again, of
 * QoS 2 because it was refused at first and the answer was lost. */
static bool retained_came_again(const struct crowd *crowd, unsigned topic, uint32_t found)
{
    for (uint32_t at = crowd->retained_acknowledged[topic]; at > NOTE_NONE; at--) {
        const struct note *note = &crowd->notes[at];
        if (note->topic != topic || note->qos == 0)
            continue;
        if (note->sent > 1 && found == (note->clear ? NOTE_NONE : at))
            return true;
        if (note->state == NOTE_ACKNOWLEDGED && (note->qos == 1 || note->sent == 1))
            return false;
    }
    return false;
}

static bool retained_is_right(const struct crowd *crowd, unsigned topic, uint32_t found)
{
    uint32_t acknowledged = crowd->retained_acknowledged[topic];
    uint32_t wanted = crowd->notes[acknowledged].clear ? NOTE_NONE : acknowledged;
    if (found == wanted || retained_came_again(crowd, topic, found))
        return true;
    for (uint32_t later = acknowledged + 1; later <= crowd->note_count; later++) {
        const struct note *note = &crowd->notes[later];
        if (note->topic != topic || (note->state == NOTE_REFUSED && note->sent == 1))
            continue;
        if (found == (note->clear ? NOTE_NONE : later))
            return true;
    }
    return false;
}

static void verify_retained(struct crowd *crowd)
{
    const struct sessions *sessions = engine_sessions(crowd->world->engine);
    for (unsigned topic = 0; topic < TOPICS; topic++) {
        char text[32];
        size_t size = topic_text(topic, text, sizeof text);
        uint32_t message = sessions_retained_find(sessions, TENANT_DEFAULT, bytes_of(text, size));
        uint32_t found =
            message == MESSAGE_NONE ? NOTE_NONE : message_note(crowd, sessions, message);
        if (topic_kind(topic) != TOPIC_RETAINED && message != MESSAGE_NONE)
            crowd_fail(crowd, "%s has a retained message, none was sent", text);
        if (topic_kind(topic) == TOPIC_RETAINED && !retained_is_right(crowd, topic, found))
            crowd_fail(crowd, "%s retains note %" PRIu32 ", last acknowledged is %" PRIu32 "%s",
                       text, found, crowd->retained_acknowledged[topic],
                       crowd->notes[crowd->retained_acknowledged[topic]].clear ? " (empty)" : "");
    }
}

/* What was given to a group of guests that never leave came to one of them, or will. */
static void verify_groups(struct crowd *crowd)
{
    for (uint32_t number = 1; number <= crowd->note_count; number++) {
        struct note *note = &crowd->notes[number];
        if (note->settled && note->group_sure && !note->expires && !note->group_came &&
            !note->group_queued && crowd->settings.mqtt_queue >= NOTES_MAX) {
            note->group_sure = false;
            due_missing(crowd, &crowd->guests[0], number, "of a shared group");
        }
    }
}

/* ---- all of it ---- */
void crowd_verify(struct crowd *crowd)
{
    const struct sessions *sessions = engine_sessions(crowd->world->engine);
    for (uint32_t number = 1; number <= crowd->note_count; number++)
        crowd->notes[number].group_queued = false;
    for (unsigned i = 0; i < GUESTS; i++) {
        struct guest *guest = &crowd->guests[i];
        if (!guest_has_session(crowd, guest))
            continue;
        uint32_t session = sessions_find(sessions, TENANT_DEFAULT, bytes_text(guest->id));
        if (session == SESSION_NONE)
            crowd_fail(crowd, "%s has lost its session", guest->id);
        verify_subscriptions(crowd, guest, session);
        verify_received(crowd, guest, session);
        verify_queue(crowd, guest, session);
    }
    verify_groups(crowd);
    verify_retained(crowd);
}

void crowd_verify_connected(struct crowd *crowd)
{
    for (unsigned i = 0; i < GUESTS; i++) {
        struct guest *guest = &crowd->guests[i];
        if (!guest->up)
            continue;
        if (guest->held_count > 0)
            crowd_fail(crowd, "%s still waits for PUBREL of packet %u", guest->id,
                       guest->held[0].packet_id);
        for (uint32_t number = 1; number <= crowd->note_count; number++)
            if (guest->dues[number].owed > 0 && guest->dues[number].got == 0)
                due_missing(crowd, guest, number, "at rest");
        for (unsigned topic = 0; topic < TOPICS; topic++)
            if (guest->wanted[topic] != NOTE_NONE) {
                guest->dues[guest->wanted[topic]].owed = 1;
                due_missing(crowd, guest, guest->wanted[topic], "retained");
                guest->wanted[topic] = NOTE_NONE;
            }
    }
}
