/* Texts of versions: names, titles, branches, sheets, authors. A version that keeps a text of the
 * one before names the same; texts are never changed and never freed, so they stand one behind the
 * other; one that does not fit into the rest of a page begins the next. */
#include "model/assets/tables.h"

#include <string.h>

#define PAGE_UNITS ((uint32_t)(STATE_PAGE_SIZE / SHEET_UNIT))
#define HEAD 2u /* bytes before a text: its size */

uint32_t asset_text_units(size_t size)
{
    return size == 0 ? 0 : (uint32_t)((HEAD + size + SHEET_UNIT - 1) / SHEET_UNIT);
}

struct bytes asset_text(const struct assets *assets, uint32_t text)
{
    if (text == TEXT_NONE)
        return bytes_of("", 0);
    const uint8_t *at = state_read(&assets->texts, text);
    return bytes_of(at + HEAD, load_u16(at));
}

enum err asset_text_add(struct assets *assets, struct bytes text, uint32_t *ret_text)
{
    *ret_text = TEXT_NONE;
    if (text.size == 0)
        return OK;
    check(text.size <= ASSET_SHEET_MAX);
    uint32_t units = asset_text_units(text.size);
    uint64_t at = (uint64_t)assets->roots->texts_used + 1;
    if (at % PAGE_UNITS + units > PAGE_UNITS)
        at += PAGE_UNITS - at % PAGE_UNITS;
    if (at + units > UINT32_MAX)
        return ERR_LIMIT;
    enum err err = state_table_grow(&assets->texts, (uint32_t)at + units);
    if (err != OK)
        return err;
    uint8_t *bytes = state_write(&assets->texts, (uint32_t)at);
    store_u16(bytes, (uint16_t)text.size);
    memcpy(bytes + HEAD, text.at, text.size);
    struct roots_entry *roots = roots_write(assets);
    roots->texts_used = (uint32_t)at + units - 1;
    roots->text_units += units;
    *ret_text = (uint32_t)at;
    return OK;
}

/* ---- pages from outside ------------------------------------------------------------------------
 */
bool asset_text_is_valid(const struct assets *assets, uint32_t text, size_t most)
{
    if (text == TEXT_NONE)
        return true;
    if (text > assets->roots->texts_used)
        return false;
    size_t size = asset_text(assets, text).size;
    return size > 0 && size <= most && text % PAGE_UNITS + asset_text_units(size) <= PAGE_UNITS &&
           (uint64_t)text + asset_text_units(size) - 1 <= assets->roots->texts_used;
}

enum err assets_texts_rebuild(struct assets *assets)
{
    const struct roots_entry *roots = assets->roots;
    uint64_t end = (uint64_t)roots->texts_used + 1, units = 0;
    if (end > UINT32_MAX - PAGE_UNITS)
        return ERR_CORRUPT;
    enum err err = state_table_grow(&assets->texts, (uint32_t)end);
    for (uint64_t text = 1; err == OK && text < end;) {
        size_t size = asset_text(assets, (uint32_t)text).size;
        if (size == 0) { /* the rest of this page is skipped */
            text += PAGE_UNITS - text % PAGE_UNITS;
            continue;
        }
        if (!asset_text_is_valid(assets, (uint32_t)text, ASSET_SHEET_MAX))
            return ERR_CORRUPT;
        text += asset_text_units(size);
        units += asset_text_units(size);
    }
    return err == OK && units != roots->text_units ? ERR_CORRUPT : err;
}
