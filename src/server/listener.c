/* The doors: who comes in, and what is said when no one more can. */
#include "server/room.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define LISTEN_BACKLOG 4096
#define ACCEPT_ROUND 256               /* connections taken in one round */
#define LISTEN_PAUSE_NS (NS_PER_S / 4) /* after the system had no descriptor for one */

static bool listener_watch(struct server *server, int fd, enum tag tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)tag};
    if (epoll_ctl(server->house_fd, EPOLL_CTL_ADD, fd, &event) == 0)
        return true;
    log_error("server", "epoll: %s", strerror(errno));
    return false;
}

/* What an operator can do about an address that cannot be listened on. */
static void listener_fault(const char *address, enum err err)
{
    switch (err) {
    case ERR_EXISTS:
        log_error("server",
                  "MQTT cannot listen on %s: the port is taken. Stop who has it (ss -ltnp shows "
                  "who), or choose another: --mqtt HOST:PORT",
                  address);
        break;
    case ERR_REFUSED:
        log_error("server",
                  "MQTT cannot listen on %s: this user may not take that port. Choose one above "
                  "1023, or allow it with CAP_NET_BIND_SERVICE",
                  address);
        break;
    default:
        log_error("server",
                  "MQTT cannot listen on %s: that is no address of this machine. Wanted is "
                  "HOST:PORT with a name or number of this machine, as in --mqtt 127.0.0.1:1883",
                  address);
        break;
    }
}

static bool listener_control_open(struct server *server)
{
    int n = snprintf(server->control_path, sizeof server->control_path, "%s/%s",
                     server->settings.data, SERVER_CONTROL_NAME);
    check(n > 0 && (size_t)n < sizeof server->control_path);
    unlink(server->control_path); /* the folder is locked: who left it there is gone */
    enum err err = os_listen_unix(server->control_path, &server->control_fd);
    if (err == OK)
        return listener_watch(server, server->control_fd, TAG_CONTROL);
    server->control_fd = -1;
    log_error("server",
              "the control door %s cannot be opened: %s. A path of at most 107 bytes on a local "
              "file system is wanted",
              server->control_path, err_text(err));
    return false;
}

bool listener_open(struct server *server)
{
    enum err err = os_listen(server->settings.mqtt, LISTEN_BACKLOG, &server->mqtt_fd);
    if (err != OK) {
        server->mqtt_fd = -1;
        listener_fault(server->settings.mqtt, err);
        return false;
    }
    os_local_address(server->mqtt_fd, server->mqtt_address);
    timer_init(&server->listen_timer);
    return listener_control_open(server);
}

bool listener_start(struct server *server)
{
    return listener_watch(server, server->mqtt_fd, TAG_MQTT);
}

void listener_close(struct server *server)
{
    timer_stop(&server->listen_timer);
    if (server->mqtt_fd >= 0)
        close(server->mqtt_fd);
    if (server->control_fd >= 0) {
        close(server->control_fd);
        unlink(server->control_path);
    }
    server->mqtt_fd = server->control_fd = -1;
}

void listener_resume(struct server *server)
{
    if (server->mqtt_fd >= 0 && server->listen_paused)
        server->listen_paused = !listener_watch(server, server->mqtt_fd, TAG_MQTT);
}

/* Those who wait in the backlog would wake us again and again: look away for a moment. */
static void listener_pause(struct server *server)
{
    log_warn("server",
             "no file descriptor is left for a new connection (%zu are open): raise the limit, "
             "as with systemd's LimitNOFILE=",
             server->connections);
    epoll_ctl(server->house_fd, EPOLL_CTL_DEL, server->mqtt_fd, NULL);
    server->listen_paused = true;
    timers_set(&server->timers, &server->listen_timer, server->now_ns + LISTEN_PAUSE_NS);
}

static void listener_turn_away(struct server *server, int fd, const char *peer)
{
    uint64_t suppressed;
    server->counters.turned_away++;
    close(fd);
    if (log_ration_take(&server->ration_closed, server->now_ns, 10, &suppressed))
        log_warn("mqtt", "%s is turned away: mqtt.connections is %llu, and as many are open", peer,
                 (unsigned long long)server->settings.mqtt_connections);
}

void listener_ready(struct server *server)
{
    char peer[OS_ADDRESS_SIZE] = "";
    int fd;
    for (int i = 0; i < ACCEPT_ROUND; i++) {
        enum err err = os_accept(server->mqtt_fd, &fd, peer);
        if (err == ERR_LIMIT)
            listener_pause(server);
        if (err != OK)
            return;
        if (server->connections >= server->settings.mqtt_connections) {
            listener_turn_away(server, fd, peer);
            continue;
        }
        server->counters.accepted++;
        connection_open(server, fd, peer, &mqtt_protocol, server->settings.mqtt_connect_time);
    }
}

void listener_control_ready(struct server *server)
{
    char peer[OS_ADDRESS_SIZE] = "control";
    int fd;
    while (os_accept(server->control_fd, &fd, peer) == OK) {
        if (server->controls >= SERVER_CONTROL_MAX) {
            close(fd);
            continue;
        }
        server->controls += connection_open(server, fd, peer, &control_protocol, 0) != NULL;
    }
}
