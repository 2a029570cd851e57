/* What the files of access share: the room's struct, principals, tenants and shares as decisions
 * need them. */
#pragma once

#include "access/access.h"
#include "access/guess.h"
#include "access/rule.h"
#include "access/table.h"

#define ACCESS_PIECE_NS (300 * NS_PER_US) /* of judging anew, in one step */
#define ACCESS_PIECE 32                   /* principals between two looks at the clock */

struct password_kept;

/* ---- who is here ---- */
struct account_entry { /* an account with principals */
    struct table_link link;
    struct link principals;
};
struct quota {
    uint64_t most, used, refused; /* used: of a rate, since second_ns */
    uint64_t used_before;         /* of a rate: in the second before */
    int64_t second_ns;
    int64_t paid_ns; /* of a rate: what was taken is paid for at this time */
};
struct tenant_entry { /* once made it stays: there are no more than the model's tenants */
    struct table_link link;
    uint32_t tenant;
    bool active;
    uint64_t followed; /* the model's version, as name and state are of */
    uint16_t present_size;
    char present[ACCESS_TENANT_NAME_MAX + 3]; /* "@name/" */
    struct link principals;
    struct link suspect;   /* of access.suspects */
    uint64_t judge_before; /* its principals judged before this version are judged anew */
    struct link taken;     /* struct share_entry: what it may see of others, by number */
    struct quota quotas[QUOTAS];
};
struct share_entry {
    struct table_link link; /* by both tenants */
    struct link taken;
    uint32_t share, from, to;
    bool active; /* it, and both tenants */
    struct tenant_entry *giver;
    struct rule_set *rules; /* its patterns, with its rights */
};
struct denial {   /* of one action: told at told_ns, so many since */
    uint64_t key; /* 0: free */
    int64_t told_ns;
    uint32_t more;
};
struct principal {
    struct access *access;
    uint32_t holds;
    uint8_t how, kind;
    bool trial, owner, ended;
    uint32_t tenant, account, secret;
    uint64_t generation;
    uint64_t judged; /* the model's version */
    struct rule_set *rules;
    struct tenant_entry *place;
    struct account_entry *entry;
    int64_t until_wall_ns;
    uint32_t due; /* place among those that end in time, from 1; 0: it does not */
    struct link all, of_tenant, of_account, watches;
    struct table_link of_owner; /* key 0: nobody's token */
    struct bytes client_id;
    const char *name, *tenant_name, *address;
    enum actor_door door;
    char texts[];
};

#define DENIALS_NOBODY 256
#define DENIALS_ACCOUNTS 1024 /* that are told in a minute */
#define SECOND_STEPS 4096
struct used_step { /* of a second factor: the code of this step was used */
    uint32_t account;
    int64_t step;
};
struct begun_second { /* a second factor that is not recorded yet */
    uint32_t account; /* ACCOUNT_NONE: free */
    int64_t began_ns;
    uint8_t seed[SECRET_TOTP_SEED_SIZE];
};
struct setup_link {
    bool there, taken; /* taken: somebody is about to use it */
    uint8_t digest[SECRET_DIGEST_SIZE];
};
struct access {
    struct access_config config;
    struct setup_link setup;
    int64_t boot_ns; /* of the last step */
    int64_t began_wall_ns;
    bool trial;
    /* What changed (follow.c). */
    uint64_t version;       /* of the model, as it was looked at last */
    uint64_t full_version;  /* those judged before it are judged anew */
    uint64_t audit_seen;    /* entries up to it were looked at */
    struct link principals; /* least judged first */
    struct link suspects;   /* tenants of which some are to be judged */
    struct table accounts, tenants, shares;
    struct table owners;     /* tokens by the account that made them */
    uint32_t shares_known;   /* numbers up to it have an entry */
    uint32_t share_cursor;   /* looked at anew up to it; all: the model's highest */
    struct principal **dues; /* a heap by until_wall_ns, from 1 */
    uint32_t due_count, due_capacity;
    struct rule_maker maker;
    /* Entering. */
    uint8_t process_key[SECRET_DIGEST_SIZE];
    struct guesses guesses;
    struct password_kept *kept;
    struct link jobs;       /* of passwords: [0] compared, [1] made */
    uint32_t job_counts[2]; /* of each */
    uint64_t job_turns[2];  /* of the one of each that had it last */
    uint32_t logins_in_row; /* since a password was made */
    bool job_runs;          /* the worker has one */
    struct table entries;   /* that wait for them */
    uint32_t entry_count;
    struct table seen;
    uint32_t seen_count, seen_hand;
    struct used_step steps[SECOND_STEPS];
    uint32_t step_next;
    /* Making. */
    struct begun_second seconds[MAKE_SECONDS_MAX];
    struct link makings;
    uint32_t making_count;
    struct link orders;
    uint64_t order_last;
    uint32_t lone_count;
    /* Telling. */
    struct link told; /* audit entries that wait for the port */
    size_t told_bytes;
    struct denial denials[DENIALS_NOBODY]; /* of nobody in particular */
    struct denial account_denials[DENIALS_ACCOUNTS];
    struct access_counters counters;
};

static inline struct bytes entry_name(const struct tenant_entry *entry) /* "@name" */
{
    return bytes_of(entry->present, (size_t)entry->present_size - 1);
}
static inline struct bytes bytes_behind(struct bytes text, size_t size)
{
    return bytes_of(text.at + size, text.size - size);
}

static inline uint64_t quota_most(const struct tenant_quotas *quotas, enum quota_kind kind)
{
    const uint64_t most[QUOTAS] = {[QUOTA_POINTS] = quotas->points,
                                   [QUOTA_POINTS_RATE] = quotas->points_per_second,
                                   [QUOTA_VALUES] = quotas->values_per_second,
                                   [QUOTA_CONNECTIONS] = quotas->connections,
                                   [QUOTA_STORAGE] = quotas->storage_bytes,
                                   [QUOTA_QUERIES] = quotas->queries_at_once};
    return most[kind];
}

/* ---- principals (principal.c) ---- */
struct principal_plan { /* who enters; views */
    enum access_how how;
    enum actor_door door;
    bool trial, owner;
    uint32_t account, secret;
    struct bytes client_id;
    const char *address;
};
/* Judged; ERR_REFUSED: the account, its secret or its tenant lets nobody in. */
MUST_USE enum err principal_create(struct access *access, const struct principal_plan *plan,
                                   struct principal **ret_principal);
/* Looks at the model again; watchers are told when it lost something. */
void principal_judge(struct principal *principal);
/* What stands for %c: the client id, or nothing. */
struct bytes names_client(const struct access *access, const struct account_view *account,
                          struct bytes client_id);
void principal_end(struct principal *principal);
/* It may more, or less (lost). */
void principal_changed(struct principal *principal, bool lost);
void principals_expire(struct access *access, int64_t wall_ns);

/* ---- tenants and shares (shares.c) ---- */
struct tenant_entry *tenant_entry_find(const struct access *access, uint32_t tenant);
/* As the model has it now; made when there is none. NULL: no such tenant, or out of memory. */
struct tenant_entry *tenant_entry_get(struct access *access, uint32_t tenant);
/* The active share by which `to` sees of `from`: the first; share_entry_next: others. */
const struct share_entry *share_entry_find(const struct access *access, uint32_t to, uint32_t from);
const struct share_entry *share_entry_next(const struct share_entry *entry);
/* New ones are entered, known ones looked at again when something changed: a piece. ERR_NO_MEMORY:
 * again at the next step. */
MUST_USE enum err shares_follow(struct access *access);
void shares_done(struct access *access);

/* ---- what changed (follow.c) ---- */
/* Looks at what was recorded since, and judges a piece; true: there is more. */
bool follow_step(struct access *access);

/* ---- entering (enter.c) ---- */
/* The secret that a token's text is of; SECRET_NONE when it is none of this kind. */
uint32_t token_find(const struct access *access, enum secret_kind kind, struct bytes text,
                    struct secret_view *ret_secret);
void entries_done(struct access *access);
void makings_done(struct access *access); /* make.c */

/* ---- deciding (decide.c) ---- */
bool share_may(const struct share_entry *share, const struct rule_set *rules, uint32_t rights,
               struct bytes path);

/* ---- the audit (tell.c) ---- */
#define TOLD_MAX 4096 /* entries that wait */
#define TOLD_BYTES_MAX ((size_t)2 << 20)
/* Control characters and what is no UTF-8 become '?'; it ends within room, between characters.
 * Returns the size. */
size_t text_printable(struct bytes text, size_t room, char *at);
/* As access_tell, for an actor who has no principal; not rationed. Texts are cut and cleaned. */
void tell_put(struct access *access, const struct actor *actor, uint32_t tenant, const char *action,
              struct bytes object, struct bytes detail, const char *outcome);
/* May something of this key be told (once a minute)? *ret_more: how many were not since. */
bool denial_take(struct denial *denials, size_t count, uint64_t key, int64_t boot_ns,
                 uint32_t *ret_more);
/* Hands over what waits until the port is full; false: it is. */
bool tell_flush(struct access *access);
void tell_done(struct access *access);
