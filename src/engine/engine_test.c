/* The engine on a real folder with workers that run inline: what is visible when, what survives a
 * restart, what is refused. The simulator (sim/) does the same under power loss. */
#include "engine/test_house.h"

static uint32_t changed_row, changed_times;
static void note_changed(void *arg, const struct row_shape *shape, const struct sample_row *sample)
{
    (void)arg;
    assert_int_equal(shape->row, sample->row);
    changed_row = shape->row;
    changed_times++;
}

static int house_setup(void **state)
{
    *state = house_new(note_changed);
    return 0;
}

static int house_teardown(void **state)
{
    house_destroy(*state);
    return 0;
}

static enum admit say(struct house *house, const char *topic, const char *payload)
{
    struct admitted admitted;
    enum admit admit;
    do {
        admit = engine_publish(house->engine, &house->publisher, bytes_text(topic),
                               bytes_text(payload), &admitted);
        if (admit == ADMIT_WAIT)
            (void)engine_step(house->engine);
    } while (admit == ADMIT_WAIT);
    return admit;
}

static void tell(struct house *house, const char *topic, const char *payload)
{
    assert_int_equal(say(house, topic, payload), ADMIT_DONE);
}

static struct point_view see(struct house *house, const char *path)
{
    struct points *points = engine_points(house->engine);
    uint32_t point = points_find(points, TENANT_DEFAULT, bytes_text(path));
    struct point_view view = {0};
    if (point)
        points_view(points, point, &view);
    return view;
}

static void seen_real(struct house *house, const char *path, double real)
{
    struct point_view view = see(house, path);
    assert_int_not_equal(view.point, POINT_NONE);
    assert_true(view.value.present);
    assert_int_equal(view.value.type, VALUE_FLOAT64);
    assert_true(value_real(&view.value) == real);
}

/* ---- visibility
 * ------------------------------------------------------------------------------------ */
static void nothing_is_visible_before_it_is_durable(void **state)
{
    struct house *house = *state;
    tell(house, "plant/line1/press", "{\"temp\":21.5,\"pressure\":1.013,\"on\":true}");
    assert_int_equal(see(house, "plant/line1/press/temp").point, POINT_NONE);
    house_settle(house);
    seen_real(house, "plant/line1/press/temp", 21.5);
    seen_real(house, "plant/line1/press/pressure", 1.013);
    assert_int_equal(see(house, "plant/line1/press/on").value.type, VALUE_BOOL);
    assert_int_equal(see(house, "plant/line1/press/on").value.number, 1);
}

static void a_repeated_shape_takes_the_expected_way(void **state)
{
    struct house *house = *state;
    char payload[64];
    for (int i = 0; i < 50; i++) {
        snprintf(payload, sizeof payload, "{\"a\":%d.5,\"b\":%d,\"ts\":%d}", i, i * 2,
                 1700000000 + i);
        tell(house, "site/d1", payload);
        snprintf(payload, sizeof payload, "%d.25", i);
        tell(house, "site/d2/x", payload);
    }
    house_settle(house);
    seen_real(house, "site/d1/a", 49.5);
    seen_real(house, "site/d1/b", 98);
    seen_real(house, "site/d2/x", 49.25);
    assert_true(see(house, "site/d1/a").time_ns == INT64_C(1700000049) * NS_PER_S);
    struct engine_counters counters;
    engine_describe(house->engine, &counters);
    assert_true(counters.fast_messages > 90);
    assert_int_equal(counters.values, 150);
    assert_int_equal(counters.applied_values, 150);
}

static void a_late_sample_does_not_replace_a_newer(void **state)
{
    struct house *house = *state;
    tell(house, "a/b", "{\"v\":1,\"ts\":1700000100}");
    tell(house, "a/b", "{\"v\":2,\"ts\":1700000000}");
    house_settle(house);
    seen_real(house, "a/b/v", 1);
    tell(house, "a/b", "{\"v\":3,\"ts\":1700000100}");
    house_settle(house);
    seen_real(house, "a/b/v", 3);
}

static void parts_of_a_row_and_new_keys_are_taken(void **state)
{
    struct house *house = *state;
    tell(house, "m/1", "{\"a\":1,\"b\":2,\"c\":3}");
    tell(house, "m/1", "{\"c\":30,\"a\":10}");
    tell(house, "m/1", "{\"d\":4,\"b\":20,\"nested\":{\"e\":5}}");
    tell(house, "m/1/nested/e", "6");
    house_settle(house);
    seen_real(house, "m/1/a", 10);
    seen_real(house, "m/1/b", 20);
    seen_real(house, "m/1/c", 30);
    seen_real(house, "m/1/d", 4);
    seen_real(house, "m/1/nested/e", 6);
    assert_int_equal(points_count(engine_points(house->engine)), 5);
}

static void an_array_is_object_after_object(void **state)
{
    struct house *house = *state;
    tell(house, "g",
         "[{\"ts\":1700000000,\"values\":{\"a\":1}},{\"ts\":1700000001,\"values\":{\"a\":2}}]");
    house_settle(house);
    seen_real(house, "g/a", 2);
    struct engine_counters counters;
    engine_describe(house->engine, &counters);
    assert_int_equal(counters.applied_values, 2);
}

static void null_gives_a_quality(void **state)
{
    struct house *house = *state;
    tell(house, "q", "{\"a\":1}");
    tell(house, "q", "{\"a\":null}");
    house_settle(house);
    struct point_view view = see(house, "q/a");
    assert_false(view.value.present);
    assert_int_equal(view.value.quality, QUALITY_BAD_NO_VALUE);
}

/* ---- refusals
 * ------------------------------------------------------------------------------------------ */
static void what_is_no_reading_is_named(void **state)
{
    struct house *house = *state;
    assert_int_equal(say(house, "a/b", "{\"a\":"), ADMIT_NOT_A_READING);
    assert_int_equal(say(house, "$SYS/x", "1"), ADMIT_TOPIC_INVALID);
    assert_int_equal(say(house, "a//b", "1"), ADMIT_TOPIC_INVALID);
    tell(house, "t", "{\"v\":1.5}");
    house_settle(house);
    assert_int_equal(say(house, "t", "{\"v\":\"many\"}"), ADMIT_TYPE);
    assert_int_equal(engine_refused_count(house->engine), 4);
    assert_int_equal(engine_refused_at(house->engine, 0)->admit, ADMIT_TYPE);
    assert_int_equal(engine_refused_at(house->engine, 3)->admit, ADMIT_NOT_A_READING);
}

static void the_limit_of_points_holds_on_both_sides(void **state)
{
    struct house *house = *state;
    publisher_init(&house->publisher, TENANT_DEFAULT, 2);
    tell(house, "l", "{\"a\":1,\"b\":2}");
    assert_int_equal(say(house, "l", "{\"c\":1}"), ADMIT_POINTS_CONNECTION);
    tell(house, "l", "{\"a\":3}");
    house_close(house, false);
    house_open(house);
    house->config.points_max = 3;
    house_close(house, false);
    struct engine_config config = house->config;
    assert_int_equal(disk_real_open(house->folder, true, &house->disk), OK);
    assert_int_equal(worker_inline_create(&house->writer), OK);
    assert_int_equal(worker_inline_create(&house->background), OK);
    config.disk = house->disk;
    config.writer = house->writer;
    config.background = house->background;
    assert_int_equal(engine_open(&config, &house->engine, &house->start), OK);
    publisher_init(&house->publisher, TENANT_DEFAULT, 100);
    tell(house, "l", "{\"c\":1}");
    assert_int_equal(say(house, "l", "{\"d\":1}"), ADMIT_POINTS_MAX);
}

/* ---- commands
 * ------------------------------------------------------------------------------------------ */
static void order(struct house *house, struct command command, uint64_t tag)
{
    struct admitted admitted;
    command.tenant = TENANT_DEFAULT;
    assert_int_equal(engine_command(house->engine, &command, tag, &admitted), ADMIT_DONE);
}

static void commands_travel_the_same_way(void **state)
{
    struct house *house = *state;
    tell(house, "site/a", "{\"t\":1,\"u\":2}");
    order(house,
          (struct command){.kind = COMMAND_CREATE,
                           .path = bytes_text("site/b/level"),
                           .settings = {.has = HAS_TYPE | HAS_UNIT,
                                        .type = VALUE_INT64,
                                        .unit = bytes_text("mm")}},
          7);
    order(house,
          (struct command){.kind = COMMAND_RENAME,
                           .path = bytes_text("site/a/t"),
                           .new_path = bytes_text("site/a/temperature")},
          8);
    struct admitted admitted;
    assert_int_equal(engine_publish(house->engine, &house->publisher, bytes_text("site/a"),
                                    bytes_text("{\"t\":5}"), &admitted),
                     ADMIT_WAIT);
    house_settle(house);
    assert_int_equal(house->outcome_count, 2);
    assert_int_equal(house->tags[0], 7);
    assert_int_equal(house->outcomes[0].code, OUTCOME_DONE);
    assert_int_equal(house->outcomes[1].code, OUTCOME_DONE);
    seen_real(house, "site/a/temperature", 1);
    assert_int_equal(see(house, "site/a/t").point, POINT_NONE);
    tell(house, "site/a", "{\"t\":5,\"u\":6}"); /* t is a new point now */
    tell(house, "site/b/level", "12");
    house_settle(house);
    seen_real(house, "site/a/temperature", 1);
    seen_real(house, "site/a/t", 5);
    assert_int_equal(see(house, "site/b/level").value.type, VALUE_INT64);
    assert_int_equal(see(house, "site/b/level").value.number, 12);
    order(house, (struct command){.kind = COMMAND_RETIRE, .path = bytes_text("site/a/u")}, 9);
    order(house, (struct command){.kind = COMMAND_RETIRE, .path = bytes_text("site/a/zzz")}, 10);
    house_settle(house);
    assert_int_equal(house->outcomes[2].code, OUTCOME_DONE);
    assert_int_equal(house->outcomes[3].code, OUTCOME_UNKNOWN_POINT);
    assert_int_equal(see(house, "site/a/u").point, POINT_NONE);
}

static void a_key_runs_once(void **state)
{
    struct house *house = *state;
    struct command create = {.kind = COMMAND_CREATE,
                             .path = bytes_text("k/1"),
                             .key_kind = KEY_FREE,
                             .key = bytes_text("order-1")};
    order(house, create, 1);
    order(house, create, 2);
    house_settle(house);
    assert_int_equal(house->outcomes[0].code, OUTCOME_DONE);
    assert_int_equal(house->outcomes[1].code, OUTCOME_REPEATED);
    assert_int_equal(house->outcomes[1].first_code, OUTCOME_DONE);
}

/* ---- replay
 * -------------------------------------------------------------------------------------------- */
static void fill(struct house *house, int from, int to)
{
    char topic[64], payload[128];
    for (int i = from; i < to; i++) {
        snprintf(topic, sizeof topic, "f/%d/d", i % 700);
        snprintf(payload, sizeof payload, "{\"a\":%d.%d,\"b\":%d,\"s\":\"state %d\",\"ts\":%d}", i,
                 i % 10, i, i % 5, 1700000000 + i);
        tell(house, topic, payload);
        if (i % 97 == 0)
            (void)engine_step(house->engine);
    }
}

static void replay_equals_live_equals_snapshot_and_tail(void **state)
{
    struct house *house = *state;
    fill(house, 0, 5000);
    order(house, (struct command){.kind = COMMAND_CREATE, .path = bytes_text("c/1")}, 1);
    house_settle(house);
    uint64_t live = engine_state_hash(house->engine);
    house_close(house, false);
    house_open(house); /* replay of the whole journal */
    house_settle(house);
    assert_true(engine_state_hash(house->engine) == live);
    assert_true(house->start.replayed_values == 15000);
    fill(house, 5000, 6000);
    house_settle(house);
    assert_true(engine_snapshot_now(house->engine));
    fill(house, 6000, 9000); /* goes on while the snapshot is taken */
    house_settle(house);
    for (int i = 0; i < 1000 && engine_snapshot_active(house->engine); i++)
        (void)engine_step(house->engine);
    fill(house, 9000, 9500);
    house_settle(house);
    live = engine_state_hash(house->engine);
    house_close(house, false);
    house_open(house); /* snapshot and tail */
    assert_true(house->start.snapshot_position > 0);
    assert_true(house->start.replayed_records > 0);
    assert_true(engine_state_hash(house->engine) == live);
    house_close(house, true);
    house_open(house); /* clean: the snapshot alone */
    assert_int_equal(house->start.replayed_values, 0);
    assert_true(engine_state_hash(house->engine) == live);
    house_close(house, false);
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s/snapshots", house->folder);
    assert_int_equal(system(command), 0);
    house_open(house); /* the journal alone again */
    assert_true(engine_state_hash(house->engine) == live);
    seen_real(house, "f/0/d/b", 9100);
}

/* Time travel stops at the record that was asked for, in the middle of a batch as well. */
static void replay_stops_at_any_record(void **state)
{
    struct house *house = *state;
    fill(house, 0, 200);
    house_settle(house);
    uint64_t end = journal_durable(engine_journal(house->engine));
    house_close(house, false);
    struct engine_config config = house->config;
    for (uint64_t until = 2; until <= end; until += 37) {
        assert_int_equal(disk_real_open(house->folder, false, &config.disk), OK);
        assert_int_equal(worker_inline_create(&config.writer), OK);
        config.background = config.writer;
        config.snapshotter = NULL;
        config.read_only = true;
        config.until_position = until;
        struct engine *engine;
        struct engine_start start;
        assert_int_equal(engine_open(&config, &engine, &start), OK);
        struct engine_counters counters;
        engine_describe(engine, &counters);
        assert_true(counters.position == until);
        assert_true(start.replayed_records == until - 1);
        engine_close(engine, false);
        config.writer->destroy(config.writer);
        disk_real_close(config.disk);
    }
    house_open(house);
}

static void a_damaged_snapshot_is_stepped_over(void **state)
{
    struct house *house = *state;
    fill(house, 0, 3000);
    house_settle(house);
    uint64_t live = engine_state_hash(house->engine);
    house_close(house, true);
    char command[192];
    snprintf(
        command, sizeof command,
        "f=$(ls %s/snapshots/*.snap | tail -1); printf X | dd of=$f bs=1 seek=9000 conv=notrunc "
        "2>/dev/null",
        house->folder);
    assert_int_equal(system(command), 0);
    house_open(house);
    assert_int_equal(house->start.snapshot_position, 0);
    assert_true(engine_state_hash(house->engine) == live);
}

/* One reading by its path; whoever watches the row is told when it is durable, and no one else. */
static void readings_come_by_path_and_watchers_are_told(void **state)
{
    struct house *house = *state;
    changed_times = 0;
    struct payload_reading reading = {.value = value_of_real(21.5)};
    struct payload_group group = {
        .has_time = true, .time_ns = 5 * NS_PER_S, .count = 1, .readings = &reading};
    struct admitted admitted;
    struct bytes path = bytes_text("plant/%2F/temp");
    assert_int_equal(engine_readings(house->engine, &house->publisher, path, &group, &admitted),
                     ADMIT_DONE);
    assert_int_equal(admitted.values, 1);
    house_settle(house);
    seen_real(house, "plant/%2F/temp", 21.5);
    assert_int_equal(see(house, "plant/%2F/temp").time_ns, 5 * NS_PER_S);
    assert_int_equal(changed_times, 0);
    uint32_t row = see(house, "plant/%2F/temp").row;
    assert_int_equal(engine_watch_row(house->engine, row, true), OK);
    reading.value = value_of_real(22);
    group.time_ns++;
    assert_int_equal(engine_readings(house->engine, &house->publisher, path, &group, &admitted),
                     ADMIT_DONE);
    assert_int_equal(changed_times, 0);
    house_settle(house);
    assert_int_equal(changed_times, 1);
    assert_int_equal(changed_row, row);
    assert_int_equal(engine_watch_row(house->engine, row, false), OK);
    group.time_ns = TIME_MAX_NS;
    assert_int_equal(engine_readings(house->engine, &house->publisher, path, &group, &admitted),
                     ADMIT_TIME_RANGE);
    group.time_ns = TIME_MAX_NS - 1;
    assert_int_equal(engine_readings(house->engine, &house->publisher, path, &group, &admitted),
                     ADMIT_DONE);
    assert_int_equal(
        engine_readings(house->engine, &house->publisher, bytes_text("a/+"), &group, &admitted),
        ADMIT_TOPIC_INVALID);
    house_settle(house);
    assert_int_equal(changed_times, 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        CASE(nothing_is_visible_before_it_is_durable),
        CASE(a_repeated_shape_takes_the_expected_way),
        CASE(a_late_sample_does_not_replace_a_newer),
        CASE(parts_of_a_row_and_new_keys_are_taken),
        CASE(an_array_is_object_after_object),
        CASE(null_gives_a_quality),
        CASE(what_is_no_reading_is_named),
        CASE(the_limit_of_points_holds_on_both_sides),
        CASE(commands_travel_the_same_way),
        CASE(a_key_runs_once),
        CASE(replay_equals_live_equals_snapshot_and_tail),
        CASE(replay_stops_at_any_record),
        CASE(a_damaged_snapshot_is_stepped_over),
        CASE(readings_come_by_path_and_watchers_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
