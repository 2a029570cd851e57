/* What the audit says of a command about access: what was done, to what, and how. Never what proves
 * anything: no password, token, seed or sealed bytes. */
#include "model/access/tables.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const actions[] = {[COMMAND_TENANT_SET] = "tenant.set",
                                      [COMMAND_TENANT_STATE] = "tenant.state",
                                      [COMMAND_ROLE_SET] = "role.set",
                                      [COMMAND_ROLE_REMOVE] = "role.remove",
                                      [COMMAND_ACCOUNT_SET] = "account.set",
                                      [COMMAND_ACCOUNT_REMOVE] = "account.remove",
                                      [COMMAND_SECRET_ADD] = "secret.add",
                                      [COMMAND_SECRET_REMOVE] = "secret.remove",
                                      [COMMAND_SHARE_OFFER] = "share.offer",
                                      [COMMAND_SHARE_ACCEPT] = "share.accept",
                                      [COMMAND_SHARE_END] = "share.end",
                                      [COMMAND_PROVIDER_SET] = "provider.set",
                                      [COMMAND_PROVIDER_REMOVE] = "provider.remove"};
static const char *const account_kinds[] = {"?", "person", "device", "token", "claim"};
static const char *const account_states[] = {"?", "active", "disabled", "invited", "removed"};
static const char *const tenant_states[] = {"?", "active", "suspended", "deleted"};
static const char *const secret_kinds[SECRET_KINDS] = {
    "?", "password", "token", "certificate", "totp", "recovery", "invitation", "session", "openid"};
#define WORD_OF(words, at) ((at) < ARRAY_COUNT(words) ? (words)[at] : "?")

/* ---- putting words together, as many as there is room for --------------------------------------
 */
static void put(struct audit_words *words, struct bytes text)
{
    size_t room = sizeof words->at - words->size;
    size_t size = text.size < room ? text.size : room;
    if (size > 0)
        memcpy(words->at + words->size, text.at, size);
    words->size += size;
}

static void put_word(struct audit_words *words, const char *word)
{
    put(words, bytes_text(word));
}

static void put_number(struct audit_words *words, uint64_t number)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%" PRIu64, number);
    put(words, bytes_of(text, (size_t)size));
}

static void put_comma(struct audit_words *words)
{
    if (words->size > 0)
        put_word(words, ", ");
}

static void put_rights(struct audit_words *words, uint32_t rights)
{
    static const char *const names[] = {"see", "write", "acknowledge", "configure", "administer"};
    bool first = true;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if ((rights & 1u << i) == 0)
            continue;
        if (!first)
            put_word(words, "+");
        put_word(words, names[i]);
        first = false;
    }
}

/* ---- objects -----------------------------------------------------------------------------------
 */
static void put_kind_and_name(struct audit_words *words, uint8_t kind, struct bytes name)
{
    put_word(words, WORD_OF(account_kinds, kind));
    put_word(words, "/");
    put(words, name);
}

static void put_account(const struct access_model *model, struct audit_words *words,
                        uint32_t account)
{
    if (account == ACCOUNT_NONE || account > access_accounts(model)) {
        put_word(words, "account/");
        put_number(words, account);
        return;
    }
    const struct account_entry *entry = access_account_at(model, account);
    put_kind_and_name(words, entry->kind, texts_get(&model->texts, entry->name));
}

static void put_tenant(const struct access_model *model, struct audit_words *words, uint32_t tenant)
{
    struct tenant_view view;
    if (access_tenant(model, tenant, &view))
        put(words, view.name);
    else
        put_number(words, tenant);
}

static void put_share(const struct access_model *model, struct audit_words *words, uint32_t share)
{
    struct share_view view;
    put_word(words, "share/");
    put_number(words, share);
    if (!access_share(model, share, &view))
        return;
    put_word(words, " from ");
    put_tenant(model, words, view.from);
    put_word(words, " to ");
    if (view.to == TENANT_NONE)
        put(words, view.to_name);
    else
        put_tenant(model, words, view.to);
}

static void put_provider(const struct access_model *model, struct audit_words *words,
                         uint32_t provider)
{
    struct provider_view view;
    put_word(words, "provider/");
    if (access_provider(model, provider, &view))
        put(words, view.name);
    else
        put_number(words, provider);
}

static uint32_t secret_account(const struct access_model *model,
                               const struct command_access *access)
{
    struct secret_view view;
    if (access->number != SECRET_NONE && access_secret(model, access->number, &view))
        return view.account;
    return access->owner;
}

static void put_object(const struct access_model *model, const struct command *command,
                       struct audit_words *words)
{
    const struct command_access *access = &command->access;
    switch (command->kind) {
    case COMMAND_TENANT_SET:
    case COMMAND_TENANT_STATE:
        put_word(words, "tenant/");
        if (access->number == TENANT_NONE)
            put(words, access->name);
        else
            put_tenant(model, words, access->number);
        break;
    case COMMAND_ROLE_SET:
    case COMMAND_ROLE_REMOVE:
        put_word(words, "role/");
        put(words, access->name);
        break;
    case COMMAND_ACCOUNT_SET:
    case COMMAND_ACCOUNT_REMOVE:
        if (access->number == ACCOUNT_NONE)
            put_kind_and_name(words, access->account_kind, access->name);
        else
            put_account(model, words, access->number);
        break;
    case COMMAND_SECRET_ADD:
        put_account(model, words, access->owner);
        break;
    case COMMAND_SECRET_REMOVE:
        put_account(model, words, secret_account(model, access));
        break;
    case COMMAND_SHARE_OFFER:
        put_word(words, "tenant/");
        if (access->other == SHARE_TO_NAME)
            put(words, access->name);
        else
            put_tenant(model, words, access->other);
        break;
    case COMMAND_SHARE_ACCEPT:
    case COMMAND_SHARE_END:
        put_share(model, words, access->number);
        break;
    case COMMAND_PROVIDER_SET:
        put_word(words, "provider/");
        put(words, access->name);
        break;
    default:
        put_provider(model, words, access->number);
    }
}

/* ---- details -----------------------------------------------------------------------------------
 */
static void put_grants(struct audit_words *words, const struct command_access *access)
{
    put_comma(words);
    put_word(words, "grants");
    if (access->grant_count == 0)
        put_word(words, " none");
    for (unsigned i = 0; i < access->grant_count; i++) {
        put_word(words, i == 0 ? " " : "; ");
        put(words, access->grants[i].role);
        put_word(words, " on ");
        put(words, access->grants[i].branch);
    }
}

static void put_expiry(struct audit_words *words, int64_t wall_ns)
{
    char text[TIME_TEXT_SIZE];
    put_comma(words);
    put_word(words, "expires ");
    put_word(words, wall_ns == INT64_MAX ? "never" : time_format_short(wall_ns, text));
}

static void put_quotas(struct audit_words *words, const struct tenant_quotas *quotas)
{
    const uint64_t most[] = {
        quotas->points,      quotas->points_per_second, quotas->values_per_second,
        quotas->connections, quotas->storage_bytes,     quotas->queries_at_once};
    static const char *const names[] = {"points",      "points_per_second", "values_per_second",
                                        "connections", "storage_bytes",     "queries_at_once"};
    put_comma(words);
    put_word(words, "quotas");
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        put_word(words, " ");
        put_word(words, names[i]);
        put_word(words, " ");
        put_number(words, most[i]);
    }
}

static void put_has(struct audit_words *words, const struct command *command)
{
    const struct command_access *access = &command->access;
    if ((access->has & HAS_NAME) && access->number != 0) {
        put_word(words, "name ");
        put(words, access->name);
    }
    if (access->has & HAS_STATE) {
        put_comma(words);
        put_word(words, "state ");
        put_word(words, WORD_OF(account_states, access->state));
    }
    if (access->has & HAS_GRANTS)
        put_grants(words, access);
    if (access->has & HAS_EXPIRY)
        put_expiry(words, access->expires_wall_ns);
    if (access->has & HAS_QUOTAS)
        put_quotas(words, &access->quotas);
    if (access->has & HAS_USES) {
        put_comma(words);
        put_word(words, "uses ");
        put_number(words, access->uses);
    }
    if (access->has & (HAS_TITLE | HAS_EMAIL | HAS_LANGUAGE)) {
        put_comma(words);
        put_word(words, "particulars");
    }
}

static void put_rules(struct audit_words *words, const struct command_access *access)
{
    for (unsigned i = 0; i < access->rule_count; i++) {
        put_word(words, i == 0 ? "" : "; ");
        put_rights(words, access->rules[i].rights);
        put_word(words, " on ");
        put(words, access->rules[i].pattern);
    }
}

static void put_secret(const struct access_model *model, const struct command *command,
                       struct audit_words *words)
{
    const struct command_access *access = &command->access;
    struct secret_view view;
    uint8_t kind = access->secret_kind;
    bool one = command->kind == COMMAND_SECRET_REMOVE && access->number != SECRET_NONE;
    if (one && access_secret(model, access->number, &view))
        kind = (uint8_t)view.kind;
    put_word(words, WORD_OF(secret_kinds, kind));
    if (command->kind == COMMAND_SECRET_ADD && access_secret_renewed(access) != SECRET_NONE)
        put_word(words, ", the same with another hash");
    if (command->kind == COMMAND_SECRET_ADD && access->expires_wall_ns != INT64_MAX)
        put_expiry(words, access->expires_wall_ns);
    else if (command->kind == COMMAND_SECRET_REMOVE && !one)
        put_word(words, ", all");
}

static void put_patterns(struct audit_words *words, const struct command_access *access)
{
    put_rights(words, access->rights);
    for (unsigned i = 0; i < access->pattern_count; i++) {
        put_word(words, i == 0 ? " on " : "; ");
        put(words, access->patterns[i]);
    }
}

static void put_detail(const struct access_model *model, const struct command *command,
                       struct audit_words *words)
{
    const struct command_access *access = &command->access;
    switch (command->kind) {
    case COMMAND_TENANT_STATE:
        put_word(words, WORD_OF(tenant_states, access->state));
        break;
    case COMMAND_TENANT_SET:
    case COMMAND_ACCOUNT_SET:
        put_has(words, command);
        break;
    case COMMAND_ROLE_SET:
        put_rules(words, access);
        break;
    case COMMAND_SECRET_ADD:
    case COMMAND_SECRET_REMOVE:
        put_secret(model, command, words);
        break;
    case COMMAND_SHARE_OFFER:
        put_patterns(words, access);
        break;
    case COMMAND_PROVIDER_SET:
        put(words, access->issuer);
        break;
    default:
        break;
    }
}

void audit_words_of(const struct access_model *model, const struct command *command,
                    struct audit_told *ret_told)
{
    ret_told->action = bytes_text(actions[command->kind]);
    ret_told->object.size = ret_told->detail.size = 0;
    put_object(model, command, &ret_told->object);
    put_detail(model, command, &ret_told->detail);
}
