/* Anything that somebody may say of himself, and any text that he may ask for, in a house with two
 * tenants, a share and an account of each kind. Passwords are not hashed: every one is right, so
 * that what follows a right one is reached. Nobody gets in without an account, nobody may what a
 * role of his does not say, and whatever a client calls himself, it does not widen that.
 *
 * Input: a byte of how and door, then texts, each with its size in a byte. */
#include "access/room.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

#define PENDING_MAX 64

struct fuzz {
    struct state *state;
    struct points *points;
    struct access_model *model;
    struct secret_key *key;
    struct settings settings;
    struct access *access;
    struct record_stamp stamp;
    struct {
        struct command command;
        uint64_t tag;
    } pending[PENDING_MAX];
    size_t pending_count;
    struct job *jobs;
    uint32_t acme, giver;
};
static struct fuzz fuzz;

struct fuzz_clock {
    struct clock port;
    int64_t boot_ns;
};

static int64_t clock_boot_ns(struct clock *clock)
{
    return ((struct fuzz_clock *)(void *)clock)->boot_ns;
}

static int64_t clock_wall_ns(struct clock *clock)
{
    return INT64_C(1700000000) * NS_PER_S + clock_boot_ns(clock);
}

static struct fuzz_clock fuzz_clock = {{clock_boot_ns, clock_wall_ns}, NS_PER_S};

static void fuzz_random(void *at, size_t size)
{
    static uint64_t seed = 1;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)at)[i] = (uint8_t)((seed = seed * UINT64_C(6364136223846793005) + 1) >> 56);
}

/* ---- a worker that finds every password right ---- */
static void worker_submit(struct worker *worker, struct job *job)
{
    (void)worker;
    job->next = fuzz.jobs;
    fuzz.jobs = job;
}

static size_t worker_poll(struct worker *worker)
{
    size_t count = 0;
    (void)worker;
    while (fuzz.jobs != NULL) {
        struct job *job = fuzz.jobs;
        fuzz.jobs = job->next;
        job->done(job);
        count++;
    }
    return count;
}

static void worker_wait(struct worker *worker)
{
    (void)worker;
}

static struct worker fuzz_worker = {
    .submit = worker_submit, .poll = worker_poll, .wait = worker_wait};

/* ---- the model as the engine ---- */
static uint32_t apply(const struct command *command, struct outcome *ret_outcome)
{
    struct fact fact = {.kind = FACT_ACCESS, .command = *command};
    fuzz.stamp.position++;
    fuzz.stamp.wall_ns = clock_wall_ns(&fuzz_clock.port);
    check(access_apply_fact(fuzz.model, fuzz.points, &fact, &fuzz.stamp, NULL, ret_outcome) == OK);
    return ret_outcome->number;
}

static bool take_audit(void *arg, const struct fact_audit *audit)
{
    struct fact fact = {.kind = FACT_AUDIT, .audit = *audit};
    struct outcome outcome;
    (void)arg;
    check(audit->actor.name.size <= ACTOR_NAME_MAX && audit->object.size <= AUDIT_TEXT_MAX &&
          audit->actor.address.size <= ACTOR_ADDRESS_MAX);
    return access_apply_fact(fuzz.model, fuzz.points, &fact, &fuzz.stamp, NULL, &outcome) == OK;
}

static bool take_command(void *arg, const struct command *command, uint64_t tag)
{
    (void)arg;
    if (fuzz.pending_count == PENDING_MAX)
        return false;
    fuzz.pending[fuzz.pending_count].command = *command;
    fuzz.pending[fuzz.pending_count++].tag = tag;
    return true;
}

static const struct access_port fuzz_port = {take_audit, take_command};

static void settle(void)
{
    do {
        size_t count = fuzz.pending_count;
        for (size_t i = 0; i < count; i++) {
            struct outcome outcome;
            struct command command = fuzz.pending[i].command;
            uint64_t tag = fuzz.pending[i].tag;
            apply(&command, &outcome);
            access_outcome(fuzz.access, tag, &outcome);
        }
        memmove(fuzz.pending, fuzz.pending + count,
                (fuzz.pending_count - count) * sizeof fuzz.pending[0]);
        fuzz.pending_count -= count;
    } while (access_step(fuzz.access, fuzz_clock.boot_ns) == 0 || fuzz.pending_count > 0);
}

/* ---- the house ---- */
static struct command command_of(enum command_kind kind, uint32_t tenant)
{
    return (struct command){.kind = (uint8_t)kind,
                            .tenant = tenant,
                            .access = {.expires_wall_ns = INT64_MAX},
                            .actor = {.door = ACTOR_HTTP}};
}

static uint32_t must(struct command command)
{
    struct outcome outcome;
    uint32_t number = apply(&command, &outcome);
    check(outcome.code == OUTCOME_DONE);
    return number;
}

static uint32_t put_tenant(const char *name)
{
    struct command command = command_of(COMMAND_TENANT_SET, TENANT_MAIN);
    command.access.has = HAS_NAME;
    command.access.name = bytes_text(name);
    return must(command);
}

static uint32_t put_account(uint32_t tenant, enum account_kind kind, const char *name,
                            const char *role)
{
    struct command command = command_of(COMMAND_ACCOUNT_SET, tenant);
    command.access.has = HAS_NAME | HAS_GRANTS;
    command.access.account_kind = (uint8_t)kind;
    command.access.name = bytes_text(name);
    command.access.grant_count = 1;
    command.access.grants[0] = (struct grant){bytes_text(role), bytes_text("#")};
    return must(command);
}

static void put_secret(uint32_t tenant, uint32_t account, enum secret_kind kind, struct bytes id,
                       struct bytes proof)
{
    struct command command = command_of(COMMAND_SECRET_ADD, tenant);
    command.access.owner = account;
    command.access.secret_kind = (uint8_t)kind;
    command.access.id = id;
    command.access.proof = proof;
    must(command);
}

static void put_share(void)
{
    struct command command = command_of(COMMAND_SHARE_OFFER, fuzz.giver);
    command.access.other = fuzz.acme;
    command.access.rights = RIGHT_SEE;
    command.access.pattern_count = 1;
    command.access.patterns[0] = bytes_text("fire/#");
    uint32_t share = must(command);
    command = command_of(COMMAND_SHARE_ACCEPT, fuzz.acme);
    command.access.number = share;
    must(command);
}

static void house_fill(void)
{
    uint8_t recovery[SECRET_DIGEST_SIZE];
    static const uint8_t fingerprint[SECRET_DIGEST_SIZE] = "fingerprint";
    uint32_t root = put_account(TENANT_MAIN, ACCOUNT_PERSON, "root", "host");
    put_secret(TENANT_MAIN, root, SECRET_PASSWORD, bytes_of("", 0), bytes_text("x"));
    fuzz.acme = put_tenant("acme");
    fuzz.giver = put_tenant("giver");
    put_share();
    struct command command = command_of(COMMAND_ROLE_SET, fuzz.acme);
    command.access.name = bytes_text("own");
    command.access.rule_count = 2;
    command.access.rules[0] = (struct access_rule){bytes_text("%c/#"), RIGHT_SEE | RIGHT_WRITE};
    command.access.rules[1] = (struct access_rule){bytes_text("+/%c"), RIGHT_SEE | RIGHT_WRITE};
    must(command);
    uint32_t device = put_account(fuzz.acme, ACCOUNT_DEVICE, "dev", "own");
    uint32_t ann = put_account(fuzz.acme, ACCOUNT_PERSON, "ann", "viewer");
    put_secret(fuzz.acme, device, SECRET_PASSWORD, bytes_of("", 0), bytes_text("x"));
    put_secret(fuzz.acme, device, SECRET_CERTIFICATE, bytes_of(fingerprint, sizeof fingerprint),
               bytes_of("", 0));
    put_secret(fuzz.acme, device, SECRET_CERTIFICATE, bytes_text("CN=dev"), bytes_of("", 0));
    put_secret(fuzz.acme, ann, SECRET_PASSWORD, bytes_of("", 0), bytes_text("x"));
    put_secret(fuzz.acme, ann, SECRET_TOTP, bytes_of("", 0), bytes_text("sealed"));
    check(secret_recovery_read(bytes_text("abcd-efgh-ijkl-mnop"), recovery));
    put_secret(fuzz.acme, ann, SECRET_RECOVERY, bytes_of("", 0),
               bytes_of(recovery, sizeof recovery));
}

static void house_open(void)
{
    static const uint8_t key[SECRET_KEY_SIZE] = {1};
    memset(&fuzz, 0, sizeof fuzz);
    check(secrets_start() == OK && state_create(&fuzz.state) == OK &&
          points_create(fuzz.state, &points_limits_default, &fuzz.points) == OK &&
          access_model_create(fuzz.state, &access_limits_default, &fuzz.model) == OK &&
          secret_key_create(key, &fuzz.key) == OK);
    settings_default(&fuzz.settings);
    house_fill();
    struct access_config config = {.settings = &fuzz.settings,
                                   .model = fuzz.model,
                                   .clock = &fuzz_clock.port,
                                   .worker = &fuzz_worker,
                                   .key = fuzz.key,
                                   .port = &fuzz_port,
                                   .random = fuzz_random};
    check(access_create(&config, &fuzz.access) == OK);
}

/* ---- one input ---- */
struct input {
    const uint8_t *at;
    size_t size;
};

static struct bytes next(struct input *input)
{
    size_t size = input->size > 0 ? input->at[0] : 0;
    if (input->size == 0)
        return bytes_of("", 0);
    size = size < input->size - 1 ? size : input->size - 1;
    struct bytes text = bytes_of(input->at + 1, size);
    input->at += size + 1;
    input->size -= size + 1;
    return text;
}

static void put_nowhere(void *arg, const char *sentence)
{
    (void)arg;
    check(strlen(sentence) > 0);
}

static void principal_ask(struct principal *principal, struct bytes client_id, struct bytes text)
{
    struct principal_view view;
    uint32_t tenant;
    struct bytes path;
    principal_view(principal, &view);
    check(view.account != ACCOUNT_NONE && !view.trial && view.secret != SECRET_NONE);
    check(!access_may(principal, RIGHT_ADMINISTER, fuzz.giver, text));
    check(!access_may(principal, RIGHT_WRITE, fuzz.giver, text));
    bool device = view.tenant == fuzz.acme && view.kind == ACCOUNT_DEVICE;
    /* A device sees no more than what is in or below a level of its own name. */
    if (device && access_may(principal, RIGHT_WRITE, fuzz.acme, text)) {
        bool named = false;
        for (size_t i = 0; i + client_id.size <= text.size && !named; i++)
            named = memcmp(text.at + i, client_id.at, client_id.size) == 0;
        check(named && client_id.size > 0 && text.at[0] != '$' && text.at[0] != '@');
    }
    check(!device || !access_may(principal, RIGHT_SEE, fuzz.giver, text));
    if (access_resolve(fuzz.access, principal, text, &tenant, &path)) {
        check(tenant == view.tenant || (tenant == fuzz.giver && view.tenant == fuzz.acme));
        (void)access_present(fuzz.access, principal, tenant);
        bool sees = access_may(principal, RIGHT_SEE, tenant, path);
        struct scope *scope = scope_create(principal, tenant);
        check(scope != NULL && scope_sees(scope, path) == sees);
        scope_release(scope);
        struct pattern pattern;
        if (pattern_parse(path, &pattern) == NULL && pattern.exact)
            check(!sees || access_reach(principal, RIGHT_SEE, tenant, &pattern) != REACH_NONE);
        access_explain(fuzz.access, principal, RIGHT_SEE, tenant, path, put_nowhere, NULL);
    }
}

struct entered {
    int calls;
    enum access_answer answer;
    struct principal *principal;
};

static void told(void *arg, enum access_answer answer, struct principal *principal,
                 uint32_t retry_s)
{
    struct entered *entered = arg;
    (void)retry_s;
    entered->calls++;
    entered->answer = answer;
    entered->principal = principal;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static char address[256];
    if (size < 1)
        return 0;
    if (fuzz.access == NULL)
        house_open();
    struct input input = {at + 1, size - 1};
    struct entered entered = {.calls = 0};
    uint32_t retry_s;
    struct access_claim claim = {.how = (enum access_how)((at[0] & 7) % ACCESS_OWNER),
                                 .door = at[0] & 64 ? ACTOR_MQTT : ACTOR_HTTP,
                                 .loopback = at[0] & 128,
                                 .address = address};
    struct bytes text, from;
    struct bytes *const texts[] = {&claim.name,
                                   &claim.secret,
                                   &claim.client_id,
                                   &claim.second,
                                   &claim.fingerprint,
                                   &claim.common_name,
                                   &text,
                                   &from};
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        *texts[i] = next(&input);
    memcpy(address, from.at, from.size);
    address[from.size] = '\0';
    entered.answer =
        access_enter(fuzz.access, &claim, told, &entered, &entered.principal, &retry_s);
    bool later = entered.answer == ACCESS_LATER, forgotten = later && (at[0] & 32) != 0;
    if (forgotten)
        access_forget(fuzz.access, &entered);
    settle();
    check(entered.calls == (later && !forgotten));
    check((entered.principal != NULL) == (entered.answer == ACCESS_WELCOME));
    if (entered.principal != NULL)
        principal_ask(entered.principal, claim.client_id, text);
    principal_release(entered.principal);
    fuzz_clock.boot_ns += 1000 * NS_PER_S; /* nobody waits for long */
    return 0;
}
