/* Topics seen: what is remembered and for how long, what is said of it, and that a dry run says
 * what happens after a restart with these settings. */
#include "broker/test_talk.h"

static void publish_bytes(struct wire *wire, struct bytes topic, struct bytes payload)
{
    struct mqtt_publish message = {.topic = topic, .payload = payload};
    wire_send_publish(wire, &message);
}

static void publish_number(struct wire *wire, unsigned number)
{
    char topic[32];
    snprintf(topic, sizeof topic, "t/%u", number);
    publish_bytes(wire, bytes_text(topic), bytes_text("1"));
}

/* The topic as it is listed; false: it is not. */
static bool find_topic(struct test_house *house, const char *topic, struct topic_view *ret_view)
{
    uint64_t cursor = 0;
    while (broker_topic_next(house->broker, &cursor, ret_view))
        if (bytes_equal(ret_view->topic, bytes_text(topic)))
            return true;
    return false;
}

static struct topic_view topic_of(struct test_house *house, const char *topic)
{
    struct topic_view view;
    if (!find_topic(house, topic, &view))
        fail_msg("%s was not seen", topic);
    return view;
}

static size_t count_topics(struct test_house *house)
{
    struct topic_view view;
    uint64_t cursor = 0;
    size_t count = 0;
    while (broker_topic_next(house->broker, &cursor, &view))
        count++;
    return count;
}

static void test_each_message_is_counted(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    assert_int_equal(count_topics(house), 0);
    publish(wire, "a", "1", 0);
    house_advance(house, NS_PER_S / 2);
    for (int i = 0; i < 3; i++)
        publish(wire, "b/c", "{\"x\":1}", 1);
    struct topic_view a = topic_of(house, "a");
    assert_int_equal(a.messages, 1);
    assert_int_equal(a.last_wall_ns, HOUSE_WALL_NS);
    assert_true(a.use == TOPIC_READING && !a.why && !a.object && a.payload_known);
    expect_bytes(a.path, "a");
    struct topic_view b = topic_of(house, "b/c");
    assert_int_equal(b.messages, 3);
    assert_int_equal(b.last_wall_ns, HOUSE_WALL_NS + NS_PER_S / 2);
    assert_true(b.use == TOPIC_READING && b.object);
    expect_bytes(b.path, "b/c");
    assert_int_equal(count_topics(house), 2);
}

static void expect_use(struct test_house *house, const char *topic, enum topic_use use,
                       enum admit admit, const char *why)
{
    struct topic_view view = topic_of(house, topic);
    assert_string_equal(topic_use_word(view.use), topic_use_word(use));
    assert_string_equal(admit_name(view.admit), admit_name(admit));
    assert_non_null(strstr(view.why, why));
    if (use != TOPIC_REFUSED)
        assert_int_equal(view.path.size, 0);
}

static void test_why_a_topic_is_no_reading(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    struct mqtt_publish request = {
        .topic = bytes_text("ask"),
        .payload = bytes_text("1"),
        .properties = {.has = PROPERTY(8), .response_topic = bytes_text("answer")}};
    wire_send_publish(wire, &request);
    publish(wire, "answer", "1", 0);
    publish(wire, "json", "{no", 0);
    publish(wire, "a//b", "1", 0);
    publish(wire, "$own", "1", 0);
    publish(wire, "typed", "1", 0);
    publish(wire, "typed", "\"hot\"", 0);
    publish(wire, "$SYS/x", "1", 0); /* is no message at all */
    snprintf(house->settings.readings_match, sizeof house->settings.readings_match, "json x/#");
    publish(wire, "y", "1", 0);
    expect_use(house, "answer", TOPIC_RESPONSE, ADMIT_DONE, "response");
    expect_use(house, "json", TOPIC_REFUSED, ADMIT_NOT_A_READING, "JSON");
    expect_use(house, "a//b", TOPIC_REFUSED, ADMIT_TOPIC_INVALID, "path");
    expect_use(house, "$own", TOPIC_DOLLAR, ADMIT_DONE, "$");
    expect_use(house, "typed", TOPIC_REFUSED, ADMIT_TYPE, "type");
    expect_use(house, "y", TOPIC_NOT_MATCHED, ADMIT_DONE, "readings.match");
    assert_int_equal(topic_of(house, "json").fault, PAYLOAD_BAD_JSON);
    expect_bytes(topic_of(house, "json").path, "json");
    struct topic_view view;
    assert_false(find_topic(house, "$SYS/x", &view));
    snprintf(house->settings.readings_match, sizeof house->settings.readings_match, "#");
    publish(wire, "typed", "2", 0); /* what is said is the last message's */
    assert_int_equal(topic_of(house, "typed").use, TOPIC_READING);
}

static void test_newest_first(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    struct topic_view view;
    uint64_t cursor = 0;
    for (unsigned i = 0; i < 10; i++)
        publish_number(wire, i);
    publish_number(wire, 3);
    static const char *const order[] = {"t/3", "t/9", "t/8", "t/7", "t/6"};
    for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
        assert_true(broker_topic_next(house->broker, &cursor, &view));
        expect_bytes(view.topic, order[i]);
    }
    publish_number(wire, 6); /* the one the walk stands on goes to the front: it goes on behind */
    publish_number(wire, 2); /* and so does one that lay ahead of it */
    assert_true(broker_topic_next(house->broker, &cursor, &view));
    expect_bytes(view.topic, "t/5");
    publish_number(wire, 11);
    assert_true(broker_topic_next(house->broker, &cursor, &view));
    expect_bytes(view.topic, "t/4");
    assert_true(broker_topic_next(house->broker, &cursor, &view));
    expect_bytes(view.topic, "t/1");
    assert_true(broker_topic_next(house->broker, &cursor, &view));
    expect_bytes(view.topic, "t/0");
    assert_false(broker_topic_next(house->broker, &cursor, &view));
    assert_false(broker_topic_next(house->broker, &cursor, &view));
}

/* A cursor comes back from whoever asks, who may have made it up. */
static void test_any_cursor_may_be_tried(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    struct topic_view view;
    publish_number(wire, 1);
    publish_number(wire, 2);
    for (uint64_t sequence = 0; sequence < 5; sequence++)
        for (uint64_t place = 0; place < TOPICS_SEEN_MAX; place++) {
            uint64_t cursor = sequence * TOPICS_SEEN_MAX + place;
            size_t count = 0;
            while (broker_topic_next(house->broker, &cursor, &view))
                count++;
            size_t expected = sequence == 0 ? 0 : sequence < 3 ? (size_t)sequence - 1 : 2;
            assert_int_equal(count, sequence + place == 0 ? 2 : expected);
        }
    uint64_t last = UINT64_MAX;
    assert_true(broker_topic_next(house->broker, &last, &view));
    expect_bytes(view.topic, "t/2");
}

/* Few enough a second that each is noted. */
static void publish_numbers(struct wire *wire, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        if (i % 500 == 0)
            house_advance(wire->house, NS_PER_S);
        publish_number(wire, i);
    }
    house_settle(wire->house);
}

static void test_topics_at_both_sides(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    struct topic_view view;
    publish_numbers(wire, 0, TOPICS_SEEN_MAX);
    assert_int_equal(count_topics(house), TOPICS_SEEN_MAX);
    assert_true(find_topic(house, "t/0", &view) && find_topic(house, "t/1", &view));
    publish_number(wire, 0); /* not silent any more: 1 is the oldest */
    publish_number(wire, TOPICS_SEEN_MAX);
    assert_int_equal(count_topics(house), TOPICS_SEEN_MAX);
    assert_true(find_topic(house, "t/0", &view) && !find_topic(house, "t/1", &view));
    assert_true(find_topic(house, "t/2", &view) && find_topic(house, "t/4096", &view));
    publish_numbers(wire, 5000, 5000 + TOPICS_SEEN_MAX); /* all of them anew */
    assert_int_equal(count_topics(house), TOPICS_SEEN_MAX);
    assert_false(find_topic(house, "t/0", &view) || find_topic(house, "t/4096", &view));
}

static void publish_long(struct wire *wire, unsigned number, size_t size)
{
    static char topic[TOPIC_SEEN_BYTES_MAX + 2];
    memset(topic, 'x', sizeof topic);
    topic[snprintf(topic, sizeof topic, "%u", number)] = '-';
    publish_bytes(wire, bytes_of(topic, size), bytes_text("1"));
}

static void test_bytes_at_both_sides(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    const unsigned most = TOPICS_SEEN_BYTES / TOPIC_SEEN_BYTES_MAX;
    publish_long(wire, 1, TOPIC_SEEN_BYTES_MAX + 1);
    assert_int_equal(count_topics(house), 0);
    for (unsigned i = 0; i < most; i++) {
        if (i % 500 == 0)
            house_advance(house, NS_PER_S);
        publish_long(wire, i, TOPIC_SEEN_BYTES_MAX);
        house_settle(house);
    }
    assert_int_equal(count_topics(house), most);
    publish(wire, "a", "1", 0); /* for one byte one topic goes; there is room for others then */
    assert_int_equal(count_topics(house), most);
    publish(wire, "b", "1", 0);
    assert_int_equal(count_topics(house), most + 1);
    publish_long(wire, most, TOPIC_SEEN_BYTES_MAX);
    assert_int_equal(count_topics(house), most + 1);
    assert_true(house->broker->seen.bytes <= TOPICS_SEEN_BYTES);
}

/* Two topics, one nine times as frequent, in turns as strict as can be. */
static void test_a_loud_second_is_sampled(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    for (unsigned i = 0; i < 200000; i++) {
        publish_number(wire, i % 10 == 0);
        if (i % 5000 == 0)
            house_settle(house);
    }
    uint64_t rare = topic_of(house, "t/1").messages, often = topic_of(house, "t/0").messages;
    assert_true(house->broker->seen.sequence <= 8 * 1024);
    assert_in_range(rare + often, 199000, 200000);
    assert_in_range(rare, 14000, 26000);
    house_advance(house, NS_PER_S); /* as many may come now: some 1,024 of them are noted */
    uint64_t before = house->broker->seen.sequence;
    for (unsigned i = 0; i < 200000; i++) {
        publish_number(wire, i % 10 == 0);
        if (i % 5000 == 0)
            house_settle(house);
    }
    assert_in_range(house->broker->seen.sequence - before, 900, 1300);
    house_advance(house, NS_PER_S);
    house_advance(house, NS_PER_S); /* quiet again: each is noted, and nothing was lost */
    publish_number(wire, 7);
    struct topic_view view = topic_of(house, "t/7");
    assert_in_range(view.messages, 1, 500);
    publish_number(wire, 7);
    assert_int_equal(topic_of(house, "t/7").messages, view.messages + 1);
    assert_in_range(topic_of(house, "t/0").messages + topic_of(house, "t/1").messages +
                        topic_of(house, "t/7").messages,
                    400002, 400002);
}

/* ---- the dry run ---- */
#define TOPICS 96
struct fate {
    char topic[400], path[600];
    enum topic_use use;
    enum admit admit;
    enum payload_fault fault;
    bool found;
};
struct fates {
    struct fate at[TOPICS];
    size_t count;
};

static void fate_take(struct fates *fates, const struct topic_view *view)
{
    struct fate *fate = &fates->at[fates->count++];
    assert_true(fates->count <= TOPICS);
    *fate = (struct fate){.use = view->use, .admit = view->admit, .fault = view->fault};
    snprintf(fate->topic, sizeof fate->topic, "%.*s", (int)view->topic.size, view->topic.at);
    snprintf(fate->path, sizeof fate->path, "%.*s", (int)view->path.size, view->path.at);
}

static bool fate_each(void *arg, const struct topic_view *now, const struct topic_view *then)
{
    assert_true(bytes_equal(now->topic, then->topic));
    assert_int_equal(now->messages, then->messages);
    assert_true((then->use == TOPIC_READING) == !then->why);
    fate_take(arg, then);
    return true;
}

/* Of each kind of topic one with each kind of payload; the first level tells all of them apart. */
static void publish_all(struct wire *wire)
{
    static const char *const rests[] = {
        "",
        "/north/up/pump",
        "/north",
        "//b",
        "/n/b/c/d/e/f/g/h/i/j/k/l/m/n/o",
        "/n/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p",
        "/$x/y",
        "/n/SEGMENT",
        "/n/SEGMENTx",
        "/",
    };
    static const char *const payloads[] = {
        "1",         "ON",
        "{no",       "{\"a\":1}",
        "{}",        "[{\"a\":{\"b\":{\"c\":1}}},{\"a\":{\"b\":{\"c\":2}}}]",
        "{\"/\":1}", "{\"ts\":99999999999999999999,\"a\":1}",
    };
    char segment[129], topic[400];
    memset(segment, 's', 128);
    segment[128] = 0;
    for (size_t rest = 0; rest < ARRAY_COUNT(rests); rest++)
        for (size_t payload = 0; payload < ARRAY_COUNT(payloads); payload++) {
            int size = snprintf(topic, sizeof topic, "v%zuk%zu", rest, payload);
            const char *mark = strstr(rests[rest], "SEGMENT");
            int before = mark ? (int)(mark - rests[rest]) : (int)strlen(rests[rest]);
            snprintf(topic + size, sizeof topic - (size_t)size, "%.*s%s%s", before, rests[rest],
                     mark ? segment : "", mark ? mark + strlen("SEGMENT") : "");
            publish(wire, topic, payloads[payload], 1);
        }
    publish(wire, "$own/x", "1", 1);
}

/* What the dry run said of it is what became of it; what it says is a reading is there. */
static void expect_fate(struct test_house *house, const struct fates *fates,
                        const struct topic_view *view)
{
    struct points *points = engine_points(house->engine);
    const struct fate *fate = fates->at;
    while (fate < fates->at + fates->count && !bytes_equal(view->topic, bytes_text(fate->topic)))
        fate++;
    assert_true(fate < fates->at + fates->count);
    if (fate->use != view->use || fate->admit != view->admit || fate->fault != view->fault ||
        !bytes_equal(view->path, bytes_text(fate->path)))
        fail_msg("%s: foreseen %s %s %s %s, became %s %s %s %.*s", fate->topic,
                 topic_use_word(fate->use), admit_name(fate->admit),
                 payload_fault_name(fate->fault), fate->path, topic_use_word(view->use),
                 admit_name(view->admit), payload_fault_name(view->fault), (int)view->path.size,
                 view->path.at);
    bool there = points_find(points, TENANT_DEFAULT, bytes_text(fate->path)) != POINT_NONE ||
                 points_find_row(points, TENANT_DEFAULT, bytes_text(fate->path)) != ROW_NONE;
    if (view->use == TOPIC_READING)
        assert_true(there);
}

static size_t expect_fates(struct test_house *house, const struct fates *fates)
{
    struct topic_view view;
    uint64_t cursor = 0;
    size_t count = 0, readings = 0;
    for (; broker_topic_next(house->broker, &cursor, &view); count++) {
        expect_fate(house, fates, &view);
        readings += view.use == TOPIC_READING;
    }
    assert_int_equal(count, fates->count);
    return readings;
}

static void test_a_dry_run_tells_what_happens(void **state)
{
    static const struct {
        const char *match, *path;
        size_t readings_least;
    } rows[] = {
        {"#", "{topic}", 15},
        {"#", "x/{topic}", 15},
        {"#", "{2}/{1}", 15},
        {"#", "{2-}/{1}", 15},
        {"#", "{1}", 40},
        {"+/north/#", "p/{3}/{1}", 4},
        {"+/north/# v0k0", "{1}-{1}", 9},
        {"#", "a/b/c/d/e/f/g/h/i/j/k/l/m/{topic}", 6},
        {"$", "{topic}", 0},
        {"#", "{16}/{1}", 5},
        {"#", "{1}x/{3}", 5},
    };
    struct test_house *house = *state;
    struct fates *fates = calloc(1, sizeof *fates);
    char fault[SETTINGS_FAULT_SIZE] = "";
    assert_non_null(fates);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct wire *wire = join(house, "c", (struct how){0});
        publish_all(wire);
        fates->count = 0;
        assert_int_equal(broker_topics_dry_run(house->broker, rows[i].match, rows[i].path,
                                               fate_each, fates, fault),
                         OK);
        snprintf(house->settings.readings_match, sizeof house->settings.readings_match, "%s",
                 rows[i].match);
        snprintf(house->settings.readings_path, sizeof house->settings.readings_path, "%s",
                 rows[i].path);
        house_restart(house);
        wire = join(house, "c", (struct how){0});
        publish_all(wire);
        assert_true(expect_fates(house, fates) >= rows[i].readings_least);
    }
    free(fates);
}

static void test_a_dry_run_of_what_is_in_force(void **state)
{
    struct test_house *house = *state;
    struct fates *fates = calloc(1, sizeof *fates);
    char fault[SETTINGS_FAULT_SIZE] = "";
    assert_non_null(fates);
    struct wire *wire = join(house, "c", (struct how){0});
    publish_all(wire);
    assert_int_equal(broker_topics_dry_run(house->broker, NULL, NULL, fate_each, fates, fault), OK);
    assert_true(expect_fates(house, fates) > 0);
    free(fates);
}

static bool first_each(void *arg, const struct topic_view *now, const struct topic_view *then)
{
    int *calls = arg;
    (void)now;
    (void)then;
    return ++*calls < 3;
}

static void test_a_dry_run_that_cannot_be(void **state)
{
    struct test_house *house = *state;
    char fault[SETTINGS_FAULT_SIZE] = "", match[257];
    struct wire *wire = join(house, "c", (struct how){0});
    int calls = 0;
    publish_numbers(wire, 0, 5);
    assert_int_equal(broker_topics_dry_run(house->broker, NULL, "{0}", first_each, &calls, fault),
                     ERR_INVALID);
    assert_non_null(strstr(fault, "readings.path: "));
    memset(match, 'm', sizeof match);
    match[256] = 0;
    assert_int_equal(broker_topics_dry_run(house->broker, match, NULL, first_each, &calls, fault),
                     ERR_INVALID);
    assert_non_null(strstr(fault, "readings.match: "));
    assert_int_equal(broker_topics_dry_run(house->broker, "", NULL, first_each, &calls, fault),
                     ERR_INVALID);
    assert_int_equal(calls, 0);
    match[255] = 0;
    assert_int_equal(
        broker_topics_dry_run(house->broker, match, "x/{2}", first_each, &calls, fault), OK);
    assert_int_equal(calls, 3); /* until it said that this is enough */
}

/* Long payloads are not decoded twice: whether they hold objects is not known then. */
static void test_payloads_at_both_sides(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    static char payload[4097 + 1];
    memset(payload, ' ', sizeof payload);
    memcpy(payload, "{\"a\":1}", 7);
    publish_bytes(wire, bytes_text("short"), bytes_of(payload, 4096));
    publish_bytes(wire, bytes_text("long"), bytes_of(payload, 4097));
    house_settle(house);
    struct topic_view view = topic_of(house, "short");
    assert_true(view.use == TOPIC_READING && view.payload_known && view.object);
    view = topic_of(house, "long");
    assert_true(view.use == TOPIC_READING && !view.payload_known && !view.object);
}

/* What a topic carries may change: it is looked at again, at once when the engine judges otherwise.
 */
static void test_payloads_that_change(void **state)
{
    struct test_house *house = *state;
    struct wire *wire = join(house, "c", (struct how){0});
    publish(wire, "a", "{no", 0);
    assert_int_equal(topic_of(house, "a").fault, PAYLOAD_BAD_JSON);
    publish(wire, "a", "{\"x\":1}", 0);
    assert_true(topic_of(house, "a").object && topic_of(house, "a").use == TOPIC_READING);
    publish(wire, "b", "1", 0);
    for (int i = 0; i < 16; i++)
        publish(wire, "b", "{\"x\":1}", 0);
    assert_true(topic_of(house, "b").object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TALK(test_each_message_is_counted),
        TALK(test_why_a_topic_is_no_reading),
        TALK(test_newest_first),
        TALK(test_any_cursor_may_be_tried),
        TALK(test_topics_at_both_sides),
        TALK(test_bytes_at_both_sides),
        TALK(test_a_loud_second_is_sampled),
        TALK(test_a_dry_run_tells_what_happens),
        TALK(test_a_dry_run_of_what_is_in_force),
        TALK(test_a_dry_run_that_cannot_be),
        TALK(test_payloads_at_both_sides),
        TALK(test_payloads_that_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
