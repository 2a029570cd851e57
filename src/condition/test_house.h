/* What the tests of this room share: a house of points, patterns, timers and cells that a condition
 * can be asked in. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "condition/condition.h"

#define HOUSE_NOW (INT64_C(1800000000) * NS_PER_S)
#define HOUSE_POINTS_MAX 24
#define HOUSE_MEMBERS_MAX 6

struct house_point {
    const char *name;
    bool there;
    struct condition_sample sample;
};
struct house {
    const struct condition *condition;
    struct house_point points[HOUSE_POINTS_MAX];
    size_t points_count;
    struct {
        const char *pattern;
        size_t count;
        struct condition_sample members[HOUSE_MEMBERS_MAX];
    } sets[4];
    size_t sets_count;
    uint16_t elapsed;
    struct condition_cell cells[CONDITION_CELLS_MAX];
    size_t asked; /* points that were asked for */
};

static inline bool house_point(void *context, unsigned reference,
                               struct condition_sample *ret_sample)
{
    struct house *house = context;
    struct bytes text = condition_reference(house->condition, reference).text;
    house->asked++;
    for (size_t i = 0; i < house->points_count; i++) {
        const struct house_point *point = &house->points[i];
        if (!bytes_equal(text, bytes_text(point->name)))
            continue;
        *ret_sample = point->sample;
        return point->there;
    }
    return false;
}

static inline bool house_member(void *context, unsigned set, uint64_t *cursor,
                                struct condition_sample *ret_sample)
{
    struct house *house = context;
    struct bytes text = condition_set(house->condition, set).text;
    for (size_t i = 0; i < house->sets_count; i++)
        if (bytes_equal(text, bytes_text(house->sets[i].pattern)) &&
            *cursor < house->sets[i].count) {
            *ret_sample = house->sets[i].members[(*cursor)++];
            return true;
        }
    return false;
}

static inline bool house_timer(void *context, unsigned timer)
{
    const struct house *house = context;
    return (house->elapsed >> timer & 1) != 0;
}

static inline void house_cell_read(void *context, unsigned cell, struct condition_cell *ret_cell)
{
    const struct house *house = context;
    *ret_cell = house->cells[cell];
}

static inline void house_cell_write(void *context, unsigned cell,
                                    const struct condition_cell *bytes)
{
    struct house *house = context;
    house->cells[cell] = *bytes;
}

static inline struct condition_port house_port(struct house *house,
                                               const struct condition *condition)
{
    house->condition = condition;
    return (struct condition_port){house,       house_point,     house_member,
                                   house_timer, house_cell_read, house_cell_write};
}

static inline struct condition_sample house_sample(struct value value)
{
    return (struct condition_sample){.value = value,
                                     .time_ns = HOUSE_NOW - 10 * NS_PER_S,
                                     .heard_ns = HOUSE_NOW - 10 * NS_PER_S};
}
static inline struct value house_integer(int64_t number)
{
    return (struct value){.type = VALUE_INT64, .present = true, .number = number};
}
static inline struct value house_bool(bool truth)
{
    return (struct value){.type = VALUE_BOOL, .present = true, .number = truth};
}
static inline struct value house_text(const char *text)
{
    return (struct value){.type = VALUE_STRING, .present = true, .text = bytes_text(text)};
}
static inline struct value house_quality(struct value value, uint8_t quality)
{
    value.quality = quality;
    return value;
}
static inline void house_add(struct house *house, const char *name, struct value value)
{
    house->points[house->points_count++] = (struct house_point){name, true, house_sample(value)};
}

/* The program in memory of CONDITION_BYTES_MAX; NULL: *ret_fault says why. */
static inline const struct condition *house_parse(const char *text, uint64_t *memory,
                                                  struct condition_fault *ret_fault)
{
    return condition_parse(bytes_text(text), CONDITION_VERSION, memory, CONDITION_BYTES_MAX,
                           ret_fault);
}
