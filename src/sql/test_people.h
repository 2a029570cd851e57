/* test_people: tenants, accounts and shares in a house, and principals who enter as they do. What
 * stands between a principal and a question is here as the doors do it. */
#pragma once

#include "access/access.h"
#include "sql/test_house.h"

struct people {
    struct sql_house *house;
    struct settings settings;
    struct access *access;
    uint64_t accounts;
    uint32_t rights; /* that who enters has, where the patterns match */
};

static inline bool people_audit(void *arg, const struct fact_audit *audit)
{
    (void)arg, (void)audit;
    return true;
}

static inline bool people_command(void *arg, const struct command *command, uint64_t tag)
{
    (void)arg, (void)command, (void)tag;
    return true;
}

static inline void people_open(struct people *people, struct sql_house *house)
{
    static const struct access_port port = {people_audit, people_command};
    *people = (struct people){.house = house, .rights = RIGHT_SEE};
    settings_default(&people->settings);
    const struct access_config config = {.settings = &people->settings,
                                         .model = engine_access(house->engine),
                                         .clock = clock_real(),
                                         .port = &port,
                                         .arg = people,
                                         .random = os_random};
    assert_int_equal(secrets_start(), OK);
    assert_int_equal(access_create(&config, &people->access), OK);
}

static inline void people_close(struct people *people)
{
    access_destroy(people->access);
}

static inline struct command people_command_of(enum command_kind kind, uint32_t tenant)
{
    return (struct command){
        .kind = (uint8_t)kind, .tenant = tenant, .access = {.expires_wall_ns = INT64_MAX}};
}

/* Carried out; the number of what was made or touched. */
static inline uint32_t people_do(struct people *people, const struct command *command)
{
    house_command(people->house, command);
    if (people->house->outcome.code != OUTCOME_DONE)
        fail_msg("command %d: %s", command->kind, outcome_text(people->house->outcome.code));
    while (access_step(people->access, clock_real()->boot_ns(clock_real())) == 0)
        continue;
    return people->house->outcome.number;
}

static inline uint32_t people_tenant(struct people *people, const char *name)
{
    struct command command = people_command_of(COMMAND_TENANT_SET, TENANT_MAIN);
    command.access.has = HAS_NAME;
    command.access.name = bytes_text(name);
    return people_do(people, &command);
}

/* from shows `to` what these patterns match. */
static inline uint32_t people_share(struct people *people, uint32_t from, uint32_t to,
                                    const char *const *patterns, uint16_t count)
{
    struct command command = people_command_of(COMMAND_SHARE_OFFER, from);
    command.access.other = to;
    command.access.rights = RIGHT_SEE;
    command.access.pattern_count = count;
    for (uint16_t i = 0; i < count; i++)
        command.access.patterns[i] = bytes_text(patterns[i]);
    uint32_t share = people_do(people, &command);
    command = people_command_of(COMMAND_SHARE_ACCEPT, to);
    command.access.number = share;
    return people_do(people, &command);
}

static inline void people_share_end(struct people *people, uint32_t from, uint32_t share)
{
    struct command command = people_command_of(COMMAND_SHARE_END, from);
    command.access.number = share;
    (void)people_do(people, &command);
}

/* An account whose role, its own, says this within a branch, as whoever has its token. */
static inline struct principal *people_enter(struct people *people, uint32_t tenant,
                                             const char *const *patterns, uint16_t count,
                                             const char *branch)
{
    uint8_t random[SECRET_TOKEN_RANDOM_SIZE], digest[SECRET_DIGEST_SIZE];
    char name[32], token[SECRET_TOKEN_SIZE];
    struct secret_token read;
    struct principal *principal = NULL;
    uint32_t retry_s;
    snprintf(name, sizeof name, "p%llu", (unsigned long long)++people->accounts);
    struct command command = people_command_of(COMMAND_ROLE_SET, tenant);
    command.access.name = bytes_text(name);
    command.access.rule_count = count;
    for (uint16_t i = 0; i < count; i++)
        command.access.rules[i] = (struct access_rule){bytes_text(patterns[i]), people->rights};
    (void)people_do(people, &command);
    command = people_command_of(COMMAND_ACCOUNT_SET, tenant);
    command.access.has = HAS_NAME | HAS_GRANTS;
    command.access.account_kind = ACCOUNT_TOKEN;
    command.access.name = bytes_text(name);
    command.access.grant_count = 1;
    command.access.grants[0] = (struct grant){bytes_text(name), bytes_text(branch)};
    uint32_t account = people_do(people, &command);
    os_random(random, sizeof random);
    secret_token_make(SECRET_TOKEN_API, random, token, digest);
    assert_true(secret_token_read(bytes_text(token), &read));
    command = people_command_of(COMMAND_SECRET_ADD, tenant);
    command.access.owner = account;
    command.access.secret_kind = SECRET_TOKEN;
    command.access.id = read.id;
    command.access.proof = bytes_of(digest, sizeof digest);
    (void)people_do(people, &command);
    const struct access_claim claim = {
        .how = ACCESS_BEARER, .door = ACTOR_HTTP, .secret = bytes_text(token), .address = "here:1"};
    assert_int_equal(access_enter(people->access, &claim, NULL, NULL, &principal, &retry_s),
                     ACCESS_WELCOME);
    return principal;
}

/* Who runs the machine: sees all of all tenants. */
static inline struct principal *people_owner(struct people *people)
{
    struct principal *principal = NULL;
    uint32_t retry_s;
    const struct access_claim claim = {
        .how = ACCESS_OWNER, .door = ACTOR_CONTROL, .loopback = true, .address = "here"};
    assert_int_equal(access_enter(people->access, &claim, NULL, NULL, &principal, &retry_s),
                     ACCESS_WELCOME);
    return principal;
}

/* ---- who asks ----------------------------------------------------------------------------------
 */
struct person {
    struct people *people;
    struct principal *principal;
    uint32_t tenant;
};

static inline bool person_resolve(void *arg, struct bytes text, uint32_t *ret_tenant,
                                  struct bytes *ret_path)
{
    const struct person *person = arg;
    return access_resolve(person->people->access, person->principal, text, ret_tenant, ret_path);
}

static inline size_t person_others(void *arg, uint32_t *tenants, size_t most)
{
    const struct person *person = arg;
    size_t kept = 0,
           count = access_tenants_seen(person->people->access, person->principal, tenants, most);
    if (count > most)
        return count;
    for (size_t i = 0; i < count; i++)
        if (tenants[i] != person->tenant)
            tenants[kept++] = tenants[i];
    return kept;
}

static inline enum err person_place(void *arg, uint32_t tenant, struct query_place *ret_place)
{
    const struct person *person = arg;
    if (tenant != person->tenant && !access_may_somewhere(person->principal, RIGHT_SEE, tenant))
        return ERR_MISSING;
    ret_place->prefix = access_present(person->people->access, person->principal, tenant);
    ret_place->name = ret_place->prefix.size > 2
                          ? bytes_of(ret_place->prefix.at + 1, ret_place->prefix.size - 2)
                          : bytes_text("own");
    ret_place->scope = scope_create(person->principal, tenant);
    return ret_place->scope != NULL ? OK : ERR_NO_MEMORY;
}

/* The person must stay where it is. */
static inline struct query_sight *person_sight(struct person *person)
{
    const struct query_asker asker = {.tenant = person->tenant,
                                      .resolve = person_resolve,
                                      .others = person_others,
                                      .place = person_place,
                                      .arg = person};
    struct query_sight *sight = query_sight_create(&asker);
    assert_non_null(sight);
    return sight;
}

/* From now on the house's statements are his. */
static inline void person_asks(struct person *person, uint64_t asker)
{
    struct sql_house *house = person->people->house;
    query_sight_release(house->sight);
    house->sight = person_sight(person);
    house->asker = asker;
}
