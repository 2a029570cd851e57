/* Who comes in: what a CONNECT says of itself is told to src/access, whose answer may take a while
 * (a password is looked at by a worker). Meanwhile the link is held, and its time limit runs on. */
#include "broker/room.h"

#include <stdlib.h>

struct entrance {
    struct broker *broker;
    struct broker_link *link;
    bool answered;
    enum access_answer answer;
    struct principal *principal; /* held */
};

void enter_leave(struct broker *broker, struct broker_link *link)
{
    struct entrance *entrance = link->entrance;
    if (!entrance)
        return;
    if (!entrance->answered)
        access_forget(broker->access, entrance);
    principal_release(entrance->principal);
    free(entrance);
    link->entrance = NULL;
}

static void enter_answered(void *arg, enum access_answer answer, struct principal *principal,
                           uint32_t retry_s)
{
    struct entrance *entrance = arg;
    (void)retry_s; /* MQTT has no words for it */
    entrance->answered = true;
    entrance->answer = answer;
    entrance->principal = principal;
    entrance->broker->config.port->resume(entrance->broker->config.arg, entrance->link);
}

/* A certificate stands for itself when nothing else is said, and beside a password when there is
 * one. */
static enum access_how enter_how(const struct broker_link *link, const struct mqtt_connect *connect)
{
    if (connect->has_password || (connect->has_user && link->fingerprint.size == 0))
        return ACCESS_PASSWORD;
    return link->fingerprint.size > 0 ? ACCESS_PEER : ACCESS_ANONYMOUS;
}

static void enter_ask(struct broker *broker, struct broker_link *link,
                      const struct mqtt_connect *connect, struct entrance *entrance)
{
    struct access_claim claim = {.how = enter_how(link, connect),
                                 .door = ACTOR_MQTT,
                                 .loopback = link->loopback,
                                 .client_id = connect->client_id,
                                 .fingerprint = link->fingerprint,
                                 .common_name = link->common_name,
                                 .address = link->peer};
    uint32_t retry_s = 0;
    if (connect->has_user) /* beside a certificate it may name the tenant */
        claim.name = connect->user;
    if (claim.how == ACCESS_PASSWORD) {
        claim.secret = connect->password;
    }
    if (claim.how == ACCESS_ANONYMOUS && link->principal) {
        entrance->principal = principal_hold(link->principal);
        entrance->answer = ACCESS_WELCOME;
    } else {
        entrance->answer = access_enter(broker->access, &claim, enter_answered, entrance,
                                        &entrance->principal, &retry_s);
    }
    entrance->answered = entrance->answer != ACCESS_LATER;
}

/* The same to all who are not let in, whatever was wrong. */
static enum broker_feed enter_refuse(struct broker *broker, struct broker_link *link,
                                     const struct mqtt_connect *connect, enum access_answer answer)
{
    bool said = connect->has_user || connect->has_password;
    switch (answer) {
    case ACCESS_SLOW:
        return connect_refuse(broker, link, connect, MQTT_SERVER_BUSY,
                              "too many wrong passwords: try again later");
    case ACCESS_BUSY:
        return connect_refuse(broker, link, connect, MQTT_SERVER_BUSY,
                              "too many come at once: try again later");
    default:
        return connect_refuse(broker, link, connect,
                              said ? MQTT_BAD_USER_OR_PASSWORD : MQTT_NOT_AUTHORIZED, NULL);
    }
}

enum broker_feed enter(struct broker *broker, struct broker_link *link,
                       const struct mqtt_connect *connect, struct principal **ret_principal)
{
    struct entrance *entrance = link->entrance;
    *ret_principal = NULL;
    if (!broker->access)
        return BROKER_MORE;
    if (!entrance) {
        entrance = calloc(1, sizeof *entrance);
        if (!entrance)
            return connect_refuse(broker, link, connect, MQTT_SERVER_BUSY, NULL);
        entrance->broker = broker;
        entrance->link = link;
        link->entrance = entrance;
        enter_ask(broker, link, connect, entrance);
    }
    if (!entrance->answered)
        return BROKER_HOLD;
    struct principal_view view = {.ended = false};
    if (entrance->answer == ACCESS_WELCOME)
        principal_view(entrance->principal, &view);
    if (entrance->answer != ACCESS_WELCOME || view.ended)
        return enter_refuse(broker, link, connect, view.ended ? ACCESS_DENIED : entrance->answer);
    *ret_principal = entrance->principal;
    return BROKER_MORE;
}
