/* The engine's side of the history: what was applied goes into it, and at a start what is in the
 * journal and not yet sealed goes in again. What lies before the snapshot is decoded here with
 * contexts of its own, from the beginning of its segment on; what lies behind it comes through
 * apply.c like everything else. */
#include "engine/room.h"

#include <math.h>
#include <stdlib.h>

static void history_told(void *arg, enum log_level level, const char *text)
{
    struct engine *engine = arg;
    engine_tell(engine, level, "%s", text);
}

static struct history_config history_settings(struct engine *engine,
                                              const struct engine_config *config)
{
    struct history_config history;
    history_config_default(&history);
    history.disk = config->disk;
    history.clock = config->clock;
    history.sealer = config->sealer;
    history.merger = config->merger;
    history.read_only = config->read_only;
    if (config->history_window_bytes != 0)
        history.head_bytes = config->history_window_bytes;
    if (config->history_window_ns != 0)
        history.seal_interval_ns = config->history_window_ns;
    if (config->history_reserve_bytes != 0)
        history.reserve_bytes = config->history_reserve_bytes;
    history.tell = history_told;
    history.arg = engine;
    return history;
}

enum err engine_history_open(struct engine *engine)
{
    if (engine->config.sealer == NULL)
        return OK;
    struct history_config config = history_settings(engine, &engine->config);
    journal_identity(engine->journal, config.journal);
    return history_open(&config, &engine->history);
}

void engine_history_reconfigure(struct engine *engine, const struct engine_config *config)
{
    if (engine->history == NULL)
        return;
    struct history_config history = history_settings(engine, config);
    history_reconfigure(engine->history, &history);
}

/* ---- erasures ----------------------------------------------------------------------------------
 */
/* Until there is room for one more window: at a start only, for admission waits while there is
 * none. */
static void erase_wait(struct engine *engine)
{
    while (!history_may_erase(engine->history)) {
        history_step(engine->history);
        engine->config.sealer->wait(engine->config.sealer);
    }
}

/* The group's points as the history knows them, ascending; returns how many. */
static size_t erase_points(const struct engine *engine, const struct erased_group *group,
                           struct history_point *points)
{
    size_t found = 0;
    for (uint32_t from = 0; from < group->ranges;) {
        struct point_range ranges[64];
        size_t count =
            archive_group_ranges(engine->archive, group->group, from, ranges, ARRAY_COUNT(ranges));
        check(count > 0);
        for (size_t i = 0; i < count; i++)
            for (uint32_t j = 0; j < ranges[i].count; j++) {
                uint32_t point = ranges[i].first + j;
                struct point_row row;
                points_row(engine->points, points_row_of(engine->points, point), &row);
                points[found++] =
                    (struct history_point){.row = row.shape.row,
                                           .point = point,
                                           .column = (uint16_t)(point - row.shape.first_point)};
            }
        from += (uint32_t)count;
    }
    return found;
}

/* All points at once: each call may freeze a window and copies what is to be erased. */
enum err engine_history_erase(struct engine *engine, uint32_t group)
{
    struct erased_group view;
    if (engine->history == NULL)
        return OK;
    archive_group(engine->archive, group, &view);
    if (view.points == 0)
        return OK;
    struct history_point *points = calloc(view.points, sizeof *points);
    if (points == NULL)
        return ERR_NO_MEMORY;
    size_t count = erase_points(engine, &view, points);
    erase_wait(engine);
    enum err err =
        history_erase(engine->history, view.position, points, count, view.from_ns, view.to_ns);
    free(points);
    return err;
}

/* ---- policies ----------------------------------------------------------------------------------
 */
#define ASSIGN_ROWS 64              /* of a step, */
#define ASSIGN_NS (200 * NS_PER_US) /* and no longer than this */

static struct history_policy policy_for_history(const struct policy_rules *rules)
{
    struct history_policy policy = {.deadband = rules->deadband,
                                    .retention_ns = rules->retention_ns,
                                    .drop_when_full = rules->when_full == POLICY_FULL_DROP_OLDEST,
                                    .priority = rules->priority};
    static const enum part_tier tiers[POLICY_TIERS] = {PART_MINUTE, PART_HOUR, PART_DAY};
    for (size_t i = 0; i < POLICY_TIERS; i++) {
        policy.rollup[tiers[i]] = rules->rollup_ns[i] != POLICY_NO_ROLLUP;
        policy.rollup_retention_ns[tiers[i]] = policy.rollup[tiers[i]] ? rules->rollup_ns[i] : 0;
    }
    return policy;
}

/* The position of the last change. */
static uint64_t policies_changed(const struct engine *engine)
{
    uint64_t position = 0;
    for (uint32_t i = 0; i < policy_set_count(engine->policies); i++)
        if (policy_set_at(engine->policies, i)->position > position)
            position = policy_set_at(engine->policies, i)->position;
    return position;
}

static void policies_tell(struct engine *engine)
{
    struct policy_set *set;
    if (archive_policies(engine->archive, &set) != OK)
        return; /* with the next step */
    uint32_t count = policy_set_count(set);
    struct history_policy *all = calloc((size_t)count + 1, sizeof *all);
    enum err err = all != NULL ? OK : ERR_NO_MEMORY;
    for (uint32_t i = 0; err == OK && i < count; i++)
        all[i + 1] = policy_for_history(&policy_set_at(set, i)->rules);
    if (err == OK)
        err = history_policies(engine->history, all, count + 1);
    free(all);
    if (err != OK) {
        policy_set_release(set);
        return;
    }
    bool first = engine->policies == NULL;
    policy_set_release(engine->policies);
    engine->policies = set;
    /* What was moved or removed has no position of its own. */
    engine->policies_position = first ? policies_changed(engine) : engine->position;
    engine->policies_version = policy_set_version(set);
    engine->policies_row = 1;
}

/* In percent of the span between the outermost limits. */
static double deadband_of_point(const struct engine *engine, uint32_t point,
                                const struct policy_rules *rules)
{
    if (rules->deadband_percent <= 0)
        return 0;
    struct point_view view;
    points_view(engine->points, point, &view);
    double least = view.limits[LIMIT_LOW_LOW], most = view.limits[LIMIT_HIGH_HIGH];
    least = isnan(least) ? view.limits[LIMIT_LOW] : least;
    most = isnan(most) ? view.limits[LIMIT_HIGH] : most;
    double span = most - least, deadband = span * rules->deadband_percent / 100;
    return isnan(span) || deadband <= rules->deadband ? 0 : deadband;
}

static enum err policies_assign_row(struct engine *engine, uint32_t row_id)
{
    struct point_row row;
    points_row(engine->points, row_id, &row);
    for (uint16_t column = 0; column < row.shape.count; column++) {
        uint8_t path[PATH_MAX_BYTES];
        uint32_t point = row.shape.first_point + column;
        size_t size = points_path(engine->points, point, path);
        uint32_t index = policy_set_match(engine->policies, row.tenant, bytes_of(path, size));
        bool some = index != POLICY_NONE;
        double deadband =
            some ? deadband_of_point(engine, point, &policy_set_at(engine->policies, index)->rules)
                 : 0;
        enum err err =
            history_assign(engine->history, &row.shape, column, points_type(engine->points, point),
                           (uint16_t)(some ? index + 1 : 0), deadband);
        if (err != OK)
            return err;
    }
    return OK;
}

/* How many rollups the points of a row have. */
static unsigned row_rollups(const struct engine *engine, uint32_t row_id)
{
    struct point_row row;
    unsigned count = 0;
    points_row(engine->points, row_id, &row);
    for (uint16_t column = 0; column < row.shape.count; column++) {
        int64_t raw_since_ns;
        bool rollups[PART_TIERS];
        history_kept(engine->history, row.shape.first_point + column, &raw_since_ns, rollups);
        for (enum part_tier tier = PART_MINUTE; tier < PART_TIERS; tier++)
            count += rollups[tier];
    }
    return count;
}

void engine_history_renamed(struct engine *engine, uint32_t row)
{
    if (engine->history == NULL || engine->policies == NULL || row >= engine->policies_row)
        return;
    unsigned before = row_rollups(engine, row);
    if (policies_assign_row(engine, row) != OK)
        engine->policies_row = row;
    else if (row_rollups(engine, row) > before && /* what came before is to be in them too */
             engine->policies_row > points_rows(engine->points))
        history_assigned(engine->history, engine->position);
}

int64_t engine_history_step(struct engine *engine)
{
    if (archive_policies_version(engine->archive) != engine->policies_version)
        policies_tell(engine);
    uint32_t rows = points_rows(engine->points);
    struct clock *clock = engine->config.clock;
    int64_t until_ns = clock->boot_ns(clock) + ASSIGN_NS;
    for (int i = 0;
         engine->policies != NULL && policy_set_count(engine->policies) > 0 && i < ASSIGN_ROWS &&
         clock->boot_ns(clock) < until_ns && engine->policies_row <= rows;
         i++) {
        if (policies_assign_row(engine, engine->policies_row) != OK)
            break;
        if (++engine->policies_row == rows + 1)
            history_assigned(engine->history, engine->policies_position);
    }
    int64_t wait = history_step(engine->history);
    return engine->policies != NULL && policy_set_count(engine->policies) > 0 &&
                   engine->policies_row <= rows
               ? 0
               : wait;
}

#define CATCH_UP_TRIES 4 /* a seal and its list, and once more */

/* ---- what lies before the snapshot -------------------------------------------------------------
 */
struct catch_up {
    struct engine *engine;
    struct row_context *rows;
    struct column_context *columns; /* by point */
    uint32_t row_count;
    uint64_t until;
    uint64_t values;
};

static enum err catch_up_record(struct catch_up *catch_up, struct samples_reader *reader,
                                uint32_t row_id, uint64_t position)
{
    struct engine *engine = catch_up->engine;
    struct row_context lost = {.broken = true};
    struct column_context none[COLUMNS_MAX] = {{0}};
    struct point_row row = {.shape = {.row = row_id}};
    bool known = row_id != ROW_NONE && row_id <= catch_up->row_count;
    if (known)
        points_row(engine->points, row_id, &row);
    int64_t arrival_ns = sample_arrival_ns(reader->wall_ns, reader->ordinal);
    struct sample_row sample;
    enum err err = samples_read(reader, &row.shape, known ? &catch_up->rows[row_id] : &lost,
                                known ? &catch_up->columns[row.shape.first_point] : none,
                                &engine->storage, &sample);
    if (err != OK || !known || sample.undecodable)
        return err;
    catch_up->values += sample.count;
    /* No memory is told by the history, and does not end a start. */
    err = history_append(engine->history, position, &row.shape, &sample, arrival_ns);
    return OK;
}

static enum err catch_up_run(struct catch_up *catch_up, const struct journal_batch *batch,
                             struct bytes run, uint64_t *position, uint32_t *ordinal)
{
    struct samples_reader reader = {.run = run,
                                    .generation = batch->generation,
                                    .ordinal = *ordinal,
                                    .wall_ns = batch->header.wall_ns,
                                    .suspicious = batch->hole_records >= 2048};
    uint32_t row;
    enum err err;
    while (*position < catch_up->until && (err = samples_peek(&reader, &row)) == OK) {
        err = catch_up_record(catch_up, &reader, row, *position);
        if (err != OK)
            return err;
        (*position)++;
    }
    *ordinal = reader.ordinal;
    return OK;
}

/* The number of those 1..count whose position this is; 0: none. Positions ascend with numbers. */
static uint32_t number_at(uint64_t (*position_of)(const struct archive *archive, uint32_t number),
                          const struct archive *archive, uint32_t count, uint64_t position)
{
    uint32_t low = 1, high = count + 1;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (position_of(archive, middle) < position)
            low = middle + 1;
        else
            high = middle;
    }
    return low <= count && position_of(archive, low) == position ? low : 0;
}

static uint64_t correction_position(const struct archive *archive, uint32_t number)
{
    struct correction_view view;
    archive_correction(archive, number, &view);
    return view.position;
}

static uint64_t group_position(const struct archive *archive, uint32_t number)
{
    struct erased_group view;
    archive_group(archive, number, &view);
    return view.position;
}

static void catch_up_correction(struct catch_up *catch_up, uint32_t number, int64_t wall_ns)
{
    struct engine *engine = catch_up->engine;
    struct correction_view view;
    archive_correction(engine->archive, number, &view);
    struct point_row row;
    points_row(engine->points, points_row_of(engine->points, view.point), &row);
    uint8_t column = (uint8_t)(view.point - row.shape.first_point);
    struct sample_row sample = {.row = row.shape.row,
                                .count = 1,
                                .time_ns = view.time_ns,
                                .columns = &column,
                                .values = &view.value};
    enum err err = history_append(engine->history, view.position, &row.shape, &sample, wall_ns);
    (void)err; /* told by the history, as with other samples */
}

/* What commands did is in the state already; their samples and erasures go in again. */
static enum err catch_up_facts(struct catch_up *catch_up, const struct journal_batch *batch,
                               struct bytes run, uint64_t position)
{
    struct engine *engine = catch_up->engine;
    size_t offset = 0;
    struct fact fact;
    enum err err;
    for (; position < catch_up->until &&
           (err = facts_read(run, &offset, &engine->fact_storage, &fact)) == OK;
         position++) {
        if (fact.kind != FACT_ARCHIVE || position < history_sealed(engine->history))
            continue;
        const struct archive *archive = engine->archive;
        uint32_t correction =
            number_at(correction_position, archive, archive_corrections(archive), position);
        uint32_t group = number_at(group_position, archive, archive_groups(archive), position);
        if (correction != 0)
            catch_up_correction(catch_up, correction, batch->header.wall_ns);
        if (group != 0)
            err = engine_history_erase(engine, group);
        if (err != OK)
            return err;
    }
    return OK;
}

static enum err catch_up_batch(struct catch_up *catch_up, const struct journal_batch *batch)
{
    uint64_t position = batch->header.position;
    size_t offset = 0;
    uint32_t ordinal = 0;
    for (uint32_t row = 1; batch->hole_records >= 2048 && row <= catch_up->row_count; row++)
        catch_up->rows[row].broken = true;
    for (;;) {
        enum lane lane;
        uint32_t records, run_ordinal;
        struct bytes run;
        enum err err = batch_next_run(batch->body, &offset, &lane, &records, &run_ordinal, &run);
        if (err != OK)
            return err == ERR_MISSING ? OK : err;
        uint64_t end = position + records;
        if (lane == LANE_FACTS)
            err = catch_up_facts(catch_up, batch, run, position);
        else if (lane == LANE_SAMPLES)
            err = catch_up_run(catch_up, batch, run, &position, &ordinal);
        if (err == ERR_CORRUPT && lane == LANE_SAMPLES) { /* what follows is read all the same */
            engine_tell(catch_up->engine, LOG_ERROR,
                        "history: samples before position %llu cannot be read back",
                        (unsigned long long)end);
            err = OK;
        }
        if (err != OK)
            return err;
        position = end;
    }
}

/* What is read back is sealed as it would have been; a disk that takes nothing does not keep the
 * server from starting, but costs memory. */
static void catch_up_seal(struct catch_up *catch_up, uint64_t end)
{
    struct engine *engine = catch_up->engine;
    history_advance(engine->history, end < catch_up->until ? end : catch_up->until);
    history_step(engine->history);
    for (int i = 0; i < CATCH_UP_TRIES && history_is_full(engine->history); i++) {
        engine->config.sealer->wait(engine->config.sealer);
        history_step(engine->history);
    }
}

static enum err catch_up_journal(struct catch_up *catch_up, uint64_t from)
{
    struct journal_cursor *cursor;
    struct journal_batch batch;
    enum err err = journal_cursor_open(catch_up->engine->journal, from, &cursor);
    if (err != OK)
        return err == ERR_MISSING ? OK : err;
    while ((err = journal_cursor_next(cursor, &batch)) == OK &&
           batch.header.position < catch_up->until) {
        /* A batch that damage left unreadable in places costs what it held, here as elsewhere. */
        if (catch_up_batch(catch_up, &batch) != OK)
            engine_tell(catch_up->engine, LOG_ERROR,
                        "history: samples of the batch at position %llu cannot be read back",
                        (unsigned long long)batch.header.position);
        catch_up_seal(catch_up, batch.header.position + batch.header.records);
    }
    journal_cursor_close(cursor);
    return err == ERR_MISSING ? OK : err;
}

/* The segment that holds the position: from its beginning rows can be decoded. */
struct segment_search {
    uint64_t position, found;
};

static void search_each(void *arg, const char *file, const struct segment_header *header,
                        uint64_t bytes, enum err header_err)
{
    struct segment_search *search = arg;
    (void)file;
    (void)bytes;
    if (header_err == OK && header->first_position <= search->position &&
        header->first_position > search->found)
        search->found = header->first_position;
}

/* Erasures of before: some may not have been done in the files yet. */
static enum err catch_up_erasures(struct engine *engine)
{
    uint32_t groups = archive_groups(engine->archive);
    for (uint32_t group = 1; group <= groups; group++) {
        if (group_position(engine->archive, group) >= history_sealed(engine->history))
            break;
        enum err err = engine_history_erase(engine, group);
        if (err != OK)
            return err;
    }
    return OK;
}

enum err engine_history_catch_up(struct engine *engine)
{
    struct segment_search search = {0};
    if (engine->history == NULL)
        return OK;
    /* Before anything is erased or sealed: nothing is merged or rolled up until points have theirs.
     */
    if (archive_policies_version(engine->archive) != engine->policies_version)
        policies_tell(engine);
    enum err err = catch_up_erasures(engine);
    if (err != OK || history_sealed(engine->history) >= engine->position)
        return err;
    search.position = history_sealed(engine->history);
    err = journal_segments(engine->journal, search_each, &search);
    if (err != OK)
        return err;
    struct catch_up catch_up = {
        .engine = engine, .row_count = points_rows(engine->points), .until = engine->position};
    catch_up.rows = calloc((size_t)catch_up.row_count + 1, sizeof *catch_up.rows);
    catch_up.columns = calloc((size_t)points_count(engine->points) + 1, sizeof *catch_up.columns);
    err = catch_up.rows != NULL && catch_up.columns != NULL ? OK : ERR_NO_MEMORY;
    if (err == OK)
        err = catch_up_journal(&catch_up, search.found);
    free(catch_up.rows);
    free(catch_up.columns);
    history_advance(engine->history, engine->position);
    if (err == OK && catch_up.values > 0)
        engine_tell(engine, LOG_INFO, "history: %llu values read back from the journal",
                    (unsigned long long)catch_up.values);
    return err;
}
