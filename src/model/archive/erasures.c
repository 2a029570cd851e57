/* Erasures: which samples of which points are gone. A command names at most ERASE_RANGES_MAX ranges
 * of ids, so that carrying it out stays one short step; an erasure of many points is several. */
#include "model/archive/tables.h"

/* ---- judging -----------------------------------------------------------------------------------
 */
/* All of them are points of the tenant. Rows are of one tenant each. */
static bool ranges_are_of_tenant(const struct points *points, const struct command *command,
                                 uint64_t *ret_points)
{
    const struct command_erase *erase = &command->erase;
    uint64_t count = 0;
    for (size_t i = 0; i < erase->range_count; i++) {
        uint32_t point = erase->ranges[i].first, end = point + erase->ranges[i].count;
        if (end - 1 > points_count(points))
            return false;
        count += erase->ranges[i].count;
        while (point < end) {
            struct point_row row;
            points_row(points, points_row_of(points, point), &row);
            if (row.tenant != command->tenant)
                return false;
            point = row.shape.first_point + row.shape.count;
        }
    }
    *ret_points = count;
    return count <= ERASE_POINTS_MAX;
}

static enum outcome_code erase_judge_new(const struct archive *archive,
                                         const struct command_erase *erase)
{
    if (erase->from_ns < TIME_MIN_NS || erase->to_ns > TIME_MAX_NS ||
        erase->from_ns >= erase->to_ns)
        return OUTCOME_TIME_INVALID;
    if (!archive_text_is_good(erase->pattern, 0, POLICY_PATTERN_MAX) ||
        !archive_text_is_good(erase->reason, 0, REASON_BYTES_MAX) ||
        !archive_text_is_good(erase->author, 0, AUTHOR_BYTES_MAX))
        return OUTCOME_TEXT_INVALID;
    uint64_t units = archive_text_units(erase->pattern.size) +
                     archive_text_units(erase->reason.size) +
                     archive_text_units(erase->author.size);
    bool full = archive->roots->erasures >= archive->limits.erasures_max;
    return full || !archive_texts_fit(archive, units) ? OUTCOME_ARCHIVE_FULL : OUTCOME_DONE;
}

static enum outcome_code erase_judge_next(const struct archive *archive,
                                          const struct command *command)
{
    uint32_t erasure = command->erase.erasure;
    if (erasure > archive->roots->erasures)
        return OUTCOME_UNKNOWN_ERASURE;
    const struct erasure_entry *entry = state_read(&archive->erasures, erasure);
    bool open = entry->tenant == command->tenant && !(entry->flags & ERASURE_COMPLETE);
    return open ? OUTCOME_DONE : OUTCOME_UNKNOWN_ERASURE;
}

static enum outcome_code erase_judge(const struct archive *archive, const struct points *points,
                                     const struct command *command, uint64_t *ret_points)
{
    const struct command_erase *erase = &command->erase;
    enum outcome_code code =
        erase->erasure == 0 ? erase_judge_new(archive, erase) : erase_judge_next(archive, command);
    if (code != OUTCOME_DONE)
        return code;
    if (!ranges_are_of_tenant(points, command, ret_points))
        return OUTCOME_UNKNOWN_POINT;
    const struct roots_entry *roots = archive->roots;
    bool full = roots->groups >= archive->limits.groups_max ||
                erase->range_count > archive->limits.ranges_max - roots->ranges;
    return full ? OUTCOME_ARCHIVE_FULL : OUTCOME_DONE;
}

/* ---- carrying out ------------------------------------------------------------------------------
 */
static enum err erasure_begin(struct archive *archive, const struct archive_command *of,
                              uint32_t *ret_erasure)
{
    const struct command_erase *erase = &of->command->erase;
    struct erasure_entry entry = {.from_ns = erase->from_ns,
                                  .to_ns = erase->to_ns,
                                  .wall_ns = of->stamp->wall_ns,
                                  .position = of->stamp->position,
                                  .tenant = of->command->tenant};
    uint32_t erasure = archive->roots->erasures + 1;
    enum err err = state_table_grow(&archive->erasures, erasure + 1);
    if (err == OK)
        err = archive_text_add(archive, erase->pattern, &entry.pattern);
    if (err == OK)
        err = archive_text_add(archive, erase->reason, &entry.reason);
    if (err == OK)
        err = archive_text_add(archive, erase->author, &entry.author);
    if (err != OK)
        return err;
    *(struct erasure_entry *)state_write(&archive->erasures, erasure) = entry;
    roots_write(archive)->erasures = erasure;
    *ret_erasure = erasure;
    return OK;
}

static enum err ranges_append(struct archive *archive, const struct command_erase *erase)
{
    uint32_t first = archive->roots->ranges + 1;
    enum err err = state_table_grow(&archive->ranges, first + erase->range_count);
    if (err != OK)
        return err;
    for (uint32_t i = 0; i < erase->range_count; i++)
        *(struct point_range *)state_write(&archive->ranges, first + i) = erase->ranges[i];
    roots_write(archive)->ranges += erase->range_count;
    return OK;
}

static enum err live_erase(struct points *points, const struct command_erase *erase,
                           const struct erasure_entry *of)
{
    enum err err = OK;
    for (size_t i = 0; i < erase->range_count; i++) {
        struct point_range range = erase->ranges[i];
        for (uint32_t j = 0; err == OK && j < range.count; j++) {
            bool erased;
            err = points_erase_live(points, range.first + j, of->from_ns, of->to_ns, &erased);
        }
    }
    return err;
}

static enum err group_append(struct archive *archive, const struct archive_command *of,
                             uint32_t erasure, uint32_t points)
{
    const struct command_erase *erase = &of->command->erase;
    uint32_t group = archive->roots->groups + 1;
    const struct erasure_entry *entry = state_read(&archive->erasures, erasure);
    struct group_entry made = {.position = of->stamp->position,
                               .from_ns = entry->from_ns,
                               .to_ns = entry->to_ns,
                               .erasure = erasure,
                               .first_range = archive->roots->ranges + 1,
                               .ranges = erase->range_count,
                               .points = points};
    if (erase->range_count > 0) {
        const struct point_range *last = &erase->ranges[erase->range_count - 1];
        made.least = erase->ranges[0].first;
        made.greatest = last->first + last->count - 1;
    }
    enum err err = state_table_grow(&archive->groups, group + 1);
    if (err == OK)
        err = ranges_append(archive, erase);
    if (err != OK)
        return err;
    *(struct group_entry *)state_write(&archive->groups, group) = made;
    roots_write(archive)->groups = group;
    return OK;
}

enum err archive_apply_erase(struct archive *archive, struct points *points,
                             const struct archive_command *of)
{
    const struct command_erase *erase = &of->command->erase;
    struct outcome *outcome = &of->effects->outcome;
    uint32_t erasure = erase->erasure;
    uint64_t count = 0;
    outcome->code = erase_judge(archive, points, of->command, &count);
    if (outcome->code != OUTCOME_DONE)
        return OK;
    enum err err = erasure == 0 ? erasure_begin(archive, of, &erasure) : OK;
    if (err == OK)
        err = group_append(archive, of, erasure, (uint32_t)count);
    if (err != OK)
        return err;
    struct erasure_entry *entry = state_write(&archive->erasures, erasure);
    entry->groups++;
    entry->points += count;
    entry->position_last = of->stamp->position;
    entry->flags |= erase->complete ? ERASURE_COMPLETE : 0;
    outcome->number = erasure;
    of->effects->erased_group = archive->roots->groups;
    return live_erase(points, erase, entry);
}

/* ---- asking ------------------------------------------------------------------------------------
 */
uint32_t archive_erasures(const struct archive *archive)
{
    return archive->roots->erasures;
}

void archive_erasure(const struct archive *archive, uint32_t erasure, struct erasure_view *ret_view)
{
    check(erasure > 0 && erasure <= archive->roots->erasures);
    const struct erasure_entry *entry = state_read(&archive->erasures, erasure);
    *ret_view = (struct erasure_view){.erasure = erasure,
                                      .tenant = entry->tenant,
                                      .complete = entry->flags & ERASURE_COMPLETE,
                                      .from_ns = entry->from_ns,
                                      .to_ns = entry->to_ns,
                                      .position = entry->position,
                                      .position_last = entry->position_last,
                                      .wall_ns = entry->wall_ns,
                                      .points = entry->points,
                                      .groups = entry->groups,
                                      .pattern = archive_text(archive, entry->pattern),
                                      .reason = archive_text(archive, entry->reason),
                                      .author = archive_text(archive, entry->author)};
}

uint32_t archive_groups(const struct archive *archive)
{
    return archive->roots->groups;
}

void archive_group(const struct archive *archive, uint32_t group, struct erased_group *ret_group)
{
    check(group > 0 && group <= archive->roots->groups);
    const struct group_entry *entry = state_read(&archive->groups, group);
    *ret_group = (struct erased_group){.group = group,
                                       .erasure = entry->erasure,
                                       .position = entry->position,
                                       .from_ns = entry->from_ns,
                                       .to_ns = entry->to_ns,
                                       .points = entry->points,
                                       .ranges = entry->ranges,
                                       .least = entry->least,
                                       .greatest = entry->greatest};
}

size_t archive_group_ranges(const struct archive *archive, uint32_t group, uint32_t from,
                            struct point_range *ranges, size_t most)
{
    check(group > 0 && group <= archive->roots->groups);
    const struct group_entry *entry = state_read(&archive->groups, group);
    size_t count = 0;
    for (uint32_t i = from; i < entry->ranges && count < most; i++)
        ranges[count++] =
            *(const struct point_range *)state_read(&archive->ranges, entry->first_range + i);
    return count;
}

static bool group_has(const struct archive *archive, const struct group_entry *group,
                      uint32_t point)
{
    uint32_t low = group->first_range, high = group->first_range + group->ranges;
    while (low < high) { /* the first range that ends behind the point */
        uint32_t middle = low + (high - low) / 2;
        const struct point_range *range = state_read(&archive->ranges, middle);
        if (range->first + range->count > point)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == group->first_range + group->ranges)
        return false;
    const struct point_range *range = state_read(&archive->ranges, low);
    return range->first <= point;
}

bool archive_is_erased(const struct archive *archive, uint32_t point, int64_t time_ns,
                       uint64_t position)
{
    for (uint32_t i = archive->roots->groups; i > 0; i--) {
        const struct group_entry *group = state_read(&archive->groups, i);
        if (group->position <= position)
            return false; /* it, and all before it, came before the sample */
        if (point >= group->least && point <= group->greatest && time_ns >= group->from_ns &&
            time_ns < group->to_ns && group_has(archive, group, point))
            return true;
    }
    return false;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool group_is_valid(const struct archive *archive, const struct group_entry *group)
{
    uint32_t end = 0;
    uint64_t points = 0;
    for (uint32_t i = 0; i < group->ranges; i++) {
        const struct point_range *range = state_read(&archive->ranges, group->first_range + i);
        if (range->count == 0 || range->first <= end || range->first > UINT32_MAX - range->count)
            return false;
        if (i == 0 && range->first != group->least)
            return false;
        end = range->first + range->count;
        points += range->count;
    }
    return points == group->points && group->greatest == (group->ranges == 0 ? 0 : end - 1) &&
           (group->ranges > 0 || group->least == 0);
}

static enum err groups_rebuild(const struct archive *archive)
{
    const struct roots_entry *roots = archive->roots;
    uint64_t next = 1, position = 0;
    for (uint32_t i = 1; i <= roots->groups; i++) {
        const struct group_entry *group = state_read(&archive->groups, i);
        if (group->erasure == 0 || group->erasure > roots->erasures || group->first_range != next ||
            group->ranges > ERASE_RANGES_MAX || group->ranges > roots->ranges - (next - 1) ||
            group->position <= position || !group_is_valid(archive, group))
            return ERR_CORRUPT;
        next += group->ranges;
        position = group->position;
    }
    return next - 1 == roots->ranges ? OK : ERR_CORRUPT;
}

enum err archive_erasures_rebuild(struct archive *archive)
{
    const struct roots_entry *roots = archive->roots;
    if (roots->erasures > UINT32_MAX - 2 || roots->groups > UINT32_MAX - 2 ||
        roots->ranges > UINT32_MAX - 2)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&archive->erasures, roots->erasures + 1);
    if (err == OK)
        err = state_table_grow(&archive->groups, roots->groups + 1);
    if (err == OK)
        err = state_table_grow(&archive->ranges, roots->ranges + 1);
    for (uint32_t i = 1; err == OK && i <= roots->erasures; i++) {
        const struct erasure_entry *entry = state_read(&archive->erasures, i);
        if (entry->from_ns >= entry->to_ns || entry->flags > ERASURE_COMPLETE ||
            !archive_text_is_valid(archive, entry->pattern, POLICY_PATTERN_MAX) ||
            !archive_text_is_valid(archive, entry->reason, REASON_BYTES_MAX) ||
            !archive_text_is_valid(archive, entry->author, AUTHOR_BYTES_MAX))
            return ERR_CORRUPT;
    }
    return err == OK ? groups_rebuild(archive) : err;
}
