#include "cli/demo_replay.h"

#include "client/client.h"
#include "os/os.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define IN_FLIGHT_MAX 1024 /* messages of one connection */
#define PAYLOAD_BYTES 8192
#define BURST 256 /* messages between two looks at the connections */

struct slot { /* a message that waits for its acknowledgement */
    uint32_t readings;
    uint64_t sum;
};
struct sender { /* a connection and the data set it sends */
    struct demo_replay *replay;
    struct client *client;
    struct demo_counts counts;
    uint16_t free_count;
    uint16_t free_slots[IN_FLIGHT_MAX];
    struct slot slots[IN_FLIGHT_MAX];
};
struct demo_replay {
    const struct demo_data *data;
    struct sender senders[DEMO_SETS];
    int64_t begin_ns[DEMO_STREAMS_MAX]; /* what a stream's times count from */
    uint32_t row[DEMO_STREAMS_MAX];     /* next to send */
    int64_t due_ns[DEMO_STREAMS_MAX];   /* live: when the next row is sent, boot clock */
    uint64_t pass_all, pass_sent;
    int64_t pass_from_ns;
    char payload[PAYLOAD_BYTES];
};

static int64_t now_ns(void)
{
    return clock_real()->boot_ns(clock_real());
}

static void sender_acked(void *arg, uint64_t tag, uint8_t reason)
{
    struct sender *sender = arg;
    const struct slot *slot = &sender->slots[tag];
    if (reason < 0x80) {
        sender->counts.acked += slot->readings;
        sender->counts.acked_sum += slot->sum;
    } else {
        sender->counts.refused += slot->readings;
    }
    sender->free_slots[sender->free_count++] = (uint16_t)tag;
}

/* A past that ends now, at whole seconds; each fire test an hour before the one before it. */
static void replay_place(struct demo_replay *replay)
{
    int64_t wall_ns = clock_real()->wall_ns(clock_real()) / NS_PER_S * NS_PER_S;
    int64_t fires = 0;
    for (size_t i = 0; i < replay->data->stream_count; i++) {
        const struct demo_stream *stream = &replay->data->streams[i];
        if (stream->dated)
            continue;
        int64_t back_ns = stream->set == DEMO_FIRE ? fires++ * 3600 * NS_PER_S : 0;
        replay->begin_ns[i] = wall_ns - back_ns - stream->times_ns[stream->rows - 1];
    }
}

enum err demo_replay_create(const struct demo_data *data, const char *address,
                            struct demo_replay **ret_replay)
{
    struct demo_replay *replay = calloc(1, sizeof *replay);
    if (replay == NULL)
        return ERR_NO_MEMORY;
    replay->data = data;
    enum err err = OK;
    for (size_t set = 0; err == OK && set < DEMO_SETS; set++) {
        struct sender *sender = &replay->senders[set];
        char id[32];
        uint8_t reason;
        snprintf(id, sizeof id, "mainstem-demo-%zu", set + 1);
        struct client_config config = {.address = address,
                                       .client_id = id,
                                       .version = MQTT_5,
                                       .keep_alive_s = 30,
                                       .clean_start = true,
                                       .in_flight_max = IN_FLIGHT_MAX};
        sender->replay = replay;
        for (uint16_t i = 0; i < IN_FLIGHT_MAX; i++)
            sender->free_slots[sender->free_count++] = i;
        err = client_open(&config, sender_acked, sender, &sender->client, &reason);
        replay->pass_all += data->values[set];
    }
    replay_place(replay);
    if (err == OK)
        *ret_replay = replay;
    else
        demo_replay_destroy(replay);
    return err;
}

void demo_replay_destroy(struct demo_replay *replay)
{
    if (replay == NULL)
        return;
    for (size_t set = 0; set < DEMO_SETS; set++)
        client_close(replay->senders[set].client, true);
    free(replay);
}

/* ---- sending
 * ------------------------------------------------------------------------------------------- */

/* The shortest decimal that reads back as the same double. */
static int put_number(char *at, size_t size, double value)
{
    for (int digits = 6; digits <= 17; digits++) {
        int count = snprintf(at, size, "%.*g", digits, value);
        if (digits == 17 || strtod(at, NULL) == value)
            return count;
    }
    return 0;
}

static size_t replay_payload(struct demo_replay *replay, const struct demo_stream *stream,
                             uint32_t row, int64_t time_ns, uint64_t *ret_sum)
{
    char *at = replay->payload, *end = at + sizeof replay->payload;
    uint64_t sum = 0;
    at += snprintf(at, (size_t)(end - at), "{\"ts\":%lld", (long long)(time_ns / NS_PER_MS));
    for (uint32_t i = 0; i < stream->columns; i++) {
        double value = stream->values[(size_t)row * stream->columns + i];
        at += snprintf(at, (size_t)(end - at), ",\"%s\":", stream->keys[i]);
        if (isnan(value))
            at += snprintf(at, (size_t)(end - at), "null");
        else
            at += put_number(at, (size_t)(end - at), value);
        sum += demo_sample_hash(stream->path_hashes[i], time_ns, !isnan(value), value);
        check(end - at > 128);
    }
    *at++ = '}';
    *ret_sum = sum;
    return (size_t)(at - replay->payload);
}

/* ERR_BUSY: the connection has enough under way. */
static enum err replay_send(struct demo_replay *replay, size_t index, int64_t time_ns)
{
    const struct demo_stream *stream = &replay->data->streams[index];
    struct sender *sender = &replay->senders[stream->set];
    if (sender->free_count == 0)
        return ERR_BUSY;
    uint16_t slot = sender->free_slots[sender->free_count - 1];
    size_t size =
        replay_payload(replay, stream, replay->row[index], time_ns, &sender->slots[slot].sum);
    enum err err = client_publish(sender->client, bytes_text(stream->topic),
                                  bytes_of(replay->payload, size), 1, slot);
    if (err != OK)
        return err;
    sender->free_count--;
    sender->slots[slot].readings = stream->columns;
    sender->counts.sent += stream->columns;
    replay->row[index]++;
    return OK;
}

static enum err replay_poll(struct demo_replay *replay, int wait_ms)
{
    for (size_t set = 0; set < DEMO_SETS; set++) {
        enum err err = client_poll(replay->senders[set].client, 0);
        if (err != OK)
            return err;
    }
    struct timespec time = {.tv_nsec = wait_ms * NS_PER_MS};
    if (wait_ms > 0)
        nanosleep(&time, NULL);
    return OK;
}

static bool replay_waits(const struct demo_replay *replay)
{
    for (size_t set = 0; set < DEMO_SETS; set++)
        if (client_in_flight(replay->senders[set].client) > 0)
            return true;
    return false;
}

/* The stream that is furthest behind by its share of rows, so that all end together; a stream whose
 * connection is busy is passed over. SIZE_MAX: none. */
static size_t replay_next(const struct demo_replay *replay)
{
    size_t best = SIZE_MAX;
    double least = 2;
    for (size_t i = 0; i < replay->data->stream_count; i++) {
        const struct demo_stream *stream = &replay->data->streams[i];
        double share = (double)replay->row[i] / (double)stream->rows;
        if (replay->row[i] < stream->rows && share < least &&
            replay->senders[stream->set].free_count > 0) {
            least = share;
            best = i;
        }
    }
    return best;
}

enum err demo_replay_pass(struct demo_replay *replay, uint64_t rate, bool *ret_done)
{
    if (replay->pass_from_ns == 0)
        replay->pass_from_ns = now_ns();
    uint64_t due = replay->pass_all;
    if (rate != 0)
        due = (uint64_t)((double)(now_ns() - replay->pass_from_ns) / 1e9 * (double)rate);
    size_t sent = 0;
    while (sent < BURST && replay->pass_sent < replay->pass_all && replay->pass_sent < due) {
        size_t index = replay_next(replay);
        if (index == SIZE_MAX)
            break;
        const struct demo_stream *stream = &replay->data->streams[index];
        enum err err = replay_send(replay, index,
                                   replay->begin_ns[index] + stream->times_ns[replay->row[index]]);
        if (err == ERR_BUSY)
            break;
        if (err != OK)
            return err;
        replay->pass_sent += stream->columns;
        sent++;
    }
    *ret_done = replay->pass_sent == replay->pass_all && !replay_waits(replay);
    return replay_poll(replay, sent == BURST ? 0 : 1);
}

enum err demo_replay_live(struct demo_replay *replay)
{
    int64_t wall_ns = clock_real()->wall_ns(clock_real()) / NS_PER_MS * NS_PER_MS;
    int64_t boot_ns = now_ns();
    for (size_t i = 0; i < replay->data->stream_count; i++) {
        const struct demo_stream *stream = &replay->data->streams[i];
        if (replay->row[i] >= stream->rows)
            replay->row[i] = 0;
        if (boot_ns < replay->due_ns[i])
            continue;
        replay->due_ns[i] = boot_ns + stream->live_ns;
        enum err err = replay_send(replay, i, wall_ns);
        if (err != OK && err != ERR_BUSY)
            return err;
    }
    return replay_poll(replay, 20);
}

enum err demo_replay_drain(struct demo_replay *replay, int wait_ms)
{
    int64_t end_ns = now_ns() + wait_ms * NS_PER_MS;
    enum err err = OK;
    while (err == OK && replay_waits(replay) && now_ns() < end_ns)
        err = replay_poll(replay, 1);
    return err;
}

const struct demo_counts *demo_replay_counts(const struct demo_replay *replay, enum demo_set set)
{
    return &replay->senders[set].counts;
}

void demo_replay_progress(const struct demo_replay *replay, uint64_t *ret_all, uint64_t *ret_sent)
{
    *ret_all = replay->pass_all;
    *ret_sent = replay->pass_sent;
}

/* ---- finding
 * ------------------------------------------------------------------------------------------- */

struct finder {
    struct demo_replay *replay;
    struct readback_paths *paths;
    uint64_t position; /* first record that counts */
    bool counts;       /* the batch under way does */
    enum err err;
};

static void finder_batch(void *arg, const struct journal_batch *batch)
{
    struct finder *finder = arg;
    finder->counts = batch->header.position >= finder->position;
}

static void finder_fact(void *arg, uint64_t segment, const struct fact *fact)
{
    struct finder *finder = arg;
    (void)segment;
    enum err err = readback_paths_take(finder->paths, fact);
    if (finder->err == OK)
        finder->err = err;
}

static int finder_set_of(struct bytes path)
{
    static const char *const prefixes[DEMO_SETS] = {"zema/hydraulics/", "nist/fire-lab/",
                                                    "city/streets/"};
    for (int set = 0; set < DEMO_SETS; set++) {
        size_t size = strlen(prefixes[set]);
        if (path.size > size && memcmp(path.at, prefixes[set], size) == 0)
            return set;
    }
    return -1;
}

static void finder_sample(void *arg, const struct row_shape *shape, const struct sample_row *sample)
{
    struct finder *finder = arg;
    if (!finder->counts || sample->undecodable)
        return;
    for (uint32_t i = 0; i < sample->count; i++) {
        uint32_t column = sample->columns != NULL ? sample->columns[i] : i;
        struct bytes path = readback_paths_find(finder->paths, shape->first_point + column);
        int set = finder_set_of(path);
        if (set < 0)
            continue;
        const struct value *value = &sample->values[i];
        double real = value->present && value->type == VALUE_FLOAT64 ? value_real(value)
                                                                     : (double)value->number;
        struct demo_counts *counts = &finder->replay->senders[set].counts;
        counts->found++;
        counts->found_sum +=
            demo_sample_hash(demo_path_hash(path), sample->time_ns, value->present, real);
    }
}

enum err demo_replay_find(struct demo_replay *replay, const char *folder, uint64_t position)
{
    struct finder finder = {.replay = replay, .position = position};
    for (size_t set = 0; set < DEMO_SETS; set++)
        replay->senders[set].counts.found = replay->senders[set].counts.found_sum = 0;
    enum err err = readback_paths_create(&finder.paths);
    if (err != OK)
        return err;
    struct readback_calls calls = {
        .batch = finder_batch, .fact = finder_fact, .sample = finder_sample, .arg = &finder};
    struct readback_result result;
    err = readback_walk(folder, 0, 0, &calls, &result);
    readback_paths_destroy(finder.paths);
    return err != OK ? err : finder.err;
}
