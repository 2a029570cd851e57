/* Rights: whose topics a filter means, and what a client may do with a topic. What is asked here is
 * answered by src/access alone; without it everyone may all.
 *
 * Topics that begin with '$' are no points, and no pattern of a role names them. $SYS is the
 * server's own: to be seen with RIGHT_SEE on "$server/sys", in the tenant main. What bridges say of
 * themselves there may be written, and seen, by whoever may do so anywhere in his tenant. */
#include "broker/room.h"

#include <stdlib.h>

#define BRIDGES "$SYS/broker/connection/"

static bool begins_with(struct bytes text, const char *head)
{
    size_t size = strlen(head);
    return text.size >= size && memcmp(text.at, head, size) == 0;
}

static bool is_sys(struct bytes topic)
{
    return begins_with(topic, "$SYS") && (topic.size == 4 || topic.at[4] == '/');
}

/* ---- topics ---- */
static bool dollar_may(const struct principal *principal, enum access_right right, uint32_t tenant,
                       struct bytes topic)
{
    if (!is_sys(topic))
        return access_may(principal, right, tenant, topic);
    if (begins_with(topic, BRIDGES) && access_may_somewhere(principal, right, tenant))
        return true;
    return right == RIGHT_SEE && tenant == TENANT_MAIN &&
           access_may(principal, right, TENANT_MAIN, bytes_text("$server/sys"));
}

bool rights_may(const struct broker *broker, const struct principal *principal,
                enum access_right right, uint32_t tenant, struct bytes topic)
{
    if (!broker->access)
        return true;
    if (UNLIKELY(topic.size > 0 && topic.at[0] == '$'))
        return dollar_may(principal, right, tenant, topic);
    return access_may(principal, right, tenant, topic);
}

/* What holds for all topics of its own tenant is asked once for each change of its rights. */
static void client_refresh(const struct broker *broker, struct client *client, uint64_t generation)
{
    client->rights_generation = generation;
    client->sees_all =
        access_reach(client->principal, RIGHT_SEE, client->tenant, &broker->all) == REACH_ALL;
    client->writes_all =
        access_reach(client->principal, RIGHT_WRITE, client->tenant, &broker->all) == REACH_ALL;
}

bool rights_sees(const struct broker *broker, struct client *client, uint32_t tenant,
                 struct bytes topic)
{
    if (!client->principal)
        return true;
    uint64_t generation = principal_generation(client->principal);
    if (UNLIKELY(client->rights_generation != generation))
        client_refresh(broker, client, generation);
    if (LIKELY(client->sees_all) && tenant == client->tenant && topic.at[0] != '$')
        return true;
    return rights_may(broker, client->principal, RIGHT_SEE, tenant, topic);
}

/* Everything below the path as well? */
static bool writes_below(const struct broker *broker, const struct principal *principal,
                         uint32_t tenant, struct bytes path)
{
    struct pattern pattern;
    uint8_t text[PATTERN_BYTES_MAX];
    if (access_reach(principal, RIGHT_WRITE, tenant, &broker->all) == REACH_ALL)
        return true;
    if (path.size + 2 > sizeof text)
        return false;
    memcpy(text, path.at, path.size);
    memcpy(text + path.size, "/#", 2);
    return !pattern_parse(bytes_of(text, path.size + 2), &pattern) &&
           access_reach(principal, RIGHT_WRITE, tenant, &pattern) == REACH_ALL;
}

enum admit rights_write(const struct broker *broker, const struct principal *principal,
                        uint32_t tenant, struct bytes topic, bool *ret_flat)
{
    *ret_flat = false;
    if (!broker->access)
        return ADMIT_DONE;
    if (topic.at[0] == '@') /* another tenant's, and never to be written */
        return ADMIT_TOPIC_INVALID;
    if (!rights_may(broker, principal, RIGHT_WRITE, tenant, topic))
        return ADMIT_DENIED;
    *ret_flat = topic.at[0] != '$' && !writes_below(broker, principal, tenant, topic);
    return ADMIT_DONE;
}

/* ---- what was allowed before ---- */
static bool allowed_fits(const struct allowed *allowed, struct bytes topic)
{
    if (allowed->kind == ALLOWED_BRANCH ? topic.size <= allowed->size : topic.size != allowed->size)
        return false;
    return allowed->size > 0 && memcmp(allowed->text, topic.at, allowed->size) == 0;
}

static struct allowed *allowed_slot(const struct broker *broker, const struct allowed_list *list,
                                    struct bytes topic)
{
    return &list->table[hash64(topic.at, topic.size, broker->seed) % ALLOWED_TABLE];
}

static const struct allowed *allowed_find(const struct broker *broker, struct allowed_list *list,
                                          struct bytes topic)
{
    if (LIKELY(allowed_fits(&list->at[list->hit], topic)))
        return &list->at[list->hit];
    for (uint32_t i = 0; i < ALLOWED_MOST; i++)
        if (allowed_fits(&list->at[i], topic)) {
            list->hit = i;
            return &list->at[i];
        }
    const struct allowed *slot = list->table ? allowed_slot(broker, list, topic) : NULL;
    return slot && allowed_fits(slot, topic) ? slot : NULL;
}

static struct allowed *allowed_next(struct allowed_list *list)
{
    list->hit = list->next;
    list->next = (list->next + 1) % ALLOWED_MOST;
    return &list->at[list->hit];
}

static void allowed_put(const struct broker *broker, struct allowed_list *list, struct bytes text,
                        enum allowed_kind kind)
{
    if (text.size > ALLOWED_BYTES)
        return;
    struct allowed *allowed = list->table && kind != ALLOWED_BRANCH
                                  ? allowed_slot(broker, list, text)
                                  : allowed_next(list);
    *allowed = (struct allowed){.size = (uint8_t)text.size, .kind = (uint8_t)kind};
    memcpy(allowed->text, text.at, text.size);
}

static struct allowed_list *allowed_list_of(struct broker *broker, struct client *client,
                                            uint64_t generation)
{
    struct allowed_list *list = client->allowed;
    if (UNLIKELY(!list)) {
        list = budget_take(broker->memory, sizeof *list) ? calloc(1, sizeof *list) : NULL;
        if (!list)
            return NULL;
        client->allowed = list;
    }
    if (UNLIKELY(list->generation != generation)) {
        budget_give(broker->memory, list->table ? ALLOWED_TABLE * sizeof *list->table : 0);
        free(list->table);
        *list = (struct allowed_list){.generation = generation};
    }
    return list;
}

void rights_forget(struct broker *broker, struct client *client)
{
    if (!client->allowed)
        return;
    size_t table = client->allowed->table ? ALLOWED_TABLE * sizeof(struct allowed) : 0;
    budget_give(broker->memory, sizeof *client->allowed + table);
    free(client->allowed->table);
    free(client->allowed);
    client->allowed = NULL;
}

/* The shortest branch that holds the topic and may be written whole; size 0: there is none. */
static struct bytes allowed_branch(const struct broker *broker, const struct client *client,
                                   struct bytes topic)
{
    for (size_t size = 1; size < topic.size; size++)
        if (topic.at[size] == '/' &&
            writes_below(broker, client->principal, client->tenant, bytes_of(topic.at, size)))
            return bytes_of(topic.at, size + 1);
    return bytes_of(NULL, 0);
}

/* Can it make points below its topic? Arrays are of objects. */
static bool is_object(struct bytes payload)
{
    size_t at = 0;
    while (at < payload.size && (payload.at[at] == ' ' || payload.at[at] == '\t' ||
                                 payload.at[at] == '\n' || payload.at[at] == '\r'))
        at++;
    return at < payload.size && (payload.at[at] == '{' || payload.at[at] == '[');
}

/* It writes so many topics one by one that a few places do not do. */
#define TABLE_AFTER 64u
static void allowed_widen(struct broker *broker, struct allowed_list *list)
{
    size_t bytes = ALLOWED_TABLE * sizeof *list->table;
    if (list->table || list->misses % TABLE_AFTER != TABLE_AFTER - 1 ||
        !budget_take_leaving(broker->memory, bytes, broker->memory->most / 4))
        return;
    list->table = calloc(ALLOWED_TABLE, sizeof *list->table);
    if (!list->table)
        budget_give(broker->memory, bytes);
}

#define BRANCH_EVERY 16u /* topics that were not known, and then one looks for a branch */
static enum admit publish_ask(struct broker *broker, struct client *client,
                              struct allowed_list *list, struct bytes topic, struct bytes payload)
{
    if (topic.at[0] == '@')
        return ADMIT_TOPIC_INVALID;
    if (!rights_may(broker, client->principal, RIGHT_WRITE, client->tenant, topic))
        return ADMIT_DENIED;
    bool object = is_object(payload) && topic.at[0] != '$';
    client->publisher.flat =
        object && !writes_below(broker, client->principal, client->tenant, topic);
    if (!list || topic.at[0] == '$')
        return ADMIT_DONE;
    struct bytes branch = {.size = 0};
    allowed_widen(broker, list);
    if (list->misses++ % BRANCH_EVERY == 0)
        branch = allowed_branch(broker, client, topic);
    if (branch.size > 0)
        allowed_put(broker, list, branch, ALLOWED_BRANCH);
    else
        allowed_put(broker, list, topic,
                    object && !client->publisher.flat ? ALLOWED_WHOLE : ALLOWED_TOPIC);
    return ADMIT_DONE;
}

enum admit rights_publish(struct broker *broker, struct client *client, struct bytes topic,
                          struct bytes payload)
{
    if (!client->principal)
        return ADMIT_DONE;
    uint64_t generation = principal_generation(client->principal);
    if (UNLIKELY(client->rights_generation != generation))
        client_refresh(broker, client, generation);
    if (client->writes_all && topic.at[0] != '@' && topic.at[0] != '$') {
        client->publisher.flat = false;
        return ADMIT_DONE;
    }
    struct allowed_list *list = allowed_list_of(broker, client, generation);
    const struct allowed *allowed = list ? allowed_find(broker, list, topic) : NULL;
    if (LIKELY(allowed != NULL) && (allowed->kind != ALLOWED_TOPIC || !is_object(payload))) {
        client->publisher.flat = false;
        return ADMIT_DONE;
    }
    return publish_ask(broker, client, list, topic, payload);
}

/* ---- filters ---- */
/* Where the name of another tenant ends: "@acme/fire/#" is "fire/#" there. */
static bool place_of_other(const struct broker *broker, const struct principal *principal,
                           struct bytes filter, struct filter_place *place)
{
    struct bytes matched = filter_matched(filter, place), there;
    if (!access_resolve(broker->access, principal, matched, &place->tenant, &there) ||
        there.size == 0 || there.size >= matched.size || place->tenant == place->home)
        return false;
    place->at = (uint16_t)(there.at - filter.at);
    return true;
}

/* As much as the filter can reach. Its levels that a pattern would read as more than they say ('*',
 * '?') only make it wider; one that no pattern can say is judged as "#". */
static enum access_reach place_reach(const struct broker *broker, const struct principal *principal,
                                     const struct filter_place *place, struct bytes filter)
{
    struct pattern pattern;
    struct bytes matched = filter_matched(filter, place);
    if (matched.size > 0 && matched.at[0] == '$') {
        if (begins_with(matched, BRIDGES) &&
            access_may_somewhere(principal, RIGHT_SEE, place->tenant))
            return REACH_ALL;
        return rights_may(broker, principal, RIGHT_SEE, place->tenant, matched) ? REACH_ALL
                                                                                : REACH_NONE;
    }
    bool said = !pattern_parse(matched, &pattern);
    return access_reach(principal, RIGHT_SEE, place->tenant, said ? &pattern : &broker->all);
}

static void place_at_home(uint32_t tenant, struct bytes filter, struct filter_place *ret_place)
{
    struct bytes matched = filter_of_share(filter);
    *ret_place = (struct filter_place){
        .home = tenant, .tenant = tenant, .at = (uint16_t)(filter.size - matched.size)};
}

static bool is_of_other(struct bytes filter, const struct filter_place *place)
{
    struct bytes matched = filter_matched(filter, place);
    return matched.size > 0 && matched.at[0] == '@';
}

uint8_t rights_place(struct broker *broker, const struct client *client, struct bytes filter,
                     struct filter_place *ret_place)
{
    place_at_home(client->tenant, filter, ret_place);
    if (!client->principal)
        return 0;
    if (is_of_other(filter, ret_place) &&
        !place_of_other(broker, client->principal, filter, ret_place))
        return MQTT_NOT_AUTHORIZED;
    enum access_reach reach = place_reach(broker, client->principal, ret_place, filter);
    /* What one of a group takes the others do not get: none may be given what he may not see. */
    if (reach == REACH_NONE || (reach == REACH_SOME && mqtt_filter_is_shared(filter)))
        return MQTT_NOT_AUTHORIZED;
    ret_place->checked = reach == REACH_SOME;
    return 0;
}

/* Is there a share by which `to` sees of `from`? */
static bool is_shown(const struct access_model *model, uint32_t from, uint32_t to)
{
    struct share_view view;
    uint32_t share = SHARE_NONE;
    while ((share = access_share_next(model, to, false, share)) != SHARE_NONE)
        if (access_share(model, share, &view) && view.from == from && view.state == SHARE_ACTIVE)
            return true;
    return false;
}

void rights_place_recorded(const struct broker *broker, uint32_t tenant, struct bytes filter,
                           struct filter_place *ret_place)
{
    place_at_home(tenant, filter, ret_place);
    if (!broker->access)
        return;
    ret_place->checked = true; /* by whoever comes for it */
    struct bytes matched = filter_matched(filter, ret_place);
    const uint8_t *slash =
        matched.size > 0 && matched.at[0] == '@' ? memchr(matched.at, '/', matched.size) : NULL;
    if (!slash)
        return;
    const struct access_model *model = engine_access(broker->engine);
    uint32_t other =
        access_tenant_find(model, bytes_of(matched.at + 1, (size_t)(slash - matched.at) - 1));
    if (other == TENANT_NONE || !is_shown(model, other, tenant))
        return;
    ret_place->tenant = other;
    ret_place->at = (uint16_t)(slash + 1 - filter.at);
}

struct bytes rights_present(struct broker *broker, const struct client *client, uint32_t tenant,
                            struct bytes topic)
{
    if (tenant == client->tenant)
        return topic;
    struct bytes name = access_present(broker->access, client->principal, tenant);
    if (name.size + topic.size > MESSAGE_TOPIC_MAX)
        return bytes_of("", 0);
    if (!broker->foreign) /* few servers have shares */
        broker->foreign = malloc(MESSAGE_TOPIC_MAX);
    if (!broker->foreign)
        return bytes_of("", 0);
    memcpy(broker->foreign, name.at, name.size);
    memcpy(broker->foreign + name.size, topic.at, topic.size);
    return bytes_of(broker->foreign, name.size + topic.size);
}

/* ---- rights that change ---- */
static void subscription_end(struct broker *broker, struct client *client,
                             struct subscription *subscription)
{
    struct bytes filter = subscription_filter(subscription);
    log_info("mqtt", "%.*s (%s) may not see %.*s any more: the subscription ends",
             client->id_size < 64 ? (int)client->id_size : 64, (const char *)client->id,
             client->link->peer, filter.size < 128 ? (int)filter.size : 128,
             (const char *)filter.at);
    if (client->kept)
        (void)chore_put(
            broker, &(struct chore){.kind = CHORE_UNSUBSCRIBE, .number = client->number}, filter);
    subscriptions_remove(broker, subscription);
}

void rights_judge_anew(struct broker *broker, struct client *client)
{
    if (!client->principal)
        return;
    uint32_t at = client->number == SESSION_NONE
                      ? client->first_subscription
                      : records_at(broker, client->number)->first_subscription;
    while (at != 0) {
        struct subscription *subscription = broker->subscriptions[at];
        struct filter_place place;
        at = subscription->next;
        uint8_t reason = rights_place(broker, client, subscription_filter(subscription), &place);
        if (reason != 0)
            subscription_end(broker, client, subscription);
        else if (!subscriptions_move(broker, subscription, &place))
            log_error("mqtt", "no memory for a subscription of %.*s: it gets no messages by it",
                      client->id_size < 64 ? (int)client->id_size : 64, (const char *)client->id);
    }
}

static void rights_changed(void *arg)
{
    struct client *client = arg;
    struct broker *broker = client->broker;
    struct principal_view view;
    principal_view(client->principal, &view);
    if (!view.ended) {
        rights_judge_anew(broker, client);
        return;
    }
    broker->counters.revoked++;
    packet_goodbye(broker, client->link, MQTT_ADMINISTRATIVE_ACTION, CAUSE_REVOKED,
                   cause_text(CAUSE_REVOKED));
}

void rights_watch(struct broker *broker, struct client *client)
{
    client->broker = broker;
    if (client->principal)
        principal_watch(client->principal, &client->watch, rights_changed, client);
}
