/* tls_bench: what TLS costs. The same load in clear and sealed, run after run in turns, so that
 * what else the machine does meets both; then many clients that come back at once, while others
 * publish.
 *
 *   tls_bench --server build/mainstem
 *   tls_bench --clients 10000 --seconds 10 --runs 5 */
#include "load_check.h"
#include "report.h"

#include "os/os.h"
#include "tls/tls.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

static const char usage[] = "tls_bench [--server PROGRAM] [--data DIR] [--seconds S] [--runs N]\n"
                            "          [--rate N] [--connections N] [--clients N]";
static const char allowed[] = "server data seconds runs rate connections clients";

#define RUNS_MAX 15
#define OTHERS 50           /* connections that publish while the crowd comes back */
#define OTHERS_RATE 2000    /* their messages a second */
#define CROWD_SECONDS 120.0 /* the longest */

struct bench {
    struct bench_server server;
    char mqtts[64], ca[700];
    struct tls_trust *trust;
    double seconds;
    size_t runs;
    uint64_t rate;
    uint32_t connections, clients;
};

/* ---- the server
 * ------------------------------------------------------------------------------------- */
static bool file_put(const char *path, const char *text)
{
    FILE *file = fopen(path, "we");
    return file != NULL && fputs(text, file) >= 0 && fclose(file) == 0;
}

static bool bench_start(struct bench *bench, const struct bench_words *words)
{
    static const char *const names[] = {"127.0.0.1"};
    static char key[700];
    static const char *options[12];
    char *certificate_text, *key_text, fault[TLS_FAULT_SIZE];
    bench_server_init(&bench->server, words);
    snprintf(bench->ca, sizeof bench->ca, "%s.crt", bench->server.folder);
    snprintf(key, sizeof key, "%s.key", bench->server.folder);
    if (child_free_address(bench->mqtts) != OK ||
        tls_certificate_make(names, 1, 30, &certificate_text, &key_text, fault) != OK ||
        !file_put(bench->ca, certificate_text) || !file_put(key, key_text))
        return false;
    free(certificate_text);
    free(key_text);
    const char *given[] = {"--mqtts",   bench->mqtts, "--tls-certificate",   bench->ca,
                           "--tls-key", key,          "--mqtt-connect-time", "2m"};
    memcpy(options, given, sizeof given);
    bench->server.words = options;
    struct tls_trust_config trust = {.ca = bench->ca};
    if (tls_trust_create(&trust, &bench->trust, fault) != OK) {
        fprintf(stderr, "%s\n", fault);
        return false;
    }
    bool good = bench_server_start(&bench->server);
    remove(key);
    return good;
}

/* ---- the same load, in clear and sealed
 * ---------------------------------------------------------- */
struct figures {
    double message_ns, p50_ms, p99_ms, rate;
};

static bool run_load(const struct bench *bench, const struct load_options *wanted, bool tls,
                     struct figures *ret)
{
    static struct load_result result;
    struct load_options options = *wanted;
    struct load *load = NULL;
    options.address = tls ? bench->mqtts : bench->server.mqtt;
    options.trust = tls ? bench->trust : NULL;
    options.strict = true;
    if (load_create(&options, &load) != OK)
        return false;
    bool good = load_connect(load) && load_register(load) && load_run(load, 1, NULL);
    uint64_t cpu_ns = child_cpu_ns(&bench->server.child);
    good = good && load_run(load, bench->seconds, &result);
    cpu_ns = child_cpu_ns(&bench->server.child) - cpu_ns;
    if (good) {
        ret->message_ns = (double)cpu_ns / (double)result.counts.acked;
        ret->p50_ms = latency_share_ms(&result.acks, 0.5);
        ret->p99_ms = latency_share_ms(&result.acks, 0.99);
        ret->rate = (double)result.counts.acked / result.seconds;
    }
    good = good && load_drain(load, 60);
    if (!good)
        (void)!load_complain(load);
    load_disconnect(load);
    load_destroy(load);
    return good;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *numbers, size_t count)
{
    qsort(numbers, count, sizeof *numbers, by_size);
    return numbers[count / 2];
}

/* Pairs, the order within a pair changing: the median of their ratios. */
static bool row_load(const struct bench *bench, const char *name,
                     const struct load_options *options)
{
    double ratios[RUNS_MAX] = {0}, clear[RUNS_MAX] = {0}, sealed[RUNS_MAX] = {0};
    double clear_p99[RUNS_MAX] = {0}, sealed_p99[RUNS_MAX] = {0}, rate = 0;
    for (size_t i = 0; i < bench->runs; i++) {
        struct figures figures[2];
        bool first = i % 2 != 0;
        if (!run_load(bench, options, first, &figures[first]) ||
            !run_load(bench, options, !first, &figures[!first]))
            return false;
        ratios[i] = figures[1].message_ns / figures[0].message_ns;
        clear[i] = figures[0].message_ns / 1e3;
        sealed[i] = figures[1].message_ns / 1e3;
        clear_p99[i] = figures[0].p99_ms;
        sealed_p99[i] = figures[1].p99_ms;
        rate = figures[1].rate;
    }
    double least = ratios[0], most = ratios[0];
    for (size_t i = 0; i < bench->runs; i++) {
        least = ratios[i] < least ? ratios[i] : least;
        most = ratios[i] > most ? ratios[i] : most;
    }
    bench_line(name, "%.2fx of the CPU in clear (%.2f to %.2f); floor 2.0x, aim 1.4x",
               median(ratios, bench->runs), least, most);
    bench_line("  of a message", "%.2f us in clear, %.2f us by TLS, at %.0f messages/s",
               median(clear, bench->runs), median(sealed, bench->runs), rate);
    bench_line("  PUBACK p99", "%.1f ms in clear, %.1f ms by TLS", median(clear_p99, bench->runs),
               median(sealed_p99, bench->runs));
    return true;
}

/* ---- a crowd that comes back
 * ----------------------------------------------------------------------- */
struct others {
    struct load *load;
    struct load_result result;
    pthread_t thread;
    bool good;
};

static bool others_go_on(void *arg, const struct load_second *second)
{
    (void)second;
    return __atomic_load_n((int *)arg, __ATOMIC_RELAXED) == 0;
}

static void *others_run(void *arg)
{
    struct others *others = arg;
    others->good = load_run(others->load, CROWD_SECONDS, &others->result);
    return NULL;
}

static bool others_begin(const struct bench *bench, struct others *others, int *over)
{
    struct load_options options = {.address = bench->mqtts,
                                   .trust = bench->trust,
                                   .connections = OTHERS,
                                   .qos = 1,
                                   .values = 10,
                                   .points = OTHERS * 100,
                                   .rate = OTHERS_RATE,
                                   .tick = others_go_on,
                                   .arg = over};
    return load_create(&options, &others->load) == OK && load_connect(others->load) &&
           load_register(others->load) &&
           pthread_create(&others->thread, NULL, others_run, others) == 0;
}

static bool crowd_come(const struct bench *bench, struct load *crowd, const char *name,
                       double *ret_seconds)
{
    int64_t began_ns = clock_real()->boot_ns(clock_real());
    uint64_t cpu_ns = child_cpu_ns(&bench->server.child);
    if (!load_connect(crowd))
        return load_complain(crowd);
    *ret_seconds = (double)(clock_real()->boot_ns(clock_real()) - began_ns) / 1e9;
    cpu_ns = child_cpu_ns(&bench->server.child) - cpu_ns;
    bench_line(name, "%u of %u in %.1f s, %.0f us of the server's CPU each; floor 60 s, aim 20 s",
               load_connected(crowd), bench->clients, *ret_seconds,
               (double)cpu_ns / 1e3 / bench->clients);
    return load_connected(crowd) == bench->clients;
}

static bool row_crowd(const struct bench *bench, const char *name, bool resume)
{
    struct load_options options = {.address = bench->mqtts,
                                   .trust = bench->trust,
                                   .resume = resume,
                                   .id_prefix = "crowd",
                                   .idle = bench->clients};
    struct load *crowd = NULL;
    struct others others = {.good = false};
    double seconds = 0;
    int over = 0;
    if (load_create(&options, &crowd) != OK)
        return false;
    uint64_t before = child_memory_bytes(&bench->server.child);
    bool good = load_connect(crowd); /* once: they were there before, and have tickets */
    uint64_t after = child_memory_bytes(&bench->server.child);
    load_disconnect(crowd);
    good = good && others_begin(bench, &others, &over) && crowd_come(bench, crowd, name, &seconds);
    __atomic_store_n(&over, 1, __ATOMIC_RELAXED);
    if (others.load != NULL)
        pthread_join(others.thread, NULL);
    if (good && others.good)
        bench_line("  meanwhile, others", "PUBACK p50 %.1f ms, p99 %.1f ms, %llu lost",
                   latency_share_ms(&others.result.acks, 0.5),
                   latency_share_ms(&others.result.acks, 0.99),
                   (unsigned long long)others.result.counts.lost);
    if (!resume && after > before)
        bench_line("  memory of one", "%.1f KiB", (double)(after - before) / 1024 / bench->clients);
    load_disconnect(crowd);
    load_destroy(crowd);
    if (others.load != NULL)
        load_disconnect(others.load);
    load_destroy(others.load);
    return good;
}

static bool bench_rows(const struct bench *bench)
{
    struct load_options headline = {.connections = bench->connections,
                                    .qos = 1,
                                    .burst = 30,
                                    .values = 10,
                                    .points = bench->connections * 100,
                                    .rate = bench->rate};
    struct load_options single = {.connections = 200,
                                  .qos = 1,
                                  .values = 1,
                                  .points = 20000,
                                  .single = true,
                                  .rate = bench->rate / 6};
    return row_load(bench, "headline", &headline) &&
           row_load(bench, "one message a record", &single) &&
           row_crowd(bench, "all come back, anew", false) &&
           row_crowd(bench, "all come back, resumed", true);
}

int main(int count, char **given)
{
    static struct bench bench;
    struct bench_words words = {.count = count, .words = given};
    bench_allow(&words, usage, allowed);
    bench.seconds = (double)bench_count(&words, "seconds", 8);
    bench.runs = bench_count(&words, "runs", 5);
    bench.rate = bench_count(&words, "rate", 60000);
    bench.connections = (uint32_t)bench_count(&words, "connections", 2000);
    bench.clients = (uint32_t)bench_count(&words, "clients", 10000);
    if (bench.runs < 1 || bench.runs > RUNS_MAX) {
        fprintf(stderr, "--runs: 1 to %d\n", RUNS_MAX);
        return 2;
    }
    (void)os_raise_file_limit();
    if (!bench_start(&bench, &words))
        return 1;
    bench_head("TLS: ECDSA P-256, TLS 1.3");
    bool good = bench_rows(&bench);
    bench_server_stop(&bench.server, SIGTERM);
    bench_server_remove(&bench.server);
    remove(bench.ca);
    tls_trust_destroy(bench.trust);
    return good ? 0 : 1;
}
