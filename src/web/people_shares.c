/* Shares: a tenant lets another see branches of its own; and the OpenID providers that a tenant
 * lets people in by. */
#include "web/people.h"

#include <stdio.h>
#include <string.h>

/* ---- shares ------------------------------------------------------------------------------------
 */
static const char *const share_state_words[] = {"?", "offered", "active", "ended"};

void share_put(struct exchange *exchange, const struct share_view *share)
{
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    json_member_count(json, "number", share->share);
    json_member_string(json, "from", tenant_name(exchange, share->from));
    json_member_string(
        json, "to", share->to == TENANT_NONE ? share->to_name : tenant_name(exchange, share->to));
    json_member_text(json, "state", share_state_words[share->state]);
    put_rights(json, "rights", share->rights);
    json_put_name(json, "patterns");
    json_put_array(json);
    for (uint32_t i = 0; i < share->pattern_count; i++)
        json_put_string(json, share->patterns[i]);
    json_put_array_end(json);
    put_text(json, "title", share->title);
    json_member_time(json, "offered", share->wall_ns);
    put_when(json, "accepted", share->accepted_wall_ns == 0 ? INT64_MIN : share->accepted_wall_ns);
    put_when(json, "ended", share->ended_wall_ns == 0 ? INT64_MIN : share->ended_wall_ns);
    json_put_object_end(json);
}

#define SHARES_TOLD 1000

/* Behind `after` and before any number: those given, then those taken. */
static uint32_t shares_put(struct exchange *exchange, uint32_t tenant, bool given, uint32_t after)
{
    const struct access_model *model = people_model(exchange);
    struct share_view share;
    json_put_name(&exchange->json, given ? "given" : "taken");
    json_put_array(&exchange->json);
    uint32_t at = access_share_next(model, tenant, given, after), told = 0;
    for (; at != SHARE_NONE && told < SHARES_TOLD; told++) {
        if (access_share(model, at, &share))
            share_put(exchange, &share);
        after = at;
        at = access_share_next(model, tenant, given, at);
    }
    json_put_array_end(&exchange->json);
    return at == SHARE_NONE ? SHARE_NONE : after;
}

/* ---- those that ended, the newest first
 * They have left the chains of their tenants: all numbers are looked at, a piece an answer, so that
 * an answer may have none and a `next` all the same. */
#define ENDED_LOOKED_AT 2000
#define ENDED_TOLD 200

static bool share_has_ended(const struct exchange *exchange, uint32_t tenant, uint32_t number,
                            struct share_view *ret_share)
{
    return access_share(people_model(exchange), number, ret_share) &&
           ret_share->state == SHARE_ENDED &&
           (ret_share->from == tenant || ret_share->to == tenant);
}

/* Of the numbers below `from`, down to `to`. */
static void ended_put(struct exchange *exchange, uint32_t tenant, bool given, uint32_t from,
                      uint32_t to)
{
    struct share_view share;
    json_put_name(&exchange->json, given ? "given" : "taken");
    json_put_array(&exchange->json);
    for (uint32_t at = from; at-- > to;)
        if (share_has_ended(exchange, tenant, at, &share) && (share.from == tenant) == given)
            share_put(exchange, &share);
    json_put_array_end(&exchange->json);
}

static enum handled shares_ended(struct exchange *exchange, uint32_t tenant, uint64_t after)
{
    struct json_writer *json = &exchange->json;
    struct share_view share;
    char text[16];
    uint32_t all = access_shares(people_model(exchange));
    uint32_t from = after == 0 || after > all ? all + 1 : (uint32_t)after, to = from, told = 0;
    while (to > 1 && from - to < ENDED_LOOKED_AT && told < ENDED_TOLD)
        told += share_has_ended(exchange, tenant, --to, &share);
    json_put_object(json);
    ended_put(exchange, tenant, true, from, to);
    ended_put(exchange, tenant, false, from, to);
    json_put_name(json, "next");
    snprintf(text, sizeof text, "%u", to);
    if (to <= 1)
        json_put_null(json);
    else
        json_put_text(json, text);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

enum handled handle_shares(struct exchange *exchange)
{
    struct json_writer *json = &exchange->json;
    struct bytes state;
    uint32_t tenant;
    uint64_t after = 0;
    if (!people_tenant(exchange, RIGHT_SEE, &tenant) ||
        !query_count(exchange, "after", 0, UINT32_MAX, &after))
        return HANDLED;
    if (query_text(exchange, "state", &state)) {
        if (bytes_equal(state, bytes_text("ended")))
            return shares_ended(exchange, tenant, after);
        answer_parameter(exchange, "state", "ended", state);
        return HANDLED;
    }
    json_put_object(json);
    uint32_t given = shares_put(exchange, tenant, true, (uint32_t)after);
    uint32_t taken = shares_put(exchange, tenant, false, (uint32_t)after);
    uint32_t next = given == SHARE_NONE || (taken != SHARE_NONE && taken < given) ? taken : given;
    json_put_name(json, "next");
    char text[16];
    snprintf(text, sizeof text, "%u", next);
    if (next == SHARE_NONE)
        json_put_null(json);
    else
        json_put_text(json, text);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

static enum handled share_done(struct exchange *exchange, const struct outcome *outcome)
{
    const struct matter *matter = exchange->state;
    struct json_writer *json = &exchange->json;
    struct share_view share;
    json_put_object(json);
    order_put_outcome(json, outcome);
    json_put_name(json, "share");
    if (access_share(people_model(exchange), outcome->number, &share))
        share_put(exchange, &share);
    else
        json_put_null(json);
    json_put_object_end(json);
    return answer_json(exchange, matter->steps);
}

static void share_read(struct wish *wish, struct command_access *access)
{
    const json_t *patterns = json_object_get(wish->json, "patterns");
    const json_t *rights = json_object_get(wish->json, "rights");
    bool good = json_is_array(patterns) && json_array_size(patterns) > 0 &&
                json_array_size(patterns) <= SHARE_PATTERNS_MAX;
    for (size_t i = 0; good && i < json_array_size(patterns); i++) {
        const json_t *pattern = json_array_get(patterns, i);
        size_t size = json_string_length(pattern);
        good = json_is_string(pattern) && size > 0 && size <= ACCESS_PATTERN_MAX;
        access->patterns[access->pattern_count++] = bytes_of(json_string_value(pattern), size);
    }
    if (!good)
        wish_fault(wish, "patterns", "an array of 1 to 8 patterns of paths");
    access->rights = RIGHT_SEE;
    if (rights != NULL && (!rights_read(rights, &access->rights) ||
                           (access->rights | RIGHT_ACKNOWLEDGE) != (RIGHT_SEE | RIGHT_ACKNOWLEDGE)))
        wish_fault(wish, "rights", "[\"see\"], or [\"see\",\"acknowledge\"]");
    access->rights |= RIGHT_SEE;
    (void)wish_text(wish, "title", 0, ACCESS_TITLE_MAX, &access->title);
}

enum handled handle_share_offer(struct exchange *exchange)
{
    uint32_t tenant;
    struct bytes to = bytes_of("", 0);
    struct access_rule rules[SHARE_PATTERNS_MAX];
    if (!people_tenant(exchange, RIGHT_ADMINISTER, &tenant))
        return HANDLED;
    struct matter *matter = matter_begin(exchange, sizeof *matter, COMMAND_SHARE_OFFER, true);
    if (matter == NULL)
        return HANDLED;
    struct wish *wish = &matter->order.wish;
    struct command_access *access = &matter->order.command.access;
    wish_members(wish, "to patterns rights title");
    if (!wish_text(wish, "to", 1, ACCESS_TENANT_NAME_MAX, &to))
        wish_fault(wish, "to", "the name of a tenant");
    share_read(wish, access);
    if (wish->wrong)
        return matter_refuse(exchange);
    access->other = SHARE_TO_NAME; /* whether it is there or not: who offers does not learn it */
    access->name = to;
    for (uint16_t i = 0; i < access->pattern_count; i++)
        rules[i] = (struct access_rule){access->patterns[i], access->rights};
    if (!people_covers_rules(exchange, tenant, rules, access->pattern_count))
        return answer_exceeds(exchange);
    matter->order.command.tenant = tenant;
    matter->steps = 201;
    return matter_give(exchange, share_done);
}

static enum handled share_turn(struct exchange *exchange, uint8_t kind)
{
    uint32_t tenant, number = people_number(exchange->arg);
    struct share_view share;
    if (!people_tenant(exchange, RIGHT_ADMINISTER, &tenant))
        return HANDLED;
    if (number == 0 || !access_share(people_model(exchange), number, &share) ||
        (share.from != tenant && share.to != tenant))
        return answer_nobody(exchange, "share");
    struct matter *matter = matter_begin(exchange, sizeof *matter, kind, false);
    if (matter == NULL)
        return HANDLED;
    matter->order.command.tenant = tenant;
    matter->order.command.access.number = number;
    matter->steps = 200;
    return matter_give(exchange, share_done);
}

enum handled handle_share_accept(struct exchange *exchange)
{
    return share_turn(exchange, COMMAND_SHARE_ACCEPT);
}

enum handled handle_share_end(struct exchange *exchange)
{
    return share_turn(exchange, COMMAND_SHARE_END);
}

/* ---- why ---------------------------------------------------------------------------------------
 */
static void why_put(void *arg, const char *sentence)
{
    json_put_text(arg, sentence);
}

static bool why_right(struct exchange *exchange, enum access_right *ret_right)
{
    struct bytes word;
    *ret_right = RIGHT_SEE;
    if (!query_text(exchange, "right", &word))
        return true;
    for (uint32_t right = RIGHT_SEE; right <= RIGHT_ADMINISTER; right <<= 1)
        if (bytes_equal(word, bytes_text(right_word((enum access_right)right)))) {
            *ret_right = (enum access_right)right;
            return true;
        }
    answer_parameter(exchange, "right", "see, write, acknowledge, configure or administer", word);
    return false;
}

/* The account that is asked about; ACCOUNT_NONE: who asks. False: it was answered. */
static bool why_account(struct exchange *exchange, uint32_t *ret_account)
{
    static const char *const names[] = {"user", "device", "token"};
    static const enum account_kind kinds[] = {ACCOUNT_PERSON, ACCOUNT_DEVICE, ACCOUNT_TOKEN};
    struct bytes name;
    *ret_account = ACCOUNT_NONE;
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (!query_text(exchange, names[i], &name))
            continue;
        if (exchange_may(exchange, RIGHT_SEE, exchange->tenant, bytes_text("$tenant/users")))
            *ret_account =
                access_account_find(people_model(exchange), exchange->tenant, kinds[i], name);
        if (*ret_account != ACCOUNT_NONE)
            return true;
        answer_nobody(exchange, names[i]);
        return false;
    }
    return true;
}

enum handled handle_why(struct exchange *exchange)
{
    struct json_writer *json = &exchange->json;
    struct access *access = exchange->web->config.access;
    struct bytes text = bytes_of("", 0), path;
    enum access_right right;
    uint32_t account, tenant;
    uint8_t kept[PATH_MAX_BYTES];
    bool may = false;
    if (access == NULL)
        return answer_problem(exchange, 503, "access_off", NULL, "this server knows no people");
    if (!why_right(exchange, &right) || !why_account(exchange, &account))
        return HANDLED;
    if (!query_text(exchange, "path", &text) || text.size == 0 || text.size > sizeof kept) {
        answer_parameter(exchange, "path", "a path, or a resource as $tenant/users,", text);
        return HANDLED;
    }
    memcpy(kept, text.at, text.size);
    if (!exchange_place(exchange, bytes_of(kept, text.size), &tenant, &path))
        return answer_nobody(exchange, "tenant");
    if (path.size >= 8 && memcmp(path.at, "$server/", 8) == 0)
        tenant = TENANT_MAIN;
    json_put_object(json);
    json_put_name(json, "why");
    json_put_array(json);
    if (account != ACCOUNT_NONE) {
        if (access_explain_account(access, account, right, tenant, path, why_put, json, &may) != OK)
            json_put_text(json, "no: the account is not there any more");
    } else {
        access_explain(access, exchange->principal, right, tenant, path, why_put, json);
        may = access_may(exchange->principal, right, tenant, path);
    }
    json_put_array_end(json);
    json_member_bool(json, "may", may);
    json_put_object_end(json);
    return answer_json(exchange, 200);
}
