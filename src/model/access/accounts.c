/* Accounts: persons, devices, tokens, claim keys; and what they are granted. A removed one keeps
 * its row, its name and its place among the others, so that a walk that stood there goes on. */
#include "model/access/tables.h"

#include <stdlib.h>
#include <string.h>

#define GRANT_HEAD 6u /* bytes before a grant's branch: role (4), size (2) */

const struct account_entry *access_account_at(const struct access_model *model, uint32_t account)
{
    check(account > ACCOUNT_NONE && account <= model->roots->accounts);
    return state_read(&model->accounts, account);
}

struct account_entry *access_account_write(struct access_model *model, uint32_t account)
{
    return state_write(&model->accounts, account);
}

bool access_account_is_live(const struct access_model *model, uint32_t account)
{
    if (account == ACCOUNT_NONE || account > model->roots->accounts)
        return false;
    const struct account_entry *entry = access_account_at(model, account);
    return entry->state != ACCOUNT_REMOVED && access_tenant_is_live(model, entry->tenant);
}

static const struct chain accounts_of_tenant = {.links_at = offsetof(struct account_entry, links),
                                                .keeps = true};

/* ---- hosts -------------------------------------------------------------------------------------
 */
bool access_account_is_host(const struct account_entry *entry)
{
    return entry->tenant == TENANT_MAIN && entry->kind == ACCOUNT_PERSON &&
           entry->state == ACCOUNT_ACTIVE && entry->expires_wall_ns == INT64_MAX &&
           (entry->flags & ACCOUNT_HOLDS_HOST) != 0 &&
           (entry->secrets[SECRET_PASSWORD] > 0 || entry->secrets[SECRET_OPENID] > 0);
}

bool access_hosts_allow(const struct access_model *model, const struct account_entry *before,
                        const struct account_entry *after)
{
    return model->roots->hosts > 1 || !access_account_is_host(before) ||
           access_account_is_host(after);
}

void access_hosts_count(struct access_model *model, bool before, bool after)
{
    if (before != after)
        roots_write(model)->hosts += after ? 1u : UINT32_MAX;
}

bool access_has_host(const struct access_model *model)
{
    return model->roots->hosts > 0;
}

/* ---- grants ------------------------------------------------------------------------------------
 */
struct grant_row {
    uint32_t role;
    struct bytes branch;
};

/* The grant that begins there; moves *offset. */
static bool grant_next(struct bytes grants, size_t *offset, struct grant_row *ret_grant)
{
    if (grants.size - *offset < GRANT_HEAD)
        return false;
    const uint8_t *at = grants.at + *offset;
    size_t size = load_u16(at + 4);
    if (size > grants.size - *offset - GRANT_HEAD)
        return false;
    *ret_grant = (struct grant_row){load_u32(at), bytes_of(at + GRANT_HEAD, size)};
    *offset += GRANT_HEAD + size;
    return true;
}

static bool grant_is_host(uint32_t role, struct bytes branch)
{
    return access_role_is_host(role) && branch.size == 1 && branch.at[0] == '#';
}

/* All grants as one text into at[TEXTS_BYTES_MAX]. OUTCOME_DONE, or what is wrong with them. */
static enum outcome_code grants_join(const struct access_model *model,
                                     const struct access_order *of, uint8_t *at,
                                     struct bytes *ret_grants, bool *ret_host)
{
    const struct command_access *access = of->access;
    size_t size = 0;
    *ret_host = false;
    if (access->grant_count > model->limits.grants_max)
        return OUTCOME_ACCESS_FULL;
    for (unsigned i = 0; i < access->grant_count; i++) {
        const struct grant *grant = &access->grants[i];
        uint32_t role = access_role_reference(model, of->command->tenant, grant->role);
        if (role == ROLE_NONE)
            return OUTCOME_UNKNOWN_ROLE;
        if (!access_pattern_is_good(grant->branch, of->command->tenant))
            return OUTCOME_ACCESS_INVALID;
        store_u32(at + size, role);
        store_u16(at + size + 4, (uint16_t)grant->branch.size);
        memcpy(at + size + GRANT_HEAD, grant->branch.at, grant->branch.size);
        size += GRANT_HEAD + grant->branch.size;
        *ret_host = *ret_host || grant_is_host(role, grant->branch);
    }
    *ret_grants = bytes_of(at, size);
    return OUTCOME_DONE;
}
_Static_assert(ACCESS_GRANTS_MAX *(GRANT_HEAD + ACCESS_PATTERN_MAX) <= TEXTS_BYTES_MAX,
               "the grants of an account are one text");

static enum err grants_set(struct access_model *model, struct account_entry *entry,
                           struct bytes grants, uint8_t count)
{
    struct grant_row grant;
    struct bytes before = texts_get(&model->texts, entry->grants);
    for (size_t offset = 0; grant_next(before, &offset, &grant);)
        access_role_release(model, grant.role);
    for (size_t offset = 0; grant_next(grants, &offset, &grant);)
        access_role_hold(model, grant.role);
    entry->grant_count = count;
    return access_text_set(model, &entry->grants, grants);
}

/* ---- asking ------------------------------------------------------------------------------------
 */
uint32_t access_accounts(const struct access_model *model)
{
    return model->roots->accounts;
}

/* A token acts for the person who made it: it is nobody's when he is gone or shut out. */
static enum account_state state_of(const struct access_model *model,
                                   const struct account_entry *entry)
{
    if (!access_tenant_is_live(model, entry->tenant))
        return ACCOUNT_REMOVED;
    if (entry->kind != ACCOUNT_TOKEN || entry->owner == ACCOUNT_NONE ||
        entry->state == ACCOUNT_REMOVED)
        return (enum account_state)entry->state;
    bool shut_out = !access_account_is_live(model, entry->owner) ||
                    access_account_at(model, entry->owner)->state == ACCOUNT_DISABLED;
    return shut_out ? ACCOUNT_DISABLED : (enum account_state)entry->state;
}

void access_account(const struct access_model *model, uint32_t account,
                    struct account_view *ret_view)
{
    const struct account_entry *entry = access_account_at(model, account);
    struct bytes grants = texts_get(&model->texts, entry->grants);
    struct grant_row grant;
    *ret_view = (struct account_view){.account = account,
                                      .tenant = entry->tenant,
                                      .owner = entry->owner,
                                      .kind = (enum account_kind)entry->kind,
                                      .state = state_of(model, entry),
                                      .name = texts_get(&model->texts, entry->name),
                                      .title = texts_get(&model->texts, entry->title),
                                      .email = texts_get(&model->texts, entry->email),
                                      .language = texts_get(&model->texts, entry->language),
                                      .created_wall_ns = entry->created_wall_ns,
                                      .expires_wall_ns = entry->expires_wall_ns,
                                      .uses_left = entry->uses_left,
                                      .has_password = entry->secrets[SECRET_PASSWORD] > 0,
                                      .has_second_factor = entry->secrets[SECRET_TOTP] > 0,
                                      .used_step = entry->used_step,
                                      .position = entry->position};
    for (size_t offset = 0;
         ret_view->grant_count < ACCESS_GRANTS_MAX && grant_next(grants, &offset, &grant);)
        ret_view->grants[ret_view->grant_count++] =
            (struct grant){access_role_name(model, grant.role), grant.branch};
}

uint32_t access_account_find(const struct access_model *model, uint32_t tenant,
                             enum account_kind kind, struct bytes name)
{
    struct index_probe probe;
    if (!access_tenant_is_live(model, tenant))
        return ACCOUNT_NONE;
    uint64_t hash = kind_hash(HASH_ACCOUNT + (uint32_t)kind, tenant, name);
    for (uint32_t at = index_first(model->account_names, &probe, hash); at != INDEX_NONE;
         at = index_next(model->account_names, &probe)) {
        const struct account_entry *entry = access_account_at(model, at);
        if (entry->tenant == tenant && entry->kind == kind &&
            bytes_equal(texts_get(&model->texts, entry->name), name))
            return at;
    }
    return ACCOUNT_NONE;
}

/* A removed one's links stayed: what stood before it leads back to one that is still there, or to
 * the beginning; what follows that one, behind the number, is next. */
uint32_t access_account_next(const struct access_model *model, uint32_t tenant, uint32_t account)
{
    if (!access_tenant_is_live(model, tenant))
        return ACCOUNT_NONE;
    uint32_t at = account <= model->roots->accounts ? account : ACCOUNT_NONE;
    if (at != ACCOUNT_NONE && access_account_at(model, at)->tenant != tenant)
        at = ACCOUNT_NONE;
    while (at != ACCOUNT_NONE && access_account_at(model, at)->state == ACCOUNT_REMOVED)
        at = chain_before(&model->accounts, &accounts_of_tenant, at);
    at = at == ACCOUNT_NONE ? access_tenant_at(model, tenant)->accounts_in.first
                            : chain_after(&model->accounts, &accounts_of_tenant, at);
    while (at != ACCOUNT_NONE && at <= account)
        at = chain_after(&model->accounts, &accounts_of_tenant, at);
    return at;
}

/* ---- tokens of a person ------------------------------------------------------------------------
 */
static uint64_t owner_hash(uint32_t owner)
{
    return hash64(&owner, sizeof owner, HASH_NUMBER);
}

static bool is_owned_token(const struct account_entry *entry)
{
    return entry->kind == ACCOUNT_TOKEN && entry->owner != ACCOUNT_NONE;
}

static bool tokens_are_full(const struct access_model *model, uint32_t owner)
{
    struct index_probe probe;
    uint32_t count = 0;
    for (uint32_t at = index_first(model->token_owners, &probe, owner_hash(owner));
         at != INDEX_NONE && count < model->limits.tokens_max;
         at = index_next(model->token_owners, &probe))
        count += access_account_at(model, at)->owner == owner;
    return count >= model->limits.tokens_max;
}

/* ---- commands ----------------------------------------------------------------------------------
 */
/* A wish judged: what the account will be, and its grants. */
struct account_wish {
    struct account_entry after; /* texts not yet put down */
    struct bytes grants;
    uint8_t joined[TEXTS_BYTES_MAX];
};

static enum outcome_code name_judge(const struct access_model *model, const struct access_order *of,
                                    uint8_t kind)
{
    const struct command_access *access = of->access;
    if (!access_name_is_good(access->name) ||
        (rules_hold(model, ACCESS_RULES_2) &&
         !access_name_is_plain(access->name, (enum account_kind)kind)))
        return OUTCOME_NAME_INVALID;
    uint32_t holder =
        access_account_find(model, of->command->tenant, (enum account_kind)kind, access->name);
    return holder != ACCOUNT_NONE && holder != access->number ? OUTCOME_NAME_TAKEN : OUTCOME_DONE;
}

static bool texts_are_good(const struct command_access *access)
{
    uint32_t has = access->has;
    return (!(has & HAS_TITLE) || access_words_are_good(access->title, ACCESS_TITLE_MAX)) &&
           (!(has & HAS_EMAIL) || access_words_are_good(access->email, ACCESS_TITLE_MAX)) &&
           (!(has & HAS_LANGUAGE) || access_words_are_good(access->language, ACCESS_NAME_MAX));
}

/* A token cannot be made good again once the person it acts for is gone. */
static bool state_is_good(const struct access_model *model, const struct account_wish *wish)
{
    const struct account_entry *after = &wish->after;
    if (after->state < ACCOUNT_ACTIVE || after->state > ACCOUNT_INVITED)
        return false;
    return after->kind != ACCOUNT_TOKEN || after->state != ACCOUNT_ACTIVE ||
           after->owner == ACCOUNT_NONE || access_account_is_live(model, after->owner);
}

static uint64_t wish_cost(const struct access_order *of, const struct account_wish *wish)
{
    const struct command_access *access = of->access;
    uint32_t has = access->has;
    return (uint64_t)texts_cost(has & HAS_NAME ? access->name.size : 0) +
           texts_cost(has & HAS_TITLE ? access->title.size : 0) +
           texts_cost(has & HAS_EMAIL ? access->email.size : 0) +
           texts_cost(has & HAS_LANGUAGE ? access->language.size : 0) +
           texts_cost(has & HAS_GRANTS ? wish->grants.size : 0);
}

/* What the command sets, into wish->after, which holds the account as it was. */
static enum outcome_code wish_judge(const struct access_model *model, const struct access_order *of,
                                    struct account_wish *wish)
{
    const struct command_access *access = of->access;
    struct account_entry *after = &wish->after;
    enum outcome_code code = OUTCOME_DONE;
    bool host;
    if (access->has & HAS_NAME)
        code = name_judge(model, of, after->kind);
    if (code == OUTCOME_DONE && !texts_are_good(access))
        code = OUTCOME_TEXT_INVALID;
    if (code == OUTCOME_DONE && (access->has & HAS_GRANTS)) {
        code = grants_join(model, of, wish->joined, &wish->grants, &host);
        after->flags = code == OUTCOME_DONE && host ? ACCOUNT_HOLDS_HOST : 0;
    }
    if (code != OUTCOME_DONE)
        return code;
    if (access->has & HAS_STATE)
        after->state = access->state;
    if (access->has & HAS_EXPIRY)
        after->expires_wall_ns = access->expires_wall_ns;
    if (access->has & HAS_USES)
        after->uses_left = access->uses;
    if (access->has & HAS_USED_STEP) {
        if (access->used_step <= after->used_step) /* the code was used meanwhile */
            return OUTCOME_UNKNOWN_SECRET;
        after->used_step = access->used_step;
    }
    if (((access->has & HAS_USES) && after->kind != ACCOUNT_CLAIM) || (access->has & HAS_QUOTAS) ||
        ((access->has & HAS_STATE) && !state_is_good(model, wish)))
        return OUTCOME_ACCESS_INVALID;
    return access_texts_fit(model, wish_cost(of, wish)) ? OUTCOME_DONE : OUTCOME_ACCESS_FULL;
}

static enum err account_rename(struct access_model *model, uint32_t account, struct bytes name)
{
    struct account_entry *entry = access_account_write(model, account);
    uint32_t kind = HASH_ACCOUNT + (uint32_t)entry->kind, tenant = entry->tenant;
    enum err err = OK;
    if (entry->name != TEXT_NONE)
        err = index_remove(model->account_names,
                           kind_hash(kind, tenant, texts_get(&model->texts, entry->name)), account);
    if (err == OK)
        err = access_text_set(model, &entry->name, name);
    return err == OK ? index_insert(model->account_names, kind_hash(kind, tenant, name), account)
                     : err;
}

/* The wish becomes the account. */
static enum err account_put(struct access_model *model, const struct access_order *of,
                            uint32_t account, const struct account_wish *wish)
{
    const struct command_access *access = of->access;
    struct account_entry *entry = access_account_write(model, account);
    bool host_before = access_account_is_host(entry);
    entry->state = wish->after.state;
    entry->flags = wish->after.flags;
    entry->expires_wall_ns = wish->after.expires_wall_ns;
    entry->uses_left = wish->after.uses_left;
    entry->used_step = wish->after.used_step;
    entry->position = of->stamp->position;
    access_hosts_count(model, host_before, access_account_is_host(entry));
    enum err err = OK;
    if (access->has & HAS_NAME)
        err = account_rename(model, account, access->name);
    if (err == OK && (access->has & HAS_TITLE))
        err = access_text_set(model, &entry->title, access->title);
    if (err == OK && (access->has & HAS_EMAIL))
        err = access_text_set(model, &entry->email, access->email);
    if (err == OK && (access->has & HAS_LANGUAGE))
        err = access_text_set(model, &entry->language, access->language);
    if (err == OK && (access->has & HAS_GRANTS))
        err = grants_set(model, entry, wish->grants, (uint8_t)access->grant_count);
    of->outcome->number = account;
    return err;
}

static enum err account_change(struct access_model *model, const struct access_order *of)
{
    uint32_t account = of->access->number;
    if (!access_account_is_live(model, account) ||
        access_account_at(model, account)->tenant != of->command->tenant)
        return order_refuse(of, OUTCOME_UNKNOWN_ACCOUNT);
    const struct account_entry *entry = access_account_at(model, account);
    struct account_wish wish;
    wish.after = *entry;
    enum outcome_code code = wish_judge(model, of, &wish);
    if (code == OUTCOME_DONE && !access_hosts_allow(model, entry, &wish.after))
        code = OUTCOME_LAST_HOST;
    return code != OUTCOME_DONE ? order_refuse(of, code) : account_put(model, of, account, &wish);
}

/* Who makes it: of the same tenant, or of main. For a token that is a person: a token that makes
 * another one gives it to its own. */
static bool owner_resolve(const struct access_model *model, const struct access_order *of,
                          uint32_t *ret_owner)
{
    uint32_t owner = of->access->owner;
    *ret_owner = owner;
    if (owner == ACCOUNT_NONE)
        return true;
    if (!access_account_is_live(model, owner))
        return false;
    const struct account_entry *entry = access_account_at(model, owner);
    if (entry->tenant != of->command->tenant && entry->tenant != TENANT_MAIN)
        return false;
    if (of->access->account_kind == ACCOUNT_TOKEN && entry->kind == ACCOUNT_TOKEN)
        *ret_owner = entry->owner;
    return true;
}

/* A device that a claim key makes takes one of its uses. */
static bool claim_allows(const struct access_model *model, const struct access_order *of,
                         uint32_t owner)
{
    const struct account_entry *claim = access_account_at(model, owner);
    return claim->tenant == of->command->tenant && claim->state == ACCOUNT_ACTIVE &&
           claim->expires_wall_ns > of->stamp->wall_ns && claim->uses_left > 0;
}

static void account_count(struct access_model *model, const struct account_entry *entry, bool up)
{
    struct tenant_entry *in = access_tenant_write(model, entry->tenant);
    uint32_t step = up ? 1u : UINT32_MAX;
    in->accounts += step;
    in->persons += entry->kind == ACCOUNT_PERSON ? step : 0;
    in->devices += entry->kind == ACCOUNT_DEVICE ? step : 0;
    if (access_tenant_is_live(model, entry->tenant)) /* else they are not counted any more */
        roots_write(model)->accounts_live += step;
}

static uint32_t numbers_max(const struct access_model *model)
{
    uint64_t numbers = (uint64_t)model->limits.accounts_max * NUMBERS_PER_ACCOUNT;
    return numbers < UINT32_MAX - 2 ? (uint32_t)numbers : UINT32_MAX - 2;
}

static bool accounts_are_full(const struct access_model *model, const struct account_entry *after)
{
    const struct roots_entry *roots = model->roots;
    if (roots->accounts_live >= model->limits.accounts_max || roots->accounts >= numbers_max(model))
        return true;
    return rules_hold(model, ACCESS_RULES_2) &&
           (!share_allows(after->tenant, access_tenant_at(model, after->tenant)->accounts,
                          roots->accounts_live, model->limits.accounts_max) ||
            (is_owned_token(after) && tokens_are_full(model, after->owner)));
}

static enum outcome_code make_judge(const struct access_model *model, const struct access_order *of,
                                    struct account_wish *wish, bool *ret_claimed)
{
    const struct command_access *access = of->access;
    uint32_t owner;
    *ret_claimed = false;
    if (access->account_kind < ACCOUNT_PERSON || access->account_kind > ACCOUNT_CLAIM)
        return OUTCOME_ACCESS_INVALID;
    if (!(access->has & HAS_NAME))
        return OUTCOME_NAME_INVALID;
    if (!owner_resolve(model, of, &owner))
        return OUTCOME_UNKNOWN_ACCOUNT;
    *ret_claimed = owner != ACCOUNT_NONE && access->account_kind == ACCOUNT_DEVICE &&
                   access_account_at(model, owner)->kind == ACCOUNT_CLAIM;
    if (*ret_claimed && !claim_allows(model, of, owner))
        return OUTCOME_ACCESS_INVALID;
    wish->after = (struct account_entry){.position = of->stamp->position,
                                         .created_wall_ns = of->stamp->wall_ns,
                                         .expires_wall_ns = INT64_MAX,
                                         .tenant = of->command->tenant,
                                         .owner = owner,
                                         .uses_left = UINT32_MAX,
                                         .kind = access->account_kind,
                                         .state = ACCOUNT_ACTIVE};
    enum outcome_code code = wish_judge(model, of, wish);
    return code == OUTCOME_DONE && accounts_are_full(model, &wish->after) ? OUTCOME_ACCESS_FULL
                                                                          : code;
}

static enum err account_make(struct access_model *model, const struct access_order *of)
{
    struct account_wish wish;
    bool claimed;
    enum outcome_code code = make_judge(model, of, &wish, &claimed);
    if (code != OUTCOME_DONE)
        return order_refuse(of, code);
    uint32_t account = model->roots->accounts + 1;
    enum err err = state_table_grow(&model->accounts, account + 1);
    if (err != OK)
        return err;
    roots_write(model)->accounts = account;
    *access_account_write(model, account) = wish.after;
    chain_put(&model->accounts, &accounts_of_tenant,
              &access_tenant_write(model, wish.after.tenant)->accounts_in, account);
    account_count(model, &wish.after, true);
    if (is_owned_token(&wish.after))
        err = index_insert(model->token_owners, owner_hash(wish.after.owner), account);
    if (err != OK)
        return err;
    struct account_entry *claim = claimed ? access_account_write(model, wish.after.owner) : NULL;
    if (claim != NULL && claim->uses_left != UINT32_MAX)
        claim->uses_left--;
    return account_put(model, of, account, &wish);
}

static enum err account_clear(struct access_model *model, struct account_entry *entry)
{
    const struct bytes none = bytes_of("", 0);
    enum err err = grants_set(model, entry, none, 0);
    if (err == OK)
        err = access_text_set(model, &entry->title, none);
    if (err == OK)
        err = access_text_set(model, &entry->email, none);
    return err == OK ? access_text_set(model, &entry->language, none) : err;
}

enum err access_account_drop(struct access_model *model, uint32_t account, uint64_t position)
{
    struct account_entry *entry = access_account_write(model, account);
    uint64_t hash = kind_hash(HASH_ACCOUNT + (uint32_t)entry->kind, entry->tenant,
                              texts_get(&model->texts, entry->name));
    enum err err = index_remove(model->account_names, hash, account);
    if (err == OK && is_owned_token(entry))
        err = index_remove(model->token_owners, owner_hash(entry->owner), account);
    access_hosts_count(model, access_account_is_host(entry), false);
    entry->state = ACCOUNT_REMOVED;
    entry->flags = 0;
    entry->position = position;
    if (err == OK)
        err = access_secrets_remove(model, account);
    if (err == OK)
        err = account_clear(model, entry);
    chain_take(&model->accounts, &accounts_of_tenant,
               &access_tenant_write(model, entry->tenant)->accounts_in, account);
    account_count(model, entry, false);
    return err;
}

static enum err account_remove(struct access_model *model, const struct access_order *of)
{
    uint32_t account = of->access->number;
    if (!access_account_is_live(model, account) ||
        access_account_at(model, account)->tenant != of->command->tenant)
        return order_refuse(of, OUTCOME_UNKNOWN_ACCOUNT);
    struct account_entry after = *access_account_at(model, account);
    after.state = ACCOUNT_REMOVED;
    if (!access_hosts_allow(model, access_account_at(model, account), &after))
        return order_refuse(of, OUTCOME_LAST_HOST);
    of->outcome->number = account;
    return access_account_drop(model, account, of->stamp->position);
}

enum err access_apply_account(struct access_model *model, const struct access_order *of)
{
    if (of->command->kind == COMMAND_ACCOUNT_REMOVE)
        return account_remove(model, of);
    return of->access->number == ACCOUNT_NONE ? account_make(model, of) : account_change(model, of);
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static enum err grants_rebuild(const struct access_model *model, const struct account_entry *entry,
                               uint32_t *holders)
{
    struct bytes grants = texts_get(&model->texts, entry->grants);
    struct grant_row grant;
    size_t offset = 0;
    bool host = false;
    for (unsigned i = 0; i < entry->grant_count; i++) {
        if (!grant_next(grants, &offset, &grant) ||
            !access_role_is_valid(model, entry->tenant, grant.role) ||
            !access_pattern_is_good(grant.branch, entry->tenant))
            return ERR_CORRUPT;
        host = host || grant_is_host(grant.role, grant.branch);
        if (grant.role < ROLE_BUILTIN)
            holders[grant.role]++;
    }
    bool right = entry->grant_count <= ACCESS_GRANTS_MAX && offset == grants.size &&
                 entry->flags == (host ? ACCOUNT_HOLDS_HOST : 0);
    return right ? OK : ERR_CORRUPT;
}

static bool account_is_valid(const struct access_model *model, uint32_t account)
{
    const struct account_entry *entry = access_account_at(model, account);
    return entry->tenant >= TENANT_MAIN && entry->tenant <= access_tenants(model) &&
           entry->owner <= model->roots->accounts && entry->kind >= ACCOUNT_PERSON &&
           entry->kind <= ACCOUNT_CLAIM && entry->state >= ACCOUNT_ACTIVE &&
           entry->state <= ACCOUNT_REMOVED && entry->links.previous < account &&
           texts_is_valid(&model->texts, entry->name, ACCESS_NAME_MAX) &&
           texts_is_valid(&model->texts, entry->title, ACCESS_TITLE_MAX) &&
           texts_is_valid(&model->texts, entry->email, ACCESS_TITLE_MAX) &&
           texts_is_valid(&model->texts, entry->language, ACCESS_NAME_MAX) &&
           texts_is_valid(&model->texts, entry->grants, TEXTS_BYTES_MAX) &&
           access_name_is_good(texts_get(&model->texts, entry->name));
}

static bool name_is_held(const struct access_model *model, const struct account_entry *entry)
{
    struct bytes name = texts_get(&model->texts, entry->name);
    return access_account_find(model, entry->tenant, (enum account_kind)entry->kind, name) !=
           ACCOUNT_NONE;
}

static enum err account_rebuild(struct access_model *model, uint32_t account, uint32_t *holders)
{
    if (!account_is_valid(model, account))
        return ERR_CORRUPT;
    const struct account_entry *entry = access_account_at(model, account);
    enum err err = grants_rebuild(model, entry, holders);
    if (err != OK || entry->state == ACCOUNT_REMOVED)
        return err;
    if (name_is_held(model, entry))
        return ERR_CORRUPT;
    uint64_t hash = kind_hash(HASH_ACCOUNT + (uint32_t)entry->kind, entry->tenant,
                              texts_get(&model->texts, entry->name));
    err = index_insert(model->account_names, hash, account);
    return err == OK && is_owned_token(entry)
               ? index_insert(model->token_owners, owner_hash(entry->owner), account)
               : err;
}

/* The chains of all tenants hold each account that is there, once, and the counts are right. */
static enum err accounts_compare(const struct access_model *model)
{
    const struct roots_entry *roots = model->roots;
    uint64_t chained = 0, live = 0, standing = 0;
    uint32_t hosts = 0;
    for (uint32_t account = 1; account <= roots->accounts; account++) {
        const struct account_entry *entry = access_account_at(model, account);
        standing += entry->state != ACCOUNT_REMOVED;
        hosts += access_account_is_host(entry);
    }
    for (uint32_t tenant = TENANT_MAIN; tenant <= access_tenants(model); tenant++) {
        const struct tenant_entry *in = access_tenant_at(model, tenant);
        uint32_t persons = 0, devices = 0, before = 0;
        if (!chain_is_valid(&model->accounts, &accounts_of_tenant, &in->accounts_in, in->accounts,
                            roots->accounts + 1))
            return ERR_CORRUPT;
        for (uint32_t at = in->accounts_in.first; at != 0;
             at = chain_after(&model->accounts, &accounts_of_tenant, at)) {
            const struct account_entry *entry = access_account_at(model, at);
            if (entry->tenant != tenant || entry->state == ACCOUNT_REMOVED || at <= before)
                return ERR_CORRUPT;
            persons += entry->kind == ACCOUNT_PERSON;
            devices += entry->kind == ACCOUNT_DEVICE;
            before = at;
        }
        if (persons != in->persons || devices != in->devices)
            return ERR_CORRUPT;
        chained += in->accounts;
        live += access_tenant_is_live(model, tenant) ? in->accounts : 0;
    }
    return chained == standing && live == roots->accounts_live && hosts == roots->hosts
               ? OK
               : ERR_CORRUPT;
}

enum err access_accounts_rebuild(struct access_model *model, uint32_t *holders)
{
    uint32_t accounts = model->roots->accounts;
    if (accounts > numbers_max(model))
        return ERR_CORRUPT;
    enum err err = state_table_grow(&model->accounts, accounts + 1);
    if (err == OK)
        err = index_reserve(model->account_names, accounts);
    for (uint32_t account = 1; err == OK && account <= accounts; account++)
        err = account_rebuild(model, account, holders);
    return err == OK ? accounts_compare(model) : err;
}
