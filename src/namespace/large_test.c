/* A million siblings in one branch: what works on ten must not take a million steps. The bound on
 * time is some hundred times what is measured; what walks over all siblings goes past it. */
#include "namespace/test_points.h"

#include <time.h>

#define SIBLINGS 1000000u
#define ASKS 2000u

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* Numbers 0..SIBLINGS-1 in an order of their own: the factor has none in common with their count.
 */
static uint32_t number_of(uint32_t i)
{
    return (uint32_t)((uint64_t)i * 619737131 % SIBLINGS);
}

static void siblings_open(struct fixture *f)
{
    fixture_open(f);
    for (uint32_t i = 0; i < SIBLINGS; i++) {
        char name[16];
        sprintf(name, "tag-%u", number_of(i));
        assert_int_equal(fixture_row(f, TENANT_DEFAULT, "fleet", name), i + 1);
    }
    fixture_catch_up(f);
}

static void assert_number(const struct fixture *f, uint32_t node, uint32_t number)
{
    char name[16];
    struct namespace_node view;
    namespace_node(f->space, node, &view);
    sprintf(name, "tag-%u", number);
    assert_text(view.name, name);
}

static void pages_ask(const struct fixture *f, uint32_t fleet)
{
    uint64_t seed = 1;
    for (uint32_t i = 0; i < ASKS; i++) {
        uint32_t nodes[50], from = random_below(&seed, SIBLINGS - 50);
        char after[16];
        sprintf(after, "tag-%u", from);
        assert_int_equal(namespace_children(f->space, fleet, bytes_text(after), nodes, 50),
                         from + 50 < SIBLINGS ? 50 : SIBLINGS - 1 - from);
        assert_number(f, nodes[0], from + 1);
        assert_number(f, nodes[49], from + 50);
    }
}

static void searches_ask(const struct fixture *f)
{
    static struct found found;
    uint64_t seed = 2;
    struct pattern pattern;
    assert_null(pattern_parse(bytes_text("fleet/tag-*"), &pattern));
    for (uint32_t i = 0; i < ASKS; i++) {
        char after[32];
        struct namespace_search search;
        uint32_t from = random_below(&seed, SIBLINGS - 50);
        sprintf(after, "fleet/tag-%u", from);
        assert_int_equal(namespace_search_begin(&search, TENANT_DEFAULT, &pattern, bytes_text(""),
                                                bytes_text(after)),
                         OK);
        found = (struct found){.most = 20};
        assert_true(namespace_search_step(f->space, &search, 100, found_take, &found, NULL));
        assert_int_equal(found.count, 20);
        for (uint32_t k = 0; k < 20; k++)
            assert_int_equal(number_of(found.points[k] - 1), from + 1 + k);
    }
}

static void points_leave(struct fixture *f)
{
    for (uint32_t i = 0; i < ASKS; i++) {
        char path[32];
        sprintf(path, "fleet/tag-%u", i * (SIBLINGS / ASKS));
        uint32_t point = fixture_point(f, path);
        assert_int_equal(fixture_command(f, COMMAND_RETIRE, path, "").code, OUTCOME_DONE);
        namespace_point_changed(f->space, point);
        assert_int_equal(namespace_find(f->space, TENANT_DEFAULT, bytes_text(path)),
                         NAMESPACE_NONE);
    }
    assert_int_equal(fixture_count(f, "fleet"), SIBLINGS - ASKS);
}

static void test_a_million_siblings(void **state)
{
    (void)state;
    struct fixture f;
    siblings_open(&f);
    assert_int_equal(fixture_count(&f, ""), SIBLINGS);
    assert_int_equal(namespace_nodes(f.space), SIBLINGS + 2);
    assert_true(namespace_memory(f.space) < (uint64_t)SIBLINGS * 40);
    uint32_t fleet = namespace_find(f.space, TENANT_DEFAULT, bytes_text("fleet"));
    int64_t began = cpu_ns();
    pages_ask(&f, fleet);
    searches_ask(&f);
    points_leave(&f);
    assert_true(cpu_ns() - began < 3 * (int64_t)ASKS * NS_PER_MS);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_million_siblings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
