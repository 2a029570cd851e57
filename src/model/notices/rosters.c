/* Rosters: kept as what their command said, which is read anew whenever somebody is called. */
#include "model/notices/tables.h"

#include <stdlib.h>

const struct roster_entry *notices_roster_at(const struct notices *notices, uint32_t roster)
{
    return state_read(&notices->rosters, roster);
}

static struct roster_entry *roster_write(struct notices *notices, uint32_t roster)
{
    return state_write(&notices->rosters, roster);
}

static const struct chain rosters_of_tenant = {.links_at = offsetof(struct roster_entry, links)};

static bool is_there(const struct notices *notices, uint32_t roster)
{
    return roster != 0 && roster <= notices->roots->rosters.highest &&
           notices_roster_at(notices, roster)->position != 0;
}

uint32_t notices_roster_find(const struct notices *notices, uint32_t tenant, struct bytes name)
{
    struct index_probe probe;
    uint64_t hash = notices_name_hash(NAME_ROSTER, tenant, name);
    for (uint32_t at = index_first(notices->names, &probe, hash); at != INDEX_NONE;
         at = index_next(notices->names, &probe)) {
        if (!is_there(notices, at))
            continue;
        const struct roster_entry *entry = notices_roster_at(notices, at);
        if (entry->tenant == tenant && bytes_equal(texts_get(&notices->texts, entry->name), name))
            return at;
    }
    return 0;
}

uint32_t notices_roster_next(const struct notices *notices, uint32_t tenant, uint32_t after)
{
    const struct notices_tenant_entry *of = notices_tenant_at(notices, tenant);
    if (after != 0)
        return is_there(notices, after) && notices_roster_at(notices, after)->tenant == tenant
                   ? notices_roster_at(notices, after)->links.next
                   : 0;
    return of == NULL ? 0 : of->rosters.first;
}

bool notices_roster(const struct notices *notices, uint32_t roster, struct roster_view *ret_view)
{
    if (!is_there(notices, roster))
        return false;
    const struct roster_entry *entry = notices_roster_at(notices, roster);
    *ret_view = (struct roster_view){.roster = roster,
                                     .tenant = entry->tenant,
                                     .form = texts_get(&notices->texts, entry->form),
                                     .holders = entry->holders,
                                     .position = entry->position,
                                     .wall_ns = entry->wall_ns};
    return true;
}

void notices_roster_hold(struct notices *notices, uint32_t roster, int32_t by)
{
    struct roster_entry *entry = roster_write(notices, roster);
    entry->holders = (uint32_t)((int64_t)entry->holders + by);
}

/* ---- channels that members name ----------------------------------------------------------------
 */
static bool channels_are_there(const struct notices *notices, uint32_t tenant,
                               const struct roster_plan *plan)
{
    for (unsigned i = 0; i < plan->member_count; i++)
        for (unsigned j = 0; j < plan->members[i].channel_count; j++)
            if (notices_channel_find(notices, tenant, plan->members[i].channels[j]) == 0)
                return false;
    return true;
}

/* Each name counts, also where a channel is named several times. */
static void channels_hold(struct notices *notices, uint32_t tenant, const struct roster_plan *plan,
                          int32_t by)
{
    for (unsigned i = 0; i < plan->member_count; i++)
        for (unsigned j = 0; j < plan->members[i].channel_count; j++)
            notices_channel_hold(
                notices, notices_channel_find(notices, tenant, plan->members[i].channels[j]), by);
}

static void channels_release(struct notices *notices, uint32_t roster)
{
    struct roster_plan plan;
    const struct roster_entry *entry = notices_roster_at(notices, roster);
    if (entry->form == TEXT_NONE)
        return;
    const char *fault = roster_plan_read(texts_get(&notices->texts, entry->form), &plan);
    check(fault == NULL); /* it was read before it was kept, and by the rebuild */
    channels_hold(notices, entry->tenant, &plan, -1);
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static enum outcome_code set_judge(const struct notices *notices, const struct notice_order *of,
                                   struct roster_plan *plan, uint32_t *ret_roster)
{
    uint32_t tenant = of->command->tenant;
    const struct notices_tenant_entry *tenant_entry = notices_tenant_at(notices, tenant);
    if (roster_plan_read(of->form, plan) != NULL)
        return OUTCOME_NOTICE_INVALID;
    if (!channels_are_there(notices, tenant, plan))
        return OUTCOME_UNKNOWN_CHANNEL;
    *ret_roster = notices_roster_find(notices, tenant, plan->name);
    uint64_t cost = (uint64_t)texts_cost(plan->name.size) + texts_cost(of->form.size);
    bool full = *ret_roster == 0 &&
                (notices->roots->rosters.count >= notices->limits.rosters_max ||
                 (tenant_entry != NULL && tenant_entry->roster_count >= NOTICE_ROSTERS_TENANT));
    return full || !notices_texts_fit(notices, cost) ? OUTCOME_NOTICES_FULL : OUTCOME_DONE;
}

static enum err roster_make(struct notices *notices, uint32_t tenant, struct bytes name,
                            uint32_t *ret_roster)
{
    enum err err = notices_tenant_begin(notices, tenant);
    if (err == OK)
        err = notices_row_take(notices, TABLE_ROSTERS, ret_roster);
    if (err != OK)
        return err;
    struct roster_entry *entry = roster_write(notices, *ret_roster);
    struct notices_tenant_entry *of = notices_tenant_write(notices, tenant);
    entry->tenant = tenant;
    of->roster_count++;
    chain_put(&notices->rosters, &rosters_of_tenant, &of->rosters, *ret_roster);
    err = notices_text_set(notices, &entry->name, name);
    return err == OK ? index_insert(notices->names, notices_name_hash(NAME_ROSTER, tenant, name),
                                    *ret_roster)
                     : err;
}

static enum err roster_set(struct notices *notices, const struct notice_order *of)
{
    struct roster_plan plan;
    uint32_t roster;
    enum err err = OK;
    enum outcome_code code = set_judge(notices, of, &plan, &roster);
    if (code != OUTCOME_DONE)
        return notice_refuse(of, code);
    if (roster == 0)
        err = roster_make(notices, of->command->tenant, plan.name, &roster);
    if (err != OK)
        return err;
    struct roster_entry *entry = roster_write(notices, roster);
    channels_release(notices, roster);
    channels_hold(notices, entry->tenant, &plan, 1);
    entry->position = of->stamp->position;
    entry->wall_ns = of->stamp->wall_ns;
    of->outcome->number = roster;
    return notices_text_set(notices, &entry->form, of->form);
}

static enum err roster_remove(struct notices *notices, const struct notice_order *of)
{
    struct bytes name;
    uint32_t tenant = of->command->tenant;
    if (!notices_name_alone(of->form, &name))
        return notice_refuse(of, OUTCOME_NOTICE_INVALID);
    uint32_t roster = notices_roster_find(notices, tenant, name);
    if (roster == 0)
        return notice_refuse(of, OUTCOME_UNKNOWN_ROSTER);
    if (notices_roster_at(notices, roster)->holders > 0)
        return notice_refuse(of, OUTCOME_CHANNEL_IN_USE);
    enum err err =
        index_remove(notices->names, notices_name_hash(NAME_ROSTER, tenant, name), roster);
    if (err != OK)
        return err;
    struct roster_entry *entry = roster_write(notices, roster);
    struct notices_tenant_entry *tenant_entry = notices_tenant_write(notices, tenant);
    channels_release(notices, roster);
    notices_text_free(notices, &entry->name);
    notices_text_free(notices, &entry->form);
    chain_take(&notices->rosters, &rosters_of_tenant, &tenant_entry->rosters, roster);
    tenant_entry->roster_count--;
    notices_row_give(notices, TABLE_ROSTERS, roster);
    of->outcome->number = roster;
    return OK;
}

enum err notices_apply_roster(struct notices *notices, const struct notice_order *of)
{
    return of->command->kind == COMMAND_ROSTER_SET ? roster_set(notices, of)
                                                   : roster_remove(notices, of);
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static enum err roster_rebuild(struct notices *notices, uint32_t roster, uint32_t *channel_holders)
{
    struct roster_plan plan;
    const struct roster_entry *entry = notices_roster_at(notices, roster);
    if (entry->tenant == 0 || entry->tenant > notices->limits.tenants_max ||
        !texts_is_valid(&notices->texts, entry->name, NOTICE_NAME_MAX) ||
        !texts_is_valid(&notices->texts, entry->form, NOTICE_FORM_MAX))
        return ERR_CORRUPT;
    struct bytes name = texts_get(&notices->texts, entry->name);
    struct bytes form = texts_get(&notices->texts, entry->form);
    if (!form_is_valid(form) || roster_plan_read(form, &plan) != NULL ||
        !bytes_equal(plan.name, name) || notices_roster_find(notices, entry->tenant, name) != 0 ||
        !channels_are_there(notices, entry->tenant, &plan))
        return ERR_CORRUPT;
    for (unsigned i = 0; i < plan.member_count; i++)
        for (unsigned j = 0; j < plan.members[i].channel_count; j++)
            channel_holders[notices_channel_find(notices, entry->tenant,
                                                 plan.members[i].channels[j])]++;
    return index_insert(notices->names, notices_name_hash(NAME_ROSTER, entry->tenant, name),
                        roster);
}

static enum err tenants_judge(struct notices *notices)
{
    uint32_t end = notices->roots->rosters.highest + 1, all = 0;
    for (uint32_t tenant = 0; tenant < state_table_capacity(&notices->tenants); tenant++) {
        const struct notices_tenant_entry *of = state_read(&notices->tenants, tenant);
        if (of->roster_count > end || !chain_is_valid(&notices->rosters, &rosters_of_tenant,
                                                      &of->rosters, of->roster_count, end))
            return ERR_CORRUPT;
        for (uint32_t at = of->rosters.first; at != 0;
             at = chain_after(&notices->rosters, &rosters_of_tenant, at))
            if (!is_there(notices, at) || notices_roster_at(notices, at)->tenant != tenant)
                return ERR_CORRUPT;
        all += of->roster_count;
    }
    return all == notices->roots->rosters.count ? OK : ERR_CORRUPT;
}

enum err notices_rosters_rebuild(struct notices *notices, uint32_t *channel_holders)
{
    uint32_t highest = notices->roots->rosters.highest;
    if (highest > notices->limits.rosters_max)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&notices->rosters, highest + 1);
    uint8_t *taken = calloc((size_t)highest + 1, 1);
    if (err == OK && taken == NULL)
        err = ERR_NO_MEMORY;
    for (uint32_t roster = 1; err == OK && roster <= highest; roster++) {
        taken[roster] = notices_roster_at(notices, roster)->position != 0;
        err = taken[roster] ? roster_rebuild(notices, roster, channel_holders) : OK;
    }
    if (err == OK)
        err = notices_rows_judge(notices, TABLE_ROSTERS, taken);
    free(taken);
    return err == OK ? tenants_judge(notices) : err;
}
