/* Policies: what their commands do to the list. A policy lies in a slot that stays; the order is a
 * list of slots in the roots. */
#include "model/archive/tables.h"

#include <math.h>
#include <string.h>

/* ---- what a policy may say ---------------------------------------------------------------------
 */
const char *policy_name_fault(struct bytes name)
{
    if (name.size == 0 || name.size > POLICY_NAME_MAX)
        return "a policy's name has 1 to 64 bytes";
    if (!bytes_are_utf8(name))
        return "a policy's name is UTF-8";
    uint8_t before = 0;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.at[i];
        if (byte < 0x20 || byte == 0x7f || (before == 0xc2 && byte >= 0x80 && byte <= 0x9f))
            return "a policy's name holds no control characters";
        if (byte == '/')
            return "a policy's name holds no '/'";
        before = byte;
    }
    return NULL;
}

static const char *rules_fault(const struct policy_rules *rules)
{
    if (!isfinite(rules->deadband) || rules->deadband < 0)
        return "a deadband is a number of 0 or more";
    if (!isfinite(rules->deadband_percent) || rules->deadband_percent < 0 ||
        rules->deadband_percent > 100)
        return "a deadband in percent is a number from 0 to 100";
    if (rules->retention_ns < 0)
        return "a retention is 0, for ever, or a time to keep";
    for (size_t i = 0; i < POLICY_TIERS; i++)
        if (rules->rollup_ns[i] < 0 && rules->rollup_ns[i] != POLICY_NO_ROLLUP)
            return "a rollup is kept for a time, for ever (0), or not at all";
    if (rules->when_full >= POLICY_FULLS)
        return "when the disk is full samples are kept, or the oldest are dropped";
    return rules->priority > 100 ? "a priority is a number from 0 to 100" : NULL;
}

const char *policy_fault(const struct command_policy *policy)
{
    const char *fault = policy_name_fault(policy->name);
    struct pattern pattern;
    if (fault == NULL)
        fault = pattern_parse(policy->pattern, &pattern);
    return fault != NULL ? fault : rules_fault(&policy->rules);
}

/* ---- the list ----------------------------------------------------------------------------------
 */
static const struct policy_entry *entry_at(const struct archive *archive, uint32_t slot)
{
    return state_read(&archive->policies, slot);
}

void archive_policy(const struct archive *archive, uint32_t slot, struct policy *ret_policy)
{
    const struct policy_entry *entry = entry_at(archive, slot);
    *ret_policy = (struct policy){.tenant = entry->tenant,
                                  .name = bytes_of(entry->name, entry->name_size),
                                  .pattern = bytes_of(entry->pattern, entry->pattern_size),
                                  .rules = {.deadband = entry->deadband,
                                            .deadband_percent = entry->deadband_percent,
                                            .retention_ns = entry->retention_ns,
                                            .when_full = entry->when_full,
                                            .priority = entry->priority},
                                  .position = entry->position,
                                  .wall_ns = entry->wall_ns};
    memcpy(ret_policy->rules.rollup_ns, entry->rollup_ns, sizeof entry->rollup_ns);
}

/* The place in the order, or POLICY_NONE. */
static uint32_t policy_find(const struct archive *archive, uint32_t tenant, struct bytes name)
{
    for (uint32_t i = 0; i < archive->roots->policies; i++) {
        const struct policy_entry *entry = entry_at(archive, archive->roots->order[i]);
        if (entry->tenant == tenant && bytes_equal(bytes_of(entry->name, entry->name_size), name))
            return i;
    }
    return POLICY_NONE;
}

uint32_t archive_policy_find(const struct archive *archive, uint32_t tenant, struct bytes name,
                             struct policy *ret_policy)
{
    uint32_t at = policy_find(archive, tenant, name);
    if (at == POLICY_NONE)
        return 0;
    archive_policy(archive, archive->roots->order[at], ret_policy);
    return at + 1;
}

/* There is one: a list that is not full has slots that it does not name. */
static enum err slot_take(struct archive *archive, uint16_t *ret_slot)
{
    uint32_t slot = 1;
    while (slot < state_table_capacity(&archive->policies) &&
           entry_at(archive, slot)->name_size != 0)
        slot++;
    check(slot <= POLICIES_MAX);
    *ret_slot = (uint16_t)slot;
    return state_table_grow(&archive->policies, slot + 1);
}

static void order_move(struct roots_entry *roots, uint32_t from, uint32_t to)
{
    uint16_t slot = roots->order[from];
    if (from < to)
        memmove(&roots->order[from], &roots->order[from + 1], (to - from) * sizeof slot);
    else
        memmove(&roots->order[to + 1], &roots->order[to], (from - to) * sizeof slot);
    roots->order[to] = slot;
}

/* A rank of a command as a place in the order. */
static uint32_t place_of(const struct archive *archive, uint32_t rank)
{
    uint32_t count = archive->roots->policies;
    return rank > count ? count - 1 : rank - 1;
}

static void policies_changed(struct archive *archive)
{
    roots_write(archive)->policies_version++;
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static void entry_put(struct policy_entry *entry, const struct archive_command *of)
{
    const struct command_policy *policy = &of->command->policy;
    const struct policy_rules *rules = &policy->rules;
    *entry = (struct policy_entry){.position = of->stamp->position,
                                   .wall_ns = of->stamp->wall_ns,
                                   .deadband = rules->deadband == 0 ? 0 : rules->deadband,
                                   .deadband_percent =
                                       rules->deadband_percent == 0 ? 0 : rules->deadband_percent,
                                   .retention_ns = rules->retention_ns,
                                   .tenant = of->command->tenant,
                                   .pattern_size = (uint16_t)policy->pattern.size,
                                   .name_size = (uint8_t)policy->name.size,
                                   .when_full = rules->when_full,
                                   .priority = rules->priority};
    memcpy(entry->rollup_ns, rules->rollup_ns, sizeof entry->rollup_ns);
    memcpy(entry->name, policy->name.at, policy->name.size);
    memcpy(entry->pattern, policy->pattern.at, policy->pattern.size);
}

static uint32_t policies_of(const struct archive *archive, uint32_t tenant)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < archive->roots->policies; i++)
        count += entry_at(archive, archive->roots->order[i])->tenant == tenant;
    return count;
}

static enum err policy_set_command(struct archive *archive, const struct archive_command *of)
{
    const struct command_policy *policy = &of->command->policy;
    struct outcome *outcome = &of->effects->outcome;
    if (policy_fault(policy) != NULL) {
        outcome->code = OUTCOME_POLICY_INVALID;
        return OK;
    }
    uint32_t at = policy_find(archive, of->command->tenant, policy->name);
    if (at == POLICY_NONE) {
        uint16_t slot;
        if (!archive_share_allows(archive, of->command->tenant,
                                  policies_of(archive, of->command->tenant),
                                  archive->roots->policies, archive->limits.policies_max)) {
            outcome->code = OUTCOME_ARCHIVE_FULL;
            return OK;
        }
        enum err err = slot_take(archive, &slot);
        if (err != OK)
            return err;
        struct roots_entry *roots = roots_write(archive);
        at = roots->policies++;
        roots->order[at] = slot;
    }
    entry_put(state_write(&archive->policies, archive->roots->order[at]), of);
    if (policy->rank != 0) {
        uint32_t place = place_of(archive, policy->rank);
        order_move(roots_write(archive), at, place);
        at = place;
    }
    outcome->number = at + 1;
    policies_changed(archive);
    return OK;
}

static void policy_remove(struct archive *archive, uint32_t at)
{
    struct roots_entry *roots = roots_write(archive);
    uint16_t slot = roots->order[at];
    memset(state_write(&archive->policies, slot), 0, sizeof(struct policy_entry));
    order_move(roots, at, roots->policies - 1);
    roots->order[--roots->policies] = 0;
}

enum err archive_apply_policy(struct archive *archive, const struct archive_command *of)
{
    const struct command_policy *policy = &of->command->policy;
    struct outcome *outcome = &of->effects->outcome;
    if (of->command->kind == COMMAND_POLICY_SET)
        return policy_set_command(archive, of);
    uint32_t at = policy_find(archive, of->command->tenant, policy->name);
    if (at == POLICY_NONE) {
        outcome->code = OUTCOME_UNKNOWN_POLICY;
        return OK;
    }
    if (of->command->kind == COMMAND_POLICY_REMOVE) {
        policy_remove(archive, at);
        outcome->number = at + 1;
    } else if (policy->rank == 0) {
        outcome->code = OUTCOME_POLICY_INVALID;
        return OK;
    } else {
        uint32_t place = place_of(archive, policy->rank);
        order_move(roots_write(archive), at, place);
        outcome->number = place + 1;
    }
    policies_changed(archive);
    return OK;
}

uint64_t archive_policies_version(const struct archive *archive)
{
    return archive->roots->policies_version;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool policy_is_valid(const struct archive *archive, uint32_t slot)
{
    const struct policy_entry *entry = entry_at(archive, slot);
    struct policy policy;
    if (entry->name_size > POLICY_NAME_MAX || entry->pattern_size > POLICY_PATTERN_MAX)
        return false;
    archive_policy(archive, slot, &policy);
    const struct command_policy said = {
        .name = policy.name, .pattern = policy.pattern, .rules = policy.rules};
    return policy_fault(&said) == NULL;
}

enum err archive_policies_rebuild(struct archive *archive)
{
    const struct roots_entry *roots = archive->roots;
    bool seen[POLICIES_MAX + 1] = {false};
    if (roots->policies > POLICIES_MAX)
        return ERR_CORRUPT;
    for (uint32_t i = 0; i < roots->policies; i++) {
        uint32_t slot = roots->order[i];
        if (slot == 0 || slot > POLICIES_MAX || seen[slot])
            return ERR_CORRUPT;
        seen[slot] = true;
        enum err err = state_table_grow(&archive->policies, slot + 1);
        if (err != OK)
            return err;
        if (!policy_is_valid(archive, slot))
            return ERR_CORRUPT;
        struct policy policy;
        archive_policy(archive, slot, &policy);
        if (policy_find(archive, policy.tenant, policy.name) != i)
            return ERR_CORRUPT;
    }
    uint32_t capacity = state_table_capacity(&archive->policies);
    for (uint32_t slot = 1; slot < capacity; slot++)
        if (entry_at(archive, slot)->name_size != 0 && (slot > POLICIES_MAX || !seen[slot]))
            return ERR_CORRUPT;
    return OK;
}
