/* Secrets: what proves an account. Rows are used again, numbers are not. */
#include "model/access/tables.h"

#include <string.h>

#define SECRET_ROW_NONE 0u

static const struct secret_entry *secret_at(const struct access_model *model, uint32_t row)
{
    return state_read(&model->secrets, row);
}

static const struct chain secrets_of_account = {.links_at = offsetof(struct secret_entry, links)};

static uint64_t number_hash(uint32_t number)
{
    return hash64(&number, sizeof number, HASH_NUMBER);
}

static uint64_t id_hash(uint8_t kind, struct bytes id)
{
    return kind_hash(HASH_SECRET + (uint32_t)kind, 0, id);
}

/* ---- asking ------------------------------------------------------------------------------------
 */
static uint32_t row_of(const struct access_model *model, uint32_t number)
{
    struct index_probe probe;
    for (uint32_t at = index_first(model->secret_numbers, &probe, number_hash(number));
         at != INDEX_NONE; at = index_next(model->secret_numbers, &probe))
        if (secret_at(model, at)->number == number)
            return at;
    return SECRET_ROW_NONE;
}

static bool row_is_live(const struct access_model *model, uint32_t row)
{
    return row != SECRET_ROW_NONE && access_account_is_live(model, secret_at(model, row)->account);
}

uint32_t access_secret_find(const struct access_model *model, enum secret_kind kind,
                            struct bytes id)
{
    struct index_probe probe;
    if (id.size == 0)
        return SECRET_NONE;
    for (uint32_t at = index_first(model->secret_ids, &probe, id_hash((uint8_t)kind, id));
         at != INDEX_NONE; at = index_next(model->secret_ids, &probe)) {
        const struct secret_entry *entry = secret_at(model, at);
        if (entry->kind == kind && bytes_equal(texts_get(&model->texts, entry->id), id) &&
            row_is_live(model, at))
            return entry->number;
    }
    return SECRET_NONE;
}

static bool id_is_common_name(struct bytes id)
{
    return id.size > 3 && memcmp(id.at, "CN=", 3) == 0;
}

uint32_t access_common_name_tenant(const struct access_model *model, struct bytes common_name)
{
    for (size_t at = common_name.size; at > 0; at--)
        if (common_name.at[at - 1] == '@')
            return access_tenant_find(model, bytes_of(common_name.at + at, common_name.size - at));
    return TENANT_MAIN;
}

uint32_t access_certificate_find(const struct access_model *model, uint32_t tenant, struct bytes id,
                                 uint32_t *ret_claimed)
{
    struct index_probe probe;
    uint32_t found = SECRET_NONE, claimed = 0;
    bool named = id_is_common_name(id);
    if (named) {
        uint32_t of = access_common_name_tenant(model, bytes_of(id.at + 3, id.size - 3));
        bool same = of != TENANT_NONE && (tenant == TENANT_NONE || tenant == of);
        tenant = of;
        if (!same)
            id.size = 0;
    }
    for (uint32_t at = index_first(model->secret_ids, &probe, id_hash(SECRET_CERTIFICATE, id));
         id.size > 0 && at != INDEX_NONE; at = index_next(model->secret_ids, &probe)) {
        const struct secret_entry *entry = secret_at(model, at);
        if (entry->kind != SECRET_CERTIFICATE || !row_is_live(model, at) ||
            !bytes_equal(texts_get(&model->texts, entry->id), id) ||
            (tenant != TENANT_NONE && access_account_at(model, entry->account)->tenant != tenant))
            continue;
        found = entry->number;
        claimed++;
    }
    if (ret_claimed != NULL)
        *ret_claimed = claimed;
    return claimed == 1 ? found : SECRET_NONE;
}

bool access_secret(const struct access_model *model, uint32_t secret, struct secret_view *ret_view)
{
    uint32_t row = secret == SECRET_NONE ? SECRET_ROW_NONE : row_of(model, secret);
    if (!row_is_live(model, row))
        return false;
    const struct secret_entry *entry = secret_at(model, row);
    *ret_view = (struct secret_view){.secret = secret,
                                     .account = entry->account,
                                     .kind = (enum secret_kind)entry->kind,
                                     .id = texts_get(&model->texts, entry->id),
                                     .proof = texts_get(&model->texts, entry->proof),
                                     .label = texts_get(&model->texts, entry->label),
                                     .address = texts_get(&model->texts, entry->address),
                                     .created_wall_ns = entry->created_wall_ns,
                                     .expires_wall_ns = entry->expires_wall_ns};
    return true;
}

/* One that was removed meanwhile is looked for from the beginning: an account has few. */
uint32_t access_secret_next(const struct access_model *model, uint32_t account, uint32_t secret)
{
    if (!access_account_is_live(model, account))
        return SECRET_NONE;
    uint32_t row = access_account_at(model, account)->secrets_in.first;
    while (row != SECRET_ROW_NONE && secret_at(model, row)->number <= secret)
        row = chain_after(&model->secrets, &secrets_of_account, row);
    return row == SECRET_ROW_NONE ? SECRET_NONE : secret_at(model, row)->number;
}

/* ---- removing ----------------------------------------------------------------------------------
 */
static enum err texts_clear(struct access_model *model, struct secret_entry *entry)
{
    const struct bytes none = bytes_of("", 0);
    enum err err = access_text_set(model, &entry->id, none);
    if (err == OK)
        err = access_text_set(model, &entry->proof, none);
    if (err == OK)
        err = access_text_set(model, &entry->label, none);
    return err == OK ? access_text_set(model, &entry->address, none) : err;
}

static enum err secret_drop(struct access_model *model, uint32_t row)
{
    struct secret_entry *entry = state_write(&model->secrets, row);
    struct account_entry *of = access_account_write(model, entry->account);
    struct bytes id = texts_get(&model->texts, entry->id);
    enum err err = index_remove(model->secret_numbers, number_hash(entry->number), row);
    if (err == OK && id.size > 0)
        err = index_remove(model->secret_ids, id_hash(entry->kind, id), row);
    if (err == OK)
        err = texts_clear(model, entry);
    if (err != OK)
        return err;
    chain_take(&model->secrets, &secrets_of_account, &of->secrets_in, row);
    of->secrets[entry->kind]--;
    access_tenant_write(model, of->tenant)->secrets--;
    struct roots_entry *roots = roots_write(model);
    if (access_tenant_is_live(model, of->tenant)) /* else it is not counted any more */
        roots->secrets_live--;
    *entry = (struct secret_entry){.links.next = roots->secrets_free};
    roots->secrets_free = row;
    return OK;
}

enum err access_secrets_remove(struct access_model *model, uint32_t account)
{
    enum err err = OK;
    while (err == OK && access_account_at(model, account)->secrets_in.first != SECRET_ROW_NONE)
        err = secret_drop(model, access_account_at(model, account)->secrets_in.first);
    return err;
}

static enum err kind_remove(struct access_model *model, uint32_t account, uint8_t kind)
{
    uint32_t row = access_account_at(model, account)->secrets_in.first;
    enum err err = OK;
    while (err == OK && row != SECRET_ROW_NONE) {
        uint32_t next = chain_after(&model->secrets, &secrets_of_account, row);
        if (secret_at(model, row)->kind == kind)
            err = secret_drop(model, row);
        row = next;
    }
    return err;
}

static bool account_is_of(const struct access_model *model, const struct access_order *of,
                          uint32_t account)
{
    return access_account_is_live(model, account) &&
           access_account_at(model, account)->tenant == of->command->tenant;
}

/* Would the last host lose what proves it, were this one gone, or all of its kind? */
static bool removal_is_allowed(const struct access_model *model, uint32_t account, uint8_t kind,
                               bool all)
{
    const struct account_entry *entry = access_account_at(model, account);
    struct account_entry after = *entry;
    if (after.secrets[kind] > 0)
        after.secrets[kind] = all ? 0 : (uint8_t)(after.secrets[kind] - 1);
    return access_hosts_allow(model, entry, &after);
}

static enum err secret_remove(struct access_model *model, const struct access_order *of)
{
    const struct command_access *access = of->access;
    uint32_t account = access->owner, row = SECRET_ROW_NONE;
    uint8_t kind = access->secret_kind;
    if (access->number != SECRET_NONE) {
        row = row_of(model, access->number);
        if (row == SECRET_ROW_NONE || !account_is_of(model, of, secret_at(model, row)->account))
            return order_refuse(of, OUTCOME_UNKNOWN_SECRET);
        account = secret_at(model, row)->account;
        kind = secret_at(model, row)->kind;
    }
    if (!account_is_of(model, of, account))
        return order_refuse(of, OUTCOME_UNKNOWN_ACCOUNT);
    if (kind < SECRET_PASSWORD || kind >= SECRET_KINDS)
        return order_refuse(of, OUTCOME_ACCESS_INVALID);
    if (!removal_is_allowed(model, account, kind, row == SECRET_ROW_NONE))
        return order_refuse(of, OUTCOME_LAST_HOST);
    struct account_entry *entry = access_account_write(model, account);
    bool host_before = access_account_is_host(entry);
    enum err err =
        row != SECRET_ROW_NONE ? secret_drop(model, row) : kind_remove(model, account, kind);
    access_hosts_count(model, host_before, access_account_is_host(entry));
    of->outcome->number = row != SECRET_ROW_NONE ? access->number : account;
    return err;
}

/* ---- adding ------------------------------------------------------------------------------------
 */
static bool kind_is_found_by_id(uint8_t kind)
{
    return kind == SECRET_TOKEN || kind == SECRET_CERTIFICATE || kind == SECRET_OPENID;
}

static bool kind_needs_proof(uint8_t kind)
{
    return kind != SECRET_CERTIFICATE && kind != SECRET_OPENID;
}

static bool kind_is_single(uint8_t kind)
{
    return kind == SECRET_PASSWORD || kind == SECRET_TOTP;
}

static uint32_t others_of(const struct account_entry *entry)
{
    uint32_t count = 0;
    for (unsigned kind = SECRET_PASSWORD; kind < SECRET_KINDS; kind++)
        count += kind == SECRET_SESSION ? 0 : entry->secrets[kind];
    return count;
}

static enum outcome_code add_judge(const struct access_model *model, const struct access_order *of)
{
    const struct command_access *access = of->access;
    uint8_t kind = access->secret_kind;
    if (!account_is_of(model, of, access->owner))
        return OUTCOME_UNKNOWN_ACCOUNT;
    if (kind < SECRET_PASSWORD || kind >= SECRET_KINDS ||
        (kind_is_found_by_id(kind) && access->id.size == 0) ||
        (kind_needs_proof(kind) && access->proof.size == 0))
        return OUTCOME_ACCESS_INVALID;
    if (!access_words_are_good(access->label, SECRET_LABEL_MAX) ||
        !access_words_are_good(access->address, ACTOR_ADDRESS_MAX))
        return OUTCOME_TEXT_INVALID;
    if (kind == SECRET_CERTIFICATE && rules_hold(model, ACCESS_RULES_2)) {
        uint32_t claimed;
        if (id_is_common_name(access->id) &&
            access_common_name_tenant(model, bytes_of(access->id.at + 3, access->id.size - 3)) !=
                of->command->tenant)
            return OUTCOME_NAME_INVALID;
        (void)access_certificate_find(model, of->command->tenant, access->id, &claimed);
        if (claimed > 0)
            return OUTCOME_NAME_TAKEN;
    } else if (access_secret_find(model, (enum secret_kind)kind, access->id) != SECRET_NONE) {
        return OUTCOME_NAME_TAKEN;
    }
    const struct account_entry *entry = access_account_at(model, access->owner);
    bool replaces = kind_is_single(kind) && entry->secrets[kind] > 0;
    bool full = !replaces && ((kind != SECRET_SESSION && others_of(entry) >= SECRETS_MAX) ||
                              model->roots->secrets_live >= model->limits.secrets_max);
    uint64_t bytes = (uint64_t)texts_cost(access->id.size) + texts_cost(access->proof.size) +
                     texts_cost(access->label.size) + texts_cost(access->address.size);
    full =
        full || (rules_hold(model, ACCESS_RULES_2) && !replaces &&
                 !share_allows(of->command->tenant, access_tenant_at(model, entry->tenant)->secrets,
                               model->roots->secrets_live, model->limits.secrets_max));
    full = full || model->roots->secrets_made >= UINT32_MAX - 2 || !access_texts_fit(model, bytes);
    return full ? OUTCOME_ACCESS_FULL : OUTCOME_DONE;
}

/* Sessions that ended go, and the oldest when there are too many. */
static enum err sessions_make_room(struct access_model *model, uint32_t account, int64_t wall_ns)
{
    uint32_t row = access_account_at(model, account)->secrets_in.first, oldest = SECRET_ROW_NONE;
    enum err err = OK;
    while (err == OK && row != SECRET_ROW_NONE) {
        const struct secret_entry *entry = secret_at(model, row);
        uint32_t next = chain_after(&model->secrets, &secrets_of_account, row);
        if (entry->kind == SECRET_SESSION && entry->expires_wall_ns <= wall_ns)
            err = secret_drop(model, row);
        else if (entry->kind == SECRET_SESSION && oldest == SECRET_ROW_NONE)
            oldest = row;
        row = next;
    }
    if (err == OK && access_account_at(model, account)->secrets[SECRET_SESSION] >= SESSIONS_MAX)
        err = secret_drop(model, oldest);
    return err;
}

static enum err row_take(struct access_model *model, uint32_t *ret_row)
{
    struct roots_entry *roots = roots_write(model);
    uint32_t row = roots->secrets_free;
    if (row != SECRET_ROW_NONE) {
        roots->secrets_free = secret_at(model, row)->links.next;
    } else {
        enum err err = state_table_grow(&model->secrets, roots->secrets + 2);
        if (err != OK)
            return err;
        row = ++roots->secrets;
    }
    *ret_row = row;
    return OK;
}

static enum err secret_put(struct access_model *model, const struct access_order *of, uint32_t row)
{
    const struct command_access *access = of->access;
    struct roots_entry *roots = roots_write(model);
    struct account_entry *account = access_account_write(model, access->owner);
    struct secret_entry *entry = state_write(&model->secrets, row);
    *entry = (struct secret_entry){.number = ++roots->secrets_made,
                                   .account = access->owner,
                                   .created_wall_ns = of->stamp->wall_ns,
                                   .expires_wall_ns = access->expires_wall_ns,
                                   .kind = access->secret_kind};
    chain_put(&model->secrets, &secrets_of_account, &account->secrets_in, row);
    account->secrets[access->secret_kind]++;
    access_tenant_write(model, account->tenant)->secrets++;
    roots->secrets_live++;
    of->outcome->number = entry->number;
    enum err err = access_text_set(model, &entry->id, access->id);
    if (err == OK)
        err = access_text_set(model, &entry->proof, access->proof);
    if (err == OK)
        err = access_text_set(model, &entry->label, access->label);
    if (err == OK)
        err = access_text_set(model, &entry->address, access->address);
    if (err == OK && access->id.size > 0)
        err = index_insert(model->secret_ids, id_hash(entry->kind, access->id), row);
    return err == OK ? index_insert(model->secret_numbers, number_hash(entry->number), row) : err;
}

uint32_t access_secret_renewed(const struct command_access *access)
{
    static const char word[] = PASSWORD_RENEWS;
    struct bytes id = access->id;
    size_t at = sizeof word - 1;
    uint64_t number = 0;
    if (access->secret_kind != SECRET_PASSWORD || id.size <= at || id.size > at + 10 ||
        memcmp(id.at, word, at) != 0)
        return SECRET_NONE;
    for (; at < id.size; at++) {
        if (id.at[at] < '0' || id.at[at] > '9')
            return SECRET_NONE;
        number = number * 10 + (uint64_t)(id.at[at] - '0');
    }
    return number <= UINT32_MAX ? (uint32_t)number : SECRET_NONE;
}

/* The same password with another proof: it keeps its number, so that who came with it stays. When
 * it was changed or removed meanwhile, it has another number, and nothing happens. */
static enum err password_renew(struct access_model *model, const struct access_order *of)
{
    const struct command_access *access = of->access;
    uint32_t row = row_of(model, access_secret_renewed(access));
    if (!account_is_of(model, of, access->owner))
        return order_refuse(of, OUTCOME_UNKNOWN_ACCOUNT);
    if (row == SECRET_ROW_NONE || secret_at(model, row)->account != access->owner ||
        secret_at(model, row)->kind != SECRET_PASSWORD)
        return order_refuse(of, OUTCOME_UNKNOWN_SECRET);
    if (access->proof.size == 0)
        return order_refuse(of, OUTCOME_ACCESS_INVALID);
    if (!access_texts_fit(model, texts_cost(access->proof.size)))
        return order_refuse(of, OUTCOME_ACCESS_FULL);
    struct secret_entry *entry = state_write(&model->secrets, row);
    of->outcome->number = entry->number;
    return access_text_set(model, &entry->proof, access->proof);
}

static enum err secret_add(struct access_model *model, const struct access_order *of)
{
    const struct command_access *access = of->access;
    if (access_secret_renewed(access) != SECRET_NONE)
        return password_renew(model, of);
    enum outcome_code code = add_judge(model, of);
    if (code != OUTCOME_DONE)
        return order_refuse(of, code);
    struct account_entry *account = access_account_write(model, access->owner);
    bool host_before = access_account_is_host(account);
    enum err err = OK;
    uint32_t row;
    if (access->secret_kind == SECRET_TOTP)
        account->used_step = 0; /* of another seed; and who lost his way in gets it back */
    if (access->secret_kind == SECRET_SESSION)
        err = sessions_make_room(model, access->owner, of->stamp->wall_ns);
    else if (kind_is_single(access->secret_kind))
        err = kind_remove(model, access->owner, access->secret_kind);
    if (err == OK)
        err = row_take(model, &row);
    if (err == OK)
        err = secret_put(model, of, row);
    access_hosts_count(model, host_before, access_account_is_host(account));
    return err;
}

enum err access_apply_secret(struct access_model *model, const struct access_order *of)
{
    return of->command->kind == COMMAND_SECRET_ADD ? secret_add(model, of)
                                                   : secret_remove(model, of);
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool secret_is_valid(const struct access_model *model, const struct secret_entry *entry)
{
    return entry->account != ACCOUNT_NONE && entry->account <= model->roots->accounts &&
           entry->number <= model->roots->secrets_made && entry->kind >= SECRET_PASSWORD &&
           entry->kind < SECRET_KINDS && texts_is_valid(&model->texts, entry->id, SECRET_ID_MAX) &&
           texts_is_valid(&model->texts, entry->proof, SECRET_PROOF_MAX) &&
           texts_is_valid(&model->texts, entry->label, SECRET_LABEL_MAX) &&
           texts_is_valid(&model->texts, entry->address, ACTOR_ADDRESS_MAX) &&
           access_words_are_good(texts_get(&model->texts, entry->label), SECRET_LABEL_MAX) &&
           access_words_are_good(texts_get(&model->texts, entry->address), ACTOR_ADDRESS_MAX);
}

/* Two tenants may claim one certificate; two accounts of a tenant may not. */
static bool id_is_held(const struct access_model *model, const struct secret_entry *entry,
                       struct bytes id)
{
    uint32_t claimed;
    if (entry->kind != SECRET_CERTIFICATE || id_is_common_name(id))
        return access_secret_find(model, (enum secret_kind)entry->kind, id) != SECRET_NONE;
    (void)access_certificate_find(model, access_account_at(model, entry->account)->tenant, id,
                                  &claimed);
    return claimed > 0;
}

static enum err secret_rebuild(struct access_model *model, uint32_t row)
{
    const struct secret_entry *entry = secret_at(model, row);
    if (!secret_is_valid(model, entry) || row_of(model, entry->number) != SECRET_ROW_NONE)
        return ERR_CORRUPT;
    struct bytes id = texts_get(&model->texts, entry->id);
    if (row_is_live(model, row) && id_is_held(model, entry, id))
        return ERR_CORRUPT;
    enum err err = index_insert(model->secret_numbers, number_hash(entry->number), row);
    if (err == OK && id.size > 0)
        err = index_insert(model->secret_ids, id_hash(entry->kind, id), row);
    return err;
}

/* The chain of an account is the order of its secrets' numbers, and holds as many of each kind as
 * it says. */
static bool account_agrees(const struct access_model *model, uint32_t account, uint64_t *ret_count)
{
    const struct account_entry *entry = access_account_at(model, account);
    uint32_t count = 0, before = 0;
    uint8_t kinds[SECRET_KINDS] = {0};
    for (unsigned kind = 0; kind < SECRET_KINDS; kind++)
        count += entry->secrets[kind];
    if (!chain_is_valid(&model->secrets, &secrets_of_account, &entry->secrets_in, count,
                        model->roots->secrets + 1))
        return false;
    for (uint32_t row = entry->secrets_in.first; row != SECRET_ROW_NONE;
         row = chain_after(&model->secrets, &secrets_of_account, row)) {
        const struct secret_entry *secret = secret_at(model, row);
        if (secret->account != account || secret->number <= before)
            return false;
        kinds[secret->kind]++;
        before = secret->number;
    }
    for (unsigned kind = 0; kind < SECRET_KINDS; kind++)
        if (kinds[kind] != entry->secrets[kind])
            return false;
    *ret_count = count;
    return true;
}

static enum err secrets_compare(const struct access_model *model, uint64_t used)
{
    uint64_t chained = 0, live = 0, told = 0;
    for (uint32_t account = 1; account <= model->roots->accounts; account++) {
        uint64_t count;
        if (!account_agrees(model, account, &count))
            return ERR_CORRUPT;
        chained += count;
        live += access_account_is_live(model, account) ? count : 0;
    }
    for (uint32_t tenant = TENANT_MAIN; tenant <= access_tenants(model); tenant++)
        told += access_tenant_at(model, tenant)->secrets;
    return chained == used && told == used && live == model->roots->secrets_live ? OK : ERR_CORRUPT;
}

static bool free_rows_are_valid(const struct access_model *model, uint64_t count)
{
    uint32_t row = model->roots->secrets_free;
    for (uint64_t i = 0; i < count; i++) {
        if (row == SECRET_ROW_NONE || row > model->roots->secrets ||
            secret_at(model, row)->number != SECRET_NONE)
            return false;
        row = secret_at(model, row)->links.next;
    }
    return row == SECRET_ROW_NONE;
}

enum err access_secrets_rebuild(struct access_model *model)
{
    const struct roots_entry *roots = model->roots;
    if (roots->secrets > UINT32_MAX - 3 || roots->secrets_made > UINT32_MAX - 2)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&model->secrets, roots->secrets + 2);
    uint32_t expected =
        roots->secrets < model->limits.secrets_max ? roots->secrets : model->limits.secrets_max;
    uint64_t used = 0;
    if (err == OK)
        err = index_reserve(model->secret_numbers, expected);
    if (err == OK)
        err = index_reserve(model->secret_ids, expected);
    for (uint32_t row = 1; err == OK && row <= roots->secrets; row++) {
        if (secret_at(model, row)->number == SECRET_NONE)
            continue;
        used++;
        err = secret_rebuild(model, row);
    }
    if (err != OK)
        return err;
    return free_rows_are_valid(model, roots->secrets - used) ? secrets_compare(model, used)
                                                             : ERR_CORRUPT;
}
