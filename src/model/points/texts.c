/* Texts: strings that come and go: string values, settings, own paths, idempotency keys.
 *
 * A text lies in a slot of one of some sizes; a page of the table holds slots of one size. Freed
 * slots are linked into a list of their size inside the table, so that two states that saw the same
 * records place every text alike. A slot is {size (2), class (1), 0, bytes}; a free one begins with
 * the number of the next free one. Texts count units of 16 bytes; page 0 is never used, so that 0
 * can mean none. */
#include "model/points/tables.h"

#include <string.h>

#define PAGE_UNITS ((uint32_t)(STATE_PAGE_SIZE / TEXT_UNIT))
#define HEAD 4u /* bytes before a text in its slot */

/* Units of a slot, by class. The last holds the largest settings. */
static const uint16_t class_units[TEXT_CLASSES] = {1,  2,  3,  4,  6,   8,   12,  16,  24,
                                                   32, 48, 64, 96, 128, 192, 272, 400, 592};

static uint8_t class_of(size_t size)
{
    uint8_t size_class = 0;
    while (size_class < TEXT_CLASSES && class_units[size_class] * TEXT_UNIT < size + HEAD)
        size_class++;
    check(size_class < TEXT_CLASSES);
    return size_class;
}

uint32_t text_cost(size_t size)
{
    return size == 0 ? 0 : class_units[class_of(size)] * TEXT_UNIT;
}

struct bytes text_get(const struct points *points, uint32_t text)
{
    if (text == TEXT_NONE)
        return bytes_of("", 0);
    const uint8_t *at = state_read(&points->texts, text);
    return bytes_of(at + HEAD, load_u16(at));
}

/* A free slot of the class, from the list, or the newest page, or a new page. */
static enum err slot_take(struct points *points, uint8_t size_class, uint32_t *ret_text)
{
    struct counters_entry *counters = counters_write(points);
    struct text_class_state *slots = &counters->classes[size_class];
    if (slots->free != TEXT_NONE) {
        *ret_text = slots->free;
        slots->free = load_u32(state_read(&points->texts, slots->free));
        slots->in_use++;
        return OK;
    }
    if (slots->left == 0) {
        uint64_t page = (uint64_t)counters->text_pages + 1;
        if ((page + 1) * PAGE_UNITS > UINT32_MAX)
            return ERR_LIMIT;
        enum err err = state_table_grow(&points->texts, (uint32_t)((page + 1) * PAGE_UNITS));
        if (err != OK)
            return err;
        counters->text_pages++;
        slots->next = (uint32_t)page * PAGE_UNITS;
        slots->left = PAGE_UNITS / class_units[size_class];
    }
    *ret_text = slots->next;
    slots->next += class_units[size_class];
    slots->left--;
    slots->in_use++;
    return OK;
}

static void slot_write(struct points *points, uint32_t text, uint8_t size_class,
                       struct bytes content)
{
    uint8_t *at = state_write(&points->texts, text);
    store_u16(at, (uint16_t)content.size);
    at[2] = size_class;
    at[3] = 0;
    memcpy(at + HEAD, content.at, content.size);
}

enum err text_add(struct points *points, struct bytes content, uint32_t *ret_text)
{
    check(content.size > 0 && content.size <= TEXT_BYTES_MAX);
    uint8_t size_class = class_of(content.size);
    enum err err = slot_take(points, size_class, ret_text);
    if (err == OK)
        slot_write(points, *ret_text, size_class, content);
    return err;
}

void text_free(struct points *points, uint32_t text)
{
    if (text == TEXT_NONE)
        return;
    uint8_t *at = state_write(&points->texts, text);
    struct text_class_state *slots = &counters_write(points)->classes[at[2]];
    memset(at, 0, class_units[at[2]] * TEXT_UNIT); /* so that a page of freed texts is absent */
    store_u32(at, slots->free);
    slots->free = text;
    slots->in_use--;
}

enum err text_set(struct points *points, uint32_t *text, struct bytes content)
{
    if (content.size == 0) {
        text_free(points, *text);
        *text = TEXT_NONE;
        return OK;
    }
    uint8_t size_class = class_of(content.size);
    const uint8_t *at = *text == TEXT_NONE ? NULL : state_read(&points->texts, *text);
    if (at != NULL && at[2] == size_class) {
        slot_write(points, *text, size_class, content);
        return OK;
    }
    uint32_t added;
    enum err err = text_add(points, content, &added);
    if (err != OK)
        return err;
    text_free(points, *text);
    *text = added;
    return OK;
}

/* ---- pages from outside
 * ---------------------------------------------------------------------------- */

static bool slot_lies_in_pages(const struct points *points, uint32_t text, uint32_t units)
{
    uint64_t end = ((uint64_t)points->counters->text_pages + 1) * PAGE_UNITS;
    return text >= PAGE_UNITS && text < end && text % PAGE_UNITS % units == 0 &&
           text % PAGE_UNITS + units <= PAGE_UNITS;
}

bool text_is_valid(const struct points *points, uint32_t text)
{
    if (text == TEXT_NONE)
        return true;
    if (!slot_lies_in_pages(points, text, 1))
        return false;
    const uint8_t *at = state_read(&points->texts, text);
    return at[2] < TEXT_CLASSES && load_u16(at) > 0 &&
           load_u16(at) + HEAD <= class_units[at[2]] * TEXT_UNIT &&
           slot_lies_in_pages(points, text, class_units[at[2]]);
}

enum err texts_rebuild(struct points *points)
{
    const struct counters_entry *counters = points->counters;
    uint64_t pages = counters->text_pages;
    if ((pages + 1) * PAGE_UNITS > UINT32_MAX)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&points->texts, (uint32_t)((pages + 1) * PAGE_UNITS));
    if (err != OK)
        return err;
    for (uint8_t size_class = 0; size_class < TEXT_CLASSES; size_class++) {
        const struct text_class_state *slots = &counters->classes[size_class];
        uint32_t units = class_units[size_class];
        if (slots->left > PAGE_UNITS / units ||
            (slots->left > 0 && !slot_lies_in_pages(points, slots->next, units)))
            return ERR_CORRUPT;
        uint64_t steps = 0, most = pages * (PAGE_UNITS / units);
        for (uint32_t text = slots->free; text != TEXT_NONE; steps++) {
            if (steps > most || !slot_lies_in_pages(points, text, units))
                return ERR_CORRUPT;
            text = load_u32(state_read(&points->texts, text));
        }
    }
    return OK;
}
