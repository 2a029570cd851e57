/* The loop, on one thread. A round:
 *
 *   wait -> signals, workers, listeners, control -> read MQTT clients, then HTTP's, then handshakes
 *        of TLS, a bounded piece of each -> engine_step -> broker_step, web_step: answers and
 * deliveries, a bounded piece of each -> timers -> again
 *
 * The clients of a door have an epoll of their own inside the house's: when the engine is full, one
 * call makes all of MQTT wait, and signals, the control door and HTTP go on being served; of HTTP
 * only who writes waits. Pieces are bounded so that the disk is never idle while sockets are read
 * or written, and so that neither door starves the other. */
#include "notify/notify.h"
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

static bool house_add(struct server *server, int fd, uint64_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag};
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

static enum err loop_door_init(struct server *server, enum door_kind kind)
{
    struct door *door = &server->doors[kind];
    door->events = malloc(SERVER_EVENTS * sizeof *door->events);
    if (!door->events)
        return ERR_NO_MEMORY;
    door->clients_fd = epoll_create1(EPOLL_CLOEXEC);
    if (door->clients_fd < 0 || !house_add(server, door->clients_fd, TAG_CLIENTS + kind))
        return ERR_IO;
    return OK;
}

enum err loop_init(struct server *server)
{
    server->house_fd = epoll_create1(EPOLL_CLOEXEC);
    server->read_buffer = malloc(2 * SERVER_READ_BYTES);
    server->write_buffer = malloc(SERVER_WRITE_BYTES);
    if (!server->read_buffer || !server->write_buffer)
        return ERR_NO_MEMORY;
    if (server->house_fd < 0)
        return ERR_IO;
    server->doors[DOOR_CONTROL].clients_fd = server->house_fd; /* they are few */
    for (enum door_kind kind = DOOR_MQTT; kind <= DOOR_HTTP; kind++) {
        enum err err = loop_door_init(server, kind);
        if (err != OK)
            return err;
    }
    struct worker *workers[] = {server->writer, server->background, server->snapshotter,
                                server->sealer, server->merger};
    for (size_t i = 0; i < ARRAY_COUNT(workers); i++) {
        int fd = workers[i]->fd(workers[i]);
        if (fd >= 0 && !house_add(server, fd, TAG_WORKER))
            return ERR_IO;
    }
    if (!house_add(server, query_pool_fd(server->queries), TAG_WORKER))
        return ERR_IO;
    timers_init(&server->timers, server->now_ns);
    timer_init(&server->watchdog);
    server->watchdog_ns = os_watchdog_ns();
    return loop_signals(server);
}

enum err loop_watch(struct server *server, int fd)
{
    return house_add(server, fd, TAG_WORKER) ? OK : ERR_IO;
}

void loop_done(struct server *server)
{
    int fds[] = {server->house_fd, server->signal_fd, server->doors[DOOR_MQTT].clients_fd,
                 server->doors[DOOR_HTTP].clients_fd};
    for (size_t i = 0; i < ARRAY_COUNT(fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    for (size_t i = 0; i < DOORS; i++)
        free(server->doors[i].events);
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
    case TAG_WORKER: /* engine_step polls them, web_step the questions */
        break;
    case TAG_CLIENTS + DOOR_MQTT: /* loop_read asks them */
    case TAG_CLIENTS + DOOR_HTTP:
        server->doors[event->data.u64 - TAG_CLIENTS].ready = true;
        break;
    case TAG_LISTENER + LISTENER_MQTT:
    case TAG_LISTENER + LISTENER_HTTP:
    case TAG_LISTENER + LISTENER_CONTROL:
    case TAG_LISTENER + LISTENER_MQTTS:
    case TAG_LISTENER + LISTENER_HTTPS:
    case TAG_LISTENER + LISTENER_OWNER:
        listener_ready(server, (enum listener_kind)(event->data.u64 - TAG_LISTENER));
        break;
    default:
        c = connection_find(server, (uint32_t)event->data.u64, (uint32_t)(event->data.u64 >> 32));
        if (c != NULL)
            connection_ready(server, c, event->events);
        break;
    }
}

/* Are the clients of MQTT to be left alone? Asked before each wait that may block. */
static void loop_quiet(struct server *server, bool quiet)
{
    if (quiet == server->clients_quiet)
        return;
    struct epoll_event event = {.events = quiet ? 0 : EPOLLIN, .data.u64 = TAG_CLIENTS + DOOR_MQTT};
    check(epoll_ctl(server->house_fd, EPOLL_CTL_MOD, server->doors[DOOR_MQTT].clients_fd, &event) ==
          0);
    server->clients_quiet = quiet;
}

static bool door_has_work(const struct door *door)
{
    return !link_is_alone(&door->resume) || door->event_next < door->event_count;
}

static int64_t loop_wait_ns(struct server *server)
{
    if ((!server->full && door_has_work(&server->doors[DOOR_MQTT])) ||
        door_has_work(&server->doors[DOOR_HTTP]))
        return 0;
    int64_t wait_ns = timers_wait_ns(&server->timers, server->now_ns);
    if (handshakes_wait_ns(server) < wait_ns)
        wait_ns = handshakes_wait_ns(server);
    if (server->broker_due_ns - server->now_ns < wait_ns)
        wait_ns = server->broker_due_ns - server->now_ns;
    if (server->web_due_ns - server->now_ns < wait_ns)
        wait_ns = server->web_due_ns - server->now_ns;
    if (server->access_due_ns - server->now_ns < wait_ns)
        wait_ns = server->access_due_ns - server->now_ns;
    if (server->notify_due_ns - server->now_ns < wait_ns)
        wait_ns = server->notify_due_ns - server->now_ns;
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
    web_now(server->web, server->now_ns);
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
    struct link now, *resume = &server->doors[DOOR_MQTT].resume;
    link_init(&now); /* who is held again waits for the next round */
    link_move_all(&now, resume);
    while (!server->full && !link_is_alone(&now) && !loop_round_is_over(server))
        (void)connection_refeed(server, LINK_OWNER(now.next, struct connection, resume));
    link_move_all(&now, resume);
    link_move_all(resume, &now);
}

/* Those of a door that have something to say. */
static void loop_listen(struct door *door)
{
    if (door->event_next < door->event_count)
        return;
    int count = epoll_wait(door->clients_fd, door->events, SERVER_EVENTS, 0);
    door->event_next = 0;
    door->event_count = count > 0 ? (size_t)count : 0;
    door->counters.wakeups += count > 0;
}

static void loop_read_clients(struct server *server)
{
    struct door *door = &server->doors[DOOR_MQTT];
    if (server->full)
        return;
    loop_listen(door);
    while (door->event_next < door->event_count && !server->full && !loop_round_is_over(server))
        loop_event(server, &door->events[door->event_next++]);
}

/* ---- HTTP
 * ---------------------------------------------------------------------------------------- */
/* Time is the bound: a request may cost a microsecond or a millisecond. */
static bool loop_requests_are_over(const struct server *server, int64_t began_ns)
{
    return server->clock->boot_ns(server->clock) - began_ns >= SERVER_ROUND_REQUESTS_NS;
}

/* Feeds those on a list again until time is up, or the engine says wait. */
static void loop_refeed_requests(struct server *server, struct link *list, int64_t began_ns)
{
    struct link now; /* who is held again waits for the next round */
    bool more = true;
    link_init(&now);
    link_move_all(&now, list);
    while (more && !link_is_alone(&now) && !loop_requests_are_over(server, began_ns))
        more = connection_refeed(server, LINK_OWNER(now.next, struct connection, resume));
    link_move_all(&now, list);
    link_move_all(list, &now);
}

static void loop_read_requests(struct server *server)
{
    struct door *door = &server->doors[DOOR_HTTP];
    if (!door->ready && !door_has_work(door))
        return;
    int64_t began_ns = server->clock->boot_ns(server->clock);
    loop_refeed_requests(server, &door->resume, began_ns);
    if (door->ready)
        loop_listen(door);
    door->ready = false;
    began_ns = server->clock->boot_ns(server->clock); /* who asks anew has a time of its own */
    while (door->event_next < door->event_count && !loop_requests_are_over(server, began_ns))
        loop_event(server, &door->events[door->event_next++]);
}

/* Those whom the engine told to wait: after its step. */
static void loop_retry_requests(struct server *server)
{
    struct door *door = &server->doors[DOOR_HTTP];
    if (!link_is_alone(&door->awaits))
        loop_refeed_requests(server, &door->awaits, server->clock->boot_ns(server->clock));
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
        web_lost(server->web);
        notify_lost(server->notify);
    }
    int64_t access_ns = access_step(server->access, server->now_ns);
    if (locks_tell_quotas(server))
        access_ns = 0;
    server->access_due_ns =
        access_ns < INT64_MAX - server->now_ns ? server->now_ns + access_ns : INT64_MAX;
    notices_step(server);
    library_step(server);
    int64_t broker_ns = broker_step(server->broker);
    server->broker_due_ns = server->now_ns + broker_ns;
    int64_t web_ns = web_step(server->web);
    server->web_due_ns = web_ns < INT64_MAX - server->now_ns ? server->now_ns + web_ns : INT64_MAX;
    server->requests = web_counters(server->web)->requests;
}

static void loop_lag(struct server *server)
{
    const struct journal *journal = engine_journal(server->engine);
    lag_note(&server->lag, journal_ticket(journal), journal_batch_empty(journal),
             journal_in_flight(journal), server->now_ns);
}

static void loop_rates(struct server *server)
{
    if (!rates_are_due(&server->rates, server->now_ns))
        return;
    struct engine_counters engine;
    engine_describe(server->engine, &engine);
    const struct broker_counters *counters = broker_counters(server->broker);
    const struct door *door = &server->doors[DOOR_MQTT];
    struct broker_traffic traffic = {.bytes_in = door->counters.bytes_in,
                                     .bytes_out = door->counters.bytes_out,
                                     .connections = door->connections,
                                     .accepted = door->counters.accepted};
    broker_traffic(server->broker, &traffic);
    struct rate_totals totals = {
        .at_ns = server->now_ns,
        .messages = loop_publishes(server),
        .delivered = counters->delivered,
        .bytes_out = door->counters.bytes_out,
        .values = engine.values,
        .bytes_in = door->counters.bytes_in,
        .acks = counters->acks,
        .wakeups = door->counters.wakeups,
        .reads = door->counters.reads,
        .requests = server->requests,
        .cpu_ns = os_cpu_ns(),
    };
    rates_note(&server->rates, &totals);
}

/* A loop that stands still tells nobody, and is started anew by who waits for this. */
static void loop_tell_watchdog(struct server *server)
{
    if (server->watchdog_ns == 0)
        return;
    os_notify("WATCHDOG=1");
    timers_set(&server->timers, &server->watchdog, server->now_ns + server->watchdog_ns / 3);
}

static void loop_timer(void *arg, struct timer *timer)
{
    struct server *server = arg;
    if (timer == &server->watchdog)
        loop_tell_watchdog(server);
    else if (!listener_timer_fired(server, timer) && !keeper_timer_fired(server, timer))
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
    loop_read_requests(server);
    handshakes_step(server);
    loop_step(server);
    if (server->full)
        loop_refeed(server);
    loop_retry_requests(server);
    timers_run(&server->timers, server->now_ns, loop_timer, server);
    keeper_step(server);
    loop_lag(server);
    loop_rates(server);
    connections_reap(server);
}

/* ---- the end
 * ------------------------------------------------------------------------------------- */
static bool loop_is_drained(const struct server *server)
{
    return broker_is_idle(server->broker) && web_is_idle(server->web) &&
           link_is_alone(&server->commands);
}

/* The web knows nothing of connections between two requests. */
static void loop_close_idle(struct server *server)
{
    struct link *next;
    for (struct link *at = server->alive.next; at != &server->alive; at = next) {
        struct connection *c = LINK_OWNER(at, struct connection, life);
        next = at->next;
        if (c->protocol == &http_protocol && !c->web.client)
            connection_end(server, c, CAUSE_STOP);
    }
}

/* The last bytes and the ends of those who are still there. */
static void loop_goodbye(struct server *server, int64_t until_ns)
{
    static const enum door_kind kinds[] = {DOOR_MQTT, DOOR_HTTP};
    while (server->doors[DOOR_MQTT].connections + server->doors[DOOR_HTTP].connections > 0 &&
           server->now_ns < until_ns) {
        for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
            struct door *door = &server->doors[kinds[i]];
            int count = epoll_wait(door->clients_fd, door->events, SERVER_EVENTS, 5);
            server->now_ns = server->clock->boot_ns(server->clock);
            for (int at = 0; at < count; at++)
                loop_event(server, &door->events[at]);
        }
        connections_reap(server);
    }
}

/* Wills are published, what was taken becomes durable and is told; then goodbye. HTTP goes on being
 * served meanwhile: a request that came is answered. */
static void loop_drain(struct server *server)
{
    os_notify("STOPPING=1");
    listener_close(server);
    broker_stop_wills(server->broker);
    web_stop(server->web);
    server->doors[DOOR_MQTT].event_next = server->doors[DOOR_MQTT].event_count = 0;
    int64_t until_ns = server->now_ns + DRAIN_NS;
    while (!loop_is_drained(server) && server->now_ns < until_ns) {
        loop_refeed(server);
        loop_read_requests(server);
        loop_retry_requests(server);
        loop_step(server);
        int64_t wait_ns = loop_wait_ns(server);
        loop_wait(server, wait_ns < NS_PER_S / 100 ? wait_ns : NS_PER_S / 100);
        connections_reap(server);
    }
    if (!loop_is_drained(server))
        log_warn("server",
                 "stopping without the disk: it did not answer within %d s; messages that "
                 "wait were not acknowledged",
                 (int)(DRAIN_NS / NS_PER_S));
    broker_stop_goodbye(server->broker);
    loop_close_idle(server);
    loop_goodbye(server, server->now_ns + GOODBYE_NS);
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
    loop_tell_watchdog(server);
    while (!server->stopping)
        loop_round(server);
    loop_drain(server);
}
