/* The doors: who comes in, and what is said when no one more can. */
#include "server/control.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define LISTEN_BACKLOG 4096
#define ACCEPT_ROUND 256               /* connections taken in one round */
#define LISTEN_PAUSE_NS (NS_PER_S / 4) /* after the system had no descriptor for one */

/* What listeners are called, where things are said of them; option: of those on the network. */
static const struct {
    enum door_kind door;
    bool tls;
    const char *name, *room, *option, *example, *limit;
} words[LISTENERS] = {
    [LISTENER_MQTT] = {DOOR_MQTT, false, "MQTT", "mqtt", "--mqtt", "127.0.0.1:1883",
                       "mqtt.connections"},
    [LISTENER_HTTP] = {DOOR_HTTP, false, "HTTP", "http", "--http", "127.0.0.1:8080",
                       "http.connections"},
    [LISTENER_CONTROL] = {DOOR_CONTROL, false, "control", "control", "", "", ""},
    [LISTENER_MQTTS] = {DOOR_MQTT, true, "MQTT over TLS", "mqtts", "--mqtts", "127.0.0.1:8883",
                        "mqtt.connections"},
    [LISTENER_HTTPS] = {DOOR_HTTP, true, "HTTPS", "https", "--https", "127.0.0.1:8443",
                        "http.connections"},
    [LISTENER_OWNER] = {DOOR_HTTP, false, "the owner's HTTP", "owner", "", "", "http.connections"}};

bool listener_is_tls(enum listener_kind kind)
{
    return words[kind].tls;
}

const char *listener_name(enum listener_kind kind)
{
    return words[kind].room;
}

static const char *listener_wanted(const struct server *server, enum listener_kind kind)
{
    switch (kind) {
    case LISTENER_HTTP:
        return server->settings.http;
    case LISTENER_MQTTS:
        return server->settings.mqtts;
    case LISTENER_HTTPS:
        return server->settings.https;
    default:
        return server->settings.mqtt;
    }
}

static uint64_t door_most(const struct server *server, enum door_kind kind)
{
    switch (kind) {
    case DOOR_MQTT:
        return server->settings.mqtt_connections;
    case DOOR_HTTP:
        return server->settings.http_connections;
    default:
        return SERVER_CONTROL_MAX;
    }
}

/* ---- open and close
 * ------------------------------------------------------------------------------------ */
static bool listener_watch(struct server *server, enum listener_kind kind)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)(TAG_LISTENER + kind)};
    int fd = server->listeners[kind].fd;
    if (fd < 0 || epoll_ctl(server->house_fd, EPOLL_CTL_ADD, fd, &event) == 0)
        return true;
    log_error("server", "epoll: %s", strerror(errno));
    return false;
}

/* What an operator can do about an address that cannot be listened on. */
static void listener_fault(enum listener_kind kind, const char *address, enum err err)
{
    const char *name = words[kind].name, *option = words[kind].option;
    switch (err) {
    case ERR_EXISTS:
        log_error("server",
                  "%s cannot listen on %s: the port is taken. Stop who has it (ss -ltnp shows "
                  "who), or choose another: %s HOST:PORT",
                  name, address, option);
        break;
    case ERR_REFUSED:
        log_error("server",
                  "%s cannot listen on %s: this user may not take that port. Choose one above "
                  "1023, or allow it with CAP_NET_BIND_SERVICE",
                  name, address);
        break;
    default:
        log_error("server",
                  "%s cannot listen on %s: that is no address of this machine. Wanted is "
                  "HOST:PORT with a name or number of this machine, as in %s %s",
                  name, address, option, words[kind].example);
        break;
    }
}

/* An empty address: a closed door. */
static bool listener_network_open(struct server *server, enum listener_kind kind)
{
    struct listener *listener = &server->listeners[kind];
    const char *address = listener_wanted(server, kind);
    if (address[0] == '\0')
        return true;
    enum err err = os_listen(address, LISTEN_BACKLOG, &listener->fd);
    if (err != OK) {
        listener->fd = -1;
        listener_fault(kind, address, err);
        return false;
    }
    os_local_address(listener->fd, listener->address);
    return true;
}

static bool listener_unix_open(struct server *server, enum listener_kind kind, const char *file,
                               char path[512])
{
    struct listener *listener = &server->listeners[kind];
    int n = snprintf(path, 512, "%s/%s", server->settings.data, file);
    check(n > 0 && n < 512);
    unlink(path); /* the folder is locked: who left it there is gone */
    enum err err = os_listen_unix(path, &listener->fd);
    if (err == OK)
        return true;
    listener->fd = -1;
    path[0] = '\0';
    log_error("server",
              "the %s door %s/%s cannot be opened: %s. A path of at most 107 bytes on a local "
              "file system is wanted",
              words[kind].room, server->settings.data, file, err_text(err));
    return false;
}

bool listener_open(struct server *server)
{
    return listener_network_open(server, LISTENER_MQTT) &&
           listener_network_open(server, LISTENER_HTTP) &&
           listener_network_open(server, LISTENER_MQTTS) &&
           listener_network_open(server, LISTENER_HTTPS) &&
           listener_unix_open(server, LISTENER_OWNER, SERVER_OWNER_NAME, server->owner_path) &&
           listener_unix_open(server, LISTENER_CONTROL, SERVER_CONTROL_NAME,
                              server->control_path) &&
           listener_watch(server, LISTENER_CONTROL);
}

/* ---- which may be opened
 * ------------------------------------------------------------------------------------ */
static bool listener_is_allowed(const struct server *server, enum listener_kind kind, bool trial)
{
    const char *address = listener_wanted(server, kind), *name = words[kind].name;
    bool tls = words[kind].tls;
    if (address[0] == '\0' || os_address_is_loopback(address) || (tls && !trial))
        return true;
    const char *why = tls     ? "nobody administers this server yet: whoever reaches it may all"
                      : trial ? "it is not encrypted, and nobody administers this server yet"
                              : "it is not encrypted: passwords and tokens can be read on the way";
    if (server->settings.insecure) {
        log_warn("server", "%s on %s can be reached from other machines and %s (setting insecure)",
                 name, address, why);
        return true;
    }
    log_error("server",
              "%s is not opened on %s, where other machines reach it: %s. %s, or keep it on "
              "127.0.0.1. --insecure opens it all the same",
              name, address, why,
              trial ? "First make an administrator (mainstem admin create, with the server on "
                      "127.0.0.1)"
                    : "Listen with TLS instead (--mqtts, --https, tls.certificate)");
    return false;
}

bool listener_allow(const struct server *server)
{
    bool trial = access_is_trial(server->access), allowed = true;
    for (enum listener_kind kind = 0; kind < LISTENERS; kind++)
        if (words[kind].option[0] != '\0')
            allowed = listener_is_allowed(server, kind, trial) && allowed;
    return allowed;
}

bool listener_start(struct server *server)
{
    return listener_watch(server, LISTENER_MQTT) && listener_watch(server, LISTENER_HTTP) &&
           listener_watch(server, LISTENER_MQTTS) && listener_watch(server, LISTENER_HTTPS) &&
           listener_watch(server, LISTENER_OWNER);
}

void listener_close(struct server *server)
{
    if (server->listeners[LISTENER_CONTROL].fd >= 0)
        unlink(server->control_path);
    if (server->listeners[LISTENER_OWNER].fd >= 0)
        unlink(server->owner_path);
    for (size_t i = 0; i < LISTENERS; i++) {
        struct listener *listener = &server->listeners[i];
        timer_stop(&listener->pause_timer);
        if (listener->fd >= 0)
            close(listener->fd);
        listener->fd = -1;
    }
}

/* ---- who comes
 * ------------------------------------------------------------------------------------ */
bool listener_timer_fired(struct server *server, const struct timer *timer)
{
    for (enum listener_kind kind = 0; kind < LISTENERS; kind++) {
        struct listener *listener = &server->listeners[kind];
        if (timer != &listener->pause_timer)
            continue;
        if (listener->fd >= 0 && listener->paused)
            listener->paused = !listener_watch(server, kind);
        return true;
    }
    return false;
}

/* Those who wait in the backlog would wake us again and again: look away for a moment. */
static void listener_pause(struct server *server, struct listener *listener)
{
    log_warn("server",
             "no file descriptor is left for a new connection (%zu are open): raise the limit, "
             "as with systemd's LimitNOFILE=",
             server->doors[DOOR_MQTT].connections + server->doors[DOOR_HTTP].connections);
    epoll_ctl(server->house_fd, EPOLL_CTL_DEL, listener->fd, NULL);
    listener->paused = true;
    timers_set(&server->timers, &listener->pause_timer, server->now_ns + LISTEN_PAUSE_NS);
}

static void listener_turn_away(struct server *server, enum listener_kind kind, int fd,
                               const char *peer)
{
    struct door *door = &server->doors[words[kind].door];
    uint64_t suppressed, most = door_most(server, words[kind].door);
    door->counters.turned_away++;
    close(fd);
    if (kind != LISTENER_CONTROL &&
        log_ration_take(&door->turned_away, server->now_ns, 10, &suppressed))
        log_warn(words[kind].room, "%s is turned away: %s is %llu, and as many are open", peer,
                 words[kind].limit, (unsigned long long)most);
}

/* Whoever comes through a socket of the data folder may read and write the folder itself. */
static void listener_welcome(struct server *server, enum listener_kind kind, int fd,
                             const char *peer)
{
    bool owner = kind == LISTENER_OWNER;
    struct connection *c = connection_open(server, fd, owner ? "owner" : peer,
                                           server->doors[words[kind].door].protocol);
    if (c != NULL)
        c->web.owner = owner;
}

void listener_ready(struct server *server, enum listener_kind kind)
{
    struct listener *listener = &server->listeners[kind];
    struct door *door = &server->doors[words[kind].door];
    char peer[OS_ADDRESS_SIZE] = "";
    int fd;
    for (int i = 0; i < ACCEPT_ROUND; i++) {
        enum err err = os_accept(listener->fd, &fd, peer);
        if (err == ERR_LIMIT)
            listener_pause(server, listener);
        if (err != OK)
            return;
        if (door->connections >= door_most(server, words[kind].door)) {
            listener_turn_away(server, kind, fd, peer);
            continue;
        }
        door->counters.accepted++;
        if (words[kind].tls)
            handshake_begin(server, fd, peer, kind);
        else
            listener_welcome(server, kind, fd, peer);
    }
}
