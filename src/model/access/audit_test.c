/* The audit: entries of commands and of doors, what they say and what they never say, the ring, and
 * the chain. */
#include "model/access/fixture.h"

static struct actor ann(void)
{
    return (struct actor){.door = ACTOR_HTTP,
                          .account = 4,
                          .tenant = 1,
                          .name = bytes_text("ann@main"),
                          .address = bytes_text("10.0.0.1:5")};
}

static enum outcome_code command_by_ann(struct fixture *f, struct command command)
{
    command.actor = ann();
    return fixture_command(f, &command);
}

static struct audit_view entry_of(const struct fixture *f, uint64_t number)
{
    struct audit_view view;
    assert_true(access_audit(f->model, number, &view));
    return view;
}

static void assert_newest(const struct fixture *f, const char *action, const char *object,
                          const char *detail, const char *outcome)
{
    struct audit_view view = entry_of(f, access_audit_count(f->model));
    assert_text(view.action, action);
    assert_text(view.object, object);
    assert_text(view.detail, detail);
    assert_text(view.outcome, outcome);
    assert_text(view.actor, "ann@main");
    assert_int_equal(view.position, f->stamp.position);
}

/* ---- what entries say --------------------------------------------------------------------------
 */
static void test_tenants_and_roles_are_told(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct command command = command_of(COMMAND_TENANT_SET, 1);
    command.access.has = HAS_NAME | HAS_TITLE;
    command.access.name = bytes_text("acme");
    assert_int_equal(command_by_ann(&f, command), OUTCOME_DONE);
    assert_newest(&f, "tenant.set", "tenant/acme", "particulars", "done");
    command.access.number = 2;
    command.access.has = HAS_NAME | HAS_QUOTAS;
    command.access.name = bytes_text("acme-2");
    command.access.quotas.points = 7;
    assert_int_equal(command_by_ann(&f, command), OUTCOME_DONE);
    assert_newest(&f, "tenant.set", "tenant/acme",
                  "name acme-2, quotas points 7 points_per_second 0 values_per_second 0 "
                  "connections 0 storage_bytes 0 queries_at_once 0",
                  "done");
    command = command_of(COMMAND_TENANT_STATE, 1);
    command.access.number = 2;
    command.access.state = TENANT_SUSPENDED;
    assert_int_equal(command_by_ann(&f, command), OUTCOME_DONE);
    assert_newest(&f, "tenant.state", "tenant/acme-2", "suspended", "done");
    command.access.number = 9;
    command.access.state = 77;
    assert_int_equal(command_by_ann(&f, command), OUTCOME_UNKNOWN_TENANT);
    assert_newest(&f, "tenant.state", "tenant/9", "?", "unknown_tenant");
    command = command_of(COMMAND_ROLE_SET, 2);
    command.access.name = bytes_text("fitter");
    command.access.rule_count = 2;
    command.access.rules[0] = (struct access_rule){bytes_text("a/#"), RIGHT_SEE | RIGHT_WRITE};
    command.access.rules[1] = (struct access_rule){bytes_text("b"), RIGHT_ADMINISTER};
    assert_int_equal(command_by_ann(&f, command), OUTCOME_DONE);
    assert_newest(&f, "role.set", "role/fitter", "see+write on a/#; administer on b", "done");
    assert_int_equal(entry_of(&f, 5).tenant, 2);
    command = command_of(COMMAND_ROLE_REMOVE, 2);
    command.access.name = bytes_text("host");
    assert_int_equal(command_by_ann(&f, command), OUTCOME_NAME_TAKEN);
    assert_newest(&f, "role.remove", "role/host", "", "name_taken");
    fixture_close(&f);
}

static void test_accounts_and_secrets_are_told(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct command command = account_command(1, ACCOUNT_PERSON, "bob");
    command.access.has |= HAS_GRANTS;
    command.access.grant_count = 2;
    command.access.grants[0] = (struct grant){bytes_text("viewer"), bytes_text("#")};
    command.access.grants[1] = (struct grant){bytes_text("operator"), bytes_text("a/#")};
    assert_int_equal(command_by_ann(&f, command), OUTCOME_DONE);
    assert_newest(&f, "account.set", "person/bob", "grants viewer on #; operator on a/#", "done");
    command = change_command(1, 1, HAS_STATE | HAS_GRANTS | HAS_EXPIRY | HAS_NAME);
    command.access.name = bytes_text("rob");
    command.access.state = ACCOUNT_DISABLED;
    command.access.expires_wall_ns = 0;
    assert_int_equal(command_by_ann(&f, command), OUTCOME_DONE);
    assert_newest(&f, "account.set", "person/bob",
                  "name rob, state disabled, grants none, expires 1970-01-01T00:00:00Z", "done");
    command = command_of(COMMAND_SECRET_ADD, 1);
    command.access.owner = 1;
    command.access.secret_kind = SECRET_TOKEN;
    command.access.id = bytes_text("public-id");
    command.access.proof = bytes_text("proof-of-it");
    command.access.expires_wall_ns = 1000000000;
    assert_int_equal(command_by_ann(&f, command), OUTCOME_DONE);
    assert_newest(&f, "secret.add", "person/rob", "token, expires 1970-01-01T00:00:01Z", "done");
    command = command_of(COMMAND_SECRET_REMOVE, 1);
    command.access.number = 1;
    assert_int_equal(command_by_ann(&f, command), OUTCOME_DONE);
    assert_newest(&f, "secret.remove", "person/rob", "token", "done");
    command.access.number = 0;
    command.access.owner = 1;
    command.access.secret_kind = SECRET_SESSION;
    assert_int_equal(command_by_ann(&f, command), OUTCOME_DONE);
    assert_newest(&f, "secret.remove", "person/rob", "session, all", "done");
    command = command_of(COMMAND_ACCOUNT_REMOVE, 1);
    command.access.number = 1;
    assert_int_equal(command_by_ann(&f, command), OUTCOME_DONE);
    assert_newest(&f, "account.remove", "person/rob", "", "done");
    command.access.number = 17;
    assert_int_equal(command_by_ann(&f, command), OUTCOME_UNKNOWN_ACCOUNT);
    assert_newest(&f, "account.remove", "account/17", "", "unknown_account");
    for (uint64_t i = 1; i <= access_audit_count(f.model); i++) { /* never what proves anything */
        struct audit_view view = entry_of(&f, i);
        size_t size = (size_t)(view.outcome.at - view.actor.at) + view.outcome.size;
        assert_null(memmem(view.actor.at, size, "proof-of-it", 11));
        assert_null(memmem(view.actor.at, size, "public-id", 9));
    }
    fixture_close(&f);
}

static void test_shares_and_providers_are_told(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_int_equal(tenant_make(&f, "acme"), OUTCOME_DONE);
    assert_int_equal(access_audit_count(f.model), 0); /* nobody was named */
    struct command command = command_of(COMMAND_SHARE_OFFER, 2);
    command.access.other = 1;
    command.access.rights = RIGHT_SEE | RIGHT_ACKNOWLEDGE;
    command.access.pattern_count = 2;
    command.access.patterns[0] = bytes_text("fire/#");
    command.access.patterns[1] = bytes_text("b");
    assert_int_equal(command_by_ann(&f, command), OUTCOME_DONE);
    assert_newest(&f, "share.offer", "tenant/main", "see+acknowledge on fire/#; b", "done");
    command = command_of(COMMAND_SHARE_ACCEPT, 1);
    command.access.number = 1;
    assert_int_equal(command_by_ann(&f, command), OUTCOME_DONE);
    assert_newest(&f, "share.accept", "share/1 from acme to main", "", "done");
    command.kind = COMMAND_SHARE_END;
    assert_int_equal(command_by_ann(&f, command), OUTCOME_DONE);
    assert_newest(&f, "share.end", "share/1 from acme to main", "", "done");
    command = command_of(COMMAND_PROVIDER_SET, 1);
    command.access.name = bytes_text("entra");
    command.access.issuer = bytes_text("https://id");
    command.access.client_id = bytes_text("m");
    command.access.sealed_secret = bytes_text("seal");
    assert_int_equal(command_by_ann(&f, command), OUTCOME_DONE);
    assert_newest(&f, "provider.set", "provider/entra", "https://id", "done");
    command = command_of(COMMAND_PROVIDER_REMOVE, 1);
    command.access.number = 1;
    assert_int_equal(command_by_ann(&f, command), OUTCOME_DONE);
    assert_newest(&f, "provider.remove", "provider/entra", "", "done");
    fixture_close(&f);
}

/* ---- what doors tell ---------------------------------------------------------------------------
 */
static void fact_apply(struct fixture *f, const struct fact_audit *audit,
                       const struct outcome *previous)
{
    struct outcome outcome;
    f->stamp.position++;
    assert_int_equal(access_apply_fact(f->model, f->points,
                                       &(struct fact){.kind = FACT_AUDIT, .audit = *audit},
                                       &f->stamp, previous, &outcome),
                     OK);
}

static void test_doors_tell(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    struct fact_audit audit = {.actor = ann(),
                               .tenant = 2,
                               .action = bytes_text("login"),
                               .object = bytes_text("console"),
                               .detail = bytes_text("second factor"),
                               .outcome = bytes_text("denied")};
    fact_apply(&f, &audit, NULL);
    assert_newest(&f, "login", "console", "second factor", "denied");
    assert_int_equal(entry_of(&f, 1).tenant, 2);
    assert_int_equal(entry_of(&f, 1).account, 4);
    assert_int_equal(entry_of(&f, 1).door, ACTOR_HTTP);
    audit.of_previous = true; /* then its own outcome means nothing */
    fact_apply(&f, &audit, &(struct outcome){.code = OUTCOME_PATH_TAKEN});
    assert_newest(&f, "login", "console", "second factor", "path_taken");
    fact_apply(&f, &audit, NULL); /* parted by damage */
    assert_newest(&f, "login", "console", "second factor", "unknown");
    /* What is no text becomes one: not shorter, not longer. */
    audit.object = bytes_of("a\0b\xff\xc2\x85\xe5\xae\x89\xe5", 10);
    fact_apply(&f, &audit, NULL);
    assert_newest(&f, "login", "a?b???\xe5\xae\x89?", "second factor", "unknown");
    fixture_close(&f);
}

/* ---- the ring and the chain --------------------------------------------------------------------
 */
static void test_the_ring(void **state)
{
    (void)state;
    struct fixture f;
    struct access_limits limits = access_limits_default;
    struct audit_view view;
    char object[16];
    limits.audit_kept = 8;
    fixture_open_limited(&f, &limits);
    assert_int_equal(access_audit_count(f.model), 0);
    assert_int_equal(access_audit_oldest(f.model), 1);
    assert_false(access_audit(f.model, 1, &view) || access_audit(f.model, 0, &view));
    for (uint64_t i = 1; i <= 30; i++) {
        snprintf(object, sizeof object, "object-%u", (unsigned)i);
        struct fact_audit audit = {.action = bytes_text("export"), .object = bytes_text(object)};
        fact_apply(&f, &audit, NULL);
        assert_int_equal(access_audit_count(f.model), i);
        uint64_t oldest = i > 8 ? i - 7 : 1;
        assert_int_equal(access_audit_oldest(f.model), oldest);
        assert_false(access_audit(f.model, oldest - 1, &view));
        assert_false(access_audit(f.model, i + 1, &view));
        assert_text(entry_of(&f, i).object, object);
    }
    assert_text(entry_of(&f, 23).object, "object-23");
    uint64_t hash = state_hash(f.state), seen = look_at_all(f.model);
    assert_int_equal(access_model_rebuild(f.model), OK);
    assert_true(state_hash(f.state) == hash && look_at_all(f.model) == seen);
    fixture_close(&f);
}

/* SHA-256 of the chain before, and of the entry as docs/format/access.md has it: computed here by
 * another program (Python's hashlib). */
static void test_the_chain_is_as_documented(void **state)
{
    (void)state;
    static const uint8_t expected[32] = {0xcb, 0x26, 0x3c, 0xdd, 0xd8, 0x60, 0x8f, 0x5d,
                                         0x37, 0xb0, 0x1b, 0x45, 0xb1, 0x42, 0x62, 0x16,
                                         0x94, 0xd5, 0x6c, 0x36, 0xbc, 0xf6, 0x50, 0x83,
                                         0xdb, 0x79, 0xc4, 0xeb, 0xa4, 0xd1, 0x94, 0xc4};
    const struct audit_view entry = {.number = 1,
                                     .position = 2,
                                     .wall_ns = 3,
                                     .tenant = 4,
                                     .account = 5,
                                     .door = ACTOR_MQTT,
                                     .actor = bytes_text("ann@acme"),
                                     .address = bytes_text("10.0.0.1:5"),
                                     .action = bytes_text("login"),
                                     .object = bytes_text("mqtt"),
                                     .outcome = bytes_text("done")};
    uint8_t chain[32] = {0};
    audit_chain(chain, &entry, chain);
    assert_memory_equal(chain, expected, sizeof chain);
}

/* Whatever of an entry is changed, the chain is another. */
static void test_the_chain_covers_all(void **state)
{
    (void)state;
    const struct bytes x = bytes_text("x"), y = bytes_text("y");
    struct audit_view entry = {.actor = x, .address = x, .action = x, .object = x};
    uint8_t chain[32] = {0}, other[32];
    struct audit_view changed[14];
    for (size_t i = 0; i < ARRAY_COUNT(changed); i++)
        changed[i] = entry;
    changed[0].number = 1;
    changed[1].position = 1;
    changed[2].wall_ns = 1;
    changed[3].tenant = 1;
    changed[4].account = 1;
    changed[5].door = ACTOR_MQTT;
    changed[6].actor = y;
    changed[7].address = y;
    changed[8].action = y;
    changed[9].object = y;
    changed[10].detail = y;
    changed[11].outcome = y;
    changed[12].object = bytes_text("xx"); /* and where one text ends */
    changed[12].action = bytes_text("");
    changed[13].actor = bytes_text("xx");
    changed[13].address = bytes_text("");
    audit_chain(chain, &entry, chain);
    for (size_t i = 0; i < ARRAY_COUNT(changed); i++) {
        const uint8_t zero[32] = {0};
        audit_chain(zero, &changed[i], other);
        assert_memory_not_equal(chain, other, sizeof chain);
    }
    audit_chain(chain, &entry, other);
    assert_memory_not_equal(chain, other, sizeof chain);
}

/* A page that somebody changed, with its texts: the chain tells. */
static void test_a_changed_entry_is_found(void **state)
{
    (void)state;
    static uint8_t page[STATE_PAGE_SIZE];
    struct fixture f, loaded;
    uint32_t table, number, changed = 0;
    fixture_open(&f);
    fixture_open(&loaded);
    for (int i = 0; i < 20; i++) {
        struct fact_audit audit = {.action = bytes_text("denied"), .object = bytes_text("plant/a")};
        fact_apply(&f, &audit, NULL);
    }
    assert_int_equal(state_cut_begin(f.state, 4), OK);
    while (state_cut_next(f.state, page, &table, &number) == OK) {
        uint8_t *at = memmem(page, sizeof page, "plant/a", 7);
        if (table == ACCESS_TABLE_FIRST + 8 && at != NULL) {
            at[6] = 'b';
            changed++;
        }
        assert_int_equal(state_load_page(loaded.state, table, number, page), OK);
    }
    assert_int_equal(changed, 1);
    assert_int_equal(access_model_rebuild(loaded.model), ERR_CORRUPT);
    fixture_close(&f);
    fixture_close(&loaded);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tenants_and_roles_are_told),
        cmocka_unit_test(test_accounts_and_secrets_are_told),
        cmocka_unit_test(test_shares_and_providers_are_told),
        cmocka_unit_test(test_doors_tell),
        cmocka_unit_test(test_the_ring),
        cmocka_unit_test(test_the_chain_is_as_documented),
        cmocka_unit_test(test_the_chain_covers_all),
        cmocka_unit_test(test_a_changed_entry_is_found),
    };
    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
