/* Why may he, or why not: the same questions as in decide.c, asked of the model as it stands, and
 * answered in sentences for people. Slow, and only asked by who may see people's rights. */
#include "access/room.h"

#include <stdio.h>
#include <string.h>

#define SENTENCE_MAX 2048

struct explanation {
    const struct access *access;
    const struct principal *principal; /* NULL: an account that is not here */
    struct account_view account;
    struct tenant_view tenant; /* the account's */
    const char *name;
    enum access_right right;
    uint32_t of; /* tenant that is asked about */
    struct bytes path;
    char shown[ACCESS_TENANT_NAME_MAX + 2 + PATH_MAX_BYTES]; /* as a rule sees the path */
    bool may;
    void (*put)(void *arg, const char *sentence);
    void *arg;
};

static const char *word_of(enum access_right right)
{
    switch (right) {
    case RIGHT_SEE:
        return "see";
    case RIGHT_WRITE:
        return "write";
    case RIGHT_ACKNOWLEDGE:
        return "acknowledge";
    case RIGHT_CONFIGURE:
        return "configure";
    case RIGHT_ADMINISTER:
        return "administer";
    default:
        return "do that";
    }
}

static void say(struct explanation *why, const char *format, ...) PRINTF_LIKE(2, 3);
static void say(struct explanation *why, const char *format, ...)
{
    char sentence[SENTENCE_MAX];
    va_list list;
    va_start(list, format);
    (void)vsnprintf(sentence, sizeof sentence, format, list);
    va_end(list);
    why->put(why->arg, sentence);
}

#define TEXT_OF(bytes) (int)(bytes).size, (const char *)(bytes).at

/* ---- one right of one grant ---- */
struct candidate {
    const struct grant *grant;
    const struct role_view *role;
    const struct right_view *right;
    bool fits_right, fits_path, fits_branch;
};

static bool matches(struct explanation *why, struct bytes pattern, struct bytes branch,
                    struct rule_maker *maker)
{
    rule_maker_reset(maker);
    if (rule_maker_add(maker, (uint8_t)RIGHT_ALL, pattern, branch,
                       why->account.tenant == TENANT_MAIN) != OK ||
        maker->count == 0)
        return false;
    struct rule_set *set = rule_maker_finish(maker);
    bool may = set != NULL && rule_set_may(set, RIGHT_ALL, bytes_text(why->shown));
    free(set);
    return may;
}

static void candidate_judge(struct explanation *why, struct rule_maker *maker,
                            struct candidate *candidate)
{
    uint8_t text[PATTERN_BYTES_MAX];
    struct bytes client_id = why->principal == NULL ? bytes_of("", 0) : why->principal->client_id;
    struct rule_names names = {names_client(why->access, &why->account, client_id),
                               why->account.name};
    struct bytes pattern = bytes_of(text, rule_expand(candidate->right->pattern, &names, text));
    candidate->fits_right = (candidate->right->rights & why->right) != 0;
    candidate->fits_path = matches(why, pattern, bytes_text("#"), maker);
    candidate->fits_branch = matches(why, pattern, candidate->grant->branch, maker);
}

/* The nearest of those that do not fit is the one of which most does. */
static int candidate_nearness(const struct candidate *candidate)
{
    return 4 * candidate->fits_path + 2 * candidate->fits_right + candidate->fits_branch;
}

static void say_candidate(struct explanation *why, const struct candidate *candidate,
                          const char *begin)
{
    say(why, "%srole %.*s allows %s on %.*s, granted to %s within %.*s", begin,
        TEXT_OF(candidate->role->name), word_of(why->right), TEXT_OF(candidate->right->pattern),
        why->name, TEXT_OF(candidate->grant->branch));
}

static void say_nearest(struct explanation *why, const struct candidate *candidate)
{
    const char *fault = !candidate->fits_right  ? "does not allow it"
                        : !candidate->fits_path ? "is about other paths"
                                                : "is granted within another branch";
    say(why, "the nearest: role %.*s on %.*s, granted within %.*s, %s",
        TEXT_OF(candidate->role->name), TEXT_OF(candidate->right->pattern),
        TEXT_OF(candidate->grant->branch), fault);
}

/* ---- of all grants ---- */
static void explain_grants(struct explanation *why, struct rule_maker *maker)
{
    struct role_view role, nearest_role;
    struct candidate nearest = {.grant = NULL};
    size_t found = 0;
    for (uint32_t i = 0; i < why->account.grant_count; i++) {
        const struct grant *grant = &why->account.grants[i];
        if (!access_role_find(why->access->config.model, why->account.tenant, grant->role, &role))
            continue;
        for (uint32_t j = 0; j < role.right_count; j++) {
            struct candidate candidate = {grant, &role, &role.rights[j], false, false, false};
            candidate_judge(why, maker, &candidate);
            if (candidate.fits_right && candidate.fits_branch) {
                say_candidate(why, &candidate, found++ == 0 ? "yes: " : "also: ");
            } else if (nearest.grant == NULL ||
                       candidate_nearness(&candidate) > candidate_nearness(&nearest)) {
                nearest = candidate;
                nearest_role = role;
                nearest.role = &nearest_role;
                nearest.right = &nearest_role.rights[j];
            }
        }
    }
    why->may = found > 0;
    if (found > 0)
        return;
    say(why, "no: no rule of %s allows %s on %s", why->name, word_of(why->right), why->shown);
    if (nearest.grant != NULL)
        say_nearest(why, &nearest);
    else
        say(why, "%s holds no role", why->name);
}

/* ---- another tenant's path ---- */
static bool explain_shares(struct explanation *why)
{
    struct tenant_view of;
    const struct share_entry *share = share_entry_find(why->access, why->account.tenant, why->of);
    bool known = access_tenant(why->access->config.model, why->of, &of);
    if (share == NULL || !known) {
        say(why, "no: no share lets %.*s look there", TEXT_OF(why->tenant.name));
        return false;
    }
    for (; share != NULL; share = share_entry_next(share))
        if (rule_set_may(share->rules, why->right, why->path)) {
            say(why, "share %u of %.*s lets %.*s %s there", share->share, TEXT_OF(of.name),
                TEXT_OF(why->tenant.name), word_of(why->right));
            return true;
        }
    say(why, "no: no share of %.*s lets %.*s %s on %.*s", TEXT_OF(of.name),
        TEXT_OF(why->tenant.name), word_of(why->right), TEXT_OF(why->path));
    return false;
}

/* What keeps the account out altogether; false: nothing does. */
static bool explain_account(struct explanation *why)
{
    int64_t now_ns = why->access->config.clock->wall_ns(why->access->config.clock);
    const char *fault = NULL;
    if (why->tenant.state != TENANT_ACTIVE)
        fault = "its tenant is suspended or deleted";
    else if (why->account.state != ACCOUNT_ACTIVE)
        fault = "the account is not active";
    else if (why->account.expires_wall_ns <= now_ns)
        fault = "the account has expired";
    else if (why->account.kind == ACCOUNT_CLAIM)
        fault = "a claim key makes devices and may nothing else";
    if (fault != NULL)
        say(why, "no: %s may nothing: %s", why->name, fault);
    return fault != NULL;
}

static void explain_path(struct explanation *why)
{
    struct tenant_view of;
    int prefix = 0;
    if (why->of != why->account.tenant && access_tenant(why->access->config.model, why->of, &of))
        prefix = snprintf(why->shown, sizeof why->shown, "@%.*s/", TEXT_OF(of.name));
    size_t room = sizeof why->shown - (size_t)prefix - 1;
    size_t size = why->path.size < room ? why->path.size : room;
    if (size > 0)
        memcpy(why->shown + prefix, why->path.at, size);
    why->shown[(size_t)prefix + size] = '\0';
}

static void explain(struct explanation *why)
{
    bool foreign = why->of != why->account.tenant;
    bool marked = why->path.size > 0 && (why->path.at[0] == '$' || why->path.at[0] == '@');
    why->may = false;
    if (explain_account(why))
        return;
    explain_path(why);
    if (foreign && marked) {
        say(why, "no: that is a matter of another tenant");
        return;
    }
    struct rule_maker *maker = calloc(1, sizeof *maker);
    if (maker == NULL) {
        say(why, "no: out of memory");
        return;
    }
    if (!foreign || explain_shares(why))
        explain_grants(why, maker);
    rule_maker_done(maker);
    free(maker);
}

void access_explain(const struct access *access, const struct principal *principal,
                    enum access_right right, uint32_t tenant, struct bytes path,
                    void (*put)(void *arg, const char *sentence), void *arg)
{
    struct explanation why = {.access = access,
                              .principal = principal,
                              .right = right,
                              .of = tenant,
                              .path = path,
                              .put = put,
                              .arg = arg};
    if (principal == NULL || principal->ended) {
        say(&why, "no: nobody is there, or he was shut out");
        return;
    }
    if (principal->trial || principal->owner) {
        say(&why, "yes: the %s may all",
            principal->owner ? "owner of the control socket"
                             : "trial has no administrator yet and");
        return;
    }
    why.name = principal->name;
    access_account(access->config.model, principal->account, &why.account);
    if (access_tenant(access->config.model, why.account.tenant, &why.tenant))
        explain(&why);
}

enum err access_explain_account(struct access *access, uint32_t account, enum access_right right,
                                uint32_t tenant, struct bytes path,
                                void (*put)(void *arg, const char *sentence), void *arg,
                                bool *ret_may)
{
    char name[ACCESS_NAME_MAX + ACCESS_TENANT_NAME_MAX + 2];
    struct explanation why = {
        .access = access, .right = right, .of = tenant, .path = path, .put = put, .arg = arg};
    if (account == ACCOUNT_NONE || account > access_accounts(access->config.model))
        return ERR_MISSING;
    access_account(access->config.model, account, &why.account);
    if (why.account.state == ACCOUNT_REMOVED ||
        !access_tenant(access->config.model, why.account.tenant, &why.tenant))
        return ERR_MISSING;
    (void)snprintf(name, sizeof name, "%.*s@%.*s", TEXT_OF(why.account.name),
                   TEXT_OF(why.tenant.name));
    why.name = name;
    explain(&why);
    *ret_may = why.may;
    return OK;
}
