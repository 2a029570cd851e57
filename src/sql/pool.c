/* The pool: statements wait for a thread with a process; what their processes want to know of
 * points waits for the engine's thread; what they answered waits for whoever asked.
 *
 * One mutex guards all that is shared; it is held for moments only. A thread is started when a
 * statement finds none idle, up to `processes`, and stays. Tenants take turns (query's turns), and
 * where there are several, one process is left to the others: a tenant's long statements may take
 * all their time, and the others' wait no longer for it. */
#include "sql/room.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STEP_NS (300 * NS_PER_US)
#define PIECE_NS (100 * NS_PER_US) /* of one call, before the next has its turn */
#define WAITING_LOOK_NS (NS_PER_S / 10)
#define TREE_LOOK_NS NS_PER_MS
#define TELL_BYTES ((size_t)128 << 10)
#define THREAD_NICE 10

static int64_t boot_now(const struct sql *sql)
{
    return sql->config.clock->boot_ns(sql->config.clock);
}

/* Under the mutex: the engine's thread has something to do. */
static void sql_raise(struct sql *sql)
{
    uint64_t one = 1;
    if (sql->raised)
        return;
    sql->raised = true;
    while (write(sql->event_fd, &one, sizeof one) < 0)
        check(errno == EINTR);
}

static void sql_lower(struct sql *sql)
{
    uint64_t count;
    if (!sql->raised)
        return;
    sql->raised = false;
    while (read(sql->event_fd, &count, sizeof count) < 0 && errno == EINTR)
        ;
}

/* ---- statements --------------------------------------------------------------------------------
 */
static void statement_free(struct sql_statement *statement)
{
    frame_writer_done(&statement->parameters);
    query_sight_release(statement->sight);
    free(statement->written.at);
    free(statement->taken.at);
    free(statement->text);
    free(statement);
}

/* Under the mutex. */
static void statement_news(struct sql_statement *statement)
{
    if (!statement->ended && link_is_alone(&statement->news)) {
        link_put(&statement->sql->news, &statement->news);
        sql_raise(statement->sql);
    }
}

/* Under the mutex: true when that was the last hold, and it must be freed. */
static bool statement_drop(struct sql_statement *statement)
{
    check(statement->holds > 0);
    if (--statement->holds > 0)
        return false;
    query_party_leave(statement->party);
    statement->party = NULL;
    return true;
}

/* Under the mutex: it waits no more. */
static void statement_take(struct sql_statement *statement)
{
    struct sql *sql = statement->sql;
    link_take(&statement->link);
    query_turns_take(&sql->turns, &statement->turn);
    sql->waiting_count--;
}

static enum err statement_copy(const struct sql_question *question, struct sql_statement *statement)
{
    statement->text = malloc(question->text.size + 1);
    if (statement->text == NULL)
        return ERR_NO_MEMORY;
    memcpy(statement->text, question->text.at, question->text.size);
    statement->text[question->text.size] = '\0';
    statement->text_size = question->text.size;
    for (size_t i = 0; i < question->parameter_count; i++) {
        const struct sql_parameter *given = &question->parameters[i];
        static const enum frame_value kinds[] = {[SQL_PARAMETER_NULL] = FRAME_NULL,
                                                 [SQL_PARAMETER_INTEGER] = FRAME_INTEGER,
                                                 [SQL_PARAMETER_REAL] = FRAME_REAL,
                                                 [SQL_PARAMETER_TEXT] = FRAME_TEXT};
        struct sql_value value = {.kind = kinds[given->kind],
                                  .integer = given->integer,
                                  .real = given->real,
                                  .text = given->text};
        frame_put_value(&statement->parameters, &value);
    }
    statement->parameter_count = (uint32_t)question->parameter_count;
    statement->sight = query_sight_hold(question->sight);
    statement->asker = question->asker;
    statement->limit = question->limit < SQL_ROWS_MAX ? question->limit : SQL_ROWS_MAX;
    statement->format = question->format;
    statement->wake = question->wake;
    statement->arg = question->arg;
    return statement->parameters.failed ? ERR_NO_MEMORY : OK;
}

/* ---- threads -----------------------------------------------------------------------------------
 */
bool thread_should_stop(struct thread *thread)
{
    struct sql *sql = thread->sql;
    pthread_mutex_lock(&sql->mutex);
    bool stop = sql->stopping || sql->draining || thread->statement->ended;
    pthread_mutex_unlock(&sql->mutex);
    return stop || boot_now(sql) >= thread->until_ns;
}

/* Under the mutex: waits for wake, no longer than the statement's time. */
static void thread_wait(struct thread *thread)
{
    struct timespec until;
    int64_t left_ns = thread->until_ns - boot_now(thread->sql);
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t at_ns = until.tv_sec * NS_PER_S + until.tv_nsec + (left_ns > 0 ? left_ns : 0);
    until.tv_sec = at_ns / NS_PER_S;
    until.tv_nsec = at_ns % NS_PER_S;
    (void)pthread_cond_timedwait(&thread->wake, &thread->sql->mutex, &until);
}

/* Which damage of the history concerns points that are read now. */
static void thread_meet(struct thread *thread, const struct lookup *lookup)
{
    if (thread->missing_count == 0)
        thread->missing_count = history_view_missing(thread->view, thread->missing, MISSING_MAX);
    if (thread->missing_count > MISSING_MAX)
        thread->missing_count = MISSING_MAX;
    for (size_t i = 0; i < thread->missing_count; i++)
        for (size_t j = 0; j < lookup->found_count && !thread->missing_met[i]; j++)
            thread->missing_met[i] = lookup->found[j].row >= thread->missing[i].row &&
                                     lookup->found[j].row <= thread->missing[i].row_last;
}

enum err thread_lookup(struct thread *thread, struct lookup *lookup)
{
    struct sql *sql = thread->sql;
    enum err err = OK;
    pthread_mutex_lock(&sql->mutex);
    thread->call = lookup;
    thread->call_done = false;
    link_put(&sql->calls, &thread->link);
    sql_raise(sql);
    /* Until the engine's thread gives it back: it may be in the middle of it. It does so soon, for
     * it looks whether anybody waits. */
    while (!thread->call_done)
        pthread_cond_wait(&thread->wake, &sql->mutex);
    thread->call = NULL;
    if (sql->stopping || sql->draining || thread->statement->ended)
        err = ERR_STOPPED;
    pthread_mutex_unlock(&sql->mutex);
    if (err == OK && boot_now(sql) >= thread->until_ns)
        err = ERR_STOPPED;
    if (err == OK)
        err = lookup->err;
    if (err == OK && thread->view != NULL)
        thread_meet(thread, lookup);
    return err;
}

static bool unread_put(struct unread *unread, struct bytes text)
{
    if (unread->size + text.size > unread->capacity) {
        size_t capacity = unread->capacity == 0 ? SQL_FIRST_BYTES : unread->capacity;
        while (capacity < unread->size + text.size)
            capacity *= 2;
        uint8_t *at = realloc(unread->at, capacity);
        if (at == NULL)
            return false;
        unread->at = at;
        unread->capacity = capacity;
    }
    if (text.size > 0)
        memcpy(unread->at + unread->size, text.at, text.size);
    unread->size += text.size;
    return true;
}

/* A piece that is copied under the mutex, which the engine's thread wants as well. */
static bool thread_tell_piece(struct thread *thread, struct bytes text)
{
    struct sql *sql = thread->sql;
    struct sql_statement *statement = thread->statement;
    bool told = false, going = true;
    pthread_mutex_lock(&sql->mutex);
    while (going && !told) {
        if (sql->stopping || sql->draining || statement->ended ||
            boot_now(sql) >= thread->until_ns) {
            going = false;
        } else if (statement->written.size > STATEMENT_UNREAD) {
            statement_news(statement);
            thread_wait(thread);
        } else {
            going = told = unread_put(&statement->written, text);
            if (told && (statement->begun || statement->written.size >= SQL_FIRST_BYTES))
                statement_news(statement);
        }
    }
    pthread_mutex_unlock(&sql->mutex);
    return told;
}

bool thread_tell(struct thread *thread, struct bytes text)
{
    for (size_t at = 0; at < text.size; at += TELL_BYTES) {
        size_t rest = text.size - at;
        if (!thread_tell_piece(thread,
                               bytes_of(text.at + at, rest < TELL_BYTES ? rest : TELL_BYTES)))
            return false;
    }
    return true;
}

/* Under the mutex: the statement has ended for its thread. */
static void thread_finish(struct thread *thread)
{
    struct sql_statement *statement = thread->statement;
    struct sql *sql = thread->sql;
    query_party_done(statement->party);
    thread->statement = NULL;
    statement->thread = NULL;
    statement->over = true;
    sql->state.running--;
    sql->state.faults += statement->fault != SQL_FAULT_NONE;
    statement_news(statement);
    if (statement_drop(statement))
        statement_free(statement);
}

/* Under the mutex: how many statements of one tenant may run at once. */
static uint32_t tenant_most(const struct sql *sql)
{
    uint32_t processes = sql->config.limits.processes;
    return sql->several && processes > 1 ? processes - 1 : processes;
}

/* Under the mutex: the next statement, if there is one that may run; a nudge that came before was
 * meant for another. */
static bool thread_take(struct thread *thread)
{
    struct sql *sql = thread->sql;
    struct link *turn = NULL;
    uint64_t raised;
    if (sql->state.running < sql->config.limits.processes)
        turn = query_turns_next(&sql->turns, tenant_most(sql));
    if (turn == NULL)
        return false;
    struct sql_statement *statement = LINK_OWNER(turn, struct sql_statement, turn);
    statement_take(statement);
    statement->thread = thread;
    statement->limits = sql->config.limits;
    thread->statement = statement;
    sql->state.running++;
    ssize_t n = read(thread->process.nudge_fd, &raised, sizeof raised);
    (void)n;
    return true;
}

static void *thread_main(void *arg)
{
    struct thread *thread = arg;
    struct sql *sql = thread->sql;
    /* What it does for questions stands back behind what comes in. */
    (void)setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), THREAD_NICE);
    pthread_mutex_lock(&sql->mutex);
    while (!sql->stopping) {
        if (!thread_take(thread)) {
            sql->idle_count++;
            pthread_cond_wait(&sql->work, &sql->mutex);
            sql->idle_count--;
            continue;
        }
        pthread_mutex_unlock(&sql->mutex);
        statement_run(thread);
        pthread_mutex_lock(&sql->mutex);
        thread_finish(thread);
    }
    pthread_mutex_unlock(&sql->mutex);
    process_done(&thread->process);
    frame_writer_done(&thread->out);
    return NULL;
}

static void cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

static enum err thread_create(struct sql *sql)
{
    struct thread *thread = calloc(1, sizeof *thread);
    sigset_t all, before;
    if (thread == NULL)
        return ERR_NO_MEMORY;
    thread->sql = sql;
    link_init(&thread->link);
    cond_init(&thread->wake);
    enum err err = process_init(&thread->process, sql->config.program, sql->config.clock);
    if (err == OK) {
        sigfillset(&all); /* signals are the main thread's */
        pthread_sigmask(SIG_SETMASK, &all, &before);
        if (pthread_create(&thread->thread, NULL, thread_main, thread) != 0)
            err = ERR_LIMIT;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    if (err == OK) {
        char name[16];
        sql->threads[sql->thread_count++] = thread;
        snprintf(name, sizeof name, "sql-%u", (unsigned)sql->thread_count & 0xffu);
        (void)pthread_setname_np(thread->thread, name);
        return OK;
    }
    process_done(&thread->process);
    pthread_cond_destroy(&thread->wake);
    free(thread);
    return err;
}

/* ---- life ------------------------------------------------------------------------------------
 */
enum err sql_create(const struct sql_config *config, struct sql **ret_sql)
{
    struct sql *sql = calloc(1, sizeof *sql);
    if (sql == NULL)
        return ERR_NO_MEMORY;
    sql->config = *config;
    sql->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (sql->event_fd < 0) {
        free(sql);
        return ERR_LIMIT;
    }
    struct link *lists[] = {&sql->waiting, &sql->calls, &sql->news};
    for (size_t i = 0; i < ARRAY_COUNT(lists); i++)
        link_init(lists[i]);
    query_turns_init(&sql->turns);
    pthread_mutex_init(&sql->mutex, NULL);
    cond_init(&sql->work);
    sql_limit(sql, &config->limits);
    *ret_sql = sql;
    return OK;
}

/* Under the mutex: gives the call back to its thread. */
static void call_done(struct thread *thread)
{
    link_take(&thread->link);
    thread->call_done = true;
    pthread_cond_signal(&thread->wake);
}

void sql_destroy(struct sql *sql)
{
    if (sql == NULL)
        return;
    pthread_mutex_lock(&sql->mutex);
    sql->stopping = true;
    while (!link_is_alone(&sql->calls))
        call_done(LINK_OWNER(sql->calls.next, struct thread, link));
    pthread_cond_broadcast(&sql->work);
    for (size_t i = 0; i < sql->thread_count; i++) {
        pthread_cond_signal(&sql->threads[i]->wake);
        process_nudge(&sql->threads[i]->process);
    }
    pthread_mutex_unlock(&sql->mutex);
    for (size_t i = 0; i < sql->thread_count; i++) {
        for (;;) { /* a thread may ask once more before it sees that this is the end */
            struct timespec until;
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_nsec += 5 * NS_PER_MS;
            until.tv_sec += until.tv_nsec / NS_PER_S;
            until.tv_nsec %= NS_PER_S;
            if (pthread_timedjoin_np(sql->threads[i]->thread, NULL, &until) == 0)
                break;
            pthread_mutex_lock(&sql->mutex);
            while (!link_is_alone(&sql->calls))
                call_done(LINK_OWNER(sql->calls.next, struct thread, link));
            pthread_mutex_unlock(&sql->mutex);
        }
        pthread_cond_destroy(&sql->threads[i]->wake);
        free(sql->threads[i]);
    }
    pthread_cond_destroy(&sql->work);
    pthread_mutex_destroy(&sql->mutex);
    close(sql->event_fd);
    free(sql);
}

void sql_limit(struct sql *sql, const struct sql_limits *limits)
{
    pthread_mutex_lock(&sql->mutex);
    sql->config.limits = *limits;
    if (sql->config.limits.processes > ARRAY_COUNT(sql->threads))
        sql->config.limits.processes = ARRAY_COUNT(sql->threads);
    if (sql->config.limits.processes < 1)
        sql->config.limits.processes = 1;
    pthread_cond_broadcast(&sql->work);
    pthread_mutex_unlock(&sql->mutex);
}

int sql_fd(const struct sql *sql)
{
    return sql->event_fd;
}

/* ---- asking ----------------------------------------------------------------------------------
 */
/* Under the mutex: it is put among those that wait. */
static enum err statement_wait(struct sql_statement *statement)
{
    struct sql *sql = statement->sql;
    uint32_t tenant = query_sight_tenant(statement->sight);
    if (sql->waiting_count >= SQL_WAITING_ALL_MAX || sql->draining)
        return ERR_BUSY;
    statement->party = query_party_enter(&sql->turns, tenant);
    if (statement->party == NULL)
        return ERR_NO_MEMORY;
    if (query_party_waiting(statement->party) >= SQL_WAITING_MAX) {
        query_party_leave(statement->party);
        return ERR_BUSY;
    }
    sql->several = sql->several || tenant != TENANT_DEFAULT;
    link_put(&sql->waiting, &statement->link);
    query_turns_put(statement->party, &statement->turn, false);
    sql->waiting_count++;
    sql->state.statements++;
    pthread_cond_signal(&sql->work);
    return OK;
}

enum err sql_ask(struct sql *sql, const struct sql_question *question,
                 struct sql_statement **ret_statement)
{
    if (question->text.size > SQL_TEXT_MAX || question->parameter_count > SQL_PARAMETERS_MAX)
        return ERR_LIMIT;
    struct sql_statement *statement = calloc(1, sizeof *statement);
    if (statement == NULL)
        return ERR_NO_MEMORY;
    statement->sql = sql;
    statement->holds = 2;
    statement->offset = -1;
    statement->asked_ns = boot_now(sql);
    link_init(&statement->link);
    link_init(&statement->turn);
    link_init(&statement->news);
    enum err err = statement_copy(question, statement);
    pthread_mutex_lock(&sql->mutex);
    if (err == OK && sql->idle_count <= sql->waiting_count &&
        sql->thread_count < sql->config.limits.processes) {
        err = thread_create(sql);
        if (sql->thread_count > 0)
            err = OK; /* it waits for another one */
    }
    if (err == OK)
        err = statement_wait(statement);
    pthread_mutex_unlock(&sql->mutex);
    if (err == OK)
        *ret_statement = statement;
    else
        statement_free(statement);
    return err;
}

enum sql_progress sql_read(struct sql_statement *statement, struct sql_piece *ret_piece)
{
    static const char *const codes[] = {
#define CODE(name, word) word,
        SQL_FAULT_TABLE(CODE)
#undef CODE
    };
    struct sql *sql = statement->sql;
    enum sql_progress progress = SQL_WAIT;
    *ret_piece = (struct sql_piece){.offset = -1};
    pthread_mutex_lock(&sql->mutex);
    if (statement->over && statement->fault != SQL_FAULT_NONE) {
        ret_piece->code = codes[statement->fault];
        ret_piece->sentence = statement->sentence; /* nobody writes it any more */
        ret_piece->offset = statement->offset;
        progress = SQL_FAULT;
    } else if (statement->written.size > 0 && (statement->over || statement->begun ||
                                               statement->written.size >= SQL_FIRST_BYTES)) {
        struct unread taken = statement->taken;
        taken.size = 0;
        statement->taken = statement->written;
        statement->written = taken;
        statement->begun = true;
        ret_piece->text = bytes_of(statement->taken.at, statement->taken.size);
        if (statement->thread != NULL)
            pthread_cond_signal(&statement->thread->wake);
        progress = SQL_TEXT;
    } else if (statement->over) {
        progress = SQL_OVER;
    }
    pthread_mutex_unlock(&sql->mutex);
    return progress;
}

void sql_end(struct sql_statement *statement)
{
    if (statement == NULL)
        return;
    struct sql *sql = statement->sql;
    pthread_mutex_lock(&sql->mutex);
    statement->ended = true;
    link_take(&statement->news);
    if (!link_is_alone(&statement->link)) { /* it waits still */
        statement_take(statement);
        (void)statement_drop(statement);
    }
    if (statement->thread != NULL) {
        process_nudge(&statement->thread->process);
        pthread_cond_signal(&statement->thread->wake);
    }
    bool last = statement_drop(statement);
    pthread_mutex_unlock(&sql->mutex);
    if (last)
        statement_free(statement);
}

/* ---- the engine's thread -----------------------------------------------------------------------
 */
/* Under the mutex: a statement that waits is not run. */
static void waiting_fail(struct sql_statement *statement, enum sql_fault fault,
                         const char *sentence)
{
    struct sql *sql = statement->sql;
    statement_take(statement);
    sql->state.faults++;
    statement->over = true;
    statement->fault = fault;
    snprintf(statement->sentence, sizeof statement->sentence, "%s", sentence);
    statement_news(statement);
    (void)statement_drop(statement); /* the asker holds it */
}

/* Under the mutex: those that waited for longer than a statement may take. */
static void step_waiting(struct sql *sql, int64_t now_ns)
{
    while (!link_is_alone(&sql->waiting)) {
        struct sql_statement *statement = LINK_OWNER(sql->waiting.next, struct sql_statement, link);
        if (now_ns - statement->asked_ns < sql->config.limits.time_ns)
            return;
        waiting_fail(statement, SQL_FAULT_BUSY,
                     "other statements took all the time (setting sql.processes): try again later");
    }
}

void sql_stop(struct sql *sql)
{
    pthread_mutex_lock(&sql->mutex);
    sql->draining = true;
    while (!link_is_alone(&sql->waiting))
        waiting_fail(LINK_OWNER(sql->waiting.next, struct sql_statement, link), SQL_FAULT_STOPPED,
                     "the server stops: ask again when it is back");
    for (size_t i = 0; i < sql->thread_count; i++) {
        pthread_cond_signal(&sql->threads[i]->wake);
        process_nudge(&sql->threads[i]->process);
    }
    pthread_mutex_unlock(&sql->mutex);
}

/* A piece of each call in turn. Under the mutex, which is given up meanwhile: the thread waits for
 * its call. False: some wait only for the tree of points to be whole. */
static bool step_calls(struct sql *sql)
{
    int64_t until_ns = boot_now(sql) + STEP_NS, now_ns;
    size_t stuck = 0, count = 0;
    for (struct link *at = sql->calls.next; at != &sql->calls; at = at->next)
        count++;
    while (!link_is_alone(&sql->calls) && stuck < count && (now_ns = boot_now(sql)) < until_ns) {
        struct thread *thread = LINK_OWNER(sql->calls.next, struct thread, link);
        struct lookup *lookup = thread->call;
        bool samples = lookup->filter.table == SQL_SAMPLES || lookup->filter.table == SQL_BUCKETS;
        bool done = sql->stopping || sql->draining || thread->statement->ended ||
                    now_ns >= thread->until_ns;
        pthread_mutex_unlock(&sql->mutex);
        if (!done && samples && thread->view == NULL)
            lookup->err = history_view_open(sql->config.history, &thread->view);
        size_t before = lookup->texts.size;
        uint32_t at = lookup->at, tenant_at = lookup->tenant_at;
        uint64_t number = lookup->number;
        done = done || lookup->err != OK ||
               lookup_step(lookup, &sql->config,
                           now_ns + PIECE_NS < until_ns ? now_ns + PIECE_NS : until_ns);
        bool moved = done || lookup->texts.size != before || lookup->at != at ||
                     lookup->number != number || lookup->tenant_at != tenant_at ||
                     lookup->search.place_size > 0;
        pthread_mutex_lock(&sql->mutex);
        stuck = moved ? 0 : stuck + 1;
        link_take(&thread->link);
        if (done)
            call_done(thread);
        else
            link_put(&sql->calls, &thread->link);
    }
    return stuck < count || count == 0;
}

int64_t sql_step(struct sql *sql)
{
    pthread_mutex_lock(&sql->mutex);
    sql_lower(sql);
    step_waiting(sql, boot_now(sql));
    bool moving = step_calls(sql);
    struct link news; /* who has more news stands on the list again, for the next step */
    link_init(&news);
    link_move_all(&news, &sql->news);
    while (!link_is_alone(&news)) {
        struct sql_statement *statement = LINK_OWNER(news.next, struct sql_statement, news);
        link_take(&statement->news);
        pthread_mutex_unlock(&sql->mutex);
        statement->wake(statement->arg); /* may end it, and ask others */
        pthread_mutex_lock(&sql->mutex);
    }
    int64_t wait_ns = INT64_MAX;
    if (!link_is_alone(&sql->waiting))
        wait_ns = WAITING_LOOK_NS;
    if (!link_is_alone(&sql->calls))
        wait_ns = moving ? 0 : TREE_LOOK_NS;
    pthread_mutex_unlock(&sql->mutex);
    return wait_ns;
}

void sql_describe(struct sql *sql, struct sql_state *ret_state)
{
    pthread_mutex_lock(&sql->mutex);
    *ret_state = sql->state;
    ret_state->waiting = sql->waiting_count;
    pthread_mutex_unlock(&sql->mutex);
}
