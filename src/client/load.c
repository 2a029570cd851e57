/* A load: its workers, their threads, and what they counted together. */
#include "client/load_room.h"

#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define INPUT_BYTES ((size_t)256 << 10)
#define OUTPUT_BYTES ((size_t)256 << 10)
#define TICK_NS NS_PER_S
#define FOREVER_NS (INT64_MAX / 2)

/* ---- counting together
 * --------------------------------------------------------------------------- */

static void counts_add(struct load_counts *into, const struct load_counts *from)
{
    into->sent += from->sent;
    into->sent_values += from->sent_values;
    into->acked += from->acked;
    into->acked_values += from->acked_values;
    into->refused += from->refused;
    into->received += from->received;
    into->received_bytes += from->received_bytes;
    into->stamped += from->stamped;
    into->out_of_order += from->out_of_order;
    into->reads += from->reads;
    into->lost += from->lost;
    into->unsettled += from->unsettled;
}

static void counts_subtract(struct load_counts *from, const struct load_counts *earlier)
{
    from->sent -= earlier->sent;
    from->sent_values -= earlier->sent_values;
    from->acked -= earlier->acked;
    from->acked_values -= earlier->acked_values;
    from->refused -= earlier->refused;
    from->received -= earlier->received;
    from->received_bytes -= earlier->received_bytes;
    from->stamped -= earlier->stamped;
    from->out_of_order -= earlier->out_of_order;
    from->reads -= earlier->reads;
    from->lost -= earlier->lost;
    from->unsettled -= earlier->unsettled;
}

static void live_add(struct load_live *into, const struct load_live *from)
{
    counts_add(&into->counts, &from->counts);
    latency_merge(&into->acks, &from->acks);
    latency_merge(&into->deliveries, &from->deliveries);
}

static void live_subtract(struct load_live *from, const struct load_live *earlier)
{
    counts_subtract(&from->counts, &earlier->counts);
    latency_subtract(&from->acks, &earlier->acks);
    latency_subtract(&from->deliveries, &earlier->deliveries);
}

/* running: other threads are at work, so that their published copies are read. */
static void load_gather(struct load *load, bool running, struct load_live *live)
{
    memset(live, 0, sizeof *live);
    for (uint32_t i = 0; i < load->worker_count; i++) {
        struct load_worker *worker = &load->workers[i];
        if (!running || i == 0) {
            live_add(live, &worker->live);
            continue;
        }
        pthread_mutex_lock(&worker->lock);
        live_add(live, &worker->published);
        pthread_mutex_unlock(&worker->lock);
    }
}

struct load_counts load_counts(const struct load *load)
{
    struct load_counts counts = {0};
    for (uint32_t i = 0; i < load->worker_count; i++)
        counts_add(&counts, &load->workers[i].live.counts);
    return counts;
}

uint64_t load_expected(const struct load *load)
{
    if (load->options.filter_count > 0)
        return UINT64_MAX;
    return load_counts(load).sent * (load->options.share != NULL && load->options.subscribers > 0
                                         ? 1
                                         : load->options.subscribers);
}

uint64_t load_sum(const struct load *load)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < load->worker_count; i++)
        sum += load->workers[i].sum_sent;
    return sum;
}

uint32_t load_connected(const struct load *load)
{
    uint32_t connected = 0;
    for (uint32_t i = 0; i < load->worker_count; i++)
        connected += load->workers[i].connected;
    return connected;
}

const struct load_options *load_options_of(const struct load *load)
{
    return &load->options;
}

const char *load_fault(const struct load *load)
{
    for (uint32_t i = 0; i < load->worker_count; i++)
        if (load->workers[i].fault[0] != 0)
            return load->workers[i].fault;
    return load->fault;
}

/* ---- running
 * ------------------------------------------------------------------------------------- */

struct errand { /* of one worker */
    struct load_worker *worker;
    enum load_goal goal;
    int64_t end_ns;
};

static void *errand_run(void *arg)
{
    struct errand *errand = arg;
    load_worker_run(errand->worker, errand->goal, errand->end_ns);
    return NULL;
}

/* One goal, all workers; the first on this thread, in slices of a second when there is a tick. */
struct ticker {
    bool (*tick)(struct load *load, void *arg, bool *ret_more);
    void *arg;
};

static void load_go_first(struct load *load, enum load_goal goal, int64_t end_ns,
                          const struct ticker *ticker)
{
    struct load_worker *worker = &load->workers[0];
    int64_t next_ns = load_now_ns() + TICK_NS;
    for (;;) {
        int64_t until_ns = ticker != NULL && next_ns < end_ns ? next_ns : end_ns;
        load_worker_run(worker, goal, until_ns);
        int64_t now_ns = load_now_ns();
        bool over = worker->failed || now_ns >= end_ns || now_ns < until_ns;
        bool more = true;
        if (ticker != NULL && (now_ns >= next_ns || over)) {
            next_ns += TICK_NS;
            if (!ticker->tick(load, ticker->arg, &more) || !more) {
                load_stop(load);
                return;
            }
        }
        if (over || __atomic_load_n(&load->stopping, __ATOMIC_RELAXED) != 0)
            return;
    }
}

static bool load_go(struct load *load, enum load_goal goal, int64_t end_ns,
                    const struct ticker *ticker)
{
    struct errand errands[64];
    uint32_t threads = 0;
    __atomic_store_n(&load->stopping, 0, __ATOMIC_RELAXED);
    for (uint32_t i = 1; i < load->worker_count; i++) {
        errands[i] = (struct errand){&load->workers[i], goal, end_ns};
        if (pthread_create(&load->workers[i].thread, NULL, errand_run, &errands[i]) != 0) {
            snprintf(load->fault, sizeof load->fault, "no thread could be started");
            load_stop(load);
            break;
        }
        threads = i;
    }
    load_go_first(load, goal, end_ns, ticker);
    if (load->workers[0].failed)
        load_stop(load);
    for (uint32_t i = 1; i <= threads; i++)
        pthread_join(load->workers[i].thread, NULL);
    bool good = threads + 1 == load->worker_count;
    for (uint32_t i = 0; i < load->worker_count; i++)
        good = good && !load->workers[i].failed;
    return good;
}

void load_stop(struct load *load)
{
    __atomic_store_n(&load->stopping, 1, __ATOMIC_RELAXED);
}

/* ---- connecting
 * ---------------------------------------------------------------------------------- */

static bool connecting_tick(struct load *load, void *arg, bool *ret_more)
{
    const struct load_options *options = &load->options;
    (void)arg;
    uint32_t all = options->connections + options->subscribers + options->idle;
    /* Other threads' numbers are read once they are joined; until then ours stand for all. */
    uint32_t connected = load->workers[0].connected * load->worker_count;
    *ret_more = options->connecting == NULL ||
                options->connecting(options->arg, connected < all ? connected : all, all);
    return true;
}

bool load_connect(struct load *load)
{
    for (uint32_t i = 0; i < load->worker_count; i++) {
        struct load_worker *worker = &load->workers[i];
        worker->connect_next = 0;
        worker->bursts_due = 0;
        worker->begin_ns = worker->progress_ns = load_now_ns();
        worker->failed = false;
        worker->fault[0] = 0;
    }
    load->fault[0] = 0;
    struct ticker ticker = {connecting_tick, NULL};
    bool good = load_go(load, GOAL_CONNECT, FOREVER_NS, &ticker);
    for (uint32_t i = 0; i < load->worker_count; i++)
        load->workers[i].begin_ns = 0;
    return good && load_connected(load) > 0 &&
           __atomic_load_n(&load->stopping, __ATOMIC_RELAXED) == 0;
}

void load_disconnect(struct load *load)
{
    static const uint8_t goodbye[2] = {0xE0, 0};
    for (uint32_t i = 0; i < load->worker_count; i++)
        for (uint32_t j = 0; j < load->workers[i].link_count; j++) {
            struct load_worker *worker = &load->workers[i];
            struct load_link *link = &worker->links[j];
            if (link->state == LINK_READY && link->rest_size == 0)
                (void)!load_link_send(worker, link, goodbye, sizeof goodbye);
            load_link_close(worker, link);
        }
}

void load_forget(struct load *load)
{
    for (uint32_t i = 0; i < load->worker_count; i++)
        for (uint32_t j = 0; j < load->workers[i].link_count; j++) {
            struct load_link *link = &load->workers[i].links[j];
            if (link->in_flight > 0 || link->burst_sent != link->burst_end || link->rest_size > 0)
                load->forgot = true;
            load_link_close(&load->workers[i], link);
            link->in_flight = 0;
            link->burst_begin = link->burst_sent = link->burst_end;
        }
}

/* ---- goals
 * --------------------------------------------------------------------------------------- */

static void load_end_turns(struct load *load, bool next)
{
    for (uint32_t i = 0; i < load->worker_count; i++)
        for (uint32_t j = 0; j < load->workers[i].link_count; j++) {
            struct load_link *link = &load->workers[i].links[j];
            link->turn_end = next ? link->turn + 1 : UINT32_MAX;
        }
}

bool load_register(struct load *load)
{
    load_end_turns(load, true);
    bool good = load_go(load, GOAL_REGISTER, load_now_ns() + 600 * NS_PER_S, NULL);
    load_end_turns(load, false);
    return good && load_drain(load, 120);
}

bool load_is_drained(const struct load *load)
{
    for (uint32_t i = 0; i < load->worker_count; i++)
        for (uint32_t j = 0; j < load->workers[i].link_count; j++) {
            const struct load_link *link = &load->workers[i].links[j];
            if (!load_link_is_done(link) || link->rest_size > 0)
                return false;
        }
    return !load->forgot;
}

bool load_drain(struct load *load, double seconds)
{
    load->expected = load_expected(load);
    if (!load_go(load, GOAL_DRAIN, load_now_ns() + (int64_t)(seconds * 1e9), NULL))
        return false;
    if (load_is_drained(load))
        return true;
    if (load->fault[0] == 0)
        snprintf(load->fault, sizeof load->fault,
                 "not all messages were acknowledged within %.0f s", seconds);
    return false;
}

struct run_tick { /* a load_run under way */
    int64_t begin_ns, last_ns;
    struct load_live before, now, second;
};

static bool run_tick(struct load *load, void *arg, bool *ret_more)
{
    struct run_tick *run = arg;
    int64_t now_ns = load_now_ns();
    if (load->options.tick == NULL)
        return true;
    load_gather(load, load->worker_count > 1, &run->now);
    run->second = run->now;
    live_subtract(&run->second, &run->before);
    run->before = run->now;
    struct load_second second = {.seconds = (double)(now_ns - run->begin_ns) / 1e9,
                                 .length = (double)(now_ns - run->last_ns) / 1e9,
                                 .counts = run->second.counts,
                                 .acks = run->second.acks,
                                 .deliveries = run->second.deliveries};
    run->last_ns = now_ns;
    *ret_more = load->options.tick(load->options.arg, &second);
    return true;
}

bool load_run(struct load *load, double seconds, struct load_result *ret_result)
{
    struct run_tick *run = calloc(1, sizeof *run);
    struct load_live *before = calloc(1, sizeof *before), *after = calloc(1, sizeof *after);
    check(run != NULL && before != NULL && after != NULL);
    for (uint32_t i = 0; i < load->worker_count; i++)
        load->workers[i].live.acks.max_us = load->workers[i].live.deliveries.max_us = 0;
    load_gather(load, false, before);
    for (uint32_t i = 1; i < load->worker_count; i++)
        load->workers[i].published = load->workers[i].live;
    uint64_t cpu_ns = os_cpu_ns();
    run->before = *before;
    run->begin_ns = run->last_ns = load_now_ns();
    struct ticker ticker = {run_tick, run};
    bool good = load_go(load, GOAL_RUN, run->begin_ns + (int64_t)(seconds * 1e9), &ticker);
    load_gather(load, false, after);
    live_subtract(after, before);
    if (ret_result != NULL)
        *ret_result = (struct load_result){
            .seconds = (double)(load_now_ns() - run->begin_ns) / 1e9,
            .counts = after->counts,
            .cpu_ns = os_cpu_ns() - cpu_ns,
            .acks = after->acks,
            .deliveries = after->deliveries,
        };
    free(run);
    free(before);
    free(after);
    return good;
}

/* ---- life
 * ---------------------------------------------------------------------------------------- */

/* Number `i` of `count` shares of `all`: [*ret_first, *ret_first + *ret_size). */
static void share_of(uint64_t all, uint64_t i, uint64_t count, uint32_t *ret_first,
                     uint32_t *ret_size)
{
    uint64_t first = all * i / count, end = all * (i + 1) / count;
    *ret_first = (uint32_t)first;
    *ret_size = (uint32_t)(end - first);
}

static void publisher_init(const struct load *load, struct load_link *link)
{
    uint32_t topics = load->metrics ? load->devices : load->topics;
    if (topics >= load->options.connections) {
        share_of(topics, link->number, load->options.connections, &link->first, &link->count);
    } else { /* fewer topics than connections: several publish to one */
        link->first = link->number % topics;
        link->count = 1;
    }
    link->turn_end = UINT32_MAX;
}

static enum err worker_init_links(struct load_worker *worker)
{
    const struct load *load = worker->load;
    const struct load_options *options = &load->options;
    uint32_t first[3], count[3];
    const uint32_t all[3] = {options->subscribers, options->connections, options->idle};
    for (int role = 0; role < 3; role++)
        share_of(all[role], worker->number, load->worker_count, &first[role], &count[role]);
    worker->subscriber_count = count[0];
    worker->publisher_count = count[1];
    worker->link_count = count[0] + count[1] + count[2];
    worker->links = calloc(worker->link_count + (size_t)1, sizeof *worker->links);
    worker->thinker_capacity = count[1] + 1;
    worker->thinkers = calloc(worker->thinker_capacity, sizeof *worker->thinkers);
    if (worker->links == NULL || worker->thinkers == NULL)
        return ERR_NO_MEMORY;
    bool checked = !load->metrics && options->payload_count == 0 &&
                   options->payload_bytes >= LOAD_STAMP_BYTES &&
                   (uint64_t)options->subscribers * options->connections <= PAIRS_MAX;
    struct load_link *link = worker->links;
    for (uint8_t role = 0; role < 3; role++)
        for (uint32_t i = 0; i < count[role]; i++, link++) {
            link->fd = -1;
            link->role = role;
            link->number = first[role] + i;
            if (role == LINK_PUBLISHER)
                publisher_init(load, link);
            if (role != LINK_SUBSCRIBER || !checked)
                continue;
            link->expected = calloc(options->connections + (size_t)1, sizeof *link->expected);
            if (link->expected == NULL)
                return ERR_NO_MEMORY;
        }
    return OK;
}

static enum err worker_init(struct load *load, uint32_t number)
{
    struct load_worker *worker = &load->workers[number];
    worker->load = load;
    worker->number = number;
    worker->random = UINT64_C(88172645463325252) + number;
    pthread_mutex_init(&worker->lock, NULL);
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (worker->epoll < 0)
        return ERR_LIMIT;
    worker->input_capacity = INPUT_BYTES;
    worker->output_capacity = OUTPUT_BYTES > load->message_max ? OUTPUT_BYTES : load->message_max;
    worker->answers_capacity = (size_t)64 << 10;
    worker->input = malloc(worker->input_capacity);
    worker->output = malloc(worker->output_capacity);
    worker->answers = malloc(worker->answers_capacity);
    if (worker->input == NULL || worker->output == NULL || worker->answers == NULL)
        return ERR_NO_MEMORY;
    return worker_init_links(worker);
}

static enum err load_init_options(struct load *load)
{
    struct load_options *options = &load->options;
    struct timespec wall;
    clock_gettime(CLOCK_REALTIME, &wall);
    load->base_ms = (int64_t)wall.tv_sec * 1000;
    os_random(&load->run, sizeof load->run);
    load->metrics = options->values > 0;
    options->version = options->version == 0 ? MQTT_5 : options->version;
    options->threads = options->threads == 0 ? 1 : options->threads;
    options->burst = options->burst == 0 ? 1 : options->burst;
    options->period_ms = options->period_ms == 0 ? 1000 : options->period_ms;
    if (options->id_prefix == NULL)
        options->id_prefix = "load";
    if (options->prefix == NULL && !load->metrics)
        options->prefix = "load";
    load->topics = options->topics == 0 ? options->connections : options->topics;
    load->devices = load->metrics ? options->points / options->values : 0;
    load->messages_per_turn = load->metrics && options->single ? options->values : 1;
    load->values_per_message = load->metrics && !options->single ? options->values : 1;
    bool good = options->threads <= 64 && options->values <= LOAD_METRICS_MAX &&
                options->filter_count <= LOAD_FILTERS_MAX && options->qos <= 2 &&
                options->subscriber_qos <= 2 && options->version >= MQTT_3_1_1 &&
                options->version <= MQTT_5 && options->in_flight <= IN_FLIGHT_MAX &&
                (options->prefix == NULL || strlen(options->prefix) <= 256) &&
                (!load->metrics || load->devices >= options->connections);
    return good ? OK : ERR_INVALID;
}

enum err load_create(const struct load_options *options, struct load **ret_load)
{
    struct load *load = calloc(1, sizeof *load);
    if (load == NULL)
        return ERR_NO_MEMORY;
    load->options = *options;
    enum err err = load_init_options(load);
    if (err == OK)
        err = load_message_init(load);
    if (err == OK) {
        load->workers = calloc(load->options.threads, sizeof *load->workers);
        err = load->workers == NULL ? ERR_NO_MEMORY : OK;
    }
    while (err == OK && load->worker_count < load->options.threads)
        load->worker_count++;
    for (uint32_t i = 0; err == OK && i < load->worker_count; i++)
        err = worker_init(load, i);
    if (err == OK)
        *ret_load = load;
    else
        load_destroy(load);
    return err;
}

static void worker_done(struct load_worker *worker)
{
    for (uint32_t i = 0; worker->links != NULL && i < worker->link_count; i++) {
        load_link_close(worker, &worker->links[i]);
        free(worker->links[i].bursts);
        free(worker->links[i].expected);
    }
    if (worker->epoll > 0)
        close(worker->epoll);
    pthread_mutex_destroy(&worker->lock);
    free(worker->links);
    free(worker->thinkers);
    free(worker->input);
    free(worker->sealed);
    tls_ticket_destroy(worker->ticket);
    free(worker->output);
    free(worker->answers);
}

void load_destroy(struct load *load)
{
    if (load == NULL)
        return;
    for (uint32_t i = 0; i < load->worker_count; i++)
        if (load->workers[i].load != NULL)
            worker_done(&load->workers[i]);
    free(load->workers);
    free(load->values);
    free(load);
}
