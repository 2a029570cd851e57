/* What a program asks about itself, and the word it sends to its supervisor. */
#include "os/os.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

uint64_t os_raise_file_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    /* The administrator may go beyond the hard limit, as far as the kernel has room for. */
    unsigned long long most = 0;
    FILE *file = fopen("/proc/sys/fs/nr_open", "re");
    if (file != NULL) {
        if (fscanf(file, "%llu", &most) != 1)
            most = 0;
        fclose(file);
    }
    struct rlimit beyond = {.rlim_cur = (rlim_t)most, .rlim_max = (rlim_t)most};
    if (most > limit.rlim_max && setrlimit(RLIMIT_NOFILE, &beyond) == 0)
        return beyond.rlim_cur;
    struct rlimit raised = {.rlim_cur = limit.rlim_max, .rlim_max = limit.rlim_max};
    if (limit.rlim_cur < limit.rlim_max && setrlimit(RLIMIT_NOFILE, &raised) == 0)
        return raised.rlim_cur;
    return limit.rlim_cur;
}

/* Whether a debugger has hold of this process: "TracerPid:\t123" in its status. */
static bool process_is_traced(void)
{
    char line[256];
    unsigned long tracer = 0;
    FILE *file = fopen("/proc/self/status", "re");
    if (file == NULL)
        return false;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "TracerPid: %lu", &tracer) == 1)
            break;
    fclose(file);
    return tracer != 0;
}

void os_harden_process(void)
{
    const struct rlimit none = {0};
    (void)umask(077);
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    /* The limit of core dumps does not hold where the kernel pipes them to a program; this does. */
    if (!SANITIZED && !process_is_traced())
        (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void os_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    if (path == NULL || (path[0] != '/' && path[0] != '@') || path[1] == 0)
        return;
    size_t size = strlen(path);
    if (size >= sizeof to.sun_path)
        return;
    memcpy(to.sun_path, path, size);
    if (path[0] == '@')
        to.sun_path[0] = 0; /* the abstract namespace: no NUL at the end, the size says it all */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t to_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
    /* A supervisor that does not listen is no reason to stop. */
    (void)sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to, to_size);
    close(fd);
}

/* A decimal number of the environment, 0 when it is none, or too large to be meant. */
static uint64_t process_number(const char *name)
{
    const char *text = getenv(name);
    uint64_t number = 0;
    if (text == NULL)
        return 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        number = number * 10 + (uint64_t)(*text - '0');
        if (number > (uint64_t)INT64_MAX / (uint64_t)NS_PER_US)
            return 0;
    }
    return *text == 0 ? number : 0;
}

int64_t os_watchdog_ns(void)
{
    if (getenv("WATCHDOG_PID") != NULL && process_number("WATCHDOG_PID") != (uint64_t)getpid())
        return 0;
    return (int64_t)process_number("WATCHDOG_USEC") * NS_PER_US;
}

uint64_t os_cpu_ns(void)
{
    struct timespec t;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0)
        return 0;
    return (uint64_t)t.tv_sec * (uint64_t)NS_PER_S + (uint64_t)t.tv_nsec;
}

uint64_t os_memory_bytes(void)
{
    /* statm: total and resident size in pages. */
    char text[128];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    if (size <= 0)
        return 0;
    text[size] = 0;
    unsigned long long resident;
    if (sscanf(text, "%*u %llu", &resident) != 1)
        return 0;
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

bool os_folder_space(const char *folder, uint64_t *ret_free, uint64_t *ret_total)
{
    struct statvfs about;
    if (statvfs(folder, &about) != 0)
        return false;
    *ret_free = (uint64_t)about.f_bavail * about.f_frsize;
    *ret_total = (uint64_t)about.f_blocks * about.f_frsize;
    return true;
}
