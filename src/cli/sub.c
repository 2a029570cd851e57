/* sub: shows what a broker publishes, until it is stopped, has seen enough, or time is up. A
 * connection that is lost is made again; a session that the server kept goes on. */
#include "cli/mqtt_words.h"
#include "cli/sub_print.h"
#include "cli/terminal.h"

#include "os/os.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERB "sub"
#define WAIT_MS 200
#define RETRY_NS NS_PER_S
#define SHARE_BYTES 65536

struct sub {
    struct mqtt_words mqtt;
    struct client *client;
    size_t filter_count;
    struct mqtt_subscription filters[WORDS_GIVEN_MAX];
    char *shared[WORDS_GIVEN_MAX]; /* filters with $share/NAME/ before them */
    struct mqtt_properties properties;
    const char *format; /* NULL: for people */
    bool json, quiet, verbose, keep_retained;
    uint64_t count, wanted; /* messages; wanted 0: no end */
    bool subscribed, refused;
    int code;
};

static int64_t now_ns(void)
{
    return clock_real()->boot_ns(clock_real());
}

/* ---- what comes
 * ---------------------------------------------------------------------------------- */

static bool sub_is_done(const struct sub *sub)
{
    return sub->wanted > 0 && sub->count >= sub->wanted;
}

static void sub_received(void *arg, const struct client_message *message)
{
    struct sub *sub = arg;
    if (sub_is_done(sub) || (message->retain && !sub->keep_retained))
        return;
    sub->count++;
    int64_t wall_ns = clock_real()->wall_ns(clock_real());
    if (sub->json)
        sub_print_json(stdout, message, wall_ns);
    else if (sub->format != NULL)
        sub_print_format(stdout, sub->format, message, wall_ns);
    else if (isatty(STDOUT_FILENO))
        sub_print_plain(stdout, message);
    else
        sub_print_format(stdout, "%t %p", message, wall_ns);
}

/* The least granted QoS is worth a word; a refused filter is an error. */
static void sub_answered(void *arg, uint64_t tag, const uint8_t *reasons, size_t count)
{
    struct sub *sub = arg;
    (void)tag;
    sub->subscribed = true;
    for (size_t i = 0; i < count && i < sub->filter_count; i++) {
        const struct mqtt_subscription *filter = &sub->filters[i];
        char text[MQTT_REASON_SIZE];
        if (reasons[i] >= MQTT_UNSPECIFIED_ERROR) {
            sub->refused = true;
            sub->code = fail(VERB, "the server refused \"%.*s\": %s", (int)filter->filter.size,
                             (const char *)filter->filter.at,
                             mqtt_reason_say(reasons[i], sub->mqtt.said, text));
        } else if (reasons[i] < filter->qos && !sub->quiet) {
            fprintf(stderr, "mainstem sub: \"%.*s\" comes with QoS %u, not %u\n",
                    (int)filter->filter.size, (const char *)filter->filter.at, reasons[i],
                    filter->qos);
        }
    }
    if (sub->verbose && !sub->refused)
        fprintf(stderr, "mainstem sub: subscribed at %s as %s\n", sub->mqtt.address,
                client_id(sub->client));
}

static void sub_acked(void *arg, uint64_t tag, uint8_t reason)
{
    (void)arg, (void)tag, (void)reason; /* nothing is published */
}

/* ---- the connection
 * ------------------------------------------------------------------------------ */

static enum err sub_subscribe(struct sub *sub)
{
    sub->subscribed = false;
    bool properties = sub->properties.has != 0;
    return client_subscribe(sub->client, sub->filters, sub->filter_count,
                            properties ? &sub->properties : NULL, 0);
}

/* Tries until it succeeds, is refused, stopped, or time is up. */
static bool sub_return(struct sub *sub, int64_t end_ns)
{
    if (!sub->quiet)
        fprintf(stderr, "mainstem sub: the connection to %s was lost; trying again\n",
                sub->mqtt.address);
    while (!stop_wanted() && now_ns() < end_ns) {
        uint8_t reason = 0;
        enum err err = client_reconnect(sub->client, &reason);
        bool kept = err == OK && client_session_present(sub->client);
        if (err == OK && !kept)
            err = sub_subscribe(sub);
        if (err == OK) {
            if (!sub->quiet)
                fprintf(stderr, "mainstem sub: connected again%s\n",
                        kept ? "; the session goes on" : "");
            return true;
        }
        if (err == ERR_REFUSED && reason != MQTT_SERVER_BUSY && reason != MQTT_SERVER_UNAVAILABLE) {
            sub->code = mqtt_fail_connect(VERB, &sub->mqtt, err, reason);
            return false;
        }
        stop_nap(RETRY_NS);
    }
    return true;
}

static bool sub_poll(struct sub *sub, int64_t end_ns, bool reconnect)
{
    int64_t left_ms = (end_ns - now_ns()) / NS_PER_MS + 1;
    int wait_ms = left_ms < WAIT_MS ? (int)(left_ms < 0 ? 0 : left_ms) : WAIT_MS;
    enum err err = client_poll(sub->client, wait_ms);
    fflush(stdout);
    if (err == OK)
        return true;
    char what[64], text[NUMBER_SIZE];
    bool again = err == ERR_IO || err == ERR_BUSY ||
                 (err == ERR_REFUSED && client_reason(sub->client) == MQTT_SERVER_SHUTTING_DOWN);
    if (reconnect && again && sub->subscribed)
        return sub_return(sub, end_ns);
    snprintf(what, sizeof what, "after %s messages", number_group(sub->count, text));
    sub->code = mqtt_fail_poll(VERB, &sub->mqtt, sub->client, err, what);
    return false;
}

static int sub_loop(struct sub *sub, double timeout_s, bool reconnect)
{
    int64_t end_ns = timeout_s > 0 ? now_ns() + (int64_t)(timeout_s * 1e9) : INT64_MAX / 2;
    enum err err = sub_subscribe(sub);
    if (err != OK)
        return fail(VERB, "cannot subscribe: %s", err_text(err));
    while (!stop_wanted() && !sub_is_done(sub) && !sub->refused && now_ns() < end_ns &&
           !ferror(stdout))
        if (!sub_poll(sub, end_ns, reconnect))
            break;
    if (sub->code == EXIT_DONE && sub->wanted > 0 && !sub_is_done(sub) && !stop_wanted())
        sub->code =
            fail(VERB, "%llu of %llu messages came in %.1f s", (unsigned long long)sub->count,
                 (unsigned long long)sub->wanted, timeout_s);
    return sub->code;
}

/* ---- the verb
 * ------------------------------------------------------------------------------------ */

/* Copies a filter with $share/NAME/ before it. */
static const char *sub_share(struct sub *sub, const char *name, const char *filter)
{
    char *shared = malloc(SHARE_BYTES);
    check(shared != NULL);
    int count = snprintf(shared, SHARE_BYTES, "$share/%s/%s", name, filter);
    sub->shared[sub->filter_count] = shared;
    return count > 0 && count < SHARE_BYTES ? shared : "";
}

static bool sub_read_filters(struct sub *sub, const struct words *words)
{
    struct mqtt_subscription options = {.no_local = words_flag(words, "no-local"),
                                        .retain_as_published =
                                            words_flag(words, "retain-as-published")};
    const char *share = words_value(words, "share", 0);
    if (!words_small(words, "qos", 0, 2, &options.qos) ||
        !words_small(words, "retain-handling", 0, 2, &options.retain_handling))
        return false;
    for (size_t i = 0; i < words->argument_count; i++) {
        const char *filter = words->arguments[i];
        if (share != NULL)
            filter = sub_share(sub, share, filter);
        if (!mqtt_filter_is_valid(bytes_text(filter))) {
            fail(VERB,
                 "\"%s\" is no topic filter: + stands for one level, # for all that follow, as in "
                 "plant/+/pressure or plant/#",
                 words->arguments[i]);
            return false;
        }
        sub->filters[sub->filter_count] = options;
        sub->filters[sub->filter_count++].filter = bytes_text(filter);
    }
    return true;
}

static bool sub_read(struct sub *sub, const struct words *words)
{
    uint64_t id;
    if (!mqtt_words_read(words, &sub->mqtt) || !sub_read_filters(sub, words) ||
        !words_count(words, "count", 0, 1, UINT64_MAX / 2, &sub->wanted) ||
        !words_count(words, "subscription-id", 0, 1, 268435455, &id))
        return false;
    bool modern = words_flag(words, "no-local") || words_flag(words, "retain-as-published") ||
                  words_flag(words, "retain-handling") || id > 0;
    if (modern && sub->mqtt.config.version != MQTT_5) {
        fail(VERB, "--no-local, --retain-as-published, --retain-handling and --subscription-id "
                   "need --mqtt 5");
        return false;
    }
    sub->properties.subscription_id = (uint32_t)id;
    sub->properties.has = id > 0 ? UINT64_C(1) << 11 : 0;
    sub->format = words_value(words, "format", 0);
    const char *fault = sub->format != NULL ? sub_format_fault(sub->format) : NULL;
    if (fault != NULL) {
        fail(VERB,
             "--format has %%%.1s; %%t is the topic, %%p the payload; `mainstem sub --help` "
             "lists all",
             fault);
        return false;
    }
    sub->json = words_flag(words, "json");
    sub->quiet = words_flag(words, "quiet");
    sub->verbose = words_flag(words, "verbose");
    sub->keep_retained = !words_flag(words, "no-retained");
    return true;
}

static int sub_run(const struct words *words)
{
    static struct sub sub;
    double timeout_s;
    if (!sub_read(&sub, words) || !words_seconds(words, "timeout", 0, 1e9, &timeout_s))
        return EXIT_USAGE;
    sub.mqtt.config.received = sub_received;
    sub.mqtt.config.answered = sub_answered;
    stop_watch();
    uint8_t reason = 0;
    enum err err = client_open(&sub.mqtt.config, sub_acked, &sub, &sub.client, &reason);
    int code = err != OK ? mqtt_fail_connect(VERB, &sub.mqtt, err, reason)
                         : sub_loop(&sub, timeout_s, !words_flag(words, "no-reconnect"));
    client_close(sub.client, true);
    for (size_t i = 0; i < sub.filter_count; i++)
        free(sub.shared[i]);
    return code;
}

static void sub_help(void)
{
    printf("\nLetters of --format:\n"
           "  %%t topic   %%p payload   %%x payload in hex   %%l payload's bytes   %%q QoS\n"
           "  %%r retain  %%d duplicate %%m packet identifier %%J all of it as JSON\n"
           "  %%I arrival, ISO 8601     %%U arrival, seconds since 1970\n"
           "  %%C content type   %%R response topic   %%D correlation data   %%E expiry\n"
           "  %%F payload format %%P user properties  %%S subscription identifiers   %%%% a %%\n"
           "  \\n \\t \\0 \\\\ as usual; \\c at the end: no new line after the message\n");
}

static const struct option sub_options[] = {
    MQTT_CONNECTION_OPTIONS,
    {"qos", "QOS", "0, 1 or 2 at most (0)"},
    {"count", "N", "end after so many messages"},
    {"timeout", "S", "end after so many seconds; with --count: fail"},
    {"format", "FORMAT", "how a message is printed, e.g. '%I %t %p'"},
    {"json", NULL, "one JSON object a message"},
    {"share", "NAME", "share the messages with others of that name ($share/NAME/FILTER)"},
    {"no-local", NULL, "not what we publish ourselves"},
    {"retain-as-published", NULL, "the retain flag as it was sent"},
    {"retain-handling", "N", "retained messages: 0 always, 1 when new, 2 never (0)"},
    {"no-retained", NULL, "do not show retained messages"},
    {"subscription-id", "N", "the server marks what matches with it"},
    {"no-reconnect", NULL, "end when the connection is lost"},
    {"quiet", NULL, "no remarks on standard error"},
    {"verbose", NULL, "a remark on standard error when it is subscribed"},
};
const struct verb verb_sub = {
    .name = VERB,
    .arguments = "FILTER [FILTER ...]",
    .summary = "Subscribe to topics of an MQTT broker and print what comes.",
    .about = "FILTER is an MQTT topic filter: + stands for one level, # for the rest. Ctrl-C ends\n"
             "it. A pipe gets `topic payload` a line; a terminal the same in colour, and what is\n"
             "no text in hex. With --client-id and --session-expiry the server keeps what comes\n"
             "while nobody listens, until the next `mainstem sub` of that id.",
    .example = "  mainstem sub 'plant/#' --format '%I %t %p'\n"
               "  mainstem sub 'alarm/+' --json --qos 1 --client-id desk --session-expiry 86400",
    .options = sub_options,
    .option_count = ARRAY_COUNT(sub_options),
    .arguments_min = 1,
    .arguments_max = WORDS_GIVEN_MAX - 2,
    .run = sub_run,
    .help = sub_help,
};
