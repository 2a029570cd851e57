/* Commands about access through the engine, and the audit: an entry carries the outcome of its
 * command, live, after a restart that replays, and after one from a snapshot. */
#include "engine/test_house.h"

static int house_setup(void **state)
{
    *state = house_new(NULL);
    return 0;
}

static int house_teardown(void **state)
{
    house_destroy(*state);
    return 0;
}

static void house_give(struct house *house, const struct command *command, uint64_t tag)
{
    struct admitted admitted;
    assert_int_equal(engine_command(house->engine, command, tag, &admitted), ADMIT_DONE);
    assert_true(admitted.ticket > engine_durable_ticket(house->engine));
}

static struct command by_ann(enum command_kind kind)
{
    return (struct command){.kind = (uint8_t)kind,
                            .tenant = TENANT_DEFAULT,
                            .actor = {.door = ACTOR_HTTP,
                                      .account = 7,
                                      .tenant = 1,
                                      .name = bytes_text("ann@main"),
                                      .address = bytes_text("10.0.0.1:5")}};
}

static struct command point_command(enum command_kind kind, const char *path)
{
    struct command command = by_ann(kind);
    command.path = bytes_text(path);
    return command;
}

static struct command account_command(const char *name)
{
    struct command command = by_ann(COMMAND_ACCOUNT_SET);
    command.access = (struct command_access){
        .has = HAS_NAME, .account_kind = ACCOUNT_PERSON, .name = bytes_text(name)};
    return command;
}

static void assert_text(struct bytes text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.at, expected, text.size);
}

static void assert_entry(struct house *house, uint64_t number, const char *action,
                         const char *object, const char *outcome)
{
    struct audit_view view;
    assert_true(access_audit(engine_access(house->engine), number, &view));
    assert_text(view.action, action);
    assert_text(view.object, object);
    assert_text(view.outcome, outcome);
    assert_text(view.actor, "ann@main");
    assert_text(view.address, "10.0.0.1:5");
    assert_int_equal(view.account, 7);
    assert_int_equal(view.door, ACTOR_HTTP);
    assert_true(view.position > 0 && view.wall_ns > 0);
}

/* Every command twice in one batch: the first is done, the second refused. */
static void give_all(struct house *house)
{
    struct command command = point_command(COMMAND_CREATE, "plant/a");
    house_give(house, &command, 1);
    house_give(house, &command, 2);
    command = point_command(COMMAND_RENAME, "plant/a");
    command.new_path = bytes_text("plant/b");
    house_give(house, &command, 3);
    house_give(house, &command, 4);
    command = account_command("bob");
    house_give(house, &command, 5);
    house_give(house, &command, 6);
    command = by_ann(COMMAND_POLICY_REMOVE);
    command.policy.name = bytes_text("none");
    house_give(house, &command, 7);
    command = point_command(COMMAND_RETIRE, "plant/b");
    house_give(house, &command, 8);
    house_settle(house);
}

static void assert_all(struct house *house)
{
    assert_int_equal(access_audit_count(engine_access(house->engine)), 8);
    assert_entry(house, 1, "point.create", "plant/a", "done");
    assert_entry(house, 2, "point.create", "plant/a", "path_taken");
    assert_entry(house, 3, "point.rename", "plant/a", "done");
    assert_entry(house, 4, "point.rename", "plant/a", "unknown_point");
    assert_entry(house, 5, "account.set", "person/bob", "done");
    assert_entry(house, 6, "account.set", "person/bob", "name_taken");
    assert_entry(house, 7, "policy.remove", "none", "unknown_policy");
    assert_entry(house, 8, "point.retire", "plant/b", "done");
    assert_int_equal(
        access_account_find(engine_access(house->engine), 1, ACCOUNT_PERSON, bytes_text("bob")), 1);
}

/* ---- the tests ---------------------------------------------------------------------------------
 */
static void test_an_entry_has_the_outcome_of_its_command(void **state)
{
    struct house *house = *state;
    give_all(house);
    static const enum outcome_code codes[] = {
        OUTCOME_DONE, OUTCOME_PATH_TAKEN, OUTCOME_DONE,           OUTCOME_UNKNOWN_POINT,
        OUTCOME_DONE, OUTCOME_NAME_TAKEN, OUTCOME_UNKNOWN_POLICY, OUTCOME_DONE};
    assert_int_equal(house->outcome_count, ARRAY_COUNT(codes));
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        assert_int_equal(house->tags[i], i + 1);
        assert_int_equal(house->outcomes[i].code, codes[i]);
    }
    assert_int_equal(house->outcomes[4].number, 1);
    assert_all(house);
}

static void test_a_replay_tells_the_same(void **state)
{
    struct house *house = *state;
    give_all(house);
    uint8_t head[32], again[32];
    access_audit_head(engine_access(house->engine), head);
    uint64_t hash = engine_state_hash(house->engine);
    for (int snapshot = 0; snapshot < 2; snapshot++) {
        house_close(house, snapshot != 0);
        house_open(house);
        assert_true((house->start.snapshot_position > 0) == (snapshot != 0));
        assert_true((house->start.replayed_records > 8) == (snapshot == 0));
        assert_all(house);
        access_audit_head(engine_access(house->engine), again);
        assert_memory_equal(head, again, sizeof head);
        assert_true(engine_state_hash(house->engine) == hash);
    }
    struct command command = account_command("eve");
    house_give(house, &command, 9);
    house_settle(house);
    assert_entry(house, 9, "account.set", "person/eve", "done");
}

/* Each step of the chain is the one before and the entry, as anybody can compute it. */
static void test_the_chain_holds(void **state)
{
    struct house *house = *state;
    uint8_t chain[32] = {0}, head[32];
    give_all(house);
    for (uint64_t number = 1; number <= 8; number++) {
        struct audit_view view;
        assert_true(access_audit(engine_access(house->engine), number, &view));
        audit_chain(chain, &view, chain);
        assert_memory_equal(chain, view.chain, sizeof chain);
    }
    access_audit_head(engine_access(house->engine), head);
    assert_memory_equal(chain, head, sizeof chain);
}

/* Nobody named, nothing audited; a key that was seen says so. */
static void test_who_is_not_named_and_what_is_repeated(void **state)
{
    struct house *house = *state;
    struct command command = point_command(COMMAND_CREATE, "plant/a");
    command.actor.door = ACTOR_NONE;
    house_give(house, &command, 1);
    command = account_command("ann");
    command.actor.door = ACTOR_NONE;
    house_give(house, &command, 2);
    house_settle(house);
    assert_int_equal(access_audit_count(engine_access(house->engine)), 0);
    command = point_command(COMMAND_RETIRE, "plant/a");
    command.key_kind = KEY_SEQUENCE;
    command.client = bytes_text("console");
    command.sequence = 1;
    house_give(house, &command, 3);
    house_give(house, &command, 4);
    command = account_command("bob");
    command.key_kind = KEY_FREE;
    command.key = bytes_text("one");
    house_give(house, &command, 5);
    house_give(house, &command, 6);
    house_settle(house);
    assert_entry(house, 1, "point.retire", "plant/a", "done");
    assert_entry(house, 2, "point.retire", "plant/a", "repeated");
    assert_entry(house, 3, "account.set", "person/bob", "done");
    assert_entry(house, 4, "account.set", "person/bob", "repeated");
    assert_int_equal(house->outcomes[5].code, OUTCOME_REPEATED);
    assert_int_equal(house->outcomes[5].first_code, OUTCOME_DONE);
    assert_int_equal(house->outcomes[5].number, house->outcomes[4].number);
    assert_true(house->outcomes[5].number > 0);
}

/* What a stranger says is cut to what there is room for, between characters. */
static void test_doors_tell_the_audit(void **state)
{
    struct house *house = *state;
    static char longer[4 * AUDIT_TEXT_MAX];
    struct audit_view view;
    struct admitted admitted;
    memset(longer, 'x', sizeof longer - 1);
    memcpy(longer + AUDIT_TEXT_MAX - 1, "\xc3\xa9", 2);
    struct fact_audit audit = {
        .actor = {.door = ACTOR_MQTT, .name = bytes_text(longer), .address = bytes_text(longer)},
        .tenant = 3,
        .of_previous = true,
        .action = bytes_text("denied"),
        .object = bytes_text(longer),
        .detail = bytes_text("a\nb\xff"),
        .outcome = bytes_text("no right to write")};
    assert_int_equal(engine_audit(house->engine, &audit, &admitted), ADMIT_DONE);
    house_settle(house);
    assert_true(engine_durable_ticket(house->engine) >= admitted.ticket);
    assert_true(access_audit(engine_access(house->engine), 1, &view));
    assert_int_equal(view.actor.size, ACTOR_NAME_MAX);
    assert_int_equal(view.address.size, ACTOR_ADDRESS_MAX);
    assert_int_equal(view.object.size, AUDIT_TEXT_MAX - 1);
    assert_text(view.detail, "a?b?");
    assert_text(view.outcome, "no right to write");
    assert_int_equal(view.tenant, 3);
    audit.object = bytes_of(longer, AUDIT_TEXT_MAX - 1);
    audit.actor.name = bytes_of(longer, ACTOR_NAME_MAX);
    assert_int_equal(engine_audit(house->engine, &audit, &admitted), ADMIT_DONE);
    house_settle(house);
    assert_true(access_audit(engine_access(house->engine), 2, &view));
    assert_int_equal(view.actor.size, ACTOR_NAME_MAX);
    assert_int_equal(view.object.size, AUDIT_TEXT_MAX - 1);
}

/* Of an erasure that takes several commands the first is in the audit. */
static void test_an_erasure_is_one_entry(void **state)
{
    struct house *house = *state;
    struct command command = point_command(COMMAND_CREATE, "plant/a");
    struct point_range range = {1, 1};
    house_give(house, &command, 1);
    house_settle(house);
    command = by_ann(COMMAND_ERASE);
    command.erase = (struct command_erase){.from_ns = 1,
                                           .to_ns = 2,
                                           .pattern = bytes_text("plant/#"),
                                           .reason = bytes_text("asked for"),
                                           .ranges = &range,
                                           .range_count = 1};
    house_give(house, &command, 2);
    house_settle(house);
    command.erase.erasure = house->outcomes[1].number;
    command.erase.complete = true;
    house_give(house, &command, 3);
    house_settle(house);
    assert_int_equal(house->outcomes[2].code, OUTCOME_DONE);
    assert_int_equal(access_audit_count(engine_access(house->engine)), 2);
    assert_entry(house, 2, "erase", "plant/#", "done");
}

/* Every text at its limit is taken, and one byte more is refused before anything is written. */
static void test_what_cannot_be_written(void **state)
{
    struct house *house = *state;
    static char longer[ACCESS_PATTERN_MAX + 2];
    struct admitted admitted;
    memset(longer, 'x', sizeof longer);
    struct command command = account_command("ann");
    struct command_access *access = &command.access;
    access->name = bytes_of(longer, ACCESS_NAME_MAX);
    house_give(house, &command, 1);
    access->name.size++;
    assert_int_equal(engine_command(house->engine, &command, 2, &admitted), ADMIT_TOO_LARGE);
    access->name = bytes_text("bob");
    access->has |= HAS_GRANTS;
    access->grant_count = ACCESS_GRANTS_MAX;
    for (unsigned i = 0; i < ACCESS_GRANTS_MAX; i++)
        access->grants[i] = (struct grant){bytes_text("viewer"), bytes_text("#")};
    house_give(house, &command, 3);
    access->grants[15].branch = bytes_of(longer, ACCESS_PATTERN_MAX);
    house_give(house, &command, 4);
    access->grants[15].branch.size++;
    assert_int_equal(engine_command(house->engine, &command, 5, &admitted), ADMIT_TOO_LARGE);
    access->grant_count = ACCESS_GRANTS_MAX + 1;
    assert_int_equal(engine_command(house->engine, &command, 6, &admitted), ADMIT_TOO_LARGE);
    access->grant_count = 1;
    access->has = HAS_USED_STEP * 2; /* no bit of enum access_has */
    assert_int_equal(engine_command(house->engine, &command, 7, &admitted), ADMIT_TOO_LARGE);
    command = by_ann(COMMAND_ROLE_SET);
    command.access.rule_count = ACCESS_RIGHTS_MAX + 1;
    assert_int_equal(engine_command(house->engine, &command, 8, &admitted), ADMIT_TOO_LARGE);
    command = by_ann(COMMAND_SHARE_OFFER);
    command.access.pattern_count = SHARE_PATTERNS_MAX + 1;
    assert_int_equal(engine_command(house->engine, &command, 9, &admitted), ADMIT_TOO_LARGE);
    house_settle(house);
    assert_int_equal(house->outcome_count, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_an_entry_has_the_outcome_of_its_command, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(test_a_replay_tells_the_same, house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_the_chain_holds, house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_who_is_not_named_and_what_is_repeated, house_setup,
                                        house_teardown),
        cmocka_unit_test_setup_teardown(test_doors_tell_the_audit, house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_an_erasure_is_one_entry, house_setup, house_teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_written, house_setup, house_teardown),
    };
    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
