/* An open hash of samples. */
#include "past.h"

#include <stdlib.h>

#define CAPACITY_INITIAL ((size_t)1 << 15)

void past_init(struct past *past, enum past_sabotage sabotage)
{
    *past = (struct past){.capacity = CAPACITY_INITIAL, .sabotage = sabotage};
    past->slots = calloc(past->capacity, sizeof *past->slots);
    check(past->slots != NULL);
}

void past_done(struct past *past)
{
    free(past->slots);
    *past = (struct past){0};
}

static struct past_sample *past_place(struct past_sample *slots, size_t capacity, uint32_t point,
                                      int64_t time_ns)
{
    uint64_t at = hash64(&time_ns, sizeof time_ns, point);
    for (;; at++) {
        struct past_sample *sample = &slots[at & (capacity - 1)];
        if (sample->point == 0 || (sample->point == point && sample->time_ns == time_ns))
            return sample;
    }
}

static void past_grow(struct past *past)
{
    size_t capacity = past->capacity * 2;
    struct past_sample *slots = calloc(capacity, sizeof *slots);
    check(slots != NULL);
    for (size_t i = 0; i < past->capacity; i++) {
        const struct past_sample *sample = &past->slots[i];
        if (sample->point != 0)
            *past_place(slots, capacity, sample->point, sample->time_ns) = *sample;
    }
    free(past->slots);
    past->slots = slots;
    past->capacity = capacity;
}

void past_put(struct past *past, uint32_t point, int64_t time_ns, uint64_t value)
{
    if (past->used * 2 >= past->capacity)
        past_grow(past);
    struct past_sample *sample = past_place(past->slots, past->capacity, point, time_ns);
    if (sample->point != 0 && past->sabotage == PAST_FIRST_WINS)
        return;
    past->used += sample->point == 0;
    *sample = (struct past_sample){.point = point, .time_ns = time_ns, .value = value};
}

struct past_sample *past_find(struct past *past, uint32_t point, int64_t time_ns)
{
    struct past_sample *sample = past_place(past->slots, past->capacity, point, time_ns);
    return sample->point != 0 ? sample : NULL;
}
