/* Commands about access, and what doors tell the audit. Each text is bounded by its own constant,
 * so that the largest command fits FACT_BYTES_MAX; what a command means is the reducer's to judge.
 * docs/format/facts.md. */
#include "format/fact_bytes.h"

#define ACCESS_HAS_ALL 1023u
#define TEXT_BYTES(most) ((most) + 2) /* a text with its size */
#define VARINT_U32 5

_Static_assert(HAS_USED_STEP * 2 - 1 == ACCESS_HAS_ALL, "all bits of enum access_has");
/* The head with its key, the actor, and an account with all that it can be given. */
#define HEAD_BYTES (2 + VARINT_U32 + TEXT_BYTES(KEY_BYTES_MAX) + VARINT_MAX)
#define ACTOR_BYTES                                                                                \
    (1 + 2 * VARINT_U32 + TEXT_BYTES(ACTOR_NAME_MAX) + TEXT_BYTES(ACTOR_ADDRESS_MAX))
#define SETTINGS_BYTES                                                                             \
    (2 * TEXT_BYTES(ACCESS_NAME_MAX) + 2 * TEXT_BYTES(ACCESS_TITLE_MAX) + 1 + 7 * VARINT_MAX + 8 + \
     VARINT_U32 + 1 +                                                                              \
     ACCESS_GRANTS_MAX * (TEXT_BYTES(ACCESS_NAME_MAX) + TEXT_BYTES(ACCESS_PATTERN_MAX)))
_Static_assert(4 + HEAD_BYTES + ACTOR_BYTES + 4 * VARINT_U32 + SETTINGS_BYTES <= FACT_BYTES_MAX,
               "the largest account fits");
_Static_assert(4 + HEAD_BYTES + ACTOR_BYTES + TEXT_BYTES(ACCESS_NAME_MAX) +
                       TEXT_BYTES(ACCESS_TITLE_MAX) + 1 +
                       ACCESS_RIGHTS_MAX * (TEXT_BYTES(ACCESS_PATTERN_MAX) + VARINT_U32) <=
                   FACT_BYTES_MAX,
               "the largest role fits");
_Static_assert(4 + HEAD_BYTES + ACTOR_BYTES + 2 * VARINT_U32 + TEXT_BYTES(ACCESS_NAME_MAX) +
                       TEXT_BYTES(ACCESS_TITLE_MAX) + 1 +
                       SHARE_PATTERNS_MAX * TEXT_BYTES(ACCESS_PATTERN_MAX) <=
                   FACT_BYTES_MAX,
               "the largest share fits");

/* ---- who ---------------------------------------------------------------------------------------
 */
void actor_put(struct fact_output *out, const struct actor *actor)
{
    check(actor->door <= ACTOR_SERVER);
    put_u8(out, actor->door);
    if (actor->door == ACTOR_NONE)
        return;
    put_varint(out, actor->account);
    put_varint(out, actor->tenant);
    put_text(out, actor->name, ACTOR_NAME_MAX);
    put_text(out, actor->address, ACTOR_ADDRESS_MAX);
}

bool actor_get(struct fact_input *in, struct actor *actor)
{
    if (!get_u8(in, &actor->door) || actor->door > ACTOR_SERVER)
        return false;
    return actor->door == ACTOR_NONE ||
           (get_u32(in, &actor->account) && get_u32(in, &actor->tenant) &&
            get_text(in, ACTOR_NAME_MAX, &actor->name) &&
            get_text(in, ACTOR_ADDRESS_MAX, &actor->address));
}

/* ---- what of a tenant or account is set --------------------------------------------------------
 */
static void quotas_put(struct fact_output *out, const struct tenant_quotas *quotas)
{
    put_varint(out, quotas->points);
    put_varint(out, quotas->points_per_second);
    put_varint(out, quotas->values_per_second);
    put_varint(out, quotas->connections);
    put_varint(out, quotas->storage_bytes);
    put_varint(out, quotas->queries_at_once);
}

static bool get_varint(struct fact_input *in, uint64_t *ret_v)
{
    return varint_get(in->payload, &in->offset, ret_v);
}

static bool quotas_get(struct fact_input *in, struct tenant_quotas *quotas)
{
    return get_varint(in, &quotas->points) && get_varint(in, &quotas->points_per_second) &&
           get_varint(in, &quotas->values_per_second) && get_varint(in, &quotas->connections) &&
           get_varint(in, &quotas->storage_bytes) && get_varint(in, &quotas->queries_at_once);
}

static void grants_put(struct fact_output *out, const struct command_access *access)
{
    check(access->grant_count <= ACCESS_GRANTS_MAX);
    put_u8(out, (uint8_t)access->grant_count);
    for (unsigned i = 0; i < access->grant_count; i++) {
        put_text(out, access->grants[i].role, ACCESS_NAME_MAX);
        put_text(out, access->grants[i].branch, ACCESS_PATTERN_MAX);
    }
}

static bool grants_get(struct fact_input *in, struct command_access *access)
{
    uint8_t count;
    if (!get_u8(in, &count) || count > ACCESS_GRANTS_MAX)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (!get_text(in, ACCESS_NAME_MAX, &access->grants[i].role) ||
            !get_text(in, ACCESS_PATTERN_MAX, &access->grants[i].branch))
            return false;
    access->grant_count = count;
    return true;
}

static void has_put(struct fact_output *out, const struct command_access *access)
{
    uint32_t has = access->has;
    check((has & ~ACCESS_HAS_ALL) == 0);
    put_varint(out, has);
    if (has & HAS_NAME)
        put_text(out, access->name, ACCESS_NAME_MAX);
    if (has & HAS_TITLE)
        put_text(out, access->title, ACCESS_TITLE_MAX);
    if (has & HAS_EMAIL)
        put_text(out, access->email, ACCESS_TITLE_MAX);
    if (has & HAS_LANGUAGE)
        put_text(out, access->language, ACCESS_NAME_MAX);
    if (has & HAS_STATE)
        put_u8(out, access->state);
    if (has & HAS_GRANTS)
        grants_put(out, access);
    if (has & HAS_EXPIRY)
        put_u64(out, (uint64_t)access->expires_wall_ns);
    if (has & HAS_QUOTAS)
        quotas_put(out, &access->quotas);
    if (has & HAS_USES)
        put_varint(out, access->uses);
    if (has & HAS_USED_STEP)
        put_varint(out, access->used_step);
}

static bool has_get(struct fact_input *in, struct command_access *access)
{
    if (!get_u32(in, &access->has) || (access->has & ~ACCESS_HAS_ALL) != 0)
        return false;
    uint32_t has = access->has;
    return (!(has & HAS_NAME) || get_text(in, ACCESS_NAME_MAX, &access->name)) &&
           (!(has & HAS_TITLE) || get_text(in, ACCESS_TITLE_MAX, &access->title)) &&
           (!(has & HAS_EMAIL) || get_text(in, ACCESS_TITLE_MAX, &access->email)) &&
           (!(has & HAS_LANGUAGE) || get_text(in, ACCESS_NAME_MAX, &access->language)) &&
           (!(has & HAS_STATE) || get_u8(in, &access->state)) &&
           (!(has & HAS_GRANTS) || grants_get(in, access)) &&
           (!(has & HAS_EXPIRY) || get_i64(in, &access->expires_wall_ns)) &&
           (!(has & HAS_QUOTAS) || quotas_get(in, &access->quotas)) &&
           (!(has & HAS_USES) || get_u32(in, &access->uses)) &&
           (!(has & HAS_USED_STEP) || get_varint(in, &access->used_step));
}

/* ---- roles, secrets, shares, providers ---------------------------------------------------------
 */
static void role_put(struct fact_output *out, const struct command_access *access)
{
    check(access->rule_count <= ACCESS_RIGHTS_MAX);
    put_text(out, access->name, ACCESS_NAME_MAX);
    put_text(out, access->title, ACCESS_TITLE_MAX);
    put_u8(out, (uint8_t)access->rule_count);
    for (unsigned i = 0; i < access->rule_count; i++) {
        put_text(out, access->rules[i].pattern, ACCESS_PATTERN_MAX);
        put_varint(out, access->rules[i].rights);
    }
}

static bool role_get(struct fact_input *in, struct command_access *access)
{
    uint8_t count;
    if (!get_text(in, ACCESS_NAME_MAX, &access->name) ||
        !get_text(in, ACCESS_TITLE_MAX, &access->title) || !get_u8(in, &count) ||
        count > ACCESS_RIGHTS_MAX)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (!get_text(in, ACCESS_PATTERN_MAX, &access->rules[i].pattern) ||
            !get_u32(in, &access->rules[i].rights))
            return false;
    access->rule_count = count;
    return true;
}

static void secret_put(struct fact_output *out, const struct command_access *access)
{
    put_varint(out, access->owner);
    put_u8(out, access->secret_kind);
    put_u64(out, (uint64_t)access->expires_wall_ns);
    put_text(out, access->id, SECRET_ID_MAX);
    put_text(out, access->proof, SECRET_PROOF_MAX);
    put_text(out, access->label, SECRET_LABEL_MAX);
    put_text(out, access->address, ACTOR_ADDRESS_MAX);
}

static bool secret_get(struct fact_input *in, struct command_access *access)
{
    return get_u32(in, &access->owner) && get_u8(in, &access->secret_kind) &&
           get_i64(in, &access->expires_wall_ns) && get_text(in, SECRET_ID_MAX, &access->id) &&
           get_text(in, SECRET_PROOF_MAX, &access->proof) &&
           get_text(in, SECRET_LABEL_MAX, &access->label) &&
           get_text(in, ACTOR_ADDRESS_MAX, &access->address);
}

static void share_put(struct fact_output *out, const struct command_access *access)
{
    check(access->pattern_count <= SHARE_PATTERNS_MAX);
    put_varint(out, access->other);
    if (access->other == SHARE_TO_NAME)
        put_text(out, access->name, ACCESS_NAME_MAX);
    put_varint(out, access->rights);
    put_text(out, access->title, ACCESS_TITLE_MAX);
    put_u8(out, (uint8_t)access->pattern_count);
    for (unsigned i = 0; i < access->pattern_count; i++)
        put_text(out, access->patterns[i], ACCESS_PATTERN_MAX);
}

static bool share_get(struct fact_input *in, struct command_access *access)
{
    uint8_t count;
    if (!get_u32(in, &access->other) ||
        (access->other == SHARE_TO_NAME && !get_text(in, ACCESS_NAME_MAX, &access->name)) ||
        !get_u32(in, &access->rights) || !get_text(in, ACCESS_TITLE_MAX, &access->title) ||
        !get_u8(in, &count) || count > SHARE_PATTERNS_MAX)
        return false;
    for (unsigned i = 0; i < count; i++)
        if (!get_text(in, ACCESS_PATTERN_MAX, &access->patterns[i]))
            return false;
    access->pattern_count = count;
    return true;
}

static void provider_put(struct fact_output *out, const struct command_access *access)
{
    put_varint(out, access->number);
    put_text(out, access->name, ACCESS_NAME_MAX);
    put_text(out, access->issuer, SECRET_ID_MAX);
    put_text(out, access->client_id, SECRET_ID_MAX);
    put_text(out, access->sealed_secret, SECRET_PROOF_MAX);
    put_text(out, access->scopes, ACCESS_TITLE_MAX);
    put_text(out, access->role, ACCESS_NAME_MAX);
    put_text(out, access->branch, ACCESS_PATTERN_MAX);
}

static bool provider_get(struct fact_input *in, struct command_access *access)
{
    return get_u32(in, &access->number) && get_text(in, ACCESS_NAME_MAX, &access->name) &&
           get_text(in, SECRET_ID_MAX, &access->issuer) &&
           get_text(in, SECRET_ID_MAX, &access->client_id) &&
           get_text(in, SECRET_PROOF_MAX, &access->sealed_secret) &&
           get_text(in, ACCESS_TITLE_MAX, &access->scopes) &&
           get_text(in, ACCESS_NAME_MAX, &access->role) &&
           get_text(in, ACCESS_PATTERN_MAX, &access->branch);
}

/* ---- all of them -------------------------------------------------------------------------------
 */
static void access_put_rest(struct fact_output *out, const struct command *command)
{
    const struct command_access *access = &command->access;
    switch (command->kind) {
    case COMMAND_ROLE_SET:
        role_put(out, access);
        return;
    case COMMAND_ROLE_REMOVE:
        put_text(out, access->name, ACCESS_NAME_MAX);
        return;
    case COMMAND_SECRET_ADD:
        secret_put(out, access);
        return;
    case COMMAND_SHARE_OFFER:
        share_put(out, access);
        return;
    case COMMAND_PROVIDER_SET:
        provider_put(out, access);
        return;
    default:
        put_varint(out, access->number);
    }
    if (command->kind == COMMAND_TENANT_STATE) {
        put_u8(out, access->state);
    } else if (command->kind == COMMAND_SECRET_REMOVE) {
        put_varint(out, access->owner);
        put_u8(out, access->secret_kind);
    } else if (command->kind == COMMAND_ACCOUNT_SET) {
        put_u8(out, access->account_kind);
        put_varint(out, access->owner);
        has_put(out, access);
    } else if (command->kind == COMMAND_TENANT_SET) {
        has_put(out, access);
    }
}

void access_put(struct fact_output *out, const struct command *command)
{
    check(command->kind >= COMMAND_TENANT_SET && command->kind <= COMMAND_PROVIDER_REMOVE);
    command_head_put(out, command);
    actor_put(out, &command->actor);
    access_put_rest(out, command);
}

static bool access_get_rest(struct fact_input *in, uint8_t kind, struct command_access *access)
{
    switch (kind) {
    case COMMAND_ROLE_SET:
        return role_get(in, access);
    case COMMAND_ROLE_REMOVE:
        return get_text(in, ACCESS_NAME_MAX, &access->name);
    case COMMAND_SECRET_ADD:
        return secret_get(in, access);
    case COMMAND_SHARE_OFFER:
        return share_get(in, access);
    case COMMAND_PROVIDER_SET:
        return provider_get(in, access);
    default:
        break;
    }
    if (!get_u32(in, &access->number))
        return false;
    switch (kind) {
    case COMMAND_TENANT_STATE:
        return get_u8(in, &access->state);
    case COMMAND_SECRET_REMOVE:
        return get_u32(in, &access->owner) && get_u8(in, &access->secret_kind);
    case COMMAND_ACCOUNT_SET:
        return get_u8(in, &access->account_kind) && get_u32(in, &access->owner) &&
               has_get(in, access);
    case COMMAND_TENANT_SET:
        return has_get(in, access);
    default:
        return true;
    }
}

bool access_get(struct fact_input *in, struct command *command)
{
    return command_head_get(in, COMMAND_TENANT_SET, COMMAND_PROVIDER_REMOVE, command) &&
           actor_get(in, &command->actor) && access_get_rest(in, command->kind, &command->access);
}

/* ---- what doors tell ---------------------------------------------------------------------------
 */
void audit_put(struct fact_output *out, const struct fact_audit *audit)
{
    actor_put(out, &audit->actor);
    put_varint(out, audit->tenant);
    put_u8(out, audit->of_previous);
    put_text(out, audit->action, AUDIT_ACTION_MAX);
    put_text(out, audit->object, AUDIT_TEXT_MAX);
    put_text(out, audit->detail, AUDIT_TEXT_MAX);
    if (!audit->of_previous)
        put_text(out, audit->outcome, AUDIT_TEXT_MAX);
}

bool audit_get(struct fact_input *in, struct fact_audit *audit)
{
    uint8_t of_previous;
    if (!actor_get(in, &audit->actor) || !get_u32(in, &audit->tenant) ||
        !get_u8(in, &of_previous) || of_previous > 1 ||
        !get_text(in, AUDIT_ACTION_MAX, &audit->action) ||
        !get_text(in, AUDIT_TEXT_MAX, &audit->object) ||
        !get_text(in, AUDIT_TEXT_MAX, &audit->detail))
        return false;
    audit->of_previous = of_previous != 0;
    return audit->of_previous || get_text(in, AUDIT_TEXT_MAX, &audit->outcome);
}
