/* What rights cost a question to the history: the choice of its points, and the whole of it.
 *
 *   questions_bench [TENANTS]      default 2,000; in a folder in /tmp, no sockets
 *
 * 60,000 points of the house in rows of ten, a mean of all of them: asked without access, by who
 * sees everything, by who sees everything but has two rules for it, and by who sees one site of
 * ten. Then as many tenants, each of which shares its fire points with one: what it asks of all of
 * them. */
#include "report.h"

#include "access/access.h"
#include "engine/engine.h"
#include "query/query.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define POINTS 60000u
#define METRICS 10u
#define SAMPLES 10
#define BEGIN_S INT64_C(1772352000)
#define ROUNDS 31

static struct bench {
    char folder[64];
    struct disk *disk;
    struct worker *workers[4];
    struct engine *engine;
    struct namespace *space;
    struct settings settings;
    struct access *access;
    struct query_pool *pool;
    struct outcome outcome;
    unsigned accounts;
} bench;

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "questions_bench: %s\n", what);
    exit(1);
}

static int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* ---- the house --------------------------------------------------------------------------------
 */
static void bench_outcome(void *arg, uint64_t tag, const struct outcome *outcome)
{
    (void)arg, (void)tag;
    bench.outcome = *outcome;
}

static bool bench_audit(void *arg, const struct fact_audit *audit)
{
    (void)arg, (void)audit;
    return true;
}

static bool bench_command(void *arg, const struct command *command, uint64_t tag)
{
    (void)arg, (void)command, (void)tag;
    return true;
}

static void settle(void)
{
    struct journal *journal = engine_journal(bench.engine);
    do
        (void)engine_step(bench.engine);
    while (!journal_batch_empty(journal) || journal_in_flight(journal));
    while (!namespace_catch_up(bench.space, 1000, NULL, NULL))
        continue;
}

static void bench_open(void)
{
    static const struct access_port port = {bench_audit, bench_command};
    struct engine_config config;
    struct engine_start start;
    snprintf(bench.folder, sizeof bench.folder, "/tmp/questions_bench.XXXXXX");
    must(mkdtemp(bench.folder) != NULL && disk_real_open(bench.folder, true, &bench.disk) == OK,
         "no folder");
    for (size_t i = 0; i < ARRAY_COUNT(bench.workers); i++)
        must(worker_inline_create(&bench.workers[i]) == OK, "no worker");
    engine_config_default(&config);
    config.disk = bench.disk;
    config.clock = clock_real();
    config.writer = bench.workers[0];
    config.background = bench.workers[1];
    config.sealer = bench.workers[2];
    config.merger = bench.workers[3];
    config.batch_floor_ns = 0;
    config.outcome = bench_outcome;
    must(engine_open(&config, &bench.engine, &start) == OK, "no engine");
    must(namespace_create(engine_points(bench.engine), &bench.space) == OK, "no namespace");
    settings_default(&bench.settings);
    const struct access_config access = {.settings = &bench.settings,
                                         .model = engine_access(bench.engine),
                                         .clock = clock_real(),
                                         .port = &port,
                                         .random = os_random};
    const struct query_pool_config pool = {
        .threads = 1, .memory = UINT64_C(1) << 30, .time_ns = 600 * NS_PER_S};
    must(secrets_start() == OK && access_create(&access, &bench.access) == OK &&
             query_pool_create(&pool, &bench.pool) == OK,
         "no access");
}

static void publish(struct publisher *publisher, const char *topic, const char *payload)
{
    struct admitted admitted;
    enum admit admit;
    while ((admit = engine_publish(bench.engine, publisher, bytes_text(topic), bytes_text(payload),
                                   &admitted)) == ADMIT_WAIT)
        (void)engine_step(bench.engine);
    must(admit == ADMIT_DONE, "a message was refused");
}

static void points_make(void)
{
    struct publisher publisher;
    publisher_init(&publisher, TENANT_MAIN, UINT32_MAX);
    for (int sample = 0; sample < SAMPLES; sample++)
        for (unsigned device = 0; device < POINTS / METRICS; device++) {
            char topic[64], payload[300];
            int size = snprintf(payload, sizeof payload, "{\"ts\":%lld",
                                (long long)(BEGIN_S + sample * 60) * 1000);
            for (unsigned metric = 0; metric < METRICS; metric++)
                size += snprintf(payload + size, sizeof payload - (size_t)size, ",\"m%u\":%d.%u",
                                 metric, sample, device % 10);
            snprintf(payload + size, sizeof payload - (size_t)size, "}");
            snprintf(topic, sizeof topic, "site%u/line%u/dev%u", device % 10, device % 50, device);
            publish(&publisher, topic, payload);
        }
    settle();
}

/* ---- people ------------------------------------------------------------------------------------
 */
static struct command command_of(enum command_kind kind, uint32_t tenant)
{
    return (struct command){
        .kind = (uint8_t)kind, .tenant = tenant, .access = {.expires_wall_ns = INT64_MAX}};
}

static uint32_t command_do(const struct command *command)
{
    struct admitted admitted;
    while (engine_command(bench.engine, command, 1, &admitted) == ADMIT_WAIT)
        (void)engine_step(bench.engine);
    settle();
    must(bench.outcome.code == OUTCOME_DONE, outcome_text(bench.outcome.code));
    return bench.outcome.number;
}

static struct principal *somebody(uint32_t tenant, const char *const *patterns, uint16_t count)
{
    uint8_t random[SECRET_TOKEN_RANDOM_SIZE], digest[SECRET_DIGEST_SIZE];
    char name[32], token[SECRET_TOKEN_SIZE];
    struct secret_token read;
    struct principal *principal = NULL;
    uint32_t retry_s;
    snprintf(name, sizeof name, "p%u", ++bench.accounts);
    struct command command = command_of(COMMAND_ROLE_SET, tenant);
    command.access.name = bytes_text(name);
    command.access.rule_count = count;
    for (uint16_t i = 0; i < count; i++)
        command.access.rules[i] = (struct access_rule){bytes_text(patterns[i]), RIGHT_SEE};
    (void)command_do(&command);
    command = command_of(COMMAND_ACCOUNT_SET, tenant);
    command.access.has = HAS_NAME | HAS_GRANTS;
    command.access.account_kind = ACCOUNT_TOKEN;
    command.access.name = bytes_text(name);
    command.access.grant_count = 1;
    command.access.grants[0] = (struct grant){bytes_text(name), bytes_text("#")};
    uint32_t account = command_do(&command);
    os_random(random, sizeof random);
    secret_token_make(SECRET_TOKEN_API, random, token, digest);
    must(secret_token_read(bytes_text(token), &read), "no token");
    command = command_of(COMMAND_SECRET_ADD, tenant);
    command.access.owner = account;
    command.access.secret_kind = SECRET_TOKEN;
    command.access.id = read.id;
    command.access.proof = bytes_of(digest, sizeof digest);
    (void)command_do(&command);
    while (access_step(bench.access, now_ns()) == 0)
        continue;
    const struct access_claim claim = {
        .how = ACCESS_BEARER, .door = ACTOR_HTTP, .secret = bytes_text(token), .address = "here"};
    must(access_enter(bench.access, &claim, NULL, NULL, &principal, &retry_s) == ACCESS_WELCOME,
         "not let in");
    return principal;
}

/* Tenants with ten points, of which three are shared with `taker`. */
static void tenants_make(unsigned count, uint32_t taker)
{
    for (unsigned i = 0; i < count; i++) {
        char name[32];
        struct publisher publisher;
        struct command command = command_of(COMMAND_TENANT_SET, TENANT_MAIN);
        snprintf(name, sizeof name, "tenant%u", i);
        command.access.has = HAS_NAME;
        command.access.name = bytes_text(name);
        uint32_t tenant = command_do(&command);
        publisher_init(&publisher, tenant, UINT32_MAX);
        publish(&publisher, "fire/hall", "{\"smoke\":0,\"temp\":20,\"battery\":3}");
        publish(&publisher, "line/press",
                "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7}");
        command = command_of(COMMAND_SHARE_OFFER, tenant);
        command.access.other = taker;
        command.access.rights = RIGHT_SEE;
        command.access.pattern_count = 1;
        command.access.patterns[0] = bytes_text("fire/#");
        uint32_t share = command_do(&command);
        command = command_of(COMMAND_SHARE_ACCEPT, taker);
        command.access.number = share;
        (void)command_do(&command);
    }
}

/* ---- questions ---------------------------------------------------------------------------------
 */
static bool who_resolve(void *arg, struct bytes text, uint32_t *ret_tenant, struct bytes *ret_path)
{
    return access_resolve(bench.access, arg, text, ret_tenant, ret_path);
}

static size_t who_others(void *arg, uint32_t *tenants, size_t most)
{
    size_t count = access_tenants_seen(bench.access, arg, tenants, most);
    if (count > most)
        return count;
    memmove(tenants, tenants + 1, (count - 1) * sizeof *tenants); /* the first is his own */
    return count - 1;
}

static enum err who_place(void *arg, uint32_t tenant, struct query_place *ret_place)
{
    ret_place->prefix = access_present(bench.access, arg, tenant);
    ret_place->scope = scope_create(arg, tenant);
    return ret_place->scope != NULL ? OK : ERR_NO_MEMORY;
}

static struct query_sight *sight_of(struct principal *principal)
{
    struct query_asker asker = {.tenant = TENANT_MAIN};
    if (principal != NULL)
        asker = (struct query_asker){.tenant = principal_tenant(principal),
                                     .resolve = who_resolve,
                                     .others = who_others,
                                     .place = who_place,
                                     .arg = principal};
    struct query_sight *sight = query_sight_create(&asker);
    must(sight != NULL, "no memory");
    return sight;
}

struct asked {
    int64_t chosen_ns, whole_ns, step_ns; /* step: the longest */
    size_t points, steps;
};

static void news(void *arg)
{
    (void)arg;
}

static void run_wait(struct query_selection *selection)
{
    struct query_request request = {.kind = QUERY_BUCKETS,
                                    .format = QUERY_JSON,
                                    .from_ns = BEGIN_S * NS_PER_S,
                                    .to_ns = (BEGIN_S + 1000) * NS_PER_S,
                                    .now_ns = (BEGIN_S + 1000) * NS_PER_S,
                                    .count = 1,
                                    .by = QUERY_BY_ALL};
    struct history_view *view;
    struct query_run *run = NULL;
    struct query_status status;
    must(query_aggregates_parse(bytes_text("mean"), request.aggregates, &request.aggregate_count) ==
                 NULL &&
             history_view_open(engine_history(bench.engine), &view) == OK &&
             query_run_begin(bench.pool, selection, view, &request, news, NULL, &run) == OK,
         "no question");
    do {
        struct pollfd fd = {.fd = query_pool_fd(bench.pool), .events = POLLIN};
        (void)poll(&fd, 1, 1000);
        (void)query_pool_poll(bench.pool);
        while (query_run_take(run).size > 0)
            continue;
        query_run_status(run, &status);
    } while (status.end == QUERY_RUNS);
    must(status.end == QUERY_DONE, "a question failed");
    query_run_cancel(run);
}

static struct asked ask(struct principal *principal, const char *match)
{
    const struct bytes matches[] = {bytes_text(match)};
    struct query_selection *selection;
    struct asked asked = {.points = 0};
    const char *fault;
    int64_t began_ns = now_ns();
    const struct query_filter filter = {.sight = sight_of(principal),
                                        .matches = matches,
                                        .match_count = 1,
                                        .most = 1000000,
                                        .history = engine_history(bench.engine)};
    must(query_selection_create(bench.space, engine_points(bench.engine), &filter, &selection,
                                &fault) == OK,
         "no selection");
    enum err err;
    do {
        int64_t before_ns = now_ns();
        err = query_selection_step(selection);
        int64_t step_ns = now_ns() - before_ns;
        asked.step_ns = step_ns > asked.step_ns ? step_ns : asked.step_ns;
        asked.steps++;
    } while (err == ERR_BUSY);
    must(err == OK, "no points");
    query_sight_release(filter.sight);
    (void)query_selection_points(selection, &asked.points);
    asked.chosen_ns = now_ns() - began_ns;
    run_wait(selection);
    asked.whole_ns = now_ns() - began_ns;
    return asked;
}

static int compare_asked(const void *a, const void *b)
{
    const struct asked *x = a, *y = b;
    return (x->whole_ns > y->whole_ns) - (x->whole_ns < y->whole_ns);
}

static void bench_question(const char *name, struct principal *principal, const char *match)
{
    struct asked rounds[ROUNDS];
    int64_t step_ns = 0;
    for (size_t i = 0; i < ROUNDS; i++) {
        rounds[i] = ask(principal, match);
        step_ns = rounds[i].step_ns > step_ns ? rounds[i].step_ns : step_ns;
    }
    qsort(rounds, ROUNDS, sizeof rounds[0], compare_asked);
    const struct asked *median = &rounds[ROUNDS / 2];
    bench_line(name, "%zu points, chosen in %.2f ms (%zu steps, longest %.3f ms), whole %.2f ms",
               median->points, (double)median->chosen_ns / 1e6, median->steps,
               (double)step_ns / 1e6, (double)median->whole_ns / 1e6);
}

int main(int count, char **words)
{
    static const char *const all[] = {"#"}, *const two[] = {"site0/#", "+/#"},
                             *const some[] = {"site3/#"};
    unsigned tenants = count > 1 ? (unsigned)strtoul(words[1], NULL, 10) : 2000;
    char command[128];
    bench_open();
    points_make();
    bench_head("questions and rights");
    struct principal *persons[] = {somebody(TENANT_MAIN, all, 1), somebody(TENANT_MAIN, two, 2),
                                   somebody(TENANT_MAIN, some, 1), NULL};
    bench_question("a mean of all, without access", NULL, "#");
    bench_question("by who sees all", persons[0], "#");
    bench_question("by who sees all by two rules", persons[1], "#");
    bench_question("by who sees a tenth", persons[2], "#");
    struct command tenant = command_of(COMMAND_TENANT_SET, TENANT_MAIN);
    tenant.access.has = HAS_NAME;
    tenant.access.name = bytes_text("fire-brigade");
    uint32_t taker = command_do(&tenant);
    tenants_make(tenants, taker);
    persons[3] = somebody(taker, all, 1);
    snprintf(command, sizeof command, "fire points of %u tenants", tenants);
    bench_question(command, persons[3], "@+/fire/#");
    for (size_t i = 0; i < ARRAY_COUNT(persons); i++)
        principal_release(persons[i]);
    query_pool_destroy(bench.pool);
    access_destroy(bench.access);
    namespace_destroy(bench.space);
    engine_close(bench.engine, false);
    disk_real_close(bench.disk);
    snprintf(command, sizeof command, "rm -r '%s'", bench.folder);
    return system(command) == 0 ? 0 : 1;
}
