/* Clock, random, memory and process: what the kernel is asked, and what comes back. */
#include "os/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void test_clock(void **state)
{
    (void)state;
    struct clock *clock = clock_real();
    assert_ptr_equal(clock, clock_real());
    int64_t last = clock->boot_ns(clock);
    for (unsigned i = 0; i < 10000; i++) {
        int64_t now = clock->boot_ns(clock);
        assert_true(now >= last);
        last = now;
    }
    int64_t wall_ns = clock->wall_ns(clock);
    assert_true(wall_ns / NS_PER_S - (int64_t)time(NULL) <= 1);
    assert_true(wall_ns > TIME_MIN_NS && wall_ns < TIME_MAX_NS);
}

static void test_random(void **state)
{
    (void)state;
    static uint8_t a[100000], b[100000];
    os_random(a, 0);
    assert_int_equal(a[0], 0);
    os_random(a, sizeof a);
    os_random(b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a + sizeof a - 32, (uint8_t[32]){0}, 32); /* up to the last byte */
}

static void test_aligned_memory(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, DISK_BLOCK, DISK_BLOCK + 1, 1 << 20};
    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        void *at = os_aligned_alloc(sizes[i]);
        assert_non_null(at);
        assert_int_equal((uintptr_t)at % DISK_BLOCK, 0);
        memset(at, 1, sizes[i]);
        os_aligned_free(at);
    }
    os_aligned_free(NULL);
}

static void test_huge_memory(void **state)
{
    (void)state;
    for (size_t pages = 1; pages <= 3; pages++) {
        size_t size = pages * OS_HUGE_PAGE;
        uint8_t *at = os_huge_alloc(size);
        assert_non_null(at);
        assert_int_equal((uintptr_t)at % OS_HUGE_PAGE, 0);
        for (size_t i = 0; i < size; i += 4096)
            assert_int_equal(at[i], 0);
        at[0] = at[size - 1] = 1;
        os_huge_free(at, size);
    }
    os_huge_free(NULL, OS_HUGE_PAGE);
    assert_null(os_huge_alloc(SIZE_MAX - OS_HUGE_PAGE + 1)); /* wraps with its spare page */
    assert_null(os_huge_alloc((size_t)1 << 62));
}

static void test_file_limit(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct rlimit limit;
        if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_max < 64)
            _exit(2);
        rlim_t most = limit.rlim_max;
        limit.rlim_cur = 64;
        /* The hard limit, or more where the process may raise that as well. */
        bool lowered = setrlimit(RLIMIT_NOFILE, &limit) == 0;
        uint64_t reached = os_raise_file_limit();
        bool fine = lowered && reached >= most && getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
                    limit.rlim_cur == reached && os_raise_file_limit() == reached;
        _exit(fine ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* In a child: bits of what does not hold after os_harden_process. */
static int harden_faults(bool traced)
{
    struct rlimit core = {.rlim_cur = 1, .rlim_max = 1};
    struct stat status;
    char path[64];
    int faults = 0;
    os_harden_process();
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0)
        faults |= 1;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
        faults |= 2;
    if (prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != (SANITIZED || traced ? 1 : 0))
        faults |= 4;
    snprintf(path, sizeof path, "/tmp/mainstem-harden-test-%d", (int)getpid());
    FILE *file = fopen(path, "we"); /* asks for 0666 */
    if (file == NULL || fstat(fileno(file), &status) != 0 || (status.st_mode & 0777) != 0600)
        faults |= 8;
    if (file != NULL)
        fclose(file);
    unlink(path);
    if (mkdir(path, 0777) != 0 || stat(path, &status) != 0 || (status.st_mode & 0777) != 0700)
        faults |= 16;
    rmdir(path);
    return faults;
}

static void test_harden(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)umask(022);
        (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
        _exit(harden_faults(false));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* Whoever traced before goes on seeing: the program has not taken the debugger's sight. */
static void test_harden_under_a_debugger(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
            _exit(77); /* the parent is traced itself, or nobody may trace here */
        _exit(harden_faults(true));
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        skip();
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* A supervisor that listens on a datagram socket; path as in $NOTIFY_SOCKET. */
static void notify_through(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char said[64] = "";
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = 0;
    else
        unlink(path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
    assert_int_equal(setenv("NOTIFY_SOCKET", path, 1), 0);
    os_notify("READY=1\nSTATUS=listening");
    assert_int_equal(recv(fd, said, sizeof said, MSG_DONTWAIT), 24);
    assert_string_equal(said, "READY=1\nSTATUS=listening");
    close(fd);
    os_notify("STOPPING=1"); /* nobody listens: nothing happens */
    if (path[0] == '/')
        unlink(path);
}

static void test_notify(void **state)
{
    (void)state;
    char path[64], longest[200];
    snprintf(path, sizeof path, "/tmp/mainstem-notify-test-%d", (int)getpid());
    notify_through(path);
    snprintf(path, sizeof path, "@mainstem-notify-test-%d", (int)getpid());
    notify_through(path);
    memset(longest, 'x', sizeof longest);
    longest[0] = '@';
    longest[107] = 0;
    notify_through(longest); /* the longest name that fits, without a NUL after it */
    longest[107] = 'x';
    longest[108] = 0;
    static const char *const wrong[] = {"", "/", "@", "relative", "vsock:2:1234"};
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        assert_int_equal(setenv("NOTIFY_SOCKET", wrong[i], 1), 0);
        os_notify("READY=1");
    }
    assert_int_equal(setenv("NOTIFY_SOCKET", longest, 1), 0);
    os_notify("READY=1");
    assert_int_equal(unsetenv("NOTIFY_SOCKET"), 0);
    os_notify("READY=1");
}

static void test_watchdog(void **state)
{
    (void)state;
    char self[32];
    snprintf(self, sizeof self, "%d", (int)getpid());
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
    assert_int_equal(os_watchdog_ns(), 0);
    static const struct {
        const char *text;
        int64_t ns;
    } known[] = {{"1", NS_PER_US},
                 {"120000000", 120 * NS_PER_S},
                 {"9223372036854775", INT64_C(9223372036854775000)}, /* the last one that fits */
                 {"9223372036854776", 0},
                 {"99999999999999999999999999", 0},
                 {"0", 0},
                 {"", 0},
                 {"-5", 0},
                 {"5s", 0}};
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        assert_int_equal(setenv("WATCHDOG_USEC", known[i].text, 1), 0);
        assert_int_equal(os_watchdog_ns(), known[i].ns);
    }
    assert_int_equal(setenv("WATCHDOG_USEC", "7", 1), 0);
    assert_int_equal(setenv("WATCHDOG_PID", self, 1), 0);
    assert_int_equal(os_watchdog_ns(), 7 * NS_PER_US);
    assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0); /* another process is meant */
    assert_int_equal(os_watchdog_ns(), 0);
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

static void test_cpu_grows_with_work(void **state)
{
    (void)state;
    uint64_t start_ns = os_cpu_ns(), now_ns = start_ns;
    struct clock *clock = clock_real();
    int64_t end_ns = clock->boot_ns(clock) + 5 * NS_PER_S;
    while (now_ns < start_ns + 20000000 && clock->boot_ns(clock) < end_ns)
        now_ns = os_cpu_ns();
    assert_true(now_ns >= start_ns + 20000000);
}

static void test_memory_grows_with_use(void **state)
{
    (void)state;
    uint64_t before = os_memory_bytes();
    size_t size = 16 * OS_HUGE_PAGE;
    uint8_t *at = os_huge_alloc(size);
    assert_true(before > 0);
    assert_non_null(at);
    memset(at, 1, size);
    assert_true(os_memory_bytes() >= before + size / 2);
    os_huge_free(at, size);
}

static void test_folder_space(void **state)
{
    (void)state;
    uint64_t space = 1, total = 2;
    assert_true(os_folder_space("/tmp", &space, &total));
    assert_true(total > 0 && space <= total);
    space = 1, total = 2;
    assert_false(os_folder_space("/no-such-folder", &space, &total));
    assert_int_equal(space, 1);
    assert_int_equal(total, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clock),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_aligned_memory),
        cmocka_unit_test(test_huge_memory),
        cmocka_unit_test(test_file_limit),
        cmocka_unit_test(test_harden),
        cmocka_unit_test(test_harden_under_a_debugger),
        cmocka_unit_test(test_notify),
        cmocka_unit_test(test_watchdog),
        cmocka_unit_test(test_cpu_grows_with_work),
        cmocka_unit_test(test_memory_grows_with_use),
        cmocka_unit_test(test_folder_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
