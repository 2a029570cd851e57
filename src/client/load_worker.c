/* The loop of one thread of the generator: what is due, what came, and when the goal is reached. */
#include "client/load_room.h"

#include "os/os.h"

#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define EVENTS_MAX 512
#define CONNECTING_MAX 256          /* handshakes under way at once */
#define WAIT_NS (20 * NS_PER_MS)    /* longest sleep */
#define PUBLISH_NS (20 * NS_PER_MS) /* how old counts may be for the thread that ticks */
#define SILENCE_NS (2 * NS_PER_S)   /* after it, deliveries that are missing are not waited for */
#define PING_LOOK_NS (NS_PER_S / 4)
#define CONNECT_PATIENCE_NS (30 * NS_PER_S)

int64_t load_now_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

static struct load_link *worker_publisher(const struct load_worker *worker, uint64_t number)
{
    return &worker->links[worker->subscriber_count + number % worker->publisher_count];
}

/* ---- by the clock
 * -------------------------------------------------------------------------------- */

static int64_t worker_due_ns(const struct load_worker *worker, uint64_t burst)
{
    const struct load *load = worker->load;
    double per_second =
        (double)load->options.rate * worker->publisher_count / (double)load->options.connections;
    return worker->begin_ns +
           (int64_t)((double)burst * (double)load->options.burst * 1e9 / per_second);
}

/* Marks due what is due; bursts go round all connections in turn. A broken one leaves its turn
 * out. */
static void worker_schedule(struct load_worker *worker, int64_t now_ns)
{
    int64_t due_ns;
    while (!worker->failed && worker->publisher_count > 0 &&
           (due_ns = worker_due_ns(worker, worker->bursts_due)) <= now_ns) {
        struct load_link *link = worker_publisher(worker, worker->bursts_due++);
        (void)!load_link_due(worker, link, worker->load->options.burst, due_ns);
    }
}

static void worker_wake_thinkers(struct load_worker *worker, int64_t now_ns)
{
    while (worker->thinker_begin != worker->thinker_end) {
        struct thinker *thinker =
            &worker->thinkers[worker->thinker_begin % worker->thinker_capacity];
        if (thinker->due_ns > now_ns)
            return;
        worker->thinker_begin++;
        thinker->link->thinking = false;
        (void)!load_link_due(worker, thinker->link, worker->load->options.burst, thinker->due_ns);
    }
}

/* What a server with a keep-alive of its own wants to hear. */
static void worker_ping(struct load_worker *worker, int64_t now_ns)
{
    static const uint8_t ping[2] = {0xC0, 0};
    if (!worker->pings || now_ns - worker->pinged_ns < PING_LOOK_NS)
        return;
    worker->pinged_ns = now_ns;
    for (uint32_t i = 0; i < worker->link_count; i++) {
        struct load_link *link = &worker->links[i];
        if (link->state == LINK_READY && link->keep_alive_ns > 0 &&
            now_ns - link->sent_ns > link->keep_alive_ns / 2)
            (void)!load_link_send(worker, link, ping, sizeof ping);
    }
}

/* Every publisher that has nothing under way gets a burst: the begin of sending without a rate. */
static void worker_kick(struct load_worker *worker, int64_t now_ns)
{
    worker->deferred = false;
    for (uint32_t i = 0; i < worker->publisher_count && !worker->failed; i++) {
        struct load_link *link = worker_publisher(worker, i);
        if (load_link_refill(worker, link, now_ns) && link->state == LINK_READY &&
            link->rest_size == 0 && worker->load->options.qos == 0)
            (void)!load_link_flush(worker, link); /* watches for room in the socket */
    }
}

/* Publishers that wait for subscribers. Deliveries that do not come within a second are lost. */
static void worker_try_deferred(struct load_worker *worker, int64_t now_ns)
{
    struct load *load = worker->load;
    int64_t since_ns =
        worker->received_ns > worker->deferred_ns ? worker->received_ns : worker->deferred_ns;
    if (now_ns - since_ns > NS_PER_S) {
        uint64_t each = load->options.share != NULL ? 1 : load->options.subscribers;
        __atomic_store_n(&load->shared_sent,
                         __atomic_load_n(&load->shared_delivered, __ATOMIC_RELAXED) / each,
                         __ATOMIC_RELAXED);
    }
    worker_kick(worker, now_ns);
}

/* ---- connecting
 * ---------------------------------------------------------------------------------- */

static void worker_connect(struct load_worker *worker, int64_t now_ns)
{
    const struct load_options *options = &worker->load->options;
    double rate = options->connect_rate / worker->load->worker_count;
    while (!worker->failed && worker->connect_next < worker->link_count &&
           worker->connecting < CONNECTING_MAX) {
        if (rate > 0 && (double)(now_ns - worker->begin_ns) / 1e9 * rate < worker->connect_next)
            return;
        struct load_link *link = &worker->links[worker->connect_next++];
        if (link->state == LINK_CLOSED && !load_link_connect(worker, link) &&
            worker->connected + worker->connecting == 0)
            worker->failed = true; /* the first one already cannot */
    }
}

/* A server that answers nobody is not waited for. */
static void worker_watch_connecting(struct load_worker *worker, int64_t now_ns)
{
    if (worker->connecting == 0 || worker->connected != worker->connected_seen) {
        worker->connected_seen = worker->connected;
        worker->progress_ns = now_ns;
    }
    if (now_ns - worker->progress_ns < CONNECT_PATIENCE_NS)
        return;
    strcpy(worker->fault, "the server did not answer CONNECT or SUBSCRIBE within 30 s");
    worker->failed = true;
}

/* ---- goals
 * --------------------------------------------------------------------------------------- */

static bool worker_is_settled(const struct load_worker *worker)
{
    for (uint32_t i = 0; i < worker->publisher_count; i++) {
        const struct load_link *link = worker_publisher(worker, i);
        if (link->state == LINK_READY && (!load_link_is_done(link) || link->rest_size > 0))
            return false;
    }
    return true;
}

static bool worker_has_registered(const struct load_worker *worker)
{
    for (uint32_t i = 0; i < worker->publisher_count; i++) {
        const struct load_link *link = worker_publisher(worker, i);
        if (link->state == LINK_READY && (link->turn < link->turn_end || !load_link_is_done(link)))
            return false;
    }
    return true;
}

/* Deliveries of other threads' publishers come too, so that only silence tells a thread that no
 * more will. */
static bool worker_has_heard_all(const struct load_worker *worker, int64_t now_ns)
{
    const struct load *load = worker->load;
    if (worker->subscriber_count == 0)
        return true;
    uint64_t expected = load->expected;
    if (load->worker_count == 1 && expected != UINT64_MAX)
        return worker->live.counts.received >= expected ||
               now_ns - worker->received_ns > SILENCE_NS;
    return now_ns - worker->received_ns > SILENCE_NS;
}

static bool worker_goal_is_reached(const struct load_worker *worker, enum load_goal goal,
                                   int64_t now_ns)
{
    switch (goal) {
    case GOAL_CONNECT:
        return worker->connect_next == worker->link_count && worker->connecting == 0;
    case GOAL_REGISTER:
        return worker_has_registered(worker);
    case GOAL_DRAIN:
        return worker_is_settled(worker) && worker_has_heard_all(worker, now_ns);
    default:
        return false;
    }
}

/* ---- the loop
 * ------------------------------------------------------------------------------------ */

static int64_t worker_wait_ns(const struct load_worker *worker, enum load_goal goal, int64_t now_ns)
{
    int64_t wait_ns = WAIT_NS;
    if (goal == GOAL_CONNECT)
        return worker->connect_next < worker->link_count && worker->connecting < CONNECTING_MAX
                   ? worker->load->options.connect_rate > 0 ? NS_PER_MS : 0
                   : WAIT_NS;
    if (goal == GOAL_RUN && worker->load->options.rate > 0 && worker->publisher_count > 0)
        wait_ns = worker_due_ns(worker, worker->bursts_due) - now_ns;
    if (goal == GOAL_RUN && worker->thinker_begin != worker->thinker_end) {
        int64_t think_ns =
            worker->thinkers[worker->thinker_begin % worker->thinker_capacity].due_ns - now_ns;
        wait_ns = think_ns < wait_ns ? think_ns : wait_ns;
    }
    if (worker->deferred && wait_ns > NS_PER_MS / 5)
        wait_ns = NS_PER_MS / 5; /* another thread may have taken the deliveries */
    return wait_ns < 0 ? 0 : wait_ns > WAIT_NS ? WAIT_NS : wait_ns;
}

static void worker_event(struct load_worker *worker, struct load_link *link, uint32_t events,
                         bool refill)
{
    if (link->state == LINK_CLOSED)
        return;
    if ((events & ~(uint32_t)EPOLLOUT) != 0 && !load_link_receive(worker, link))
        return;
    if ((events & EPOLLOUT) != 0 && link->rest_size > 0 && !load_link_flush(worker, link))
        return;
    if (link->role != LINK_PUBLISHER || link->state != LINK_READY)
        return;
    if (!load_link_advance(worker, link))
        return;
    if (refill && !load_link_refill(worker, link, load_now_ns()))
        return;
    if ((events & EPOLLOUT) != 0 && link->rest_size == 0)
        (void)!load_link_flush(worker, link); /* looks whether room is still of interest */
}

static void worker_publish(struct load_worker *worker, int64_t now_ns)
{
    if (worker->number == 0 || now_ns - worker->published_ns < PUBLISH_NS)
        return;
    worker->published_ns = now_ns;
    pthread_mutex_lock(&worker->lock);
    worker->published = worker->live;
    pthread_mutex_unlock(&worker->lock);
}

static bool worker_may_go_on(const struct load_worker *worker, enum load_goal goal, int64_t now_ns,
                             int64_t end_ns)
{
    return !worker->failed && now_ns < end_ns &&
           __atomic_load_n(&worker->load->stopping, __ATOMIC_RELAXED) == 0 &&
           !worker_goal_is_reached(worker, goal, now_ns);
}

static void worker_round(struct load_worker *worker, enum load_goal goal, int64_t now_ns)
{
    struct epoll_event events[EVENTS_MAX];
    bool refill = goal == GOAL_REGISTER || (goal == GOAL_RUN && worker->load->options.rate == 0);
    int64_t wait_ns = worker_wait_ns(worker, goal, now_ns);
    struct timespec time = {.tv_sec = wait_ns / NS_PER_S, .tv_nsec = wait_ns % NS_PER_S};
    int count = epoll_pwait2(worker->epoll, events, EVENTS_MAX, &time, NULL);
    for (int i = 0; i < count && !worker->failed; i++)
        worker_event(worker, events[i].data.ptr, events[i].events, refill);
    now_ns = load_now_ns();
    if (goal == GOAL_CONNECT) {
        worker_connect(worker, now_ns);
        worker_watch_connecting(worker, now_ns);
    }
    if (goal == GOAL_RUN && worker->load->options.rate > 0)
        worker_schedule(worker, now_ns);
    if (goal == GOAL_RUN)
        worker_wake_thinkers(worker, now_ns);
    if (worker->deferred && refill)
        worker_try_deferred(worker, now_ns);
    worker_ping(worker, now_ns);
    worker_publish(worker, now_ns);
}

void load_worker_run(struct load_worker *worker, enum load_goal goal, int64_t end_ns)
{
    int64_t now_ns = load_now_ns();
    worker->running = goal == GOAL_RUN || goal == GOAL_REGISTER;
    if (goal == GOAL_DRAIN)
        worker->received_ns = now_ns;
    if (goal == GOAL_RUN && worker->load->options.rate > 0 && worker->begin_ns == 0)
        worker->begin_ns = now_ns;
    if (goal == GOAL_REGISTER || (goal == GOAL_RUN && worker->load->options.rate == 0))
        worker_kick(worker, now_ns);
    while (worker_may_go_on(worker, goal, now_ns, end_ns)) {
        worker_round(worker, goal, now_ns);
        now_ns = load_now_ns();
    }
    worker->running = false;
}
