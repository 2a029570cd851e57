/* What the crowd does, chosen by the seed: its broker's life, what each guest does next, and the
 * rest in which everything must come out even. */
#include "crowd.h"
#include "wire/mqtt/mqtt.h"
#include "world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REST_ROUNDS 6000u
#define REST_STILL 50u /* rounds of 5 ms in which nothing moves */
#define READ_ALL 100000u

/* The broker's port of chance knows no argument; there is one thread. */
static struct random broker_random;

static void broker_chance(void *at, size_t size)
{
    uint8_t *bytes = at;
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)random_next(&broker_random);
}

/* ---- life ---- */
static void init_settings(struct crowd *crowd)
{
    struct random *random = &crowd->random;
    struct settings *settings = &crowd->settings;
    settings_default(settings);
    settings->mqtt_inflight = UINT64_C(4) << random_below(random, 8);
    if (random_one_in(random, 4))
        settings->mqtt_queue = 10 + random_below(random, 100);
    if (random_one_in(random, 4))
        settings->mqtt_queue_qos0 = 1 + random_below(random, 16);
    if (random_one_in(random, 3))
        settings->mqtt_receive = 1 + random_below(random, 8);
    crowd->store_small = random_one_in(random, 6);
    if (crowd->store_small)
        settings->mqtt_stored = (uint64_t)32 << random_below(random, 4) << 10;
    settings->log_refused = false;
    /* Of the others the text would be a reading, too. */
    snprintf(settings->readings_match, sizeof settings->readings_match, "m/+/0");
}

void crowd_init(struct crowd *crowd, struct world *world, uint64_t seed,
                enum crowd_sabotage sabotage)
{
    crowd->world = world;
    crowd->sabotage = sabotage;
    random_seed(&crowd->random, seed ^ UINT64_C(0x63726F7764));
    crowd->notes = calloc(NOTES_MAX, sizeof *crowd->notes);
    check(crowd->notes != NULL);
    init_settings(crowd);
    crowd->memory_small = random_one_in(&crowd->random, 8);
    crowd->memory.most = crowd->memory_small ? (uint64_t)32 << random_below(&crowd->random, 4) << 10
                                             : crowd->settings.mqtt_memory;
    for (unsigned i = 0; i < GUESTS; i++) {
        struct guest *guest = &crowd->guests[i];
        guest->number = i;
        snprintf(guest->id, sizeof guest->id, "guest%u", i);
        guest->version = i == GUESTS - 1 ? MQTT_3_1 : i % 3 == 2 ? MQTT_3_1_1 : MQTT_5;
        guest->faithful = i < GUESTS_FAITHFUL;
        guest->packets_small =
            guest->version == MQTT_5 && !guest->faithful && random_one_in(&crowd->random, 6);
        guest->dues = calloc(NOTES_MAX, sizeof *guest->dues);
        check(guest->dues != NULL);
    }
}

void crowd_done(struct crowd *crowd)
{
    for (unsigned i = 0; i < GUESTS; i++)
        free(crowd->guests[i].dues);
    free(crowd->notes);
}

void crowd_open(struct crowd *crowd)
{
    struct world *world = crowd->world;
    random_seed(&broker_random, random_next(&crowd->random));
    struct broker_config config = {.settings = &crowd->settings,
                                   .engine = world->engine,
                                   .clock = &world->clock.port,
                                   .port = &crowd_port,
                                   .arg = crowd,
                                   .memory = &crowd->memory,
                                   .random = broker_chance};
    crowd->memory.used = 0;
    crowd->full = false;
    crowd->lost_generation = engine_lost_generation(world->engine);
    enum err err = broker_create(&config, &crowd->broker);
    if (err != OK)
        crowd_fail(crowd, "the broker does not start: %s", err_text(err));
    crowd_tell(crowd, "the house has started");
}

void crowd_stop(struct crowd *crowd, bool crash)
{
    if (!crowd->broker)
        return;
    crowd_tell(crowd, "the house %s", crash ? "dies" : "stops");
    if (!crash)
        broker_stop_goodbye(crowd->broker);
    for (unsigned i = 0; i < PIPES; i++) { /* what was on its way arrives, or not */
        struct pipe *pipe = &crowd->pipes[i];
        if (pipe->used)
            pipe_read(crowd, pipe, (unsigned)random_below(&crowd->random, 20));
        if (pipe->used)
            pipe_gone(crowd, pipe);
    }
    const struct broker_counters *counters = broker_counters(crowd->broker);
    crowd->dropped_before +=
        counters->dropped_queue + counters->dropped_slow + counters->dropped_size;
    broker_destroy(crowd->broker);
    crowd->broker = NULL;
    crowd->unmade++;
    crowd->upheavals++;
    wills_crash(crowd);
}

void crowd_retry(struct crowd *crowd)
{
    if (crowd->broker)
        crowd->full = !broker_retry(crowd->broker);
}

void crowd_step(struct crowd *crowd)
{
    if (!crowd->broker)
        return;
    uint64_t lost = engine_lost_generation(crowd->world->engine);
    crowd->unmade += lost != crowd->lost_generation;
    crowd->lost_generation = lost;
    broker_now(crowd->broker, crowd->world->clock.boot_ns);
    (void)broker_step(crowd->broker);
}

bool crowd_is_idle(const struct crowd *crowd)
{
    return !crowd->broker || broker_is_idle(crowd->broker);
}

/* ---- what a guest does next ---- */
static void act_connect(struct crowd *crowd, struct guest *guest)
{
    struct random *random = &crowd->random;
    bool kept =
        guest->faithful || guest->number < 7 || (guest->number >= 10 && random_one_in(random, 2));
    bool clean = guest->faithful ? false
                 : kept          ? random_one_in(random, 6)
                                 : !random_one_in(random, 4);
    clean = clean || guest->begins_anew;
    if (guest->version == MQTT_3_1 && guest->session == PERHAPS)
        clean = true; /* CONNACK would not tell */
    if (guest->version != MQTT_5 && clean)
        kept = false;
    if (guest->version != MQTT_5)
        clean = !kept;
    guest_connect(crowd, guest, clean, kept);
}

/* Goodbye, a cut that both sides see, or one that only the guest sees. */
static void act_leave(struct crowd *crowd, struct guest *guest)
{
    uint64_t how = random_below(&crowd->random, 3);
    struct pipe *pipe = guest->pipe;
    if (how == 0 && guest->up) {
        guest_disconnect(crowd, guest);
    } else if (how == 1 || (!guest->up && pipe->in_size > 0)) { /* a CONNECT may not come later */
        pipe_gone(crowd, pipe);
    } else {
        pipe->guest = NULL;
        guest_lost(crowd, guest);
    }
}

static void act_guest(struct crowd *crowd, struct guest *guest)
{
    struct random *random = &crowd->random;
    uint64_t choice = random_below(random, 100);
    uint64_t times = 1 + random_below(random, 5);
    if (!guest->pipe) {
        if (choice < 30)
            act_connect(crowd, guest);
    } else if (choice < 3) {
        act_leave(crowd, guest);
    } else if (!guest->up) {
        return;
    } else if (choice < 45) {
        while (times-- > 0)
            guest_publish(crowd, guest);
    } else if (choice < 57) {
        guest_subscribe(crowd, guest);
    } else if (choice < 92) {
        for (times *= 3; times > 0; times--)
            guest_answer(crowd, guest);
    } else {
        guest_release(crowd, guest);
    }
}

static void act_pipe(struct crowd *crowd, struct pipe *pipe)
{
    struct random *random = &crowd->random;
    if (!pipe->used)
        return;
    if (!pipe->guest && random_one_in(random, 20)) {
        pipe_gone(crowd, pipe);
        return;
    }
    if (!pipe->deaf && !pipe->ended && random_one_in(random, 2000)) {
        broker_silent(crowd->broker, &pipe->link);
        return;
    }
    if (!pipe->deaf && !pipe->ended && random_one_in(random, 2000)) {
        broker_too_much(crowd->broker, &pipe->link);
        return;
    }
    if (!random_one_in(random, 4))
        pipe_feed(crowd, pipe,
                  random_one_in(random, 4) ? 1 + random_below(random, pipe->in_size + 1)
                                           : pipe->in_size);
    if (pipe->used && (pipe->ended || random_one_in(random, 2)))
        pipe_read(crowd, pipe, (unsigned)random_below(random, 24));
}

void crowd_act(struct crowd *crowd)
{
    struct random *random = &crowd->random;
    if (!crowd->broker)
        return;
    broker_now(crowd->broker, crowd->world->clock.boot_ns);
    act_guest(crowd, &crowd->guests[random_below(random, GUESTS)]);
    for (unsigned i = 0; i < PIPES; i++)
        if (crowd->pipes[i].used && random_one_in(random, 3))
            act_pipe(crowd, &crowd->pipes[i]);
}

/* ---- rest ---- */
static bool guest_rests(const struct crowd *crowd, const struct guest *guest)
{
    if (!guest->pipe)
        return !crowd->gathering;
    if (!guest->up || guest->answer_count > 0 || guest->request.type != 0)
        return false;
    for (unsigned i = 0; i < SENDINGS; i++)
        if (guest->sendings[i].state != SENDING_FREE)
            return false;
    return true;
}

static bool crowd_rests(const struct crowd *crowd)
{
    for (unsigned i = 0; i < GUESTS; i++)
        if (!guest_rests(crowd, &crowd->guests[i]))
            return false;
    for (unsigned i = 0; i < PIPES; i++)
        if (crowd->pipes[i].used && (crowd->pipes[i].in_size > 0 || crowd->pipes[i].out_size > 0))
            return false;
    return crowd_is_idle(crowd) && world_is_settled(crowd->world);
}

static void rest_round(struct crowd *crowd)
{
    broker_now(crowd->broker, crowd->world->clock.boot_ns);
    for (unsigned i = 0; i < PIPES; i++) {
        struct pipe *pipe = &crowd->pipes[i];
        if (pipe->used)
            pipe_feed(crowd, pipe, pipe->in_size);
        if (pipe->used)
            pipe_read(crowd, pipe, READ_ALL);
    }
    for (unsigned i = 0; i < GUESTS; i++) {
        struct guest *guest = &crowd->guests[i];
        if (!guest->pipe && crowd->gathering)
            act_connect(crowd, guest);
        if (!guest->up)
            continue;
        guest_release(crowd, guest);
        while (guest->answer_count > 0)
            guest_answer(crowd, guest);
    }
    world_round(crowd->world);
}

static _Noreturn void rest_failed(struct crowd *crowd)
{
    for (unsigned i = 0; i < GUESTS; i++) {
        const struct guest *guest = &crowd->guests[i];
        if (guest_rests(crowd, guest))
            continue;
        unsigned sendings = 0;
        for (unsigned at = 0; at < SENDINGS; at++)
            sendings += guest->sendings[at].state != SENDING_FREE;
        crowd_fail(crowd,
                   "no rest: %s is %s, waits for %u answers and %s; the broker is %sidle, its pipe "
                   "is %sheld with %zu bytes to feed",
                   guest->id,
                   guest->up     ? "connected"
                   : guest->pipe ? "connecting"
                                 : "away",
                   sendings, guest->request.type ? "SUBACK" : "no SUBACK",
                   crowd_is_idle(crowd) ? "" : "not ",
                   guest->pipe && guest->pipe->held ? "" : "not ",
                   guest->pipe ? guest->pipe->in_size : 0);
    }
    crowd_fail(crowd, "no rest: the broker is %sidle, the house %ssettled",
               crowd_is_idle(crowd) ? "" : "not ", world_is_settled(crowd->world) ? "" : "not ");
}

/* false: the power went. */
static bool rest_until_still(struct crowd *crowd)
{
    unsigned still = 0;
    for (unsigned i = 0; i < REST_ROUNDS && still < REST_STILL; i++) {
        rest_round(crowd);
        if (disk_sim_power_is_off(crowd->world->disk))
            return false;
        still = crowd_rests(crowd) ? still + 1 : 0;
    }
    if (still < REST_STILL)
        rest_failed(crowd);
    return true;
}

void crowd_rest(struct crowd *crowd)
{
    if (!crowd->broker)
        return;
    world_heal(crowd->world);
    for (unsigned i = 0; i < PIPES; i++)
        if (crowd->pipes[i].used && !crowd->pipes[i].guest && !crowd->farewell)
            pipe_gone(crowd, &crowd->pipes[i]);
    if (!rest_until_still(crowd))
        return;
    wills_settle(crowd, true);
    crowd->counts->rests++;
    crowd_verify_connected(crowd);
    crowd_verify(crowd);
}

static void finish_farewell(struct crowd *crowd)
{
    struct broker_state state;
    crowd->farewell = true;
    for (unsigned i = 0; i < GUESTS; i++) {
        struct guest *guest = &crowd->guests[i];
        if (guest->pipe)
            pipe_gone(crowd, guest->pipe);
        guest_connect(crowd, guest, true, false);
    }
    crowd_rest(crowd);
    for (unsigned i = 0; i < GUESTS; i++)
        guest_disconnect(crowd, &crowd->guests[i]);
    crowd_rest(crowd);
    broker_describe(crowd->broker, &state);
    if (state.clients + state.sessions + state.subscriptions + state.shared + state.queued +
            state.in_flight + state.memory >
        0)
        crowd_fail(crowd,
                   "everybody left: %" PRIu64 " clients, %" PRIu64 " sessions, %" PRIu64
                   " subscriptions, %" PRIu64 " queued, %" PRIu64 " on their way, %" PRIu64
                   " bytes of memory are left",
                   state.clients, state.sessions, state.subscriptions, state.queued,
                   state.in_flight, state.memory);
}

void crowd_finish(struct crowd *crowd)
{
    disk_sim_power_fail_in(crowd->world->disk, 0);
    crowd->settings.mqtt_stored = UINT64_C(1) << 30; /* MQTT 3 would try for ever */
    crowd->memory.most = crowd->settings.mqtt_memory;
    crowd_rest(crowd);
    for (unsigned i = 0; i < PIPES; i++)
        if (crowd->pipes[i].used && random_one_in(&crowd->random, 2))
            pipe_gone(crowd, &crowd->pipes[i]);
    clock_sim_advance(&crowd->world->clock, 30 * NS_PER_S);
    crowd->gathering = true;
    crowd_rest(crowd);
    crowd->gathering = false;
    crowd->counts->dropped += crowd->missing;
    finish_farewell(crowd);
}
