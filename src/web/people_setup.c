/* The first account. While nobody administers the server, whoever has the link that it wrote when
 * it started makes the person who does; with that the trial is over, and the link void. */
#include "web/people.h"

#include <string.h>

struct setup {
    struct matter matter;
    struct bytes password;
    void (*leave)(struct exchange *exchange);
};

/* Whatever became of it: the link is void when somebody is host now, else it can be used again. */
static void setup_leave(struct exchange *exchange)
{
    const struct setup *setup = exchange->state;
    access_setup_release(exchange->web->config.access);
    setup->leave(exchange);
}

static enum handled setup_has_password(struct exchange *exchange)
{
    const struct setup *setup = exchange->state;
    return session_begin(exchange, setup->matter.account, 201);
}

static enum handled setup_has_account(struct exchange *exchange, const struct outcome *outcome)
{
    struct setup *setup = exchange->state;
    setup->matter.account = outcome->number;
    struct access_request request = {.making = MAKE_PASSWORD,
                                     .account = outcome->number,
                                     .door = ACTOR_HTTP,
                                     .address = exchange->client->link->peer,
                                     .password = setup->password};
    return matter_make(exchange, &request, setup_has_password);
}

static bool setup_read(struct wish *wish, struct command_access *access, struct bytes *ret_token,
                       struct bytes *ret_password)
{
    wish_members(wish, "token name password title language");
    if (!wish_text(wish, "token", 1, 256, ret_token))
        wish_fault(wish, "token", "the text behind # in the link that the server wrote");
    if (!wish_text(wish, "name", 1, ACCESS_NAME_MAX, &access->name))
        wish_fault(wish, "name", "a text of 1 to 128 bytes");
    if (!wish_text(wish, "password", 1, SECRET_PASSWORD_MAX, ret_password))
        wish_fault(wish, "password", "a text of 10 to 256 bytes");
    access->has = HAS_NAME | HAS_STATE | HAS_GRANTS;
    if (wish_text(wish, "title", 0, ACCESS_TITLE_MAX, &access->title))
        access->has |= HAS_TITLE;
    if (wish_text(wish, "language", 0, 16, &access->language))
        access->has |= HAS_LANGUAGE;
    return !wish->wrong;
}

enum handled handle_setup(struct exchange *exchange)
{
    struct bytes token;
    struct setup *setup =
        (struct setup *)matter_begin(exchange, sizeof *setup, COMMAND_ACCOUNT_SET, true);
    if (setup == NULL)
        return HANDLED;
    struct access *room = exchange->web->config.access;
    struct command *command = &setup->matter.order.command;
    struct command_access *access = &command->access;
    if (!setup_read(&setup->matter.order.wish, access, &token, &setup->password))
        return matter_refuse(exchange);
    if (!access_is_trial(room))
        return answer_problem(exchange, 409, "setup_over", NULL,
                              "this server is administered: whoever administers it can invite "
                              "others");
    const char *fault = secret_password_fault(setup->password, access->name);
    if (fault != NULL)
        return answer_refused(exchange, fault);
    if (!access_setup_take(room, token))
        return answer_problem(exchange, 403, "setup_wrong", NULL,
                              "the link is wrong or in use: the one that is right stands in the "
                              "server's log, and another one with its next start");
    setup->leave = exchange->drop;
    exchange->drop = setup_leave;
    command->tenant = TENANT_MAIN;
    /* One that was begun before, and has no password yet, is gone on with. */
    access->number =
        access_account_find(people_model(exchange), TENANT_MAIN, ACCOUNT_PERSON, access->name);
    access->account_kind = ACCOUNT_PERSON;
    access->state = ACCOUNT_ACTIVE;
    access->grant_count = 1;
    access->grants[0] = (struct grant){bytes_text("host"), bytes_text("#")};
    if (command->actor.door == ACTOR_NONE)
        command->actor = (struct actor){.door = ACTOR_HTTP,
                                        .tenant = TENANT_MAIN,
                                        .name = bytes_text("set-up link"),
                                        .address = bytes_text(exchange->client->link->peer)};
    return matter_give(exchange, setup_has_account);
}
