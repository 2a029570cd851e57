/* Pages from outside: judged, and what is derived made anew. Nothing in them may reach a check():
 * each number is looked at before it is followed, each row is found once, and what is counted
 * agrees. */
#include "model/expressions/tables.h"

#include <stdlib.h>
#include <string.h>

/* Units or rows that were met; a second time is a contradiction. */
struct seen {
    uint64_t *bits;
    uint32_t count; /* numbers 1..count */
};

static enum err seen_init(struct seen *seen, uint32_t count)
{
    seen->count = count;
    seen->bits = calloc(count / 64 + 1, sizeof *seen->bits);
    return seen->bits == NULL ? ERR_NO_MEMORY : OK;
}

/* False: one of the numbers is not there, or was seen. */
static bool seen_take(struct seen *seen, uint32_t first, uint32_t count)
{
    if (first == 0 || first > seen->count || count > seen->count - first + 1)
        return false;
    for (uint32_t i = first; i < first + count; i++) {
        uint64_t bit = UINT64_C(1) << (i % 64);
        if (seen->bits[i / 64] & bit)
            return false;
        seen->bits[i / 64] |= bit;
    }
    return true;
}

static bool all_zero(const void *at, size_t size)
{
    const uint8_t *bytes = at;
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

/* ---- root ---- */
#define CROWDS_MAX (1u << 20) /* each has more than JUDGE_INSTANCES_MAX, or is a set */

static enum err root_judge(struct expressions *expressions)
{
    const struct roots_entry *roots = expressions->roots;
    const struct expressions_limits *limits = &expressions->limits;
    uint64_t units = (uint64_t)limits->instances_max * PART_UNITS_MAX * PART_UNITS_MAX;
    /* A row is only added when none is free, so that there are never more than may be in use. */
    if (roots->instances > roots->instances_used || roots->instances_used > limits->instances_max ||
        roots->sets > roots->sets_used || roots->sets_used > limits->sets_max ||
        roots->members > roots->members_used || roots->members_used > limits->members_max ||
        roots->pending > roots->instances || roots->parts_used > units ||
        roots->parts_used > UINT32_MAX - STATE_PAGE_SIZE || roots->waiting > roots->sets ||
        roots->walking > roots->sets || roots->parts_free[0] != 0 || roots->reserved != 0 ||
        !all_zero(roots->reserved_end, sizeof roots->reserved_end))
        return ERR_CORRUPT;
    if ((roots->walking > 0 && roots->walk_at == POINT_NONE) ||
        roots->walk_at > (uint64_t)points_count(expressions->points) + 1)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&expressions->instances, roots->instances_used + 1);
    if (err == OK)
        err = state_table_grow(&expressions->parts, roots->parts_used + 1);
    if (err == OK)
        err = state_table_grow(&expressions->sets, roots->sets_used + 1);
    if (err == OK)
        err = state_table_grow(&expressions->members, roots->members_used + 1);
    if (err == OK)
        err = state_table_grow(&expressions->crowds, roots->crowds_used + 1);
    return err == OK ? texts_rebuild(&expressions->patterns) : err;
}

/* ---- sets and members ---- */
static bool set_row_is_valid(const struct expressions *expressions, const struct set_entry *entry)
{
    return entry->state < SET_STATES && entry->over <= 1 && entry->users > 0 && entry->next == 0 &&
           entry->members <= expressions->limits.members_of_set &&
           all_zero(entry->reserved, sizeof entry->reserved) &&
           texts_is_valid(&expressions->patterns, entry->pattern, PATTERN_BYTES_MAX) &&
           entry->pattern != TEXT_NONE;
}

/* What members and users there are is counted again: derived from zero. */
static enum err sets_derive(struct expressions *expressions, struct set_entry *held)
{
    const struct roots_entry *roots = expressions->roots;
    uint32_t sets = 0, states[SET_STATES] = {0};
    for (uint32_t set = 1; set <= roots->sets_used; set++) {
        const struct set_entry *entry = set_read(expressions, set);
        held[set] = *entry;
        if (entry->tenant == 0)
            continue;
        if (!set_row_is_valid(expressions, entry) ||
            set_find(expressions, entry->tenant,
                     texts_get(&expressions->patterns, entry->pattern)) != SET_NONE)
            return ERR_CORRUPT;
        sets++;
        states[entry->state]++;
        enum err err = set_derive(expressions, set);
        if (err != OK)
            return err;
        set_write(expressions, set)->members = set_write(expressions, set)->users = 0;
    }
    return sets == roots->sets && states[SET_WAITING] == roots->waiting &&
                   states[SET_WALKING] == roots->walking
               ? OK
               : ERR_CORRUPT;
}

static bool set_is(const struct expressions *expressions, uint32_t set)
{
    return set > 0 && set <= expressions->roots->sets_used &&
           set_read(expressions, set)->tenant != 0;
}

static enum err members_derive(struct expressions *expressions)
{
    const struct roots_entry *roots = expressions->roots;
    uint32_t members = 0;
    for (uint32_t member = 1; member <= roots->members_used; member++) {
        const struct member_entry *entry = state_read(&expressions->members, member);
        if (entry->set == SET_NONE)
            continue;
        struct point_row row;
        if (!set_is(expressions, entry->set) || entry->point == POINT_NONE ||
            entry->point > points_count(expressions->points))
            return ERR_CORRUPT;
        points_row(expressions->points, points_row_of(expressions->points, entry->point), &row);
        const struct set_entry *set = set_read(expressions, entry->set);
        if (row.tenant != set->tenant || set->members >= expressions->limits.members_of_set)
            return ERR_CORRUPT;
        enum err err = set_member_derive(expressions, entry->set, member);
        if (err != OK)
            return err;
        members++;
    }
    return members == roots->members ? OK : ERR_CORRUPT;
}

/* ---- instances ---- */
static bool timer_is_of(const struct expressions *expressions, uint32_t timer, uint32_t instance,
                        uint32_t number)
{
    struct timer_view view;
    return timing_look(expressions->timing, timer, &view) && view.kind == EXPRESSIONS_TIMER &&
           view.owner == ((uint64_t)instance << 8 | number);
}

static bool part_is_valid(struct expressions *expressions, const struct program *program,
                          uint32_t instance, uint32_t *timers)
{
    const struct instance_entry *row = instance_read(expressions, instance);
    const uint8_t *part = part_read(expressions, row->part);
    for (unsigned i = 0; i < program->timers; i++) {
        uint32_t timer = part_timers(program, part)[i];
        if (timer == TIMER_NONE || timer == TIMER_RAN_OUT)
            continue;
        if (!timer_is_of(expressions, timer, instance, i))
            return false;
        ++*timers;
    }
    for (unsigned i = 0; i < program->sets; i++) {
        uint32_t set = part_sets(program, part)[i];
        if (set == SET_NONE)
            continue;
        if (!set_is(expressions, set) || set_read(expressions, set)->tenant != program->tenant)
            return false;
        set_write(expressions, set)->users++;
    }
    return true;
}

static bool instance_row_is_valid(const struct expressions *expressions,
                                  const struct program *program, uint32_t instance,
                                  struct seen *units, uint32_t *timers)
{
    const struct instance_entry *row = instance_read(expressions, instance);
    uint32_t page_units = (uint32_t)(STATE_PAGE_SIZE / PART_UNIT);
    if (row->truth > CONDITION_UNKNOWN || row->flags & ~INSTANCE_FLAGS || row->judged_ns < 0 ||
        row->point > points_count(expressions->points) ||
        !all_zero(row->reserved, sizeof row->reserved) ||
        instance_find(expressions, row->rule, row->point) != INSTANCE_NONE)
        return false;
    if (program->units == 0 ? row->part != 0
                            : !seen_take(units, row->part, program->units) ||
                                  row->part % page_units + program->units > page_units)
        return false;
    if (row->wake_timer == TIMER_NONE)
        return row->wake_ns == 0;
    ++*timers;
    return row->wake_ns >= 0 && row->wake_ns < TIMING_NEVER &&
           timer_is_of(expressions, row->wake_timer, instance, OWNER_WAKE);
}

struct texts_source {
    bool (*text)(void *context, uint32_t rule, struct bytes *ret_text, uint32_t *ret_tenant);
    void *context;
};

static enum err program_derive(struct expressions *expressions, uint32_t rule,
                               const struct texts_source *source)
{
    struct bytes text;
    uint32_t tenant;
    if (program_of(expressions, rule) != NULL)
        return OK;
    if (!source->text(source->context, rule, &text, &tenant))
        return ERR_CORRUPT;
    enum err err = expressions_program(expressions, rule, tenant, text);
    return err == ERR_INVALID ? ERR_CORRUPT : err;
}

static enum err users_derive(struct expressions *expressions, const struct program *program,
                             uint32_t instance)
{
    const uint8_t *part = part_read(expressions, instance_read(expressions, instance)->part);
    enum err err = OK;
    for (unsigned i = 0; err == OK && i < program->sets; i++) {
        uint32_t set = part_sets(program, part)[i];
        if (set != SET_NONE)
            err =
                list_add(&expressions->set_indexes[set]->users, instance, &expressions->heap_bytes);
    }
    return err;
}

static enum err one_instance_derive(struct expressions *expressions, uint32_t instance,
                                    const struct texts_source *source, struct seen *units,
                                    uint32_t *timers)
{
    const struct instance_entry *row = instance_read(expressions, instance);
    enum err err = program_derive(expressions, row->rule, source);
    if (err != OK)
        return err;
    struct program *program = program_of(expressions, row->rule);
    if (!instance_row_is_valid(expressions, program, instance, units, timers) ||
        !part_is_valid(expressions, program, instance, timers))
        return ERR_CORRUPT;
    program->instances++;
    err = index_insert(expressions->instance_index, instance_hash(row->rule, row->point), instance);
    if (err == OK)
        err = instance_derive(expressions, instance);
    return err == OK ? users_derive(expressions, program, instance) : err;
}

static enum err instances_derive(struct expressions *expressions, const struct texts_source *source,
                                 struct seen *units)
{
    const struct roots_entry *roots = expressions->roots;
    uint32_t instances = 0, timers = 0;
    for (uint32_t instance = 1; instance <= roots->instances_used; instance++) {
        if (instance_read(expressions, instance)->rule == 0)
            continue;
        enum err err = one_instance_derive(expressions, instance, source, units, &timers);
        if (err != OK)
            return err;
        instances++;
    }
    /* Each names its own timers, so there are no others. */
    return instances == roots->instances &&
                   timers == timing_count(expressions->timing, EXPRESSIONS_TIMER)
               ? OK
               : ERR_CORRUPT;
}

/* ---- lists ---- */
/* A list of free rows has so many, and then ends: none comes twice. */
static enum err free_judge(const struct expressions *expressions)
{
    const struct roots_entry *roots = expressions->roots;
    uint32_t left = roots->instances_used - roots->instances, at = roots->instances_free;
    for (; left > 0 && at != 0 && at <= roots->instances_used; left--) {
        struct instance_entry row = *instance_read(expressions, at);
        at = row.links.next;
        row.links.next = 0;
        if (!all_zero(&row, sizeof row))
            return ERR_CORRUPT;
    }
    if (left != 0 || at != 0)
        return ERR_CORRUPT;
    left = roots->sets_used - roots->sets, at = roots->sets_free;
    for (; left > 0 && at != 0 && at <= roots->sets_used; left--) {
        struct set_entry row = *set_read(expressions, at);
        at = row.next;
        row.next = 0;
        if (!all_zero(&row, sizeof row))
            return ERR_CORRUPT;
    }
    if (left != 0 || at != 0)
        return ERR_CORRUPT;
    left = roots->members_used - roots->members, at = roots->members_free;
    for (; left > 0 && at != 0 && at <= roots->members_used; left--) {
        const struct member_entry *row = state_read(&expressions->members, at);
        if (row->set != SET_NONE || row->since_ns != 0)
            return ERR_CORRUPT;
        at = row->point;
    }
    return left == 0 && at == 0 ? OK : ERR_CORRUPT;
}

/* Parts that are free lie apart from those in use and from each other, and are zero. */
static enum err parts_judge(struct expressions *expressions, struct seen *units)
{
    uint32_t page_units = (uint32_t)(STATE_PAGE_SIZE / PART_UNIT);
    for (uint32_t size = 1; size <= PART_UNITS_MAX; size++) {
        uint32_t at = expressions->roots->parts_free[size];
        while (at != 0) {
            if (!seen_take(units, at, size) || at % page_units + size > page_units)
                return ERR_CORRUPT;
            const uint8_t *part = part_read(expressions, at);
            if (!all_zero(part + 4, (size_t)size * PART_UNIT - 4))
                return ERR_CORRUPT;
            at = load_u32(part);
        }
    }
    return OK;
}

static enum err pending_judge(const struct expressions *expressions)
{
    const struct roots_entry *roots = expressions->roots;
    uint32_t marked = 0;
    for (uint32_t i = 1; i <= roots->instances_used; i++) {
        const struct instance_entry *row = instance_read(expressions, i);
        bool pending = row->flags & INSTANCE_PENDING;
        marked += pending;
        if (row->rule != 0 && !pending && (row->links.next != 0 || row->links.previous != 0))
            return ERR_CORRUPT;
    }
    if (marked != roots->pending ||
        !chain_is_valid(&expressions->instances, &instance_chain, &roots->pending_ones,
                        roots->pending, roots->instances_used + 1))
        return ERR_CORRUPT;
    for (uint32_t at = roots->pending_ones.first; at != INSTANCE_NONE;
         at = chain_after(&expressions->instances, &instance_chain, at)) {
        const struct instance_entry *row = instance_read(expressions, at);
        if (row->rule == 0 || !(row->flags & INSTANCE_PENDING))
            return ERR_CORRUPT;
    }
    return OK;
}

static bool crowd_is_valid(const struct expressions *expressions, const struct crowd_entry *entry)
{
    uint32_t of = entry->of & (LOOKER_SET - 1);
    bool set = entry->of & LOOKER_SET, changed = entry->of & CROWD_CHANGED;
    bool there = of > 0 && !(set && changed) &&
                 of <= (set ? expressions->roots->sets_used : points_count(expressions->points));
    return there && entry->again <= (entry->from > 0) &&
           all_zero(entry->reserved, sizeof entry->reserved) &&
           key_find(expressions, key_of_crowd(entry->of)) == NULL;
}

static enum err crowds_derive(struct expressions *expressions)
{
    const struct roots_entry *roots = expressions->roots;
    uint32_t left = roots->crowds, at = roots->crowd_first, last = 0;
    for (; left > 0 && at != 0 && at <= roots->crowds_used; left--) {
        const struct crowd_entry *entry = state_read(&expressions->crowds, at);
        if (!crowd_is_valid(expressions, entry))
            return ERR_CORRUPT;
        enum err err = key_add(expressions, key_of_crowd(entry->of), at);
        if (err != OK)
            return err;
        last = at;
        at = entry->next;
    }
    if (left != 0 || at != 0 || roots->crowd_last != last)
        return ERR_CORRUPT;
    left = roots->crowds_used - roots->crowds, at = roots->crowds_free;
    for (; left > 0 && at != 0 && at <= roots->crowds_used; left--) {
        struct crowd_entry row = *(const struct crowd_entry *)state_read(&expressions->crowds, at);
        at = row.next;
        row.next = 0;
        if (!all_zero(&row, sizeof row))
            return ERR_CORRUPT;
    }
    return left == 0 && at == 0 ? OK : ERR_CORRUPT;
}

static enum err counts_judge(const struct expressions *expressions, const struct set_entry *held)
{
    for (uint32_t set = 1; set <= expressions->roots->sets_used; set++) {
        const struct set_entry *entry = set_read(expressions, set);
        if (entry->members != held[set].members || entry->users != held[set].users)
            return ERR_CORRUPT;
    }
    return OK;
}

enum err expressions_rebuild(struct expressions *expressions,
                             bool (*text)(void *context, uint32_t rule, struct bytes *ret_text,
                                          uint32_t *ret_tenant),
                             void *context)
{
    const struct texts_source source = {text, context};
    struct seen units = {.bits = NULL};
    struct set_entry *held = NULL;
    derived_destroy(expressions);
    enum err err = derived_create(expressions);
    if (err == OK)
        err = root_judge(expressions);
    if (err == OK)
        err = seen_init(&units, expressions->roots->parts_used);
    if (err == OK) {
        held = calloc((size_t)expressions->roots->sets_used + 1, sizeof *held);
        err = held == NULL ? ERR_NO_MEMORY : OK;
    }
    if (err == OK)
        err = sets_derive(expressions, held);
    if (err == OK)
        err = members_derive(expressions);
    if (err == OK)
        err = instances_derive(expressions, &source, &units);
    if (err == OK)
        err = free_judge(expressions);
    if (err == OK)
        err = parts_judge(expressions, &units);
    if (err == OK)
        err = pending_judge(expressions);
    if (err == OK)
        err = crowds_derive(expressions);
    if (err == OK)
        err = counts_judge(expressions, held);
    free(units.bits);
    free(held);
    return err;
}
