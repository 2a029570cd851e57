/* ingest_bench: values through the MQTT door, acknowledged, beside what the machine can do.
 *
 *   ingest_bench --server build/mainstem --connections 2000 --burst 30 --values 10 --points 600000
 *   ingest_bench --points 6000000 --rate 600000 --seconds 300
 *   ingest_bench --points 6000000 --rate 600000 --single --jitter */
#include "load_check.h"
#include "machine.h"
#include "report.h"

#include "os/os.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static const char usage[] =
    "ingest_bench [--server PROGRAM] [--data DIR] [--connections N] [--burst N] [--values N]\n"
    "             [--points N] [--rate VALUES_A_SECOND] [--seconds S] [--warm-up S] [--single]\n"
    "             [--jitter] [--snapshot] [--runs N] [--keep]";
static const char allowed[] = "server data connections burst values points rate seconds warm-up "
                              "single jitter snapshot runs keep";

#define RUNS_MAX 9
/* Of these the median over all runs is told at the end. */
#define FIGURE_TABLE(X)                                                                            \
    X(values_s, "values/s acknowledged", 0)                                                        \
    X(server_cores, "server CPU, cores", 3)                                                        \
    X(generator_cores, "generator CPU, cores", 3)                                                  \
    X(messages_read, "messages a read of a connection", 1)                                         \
    X(p50_ms, "PUBACK p50, ms", 2)                                                                 \
    X(p99_ms, "PUBACK p99, ms", 2)                                                                 \
    X(p999_ms, "PUBACK p99.9, ms", 2)                                                              \
    X(bytes_written, "journal bytes a value, written", 2)                                          \
    X(bytes_payload, "journal bytes a value, payload", 2)                                          \
    X(memory_point, "server memory a point, bytes", 0)                                             \
    X(step_ms, "longest engine step in a snapshot, ms", 2)                                         \
    X(disk_p50_ms, "synced write without MQTT p50, ms", 2)                                         \
    X(disk_p99_ms, "synced write without MQTT p99, ms", 2)
#define FIGURE_FIELD(field, name, decimals) double field;
struct figures {
    FIGURE_TABLE(FIGURE_FIELD)
};

struct ingest {
    struct figures figures;
    struct load_options options;
    uint64_t rate; /* values a second; 0: as fast as acknowledged */
    struct bench_server server;
    struct load *load;
    double seconds, warm_up;
    bool snapshot;
    json_t *before, *after; /* the server's state around the measured time */
    uint64_t cpu_before, cpu_after, memory_empty, memory_full;
    struct load_result result;
};

static double ingest_delta(const struct ingest *ingest, const char *name)
{
    return bench_state(ingest->after, name) - bench_state(ingest->before, name);
}

static bool ingest_ask_snapshot(struct ingest *ingest)
{
    json_t *ask = json_pack("{s:s}", "ask", "snapshot"), *answer = NULL;
    enum err err = control_ask(ingest->server.control, ask, 60000, &answer);
    json_decref(ask);
    json_decref(answer);
    return err == OK;
}

static bool ingest_run(struct ingest *ingest)
{
    ingest->memory_empty = child_memory_bytes(&ingest->server.child);
    if (!load_connect(ingest->load) || !load_register(ingest->load) ||
        !load_run(ingest->load, ingest->warm_up, NULL))
        return load_complain(ingest->load);
    if (ingest->snapshot && !ingest_ask_snapshot(ingest))
        return false;
    ingest->before = bench_server_state(&ingest->server);
    ingest->cpu_before = child_cpu_ns(&ingest->server.child);
    if (!load_run(ingest->load, ingest->seconds, &ingest->result))
        return load_complain(ingest->load);
    ingest->cpu_after = child_cpu_ns(&ingest->server.child);
    ingest->after = bench_server_state(&ingest->server);
    ingest->memory_full = child_memory_bytes(&ingest->server.child);
    if (!load_drain(ingest->load, 60))
        return load_complain(ingest->load);
    return ingest->before != NULL && ingest->after != NULL;
}

static void ingest_print_load(const struct ingest *ingest)
{
    const struct load_options *options = &ingest->options;
    char text[4][32];
    printf("  %s points, %u metrics a device, %u connections, bursts of %u messages, %s, %s, ",
           bench_group(options->points, text[0]), options->values, options->connections,
           options->burst,
           !options->single  ? "JSON objects"
           : options->jitter ? "one metric a topic as {\"ts\",\"value\"}"
                             : "one metric a topic, plain numbers",
           options->jitter                       ? "times off by up to 10 ms"
           : options->single && !options->jitter ? "arrival times"
                                                 : "regular times");
    if (ingest->rate > 0)
        printf("%s values/s wanted\n", bench_group(ingest->rate, text[1]));
    else
        printf("as fast as acknowledged\n");
}

static void ingest_figure(struct ingest *ingest)
{
    const struct load_result *result = &ingest->result;
    double seconds = result->seconds, values = ingest_delta(ingest, "engine.values");
    ingest->figures = (struct figures){
        .values_s = (double)result->counts.acked_values / seconds,
        .server_cores = (double)(ingest->cpu_after - ingest->cpu_before) / 1e9 / seconds,
        .generator_cores = (double)result->cpu_ns / 1e9 / seconds,
        .messages_read = (double)result->counts.acked / ingest_delta(ingest, "mqtt.reads"),
        .p50_ms = latency_share_ms(&result->acks, 0.5),
        .p99_ms = latency_share_ms(&result->acks, 0.99),
        .p999_ms = latency_share_ms(&result->acks, 0.999),
        .bytes_written = ingest_delta(ingest, "journal.bytes_written") / values,
        .bytes_payload = ingest_delta(ingest, "journal.bytes_payload") / values,
        .memory_point =
            (double)(ingest->memory_full - ingest->memory_empty) / (double)ingest->options.points,
        .step_ms = bench_state(ingest->after, "engine.step_ns_max_in_snapshot") / 1e6,
    };
}

static void ingest_print(const struct ingest *ingest)
{
    const struct load_result *result = &ingest->result;
    const struct figures *figures = &ingest->figures;
    char text[4][32];
    bench_line("values/s acknowledged", "%s", bench_group((uint64_t)figures->values_s, text[0]));
    bench_line("messages/s acknowledged", "%s",
               bench_group((uint64_t)((double)result->counts.acked / result->seconds), text[0]));
    bench_line("CPU: server, generator", "%.2f, %.2f cores (all threads, user and kernel)",
               figures->server_cores, figures->generator_cores);
    bench_line("server CPU a value", "%.0f ns", figures->server_cores * 1e9 / figures->values_s);
    bench_line("messages a wake-up, a read of a connection", "%.1f, %.1f",
               (double)result->counts.acked / ingest_delta(ingest, "mqtt.wakeups"),
               figures->messages_read);
    bench_line("PUBACK latency p50 / p99 / p99.9 / max", "%.2f / %.2f / %.2f / %.2f ms (%s)",
               figures->p50_ms, figures->p99_ms, figures->p999_ms,
               (double)result->acks.max_us / 1000,
               ingest->options.rate > 0 ? "from when it was due" : "from sending");
    bench_line("journal bytes a value: written, payload", "%.2f, %.2f", figures->bytes_written,
               figures->bytes_payload);
    bench_line("batch writes/s, longest", "%.0f, %.1f ms",
               ingest_delta(ingest, "journal.batches") / result->seconds,
               bench_state(ingest->after, "journal.write_ns_max") / 1e6);
    bench_line("server memory a point", "%.0f bytes (%s in all)", figures->memory_point,
               bench_group(ingest->memory_full, text[1]));
    bench_line("longest engine step, during a snapshot", "%.2f ms, %.2f ms (%s snapshots)",
               bench_state(ingest->after, "engine.step_ns_max") / 1e6, figures->step_ms,
               bench_group((uint64_t)bench_state(ingest->after, "snapshot.count"), text[2]));
    bench_line("refused", "%s", bench_group(result->counts.refused, text[3]));
}

static bool ingest_print_limits(struct ingest *ingest)
{
    struct machine_limits *limits = malloc(sizeof *limits);
    check(limits != NULL);
    double batches = ingest_delta(ingest, "journal.batches");
    double rate = batches / ingest->result.seconds;
    uint64_t bytes =
        batches > 0 ? (uint64_t)(ingest_delta(ingest, "journal.bytes_written") / batches) : 4096;
    bool done = machine_measure(ingest->server.folder, bytes, rate < 1 ? 1 : rate, 5, limits);
    if (done) {
        char text[32];
        ingest->figures.disk_p50_ms = latency_share_ms(&limits->write, 0.5);
        ingest->figures.disk_p99_ms = latency_share_ms(&limits->write, 0.99);
        bench_line("beside it: synced writes without MQTT",
                   "%.0f/s of %s bytes (%s): p50 %.2f, p99 %.2f, p99.9 %.2f ms", limits->rate,
                   bench_group((bytes + 4095) / 4096 * 4096, text), limits->mode,
                   latency_share_ms(&limits->write, 0.5), latency_share_ms(&limits->write, 0.99),
                   latency_share_ms(&limits->write, 0.999));
        bench_line("beside it: memcpy", "%.1f GB/s", limits->memcpy_gbs);
    }
    free(limits);
    return done;
}

static bool ingest_compare(const struct ingest *ingest)
{
    struct load_check found;
    char text[2][32];
    if (!load_check(ingest->load, ingest->server.folder, &found))
        return false;
    if (found.squeezed_values > 0)
        bench_line("bytes a value in closed segments", "%.2f, with the dictionary %.2f (%s values)",
                   (double)found.samples_bytes / (double)found.squeezed_values,
                   (double)(found.samples_bytes + found.facts_bytes) /
                       (double)found.squeezed_values,
                   bench_group(found.squeezed_values, text[0]));
    bench_line("read back", "acknowledged %s, found %s, %s (%.1f s)",
               bench_group(found.acked, text[0]), bench_group(found.found, text[1]),
               found.same ? "the same" : "NOT the same", found.seconds);
    return found.same;
}

/* One run: a server and a folder of its own, from nothing. */
static bool ingest_once(struct ingest *ingest, const struct bench_words *words)
{
    bench_server_init(&ingest->server, words);
    ingest->options.address = ingest->server.mqtt;
    enum err err = load_create(&ingest->options, &ingest->load);
    if (err != OK) {
        fprintf(stderr, "no such load: %s (fewer devices than connections?)\n", err_text(err));
        return false;
    }
    bench_head("MQTT QoS 1");
    ingest_print_load(ingest);
    bool good = bench_server_start(&ingest->server) && ingest_run(ingest);
    if (good) {
        ingest_figure(ingest);
        ingest_print(ingest);
    }
    load_disconnect(ingest->load);
    bench_server_stop(&ingest->server, SIGTERM);
    good = good && ingest_print_limits(ingest) && ingest_compare(ingest);
    json_decref(ingest->before);
    json_decref(ingest->after);
    ingest->before = ingest->after = NULL;
    load_destroy(ingest->load);
    if (!bench_flag(words, "keep"))
        bench_server_remove(&ingest->server);
    else
        printf("  the data stays in %s\n", ingest->server.folder);
    return good;
}

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void print_median(const char *name, int decimals, double *figures, size_t count)
{
    char text[3][32];
    qsort(figures, count, sizeof *figures, compare);
    const double shown[3] = {figures[count / 2], figures[0], figures[count - 1]};
    for (size_t i = 0; i < 3; i++) {
        if (shown[i] >= 10000)
            bench_group((uint64_t)shown[i], text[i]);
        else
            snprintf(text[i], sizeof text[i], "%.*f", decimals, shown[i]);
    }
    bench_line(name, "%s  (%s to %s)", text[0], text[1], text[2]);
}

static void print_medians(const struct figures *runs, size_t count)
{
    double figures[RUNS_MAX];
    printf("\nMedians of %zu runs (least to most)\n", count);
#define FIGURE_PRINT(field, name, decimals)                                                        \
    for (size_t i = 0; i < count; i++)                                                             \
        figures[i] = runs[i].field;                                                                \
    print_median(name, decimals, figures, count);
    FIGURE_TABLE(FIGURE_PRINT)
}

int main(int count, char **given)
{
    struct bench_words words = {count, given};
    static struct ingest ingest;
    bench_allow(&words, usage, allowed);
    ingest.options = (struct load_options){
        .connections = (uint32_t)bench_count(&words, "connections", 2000),
        .burst = (uint32_t)bench_count(&words, "burst", 30),
        .values = (uint32_t)bench_count(&words, "values", 10),
        .points = (uint32_t)bench_count(&words, "points", 600000),
        .single = bench_flag(&words, "single"),
        .jitter = bench_flag(&words, "jitter"),
        .qos = 1,
        .strict = true,
    };
    ingest.rate = bench_count(&words, "rate", 0);
    ingest.options.rate =
        ingest.rate /
        (ingest.options.single || ingest.options.values == 0 ? 1 : ingest.options.values);
    ingest.seconds = (double)bench_count(&words, "seconds", 20);
    ingest.warm_up = (double)bench_count(&words, "warm-up", 5);
    ingest.snapshot = bench_flag(&words, "snapshot");
    uint64_t rate = ingest.rate > 0 ? ingest.rate : ingest.options.points;
    ingest.options.period_ms = (int64_t)((uint64_t)ingest.options.points * 1000 / rate);
    size_t runs = (size_t)bench_count(&words, "runs", 1);
    runs = runs < 1 ? 1 : runs > RUNS_MAX ? RUNS_MAX : runs;
    os_raise_file_limit();
    signal(SIGPIPE, SIG_IGN);
    struct figures figures[RUNS_MAX];
    for (size_t run = 0; run < runs; run++) {
        if (!ingest_once(&ingest, &words))
            return 1; /* a run that lost anything does not count */
        figures[run] = ingest.figures;
    }
    if (runs > 1)
        print_medians(figures, runs);
    return 0;
}
