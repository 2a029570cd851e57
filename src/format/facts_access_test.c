/* Commands about access and the audit: what is written is read back, at every limit; what no
 * encoder of ours wrote is refused; and the bytes are for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "format/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t written[FACT_BYTES_MAX];
static size_t written_size;
static struct fact_storage storage;

static struct fact again_of(const struct fact *fact)
{
    struct fact out;
    struct facts_writer writer = {.at = written, .capacity = sizeof written};
    size_t offset = 0;
    facts_write(&writer, fact);
    written_size = writer.size;
    assert_int_equal(written[0], fact->kind);
    assert_int_equal(facts_read(bytes_of(written, writer.size), &offset, &storage, &out), OK);
    assert_int_equal(offset, writer.size);
    assert_int_equal(out.kind, fact->kind);
    return out;
}

static struct command round_trip(const struct command *command)
{
    struct fact out = again_of(&(struct fact){.kind = FACT_ACCESS, .command = *command});
    assert_int_equal(out.command.kind, command->kind);
    assert_int_equal(out.command.tenant, command->tenant);
    return out.command;
}

static struct bytes text_of(size_t size)
{
    static char text[1024];
    memset(text, 'x', sizeof text);
    return bytes_of(text, size);
}

static struct actor actor_largest(void)
{
    return (struct actor){.door = ACTOR_SERVER,
                          .account = UINT32_MAX,
                          .tenant = UINT32_MAX,
                          .name = text_of(ACTOR_NAME_MAX),
                          .address = text_of(ACTOR_ADDRESS_MAX)};
}

static struct command command_largest(enum command_kind kind)
{
    return (struct command){.kind = (uint8_t)kind,
                            .tenant = UINT32_MAX,
                            .key_kind = KEY_FREE,
                            .key = text_of(KEY_BYTES_MAX),
                            .key_wall_ns = -1,
                            .actor = actor_largest()};
}

static void assert_actor(const struct actor *actor, const struct actor *expected)
{
    assert_int_equal(actor->door, expected->door);
    assert_int_equal(actor->account, expected->account);
    assert_int_equal(actor->tenant, expected->tenant);
    assert_true(bytes_equal(actor->name, expected->name));
    assert_true(bytes_equal(actor->address, expected->address));
}

/* Bytes as they were written, one changed or some missing: never more than refused. */
static void assert_whole_or_refused(void)
{
    static uint8_t changed[FACT_BYTES_MAX];
    struct fact out;
    size_t step = 1 + written_size / 400;
    for (size_t i = 0; i < written_size; i += i < 64 ? 1 : step) {
        for (unsigned bit = 0; bit < 8; bit++) {
            size_t offset = 0;
            memcpy(changed, written, written_size);
            changed[i] ^= (uint8_t)(1u << bit);
            enum err err = facts_read(bytes_of(changed, written_size), &offset, &storage, &out);
            assert_true(err == OK || err == ERR_CORRUPT || err == ERR_NEWER);
        }
        size_t offset = 0;
        if (i > 0)
            assert_int_equal(facts_read(bytes_of(written, i), &offset, &storage, &out),
                             ERR_CORRUPT);
    }
}

/* ---- each kind, with all that it can say -------------------------------------------------------
 */
static void fill_has(struct command_access *access)
{
    access->has = 511;
    access->name = text_of(ACCESS_NAME_MAX);
    access->title = text_of(ACCESS_TITLE_MAX);
    access->email = text_of(ACCESS_TITLE_MAX);
    access->language = text_of(ACCESS_NAME_MAX);
    access->state = 255;
    access->grant_count = ACCESS_GRANTS_MAX;
    for (unsigned i = 0; i < ACCESS_GRANTS_MAX; i++)
        access->grants[i] =
            (struct grant){text_of(ACCESS_NAME_MAX), text_of(ACCESS_PATTERN_MAX - i)};
    access->expires_wall_ns = INT64_MIN;
    access->quotas = (struct tenant_quotas){UINT64_MAX, 1, 2, 3, 4, UINT64_MAX};
    access->uses = UINT32_MAX;
}

static void test_accounts_and_tenants(void **state)
{
    (void)state;
    for (int tenant = 0; tenant < 2; tenant++) {
        struct command command = command_largest(tenant ? COMMAND_TENANT_SET : COMMAND_ACCOUNT_SET);
        struct command_access *said = &command.access;
        said->number = UINT32_MAX;
        said->account_kind = 200;
        said->owner = UINT32_MAX;
        fill_has(said);
        struct command out = round_trip(&command);
        const struct command_access *access = &out.access;
        assert_actor(&out.actor, &command.actor);
        assert_int_equal(access->number, UINT32_MAX);
        assert_int_equal(access->owner, tenant ? 0 : UINT32_MAX);
        assert_int_equal(access->account_kind, tenant ? 0 : 200);
        assert_int_equal(access->has, 511);
        assert_true(bytes_equal(access->name, said->name));
        assert_true(bytes_equal(access->title, said->title));
        assert_true(bytes_equal(access->email, said->email));
        assert_true(bytes_equal(access->language, said->language));
        assert_int_equal(access->state, 255);
        assert_int_equal(access->grant_count, ACCESS_GRANTS_MAX);
        for (unsigned i = 0; i < ACCESS_GRANTS_MAX; i++)
            assert_int_equal(access->grants[i].branch.size, ACCESS_PATTERN_MAX - i);
        assert_true(access->expires_wall_ns == INT64_MIN);
        assert_memory_equal(&access->quotas, &said->quotas, sizeof access->quotas);
        assert_int_equal(access->uses, UINT32_MAX);
        assert_whole_or_refused();
    }
    struct command state_command = command_largest(COMMAND_TENANT_STATE);
    state_command.access.number = 9;
    state_command.access.state = TENANT_SUSPENDED;
    struct command out = round_trip(&state_command);
    assert_int_equal(out.access.number, 9);
    assert_int_equal(out.access.state, TENANT_SUSPENDED);
}

static void test_roles(void **state)
{
    (void)state;
    struct command command = command_largest(COMMAND_ROLE_SET);
    command.access.name = text_of(ACCESS_NAME_MAX);
    command.access.title = text_of(ACCESS_TITLE_MAX);
    command.access.rule_count = ACCESS_RIGHTS_MAX;
    for (unsigned i = 0; i < ACCESS_RIGHTS_MAX; i++)
        command.access.rules[i] = (struct access_rule){text_of(ACCESS_PATTERN_MAX), UINT32_MAX - i};
    struct command out = round_trip(&command);
    assert_true(bytes_equal(out.access.name, command.access.name));
    assert_true(bytes_equal(out.access.title, command.access.title));
    assert_int_equal(out.access.rule_count, ACCESS_RIGHTS_MAX);
    for (unsigned i = 0; i < ACCESS_RIGHTS_MAX; i++) {
        assert_int_equal(out.access.rules[i].pattern.size, ACCESS_PATTERN_MAX);
        assert_int_equal(out.access.rules[i].rights, UINT32_MAX - i);
    }
    assert_whole_or_refused();
    command.kind = COMMAND_ROLE_REMOVE;
    out = round_trip(&command);
    assert_true(bytes_equal(out.access.name, command.access.name));
    assert_int_equal(out.access.rule_count, 0);
}

static void test_secrets(void **state)
{
    (void)state;
    struct command command = command_largest(COMMAND_SECRET_ADD);
    command.access = (struct command_access){.owner = 5,
                                             .secret_kind = SECRET_OPENID,
                                             .expires_wall_ns = INT64_MAX,
                                             .id = text_of(SECRET_ID_MAX),
                                             .proof = text_of(SECRET_PROOF_MAX),
                                             .label = text_of(SECRET_LABEL_MAX),
                                             .address = text_of(ACTOR_ADDRESS_MAX)};
    struct command out = round_trip(&command);
    assert_int_equal(out.access.owner, 5);
    assert_int_equal(out.access.secret_kind, SECRET_OPENID);
    assert_true(out.access.expires_wall_ns == INT64_MAX);
    assert_int_equal(out.access.id.size, SECRET_ID_MAX);
    assert_int_equal(out.access.proof.size, SECRET_PROOF_MAX);
    assert_int_equal(out.access.label.size, SECRET_LABEL_MAX);
    assert_int_equal(out.access.address.size, ACTOR_ADDRESS_MAX);
    assert_whole_or_refused();
    command.kind = COMMAND_SECRET_REMOVE;
    command.access.number = 77;
    out = round_trip(&command);
    assert_int_equal(out.access.number, 77);
    assert_int_equal(out.access.owner, 5);
    assert_int_equal(out.access.secret_kind, SECRET_OPENID);
    assert_whole_or_refused();
}

static void test_shares_and_providers(void **state)
{
    (void)state;
    struct command command = command_largest(COMMAND_SHARE_OFFER);
    command.access.other = UINT32_MAX;
    command.access.rights = RIGHT_SEE | RIGHT_ACKNOWLEDGE;
    command.access.title = text_of(ACCESS_TITLE_MAX);
    command.access.pattern_count = SHARE_PATTERNS_MAX;
    for (unsigned i = 0; i < SHARE_PATTERNS_MAX; i++)
        command.access.patterns[i] = text_of(ACCESS_PATTERN_MAX - i);
    struct command out = round_trip(&command);
    assert_int_equal(out.access.other, UINT32_MAX);
    assert_int_equal(out.access.rights, RIGHT_SEE | RIGHT_ACKNOWLEDGE);
    assert_int_equal(out.access.pattern_count, SHARE_PATTERNS_MAX);
    assert_int_equal(out.access.patterns[7].size, ACCESS_PATTERN_MAX - 7);
    assert_whole_or_refused();
    command = command_largest(COMMAND_PROVIDER_SET);
    command.access = (struct command_access){.number = 3,
                                             .name = text_of(ACCESS_NAME_MAX),
                                             .issuer = text_of(SECRET_ID_MAX),
                                             .client_id = text_of(SECRET_ID_MAX),
                                             .sealed_secret = text_of(SECRET_PROOF_MAX),
                                             .scopes = text_of(ACCESS_TITLE_MAX),
                                             .role = text_of(ACCESS_NAME_MAX),
                                             .branch = text_of(ACCESS_PATTERN_MAX)};
    out = round_trip(&command);
    assert_int_equal(out.access.number, 3);
    assert_int_equal(out.access.issuer.size, SECRET_ID_MAX);
    assert_int_equal(out.access.client_id.size, SECRET_ID_MAX);
    assert_int_equal(out.access.sealed_secret.size, SECRET_PROOF_MAX);
    assert_int_equal(out.access.scopes.size, ACCESS_TITLE_MAX);
    assert_int_equal(out.access.role.size, ACCESS_NAME_MAX);
    assert_int_equal(out.access.branch.size, ACCESS_PATTERN_MAX);
    assert_whole_or_refused();
    static const uint8_t kinds[] = {COMMAND_ACCOUNT_REMOVE, COMMAND_SHARE_ACCEPT, COMMAND_SHARE_END,
                                    COMMAND_PROVIDER_REMOVE};
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        command = command_largest((enum command_kind)kinds[i]);
        command.access.number = 12345;
        assert_int_equal(round_trip(&command).access.number, 12345);
        assert_whole_or_refused();
    }
}

static void test_the_audit(void **state)
{
    (void)state;
    struct fact fact = {.kind = FACT_AUDIT,
                        .audit = {.actor = actor_largest(),
                                  .tenant = UINT32_MAX,
                                  .action = text_of(AUDIT_ACTION_MAX),
                                  .object = text_of(AUDIT_TEXT_MAX),
                                  .detail = text_of(AUDIT_TEXT_MAX),
                                  .outcome = text_of(AUDIT_TEXT_MAX)}};
    for (int of_previous = 0; of_previous < 2; of_previous++) {
        fact.audit.of_previous = of_previous != 0;
        struct fact out = again_of(&fact);
        assert_actor(&out.audit.actor, &fact.audit.actor);
        assert_int_equal(out.audit.tenant, UINT32_MAX);
        assert_int_equal(out.audit.of_previous, of_previous);
        assert_int_equal(out.audit.action.size, AUDIT_ACTION_MAX);
        assert_int_equal(out.audit.object.size, AUDIT_TEXT_MAX);
        assert_int_equal(out.audit.detail.size, AUDIT_TEXT_MAX);
        assert_int_equal(out.audit.outcome.size, of_previous ? 0 : AUDIT_TEXT_MAX);
        assert_whole_or_refused();
    }
    fact.audit.actor.door = ACTOR_NONE; /* nobody: neither account nor name */
    struct fact out = again_of(&fact);
    assert_actor(&out.audit.actor, &(struct actor){.door = ACTOR_NONE});
}

/* ---- what no encoder wrote ---------------------------------------------------------------------
 */
static enum err read_bytes(const uint8_t *at, size_t size)
{
    struct fact out;
    size_t offset = 0;
    return facts_read(bytes_of(at, size), &offset, &storage, &out);
}

/* A command of tenant 1 without a key and without an actor: what follows is rest. */
static enum err read_command(enum command_kind kind, const uint8_t *rest, size_t rest_size)
{
    uint8_t bytes[FACT_BYTES_MAX] = {FACT_ACCESS};
    size_t size = 1 + varint_put(bytes + 1, 4 + rest_size);
    const uint8_t head[4] = {(uint8_t)kind, KEY_NONE, 1, ACTOR_NONE};
    memcpy(bytes + size, head, sizeof head);
    if (rest_size > 0)
        memcpy(bytes + size + 4, rest, rest_size);
    return read_bytes(bytes, size + 4 + rest_size);
}
#define READ(kind, ...)                                                                            \
    read_command(kind, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* A text one byte longer than `most`, behind `before`. */
static enum err read_long(enum command_kind kind, const uint8_t *before, size_t before_size,
                          size_t most, size_t behind)
{
    uint8_t rest[2048] = {0};
    memcpy(rest, before, before_size);
    size_t size = before_size + varint_put(rest + before_size, most);
    return read_command(kind, rest, size + most + behind);
}

static void test_from_outside(void **state)
{
    (void)state;
    assert_int_equal(READ(COMMAND_ACCOUNT_REMOVE, 5), OK);
    assert_int_equal(READ(COMMAND_ACCOUNT_REMOVE, 5, 0), ERR_CORRUPT); /* a byte too many */
    assert_int_equal(READ(COMMAND_TENANT_STATE, 5), ERR_CORRUPT);      /* one is missing */
    assert_int_equal(READ(COMMAND_ANNOTATION_REMOVE, 5), ERR_CORRUPT); /* not of access */
    assert_int_equal(READ((enum command_kind)25, 5), ERR_CORRUPT);
    assert_int_equal(READ(COMMAND_TENANT_SET, 0, 0), OK);
    assert_int_equal(READ(COMMAND_TENANT_SET, 0, 0xff, 0x03, 0, 0, 0, 0, 1, 0, 1, 2, 3, 4, 5, 6, 7,
                          8, 1, 2, 3, 4, 5, 6, 9),
                     OK);                                                   /* all bits */
    assert_int_equal(READ(COMMAND_TENANT_SET, 0, 0x80, 0x04), ERR_CORRUPT); /* bit 9 */
    assert_int_equal(READ(COMMAND_ACCOUNT_SET, 0, 1, 0, HAS_GRANTS, 1, 0, 0), OK);
    assert_int_equal(READ(COMMAND_ACCOUNT_SET, 0, 1, 0, HAS_GRANTS, 17, 0, 0), ERR_CORRUPT);
    assert_int_equal(READ(COMMAND_ROLE_SET, 0, 0, 1, 0, 3), OK);
    assert_int_equal(READ(COMMAND_ROLE_SET, 0, 0, 17, 0, 3), ERR_CORRUPT);
    assert_int_equal(READ(COMMAND_SHARE_OFFER, 2, 1, 0, 1, 0), OK);
    assert_int_equal(READ(COMMAND_SHARE_OFFER, 2, 1, 0, 9, 0), ERR_CORRUPT);
    static const uint8_t actor[] = {FACT_ACCESS, 9, COMMAND_SHARE_END, 0, 1, ACTOR_HTTP, 2, 1, 0,
                                    0,           5};
    uint8_t wrong[sizeof actor];
    assert_int_equal(read_bytes(actor, sizeof actor), OK);
    memcpy(wrong, actor, sizeof actor);
    wrong[5] = ACTOR_SERVER + 1;
    assert_int_equal(read_bytes(wrong, sizeof wrong), ERR_CORRUPT);
}

static void test_texts_from_outside(void **state)
{
    (void)state;
    const struct {
        enum command_kind kind;
        size_t before_size;
        size_t most, behind;
        uint8_t before[8];
    } texts[] = {
        {COMMAND_ROLE_REMOVE, 0, ACCESS_NAME_MAX, 0, {0}},
        {COMMAND_ROLE_SET, 1, ACCESS_TITLE_MAX, 1, {0}},
        {COMMAND_ROLE_SET, 3, ACCESS_PATTERN_MAX, 1, {0, 0, 1}},
        {COMMAND_TENANT_SET, 2, ACCESS_NAME_MAX, 0, {0, HAS_NAME}},
        {COMMAND_TENANT_SET, 2, ACCESS_TITLE_MAX, 0, {0, HAS_TITLE}},
        {COMMAND_TENANT_SET, 2, ACCESS_TITLE_MAX, 0, {0, HAS_EMAIL}},
        {COMMAND_TENANT_SET, 2, ACCESS_NAME_MAX, 0, {0, HAS_LANGUAGE}},
        {COMMAND_ACCOUNT_SET, 5, ACCESS_NAME_MAX, 1, {0, 1, 0, HAS_GRANTS, 1}},
        {COMMAND_ACCOUNT_SET, 6, ACCESS_PATTERN_MAX, 0, {0, 1, 0, HAS_GRANTS, 1, 0}},
        {COMMAND_SHARE_OFFER, 2, ACCESS_TITLE_MAX, 1, {2, 1}},
        {COMMAND_SHARE_OFFER, 4, ACCESS_PATTERN_MAX, 0, {2, 1, 0, 1}},
        {COMMAND_PROVIDER_SET, 1, ACCESS_NAME_MAX, 6, {0}},
        {COMMAND_PROVIDER_SET, 2, SECRET_ID_MAX, 5, {0, 0}},
        {COMMAND_PROVIDER_SET, 3, SECRET_ID_MAX, 4, {0, 0, 0}},
        {COMMAND_PROVIDER_SET, 4, SECRET_PROOF_MAX, 3, {0, 0, 0, 0}},
        {COMMAND_PROVIDER_SET, 5, ACCESS_TITLE_MAX, 2, {0, 0, 0, 0, 0}},
        {COMMAND_PROVIDER_SET, 6, ACCESS_NAME_MAX, 1, {0, 0, 0, 0, 0, 0}},
        {COMMAND_PROVIDER_SET, 7, ACCESS_PATTERN_MAX, 0, {0, 0, 0, 0, 0, 0, 0}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        assert_int_equal(read_long(texts[i].kind, texts[i].before, texts[i].before_size,
                                   texts[i].most, texts[i].behind),
                         OK);
        assert_int_equal(read_long(texts[i].kind, texts[i].before, texts[i].before_size,
                                   texts[i].most + 1, texts[i].behind),
                         ERR_CORRUPT);
    }
    static const uint8_t secret[10] = {1, SECRET_TOKEN};
    const size_t most[] = {SECRET_ID_MAX, SECRET_PROOF_MAX, SECRET_LABEL_MAX, ACTOR_ADDRESS_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(most); i++) { /* those before are empty */
        uint8_t before[16] = {0};
        memcpy(before, secret, sizeof secret);
        assert_int_equal(read_long(COMMAND_SECRET_ADD, before, sizeof secret + i, most[i], 3 - i),
                         OK);
        assert_int_equal(
            read_long(COMMAND_SECRET_ADD, before, sizeof secret + i, most[i] + 1, 3 - i),
            ERR_CORRUPT);
    }
}

static enum err read_audit(const uint8_t *before, size_t before_size, size_t most, size_t behind)
{
    uint8_t bytes[2048] = {FACT_AUDIT};
    uint8_t text[4];
    size_t text_size = varint_put(text, most);
    size_t size = 1 + varint_put(bytes + 1, before_size + text_size + most + behind);
    memcpy(bytes + size, before, before_size);
    memcpy(bytes + size + before_size, text, text_size);
    return read_bytes(bytes, size + before_size + text_size + most + behind);
}

static void test_audit_from_outside(void **state)
{
    (void)state;
    static const uint8_t nobody[] = {ACTOR_NONE, 1, 0, 0, 0, 0};
    const size_t most[] = {AUDIT_ACTION_MAX, AUDIT_TEXT_MAX, AUDIT_TEXT_MAX, AUDIT_TEXT_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(most); i++) {
        assert_int_equal(read_audit(nobody, 3 + i, most[i], 3 - i), OK);
        assert_int_equal(read_audit(nobody, 3 + i, most[i] + 1, 3 - i), ERR_CORRUPT);
    }
    static const uint8_t somebody[] = {ACTOR_MQTT, 1, 1, 0};
    assert_int_equal(read_audit(somebody, 3, ACTOR_NAME_MAX, 7), OK);
    assert_int_equal(read_audit(somebody, 3, ACTOR_NAME_MAX + 1, 7), ERR_CORRUPT);
    assert_int_equal(read_audit(somebody, 4, ACTOR_ADDRESS_MAX, 6), OK);
    assert_int_equal(read_audit(somebody, 4, ACTOR_ADDRESS_MAX + 1, 6), ERR_CORRUPT);
    assert_int_equal(read_bytes((const uint8_t[]){FACT_AUDIT, 6, 0, 1, 1, 0, 0, 0}, 8), OK);
    assert_int_equal(read_bytes((const uint8_t[]){FACT_AUDIT, 6, 0, 1, 2, 0, 0, 0}, 8),
                     ERR_CORRUPT); /* of the previous: 0 or 1 */
}

/* ---- for ever ----------------------------------------------------------------------------------
 */
static const struct actor ann = {.door = ACTOR_HTTP,
                                 .account = 1,
                                 .tenant = 1,
                                 .name = {(const uint8_t *)"ann", 3},
                                 .address = {(const uint8_t *)"::1", 3}};

static void test_golden(void **state)
{
    (void)state;
    struct command command = {.kind = COMMAND_ACCOUNT_SET, .tenant = 1, .actor = ann};
    command.access = (struct command_access){.account_kind = ACCOUNT_PERSON,
                                             .has = HAS_NAME | HAS_GRANTS | HAS_EXPIRY,
                                             .name = bytes_text("bob"),
                                             .grant_count = 1,
                                             .grants = {{bytes_text("viewer"), bytes_text("#")}},
                                             .expires_wall_ns = INT64_MAX};
    (void)round_trip(&command);
    static const uint8_t expected[] = {
        8,   40,  16,  0,   1, 2,    1,    1,    3,    'a',  'n',  'n',  3,    ':',
        ':', '1', 0,   1,   0, 0x61, 3,    'b',  'o',  'b',  1,    6,    'v',  'i',
        'e', 'w', 'e', 'r', 1, '#',  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f};
    assert_int_equal(written_size, sizeof expected);
    assert_memory_equal(written, expected, sizeof expected);
    (void)again_of(&(struct fact){.kind = FACT_AUDIT,
                                  .audit = {.actor = ann,
                                            .tenant = 2,
                                            .action = bytes_text("login"),
                                            .object = bytes_text("mqtt"),
                                            .outcome = bytes_text("denied")}});
    static const uint8_t audit[] = {9,   32,  2, 1, 1,   3,   'a', 'n', 'n', 3,  ':', ':',
                                    '1', 2,   0, 5, 'l', 'o', 'g', 'i', 'n', 4,  'm', 'q',
                                    't', 't', 0, 6, 'd', 'e', 'n', 'i', 'e', 'd'};
    assert_int_equal(written_size, sizeof audit);
    assert_memory_equal(written, audit, sizeof audit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accounts_and_tenants),
        cmocka_unit_test(test_roles),
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_shares_and_providers),
        cmocka_unit_test(test_the_audit),
        cmocka_unit_test(test_from_outside),
        cmocka_unit_test(test_texts_from_outside),
        cmocka_unit_test(test_audit_from_outside),
        cmocka_unit_test(test_golden),
    };
    return cmocka_run_group_tests_name("facts_access", tests, NULL, NULL);
}
