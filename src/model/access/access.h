/* model/access: the reducer that knows who there is, and who may what: tenants, roles, accounts
 * with their secrets and grants, shares, OpenID providers, and the chained audit.
 *
 * Pure and deterministic, as points: what it is after a record depends on the records alone. All it
 * knows lies in paged tables of a struct state (ids 40..55 of the snapshot format,
 * docs/format/access.md), so that a snapshot is a copy of pages and replay = live = snapshot + tail
 * by state hash. It decides nothing about a request: src/access does, from what is here. It never
 * sees a secret in clear: hashes and sealed bytes come with the command (src/secrets).
 *
 *   tenant    an enterprise or authority. Tenant 1 is the house, "main": who runs the server. Names
 *             are unique, [a-z0-9-], 1..64 bytes; numbers count up and are never reused
 *   role      of a tenant: a name and rights; a right is a pattern of paths and what it allows. The
 *             built-in roles (BUILTIN_ROLES) exist in every tenant and cannot be changed
 *   account   who can prove who he is: a person, a device, an API token, a claim key for devices.
 *             Names are unique within a tenant and kind
 *   grant     of an account: a role, within a branch (a pattern). Without one it may nothing
 *   secret    of an account: what proves it (password, token, certificate, second factor, session)
 *   share     a tenant lets another see branches of its own, or acknowledge there as well
 *   provider  an OpenID provider whose people a tenant lets in
 *   audit     every command of this room, and what doors tell (login, denial, export, changes of
 *             other rooms), numbered from 1, each entry chained to the one before by SHA-256
 *
 * Names. A tenant's: [a-z0-9] and '-' inside. Accounts', roles', providers': UTF-8 without control
 * characters, '/', '@', '+', '#', not beginning with '$' or a blank, not ending in a blank. From
 * rules 2 on an account's shows what it is: no character that is not seen or turns the line around
 * (Unicode's Cf, other blanks, fillers, private use), and no first word that stands for the server,
 * the owner, trial, or another kind of account ("token ann" of a person), nor one that looks like
 * it.
 *
 * Rules. What is refused may change with the program, but an old record is judged as it was: from a
 * FACT_START of reducer version 2 on ACCESS_RULES_2 holds, and never before. It is stricter about
 * names, certificates, offers and what one tenant or person can take; the headings say how.
 *
 * Owners. A token acts for the person who made it: while that person is disabled, and for ever once
 * he is removed, access_account tells it as disabled; one that a token makes is its person's.
 * Devices stay. A device whose owner is a claim key takes one of its uses, and is refused when
 * there is none, or the key is disabled or its time is over.
 *
 * Hosts. What lets a person of main run the server is the role "host" on "#", a password or an
 * OpenID subject, the state active and no end in time. The last one of them can neither be removed,
 * disabled, given an end, nor lose that grant or the last secret that proves it
 * (OUTCOME_LAST_HOST).
 *
 * Secrets. An id is unique in its kind, on the whole server; from rules 2 on a certificate's within
 * its tenant, and a common name is of the tenant that it names: "press-1@acme" is acme's alone, one
 * without a tenant the house's. A new password or TOTP seed takes the place of the one before. With
 * a new session the account's sessions that ended go, and of more than 64 the oldest; of other
 * secrets an account has 64 at most.
 *
 * What goes. A removed account keeps its row and its name; its grants and secrets are gone. What is
 * of a deleted tenant cannot be found from then on; its accounts and shares are cleared away, a few
 * with each record that follows. Shares with a deleted tenant have ended. Numbers of tenants,
 * accounts, secrets, shares and providers are never given again.
 *
 * The audit's words. Actions "tenant.set", "tenant.state", "role.set", "role.remove",
 * "account.set", "account.remove", "secret.add", "secret.remove", "share.offer", "share.accept",
 * "share.end", "provider.set", "provider.remove"; objects "tenant/acme", "role/fitter",
 * "person/ann", "device/press-1", "share/3 from acme to city", "provider/entra"; outcomes the names
 * of OUTCOME_TABLE in small letters. Commands that name no actor (ACTOR_NONE) are not in it.
 *
 * Resources. What is asked about is a path of points, or one that begins with '$':
 *   $tenant/...   of the account's tenant: users, roles, tokens, devices, shares, audit, quotas
 *   $server/...   of the machine: state, settings, metrics, tenants, $SYS. Granted in tenant 1 only
 * "#" matches neither of them: a right must name them. One thread. */
#pragma once

#include "base/base.h"
#include "format/format.h"
#include "model/points/points.h"
#include "state/state.h"

#define ACCESS_TABLE_FIRST 40
#define AUDIT_RUNS_TABLE 112 /* came later: 49 to 51 are another room's */
#define TENANT_MAIN TENANT_DEFAULT
#define TENANT_NONE 0
#define ACCOUNT_NONE 0
#define SECRET_NONE 0
#define SHARE_NONE 0
#define PROVIDER_NONE 0
#define ACCESS_RULES_2 2u /* a FACT_START of this reducer version brings them */

struct access_limits {        /* they decide outcomes: records are replayed under the same */
    uint32_t tenants_max;     /* 65,536 */
    uint32_t accounts_max;    /* that are there: 4,000,000; numbers ever given: four times that */
    uint32_t secrets_max;     /* that are there: 16,000,000 */
    uint32_t roles_max;       /* of one tenant: 1,000 */
    uint32_t rights_max;      /* of one role: ACCESS_RIGHTS_MAX */
    uint32_t grants_max;      /* of one account: ACCESS_GRANTS_MAX */
    uint32_t shares_max;      /* of one tenant, given and taken: 65,536 */
    uint32_t gives_max;       /* the same by rules 2: that it gives: 4,096 */
    uint32_t offers_max;      /* rules 2: of one tenant to one other, that stand: 64 */
    uint32_t tokens_max;      /* rules 2: of one person, or of one device or claim key: 100 */
    uint32_t providers_max;   /* of one tenant: 16 */
    uint32_t audit_kept;      /* newest entries that can be listed from memory: 65,536 */
    uint64_t texts_bytes_max; /* 4 GiB */
};
/* From rules 2 on a tenant that is not the house has at most a tenth of accounts_max and of
 * secrets_max, and takes more only while that is less than a quarter of what is free. */
extern const struct access_limits access_limits_default;

struct access_model;
/* state must outlive it or be destroyed right after. */
MUST_USE enum err access_model_create(struct state *state, const struct access_limits *limits,
                                      struct access_model **ret_model);
void access_model_destroy(struct access_model *model); /* NULL is fine */
/* After the state's pages were loaded from a snapshot: indexes. ERR_CORRUPT when the pages
 * contradict each other. */
MUST_USE enum err access_model_rebuild(struct access_model *model);
uint64_t access_model_memory(const struct access_model *model); /* indexes; pages: state's */
/* Counts up with each record that changed anything but the audit and sessions' ends in time. */
uint64_t access_model_version(const struct access_model *model);

/* ---- the reducer -------------------------------------------------------------------------------
 */
/* FACT_ACCESS (a struct command of an access kind with its actor), FACT_AUDIT, and FACT_START for
 * the rules; other kinds are OK and do nothing. The outcome's number is that of what was made or
 * touched. previous: the outcome of the command right before this record in the same batch, for a
 * FACT_AUDIT that says `of_previous`; NULL: there is none. ERR_CORRUPT: no command that a decoder
 * gives out. ERR_NO_MEMORY, ERR_LIMIT (64 GiB of texts were held at some time): the record may be
 * half applied, the state must be dropped and loaded again. Idempotency keys are those of points
 * (points_key_claim). What a refused command would have changed stays as it was; it is in the audit
 * all the same. */
MUST_USE enum err access_apply_fact(struct access_model *model, struct points *points,
                                    const struct fact *fact, const struct record_stamp *stamp,
                                    const struct outcome *previous, struct outcome *ret_outcome);

/* ---- tenants -----------------------------------------------------------------------------------
 */
struct tenant_view { /* texts live until the next apply */
    uint32_t tenant;
    enum tenant_state state; /* TENANT_ACTIVE, TENANT_SUSPENDED, TENANT_DELETED */
    struct bytes name, title;
    struct tenant_quotas quotas; /* 0: no limit of its own */
    uint64_t position;           /* of the record that made it */
    int64_t wall_ns;
    uint32_t accounts, persons, devices, roles, shares_given, shares_taken;
};
uint32_t access_tenants(const struct access_model *model); /* highest number; at least 1 */
/* false: there never was one of this number. */
MUST_USE bool access_tenant(const struct access_model *model, uint32_t tenant,
                            struct tenant_view *ret_view);
uint32_t access_tenant_find(const struct access_model *model, struct bytes name);

/* ---- roles -------------------------------------------------------------------------------------
 */
/* name, title, rights on "#", on "$tenant/#", on "$server/#" (main only) */
#define BUILTIN_ROLES(X)                                                                           \
    X("viewer", "sees values, history and alarms", RIGHT_SEE, 0, 0)                                \
    X("operator", "sees, writes and acknowledges", RIGHT_SEE | RIGHT_WRITE | RIGHT_ACKNOWLEDGE, 0, \
      0)                                                                                           \
    X("engineer", "configures as well: points, policies, corrections",                             \
      RIGHT_SEE | RIGHT_WRITE | RIGHT_ACKNOWLEDGE | RIGHT_CONFIGURE, 0, 0)                         \
    X("administrator", "everything in the tenant", RIGHT_ALL, RIGHT_ALL, 0)                        \
    X("auditor", "sees values, people and the audit, changes nothing", RIGHT_SEE, RIGHT_SEE, 0)    \
    X("device", "writes below devices/ and its own name", 0, 0,                                    \
      0) /* RIGHT_WRITE | RIGHT_SEE on "devices/%c/#" and "devices/%u/#" */                        \
    X("host", "runs the server: everything in the tenant main, and $server", RIGHT_ALL, RIGHT_ALL, \
      RIGHT_ALL)
struct right_view { /* pattern: of paths; %c and %u stand for client id and account name; for a
                       device %c is a client id that is its name, or nothing */
    struct bytes pattern;
    uint32_t rights; /* RIGHT_... bits */
};
struct role_view {
    uint32_t tenant;
    bool builtin;
    struct bytes name, title;
    uint32_t right_count;
    struct right_view rights[ACCESS_RIGHTS_MAX];
    uint64_t position;
};
/* false: no such role there. A built-in one answers in every tenant ("host" in main only). */
MUST_USE bool access_role_find(const struct access_model *model, uint32_t tenant, struct bytes name,
                               struct role_view *ret_view);
/* Of a tenant by index from 0, the built-in ones first, then in the order they were made; false
 * behind the last. Walks as many as the index says. */
MUST_USE bool access_role_at(const struct access_model *model, uint32_t tenant, uint32_t index,
                             struct role_view *ret_view);

/* ---- accounts ----------------------------------------------------------------------------------
 */
struct account_view {
    uint32_t account, tenant, owner; /* owner: the account that made it */
    enum account_kind kind; /* ACCOUNT_PERSON, ACCOUNT_DEVICE, ACCOUNT_TOKEN, ACCOUNT_CLAIM */
    enum account_state
        state; /* ACCOUNT_ACTIVE, ACCOUNT_DISABLED, ACCOUNT_INVITED, ACCOUNT_REMOVED */
    struct bytes name, title, email, language;
    int64_t created_wall_ns, expires_wall_ns; /* INT64_MAX: never */
    uint32_t uses_left; /* of a claim key: devices it may still make; UINT32_MAX: any number */
    uint32_t grant_count;
    struct grant grants[ACCESS_GRANTS_MAX];
    bool has_password, has_second_factor;
    uint64_t used_step; /* codes of its second factor up to this step were used */
    uint64_t position;
};
uint32_t access_accounts(const struct access_model *model); /* highest number */
/* account in 1..access_accounts(); removed ones answer with their state. */
void access_account(const struct access_model *model, uint32_t account,
                    struct account_view *ret_view);
uint32_t access_account_find(const struct access_model *model, uint32_t tenant,
                             enum account_kind kind, struct bytes name);
/* The next of a tenant behind `account` (ACCOUNT_NONE: the first), ascending; ACCOUNT_NONE at the
 * end. `account` may have been removed meanwhile: a walk that stood there goes on. */
uint32_t access_account_next(const struct access_model *model, uint32_t tenant, uint32_t account);
/* Does any active person hold "host" on "#", with a password or a provider? Until then: trial. */
bool access_has_host(const struct access_model *model);

/* ---- secrets -----------------------------------------------------------------------------------
 */
struct secret_view {
    uint32_t secret, account;
    enum secret_kind kind;
    struct bytes id; /* what it is found by: a token's id, a certificate's fingerprint (32 bytes) or
                        "CN=name", "issuer\nsubject\ntenant" of OpenID; empty for the others */
    struct bytes proof;   /* a password's hash string, a token's 32 bytes, sealed bytes */
    struct bytes label;   /* for people: user agent, name of the key */
    struct bytes address; /* where a session began */
    int64_t created_wall_ns, expires_wall_ns; /* INT64_MAX: never */
};
/* A COMMAND_SECRET_ADD of a password with this and its number as the id gives the same password
 * another proof: it keeps its number, and whoever came with it stays. Refused when that password is
 * none any more. */
#define PASSWORD_RENEWS "renews:"
/* SECRET_NONE when there is none, or it or its account was removed. */
uint32_t access_secret_find(const struct access_model *model, enum secret_kind kind,
                            struct bytes id);
/* The certificate of this id in this tenant; TENANT_NONE: in any, if no two of them claim it.
 * *ret_claimed (may be NULL): how many do. A common name ("CN=..") is found in the tenant that it
 * names alone. */
uint32_t access_certificate_find(const struct access_model *model, uint32_t tenant, struct bytes id,
                                 uint32_t *ret_claimed);
/* The tenant that a common name names behind its last '@': the house when there is none;
 * TENANT_NONE: one that is not there. */
uint32_t access_common_name_tenant(const struct access_model *model, struct bytes common_name);
MUST_USE bool access_secret(const struct access_model *model, uint32_t secret,
                            struct secret_view *ret_view);
/* Of an account, one behind the other; SECRET_NONE starts and ends. */
uint32_t access_secret_next(const struct access_model *model, uint32_t account, uint32_t secret);

/* ---- shares ------------------------------------------------------------------------------------
 */
struct share_view {
    uint32_t share, from, to; /* tenants: `to` sees of `from` */
    enum share_state state;   /* SHARE_OFFERED, SHARE_ACTIVE, SHARE_ENDED */
    uint32_t rights;          /* RIGHT_SEE, or with RIGHT_ACKNOWLEDGE */
    uint32_t pattern_count;
    struct bytes patterns[SHARE_PATTERNS_MAX];
    struct bytes title;
    struct bytes to_name; /* of an offer to a name that no tenant had: to is TENANT_NONE */
    int64_t wall_ns, accepted_wall_ns, ended_wall_ns;
};
/* Offers. From rules 2 on an offer may say a name instead of a tenant (SHARE_TO_NAME): when no
 * tenant has it, the offer stands all the same, and is never accepted: who offers does not learn
 * which names there are. */
uint32_t access_shares(const struct access_model *model); /* highest number */
MUST_USE bool access_share(const struct access_model *model, uint32_t share,
                           struct share_view *ret_view);
/* Shares that a tenant gave (given) or takes, offered ones too, behind `share`, ascending;
 * SHARE_NONE at the end. Those that ended are not among them; `share` may have ended meanwhile. */
uint32_t access_share_next(const struct access_model *model, uint32_t tenant, bool given,
                           uint32_t share);

/* ---- OpenID providers --------------------------------------------------------------------------
 */
/* A change says all of it; only an empty sealed secret leaves the one that was. */
struct provider_view {
    uint32_t provider, tenant;
    struct bytes name, issuer, client_id, sealed_secret;
    struct bytes scopes; /* beside openid */
    struct bytes role,
        branch; /* of people who come for the first time; empty: none gets in unasked */
    bool removed;
};
uint32_t access_providers(const struct access_model *model);
MUST_USE bool access_provider(const struct access_model *model, uint32_t provider,
                              struct provider_view *ret_view);
/* Of a tenant that is there, by name; PROVIDER_NONE. */
uint32_t access_provider_find(const struct access_model *model, uint32_t tenant, struct bytes name);
/* Of a tenant that is there, behind `provider` (PROVIDER_NONE: the first), ascending; PROVIDER_NONE
 * at the end. Passes over those of others, unless the tenant has none: some 2 ns each. */
uint32_t access_provider_next(const struct access_model *model, uint32_t tenant, uint32_t provider);

/* ---- audit -------------------------------------------------------------------------------------
 */
struct audit_view { /* texts live until the next apply */
    uint64_t number, position;
    int64_t wall_ns;
    uint32_t tenant, account;
    enum actor_door door;
    struct bytes actor, address; /* name of who did it; where from */
    struct bytes action, object; /* "login", "denied", "user.set", "point.rename", ...; of what */
    struct bytes detail;
    struct bytes outcome; /* "done", or why not */
    uint8_t chain[32];    /* SHA-256 over the entry before's chain and this entry */
};
uint64_t access_audit_count(const struct access_model *model);  /* number of the newest entry */
uint64_t access_audit_oldest(const struct access_model *model); /* oldest that is in memory */
void access_audit_head(const struct access_model *model, uint8_t chain[32]); /* of the newest */
MUST_USE bool access_audit(const struct access_model *model, uint64_t number,
                           struct audit_view *ret_view);
/* The chain after this entry, as the reducer computes it; for who reads the journal again. */
void audit_chain(const uint8_t before[32], const struct audit_view *entry, uint8_t ret_chain[32]);

/* ---- entries that leave memory -----------------------------------------------------------------
 * The ring holds the newest audit_kept entries. Before one leaves it, the owner writes it as a
 * FACT_ENTRY of MODULE_ACCESS into the journal's facts lane, where it stays for ever; it does not
 * apply it by itself: it comes back as a record. What is kept of it here is in which run it lies,
 * and where the records of a run are. */
#define AUDIT_RUN 512 /* entries of a run */
/* Entries that should be written now: those older than the newest half of the ring. */
uint64_t access_audit_unwritten(const struct access_model *model);
/* So many wait to be written, or so many are made by one batch already, that no new ones should be
 * made before some were: else the ring could go over what is not written. Three batches may be on
 * their way. */
bool access_audit_presses(const struct access_model *model, uint32_t in_batch);
/* The form of the i-th of them into form[capacity]; returns whose it is. */
uint32_t access_audit_unwritten_form(const struct access_model *model, uint64_t i,
                                     struct form_writer *form);
/* The FACT_ENTRY came back. *ret_agrees: it says what is known here; else it is taken all the same,
 * as far as its number can be believed, and the owner tells. Another module's: OK, and agrees. */
MUST_USE enum err access_apply_entry(struct access_model *model, const struct fact_entry *entry,
                                     const struct record_stamp *stamp, bool *ret_agrees);
/* What such a form says: views into it. False: it is none of an entry. */
MUST_USE bool access_audit_form_get(struct bytes form, uint32_t tenant,
                                    struct audit_view *ret_view);

uint64_t access_audit_first(const struct access_model *model); /* oldest in memory or journal */
struct audit_run {
    uint64_t first, last;   /* numbers of its entries */
    uint64_t position, end; /* records from position on, before end, hold them */
};
/* The run that an entry lies in which only the journal has; false: it is in memory, or nowhere. */
MUST_USE bool access_audit_run(const struct access_model *model, uint64_t number,
                               struct audit_run *ret_run);
/* May it hold entries of this tenant (TENANT_NONE: of any) of [since, until)? */
bool access_audit_run_may_hold(const struct access_model *model, const struct audit_run *run,
                               uint32_t tenant, int64_t since_ns, int64_t until_ns);
