/* mqtt_bench: the MQTT door as a broker: each row is one load, run against Mainstem and, where it
 * makes sense, against Debian's Mosquitto (which stores nothing), with the same generator in the
 * same minute. Beside it what the machine can do.
 *
 *   mqtt_bench --server build/mainstem
 *   mqtt_bench --rows small,fanout --seconds 5 --runs 3 */
#include "broker.h"
#include "load_check.h"
#include "machine.h"

#include "os/os.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "mqtt_bench [--server PROGRAM] [--data DIR] [--rows NAME,NAME...] [--seconds S] [--warm-up S]\n"
    "           [--points N] [--idle N] [--runs N] [--no-mosquitto]";
static const char allowed[] = "server data rows seconds warm-up points idle runs no-mosquitto";

#define RUNS_MAX 9
#define FEW_POINTS 60000
#define HEADLINE_RATE 60000 /* messages of 10 values a second */
#define OFFLINE_SESSIONS 60

struct bench {
    const struct bench_words *words;
    double seconds, warm_up;
    uint32_t points, idle;
    size_t runs;
};
struct figures { /* of one run against one broker */
    double value;
    double server_cores, generator_cores;
    double p50_ms, p99_ms;
    double message_ns; /* server CPU of one, sent or delivered */
    bool good;
    char remark[160];
};
struct row {
    const char *name, *text, *unit;
    double floor, aim;
    bool less;    /* less is better */
    bool ratio;   /* floor and aim are of Mainstem's value over Mosquitto's */
    bool against; /* Mosquitto is measured too */
    bool (*run)(const struct bench *bench, struct broker *broker, struct figures *figures);
};

/* ---- one load against one broker
 * ---------------------------------------------------------------- */

static bool complain(const struct load *load)
{
    return load_complain(load);
}

static void figures_take(struct figures *figures, const struct load_result *result,
                         uint64_t server_ns)
{
    bool delivers = result->deliveries.count > 0;
    const struct latency *latency = delivers ? &result->deliveries : &result->acks;
    figures->server_cores = (double)server_ns / 1e9 / result->seconds;
    figures->generator_cores = (double)result->cpu_ns / 1e9 / result->seconds;
    figures->p50_ms = latency_share_ms(latency, 0.5);
    figures->p99_ms = latency_share_ms(latency, 0.99);
    uint64_t messages = result->counts.acked + result->counts.received;
    figures->message_ns = messages > 0 ? (double)server_ns / (double)messages : 0;
    figures->good =
        result->counts.refused == 0 && result->counts.lost == 0 && result->counts.out_of_order == 0;
    if (!figures->good)
        snprintf(figures->remark, sizeof figures->remark, "%llu refused, %llu out of order",
                 (unsigned long long)result->counts.refused,
                 (unsigned long long)result->counts.out_of_order);
}

/* Connects, sends everything once when it is metrics, warms up, measures, waits for the rest. */
static bool measure(const struct bench *bench, struct broker *broker,
                    const struct load_options *wanted, struct load_result *result,
                    struct figures *figures)
{
    struct load_options options = *wanted;
    struct load *load = NULL;
    options.address = broker_address(broker);
    options.strict = true;
    enum err err = load_create(&options, &load);
    if (err != OK) {
        fprintf(stderr, "no such load: %s\n", err_text(err));
        return false;
    }
    bool good = load_connect(load) && (options.values == 0 || load_register(load)) &&
                load_run(load, bench->warm_up, NULL);
    uint64_t cpu_ns = broker_cpu_ns(broker);
    good = good && load_run(load, bench->seconds, result);
    if (good)
        figures_take(figures, result, broker_cpu_ns(broker) - cpu_ns);
    good = good && load_drain(load, 60);
    if (!good)
        (void)!complain(load);
    uint64_t expected = load_expected(load);
    struct load_counts counts = load_counts(load);
    if (good && options.subscribers > 0 && options.values == 0 && counts.stamped != expected) {
        figures->good = false;
        snprintf(figures->remark, sizeof figures->remark, "%llu of %llu deliveries missing",
                 (unsigned long long)(expected - counts.stamped), (unsigned long long)expected);
    }
    load_disconnect(load);
    load_destroy(load);
    return good;
}

static double acked_per_second(const struct load_result *result)
{
    return (double)result->counts.acked / result->seconds;
}

/* ---- rows
 * ---------------------------------------------------------------------------------------- */

static bool run_ingest(const struct bench *bench, struct broker *broker, struct figures *figures)
{
    static struct load_result result;
    struct load_options options = {
        .connections = 2000, .qos = 1, .burst = 30, .values = 10, .points = 600000};
    if (!measure(bench, broker, &options, &result, figures))
        return false;
    figures->value = (double)result.counts.acked_values / result.seconds;
    return true;
}

static struct load_options headline_options(const struct bench *bench, uint32_t points)
{
    (void)bench;
    return (struct load_options){.connections = 2000,
                                 .qos = 1,
                                 .burst = 30,
                                 .values = 10,
                                 .points = points,
                                 .rate = HEADLINE_RATE,
                                 .period_ms = points / (HEADLINE_RATE / 100)};
}

static bool run_headline(const struct bench *bench, struct broker *broker, struct figures *figures)
{
    static struct load_result result;
    struct load_options options = headline_options(bench, bench->points);
    if (!measure(bench, broker, &options, &result, figures))
        return false;
    figures->value = figures->server_cores;
    double rate = (double)result.counts.acked_values / result.seconds;
    char text[2][32];
    snprintf(figures->remark, sizeof figures->remark, "%s points, %s values/s",
             bench_group(bench->points, text[0]), bench_group((uint64_t)rate, text[1]));
    return true;
}

static bool run_small(const struct bench *bench, struct broker *broker, struct figures *figures)
{
    static struct load_result result;
    struct load_options options = {.connections = 100,
                                   .qos = 1,
                                   .in_flight = 16,
                                   .values = 2,
                                   .points = 20000,
                                   .payload_bytes = 64};
    if (!measure(bench, broker, &options, &result, figures))
        return false;
    figures->value = acked_per_second(&result);
    return true;
}

static bool run_raw(const struct bench *bench, struct broker *broker, struct figures *figures)
{
    static struct load_result result;
    struct load_options options = {
        .connections = 100, .qos = 1, .in_flight = 16, .payload_bytes = 64, .topics = 10000};
    if (!measure(bench, broker, &options, &result, figures))
        return false;
    figures->value = acked_per_second(&result);
    return true;
}

static bool run_single(const struct bench *bench, struct broker *broker, struct figures *figures)
{
    static struct load_result result;
    struct load_options options = {.connections = 1000,
                                   .qos = 1,
                                   .in_flight = 16,
                                   .values = 1,
                                   .points = 60000,
                                   .single = true};
    if (!measure(bench, broker, &options, &result, figures))
        return false;
    figures->value = acked_per_second(&result);
    return true;
}

static bool run_wakeup(const struct bench *bench, struct broker *broker, struct figures *figures)
{
    static struct load_result result;
    struct load_options options = {.connections = 1000,
                                   .qos = 1,
                                   .in_flight = 1,
                                   .values = 1,
                                   .points = 60000,
                                   .single = true};
    if (!measure(bench, broker, &options, &result, figures))
        return false;
    figures->value = acked_per_second(&result);
    return true;
}

static struct load_options fanout_options(void)
{
    return (struct load_options){.connections = 1,
                                 .qos = 1,
                                 .burst = 50,
                                 .payload_bytes = 100,
                                 .subscribers = 1000,
                                 .ahead = 50};
}

static bool run_fanout(const struct bench *bench, struct broker *broker, struct figures *figures)
{
    static struct load_result result;
    struct load_options options = fanout_options();
    if (!measure(bench, broker, &options, &result, figures))
        return false;
    figures->value = (double)result.counts.received / result.seconds;
    return true;
}

/* p99 when so many messages a second go to 1,000 subscribers. */
static bool fanout_at(const struct bench *bench, struct broker *broker, uint64_t rate,
                      struct figures *figures)
{
    static struct load_result result;
    struct load_options options = fanout_options();
    options.ahead = 0;
    options.rate = rate;
    if (!measure(bench, broker, &options, &result, figures))
        return false;
    figures->value = figures->p99_ms;
    char text[32];
    if (figures->good)
        snprintf(figures->remark, sizeof figures->remark, "%s deliveries/s",
                 bench_group((uint64_t)((double)result.counts.received / result.seconds), text));
    return true;
}

static bool run_fanout_floor(const struct bench *bench, struct broker *broker,
                             struct figures *figures)
{
    return fanout_at(bench, broker, 500, figures);
}

/* Mosquitto is not asked: what it cannot deliver would fill the memory of the machine. */
static bool run_fanout_aim(const struct bench *bench, struct broker *broker,
                           struct figures *figures)
{
    return fanout_at(bench, broker, 1500, figures);
}

/* ---- sessions that nobody listens to
 * ------------------------------------------------------------ */

static void session_acked(void *arg, uint64_t tag, uint8_t reason)
{
    (void)arg, (void)tag, (void)reason;
}

static void session_answered(void *arg, uint64_t tag, const uint8_t *reasons, size_t count)
{
    bool *good = arg;
    (void)tag;
    *good = count > 0 && reasons[0] < MQTT_UNSPECIFIED_ERROR;
}

/* One of OFFLINE_SESSIONS: subscribes to every hundredth device that falls to it, and leaves. */
static bool session_leave(struct broker *broker, uint32_t number, uint32_t devices)
{
    static char texts[256][64];
    static struct mqtt_subscription filters[256];
    char id[32];
    snprintf(id, sizeof id, "offline-%u", number);
    struct client_config config = {.address = broker_address(broker),
                                   .client_id = id,
                                   .version = MQTT_5,
                                   .in_flight_max = 1,
                                   .session_expiry_s = 3600,
                                   .answered = session_answered};
    struct client *client = NULL;
    uint8_t reason;
    bool answered = false;
    size_t count = 0;
    for (uint32_t device = number * 100; device < devices && count < ARRAY_COUNT(filters);
         device += OFFLINE_SESSIONS * 100) {
        snprintf(texts[count], sizeof texts[count], "+/+/device%u", device);
        filters[count] = (struct mqtt_subscription){.filter = bytes_text(texts[count]), .qos = 1};
        count++;
    }
    if (count == 0)
        return true;
    enum err err = client_open(&config, session_acked, &answered, &client, &reason);
    if (err == OK)
        err = client_subscribe(client, filters, count, NULL, 0);
    for (int i = 0; err == OK && !answered && i < 500; i++)
        err = client_poll(client, 20);
    client_close(client, true);
    if (err != OK || !answered)
        fprintf(stderr, "the session %s could not be made: %s\n", id, err_text(err));
    return err == OK && answered;
}

struct return_of_session {
    uint64_t received;
};

static void return_received(void *arg, const struct client_message *message)
{
    struct return_of_session *back = arg;
    (void)message;
    back->received++;
}

/* What was kept for the first session: it comes back and takes it, until nothing comes for half a
 * second. */
static uint64_t session_return(struct broker *broker)
{
    struct client_config config = {.address = broker_address(broker),
                                   .client_id = "offline-0",
                                   .version = MQTT_5,
                                   .in_flight_max = 1,
                                   .session_expiry_s = 3600,
                                   .received = return_received};
    struct client *client = NULL;
    struct return_of_session back = {0};
    uint8_t reason;
    uint64_t before = 1;
    enum err err = client_open(&config, session_acked, &back, &client, &reason);
    while (err == OK && back.received != before) {
        before = back.received;
        for (int i = 0; err == OK && i < 25; i++)
            err = client_poll(client, 20);
    }
    client_close(client, true);
    return back.received;
}

static bool offline_measure(const struct bench *bench, struct broker *broker, bool sessions,
                            struct figures *figures)
{
    static struct load_result result;
    struct load_options options = headline_options(bench, FEW_POINTS);
    for (uint32_t i = 0; sessions && i < OFFLINE_SESSIONS; i++)
        if (!session_leave(broker, i, options.points / options.values))
            return false;
    return measure(bench, broker, &options, &result, figures);
}

/* The cost of keeping 1 % of the messages for somebody: CPU a message, beside none kept. */
static bool run_offline(const struct bench *bench, struct broker *broker, struct figures *figures)
{
    struct figures without = {0};
    if (!offline_measure(bench, broker, false, &without) ||
        !offline_measure(bench, broker, true, figures))
        return false;
    double before = without.message_ns, after = figures->message_ns;
    figures->value = before > 0 ? after / before : 0;
    uint64_t kept = session_return(broker);
    snprintf(figures->remark, sizeof figures->remark,
             "%.0f and %.0f ns of CPU a message; %llu kept for the first session", before, after,
             (unsigned long long)kept);
    figures->good = figures->good && kept > 0;
    return true;
}

/* CPU a value of many points beside few, with the same traffic. */
static bool run_scale(const struct bench *bench, struct broker *broker, struct figures *figures)
{
    static struct load_result result;
    struct figures few = {0};
    struct broker second;
    struct load_options options = headline_options(bench, bench->points);
    if (!measure(bench, broker, &options, &result, figures))
        return false;
    double many_ns = figures->message_ns / 10;
    options = headline_options(bench, FEW_POINTS);
    bool good = broker_start(&second, bench->words, false) &&
                measure(bench, &second, &options, &result, &few);
    broker_stop(&second);
    double few_ns = few.message_ns / 10;
    char text[2][32];
    figures->value = few_ns > 0 ? many_ns / few_ns : 0;
    snprintf(figures->remark, sizeof figures->remark, "%.0f ns a value at %s points, %.0f at %s",
             many_ns, bench_group(bench->points, text[0]), few_ns,
             bench_group(FEW_POINTS, text[1]));
    return good;
}

static bool run_idle(const struct bench *bench, struct broker *broker, struct figures *figures)
{
    struct load_options options = {
        .address = broker_address(broker), .idle = bench->idle, .strict = true};
    struct load *load = NULL;
    char text[32];
    uint64_t before = broker_memory(broker);
    if (load_create(&options, &load) != OK || !load_connect(load)) {
        (void)!complain(load);
        load_destroy(load);
        return false;
    }
    static struct load_result result;
    uint64_t cpu_ns = broker_cpu_ns(broker);
    bool good = load_run(load, bench->seconds, &result);
    uint64_t after = broker_memory(broker);
    figures_take(figures, &result, broker_cpu_ns(broker) - cpu_ns);
    figures->value = (double)(after - before) / bench->idle;
    snprintf(figures->remark, sizeof figures->remark, "%s connections",
             bench_group(load_connected(load), text));
    good = good && load_connected(load) == bench->idle;
    load_disconnect(load);
    load_destroy(load);
    return good;
}

static const struct row rows[] = {
    {"ingest", "QoS 1, 10 values a message, 2,000 connections, bursts of 30", "values/s", 1000000,
     2500000, false, false, true, run_ingest},
    {"headline", "all points at 600,000 values/s", "server cores", 0.6, 0.3, true, false, false,
     run_headline},
    {"small", "QoS 1, readings of 64 bytes, 100 connections, 16 in flight", "messages/s", 1.5, 4,
     false, true, true, run_small},
    {"raw", "the same, 64 bytes that are no reading", "messages/s", 1.5, 4, false, true, true,
     run_raw},
    {"single", "QoS 1, one value a message, 1,000 connections, 16 in flight", "messages/s", 200000,
     600000, false, false, true, run_single},
    {"wakeup", "the same, one message a wake-up", "messages/s", 40000, 80000, false, false, true,
     run_wakeup},
    {"fanout", "1 publisher, bursts of 50, 1,000 subscribers, 100 bytes", "deliveries/s", 500000,
     1500000, false, false, true, run_fanout},
    {"fanout-500", "the same at 500,000 deliveries/s: p99 to a subscriber", "ms", 50, 20, true,
     false, true, run_fanout_floor},
    {"fanout-1500", "the same at 1,500,000 deliveries/s: p99 to a subscriber", "ms", 50, 20, true,
     false, false, run_fanout_aim},
    {"offline", "1 % of topics kept for 60 absent sessions, beside none", "x the CPU", 2, 1.2, true,
     false, false, run_offline},
    {"scale", "many points beside 60,000, same traffic", "x the CPU a value", 1.8, 1.3, true, false,
     false, run_scale},
    {"idle", "an idle connection", "bytes", 4096, 1024, true, false, true, run_idle},
};

/* ---- the table
 * ----------------------------------------------------------------------------------- */

static int compare_values(const void *a, const void *b)
{
    const struct figures *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

static void print_value(double value, char *text, size_t size)
{
    if (value >= 10000)
        bench_group((uint64_t)value, text);
    else
        snprintf(text, size, value >= 100 ? "%.0f" : "%.2f", value);
}

/* The median, and the spread when there are several. */
static const struct figures *print_runs(const char *who, const struct row *row,
                                        struct figures *figures, size_t count)
{
    char text[3][32];
    qsort(figures, count, sizeof *figures, compare_values);
    const struct figures *median = &figures[count / 2];
    print_value(median->value, text[0], sizeof text[0]);
    printf(
        "    %-10s %14s %-18s CPU %.2f (generator %.2f), %.0f ns a message, p50 %.2f p99 %.2f ms",
        who, text[0], row->unit, median->server_cores, median->generator_cores, median->message_ns,
        median->p50_ms, median->p99_ms);
    if (count > 1) {
        print_value(figures[0].value, text[1], sizeof text[1]);
        print_value(figures[count - 1].value, text[2], sizeof text[2]);
        printf(" (%s to %s)", text[1], text[2]);
    }
    printf("%s%s\n", median->remark[0] != 0 ? "; " : "", median->remark);
    return median;
}

static void print_judgement(const struct row *row, double ours, double theirs)
{
    char text[3][32];
    double value = row->ratio ? (theirs > 0 ? ours / theirs : 0) : ours;
    bool floor = row->less ? value <= row->floor : value >= row->floor;
    bool aim = row->less ? value <= row->aim : value >= row->aim;
    print_value(row->floor, text[0], sizeof text[0]);
    print_value(row->aim, text[1], sizeof text[1]);
    print_value(value, text[2], sizeof text[2]);
    printf("    %s%s, floor %s, aim %s: %s\n", text[2], row->ratio ? " x Mosquitto" : "", text[0],
           text[1],
           aim     ? "the aim is reached"
           : floor ? "the floor is held"
                   : "BELOW THE FLOOR");
    if (!row->ratio && theirs > 0 && ours > 0 && row->against)
        printf("    %.2f x Mosquitto\n", row->less ? theirs / ours : ours / theirs);
    fflush(stdout);
}

static bool row_once(const struct bench *bench, const struct row *row, bool mosquitto,
                     struct figures *figures)
{
    struct broker broker;
    memset(figures, 0, sizeof *figures);
    bool good = broker_start(&broker, bench->words, mosquitto) && row->run(bench, &broker, figures);
    broker_stop(&broker);
    return good;
}

static bool row_run(const struct bench *bench, const struct row *row)
{
    static struct figures ours[RUNS_MAX], theirs[RUNS_MAX];
    bool against = row->against && broker_mosquitto(bench->words) != NULL;
    size_t others = 0;
    printf("\n  %s: %s\n", row->name, row->text);
    fflush(stdout);
    for (size_t i = 0; i < bench->runs; i++) {
        if (!row_once(bench, row, false, &ours[i])) {
            printf("    it could not be run against Mainstem\n");
            return false;
        }
        if (against && row_once(bench, row, true, &theirs[others]))
            others++;
    }
    const struct figures *median = print_runs("Mainstem", row, ours, bench->runs);
    double value = median->value;
    bool good = median->good;
    const struct figures *other = others > 0 ? print_runs("Mosquitto", row, theirs, others) : NULL;
    if (against && others == 0)
        printf("    Mosquitto could not be measured\n");
    print_judgement(row, value, other != NULL ? other->value : 0);
    if (!good)
        printf("    not all is well: %s\n", median->remark);
    return good;
}

static bool wanted(const char *list, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        at += *at == ',';
        if (strncmp(at, name, size) == 0 && (at[size] == ',' || at[size] == 0))
            return true;
    }
    return list == NULL;
}

static bool print_machine(const char *folder)
{
    struct machine_limits *limits = malloc(sizeof *limits);
    check(limits != NULL);
    bool good = machine_measure(folder, 16384, 1000, 3, limits);
    if (good)
        printf("  the machine: memcpy %.1f GB/s; synced writes of 16 KiB (%s) %.0f/s: p50 %.2f, "
               "p99 %.2f ms\n",
               limits->memcpy_gbs, limits->mode, limits->rate,
               latency_share_ms(&limits->write, 0.5), latency_share_ms(&limits->write, 0.99));
    free(limits);
    return good;
}

int main(int count, char **given)
{
    struct bench_words words = {count, given};
    bench_allow(&words, usage, allowed);
    struct bench bench = {.words = &words,
                          .seconds = (double)bench_count(&words, "seconds", 10),
                          .warm_up = (double)bench_count(&words, "warm-up", 2),
                          .points = (uint32_t)bench_count(&words, "points", 6000000),
                          .idle = (uint32_t)bench_count(&words, "idle", 10000),
                          .runs = (size_t)bench_count(&words, "runs", 1)};
    bench.runs = bench.runs < 1 ? 1 : bench.runs > RUNS_MAX ? RUNS_MAX : bench.runs;
    const char *list = bench_text(&words, "rows", NULL);
    os_raise_file_limit();
    signal(SIGPIPE, SIG_IGN);
    bench_head("MQTT, as a broker");
    bool good = print_machine(bench_text(&words, "data", "/var/tmp"));
    size_t run = 0;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (wanted(list, rows[i].name)) {
            good = row_run(&bench, &rows[i]) && good;
            run++;
        }
    if (run == 0) {
        fprintf(stderr, "no row is named %s; there are:", list);
        for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
            fprintf(stderr, " %s", rows[i].name);
        fprintf(stderr, "\n");
        return 2;
    }
    good = print_machine(bench_text(&words, "data", "/var/tmp")) && good;
    return good ? 0 : 1;
}
