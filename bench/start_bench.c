/* start_bench: how long until a server says ready: on an empty folder, after a clean stop, after
 * kill -9 under load.
 *
 *   start_bench --server build/mainstem --points 6000000 --rounds 3 */
#include "load_check.h"
#include "report.h"

#include "os/os.h"

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define ROUNDS_MAX 9

static const char usage[] = "start_bench [--server PROGRAM] [--data DIR] [--points N] [--rate N]\n"
                            "            [--seconds S] [--rounds N] [--keep]";
static const char allowed[] = "server data points rate seconds rounds keep";

struct times {
    double seconds[ROUNDS_MAX];
    size_t count;
};

static int compare(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static void times_print(const char *name, struct times *times)
{
    qsort(times->seconds, times->count, sizeof *times->seconds, compare);
    bench_line(name, "median %.3f s (%.3f to %.3f, %zu rounds)", times->seconds[times->count / 2],
               times->seconds[0], times->seconds[times->count - 1], times->count);
}

static bool start_timed(struct bench_server *server, struct times *times)
{
    if (!bench_server_start(server))
        return false;
    times->seconds[times->count++] = (double)server->child.ready_ns / 1e9;
    return true;
}

static void print_start(struct bench_server *server)
{
    char text[2][32];
    json_t *state = bench_server_state(server);
    bench_line("  of these", "snapshot %.3f s, replay %.3f s of %s values in %s records",
               bench_state(state, "start.snapshot_load_ns") / 1e9,
               bench_state(state, "start.replay_ns") / 1e9,
               bench_group((uint64_t)bench_state(state, "start.replayed_values"), text[0]),
               bench_group((uint64_t)bench_state(state, "start.replayed_records"), text[1]));
    json_decref(state);
}

static bool measure_empty(const struct bench_words *words, size_t rounds)
{
    struct times times = {0};
    for (size_t i = 0; i < rounds; i++) {
        struct bench_server server;
        bench_server_init(&server, words);
        bool good = start_timed(&server, &times);
        bench_server_stop(&server, SIGTERM);
        bench_server_remove(&server);
        if (!good)
            return false;
    }
    times_print("ready on an empty folder", &times);
    return true;
}

static bool measure_clean(struct bench_server *server, size_t rounds)
{
    struct times times = {0};
    for (size_t i = 0; i < rounds; i++) {
        bench_server_stop(server, SIGTERM);
        if (!start_timed(server, &times))
            return false;
    }
    times_print("ready after a clean stop", &times);
    print_start(server);
    return true;
}

static bool measure_kill(struct bench_server *server, struct load *load, size_t rounds,
                         double seconds)
{
    struct times times = {0};
    for (size_t i = 0; i < rounds; i++) {
        if (!load_connect(load) || !load_run(load, seconds, NULL))
            return load_complain(load);
        bench_server_stop(server, SIGKILL);
        load_forget(load);
        if (!start_timed(server, &times))
            return false;
        print_start(server);
    }
    times_print("ready after kill -9 under load", &times);
    return true;
}

int main(int count, char **given)
{
    struct bench_words words = {count, given};
    bench_allow(&words, usage, allowed);
    size_t rounds = (size_t)bench_count(&words, "rounds", 3);
    rounds = rounds < 1 ? 1 : rounds > ROUNDS_MAX ? ROUNDS_MAX : rounds;
    double seconds = (double)bench_count(&words, "seconds", 20);
    struct bench_server server;
    uint64_t rate = bench_count(&words, "rate", 600000); /* values a second */
    rate = rate < 10 ? 10 : rate;
    struct load_options options = {.connections = 2000,
                                   .burst = 30,
                                   .values = 10,
                                   .points = (uint32_t)bench_count(&words, "points", 6000000),
                                   .rate = rate / 10,
                                   .qos = 1,
                                   .strict = true};
    options.period_ms = (int64_t)((uint64_t)options.points * 1000 / rate);
    if (options.points < options.connections * options.values)
        options.connections = options.points / options.values;
    os_raise_file_limit();
    signal(SIGPIPE, SIG_IGN);
    bench_server_init(&server, &words);
    options.address = server.mqtt;
    struct load *load = NULL;
    if (load_create(&options, &load) != OK)
        return 1;
    char text[2][32];
    bench_head("Time to ready");
    printf("  %s points, %s values/s for %.0f s before each kill\n",
           bench_group(options.points, text[0]), bench_group(rate, text[1]), seconds);
    bool good = measure_empty(&words, rounds) && bench_server_start(&server) &&
                load_connect(load) && load_register(load);
    load_disconnect(load);
    good = good && measure_clean(&server, rounds) && measure_kill(&server, load, rounds, seconds);
    bench_server_stop(&server, SIGTERM);
    struct load_check found;
    if (good && load_check(load, server.folder, &found)) {
        bench_line("read back", "acknowledged %s, found %s", bench_group(found.acked, text[0]),
                   bench_group(found.found, text[1]));
        good = found.same;
    }
    load_destroy(load);
    if (!bench_flag(&words, "keep"))
        bench_server_remove(&server);
    return good ? 0 : 1;
}
