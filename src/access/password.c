/* Passwords on the worker, and those that are known again. */
#include "access/password.h"

#include <string.h>

/* ---- known again -------------------------------------------------------------------------------
 */
void password_key(const struct access *access, uint32_t account, uint32_t secret, struct bytes name,
                  struct bytes password, uint8_t key[SECRET_DIGEST_SIZE])
{
    uint8_t text[16 + SECRET_PASSWORD_MAX];
    check(password.size <= SECRET_PASSWORD_MAX);
    store_u32(text, account);
    store_u32(text + 4, secret);
    store_u64(text + 8, account == ACCOUNT_NONE
                            ? hash64(name.at, name.size, load_u64(access->process_key))
                            : 0);
    if (password.size > 0)
        memcpy(text + 16, password.at, password.size);
    secret_sign_shared(bytes_of(access->process_key, sizeof access->process_key),
                       bytes_of(text, 16 + password.size), key);
    secret_wipe(text, sizeof text);
}

static struct password_kept *kept_set(const struct access *access, const uint8_t *key)
{
    return access->kept + load_u64(key) % PASSWORD_KEPT_SETS * PASSWORD_KEPT_WAYS;
}

bool password_is_kept(const struct access *access, const uint8_t key[SECRET_DIGEST_SIZE])
{
    const struct password_kept *set = kept_set(access, key);
    bool known = false;
    for (size_t i = 0; i < PASSWORD_KEPT_WAYS; i++)
        known = known | (secret_equal(set[i].key, key, SECRET_DIGEST_SIZE) &
                         (set[i].until_ns > access->boot_ns));
    return known;
}

void password_keep(struct access *access, const uint8_t key[SECRET_DIGEST_SIZE])
{
    struct password_kept *set = kept_set(access, key), *oldest = set;
    int64_t keep_ns = access->config.settings->access_password_keep;
    if (keep_ns == 0 || password_is_kept(access, key))
        return;
    for (size_t i = 1; i < PASSWORD_KEPT_WAYS; i++)
        if (set[i].until_ns < oldest->until_ns)
            oldest = &set[i];
    memcpy(oldest->key, key, SECRET_DIGEST_SIZE);
    oldest->until_ns = access->boot_ns + keep_ns;
}

/* ---- jobs --------------------------------------------------------------------------------------
 */
static void job_run(struct job *port) /* on the worker's thread */
{
    struct password_job *job = (struct password_job *)(void *)port;
    struct bytes password = bytes_of(job->password, job->size);
    if (job->hashes)
        job->result = secret_password_hash(password, job->hash);
    else
        job->result = secret_password_verify(bytes_text(job->hash), password);
    if (!job->hashes && job->result == OK && secret_password_is_outdated(bytes_text(job->hash)) &&
        secret_password_hash(password, job->renewed) != OK)
        job->renewed[0] = '\0'; /* with the next login, then */
    secret_wipe(job->password, sizeof job->password);
}

/* ---- whose turn it is --------------------------------------------------------------------------
 */
/* The next of a kind; NULL: none waits. */
static struct password_job *job_next(const struct access *access, bool hashes)
{
    struct password_job *next = NULL;
    for (struct link *at = access->jobs.next; at != &access->jobs; at = at->next) {
        struct password_job *job = LINK_OWNER(at, struct password_job, link);
        if (job->hashes == hashes && !job->running && (next == NULL || job->turn < next->turn))
            next = job;
    }
    return next;
}

static void jobs_go_on(struct access *access)
{
    struct password_job *login = job_next(access, false), *making = job_next(access, true);
    bool makes = making != NULL && (login == NULL || access->logins_in_row >= LOGINS_IN_A_ROW);
    struct password_job *job = makes ? making : login;
    if (access->job_runs || job == NULL)
        return;
    access->logins_in_row = makes ? 0 : access->logins_in_row + 1;
    access->job_turns[job->hashes] = job->turn;
    access->job_runs = job->running = true;
    access->config.worker->submit(access->config.worker, &job->job);
}

static void job_free(struct password_job *job)
{
    link_take(&job->link);
    job->access->job_counts[job->hashes]--;
    secret_wipe(job, sizeof *job);
    free(job);
}

static void job_done(struct job *port)
{
    struct password_job *job = (struct password_job *)(void *)port;
    struct access *access = job->access;
    if (job->hashes)
        password_hashed(job);
    else
        password_compared(job);
    if (job->running)
        access->job_runs = false;
    job_free(job);
    jobs_go_on(access);
}

struct password_job *password_job_find(struct access *access, const uint8_t key[SECRET_DIGEST_SIZE])
{
    for (struct link *at = access->jobs.next; at != &access->jobs; at = at->next) {
        struct password_job *job = LINK_OWNER(at, struct password_job, link);
        if (!job->hashes && secret_equal(job->key, key, SECRET_DIGEST_SIZE))
            return job;
    }
    return NULL;
}

/* Is there a place for one more of this tenant? *ret_turn: behind its own, and not before those
 * that had their turn. */
static bool job_has_place(const struct access *access, uint32_t tenant, bool hashes,
                          uint64_t *ret_turn)
{
    uint64_t most = access->config.settings->access_password_jobs, own = 0;
    uint64_t share = tenant == TENANT_MAIN ? most - most / 4 : most - most / 2;
    *ret_turn = access->job_turns[hashes];
    for (struct link *at = access->jobs.next; at != &access->jobs; at = at->next) {
        const struct password_job *job = LINK_OWNER(at, struct password_job, link);
        if (job->hashes != hashes || job->tenant != tenant)
            continue;
        own++;
        if (job->turn > *ret_turn)
            *ret_turn = job->turn;
    }
    ++*ret_turn;
    return access->job_counts[hashes] < most && own < share;
}

struct password_job *password_job_create(struct access *access, uint32_t tenant, bool hashes,
                                         struct bytes password)
{
    uint64_t turn;
    check(password.size <= SECRET_PASSWORD_MAX);
    struct password_job *job =
        job_has_place(access, tenant, hashes, &turn) ? calloc(1, sizeof *job) : NULL;
    if (job == NULL)
        return NULL;
    job->job = (struct job){.run = job_run, .done = job_done};
    job->access = access;
    job->hashes = hashes;
    job->tenant = tenant;
    job->turn = turn;
    job->size = password.size;
    if (password.size > 0)
        memcpy(job->password, password.at, password.size);
    link_init(&job->waiting);
    link_init(&job->link);
    link_put(&access->jobs, &job->link);
    access->job_counts[hashes]++;
    return job;
}

void password_job_start(struct password_job *job)
{
    struct access *access = job->access;
    access->counters.hashes++;
    if (access->config.worker != NULL) {
        jobs_go_on(access);
        return;
    }
    job_run(&job->job);
    job_done(&job->job);
}

void password_jobs_done(struct access *access)
{
    struct worker *worker = access->config.worker;
    struct link *next;
    for (struct link *at = access->jobs.next; at != &access->jobs; at = next) {
        struct password_job *job = LINK_OWNER(at, struct password_job, link);
        next = at->next;
        if (!job->running)
            job_free(job);
    }
    if (access->job_runs) {
        worker->wait(worker);
        worker->poll(worker);
    }
}
