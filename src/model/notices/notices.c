/* How the tables and the indexes beside them come and go, and which command goes where. */
#include "model/notices/tables.h"

#include <stdlib.h>

const struct notices_limits notices_limits_default = {
    .tenants_max = 65536,
    .channels_max = 4096,
    .rosters_max = 4096,
    .routes_max = 4096,
    .calls_max = 200000,
    .texts_bytes_max = UINT64_C(1) << 30,
};

/* ---- life --------------------------------------------------------------------------------------
 */
static const struct state_table_plan tables[] = {
    {offsetof(struct notices, roots_table), TABLE_NOTICES_ROOTS, sizeof(struct roots_entry)},
    {offsetof(struct notices, tenants), TABLE_NOTICES_TENANTS, sizeof(struct notices_tenant_entry)},
    {offsetof(struct notices, channels), TABLE_CHANNELS, sizeof(struct channel_entry)},
    {offsetof(struct notices, rosters), TABLE_ROSTERS, sizeof(struct roster_entry)},
    {offsetof(struct notices, routes), TABLE_ROUTES, sizeof(struct route_entry)},
    {offsetof(struct notices, calls), TABLE_CALLS, sizeof(struct call_entry)},
    {offsetof(struct notices, deliveries), TABLE_DELIVERIES, sizeof(struct delivery_entry)},
    {offsetof(struct notices, texts.table), TABLE_NOTICES_TEXTS, TEXTS_UNIT},
};

static void indexes_destroy(struct notices *notices)
{
    index_destroy(notices->names);
    index_destroy(notices->calls_of);
    index_destroy(notices->numbers);
    notices->names = notices->calls_of = notices->numbers = NULL;
    notices_patterns_drop(notices);
}

static enum err indexes_create(struct notices *notices)
{
    enum err err = index_create(&notices->names);
    if (err == OK)
        err = index_create(&notices->calls_of);
    return err == OK ? index_create(&notices->numbers) : err;
}

enum err notices_create(struct state *state, const struct notices_limits *limits,
                        const struct points *points, struct timing *timing,
                        struct notices **ret_notices)
{
    struct notices *notices = calloc(1, sizeof *notices);
    if (notices == NULL)
        return ERR_NO_MEMORY;
    notices->limits = *limits;
    notices->state = state;
    notices->points = points;
    notices->timing = timing;
    state_tables_init(state, notices, tables, ARRAY_COUNT(tables));
    notices->texts.owner = &notices->roots_table;
    notices->texts.pages_at = offsetof(struct roots_entry, text_pages);
    notices->texts.classes_at = offsetof(struct roots_entry, classes);
    notices->texts.wiped = true; /* secrets do not linger */
    enum err err = indexes_create(notices);
    if (err == OK)
        err = state_table_grow(&notices->roots_table, 1);
    if (err != OK) {
        notices_destroy(notices);
        return err;
    }
    notices->roots = state_read(&notices->roots_table, 0);
    *ret_notices = notices;
    return OK;
}

void notices_destroy(struct notices *notices)
{
    if (notices == NULL)
        return;
    indexes_destroy(notices);
    free(notices->turns);
    state_tables_done(notices, tables, ARRAY_COUNT(tables));
    free(notices);
}

uint64_t notices_memory(const struct notices *notices)
{
    return sizeof *notices + index_memory(notices->names) + index_memory(notices->calls_of) +
           index_memory(notices->numbers) +
           notices->pattern_count * (sizeof(void *) + sizeof(struct pattern)) +
           notices->roots->channels.highest * sizeof notices->turns[0];
}

/* Who is named by how many, as the rows say and as they are counted. */
static bool holders_agree(const struct notices *notices, const uint32_t *channels,
                          const uint32_t *rosters)
{
    for (uint32_t i = 1; i <= notices->roots->channels.highest; i++)
        if (notices_channel_at(notices, i)->holders != channels[i])
            return false;
    for (uint32_t i = 1; i <= notices->roots->rosters.highest; i++)
        if (notices_roster_at(notices, i)->holders != rosters[i])
            return false;
    return true;
}

static enum err plans_rebuild(struct notices *notices)
{
    enum err err = notices_channels_rebuild(notices);
    if (err != OK)
        return err;
    if (notices->roots->rosters.highest > notices->limits.rosters_max)
        return ERR_CORRUPT;
    uint32_t *channels = calloc((size_t)notices->roots->channels.highest + 1, sizeof channels[0]);
    uint32_t *rosters = calloc((size_t)notices->roots->rosters.highest + 1, sizeof rosters[0]);
    if (channels == NULL || rosters == NULL)
        err = ERR_NO_MEMORY;
    if (err == OK)
        err = notices_rosters_rebuild(notices, channels);
    if (err == OK)
        err = notices_routes_rebuild(notices, channels, rosters);
    if (err == OK && !holders_agree(notices, channels, rosters))
        err = ERR_CORRUPT;
    free(channels);
    free(rosters);
    return err;
}

enum err notices_rebuild(struct notices *notices)
{
    indexes_destroy(notices);
    enum err err = indexes_create(notices);
    if (err == OK)
        err = texts_rebuild(&notices->texts);
    if (err == OK)
        err = plans_rebuild(notices);
    if (err == OK)
        err = notices_deliveries_rebuild(notices);
    return err == OK ? notices_calls_rebuild(notices) : err;
}

/* ---- records -----------------------------------------------------------------------------------
 */
static enum err command_run(struct notices *notices, const struct notice_order *of)
{
    uint32_t tenant = of->command->tenant;
    if (tenant == 0 || tenant > notices->limits.tenants_max)
        return notice_refuse(of, OUTCOME_UNKNOWN_TENANT);
    switch (of->command->kind) {
    case COMMAND_ROSTER_SET:
    case COMMAND_ROSTER_REMOVE:
        return notices_apply_roster(notices, of);
    case COMMAND_ROUTE_SET:
    case COMMAND_ROUTE_REMOVE:
        return notices_apply_route(notices, of);
    case COMMAND_CHANNEL_TEST:
        return notices_apply_test(notices, of);
    case COMMAND_NOTICE_DONE:
        return notices_apply_done(notices, of);
    default:
        return notices_apply_channel(notices, of);
    }
}

enum err notices_apply_fact(struct notices *notices, struct points *points, const struct fact *fact,
                            const struct record_stamp *stamp, struct outcome *ret_outcome,
                            struct notices_effects *ret_effects)
{
    const struct command *command = &fact->command;
    struct key_claim claim;
    bool run;
    if (fact->kind != FACT_MODULE || command_module(command->kind) != MODULE_NOTICES)
        return OK;
    if (command->key_kind > KEY_FREE)
        return ERR_CORRUPT;
    *ret_outcome = (struct outcome){.position = stamp->position, .code = OUTCOME_DONE};
    notices->now = (struct notices_effects){.channel = 0};
    const struct notice_order of = {command, command->module.form, stamp, ret_outcome};
    enum err err = points_key_claim(points, command, stamp, &claim, ret_outcome, &run);
    if (err == OK && run)
        err = command_run(notices, &of);
    if (err != OK)
        return err;
    if (run)
        points_key_settle(points, command, &claim, ret_outcome);
    if (ret_outcome->code != OUTCOME_REPEATED)
        ret_outcome->first_code = ret_outcome->code;
    *ret_effects = notices->now;
    return OK;
}

enum err notices_fired(struct notices *notices, const struct timer_view *timer,
                       const struct record_stamp *stamp)
{
    if (timer->kind == TIMER_DELIVERY)
        return notices_delivery_fired(notices, timer, stamp);
    return timer->kind == TIMER_CALL ? notices_call_fired(notices, timer, stamp) : OK;
}
