/* People: accounts, invitations, resets. */
#include "web/people.h"

#include <string.h>

/* ---- answers -----------------------------------------------------------------------------------
 */
void user_put(struct exchange *exchange, const struct account_view *account)
{
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    account_put(exchange, account);
    put_text(json, "email", account->email);
    put_text(json, "language", account->language);
    json_member_bool(json, "password", account->has_password);
    json_member_bool(json, "second_factor", account->has_second_factor);
    json_put_object_end(json);
}

enum handled handle_users(struct exchange *exchange)
{
    static const struct people_page page = {"users", ACCOUNT_PERSON, NULL, user_put};
    uint32_t tenant;
    if (!people_tenant(exchange, RIGHT_SEE, &tenant))
        return HANDLED;
    return people_list(exchange, tenant, &page);
}

/* What became of it, the user, and the invitation when one was made. */
static enum handled user_answer(struct exchange *exchange, unsigned status)
{
    const struct matter *matter = exchange->state;
    struct json_writer *json = &exchange->json;
    struct account_view account;
    json_put_object(json);
    json_member_text(json, "outcome", "done");
    access_account(people_model(exchange), matter->account, &account);
    json_put_name(json, "user");
    if (account.state == ACCOUNT_REMOVED)
        json_put_null(json);
    else
        user_put(exchange, &account);
    if (matter->made_next != NULL && matter->made.text[0] != '\0') {
        json_put_name(json, "invitation");
        json_put_object(json);
        json_member_text(json, "token", matter->made.text);
        json_put_name(json, "link");
        char link[SECRET_TOKEN_SIZE + 16] = "/invitation#";
        memcpy(link + strlen(link), matter->made.text,
               strnlen(matter->made.text, SECRET_TOKEN_LENGTH));
        json_put_text(json, link);
        secret_wipe(link, sizeof link);
        put_when(json, "expires", matter->made.expires_wall_ns);
        json_put_object_end(json);
    }
    json_put_object_end(json);
    return answer_json(exchange, status);
}

static enum handled user_invited(struct exchange *exchange)
{
    const struct matter *matter = exchange->state;
    return user_answer(exchange, matter->steps);
}

static enum handled user_invite(struct exchange *exchange)
{
    const struct matter *matter = exchange->state;
    struct access_request request = {.making = MAKE_INVITATION,
                                     .account = matter->account,
                                     .by = exchange->principal,
                                     .address = exchange->client->link->peer,
                                     .expires_wall_ns =
                                         matter->order.wish.wall_ns + INVITATION_TIME_NS};
    return matter_make(exchange, &request, user_invited);
}

/* ---- which one ---------------------------------------------------------------------------------
 */
/* The user that the path names, whom he may change. False: it was answered. */
static bool user_find(struct exchange *exchange, struct account_view *ret_account)
{
    uint32_t tenant;
    if (!people_tenant(exchange, RIGHT_ADMINISTER, &tenant))
        return false;
    uint32_t account =
        access_account_find(people_model(exchange), tenant, ACCOUNT_PERSON, exchange->arg);
    if (account == ACCOUNT_NONE) {
        answer_nobody(exchange, "user");
        return false;
    }
    access_account(people_model(exchange), account, ret_account);
    if (people_covers_account(exchange, ret_account))
        return true;
    answer_exceeds(exchange);
    return false;
}

static struct matter *user_begin(struct exchange *exchange, uint8_t kind, bool has_body,
                                 const struct account_view *account)
{
    struct matter *matter = matter_begin(exchange, sizeof *matter, kind, has_body);
    if (matter == NULL)
        return NULL;
    matter->tenant = account->tenant;
    matter->account = account->account;
    matter->order.command.tenant = account->tenant;
    matter->order.command.access.number = account->account;
    matter->steps = 200;
    return matter;
}

enum handled handle_user(struct exchange *exchange)
{
    struct account_view account;
    uint32_t tenant;
    if (!people_tenant(exchange, RIGHT_SEE, &tenant))
        return HANDLED;
    uint32_t found =
        access_account_find(people_model(exchange), tenant, ACCOUNT_PERSON, exchange->arg);
    if (found == ACCOUNT_NONE)
        return answer_nobody(exchange, "user");
    access_account(people_model(exchange), found, &account);
    user_put(exchange, &account);
    return answer_json(exchange, 200);
}

/* ---- making ------------------------------------------------------------------------------------
 */
struct user_wish {
    struct matter matter;
    struct bytes password;
    bool has_password;
};

static void user_read(struct wish *wish, struct command_access *access)
{
    if (wish_text(wish, "title", 0, ACCESS_TITLE_MAX, &access->title))
        access->has |= HAS_TITLE;
    if (wish_text(wish, "email", 0, ACCESS_TITLE_MAX, &access->email))
        access->has |= HAS_EMAIL;
    if (wish_text(wish, "language", 0, 16, &access->language))
        access->has |= HAS_LANGUAGE;
    if (wish_time(wish, "expires", &access->expires_wall_ns))
        access->has |= HAS_EXPIRY;
    (void)wish_grants(wish, access);
}

static enum handled user_has_password(struct exchange *exchange)
{
    return user_answer(exchange, 201);
}

static enum handled user_made(struct exchange *exchange, const struct outcome *outcome)
{
    struct user_wish *user = exchange->state;
    user->matter.account = outcome->number;
    if (outcome->code == OUTCOME_REPEATED) /* what was told then is not told again */
        return user_answer(exchange, 200);
    if (!user->has_password) {
        user->matter.steps = 201;
        return user_invite(exchange);
    }
    struct access_request request = {.making = MAKE_PASSWORD,
                                     .account = outcome->number,
                                     .by = exchange->principal,
                                     .address = exchange->client->link->peer,
                                     .password = user->password};
    return matter_make(exchange, &request, user_has_password);
}

enum handled handle_user_make(struct exchange *exchange)
{
    uint32_t tenant;
    if (!people_tenant(exchange, RIGHT_ADMINISTER, &tenant))
        return HANDLED;
    struct user_wish *user =
        (struct user_wish *)matter_begin(exchange, sizeof *user, COMMAND_ACCOUNT_SET, true);
    if (user == NULL)
        return HANDLED;
    struct wish *wish = &user->matter.order.wish;
    struct command *command = &user->matter.order.command;
    struct command_access *access = &command->access;
    struct principal_view view;
    principal_view(exchange->principal, &view);
    wish_members(wish, "name title email language expires grants password");
    if (!wish_text(wish, "name", 1, ACCESS_NAME_MAX, &access->name))
        wish_fault(wish, "name", "a text of 1 to 128 bytes");
    access->has = HAS_NAME | HAS_STATE;
    user_read(wish, access);
    user->has_password = wish_text(wish, "password", 1, 4096, &user->password);
    if (wish->wrong)
        return matter_refuse(exchange);
    const char *fault =
        user->has_password ? secret_password_fault(user->password, access->name) : NULL;
    if (fault != NULL)
        return answer_refused(exchange, fault);
    if (!people_covers(exchange, tenant, access->grants, access->grant_count))
        return answer_exceeds(exchange);
    user->matter.tenant = command->tenant = tenant;
    access->account_kind = ACCOUNT_PERSON;
    access->state = ACCOUNT_INVITED;
    access->owner = view.account;
    return matter_give(exchange, user_made);
}

/* ---- changing ----------------------------------------------------------------------------------
 */
static enum handled user_changed(struct exchange *exchange, const struct outcome *outcome)
{
    (void)outcome;
    return user_answer(exchange, 200);
}

enum handled handle_user_change(struct exchange *exchange)
{
    static const char *const states[] = {"active", "disabled"};
    struct account_view account;
    uint8_t state;
    if (!user_find(exchange, &account))
        return HANDLED;
    struct matter *matter = user_begin(exchange, COMMAND_ACCOUNT_SET, true, &account);
    if (matter == NULL)
        return HANDLED;
    struct wish *wish = &matter->order.wish;
    struct command_access *access = &matter->order.command.access;
    wish_members(wish, "name title email language expires grants state");
    if (wish_text(wish, "name", 1, ACCESS_NAME_MAX, &access->name))
        access->has |= HAS_NAME;
    user_read(wish, access);
    const json_t *expires = json_object_get(wish->json, "expires");
    if (expires != NULL && json_is_null(expires))
        access->has |= HAS_EXPIRY; /* never */
    if (wish_word(wish, "state", states, ARRAY_COUNT(states), &state)) {
        access->has |= HAS_STATE;
        access->state = state == 0 ? ACCOUNT_ACTIVE : ACCOUNT_DISABLED;
        if (account.state == ACCOUNT_INVITED && state == 0)
            wish_fault(wish, "state",
                       "disabled, or a password: who is invited becomes active by "
                       "choosing one;");
    }
    if (wish->wrong)
        return matter_refuse(exchange);
    if (!people_covers(exchange, account.tenant, access->grants, access->grant_count))
        return answer_exceeds(exchange);
    return matter_give(exchange, user_changed);
}

enum handled handle_user_remove(struct exchange *exchange)
{
    struct account_view account;
    if (!user_find(exchange, &account) ||
        user_begin(exchange, COMMAND_ACCOUNT_REMOVE, false, &account) == NULL)
        return HANDLED;
    return matter_give(exchange, user_changed);
}

enum handled handle_user_invite(struct exchange *exchange)
{
    struct account_view account;
    if (!user_find(exchange, &account) ||
        user_begin(exchange, COMMAND_SECRET_REMOVE, false, &account) == NULL)
        return HANDLED;
    return user_invite(exchange);
}

/* Which of his proofs end, one kind a command. */
static const uint8_t reset_kinds[] = {SECRET_PASSWORD, SECRET_SESSION, SECRET_TOTP,
                                      SECRET_RECOVERY};
#define RESET_KINDS_PASSWORD 2 /* the first ones, when he keeps his second factor */

struct reset {
    struct matter matter;
    size_t next;
    bool second_factor;
};

static enum handled reset_go(struct exchange *exchange, const struct outcome *outcome)
{
    struct reset *reset = exchange->state;
    struct command_access *access = &reset->matter.order.command.access;
    (void)outcome;
    if (reset->next >= (reset->second_factor ? ARRAY_COUNT(reset_kinds) : RESET_KINDS_PASSWORD))
        return user_invite(exchange);
    access->number = SECRET_NONE;
    access->owner = reset->matter.account;
    access->secret_kind = reset_kinds[reset->next++];
    return matter_give(exchange, reset_go);
}

/* His password and his sessions end, and he chooses another one by a new invitation. */
enum handled handle_user_reset(struct exchange *exchange)
{
    struct account_view account;
    if (!user_find(exchange, &account))
        return HANDLED;
    struct reset *reset =
        (struct reset *)matter_begin(exchange, sizeof *reset, COMMAND_SECRET_REMOVE, true);
    if (reset == NULL)
        return HANDLED;
    struct wish *wish = &reset->matter.order.wish;
    wish_members(wish, "second_factor");
    (void)wish_flag(wish, "second_factor", &reset->second_factor);
    if (wish->wrong)
        return matter_refuse(exchange);
    reset->matter.order.command.tenant = account.tenant;
    reset->matter.order.command.key_kind = KEY_NONE;
    reset->matter.account = account.account;
    reset->matter.steps = 200;
    return reset_go(exchange, NULL);
}

/* ---- whoever has an invitation -----------------------------------------------------------------
 */
static enum handled invitation_accepted(struct exchange *exchange)
{
    const struct matter *matter = exchange->state;
    struct json_writer *json = &exchange->json;
    struct account_view account;
    access_account(people_model(exchange), matter->made.account, &account);
    json_put_object(json);
    json_member_text(json, "outcome", "done");
    json_member_string(json, "user", account.name);
    json_member_string(json, "tenant", tenant_name(exchange, account.tenant));
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

enum handled handle_invitation(struct exchange *exchange)
{
    struct bytes token, password;
    struct matter *matter = matter_begin(exchange, sizeof *matter, COMMAND_SECRET_ADD, true);
    if (matter == NULL)
        return HANDLED;
    struct wish *wish = &matter->order.wish;
    wish_members(wish, "token password");
    if (!wish_text(wish, "token", 1, 256, &token))
        wish_fault(wish, "token", "the text behind # in the link");
    if (!wish_text(wish, "password", 1, 4096, &password))
        wish_fault(wish, "password", "a text of 10 to 256 bytes");
    if (wish->wrong)
        return matter_refuse(exchange);
    struct access_request request = {.making = MAKE_ACCEPT,
                                     .door = ACTOR_HTTP,
                                     .address = exchange->client->link->peer,
                                     .password = password,
                                     .secret = token};
    return matter_make(exchange, &request, invitation_accepted);
}
