/* rights_bench: what rights cost a message: the MQTT headline (PUBLISH of QoS 1, one JSON object of
 * ten metrics, each client its own devices in turn) through broker and engine in this process, with
 * everyone allowed everything, and with accounts.
 *
 *   rights_bench [MESSAGES]                default 2,000,000; CPU time of this thread
 *   valgrind --tool=callgrind --toggle-collect=measured build/bench/rights_bench 100000 off
 *
 * The journal lies in a folder of /dev/shm: no disk, no sockets. Best of three runs. */
#include "broker/broker.h"
#include "wire/mqtt/mqtt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CLIENTS 64u
#define DEVICES 16u    /* of one client */
#define ROUND 256u     /* messages between two steps */
#define PACKET_MAX 512 /* bytes of a message */

struct seat { /* a client */
    struct broker_link link;
    char id[16];
    size_t sizes[DEVICES];
    uint8_t packets[DEVICES][PACKET_MAX];
};
struct bench {
    char folder[64];
    struct disk *disk;
    struct worker *writer, *background;
    struct settings settings;
    struct budget memory;
    struct engine *engine;
    struct access *access;
    struct broker *broker;
    struct outcome outcome;
    bool told;
    char token[SECRET_TOKEN_SIZE];
    struct seat seats[CLIENTS];
};
static uint8_t room[BROKER_ROOM];

static void must(enum err err)
{
    if (err == OK)
        return;
    fprintf(stderr, "rights_bench: %s\n", err_text(err));
    exit(1);
}

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* ---- the port: what is sent goes nowhere ---- */
static uint8_t *port_room(void *arg, struct broker_link *link, size_t size)
{
    (void)arg;
    (void)link;
    (void)size;
    return room;
}
static void port_used(void *arg, struct broker_link *link, size_t used)
{
    (void)arg;
    (void)link;
    (void)used;
}
static void port_put(void *arg, struct broker_link *link, struct bytes bytes)
{
    (void)arg;
    (void)link;
    (void)bytes;
}
static void port_link(void *arg, struct broker_link *link)
{
    (void)arg;
    (void)link;
}
static size_t port_unsent(void *arg, struct broker_link *link)
{
    (void)arg;
    (void)link;
    return 0;
}
static void port_end(void *arg, struct broker_link *link, enum cause cause)
{
    (void)arg;
    fprintf(stderr, "rights_bench: %s: %s\n", link->peer, cause_text(cause));
    exit(1);
}
static void port_allow_silence(void *arg, struct broker_link *link, int64_t allowed_ns)
{
    (void)arg;
    (void)link;
    (void)allowed_ns;
}
static const struct broker_port port = {.room = port_room,
                                        .used = port_used,
                                        .put = port_put,
                                        .flush = port_link,
                                        .unsent = port_unsent,
                                        .end = port_end,
                                        .resume = port_link,
                                        .allow_silence = port_allow_silence};

/* ---- the house ---- */
static void note_outcome(void *arg, uint64_t tag, const struct outcome *outcome)
{
    struct bench *bench = arg;
    (void)tag;
    bench->outcome = *outcome;
    bench->told = true;
}

static bool note_audit(void *arg, const struct fact_audit *audit)
{
    (void)arg;
    (void)audit;
    return true;
}

static bool no_command(void *arg, const struct command *command, uint64_t tag)
{
    (void)arg;
    (void)command;
    (void)tag;
    return false;
}

static uint32_t order(struct bench *bench, const struct command *command)
{
    struct admitted admitted;
    bench->told = false;
    check(engine_command(bench->engine, command, 1, &admitted) == ADMIT_DONE);
    while (!bench->told)
        (void)engine_step(bench->engine);
    check(bench->outcome.code == OUTCOME_DONE);
    return bench->outcome.number;
}

/* A tenant with one account whose token everybody has, and a role with these rights. */
static void make_account(struct bench *bench, const char *const *patterns)
{
    struct command command = {.kind = COMMAND_TENANT_SET, .tenant = TENANT_MAIN};
    command.access = (struct command_access){.has = HAS_NAME, .name = bytes_text("acme")};
    uint32_t tenant = order(bench, &command);
    command = (struct command){.kind = COMMAND_ROLE_SET, .tenant = tenant};
    command.access = (struct command_access){.name = bytes_text("role")};
    for (; *patterns; patterns++)
        command.access.rules[command.access.rule_count++] = (struct access_rule){
            .pattern = bytes_text(*patterns), .rights = RIGHT_SEE | RIGHT_WRITE};
    (void)order(bench, &command);
    command = (struct command){.kind = COMMAND_ACCOUNT_SET, .tenant = tenant};
    command.access =
        (struct command_access){.has = HAS_NAME | HAS_STATE | HAS_GRANTS,
                                .name = bytes_text("device"),
                                .account_kind = ACCOUNT_TOKEN,
                                .state = ACCOUNT_ACTIVE,
                                .grant_count = 1,
                                .grants = {{.role = bytes_text("role"), .branch = bytes_text("#")}},
                                .expires_wall_ns = INT64_MAX};
    uint32_t account = order(bench, &command);
    uint8_t random[SECRET_TOKEN_RANDOM_SIZE], digest[SECRET_DIGEST_SIZE];
    struct secret_token token;
    os_random(random, sizeof random);
    secret_token_make(SECRET_TOKEN_DEVICE, random, bench->token, digest);
    check(secret_token_read(bytes_text(bench->token), &token));
    command = (struct command){.kind = COMMAND_SECRET_ADD, .tenant = tenant};
    command.access = (struct command_access){.owner = account,
                                             .secret_kind = SECRET_TOKEN,
                                             .id = token.id,
                                             .proof = bytes_of(digest, sizeof digest),
                                             .expires_wall_ns = INT64_MAX};
    (void)order(bench, &command);
}

static void bench_lock(struct bench *bench, const char *const *patterns)
{
    static const struct access_port access_port = {.audit = note_audit, .command = no_command};
    make_account(bench, patterns);
    struct access_config config = {.settings = &bench->settings,
                                   .model = engine_access(bench->engine),
                                   .clock = clock_real(),
                                   .port = &access_port,
                                   .arg = bench,
                                   .random = os_random};
    must(access_create(&config, &bench->access));
}

static void feed(struct bench *bench, struct seat *seat, struct bytes bytes)
{
    size_t used = 0, wanted = 0;
    for (;;) {
        enum broker_feed answer = broker_feed(bench->broker, &seat->link, bytes, &used, &wanted);
        if (answer == BROKER_MORE)
            return;
        (void)engine_step(bench->engine);
        (void)broker_step(bench->broker);
        broker_now(bench->broker, clock_real()->boot_ns(clock_real()));
    }
}

static void seat_init(struct bench *bench, struct seat *seat, unsigned number)
{
    static uint8_t packet[1024];
    snprintf(seat->id, sizeof seat->id, "client%04u", number);
    seat->link = (struct broker_link){.peer = seat->id};
    struct mqtt_connect connect = {.version = MQTT_5,
                                   .clean_start = true,
                                   .has_password = bench->access != NULL,
                                   .client_id = bytes_text(seat->id),
                                   .password = bytes_text(bench->token)};
    feed(bench, seat, bytes_of(packet, mqtt_connect_put(packet, sizeof packet, &connect)));
    for (unsigned i = 0; i < DEVICES; i++) {
        char topic[64], payload[256];
        snprintf(topic, sizeof topic, "plant/%s/line%u/device%03u", seat->id, i % 4, i);
        size_t size = 0;
        for (unsigned m = 0; m < 10; m++)
            size += (size_t)snprintf(payload + size, sizeof payload - size, "%c\"metric%u\":%u.%u",
                                     m ? ',' : '{', m, 20 + i, m);
        snprintf(payload + size, sizeof payload - size, "}");
        struct mqtt_publish publish = {.topic = bytes_text(topic),
                                       .payload = bytes_text(payload),
                                       .qos = 1,
                                       .packet_id = (uint16_t)(1 + i)};
        seat->sizes[i] = mqtt_publish_put(seat->packets[i], PACKET_MAX, MQTT_5, &publish);
        check(seat->sizes[i] > 0);
    }
}

static void bench_open(struct bench *bench, const char *const *patterns)
{
    struct engine_config config;
    struct engine_start start;
    snprintf(bench->folder, sizeof bench->folder, "/dev/shm/rights_bench.XXXXXX");
    check(mkdtemp(bench->folder) != NULL);
    settings_default(&bench->settings);
    bench->memory.most = bench->settings.mqtt_memory;
    must(disk_real_open(bench->folder, true, &bench->disk));
    must(worker_inline_create(&bench->writer));
    must(worker_inline_create(&bench->background));
    engine_config_default(&config);
    config.disk = bench->disk;
    config.clock = clock_real();
    config.writer = bench->writer;
    config.background = bench->background;
    config.batch_floor_ns = 0;
    config.snapshot_interval_ns = 3600 * NS_PER_S;
    config.outcome = note_outcome;
    config.arg = bench;
    must(engine_open(&config, &bench->engine, &start));
    if (patterns)
        bench_lock(bench, patterns);
    struct broker_config broker = {.settings = &bench->settings,
                                   .engine = bench->engine,
                                   .access = bench->access,
                                   .clock = config.clock,
                                   .port = &port,
                                   .memory = &bench->memory,
                                   .random = os_random};
    must(broker_create(&broker, &bench->broker));
    for (unsigned i = 0; i < CLIENTS; i++)
        seat_init(bench, &bench->seats[i], i);
}

static void bench_close(struct bench *bench)
{
    char command[128];
    for (unsigned i = 0; i < CLIENTS; i++)
        broker_gone(bench->broker, &bench->seats[i].link);
    broker_destroy(bench->broker);
    access_destroy(bench->access);
    engine_close(bench->engine, false);
    bench->writer->destroy(bench->writer);
    bench->background->destroy(bench->background);
    disk_real_close(bench->disk);
    snprintf(command, sizeof command, "rm -rf %s", bench->folder);
    if (system(command) != 0)
        fprintf(stderr, "rights_bench: %s stays\n", bench->folder);
}

/* Feeds one round; what callgrind is told to look at. */
__attribute__((noinline)) void measured(struct bench *bench, uint64_t from, uint64_t count);
void measured(struct bench *bench, uint64_t from, uint64_t count)
{
    for (uint64_t i = from; i < from + count; i++) {
        struct seat *seat = &bench->seats[i / DEVICES % CLIENTS];
        unsigned device = (unsigned)(i % DEVICES);
        feed(bench, seat, bytes_of(seat->packets[device], seat->sizes[device]));
    }
}

/* CPU nanoseconds a message: of feeding alone, and with the engine's and the broker's steps. */
static void run(struct bench *bench, uint64_t messages, double *ret_feed_ns, double *ret_all_ns)
{
    int64_t fed_ns = 0, began_ns = cpu_ns();
    for (uint64_t i = 0; i < messages; i += ROUND) {
        broker_now(bench->broker, clock_real()->boot_ns(clock_real()));
        int64_t before_ns = cpu_ns();
        measured(bench, i, ROUND);
        fed_ns += cpu_ns() - before_ns;
        (void)engine_step(bench->engine);
        (void)broker_step(bench->broker);
    }
    *ret_feed_ns = (double)fed_ns / (double)messages;
    *ret_all_ns = (double)(cpu_ns() - began_ns) / (double)messages;
}

struct kind {
    const char *name, *text;
    const char *patterns[9]; /* none: no accounts */
};
static const struct kind kinds[] = {
    {"off", "everyone may all", {NULL}},
    {"all", "a role of \"#\"", {"#"}},
    {"device", "a device by template", {"plant/%c/#"}},
    {"gateway", "a gateway of many devices", {"plant/+/+/+/#"}},
    {"eight",
     "eight rules, the last one fits",
     {"a/#", "b/#", "+/x/#", "c/%c/#", "d/+/y", "e/f/#", "g/%u/#", "plant/%c/#"}},
};

static void measure(const struct kind *kind, uint64_t messages, double off_ns[2])
{
    double best[2] = {0};
    static struct bench bench;
    memset(&bench, 0, sizeof bench);
    bench_open(&bench, kind->patterns[0] ? kind->patterns : NULL);
    double feed_ns, all_ns;
    run(&bench, CLIENTS * DEVICES * 4, &feed_ns, &all_ns); /* points are made */
    for (int i = 0; i < 3; i++) {
        run(&bench, messages / 3, &feed_ns, &all_ns);
        best[0] = i == 0 || feed_ns < best[0] ? feed_ns : best[0];
        best[1] = i == 0 || all_ns < best[1] ? all_ns : best[1];
    }
    const struct broker_counters *counters = broker_counters(bench.broker);
    check(counters->denied == 0 && counters->negative_acks == 0);
    bench_close(&bench);
    if (!kind->patterns[0])
        memcpy(off_ns, best, sizeof best);
    printf("%-8s %-32s %7.0f ns fed %7.0f ns in all", kind->name, kind->text, best[0], best[1]);
    if (off_ns[0] > 0)
        printf("   %.3fx %.3fx", best[0] / off_ns[0], best[1] / off_ns[1]);
    printf("\n");
}

int main(int count, char **words)
{
    uint64_t messages = count > 1 ? strtoull(words[1], NULL, 10) : 2000000;
    struct log_settings silent = {.level = LOG_ERROR};
    double off_ns[2] = {0};
    log_configure(&silent);
    must(secrets_start());
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        if (count < 3 || strcmp(words[2], kinds[i].name) == 0)
            measure(&kinds[i], messages, off_ns);
    return 0;
}
