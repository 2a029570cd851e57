/* What the references and patterns of an instance stand for. Resolving again changes nothing unless
 * something is another one now, so that whoever is asked once too often does no harm. */
#include "model/expressions/tables.h"

#include <string.h>

/* A metric that is not there may come as a point of any branch above: one key for each. */
#define KEYS_MAX (1 + CONDITION_REFERENCES_MAX * PATH_DEPTH_MAX)

struct resolving {
    struct expressions *expressions;
    const struct program *program;
    uint32_t instance, point;
    size_t base_size;
    uint32_t key_count;
    uint8_t base[PATH_MAX_BYTES];
    uint64_t keys[KEYS_MAX];
};

static void resolving_init(struct resolving *resolving, struct expressions *expressions,
                           const struct program *program, uint32_t instance, uint32_t point)
{
    resolving->expressions = expressions;
    resolving->program = program;
    resolving->instance = instance;
    resolving->point = point;
    resolving->key_count = 0;
    resolving->base_size =
        point == POINT_NONE ? 0 : points_path(expressions->points, point, resolving->base);
    if (point != POINT_NONE)
        resolving->keys[resolving->key_count++] = key_of_point(point);
}

static struct bytes resolving_base(const struct resolving *resolving)
{
    return bytes_of(resolving->base, resolving->base_size);
}

static void resolving_key(struct resolving *resolving, struct bytes path)
{
    check(resolving->key_count < KEYS_MAX);
    resolving->keys[resolving->key_count++] = points_path_hash(resolving->program->tenant, path);
}

/* ---- references ---- */
/* Where the metric would be, if its asset were any of the branches above the point. */
static void metric_keys(struct resolving *resolving, struct bytes metric)
{
    uint8_t path[PATH_MAX_BYTES];
    for (size_t at = resolving->base_size; at > 0; at--) {
        if (resolving->base[at - 1] != '/' || at + metric.size > sizeof path)
            continue;
        memcpy(path, resolving->base, at);
        memcpy(path + at, metric.at, metric.size);
        resolving_key(resolving, bytes_of(path, at + metric.size));
    }
}

static bool point_is_of(const struct expressions *expressions, uint32_t point, uint32_t tenant)
{
    struct point_row row;
    if (point == POINT_NONE || point > points_count(expressions->points))
        return false;
    points_row(expressions->points, points_row_of(expressions->points, point), &row);
    return row.tenant == tenant;
}

/* The point that a reference stands for; what it waits for when there is none. */
static uint32_t reference_find(struct resolving *resolving, unsigned number, bool keys_only)
{
    const struct expressions *expressions = resolving->expressions;
    const struct program *program = resolving->program;
    struct condition_reference reference = condition_reference(program->condition, number);
    uint8_t path[PATH_MAX_BYTES];
    size_t size;
    uint32_t point = POINT_NONE;
    if (reference.kind == CONDITION_METRIC) {
        if (!keys_only && resolving->point != POINT_NONE)
            point = expressions->port.metric(expressions->port.context, resolving->point,
                                             reference.text);
        if (point_is_of(expressions, point, program->tenant))
            return point;
        metric_keys(resolving, reference.text);
        return POINT_NONE;
    }
    if (condition_resolve(reference, false, resolving_base(resolving), path, sizeof path, &size) !=
        OK)
        return POINT_NONE;
    struct bytes whole = bytes_of(path, size);
    if (!keys_only)
        point = points_find(expressions->points, program->tenant, whole);
    if (point == POINT_NONE)
        resolving_key(resolving, whole);
    return point;
}

static bool part_refers_to(const struct program *program, const uint8_t *part, uint32_t point)
{
    for (unsigned i = 0; i < program->references; i++)
        if (part_references(part)[i].point == point)
            return true;
    return false;
}

static enum err references_resolve(struct resolving *resolving, uint32_t part,
                                   const struct record_stamp *stamp, bool *ret_changed)
{
    struct expressions *expressions = resolving->expressions;
    const struct program *program = resolving->program;
    const uint8_t *at = part_read(expressions, part);
    for (unsigned i = 0; i < program->references; i++) {
        uint32_t before = part_references(at)[i].point;
        uint32_t point = reference_find(resolving, i, false);
        if (point == before)
            continue;
        struct reference_entry *entry =
            state_write(&expressions->parts, part + i * (uint32_t)sizeof *entry / PART_UNIT);
        entry[i % (PART_UNIT / sizeof *entry)] = (struct reference_entry){
            .point = point, .since_ns = point == POINT_NONE ? 0 : stamp->wall_ns};
        *ret_changed = true;
        if (before != POINT_NONE && !part_refers_to(program, at, before))
            look_remove(expressions, before, resolving->instance);
        if (point == POINT_NONE)
            continue;
        enum err err = look_add(expressions, point, resolving->instance);
        if (err != OK)
            return err;
    }
    return OK;
}

/* ---- sets ---- */
static bool pattern_of(const struct resolving *resolving, unsigned set, uint8_t *text,
                       struct bytes *ret_pattern)
{
    size_t size;
    struct condition_reference reference = condition_set(resolving->program->condition, set);
    if (condition_resolve(reference, true, resolving_base(resolving), text, PATTERN_BYTES_MAX,
                          &size) != OK)
        return false;
    *ret_pattern = bytes_of(text, size);
    return true;
}

bool instance_sets_fit(const struct expressions *expressions, const struct program *program,
                       uint32_t point)
{
    struct resolving resolving;
    uint8_t text[CONDITION_SETS_MAX][PATTERN_BYTES_MAX];
    struct bytes fresh[CONDITION_SETS_MAX], pattern;
    uint32_t count = 0;
    if (program->sets == 0)
        return true;
    resolving.program = program;
    resolving.base_size =
        point == POINT_NONE ? 0 : points_path(expressions->points, point, resolving.base);
    for (unsigned i = 0; i < program->sets; i++) {
        if (!pattern_of(&resolving, i, text[count], &pattern) ||
            set_find(expressions, program->tenant, pattern) != SET_NONE)
            continue;
        bool known = false;
        for (uint32_t j = 0; j < count; j++)
            known = known || bytes_equal(fresh[j], pattern);
        if (!known)
            fresh[count++] = pattern;
    }
    return count == 0 || (expressions->roots->sets < expressions->limits.sets_max &&
                          count <= expressions->limits.sets_max - expressions->roots->sets);
}

static uint32_t part_uses(const struct program *program, const uint8_t *part, uint32_t set)
{
    uint32_t uses = 0;
    for (unsigned i = 0; i < program->sets; i++)
        uses += part_sets(program, part)[i] == set;
    return uses;
}

static void part_set_put(struct expressions *expressions, const struct program *program,
                         uint32_t part, unsigned number, uint32_t set)
{
    size_t at = program->sets_at + number * sizeof set;
    uint8_t *unit = state_write(&expressions->parts, part + (uint32_t)(at / PART_UNIT));
    store_u32(unit + at % PART_UNIT, set);
}

/* The old set is left before another is joined, so that there is room for it. */
static enum err sets_resolve(struct resolving *resolving, uint32_t part, bool *ret_changed)
{
    struct expressions *expressions = resolving->expressions;
    const struct program *program = resolving->program;
    const uint8_t *at = part_read(expressions, part);
    uint8_t text[PATTERN_BYTES_MAX];
    struct bytes pattern;
    for (unsigned i = 0; i < program->sets; i++) {
        uint32_t before = part_sets(program, at)[i], set = SET_NONE;
        bool there = pattern_of(resolving, i, text, &pattern);
        if (before != SET_NONE) {
            if (there && set_find(expressions, program->tenant, pattern) == before)
                continue;
            part_set_put(expressions, program, part, i, SET_NONE);
            set_leave(expressions, before, resolving->instance,
                      part_uses(program, at, before) == 0);
            *ret_changed = true;
        }
        enum err err =
            there ? set_join(expressions, program->tenant, pattern, resolving->instance, &set) : OK;
        if (err != OK && err != ERR_LIMIT)
            return err;
        if (set == SET_NONE)
            continue;
        part_set_put(expressions, program, part, i, set);
        *ret_changed = true;
    }
    return OK;
}

/* ---- instances ---- */
enum err instance_resolve(struct expressions *expressions, uint32_t instance,
                          const struct record_stamp *stamp, bool *ret_changed)
{
    const struct instance_entry *row = instance_read(expressions, instance);
    struct resolving resolving;
    *ret_changed = false;
    resolving_init(&resolving, expressions, program_of(expressions, row->rule), instance,
                   row->point);
    enum err err = references_resolve(&resolving, row->part, stamp, ret_changed);
    if (err == OK)
        err = sets_resolve(&resolving, row->part, ret_changed);
    return err == OK ? keys_set(expressions, instance, resolving.keys, resolving.key_count) : err;
}

void instance_unresolve(struct expressions *expressions, uint32_t instance)
{
    const struct instance_entry *row = instance_read(expressions, instance);
    const struct program *program = program_of(expressions, row->rule);
    const uint8_t *part = part_read(expressions, row->part);
    for (unsigned i = 0; i < program->references; i++)
        if (part_references(part)[i].point != POINT_NONE)
            look_remove(expressions, part_references(part)[i].point, instance);
    for (unsigned i = 0; i < program->sets; i++) {
        uint32_t set = part_sets(program, part)[i];
        if (set == SET_NONE)
            continue;
        part_set_put(expressions, program, row->part, i, SET_NONE);
        set_leave(expressions, set, instance, part_uses(program, part, set) == 0);
    }
    check(keys_set(expressions, instance, NULL, 0) == OK);
}

enum err instance_derive(struct expressions *expressions, uint32_t instance)
{
    const struct instance_entry *row = instance_read(expressions, instance);
    const struct program *program = program_of(expressions, row->rule);
    const uint8_t *part = part_read(expressions, row->part);
    struct resolving resolving;
    resolving_init(&resolving, expressions, program, instance, row->point);
    for (unsigned i = 0; i < program->references; i++) {
        uint32_t point = part_references(part)[i].point;
        if (point == POINT_NONE) {
            (void)reference_find(&resolving, i, true);
            continue;
        }
        if (!point_is_of(expressions, point, program->tenant))
            return ERR_CORRUPT;
        enum err err = look_add(expressions, point, instance);
        if (err != OK)
            return err;
    }
    return keys_set(expressions, instance, resolving.keys, resolving.key_count);
}
