/* Cells: the little that must be remembered of a point's past.
 *
 *   the last two    0 the newest sample, 1 the one before
 *   rate over       0 the newest, 1 an older, 2 one between: when 2 is a span old it becomes 1, and
 * the newest becomes 2, so that 1 is a span old at least, and two if samples come often mean 0 the
 * newest, 1 the mean (times[1]: how long it was fed), weighted by time: exactly until the span is
 * full, from then each stretch dt weighs dt / (span + dt)
 *
 * What is not good is not taken; of a mean it ends the stretch over which a value held. */
#include "condition/number.h"

#include <string.h>

#define CELL_SEEN 1u
#define CELL_TWO 2u
#define CELL_HELD 4u

static void cell_put(struct condition_cell *cell, unsigned i, struct slot value, int64_t time_ns)
{
    cell->times[i] = time_ns;
    cell->types[i] = (uint8_t)value.kind;
    if (value.kind == SLOT_TEXT)
        cell->bits[i] = hash64(value.text, value.size, 0);
    else
        cell->bits[i] = (uint64_t)value.integer; /* a real's bits as well */
}

static void cell_copy(struct condition_cell *cell, unsigned to, unsigned from)
{
    cell->times[to] = cell->times[from];
    cell->bits[to] = cell->bits[from];
    cell->types[to] = cell->types[from];
}

static struct slot cell_get(const struct condition_cell *cell, unsigned i)
{
    if (cell->types[i] == SLOT_TEXT)
        return slot_unknown();
    return (struct slot){.integer = (int64_t)cell->bits[i], .kind = cell->types[i]};
}

static double cell_mean(const struct condition_cell *cell)
{
    double mean;
    memcpy(&mean, &cell->bits[1], sizeof mean);
    return mean;
}

/* The value that held since the newest sample counts for the time until now. */
static void mean_feed(const struct cell_entry *entry, struct condition_cell *cell, int64_t time_ns)
{
    double stretch = (double)(time_ns - cell->times[0]), weight = (double)cell->times[1];
    double mean = cell_mean(cell), held = slot_double(cell_get(cell, 0));
    double moved = weight > 0 ? mean + (held - mean) * (stretch / (weight + stretch)) : held;
    if (__builtin_isfinite(moved))
        memcpy(&cell->bits[1], &moved, sizeof moved);
    int64_t room = entry->span_ns - cell->times[1], fed = time_ns - cell->times[0];
    cell->times[1] += fed < room ? fed : room;
}

static bool mean_take(const struct cell_entry *entry, struct condition_cell *cell,
                      struct slot value, int64_t time_ns)
{
    bool good = slot_is_number(value), held = (cell->flags & CELL_HELD) != 0;
    if (!good && !held)
        return false;
    if (held && time_ns > cell->times[0])
        mean_feed(entry, cell, time_ns);
    if (good)
        cell_put(cell, 0, value, time_ns);
    cell->times[0] = time_ns;
    cell->flags = (uint8_t)(good ? CELL_SEEN | CELL_HELD : CELL_SEEN);
    return true;
}

bool condition_cell_mean(const struct condition *condition, unsigned cell,
                         const struct condition_cell *bytes, int64_t time_ns, double *ret_mean)
{
    check(cell < condition->cells);
    const struct cell_entry *entry = &condition_cell_list(condition)[cell];
    struct condition_cell fed = *bytes;
    if (entry->code != CODE_MEAN || !(fed.flags & CELL_SEEN) || time_ns < fed.times[0])
        return false;
    if (fed.flags & CELL_HELD && time_ns > fed.times[0])
        mean_feed(entry, &fed, time_ns);
    *ret_mean = cell_mean(&fed);
    return fed.times[1] >= entry->span_ns;
}

bool cell_take(const struct cell_entry *entry, struct condition_cell *cell,
               const struct condition_sample *sample)
{
    struct slot value = slot_of_value(&sample->value);
    int64_t time_ns = sample->time_ns;
    struct condition_cell before = *cell;
    bool seen = (cell->flags & CELL_SEEN) != 0;
    if (seen && time_ns < cell->times[0])
        return false;
    if (entry->code == CODE_MEAN)
        return mean_take(entry, cell, value, time_ns) && memcmp(&before, cell, sizeof before) != 0;
    if (value.kind == SLOT_UNKNOWN)
        return false;
    if (!seen) {
        cell_put(cell, 0, value, time_ns);
        cell_copy(cell, 1, 0);
        cell_copy(cell, 2, 0);
        cell->flags = CELL_SEEN;
        return true;
    }
    if (time_ns > cell->times[0] && entry->code == CODE_PREVIOUS) {
        cell_copy(cell, 1, 0);
        cell->flags |= CELL_TWO;
    }
    cell_put(cell, 0, value, time_ns); /* at the same time: another value in its place */
    if (entry->code == CODE_RATE_OVER && time_ns - cell->times[2] >= entry->span_ns) {
        cell_copy(cell, 1, 2);
        cell_copy(cell, 2, 0);
    }
    return memcmp(&before, cell, sizeof before) != 0;
}

/* From an older sample to the newest, for each second. */
static struct slot rate_between(const struct condition_cell *cell)
{
    double seconds = (double)(cell->times[0] - cell->times[1]) / 1e9;
    struct slot rise = number_binary(CODE_SUBTRACT, cell_get(cell, 0), cell_get(cell, 1));
    return rise.kind == SLOT_UNKNOWN ? rise : slot_real(slot_double(rise) / seconds);
}

struct slot cell_answer(uint8_t code, const struct cell_entry *entry,
                        const struct condition_cell *cell, struct slot value)
{
    bool two = (cell->flags & CELL_TWO) != 0;
    if (value.kind == SLOT_UNKNOWN)
        return value;
    switch (code) {
    case CODE_RATE_OVER:
        return cell->times[0] - cell->times[1] >= entry->span_ns ? rate_between(cell)
                                                                 : slot_unknown();
    case CODE_MEAN:
    case CODE_DEVIATION:
        if (cell->times[1] < entry->span_ns)
            return slot_unknown();
        return code == CODE_MEAN ? slot_real(cell_mean(cell))
                                 : number_binary(CODE_SUBTRACT, value, slot_real(cell_mean(cell)));
    default:
        break;
    }
    if (!two)
        return slot_unknown();
    if (code == CODE_RATE)
        return rate_between(cell);
    if (code == CODE_DELTA)
        return number_binary(CODE_SUBTRACT, cell_get(cell, 0), cell_get(cell, 1));
    if (code == CODE_PREVIOUS)
        return cell_get(cell, 1);
    bool text = cell->types[0] == SLOT_TEXT || cell->types[1] == SLOT_TEXT;
    if (text)
        return slot_bool(cell->types[0] != cell->types[1] || cell->bits[0] != cell->bits[1]);
    return slot_compare(CODE_DIFFERENT, cell_get(cell, 0), cell_get(cell, 1));
}
