/* Paho's synchronous C client (MQTTClient) as an application uses it: see arguments.h for the
 * verbs. Without callbacks the library works inside our calls, in one thread; a connection that is
 * lost shows as a return code, and connecting again sends what was under way. */
#include "arguments.h"

#include <MQTTClient.h>
#include <unistd.h>

enum { CALL_TIMEOUT_MS = 10000 };

struct session {
    struct arguments arguments;
    MQTTClient client;
    bool clean;
    const char *will;
    int session_present;
};

static void session_create(struct session *session, const char *name)
{
    MQTTClient_createOptions options = MQTTClient_createOptions_initializer;
    options.MQTTVersion = session->arguments.version;
    char client_id[64];
    snprintf(client_id, sizeof client_id, "paho-sync-%s-%d", name, session->arguments.version);
    int code = MQTTClient_createWithOptions(&session->client, session->arguments.uri, client_id,
                                            MQTTCLIENT_PERSISTENCE_DEFAULT,
                                            (void *)(size_t)session->arguments.folder, &options);
    expect(code == MQTTCLIENT_SUCCESS, "MQTTClient_create", code);
}

static int session_connect_5(struct session *session, MQTTClient_connectOptions *options)
{
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL};
    expiry.value.integer4 = session->clean ? 0 : 3600;
    MQTTProperties_add(&properties, &expiry);
    MQTTResponse response = MQTTClient_connect5(session->client, options, &properties, NULL);
    int code = (int)response.reasonCode;
    MQTTResponse_free(response);
    MQTTProperties_free(&properties);
    return code;
}

static int session_connect(struct session *session)
{
    MQTTClient_connectOptions options = MQTTClient_connectOptions_initializer;
    MQTTClient_connectOptions options_5 = MQTTClient_connectOptions_initializer5;
    MQTTClient_willOptions will = MQTTClient_willOptions_initializer;
    bool version_5 = session->arguments.version == MQTTVERSION_5;
    if (version_5) {
        options = options_5;
        options.cleanstart = session->clean;
    } else {
        options.cleansession = session->clean;
    }
    options.MQTTVersion = session->arguments.version;
    options.keepAliveInterval = 20;
    options.reliable = 0;
    options.maxInflightMessages = session->arguments.window;
    options.connectTimeout = CALL_TIMEOUT_MS / 1000;
    if (session->will) {
        will.topicName = session->will;
        will.message = "gone";
        will.qos = 2;
        options.will = &will;
    }
    int code = version_5 ? session_connect_5(session, &options)
                         : MQTTClient_connect(session->client, &options);
    session->session_present = options.returned.sessionPresent;
    return code;
}

/* Connects until it works: the server may be on its way back. */
static void session_connect_again(struct session *session)
{
    for (int tries = 0;; tries++) {
        int code = session_connect(session);
        if (code == MQTTCLIENT_SUCCESS)
            return;
        expect(tries < 600, "the server did not come back", code);
        rest_ms(50);
    }
}

static int session_publish(struct session *session, const char *topic, MQTTClient_message *message,
                           MQTTClient_deliveryToken *ret_token)
{
    if (session->arguments.version < MQTTVERSION_5)
        return MQTTClient_publishMessage(session->client, topic, message, ret_token);
    MQTTResponse response = MQTTClient_publishMessage5(session->client, topic, message, ret_token);
    int code = (int)response.reasonCode;
    MQTTResponse_free(response);
    return code;
}

static void session_subscribe(struct session *session, const char *filter, int qos)
{
    int granted;
    if (session->arguments.version < MQTTVERSION_5) {
        int array[] = {qos};
        char *filters[] = {(char *)(size_t)filter};
        int code = MQTTClient_subscribeMany(session->client, 1, filters, array);
        expect(code == MQTTCLIENT_SUCCESS, "MQTTClient_subscribeMany", code);
        granted = array[0];
    } else {
        MQTTResponse response = MQTTClient_subscribe5(session->client, filter, qos, NULL, NULL);
        granted = (int)response.reasonCode;
        MQTTResponse_free(response);
    }
    expect(granted == qos, "the granted QoS", granted);
}

/* The next message; NULL with *ret_code when none came in time or the connection was lost. */
static MQTTClient_message *session_receive(struct session *session, unsigned long timeout_ms,
                                           char **ret_topic, int *ret_code)
{
    int size;
    MQTTClient_message *message = NULL;
    *ret_topic = NULL;
    *ret_code = MQTTClient_receive(session->client, ret_topic, &size, &message, timeout_ms);
    return message;
}

/* ---- qualities ------------------------------------------------------------------------------- */

static void receive_this(struct session *session, const char *topic, const char *payload, int qos,
                         int retained)
{
    char *found;
    int code;
    MQTTClient_message *message = session_receive(session, CALL_TIMEOUT_MS, &found, &code);
    expect(message != NULL, "a message did not come", code);
    expect(!strcmp(found, topic), found, code);
    expect((size_t)message->payloadlen == strlen(payload) &&
               !memcmp(message->payload, payload, strlen(payload)),
           "the payload was changed", message->payloadlen);
    expect(message->qos == qos, "the QoS of what came", message->qos);
    expect(message->retained == retained, "the retain flag of what came", message->retained);
    MQTTClient_freeMessage(&message);
    MQTTClient_free(found);
}

static void send_this(struct session *session, const char *topic, const char *payload, int qos,
                      int retained)
{
    MQTTClient_message message = MQTTClient_message_initializer;
    message.payload = (void *)(size_t)payload;
    message.payloadlen = (int)strlen(payload);
    message.qos = qos;
    message.retained = retained;
    MQTTClient_deliveryToken token;
    int code = session_publish(session, topic, &message, &token);
    expect(code == MQTTCLIENT_SUCCESS, "MQTTClient_publishMessage", code);
    if (qos) {
        code = MQTTClient_waitForCompletion(session->client, token, CALL_TIMEOUT_MS);
        expect(code == MQTTCLIENT_SUCCESS, "MQTTClient_waitForCompletion", code);
    }
}

/* A second client that dies without DISCONNECT when it is told, so that the server sends its will.
 * It is forked before the library has state of its own. Returns where a byte tells it. */
static int dying_client_start(const struct arguments *arguments, const char *will)
{
    int ends[2];
    expect(pipe(ends) == 0, "pipe", 0);
    pid_t child = fork();
    expect(child >= 0, "fork", child);
    if (child)
        return ends[1];
    struct session session = {.arguments = *arguments, .clean = true, .will = will};
    session_create(&session, "dying");
    int code = session_connect(&session);
    expect(code == MQTTCLIENT_SUCCESS, "connect with a will", code);
    char byte;
    _exit(read(ends[0], &byte, 1) != 1);
}

static void qualities(const struct arguments *arguments)
{
    struct session session = {.arguments = *arguments, .clean = true};
    char will[32];
    snprintf(will, sizeof will, "sync/will/%d", arguments->version);
    int dying = dying_client_start(arguments, will);
    session_create(&session, "qualities");
    int code = session_connect(&session);
    expect(code == MQTTCLIENT_SUCCESS, "connect", code);
    for (int granted = 0; granted <= 2; granted++)
        for (int qos = 0; qos <= 2; qos++) {
            char topic[64];
            char payload[64];
            snprintf(topic, sizeof topic, "sync/%d/%d/%d", arguments->version, granted, qos);
            snprintf(payload, sizeof payload, "{\"granted\":%d,\"sent\":%d}", granted, qos);
            session_subscribe(&session, topic, granted);
            send_this(&session, topic, payload, qos, 0);
            receive_this(&session, topic, payload, qos < granted ? qos : granted, 0);
            MQTTClient_unsubscribe(session.client, topic);
            send_this(&session, topic, payload, qos, 1);
            session_subscribe(&session, topic, granted);
            receive_this(&session, topic, payload, qos < granted ? qos : granted, 1);
        }
    session_subscribe(&session, will, 2);
    expect(write(dying, "x", 1) == 1, "telling the other client to die", 0);
    receive_this(&session, will, "gone", 2, 0);
    MQTTClient_disconnect(session.client, CALL_TIMEOUT_MS);
    MQTTClient_destroy(&session.client);
    say("qualities ok");
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void publish_wait(struct session *session)
{
    for (;;) {
        MQTTClient_deliveryToken *tokens = NULL;
        int code = MQTTClient_getPendingDeliveryTokens(session->client, &tokens);
        expect(code == MQTTCLIENT_SUCCESS, "MQTTClient_getPendingDeliveryTokens", code);
        if (!tokens)
            return;
        MQTTClient_deliveryToken first = tokens[0];
        MQTTClient_free(tokens);
        if (first == -1)
            return;
        if (MQTTClient_isConnected(session->client))
            code = MQTTClient_waitForCompletion(session->client, first, 200);
        if (!MQTTClient_isConnected(session->client))
            session_connect_again(session);
    }
}

static void publish_numbers(const struct arguments *arguments, bool abandon)
{
    struct session session = {.arguments = *arguments};
    session_create(&session, "publisher");
    session_connect_again(&session);
    for (long number = arguments->from; number <= arguments->to;) {
        char payload[32];
        MQTTClient_message message = MQTTClient_message_initializer;
        message.payload = payload;
        message.payloadlen = snprintf(payload, sizeof payload, "%ld", number);
        message.qos = 2;
        MQTTClient_deliveryToken token;
        /* Success means that the library keeps it, also when the connection broke meanwhile. */
        if (session_publish(&session, "numbers", &message, &token) == MQTTCLIENT_SUCCESS)
            number++;
        if (!MQTTClient_isConnected(session.client))
            session_connect_again(&session);
    }
    if (abandon)
        _exit(0);
    publish_wait(&session);
    MQTTClient_disconnect(session.client, CALL_TIMEOUT_MS);
    say("published");
}

static void receive_numbers(const struct arguments *arguments)
{
    struct session session = {.arguments = *arguments};
    session_create(&session, "receiver");
    session_connect_again(&session);
    session_subscribe(&session, "numbers", 2);
    say("ready");
    for (long number = 0; number < arguments->to;) {
        char *topic;
        int code;
        MQTTClient_message *message = session_receive(&session, 200, &topic, &code);
        if (message) {
            expect(message->qos == 2, "the QoS of a number", message->qos);
            char text[32];
            snprintf(text, sizeof text, "%.*s", message->payloadlen, (char *)message->payload);
            number = atol(text);
            say(text);
            MQTTClient_freeMessage(&message);
            MQTTClient_free(topic);
        } else if (!MQTTClient_isConnected(session.client)) {
            session_connect_again(&session);
        }
    }
    MQTTClient_disconnect(session.client, CALL_TIMEOUT_MS);
    say("received");
}

int main(int count, char **words)
{
    struct arguments arguments = arguments_get(count, words);
    if (!strcmp(arguments.verb, "qualities"))
        qualities(&arguments);
    else if (!strcmp(arguments.verb, "publish"))
        publish_numbers(&arguments, false);
    else if (!strcmp(arguments.verb, "abandon"))
        publish_numbers(&arguments, true);
    else if (!strcmp(arguments.verb, "receive"))
        receive_numbers(&arguments);
    else
        expect(false, arguments.verb, 2);
    return 0;
}
