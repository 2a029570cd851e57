/* The step: what is due is done, a bounded piece of each, and the caller learns when the next piece
 * wants to be done. Order: finished writes are applied, the next batch goes out, the snapshot gets
 * what is left of the time. */
#include "engine/room.h"

#define SNAPSHOT_STEP_NS (200 * NS_PER_US)
#define SNAPSHOT_PACE ((uint64_t)192 << 20) /* bytes a second: leaves the disk to the journal */
#define CLOCK_JUMP_NS NS_PER_S
#define RESTART_EVERY_NS NS_PER_S

/* Batches of a cut follow the time that the last one took. Only their size depends on the clock,
 * nothing of what they hold. */
static void step_pace_cut(struct engine *engine, const struct journal_batch *batch, int64_t took_ns)
{
    if (!state_cut_active(engine->state)) {
        engine->cut_records = ENGINE_BATCH_RECORDS_IN_CUT;
        return;
    }
    uint32_t records = batch->header.records;
    if (took_ns > ENGINE_APPLY_LONG_NS && records <= engine->cut_records * 2)
        engine->cut_records = engine->cut_records > 32 ? engine->cut_records / 2 : 16;
    else if (took_ns < ENGINE_APPLY_SHORT_NS && records >= engine->cut_records)
        engine->cut_records += engine->cut_records / 2;
}

/* Values that go to alarms cost a hundred times of others. While many come, batches follow the time
 * that the last one took, as they do in a cut. */
static void step_pace_told(struct engine *engine, const struct journal_batch *batch,
                           int64_t took_ns)
{
    uint32_t records = batch->header.records;
    bool many = engine->told_in_batch >= ENGINE_TOLD_MANY;
    if (many && took_ns > ENGINE_APPLY_LONG_NS) {
        uint32_t at_most = records < engine->told_records ? records : engine->told_records;
        engine->told_records = at_most > 8 ? at_most / 2 : 4;
    } else if (engine->told_records < ENGINE_TOLD_RECORDS_MOST &&
               (!many || (took_ns < ENGINE_APPLY_SHORT_NS && records >= engine->told_records))) {
        engine->told_records += engine->told_records / 2;
    }
    engine->told_in_batch = 0;
}

/* A piece of the batch; false: it wants another. */
static bool step_durable(void *arg, const struct journal_batch *batch, uint64_t ticket)
{
    struct engine *engine = arg;
    struct clock *clock = engine->config.clock;
    int64_t began = clock->boot_ns(clock);
    int64_t until = engine->closing ? INT64_MAX : began + ENGINE_APPLY_NS;
    bool whole = true;
    engine->applied_ticket = ticket;
    enum err err =
        engine->apply_err == OK ? engine_apply(engine, batch, until, &whole) : engine->apply_err;
    engine->apply_took_ns += clock->boot_ns(clock) - began;
    if (err == OK && !whole)
        return false;
    step_pace_cut(engine, batch, engine->apply_took_ns);
    step_pace_told(engine, batch, engine->apply_took_ns);
    engine->apply_took_ns = 0;
    if (err != OK) {
        engine->apply_err = err;
        engine_tell(engine, LOG_ERROR,
                    "the batch at position %llu is durable but cannot be applied: %s",
                    (unsigned long long)batch->header.position, err_text(err));
        return true;
    }
    engine->durable_ticket = ticket;
    return true;
}

/* What was admitted above the durable mark never was. */
static void step_drop(struct engine *engine, enum err err)
{
    engine->stopped = true;
    engine->lost_generation++;
    engine->admission_generation++;
    engine->barrier_ticket = 0;
    engine->commands_first = engine->commands_waiting = 0;
    engine->entries_written = engine->audit_written = 0;
    overlay_clear(&engine->overlay);
    tenants_forget_waiting(&engine->tenants);
    engine->restart_at_ns = engine->config.clock->boot_ns(engine->config.clock);
    engine_tell(engine, LOG_ERROR,
                "a write failed: %s; nothing is acknowledged until the disk answers again",
                err_text(err));
}

static void step_restart(struct engine *engine, int64_t now)
{
    if (now < engine->restart_at_ns || engine->apply_err != OK)
        return;
    enum err err = journal_restart(engine->journal);
    if (err != OK) {
        engine->restart_at_ns = now + RESTART_EVERY_NS;
        return;
    }
    engine->stopped = false;
    engine_tell(engine, LOG_WARN, "the disk answers again: taking readings from position %llu",
                (unsigned long long)journal_durable(engine->journal));
}

/* A jump of the wall clock is a record: from here on stamps mean something else. */
static void step_clock(struct engine *engine)
{
    struct clock *clock = engine->config.clock;
    int64_t wall = clock->wall_ns(clock), boot = clock->boot_ns(clock);
    int64_t moved = (wall - boot) - engine->clock_offset_ns;
    if (moved < CLOCK_JUMP_NS && moved > -CLOCK_JUMP_NS)
        return;
    if (journal_room(engine->journal, LANE_FACTS, FACT_BYTES_MAX) != JOURNAL_ROOM)
        return;
    struct fact fact = {
        .kind = FACT_CLOCK,
        .clock = {.wall_before_ns = boot + engine->clock_offset_ns, .wall_after_ns = wall}};
    facts_write(journal_facts(engine->journal), &fact);
    engine->clock_offset_ns = wall - boot;
    engine_tell(engine, LOG_WARN, "the wall clock jumped by %lld ms",
                (long long)(moved / NS_PER_MS));
}

/* Submits when the writer is idle and the floor has passed; else returns how long it has to. */
static int64_t step_submit(struct engine *engine, int64_t now)
{
    if (journal_in_flight(engine->journal))
        return INT64_MAX;
    step_clock(engine);
    if (journal_batch_empty(engine->journal))
        return INT64_MAX;
    int64_t due = engine->submitted_ns + engine->config.batch_floor_ns;
    if (now < due && !engine->closing)
        return due - now;
    journal_submit(engine->journal);
    engine->submitted_ns = now;
    return INT64_MAX;
}

static bool snapshot_is_due(struct engine *engine, int64_t now)
{
    if (engine_snapshot_active(engine) || engine->closing ||
        engine->position == engine->counters.snapshot_position)
        return false;
    if (now - engine->snapshot_last_ns < NS_PER_S)
        return false;
    if (now - engine->snapshot_last_ns >= engine->config.snapshot_interval_ns)
        return true;
    uint64_t grown = journal_bytes_payload(engine->journal) - engine->snapshot_bytes_written_at;
    uint64_t quarter = engine->snapshot_file_bytes / 4;
    return grown >= engine->config.snapshot_bytes && grown >= quarter;
}

/* The newest segment begun before the cutoff: all that lies before it is older than is wanted. */
struct release_search {
    int64_t cutoff_ns;
    uint64_t position;
};

static void release_each(void *arg, const char *file, const struct segment_header *header,
                         uint64_t bytes, enum err header_err)
{
    struct release_search *search = arg;
    (void)file;
    (void)bytes;
    if (header_err == OK && header->wall_ns <= search->cutoff_ns &&
        header->first_position > search->position)
        search->position = header->first_position;
}

/* Files of a lane older than is wanted go, once both snapshots that are kept cover them: should the
 * newest one rot, the one before it still finds what it needs. */
static void step_release_lane(struct engine *engine, enum lane lane, int64_t keep_ns)
{
    struct release_search search = {.cutoff_ns = engine->applied_wall_ns - keep_ns};
    if (journal_segments(engine->journal, release_each, &search) != OK || !search.position)
        return;
    if (search.position > engine->snapshot_before)
        search.position = engine->snapshot_before;
    if (lane == LANE_SAMPLES && engine->history != NULL &&
        search.position > history_sealed(engine->history))
        search.position = history_sealed(engine->history);
    uint32_t files = 0;
    enum err err = journal_release(engine->journal, lane, search.position, &files);
    if (err == OK && files)
        engine_tell(engine, LOG_INFO, "%u files of %s removed: snapshots cover them and %s is over",
                    files, lane == LANE_SAMPLES ? "samples" : "messages",
                    lane == LANE_SAMPLES ? "journal.samples_keep" : "journal.messages_keep");
}

static void step_release(struct engine *engine)
{
    if (!engine->snapshot_before)
        return;
    if (engine->config.samples_keep_ns)
        step_release_lane(engine, LANE_SAMPLES, engine->config.samples_keep_ns);
    step_release_lane(engine, LANE_MESSAGES, engine->config.messages_keep_ns);
}

static int64_t step_snapshot(struct engine *engine, int64_t now)
{
    if (!engine_snapshot_active(engine) && snapshot_is_due(engine, now)) {
        step_release(engine);
        snapshot_begin(engine);
    }
    if (!engine_snapshot_active(engine))
        return NS_PER_S;
    snapshot_advance(engine, SNAPSHOT_STEP_NS, SNAPSHOT_PACE);
    return NS_PER_MS;
}

/* While tables grow, by points or by alarms, memory is touched ahead of them in the background. */
static void stock_run(struct job *job)
{
    (void)job;
    state_stock(STOCK_CHUNKS);
}

static void stock_run_little(struct job *job)
{
    (void)job;
    state_stock(STOCK_CHUNKS_LITTLE);
}

static void stock_done(struct job *job)
{
    struct engine *engine = (struct engine *)((char *)job - offsetof(struct engine, stock_job));
    engine->stock_busy = false;
}

static void step_stock(struct engine *engine)
{
    uint32_t taken = state_stock_taken(), points = points_count(engine->points);
    if (engine->stock_busy || (taken - engine->stock_taken < STOCK_EVERY_CHUNKS &&
                               points - engine->stock_points < STOCK_EVERY_POINTS))
        return;
    bool many = points - engine->stock_points >= STOCK_EVERY_POINTS;
    engine->stock_taken = taken;
    if (many)
        engine->stock_points = points;
    engine->stock_busy = true;
    engine->stock_job =
        (struct job){.run = many ? stock_run : stock_run_little, .done = stock_done};
    engine->config.snapshotter->submit(engine->config.snapshotter, &engine->stock_job);
}

int64_t engine_step(struct engine *engine)
{
    struct clock *clock = engine->config.clock;
    int64_t began = clock->boot_ns(clock);
    bool in_snapshot = engine_snapshot_active(engine);
    int64_t wait = INT64_MAX;
    enum err err = OK;
    if (!state_cut_pressure(
            engine->state)) /* else the snapshot must catch up before more changes */
        err = journal_poll(engine->journal, step_durable, engine);
    while (engine->config.snapshotter->poll(engine->config.snapshotter))
        ;
    if (err != OK || engine->apply_err != OK) {
        if (!engine->stopped)
            step_drop(engine, err != OK ? err : engine->apply_err);
    }
    if (engine->stopped) {
        step_restart(engine, began);
        wait = RESTART_EVERY_NS / 10;
    } else {
        int64_t modules_wait = modules_step(engine);
        wait = step_submit(engine, began);
        wait = modules_wait < wait ? modules_wait : wait;
        step_stock(engine);
        int64_t snapshot_wait = step_snapshot(engine, began);
        wait = snapshot_wait < wait ? snapshot_wait : wait;
    }
    bool applying = engine->applying.phase != APPLY_NONE;
    if (applying && !state_cut_pressure(engine->state))
        wait = 0;
    if (engine->history != NULL && !applying) { /* its windows end where a batch does */
        int64_t history_wait = engine_history_step(engine);
        wait = history_wait < wait ? history_wait : wait;
        storage_step(engine);
    }
    int64_t took = clock->boot_ns(clock) - began;
    struct engine_counters *counters = &engine->counters;
    if (took > counters->step_ns_max)
        counters->step_ns_max = took;
    if ((in_snapshot || engine_snapshot_active(engine)) && took > counters->step_ns_max_in_snapshot)
        counters->step_ns_max_in_snapshot = took;
    return wait;
}

/* ---- asking
 * --------------------------------------------------------------------------------------------- */
uint64_t engine_ticket(const struct engine *engine)
{
    return journal_ticket(engine->journal);
}

uint64_t engine_durable_ticket(const struct engine *engine)
{
    return engine->durable_ticket;
}

uint64_t engine_applied_ticket(const struct engine *engine)
{
    return engine->applying.phase != APPLY_NONE ? engine->applied_ticket : engine->durable_ticket;
}

uint64_t engine_lost_generation(const struct engine *engine)
{
    return engine->lost_generation;
}

bool engine_snapshot_now(struct engine *engine)
{
    return snapshot_begin(engine);
}

bool engine_snapshot_active(const struct engine *engine)
{
    return engine->snapshot.phase != SNAPSHOT_IDLE;
}

struct points *engine_points(struct engine *engine)
{
    return engine->points;
}

struct archive *engine_archive(struct engine *engine)
{
    return engine->archive;
}

struct access_model *engine_access(struct engine *engine)
{
    return engine->access;
}

struct assets *engine_assets(struct engine *engine)
{
    return engine->assets;
}

struct alarms *engine_alarms(struct engine *engine)
{
    return engine->alarms;
}

struct expressions *engine_expressions(struct engine *engine)
{
    return engine->expressions;
}

struct notices *engine_notices(struct engine *engine)
{
    return engine->notices;
}

struct library *engine_library(struct engine *engine)
{
    return engine->library;
}

struct sessions *engine_sessions(struct engine *engine)
{
    return engine->sessions;
}

struct history *engine_history(struct engine *engine)
{
    return engine->history;
}

struct journal *engine_journal(struct engine *engine)
{
    return engine->journal;
}

uint64_t engine_state_hash(struct engine *engine)
{
    return state_hash(engine->state);
}

void engine_describe(const struct engine *engine, struct engine_counters *ret_counters)
{
    *ret_counters = engine->counters;
    ret_counters->position = engine->position;
    ret_counters->memory = state_memory(engine->state) + points_memory(engine->points) +
                           archive_memory(engine->archive) + access_model_memory(engine->access) +
                           assets_memory(engine->assets) + expressions_memory(engine->expressions) +
                           alarms_memory(engine->alarms) + state_memory(engine->contexts.encoder) +
                           index_memory(engine->overlay.paths) + line_index_memory(engine);
}
