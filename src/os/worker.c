/* The worker: one thread for what blocks (a synced write takes a disk's time), so that the thread
 * that reads sockets never waits. Jobs run and are told in the order of their submission.
 *
 *   owner            | worker's thread
 *   submit --> todo --> run --> finished --> poll calls done()
 *                                   \--> eventfd becomes readable
 *
 * The inline worker runs a job inside submit and keeps done() for poll, as the real one does. */
#include "os/os.h"

#include "os/error.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct queue {
    struct job *first;
    struct job **last; /* where the next one is linked */
};

static void queue_init(struct queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void queue_add(struct queue *queue, struct job *job)
{
    job->next = NULL;
    *queue->last = job;
    queue->last = &job->next;
}

static struct job *queue_take(struct queue *queue)
{
    struct job *job = queue->first;
    if (job != NULL) {
        queue->first = job->next;
        if (queue->first == NULL)
            queue->last = &queue->first;
    }
    return job;
}

/* Calls done() of a chain of jobs; done() may free the job or submit it again. */
static size_t chain_tell(struct job *job)
{
    size_t count = 0;
    while (job != NULL) {
        struct job *next = job->next;
        job->done(job);
        job = next;
        count++;
    }
    return count;
}

/* ---- the thread -------------------------------------------------------------------------------
 */
struct worker_thread {
    struct worker port;
    pthread_t thread;
    int event_fd;
    pthread_mutex_t mutex; /* guards all below */
    pthread_cond_t wake;   /* of the thread: there is a job, or stop */
    pthread_cond_t idle;   /* of the owner: nothing is left to run */
    struct queue todo, finished;
    bool running, stop;
};

static struct worker_thread *worker_of(struct worker *port)
{
    return (struct worker_thread *)port;
}

static void event_raise(int fd)
{
    uint64_t one = 1;
    while (write(fd, &one, sizeof one) < 0)
        check(errno == EINTR);
}

static void event_lower(int fd)
{
    uint64_t count;
    while (read(fd, &count, sizeof count) < 0)
        if (errno != EINTR)
            return;
}

static void *worker_main(void *arg)
{
    struct worker_thread *worker = arg;
    pthread_mutex_lock(&worker->mutex);
    for (;;) {
        struct job *job = queue_take(&worker->todo);
        if (job == NULL) {
            pthread_cond_signal(&worker->idle);
            if (worker->stop)
                break;
            pthread_cond_wait(&worker->wake, &worker->mutex);
            continue;
        }
        worker->running = true;
        pthread_mutex_unlock(&worker->mutex);
        job->run(job);
        pthread_mutex_lock(&worker->mutex);
        worker->running = false;
        /* Raised and lowered under the mutex: readable exactly while something is finished. */
        if (worker->finished.first == NULL)
            event_raise(worker->event_fd);
        queue_add(&worker->finished, job);
    }
    pthread_mutex_unlock(&worker->mutex);
    return NULL;
}

static void worker_submit(struct worker *port, struct job *job)
{
    struct worker_thread *worker = worker_of(port);
    pthread_mutex_lock(&worker->mutex);
    queue_add(&worker->todo, job);
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->mutex);
}

static size_t worker_poll(struct worker *port)
{
    struct worker_thread *worker = worker_of(port);
    pthread_mutex_lock(&worker->mutex);
    struct job *chain = worker->finished.first;
    if (chain != NULL) {
        queue_init(&worker->finished);
        event_lower(worker->event_fd);
    }
    pthread_mutex_unlock(&worker->mutex);
    return chain_tell(chain);
}

static void worker_wait(struct worker *port)
{
    struct worker_thread *worker = worker_of(port);
    pthread_mutex_lock(&worker->mutex);
    while (worker->todo.first != NULL || worker->running)
        pthread_cond_wait(&worker->idle, &worker->mutex);
    pthread_mutex_unlock(&worker->mutex);
}

static int worker_fd(struct worker *port)
{
    return worker_of(port)->event_fd;
}

static void worker_free(struct worker_thread *worker)
{
    pthread_mutex_destroy(&worker->mutex);
    pthread_cond_destroy(&worker->wake);
    pthread_cond_destroy(&worker->idle);
    if (worker->event_fd >= 0)
        close(worker->event_fd);
    free(worker);
}

static void worker_destroy(struct worker *port)
{
    struct worker_thread *worker = worker_of(port);
    pthread_mutex_lock(&worker->mutex);
    worker->stop = true;
    pthread_cond_signal(&worker->wake);
    pthread_mutex_unlock(&worker->mutex);
    check(pthread_join(worker->thread, NULL) == 0);
    worker_free(worker);
}

/* Signals belong to the thread that reads them: the worker starts with all of them blocked. */
static int worker_start(struct worker_thread *worker, const char *name)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&worker->thread, NULL, worker_main, worker);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error == 0)
        (void)pthread_setname_np(worker->thread, name);
    return error;
}

enum err worker_thread_create(const char *name, struct worker **ret_worker)
{
    check(strlen(name) <= 15);
    struct worker_thread *worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        return ERR_NO_MEMORY;
    worker->port = (struct worker){.submit = worker_submit,
                                   .poll = worker_poll,
                                   .wait = worker_wait,
                                   .fd = worker_fd,
                                   .destroy = worker_destroy};
    pthread_mutex_init(&worker->mutex, NULL);
    pthread_cond_init(&worker->wake, NULL);
    pthread_cond_init(&worker->idle, NULL);
    queue_init(&worker->todo);
    queue_init(&worker->finished);
    worker->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = worker->event_fd < 0 ? errno : worker_start(worker, name);
    if (error != 0) {
        worker_free(worker);
        /* pthread_create says EAGAIN when the number of threads is exhausted. */
        return error == EAGAIN ? ERR_LIMIT : os_err(error);
    }
    *ret_worker = &worker->port;
    return OK;
}

/* ---- inline -----------------------------------------------------------------------------------
 */
struct worker_inline {
    struct worker port;
    struct queue finished;
};

static void inline_submit(struct worker *port, struct job *job)
{
    job->run(job);
    queue_add(&((struct worker_inline *)port)->finished, job);
}

static size_t inline_poll(struct worker *port)
{
    struct worker_inline *worker = (struct worker_inline *)port;
    struct job *chain = worker->finished.first;
    queue_init(&worker->finished);
    return chain_tell(chain);
}

static void inline_wait(struct worker *port)
{
    (void)port;
}

static int inline_fd(struct worker *port)
{
    (void)port;
    return -1;
}

static void inline_destroy(struct worker *port)
{
    free(port);
}

enum err worker_inline_create(struct worker **ret_worker)
{
    struct worker_inline *worker = calloc(1, sizeof *worker);
    if (worker == NULL)
        return ERR_NO_MEMORY;
    worker->port = (struct worker){.submit = inline_submit,
                                   .poll = inline_poll,
                                   .wait = inline_wait,
                                   .fd = inline_fd,
                                   .destroy = inline_destroy};
    queue_init(&worker->finished);
    *ret_worker = &worker->port;
    return OK;
}
