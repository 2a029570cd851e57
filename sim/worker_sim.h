/* worker_sim: a worker whose jobs run when the simulator says so, on the one thread there is. */
#pragma once

#include "os/os.h"

struct worker_sim {
    struct worker port; /* first */
    struct job *todo, **todo_last;
    struct job *finished, **finished_last;
    size_t waiting; /* submitted, not yet run */
};
void worker_sim_init(struct worker_sim *worker);
/* Runs the oldest waiting job; false: none waits. */
bool worker_sim_run(struct worker_sim *worker);
/* The process is gone: jobs that wait are forgotten. */
void worker_sim_reset(struct worker_sim *worker);
