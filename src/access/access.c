/* The room's life: made, stepped, ended. */
#include "access/order.h"
#include "access/password.h"
#include "access/seen.h"

#include <string.h>

#define ACCOUNT_BUCKETS 65536
#define TENANT_BUCKETS 4096
#define SHARE_BUCKETS 16384
#define ENTRY_BUCKETS 1024
#define STEP_IDLE_NS NS_PER_S /* times by the wall are looked at once a second */

static enum err tables_init(struct access *access)
{
    enum err err = table_init(&access->accounts, ACCOUNT_BUCKETS);
    if (err == OK)
        err = table_init(&access->owners, TENANT_BUCKETS);
    if (err == OK)
        err = table_init(&access->tenants, TENANT_BUCKETS);
    if (err == OK)
        err = table_init(&access->shares, SHARE_BUCKETS);
    if (err == OK)
        err = table_init(&access->entries, ENTRY_BUCKETS);
    if (err == OK)
        err = table_init(&access->seen, SEEN_BUCKETS);
    if (err == OK)
        err = guesses_init(&access->guesses, load_u64(access->process_key));
    if (err != OK)
        return err;
    access->kept =
        calloc((size_t)PASSWORD_KEPT_SETS * PASSWORD_KEPT_WAYS, sizeof(struct password_kept));
    return access->kept == NULL ? ERR_NO_MEMORY : OK;
}

enum err access_create(const struct access_config *config, struct access **ret_access)
{
    struct access *access = calloc(1, sizeof *access);
    if (access == NULL)
        return ERR_NO_MEMORY;
    access->config = *config;
    link_init(&access->principals);
    link_init(&access->told);
    link_init(&access->suspects);
    link_init(&access->jobs);
    link_init(&access->makings);
    link_init(&access->orders);
    config->random(access->process_key, sizeof access->process_key);
    enum err err = tables_init(access);
    access->boot_ns = config->clock->boot_ns(config->clock);
    access->began_wall_ns = config->clock->wall_ns(config->clock);
    access->audit_seen = access_audit_count(config->model);
    access->version = access->full_version = access_model_version(config->model);
    access->trial = !access_has_host(config->model);
    while (err == OK && access->share_cursor < access_shares(config->model))
        err = shares_follow(access);
    if (err != OK) {
        access_destroy(access);
        return err;
    }
    *ret_access = access;
    return OK;
}

void access_destroy(struct access *access)
{
    if (access == NULL)
        return;
    check(link_is_alone(&access->principals));
    entries_done(access);
    makings_done(access);
    orders_done(access);
    password_jobs_done(access);
    tell_done(access);
    seen_done(access);
    guesses_done(&access->guesses);
    if (access->kept != NULL)
        secret_wipe(access->kept,
                    PASSWORD_KEPT_SETS * PASSWORD_KEPT_WAYS * sizeof(struct password_kept));
    free(access->kept);
    shares_done(access);
    table_done(&access->accounts);
    table_done(&access->owners);
    rule_maker_done(&access->maker);
    free(access->dues);
    secret_wipe(access, sizeof *access);
    free(access);
}

int64_t access_step(struct access *access, int64_t boot_ns)
{
    struct worker *worker = access->config.worker;
    access->boot_ns = boot_ns;
    bool more = follow_step(access);
    if (worker != NULL)
        worker->poll(worker);
    principals_expire(access, access->config.clock->wall_ns(access->config.clock));
    orders_step(access);
    (void)tell_flush(access);
    return more ? 0 : STEP_IDLE_NS;
}

void access_outcome(struct access *access, uint64_t tag, const struct outcome *outcome)
{
    orders_outcome(access, tag, outcome);
}

bool access_is_trial(const struct access *access)
{
    return access->trial;
}

void access_describe(const struct access *access, struct access_counters *ret_counters)
{
    *ret_counters = access->counters;
}
