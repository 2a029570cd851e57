/* password: Argon2id off the engine's thread, two bounded queues of it, and a memory of passwords
 * that were right a short while ago, so that ten thousand devices that come back do not cost ten
 * thousand hashes. What is remembered is an HMAC of account, secret and password under a key of
 * this process: a password that is set anew has another secret's number, and is not known.
 *
 * Those who log in wait in one queue, passwords that are to be made in another: an import of ten
 * thousand of them keeps nobody out. Of each queue a tenant has half of the places (the house three
 * quarters), and tenants take turns; after LOGINS_IN_A_ROW logins one password is made, so that
 * neither stands still. The worker has one at a time. */
#pragma once

#include "access/room.h"

#define PASSWORD_KEPT_WAYS 4
#define PASSWORD_KEPT_SETS 4096
#define LOGINS_IN_A_ROW 8

struct password_kept {
    uint8_t key[SECRET_DIGEST_SIZE];
    int64_t until_ns; /* 0: free */
};
struct password_job {
    struct job job;
    struct access *access;
    struct link link;
    bool hashes;  /* else compares */
    bool running; /* the worker has it */
    uint32_t tenant;
    uint64_t turn; /* those of the least are next; a tenant's are one behind the other */
    size_t size;
    uint8_t password[SECRET_PASSWORD_MAX];
    char hash[SECRET_PROOF_MAX + 1]; /* compared with, or made */
    uint8_t key[SECRET_DIGEST_SIZE];
    char renewed[SECRET_HASH_SIZE]; /* of one that compared: made with today's parameters; or "" */
    enum err result;
    struct link waiting; /* entries, of one that compares */
    void *making;        /* of one that hashes; NULL: nobody waits any more */
};
/* What stands for this password of this account. name: of one that does not exist. */
void password_key(const struct access *access, uint32_t account, uint32_t secret, struct bytes name,
                  struct bytes password, uint8_t key[SECRET_DIGEST_SIZE]);
bool password_is_kept(const struct access *access, const uint8_t key[SECRET_DIGEST_SIZE]);
void password_keep(struct access *access, const uint8_t key[SECRET_DIGEST_SIZE]);
/* The one under way that compares the same; NULL. */
struct password_job *password_job_find(struct access *access,
                                       const uint8_t key[SECRET_DIGEST_SIZE]);
/* NULL: too many of its kind, of all or of this tenant, or out of memory. */
struct password_job *password_job_create(struct access *access, uint32_t tenant, bool hashes,
                                         struct bytes password);
/* It runs when its turn comes: at once without a worker. */
void password_job_start(struct password_job *job);
/* Those that wait are no more, and the one that runs is waited for. Nobody waits for them. */
void password_jobs_done(struct access *access);
/* Told when it is done, before it is freed. */
void password_compared(struct password_job *job); /* enter.c */
void password_hashed(struct password_job *job);   /* make.c */
