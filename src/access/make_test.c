/* Secrets that are made: each kind, what it needs, what it ends, and what is refused. */
#include "access/second.h"
#include "access/test_house.h"

static struct house house;

struct told {
    int calls;
    struct access_made made;
};
static void made_told(void *arg, const struct access_made *made)
{
    struct told *told = arg;
    told->calls++;
    told->made = *made;
}

/* Through the engine; answers what was told in the end. */
static struct access_made make(const struct access_request *request)
{
    struct told told = {.calls = 0};
    enum access_made_code code = access_make(house.access, request, made_told, &told, &told.made);
    assert_int_equal(told.calls, 0);
    if (code != MADE_LATER)
        return told.made;
    house_step(&house);
    assert_int_equal(told.calls, 1);
    return told.made;
}

static struct access_request request_of(enum access_making making, uint32_t account)
{
    return (struct access_request){
        .making = making, .account = account, .door = ACTOR_HTTP, .address = "192.0.2.1:1"};
}

static uint32_t open_with_ann(void)
{
    house_open(&house, NULL);
    house_host(&house);
    uint32_t ann = house_account(&house, 1, ACCOUNT_PERSON, "ann", "operator", "#");
    house_step(&house);
    return ann;
}

static enum access_answer enter(enum access_how how, const char *name, const char *secret,
                                const char *second, struct principal **ret_principal)
{
    struct access_claim claim = house_claim(how, name, secret);
    claim.door = ACTOR_HTTP;
    claim.second = bytes_text(second);
    struct house_entered entered = {.calls = 0};
    uint32_t retry_s;
    *ret_principal = NULL;
    enum access_answer answer =
        access_enter(house.access, &claim, house_entered, &entered, ret_principal, &retry_s);
    if (answer != ACCESS_LATER)
        return answer;
    house_step(&house); /* a code that was used is recorded first */
    assert_int_equal(entered.calls, 1);
    *ret_principal = entered.principal;
    return entered.answer;
}

static enum access_answer answer_of(enum access_how how, const char *name, const char *secret,
                                    const char *second)
{
    struct principal *principal;
    enum access_answer answer = enter(how, name, secret, second, &principal);
    principal_release(principal);
    return answer;
}

static size_t secrets_of(uint32_t account, enum secret_kind kind)
{
    size_t count = 0;
    for (uint32_t secret = access_secret_next(house.model, account, SECRET_NONE);
         secret != SECRET_NONE; secret = access_secret_next(house.model, account, secret)) {
        struct secret_view view;
        assert_true(access_secret(house.model, secret, &view));
        count += view.kind == kind;
    }
    return count;
}

static enum access_made_code set_password(uint32_t account, const char *password)
{
    struct access_request request = request_of(MAKE_PASSWORD, account);
    request.password = bytes_text(password);
    return make(&request).code;
}

/* ---- sessions ----------------------------------------------------------------------------------
 */
static void test_sessions(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann();
    struct access_request request = request_of(MAKE_SESSION, ann);
    request.label = bytes_text("Firefox\x01\xff");
    struct access_made made = make(&request);
    assert_int_equal(made.code, MADE_DONE);
    assert_true(made.expires_wall_ns == house.clock.wall_ns + house.settings.access_session_time);
    struct secret_view view;
    assert_true(access_secret(house.model, made.secret, &view));
    assert_true(bytes_equal(view.label, bytes_text("Firefox??")));
    struct principal *principal;
    assert_int_equal(enter(ACCESS_COOKIE, "", made.text, "", &principal), ACCESS_WELCOME);
    assert_true(may(principal, RIGHT_WRITE, 1, "a"));
    assert_int_equal(answer_of(ACCESS_BEARER, "", made.text, ""), ACCESS_DENIED);
    house_pass(&house, house.settings.access_session_time - NS_PER_S);
    assert_true(may(principal, RIGHT_WRITE, 1, "a"));
    house_pass(&house, NS_PER_S);
    assert_false(may(principal, RIGHT_WRITE, 1, "a"));
    principal_release(principal);
    house_close(&house);
}

static void test_idle_sessions_end(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann();
    house.settings.access_session_time = 100 * house.settings.access_session_idle;
    struct access_request request = request_of(MAKE_SESSION, ann);
    struct access_made made = make(&request);
    for (int i = 0; i < 3; i++) {
        house_pass(&house, house.settings.access_session_idle);
        assert_int_equal(answer_of(ACCESS_COOKIE, "", made.text, ""), ACCESS_WELCOME);
    }
    /* A connection that stays open is use, until it ends. */
    struct principal *principal;
    assert_int_equal(enter(ACCESS_COOKIE, "", made.text, "", &principal), ACCESS_WELCOME);
    house_pass(&house, house.settings.access_session_idle + 1);
    assert_int_equal(answer_of(ACCESS_COOKIE, "", made.text, ""), ACCESS_WELCOME);
    house_pass(&house, house.settings.access_session_idle + 1);
    principal_release(principal);
    house_pass(&house, house.settings.access_session_idle);
    assert_int_equal(answer_of(ACCESS_COOKIE, "", made.text, ""), ACCESS_WELCOME);
    house_pass(&house, house.settings.access_session_idle + 1);
    assert_int_equal(answer_of(ACCESS_COOKIE, "", made.text, ""), ACCESS_DENIED);
    house_step(&house);
    assert_int_equal(secrets_of(ann, SECRET_SESSION), 0);
    house_close(&house);
}

static void test_sessions_are_of_people_who_may_come_in(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann();
    uint32_t device = house_account(&house, 1, ACCOUNT_DEVICE, "dev", NULL, NULL);
    struct access_request request = request_of(MAKE_SESSION, device);
    assert_int_equal(make(&request).code, MADE_REFUSED);
    request.account = 999;
    assert_int_equal(make(&request).code, MADE_DENIED);
    request.account = ACCOUNT_NONE;
    assert_int_equal(make(&request).code, MADE_DENIED);
    request.account = ann;
    house_account_state(&house, 1, ann, ACCOUNT_DISABLED);
    assert_int_equal(make(&request).code, MADE_DENIED);
    house_close(&house);
}

/* ---- passwords, invitations --------------------------------------------------------------------
 */
static void test_a_password_ends_sessions(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann();
    struct access_request request = request_of(MAKE_SESSION, ann);
    struct access_made session = make(&request);
    assert_int_equal(set_password(ann, "correct horse battery"), MADE_DONE);
    assert_int_equal(answer_of(ACCESS_PASSWORD, "ann", "correct horse battery", ""),
                     ACCESS_WELCOME);
    assert_int_equal(answer_of(ACCESS_COOKIE, "", session.text, ""), ACCESS_DENIED);
    assert_int_equal(secrets_of(ann, SECRET_SESSION), 0);
    request = request_of(MAKE_PASSWORD, ann);
    request.password = bytes_text("short");
    struct access_made made = make(&request);
    assert_int_equal(made.code, MADE_REFUSED);
    assert_non_null(strstr(made.sentence, "too short"));
    house_close(&house);
}

static void test_an_invitation(void **state)
{
    (void)state;
    open_with_ann();
    uint32_t acme = house_tenant(&house, "acme");
    struct command command = house_command(COMMAND_ACCOUNT_SET, acme);
    command.access.has = HAS_NAME | HAS_STATE;
    command.access.account_kind = ACCOUNT_PERSON;
    command.access.name = bytes_text("bob");
    command.access.state = ACCOUNT_INVITED;
    uint32_t bob = house_do(&house, &command);
    struct access_request request = request_of(MAKE_INVITATION, bob);
    request.expires_wall_ns = house.clock.wall_ns + 100 * NS_PER_S;
    struct access_made first = make(&request), second = make(&request);
    assert_int_equal(second.code, MADE_DONE);
    assert_int_equal(secrets_of(bob, SECRET_INVITATION), 1);
    assert_int_equal(answer_of(ACCESS_BEARER, "", second.text, ""), ACCESS_DENIED);
    struct access_request accept = request_of(MAKE_ACCEPT, ACCOUNT_NONE);
    accept.password = bytes_text("correct horse battery");
    accept.secret = bytes_text(first.text);
    assert_int_equal(make(&accept).code, MADE_DENIED);
    accept.secret = bytes_text(second.text);
    accept.password = bytes_text("1234567890");
    assert_int_equal(make(&accept).code, MADE_REFUSED);
    accept.password = bytes_text("correct horse battery");
    struct access_made made = make(&accept);
    assert_int_equal(made.code, MADE_DONE);
    assert_true(made.account == bob && made.tenant == acme);
    assert_int_equal(make(&accept).code, MADE_DENIED);
    assert_int_equal(answer_of(ACCESS_PASSWORD, "bob@acme", "correct horse battery", ""),
                     ACCESS_WELCOME);
    /* One that is too old. */
    made = make(&request);
    house_pass(&house, 100 * NS_PER_S);
    accept.secret = bytes_text(made.text);
    assert_int_equal(make(&accept).code, MADE_DENIED);
    house_close(&house);
}

/* Two who come with it at once: one alone gets in by it. */
static void test_an_invitation_is_good_once(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann();
    struct access_request request = request_of(MAKE_INVITATION, ann);
    struct access_made invitation = make(&request);
    static const char *const passwords[] = {"correct horse battery", "seven quiet tables"};
    struct told told[2] = {{.calls = 0}, {.calls = 0}};
    struct access_request accept = request_of(MAKE_ACCEPT, ACCOUNT_NONE);
    accept.secret = bytes_text(invitation.text);
    for (size_t i = 0; i < 2; i++) {
        accept.password = bytes_text(passwords[i]);
        assert_int_equal(access_make(house.access, &accept, made_told, &told[i], &told[i].made),
                         MADE_LATER);
    }
    house_step(&house);
    assert_int_equal(told[0].made.code, MADE_DONE);
    assert_int_equal(told[1].calls, 1);
    assert_int_equal(told[1].made.code, MADE_DENIED);
    assert_int_equal(secrets_of(ann, SECRET_INVITATION), 0);
    assert_int_equal(answer_of(ACCESS_PASSWORD, "ann", passwords[0], ""), ACCESS_WELCOME);
    assert_int_equal(answer_of(ACCESS_PASSWORD, "ann", passwords[1], ""), ACCESS_DENIED);
    house_close(&house);
}

/* ---- tokens, claim keys ------------------------------------------------------------------------
 */
static void test_tokens_of_each_kind(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann();
    static const enum account_kind kinds[] = {ACCOUNT_DEVICE, ACCOUNT_TOKEN};
    static const char *const begins[] = {"mst_d_", "mst_a_"};
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        uint32_t account = house_account(&house, 1, kinds[i], "x", "viewer", "#");
        struct access_request request = request_of(MAKE_TOKEN, account);
        request.expires_wall_ns = house.clock.wall_ns + 10 * NS_PER_S;
        struct access_made made = make(&request);
        assert_int_equal(made.code, MADE_DONE);
        assert_memory_equal(made.text, begins[i], 6);
        assert_int_equal(answer_of(ACCESS_BEARER, "", made.text, ""), ACCESS_WELCOME);
        house_pass(&house, 10 * NS_PER_S);
        assert_int_equal(answer_of(ACCESS_BEARER, "", made.text, ""), ACCESS_DENIED);
    }
    struct access_request request = request_of(MAKE_TOKEN, ann);
    assert_int_equal(make(&request).code, MADE_REFUSED);
    house_close(&house);
}

static void test_a_claim_key(void **state)
{
    (void)state;
    open_with_ann();
    uint32_t acme = house_tenant(&house, "acme");
    struct command command = house_command(COMMAND_ACCOUNT_SET, acme);
    command.access.has = HAS_NAME | HAS_GRANTS | HAS_USES;
    command.access.account_kind = ACCOUNT_CLAIM;
    command.access.name = bytes_text("lot-12");
    command.access.uses = 2;
    command.access.grant_count = 1;
    command.access.grants[0] = (struct grant){bytes_text("device"), bytes_text("#")};
    uint32_t claim = house_do(&house, &command);
    struct access_request request = request_of(MAKE_TOKEN, claim);
    struct access_made key = make(&request);
    assert_int_equal(key.code, MADE_DONE);
    assert_int_equal(answer_of(ACCESS_BEARER, "", key.text, ""), ACCESS_DENIED);
    request = request_of(MAKE_DEVICE, ACCOUNT_NONE);
    request.secret = bytes_text(key.text);
    static const struct {
        const char *name;
        enum access_made_code code;
    } claims[] = {{"", MADE_REFUSED},        {"a/b", MADE_REFUSED},  {"press-1", MADE_DONE},
                  {"press-1", MADE_REFUSED}, {"press-2", MADE_DONE}, {"press-3", MADE_DENIED}};
    for (size_t i = 0; i < ARRAY_COUNT(claims); i++) {
        request.name = bytes_text(claims[i].name);
        house.full = i == 2; /* the command waits, while the model goes on */
        struct told told = {.calls = 0};
        if (access_make(house.access, &request, made_told, &told, &told.made) == MADE_LATER) {
            house_account(&house, acme, ACCOUNT_DEVICE, i == 2 ? "other-1" : "other-2", NULL, NULL);
            command = house_command(COMMAND_ACCOUNT_REMOVE, acme);
            command.access.number = house.outcome.number;
            house_do(&house, &command);
            access_step(house.access, house.clock.boot_ns);
            house.full = false;
            house_step(&house);
        }
        if (told.made.code != claims[i].code)
            fail_msg("%s: %d", claims[i].name, told.made.code);
        if (told.made.code != MADE_DONE)
            continue;
        struct principal *principal;
        assert_int_equal(enter(ACCESS_BEARER, "", told.made.text, "", &principal), ACCESS_WELCOME);
        char path[64];
        (void)snprintf(path, sizeof path, "devices/%s/t", claims[i].name);
        assert_true(may(principal, RIGHT_WRITE, acme, path));
        assert_false(may(principal, RIGHT_WRITE, acme, "devices/press-9/t"));
        principal_release(principal);
    }
    house_close(&house);
}

/* ---- second factors ----------------------------------------------------------------------------
 */
static void code_now(const struct access_made *begun, int64_t steps, char *code)
{
    uint8_t seed[SECRET_TOTP_SEED_SIZE];
    size_t size;
    assert_int_equal(secret_base32_get(bytes_text(begun->codes[0]), seed, sizeof seed, &size), OK);
    int64_t step = house.clock.wall_ns / NS_PER_S / SECRET_TOTP_STEP_S + steps;
    assert_int_equal(secret_totp_code(seed, step, code), OK);
}

static struct access_made enroll(uint32_t ann)
{
    char code[SECRET_TOTP_DIGITS + 1];
    struct access_request begin = request_of(MAKE_SECOND, ann);
    struct access_request sure = request_of(MAKE_SECOND_SURE, ann);
    struct access_made begun = make(&begin);
    assert_int_equal(begun.code, MADE_DONE);
    assert_memory_equal(begun.text, "otpauth://totp/Mainstem:ann", 27);
    code_now(&begun, 0, code);
    code[0] = code[0] == '9' ? '0' : (char)(code[0] + 1);
    sure.secret = bytes_text(code);
    assert_int_equal(make(&sure).code, MADE_DENIED);
    code_now(&begun, 0, code);
    assert_int_equal(make(&sure).code, MADE_DONE);
    assert_int_equal(make(&sure).code, MADE_DENIED);
    return begun;
}

static void test_a_second_factor(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann();
    const char *password = "correct horse battery";
    char code[SECRET_TOTP_DIGITS + 1];
    assert_int_equal(set_password(ann, password), MADE_DONE);
    struct access_made begun = enroll(ann);
    assert_int_equal(answer_of(ACCESS_PASSWORD, "ann", password, ""), ACCESS_SECOND);
    assert_int_equal(answer_of(ACCESS_PASSWORD, "ann", "wrong", "000000"), ACCESS_DENIED);
    code_now(&begun, 0, code);
    assert_int_equal(answer_of(ACCESS_PASSWORD, "ann", password, code), ACCESS_DENIED); /* used */
    house_pass(&house, SECRET_TOTP_STEP_S * NS_PER_S);
    code_now(&begun, 0, code);
    assert_int_equal(answer_of(ACCESS_PASSWORD, "ann", password, code), ACCESS_WELCOME);
    assert_int_equal(answer_of(ACCESS_PASSWORD, "ann", password, code), ACCESS_DENIED);
    access_destroy(house.access); /* another start does not forget it */
    house_begin(&house, NULL);
    house_step(&house);
    assert_int_equal(answer_of(ACCESS_PASSWORD, "ann", password, code), ACCESS_DENIED);
    code_now(&begun, 5, code);
    assert_int_equal(answer_of(ACCESS_PASSWORD, "ann", password, code), ACCESS_DENIED);
    house_close(&house);
}

/* Who has the password does not get to try all codes. */
static void test_codes_cannot_be_guessed(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann();
    const char *password = "correct horse battery";
    assert_int_equal(set_password(ann, password), MADE_DONE);
    enroll(ann);
    size_t denied = 0;
    for (int i = 0; i < 100; i++) {
        char code[8];
        (void)snprintf(code, sizeof code, "%06d", i);
        denied += answer_of(ACCESS_PASSWORD, "ann", password, code) == ACCESS_DENIED;
    }
    assert_int_equal(denied, house.settings.access_guess_limit);
    assert_int_equal(answer_of(ACCESS_PASSWORD, "ann", password, "123456"), ACCESS_SLOW);
    house_close(&house);
}

static void test_a_second_factor_must_be_begun(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann();
    struct access_request sure = request_of(MAKE_SECOND_SURE, ann);
    char code[SECRET_TOTP_DIGITS + 1];
    sure.secret = bytes_text("123456");
    assert_int_equal(make(&sure).code, MADE_DENIED);
    struct access_request begin = request_of(MAKE_SECOND, ann);
    struct access_made begun = make(&begin);
    house_pass(&house, MAKE_SECOND_TIME + 1);
    code_now(&begun, 0, code);
    sure.secret = bytes_text(code);
    assert_int_equal(make(&sure).code, MADE_DENIED);
    house_close(&house);
}

static void recovered(const char *password, const char *code, enum access_answer expected)
{
    struct principal *principal;
    struct house_entered entered = {.calls = 0};
    struct access_claim claim = house_claim(ACCESS_PASSWORD, "ann", password);
    uint32_t retry_s;
    claim.second = bytes_text(code);
    enum access_answer answer =
        access_enter(house.access, &claim, house_entered, &entered, &principal, &retry_s);
    if (answer == ACCESS_LATER) {
        /* The same code again, before the first is on the disk. */
        struct house_entered again = {.calls = 0};
        assert_int_equal(
            access_enter(house.access, &claim, house_entered, &again, &principal, &retry_s),
            ACCESS_DENIED);
        house_step(&house);
        assert_int_equal(entered.calls, 1);
        answer = entered.answer;
        principal_release(entered.principal);
    }
    assert_int_equal(answer, expected);
}

static void test_recovery_codes(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann();
    const char *password = "correct horse battery";
    assert_int_equal(set_password(ann, password), MADE_DONE);
    enroll(ann);
    struct access_request request = request_of(MAKE_RECOVERY, ann);
    struct access_made old = make(&request), made = make(&request);
    assert_int_equal(made.code, MADE_DONE);
    assert_int_equal(made.code_count, SECRET_RECOVERY_COUNT);
    assert_int_equal(secrets_of(ann, SECRET_RECOVERY), SECRET_RECOVERY_COUNT);
    recovered(password, old.codes[0], ACCESS_DENIED);
    recovered(password, made.codes[3], ACCESS_WELCOME);
    recovered(password, made.codes[3], ACCESS_DENIED);
    recovered("wrong", made.codes[4], ACCESS_DENIED);
    recovered(password, made.codes[4], ACCESS_WELCOME);
    assert_int_equal(secrets_of(ann, SECRET_RECOVERY), SECRET_RECOVERY_COUNT - 2);
    house_close(&house);
}

/* ---- what can come between ---------------------------------------------------------------------
 */
static void test_forgotten_and_given_up(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann();
    struct access_request request = request_of(MAKE_SESSION, ann);
    struct told told = {.calls = 0};
    assert_int_equal(access_make(house.access, &request, made_told, &told, &told.made), MADE_LATER);
    access_make_forget(house.access, &told);
    house_step(&house);
    assert_int_equal(told.calls, 0);
    assert_int_equal(secrets_of(ann, SECRET_SESSION), 1); /* what was begun is done */
    /* The engine does not answer. */
    assert_int_equal(access_make(house.access, &request, made_told, &told, &told.made), MADE_LATER);
    house.pending_count = 0;
    house_pass(&house, 61 * NS_PER_S);
    assert_int_equal(told.calls, 1);
    assert_int_equal(told.made.code, MADE_BUSY);
    /* And the room ends while some are under way. */
    assert_int_equal(access_make(house.access, &request, made_told, &told, &told.made), MADE_LATER);
    house_close(&house);
    assert_int_equal(told.calls, 1);
}

static void test_who_did_it(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann();
    char token[SECRET_TOKEN_SIZE];
    house_token(&house, 1, ann, token);
    house_step(&house);
    struct principal *principal;
    assert_int_equal(enter(ACCESS_BEARER, "", token, "", &principal), ACCESS_WELCOME);
    struct access_request request = request_of(MAKE_INVITATION, ann);
    request.by = principal;
    assert_int_equal(make(&request).code, MADE_DONE);
    struct audit_view entry;
    uint64_t number = access_audit_count(house.model);
    do
        assert_true(access_audit(house.model, number--, &entry));
    while (!bytes_equal(entry.action, bytes_text("secret.add")));
    assert_true(bytes_equal(entry.actor, bytes_text("ann@main")));
    assert_true(bytes_equal(entry.address, bytes_text("192.0.2.1:1")));
    house_account_state(&house, 1, ann, ACCOUNT_DISABLED);
    house_step(&house);
    assert_int_equal(make(&request).code, MADE_DENIED);
    principal_release(principal);
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_idle_sessions_end),
        cmocka_unit_test(test_sessions_are_of_people_who_may_come_in),
        cmocka_unit_test(test_a_password_ends_sessions),
        cmocka_unit_test(test_an_invitation),
        cmocka_unit_test(test_an_invitation_is_good_once),
        cmocka_unit_test(test_tokens_of_each_kind),
        cmocka_unit_test(test_a_claim_key),
        cmocka_unit_test(test_a_second_factor),
        cmocka_unit_test(test_codes_cannot_be_guessed),
        cmocka_unit_test(test_a_second_factor_must_be_begun),
        cmocka_unit_test(test_recovery_codes),
        cmocka_unit_test(test_forgotten_and_given_up),
        cmocka_unit_test(test_who_did_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
