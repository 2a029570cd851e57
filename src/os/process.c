/* What a program asks about itself, and the word it sends to its supervisor. */
#include "os/os.h"

#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
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
