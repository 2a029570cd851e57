/* What a decision costs, and what a change of rights costs those who are connected.
 *
 *   access_bench [PRINCIPALS]      default 100,000; CPU time of one thread, no sockets
 *
 * Decisions: one right on one path, for rules of each shape, of which the last one decides; through
 * a share; and for a path that no rule allows. Changes: all principals judged anew, those of a
 * tenant, those of an account, and the longest step. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "access/access.h"

#define ASKS 2000000u
#define ACCOUNTS 1000u

struct bench {
    struct state *state;
    struct points *points;
    struct access_model *model;
    struct secret_key *key;
    struct settings settings;
    struct access *access;
    struct record_stamp stamp;
    struct outcome outcome;
};
static struct bench bench;

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "access_bench: %s\n", what);
    exit(1);
}

static bool take_audit(void *arg, const struct fact_audit *audit)
{
    (void)arg;
    (void)audit;
    return true;
}

static bool take_command(void *arg, const struct command *command, uint64_t tag)
{
    (void)arg;
    (void)command;
    (void)tag;
    return true;
}

static const struct access_port port = {take_audit, take_command};

static void open_all(void)
{
    static const uint8_t key[SECRET_KEY_SIZE] = {1};
    must(secrets_start() == OK && state_create(&bench.state) == OK &&
             points_create(bench.state, &points_limits_default, &bench.points) == OK &&
             access_model_create(bench.state, &access_limits_default, &bench.model) == OK &&
             secret_key_create(key, &bench.key) == OK,
         "out of memory");
    settings_default(&bench.settings);
    struct access_config config = {.settings = &bench.settings,
                                   .model = bench.model,
                                   .clock = clock_real(),
                                   .key = bench.key,
                                   .port = &port,
                                   .random = os_random};
    must(access_create(&config, &bench.access) == OK, "out of memory");
}

static void close_all(void)
{
    access_destroy(bench.access);
    access_model_destroy(bench.model);
    points_destroy(bench.points);
    state_destroy(bench.state);
    secret_key_destroy(bench.key);
}

static uint32_t apply(const struct command *command)
{
    struct fact fact = {.kind = FACT_ACCESS, .command = *command};
    bench.stamp.position++;
    must(access_apply_fact(bench.model, bench.points, &fact, &bench.stamp, NULL, &bench.outcome) ==
                 OK &&
             bench.outcome.code == OUTCOME_DONE,
         "a command was refused");
    return bench.outcome.number;
}

static struct command command_of(enum command_kind kind, uint32_t tenant)
{
    return (struct command){.kind = (uint8_t)kind,
                            .tenant = tenant,
                            .access = {.expires_wall_ns = INT64_MAX},
                            .actor = {.door = ACTOR_HTTP, .name = bytes_text("bench")}};
}

static uint32_t make_tenant(const char *name)
{
    struct command command = command_of(COMMAND_TENANT_SET, TENANT_MAIN);
    command.access.has = HAS_NAME;
    command.access.name = bytes_text(name);
    return apply(&command);
}

static void make_share(uint32_t from, uint32_t to)
{
    struct command command = command_of(COMMAND_SHARE_OFFER, from);
    command.access.other = to;
    command.access.rights = RIGHT_SEE;
    command.access.pattern_count = 1;
    command.access.patterns[0] = bytes_text("fire/#");
    uint32_t share = apply(&command);
    command = command_of(COMMAND_SHARE_ACCEPT, to);
    command.access.number = share;
    apply(&command);
}

/* So many rights of one pattern with a number in it, of which the last fits. */
static void make_role(uint32_t tenant, const char *name, const char *pattern, uint32_t rules)
{
    char texts[ACCESS_RIGHTS_MAX][64];
    struct command command = command_of(COMMAND_ROLE_SET, tenant);
    command.access.name = bytes_text(name);
    command.access.rule_count = (uint16_t)rules;
    for (uint32_t i = 0; i < rules; i++) {
        const char *mark = strchr(pattern, 'N');
        int size = mark == NULL
                       ? snprintf(texts[i], sizeof texts[i], "%s", pattern)
                       : snprintf(texts[i], sizeof texts[i], "%.*s%u%s", (int)(mark - pattern),
                                  pattern, i + 1 == rules ? 7 : 100 + i, mark + 1);
        command.access.rules[i] = (struct access_rule){bytes_of(texts[i], (size_t)size), RIGHT_SEE};
    }
    apply(&command);
}

static uint32_t make_account(uint32_t tenant, const char *name, const char *role)
{
    struct command command = command_of(COMMAND_ACCOUNT_SET, tenant);
    command.access.has = HAS_NAME | HAS_GRANTS;
    command.access.account_kind = ACCOUNT_DEVICE;
    command.access.name = bytes_text(name);
    command.access.grant_count = 1;
    command.access.grants[0] = (struct grant){bytes_text(role), bytes_text("#")};
    return apply(&command);
}

static void make_token(uint32_t tenant, uint32_t account, char *text)
{
    uint8_t random[SECRET_TOKEN_RANDOM_SIZE], digest[SECRET_DIGEST_SIZE];
    struct secret_token token;
    struct command command = command_of(COMMAND_SECRET_ADD, tenant);
    os_random(random, sizeof random);
    secret_token_make(SECRET_TOKEN_DEVICE, random, text, digest);
    must(secret_token_read(bytes_text(text), &token), "no token");
    command.access.owner = account;
    command.access.secret_kind = SECRET_TOKEN;
    command.access.id = token.id;
    command.access.proof = bytes_of(digest, sizeof digest);
    apply(&command);
}

static struct principal *enter(const char *token, const char *client_id)
{
    struct principal *principal;
    uint32_t retry_s;
    struct access_claim claim = {.how = ACCESS_BEARER,
                                 .door = ACTOR_MQTT,
                                 .secret = bytes_text(token),
                                 .client_id = bytes_text(client_id),
                                 .address = "192.0.2.1:1000"};
    must(access_enter(bench.access, &claim, NULL, NULL, &principal, &retry_s) == ACCESS_WELCOME,
         "not let in");
    return principal;
}

/* Until there is nothing more to do; returns the longest step. */
static int64_t settle(uint64_t *ret_steps, int64_t *ret_all_ns)
{
    int64_t longest = 0, began = cpu_ns();
    uint64_t steps = 0;
    for (int64_t next = 0; next == 0; steps++) {
        int64_t step = cpu_ns();
        next = access_step(bench.access, (int64_t)steps);
        step = cpu_ns() - step;
        longest = step > longest ? step : longest;
    }
    *ret_steps = steps;
    *ret_all_ns = cpu_ns() - began;
    return longest;
}

/* ---- decisions ---------------------------------------------------------------------------------
 */
static double decide_ns(const struct principal *principal, uint32_t tenant, const char *path,
                        bool expected)
{
    struct bytes text = bytes_text(path);
    uint64_t yes = 0;
    int64_t began = cpu_ns();
    for (uint32_t i = 0; i < ASKS; i++) {
        __asm__ volatile("" : "+r"(text.at)); /* each question is asked */
        yes += access_may(principal, RIGHT_SEE, tenant, text);
    }
    double each = (double)(cpu_ns() - began) / ASKS;
    must(yes == (expected ? ASKS : 0), "another decision than expected");
    return each;
}

static void measure_shape(uint32_t tenant, uint32_t giver, const char *pattern)
{
    static const char path[] = "site-7/line 2/press-7/temperature";
    static uint32_t number;
    printf("  %-26s", pattern);
    const uint32_t counts[] = {1, 4, 16};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        char role[16], name[16], token[SECRET_TOKEN_SIZE];
        uint64_t steps;
        int64_t all_ns;
        (void)snprintf(role, sizeof role, "r%u", number);
        (void)snprintf(name, sizeof name, "a%u", number++);
        make_role(tenant, role, pattern, counts[i]);
        make_token(tenant, make_account(tenant, name, role), token);
        settle(&steps, &all_ns);
        struct principal *principal = enter(token, "client");
        printf(" %9.1f %9.1f", decide_ns(principal, tenant, path, true),
               decide_ns(principal, tenant, "$tenant/users", false));
        if (i + 1 == ARRAY_COUNT(counts) && strcmp(pattern, "#") == 0)
            printf("   through a share %.1f", decide_ns(principal, giver, "fire/7/smoke", true));
        principal_release(principal);
    }
    printf("\n");
}

static void measure_decisions(void)
{
    uint32_t tenant = make_tenant("acme"), giver = make_tenant("giver");
    make_share(giver, tenant);
    printf("A decision, ns: allowed by the last rule, and allowed by none\n"
           "  %-26s %19s %19s %19s\n",
           "rules", "1", "4", "16");
    static const char *const patterns[] = {"#",
                                           "site-N/#",
                                           "+/+/press-N/#",
                                           "+/line 2/#",
                                           "site-N/line 2/press-7/temperature",
                                           "site-N/*/press-?/#"};
    for (size_t i = 0; i < ARRAY_COUNT(patterns); i++)
        measure_shape(tenant, giver, patterns[i]);
}

/* ---- changes -----------------------------------------------------------------------------------
 */
static void tell_change(const char *what, uint32_t judged)
{
    uint64_t steps;
    int64_t all_ns, longest = settle(&steps, &all_ns);
    printf("  %-44s %9u %9.2f %9" PRIu64 " %9.2f\n", what, judged, (double)all_ns / 1e6, steps,
           (double)longest / 1e6);
}

static void measure_changes(uint32_t count)
{
    struct principal **principals = calloc(count, sizeof(struct principal *));
    must(principals != NULL, "out of memory");
    uint32_t fleet = make_tenant("fleet"), first = ACCOUNT_NONE;
    make_role(fleet, "mine", "%c/N/#", 4);
    int64_t entering = 0;
    for (uint32_t i = 0; i < ACCOUNTS; i++) {
        char name[16], token[SECRET_TOKEN_SIZE], client[32];
        uint64_t steps;
        int64_t all_ns;
        (void)snprintf(name, sizeof name, "dev%u", i);
        uint32_t account = make_account(fleet, name, i == 0 ? "device" : "mine");
        first = first == ACCOUNT_NONE ? account : first;
        make_token(fleet, account, token);
        settle(&steps, &all_ns);
        int64_t began = cpu_ns();
        for (uint32_t j = i; j < count; j += ACCOUNTS) {
            (void)snprintf(client, sizeof client, "client-%u", j);
            principals[j] = enter(token, client);
        }
        entering += cpu_ns() - began;
    }
    struct access_counters counters;
    access_describe(bench.access, &counters);
    printf("Connected: %" PRIu64 ", %.2f us each to enter, %.0f bytes each\n", counters.principals,
           (double)entering / 1e3 / count, (double)counters.memory / count);
    printf("  %-44s %9s %9s %9s %9s\n", "a change", "judged", "ms", "steps", "longest");
    struct command command = command_of(COMMAND_ACCOUNT_SET, fleet);
    command.access.number = first;
    command.access.has = HAS_STATE;
    command.access.state = ACCOUNT_DISABLED;
    apply(&command);
    tell_change("an account is disabled", (count + ACCOUNTS - 1) / ACCOUNTS);
    make_account(fleet, "new", "mine");
    tell_change("an account is made", 0);
    make_role(TENANT_MAIN, "other", "a/#", 1);
    tell_change("a role of another tenant", 0);
    make_role(fleet, "mine", "%c/N/#", 3);
    tell_change("a role is changed: those of its tenant", count);
    command = command_of(COMMAND_ROLE_SET, TENANT_MAIN);
    command.actor = (struct actor){.door = ACTOR_NONE};
    command.access.name = bytes_text("other");
    command.access.rule_count = 1;
    command.access.rules[0] = (struct access_rule){bytes_text("b/#"), RIGHT_SEE};
    apply(&command);
    tell_change("a change that nobody told: all", count);
    command = command_of(COMMAND_TENANT_STATE, TENANT_MAIN);
    command.access.number = fleet;
    command.access.state = TENANT_SUSPENDED;
    apply(&command);
    tell_change("the tenant is suspended: all end", count);
    for (uint32_t i = 0; i < count; i++)
        principal_release(principals[i]);
    free(principals);
}

int main(int argc, char **argv)
{
    uint32_t count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100000;
    if (count < ACCOUNTS) {
        fprintf(stderr, "usage: access_bench [PRINCIPALS]   1,000 or more\n");
        return 2;
    }
    open_all();
    measure_decisions();
    measure_changes(count);
    close_all();
    return 0;
}
