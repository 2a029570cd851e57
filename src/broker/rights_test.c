/* Rights: who comes in, what he may write and see, what is said to who may not, and that rights end
 * at once for those who are there. */
#include "broker/test_tenants.h"

static const struct right_wish line_rights[4] = {{"line/#", RIGHT_SEE | RIGHT_WRITE},
                                                 {"shown/#", RIGHT_SEE}};

struct plant {
    uint32_t tenant;
    struct device all, line; /* who may all, and who has line_rights */
};

static struct plant make_plant(struct test_house *house)
{
    struct plant plant = {.tenant = make_tenant(house, "acme", (struct tenant_quotas){0})};
    make_role(house, plant.tenant, "line", line_rights);
    plant.all = make_device(house, plant.tenant, "all", "operator");
    plant.line = make_device(house, plant.tenant, "line", "line");
    return plant;
}

static void publish_refused(struct wire *wire, const char *topic, uint8_t reason)
{
    publish_begin(wire, topic, "1", 1, false, 9);
    house_settle(wire->house);
    expect_ack(wire, MQTT_PUBACK, 9, reason);
}

static void subscribe_refused(struct wire *wire, const char *filter)
{
    subscribe_begin(wire, (struct wish){.filter = filter, .qos = 1});
    house_settle(wire->house);
    expect_suback(wire, MQTT_NOT_AUTHORIZED);
}

/* ---- CONNECT ---- */
static void test_nobody_comes_in_unknown(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct device wrong = plant.all;
    wrong.token[10] = wrong.token[10] == 'a' ? 'b' : 'a';
    struct how three = {.version = MQTT_3_1_1}, five = {.version = MQTT_5};
    refused(house, "x", five, MQTT_NOT_AUTHORIZED);
    refused(house, "x", three, MQTT_NOT_AUTHORIZED); /* code 5 */
    refused(house, "x", as(&wrong, five), MQTT_BAD_USER_OR_PASSWORD);
    refused(house, "x", as(&wrong, three), MQTT_BAD_USER_OR_PASSWORD); /* code 4 */
    five.user = "all";
    refused(house, "x", five, MQTT_BAD_USER_OR_PASSWORD);
    (void)enter_as(house, &plant.all, "x");
    assert_int_equal(talk_state(house).clients, 1);
}

static void test_a_suspended_tenant_stays_out(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct wire *wire = enter_as(house, &plant.all, "x");
    set_tenant_state(house, plant.tenant, TENANT_SUSPENDED);
    house_settle(house);
    expect_end(wire, MQTT_ADMINISTRATIVE_ACTION, CAUSE_REVOKED);
    refused(house, "x", as(&plant.all, (struct how){.version = MQTT_5}), MQTT_BAD_USER_OR_PASSWORD);
    set_tenant_state(house, plant.tenant, TENANT_ACTIVE);
    (void)enter_as(house, &plant.all, "x");
}

static void test_a_certificate_comes_in(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    uint8_t print[SECRET_DIGEST_SIZE] = {1, 2, 3};
    struct command command = {.kind = COMMAND_SECRET_ADD, .tenant = plant.tenant};
    command.access = (struct command_access){.owner = plant.line.account,
                                             .secret_kind = SECRET_CERTIFICATE,
                                             .id = bytes_of(print, sizeof print),
                                             .expires_wall_ns = INT64_MAX};
    (void)order(house, &command);
    for (int round = 0; round < 2; round++) {
        struct wire *wire = wire_open(house);
        struct mqtt_connect connect = {
            .version = MQTT_5, .clean_start = true, .client_id = bytes_text("x")};
        wire->link.fingerprint = bytes_of(print, sizeof print);
        wire_send_connect(wire, &connect);
        house_settle(house);
        expect_connack(wire, round ? MQTT_NOT_AUTHORIZED : MQTT_SUCCESS, false);
        if (round == 0) {
            publish(wire, "line/a", "1", 1);
            publish_refused(wire, "other", MQTT_NOT_AUTHORIZED);
        }
        vanish(wire);
        print[0] = 9;
    }
}

/* What the transport proved before (a cookie, a bearer token) stands for who says nothing. */
static void test_the_transport_knows_who(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct principal *principal;
    uint32_t retry_s;
    struct access_claim claim = {.how = ACCESS_BEARER,
                                 .door = ACTOR_MQTT,
                                 .secret = bytes_text(plant.line.token),
                                 .address = "x"};
    assert_int_equal(access_enter(house->access, &claim, NULL, NULL, &principal, &retry_s),
                     ACCESS_WELCOME);
    struct wire *wire = wire_open(house);
    struct mqtt_connect connect = {
        .version = MQTT_5, .clean_start = true, .client_id = bytes_text("x")};
    wire->link.principal = principal;
    wire_send_connect(wire, &connect);
    house_settle(house);
    expect_connack(wire, MQTT_SUCCESS, false);
    publish(wire, "line/a", "1", 1);
    vanish(wire);
    principal_release(principal);
}

static void test_connections_have_a_quota(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    set_quotas(house, plant.tenant, (struct tenant_quotas){.connections = 2});
    struct how five = as(&plant.all, (struct how){.version = MQTT_5});
    struct how three = as(&plant.all, (struct how){.version = MQTT_3_1_1});
    struct wire *a = enter_as(house, &plant.all, "a"), *b = enter_as(house, &plant.all, "b");
    refused(house, "c", five, MQTT_QUOTA_EXCEEDED);
    refused(house, "c", three, MQTT_SERVER_UNAVAILABLE);   /* code 3 */
    struct wire *again = enter_as(house, &plant.all, "a"); /* takes a's place */
    expect_end(a, MQTT_SESSION_TAKEN_OVER, CAUSE_TAKEN_OVER);
    refused(house, "c", five, MQTT_QUOTA_EXCEEDED);
    leave(b);
    (void)enter_as(house, &plant.all, "c");
    vanish(again);
    (void)enter_as(house, &plant.all, "d");
    refused(house, "e", five, MQTT_QUOTA_EXCEEDED);
    set_quotas(house, plant.tenant, (struct tenant_quotas){.connections = 3});
    (void)enter_as(house, &plant.all, "e");
}

static struct how with_will(const struct device *device, const char *topic)
{
    return as(device, (struct how){.version = MQTT_5,
                                   .will = {.present = true,
                                            .qos = 1,
                                            .topic = bytes_text(topic),
                                            .payload = bytes_text("gone")}});
}

static void test_a_will_needs_the_right(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct wire *all = enter_as(house, &plant.all, "all");
    subscribe(all, "#", 1);
    refused(house, "x", with_will(&plant.line, "shown/x"), MQTT_NOT_AUTHORIZED);
    refused(house, "x", with_will(&plant.line, "@bolt/x"), MQTT_NOT_AUTHORIZED);
    struct wire *wire = join(house, "x", with_will(&plant.line, "line/x"));
    vanish(wire);
    take_message(all, "line/x", "gone", 1);
    wire = join(house, "x", with_will(&plant.line, "line/x"));
    set_account_state(house, plant.tenant, plant.line.account, ACCOUNT_DISABLED);
    house_settle(house);
    expect_end(wire, MQTT_ADMINISTRATIVE_ACTION, CAUSE_REVOKED);
    expect_nothing(all); /* whoever may nothing publishes no will */
}

static void test_an_id_belongs_to_an_account(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct how keep = {.version = MQTT_5, .expiry_s = 1000};
    struct wire *wire = join(house, "one", as(&plant.line, keep));
    refused(house, "one", as(&plant.all, keep), MQTT_NOT_AUTHORIZED);
    assert_false(wire->ended);
    vanish(wire);
    refused(house, "one", as(&plant.all, keep), MQTT_NOT_AUTHORIZED);
    wire = rejoin(house, "one", as(&plant.line, keep));
    vanish(wire);
    set_account_state(house, plant.tenant, plant.line.account, ACCOUNT_DISABLED);
    house_settle(house);
    wire = rejoin(house, "one", as(&plant.all, keep)); /* the other may nothing any more */
    vanish(wire);
    house_restart(house);
    set_account_state(house, plant.tenant, plant.line.account, ACCOUNT_ACTIVE);
    wire = rejoin(house, "one", as(&plant.line, keep)); /* whoever comes first has it */
    vanish(wire);
}

/* What is a device's name is its client id alone, whether its session is there or not. */
static void test_a_devices_id_is_its_own(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct how five = {.version = MQTT_5, .expiry_s = 1000}, three = {.version = MQTT_3_1_1};
    refused(house, "line", as(&plant.all, five), MQTT_CLIENT_ID_NOT_VALID);
    refused(house, "line", as(&plant.all, three), MQTT_CLIENT_ID_NOT_VALID); /* code 2 */
    struct wire *wire = join(house, "line", as(&plant.line, five));
    refused(house, "line", as(&plant.all, five), MQTT_CLIENT_ID_NOT_VALID);
    assert_false(wire->ended);
    vanish(wire);
    house_restart(house);
    refused(house, "line", as(&plant.all, five), MQTT_CLIENT_ID_NOT_VALID);
    vanish(rejoin(house, "line", as(&plant.line, five)));
}

/* ---- PUBLISH ---- */
static void test_writing(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct wire *line = enter_as(house, &plant.line, "line"),
                *all = enter_as(house, &plant.all, "all");
    subscribe(all, "#", 1);
    for (int round = 0; round < 3; round++) {
        publish(line, "line/a", "1", 1);
        take_message(all, "line/a", "1", 1);
        publish_refused(line, "shown/a", MQTT_NOT_AUTHORIZED);
        publish_refused(line, "other", MQTT_NOT_AUTHORIZED);
        publish_refused(line, "lines", MQTT_NOT_AUTHORIZED);
        publish_refused(line, "@bolt/a", MQTT_TOPIC_NAME_INVALID);
        publish_refused(line, "$own/a", MQTT_NOT_AUTHORIZED);
        publish_refused(all, "@bolt/a", MQTT_TOPIC_NAME_INVALID);
        publish_refused(all, "$tenant/users", MQTT_NOT_AUTHORIZED);
        publish_flags(line, "other", "1", 0, true);
    }
    expect_nothing(all);
    assert_int_equal(talk_state(house).retained, 0);
    const struct broker_counters *counters = broker_counters(house->broker);
    assert_int_equal(counters->denied, 3 * 8);
    assert_int_equal(counters->dropped, 3);
    bool listed = false;
    for (size_t i = 0; i < engine_refused_count(house->engine); i++) {
        const struct refused *refused = engine_refused_at(house->engine, i);
        listed = listed ||
                 (refused->admit == ADMIT_DENIED && refused->count == 6 &&
                  refused->tenant == plant.tenant &&
                  bytes_equal(bytes_of(refused->topic, refused->topic_size), bytes_text("other")));
    }
    assert_true(listed);
}

static void test_writing_is_told_to_the_audit(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct wire *line = enter_as(house, &plant.line, "line");
    size_t before = house->audits;
    for (int i = 0; i < 50; i++)
        publish_refused(line, "other", MQTT_NOT_AUTHORIZED);
    assert_int_equal(house->audits, before + 1); /* once a minute */
    assert_string_equal(house->audit, "mqtt.publish other denied");
}

static void test_mqtt_3_has_no_no(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct wire *line = join(house, "line", as(&plant.line, (struct how){.version = MQTT_3_1_1})),
                *all = enter_as(house, &plant.all, "all");
    subscribe(all, "#", 2);
    publish(line, "other", "1", 1);
    publish(line, "other", "1", 2);
    expect_nothing(all);
    publish(line, "line/a", "1", 2);
    take_message(all, "line/a", "1", 2);
    subscribe_begin(line, (struct wish){.filter = "other", .qos = 1});
    house_settle(house);
    expect_suback(line, 0x80);
}

static void test_aliases(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct wire *line = enter_as(house, &plant.line, "line"),
                *all = enter_as(house, &plant.all, "all");
    subscribe(all, "#", 0);
    static const char *const topics[] = {"line/a", "other"};
    for (uint16_t i = 0; i < 6; i++) {
        struct mqtt_publish publish = {.payload = bytes_text("1"), .qos = 1, .packet_id = 3};
        publish.topic = i < 2 ? bytes_text(topics[i]) : bytes_of("", 0);
        publish.properties =
            (struct mqtt_properties){.has = PROPERTY(35), .topic_alias = (uint16_t)(1 + i % 2)};
        wire_send_publish(line, &publish);
        house_settle(house);
        expect_ack(line, MQTT_PUBACK, 3, i % 2 ? MQTT_NOT_AUTHORIZED : MQTT_SUCCESS);
        if (i % 2 == 0)
            take_message(all, "line/a", "1", 0);
    }
    expect_nothing(all);
}

static void test_templates_of_devices(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    make_role(house, plant.tenant, "own",
              (const struct right_wish[4]){{"by-id/%c/#", RIGHT_SEE | RIGHT_WRITE},
                                           {"by-name/%u/#", RIGHT_SEE | RIGHT_WRITE}});
    struct device device = make_device(house, plant.tenant, "press", "own");
    struct device first = make_device(house, plant.tenant, "one", "own");
    struct wire *one = enter_as(house, &first, "one"), *two = enter_as(house, &device, "two"),
                *odd = enter_as(house, &device, "+");
    publish(one, "by-id/one/t", "1", 1);
    publish_refused(one, "by-id/two/t", MQTT_NOT_AUTHORIZED);
    publish_refused(two, "by-id/two/t", MQTT_NOT_AUTHORIZED); /* a device is its name alone */
    publish(two, "by-name/press/t", "1", 1);
    publish_refused(two, "by-name/two/t", MQTT_NOT_AUTHORIZED);
    publish_refused(odd, "by-id/two/t", MQTT_NOT_AUTHORIZED); /* a name is no wildcard */
    subscribe_refused(odd, "by-id/two/t");
    subscribe_refused(one, "by-id/two/#");
    subscribe(one, "by-id/one/#", 1);
    publish(one, "by-id/one/t", "2", 1);
    take_message(one, "by-id/one/t", "2", 1);
}

/* Who may write a topic alone may not make points below it. */
static void test_objects_need_what_is_below(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    make_role(house, plant.tenant, "flat",
              (const struct right_wish[4]){{"a/+", RIGHT_WRITE}, {"b/#", RIGHT_WRITE}});
    struct device device = make_device(house, plant.tenant, "flat", "flat");
    struct wire *wire = enter_as(house, &device, "flat");
    struct points *points = engine_points(house->engine);
    static const char *const topics[] = {"a/x", "b/x"};
    for (uint32_t i = 0; i < 2; i++) {
        publish_begin(wire, topics[i], "{\"deep\":{\"er\":1}}", 1, false, 3);
        house_settle(house);
        expect_ack(wire, MQTT_PUBACK, 3, i ? MQTT_SUCCESS : MQTT_NO_MATCHING_SUBSCRIBERS);
        publish(wire, topics[i], "1", 1);
    }
    assert_int_equal(points_find(points, plant.tenant, bytes_text("a/x/deep/er")), POINT_NONE);
    assert_int_not_equal(points_find(points, plant.tenant, bytes_text("b/x/deep/er")), POINT_NONE);
    assert_int_not_equal(points_find(points, plant.tenant, bytes_text("a/x")), POINT_NONE);
    assert_int_not_equal(points_find(points, plant.tenant, bytes_text("b/x")), POINT_NONE);
}

/* Where readings.path puts them is to be written as well. */
static void test_readings_elsewhere(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    snprintf(house->settings.readings_path, sizeof house->settings.readings_path, "{2-}");
    house_restart(house);
    struct wire *line = enter_as(house, &plant.line, "line"),
                *all = enter_as(house, &plant.all, "all");
    struct points *points = engine_points(house->engine);
    subscribe(all, "#", 1);
    static const char *const topics[] = {"line/other/a", "line/line/a", "line/@bolt/a"};
    for (size_t i = 0; i < ARRAY_COUNT(topics); i++) { /* each is a message all the same */
        publish(line, topics[i], "1", 1);
        take_message(all, topics[i], "1", 1);
    }
    assert_int_equal(points_find(points, plant.tenant, bytes_text("other/a")), POINT_NONE);
    assert_int_equal(points_find(points, plant.tenant, bytes_text("@bolt/a")), POINT_NONE);
    assert_int_not_equal(points_find(points, plant.tenant, bytes_text("line/a")), POINT_NONE);
}

/* ---- SUBSCRIBE ---- */
static void test_seeing(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct wire *line = enter_as(house, &plant.line, "line"),
                *all = enter_as(house, &plant.all, "all");
    retain(all, "other/r", "r", 1);
    retain(all, "line/r", "r", 1);
    subscribe_refused(line, "other/#");
    subscribe_refused(line, "$own/#");
    subscribe(line, "#", 1);
    take_message(line, "line/r", "r", 1);
    subscribe(line, "+/r", 1);
    take_message(line, "line/r", "r", 1);
    publish(all, "other/a", "1", 1);
    publish(all, "other/a", "1", 0);
    expect_nothing(line);
    publish(all, "shown/a", "1", 1);
    take_message(line, "shown/a", "1", 1);
    publish(all, "/line/a", "1", 1); /* an empty level in front: another topic */
    expect_nothing(line);
    assert_int_equal(broker_counters(house->broker)->denied, 2);
}

/* One of a group must see all that the group is given. */
static void test_shared_needs_all(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct wire *line = enter_as(house, &plant.line, "line"),
                *all = enter_as(house, &plant.all, "all");
    subscribe_refused(line, "$share/g/#");
    subscribe_refused(line, "$share/g/other");
    subscribe(line, "$share/g/line/#", 1);
    subscribe(all, "$share/g/line/#", 1);
    for (int i = 0; i < 2; i++) {
        publish(all, "line/a", "1", 1);
        take_message(i ? all : line, "line/a", "1", 1);
    }
}

static void test_queues_hold_what_may_be_seen(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct how keep = {.version = MQTT_5, .expiry_s = 1000};
    struct wire *line = join(house, "line", as(&plant.line, keep)),
                *all = enter_as(house, &plant.all, "all");
    subscribe(line, "#", 1);
    vanish(line);
    publish(all, "other", "1", 1);
    publish(all, "line/a", "1", 1);
    assert_int_equal(talk_state(house).queued, 1);
    vanish(all);
    house_restart(house); /* and now it is not known what the client may see */
    all = enter_as(house, &plant.all, "all");
    publish(all, "other", "2", 1);
    publish(all, "line/a", "2", 1);
    assert_int_equal(talk_state(house).queued, 3);
    line = rejoin(house, "line", as(&plant.line, keep));
    struct packet first = expect_message(line, "line/a", "1", 1);
    struct packet second = expect_message(line, "line/a", "2", 1);
    finish_message(line, &first);
    finish_message(line, &second);
    expect_nothing(line);
    assert_int_equal(talk_state(house).queued, 0);
}

/* ---- rights that change ---- */
static void test_who_is_disabled_is_gone(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct wire *five = enter_as(house, &plant.line, "five"),
                *three = join(house, "three", as(&plant.line, (struct how){.version = 4})),
                *all = enter_as(house, &plant.all, "all");
    set_account_state(house, plant.tenant, plant.line.account, ACCOUNT_DISABLED);
    expect_end(five, MQTT_ADMINISTRATIVE_ACTION, CAUSE_REVOKED); /* before anything else is done */
    expect_end(three, 0, CAUSE_REVOKED);
    assert_false(all->ended);
    assert_int_equal(broker_counters(house->broker)->revoked, 2);
    refused(house, "five", as(&plant.line, (struct how){.version = MQTT_5}),
            MQTT_BAD_USER_OR_PASSWORD);
}

static void test_a_secret_that_is_taken_back(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct wire *line = enter_as(house, &plant.line, "line");
    remove_secret(house, &plant.line);
    expect_end(line, MQTT_ADMINISTRATIVE_ACTION, CAUSE_REVOKED);
}

static void test_subscriptions_end_with_their_right(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct how keep = {.version = MQTT_5, .expiry_s = 1000};
    struct wire *line = join(house, "line", as(&plant.line, keep)),
                *all = enter_as(house, &plant.all, "all");
    subscribe(line, "line/#", 1);
    subscribe(line, "shown/a", 1);
    subscribe(line, "$share/g/shown/b", 1);
    make_role(house, plant.tenant, "line", (const struct right_wish[4]){{"line/a", RIGHT_ALL}});
    house_settle(house);
    assert_false(line->ended);
    publish(all, "shown/a", "1", 1);
    publish(all, "shown/b", "1", 1);
    publish(all, "line/b", "1", 1);
    expect_nothing(line);
    publish(all, "line/a", "1", 1);
    take_message(line, "line/a", "1", 1);
    publish_refused(line, "line/b", MQTT_NOT_AUTHORIZED);
    vanish(line);
    house_restart(house); /* they ended on the disk as well */
    assert_int_equal(talk_state(house).subscriptions, 1);
    all = enter_as(house, &plant.all, "all");
    make_role(house, plant.tenant, "line", line_rights);
    publish(all, "shown/a", "1", 1);
    line = rejoin(house, "line", as(&plant.line, keep));
    expect_nothing(line);
    publish(all, "line/b", "1", 1); /* what was narrower is wide again */
    take_message(line, "line/b", "1", 1);
}

/* What lies in a queue, or waits for a client that does not read, is judged when it is sent. */
static void test_what_waits_is_judged_when_sent(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct how keep = {.version = MQTT_5, .expiry_s = 1000};
    struct wire *kept = join(house, "kept", as(&plant.line, keep)),
                *live = enter_as(house, &plant.line, "live"),
                *all = enter_as(house, &plant.all, "all");
    subscribe(kept, "shown/#", 1);
    subscribe(live, "shown/#", 1);
    vanish(kept);
    wire_choke(live, true);
    for (uint8_t qos = 0; qos < 3; qos++)
        publish(all, "shown/a", "1", qos);
    make_role(house, plant.tenant, "line", (const struct right_wish[4]){{"line/a", RIGHT_ALL}});
    wire_choke(live, false);
    house_settle(house);
    expect_nothing(live);
    kept = rejoin(house, "kept", as(&plant.line, keep));
    expect_nothing(kept);
    assert_int_equal(talk_state(house).queued, 0);
    assert_true(broker_counters(house->broker)->dropped_denied >= 4);
}

static void test_a_right_that_comes_back(void **state)
{
    struct test_house *house = *state;
    struct plant plant = make_plant(house);
    struct wire *line = enter_as(house, &plant.line, "line");
    publish_refused(line, "other", MQTT_NOT_AUTHORIZED);
    set_role(house, plant.tenant, plant.line.account, "operator");
    publish(line, "other", "1", 1);
    subscribe(line, "#", 1);
    publish(line, "other", "2", 1);
    take_message(line, "other", "2", 1);
    set_role(house, plant.tenant, plant.line.account, "line");
    publish_refused(line, "other", MQTT_NOT_AUTHORIZED);
    publish(line, "line/a", "2", 1);
    take_message(line, "line/a", "2", 1);
    set_role(house, plant.tenant, plant.line.account, NULL);
    house_settle(house);
    publish_refused(line, "line/a", MQTT_NOT_AUTHORIZED);
    subscribe_refused(line, "line/a");
    assert_int_equal(talk_state(house).subscriptions, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TENANTS(test_nobody_comes_in_unknown),
        TENANTS(test_a_suspended_tenant_stays_out),
        TENANTS(test_a_certificate_comes_in),
        TENANTS(test_the_transport_knows_who),
        TENANTS(test_connections_have_a_quota),
        TENANTS(test_a_will_needs_the_right),
        TENANTS(test_an_id_belongs_to_an_account),
        TENANTS(test_a_devices_id_is_its_own),
        TENANTS(test_writing),
        TENANTS(test_writing_is_told_to_the_audit),
        TENANTS(test_mqtt_3_has_no_no),
        TENANTS(test_aliases),
        TENANTS(test_templates_of_devices),
        TENANTS(test_objects_need_what_is_below),
        TENANTS(test_readings_elsewhere),
        TENANTS(test_seeing),
        TENANTS(test_shared_needs_all),
        TENANTS(test_queues_hold_what_may_be_seen),
        TENANTS(test_who_is_disabled_is_gone),
        TENANTS(test_a_secret_that_is_taken_back),
        TENANTS(test_subscriptions_end_with_their_right),
        TENANTS(test_what_waits_is_judged_when_sent),
        TENANTS(test_a_right_that_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
