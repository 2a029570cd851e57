/* Entering: what somebody says of himself, looked up and compared. What is found by an id (tokens,
 * cookies, certificates) is answered at once. A password is looked for among those that were right
 * a short while ago, else it is compared by the worker, whether there is such an account or not. */
#include "access/guess.h"
#include "access/order.h"
#include "access/password.h"
#include "access/second.h"
#include "access/seen.h"

#include <stdio.h>
#include <string.h>

#define ENTRIES_MAX 16384
#define TOLD_PERSON_NS (60 * NS_PER_S)
#define TOLD_MACHINE_NS (24 * 3600 * NS_PER_S)
#define BUSY_RETRY_S 1

struct answer {
    enum access_answer answer;
    struct principal *principal;
    uint32_t retry_s;
};
struct entry { /* somebody who waits for his password to be compared */
    struct table_link by_arg;
    struct link of_job;
    struct access *access;
    access_entered *entered;
    bool gone;     /* he went away */
    bool forgiven; /* his guess was given back when he joined another's */
    void *arg;
    struct answer *direct; /* he waits inside access_enter: no worker */
    struct principal_plan plan;
    uint32_t tenant;
    struct guess_keys keys;
    uint8_t key[SECRET_DIGEST_SIZE];
    struct bytes second, name;
    struct order order; /* takes a recovery code away, or keeps the step of a code */
    char texts[];
};

/* ---- telling -----------------------------------------------------------------------------------
 */
static uint64_t host_hash(const char *address)
{
    const char *colon = address == NULL ? NULL : strrchr(address, ':');
    return colon == NULL ? 0 : hash64(address, (size_t)(colon - address), 1);
}

/* One entry a minute of the same sort from the same place; what was not told is counted. */
static void tell_no(struct access *access, const struct principal_plan *plan, uint32_t tenant,
                    struct bytes name, const char *why, const char *outcome)
{
    uint32_t more = 0;
    char detail[128];
    uint64_t what[3] = {host_hash(plan->address), plan->account,
                        hash64(outcome, strlen(outcome), tenant)};
    if (!denial_take(access->denials, DENIALS_NOBODY, hash64(what, sizeof what, 0), access->boot_ns,
                     &more))
        return;
    int size = more == 0
                   ? snprintf(detail, sizeof detail, "%s", why)
                   : snprintf(detail, sizeof detail, "%s; %u more since the last entry", why, more);
    struct actor actor = {.door = (uint8_t)plan->door,
                          .account = plan->account,
                          .tenant = tenant,
                          .name = name,
                          .address = bytes_text(plan->address == NULL ? "" : plan->address)};
    tell_put(access, &actor, tenant, "login", name, bytes_of(detail, (size_t)size), outcome);
}

/* A person's login is told once a minute, a machine's once a day, from the same place. */
static void tell_yes(struct access *access, const struct principal *principal)
{
    static const char *const words[] = {
        [ACCESS_ANONYMOUS] = "anonymous", [ACCESS_PASSWORD] = "password",
        [ACCESS_BEARER] = "token",        [ACCESS_COOKIE] = "session",
        [ACCESS_PEER] = "certificate",    [ACCESS_OWNER] = "control socket"};
    struct principal_view view;
    principal_view(principal, &view);
    if (view.secret == SECRET_NONE)
        return;
    struct seen *seen = seen_use(access, view.secret, principal->address);
    if (seen == NULL || view.how == ACCESS_COOKIE)
        return;
    uint64_t host = host_hash(principal->address);
    int64_t told_ns = view.kind == ACCOUNT_PERSON ? TOLD_PERSON_NS : TOLD_MACHINE_NS;
    if (seen->told_ns != INT64_MIN && seen->host == host &&
        access->boot_ns - seen->told_ns < told_ns) {
        seen->more++;
        return;
    }
    char detail[64];
    int size = seen->more == 0 ? snprintf(detail, sizeof detail, "%s", words[view.how])
                               : snprintf(detail, sizeof detail, "%s; %u more since the last entry",
                                          words[view.how], seen->more);
    tell_put(access, &view.actor, view.tenant, "login", bytes_text(view.name),
             bytes_of(detail, (size_t)size), "done");
    seen->told_ns = access->boot_ns;
    seen->host = host;
    seen->more = 0;
}

/* ---- the end of it -----------------------------------------------------------------------------
 */
static struct answer answer_no(struct access *access, const struct principal_plan *plan,
                               uint32_t tenant, struct bytes name, const char *why)
{
    access->counters.denied++;
    tell_no(access, plan, tenant, name, why, "denied");
    return (struct answer){.answer = ACCESS_DENIED};
}

static struct answer answer_busy(void)
{
    return (struct answer){.answer = ACCESS_BUSY, .retry_s = BUSY_RETRY_S};
}

static struct answer enter_as(struct access *access, const struct principal_plan *plan,
                              uint32_t tenant, struct bytes name)
{
    struct answer answer = {.answer = ACCESS_WELCOME};
    enum err err = principal_create(access, plan, &answer.principal);
    if (err == ERR_NO_MEMORY)
        return answer_busy();
    if (err != OK)
        return answer_no(access, plan, tenant, name, "account, tenant or secret is not active");
    access->counters.entered++;
    tell_yes(access, answer.principal);
    return answer;
}

/* ---- who is meant ------------------------------------------------------------------------------
 */
struct who {
    uint32_t tenant, account, secret; /* account, secret: with a password; else none */
    struct bytes name;                /* without its tenant */
    bool exists;                      /* some account of that name */
    bool second;
    char hash[SECRET_PROOF_MAX + 1];
};

/* "name@tenant"; without one, or with one that is none, the house's. */
static void name_split(const struct access *access, struct bytes text, struct who *who)
{
    who->tenant = TENANT_MAIN;
    who->name = text;
    for (size_t at = text.size; at > 0; at--) {
        if (text.at[at - 1] != '@')
            continue;
        uint32_t tenant = access_tenant_find(access->config.model, bytes_behind(text, at));
        who->tenant = tenant;
        who->name = bytes_of(text.at, at - 1);
        return;
    }
}

static void password_of(const struct access *access, uint32_t account, struct who *who)
{
    const struct access_model *model = access->config.model;
    for (uint32_t secret = access_secret_next(model, account, SECRET_NONE); secret != SECRET_NONE;
         secret = access_secret_next(model, account, secret)) {
        struct secret_view view;
        if (!access_secret(model, secret, &view) || view.kind != SECRET_PASSWORD ||
            view.proof.size > SECRET_PROOF_MAX)
            continue;
        who->account = account;
        who->secret = secret;
        memcpy(who->hash, view.proof.at, view.proof.size);
        who->hash[view.proof.size] = '\0';
        return;
    }
}

static void who_find(const struct access *access, const struct access_claim *claim, struct who *who)
{
    static const enum account_kind orders[2][2] = {{ACCOUNT_PERSON, ACCOUNT_DEVICE},
                                                   {ACCOUNT_DEVICE, ACCOUNT_PERSON}};
    memset(who, 0, sizeof *who);
    name_split(access, claim->name, who);
    const enum account_kind *order = orders[claim->door == ACTOR_MQTT];
    for (size_t i = 0; i < 2 && who->account == ACCOUNT_NONE; i++) {
        struct account_view view;
        uint32_t account =
            access_account_find(access->config.model, who->tenant, order[i], who->name);
        if (account == ACCOUNT_NONE)
            continue;
        who->exists = true;
        access_account(access->config.model, account, &view);
        if (view.has_password)
            password_of(access, account, who);
        who->second = who->account != ACCOUNT_NONE && view.has_second_factor;
    }
}

/* ---- what is found by an id --------------------------------------------------------------------
 */
uint32_t token_find(const struct access *access, enum secret_kind kind, struct bytes text,
                    struct secret_view *ret_secret)
{
    struct secret_token token;
    uint8_t digest[SECRET_DIGEST_SIZE];
    if (!secret_token_read(text, &token))
        return SECRET_NONE;
    uint32_t secret = access_secret_find(access->config.model, kind, token.id);
    if (secret == SECRET_NONE || !access_secret(access->config.model, secret, ret_secret))
        return SECRET_NONE;
    secret_hash(text, digest);
    bool same = ret_secret->proof.size == sizeof digest &&
                secret_equal(ret_secret->proof.at, digest, sizeof digest);
    return same ? secret : SECRET_NONE;
}

/* Of a certificate: by its fingerprint, or by the name that a trusted authority put into it. A
 * common name that names a tenant ("press-1@acme") is that tenant's alone, its fingerprint as well;
 * else the one whom he names beside it, "press-1@acme" or "@acme", is meant. What two tenants claim
 * and nobody names is nobody's. */
static uint32_t certificate_find(const struct access *access, const struct access_claim *claim,
                                 struct secret_view *ret_secret, const char **ret_why)
{
    const struct access_model *model = access->config.model;
    struct bytes common = claim->common_name;
    uint32_t secret = SECRET_NONE, claimed = 0, tenant = TENANT_NONE;
    struct who who;
    if (common.size > 0 && memrchr(common.at, '@', common.size) != NULL) {
        tenant = access_common_name_tenant(model, common);
        if (tenant == TENANT_NONE)
            return SECRET_NONE;
    } else if (claim->name.size > 0) {
        name_split(access, claim->name, &who);
        if (who.name.size < claim->name.size)
            tenant = who.tenant;
    }
    if (claim->fingerprint.size == SECRET_DIGEST_SIZE)
        secret = access_certificate_find(model, tenant, claim->fingerprint, &claimed);
    if (claimed > 1)
        *ret_why = "more than one tenant claims the certificate, and the name says none";
    if (claimed == 0 && common.size > 0 && common.size + 3 <= SECRET_ID_MAX) {
        char id[SECRET_ID_MAX] = "CN=";
        memcpy(id + 3, common.at, common.size);
        secret = access_certificate_find(model, tenant, bytes_of(id, common.size + 3), NULL);
    }
    return secret != SECRET_NONE && access_secret(model, secret, ret_secret) ? secret : SECRET_NONE;
}

/* A name beside a token must be its account's. */
static bool name_is_of(const struct access *access, struct bytes text, uint32_t account)
{
    struct account_view view;
    struct who who;
    if (text.size == 0)
        return true;
    access_account(access->config.model, account, &view);
    name_split(access, text, &who);
    bool tenant = who.tenant == view.tenant || who.name.size == text.size;
    return tenant && bytes_equal(who.name, view.name);
}

/* A connection that came with it is open: it is in use, whatever was asked last. */
static bool session_is_open(const struct access *access, const struct secret_view *secret)
{
    struct table_link *found = table_find(&access->accounts, secret->account);
    if (found == NULL)
        return false;
    const struct link *here = &TABLE_OWNER(found, struct account_entry, link)->principals;
    for (struct link *at = here->next; at != here; at = at->next) {
        const struct principal *principal = LINK_OWNER(at, struct principal, of_account);
        if (principal->secret == secret->secret && !principal->ended)
            return true;
    }
    return false;
}

/* Nobody used it for so long that it is over. */
static bool session_is_idle(struct access *access, const struct secret_view *secret)
{
    if (session_is_open(access, secret))
        return false;
    const struct seen *seen = seen_find(access, secret->secret);
    int64_t last_ns = secret->created_wall_ns > access->began_wall_ns ? secret->created_wall_ns
                                                                      : access->began_wall_ns;
    if (seen != NULL && seen->wall_ns > last_ns)
        last_ns = seen->wall_ns;
    return access->config.clock->wall_ns(access->config.clock) - last_ns >
           access->config.settings->access_session_idle;
}

static struct answer enter_found(struct access *access, const struct access_claim *claim,
                                 struct principal_plan *plan)
{
    struct secret_view secret;
    struct account_view account = {.tenant = TENANT_MAIN};
    const char *why = "no such token, session or certificate";
    if (claim->how == ACCESS_COOKIE)
        plan->secret = token_find(access, SECRET_SESSION, claim->secret, &secret);
    else if (claim->how == ACCESS_PEER)
        plan->secret = certificate_find(access, claim, &secret, &why);
    else
        plan->secret = token_find(access, SECRET_TOKEN, claim->secret, &secret);
    if (plan->secret != SECRET_NONE) {
        access_account(access->config.model, secret.account, &account);
        if (claim->how == ACCESS_COOKIE && session_is_idle(access, &secret)) {
            why = "the session was idle for too long";
            order_remove_secret(access, account.tenant, plan->secret);
        } else if (claim->how == ACCESS_PASSWORD &&
                   !name_is_of(access, claim->name, secret.account)) {
            why = "the token is of another name";
        } else {
            plan->account = secret.account;
        }
    }
    plan->trial = plan->secret == SECRET_NONE && access->trial && claim->loopback;
    if (plan->trial || plan->account != ACCOUNT_NONE)
        return enter_as(access, plan, account.tenant, account.name);
    return answer_no(access, plan, account.tenant, account.name, why);
}

/* ---- passwords ---------------------------------------------------------------------------------
 */
static struct bytes keep(char **at, struct bytes text)
{
    char *kept = *at;
    if (text.size > 0)
        memcpy(kept, text.at, text.size);
    kept[text.size] = '\0';
    *at += text.size + 1;
    return bytes_of(kept, text.size);
}

static struct entry *entry_create(struct access *access, const struct access_claim *claim,
                                  const struct who *who, access_entered *entered, void *arg)
{
    struct bytes address = bytes_text(claim->address == NULL ? "" : claim->address);
    if (address.size > ACTOR_ADDRESS_MAX)
        address.size = ACTOR_ADDRESS_MAX;
    struct bytes client_id =
        claim->client_id.size > PATH_SEGMENT_MAX ? bytes_of("", 0) : claim->client_id;
    struct bytes name = who->exists ? who->name : bytes_of("", 0);
    if (access->entry_count >= ENTRIES_MAX)
        return NULL;
    struct entry *entry = calloc(1, sizeof *entry + address.size + client_id.size + name.size +
                                        claim->second.size + 4);
    if (entry == NULL)
        return NULL;
    char *at = entry->texts;
    entry->access = access;
    entry->entered = entered;
    entry->arg = arg;
    entry->tenant = who->tenant == TENANT_NONE ? TENANT_MAIN : who->tenant;
    entry->plan = (struct principal_plan){.how = claim->how,
                                          .door = claim->door,
                                          .account = who->account,
                                          .secret = who->secret,
                                          .client_id = keep(&at, client_id),
                                          .address = (const char *)keep(&at, address).at};
    entry->name = keep(&at, name);
    entry->second = keep(&at, claim->second);
    link_init(&entry->of_job);
    table_put(&access->entries, &entry->by_arg, (uint64_t)(uintptr_t)arg);
    access->entry_count++;
    return entry;
}

static void entry_free(struct entry *entry)
{
    struct access *access = entry->access;
    if (!entry->gone) {
        table_take(&access->entries, &entry->by_arg);
        access->entry_count--;
    }
    link_take(&entry->of_job);
    secret_wipe((char *)(uintptr_t)entry->second.at, entry->second.size);
    free(entry);
}

static void entry_deliver(struct entry *entry, struct answer answer)
{
    access_entered *entered = entry->entered;
    struct answer *direct = entry->direct;
    void *arg = entry->arg;
    entry_free(entry);
    if (direct != NULL)
        *direct = answer;
    else
        entered(arg, answer.answer, answer.principal, answer.retry_s);
}

static struct answer entry_welcome(struct entry *entry)
{
    struct access *access = entry->access;
    guess_right(&access->guesses, &entry->keys, true, access->boot_ns);
    return enter_as(access, &entry->plan, entry->tenant, entry->name);
}

static void entry_recovered(struct order *order, const struct outcome *outcome)
{
    struct entry *entry = LINK_OWNER(order, struct entry, order);
    struct answer answer = answer_busy();
    if (entry->gone) {
        entry_free(entry);
        return;
    }
    if (outcome != NULL)
        answer = outcome->code == OUTCOME_DONE
                     ? entry_welcome(entry)
                     : answer_no(entry->access, &entry->plan, entry->tenant, entry->name,
                                 "the code was used before");
    entry_deliver(entry, answer);
}

/* The code must be gone on the disk before it lets anybody in. */
static struct answer entry_recover(struct entry *entry, uint32_t secret)
{
    struct order *order = &entry->order;
    order->done = entry_recovered;
    order->command = (struct command){
        .kind = COMMAND_SECRET_REMOVE,
        .tenant = entry->tenant,
        .access = {.number = secret, .owner = entry->plan.account, .secret_kind = SECRET_RECOVERY},
        .actor = {.door = (uint8_t)entry->plan.door,
                  .account = entry->plan.account,
                  .tenant = entry->tenant,
                  .name = entry->name,
                  .address = bytes_text(entry->plan.address)}};
    entry->direct = NULL; /* the outcome comes later in any case */
    order_put(entry->access, order);
    return (struct answer){.answer = ACCESS_LATER};
}

/* So must the step of a code be: else it would be good once more after a restart. */
static struct answer entry_use_step(struct entry *entry, int64_t step)
{
    struct order *order = &entry->order;
    order->done = entry_recovered;
    order->command = (struct command){.kind = COMMAND_ACCOUNT_SET,
                                      .tenant = entry->tenant,
                                      .access = {.number = entry->plan.account,
                                                 .has = HAS_USED_STEP,
                                                 .used_step = (uint64_t)step,
                                                 .expires_wall_ns = INT64_MAX}};
    entry->direct = NULL;
    order_put(entry->access, order);
    return (struct answer){.answer = ACCESS_LATER};
}

/* It was no guess; what was given back is not given back twice, else a burst of them would pay for
 * others that were wrong. */
static void entry_forgive(struct entry *entry)
{
    if (!entry->forgiven)
        guess_right(&entry->access->guesses, &entry->keys, false, entry->access->boot_ns);
    entry->forgiven = true;
}

static struct answer entry_second(struct entry *entry)
{
    struct access *access = entry->access;
    uint32_t recovery;
    int64_t step;
    if (entry->second.size == 0) {
        entry_forgive(entry);
        return (struct answer){.answer = ACCESS_SECOND};
    }
    switch (second_check(access, entry->plan.account, entry->second, &recovery, &step)) {
    case SECOND_RIGHT:
        return entry_use_step(entry, step);
    case SECOND_RECOVERY:
        return entry_recover(entry, recovery);
    default:
        return answer_no(access, &entry->plan, entry->tenant, entry->name, "wrong second factor");
    }
}

/* What was compared, with the model as it is now. */
static struct answer entry_settle(struct entry *entry, enum err result)
{
    struct access *access = entry->access;
    struct secret_view secret;
    struct account_view account;
    if (result == ERR_NO_MEMORY) {
        entry_forgive(entry);
        return answer_busy();
    }
    if (result != OK || !access_secret(access->config.model, entry->plan.secret, &secret))
        return answer_no(access, &entry->plan, entry->tenant, entry->name,
                         entry->plan.account == ACCOUNT_NONE ? "no such account, or no password"
                                                             : "wrong password");
    password_keep(access, entry->key);
    access_account(access->config.model, entry->plan.account, &account);
    return account.has_second_factor ? entry_second(entry) : entry_welcome(entry);
}

void password_compared(struct password_job *job)
{
    if (job->renewed[0] != '\0' && !link_is_alone(&job->waiting)) {
        const struct entry *first = LINK_OWNER(job->waiting.next, struct entry, of_job);
        order_renew_password(job->access, first->plan.account, first->plan.secret, job->renewed);
    }
    while (!link_is_alone(&job->waiting)) {
        struct entry *entry = LINK_OWNER(job->waiting.next, struct entry, of_job);
        link_take(&entry->of_job);
        struct answer answer = entry_settle(entry, job->result);
        if (answer.answer != ACCESS_LATER)
            entry_deliver(entry, answer);
    }
}

/* Waits for the one that compares the same, or for one of its own; false: too many. */
static bool entry_compare(struct entry *entry, const char *hash, struct bytes password)
{
    struct access *access = entry->access;
    struct password_job *job = password_job_find(access, entry->key);
    if (job != NULL) {
        link_put(&job->waiting, &entry->of_job);
        return true;
    }
    job = password_job_create(access, entry->tenant, false, password);
    if (job == NULL)
        return false;
    (void)snprintf(job->hash, sizeof job->hash, "%s", hash);
    memcpy(job->key, entry->key, sizeof job->key);
    link_put(&job->waiting, &entry->of_job);
    password_job_start(job);
    return true;
}

static struct answer enter_password(struct access *access, const struct access_claim *claim,
                                    struct principal_plan *plan, access_entered *entered, void *arg)
{
    struct who who;
    who_find(access, claim, &who);
    plan->trial = !who.exists && access->trial && claim->loopback;
    if (plan->trial)
        return enter_as(access, plan, TENANT_MAIN, bytes_of("", 0));
    struct guess_rules rules = {(uint32_t)access->config.settings->access_guess_limit,
                                access->config.settings->access_lock_time};
    struct guess_keys keys = guess_keys_of(&access->guesses, who.tenant, who.name, claim->address);
    uint32_t tenant = who.tenant == TENANT_NONE ? TENANT_MAIN : who.tenant;
    struct bytes name = who.exists ? who.name : bytes_of("", 0);
    int64_t wait_ns = guess_begin(&access->guesses, &keys, &rules, access->boot_ns);
    plan->account = who.account;
    if (wait_ns > 0) {
        access->counters.slowed++;
        tell_no(access, plan, tenant, name, "too many wrong passwords", "slowed");
        return (struct answer){.answer = ACCESS_SLOW,
                               .retry_s = (uint32_t)((wait_ns + NS_PER_S - 1) / NS_PER_S)};
    }
    if (claim->secret.size > SECRET_PASSWORD_MAX)
        return answer_no(access, plan, tenant, name, "the password is too long");
    struct entry *entry = entry_create(access, claim, &who, entered, arg);
    if (entry == NULL) {
        guess_right(&access->guesses, &keys, false, access->boot_ns);
        return answer_busy();
    }
    struct answer answer = {.answer = ACCESS_LATER};
    entry->keys = keys;
    password_key(access, who.account, who.secret, who.name, claim->secret, entry->key);
    if (password_is_kept(access, entry->key)) {
        answer = entry_settle(entry, OK);
    } else {
        bool joins = password_job_find(access, entry->key) != NULL;
        entry->direct = access->config.worker == NULL ? &answer : NULL;
        /* The same guess is one guess; but a code that comes beside the password is one by itself.
         */
        if (joins && claim->second.size == 0)
            entry_forgive(entry);
        bool waits = entry_compare(entry, who.hash, claim->secret);
        if (!waits) /* what was not looked at is none */
            entry_forgive(entry);
        secret_wipe(&who, sizeof who);
        if (waits)
            return answer;
        answer = answer_busy();
    }
    if (answer.answer != ACCESS_LATER)
        entry_free(entry);
    return answer;
}

enum access_answer access_enter(struct access *access, const struct access_claim *claim,
                                access_entered *entered, void *arg,
                                struct principal **ret_principal, uint32_t *ret_retry_s)
{
    struct answer answer;
    struct principal_plan plan = {.how = claim->how,
                                  .door = claim->door,
                                  .client_id = claim->client_id,
                                  .address = claim->address};
    struct secret_token token;
    plan.owner = claim->how == ACCESS_OWNER;
    if (plan.owner)
        answer = enter_as(access, &plan, TENANT_MAIN, bytes_of("", 0));
    else if (claim->how == ACCESS_PASSWORD && !secret_token_read(claim->secret, &token))
        answer = enter_password(access, claim, &plan, entered, arg);
    else
        answer = enter_found(access, claim, &plan);
    *ret_principal = answer.principal;
    *ret_retry_s = answer.retry_s;
    return answer.answer;
}

void access_forget(struct access *access, void *arg)
{
    struct table_link *link;
    while ((link = table_find(&access->entries, (uint64_t)(uintptr_t)arg)) != NULL) {
        struct entry *entry = TABLE_OWNER(link, struct entry, by_arg);
        if (entry->order.done == NULL) {
            entry_free(entry);
            continue;
        }
        /* Its recovery code is being taken away: it waits for that alone. */
        table_take(&access->entries, &entry->by_arg);
        access->entry_count--;
        entry->gone = true;
    }
}

void entries_done(struct access *access)
{
    for (uint32_t i = 0; access->entries.buckets != NULL && i <= access->entries.mask; i++)
        while (access->entries.buckets[i] != NULL)
            access_forget(access, (void *)(uintptr_t)access->entries.buckets[i]->key);
    table_done(&access->entries);
}
