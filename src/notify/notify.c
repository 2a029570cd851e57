/* From what is ready to what became of it: which delivery has its turn, a thread for it, and the
 * command that says how it went. */
#include "notify/room.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AGAIN_NS (5 * NS_PER_MS) /* when the engine takes no command just now */
#define SECRET_PLAIN_MAX 512

enum slot_state {
    SLOT_FREE,
    SLOT_RUNNING, /* in its thread */
    SLOT_DONE,    /* its command is to be given */
    SLOT_TOLD     /* it was given, and is no record yet */
};
struct slot { /* a thread */
    struct job job;
    struct notify *notify;
    struct worker *worker;
    enum slot_state state;
    uint64_t delivery;
    uint32_t channel, tenant;
    struct send_try send;
};
struct notify {
    struct notify_config config;
    struct slot slots[NOTIFY_THREADS];
    bool later;      /* a message has to be given to the broker again */
    uint64_t looked; /* where the walk over what is ready goes on; 0: at its beginning */
    atomic_bool stop;
    struct notify_counters counters;
};

/* ---- what is said of a try ---------------------------------------------------------------------
 */
static void slot_said(struct slot *slot, enum notice_result result, const char *detail)
{
    slot->send.result = result;
    snprintf(slot->send.detail, sizeof slot->send.detail, "%s", detail);
    slot->state = SLOT_DONE;
}

static void slot_clear(struct slot *slot)
{
    free(slot->send.content);
    secret_wipe(&slot->send, sizeof slot->send);
    slot->state = SLOT_FREE;
    slot->delivery = 0;
}

/* What others say (a mail server, a library) may be anything. */
static struct bytes detail_of(const struct slot *slot)
{
    struct bytes text = bytes_text(slot->send.detail);
    size_t at = 0, step;
    while ((step = bytes_utf8_step(text, at)) > 0 && at + step <= NOTICE_ERROR_MAX)
        at += step;
    return bytes_of(text.at, at);
}

static bool slot_tell(struct notify *notify, struct slot *slot)
{
    uint8_t at[NOTICE_ERROR_MAX + 64];
    struct form_writer form = {.at = at, .capacity = sizeof at};
    struct command command = {.kind = COMMAND_NOTICE_DONE, .tenant = slot->tenant};
    form_put_integer(&form, DONE_TAG_DELIVERY, (int64_t)slot->delivery);
    form_put_integer(&form, DONE_TAG_RESULT, slot->send.result);
    form_put_text(&form, DONE_TAG_DETAIL, detail_of(slot));
    bool fits = form_end(&form, &command.module.form);
    check(fits);
    if (!notify->config.port->command(notify->config.arg, &command))
        return false;
    slot->state = SLOT_TOLD;
    return true;
}

/* ---- beginning a try ---------------------------------------------------------------------------
 */
static void text_copy(char *to, size_t size, struct bytes text)
{
    size_t most = text.size < size ? text.size : size - 1;
    if (most > 0)
        memcpy(to, text.at, most);
    to[most] = '\0';
}

static bool slot_sign(struct notify *notify, struct slot *slot, const struct channel_view *channel)
{
    uint8_t secret[SECRET_PLAIN_MAX];
    char context[NOTICE_NAME_MAX + 32];
    size_t size = notify_context(channel->tenant, channel->name, context), plain = 0;
    if (channel->sealed_secret.size == 0)
        return true;
    enum err err = notify->config.key == NULL
                       ? ERR_MISSING
                       : secret_open(notify->config.key, bytes_of(context, size),
                                     channel->sealed_secret, secret, sizeof secret, &plain);
    bool good = err == OK &&
                notify_sign(bytes_of(secret, plain), slot->send.identity, slot->send.timestamp_s,
                            bytes_of(slot->send.content, slot->send.size), slot->send.signature);
    secret_wipe(secret, sizeof secret);
    return good;
}

static void settings_copy(const struct notify *notify, struct send_try *send, uint32_t tenant)
{
    const struct settings *settings = notify->config.settings;
    send->inner = settings->notify_inner && tenant == TENANT_MAIN;
    send->time_ns = settings->notify_time;
    send->stop = &notify->stop;
    text_copy(send->ca, sizeof send->ca, bytes_text(settings->notify_ca));
    text_copy(send->server, sizeof send->server, bytes_text(settings->notify_smtp_server));
    text_copy(send->security, sizeof send->security, bytes_text(settings->notify_smtp_security));
    text_copy(send->user, sizeof send->user, bytes_text(settings->notify_smtp_user));
    text_copy(send->password_file, sizeof send->password_file,
              bytes_text(settings->notify_smtp_password_file));
    text_copy(send->from, sizeof send->from, bytes_text(settings->notify_smtp_from));
}

/* The body of a webhook, or of a message to a topic; false: no memory. */
static bool content_make(struct notify *notify, struct slot *slot,
                         const struct delivery_view *delivery, struct bytes tenant)
{
    struct json_writer json;
    json_writer_init(&json, 0);
    bool made = compose_json(notify->config.notices, delivery, tenant, slot->send.identity, &json);
    struct bytes text = json_writer_text(&json);
    slot->send.content = made ? malloc(text.size + 1) : NULL;
    if (slot->send.content != NULL) {
        memcpy(slot->send.content, text.at, text.size);
        slot->send.size = text.size;
    }
    json_writer_done(&json);
    return slot->send.content != NULL;
}

static void slot_publish(struct notify *notify, struct slot *slot)
{
    const char *fault = "";
    enum notify_taken taken = notify->config.port->publish(
        notify->config.arg, slot->tenant, bytes_text(slot->send.target),
        bytes_of(slot->send.content, slot->send.size), &fault);
    notify->later = notify->later || taken == NOTIFY_LATER;
    if (taken == NOTIFY_LATER)
        slot_clear(slot);
    else
        slot_said(slot, taken == NOTIFY_TAKEN ? NOTICE_SENT : NOTICE_FAILED, fault);
}

static void slot_begin(struct notify *notify, struct slot *slot,
                       const struct delivery_view *delivery, const struct channel_view *channel,
                       struct bytes tenant)
{
    struct send_try *send = &slot->send;
    slot->delivery = delivery->delivery;
    slot->channel = delivery->channel;
    slot->tenant = channel->tenant;
    send->kind = channel->kind;
    send->timestamp_s = notify->config.clock->wall_ns(notify->config.clock) / NS_PER_S;
    compose_identity(delivery, send->identity);
    settings_copy(notify, send, channel->tenant);
    text_copy(send->target, sizeof send->target, channel->target);
    if (channel->kind == CHANNEL_MAIL)
        send->content =
            compose_mail(notify->config.notices, delivery, send->identity, send->from, &send->size);
    else
        (void)content_make(notify, slot, delivery, tenant);
    if (send->content == NULL) {
        slot_said(slot, NOTICE_FAILED, "there is no memory");
    } else if (!slot_sign(notify, slot, channel)) {
        slot_said(slot, NOTICE_FAILED,
                  "its secret cannot be opened: it was sealed on another server; set it anew");
    } else if (channel->kind == CHANNEL_MQTT) {
        slot_publish(notify, slot);
    } else {
        slot->state = SLOT_RUNNING;
        slot->worker->submit(slot->worker, &slot->job);
    }
}

/* ---- whose turn it is --------------------------------------------------------------------------
 */
static bool has_turn(const struct notify *notify, uint32_t channel, uint32_t tenant)
{
    uint32_t of_tenant = 0;
    for (size_t i = 0; i < NOTIFY_THREADS; i++) {
        const struct slot *slot = &notify->slots[i];
        if (slot->state == SLOT_FREE)
            continue;
        if (slot->channel == channel)
            return false;
        of_tenant += slot->tenant == tenant;
    }
    return of_tenant < NOTIFY_THREADS_TENANT;
}

static struct slot *slot_free(struct notify *notify)
{
    for (size_t i = 0; i < NOTIFY_THREADS; i++)
        if (notify->slots[i].state == SLOT_FREE)
            return &notify->slots[i];
    return NULL;
}

/* Begins the delivery when it has its turn. */
static void ready_look(struct notify *notify, uint64_t number, struct slot *slot)
{
    struct delivery_view delivery;
    struct channel_view channel;
    struct tenant_view tenant;
    if (!notices_delivery(notify->config.notices, number, &delivery) ||
        !notices_channel(notify->config.notices, delivery.channel, &channel) ||
        !has_turn(notify, delivery.channel, channel.tenant) ||
        !access_tenant(notify->config.people, channel.tenant, &tenant) ||
        tenant.state != TENANT_ACTIVE)
        return;
    slot_begin(notify, slot, &delivery, &channel, tenant.name);
}

/* True: there is more to look at. */
static bool ready_walk(struct notify *notify)
{
    struct slot *slot;
    for (unsigned i = 0; i < NOTIFY_LOOK && (slot = slot_free(notify)) != NULL; i++) {
        uint64_t number = notices_ready_next(notify->config.notices, notify->looked);
        notify->looked = number;
        if (number == 0)
            return false;
        ready_look(notify, number, slot);
    }
    return slot_free(notify) != NULL;
}

/* ---- the step ----------------------------------------------------------------------------------
 */
static void slot_run(struct job *job)
{
    struct slot *slot = (struct slot *)job;
    send_run(&slot->send);
}

static void slot_done(struct job *job)
{
    struct slot *slot = (struct slot *)job;
    slot->state = SLOT_DONE;
}

static void count(struct notify *notify, const struct slot *slot)
{
    if (slot->send.result == NOTICE_SENT)
        notify->counters.sent++;
    else if (slot->send.result == NOTICE_FAILED)
        notify->counters.failed++;
    else
        notify->counters.refused++;
}

/* True: its command has to be given again later. */
static bool slot_step(struct notify *notify, struct slot *slot)
{
    struct delivery_view view;
    slot->worker->poll(slot->worker);
    if (slot->state == SLOT_DONE && slot_tell(notify, slot))
        count(notify, slot);
    if (slot->state == SLOT_TOLD &&
        (!notices_delivery(notify->config.notices, slot->delivery, &view) ||
         view.state != DELIVERY_READY))
        slot_clear(slot);
    return slot->state == SLOT_DONE;
}

int64_t notify_step(struct notify *notify)
{
    bool again = false;
    notify->later = false;
    for (size_t i = 0; i < NOTIFY_THREADS; i++)
        again = slot_step(notify, &notify->slots[i]) || again;
    bool more = ready_walk(notify);
    for (size_t i = 0; i < NOTIFY_THREADS; i++)
        again = again || notify->slots[i].state == SLOT_DONE;
    return more ? 0 : again || notify->later ? AGAIN_NS : INT64_MAX;
}

void notify_lost(struct notify *notify)
{
    for (size_t i = 0; i < NOTIFY_THREADS; i++)
        if (notify->slots[i].state == SLOT_TOLD)
            notify->slots[i].state = SLOT_DONE;
}

void notify_describe(const struct notify *notify, struct notify_counters *ret_counters)
{
    *ret_counters = notify->counters;
    ret_counters->under_way = 0;
    for (size_t i = 0; i < NOTIFY_THREADS; i++)
        ret_counters->under_way += notify->slots[i].state != SLOT_FREE;
}

int notify_fd(const struct notify *notify, unsigned thread)
{
    struct worker *worker = notify->slots[thread].worker;
    return worker->fd(worker);
}

/* ---- life --------------------------------------------------------------------------------------
 */
enum err notify_create(const struct notify_config *config, struct notify **ret_notify)
{
    static const char *const names[NOTIFY_THREADS] = {"notify-1", "notify-2", "notify-3",
                                                      "notify-4"};
    struct notify *notify = calloc(1, sizeof *notify);
    enum err err = OK;
    if (notify == NULL)
        return ERR_NO_MEMORY;
    notify->config = *config;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        err = ERR_NO_MEMORY;
    for (size_t i = 0; err == OK && i < NOTIFY_THREADS; i++) {
        struct slot *slot = &notify->slots[i];
        slot->notify = notify;
        slot->job = (struct job){.run = slot_run, .done = slot_done};
        err = worker_thread_create(names[i], &slot->worker);
    }
    if (err == OK)
        *ret_notify = notify;
    else
        notify_destroy(notify);
    return err;
}

void notify_destroy(struct notify *notify)
{
    if (notify == NULL)
        return;
    atomic_store(&notify->stop, true);
    for (size_t i = 0; i < NOTIFY_THREADS; i++) {
        if (notify->slots[i].worker != NULL)
            notify->slots[i].worker->destroy(notify->slots[i].worker);
        slot_clear(&notify->slots[i]);
    }
    curl_global_cleanup();
    free(notify);
}
