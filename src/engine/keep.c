/* Messages that are kept as they came: the facts of an MQTT server, beside the readings of the same
 * message or alone. They share the message's batch, so that what a client was told of a message
 * stands or falls with all of it. */
#include "engine/room.h"

static void keep_write(struct engine *engine, const struct fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        facts_write(journal_messages(engine->journal), &facts[i]);
    engine->counters.kept_facts += count;
}

/* Was the reading refused for good, so that the message goes on without it? */
static bool keep_goes_on(enum admit answer)
{
    return answer != ADMIT_DONE && answer != ADMIT_WAIT && answer != ADMIT_DISK_FULL &&
           answer != ADMIT_STOPPED && answer != ADMIT_STORAGE_MAX;
}

/* Room behind the message's own readings was asked for with them (beside_bytes): that the batch has
 * grown as large as one is to be does not count, or the message would be judged again. */
static enum admit keep_room_behind(struct engine *engine, size_t bytes)
{
    static const enum admit answers[] = {[JOURNAL_ROOM] = ADMIT_DONE,
                                         [JOURNAL_WAIT] = ADMIT_WAIT,
                                         [JOURNAL_DISK_FULL] = ADMIT_DISK_FULL,
                                         [JOURNAL_STOPPED] = ADMIT_STOPPED};
    return answers[journal_room(engine->journal, LANE_MESSAGES, bytes)];
}

static enum admit keep(struct engine *engine, const struct engine_beside *beside, bool behind,
                       struct admitted *ret_admitted)
{
    enum admit answer = ADMIT_DONE;
    size_t count = beside->count + (beside->unread != NULL);
    if (engine->stopped)
        answer = ADMIT_STOPPED;
    else if (beside->bytes > ENGINE_FACTS_BYTES_MAX)
        answer = ADMIT_TOO_LARGE;
    else if (count > 0)
        answer = behind ? keep_room_behind(engine, beside->bytes)
                        : admit_room(engine, LANE_MESSAGES, beside->bytes);
    if (answer == ADMIT_DONE) {
        keep_write(engine, beside->unread, beside->unread != NULL);
        keep_write(engine, beside->facts, beside->count);
    } else if (answer != ADMIT_WAIT) {
        engine->counters.refused[answer]++;
    }
    ret_admitted->ticket = admit_ticket(engine);
    return answer;
}

enum admit engine_keep(struct engine *engine, const struct engine_beside *beside,
                       struct admitted *ret_admitted)
{
    return keep(engine, beside, false, ret_admitted);
}

/* Under the path that was made of the topic, if one was; refusals name the topic. */
static enum admit keep_publish(struct engine *engine, struct publisher *publisher,
                               struct bytes topic, struct bytes payload,
                               const struct engine_beside *beside, struct admitted *ret_admitted)
{
    engine->beside_bytes = beside->bytes;
    if (UNLIKELY(beside->path.at != NULL)) {
        engine->refusal_topic = topic;
        topic = beside->path;
    }
    enum admit answer = engine_publish(engine, publisher, topic, payload, ret_admitted);
    engine->refusal_topic = bytes_of(NULL, 0);
    engine->beside_bytes = 0;
    return answer;
}

enum admit engine_message(struct engine *engine, struct publisher *publisher, struct bytes topic,
                          struct bytes payload, const struct engine_beside *beside,
                          struct admitted *ret_admitted)
{
    enum admit answer = ADMIT_NOT_A_READING;
    if (beside->bytes > ENGINE_FACTS_BYTES_MAX) {
        *ret_admitted = (struct admitted){.ticket = admit_ticket(engine)};
        return ADMIT_TOO_LARGE;
    }
    if (beside->bytes > 0 && admit_room(engine, LANE_MESSAGES, beside->bytes) == ADMIT_WAIT)
        return ADMIT_WAIT; /* said before the reading is judged, so that it is judged once */
    /* Who holds too much may take away what is retained. */
    bool kept = beside->count + (beside->unread != NULL) > 0 && payload.size > 0;
    if (UNLIKELY(kept && engine_tenant_is_full(engine, publisher->tenant))) {
        *ret_admitted = (struct admitted){.reading = ADMIT_STORAGE_MAX};
        return admit_refuse(engine, publisher, topic, ADMIT_STORAGE_MAX, PAYLOAD_OK, ret_admitted);
    }
    if (beside->no_reading)
        *ret_admitted = (struct admitted){0};
    else if (UNLIKELY(beside->no_path != ADMIT_DONE))
        answer = admit_no_path(engine, publisher, topic, beside->no_path, ret_admitted);
    else
        answer = keep_publish(engine, publisher, topic, payload, beside, ret_admitted);
    ret_admitted->reading = answer;
    if (answer == ADMIT_DONE) {
        keep_write(engine, beside->facts, beside->count);
        return ADMIT_DONE;
    }
    if (!keep_goes_on(answer))
        return answer;
    if (answer == ADMIT_TYPE && beside->type_refuses)
        return ADMIT_TYPE;
    if (beside->only_readings)
        return ADMIT_NOT_A_READING;
    return keep(engine, beside, true, ret_admitted);
}
