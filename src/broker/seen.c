/* Topics seen: which came lately, what became of them, and where another readings.path would put
 * them. A window for people, beside the path of a message: it may forget and estimate, and must
 * cost nothing that could be measured there. So one message of many is noted, and how many is set
 * anew each second by how many come: a quiet server notes all of them.
 *
 * The gap between two notes is chosen by chance, for senders take turns: of a thousand devices that
 * speak in the same order again and again, every 64th message might be one device's. */
#include "broker/room.h"

#include <stdio.h>
#include <stdlib.h>

#define NOTES_A_SECOND 1024u
#define MEAN_MOST (1u << 20)
#define LOOK_BYTES ((size_t)4096) /* of a payload that is looked at for the dry run */
#define LOOK_EVERY 16u            /* notes of a topic */

#define TOPIC_USE_WORD(name, word, text) [name] = word,
static const char *const use_words[TOPIC_USES] = {TOPIC_USE_TABLE(TOPIC_USE_WORD)};
#define TOPIC_USE_TEXT(name, word, text) [name] = text,
static const char *const use_texts[TOPIC_USES] = {TOPIC_USE_TABLE(TOPIC_USE_TEXT)};

const char *topic_use_word(enum topic_use use)
{
    return use < TOPIC_USES ? use_words[use] : "unknown";
}

/* ---- life ---- */
enum err topics_seen_init(struct broker *broker)
{
    struct seen *seen = &broker->seen;
    link_init(&seen->recent);
    link_init(&seen->unused);
    seen->left = seen->gap = seen->mean = 1;
    seen->notes_left = NOTES_A_SECOND;
    seen->random = broker->seed | 1;
    seen->began_ns = broker->now_ns;
    seen->topics = calloc(TOPICS_SEEN_MAX, sizeof *seen->topics);
    seen->buckets = calloc(SEEN_BUCKETS, sizeof *seen->buckets);
    if (!seen->topics || !seen->buckets)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < TOPICS_SEEN_MAX; i++)
        link_put(&seen->unused, &seen->topics[i].link);
    return payload_decoder_create(&seen->decoder);
}

void topics_seen_done(struct broker *broker)
{
    struct seen *seen = &broker->seen;
    for (size_t i = 0; seen->topics && i < TOPICS_SEEN_MAX; i++)
        free(seen->topics[i].at);
    free(seen->topics);
    free(seen->buckets);
    payload_decoder_destroy(seen->decoder);
}

/* ---- the sample ---- */
static uint32_t sample_gap(struct seen *seen)
{
    if (seen->mean == 1)
        return 1;
    seen->random ^= seen->random << 13;
    seen->random ^= seen->random >> 7;
    seen->random ^= seen->random << 17;
    return 1 + (uint32_t)((seen->random >> 32) % (2 * seen->mean - 1));
}

/* Many more came in this second than in the one before. */
static void sample_widen(struct seen *seen)
{
    seen->notes_left = NOTES_A_SECOND;
    if (seen->mean < MEAN_MOST)
        seen->mean *= 2;
}

void topics_seen_second(struct broker *broker)
{
    struct seen *seen = &broker->seen;
    uint32_t skipped = seen->gap - seen->left; /* they count with the next one that is noted */
    uint64_t elapsed_ms = (uint64_t)(broker->now_ns - seen->began_ns) / (uint64_t)NS_PER_MS;
    uint64_t mean = (seen->messages + skipped) * 1000 / elapsed_ms / NOTES_A_SECOND;
    seen->mean = mean < 1 ? 1 : mean > MEAN_MOST ? MEAN_MOST : (uint32_t)mean;
    seen->messages = 0;
    seen->notes_left = NOTES_A_SECOND;
    seen->began_ns = broker->now_ns;
    seen->left = sample_gap(seen);
    seen->gap = skipped + seen->left;
}

/* ---- the table ---- */
static uint16_t place_of(const struct seen *seen, const struct seen_topic *topic)
{
    return (uint16_t)(topic - seen->topics + 1);
}

static struct seen_topic *table_find(const struct seen *seen, uint32_t tenant, struct bytes topic,
                                     uint32_t hash)
{
    for (uint16_t place = seen->buckets[hash % SEEN_BUCKETS]; place != 0;
         place = seen->topics[place - 1].chain) {
        struct seen_topic *known = &seen->topics[place - 1];
        if (known->hash == hash && known->tenant == tenant &&
            bytes_equal(bytes_of(known->at, known->size), topic))
            return known;
    }
    return NULL;
}

static void table_forget(struct seen *seen, struct seen_topic *topic)
{
    uint16_t *place = &seen->buckets[topic->hash % SEEN_BUCKETS];
    while (*place != place_of(seen, topic))
        place = &seen->topics[*place - 1].chain;
    *place = topic->chain;
    seen->bytes -= topic->size;
    free(topic->at);
    link_take(&topic->link);
    *topic = (struct seen_topic){.at = NULL};
    link_init(&topic->link);
    link_put(&seen->unused, &topic->link);
}

/* What was silent longest goes until there is room; NULL: no memory. */
static struct seen_topic *table_add(struct seen *seen, uint32_t tenant, struct bytes topic,
                                    uint32_t hash)
{
    uint8_t *at = malloc(topic.size);
    if (!at)
        return NULL;
    while (link_is_alone(&seen->unused) || seen->bytes + topic.size > TOPICS_SEEN_BYTES)
        table_forget(seen, LINK_OWNER(seen->recent.previous, struct seen_topic, link));
    struct seen_topic *fresh = LINK_OWNER(seen->unused.next, struct seen_topic, link);
    uint16_t *bucket = &seen->buckets[hash % SEEN_BUCKETS];
    memcpy(at, topic.at, topic.size);
    fresh->at = at;
    fresh->tenant = tenant;
    fresh->size = (uint32_t)topic.size;
    fresh->hash = hash;
    fresh->chain = *bucket;
    *bucket = place_of(seen, fresh);
    seen->bytes += topic.size;
    return fresh;
}

/* ---- a note ---- */
static void look_group(const struct payload_group *group, struct payload_look *look)
{
    look->object = look->object || group->object;
    for (uint16_t i = 0; i < group->count && group->object; i++) {
        struct bytes key = group->readings[i].key;
        uint8_t depth = 1;
        for (size_t k = 0; k < key.size; k++)
            depth = (uint8_t)(depth + (key.at[k] == '/'));
        if (depth > look->depth)
            look->depth = depth;
        if (key.size > look->size)
            look->size = (uint16_t)key.size;
        look->keys_invalid = look->keys_invalid || path_fault(key) != NULL;
    }
}

/* Where its readings would lie below another path, and whether there are any. */
static void look_at(struct seen *seen, struct bytes payload, struct payload_look *look)
{
    struct payload_group group;
    size_t where;
    *look = (struct payload_look){.known = payload.size <= LOOK_BYTES};
    if (!look->known)
        return;
    enum payload_fault fault = payload_decode(seen->decoder, payload, &where);
    look->fault = (uint8_t)fault;
    look->admit = (uint8_t)(fault == PAYLOAD_OK           ? ADMIT_DONE
                            : fault == PAYLOAD_TIME_RANGE ? ADMIT_TIME_RANGE
                                                          : ADMIT_NOT_A_READING);
    while (fault == PAYLOAD_OK && payload_next(seen->decoder, &group))
        look_group(&group, look);
}

/* What became of it as a reading. */
static void note_answer(const struct broker *broker, struct seen_topic *topic, enum admit admit,
                        const struct admitted *admitted)
{
    enum topic_use use = topic_use_of(broker, broker->settings->readings_match, topic->tenant,
                                      bytes_of(topic->at, topic->size));
    enum admit why = admit == ADMIT_DONE ? admitted->reading : admit;
    topic->use = (uint8_t)use;
    topic->admit = ADMIT_DONE;
    topic->fault = PAYLOAD_OK;
    if (use != TOPIC_READING || why == ADMIT_DONE)
        return;
    topic->use = TOPIC_REFUSED;
    topic->admit = (uint8_t)why;
    if (why == ADMIT_NOT_A_READING || why == ADMIT_TYPE || why == ADMIT_TIME_RANGE)
        topic->fault = (uint8_t)admitted->fault;
}

/* Is what was seen of its payloads out of date? */
static bool note_must_look(struct seen_topic *topic)
{
    if (topic->messages == 0 || ++topic->notes >= LOOK_EVERY)
        return true;
    bool judged = topic->use == TOPIC_READING ||
                  (topic->use == TOPIC_REFUSED && topic->admit == ADMIT_NOT_A_READING);
    return judged && topic->look.known && topic->look.admit != topic->admit;
}

void topics_seen_note(struct broker *broker, const struct publication *publication,
                      enum admit admit, const struct admitted *admitted)
{
    struct seen *seen = &broker->seen;
    uint32_t stands_for = seen->gap;
    seen->messages += stands_for;
    if (--seen->notes_left == 0)
        sample_widen(seen);
    seen->left = seen->gap = sample_gap(seen);
    if (publication->topic.size > TOPIC_SEEN_BYTES_MAX)
        return;
    uint32_t tenant = publication->publisher->tenant;
    uint32_t hash = (uint32_t)broker_hash(broker, tenant, publication->topic);
    struct seen_topic *topic = table_find(seen, tenant, publication->topic, hash);
    if (!topic)
        topic = table_add(seen, tenant, publication->topic, hash);
    if (!topic)
        return;
    link_take(&topic->link);
    link_put_first(&seen->recent, &topic->link);
    note_answer(broker, topic, admit, admitted);
    if (note_must_look(topic)) {
        look_at(seen, publication->payload, &topic->look);
        topic->notes = 0;
    }
    topic->messages += stands_for;
    topic->sequence = ++seen->sequence;
    topic->last_wall_ns = broker->config.clock->wall_ns(broker->config.clock);
}

/* ---- asking ---- */
static void view_say_why(struct topic_view *view)
{
    if (view->use == TOPIC_READING)
        view->why = NULL;
    else if (view->use != TOPIC_REFUSED)
        view->why = use_texts[view->use];
    else if (view->fault != PAYLOAD_OK)
        view->why = payload_fault_text(view->fault);
    else
        view->why = admit_text(view->admit);
}

static void view_of(struct broker *broker, const struct seen_topic *topic, struct topic_view *view)
{
    *view = (struct topic_view){.tenant = topic->tenant,
                                .topic = bytes_of(topic->at, topic->size),
                                .messages = topic->messages,
                                .last_wall_ns = topic->last_wall_ns,
                                .use = (enum topic_use)topic->use,
                                .admit = (enum admit)topic->admit,
                                .fault = (enum payload_fault)topic->fault,
                                .object = topic->look.object,
                                .payload_known = topic->look.known};
    bool mapped =
        (view->use == TOPIC_READING || view->use == TOPIC_REFUSED) &&
        broker_topic_path(broker, view->topic, broker->seen.path[0], &view->path) == ADMIT_DONE;
    if (!mapped)
        view->path = bytes_of("", 0);
    view_say_why(view);
}

/* The cursor is the place and the sequence of the topic that was told last: as long as nothing more
 * came for it, the walk goes on behind it; else behind all that is newer than it was. */
bool broker_topic_next(struct broker *broker, uint64_t *cursor, struct topic_view *ret_view)
{
    const struct seen *seen = &broker->seen;
    struct link *link = seen->recent.next;
    if (*cursor != 0) {
        struct seen_topic *before = &seen->topics[*cursor % TOPICS_SEEN_MAX];
        uint64_t sequence = *cursor / TOPICS_SEEN_MAX;
        if (sequence != 0 && before->sequence == sequence) /* cursors come from outside as well */
            link = before->link.next;
        while (link != &seen->recent &&
               LINK_OWNER(link, struct seen_topic, link)->sequence >= sequence)
            link = link->next;
    }
    if (link == &seen->recent)
        return false;
    const struct seen_topic *topic = LINK_OWNER(link, struct seen_topic, link);
    *cursor = topic->sequence * TOPICS_SEEN_MAX + (uint64_t)(topic - seen->topics);
    view_of(broker, topic, ret_view);
    return true;
}

/* ---- the dry run ---- */
struct trial {
    const char *match;
    struct topic_template path_template;
};

/* Would its readings have a valid path below this one? As the engine judges: the path and a slash
 * and the longest key must fit. */
static bool trial_path_is_valid(struct bytes path, const struct payload_look *look)
{
    size_t depth = 1;
    if (path_fault(path) || look->keys_invalid || path.size + 1 + look->size > PATH_MAX_BYTES)
        return false;
    for (size_t i = 0; i < path.size; i++)
        depth += path.at[i] == '/';
    return depth + look->depth <= PATH_DEPTH_MAX;
}

static void trial_judge(const struct topic_view *now, const struct payload_look *look,
                        struct topic_view *then)
{
    bool was_judged = now->use == TOPIC_READING || now->use == TOPIC_REFUSED;
    if (was_judged && now->path.size > 0 && bytes_equal(now->path, then->path)) {
        then->use = now->use;
        then->admit = now->admit;
        then->fault = now->fault;
    } else if (then->path.at[0] == '$') { /* said before the payload is looked at */
        then->use = TOPIC_REFUSED;
        then->admit = ADMIT_TOPIC_INVALID;
    } else if (look->admit != ADMIT_DONE) {
        then->use = TOPIC_REFUSED;
        then->admit = (enum admit)look->admit;
        then->fault = (enum payload_fault)look->fault;
    } else if (!trial_path_is_valid(then->path, look)) {
        then->use = TOPIC_REFUSED;
        then->admit = ADMIT_TOPIC_INVALID;
    }
}

static void trial_view(struct broker *broker, const struct trial *trial,
                       const struct topic_view *now, const struct payload_look *look,
                       struct topic_view *then)
{
    *then = *now;
    then->use = topic_use_of(broker, trial->match, now->tenant, now->topic);
    then->admit = ADMIT_DONE;
    then->fault = PAYLOAD_OK;
    then->path = bytes_of("", 0);
    if (then->use == TOPIC_READING) {
        then->admit =
            topic_path_of(&trial->path_template, now->topic, broker->seen.path[1], &then->path);
        if (then->admit == ADMIT_DONE)
            trial_judge(now, look, then);
        else
            then->use = TOPIC_REFUSED;
    }
    view_say_why(then);
}

enum err broker_topics_dry_run(struct broker *broker, const char *match, const char *path,
                               broker_topic_each *each, void *arg, char *fault)
{
    struct trial trial = {.match = match ? match : broker->settings->readings_match,
                          .path_template = broker->path_template};
    size_t match_size = strlen(trial.match);
    const char *why = path ? topic_template_parse(bytes_text(path), &trial.path_template) : NULL;
    if (why) {
        snprintf(fault, SETTINGS_FAULT_SIZE, "readings.path: %s", why);
        return ERR_INVALID;
    }
    if (match_size == 0 || match_size >= sizeof broker->settings->readings_match) {
        snprintf(fault, SETTINGS_FAULT_SIZE, "readings.match: a text of 1 to 255 bytes");
        return ERR_INVALID;
    }
    struct link *recent = &broker->seen.recent;
    for (struct link *link = recent->next; link != recent; link = link->next) {
        const struct seen_topic *topic = LINK_OWNER(link, struct seen_topic, link);
        struct topic_view now, then;
        view_of(broker, topic, &now);
        trial_view(broker, &trial, &now, &topic->look, &then);
        if (!each(arg, &now, &then))
            break;
    }
    return OK;
}
