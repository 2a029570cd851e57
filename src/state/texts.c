/* Slots of some sizes, each page of one size; a slot is {size (2), class (1), 0, bytes}. The freed
 * slots of a size are linked into a list inside the table; what a list and the newest page of a
 * size begin with lies in the owner's row. */
#include "state/state.h"

#include <string.h>

#define PAGE_UNITS ((uint32_t)(STATE_PAGE_SIZE / TEXTS_UNIT))
#define HEAD 4u /* bytes before a text in its slot */

/* Units of a slot, by class. */
static const uint16_t class_units[TEXTS_CLASSES] = {1,  2,  3,  4,  6,   8,   12,  16,  24,
                                                    32, 48, 64, 96, 128, 192, 272, 400, 592};
_Static_assert(592 * TEXTS_UNIT - HEAD == TEXTS_BYTES_MAX, "the largest slot holds the largest");

static uint8_t class_of(size_t size)
{
    uint8_t size_class = 0;
    while (size_class < TEXTS_CLASSES && class_units[size_class] * TEXTS_UNIT < size + HEAD)
        size_class++;
    check(size_class < TEXTS_CLASSES);
    return size_class;
}

/* ---- the owner's row ---------------------------------------------------------------------------
 */
static uint32_t pages_taken(const struct texts *texts)
{
    const uint8_t *row = state_read(texts->owner, 0);
    const void *pages = row + texts->pages_at;
    return *(const uint32_t *)pages;
}

static void pages_take(struct texts *texts, uint32_t pages)
{
    uint8_t *row = state_write(texts->owner, 0);
    void *taken = row + texts->pages_at;
    *(uint32_t *)taken = pages;
}

static const struct texts_class *class_read(const struct texts *texts, uint8_t size_class)
{
    const uint8_t *row = state_read(texts->owner, 0);
    const void *classes = row + texts->classes_at;
    return (const struct texts_class *)classes + size_class;
}

static struct texts_class *class_write(struct texts *texts, uint8_t size_class)
{
    uint8_t *row = state_write(texts->owner, 0);
    void *classes = row + texts->classes_at;
    return (struct texts_class *)classes + size_class;
}

/* ---- texts -------------------------------------------------------------------------------------
 */
uint32_t texts_cost(size_t size)
{
    return size == 0 ? 0 : class_units[class_of(size)] * TEXTS_UNIT;
}

struct bytes texts_get(const struct texts *texts, uint32_t text)
{
    if (text == TEXT_NONE)
        return bytes_of("", 0);
    const uint8_t *at = state_read(&texts->table, text);
    return bytes_of(at + HEAD, load_u16(at));
}

/* A free slot of the class, from the list, or the newest page, or a new page. */
static enum err slot_take(struct texts *texts, uint8_t size_class, uint32_t *ret_text)
{
    struct texts_class *slots = class_write(texts, size_class);
    if (slots->free != TEXT_NONE) {
        *ret_text = slots->free;
        slots->free = load_u32(state_read(&texts->table, slots->free));
        slots->in_use++;
        return OK;
    }
    if (slots->left == 0) {
        uint64_t page = (uint64_t)pages_taken(texts) + 1;
        if ((page + 1) * PAGE_UNITS > UINT32_MAX)
            return ERR_LIMIT;
        enum err err = state_table_grow(&texts->table, (uint32_t)((page + 1) * PAGE_UNITS));
        if (err != OK)
            return err;
        pages_take(texts, (uint32_t)page);
        slots->next = (uint32_t)page * PAGE_UNITS;
        slots->left = PAGE_UNITS / class_units[size_class];
    }
    *ret_text = slots->next;
    slots->next += class_units[size_class];
    slots->left--;
    slots->in_use++;
    return OK;
}

static void slot_write(struct texts *texts, uint32_t text, uint8_t size_class, struct bytes content)
{
    uint8_t *at = state_write(&texts->table, text);
    store_u16(at, (uint16_t)content.size);
    at[2] = size_class;
    at[3] = 0;
    memcpy(at + HEAD, content.at, content.size);
    if (texts->wiped) {
        size_t used = HEAD + content.size;
        memset(at + used, 0, class_units[size_class] * TEXTS_UNIT - used);
    }
}

void texts_free(struct texts *texts, uint32_t text)
{
    if (text == TEXT_NONE)
        return;
    uint8_t *at = state_write(&texts->table, text);
    struct texts_class *slots = class_write(texts, at[2]);
    memset(at, 0, class_units[at[2]] * TEXTS_UNIT); /* so that a page of freed texts is absent */
    store_u32(at, slots->free);
    slots->free = text;
    slots->in_use--;
}

enum err texts_set(struct texts *texts, uint32_t *text, struct bytes content)
{
    if (content.size == 0) {
        texts_free(texts, *text);
        *text = TEXT_NONE;
        return OK;
    }
    uint8_t size_class = class_of(content.size);
    const uint8_t *at = *text == TEXT_NONE ? NULL : state_read(&texts->table, *text);
    if (at == NULL || at[2] != size_class) {
        uint32_t taken;
        enum err err = slot_take(texts, size_class, &taken);
        if (err != OK)
            return err;
        texts_free(texts, *text);
        *text = taken;
    }
    slot_write(texts, *text, size_class, content);
    return OK;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
static bool slot_lies_in_pages(const struct texts *texts, uint32_t text, uint32_t units)
{
    uint64_t end = ((uint64_t)pages_taken(texts) + 1) * PAGE_UNITS;
    return text >= PAGE_UNITS && text < end && text % PAGE_UNITS % units == 0 &&
           text % PAGE_UNITS + units <= PAGE_UNITS;
}

bool texts_is_valid(const struct texts *texts, uint32_t text, size_t most)
{
    if (text == TEXT_NONE)
        return true;
    if (!slot_lies_in_pages(texts, text, 1))
        return false;
    const uint8_t *at = state_read(&texts->table, text);
    return at[2] < TEXTS_CLASSES && load_u16(at) > 0 && load_u16(at) <= most &&
           load_u16(at) + HEAD <= class_units[at[2]] * TEXTS_UNIT &&
           slot_lies_in_pages(texts, text, class_units[at[2]]);
}

static bool class_is_valid(const struct texts *texts, uint8_t size_class)
{
    const struct texts_class *slots = class_read(texts, size_class);
    uint32_t units = class_units[size_class], in_page = PAGE_UNITS / units;
    if (slots->left > in_page ||
        (slots->left > 0 && (!slot_lies_in_pages(texts, slots->next, units) ||
                             slots->next % PAGE_UNITS + slots->left * units > PAGE_UNITS)))
        return false;
    uint64_t steps = 0, most = (uint64_t)pages_taken(texts) * in_page;
    for (uint32_t text = slots->free; text != TEXT_NONE; steps++) {
        if (steps > most || !slot_lies_in_pages(texts, text, units))
            return false;
        text = load_u32(state_read(&texts->table, text));
    }
    return true;
}

enum err texts_rebuild(struct texts *texts)
{
    uint64_t rows = ((uint64_t)pages_taken(texts) + 1) * PAGE_UNITS;
    if (rows > UINT32_MAX)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&texts->table, (uint32_t)rows);
    if (err != OK)
        return err;
    for (uint8_t size_class = 0; size_class < TEXTS_CLASSES; size_class++) {
        if (!class_is_valid(texts, size_class))
            return ERR_CORRUPT;
    }
    return OK;
}
