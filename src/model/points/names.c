/* Names: prefixes and metrics, each string once, never changed and never freed.
 *
 * A name is {size (2 bytes), bytes}, starts at a multiple of 4 bytes and never crosses a page: what
 * is left at the end of a page stays zero and is skipped. Its number counts units of 4 bytes, so
 * that 32 bits reach 16 GiB. Number 0 is the empty string. */
#include "model/points/tables.h"

#include <string.h>

#define PAGE_UNITS ((uint32_t)(STATE_PAGE_SIZE / NAME_UNIT))

static uint32_t name_units(size_t size)
{
    return (uint32_t)((2 + size + NAME_UNIT - 1) / NAME_UNIT);
}

struct bytes name_get(const struct points *points, uint32_t name)
{
    if (name == NAME_EMPTY)
        return bytes_of("", 0);
    const uint8_t *at = state_read(&points->names, name);
    return bytes_of(at + 2, load_u16(at));
}

struct bytes name_view(const struct points *points, uint32_t name, size_t size)
{
    if (name == NAME_EMPTY)
        return bytes_of("", 0);
    const uint8_t *at = state_read(&points->names, name);
    return bytes_of(at + 2, size);
}

static enum err name_append(struct points *points, struct bytes text, uint32_t *ret_name)
{
    uint32_t units = name_units(text.size);
    uint64_t name = (uint64_t)points->counters->names_used + 1;
    if (name % PAGE_UNITS + units > PAGE_UNITS)
        name += PAGE_UNITS - name % PAGE_UNITS;
    if (name + units > UINT32_MAX)
        return ERR_LIMIT;
    enum err err = state_table_grow(&points->names, (uint32_t)name + units);
    if (err != OK)
        return err;
    uint8_t *at = state_write(&points->names, (uint32_t)name);
    store_u16(at, (uint16_t)text.size);
    memcpy(at + 2, text.at, text.size);
    counters_write(points)->names_used = (uint32_t)name + units - 1;
    *ret_name = (uint32_t)name;
    return OK;
}

enum err name_intern(struct points *points, struct bytes text, uint32_t *ret_name)
{
    check(text.size <= PATH_MAX_BYTES);
    if (text.size == 0) {
        *ret_name = NAME_EMPTY;
        return OK;
    }
    uint64_t hash = kind_hash(HASH_NAME, 0, text);
    struct index_probe probe;
    for (uint32_t name = index_first(points->name_index, &probe, hash); name != INDEX_NONE;
         name = index_next(points->name_index, &probe)) {
        if (bytes_equal(name_get(points, name), text)) {
            *ret_name = name;
            return OK;
        }
    }
    uint32_t name;
    enum err err = name_append(points, text, &name);
    if (err == OK)
        err = index_insert(points->name_index, hash, name);
    if (err == OK)
        *ret_name = name;
    return err;
}

bool name_is_valid(const struct points *points, uint32_t name)
{
    if (name == NAME_EMPTY)
        return true;
    if (name > points->counters->names_used)
        return false;
    size_t size = name_get(points, name).size;
    return size > 0 && size <= PATH_MAX_BYTES && name % PAGE_UNITS + name_units(size) <= PAGE_UNITS;
}

enum err names_rebuild(struct points *points)
{
    uint64_t end = (uint64_t)points->counters->names_used + 1;
    for (uint64_t name = 1; name < end;) {
        struct bytes text = name_get(points, (uint32_t)name);
        if (text.size == 0) { /* the rest of this page is skipped */
            name += PAGE_UNITS - name % PAGE_UNITS;
            continue;
        }
        if (!name_is_valid(points, (uint32_t)name))
            return ERR_CORRUPT;
        enum err err =
            index_insert(points->name_index, kind_hash(HASH_NAME, 0, text), (uint32_t)name);
        if (err != OK)
            return err;
        name += name_units(text.size);
    }
    return OK;
}
