/* Channels: ways out, made, changed and removed by their names. */
#include "model/notices/tables.h"

#include <stdio.h>
#include <stdlib.h>

const struct channel_entry *notices_channel_at(const struct notices *notices, uint32_t channel)
{
    return state_read(&notices->channels, channel);
}

struct channel_entry *notices_channel_write(struct notices *notices, uint32_t channel)
{
    return state_write(&notices->channels, channel);
}

static const struct chain channels_of_tenant = {.links_at = offsetof(struct channel_entry, links)};

static bool is_there(const struct notices *notices, uint32_t channel)
{
    return channel != 0 && channel <= notices->roots->channels.highest &&
           notices_channel_at(notices, channel)->position != 0;
}

uint32_t notices_channel_find(const struct notices *notices, uint32_t tenant, struct bytes name)
{
    struct index_probe probe;
    uint64_t hash = notices_name_hash(NAME_CHANNEL, tenant, name);
    for (uint32_t at = index_first(notices->names, &probe, hash); at != INDEX_NONE;
         at = index_next(notices->names, &probe)) {
        if (!is_there(notices, at)) /* an equal hash of another kind of thing */
            continue;
        const struct channel_entry *entry = notices_channel_at(notices, at);
        if (entry->tenant == tenant && bytes_equal(texts_get(&notices->texts, entry->name), name))
            return at;
    }
    return 0;
}

uint32_t notices_channel_next(const struct notices *notices, uint32_t tenant, uint32_t after)
{
    const struct notices_tenant_entry *of = notices_tenant_at(notices, tenant);
    if (after != 0)
        return is_there(notices, after) && notices_channel_at(notices, after)->tenant == tenant
                   ? notices_channel_at(notices, after)->links.next
                   : 0;
    return of == NULL ? 0 : of->channels.first;
}

static struct quiet quiet_of(const struct quiet_entry *entry)
{
    return (struct quiet){.when = {entry->from_minute, entry->to_minute, entry->days},
                          .offset_minutes = entry->offset_minutes,
                          .but_priority = entry->but_priority};
}

static uint32_t waiting_of(const struct channel_entry *entry)
{
    return (uint32_t)entry->queued + (entry->gathering != 0) + (entry->held != 0);
}

bool notices_channel(const struct notices *notices, uint32_t channel, struct channel_view *ret_view)
{
    if (!is_there(notices, channel))
        return false;
    const struct channel_entry *entry = notices_channel_at(notices, channel);
    *ret_view = (struct channel_view){.channel = channel,
                                      .tenant = entry->tenant,
                                      .name = texts_get(&notices->texts, entry->name),
                                      .target = texts_get(&notices->texts, entry->target),
                                      .sealed_secret = texts_get(&notices->texts, entry->secret),
                                      .kind = entry->kind,
                                      .language = entry->language,
                                      .gather_ns = entry->gather_ns,
                                      .dead = entry->dead != 0,
                                      .dead_wall_ns = entry->dead_wall_ns,
                                      .error = texts_get(&notices->texts, entry->error),
                                      .sent = entry->sent,
                                      .given_up = entry->given_up,
                                      .waiting = waiting_of(entry),
                                      .holders = entry->holders,
                                      .position = entry->position,
                                      .wall_ns = entry->wall_ns};
    while (ret_view->quiet_count < NOTICE_QUIETS_MAX &&
           entry->quiets[ret_view->quiet_count].days != 0) {
        ret_view->quiets[ret_view->quiet_count] = quiet_of(&entry->quiets[ret_view->quiet_count]);
        ret_view->quiet_count++;
    }
    return true;
}

uint32_t notices_dead(const struct notices *notices, uint32_t tenant)
{
    const struct notices_tenant_entry *of = notices_tenant_at(notices, tenant);
    return of == NULL ? 0 : of->dead;
}

#define MORE_MAX 24 /* ", and 255 more" */

struct bytes notices_dead_names(const struct notices *notices, uint32_t tenant, char *names)
{
    uint32_t dead = notices_dead(notices, tenant), told = 0;
    size_t size = 0;
    for (uint32_t at = notices_channel_next(notices, tenant, 0); at != 0 && told < dead;
         at = notices_channel_at(notices, at)->links.next) {
        const struct channel_entry *entry = notices_channel_at(notices, at);
        struct bytes name = texts_get(&notices->texts, entry->name);
        if (entry->dead == 0)
            continue;
        if (size + name.size + 2 > NOTICE_DEAD_NAMES_MAX - MORE_MAX)
            break;
        size += (size_t)snprintf(names + size, NOTICE_DEAD_NAMES_MAX - size, "%s%.*s",
                                 size > 0 ? ", " : "", (int)name.size, (const char *)name.at);
        told++;
    }
    if (told < dead)
        size += (size_t)snprintf(names + size, NOTICE_DEAD_NAMES_MAX - size, ", and %u more",
                                 dead - told);
    return bytes_of(names, size);
}

void notices_count(const struct notices *notices, struct notices_counts *ret_counts)
{
    *ret_counts = (struct notices_counts){.channels = notices->roots->channels.count};
    for (uint32_t at = 1; at <= notices->roots->channels.highest; at++) {
        const struct channel_entry *entry = notices_channel_at(notices, at);
        ret_counts->dead += entry->dead;
        ret_counts->waiting += waiting_of(entry);
    }
}

void notices_channel_hold(struct notices *notices, uint32_t channel, int32_t by)
{
    struct channel_entry *entry = notices_channel_write(notices, channel);
    entry->holders = (uint32_t)((int64_t)entry->holders + by);
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static enum outcome_code set_judge(const struct notices *notices, const struct notice_order *of,
                                   struct channel_plan *plan, uint32_t *ret_channel)
{
    uint32_t tenant = of->command->tenant;
    const struct notices_tenant_entry *tenant_entry = notices_tenant_at(notices, tenant);
    if (channel_plan_read(of->form, plan) != NULL)
        return OUTCOME_NOTICE_INVALID;
    *ret_channel = notices_channel_find(notices, tenant, plan->name);
    if (*ret_channel != 0 && notices_channel_at(notices, *ret_channel)->kind != plan->kind)
        return OUTCOME_NOTICE_INVALID;
    uint64_t cost = (uint64_t)texts_cost(plan->name.size) + texts_cost(plan->target.size) +
                    texts_cost(plan->secret.size);
    bool full = *ret_channel == 0 &&
                (notices->roots->channels.count >= notices->limits.channels_max ||
                 (tenant_entry != NULL && tenant_entry->channel_count >= NOTICE_CHANNELS_TENANT));
    return full || !notices_texts_fit(notices, cost) ? OUTCOME_NOTICES_FULL : OUTCOME_DONE;
}

/* Room for the marks of turns, by row. */
static enum err turns_grow(struct notices *notices, uint32_t channels)
{
    uint64_t *grown = realloc(notices->turns, ((size_t)channels + 1) * sizeof grown[0]);
    if (grown == NULL)
        return ERR_NO_MEMORY;
    notices->turns = grown;
    for (uint32_t i = 0; i <= channels; i++)
        grown[i] = 0;
    return OK;
}

static enum err channel_make(struct notices *notices, uint32_t tenant, struct bytes name,
                             uint32_t *ret_channel)
{
    enum err err = notices_tenant_begin(notices, tenant);
    if (err == OK)
        err = notices_row_take(notices, TABLE_CHANNELS, ret_channel);
    if (err == OK)
        err = turns_grow(notices, notices->roots->channels.highest);
    if (err != OK)
        return err;
    struct channel_entry *entry = notices_channel_write(notices, *ret_channel);
    struct notices_tenant_entry *of = notices_tenant_write(notices, tenant);
    entry->tenant = tenant;
    of->channel_count++;
    chain_put(&notices->channels, &channels_of_tenant, &of->channels, *ret_channel);
    err = notices_text_set(notices, &entry->name, name);
    return err == OK ? index_insert(notices->names, notices_name_hash(NAME_CHANNEL, tenant, name),
                                    *ret_channel)
                     : err;
}

static void quiets_put(struct channel_entry *entry, const struct channel_plan *plan)
{
    for (unsigned i = 0; i < NOTICE_QUIETS_MAX; i++)
        entry->quiets[i] =
            i >= plan->quiet_count
                ? (struct quiet_entry){0}
                : (struct quiet_entry){.from_minute = plan->quiets[i].when.from_minute,
                                       .to_minute = plan->quiets[i].when.to_minute,
                                       .offset_minutes = plan->quiets[i].offset_minutes,
                                       .days = plan->quiets[i].when.days,
                                       .but_priority = plan->quiets[i].but_priority};
}

static enum err channel_set(struct notices *notices, const struct notice_order *of)
{
    struct channel_plan plan;
    uint32_t channel;
    enum err err = OK;
    enum outcome_code code = set_judge(notices, of, &plan, &channel);
    if (code != OUTCOME_DONE)
        return notice_refuse(of, code);
    if (channel == 0) {
        err = channel_make(notices, of->command->tenant, plan.name, &channel);
        notices->now.tenant = of->command->tenant;
    }
    if (err != OK)
        return err;
    struct channel_entry *entry = notices_channel_write(notices, channel);
    entry->kind = plan.kind;
    entry->language = plan.language;
    entry->gather_ns = plan.gather_ns;
    entry->position = of->stamp->position;
    entry->wall_ns = of->stamp->wall_ns;
    quiets_put(entry, &plan);
    of->outcome->number = channel;
    err = notices_text_set(notices, &entry->target, plan.target);
    return err == OK && plan.has_secret ? notices_text_set(notices, &entry->secret, plan.secret)
                                        : err;
}

static enum err channel_remove(struct notices *notices, const struct notice_order *of)
{
    struct bytes name;
    uint32_t tenant = of->command->tenant;
    if (!notices_name_alone(of->form, &name))
        return notice_refuse(of, OUTCOME_NOTICE_INVALID);
    uint32_t channel = notices_channel_find(notices, tenant, name);
    if (channel == 0)
        return notice_refuse(of, OUTCOME_UNKNOWN_CHANNEL);
    if (notices_channel_at(notices, channel)->holders > 0)
        return notice_refuse(of, OUTCOME_CHANNEL_IN_USE);
    enum err err = notices_deliveries_drop(notices, channel);
    if (err == OK)
        err = index_remove(notices->names, notices_name_hash(NAME_CHANNEL, tenant, name), channel);
    if (err != OK)
        return err;
    struct channel_entry *entry = notices_channel_write(notices, channel);
    struct notices_tenant_entry *tenant_entry = notices_tenant_write(notices, tenant);
    notices_text_free(notices, &entry->name);
    notices_text_free(notices, &entry->target);
    notices_text_free(notices, &entry->secret);
    notices_text_free(notices, &entry->error);
    chain_take(&notices->channels, &channels_of_tenant, &tenant_entry->channels, channel);
    tenant_entry->channel_count--;
    tenant_entry->dead -= entry->dead;
    notices->now.tenant = entry->dead != 0 ? tenant : 0;
    notices_row_give(notices, TABLE_CHANNELS, channel);
    of->outcome->number = channel;
    return OK;
}

enum err notices_apply_channel(struct notices *notices, const struct notice_order *of)
{
    return of->command->kind == COMMAND_CHANNEL_SET ? channel_set(notices, of)
                                                    : channel_remove(notices, of);
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool quiets_are_valid(const struct channel_entry *entry)
{
    bool ended = false;
    for (unsigned i = 0; i < NOTICE_QUIETS_MAX; i++) {
        struct quiet quiet = quiet_of(&entry->quiets[i]);
        if (quiet.when.days != 0 &&
            (ended || !weekly_is_valid(&quiet.when) || quiet.offset_minutes < -720 ||
             quiet.offset_minutes > 840 || quiet.but_priority > ALARM_PRIORITIES))
            return false;
        ended = ended || quiet.when.days == 0;
    }
    return true;
}

static bool channel_is_valid(const struct notices *notices, const struct channel_entry *entry)
{
    return entry->tenant != 0 && entry->tenant <= notices->limits.tenants_max &&
           entry->kind < CHANNEL_KINDS && entry->language < NOTICE_LANGUAGES && entry->dead <= 1 &&
           entry->gather_ns >= 0 && entry->gather_ns <= NOTICE_GATHER_MOST_NS &&
           quiets_are_valid(entry) &&
           texts_is_valid(&notices->texts, entry->name, NOTICE_NAME_MAX) &&
           texts_is_valid(&notices->texts, entry->target, NOTICE_TARGET_MAX) &&
           texts_is_valid(&notices->texts, entry->secret, NOTICE_SECRET_MAX) &&
           texts_is_valid(&notices->texts, entry->error, NOTICE_ERROR_MAX) &&
           notice_name_is_good(texts_get(&notices->texts, entry->name));
}

static enum err channel_rebuild(struct notices *notices, uint32_t channel)
{
    const struct channel_entry *entry = notices_channel_at(notices, channel);
    if (!channel_is_valid(notices, entry))
        return ERR_CORRUPT;
    struct bytes name = texts_get(&notices->texts, entry->name);
    if (notices_channel_find(notices, entry->tenant, name) != 0)
        return ERR_CORRUPT;
    return index_insert(notices->names, notices_name_hash(NAME_CHANNEL, entry->tenant, name),
                        channel);
}

/* Of each tenant: its chain holds rows of its own, and all of them. */
static enum err tenants_judge(struct notices *notices)
{
    uint32_t end = notices->roots->channels.highest + 1, all = 0;
    for (uint32_t tenant = 0; tenant < state_table_capacity(&notices->tenants); tenant++) {
        const struct notices_tenant_entry *of = state_read(&notices->tenants, tenant);
        uint32_t dead = 0;
        if (of->channel_count > end || !chain_is_valid(&notices->channels, &channels_of_tenant,
                                                       &of->channels, of->channel_count, end))
            return ERR_CORRUPT;
        for (uint32_t at = of->channels.first; at != 0;
             at = chain_after(&notices->channels, &channels_of_tenant, at)) {
            if (!is_there(notices, at) || notices_channel_at(notices, at)->tenant != tenant)
                return ERR_CORRUPT;
            dead += notices_channel_at(notices, at)->dead;
        }
        if (dead != of->dead)
            return ERR_CORRUPT;
        all += of->channel_count;
    }
    return all == notices->roots->channels.count ? OK : ERR_CORRUPT;
}

enum err notices_channels_rebuild(struct notices *notices)
{
    uint32_t highest = notices->roots->channels.highest;
    if (highest > notices->limits.channels_max)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&notices->channels, highest + 1);
    if (err == OK)
        err = turns_grow(notices, highest);
    uint8_t *taken = calloc((size_t)highest + 1, 1);
    if (err == OK && taken == NULL)
        err = ERR_NO_MEMORY;
    for (uint32_t channel = 1; err == OK && channel <= highest; channel++) {
        taken[channel] = notices_channel_at(notices, channel)->position != 0;
        err = taken[channel] ? channel_rebuild(notices, channel) : OK;
    }
    if (err == OK)
        err = notices_rows_judge(notices, TABLE_CHANNELS, taken);
    free(taken);
    return err == OK ? tenants_judge(notices) : err;
}
