/* Publishing: bursts that are due, as far as the window and the socket allow, and what becomes of
 * them. */
#include "client/load_room.h"

#include <stdlib.h>

/* ---- bursts
 * -------------------------------------------------------------------------------------- */

static struct burst *link_burst(const struct load_link *link, uint32_t number)
{
    return &link->bursts[number & (link->burst_capacity - 1)];
}

static bool link_grow_bursts(struct load_link *link)
{
    uint32_t used = link->burst_end - link->burst_begin;
    uint32_t capacity = link->burst_capacity == 0 ? 4 : link->burst_capacity * 2;
    if (used < link->burst_capacity)
        return true;
    struct burst *bursts = capacity <= BURSTS_MAX ? malloc(capacity * sizeof *bursts) : NULL;
    if (bursts == NULL)
        return false;
    for (uint32_t i = link->burst_begin; i != link->burst_end; i++)
        bursts[i & (capacity - 1)] = *link_burst(link, i);
    free(link->bursts);
    link->bursts = bursts;
    link->burst_capacity = capacity;
    return true;
}

static void link_pop_bursts(struct load_link *link)
{
    while (link->burst_begin != link->burst_sent &&
           link_burst(link, link->burst_begin)->unacked == 0)
        link->burst_begin++;
}

bool load_link_is_done(const struct load_link *link)
{
    return link->in_flight == 0 && link->burst_sent == link->burst_end;
}

/* ---- sending
 * ------------------------------------------------------------------------------------- */

/* Messages into the output, as many as it takes; returns their number. */
static uint32_t link_fill(struct load_worker *worker, struct load_link *link, int64_t due_ns,
                          uint32_t count, size_t *ret_size)
{
    size_t size = 0;
    uint32_t put = 0;
    while (put < count && link->turn < link->turn_end &&
           size + worker->load->message_max <= worker->output_capacity) {
        size += load_message_put(worker, link, due_ns, worker->output + size);
        put++;
    }
    *ret_size = size;
    return put;
}

static void link_count_sent(struct load_worker *worker, struct load_link *link, struct burst *burst,
                            uint32_t put)
{
    struct load *load = worker->load;
    struct load_counts *counts = &worker->live.counts;
    uint64_t values = (uint64_t)put * load->values_per_message;
    counts->sent += put;
    counts->sent_values += values;
    burst->unsent -= put;
    if (load->options.qos > 0) {
        link->in_flight += put;
    } else {
        burst->unacked -= put;
        counts->acked += put;
        counts->acked_values += values;
    }
    if (load->options.ahead > 0)
        __atomic_fetch_add(&load->shared_sent, put, __ATOMIC_RELAXED);
}

bool load_link_advance(struct load_worker *worker, struct load_link *link)
{
    bool acknowledged = worker->load->options.qos > 0;
    while (link->state == LINK_READY && link->burst_sent != link->burst_end &&
           link->rest_size == 0) {
        struct burst *burst = link_burst(link, link->burst_sent);
        uint32_t room = acknowledged ? link->window - link->in_flight : UINT32_MAX;
        uint32_t count = burst->unsent < room ? burst->unsent : room;
        if (room == 0)
            return true;
        size_t size;
        uint32_t put = link_fill(worker, link, burst->due_ns, count, &size);
        link_count_sent(worker, link, burst, put);
        if (link->turn >= link->turn_end) { /* what was asked for is over */
            burst->unacked -= burst->unsent;
            burst->unsent = 0;
        }
        if (burst->unsent == 0)
            link->burst_sent++;
        link_pop_bursts(link);
        if (!load_link_send(worker, link, worker->output, size))
            return false;
    }
    return true;
}

bool load_link_due(struct load_worker *worker, struct load_link *link, uint32_t messages,
                   int64_t due_ns)
{
    if (link->state != LINK_READY)
        return true;
    if (!link_grow_bursts(link))
        return load_link_lose(worker, link,
                              "a connection is %u bursts behind: the rate is more than the server "
                              "takes",
                              BURSTS_MAX);
    *link_burst(link, link->burst_end++) =
        (struct burst){.due_ns = due_ns, .unsent = messages, .unacked = messages};
    return load_link_advance(worker, link);
}

/* ---- without a rate
 * ------------------------------------------------------------------------------ */

/* Subscribers are far behind: nothing new until they have caught up. */
static bool link_must_wait(struct load_worker *worker)
{
    struct load *load = worker->load;
    if (load->options.ahead == 0 || load->options.subscribers == 0)
        return false;
    uint64_t each = load->options.share != NULL ? 1 : load->options.subscribers;
    uint64_t sent = __atomic_load_n(&load->shared_sent, __ATOMIC_RELAXED);
    uint64_t delivered = __atomic_load_n(&load->shared_delivered, __ATOMIC_RELAXED) / each;
    bool wait = sent > delivered && sent - delivered >= load->options.ahead;
    if (wait && !worker->deferred)
        worker->deferred_ns = load_now_ns();
    worker->deferred = wait;
    return wait;
}

static void link_think(struct load_worker *worker, struct load_link *link, int64_t now_ns)
{
    if (link->thinking)
        return;
    link->thinking = true;
    worker->thinkers[worker->thinker_end++ % worker->thinker_capacity] = (struct thinker){
        .due_ns = now_ns + (int64_t)(worker->load->options.think_s * 1e9), .link = link};
}

bool load_link_refill(struct load_worker *worker, struct load_link *link, int64_t now_ns)
{
    const struct load_options *options = &worker->load->options;
    if (link->state != LINK_READY || link->burst_sent != link->burst_end || link->rest_size > 0 ||
        link->thinking || link->turn >= link->turn_end || link_must_wait(worker))
        return true;
    uint32_t messages = options->burst;
    if (options->qos > 0 && options->in_flight > 0) {
        uint32_t most = options->in_flight < link->window ? options->in_flight : link->window;
        messages = link->in_flight < most ? most - link->in_flight : 0;
    } else if (link->in_flight > 0) {
        messages = 0;
    } else if (options->think_s > 0 && link->sequence > 0) {
        link_think(worker, link, now_ns);
        messages = 0;
    }
    return messages == 0 || load_link_due(worker, link, messages, now_ns);
}

/* ---- acknowledgements
 * ---------------------------------------------------------------------------- */

bool load_link_acked(struct load_worker *worker, struct load_link *link, uint16_t packet_id,
                     bool refused, int64_t now_ns)
{
    uint16_t expected = (uint16_t)(link->acked_id == 65535 ? 1 : link->acked_id + 1);
    bool in_order = packet_id == expected || worker->load->options.qos == 2;
    if (!in_order || link->in_flight == 0)
        return load_link_lose(worker, link,
                              "acknowledgements come in another order than the messages were "
                              "sent: %u where %u is due",
                              packet_id, expected);
    struct load_counts *counts = &worker->live.counts;
    link->acked_id = packet_id;
    link->in_flight--;
    counts->refused += refused;
    counts->acked++;
    counts->acked_values += worker->load->values_per_message;
    struct burst *burst = link_burst(link, link->burst_begin);
    int64_t took_ns = now_ns - burst->due_ns;
    latency_add(&worker->live.acks, took_ns > 0 ? (uint64_t)(took_ns / NS_PER_US) : 0, 1);
    if (--burst->unacked == 0)
        link_pop_bursts(link);
    return true;
}
