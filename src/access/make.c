/* Making secrets: each request is a few commands, one behind the other, of which the next leaves
 * when the one before is on the disk. A step that has nothing to do is passed over. */
#include "access/order.h"
#include "access/password.h"
#include "access/second.h"

#include <stdio.h>
#include <string.h>

#define STEPS_MAX (SECRET_RECOVERY_COUNT + 2)
#define SEALED_MAX (SECRET_TOTP_SEED_SIZE + SECRET_SEAL_OVERHEAD)

struct making {
    struct link link;
    struct access *access;
    access_making_done *made;
    void *arg;
    bool gone; /* nobody waits for it */
    enum access_making making;
    uint32_t step, codes_put;
    int64_t used_step; /* SECOND_SURE: of the code that was shown */
    uint32_t tenant, account, invitation;
    struct order order;
    struct access_made result;
    char hash[SECRET_HASH_SIZE];
    uint8_t digest[SECRET_DIGEST_SIZE];
    uint8_t digests[SECRET_RECOVERY_COUNT][SECRET_DIGEST_SIZE];
    uint8_t sealed[SEALED_MAX];
    struct bytes name, label, address;
    struct grant grants[ACCESS_GRANTS_MAX]; /* of the claim key; texts in grant_texts */
    uint32_t grant_count;
    uint8_t *grant_texts;
    struct actor actor;
    char actor_name[ACTOR_NAME_MAX];
    char texts[ACCESS_NAME_MAX + SECRET_LABEL_MAX + ACTOR_ADDRESS_MAX];
};

/* ---- steps: each fills a command in; false: there is nothing to do -----------------------------
 */
static struct command_access *command_of(struct making *making, enum command_kind kind)
{
    making->order.command = (struct command){.kind = (uint8_t)kind,
                                             .tenant = making->tenant,
                                             .access = {.expires_wall_ns = INT64_MAX},
                                             .actor = making->actor};
    return &making->order.command.access;
}

static bool put_secret(struct making *making, enum secret_kind kind, struct bytes proof)
{
    struct command_access *access = command_of(making, COMMAND_SECRET_ADD);
    access->owner = making->account;
    access->secret_kind = (uint8_t)kind;
    access->proof = proof;
    access->label = making->label;
    access->address = making->address;
    access->expires_wall_ns = making->result.expires_wall_ns;
    return true;
}

/* Of what is found by the id of its text. */
static bool put_token(struct making *making, enum secret_kind kind)
{
    struct secret_token token;
    bool read = secret_token_read(bytes_text(making->result.text), &token);
    check(read);
    put_secret(making, kind, bytes_of(making->digest, sizeof making->digest));
    making->order.command.access.id = token.id;
    return true;
}

static bool remove_kind(struct making *making, enum secret_kind kind)
{
    const struct access_model *model = making->access->config.model;
    bool there = false;
    for (uint32_t secret = access_secret_next(model, making->account, SECRET_NONE);
         secret != SECRET_NONE && !there;
         secret = access_secret_next(model, making->account, secret)) {
        struct secret_view view;
        there = access_secret(model, secret, &view) && view.kind == kind;
    }
    if (!there)
        return false;
    struct command_access *access = command_of(making, COMMAND_SECRET_REMOVE);
    access->owner = making->account;
    access->secret_kind = (uint8_t)kind;
    return true;
}

static bool step_session(struct making *making)
{
    return put_token(making, SECRET_SESSION);
}

static bool step_token(struct making *making)
{
    return put_token(making, SECRET_TOKEN);
}

static bool step_invitation(struct making *making)
{
    return put_token(making, SECRET_INVITATION);
}

static bool step_password(struct making *making)
{
    return put_secret(making, SECRET_PASSWORD, bytes_text(making->hash));
}

static bool step_end_sessions(struct making *making)
{
    return remove_kind(making, SECRET_SESSION);
}

static bool step_end_invitations(struct making *making)
{
    return remove_kind(making, SECRET_INVITATION);
}

/* The first step: of those who come with it at once, one alone finds it there and goes on. */
static bool step_use_invitation(struct making *making)
{
    struct command_access *access = command_of(making, COMMAND_SECRET_REMOVE);
    access->number = making->invitation;
    access->owner = making->account;
    access->secret_kind = SECRET_INVITATION;
    return true;
}

static bool step_activate(struct making *making)
{
    struct account_view account;
    access_account(making->access->config.model, making->account, &account);
    if (account.state != ACCOUNT_INVITED)
        return false;
    struct command_access *access = command_of(making, COMMAND_ACCOUNT_SET);
    access->number = making->account;
    access->has = HAS_STATE;
    access->state = ACCOUNT_ACTIVE;
    return true;
}

static bool step_second(struct making *making)
{
    return put_secret(making, SECRET_TOTP, bytes_of(making->sealed, sizeof making->sealed));
}

/* Nobody is named: it is no matter of the audit. */
static bool step_use(struct making *making)
{
    struct command_access *access = command_of(making, COMMAND_ACCOUNT_SET);
    making->order.command.actor = (struct actor){.door = ACTOR_NONE};
    access->number = making->account;
    access->has = HAS_USED_STEP;
    access->used_step = (uint64_t)making->used_step;
    return true;
}

static bool step_end_codes(struct making *making)
{
    return remove_kind(making, SECRET_RECOVERY);
}

static bool step_code(struct making *making)
{
    const uint8_t *digest = making->digests[making->codes_put++];
    return put_secret(making, SECRET_RECOVERY, bytes_of(digest, SECRET_DIGEST_SIZE));
}

/* With the grants of the claim key, which counts it. */
static bool step_device(struct making *making)
{
    struct command_access *access = command_of(making, COMMAND_ACCOUNT_SET);
    access->has = HAS_NAME | HAS_GRANTS;
    access->account_kind = ACCOUNT_DEVICE;
    access->owner = making->account;
    access->name = making->name;
    access->grant_count = (uint16_t)making->grant_count;
    memcpy(access->grants, making->grants, sizeof making->grants);
    return true;
}

typedef bool making_step(struct making *making);
#define CODE_STEPS                                                                                 \
    step_code, step_code, step_code, step_code, step_code, step_code, step_code, step_code,        \
        step_code, step_code
_Static_assert(SECRET_RECOVERY_COUNT == 10, "a step each");
static making_step *const steps[][STEPS_MAX] = {
    [MAKE_SESSION] = {step_session},
    [MAKE_PASSWORD] = {step_password, step_end_sessions, step_end_invitations, step_activate},
    [MAKE_TOKEN] = {step_token},
    [MAKE_INVITATION] = {step_end_invitations, step_invitation},
    [MAKE_ACCEPT] = {step_use_invitation, step_password, step_end_sessions, step_end_invitations,
                     step_activate},
    [MAKE_SECOND] = {NULL},
    [MAKE_SECOND_SURE] = {step_second, step_use},
    [MAKE_RECOVERY] = {step_end_codes, CODE_STEPS},
    [MAKE_DEVICE] = {step_device, step_token}};

/* ---- going on ----------------------------------------------------------------------------------
 */
static void making_free(struct making *making)
{
    making->access->making_count--;
    link_take(&making->link);
    free(making->grant_texts);
    secret_wipe(making, sizeof *making);
    free(making);
}

static void making_end(struct making *making, enum access_made_code code)
{
    making->result.code = code;
    making->result.tenant = making->tenant;
    making->result.account = making->account;
    if (!making->gone)
        making->made(making->arg, &making->result);
    making_free(making);
}

static void making_go(struct making *making);

static void making_outcome(struct order *order, const struct outcome *outcome)
{
    struct making *making = LINK_OWNER(order, struct making, order);
    const struct command *command = &order->command;
    if (outcome == NULL) {
        making_end(making, MADE_BUSY);
        return;
    }
    if (outcome->code != OUTCOME_DONE) {
        bool used = making->making == MAKE_ACCEPT && outcome->code == OUTCOME_UNKNOWN_SECRET;
        making->result.outcome = outcome->code;
        making->result.sentence = outcome_text(outcome->code);
        making_end(making, used ? MADE_DENIED : MADE_REFUSED);
        return;
    }
    if (command->kind == COMMAND_SECRET_ADD)
        making->result.secret = outcome->number;
    if (command->kind == COMMAND_ACCOUNT_SET && command->access.number == ACCOUNT_NONE)
        making->account = outcome->number;
    making_go(making);
}

static void making_go(struct making *making)
{
    while (making->step < STEPS_MAX && steps[making->making][making->step] != NULL) {
        if (!steps[making->making][making->step++](making))
            continue;
        making->order.done = making_outcome;
        order_put(making->access, &making->order);
        return;
    }
    making_end(making, MADE_DONE);
}

void password_hashed(struct password_job *job)
{
    struct making *making = job->making;
    if (making == NULL)
        return;
    if (job->result != OK) {
        making_end(making, MADE_BUSY);
        return;
    }
    memcpy(making->hash, job->hash, sizeof making->hash);
    making_go(making);
}

/* ---- second factors that are begun -------------------------------------------------------------
 */
static struct begun_second *second_find(struct access *access, uint32_t account)
{
    for (size_t i = 0; i < MAKE_SECONDS_MAX; i++)
        if (access->seconds[i].account == account &&
            access->boot_ns - access->seconds[i].began_ns <= MAKE_SECOND_TIME)
            return &access->seconds[i];
    return NULL;
}

static struct begun_second *second_get(struct access *access, uint32_t account)
{
    struct begun_second *second = second_find(access, account);
    if (second == NULL) {
        second = &access->seconds[0];
        for (size_t i = 1; i < MAKE_SECONDS_MAX; i++)
            if (access->seconds[i].began_ns < second->began_ns)
                second = &access->seconds[i];
    }
    *second = (struct begun_second){.account = account, .began_ns = access->boot_ns};
    access->config.random(second->seed, sizeof second->seed);
    return second;
}

static void second_tell(const struct begun_second *second, const struct account_view *account,
                        const struct tenant_view *tenant, struct access_made *made)
{
    char name[ACCESS_NAME_MAX + ACCESS_TENANT_NAME_MAX + 2];
    int size = snprintf(name, sizeof name, "%.*s@%.*s", (int)account->name.size,
                        (const char *)account->name.at, (int)tenant->name.size,
                        (const char *)tenant->name.at);
    /* The names fit: it has no other error. */
    enum err err = secret_totp_uri(bytes_text("Mainstem"), bytes_of(name, (size_t)size),
                                   second->seed, made->text);
    check(err == OK);
    made->code_count = 1;
    secret_base32_put(bytes_of(second->seed, sizeof second->seed), made->codes[0]);
}

static bool second_seal(struct making *making, struct bytes code)
{
    struct access *access = making->access;
    struct begun_second *second = second_find(access, making->account);
    uint8_t nonce[SECRET_NONCE_SIZE];
    char context[SECOND_CONTEXT_SIZE];
    if (second == NULL ||
        !second_totp_check(access, making->account, second->seed, code, &making->used_step))
        return false;
    access->config.random(nonce, sizeof nonce);
    size_t size = second_context(making->account, context);
    secret_seal(access->config.key, bytes_of(context, size), nonce,
                bytes_of(second->seed, sizeof second->seed), making->sealed);
    secret_wipe(second, sizeof *second);
    return true;
}

/* ---- beginning ---------------------------------------------------------------------------------
 */
struct wish { /* what is known of a request before it begins */
    const struct access_request *request;
    struct account_view account;
    struct tenant_view tenant;
    uint32_t invitation;
    const char *sentence; /* why it cannot be */
};

/* The account of an invitation or a claim key; ACCOUNT_NONE: there is none, or no more. */
static uint32_t account_by_secret(const struct access *access, const struct access_request *request,
                                  uint32_t *ret_secret)
{
    struct secret_view secret;
    enum secret_kind kind = request->making == MAKE_ACCEPT ? SECRET_INVITATION : SECRET_TOKEN;
    *ret_secret = token_find(access, kind, request->secret, &secret);
    if (*ret_secret == SECRET_NONE ||
        secret.expires_wall_ns <= access->config.clock->wall_ns(access->config.clock))
        return ACCOUNT_NONE;
    return secret.account;
}

static bool wish_account(const struct access *access, struct wish *wish)
{
    const struct access_request *request = wish->request;
    struct access_model *model = access->config.model;
    bool by_secret = request->making == MAKE_ACCEPT || request->making == MAKE_DEVICE;
    uint32_t account =
        by_secret ? account_by_secret(access, request, &wish->invitation) : request->account;
    if (account == ACCOUNT_NONE || account > access_accounts(model) ||
        (request->by != NULL && request->by->ended))
        return false;
    access_account(model, account, &wish->account);
    const struct account_view *view = &wish->account;
    if (view->state == ACCOUNT_REMOVED || !access_tenant(model, view->tenant, &wish->tenant) ||
        wish->tenant.state != TENANT_ACTIVE)
        return false;
    bool now = by_secret || request->making == MAKE_SESSION;
    int64_t now_ns = access->config.clock->wall_ns(access->config.clock);
    if (now && (view->state == ACCOUNT_DISABLED || view->expires_wall_ns <= now_ns))
        return false;
    if (request->making == MAKE_DEVICE)
        return view->kind == ACCOUNT_CLAIM && view->uses_left > 0;
    return request->making != MAKE_SESSION || view->state == ACCOUNT_ACTIVE;
}

/* What kind of account can have it; a password has rules of its own. */
static const char *wish_fault(const struct wish *wish)
{
    const struct access_request *request = wish->request;
    enum account_kind kind = wish->account.kind;
    switch (request->making) {
    case MAKE_TOKEN:
        return kind == ACCOUNT_PERSON ? "a person has no token: make an API token" : NULL;
    case MAKE_PASSWORD:
    case MAKE_ACCEPT:
        if (kind != ACCOUNT_PERSON && kind != ACCOUNT_DEVICE)
            return "only people and devices have passwords";
        return secret_password_fault(request->password, wish->account.name);
    case MAKE_DEVICE:
        return request->name.size == 0 || request->name.size > ACCESS_NAME_MAX
                   ? outcome_text(OUTCOME_NAME_INVALID)
                   : NULL;
    default:
        return kind == ACCOUNT_PERSON ? NULL : "only people have that";
    }
}

static struct bytes making_keep(char **at, struct bytes text, size_t most)
{
    char *kept = *at;
    size_t size = text_printable(text, text.size < most ? text.size : most, kept);
    *at += size;
    return bytes_of(kept, size);
}

static void making_actor(struct making *making, const struct wish *wish)
{
    const struct access_request *request = wish->request;
    const struct account_view *account = &wish->account;
    struct principal_view by = {.actor = {.door = (uint8_t)request->door,
                                          .account = account->account,
                                          .tenant = account->tenant}};
    int size;
    if (request->by != NULL) {
        principal_view(request->by, &by);
        size = snprintf(making->actor_name, sizeof making->actor_name, "%s", by.name);
    } else {
        size = snprintf(making->actor_name, sizeof making->actor_name, "%s%.*s@%.*s",
                        account->kind == ACCOUNT_CLAIM ? "claim key " : "", (int)account->name.size,
                        (const char *)account->name.at, (int)wish->tenant.name.size,
                        (const char *)wish->tenant.name.at);
    }
    making->actor = by.actor;
    making->actor.name = bytes_of(making->actor_name, (size_t)size);
    making->actor.address = making->address;
}

static struct making *making_create(struct access *access, const struct wish *wish,
                                    access_making_done *made, void *arg)
{
    const struct access_request *request = wish->request;
    struct making *making = access->making_count < MAKINGS_MAX ? calloc(1, sizeof *making) : NULL;
    if (making == NULL)
        return NULL;
    char *at = making->texts;
    const char *address = request->address != NULL ? request->address
                          : request->by != NULL    ? request->by->address
                                                   : "";
    making->access = access;
    making->made = made;
    making->arg = arg;
    making->making = request->making;
    making->tenant = wish->account.tenant;
    making->account = wish->account.account;
    making->invitation = wish->invitation;
    making->name = making_keep(&at, request->name, ACCESS_NAME_MAX);
    making->label = making_keep(&at, request->label, SECRET_LABEL_MAX);
    making->address = making_keep(&at, bytes_text(address), ACTOR_ADDRESS_MAX);
    making->result.expires_wall_ns =
        request->expires_wall_ns == 0 ? INT64_MAX : request->expires_wall_ns;
    making_actor(making, wish);
    link_init(&making->link);
    link_put(&access->makings, &making->link);
    access->making_count++;
    return making;
}

static struct bytes grant_keep(uint8_t **at, struct bytes text)
{
    struct bytes kept = bytes_of(*at, text.size);
    if (text.size > 0)
        memcpy(*at, text.at, text.size);
    *at += text.size;
    return kept;
}

/* The model's texts live until the next record; the command may have to wait for longer. */
static bool make_grants(struct making *making, const struct account_view *claim)
{
    size_t size = 1;
    for (uint32_t i = 0; i < claim->grant_count; i++)
        size += claim->grants[i].role.size + claim->grants[i].branch.size;
    uint8_t *at = making->grant_texts = malloc(size);
    if (at == NULL)
        return false;
    making->grant_count = claim->grant_count;
    for (uint32_t i = 0; i < claim->grant_count; i++) {
        making->grants[i].role = grant_keep(&at, claim->grants[i].role);
        making->grants[i].branch = grant_keep(&at, claim->grants[i].branch);
    }
    return true;
}

static void make_text(struct making *making, enum secret_token_kind kind)
{
    uint8_t random[SECRET_TOKEN_RANDOM_SIZE];
    making->access->config.random(random, sizeof random);
    secret_token_make(kind, random, making->result.text, making->digest);
    secret_wipe(random, sizeof random);
}

static void make_codes(struct making *making)
{
    uint8_t random[SECRET_RECOVERY_RANDOM_SIZE];
    making->result.code_count = SECRET_RECOVERY_COUNT;
    for (size_t i = 0; i < SECRET_RECOVERY_COUNT; i++) {
        making->access->config.random(random, sizeof random);
        secret_recovery_make(random, making->result.codes[i], making->digests[i]);
    }
    secret_wipe(random, sizeof random);
}

static void make_session(struct making *making)
{
    struct access *access = making->access;
    int64_t most_ns = access->config.clock->wall_ns(access->config.clock) +
                      access->config.settings->access_session_time;
    if (making->result.expires_wall_ns > most_ns)
        making->result.expires_wall_ns = most_ns;
    make_text(making, SECRET_TOKEN_BROWSER);
}

/* Its random bytes and hashes. LATER: the worker hashes first. */
static enum access_made_code making_prepare(struct making *making, const struct wish *wish)
{
    static const char letters[] = {[ACCOUNT_PERSON] = 0,
                                   [ACCOUNT_DEVICE] = SECRET_TOKEN_DEVICE,
                                   [ACCOUNT_TOKEN] = SECRET_TOKEN_API,
                                   [ACCOUNT_CLAIM] = SECRET_TOKEN_CLAIM};
    const struct access_request *request = wish->request;
    struct password_job *job;
    switch (request->making) {
    case MAKE_SESSION:
        make_session(making);
        return MADE_DONE;
    case MAKE_TOKEN:
        make_text(making, (enum secret_token_kind)letters[wish->account.kind]);
        return MADE_DONE;
    case MAKE_INVITATION:
        make_text(making, SECRET_TOKEN_INVITATION);
        return MADE_DONE;
    case MAKE_DEVICE:
        make_text(making, SECRET_TOKEN_DEVICE);
        return make_grants(making, &wish->account) ? MADE_DONE : MADE_BUSY;
    case MAKE_RECOVERY:
        make_codes(making);
        return MADE_DONE;
    case MAKE_SECOND_SURE:
        return second_seal(making, request->secret) ? MADE_DONE : MADE_DENIED;
    default: /* a password */
        making->result.expires_wall_ns = INT64_MAX;
        job = password_job_create(making->access, making->tenant, true, request->password);
        if (job == NULL)
            return MADE_BUSY;
        job->making = making;
        password_job_start(job);
        return MADE_LATER;
    }
}

enum access_made_code access_make(struct access *access, const struct access_request *request,
                                  access_making_done *made, void *arg, struct access_made *ret_made)
{
    struct wish wish = {.request = request};
    memset(ret_made, 0, sizeof *ret_made);
    ret_made->code = MADE_DENIED;
    if (!wish_account(access, &wish))
        return MADE_DENIED;
    ret_made->sentence = wish_fault(&wish);
    if (ret_made->sentence != NULL)
        return ret_made->code = MADE_REFUSED;
    ret_made->tenant = wish.account.tenant;
    ret_made->account = wish.account.account;
    if (request->making == MAKE_SECOND) {
        second_tell(second_get(access, wish.account.account), &wish.account, &wish.tenant,
                    ret_made);
        return ret_made->code = MADE_DONE;
    }
    struct making *making = making_create(access, &wish, made, arg);
    if (making == NULL)
        return ret_made->code = MADE_BUSY;
    enum access_made_code code = making_prepare(making, &wish);
    if (code == MADE_DONE)
        making_go(making);
    else if (code != MADE_LATER)
        making_free(making);
    return ret_made->code = code == MADE_DONE ? MADE_LATER : code;
}

void access_make_forget(struct access *access, void *arg)
{
    for (struct link *at = access->makings.next; at != &access->makings; at = at->next) {
        struct making *making = LINK_OWNER(at, struct making, link);
        if (making->arg == arg)
            making->gone = true;
    }
}

void makings_done(struct access *access)
{
    for (struct link *at = access->makings.next; at != &access->makings; at = at->next)
        LINK_OWNER(at, struct making, link)->gone = true;
    /* Those whose password is being hashed have no order that would end them. */
    for (struct link *at = access->jobs.next; at != &access->jobs; at = at->next) {
        struct password_job *job = LINK_OWNER(at, struct password_job, link);
        if (job->making != NULL)
            making_free(job->making);
        job->making = NULL;
    }
}
