/* Threads that run questions in turn. A run is on one of its tenant's queues (turns.c), or on a
 * thread, or waits for its blocks to be taken, or is over:
 *
 *   begin -> fresh ----> thread: steps for SLICE_NS -> seasoned -> thread ...
 *                           |  block is full -> waits -> (taken) -> seasoned
 *                           '-> over: told, kept until it is cancelled
 *
 * The mutex guards queues and blocks; what a run computes with is its thread's alone while
 * `running`. Blocks are handed over whole. */
#include "query/run.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define SLICE_NS (2 * NS_PER_MS)
#define READY_MOST (4 * QUERY_BLOCK_BYTES) /* of a run, before it waits */
#define THREADS_MAX 64

struct query_pool {
    struct disk *zones;
    _Atomic uint64_t memory_used, memory_most;
    _Atomic int64_t time_ns;
    _Atomic bool several; /* a tenant asked beside the house's own */
    int event_fd;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t wake;
    struct link all, waiting, news;
    struct query_turns turns;
    bool stop;
    size_t runs; /* not freed yet */
    pthread_cond_t gone;
    struct query_counters counters;
    unsigned threads;
    pthread_t thread[THREADS_MAX];
};

static int64_t pool_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void event_raise(int fd)
{
    uint64_t one = 1;
    while (write(fd, &one, sizeof one) < 0)
        check(errno == EINTR);
}

/* ---- runs, under the mutex --------------------------------------------------------------------
 */
static void run_tell(struct query_pool *pool, struct query_run *run)
{
    if (run->forgotten || !link_is_alone(&run->news))
        return;
    bool silent = link_is_alone(&pool->news);
    link_put(&pool->news, &run->news);
    if (silent)
        event_raise(pool->event_fd);
}

static void blocks_free(struct query_run *run)
{
    while (run->first != NULL) {
        struct block *block = run->first;
        run->first = block->next;
        free(block->at);
        free(block);
    }
    run->last = &run->first;
    if (run->taken != NULL) {
        free(run->taken->at);
        free(run->taken);
        run->taken = NULL;
    }
    run->ready = 0;
}

/* The last of a run: closed, and nobody knows it any more. */
static void run_free(struct query_pool *pool, struct query_run *run)
{
    link_take(&run->all);
    check(link_is_alone(&run->turn));
    link_take(&run->news);
    query_party_leave(run->party);
    blocks_free(run);
    free(run);
    if (--pool->runs == 0)
        pthread_cond_signal(&pool->gone);
}

/* One that waited. */
static void run_go_on(struct query_pool *pool, struct query_run *run)
{
    run->waits = false;
    link_take(&run->turn);
    query_turns_put(run->party, &run->turn, false);
    pthread_cond_signal(&pool->wake);
}

static void run_forget(struct query_pool *pool, struct query_run *run)
{
    run->forgotten = true;
    atomic_store(&run->cancelled, true);
    link_take(&run->news);
    if (run->over)
        run_free(pool, run);
    else if (run->waits)
        run_go_on(pool, run);
}

static void run_count(struct query_pool *pool, const struct query_run *run)
{
    struct query_counters *counters = &pool->counters;
    uint64_t *ends[] = {
        [QUERY_RUNS] = &counters->cancelled, [QUERY_DONE] = &counters->done,
        [QUERY_TIME] = &counters->timed_out, [QUERY_MEMORY] = &counters->out_of_memory,
        [QUERY_ZONE] = &counters->failed,    [QUERY_WRONG] = &counters->failed,
        [QUERY_FAILED] = &counters->failed};
    ++*ends[run->end];
    counters->samples += run->cost.samples;
    counters->chunks += run->cost.chunks;
    counters->summaries += run->cost.summaries;
    counters->bytes += run->cost.bytes;
    counters->ns += run->cost.ns;
}

static struct query_run *run_next(struct query_pool *pool)
{
    struct link *turn = query_turns_next(&pool->turns, UINT32_MAX);
    return turn != NULL ? LINK_OWNER(turn, struct query_run, turn) : NULL;
}

/* ---- a slice, without the mutex ---------------------------------------------------------------
 */
static bool block_compress(struct query_run *run, struct bytes text, bool last, struct block *block)
{
    size_t capacity = text.size / 2 + 4096, used = 0, offset = 0;
    if (run->gzip == NULL && http_gzip_create(1, &run->gzip) != OK)
        return false;
    uint8_t *at = malloc(capacity);
    while (at != NULL) {
        struct http_gzip_step step =
            http_gzip_put(run->gzip, bytes_of(text.at + offset, text.size - offset), at + used,
                          capacity - used, last ? HTTP_GZIP_FINISH : HTTP_GZIP_GATHER);
        offset += step.used;
        used += step.written;
        if (step.done)
            break;
        capacity *= 2;
        uint8_t *grown = realloc(at, capacity);
        if (grown == NULL)
            free(at);
        at = grown;
    }
    block->at = at;
    block->size = used;
    return at != NULL;
}

static void text_free(struct bytes text)
{
    uint8_t *at; /* it was the sheet's, who gave it away */
    memcpy(&at, &text.at, sizeof at);
    free(at);
}

/* What is on the sheet as a block; *ret_block NULL: nothing is. False: no memory. */
static bool block_make(struct query_run *run, bool last, struct block **ret_block)
{
    bool compress = run->request.gzip && (run->gzip != NULL || !last);
    *ret_block = NULL;
    if (run->sheet.size == 0 && !(compress && last))
        return true;
    struct block *block = calloc(1, sizeof *block);
    if (block == NULL)
        return false;
    struct bytes text = sheet_take(&run->sheet);
    if (compress) {
        bool made = block_compress(run, text, last, block);
        text_free(text);
        if (!made) {
            free(block);
            return false;
        }
        if (block->size == 0) { /* all of it is still in the compressor: there is nothing to take */
            free(block->at);
            free(block);
            return true;
        }
    } else {
        memcpy(&block->at, &text.at, sizeof block->at);
        block->size = text.size;
    }
    *ret_block = block;
    return true;
}

static enum err run_slice(struct query_pool *pool, struct query_run *run)
{
    int64_t began_ns = pool_now_ns(), now_ns = began_ns, before_ns = run->cost.ns;
    int64_t most_ns = atomic_load(&pool->time_ns);
    enum err err = ERR_BUSY;
    while (err == ERR_BUSY && run->sheet.size < QUERY_BLOCK_BYTES && now_ns - began_ns < SLICE_NS &&
           !atomic_load(&run->cancelled)) {
        err = run_step(run, pool->zones);
        now_ns = pool_now_ns();
        run->cost.ns = before_ns + (now_ns - began_ns);
        if (err == ERR_BUSY && run->cost.ns > most_ns)
            err = run_fail(run, QUERY_TIME,
                           "a question may work for %lld ms (setting query.time): ask for less, "
                           "or for larger steps",
                           (long long)(most_ns / NS_PER_MS));
    }
    return err;
}

/* Puts what a slice wrote where it can be taken, and the run where it belongs. */
static void run_sliced(struct query_pool *pool, struct query_run *run, enum err err,
                       struct block *block)
{
    bool compressed = run->gzip != NULL;
    if (err != ERR_BUSY)
        run_close(run);
    pthread_mutex_lock(&pool->mutex);
    run->running = false;
    pool->counters.running--;
    query_party_done(run->party);
    if (block != NULL) {
        *run->last = block;
        run->last = &block->next;
        run->ready += block->size;
        run->told_gzip = compressed;
    }
    if (err != ERR_BUSY) {
        run->over = true;
        run_count(pool, run);
    }
    if (run->forgotten && run->over)
        run_free(pool, run);
    else if (run->over || block != NULL)
        run_tell(pool, run);
    if (err == ERR_BUSY) {
        run->waits = run->ready >= READY_MOST && !run->forgotten;
        if (run->waits)
            link_put(&pool->waiting, &run->turn);
        else
            query_turns_put(run->party, &run->turn, false);
    }
    pthread_mutex_unlock(&pool->mutex);
}

static void pool_turn(struct query_pool *pool, struct query_run *run)
{
    struct block *block = NULL;
    enum err err = run_slice(pool, run);
    if (atomic_load(&run->cancelled) && err == ERR_BUSY)
        err = OK; /* counted as cancelled: its end is still QUERY_RUNS */
    bool last = err != ERR_BUSY;
    if ((last && run->end == QUERY_DONE) || (!last && run->sheet.size >= QUERY_BLOCK_BYTES))
        if (!block_make(run, last, &block))
            err = run_no_memory(run);
    run_sliced(pool, run, err, block);
}

static void *pool_thread(void *arg)
{
    struct query_pool *pool = arg;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        struct query_run *run = run_next(pool);
        if (run == NULL) {
            if (pool->stop)
                break;
            pthread_cond_wait(&pool->wake, &pool->mutex);
            continue;
        }
        run->running = true;
        pool->counters.running++;
        pthread_mutex_unlock(&pool->mutex);
        pool_turn(pool, run);
        pthread_mutex_lock(&pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

/* ---- the pool ---------------------------------------------------------------------------------
 */
static enum err threads_start(struct query_pool *pool, unsigned threads)
{
    sigset_t all, before;
    sigfillset(&all);
    check(pthread_sigmask(SIG_BLOCK, &all, &before) == 0);
    for (; pool->threads < threads && pool->threads < THREADS_MAX; pool->threads++) {
        if (pthread_create(&pool->thread[pool->threads], NULL, pool_thread, pool) != 0)
            break;
        char name[16];
        snprintf(name, sizeof name, "query-%u", pool->threads % 100);
        pthread_setname_np(pool->thread[pool->threads], name);
    }
    check(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    return pool->threads > 0 ? OK : ERR_NO_MEMORY;
}

enum err query_pool_create(const struct query_pool_config *config, struct query_pool **ret_pool)
{
    const char *folder = config->zones != NULL ? config->zones : QUERY_ZONES_FOLDER;
    struct query_pool *pool = calloc(1, sizeof *pool);
    if (pool == NULL)
        return ERR_NO_MEMORY;
    struct link *lists[] = {&pool->all, &pool->waiting, &pool->news};
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
        link_init(lists[i]);
    query_turns_init(&pool->turns);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->gone, NULL);
    query_pool_limits(pool, config->memory, config->time_ns);
    if (disk_real_open(folder, false, &pool->zones) != OK)
        pool->zones = NULL; /* without tzdata there is UTC alone */
    pool->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum err err = pool->event_fd < 0 ? ERR_LIMIT : threads_start(pool, config->threads);
    if (err != OK) {
        query_pool_destroy(pool);
        return err;
    }
    *ret_pool = pool;
    return OK;
}

void query_pool_limits(struct query_pool *pool, uint64_t memory, int64_t time_ns)
{
    atomic_store(&pool->memory_most, memory);
    atomic_store(&pool->time_ns, time_ns);
}

void query_pool_destroy(struct query_pool *pool)
{
    if (pool == NULL)
        return;
    pthread_mutex_lock(&pool->mutex);
    for (struct link *at = pool->all.next, *next; at != &pool->all; at = next) {
        next = at->next; /* of runs that nobody cancelled the askers are gone */
        run_forget(pool, LINK_OWNER(at, struct query_run, all));
    }
    while (pool->runs > 0)
        pthread_cond_wait(&pool->gone, &pool->mutex);
    pool->stop = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (unsigned i = 0; i < pool->threads; i++)
        pthread_join(pool->thread[i], NULL);
    if (pool->event_fd >= 0)
        close(pool->event_fd);
    disk_real_close(pool->zones);
    pthread_mutex_destroy(&pool->mutex);
    pthread_cond_destroy(&pool->wake);
    pthread_cond_destroy(&pool->gone);
    free(pool);
}

int query_pool_fd(const struct query_pool *pool)
{
    return pool->event_fd;
}

size_t query_pool_poll(struct query_pool *pool)
{
    uint64_t raised;
    size_t count = 0;
    if (read(pool->event_fd, &raised, sizeof raised) < 0)
        return 0;
    pthread_mutex_lock(&pool->mutex);
    struct link now;
    link_init(&now);
    link_move_all(&now, &pool->news); /* what is told meanwhile raises the event again */
    while (!link_is_alone(&now)) {
        struct query_run *run = LINK_OWNER(now.next, struct query_run, news);
        link_take(&run->news);
        void (*tell_news)(void *) = run->tell_news;
        void *arg = run->arg;
        pthread_mutex_unlock(&pool->mutex);
        tell_news(arg);
        count++;
        pthread_mutex_lock(&pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return count;
}

void query_pool_describe(struct query_pool *pool, struct query_counters *ret_counters)
{
    pthread_mutex_lock(&pool->mutex);
    *ret_counters = pool->counters;
    ret_counters->waiting = pool->turns.waiting;
    pthread_mutex_unlock(&pool->mutex);
    ret_counters->memory = atomic_load(&pool->memory_used);
}

/* ---- a run, from outside ----------------------------------------------------------------------
 */
/* It has its tenant's turns, and memory to begin with. */
static enum err run_enter(struct query_pool *pool, struct query_run *run)
{
    uint32_t tenant = query_selection_tenant(run->selection);
    if (tenant != TENANT_DEFAULT)
        atomic_store(&pool->several, true);
    pthread_mutex_lock(&pool->mutex);
    run->party = query_party_enter(&pool->turns, tenant);
    pthread_mutex_unlock(&pool->mutex);
    if (run->party == NULL)
        return ERR_NO_MEMORY;
    run->purse = (struct purse){.used = &pool->memory_used,
                                .most = &pool->memory_most,
                                .of_tenant = query_party_memory(run->party),
                                .several = &pool->several};
    return purse_take(&run->purse, RUN_BYTES + query_selection_bytes(run->selection)) ? OK
                                                                                      : ERR_LIMIT;
}

/* One that was never on a queue. */
static void run_drop(struct query_pool *pool, struct query_run *run)
{
    history_view_close(run->view);
    query_selection_destroy(run->selection);
    pthread_mutex_lock(&pool->mutex);
    query_party_leave(run->party);
    pthread_mutex_unlock(&pool->mutex);
    free(run);
}

enum err query_run_begin(struct query_pool *pool, struct query_selection *selection,
                         struct history_view *view, const struct query_request *request,
                         void (*news)(void *arg), void *arg, struct query_run **ret_run)
{
    struct query_run *run = calloc(1, sizeof *run);
    if (run == NULL) {
        history_view_close(view);
        query_selection_destroy(selection);
        return ERR_NO_MEMORY;
    }
    run->pool = pool;
    run->request = *request;
    run->selection = selection;
    run->view = view;
    run->tell_news = news;
    run->arg = arg;
    run->last = &run->first;
    link_init(&run->turn);
    link_init(&run->news);
    enum err err = run_enter(pool, run);
    if (err != OK) {
        run_drop(pool, run);
        return err;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->runs++;
    pool->counters.begun++;
    link_put(&pool->all, &run->all);
    query_turns_put(run->party, &run->turn, true);
    pthread_cond_signal(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    *ret_run = run;
    return OK;
}

void query_run_cancel(struct query_run *run)
{
    if (run == NULL)
        return;
    struct query_pool *pool = run->pool;
    pthread_mutex_lock(&pool->mutex);
    run_forget(pool, run);
    pthread_mutex_unlock(&pool->mutex);
}

struct bytes query_run_take(struct query_run *run)
{
    struct query_pool *pool = run->pool;
    struct bytes bytes = bytes_of(NULL, 0);
    pthread_mutex_lock(&pool->mutex);
    if (run->taken != NULL) {
        free(run->taken->at);
        free(run->taken);
        run->taken = NULL;
    }
    struct block *block = run->first;
    if (block != NULL) {
        run->first = block->next;
        if (run->first == NULL)
            run->last = &run->first;
        run->ready -= block->size;
        run->taken = block;
        bytes = bytes_of(block->at, block->size);
    }
    if (run->waits && run->ready < READY_MOST / 2)
        run_go_on(pool, run);
    pthread_mutex_unlock(&pool->mutex);
    return bytes;
}

void query_run_status(struct query_run *run, struct query_status *ret_status)
{
    struct query_pool *pool = run->pool;
    pthread_mutex_lock(&pool->mutex);
    *ret_status = (struct query_status){
        .end = run->over ? run->end : QUERY_RUNS, .ready = run->ready, .gzip = run->told_gzip};
    if (run->over)
        memcpy(ret_status->fault, run->fault, sizeof ret_status->fault);
    pthread_mutex_unlock(&pool->mutex);
}
