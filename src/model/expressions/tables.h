/* What expressions keeps, as it lies in the tables: every row is fixed in size, has no padding of
 * chance and no address, so that a page is its own image. These layouts are part of the snapshot
 * format (docs/format/expressions.md): a field is never moved or given another meaning.
 *
 *      (rule, point) -> instance -> part: references -> points      set -> pattern (texts)
 *                                         set numbers -> sets        ^
 *                                         timers, cells              members (point, set)
 *
 * Derived, and rebuilt: programs by rule; who looks at a point (instances, and sets that it is a
 * member of); who waits for a path; who stands on a point; the members of a set by point. All lists
 * are in the order of numbers, so that what is evaluated first never depends on history that a
 * snapshot does not hold. */
#pragma once

#include "model/expressions/expressions.h"
#include "paths/paths.h"

enum expressions_table {
    TABLE_EXPRESSIONS_ROOTS = EXPRESSIONS_TABLE_FIRST,
    TABLE_INSTANCES,
    TABLE_PARTS,
    TABLE_SETS,
    TABLE_MEMBERS,
    TABLE_PATTERNS,
    TABLE_CROWDS,
};

#define PART_UNIT 64u /* bytes of a row of parts */
#define PART_UNITS_MAX 34u
#define INSTANCE_NONE 0u
#define SET_NONE 0u

struct roots_entry { /* one row, number 0 */
    uint32_t instances, instances_used, instances_free;
    uint32_t sets, sets_used, sets_free;
    uint32_t members, members_used, members_free;
    uint32_t parts_used; /* units after unit 0, skipped ones included */
    uint32_t pending;    /* how many instances are to be evaluated by the walk */
    struct chain_ends pending_ones;
    uint32_t waiting, walking; /* sets whose members are to be looked for, that are looked for */
    uint32_t walk_at;          /* the next point; POINT_NONE: no walk is under way */
    uint32_t text_pages;
    uint32_t reserved;
    uint32_t parts_free[PART_UNITS_MAX + 1]; /* by size in units; row 0 unused */
    struct texts_class classes[TEXTS_CLASSES];
    uint32_t crowds, crowds_used, crowds_free;
    uint32_t crowd_first, crowd_last;
    uint8_t reserved_end[1024 - 92 - 4 * (PART_UNITS_MAX + 1) - TEXTS_CLASSES * 16];
};
enum instance_flags { INSTANCE_PENDING = 1, INSTANCE_FLAGS = 1 };
struct instance_entry {
    uint32_t rule; /* 0: the row is free, and links.next is the next free one */
    uint32_t point;
    uint32_t part;            /* first unit; 0: it has none */
    struct chain_links links; /* pending ones */
    uint32_t wake_timer;
    int64_t wake_ns;   /* engine time; INT64_MAX only while the timer fires */
    int64_t judged_ns; /* engine time of the last evaluation, of one with many members; 0 */
    uint8_t truth;
    uint8_t flags;
    uint8_t reserved[22];
};
struct reference_entry {
    uint32_t point; /* POINT_NONE: not there */
    uint32_t reserved;
    int64_t since_ns; /* wall: since when it is waited for */
};
enum set_state { SET_READY, SET_WAITING, SET_WALKING, SET_STATES };
struct set_entry {
    uint32_t tenant;  /* 0: the row is free, and `next` is the next free one */
    uint32_t pattern; /* text */
    uint32_t users;   /* references of instances to it */
    uint32_t members;
    uint32_t next;
    uint8_t state;
    uint8_t over; /* 1: there were more members than are held */
    uint8_t reserved[10];
};
struct member_entry {
    uint32_t set; /* SET_NONE: the row is free, and `point` is the next free one */
    uint32_t point;
    int64_t since_ns; /* wall: when it became one */
};
struct crowd_entry { /* many that look at a point or use a set, to be evaluated by the walk */
    uint32_t of; /* the point, maybe with CROWD_CHANGED, or LOOKER_SET and the set; 0: free, `next`
                    is the next free one */
    uint32_t from; /* those below were evaluated */
    uint32_t next; /* that was put after it */
    uint8_t again; /* 1: and those below once more */
    uint8_t reserved[3];
};
_Static_assert(sizeof(struct roots_entry) == 1024, "part of the snapshot format");
_Static_assert(sizeof(struct instance_entry) == 64, "part of the snapshot format");
_Static_assert(sizeof(struct reference_entry) == 16, "part of the snapshot format");
_Static_assert(sizeof(struct set_entry) == 32, "part of the snapshot format");
_Static_assert(sizeof(struct member_entry) == 16, "part of the snapshot format");
_Static_assert(sizeof(struct crowd_entry) == 16, "part of the snapshot format");
_Static_assert(sizeof(struct condition_cell) == PART_UNIT, "a cell is a unit");

#define TIMER_RAN_OUT UINT32_MAX /* of a `for`: its time is over */
#define OWNER_WAKE 255u          /* in the owner of a timer, in place of the number of a `for` */

/* How much is done in one call; they decide the order of what is told. A member costs some 35 ns.
 */
#define JUDGE_INSTANCES_MAX 256u /* evaluated by a value at once; more: all of them by the walk */
#define JUDGE_MEMBERS_MAX 64u    /* an instance with more members is evaluated by the walk, */
#define JUDGE_MEMBER_NS 5000     /* and not again before so much time a member: 20 ms of 4,096 */
#define WALK_WORK 16384u         /* of evaluations: an instance counts WALK_INSTANCE + members */
#define WALK_INSTANCE 16u
#define WALK_RESOLVE 48u
#define WALK_COMPARISONS 262144u /* points times sets */
#define WALK_POINTS_MIN 64u
#define WALK_USERS_MAX 16u /* of a set that was walked: put off one by one */

/* ---- derived ---- */
struct pile { /* rows in chunks of PILE_ROWS, zero at first, never moved */
    uint8_t **at;
    uint32_t count;
    uint32_t row_size;
    uint64_t bytes;
};
#define PILE_ROWS 4096u
struct list { /* numbers, ascending, each once; zero-filled: empty */
    uint32_t count, capacity;
    union { /* by capacity */
        uint32_t one;
        uint32_t *at;
        struct list_blocks *blocks;
    };
};
struct program {                 /* by rule */
    struct condition *condition; /* NULL: there is none */
    uint32_t tenant;
    uint32_t instances;
    uint16_t timers_at, sets_at; /* in a part, bytes */
    uint16_t fetched;            /* bytes of the condition that are fetched ahead */
    uint8_t references, sets, timers, cells, cells_unit, units;
};
struct key_slot { /* instances that wait for something that has a hash, or stand on a point */
    uint64_t key;
    struct list list;
    uint32_t next_free;
};
struct keys { /* keys of an instance */
    uint32_t count;
    uint64_t at[];
};
struct set_member {
    uint32_t point, member;
};
struct set_filter { /* what says of most paths quickly that they do not match */
    uint32_t tenant;
    uint32_t first, last; /* check sum of a segment that has to be so; 0: any */
    uint8_t depth;        /* 0: any; else segments */
    uint8_t state;        /* enum set_state, as in the row; of one that is free SET_STATES */
    uint8_t reserved[2];
};
struct set_index {
    struct pattern pattern;
    struct set_member *members; /* by point */
    uint32_t capacity;
    struct list users; /* instances */
};

struct expressions {
    struct expressions_limits limits;
    struct state *state;
    struct points *points;
    struct timing *timing;
    struct expressions_port port;
    const struct roots_entry *roots; /* row 0 of its table: pages never move */
    struct state_table roots_table, instances, parts, sets, members, crowds;
    struct texts patterns;
    struct index *instance_index; /* (rule, point) -> instance */
    struct index *key_index;      /* key -> slot of keys */
    struct index *set_index;      /* (tenant, pattern) -> set */
    struct pile programs;         /* by rule: struct program */
    struct pile lookers;          /* by point: uint32_t, see look.c */
    struct pile lists;            /* struct list: of points that several look at */
    struct pile key_slots;        /* struct key_slot */
    struct pile instance_keys;    /* by instance: struct keys * */
    uint32_t lists_used, lists_free, key_slots_used, key_slots_free;
    struct set_index **set_indexes; /* by set */
    struct set_filter *set_filters; /* by set */
    uint32_t sets_capacity;
    struct list touched; /* instances that the call at hand is about */
    uint64_t heap_bytes; /* of programs, lists, keys, sets */
};

static inline struct roots_entry *roots_write(struct expressions *expressions)
{
    return state_write(&expressions->roots_table, 0);
}
static const struct chain instance_chain = {.links_at = offsetof(struct instance_entry, links)};
static inline const struct instance_entry *instance_read(const struct expressions *expressions,
                                                         uint32_t instance)
{
    return state_read(&expressions->instances, instance);
}
static inline struct instance_entry *instance_write(struct expressions *expressions,
                                                    uint32_t instance)
{
    return state_write(&expressions->instances, instance);
}
static inline const struct set_entry *set_read(const struct expressions *expressions, uint32_t set)
{
    return state_read(&expressions->sets, set);
}
static inline struct set_entry *set_write(struct expressions *expressions, uint32_t set)
{
    return state_write(&expressions->sets, set);
}

/* ---- pile.c ---- */
/* NULL: the row was never put. */
static inline void *pile_get(const struct pile *pile, uint32_t row)
{
    uint32_t chunk = row / PILE_ROWS;
    if (chunk >= pile->count || pile->at[chunk] == NULL)
        return NULL;
    return pile->at[chunk] + (size_t)(row % PILE_ROWS) * pile->row_size;
}
/* NULL: out of memory. */
void *pile_put(struct pile *pile, uint32_t row);
void pile_done(struct pile *pile);

/* ---- list.c ---- */
MUST_USE enum err list_add(struct list *list, uint32_t number, uint64_t *bytes);
/* False: it was not there. */
bool list_remove(struct list *list, uint32_t number, uint64_t *bytes);
void list_done(struct list *list, uint64_t *bytes);
void list_clear(struct list *list, uint64_t *bytes); /* empty; may keep its memory */
/* Numbers that lie together, the first of them not below `from`; how many: 0, there is none.
 *     for (uint32_t from = 0, n; (n = list_run(list, from, &run)) > 0; from = run[n - 1] + 1)
 */
uint32_t list_run(const struct list *list, uint32_t from, const uint32_t **ret_run);

/* ---- parts.c ---- */
/* A part of so many units, zero; 0 for none. */
MUST_USE enum err part_take(struct expressions *expressions, uint32_t units, uint32_t *ret_part);
void part_give(struct expressions *expressions, uint32_t part, uint32_t units);
/* Bytes of a part lie together: it never crosses the end of a page. */
static inline const uint8_t *part_read(const struct expressions *expressions, uint32_t part)
{
    return part == 0 ? NULL : state_read(&expressions->parts, part);
}
static inline uint8_t *part_write(struct expressions *expressions, uint32_t part)
{
    return state_write(&expressions->parts, part);
}
static inline const struct reference_entry *part_references(const uint8_t *part)
{
    return (const struct reference_entry *)(const void *)part;
}
static inline const uint32_t *part_sets(const struct program *program, const uint8_t *part)
{
    return (const uint32_t *)(const void *)(part + program->sets_at);
}
static inline const uint32_t *part_timers(const struct program *program, const uint8_t *part)
{
    return (const uint32_t *)(const void *)(part + program->timers_at);
}

/* ---- programs.c ---- */
/* NULL: there is none. */
static inline struct program *program_of(const struct expressions *expressions, uint32_t rule)
{
    struct program *program = pile_get(&expressions->programs, rule);
    return program == NULL || program->condition == NULL ? NULL : program;
}

/* ---- expressions.c ---- */
MUST_USE enum err derived_create(struct expressions *expressions);
void derived_destroy(struct expressions *expressions);
uint64_t instance_hash(uint32_t rule, uint32_t point);
uint32_t instance_find(const struct expressions *expressions, uint32_t rule, uint32_t point);

/* ---- look.c: who looks at a point, who waits, who stands on it ---- */
#define LOOKER_SET 0x40000000u    /* a set; else an instance */
#define LOOKER_LIST 0x80000000u   /* of lookers.at: a list of several */
#define LOOKERS_MAX LOOKER_SET    /* numbers are below */
#define CROWD_CHANGED 0x80000000u /* of crowd_entry.of: the point is another one now */
MUST_USE enum err look_add(struct expressions *expressions, uint32_t point, uint32_t looker);
void look_remove(struct expressions *expressions, uint32_t point, uint32_t looker);
/* Those that look, sets behind instances; NULL: nobody. One alone is put into *one. */
const struct list *look_list(const struct expressions *expressions, uint32_t point,
                             struct list *one);
uint64_t key_of_point(uint32_t point); /* of those that stand on it */
MUST_USE enum err key_add(struct expressions *expressions, uint64_t key, uint32_t instance);
void key_remove(struct expressions *expressions, uint64_t key, uint32_t instance);
const struct list *key_find(const struct expressions *expressions, uint64_t key);
/* The keys of an instance become these; 0 of them: it has none. Nothing fails when there are none.
 */
MUST_USE enum err keys_set(struct expressions *expressions, uint32_t instance, const uint64_t *keys,
                           uint32_t count);

/* ---- sets.c ---- */
/* SET_NONE: there is no such one. */
uint32_t set_find(const struct expressions *expressions, uint32_t tenant, struct bytes pattern);
/* The set becomes one of the instance's; made if there is none. ERR_LIMIT: too many. */
MUST_USE enum err set_join(struct expressions *expressions, uint32_t tenant, struct bytes pattern,
                           uint32_t instance, uint32_t *ret_set);
/* One reference of the instance to it goes; last: the instance has no other. */
void set_leave(struct expressions *expressions, uint32_t set, uint32_t instance, bool last);
MUST_USE enum err set_derive(struct expressions *expressions, uint32_t set);
MUST_USE enum err set_member_derive(struct expressions *expressions, uint32_t set, uint32_t member);
void sets_done(struct expressions *expressions);
/* The point's path is looked at anew: it becomes a member of sets, or is one no longer; their users
 * are put into `touched`. */
MUST_USE enum err sets_point_changed(struct expressions *expressions, uint32_t point,
                                     const struct record_stamp *stamp);
MUST_USE enum err sets_walk(struct expressions *expressions, const struct record_stamp *stamp);
struct point_place { /* a point's path, and what filters want to know of it */
    uint32_t tenant;
    bool there; /* it is the point of this path */
    uint8_t depth;
    uint32_t first, last;
    size_t size;
    uint8_t path[PATH_MAX_BYTES];
};
void point_place(const struct expressions *expressions, uint32_t point,
                 struct point_place *ret_place);

/* ---- resolve.c ---- */
/* Looks anew what the instance's references and patterns are. *ret_changed: some are others.
 * ERR_LIMIT only if `strict`: too many sets; else such a set is none. */
MUST_USE enum err instance_resolve(struct expressions *expressions, uint32_t instance,
                                   const struct record_stamp *stamp, bool *ret_changed);
/* Would its sets stay within the limit? */
bool instance_sets_fit(const struct expressions *expressions, const struct program *program,
                       uint32_t point);
void instance_unresolve(struct expressions *expressions, uint32_t instance);
/* Keys and lookers of an instance as its page says. */
MUST_USE enum err instance_derive(struct expressions *expressions, uint32_t instance);

/* ---- evaluate.c ---- */
/* Evaluates it at once. */
MUST_USE enum err instance_evaluate(struct expressions *expressions, uint32_t instance,
                                    const struct record_stamp *stamp);
/* A wake-up that comes earlier than wanted stays: it looks, and is set again. So it is not moved
 * with each value. due_ns: engine time. When there are too many timers there is none. */
MUST_USE enum err instance_wake_at(struct expressions *expressions, uint32_t instance,
                                   int64_t due_ns);
int64_t time_after(int64_t from_ns, int64_t span_ns); /* that a timer can have */
void instance_timer_ran_out(struct expressions *expressions, uint32_t instance, uint32_t timer);
void instance_timers_stop(struct expressions *expressions, uint32_t instance);

/* ---- due.c ---- */
/* Now, or by the walk if it is too much for now; *left: how many there may be now. */
MUST_USE enum err instance_due(struct expressions *expressions, uint32_t instance,
                               const struct record_stamp *stamp, uint32_t *left);
void pending_put(struct expressions *expressions, uint32_t instance);
void pending_take(struct expressions *expressions, uint32_t instance);
/* All that look at the point, or use the set (LOOKER_SET), or whom a change of the point may
 * concern (CROWD_CHANGED). */
MUST_USE enum err crowd_put(struct expressions *expressions, uint32_t of);
uint64_t key_of_crowd(uint32_t of);
/* Into `touched`, for evaluation in the order of numbers by the call that is under way. */
MUST_USE enum err touched_put(struct expressions *expressions, const struct list *list);
MUST_USE enum err touched_users(struct expressions *expressions, uint32_t set);
