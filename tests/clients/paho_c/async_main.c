/* Paho's asynchronous C client (MQTTAsync): see arguments.h for the verbs (without abandon). The
 * library has threads of its own and calls us back from them; messages sent while there is no
 * connection wait in its store. We reconnect ourselves, at once: its own way waits a second or
 * more. */
#include "arguments.h"

#include <MQTTAsync.h>
#include <pthread.h>

enum { PATIENCE_S = 60 };

/* What the callbacks tell the main thread. */
struct session {
    struct arguments arguments;
    MQTTAsync client;
    pthread_mutex_t mutex;
    bool clean;
    bool connecting;
    int granted; /* -1: no SUBACK yet */
    long last;   /* last number that came */
    char topic[64];
    char payload[64];
    int qos;
    int retained;
    bool arrived;
};

static void on_connected(void *context, MQTTAsync_successData *data)
{
    struct session *session = context;
    (void)data;
    pthread_mutex_lock(&session->mutex);
    session->connecting = false;
    pthread_mutex_unlock(&session->mutex);
}

static void on_connected_5(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    on_connected(context, NULL);
}

static void on_not_connected(void *context, MQTTAsync_failureData *data)
{
    (void)data;
    on_connected(context, NULL); /* the main thread tries again */
}

static void on_not_connected_5(void *context, MQTTAsync_failureData5 *data)
{
    (void)data;
    on_connected(context, NULL);
}

static int on_message(void *context, char *topic, int size, MQTTAsync_message *message)
{
    struct session *session = context;
    (void)size;
    pthread_mutex_lock(&session->mutex);
    bool numbers = !strcmp(session->arguments.verb, "receive");
    if (!numbers && session->arrived) { /* the main thread has not looked at the last one yet */
        pthread_mutex_unlock(&session->mutex);
        return 0;
    }
    snprintf(session->topic, sizeof session->topic, "%s", topic);
    snprintf(session->payload, sizeof session->payload, "%.*s", message->payloadlen,
             (char *)message->payload);
    session->qos = message->qos;
    session->retained = message->retained;
    if (numbers) {
        expect(message->qos == 2, "the QoS of a number", message->qos);
        session->last = atol(session->payload);
        say(session->payload);
    }
    session->arrived = !numbers || session->last >= session->arguments.to;
    pthread_mutex_unlock(&session->mutex);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static void on_granted(void *context, MQTTAsync_successData *data)
{
    struct session *session = context;
    pthread_mutex_lock(&session->mutex);
    session->granted = data->alt.qos;
    pthread_mutex_unlock(&session->mutex);
}

static void on_granted_5(void *context, MQTTAsync_successData5 *data)
{
    struct session *session = context;
    pthread_mutex_lock(&session->mutex);
    session->granted = (int)data->reasonCode;
    pthread_mutex_unlock(&session->mutex);
}

static void on_refused(void *context, MQTTAsync_failureData *data)
{
    (void)context;
    expect(false, "the server refused a subscription", data ? data->code : 0);
}

static void on_refused_5(void *context, MQTTAsync_failureData5 *data)
{
    (void)context;
    expect(false, "the server refused a subscription", data ? (int)data->reasonCode : 0);
}

static void session_create(struct session *session, const char *name)
{
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    options.MQTTVersion = session->arguments.version;
    options.sendWhileDisconnected = 1;
    options.maxBufferedMessages = 100000;
    char client_id[64];
    snprintf(client_id, sizeof client_id, "paho-async-%s-%d", name, session->arguments.version);
    pthread_mutex_init(&session->mutex, NULL);
    int code = MQTTAsync_createWithOptions(&session->client, session->arguments.uri, client_id,
                                           MQTTCLIENT_PERSISTENCE_DEFAULT,
                                           (void *)(size_t)session->arguments.folder, &options);
    expect(code == MQTTASYNC_SUCCESS, "MQTTAsync_create", code);
    MQTTAsync_setCallbacks(session->client, session, NULL, on_message, NULL);
}

static void session_connect(struct session *session)
{
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    MQTTAsync_connectOptions options_5 = MQTTAsync_connectOptions_initializer5;
    MQTTProperties properties = MQTTProperties_initializer;
    MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL};
    expiry.value.integer4 = session->clean ? 0 : 3600;
    if (session->arguments.version == MQTTVERSION_5) {
        MQTTProperties_add(&properties, &expiry);
        options = options_5;
        options.cleanstart = session->clean;
        options.connectProperties = &properties;
        options.onSuccess5 = on_connected_5;
        options.onFailure5 = on_not_connected_5;
    } else {
        options.cleansession = session->clean;
        options.onSuccess = on_connected;
        options.onFailure = on_not_connected;
    }
    options.MQTTVersion = session->arguments.version;
    options.keepAliveInterval = 20;
    options.maxInflight = session->arguments.window;
    options.context = session;
    int code = MQTTAsync_connect(session->client, &options);
    expect(code == MQTTASYNC_SUCCESS, "MQTTAsync_connect", code);
    MQTTProperties_free(&properties);
}

static void session_keep_connected(struct session *session)
{
    /* Not under our mutex: the library holds its own while it calls us back. */
    bool connected = MQTTAsync_isConnected(session->client);
    pthread_mutex_lock(&session->mutex);
    bool idle = !connected && !session->connecting;
    session->connecting |= idle;
    pthread_mutex_unlock(&session->mutex);
    if (idle)
        session_connect(session);
}

/* Waits until `ask` is true of the session; connects, also again, meanwhile. */
static void session_wait(struct session *session, bool (*ask)(const struct session *session),
                         const char *what)
{
    for (int waited_ms = 0; waited_ms < PATIENCE_S * 1000; waited_ms += 2) {
        pthread_mutex_lock(&session->mutex);
        bool answer = ask(session);
        pthread_mutex_unlock(&session->mutex);
        if (answer)
            return;
        session_keep_connected(session);
        rest_ms(2);
    }
    expect(false, what, (int)session->last);
}

static bool is_settled(const struct session *session)
{
    return !session->connecting;
}

static bool is_granted(const struct session *session)
{
    return session->granted >= 0;
}

static bool has_arrived(const struct session *session)
{
    return session->arrived;
}

/* A message whose write failed is reported as a failure, and sent again nevertheless when there is
 * a connection: what counts is that the library's list of messages is empty. */
static bool session_is_published(struct session *session)
{
    MQTTAsync_token *tokens = NULL;
    int code = MQTTAsync_getPendingTokens(session->client, &tokens);
    expect(code == MQTTASYNC_SUCCESS, "MQTTAsync_getPendingTokens", code);
    bool empty = !tokens || tokens[0] == -1;
    MQTTAsync_free(tokens);
    return empty;
}

static void session_start(struct session *session)
{
    while (!MQTTAsync_isConnected(session->client)) {
        session_keep_connected(session);
        session_wait(session, is_settled, "no answer to CONNECT in time");
    }
}

static void session_subscribe(struct session *session, const char *filter, int qos)
{
    session->granted = -1;
    MQTTAsync_responseOptions answers = MQTTAsync_responseOptions_initializer;
    answers.context = session;
    if (session->arguments.version == MQTTVERSION_5) {
        answers.onSuccess5 = on_granted_5;
        answers.onFailure5 = on_refused_5;
    } else {
        answers.onSuccess = on_granted;
        answers.onFailure = on_refused;
    }
    int code = MQTTAsync_subscribe(session->client, filter, qos, &answers);
    expect(code == MQTTASYNC_SUCCESS, "MQTTAsync_subscribe", code);
    session_wait(session, is_granted, "no SUBACK in time");
    expect(session->granted == qos, "the granted QoS", session->granted);
}

static void session_send(struct session *session, const char *topic, const char *payload, int qos,
                         int retained)
{
    MQTTAsync_message message = MQTTAsync_message_initializer;
    message.payload = (void *)(size_t)payload;
    message.payloadlen = (int)strlen(payload);
    message.qos = qos;
    message.retained = retained;
    int code = MQTTAsync_sendMessage(session->client, topic, &message, NULL);
    expect(code == MQTTASYNC_SUCCESS, "MQTTAsync_sendMessage", code);
}

static void receive_this(struct session *session, const char *topic, const char *payload, int qos,
                         int retained)
{
    session_wait(session, has_arrived, "a message did not come");
    pthread_mutex_lock(&session->mutex);
    expect(!strcmp(session->topic, topic), session->topic, 0);
    expect(!strcmp(session->payload, payload), session->payload, 0);
    expect(session->qos == qos, "the QoS of what came", session->qos);
    expect(session->retained == retained, "the retain flag of what came", session->retained);
    session->arrived = false;
    pthread_mutex_unlock(&session->mutex);
}

static void qualities(const struct arguments *arguments)
{
    struct session session = {.arguments = *arguments, .clean = true};
    session_create(&session, "qualities");
    session_start(&session);
    for (int granted = 0; granted <= 2; granted++)
        for (int qos = 0; qos <= 2; qos++) {
            char topic[64];
            char payload[64];
            int level = qos < granted ? qos : granted;
            snprintf(topic, sizeof topic, "async/%d/%d/%d", arguments->version, granted, qos);
            snprintf(payload, sizeof payload, "{\"granted\":%d,\"sent\":%d}", granted, qos);
            session_subscribe(&session, topic, granted);
            session_send(&session, topic, payload, qos, 1);
            receive_this(&session, topic, payload, level, 0);
            session_subscribe(&session, topic, granted);
            receive_this(&session, topic, payload, level, 1);
        }
    MQTTAsync_destroy(&session.client);
    say("qualities ok");
}

/* All are handed over at once; the library keeps them and sends as many as the window takes. */
static void publish_numbers(const struct arguments *arguments)
{
    struct session session = {.arguments = *arguments};
    session_create(&session, "publisher");
    session_start(&session);
    for (long number = arguments->from; number <= arguments->to; number++) {
        char payload[32];
        snprintf(payload, sizeof payload, "%ld", number);
        session_send(&session, "numbers", payload, 2, 0);
    }
    for (int waited_ms = 0; !session_is_published(&session); waited_ms += 10) {
        expect(waited_ms < 2 * PATIENCE_S * 1000, "numbers that the server has not taken", 0);
        session_keep_connected(&session);
        rest_ms(10);
    }
    say("published");
}

static void receive_numbers(const struct arguments *arguments)
{
    struct session session = {.arguments = *arguments};
    session_create(&session, "receiver");
    session_start(&session);
    session_subscribe(&session, "numbers", 2);
    say("ready");
    session_wait(&session, has_arrived, "the last number did not come");
    say("received");
}

int main(int count, char **words)
{
    struct arguments arguments = arguments_get(count, words);
    if (!strcmp(arguments.verb, "qualities"))
        qualities(&arguments);
    else if (!strcmp(arguments.verb, "publish"))
        publish_numbers(&arguments);
    else if (!strcmp(arguments.verb, "receive"))
        receive_numbers(&arguments);
    else
        expect(false, arguments.verb, 2);
    return 0;
}
