#include "backup/later.h"

#include "backup/segments.h"
#include "backup/store.h"
#include "engine/engine.h"
#include "journal/journal.h"

#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 100000

struct later {
    const struct backup_port *port;
    struct clock *clock;
    struct worker *worker;
    struct engine *knows;  /* of the later erasures */
    struct engine *target; /* they are asked for in */
    const struct later_place *place;
    uint32_t asked, answered, refused;
    uint64_t erasures;
};

static void later_outcome(void *arg, uint64_t tag, const struct outcome *outcome)
{
    struct later *later = arg;
    (void)tag;
    later->answered++;
    later->refused += outcome->code != OUTCOME_DONE;
}

static enum err later_open(struct later *later, struct disk *disk, bool read_only,
                           struct engine **ret_engine)
{
    struct engine_config config;
    struct engine_start start;
    engine_config_default(&config);
    config.disk = disk;
    config.clock = later->clock;
    config.writer = config.background = later->worker;
    config.read_only = read_only;
    config.batch_floor_ns = 0;
    config.outcome = later_outcome;
    config.arg = later;
    return engine_open(&config, ret_engine, &start);
}

/* ---- the same line ----------------------------------------------------------------------------
 */
struct line_walk {
    const struct later_place *place;
    bool goes_on;
};

static void line_segment(void *arg, const char *file, const struct segment_header *header,
                         uint64_t bytes, enum err header_err)
{
    struct line_walk *walk = arg;
    (void)file, (void)bytes;
    walk->goes_on |= header_err == OK && header->number == walk->place->segment &&
                     header->epoch == walk->place->epoch;
}

/* Does `from` have the segment in which the restored journal ends, and not another of its number?
 */
static enum err line_check(struct later *later)
{
    struct line_walk walk = {.place = later->place};
    enum err err = journal_segments(engine_journal(later->knows), line_segment, &walk);
    if (err != OK || walk.goes_on)
        return err;
    port_tell(later->port, LOG_ERROR,
              "the data that later erasures are to be read from does not go on where the restored "
              "one ends: it is of another journal, or was restored to an earlier time itself");
    return ERR_INVALID;
}

/* ---- asking again -----------------------------------------------------------------------------
 */
/* Points that came to be later are not there. */
static size_t ranges_clip(struct point_range *ranges, size_t count, uint32_t points)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].first > points)
            continue;
        uint32_t most = points - ranges[i].first + 1;
        ranges[kept] = ranges[i];
        if (ranges[kept].count > most)
            ranges[kept].count = most;
        kept++;
    }
    return kept;
}

static enum err command_run(struct later *later, const struct command *command)
{
    struct admitted admitted;
    enum admit admit = ADMIT_WAIT;
    for (int i = 0; i < STEPS_MAX && admit == ADMIT_WAIT; i++) {
        admit = engine_command(later->target, command, 1, &admitted);
        if (admit == ADMIT_WAIT)
            engine_step(later->target);
    }
    if (admit != ADMIT_DONE)
        return admit == ADMIT_DISK_FULL ? ERR_NO_SPACE : ERR_IO;
    later->asked++;
    for (int i = 0; i < STEPS_MAX && later->answered < later->asked; i++)
        engine_step(later->target);
    return later->answered == later->asked ? OK : ERR_IO;
}

static enum err group_run(struct later *later, uint32_t number, struct point_range *ranges)
{
    const struct archive *archive = engine_archive(later->knows);
    struct erased_group group;
    struct erasure_view erasure;
    archive_group(archive, number, &group);
    if (group.position < later->place->position)
        return OK;
    archive_erasure(archive, group.erasure, &erasure);
    size_t count = archive_group_ranges(archive, number, 0, ranges, ERASE_RANGES_MAX);
    count = ranges_clip(ranges, count, points_count(engine_points(later->target)));
    if (count == 0)
        return OK;
    const struct command command = {.kind = COMMAND_ERASE,
                                    .tenant = erasure.tenant,
                                    .erase = {.complete = true,
                                              .from_ns = group.from_ns,
                                              .to_ns = group.to_ns,
                                              .pattern = erasure.pattern,
                                              .reason = erasure.reason,
                                              .author = erasure.author,
                                              .ranges = ranges,
                                              .range_count = (uint16_t)count}};
    later->erasures++;
    return command_run(later, &command);
}

static enum err groups_run(struct later *later)
{
    struct point_range *ranges = malloc(ERASE_RANGES_MAX * sizeof *ranges);
    uint32_t groups = archive_groups(engine_archive(later->knows));
    enum err err = ranges != NULL ? OK : ERR_NO_MEMORY;
    for (uint32_t i = 1; i <= groups && err == OK; i++)
        err = group_run(later, i, ranges);
    free(ranges);
    if (err == OK && later->refused > 0) {
        port_tell(later->port, LOG_ERROR,
                  "%u later erasures could not be written into the restored folder: the limit of "
                  "erasures is reached there",
                  later->refused);
        err = ERR_LIMIT;
    }
    return err;
}

enum err later_erase(struct disk *from, struct disk *into, const struct later_place *place,
                     struct clock *clock, const struct backup_port *port, uint64_t *ret_erasures)
{
    struct later later = {.port = port, .clock = clock, .place = place};
    uint32_t groups = 0;
    enum err err = worker_inline_create(&later.worker);
    if (err != OK)
        return err;
    err = later_open(&later, from, true, &later.knows);
    if (err == OK)
        err = line_check(&later);
    if (err == OK)
        groups = archive_groups(engine_archive(later.knows));
    struct erased_group last = {.position = 0};
    if (groups > 0)
        archive_group(engine_archive(later.knows), groups, &last);
    if (err == OK && last.position >= place->position) {
        err = later_open(&later, into, false, &later.target);
        if (err == OK)
            err = groups_run(&later);
    }
    engine_close(later.target, false);
    engine_close(later.knows, false);
    later.worker->destroy(later.worker);
    if (err == OK)
        *ret_erasures += later.erasures;
    return err;
}
