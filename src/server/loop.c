/* The loop, on one thread. A round:
 *
 *   wait -> signals, workers, listeners, control -> read clients, a bounded piece -> engine_step
 *        -> broker_step: answers and deliveries, a bounded piece -> timers -> again
 *
 * The clients have an epoll of their own inside the house's: when the engine is full, one call
 * makes all of them wait, and signals and the control door go on being served. Pieces are bounded
 * so that the disk is never idle while sockets are read or written. */
#include "server/room.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define HOUSE_EVENTS 64
#define DRAIN_NS (5 * NS_PER_S)
#define GOODBYE_NS (NS_PER_S / 4)

static bool house_add(struct server *server, int fd, enum tag tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)tag};
    return epoll_ctl(server->house_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static enum err loop_signals(struct server *server)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    server->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    return server->signal_fd >= 0 && house_add(server, server->signal_fd, TAG_SIGNAL) ? OK : ERR_IO;
}

enum err loop_init(struct server *server)
{
    server->house_fd = epoll_create1(EPOLL_CLOEXEC);
    server->clients_fd = epoll_create1(EPOLL_CLOEXEC);
    server->client_events = malloc(SERVER_EVENTS * sizeof *server->client_events);
    server->read_buffer = malloc(2 * SERVER_READ_BYTES);
    server->write_buffer = malloc(SERVER_WRITE_BYTES);
    if (!server->client_events || !server->read_buffer || !server->write_buffer)
        return ERR_NO_MEMORY;
    if (server->house_fd < 0 || server->clients_fd < 0 ||
        !house_add(server, server->clients_fd, TAG_CLIENTS))
        return ERR_IO;
    struct worker *workers[] = {server->writer, server->background, server->snapshotter};
    for (size_t i = 0; i < ARRAY_COUNT(workers); i++) {
        int fd = workers[i]->fd(workers[i]);
        if (fd >= 0 && !house_add(server, fd, TAG_WORKER))
            return ERR_IO;
    }
    timers_init(&server->timers, server->now_ns);
    return loop_signals(server);
}

void loop_done(struct server *server)
{
    int fds[] = {server->house_fd, server->clients_fd, server->signal_fd};
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    free(server->client_events);
    free(server->read_buffer);
    free(server->write_buffer);
    free(server->slots);
    free(server->slots_free);
}

/* ---- events
 * -------------------------------------------------------------------------------------- */
static void loop_signal(struct server *server)
{
    struct signalfd_siginfo info;
    while (read(server->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            server_reload(server);
        } else if (!server->stopping) {
            log_info("server", "%s: stopping; what was taken is written and answered first",
                     info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT");
            server->stopping = true;
        }
    }
}

static void loop_event(struct server *server, const struct epoll_event *event)
{
    struct connection *c;
    switch (event->data.u64) {
    case TAG_SIGNAL:
        loop_signal(server);
        break;
    case TAG_WORKER:  /* engine_step polls them */
    case TAG_CLIENTS: /* loop_read_clients asks them */
        break;
    case TAG_MQTT:
        listener_ready(server);
        break;
    case TAG_CONTROL:
        listener_control_ready(server);
        break;
    default:
        c = connection_find(server, (uint32_t)event->data.u64, (uint32_t)(event->data.u64 >> 32));
        if (c != NULL)
            connection_ready(server, c, event->events);
        break;
    }
}

/* Are the clients to be left alone? Asked before each wait that may block. */
static void loop_quiet(struct server *server, bool quiet)
{
    if (quiet == server->clients_quiet)
        return;
    struct epoll_event event = {.events = quiet ? 0 : EPOLLIN, .data.u64 = TAG_CLIENTS};
    check(epoll_ctl(server->house_fd, EPOLL_CTL_MOD, server->clients_fd, &event) == 0);
    server->clients_quiet = quiet;
}

static int64_t loop_wait_ns(struct server *server)
{
    bool work = !server->full &&
                (!link_is_alone(&server->resume) || server->event_next < server->event_count);
    if (work)
        return 0;
    int64_t wait_ns = timers_wait_ns(&server->timers, server->now_ns);
    if (server->broker_due_ns - server->now_ns < wait_ns)
        wait_ns = server->broker_due_ns - server->now_ns;
    int64_t engine_ns = server->engine_due_ns == INT64_MAX
                            ? INT64_MAX
                            : server->engine_due_ns - server->clock->boot_ns(server->clock);
    wait_ns = engine_ns < wait_ns ? engine_ns : wait_ns;
    return wait_ns > 0 ? wait_ns : 0;
}

/* Linux before 5.11, and sandboxes that know no newer calls, wait in whole milliseconds. */
static int loop_epoll(struct server *server, struct epoll_event *events, int64_t wait_ns)
{
    struct timespec time = {.tv_sec = wait_ns / NS_PER_S, .tv_nsec = wait_ns % NS_PER_S};
    if (!server->wait_coarse) {
        int count = epoll_pwait2(server->house_fd, events, HOUSE_EVENTS,
                                 wait_ns == INT64_MAX ? NULL : &time, NULL);
        if (count >= 0 || (errno != ENOSYS && errno != EPERM))
            return count;
        server->wait_coarse = true;
    }
    int64_t wait_ms = wait_ns / NS_PER_MS + (wait_ns % NS_PER_MS > 0);
    return epoll_wait(server->house_fd, events, HOUSE_EVENTS,
                      wait_ns == INT64_MAX ? -1 : (int)(wait_ms < 60000 ? wait_ms : 60000));
}

static void loop_wait(struct server *server, int64_t wait_ns)
{
    struct epoll_event events[HOUSE_EVENTS];
    if (wait_ns > 0)
        loop_quiet(server, server->full || server->stopping);
    int count = loop_epoll(server, events, wait_ns);
    check(count >= 0 || errno == EINTR);
    server->now_ns = server->clock->boot_ns(server->clock);
    broker_now(server->broker, server->now_ns);
    for (int i = 0; i < count; i++)
        loop_event(server, &events[i]);
}

/* ---- clients
 * ------------------------------------------------------------------------------------- */
static uint64_t loop_publishes(const struct server *server)
{
    const struct broker_counters *counters = broker_counters(server->broker);
    return counters->qos_0 + counters->qos_1 + counters->qos_2;
}

static bool loop_round_is_over(const struct server *server)
{
    return loop_publishes(server) - server->round_began >= SERVER_ROUND_MESSAGES;
}

/* What could not be taken before the engine's step: the broker's own, then the bytes that were
 * kept. */
static void loop_refeed(struct server *server)
{
    server->full = !broker_retry(server->broker);
    struct link now; /* who is held again waits for the next round */
    link_init(&now);
    link_move_all(&now, &server->resume);
    while (!server->full && !link_is_alone(&now) && !loop_round_is_over(server))
        connection_refeed(server, LINK_OWNER(now.next, struct connection, resume));
    link_move_all(&now, &server->resume);
    link_move_all(&server->resume, &now);
}

static void loop_read_clients(struct server *server)
{
    if (server->full)
        return;
    if (server->event_next == server->event_count) {
        int count = epoll_wait(server->clients_fd, server->client_events, SERVER_EVENTS, 0);
        server->event_next = 0;
        server->event_count = count > 0 ? (size_t)count : 0;
        server->counters.wakeups += count > 0;
    }
    while (server->event_next < server->event_count && !server->full && !loop_round_is_over(server))
        loop_event(server, &server->client_events[server->event_next++]);
}

/* ---- the engine
 * ---------------------------------------------------------------------------------- */
static void loop_step(struct server *server)
{
    (void)broker_retry(server->broker); /* so that it goes out with this batch */
    int64_t wait_ns = engine_step(server->engine);
    server->engine_due_ns =
        wait_ns == INT64_MAX ? INT64_MAX : server->clock->boot_ns(server->clock) + wait_ns;
    uint64_t lost = engine_lost_generation(server->engine);
    if (lost != server->lost_generation) {
        server->lost_generation = lost;
        control_lost(server);
    }
    int64_t broker_ns = broker_step(server->broker);
    server->broker_due_ns = server->now_ns + broker_ns;
}

static void loop_rates(struct server *server)
{
    if (!rates_are_due(&server->rates, server->now_ns))
        return;
    struct engine_counters engine;
    engine_describe(server->engine, &engine);
    const struct broker_counters *counters = broker_counters(server->broker);
    struct broker_traffic traffic = {.bytes_in = server->counters.bytes_in,
                                     .bytes_out = server->counters.bytes_out,
                                     .connections = server->connections,
                                     .accepted = server->counters.accepted};
    broker_traffic(server->broker, &traffic);
    struct rate_totals totals = {
        .at_ns = server->now_ns,
        .messages = loop_publishes(server),
        .delivered = counters->delivered,
        .bytes_out = server->counters.bytes_out,
        .values = engine.values,
        .bytes_in = server->counters.bytes_in,
        .acks = counters->acks,
        .wakeups = server->counters.wakeups,
        .reads = server->counters.reads,
        .cpu_ns = os_cpu_ns(),
    };
    rates_note(&server->rates, &totals);
}

static void loop_timer(void *arg, struct timer *timer)
{
    struct server *server = arg;
    if (timer == &server->listen_timer)
        listener_resume(server);
    else
        connection_timer_fired(server, timer);
}

static void loop_round(struct server *server)
{
    loop_wait(server, loop_wait_ns(server));
    server->round_began = loop_publishes(server);
    if (server->full)
        loop_step(server);
    loop_refeed(server);
    if (!server->stopping)
        loop_read_clients(server);
    loop_step(server);
    if (server->full)
        loop_refeed(server);
    timers_run(&server->timers, server->now_ns, loop_timer, server);
    loop_rates(server);
    connections_reap(server);
}

/* ---- the end
 * ------------------------------------------------------------------------------------- */
static bool loop_is_drained(const struct server *server)
{
    return broker_is_idle(server->broker) && link_is_alone(&server->commands);
}

/* Wills are published, what was taken becomes durable and is told; then goodbye. */
static void loop_drain(struct server *server)
{
    os_notify("STOPPING=1");
    listener_close(server);
    broker_stop_wills(server->broker);
    server->event_next = server->event_count = 0;
    int64_t until_ns = server->now_ns + DRAIN_NS;
    while (!loop_is_drained(server) && server->now_ns < until_ns) {
        loop_refeed(server);
        loop_step(server);
        int64_t wait_ns = loop_wait_ns(server);
        loop_wait(server, wait_ns < NS_PER_S / 100 ? wait_ns : NS_PER_S / 100);
    }
    if (!loop_is_drained(server))
        log_warn("server",
                 "stopping without the disk: it did not answer within %d s; messages that "
                 "wait were not acknowledged",
                 (int)(DRAIN_NS / NS_PER_S));
    broker_stop_goodbye(server->broker);
    until_ns = server->now_ns + GOODBYE_NS;
    while (server->connections > 0 && server->now_ns < until_ns) {
        int count = epoll_wait(server->clients_fd, server->client_events, SERVER_EVENTS, 10);
        server->now_ns = server->clock->boot_ns(server->clock);
        for (int i = 0; i < count; i++)
            loop_event(server, &server->client_events[i]);
        connections_reap(server);
    }
    until_ns = server->now_ns + GOODBYE_NS; /* how the sessions ended */
    while (!broker_is_idle(server->broker) && server->now_ns < until_ns) {
        loop_step(server);
        loop_wait(server, NS_PER_MS);
    }
    while (!link_is_alone(&server->alive))
        connection_close(server, LINK_OWNER(server->alive.next, struct connection, life),
                         CAUSE_STOP);
    connections_reap(server);
}

void loop_run(struct server *server)
{
    while (!server->stopping)
        loop_round(server);
    loop_drain(server);
}
