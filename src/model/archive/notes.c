/* Notes: corrections and annotations. Those of a point are linked back from its newest one; which
 * that is stands in an index that is made anew after a start. */
#include "model/archive/tables.h"

#include <stdlib.h>

/* ---- the newest of a point ---------------------------------------------------------------------
 */
static uint64_t point_hash(uint32_t point)
{
    return hash64(&point, sizeof point, 0);
}

/* Every row begins with its point and the number before. */
struct note_entry {
    uint32_t point, before;
};

static uint32_t newest_of(const struct state_table *table, const struct index *index,
                          uint32_t point)
{
    struct index_probe probe;
    for (uint32_t at = index_first(index, &probe, point_hash(point)); at != INDEX_NONE;
         at = index_next(index, &probe)) {
        const struct note_entry *note = state_read(table, at);
        if (note->point == point)
            return at;
    }
    return 0;
}

static enum err newest_put(struct index *index, uint32_t point, uint32_t before, uint32_t number)
{
    uint64_t hash = point_hash(point);
    enum err err = before != 0 ? index_remove(index, hash, before) : OK;
    return err == OK ? index_insert(index, hash, number) : err;
}

/* ---- how many a tenant has ---------------------------------------------------------------------
 */
#define TENANTS_COUNTED (1u << 20) /* more there cannot be */

static uint32_t tenant_of(const struct points *points, uint32_t point)
{
    struct point_row row;
    points_row(points, points_row_of(points, point), &row);
    return row.tenant;
}

static enum err note_count(struct archive *archive, uint32_t tenant)
{
    if (tenant >= TENANTS_COUNTED)
        return OK;
    if (tenant >= archive->tenant_count) {
        uint32_t count = archive->tenant_count > 0 ? archive->tenant_count : 64;
        while (count <= tenant)
            count *= 2;
        uint32_t *wider = realloc(archive->tenant_notes, count * sizeof wider[0]);
        if (wider == NULL)
            return ERR_NO_MEMORY;
        for (uint32_t i = archive->tenant_count; i < count; i++)
            wider[i] = 0;
        archive->tenant_notes = wider;
        archive->tenant_count = count;
    }
    archive->tenant_notes[tenant]++;
    return OK;
}

static bool notes_are_full(const struct archive *archive, uint32_t tenant)
{
    uint64_t notes = (uint64_t)archive->roots->corrections + archive->roots->annotations;
    uint32_t own = tenant < archive->tenant_count ? archive->tenant_notes[tenant] : 0;
    return !archive_share_allows(archive, tenant, own, notes, archive->limits.notes_max);
}

static bool time_is_valid(int64_t time_ns)
{
    return time_ns >= TIME_MIN_NS && time_ns < TIME_MAX_NS;
}

/* ---- corrections -------------------------------------------------------------------------------
 */
/* No value goes with a quality that is not good; a value's text is as long as a sample's may be. */
static bool value_is_good(const struct value *value, uint8_t type)
{
    bool good = (value->quality & 0xC0) == 0;
    return value->type == type && quality_name(value->quality) != NULL &&
           (value->present || !good) && value->text.size <= STRING_VALUE_MAX;
}

static enum outcome_code correct_judge(const struct archive *archive, const struct points *points,
                                       const struct command *command, uint32_t *ret_point)
{
    const struct command_correct *correct = &command->correct;
    *ret_point = points_find(points, command->tenant, command->path);
    if (*ret_point == POINT_NONE)
        return OUTCOME_UNKNOWN_POINT;
    if (!time_is_valid(correct->time_ns))
        return OUTCOME_TIME_INVALID;
    if (!value_is_good(&correct->value, points_type(points, *ret_point)))
        return OUTCOME_VALUE_INVALID;
    if (!archive_text_is_good(correct->reason, 0, REASON_BYTES_MAX) ||
        !archive_text_is_good(correct->author, 0, AUTHOR_BYTES_MAX) ||
        (correct->there && correct->original.text.size > STRING_VALUE_MAX))
        return OUTCOME_TEXT_INVALID;
    uint64_t units = archive_text_units(correct->reason.size) +
                     archive_text_units(correct->author.size) +
                     archive_text_units(correct->value.text.size) +
                     (correct->there ? archive_text_units(correct->original.text.size) : 0);
    bool full = notes_are_full(archive, command->tenant) || !archive_texts_fit(archive, units);
    return full ? OUTCOME_ARCHIVE_FULL : OUTCOME_DONE;
}

static void original_put(struct correction_entry *entry, const struct command_correct *correct)
{
    const struct value *original = &correct->original;
    if (!correct->there)
        return;
    entry->flags |= CORRECTION_THERE;
    entry->original_type = original->type;
    entry->original_quality = original->quality;
    if (!original->present)
        return;
    entry->flags |= CORRECTION_ORIGINAL_PRESENT;
    entry->original_scale = original->scale;
    entry->original_number = original->number;
}

static enum err correction_texts(struct archive *archive, const struct command_correct *correct,
                                 struct correction_entry *entry)
{
    enum err err = archive_text_add(archive, correct->value.text, &entry->text);
    if (err == OK && correct->there)
        err = archive_text_add(archive, correct->original.text, &entry->original_text);
    if (err == OK)
        err = archive_text_add(archive, correct->reason, &entry->reason);
    return err == OK ? archive_text_add(archive, correct->author, &entry->author) : err;
}

/* What good becomes when somebody said it. */
static struct value edited(const struct value *value)
{
    struct value made = *value;
    if (made.quality == QUALITY_GOOD)
        made.quality = QUALITY_GOOD_EDITED;
    return made;
}

enum err archive_apply_correct(struct archive *archive, const struct points *points,
                               const struct archive_command *of)
{
    const struct command_correct *correct = &of->command->correct;
    struct outcome *outcome = &of->effects->outcome;
    outcome->code = correct_judge(archive, points, of->command, &outcome->point);
    if (outcome->code != OUTCOME_DONE)
        return OK;
    struct value value = edited(&correct->value);
    uint32_t number = archive->roots->corrections + 1;
    struct correction_entry entry = {.point = outcome->point,
                                     .before = archive_correction_newest(archive, outcome->point),
                                     .time_ns = correct->time_ns,
                                     .wall_ns = of->stamp->wall_ns,
                                     .position = of->stamp->position,
                                     .number = value.number,
                                     .type = value.type,
                                     .scale = value.scale,
                                     .quality = value.quality,
                                     .flags = value.present ? CORRECTION_PRESENT : 0};
    original_put(&entry, correct);
    enum err err = state_table_grow(&archive->corrections, number + 1);
    if (err == OK)
        err = correction_texts(archive, correct, &entry);
    if (err != OK)
        return err;
    *(struct correction_entry *)state_write(&archive->corrections, number) = entry;
    roots_write(archive)->corrections = number;
    outcome->number = number;
    of->effects->corrected = true;
    of->effects->point = outcome->point;
    of->effects->time_ns = correct->time_ns;
    of->effects->value = value;
    err = note_count(archive, of->command->tenant);
    return err == OK ? newest_put(archive->corrections_of, entry.point, entry.before, number) : err;
}

uint32_t archive_corrections(const struct archive *archive)
{
    return archive->roots->corrections;
}

static const struct correction_entry *correction_at(const struct archive *archive, uint32_t number)
{
    check(number > 0 && number <= archive->roots->corrections);
    return state_read(&archive->corrections, number);
}

void archive_correction(const struct archive *archive, uint32_t correction,
                        struct correction_view *ret_view)
{
    const struct correction_entry *entry = correction_at(archive, correction);
    *ret_view =
        (struct correction_view){.correction = correction,
                                 .point = entry->point,
                                 .time_ns = entry->time_ns,
                                 .wall_ns = entry->wall_ns,
                                 .position = entry->position,
                                 .value = {.type = entry->type,
                                           .scale = entry->scale,
                                           .quality = entry->quality,
                                           .present = entry->flags & CORRECTION_PRESENT,
                                           .number = entry->number,
                                           .text = archive_text(archive, entry->text)},
                                 .there = entry->flags & CORRECTION_THERE,
                                 .original = {.type = entry->original_type,
                                              .scale = entry->original_scale,
                                              .quality = entry->original_quality,
                                              .present = entry->flags & CORRECTION_ORIGINAL_PRESENT,
                                              .number = entry->original_number,
                                              .text = archive_text(archive, entry->original_text)},
                                 .reason = archive_text(archive, entry->reason),
                                 .author = archive_text(archive, entry->author)};
}

uint32_t archive_correction_newest(const struct archive *archive, uint32_t point)
{
    return newest_of(&archive->corrections, archive->corrections_of, point);
}

uint32_t archive_correction_before(const struct archive *archive, uint32_t correction)
{
    return correction_at(archive, correction)->before;
}

/* ---- annotations -------------------------------------------------------------------------------
 */
static bool times_are_valid(const struct command_annotate *annotate)
{
    bool always = annotate->from_ns == TIME_MIN_NS && annotate->to_ns == TIME_MAX_NS;
    return always || (time_is_valid(annotate->from_ns) && time_is_valid(annotate->to_ns) &&
                      annotate->from_ns <= annotate->to_ns);
}

static enum outcome_code annotate_judge(const struct archive *archive, const struct points *points,
                                        const struct command *command, uint32_t *ret_point)
{
    const struct command_annotate *annotate = &command->annotate;
    *ret_point = points_find(points, command->tenant, command->path);
    if (*ret_point == POINT_NONE)
        return OUTCOME_UNKNOWN_POINT;
    if (!times_are_valid(annotate))
        return OUTCOME_TIME_INVALID;
    if (!archive_text_is_good(annotate->text, 1, ANNOTATION_BYTES_MAX) ||
        !archive_text_is_good(annotate->author, 0, AUTHOR_BYTES_MAX))
        return OUTCOME_TEXT_INVALID;
    uint64_t units =
        archive_text_units(annotate->text.size) + archive_text_units(annotate->author.size);
    bool full = notes_are_full(archive, command->tenant) || !archive_texts_fit(archive, units);
    return full ? OUTCOME_ARCHIVE_FULL : OUTCOME_DONE;
}

enum err archive_apply_annotate(struct archive *archive, const struct points *points,
                                const struct archive_command *of)
{
    const struct command_annotate *annotate = &of->command->annotate;
    struct outcome *outcome = &of->effects->outcome;
    outcome->code = annotate_judge(archive, points, of->command, &outcome->point);
    if (outcome->code != OUTCOME_DONE)
        return OK;
    uint32_t number = archive->roots->annotations + 1;
    struct annotation_entry entry = {.point = outcome->point,
                                     .before = archive_annotation_newest(archive, outcome->point),
                                     .from_ns = annotate->from_ns,
                                     .to_ns = annotate->to_ns,
                                     .wall_ns = of->stamp->wall_ns,
                                     .position = of->stamp->position};
    enum err err = state_table_grow(&archive->annotations, number + 1);
    if (err == OK)
        err = archive_text_add(archive, annotate->text, &entry.text);
    if (err == OK)
        err = archive_text_add(archive, annotate->author, &entry.author);
    if (err != OK)
        return err;
    *(struct annotation_entry *)state_write(&archive->annotations, number) = entry;
    roots_write(archive)->annotations = number;
    outcome->number = number;
    err = note_count(archive, of->command->tenant);
    return err == OK ? newest_put(archive->annotations_of, entry.point, entry.before, number) : err;
}

static const struct annotation_entry *annotation_at(const struct archive *archive, uint32_t number)
{
    check(number > 0 && number <= archive->roots->annotations);
    return state_read(&archive->annotations, number);
}

enum err archive_apply_annotation_remove(struct archive *archive, const struct points *points,
                                         const struct archive_command *of)
{
    struct outcome *outcome = &of->effects->outcome;
    uint32_t number = of->command->annotate.annotation;
    const struct annotation_entry *held =
        number == 0 || number > archive->roots->annotations ? NULL : annotation_at(archive, number);
    if (held == NULL || held->removed_position != 0 ||
        tenant_of(points, held->point) != of->command->tenant) {
        outcome->code = OUTCOME_UNKNOWN_ANNOTATION;
        return OK;
    }
    struct annotation_entry *entry = state_write(&archive->annotations, number);
    entry->removed_position = of->stamp->position;
    entry->removed_wall_ns = of->stamp->wall_ns;
    outcome->point = entry->point;
    outcome->number = number;
    return OK;
}

uint32_t archive_annotations(const struct archive *archive)
{
    return archive->roots->annotations;
}

void archive_annotation(const struct archive *archive, uint32_t annotation,
                        struct annotation_view *ret_view)
{
    const struct annotation_entry *entry = annotation_at(archive, annotation);
    *ret_view = (struct annotation_view){.annotation = annotation,
                                         .point = entry->point,
                                         .from_ns = entry->from_ns,
                                         .to_ns = entry->to_ns,
                                         .wall_ns = entry->wall_ns,
                                         .position = entry->position,
                                         .removed = entry->removed_position != 0,
                                         .removed_wall_ns = entry->removed_wall_ns,
                                         .text = archive_text(archive, entry->text),
                                         .author = archive_text(archive, entry->author)};
}

uint32_t archive_annotation_newest(const struct archive *archive, uint32_t point)
{
    return newest_of(&archive->annotations, archive->annotations_of, point);
}

uint32_t archive_annotation_before(const struct archive *archive, uint32_t annotation)
{
    return annotation_at(archive, annotation)->before;
}

bool annotation_overlaps(const struct annotation_view *annotation, int64_t from_ns, int64_t to_ns)
{
    return annotation->from_ns < to_ns && annotation->to_ns >= from_ns;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
/* A value that a snapshot shows must not reach a check of those that print it. */
static bool value_is_shown(uint8_t type, uint8_t scale, uint8_t quality, bool present)
{
    return value_type_name(type) != NULL && quality_name(quality) != NULL &&
           (type != VALUE_FLOAT64 || scale <= SCALE_DECIMAL_MAX || scale == SCALE_RAW) &&
           (present || scale == 0);
}

static bool correction_is_valid(const struct archive *archive, const struct correction_entry *entry)
{
    bool there = entry->flags & CORRECTION_THERE;
    return entry->flags <= CORRECTION_FLAGS &&
           value_is_shown(entry->type, entry->scale, entry->quality,
                          entry->flags & CORRECTION_PRESENT) &&
           (!there ||
            value_is_shown(entry->original_type, entry->original_scale, entry->original_quality,
                           entry->flags & CORRECTION_ORIGINAL_PRESENT)) &&
           archive_text_is_valid(archive, entry->text, STRING_VALUE_MAX) &&
           archive_text_is_valid(archive, entry->original_text, STRING_VALUE_MAX) &&
           archive_text_is_valid(archive, entry->reason, REASON_BYTES_MAX) &&
           archive_text_is_valid(archive, entry->author, AUTHOR_BYTES_MAX);
}

static bool annotation_is_valid(const struct archive *archive, const struct annotation_entry *entry)
{
    return entry->from_ns <= entry->to_ns &&
           archive_text_is_valid(archive, entry->text, ANNOTATION_BYTES_MAX) &&
           archive_text_is_valid(archive, entry->author, AUTHOR_BYTES_MAX);
}

/* The chain of each point is the order of its numbers. */
static enum err note_rebuild(struct archive *archive, const struct state_table *table,
                             struct index *index, const struct points *points, uint32_t number)
{
    const struct note_entry *note = state_read(table, number);
    if (note->point == POINT_NONE || note->point > points_count(points) ||
        note->before != newest_of(table, index, note->point))
        return ERR_CORRUPT;
    enum err err = note_count(archive, tenant_of(points, note->point));
    return err == OK ? newest_put(index, note->point, note->before, number) : err;
}

enum err archive_notes_rebuild(struct archive *archive, const struct points *points)
{
    const struct roots_entry *roots = archive->roots;
    if (roots->corrections > UINT32_MAX - 2 || roots->annotations > UINT32_MAX - 2)
        return ERR_CORRUPT;
    for (uint32_t i = 0; i < archive->tenant_count; i++)
        archive->tenant_notes[i] = 0;
    enum err err = state_table_grow(&archive->corrections, roots->corrections + 1);
    if (err == OK)
        err = state_table_grow(&archive->annotations, roots->annotations + 1);
    for (uint32_t i = 1; err == OK && i <= roots->corrections; i++)
        err = correction_is_valid(archive, state_read(&archive->corrections, i))
                  ? note_rebuild(archive, &archive->corrections, archive->corrections_of, points, i)
                  : ERR_CORRUPT;
    for (uint32_t i = 1; err == OK && i <= roots->annotations; i++)
        err = annotation_is_valid(archive, state_read(&archive->annotations, i))
                  ? note_rebuild(archive, &archive->annotations, archive->annotations_of, points, i)
                  : ERR_CORRUPT;
    return err;
}
