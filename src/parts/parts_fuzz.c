/* Any bytes as the file of a part: opened, walked, sought, checked, repaired, salvaged. The first
 * byte chooses: bit 0, the sums of header, top and footer are made right first, so that the fuzzer
 * comes behind them; bit 1, those of the blocks of the index as well; bit 2, the bytes are a list
 * of parts instead. */
#include "parts/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

#define NAME "raw-0000000001-0000000002-000001.part"

static struct memory_disk memory;

static void file_put(const char *path, const uint8_t *at, size_t size)
{
    struct disk_file *file = NULL;
    check(memory.port.open(&memory.port, path, DISK_WRITE | DISK_CREATE, &file) == OK);
    if (size > 0)
        check(memory.port.write(&memory.port, file, 0, at, size) == OK);
    memory.port.close(&memory.port, file);
}

static void sign(uint8_t *at, size_t size)
{
    store_u32(at + size - 4, crc32c(0, at, size - 4));
}

/* Makes the sums right, as somebody would who means harm. */
static void sums_make(uint8_t *at, size_t size, bool blocks)
{
    if (size < PART_HEADER_SIZE + PART_FOOTER_SIZE)
        return;
    uint8_t *footer = at + size - PART_FOOTER_SIZE;
    uint64_t index_at = load_u64(footer + 144), top_at = load_u64(footer + 152);
    size_t end = size - PART_FOOTER_SIZE;
    store_u64(footer + 16 + 112, size);
    store_u64(footer + 16 + 120, end - index_at);
    if (top_at <= end && index_at <= top_at) {
        uint64_t block_at = index_at;
        store_u32(footer + 164, crc32c(0, at + top_at, end - (size_t)top_at));
        for (uint64_t top = top_at; blocks && top + PART_TOP_SIZE <= end; top += PART_TOP_SIZE) {
            uint32_t bytes = load_u32(at + top + 32);
            if (bytes < 5 || bytes > top_at - block_at)
                break;
            store_u32(at + block_at, crc32c(0, at + block_at + 4, bytes - 4));
            block_at += bytes;
        }
    }
    sign(at, PART_HEADER_SIZE);
    sign(footer, PART_FOOTER_SIZE);
}

static void told(void *arg, const struct part_damage *damage)
{
    size_t *count = arg;
    (*count)++;
    check(memchr(damage->why, 0, sizeof damage->why) != NULL);
    check(damage->owner <= damage->owner_last);
}

/* Entries lie in the file, one after another, and ascend. */
static void part_walk(struct part *part, size_t size)
{
    struct part_cursor *cursor;
    struct part_entry entry, before = {0};
    size_t count = 0, damaged = 0;
    check(part_cursor_create(part, told, &damaged, &cursor) == OK);
    while (part_cursor_next(cursor, &entry) == OK) {
        struct bytes bytes;
        check(entry.offset + entry.size <= size && entry.first_ns <= entry.last_ns);
        check(count == 0 || entry.owner > before.owner ||
              (entry.owner == before.owner && entry.first_ns >= before.first_ns));
        if (part_cursor_chunk(cursor, &entry, &bytes) == OK)
            check(bytes.size == entry.size);
        before = entry;
        count++;
    }
    check(count <= size);
    for (uint32_t i = 0; i < 8 && count > 0; i++) {
        uint32_t owner = before.owner / 7 * i;
        check(part_cursor_seek(cursor, owner, before.first_ns) == OK);
        if (part_cursor_next(cursor, &entry) == OK)
            check(entry.owner >= owner &&
                  (entry.owner > owner || entry.last_ns >= before.first_ns));
    }
    part_cursor_destroy(cursor);
}

static void part_try(size_t size)
{
    static const uint64_t journal[2] = {1, 2};
    struct part *part;
    struct part_info info;
    size_t damaged = 0;
    if (part_open(&memory.port, "history", NAME, &part) == OK) {
        check(part->info.bytes == size && part_memory(part) < 2 * size + 8192);
        part_walk(part, size);
        check(part_check(part, told, &damaged) == damaged);
        enum err err = part_repair(part, 5, &info);
        check(err == OK || err == ERR_LIMIT);
        check(err != OK || damaged > 0 || info.chunks == part->info.chunks);
        part_release(part);
    }
    enum err err = part_salvage(&memory.port, "history", NAME, journal, 6, &info);
    if (err == OK) {
        check(part_open(&memory.port, "history", info.name, &part) == OK);
        damaged = 0;
        check(part_check(part, told, &damaged) == 0);
        part_release(part);
    }
}

static void list_try(const uint8_t *at, size_t size)
{
    struct parts_list list;
    char rebuilt[128];
    size_t damaged = 0;
    file_put("history/parts.list", at, size);
    file_put("history/" NAME, at, size);
    enum err err = parts_list_read(&memory.port, "history", false, told, &damaged, &list, rebuilt);
    check(err == OK || err == ERR_NEWER);
    if (err == OK)
        parts_list_done(&list);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    if (size == 0 || size > 1 << 16)
        return 0;
    uint8_t *copy = malloc(size);
    check(copy != NULL);
    memcpy(copy, at + 1, size - 1);
    memory_disk_init(&memory);
    if (at[0] & 4) {
        if ((at[0] & 1) && size - 1 >= 68) {
            sign(copy, 64);
            store_u32(copy + size - 5, crc32c(0, copy + 64, size - 1 - 68));
        }
        list_try(copy, size - 1);
    } else {
        if (at[0] & 1)
            sums_make(copy, size - 1, at[0] & 2);
        file_put("history/" NAME, copy, size - 1);
        part_try(size - 1);
    }
    memory_disk_done(&memory);
    free(copy);
    return 0;
}
