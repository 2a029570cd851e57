/* Passwords: who is let in, what a wrong one costs whoever says it, what is known again, and that
 * nobody learns who exists. */
#include "access/guess.h"
#include "access/password.h"
#include "access/second.h"
#include "access/test_house.h"

#include <sodium.h>

static struct house house;

/* As a real one, but fast. */
static uint32_t put_password(uint32_t tenant, uint32_t account, const char *password)
{
    char hash[crypto_pwhash_STRBYTES];
    check(crypto_pwhash_str_alg(hash, password, strlen(password), 1, crypto_pwhash_MEMLIMIT_MIN,
                                crypto_pwhash_ALG_ARGON2ID13) == 0);
    return house_secret(&house, tenant, account, SECRET_PASSWORD, bytes_of("", 0),
                        bytes_text(hash));
}

static uint64_t hashes(void)
{
    struct access_counters counters;
    access_describe(house.access, &counters);
    return counters.hashes;
}

static enum access_answer try_at(const char *name, const char *password, const char *address)
{
    struct principal *principal;
    struct access_claim claim = house_claim(ACCESS_PASSWORD, name, password);
    claim.address = address;
    enum access_answer answer = house_enter(&house, &claim, &principal);
    assert_true((principal != NULL) == (answer == ACCESS_WELCOME));
    principal_release(principal);
    return answer;
}

static enum access_answer try(const char *name, const char *password)
{
    return try_at(name, password, "192.0.2.1:5000");
}

/* root@main of trial's end has no real password; ann has one. */
static uint32_t open_with_ann(struct worker *worker)
{
    house_open(&house, worker);
    house_host(&house);
    uint32_t ann = house_account(&house, 1, ACCOUNT_PERSON, "ann", "operator", "#");
    put_password(1, ann, "right horse");
    house_step(&house);
    return ann;
}

static void test_right_and_wrong(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann(NULL);
    uint32_t acme = house_tenant(&house, "acme");
    uint32_t bob = house_account(&house, acme, ACCOUNT_DEVICE, "bob", "operator", "#");
    put_password(acme, bob, "wrong horse");
    house_step(&house);
    assert_int_equal(try("ann", "right horse"), ACCESS_WELCOME);
    assert_int_equal(try("ann@main", "right horse"), ACCESS_WELCOME);
    assert_int_equal(try("bob@acme", "wrong horse"), ACCESS_WELCOME);
    assert_int_equal(try("bob", "wrong horse"), ACCESS_DENIED);
    assert_int_equal(try("bob@main", "wrong horse"), ACCESS_DENIED);
    assert_int_equal(try("bob@nobody", "wrong horse"), ACCESS_DENIED);
    assert_int_equal(try("ann", "right hors"), ACCESS_DENIED);
    assert_int_equal(try("ann", ""), ACCESS_DENIED);
    assert_int_equal(try("ann@acme", "right horse"), ACCESS_DENIED);
    char longest[SECRET_PASSWORD_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[SECRET_PASSWORD_MAX + 1] = '\0';
    assert_int_equal(try("ann", longest), ACCESS_DENIED);
    house_account_state(&house, 1, ann, ACCOUNT_DISABLED);
    house_step(&house);
    assert_int_equal(try("ann", "right horse"), ACCESS_DENIED);
    house_close(&house);
}

/* Unknown, without a password, disabled, wrong: each costs one hash and says the same. */
static void test_nobody_learns_who_exists(void **state)
{
    (void)state;
    open_with_ann(NULL);
    uint32_t tim = house_account(&house, 1, ACCOUNT_PERSON, "tim", "operator", "#");
    put_password(1, tim, "right horse");
    house_account_state(&house, 1, tim, ACCOUNT_DISABLED);
    house_account(&house, 1, ACCOUNT_PERSON, "sam", "operator", "#");
    house_step(&house);
    static const char *const names[] = {"ann", "nobody", "sam", "tim", "ann@nowhere", ""};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        uint64_t before = hashes();
        assert_int_equal(try(names[i], "wrong"), ACCESS_DENIED);
        assert_int_equal(hashes(), before + 1);
    }
    house_close(&house);
}

static void test_a_password_is_known_again(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann(NULL);
    uint64_t before = hashes();
    for (int i = 0; i < 100; i++)
        assert_int_equal(try("ann", "right horse"), ACCESS_WELCOME);
    assert_int_equal(hashes(), before + 1);
    assert_int_equal(try("ann", "right horsf"), ACCESS_DENIED);
    assert_int_equal(hashes(), before + 2);
    house_pass(&house, house.settings.access_password_keep);
    assert_int_equal(try("ann", "right horse"), ACCESS_WELCOME);
    assert_int_equal(hashes(), before + 3);
    /* A password that is set anew, even to the same one, is another. */
    put_password(1, ann, "other horse");
    house_step(&house);
    assert_int_equal(try("ann", "right horse"), ACCESS_DENIED);
    assert_int_equal(try("ann", "other horse"), ACCESS_WELCOME);
    house.settings.access_password_keep = 0;
    house_pass(&house, 3600 * NS_PER_S);
    before = hashes();
    assert_int_equal(try("ann", "other horse"), ACCESS_WELCOME);
    assert_int_equal(try("ann", "other horse"), ACCESS_WELCOME);
    assert_int_equal(hashes(), before + 2);
    house_close(&house);
}

static struct secret_view password_of(uint32_t account)
{
    struct secret_view view = {0};
    uint32_t secret = SECRET_NONE;
    while ((secret = access_secret_next(house.model, account, secret)) != SECRET_NONE)
        if (access_secret(house.model, secret, &view) && view.kind == SECRET_PASSWORD)
            return view;
    fail_msg("no password");
    return view;
}

/* The hashes of this test are weak: the first login makes them anew, and nobody notices. */
static void test_an_old_hash_is_made_anew_by_a_login(void **state)
{
    static const char today[] = "$argon2id$v=19$m=65536,t=2,p=1$";
    (void)state;
    uint32_t ann = open_with_ann(NULL);
    struct secret_view before = password_of(ann), after;
    char weak[SECRET_PROOF_MAX + 1], made[SECRET_PROOF_MAX + 1];
    snprintf(weak, sizeof weak, "%.*s", (int)before.proof.size, (const char *)before.proof.at);
    assert_true(secret_password_is_outdated(bytes_text(weak)));
    assert_int_equal(try("ann", "wrong horse"), ACCESS_DENIED);
    house_step(&house);
    assert_true(bytes_equal(password_of(ann).proof, bytes_text(weak)));
    struct principal *principal;
    struct access_claim claim = house_claim(ACCESS_PASSWORD, "ann", "right horse");
    assert_int_equal(house_enter(&house, &claim, &principal), ACCESS_WELCOME);
    house_step(&house);
    after = password_of(ann);
    assert_int_equal(after.secret, before.secret);
    snprintf(made, sizeof made, "%.*s", (int)after.proof.size, (const char *)after.proof.at);
    assert_memory_equal(made, today, sizeof today - 1);
    assert_false(secret_password_is_outdated(bytes_text(made)));
    struct principal_view view;
    principal_view(principal, &view);
    assert_false(view.ended); /* who came with it stays */
    principal_release(principal);
    house_pass(&house, house.settings.access_password_keep);
    assert_int_equal(try("ann", "right horse"), ACCESS_WELCOME);
    assert_int_equal(try("ann", "wrong horse"), ACCESS_DENIED);
    house_step(&house);
    assert_true(bytes_equal(password_of(ann).proof, bytes_text(made))); /* once is enough */
    house_close(&house);
}

static void test_a_changed_password_ends_those_who_came_with_it(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann(NULL);
    struct principal *principal;
    struct access_claim claim = house_claim(ACCESS_PASSWORD, "ann", "right horse");
    assert_int_equal(house_enter(&house, &claim, &principal), ACCESS_WELCOME);
    assert_true(may(principal, RIGHT_WRITE, 1, "a"));
    put_password(1, ann, "other horse");
    house_step(&house);
    assert_false(may(principal, RIGHT_WRITE, 1, "a"));
    principal_release(principal);
    house_close(&house);
}

/* ---- guessing ----------------------------------------------------------------------------------
 */
static void test_guesses_have_to_wait(void **state)
{
    (void)state;
    open_with_ann(NULL);
    for (uint64_t i = 0; i < house.settings.access_guess_limit; i++)
        assert_int_equal(try("ann", "wrong"), ACCESS_DENIED);
    uint64_t before = hashes();
    assert_int_equal(try("ann", "right horse"), ACCESS_SLOW);
    assert_int_equal(try("nobody", "right horse"), ACCESS_DENIED);
    assert_int_equal(hashes(), before + 1);
    house_pass(&house, NS_PER_S);
    assert_int_equal(try("ann", "wrong"), ACCESS_DENIED);
    house_pass(&house, NS_PER_S);
    assert_int_equal(try("ann", "wrong"), ACCESS_SLOW);
    house_pass(&house, NS_PER_S);
    assert_int_equal(try("ann", "right horse"), ACCESS_WELCOME);
    /* What was right is forgiven. */
    for (uint64_t i = 0; i < house.settings.access_guess_limit; i++)
        assert_int_equal(try("ann", "wrong"), ACCESS_DENIED);
    struct access_counters counters;
    access_describe(house.access, &counters);
    assert_int_equal(counters.slowed, 2);
    house_close(&house);
}

/* One who was right before is not kept out by what others say in his name, from other addresses or
 * his own; strangers are, and never for longer than the longest wait. */
static void test_nobody_is_locked_out_from_elsewhere(void **state)
{
    (void)state;
    open_with_ann(NULL);
    house.settings.access_guess_limit = 3;
    assert_int_equal(try_at("ann", "right horse", "198.51.100.7:1"), ACCESS_WELCOME);
    for (int i = 0; i < 40; i++) {
        char address[64];
        (void)snprintf(address, sizeof address, "203.0.113.%d:80", i);
        (void)try_at("ann", "wrong", address);
    }
    assert_int_equal(try_at("ann", "wrong", "203.0.113.200:80"), ACCESS_SLOW);
    assert_int_equal(try_at("ann", "right horse", "198.51.100.7:2"), ACCESS_WELCOME);
    house_pass(&house, house.settings.access_lock_time);
    assert_int_equal(try_at("ann", "right horse", "203.0.113.200:80"), ACCESS_WELCOME);
    house_close(&house);
}

static void test_an_address_is_slowed_over_all_names(void **state)
{
    (void)state;
    open_with_ann(NULL);
    house.settings.access_guess_limit = 2;
    int denied = 0;
    for (int i = 0; i < 60; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "n%d", i);
        denied += try_at(name, "", "203.0.113.9:80") == ACCESS_DENIED;
    }
    assert_int_equal(denied, 2 * GUESS_ADDRESS_FACTOR);
    assert_int_equal(try_at("n60", "", "203.0.113.10:80"), ACCESS_DENIED);
    house_close(&house);
}

static void test_the_table_of_guesses(void **state)
{
    (void)state;
    struct guesses guesses;
    struct guess_rules rules = {3, 60 * NS_PER_S};
    assert_int_equal(guesses_init(&guesses, 5), OK);
    struct guess_keys keys = guess_keys_of(&guesses, 1, bytes_text("ann"), "[2001:db8::1]:7");
    struct guess_keys same = guess_keys_of(&guesses, 1, bytes_text("ann"), "[2001:db8::1]:8");
    struct guess_keys other = guess_keys_of(&guesses, 2, bytes_text("ann"), "[2001:db8::1]:8");
    assert_memory_equal(&keys, &same, sizeof keys);
    assert_true(keys.name != other.name && keys.pair != other.pair);
    assert_true(keys.address == other.address);
    /* Of IPv6 the /64 counts; of IPv4 the address, also where it comes as IPv6. */
    static const struct {
        const char *one, *two;
        bool same;
    } hosts[] = {{"[2001:db8::1]:7", "[2001:db8:0:0:ffff::2]:9", true},
                 {"[2001:db8::1]:7", "[2001:db8:0:1::1]:7", false},
                 {"[::ffff:192.0.2.1]:7", "[::ffff:192.0.2.1]:8", true},
                 {"[::ffff:192.0.2.1]:7", "[::ffff:192.0.2.2]:7", false},
                 {"192.0.2.1:7", "192.0.2.1:8", true},
                 {"192.0.2.1:7", "192.0.2.2:7", false}};
    for (size_t i = 0; i < ARRAY_COUNT(hosts); i++) {
        struct guess_keys one = guess_keys_of(&guesses, 1, bytes_text("ann"), hosts[i].one);
        struct guess_keys two = guess_keys_of(&guesses, 1, bytes_text("ann"), hosts[i].two);
        assert_int_equal(one.address == two.address, hosts[i].same);
        assert_int_equal(one.pair == two.pair, hosts[i].same);
    }
    int64_t now_ns = 1;
    int64_t expected_s[] = {0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60};
    for (size_t i = 0; i < ARRAY_COUNT(expected_s); i++) {
        if (expected_s[i] > 0) {
            assert_true(guess_begin(&guesses, &keys, &rules, now_ns) == expected_s[i] * NS_PER_S);
            now_ns += expected_s[i] * NS_PER_S - 1;
            assert_true(guess_begin(&guesses, &keys, &rules, now_ns) == 1);
            now_ns += 1;
        }
        /* At sixty seconds half of them are forgotten. */
        if (expected_s[i] == 60)
            break;
        assert_true(guess_begin(&guesses, &keys, &rules, now_ns) == 0);
    }
    /* A flood of others does not push out the one who was wrong often, and takes no memory. */
    for (uint32_t i = 0; i < 200000; i++) {
        struct guess_keys flood = {hash64(&i, 4, 1) | 1, hash64(&i, 4, 2) | 1,
                                   hash64(&i, 4, 3) | 1};
        (void)guess_begin(&guesses, &flood, &rules, now_ns);
    }
    int64_t wait_ns = 0;
    for (int i = 0; i < 8 && wait_ns == 0; i++)
        wait_ns = guess_begin(&guesses, &keys, &rules, now_ns);
    assert_true(wait_ns > NS_PER_S);
    guesses_done(&guesses);
}

/* ---- the worker --------------------------------------------------------------------------------
 */
struct slow_worker { /* jobs run when they are polled */
    struct worker port;
    struct job *first, **last;
    size_t submitted;
    size_t most; /* in one poll; 0: all */
};

static void slow_submit(struct worker *port, struct job *job)
{
    struct slow_worker *worker = (struct slow_worker *)(void *)port;
    job->next = NULL;
    *worker->last = job;
    worker->last = &job->next;
    worker->submitted++;
}

static size_t slow_poll(struct worker *port)
{
    struct slow_worker *worker = (struct slow_worker *)(void *)port;
    size_t count = 0;
    for (; worker->first != NULL && (worker->most == 0 || count < worker->most); count++) {
        struct job *job = worker->first; /* done() may submit another */
        worker->first = job->next;
        if (worker->first == NULL)
            worker->last = &worker->first;
        job->run(job);
        job->done(job);
    }
    return count;
}

static void slow_wait(struct worker *port)
{
    (void)port;
}

static struct slow_worker slow;
static struct worker *slow_worker(void)
{
    slow =
        (struct slow_worker){.port = {.submit = slow_submit, .poll = slow_poll, .wait = slow_wait}};
    slow.last = &slow.first;
    return &slow.port;
}

static enum access_answer try_later(struct house_entered *entered, const char *name,
                                    const char *password, const char *address)
{
    struct principal *principal;
    uint32_t retry_s;
    struct access_claim claim = house_claim(ACCESS_PASSWORD, name, password);
    claim.address = address;
    *entered = (struct house_entered){.calls = 0};
    return access_enter(house.access, &claim, house_entered, entered, &principal, &retry_s);
}

static void test_the_same_is_compared_once(void **state)
{
    (void)state;
    open_with_ann(slow_worker());
    struct house_entered entered[200], wrong;
    for (size_t i = 0; i < ARRAY_COUNT(entered); i++)
        assert_int_equal(try_later(&entered[i], "ann", "right horse", "192.0.2.1:1"), ACCESS_LATER);
    assert_int_equal(try_later(&wrong, "ann", "wrong", "192.0.2.1:1"), ACCESS_LATER);
    assert_int_equal(slow.submitted, 1); /* one at a time */
    for (size_t i = 0; i < ARRAY_COUNT(entered); i += 2)
        access_forget(house.access, &entered[i]);
    house_step(&house);
    for (size_t i = 0; i < ARRAY_COUNT(entered); i++) {
        assert_int_equal(entered[i].calls, i % 2);
        if (i % 2 == 1)
            assert_int_equal(entered[i].answer, ACCESS_WELCOME);
        principal_release(entered[i].principal);
    }
    house_step(&house);
    assert_int_equal(slow.submitted, 2);
    assert_int_equal(wrong.answer, ACCESS_DENIED);
    assert_int_equal(wrong.calls, 1);
    house_close(&house);
}

static void test_too_many_at_once(void **state)
{
    (void)state;
    open_with_ann(slow_worker());
    house.settings.access_password_jobs = 6; /* of which the house has three quarters */
    house.settings.access_guess_limit = 1000;
    struct house_entered entered[6];
    char password[8];
    for (size_t i = 0; i < ARRAY_COUNT(entered); i++) {
        (void)snprintf(password, sizeof password, "p%zu", i);
        assert_int_equal(try_later(&entered[i], "ann", password, "192.0.2.1:1"),
                         i < 5 ? ACCESS_LATER : ACCESS_BUSY);
    }
    house_step(&house);
    for (size_t i = 0; i < ARRAY_COUNT(entered); i++)
        assert_int_equal(entered[i].calls, i < 5);
    assert_int_equal(try_later(&entered[0], "ann", "right horse", "192.0.2.1:1"), ACCESS_LATER);
    house_close(&house); /* while one is under way */
    assert_int_equal(entered[0].calls, 0);
}

/* Who comes anew is not told anew; and what many are refused at once is told of so many of them. */
static void test_an_account_does_not_fill_the_audit(void **state)
{
    (void)state;
    char token[SECRET_TOKEN_SIZE], action[16];
    house_open(&house, NULL);
    house_host(&house);
    uint32_t device = house_account(&house, 1, ACCOUNT_DEVICE, "press", NULL, NULL);
    house_token(&house, 1, device, token);
    house_step(&house);
    uint64_t before = access_audit_count(house.model);
    struct principal *principal;
    for (int i = 0; i < 100; i++) {
        principal = house_enter_token(&house, token, "press");
        access_tell(house.access, principal, "mqtt.publish", bytes_text("a"), bytes_of("", 0),
                    "denied");
        principal_release(principal);
    }
    house_step(&house);
    assert_int_equal(access_audit_count(house.model), before + 2); /* a login and a denial */
    principal = house_enter_token(&house, token, "press");
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(action, sizeof action, "a%d", i);
        access_tell(house.access, principal, action, bytes_text("a"), bytes_of("", 0), "denied");
    }
    house_step(&house);
    assert_int_equal(access_audit_count(house.model), before + 1 + DENIALS_ACCOUNTS);
    house_pass(&house, 60 * NS_PER_S);
    access_tell(house.access, principal, "mqtt.publish", bytes_text("a"), bytes_of("", 0),
                "denied");
    house_step(&house);
    assert_int_equal(access_audit_count(house.model), before + 2 + DENIALS_ACCOUNTS);
    principal_release(principal);
    house_close(&house);
}

/* ---- two queues --------------------------------------------------------------------------------
 */
static size_t made_count, makes_busy;
static void made_one(void *arg, const struct access_made *made)
{
    (void)arg;
    made_count += made->code == MADE_DONE;
}

static enum access_made_code make_password(uint32_t account, void *arg)
{
    struct access_made made;
    struct access_request request = {.making = MAKE_PASSWORD,
                                     .account = account,
                                     .door = ACTOR_HTTP,
                                     .address = "192.0.2.7:1",
                                     .password = bytes_text("a cart of green tiles")};
    return access_make(house.access, &request, made_one, arg, &made);
}

/* An import makes passwords: who logs in waits for one of them at most, however many there are. */
static void test_logins_go_before_imports(void **state)
{
    (void)state;
    open_with_ann(slow_worker());
    uint32_t acme = house_tenant(&house, "acme");
    char name[16];
    int args[40];
    made_count = makes_busy = 0;
    slow.most = 1;
    for (size_t i = 0; i < ARRAY_COUNT(args); i++) {
        (void)snprintf(name, sizeof name, "d%zu", i);
        uint32_t device = house_account(&house, acme, ACCOUNT_DEVICE, name, NULL, NULL);
        makes_busy += make_password(device, &args[i]) == MADE_BUSY;
    }
    assert_int_equal(makes_busy, 40 - house.settings.access_password_jobs / 2);
    struct house_entered entered;
    assert_int_equal(try_later(&entered, "ann", "right horse", "192.0.2.1:1"), ACCESS_LATER);
    access_step(house.access, house.clock.boot_ns); /* the one that was under way */
    assert_int_equal(entered.calls, 0);
    access_step(house.access, house.clock.boot_ns);
    assert_int_equal(entered.calls, 1);
    assert_int_equal(entered.answer, ACCESS_WELCOME);
    principal_release(entered.principal);
    house_close(&house);
}

/* And the import goes on all the same. */
static void test_imports_go_on_beside_logins(void **state)
{
    (void)state;
    open_with_ann(slow_worker());
    uint32_t device = house_account(&house, 1, ACCOUNT_DEVICE, "d", NULL, NULL);
    house.settings.access_guess_limit = 1000;
    struct house_entered entered[20];
    char password[8];
    int arg;
    made_count = 0;
    slow.most = 1;
    for (size_t i = 0; i < ARRAY_COUNT(entered); i++) {
        (void)snprintf(password, sizeof password, "p%zu", i);
        assert_int_equal(try_later(&entered[i], "ann", password, "192.0.2.1:1"), ACCESS_LATER);
    }
    assert_int_equal(make_password(device, &arg), MADE_LATER);
    for (size_t i = 0; i < 10; i++)
        access_step(house.access, house.clock.boot_ns);
    assert_int_equal(entered[9].calls, 0); /* in its place the password was made */
    slow.most = 0;
    house_step(&house);
    assert_int_equal(made_count, 1);
    house_close(&house);
}

/* Tenants take turns, whoever came first with many. */
static void test_tenants_take_turns(void **state)
{
    (void)state;
    open_with_ann(slow_worker());
    house_tenant(&house, "acme");
    house.settings.access_guess_limit = 1000;
    struct house_entered many[20], one;
    char password[8];
    slow.most = 1;
    for (size_t i = 0; i < ARRAY_COUNT(many); i++) {
        (void)snprintf(password, sizeof password, "p%zu", i);
        assert_int_equal(try_later(&many[i], "ann", password, "192.0.2.1:1"), ACCESS_LATER);
    }
    assert_int_equal(try_later(&one, "kim@acme", "wrong", "192.0.2.2:1"), ACCESS_LATER);
    for (int i = 0; i < 3; i++)
        access_step(house.access, house.clock.boot_ns);
    assert_int_equal(one.calls, 1);
    assert_int_equal(many[4].calls, 0);
    house_close(&house);
}

/* As many guesses at once wait as one behind the other. */
static void test_guesses_at_once_count(void **state)
{
    (void)state;
    open_with_ann(slow_worker());
    struct house_entered entered[20];
    size_t taken = 0;
    for (size_t i = 0; i < ARRAY_COUNT(entered); i++) {
        char password[8];
        (void)snprintf(password, sizeof password, "p%zu", i);
        taken += try_later(&entered[i], "ann", password, "192.0.2.1:1") == ACCESS_LATER;
    }
    assert_int_equal(taken, house.settings.access_guess_limit);
    house_close(&house);
}

/* The right password with other codes at once: each code is a guess. Without a code it is one. */
static void test_codes_at_once_count(void **state)
{
    (void)state;
    open_with_ann(slow_worker());
    struct house_entered entered[40];
    struct principal *principal;
    uint32_t retry_s;
    size_t taken = 0;
    for (size_t i = 0; i < ARRAY_COUNT(entered); i++) {
        char code[8];
        (void)snprintf(code, sizeof code, "%06zu", i);
        struct access_claim claim = house_claim(ACCESS_PASSWORD, "ann", "right horse");
        claim.address = "192.0.2.1:1";
        claim.second = bytes_text(code);
        entered[i] = (struct house_entered){.calls = 0};
        taken += access_enter(house.access, &claim, house_entered, &entered[i], &principal,
                              &retry_s) == ACCESS_LATER;
    }
    assert_int_equal(slow.submitted, 1);
    assert_int_equal(taken, house.settings.access_guess_limit);
    house_close(&house);
}

/* Logins without a code that join another are no guesses, but do not pay for wrong ones either. */
static void test_joining_pays_for_nothing(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann(slow_worker());
    static const uint8_t sealed[SECRET_TOTP_SEED_SIZE + SECRET_SEAL_OVERHEAD];
    house_secret(&house, 1, ann, SECRET_TOTP, bytes_of("", 0), bytes_of(sealed, sizeof sealed));
    house_step(&house);
    struct house_entered wrong[20], joined[50];
    size_t limit = house.settings.access_guess_limit, taken = 0;
    char password[8];
    assert_in_range(limit, 6, ARRAY_COUNT(wrong) - 1);
    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(password, sizeof password, "p%zu", i);
        assert_int_equal(try_later(&wrong[i], "ann", password, "192.0.2.1:1"), ACCESS_LATER);
    }
    house_step(&house);
    for (size_t i = 0; i < ARRAY_COUNT(joined); i++)
        assert_int_equal(try_later(&joined[i], "ann", "right horse", "192.0.2.1:1"), ACCESS_LATER);
    house_step(&house);
    for (size_t i = 0; i < ARRAY_COUNT(joined); i++)
        assert_int_equal(joined[i].answer, ACCESS_SECOND);
    for (size_t i = 5; i < ARRAY_COUNT(wrong); i++) {
        (void)snprintf(password, sizeof password, "p%zu", i);
        taken += try_later(&wrong[i], "ann", password, "192.0.2.1:1") == ACCESS_LATER;
    }
    assert_int_equal(taken, limit - 5);
    house_close(&house);
}

/* The account goes while its password is compared. */
static void test_what_changes_meanwhile(void **state)
{
    (void)state;
    uint32_t ann = open_with_ann(slow_worker());
    struct house_entered entered;
    assert_int_equal(try_later(&entered, "ann", "right horse", "192.0.2.1:1"), ACCESS_LATER);
    house_account_state(&house, 1, ann, ACCOUNT_DISABLED);
    house_step(&house);
    assert_int_equal(entered.answer, ACCESS_DENIED);
    house_account_state(&house, 1, ann, ACCOUNT_ACTIVE);
    house_step(&house);
    house_pass(&house, house.settings.access_password_keep);
    assert_int_equal(try_later(&entered, "ann", "right horse", "192.0.2.1:1"), ACCESS_LATER);
    put_password(1, ann, "other horse");
    house_step(&house);
    assert_int_equal(entered.answer, ACCESS_DENIED);
    house_close(&house);
}

static void test_a_real_worker(void **state)
{
    (void)state;
    struct worker *worker;
    assert_int_equal(worker_thread_create("password", &worker), OK);
    open_with_ann(worker);
    struct house_entered entered;
    assert_int_equal(try_later(&entered, "ann", "right horse", "192.0.2.1:1"), ACCESS_LATER);
    for (int i = 0; i < 1000 && entered.calls == 0; i++) {
        worker->wait(worker);
        house_step(&house);
    }
    assert_int_equal(entered.answer, ACCESS_WELCOME);
    principal_release(entered.principal);
    house_close(&house);
    worker->destroy(worker);
}

/* ---- the audit ---------------------------------------------------------------------------------
 */
static size_t audited(const char *action, const char *outcome)
{
    size_t count = 0;
    for (size_t i = 0; i < house.audit_count; i++)
        count += strcmp(house.audit[i].action, action) == 0 &&
                 strcmp(house.audit[i].outcome, outcome) == 0;
    return count;
}

static void test_logins_are_told(void **state)
{
    (void)state;
    open_with_ann(NULL);
    house.settings.access_guess_limit = 3;
    assert_int_equal(try("ann", "right horse"), ACCESS_WELCOME);
    house_step(&house);
    assert_int_equal(audited("login", "done"), 1);
    assert_string_equal(house.audit[0].actor, "ann@main");
    assert_string_equal(house.audit[0].detail, "password");
    for (int i = 0; i < 20; i++)
        assert_int_equal(try("ann", "right horse"), ACCESS_WELCOME);
    house_step(&house);
    assert_int_equal(audited("login", "done"), 1);
    house_pass(&house, 61 * NS_PER_S);
    assert_int_equal(try("ann", "right horse"), ACCESS_WELCOME);
    house_step(&house);
    assert_int_equal(audited("login", "done"), 2);
    assert_string_equal(house.audit[1].detail, "password; 20 more since the last entry");
    for (int i = 0; i < 20; i++)
        (void)try("ann", "wrong secret");
    house_step(&house);
    assert_int_equal(audited("login", "denied"), 1);
    assert_int_equal(audited("login", "slowed"), 1);
    (void)try_at("passw0rd typed as a name", "x", "192.0.2.9:1");
    house_step(&house);
    for (size_t i = 0; i < house.audit_count; i++) {
        assert_null(strstr(house.audit[i].detail, "wrong secret"));
        assert_null(strstr(house.audit[i].object, "passw0rd"));
        assert_null(strstr(house.audit[i].actor, "passw0rd"));
    }
    house_close(&house);
}

static void test_denials_are_rationed(void **state)
{
    (void)state;
    open_with_ann(NULL);
    struct principal *principal;
    struct access_claim claim = house_claim(ACCESS_PASSWORD, "ann", "right horse");
    assert_int_equal(house_enter(&house, &claim, &principal), ACCESS_WELCOME);
    house_step(&house);
    size_t before = house.audit_count;
    for (int i = 0; i < 50; i++) {
        access_tell(house.access, principal, "point.write", bytes_text("a/b"), bytes_of("", 0),
                    "denied");
        access_tell(house.access, principal, "point.rename", bytes_text("a\n\xff"), bytes_text("x"),
                    "denied");
        access_tell(house.access, principal, "export", bytes_text("#"), bytes_of("", 0), "done");
    }
    house_step(&house);
    assert_int_equal(house.audit_count, before + 52);
    assert_string_equal(house.audit[before + 1].object, "a??");
    house_pass(&house, 61 * NS_PER_S);
    access_tell(house.access, principal, "point.rename", bytes_text("a"), bytes_text("x"),
                "denied");
    house_step(&house);
    assert_string_equal(house.audit[before + 52].detail, "x; 49 more since the last entry");
    principal_release(principal);
    house_close(&house);
}

static void test_what_the_audit_cannot_take_waits(void **state)
{
    (void)state;
    open_with_ann(NULL);
    house_step(&house);
    house.full = true;
    for (int i = 0; i < TOLD_MAX + 10; i++)
        access_tell(house.access, NULL, "export", bytes_text("x"), bytes_of("", 0), "done");
    struct access_counters counters;
    access_step(house.access, house.clock.boot_ns);
    access_describe(house.access, &counters);
    assert_int_equal(counters.audit_waiting, TOLD_MAX);
    assert_int_equal(counters.audit_dropped, 10);
    house.full = false;
    house_step(&house);
    access_describe(house.access, &counters);
    assert_int_equal(counters.audit_waiting, 0);
    assert_int_equal(counters.audit_dropped, 10);
    house_close(&house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_right_and_wrong),
        cmocka_unit_test(test_nobody_learns_who_exists),
        cmocka_unit_test(test_a_password_is_known_again),
        cmocka_unit_test(test_an_old_hash_is_made_anew_by_a_login),
        cmocka_unit_test(test_a_changed_password_ends_those_who_came_with_it),
        cmocka_unit_test(test_guesses_have_to_wait),
        cmocka_unit_test(test_nobody_is_locked_out_from_elsewhere),
        cmocka_unit_test(test_an_address_is_slowed_over_all_names),
        cmocka_unit_test(test_the_table_of_guesses),
        cmocka_unit_test(test_the_same_is_compared_once),
        cmocka_unit_test(test_too_many_at_once),
        cmocka_unit_test(test_an_account_does_not_fill_the_audit),
        cmocka_unit_test(test_logins_go_before_imports),
        cmocka_unit_test(test_imports_go_on_beside_logins),
        cmocka_unit_test(test_tenants_take_turns),
        cmocka_unit_test(test_guesses_at_once_count),
        cmocka_unit_test(test_codes_at_once_count),
        cmocka_unit_test(test_joining_pays_for_nothing),
        cmocka_unit_test(test_what_changes_meanwhile),
        cmocka_unit_test(test_a_real_worker),
        cmocka_unit_test(test_logins_are_told),
        cmocka_unit_test(test_denials_are_rationed),
        cmocka_unit_test(test_what_the_audit_cannot_take_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
