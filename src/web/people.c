/* A matter on its way: read from a body, given to the engine, a secret made for it, answered. And
 * whether who asks may: nobody hands out, or takes away, more than he has. */
#include "web/exchange.h"
#include "web/people.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const account_kind_words[] = {"?", "person", "device", "token", "claim"};
const char *const account_state_words[] = {"?", "active", "disabled", "invited", "removed"};

struct access_model *people_model(const struct exchange *exchange)
{
    return engine_access(exchange->web->config.engine);
}

/* ---- a matter ----------------------------------------------------------------------------------
 */
/* What of a body proves something is gone when the matter is over. */
static void body_wipe(json_t *json)
{
    static const char *const names[] = {"password", "old_password", "code",  "claim",
                                        "token",    "key",          "secret"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        const json_t *value = json_object_get(json, names[i]);
        if (json_is_string(value))
            secret_wipe((void *)(uintptr_t)json_string_value(value), json_string_length(value));
    }
}

static void matter_drop(struct order *order)
{
    struct matter *matter = (struct matter *)order;
    body_wipe(order->wish.json);
    secret_wipe(&matter->made, sizeof matter->made);
    principal_release(matter->principal);
}

/* Whoever was waited for finds nobody. */
static void matter_leave(struct exchange *exchange)
{
    struct access *access = exchange->web->config.access;
    struct matter *matter = exchange->state;
    if (access != NULL) {
        access_forget(access, exchange);
        access_make_forget(access, exchange);
    }
    matter_drop(&matter->order);
    json_decref(matter->order.wish.json);
    free(matter);
}

struct matter *matter_begin(struct exchange *exchange, size_t size, uint8_t kind, bool has_body)
{
    check(size >= sizeof(struct matter));
    if (exchange->web->config.access == NULL) {
        answer_problem(exchange, 503, "access_off", NULL, "this server knows no people");
        return NULL;
    }
    struct order *order = order_begin(exchange, size, kind, has_body);
    if (has_body && exchange->body.size > 0)
        secret_wipe((void *)(uintptr_t)exchange->body.at, exchange->body.size);
    if (order == NULL)
        return NULL;
    struct matter *matter = (struct matter *)order;
    exchange->drop = matter_leave;
    matter->tenant = exchange->tenant;
    order->command.access.expires_wall_ns = INT64_MAX;
    return matter;
}

enum handled matter_refuse(struct exchange *exchange)
{
    return order_refuse(exchange);
}

static const char *matter_advice(enum outcome_code code)
{
    switch (code) {
    case OUTCOME_UNKNOWN_TENANT:
        return "GET /v1/tenants lists them";
    case OUTCOME_UNKNOWN_ROLE:
        return "GET /v1/roles lists them";
    case OUTCOME_UNKNOWN_ACCOUNT:
        return "GET /v1/users, /v1/tokens, /v1/devices and /v1/claims list them";
    case OUTCOME_UNKNOWN_SECRET:
        return "it has ended, or never was";
    case OUTCOME_UNKNOWN_SHARE:
        return "GET /v1/shares lists them";
    case OUTCOME_UNKNOWN_PROVIDER:
        return "GET /v1/providers lists them";
    case OUTCOME_NAME_TAKEN:
        return "choose another; those of built-in roles cannot be had";
    case OUTCOME_NAME_INVALID:
        return "a name has 1 to 128 bytes without / @ + # and characters that are not seen, begins "
               "neither with $ nor with a space, and its first word is not owner, trial, system, "
               "server, or another kind's (token, device, claim), nor looks like it; a tenant's "
               "has "
               "1 to 64 of a-z, 0-9 and -; a common name ends in @ and the tenant's name";
    case OUTCOME_ROLE_IN_USE:
        return "give those who hold it another role first";
    case OUTCOME_LAST_HOST:
        return "make another person host first";
    case OUTCOME_TEXT_INVALID:
        return "a title or address has at most 256 bytes of UTF-8 without control characters";
    case OUTCOME_ACCESS_INVALID:
        return "look at the patterns and states that were sent";
    case OUTCOME_ACCESS_FULL:
        return "remove what is not needed any more";
    default:
        return outcome_advice(code);
    }
}

static enum handled matter_lost(struct exchange *exchange)
{
    return answer_problem(exchange, 503, "write_failed", NULL,
                          "a write to the disk failed: whether the command was kept is not "
                          "known; look, and send it again");
}

static enum handled answer_outcome(struct exchange *exchange, enum outcome_code code)
{
    return answer_problem(exchange, outcome_status(code, 200), report_outcome_word(code),
                          outcome_text(code), "%s; %s", outcome_text(code), matter_advice(code));
}

static bool account_is_the_matters(const struct access_model *model, const struct command *command,
                                   uint32_t number)
{
    struct account_view account;
    if (number == ACCOUNT_NONE || number > access_accounts(model))
        return false;
    access_account(model, number, &account);
    return account.tenant == command->tenant &&
           (command->access.number != ACCOUNT_NONE
                ? number == command->access.number
                : account.kind == (enum account_kind)command->access.account_kind);
}

/* A key's first command may have been of any kind, and its number that of anything, of whatever
 * tenant: is it what this matter would make or touch? */
static bool number_is_the_matters(const struct access_model *model, const struct command *command,
                                  uint32_t number)
{
    struct tenant_view tenant;
    struct share_view share;
    struct provider_view provider;
    switch (command->kind) {
    case COMMAND_TENANT_SET:
    case COMMAND_TENANT_STATE:
        return access_tenant(model, number, &tenant) &&
               (command->access.number != TENANT_NONE
                    ? number == command->access.number
                    : bytes_equal(tenant.name, command->access.name));
    case COMMAND_ACCOUNT_SET:
    case COMMAND_ACCOUNT_REMOVE:
        return account_is_the_matters(model, command, number);
    case COMMAND_SHARE_OFFER:
    case COMMAND_SHARE_ACCEPT:
    case COMMAND_SHARE_END:
        return access_share(model, number, &share) &&
               (share.from == command->tenant || share.to == command->tenant) &&
               (command->access.number == SHARE_NONE || number == command->access.number);
    case COMMAND_PROVIDER_SET:
    case COMMAND_PROVIDER_REMOVE:
        return access_provider(model, number, &provider) && provider.tenant == command->tenant &&
               (provider.removed || bytes_equal(provider.name, command->access.name));
    default:
        return true; /* the answer tells nothing of the number */
    }
}

static enum handled matter_outcome(struct exchange *exchange, uint32_t index,
                                   const struct outcome *outcome)
{
    const struct matter *matter = exchange->state;
    (void)index;
    if (outcome == NULL)
        return matter_lost(exchange);
    enum outcome_code said = outcome_said(outcome);
    if (outcome->code == OUTCOME_REPEATED && said == OUTCOME_DONE &&
        !number_is_the_matters(people_model(exchange), &matter->order.command, outcome->number))
        return answer_key_taken(exchange);
    if (outcome->code == OUTCOME_REPEATED)
        exchange_header(exchange, "Idempotency-Replayed", bytes_text("true"));
    if (said == OUTCOME_DONE)
        return matter->order.done(exchange, outcome);
    return answer_outcome(exchange, said);
}

static enum handled matter_try(struct exchange *exchange)
{
    const struct matter *matter = exchange->state;
    struct admitted admitted;
    enum admit admit = engine_command(exchange->web->config.engine, &matter->order.command,
                                      exchange_tag(exchange, 0), &admitted);
    if (admit == ADMIT_WAIT) {
        exchange->resume = matter_try;
        return HANDLED_FULL;
    }
    if (admit != ADMIT_DONE)
        return answer_admit(exchange, admit);
    exchange->web->counters.commands++;
    exchange->ticket = admitted.ticket;
    exchange->outcome = matter_outcome;
    return HANDLED_OUTCOME;
}

enum handled matter_give(struct exchange *exchange,
                         enum handled (*done)(struct exchange *exchange,
                                              const struct outcome *outcome))
{
    struct matter *matter = exchange->state;
    if (matter->order.wish.wrong)
        return matter_refuse(exchange);
    matter->order.done = done;
    return matter_try(exchange);
}

#define FAULT_SENTENCE(name, text) text,
#define FAULT_WORD(name, text) #name,
static const char *const fault_sentences[] = {SECRET_PASSWORD_FAULT_TABLE(FAULT_SENTENCE)};
static const char *const fault_words[] = {SECRET_PASSWORD_FAULT_TABLE(FAULT_WORD)};

enum handled answer_refused(struct exchange *exchange, const char *sentence)
{
    char code[32] = "refused";
    for (size_t i = 0; i < ARRAY_COUNT(fault_words); i++)
        if (strcmp(sentence, fault_sentences[i]) == 0)
            snprintf(code, sizeof code, "password_%s", fault_words[i]);
    for (char *at = code; *at != '\0'; at++)
        *at = (char)(*at >= 'A' && *at <= 'Z' ? *at | 0x20 : *at);
    return answer_problem(exchange, 422, code, NULL, "%s", sentence);
}

/* ---- secrets for it */
static enum handled made_next(struct exchange *exchange)
{
    struct matter *matter = exchange->state;
    const struct access_made *made = &matter->made;
    switch (made->code) {
    case MADE_DONE:
        return matter->made_next(exchange);
    case MADE_REFUSED:
        if (made->outcome != OUTCOME_DONE)
            return answer_outcome(exchange, made->outcome);
        return answer_refused(exchange, made->sentence);
    case MADE_DENIED:
        return answer_problem(exchange, 403, "denied", NULL,
                              "it is wrong, was used, has expired, or what it is for is not "
                              "there any more");
    default:
        return answer_problem(exchange, 503, "busy", NULL,
                              "too much is under way: try again in a while");
    }
}

static enum handled making_outcome(struct exchange *exchange, uint32_t index,
                                   const struct outcome *outcome)
{
    (void)index;
    (void)outcome; /* a write was lost */
    return matter_lost(exchange);
}

static void matter_made(void *arg, const struct access_made *made)
{
    struct exchange *exchange = arg;
    struct matter *matter = exchange->state;
    matter->made = *made;
    exchange_turned(exchange, made_next(exchange));
}

enum handled matter_make(struct exchange *exchange, const struct access_request *request,
                         enum handled (*next)(struct exchange *exchange))
{
    struct matter *matter = exchange->state;
    matter->made_next = next;
    if (access_make(exchange->web->config.access, request, matter_made, exchange, &matter->made) !=
        MADE_LATER)
        return made_next(exchange);
    exchange->outcome = making_outcome;
    return HANDLED_OUTCOME;
}

/* ---- a password for it */
static enum handled matter_let(struct exchange *exchange, enum access_answer answer,
                               uint32_t retry_s)
{
    const struct matter *matter = exchange->state;
    if (answer == ACCESS_SLOW || answer == ACCESS_BUSY)
        return answer_slow(exchange, answer, retry_s);
    return matter->entered_next(exchange, answer);
}

static void matter_entered(void *arg, enum access_answer answer, struct principal *principal,
                           uint32_t retry_s)
{
    struct exchange *exchange = arg;
    struct matter *matter = exchange->state;
    matter->principal = principal;
    exchange_turned(exchange, matter_let(exchange, answer, retry_s));
}

/* A write was lost while the password was looked at. */
static enum handled entering_outcome(struct exchange *exchange, uint32_t index,
                                     const struct outcome *outcome)
{
    (void)index;
    (void)outcome;
    return answer_problem(exchange, 503, "write_failed", NULL,
                          "a write to the disk failed: try again");
}

enum handled matter_enter(struct exchange *exchange, struct bytes name, struct bytes password,
                          struct bytes second,
                          enum handled (*next)(struct exchange *exchange,
                                               enum access_answer answer))
{
    struct matter *matter = exchange->state;
    const struct web_link *link = exchange->client->link;
    uint32_t retry_s = 0;
    const struct access_claim claim = {.how = ACCESS_PASSWORD,
                                       .door = ACTOR_HTTP,
                                       .loopback = link->loopback,
                                       .name = name,
                                       .secret = password,
                                       .second = second,
                                       .address = link->peer};
    matter->entered_next = next;
    enum access_answer answer = access_enter(exchange->web->config.access, &claim, matter_entered,
                                             exchange, &matter->principal, &retry_s);
    if (answer != ACCESS_LATER)
        return matter_let(exchange, answer, retry_s);
    exchange->outcome = entering_outcome;
    return HANDLED_OUTCOME;
}

/* ---- members of bodies -------------------------------------------------------------------------
 */
#define GRANTS_WANTED "an array of up to 16 of {\"role\":\"viewer\",\"branch\":\"plant/#\"}"
#define RULES_WANTED "an array of up to 16 of {\"pattern\":\"plant/#\",\"rights\":[\"see\"]}"

static bool text_of(const json_t *object, const char *name, size_t most, struct bytes *ret_text)
{
    const json_t *value = json_object_get(object, name);
    size_t size = json_string_length(value);
    if (!json_is_string(value) || size == 0 || size > most)
        return false;
    *ret_text = bytes_of(json_string_value(value), size);
    return true;
}

/* A pattern of paths, or of resources as $tenant/users: behind the $ it is one like any other. */
static bool pattern_of(const json_t *object, const char *name, struct bytes *ret_pattern)
{
    struct pattern parsed;
    if (!text_of(object, name, ACCESS_PATTERN_MAX, ret_pattern))
        return false;
    size_t skip = ret_pattern->at[0] == '$';
    return pattern_parse(bytes_of(ret_pattern->at + skip, ret_pattern->size - skip), &parsed) ==
           NULL;
}

static bool grant_read(const json_t *object, struct grant *ret_grant)
{
    bool whole = json_object_get(object, "branch") == NULL;
    ret_grant->branch = bytes_text("#");
    return json_is_object(object) && json_object_size(object) == (whole ? 1 : 2) &&
           text_of(object, "role", ACCESS_NAME_MAX, &ret_grant->role) &&
           (whole || pattern_of(object, "branch", &ret_grant->branch));
}

bool wish_grants(struct wish *wish, struct command_access *access)
{
    const json_t *list = json_object_get(wish->json, "grants");
    bool good = json_is_array(list) && json_array_size(list) <= ACCESS_GRANTS_MAX;
    if (list == NULL)
        return false;
    access->has |= HAS_GRANTS;
    access->grant_count = 0;
    for (size_t i = 0; good && i < json_array_size(list); i++)
        good = grant_read(json_array_get(list, i), &access->grants[access->grant_count++]);
    if (!good)
        wish_fault(wish, "grants", GRANTS_WANTED);
    return good;
}

bool rights_read(const json_t *words, uint32_t *ret_rights)
{
    uint32_t rights = 0;
    if (json_is_string(words) && strcmp(json_string_value(words), "all") == 0) {
        *ret_rights = RIGHT_ALL;
        return true;
    }
    if (!json_is_array(words) || json_array_size(words) == 0 || json_array_size(words) > 5)
        return false;
    for (size_t i = 0; i < json_array_size(words); i++) {
        const char *word = json_string_value(json_array_get(words, i));
        uint32_t right = RIGHT_SEE;
        while (word != NULL && right <= RIGHT_ADMINISTER &&
               strcmp(word, right_word((enum access_right)right)) != 0)
            right <<= 1;
        if (word == NULL || right > RIGHT_ADMINISTER)
            return false;
        rights |= right;
    }
    *ret_rights = rights;
    return true;
}

bool wish_rules(struct wish *wish, struct command_access *access)
{
    const json_t *list = json_object_get(wish->json, "rights");
    bool good = json_is_array(list) && json_array_size(list) <= ACCESS_RIGHTS_MAX;
    access->rule_count = 0;
    for (size_t i = 0; good && i < json_array_size(list); i++) {
        const json_t *object = json_array_get(list, i);
        struct access_rule *rule = &access->rules[access->rule_count++];
        good = json_is_object(object) && json_object_size(object) == 2 &&
               pattern_of(object, "pattern", &rule->pattern) &&
               rights_read(json_object_get(object, "rights"), &rule->rights);
    }
    if (!good)
        wish_fault(wish, "rights", RULES_WANTED);
    return good;
}

/* ---- who asks ----------------------------------------------------------------------------------
 */
enum handled answer_nobody(struct exchange *exchange, const char *what)
{
    char code[32];
    snprintf(code, sizeof code, "unknown_%s", what);
    return answer_problem(exchange, 404, code, NULL, "there is no such %s, or you may not see it",
                          what);
}

enum handled answer_exceeds(struct exchange *exchange)
{
    return answer_problem(exchange, 403, "exceeds", NULL,
                          "that is more than you may yourself: nobody grants, changes, resets or "
                          "removes what goes beyond his own rights");
}

/* Whose he is himself, whomever he acts for by a header. */
static uint32_t people_own(const struct exchange *exchange)
{
    return exchange->principal != NULL ? principal_tenant(exchange->principal) : exchange->tenant;
}

bool people_may(struct exchange *exchange, enum access_right right, uint32_t tenant,
                const char *resource)
{
    if (tenant != people_own(exchange))
        return exchange_may(exchange, right, TENANT_MAIN, bytes_text("$server/tenants"));
    return exchange_may(exchange, right, tenant, bytes_text(resource));
}

bool people_tenant(struct exchange *exchange, enum access_right right, uint32_t *ret_tenant)
{
    struct bytes name;
    *ret_tenant = exchange->tenant;
    if (!query_text(exchange, "tenant", &name))
        return true;
    if (exchange->acts_for) {
        answer_problem(exchange, 400, "parameter", NULL,
                       "the header Mainstem-Tenant and the parameter tenant both say whose matter "
                       "it is: send one of them");
        return false;
    }
    struct tenant_view view;
    uint32_t tenant = access_tenant_find(people_model(exchange), name);
    if (tenant != TENANT_NONE && access_tenant(people_model(exchange), tenant, &view) &&
        (tenant == exchange->tenant || people_may(exchange, right, tenant, ""))) {
        *ret_tenant = tenant;
        return true;
    }
    answer_nobody(exchange, "tenant");
    return false;
}

bool people_person(struct exchange *exchange, struct principal_view *ret_view)
{
    if (exchange->principal != NULL) {
        principal_view(exchange->principal, ret_view);
        if (ret_view->kind == ACCOUNT_PERSON && ret_view->account != ACCOUNT_NONE &&
            !ret_view->ended)
            return true;
    }
    answer_problem(exchange, 403, "person_only", NULL,
                   "only a person who is logged in has that: no token, no device, and nobody "
                   "while no one administers this server");
    return false;
}

/* ---- does he cover it --------------------------------------------------------------------------
 */
/* What stands for any name: no rule that is not about any name matches it. */
#define ANYBODY "\x01\x02\x01\x02\x01\x02\x01\x02\x01\x02\x01\x02\x01\x02\x01\x02\x01\x02\x01\x02"

struct probe {
    uint8_t at[PATTERN_BYTES_MAX + PATH_DEPTH_MAX * sizeof ANYBODY];
    size_t size;
};

static bool is_wild(struct bytes segment)
{
    for (size_t i = 0; i < segment.size; i++)
        if (memchr("+#*?", segment.at[i], 4) != NULL)
            return true;
    return false;
}

static void probe_append(struct probe *probe, struct bytes text)
{
    if (text.size == 0 || probe->size + text.size > sizeof probe->at)
        return;
    memcpy(probe->at + probe->size, text.at, text.size);
    probe->size += text.size;
}

/* A wildcard's segment becomes the name that only a wildcard matches, behind the sign that says
 * whose it is. */
static void probe_put(struct probe *probe, struct bytes segment)
{
    if (probe->size > 0)
        probe_append(probe, bytes_text("/"));
    if (!is_wild(segment)) {
        probe_append(probe, segment);
        return;
    }
    if (probe->size == 0 && (segment.at[0] == '$' || segment.at[0] == '@'))
        probe_append(probe, bytes_of(segment.at, 1));
    probe_append(probe, bytes_text(ANYBODY));
}

static bool probe_may(struct exchange *exchange, enum access_right right, const struct probe *probe)
{
    return exchange_may(exchange, right, people_own(exchange), bytes_of(probe->at, probe->size));
}

/* Of patterns that begin with '$' or '@', which access_reach does not know: what stands for any
 * name is put where a wildcard stands, at every depth where it may end. A part of a name is taken
 * for the whole. */
static bool covers_by_probe(struct exchange *exchange, enum access_right right,
                            struct bytes pattern)
{
    struct probe probe = {.size = 0};
    size_t at = 0, depth = 0;
    bool rest = false;
    while (at <= pattern.size && !rest) {
        const uint8_t *slash =
            at < pattern.size ? memchr(pattern.at + at, '/', pattern.size - at) : NULL;
        size_t end = slash == NULL ? pattern.size : (size_t)(slash - pattern.at);
        struct bytes segment = bytes_of(pattern.at + at, end - at);
        rest = slash == NULL &&
               (bytes_equal(segment, bytes_text("#")) || bytes_equal(segment, bytes_text("**")));
        if (!rest) {
            probe_put(&probe, segment);
            depth++;
        }
        at = end + 1;
    }
    bool covers = depth == 0 || probe_may(exchange, right, &probe);
    while (covers && rest && depth++ < PATH_DEPTH_MAX) {
        probe_put(&probe, bytes_text("+"));
        covers = probe_may(exchange, right, &probe);
    }
    return covers;
}

/* "%c" and "%u" stand for any name. */
static struct bytes name_any(struct bytes pattern, uint8_t *at)
{
    size_t size = 0;
    for (size_t i = 0; i < pattern.size; i++) {
        bool name = pattern.at[i] == '%' && i + 1 < pattern.size &&
                    (pattern.at[i + 1] == 'c' || pattern.at[i + 1] == 'u');
        at[size++] = name ? '*' : pattern.at[i];
        i += name;
    }
    return bytes_of(at, size);
}

static bool covers_pattern(struct exchange *exchange, enum access_right right, struct bytes pattern)
{
    uint8_t text[PATTERN_BYTES_MAX];
    struct pattern parsed;
    struct access *access = exchange->web->config.access;
    if (access == NULL)
        return true;
    if (pattern.size == 0 || pattern.size > sizeof text)
        return false;
    pattern = name_any(pattern, text);
    if (pattern.at[0] == '$' || pattern.at[0] == '@')
        return covers_by_probe(exchange, right, pattern);
    if (pattern_parse(pattern, &parsed) != NULL ||
        access_reach(exchange->principal, right, people_own(exchange), &parsed) != REACH_ALL)
        return false;
    /* "#" covers what other tenants share as well. */
    return parsed.depth > 0 || covers_by_probe(exchange, right, bytes_text("@" ANYBODY "/#"));
}

/* As the rules of access take it: by what a branch means, not by how it is written. */
static bool is_everywhere(struct bytes branch)
{
    struct pattern parsed;
    return pattern_parse(branch, &parsed) == NULL && parsed.depth == 0 && parsed.rest;
}

static bool covers_rule(struct exchange *exchange, struct bytes pattern, uint32_t rights,
                        struct bytes branch)
{
    bool everywhere = is_everywhere(branch);
    bool server = pattern.size > 0 && pattern.at[0] == '$';
    if (!everywhere && server != (branch.size > 0 && branch.at[0] == '$'))
        return true; /* they have nothing in common */
    bool covers = true;
    for (uint32_t right = RIGHT_SEE; covers && right <= RIGHT_ADMINISTER; right <<= 1)
        covers = (rights & right) == 0 ||
                 covers_pattern(exchange, (enum access_right)right, pattern) ||
                 (!everywhere && covers_pattern(exchange, (enum access_right)right, branch));
    return covers;
}

bool people_covers_rules(struct exchange *exchange, uint32_t tenant,
                         const struct access_rule *rules, uint32_t count)
{
    bool covers = true;
    if (tenant != people_own(exchange))
        return people_may(exchange, RIGHT_ADMINISTER, tenant, "");
    for (uint32_t i = 0; covers && i < count; i++)
        covers = covers_rule(exchange, rules[i].pattern, rules[i].rights, bytes_text("#"));
    return covers;
}

bool people_covers(struct exchange *exchange, uint32_t tenant, const struct grant *grants,
                   uint32_t count)
{
    bool covers = true;
    if (tenant != people_own(exchange))
        return people_may(exchange, RIGHT_ADMINISTER, tenant, "");
    for (uint32_t i = 0; covers && i < count; i++) {
        struct role_view role;
        /* A role that is not there is refused by the reducer. */
        bool found = access_role_find(people_model(exchange), tenant, grants[i].role, &role);
        for (uint32_t j = 0; found && covers && j < role.right_count; j++)
            covers = covers_rule(exchange, role.rights[j].pattern, role.rights[j].rights,
                                 grants[i].branch);
    }
    return covers;
}

bool people_covers_account(struct exchange *exchange, const struct account_view *account)
{
    return people_covers(exchange, account->tenant, account->grants, account->grant_count);
}

/* ---- members of answers ------------------------------------------------------------------------
 */
struct bytes tenant_name(const struct exchange *exchange, uint32_t tenant)
{
    struct tenant_view view;
    return access_tenant(people_model(exchange), tenant, &view) ? view.name : bytes_of("", 0);
}

void put_rights(struct json_writer *json, const char *name, uint32_t rights)
{
    json_put_name(json, name);
    json_put_array(json);
    for (uint32_t right = RIGHT_SEE; right <= RIGHT_ADMINISTER; right <<= 1)
        if (rights & right)
            json_put_text(json, right_word((enum access_right)right));
    json_put_array_end(json);
}

void put_grants(struct json_writer *json, const struct account_view *account)
{
    json_put_name(json, "grants");
    json_put_array(json);
    for (uint32_t i = 0; i < account->grant_count; i++) {
        json_put_object(json);
        json_member_string(json, "role", account->grants[i].role);
        json_member_string(json, "branch", account->grants[i].branch);
        json_put_object_end(json);
    }
    json_put_array_end(json);
}

void put_account_name(const struct exchange *exchange, struct json_writer *json, const char *name,
                      uint32_t account)
{
    struct account_view view;
    if (account == ACCOUNT_NONE || account > access_accounts(people_model(exchange))) {
        json_member_null(json, name);
        return;
    }
    access_account(people_model(exchange), account, &view);
    put_text(json, name, view.name);
}

#define SECRETS_LOOKED_AT 64 /* of an account, for its last use */

static void put_last_use(struct exchange *exchange, uint32_t account)
{
    struct json_writer *json = &exchange->json;
    const struct access *access = exchange->web->config.access;
    const struct access_model *model = people_model(exchange);
    int64_t last_ns = INT64_MIN;
    const char *last_address = NULL;
    uint32_t secret = access_secret_next(model, account, SECRET_NONE);
    for (int i = 0; access != NULL && secret != SECRET_NONE && i < SECRETS_LOOKED_AT; i++) {
        int64_t wall_ns;
        const char *address;
        if (access_last_use(access, secret, &wall_ns, &address) && wall_ns > last_ns) {
            last_ns = wall_ns;
            last_address = address;
        }
        secret = access_secret_next(model, account, secret);
    }
    put_when(json, "last_used", last_ns);
    put_text(json, "last_address", bytes_text(last_address != NULL ? last_address : ""));
}

void account_put(struct exchange *exchange, const struct account_view *account)
{
    struct json_writer *json = &exchange->json;
    json_member_string(json, "name", account->name);
    put_text(json, "title", account->title);
    json_member_text(json, "state", account_state_words[account->state]);
    put_grants(json, account);
    put_account_name(exchange, json, "owner", account->owner);
    json_member_time(json, "created", account->created_wall_ns);
    put_when(json, "expires", account->expires_wall_ns);
    json_member_count(json, "number", account->account);
    put_last_use(exchange, account->account);
}

uint32_t people_number(struct bytes text)
{
    uint64_t number = 0;
    for (size_t i = 0; i < text.size && number <= UINT32_MAX; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return 0;
        number = number * 10 + (uint64_t)(text.at[i] - '0');
    }
    return number <= UINT32_MAX ? (uint32_t)number : 0;
}

static int digit_of(uint8_t byte)
{
    uint8_t letter = byte | 0x20; /* of either case */
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

bool people_fingerprint_read(struct bytes text, uint8_t ret_fingerprint[32])
{
    size_t count = 0;
    for (size_t i = 0; i < text.size; i++) {
        int digit = digit_of(text.at[i]);
        if (text.at[i] == ':' && count % 2 == 0)
            continue;
        if (digit < 0 || count == 64)
            return false;
        uint8_t *at = &ret_fingerprint[count / 2];
        *at = (uint8_t)(count % 2 == 0 ? digit << 4 : *at | digit);
        count++;
    }
    return count == 64;
}

static size_t hex_text(struct bytes bytes, char *text)
{
    for (size_t i = 0; i < bytes.size; i++) {
        text[2 * i] = "0123456789abcdef"[bytes.at[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes.at[i] & 15];
    }
    return 2 * bytes.size;
}

void put_hex(struct json_writer *json, const char *name, struct bytes bytes)
{
    char text[64];
    check(bytes.size <= sizeof text / 2);
    json_member_string(json, name, bytes_of(text, hex_text(bytes, text)));
}

void people_put_fingerprint(struct json_writer *json, struct bytes id)
{
    char text[64];
    if (id.size == 32)
        json_put_string(json, bytes_of(text, hex_text(id, text)));
    else
        json_put_string(json, id);
}

/* ---- pages -------------------------------------------------------------------------------------
 */
struct people_walk {
    const struct people_page *page;
    uint32_t tenant, last;
    uint64_t limit, count;
    size_t contains_size;
    uint8_t contains[CONTAINS_MAX];
};

static uint8_t byte_small(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte | 0x20) : byte;
}

bool people_contains(struct bytes text, struct bytes part)
{
    for (size_t at = 0; at + part.size <= text.size; at++) {
        size_t same = 0;
        while (same < part.size && byte_small(text.at[at + same]) == byte_small(part.at[same]))
            same++;
        if (same == part.size)
            return true;
    }
    return false;
}

bool people_query_contains(struct exchange *exchange, uint8_t *at, size_t *ret_size)
{
    struct bytes contains = bytes_of("", 0);
    if (query_text(exchange, "contains", &contains) && contains.size > CONTAINS_MAX) {
        answer_parameter(exchange, "contains", "a text of up to 128 bytes", contains);
        return false;
    }
    if (contains.size > 0)
        memcpy(at, contains.at, contains.size);
    *ret_size = contains.size;
    return true;
}

static bool walk_keeps(struct exchange *exchange, const struct people_walk *walk,
                       const struct account_view *account)
{
    struct bytes contains = bytes_of(walk->contains, walk->contains_size);
    return account->kind == walk->page->kind && account->state != ACCOUNT_REMOVED &&
           (walk->page->keeps == NULL || walk->page->keeps(exchange, account)) &&
           (contains.size == 0 || people_contains(account->name, contains) ||
            people_contains(account->title, contains));
}

static enum handled walk_end(struct exchange *exchange, bool more)
{
    struct people_walk *walk = exchange->state;
    struct json_writer *json = &exchange->json;
    char next[16];
    json_put_array_end(json);
    snprintf(next, sizeof next, "%u", walk->last);
    if (more)
        json_member_text(json, "next", next);
    else
        json_member_null(json, "next");
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

static enum handled walk_go(struct exchange *exchange)
{
    struct people_walk *walk = exchange->state;
    const struct access_model *model = people_model(exchange);
    struct turn turn = turn_begin(exchange->web);
    uint32_t at;
    while ((at = access_account_next(model, walk->tenant, walk->last)) != ACCOUNT_NONE) {
        struct account_view account;
        if (walk->count >= walk->limit)
            return walk_end(exchange, true);
        access_account(model, at, &account);
        walk->last = at;
        if (walk_keeps(exchange, walk, &account)) {
            walk->page->put(exchange, &account);
            walk->count++;
        }
        if (turn_is_over(&turn, 0))
            return HANDLED_STEP;
    }
    return walk_end(exchange, false);
}

enum handled people_list(struct exchange *exchange, uint32_t tenant, const struct people_page *page)
{
    uint64_t limit = 100, after = 0;
    if (!query_count(exchange, "limit", 1, 1000, &limit) ||
        !query_count(exchange, "after", 0, UINT32_MAX, &after))
        return HANDLED;
    struct people_walk *walk = exchange_keep(exchange, sizeof *walk);
    if (walk == NULL)
        return HANDLED;
    *walk = (struct people_walk){
        .page = page, .tenant = tenant, .last = (uint32_t)after, .limit = limit};
    if (!people_query_contains(exchange, walk->contains, &walk->contains_size))
        return HANDLED;
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, page->name);
    json_put_array(&exchange->json);
    exchange->resume = walk_go;
    return walk_go(exchange);
}
