/* Commands: wishes that become outcomes. What a command is told depends on the state before it and
 * on nothing else, so that replay tells the same. */
#include "model/points/tables.h"

#include <string.h>

/* Every refusal is judged before anything changes, so that a refused command leaves no trace but
 * its idempotency key. */
static enum err command_create(struct points *points, const struct command *command,
                               struct outcome *outcome)
{
    const struct point_settings *settings = &command->settings;
    if (path_fault(command->path) != NULL) {
        outcome->code = OUTCOME_PATH_INVALID;
        return OK;
    }
    uint64_t hash = points_path_hash(command->tenant, command->path);
    outcome->point = points_find_hashed(points, command->tenant, command->path, hash);
    if (outcome->point != POINT_NONE) {
        outcome->code = OUTCOME_PATH_TAKEN;
        return OK;
    }
    outcome->code = settings_judge(points, POINT_NONE, settings);
    if (outcome->code != OUTCOME_DONE)
        return OK;
    const struct counters_entry *counters = points->counters;
    if (counters->points >= points->limits.points_max ||
        counters->points >= UINT32_MAX - COLUMNS_MAX || !settings_fit(points, settings)) {
        outcome->code = OUTCOME_LIMIT;
        return OK;
    }
    size_t cut = command->path.size;
    while (cut > 0 && command->path.at[cut - 1] != '/')
        cut--;
    struct fact_row_point column = {
        .type = settings->has & HAS_TYPE ? settings->type : (uint8_t)VALUE_FLOAT64,
        .metric = bytes_of(command->path.at + cut, command->path.size - cut)};
    struct fact_row row = {.tenant = command->tenant,
                           .shape = {counters->rows + 1, counters->points + 1, 1},
                           .prefix = bytes_of(command->path.at, cut == 0 ? 0 : cut - 1),
                           .points = &column};
    enum err err = row_add(points, &row, &hash);
    if (err != OK)
        return err;
    outcome->point = row.shape.first_point;
    return settings_put(points, outcome->point, settings, &outcome->code);
}

static enum err command_change(struct points *points, const struct command *command,
                               struct outcome *outcome)
{
    outcome->code = settings_judge(points, outcome->point, &command->settings);
    if (outcome->code != OUTCOME_DONE)
        return OK;
    return settings_put(points, outcome->point, &command->settings, &outcome->code);
}

/* Hash of the path the point has now. */
static uint64_t point_hash(const struct points *points, uint32_t point)
{
    uint8_t path[PATH_MAX_BYTES];
    size_t size = points_path(points, point, path);
    uint32_t tenant = row_at(points, point_at(points, point)->row)->tenant;
    return points_path_hash(tenant, bytes_of(path, size));
}

static enum err command_rename(struct points *points, const struct command *command,
                               struct outcome *outcome)
{
    uint32_t point = outcome->point;
    if (path_fault(command->new_path) != NULL) {
        outcome->code = OUTCOME_PATH_INVALID;
        return OK;
    }
    uint64_t hash = points_path_hash(command->tenant, command->new_path);
    uint32_t taken = points_find_hashed(points, command->tenant, command->new_path, hash);
    if (taken != POINT_NONE) { /* its own path: done without doing anything */
        outcome->code = taken == point ? OUTCOME_DONE : OUTCOME_PATH_TAKEN;
        outcome->point = taken;
        return OK;
    }
    uint64_t hash_before = point_hash(points, point);
    struct point_entry *entry = state_write(&points->points, point);
    uint32_t own = entry->flags & POINT_RENAMED ? entry->metric : TEXT_NONE;
    enum err err = settings_text_set(points, &own, command->new_path, &outcome->code);
    if (err != OK || outcome->code != OUTCOME_DONE)
        return err;
    entry->metric = own;
    entry->flags |= POINT_RENAMED;
    err = index_insert(points->path_index, hash, point);
    return err == OK ? index_remove(points->path_index, hash_before, point) : err;
}

static enum err command_retire(struct points *points, struct outcome *outcome)
{
    enum err err =
        index_remove(points->path_index, point_hash(points, outcome->point), outcome->point);
    if (err != OK)
        return err;
    struct point_entry *entry = state_write(&points->points, outcome->point);
    struct live_entry *live = state_write(&points->live, outcome->point);
    entry->flags |= POINT_RETIRED;
    live->flags |= LIVE_RETIRED;
    counters_write(points)->retired++;
    return OK;
}

static enum err command_run(struct points *points, const struct command *command,
                            struct outcome *outcome)
{
    outcome->code = OUTCOME_DONE;
    if (command->kind == COMMAND_CREATE)
        return command_create(points, command, outcome);
    outcome->point = points_find(points, command->tenant, command->path);
    if (outcome->point == POINT_NONE) {
        outcome->code = OUTCOME_UNKNOWN_POINT;
        return OK;
    }
    switch (command->kind) {
    case COMMAND_CHANGE:
        return command_change(points, command, outcome);
    case COMMAND_RENAME:
        return command_rename(points, command, outcome);
    default:
        return command_retire(points, outcome);
    }
}

enum err apply_command(struct points *points, const struct command *command,
                       const struct record_stamp *stamp, struct effects *effects)
{
    if (command->kind < COMMAND_CREATE || command->kind > COMMAND_RETIRE ||
        command->key_kind > KEY_FREE)
        return ERR_CORRUPT;
    struct outcome outcome = {.position = stamp->position};
    struct key_claim claim;
    uint32_t rows = points->counters->rows;
    bool run;
    enum err err = points_key_claim(points, command, stamp, &claim, &outcome, &run);
    if (err == OK && run)
        err = command_run(points, command, &outcome);
    if (err != OK)
        return err;
    if (run)
        points_key_settle(points, command, &claim, &outcome);
    if (outcome.code != OUTCOME_REPEATED)
        outcome.first_code = outcome.code;
    effects->rows_new += points->counters->rows - rows;
    effects->points_new += points->counters->rows - rows; /* a row of one */
    if (effects->outcome_count < effects->outcome_capacity)
        effects->outcomes[effects->outcome_count] = outcome;
    effects->outcome_count++;
    return OK;
}

enum err points_apply_fact(struct points *points, const struct fact *fact,
                           const struct record_stamp *stamp, struct effects *effects)
{
    switch (fact->kind) {
    case FACT_ROW:
        return apply_row(points, &fact->row, effects);
    case FACT_COMMAND:
        return apply_command(points, &fact->command, stamp, effects);
    default:
        return OK;
    }
}
