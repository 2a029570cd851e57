/* What the tests of this folder share: points without an engine, and a naive model of the tree: a
 * list of the paths that are there. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/points/points.h"
#include "base/test_random.h"
#include "namespace/namespace.h"
#include "namespace/order.h"

struct fixture {
    struct state *state;
    struct points *points;
    struct namespace *space;
    struct record_stamp stamp;
};

static inline void fixture_open(struct fixture *f)
{
    assert_int_equal(state_create(&f->state), OK);
    assert_int_equal(points_create(f->state, &points_limits_default, &f->points), OK);
    assert_int_equal(namespace_create(f->points, &f->space), OK);
    f->stamp = (struct record_stamp){.position = 1, .engine_ns = 1, .wall_ns = 1000 * NS_PER_S};
}

static inline void fixture_close(struct fixture *f)
{
    namespace_destroy(f->space);
    points_destroy(f->points);
    state_destroy(f->state);
}

/* A row with the next ids; metrics: names separated by spaces. Returns its first point. */
static inline uint32_t fixture_row(struct fixture *f, uint32_t tenant, const char *prefix,
                                   const char *metrics)
{
    struct fact_row_point columns[COLUMNS_MAX];
    uint16_t count = 0;
    for (const char *at = metrics; *at != '\0';) {
        size_t size = strcspn(at, " ");
        columns[count++] = (struct fact_row_point){VALUE_FLOAT64, bytes_of(at, size)};
        at += size + (at[size] == ' ');
    }
    uint32_t first = points_count(f->points) + 1;
    struct fact fact = {.kind = FACT_ROW,
                        .row = {.tenant = tenant,
                                .shape = {points_rows(f->points) + 1, first, count},
                                .object = count > 1,
                                .prefix = bytes_text(prefix),
                                .points = columns}};
    struct effects effects = {0};
    f->stamp.position++;
    assert_int_equal(points_apply_fact(f->points, &fact, &f->stamp, &effects), OK);
    return first;
}

/* Create, rename (to new_path) or retire; returns the outcome. */
static inline struct outcome fixture_command(struct fixture *f, enum command_kind kind,
                                             const char *path, const char *new_path)
{
    struct fact fact = {.kind = FACT_COMMAND,
                        .command = {.kind = (uint8_t)kind,
                                    .tenant = TENANT_DEFAULT,
                                    .path = bytes_text(path),
                                    .new_path = bytes_text(new_path)}};
    struct outcome outcome;
    struct effects effects = {.outcomes = &outcome, .outcome_capacity = 1};
    f->stamp.position++;
    assert_int_equal(points_apply_fact(f->points, &fact, &f->stamp, &effects), OK);
    assert_int_equal(effects.outcome_count, 1);
    return outcome;
}

static inline void fixture_create(struct fixture *f, const char *path)
{
    assert_int_equal(fixture_command(f, COMMAND_CREATE, path, "").code, OUTCOME_DONE);
}

static inline void fixture_catch_up(struct fixture *f)
{
    while (!namespace_catch_up(f->space, 1000, NULL, NULL))
        ;
    assert_int_equal(namespace_entered(f->space), points_count(f->points));
}

static inline struct namespace_node fixture_node(const struct fixture *f, const char *path)
{
    uint32_t node = namespace_find(f->space, TENANT_DEFAULT, bytes_text(path));
    assert_int_not_equal(node, NAMESPACE_NONE);
    struct namespace_node view;
    namespace_node(f->space, node, &view);
    return view;
}

static inline uint32_t fixture_count(const struct fixture *f, const char *path)
{
    return namespace_find(f->space, TENANT_DEFAULT, bytes_text(path)) == NAMESPACE_NONE
               ? 0
               : fixture_node(f, path).count;
}

static inline uint32_t fixture_point(const struct fixture *f, const char *path)
{
    return points_find(f->points, TENANT_DEFAULT, bytes_text(path));
}

static inline void assert_text(struct bytes text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.at, expected, text.size);
}

static inline uint32_t random_below(uint64_t *seed, uint32_t limit)
{
    return (uint32_t)((test_random(seed) >> 32) * limit >> 32);
}

/* Paths in the order of the tree: segment by segment, a branch before what is below it. */
static inline int path_compare(struct bytes a, struct bytes b)
{
    for (;;) {
        const uint8_t *a_slash = a.size == 0 ? NULL : memchr(a.at, '/', a.size);
        const uint8_t *b_slash = b.size == 0 ? NULL : memchr(b.at, '/', b.size);
        size_t a_size = a_slash == NULL ? a.size : (size_t)(a_slash - a.at);
        size_t b_size = b_slash == NULL ? b.size : (size_t)(b_slash - b.at);
        int order = natural_compare(bytes_of(a.at, a_size), bytes_of(b.at, b_size));
        if (order != 0)
            return order;
        if (a_slash == NULL || b_slash == NULL)
            return (a_slash != NULL) - (b_slash != NULL);
        a = bytes_of(a_slash + 1, a.size - a_size - 1);
        b = bytes_of(b_slash + 1, b.size - b_size - 1);
    }
}

/* What a search told: points in their order. */
struct found {
    uint32_t points[4096];
    size_t count, most; /* most: says stop at so many */
};

static inline bool found_take(void *arg, uint32_t point)
{
    struct found *found = arg;
    assert_true(found->count < ARRAY_COUNT(found->points));
    found->points[found->count++] = point;
    return found->count < found->most;
}
