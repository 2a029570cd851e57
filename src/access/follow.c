/* What changed? The model says only that something did. The audit says what: each command of this
 * room has an entry with what it was about. As long as there is an entry for each change, only
 * those are judged anew whom they concern: an account's principals, or a tenant's. A change that
 * nobody told the audit, or that cannot be read there, concerns everybody. */
#include "access/room.h"

#include <string.h>

#define ENTRIES_PIECE 4096 /* more at once, and everybody is judged */
#define TOKENS_PIECE 64    /* of one account; more, and its tenant is judged */

static bool text_is(struct bytes text, const char *word)
{
    return bytes_equal(text, bytes_text(word));
}

static bool begins_with(struct bytes text, const char *word)
{
    size_t size = strlen(word);
    return text.size >= size && memcmp(text.at, word, size) == 0;
}

static void suspect_all(struct access *access)
{
    access->full_version = access->version;
    access->share_cursor = 0;
}

static void suspect_tenant(struct access *access, uint32_t tenant)
{
    struct tenant_entry *entry = tenant_entry_find(access, tenant);
    if (entry == NULL || link_is_alone(&entry->principals))
        return;
    entry->judge_before = access->version;
    if (link_is_alone(&entry->suspect))
        link_put(&access->suspects, &entry->suspect);
}

/* Those that are told may go, and the entry of their account with the last of them. */
static void suspect_account(struct access *access, uint32_t account)
{
    struct table_link *found;
    while ((found = table_find(&access->accounts, account)) != NULL) {
        struct account_entry *entry = TABLE_OWNER(found, struct account_entry, link);
        struct principal *principal =
            LINK_OWNER(entry->principals.next, struct principal, of_account);
        if (principal->judged >= access->version)
            return;
        link_take(&principal->of_account);
        link_put(&entry->principals, &principal->of_account);
        principal_judge(principal);
    }
}

/* "person/ann", "device/press-7": as audit entries of accounts name them. */
static uint32_t account_of(const struct access *access, uint32_t tenant, struct bytes object)
{
    static const struct {
        const char *word;
        enum account_kind kind;
    } kinds[] = {{"person/", ACCOUNT_PERSON},
                 {"device/", ACCOUNT_DEVICE},
                 {"token/", ACCOUNT_TOKEN},
                 {"claim/", ACCOUNT_CLAIM}};
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if (begins_with(object, kinds[i].word))
            return access_account_find(access->config.model, tenant, kinds[i].kind,
                                       bytes_behind(object, strlen(kinds[i].word)));
    return ACCOUNT_NONE;
}

static bool holds(struct bytes text, const char *word)
{
    return memmem(text.at, text.size, word, strlen(word)) != NULL;
}

/* Tokens go with the account that made them: it is of their tenant, or of main. */
static void suspect_with_tokens(struct access *access, uint32_t tenant)
{
    if (tenant == TENANT_MAIN)
        suspect_all(access);
    else
        suspect_tenant(access, tenant);
}

/* The token of this account that is to be judged; NULL. */
static struct principal *token_of(const struct access *access, uint32_t account)
{
    struct table_link *at = table_find(&access->owners, account);
    while (at != NULL && TABLE_OWNER(at, struct principal, of_owner)->judged >= access->version)
        at = table_next(at);
    return at == NULL ? NULL : TABLE_OWNER(at, struct principal, of_owner);
}

static void suspect_tokens(struct access *access, uint32_t tenant, uint32_t account)
{
    struct principal *principal;
    for (size_t i = 0; i < TOKENS_PIECE; i++) {
        principal = token_of(access, account);
        if (principal == NULL)
            return;
        principal_judge(principal);
    }
    suspect_with_tokens(access, tenant);
}

static void follow_account(struct access *access, const struct audit_view *entry)
{
    uint32_t account = account_of(access, entry->tenant, entry->object);
    /* A name that changed may be another's by now. */
    if (account == ACCOUNT_NONE || holds(entry->detail, "name ")) {
        suspect_with_tokens(access, entry->tenant);
        return;
    }
    suspect_account(access, account);
    if (holds(entry->detail, "state "))
        suspect_tokens(access, entry->tenant, account);
}

/* true: it is of a command of this room, and what it may concern will be judged. */
static bool follow_entry(struct access *access, const struct audit_view *entry)
{
    if (!text_is(entry->outcome, "done"))
        return false;
    if (text_is(entry->action, "secret.add") || text_is(entry->action, "secret.remove")) {
        uint32_t account = account_of(access, entry->tenant, entry->object);
        if (account == ACCOUNT_NONE)
            suspect_tenant(access, entry->tenant);
        else
            suspect_account(access, account);
        return true;
    }
    if (text_is(entry->action, "account.set")) {
        follow_account(access, entry);
        return true;
    }
    if (text_is(entry->action, "account.remove")) {
        suspect_with_tokens(access, entry->tenant);
        return true;
    }
    if (begins_with(entry->action, "role.")) {
        suspect_tenant(access, entry->tenant);
        return true;
    }
    if (begins_with(entry->action, "share.")) {
        access->share_cursor = 0;
        return true;
    }
    return begins_with(entry->action, "provider."); /* lets in nobody who is here */
}

static void follow_model(struct access *access)
{
    struct access_model *model = access->config.model;
    uint64_t version = access_model_version(model), last = access_audit_count(model);
    uint64_t first = access->audit_seen + 1, changes = version - access->version, found = 0;
    access->audit_seen = last;
    if (changes == 0)
        return;
    access->version = version;
    bool trial = access->trial;
    access->trial = !access_has_host(model);
    bool readable = last - first < ENTRIES_PIECE && first >= access_audit_oldest(model);
    for (uint64_t number = first; readable && number <= last; number++) {
        struct audit_view entry;
        found += access_audit(model, number, &entry) && follow_entry(access, &entry);
    }
    if (found != changes || trial != access->trial)
        suspect_all(access);
}

/* Of a tenant that is suspected; false: all are judged. */
static bool judge_of_tenant(struct access *access)
{
    if (link_is_alone(&access->suspects))
        return false;
    struct tenant_entry *entry = LINK_OWNER(access->suspects.next, struct tenant_entry, suspect);
    struct principal *principal = LINK_OWNER(entry->principals.next, struct principal, of_tenant);
    if (link_is_alone(&entry->principals) || principal->judged >= entry->judge_before)
        link_take(&entry->suspect);
    else
        principal_judge(principal);
    return true;
}

static bool judge_of_all(struct access *access)
{
    if (link_is_alone(&access->principals))
        return false;
    struct principal *principal = LINK_OWNER(access->principals.next, struct principal, all);
    if (principal->judged >= access->full_version)
        return false;
    principal_judge(principal);
    return true;
}

bool follow_step(struct access *access)
{
    struct clock *clock = access->config.clock;
    int64_t end_ns = clock->boot_ns(clock) + ACCESS_PIECE_NS;
    follow_model(access);
    bool shares =
        shares_follow(access) == OK && access->share_cursor == access_shares(access->config.model);
    bool more = true;
    do {
        for (size_t i = 0; more && i < ACCESS_PIECE; i++)
            more = judge_of_tenant(access) || judge_of_all(access);
    } while (more && clock->boot_ns(clock) < end_ns);
    return more || !shares;
}
