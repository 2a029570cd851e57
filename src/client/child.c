/* A server as a child of ours, for the demo, prove and the benches: its log goes to a file, and its
 * start is over when that file says "ready". */
#include "client/client.h"

#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SELF "/proc/self/exe"
#define LOOK_NS (2 * NS_PER_MS) /* between two looks at the log or at the end of the child */
#define LOG_LOOK_BYTES 65536

static int64_t now_ns(void)
{
    return clock_real()->boot_ns(clock_real());
}

static void nap(void)
{
    struct timespec look = {.tv_nsec = LOOK_NS};
    nanosleep(&look, NULL);
}

/* ---- the child's side of the fork
 * ------------------------------------------------------------------ */

static _Noreturn void child_become(const struct child_config *config, pid_t parent)
{
    char *words[CHILD_WORDS_MAX + 10];
    size_t count = 0;
    const char *first[] = {config->program != NULL ? config->program : SELF,
                           "serve",
                           "--data",
                           config->data,
                           "--mqtt",
                           config->mqtt,
                           "--http",
                           config->http};
    for (size_t i = 0; i < ARRAY_COUNT(first); i++)
        words[count++] = strdup(first[i]);
    for (size_t i = 0; config->words != NULL && config->words[i] != NULL; i++)
        words[count++] = strdup(config->words[i]);
    words[count] = NULL;
    int log = open(config->log, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    int none = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (log < 0 || none < 0)
        _exit(127);
    dup2(none, STDIN_FILENO);
    dup2(none, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    /* Its own process group: Ctrl-C at the terminal is for us, who stop it in order. */
    setpgid(0, 0);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    signal(SIGPIPE, SIG_DFL);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent)
        _exit(127);
    execv(words[0], words);
    fprintf(stderr, "cannot run %s: %s\n", words[0], strerror(errno));
    _exit(127);
}

/* ---- our side
 * ------------------------------------------------------------------------------------------ */

static bool log_says_ready(const char *log)
{
    char text[LOG_LOOK_BYTES];
    child_log_tail(log, text, sizeof text);
    return strstr(text, "ready") != NULL;
}

bool child_runs(struct child *child)
{
    if (child->pid <= 0)
        return false;
    int status;
    if (waitpid(child->pid, &status, WNOHANG) != child->pid)
        return true;
    child->pid = 0;
    return false;
}

enum err child_start(const struct child_config *config, int wait_ms, struct child *ret_child)
{
    size_t words = 0;
    while (config->words != NULL && config->words[words] != NULL)
        words++;
    check(words <= CHILD_WORDS_MAX);
    pid_t parent = getpid();
    unlink(config->log); /* an old log may say ready */
    int64_t start_ns = now_ns();
    pid_t pid = fork();
    if (pid < 0)
        return ERR_LIMIT;
    if (pid == 0)
        child_become(config, parent);
    struct child child = {.pid = pid};
    while (!log_says_ready(config->log)) {
        if (!child_runs(&child))
            return ERR_STOPPED;
        if (now_ns() - start_ns > wait_ms * NS_PER_MS) {
            child_stop(&child, SIGKILL, 1000);
            return ERR_BUSY;
        }
        nap();
    }
    child.ready_ns = now_ns() - start_ns;
    *ret_child = child;
    return OK;
}

int child_stop(struct child *child, int signal, int wait_ms)
{
    if (child->pid <= 0)
        return -1;
    kill(child->pid, signal);
    int64_t end_ns = now_ns() + wait_ms * NS_PER_MS;
    int status;
    while (waitpid(child->pid, &status, WNOHANG) == 0) {
        if (now_ns() > end_ns) {
            kill(child->pid, SIGKILL);
            waitpid(child->pid, &status, 0);
            status = -1;
            break;
        }
        nap();
    }
    child->pid = 0;
    return status;
}

/* Reads a file of /proc/PID whole into text. */
static bool child_proc_read(const struct child *child, const char *name, char *text, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)child->pid, name);
    int fd = child->pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0)
        return false;
    ssize_t got = read(fd, text, size - 1);
    close(fd);
    if (got <= 0)
        return false;
    text[got] = 0;
    return true;
}

uint64_t child_cpu_ns(const struct child *child)
{
    /* The clock of another process counts nanoseconds where /proc counts ticks of 10 ms. */
    clockid_t clock;
    struct timespec time;
    if (child->pid <= 0 || clock_getcpuclockid(child->pid, &clock) != 0 ||
        clock_gettime(clock, &time) != 0)
        return 0;
    return (uint64_t)time.tv_sec * (uint64_t)NS_PER_S + (uint64_t)time.tv_nsec;
}

uint64_t child_memory_bytes(const struct child *child)
{
    char text[256];
    unsigned long total, resident;
    if (!child_proc_read(child, "statm", text, sizeof text) ||
        sscanf(text, "%lu %lu", &total, &resident) != 2)
        return 0;
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

void child_log_tail(const char *log, char *text, size_t size)
{
    check(size > 0);
    text[0] = 0;
    int fd = open(log, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    off_t end = lseek(fd, 0, SEEK_END);
    off_t start = end > (off_t)(size - 1) ? end - (off_t)(size - 1) : 0;
    ssize_t got = pread(fd, text, size - 1, start);
    close(fd);
    text[got > 0 ? got : 0] = 0;
    char *line = start > 0 ? strchr(text, '\n') : NULL;
    if (line != NULL)
        memmove(text, line + 1, strlen(line + 1) + 1);
}

enum err child_free_address(char *address)
{
    int fd;
    enum err err = os_listen("127.0.0.1:0", 1, &fd);
    if (err != OK)
        return err;
    os_local_address(fd, address);
    close(fd);
    return OK;
}
