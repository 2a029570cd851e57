#include "os/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct numbered {
    struct job job;
    unsigned number;
    unsigned sleep_ms;
    pthread_t ran_on;
    struct worker *again; /* submitted once more by its own done() */
};

static _Atomic unsigned ran;
static unsigned told;
static pthread_t told_on;

static void numbered_run(struct job *job)
{
    struct numbered *self = (struct numbered *)job;
    struct timespec pause = {.tv_nsec = (long)self->sleep_ms * 1000000};
    if (self->sleep_ms > 0)
        nanosleep(&pause, NULL);
    self->ran_on = pthread_self();
    assert_int_equal(atomic_fetch_add(&ran, 1), self->number);
}

static void numbered_done(struct job *job)
{
    struct numbered *self = (struct numbered *)job;
    assert_int_equal(told++, self->number);
    told_on = pthread_self();
    struct worker *again = self->again;
    if (again != NULL) {
        self->again = NULL;
        self->number = told;
        again->submit(again, job);
    }
}

static void freed_done(struct job *job)
{
    numbered_done(job);
    memset(job, 0xee, sizeof *job);
    free(job);
}

static void numbered_init(struct numbered *self, unsigned number)
{
    *self =
        (struct numbered){.job = {.run = numbered_run, .done = numbered_done}, .number = number};
}

static bool readable(int fd, int wait_ms)
{
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    return poll(&wanted, 1, wait_ms) == 1;
}

static struct worker *worker_make(bool thread)
{
    struct worker *worker = NULL;
    enum err err =
        thread ? worker_thread_create("worker-test", &worker) : worker_inline_create(&worker);
    assert_int_equal(err, OK);
    atomic_store(&ran, 0);
    told = 0;
    return worker;
}

static void jobs_run_and_are_told_in_order(bool thread)
{
    enum { COUNT = 500 };
    static struct numbered jobs[COUNT];
    struct worker *worker = worker_make(thread);
    assert_int_equal(worker->poll(worker), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        numbered_init(&jobs[i], i);
        worker->submit(worker, &jobs[i].job);
    }
    worker->wait(worker);
    assert_int_equal(atomic_load(&ran), COUNT);
    assert_int_equal(told, 0); /* waiting tells nobody */
    assert_int_equal(worker->poll(worker), COUNT);
    assert_int_equal(told, COUNT);
    assert_int_equal(worker->poll(worker), 0);
    assert_true(pthread_equal(told_on, pthread_self()));
    assert_int_equal(pthread_equal(jobs[0].ran_on, pthread_self()) != 0, !thread);
    worker->wait(worker); /* nothing to wait for */
    worker->destroy(worker);
}

static void test_order(void **state)
{
    (void)state;
    jobs_run_and_are_told_in_order(true);
    jobs_run_and_are_told_in_order(false);
}

static void test_done_may_free_the_job_or_submit_it_again(void **state)
{
    (void)state;
    for (int thread = 0; thread < 2; thread++) {
        struct worker *worker = worker_make(thread == 1);
        struct numbered *first = malloc(sizeof *first), second;
        numbered_init(first, 0);
        first->job.done = freed_done;
        numbered_init(&second, 1);
        second.again = worker;
        worker->submit(worker, &first->job);
        worker->submit(worker, &second.job);
        worker->wait(worker);
        assert_int_equal(worker->poll(worker), 2);
        worker->wait(worker);
        assert_int_equal(worker->poll(worker), 1);
        assert_int_equal(told, 3);
        worker->destroy(worker);
    }
}

static void test_the_descriptor_says_when_to_poll(void **state)
{
    (void)state;
    struct worker *worker = worker_make(true);
    struct numbered jobs[2];
    int fd = worker->fd(worker);
    assert_true(fd >= 0);
    for (unsigned round = 0; round < 50; round++) {
        atomic_store(&ran, 0);
        told = 0;
        assert_false(readable(fd, 0));
        for (unsigned i = 0; i < 2; i++) {
            numbered_init(&jobs[i], i);
            worker->submit(worker, &jobs[i].job);
        }
        size_t count = 0;
        while (count < 2) {
            assert_true(readable(fd, 5000));
            count += worker->poll(worker);
        }
        assert_false(readable(fd, 0));
    }
    worker->destroy(worker);
}

static void test_submit_does_not_wait(void **state)
{
    (void)state;
    struct worker *worker = worker_make(true);
    struct clock *clock = clock_real();
    struct numbered job;
    numbered_init(&job, 0);
    job.sleep_ms = 200;
    int64_t start_ns = clock->boot_ns(clock);
    worker->submit(worker, &job.job);
    int64_t submitted_ns = clock->boot_ns(clock);
    worker->wait(worker);
    assert_true(submitted_ns - start_ns < 150 * NS_PER_MS);
    assert_true(clock->boot_ns(clock) - start_ns >= 200 * NS_PER_MS);
    worker->destroy(worker);
}

static void test_destroy_runs_what_waits_and_tells_nobody(void **state)
{
    (void)state;
    struct numbered jobs[20];
    struct worker *worker = worker_make(true);
    for (unsigned i = 0; i < ARRAY_COUNT(jobs); i++) {
        numbered_init(&jobs[i], i);
        jobs[i].sleep_ms = 1;
        worker->submit(worker, &jobs[i].job);
    }
    worker->destroy(worker);
    assert_int_equal(atomic_load(&ran), ARRAY_COUNT(jobs));
    assert_int_equal(told, 0);
}

static char name_seen[16];
static sigset_t mask_seen;
static void look_run(struct job *job)
{
    (void)job;
    pthread_getname_np(pthread_self(), name_seen, sizeof name_seen);
    pthread_sigmask(SIG_SETMASK, NULL, &mask_seen);
}
static void look_done(struct job *job)
{
    (void)job;
}

static void test_the_thread_has_a_name_and_takes_no_signals(void **state)
{
    (void)state;
    struct worker *worker;
    struct job job = {.run = look_run, .done = look_done};
    sigset_t mine;
    assert_int_equal(worker_thread_create("fifteen-letters", &worker), OK);
    /* The name is set by the creator: visible at the latest when create has returned. */
    worker->submit(worker, &job);
    worker->wait(worker);
    assert_string_equal(name_seen, "fifteen-letters");
    assert_true(sigismember(&mask_seen, SIGTERM) == 1 && sigismember(&mask_seen, SIGHUP) == 1);
    pthread_sigmask(SIG_SETMASK, NULL, &mine);
    assert_int_equal(sigismember(&mine, SIGTERM), 0); /* ours is as before */
    worker->destroy(worker);
}

static void test_inline_runs_at_once_and_has_no_descriptor(void **state)
{
    (void)state;
    struct worker *worker = worker_make(false);
    struct numbered job;
    numbered_init(&job, 0);
    worker->submit(worker, &job.job);
    assert_int_equal(atomic_load(&ran), 1);
    assert_int_equal(told, 0);
    assert_int_equal(worker->fd(worker), -1);
    worker->destroy(worker); /* a job that was not told is no leak of the worker's */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_done_may_free_the_job_or_submit_it_again),
        cmocka_unit_test(test_the_descriptor_says_when_to_poll),
        cmocka_unit_test(test_submit_does_not_wait),
        cmocka_unit_test(test_destroy_runs_what_waits_and_tells_nobody),
        cmocka_unit_test(test_the_thread_has_a_name_and_takes_no_signals),
        cmocka_unit_test(test_inline_runs_at_once_and_has_no_descriptor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
