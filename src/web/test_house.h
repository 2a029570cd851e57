/* test_house: a web with all that stands under it, a clock that moves when it is told to, and wires
 * instead of sockets: what the tests of this room stand on.
 *
 *   house_ask          a request on a connection of its own, and its whole reply
 *   talk_send          bytes of a client; they are fed at once
 *   talk_reply         the next reply that came, taken apart; house_await waits for it
 *   house_publish      a reading, as if it had come by MQTT; durable when it returns
 *   house_settle       until the disk has all and nothing waits
 *
 * The disk is a folder in /tmp; the next house_fails writes fail, and with house_full there is no
 * room. Nothing is durable before house_step, house_settle, house_await or house_ask. One house at
 * a time. */
#pragma once

#include "web/room.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <cmocka.h>

#define HOUSE_TALKS 32
#define HOUSE_WALL_NS (INT64_C(1772352000) * NS_PER_S) /* 2026-03-01T08:00:00Z */
#define HOUSE_BUSY 200000 /* rounds after which it is said to never come to rest */

struct house_clock {
    struct clock port; /* first */
    int64_t boot_ns, wall_ns;
};
struct talk_buffer {
    uint8_t *at;
    size_t size, capacity, taken; /* taken: bytes at its beginning that are behind us */
};
struct test_house;
struct talk { /* a connection, seen from the client */
    struct web_link link;
    struct test_house *house;
    bool in_use, ended, held, mqtt;
    bool again;       /* to be fed again though nothing came: what the web kept goes on */
    size_t unsent;    /* what the port says */
    size_t choked_at; /* from so many bytes of answers on it takes no more; 0: never */
    enum web_cause cause;
    int64_t silence_ns;
    bool silence_fixed;
    struct talk_buffer in, out;
    uint8_t room[BROKER_ROOM];
    size_t room_size;
    uint8_t *inflated; /* of the last reply, when it was chunked */
};
struct test_house {
    char folder[64];
    struct disk *disk;
    struct house_clock clock;
    struct worker *writer, *background;
    struct engine_config engine_config;
    struct engine_start start;
    struct settings settings;
    struct budget memory, mqtt_memory;
    struct engine *engine;
    struct broker *broker;
    struct namespace *space;
    struct live *live;
    struct web *web;
    struct counters counters;
    struct rates rates;
    struct lag lag;
    size_t connections;
    struct report_sources sources;
    struct publisher publisher;
    uint64_t lost_generation;
    struct talk talks[HOUSE_TALKS];
};

/* ---- clock, chance, disk ---- */
static inline int64_t house_boot_ns(struct clock *port)
{
    return ((struct house_clock *)port)->boot_ns;
}

static inline int64_t house_wall_ns(struct clock *port)
{
    return ((struct house_clock *)port)->wall_ns;
}

static inline void house_random(void *at, size_t size)
{
    static uint64_t state = 1;
    for (size_t i = 0; i < size; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        ((uint8_t *)at)[i] = (uint8_t)(state >> 56);
    }
}

static const char *house_root = "/tmp"; /* where its folder is made */

/* So many writes to come say that the disk has failed; and whether it says that it is full. */
static int house_fails __attribute__((unused));
static bool house_full __attribute__((unused));
static enum err (*house_disk_write)(struct disk *, struct disk_file *, uint64_t, const void *,
                                    size_t);

static inline enum err house_write(struct disk *disk, struct disk_file *file, uint64_t offset,
                                   const void *at, size_t size)
{
    if (house_full)
        return ERR_NO_SPACE;
    if (house_fails == 0)
        return house_disk_write(disk, file, offset, at, size);
    house_fails--;
    return ERR_IO;
}

/* ---- buffers ---- */
static inline void talk_buffer_put(struct talk_buffer *buffer, struct bytes bytes)
{
    if (buffer->taken == buffer->size)
        buffer->taken = buffer->size = 0;
    if (buffer->size + bytes.size > buffer->capacity) {
        buffer->capacity = (buffer->size + bytes.size) * 2;
        buffer->at = realloc(buffer->at, buffer->capacity);
        assert_non_null(buffer->at);
    }
    if (bytes.size > 0)
        memcpy(buffer->at + buffer->size, bytes.at, bytes.size);
    buffer->size += bytes.size;
}

static inline struct bytes talk_buffer_rest(const struct talk_buffer *buffer)
{
    if (buffer->taken == buffer->size)
        return bytes_of("", 0);
    return bytes_of(buffer->at + buffer->taken, buffer->size - buffer->taken);
}

/* ---- the port ---- */
static inline uint8_t *talk_port_room(void *arg, struct web_link *link, size_t size)
{
    struct talk *talk = LINK_OWNER(link, struct talk, link);
    (void)arg;
    check(size <= BROKER_ROOM && !talk->ended);
    talk->room_size = size;
    return talk->room;
}

static inline void talk_port_used(void *arg, struct web_link *link, size_t used)
{
    struct talk *talk = LINK_OWNER(link, struct talk, link);
    (void)arg;
    check(used <= talk->room_size && !talk->ended);
    talk_buffer_put(&talk->out, bytes_of(talk->room, used));
}

static inline void talk_port_put(void *arg, struct web_link *link, struct bytes bytes)
{
    struct talk *talk = LINK_OWNER(link, struct talk, link);
    (void)arg;
    check(!talk->ended);
    talk_buffer_put(&talk->out, bytes);
}

static inline void talk_port_flush(void *arg, struct web_link *link)
{
    (void)arg;
    (void)link;
}

static inline size_t talk_port_unsent(void *arg, struct web_link *link)
{
    (void)arg;
    const struct talk *talk = LINK_OWNER(link, struct talk, link);
    bool choked = talk->choked_at != 0 && talk->out.size >= talk->choked_at;
    return choked ? WEB_UNSENT + 1 : talk->unsent;
}

static inline void talk_port_end(void *arg, struct web_link *link, enum web_cause cause)
{
    struct talk *talk = LINK_OWNER(link, struct talk, link);
    (void)arg;
    check(!talk->ended && cause < WEB_CAUSES);
    talk->ended = true;
    talk->cause = cause;
}

static inline void talk_port_resume(void *arg, struct web_link *link)
{
    (void)arg;
    LINK_OWNER(link, struct talk, link)->held = false;
}

static inline void talk_port_allow_silence(void *arg, struct web_link *link, int64_t allowed_ns,
                                           bool fixed)
{
    struct talk *talk = LINK_OWNER(link, struct talk, link);
    (void)arg;
    talk->silence_ns = allowed_ns;
    talk->silence_fixed = fixed;
}

static const struct web_port house_port = {.room = talk_port_room,
                                           .used = talk_port_used,
                                           .put = talk_port_put,
                                           .flush = talk_port_flush,
                                           .unsent = talk_port_unsent,
                                           .end = talk_port_end,
                                           .resume = talk_port_resume,
                                           .allow_silence = talk_port_allow_silence};

/* The broker has no clients here. */
static const struct broker_port house_broker_port = {.room = NULL};

/* ---- what the engine tells ---- */
static inline void house_tell(void *arg, enum log_level level, const char *text)
{
    (void)arg;
    if (level <= LOG_WARN && getenv("HOUSE_TELLS"))
        fprintf(stderr, "told: %s\n", text);
}

static inline void house_outcome(void *arg, uint64_t tag, const struct outcome *outcome)
{
    struct test_house *house = arg;
    if (outcome->point != POINT_NONE)
        web_point_changed(house->web, outcome->point);
    if (tag & WEB_TAG)
        web_outcome(house->web, tag, outcome);
}

static inline void house_changed(void *arg, const struct row_shape *shape,
                                 const struct sample_row *sample)
{
    struct test_house *house = arg;
    live_row_changed(house->live, shape, sample);
}

/* ---- rounds ---- */
/* Feeds what is there; false: the engine says wait. */
static inline bool talk_pump(struct talk *talk)
{
    while (talk->in_use && !talk->ended && !talk->held && !talk->mqtt &&
           (talk->in.taken < talk->in.size || talk->again)) {
        size_t used = 0;
        talk->again = false;
        enum web_feed feed =
            web_feed(talk->house->web, &talk->link, talk_buffer_rest(&talk->in), &used);
        check(used <= talk->in.size - talk->in.taken);
        talk->in.taken += used;
        talk->again = feed == WEB_FULL;
        if (feed == WEB_FULL)
            return false;
        if (feed == WEB_HOLD)
            talk->held = true;
        if (feed == WEB_END) {
            check(talk->ended || talk->link.over); /* it may end when its answer is out */
            talk->in.taken = talk->in.size;
        }
        if (feed == WEB_MQTT)
            talk->mqtt = true;
        if (feed == WEB_MORE)
            break;
    }
    return true;
}

/* One round: a batch is written, what the last one held is answered. True: there is more to do. */
static inline bool house_step(struct test_house *house)
{
    (void)engine_step(house->engine);
    if (engine_lost_generation(house->engine) != house->lost_generation) {
        house->lost_generation = engine_lost_generation(house->engine);
        web_lost(house->web);
    }
    broker_now(house->broker, house->clock.boot_ns);
    (void)broker_step(house->broker);
    web_now(house->web, house->clock.boot_ns);
    bool taken = true;
    for (size_t i = 0; i < HOUSE_TALKS && taken; i++) {
        if (house->talks[i].held && house->talks[i].link.turn) {
            house->talks[i].held = false; /* its next turn */
            house->talks[i].again = true;
        }
        taken = talk_pump(&house->talks[i]);
    }
    return web_step(house->web) == 0 || !taken;
}

static inline bool house_rests(struct test_house *house)
{
    struct journal *journal = engine_journal(house->engine);
    return journal_batch_empty(journal) && !journal_in_flight(journal) && web_is_idle(house->web);
}

static inline void house_settle(struct test_house *house)
{
    int quiet = 0, rounds;
    for (rounds = 0; rounds < HOUSE_BUSY && quiet < 2; rounds++)
        quiet = !house_step(house) && house_rests(house) ? quiet + 1 : 0;
    assert_true(rounds < HOUSE_BUSY);
}

static inline void house_advance(struct test_house *house, int64_t ns)
{
    house->clock.boot_ns += ns;
    house->clock.wall_ns += ns;
    web_now(house->web, house->clock.boot_ns);
}

/* ---- life ---- */
/* What the test wants to be otherwise is set in settings and engine_config before. */
static inline void house_open(struct test_house *house)
{
    struct log_settings silent = {.level = getenv("HOUSE_TELLS") ? LOG_DEBUG : LOG_ERROR};
    log_configure(&silent);
    house_fails = 0;
    house_full = false;
    snprintf(house->folder, sizeof house->folder, "%s/web_test.XXXXXX", house_root);
    assert_non_null(mkdtemp(house->folder));
    assert_int_equal(disk_real_open(house->folder, true, &house->disk), OK);
    house_disk_write = house->disk->write;
    house->disk->write = house_write;
    assert_int_equal(worker_inline_create(&house->writer), OK);
    assert_int_equal(worker_inline_create(&house->background), OK);
    house->engine_config.disk = house->disk;
    house->engine_config.writer = house->writer;
    house->engine_config.background = house->background;
    assert_int_equal(engine_open(&house->engine_config, &house->engine, &house->start), OK);
    house->memory = (struct budget){.most = house->settings.http_memory};
    house->mqtt_memory = (struct budget){.most = house->settings.mqtt_memory};
    struct broker_config broker = {.settings = &house->settings,
                                   .engine = house->engine,
                                   .clock = &house->clock.port,
                                   .port = &house_broker_port,
                                   .memory = &house->mqtt_memory,
                                   .random = house_random};
    assert_int_equal(broker_create(&broker, &house->broker), OK);
    assert_int_equal(namespace_create(engine_points(house->engine), &house->space), OK);
    struct live_config live = {.settings = &house->settings,
                               .engine = house->engine,
                               .space = house->space,
                               .random = house_random};
    assert_int_equal(live_create(&live, &house->live), OK);
    house->sources = (struct report_sources){.settings = &house->settings,
                                             .engine = house->engine,
                                             .start = &house->start,
                                             .broker = house->broker,
                                             .disk = house->disk,
                                             .clock = &house->clock.port,
                                             .counters = &house->counters,
                                             .rates = &house->rates,
                                             .lag = &house->lag,
                                             .connections = &house->connections,
                                             .connections_max = &house->connections,
                                             .mqtt_memory = &house->mqtt_memory,
                                             .mqtt_address = "127.0.0.1:1883",
                                             .http_address = "127.0.0.1:8080",
                                             .now_ns = &house->clock.boot_ns,
                                             .started_ns = house->clock.boot_ns,
                                             .started_wall_ns = house->clock.wall_ns};
    struct web_config web = {.settings = &house->settings,
                             .engine = house->engine,
                             .broker = house->broker,
                             .space = house->space,
                             .live = house->live,
                             .sources = &house->sources,
                             .clock = &house->clock.port,
                             .port = &house_port,
                             .memory = &house->memory};
    assert_int_equal(web_create(&web, &house->web), OK);
    web_now(house->web, house->clock.boot_ns);
    publisher_init(&house->publisher, TENANT_DEFAULT, 1000000);
    house->lost_generation = engine_lost_generation(house->engine);
    house_settle(house);
}

static inline struct test_house *house_new(void)
{
    struct test_house *house = calloc(1, sizeof *house);
    assert_non_null(house);
    house->clock =
        (struct house_clock){.port = {.boot_ns = house_boot_ns, .wall_ns = house_wall_ns},
                             .boot_ns = NS_PER_S,
                             .wall_ns = HOUSE_WALL_NS};
    settings_default(&house->settings);
    house->settings.mqtt_sys_interval = 0;
    engine_config_default(&house->engine_config);
    house->engine_config.clock = &house->clock.port;
    house->engine_config.points_max = 200000;
    house->engine_config.segment_max_bytes = (uint64_t)4 << 20;
    house->engine_config.batch_floor_ns = 0;
    house->engine_config.tell = house_tell;
    house->engine_config.outcome = house_outcome;
    house->engine_config.changed = house_changed;
    house->engine_config.arg = house;
    return house;
}

static inline void talk_close(struct talk *talk)
{
    if (talk->in_use && !talk->ended && !talk->mqtt)
        web_gone(talk->house->web, &talk->link);
    free(talk->in.at);
    free(talk->out.at);
    free(talk->inflated);
    *talk = (struct talk){.in_use = false};
}

static inline int house_remove(const char *path, const struct stat *state, int kind,
                               struct FTW *walk)
{
    (void)state, (void)kind, (void)walk;
    return remove(path);
}

static inline void house_destroy(struct test_house *house)
{
    for (size_t i = 0; i < HOUSE_TALKS; i++)
        talk_close(&house->talks[i]);
    house_fails = 0;
    house_full = false;
    house_settle(house);
    web_destroy(house->web);
    live_destroy(house->live);
    namespace_destroy(house->space);
    broker_destroy(house->broker);
    engine_close(house->engine, false);
    check(house->memory.used == 0);
    house->writer->destroy(house->writer);
    house->background->destroy(house->background);
    disk_real_close(house->disk);
    assert_int_equal(nftw(house->folder, house_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(house);
}

/* For cmocka: *state is the house. */
static inline int house_setup(void **state)
{
    struct test_house *house = house_new();
    house_open(house);
    *state = house;
    return 0;
}

static inline int house_teardown(void **state)
{
    house_destroy(*state);
    return 0;
}

/* ---- to the web ---- */
static inline struct talk *talk_open(struct test_house *house)
{
    for (size_t i = 0; i < HOUSE_TALKS; i++) {
        struct talk *talk = &house->talks[i];
        if (talk->in_use)
            continue;
        talk->in_use = true;
        talk->house = house;
        talk->link.peer = "talk";
        web_open(house->web, &talk->link);
        return talk;
    }
    fail_msg("a test holds more than %d connections", HOUSE_TALKS);
    return NULL;
}

static inline void talk_send(struct talk *talk, struct bytes bytes)
{
    if (talk->ended)
        return;
    talk_buffer_put(&talk->in, bytes);
    while (!talk_pump(talk))
        (void)house_step(talk->house);
}

static inline void talk_send_text(struct talk *talk, const char *text)
{
    talk_send(talk, bytes_text(text));
}

/* A request with a JSON body; line: "POST /v1/points". */
static inline void talk_send_json(struct talk *talk, const char *line, const char *body)
{
    char head[512];
    int size = snprintf(head, sizeof head,
                        "%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\n\r\n",
                        line, strlen(body));
    assert_in_range(size, 1, sizeof head - 1);
    talk_send_text(talk, head);
    talk_send_text(talk, body);
}

/* ---- from the web ---- */
struct reply { /* views live until the next reply of the same connection, or its end */
    unsigned status;
    struct bytes head, body; /* body: chunks are joined */
};

/* The value of a header; size 0: there is none. */
static inline struct bytes reply_header(const struct reply *reply, const char *name)
{
    size_t size = strlen(name);
    const uint8_t *at = reply->head.at, *end = at + reply->head.size;
    while (at < end) {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        size_t line = (size_t)((stop ? stop : end) - at);
        if (line > size + 1 && at[size] == ':' && strncasecmp((const char *)at, name, size) == 0) {
            const uint8_t *value = at + size + 1;
            line -= size + 1;
            while (line > 0 && (*value == ' '))
                value++, line--;
            while (line > 0 && (value[line - 1] == '\r' || value[line - 1] == ' '))
                line--;
            return bytes_of(value, line);
        }
        at += line + 1;
    }
    return bytes_of("", 0);
}

static inline bool reply_header_is(const struct reply *reply, const char *name, const char *value)
{
    return bytes_equal(reply_header(reply, name), bytes_text(value));
}

/* Joins chunks; false: they are not whole yet. */
static inline bool talk_join_chunks(struct talk *talk, struct bytes rest, struct bytes *ret_body,
                                    size_t *ret_used)
{
    size_t at = 0, size = 0;
    talk->inflated = realloc(talk->inflated, rest.size + 1);
    assert_non_null(talk->inflated);
    for (;;) {
        const uint8_t *end = memchr(rest.at + at, '\n', rest.size - at);
        if (end == NULL)
            return false;
        size_t chunk = strtoul((const char *)rest.at + at, NULL, 16);
        at = (size_t)(end - rest.at) + 1;
        if (rest.size - at < chunk + 2)
            return false;
        memcpy(talk->inflated + size, rest.at + at, chunk);
        size += chunk;
        at += chunk + 2;
        if (chunk == 0)
            break;
    }
    *ret_body = bytes_of(talk->inflated, size);
    *ret_used = at;
    return true;
}

/* The next whole reply; false: there is none yet. head_only: to a HEAD. */
static inline bool talk_reply(struct talk *talk, bool head_only, struct reply *ret)
{
    struct bytes rest = talk_buffer_rest(&talk->out);
    const uint8_t *end = memmem(rest.at, rest.size, "\r\n\r\n", 4);
    size_t used = 0;
    if (end == NULL)
        return false;
    *ret = (struct reply){.head = bytes_of(rest.at, (size_t)(end - rest.at) + 2)};
    assert_true(rest.size > 12 && memcmp(rest.at, "HTTP/1.1 ", 9) == 0);
    ret->status = (unsigned)strtoul((const char *)rest.at + 9, NULL, 10);
    rest = bytes_of(end + 4, rest.size - ret->head.size - 2);
    struct bytes length = reply_header(ret, "Content-Length");
    bool none = head_only || ret->status < 200 || ret->status == 204 || ret->status == 304;
    if (!none && reply_header_is(ret, "Transfer-Encoding", "chunked")) {
        if (!talk_join_chunks(talk, rest, &ret->body, &used))
            return false;
    } else if (!none) {
        used = length.size > 0 ? strtoul((const char *)length.at, NULL, 10) : 0;
        if (rest.size < used)
            return false;
        ret->body = bytes_of(rest.at, used);
    }
    talk->out.taken += ret->head.size + 2 + used;
    return true;
}

/* Rounds are done until the reply is there. */
static inline void house_await(struct talk *talk, struct reply *ret)
{
    int rounds = 0;
    while (!talk_reply(talk, false, ret)) {
        assert_true(rounds++ < HOUSE_BUSY);
        (void)house_step(talk->house);
    }
}

/* line: "GET /v1/points"; headers: each ends in CR LF; media: of the body, NULL: there is none. The
 * reply's views live until the next ask. */
static inline struct reply house_ask_with(struct test_house *house, const char *line,
                                          const char *headers, const char *media, struct bytes body)
{
    struct reply reply;
    char head[16384];
    struct talk *talk = &house->talks[HOUSE_TALKS - 1];
    talk_close(talk);
    talk->in_use = true;
    talk->house = house;
    talk->link.peer = "talk";
    web_open(house->web, &talk->link);
    int size = snprintf(head, sizeof head, "%s HTTP/1.1\r\nHost: localhost\r\n%s", line, headers);
    assert_in_range(size, 1, sizeof head - 200);
    if (media)
        size += snprintf(head + size, 200, "Content-Type: %s\r\nContent-Length: %zu\r\n", media,
                         body.size);
    talk_send(talk, bytes_of(head, (size_t)size));
    talk_send(talk, bytes_text("\r\n"));
    talk_send(talk, body);
    house_await(talk, &reply);
    return reply;
}

static inline struct reply house_ask(struct test_house *house, const char *line)
{
    return house_ask_with(house, line, "", NULL, bytes_of("", 0));
}

static inline struct reply house_ask_json(struct test_house *house, const char *line,
                                          const char *body)
{
    return house_ask_with(house, line, "", "application/json", bytes_text(body));
}

static inline struct reply house_ask_lines(struct test_house *house, const char *line,
                                           const char *body)
{
    return house_ask_with(house, line, "", "application/x-ndjson", bytes_text(body));
}

/* The body as JSON, the caller's; it must be some. */
static inline json_t *reply_json(const struct reply *reply)
{
    json_t *json = json_loadb((const char *)reply->body.at, reply->body.size,
                              JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (json == NULL)
        print_error("no JSON: %.*s\n", (int)reply->body.size, (const char *)reply->body.at);
    assert_non_null(json);
    return json;
}

/* Is the body this very text? */
#define assert_reply(asked, wanted_status, wanted_body)                                            \
    do {                                                                                           \
        const struct reply found_reply = (asked);                                                  \
        if (found_reply.status != (wanted_status) ||                                               \
            !bytes_equal(found_reply.body, bytes_text(wanted_body)))                               \
            fail_msg("%u: %.*s", found_reply.status, (int)found_reply.body.size,                   \
                     (const char *)found_reply.body.at);                                           \
    } while (0)
/* Is it a problem with this status and code? */
#define assert_problem(asked, wanted_status, wanted_code)                                          \
    do {                                                                                           \
        const struct reply found_problem = (asked);                                                \
        json_t *problem_json = reply_json(&found_problem);                                         \
        const char *problem_code = json_string_value(json_object_get(problem_json, "code"));       \
        if (found_problem.status != (wanted_status) || problem_code == NULL ||                     \
            strcmp(problem_code, wanted_code) != 0 ||                                              \
            !reply_header_is(&found_problem, "Content-Type", HTTP_PROBLEM_MEDIA))                  \
            fail_msg("%u: %.*s", found_problem.status, (int)found_problem.body.size,               \
                     (const char *)found_problem.body.at);                                         \
        json_decref(problem_json);                                                                 \
    } while (0)

/* ---- readings that come another way ---- */
static inline enum admit house_publish(struct test_house *house, const char *topic,
                                       const char *payload)
{
    struct admitted admitted;
    enum admit admit;
    while ((admit = engine_publish(house->engine, &house->publisher, bytes_text(topic),
                                   bytes_text(payload), &admitted)) == ADMIT_WAIT)
        (void)house_step(house);
    house_settle(house);
    return admit;
}

static inline uint32_t house_point(struct test_house *house, const char *path)
{
    return points_find(engine_points(house->engine), TENANT_DEFAULT, bytes_text(path));
}
