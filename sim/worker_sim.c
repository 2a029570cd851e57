/* Jobs wait in a queue until the simulator runs one, or until somebody waits for all of them. */
#include "worker_sim.h"

static void sim_submit(struct worker *port, struct job *job)
{
    struct worker_sim *worker = (struct worker_sim *)port;
    job->next = NULL;
    *worker->todo_last = job;
    worker->todo_last = &job->next;
    worker->waiting++;
}

bool worker_sim_run(struct worker_sim *worker)
{
    struct job *job = worker->todo;
    if (job == NULL)
        return false;
    worker->todo = job->next;
    if (worker->todo == NULL)
        worker->todo_last = &worker->todo;
    worker->waiting--;
    job->next = NULL;
    job->run(job);
    *worker->finished_last = job;
    worker->finished_last = &job->next;
    return true;
}

static size_t sim_poll(struct worker *port)
{
    struct worker_sim *worker = (struct worker_sim *)port;
    struct job *job = worker->finished;
    size_t count = 0;
    worker->finished = NULL;
    worker->finished_last = &worker->finished;
    while (job != NULL) {
        struct job *next = job->next;
        job->done(job);
        job = next;
        count++;
    }
    return count;
}

static void sim_wait(struct worker *port)
{
    while (worker_sim_run((struct worker_sim *)port)) {
    }
}

static int sim_fd(struct worker *port)
{
    (void)port;
    return -1;
}

static void sim_destroy(struct worker *port)
{
    sim_wait(port);
}

void worker_sim_reset(struct worker_sim *worker)
{
    worker->todo = worker->finished = NULL;
    worker->todo_last = &worker->todo;
    worker->finished_last = &worker->finished;
    worker->waiting = 0;
}

void worker_sim_init(struct worker_sim *worker)
{
    *worker = (struct worker_sim){.port = {.submit = sim_submit,
                                           .poll = sim_poll,
                                           .wait = sim_wait,
                                           .fd = sim_fd,
                                           .destroy = sim_destroy}};
    worker_sim_reset(worker);
}
