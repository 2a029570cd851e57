/* web_bench: the windows: HTTP and live values, alone and while readings pour in through MQTT.
 *
 *   web_bench --server build/mainstem
 *   web_bench --rows idle,live --seconds 5
 *
 * Rows: loaded (one point over HTTP while 300,000 values a second come), idle (requests a second
 * from 64 connections), live (reading in to WebSocket out, 20 viewers of 500 points), list (1,000
 * of 6,000,000 points by pattern, and the count at the root). The generator shares the machine. */
#include "load_check.h"
#include "machine.h"
#include "report.h"

#include "os/os.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static const char usage[] =
    "web_bench [--server PROGRAM] [--data DIR] [--rows NAME,NAME...] [--seconds S] [--points N]\n"
    "          [--rate VALUES_A_SECOND]";
static const char allowed[] = "server data rows seconds points rate";

#define ANSWER_MAX ((size_t)1 << 20)
#define CONNECTIONS 64
#define VIEWERS 20
#define PROBES 100
#define PROBES_A_SECOND 200
#define FEW_POINTS 60000

struct bench {
    const struct bench_words *words;
    struct bench_server server;
    double seconds;
    uint32_t points;
    uint64_t rate;
};

static int64_t now_ns(void)
{
    return clock_real()->boot_ns(clock_real());
}

static void judge(const char *name, double value, double floor, double aim, bool less,
                  const char *unit)
{
    bool good = less ? value <= floor : value >= floor;
    bool best = less ? value <= aim : value >= aim;
    bench_line(name, "%.3g %s   floor %g, aim %g: %s", value, unit, floor, aim,
               best   ? "the aim is reached"
               : good ? "the floor is held"
                      : "BELOW THE FLOOR");
    fflush(stdout);
}

/* ---- a small HTTP client ---------------------------------------------------------------------
 */
struct link_http {
    int fd;
    char *at; /* what came */
    size_t size;
};

static bool http_open(struct bench *bench, struct link_http *http)
{
    *http = (struct link_http){.fd = -1, .at = malloc(ANSWER_MAX + 1)};
    enum err err = http->at != NULL ? os_connect(bench->server.http, &http->fd) : ERR_NO_MEMORY;
    if (err != OK)
        fprintf(stderr, "web_bench: %s: %s\n", bench->server.http, err_text(err));
    return err == OK;
}

static void http_close(struct link_http *http)
{
    if (http->fd >= 0)
        close(http->fd);
    free(http->at);
}

static bool send_all(int fd, const char *text, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, text, size, MSG_NOSIGNAL);
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (n < 0) {
            poll(&wait, 1, 1000);
            continue;
        }
        text += n;
        size -= (size_t)n;
    }
    return true;
}

/* The size of the whole answer at the begin of what came; 0: not whole yet. */
static size_t answer_size(const struct link_http *http)
{
    const char *end = memmem(http->at, http->size, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    const char *length = memmem(http->at, (size_t)(end - http->at), "Content-Length: ", 16);
    size_t size = (size_t)(end - http->at) + 4 + (length ? strtoul(length + 16, NULL, 10) : 0);
    return size <= http->size ? size : 0;
}

/* Asks and waits for the whole answer; its body is at *ret_body until the next call. */
static bool http_ask(struct link_http *http, const char *request, const char **ret_body)
{
    http->size = 0;
    if (!send_all(http->fd, request, strlen(request)))
        return false;
    while (answer_size(http) == 0) {
        struct pollfd wait = {.fd = http->fd, .events = POLLIN};
        poll(&wait, 1, 10000);
        ssize_t n = recv(http->fd, http->at + http->size, ANSWER_MAX - http->size, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) || http->size == ANSWER_MAX)
            return false;
        http->size += n > 0 ? (size_t)n : 0;
    }
    http->at[http->size] = '\0';
    *ret_body = strstr(http->at, "\r\n\r\n") + 4;
    if (strncmp(http->at, "HTTP/1.1 200", 12) == 0)
        return true;
    fprintf(stderr, "web_bench: %.200s\n", http->at);
    return false;
}

static void request_text(const struct bench *bench, const char *target, char *text, size_t size)
{
    snprintf(text, size, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, bench->server.http);
}

/* ---- load beside it --------------------------------------------------------------------------
 */
struct beside {
    struct load *load;
    pthread_t thread;
    bool good;
};

static void *beside_run(void *arg)
{
    struct beside *beside = arg;
    beside->good = load_run(beside->load, 3600, NULL);
    return NULL;
}

static bool beside_begin(struct bench *bench, uint32_t points, uint64_t rate, struct beside *beside)
{
    struct load_options options = {.address = bench->server.mqtt,
                                   .connections = 100,
                                   .qos = 1,
                                   .burst = 10,
                                   .values = 10,
                                   .points = points,
                                   .rate = rate / 10,
                                   .period_ms =
                                       rate > 0 ? (int64_t)points * 1000 / (int64_t)rate : 1000};
    if (load_create(&options, &beside->load) != OK || !load_connect(beside->load) ||
        !load_register(beside->load))
        return load_complain(beside->load);
    return rate == 0 || pthread_create(&beside->thread, NULL, beside_run, beside) == 0;
}

static void beside_end(struct beside *beside, uint64_t rate)
{
    if (rate > 0) {
        load_stop(beside->load);
        pthread_join(beside->thread, NULL);
    }
    load_disconnect(beside->load);
    load_destroy(beside->load);
}

static double server_cores(const struct bench *bench, uint64_t cpu_before, double seconds)
{
    return (double)(child_cpu_ns(&bench->server.child) - cpu_before) / 1e9 / seconds;
}

/* ---- loaded: one point over HTTP, one question after the other --------------------------------
 */
static bool run_loaded(struct bench *bench)
{
    static struct latency latency;
    struct beside beside = {0};
    struct link_http http;
    char request[256];
    const char *body;
    memset(&latency, 0, sizeof latency);
    if (!beside_begin(bench, FEW_POINTS, bench->rate, &beside) || !http_open(bench, &http))
        return false;
    request_text(bench, "/v1/points/site0/line1/device100/temperature", request, sizeof request);
    usleep(1000000);
    uint64_t cpu = child_cpu_ns(&bench->server.child);
    int64_t began = now_ns(), at = began;
    bool good = true;
    while (good && at - began < (int64_t)(bench->seconds * 1e9)) {
        good = http_ask(&http, request, &body);
        int64_t done = now_ns();
        latency_add(&latency, (uint64_t)(done - at) / 1000, 1);
        at = done;
    }
    double seconds = (double)(at - began) / 1e9;
    struct load_counts counts = load_counts(beside.load);
    printf("\n  loaded: one point over HTTP, keep-alive, while %llu values/s come by MQTT "
           "(acknowledged: %llu)\n",
           (unsigned long long)bench->rate, (unsigned long long)counts.acked_values);
    judge("p99", latency_share_ms(&latency, 0.99), 5, 1, true, "ms");
    bench_line("p50, max, requests", "%.3f ms, %.3f ms, %.0f/s; server %.2f cores",
               latency_share_ms(&latency, 0.5), (double)latency.max_us / 1e3,
               (double)latency.count / seconds, server_cores(bench, cpu, seconds));
    http_close(&http);
    beside_end(&beside, bench->rate);
    return good;
}

/* ---- idle: requests a second ------------------------------------------------------------------
 */
static bool idle_answered(struct link_http *http, const char *request)
{
    ssize_t n = recv(http->fd, http->at + http->size, ANSWER_MAX - http->size, MSG_DONTWAIT);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    http->size += (size_t)n;
    if (answer_size(http) == 0)
        return true;
    bool good = strncmp(http->at, "HTTP/1.1 200", 12) == 0;
    http->size = 0;
    return good && send_all(http->fd, request, strlen(request));
}

static bool run_idle(struct bench *bench)
{
    static struct link_http links[CONNECTIONS];
    struct beside beside = {0};
    char request[256];
    int epoll = epoll_create1(0);
    uint64_t answers = 0;
    if (!beside_begin(bench, FEW_POINTS, 0, &beside))
        return false;
    request_text(bench, "/v1/points/site0/line1/device100/temperature", request, sizeof request);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &links[i]};
        if (!http_open(bench, &links[i]) || !send_all(links[i].fd, request, strlen(request)) ||
            epoll_ctl(epoll, EPOLL_CTL_ADD, links[i].fd, &event) != 0)
            return false;
    }
    uint64_t cpu = child_cpu_ns(&bench->server.child);
    int64_t began = now_ns(), at = began;
    bool good = true;
    while (good && at - began < (int64_t)(bench->seconds * 1e9)) {
        struct epoll_event events[CONNECTIONS];
        int count = epoll_wait(epoll, events, CONNECTIONS, 1000);
        for (int i = 0; i < count && good; i++)
            good = idle_answered(events[i].data.ptr, request);
        answers += (uint64_t)(count > 0 ? count : 0);
        at = now_ns();
    }
    double seconds = (double)(at - began) / 1e9;
    printf("\n  idle: one point over HTTP from %d connections, nothing else going on\n",
           CONNECTIONS);
    judge("requests", (double)answers / seconds, 60000, 150000, false, "/s");
    bench_line("server", "%.2f cores", server_cores(bench, cpu, seconds));
    for (size_t i = 0; i < CONNECTIONS; i++)
        http_close(&links[i]);
    close(epoll);
    beside_end(&beside, 0);
    return good;
}

/* ---- live: reading in, WebSocket out ---------------------------------------------------------
 */
struct viewing {
    struct link_http links[VIEWERS];
    uint64_t probe_first; /* number of the first probe's point */
    int64_t sent_ns[1 << 16];
    uint64_t told, values, skipped;
    struct latency latency;
};

static bool viewer_say(struct link_http *http, const char *text)
{
    size_t size = strlen(text), head = size < 126 ? 6 : 8;
    unsigned char frame[1024] = {0x81};
    if (size + head > sizeof frame)
        return false;
    frame[1] = (unsigned char)(0x80 | (size < 126 ? size : 126));
    if (size >= 126) {
        frame[2] = (unsigned char)(size >> 8);
        frame[3] = (unsigned char)size;
    }
    memcpy(frame + head, text, size); /* a mask of zeroes */
    return send_all(http->fd, (const char *)frame, head + size);
}

static bool viewer_open(struct bench *bench, struct link_http *http, unsigned number)
{
    char text[512];
    if (!http_open(bench, http))
        return false;
    snprintf(text, sizeof text,
             "GET /v1/live HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
             bench->server.http);
    if (!send_all(http->fd, text, strlen(text)))
        return false;
    while (memmem(http->at, http->size, "\r\n\r\n", 4) == NULL) {
        struct pollfd wait = {.fd = http->fd, .events = POLLIN};
        poll(&wait, 1, 5000);
        ssize_t n = recv(http->fd, http->at + http->size, ANSWER_MAX - http->size, 0);
        if (n <= 0)
            return false;
        http->size += (size_t)n;
    }
    size_t head = (size_t)((char *)memmem(http->at, http->size, "\r\n\r\n", 4) - http->at) + 4;
    memmove(http->at, http->at + head, http->size - head);
    http->size -= head;
    snprintf(text, sizeof text,
             "{\"op\":\"subscribe\",\"id\":1,\"match\":["
             "\"+/line%u/+/temperature\",\"+/line%u/+/pressure\",\"+/line%u/+/flow\","
             "\"+/line%u/+/level\",\"probe/#\"]}",
             number, number, number, number);
    return viewer_say(http, text);
}

/* One text frame: a delta's probes are timed, everything is counted. */
static void viewer_message(struct viewing *viewing, const char *text, size_t size, int64_t at_ns)
{
    const char *end = text + size;
    const char *skipped = memmem(text, size, "\"skipped\":", 10);
    const char *at = memmem(text, size, "\"values\":[", 10);
    if (at == NULL)
        return;
    char *next;
    viewing->skipped += skipped ? strtoull(skipped + 10, NULL, 10) : 0;
    for (at += 10; at < end && *at == '['; at += *at == ',') {
        uint64_t point = strtoull(at + 1, &next, 10);
        uint64_t value = strtoull(next + 1, NULL, 10);
        viewing->values++;
        if (point >= viewing->probe_first && value < ARRAY_COUNT(viewing->sent_ns) &&
            viewing->sent_ns[value] != 0) {
            int64_t took = at_ns - viewing->sent_ns[value];
            latency_add(&viewing->latency, took > 0 ? (uint64_t)took / 1000 : 0, 1);
            viewing->told++;
        }
        at = memchr(next, ']', (size_t)(end - next));
        if (at == NULL)
            return;
        at++;
    }
}

static bool viewer_read(struct viewing *viewing, struct link_http *http)
{
    ssize_t n = recv(http->fd, http->at + http->size, ANSWER_MAX - http->size, MSG_DONTWAIT);
    int64_t at_ns = now_ns();
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    http->size += (size_t)n;
    size_t used = 0;
    for (;;) {
        const unsigned char *at = (const unsigned char *)http->at + used;
        size_t rest = http->size - used, head = 2, size;
        if (rest < 4)
            break;
        size = at[1] & 0x7F;
        if (size == 126) {
            size = (size_t)at[2] << 8 | at[3];
            head = 4;
        } else if (size == 127) {
            if (rest < 10)
                break;
            size = 0;
            for (int i = 2; i < 10; i++)
                size = size << 8 | at[i];
            head = 10;
        }
        if (rest < head + size)
            break;
        viewer_message(viewing, (const char *)at + head, size, at_ns);
        used += head + size;
    }
    memmove(http->at, http->at + used, http->size - used);
    http->size -= used;
    return true;
}

static void probe_acked(void *arg, uint64_t tag, uint8_t reason)
{
    (void)arg, (void)tag, (void)reason;
}

static bool probe_send(struct viewing *viewing, struct client *client, uint64_t number)
{
    char topic[32], payload[32];
    snprintf(topic, sizeof topic, "probe/p%llu", (unsigned long long)(number % PROBES));
    snprintf(payload, sizeof payload, "%llu", (unsigned long long)number);
    viewing->sent_ns[number] = now_ns();
    return client_publish(client, bytes_text(topic), bytes_text(payload), 1, number) == OK &&
           client_poll(client, 0) == OK;
}

static bool live_loop(struct bench *bench, struct viewing *viewing, struct client *client)
{
    struct pollfd polls[VIEWERS];
    for (size_t i = 0; i < VIEWERS; i++)
        polls[i] = (struct pollfd){.fd = viewing->links[i].fd, .events = POLLIN};
    int64_t began = now_ns(), at = began;
    uint64_t number = PROBES;
    while (at - began < (int64_t)(bench->seconds * 1e9) && number < 60000) {
        int64_t due = began + (int64_t)(number - PROBES) * NS_PER_S / PROBES_A_SECOND;
        if (at >= due && !probe_send(viewing, client, number++))
            return false;
        poll(polls, VIEWERS, 1);
        for (size_t i = 0; i < VIEWERS; i++)
            if ((polls[i].revents & POLLIN) && !viewer_read(viewing, &viewing->links[i]))
                return false;
        at = now_ns();
    }
    return true;
}

static bool live_probes(struct bench *bench, struct viewing *viewing, struct client **ret_client)
{
    struct client_config config = {.address = bench->server.mqtt,
                                   .client_id = "probe",
                                   .version = MQTT_5,
                                   .in_flight_max = 1000,
                                   .clean_start = true};
    uint8_t reason;
    struct link_http http;
    char request[256];
    const char *body, *found;
    if (client_open(&config, probe_acked, NULL, ret_client, &reason) != OK)
        return false;
    for (uint64_t i = 0; i < PROBES; i++)
        if (!probe_send(viewing, *ret_client, i))
            return false;
    while (client_in_flight(*ret_client) > 0)
        if (client_poll(*ret_client, 10) != OK)
            return false;
    memset(viewing->sent_ns, 0, sizeof viewing->sent_ns);
    request_text(bench, "/v1/points/probe/p0", request, sizeof request);
    if (!http_open(bench, &http) || !http_ask(&http, request, &body) ||
        (found = strstr(body, "\"point\":")) == NULL)
        return false;
    viewing->probe_first = strtoull(found + 8, NULL, 10);
    http_close(&http);
    return true;
}

static bool run_live(struct bench *bench)
{
    static struct viewing viewing;
    struct beside beside = {0};
    struct client *client = NULL;
    memset(&viewing, 0, sizeof viewing);
    if (!beside_begin(bench, FEW_POINTS, bench->rate, &beside) ||
        !live_probes(bench, &viewing, &client))
        return false;
    for (unsigned i = 0; i < VIEWERS; i++)
        if (!viewer_open(bench, &viewing.links[i], i))
            return false;
    double wanted = bench->seconds;
    bench->seconds = 1;
    bool good = live_loop(bench, &viewing, client);
    bench->seconds = wanted;
    viewing.values = viewing.told = viewing.skipped = 0;
    memset(&viewing.latency, 0, sizeof viewing.latency);
    memset(viewing.sent_ns, 0, sizeof viewing.sent_ns);
    uint64_t cpu = child_cpu_ns(&bench->server.child);
    int64_t began = now_ns();
    good = good && live_loop(bench, &viewing, client);
    double seconds = (double)(now_ns() - began) / 1e9;
    printf("\n  live: reading in to WebSocket out, %llu values/s by MQTT, %d viewers of 500 "
           "points\n",
           (unsigned long long)bench->rate, VIEWERS);
    judge("p50", latency_share_ms(&viewing.latency, 0.5), 10, 4, true, "ms");
    judge("p99", latency_share_ms(&viewing.latency, 0.99), 100, 30, true, "ms");
    bench_line("told",
               "%.0f values/s in deltas, %llu probes timed, %llu values skipped; server "
               "%.2f cores",
               (double)viewing.values / seconds, (unsigned long long)viewing.told,
               (unsigned long long)viewing.skipped, server_cores(bench, cpu, seconds));
    good = good && viewing.told > 0;
    for (unsigned i = 0; i < VIEWERS; i++)
        http_close(&viewing.links[i]);
    client_close(client, true);
    beside_end(&beside, bench->rate);
    return good;
}

/* ---- list: among six million ------------------------------------------------------------------
 */
static bool list_time(struct bench *bench, struct link_http *http, const char *target,
                      double *ret_ms)
{
    char request[512];
    const char *body;
    double best[21];
    request_text(bench, target, request, sizeof request);
    for (size_t i = 0; i < ARRAY_COUNT(best); i++) {
        int64_t began = now_ns();
        if (!http_ask(http, request, &body))
            return false;
        double took = (double)(now_ns() - began) / 1e6;
        size_t at = i;
        for (; at > 0 && best[at - 1] > took; at--)
            best[at] = best[at - 1];
        best[at] = took;
    }
    *ret_ms = best[ARRAY_COUNT(best) / 2];
    return true;
}

static bool list_entered(struct bench *bench, struct link_http *http)
{
    char request[256];
    const char *body;
    request_text(bench, "/v1/points?limit=1", request, sizeof request);
    for (int i = 0; i < 600; i++) {
        if (!http_ask(http, request, &body))
            return false;
        if (strstr(body, "\"entered\":1}") != NULL || strstr(body, "\"entered\":1.0}") != NULL)
            return true;
        usleep(100000);
    }
    fprintf(stderr, "web_bench: the points were not all entered within a minute\n");
    return false;
}

static bool run_list(struct bench *bench)
{
    struct beside beside = {0};
    struct link_http http;
    double match_ms = 0, branch_ms = 0, count_ms = 0, contains_ms = 0;
    if (!beside_begin(bench, bench->points, 0, &beside) || !http_open(bench, &http))
        return false;
    int64_t began = now_ns();
    bool good =
        list_entered(bench, &http) &&
        list_time(bench, &http, "/v1/points?match=%2B%2F%2B%2F%2B%2Ftemperature&limit=1000",
                  &match_ms) &&
        list_time(bench, &http, "/v1/points?match=site7%2F%23&limit=1000", &branch_ms) &&
        list_time(bench, &http, "/v1/points?contains=device1234&limit=1000", &contains_ms) &&
        list_time(bench, &http, "/v1/tree?limit=1", &count_ms);
    char text[32];
    printf("\n  list: of %s points (entered %.1f s after the last one came)\n",
           bench_group(bench->points, text), (double)(now_ns() - began) / 1e9);
    judge("1,000 points by +/+/+/temperature", match_ms, 20, 5, true, "ms");
    judge("1,000 points by site7/#", branch_ms, 20, 5, true, "ms");
    bench_line("1,000 points that contain device1234", "%.3g ms", contains_ms);
    judge("count by branch at the root, with the request", count_ms, 1, 0.1, true, "ms");
    bench_line("server memory", "%.0f bytes a point",
               (double)child_memory_bytes(&bench->server.child) / bench->points);
    http_close(&http);
    beside_end(&beside, 0);
    return good;
}

/* ---- the table --------------------------------------------------------------------------------
 */
static bool wanted_row(const char *list, const char *name)
{
    const char *found = list != NULL ? strstr(list, name) : name;
    return found != NULL;
}

static bool row_run(struct bench *bench, bool (*run)(struct bench *))
{
    bench_server_init(&bench->server, bench->words);
    bool good = bench_server_start(&bench->server) && run(bench);
    bench_server_stop(&bench->server, SIGTERM);
    bench_server_remove(&bench->server);
    return good;
}

int main(int count, char **given)
{
    static const struct {
        const char *name;
        bool (*run)(struct bench *);
    } rows[] = {{"loaded", run_loaded}, {"idle", run_idle}, {"live", run_live}, {"list", run_list}};
    struct bench_words words = {count, given};
    static struct bench bench;
    static struct machine_limits limits;
    bench_allow(&words, usage, allowed);
    bench.words = &words;
    bench.seconds = (double)bench_count(&words, "seconds", 10);
    bench.points = (uint32_t)bench_count(&words, "points", 6000000);
    bench.rate = bench_count(&words, "rate", 300000);
    os_raise_file_limit();
    signal(SIGPIPE, SIG_IGN);
    bench_head("HTTP and live values");
    bool good = machine_measure(bench_text(&words, "data", "/var/tmp"), 16384, 1000, 3, &limits);
    if (good)
        bench_line("the machine",
                   "memcpy %.1f GB/s; synced writes of 16 KiB (%s): p50 %.2f, p99 "
                   "%.2f ms",
                   limits.memcpy_gbs, limits.mode, latency_share_ms(&limits.write, 0.5),
                   latency_share_ms(&limits.write, 0.99));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (wanted_row(bench_text(&words, "rows", NULL), rows[i].name) &&
            !row_run(&bench, rows[i].run)) {
            printf("  %s could not be run\n", rows[i].name);
            good = false;
        }
    return good ? 0 : 1;
}
