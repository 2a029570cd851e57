/* The domain modules: assets, expressions, alarms, notices, library. What follows from a durable
 * record in each of them, in one order: first the points know the value, then alarms judge it, then
 * the expressions that look at it. Live and replay come through here alike.
 *
 * Time. Before the records of a batch, the timers up to its engine time fire, 1,024 of them at
 * most; after them, walks go on by some pieces. What that leaves is due at once: while nothing
 * comes, step.c writes ticks for it.
 *
 * Entries. What alarms computed is written as FACT_ENTRY behind the records that caused it, by
 * modules_step, and comes back as a record of its own: a replay compares. So are entries of the
 * audit, before they leave memory. */
#include "engine/room.h"

#define MODULES_TIMERS_MOST (1024 / MODULES_TIMERS_PIECES)
#define MODULES_ENTRIES_MOST 256 /* written in one step */
#define MODULES_AHEAD 4          /* told values whose expressions are fetched before */

/* ---- being there -------------------------------------------------------------------------------
 */
static uint32_t port_metric(void *context, uint32_t point, struct bytes metric)
{
    const struct engine *engine = context;
    struct bytes own;
    uint32_t asset = assets_of_point(engine->assets, point, &own);
    return asset == ASSET_NONE ? POINT_NONE : assets_point(engine->assets, asset, metric);
}

static enum err port_changed(void *context, uint32_t rule, uint32_t point,
                             enum condition_truth truth, const struct record_stamp *stamp)
{
    static const enum alarm_verdict verdicts[] = {[CONDITION_FALSE] = ALARM_FALSE,
                                                  [CONDITION_TRUE] = ALARM_TRUE,
                                                  [CONDITION_UNKNOWN] = ALARM_UNKNOWN};
    struct engine *engine = context;
    return alarms_expression(engine->alarms, rule, point, verdicts[truth], stamp);
}

enum err modules_create(struct engine *engine)
{
    const struct expressions_port port = {engine, port_metric, port_changed};
    enum err err = timing_create(engine->state, TIMING_TIMERS_MAX, &engine->timing);
    if (err == OK)
        err = assets_create(engine->state, &assets_limits_default, engine->points, &engine->assets);
    if (err == OK)
        err = expressions_create(engine->state, &expressions_limits_default, engine->points,
                                 engine->timing, &port, &engine->expressions);
    if (err == OK)
        err = alarms_create(engine->state, &alarms_limits_default, engine->points, engine->assets,
                            engine->expressions, engine->timing, &engine->alarms);
    if (err == OK)
        err = notices_create(engine->state, &notices_limits_default, engine->points, engine->timing,
                             &engine->notices);
    if (err == OK)
        err = library_create(engine->state, &library_limits_default, &engine->library);
    return err;
}

void modules_destroy(struct engine *engine)
{
    library_destroy(engine->library);
    notices_destroy(engine->notices);
    alarms_destroy(engine->alarms);
    expressions_destroy(engine->expressions);
    assets_destroy(engine->assets);
    timing_destroy(engine->timing);
    engine->library = NULL;
    engine->notices = NULL;
    engine->alarms = NULL;
    engine->expressions = NULL;
    engine->assets = NULL;
    engine->timing = NULL;
    engine->entries_written = engine->audit_written = 0;
}

enum err modules_rebuild(struct engine *engine)
{
    enum err err = timing_rebuild(engine->timing);
    if (err == OK)
        err = assets_rebuild(engine->assets);
    if (err == OK)
        err = expressions_rebuild(engine->expressions, alarms_program, engine->alarms);
    if (err == OK)
        err = alarms_rebuild(engine->alarms);
    if (err == OK)
        err = notices_rebuild(engine->notices);
    if (err == OK)
        err = library_rebuild(engine->library);
    return err;
}

/* ---- records -----------------------------------------------------------------------------------
 */
/* Whoever is to be told of what happened to alarms. */
static enum err follow(struct engine *engine, enum err err, const struct record_stamp *stamp)
{
    return err == OK ? notices_follow(engine->notices, engine->alarms, stamp) : err;
}

static enum err point_changed(struct engine *engine, uint32_t point,
                              const struct record_stamp *stamp)
{
    enum err err = alarms_point_changed(engine->alarms, point, stamp);
    return err == OK ? expressions_point_changed(engine->expressions, point, stamp) : err;
}

enum err modules_points_new(struct engine *engine, uint32_t rows_before, uint32_t points_before,
                            const struct record_stamp *stamp)
{
    enum err err = OK;
    uint32_t rows = points_rows(engine->points), points = points_count(engine->points);
    for (uint32_t row = rows_before + 1; err == OK && row <= rows; row++)
        err = assets_row_new(engine->assets, row);
    for (uint32_t point = points_before + 1; err == OK && point <= points; point++)
        err = point_changed(engine, point, stamp);
    return follow(engine, err, stamp);
}

enum err modules_point_changed(struct engine *engine, uint32_t point,
                               const struct record_stamp *stamp)
{
    return point == POINT_NONE ? OK : follow(engine, point_changed(engine, point, stamp), stamp);
}

enum err modules_erased(struct engine *engine, uint32_t group, const struct record_stamp *stamp)
{
    struct erased_group view;
    struct point_range range;
    enum err err = OK;
    archive_group(engine->archive, group, &view);
    for (uint32_t i = 0; err == OK && i < view.ranges; i++) {
        check(archive_group_ranges(engine->archive, group, i, &range, 1) == 1);
        for (uint32_t j = 0; err == OK && j < range.count; j++)
            err = alarms_point_erased(engine->alarms, range.first + j, view.from_ns, view.to_ns,
                                      stamp);
    }
    return follow(engine, err, stamp);
}

/* The points that are metrics of the asset now. Those that were and are not any more are found by
 * the walk. */
static enum err asset_points_changed(struct engine *engine, uint32_t asset,
                                     const struct record_stamp *stamp)
{
    struct sheet_cursor cursor = {0};
    struct asset_item item;
    enum err err = OK;
    while (err == OK && assets_sheet_next(engine->assets, asset, INT64_MAX, &cursor, &item)) {
        if (item.kind != ITEM_METRIC)
            continue;
        uint32_t point = assets_point(engine->assets, asset, item.name);
        if (point != POINT_NONE)
            err = point_changed(engine, point, stamp);
    }
    return err;
}

static enum err apply_assets(struct engine *engine, const struct fact *fact,
                             const struct record_stamp *stamp)
{
    struct asset_effects effects = {0};
    enum err err = assets_apply_fact(engine->assets, fact, stamp, &effects);
    if (err == OK && effects.points_changed)
        err = asset_points_changed(engine, effects.asset, stamp);
    if (err == OK && effects.many_changed)
        alarms_assets_changed(engine->alarms);
    engine->outcomes[0] = effects.outcome;
    return err;
}

/* Who cannot be reached is an alarm: alarms are told by notices what they know of the channels. */
static enum err channels_tell(struct engine *engine, uint32_t tenant, bool died,
                              const struct record_stamp *stamp)
{
    char names[NOTICE_DEAD_NAMES_MAX];
    const struct channels_told told = {.dead = notices_dead(engine->notices, tenant),
                                       .died = died,
                                       .why = notices_dead_names(engine->notices, tenant, names)};
    return alarms_channels(engine->alarms, tenant, &told, stamp);
}

static enum err channels_changed(struct engine *engine, const struct notices_effects *effects,
                                 const struct record_stamp *stamp)
{
    enum err err = OK;
    if (notices_channel_next(engine->notices, effects->tenant, 0) != 0)
        err = alarms_channels_begin(engine->alarms, effects->tenant, stamp);
    return err == OK ? channels_tell(engine, effects->tenant, effects->died, stamp) : err;
}

/* A rule of dead channels that was set may find some; or its alarm is about to end, and the delay
 * begins anew. */
static enum err apply_alarms(struct engine *engine, const struct fact *fact,
                             const struct record_stamp *stamp)
{
    const struct command *command = &fact->command;
    enum err err = alarms_apply_fact(engine->alarms, fact, stamp, &engine->outcomes[0]);
    bool own =
        command->kind == COMMAND_RULE_SET &&
        bytes_equal(form_text(command->module.form, RULE_TAG_NAME), bytes_text(RULE_CHANNELS_NAME));
    return err == OK && own ? channels_tell(engine, command->tenant, false, stamp) : err;
}

/* For metrics: what happens, not what a start replays. */
static void delivery_count(struct engine *engine, const struct command *command)
{
    struct bytes form = command->module.form;
    struct delivery_view view;
    if (!engine->started || command->kind != COMMAND_NOTICE_DONE ||
        engine->outcomes[0].code != OUTCOME_DONE)
        return;
    if (form_integer(form, DONE_TAG_RESULT, NOTICE_RESULTS) == NOTICE_SENT) {
        engine->counters.notices_sent++;
        return;
    }
    engine->counters.notices_failed++;
    engine->counters.notices_given_up +=
        notices_delivery(engine->notices, (uint64_t)form_integer(form, DONE_TAG_DELIVERY, 0),
                         &view) &&
        view.state == DELIVERY_GIVEN_UP;
}

static enum err apply_notices(struct engine *engine, const struct fact *fact,
                              const struct record_stamp *stamp)
{
    struct notices_effects effects = {0};
    enum err err = notices_apply_fact(engine->notices, engine->points, fact, stamp,
                                      &engine->outcomes[0], &effects);
    struct channel_view channel;
    if (err == OK)
        delivery_count(engine, &fact->command);
    if (err == OK && effects.channel != 0 && engine->started &&
        notices_channel(engine->notices, effects.channel, &channel))
        engine_tell(engine, effects.died ? LOG_WARN : LOG_INFO, "channel %.*s %s%.*s",
                    (int)channel.name.size, (const char *)channel.name.at,
                    effects.died ? "does not answer: " : "answers again",
                    effects.died ? (int)channel.error.size : 0, (const char *)channel.error.at);
    return err == OK && effects.tenant != 0 ? channels_changed(engine, &effects, stamp) : err;
}

enum err modules_apply_command(struct engine *engine, const struct fact *fact,
                               const struct record_stamp *stamp)
{
    enum err err = ERR_CORRUPT;
    switch (command_module(fact->command.kind)) {
    case MODULE_ASSETS:
        err = apply_assets(engine, fact, stamp);
        break;
    case MODULE_ALARMS:
        err = apply_alarms(engine, fact, stamp);
        break;
    case MODULE_NOTICES:
        err = apply_notices(engine, fact, stamp);
        break;
    case MODULE_LIBRARY:
        err =
            library_apply_fact(engine->library, engine->points, fact, stamp, &engine->outcomes[0]);
        break;
    default:
        break;
    }
    engine->effects.outcome_count = err == OK;
    return follow(engine, err, stamp);
}

enum err modules_apply_other(struct engine *engine, const struct fact *fact,
                             const struct record_stamp *stamp)
{
    struct outcome untouched;
    enum err err = library_apply_fact(engine->library, engine->points, fact, stamp, &untouched);
    const struct command *command = &fact->command;
    bool deleted = fact->kind == FACT_ACCESS && command->kind == COMMAND_TENANT_STATE &&
                   command->access.state == TENANT_DELETED &&
                   engine->outcomes[0].code == OUTCOME_DONE;
    return err == OK && deleted ? library_tenant_deleted(engine->library, command->access.number)
                                : err;
}

enum err modules_apply_entry(struct engine *engine, const struct fact *fact,
                             const struct record_stamp *stamp)
{
    bool agrees = true, audit = fact->entry.module == MODULE_ACCESS;
    uint64_t *ahead = audit ? &engine->audit_written : &engine->entries_written;
    enum err err = audit ? access_apply_entry(engine->access, &fact->entry, stamp, &agrees)
                         : alarms_apply_entry(engine->alarms, &fact->entry, stamp, &agrees);
    if (*ahead > 0)
        --*ahead;
    if (err == OK && !agrees && engine->counters.entries_disagreed++ == 0)
        engine_tell(engine, LOG_ERROR,
                    "the entry at position %llu is not what was computed from what came before it; "
                    "after damage that is so, else it is a fault of this program",
                    (unsigned long long)stamp->position);
    return err;
}

enum err modules_judge(struct engine *engine, const struct record_stamp *stamp)
{
    enum err err = OK;
    engine->told_in_batch += (uint32_t)engine->effects.notice_count;
    for (size_t i = 0; err == OK && i < engine->effects.notice_count; i++) {
        if (i + MODULES_AHEAD < engine->effects.notice_count)
            expressions_prefetch(engine->expressions, engine->told[i + MODULES_AHEAD].point);
        err = alarms_judge(engine->alarms, &engine->told[i], stamp);
        if (err == OK)
            err = expressions_judge(engine->expressions, &engine->told[i], stamp);
    }
    return follow(engine, err, stamp);
}

/* ---- time --------------------------------------------------------------------------------------
 */
struct firing {
    struct engine *engine;
    struct record_stamp stamp;
};

static enum err fired(void *arg, const struct timer_view *timer)
{
    const struct firing *firing = arg;
    struct engine *engine = firing->engine;
    const struct record_stamp *stamp = &firing->stamp;
    if ((timer->kind >= ALARMS_TIMER_FIRST && timer->kind <= ALARMS_TIMER_LAST) ||
        timer->kind == ALARMS_TIMER_CHATTER)
        return follow(engine, alarms_fired(engine->alarms, timer, stamp), stamp);
    if (timer->kind == EXPRESSIONS_TIMER)
        return follow(engine, expressions_fired(engine->expressions, timer, stamp), stamp);
    if (timer->kind >= NOTICES_TIMER_FIRST && timer->kind <= NOTICES_TIMER_LAST)
        return notices_fired(engine->notices, timer, stamp);
    return ERR_CORRUPT;
}

enum err modules_begin(struct engine *engine, const struct record_stamp *stamp, bool *ret_more)
{
    struct firing firing = {engine, *stamp};
    *ret_more = false;
    if (timing_next_ns(engine->timing) > stamp->engine_ns)
        return OK;
    return timing_advance(engine->timing, stamp->engine_ns, MODULES_TIMERS_MOST, fired, &firing,
                          ret_more);
}

enum err modules_end(struct engine *engine, const struct record_stamp *stamp, bool *ret_more)
{
    enum err err = OK;
    if (alarms_walk_left(engine->alarms) > 0)
        err = alarms_walk(engine->alarms, stamp);
    *ret_more = alarms_walk_left(engine->alarms) > 0;
    return follow(engine, err, stamp);
}

bool modules_walk(const struct engine *engine)
{
    return alarms_walk_left(engine->alarms) + expressions_walk_left(engine->expressions) > 0;
}

enum err modules_end_first(struct engine *engine, const struct record_stamp *stamp)
{
    enum err err = OK;
    if (expressions_walk_left(engine->expressions) > 0)
        err = expressions_walk(engine->expressions, stamp);
    return follow(engine, err, stamp);
}

/* ---- the step ----------------------------------------------------------------------------------
 */
static void write_entries(struct engine *engine)
{
    uint8_t bytes[FORM_BYTES_MAX];
    for (unsigned i = 0; i < MODULES_ENTRIES_MOST; i++) {
        struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
        struct fact fact = {.kind = FACT_ENTRY, .entry = {.module = MODULE_ALARMS}};
        if (alarms_unwritten(engine->alarms) <= engine->entries_written ||
            journal_room(engine->journal, LANE_FACTS, FACT_BYTES_MAX) != JOURNAL_ROOM)
            return;
        fact.entry.tenant = alarms_unwritten_form(engine->alarms, engine->entries_written, &form);
        check(form_end(&form, &fact.entry.form));
        facts_write(journal_facts(engine->journal), &fact);
        engine->entries_written++;
    }
}

/* What a full disk keeps free is for commands, until so many wait that commands have to. */
static void write_audit(struct engine *engine)
{
    uint8_t bytes[FORM_BYTES_MAX];
    enum lane lane = access_audit_presses(engine->access, 0) ? LANE_FACTS : LANE_MESSAGES;
    for (unsigned i = 0; i < MODULES_ENTRIES_MOST; i++) {
        struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
        struct fact fact = {.kind = FACT_ENTRY, .entry = {.module = MODULE_ACCESS}};
        if (access_audit_unwritten(engine->access) <= engine->audit_written ||
            journal_room(engine->journal, lane, FACT_BYTES_MAX) != JOURNAL_ROOM)
            return;
        fact.entry.tenant =
            access_audit_unwritten_form(engine->access, engine->audit_written, &form);
        check(form_end(&form, &fact.entry.form));
        facts_write(journal_facts(engine->journal), &fact);
        engine->audit_written++;
    }
}

int64_t modules_step(struct engine *engine)
{
    static const struct fact tick = {.kind = FACT_TICK};
    write_entries(engine);
    write_audit(engine);
    int64_t due = timing_next_ns(engine->timing) - journal_engine_ns(engine->journal);
    bool walks = modules_walk(engine);
    bool looks = assets_walk_left(engine->assets) > 0;
    if (looks)
        assets_walk(engine->assets); /* of what is derived: it needs no batch */
    if (due > 0 && !walks)
        return looks && due > NS_PER_MS ? NS_PER_MS : due;
    if (journal_batch_empty(engine->journal) && !journal_in_flight(engine->journal) &&
        journal_room(engine->journal, LANE_FACTS, FACT_BYTES_MAX) == JOURNAL_ROOM)
        facts_write(journal_facts(engine->journal), &tick);
    return NS_PER_MS;
}
