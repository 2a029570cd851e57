#include "os/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* accept4 with orders: errors it answers before it does its work, last first. */
static int accept_errors[16];
static size_t accept_error_count;

int accept4(int fd, __SOCKADDR_ARG address, socklen_t *size, int flags)
{
    if (accept_error_count > 0) {
        errno = accept_errors[--accept_error_count];
        return -1;
    }
    return (int)syscall(SYS_accept4, fd, address.__sockaddr__, size, flags);
}

static void wait_readable(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&wanted, 1, 5000), 1);
}

static void expect_flags(int fd)
{
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
}

static void expect_no_delay(int fd)
{
    int value = 0;
    socklen_t size = sizeof value;
    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
    assert_int_equal(value, 1);
}

/* Sends both ways between the two ends. */
static void expect_talk(int a, int b)
{
    char text[8] = "";
    assert_int_equal(send(a, "ping", 4, MSG_NOSIGNAL), 4);
    wait_readable(b);
    assert_int_equal(recv(b, text, sizeof text, 0), 4);
    assert_memory_equal(text, "ping", 4);
    assert_int_equal(send(b, "pong", 4, MSG_NOSIGNAL), 4);
    wait_readable(a);
    assert_int_equal(recv(a, text, sizeof text, 0), 4);
    assert_memory_equal(text, "pong", 4);
}

static void loopback(const char *listen_at, const char *prefix)
{
    int door, client, served;
    char local[OS_ADDRESS_SIZE], peer[OS_ADDRESS_SIZE], mine[OS_ADDRESS_SIZE];
    assert_int_equal(os_listen(listen_at, 16, &door), OK);
    expect_flags(door);
    os_local_address(door, local);
    assert_memory_equal(local, prefix, strlen(prefix));
    assert_string_not_equal(local + strlen(prefix), "0");
    assert_int_equal(os_accept(door, &served, peer), ERR_BUSY);
    assert_int_equal(os_connect(local, &client), OK);
    expect_flags(client);
    expect_no_delay(client);
    wait_readable(door);
    assert_int_equal(os_accept(door, &served, peer), OK);
    expect_flags(served);
    expect_no_delay(served);
    os_local_address(client, mine);
    assert_string_equal(peer, mine);
    expect_talk(client, served);
    close(client);
    close(served);
    /* While one listens, a second is refused; afterwards the port is free at once. */
    int second;
    assert_int_equal(os_listen(local, 16, &second), ERR_EXISTS);
    close(door);
    assert_int_equal(os_connect(local, &client), ERR_MISSING);
    assert_int_equal(os_listen(local, 16, &door), OK);
    close(door);
}

static void test_loopback(void **state)
{
    (void)state;
    loopback("127.0.0.1:0", "127.0.0.1:");
    loopback(":0", "127.0.0.1:");
    loopback("localhost:0", "127.0.0.1:");
}

static bool has_v6(void)
{
    int fd;
    if (os_listen("[::1]:0", 1, &fd) != OK)
        return false;
    close(fd);
    return true;
}

static void test_loopback_v6(void **state)
{
    (void)state;
    if (!has_v6())
        skip(); /* this machine has no IPv6 */
    loopback("[::1]:0", "[::1]:");
}

static void test_a_v4_peer_of_a_v6_door_looks_v4(void **state)
{
    (void)state;
    if (!has_v6())
        skip();
    int door, client, served;
    char local[OS_ADDRESS_SIZE], address[OS_ADDRESS_SIZE * 2], peer[OS_ADDRESS_SIZE];
    assert_int_equal(os_listen("[::]:0", 16, &door), OK);
    os_local_address(door, local);
    assert_memory_equal(local, "[::]:", 5);
    snprintf(address, sizeof address, "127.0.0.1:%s", local + 5);
    if (os_connect(address, &client) == OK) { /* not where bindv6only is set */
        wait_readable(door);
        assert_int_equal(os_accept(door, &served, peer), OK);
        assert_memory_equal(peer, "127.0.0.1:", 10);
        close(served);
        close(client);
    }
    close(door);
}

static void test_addresses_that_are_none(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:x",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:000001",
        "127.0.0.1: 80",
        "::1:1883",
        "[::1]",
        "[::1]1883",
        "[]:1883",
        "[::1:1883",
        "::1]:1883",
        "[127.0.0.1]:1883",
        "[::1%lo:1",
        "[[::1]]:1",
        "256.0.0.1.x:0",
        "no such host:0",
        "host:1883:1883",
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        int fd = -7;
        if (os_listen(wrong[i], 1, &fd) != ERR_INVALID || os_connect(wrong[i], &fd) != ERR_INVALID)
            fail_msg("'%s' was taken", wrong[i]);
        assert_int_equal(fd, -7);
        assert_false(os_address_is_loopback(wrong[i]));
    }
    char host[400];
    memset(host, 'a', 300);
    memcpy(host + 300, ":80", 4);
    int fd;
    assert_int_equal(os_listen(host, 1, &fd), ERR_INVALID);
    assert_int_equal(os_listen("127.0.0.1:99999999999999999999", 1, &fd), ERR_INVALID);
    assert_int_equal(os_listen("192.0.2.1:0", 1, &fd), ERR_INVALID); /* not an address of ours */
}

static void test_which_addresses_are_loopback(void **state)
{
    (void)state;
    assert_true(os_address_is_loopback("127.0.0.1:1883"));
    assert_true(os_address_is_loopback("127.255.255.255:65535"));
    assert_true(os_address_is_loopback(":1883"));
    assert_true(os_address_is_loopback("localhost:1883"));
    assert_true(os_address_is_loopback("[::1]:1883"));
    assert_true(os_address_is_loopback("[::ffff:127.0.0.1]:1883"));
    assert_false(os_address_is_loopback("0.0.0.0:1883"));
    assert_false(os_address_is_loopback("[::]:1883"));
    assert_false(os_address_is_loopback("128.0.0.1:1883"));
    assert_false(os_address_is_loopback("[::2]:1883"));
    assert_false(os_address_is_loopback("[::ffff:10.0.0.1]:1883"));
}

static void test_accept_of_what_is_no_door(void **state)
{
    (void)state;
    int ends[2], fd;
    char peer[OS_ADDRESS_SIZE], text[OS_ADDRESS_SIZE];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(os_accept(ends[0], &fd, peer), ERR_IO);
    os_local_address(ends[0], text);
    assert_string_equal(text, "unknown");
    close(ends[0]);
    close(ends[1]);
}

static void test_accept_passes_over_errors_of_the_peer(void **state)
{
    (void)state;
    static const int of_the_peer[] = {EINTR,       ECONNABORTED, EPROTO, EPERM,        ENETDOWN,
                                      ENOPROTOOPT, EHOSTDOWN,    ENONET, EHOSTUNREACH, ENETUNREACH};
    int door, client, served;
    char local[OS_ADDRESS_SIZE], peer[OS_ADDRESS_SIZE];
    assert_int_equal(os_listen(":0", 16, &door), OK);
    os_local_address(door, local);
    memcpy(accept_errors, of_the_peer, sizeof of_the_peer);
    accept_error_count = ARRAY_COUNT(of_the_peer);
    assert_int_equal(os_accept(door, &served, peer), ERR_BUSY); /* and nobody else waits */
    assert_int_equal(os_connect(local, &client), OK);
    wait_readable(door);
    accept_error_count = ARRAY_COUNT(of_the_peer);
    assert_int_equal(os_accept(door, &served, peer), OK);
    static const int of_the_machine[] = {EMFILE, ENFILE, ENOBUFS, ENOMEM};
    for (size_t i = 0; i < ARRAY_COUNT(of_the_machine); i++) {
        accept_errors[0] = of_the_machine[i];
        accept_error_count = 1;
        assert_int_equal(os_accept(door, &served, peer), ERR_LIMIT);
    }
    close(served);
    close(client);
    close(door);
}

static void test_accept_without_descriptors(void **state)
{
    (void)state;
    struct rlimit before, none;
    int door, client, served;
    char local[OS_ADDRESS_SIZE], peer[OS_ADDRESS_SIZE];
    assert_int_equal(os_listen(":0", 16, &door), OK);
    os_local_address(door, local);
    assert_int_equal(os_connect(local, &client), OK);
    wait_readable(door);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 3;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    enum err err = os_accept(door, &served, peer);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(err, ERR_LIMIT);
    assert_int_equal(os_accept(door, &served, peer), OK); /* it waited */
    close(served);
    close(client);
    close(door);
}

/* ---- unix -------------------------------------------------------------------------------------
 */
static void unix_talk(const char *path)
{
    int door, client, served, second;
    char peer[OS_ADDRESS_SIZE];
    struct stat status;
    assert_int_equal(os_connect_unix(path, &client), ERR_MISSING);
    assert_int_equal(os_listen_unix(path, &door), OK);
    expect_flags(door);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(os_accept(door, &served, peer), ERR_BUSY);
    assert_int_equal(os_connect_unix(path, &client), OK);
    expect_flags(client);
    assert_int_equal(os_accept(door, &served, peer), OK);
    assert_string_equal(peer, "unix");
    os_local_address(door, peer);
    assert_string_equal(peer, "unix");
    expect_talk(client, served);
    close(client);
    close(served);
    assert_int_equal(os_listen_unix(path, &second), ERR_EXISTS); /* a living one answers */
    close(door);
    assert_int_equal(os_connect_unix(path, &client), ERR_MISSING); /* a dead one does not */
    assert_int_equal(os_listen_unix(path, &door), OK);             /* and is replaced */
    close(door);
    assert_int_equal(unlink(path), 0);
}

static void test_unix(void **state)
{
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "/tmp/mainstem-socket-test-%d", (int)getpid());
    unix_talk(path);
}

static void test_unix_with_a_long_path(void **state)
{
    (void)state;
    char path[1024], folder[600];
    snprintf(folder, sizeof folder, "/tmp/mainstem-socket-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    size_t size = strlen(folder);
    folder[size] = '/';
    memset(folder + size + 1, 'f', 200);
    folder[size + 201] = 0;
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(path, sizeof path, "%s/control.sock", folder);
    unix_talk(path);
    assert_int_equal(rmdir(folder), 0);
    folder[size] = 0;
    assert_int_equal(rmdir(folder), 0);
}

/* 107 characters fit a Unix address, the 108th makes the path a long one. */
static void test_unix_paths_around_the_limit(void **state)
{
    (void)state;
    char folder[] = "/tmp/mainstem-socket-test-XXXXXX", path[128];
    assert_non_null(mkdtemp(folder));
    for (size_t size = 106; size <= 109; size++) {
        size_t used = (size_t)snprintf(path, sizeof path, "%s/", folder);
        memset(path + used, 's', size - used);
        path[size] = 0;
        int door;
        enum err err = os_listen_unix(path, &door);
        /* a long name in a short folder has no shorter way to be named */
        assert_int_equal(err, OK);
        close(door);
        assert_int_equal(unlink(path), 0);
    }
    int fd;
    assert_int_equal(os_listen_unix("", &fd), ERR_INVALID);
    assert_int_equal(os_connect_unix("/no/such/folder/x", &fd), ERR_MISSING);
    char name[160];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    assert_int_equal(os_listen_unix(name, &fd), ERR_INVALID); /* too long for any way */
    snprintf(path, sizeof path, "%s/file", folder);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(os_listen_unix(path, &fd), ERR_EXISTS); /* no socket: never removed */
    assert_int_equal(access(path, F_OK), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loopback),
        cmocka_unit_test(test_loopback_v6),
        cmocka_unit_test(test_a_v4_peer_of_a_v6_door_looks_v4),
        cmocka_unit_test(test_addresses_that_are_none),
        cmocka_unit_test(test_which_addresses_are_loopback),
        cmocka_unit_test(test_accept_of_what_is_no_door),
        cmocka_unit_test(test_accept_passes_over_errors_of_the_peer),
        cmocka_unit_test(test_accept_without_descriptors),
        cmocka_unit_test(test_unix),
        cmocka_unit_test(test_unix_with_a_long_path),
        cmocka_unit_test(test_unix_paths_around_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
