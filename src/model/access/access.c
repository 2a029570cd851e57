/* How the tables and the indexes beside them come and go, and which command goes where. */
#include "model/access/tables.h"

#include <stdlib.h>

const struct access_limits access_limits_default = {
    .tenants_max = 65536,
    .accounts_max = 4000000,
    .secrets_max = 16000000,
    .roles_max = 1000,
    .rights_max = ACCESS_RIGHTS_MAX,
    .grants_max = ACCESS_GRANTS_MAX,
    .shares_max = 65536,
    .gives_max = 4096,
    .offers_max = 64,
    .tokens_max = 100,
    .providers_max = 16,
    .audit_kept = 65536,
    .texts_bytes_max = UINT64_C(4) << 30,
};

/* ---- life --------------------------------------------------------------------------------------
 */
static const struct state_table_plan tables[] = {
    {offsetof(struct access_model, roots_table), TABLE_ACCESS_ROOTS, sizeof(struct roots_entry)},
    {offsetof(struct access_model, tenants), TABLE_TENANTS, sizeof(struct tenant_entry)},
    {offsetof(struct access_model, roles), TABLE_ROLES, sizeof(struct role_entry)},
    {offsetof(struct access_model, accounts), TABLE_ACCOUNTS, sizeof(struct account_entry)},
    {offsetof(struct access_model, secrets), TABLE_SECRETS, sizeof(struct secret_entry)},
    {offsetof(struct access_model, shares), TABLE_SHARES, sizeof(struct share_entry)},
    {offsetof(struct access_model, providers), TABLE_PROVIDERS, sizeof(struct provider_entry)},
    {offsetof(struct access_model, audit), TABLE_AUDIT, sizeof(struct audit_entry)},
    {offsetof(struct access_model, texts.table), TABLE_ACCESS_TEXTS, TEXTS_UNIT},
    {offsetof(struct access_model, runs), TABLE_AUDIT_RUNS, sizeof(struct run_entry)},
};

static void texts_init(struct access_model *model)
{
    model->texts.owner = &model->roots_table;
    model->texts.pages_at = offsetof(struct roots_entry, text_pages);
    model->texts.classes_at = offsetof(struct roots_entry, classes);
    model->texts.wiped = true; /* secrets do not linger */
}

#define INDEXES 7
static void indexes_list(struct access_model *model, struct index **indexes[INDEXES])
{
    indexes[0] = &model->tenant_names;
    indexes[1] = &model->role_names;
    indexes[2] = &model->account_names;
    indexes[3] = &model->provider_names;
    indexes[4] = &model->secret_numbers;
    indexes[5] = &model->secret_ids;
    indexes[6] = &model->token_owners;
}

static void indexes_destroy(struct access_model *model)
{
    struct index **indexes[INDEXES];
    indexes_list(model, indexes);
    for (size_t i = 0; i < INDEXES; i++) {
        index_destroy(*indexes[i]);
        *indexes[i] = NULL;
    }
}

static enum err indexes_create(struct access_model *model)
{
    struct index **indexes[INDEXES];
    enum err err = OK;
    indexes_list(model, indexes);
    for (size_t i = 0; err == OK && i < INDEXES; i++)
        err = index_create(indexes[i]);
    return err;
}

/* The rows that are looked at before any record made one. */
static enum err tables_begin(struct access_model *model)
{
    enum err err = state_table_grow(&model->roots_table, 1);
    return err == OK ? state_table_grow(&model->tenants, TENANT_MAIN + 1) : err;
}

enum err access_model_create(struct state *state, const struct access_limits *limits,
                             struct access_model **ret_model)
{
    check(limits->rights_max <= ACCESS_RIGHTS_MAX && limits->grants_max <= ACCESS_GRANTS_MAX &&
          limits->audit_kept > 0 && limits->tenants_max > 0);
    struct access_model *model = calloc(1, sizeof *model);
    if (model == NULL)
        return ERR_NO_MEMORY;
    model->limits = *limits;
    model->state = state;
    state_tables_init(state, model, tables, ARRAY_COUNT(tables));
    texts_init(model);
    enum err err = indexes_create(model);
    if (err == OK)
        err = tables_begin(model);
    if (err != OK) {
        access_model_destroy(model);
        return err;
    }
    model->roots = state_read(&model->roots_table, 0);
    *ret_model = model;
    return OK;
}

void access_model_destroy(struct access_model *model)
{
    if (model == NULL)
        return;
    indexes_destroy(model);
    state_tables_done(model, tables, ARRAY_COUNT(tables));
    free(model);
}

enum err access_model_rebuild(struct access_model *model)
{
    uint32_t *holders = NULL;
    indexes_destroy(model);
    enum err err = indexes_create(model);
    if (err == OK)
        err = texts_rebuild(&model->texts);
    if (err == OK)
        err = access_tenants_rebuild(model);
    if (err == OK)
        err = access_roles_rebuild(model);
    if (err == OK) {
        holders = calloc((size_t)model->roots->roles + 1, sizeof holders[0]);
        err = holders == NULL ? ERR_NO_MEMORY : OK;
    }
    if (err == OK)
        err = access_accounts_rebuild(model, holders);
    if (err == OK)
        err = access_secrets_rebuild(model);
    if (err == OK)
        err = access_shares_rebuild(model);
    if (err == OK)
        err = access_providers_rebuild(model, holders);
    if (err == OK)
        err = access_roles_compare(model, holders);
    if (err == OK)
        err = access_audit_rebuild(model);
    if (err == OK)
        err = access_runs_rebuild(model);
    free(holders);
    return err;
}

uint64_t access_model_memory(const struct access_model *model)
{
    return sizeof *model + index_memory(model->tenant_names) + index_memory(model->role_names) +
           index_memory(model->account_names) + index_memory(model->provider_names) +
           index_memory(model->secret_numbers) + index_memory(model->secret_ids) +
           index_memory(model->token_owners);
}

uint64_t access_model_version(const struct access_model *model)
{
    return model->roots->version;
}

/* ---- commands ----------------------------------------------------------------------------------
 */
static enum err command_run(struct access_model *model, const struct access_order *of)
{
    uint8_t kind = of->command->kind;
    if (kind == COMMAND_TENANT_SET || kind == COMMAND_TENANT_STATE)
        return access_apply_tenant(model, of);
    if (!access_tenant_is_live(model, of->command->tenant))
        return order_refuse(of, OUTCOME_UNKNOWN_TENANT);
    switch (kind) {
    case COMMAND_ROLE_SET:
    case COMMAND_ROLE_REMOVE:
        return access_apply_role(model, of);
    case COMMAND_ACCOUNT_SET:
    case COMMAND_ACCOUNT_REMOVE:
        return access_apply_account(model, of);
    case COMMAND_SECRET_ADD:
    case COMMAND_SECRET_REMOVE:
        return access_apply_secret(model, of);
    case COMMAND_PROVIDER_SET:
    case COMMAND_PROVIDER_REMOVE:
        return access_apply_provider(model, of);
    default:
        return access_apply_share(model, of);
    }
}

/* A code that was used changes nothing that anybody is judged by. */
static bool is_used_step(const struct command *command)
{
    return command->kind == COMMAND_ACCOUNT_SET && command->access.has == HAS_USED_STEP;
}

static enum err command_apply(struct access_model *model, struct points *points,
                              const struct command *command, const struct record_stamp *stamp,
                              struct outcome *outcome)
{
    const struct access_order of = {command, &command->access, stamp, outcome};
    struct audit_told told;
    struct key_claim claim;
    bool run;
    bool audited = command->actor.door != ACTOR_NONE;
    if (audited)
        audit_words_of(model, command, &told);
    enum err err = points_key_claim(points, command, stamp, &claim, outcome, &run);
    if (err == OK && run)
        err = command_run(model, &of);
    if (err != OK)
        return err;
    if (run)
        points_key_settle(points, command, &claim, outcome);
    if (outcome->code != OUTCOME_REPEATED)
        outcome->first_code = outcome->code;
    if (run && outcome->code == OUTCOME_DONE && !is_used_step(command))
        roots_write(model)->version++;
    return audited ? access_audit_command(model, command, &told, stamp, outcome) : OK;
}

/* They never go back: what was judged by newer ones stays as it is. */
static void rules_begin(struct access_model *model, uint32_t reducer_version)
{
    if (reducer_version >= ACCESS_RULES_2 && model->roots->rules < ACCESS_RULES_2)
        roots_write(model)->rules = ACCESS_RULES_2;
}

enum err access_apply_fact(struct access_model *model, struct points *points,
                           const struct fact *fact, const struct record_stamp *stamp,
                           const struct outcome *previous, struct outcome *ret_outcome)
{
    const struct command *command = &fact->command;
    enum err err;
    if (fact->kind == FACT_START) {
        rules_begin(model, fact->start.reducer_version);
        return OK;
    }
    if (fact->kind == FACT_AUDIT) {
        err = access_audit_fact(model, &fact->audit, stamp, previous);
    } else if (fact->kind == FACT_ACCESS) {
        if (command->kind < COMMAND_TENANT_SET || command->kind > COMMAND_PROVIDER_REMOVE ||
            command->key_kind > KEY_FREE)
            return ERR_CORRUPT;
        *ret_outcome = (struct outcome){.position = stamp->position, .code = OUTCOME_DONE};
        err = command_apply(model, points, command, stamp, ret_outcome);
    } else {
        return OK;
    }
    return err == OK ? access_tenants_sweep(model, stamp) : err;
}
