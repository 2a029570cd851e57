/* Lines through admission: the three ways give the same, what is refused is refused alone, what
 * waits waits whole, and what was learned is forgotten when it is no longer so. */
#include "engine/line_index.h"
#include "engine/test_lines.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int house_setup(void **state)
{
    *state = lines_house_new("/tmp");
    return 0;
}

static int house_teardown(void **state)
{
    lines_house_destroy(*state);
    return 0;
}

static void say(struct lines_house *house, const char *body, uint64_t lines)
{
    assert_true(lines_house_say(house, bytes_text(body), 65536, LINES_BUDGET));
    assert_int_equal(house->counts.lines, lines);
    lines_house_settle(house);
}

static uint32_t point_of(struct lines_house *house, const char *path)
{
    return points_find(engine_points(house->engine), TENANT_DEFAULT, bytes_text(path));
}

static struct point_view see(struct lines_house *house, const char *path)
{
    struct point_view view;
    uint32_t point = point_of(house, path);
    if (point == POINT_NONE)
        fail_msg("no point %s", path);
    points_view(engine_points(house->engine), point, &view);
    return view;
}

static void seen(struct lines_house *house, const char *path, double real)
{
    struct point_view view = see(house, path);
    assert_true(view.value.present && view.value.type == VALUE_FLOAT64);
    if (value_real(&view.value) != real)
        fail_msg("%s is %g, not %g", path, value_real(&view.value), real);
}

static uint64_t fast_lines(struct lines_house *house)
{
    struct engine_counters counters;
    engine_describe(house->engine, &counters);
    return counters.fast_lines;
}

static void refused_is(const struct lines_house *house, size_t at, uint64_t line, const char *code)
{
    assert_in_range(at, 0, house->refused_count - 1);
    assert_int_equal(house->refused[at].line, line);
    assert_string_equal(house->refused[at].code, code);
}

/* ---- what becomes of a line ---- */
static void fields_are_points_and_tags_are_labels(void **state)
{
    struct lines_house *house = *state;
    say(house, "pump,site=north,line=7 rpm=1450.5,on=t,n=5i,s=\"a b\" 1700000000000000000\n", 1);
    seen(house, "pump/7/north/rpm", 1450.5);
    struct point_view view = see(house, "pump/7/north/on");
    assert_true(view.value.type == VALUE_BOOL && view.value.number == 1);
    assert_int_equal(view.time_ns, INT64_C(1700000000000000000));
    view = see(house, "pump/7/north/n");
    assert_true(view.value.type == VALUE_INT64 && view.value.number == 5);
    view = see(house, "pump/7/north/s");
    assert_true(bytes_equal(view.value.text, bytes_text("a b")));
    assert_int_equal(view.label_count, 2); /* in the order of their names */
    assert_true(bytes_equal(view.labels[0].name, bytes_text("line")));
    assert_true(bytes_equal(view.labels[1].value, bytes_text("north")));
    assert_int_equal(points_rows(engine_points(house->engine)), 1);
    assert_int_equal(house->counts.values, 4);
}

static void a_line_without_a_time_has_that_of_its_arrival(void **state)
{
    struct lines_house *house = *state;
    say(house, "a v=1\na v=2\n", 2);
    struct point_view view = see(house, "a/v");
    assert_true(view.time_ns == view.arrival_ns && view.time_ns > 0);
    seen(house, "a/v", 2);
}

/* ---- the same series again ---- */
static void what_repeats_is_matched(void **state)
{
    struct lines_house *house = *state;
    say(house, "m,a=1 v=1\nm,a=2 v=1\nm,a=3 v=1,w=1\n", 3);
    assert_int_equal(fast_lines(house), 0);
    say(house, "m,a=1 v=2\nm,a=2 v=3\nm,a=3 v=4,w=5\n", 3);
    assert_int_equal(fast_lines(house), 3);
    say(house, "m,a=3 v=6,w=7\nm,a=1 v=8\nm,a=2 v=9\n", 3);
    assert_int_equal(fast_lines(house), 6);
    seen(house, "m/1/v", 8);
    seen(house, "m/2/v", 9);
    seen(house, "m/3/v", 6);
    seen(house, "m/3/w", 7);
    assert_int_equal(points_count(engine_points(house->engine)), 4);
}

/* Tags and fields in another order, some fields only, and more than there were. */
static void other_orders_lead_to_the_same_points(void **state)
{
    struct lines_house *house = *state;
    say(house, "m,a=1,b=2 x=1,y=2,z=3\n", 1);
    for (int round = 0; round < 3; round++)
        say(house,
            "m,b=2,a=1 x=1,y=2,z=3\nm,a=1,b=2 z=13,x=11\nm,a=1,b=2 y=12\nm,b=2,a=1 y=22,z=23\n", 4);
    assert_int_equal(fast_lines(house), 8);
    seen(house, "m/1/2/x", 11);
    seen(house, "m/1/2/y", 22);
    seen(house, "m/1/2/z", 23);
    assert_int_equal(points_rows(engine_points(house->engine)), 1);
    for (int round = 0; round < 2; round++) /* two rows: it goes the long way, and is right */
        say(house, "m,a=1,b=2 x=31,more=32\n", 1);
    seen(house, "m/1/2/x", 31);
    seen(house, "m/1/2/more", 32);
    assert_int_equal(points_rows(engine_points(house->engine)), 2);
}

static void values_are_converted_or_refused(void **state)
{
    struct lines_house *house = *state;
    say(house, "m f=1.5,s=\"x\",b=t,i=1i\n", 1);
    for (int round = 0; round < 2; round++)
        say(house, "m f=2i,s=\"y\",b=f,i=7i\n", 1);
    seen(house, "m/f", 2);
    for (int round = 0; round < 2; round++) {
        say(house, "m f=3,s=\"z\",b=f,i=1.5\nm f=4,s=\"z\",b=t,i=2i\n", 1);
        assert_int_equal(house->refused_count, 1);
        refused_is(house, 0, 1, "type");
        seen(house, "m/f", 4); /* and nothing of the first line */
    }
    assert_true(fast_lines(house) >= 3);
}

/* ---- refusals ---- */
static void what_is_refused_is_refused_alone(void **state)
{
    struct lines_house *house = *state;
    static char body[4096], tag[LABEL_BYTES_MAX + 2];
    memset(tag, 'x', LABEL_BYTES_MAX + 1);
    snprintf(body, sizeof body,
             "# a comment\nm v=\nm v=1\n\nm,t=%s v=1\nm,t=%.*s v=2\nm v=1 9999999999999999999\n"
             "$m v=1\n",
             tag, LABEL_BYTES_MAX, tag);
    say(house, body, 3);
    assert_int_equal(house->refused_count, 3);
    refused_is(house, 0, 2, "no_field_value");
    assert_int_equal(house->refused[0].column, 5);
    assert_string_equal(house->texts[0], "m v=");
    refused_is(house, 1, 5, "topic_invalid");
    refused_is(house, 2, 7, "time_range");
    assert_int_equal(house->counts.refused, 3);
    seen(house, "m/v", 1);
    assert_int_not_equal(point_of(house, "%24m/v"), POINT_NONE);
}

static void a_tag_that_the_path_names_must_be_there(void **state)
{
    struct lines_house *house = *state;
    assert_null(engine_lines_path(house->engine, bytes_text("{tag:site}/{measurement}.{field}")));
    say(house, "m,site=a v=1\nm v=2\n", 1);
    refused_is(house, 0, 2, "no_path");
    assert_non_null(strstr(house->refused[0].detail, "readings.lines_path"));
    seen(house, "a/m.v", 1);
    assert_non_null(engine_lines_path(house->engine, bytes_text("{nothing}/{field}")));
    say(house, "m,site=a v=3\n", 1); /* as it was */
    seen(house, "a/m.v", 3);
}

static void another_template_gives_other_points(void **state)
{
    struct lines_house *house = *state;
    say(house, "m,a=1 v=1\n", 1);
    say(house, "m,a=1 v=2\n", 1);
    assert_null(engine_lines_path(house->engine, bytes_text("{measurement}.{field}")));
    say(house, "m,a=1 v=3\n", 1); /* a path of one level, without a prefix */
    say(house, "m,a=1 v=4\n", 1);
    seen(house, "m/1/v", 2);
    seen(house, "m.v", 4);
}

static void limits_of_points_refuse_lines(void **state)
{
    struct lines_house *house = *state;
    house->engine->config.points_max = 2;
    say(house, "m a=1,b=1\nm a=1,b=1,c=1\nm a=2\n", 2);
    refused_is(house, 0, 2, "points_max");
    house->engine->config.points_max = 100;
    house->engine->config.points_rate = 1;
    tenants_of(&house->engine->tenants, TENANT_DEFAULT)->rate_second =
        clock_real()->boot_ns(clock_real()) / NS_PER_S + 1;
    (void)lines_house_say(house, bytes_text("n a=1,b=2\n"), 100, LINES_BUDGET);
    assert_int_equal(house->stop, ADMIT_POINTS_RATE); /* this one goes away by itself */
    assert_int_equal(house->counts.lines, 0);
}

/* ---- names change ---- */
static void command(struct lines_house *house, enum command_kind kind, const char *path,
                    const char *new_path)
{
    struct admitted admitted;
    struct command wish = {.kind = (uint8_t)kind,
                           .tenant = TENANT_DEFAULT,
                           .path = bytes_text(path),
                           .new_path = bytes_text(new_path)};
    assert_int_equal(engine_command(house->engine, &wish, 1, &admitted), ADMIT_DONE);
}

static void a_renamed_or_retired_point_is_led_to_no_more(void **state)
{
    struct lines_house *house = *state;
    for (int round = 0; round < 2; round++)
        say(house, "m v=1,w=1\nn v=1\n", 2);
    command(house, COMMAND_RENAME, "m/v", "kept");
    /* while it is under way, lines wait, and then lead to what there is */
    assert_true(lines_house_say(house, bytes_text("m v=2,w=2\nn v=2\n"), 7, LINES_BUDGET));
    assert_int_equal(house->outcome.code, OUTCOME_DONE);
    lines_house_settle(house);
    seen(house, "kept", 1);
    seen(house, "m/v", 2);
    seen(house, "m/w", 2);
    command(house, COMMAND_RETIRE, "n/v", "");
    lines_house_settle(house);
    uint32_t before = points_count(engine_points(house->engine));
    say(house, "n v=3\n", 1);
    seen(house, "n/v", 3);
    assert_int_equal(points_count(engine_points(house->engine)), before + 1);
    uint64_t fast = fast_lines(house);
    say(house, "n v=4\n", 1);
    assert_int_equal(fast_lines(house), fast + 1);
}

/* ---- durability ---- */
static void a_restart_gives_the_same_state(void **state)
{
    struct lines_house *house = *state;
    say(house, "pump,site=north rpm=1,on=t 5\npump,site=south rpm=2 6\nother v=\"x\" 7\n", 3);
    uint64_t hash = engine_state_hash(house->engine);
    engine_close(house->engine, false); /* replayed */
    lines_house_begin(house);
    assert_true(engine_state_hash(house->engine) == hash);
    assert_int_equal(see(house, "pump/north/rpm").label_count, 1);
    engine_close(house->engine, true); /* from a snapshot */
    lines_house_begin(house);
    assert_true(engine_state_hash(house->engine) == hash);
    struct point_view view = see(house, "pump/south/rpm");
    assert_true(bytes_equal(view.labels[0].value, bytes_text("south")));
    say(house, "pump,site=south rpm=3 8\n", 1);
    seen(house, "pump/south/rpm", 3);
}

static enum err (*disk_write)(struct disk *, struct disk_file *, uint64_t, const void *, size_t);
static bool disk_fails;
static enum err write_or_fail(struct disk *disk, struct disk_file *file, uint64_t offset,
                              const void *at, size_t size)
{
    return disk_fails ? ERR_IO : disk_write(disk, file, offset, at, size);
}

/* The rows that a lost batch made are given to others: what was learned of them must be gone. */
static void what_a_failed_write_took_is_forgotten(void **state)
{
    struct lines_house *house = *state;
    disk_write = house->disk->write;
    house->disk->write = write_or_fail;
    say(house, "m v=1\n", 1);
    disk_fails = true;
    assert_true(lines_house_say(house, bytes_text("lost v=1\nlost v=2\n"), 100, LINES_BUDGET));
    for (int i = 0; i < 3; i++)
        (void)engine_step(house->engine);
    assert_int_equal(engine_lost_generation(house->engine), 1);
    assert_false(lines_house_say(house, bytes_text("m v=5\n"), 100, LINES_BUDGET));
    assert_int_equal(house->stop, ADMIT_STOPPED);
    disk_fails = false;
    house->engine->restart_at_ns = 0;
    for (int i = 0; i < 100 && house->engine->stopped; i++) {
        house->engine->restart_at_ns = 0;
        (void)engine_step(house->engine);
    }
    say(house, "other v=7\nlost v=8\n", 2);
    seen(house, "other/v", 7);
    seen(house, "lost/v", 8);
    house->disk->write = disk_write;
}

/* ---- whatever the order, the pieces and the turns ---- */
static uint64_t random_state;
static uint32_t below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (uint32_t)(random_state >> 11) % limit;
}

#define SERIES 40
#define FIELDS 4
static double expected[SERIES][FIELDS]; /* NAN: never */

static size_t random_line(char *at, unsigned series, double value)
{
    static const char *const names[FIELDS] = {"x", "y", "z", "w"};
    int size = sprintf(at, below(2) ? "m,t=%u,u=1 " : "m,u=1,t=%u ", series);
    unsigned first = below(FIELDS), count = 1 + below(FIELDS);
    for (unsigned i = 0; i < count; i++) {
        unsigned field = (first + i) % FIELDS;
        size += sprintf(at + size, "%s%s=%g", i ? "," : "", names[field], value);
        expected[series][field] = value;
    }
    return (size_t)(size + sprintf(at + size, "%s\n", below(20) ? "" : "  "));
}

static void random_round(struct lines_house *house, unsigned seed)
{
    static char body[1 << 16];
    size_t size = 0;
    bool in_order = below(2) != 0;
    for (unsigned i = 0; i < 300; i++) {
        unsigned series = in_order ? i % SERIES : below(SERIES);
        if (below(40) == 0)
            size += (size_t)sprintf(body + size, "%s\n", below(2) ? "# nothing" : "broken v=");
        size += random_line(body + size, series, seed * 1000 + i);
    }
    assert_true(lines_house_say(house, bytes_of(body, size), 1 + below(2000), 1 + (int)below(200)));
    assert_int_equal(house->counts.lines, 300);
    lines_house_settle(house);
}

static void random_bodies_give_what_they_say(void **state)
{
    struct lines_house *house = *state;
    static const char *const names[FIELDS] = {"x", "y", "z", "w"};
    random_state = 0x9e3779b97f4a7c15;
    for (unsigned i = 0; i < SERIES; i++)
        for (unsigned field = 0; field < FIELDS; field++)
            expected[i][field] = -1;
    for (unsigned round = 0; round < 40; round++) {
        random_round(house, round);
        if (round == 20) /* all is forgotten, as when there is no more room */
            line_index_forget_all(line_index_get(house->engine));
    }
    for (unsigned i = 0; i < SERIES; i++)
        for (unsigned field = 0; field < FIELDS; field++) {
            char path[32];
            snprintf(path, sizeof path, "m/%u/1/%s", i, names[field]);
            if (expected[i][field] >= 0)
                seen(house, path, expected[i][field]);
        }
    assert_true(fast_lines(house) > 1000);
}

/* More series that begin alike than are kept apart by what follows. */
static void many_fields_under_one_head(void **state)
{
    struct lines_house *house = *state;
    char body[64];
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < 3 * LINES_SAME_HEAD_MAX; i++) {
            snprintf(body, sizeof body, "m v=%u,f%u=%u\n", i, i, i + round);
            say(house, body, 1);
        }
    seen(house, "m/f3", 4);
    seen(house, "m/f40", 41);
}

/* More series than there is room for: all are taken, all is learned anew once, and then what is new
 * takes the long way until ten minutes are over. */
static void series_have_a_limit(void **state)
{
    struct lines_house *house = *state;
    struct line_index *index = line_index_get(house->engine);
    static char body[1000 * 128];
    index->chunks_most = 1;
    uint32_t generation = index->generation;
    for (unsigned round = 0; round < 60; round++) {
        size_t size = 0;
        for (unsigned i = 0; i < 1000; i++)
            size += (size_t)sprintf(body + size, "limit,a=a_tag_of_some_bytes,n=%u v=%u\n",
                                    round * 1000 + i, i);
        assert_true(lines_house_say(house, bytes_of(body, size), 60000, LINES_BUDGET));
        assert_int_equal(house->counts.lines, 1000);
        assert_true(index->chunk_count <= 1);
    }
    lines_house_settle(house);
    assert_int_equal(index->generation, generation + 1);
    assert_in_range(line_index_memory(house->engine), LINES_CHUNK, 3 * LINES_CHUNK);
    seen(house, "limit/a_tag_of_some_bytes/59999/v", 999);
    index->forgotten_ns -= LINES_FORGET_NS;
    say(house, "limit,a=another v=1\n", 1);
    assert_int_equal(index->generation, generation + 2);
    uint64_t fast = fast_lines(house);
    say(house, "limit,a=another v=2\n", 1);
    assert_int_equal(fast_lines(house), fast + 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, house_setup, house_teardown)
    const struct CMUnitTest tests[] = {
        CASE(fields_are_points_and_tags_are_labels),
        CASE(a_line_without_a_time_has_that_of_its_arrival),
        CASE(what_repeats_is_matched),
        CASE(other_orders_lead_to_the_same_points),
        CASE(values_are_converted_or_refused),
        CASE(what_is_refused_is_refused_alone),
        CASE(a_tag_that_the_path_names_must_be_there),
        CASE(another_template_gives_other_points),
        CASE(limits_of_points_refuse_lines),
        CASE(a_renamed_or_retired_point_is_led_to_no_more),
        CASE(a_restart_gives_the_same_state),
        CASE(what_a_failed_write_took_is_forgotten),
        CASE(random_bodies_give_what_they_say),
        CASE(many_fields_under_one_head),
        CASE(series_have_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
