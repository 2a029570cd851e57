/* What is evaluated when: at once, or by the walk at the end of a batch, so that no call takes
 * long. There are two queues. Pending instances, each once. And crowds: a point, or a set, at which
 * more instances look than are evaluated at once; they are not put on a queue each, but their list
 * is gone through from a number on, and again if another value came meanwhile. */
#include "model/expressions/tables.h"

/* ---- pending ---- */
static uint32_t instance_members(const struct expressions *expressions,
                                 const struct program *program, uint32_t part)
{
    uint32_t count = 0;
    for (unsigned i = 0; i < program->sets; i++) {
        uint32_t set = part_sets(program, part_read(expressions, part))[i];
        count += set == SET_NONE ? 0 : set_read(expressions, set)->members;
    }
    return count;
}

void pending_put(struct expressions *expressions, uint32_t instance)
{
    struct instance_entry *row = instance_write(expressions, instance);
    if (row->flags & INSTANCE_PENDING)
        return;
    struct roots_entry *roots = roots_write(expressions);
    row->flags |= INSTANCE_PENDING;
    chain_put(&expressions->instances, &instance_chain, &roots->pending_ones, instance);
    roots->pending++;
}

void pending_take(struct expressions *expressions, uint32_t instance)
{
    struct instance_entry *row = instance_write(expressions, instance);
    if (!(row->flags & INSTANCE_PENDING))
        return;
    struct roots_entry *roots = roots_write(expressions);
    chain_take(&expressions->instances, &instance_chain, &roots->pending_ones, instance);
    row->flags &= (uint8_t)~INSTANCE_PENDING;
    roots->pending--;
}

/* Many members: by the walk, and not all the time. One that was not evaluated lately waits for the
 * end of the batch only. */
static enum err members_due(struct expressions *expressions, uint32_t instance, uint32_t members,
                            const struct record_stamp *stamp)
{
    const struct instance_entry *row = instance_read(expressions, instance);
    int64_t due_ns = time_after(row->judged_ns, (int64_t)members * JUDGE_MEMBER_NS);
    if (row->judged_ns != 0 && due_ns > stamp->engine_ns) {
        enum err err = instance_wake_at(expressions, instance, due_ns);
        if (err != OK || row->wake_timer != TIMER_NONE)
            return err;
    } /* no timer is left */
    pending_put(expressions, instance);
    return OK;
}

enum err instance_due(struct expressions *expressions, uint32_t instance,
                      const struct record_stamp *stamp, uint32_t *left)
{
    const struct instance_entry *row = instance_read(expressions, instance);
    state_prefetch(&expressions->parts, row->part);
    const struct program *program = program_of(expressions, row->rule);
    uint32_t members = program->sets == 0 ? 0 : instance_members(expressions, program, row->part);
    if (members > JUDGE_MEMBERS_MAX)
        return members_due(expressions, instance, members, stamp);
    if (*left == 0) {
        pending_put(expressions, instance);
        return OK;
    }
    --*left;
    return instance_evaluate(expressions, instance, stamp);
}

/* ---- whom the change of a point may concern ---- */
/* Waiting for its path, looking at it by a reference. Those that stand on it are never put off:
 * what they wait for follows from its path. */
struct changed {
    struct expressions *expressions;
    const struct list *lists[2]; /* NULL: nobody */
    struct list one;
};

static void changed_init(struct changed *changed, struct expressions *expressions, uint32_t point)
{
    struct point_place place;
    changed->expressions = expressions;
    point_place(expressions, point, &place);
    changed->lists[0] = NULL;
    if (place.there)
        changed->lists[0] =
            key_find(expressions, points_path_hash(place.tenant, bytes_of(place.path, place.size)));
    changed->lists[1] = look_list(expressions, point, &changed->one);
}

static enum err touched_add(struct expressions *expressions, uint32_t instance)
{
    return list_add(&expressions->touched, instance, &expressions->heap_bytes);
}

static bool changed_is_crowd(const struct changed *changed)
{
    uint64_t count = 0;
    for (unsigned i = 0; i < ARRAY_COUNT(changed->lists); i++)
        count += changed->lists[i] == NULL ? 0 : changed->lists[i]->count;
    return count > JUDGE_INSTANCES_MAX;
}

/* The first instance that is not below; INSTANCE_NONE: there is none. */
static uint32_t changed_next(const struct changed *changed, uint32_t from)
{
    uint32_t first = UINT32_MAX;
    const uint32_t *run;
    for (unsigned i = 0; i < ARRAY_COUNT(changed->lists); i++)
        if (changed->lists[i] != NULL && list_run(changed->lists[i], from, &run) > 0 &&
            run[0] < first)
            first = run[0];
    return first < LOOKER_SET ? first : INSTANCE_NONE;
}

static enum err changed_touch(const struct changed *changed)
{
    enum err err = OK;
    for (uint32_t at = changed_next(changed, 1); err == OK && at != INSTANCE_NONE;
         at = changed_next(changed, at + 1))
        err = touched_add(changed->expressions, at);
    return err;
}

/* One after the other, as far as there may be work; the lists become other ones meanwhile. *from: 0
 * at the end. */
static enum err changed_step(struct expressions *expressions, uint32_t point, uint32_t *from,
                             const struct record_stamp *stamp, uint32_t *work, uint32_t most)
{
    enum err err = OK;
    while (err == OK && *work < most) {
        struct changed changed;
        uint32_t left = 1;
        bool other;
        changed_init(&changed, expressions, point);
        uint32_t instance = changed_next(&changed, *from);
        *from = instance == INSTANCE_NONE ? 0 : instance + 1;
        if (instance == INSTANCE_NONE)
            return OK;
        *work += WALK_RESOLVE;
        err = instance_resolve(expressions, instance, stamp, &other);
        if (err == OK && other)
            err = instance_due(expressions, instance, stamp, &left);
    }
    return err;
}

/* ---- crowds ---- */
static const struct crowd_entry *crowd_read(const struct expressions *expressions, uint32_t crowd)
{
    return state_read(&expressions->crowds, crowd);
}

static struct crowd_entry *crowd_write(struct expressions *expressions, uint32_t crowd)
{
    return state_write(&expressions->crowds, crowd);
}

uint64_t key_of_crowd(uint32_t of)
{
    return hash64(&of, sizeof of, UINT64_C(3) << 32);
}

static uint32_t crowd_find(const struct expressions *expressions, uint32_t of)
{
    const uint32_t *run;
    const struct list *list = key_find(expressions, key_of_crowd(of));
    return list == NULL || list_run(list, 0, &run) == 0 ? 0 : run[0];
}

static void crowd_link(struct expressions *expressions, uint32_t crowd)
{
    struct roots_entry *roots = roots_write(expressions);
    if (roots->crowd_last == 0)
        roots->crowd_first = crowd;
    else
        crowd_write(expressions, roots->crowd_last)->next = crowd;
    roots->crowd_last = crowd;
}

static void crowd_unlink_first(struct expressions *expressions)
{
    struct roots_entry *roots = roots_write(expressions);
    struct crowd_entry *entry = crowd_write(expressions, roots->crowd_first);
    roots->crowd_first = entry->next;
    if (entry->next == 0)
        roots->crowd_last = 0;
    entry->next = 0;
}

enum err crowd_put(struct expressions *expressions, uint32_t of)
{
    uint32_t crowd = crowd_find(expressions, of);
    if (crowd != 0) {
        if (crowd_read(expressions, crowd)->from > 0)
            crowd_write(expressions, crowd)->again = 1;
        return OK;
    }
    struct roots_entry *roots = roots_write(expressions);
    crowd = roots->crowds_free;
    if (crowd != 0) {
        roots->crowds_free = crowd_read(expressions, crowd)->next;
    } else {
        crowd = roots->crowds_used + 1;
        enum err err = state_table_grow(&expressions->crowds, crowd + 1);
        if (err != OK)
            return err;
        roots->crowds_used = crowd;
    }
    roots->crowds++;
    *crowd_write(expressions, crowd) = (struct crowd_entry){.of = of};
    crowd_link(expressions, crowd);
    return key_add(expressions, key_of_crowd(of), crowd);
}

/* The first one was gone through. */
static void crowd_end(struct expressions *expressions)
{
    struct roots_entry *roots = roots_write(expressions);
    uint32_t crowd = roots->crowd_first;
    struct crowd_entry *entry = crowd_write(expressions, crowd);
    crowd_unlink_first(expressions);
    if (entry->again) {
        entry->again = 0;
        entry->from = 0;
        crowd_link(expressions, crowd);
        return;
    }
    key_remove(expressions, key_of_crowd(entry->of), crowd);
    *entry = (struct crowd_entry){.next = roots->crowds_free};
    roots->crowds_free = crowd;
    roots->crowds--;
}

static enum err crowd_looker(struct expressions *expressions, uint32_t looker,
                             const struct record_stamp *stamp, uint32_t *work)
{
    if (looker & LOOKER_SET) {
        ++*work;
        return crowd_put(expressions, looker);
    }
    const struct instance_entry *row = instance_read(expressions, looker);
    const struct program *program = program_of(expressions, row->rule);
    uint32_t members = instance_members(expressions, program, row->part), left = 1;
    *work += WALK_INSTANCE + (members > JUDGE_MEMBERS_MAX ? 0 : members);
    return instance_due(expressions, looker, stamp, &left);
}

/* Those of the list from a number on. *from: 0 at the end. */
static enum err list_step(struct expressions *expressions, const struct list *list, uint32_t *from,
                          const struct record_stamp *stamp, uint32_t *work, uint32_t most)
{
    enum err err = OK;
    const uint32_t *run;
    while (err == OK && *work < most) {
        uint32_t n = list == NULL ? 0 : list_run(list, *from, &run);
        if (n == 0) {
            *from = 0;
            return OK;
        }
        for (uint32_t i = 0; err == OK && i < n && *work < most; i++) {
            err = crowd_looker(expressions, run[i], stamp, work);
            *from = run[i] + 1;
        }
    }
    return err;
}

/* The first one, as far as there may be work. */
static enum err crowd_step(struct expressions *expressions, const struct record_stamp *stamp,
                           uint32_t *work, uint32_t most)
{
    struct crowd_entry *entry = crowd_write(expressions, expressions->roots->crowd_first);
    uint32_t of = entry->of & (LOOKER_SET - 1), from = entry->from;
    struct list one;
    const struct list *list = NULL;
    enum err err;
    if (entry->of & CROWD_CHANGED) {
        err = changed_step(expressions, of, &from, stamp, work, most);
    } else {
        if (!(entry->of & LOOKER_SET))
            list = look_list(expressions, of, &one);
        else if (of < expressions->sets_capacity && expressions->set_indexes[of] != NULL)
            list = &expressions->set_indexes[of]->users;
        err = list_step(expressions, list, &from, stamp, work, most);
    }
    entry->from = from;
    if (err == OK && from == 0) {
        ++*work;
        crowd_end(expressions);
    }
    return err;
}

/* ---- the end of a batch ---- */
static enum err pending_run(struct expressions *expressions, const struct record_stamp *stamp)
{
    const struct roots_entry *roots = expressions->roots;
    enum err err = OK;
    uint32_t work = 0, most = roots->pending; /* what is put meanwhile waits for the next batch */
    uint32_t of_crowds = most > 0 ? WALK_WORK / 2 : WALK_WORK;
    while (err == OK && roots->crowds > 0 && work < of_crowds)
        err = crowd_step(expressions, stamp, &work, of_crowds);
    for (; err == OK && most > 0 && roots->pending > 0 && work < WALK_WORK; most--) {
        uint32_t instance = roots->pending_ones.first;
        const struct instance_entry *row = instance_read(expressions, instance);
        uint32_t members =
            instance_members(expressions, program_of(expressions, row->rule), row->part);
        work += WALK_INSTANCE + members;
        pending_take(expressions, instance);
        if (members > JUDGE_MEMBERS_MAX)
            instance_write(expressions, instance)->judged_ns = stamp->engine_ns;
        err = instance_evaluate(expressions, instance, stamp);
    }
    return err;
}

enum err expressions_walk(struct expressions *expressions, const struct record_stamp *stamp)
{
    enum err err = sets_walk(expressions, stamp);
    return err == OK ? pending_run(expressions, stamp) : err;
}

uint64_t expressions_walk_left(const struct expressions *expressions)
{
    const struct roots_entry *roots = expressions->roots;
    uint64_t count = points_count(expressions->points), left = 0;
    if (roots->walk_at != POINT_NONE)
        left += count + 1 - (roots->walk_at <= count ? roots->walk_at : count);
    if (roots->waiting > 0)
        left += count + 1;
    return left + roots->pending + roots->crowds;
}

/* ---- several ---- */
enum err touched_put(struct expressions *expressions, const struct list *list)
{
    enum err err = OK;
    const uint32_t *run;
    for (uint32_t from = 0, n; err == OK && list != NULL && (n = list_run(list, from, &run)) > 0;
         from = run[n - 1] + 1)
        for (uint32_t i = 0; err == OK && i < n; i++)
            err = touched_add(expressions, run[i]);
    return err;
}

enum err touched_users(struct expressions *expressions, uint32_t set)
{
    const struct list *users = &expressions->set_indexes[set]->users;
    return users->count > JUDGE_INSTANCES_MAX ? crowd_put(expressions, LOOKER_SET | set)
                                              : touched_put(expressions, users);
}

static enum err list_due(struct expressions *expressions, const struct list *list,
                         const struct record_stamp *stamp)
{
    uint32_t left = JUDGE_INSTANCES_MAX;
    enum err err = OK;
    const uint32_t *run;
    for (uint32_t from = 0, n; err == OK && (n = list_run(list, from, &run)) > 0;
         from = run[n - 1] + 1)
        for (uint32_t i = 0; err == OK && i < n; i++)
            err = instance_due(expressions, run[i], stamp, &left);
    return err;
}

/* All that were touched; none is afterwards. */
static enum err touched_run(struct expressions *expressions, const struct record_stamp *stamp)
{
    enum err err = list_due(expressions, &expressions->touched, stamp);
    list_clear(&expressions->touched, &expressions->heap_bytes);
    return err;
}

/* ---- a value ---- */
/* Few enough for one array. Sets stand behind the instances; their users come in the order of
 * numbers with the rest. */
static enum err judge_several(struct expressions *expressions, const struct list *list,
                              const struct record_stamp *stamp)
{
    const uint32_t *run;
    uint32_t count = list_run(list, 0, &run);
    if (!(run[count - 1] & LOOKER_SET))
        return list_due(expressions, list, stamp);
    enum err err = OK;
    for (uint32_t i = 0; err == OK && i < count; i++)
        err = run[i] & LOOKER_SET ? touched_users(expressions, run[i] & ~LOOKER_SET)
                                  : touched_add(expressions, run[i]);
    return err == OK ? touched_run(expressions, stamp) : err;
}

void expressions_prefetch(const struct expressions *expressions, uint32_t point)
{
    const uint32_t *run;
    struct list one;
    const struct list *list = look_list(expressions, point, &one);
    if (list != NULL && list_run(list, 0, &run) > 0)
        state_prefetch(&expressions->instances, run[0] & ~LOOKER_SET);
}

enum err expressions_judge(struct expressions *expressions, const struct point_notice *notice,
                           const struct record_stamp *stamp)
{
    struct list one;
    if (notice->late)
        return OK;
    const struct list *list = look_list(expressions, notice->point, &one);
    if (list == NULL)
        return OK;
    if (LIKELY(list == &one && !(one.one & LOOKER_SET))) {
        uint32_t left = 1;
        return instance_due(expressions, one.one, stamp, &left);
    }
    if (list->count > JUDGE_INSTANCES_MAX)
        return crowd_put(expressions, notice->point);
    return judge_several(expressions, list, stamp);
}

/* ---- a point ---- */
/* Of those that were touched, those for which something is another point now stay. */
static enum err touched_resolve(struct expressions *expressions, const struct record_stamp *stamp)
{
    struct list all = expressions->touched;
    const uint32_t *run;
    enum err err = OK;
    expressions->touched = (struct list){.count = 0};
    for (uint32_t from = 0, n; err == OK && (n = list_run(&all, from, &run)) > 0;
         from = run[n - 1] + 1) {
        for (uint32_t i = 0; err == OK && i < n; i++) {
            bool changed;
            err = instance_resolve(expressions, run[i], stamp, &changed);
            if (err == OK && changed)
                err = touched_add(expressions, run[i]);
        }
    }
    list_done(&all, &expressions->heap_bytes);
    return err;
}

enum err expressions_point_changed(struct expressions *expressions, uint32_t point,
                                   const struct record_stamp *stamp)
{
    if (expressions->roots->instances == 0)
        return OK;
    struct changed changed;
    changed_init(&changed, expressions, point);
    enum err err = touched_put(expressions, key_find(expressions, key_of_point(point)));
    if (err == OK)
        err = changed_is_crowd(&changed) ? crowd_put(expressions, CROWD_CHANGED | point)
                                         : changed_touch(&changed);
    if (err == OK)
        err = touched_resolve(expressions, stamp);
    if (err == OK)
        err = sets_point_changed(expressions, point, stamp);
    if (err == OK)
        return touched_run(expressions, stamp);
    list_clear(&expressions->touched, &expressions->heap_bytes);
    return err;
}

/* ---- a time ---- */
enum err expressions_fired(struct expressions *expressions, const struct timer_view *timer,
                           const struct record_stamp *stamp)
{
    uint32_t instance = (uint32_t)(timer->owner >> 8), number = timer->owner & 0xff, left = 1;
    check(instance != INSTANCE_NONE && instance <= expressions->roots->instances_used);
    const struct instance_entry *row = instance_read(expressions, instance);
    check(row->rule != 0);
    if (number != OWNER_WAKE) {
        instance_timer_ran_out(expressions, instance, number);
        return instance_due(expressions, instance, stamp, &left);
    }
    check(row->wake_timer == timer->timer);
    /* While it fires it can be moved, which is cheaper than another one. */
    instance_write(expressions, instance)->wake_ns = INT64_MAX;
    enum err err = instance_due(expressions, instance, stamp, &left);
    if (row->wake_ns == INT64_MAX) {
        instance_write(expressions, instance)->wake_timer = TIMER_NONE;
        instance_write(expressions, instance)->wake_ns = 0;
    }
    return err;
}
