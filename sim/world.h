/* world: one imagined house: an engine on an imagined disk, clock and workers, devices that talk to
 * it, and everything that can go wrong; beside it the model of what it promised.
 *
 * A world is its seed: the same seed does the same, operation by operation. */
#pragma once

#include "clock_sim.h"
#include "commands.h"
#include "crowd.h"
#include "disk_sim.h"
#include "engine/engine.h"
#include "keys.h"
#include "scan.h"
#include "traffic.h"
#include "worker_sim.h"

#include <setjmp.h>

#define WORLD_OPERATIONS 10000
#define TOLD_LINES 64
#define ROTTEN_SNAPSHOTS 32u

struct pending { /* one value in a batch on its way */
    uint64_t ticket, key;
    unsigned device;
};
struct world_counts {
    uint64_t operations, messages, values, refused, disk_full, stopped, commands, crashes, restarts,
        write_failures, full_disks, rots, snapshots, verified, erasures, seals, merges, samples;
    struct crowd_counts crowd;
};
struct world {
    uint64_t seed;
    struct random random;
    struct disk_sim *disk;
    struct clock_sim clock;
    struct worker_sim writer, background, sealer, merger;
    struct engine_config config;
    struct engine *engine;
    struct publisher publishers[DEVICES];
    uint64_t lost_generation; /* seen */
    struct traffic traffic;
    struct message message;
    struct commands commands;
    struct keys keys;
    struct scan_names names;
    struct crowd crowd;   /* MQTT clients */
    int64_t retention_ns; /* of raw samples, once a policy says so; 0: for ever */
    enum past_sabotage past_sabotage;
    int64_t newest_ns; /* the latest that the wall clock ever said */
    bool crowd_here;   /* until bytes rot: then nobody knows what may be missing */
    struct pending *pending;
    size_t pending_count, pending_capacity;
    bool rot_allowed, rotten; /* this seed lets bytes rot; some did */
    bool unreadable;          /* some cannot be read at all */
    char rotten_snapshots[ROTTEN_SNAPSHOTS][DISK_NAME_SIZE];
    size_t rotten_snapshot_count;
    size_t damage_expected; /* entries that must be named, no more and no less */
    uint64_t full_until;    /* operation at which the disk gets its room back; 0: it has it */
    bool verbose;
    struct world_counts counts;
    char failure[512]; /* what was found, "" while nothing was */
    jmp_buf *escape;
    char told[TOLD_LINES][160]; /* a ring: what the house said last */
    unsigned told_next;
};

/* A bug to be planted, and who is to find it. */
struct world_plan {
    enum journal_sabotage journal;
    enum crowd_sabotage crowd;
    enum past_sabotage past;
    bool crowd_alone; /* no other traffic than MQTT */
};
/* Runs one seed; true: nothing was found. counts may be NULL. */
bool world_run(uint64_t seed, const struct world_plan *plan, bool verbose,
               struct world_counts *counts, char failure[512]);

/* ---- between the files of the world ---- */
_Noreturn void world_fail(struct world *world, const char *format, ...) PRINTF_LIKE(2, 3);
void world_open(struct world *world);
/* The process ends; the power, when it is `crash`. Nothing of the house is left but the disk. */
void world_stop(struct world *world, bool crash);
void world_pump(struct world *world);
/* Until all that was admitted is durable and applied. */
void world_settle(struct world *world);
bool world_is_settled(const struct world *world);
/* Both workers do one job, time goes on a little. */
void world_round(struct world *world);
/* The disk has room and does what it is told. */
void world_heal(struct world *world);
/* rules.c: a rule of alarms is set or removed, or an alarm is answered. */
#define RULES_TAG (UINT64_MAX - 1) /* of its commands */
void operation_rules(struct world *world);
/* verify.c: every invariant, against the disk as it is now. */
void world_verify(struct world *world);
/* past_verify.c: the history against what the journal had; past: see scan_disk. */
void world_verify_history(struct world *world, struct past *past);
/* rot.c: some bytes rot while the house is down; the loss must be named. */
void world_rot(struct world *world, bool clean);
void world_damage_show(const struct world *world, const struct scan *scan); /* when verbose */
/* Does the text name a snapshot that rotted? */
bool world_snapshot_is_rotten(const struct world *world, const char *text);
/* A byte of a snapshot rots: nothing may be lost by that, an older one and the journal serve. */
void world_rot_snapshot(struct world *world);
