/* Machines: devices one by one, claim keys with which they make themselves, and what a device that
 * has one sends. */
#include "web/people.h"

#include <stdlib.h>
#include <string.h>

/* ---- answers -----------------------------------------------------------------------------------
 */
static void put_certificates(struct exchange *exchange, uint32_t account)
{
    struct json_writer *json = &exchange->json;
    const struct access_model *model = people_model(exchange);
    struct secret_view secret;
    bool token = false;
    json_put_name(json, "certificates");
    json_put_array(json);
    uint32_t at = access_secret_next(model, account, SECRET_NONE);
    for (int i = 0; at != SECRET_NONE && i < 64; i++) {
        if (access_secret(model, at, &secret) && secret.kind == SECRET_CERTIFICATE)
            people_put_fingerprint(json, secret.id);
        token = token || secret.kind == SECRET_TOKEN;
        at = access_secret_next(model, account, at);
    }
    json_put_array_end(json);
    json_member_bool(json, "token", token);
}

static void device_put(struct exchange *exchange, const struct account_view *account)
{
    json_put_object(&exchange->json);
    account_put(exchange, account);
    json_member_bool(&exchange->json, "password", account->has_password);
    put_certificates(exchange, account->account);
    json_put_object_end(&exchange->json);
}

static void claim_put(struct exchange *exchange, const struct account_view *account)
{
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    account_put(exchange, account);
    json_put_name(json, "uses_left");
    if (account->uses_left == UINT32_MAX)
        json_put_null(json);
    else
        json_put_count(json, account->uses_left);
    json_put_object_end(json);
}

static enum handled machines_list(struct exchange *exchange, const struct people_page *page)
{
    uint32_t tenant;
    if (!people_tenant(exchange, RIGHT_SEE, &tenant))
        return HANDLED;
    return people_list(exchange, tenant, page);
}

enum handled handle_devices(struct exchange *exchange)
{
    static const struct people_page page = {"devices", ACCOUNT_DEVICE, NULL, device_put};
    return machines_list(exchange, &page);
}

enum handled handle_claims(struct exchange *exchange)
{
    static const struct people_page page = {"claims", ACCOUNT_CLAIM, NULL, claim_put};
    return machines_list(exchange, &page);
}

/* ---- making ------------------------------------------------------------------------------------
 */
struct machine {
    struct matter matter;
    struct bytes password, common_name;
    uint8_t fingerprint[32];
    bool has_password, has_fingerprint, has_common_name, wants_token, claim;
    bool drops_certificates; /* those that it has; before others are added */
};

static enum handled machine_answer(struct exchange *exchange, unsigned status)
{
    const struct machine *machine = exchange->state;
    const struct access_made *made = &machine->matter.made;
    struct json_writer *json = &exchange->json;
    struct account_view account;
    access_account(people_model(exchange), machine->matter.account, &account);
    json_put_object(json);
    json_member_text(json, "outcome", "done");
    json_put_name(json, machine->claim ? "claim" : "device");
    if (account.state == ACCOUNT_REMOVED)
        json_put_null(json);
    else if (machine->claim)
        claim_put(exchange, &account);
    else
        device_put(exchange, &account);
    if (made->text[0] != '\0')
        json_member_text(json, machine->claim ? "key" : "text", made->text);
    json_put_object_end(json);
    return answer_json(exchange, status);
}

static enum handled machine_whole(struct exchange *exchange)
{
    const struct matter *matter = exchange->state;
    return machine_answer(exchange, matter->steps);
}

static enum handled machine_token(struct exchange *exchange)
{
    const struct machine *machine = exchange->state;
    struct access_request request = {.making = MAKE_TOKEN,
                                     .account = machine->matter.account,
                                     .by = exchange->principal,
                                     .address = exchange->client->link->peer};
    if (!machine->wants_token)
        return machine_whole(exchange);
    return matter_make(exchange, &request, machine_whole);
}

static enum handled machine_password(struct exchange *exchange)
{
    const struct machine *machine = exchange->state;
    struct access_request request = {.making = MAKE_PASSWORD,
                                     .account = machine->matter.account,
                                     .by = exchange->principal,
                                     .address = exchange->client->link->peer,
                                     .password = machine->password};
    if (!machine->has_password)
        return machine_token(exchange);
    return matter_make(exchange, &request, machine_token);
}

/* Certificates, one a command; then the rest. */
static enum handled machine_certified(struct exchange *exchange, const struct outcome *outcome)
{
    struct machine *machine = exchange->state;
    struct command *command = &machine->matter.order.command;
    (void)outcome;
    if (!machine->has_fingerprint && !machine->has_common_name)
        return machine_password(exchange);
    struct bytes id = machine->has_fingerprint
                          ? bytes_of(machine->fingerprint, sizeof machine->fingerprint)
                          : machine->common_name;
    if (machine->has_fingerprint)
        machine->has_fingerprint = false;
    else
        machine->has_common_name = false;
    command->kind = COMMAND_SECRET_ADD;
    command->key_kind = KEY_NONE;
    command->access = (struct command_access){.owner = machine->matter.account,
                                              .secret_kind = SECRET_CERTIFICATE,
                                              .id = id,
                                              .expires_wall_ns = INT64_MAX};
    return matter_give(exchange, machine_certified);
}

static enum handled machine_made(struct exchange *exchange, const struct outcome *outcome)
{
    struct machine *machine = exchange->state;
    machine->matter.account = outcome->number;
    if (outcome->code == OUTCOME_REPEATED) /* what was told then is not told again */
        return machine_answer(exchange, 200);
    return machine_certified(exchange, outcome);
}

/* A common name, as the reducer knows it: "CN=name". */
#define COMMON_NAME_MAX 200
static void certificates_read(struct machine *machine, char *common_name)
{
    struct wish *wish = &machine->matter.order.wish;
    struct bytes text;
    if (wish_text(wish, "fingerprint", 64, 95, &text)) {
        machine->has_fingerprint = people_fingerprint_read(text, machine->fingerprint);
        if (!machine->has_fingerprint)
            wish_fault(wish, "fingerprint", "SHA-256 of the certificate: 64 digits of base 16");
    }
    if (wish_text(wish, "common_name", 1, COMMON_NAME_MAX, &text)) {
        memcpy(common_name, "CN=", 3);
        memcpy(common_name + 3, text.at, text.size);
        machine->common_name = bytes_of(common_name, text.size + 3);
        machine->has_common_name = true;
    }
}

/* A sentence when the name on a certificate is another tenant's; NULL. */
static const char *common_name_fault(struct exchange *exchange, const struct machine *machine)
{
    if (!machine->has_common_name ||
        access_common_name_tenant(people_model(exchange), machine->common_name) ==
            machine->matter.tenant)
        return NULL;
    return "a common name is of the tenant that it names: it ends in @ and the tenant's name; of "
           "main alone it may name none";
}

static void machine_read(struct machine *machine, char *common_name)
{
    struct wish *wish = &machine->matter.order.wish;
    machine->has_password = wish_text(wish, "password", 1, 4096, &machine->password);
    certificates_read(machine, common_name);
    machine->wants_token =
        !machine->has_password && !machine->has_fingerprint && !machine->has_common_name;
    (void)wish_flag(wish, "token", &machine->wants_token);
}

struct machine_wish {
    struct machine machine;
    char common_name[COMMON_NAME_MAX + 3];
};

static void particulars_read(struct wish *wish, struct command_access *access)
{
    if (wish_text(wish, "title", 0, ACCESS_TITLE_MAX, &access->title))
        access->has |= HAS_TITLE;
    if (wish_time(wish, "expires", &access->expires_wall_ns))
        access->has |= HAS_EXPIRY;
    (void)wish_grants(wish, access);
}

static struct machine_wish *machine_begin(struct exchange *exchange, enum account_kind kind,
                                          const char *members)
{
    uint32_t tenant;
    struct principal_view view;
    if (!people_tenant(exchange, RIGHT_ADMINISTER, &tenant))
        return NULL;
    struct machine_wish *made =
        (struct machine_wish *)matter_begin(exchange, sizeof *made, COMMAND_ACCOUNT_SET, true);
    if (made == NULL)
        return NULL;
    struct matter *matter = &made->machine.matter;
    struct wish *wish = &matter->order.wish;
    struct command_access *access = &matter->order.command.access;
    principal_view(exchange->principal, &view);
    wish_members(wish, members);
    if (!wish_text(wish, "name", 1, ACCESS_NAME_MAX, &access->name))
        wish_fault(wish, "name", "a text of 1 to 128 bytes");
    access->has = HAS_NAME | HAS_STATE;
    particulars_read(wish, access);
    if (!(access->has & HAS_GRANTS)) {
        access->has |= HAS_GRANTS;
        access->grant_count = 1;
        access->grants[0] = (struct grant){bytes_text("device"), bytes_text("#")};
    }
    access->account_kind = (uint8_t)kind;
    access->state = ACCOUNT_ACTIVE;
    access->owner = view.account;
    matter->tenant = matter->order.command.tenant = tenant;
    matter->steps = 201;
    return made;
}

enum handled handle_device_make(struct exchange *exchange)
{
    struct machine_wish *made =
        machine_begin(exchange, ACCOUNT_DEVICE,
                      "name title grants expires password fingerprint common_name token");
    if (made == NULL)
        return HANDLED;
    struct machine *machine = &made->machine;
    const struct command_access *access = &machine->matter.order.command.access;
    machine_read(machine, made->common_name);
    if (machine->matter.order.wish.wrong)
        return matter_refuse(exchange);
    const char *fault =
        machine->has_password ? secret_password_fault(machine->password, access->name) : NULL;
    if (fault == NULL)
        fault = common_name_fault(exchange, machine);
    if (fault != NULL)
        return answer_refused(exchange, fault);
    if (!people_covers(exchange, machine->matter.tenant, access->grants, access->grant_count))
        return answer_exceeds(exchange);
    return matter_give(exchange, machine_made);
}

enum handled handle_claim_make(struct exchange *exchange)
{
    int64_t uses;
    struct machine_wish *made =
        machine_begin(exchange, ACCOUNT_CLAIM, "name title grants expires uses");
    if (made == NULL)
        return HANDLED;
    struct machine *machine = &made->machine;
    struct wish *wish = &machine->matter.order.wish;
    struct command_access *access = &machine->matter.order.command.access;
    if (wish_integer(wish, "uses", 1, UINT32_MAX - 1, &uses)) {
        access->has |= HAS_USES;
        access->uses = (uint32_t)uses;
    }
    machine->claim = machine->wants_token = true;
    if (wish->wrong)
        return matter_refuse(exchange);
    if (!people_covers(exchange, machine->matter.tenant, access->grants, access->grant_count))
        return answer_exceeds(exchange);
    return matter_give(exchange, machine_made);
}

/* ---- changing ----------------------------------------------------------------------------------
 */
static enum handled machine_changed(struct exchange *exchange, const struct outcome *outcome)
{
    (void)outcome;
    return machine_answer(exchange, 200);
}

/* The machine that the path names, which he may change. NULL: it was answered. */
static struct machine *machine_find(struct exchange *exchange, enum account_kind kind,
                                    uint8_t command, bool has_body, struct account_view *account)
{
    uint32_t tenant;
    if (!people_tenant(exchange, RIGHT_ADMINISTER, &tenant))
        return NULL;
    uint32_t found = access_account_find(people_model(exchange), tenant, kind, exchange->arg);
    if (found == ACCOUNT_NONE) {
        answer_nobody(exchange, kind == ACCOUNT_CLAIM ? "claim" : "device");
        return NULL;
    }
    access_account(people_model(exchange), found, account);
    if (!people_covers_account(exchange, account)) {
        answer_exceeds(exchange);
        return NULL;
    }
    struct machine *machine =
        (struct machine *)matter_begin(exchange, sizeof(struct machine_wish), command, has_body);
    if (machine == NULL)
        return NULL;
    machine->claim = kind == ACCOUNT_CLAIM;
    machine->matter.account = found;
    machine->matter.steps = 200;
    machine->matter.tenant = machine->matter.order.command.tenant = tenant;
    machine->matter.order.command.access.number = found;
    return machine;
}

/* The certificates that it had go first: who came by one of them is out. */
static enum handled device_changed(struct exchange *exchange, const struct outcome *outcome)
{
    struct machine *machine = exchange->state;
    struct command *command = &machine->matter.order.command;
    if (!machine->drops_certificates)
        return machine_certified(exchange, outcome);
    machine->drops_certificates = false;
    command->kind = COMMAND_SECRET_REMOVE;
    command->key_kind = KEY_NONE;
    command->access = (struct command_access){.number = SECRET_NONE,
                                              .owner = machine->matter.account,
                                              .secret_kind = SECRET_CERTIFICATE,
                                              .expires_wall_ns = INT64_MAX};
    return matter_give(exchange, machine_certified);
}

static bool wish_is_null(const struct wish *wish, const char *name)
{
    return json_is_null(json_object_get(wish->json, name));
}

static void device_change_read(struct machine *machine)
{
    static const char *const states[] = {"active", "disabled"};
    struct machine_wish *made = (struct machine_wish *)machine;
    struct wish *wish = &machine->matter.order.wish;
    struct command_access *access = &machine->matter.order.command.access;
    uint8_t state;
    wish_members(wish, "name title grants expires state fingerprint common_name certificates");
    if (wish_text(wish, "name", 1, ACCESS_NAME_MAX, &access->name))
        access->has |= HAS_NAME;
    particulars_read(wish, access);
    if (wish_is_null(wish, "expires")) {
        access->has |= HAS_EXPIRY;
        access->expires_wall_ns = INT64_MAX;
    }
    if (wish_word(wish, "state", states, ARRAY_COUNT(states), &state)) {
        access->has |= HAS_STATE;
        access->state = state == 0 ? ACCOUNT_ACTIVE : ACCOUNT_DISABLED;
    }
    certificates_read(machine, made->common_name);
    machine->drops_certificates = wish_is_null(wish, "certificates");
    if (!machine->drops_certificates && json_object_get(wish->json, "certificates") != NULL)
        wish_fault(wish, "certificates", "null");
}

enum handled handle_device_change(struct exchange *exchange)
{
    struct account_view account;
    struct machine *machine =
        machine_find(exchange, ACCOUNT_DEVICE, COMMAND_ACCOUNT_SET, true, &account);
    if (machine == NULL)
        return HANDLED;
    const struct command_access *access = &machine->matter.order.command.access;
    device_change_read(machine);
    if (machine->matter.order.wish.wrong)
        return matter_refuse(exchange);
    const char *fault = common_name_fault(exchange, machine);
    if (fault != NULL)
        return answer_refused(exchange, fault);
    if (!people_covers(exchange, account.tenant, access->grants, access->grant_count))
        return answer_exceeds(exchange);
    return matter_give(exchange, device_changed);
}

enum handled handle_device_remove(struct exchange *exchange)
{
    struct account_view account;
    if (machine_find(exchange, ACCOUNT_DEVICE, COMMAND_ACCOUNT_REMOVE, false, &account) == NULL)
        return HANDLED;
    return matter_give(exchange, machine_changed);
}

enum handled handle_claim_remove(struct exchange *exchange)
{
    struct account_view account;
    if (machine_find(exchange, ACCOUNT_CLAIM, COMMAND_ACCOUNT_REMOVE, false, &account) == NULL)
        return HANDLED;
    return matter_give(exchange, machine_changed);
}

static enum handled tokens_ended(struct exchange *exchange, const struct outcome *outcome)
{
    (void)outcome;
    return machine_token(exchange);
}

/* Another token; those before are void. */
enum handled handle_device_token(struct exchange *exchange)
{
    struct account_view account;
    struct machine *machine =
        machine_find(exchange, ACCOUNT_DEVICE, COMMAND_SECRET_REMOVE, false, &account);
    if (machine == NULL)
        return HANDLED;
    struct command_access *access = &machine->matter.order.command.access;
    access->number = SECRET_NONE;
    access->owner = account.account;
    access->secret_kind = SECRET_TOKEN;
    machine->wants_token = true;
    return matter_give(exchange, tokens_ended);
}

/* ---- a device that has a claim key -------------------------------------------------------------
 */
static enum handled device_provisioned(struct exchange *exchange)
{
    const struct matter *matter = exchange->state;
    struct json_writer *json = &exchange->json;
    struct account_view account;
    access_account(people_model(exchange), matter->made.account, &account);
    json_put_object(json);
    json_member_text(json, "outcome", "done");
    json_member_string(json, "device", account.name);
    json_member_string(json, "tenant", tenant_name(exchange, account.tenant));
    json_member_text(json, "token", matter->made.text);
    json_put_object_end(json);
    return answer_json(exchange, 201);
}

enum handled handle_provision(struct exchange *exchange)
{
    struct bytes key, name;
    struct matter *matter = matter_begin(exchange, sizeof *matter, COMMAND_ACCOUNT_SET, true);
    if (matter == NULL)
        return HANDLED;
    struct wish *wish = &matter->order.wish;
    wish_members(wish, "claim name");
    if (!wish_text(wish, "claim", 1, 256, &key))
        wish_fault(wish, "claim", "a claim key");
    if (!wish_text(wish, "name", 1, ACCESS_NAME_MAX, &name))
        wish_fault(wish, "name", "a text of 1 to 128 bytes");
    if (wish->wrong)
        return matter_refuse(exchange);
    struct access_request request = {.making = MAKE_DEVICE,
                                     .door = ACTOR_HTTP,
                                     .address = exchange->client->link->peer,
                                     .secret = key,
                                     .name = name};
    return matter_make(exchange, &request, device_provisioned);
}
