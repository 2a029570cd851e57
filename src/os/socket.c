/* Sockets: addresses as people write them, listening, connecting, accepting. All descriptors are
 * non-blocking and close-on-exec from their first moment. */
#include "os/os.h"

#include "os/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define HOST_SIZE 256 /* a DNS name has 253 characters at most */
#define PORT_SIZE 6
#define UNIX_BACKLOG 16

static void fd_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

/* ---- addresses --------------------------------------------------------------------------------
 */
static bool port_split(const char *text, char *port)
{
    size_t size = strlen(text);
    if (size == 0 || size >= PORT_SIZE || strspn(text, "0123456789") != size)
        return false;
    if (strtoul(text, NULL, 10) > 65535)
        return false;
    memcpy(port, text, size + 1);
    return true;
}

/* host[HOST_SIZE], port[PORT_SIZE]; an empty host becomes 127.0.0.1. */
static bool address_split(const char *address, char *host, char *port)
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || !port_split(colon + 1, port))
        return false;
    const char *at = address;
    size_t size = (size_t)(colon - address);
    bool bracketed = size > 0 && at[0] == '[';
    if (bracketed) {
        if (size < 3 || at[size - 1] != ']')
            return false;
        at++;
        size -= 2;
    } else if (memchr(at, ':', size) != NULL) {
        return false; /* ::1:1883 could be read in two ways */
    }
    if (size >= HOST_SIZE || memchr(at, '[', size) != NULL || memchr(at, ']', size) != NULL)
        return false;
    if (bracketed && memchr(at, ':', size) == NULL)
        return false;
    memcpy(host, at, size);
    host[size] = 0;
    /* "localhost" is this machine whatever its tables say (RFC 6761, 6.3), and some have none. */
    if (size == 0 || strcmp(host, "localhost") == 0)
        memcpy(host, "127.0.0.1", sizeof "127.0.0.1");
    return true;
}

static enum err address_resolve(const char *address, struct addrinfo **ret_list)
{
    char host[HOST_SIZE], port[PORT_SIZE];
    if (!address_split(address, host, port))
        return ERR_INVALID;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    int result = getaddrinfo(host, port, &hints, ret_list);
    if (result == EAI_MEMORY)
        return ERR_NO_MEMORY;
    return result == 0 ? OK : ERR_INVALID;
}

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
    }
    struct sockaddr_in6 v6;
    memcpy(&v6, address, sizeof v6);
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) ||
           (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr) && v6.sin6_addr.s6_addr[12] == 127);
}

bool os_address_is_loopback(const char *address)
{
    struct addrinfo *list;
    if (address_resolve(address, &list) != OK)
        return false;
    bool all = true;
    for (struct addrinfo *one = list; one != NULL; one = one->ai_next)
        all = all && is_loopback(one->ai_addr);
    freeaddrinfo(list);
    return all;
}

/* text[OS_ADDRESS_SIZE]. A v4 address inside a v6 socket is shown as what it is. */
static void address_format(const struct sockaddr_storage *address, char *text)
{
    char host[INET6_ADDRSTRLEN];
    if (address->ss_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
        snprintf(text, OS_ADDRESS_SIZE, "%s:%u", host, ntohs(v4.sin_port));
    } else if (address->ss_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        bool mapped = IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr);
        inet_ntop(mapped ? AF_INET : AF_INET6, &v6.sin6_addr.s6_addr[mapped ? 12 : 0], host,
                  sizeof host);
        snprintf(text, OS_ADDRESS_SIZE, mapped ? "%s:%u" : "[%s]:%u", host, ntohs(v6.sin6_port));
    } else {
        snprintf(text, OS_ADDRESS_SIZE, "unix");
    }
}

void os_local_address(int fd, char *text)
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        snprintf(text, OS_ADDRESS_SIZE, "unknown");
    else
        address_format(&address, text);
}

/* ---- listen -----------------------------------------------------------------------------------
 */
static enum err listen_at(const struct addrinfo *at, int backlog, int *ret_fd)
{
    int one = 1;
    int fd = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return os_err(errno);
    /* Without it a restart waits for a minute until the old connections are forgotten. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, at->ai_addr, at->ai_addrlen) != 0 || listen(fd, backlog) != 0) {
        enum err err = os_err(errno);
        fd_close(fd);
        return err;
    }
    *ret_fd = fd;
    return OK;
}

enum err os_listen(const char *address, int backlog, int *ret_fd)
{
    static const int families[] = {AF_INET, AF_INET6};
    struct addrinfo *list;
    enum err err = address_resolve(address, &list);
    if (err != OK)
        return err;
    err = ERR_INVALID;
    for (size_t i = 0; i < ARRAY_COUNT(families) && err != OK; i++) {
        for (struct addrinfo *one = list; one != NULL && err != OK; one = one->ai_next) {
            /* The first address that was refused says why; a second family must not hide it. */
            enum err refused = err;
            if (one->ai_family != families[i])
                continue;
            err = listen_at(one, backlog, ret_fd);
            if (err != OK && refused != ERR_INVALID)
                err = refused;
        }
    }
    freeaddrinfo(list);
    return err;
}

/* ---- connect ----------------------------------------------------------------------------------
 */
static enum err connect_finish(int fd, int wait_ms)
{
    struct pollfd wanted = {.fd = fd, .events = POLLOUT};
    struct clock *clock = clock_real();
    int64_t end_ns = clock->boot_ns(clock) + wait_ms * NS_PER_MS;
    for (;;) {
        int64_t left_ms = (end_ns - clock->boot_ns(clock) + NS_PER_MS - 1) / NS_PER_MS;
        int ready = poll(&wanted, 1, left_ms > 0 ? (int)left_ms : 0);
        if (ready > 0)
            break;
        if (ready == 0)
            return ERR_BUSY;
        if (errno != EINTR)
            return os_err(errno);
    }
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        error = errno;
    return error == 0 ? OK : os_err(error);
}

/* Takes the socket: closed on failure. */
static enum err connect_to(int fd, const struct sockaddr *to, socklen_t to_size, int *ret_fd)
{
    if (fd < 0)
        return os_err(errno);
    enum err err = OK;
    if (connect(fd, to, to_size) != 0)
        err = errno == EINPROGRESS || errno == EINTR ? connect_finish(fd, OS_CONNECT_MS)
                                                     : os_err(errno);
    if (err != OK) {
        fd_close(fd);
        return err;
    }
    *ret_fd = fd;
    return OK;
}

static void no_delay_set(int fd)
{
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

enum err os_connect(const char *address, int *ret_fd)
{
    struct addrinfo *list;
    enum err err = address_resolve(address, &list);
    if (err != OK)
        return err;
    err = ERR_INVALID;
    int found = -1;
    for (struct addrinfo *one = list; one != NULL && found < 0; one = one->ai_next) {
        int fd = socket(one->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        err = connect_to(fd, one->ai_addr, one->ai_addrlen, &found);
    }
    freeaddrinfo(list);
    if (err != OK)
        return err;
    no_delay_set(found);
    *ret_fd = found;
    return OK;
}

/* ---- unix -------------------------------------------------------------------------------------
 */
/* A Unix address has 107 characters, data folders may be deeper: then the folder is opened, and the
 * socket named through the descriptor, which must stay open (*ret_folder_fd, or -1) until use. */
static enum err unix_address(const char *path, struct sockaddr_un *ret_address, int *ret_folder_fd)
{
    *ret_folder_fd = -1;
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    size_t size = strlen(path);
    if (size == 0 || size >= PATH_MAX)
        return ERR_INVALID;
    if (size < sizeof ret_address->sun_path) {
        memcpy(ret_address->sun_path, path, size + 1);
        return OK;
    }
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return ERR_INVALID;
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - path + 1), path);
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return os_err(errno);
    int written = snprintf(ret_address->sun_path, sizeof ret_address->sun_path,
                           "/proc/self/fd/%d/%s", fd, slash + 1);
    if (written < 0 || (size_t)written >= sizeof ret_address->sun_path) {
        fd_close(fd);
        return ERR_INVALID;
    }
    *ret_folder_fd = fd;
    return OK;
}

static int unix_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/* Removes what a dead server left; ERR_EXISTS when somebody is there, or it is not a socket. */
static enum err unix_clear(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0)
        return errno == ENOENT ? OK : os_err(errno);
    int fd;
    enum err err = ERR_EXISTS;
    if (S_ISSOCK(status.st_mode))
        err = connect_to(unix_socket(), (const struct sockaddr *)address, sizeof *address, &fd);
    if (err == OK) {
        fd_close(fd);
        return ERR_EXISTS;
    }
    if (err != ERR_MISSING) /* refused by nobody: the only sign of a dead one */
        return ERR_EXISTS;
    return unlink(address->sun_path) == 0 || errno == ENOENT ? OK : os_err(errno);
}

static enum err unix_listen_at(const struct sockaddr_un *address, int *ret_fd)
{
    enum err err = unix_clear(address);
    if (err != OK)
        return err;
    int fd = unix_socket();
    if (fd < 0)
        return os_err(errno);
    /* The mode of the name comes from the socket's own: set before bind, there is no moment in
     * which others may connect. */
    if (fchmod(fd, 0600) != 0 || bind(fd, (const struct sockaddr *)address, sizeof *address) != 0 ||
        listen(fd, UNIX_BACKLOG) != 0) {
        err = os_err(errno);
        fd_close(fd);
        return err;
    }
    *ret_fd = fd;
    return OK;
}

enum err os_listen_unix(const char *path, int *ret_fd)
{
    struct sockaddr_un address;
    int folder_fd;
    enum err err = unix_address(path, &address, &folder_fd);
    if (err == OK)
        err = unix_listen_at(&address, ret_fd);
    fd_close(folder_fd);
    return err;
}

enum err os_connect_unix(const char *path, int *ret_fd)
{
    struct sockaddr_un address;
    int folder_fd;
    enum err err = unix_address(path, &address, &folder_fd);
    if (err == OK)
        err = connect_to(unix_socket(), (const struct sockaddr *)&address, sizeof address, ret_fd);
    fd_close(folder_fd);
    return err;
}

/* ---- accept -----------------------------------------------------------------------------------
 */
/* Errors of the connection that waits, not of the door (accept(2), "Error handling"): who hung up
 * before we came, or whose network went, is no trouble of ours. */
static bool is_of_the_peer(int error)
{
    return error == EINTR || error == ECONNABORTED || error == EPROTO || error == EPERM ||
           error == ENETDOWN || error == ENOPROTOOPT || error == EHOSTDOWN || error == ENONET ||
           error == EHOSTUNREACH || error == ENETUNREACH;
}

enum err os_accept(int fd, int *ret_fd, char *peer)
{
    struct sockaddr_storage address = {0};
    socklen_t size;
    int accepted;
    do {
        size = sizeof address;
        accepted = accept4(fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (accepted < 0 && is_of_the_peer(errno));
    if (accepted < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
        return ERR_LIMIT;
    if (accepted < 0)
        return errno == EAGAIN ? ERR_BUSY : ERR_IO;
    address_format(&address, peer);
    if (address.ss_family != AF_UNIX)
        no_delay_set(accepted);
    *ret_fd = accepted;
    return OK;
}
