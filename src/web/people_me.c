/* What is a person's own: title, language, password, second factor. */
#include "web/people.h"

#include <string.h>

struct mine {
    struct matter matter;
    struct bytes password, old_password;
    char name[ACCESS_NAME_MAX + ACCESS_TENANT_NAME_MAX + 2]; /* "ann@acme" */
    enum handled (*proved)(struct exchange *exchange);       /* his password was right */
};

static enum handled mine_answer(struct exchange *exchange)
{
    json_put_object(&exchange->json);
    json_member_text(&exchange->json, "outcome", "done");
    json_put_object_end(&exchange->json);
    return answer_json(exchange, 200);
}

/* A matter of his own; NULL: it was answered. */
static struct mine *mine_begin(struct exchange *exchange, struct principal_view *ret_view,
                               bool has_body)
{
    if (!people_person(exchange, ret_view))
        return NULL;
    struct mine *mine =
        (struct mine *)matter_begin(exchange, sizeof *mine, COMMAND_ACCOUNT_SET, has_body);
    if (mine == NULL)
        return NULL;
    mine->matter.account = ret_view->account;
    mine->matter.order.command.access.number = ret_view->account;
    return mine;
}

/* ---- his password is right: what follows a look at it ------------------------------------------
 */
/* A token may stand as a password, and one of his name is another account: it proves nothing of
 * him. */
static bool proof_is_his(const struct matter *matter)
{
    struct principal_view view;
    if (matter->principal == NULL)
        return false;
    principal_view(matter->principal, &view);
    return view.kind == ACCOUNT_PERSON && view.account == matter->account;
}

/* The password is what is asked for here: he entered with his second factor before. That one is
 * wanted is said of persons alone, whose names are their own. */
static enum handled proof_entered(struct exchange *exchange, enum access_answer answer)
{
    const struct mine *mine = exchange->state;
    if ((answer == ACCESS_WELCOME && proof_is_his(&mine->matter)) || answer == ACCESS_SECOND)
        return mine->proved(exchange);
    return answer_problem(exchange, 403, "wrong", NULL, "the password is wrong");
}

static enum handled mine_prove(struct exchange *exchange, struct bytes password,
                               enum handled (*next)(struct exchange *exchange))
{
    struct mine *mine = exchange->state;
    struct account_view account;
    access_account(people_model(exchange), mine->matter.account, &account);
    struct bytes tenant = tenant_name(exchange, account.tenant);
    memcpy(mine->name, account.name.at, account.name.size);
    mine->name[account.name.size] = '@';
    memcpy(mine->name + account.name.size + 1, tenant.at, tenant.size);
    mine->proved = next;
    return matter_enter(exchange, bytes_text(mine->name), password, bytes_of("", 0), proof_entered);
}

/* ---- PATCH /v1/me ------------------------------------------------------------------------------
 */
static enum handled mine_changed(struct exchange *exchange, const struct outcome *outcome)
{
    (void)outcome;
    return mine_answer(exchange);
}

/* All sessions ended with the password: this browser gets another one. */
static enum handled password_made(struct exchange *exchange)
{
    const struct mine *mine = exchange->state;
    return session_begin(exchange, mine->matter.account, 200);
}

static enum handled password_proved(struct exchange *exchange)
{
    const struct mine *mine = exchange->state;
    struct access_request request = {.making = MAKE_PASSWORD,
                                     .account = mine->matter.account,
                                     .by = exchange->principal,
                                     .address = exchange->client->link->peer,
                                     .password = mine->password};
    return matter_make(exchange, &request, password_made);
}

enum handled handle_me_change(struct exchange *exchange)
{
    struct principal_view view;
    struct account_view account;
    struct mine *mine = mine_begin(exchange, &view, true);
    if (mine == NULL)
        return HANDLED;
    struct wish *wish = &mine->matter.order.wish;
    struct command_access *access = &mine->matter.order.command.access;
    wish_members(wish, "title language password old_password");
    access_account(people_model(exchange), view.account, &account);
    if (wish_text(wish, "title", 0, ACCESS_TITLE_MAX, &access->title))
        access->has |= HAS_TITLE;
    if (wish_text(wish, "language", 0, 16, &access->language))
        access->has |= HAS_LANGUAGE;
    bool password = wish_text(wish, "password", 1, 4096, &mine->password);
    bool old = wish_text(wish, "old_password", 1, SECRET_PASSWORD_MAX, &mine->old_password);
    if (password && access->has != 0)
        wish_fault(wish, "password", "a password alone, without title and language");
    if (password && !old)
        wish_fault(wish, "old_password", "the password as it is now");
    if (!password && access->has == 0)
        wish_fault(wish, "title", "title, language, or password and old_password");
    if (wish->wrong)
        return matter_refuse(exchange);
    if (!password)
        return matter_give(exchange, mine_changed);
    const char *fault = secret_password_fault(mine->password, account.name);
    if (fault != NULL)
        return answer_refused(exchange, fault);
    return mine_prove(exchange, mine->old_password, password_proved);
}

/* ---- second factor -----------------------------------------------------------------------------
 */
static enum handled factor_begun(struct exchange *exchange)
{
    const struct mine *mine = exchange->state;
    json_put_object(&exchange->json);
    json_member_text(&exchange->json, "uri", mine->matter.made.text);
    json_member_text(&exchange->json, "secret", mine->matter.made.codes[0]);
    json_put_object_end(&exchange->json);
    return answer_json(exchange, 200);
}

enum handled handle_factor_begin(struct exchange *exchange)
{
    struct principal_view view;
    struct account_view account;
    struct mine *mine = mine_begin(exchange, &view, false);
    if (mine == NULL)
        return HANDLED;
    access_account(people_model(exchange), view.account, &account);
    if (account.has_second_factor)
        return answer_problem(exchange, 409, "factor_there", NULL,
                              "there is a second factor: remove it first");
    struct access_request request = {
        .making = MAKE_SECOND, .account = view.account, .by = exchange->principal};
    return matter_make(exchange, &request, factor_begun);
}

static enum handled codes_made(struct exchange *exchange)
{
    const struct mine *mine = exchange->state;
    const struct access_made *made = &mine->matter.made;
    json_put_object(&exchange->json);
    json_put_name(&exchange->json, "recovery_codes");
    json_put_array(&exchange->json);
    for (uint32_t i = 0; i < made->code_count; i++)
        json_put_text(&exchange->json, made->codes[i]);
    json_put_array_end(&exchange->json);
    json_put_object_end(&exchange->json);
    return answer_json(exchange, 200);
}

static enum handled factor_sure(struct exchange *exchange)
{
    const struct mine *mine = exchange->state;
    struct access_request request = {
        .making = MAKE_RECOVERY, .account = mine->matter.account, .by = exchange->principal};
    return matter_make(exchange, &request, codes_made);
}

enum handled handle_factor_confirm(struct exchange *exchange)
{
    struct principal_view view;
    struct account_view account;
    struct bytes code;
    struct mine *mine = mine_begin(exchange, &view, true);
    if (mine == NULL)
        return HANDLED;
    struct wish *wish = &mine->matter.order.wish;
    wish_members(wish, "code");
    if (!wish_text(wish, "code", 6, 16, &code))
        wish_fault(wish, "code", "the six digits that the application shows");
    if (wish->wrong)
        return matter_refuse(exchange);
    access_account(people_model(exchange), view.account, &account);
    if (account.has_second_factor)
        return answer_problem(exchange, 409, "factor_there", NULL,
                              "there is a second factor: remove it first");
    struct access_request request = {.making = MAKE_SECOND_SURE,
                                     .account = view.account,
                                     .by = exchange->principal,
                                     .secret = code};
    return matter_make(exchange, &request, factor_sure);
}

/* The second factor goes, then its recovery codes. */
static enum handled factor_gone(struct exchange *exchange, const struct outcome *outcome)
{
    struct mine *mine = exchange->state;
    struct command_access *access = &mine->matter.order.command.access;
    (void)outcome;
    if (access->secret_kind == SECRET_RECOVERY)
        return mine_answer(exchange);
    access->secret_kind = SECRET_RECOVERY;
    return matter_give(exchange, factor_gone);
}

static enum handled factor_proved(struct exchange *exchange)
{
    struct mine *mine = exchange->state;
    struct command *command = &mine->matter.order.command;
    command->kind = COMMAND_SECRET_REMOVE;
    command->key_kind = KEY_NONE;
    command->access.number = SECRET_NONE;
    command->access.owner = mine->matter.account;
    command->access.secret_kind = SECRET_TOTP;
    return matter_give(exchange, factor_gone);
}

enum handled handle_factor_remove(struct exchange *exchange)
{
    struct principal_view view;
    struct mine *mine = mine_begin(exchange, &view, true);
    if (mine == NULL)
        return HANDLED;
    struct wish *wish = &mine->matter.order.wish;
    wish_members(wish, "password");
    if (!wish_text(wish, "password", 1, SECRET_PASSWORD_MAX, &mine->old_password))
        wish_fault(wish, "password", "the password");
    if (wish->wrong)
        return matter_refuse(exchange);
    return mine_prove(exchange, mine->old_password, factor_proved);
}
