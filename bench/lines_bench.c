/* lines_bench: line protocol through the HTTP door, answered when it is synced, beside what the
 * machine can do; and VictoriaMetrics on the same bodies in the same run.
 *
 *   lines_bench --server build/mainstem
 *   lines_bench --server build/mainstem --points 10000 --victoria victoria-metrics
 *
 * Lines of 62 bytes with three tags and one value that changes each time; bodies of 5,000 lines
 * over 8 connections, each of which waits for its answer. Rows: new (points never seen before,
 * until all are answered and can be asked for), repeated (the same order each time), shuffled
 * (another order each time). The generator shares the machine; its bodies are made while others
 * wait for their answers. */
#include "machine.h"
#include "report.h"

#include "os/os.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
    "lines_bench [--server PROGRAM] [--data DIR] [--points N] [--connections N] [--lines N]\n"
    "            [--seconds S] [--rows new,repeated,shuffled] [--victoria PROGRAM]";
static const char allowed[] = "server data points connections lines seconds rows victoria";

#define LINE_BYTES 62
#define VALUE_AT 41 /* in a line: "1234.5" */
#define TIME_AT 48  /* and 13 digits of ms */
#define ROUNDS_MAX 64
#define CONNECTIONS_MAX 64

struct target { /* a server that takes lines */
    const char *name;
    uint16_t port;
    pid_t pid;
    const char *path; /* of a write, with its parameters */
};
struct bench {
    struct bench_words words;
    struct bench_server server;
    uint32_t points, connections, lines;
    double seconds;
    const char *rows;
};

struct sender { /* a connection with the points that are its own */
    const struct bench *bench;
    const struct target *target;
    uint32_t first, count;
    char *text;      /* a line of each */
    uint32_t *order; /* shuffled: of the lines */
    char *body;
    int fd;
    uint64_t random, taken, refused;
    int64_t time_ms;
    bool shuffled;
    double until_s; /* 0: once through all points */
    bool failed;
};

static double now_s(void)
{
    return (double)clock_real()->boot_ns(clock_real()) / 1e9;
}

static uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* ---- lines
 * ---------------------------------------------------------------------------------- */
static void digits_put(char *at, unsigned count, uint64_t number)
{
    while (count-- > 0) {
        at[count] = (char)('0' + number % 10);
        number /= 10;
    }
}

static void line_make(char *at, uint32_t point)
{
    char line[LINE_BYTES + 32];
    int size = snprintf(line, sizeof line, "temp,site=%03u,line=%04u,dev=%06u value=0000.0 %013d\n",
                        point / 100000 % 1000, point / 100 % 10000, point % 1000000, 0);
    check(size == LINE_BYTES);
    memcpy(at, line, LINE_BYTES);
}

static void line_change(struct sender *sender, char *line)
{
    uint64_t value = random_next(&sender->random);
    line[VALUE_AT] = (char)('1' + value % 8);
    digits_put(line + VALUE_AT + 1, 3, value >> 8 & 511);
    line[VALUE_AT + 5] = (char)('0' + (value >> 32) % 10);
    digits_put(line + TIME_AT, 13, (uint64_t)sender->time_ms);
}

/* The lines [at, at + count) of this round into one body. */
static size_t body_make(struct sender *sender, uint32_t at, uint32_t count)
{
    char *out = sender->body;
    for (uint32_t i = 0; i < count; i++, out += LINE_BYTES) {
        uint32_t line = sender->shuffled ? sender->order[at + i] : at + i;
        memcpy(out, sender->text + (size_t)line * LINE_BYTES, LINE_BYTES);
        line_change(sender, out);
    }
    return (size_t)(out - sender->body);
}

static void order_shuffle(struct sender *sender)
{
    for (uint32_t i = sender->count; i > 1; i--) {
        uint32_t j = (uint32_t)(random_next(&sender->random) % i), other = sender->order[i - 1];
        sender->order[i - 1] = sender->order[j];
        sender->order[j] = other;
    }
}

/* ---- a connection
 * --------------------------------------------------------------------------- */
static int target_connect(const struct target *target)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(target->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return fd;
}

static bool send_all(int fd, struct iovec *parts, int count)
{
    while (count > 0) {
        ssize_t n = writev(fd, parts, count);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        while (count > 0 && (size_t)n >= parts->iov_len) {
            n -= (ssize_t)parts->iov_len;
            parts++, count--;
        }
        if (count > 0) {
            parts->iov_base = (char *)parts->iov_base + n;
            parts->iov_len -= (size_t)n;
        }
    }
    return true;
}

/* The status of the next answer, which has no body when all is well; 0: none came. */
static unsigned answer_take(int fd)
{
    char text[4096];
    size_t size = 0;
    while (size < sizeof text - 1) {
        ssize_t n = recv(fd, text + size, sizeof text - 1 - size, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return 0;
        size += (size_t)n;
        text[size] = '\0';
        if (strstr(text, "\r\n\r\n") != NULL)
            return (unsigned)strtoul(text + 9, NULL, 10);
    }
    return 0;
}

static bool body_send(struct sender *sender, size_t size, uint32_t lines)
{
    char head[256];
    int n = snprintf(head, sizeof head,
                     "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %zu\r\n\r\n",
                     sender->target->path, size);
    struct iovec parts[2] = {{head, (size_t)n}, {sender->body, size}};
    if (!send_all(sender->fd, parts, 2))
        return false;
    unsigned status = answer_take(sender->fd);
    if (status == 204 || status == 200)
        sender->taken += lines;
    else
        sender->refused += lines;
    return status == 204 || status == 200;
}

static void *sender_run(void *arg)
{
    struct sender *sender = arg;
    uint32_t lines = sender->bench->lines;
    do {
        if (sender->shuffled)
            order_shuffle(sender);
        sender->time_ms += 1000;
        for (uint32_t at = 0; at < sender->count && !sender->failed; at += lines) {
            uint32_t count = sender->count - at < lines ? sender->count - at : lines;
            sender->failed = !body_send(sender, body_make(sender, at, count), count);
            if (sender->until_s > 0 && now_s() >= sender->until_s)
                return NULL;
        }
    } while (sender->until_s > 0 && !sender->failed);
    return NULL;
}

/* ---- rows
 * ----------------------------------------------------------------------------------- */
static struct sender senders[CONNECTIONS_MAX];

static bool senders_make(const struct bench *bench, const struct target *target)
{
    for (uint32_t i = 0; i < bench->connections; i++) {
        uint32_t first = (uint32_t)((uint64_t)bench->points * i / bench->connections);
        uint32_t end = (uint32_t)((uint64_t)bench->points * (i + 1) / bench->connections);
        struct sender *sender = &senders[i];
        *sender = (struct sender){.bench = bench,
                                  .target = target,
                                  .first = first,
                                  .count = end - first,
                                  .random = i + 1,
                                  .time_ms = clock_real()->wall_ns(clock_real()) / NS_PER_MS -
                                             3600 * 1000};
        sender->text = malloc((size_t)sender->count * LINE_BYTES);
        sender->order = malloc(sender->count * sizeof *sender->order);
        sender->body = malloc((size_t)bench->lines * LINE_BYTES);
        check(sender->text && sender->order && sender->body);
        for (uint32_t line = 0; line < sender->count; line++) {
            line_make(sender->text + (size_t)line * LINE_BYTES, first + line);
            sender->order[line] = line;
        }
        sender->fd = target_connect(target);
        if (sender->fd < 0)
            return false;
    }
    return true;
}

static void senders_free(const struct bench *bench)
{
    for (uint32_t i = 0; i < bench->connections; i++) {
        free(senders[i].text);
        free(senders[i].order);
        free(senders[i].body);
        if (senders[i].fd > 0)
            close(senders[i].fd);
        senders[i] = (struct sender){.fd = -1};
    }
}

struct figures {
    double seconds, cpu_s, generator_s;
    uint64_t values;
};

static uint64_t pid_cpu_ns(pid_t pid)
{
    struct child child = {.pid = pid};
    return child_cpu_ns(&child);
}

/* All connections at once; seconds 0: once through all points. */
static bool row_run(const struct bench *bench, const struct target *target, bool shuffled,
                    double seconds, struct figures *ret)
{
    pthread_t threads[CONNECTIONS_MAX];
    uint64_t cpu_ns = pid_cpu_ns(target->pid), own_ns = os_cpu_ns();
    double began_s = now_s();
    *ret = (struct figures){.values = 0};
    for (uint32_t i = 0; i < bench->connections; i++) {
        senders[i].shuffled = shuffled;
        senders[i].taken = senders[i].refused = 0;
        senders[i].until_s = seconds > 0 ? began_s + seconds : 0;
        check(pthread_create(&threads[i], NULL, sender_run, &senders[i]) == 0);
    }
    bool good = true;
    for (uint32_t i = 0; i < bench->connections; i++) {
        pthread_join(threads[i], NULL);
        ret->values += senders[i].taken;
        good = good && !senders[i].failed;
    }
    ret->seconds = now_s() - began_s;
    ret->cpu_s = (double)(pid_cpu_ns(target->pid) - cpu_ns) / 1e9;
    ret->generator_s = (double)(os_cpu_ns() - own_ns) / 1e9;
    if (!good)
        fprintf(stderr, "lines_bench: %s did not take a body\n", target->name);
    return good;
}

static void row_print(const char *target, const char *row, const struct figures *figures)
{
    char name[64], text[32];
    double millions = (double)figures->values / 1e6;
    snprintf(name, sizeof name, "%s, %s", target, row);
    bench_line(name, "%s values/s, %.3f s of CPU a million (generator %.3f)",
               bench_group((uint64_t)((double)figures->values / figures->seconds), text),
               figures->cpu_s / millions, figures->generator_s / millions);
}

/* Asks over and over until the body of the answer holds a word. */
static bool ask_until(const struct target *target, const char *path, const char *word)
{
    for (int tries = 0; tries < 6000; tries++) {
        char request[256], text[8192];
        size_t size = 0;
        ssize_t n =
            snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path);
        int fd = target_connect(target);
        if (fd >= 0 && send(fd, request, (size_t)n, MSG_NOSIGNAL) == n)
            while (size < sizeof text - 1 &&
                   (n = recv(fd, text + size, sizeof text - 1 - size, 0)) > 0)
                size += (size_t)n;
        text[size] = '\0';
        if (fd >= 0)
            close(fd);
        if (strstr(text, word) != NULL)
            return true;
        usleep(5000);
    }
    return false;
}

static bool row_wanted(const struct bench *bench, const char *row)
{
    return bench->rows == NULL || strstr(bench->rows, row) != NULL;
}

static bool rows_run(const struct bench *bench, const struct target *target, const char *ready,
                     const char *word)
{
    struct figures figures;
    if (!senders_make(bench, target)) {
        fprintf(stderr, "lines_bench: %s takes no connections\n", target->name);
        return false;
    }
    double began_s = now_s();
    bool good = row_run(bench, target, false, 0, &figures);
    if (good && ready != NULL)
        good = ask_until(target, ready, word);
    if (good) {
        char name[64];
        double all_s = now_s() - began_s;
        snprintf(name, sizeof name, "%s, new points", target->name);
        bench_line(name, "all answered in %.2f s, %s in %.2f s; %.2f s of CPU a million",
                   figures.seconds, ready != NULL ? "all to be asked for" : "asked for", all_s,
                   figures.cpu_s / ((double)figures.values / 1e6));
    }
    for (unsigned shuffled = 0; good && shuffled < 2; shuffled++) {
        const char *row = shuffled ? "shuffled" : "repeated";
        if (!row_wanted(bench, row))
            continue;
        good = row_run(bench, target, shuffled, bench->seconds / 4, &figures) &&
               row_run(bench, target, shuffled, bench->seconds, &figures);
        if (good)
            row_print(target->name, row, &figures);
    }
    senders_free(bench);
    return good;
}

/* ---- the servers
 * ---------------------------------------------------------------------------- */
static uint16_t port_of(const char *address)
{
    return (uint16_t)strtoul(strrchr(address, ':') + 1, NULL, 10);
}

static bool mainstem_run(struct bench *bench)
{
    if (!bench_server_start(&bench->server))
        return false;
    struct target target = {.name = "mainstem",
                            .port = port_of(bench->server.http),
                            .pid = bench->server.child.pid,
                            .path = "/write?precision=ms"};
    bool good = rows_run(bench, &target, "/v1/points?limit=1", "\"entered\":1}");
    char text[32];
    bench_line("mainstem, resident memory", "%s MiB",
               bench_group(child_memory_bytes(&bench->server.child) >> 20, text));
    bench_server_stop(&bench->server, SIGTERM);
    return good;
}

static pid_t victoria_start(const char *program, const char *folder, const char *address)
{
    char data[700], listen[100];
    snprintf(data, sizeof data, "-storageDataPath=%s/victoria", folder);
    snprintf(listen, sizeof listen, "-httpListenAddr=%s", address);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    char log[700];
    snprintf(log, sizeof log, "%s/victoria.log", folder);
    if (freopen(log, "w", stderr) == NULL || freopen("/dev/null", "w", stdout) == NULL)
        _exit(126);
    execlp(program, program, data, listen, "-retentionPeriod=100y",
           "-search.maxUniqueTimeseries=2000000", (char *)NULL);
    _exit(127);
}

static bool victoria_run(const struct bench *bench, const char *program)
{
    char address[OS_ADDRESS_SIZE];
    check(child_free_address(address) == OK);
    pid_t pid = victoria_start(program, bench->server.folder, address);
    struct target target = {.name = "VictoriaMetrics",
                            .port = port_of(address),
                            .pid = pid,
                            .path = "/write?precision=ms"};
    usleep(200000);
    bool good = false;
    if (waitpid(pid, NULL, WNOHANG) == pid) {
        printf("  %s is not there or does not start: apt-get install victoria-metrics, then\n"
               "  --victoria /usr/bin/victoria-metrics\n",
               program);
        return false;
    }
    char all[32];
    snprintf(all, sizeof all, "\"%u\"", bench->points);
    if (ask_until(&target, "/health", "OK"))
        good = rows_run(bench, &target,
                        "/api/v1/query?query=count(last_over_time(temp_value%5B2h%5D))", all);
    if (!good) {
        char log[700], text[2048];
        snprintf(log, sizeof log, "%s/victoria.log", bench->server.folder);
        child_log_tail(log, text, sizeof text);
        fprintf(stderr, "lines_bench: VictoriaMetrics said:\n%s\n", text);
    }
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return good;
}

static void limits_print(const struct bench *bench)
{
    struct machine_limits limits;
    if (!machine_measure(bench->server.folder, 32768, 400, 2, &limits))
        return;
    bench_line("this machine: memcpy", "%.1f GB/s", limits.memcpy_gbs);
    bench_line("this machine: 32 KiB synced writes", "p50 %.2f ms, p99 %.2f ms (%s)",
               latency_share_ms(&limits.write, 0.5), latency_share_ms(&limits.write, 0.99),
               limits.mode);
}

int main(int count, char **given)
{
    static struct bench bench;
    bench.words = (struct bench_words){count, given};
    bench_allow(&bench.words, usage, allowed);
    bench.points = (uint32_t)bench_count(&bench.words, "points", 1000000);
    bench.connections = (uint32_t)bench_count(&bench.words, "connections", 8);
    bench.lines = (uint32_t)bench_count(&bench.words, "lines", 5000);
    bench.seconds = (double)bench_count(&bench.words, "seconds", 8);
    bench.rows = bench_text(&bench.words, "rows", NULL);
    const char *victoria = bench_text(&bench.words, "victoria", NULL);
    if (bench.connections < 1 || bench.connections > CONNECTIONS_MAX || bench.lines < 1 ||
        bench.points < bench.connections || bench.points > 1000000) {
        fprintf(stderr, "up to 64 connections, and as many to 1000000 points\n%s\n", usage);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    char text[32];
    bench_server_init(&bench.server, &bench.words);
    bench_head("Line protocol by HTTP, synced");
    printf("  %s points, lines of %d bytes with three tags, bodies of %u lines, %u connections\n",
           bench_group(bench.points, text), LINE_BYTES, bench.lines, bench.connections);
    bool good = mainstem_run(&bench);
    if (good && victoria != NULL)
        good = victoria_run(&bench, victoria);
    limits_print(&bench);
    bench_server_remove(&bench.server);
    return good ? 0 : 1;
}
