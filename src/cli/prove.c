/* prove: the promise, tested on the user's own machine. Rounds of: start the server, publish over
 * several connections with QoS 1, kill -9 at a random moment, start again, and find each
 * acknowledged (topic, sequence, value) by decoding the journal. */
#include "cli/terminal.h"
#include "cli/words.h"

#include "client/client.h"
#include "os/os.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define VERB "prove"
#define CONNECTIONS_MAX 64
#define TOPICS 8 /* of a connection */
#define IN_FLIGHT_MAX 500
#define START_WAIT_MS 120000
#define SEQUENCES_FIRST 65536
#define AWAIT_NS (5 * NS_PER_S) /* for the moment of the kill */

struct prover { /* one connection; its topics share one sequence */
    uint32_t number;
    struct client *client;
    uint64_t next; /* sequence to send */
    uint64_t sent, acked, refused;
    size_t capacity;
    uint8_t *marks; /* by sequence: ACKED, FOUND */
};
enum { MARK_ACKED = 1, MARK_FOUND = 2 };

struct prove {
    char folder[4096], log[4200];
    char mqtt[OS_ADDRESS_SIZE], http[OS_ADDRESS_SIZE];
    struct child child;
    uint64_t rounds, rate;
    int64_t seconds_ns; /* longest life of a server */
    size_t prover_count;
    struct prover provers[CONNECTIONS_MAX];
    struct readback_paths *paths;
    uint64_t wrong; /* readings with another value than was sent */
};

static int64_t now_ns(void)
{
    return clock_real()->boot_ns(clock_real());
}

/* The value that belongs to a topic and a sequence: nothing else may be found there. */
static double prove_value(uint32_t connection, uint64_t sequence)
{
    uint64_t words[2] = {connection, sequence};
    return (double)(hash64(words, sizeof words, 3) % 1000000) / 1000;
}

/* ---- sending
 * -------------------------------------------------------------------------------------------- */

static void prover_acked(void *arg, uint64_t tag, uint8_t reason)
{
    struct prover *prover = arg;
    if (reason >= 0x80) {
        prover->refused++;
        return;
    }
    prover->acked++;
    prover->marks[tag] |= MARK_ACKED;
}

static enum err prover_reserve(struct prover *prover)
{
    if (prover->next < prover->capacity)
        return OK;
    size_t capacity = prover->capacity == 0 ? SEQUENCES_FIRST : prover->capacity * 2;
    uint8_t *marks = realloc(prover->marks, capacity);
    if (marks == NULL)
        return ERR_NO_MEMORY;
    memset(marks + prover->capacity, 0, capacity - prover->capacity);
    prover->marks = marks;
    prover->capacity = capacity;
    return OK;
}

static enum err prover_send(struct prover *prover)
{
    char topic[64], payload[96];
    enum err err = prover_reserve(prover);
    if (err != OK)
        return err;
    uint64_t sequence = prover->next;
    int topic_size = snprintf(topic, sizeof topic, "prove/connection%u/device%u", prover->number,
                              (unsigned)(sequence % TOPICS));
    int size = snprintf(payload, sizeof payload, "{\"sequence\":%llu,\"value\":%.3f}",
                        (unsigned long long)sequence, prove_value(prover->number, sequence));
    err = client_publish(prover->client, bytes_of(topic, (size_t)topic_size),
                         bytes_of(payload, (size_t)size), 1, sequence);
    if (err == OK) {
        prover->next++;
        prover->sent++;
    }
    return err;
}

static enum err prove_connect(struct prove *prove)
{
    enum err err = OK;
    for (size_t i = 0; err == OK && i < prove->prover_count; i++) {
        struct prover *prover = &prove->provers[i];
        char id[32];
        uint8_t reason;
        snprintf(id, sizeof id, "prove-%zu", i);
        struct client_config config = {.address = prove->mqtt,
                                       .client_id = id,
                                       .version = i % 2 == 0 ? MQTT_5 : MQTT_3_1_1,
                                       .keep_alive_s = 60,
                                       .clean_start = true,
                                       .in_flight_max = IN_FLIGHT_MAX};
        prover->number = (uint32_t)i;
        err = client_open(&config, prover_acked, prover, &prover->client, &reason);
    }
    return err;
}

/* What the server had acknowledged before it died may still lie in our sockets. */
static void prove_disconnect(struct prove *prove)
{
    for (size_t i = 0; i < prove->prover_count; i++) {
        struct prover *prover = &prove->provers[i];
        while (prover->client != NULL && client_poll(prover->client, 0) == OK)
            ;
        client_close(prover->client, false);
        prover->client = NULL;
    }
}

static uint64_t prove_acked(const struct prove *prove)
{
    uint64_t acked = 0;
    for (size_t i = 0; i < prove->prover_count; i++)
        acked += prove->provers[i].acked;
    return acked;
}

/* Publishes until end_ns, at most `rate` messages a second together. */
static enum err prove_publish(struct prove *prove, int64_t end_ns)
{
    int64_t begin_ns = now_ns();
    uint64_t sent = 0;
    while (now_ns() < end_ns && !stop_wanted()) {
        uint64_t due = (uint64_t)((double)(now_ns() - begin_ns) / 1e9 * (double)prove->rate);
        for (size_t i = 0; i < prove->prover_count; i++) {
            struct prover *prover = &prove->provers[i];
            enum err err = OK;
            for (int burst = 0; burst < 30 && sent < due && err == OK; burst++) {
                err = prover_send(prover);
                sent += err == OK;
            }
            if (err == OK || err == ERR_BUSY)
                err = client_poll(prover->client, 0);
            if (err != OK)
                return err;
        }
        struct timespec nap = {.tv_nsec = NS_PER_MS};
        if (sent >= due)
            nanosleep(&nap, NULL);
    }
    return OK;
}

/* When the kill comes, in turn: in the middle of the load; at the moment an acknowledgement comes;
 * at the moment the last one has come and nothing is under way. The second finds what is
 * acknowledged too early, the third what forgets the last batch. */
enum moment { MOMENT_LOAD, MOMENT_ACK, MOMENT_LAST_ACK, MOMENTS };
static const char *const moment_names[MOMENTS] = {"under load", "at an ack", "at the last"};

/* Takes acknowledgements, sends nothing more, until the moment is there. */
static enum err prove_await(struct prove *prove, enum moment moment)
{
    uint64_t acked = prove_acked(prove);
    int64_t end_ns = now_ns() + AWAIT_NS;
    while (moment != MOMENT_LOAD && now_ns() < end_ns) {
        size_t in_flight = 0;
        for (size_t i = 0; i < prove->prover_count; i++) {
            enum err err = client_poll(prove->provers[i].client, 0);
            if (err != OK)
                return err;
            if (moment == MOMENT_ACK && prove_acked(prove) != acked)
                return OK;
            in_flight += client_in_flight(prove->provers[i].client);
        }
        if (in_flight == 0)
            return OK;
    }
    return OK;
}

/* ---- finding
 * --------------------------------------------------------------------------------------------- */

static void prove_fact(void *arg, uint64_t segment, const struct fact *fact)
{
    struct prove *prove = arg;
    (void)segment;
    check(readback_paths_take(prove->paths, fact) == OK);
}

/* The two readings of a message stand in one record: its sequence and its value. */
static void prove_sample(void *arg, const struct row_shape *shape, const struct sample_row *sample)
{
    struct prove *prove = arg;
    unsigned connection = 0, device = 0;
    double sequence = -1, real = -1;
    if (sample->undecodable)
        return;
    for (uint32_t i = 0; i < sample->count; i++) {
        uint32_t column = sample->columns != NULL ? sample->columns[i] : i;
        struct bytes path = readback_paths_find(prove->paths, shape->first_point + column);
        char text[128], metric[16];
        snprintf(text, sizeof text, "%.*s", (int)path.size, (const char *)path.at);
        if (sscanf(text, "prove/connection%u/device%u/%15s", &connection, &device, metric) != 3)
            return;
        if (strcmp(metric, "sequence") == 0)
            sequence = value_real(&sample->values[i]);
        else
            real = value_real(&sample->values[i]);
    }
    if (connection >= prove->prover_count || sequence < 0)
        return;
    struct prover *prover = &prove->provers[connection];
    uint64_t number = (uint64_t)sequence;
    char wanted[32], found[32];
    snprintf(wanted, sizeof wanted, "%.3f", prove_value(connection, number));
    snprintf(found, sizeof found, "%.3f", real);
    if (number >= prover->next || number % TOPICS != device || strcmp(wanted, found) != 0)
        prove->wrong++;
    else
        prover->marks[number] |= MARK_FOUND;
}

static enum err prove_find(struct prove *prove)
{
    for (size_t i = 0; i < prove->prover_count; i++)
        for (uint64_t n = 0; n < prove->provers[i].next; n++)
            prove->provers[i].marks[n] &= (uint8_t)~MARK_FOUND;
    prove->wrong = 0;
    enum err err = readback_paths_create(&prove->paths);
    if (err != OK)
        return err;
    struct readback_calls calls = {.fact = prove_fact, .sample = prove_sample, .arg = prove};
    struct readback_result result;
    err = readback_walk(prove->folder, 0, 0, &calls, &result);
    readback_paths_destroy(prove->paths);
    return err;
}

struct prove_sum {
    uint64_t sent, acked, refused, found, lost;
};

/* found: of all that was sent; lost: acknowledged and not found. */
static struct prove_sum prove_count(const struct prove *prove)
{
    struct prove_sum sum = {0};
    for (size_t i = 0; i < prove->prover_count; i++) {
        const struct prover *prover = &prove->provers[i];
        sum.sent += prover->sent;
        sum.acked += prover->acked;
        sum.refused += prover->refused;
        for (uint64_t n = 0; n < prover->next; n++) {
            sum.found += (prover->marks[n] & MARK_FOUND) != 0;
            sum.lost += prover->marks[n] == MARK_ACKED;
        }
    }
    return sum;
}

/* ---- rounds
 * ------------------------------------------------------------------------------------------------
 */

static enum err prove_start(struct prove *prove)
{
    struct child_config config = {
        .data = prove->folder, .mqtt = prove->mqtt, .http = prove->http, .log = prove->log};
    return child_start(&config, START_WAIT_MS, &prove->child);
}

static int prove_start_failed(const struct prove *prove, enum err err)
{
    char text[2048];
    child_log_tail(prove->log, text, sizeof text);
    return fail(VERB, "the server %s; its log says:\n%s",
                err == ERR_BUSY ? "was not ready in time" : "did not start or ended by itself",
                text);
}

static int prove_round(struct prove *prove, uint64_t round)
{
    uint64_t luck;
    os_random(&luck, sizeof luck);
    int64_t life_ns =
        prove->seconds_ns / 10 + (int64_t)(luck % (uint64_t)(prove->seconds_ns * 9 / 10 + 1));
    enum err err = prove_connect(prove);
    if (err != OK)
        return fail(VERB, "cannot connect to the server: %s", err_text(err));
    enum moment moment = (enum moment)(round % MOMENTS);
    err = prove_publish(prove, now_ns() + life_ns);
    if (err == OK)
        err = prove_await(prove, moment);
    bool died = err != OK && !child_runs(&prove->child);
    child_stop(&prove->child, SIGKILL, 10000);
    prove_disconnect(prove);
    if (died)
        return prove_start_failed(prove, ERR_STOPPED);
    if (err != OK)
        return fail(VERB, "a connection ended by itself: %s", err_text(err));
    err = prove_start(prove);
    if (err != OK)
        return prove_start_failed(prove, err);
    err = prove_find(prove);
    if (err != OK)
        return fail(VERB, "the journal cannot be read back: %s", err_text(err));
    struct prove_sum sum = prove_count(prove);
    char text[6][NUMBER_SIZE];
    printf("%5llu  %8s  %-11s  %8s  %12s  %12s  %12s  %s%s%s\n", (unsigned long long)round,
           number_duration(life_ns, text[0]), moment_names[moment],
           number_duration(prove->child.ready_ns, text[1]), number_group(sum.sent, text[2]),
           number_group(sum.acked, text[3]), number_group(sum.found, text[4]),
           paint(sum.lost > 0 ? PAINT_RED : PAINT_GREEN), number_group(sum.lost, text[5]),
           paint(PAINT_NONE));
    fflush(stdout);
    return EXIT_DONE;
}

static int prove_rounds(struct prove *prove)
{
    enum err err = prove_start(prove);
    if (err != OK)
        return prove_start_failed(prove, err);
    printf("Each round: publish with QoS 1 over %zu connections, kill -9, start again, read the "
           "journal.\n%s%5s  %8s  %-11s  %8s  %12s  %12s  %12s  %s%s\n",
           prove->prover_count, paint(PAINT_DIM), "round", "after", "killed", "restart", "sent",
           "acknowledged", "found", "lost", paint(PAINT_NONE));
    int code = EXIT_DONE;
    for (uint64_t round = 1; code == EXIT_DONE && round <= prove->rounds && !stop_wanted(); round++)
        code = prove_round(prove, round);
    child_stop(&prove->child, SIGTERM, 30000);
    return code;
}

static int prove_verdict(struct prove *prove)
{
    struct prove_sum sum = prove_count(prove);
    char text[5][NUMBER_SIZE];
    printf("sent %s, acknowledged %s, found %s\n", number_group(sum.sent, text[0]),
           number_group(sum.acked, text[1]), number_group(sum.found, text[2]));
    if (sum.refused > 0)
        printf("refused %s\n", number_group(sum.refused, text[3]));
    if (prove->wrong > 0)
        printf("%swrong value %s%s\n", paint(PAINT_RED), number_group(prove->wrong, text[3]),
               paint(PAINT_NONE));
    bool good = sum.lost == 0 && prove->wrong == 0 && sum.acked > 0;
    if (good)
        printf("The data stays in %s; remove it when you like.\n", prove->folder);
    else
        printf("The data is kept in %s for a look at what went wrong.\n", prove->folder);
    if (sum.acked == 0)
        return fail(VERB, "nothing was acknowledged: there is nothing to prove");
    printf("%slost %s%s\n", paint(good ? PAINT_GREEN : PAINT_RED), number_group(sum.lost, text[4]),
           paint(PAINT_NONE));
    return good ? EXIT_DONE : EXIT_FAILED;
}

static int prove_folder(struct prove *prove, const char *parent)
{
    if (mkdir(parent, 0755) != 0 && errno != EEXIST)
        return fail(VERB, "cannot make the folder %s: %s", parent, strerror(errno));
    uint32_t luck;
    os_random(&luck, sizeof luck);
    snprintf(prove->folder, sizeof prove->folder, "%s/prove-%08x", parent, luck);
    snprintf(prove->log, sizeof prove->log, "%s/serve.log", prove->folder);
    if (mkdir(prove->folder, 0755) != 0)
        return fail(VERB, "cannot make the folder %s: %s", prove->folder, strerror(errno));
    if (child_free_address(prove->mqtt) != OK || child_free_address(prove->http) != OK)
        return fail(VERB, "no free port on 127.0.0.1");
    return EXIT_DONE;
}

static int prove_run(const struct words *words)
{
    static struct prove prove;
    uint64_t seconds, connections;
    if (!words_count(words, "rounds", 20, 1, 100000, &prove.rounds) ||
        !words_count(words, "seconds", 2, 1, 3600, &seconds) ||
        !words_count(words, "connections", 8, 1, CONNECTIONS_MAX, &connections) ||
        !words_count(words, "rate", 20000, 1, 10000000, &prove.rate))
        return EXIT_USAGE;
    prove.seconds_ns = (int64_t)seconds * NS_PER_S;
    prove.prover_count = (size_t)connections;
    stop_watch();
    int code = prove_folder(&prove, words->arguments[0]);
    if (code == EXIT_DONE)
        code = prove_rounds(&prove);
    if (code == EXIT_DONE)
        code = prove_verdict(&prove);
    for (size_t i = 0; i < prove.prover_count; i++) {
        client_close(prove.provers[i].client, false);
        free(prove.provers[i].marks);
    }
    if (prove.child.pid > 0)
        child_stop(&prove.child, SIGKILL, 10000);
    return code;
}

static const struct option prove_options[] = {
    {"rounds", "N", "how often the server is killed (20)"},
    {"seconds", "S", "longest time before a kill (2)"},
    {"connections", "N", "how many connections publish (8)"},
    {"rate", "N", "messages a second of all connections (20000)"},
};
const struct verb verb_prove = {
    .name = VERB,
    .arguments = "DIR",
    .summary = "Kill a server again and again on this machine and count what was lost.",
    .about =
        "Makes a folder DIR/prove-XXXXXXXX on the disk you want to test, runs a server on it,\n"
        "publishes (topic, sequence, value) with QoS 1 over several connections, and kills the\n"
        "server with kill -9 after a random time: under load, at the moment an acknowledgement\n"
        "comes, or at the last one. Then it starts the server again and finds each acknowledged\n"
        "message by decoding the journal. The last line is `lost 0` when none is missing, and\n"
        "only then the exit code is 0. A kill shows that nothing acknowledged waits inside the\n"
        "process; what a power cut takes only a power cut shows: pull the plug, start again,\n"
        "and ask `mainstem check`.",
    .example = "  mainstem prove /var/tmp --rounds 100",
    .options = prove_options,
    .option_count = ARRAY_COUNT(prove_options),
    .arguments_min = 1,
    .arguments_max = 1,
    .run = prove_run,
};
