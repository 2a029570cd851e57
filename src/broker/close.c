/* The end of a connection: what the client held goes, what its session keeps is noted down. */
#include "broker/room.h"

#include <stdlib.h>

static void client_forget(struct broker *broker, struct client *client)
{
    clients_remove(broker, client);
    if (client->principal)
        principal_unwatch(&client->watch);
    client_leave_tenant(broker, client);
    rights_forget(broker, client);
    answers_forget(broker, client);
    out_free(broker, client);
    aliases_free(broker, client);
    if (client->received) {
        budget_give(broker->memory, RECEIVED_BYTES);
        free(client->received);
    }
    link_take(&client->dirty);
    budget_give(broker->memory, sizeof *client + client->id_size);
    free(client);
}

/* Packet id of the newest message of the queue that was sent to the client, by this connection or
 * by the one before it, whose messages this one was still sending again. */
static uint16_t close_sent(const struct broker *broker, const struct client *client)
{
    const struct out *out = client->out;
    struct session_view view;
    if (out && out->resending)
        return out->resent_to;
    if (out && out->sent)
        return out->sent;
    /* Without one of before, what the sessions still say is of another session. */
    return client->session_present && sessions_view(broker->sessions, client->number, &view)
               ? view.sent
               : 0;
}

/* A recorded session's end is a fact, after that of its beginning. */
static void close_record(struct broker *broker, struct client *client, bool will_wanted)
{
    struct record *record = records_at(broker, client->number);
    record->client = NULL;
    record->principal = client->principal ? principal_hold(client->principal) : NULL;
    record->closed_ns = broker->now_ns;
    record->goodbye = !will_wanted;
    record->dropped += client->dropped;
    struct chore chore = {.kind = CHORE_CLOSE,
                          .number = client->number,
                          .expiry_s = client->expiry_s,
                          .will_wanted = will_wanted,
                          .packet_id = close_sent(broker, client),
                          .after_ticket = client->waits ? broker->last_ticket : 0,
                          .id_hash = client->waits ? client->id_hash | 1 : 0};
    (void)chore_put(broker, &chore, bytes_of("", 0));
    if (client->expiry_s == 0)
        subscriptions_remove_all(broker, record->first_subscription);
}

void client_gone(struct broker *broker, struct client *client, bool will_wanted)
{
    log_debug("mqtt", "%.*s (%s) is gone", (int)client->id_size, (const char *)client->id,
              client->link->peer);
    if (client->number == SESSION_NONE)
        subscriptions_remove_all(broker, client->first_subscription);
    else
        close_record(broker, client, will_wanted);
    client_forget(broker, client);
}

/* ---- DISCONNECT ---- */
enum broker_feed disconnect_feed(struct broker *broker, struct broker_link *link,
                                 const struct mqtt_frame *frame)
{
    struct client *client = link->client;
    struct mqtt_disconnect disconnect;
    uint8_t reason = mqtt_disconnect_get(frame, client->version, &disconnect);
    /* 3.14.2.2.2: a session that was to end with its connection cannot be kept after all. */
    if (reason == 0 && MQTT_HAS(&disconnect.properties, 17) && client->expiry_s == 0 &&
        disconnect.properties.session_expiry_s > 0)
        reason = MQTT_PROTOCOL_ERROR;
    if (reason != 0) {
        packet_goodbye(broker, link, reason,
                       reason == MQTT_PROTOCOL_ERROR ? CAUSE_PROTOCOL : CAUSE_MALFORMED, NULL);
        return BROKER_END;
    }
    if (MQTT_HAS(&disconnect.properties, 17)) {
        uint32_t most = (uint32_t)broker->settings->mqtt_session_expiry;
        uint32_t wanted = disconnect.properties.session_expiry_s;
        client->expiry_s = wanted < most ? wanted : most;
    }
    /* 3.14.4: the will is not published then, and only then. */
    bool will_wanted = disconnect.reason != MQTT_SUCCESS;
    broker->config.port->flush(broker->config.arg, link);
    link->over = true;
    link->client = NULL;
    uint32_t number = client->number;
    client_gone(broker, client, will_wanted);
    if (number != SESSION_NONE && records_at(broker, number)->chore)
        chore_await(broker, records_at(broker, number)->chore, link, true);
    else
        broker->config.port->end(broker->config.arg, link, CAUSE_GOODBYE);
    return BROKER_END;
}
