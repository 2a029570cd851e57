/* The domain modules in the engine: a plant with rules, values, people and time, by random seeds.
 * What was live, what a restart computes from the journal alone, and what it computes from a
 * snapshot and the tail behind it must be the same state; and no entry is told twice or another. */
#include "engine/test_clock.h"
#include "base/test_random.h"
#include "engine/test_house.h"

#include "model/alarms/alarms.h"

#include <stdint.h>

static uint32_t pick(uint64_t *seed, uint32_t below)
{
    return (uint32_t)(test_random(seed) % below);
}

/* Nothing here is damaged: what a house finds wrong with its own snapshot is a fault of ours. */
static void tell_nothing_wrong(void *arg, enum log_level level, const char *text)
{
    house_tell(arg, level, text);
    if (strstr(text, "damaged") != NULL)
        fail_msg("%s", text);
}

/* ---- the house with this clock -----------------------------------------------------------------
 */
static void begin(struct house *house)
{
    engine_close(house->engine, false);
    house->config.clock = &test_clock;
    house->config.tell = tell_nothing_wrong;
    assert_int_equal(engine_open(&house->config, &house->engine, &house->start), OK);
}

static int setup(void **state)
{
    now_ns = NS_PER_S;
    look_ns = 0;
    struct house *house = house_new(NULL);
    begin(house);
    *state = house;
    return 0;
}

static int teardown(void **state)
{
    house_destroy(*state);
    return 0;
}

static void again(struct house *house, bool snapshot)
{
    engine_close(house->engine, snapshot);
    assert_int_equal(engine_open(&house->config, &house->engine, &house->start), OK);
    publisher_init(&house->publisher, TENANT_DEFAULT, 1000000);
}

static void forget_snapshots(struct house *house)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s/snapshots", house->folder);
    assert_int_equal(system(command), 0);
}

/* Until nothing is under way, nothing is unwritten and no walk goes on. */
static void rest(struct house *house)
{
    for (int i = 0; i < 10000; i++) {
        (void)engine_step(house->engine);
        if (journal_batch_empty(engine_journal(house->engine)) &&
            !journal_in_flight(engine_journal(house->engine)) &&
            alarms_unwritten(engine_alarms(house->engine)) == 0 &&
            alarms_walk_left(engine_alarms(house->engine)) == 0)
            return;
    }
    fail_msg("the engine does not come to rest");
}

static void tell(struct house *house, const char *topic, const char *payload)
{
    struct admitted admitted;
    for (int i = 0; i < 100; i++) {
        enum admit answer = engine_publish(house->engine, &house->publisher, bytes_text(topic),
                                           bytes_text(payload), &admitted);
        if (answer == ADMIT_DONE)
            return;
        assert_int_equal(answer, ADMIT_WAIT);
        (void)engine_step(house->engine);
    }
    fail_msg("it is never taken");
}

static struct outcome order(struct house *house, enum command_kind kind, uint32_t number,
                            const struct form_writer *form)
{
    struct admitted admitted;
    struct command command = {.kind = (uint8_t)kind,
                              .tenant = TENANT_DEFAULT,
                              .actor = {.door = ACTOR_HTTP,
                                        .account = 7,
                                        .tenant = TENANT_DEFAULT,
                                        .name = bytes_text("ann"),
                                        .address = bytes_text("127.0.0.1:1")},
                              .module = {.number = number}};
    assert_true(form_end(form, &command.module.form));
    house->outcome_count = 0;
    for (int i = 0; i < 100; i++) {
        enum admit answer = engine_command(house->engine, &command, 1, &admitted);
        if (answer == ADMIT_DONE)
            break;
        assert_int_equal(answer, ADMIT_WAIT);
        (void)engine_step(house->engine);
    }
    for (int i = 0; i < 100 && house->outcome_count == 0; i++)
        (void)engine_step(house->engine);
    assert_int_equal(house->outcome_count, 1);
    return house->outcomes[0];
}

/* ---- what people do ----------------------------------------------------------------------------
 */
static uint8_t form_bytes[FORM_BYTES_MAX];

static struct form_writer form_new(void)
{
    return (struct form_writer){.at = form_bytes, .capacity = sizeof form_bytes};
}

static void form_put_delays(struct form_writer *form, uint64_t *seed)
{
    if (pick(seed, 2))
        form_put_integer(form, RULE_TAG_ON_DELAY, (int64_t)pick(seed, 5) * NS_PER_S);
    if (pick(seed, 2))
        form_put_integer(form, RULE_TAG_OFF_DELAY, (int64_t)pick(seed, 5) * NS_PER_S);
    if (pick(seed, 4) == 0)
        form_put_integer(form, RULE_TAG_LATCH, 1);
    if (pick(seed, 4) == 0)
        form_put_integer(form, RULE_TAG_REALARM, 20 * NS_PER_S);
    form_put_integer(form, RULE_TAG_PRIORITY, 1 + pick(seed, ALARM_PRIORITIES));
}

static void rule_random(struct house *house, uint64_t *seed)
{
    static const char *const conditions[] = {
        "plant/d1/t > 60 and plant/d2/t > 60",
        ". > 50 for 3s",
        "count(plant/+/t > 70) >= 2",
        "stale(., 30s)",
    };
    static const char *const patterns[] = {"plant/#", "plant/+/t", "plant/d1/t", "plant/d?/u"};
    struct form_writer form = form_new();
    char name[16];
    uint32_t kind = pick(seed, RULE_POINT_KINDS);
    snprintf(name, sizeof name, "rule-%u", pick(seed, 12));
    form_put_text(&form, RULE_TAG_NAME, bytes_text(name));
    if (pick(seed, 6) == 0) {
        (void)order(house, COMMAND_RULE_REMOVE, 0, &form);
        return;
    }
    form_put_integer(&form, RULE_TAG_KIND, kind);
    const char *on = patterns[pick(seed, ARRAY_COUNT(patterns))];
    bool pattern = strpbrk(on, "#+?") != NULL;
    form_put_integer(&form, RULE_TAG_ON, pattern ? RULE_ON_PATTERN : RULE_ON_POINT);
    form_put_text(&form, RULE_TAG_PATH, bytes_text(on));
    switch (kind) {
    case RULE_STATE:
        form_put_real(&form, RULE_TAG_STATE, 5);
        form_put_real(&form, RULE_TAG_STATE, 50);
        break;
    case RULE_STALE:
        form_put_integer(&form, RULE_TAG_SPAN, (1 + pick(seed, 40)) * NS_PER_S);
        break;
    case RULE_RATE:
        form_put_real(&form, RULE_TAG_LIMIT, 10 + pick(seed, 50));
        form_put_integer(&form, RULE_TAG_SPAN, NS_PER_S);
        break;
    case RULE_DEVIATION:
        form_put_real(&form, RULE_TAG_LIMIT, 10 + pick(seed, 50));
        form_put_text(&form, RULE_TAG_REFERENCE, bytes_text("plant/d3/t"));
        break;
    case RULE_EXPRESSION:
        form_put_text(&form, RULE_TAG_CONDITION,
                      bytes_text(conditions[pick(seed, ARRAY_COUNT(conditions))]));
        break;
    default:
        form_put_real(&form, RULE_TAG_LIMIT, pick(seed, 100));
        form_put_real(&form, RULE_TAG_DEADBAND, pick(seed, 5));
        break;
    }
    form_put_delays(&form, seed);
    (void)order(house, COMMAND_RULE_SET, 0, &form);
}

static void act_random(struct house *house, uint64_t *seed)
{
    struct alarms *alarms = engine_alarms(house->engine);
    struct form_writer form = form_new();
    unsigned found = 0;
    form_put_integer(&form, ALARM_TAG_ACT, 1 + pick(seed, ALARM_ACT_ASSIGN));
    for (uint32_t row = 1; row <= alarms_rows(alarms) && found < 5; row++) {
        struct alarm_view view;
        if (!alarms_row(alarms, row, &view) || pick(seed, 3) == 0)
            continue;
        form_put_integer(&form, ALARM_TAG_ALARM, (int64_t)view.alarm);
        found++;
    }
    if (found == 0)
        return;
    form_put_integer(&form, ALARM_TAG_SPAN, (1 + pick(seed, 30)) * NS_PER_S);
    form_put_text(&form, ALARM_TAG_COMMENT, bytes_text("seen"));
    (void)order(house, COMMAND_ALARM_ACT, 0, &form);
}

static void value_random(struct house *house, uint64_t *seed)
{
    char topic[32], payload[96];
    snprintf(topic, sizeof topic, "plant/d%u", pick(seed, 5));
    int64_t late = pick(seed, 10) == 0 ? -(int64_t)pick(seed, 20) : 0;
    snprintf(payload, sizeof payload, "{\"t\":%u,\"u\":%u,\"ts\":%lld}", pick(seed, 100),
             pick(seed, 100), (long long)(1700000000 + now_ns / NS_PER_S + late));
    tell(house, topic, payload);
}

/* ---- channels of notices, which die and live again ---- */
static struct outcome channel_order(struct house *house, enum command_kind kind, const char *name)
{
    struct form_writer form = form_new();
    form_put_text(&form, CHANNEL_TAG_NAME, bytes_text(name));
    if (kind == COMMAND_CHANNEL_SET) {
        form_put_integer(&form, CHANNEL_TAG_KIND, CHANNEL_MQTT);
        form_put_text(&form, CHANNEL_TAG_TARGET, bytes_text("alarms"));
        form_put_integer(&form, CHANNEL_TAG_GATHER, 0);
    }
    return order(house, kind, 0, &form);
}

static struct outcome delivery_done(struct house *house, uint64_t delivery,
                                    enum notice_result result)
{
    struct form_writer form = form_new();
    form_put_integer(&form, DONE_TAG_DELIVERY, (int64_t)delivery);
    form_put_integer(&form, DONE_TAG_RESULT, result);
    return order(house, COMMAND_NOTICE_DONE, 0, &form);
}

/* By a test that its receiver refuses for good, or takes. */
static void channel_try(struct house *house, const char *name, enum notice_result result)
{
    struct outcome made = channel_order(house, COMMAND_CHANNEL_TEST, name);
    assert_int_equal(made.code, OUTCOME_DONE);
    assert_int_equal(delivery_done(house, made.number, result).code, OUTCOME_DONE);
}

static void channels_rule(struct house *house, bool enabled, int64_t on_delay_ns)
{
    struct form_writer form = form_new();
    form_put_text(&form, RULE_TAG_NAME, bytes_text(RULE_CHANNELS_NAME));
    form_put_integer(&form, RULE_TAG_KIND, RULE_CHANNEL);
    form_put_integer(&form, RULE_TAG_ON, RULE_ON_NOTHING);
    form_put_integer(&form, RULE_TAG_ENABLED, enabled);
    form_put_integer(&form, RULE_TAG_ON_DELAY, on_delay_ns);
    assert_int_equal(order(house, COMMAND_RULE_SET, 0, &form).code, OUTCOME_DONE);
}

static void channel_random(struct house *house, uint64_t *seed)
{
    static const char *const names[] = {"ann", "bob", "cid"};
    const char *name = names[pick(seed, ARRAY_COUNT(names))];
    uint64_t ready = notices_ready_next(engine_notices(house->engine), 0);
    uint32_t what = pick(seed, 8);
    if (what < 2)
        (void)channel_order(house, COMMAND_CHANNEL_SET, name);
    else if (what < 4)
        (void)channel_order(house, COMMAND_CHANNEL_TEST, name);
    else if (what == 4 && pick(seed, 3) == 0)
        (void)channel_order(house, COMMAND_CHANNEL_REMOVE, name);
    else if (what == 5)
        channels_rule(house, pick(seed, 4) > 0, (int64_t)pick(seed, 3) * NS_PER_S);
    else if (ready != 0)
        (void)delivery_done(house, ready, (enum notice_result)pick(seed, NOTICE_RESULTS));
}

static void act(struct house *house, uint64_t *seed)
{
    switch (pick(seed, 18)) {
    case 0:
        rule_random(house, seed);
        break;
    case 1:
        act_random(house, seed);
        break;
    case 2:
        now_ns += (int64_t)pick(seed, 40) * NS_PER_S;
        break;
    case 3:
        (void)engine_step(house->engine);
        break;
    case 4:
    case 5:
        channel_random(house, seed);
        break;
    default:
        value_random(house, seed);
        now_ns += (int64_t)pick(seed, 2000) * NS_PER_MS;
    }
}

/* ---- tests -------------------------------------------------------------------------------------
 */
static uint64_t disagreed(struct house *house)
{
    struct engine_counters counters;
    engine_describe(house->engine, &counters);
    return counters.entries_disagreed;
}

static void run(uint64_t seed)
{
    void *state;
    setup(&state);
    struct house *house = state;
    uint64_t random = seed;
    for (int life = 0; life < 3; life++) {
        look_ns = life == 0 ? 0 : pick(&random, 500) * NS_PER_US; /* how batches are cut */
        for (int i = 0; i < 120; i++)
            act(house, &random);
        look_ns = 0; /* or closing it takes time, and what is due then changes the state */
        rest(house);
        uint64_t live = engine_state_hash(house->engine);
        uint64_t entries = alarms_entries(engine_alarms(house->engine));
        bool snapshot = pick(&random, 2);
        again(house, snapshot);
        if (engine_state_hash(house->engine) != live ||
            alarms_entries(engine_alarms(house->engine)) != entries || disagreed(house) != 0)
            fail_msg("seed %llu, life %d: a restart%s computes another state",
                     (unsigned long long)seed, life, snapshot ? " from a snapshot" : "");
        assert_int_equal(alarms_unwritten(engine_alarms(house->engine)), 0);
    }
    uint64_t live = engine_state_hash(house->engine);
    forget_snapshots(house);
    again(house, false);
    if (engine_state_hash(house->engine) != live || disagreed(house) != 0)
        fail_msg("seed %llu: the journal alone computes another state", (unsigned long long)seed);
    teardown(&state);
}

static void replay_computes_the_same(void **state)
{
    const char *from = getenv("MAINSTEM_SEED"), *count = getenv("MAINSTEM_SEEDS");
    uint64_t seed = from != NULL ? strtoull(from, NULL, 10) : 1;
    uint64_t seeds = count != NULL ? strtoull(count, NULL, 10) : SANITIZED ? 3 : 15;
    (void)state;
    for (uint64_t i = 0; i < seeds; i++) {
        if (from != NULL)
            fprintf(stderr, "seed %llu\n", (unsigned long long)(seed + i));
        run(seed + i);
    }
}

static void rule_high(struct house *house, const char *name, int64_t on_delay_ns)
{
    struct form_writer form = form_new();
    form_put_text(&form, RULE_TAG_NAME, bytes_text(name));
    form_put_integer(&form, RULE_TAG_KIND, RULE_HIGH);
    form_put_integer(&form, RULE_TAG_ON, RULE_ON_PATTERN);
    form_put_text(&form, RULE_TAG_PATH, bytes_text("plant/#"));
    form_put_real(&form, RULE_TAG_LIMIT, 80);
    form_put_integer(&form, RULE_TAG_ON_DELAY, on_delay_ns);
    assert_int_equal(order(house, COMMAND_RULE_SET, 0, &form).code, OUTCOME_DONE);
    rest(house);
}

/* A delay that begins before a crash ends behind it, though no value comes. */
static void a_delay_goes_on_through_a_restart(void **state)
{
    struct house *house = *state;
    struct alarm_counts counts;
    rule_high(house, "hot", 60 * NS_PER_S);
    tell(house, "plant/d1", "{\"t\":90}");
    rest(house);
    alarms_counts(engine_alarms(house->engine), TENANT_DEFAULT, &counts);
    assert_int_equal(counts.active, 0);
    now_ns += 30 * NS_PER_S;
    again(house, false);
    rest(house);
    alarms_counts(engine_alarms(house->engine), TENANT_DEFAULT, &counts);
    assert_int_equal(counts.active, 0);
    now_ns += 31 * NS_PER_S;
    rest(house);
    alarms_counts(engine_alarms(house->engine), TENANT_DEFAULT, &counts);
    assert_int_equal(counts.active, 1);
    assert_int_equal(counts.unacknowledged, 1);
}

/* While nobody was here the time went on. */
static void time_counts_in_which_nobody_was_here(void **state)
{
    struct house *house = *state;
    struct alarm_counts counts;
    rule_high(house, "hot", 60 * NS_PER_S);
    tell(house, "plant/d1", "{\"t\":90}");
    rest(house);
    engine_close(house->engine, true);
    now_ns += 3600 * NS_PER_S;
    assert_int_equal(engine_open(&house->config, &house->engine, &house->start), OK);
    rest(house);
    alarms_counts(engine_alarms(house->engine), TENANT_DEFAULT, &counts);
    assert_int_equal(counts.active, 1);
}

/* Where nothing is left of a tenant its pages are all zero, which no snapshot holds. */
static void what_went_leaves_a_whole_snapshot(void **state)
{
    struct house *house = *state;
    struct form_writer form;
    rule_high(house, "hot", 0);
    tell(house, "plant/d1", "{\"t\":90}");
    rest(house);
    form = form_new();
    form_put_text(&form, RULE_TAG_NAME, bytes_text("hot"));
    assert_int_equal(order(house, COMMAND_RULE_REMOVE, 0, &form).code, OUTCOME_DONE);
    form = form_new();
    form_put_text(&form, ASSET_TAG_NAME, bytes_text("pump"));
    struct outcome made = order(house, COMMAND_TYPE_SET, 0, &form);
    assert_int_equal(made.code, OUTCOME_DONE);
    form = form_new();
    assert_int_equal(order(house, COMMAND_TYPE_REMOVE, made.number, &form).code, OUTCOME_DONE);
    form = form_new();
    form_put_text(&form, ASSET_TAG_NAME, bytes_text("north"));
    made = order(house, COMMAND_ASSET_SET, 0, &form);
    assert_int_equal(made.code, OUTCOME_DONE);
    form = form_new();
    assert_int_equal(order(house, COMMAND_ASSET_RETIRE, made.number, &form).code, OUTCOME_DONE);
    form = form_new();
    form_put_text(&form, CHANNEL_TAG_NAME, bytes_text("screen"));
    form_put_integer(&form, CHANNEL_TAG_KIND, CHANNEL_BROWSER);
    assert_int_equal(order(house, COMMAND_CHANNEL_SET, 0, &form).code, OUTCOME_DONE);
    form = form_new();
    form_put_text(&form, CHANNEL_TAG_NAME, bytes_text("screen"));
    assert_int_equal(order(house, COMMAND_CHANNEL_REMOVE, 0, &form).code, OUTCOME_DONE);
    rest(house);
    uint64_t live = engine_state_hash(house->engine);
    again(house, true);
    assert_true(house->start.snapshot_position > 0);
    assert_true(engine_state_hash(house->engine) == live);
    rule_high(house, "hot", 0); /* and it goes on */
}

/* A time without anything due writes nothing. */
static void nothing_is_written_while_nothing_is_due(void **state)
{
    struct house *house = *state;
    struct engine_counters before, after;
    rule_high(house, "hot", 0);
    tell(house, "plant/d1", "{\"t\":20}");
    rest(house);
    engine_describe(house->engine, &before);
    for (int i = 0; i < 50; i++) {
        now_ns += NS_PER_S / 4; /* not a jump of the clock: boot and wall go together */
        (void)engine_step(house->engine);
    }
    rest(house);
    engine_describe(house->engine, &after);
    assert_true(after.position == before.position);
}

/* What was computed and not yet written when the process ended is written by the next one. */
static void an_entry_that_was_not_written_is_written_later(void **state)
{
    struct house *house = *state;
    rule_high(house, "hot", 0);
    tell(house, "plant/d1", "{\"t\":20}");
    rest(house);
    tell(house, "plant/d1", "{\"t\":90}");
    struct alarms *alarms = engine_alarms(house->engine);
    for (int i = 0; i < 100 && alarms_unwritten(alarms) == 0; i++)
        (void)engine_step(house->engine);
    assert_int_equal(alarms_unwritten(alarms), 1);
    uint64_t entries = alarms_entries(alarms);
    again(house, false);
    alarms = engine_alarms(house->engine);
    assert_true(alarms_entries(alarms) == entries);
    rest(house);
    assert_int_equal(alarms_unwritten(alarms), 0);
    assert_true(alarms_entries(alarms) == entries);
    assert_int_equal(disagreed(house), 0);
}

static struct alarm_view channels_alarm(struct house *house)
{
    struct alarms *alarms = engine_alarms(house->engine);
    uint32_t row = alarms_newest(alarms, TENANT_DEFAULT);
    struct alarm_view view = {0};
    if (row != 0)
        assert_true(alarms_row(alarms, row, &view) && view.kind == RULE_CHANNEL);
    return view;
}

static void why_is(struct alarm_view view, const char *why)
{
    assert_int_equal(view.why.size, strlen(why));
    assert_memory_equal(view.why.at, why, view.why.size);
}

/* What is ready, all of one channel; how many. */
static unsigned ready_of(struct house *house, const char *name)
{
    struct notices *notices = engine_notices(house->engine);
    uint32_t channel = notices_channel_find(notices, TENANT_DEFAULT, bytes_text(name));
    unsigned count = 0;
    for (uint64_t at = notices_ready_next(notices, 0); at != 0;
         at = notices_ready_next(notices, at)) {
        struct delivery_view view;
        assert_true(notices_delivery(notices, at, &view));
        count += view.channel == channel;
    }
    return count;
}

/* A dead channel is an alarm, told once, by those that live; a process that ends before the entry
 * is written changes none of that. */
static void a_dead_channel_is_an_alarm(void **state)
{
    struct house *house = *state;
    assert_int_equal(channel_order(house, COMMAND_CHANNEL_SET, "ann").code, OUTCOME_DONE);
    assert_int_equal(channel_order(house, COMMAND_CHANNEL_SET, "bob").code, OUTCOME_DONE);
    assert_int_equal(alarms_rule_find(engine_alarms(house->engine), TENANT_DEFAULT,
                                      bytes_text(RULE_CHANNELS_NAME)),
                     1);
    channel_try(house, "ann", NOTICE_REFUSED);
    assert_int_equal(alarms_unwritten(engine_alarms(house->engine)), 1);
    for (int life = 0; life < 3; life++) {
        struct alarm_view view = channels_alarm(house);
        assert_int_equal(view.state, ALARM_UNACKNOWLEDGED);
        assert_int_equal(view.priority, 1);
        why_is(view, "ann");
        assert_int_equal(ready_of(house, "bob"), 1);
        assert_int_equal(ready_of(house, "ann"), 0);
        assert_int_equal(alarms_entries(engine_alarms(house->engine)), 1);
        assert_int_equal(disagreed(house), 0);
        if (life > 0)
            rest(house);
        again(house, life == 1);
    }
    channel_try(house, "ann", NOTICE_FAILED);
    channel_try(house, "ann", NOTICE_SENT);
    assert_int_equal(channels_alarm(house).state, ALARM_RETURNED);
    rest(house);
    struct engine_counters counters; /* since this start */
    engine_describe(house->engine, &counters);
    assert_int_equal(counters.notices_sent, 1);
    assert_int_equal(counters.notices_failed, 1);
    assert_int_equal(counters.notices_given_up, 0);
    channel_try(house, "bob", NOTICE_REFUSED);
    engine_describe(house->engine, &counters);
    assert_int_equal(counters.notices_failed, 2);
    assert_int_equal(counters.notices_given_up, 1);
}

/* Off and on, removed, and a channel that goes while it is dead. */
static void the_rule_of_channels_finds_what_is_dead(void **state)
{
    struct house *house = *state;
    struct form_writer form;
    assert_int_equal(channel_order(house, COMMAND_CHANNEL_SET, "ann").code, OUTCOME_DONE);
    assert_int_equal(channel_order(house, COMMAND_CHANNEL_SET, "bob").code, OUTCOME_DONE);
    channels_rule(house, false, 0);
    channel_try(house, "ann", NOTICE_REFUSED);
    assert_int_equal(channels_alarm(house).alarm, 0);
    assert_int_equal(ready_of(house, "bob"), 0); /* whoever switched it off is told nothing */
    channels_rule(house, true, 0);
    why_is(channels_alarm(house), "ann");
    assert_int_equal(ready_of(house, "bob"), 1);
    uint64_t changed = alarms_rows_changed(engine_alarms(house->engine));
    rule_high(house, "hot", 0); /* another: nothing of the alarm is new, and nobody counts anew */
    assert_int_equal(alarms_rows_changed(engine_alarms(house->engine)), changed);
    form = form_new();
    form_put_text(&form, RULE_TAG_NAME, bytes_text(RULE_CHANNELS_NAME));
    assert_int_equal(order(house, COMMAND_RULE_REMOVE, 0, &form).code, OUTCOME_DONE);
    assert_int_equal(channels_alarm(house).alarm, 0);
    channel_try(house, "bob", NOTICE_REFUSED);
    why_is(channels_alarm(house), "ann, bob");
    assert_int_equal(channel_order(house, COMMAND_CHANNEL_REMOVE, "ann").code, OUTCOME_DONE);
    why_is(channels_alarm(house), "bob");
    assert_int_equal(channel_order(house, COMMAND_CHANNEL_REMOVE, "bob").code, OUTCOME_DONE);
    assert_int_equal(channels_alarm(house).state, ALARM_RETURNED);
    rest(house);
    uint64_t live = engine_state_hash(house->engine);
    forget_snapshots(house);
    again(house, false);
    assert_true(engine_state_hash(house->engine) == live);
    assert_int_equal(disagreed(house), 0);
}

static void channels_end_late(struct house *house, int64_t priority)
{
    struct form_writer form = form_new();
    form_put_text(&form, RULE_TAG_NAME, bytes_text(RULE_CHANNELS_NAME));
    form_put_integer(&form, RULE_TAG_KIND, RULE_CHANNEL);
    form_put_integer(&form, RULE_TAG_ON, RULE_ON_NOTHING);
    form_put_integer(&form, RULE_TAG_OFF_DELAY, 10 * NS_PER_S);
    form_put_integer(&form, RULE_TAG_PRIORITY, priority);
    assert_int_equal(order(house, COMMAND_RULE_SET, 0, &form).code, OUTCOME_DONE);
}

/* All live again, and the alarm is about to end: it ends as well when the rule is set meanwhile. */
static void the_rule_of_channels_changes_while_its_alarm_ends(void **state)
{
    struct house *house = *state;
    channels_end_late(house, 1);
    assert_int_equal(channel_order(house, COMMAND_CHANNEL_SET, "ann").code, OUTCOME_DONE);
    channel_try(house, "ann", NOTICE_REFUSED);
    channel_try(house, "ann", NOTICE_SENT);
    assert_int_equal(channels_alarm(house).state, ALARM_UNACKNOWLEDGED);
    channels_end_late(house, 2);
    assert_int_equal(channels_alarm(house).priority, 2);
    now_ns += 11 * NS_PER_S;
    rest(house);
    assert_int_equal(channels_alarm(house).state, ALARM_RETURNED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_delay_goes_on_through_a_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(time_counts_in_which_nobody_was_here, setup, teardown),
        cmocka_unit_test_setup_teardown(nothing_is_written_while_nothing_is_due, setup, teardown),
        cmocka_unit_test_setup_teardown(an_entry_that_was_not_written_is_written_later, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_went_leaves_a_whole_snapshot, setup, teardown),
        cmocka_unit_test_setup_teardown(a_dead_channel_is_an_alarm, setup, teardown),
        cmocka_unit_test_setup_teardown(the_rule_of_channels_finds_what_is_dead, setup, teardown),
        cmocka_unit_test_setup_teardown(the_rule_of_channels_changes_while_its_alarm_ends, setup,
                                        teardown),
        cmocka_unit_test(replay_computes_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
