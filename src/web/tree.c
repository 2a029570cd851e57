/* The tree of paths, a branch at a time.
 *
 * Whoever sees all of a branch is told the counts that the namespace keeps. Of one that he sees a
 * part of, his points are counted one by one, up to COUNTED_MAX: nothing that he is told depends on
 * points that he may not see, and a branch in which he sees none is not there for him. That is a
 * search, which passes over what he cannot see, a bounded piece a step.
 *
 * Below the root of his own tenant stand the tenants that show him something, as "@name". */
#include "web/points.h"
#include "web/seen.h"

#include "access/access.h"
#include "standing/standing.h"

#include <stdlib.h>
#include <string.h>

#define CHILDREN_MAX 1000u
#define CHILDREN_AT_ONCE 64u
#define TREE_BYTES ((size_t)1 << 20) /* an answer that has grown to this ends, and says where */
#define TREE_NODES 256               /* of a search looked at in one piece of a turn */
#define COUNTED_MAX 1000u            /* of a branch that is seen partly; more: null */
#define CHILD_BYTES 256              /* about what a child costs in an answer */
#define TENANTS_MAX 4096u

struct branch {
    uint32_t tenant;
    uint16_t path_size, after_size;
    bool values;
    bool open;           /* he sees all of it */
    uint64_t generation; /* of his rights, when that was found */
    bool more;           /* the page is full, and there is more */
    enum { TREE_SELF, TREE_CHILDREN, TREE_TENANTS } part;
    size_t most, told;
    /* a branch seen partly, whose points are being counted */
    bool counting, below; /* below: points were found that are not the branch itself */
    uint32_t counted;
    uint16_t counted_size;
    struct namespace_search search;
    uint8_t counted_path[PATH_MAX_BYTES + PATH_SEGMENT_MAX + 1];
    uint8_t path[PATH_MAX_BYTES];
    uint8_t after[PATH_SEGMENT_MAX];
    uint8_t told_last[PATH_SEGMENT_MAX]; /* name of the child told last */
    uint16_t told_last_size;
};

static struct bytes branch_path(const struct branch *branch)
{
    return bytes_of(branch->path, branch->path_size);
}

static struct bytes counted_path(const struct branch *branch)
{
    return bytes_of(branch->counted_path, branch->counted_size);
}

/* ---- counting what is seen ------------------------------------------------------------------ */
/* Is `path` the branch itself or in it? */
static bool path_is_in(struct bytes path, struct bytes branch)
{
    return branch.size == 0 ||
           (path.size >= branch.size && memcmp(path.at, branch.at, branch.size) == 0 &&
            (path.size == branch.size || path.at[branch.size] == '/'));
}

static enum namespace_sight count_judge(void *arg, struct bytes path)
{
    struct exchange *exchange = arg;
    const struct branch *branch = exchange->state;
    struct bytes wanted = counted_path(branch);
    if (!path_is_in(path, wanted) && !path_is_in(wanted, path))
        return NAMESPACE_HIDDEN;
    enum namespace_sight sight = exchange_sight(exchange, branch->tenant, path);
    bool above = path.size < wanted.size; /* its other branches are not meant */
    return above && sight == NAMESPACE_OPEN ? NAMESPACE_PARTLY : sight;
}

static bool count_each(void *arg, uint32_t point)
{
    struct exchange *exchange = arg;
    struct branch *branch = exchange->state;
    struct bytes wanted = counted_path(branch);
    uint8_t text[PATH_MAX_BYTES];
    struct bytes path = bytes_of(text, points_path(exchange->web->points, point, text));
    if (!path_is_in(path, wanted) || !exchange_sees(exchange, branch->tenant, path))
        return true;
    branch->counted++;
    branch->below = branch->below || path.size > wanted.size;
    return branch->counted <= COUNTED_MAX;
}

/* The branch is in counted_path. A path that is no pattern, for it is too long, is found by going
 * down to it. */
static void count_begin(struct exchange *exchange)
{
    struct branch *branch = exchange->state;
    struct pattern pattern;
    uint8_t text[PATTERN_BYTES_MAX];
    size_t size = branch->counted_size;
    if (size == 0 || size + 2 > sizeof text) {
        size = 0;
    } else {
        memcpy(text, branch->counted_path, size);
        text[size++] = '/';
    }
    text[size++] = '#';
    if (pattern_parse(bytes_of(text, size), &pattern) != NULL)
        check(pattern_parse(bytes_text("#"), &pattern) == NULL);
    check(namespace_search_begin(&branch->search, branch->tenant, &pattern, bytes_of("", 0),
                                 bytes_of("", 0)) == OK);
    branch->search.judge = count_judge;
    branch->counting = true;
    branch->below = false;
    branch->counted = 0;
}

/* A piece of it; true: it is counted. */
static bool count_step(struct exchange *exchange)
{
    struct branch *branch = exchange->state;
    bool more = namespace_search_step(exchange->web->config.space, &branch->search, TREE_NODES,
                                      count_each, exchange, NULL);
    branch->counting = more && branch->counted <= COUNTED_MAX;
    return !branch->counting;
}

static void count_put(struct exchange *exchange, bool open, uint32_t all)
{
    const struct branch *branch = exchange->state;
    uint32_t count = open ? all : branch->counted;
    if (!open && count > COUNTED_MAX)
        json_member_null(&exchange->json, "count");
    else
        json_member_count(&exchange->json, "count", count);
}

/* ---- children ------------------------------------------------------------------------------- */
static void child_path(struct branch *branch, struct bytes name)
{
    size_t size = branch->path_size;
    memcpy(branch->counted_path, branch->path, size);
    if (size > 0)
        branch->counted_path[size++] = '/';
    memcpy(branch->counted_path + size, name.at, name.size);
    branch->counted_size = (uint16_t)(size + name.size);
}

/* Alarms below it, where he sees all of it. */
static void alarms_put(struct exchange *exchange, bool open)
{
    const struct branch *branch = exchange->state;
    struct json_writer *json = &exchange->json;
    struct standing_counts counts;
    json_put_name(json, "alarms");
    if (!open) {
        json_put_null(json);
        return;
    }
    standing_of(exchange->web->standing, branch->tenant, counted_path(branch), &counts);
    unsigned priority = standing_most_urgent(&counts);
    json_put_object(json);
    json_member_count(json, "active", counts.active);
    json_member_count(json, "unacknowledged", counts.unacknowledged);
    json_member_count(json, "stale", counts.stale);
    json_put_name(json, "priority");
    if (priority != 0)
        json_put_count(json, priority);
    else
        json_put_null(json);
    json_put_object_end(json);
}

/* Its path is in counted_path. False: the page is full. */
static bool child_put(struct exchange *exchange, const struct namespace_node *child, bool open)
{
    struct branch *branch = exchange->state;
    struct json_writer *json = &exchange->json;
    if (branch->told == branch->most || json->size >= TREE_BYTES) {
        branch->more = true;
        return false;
    }
    struct bytes path = counted_path(branch);
    bool shows = branch->values && child->point != POINT_NONE &&
                 (open || exchange_sees(exchange, branch->tenant, path));
    json_put_object(json);
    json_member_string(json, "name", child->name);
    path_put(exchange, json, "path", branch->tenant, path);
    count_put(exchange, open, child->count);
    json_member_bool(json, "branch", open ? child->branch : branch->below);
    alarms_put(exchange, open);
    json_put_name(json, "point");
    if (shows)
        point_put(exchange, child->point, false);
    else
        json_put_null(json);
    json_put_object_end(json);
    memcpy(branch->told_last, child->name.at, child->name.size);
    branch->told_last_size = (uint16_t)child->name.size;
    branch->told++;
    return true;
}

static enum namespace_sight child_sight(struct exchange *exchange,
                                        const struct namespace_node *child)
{
    const struct branch *branch = exchange->state;
    if (branch->open)
        return NAMESPACE_OPEN;
    if (child->branch)
        return exchange_sight(exchange, branch->tenant, counted_path(branch));
    return exchange_sees(exchange, branch->tenant, counted_path(branch)) ? NAMESPACE_OPEN
                                                                         : NAMESPACE_HIDDEN;
}

/* Tells the child, or hides it. False: not now, its points are being counted; or the page is full.
 */
static bool child_step(struct exchange *exchange, const struct namespace_node *child)
{
    struct branch *branch = exchange->state;
    bool open = true;
    if (!branch->counting) {
        child_path(branch, child->name);
        enum namespace_sight sight = child_sight(exchange, child);
        if (sight == NAMESPACE_HIDDEN)
            return true;
        open = sight == NAMESPACE_OPEN;
        if (!open)
            count_begin(exchange);
    } else {
        open = false;
    }
    if (!open && !count_step(exchange))
        return false;
    return (!open && branch->counted == 0) || child_put(exchange, child, open);
}

/* Of the child that is being counted. */
static struct bytes counted_name(const struct branch *branch)
{
    size_t from = branch->path_size + (size_t)(branch->path_size > 0);
    return bytes_of(branch->counted_path + from, branch->counted_size - from);
}

static void after_set(struct branch *branch, struct bytes name)
{
    memcpy(branch->after, name.at, name.size);
    branch->after_size = (uint16_t)name.size;
}

/* Some children; true: there are no more, or the page is full. Nodes are looked for anew each time:
 * points come and go between two turns. */
static bool children_step(struct exchange *exchange)
{
    struct branch *branch = exchange->state;
    const struct namespace *space = exchange->web->config.space;
    uint32_t nodes[CHILDREN_AT_ONCE];
    uint32_t node = namespace_find(space, branch->tenant, branch_path(branch));
    if (node == NAMESPACE_NONE)
        return true;
    size_t count = namespace_children(space, node, bytes_of(branch->after, branch->after_size),
                                      nodes, CHILDREN_AT_ONCE);
    for (size_t i = 0; i < count; i++) {
        struct namespace_node child;
        namespace_node(space, nodes[i], &child);
        if (branch->counting && !bytes_equal(child.name, counted_name(branch)))
            branch->counting = false; /* who was being counted is gone */
        if (!child_step(exchange, &child))
            return branch->more;
        after_set(branch, child.name);
    }
    return count < CHILDREN_AT_ONCE;
}

/* ---- tenants that show him something --------------------------------------------------------- */
/* "@name" of "@name/". */
static struct bytes tenant_name(struct exchange *exchange, uint32_t tenant)
{
    struct bytes prefix = exchange_prefix(exchange, tenant);
    return prefix.size > 0 ? bytes_of(prefix.at, prefix.size - 1) : prefix;
}

static void tenant_put(struct exchange *exchange, struct bytes name)
{
    struct branch *branch = exchange->state;
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    json_member_string(json, "name", name);
    json_member_string(json, "path", name);
    json_member_null(json, "count");
    json_member_bool(json, "branch", true);
    json_member_null(json, "point");
    json_put_object_end(json);
    memcpy(branch->told_last, name.at, name.size);
    branch->told_last_size = (uint16_t)name.size;
    branch->told++;
}

/* Behind the one that the page before ended with; without one, or when it is gone: all. */
static void tenants_put(struct exchange *exchange)
{
    struct branch *branch = exchange->state;
    const struct access *access = exchange->web->config.access;
    uint32_t *tenants = malloc(TENANTS_MAX * sizeof *tenants);
    if (tenants == NULL) {
        exchange->json.failed = true;
        return;
    }
    size_t count = access_tenants_seen(access, exchange->principal, tenants, TENANTS_MAX);
    size_t first = 1; /* his own stands before */
    count = count < TENANTS_MAX ? count : TENANTS_MAX;
    for (size_t i = 1; i < count; i++)
        if (bytes_equal(tenant_name(exchange, tenants[i]),
                        bytes_of(branch->after, branch->after_size)))
            first = i + 1;
    for (size_t i = first; i < count; i++) {
        branch->more = branch->told == branch->most;
        if (branch->more)
            break;
        tenant_put(exchange, tenant_name(exchange, tenants[i]));
    }
    free(tenants);
}

static bool has_tenants(const struct exchange *exchange)
{
    const struct branch *branch = exchange->state;
    return exchange->web->config.access != NULL && branch->path_size == 0 &&
           branch->tenant == exchange->tenant;
}

/* ---- the answer ----------------------------------------------------------------------------- */
static enum handled answer_no_branch(struct exchange *exchange, struct bytes text)
{
    const struct web *web = exchange->web;
    return answer_problem(
        exchange, 404, "unknown_branch", "no such branch",
        "there is no branch \"%.*s\"%s; without path the root's children are told",
        detail_size(text), (const char *)text.at,
        namespace_entered(web->config.space) < points_count(web->points)
            ? " yet: the index is still being built"
            : "");
}

static enum handled tree_end(struct exchange *exchange)
{
    const struct branch *branch = exchange->state;
    struct json_writer *json = &exchange->json;
    json_put_array_end(json);
    if (branch->more)
        json_member_string(json, "next", bytes_of(branch->told_last, branch->told_last_size));
    else
        json_member_null(json, "next");
    json_member_real(json, "entered", points_entered(exchange->web));
    json_put_object_end(json);
    return answer_json(exchange, 200);
}

static void tree_begin(struct exchange *exchange, uint32_t count)
{
    struct branch *branch = exchange->state;
    struct json_writer *json = &exchange->json;
    json_put_object(json);
    path_put(exchange, json, "path", branch->tenant, branch_path(branch));
    count_put(exchange, branch->open, count);
    json_put_name(json, "children");
    json_put_array(json);
    /* A name with '@' goes on among the tenants: their own names are told before. */
    bool behind = branch->after_size > 0 && branch->after[0] == '@' && has_tenants(exchange);
    branch->part = behind ? TREE_TENANTS : TREE_CHILDREN;
}

/* How much there is of the branch itself. True: it was told, or answered that there is none. */
static bool self_step(struct exchange *exchange)
{
    struct branch *branch = exchange->state;
    const struct namespace *space = exchange->web->config.space;
    struct namespace_node node = {.count = 0};
    uint32_t at = namespace_find(space, branch->tenant, branch_path(branch));
    if (!branch->open && !count_step(exchange))
        return false;
    bool own_root = branch->path_size == 0 && branch->tenant == exchange->tenant;
    if (at == NAMESPACE_NONE || (!branch->open && branch->counted == 0 && !own_root)) {
        uint8_t text[PATH_SHOWN_MAX];
        answer_no_branch(exchange, path_shown(exchange, branch->tenant, branch_path(branch), text));
        return true;
    }
    namespace_node(space, at, &node);
    tree_begin(exchange, node.count);
    return true;
}

/* How much of the branch he sees; again when his rights changed meanwhile. Who is being counted
 * then is counted anew. */
static void tree_judge(struct exchange *exchange)
{
    struct branch *branch = exchange->state;
    branch->generation = exchange_generation(exchange);
    branch->open = exchange_sight(exchange, branch->tenant, branch_path(branch)) == NAMESPACE_OPEN;
    branch->counting = false;
    if (branch->part != TREE_SELF)
        return;
    memcpy(branch->counted_path, branch->path, branch->path_size);
    branch->counted_size = branch->path_size;
    if (!branch->open)
        count_begin(exchange);
}

static enum handled tree_step(struct exchange *exchange)
{
    struct branch *branch = exchange->state;
    struct turn turn = turn_begin(exchange->web);
    if (branch->generation != exchange_generation(exchange))
        tree_judge(exchange);
    do {
        if (branch->part == TREE_SELF) {
            if (self_step(exchange) && exchange->answered)
                return HANDLED;
        } else if (branch->part == TREE_CHILDREN && children_step(exchange)) {
            if (branch->more || !has_tenants(exchange))
                return tree_end(exchange);
            branch->part = TREE_TENANTS;
        } else if (branch->part == TREE_TENANTS) {
            tenants_put(exchange);
            return tree_end(exchange);
        }
    } while (!turn_is_over(&turn, CHILDREN_AT_ONCE * CHILD_BYTES));
    return HANDLED_STEP;
}

/* False: it was answered. */
static bool tree_read(struct exchange *exchange)
{
    struct branch *branch = exchange->state;
    struct bytes text, path = bytes_of("", 0), after = bytes_of("", 0);
    uint64_t limit = 100;
    if (!query_count(exchange, "limit", 1, CHILDREN_MAX, &limit) ||
        !query_flag(exchange, "values", &branch->values))
        return false;
    branch->most = (size_t)limit;
    branch->tenant = exchange->tenant;
    if (query_text(exchange, "path", &text) && text.size > 0 &&
        (!exchange_place(exchange, text, &branch->tenant, &path) ||
         path.size > sizeof branch->path)) {
        answer_no_branch(exchange, text);
        return false;
    }
    memcpy(branch->path, path.at, path.size);
    branch->path_size = (uint16_t)path.size;
    if (query_text(exchange, "after", &after) && after.size > PATH_SEGMENT_MAX) {
        answer_parameter(exchange, "after", "`next` of the page before", after);
        return false;
    }
    after_set(branch, after);
    return true;
}

enum handled handle_tree(struct exchange *exchange)
{
    struct branch *branch = exchange_keep(exchange, sizeof *branch);
    if (branch == NULL)
        return HANDLED;
    exchange->resume = tree_step;
    if (!tree_read(exchange))
        return HANDLED;
    tree_judge(exchange);
    return tree_step(exchange);
}
