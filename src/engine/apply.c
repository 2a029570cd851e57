/* Apply: the bytes of a durable batch become state. Live and replay come through here alike, so
 * what a restart computes is what was shown; the live path decodes the very bytes that lie on the
 * disk, while they are still in cache.
 *
 * After a hole (a damaged stretch) ids may jump: rows whose dictionary record was lost are entered
 * as lost, under a path that no topic can have, so that ids go on without holes; their samples
 * cannot be named any more and are counted as unknown. */
#include "engine/room.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- facts
 * ------------------------------------------------------------------------------------------- */
static enum err apply_lost_row(struct engine *engine, uint32_t row, uint32_t first, uint32_t count,
                               const struct record_stamp *stamp)
{
    char names[COLUMNS_MAX][16];
    struct fact_row_point points[COLUMNS_MAX];
    char prefix[32];
    int size = snprintf(prefix, sizeof prefix, POINTS_LOST_PREFIX "/%u", row);
    for (uint32_t i = 0; i < count; i++) {
        int name = snprintf(names[i], sizeof names[i], "%u", i);
        points[i] = (struct fact_row_point){.type = VALUE_FLOAT64,
                                            .metric = bytes_of(names[i], (size_t)name)};
    }
    struct fact fact = {.kind = FACT_ROW,
                        .row = {.tenant = TENANT_DEFAULT,
                                .shape = {row, first, (uint16_t)count},
                                .prefix = bytes_of(prefix, (size_t)size),
                                .points = points}};
    return points_apply_fact(engine->points, &fact, stamp, &engine->effects);
}

/* Rows and points between what is known and what the next dictionary record begins with. */
static enum err apply_fill(struct engine *engine, const struct row_shape *next,
                           const struct record_stamp *stamp)
{
    uint32_t row = points_rows(engine->points) + 1, point = points_count(engine->points) + 1;
    if (next->row < row || next->first_point < point ||
        (next->row == row) != (next->first_point == point))
        return ERR_CORRUPT;
    while (row < next->row) {
        uint32_t rows = next->row - row, free_points = next->first_point - point;
        if (free_points < rows)
            return ERR_CORRUPT;
        uint32_t count = free_points - (rows - 1);
        if (rows > 1 && count > 1)
            count = count > COLUMNS_MAX ? COLUMNS_MAX : 1;
        if (count > COLUMNS_MAX)
            return ERR_CORRUPT;
        enum err err = apply_lost_row(engine, row, point, count, stamp);
        if (err != OK)
            return err;
        row++;
        point += count;
    }
    return OK;
}

/* Names that admission believed in have changed: forget what was expected there. */
static void apply_outcome_to_admission(struct engine *engine, const struct command *command,
                                       const struct outcome *outcome)
{
    if (outcome->code != OUTCOME_DONE || !outcome->point || engine->config.read_only ||
        command_is_of_archive(command->kind) || command_is_of_access(command->kind) ||
        command_module(command->kind) != 0)
        return;
    uint32_t row = points_row_of(engine->points, outcome->point);
    struct contexts *contexts = &engine->contexts;
    if (contexts_grow_encoder(contexts, row, outcome->point) != OK)
        return;
    engine->admission_generation++;
    engine_history_renamed(engine, row);
    if (command->kind == COMMAND_RENAME || command->kind == COMMAND_RETIRE) {
        line_index_forget(engine, row);
        ((struct row_admission *)state_write(&contexts->admission, row))->shape = SHAPE_NEVER;
    }
    /* A changed type must be written anew: with a key frame and its schema. */
    ((struct row_context *)state_write(&contexts->encoder_rows, row))->generation = 0;
    ((struct column_context *)state_write(&contexts->encoder_columns, outcome->point))->type = 0;
}

static void apply_tell_outcome(struct engine *engine, const struct command *command)
{
    check(engine->effects.outcome_count == 1);
    const struct outcome *outcome = &engine->outcomes[0];
    engine->previous = *outcome;
    apply_outcome_to_admission(engine, command, outcome);
    engine->counters.outcomes++;
    if (!engine->commands_waiting)
        return; /* replay: nobody waits */
    uint64_t tag = engine->command_tags[engine->commands_first];
    engine->commands_first = (engine->commands_first + 1) % COMMANDS_WAITING_MAX;
    engine->commands_waiting--;
    if (command->kind == COMMAND_CREATE)
        tenants_applied(engine, command->tenant, 1);
    if (engine->config.outcome)
        engine->config.outcome(engine->config.arg, tag, outcome);
}

static bool apply_is_watched(const struct engine *engine, uint32_t row)
{
    return row / 64 < engine->watched_words && engine->watched[row / 64] >> row % 64 & 1 &&
           engine->config.changed;
}

/* A sample that was decoded, or that a correction made, becomes state. */
static enum err apply_sample(struct engine *engine, const struct row_shape *shape,
                             const struct sample_row *sample, int64_t arrival_ns,
                             const struct record_stamp *stamp)
{
    enum err err = points_apply_sample(engine->points, shape, sample, arrival_ns, &engine->effects);
    if (err == OK && UNLIKELY(engine->effects.notice_count > 0))
        err = modules_judge(engine, stamp);
    if (err != OK)
        return err;
    if (UNLIKELY(apply_is_watched(engine, shape->row)))
        engine->config.changed(engine->config.arg, shape, sample);
    /* Without memory the sample is in the journal alone, which the history tells; readings go on.
     */
    if (LIKELY(engine->history != NULL))
        err = history_append(engine->history, stamp->position, shape, sample, arrival_ns);
    return OK;
}

/* ---- commands about history: what follows from them
 * ------------------------------------------------------------------------------------------- */
static enum err apply_corrected(struct engine *engine, const struct archive_effects *effects,
                                const struct record_stamp *stamp)
{
    struct point_row row;
    points_row(engine->points, points_row_of(engine->points, effects->point), &row);
    uint8_t column = (uint8_t)(effects->point - row.shape.first_point);
    struct sample_row sample = {.row = row.shape.row,
                                .count = 1,
                                .time_ns = effects->time_ns,
                                .columns = &column,
                                .values = &effects->value};
    return apply_sample(engine, &row.shape, &sample, stamp->wall_ns, stamp);
}

static void apply_erased(struct engine *engine, const struct command_erase *erase)
{
    for (size_t i = 0; i < erase->range_count; i++) {
        uint32_t point = erase->ranges[i].first, end = point + erase->ranges[i].count;
        while (point < end) {
            struct point_row row;
            points_row(engine->points, points_row_of(engine->points, point), &row);
            uint32_t row_end = row.shape.first_point + row.shape.count;
            uint32_t to = end < row_end ? end : row_end;
            bool told = apply_is_watched(engine, row.shape.row) && engine->config.erased != NULL;
            for (; told && point < to; point++)
                engine->config.erased(engine->config.arg, point);
            point = to;
        }
    }
}

static enum err apply_archive(struct engine *engine, const struct fact *fact,
                              const struct record_stamp *stamp)
{
    struct archive_effects effects;
    enum err err = archive_apply_fact(engine->archive, engine->points, fact, stamp, &effects);
    if (err == OK && effects.corrected)
        err = apply_corrected(engine, &effects, stamp);
    if (err != OK)
        return err;
    if (effects.erased_group != 0) {
        apply_erased(engine, &fact->command.erase);
        err = modules_erased(engine, effects.erased_group, stamp);
        if (err == OK)
            err = engine_history_erase(engine, effects.erased_group);
        if (err != OK)
            return err;
    }
    engine->outcomes[0] = effects.outcome;
    engine->effects.outcome_count = 1;
    return OK;
}

/* ---- commands about access, and what is told the audit
 * ------------------------------------------------------------------------------------------- */
/* The command that an entry speaks of lies right before it, in the same batch; where damage or the
 * beginning of a replay parted them there is none. */
static enum err apply_access(struct engine *engine, const struct fact *fact,
                             const struct record_stamp *stamp)
{
    const struct outcome *previous =
        engine->previous.position + 1 == stamp->position && engine->previous.position != 0
            ? &engine->previous
            : NULL;
    enum err err = access_apply_fact(engine->access, engine->points, fact, stamp, previous,
                                     &engine->outcomes[0]);
    if (err == OK && fact->kind == FACT_ACCESS)
        engine->effects.outcome_count = 1;
    return err;
}

static enum err apply_rules(struct engine *engine, const struct fact *fact,
                            const struct record_stamp *stamp)
{
    struct archive_effects effects;
    enum err err = archive_apply_fact(engine->archive, engine->points, fact, stamp, &effects);
    return err == OK ? apply_access(engine, fact, stamp) : err;
}

/* A row that what came before contradicts, in a journal with damage: a lost rename or retirement
 * left its path to another point, or a lost row let a command take its ids. It starts all the same:
 * the row is entered as lost, or not at all when its ids are taken. */
static enum err apply_contradiction(struct engine *engine, const struct row_shape *shape,
                                    const struct record_stamp *stamp)
{
    if (shape->row != points_rows(engine->points) + 1 ||
        shape->first_point != points_count(engine->points) + 1 || shape->count > COLUMNS_MAX)
        return OK;
    return apply_lost_row(engine, shape->row, shape->first_point, shape->count, stamp);
}

/* A create takes the next numbers: those of rows that damage took were given before. What cannot be
 * filled was contradicted already, and the command runs all the same. */
static enum err apply_fill_before(struct engine *engine, const struct command *command,
                                  const struct record_stamp *stamp)
{
    if (command->kind != COMMAND_CREATE || command->rows_before <= points_rows(engine->points))
        return OK;
    struct row_shape next = {command->rows_before + 1, command->points_before + 1, 1};
    enum err err = apply_fill(engine, &next, stamp);
    return err == ERR_CORRUPT ? OK : err;
}

/* What the modules make of a record that changed points. */
static enum err apply_points_changed(struct engine *engine, const struct fact *fact,
                                     uint32_t rows_before, uint32_t points_before,
                                     const struct record_stamp *stamp)
{
    enum err err = OK;
    if (points_count(engine->points) > points_before)
        err = modules_points_new(engine, rows_before, points_before, stamp);
    bool changed = fact->kind == FACT_COMMAND && fact->command.kind != COMMAND_CREATE &&
                   engine->outcomes[0].code == OUTCOME_DONE;
    return err == OK && changed ? modules_point_changed(engine, engine->outcomes[0].point, stamp)
                                : err;
}

static enum err apply_fact(struct engine *engine, const struct fact *fact,
                           const struct record_stamp *stamp)
{
    uint32_t rows_before = points_rows(engine->points);
    uint32_t points_before = points_count(engine->points);
    engine->effects.outcome_count = 0;
    enum err err = OK;
    if (fact->kind == FACT_ROW)
        err = apply_fill(engine, &fact->row.shape, stamp);
    else if (fact->kind == FACT_COMMAND)
        err = apply_fill_before(engine, &fact->command, stamp);
    if (err == OK && fact->kind == FACT_ARCHIVE)
        err = apply_archive(engine, fact, stamp);
    else if (err == OK && (fact->kind == FACT_ACCESS || fact->kind == FACT_AUDIT))
        err = apply_access(engine, fact, stamp);
    else if (err == OK && fact->kind == FACT_MODULE)
        err = modules_apply_command(engine, fact, stamp);
    else if (err == OK && fact->kind == FACT_ENTRY)
        err = modules_apply_entry(engine, fact, stamp);
    else if (err == OK)
        err = points_apply_fact(engine->points, fact, stamp, &engine->effects);
    if (err == OK && fact->kind == FACT_START) /* the rules that hold from here on */
        err = apply_rules(engine, fact, stamp);
    if (err == ERR_CORRUPT && fact->kind == FACT_ROW && journal_damage_count(engine->journal) > 0)
        err = apply_contradiction(engine, &fact->row.shape, stamp);
    if (err == OK && fact->kind != FACT_MODULE)
        err = modules_apply_other(engine, fact, stamp);
    if (err == OK)
        err = apply_points_changed(engine, fact, rows_before, points_before, stamp);
    if (err != OK)
        return err;
    uint32_t rows = points_rows(engine->points), points = points_count(engine->points);
    err = contexts_grow_decoder(&engine->contexts, rows, points);
    if (err == OK && !engine->config.read_only)
        err = contexts_grow_encoder(&engine->contexts, rows, points);
    if (err != OK)
        return err;
    if (fact->kind == FACT_ROW && overlay_remove_first(&engine->overlay, fact->row.shape.row))
        tenants_applied(engine, fact->row.tenant, fact->row.shape.count);
    tenants_count(engine);
    if (fact->kind == FACT_COMMAND || fact->kind == FACT_ARCHIVE || fact->kind == FACT_ACCESS ||
        fact->kind == FACT_MODULE)
        apply_tell_outcome(engine, &fact->command);
    return OK;
}

/* A replay that stops at a record stops there, in the middle of a batch as well. */
static bool apply_is_over(const struct engine *engine, uint64_t position)
{
    return UNLIKELY(engine->config.until_position && position >= engine->config.until_position);
}

/* Has the piece of this step been done? Asked behind each record, so that each step goes on by one
 * at least. */
static bool apply_pauses(struct engine *engine, uint32_t work)
{
    struct applying *applying = &engine->applying;
    applying->work += work;
    if (LIKELY(applying->work < applying->look_at))
        return false;
    applying->work = 0;
    struct clock *clock = engine->config.clock;
    return applying->until_ns != INT64_MAX &&
           (clock->boot_ns(clock) >= applying->until_ns || state_cut_pressure(engine->state));
}

/* Facts of the messages lane are the sessions' alone. */
static enum err apply_facts(struct engine *engine, bool *ret_paused)
{
    struct applying *applying = &engine->applying;
    struct record_stamp *stamp = &applying->stamp;
    struct session_stamp when = {.engine_ns = stamp->engine_ns, .wall_ns = stamp->wall_ns};
    struct fact fact;
    enum err err = OK;
    while (!*ret_paused && !apply_is_over(engine, stamp->position) &&
           (err = facts_read(applying->run, &applying->fact_offset, &engine->fact_storage,
                             &fact)) == OK) {
        uint32_t points = points_count(engine->points);
        err = applying->lane == LANE_MESSAGES ? sessions_apply_fact(engine->sessions, &fact, &when)
                                              : apply_fact(engine, &fact, stamp);
        if (err != OK)
            return err;
        stamp->position++;
        uint32_t more = points_count(engine->points) - points;
        *ret_paused = apply_pauses(engine, APPLY_WORK_OF_ONE + more * APPLY_WORK_OF_POINT);
    }
    return err == ERR_MISSING ? OK : err;
}

/* ---- samples
 * ------------------------------------------------------------------------------------------- */
#define PREFETCH_RECORDS 16

/* Of the rows of a round that comes after the next one, their places. */
static void prefetch_rows(struct engine *engine, const uint32_t *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i] == ROW_NONE || rows[i] > points_rows(engine->points))
            continue;
        points_row_prefetch(engine->points, rows[i], false);
        state_prefetch(&engine->contexts.decoder_rows, rows[i]);
    }
}

/* Of those of this round, whose places have come meanwhile, all that a record touches. */
static void prefetch_lines(struct engine *engine, const uint32_t *rows, size_t count,
                           struct point_row *found)
{
    for (size_t i = 0; i < count; i++) {
        struct point_row *row = &found[i];
        if (rows[i] == ROW_NONE || rows[i] > points_rows(engine->points))
            continue;
        points_row(engine->points, rows[i], row);
        points_apply_prefetch(engine->points, row->shape.first_point, row->shape.count);
        if (engine->history != NULL)
            history_prefetch(engine->history, rows[i]);
        for (uint32_t column = 0; column < row->shape.count && column < 64; column += 4)
            state_prefetch(&engine->contexts.decoder_columns, row->shape.first_point + column);
    }
}

/* found[PREFETCH_RECORDS]: the rows of the next records; without a number: not there. */
static void apply_prefetch(struct engine *engine, const struct samples_reader *reader, bool first,
                           struct point_row *found)
{
    uint32_t rows[2 * PREFETCH_RECORDS];
    size_t count = samples_peek_ahead(reader, rows, 2 * PREFETCH_RECORDS);
    size_t here = count < PREFETCH_RECORDS ? count : PREFETCH_RECORDS;
    for (size_t i = 0; i < PREFETCH_RECORDS; i++)
        found[i].shape.row = ROW_NONE;
    if (first)
        prefetch_rows(engine, rows, here);
    prefetch_rows(engine, rows + here, count - here);
    prefetch_lines(engine, rows, here, found);
}

static bool row_is_lost(const struct point_row *row)
{
    return row->prefix.size >= sizeof POINTS_LOST_PREFIX - 1 &&
           memcmp(row->prefix.at, POINTS_LOST_PREFIX, sizeof POINTS_LOST_PREFIX - 1) == 0;
}

/* A record of a row that damage has made unknown: stepped over with contexts that know nothing. */
static enum err apply_skip(struct engine *engine, struct samples_reader *reader, uint32_t row)
{
    struct row_context context = {.broken = true};
    struct column_context columns[COLUMNS_MAX] = {0};
    struct row_shape shape = {.row = row}; /* count 0: its length is all that is used */
    uint8_t types[COLUMNS_MAX];
    enum err err = samples_peek_schema(reader, &shape, types);
    if (err == OK && row > points_rows(engine->points)) { /* its ids must not be given again */
        struct row_shape next = {.row = row + 1, .first_point = shape.first_point + shape.count};
        err = apply_fill(engine, &next, &(struct record_stamp){0});
        err = err == ERR_CORRUPT ? OK : err;
    }
    if (err != OK && err != ERR_MISSING)
        return err;
    struct sample_row sample;
    err = samples_read(reader, &shape, &context, columns, &engine->storage, &sample);
    if (err == OK)
        engine->effects.samples_unknown += sample.count;
    return err;
}

/* Damage can leave a row other than the one that a record was written for: its schema says so. The
 * records that follow have no schema and mean the same other row: none is believed until a schema
 * fits. */
static bool apply_is_contradicted(struct engine *engine, const struct samples_reader *reader,
                                  const struct row_shape *row, struct row_context *context)
{
    struct row_shape shape;
    uint8_t types[COLUMNS_MAX];
    if (samples_peek_schema(reader, &shape, types) != OK)
        return context->contradicted;
    bool before = context->contradicted;
    context->contradicted = shape.first_point != row->first_point || shape.count != row->count;
    if (context->contradicted && !before)
        engine_tell(engine, LOG_ERROR,
                    "samples of row %u do not fit the points that are left after damage; they are "
                    "passed over",
                    row->row);
    return context->contradicted;
}

/* ---- who looks at a row ---- */
enum err engine_watch_row(struct engine *engine, uint32_t row, bool watch)
{
    uint32_t word = row / 64;
    if (word >= engine->watched_words) {
        if (!watch)
            return OK;
        uint32_t words =
            engine->watched_words * 2 > word + 1 ? engine->watched_words * 2 : word + 1;
        uint64_t *watched = realloc(engine->watched, words * sizeof *watched);
        if (watched == NULL)
            return ERR_NO_MEMORY;
        memset(watched + engine->watched_words, 0,
               (words - engine->watched_words) * sizeof *watched);
        engine->watched = watched;
        engine->watched_words = words;
    }
    uint64_t bit = (uint64_t)1 << row % 64;
    engine->watched[word] = watch ? engine->watched[word] | bit : engine->watched[word] & ~bit;
    return OK;
}

/* row: of the record, if it was there when it was looked for. */
static enum err apply_record(struct engine *engine, struct samples_reader *reader, uint32_t row_id,
                             struct point_row *row, const struct record_stamp *stamp)
{
    if (row_id == ROW_NONE || row_id > points_rows(engine->points))
        return apply_skip(engine, reader, row_id);
    if (UNLIKELY(row->shape.row != row_id))
        points_row(engine->points, row_id, row);
    /* A lost row is none of an object; of others the name lies where nothing else is looked for. */
    if (UNLIKELY(!row->object && row_is_lost(row)))
        return apply_skip(engine, reader, row_id);
    struct contexts *contexts = &engine->contexts;
    struct row_context *context = state_write(&contexts->decoder_rows, row_id);
    bool damaged = context->contradicted || journal_damage_count(engine->journal) > 0;
    if (UNLIKELY(damaged) && apply_is_contradicted(engine, reader, &row->shape, context))
        return apply_skip(engine, reader, row_id);
    struct column_context *columns =
        contexts_borrow(contexts, &contexts->decoder_columns, &row->shape);
    int64_t arrival_ns = sample_arrival_ns(reader->wall_ns, reader->ordinal);
    struct sample_row sample;
    enum err err = samples_read(reader, &row->shape, context, columns, &engine->storage, &sample);
    contexts_return(contexts, &contexts->decoder_columns, &row->shape, columns);
    if (err != OK || sample.undecodable)
        return err;
    return apply_sample(engine, &row->shape, &sample, arrival_ns, stamp);
}

static enum err apply_samples(struct engine *engine, bool *ret_paused)
{
    struct applying *applying = &engine->applying;
    struct record_stamp *stamp = &applying->stamp;
    struct samples_reader reader = applying->reader;
    struct point_row rows[PREFETCH_RECORDS];
    uint32_t row;
    enum err err = OK;
    for (uint32_t record = 0; !*ret_paused && !apply_is_over(engine, stamp->position); record++) {
        err = samples_peek(&reader, &row);
        if (err != OK)
            break;
        if (record % PREFETCH_RECORDS == 0)
            apply_prefetch(engine, &reader, record == 0, rows);
        err = apply_record(engine, &reader, row, &rows[record % PREFETCH_RECORDS], stamp);
        if (err != OK)
            return err;
        stamp->position++;
        uint32_t told = (uint32_t)engine->effects.notice_count;
        *ret_paused = apply_pauses(engine, 1 + told * APPLY_WORK_OF_ONE);
    }
    applying->reader = reader;
    applying->ordinal = reader.ordinal;
    return err == ERR_MISSING ? OK : err;
}

/* After a hole no row's predecessor is certain: each must prove itself by its counter, or wait for
 * a key frame when the hole is too large for a counter to prove anything. */
static void apply_hole(struct engine *engine, uint64_t records)
{
    if (records < 2048)
        return;
    uint32_t rows = points_rows(engine->points);
    for (uint32_t row = 1; row <= rows; row++) {
        const struct row_context *context = state_read(&engine->contexts.decoder_rows, row);
        if (context->generation)
            ((struct row_context *)state_write(&engine->contexts.decoder_rows, row))->broken = true;
    }
}

/* ERR_MISSING: it was the last. */
static enum err apply_run_begin(struct engine *engine)
{
    struct applying *applying = &engine->applying;
    const struct journal_batch *batch = &applying->batch;
    uint32_t records, run_ordinal;
    enum err err = batch_next_run(batch->body, &applying->offset, &applying->lane, &records,
                                  &run_ordinal, &applying->run);
    if (err != OK)
        return err;
    applying->in_run = true;
    applying->run_end = applying->stamp.position + records;
    applying->fact_offset = 0;
    applying->reader = (struct samples_reader){.run = applying->run,
                                               .generation = batch->generation,
                                               .ordinal = applying->ordinal,
                                               .wall_ns = batch->header.wall_ns,
                                               .suspicious = batch->hole_records >= 2048};
    return OK;
}

static enum err apply_run(struct engine *engine, bool *ret_paused)
{
    struct applying *applying = &engine->applying;
    if (applying->lane != LANE_SAMPLES)
        return apply_facts(engine, ret_paused);
    enum err err = apply_samples(engine, ret_paused);
    if (err != ERR_CORRUPT || journal_damage_count(engine->journal) == 0)
        return err;
    /* What damage left of the dictionary can contradict a record that is whole. */
    engine_tell(engine, LOG_ERROR,
                "samples before position %llu do not fit the points that are left after damage; "
                "they are passed over",
                (unsigned long long)applying->run_end);
    applying->stamp.position = applying->run_end;
    return OK;
}

static enum err apply_runs(struct engine *engine, bool *ret_paused)
{
    struct applying *applying = &engine->applying;
    while (!*ret_paused && !apply_is_over(engine, applying->stamp.position)) {
        enum err err = applying->in_run ? OK : apply_run_begin(engine);
        if (err == OK)
            err = apply_run(engine, ret_paused);
        if (err != OK)
            return err == ERR_MISSING ? OK : err;
        applying->in_run = *ret_paused;
    }
    return OK;
}

/* Holes of one segment add up: a row may have lost a part of its records in each. */
static void apply_holes(struct engine *engine, const struct journal_batch *batch)
{
    if (batch->segment != engine->hole_segment) {
        engine->hole_segment = batch->segment;
        engine->hole_records = 0;
    }
    uint64_t room = UINT64_MAX - engine->hole_records;
    engine->hole_records += batch->hole_records < room ? batch->hole_records : room;
    apply_hole(engine, engine->hole_records);
}

static struct record_stamp stamp_of_batch(const struct journal_batch *batch)
{
    return (struct record_stamp){.position = batch->header.position,
                                 .engine_ns = batch->header.engine_ns,
                                 .wall_ns = batch->header.wall_ns};
}

static void apply_begin(struct engine *engine, const struct journal_batch *batch)
{
    if (UNLIKELY(batch->hole_records))
        apply_holes(engine, batch);
    engine->effects = (struct effects){.outcomes = engine->outcomes,
                                       .outcome_capacity = ARRAY_COUNT(engine->outcomes),
                                       .notices = engine->told};
    engine->applying = (struct applying){.phase = APPLY_TIMERS,
                                         .batch = *batch,
                                         .stamp = stamp_of_batch(batch),
                                         .pieces = MODULES_TIMERS_PIECES};
}

static void apply_end(struct engine *engine)
{
    const struct journal_batch *batch = &engine->applying.batch;
    const struct effects *effects = &engine->effects;
    engine->counters.applied_values += effects->samples;
    engine->counters.late_values += effects->samples_late;
    engine->counters.unknown_values += effects->samples_unknown;
    engine->position = batch->header.position + batch->header.records;
    if (apply_is_over(engine, engine->position))
        engine->position = engine->config.until_position;
    if (engine->history != NULL)
        history_advance(engine->history, engine->position);
    engine->applied_engine_ns = batch->header.engine_ns;
    engine->applied_wall_ns = batch->header.wall_ns;
    engine->applied_segment = batch->segment;
    engine->applying.phase = APPLY_NONE;
}

/* Timers and walks go by the time of the batch, whatever lies in it. */
static enum err apply_timers(struct engine *engine, bool *ret_paused)
{
    struct applying *applying = &engine->applying;
    struct record_stamp stamp = stamp_of_batch(&applying->batch);
    enum err err = OK;
    bool more = true;
    while (err == OK && !*ret_paused && more && applying->pieces > 0) {
        err = modules_begin(engine, &stamp, &more);
        applying->pieces--;
        *ret_paused = more && apply_pauses(engine, APPLY_WORK_LOOK);
    }
    if (!*ret_paused) {
        applying->phase = APPLY_RUNS;
        applying->pieces = MODULES_WALKS_PIECES + 1;
    }
    return err;
}

static enum err apply_walks(struct engine *engine, bool *ret_paused)
{
    struct applying *applying = &engine->applying;
    struct record_stamp stamp = stamp_of_batch(&applying->batch);
    enum err err = OK;
    bool more = true;
    while (err == OK && !*ret_paused && more && applying->pieces > 0) {
        err = applying->pieces > MODULES_WALKS_PIECES ? modules_end_first(engine, &stamp)
                                                      : modules_end(engine, &stamp, &more);
        applying->pieces--;
        *ret_paused = more && apply_pauses(engine, modules_walk(engine) ? APPLY_WORK_LOOK : 0);
    }
    return err;
}

enum err engine_apply(struct engine *engine, const struct journal_batch *batch, int64_t until_ns,
                      bool *ret_whole)
{
    struct applying *applying = &engine->applying;
    bool paused = false;
    enum err err = OK;
    if (applying->phase == APPLY_NONE)
        apply_begin(engine, batch);
    applying->until_ns = until_ns;
    applying->work = 0;
    applying->look_at = state_cut_active(engine->state) ? 1 : APPLY_WORK_LOOK;
    if (applying->phase == APPLY_TIMERS)
        err = apply_timers(engine, &paused);
    if (err == OK && !paused && applying->phase == APPLY_RUNS) {
        err = apply_runs(engine, &paused);
        if (!paused)
            applying->phase = APPLY_WALKS;
    }
    if (err == OK && !paused && applying->phase == APPLY_WALKS)
        err = apply_walks(engine, &paused);
    *ret_whole = err == OK && !paused;
    if (err != OK || !paused)
        apply_end(engine);
    return err;
}

enum err engine_apply_batch(struct engine *engine, const struct journal_batch *batch)
{
    bool whole;
    return engine_apply(engine, batch, INT64_MAX, &whole);
}
