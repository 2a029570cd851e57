/* Start and end of an engine: the newest whole snapshot, the journal behind it, then the doors may
 * open. What was damaged is named by the journal and stepped over; a start never fails for it. */
#include "engine/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void engine_config_default(struct engine_config *config)
{
    *config = (struct engine_config){.points_max = 16000000,
                                     .segment_first_bytes = (uint64_t)4 << 20,
                                     .segment_max_bytes = (uint64_t)256 << 20,
                                     .reserve_bytes = (uint64_t)1 << 20,
                                     .batch_floor_ns = NS_PER_MS,
                                     .snapshot_bytes = (uint64_t)64 << 20,
                                     .snapshot_interval_ns = 600 * NS_PER_S};
}

void engine_tell(struct engine *engine, enum log_level level, const char *format, ...)
{
    if (!engine->config.tell)
        return;
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    engine->config.tell(engine->config.arg, level, text);
}

/* The reducer's own limits are constants: what a setting allowed once must replay as it was. The
 * configured ones are held by admission. */
static enum err access_create(struct engine *engine)
{
    struct access_limits limits = access_limits_default;
    if (engine->config.audit_kept != 0)
        limits.audit_kept = engine->config.audit_kept;
    return access_model_create(engine->state, &limits, &engine->access);
}

enum err engine_state_create(struct engine *engine)
{
    struct points_limits limits = points_limits_default;
    limits.points_max = ENGINE_POINTS_MOST;
    enum err err = state_create(&engine->state);
    if (err == OK)
        err = points_create(engine->state, &limits, &engine->points);
    if (err == OK)
        err = sessions_create_seeded(engine->state, engine->config.seed, &engine->sessions);
    if (err == OK)
        err = archive_create(engine->state, &archive_limits_default, &engine->archive);
    if (err == OK)
        err = access_create(engine);
    if (err == OK)
        err = modules_create(engine);
    if (err == OK)
        err = contexts_init(&engine->contexts, engine->state);
    return err;
}

void engine_state_destroy(struct engine *engine)
{
    contexts_done(&engine->contexts);
    modules_destroy(engine);
    access_model_destroy(engine->access);
    archive_destroy(engine->archive);
    sessions_destroy(engine->sessions);
    points_destroy(engine->points);
    state_destroy(engine->state);
    tenants_forget(&engine->tenants);
    engine->points = NULL;
    engine->sessions = NULL;
    engine->archive = NULL;
    engine->access = NULL;
    engine->previous = (struct outcome){0};
    engine->state = NULL;
}

static enum err start_rooms(struct engine *engine)
{
    enum err err = engine_state_create(engine);
    if (err == OK)
        err = overlay_init(&engine->overlay);
    if (err == OK)
        err = shapes_init(&engine->shapes);
    if (err == OK)
        err = payload_decoder_create(&engine->decoder);
    if (err == OK)
        err = snapshot_init(engine);
    return err;
}

static enum err start_journal(struct engine *engine)
{
    const struct engine_config *config = &engine->config;
    struct journal_config journal = {.disk = config->disk,
                                     .clock = config->clock,
                                     .writer = config->writer,
                                     .background = config->background,
                                     .segment_first_bytes = config->segment_first_bytes,
                                     .segment_max_bytes = config->segment_max_bytes,
                                     .reserve_bytes = config->reserve_bytes,
                                     .read_only = config->read_only,
                                     .sabotage = config->sabotage,
                                     .tell = config->tell,
                                     .tell_arg = config->arg};
    return journal_open(&journal, &engine->journal);
}

static enum err start_snapshot(struct engine *engine, struct engine_start *start)
{
    struct snapshot_header header;
    enum err err = snapshot_load(engine, &header);
    if (err == ERR_MISSING)
        return OK;
    if (err != OK)
        return err;
    engine->position = header.position;
    engine->applied_engine_ns = header.engine_ns;
    engine->applied_wall_ns = header.wall_ns;
    engine->applied_segment = header.segment_number;
    engine->counters.applied_values = header.counters[0];
    engine->counters.late_values = header.counters[1];
    engine->counters.unknown_values = header.counters[2];
    engine->counters.snapshot_position = header.position;
    start->snapshot_position = header.position;
    tenants_count(engine);
    uint32_t rows = points_rows(engine->points), points = points_count(engine->points);
    err = contexts_grow_decoder(&engine->contexts, rows, points);
    if (err == OK && !engine->config.read_only)
        err = contexts_grow_encoder(&engine->contexts, rows, points);
    return err;
}

/* The tail behind the snapshot, batch by batch, through the same code as live batches. */
static enum err start_replay(struct engine *engine, struct engine_start *start)
{
    struct journal_cursor *cursor;
    uint64_t until = engine->config.until_position;
    enum err err = journal_cursor_open(engine->journal, engine->position, &cursor);
    if (err != OK)
        return err == ERR_MISSING ? OK : err;
    struct journal_batch batch;
    uint64_t values = engine->counters.applied_values;
    while ((err = journal_cursor_next(cursor, &batch)) == OK) {
        if (until && batch.header.position >= until)
            break;
        if (batch.header.position + batch.header.records <= engine->position)
            continue;
        err = engine_apply_batch(engine, &batch);
        if (err != OK) {
            engine_tell(engine, LOG_ERROR, "the batch at position %llu cannot be applied: %s",
                        (unsigned long long)batch.header.position, err_text(err));
            break;
        }
        start->replayed_batches++;
        start->replayed_records += engine->position - batch.header.position;
    }
    start->replayed_values = engine->counters.applied_values - values;
    journal_cursor_close(cursor);
    return err == ERR_MISSING ? OK : err;
}

/* Engine time goes on from the last batch, and the time in which nobody was here counts: what was
 * to be over meanwhile is over. It is the wall clock's word, so only so much of it is believed. */
#define DOWN_NS_MOST (366 * 86400 * NS_PER_S)
static int64_t start_engine_ns(const struct engine *engine)
{
    struct clock *clock = engine->config.clock;
    int64_t down_ns = clock->wall_ns(clock) - engine->applied_wall_ns;
    bool believed = engine->applied_wall_ns != 0 && down_ns > 0 && down_ns < DOWN_NS_MOST;
    return engine->applied_engine_ns + (believed ? down_ns : 0);
}

static enum err start_append(struct engine *engine)
{
    static const char program[] = "mainstem " MAINSTEM_VERSION;
    enum err err = journal_start(engine->journal, engine->position, start_engine_ns(engine));
    if (err != OK)
        return err;
    struct fact fact = {.kind = FACT_START,
                        .start = {.reducer_version = ENGINE_REDUCER_VERSION,
                                  .program = bytes_of(program, sizeof program - 1)}};
    if (journal_room(engine->journal, LANE_FACTS, FACT_BYTES_MAX) == JOURNAL_ROOM)
        facts_write(journal_facts(engine->journal), &fact);
    struct clock *clock = engine->config.clock;
    engine->started = true;
    engine->clock_offset_ns = clock->wall_ns(clock) - clock->boot_ns(clock);
    engine->snapshot_last_ns = clock->boot_ns(clock);
    engine->stock_taken = state_stock_taken();
    engine->stock_points = points_count(engine->points);
    return OK;
}

static enum err start_all(struct engine *engine, struct engine_start *start)
{
    struct clock *clock = engine->config.clock;
    int64_t began = clock->boot_ns(clock);
    enum err err = start_rooms(engine);
    if (err == OK)
        err = start_journal(engine);
    if (err == OK)
        err = start_snapshot(engine, start);
    if (err == OK)
        err = engine_history_open(engine);
    if (err == OK)
        err = engine_history_catch_up(engine);
    int64_t loaded = clock->boot_ns(clock);
    start->snapshot_load_ns = loaded - began;
    if (err == OK)
        err = start_replay(engine, start);
    start->replay_ns = clock->boot_ns(clock) - loaded;
    if (err == OK && !engine->config.read_only)
        err = start_append(engine);
    start->total_ns = clock->boot_ns(clock) - began;
    if (err == OK)
        start->damage = journal_damage_count(engine->journal);
    return err;
}

enum err engine_open(const struct engine_config *config, struct engine **ret_engine,
                     struct engine_start *ret_start)
{
    struct engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        return ERR_NO_MEMORY;
    engine->config = *config;
    if (!engine->config.snapshotter)
        engine->config.snapshotter = engine->config.background;
    engine->cut_records = ENGINE_BATCH_RECORDS_IN_CUT;
    engine->told_records = ENGINE_TOLD_RECORDS_MOST;
    engine->position = 1;
    struct engine_start start = {0};
    enum err err = start_all(engine, &start);
    if (err != OK) {
        engine_close(engine, false);
        return err;
    }
    *ret_start = start;
    *ret_engine = engine;
    return OK;
}

void engine_reconfigure(struct engine *engine, const struct engine_config *config)
{
    engine->config.batch_floor_ns = config->batch_floor_ns;
    engine->config.snapshot_bytes = config->snapshot_bytes;
    engine->config.snapshot_interval_ns = config->snapshot_interval_ns;
    engine->config.samples_keep_ns = config->samples_keep_ns;
    engine->config.messages_keep_ns = config->messages_keep_ns;
    engine->config.points_rate = config->points_rate;
    engine_history_reconfigure(engine, config);
}

/* Everything admitted goes to the disk and is applied, unless the disk refuses. No cut is under
 * way that could make it wait. */
static void close_drain(struct engine *engine)
{
    for (int tries = 0; tries < 64 && !engine->stopped; tries++) {
        if (journal_batch_empty(engine->journal) && !journal_in_flight(engine->journal))
            return;
        journal_submit(engine->journal);
        engine->config.writer->wait(engine->config.writer);
        engine_step(engine);
    }
}

static void close_snapshot(struct engine *engine)
{
    snapshot_stop(engine);
    if (engine->stopped || engine->position == engine->counters.snapshot_position ||
        !snapshot_begin(engine))
        return;
    while (engine_snapshot_active(engine)) {
        snapshot_advance(engine, INT64_MAX, 0);
        engine->config.snapshotter->wait(engine->config.snapshotter);
        engine->config.snapshotter->poll(engine->config.snapshotter);
    }
}

void engine_close(struct engine *engine, bool snapshot)
{
    if (!engine)
        return;
    if (engine->journal && !engine->config.read_only) {
        engine->closing = true;
        snapshot_stop(engine);
        close_drain(engine);
        if (snapshot)
            close_snapshot(engine);
        snapshot_stop(engine);
    }
    storage_stop(engine);
    audit_pages_stop(engine);
    history_close(engine->history);
    journal_close(engine->journal);
    engine_state_destroy(engine);
    overlay_done(&engine->overlay);
    tenants_done(&engine->tenants);
    shapes_done(&engine->shapes);
    line_index_done(engine);
    payload_decoder_destroy(engine->decoder);
    snapshot_done(engine);
    policy_set_release(engine->policies);
    free(engine->watched);
    free(engine);
}
