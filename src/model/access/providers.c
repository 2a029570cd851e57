/* Providers: whose word a tenant takes for who somebody is (OpenID Connect). */
#include "model/access/tables.h"

static const struct provider_entry *provider_at(const struct access_model *model, uint32_t provider)
{
    return state_read(&model->providers, provider);
}

uint32_t access_providers(const struct access_model *model)
{
    return model->roots->providers;
}

static bool provider_is_there(const struct access_model *model, uint32_t provider)
{
    return provider != PROVIDER_NONE && provider <= model->roots->providers;
}

bool access_provider(const struct access_model *model, uint32_t provider,
                     struct provider_view *ret_view)
{
    if (!provider_is_there(model, provider))
        return false;
    const struct provider_entry *entry = provider_at(model, provider);
    *ret_view = (struct provider_view){
        .provider = provider,
        .tenant = entry->tenant,
        .name = texts_get(&model->texts, entry->name),
        .issuer = texts_get(&model->texts, entry->issuer),
        .client_id = texts_get(&model->texts, entry->client_id),
        .sealed_secret = texts_get(&model->texts, entry->sealed_secret),
        .scopes = texts_get(&model->texts, entry->scopes),
        .role = access_role_name(model, entry->role),
        .branch = texts_get(&model->texts, entry->branch),
        .removed = entry->removed != 0 || !access_tenant_is_live(model, entry->tenant)};
    return true;
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static uint32_t name_find(const struct access_model *model, uint32_t tenant, struct bytes name)
{
    struct index_probe probe;
    uint64_t hash = kind_hash(HASH_PROVIDER, tenant, name);
    for (uint32_t at = index_first(model->provider_names, &probe, hash); at != INDEX_NONE;
         at = index_next(model->provider_names, &probe)) {
        const struct provider_entry *entry = provider_at(model, at);
        if (entry->tenant == tenant && bytes_equal(texts_get(&model->texts, entry->name), name))
            return at;
    }
    return PROVIDER_NONE;
}

static bool is_of_tenant(const struct access_model *model, const struct access_order *of)
{
    uint32_t provider = of->access->number;
    return provider_is_there(model, provider) &&
           provider_at(model, provider)->tenant == of->command->tenant &&
           provider_at(model, provider)->removed == 0;
}

uint32_t access_provider_find(const struct access_model *model, uint32_t tenant, struct bytes name)
{
    return tenant != TENANT_NONE && tenant <= access_tenants(model) &&
                   access_tenant_is_live(model, tenant)
               ? name_find(model, tenant, name)
               : PROVIDER_NONE;
}

uint32_t access_provider_next(const struct access_model *model, uint32_t tenant, uint32_t provider)
{
    if (tenant == TENANT_NONE || tenant > access_tenants(model) ||
        !access_tenant_is_live(model, tenant) || access_tenant_at(model, tenant)->providers == 0)
        return PROVIDER_NONE;
    while (++provider <= model->roots->providers) {
        const struct provider_entry *entry = provider_at(model, provider);
        if (entry->tenant == tenant && entry->removed == 0)
            return provider;
    }
    return PROVIDER_NONE;
}

static uint64_t provider_cost(const struct command_access *access)
{
    return (uint64_t)texts_cost(access->name.size) + texts_cost(access->issuer.size) +
           texts_cost(access->client_id.size) + texts_cost(access->sealed_secret.size) +
           texts_cost(access->scopes.size) + texts_cost(access->branch.size);
}

/* Who comes for the first time gets a role within a branch, both; or does not get in. */
static enum outcome_code set_judge(const struct access_model *model, const struct access_order *of,
                                   uint32_t *ret_role)
{
    const struct command_access *access = of->access;
    uint32_t tenant = of->command->tenant;
    if (access->number != PROVIDER_NONE && !is_of_tenant(model, of))
        return OUTCOME_UNKNOWN_PROVIDER;
    if (!access_name_is_good(access->name))
        return OUTCOME_NAME_INVALID;
    uint32_t holder = name_find(model, tenant, access->name);
    if (holder != PROVIDER_NONE && holder != access->number)
        return OUTCOME_NAME_TAKEN;
    *ret_role = access_role_reference(model, tenant, access->role);
    if (access->role.size > 0 && *ret_role == ROLE_NONE)
        return OUTCOME_UNKNOWN_ROLE;
    if (!access_words_are_good(access->issuer, SECRET_ID_MAX) ||
        !access_words_are_good(access->client_id, SECRET_ID_MAX) ||
        !access_words_are_good(access->scopes, ACCESS_TITLE_MAX))
        return OUTCOME_TEXT_INVALID;
    if (access->issuer.size == 0 || access->client_id.size == 0 ||
        (access->role.size > 0) != (access->branch.size > 0) ||
        (access->branch.size > 0 && !access_pattern_is_good(access->branch, tenant)))
        return OUTCOME_ACCESS_INVALID;
    bool full = access->number == PROVIDER_NONE &&
                (access_tenant_at(model, tenant)->providers >= model->limits.providers_max ||
                 model->roots->providers >= UINT32_MAX - 2);
    return full || !access_texts_fit(model, provider_cost(access)) ? OUTCOME_ACCESS_FULL
                                                                   : OUTCOME_DONE;
}

static enum err provider_texts_set(struct access_model *model, struct provider_entry *entry,
                                   const struct command_access *access)
{
    enum err err = access_text_set(model, &entry->name, access->name);
    if (err == OK)
        err = access_text_set(model, &entry->issuer, access->issuer);
    if (err == OK)
        err = access_text_set(model, &entry->client_id, access->client_id);
    /* Whoever changes the rest does not know it: what was stays. */
    if (err == OK && access->sealed_secret.size > 0)
        err = access_text_set(model, &entry->sealed_secret, access->sealed_secret);
    if (err == OK)
        err = access_text_set(model, &entry->scopes, access->scopes);
    return err == OK ? access_text_set(model, &entry->branch, access->branch) : err;
}

static enum err name_remove(struct access_model *model, uint32_t provider)
{
    const struct provider_entry *entry = provider_at(model, provider);
    uint64_t hash = kind_hash(HASH_PROVIDER, entry->tenant, texts_get(&model->texts, entry->name));
    return index_remove(model->provider_names, hash, provider);
}

static enum err provider_set(struct access_model *model, const struct access_order *of)
{
    const struct command_access *access = of->access;
    uint32_t role, provider = access->number, tenant = of->command->tenant;
    enum outcome_code code = set_judge(model, of, &role);
    if (code != OUTCOME_DONE)
        return order_refuse(of, code);
    enum err err = OK;
    if (provider == PROVIDER_NONE) {
        provider = model->roots->providers + 1;
        err = state_table_grow(&model->providers, provider + 1);
        if (err != OK)
            return err;
        roots_write(model)->providers = provider;
        access_tenant_write(model, tenant)->providers++;
    } else {
        err = name_remove(model, provider);
    }
    struct provider_entry *entry = state_write(&model->providers, provider);
    access_role_release(model, entry->role);
    access_role_hold(model, role);
    entry->tenant = tenant;
    entry->role = role;
    entry->position = of->stamp->position;
    of->outcome->number = provider;
    if (err == OK)
        err = provider_texts_set(model, entry, access);
    return err == OK ? index_insert(model->provider_names,
                                    kind_hash(HASH_PROVIDER, tenant, access->name), provider)
                     : err;
}

static enum err provider_remove(struct access_model *model, const struct access_order *of)
{
    uint32_t provider = of->access->number;
    if (!is_of_tenant(model, of))
        return order_refuse(of, OUTCOME_UNKNOWN_PROVIDER);
    enum err err = name_remove(model, provider);
    struct provider_entry *entry = state_write(&model->providers, provider);
    access_role_release(model, entry->role);
    entry->role = ROLE_NONE;
    entry->removed = 1;
    entry->position = of->stamp->position;
    access_tenant_write(model, entry->tenant)->providers--;
    of->outcome->number = provider;
    return err == OK ? access_text_set(model, &entry->sealed_secret, bytes_of("", 0)) : err;
}

enum err access_apply_provider(struct access_model *model, const struct access_order *of)
{
    return of->command->kind == COMMAND_PROVIDER_SET ? provider_set(model, of)
                                                     : provider_remove(model, of);
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool provider_is_valid(const struct access_model *model, const struct provider_entry *entry)
{
    return entry->tenant >= TENANT_MAIN && entry->tenant <= access_tenants(model) &&
           entry->removed <= 1 && (entry->removed == 0 || entry->role == ROLE_NONE) &&
           (entry->role == ROLE_NONE || access_role_is_valid(model, entry->tenant, entry->role)) &&
           texts_is_valid(&model->texts, entry->name, ACCESS_NAME_MAX) &&
           texts_is_valid(&model->texts, entry->issuer, SECRET_ID_MAX) &&
           texts_is_valid(&model->texts, entry->client_id, SECRET_ID_MAX) &&
           texts_is_valid(&model->texts, entry->sealed_secret, SECRET_PROOF_MAX) &&
           texts_is_valid(&model->texts, entry->scopes, ACCESS_TITLE_MAX) &&
           texts_is_valid(&model->texts, entry->branch, ACCESS_PATTERN_MAX) &&
           access_name_is_good(texts_get(&model->texts, entry->name));
}

enum err access_providers_rebuild(struct access_model *model, uint32_t *holders)
{
    uint32_t providers = model->roots->providers;
    uint64_t standing = 0, told = 0;
    if (providers > UINT32_MAX - 2)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&model->providers, providers + 1);
    for (uint32_t provider = 1; err == OK && provider <= providers; provider++) {
        const struct provider_entry *entry = provider_at(model, provider);
        if (!provider_is_valid(model, entry))
            return ERR_CORRUPT;
        struct bytes name = texts_get(&model->texts, entry->name);
        if (entry->role != ROLE_NONE && entry->role < ROLE_BUILTIN)
            holders[entry->role]++;
        if (entry->removed != 0)
            continue;
        standing++;
        if (name_find(model, entry->tenant, name) != PROVIDER_NONE)
            return ERR_CORRUPT;
        err = index_insert(model->provider_names, kind_hash(HASH_PROVIDER, entry->tenant, name),
                           provider);
    }
    for (uint32_t tenant = TENANT_MAIN; tenant <= access_tenants(model); tenant++)
        told += access_tenant_at(model, tenant)->providers;
    return err == OK && standing != told ? ERR_CORRUPT : err;
}
