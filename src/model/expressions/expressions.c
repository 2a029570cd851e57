/* How the tables and what is derived from them come and go; programs, and instances of them. */
#include "model/expressions/tables.h"

#include <stdlib.h>
#include <string.h>

const struct expressions_limits expressions_limits_default = {
    .instances_max = 1000000,
    .sets_max = 4096,
    .members_max = 4000000,
    .members_of_set = 4096,
};

/* ---- life --------------------------------------------------------------------------------------
 */
static const struct state_table_plan tables[] = {
    {offsetof(struct expressions, roots_table), TABLE_EXPRESSIONS_ROOTS,
     sizeof(struct roots_entry)},
    {offsetof(struct expressions, instances), TABLE_INSTANCES, sizeof(struct instance_entry)},
    {offsetof(struct expressions, parts), TABLE_PARTS, PART_UNIT},
    {offsetof(struct expressions, sets), TABLE_SETS, sizeof(struct set_entry)},
    {offsetof(struct expressions, members), TABLE_MEMBERS, sizeof(struct member_entry)},
    {offsetof(struct expressions, patterns.table), TABLE_PATTERNS, TEXTS_UNIT},
    {offsetof(struct expressions, crowds), TABLE_CROWDS, sizeof(struct crowd_entry)},
};

enum err derived_create(struct expressions *expressions)
{
    enum err err = index_create(&expressions->instance_index);
    if (err == OK)
        err = index_create(&expressions->key_index);
    return err == OK ? index_create(&expressions->set_index) : err;
}

static void lists_done(struct expressions *expressions)
{
    for (uint32_t i = 1; i <= expressions->lists_used; i++)
        list_done(pile_get(&expressions->lists, i), &expressions->heap_bytes);
    for (uint32_t i = 1; i <= expressions->key_slots_used; i++) {
        struct key_slot *slot = pile_get(&expressions->key_slots, i);
        list_done(&slot->list, &expressions->heap_bytes);
    }
    for (uint32_t i = 0; i < expressions->instance_keys.count; i++) {
        struct keys **keys = (struct keys **)(void *)expressions->instance_keys.at[i];
        for (uint32_t j = 0; keys != NULL && j < PILE_ROWS; j++)
            free(keys[j]);
    }
    expressions->lists_used = expressions->lists_free = 0;
    expressions->key_slots_used = expressions->key_slots_free = 0;
}

static void programs_done(struct expressions *expressions)
{
    for (uint32_t i = 0; i < expressions->programs.count; i++) {
        struct program *programs = (struct program *)(void *)expressions->programs.at[i];
        for (uint32_t j = 0; programs != NULL && j < PILE_ROWS; j++)
            free(programs[j].condition);
    }
    pile_done(&expressions->programs);
}

/* All that is derived. */
void derived_destroy(struct expressions *expressions)
{
    index_destroy(expressions->instance_index);
    index_destroy(expressions->key_index);
    index_destroy(expressions->set_index);
    expressions->instance_index = expressions->key_index = expressions->set_index = NULL;
    lists_done(expressions);
    programs_done(expressions);
    sets_done(expressions);
    pile_done(&expressions->lookers);
    pile_done(&expressions->lists);
    pile_done(&expressions->key_slots);
    pile_done(&expressions->instance_keys);
    list_done(&expressions->touched, &expressions->heap_bytes);
    expressions->heap_bytes = 0;
}

static void expressions_init(struct expressions *expressions)
{
    expressions->programs.row_size = sizeof(struct program);
    expressions->lookers.row_size = sizeof(uint32_t);
    expressions->lists.row_size = sizeof(struct list);
    expressions->key_slots.row_size = sizeof(struct key_slot);
    expressions->instance_keys.row_size = sizeof(struct keys *);
    expressions->patterns.owner = &expressions->roots_table;
    expressions->patterns.pages_at = offsetof(struct roots_entry, text_pages);
    expressions->patterns.classes_at = offsetof(struct roots_entry, classes);
}

enum err expressions_create(struct state *state, const struct expressions_limits *limits,
                            struct points *points, struct timing *timing,
                            const struct expressions_port *port,
                            struct expressions **ret_expressions)
{
    check(limits->instances_max < LOOKERS_MAX && limits->sets_max < LOOKERS_MAX);
    struct expressions *expressions = calloc(1, sizeof *expressions);
    if (expressions == NULL)
        return ERR_NO_MEMORY;
    expressions->limits = *limits;
    expressions->state = state;
    expressions->points = points;
    expressions->timing = timing;
    expressions->port = *port;
    expressions_init(expressions);
    state_tables_init(state, expressions, tables, ARRAY_COUNT(tables));
    enum err err = derived_create(expressions);
    if (err == OK)
        err = state_table_grow(&expressions->roots_table, 1);
    if (err != OK) {
        expressions_destroy(expressions);
        return err;
    }
    expressions->roots = state_read(&expressions->roots_table, 0);
    *ret_expressions = expressions;
    return OK;
}

void expressions_destroy(struct expressions *expressions)
{
    if (expressions == NULL)
        return;
    derived_destroy(expressions);
    state_tables_done(expressions, tables, ARRAY_COUNT(tables));
    free(expressions);
}

uint64_t expressions_memory(const struct expressions *expressions)
{
    return sizeof *expressions + expressions->heap_bytes + expressions->programs.bytes +
           expressions->lookers.bytes + expressions->lists.bytes + expressions->key_slots.bytes +
           expressions->instance_keys.bytes + index_memory(expressions->instance_index) +
           index_memory(expressions->key_index) + index_memory(expressions->set_index);
}

/* ---- programs ----------------------------------------------------------------------------------
 */
#define FETCHED_MAX 512u /* of a program: a usual one is smaller */

/* Where things lie in a part: references, sets, timers, and cells in units of their own. */
static void program_layout(struct program *program)
{
    const struct condition *condition = program->condition;
    program->references = (uint8_t)condition_references(condition);
    program->sets = (uint8_t)condition_sets(condition);
    program->timers = (uint8_t)condition_timers(condition);
    program->cells = (uint8_t)condition_cells(condition);
    size_t size = condition_size(condition);
    program->fetched = (uint16_t)(size < FETCHED_MAX ? size : FETCHED_MAX);
    program->sets_at = (uint16_t)(program->references * sizeof(struct reference_entry));
    program->timers_at = (uint16_t)(program->sets_at + program->sets * sizeof(uint32_t));
    size_t bytes = program->timers_at + program->timers * sizeof(uint32_t);
    program->cells_unit = (uint8_t)((bytes + PART_UNIT - 1) / PART_UNIT);
    program->units = (uint8_t)(program->cells_unit + program->cells);
    check(program->units <= PART_UNITS_MAX);
}

enum err expressions_program(struct expressions *expressions, uint32_t rule, uint32_t tenant,
                             struct bytes text)
{
    _Alignas(8) uint8_t memory[CONDITION_BYTES_MAX];
    struct condition_fault fault;
    check(rule != 0 && tenant != 0);
    const struct condition *parsed =
        condition_parse(text, CONDITION_VERSION, memory, sizeof memory, &fault);
    if (parsed == NULL)
        return ERR_INVALID;
    size_t size = condition_size(parsed);
    const struct program *before = program_of(expressions, rule);
    if (before != NULL && before->tenant == tenant && condition_size(before->condition) == size &&
        memcmp(before->condition, parsed, size) == 0)
        return OK;
    struct program *program = pile_put(&expressions->programs, rule);
    struct condition *condition = program == NULL ? NULL : malloc(size);
    if (condition == NULL)
        return ERR_NO_MEMORY;
    memcpy(condition, parsed, size);
    expressions_program_remove(expressions, rule);
    expressions->heap_bytes += size;
    *program = (struct program){.condition = condition, .tenant = tenant};
    program_layout(program);
    return OK;
}

void expressions_program_remove(struct expressions *expressions, uint32_t rule)
{
    struct program *program = program_of(expressions, rule);
    if (program == NULL)
        return;
    check(program->instances == 0);
    expressions->heap_bytes -= condition_size(program->condition);
    free(program->condition);
    *program = (struct program){.condition = NULL};
}

/* ---- instances ---------------------------------------------------------------------------------
 */
uint64_t instance_hash(uint32_t rule, uint32_t point)
{
    uint32_t key[2] = {rule, point};
    return hash64(key, sizeof key, 0);
}

uint32_t instance_find(const struct expressions *expressions, uint32_t rule, uint32_t point)
{
    struct index_probe probe;
    for (uint32_t instance =
             index_first(expressions->instance_index, &probe, instance_hash(rule, point));
         instance != INDEX_NONE; instance = index_next(expressions->instance_index, &probe)) {
        const struct instance_entry *row = instance_read(expressions, instance);
        if (row->rule == rule && row->point == point)
            return instance;
    }
    return INSTANCE_NONE;
}

static enum err instance_row_take(struct expressions *expressions, uint32_t *ret_instance)
{
    struct roots_entry *roots = roots_write(expressions);
    uint32_t instance = roots->instances_free;
    if (instance != INSTANCE_NONE) {
        roots->instances_free = instance_read(expressions, instance)->links.next;
    } else {
        instance = roots->instances_used + 1;
        enum err err = state_table_grow(&expressions->instances, instance + 1);
        if (err != OK)
            return err;
        roots->instances_used = instance;
    }
    roots->instances++;
    *ret_instance = instance;
    return OK;
}

static enum err instance_make(struct expressions *expressions, struct program *program,
                              uint32_t rule, uint32_t point, uint32_t *ret_instance)
{
    uint32_t instance, part;
    enum err err = instance_row_take(expressions, &instance);
    if (err == OK)
        err = part_take(expressions, program->units, &part);
    if (err != OK)
        return err;
    *instance_write(expressions, instance) = (struct instance_entry){
        .rule = rule, .point = point, .part = part, .truth = CONDITION_UNKNOWN};
    program->instances++;
    *ret_instance = instance;
    return index_insert(expressions->instance_index, instance_hash(rule, point), instance);
}

enum err expressions_add(struct expressions *expressions, uint32_t rule, uint32_t point,
                         const struct record_stamp *stamp)
{
    struct program *program = program_of(expressions, rule);
    uint32_t instance, left = 1;
    bool changed;
    check(program != NULL);
    check(point == POINT_NONE || point <= points_count(expressions->points));
    if (instance_find(expressions, rule, point) != INSTANCE_NONE)
        return OK;
    if (expressions->roots->instances >= expressions->limits.instances_max ||
        !instance_sets_fit(expressions, program, point))
        return ERR_LIMIT;
    enum err err = instance_make(expressions, program, rule, point, &instance);
    if (err == OK)
        err = instance_resolve(expressions, instance, stamp, &changed);
    return err == OK ? instance_due(expressions, instance, stamp, &left) : err;
}

void expressions_remove(struct expressions *expressions, uint32_t rule, uint32_t point)
{
    uint32_t instance = instance_find(expressions, rule, point);
    if (instance == INSTANCE_NONE)
        return;
    struct instance_entry *row = instance_write(expressions, instance);
    struct roots_entry *roots = roots_write(expressions);
    struct program *program = program_of(expressions, rule);
    pending_take(expressions, instance);
    instance_timers_stop(expressions, instance);
    instance_unresolve(expressions, instance);
    part_give(expressions, row->part, program->units);
    check(index_remove(expressions->instance_index, instance_hash(rule, point), instance) == OK);
    *row = (struct instance_entry){.links.next = roots->instances_free};
    roots->instances_free = instance;
    roots->instances--;
    program->instances--;
}

uint32_t expressions_count(const struct expressions *expressions)
{
    return expressions->roots->instances;
}

bool expressions_mean(const struct expressions *expressions, uint32_t rule, uint32_t point,
                      int64_t time_ns, double *ret_mean)
{
    struct condition_cell cell;
    uint32_t instance = instance_find(expressions, rule, point);
    if (instance == INSTANCE_NONE)
        return false;
    const struct program *program = program_of(expressions, rule);
    if (program->cells == 0)
        return false;
    uint32_t part = instance_read(expressions, instance)->part;
    memcpy(&cell, part_read(expressions, part) + program->cells_unit * PART_UNIT, sizeof cell);
    return condition_cell_mean(program->condition, 0, &cell, time_ns, ret_mean);
}

enum condition_truth expressions_truth(const struct expressions *expressions, uint32_t rule,
                                       uint32_t point)
{
    uint32_t instance = instance_find(expressions, rule, point);
    return instance == INSTANCE_NONE
               ? CONDITION_UNKNOWN
               : (enum condition_truth)instance_read(expressions, instance)->truth;
}
