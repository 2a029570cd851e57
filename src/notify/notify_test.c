/* Which delivery has its turn, what is said of it to whom, and signatures. What receivers make of
 * it is a scenario (notices). */
#include "notify/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_S 30

struct house {
    struct state *state;
    struct points *points;
    struct timing *timing;
    struct notices *notices;
    struct access_model *people;
    struct settings settings;
    struct secret_key *key;
    struct notify *notify;
    struct record_stamp stamp;
    bool refuses; /* the engine takes no command just now */
    bool forgets; /* it takes it, and a write fails */
    unsigned commands;
    enum notify_taken taken; /* what the broker says */
    unsigned published;
    char payload[4096], topic[64];
};

static enum outcome_code apply(struct house *h, uint8_t kind, const struct form_writer *form)
{
    struct outcome outcome;
    struct notices_effects effects;
    struct fact fact = {.kind = FACT_MODULE, .command = {.kind = kind, .tenant = TENANT_DEFAULT}};
    assert_true(form_end(form, &fact.command.module.form));
    h->stamp.position++;
    assert_int_equal(
        notices_apply_fact(h->notices, h->points, &fact, &h->stamp, &outcome, &effects), OK);
    return outcome.code;
}

static bool port_command(void *arg, const struct command *command)
{
    struct house *h = arg;
    struct form_writer form = {.at = (uint8_t *)(uintptr_t)command->module.form.at,
                               .size = command->module.form.size};
    if (h->refuses)
        return false;
    h->commands++;
    if (!h->forgets)
        assert_int_equal(apply(h, command->kind, &form), OUTCOME_DONE);
    return true;
}

static enum notify_taken port_publish(void *arg, uint32_t tenant, struct bytes topic,
                                      struct bytes payload, const char **ret_fault)
{
    struct house *h = arg;
    assert_int_equal(tenant, TENANT_DEFAULT);
    snprintf(h->topic, sizeof h->topic, "%.*s", (int)topic.size, (const char *)topic.at);
    snprintf(h->payload, sizeof h->payload, "%.*s", (int)payload.size, (const char *)payload.at);
    h->published++;
    *ret_fault = "the broker is full";
    return h->taken;
}

static const struct notify_port port = {.command = port_command, .publish = port_publish};

static void house_open(struct house *h)
{
    static const uint8_t key[SECRET_KEY_SIZE] = {1, 2, 3};
    memset(h, 0, sizeof *h);
    assert_int_equal(secrets_start(), OK);
    assert_int_equal(state_create(&h->state), OK);
    assert_int_equal(points_create(h->state, &points_limits_default, &h->points), OK);
    assert_int_equal(timing_create(h->state, 1000, &h->timing), OK);
    assert_int_equal(
        notices_create(h->state, &notices_limits_default, h->points, h->timing, &h->notices), OK);
    assert_int_equal(access_model_create(h->state, &access_limits_default, &h->people), OK);
    assert_int_equal(secret_key_create(key, &h->key), OK);
    settings_default(&h->settings);
    h->settings.notify_inner = true;
    h->stamp = (struct record_stamp){.position = 1, .engine_ns = 1, .wall_ns = 1000 * NS_PER_S};
    const struct notify_config config = {.settings = &h->settings,
                                         .notices = h->notices,
                                         .people = h->people,
                                         .key = h->key,
                                         .clock = clock_real(),
                                         .port = &port,
                                         .arg = h};
    assert_int_equal(notify_create(&config, &h->notify), OK);
}

static void house_close(struct house *h)
{
    notify_destroy(h->notify);
    secret_key_destroy(h->key);
    access_model_destroy(h->people);
    notices_destroy(h->notices);
    timing_destroy(h->timing);
    points_destroy(h->points);
    state_destroy(h->state);
}

static void channel(struct house *h, const char *name, enum channel_kind kind, const char *target,
                    struct bytes sealed)
{
    uint8_t at[2048];
    struct form_writer form = {.at = at, .capacity = sizeof at};
    form_put_text(&form, CHANNEL_TAG_NAME, bytes_text(name));
    form_put_integer(&form, CHANNEL_TAG_KIND, kind);
    form_put_text(&form, CHANNEL_TAG_TARGET, bytes_text(target));
    if (sealed.size > 0)
        form_put_text(&form, CHANNEL_TAG_SECRET, sealed);
    assert_int_equal(apply(h, COMMAND_CHANNEL_SET, &form), OUTCOME_DONE);
}

static void test_of(struct house *h, const char *name)
{
    uint8_t at[256];
    struct form_writer form = {.at = at, .capacity = sizeof at};
    form_put_text(&form, CHANNEL_TAG_NAME, bytes_text(name));
    assert_int_equal(apply(h, COMMAND_CHANNEL_TEST, &form), OUTCOME_DONE);
}

static struct delivery_view delivery_of(struct house *h, uint64_t number)
{
    struct delivery_view view;
    assert_true(notices_delivery(h->notices, number, &view));
    return view;
}

/* ---- topics ------------------------------------------------------------------------------------
 */
static void test_a_topic(void **arg)
{
    (void)arg;
    struct house h;
    char first[4096];
    house_open(&h);
    channel(&h, "t", CHANNEL_MQTT, "alarms/out", bytes_of("", 0));
    assert_true(notify_step(h.notify) == INT64_MAX);
    test_of(&h, "t");
    h.taken = NOTIFY_LATER;
    assert_true(notify_step(h.notify) < NS_PER_S); /* it comes again by itself */
    assert_int_equal(h.published, 1);
    memcpy(first, h.payload, sizeof first);
    h.taken = NOTIFY_TAKEN;
    h.refuses = true;
    assert_true(notify_step(h.notify) < NS_PER_S);
    assert_int_equal(h.published, 2);
    assert_string_equal(h.topic, "alarms/out");
    assert_string_equal(h.payload, first); /* the same words */
    assert_non_null(strstr(first, "\"test\":true"));
    assert_true(notify_step(h.notify) < NS_PER_S);
    assert_int_equal(h.published, 2); /* what is told to the engine is not sent again */
    h.refuses = false;
    assert_true(notify_step(h.notify) == INT64_MAX);
    assert_int_equal(delivery_of(&h, 1).state, DELIVERY_SENT);
    h.taken = NOTIFY_NOT_TAKEN;
    test_of(&h, "t");
    (void)notify_step(h.notify);
    (void)notify_step(h.notify);
    assert_int_equal(delivery_of(&h, 2).state, DELIVERY_RETRY);
    assert_int_equal(delivery_of(&h, 2).error.size, strlen("the broker is full"));
    house_close(&h);
}

static void test_a_command_that_is_lost(void **arg)
{
    (void)arg;
    struct house h;
    house_open(&h);
    channel(&h, "t", CHANNEL_MQTT, "alarms/out", bytes_of("", 0));
    test_of(&h, "t");
    h.forgets = true;
    (void)notify_step(h.notify);
    (void)notify_step(h.notify);
    (void)notify_step(h.notify);
    assert_int_equal(h.commands, 1); /* it is on its way to the disk, as far as anybody knows */
    notify_lost(h.notify);
    h.forgets = false;
    (void)notify_step(h.notify);
    assert_int_equal(h.commands, 2);
    assert_int_equal(h.published, 1);
    assert_int_equal(delivery_of(&h, 1).state, DELIVERY_SENT);
    house_close(&h);
}

static void test_a_secret_of_another_house(void **arg)
{
    (void)arg;
    struct house h;
    struct secret_key *other;
    static const uint8_t bytes[SECRET_KEY_SIZE] = {9}, nonce[SECRET_NONCE_SIZE];
    uint8_t sealed[64 + SECRET_SEAL_OVERHEAD];
    house_open(&h);
    assert_int_equal(secret_key_create(bytes, &other), OK);
    size_t size = secret_seal(other, bytes_text("channel 1 t"), nonce, bytes_text("words"), sealed);
    channel(&h, "t", CHANNEL_MQTT, "alarms/out", bytes_of(sealed, size));
    test_of(&h, "t");
    (void)notify_step(h.notify);
    (void)notify_step(h.notify);
    assert_int_equal(h.published, 0);
    assert_int_equal(delivery_of(&h, 1).state, DELIVERY_RETRY);
    secret_key_destroy(other);
    house_close(&h);
}

/* ---- turns -------------------------------------------------------------------------------------
 */
struct receiver { /* takes connections and says nothing */
    int fd;
    char url[64];
};

static void receiver_open(struct receiver *receiver)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    receiver->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(receiver->fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(receiver->fd, 16), 0);
    assert_int_equal(getsockname(receiver->fd, (struct sockaddr *)&address, &size), 0);
    snprintf(receiver->url, sizeof receiver->url, "http://127.0.0.1:%u/in",
             ntohs(address.sin_port));
}

/* The next connection, whose request has begun; answers it. */
static void receiver_answer(const struct receiver *receiver, const char *answer)
{
    char request[8192];
    struct pollfd wait = {.fd = receiver->fd, .events = POLLIN};
    size_t size = 0;
    assert_int_equal(poll(&wait, 1, PATIENCE_S * 1000), 1);
    int fd = accept(receiver->fd, NULL, NULL);
    assert_true(fd >= 0);
    while (size < sizeof request - 1) {
        ssize_t more = read(fd, request + size, sizeof request - 1 - size);
        assert_true(more > 0);
        size += (size_t)more;
        request[size] = '\0';
        if (strstr(request, "\"alarms\":") != NULL)
            break;
    }
    assert_non_null(strstr(request, "POST /in HTTP/1.1\r\n"));
    assert_int_equal(write(fd, answer, strlen(answer)), strlen(answer));
    close(fd);
}

static unsigned under_way(const struct house *h)
{
    struct notify_counters counters;
    notify_describe(h->notify, &counters);
    return counters.under_way;
}

/* Threads come back, and what they brought is told. */
static void threads_step(struct house *h)
{
    struct pollfd wait[NOTIFY_THREADS];
    for (unsigned i = 0; i < NOTIFY_THREADS; i++)
        wait[i] = (struct pollfd){.fd = notify_fd(h->notify, i), .events = POLLIN};
    (void)poll(wait, NOTIFY_THREADS, 100);
    (void)notify_step(h->notify);
}

static int64_t patience_end_ns(void)
{
    return clock_real()->boot_ns(clock_real()) + PATIENCE_S * NS_PER_S;
}

static void wait_state(struct house *h, uint64_t number, uint8_t state)
{
    for (int64_t end_ns = patience_end_ns(); delivery_of(h, number).state != state;) {
        assert_true(clock_real()->boot_ns(clock_real()) < end_ns);
        threads_step(h);
    }
}

static void wait_sent(struct house *h, uint64_t count)
{
    struct notify_counters counters = {0};
    for (int64_t end_ns = patience_end_ns(); counters.sent < count;) {
        assert_true(clock_real()->boot_ns(clock_real()) < end_ns);
        threads_step(h);
        notify_describe(h->notify, &counters);
    }
}

static void test_turns(void **arg)
{
    (void)arg;
    struct house h;
    struct receiver receiver;
    house_open(&h);
    receiver_open(&receiver);
    channel(&h, "a", CHANNEL_WEBHOOK, receiver.url, bytes_of("", 0));
    channel(&h, "b", CHANNEL_WEBHOOK, receiver.url, bytes_of("", 0));
    channel(&h, "c", CHANNEL_WEBHOOK, receiver.url, bytes_of("", 0));
    test_of(&h, "a");
    test_of(&h, "a");
    (void)notify_step(h.notify);
    assert_int_equal(under_way(&h), 1); /* of a channel one at a time */
    test_of(&h, "b");
    test_of(&h, "c");
    (void)notify_step(h.notify);
    (void)notify_step(h.notify);
    assert_int_equal(under_way(&h), NOTIFY_THREADS_TENANT);
    /* Whoever connected first is answered first: of these the order is not known. */
    for (unsigned i = 0; i < 4; i++) {
        receiver_answer(&receiver, "HTTP/1.1 204 No Content\r\n\r\n");
        wait_sent(&h, i + 1);
    }
    for (uint64_t number = 1; number <= 4; number++)
        assert_int_equal(delivery_of(&h, number).state, DELIVERY_SENT);
    assert_int_equal(under_way(&h), 0);
    close(receiver.fd);
    house_close(&h);
}

static void test_what_an_answer_means(void **arg)
{
    (void)arg;
    static const struct {
        const char *answer;
        uint8_t state;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", DELIVERY_SENT},
        {"HTTP/1.1 299 Fine\r\nContent-Length: 0\r\n\r\n", DELIVERY_SENT},
        {"HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 0\r\n\r\n", DELIVERY_RETRY},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", DELIVERY_RETRY},
        {"HTTP/1.1 422 No\r\nContent-Length: 0\r\n\r\n", DELIVERY_GIVEN_UP},
        {"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n", DELIVERY_GIVEN_UP},
        {"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n", DELIVERY_RETRY},
        {"SSH-2.0-OpenSSH\r\n", DELIVERY_RETRY},
        {"", DELIVERY_RETRY},
    };
    struct house h;
    struct receiver receiver;
    house_open(&h);
    receiver_open(&receiver);
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char name[8];
        snprintf(name, sizeof name, "c%zu", i);
        channel(&h, name, CHANNEL_WEBHOOK, receiver.url, bytes_of("", 0));
        test_of(&h, name);
        (void)notify_step(h.notify);
        receiver_answer(&receiver, cases[i].answer);
        wait_state(&h, i + 1, cases[i].state);
    }
    close(receiver.fd);
    house_close(&h);
}

/* Addresses of this machine, and those where clouds tell it its keys, are for who runs it to allow.
 */
static void test_inner_addresses(void **arg)
{
    (void)arg;
    static const char *const urls[] = {"http://127.0.0.1:9/",     "http://[::ffff:127.0.0.1]:9/",
                                       "http://169.254.169.254/", "http://100.100.100.200/",
                                       "http://192.0.0.192/",     "http://[fd00:ec2::254]/",
                                       "http://[fd20:ce::254]/"};
    struct house h;
    house_open(&h);
    h.settings.notify_inner = false;
    for (size_t i = 0; i < ARRAY_COUNT(urls); i++) {
        char name[8];
        snprintf(name, sizeof name, "c%zu", i);
        channel(&h, name, CHANNEL_WEBHOOK, urls[i], bytes_of("", 0));
        test_of(&h, name);
        (void)notify_step(h.notify);
        wait_state(&h, i + 1, DELIVERY_RETRY);
        struct bytes error = delivery_of(&h, i + 1).error;
        assert_true(error.size > 20 && memmem(error.at, error.size, "notify.inner", 12) != NULL);
    }
    house_close(&h);
}

/* ---- signatures --------------------------------------------------------------------------------
 */
/* The example of Standard Webhooks, and of every library of it. */
static void test_signatures(void **arg)
{
    (void)arg;
    char signature[NOTIFY_SIGNATURE_SIZE];
    assert_true(notify_sign(bytes_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
                            "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                            bytes_text("{\"test\": 2432232314}"), signature));
    assert_string_equal(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_true(notify_secret_is_good(bytes_text("a word")));
    assert_true(notify_secret_is_good(bytes_text("whsec_YQ==")));
    assert_false(notify_secret_is_good(bytes_text("whsec_")));
    assert_false(notify_secret_is_good(bytes_text("whsec_YQ")));
    assert_false(notify_secret_is_good(bytes_text("whsec_####")));
    assert_false(notify_secret_is_good(bytes_text("")));
    char longest[402];
    memset(longest, 'x', sizeof longest);
    assert_true(notify_secret_is_good(bytes_of(longest, 400)));
    assert_false(notify_secret_is_good(bytes_of(longest, 401)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_topic),
        cmocka_unit_test(test_a_command_that_is_lost),
        cmocka_unit_test(test_a_secret_of_another_house),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_what_an_answer_means),
        cmocka_unit_test(test_inner_addresses),
        cmocka_unit_test(test_signatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
