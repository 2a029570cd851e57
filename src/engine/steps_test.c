/* How long a step of the engine takes (law 8 of the design: no longer than 1 ms), measured in the
 * time that its thread computes, and printed: what else the machine does is not in it. And that a
 * batch which is applied in pieces is one batch all the same. */
#include "engine/room.h"
#include "engine/test_clock.h"
#include "engine/test_house.h"

#include "model/alarms/alarms.h"

#include <stdint.h>
#include <time.h>

#define METRICS 50

static int64_t computed_ns(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (int64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

/* ---- steps that are measured -------------------------------------------------------------------
 */
struct measured {
    int64_t longest_ns, sum_ns;
    uint32_t steps, long_steps; /* above 1 ms */
};

static int64_t step(struct house *house, struct measured *measured)
{
    int64_t began = computed_ns();
    int64_t wait_ns = engine_step(house->engine);
    int64_t took = computed_ns() - began;
    measured->longest_ns = took > measured->longest_ns ? took : measured->longest_ns;
    measured->sum_ns += took;
    measured->steps++;
    measured->long_steps += took > NS_PER_MS;
    return wait_ns;
}

static void print(const char *what, const struct measured *measured)
{
    fprintf(stderr, "%-44s longest step %6.2f ms; %u steps, %u above 1 ms, %.0f ms in all\n", what,
            (double)measured->longest_ns / 1e6, measured->steps, measured->long_steps,
            (double)measured->sum_ns / 1e6);
}

static bool is_at_rest(struct house *house)
{
    struct journal *journal = engine_journal(house->engine);
    return journal_batch_empty(journal) && !journal_in_flight(journal) &&
           alarms_unwritten(engine_alarms(house->engine)) == 0 &&
           alarms_walk_left(engine_alarms(house->engine)) == 0 &&
           !engine_snapshot_active(house->engine);
}

static void rest(struct house *house, struct measured *measured)
{
    for (int64_t until = computed_ns() + 60 * NS_PER_S; computed_ns() < until;) {
        (void)step(house, measured);
        if (is_at_rest(house))
            return;
    }
    fail_msg("the engine does not come to rest");
}

/* All metrics of a row go to the value. */
static void tell(struct house *house, uint32_t row, unsigned value, struct measured *measured)
{
    char topic[48], payload[METRICS * 16];
    struct admitted admitted;
    size_t size = 0;
    snprintf(topic, sizeof topic, "plant/line%u/device%u", row % 20, row);
    for (unsigned i = 0; i < METRICS; i++)
        size += (size_t)snprintf(payload + size, sizeof payload - size, "%c\"m%u\":%u",
                                 i == 0 ? '{' : ',', i, value);
    payload[size++] = '}';
    for (;;) {
        enum admit answer = engine_publish(house->engine, &house->publisher, bytes_text(topic),
                                           bytes_of(payload, size), &admitted);
        if (answer == ADMIT_DONE)
            return;
        assert_int_equal(answer, ADMIT_WAIT);
        (void)step(house, measured);
    }
}

/* As a server: what came with one turn of the loop, and a step. */
#define ROWS_A_TURN 200
static struct measured tell_all(struct house *house, uint32_t rows, unsigned value)
{
    struct measured measured = {0};
    for (uint32_t row = 0; row < rows; row++) {
        tell(house, row, value, &measured);
        if (row % ROWS_A_TURN == ROWS_A_TURN - 1)
            (void)step(house, &measured);
    }
    rest(house, &measured);
    return measured;
}

static struct measured rule_high(struct house *house)
{
    uint8_t bytes[FORM_BYTES_MAX];
    struct measured measured = {0};
    struct admitted admitted;
    struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
    form_put_text(&form, RULE_TAG_NAME, bytes_text("hot"));
    form_put_integer(&form, RULE_TAG_KIND, RULE_HIGH);
    form_put_integer(&form, RULE_TAG_ON, RULE_ON_PATTERN);
    form_put_text(&form, RULE_TAG_PATH, bytes_text("plant/#"));
    form_put_real(&form, RULE_TAG_LIMIT, 80);
    struct command command = {.kind = COMMAND_RULE_SET, .tenant = TENANT_DEFAULT};
    assert_true(form_end(&form, &command.module.form));
    assert_int_equal(engine_command(house->engine, &command, 1, &admitted), ADMIT_DONE);
    rest(house, &measured);
    assert_int_equal(house->outcome_count, 1);
    assert_int_equal(house->outcomes[0].code, OUTCOME_DONE);
    return measured;
}

static uint32_t alarms_active(struct house *house)
{
    struct alarm_counts counts;
    alarms_counts(engine_alarms(house->engine), TENANT_DEFAULT, &counts);
    return (uint32_t)counts.active;
}

/* ---- a house with threads, as the server has them ----------------------------------------------
 */
static void open_anew(struct house *house, struct clock *clock, bool threads)
{
    assert_int_equal(disk_real_open(house->folder, true, &house->disk), OK);
    if (threads) {
        assert_int_equal(worker_thread_create("journal", &house->writer), OK);
        assert_int_equal(worker_thread_create("background", &house->background), OK);
    } else {
        assert_int_equal(worker_inline_create(&house->writer), OK);
        assert_int_equal(worker_inline_create(&house->background), OK);
    }
    house->config.disk = house->disk;
    house->config.clock = clock;
    house->config.writer = house->writer;
    house->config.background = house->background;
    assert_int_equal(engine_open(&house->config, &house->engine, &house->start), OK);
    publisher_init(&house->publisher, TENANT_DEFAULT, UINT32_MAX);
}

static void open_with(struct house *house, struct clock *clock, bool threads)
{
    house_close(house, false);
    open_anew(house, clock, threads);
}

static void the_longest_steps_are_printed(void **state)
{
    const char *rows_text = getenv("MAINSTEM_ROWS");
    uint32_t rows = rows_text != NULL ? (uint32_t)strtoul(rows_text, NULL, 10)
                    : SANITIZED       ? 40
                                      : 2000;
    struct house *house = house_new(NULL);
    struct measured measured;
    (void)state;
    open_with(house, clock_real(), true);
    measured = tell_all(house, rows, 20);
    print("points come to be", &measured);
    measured = rule_high(house);
    print("a rule is put on all of them", &measured);
    measured = tell_all(house, rows, 95);
    print("all of them raise alarms", &measured);
    assert_int_equal(alarms_active(house), rows * METRICS);
    measured = tell_all(house, rows, 96);
    print("values that change nothing", &measured);
    assert_true(engine_snapshot_now(house->engine));
    measured = tell_all(house, rows, 20);
    print("all of them return, in a snapshot", &measured);
    assert_int_equal(alarms_active(house), 0);
    measured = tell_all(house, rows, 95);
    print("and are raised again", &measured);
    struct engine_counters counters;
    engine_describe(house->engine, &counters);
    assert_int_equal(counters.entries_disagreed, 0);
    uint64_t live = engine_state_hash(house->engine);
    open_with(house, clock_real(), true);
    assert_true(engine_state_hash(house->engine) == live);
    house_destroy(house);
}

/* ---- pieces ------------------------------------------------------------------------------------
 */
/* The clock says after each look that the time is over: each step takes one look's work. */
static void a_batch_is_applied_in_pieces(void **state)
{
    struct house *house = house_new(NULL);
    (void)state;
    now_ns = NS_PER_S;
    look_ns = 0;
    open_with(house, &test_clock, false);
    (void)tell_all(house, 20, 20);
    (void)rule_high(house);
    look_ns = NS_PER_MS;
    struct measured measured = {0};
    for (uint32_t row = 0; row < 20; row++)
        tell(house, row, 95, &measured);
    uint64_t ticket = engine_ticket(house->engine);
    uint32_t pieces = 0, active = alarms_active(house);
    while (engine_durable_ticket(house->engine) < ticket) {
        assert_true(pieces < 1000);
        int64_t wait_ns = step(house, &measured);
        uint32_t now = alarms_active(house);
        assert_true(now >= active);
        if (now > active && engine_durable_ticket(house->engine) < ticket) {
            assert_true(wait_ns == 0); /* it wants to go on at once */
            assert_true(journal_in_flight(engine_journal(house->engine)));
            pieces++;
        }
        active = now;
    }
    assert_int_equal(active, 20 * METRICS);
    assert_in_range(pieces, 10, 20); /* a record of a row each */
    rest(house, &measured);
    uint64_t live = engine_state_hash(house->engine);
    open_with(house, &test_clock, false); /* a replay is one piece */
    assert_true(engine_state_hash(house->engine) == live);
    house_destroy(house);
}

/* ---- a disk that writes no snapshots -----------------------------------------------------------
 */
static struct sleeper { /* a worker that sleeps until it is waited for */
    struct worker port;
    struct job *jobs[16];
    size_t count, ran;
    bool asleep;
} sleeper;

static void sleeper_wait(struct worker *port)
{
    (void)port;
    for (; sleeper.ran < sleeper.count; sleeper.ran++)
        sleeper.jobs[sleeper.ran]->run(sleeper.jobs[sleeper.ran]);
}

static void sleeper_submit(struct worker *port, struct job *job)
{
    assert_true(sleeper.count < ARRAY_COUNT(sleeper.jobs));
    sleeper.jobs[sleeper.count++] = job;
    if (!sleeper.asleep)
        sleeper_wait(port);
}

static size_t sleeper_poll(struct worker *port)
{
    struct job *jobs[ARRAY_COUNT(sleeper.jobs)];
    size_t ran = sleeper.ran;
    (void)port;
    memcpy(jobs, sleeper.jobs, ran * sizeof *jobs);
    memmove(sleeper.jobs, sleeper.jobs + ran, (sleeper.count - ran) * sizeof *jobs);
    sleeper.count -= ran;
    sleeper.ran = 0;
    for (size_t i = 0; i < ran; i++)
        jobs[i]->done(jobs[i]);
    return ran;
}

/* A batch of which a part was applied waits for a cut, and the cut for the disk: whoever closes
 * then waits for neither, and nothing is left out. */
static void a_close_waits_for_no_cut(void **state)
{
    struct house *house = house_new(NULL);
    struct measured measured = {0};
    (void)state;
    now_ns = NS_PER_S;
    look_ns = 0;
    sleeper = (struct sleeper){
        .port = {.submit = sleeper_submit, .poll = sleeper_poll, .wait = sleeper_wait}};
    house_close(house, false);
    house->config.snapshotter = &sleeper.port;
    open_anew(house, &test_clock, false);
    (void)tell_all(house, 1000, 20);
    assert_true(engine_snapshot_now(house->engine));
    sleeper.asleep = true;
    (void)step(house, &measured);
    now_ns += NS_PER_S;
    (void)step(house, &measured);
    assert_int_equal(house->engine->snapshot.phase, SNAPSHOT_PAGES);
    assert_true(house->engine->snapshot.writes[0].busy);
    state_cut_abort(house->engine->state); /* the same with fewer copies that may wait */
    assert_int_equal(state_cut_begin(house->engine->state, 1), OK);
    look_ns = NS_PER_MS;
    for (uint32_t row = 0; row < 20; row++)
        tell(house, row, 21, &measured);
    for (int i = 0; i < 10; i++)
        (void)step(house, &measured);
    assert_true(state_cut_pressure(house->engine->state));
    assert_int_equal(house->engine->applying.phase, APPLY_RUNS);
    (void)alarm(20);
    house_close(house, true);
    (void)alarm(0);
    sleeper.asleep = false;
    open_anew(house, &test_clock, false);
    assert_true(house->start.snapshot_position > 0);
    assert_int_equal(house->start.replayed_records, 0);
    house_destroy(house);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_is_applied_in_pieces),
        cmocka_unit_test(a_close_waits_for_no_cut),
        cmocka_unit_test(the_longest_steps_are_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
