/* Texts: reasons, authors, annotations, values that are text. They are never changed and never
 * freed, so they stand one behind the other; one that does not fit into the rest of a page begins
 * the next. */
#include "model/archive/tables.h"

#include <string.h>

#define PAGE_UNITS ((uint32_t)(STATE_PAGE_SIZE / TEXT_UNIT))
#define HEAD 2u /* bytes before a text: its size */

static uint32_t units_of(size_t size)
{
    return (uint32_t)((HEAD + size + TEXT_UNIT - 1) / TEXT_UNIT);
}

bool archive_text_is_good(struct bytes text, size_t least, size_t most)
{
    return text.size >= least && text.size <= most && bytes_are_utf8(text);
}

/* Skipping the rest of a page costs less than a text of the largest size. */
uint32_t archive_text_units(size_t size)
{
    return size == 0 ? 0 : 2 * units_of(size);
}

bool archive_texts_fit(const struct archive *archive, uint64_t units)
{
    uint64_t most = archive->limits.texts_bytes_max / TEXT_UNIT;
    uint64_t room = UINT32_MAX - PAGE_UNITS;
    return archive->roots->texts_used + units <= (most < room ? most : room);
}

struct bytes archive_text(const struct archive *archive, uint32_t text)
{
    if (text == TEXT_NONE)
        return bytes_of("", 0);
    const uint8_t *at = state_read(&archive->texts, text);
    return bytes_of(at + HEAD, load_u16(at));
}

enum err archive_text_add(struct archive *archive, struct bytes text, uint32_t *ret_text)
{
    *ret_text = TEXT_NONE;
    if (text.size == 0)
        return OK;
    check(text.size <= STRING_VALUE_MAX);
    uint32_t units = units_of(text.size), at = archive->roots->texts_used + 1;
    if (at % PAGE_UNITS + units > PAGE_UNITS)
        at += PAGE_UNITS - at % PAGE_UNITS;
    enum err err = state_table_grow(&archive->texts, at + units);
    if (err != OK)
        return err;
    uint8_t *bytes = state_write(&archive->texts, at);
    store_u16(bytes, (uint16_t)text.size);
    memcpy(bytes + HEAD, text.at, text.size);
    roots_write(archive)->texts_used = at + units - 1;
    *ret_text = at;
    return OK;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
bool archive_text_is_valid(const struct archive *archive, uint32_t text, size_t most)
{
    if (text == TEXT_NONE)
        return true;
    if (text > archive->roots->texts_used)
        return false;
    size_t size = archive_text(archive, text).size;
    return size > 0 && size <= most && text % PAGE_UNITS + units_of(size) <= PAGE_UNITS &&
           text + units_of(size) - 1 <= archive->roots->texts_used;
}

enum err archive_texts_rebuild(struct archive *archive)
{
    uint32_t used = archive->roots->texts_used;
    if (used > UINT32_MAX - PAGE_UNITS)
        return ERR_CORRUPT;
    return state_table_grow(&archive->texts, used + 1);
}
