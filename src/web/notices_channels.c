/* Channels: ways out. Their secrets are sealed, and never told. */
#include "notify/notify.h"
#include "web/notices.h"

#include "access/access.h"

#include <string.h>

#define SECRET_TEXT_MAX 256
_Static_assert(SECRET_TEXT_MAX + SECRET_SEAL_OVERHEAD <= NOTICE_SECRET_MAX, "it fits sealed");

static const char *const language_words[] = {[NOTICE_ENGLISH] = "en", [NOTICE_CHINESE] = "zh"};
static const char *const target_names[] = {[CHANNEL_WEBHOOK] = "url",
                                           [CHANNEL_MQTT] = "topic",
                                           [CHANNEL_MAIL] = "address",
                                           [CHANNEL_BROWSER] = NULL};

/* ---- one as an object --------------------------------------------------------------------------
 */
static void quiets_put(struct json_writer *json, const struct channel_view *view)
{
    json_put_name(json, "quiet");
    json_put_array(json);
    for (unsigned i = 0; i < view->quiet_count; i++) {
        json_put_object(json);
        weekly_put(json, &view->quiets[i].when);
        offset_put(json, view->quiets[i].offset_minutes);
        json_member_count(json, "but_priority", view->quiets[i].but_priority);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

static void targets_put(struct json_writer *json, const struct channel_view *view, bool open)
{
    for (unsigned kind = 0; kind < ARRAY_COUNT(target_names); kind++)
        if (target_names[kind] != NULL)
            put_text(json, target_names[kind],
                     open && kind == view->kind ? view->target : bytes_of("", 0));
}

static void channel_put(struct exchange *exchange, uint32_t channel)
{
    struct json_writer *json = &exchange->json;
    struct channel_view view;
    bool open = notices_changeable(exchange);
    if (!notices_channel(notices_of(exchange), channel, &view))
        return;
    json_put_object(json);
    json_member_string(json, "name", view.name);
    json_member_text(json, "kind", channel_kind_word(view.kind));
    targets_put(json, &view, open);
    json_member_bool(json, "secret", view.sealed_secret.size > 0);
    quiets_put(json, &view);
    put_span(json, "gather", view.gather_ns);
    json_member_text(json, "language", language_words[view.language % NOTICE_LANGUAGES]);
    json_member_bool(json, "dead", view.dead);
    put_when(json, "dead_since", view.dead_wall_ns);
    put_text(json, "last_error", open ? view.error : bytes_of("", 0));
    json_member_count(json, "sent", view.sent);
    json_member_count(json, "given_up", view.given_up);
    json_member_count(json, "waiting", view.waiting);
    json_member_count(json, "holders", view.holders);
    json_member_time(json, "changed", view.wall_ns);
    json_member_count(json, "position", view.position);
    json_put_object_end(json);
}

enum handled handle_channels(struct exchange *exchange)
{
    static const struct notice_list list = {"channels", notices_channel_next, channel_put};
    return notice_list(exchange, &list);
}

enum handled handle_channel(struct exchange *exchange)
{
    if (!notices_may_see(exchange))
        return HANDLED;
    uint32_t channel = notices_channel_find(notices_of(exchange), exchange->tenant, exchange->arg);
    if (channel == 0)
        return answer_no_notice(exchange, "channel", exchange->arg);
    channel_put(exchange, channel);
    return answer_json(exchange, 200);
}

/* ---- set ---------------------------------------------------------------------------------------
 */
static void quiet_read(struct wish *part, struct form_writer *form)
{
    int64_t but;
    wish_members(part, "from to days utc_offset but_priority");
    weekly_read(part, QUIET_TAG_FROM, form);
    offset_read(part, QUIET_TAG_OFFSET, form);
    if (wish_integer(part, "but_priority", 0, ALARM_PRIORITIES, &but))
        form_put_integer(form, QUIET_TAG_BUT, but);
}

static void secret_read(struct exchange *exchange, struct wish *wish, struct form_writer *form)
{
    uint8_t sealed[NOTICE_SECRET_MAX];
    char context[NOTICE_NAME_MAX + 32];
    struct bytes secret;
    size_t size = 0;
    if (!wish_text(wish, "secret", 0, SECRET_TEXT_MAX, &secret))
        return;
    if (secret.size > 0 && (exchange->web->config.access == NULL || !notify_secret_is_good(secret)))
        wish_fault(wish, "secret", "1 to 256 bytes, or whsec_ and base64");
    if (wish->wrong)
        return;
    if (secret.size > 0)
        size =
            access_seal(exchange->web->config.access,
                        bytes_of(context, notify_context(exchange->tenant, exchange->arg, context)),
                        secret, sealed);
    form_put_text(form, CHANNEL_TAG_SECRET, bytes_of(sealed, size));
}

static void channel_read(struct exchange *exchange, struct wish *wish, struct form_writer *form)
{
    static const char *const kinds[] = {"webhook", "mqtt", "mail", "browser"};
    _Static_assert(ARRAY_COUNT(kinds) == CHANNEL_KINDS, "in the order of enum channel_kind");
    struct bytes target;
    uint8_t kind = CHANNEL_KINDS, language;
    int64_t gather_ns;
    wish_members(wish, "kind url topic address secret quiet gather language");
    if (!wish_word(wish, "kind", kinds, CHANNEL_KINDS, &kind))
        wish_fault(wish, "kind", "webhook, mqtt, mail or browser");
    else if (kind < CHANNEL_KINDS && target_names[kind] != NULL &&
             wish_text(wish, target_names[kind], 1, NOTICE_TARGET_MAX, &target))
        form_put_text(form, CHANNEL_TAG_TARGET, target);
    form_put_integer(form, CHANNEL_TAG_KIND, kind);
    if (wish_span(wish, "gather", NOTICE_GATHER_MOST_NS, &gather_ns))
        form_put_integer(form, CHANNEL_TAG_GATHER, gather_ns);
    if (wish_word(wish, "language", language_words, NOTICE_LANGUAGES, &language))
        form_put_integer(form, CHANNEL_TAG_LANGUAGE, language);
    parts_read(wish, "quiet", CHANNEL_TAG_QUIET, NOTICE_QUIETS_MAX, form, quiet_read);
    secret_read(exchange, wish, form);
}

static enum handled channel_done(struct exchange *exchange, const struct outcome *outcome)
{
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    order_put_outcome(json, outcome);
    uint32_t channel = notices_channel_find(notices_of(exchange), exchange->tenant, exchange->arg);
    json_put_name(json, "channel");
    if (channel != 0)
        channel_put(exchange, channel);
    else
        json_put_null(json);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

enum handled handle_channel_set(struct exchange *exchange)
{
    struct channel_plan plan;
    if (!notices_may_change(exchange))
        return HANDLED;
    struct module_order *module = module_begin(exchange, sizeof *module, COMMAND_CHANNEL_SET, true);
    if (module == NULL)
        return HANDLED;
    struct form_writer *form = &module->form;
    module_name(module, exchange->arg);
    form_put_text(form, CHANNEL_TAG_NAME, exchange->arg);
    channel_read(exchange, &module->order.wish, form);
    if (module->order.wish.wrong)
        return order_refuse(exchange);
    const char *fault = channel_plan_read(bytes_of(form->at, form->size), &plan);
    return fault != NULL ? notice_refuse(exchange, fault) : module_give(exchange, 0, channel_done);
}

static bool is_there(const struct exchange *exchange)
{
    return notices_channel_find(notices_of(exchange), exchange->tenant, exchange->arg) != 0;
}

enum handled handle_channel_remove(struct exchange *exchange)
{
    return notice_named(exchange, COMMAND_CHANNEL_REMOVE, is_there(exchange), "channel",
                        channel_done);
}

static enum handled test_done(struct exchange *exchange, const struct outcome *outcome)
{
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    order_put_outcome(json, outcome);
    json_member_count(json, "delivery", outcome->number);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

enum handled handle_channel_test(struct exchange *exchange)
{
    return notice_named(exchange, COMMAND_CHANNEL_TEST, is_there(exchange), "channel", test_done);
}
