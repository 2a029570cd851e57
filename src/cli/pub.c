/* pub: publishes from the terminal or a script, and ends well only when everything was
 * acknowledged. */
#include "cli/mqtt_words.h"
#include "cli/terminal.h"

#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERB "pub"
#define READ_BYTES ((size_t)64 << 10)
#define MESSAGE_MAX (((size_t)256 << 20) - 1024)
#define WAIT_MS 200
#define PATIENCE_NS (30 * NS_PER_S) /* without any acknowledgement */
#define USER_BYTES 8192

struct pub {
    struct mqtt_words mqtt;
    struct client *client;
    struct mqtt_publish publish;            /* all but the payload */
    uint8_t user[USER_BYTES];               /* its user properties */
    uint64_t sent, acked, refused, unheard; /* unheard: nobody subscribes */
    int64_t begin_ns, heard_ns;
    uint8_t reason; /* of the first refusal */
    char said[CLIENT_SAID_SIZE];
    int64_t delay_ns;
    int code;
};

static int64_t now_ns(void)
{
    return clock_real()->boot_ns(clock_real());
}

static void pub_acked(void *arg, uint64_t tag, uint8_t reason)
{
    struct pub *pub = arg;
    (void)tag;
    pub->acked++;
    pub->heard_ns = now_ns();
    pub->unheard += reason == MQTT_NO_MATCHING_SUBSCRIBERS;
    if (reason < MQTT_UNSPECIFIED_ERROR)
        return;
    if (pub->refused++ == 0) {
        pub->reason = reason;
        memcpy(pub->said, pub->mqtt.said, sizeof pub->said);
    }
}

/* ---- sending
 * ------------------------------------------------------------------------------------- */

static bool pub_poll(struct pub *pub, int wait_ms)
{
    enum err err = client_poll(pub->client, wait_ms);
    if (err == OK)
        return true;
    char what[80], text[2][NUMBER_SIZE];
    snprintf(what, sizeof what, "after %s of %s messages were acknowledged",
             number_group(pub->acked, text[0]), number_group(pub->sent, text[1]));
    if (pub->publish.qos == 0)
        snprintf(what, sizeof what, "after %s messages", number_group(pub->sent, text[0]));
    pub->code = mqtt_fail_poll(VERB, &pub->mqtt, pub->client, err, what);
    return false;
}

static bool pub_send(struct pub *pub, struct bytes payload)
{
    pub->publish.payload = payload;
    enum err err;
    while ((err = client_publish_message(pub->client, &pub->publish, 0)) == ERR_BUSY)
        if (stop_wanted() || !pub_poll(pub, WAIT_MS))
            return false;
    if (err == ERR_LIMIT) {
        char text[NUMBER_SIZE];
        pub->code = fail(VERB,
                         "a message of %s is larger than the server takes, or a property is longer "
                         "than 65,535 bytes",
                         number_bytes(payload.size, text));
        return false;
    }
    if (err != OK) {
        pub->code = mqtt_fail_poll(VERB, &pub->mqtt, pub->client, err, "while sending");
        return false;
    }
    pub->sent++;
    return true;
}

/* Waits between two messages, and keeps the connection alive meanwhile. */
static bool pub_pause(struct pub *pub)
{
    int64_t end_ns = now_ns() + pub->delay_ns;
    do {
        int64_t left_ns = end_ns - now_ns();
        int wait_ms = left_ns <= 0                    ? 0
                      : left_ns > WAIT_MS * NS_PER_MS ? WAIT_MS
                                                      : (int)(left_ns / NS_PER_MS);
        if (!pub_poll(pub, wait_ms))
            return false;
        if (wait_ms == 0 && left_ns > 0)
            stop_nap(left_ns);
    } while (!stop_wanted() && now_ns() < end_ns);
    return !stop_wanted();
}

static bool pub_send_again(struct pub *pub, struct bytes payload, uint64_t repeat)
{
    for (uint64_t i = 0; i < repeat; i++) {
        if (i > 0 && pub->delay_ns > 0 && !pub_pause(pub))
            return false;
        if (!pub_send(pub, payload) || (i % 64 == 63 && !pub_poll(pub, 0)) || stop_wanted())
            return false;
    }
    return true;
}

/* ---- where messages come from
 * -------------------------------------------------------------------- */

struct input {
    int fd;
    uint8_t *at;
    size_t size, capacity;
};

/* Waits for bytes, and serves the connection meanwhile. 1: some came; 0: the end; -1: failed. */
static int input_fill(struct input *input, struct pub *pub)
{
    if (input->capacity - input->size < READ_BYTES) {
        size_t capacity = input->capacity == 0 ? 2 * READ_BYTES : 2 * input->capacity;
        uint8_t *at = capacity <= 2 * MESSAGE_MAX ? realloc(input->at, capacity) : NULL;
        if (at == NULL) {
            pub->code = fail(VERB, "a message larger than MQTT allows: 256 MiB");
            return -1;
        }
        input->at = at;
        input->capacity = capacity;
    }
    struct pollfd waits[2] = {{.fd = input->fd, .events = POLLIN},
                              {.fd = client_fd(pub->client), .events = POLLIN}};
    while (!stop_wanted()) {
        if (!pub_poll(pub, 0))
            return -1;
        if (poll(waits, 2, WAIT_MS) <= 0 || waits[0].revents == 0)
            continue;
        ssize_t got = read(input->fd, input->at + input->size, READ_BYTES);
        if (got < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (got < 0)
            pub->code = fail(VERB, "cannot read the message: %s", strerror(errno));
        if (got > 0)
            input->size += (size_t)got;
        return got > 0 ? 1 : got < 0 ? -1 : 0;
    }
    return -1;
}

static bool pub_send_whole(struct pub *pub, int fd, uint64_t repeat)
{
    struct input input = {.fd = fd};
    int got;
    do
        got = input_fill(&input, pub);
    while (got > 0);
    bool good = got == 0 && pub_send_again(pub, bytes_of(input.at, input.size), repeat);
    free(input.at);
    return good;
}

static bool pub_send_line(struct pub *pub, const uint8_t *at, size_t size)
{
    if (pub->sent > 0 && pub->delay_ns > 0 && !pub_pause(pub))
        return false;
    return pub_send(pub, bytes_of(at, size > 0 && at[size - 1] == '\r' ? size - 1 : size));
}

static bool pub_send_lines(struct pub *pub, int fd)
{
    struct input input = {.fd = fd};
    bool good = true;
    int got;
    size_t looked = 0; /* no line ends before it */
    while ((got = input_fill(&input, pub)) > 0 && good) {
        size_t at = 0;
        const uint8_t *end;
        while (good && (end = memchr(input.at + looked, '\n', input.size - looked)) != NULL) {
            size_t next = (size_t)(end - input.at) + 1;
            good = pub_send_line(pub, input.at + at, next - 1 - at);
            at = looked = next;
        }
        memmove(input.at, input.at + at, input.size - at);
        looked = input.size -= at;
    }
    if (good && got == 0 && input.size > 0) /* the last line has no end */
        good = pub_send_line(pub, input.at, input.size);
    free(input.at);
    return good && got == 0;
}

static bool pub_send_file(struct pub *pub, const char *path, bool lines, uint64_t repeat)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        pub->code = fail(VERB, "cannot open %s: %s", path, strerror(errno));
        return false;
    }
    bool good = lines ? pub_send_lines(pub, fd) : pub_send_whole(pub, fd, repeat);
    close(fd);
    return good;
}

static bool pub_send_all(struct pub *pub, const struct words *words, uint64_t repeat)
{
    bool lines = words_flag(words, "lines");
    if (words_flag(words, "empty"))
        return pub_send_again(pub, bytes_of(NULL, 0), repeat);
    if (words->argument_count > 1)
        return pub_send_again(pub, bytes_text(words->arguments[1]), repeat);
    const char *path = words_value(words, "file", 0);
    for (size_t i = 0; path != NULL; path = words_value(words, "file", ++i))
        if (!pub_send_file(pub, path, lines, repeat))
            return false;
    if (words_flag(words, "file"))
        return true;
    return lines ? pub_send_lines(pub, STDIN_FILENO) : pub_send_whole(pub, STDIN_FILENO, repeat);
}

/* ---- the verb
 * ------------------------------------------------------------------------------------ */

static bool pub_drain(struct pub *pub)
{
    pub->heard_ns = now_ns();
    if (!pub_poll(pub, 0))
        return false;
    while (client_in_flight(pub->client) > 0 || client_unsent(pub->client) > 0) {
        if (!pub_poll(pub, WAIT_MS))
            return false;
        if (now_ns() - pub->heard_ns > PATIENCE_NS || stop_wanted()) {
            char text[NUMBER_SIZE];
            pub->code = fail(VERB, "%s %s not acknowledged%s",
                             number_group(client_in_flight(pub->client), text),
                             client_in_flight(pub->client) == 1 ? "message was" : "messages were",
                             stop_wanted() ? "" : " within 30 s");
            return false;
        }
    }
    return true;
}

static int pub_end(const struct pub *pub, bool quiet)
{
    char text[3][NUMBER_SIZE], reason[MQTT_REASON_SIZE];
    if (pub->refused > 0)
        return fail(VERB, "%s of %s messages refused: %s", number_group(pub->refused, text[0]),
                    number_group(pub->sent, text[1]),
                    mqtt_reason_say(pub->reason, pub->said, reason));
    if (quiet)
        return EXIT_DONE;
    printf("%s%s%s %s, QoS %u, in %s%s\n", paint(PAINT_GREEN), number_group(pub->sent, text[0]),
           paint(PAINT_NONE),
           pub->publish.qos == 0 ? pub->sent == 1 ? "message sent" : "messages sent"
           : pub->sent == 1      ? "message acknowledged"
                                 : "messages acknowledged",
           pub->publish.qos, number_duration(now_ns() - pub->begin_ns, text[1]),
           pub->unheard > 0 && pub->unheard == pub->sent ? "; nobody subscribes to it now" : "");
    return EXIT_DONE;
}

static bool pub_read_user(struct pub *pub, const struct words *words)
{
    size_t size = 0;
    const char *text = words_value(words, "property", 0);
    for (size_t i = 0; text != NULL; text = words_value(words, "property", ++i)) {
        const char *equals = strchr(text, '=');
        size_t put = equals == NULL
                         ? 0
                         : mqtt_user_property_put(pub->user + size, sizeof pub->user - size,
                                                  bytes_of(text, (size_t)(equals - text)),
                                                  bytes_text(equals + 1));
        if (put == 0) {
            fail(VERB, "--property is \"%s\"; NAME=VALUE is wanted, %d bytes in all at most", text,
                 USER_BYTES);
            return false;
        }
        size += put;
        pub->publish.properties.has |= UINT64_C(1) << 38;
    }
    pub->publish.properties.raw = bytes_of(pub->user, size);
    return true;
}

static bool pub_read_properties(struct pub *pub, const struct words *words)
{
    struct mqtt_properties *properties = &pub->publish.properties;
    const struct {
        const char *name;
        unsigned id;
        struct bytes *text;
    } texts[] = {{"content-type", 3, &properties->content_type},
                 {"response-topic", 8, &properties->response_topic},
                 {"correlation", 9, &properties->correlation_data}};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        const char *text = words_value(words, texts[i].name, 0);
        if (text == NULL)
            continue;
        *texts[i].text = bytes_text(text);
        properties->has |= UINT64_C(1) << texts[i].id;
    }
    uint64_t expiry_s;
    if (!words_count(words, "expiry", 0, 0, UINT32_MAX, &expiry_s))
        return false;
    if (words_flag(words, "expiry"))
        properties->has |= UINT64_C(1) << 2;
    properties->message_expiry_s = (uint32_t)expiry_s;
    if (words_flag(words, "text"))
        properties->has |= UINT64_C(1) << 1;
    properties->payload_format = words_flag(words, "text");
    if (!pub_read_user(pub, words))
        return false;
    if (properties->has != 0 && pub->mqtt.config.version != MQTT_5) {
        fail(VERB, "properties of a message need --mqtt 5");
        return false;
    }
    return true;
}

/* One source at most, and not a person at the keyboard by mistake. */
static bool pub_check_source(const struct words *words)
{
    int sources =
        (words->argument_count > 1) + words_flag(words, "empty") + words_flag(words, "file");
    if (sources > 1) {
        fail(VERB, "one of MESSAGE, --file and --empty is enough");
        return false;
    }
    if (sources == 0 && isatty(STDIN_FILENO) && !words_flag(words, "lines")) {
        fail(VERB, "no message; give one: mainstem pub TOPIC MESSAGE, or --file FILE, or --lines "
                   "to type one a line, or --empty to clear a retained message");
        return false;
    }
    return true;
}

static int pub_run(const struct words *words)
{
    static struct pub pub;
    uint64_t repeat;
    double delay_s;
    const char *topic = words->arguments[0];
    if (!mqtt_words_read(words, &pub.mqtt) || !pub_read_properties(&pub, words) ||
        !words_small(words, "qos", 1, 2, &pub.publish.qos) ||
        !words_count(words, "repeat", 1, 1, UINT32_MAX, &repeat) ||
        !words_seconds(words, "delay", 0, 86400, &delay_s) || !pub_check_source(words))
        return EXIT_USAGE;
    if (!mqtt_topic_is_valid(bytes_text(topic))) {
        fail(VERB, "\"%s\" is no topic to publish to: it is empty, has + or #, or is not UTF-8",
             topic);
        return EXIT_USAGE;
    }
    pub.publish.topic = bytes_text(topic);
    pub.publish.retain = words_flag(words, "retain");
    pub.delay_ns = (int64_t)(delay_s * 1e9);
    stop_watch();
    pub.begin_ns = now_ns();
    uint8_t reason = 0;
    enum err err = client_open(&pub.mqtt.config, pub_acked, &pub, &pub.client, &reason);
    if (err != OK)
        return mqtt_fail_connect(VERB, &pub.mqtt, err, reason);
    bool sent = pub_send_all(&pub, words, repeat);
    bool drained = pub.code == EXIT_DONE && pub_drain(&pub);
    client_close(pub.client, pub.code == EXIT_DONE);
    if (pub.code != EXIT_DONE)
        return pub.code;
    if (!sent || !drained)
        pub.code = fail(VERB, "stopped");
    int code = pub_end(&pub, words_flag(words, "quiet") || pub.code != EXIT_DONE);
    return pub.code != EXIT_DONE ? pub.code : code;
}

static const struct option pub_options[] = {
    MQTT_CONNECTION_OPTIONS,
    {"qos", "QOS", "0, 1 or 2 (1)"},
    {"retain", NULL, "the server keeps it for later subscribers"},
    {"file", "FILE", "the message is a file's content; may be repeated"},
    {"lines", NULL, "one message a line of the file or of standard input"},
    {"empty", NULL, "a message without content: clears what was retained"},
    {"repeat", "N", "send it so often (1)"},
    {"delay", "S", "seconds between two messages (0)"},
    {"text", NULL, "mark the content as UTF-8 text"},
    {"content-type", "TYPE", "what the content is, e.g. application/json"},
    {"response-topic", "TOPIC", "where an answer is wanted"},
    {"correlation", "DATA", "what the answer should carry"},
    {"expiry", "S", "the server forgets the message after so long"},
    {"property", "NAME=VALUE", "a user property; may be repeated"},
    {"quiet", NULL, "print nothing when all went well"},
};
const struct verb verb_pub = {
    .name = VERB,
    .arguments = "TOPIC [MESSAGE]",
    .summary = "Publish messages to an MQTT broker.",
    .about = "Without MESSAGE and --file, standard input is the message. The exit code is 0 when\n"
             "every message of QoS 1 and 2 was acknowledged and none was refused. Any broker of\n"
             "MQTT 3.1, 3.1.1 or 5 will do; a Mainstem acknowledges when the message is on the\n"
             "disk.",
    .example = "  mainstem pub plant/press/pressure 101.3\n"
               "  echo '{\"level\": 4.25}' | mainstem pub tank/7 --retain --qos 2",
    .options = pub_options,
    .option_count = ARRAY_COUNT(pub_options),
    .arguments_min = 1,
    .arguments_max = 2,
    .run = pub_run,
};
