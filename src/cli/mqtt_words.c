#include "cli/mqtt_words.h"

#include "cli/terminal.h"

#include "os/os.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT_TEXT ":1883"
#define PORT_TLS_TEXT ":8883"
#define WORDS_PACKET_MAX ((size_t)256 << 20)
#define IN_FLIGHT 100

/* ---- numbers
 * ------------------------------------------------------------------------------------- */

bool words_seconds(const struct words *words, const char *name, double fallback, double most,
                   double *ret_seconds)
{
    const char *text = words_value(words, name, 0);
    if (text == NULL) {
        *ret_seconds = fallback;
        return true;
    }
    char *end;
    double seconds = strtod(text, &end);
    if (text[0] >= '0' && text[0] <= '9' && *end == 0 && seconds >= 0 && seconds <= most) {
        *ret_seconds = seconds;
        return true;
    }
    fail(words->verb->name, "--%s is \"%s\"; allowed: seconds from 0 to %.0f, e.g. 0.5", name, text,
         most);
    return false;
}

bool words_small(const struct words *words, const char *name, uint8_t fallback, uint8_t most,
                 uint8_t *ret_number)
{
    uint64_t number;
    if (!words_count(words, name, fallback, 0, most, &number))
        return false;
    *ret_number = (uint8_t)number;
    return true;
}

/* ---- options
 * ------------------------------------------------------------------------------------- */

bool words_trust(const struct words *words, struct tls_trust **ret_trust)
{
    static struct tls_trust *trust; /* until the process ends */
    char fault[TLS_FAULT_SIZE];
    const struct tls_trust_config config = {.ca = words_ca(words),
                                            .certificate = words_value(words, "cert", 0),
                                            .key = words_value(words, "key", 0),
                                            .insecure = words_flag(words, "insecure")};
    if (tls_trust_create(&config, &trust, fault) != OK) {
        fail(words->verb->name, "%s", fault);
        return false;
    }
    *ret_trust = trust;
    return true;
}

bool mqtt_words_address(const struct words *words, char *address, struct tls_trust **ret_trust)
{
    const char *given = words_value(words, "server", 0), *text;
    if (given == NULL)
        given = getenv("MAINSTEM_MQTT");
    if (given == NULL || given[0] == 0)
        given = "127.0.0.1" PORT_TEXT;
    bool tls = strncmp(given, "mqtts://", 8) == 0;
    text = tls ? given + 8 : strncmp(given, "mqtt://", 7) == 0 ? given + 7 : given;
    size_t size = strcspn(text, "/");
    const char *bracket = memchr(text, ']', size);
    const char *colon = memchr(bracket != NULL ? bracket : text, ':',
                               size - (size_t)(bracket != NULL ? bracket - text : 0));
    int count = snprintf(address, MQTT_ADDRESS_SIZE, "%.*s%s", (int)size, text,
                         colon != NULL ? ""
                         : tls         ? PORT_TLS_TEXT
                                       : PORT_TEXT);
    if (count > 0 && count < MQTT_ADDRESS_SIZE && text[size] == 0)
        return !tls || words_trust(words, ret_trust);
    fail(words->verb->name,
         "--server is \"%s\"; HOST:PORT or mqtts://HOST:PORT is wanted, e.g. 127.0.0.1:1883",
         given);
    return false;
}

static bool read_version(const struct words *words, uint8_t *ret_version)
{
    static const struct {
        const char *text;
        uint8_t version;
    } versions[] = {{"3.1", MQTT_3_1},   {"31", MQTT_3_1},  {"3", MQTT_3_1}, {"3.1.1", MQTT_3_1_1},
                    {"311", MQTT_3_1_1}, {"4", MQTT_3_1_1}, {"5", MQTT_5},   {"5.0", MQTT_5}};
    const char *text = words_value(words, "mqtt", 0);
    *ret_version = MQTT_5;
    for (size_t i = 0; text != NULL && i < ARRAY_COUNT(versions); i++)
        if (strcmp(text, versions[i].text) == 0) {
            *ret_version = versions[i].version;
            return true;
        }
    if (text != NULL)
        fail(words->verb->name, "--mqtt is \"%s\"; allowed: 3.1, 3.1.1 and 5", text);
    return text == NULL;
}

static bool read_password(const struct words *words, struct mqtt_words *mqtt)
{
    const char *text = words_value(words, "password", 0);
    const char *path = words_value(words, "password-file", 0);
    size_t room = sizeof mqtt->password;
    if (text != NULL && path == NULL)
        snprintf(mqtt->password, room, "%s", text);
    if (path != NULL && !words_secret_file(words, path, "a password", mqtt->password, room))
        return false;
    bool token = text == NULL && path == NULL;
    if (token && !words_token(words, mqtt->password, room))
        return false;
    token = token && mqtt->password[0] != 0;
    if (text != NULL || path != NULL || token)
        mqtt->config.password = bytes_text(mqtt->password);
    mqtt->config.user = words_value(words, "user", 0);
    if (token && mqtt->config.user == NULL)
        mqtt->config.user = ""; /* MQTT 3 wants one beside a password; the token says who it is */
    return true;
}

static bool read_will(const struct words *words, struct mqtt_words *mqtt)
{
    const char *topic = words_value(words, "will-topic", 0);
    const char *message = words_value(words, "will-message", 0);
    uint64_t delay_s;
    if (!words_small(words, "will-qos", 0, 2, &mqtt->will.qos) ||
        !words_count(words, "will-delay", 0, 0, UINT32_MAX, &delay_s))
        return false;
    if (topic == NULL) {
        if (message == NULL)
            return true;
        fail(words->verb->name, "a will needs --will-topic");
        return false;
    }
    if (!mqtt_topic_is_valid(bytes_text(topic))) {
        fail(words->verb->name, "--will-topic is \"%s\"; a topic without + and # is wanted", topic);
        return false;
    }
    mqtt->will.present = true;
    mqtt->will.retain = words_flag(words, "will-retain");
    mqtt->will.topic = bytes_text(topic);
    mqtt->will.payload = bytes_text(message != NULL ? message : "");
    if (delay_s > 0)
        mqtt->will.properties.has = UINT64_C(1) << 24;
    mqtt->will.properties.will_delay_s = (uint32_t)delay_s;
    mqtt->config.will = &mqtt->will;
    return true;
}

static bool read_session(const struct words *words, struct mqtt_words *mqtt)
{
    const char *id = words_value(words, "client-id", 0);
    uint64_t expiry_s;
    if (!words_count(words, "session-expiry", 0, 0, UINT32_MAX, &expiry_s))
        return false;
    if (expiry_s > 0 && id == NULL) {
        fail(words->verb->name, "--session-expiry needs --client-id: a session is found by its id");
        return false;
    }
    if (id != NULL && strlen(id) >= CLIENT_ID_SIZE) {
        fail(words->verb->name, "--client-id is longer than %d bytes", CLIENT_ID_SIZE - 1);
        return false;
    }
    snprintf(mqtt->client_id, sizeof mqtt->client_id, "%s", id != NULL ? id : "");
    mqtt->config.client_id = mqtt->client_id;
    mqtt->config.session_expiry_s = (uint32_t)expiry_s;
    mqtt->config.clean_start = expiry_s == 0 || words_flag(words, "clean-start");
    return true;
}

bool mqtt_words_read(const struct words *words, struct mqtt_words *ret_words)
{
    uint64_t keep_alive_s;
    memset(ret_words, 0, sizeof *ret_words);
    ret_words->config = (struct client_config){.address = ret_words->address,
                                               .in_flight_max = IN_FLIGHT,
                                               .packet_max = WORDS_PACKET_MAX - 1,
                                               .said = ret_words->said};
    if (!mqtt_words_address(words, ret_words->address, &ret_words->config.trust) ||
        !read_version(words, &ret_words->config.version) ||
        !words_count(words, "keep-alive", 60, 0, 65535, &keep_alive_s) ||
        !read_password(words, ret_words) || !read_session(words, ret_words) ||
        !read_will(words, ret_words))
        return false;
    ret_words->config.keep_alive_s = (uint16_t)keep_alive_s;
    /* A server of MQTT 3.1 must be given a name. */
    uint32_t luck;
    os_random(&luck, sizeof luck);
    if (ret_words->config.version == MQTT_3_1 && ret_words->client_id[0] == 0)
        snprintf(ret_words->client_id, sizeof ret_words->client_id, "mainstem-%s-%08x",
                 words->verb->name, luck);
    return true;
}

/* ---- sentences
 * ----------------------------------------------------------------------------------- */

char *mqtt_reason_say(uint8_t reason, const char *said, char *text)
{
    snprintf(text, MQTT_REASON_SIZE, "%s (0x%02X)%s%s", mqtt_reason_text(reason), reason,
             said != NULL && said[0] != 0 ? ": " : "", said != NULL ? said : "");
    return text;
}

static const char *refusal_help(uint8_t reason)
{
    switch (reason) {
    case MQTT_BAD_USER_OR_PASSWORD:
    case MQTT_NOT_AUTHORIZED:
        return "; give --user and --password-file that the server knows, or a token with "
               "--token-file";
    case MQTT_UNSUPPORTED_VERSION:
        return "; try --mqtt 3.1.1";
    case MQTT_CLIENT_ID_NOT_VALID:
        return "; give another --client-id";
    case MQTT_SERVER_BUSY:
    case MQTT_SERVER_UNAVAILABLE:
    case MQTT_QUOTA_EXCEEDED:
    case MQTT_CONNECTION_RATE_EXCEEDED:
        return "; try again later";
    default:
        return "";
    }
}

int mqtt_fail_connect(const char *verb, const struct mqtt_words *words, enum err err,
                      uint8_t reason)
{
    char text[MQTT_REASON_SIZE];
    switch (err) {
    case ERR_MISSING:
        return fail(verb,
                    "nobody listens at %s; start a server with `mainstem serve`, or name another "
                    "with --server",
                    words->address);
    case ERR_REFUSED:
        if (reason == MQTT_SUCCESS)
            return fail(verb, "%s: %s", words->address, words->said);
        return fail(verb, "%s refused the connection: %s%s", words->address,
                    mqtt_reason_say(reason, words->said, text), refusal_help(reason));
    case ERR_INVALID:
        return fail(verb, "\"%s\" is no address or an unknown name; HOST:PORT is wanted",
                    words->address);
    case ERR_BUSY:
        return fail(verb, "%s did not answer within 10 s", words->address);
    case ERR_CORRUPT:
    case ERR_IO:
        if (words->config.trust != NULL && words->said[0] != 0)
            return fail(verb, "%s: %s", words->address, words->said);
        return fail(verb, "what listens at %s does not answer CONNECT as MQTT %s wants it; %s",
                    words->address,
                    words->config.version == MQTT_5     ? "5"
                    : words->config.version == MQTT_3_1 ? "3.1"
                                                        : "3.1.1",
                    words->config.version == MQTT_5 ? "try --mqtt 3.1.1" : "is it a broker?");
    default:
        return fail(verb, "cannot connect to %s: %s", words->address, err_text(err));
    }
}

int mqtt_fail_poll(const char *verb, const struct mqtt_words *words, const struct client *client,
                   enum err err, const char *what)
{
    char text[MQTT_REASON_SIZE];
    switch (err) {
    case ERR_REFUSED:
        return fail(verb, "%s ended the connection %s: %s", words->address, what,
                    mqtt_reason_say(client_reason(client), words->said, text));
    case ERR_IO:
        return fail(verb, "the connection to %s was lost %s", words->address, what);
    case ERR_BUSY:
        return fail(verb, "%s stopped answering %s", words->address, what);
    case ERR_CORRUPT:
        return fail(verb, "%s sent what MQTT does not allow %s", words->address, what);
    default:
        return fail(verb, "the connection to %s failed %s: %s", words->address, what,
                    err_text(err));
    }
}
