/* What viewers say. Anything may come: each message is judged member by member, and what is wrong
 * is answered; the connection stays. */
#include "live/room.h"

#include <jansson.h>
#include <string.h>

/* ---- members ----------------------------------------------------------------------------------
 */
/* Nothing but these, separated by spaces: a name that is written wrong must not be passed over. */
static bool members_are_known(struct viewer *viewer, json_t *message, const char *known)
{
    for (void *at = json_object_iter(message); at != NULL;
         at = json_object_iter_next(message, at)) {
        const char *name = json_object_iter_key(at), *found = known;
        size_t size = strlen(name);
        while (*found != '\0' && (strcspn(found, " ") != size || memcmp(found, name, size) != 0)) {
            found += strcspn(found, " ");
            found += strspn(found, " ");
        }
        if (*found != '\0')
            continue;
        tell_error(viewer, "member", NULL, "\"%.64s\" is no member of this message; it has: %s",
                   name, known);
        return false;
    }
    return true;
}

static bool member_integer(struct viewer *viewer, const json_t *message, const char *name,
                           int64_t least, int64_t most, int64_t *ret_number)
{
    const json_t *member = json_object_get(message, name);
    if (!json_is_integer(member)) {
        tell_error(viewer, "member", NULL, "\"%s\" must be there and an integer", name);
        return false;
    }
    int64_t number = json_integer_value(member);
    if (number < least || number > most) {
        tell_error(viewer, "member", NULL, "\"%s\" is %lld; it may be %lld to %lld", name,
                   (long long)number, (long long)least, (long long)most);
        return false;
    }
    *ret_number = number;
    return true;
}

/* ---- subscribe --------------------------------------------------------------------------------
 */
static bool match_get(struct viewer *viewer, int64_t id, const json_t *text,
                      struct live_match *ret_match)
{
    if (!json_is_string(text)) {
        tell_error(viewer, "member", &id, "\"match\" must be a pattern or an array of patterns");
        return false;
    }
    const char *why =
        live_match_read(viewer->live, viewer->principal,
                        bytes_of(json_string_value(text), json_string_length(text)), ret_match);
    if (why == LIVE_HIDDEN)
        tell_error(viewer, "unknown_point", &id, "\"%.128s\" %s", json_string_value(text), why);
    else if (why != NULL)
        tell_error(viewer, "pattern", &id, "\"%.128s\" is no pattern: %s", json_string_value(text),
                   why);
    return why == NULL;
}

static bool id_is_taken(struct viewer *viewer, int64_t id)
{
    bool taken =
        subscription_find(viewer, id) != NULL || (viewer->follow.on && viewer->follow.id == id);
    if (taken)
        tell_error(viewer, "id_taken", &id, "subscription %lld exists: unsubscribe it first",
                   (long long)id);
    return taken;
}

static void receive_subscribe(struct viewer **viewer, json_t *message)
{
    int64_t id;
    if (!members_are_known(*viewer, message, "op id match") ||
        !member_integer(*viewer, message, "id", INT64_MIN, INT64_MAX, &id))
        return;
    if (id_is_taken(*viewer, id))
        return;
    const json_t *match = json_object_get(message, "match");
    bool many = json_is_array(match);
    size_t count = many ? json_array_size(match) : 1;
    if (count == 0 || count > PATTERNS_MAX) {
        tell_error(*viewer, "patterns", &id, "\"match\" holds %zu patterns; it may hold 1 to %d",
                   count, PATTERNS_MAX);
        return;
    }
    struct subscription *subscription = subscription_create((*viewer)->live, count);
    if (subscription == NULL) {
        tell_error(*viewer, "memory", &id, "out of memory: subscription %lld does not exist",
                   (long long)id);
        return;
    }
    subscription->id = id;
    for (size_t i = 0; i < count; i++) {
        if (!match_get(*viewer, id, many ? json_array_get(match, i) : match,
                       &subscription->matches[i])) {
            subscription_destroy((*viewer)->live, subscription);
            return;
        }
    }
    bool many_already = (*viewer)->subscription_count == SUBSCRIPTIONS_MAX;
    const char *why = subscription_begin(*viewer, subscription);
    if (why != NULL)
        tell_error(*viewer, many_already ? "subscriptions" : "memory", &id,
                   "%s: subscription %lld does not exist", why, (long long)id);
}

/* ---- the others -------------------------------------------------------------------------------
 */
static void receive_alarms(struct viewer **viewer, json_t *message)
{
    struct live_match match;
    int64_t id, after = 0;
    bool has_after = json_object_get(message, "after") != NULL;
    const json_t *text = json_object_get(message, "match");
    if (!members_are_known(*viewer, message, "op id match after") ||
        !member_integer(*viewer, message, "id", INT64_MIN, INT64_MAX, &id) ||
        (has_after && !member_integer(*viewer, message, "after", 0, INT64_MAX, &after)))
        return;
    if (id_is_taken(*viewer, id))
        return;
    json_t *all = text == NULL || json_is_null(text) ? json_string("#") : NULL;
    bool good = match_get(*viewer, id, all != NULL ? all : text, &match);
    json_decref(all);
    uint64_t entry = (uint64_t)after;
    if (good)
        follow_begin(*viewer, id, &match, has_after ? &entry : NULL);
}

static void receive_unsubscribe(struct viewer **viewer, json_t *message)
{
    int64_t id;
    if (!members_are_known(*viewer, message, "op id") ||
        !member_integer(*viewer, message, "id", INT64_MIN, INT64_MAX, &id))
        return;
    struct subscription *subscription = subscription_find(*viewer, id);
    if (subscription == NULL && (*viewer)->follow.on && (*viewer)->follow.id == id) {
        follow_end(*viewer);
        tell_unsubscribed(*viewer, id);
        return;
    }
    if (subscription == NULL) {
        tell_error(*viewer, "id_unknown", &id, "there is no subscription %lld", (long long)id);
        return;
    }
    subscription_end(*viewer, subscription);
    tell_unsubscribed(*viewer, id);
}

static void receive_pace(struct viewer **viewer, json_t *message)
{
    int64_t ms;
    if (members_are_known(*viewer, message, "op ms") &&
        member_integer(*viewer, message, "ms", 0, PACE_MS_MAX, &ms))
        live_viewer_pace(*viewer, ms * NS_PER_MS);
}

static void receive_resume(struct viewer **viewer, json_t *message)
{
    struct viewer *fresh = *viewer;
    int64_t number;
    const json_t *session = json_object_get(message, "session");
    if (!members_are_known(fresh, message, "op session seq"))
        return;
    if (fresh->spoke) {
        tell_error(fresh, "resume_late", NULL, "\"resume\" is the first message or none");
        return;
    }
    if (!json_is_string(session)) {
        tell_error(fresh, "member", NULL, "\"session\" must be there and a text");
        return;
    }
    if (!member_integer(fresh, message, "seq", 0, INT64_MAX, &number))
        return;
    struct viewer *known = viewer_known(
        fresh->live, fresh->principal,
        bytes_of(json_string_value(session), json_string_length(session)), (uint64_t)number);
    if (known == NULL || known == fresh) {
        tell_gone(fresh);
        return;
    }
    struct live_sink sink = fresh->sink;
    void *arg = fresh->arg;
    struct principal *principal = NULL;
    if (fresh->principal != NULL)
        principal = principal_hold(fresh->principal);
    viewer_kill(fresh);
    *viewer = known;
    viewer_resume(known, principal, (uint64_t)number, &sink, arg);
    principal_release(principal);
}

/* ---- all --------------------------------------------------------------------------------------
 */
static const struct {
    const char *op;
    void (*run)(struct viewer **viewer, json_t *message);
} operations[] = {{"subscribe", receive_subscribe},
                  {"unsubscribe", receive_unsubscribe},
                  {"alarms", receive_alarms},
                  {"pace", receive_pace},
                  {"resume", receive_resume}};

static void message_run(struct viewer **viewer, json_t *message)
{
    const json_t *op = json_object_get(message, "op");
    if (!json_is_string(op)) {
        tell_error(*viewer, "op", NULL, "\"op\" must be there and a text");
        return;
    }
    for (size_t i = 0; i < ARRAY_COUNT(operations); i++) {
        if (strcmp(operations[i].op, json_string_value(op)) == 0) {
            operations[i].run(viewer, message);
            return;
        }
    }
    tell_error(*viewer, "op", NULL,
               "\"%.64s\" is no op; there are subscribe, unsubscribe, alarms, pace and resume",
               json_string_value(op));
}

void live_viewer_receive(struct live *live, struct viewer **viewer, struct bytes text)
{
    (void)live;
    struct viewer *speaker = *viewer;
    check(viewer_is_attached(speaker));
    json_error_t error;
    json_t *message = NULL;
    if (text.size > MESSAGE_BYTES_MAX)
        tell_error(speaker, "too_large", NULL, "a message has at most %zu bytes, this one has %zu",
                   MESSAGE_BYTES_MAX, text.size);
    else if ((message = json_loadb((const char *)text.at, text.size,
                                   JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error)) == NULL)
        tell_error(speaker, "json", NULL, "the message is no JSON: %s", error.text);
    else if (!json_is_object(message))
        tell_error(speaker, "json", NULL, "a message is a JSON object with an \"op\"");
    else
        message_run(viewer, message);
    json_decref(message);
    speaker->spoke = true;
}
