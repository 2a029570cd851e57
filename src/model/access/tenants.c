/* Tenants: who shares the server. The first one, main, is there without any record. */
#include "model/access/tables.h"

static struct bytes main_name(void)
{
    return bytes_text("main");
}

const struct tenant_entry *access_tenant_at(const struct access_model *model, uint32_t tenant)
{
    return state_read(&model->tenants, tenant);
}

struct tenant_entry *access_tenant_write(struct access_model *model, uint32_t tenant)
{
    return state_write(&model->tenants, tenant);
}

uint32_t access_tenants(const struct access_model *model)
{
    return model->roots->tenants == 0 ? TENANT_MAIN : model->roots->tenants;
}

static bool tenant_was_made(const struct access_model *model, uint32_t tenant)
{
    return tenant >= TENANT_MAIN && tenant <= access_tenants(model);
}

bool access_tenant_is_live(const struct access_model *model, uint32_t tenant)
{
    return tenant_was_made(model, tenant) &&
           access_tenant_at(model, tenant)->state != TENANT_DELETED;
}

struct bytes access_tenant_name(const struct access_model *model, uint32_t tenant)
{
    return tenant == TENANT_MAIN ? main_name()
                                 : texts_get(&model->texts, access_tenant_at(model, tenant)->name);
}

bool access_tenant(const struct access_model *model, uint32_t tenant, struct tenant_view *ret_view)
{
    if (!tenant_was_made(model, tenant))
        return false;
    const struct tenant_entry *entry = access_tenant_at(model, tenant);
    *ret_view = (struct tenant_view){.tenant = tenant,
                                     .state = entry->state == 0 ? TENANT_ACTIVE
                                                                : (enum tenant_state)entry->state,
                                     .name = access_tenant_name(model, tenant),
                                     .title = texts_get(&model->texts, entry->title),
                                     .quotas = entry->quotas,
                                     .position = entry->position,
                                     .wall_ns = entry->wall_ns,
                                     .accounts = entry->accounts,
                                     .persons = entry->persons,
                                     .devices = entry->devices,
                                     .roles = entry->roles,
                                     .shares_given = entry->shares_given,
                                     .shares_taken = entry->shares_taken};
    return true;
}

uint32_t access_tenant_find(const struct access_model *model, struct bytes name)
{
    struct index_probe probe;
    if (bytes_equal(name, main_name()))
        return TENANT_MAIN;
    uint64_t hash = kind_hash(HASH_TENANT, 0, name);
    for (uint32_t at = index_first(model->tenant_names, &probe, hash); at != INDEX_NONE;
         at = index_next(model->tenant_names, &probe))
        if (bytes_equal(access_tenant_name(model, at), name))
            return at;
    return TENANT_NONE;
}

/* ---- commands ----------------------------------------------------------------------------------
 */
/* What is wrong with a tenant of this number (0: a new one). */
static enum outcome_code tenant_judge(const struct access_model *model,
                                      const struct command_access *access)
{
    uint32_t has = access->has;
    if (access->number == 0 && !(has & HAS_NAME))
        return OUTCOME_NAME_INVALID;
    if (has & HAS_NAME) {
        uint32_t holder = access_tenant_find(model, access->name);
        if (!access_tenant_name_is_good(access->name) ||
            (access->number == TENANT_MAIN && holder != TENANT_MAIN))
            return OUTCOME_NAME_INVALID;
        if (holder != TENANT_NONE && holder != access->number)
            return OUTCOME_NAME_TAKEN;
    }
    if ((has & HAS_TITLE) && !access_words_are_good(access->title, ACCESS_TITLE_MAX))
        return OUTCOME_TEXT_INVALID;
    if ((has & ~(uint32_t)(HAS_NAME | HAS_TITLE | HAS_QUOTAS)) != 0)
        return OUTCOME_ACCESS_INVALID;
    uint64_t bytes = (uint64_t)texts_cost(access->name.size) +
                     texts_cost(has & HAS_TITLE ? access->title.size : 0);
    bool full = access->number == 0 && access_tenants(model) >= model->limits.tenants_max;
    return full || !access_texts_fit(model, bytes) ? OUTCOME_ACCESS_FULL : OUTCOME_DONE;
}

static enum err tenant_rename(struct access_model *model, uint32_t tenant, struct bytes name)
{
    struct tenant_entry *entry = access_tenant_write(model, tenant);
    enum err err = OK;
    if (tenant == TENANT_MAIN) /* it was judged: this is its name */
        return OK;
    if (entry->name != TEXT_NONE)
        err =
            index_remove(model->tenant_names,
                         kind_hash(HASH_TENANT, 0, texts_get(&model->texts, entry->name)), tenant);
    if (err == OK)
        err = access_text_set(model, &entry->name, name);
    return err == OK ? index_insert(model->tenant_names, kind_hash(HASH_TENANT, 0, name), tenant)
                     : err;
}

static enum err tenant_set(struct access_model *model, const struct access_order *of)
{
    const struct command_access *access = of->access;
    uint32_t tenant = access->number;
    if (tenant != 0 && !access_tenant_is_live(model, tenant))
        return order_refuse(of, OUTCOME_UNKNOWN_TENANT);
    enum outcome_code code = tenant_judge(model, access);
    if (code != OUTCOME_DONE)
        return order_refuse(of, code);
    if (tenant == 0) {
        tenant = access_tenants(model) + 1;
        enum err err = state_table_grow(&model->tenants, tenant + 1);
        if (err != OK)
            return err;
        roots_write(model)->tenants = tenant;
        *access_tenant_write(model, tenant) = (struct tenant_entry){
            .position = of->stamp->position, .wall_ns = of->stamp->wall_ns, .state = TENANT_ACTIVE};
    }
    struct tenant_entry *entry = access_tenant_write(model, tenant);
    enum err err = OK;
    if (access->has & HAS_NAME)
        err = tenant_rename(model, tenant, access->name);
    if (err == OK && (access->has & HAS_TITLE))
        err = access_text_set(model, &entry->title, access->title);
    if (access->has & HAS_QUOTAS)
        entry->quotas = access->quotas;
    of->outcome->number = tenant;
    return err;
}

/* What is the tenant's cannot be found from now on, because it is looked at through the tenant, and
 * counts towards no limit; its name can be another's. */
static enum err tenant_delete(struct access_model *model, uint32_t tenant)
{
    struct tenant_entry *entry = access_tenant_write(model, tenant);
    struct roots_entry *roots = roots_write(model);
    roots->accounts_live -= entry->accounts;
    roots->secrets_live -= entry->secrets;
    if (roots->sweep == 0 || tenant < roots->sweep)
        roots->sweep = tenant;
    return index_remove(model->tenant_names,
                        kind_hash(HASH_TENANT, 0, texts_get(&model->texts, entry->name)), tenant);
}

static enum err tenant_state(struct access_model *model, const struct access_order *of)
{
    const struct command_access *access = of->access;
    if (!access_tenant_is_live(model, access->number))
        return order_refuse(of, OUTCOME_UNKNOWN_TENANT);
    if (access->state < TENANT_ACTIVE || access->state > TENANT_DELETED ||
        (access->number == TENANT_MAIN && access->state != TENANT_ACTIVE))
        return order_refuse(of, OUTCOME_ACCESS_INVALID);
    of->outcome->number = access->number;
    if (access->number == TENANT_MAIN)
        return OK;
    access_tenant_write(model, access->number)->state = access->state;
    return access->state == TENANT_DELETED ? tenant_delete(model, access->number) : OK;
}

/* ---- what deleted tenants had ------------------------------------------------------------------
 */
#define SWEEP_STEPS 4 /* with each record; an account has few secrets, at most some 128 */

static enum err sweep_step(struct access_model *model, const struct record_stamp *stamp)
{
    uint32_t tenant = model->roots->sweep;
    const struct tenant_entry *entry = access_tenant_at(model, tenant);
    if (entry->state == TENANT_DELETED && entry->accounts_in.first != ACCOUNT_NONE)
        return access_account_drop(model, entry->accounts_in.first, stamp->position);
    if (entry->state == TENANT_DELETED && entry->given_in.first != SHARE_NONE)
        access_share_drop(model, entry->given_in.first, stamp->wall_ns);
    else if (entry->state == TENANT_DELETED && entry->taken_in.first != SHARE_NONE)
        access_share_drop(model, entry->taken_in.first, stamp->wall_ns);
    else
        roots_write(model)->sweep = tenant < access_tenants(model) ? tenant + 1 : 0;
    return OK;
}

enum err access_tenants_sweep(struct access_model *model, const struct record_stamp *stamp)
{
    enum err err = OK;
    for (int i = 0; err == OK && i < SWEEP_STEPS && model->roots->sweep != 0; i++)
        err = sweep_step(model, stamp);
    return err;
}

enum err access_apply_tenant(struct access_model *model, const struct access_order *of)
{
    return of->command->kind == COMMAND_TENANT_SET ? tenant_set(model, of)
                                                   : tenant_state(model, of);
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static enum err tenant_rebuild(struct access_model *model, uint32_t tenant)
{
    const struct tenant_entry *entry = access_tenant_at(model, tenant);
    if (entry->state < TENANT_ACTIVE || entry->state > TENANT_DELETED ||
        !texts_is_valid(&model->texts, entry->title, ACCESS_TITLE_MAX) ||
        !texts_is_valid(&model->texts, entry->name, ACCESS_TENANT_NAME_MAX))
        return ERR_CORRUPT;
    struct bytes name = texts_get(&model->texts, entry->name);
    if (!access_tenant_name_is_good(name))
        return ERR_CORRUPT;
    if (entry->state == TENANT_DELETED)
        return OK;
    if (access_tenant_find(model, name) != TENANT_NONE)
        return ERR_CORRUPT;
    return index_insert(model->tenant_names, kind_hash(HASH_TENANT, 0, name), tenant);
}

enum err access_tenants_rebuild(struct access_model *model)
{
    uint32_t tenants = access_tenants(model);
    if (model->roots->tenants == TENANT_MAIN || tenants > model->limits.tenants_max ||
        model->roots->sweep > tenants)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&model->tenants, tenants + 1);
    if (err != OK)
        return err;
    const struct tenant_entry *first = access_tenant_at(model, TENANT_MAIN);
    if (first->state != 0 || first->name != TEXT_NONE ||
        !texts_is_valid(&model->texts, first->title, ACCESS_TITLE_MAX))
        return ERR_CORRUPT;
    for (uint32_t tenant = TENANT_MAIN + 1; err == OK && tenant <= tenants; tenant++)
        err = tenant_rebuild(model, tenant);
    return err;
}
