/* access: who is asking, and may he. The one place that decides, on a record's way in and on every
 * answer's way out; the doors only ask here.
 *
 *   a door -> access_enter (a password, a token, a certificate, a cookie) -> a struct principal
 *   a door -> access_may(principal, RIGHT_WRITE, tenant, path)            -> yes or no
 *   a record changes rights -> access_changed -> every principal is judged anew, and those that
 *   lost something are told: MQTT clients go, subscriptions end, sessions end
 *
 * Guarantees. Without a principal nothing may be done. A refusal never tells whether an account, a
 * tenant, a point or a path exists. What takes long (argon2id) runs on worker threads; guessing is
 * slowed by account and by address, and told to nobody but the audit. Trial: until there is a host
 * account (access_has_host), everybody on a loopback address is the trial principal, who may all.
 * The control socket's owner is the owner principal, who may all, at any time.
 *
 * Foreign paths. A tenant that takes a share names the other's points "@name/path"; access_resolve
 * turns what was asked into a tenant and a path, access_present what is found into what is shown. A
 * principal may there what the share says and his own rules say of "@name/path", both: "#" covers
 * it, and patterns that begin with '@'; other wildcards stay at home.
 *
 * One thread, the engine's, but for what runs inside the workers. */
#pragma once

#include "base/base.h"
#include "model/access/access.h"
#include "os/os.h"
#include "paths/paths.h"
#include "secrets/secrets.h"
#include "settings/settings.h"

struct access;
struct principal; /* counted: principal_hold, principal_release */

/* ---- life --------------------------------------------------------------------------------------
 */
/* How the room writes what it has to (audit entries, sessions, passwords made anew): as a command
 * or fact of the engine. Answers true when it was admitted; false: try again after the engine's
 * step. */
struct access_port {
    bool (*audit)(void *arg, const struct fact_audit *audit);
    /* tag comes back in access_outcome. */
    bool (*command)(void *arg, const struct command *command, uint64_t tag);
};
struct access_config {
    const struct settings *settings; /* read at each use */
    struct access_model *model;
    struct clock *clock;
    struct worker *worker;        /* of password hashes: one job at a time; NULL: at once (tests) */
    const struct secret_key *key; /* of seals */
    const struct access_port *port;
    void *arg;
    void (*random)(void *at, size_t size);
};
MUST_USE enum err access_create(const struct access_config *config, struct access **ret_access);
void access_destroy(struct access *access); /* principals must be released; NULL is fine */
/* After engine_step: jobs that are done are answered, rights that changed are judged anew, what
 * waited for the port is tried. Returns as broker_step. What concerns one account is judged in the
 * step that sees it; what concerns a tenant or everybody in pieces of 0.3 ms, 100,000 principals in
 * some 0.1 s. Times by the wall (an account's, a secret's end) are looked at in each step, so at
 * least once a second. */
int64_t access_step(struct access *access, int64_t boot_ns);
/* Outcomes of commands with ACCESS_TAG set in their tag. */
#define ACCESS_TAG ((uint64_t)1 << 62)
void access_outcome(struct access *access, uint64_t tag, const struct outcome *outcome);
bool access_is_trial(const struct access *access);

/* ---- the set-up link ---------------------------------------------------------------------------
 * While it is trial, whoever has this token makes the first host. In memory alone: another start,
 * another token. begin: makes one, and those before are void; false: it is no trial. take: is it
 * this one, and does nobody else use it just now? Then release must follow, whatever became of it;
 * from when there is a host the token is void. */
bool access_setup_begin(struct access *access, char text[SECRET_TOKEN_SIZE]);
bool access_setup_take(struct access *access, struct bytes text);
void access_setup_release(struct access *access);

/* Sealed under the key of the house (secret_seal, secret_open), which must be there: the client
 * secret of an OpenID provider, of the context "provider TENANT NAME" with the tenant's number. */
size_t access_seal(struct access *access, struct bytes context, struct bytes plain,
                   uint8_t *ret_sealed);
MUST_USE enum err access_unseal(const struct access *access, struct bytes context,
                                struct bytes sealed, uint8_t *ret_plain, size_t room,
                                size_t *ret_size);

/* ---- entering ----------------------------------------------------------------------------------
 */
enum access_how {                   /* what proves it */
                  ACCESS_ANONYMOUS, /* nothing: the trial principal, or nobody */
                  ACCESS_PASSWORD, /* name (name, or name@tenant) and password; a token may stand as
                                      password */
                  ACCESS_BEARER,   /* a token */
                  ACCESS_COOKIE,   /* a browser's session */
                  ACCESS_PEER,     /* an X.509 certificate that TLS has verified */
                  ACCESS_OWNER     /* the control socket */
};
/* A role's pattern names %c (the client id) and %u (the account's name). A name that could mean
 * more than itself there (empty, with '/', '+', '#', '*', '?', a '$' or '@' at its beginning), a
 * device's client id that is not its own name, and anybody's that is a device's name, gives no
 * right. A branch "#" leaves a role as it is; any other narrows it, '$' rights included. */
struct access_claim { /* who he says he is; copied */
    enum access_how how;
    enum actor_door door;
    bool loopback; /* he comes from this machine, by an address that cannot be forged */
    struct bytes name, secret;
    struct bytes client_id;                /* MQTT; stands for %c */
    struct bytes fingerprint, common_name; /* PEER; may come beside the others */
    struct bytes second; /* second factor or recovery code of a person who has one */
    const char *address; /* HOST:PORT, for the audit and for slowing guesses */
};
enum access_answer {
    ACCESS_WELCOME,
    ACCESS_DENIED, /* wrong, unknown, expired, disabled, suspended: one and the same to him */
    ACCESS_SECOND, /* right so far: a second factor is wanted */
    ACCESS_SLOW,   /* too many wrong ones: not looked at; *retry_s says when again. Whoever was
                      right before from this address waits for his own wrong ones alone */
    ACCESS_BUSY,   /* too many under way, or a limit of the tenant (connections): later */
    ACCESS_LATER   /* under way: entered() will be called */
};
/* ACCESS_LATER: entered(arg, ...) follows from within access_step, unless access_forget was called
 * with the same arg before. Tokens, cookies and certificates are answered at once. The principal is
 * the caller's hold, NULL unless WELCOME. */
typedef void access_entered(void *arg, enum access_answer answer, struct principal *principal,
                            uint32_t retry_s);
enum access_answer access_enter(struct access *access, const struct access_claim *claim,
                                access_entered *entered, void *arg,
                                struct principal **ret_principal, uint32_t *ret_retry_s);
void access_forget(struct access *access, void *arg);
struct principal *principal_hold(struct principal *principal);
void principal_release(struct principal *principal); /* NULL is fine */

struct principal_view { /* texts live as long as the principal */
    enum access_how how;
    uint32_t tenant, account, secret; /* ACCOUNT_NONE: trial, owner */
    enum account_kind kind;
    const char *name; /* "ann@acme", for logs and audit; no secret */
    const char *tenant_name;
    bool trial, owner, ended; /* ended: it may nothing any more */
    struct actor actor;       /* for commands */
};
void principal_view(const struct principal *principal, struct principal_view *ret_view);
uint32_t principal_tenant(const struct principal *principal);
/* Be told when it may less than before, or nothing (principal_view.ended). From within access_step;
 * may release. One watcher a hold: a struct of the caller's, taken off with principal_unwatch. */
struct principal_watch {
    struct link link;
    struct principal *principal;
    void (*changed)(void *arg);
    void *arg;
};
void principal_watch(struct principal *principal, struct principal_watch *watch,
                     void (*changed)(void *arg), void *arg);
void principal_unwatch(struct principal_watch *watch);
/* May it come with this client id? One that is the name of a device of its tenant is that device's,
 * whether its session is there or not: else whoever comes first would have what is meant for it. */
bool access_may_be_client(const struct principal *principal, struct bytes client_id);
/* Counts up whenever its rights changed: cached answers are good while it is the same. */
uint64_t principal_generation(const struct principal *principal);

/* ---- making secrets ----------------------------------------------------------------------------
 * What doors need beside entering: sessions, passwords, tokens, invitations, second factors,
 * devices by a claim key. Each makes its random bytes and its hashes here, goes through the engine
 * as one or more commands of this room, and is answered when the last of them is on the disk: what
 * is told to the user then is there. A secret text is told once, in struct access_made, and kept
 * nowhere; whoever is told wipes it (secret_wipe).
 *
 * Rights are not asked here: the door has asked access_may(RIGHT_ADMINISTER, tenant,
 * "$tenant/users") and its like, or it is the person's own account. Where the request itself proves
 * who asks (an invitation, a claim key, a code), it is looked at here. */
enum access_making {
    MAKE_SESSION,    /* a browser's session of a person: text is the cookie. It ends after
                        access.session_time, or when no connection used it for
                         access.session_idle */
    MAKE_PASSWORD,   /* sets `password`. The account's sessions and invitations end, an invited
                        account becomes active */
    MAKE_TOKEN,      /* of a device, an API token or a claim key: text */
    MAKE_INVITATION, /* text, for a link; those before are void. Whoever has it chooses the
                        password */
    MAKE_ACCEPT, /* `secret` is an invitation: the rest as MAKE_PASSWORD; account is not asked */
    MAKE_SECOND, /* begins a second factor, which nothing records yet: text is its otpauth:
                    address for a picture, codes[0] the seed in base 32 for typing */
    MAKE_SECOND_SURE, /* `secret` is a code of it: recorded. Within MAKE_SECOND_TIME of MAKE_SECOND
                       */
    MAKE_RECOVERY,    /* codes; those before are void */
    MAKE_DEVICE       /* `secret` is a claim key, `name` the new device's: an account with the
                         grants of the key, and its token: text. Counts as a use of the key */
};
#define MAKE_SECOND_TIME (600 * NS_PER_S)
#define MAKE_SECONDS_MAX 256 /* second factors that are begun at once; the oldest goes */
#define MAKINGS_MAX 4096     /* requests at once */
struct access_request {      /* copied */
    enum access_making making;
    uint32_t account;           /* whose; ACCEPT, DEVICE: found by the secret */
    const struct principal *by; /* who wants it, for the audit; NULL: the account itself */
    enum actor_door door;       /* without `by` */
    const char *address;
    struct bytes password, secret, name, label;
    int64_t expires_wall_ns; /* TOKEN, INVITATION, SESSION (a shorter time); 0, INT64_MAX: never */
};
enum access_made_code {
    MADE_DONE,
    MADE_LATER,   /* under way: made() will be called */
    MADE_REFUSED, /* by the reducer, or it cannot be: sentence says why */
    MADE_DENIED,  /* no such account, invitation, claim key or code; expired, used up, not active */
    MADE_BUSY     /* too many under way, or the engine does not answer: later */
};
struct access_made {
    enum access_made_code code;
    const char *sentence;      /* REFUSED; static */
    enum outcome_code outcome; /* REFUSED: by the reducer; else OUTCOME_DONE */
    uint32_t tenant, account, secret;
    int64_t expires_wall_ns;
    char text[SECRET_TOTP_URI_SIZE];
    uint32_t code_count;
    char codes[SECRET_RECOVERY_COUNT][SECRET_BASE32_SIZE(SECRET_TOTP_SEED_SIZE)];
};
typedef void access_making_done(void *arg, const struct access_made *made);
/* Answers in *ret_made at once, unless it is MADE_LATER: then made(arg, ..) follows from within
 * access_step or access_outcome, unless access_make_forget was called with the same arg before;
 * what was begun is done all the same. */
enum access_made_code access_make(struct access *access, const struct access_request *request,
                                  access_making_done *made, void *arg,
                                  struct access_made *ret_made);
void access_make_forget(struct access *access, void *arg);
/* When and from where a secret was used last, since the server started: false: it was not, or that
 * is forgotten. */
bool access_last_use(const struct access *access, uint32_t secret, int64_t *ret_wall_ns,
                     const char **ret_address);

/* ---- deciding ----------------------------------------------------------------------------------
 */
/* May it do that (one RIGHT_ bit) at this path of this tenant? The path of a point, a topic, or a
 * resource "$tenant/users", "$server/state". 10 to 50 ns with few rules. NULL may nothing. */
bool access_may(const struct principal *principal, enum access_right right, uint32_t tenant,
                struct bytes path);
/* And of all that a pattern can match: */
enum access_reach {
    REACH_NONE, /* nothing that it matches */
    REACH_SOME, /* ask access_may for each */
    REACH_ALL   /* everything */
};
enum access_reach access_reach(const struct principal *principal, enum access_right right,
                               uint32_t tenant, const struct pattern *pattern);
/* Has it this right anywhere in the tenant? */
bool access_may_somewhere(const struct principal *principal, enum access_right right,
                          uint32_t tenant);
/* What it sees of a tenant, as a value for other threads (queries, SQL): immutable, counted. NULL:
 * out of memory. scope_sees as access_may(RIGHT_SEE). */
struct scope;
struct scope *scope_create(const struct principal *principal, uint32_t tenant);
struct scope *scope_hold(struct scope *scope);
void scope_release(struct scope *scope); /* NULL is fine */
bool scope_sees(const struct scope *scope, struct bytes path);
bool scope_sees_all(const struct scope *scope); /* no path of a point is hidden: ask no more */
bool scope_sees_some(const struct scope *scope); /* as access_may_somewhere(RIGHT_SEE) */
uint32_t scope_tenant(const struct scope *scope);
/* Why may, or may not it: a sentence a rule, the deciding one first, each told to put. */
void access_explain(const struct access *access, const struct principal *principal,
                    enum access_right right, uint32_t tenant, struct bytes path,
                    void (*put)(void *arg, const char *sentence), void *arg);
/* The same for an account that is not here now; ERR_MISSING. */
MUST_USE enum err access_explain_account(struct access *access, uint32_t account,
                                         enum access_right right, uint32_t tenant,
                                         struct bytes path,
                                         void (*put)(void *arg, const char *sentence), void *arg,
                                         bool *ret_may);

/* ---- foreign paths -----------------------------------------------------------------------------
 */
/* "@acme/fire/#" -> acme's number and "fire/#"; anything else: the principal's tenant and the text
 * as it is. false: no such tenant, or it shares nothing with this one (the same to him). Views into
 * text. */
bool access_resolve(const struct access *access, const struct principal *principal,
                    struct bytes text, uint32_t *ret_tenant, struct bytes *ret_path);
/* The tenants whose points it may see, its own first; into tenants[], returns how many there are.
 */
size_t access_tenants_seen(const struct access *access, const struct principal *principal,
                           uint32_t *tenants, size_t most);
/* "@acme/" for another tenant's, "" for its own; lives until the next access_step. */
struct bytes access_present(const struct access *access, const struct principal *principal,
                            uint32_t tenant);

/* ---- telling the audit -------------------------------------------------------------------------
 */
/* An entry (login, denial, export). Denials (any outcome but "done") of one account for one
 * action are told once a minute with a count, and no more than 1,024 of accounts and 256 of
 * strangers in a minute: nobody fills the audit with what he may not. Logins are told by
 * access_enter itself: a person's once a minute, a machine's once a day, from the same place, with
 * how many more; a browser's session when it begins. What was said as a name is told only when
 * there is such an account: people type passwords there. Never waits: kept in memory (bounded,
 * counted when dropped) until the port takes it. */
void access_tell(struct access *access, const struct principal *principal, const char *action,
                 struct bytes object, struct bytes detail, const char *outcome);

/* ---- quotas ------------------------------------------------------------------------------------
 */
enum quota_kind {
    QUOTA_POINTS,
    QUOTA_POINTS_RATE,
    QUOTA_VALUES,
    QUOTA_CONNECTIONS,
    QUOTA_STORAGE,
    QUOTA_QUERIES,
    QUOTAS
};
/* Takes `count` of a rate (VALUES, POINTS_RATE) or of a number that is given back (CONNECTIONS,
 * QUERIES): false: not now; *ret_wait_ns (may be NULL): ask again then. Rates: a bucket of one
 * second's worth; a message larger than it is taken whole and paid for after. */
bool quota_take(struct access *access, uint32_t tenant, enum quota_kind kind, uint64_t count,
                int64_t *ret_wait_ns);
void quota_give(struct access *access, uint32_t tenant, enum quota_kind kind, uint64_t count);
/* What is told from outside: points and bytes there are (of a rate nothing), and how often the
 * limit was reached. */
void quota_set(struct access *access, uint32_t tenant, enum quota_kind kind, uint64_t used,
               uint64_t refused);
struct quota_view {
    uint64_t used, most; /* of a rate: in the last second; most 0: no limit */
    uint64_t refused;    /* since the start */
};
void quota_view(const struct access *access, uint32_t tenant, enum quota_kind kind,
                struct quota_view *ret_view);

struct access_counters {
    uint64_t principals, entered, denied, slowed, ended; /* principals: now */
    uint64_t hashes; /* passwords that were hashed, to compare or to keep */
    uint64_t audit_waiting, audit_dropped;
    uint64_t audit_rationed; /* denials of accounts that an entry of before stands for */
    uint64_t memory;
};
void access_describe(const struct access *access, struct access_counters *ret_counters);
