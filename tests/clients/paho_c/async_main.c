/* Paho's asynchronous C client (MQTTAsync): see arguments.h for the verbs (without abandon). The
 * library has threads of its own, calls us back from them, and reconnects by itself; messages sent
 * while there is no connection wait in its store. */
#include "arguments.h"

#include <MQTTAsync.h>
#include <pthread.h>

enum { PATIENCE_S = 60 };

/* What the callbacks tell the main thread. */
struct session {
    struct arguments arguments;
    MQTTAsync client;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool clean;
    bool connected;
    int granted; /* -1: no SUBACK yet */
    long done;   /* messages the server has taken */
    long last;   /* last number that came */
    char topic[64];
    char payload[64];
    int qos;
    int retained;
    bool arrived;
};

static void session_wait(struct session *session, const bool *flag, const char *what)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&session->mutex);
    int code = 0;
    while (!*flag && !code)
        code = pthread_cond_timedwait(&session->changed, &session->mutex, &end);
    pthread_mutex_unlock(&session->mutex);
    expect(code == 0, what, code);
}

static void session_tell(struct session *session)
{
    pthread_cond_broadcast(&session->changed);
    pthread_mutex_unlock(&session->mutex);
}

static void on_connected(void *context, char *cause)
{
    struct session *session = context;
    (void)cause;
    pthread_mutex_lock(&session->mutex);
    session->connected = true;
    session_tell(session);
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
    session_tell(session);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

static void on_sent(void *context, MQTTAsync_successData *data)
{
    struct session *session = context;
    (void)data;
    pthread_mutex_lock(&session->mutex);
    session->done++;
    session_tell(session);
}

static void on_sent_5(void *context, MQTTAsync_successData5 *data)
{
    (void)data;
    on_sent(context, NULL);
}

static void on_granted(void *context, MQTTAsync_successData *data)
{
    struct session *session = context;
    pthread_mutex_lock(&session->mutex);
    session->granted = data->alt.qos;
    session_tell(session);
}

static void on_granted_5(void *context, MQTTAsync_successData5 *data)
{
    struct session *session = context;
    pthread_mutex_lock(&session->mutex);
    session->granted = (int)data->reasonCode;
    session_tell(session);
}

static void on_refused(void *context, MQTTAsync_failureData *data)
{
    (void)context;
    expect(false, "the server refused", data ? data->code : 0);
}

static void on_refused_5(void *context, MQTTAsync_failureData5 *data)
{
    (void)context;
    expect(false, "the server refused", data ? (int)data->reasonCode : 0);
}

static void session_create(struct session *session, const char *name)
{
    MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;
    options.MQTTVersion = session->arguments.version;
    options.sendWhileDisconnected = 1;
    options.maxBufferedMessages = 100000;
    char client_id[64];
    snprintf(client_id, sizeof client_id, "paho-async-%s", name);
    pthread_mutex_init(&session->mutex, NULL);
    pthread_cond_init(&session->changed, NULL);
    int code = MQTTAsync_createWithOptions(&session->client, session->arguments.uri, client_id,
                                           MQTTCLIENT_PERSISTENCE_DEFAULT,
                                           (void *)(size_t)session->arguments.folder, &options);
    expect(code == MQTTASYNC_SUCCESS, "MQTTAsync_create", code);
    MQTTAsync_setCallbacks(session->client, session, NULL, on_message, NULL);
    MQTTAsync_setConnected(session->client, session, on_connected);
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
    } else {
        options.cleansession = session->clean;
    }
    options.MQTTVersion = session->arguments.version;
    options.keepAliveInterval = 20;
    options.maxInflight = session->arguments.window;
    options.automaticReconnect = 1;
    options.minRetryInterval = 1;
    options.maxRetryInterval = 1;
    options.context = session;
    int code = MQTTAsync_connect(session->client, &options);
    expect(code == MQTTASYNC_SUCCESS, "MQTTAsync_connect", code);
    session_wait(session, &session->connected, "no connection in time");
    MQTTProperties_free(&properties);
}

static MQTTAsync_responseOptions session_answers(struct session *session, bool subscribe)
{
    MQTTAsync_responseOptions answers = MQTTAsync_responseOptions_initializer;
    answers.context = session;
    if (session->arguments.version == MQTTVERSION_5) {
        answers.onSuccess5 = subscribe ? on_granted_5 : on_sent_5;
        answers.onFailure5 = on_refused_5;
    } else {
        answers.onSuccess = subscribe ? on_granted : on_sent;
        answers.onFailure = on_refused;
    }
    return answers;
}

static void session_subscribe(struct session *session, const char *filter, int qos)
{
    session->granted = -1;
    MQTTAsync_responseOptions answers = session_answers(session, true);
    int code = MQTTAsync_subscribe(session->client, filter, qos, &answers);
    expect(code == MQTTASYNC_SUCCESS, "MQTTAsync_subscribe", code);
    for (int waited_ms = 0; waited_ms < PATIENCE_S * 1000; waited_ms += 5) {
        pthread_mutex_lock(&session->mutex);
        int granted = session->granted;
        pthread_mutex_unlock(&session->mutex);
        if (granted >= 0) {
            expect(granted == qos, "the granted QoS", granted);
            return;
        }
        rest_ms(5);
    }
    expect(false, "no SUBACK in time", 0);
}

static void session_send(struct session *session, const char *topic, const char *payload, int qos,
                         int retained)
{
    MQTTAsync_message message = MQTTAsync_message_initializer;
    message.payload = (void *)(size_t)payload;
    message.payloadlen = (int)strlen(payload);
    message.qos = qos;
    message.retained = retained;
    MQTTAsync_responseOptions answers = session_answers(session, false);
    int code = MQTTAsync_sendMessage(session->client, topic, &message, &answers);
    expect(code == MQTTASYNC_SUCCESS, "MQTTAsync_sendMessage", code);
}

static void receive_this(struct session *session, const char *topic, const char *payload, int qos,
                         int retained)
{
    session_wait(session, &session->arrived, "a message did not come");
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
    session_connect(&session);
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
    session_connect(&session);
    for (long number = arguments->from; number <= arguments->to; number++) {
        char payload[32];
        snprintf(payload, sizeof payload, "%ld", number);
        session_send(&session, "numbers", payload, 2, 0);
    }
    for (int waited_ms = 0; waited_ms < 2 * PATIENCE_S * 1000; waited_ms += 20) {
        pthread_mutex_lock(&session.mutex);
        bool all = session.done >= arguments->to - arguments->from + 1;
        pthread_mutex_unlock(&session.mutex);
        if (all) {
            say("published");
            return;
        }
        rest_ms(20);
    }
    expect(false, "numbers that the server has not taken", (int)session.done);
}

static void receive_numbers(const struct arguments *arguments)
{
    struct session session = {.arguments = *arguments};
    session_create(&session, "receiver");
    session_connect(&session);
    session_subscribe(&session, "numbers", 2);
    say("ready");
    session_wait(&session, &session.arrived, "the last number did not come");
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
