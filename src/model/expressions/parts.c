/* Parts: what an instance keeps beside its row, in units of a cache line. A part that is given back
 * waits on the list of its size; it never crosses the end of a page, so that its bytes lie
 * together. */
#include "model/expressions/tables.h"

#include <string.h>

#define PAGE_UNITS ((uint32_t)(STATE_PAGE_SIZE / PART_UNIT))

enum err part_take(struct expressions *expressions, uint32_t units, uint32_t *ret_part)
{
    check(units <= PART_UNITS_MAX);
    *ret_part = 0;
    if (units == 0)
        return OK;
    struct roots_entry *roots = roots_write(expressions);
    uint32_t part = roots->parts_free[units];
    if (part != 0) {
        roots->parts_free[units] = load_u32(part_read(expressions, part));
        store_u32(part_write(expressions, part), 0);
        *ret_part = part;
        return OK;
    }
    part = roots->parts_used + 1;
    if (part % PAGE_UNITS + units > PAGE_UNITS)
        part += PAGE_UNITS - part % PAGE_UNITS;
    enum err err = state_table_grow(&expressions->parts, part + units);
    if (err == OK) {
        roots->parts_used = part + units - 1;
        *ret_part = part;
    }
    return err;
}

void part_give(struct expressions *expressions, uint32_t part, uint32_t units)
{
    if (part == 0)
        return;
    struct roots_entry *roots = roots_write(expressions);
    uint8_t *at = part_write(expressions, part);
    memset(at, 0, (size_t)units * PART_UNIT);
    store_u32(at, roots->parts_free[units]);
    roots->parts_free[units] = part;
}
