/* The smallest model of points and accounts that commands can be judged by: which paths and names
 * are there, and units. Each command names its actor, so that it must be in the audit. */
#include "commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void commands_init(struct commands *commands, struct random *random)
{
    memset(commands, 0, sizeof *commands);
    commands->random = random;
}

void commands_next(struct commands *commands)
{
    struct random *random = commands->random;
    unsigned client = (unsigned)random_below(random, COMMAND_CLIENTS);
    check(!commands->waiting);
    commands->waiting = true;
    commands->sent = false;
    commands->tag++;
    if (commands->last[client].answered && random_one_in(random, 4)) {
        commands->wish = commands->last[client];
        commands->wish.again = true;
        return;
    }
    /* One after the other: the order of evaluation within an initializer is the compiler's. */
    struct wish *wish = &commands->wish;
    *wish = (struct wish){.free_key = client == 0, .client = client, .number = ++commands->numbers};
    static const uint8_t kinds[] = {COMMAND_CREATE, COMMAND_CHANGE,      COMMAND_RENAME,
                                    COMMAND_RETIRE, COMMAND_ACCOUNT_SET, COMMAND_ACCOUNT_REMOVE};
    wish->kind = kinds[random_below(random, ARRAY_COUNT(kinds))];
    wish->path = (unsigned)random_below(random, COMMAND_PATHS);
    wish->new_path = (unsigned)random_below(random, COMMAND_PATHS);
    wish->unit = (unsigned)random_below(random, 1000);
}

static void command_of_account(const struct commands *commands, struct command *command,
                               const struct command_text *text)
{
    command->access = (struct command_access){.account_kind = ACCOUNT_PERSON};
    if (command->kind == COMMAND_ACCOUNT_REMOVE) {
        command->access.number = commands->accounts[commands->wish.path];
        return;
    }
    command->access.has = HAS_NAME | HAS_TITLE;
    command->access.name = bytes_text(text->account);
    command->access.title = bytes_text(text->unit);
}

struct command commands_command(const struct commands *commands, struct command_text *text)
{
    const struct wish *wish = &commands->wish;
    snprintf(text->path, sizeof text->path, "wish/p%u", wish->path);
    snprintf(text->new_path, sizeof text->new_path, "wish/p%u", wish->new_path);
    snprintf(text->client, sizeof text->client, "client%u", wish->client);
    snprintf(text->key, sizeof text->key, "key-%" PRIu64, wish->number);
    snprintf(text->unit, sizeof text->unit, "u%u", wish->unit);
    snprintf(text->account, sizeof text->account, "p%u", wish->path);
    struct command command = {.kind = wish->kind,
                              .key_kind = wish->free_key ? KEY_FREE : KEY_SEQUENCE,
                              .tenant = TENANT_DEFAULT,
                              .path = bytes_text(text->path),
                              .actor = {.door = ACTOR_SERVER, .name = bytes_text(text->client)}};
    if (wish->free_key) {
        command.key = bytes_text(text->key);
    } else {
        command.client = bytes_text(text->client);
        command.sequence = wish->number;
    }
    if (wish->kind == COMMAND_RENAME)
        command.new_path = bytes_text(text->new_path);
    if (wish->kind == COMMAND_CREATE || wish->kind == COMMAND_CHANGE) {
        command.settings.has = HAS_UNIT;
        command.settings.unit = bytes_text(text->unit);
    }
    if (command_is_of_access(wish->kind))
        command_of_account(commands, &command, text);
    return command;
}

static enum outcome_code wish_run_account(struct commands *commands, const struct wish *wish)
{
    uint32_t *account = &commands->accounts[wish->path];
    if (wish->kind == COMMAND_ACCOUNT_SET) {
        if (*account != 0)
            return OUTCOME_NAME_TAKEN;
        *account = wish->made;
        return OUTCOME_DONE;
    }
    /* To remove number 0 is to remove nobody. */
    enum outcome_code code = *account != 0 ? OUTCOME_DONE : OUTCOME_UNKNOWN_ACCOUNT;
    *account = 0;
    return code;
}

/* What the house must answer to a wish that it has not seen, and what becomes of the model. */
static enum outcome_code wish_run(struct commands *commands, const struct wish *wish)
{
    if (command_is_of_access(wish->kind))
        return wish_run_account(commands, wish);
    bool *exists = &commands->exists[wish->path];
    unsigned *unit = &commands->units[wish->path];
    if (wish->kind == COMMAND_CREATE) {
        if (*exists)
            return OUTCOME_PATH_TAKEN;
        *exists = true;
        *unit = wish->unit;
        return OUTCOME_DONE;
    }
    if (!*exists)
        return OUTCOME_UNKNOWN_POINT;
    if (wish->kind == COMMAND_CHANGE) {
        *unit = wish->unit;
    } else if (wish->kind == COMMAND_RETIRE) {
        *exists = false;
    } else if (wish->new_path != wish->path) {
        if (commands->exists[wish->new_path])
            return OUTCOME_PATH_TAKEN;
        commands->exists[wish->new_path] = true;
        commands->units[wish->new_path] = *unit;
        *exists = false;
    }
    return OUTCOME_DONE;
}

const char *commands_answer(struct commands *commands, const struct outcome *outcome)
{
    struct wish *wish = &commands->wish;
    static char wrong[160];
    enum outcome_code told =
        outcome->code == OUTCOME_REPEATED ? outcome->first_code : outcome->code;
    check(commands->waiting);
    commands->told = *outcome;
    commands->told_access = command_is_of_access(wish->kind);
    if (wish->answered) {
        if (outcome->code != OUTCOME_REPEATED || told != wish->code ||
            outcome->point != wish->point || outcome->number != wish->made) {
            snprintf(wrong, sizeof wrong,
                     "a command asked twice: code %d first %d point %u, was code %d point %u",
                     outcome->code, outcome->first_code, outcome->point, wish->code, wish->point);
            return wrong;
        }
        commands->waiting = false;
        return NULL;
    }
    if (outcome->code == OUTCOME_REPEATED && !wish->again)
        return "a command asked once is told to be a repetition";
    wish->made = outcome->number;
    enum outcome_code right = wish_run(commands, wish);
    if (told != right) {
        snprintf(wrong, sizeof wrong, "command kind %u is answered %d, right is %d", wish->kind,
                 told, right);
        return wrong;
    }
    wish->answered = true;
    wish->code = told;
    wish->point = outcome->point;
    commands->last[wish->client] = *wish;
    commands->waiting = false;
    return NULL;
}

/* The entry of the last command that was answered has its outcome, and the chain holds. */
static const char *audit_compare(const struct commands *commands, const struct access_model *access)
{
    uint64_t oldest = access_audit_oldest(access), newest = access_audit_count(access);
    uint64_t position = commands->told.position + (commands->told_access ? 0 : 1);
    bool found = commands->told.position == 0;
    uint8_t chain[32] = {0};
    for (uint64_t number = oldest; number <= newest; number++) {
        struct audit_view entry;
        check(access_audit(access, number, &entry));
        audit_chain(chain, &entry, chain);
        if (number > 1 && number == oldest)
            memcpy(chain, entry.chain, sizeof chain);
        if (memcmp(chain, entry.chain, sizeof chain) != 0)
            return "the chain of the audit is broken";
        if (entry.position != position)
            continue;
        bool done = bytes_equal(entry.outcome, bytes_text("done"));
        bool repeated = bytes_equal(entry.outcome, bytes_text("repeated"));
        if (done != (commands->told.code == OUTCOME_DONE) ||
            repeated != (commands->told.code == OUTCOME_REPEATED))
            return "an entry of the audit has another outcome than its command";
        found = true;
    }
    return found ? NULL : "a command that was answered is not in the audit";
}

static const char *accounts_compare(const struct commands *commands,
                                    const struct access_model *access)
{
    for (unsigned i = 0; i < COMMAND_PATHS; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%u", i);
        if (access_account_find(access, TENANT_MAIN, ACCOUNT_PERSON, bytes_text(name)) !=
            commands->accounts[i])
            return "an account is not as answered";
    }
    return NULL;
}

const char *commands_compare(const struct commands *commands, const struct points *points,
                             const struct access_model *access)
{
    static char wrong[160];
    for (unsigned i = 0; i < COMMAND_PATHS; i++) {
        char path[32], unit[16];
        struct point_view view;
        snprintf(path, sizeof path, "wish/p%u", i);
        uint32_t point = points_find(points, TENANT_DEFAULT, bytes_text(path));
        bool there = point != POINT_NONE;
        if (there != commands->exists[i]) {
            snprintf(wrong, sizeof wrong, "%s is %sthere", path, there ? "" : "not ");
            return wrong;
        }
        if (!there)
            continue;
        points_view(points, point, &view);
        snprintf(unit, sizeof unit, "u%u", commands->units[i]);
        if (!bytes_equal(view.unit, bytes_text(unit))) {
            snprintf(wrong, sizeof wrong, "the unit of %s is %.*s, was set to %s", path,
                     (int)view.unit.size, (const char *)view.unit.at, unit);
            return wrong;
        }
    }
    const char *fault = accounts_compare(commands, access);
    return fault != NULL ? fault : audit_compare(commands, access);
}
