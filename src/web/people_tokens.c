/* API tokens: for programs, made by people, never wider than who made them. */
#include "web/people.h"

#include <string.h>

static bool token_is_his(struct exchange *exchange, const struct account_view *account)
{
    struct principal_view view;
    principal_view(exchange->principal, &view);
    return view.account != ACCOUNT_NONE && account->owner == view.account;
}

static bool token_is_seen(struct exchange *exchange, const struct account_view *account)
{
    return people_may(exchange, RIGHT_SEE, account->tenant, "$tenant/tokens") ||
           token_is_his(exchange, account);
}

static void token_put(struct exchange *exchange, const struct account_view *account)
{
    json_put_object(&exchange->json);
    account_put(exchange, account);
    json_put_object_end(&exchange->json);
}

enum handled handle_tokens(struct exchange *exchange)
{
    static const struct people_page page = {"tokens", ACCOUNT_TOKEN, token_is_seen, token_put};
    uint32_t tenant;
    if (exchange->principal == NULL)
        return answer_problem(exchange, 503, "access_off", NULL, "this server knows no people");
    if (!people_tenant(exchange, RIGHT_SEE, &tenant))
        return HANDLED;
    return people_list(exchange, tenant, &page);
}

static enum handled token_answer(struct exchange *exchange, unsigned status)
{
    const struct matter *matter = exchange->state;
    struct json_writer *json = &exchange->json;
    struct account_view account;
    access_account(people_model(exchange), matter->account, &account);
    json_put_object(json);
    json_member_text(json, "outcome", "done");
    json_put_name(json, "token");
    if (account.state == ACCOUNT_REMOVED)
        json_put_null(json);
    else
        token_put(exchange, &account);
    if (matter->made.text[0] != '\0')
        json_member_text(json, "text", matter->made.text);
    json_put_object_end(json);
    return answer_json(exchange, status);
}

static enum handled token_has_text(struct exchange *exchange)
{
    return token_answer(exchange, 201);
}

static enum handled token_made(struct exchange *exchange, const struct outcome *outcome)
{
    struct matter *matter = exchange->state;
    matter->account = outcome->number;
    if (outcome->code == OUTCOME_REPEATED) /* its text was told then, and is not kept */
        return token_answer(exchange, 200);
    struct access_request request = {.making = MAKE_TOKEN,
                                     .account = outcome->number,
                                     .by = exchange->principal,
                                     .address = exchange->client->link->peer};
    return matter_make(exchange, &request, token_has_text);
}

enum handled handle_token_make(struct exchange *exchange)
{
    struct principal_view view;
    uint32_t tenant;
    if (!people_tenant(exchange, RIGHT_ADMINISTER, &tenant))
        return HANDLED;
    struct matter *matter = matter_begin(exchange, sizeof *matter, COMMAND_ACCOUNT_SET, true);
    if (matter == NULL)
        return HANDLED;
    struct wish *wish = &matter->order.wish;
    struct command_access *access = &matter->order.command.access;
    principal_view(exchange->principal, &view);
    /* A person makes his own; others are made by who administers tokens. */
    if (view.kind != ACCOUNT_PERSON &&
        !people_may(exchange, RIGHT_ADMINISTER, tenant, "$tenant/tokens"))
        return answer_forbidden(exchange, RIGHT_ADMINISTER, bytes_text("$tenant/tokens"));
    wish_members(wish, "name title grants expires");
    if (!wish_text(wish, "name", 1, ACCESS_NAME_MAX, &access->name))
        wish_fault(wish, "name", "a text of 1 to 128 bytes");
    access->has = HAS_NAME | HAS_STATE;
    if (wish_text(wish, "title", 0, ACCESS_TITLE_MAX, &access->title))
        access->has |= HAS_TITLE;
    if (wish_time(wish, "expires", &access->expires_wall_ns))
        access->has |= HAS_EXPIRY;
    if (!wish_grants(wish, access))
        wish_fault(wish, "grants", "what the token may");
    if (wish->wrong)
        return matter_refuse(exchange);
    if (!people_covers(exchange, tenant, access->grants, access->grant_count))
        return answer_exceeds(exchange);
    matter->tenant = matter->order.command.tenant = tenant;
    access->account_kind = ACCOUNT_TOKEN;
    access->state = ACCOUNT_ACTIVE;
    access->owner = view.account;
    return matter_give(exchange, token_made);
}

static enum handled token_removed(struct exchange *exchange, const struct outcome *outcome)
{
    (void)outcome;
    return token_answer(exchange, 200);
}

enum handled handle_token_remove(struct exchange *exchange)
{
    struct account_view account;
    uint32_t tenant;
    if (!people_tenant(exchange, RIGHT_ADMINISTER, &tenant))
        return HANDLED;
    uint32_t found =
        access_account_find(people_model(exchange), tenant, ACCOUNT_TOKEN, exchange->arg);
    if (found != ACCOUNT_NONE)
        access_account(people_model(exchange), found, &account);
    if (found == ACCOUNT_NONE || exchange->principal == NULL || !token_is_seen(exchange, &account))
        return answer_nobody(exchange, "token");
    if (!token_is_his(exchange, &account)) {
        if (!people_may(exchange, RIGHT_ADMINISTER, tenant, "$tenant/tokens"))
            return answer_forbidden(exchange, RIGHT_ADMINISTER, bytes_text("$tenant/tokens"));
        if (!people_covers_account(exchange, &account))
            return answer_exceeds(exchange);
    }
    struct matter *matter = matter_begin(exchange, sizeof *matter, COMMAND_ACCOUNT_REMOVE, false);
    if (matter == NULL)
        return HANDLED;
    matter->account = found;
    matter->tenant = matter->order.command.tenant = tenant;
    matter->order.command.access.number = found;
    return matter_give(exchange, token_removed);
}
