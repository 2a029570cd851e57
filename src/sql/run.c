/* A statement on its thread: what its process asks is answered, what it says becomes the answer.
 *
 * The process runs other people's SQL and may say anything: each frame is judged by what may come
 * then. One that makes no sense ends the process, and the statement with it. */
#include "sql/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define GRACE_NS (NS_PER_S / 2)        /* it ends itself when its time is over; else it is killed */
#define ASKED_BYTES ((size_t)32 << 20) /* of the filters of all cursors */

/* ---- how it ends -----------------------------------------------------------------------------
 */
static void statement_fail(struct thread *thread, enum sql_fault fault, int64_t offset,
                           const char *sentence)
{
    struct sql_statement *statement = thread->statement;
    pthread_mutex_lock(&thread->sql->mutex);
    statement->fault = fault;
    statement->offset = offset;
    snprintf(statement->sentence, sizeof statement->sentence, "%s", sentence);
    pthread_mutex_unlock(&thread->sql->mutex);
}

static void fail_time(struct thread *thread)
{
    char sentence[160];
    snprintf(
        sentence, sizeof sentence,
        "the statement took longer than %lld ms (setting sql.time): ask for less time or fewer "
        "points, or for buckets",
        (long long)(thread->statement->limits.time_ns / NS_PER_MS));
    statement_fail(thread, SQL_FAULT_TIME, -1, sentence);
}

static void fail_memory(struct thread *thread)
{
    char sentence[160];
    snprintf(
        sentence, sizeof sentence,
        "the statement needs more than %llu MiB of memory (setting sql.memory): sort, group or "
        "join less at once",
        (unsigned long long)(thread->statement->limits.memory >> 20));
    statement_fail(thread, SQL_FAULT_MEMORY, -1, sentence);
}

static void process_killed(struct thread *thread)
{
    (void)process_kill(&thread->process);
    pthread_mutex_lock(&thread->sql->mutex);
    thread->sql->state.killed++;
    pthread_mutex_unlock(&thread->sql->mutex);
}

/* Talking to the process failed, or it spoke nonsense: it is ended, and the reason is told. */
static void fail_process(struct thread *thread, enum err err)
{
    char sentence[200] = "";
    int status = 0;
    const struct sql_config *config = &thread->sql->config;
    if (err == ERR_STOPPED && config->clock->boot_ns(config->clock) >= thread->until_ns)
        err = ERR_BUSY;
    if (err == ERR_IO)
        status = process_kill(&thread->process);
    else
        process_killed(thread);
    if (err == ERR_BUSY || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)) {
        fail_time(thread);
        return;
    }
    if (err == ERR_STOPPED) {
        statement_fail(thread, SQL_FAULT_STOPPED, -1,
                       "the server stops: ask again when it is back");
        return;
    }
    if (err == ERR_NO_MEMORY) {
        statement_fail(thread, SQL_FAULT_MEMORY, -1, "the server has no memory for this statement");
        return;
    }
    if (err == ERR_CORRUPT)
        snprintf(sentence, sizeof sentence,
                 "the SQL process said what it should not, and was ended");
    else if (WIFSIGNALED(status))
        snprintf(sentence, sizeof sentence, "the SQL process ended with signal %d",
                 WTERMSIG(status));
    else
        snprintf(sentence, sizeof sentence, "the SQL process ended");
    if (config->tell != NULL)
        config->tell(config->arg, LOG_WARN, sentence);
    statement_fail(thread, SQL_FAULT_CRASH, -1, sentence);
}

/* ---- cursors ---------------------------------------------------------------------------------
 */
static void readings_close(struct thread *thread)
{
    for (size_t i = 0; i < SQL_CURSORS_MAX; i++) {
        reading_destroy(thread->readings[i], &thread->cost);
        thread->readings[i] = NULL;
    }
}

/* In place of a batch: the virtual table's error, which becomes the statement's. */
static enum err answer_fault(struct thread *thread, const char *sentence)
{
    thread->out.size = 0;
    size_t began = frame_begin(&thread->out, FRAME_FAULT);
    frame_put_text(&thread->out, bytes_text(sentence));
    frame_end(&thread->out, began);
    return OK;
}

static enum err answer_err(struct thread *thread, enum err err)
{
    char sentence[160];
    if (err == ERR_STOPPED || err == ERR_NO_MEMORY)
        return err;
    snprintf(sentence, sizeof sentence, "the history cannot be read: %s", err_text(err));
    return answer_fault(thread, sentence);
}

static enum err cursor_batch(struct thread *thread, struct reading *reading)
{
    enum err err = reading_batch(reading, thread, &thread->out);
    return err == OK ? OK : answer_err(thread, err);
}

static size_t readings_bytes(const struct thread *thread)
{
    size_t size = 0;
    for (size_t i = 0; i < SQL_CURSORS_MAX; i++)
        size += thread->readings[i] != NULL ? thread->readings[i]->lookup->size : 0;
    return size;
}

static enum err handle_open(struct thread *thread, struct bytes body)
{
    struct lookup *lookup;
    struct reading *reading;
    char fault[160];
    if (body.size < 1 || body.at[0] >= SQL_CURSORS_MAX)
        return ERR_CORRUPT;
    struct reading **place = &thread->readings[body.at[0]];
    reading_destroy(*place, &thread->cost); /* a cursor begins anew */
    *place = NULL;
    if (body.size > ASKED_BYTES - readings_bytes(thread))
        return answer_fault(thread, "lists of points and paths have more than 32 MiB together");
    enum err err = lookup_create(bytes_of(body.at + 1, body.size - 1), thread->statement->sight,
                                 &lookup, fault);
    if (err == ERR_INVALID)
        return answer_fault(thread, fault);
    if (err != OK)
        return err == ERR_NO_MEMORY ? err : ERR_CORRUPT;
    bool samples = lookup->filter.table == SQL_SAMPLES || lookup->filter.table == SQL_BUCKETS;
    if (samples && thread->sql->config.history == NULL) {
        lookup_destroy(lookup);
        return answer_fault(thread, "there are no samples to ask for: the history is off");
    }
    if (samples && (err = thread_lookup(thread, lookup)) != OK) { /* opens the view as well */
        lookup_destroy(lookup);
        return answer_err(thread, err);
    }
    if (samples)
        thread->points += lookup->found_count;
    err = reading_create(lookup, thread->view, thread->began_wall_ns, &reading);
    if (err == ERR_INVALID)
        return ERR_CORRUPT; /* its step, which our process would have refused */
    if (err != OK)
        return answer_err(thread, err);
    *place = reading;
    return cursor_batch(thread, reading);
}

static enum err handle_next(struct thread *thread, struct bytes body)
{
    if (body.size != 1 || body.at[0] >= SQL_CURSORS_MAX || thread->readings[body.at[0]] == NULL)
        return ERR_CORRUPT;
    return cursor_batch(thread, thread->readings[body.at[0]]);
}

static enum err handle_close(struct thread *thread, struct bytes body)
{
    if (body.size != 1 || body.at[0] >= SQL_CURSORS_MAX)
        return ERR_CORRUPT;
    reading_destroy(thread->readings[body.at[0]], &thread->cost);
    thread->readings[body.at[0]] = NULL;
    return OK;
}

/* ---- the answer ------------------------------------------------------------------------------
 */
static enum err answer_told(struct thread *thread, bool sensible)
{
    if (!answer_is_well(&thread->answer))
        return ERR_NO_MEMORY;
    if (!sensible)
        return ERR_CORRUPT;
    if (!thread_tell(thread, answer_written(&thread->answer)))
        return thread->process.clock->boot_ns(thread->process.clock) >= thread->until_ns
                   ? ERR_BUSY
                   : ERR_STOPPED;
    answer_clear(&thread->answer);
    return OK;
}

/* Damage that concerns none of the points that were read is not this asker's matter. */
static size_t missing_keep(struct thread *thread)
{
    size_t kept = 0;
    for (size_t i = 0; i < thread->missing_count; i++)
        if (thread->missing_met[i])
            thread->missing[kept++] = thread->missing[i];
    return kept;
}

static enum err handle_done(struct thread *thread, struct bytes body)
{
    struct clock *clock = thread->process.clock;
    if (body.size != 1 || thread->answer.column_count == 0)
        return ERR_CORRUPT;
    readings_close(thread);
    struct answer_end end = {.truncated = body.at[0] != 0,
                             .cost = thread->cost,
                             .points = thread->points,
                             .ns = clock->boot_ns(clock) - thread->began_ns,
                             .missing = thread->missing,
                             .missing_count = missing_keep(thread)};
    answer_end(&thread->answer, &end);
    return answer_told(thread, true);
}

static enum err handle_error(struct thread *thread, struct bytes body)
{
    char sentence[900];
    struct frame_reader reader = frame_read(body);
    uint8_t fault = frame_get_u8(&reader);
    int32_t offset = (int32_t)frame_get_u32(&reader);
    struct bytes text = frame_get_text(&reader);
    if (!frame_is_whole(&reader))
        return ERR_CORRUPT;
    if (fault == SQL_FAULT_TIME) {
        fail_time(thread);
    } else if (fault == SQL_FAULT_MEMORY) {
        process_killed(thread); /* it ends itself: another one starts with clean memory */
        fail_memory(thread);
    } else {
        sentence_clean(text, sentence, sizeof sentence);
        bool inside = offset >= 0 && (size_t)offset <= thread->statement->text_size;
        statement_fail(thread, SQL_FAULT_ERROR, inside ? offset : -1, sentence);
    }
    return OK;
}

/* One frame of the process; *ret_over: it was its last word. */
static enum err handle_frame(struct thread *thread, uint8_t kind, struct bytes body, bool *ret_over)
{
    switch (kind) {
    case FRAME_COLUMNS:
        return answer_told(thread, answer_columns(&thread->answer, body));
    case FRAME_ROWS:
        return answer_told(thread, answer_rows(&thread->answer, body, thread->statement->limit));
    case FRAME_OPEN:
        return handle_open(thread, body);
    case FRAME_NEXT:
        return handle_next(thread, body);
    case FRAME_CLOSE:
        return handle_close(thread, body);
    case FRAME_DONE:
        *ret_over = true;
        return handle_done(thread, body);
    case FRAME_ERROR:
        *ret_over = true;
        return handle_error(thread, body);
    default:
        return ERR_CORRUPT;
    }
}

/* ---- the statement -----------------------------------------------------------------------------
 */
static enum err statement_send(struct thread *thread)
{
    const struct sql_statement *statement = thread->statement;
    struct frame_writer *out = &thread->out;
    size_t began = frame_begin(out, FRAME_STATEMENT);
    frame_put_u64(out, (uint64_t)thread->began_wall_ns);
    frame_put_u64(out, (uint64_t)statement->limits.time_ns);
    frame_put_u64(out, statement->limit);
    frame_put_text(out, bytes_of(statement->text, statement->text_size));
    frame_put_u32(out, statement->parameter_count);
    frame_put_bytes(out, statement->parameters.at, statement->parameters.size);
    frame_end(out, began);
    return OK;
}

/* What `out` holds goes to the process. */
static enum err thread_send(struct thread *thread)
{
    enum err err = OK;
    if (thread->out.failed)
        err = ERR_NO_MEMORY;
    else if (thread->out.size > 0)
        err = process_send(&thread->process, bytes_of(thread->out.at, thread->out.size),
                           thread->until_ns);
    thread->out.size = 0;
    thread->out.failed = false;
    return err;
}

static enum err statement_talk(struct thread *thread)
{
    enum err err = statement_send(thread);
    bool over = false;
    while (err == OK && (err = thread_send(thread)) == OK && !over) {
        uint8_t kind;
        struct bytes body;
        err = process_receive(&thread->process, thread->until_ns, &kind, &body);
        if (err == ERR_STOPPED && !thread_should_stop(thread))
            err = OK; /* meant for the statement before */
        else if (err == OK)
            err = handle_frame(thread, kind, body, &over);
    }
    return err;
}

void statement_run(struct thread *thread)
{
    struct sql_statement *statement = thread->statement;
    struct clock *clock = thread->process.clock;
    const struct sql_config *config = &thread->sql->config;
    memset(&thread->cost, 0, sizeof thread->cost);
    memset(thread->missing_met, 0, sizeof thread->missing_met);
    thread->missing_count = 0;
    thread->points = 0;
    answer_init(&thread->answer, statement->format);
    enum err err = process_start(&thread->process, statement->limits.memory, statement->asker);
    thread->began_ns = clock->boot_ns(clock);
    thread->began_wall_ns = clock->wall_ns(clock);
    thread->until_ns = thread->began_ns + statement->limits.time_ns + GRACE_NS;
    if (err != OK && err != ERR_STOPPED) {
        char sentence[160];
        snprintf(sentence, sizeof sentence, "the SQL process could not be started: %s",
                 err_text(err));
        if (config->tell != NULL)
            config->tell(config->arg, LOG_ERROR, sentence);
        statement_fail(thread, SQL_FAULT_CRASH, -1, sentence);
    } else if (err == OK) {
        process_allow_cpu(&thread->process, statement->limits.time_ns + GRACE_NS);
        err = statement_talk(thread);
        if (err != OK)
            fail_process(thread, err);
    } else {
        statement_fail(thread, SQL_FAULT_STOPPED, -1,
                       "the server stops: ask again when it is back");
    }
    readings_close(thread);
    answer_done(&thread->answer);
    history_view_close(thread->view);
    thread->view = NULL;
}
