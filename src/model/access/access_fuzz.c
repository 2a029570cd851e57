/* Any facts of the facts lane, one after the other, over two tenants: nothing they say can make the
 * reducer fail, and what they leave is whole: a rebuild accepts it, it is the same afterwards, and
 * so is every answer. */
#include "model/access/access.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

static const struct access_limits limits = {.tenants_max = 6,
                                            .accounts_max = 16,
                                            .secrets_max = 64,
                                            .roles_max = 4,
                                            .rights_max = ACCESS_RIGHTS_MAX,
                                            .grants_max = ACCESS_GRANTS_MAX,
                                            .shares_max = 4,
                                            .providers_max = 2,
                                            .audit_kept = 16,
                                            .texts_bytes_max = 65536};

struct fuzz {
    struct state *state;
    struct points *points;
    struct access_model *model;
    struct record_stamp stamp;
    struct outcome outcome;
};

/* ---- what is asked -----------------------------------------------------------------------------
 */
static uint64_t seen_text(uint64_t seen, struct bytes text)
{
    return hash64(text.at, text.size, seen);
}

static uint64_t look_roles(const struct access_model *model, uint32_t tenant, uint64_t seen)
{
    struct role_view role, found;
    for (uint32_t i = 0; access_role_at(model, tenant, i, &role); i++) {
        check(role.right_count > 0 && role.right_count <= ACCESS_RIGHTS_MAX);
        check(access_role_find(model, tenant, role.name, &found));
        for (uint32_t right = 0; right < role.right_count; right++) {
            check(bytes_equal(role.rights[right].pattern, found.rights[right].pattern));
            seen = seen_text(seen + role.rights[right].rights, role.rights[right].pattern);
        }
    }
    return seen;
}

static uint64_t look_account(const struct access_model *model, uint32_t account, uint64_t seen)
{
    struct account_view view;
    struct secret_view secret;
    struct role_view role;
    uint32_t sessions = 0;
    access_account(model, account, &view);
    seen = seen_text(seen + (uint64_t)view.state, view.name);
    for (uint32_t i = 0; i < view.grant_count; i++) {
        check(view.state == ACCOUNT_REMOVED ||
              access_role_find(model, view.tenant, view.grants[i].role, &role));
        seen = seen_text(seen, view.grants[i].branch);
    }
    for (uint32_t i = access_secret_next(model, account, SECRET_NONE), last = 0; i != SECRET_NONE;
         i = access_secret_next(model, account, i)) {
        check(i > last && access_secret(model, i, &secret) && secret.account == account);
        check(secret.id.size == 0 || access_secret_find(model, secret.kind, secret.id) == i);
        sessions += secret.kind == SECRET_SESSION;
        last = i;
        seen = seen_text(seen, secret.proof);
    }
    check(sessions <= 64);
    return seen;
}

static uint64_t look_tenant(const struct access_model *model, uint32_t tenant, uint64_t seen)
{
    struct tenant_view view;
    struct account_view account;
    uint32_t accounts = 0;
    check(access_tenant(model, tenant, &view));
    check(view.state == TENANT_DELETED || access_tenant_find(model, view.name) == tenant);
    for (uint32_t i = access_account_next(model, tenant, ACCOUNT_NONE), last = 0; i != ACCOUNT_NONE;
         i = access_account_next(model, tenant, i), accounts++) {
        access_account(model, i, &account);
        check(i > last && account.tenant == tenant && account.state != ACCOUNT_REMOVED);
        check(access_account_find(model, tenant, account.kind, account.name) == i);
        last = i;
    }
    check(view.state == TENANT_DELETED || accounts == view.accounts);
    for (int given = 0; given < 2; given++)
        for (uint32_t i = access_share_next(model, tenant, given != 0, SHARE_NONE); i != SHARE_NONE;
             i = access_share_next(model, tenant, given != 0, i))
            seen = seen * 31 + i;
    return look_roles(model, tenant, seen_text(seen, view.title));
}

static uint64_t look(const struct access_model *model)
{
    uint64_t seen = access_has_host(model);
    struct share_view share;
    struct provider_view provider;
    struct audit_view entry;
    for (uint32_t i = 1; i <= access_tenants(model); i++)
        seen = look_tenant(model, i, seen);
    for (uint32_t i = 1; i <= access_accounts(model); i++)
        seen = look_account(model, i, seen);
    for (uint32_t i = 1; i <= access_shares(model); i++) {
        check(access_share(model, i, &share) && share.pattern_count > 0);
        seen = seen_text(seen + (uint64_t)share.state, share.patterns[0]);
    }
    for (uint32_t i = 1; i <= access_providers(model); i++) {
        check(access_provider(model, i, &provider));
        seen = seen_text(seen + provider.removed, provider.branch);
    }
    for (uint64_t i = access_audit_oldest(model); i <= access_audit_count(model); i++) {
        check(access_audit(model, i, &entry) && entry.number == i);
        check(bytes_are_utf8(entry.object) && bytes_are_utf8(entry.outcome));
        seen = hash64(entry.chain, sizeof entry.chain, seen);
    }
    return seen;
}

/* ---- the facts ---------------------------------------------------------------------------------
 */
static void begin(struct fuzz *fuzz)
{
    struct fact fact = {.kind = FACT_ACCESS,
                        .command = {.kind = COMMAND_TENANT_SET,
                                    .tenant = TENANT_MAIN,
                                    .access = {.has = HAS_NAME, .name = bytes_text("acme")}}};
    check(state_create(&fuzz->state) == OK);
    check(points_create(fuzz->state, &points_limits_default, &fuzz->points) == OK);
    check(access_model_create(fuzz->state, &limits, &fuzz->model) == OK);
    check(access_apply_fact(fuzz->model, fuzz->points, &fact, &fuzz->stamp, NULL, &fuzz->outcome) ==
          OK);
    check(fuzz->outcome.number == 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static struct fact_storage storage;
    struct fuzz fuzz = {.stamp = {.position = 1, .engine_ns = 1, .wall_ns = 1}};
    struct fact fact;
    size_t offset = 0;
    begin(&fuzz);
    while (facts_read(bytes_of(at, size), &offset, &storage, &fact) == OK) {
        bool known = fuzz.outcome.position == fuzz.stamp.position;
        struct outcome previous = fuzz.outcome;
        fuzz.stamp.position++;
        fuzz.stamp.wall_ns += NS_PER_S;
        check(access_apply_fact(fuzz.model, fuzz.points, &fact, &fuzz.stamp,
                                known ? &previous : NULL, &fuzz.outcome) == OK);
        bool agrees;
        if (fact.kind == FACT_ENTRY)
            check(access_apply_entry(fuzz.model, &fact.entry, &fuzz.stamp, &agrees) == OK);
    }
    uint64_t hash = state_hash(fuzz.state), seen = look(fuzz.model);
    check(points_rebuild(fuzz.points) == OK);
    check(access_model_rebuild(fuzz.model) == OK && state_hash(fuzz.state) == hash);
    check(look(fuzz.model) == seen);
    access_model_destroy(fuzz.model);
    points_destroy(fuzz.points);
    state_destroy(fuzz.state);
    return 0;
}
