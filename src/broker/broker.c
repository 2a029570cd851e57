/* The broker's life: what it begins with, what a round does, what it holds. */
#include "broker/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- causes ---- */
#define CAUSE_WORD(name, word, text) [name] = word,
static const char *const cause_words[CAUSE_COUNT] = {CAUSE_TABLE(CAUSE_WORD)};
#define CAUSE_TEXT(name, word, text) [name] = text,
static const char *const cause_texts[CAUSE_COUNT] = {CAUSE_TABLE(CAUSE_TEXT)};

const char *cause_word(enum cause cause)
{
    return cause < CAUSE_COUNT ? cause_words[cause] : "unknown";
}

const char *cause_text(enum cause cause)
{
    return cause < CAUSE_COUNT ? cause_texts[cause] : "for an unknown reason";
}

/* ---- memory ---- */
/* Messages on their way leave this much free: clients that do not read cannot take from those who
 * send the room for the packets they are in the middle of. */
static uint64_t memory_of_senders(const struct broker *broker)
{
    return broker->memory->most / 8;
}

struct message *message_create(struct broker *broker, uint32_t tenant, struct bytes topic,
                               struct bytes properties, struct bytes payload)
{
    size_t size = sizeof(struct message) + topic.size + properties.size + payload.size;
    if (!budget_take_leaving(broker->memory, size, memory_of_senders(broker)))
        return NULL;
    struct message *message = malloc(size);
    if (!message) {
        budget_give(broker->memory, size);
        return NULL;
    }
    *message = (struct message){.references = 1,
                                .tenant = tenant,
                                .topic_size = (uint16_t)topic.size,
                                .properties_size = (uint32_t)properties.size,
                                .payload_size = (uint32_t)payload.size};
    uint8_t *at = message->bytes;
    const struct bytes parts[] = {topic, properties, payload};
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        if (parts[i].size > 0)
            memcpy(at, parts[i].at, parts[i].size);
        at += parts[i].size;
    }
    return message;
}

void message_drop(struct broker *broker, struct message *message)
{
    if (!message || --message->references > 0)
        return;
    budget_give(broker->memory, message_bytes(message));
    free(message);
}

void slot_clear(struct broker *broker, struct slot *slot)
{
    message_drop(broker, slot->message);
    slot->message = NULL;
    free(slot->ids);
    slot->ids = NULL;
}

#define SLOTS_LEAST 8
bool slots_put(struct broker *broker, struct slots *slots, const struct slot *slot)
{
    if (slots->count == slots->capacity) {
        uint32_t capacity = slots->capacity ? slots->capacity * 2 : SLOTS_LEAST;
        size_t growth = (size_t)(capacity - slots->capacity) * sizeof *slots->at;
        if (!budget_take(broker->memory, growth))
            return false;
        struct slot *wider = malloc(capacity * sizeof *wider);
        if (!wider) {
            budget_give(broker->memory, growth);
            return false;
        }
        for (uint32_t i = 0; i < slots->count; i++)
            wider[i] = *slots_at(slots, i);
        free(slots->at);
        *slots = (struct slots){.at = wider, .count = slots->count, .capacity = capacity};
    }
    slots->count++;
    *slots_at(slots, slots->count - 1) = *slot;
    return true;
}

void slots_free(struct broker *broker, struct slots *slots)
{
    for (uint32_t i = 0; i < slots->count; i++)
        slot_clear(broker, slots_at(slots, i));
    budget_give(broker->memory, (size_t)slots->capacity * sizeof *slots->at);
    free(slots->at);
    *slots = (struct slots){.at = NULL};
}

/* ---- life ---- */
/* Each filter of readings.match is one; a wrong one would silently match nothing. */
static bool readings_match_is_valid(const char *match, char *fault)
{
    while (*match != '\0') {
        size_t size = strcspn(match, " ");
        struct bytes filter = bytes_of(match, size);
        if (size > 0 && (!mqtt_filter_is_valid(filter) || mqtt_filter_is_shared(filter))) {
            snprintf(
                fault, SETTINGS_FAULT_SIZE,
                "readings.match: \"%.*s\" is no topic filter; wanted are filters such as plant/# "
                "or +/temp, not shared ones, separated by spaces",
                (int)size, match);
            return false;
        }
        match += size + (match[size] == ' ');
    }
    return true;
}

enum err broker_settings_check(const struct settings *settings, char *fault)
{
    if (!readings_match_is_valid(settings->readings_match, fault))
        return ERR_INVALID;
    struct topic_template path_template;
    const char *why = topic_template_parse(bytes_text(settings->readings_path), &path_template);
    if (!why)
        return OK;
    snprintf(fault, SETTINGS_FAULT_SIZE, "readings.path = %s: %s", settings->readings_path, why);
    return ERR_INVALID;
}

static enum err broker_init_paths(struct broker *broker)
{
    char fault[SETTINGS_FAULT_SIZE];
    enum err err = broker_settings_check(broker->settings, fault);
    if (err != OK) {
        log_error("mqtt", "%s", fault);
        return err;
    }
    (void)topic_template_parse(bytes_text(broker->settings->readings_path), &broker->path_template);
    broker->paths_are_topics = broker->path_template.plain;
    return OK;
}

static enum err broker_init(struct broker *broker)
{
    enum err path_err = broker_init_paths(broker);
    if (path_err != OK)
        return path_err;
    broker->scratch = malloc(PACKET_SCRATCH);
    broker->scratch_2 = malloc(PACKET_SCRATCH);
    broker->facts = calloc(SUBSCRIBE_FILTERS_MAX + 2, sizeof *broker->facts);
    if (!broker->scratch || !broker->scratch_2 || !broker->facts)
        return ERR_NO_MEMORY;
    uint64_t tree_seed;
    broker->config.random(&broker->seed, sizeof broker->seed);
    broker->config.random(&tree_seed, sizeof tree_seed);
    enum err err = topics_create_seeded(tree_seed, &broker->topics);
    if (err == OK)
        err = index_create(&broker->group_index);
    if (err == OK)
        err = index_create(&broker->subscription_index);
    return err == OK ? topics_seen_init(broker) : err;
}

enum err broker_create(const struct broker_config *config, struct broker **ret_broker)
{
    struct broker *broker = calloc(1, sizeof *broker);
    if (!broker)
        return ERR_NO_MEMORY;
    broker->config = *config;
    broker->settings = config->settings;
    broker->memory = config->memory;
    broker->access = config->access;
    check(pattern_parse(bytes_text("#"), &broker->all) == NULL);
    link_init(&broker->flows_waiting);
    broker->round_share = UINT32_MAX;
    broker->engine = config->engine;
    broker->sessions = engine_sessions(config->engine);
    broker->now_ns = broker->started_ns = config->clock->boot_ns(config->clock);
    broker->posts_end = &broker->posts;
    broker->chores_end = &broker->chores;
    broker->done_end = &broker->done;
    link_init(&broker->dirty);
    link_init(&broker->acks_waiting);
    link_init(&broker->acks_due);
    publisher_init(&broker->will_publisher, TENANT_DEFAULT, UINT64_MAX);
    publisher_init(&broker->say_publisher, TENANT_DEFAULT, UINT64_MAX);
    broker->durable_ticket = broker->last_ticket = engine_durable_ticket(broker->engine);
    broker->lost_generation = engine_lost_generation(broker->engine);
    enum err err = broker_init(broker);
    if (err == OK)
        err = records_load(broker);
    if (err != OK) {
        broker_destroy(broker);
        return err;
    }
    sys_init(broker);
    *ret_broker = broker;
    return OK;
}

void broker_destroy(struct broker *broker)
{
    if (!broker)
        return;
    posts_free(broker);
    chores_free(broker);
    for (uint32_t i = 1; i < broker->subscription_count; i++)
        free(broker->subscriptions[i]);
    groups_free(broker);
    free(broker->subscriptions);
    free(broker->subscriptions_free);
    free(broker->buckets);
    free(broker->slots);
    free(broker->slots_free);
    for (uint32_t number = 1; number < broker->record_count; number++)
        principal_release(broker->records[number].principal);
    free(broker->records);
    free(broker->tenant_records);
    free(broker->numbers_free);
    free(broker->route.matches);
    free(broker->route.ids);
    free(broker->route.targets);
    free(broker->scratch);
    free(broker->scratch_2);
    free(broker->facts);
    index_destroy(broker->group_index);
    index_destroy(broker->subscription_index);
    topics_destroy(broker->topics);
    topics_seen_done(broker);
    flows_free(broker);
    free(broker->foreign);
    free(broker);
}

/* ---- a round ---- */
void broker_now(struct broker *broker, int64_t boot_ns)
{
    broker->now_ns = boot_ns;
    if (broker->access)
        flow_round(broker);
    if (boot_ns - broker->seen.began_ns >= NS_PER_S)
        topics_seen_second(broker);
}

/* What was admitted above the durable mark never was. Whoever was told nothing yet is disconnected;
 * what is remembered of recorded sessions is learned anew from their facts. */
static void broker_lost(struct broker *broker)
{
    broker->lost_generation = engine_lost_generation(broker->engine);
    broker->last_ticket = broker->durable_ticket;
    while (posts_run(broker)) /* what is durable is owed, whatever came after it */
        ;
    answers_lost(broker);
    posts_lost(broker);
    chores_free(broker);
    for (uint32_t slot = 0; slot < broker->slot_count; slot++) {
        struct client *client = broker->slots[slot];
        if (client && (client->number != SESSION_NONE || client->waits))
            packet_goodbye(broker, client->link, MQTT_IMPLEMENTATION_SPECIFIC, CAUSE_LOST,
                           "a write to the disk failed: what was not acknowledged was not kept");
    }
    chores_free(broker);
    enum err err = records_load(broker);
    if (err != OK)
        log_error("mqtt", "sessions are not served until the next start: %s", err_text(err));
}

int64_t broker_step(struct broker *broker)
{
    uint64_t durable = engine_durable_ticket(broker->engine);
    if (durable != broker->durable_ticket) {
        broker->durable_ticket = durable;
        answers_moved(broker);
    }
    if (engine_lost_generation(broker->engine) != broker->lost_generation)
        broker_lost(broker);
    bool more = posts_run(broker);
    more = answers_send(broker) || more;
    more = deliver_run(broker) || more;
    chores_run(broker);
    if (broker->now_ns >= broker->sweep_due_ns)
        sweep_run(broker);
    int64_t sys_due_ns = sys_run(broker);
    if (more)
        return 0;
    int64_t due_ns = broker->sweep_due_ns < sys_due_ns ? broker->sweep_due_ns : sys_due_ns;
    int64_t flow_ns = flow_due_ns(broker);
    due_ns = flow_ns < due_ns ? flow_ns : due_ns;
    return due_ns > broker->now_ns ? due_ns - broker->now_ns : 0;
}

bool broker_retry(struct broker *broker)
{
    return chores_run(broker);
}

bool broker_is_idle(const struct broker *broker)
{
    return broker->durable_ticket >= broker->last_ticket && !broker->posts && !broker->chores &&
           !broker->done && link_is_alone(&broker->acks_due);
}

/* ---- asking ---- */
const struct broker_counters *broker_counters(const struct broker *broker)
{
    return &broker->counters;
}

uint64_t broker_latency_share(const struct broker_counters *counters, double share)
{
    uint64_t all = 0, seen = 0;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++)
        all += counters->latency[i];
    if (all == 0)
        return 0;
    for (size_t i = 0; i < LATENCY_BUCKETS; i++) {
        seen += counters->latency[i];
        if ((double)seen >= share * (double)all)
            return UINT64_C(1) << i;
    }
    return UINT64_C(1) << (LATENCY_BUCKETS - 1);
}

void broker_describe(const struct broker *broker, struct broker_state *ret_state)
{
    struct sessions_counts counts;
    sessions_describe(broker->sessions, &counts);
    *ret_state = (struct broker_state){.clients = broker->client_count,
                                       .clients_max = broker->clients_max,
                                       .sessions = broker->recorded,
                                       .subscriptions = broker->subscriptions_used,
                                       .shared = broker->shared,
                                       .retained = counts.retained,
                                       .retained_bytes = counts.retained_bytes,
                                       .queued = counts.entries,
                                       .stored_bytes = counts.message_bytes,
                                       .in_flight = broker->post_count,
                                       .skipped = counts.full,
                                       .memory = broker->memory->used};
}

void broker_traffic(struct broker *broker, const struct broker_traffic *traffic)
{
    broker->traffic = *traffic;
}
