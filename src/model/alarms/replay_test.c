/* The property everything rests on: replay = live = snapshot + tail, by state hash and by all that
 * happened. Random rules of all kinds, samples (good and bad, now and late), acts, assets, and time
 * that goes on; a cut taken while they are applied, loaded into another state, which then sees the
 * tail. What is computed is written behind, some steps later, and always agrees. And pages that are
 * damaged. */
#include "model/alarms/fixture.h"
#include "state/test_replay.h"

struct driver {
    uint64_t random;
};

static uint32_t below(struct driver *d, uint32_t limit)
{
    return test_random_below(&d->random, limit);
}

static const struct alarms_limits limits = {.rules_max = 400,
                                            .patterns_max = 20,
                                            .alarms_max = 60,
                                            .profiles_max = 12,
                                            .trails_max = 20,
                                            .texts_bytes_max = 60000,
                                            .entries_bytes_max = 20000};
#define TIMERS 120
#define TABLES 13

/* ---- rules -------------------------------------------------------------------------------------
 */
static void say_place(struct driver *d, struct form_writer *form, uint8_t kind)
{
    static const char *const paths[] = {"row-1/a", "row-2/b", "row-3/c", "row-9/a"};
    static const char *const patterns[] = {"#", "+/a", "row-1/#", "row-*/b", "+/?", "row-2/b"};
    uint32_t on = below(d, kind == RULE_EXPRESSION ? 4 : 3);
    if (kind == RULE_CHANNEL)
        on = RULE_ON_NOTHING;
    form_put_integer(form, RULE_TAG_ON, on);
    if (on == RULE_ON_POINT)
        form_put_text(form, RULE_TAG_PATH, bytes_text(paths[below(d, ARRAY_COUNT(paths))]));
    if (on == RULE_ON_PATTERN)
        form_put_text(form, RULE_TAG_PATH, bytes_text(patterns[below(d, ARRAY_COUNT(patterns))]));
    if (on == RULE_ON_TYPE) {
        form_put_integer(form, RULE_TAG_TYPE, 1 + below(d, 3));
        form_put_text(form, RULE_TAG_METRIC, bytes_text(below(d, 2) ? "a" : "b"));
    }
}

static void say_kind(struct driver *d, struct form_writer *form, uint8_t kind)
{
    static const char *const conditions[] = {". > 6", ". > 5 for 3s", "../a > ../b",
                                             "count('+/a' > 5) >= 2", "no condition ("};
    form_put_integer(form, RULE_TAG_KIND, kind);
    if (kind <= RULE_DEVIATION && (kind >= RULE_RATE || below(d, 4) != 0))
        form_put_real(form, RULE_TAG_LIMIT,
                      kind == RULE_LOW || kind == RULE_LOW_LOW ? (double)below(d, 4)
                                                               : 4 + (double)below(d, 5));
    if (kind == RULE_RATE || kind == RULE_STALE || kind == RULE_DEVIATION)
        form_put_integer(form, RULE_TAG_SPAN, (1 + below(d, 9)) * NS_PER_S);
    bool other = kind == RULE_DEVIATION && below(d, 2);
    if (other)
        form_put_text(form, RULE_TAG_REFERENCE, bytes_text(below(d, 2) ? "../a" : "row-2/b"));
    if ((kind != RULE_DEVIATION || other) && below(d, 2))
        form_put_real(form, RULE_TAG_DEADBAND, (double)below(d, 3));
    for (uint32_t i = 0; kind == RULE_STATE && i < 2; i++)
        form_put_real(form, RULE_TAG_STATE, (double)below(d, 10));
    if (kind == RULE_EXPRESSION)
        form_put_text(form, RULE_TAG_CONDITION,
                      bytes_text(conditions[below(d, ARRAY_COUNT(conditions))]));
}

static void step_rule(struct driver *d, struct fixture *f)
{
    struct said said;
    char name[16];
    struct form_writer *form = say(&said);
    uint8_t kind = (uint8_t)below(d, RULE_KINDS);
    snprintf(name, sizeof name, "r%u", below(d, 30));
    form_put_text(form, RULE_TAG_NAME,
                  bytes_text(kind == RULE_CHANNEL ? RULE_CHANNELS_NAME : name));
    say_kind(d, form, kind);
    say_place(d, form, kind);
    if (below(d, 5) == 0)
        form_put_integer(form, RULE_TAG_ENABLED, 0);
    if (below(d, 3) == 0)
        form_put_integer(form, RULE_TAG_ON_DELAY, below(d, 5) * NS_PER_S);
    if (below(d, 3) == 0)
        form_put_integer(form, RULE_TAG_OFF_DELAY, below(d, 5) * NS_PER_S);
    if (below(d, 3) == 0)
        form_put_integer(form, RULE_TAG_LATCH, 1);
    if (below(d, 4) == 0)
        form_put_integer(form, RULE_TAG_NO_ACKNOWLEDGE, 1);
    if (below(d, 4) == 0)
        form_put_integer(form, RULE_TAG_REALARM, (1 + below(d, 9)) * NS_PER_S);
    if (below(d, 2) == 0)
        form_put_integer(form, RULE_TAG_CHATTER, below(d, 5));
    form_put_integer(form, RULE_TAG_PRIORITY, 1 + below(d, ALARM_PRIORITIES));
    if (below(d, 3) == 0)
        form_put_text(form, RULE_TAG_GROUP, bytes_text(below(d, 2) ? "trip" : "other"));
    struct command command = said_command(&said, COMMAND_RULE_SET, "ann");
    command.tenant = 1 + (below(d, 10) == 0);
    (void)fixture_command(f, &command);
}

static void step_rule_remove(struct driver *d, struct fixture *f)
{
    char name[16];
    snprintf(name, sizeof name, "r%u", below(d, 30));
    (void)fixture_remove(f, below(d, 9) == 0 ? RULE_CHANNELS_NAME : name);
}

/* Channels of notices die and live again. */
static void step_channels(struct driver *d, struct fixture *f)
{
    char why[16];
    uint32_t tenant = 1 + (below(d, 10) == 0), dead = below(d, 3);
    struct channels_told told = {.dead = dead, .died = dead > 0 && below(d, 2)};
    told.why = bytes_of(why, (size_t)snprintf(why, sizeof why, "c%u", below(d, 9)));
    f->stamp.position++;
    if (below(d, 3))
        assert_int_equal(alarms_channels_begin(f->alarms, tenant, &f->stamp), OK);
    assert_int_equal(alarms_channels(f->alarms, tenant, &told, &f->stamp), OK);
}

/* ---- acts --------------------------------------------------------------------------------------
 */
static void step_act(struct driver *d, struct fixture *f)
{
    static const char *const people[] = {"ann", "bob"};
    struct said said;
    struct form_writer *form = say(&said);
    uint8_t act = (uint8_t)(1 + below(d, ALARM_ACT_ASSIGN));
    form_put_integer(form, ALARM_TAG_ACT, act);
    if (below(d, 3) == 0) {
        form_put_integer(form, ALARM_TAG_RULE, below(d, alarms_rules(f->alarms) + 2));
        form_put_integer(form, ALARM_TAG_POINT, below(d, points_count(f->points) + 2));
    } else {
        for (uint32_t i = 1 + below(d, 5); i > 0; i--) {
            struct alarm_view view;
            uint32_t rows = alarms_rows(f->alarms);
            if (rows > 0 && alarms_row(f->alarms, 1 + below(d, rows), &view))
                form_put_integer(form, ALARM_TAG_ALARM, (int64_t)view.alarm);
        }
    }
    if (act == ALARM_ACT_SHELVE || below(d, 9) == 0)
        form_put_integer(form, ALARM_TAG_SPAN, (1 + below(d, 20)) * NS_PER_S);
    if (act == ALARM_ACT_COMMENT || below(d, 4) == 0)
        form_put_text(form, ALARM_TAG_COMMENT, bytes_text("as agreed"));
    if (act == ALARM_ACT_ASSIGN && below(d, 3))
        form_put_text(form, ALARM_TAG_ASSIGNEE, bytes_text(people[below(d, 2)]));
    const char *who = below(d, 9) == 0 ? NULL : people[below(d, 2)];
    struct command command = said_command(&said, COMMAND_ALARM_ACT, who);
    command.tenant = 1 + (below(d, 20) == 0);
    (void)fixture_command(f, &command);
}

static void step_handover(struct driver *d, struct fixture *f)
{
    struct said said;
    struct form_writer *form = say(&said);
    form_put_text(form, ALARM_TAG_BRANCH, bytes_text(below(d, 2) ? "row-1" : ""));
    form_put_text(form, ALARM_TAG_NOTE, bytes_text(below(d, 5) ? "pump 3 is slow" : ""));
    struct command command = said_command(&said, COMMAND_HANDOVER_ADD, "bob");
    (void)fixture_command(f, &command);
}

/* ---- the plant ---------------------------------------------------------------------------------
 */
static void step_asset(struct driver *d, struct fixture *f)
{
    char name[16], branch[16];
    uint32_t types = assets_types(f->assets), assets = assets_count(f->assets);
    if (types < 3 || below(d, 3) == 0) {
        uint32_t type = types < 3 ? 0 : 1 + below(d, 3);
        const char *metric = below(d, 2) ? "a" : "b";
        double high = 3 + (double)below(d, 6);
        snprintf(name, sizeof name, "t%u", type == 0 ? types + 1 : type);
        (void)fixture_type(f, type, name, type == 0 ? types : 0, metric, high);
        return;
    }
    uint32_t asset = assets < 6 ? 0 : 1 + below(d, assets);
    snprintf(name, sizeof name, "a%u", asset == 0 ? assets + 1 : asset);
    snprintf(branch, sizeof branch, "row-%u", below(d, 6));
    (void)fixture_asset(f, asset, name, 1 + below(d, 3), branch);
}

static void step_point(struct driver *d, struct fixture *f)
{
    static const enum command_kind kinds[] = {COMMAND_RENAME, COMMAND_CHANGE, COMMAND_RETIRE};
    uint8_t path[PATH_MAX_BYTES];
    char name[32];
    uint32_t point = 1 + below(d, points_count(f->points)), what = below(d, 12);
    struct fact fact = {.kind = FACT_COMMAND};
    fact.command.kind = (uint8_t)kinds[what < 6 ? 0 : what < 11 ? 1 : 2];
    fact.command.tenant = TENANT_DEFAULT;
    fact.command.path = bytes_of(path, points_path(f->points, point, path));
    uint32_t row = below(d, points_rows(f->points));
    snprintf(name, sizeof name, "row-%u/%c", row, (char)('a' + below(d, 4)));
    fact.command.new_path = bytes_text(name);
    fact.command.settings.has = HAS_LIMITS;
    for (unsigned i = 0; i < LIMIT_KINDS; i++)
        fact.command.settings.limits[i] = (double)NAN;
    fact.command.settings.limits[LIMIT_HIGH] = 3 + (double)below(d, 6);
    f->stamp.position++;
    f->effects.outcome_count = 0;
    assert_int_equal(points_apply_fact(f->points, &fact, &f->stamp, &f->effects), OK);
    point = f->outcomes[0].point;
    if (f->outcomes[0].code != OUTCOME_DONE || point == POINT_NONE)
        return;
    assert_int_equal(expressions_point_changed(f->expressions, point, &f->stamp), OK);
    assert_int_equal(alarms_point_changed(f->alarms, point, &f->stamp), OK);
}

static void step_value(struct driver *d, struct fixture *f)
{
    uint32_t point = 1 + below(d, points_count(f->points));
    struct value value = {
        .type = points_type(f->points, point), .present = true, .number = below(d, 12)};
    int64_t time_ns = f->stamp.wall_ns;
    uint32_t what = below(d, 12);
    if (value.type == VALUE_BOOL)
        value.number &= 1;
    if (value.type == VALUE_STRING)
        value.text = bytes_text("on");
    if (what == 0)
        value = (struct value){.type = value.type, .quality = QUALITY_BAD_NO_VALUE};
    else if (what == 1)
        value.quality = QUALITY_BAD;
    if (below(d, 6) == 0)
        time_ns -= below(d, 30) * NS_PER_S;
    fixture_value(f, point, time_ns, &value);
}

static void step_erase(struct driver *d, struct fixture *f)
{
    uint32_t point = 1 + below(d, points_count(f->points));
    int64_t from_ns = f->stamp.wall_ns - below(d, 60) * NS_PER_S, to_ns = from_ns + 20 * NS_PER_S;
    bool erased;
    f->stamp.position++;
    assert_int_equal(points_erase_live(f->points, point, from_ns, to_ns, &erased), OK);
    assert_int_equal(alarms_point_erased(f->alarms, point, from_ns, to_ns, &f->stamp), OK);
}

/* What was computed comes back as a record, some time later. */
static void step_written(struct driver *d, struct fixture *f)
{
    uint8_t bytes[FORM_BYTES_MAX];
    for (uint32_t i = below(d, 8); i > 0 && alarms_unwritten(f->alarms) > 0; i--) {
        struct form_writer form = {.at = bytes, .capacity = sizeof bytes};
        struct fact_entry entry = {.module = MODULE_ALARMS};
        bool agrees;
        uint64_t at = alarms_unwritten(f->alarms);
        entry.tenant = alarms_unwritten_form(f->alarms, at - 1, &form);
        form = (struct form_writer){.at = bytes, .capacity = sizeof bytes};
        entry.tenant = alarms_unwritten_form(f->alarms, 0, &form);
        assert_true(form_end(&form, &entry.form));
        f->stamp.position++;
        assert_int_equal(alarms_apply_entry(f->alarms, &entry, &f->stamp, &agrees), OK);
        assert_true(agrees);
    }
}

static void step(void *driver, void *fixture)
{
    struct driver *d = driver;
    struct fixture *f = fixture;
    uint32_t what = below(d, 1000);
    if (points_count(f->points) < 3 || (what < 10 && points_count(f->points) < 60)) {
        char name[32];
        snprintf(name, sizeof name, "row-%u", points_rows(f->points));
        uint32_t tenant = 1 + (below(d, 10) == 0);
        (void)fixture_row(f, tenant, name, "a b c", (uint8_t)(VALUE_FLOAT64 + below(d, 2)));
    } else if (what < 60) {
        step_rule(d, f);
    } else if (what < 70) {
        step_rule_remove(d, f);
    } else if (what < 80) {
        step_asset(d, f);
    } else if (what < 97) {
        step_point(d, f);
    } else if (what < 100) {
        step_erase(d, f);
    } else if (what < 200) {
        step_act(d, f);
    } else if (what < 205) {
        step_handover(d, f);
    } else if (what < 225) {
        step_channels(d, f);
    } else if (what < 350) {
        fixture_pass(f, below(d, 3000) * NS_PER_MS);
    } else if (what < 450) {
        step_written(d, f);
    } else {
        step_value(d, f);
    }
}

/* ---- equal -------------------------------------------------------------------------------------
 */
static void assert_answers_equal(struct fixture *a, struct fixture *b)
{
    assert_int_equal(alarms_entries(a->alarms), alarms_entries(b->alarms));
    assert_int_equal(alarms_unwritten(a->alarms), alarms_unwritten(b->alarms));
    assert_int_equal(alarms_rows(a->alarms), alarms_rows(b->alarms));
    for (uint32_t row = 1; row <= alarms_rows(a->alarms); row++) {
        struct alarm_view left, right;
        bool there = alarms_row(a->alarms, row, &left);
        assert_true(alarms_row(b->alarms, row, &right) == there);
        if (!there)
            continue;
        assert_int_equal(left.alarm, right.alarm);
        assert_true(alarms_find(b->alarms, left.alarm, &right) && right.state == left.state);
        assert_true(bytes_equal(left.why, right.why));
    }
    for (uint32_t point = 1; point <= points_count(a->points); point++) {
        struct rule_standing left[32], right[32];
        size_t count = alarms_rules_of(a->alarms, point, true, left, 32);
        assert_int_equal(alarms_rules_of(b->alarms, point, true, right, 32), count);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(left[i].rule, right[i].rule);
    }
}

static void replay_open(void *fixture)
{
    fixture_open_limited(fixture, &limits, TIMERS);
}

static enum err replay_rebuild(void *fixture)
{
    return fixture_rebuild(fixture);
}

static void replay_carry(const void *from, void *to)
{
    ((struct fixture *)to)->stamp = ((const struct fixture *)from)->stamp;
}

static const struct replay replay = {.driver_size = sizeof(struct driver),
                                     .state_at = offsetof(struct fixture, state),
                                     .open = replay_open,
                                     .step = step,
                                     .rebuild = replay_rebuild,
                                     .carry = replay_carry};

#define STEPS 2500
struct seen { /* what the seeds met, all together */
    uint64_t events[ALARM_EVENT_LAST + 1], flags[5], channels[ALARM_EVENTS];
};

static void look(const struct fixture *f, struct seen *seen)
{
    for (uint64_t i = alarms_entries_first(f->alarms); i <= alarms_entries(f->alarms); i++) {
        struct alarm_entry entry;
        alarms_entry(f->alarms, i, &entry);
        seen->events[entry.event]++;
        if (entry.kind == RULE_CHANNEL && entry.event < ALARM_EVENTS)
            seen->channels[entry.event]++;
        for (unsigned bit = 0; bit < 5; bit++)
            seen->flags[bit] += entry.flags >> bit & 1;
    }
}

static uint64_t hash_of_seed(uint64_t seed, struct seen *seen)
{
    struct fixture live, loaded, replayed;
    struct driver d = {seed};
    uint64_t hash = replay_thrice(&replay, &d, STEPS, &live, &loaded, &replayed);
    assert_answers_equal(&live, &loaded);
    assert_answers_equal(&live, &replayed);
    assert_int_equal(fixture_rebuild(&live), OK);
    assert_true(state_hash(live.state) == hash);
    look(&live, seen);
    fixture_close(&live);
    fixture_close(&loaded);
    fixture_close(&replayed);
    return hash;
}

#if SANITIZED
#define SEEDS 6
#else
#define SEEDS 20
#endif

static void test_replay_live_and_snapshot_are_one(void **arg)
{
    (void)arg;
    struct seen seen = {0};
    const char *wanted = getenv("MAINSTEM_SEEDS"); /* more of them, by hand */
    uint64_t seeds = wanted != NULL ? strtoull(wanted, NULL, 10) : SEEDS;
    for (uint64_t seed = 1; seed <= seeds; seed++) {
        uint64_t hash = hash_of_seed(seed, &seen);
        print_message("seed %llu: state hash %016llx\n", (unsigned long long)seed,
                      (unsigned long long)hash);
    }
    for (unsigned i = 0; i < ARRAY_COUNT(seen.flags); i++)
        assert_true(seen.flags[i] > 0);
    for (unsigned i = 0; i < ALARM_EVENTS; i++)
        assert_true(seen.events[i] > 0);
    assert_true(seen.events[ALARM_EVENTS + ALARM_ACT_UNACKNOWLEDGE] > 0);
    assert_true(seen.channels[ALARM_HOLDS] > 0 && seen.channels[ALARM_ENDS] > 0 &&
                seen.channels[ALARM_REALARM] > 0);
    assert_true(seen.events[ALARM_EVENT_CHATTERS] > 0 && seen.events[ALARM_EVENT_CALM] > 0);
}

/* ---- damage ------------------------------------------------------------------------------------
 */
/* Asks what the rest of the program asks, and goes on with what is there. */
static void look_at_all(struct fixture *f, struct driver *d)
{
    struct seen seen = {0};
    struct alarm_view view;
    look(f, &seen);
    for (uint32_t rule = 1; rule <= alarms_rules(f->alarms); rule++) {
        struct rule_view of;
        (void)alarms_rule_name(f->alarms, rule);
        if (alarms_rule(f->alarms, rule, &of))
            assert_int_equal(alarms_rule_find(f->alarms, of.tenant, of.plan.name), rule);
    }
    for (uint32_t row = 1; row <= alarms_rows(f->alarms); row++)
        if (alarms_row(f->alarms, row, &view))
            assert_true(alarms_find(f->alarms, view.alarm, &view));
    for (uint32_t row = alarms_newest(f->alarms, 1); row != 0; row = alarms_next(f->alarms, row))
        assert_true(alarms_row(f->alarms, row, &view));
    for (int i = 0; i < 300; i++)
        step(d, f);
}

#if SANITIZED_THREADS
#define DAMAGED_ROUNDS 0
#else
#define DAMAGED_ROUNDS 300
#endif

static void test_damaged_pages(void **arg)
{
    (void)arg;
    uint64_t random = 5;
    uint32_t refused = 0;
    for (int round = 0; round < DAMAGED_ROUNDS; round++) {
        struct fixture f, loaded;
        fixture_open_limited(&f, &limits, TIMERS);
        fixture_open_limited(&loaded, &limits, TIMERS);
        struct driver d = {99};
        replay_steps(&replay, &d, &f, 500);
        uint32_t victim = ALARMS_TABLE_FIRST + (uint32_t)(test_random(&random) % TABLES);
        replay_damaged(f.state, loaded.state, victim, &random, replay_damage_bit);
        enum err err = fixture_rebuild(&loaded);
        refused += replay_refuses(err);
        loaded.stamp = f.stamp;
        if (err == OK)
            look_at_all(&loaded, &d);
        fixture_close(&f);
        fixture_close(&loaded);
    }
    print_message("%u of %u refused\n", refused, DAMAGED_ROUNDS);
    assert_true(refused >= DAMAGED_ROUNDS / 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay_live_and_snapshot_are_one),
        cmocka_unit_test(test_damaged_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
