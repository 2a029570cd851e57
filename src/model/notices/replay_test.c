/* The property everything rests on: replay = live = snapshot + tail, by state hash. Random
 * commands, alarms and passing time; a cut taken while they are applied, loaded into another state,
 * which then sees the tail. And pages that are damaged. */
#include "model/notices/fixture.h"
#include "state/test_replay.h"

struct driver {
    uint64_t random, position, entry;
    int64_t engine_ns, wall_ns;
};

static uint32_t below(struct driver *d, uint32_t limit)
{
    return test_random_below(&d->random, limit);
}

static const char *some_name(struct driver *d, char *at)
{
    sprintf(at, "%c", (char)('a' + below(d, 6)));
    return at;
}

static void say(struct fixture *f, struct driver *d, enum command_kind kind,
                const struct form_writer *form)
{
    struct bytes bytes;
    if (form_end(form, &bytes))
        (void)fixture_command_of(f, 1 + (below(d, 30) == 0), kind, bytes);
}

/* Chance is asked in one order, whatever the compiler does with arguments. */
static void step_channel(struct driver *d, struct fixture *f)
{
    char name[8];
    const char *called = some_name(d, name);
    enum channel_kind kind = below(d, 4) == 0 ? CHANNEL_BROWSER : CHANNEL_WEBHOOK;
    int64_t gather_ns = below(d, 3) == 0 ? 0 : below(d, 60) * NS_PER_S;
    struct form_writer form = channel_form(f, called, kind, gather_ns);
    if (below(d, 2))
        form_put_text(&form, CHANNEL_TAG_SECRET, bytes_of("0123456789abcdef", below(d, 16)));
    if (below(d, 3) == 0) {
        int from = (int)below(d, 1440), to = (int)below(d, 1441);
        form_put_quiet(&form, from, to, (int)below(d, 4));
    }
    say(f, d, COMMAND_CHANNEL_SET, &form);
}

static void step_roster(struct driver *d, struct fixture *f)
{
    char name[8], member[16];
    int64_t after_ns = 0;
    struct form_writer form = form_begin(f);
    form_put_text(&form, ROSTER_TAG_NAME, bytes_text(some_name(d, name)));
    for (uint32_t i = 1 + below(d, 4); i > 0; i--) {
        sprintf(member, "m%u", i);
        form_put_member(&form, member, some_name(d, name));
    }
    if (below(d, 2)) {
        int from = (int)below(d, 1440);
        form_put_shift(&form, "m1", from, 1440, 1 + (int)below(d, 127));
    }
    for (uint32_t i = 1 + below(d, 4); i > 0; i--) {
        form_put_step(&form, after_ns, below(d, 2) ? STEP_NEXT : STEP_ON_CALL, NULL);
        after_ns += below(d, 300) * NS_PER_S;
    }
    say(f, d, COMMAND_ROSTER_SET, &form);
}

static void step_route(struct driver *d, struct fixture *f)
{
    static const char *const patterns[] = {"#", "a/+", "b/#", "no//pattern"};
    char name[8], to[8];
    struct form_writer form = form_begin(f);
    form_put_text(&form, ROUTE_TAG_NAME, bytes_text(some_name(d, name)));
    form_put_text(&form, ROUTE_TAG_MATCH, bytes_text(patterns[below(d, 4)]));
    form_put_integer(&form, ROUTE_TAG_PRIORITY, 1 + below(d, 8));
    form_put_integer(&form, ROUTE_TAG_RETURNED, below(d, 2));
    uint8_t tag = below(d, 2) ? ROUTE_TAG_CHANNEL : ROUTE_TAG_ROSTER;
    form_put_text(&form, tag, bytes_text(some_name(d, to)));
    say(f, d, COMMAND_ROUTE_SET, &form);
}

static void step_named(struct driver *d, struct fixture *f)
{
    static const enum command_kind kinds[] = {COMMAND_CHANNEL_REMOVE, COMMAND_ROSTER_REMOVE,
                                              COMMAND_ROUTE_REMOVE, COMMAND_CHANNEL_TEST,
                                              COMMAND_CHANNEL_TEST};
    char name[8];
    struct form_writer form = form_begin(f);
    form_put_text(&form, CHANNEL_TAG_NAME, bytes_text(some_name(d, name)));
    say(f, d, kinds[below(d, ARRAY_COUNT(kinds))], &form);
}

static void step_done(struct driver *d, struct fixture *f)
{
    struct form_writer form = form_begin(f);
    uint64_t delivery = notices_ready_next(f->notices, 0);
    for (uint32_t i = below(d, 4); i > 0 && delivery != 0; i--)
        delivery = notices_ready_next(f->notices, delivery);
    form_put_integer(&form, DONE_TAG_DELIVERY,
                     delivery != 0 ? (int64_t)delivery : 1 + (int64_t)below(d, 1000));
    form_put_integer(&form, DONE_TAG_RESULT, below(d, 8) == 0 ? NOTICE_REFUSED : below(d, 2));
    form_put_text(&form, DONE_TAG_DETAIL, bytes_of("it did not answer", below(d, 17)));
    say(f, d, COMMAND_NOTICE_DONE, &form);
}

static void step_alarm(struct driver *d, struct fixture *f)
{
    uint64_t alarm = 1 + below(d, 40);
    uint32_t point = below(d, 20) == 0 ? POINT_NONE : 1 + below(d, points_count(f->points));
    uint8_t priority = (uint8_t)(1 + below(d, 8));
    f->entry = d->entry++;
    f->state_before = (uint8_t)below(d, ALARM_STATES);
    if (below(d, 8) == 0) {
        fixture_channels(f, alarm, priority, "a, b");
        return;
    }
    if (below(d, 3) > 0) {
        fixture_raise(f, alarm, point, priority);
        return;
    }
    uint8_t event = (uint8_t)below(d, ALARM_EVENTS + 12), state = (uint8_t)below(d, ALARM_STATES);
    fixture_entry(f, alarm, point, event, state, priority, (uint8_t)below(d, 32));
}

static void step(void *driver, void *fixture)
{
    struct driver *d = driver;
    struct fixture *f = fixture;
    f->stamp = (struct record_stamp){d->position, d->engine_ns, d->wall_ns};
    uint32_t what = below(d, 100);
    if (points_count(f->points) == 0) {
        fixture_row(f, "a", 4);
        fixture_row(f, "b", 4);
    } else if (what < 40) {
        step_alarm(d, f);
    } else if (what < 60) {
        step_done(d, f);
    } else if (what < 70) {
        step_channel(d, f);
    } else if (what < 76) {
        step_roster(d, f);
    } else if (what < 82) {
        step_route(d, f);
    } else if (what < 88) {
        step_named(d, f);
    } else {
        fixture_later(f, below(d, 100) * NS_PER_S);
    }
    d->position = f->stamp.position + 1;
    d->engine_ns = f->stamp.engine_ns;
    /* The wall clock jumps now and then. */
    d->wall_ns = f->stamp.wall_ns + (below(d, 200) == 0 ? (int64_t)below(d, 48) * HOUR_NS : 0);
}

static const struct notices_limits limits = {.tenants_max = 4,
                                             .channels_max = 12,
                                             .rosters_max = 8,
                                             .routes_max = 8,
                                             .calls_max = 24,
                                             .texts_bytes_max = 100000};
#define TIMERS_MAX 30

static void open_limited(struct fixture *f)
{
    fixture_open_limited(f, &limits, TIMERS_MAX);
}

static struct driver driver_new(uint64_t seed)
{
    return (struct driver){
        .random = seed, .position = 1, .engine_ns = NS_PER_S, .wall_ns = MONDAY_NS};
}

/* Not only the bytes: what is answered is equal too, so that the indexes are right. */
static void assert_answers_equal(struct fixture *a, struct fixture *b)
{
    uint64_t of_a[64], of_b[64];
    char name[2] = {0};
    for (uint32_t tenant = 1; tenant <= 2; tenant++) {
        size_t count = notices_deliveries(a->notices, tenant, 0, UINT32_MAX, UINT64_MAX, of_a, 64);
        assert_int_equal(
            notices_deliveries(b->notices, tenant, 0, UINT32_MAX, UINT64_MAX, of_b, 64), count);
        assert_memory_equal(of_a, of_b, count * sizeof of_a[0]);
        for (name[0] = 'a'; name[0] < 'g'; name[0]++) {
            struct bytes text = bytes_text(name);
            assert_int_equal(notices_channel_find(a->notices, tenant, text),
                             notices_channel_find(b->notices, tenant, text));
            assert_int_equal(notices_roster_find(a->notices, tenant, text),
                             notices_roster_find(b->notices, tenant, text));
            assert_int_equal(notices_route_find(a->notices, tenant, text),
                             notices_route_find(b->notices, tenant, text));
        }
    }
    uint64_t x = 0, y = 0;
    do {
        x = notices_ready_next(a->notices, x);
        y = notices_ready_next(b->notices, y);
        assert_int_equal(x, y);
    } while (x != 0);
}

static enum err rebuild(struct fixture *f)
{
    assert_int_equal(points_rebuild(f->points), OK);
    enum err err = timing_rebuild(f->timing);
    return err == OK ? notices_rebuild(f->notices) : err;
}

static void replay_open(void *fixture)
{
    open_limited(fixture);
}

static enum err replay_rebuild(void *fixture)
{
    return rebuild(fixture);
}

static const struct replay replay = {.driver_size = sizeof(struct driver),
                                     .state_at = offsetof(struct fixture, state),
                                     .open = replay_open,
                                     .step = step,
                                     .rebuild = replay_rebuild};

#define HASH_OF_SEED_1 UINT64_C(0x8b911f9da82bfe7d)
#define STEPS 1500
static uint64_t hash_of_seed(uint64_t seed)
{
    static struct fixture live, loaded, replayed;
    struct driver d = driver_new(seed);
    uint64_t hash = replay_thrice(&replay, &d, STEPS, &live, &loaded, &replayed), made[1];
    assert_answers_equal(&live, &loaded);
    assert_answers_equal(&live, &replayed);
    /* Something happened. */
    assert_int_equal(notices_deliveries(live.notices, 1, 0, UINT32_MAX, UINT64_MAX, made, 1), 1);
    assert_true(made[0] > 40);
    fixture_close(&live);
    fixture_close(&loaded);
    fixture_close(&replayed);
    return hash;
}

static void test_replay_live_and_snapshot_are_one(void **arg)
{
    (void)arg;
    for (uint64_t seed = 1; seed <= (SANITIZED ? 10 : 200); seed++) {
        uint64_t hash = hash_of_seed(seed);
        if (seed <= 3)
            print_message("seed %llu: state hash %016llx\n", (unsigned long long)seed,
                          (unsigned long long)hash);
        /* gcc and clang, -O0 and -O3 must agree: a change here is a change of the reducer, which
         * needs a new ENGINE_REDUCER_VERSION once there are users. */
        if (seed == 1)
            assert_true(hash == HASH_OF_SEED_1);
    }
}

/* Asks what the rest of the program asks, and goes on with it. */
static void look_at_all(struct fixture *f, struct driver *d)
{
    uint64_t deliveries[300];
    for (uint32_t tenant = 1; tenant <= 4; tenant++) {
        size_t count =
            notices_deliveries(f->notices, tenant, 0, UINT32_MAX, UINT64_MAX, deliveries, 300);
        for (size_t i = 0; i < count; i++) {
            struct delivery_view view;
            struct notice_item item;
            size_t offset = 0;
            assert_true(notices_delivery(f->notices, deliveries[i], &view));
            while (notices_item_next(view.items, &offset, &item))
                assert_true(item.path.size <= FORM_BYTES_MAX);
        }
        for (uint32_t at = notices_roster_next(f->notices, tenant, 0); at != 0;
             at = notices_roster_next(f->notices, tenant, at)) {
            struct roster_view view;
            static struct roster_plan plan;
            assert_true(notices_roster(f->notices, at, &view));
            assert_null(roster_plan_read(view.form, &plan));
        }
    }
    for (int i = 0; i < 300; i++)
        step(d, f);
}

#if SANITIZED_THREADS
#define DAMAGED_ROUNDS 0
#else
#define DAMAGED_ROUNDS 300
#endif

/* One bit of a page is wrong: it is refused, or what is left of it can be lived with. */
static void test_damaged_pages(void **arg)
{
    (void)arg;
    static struct fixture f, loaded;
    uint64_t random = 5;
    uint32_t refused = 0;
    for (int round = 0; round < DAMAGED_ROUNDS; round++) {
        open_limited(&f);
        open_limited(&loaded);
        struct driver d = driver_new(99 + (uint64_t)round);
        replay_steps(&replay, &d, &f, 400);
        uint32_t victim = NOTICES_TABLE_FIRST + (uint32_t)(test_random(&random) % 8);
        replay_damaged(f.state, loaded.state, victim, &random, replay_damage_bit);
        enum err err = rebuild(&loaded);
        refused += replay_refuses(err);
        if (err == OK)
            look_at_all(&loaded, &d);
        fixture_close(&f);
        fixture_close(&loaded);
    }
    print_message("%u of %d damaged snapshots refused\n", refused, DAMAGED_ROUNDS);
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
