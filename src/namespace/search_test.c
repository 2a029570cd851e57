#include "namespace/test_points.h"

static struct namespace_search begun(const char *pattern, const char *contains, const char *after)
{
    struct pattern parsed;
    struct namespace_search search;
    assert_null(pattern_parse(bytes_text(pattern), &parsed));
    assert_int_equal(namespace_search_begin(&search, TENANT_DEFAULT, &parsed, bytes_text(contains),
                                            bytes_text(after)),
                     OK);
    return search;
}

/* All that a search tells, `nodes` a step. */
static void search_all(const struct fixture *f, const char *pattern, const char *contains,
                       size_t nodes, struct found *found)
{
    struct namespace_search search = begun(pattern, contains, "");
    *found = (struct found){.most = SIZE_MAX};
    size_t looked = 0, steps = 0;
    while (namespace_search_step(f->space, &search, nodes, found_take, found, &looked))
        assert_true(++steps < 100000);
    assert_true(search.over);
    assert_false(namespace_search_step(f->space, &search, nodes, found_take, found, &looked));
}

static void assert_found(const struct fixture *f, const char *pattern, const char *contains,
                         const char *expected)
{
    struct found found;
    for (size_t nodes = 1; nodes <= 64; nodes *= 4) {
        search_all(f, pattern, contains, nodes, &found);
        char text[4096] = "";
        for (size_t i = 0; i < found.count; i++) {
            uint8_t path[PATH_MAX_BYTES];
            size_t size = points_path(f->points, found.points[i], path);
            sprintf(text + strlen(text), "%s%.*s", i > 0 ? " " : "", (int)size, (const char *)path);
        }
        assert_string_equal(text, expected);
    }
}

static void plant_open(struct fixture *f)
{
    fixture_open(f);
    fixture_row(f, 1, "plant/press-10", "temp oil/temp");
    fixture_row(f, 1, "plant/press-2", "temp oil/temp");
    fixture_row(f, 1, "plant/oven", "temp Zone/1 Zone/10 Zone/2");
    fixture_create(f, "plant/press-2");
    fixture_create(f, "hall");
    fixture_create(f, "plant");
    fixture_catch_up(f);
}

static void test_patterns(void **state)
{
    (void)state;
    struct fixture f;
    plant_open(&f);
    assert_found(&f, "#", "",
                 "hall plant plant/oven/Zone/1 plant/oven/Zone/2 plant/oven/Zone/10 "
                 "plant/oven/temp plant/press-2 plant/press-2/oil/temp plant/press-2/temp "
                 "plant/press-10/oil/temp plant/press-10/temp");
    assert_found(&f, "+", "", "hall plant");
    assert_found(&f, "plant", "", "plant");
    assert_found(&f, "plant/press-2", "", "plant/press-2");
    assert_found(&f, "plant/press-*", "", "plant/press-2");
    assert_found(&f, "plant/press-2/#", "",
                 "plant/press-2 plant/press-2/oil/temp plant/press-2/temp");
    assert_found(&f, "plant/+/temp", "", "plant/oven/temp plant/press-2/temp plant/press-10/temp");
    assert_found(&f, "*/press-1*/**", "", "plant/press-10/oil/temp plant/press-10/temp");
    assert_found(&f, "plant/oven/Zone/?", "", "plant/oven/Zone/1 plant/oven/Zone/2");
    assert_found(&f, "plant/oven/Zone/1*", "", "plant/oven/Zone/1 plant/oven/Zone/10");
    assert_found(&f, "plant/oven/Zone/*0", "", "plant/oven/Zone/10");
    assert_found(&f, "nothing/#", "", "");
    assert_found(&f, "plant/+/+/+/+", "", "");
    fixture_close(&f);
}

static void test_contains(void **state)
{
    (void)state;
    struct fixture f;
    plant_open(&f);
    assert_found(&f, "#", "ZONE", "plant/oven/Zone/1 plant/oven/Zone/2 plant/oven/Zone/10");
    assert_found(&f, "#", "2/oIl", "plant/press-2/oil/temp");
    assert_found(&f, "#", "/",
                 "plant/oven/Zone/1 plant/oven/Zone/2 plant/oven/Zone/10 "
                 "plant/oven/temp plant/press-2 plant/press-2/oil/temp "
                 "plant/press-2/temp plant/press-10/oil/temp plant/press-10/temp");
    assert_found(&f, "+/+/temp", "press", "plant/press-2/temp plant/press-10/temp");
    assert_found(&f, "#", "0/o", "plant/press-10/oil/temp");
    assert_found(&f, "#", "plant/press-10/oil/temp", "plant/press-10/oil/temp");
    assert_found(&f, "#", "plant/press-10/oil/temp/", "");
    assert_found(&f, "#", "lant/oven/z", "plant/oven/Zone/1 plant/oven/Zone/2 plant/oven/Zone/10");
    assert_found(&f, "#", "hall", "hall");
    assert_found(&f, "plant", "x", "");
    fixture_close(&f);
}

/* Letters are ASCII's only: what lies beside them, and other letters, is not folded. */
static void test_contains_folds_letters_only(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_create(&f, "@[`{AZaz");
    fixture_create(&f, "\xc3\x89");
    fixture_catch_up(&f);
    assert_found(&f, "#", "@[`{azAZ", "@[`{AZaz");
    assert_found(&f, "#", "`[", "");
    assert_found(&f, "#", "\xc3\x89", "\xc3\x89");
    assert_found(&f, "#", "\xc3\xa9", "");
    fixture_close(&f);
}

static void test_limits_of_begin(void **state)
{
    (void)state;
    static uint8_t text[PATH_MAX_BYTES + 1];
    memset(text, 'x', sizeof text);
    struct pattern pattern;
    struct namespace_search search;
    assert_null(pattern_parse(bytes_text("#"), &pattern));
    struct bytes none = bytes_text("");
    assert_int_equal(
        namespace_search_begin(&search, TENANT_DEFAULT, &pattern, bytes_of(text, 128), none), OK);
    assert_int_equal(
        namespace_search_begin(&search, TENANT_DEFAULT, &pattern, bytes_of(text, 129), none),
        ERR_LIMIT);
    assert_int_equal(namespace_search_begin(&search, TENANT_DEFAULT, &pattern, none,
                                            bytes_of(text, PATH_MAX_BYTES)),
                     OK);
    assert_int_equal(namespace_search_begin(&search, TENANT_DEFAULT, &pattern, none,
                                            bytes_of(text, PATH_MAX_BYTES + 1)),
                     ERR_LIMIT);
    struct fixture f;
    fixture_open(&f);
    memset(text, '/', sizeof text);
    fixture_create(&f, "a");
    fixture_catch_up(&f);
    assert_int_equal(namespace_search_begin(&search, TENANT_DEFAULT, &pattern, none,
                                            bytes_of(text, PATH_MAX_BYTES)),
                     OK);
    struct found found = {.most = SIZE_MAX};
    while (namespace_search_step(f.space, &search, 1, found_take, &found, NULL))
        ;
    assert_int_equal(found.count, 1); /* nothing stands before an empty name */
    fixture_close(&f);
}

static void test_stop_and_go_on_behind(void **state)
{
    (void)state;
    struct fixture f;
    plant_open(&f);
    struct found all, some;
    search_all(&f, "#", "", 1000, &all);
    struct namespace_search search = begun("#", "", "");
    some = (struct found){.most = 0};
    for (size_t i = 0; i < all.count; i++) { /* one each time */
        some.most = i + 1;
        assert_true(namespace_search_step(f.space, &search, 1000, found_take, &some, NULL));
        assert_int_equal(some.count, i + 1);
    }
    assert_false(namespace_search_step(f.space, &search, 1000, found_take, &some, NULL));
    assert_memory_equal(some.points, all.points, all.count * sizeof all.points[0]);
    static const struct {
        const char *after;
        size_t left;
    } cases[] = {{"hall", 10},           {"hall/zzz", 10},     {"a", 11},
                 {"plant/oven", 9},      {"plant/press", 5},   {"plant/press-2", 4},
                 {"plant/press-2/z", 2}, {"plant/press-3", 2}, {"plant/press-10/temp", 0},
                 {"zz/a/b", 0},          {"plant//x", 9}};
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        search = begun("#", "", cases[i].after);
        some = (struct found){.most = SIZE_MAX};
        while (namespace_search_step(f.space, &search, 2, found_take, &some, NULL))
            ;
        if (some.count != cases[i].left)
            fail_msg("after %s: %zu", cases[i].after, some.count);
    }
    fixture_close(&f);
}

/* What a place says that the pattern never goes to, or goes to later, loses nothing. */
static void test_places_beside_the_pattern(void **state)
{
    (void)state;
    struct fixture f;
    plant_open(&f);
    static const struct {
        const char *pattern, *after;
        size_t left;
    } cases[] = {
        {"plant/press-*/temp", "hall", 2},
        {"plant/press-*/temp", "plant/oven/temp", 2},
        {"plant/press-*/temp", "plant/press-2/oil/temp", 2},
        {"plant/press-*/temp", "plant/press-2/temp", 1},
        {"plant/press-*/temp", "plant/press-2/temq", 1},
        {"plant/press-*/temp", "plant/press-9", 1},
        {"plant/press-*/temp", "plant/q", 0},
        {"plant/press-2", "plant/press-1", 1},
        {"plant/press-2", "plant/press-3", 0},
        {"plant/+", "plant/press-2/oil/temp", 0},
        {"+", "hall/x/y", 1},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct namespace_search search = begun(cases[i].pattern, "", cases[i].after);
        struct found found = {.most = SIZE_MAX};
        while (namespace_search_step(f.space, &search, 1, found_take, &found, NULL))
            ;
        if (found.count != cases[i].left)
            fail_msg("%s after %s: %zu", cases[i].pattern, cases[i].after, found.count);
    }
    fixture_close(&f);
}

/* Exact segments are looked up and globs begin at their prefix: a needle costs no haystack. */
static void test_only_what_the_pattern_reaches_is_looked_at(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    char path[64];
    for (int i = 0; i < 3000; i++) {
        sprintf(path, "site/%s-%d/temp", i % 3 == 0 ? "oven" : i % 3 == 1 ? "press" : "zone", i);
        fixture_create(&f, path);
    }
    fixture_catch_up(&f);
    static const struct {
        const char *pattern;
        size_t found, looked;
    } cases[] = {
        {"site/press-1000/temp", 1, 3},
        {"site/press-*", 0, 1010},
        {"site/press-*/temp", 1000, 2010},
        {"site/zone-*/none", 0, 1010},
        {"site/none-*/temp", 0, 3},
        {"none/#", 0, 1},
        {"+/press-4/#", 1, 4},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        struct namespace_search search = begun(cases[i].pattern, "", "");
        struct found found = {.most = SIZE_MAX};
        size_t looked = 0;
        assert_false(namespace_search_step(f.space, &search, 100000, found_take, &found, &looked));
        assert_int_equal(found.count, cases[i].found);
        if (looked > cases[i].looked)
            fail_msg("%s: %zu looked at", cases[i].pattern, looked);
    }
    fixture_close(&f);
}

static size_t looked_for(const struct fixture *f, const char *pattern, const char *contains)
{
    struct namespace_search search = begun(pattern, contains, "");
    struct found found = {.most = SIZE_MAX};
    size_t looked = 0;
    assert_false(namespace_search_step(f->space, &search, 100000, found_take, &found, &looked));
    assert_int_equal(found.count, 0);
    return looked;
}

/* Names and patterns that are made to be slow use up the nodes of a step sooner. */
static void test_slow_names_count_as_several(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    char name[PATH_SEGMENT_MAX + 1], slow[256] = "", part[PATH_SEGMENT_MAX + 1];
    memset(name, 'a', sizeof name);
    for (uint32_t i = 0; i < 10; i++) {
        sprintf(name + PATH_SEGMENT_MAX - 1, "%u", i);
        fixture_create(&f, name);
    }
    fixture_catch_up(&f);
    for (size_t i = 0; i < 60; i++)
        strcat(slow, "*a");
    strcat(slow, "*b");
    memset(part, 'a', sizeof part);
    strcpy(part + PATH_SEGMENT_MAX - 1, "b");
    assert_int_equal(looked_for(&f, "*b", ""), 10);
    assert_true(looked_for(&f, slow, "") > 200);
    assert_true(looked_for(&f, "#", part) > 50);
    struct namespace_search search = begun(slow, "", ""); /* each step comes forward all the same */
    struct found found = {.most = SIZE_MAX};
    size_t steps = 1;
    while (namespace_search_step(f.space, &search, 1, found_take, &found, NULL))
        steps++;
    assert_int_equal(steps, 10);
    fixture_close(&f);
}

/* ---- against all paths held against the pattern
 * --------------------------------------------------- */

#define PATHS 600
struct paths {
    struct fixture f;
    char text[PATHS][80];
    uint32_t points[PATHS]; /* POINT_NONE: not there now */
    uint32_t sorted[PATHS];
};

static struct paths *sorting;
static int sorted_compare(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return path_compare(bytes_text(sorting->text[*x]), bytes_text(sorting->text[*y]));
}

static size_t random_segment(uint64_t *seed, char *at)
{
    static const char *const words[] = {"a", "b", "A", "press-", "dev", "d", "\xc3\xa9", "ab"};
    return (size_t)sprintf(at, "%s%.*u", words[random_below(seed, ARRAY_COUNT(words))],
                           (int)random_below(seed, 3), random_below(seed, 12));
}

static void paths_init(struct paths *paths, uint64_t *seed)
{
    fixture_open(&paths->f);
    for (uint32_t i = 0; i < PATHS; i++) {
        bool fresh = false;
        while (!fresh) {
            size_t size = random_segment(seed, paths->text[i]);
            for (uint32_t more = random_below(seed, 4); more > 0; more--) {
                paths->text[i][size++] = '/';
                size += random_segment(seed, paths->text[i] + size);
            }
            fresh = true;
            for (uint32_t j = 0; j < i; j++)
                fresh = fresh && strcmp(paths->text[i], paths->text[j]) != 0;
        }
        paths->points[i] = POINT_NONE;
        paths->sorted[i] = i;
    }
    sorting = paths;
    qsort(paths->sorted, PATHS, sizeof paths->sorted[0], sorted_compare);
}

static void paths_toggle(struct paths *paths, uint32_t i)
{
    if (paths->points[i] == POINT_NONE) {
        fixture_create(&paths->f, paths->text[i]);
        fixture_catch_up(&paths->f);
        paths->points[i] = points_count(paths->f.points);
        return;
    }
    fixture_command(&paths->f, COMMAND_RETIRE, paths->text[i], "");
    namespace_point_changed(paths->f.space, paths->points[i]);
    paths->points[i] = POINT_NONE;
}

static void random_pattern(uint64_t *seed, char *text)
{
    static const char *const wild[] = {"+", "*", "?", "press-*", "*1", "a*", "d?*", "dev1*", "*e*"};
    size_t size = 0;
    for (uint32_t left = 1 + random_below(seed, 3); left > 0; left--) {
        if (size > 0)
            text[size++] = '/';
        size +=
            random_below(seed, 3) == 0
                ? random_segment(seed, text + size)
                : (size_t)sprintf(text + size, "%s", wild[random_below(seed, ARRAY_COUNT(wild))]);
    }
    strcpy(text + size, random_below(seed, 2) == 0 ? "/#" : "");
}

static bool text_contains(const char *text, const char *part)
{
    return strcasestr(text, part) != NULL; /* in the C locale: ASCII letters */
}

static void test_random_searches_against_all_paths(void **state)
{
    (void)state;
    static struct paths paths;
    static struct found found;
    static const char *const parts[] = {"", "", "", "A", "s-1", "1/d", "/", "ab/press", "e"};
    uint64_t seed = 5;
    paths_init(&paths, &seed);
    for (int round = 0; round < 1500; round++) {
        for (uint32_t i = random_below(&seed, 20); i > 0; i--)
            paths_toggle(&paths, random_below(&seed, PATHS));
        char text[200];
        random_pattern(&seed, text);
        const char *part = parts[random_below(&seed, ARRAY_COUNT(parts))];
        search_all(&paths.f, text, part, 1 + random_below(&seed, 50), &found);
        struct pattern pattern;
        assert_null(pattern_parse(bytes_text(text), &pattern));
        size_t expected = 0;
        for (uint32_t i = 0; i < PATHS; i++) {
            uint32_t at = paths.sorted[i];
            if (paths.points[at] == POINT_NONE || !text_contains(paths.text[at], part) ||
                !pattern_matches(&pattern, bytes_text(paths.text[at])))
                continue;
            if (expected >= found.count || found.points[expected] != paths.points[at])
                fail_msg("%s, %s: %s is missing", text, part, paths.text[at]);
            expected++;
        }
        assert_int_equal(found.count, expected);
    }
    fixture_close(&paths.f);
}

/* Points come and go between the steps, the one where the search stands among them: what is there
 * all the time is told once, in order, and nothing is told twice. */
static void test_pages_while_points_come_and_go(void **state)
{
    (void)state;
    static struct paths paths;
    static struct found found;
    uint64_t seed = 6;
    paths_init(&paths, &seed);
    for (int round = 0; round < 150; round++) {
        bool steady[PATHS];
        for (uint32_t i = 0; i < PATHS; i++)
            steady[i] = paths.points[i] != POINT_NONE;
        struct namespace_search search = begun(round % 2 == 0 ? "#" : "+/*/#", "", "");
        struct pattern pattern = search.pattern;
        found = (struct found){.most = SIZE_MAX};
        char told[PATHS] = {0};
        struct bytes before = bytes_text("");
        while (namespace_search_step(paths.f.space, &search, 1 + random_below(&seed, 30),
                                     found_take, &found, NULL)) {
            for (size_t i = 0; i < found.count; i++) {
                uint32_t at = 0;
                while (paths.points[at] != found.points[i])
                    at++;
                assert_int_equal(told[at]++, 0);
                assert_true(path_compare(before, bytes_text(paths.text[at])) < 0);
                before = bytes_text(paths.text[at]);
            }
            found.count = 0;
            for (uint32_t i = random_below(&seed, 8); i > 0; i--) {
                uint32_t at = random_below(&seed, PATHS);
                paths_toggle(&paths, at);
                steady[at] = false;
            }
        }
        for (size_t i = 0; i < found.count; i++)
            for (uint32_t at = 0; at < PATHS; at++)
                told[at] = (char)(told[at] + (paths.points[at] == found.points[i]));
        for (uint32_t i = 0; i < PATHS; i++)
            if (steady[i] && pattern_matches(&pattern, bytes_text(paths.text[i])))
                assert_int_equal(told[i], 1);
    }
    fixture_close(&paths.f);
}

/* A search never leaves its tenant, whatever the pattern, and keeps it over its steps. */
static void test_a_search_stays_in_its_tenant(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_row(&f, 2, "a", "x y");
    uint32_t own = fixture_row(&f, 1, "a", "x");
    fixture_row(&f, 3, "b", "x y z");
    fixture_catch_up(&f);
    static const uint32_t counts[] = {0, 1, 2, 3, 0};
    for (uint32_t tenant = 1; tenant <= 4; tenant++) {
        struct namespace_search search = begun("#", "", "");
        struct pattern pattern = search.pattern;
        assert_int_equal(
            namespace_search_begin(&search, tenant, &pattern, bytes_text(""), bytes_text("")), OK);
        struct found found = {.most = SIZE_MAX};
        while (namespace_search_step(f.space, &search, 1, found_take, &found, NULL))
            ;
        assert_int_equal(found.count, counts[tenant]);
        if (tenant == 1)
            assert_int_equal(found.points[0], own);
    }
    fixture_close(&f);
}

/* ---- what may be seen -------------------------------------------------------------------------
 */
struct sight {
    struct found found; /* first: found_take is given the same arg */
    const char *hidden, *open;
    size_t asked;
};

static bool begins_with(struct bytes path, const char *branch)
{
    size_t size = strlen(branch);
    return path.size >= size && memcmp(path.at, branch, size) == 0 &&
           (path.size == size || path.at[size] == '/');
}

static enum namespace_sight sight_judge(void *arg, struct bytes branch)
{
    struct sight *sight = arg;
    sight->asked++;
    if (sight->hidden != NULL && begins_with(branch, sight->hidden))
        return NAMESPACE_HIDDEN;
    if (sight->open != NULL && begins_with(branch, sight->open))
        return NAMESPACE_OPEN;
    return NAMESPACE_PARTLY;
}

static void sight_search(const struct fixture *f, struct sight *sight, size_t nodes)
{
    struct namespace_search search = begun("#", "", "");
    search.judge = sight_judge;
    sight->found = (struct found){.most = SIZE_MAX};
    sight->asked = 0;
    while (namespace_search_step(f->space, &search, nodes, found_take, sight, NULL))
        ;
}

static void test_hidden_branches_are_not_walked(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_row(&f, 1, "a/b", "x y z"); /* 1 2 3 */
    fixture_row(&f, 1, "a/c/d", "x y"); /* 4 5 */
    fixture_create(&f, "a/b");          /* 6: a branch that is a point */
    fixture_row(&f, 1, "e", "x");       /* 7 */
    fixture_catch_up(&f);
    for (size_t nodes = 1; nodes < 100; nodes *= 3) {
        struct sight sight = {.hidden = "a/b", .open = NULL};
        sight_search(&f, &sight, nodes);
        assert_int_equal(sight.found.count, 3);
        assert_int_equal(sight.found.points[0], 4);
        assert_int_equal(sight.found.points[2], 7);
        sight.hidden = "a";
        sight_search(&f, &sight, nodes);
        assert_int_equal(sight.found.count, 1);
    }
    fixture_close(&f);
}

static void test_open_branches_are_judged_once(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_row(&f, 1, "a/b/c", "x y");
    fixture_row(&f, 1, "a/d", "x");
    fixture_catch_up(&f);
    struct sight sight = {.open = "a"};
    sight_search(&f, &sight, 1000);
    assert_int_equal(sight.found.count, 3);
    assert_int_equal(sight.asked, 2); /* the root and a */
    sight.open = NULL;
    sight_search(&f, &sight, 1000);
    assert_int_equal(sight.found.count, 3);
    assert_int_equal(sight.asked, 5); /* a/b, a/b/c and a/d as well */
    fixture_close(&f);
}

static enum namespace_sight judge_nothing(void *arg, struct bytes branch)
{
    (void)arg, (void)branch;
    return NAMESPACE_HIDDEN;
}

static void test_a_hidden_root_is_the_end(void **state)
{
    (void)state;
    struct fixture f;
    fixture_open(&f);
    fixture_create(&f, "top");
    fixture_catch_up(&f);
    struct namespace_search search = begun("#", "", "");
    struct found found = {.most = SIZE_MAX};
    search.judge = judge_nothing;
    assert_false(namespace_search_step(f.space, &search, 10, found_take, &found, NULL));
    assert_true(search.over);
    assert_int_equal(found.count, 0);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_patterns),
        cmocka_unit_test(test_contains),
        cmocka_unit_test(test_contains_folds_letters_only),
        cmocka_unit_test(test_a_search_stays_in_its_tenant),
        cmocka_unit_test(test_hidden_branches_are_not_walked),
        cmocka_unit_test(test_open_branches_are_judged_once),
        cmocka_unit_test(test_a_hidden_root_is_the_end),
        cmocka_unit_test(test_limits_of_begin),
        cmocka_unit_test(test_stop_and_go_on_behind),
        cmocka_unit_test(test_places_beside_the_pattern),
        cmocka_unit_test(test_only_what_the_pattern_reaches_is_looked_at),
        cmocka_unit_test(test_slow_names_count_as_several),
        cmocka_unit_test(test_random_searches_against_all_paths),
        cmocka_unit_test(test_pages_while_points_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
