/* Audit: who did what, told where it is done. A command about access carries its actor and is its
 * own entry; behind any other command that names an actor lies a record of its own in the same
 * batch, which takes the command's outcome. What doors tell (a login, a denial) comes here as well.
 *
 * Texts of strangers may be of any size: the audit keeps what there is room for. */
#include "engine/room.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- what fits ---------------------------------------------------------------------------------
 */
static bool grants_fit(const struct command_access *access)
{
    if (access->grant_count > ACCESS_GRANTS_MAX)
        return false;
    for (unsigned i = 0; i < access->grant_count; i++)
        if (access->grants[i].role.size > ACCESS_NAME_MAX ||
            access->grants[i].branch.size > ACCESS_PATTERN_MAX)
            return false;
    return true;
}

static bool lists_fit(const struct command_access *access)
{
    if (access->rule_count > ACCESS_RIGHTS_MAX || access->pattern_count > SHARE_PATTERNS_MAX)
        return false;
    for (unsigned i = 0; i < access->rule_count; i++)
        if (access->rules[i].pattern.size > ACCESS_PATTERN_MAX)
            return false;
    for (unsigned i = 0; i < access->pattern_count; i++)
        if (access->patterns[i].size > ACCESS_PATTERN_MAX)
            return false;
    return true;
}

bool audit_access_fits(const struct command *command)
{
    const struct command_access *access = &command->access;
    const struct {
        struct bytes text;
        size_t most;
    } texts[] = {
        {access->name, ACCESS_NAME_MAX},    {access->title, ACCESS_TITLE_MAX},
        {access->email, ACCESS_TITLE_MAX},  {access->language, ACCESS_NAME_MAX},
        {access->id, SECRET_ID_MAX},        {access->proof, SECRET_PROOF_MAX},
        {access->label, SECRET_LABEL_MAX},  {access->address, ACTOR_ADDRESS_MAX},
        {access->issuer, SECRET_ID_MAX},    {access->client_id, SECRET_ID_MAX},
        {access->scopes, ACCESS_TITLE_MAX}, {access->sealed_secret, SECRET_PROOF_MAX},
        {access->role, ACCESS_NAME_MAX},    {access->branch, ACCESS_PATTERN_MAX},
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        if (texts[i].text.size > texts[i].most)
            return false;
    return (access->has & ~(uint32_t)(2 * HAS_USED_STEP - 1)) == 0 && grants_fit(access) &&
           lists_fit(access) && command->kind <= COMMAND_PROVIDER_REMOVE &&
           command->client.size <= KEY_BYTES_MAX && command->key.size <= KEY_BYTES_MAX;
}

/* As much of the text as there is room for, without half a character. */
static struct bytes cut(struct bytes text, size_t most)
{
    size_t size = text.size < most ? text.size : most;
    while (size > 0 && size < text.size && (text.at[size] & 0xC0) == 0x80)
        size--;
    return bytes_of(text.at, size);
}

void audit_cut_actor(struct actor *actor)
{
    actor->name = cut(actor->name, ACTOR_NAME_MAX);
    actor->address = cut(actor->address, ACTOR_ADDRESS_MAX);
}

static void audit_cut(struct fact_audit *audit)
{
    audit_cut_actor(&audit->actor);
    audit->action = cut(audit->action, AUDIT_ACTION_MAX);
    audit->object = cut(audit->object, AUDIT_TEXT_MAX);
    audit->detail = cut(audit->detail, AUDIT_TEXT_MAX);
    audit->outcome = cut(audit->outcome, AUDIT_TEXT_MAX);
}

/* ---- of commands -------------------------------------------------------------------------------
 */
bool audit_is_wanted(const struct command *command)
{
    return command->actor.door != ACTOR_NONE && !command_is_of_access(command->kind) &&
           (command->kind != COMMAND_ERASE || command->erase.erasure == 0);
}

bool audit_has_room(struct engine *engine)
{
    uint64_t ticket = journal_ticket(engine->journal);
    if (engine->audit_ticket != ticket) {
        engine->audit_ticket = ticket;
        engine->audit_in_batch = 0;
    }
    return !access_audit_presses(engine->access, engine->audit_in_batch);
}

void audit_count(struct engine *engine)
{
    (void)audit_has_room(engine); /* another batch may have been opened */
    engine->audit_in_batch++;
}

static const char *const actions[] = {
    [COMMAND_CREATE] = "point.create",
    [COMMAND_CHANGE] = "point.change",
    [COMMAND_RENAME] = "point.rename",
    [COMMAND_RETIRE] = "point.retire",
    [COMMAND_POLICY_SET] = "policy.set",
    [COMMAND_POLICY_REMOVE] = "policy.remove",
    [COMMAND_POLICY_MOVE] = "policy.move",
    [COMMAND_ERASE] = "erase",
    [COMMAND_CORRECT] = "correct",
    [COMMAND_ANNOTATE] = "annotate",
    [COMMAND_ANNOTATION_REMOVE] = "annotation.remove",
    [COMMAND_TYPE_SET] = "type.set",
    [COMMAND_TYPE_REMOVE] = "type.remove",
    [COMMAND_ASSET_SET] = "asset.set",
    [COMMAND_ASSET_RETIRE] = "asset.retire",
    [COMMAND_RULE_SET] = "rule.set",
    [COMMAND_RULE_REMOVE] = "rule.remove",
    [COMMAND_ALARM_ACT] = "alarm.act",
    [COMMAND_HANDOVER_ADD] = "handover.add",
    [COMMAND_ROSTER_SET] = "roster.set",
    [COMMAND_ROSTER_REMOVE] = "roster.remove",
    [COMMAND_CHANNEL_SET] = "channel.set",
    [COMMAND_CHANNEL_REMOVE] = "channel.remove",
    [COMMAND_CHANNEL_TEST] = "channel.test",
    [COMMAND_ROUTE_SET] = "route.set",
    [COMMAND_ROUTE_REMOVE] = "route.remove",
    [COMMAND_NOTICE_DONE] = "notice.done",
    [COMMAND_DOCUMENT_SET] = "document.set",
    [COMMAND_DOCUMENT_REMOVE] = "document.remove",
    [COMMAND_BOARD_SET] = "board.set",
    [COMMAND_BOARD_REMOVE] = "board.remove",
};

#define NUMBER_TEXT 32
/* text[NUMBER_TEXT] is for what is a number. */
static void audit_name(const struct command *command, struct fact_audit *audit, char *text)
{
    int size = 0;
    audit->object = command->path;
    switch (command->kind) {
    case COMMAND_RENAME:
        audit->detail = command->new_path;
        break;
    case COMMAND_POLICY_SET:
        audit->object = command->policy.name;
        audit->detail = command->policy.pattern;
        break;
    case COMMAND_POLICY_REMOVE:
        audit->object = command->policy.name;
        break;
    case COMMAND_POLICY_MOVE:
        audit->object = command->policy.name;
        size = snprintf(text, NUMBER_TEXT, "rank %" PRIu32, command->policy.rank);
        audit->detail = bytes_of(text, (size_t)size);
        break;
    case COMMAND_ERASE:
        audit->object = command->erase.pattern;
        audit->detail = command->erase.reason;
        break;
    case COMMAND_CORRECT:
        audit->detail = command->correct.reason;
        break;
    case COMMAND_ANNOTATE:
        audit->detail = command->annotate.text;
        break;
    case COMMAND_ANNOTATION_REMOVE:
        size = snprintf(text, NUMBER_TEXT, "annotation/%" PRIu32, command->annotate.annotation);
        audit->object = bytes_of(text, (size_t)size);
        break;
    default:
        break;
    }
}

void audit_write(struct engine *engine, const struct command *command)
{
    char text[NUMBER_TEXT];
    struct fact fact = {.kind = FACT_AUDIT,
                        .audit = {.actor = command->actor,
                                  .tenant = command->tenant,
                                  .of_previous = true,
                                  .action = bytes_text(actions[command->kind])}};
    audit_name(command, &fact.audit, text);
    audit_cut(&fact.audit);
    facts_write(journal_facts(engine->journal), &fact);
}

/* ---- what doors tell ---------------------------------------------------------------------------
 */
enum admit engine_audit(struct engine *engine, const struct fact_audit *audit,
                        struct admitted *ret_admitted)
{
    *ret_admitted = (struct admitted){.ticket = admit_ticket(engine)};
    if (engine->stopped)
        return ADMIT_STOPPED;
    if (!audit_has_room(engine))
        return ADMIT_WAIT;
    /* Room as for a message: what is kept free on a full disk is for commands. */
    enum admit answer = admit_room(engine, LANE_MESSAGES, FACT_BYTES_MAX);
    if (answer != ADMIT_DONE)
        return answer;
    struct fact fact = {.kind = FACT_AUDIT, .audit = *audit};
    fact.audit.of_previous = false;
    audit_cut(&fact.audit);
    journal_order(engine->journal);
    facts_write(journal_facts(engine->journal), &fact);
    audit_count(engine);
    ret_admitted->ticket = journal_ticket(engine->journal);
    return ADMIT_DONE;
}
