/* disk_sim: an imagined disk in memory that can do what real ones do on their worst days.
 *
 * What a program sees (now) and what is on the medium (safe) are two different things: a plain
 * write changes only what is seen until the file is synced; a name made, moved or removed is on
 * the medium when its folder is synced. When the power goes, each unsynced sector of 512 bytes is
 * on the medium or not, by chance, and so is each unsynced name; a write or sync that the power
 * interrupts is torn the same way. After a failed sync what was dirty may be lost without ever
 * being dirty again, as Linux does.
 *
 * One thread. Everything chosen by chance comes from `random`. */
#pragma once

#include "os/os.h"
#include "random.h"

struct disk_sim;
MUST_USE enum err disk_sim_create(struct random *random, struct disk_sim **ret_disk);
void disk_sim_destroy(struct disk_sim *disk);
struct disk *disk_sim_port(struct disk_sim *disk);

/* ---- power -------------------------------------------------------------------------------------
 */
/* The power goes in the middle of the n-th changing call from now (1: the next one); 0: not. From
 * then on every call fails with ERR_IO until power_on. */
void disk_sim_power_fail_in(struct disk_sim *disk, uint64_t calls);
bool disk_sim_power_is_off(const struct disk_sim *disk);
/* Now, between two calls. */
void disk_sim_power_off(struct disk_sim *disk);
/* What is on the medium is what is seen. Files open before are closed by the caller first. */
void disk_sim_power_on(struct disk_sim *disk);

/* ---- faults ------------------------------------------------------------------------------------
 */
/* After `calls` more changing calls, `count` of them fail with ERR_IO and do a part of their work.
 */
void disk_sim_fail_in(struct disk_sim *disk, uint64_t calls, uint64_t count);
/* Bytes it can hold; 0: no limit. Less than is used: nothing grows. */
void disk_sim_capacity(struct disk_sim *disk, uint64_t bytes);
uint64_t disk_sim_used(const struct disk_sim *disk);
/* Flips bits of [offset, offset + size) of a file, on the medium and in what is seen. False: the
 * file is not there or shorter, and nothing was changed. */
bool disk_sim_rot(struct disk_sim *disk, const char *path, uint64_t offset, uint64_t size);
/* Reads that touch [offset, offset + size) of a file fail with ERR_IO from now on, whatever its
 * name becomes; size 0: all of it can be read again. One stretch for each file. False: the file is
 * not there. */
bool disk_sim_unreadable(struct disk_sim *disk, const char *path, uint64_t offset, uint64_t size);
/* The next `count` reads fail with ERR_IO. */
void disk_sim_fail_reads(struct disk_sim *disk, uint64_t count);

/* ---- asking -------------------------------------------------------------------------------------
 */
uint64_t disk_sim_changes(const struct disk_sim *disk); /* changing calls so far */
