/* Any bytes as a snapshot's header, pages and end mark. */
#include "format/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

#define PAGE 64

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    struct bytes b = bytes_of(at, size);
    struct snapshot_header header;
    uint64_t pages, state_hash;
    uint32_t table, page;
    if (snapshot_header_get(b, &header) == OK)
        check(header.version >= 1 && header.version <= FORMAT_VERSION);
    bool ended = snapshot_end_get(b, &pages, &state_hash) == OK;
    check((snapshot_page_get(b, PAGE, &table, &page) == ERR_MISSING) == ended);
    size_t offset = size < SNAPSHOT_HEADER_SIZE ? 0 : SNAPSHOT_HEADER_SIZE;
    while (snapshot_page_get(bytes_of(at + offset, size - offset), PAGE, &table, &page) == OK) {
        offset += SNAPSHOT_PAGE_HEADER_SIZE + PAGE;
        check(offset <= size);
    }
    return 0;
}
