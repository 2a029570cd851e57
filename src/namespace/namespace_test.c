#include "namespace/test_points.h"

/* ---- one thing at a time
 * ----------------------------------------------------------------------------- */

static void test_empty(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    assert_true(namespace_catch_up(f.space, 1, NULL, NULL));
    assert_int_equal(namespace_entered(f.space), 0);
    assert_int_equal(namespace_find(f.space, TENANT_DEFAULT, bytes_text("")),
                     namespace_root(f.space, TENANT_DEFAULT));
    assert_int_equal(namespace_find(f.space, TENANT_DEFAULT, bytes_text("a")), NAMESPACE_NONE);
    struct namespace_node root = fixture_node(&f, "");
    assert_int_equal(root.count, 0);
    assert_int_equal(root.point, POINT_NONE);
    assert_false(root.branch);
    assert_int_equal(root.name.size, 0);
    uint32_t nodes[2];
    assert_int_equal(namespace_children(f.space, namespace_root(f.space, TENANT_DEFAULT),
                                        bytes_text(""), nodes, 2),
                     0);
    assert_int_equal(namespace_nodes(f.space), 0);
    namespace_destroy(NULL);
    fixture_close(&f);
}

static void test_points_and_branches(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint32_t first = fixture_row(&f, 1, "plant/press-3", "temp motor/speed");
    fixture_create(&f, "plant/press-3"); /* a branch that is a point as well */
    fixture_create(&f, "top");
    fixture_row(&f, 2, "plant/press-9", "temp"); /* of another tenant */
    fixture_catch_up(&f);
    struct namespace_node node = fixture_node(&f, "plant/press-3");
    assert_text(node.name, "press-3");
    assert_int_equal(node.count, 3);
    assert_int_equal(node.point, fixture_point(&f, "plant/press-3"));
    assert_true(node.branch);
    node = fixture_node(&f, "plant/press-3/motor/speed");
    assert_int_equal(node.point, first + 1);
    assert_int_equal(node.count, 1);
    assert_false(node.branch);
    assert_int_equal(fixture_node(&f, "plant/press-3/motor").point, POINT_NONE);
    assert_int_equal(fixture_count(&f, ""), 4);
    assert_int_equal(fixture_count(&f, "plant"), 3);
    assert_int_equal(fixture_count(&f, "plant/press-9"), 0);
    assert_int_equal(namespace_nodes(f.space), 11); /* two roots, plant, press-3, temp, ... */
    static const char *const missing[] = {
        "plan", "plant/", "/plant",        "plant//press-3", "plant/p", "plant/press-3/temp/x",
        "/",    "top/",   "plant/press-3/"};
    for (size_t i = 0; i < ARRAY_COUNT(missing); i++)
        assert_int_equal(namespace_find(f.space, TENANT_DEFAULT, bytes_text(missing[i])),
                         NAMESPACE_NONE);
    fixture_close(&f);
}

static uint32_t tenant_count(const struct fixture *f, uint32_t tenant, const char *path)
{
    uint32_t at = namespace_find(f->space, tenant, bytes_text(path));
    if (at == NAMESPACE_NONE)
        return 0;
    struct namespace_node node;
    namespace_node(f->space, at, &node);
    return node.count;
}

/* The same paths in three tenants: each has its own points, counts and children. */
static void test_tenants_do_not_meet(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    uint32_t first[4];
    for (uint32_t tenant = 1; tenant <= 3; tenant++)
        first[tenant] = fixture_row(&f, tenant, "plant/press", "temp speed");
    fixture_row(&f, 3, "other", "x y z");
    fixture_row(&f, 1, "plant/press", "late"); /* near the one entered last, of another tenant */
    fixture_catch_up(&f);
    for (uint32_t tenant = 1; tenant <= 3; tenant++) {
        struct namespace_node node;
        namespace_node(f.space, namespace_find(f.space, tenant, bytes_text("plant/press/temp")),
                       &node);
        assert_int_equal(node.point, first[tenant]);
        assert_int_equal(tenant_count(&f, tenant, "plant"), tenant == 1 ? 3 : 2);
        namespace_node(f.space, namespace_root(f.space, tenant), &node);
        assert_int_equal(node.count, tenant == 2 ? 2 : tenant == 1 ? 3 : 5);
        uint32_t nodes[8];
        assert_int_equal(
            namespace_children(f.space, namespace_root(f.space, tenant), bytes_text(""), nodes, 8),
            tenant == 3 ? 2 : 1);
    }
    assert_int_equal(tenant_count(&f, 3, "other"), 3);
    assert_int_equal(namespace_find(f.space, 1, bytes_text("other")), NAMESPACE_NONE);
    assert_int_equal(namespace_find(f.space, 2, bytes_text("plant/press/late")), NAMESPACE_NONE);
    assert_int_equal(namespace_find(f.space, 4, bytes_text("plant")), NAMESPACE_NONE);
    assert_int_equal(tenant_count(&f, 4, ""), 0);
    assert_int_equal(tenant_count(&f, UINT32_MAX, ""), 0);
    fixture_close(&f);
}

/* A tenant whose last point went has an empty root, and gets points again. */
static void test_a_tenant_without_points(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_row(&f, 2, "a", "x");
    fixture_create(&f, "b");
    fixture_catch_up(&f);
    assert_int_equal(fixture_command(&f, COMMAND_RETIRE, "b", "").code, OUTCOME_DONE);
    namespace_point_changed(f.space, 2);
    assert_int_equal(fixture_count(&f, ""), 0);
    assert_false(fixture_node(&f, "").branch);
    assert_int_equal(tenant_count(&f, 2, ""), 1);
    fixture_create(&f, "c/d");
    fixture_catch_up(&f);
    assert_int_equal(fixture_count(&f, "c"), 1);
    assert_int_equal(tenant_count(&f, 2, ""), 1);
    fixture_close(&f);
}

/* Numbers up to the limit have a root; what is beyond it has no place and disturbs nobody. */
static void test_tenants_up_to_the_limit(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_row(&f, NAMESPACE_TENANTS_MAX - 1, "a", "x y");
    fixture_row(&f, NAMESPACE_TENANTS_MAX, "a", "x");
    fixture_row(&f, UINT32_MAX, "a", "x");
    fixture_row(&f, 1, "a", "x");
    fixture_catch_up(&f);
    assert_int_equal(tenant_count(&f, NAMESPACE_TENANTS_MAX - 1, "a"), 2);
    assert_int_equal(tenant_count(&f, NAMESPACE_TENANTS_MAX, ""), 0);
    assert_int_equal(tenant_count(&f, UINT32_MAX, ""), 0);
    assert_int_equal(fixture_count(&f, ""), 1);
    fixture_close(&f);
}

/* What two thousand tenants cost beside what one with as many points does: a root each. */
static void test_many_tenants_are_cheap(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    for (uint32_t tenant = 1; tenant <= 2000; tenant++)
        fixture_row(&f, tenant, "a", "x");
    fixture_catch_up(&f);
    assert_int_equal(namespace_nodes(f.space), 3 * 2000);
    assert_true(namespace_memory(f.space) < ((uint64_t)5 << 20));
    fixture_close(&f);
}

/* A leaf becomes a branch when something comes below it, and a leaf again when that goes. */
static void test_leaf_and_branch(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_create(&f, "a");
    fixture_catch_up(&f);
    fixture_create(&f, "a/b/c");
    fixture_catch_up(&f);
    assert_true(fixture_node(&f, "a").branch);
    assert_int_equal(fixture_node(&f, "a").point, 1);
    assert_int_equal(fixture_count(&f, "a"), 2);
    assert_int_equal(namespace_nodes(f.space), 4);
    assert_int_equal(fixture_command(&f, COMMAND_RETIRE, "a/b/c", "").code, OUTCOME_DONE);
    assert_int_equal(fixture_count(&f, "a"), 2); /* not told yet */
    namespace_point_changed(f.space, 2);
    assert_false(fixture_node(&f, "a").branch);
    assert_int_equal(fixture_node(&f, "a").point, 1);
    assert_int_equal(fixture_count(&f, ""), 1);
    assert_int_equal(namespace_nodes(f.space), 2);
    fixture_create(&f, "a/b");
    fixture_catch_up(&f);
    assert_int_equal(fixture_command(&f, COMMAND_RETIRE, "a", "").code, OUTCOME_DONE);
    namespace_point_changed(f.space, 1);
    assert_int_equal(fixture_node(&f, "a").point, POINT_NONE);
    assert_int_equal(fixture_count(&f, "a"), 1);
    assert_int_equal(fixture_command(&f, COMMAND_RETIRE, "a/b", "").code, OUTCOME_DONE);
    namespace_point_changed(f.space, 3);
    namespace_point_changed(f.space, 3);
    assert_int_equal(namespace_find(f.space, TENANT_DEFAULT, bytes_text("a")), NAMESPACE_NONE);
    assert_int_equal(namespace_nodes(f.space), 1);
    assert_int_equal(fixture_count(&f, ""), 0);
    fixture_close(&f);
}

struct told {
    uint32_t points[8], count;
};

static void told_take(void *arg, uint32_t point)
{
    struct told *told = arg;
    told->points[told->count++] = point;
}

static void test_catch_up_by_pieces(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_row(&f, 1, "a", "x y");
    fixture_row(&f, 2, "a", "x");
    fixture_create(&f, "b");
    assert_int_equal(fixture_command(&f, COMMAND_RETIRE, "a/y", "").code, OUTCOME_DONE);
    namespace_point_changed(f.space, 2); /* not entered yet: nothing */
    namespace_point_changed(f.space, POINT_NONE);
    struct told told = {.count = 0};
    assert_false(namespace_catch_up(f.space, 0, told_take, &told));
    assert_false(namespace_catch_up(f.space, 1, told_take, &told));
    assert_int_equal(namespace_entered(f.space), 1);
    assert_false(namespace_catch_up(f.space, 2, told_take, &told));
    assert_int_equal(told.count, 2); /* the retired one is looked at only */
    assert_int_equal(namespace_entered(f.space), 3);
    assert_true(namespace_catch_up(f.space, 2, told_take, &told));
    assert_int_equal(told.count, 3);
    assert_int_equal(told.points[0], 1);
    assert_int_equal(told.points[1], 3);
    assert_int_equal(told.points[2], 4);
    assert_true(namespace_catch_up(f.space, 2, told_take, &told));
    assert_int_equal(told.count, 3);
    assert_int_equal(fixture_count(&f, ""), 2);
    fixture_close(&f);
}

/* What happens to a point before it was entered leaves it to namespace_catch_up, which tells it. */
static void test_renamed_before_it_was_entered(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_create(&f, "a");
    assert_int_equal(fixture_command(&f, COMMAND_RENAME, "a", "b/c").code, OUTCOME_DONE);
    namespace_point_changed(f.space, 1);
    assert_int_equal(namespace_nodes(f.space), 0);
    struct told told = {.count = 0};
    assert_true(namespace_catch_up(f.space, 1, told_take, &told));
    assert_int_equal(told.count, 1);
    assert_int_equal(fixture_node(&f, "b/c").point, 1);
    assert_int_equal(namespace_nodes(f.space), 3);
    fixture_close(&f);
}

/* Renamed in a circle: each point finds another in its place that is not told of yet. */
static void test_renames_in_a_circle(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_create(&f, "a");
    fixture_create(&f, "b/c");
    fixture_create(&f, "d");
    fixture_catch_up(&f);
    static const char *const moves[][2] = {
        {"a", "free"}, {"b/c", "a"}, {"d", "b/c"}, {"free", "d"}};
    for (size_t i = 0; i < ARRAY_COUNT(moves); i++)
        assert_int_equal(fixture_command(&f, COMMAND_RENAME, moves[i][0], moves[i][1]).code,
                         OUTCOME_DONE);
    assert_int_equal(fixture_command(&f, COMMAND_RETIRE, "d", "").code, OUTCOME_DONE);
    fixture_create(&f, "d"); /* and a new one comes before the others are told */
    fixture_catch_up(&f);
    for (uint32_t point = 1; point <= 3; point++)
        namespace_point_changed(f.space, point);
    assert_int_equal(fixture_node(&f, "a").point, 2);
    assert_int_equal(fixture_node(&f, "b/c").point, 3);
    assert_int_equal(fixture_node(&f, "d").point, 4);
    assert_int_equal(fixture_count(&f, ""), 3);
    assert_int_equal(namespace_nodes(f.space), 5);
    fixture_close(&f);
}

static void test_lost_rows_are_left_out(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_row(&f, 1, POINTS_LOST_PREFIX "/7", "0 1");
    fixture_create(&f, "a");
    fixture_catch_up(&f);
    assert_int_equal(fixture_count(&f, ""), 1);
    assert_int_equal(namespace_find(f.space, TENANT_DEFAULT, bytes_text(POINTS_LOST_PREFIX)),
                     NAMESPACE_NONE);
    fixture_close(&f);
}

static void test_paths_at_the_limits(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    char deepest[] = "0/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15", longest[PATH_MAX_BYTES + 1];
    for (size_t i = 0; i < PATH_MAX_BYTES; i++) /* 15 segments of 128 and one that fills it up */
        longest[i] = i % 129 == 128 ? '/' : 'x';
    longest[PATH_MAX_BYTES] = '\0';
    fixture_create(&f, deepest);
    fixture_create(&f, longest);
    fixture_catch_up(&f);
    assert_int_equal(fixture_node(&f, deepest).point, 1);
    assert_int_equal(fixture_node(&f, longest).point, 2);
    assert_int_equal(namespace_nodes(f.space), 1 + 2 * PATH_DEPTH_MAX);
    assert_int_equal(fixture_command(&f, COMMAND_RENAME, deepest, "short").code, OUTCOME_DONE);
    assert_int_equal(fixture_command(&f, COMMAND_RENAME, longest, deepest).code, OUTCOME_DONE);
    namespace_point_changed(f.space, 1);
    namespace_point_changed(f.space, 2);
    assert_int_equal(fixture_node(&f, deepest).point, 2);
    assert_int_equal(fixture_node(&f, "short").point, 1);
    assert_int_equal(namespace_nodes(f.space), 2 + PATH_DEPTH_MAX);
    fixture_close(&f);
}

static void test_children_by_pages(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_create(&f, "p");
    fixture_row(&f, 1, "p", "dev-10 dev-2 dev-1 dev-01 a dev-100 dev-20/x");
    fixture_catch_up(&f);
    static const char *const order[] = {"a",      "dev-01", "dev-1",  "dev-2",
                                        "dev-10", "dev-20", "dev-100"};
    uint32_t parent = namespace_find(f.space, TENANT_DEFAULT, bytes_text("p")), nodes[8];
    assert_int_equal(namespace_children(f.space, parent, bytes_text(""), nodes, 0), 0);
    for (size_t page = 1; page <= 8; page++) {
        size_t seen = 0, count;
        char after[16] = "";
        while ((count = namespace_children(f.space, parent, bytes_text(after), nodes, page)) > 0) {
            for (size_t i = 0; i < count; i++, seen++) {
                struct namespace_node node;
                namespace_node(f.space, nodes[i], &node);
                assert_true(seen < ARRAY_COUNT(order));
                assert_text(node.name, order[seen]);
                strcpy(after, order[seen]);
            }
        }
        assert_int_equal(seen, ARRAY_COUNT(order));
    }
    /* behind a name that is not there */
    assert_int_equal(namespace_children(f.space, parent, bytes_text("dev-15"), nodes, 8), 2);
    assert_int_equal(namespace_children(f.space, parent, bytes_text("dev-001"), nodes, 8), 6);
    assert_int_equal(namespace_children(f.space, parent, bytes_text("e"), nodes, 8), 0);
    fixture_close(&f);
}

/* ---- against the model
 * -------------------------------------------------------------------------------- */

#define MODEL_PATHS 400
struct model {
    char paths[MODEL_PATHS][64]; /* all that may ever be */
    uint32_t points[MODEL_PATHS];
};

static bool path_is_below(const char *path, const char *branch)
{
    size_t size = strlen(branch);
    return size == 0 || (strncmp(path, branch, size) == 0 && path[size] == '/');
}

static uint32_t model_count(const struct model *model, const char *branch)
{
    uint32_t count = 0;
    for (size_t i = 0; i < MODEL_PATHS; i++)
        count += model->points[i] != POINT_NONE &&
                 (strcmp(model->paths[i], branch) == 0 || path_is_below(model->paths[i], branch));
    return count;
}

static void model_init(struct model *model, uint64_t *seed)
{
    memset(model, 0, sizeof *model);
    for (size_t i = 0; i < MODEL_PATHS; i++) {
        bool fresh = false;
        while (!fresh) {
            char *at = model->paths[i];
            for (uint32_t depth = 1 + random_below(seed, 5); depth > 0; depth--)
                at += sprintf(at, "%s%s%u", at > model->paths[i] ? "/" : "",
                              random_below(seed, 2) == 0 ? "d" : "d0", random_below(seed, 4));
            fresh = true;
            for (size_t j = 0; j < i; j++)
                fresh = fresh && strcmp(model->paths[i], model->paths[j]) != 0;
        }
    }
}

/* A branch of the tree, with all that is below: in order, and counted as the model says. */
static void compare_branch(const struct fixture *f, const struct model *model, uint32_t number,
                           const char *path, uint32_t *nodes_seen, uint32_t *points_seen)
{
    struct namespace_node node;
    namespace_node(f->space, number, &node);
    assert_int_equal(namespace_find(f->space, TENANT_DEFAULT, bytes_text(path)), number);
    assert_int_equal(node.count, model_count(model, path));
    assert_true(number == namespace_root(f->space, TENANT_DEFAULT) || node.count > 0);
    uint32_t point = POINT_NONE;
    for (size_t i = 0; i < MODEL_PATHS; i++)
        if (strcmp(model->paths[i], path) == 0)
            point = model->points[i];
    assert_int_equal(node.point, point);
    *points_seen += point != POINT_NONE;
    ++*nodes_seen;
    uint32_t children[64];
    size_t count = namespace_children(f->space, number, bytes_text(""), children, 64);
    assert_int_equal(node.branch, count > 0);
    struct bytes before = bytes_text("");
    for (size_t i = 0; i < count; i++) {
        struct namespace_node child;
        namespace_node(f->space, children[i], &child);
        assert_true(natural_compare(before, child.name) < 0);
        before = child.name;
        char below[96];
        snprintf(below, sizeof below, "%s%s%.*s", path, path[0] == '\0' ? "" : "/",
                 (int)child.name.size, (const char *)child.name.at);
        compare_branch(f, model, children[i], below, nodes_seen, points_seen);
    }
}

static void compare_model(const struct fixture *f, const struct model *model)
{
    uint32_t nodes = 0, points = 0;
    compare_branch(f, model, namespace_root(f->space, TENANT_DEFAULT), "", &nodes, &points);
    assert_int_equal(nodes, namespace_nodes(f->space));
    assert_int_equal(points, model_count(model, ""));
}

static void model_change(struct fixture *f, struct model *model, uint64_t *seed)
{
    size_t at = random_below(seed, MODEL_PATHS), to = random_below(seed, MODEL_PATHS);
    const char *path = model->paths[at];
    uint32_t point = model->points[at];
    if (point == POINT_NONE) {
        fixture_create(f, path);
        fixture_catch_up(f);
        model->points[at] = points_count(f->points);
        return;
    }
    if (random_below(seed, 2) == 0) {
        assert_int_equal(fixture_command(f, COMMAND_RETIRE, path, "").code, OUTCOME_DONE);
        model->points[at] = POINT_NONE;
    } else if (to != at) {
        bool taken = model->points[to] != POINT_NONE;
        enum outcome_code code = fixture_command(f, COMMAND_RENAME, path, model->paths[to]).code;
        assert_int_equal(code, taken ? OUTCOME_PATH_TAKEN : OUTCOME_DONE);
        if (!taken) {
            model->points[to] = point;
            model->points[at] = POINT_NONE;
        }
    }
    namespace_point_changed(f->space, point);
}

static void test_random_changes_against_the_model(void **state)
{
    (void)state;
    static struct model model;
    for (uint64_t round = 1; round <= 4; round++) {
        uint64_t seed = round;
        struct fixture f;
        fixture_open(&f);
        model_init(&model, &seed);
        for (int i = 0; i < 4000; i++) {
            model_change(&f, &model, &seed);
            if (i % 100 == 0)
                compare_model(&f, &model);
        }
        for (size_t i = 0; i < MODEL_PATHS; i++) {
            if (model.points[i] == POINT_NONE)
                continue;
            fixture_command(&f, COMMAND_RETIRE, model.paths[i], "");
            namespace_point_changed(f.space, model.points[i]);
            model.points[i] = POINT_NONE;
        }
        compare_model(&f, &model);
        assert_int_equal(namespace_nodes(f.space), 1);
        fixture_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_points_and_branches),
        cmocka_unit_test(test_tenants_do_not_meet),
        cmocka_unit_test(test_a_tenant_without_points),
        cmocka_unit_test(test_tenants_up_to_the_limit),
        cmocka_unit_test(test_many_tenants_are_cheap),
        cmocka_unit_test(test_leaf_and_branch),
        cmocka_unit_test(test_catch_up_by_pieces),
        cmocka_unit_test(test_renamed_before_it_was_entered),
        cmocka_unit_test(test_renames_in_a_circle),
        cmocka_unit_test(test_lost_rows_are_left_out),
        cmocka_unit_test(test_paths_at_the_limits),
        cmocka_unit_test(test_children_by_pages),
        cmocka_unit_test(test_random_changes_against_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
