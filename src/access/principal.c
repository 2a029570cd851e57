/* Principals: who is here, with the rules that his grants make. Each is judged when he enters, and
 * again when the model changed or his time is over. */
#include "access/seen.h"

#include <stdio.h>
#include <string.h>

/* ---- those that end in time: a heap ------------------------------------------------------------
 */
static void dues_set(struct access *access, uint32_t at, struct principal *principal)
{
    access->dues[at] = principal;
    principal->due = at;
}

static void dues_settle(struct access *access, uint32_t at)
{
    struct principal *principal = access->dues[at];
    for (; at > 1 && access->dues[at / 2]->until_wall_ns > principal->until_wall_ns; at /= 2)
        dues_set(access, at, access->dues[at / 2]);
    for (uint32_t below = 2 * at; below <= access->due_count; below = 2 * at) {
        if (below < access->due_count &&
            access->dues[below + 1]->until_wall_ns < access->dues[below]->until_wall_ns)
            below++;
        if (access->dues[below]->until_wall_ns >= principal->until_wall_ns)
            break;
        dues_set(access, at, access->dues[below]);
        at = below;
    }
    dues_set(access, at, principal);
}

static void dues_take(struct access *access, struct principal *principal)
{
    uint32_t at = principal->due;
    if (at == 0)
        return;
    struct principal *last = access->dues[access->due_count--];
    principal->due = 0;
    if (last == principal)
        return;
    dues_set(access, at, last);
    dues_settle(access, at);
}

static enum err dues_put(struct access *access, struct principal *principal)
{
    dues_take(access, principal);
    if (principal->until_wall_ns == INT64_MAX)
        return OK;
    if (access->due_count + 1 >= access->due_capacity) {
        uint32_t capacity = access->due_capacity * 2 + 64;
        struct principal **dues = realloc(access->dues, capacity * sizeof(struct principal *));
        if (dues == NULL)
            return ERR_NO_MEMORY;
        access->dues = dues;
        access->due_capacity = capacity;
    }
    dues_set(access, ++access->due_count, principal);
    dues_settle(access, access->due_count);
    return OK;
}

/* ---- rules -------------------------------------------------------------------------------------
 */
/* Whoever connects chooses his client id: a device may say its own name alone, and nobody another
 * device's; else any could take it, and with it the other's branch. */
struct bytes names_client(const struct access *access, const struct account_view *account,
                          struct bytes client_id)
{
    if (account->kind == ACCOUNT_DEVICE)
        return bytes_equal(client_id, account->name) ? client_id : bytes_of("", 0);
    uint32_t other =
        access_account_find(access->config.model, account->tenant, ACCOUNT_DEVICE, client_id);
    return other == ACCOUNT_NONE ? client_id : bytes_of("", 0);
}

static enum err rules_make(struct access *access, const struct account_view *account,
                           struct bytes client_id)
{
    struct rule_maker *maker = &access->maker;
    struct rule_names names = {names_client(access, account, client_id), account->name};
    uint8_t text[PATTERN_BYTES_MAX];
    rule_maker_reset(maker);
    for (uint32_t i = 0; i < account->grant_count; i++) {
        struct role_view role;
        const struct grant *grant = &account->grants[i];
        if (!access_role_find(access->config.model, account->tenant, grant->role, &role))
            continue;
        for (uint32_t j = 0; j < role.right_count; j++) {
            size_t size = rule_expand(role.rights[j].pattern, &names, text);
            enum err err =
                rule_maker_add(maker, (uint8_t)role.rights[j].rights, bytes_of(text, size),
                               grant->branch, account->tenant == TENANT_MAIN);
            if (err != OK)
                return err;
        }
    }
    return OK;
}

/* ---- judging -----------------------------------------------------------------------------------
 */
/* Does the account exist and may it be here; until when? */
static bool account_is_in(const struct access *access, const struct principal_plan *plan,
                          struct account_view *ret_account, int64_t *ret_until_ns)
{
    struct access_model *model = access->config.model;
    struct tenant_view tenant;
    struct secret_view secret;
    int64_t now_ns = access->config.clock->wall_ns(access->config.clock);
    if (plan->account == ACCOUNT_NONE || plan->account > access_accounts(model))
        return false;
    access_account(model, plan->account, ret_account);
    if (ret_account->state != ACCOUNT_ACTIVE || ret_account->kind == ACCOUNT_CLAIM ||
        !access_tenant(model, ret_account->tenant, &tenant) || tenant.state != TENANT_ACTIVE)
        return false;
    int64_t until_ns = ret_account->expires_wall_ns;
    if (!access_secret(model, plan->secret, &secret) || secret.account != plan->account)
        return false;
    if (secret.expires_wall_ns < until_ns)
        until_ns = secret.expires_wall_ns;
    *ret_until_ns = until_ns;
    return until_ns > now_ns;
}

void principal_changed(struct principal *principal, bool lost)
{
    principal->generation++;
    if (!lost)
        return;
    struct link told;
    link_init(&told);
    link_move_all(&told, &principal->watches);
    principal_hold(principal);
    while (!link_is_alone(&told)) {
        struct principal_watch *watch = LINK_OWNER(told.next, struct principal_watch, link);
        link_take(&watch->link);
        link_put(&principal->watches, &watch->link);
        watch->changed(watch->arg);
    }
    principal_release(principal);
}

void principal_end(struct principal *principal)
{
    if (principal->ended)
        return;
    principal->ended = true;
    dues_take(principal->access, principal);
    principal->access->counters.ended++;
    principal_changed(principal, true);
}

/* Rules anew; false: out of memory. *ret_lost: some that were there are gone. */
static bool principal_rule(struct principal *principal, const struct account_view *account,
                           bool *ret_changed, bool *ret_lost)
{
    struct access *access = principal->access;
    if (rules_make(access, account, principal->client_id) != OK)
        return false;
    *ret_changed = principal->rules == NULL || !rule_maker_same(&access->maker, principal->rules);
    *ret_lost = false;
    if (!*ret_changed)
        return true;
    struct rule_set *rules = rule_maker_finish(&access->maker);
    if (rules == NULL)
        return false;
    if (principal->rules != NULL) {
        *ret_lost = !rule_set_kept(principal->rules, rules);
        access->counters.memory -= rule_set_size(principal->rules);
    }
    access->counters.memory += rule_set_size(rules);
    free(principal->rules);
    principal->rules = rules;
    return true;
}

void principal_judge(struct principal *principal)
{
    struct access *access = principal->access;
    link_take(&principal->all);
    link_put(&access->principals, &principal->all);
    link_take(&principal->of_tenant);
    link_put(&principal->place->principals, &principal->of_tenant);
    principal->judged = access->version;
    if (principal->ended || principal->owner)
        return;
    if (principal->trial) {
        if (!access->trial)
            principal_end(principal);
        return;
    }
    struct account_view account;
    struct principal_plan plan = {.account = principal->account, .secret = principal->secret};
    int64_t until_ns;
    bool changed, lost;
    /* What cannot be judged for want of memory may nothing. */
    if (!account_is_in(access, &plan, &account, &until_ns) ||
        !principal_rule(principal, &account, &changed, &lost)) {
        principal_end(principal);
        return;
    }
    if (until_ns != principal->until_wall_ns) {
        principal->until_wall_ns = until_ns;
        if (dues_put(access, principal) != OK) {
            principal_end(principal);
            return;
        }
    }
    if (changed)
        principal_changed(principal, lost);
}

void principals_expire(struct access *access, int64_t wall_ns)
{
    while (access->due_count > 0 && access->dues[1]->until_wall_ns <= wall_ns)
        principal_end(access->dues[1]);
}

/* ---- life --------------------------------------------------------------------------------------
 */
/* As people know him: "ann@acme", "token backup@acme". */
static void plan_name(const struct access *access, const struct principal_plan *plan,
                      const struct account_view *account, char *name, size_t size)
{
    static const char *const kinds[] = {
        [ACCOUNT_PERSON] = "", [ACCOUNT_DEVICE] = "device ", [ACCOUNT_TOKEN] = "token "};
    struct tenant_view tenant;
    if (plan->trial || plan->owner ||
        !access_tenant(access->config.model, account->tenant, &tenant))
        snprintf(name, size, "%s", plan->trial ? "trial" : "owner");
    else
        snprintf(name, size, "%s%.*s@%.*s", kinds[account->kind], (int)account->name.size,
                 (const char *)account->name.at, (int)tenant.name.size,
                 (const char *)tenant.name.at);
}

static const char *text_keep(char **at, struct bytes text)
{
    char *kept = *at;
    if (text.size > 0)
        memcpy(kept, text.at, text.size);
    kept[text.size] = '\0';
    *at += text.size + 1;
    return kept;
}

/* Only what fits a pattern can stand for %c; the rest of a longer id need not be kept. */
static struct bytes client_kept(struct bytes client_id)
{
    return client_id.size > PATH_SEGMENT_MAX ? bytes_of("", 0) : client_id;
}

static struct principal *principal_alloc(struct access *access, const struct principal_plan *plan,
                                         const struct account_view *account)
{
    char name[sizeof "device " + ACCESS_NAME_MAX + 1 + ACCESS_TENANT_NAME_MAX];
    uint32_t tenant = plan->trial || plan->owner ? TENANT_MAIN : account->tenant;
    struct tenant_entry *place = tenant_entry_get(access, tenant);
    if (place == NULL)
        return NULL;
    plan_name(access, plan, account, name, sizeof name);
    char kept[ACTOR_ADDRESS_MAX + 1];
    (void)snprintf(kept, sizeof kept, "%s", plan->address == NULL ? "" : plan->address);
    struct bytes client_id = client_kept(plan->client_id), name_text = bytes_text(name),
                 address = bytes_text(kept),
                 tenant_name = bytes_of(place->present + 1, (size_t)place->present_size - 2);
    size_t size = client_id.size + name_text.size + address.size + tenant_name.size + 4;
    struct principal *principal = calloc(1, sizeof *principal + size);
    if (principal == NULL)
        return NULL;
    char *at = principal->texts;
    *principal = (struct principal){.access = access,
                                    .holds = 1,
                                    .how = (uint8_t)plan->how,
                                    .door = plan->door,
                                    .trial = plan->trial,
                                    .owner = plan->owner,
                                    .tenant = tenant,
                                    .place = place,
                                    .account = plan->account,
                                    .secret = plan->secret,
                                    .until_wall_ns = INT64_MAX,
                                    .generation = 1,
                                    .judged = access->version};
    principal->kind = plan->trial || plan->owner ? 0 : (uint8_t)account->kind;
    principal->name = text_keep(&at, name_text);
    principal->tenant_name = text_keep(&at, tenant_name);
    principal->address = text_keep(&at, address);
    principal->client_id = bytes_of(text_keep(&at, client_id), client_id.size);
    link_init(&principal->all);
    link_init(&principal->of_tenant);
    link_init(&principal->of_account);
    link_init(&principal->watches);
    return principal;
}

/* Onto the lists by which it is found. */
static enum err principal_enlist(struct principal *principal, uint32_t owner)
{
    struct access *access = principal->access;
    struct table_link *link = table_find(&access->accounts, principal->account);
    struct account_entry *entry =
        link == NULL ? calloc(1, sizeof *entry) : TABLE_OWNER(link, struct account_entry, link);
    if (entry == NULL)
        return ERR_NO_MEMORY;
    if (link == NULL) {
        link_init(&entry->principals);
        table_put(&access->accounts, &entry->link, principal->account);
    }
    principal->entry = entry;
    if (owner != ACCOUNT_NONE)
        table_put(&access->owners, &principal->of_owner, owner);
    link_put(&entry->principals, &principal->of_account);
    link_put(&principal->place->principals, &principal->of_tenant);
    link_put(&access->principals, &principal->all);
    access->counters.principals++;
    access->counters.memory += sizeof *principal;
    return OK;
}

static void principal_free(struct principal *principal)
{
    struct access *access = principal->access;
    struct account_entry *entry = principal->entry;
    struct seen *seen = principal->ended ? NULL : seen_find(access, principal->secret);
    if (seen != NULL) /* it was in use until now */
        seen->wall_ns = access->config.clock->wall_ns(access->config.clock);
    dues_take(access, principal);
    link_take(&principal->all);
    link_take(&principal->of_tenant);
    link_take(&principal->of_account);
    if (principal->of_owner.key != 0)
        table_take(&access->owners, &principal->of_owner);
    if (entry != NULL) {
        access->counters.principals--;
        access->counters.memory -= sizeof *principal;
        if (link_is_alone(&entry->principals)) {
            table_take(&access->accounts, &entry->link);
            free(entry);
        }
    }
    if (principal->rules != NULL)
        access->counters.memory -= rule_set_size(principal->rules);
    free(principal->rules);
    free(principal);
}

enum err principal_create(struct access *access, const struct principal_plan *plan,
                          struct principal **ret_principal)
{
    struct account_view account = {.account = ACCOUNT_NONE};
    int64_t until_ns = INT64_MAX;
    bool changed, lost, judged = !plan->trial && !plan->owner;
    if (judged && !account_is_in(access, plan, &account, &until_ns))
        return ERR_REFUSED;
    struct principal *principal = principal_alloc(access, plan, &account);
    if (principal == NULL)
        return ERR_NO_MEMORY;
    principal->until_wall_ns = until_ns;
    if ((judged && !principal_rule(principal, &account, &changed, &lost)) ||
        principal_enlist(principal, account.kind == ACCOUNT_TOKEN ? account.owner : ACCOUNT_NONE) !=
            OK ||
        dues_put(access, principal) != OK) {
        principal_free(principal);
        return ERR_NO_MEMORY;
    }
    *ret_principal = principal;
    return OK;
}

struct principal *principal_hold(struct principal *principal)
{
    principal->holds++;
    return principal;
}

void principal_release(struct principal *principal)
{
    if (principal == NULL)
        return;
    check(principal->holds > 0);
    if (--principal->holds > 0)
        return;
    check(link_is_alone(&principal->watches));
    principal_free(principal);
}

void principal_watch(struct principal *principal, struct principal_watch *watch,
                     void (*changed)(void *arg), void *arg)
{
    *watch = (struct principal_watch){.principal = principal, .changed = changed, .arg = arg};
    link_init(&watch->link);
    link_put(&principal->watches, &watch->link);
}

void principal_unwatch(struct principal_watch *watch)
{
    link_take(&watch->link);
}

/* ---- looking -----------------------------------------------------------------------------------
 */
void principal_view(const struct principal *principal, struct principal_view *ret_view)
{
    *ret_view = (struct principal_view){.how = (enum access_how)principal->how,
                                        .tenant = principal->tenant,
                                        .account = principal->account,
                                        .secret = principal->secret,
                                        .kind = (enum account_kind)principal->kind,
                                        .name = principal->name,
                                        .tenant_name = principal->tenant_name,
                                        .trial = principal->trial,
                                        .owner = principal->owner,
                                        .ended = principal->ended,
                                        .actor = {.door = (uint8_t)principal->door,
                                                  .account = principal->account,
                                                  .tenant = principal->tenant,
                                                  .name = bytes_text(principal->name),
                                                  .address = bytes_text(principal->address)}};
}

uint32_t principal_tenant(const struct principal *principal)
{
    return principal->tenant;
}

bool access_may_be_client(const struct principal *principal, struct bytes client_id)
{
    if (principal->trial || principal->owner || client_id.size == 0)
        return true;
    uint32_t device = access_account_find(principal->access->config.model, principal->tenant,
                                          ACCOUNT_DEVICE, client_id);
    return device == ACCOUNT_NONE || device == principal->account;
}

uint64_t principal_generation(const struct principal *principal)
{
    return principal->generation;
}
