/* Entries of the audit on their way out of memory: which are due, what their forms say, and what is
 * made of a record that says something else. */
#include "model/access/fixture.h"

static void fixture_kept(struct fixture *f, uint32_t kept)
{
    struct access_limits limits = access_limits_default;
    limits.audit_kept = kept;
    fixture_open_limited(f, &limits);
}

static void tell(struct fixture *f, uint32_t tenant, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct fact_audit audit = {.tenant = tenant,
                                   .actor = {.door = ACTOR_MQTT,
                                             .account = 9,
                                             .name = bytes_text("ann@acme"),
                                             .address = bytes_text("10.0.0.1:5")},
                                   .action = bytes_text("denied"),
                                   .object = bytes_text("plant/a"),
                                   .detail = bytes_text("write"),
                                   .outcome = bytes_text("no right")};
        struct fact fact = {.kind = FACT_AUDIT, .audit = audit};
        struct outcome outcome;
        f->stamp.position++;
        f->stamp.wall_ns++;
        assert_int_equal(access_apply_fact(f->model, f->points, &fact, &f->stamp, NULL, &outcome),
                         OK);
    }
}

/* The oldest that is due becomes a record, as it is or with another form. */
static bool write_one(struct fixture *f, uint32_t tenant_off)
{
    uint8_t bytes[FORM_BYTES_MAX];
    struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
    struct fact_entry entry = {.module = MODULE_ACCESS};
    bool agrees;
    assert_true(access_audit_unwritten(f->model) > 0);
    entry.tenant = access_audit_unwritten_form(f->model, 0, &form) + tenant_off;
    assert_true(form_end(&form, &entry.form));
    f->stamp.position++;
    assert_int_equal(access_apply_entry(f->model, &entry, &f->stamp, &agrees), OK);
    return agrees;
}

static void test_the_older_half_is_due(void **state)
{
    (void)state;
    struct fixture f;
    fixture_kept(&f, 16);
    tell(&f, 2, 8);
    assert_int_equal(access_audit_unwritten(f.model), 0);
    tell(&f, 2, 1);
    assert_int_equal(access_audit_unwritten(f.model), 1);
    assert_true(write_one(&f, 0));
    assert_int_equal(access_audit_unwritten(f.model), 0);
    assert_int_equal(access_audit_first(f.model), 1);
    tell(&f, 2, 4);
    assert_false(access_audit_presses(f.model, 0)); /* a quarter of the ring */
    assert_true(access_audit_presses(f.model, 1));
    tell(&f, 2, 1);
    assert_true(access_audit_presses(f.model, 0));
    /* What nobody wrote in time is lost, and no more. */
    tell(&f, 2, 100);
    assert_int_equal(access_audit_unwritten(f.model), 8);
    assert_true(write_one(&f, 0));
    assert_int_equal(access_model_rebuild(f.model), OK);
    fixture_close(&f);
}

static void test_another_entry_is_told(void **state)
{
    (void)state;
    struct fixture f;
    bool agrees;
    fixture_kept(&f, 16);
    tell(&f, 2, 12);
    assert_false(write_one(&f, 1)); /* taken all the same */
    assert_int_equal(access_audit_unwritten(f.model), 3);
    struct fact_entry entry = {.module = MODULE_ACCESS, .form = bytes_of("", 0)};
    assert_int_equal(access_apply_entry(f.model, &entry, &f.stamp, &agrees), OK);
    assert_false(agrees);
    entry.module = MODULE_ALARMS; /* not ours to judge */
    assert_int_equal(access_apply_entry(f.model, &entry, &f.stamp, &agrees), OK);
    assert_true(agrees);
    assert_int_equal(access_audit_unwritten(f.model), 3);
    fixture_close(&f);
}

static void test_a_form_says_all_or_nothing(void **state)
{
    (void)state;
    struct fixture f;
    uint8_t bytes[FORM_BYTES_MAX];
    struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
    struct bytes whole;
    struct audit_view view, held;
    fixture_kept(&f, 16);
    tell(&f, 7, 9);
    assert_int_equal(access_audit_unwritten_form(f.model, 0, &form), 7);
    assert_true(form_end(&form, &whole));
    assert_true(access_audit_form_get(whole, 7, &view));
    assert_true(access_audit(f.model, 1, &held));
    assert_true(view.number == 1 && view.position == held.position && view.account == 9);
    assert_true(view.wall_ns == held.wall_ns && view.door == ACTOR_MQTT && view.tenant == 7);
    assert_memory_equal(view.chain, held.chain, sizeof view.chain);
    assert_text(view.actor, "ann@acme");
    assert_text(view.address, "10.0.0.1:5");
    assert_text(view.action, "denied");
    assert_text(view.object, "plant/a");
    assert_text(view.detail, "write");
    assert_text(view.outcome, "no right");
    /* Cut anywhere, or with more behind it, it is none. */
    for (size_t size = 0; size < whole.size; size++)
        assert_false(access_audit_form_get(bytes_of(whole.at, size), 7, &view));
    form_put_integer(&form, 13, 1);
    assert_true(form_end(&form, &whole));
    assert_false(access_audit_form_get(whole, 7, &view));
    fixture_close(&f);
}

/* Runs on both sides of where one ends. */
static void test_runs(void **state)
{
    (void)state;
    struct fixture f;
    struct audit_run run;
    fixture_kept(&f, 16);
    for (unsigned i = 1; i <= AUDIT_RUN + 30; i++) {
        tell(&f, i <= AUDIT_RUN ? 2 : 300, 1);
        while (access_audit_unwritten(f.model) > 0)
            assert_true(write_one(&f, 0));
    }
    assert_true(access_audit_run(f.model, AUDIT_RUN, &run));
    assert_int_equal(run.first, 1);
    assert_int_equal(run.last, AUDIT_RUN);
    assert_true(run.position > 0 && run.end > run.position);
    assert_true(access_audit_run_may_hold(f.model, &run, 2, INT64_MIN, INT64_MAX));
    assert_false(access_audit_run_may_hold(f.model, &run, 300, INT64_MIN, INT64_MAX));
    uint64_t end = run.end;
    assert_true(access_audit_run(f.model, AUDIT_RUN + 1, &run));
    assert_true(run.position >= end);
    assert_int_equal(run.first, AUDIT_RUN + 1);
    assert_int_equal(run.last, AUDIT_RUN + 22); /* up to the last that was written */
    assert_true(access_audit_run_may_hold(f.model, &run, 300, INT64_MIN, INT64_MAX));
    assert_false(access_audit_run_may_hold(f.model, &run, 2, INT64_MIN, INT64_MAX));
    uint64_t hash = state_hash(f.state);
    assert_int_equal(access_model_rebuild(f.model), OK);
    assert_true(state_hash(f.state) == hash);
    assert_true(access_audit_run(f.model, 1, &run));
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_older_half_is_due),
        cmocka_unit_test(test_another_entry_is_told),
        cmocka_unit_test(test_a_form_says_all_or_nothing),
        cmocka_unit_test(test_runs),
    };
    return cmocka_run_group_tests_name("audit_written", tests, NULL, NULL);
}
