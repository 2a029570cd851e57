/* What happens in the imagined house, chosen by the seed. */
#include "world.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WALL_START_NS (INT64_C(1763800000) * NS_PER_S)
#define SETTLE_ROUNDS 6000
#define WAIT_ROUNDS 2000
#define OPEN_TRIES 20
#define ROOM_ON_A_FULL_DISK ((uint64_t)96 << 10)
#define ARCHIVE_TAG UINT64_MAX /* of commands about history */

void world_fail(struct world *world, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(world->failure, sizeof world->failure, format, arguments);
    va_end(arguments);
    longjmp(*world->escape, 1);
}

static void world_tell(void *arg, enum log_level level, const char *text)
{
    struct world *world = arg;
    snprintf(world->told[world->told_next++ % TOLD_LINES], sizeof world->told[0],
             "operation %" PRIu64 ", level %d: %s", world->counts.operations, level, text);
    if (world->verbose)
        fprintf(stderr, "  operation %" PRIu64 ": %s\n", world->counts.operations, text);
    if (strstr(text, ".snap: damaged") && !world_snapshot_is_rotten(world, text))
        world_fail(world, "nothing rotted, and a snapshot is damaged: %s", text);
    bool damaged = strstr(text, "it is left out") || strstr(text, "cannot be read back") ||
                   (strstr(text, "was made anew") && !strstr(text, "is missing"));
    if (strncmp(text, "history", 7) == 0 && damaged && !world->rotten &&
        !disk_sim_power_is_off(world->disk))
        world_fail(world, "nothing rotted, and %s", text);
}

static void world_outcome(void *arg, uint64_t tag, const struct outcome *outcome)
{
    struct world *world = arg;
    if (tag == RULES_TAG)
        return; /* refused or not: the state tells */
    if (tag == ARCHIVE_TAG) {
        if (outcome->code != OUTCOME_DONE && !world->rotten)
            world_fail(world, "a command about history is refused: %d", (int)outcome->code);
        return;
    }
    if (!world->commands.waiting || tag != world->commands.tag)
        world_fail(world, "an outcome for tag %" PRIu64 ", which nobody waits for", tag);
    const char *wrong = commands_answer(&world->commands, outcome);
    if (wrong != NULL && !world->rotten)
        world_fail(world, "%s", wrong);
    world->commands.waiting = false;
}

/* ---- promises ---- */
static void pending_add(struct world *world, uint64_t ticket, unsigned device, uint64_t key)
{
    if (world->pending_count == world->pending_capacity) {
        world->pending_capacity = world->pending_capacity * 2 + 1024;
        world->pending = realloc(world->pending, world->pending_capacity * sizeof *world->pending);
        check(world->pending != NULL);
    }
    world->pending[world->pending_count++] =
        (struct pending){.ticket = ticket, .key = key, .device = device};
}

/* What waits above the durable ticket will never be answered. */
static void pending_lost(struct world *world)
{
    for (size_t i = 0; i < world->pending_count; i++)
        keys_at(&world->keys, world->pending[i].key)->unknown++;
    world->pending_count = 0;
    world->commands.sent = false;
    world->commands.wish.again = true;
}

static void pending_durable(struct world *world, uint64_t ticket)
{
    size_t kept = 0;
    for (size_t i = 0; i < world->pending_count; i++) {
        if (world->pending[i].ticket > ticket) {
            world->pending[kept++] = world->pending[i];
            continue;
        }
        keys_at(&world->keys, world->pending[i].key)->acknowledged++;
        world->traffic.devices[world->pending[i].device].known = true;
    }
    world->pending_count = kept;
}

/* What a door does after each step. */
static void world_answers(struct world *world)
{
    uint64_t lost = engine_lost_generation(world->engine);
    pending_durable(world, engine_durable_ticket(world->engine));
    if (lost == world->lost_generation)
        return;
    world->lost_generation = lost;
    pending_lost(world);
}

/* ---- moving on ---- */
static void world_step(struct world *world)
{
    if (world->engine == NULL || disk_sim_power_is_off(world->disk))
        return;
    if (world->clock.wall_ns > world->newest_ns)
        world->newest_ns = world->clock.wall_ns;
    crowd_retry(&world->crowd);
    (void)engine_step(world->engine);
    world_answers(world);
    crowd_step(&world->crowd);
}

void world_pump(struct world *world)
{
    struct random *random = &world->random;
    clock_sim_advance(&world->clock, (int64_t)random_below(random, 2 * NS_PER_MS));
    if (!random_one_in(random, 3))
        worker_sim_run(&world->writer);
    if (random_one_in(random, 3))
        worker_sim_run(&world->background);
    if (random_one_in(random, 4))
        worker_sim_run(&world->sealer);
    if (random_one_in(random, 4))
        worker_sim_run(&world->merger);
    world_step(world);
}

bool world_is_settled(const struct world *world)
{
    struct journal *journal = engine_journal(world->engine);
    struct journal_state state;
    journal_describe(journal, &state);
    return !state.stopped && journal_batch_empty(journal) && !journal_in_flight(journal) &&
           world->pending_count == 0;
}

void world_round(struct world *world)
{
    clock_sim_advance(&world->clock, 5 * NS_PER_MS);
    worker_sim_run(&world->writer);
    worker_sim_run(&world->background);
    worker_sim_run(&world->sealer);
    worker_sim_run(&world->merger);
    world_step(world);
}

void world_heal(struct world *world)
{
    disk_sim_capacity(world->disk, 0);
    disk_sim_fail_in(world->disk, 0, 0);
    world->full_until = 0;
}

void world_settle(struct world *world)
{
    for (unsigned i = 0; i < SETTLE_ROUNDS; i++) {
        if (disk_sim_power_is_off(world->disk))
            return;
        if (world_is_settled(world) && crowd_is_idle(&world->crowd)) {
            wills_settle(&world->crowd, false);
            return;
        }
        if (i == SETTLE_ROUNDS / 2) { /* a house that stopped on a full disk waits for room */
            disk_sim_capacity(world->disk, 0);
            world->full_until = 0;
        }
        world_round(world);
    }
    world_fail(world, "the house does not settle: %zu values wait, the broker is %sidle",
               world->pending_count, crowd_is_idle(&world->crowd) ? "" : "not ");
}

/* ---- start and end ---- */
void world_stop(struct world *world, bool crash)
{
    if (crash)
        disk_sim_power_off(world->disk);
    crash = disk_sim_power_is_off(world->disk);
    if (!crash) { /* a clean end drains: what it acknowledges on the way counts */
        if (world->crowd.broker)
            broker_stop_wills(world->crowd.broker);
        world_settle(world);
    }
    crowd_stop(&world->crowd, disk_sim_power_is_off(world->disk));
    if (world->engine != NULL) {
        struct history_state state;
        history_describe(engine_history(world->engine), &state);
        world->counts.seals += state.seals;
        world->counts.merges += state.merges;
    }
    engine_close(world->engine, random_one_in(&world->random, 2));
    world->engine = NULL;
    crash = disk_sim_power_is_off(world->disk);
    pending_lost(world);
    worker_sim_reset(&world->writer);
    worker_sim_reset(&world->background);
    worker_sim_reset(&world->sealer);
    worker_sim_reset(&world->merger);
    if (crash) {
        disk_sim_power_on(world->disk);
        clock_sim_reboot(&world->clock, (int64_t)random_below(&world->random, NS_PER_S * 100));
        world->counts.crashes++;
    } else {
        world->counts.restarts++;
    }
}

void world_open(struct world *world)
{
    struct engine_start start;
    for (unsigned tries = 0; tries < OPEN_TRIES; tries++) {
        disk_sim_fail_in(world->disk, 0, 0);
        if (tries < 3 && random_one_in(&world->random, 8)) /* the power goes while it starts */
            disk_sim_power_fail_in(world->disk, 1 + random_below(&world->random, 30));
        enum err err = engine_open(&world->config, &world->engine, &start);
        world->lost_generation = 0;
        if (err == OK) {
            for (unsigned i = 0; i < DEVICES; i++)
                publisher_init(&world->publishers[i], TENANT_DEFAULT, 1000000);
            crowd_open(&world->crowd);
            return;
        }
        world->engine = NULL;
        if (!disk_sim_power_is_off(world->disk))
            world_fail(world, "the engine does not start: %s", err_text(err));
        worker_sim_reset(&world->writer);
        worker_sim_reset(&world->background);
        worker_sim_reset(&world->sealer);
        worker_sim_reset(&world->merger);
        disk_sim_power_on(world->disk);
        clock_sim_reboot(&world->clock, NS_PER_S);
        world->counts.crashes++;
    }
    world_fail(world, "the engine does not start in %d tries", OPEN_TRIES);
}

struct part_found {
    char path[DISK_NAME_SIZE];
};

static void part_each(void *arg, const char *name, uint64_t size)
{
    struct part_found *found = arg;
    (void)size;
    if (strstr(name, ".part") != NULL && strstr(name, ".tmp") == NULL)
        snprintf(found->path, sizeof found->path, "history/%s", name);
}

static void world_lose_part(struct world *world)
{
    struct disk *disk = disk_sim_port(world->disk);
    struct part_found found = {""};
    if (disk->list(disk, "history", part_each, &found) != OK || found.path[0] == 0)
        return;
    check(disk->remove(disk, found.path) == OK && disk->sync_folder(disk, "history") == OK);
}

static void world_again(struct world *world, bool crash)
{
    if (crash && random_one_in(&world->random, 2)) { /* in the middle of some write */
        disk_sim_power_fail_in(world->disk, 1 + random_below(&world->random, 20));
        for (unsigned i = 0; i < 100 && !disk_sim_power_is_off(world->disk); i++)
            world_pump(world);
    }
    world_stop(world, crash);
    bool clean = !crash;
    if (world->rot_allowed && random_one_in(&world->random, 2))
        world_rot(world, clean);
    if (world->config.sabotage == SABOTAGE_NONE && random_one_in(&world->random, 6))
        world_rot_snapshot(world);
    if (world->past_sabotage == PAST_PART_LOST)
        world_lose_part(world);
    world_open(world);
    world_verify(world);
}

/* ---- operations ---- */
static void publish_judge(struct world *world, enum admit admit, const struct admitted *admitted)
{
    struct message *message = &world->message;
    if (admit == ADMIT_DONE) {
        if (message->expectation == EXPECT_REFUSED && !world->rotten)
            world_fail(world, "taken, should be refused: %.60s on %s", message->payload,
                       message->topic);
        world->counts.messages++;
        world->counts.values += message->key_count;
        for (size_t i = 0; i < message->key_count; i++)
            pending_add(world, admitted->ticket, message->device, message->keys[i]);
        return;
    }
    /* A part of an array may be in the batch before the disk is full. */
    for (size_t i = 0; i < message->key_count; i++)
        keys_at(&world->keys, message->keys[i])->unknown++;
    world->counts.refused++;
    world->counts.disk_full += admit == ADMIT_DISK_FULL;
    world->counts.stopped += admit == ADMIT_STOPPED;
    if (admit == ADMIT_STOPPED)
        clock_sim_advance(&world->clock, NS_PER_S / 4);
    if (message->expectation == EXPECT_TAKEN && admit != ADMIT_STOPPED &&
        admit != ADMIT_DISK_FULL && !world->rotten)
        world_fail(world, "refused (%s, %s): %.80s on %s", admit_name(admit),
                   payload_fault_name(admitted->fault), message->payload, message->topic);
}

static void operation_publish(struct world *world)
{
    struct message *message = &world->message;
    struct admitted admitted;
    enum admit admit = ADMIT_WAIT;
    traffic_next(&world->traffic, world->clock.wall_ns, message);
    struct publisher *publisher = &world->publishers[message->device];
    for (unsigned i = 0; admit == ADMIT_WAIT; i++) {
        if (disk_sim_power_is_off(world->disk))
            return;
        admit = engine_publish(world->engine, publisher, bytes_text(message->topic),
                               bytes_of(message->payload, message->payload_size), &admitted);
        if (admit == ADMIT_WAIT)
            world_pump(world);
        if (i == WAIT_ROUNDS / 2) /* windows that cannot be sealed on a full disk */
            world_heal(world);
        if (i > WAIT_ROUNDS)
            world_fail(world, "a publish waits for ever");
    }
    publish_judge(world, admit, &admitted);
}

/* What a door tells: a command's own entry must be right with others between. */
static void operation_audit(struct world *world)
{
    struct admitted admitted;
    const struct fact_audit audit = {.actor = {.door = ACTOR_MQTT, .name = bytes_text("device")},
                                     .tenant = TENANT_DEFAULT,
                                     .action = bytes_text("denied"),
                                     .object = bytes_text("plant/a"),
                                     .outcome = bytes_text("no right")};
    enum admit admit = engine_audit(world->engine, &audit, &admitted);
    if (admit != ADMIT_DONE && admit != ADMIT_WAIT && admit != ADMIT_STOPPED &&
        admit != ADMIT_DISK_FULL)
        world_fail(world, "the audit is refused: %s", admit_name(admit));
}

static void operation_command(struct world *world)
{
    struct command_text text;
    struct admitted admitted;
    if (!world->commands.waiting)
        commands_next(&world->commands);
    if (world->commands.sent)
        return;
    struct command command = commands_command(&world->commands, &text);
    if (world->commands.tag % 3 == 0)
        operation_audit(world);
    enum admit admit = engine_command(world->engine, &command, world->commands.tag, &admitted);
    if (admit == ADMIT_DONE) {
        world->commands.sent = true;
        world->counts.commands++;
    } else if (admit != ADMIT_WAIT && admit != ADMIT_STOPPED && admit != ADMIT_DISK_FULL) {
        world_fail(world, "a command is refused: %s", admit_name(admit));
    }
}

/* ---- history ---- */
/* Sends a command that nobody repeats; true: it was done. */
static bool archive_command(struct world *world, const struct command *command)
{
    struct admitted admitted;
    uint64_t lost = engine_lost_generation(world->engine);
    if (engine_command(world->engine, command, ARCHIVE_TAG, &admitted) != ADMIT_DONE)
        return false;
    world_settle(world);
    return !disk_sim_power_is_off(world->disk) && engine_lost_generation(world->engine) == lost;
}

/* Some points, some time, alone in its batch: so it is known what came before it. */
static void operation_erase(struct world *world)
{
    struct random *random = &world->random;
    uint32_t points = points_count(engine_points(world->engine));
    world_settle(world);
    if (points == 0 || disk_sim_power_is_off(world->disk))
        return;
    struct point_range range = {.first = 1 + (uint32_t)random_below(random, points)};
    range.count = 1 + (uint32_t)random_below(random, points - range.first + 1) % 40;
    int64_t now_ns = world->clock.wall_ns;
    int64_t from_ns = now_ns - (int64_t)random_below(random, 100) * NS_PER_S;
    int64_t to_ns = from_ns + (int64_t)random_below(random, 100) * NS_PER_S + 1;
    struct command command = {.kind = COMMAND_ERASE,
                              .tenant = TENANT_DEFAULT,
                              .erase = {.complete = true,
                                        .from_ns = random_one_in(random, 4) ? 0 : from_ns,
                                        .to_ns = to_ns,
                                        .pattern = bytes_text("**"),
                                        .ranges = &range,
                                        .range_count = 1}};
    world->counts.erasures += archive_command(world, &command);
}

/* Once, and for good. */
static void operation_retain(struct world *world)
{
    int64_t retention_ns = (int64_t)(1 + random_below(&world->random, 3600)) * NS_PER_S;
    struct command command = {
        .kind = COMMAND_POLICY_SET,
        .tenant = TENANT_DEFAULT,
        .policy = {.name = bytes_text("all"),
                   .pattern = bytes_text("**"),
                   .rules = {.retention_ns = retention_ns,
                             .rollup_ns = {0, POLICY_NO_ROLLUP, POLICY_NO_ROLLUP}}}};
    if (world->retention_ns != 0)
        return;
    world->retention_ns = retention_ns; /* also when the answer is lost */
    (void)archive_command(world, &command);
}

static void operation_history(struct world *world)
{
    struct history *history = engine_history(world->engine);
    uint64_t choice = random_below(&world->random, 16);
    if (choice < 8)
        history_seal_now(history);
    else if (choice < 11)
        history_merge_now(history);
    else if (choice < 15)
        operation_erase(world);
    else if (world->seed % 4 == 2)
        operation_retain(world);
}

static void operation_fault(struct world *world)
{
    struct random *random = &world->random;
    switch (random_below(random, 4)) {
    case 0: {
        uint64_t calls = random_below(random, 40);
        disk_sim_fail_in(world->disk, calls, 1 + random_below(random, 4));
        world->counts.write_failures++;
        break;
    }
    case 1:
        disk_sim_capacity(world->disk,
                          disk_sim_used(world->disk) + random_below(random, ROOM_ON_A_FULL_DISK));
        world->full_until = world->counts.operations + random_below(random, 1500);
        world->counts.full_disks++;
        break;
    case 2:
        clock_sim_jump_wall(&world->clock, ((int64_t)random_below(random, 7200) - 3600) * NS_PER_S);
        break;
    default:
        clock_sim_advance(&world->clock, (int64_t)random_below(random, 3600) * NS_PER_S);
        break;
    }
}

static void world_operation(struct world *world)
{
    struct random *random = &world->random;
    uint64_t choice = random_below(random, 10000);
    world->counts.operations++;
    if (world->full_until != 0 && world->counts.operations >= world->full_until) {
        disk_sim_capacity(world->disk, 0);
        world->full_until = 0;
        clock_sim_advance(&world->clock, 2 * NS_PER_S);
    }
    if (disk_sim_power_is_off(world->disk))
        world_again(world, true);
    else if (choice < 4)
        world_again(world, true);
    else if (choice < 6)
        world_again(world, false);
    else if (choice < 16)
        operation_fault(world);
    else if (choice < 26)
        world->counts.snapshots += engine_snapshot_now(world->engine);
    else if (choice < 30 && world->crowd_here)
        crowd_rest(&world->crowd);
    else if (choice < 60)
        operation_history(world);
    else if (choice < 90)
        operation_rules(world);
    else if (choice < 400)
        operation_command(world);
    else if (world->crowd_here && (world->crowd.alone || choice < 5000))
        crowd_act(&world->crowd);
    else
        operation_publish(world);
    if (!random_one_in(random, 4))
        world_pump(world);
}

/* ---- a seed ---- */
static void world_init(struct world *world, uint64_t seed, const struct world_plan *plan)
{
    enum journal_sabotage sabotage = plan->journal;
    world->seed = seed;
    random_seed(&world->random, seed);
    check(disk_sim_create(&world->random, &world->disk) == OK);
    clock_sim_init(&world->clock, WALL_START_NS);
    /* Where looking takes long, a batch is applied in many pieces. */
    world->clock.tick_ns = seed % 3 == 0 ? 100 * NS_PER_US : 300;
    worker_sim_init(&world->writer);
    worker_sim_init(&world->background);
    worker_sim_init(&world->sealer);
    worker_sim_init(&world->merger);
    traffic_init(&world->traffic, &world->random);
    commands_init(&world->commands, &world->random);
    keys_init(&world->keys);
    world->rot_allowed = sabotage == SABOTAGE_NONE && seed % 4 == 0;
    engine_config_default(&world->config);
    world->config.disk = disk_sim_port(world->disk);
    world->config.clock = &world->clock.port;
    world->config.writer = &world->writer.port;
    world->config.background = &world->background.port;
    world->config.sealer = &world->sealer.port;
    world->config.merger = &world->merger.port;
    world->config.history_window_ns = (int64_t)(1 + random_below(&world->random, 4000)) * NS_PER_MS;
    world->config.segment_first_bytes = UINT64_C(1) << 20;
    world->config.segment_max_bytes = UINT64_C(4) << 20;
    world->config.reserve_bytes = UINT64_C(256) << 10;
    world->config.snapshot_bytes = (uint64_t)32 << random_below(&world->random, 8) << 10;
    world->config.snapshot_interval_ns = (int64_t)(1 + random_below(&world->random, 60)) * NS_PER_S;
    if (seed % 8 == 3 && sabotage == SABOTAGE_NONE)
        world->config.samples_keep_ns = 3 * NS_PER_S;
    world->config.sabotage = sabotage;
    world->config.tell = world_tell;
    world->config.outcome = world_outcome;
    world->config.arg = world;
    world->crowd_here = true;
    world->crowd.counts = &world->counts.crowd;
    world->crowd.alone = plan->crowd_alone;
    world->past_sabotage = plan->past;
    crowd_init(&world->crowd, world, seed, plan->crowd);
    if (seed % 2 == 1 || seed % 8 == 0) /* no MQTT is ever released: all of it can be replayed */
        world->config.messages_keep_ns = INT64_MAX / 4;
}

static void world_done(struct world *world)
{
    disk_sim_power_off(world->disk);
    crowd_stop(&world->crowd, true);
    engine_close(world->engine, false);
    crowd_done(&world->crowd);
    disk_sim_destroy(world->disk);
    keys_done(&world->keys);
    scan_names_done(&world->names);
    free(world->pending);
}

static void world_live(struct world *world)
{
    world_open(world);
    while (world->counts.operations < WORLD_OPERATIONS)
        world_operation(world);
    world_again(world, true); /* one crash at least */
    disk_sim_capacity(world->disk, 0);
    disk_sim_fail_in(world->disk, 0, 0);
    clock_sim_advance(&world->clock, 5 * NS_PER_S);
    world_settle(world);
    while (world->crowd_here && disk_sim_power_is_off(world->disk))
        world_again(world, true);
    if (world->crowd_here)
        crowd_finish(&world->crowd);
    world_again(world, false);
}

bool world_run(uint64_t seed, const struct world_plan *plan, bool verbose,
               struct world_counts *counts, char failure[512])
{
    struct world *world = calloc(1, sizeof *world);
    jmp_buf escape;
    check(world != NULL);
    world->verbose = verbose;
    world->escape = &escape;
    if (setjmp(escape) == 0) {
        world_init(world, seed, plan);
        world_live(world);
        world_done(world);
    }
    bool passed = world->failure[0] == 0;
    if (!passed)
        snprintf(failure, 512, "operation %" PRIu64 ": %.450s", world->counts.operations,
                 world->failure);
    if (counts != NULL)
        *counts = world->counts;
    free(world); /* after a failure the rest of the house is left where it is */
    return passed;
}
