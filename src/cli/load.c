/* load: makes traffic for a broker and measures what becomes of it. The generator itself is
 * client/load.h's. */
#include "cli/load_print.h"
#include "cli/mqtt_words.h"
#include "cli/terminal.h"

#include "os/os.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VERB "load"
#define PAYLOAD_DEFAULT 100
#define PAYLOAD_FILE_MAX ((size_t)16 << 20)
#define DRAIN_S 10

struct loading {
    struct load_options options;
    struct load_view view;
    struct mqtt_words mqtt;
    struct load *load;
    struct bytes payloads[WORDS_GIVEN_MAX];
    uint8_t *files[WORDS_GIVEN_MAX]; /* what payloads look at */
    double warm_up_s;
    bool json, measuring;
    struct load_result *result;
};

/* ---- options
 * ------------------------------------------------------------------------------------- */

static bool read_count(const struct words *words, const char *name, uint32_t fallback,
                       uint32_t least, uint32_t most, uint32_t *ret_count)
{
    uint64_t count;
    if (!words_count(words, name, fallback, least, most, &count))
        return false;
    *ret_count = (uint32_t)count;
    return true;
}

/* A whole file; NULL after printing why. */
static uint8_t *read_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "re");
    uint8_t *at = file != NULL ? malloc(PAYLOAD_FILE_MAX + 1) : NULL;
    size_t size = at != NULL ? fread(at, 1, PAYLOAD_FILE_MAX + 1, file) : 0;
    bool good = at != NULL && !ferror(file) && size <= PAYLOAD_FILE_MAX;
    if (!good) {
        fail(VERB, "cannot use %s as a payload: %s", path,
             file == NULL || ferror(file) ? strerror(errno) : "larger than 16 MiB");
        free(at);
    }
    if (file != NULL)
        fclose(file);
    *ret_size = size;
    return good ? at : NULL;
}

static bool read_payloads(struct loading *loading, const struct words *words)
{
    struct load_options *options = &loading->options;
    const char *path;
    while ((path = words_value(words, "payload", options->payload_count)) != NULL) {
        size_t size;
        uint8_t *at = read_file(path, &size);
        if (at == NULL)
            return false;
        loading->files[options->payload_count] = at;
        loading->payloads[options->payload_count++] = bytes_of(at, size);
    }
    options->payloads = loading->payloads;
    bool values =
        words_flag(words, "values") || words_flag(words, "single") || words_flag(words, "points");
    if (!read_count(words, "payload-bytes", 0, 0, 16 << 20, &options->payload_bytes))
        return false;
    if (options->payload_count > 0 && (values || words_flag(words, "payload-bytes"))) {
        fail(VERB, "--payload gives whole payloads; it does not go with --values, --single, "
                   "--points or --payload-bytes");
        return false;
    }
    bool metrics = values || (options->payload_count == 0 && options->subscribers == 0 &&
                              !words_flag(words, "payload-bytes"));
    if (!metrics) {
        if (options->payload_count == 0 && !words_flag(words, "payload-bytes"))
            options->payload_bytes = PAYLOAD_DEFAULT;
        return read_count(words, "topics", options->connections, 1, 100000000, &options->topics);
    }
    if (!read_count(words, "values", 10, 1, LOAD_METRICS_MAX, &options->values))
        return false;
    options->single = words_flag(words, "single");
    uint32_t least = options->connections * options->values;
    return read_count(words, "points", least * 10, least > 0 ? least : 1, 1000000000,
                      &options->points);
}

static bool read_pace(struct loading *loading, const struct words *words)
{
    struct load_options *options = &loading->options;
    uint64_t values_rate, ahead;
    if (!read_count(words, "burst", 1, 1, 65535, &options->burst) ||
        !read_count(words, "in-flight", 0, 1, 4000, &options->in_flight) ||
        !words_count(words, "rate", 0, 1, 1000000000, &options->rate) ||
        !words_count(words, "value-rate", 0, 1, 1000000000, &values_rate) ||
        !words_count(words, "ahead", 0, 1, UINT32_MAX, &ahead) ||
        !words_seconds(words, "think", 0, 86400, &options->think_s))
        return false;
    options->ahead = ahead;
    if (words_flag(words, "one-per-wakeup"))
        options->in_flight = 1;
    if (values_rate > 0) {
        if (options->values == 0 || options->rate > 0) {
            fail(VERB, "--value-rate goes with --values and without --rate");
            return false;
        }
        options->rate = values_rate / (options->single ? 1 : options->values);
        options->rate = options->rate > 0 ? options->rate : 1;
    }
    int paces = (options->rate > 0) + (options->in_flight > 0) + (options->think_s > 0);
    if (paces > 1) {
        fail(VERB, "one of --rate, --in-flight (or --one-per-wakeup) and --think sets the pace");
        return false;
    }
    if (paces == 0 && !words_flag(words, "burst") && options->ahead == 0)
        options->in_flight = 16;
    if (paces == 0 && options->qos == 0 && !words_flag(words, "burst"))
        options->burst = 32; /* nothing else sets the size of a send */
    if (options->ahead > 0 && options->burst > options->ahead)
        options->ahead = options->burst;
    return true;
}

static bool read_subscribers(struct loading *loading, const struct words *words)
{
    struct load_options *options = &loading->options;
    if (!read_count(words, "subscribers", 0, 0, 1000000, &options->subscribers) ||
        !words_small(words, "subscriber-qos", 0, 2, &options->subscriber_qos))
        return false;
    options->share = words_value(words, "share", 0);
    const char *filter;
    while ((filter = words_value(words, "filter", options->filter_count)) != NULL) {
        if (options->filter_count == LOAD_FILTERS_MAX ||
            !mqtt_filter_is_valid(bytes_text(filter))) {
            fail(VERB, "--filter \"%s\" is no topic filter, or one more than %d", filter,
                 LOAD_FILTERS_MAX);
            return false;
        }
        options->filters[options->filter_count++] = filter;
    }
    if (options->subscribers == 0 && (options->filter_count > 0 || options->share != NULL)) {
        fail(VERB, "--filter and --share need --subscribers");
        return false;
    }
    return true;
}

static bool read_server(struct loading *loading, const struct words *words)
{
    struct load_options *options = &loading->options;
    uint64_t pid;
    if (!mqtt_words_read(words, &loading->mqtt) ||
        !words_count(words, "server-pid", 0, 1, INT32_MAX, &pid))
        return false;
    if (loading->mqtt.config.version < MQTT_3_1_1) {
        fail(VERB, "--mqtt 3.1 is too old for load; allowed: 3.1.1 and 5");
        return false;
    }
    loading->view.server_pid = (pid_t)pid;
    struct child server = {.pid = (pid_t)pid};
    if (pid > 0 && child_memory_bytes(&server) == 0) {
        fail(VERB, "there is no process %d to look at", (int)pid);
        return false;
    }
    options->address = loading->mqtt.address;
    options->trust = loading->mqtt.config.trust;
    options->version = loading->mqtt.config.version;
    options->user = loading->mqtt.config.user;
    options->password = loading->mqtt.config.password;
    return true;
}

static bool read_all(struct loading *loading, const struct words *words)
{
    struct load_options *options = &loading->options;
    double connect_rate;
    if (!read_server(loading, words) ||
        !read_count(words, "connections", 100, 0, 1000000, &options->connections) ||
        !read_count(words, "idle", 0, 0, 1000000, &options->idle) ||
        !read_count(words, "threads", 1, 1, 64, &options->threads) ||
        !words_small(words, "qos", 1, 2, &options->qos) || !read_subscribers(loading, words) ||
        !read_payloads(loading, words) || !read_pace(loading, words) ||
        !words_seconds(words, "duration", 10, 1e7, &loading->view.duration_s) ||
        !words_seconds(words, "warm-up", 0, 1e7, &loading->warm_up_s) ||
        !words_seconds(words, "connect-rate", 0, 1e6, &connect_rate))
        return false;
    options->connect_rate = connect_rate;
    options->retain = words_flag(words, "retain");
    options->prefix = words_value(words, "topic", 0);
    if (options->prefix != NULL &&
        (!mqtt_topic_is_valid(bytes_text(options->prefix)) || strlen(options->prefix) > 256)) {
        fail(VERB, "--topic \"%s\" is no topic of at most 256 bytes without + and #",
             options->prefix);
        return false;
    }
    loading->json = words_flag(words, "json");
    return true;
}

/* ---- running
 * ------------------------------------------------------------------------------------- */

static bool loading_tick(void *arg, const struct load_second *second)
{
    struct loading *loading = arg;
    if (loading->measuring)
        load_print_second(&loading->view, second);
    return !stop_wanted();
}

static bool loading_connecting(void *arg, uint32_t connected, uint32_t all)
{
    const struct loading *loading = arg;
    load_print_connecting(&loading->view, connected, all);
    return !stop_wanted();
}

static uint64_t server_memory(const struct loading *loading)
{
    struct child server = {.pid = loading->view.server_pid};
    return child_memory_bytes(&server);
}

static bool loading_measure(struct loading *loading)
{
    struct child server = {.pid = loading->view.server_pid};
    loading->view.memory[0] = server_memory(loading);
    if (!load_connect(loading->load))
        return false;
    loading->view.memory[1] = server_memory(loading);
    if (loading->warm_up_s > 0 && !load_run(loading->load, loading->warm_up_s, NULL))
        return false;
    loading->measuring = true;
    loading->view.cpu_ns = os_cpu_ns();
    uint64_t cpu_ns = loading->view.server_cpu_ns = child_cpu_ns(&server);
    bool good = stop_wanted() || load_run(loading->load, loading->view.duration_s, loading->result);
    loading->view.server_cpu_all_ns = child_cpu_ns(&server) - cpu_ns;
    (void)!load_drain(loading->load, stop_wanted() ? 2 : DRAIN_S); /* the result says it */
    loading->view.memory[2] = server_memory(loading);
    return good;
}

static int loading_run(struct loading *loading)
{
    enum err err = load_create(&loading->options, &loading->load);
    if (err != OK)
        return fail(VERB, "this load cannot be made: %s", err_text(err));
    loading->view.load = loading->load;
    loading->view.options = load_options_of(loading->load);
    if (!loading->json)
        load_print_plan(&loading->view);
    bool ran = loading_measure(loading);
    if (!ran && loading->result->counts.sent + loading->result->counts.received == 0) {
        load_print_clear(&loading->view);
        return fail(VERB, "%s", stop_wanted() ? "stopped" : load_fault(loading->load));
    }
    struct load_counts total = load_counts(loading->load);
    struct load_verdict verdict = load_judge(&loading->view, &total);
    verdict.good = verdict.good && ran;
    if (loading->json)
        load_print_json(&loading->view, loading->result, &total, &verdict);
    else
        load_print_result(&loading->view, loading->result, &total, &verdict);
    return verdict.good ? EXIT_DONE : EXIT_FAILED;
}

static int load_verb_run(const struct words *words)
{
    static struct loading loading;
    if (!read_all(&loading, words))
        return EXIT_USAGE;
    const char *csv = words_value(words, "csv", 0);
    if (csv != NULL && (loading.view.csv = fopen(csv, "we")) == NULL)
        return fail(VERB, "cannot write %s: %s", csv, strerror(errno));
    if (loading.view.csv != NULL)
        load_csv_head(loading.view.csv);
    loading.view.live = terminal_is_live() && !loading.json;
    loading.options.tick = loading_tick;
    loading.options.connecting = loading_connecting;
    loading.options.arg = &loading;
    loading.result = calloc(1, sizeof *loading.result);
    check(loading.result != NULL);
    os_raise_file_limit();
    stop_watch();
    int code = loading_run(&loading);
    load_disconnect(loading.load);
    load_destroy(loading.load);
    if (loading.view.csv != NULL && fclose(loading.view.csv) != 0)
        code = fail(VERB, "%s could not be written: %s", csv, strerror(errno));
    for (uint32_t i = 0; i < loading.options.payload_count; i++)
        free(loading.files[i]);
    free(loading.result);
    return code;
}

static const struct option load_options[] = {
    SERVER_OPTION,
    {"mqtt", "VERSION", "3.1.1 or 5 (5)"},
    {"user", "NAME", "user name"},
    {"password", "TEXT", "password; others can see it in ps"},
    {"password-file", "FILE", "password from the first line of a file"},
    TOKEN_OPTION,
    {"connections", "N", "publishers (100)"},
    {"qos", "QOS", "of what they publish (1)"},
    {"values", "N", "metrics a message, as JSON of a device (10)"},
    {"points", "N", "of all devices (10 devices a connection)"},
    {"single", NULL, "one metric a topic, the payload a number"},
    {"payload-bytes", "N", "payloads of so many bytes instead; from 24 on each is checked"},
    {"payload", "FILE", "this payload instead; may be repeated, they are sent in turn"},
    {"topic", "PREFIX", "topics begin with it (load; metrics: siteN/lineN/deviceN)"},
    {"topics", "N", "how many, without metrics (one a connection)"},
    {"retain", NULL, "publish with the retain flag"},
    {"in-flight", "N", "keep so many unacknowledged on each connection (16)"},
    {"one-per-wakeup", NULL, "the same as --in-flight 1"},
    {"burst", "N", "send so many at once, the next when they are acknowledged"},
    {"rate", "N", "messages a second of all, whatever is acknowledged"},
    {"value-rate", "N", "the same in values a second"},
    {"think", "S", "pause of a connection between two bursts"},
    {"ahead", "N", "publish at most N messages more than the subscribers got"},
    {"subscribers", "N", "connections that subscribe (0)"},
    {"filter", "FILTER", "to what (all that is published); %d is the subscriber's number"},
    {"subscriber-qos", "QOS", "with which QoS (0)"},
    {"share", "NAME", "share among them: $share/NAME/FILTER"},
    {"idle", "N", "connections that do nothing (0)"},
    {"connect-rate", "N", "connections a second (as fast as they come)"},
    {"duration", "S", "how long (10)"},
    {"warm-up", "S", "before that, not measured (0)"},
    {"threads", "N", "of the generator (1)"},
    {"csv", "FILE", "a line a second"},
    {"server-pid", "PID", "show CPU and memory of that process"},
    {"json", NULL, "the result as one JSON object, for scripts"},
};
const struct verb verb_load = {
    .name = VERB,
    .arguments = "",
    .summary = "Make traffic for an MQTT broker and measure what becomes of it.",
    .about =
        "Publishers, subscribers and idle connections in one cheap process. With --rate messages\n"
        "are sent when they are due and latency counts from that time, so that a server that\n"
        "stalls cannot hide it; without it each connection waits for acknowledgements. Payloads\n"
        "of --payload-bytes carry a number and a time: what is missing, doubled or out of order\n"
        "is counted. The exit code is 0 when everything was acknowledged and nothing that was\n"
        "promised is missing.",
    .example =
        "  mainstem load --connections 2000 --burst 30 --values 10 --duration 20\n"
        "  mainstem load --connections 1 --burst 50 --rate 500 --subscribers 1000 --payload-bytes "
        "100",
    .options = load_options,
    .option_count = ARRAY_COUNT(load_options),
    .run = load_verb_run,
};
