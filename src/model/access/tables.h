/* What access keeps, as it lies in the tables: every row is fixed in size, has no padding of chance
 * and no address, so that a page is its own image. These layouts are part of the snapshot format
 * (docs/format/access.md): a field is never moved or given another meaning.
 *
 *      tenant -> its roles, accounts, shares given, shares taken     (chains, ascending)
 *      account -> its secrets (chain)      account -> grants -> roles
 *      all of them -> texts                (of state: freed ones make room)
 *      audit: a ring of the newest entries, each with one text that holds all of its texts
 *
 * Numbers and texts begin at 1, so that 0 can mean none. Rows of tenants, accounts, shares and
 * providers have their numbers for ever; those of roles and secrets are used again, and a secret
 * has a number of its own beside. Without any record all tables are zero: the tenant main is there
 * all the same. */
#pragma once

#include "model/access/access.h"

enum access_table {
    TABLE_ACCESS_ROOTS = ACCESS_TABLE_FIRST,
    TABLE_TENANTS,
    TABLE_ROLES,
    TABLE_ACCOUNTS,
    TABLE_SECRETS,
    TABLE_SHARES,
    TABLE_PROVIDERS,
    TABLE_AUDIT,
    TABLE_ACCESS_TEXTS,
    TABLE_AUDIT_RUNS = AUDIT_RUNS_TABLE,
};

#define SESSIONS_MAX 64 /* of an account; the oldest goes */
#define SECRETS_MAX 64  /* of an account, beside its sessions */
#define NUMBERS_PER_ACCOUNT                                                                        \
    4 /* how many numbers may ever be given for each account there may be                          \
       */
#define ROLE_NONE 0u
#define ROLE_BUILTIN 0x80000000u /* a role's reference: this + index, or its row */

struct roots_entry { /* one row, number 0 */
    uint64_t version;
    uint64_t text_bytes;  /* of slots, those of the audit not counted */
    uint64_t audit_count; /* number of the newest entry */
    uint8_t audit_chain[32];
    uint32_t tenants;  /* highest number; 0: main alone */
    uint32_t accounts; /* highest number */
    uint32_t accounts_live;
    uint32_t hosts; /* accounts that can run the server */
    uint32_t roles; /* highest row ever used */
    uint32_t roles_free;
    uint32_t secrets; /* highest row ever used */
    uint32_t secrets_free;
    uint32_t secrets_live;
    uint32_t secrets_made; /* highest number */
    uint32_t shares, providers;
    uint32_t text_pages; /* pages taken, page 0 (never used: 0 is none) not counted */
    uint32_t sweep;      /* lowest deleted tenant that accounts or shares may be left of; 0: none */
    struct texts_class classes[TEXTS_CLASSES];
    uint32_t rules; /* commands are judged by: see ACCESS_RULES_... */
    uint8_t reserved[4];
    uint64_t audit_first;   /* number of the first entry that the journal holds; 0: none */
    uint64_t audit_written; /* of the last one */
    uint8_t reserved_end[512 - 136 - TEXTS_CLASSES * 16];
};
struct tenant_entry {
    uint64_t position;
    int64_t wall_ns;
    struct tenant_quotas quotas;
    uint32_t name, title; /* texts */
    uint32_t accounts, persons, devices, secrets, roles, providers, shares_given, shares_taken;
    struct chain_ends accounts_in, roles_in, given_in, taken_in;
    uint8_t state; /* enum tenant_state; 0: there is none (main: active) */
    uint8_t reserved[119];
};
struct role_entry { /* zero: free, but for links.next */
    uint64_t position;
    uint32_t tenant;
    uint32_t name, title, rules; /* texts; rules: rights (4), size (2), pattern, of each */
    uint32_t holders;            /* grants and providers that name it */
    struct chain_links links;
    uint8_t rule_count;
    uint8_t reserved[27];
};
enum account_flags { ACCOUNT_HOLDS_HOST = 1 /* the role host, everywhere */ };
struct account_entry {
    uint64_t position;
    int64_t created_wall_ns, expires_wall_ns;
    uint32_t tenant, owner;
    uint32_t name, title, email, language; /* texts */
    uint32_t grants;                       /* text: role (4), size (2), branch, of each */
    uint32_t uses_left;
    struct chain_links links; /* stay when it is removed: where a walk goes on */
    struct chain_ends secrets_in;
    uint8_t secrets[SECRET_KINDS]; /* how many of each kind */
    uint8_t kind, state, flags, grant_count;
    uint8_t reserved[3];
    uint64_t used_step; /* of its second factor: codes up to this step were used */
    uint8_t reserved_end[32];
};
struct secret_entry { /* number 0: free, all zero but links.next */
    uint32_t number, account;
    struct chain_links links;
    uint32_t id, proof, label, address; /* texts */
    int64_t created_wall_ns, expires_wall_ns;
    uint8_t kind;
    uint8_t reserved[15];
};
struct share_entry {
    int64_t wall_ns, accepted_wall_ns, ended_wall_ns;
    uint32_t from, to;
    uint32_t patterns, title;        /* texts; patterns: size (2), pattern, of each */
    struct chain_links given, taken; /* stay when it ended */
    uint32_t rights;
    uint8_t state, pattern_count;
    uint8_t reserved[2];
};
struct provider_entry {
    uint64_t position;
    uint32_t tenant;
    uint32_t name, issuer, client_id, sealed_secret, scopes, branch; /* texts */
    uint32_t role;                                                   /* reference; ROLE_NONE */
    uint8_t removed;
    uint8_t reserved[19];
};
enum audit_part {
    AUDIT_ACTOR,
    AUDIT_ADDRESS,
    AUDIT_ACTION,
    AUDIT_OBJECT,
    AUDIT_DETAIL,
    AUDIT_OUTCOME,
    AUDIT_PARTS
};
struct audit_entry { /* row (number - 1) % audit_kept */
    uint64_t number, position;
    int64_t wall_ns;
    uint32_t tenant, account;
    uint32_t text;               /* all parts, one behind the other */
    uint16_t sizes[AUDIT_PARTS]; /* of them */
    uint8_t door;
    uint8_t reserved[15];
    uint8_t chain[32];
    uint8_t reserved_end[32];
};
/* AUDIT_RUN entries, one behind the other, that the journal holds; row (number - 1) / AUDIT_RUN. */
struct run_entry {
    uint64_t position, end; /* of the records that hold them: [position, end); 0, 0: none */
    int64_t wall_min_ns, wall_max_ns;
    uint64_t tenants[4]; /* a bit for each tenant, number % 256, that has one among them */
};
_Static_assert(sizeof(struct run_entry) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct roots_entry) == 512, "part of the snapshot format");
_Static_assert(sizeof(struct tenant_entry) == 256, "part of the snapshot format");
_Static_assert(sizeof(struct role_entry) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct account_entry) == 128, "part of the snapshot format");
_Static_assert(sizeof(struct secret_entry) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct share_entry) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct provider_entry) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct audit_entry) == 128, "part of the snapshot format");

struct access_model {
    struct access_limits limits;
    struct state *state;
    const struct roots_entry *roots; /* row 0 of its table: pages never move */
    struct state_table roots_table, tenants, roles, accounts, secrets, shares, providers, audit;
    struct state_table runs;
    struct texts texts;
    struct index *tenant_names, *role_names, *account_names, *provider_names;
    struct index *secret_numbers, *secret_ids;
    struct index *token_owners; /* tokens that are there, by the account they act for */
};

/* Are commands judged by these rules already? */
static inline bool rules_hold(const struct access_model *model, uint32_t rules)
{
    return model->roots->rules >= rules;
}
/* What one tenant may take of what all share: a tenth of it, and of what is free a quarter, so that
 * neither it nor ten of its kind leave nothing. The house takes what there is. */
static inline bool share_allows(uint32_t tenant, uint64_t own, uint64_t all, uint64_t most)
{
    uint64_t left = all < most ? most - all : 0;
    return left > 0 && (tenant == TENANT_MAIN || (own < most / 10 && own < left / 4));
}

static inline struct roots_entry *roots_write(struct access_model *model)
{
    return state_write(&model->roots_table, 0);
}
/* The hash of a name that is one of a kind of thing: kinds have seeds of their own. */
enum hash_kind {
    HASH_TENANT = 1,
    HASH_ROLE = 2,
    HASH_PROVIDER = 3,
    HASH_NUMBER = 4,
    HASH_ACCOUNT = 8, /* + enum account_kind */
    HASH_SECRET = 16  /* + enum secret_kind */
};
static inline uint64_t kind_hash(uint32_t kind, uint32_t tenant, struct bytes text)
{
    return hash64(text.at, text.size, (uint64_t)kind << 32 | tenant);
}

/* A command being carried out: judged first, then done; *outcome is OUTCOME_DONE before. */
struct access_order {
    const struct command *command;
    const struct command_access *access;
    const struct record_stamp *stamp;
    struct outcome *outcome;
};
MUST_USE static inline enum err order_refuse(const struct access_order *of, enum outcome_code code)
{
    of->outcome->code = code;
    return OK;
}

/* ---- texts.c: what the texts take from the limit ---- */
/* Would texts that take so many bytes stay within the limit? */
bool access_texts_fit(const struct access_model *model, uint64_t bytes);
/* texts_set, counted. */
MUST_USE enum err access_text_set(struct access_model *model, uint32_t *text, struct bytes content);

/* ---- words.c: what names, texts and patterns may be ---- */
bool access_tenant_name_is_good(struct bytes name);
bool access_name_is_good(struct bytes name);
/* What a name that is given from ACCESS_RULES_2 on may be as well. */
bool access_name_is_plain(struct bytes name, enum account_kind kind);
bool access_words_are_good(struct bytes text, size_t most); /* UTF-8 without control characters */
bool access_pattern_is_good(struct bytes pattern, uint32_t tenant);
bool access_points_pattern_is_good(struct bytes pattern); /* nothing below '$' */

/* ---- tenants.c ---- */
const struct tenant_entry *access_tenant_at(const struct access_model *model, uint32_t tenant);
struct tenant_entry *access_tenant_write(struct access_model *model, uint32_t tenant);
bool access_tenant_is_live(const struct access_model *model, uint32_t tenant);
struct bytes access_tenant_name(const struct access_model *model, uint32_t tenant);
MUST_USE enum err access_apply_tenant(struct access_model *model, const struct access_order *of);
/* A few accounts and shares of deleted tenants go with each record: what a tenant had may be more
 * than one step can take away. */
MUST_USE enum err access_tenants_sweep(struct access_model *model,
                                       const struct record_stamp *stamp);
MUST_USE enum err access_tenants_rebuild(struct access_model *model);

/* ---- roles.c ---- */
/* Reference of a role of this name that the tenant may use; ROLE_NONE. */
uint32_t access_role_reference(const struct access_model *model, uint32_t tenant,
                               struct bytes name);
struct bytes access_role_name(const struct access_model *model, uint32_t reference);
bool access_role_is_host(uint32_t reference);
void access_role_hold(struct access_model *model, uint32_t reference);
void access_role_release(struct access_model *model, uint32_t reference);
bool access_role_is_valid(const struct access_model *model, uint32_t tenant, uint32_t reference);
MUST_USE enum err access_apply_role(struct access_model *model, const struct access_order *of);
MUST_USE enum err access_roles_rebuild(struct access_model *model);
/* holders[]: by row, as the rest of the pages says. */
MUST_USE enum err access_roles_compare(const struct access_model *model, const uint32_t *holders);

/* ---- accounts.c ---- */
const struct account_entry *access_account_at(const struct access_model *model, uint32_t account);
struct account_entry *access_account_write(struct access_model *model, uint32_t account);
/* Neither removed nor of a tenant that is gone. */
bool access_account_is_live(const struct access_model *model, uint32_t account);
/* Can it run the server, as it is said here? */
bool access_account_is_host(const struct account_entry *entry);
/* May the account become what `after` says? Not when the last host would be gone. */
bool access_hosts_allow(const struct access_model *model, const struct account_entry *before,
                        const struct account_entry *after);
/* Follows what became of it. */
void access_hosts_count(struct access_model *model, bool before, bool after);
MUST_USE enum err access_apply_account(struct access_model *model, const struct access_order *of);
/* Takes away one that is there. */
MUST_USE enum err access_account_drop(struct access_model *model, uint32_t account,
                                      uint64_t position);
MUST_USE enum err access_accounts_rebuild(struct access_model *model, uint32_t *holders);

/* ---- secrets.c ---- */
/* The number of the password that a command makes anew; SECRET_NONE: it is about another one. */
uint32_t access_secret_renewed(const struct command_access *access);
MUST_USE enum err access_apply_secret(struct access_model *model, const struct access_order *of);
/* All of an account. */
MUST_USE enum err access_secrets_remove(struct access_model *model, uint32_t account);
MUST_USE enum err access_secrets_rebuild(struct access_model *model);

/* ---- shares.c ---- */
MUST_USE enum err access_apply_share(struct access_model *model, const struct access_order *of);
void access_share_drop(struct access_model *model, uint32_t share, int64_t wall_ns);
MUST_USE enum err access_shares_rebuild(struct access_model *model);

/* ---- providers.c ---- */
MUST_USE enum err access_apply_provider(struct access_model *model, const struct access_order *of);
MUST_USE enum err access_providers_rebuild(struct access_model *model, uint32_t *holders);

/* ---- audit.c, audit_words.c ---- */
/* What an entry says of a command: read before the command runs, for it may remove what it names.
 */
struct audit_words {
    uint8_t at[AUDIT_TEXT_MAX];
    size_t size;
};
struct audit_told {
    struct bytes action;
    struct audit_words object, detail;
};
void audit_words_of(const struct access_model *model, const struct command *command,
                    struct audit_told *ret_told);
MUST_USE enum err access_audit_command(struct access_model *model, const struct command *command,
                                       const struct audit_told *told,
                                       const struct record_stamp *stamp,
                                       const struct outcome *outcome);
MUST_USE enum err access_audit_fact(struct access_model *model, const struct fact_audit *audit,
                                    const struct record_stamp *stamp,
                                    const struct outcome *previous);
MUST_USE enum err access_audit_rebuild(struct access_model *model);

/* ---- audit_written.c ---- */
MUST_USE enum err access_runs_rebuild(struct access_model *model);
