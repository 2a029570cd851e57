#include "broker.h"

#include "os/os.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define READY_NS (10 * NS_PER_S)

const char *broker_mosquitto(const struct bench_words *words)
{
    static const char *const paths[] = {"/usr/sbin/mosquitto", "/usr/bin/mosquitto",
                                        "/usr/local/sbin/mosquitto"};
    if (bench_flag(words, "no-mosquitto"))
        return NULL;
    for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
        if (access(paths[i], X_OK) == 0)
            return paths[i];
    return NULL;
}

static bool mosquitto_configure(const struct broker *broker, char *path, size_t size)
{
    snprintf(path, size, "%.500s/mosquitto.conf", broker->server.folder);
    FILE *file = fopen(path, "we");
    const char *port = strrchr(broker->server.mqtt, ':');
    if (file == NULL || port == NULL)
        return false;
    fprintf(file,
            "listener %s 127.0.0.1\nallow_anonymous true\nmax_inflight_messages 0\n"
            "max_queued_messages 0\nset_tcp_nodelay true\npersistence false\nlog_type none\n",
            port + 1);
    return fclose(file) == 0;
}

static _Noreturn void mosquitto_become(const char *program, const char *configuration, pid_t parent)
{
    int none = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(none, STDIN_FILENO);
    dup2(none, STDOUT_FILENO);
    dup2(none, STDERR_FILENO);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127);
    execl(program, program, "-c", configuration, (char *)NULL);
    _exit(127);
}

static bool mosquitto_start(struct broker *broker, const char *program)
{
    char configuration[600];
    pid_t parent = getpid();
    if (!mosquitto_configure(broker, configuration, sizeof configuration)) {
        fprintf(stderr, "cannot write %s\n", configuration);
        return false;
    }
    pid_t pid = fork();
    if (pid < 0)
        return false;
    if (pid == 0)
        mosquitto_become(program, configuration, parent);
    broker->child.pid = pid;
    int64_t end_ns = clock_real()->boot_ns(clock_real()) + READY_NS;
    int fd;
    while (os_connect(broker->server.mqtt, &fd) != OK) {
        if (!child_runs(&broker->child) || clock_real()->boot_ns(clock_real()) > end_ns) {
            fprintf(stderr, "mosquitto did not start\n");
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = 10 * NS_PER_MS}, NULL);
    }
    close(fd);
    return true;
}

bool broker_start(struct broker *broker, const struct bench_words *words, bool mosquitto)
{
    memset(broker, 0, sizeof *broker);
    broker->mosquitto = mosquitto;
    bench_server_init(&broker->server, words);
    if (mosquitto)
        return mosquitto_start(broker, broker_mosquitto(words));
    bool good = bench_server_start(&broker->server);
    broker->child = broker->server.child;
    return good;
}

void broker_stop(struct broker *broker)
{
    if (broker->mosquitto)
        child_stop(&broker->child, SIGTERM, 10000);
    else
        bench_server_stop(&broker->server, SIGTERM);
    bench_server_remove(&broker->server);
}

const char *broker_address(const struct broker *broker)
{
    return broker->server.mqtt;
}

uint64_t broker_cpu_ns(const struct broker *broker)
{
    return child_cpu_ns(&broker->child);
}

uint64_t broker_memory(const struct broker *broker)
{
    return child_memory_bytes(&broker->child);
}
