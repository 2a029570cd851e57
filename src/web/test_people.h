/* test_people: tenants, accounts and shares in a house, and requests of people who enter with a
 * token, as they do. */
#pragma once

#include "web/test_house.h"

#include "access/access.h"

#define PEOPLE_TOLD 64
struct people {
    struct test_house *house;
    struct access *access;
    uint32_t accounts;
    /* What the audit was told beside commands: "denied plant/# write", newest last. */
    char told[PEOPLE_TOLD][256];
    size_t told_count;
};
struct person {
    struct people *people;
    uint32_t account;
    char headers[128]; /* of his requests */
};

static inline bool people_audit(void *arg, const struct fact_audit *audit)
{
    struct people *people = arg;
    check(people->told_count < PEOPLE_TOLD);
    snprintf(people->told[people->told_count++], sizeof people->told[0], "%.*s %.*s %.*s",
             (int)audit->action.size, (const char *)audit->action.at, (int)audit->object.size,
             (const char *)audit->object.at, (int)audit->detail.size,
             (const char *)audit->detail.at);
    return true;
}

static inline bool people_command(void *arg, const struct command *command, uint64_t tag)
{
    (void)arg, (void)command, (void)tag;
    return true;
}

static inline void people_follow(struct people *people)
{
    while (access_step(people->access, people->house->clock.boot_ns) == 0)
        continue;
}

static inline void people_open(struct people *people, struct test_house *house)
{
    static const struct access_port port = {people_audit, people_command};
    *people = (struct people){.house = house};
    const struct access_config config = {.settings = &house->settings,
                                         .model = engine_access(house->engine),
                                         .clock = &house->clock.port,
                                         .port = &port,
                                         .arg = people,
                                         .random = house_random};
    assert_int_equal(secrets_start(), OK);
    assert_int_equal(access_create(&config, &people->access), OK);
    house->web->config.access = people->access;
}

/* Before the house. */
static inline void people_close(struct people *people)
{
    for (size_t i = 0; i < HOUSE_TALKS; i++)
        talk_close(&people->house->talks[i]);
    people->house->web->config.access = NULL;
    access_destroy(people->access);
}

static inline struct command people_command_of(enum command_kind kind, uint32_t tenant)
{
    return (struct command){
        .kind = (uint8_t)kind, .tenant = tenant, .access = {.expires_wall_ns = INT64_MAX}};
}

static inline void people_do(struct people *people, const struct command *command)
{
    struct admitted admitted;
    enum admit admit;
    while ((admit = engine_command(people->house->engine, command, 1, &admitted)) == ADMIT_WAIT)
        (void)house_step(people->house);
    assert_int_equal(admit, ADMIT_DONE);
    house_settle(people->house);
    people_follow(people);
}

static inline uint32_t people_tenant(struct people *people, const char *name)
{
    struct command command = people_command_of(COMMAND_TENANT_SET, TENANT_MAIN);
    command.access.has = HAS_NAME;
    command.access.name = bytes_text(name);
    people_do(people, &command);
    uint32_t tenant = access_tenant_find(engine_access(people->house->engine), bytes_text(name));
    assert_int_not_equal(tenant, TENANT_NONE);
    return tenant;
}

static inline void people_share(struct people *people, uint32_t from, uint32_t to,
                                const char *pattern, uint32_t rights)
{
    struct command command = people_command_of(COMMAND_SHARE_OFFER, from);
    command.access.other = to;
    command.access.rights = rights;
    command.access.pattern_count = 1;
    command.access.patterns[0] = bytes_text(pattern);
    people_do(people, &command);
    command = people_command_of(COMMAND_SHARE_ACCEPT, to);
    command.access.number = access_shares(engine_access(people->house->engine));
    people_do(people, &command);
}

/* Somebody with a role within a branch, who brings a token from now on. */
static inline struct person people_make(struct people *people, uint32_t tenant, const char *name,
                                        const char *role, const char *branch)
{
    struct person person = {.people = people};
    uint8_t random[SECRET_TOKEN_RANDOM_SIZE], digest[SECRET_DIGEST_SIZE];
    char token[SECRET_TOKEN_SIZE];
    struct secret_token read;
    struct command command = people_command_of(COMMAND_ACCOUNT_SET, tenant);
    command.access.has = HAS_NAME | HAS_GRANTS;
    command.access.account_kind = ACCOUNT_TOKEN;
    command.access.name = bytes_text(name);
    command.access.grant_count = 1;
    command.access.grants[0] = (struct grant){bytes_text(role), bytes_text(branch)};
    people_do(people, &command);
    person.account = access_account_find(engine_access(people->house->engine), tenant,
                                         ACCOUNT_TOKEN, bytes_text(name));
    assert_int_not_equal(person.account, ACCOUNT_NONE);
    house_random(random, sizeof random);
    secret_token_make(SECRET_TOKEN_API, random, token, digest);
    assert_true(secret_token_read(bytes_text(token), &read));
    command = people_command_of(COMMAND_SECRET_ADD, tenant);
    command.access.owner = person.account;
    command.access.secret_kind = SECRET_TOKEN;
    command.access.id = read.id;
    command.access.proof = bytes_of(digest, sizeof digest);
    people_do(people, &command);
    snprintf(person.headers, sizeof person.headers, "Authorization: Bearer %s\r\n", token);
    return person;
}

/* His request; body: JSON, or NULL. */
static inline struct reply person_ask(const struct person *person, const char *line,
                                      const char *body)
{
    struct people *people = person->people;
    struct reply reply = house_ask_with(people->house, line, person->headers,
                                        body != NULL ? "application/json" : NULL,
                                        bytes_text(body != NULL ? body : ""));
    people_follow(people);
    return reply;
}
