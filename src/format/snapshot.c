/* A snapshot file: header, pages each under its own CRC32C, and an end mark without which the file
 * is no snapshot. docs/format/snapshot.md. */
#include "format/format.h"
#include "format/inside.h"

static const uint8_t snapshot_magic[8] = {'M', 'S', 'S', 'N', 'A', 'P', 'S', '\n'};
#define PAGE_MAGIC UINT32_C(0x3150534d) /* "MSP1" */
#define END_MAGIC UINT32_C(0x3145534d)  /* "MSE1" */
enum {                                  /* of the header */
       AT_VERSION = 8,
       AT_REDUCER_VERSION = 12,
       AT_JOURNAL = 16,
       AT_POSITION = 32,
       AT_SEGMENT_NUMBER = 40,
       AT_ENGINE_NS = 48,
       AT_WALL_NS = 56,
       AT_COUNTERS = 64,
       AT_CRC = SNAPSHOT_HEADER_SIZE - 4,
};
enum { /* of a page header */
       PAGE_AT_MAGIC = 0,
       PAGE_AT_CRC = 4, /* of what follows in the header and of the content */
       PAGE_AT_TABLE = 8,
       PAGE_AT_PAGE = 12,
       PAGE_AT_SIZE = 16,
       PAGE_AT_RESERVED = 20,
};
enum { /* of the end mark */
       END_AT_MAGIC = 0,
       END_AT_CRC = 4, /* of what follows */
       END_AT_PAGES = 8,
       END_AT_STATE_HASH = 16,
       END_AT_RESERVED = 24,
};

void snapshot_header_put(uint8_t *at, const struct snapshot_header *header)
{
    check(header->version == FORMAT_VERSION);
    memset(at, 0, SNAPSHOT_HEADER_SIZE);
    memcpy(at, snapshot_magic, sizeof snapshot_magic);
    store_u32(at + AT_VERSION, header->version);
    store_u32(at + AT_REDUCER_VERSION, header->reducer_version);
    store_u64(at + AT_JOURNAL, header->journal[0]);
    store_u64(at + AT_JOURNAL + 8, header->journal[1]);
    store_u64(at + AT_POSITION, header->position);
    store_u64(at + AT_SEGMENT_NUMBER, header->segment_number);
    store_i64(at + AT_ENGINE_NS, header->engine_ns);
    store_i64(at + AT_WALL_NS, header->wall_ns);
    for (size_t i = 0; i < ARRAY_COUNT(header->counters); i++)
        store_u64(at + AT_COUNTERS + 8 * i, header->counters[i]);
    store_u32(at + AT_CRC, crc32c(0, at, AT_CRC));
}

enum err snapshot_header_get(struct bytes b, struct snapshot_header *ret_header)
{
    if (b.size < SNAPSHOT_HEADER_SIZE || memcmp(b.at, snapshot_magic, sizeof snapshot_magic) != 0 ||
        load_u32(b.at + AT_CRC) != crc32c(0, b.at, AT_CRC))
        return ERR_CORRUPT;
    uint32_t version = load_u32(b.at + AT_VERSION);
    if (version == 0)
        return ERR_CORRUPT;
    *ret_header = (struct snapshot_header){.version = version};
    if (version > FORMAT_VERSION)
        return ERR_NEWER;
    ret_header->reducer_version = load_u32(b.at + AT_REDUCER_VERSION);
    ret_header->journal[0] = load_u64(b.at + AT_JOURNAL);
    ret_header->journal[1] = load_u64(b.at + AT_JOURNAL + 8);
    ret_header->position = load_u64(b.at + AT_POSITION);
    ret_header->segment_number = load_u64(b.at + AT_SEGMENT_NUMBER);
    ret_header->engine_ns = load_i64(b.at + AT_ENGINE_NS);
    ret_header->wall_ns = load_i64(b.at + AT_WALL_NS);
    for (size_t i = 0; i < ARRAY_COUNT(ret_header->counters); i++)
        ret_header->counters[i] = load_u64(b.at + AT_COUNTERS + 8 * i);
    return OK;
}

static uint32_t page_crc(const uint8_t *header, struct bytes content)
{
    uint32_t crc = crc32c(0, header + PAGE_AT_TABLE, SNAPSHOT_PAGE_HEADER_SIZE - PAGE_AT_TABLE);
    return crc32c(crc, content.at, content.size);
}

void snapshot_page_put(uint8_t *at, uint32_t table, uint32_t page, struct bytes content)
{
    check(content.size <= UINT32_MAX);
    memset(at, 0, SNAPSHOT_PAGE_HEADER_SIZE);
    store_u32(at + PAGE_AT_MAGIC, PAGE_MAGIC);
    store_u32(at + PAGE_AT_TABLE, table);
    store_u32(at + PAGE_AT_PAGE, page);
    store_u32(at + PAGE_AT_SIZE, (uint32_t)content.size);
    store_u32(at + PAGE_AT_CRC, page_crc(at, content));
}

enum err snapshot_page_get(struct bytes b, size_t page_size, uint32_t *ret_table,
                           uint32_t *ret_page)
{
    uint64_t pages, state_hash;
    if (snapshot_end_get(b, &pages, &state_hash) == OK)
        return ERR_MISSING;
    if (b.size < SNAPSHOT_PAGE_HEADER_SIZE || b.size - SNAPSHOT_PAGE_HEADER_SIZE < page_size ||
        load_u32(b.at + PAGE_AT_MAGIC) != PAGE_MAGIC || load_u32(b.at + PAGE_AT_SIZE) != page_size)
        return ERR_CORRUPT;
    struct bytes content = bytes_of(b.at + SNAPSHOT_PAGE_HEADER_SIZE, page_size);
    if (load_u32(b.at + PAGE_AT_CRC) != page_crc(b.at, content))
        return ERR_CORRUPT;
    struct bytes reserved =
        bytes_of(b.at + PAGE_AT_RESERVED, SNAPSHOT_PAGE_HEADER_SIZE - PAGE_AT_RESERVED);
    if (!bytes_are_zero(reserved))
        return ERR_CORRUPT;
    *ret_table = load_u32(b.at + PAGE_AT_TABLE);
    *ret_page = load_u32(b.at + PAGE_AT_PAGE);
    return OK;
}

void snapshot_end_put(uint8_t *at, uint64_t pages, uint64_t state_hash)
{
    memset(at, 0, SNAPSHOT_END_SIZE);
    store_u32(at + END_AT_MAGIC, END_MAGIC);
    store_u64(at + END_AT_PAGES, pages);
    store_u64(at + END_AT_STATE_HASH, state_hash);
    store_u32(at + END_AT_CRC, crc32c(0, at + END_AT_PAGES, SNAPSHOT_END_SIZE - END_AT_PAGES));
}

enum err snapshot_end_get(struct bytes b, uint64_t *ret_pages, uint64_t *ret_state_hash)
{
    if (b.size < SNAPSHOT_END_SIZE || load_u32(b.at + END_AT_MAGIC) != END_MAGIC ||
        load_u32(b.at + END_AT_CRC) !=
            crc32c(0, b.at + END_AT_PAGES, SNAPSHOT_END_SIZE - END_AT_PAGES))
        return ERR_CORRUPT;
    if (!bytes_are_zero(bytes_of(b.at + END_AT_RESERVED, SNAPSHOT_END_SIZE - END_AT_RESERVED)))
        return ERR_CORRUPT;
    *ret_pages = load_u64(b.at + END_AT_PAGES);
    *ret_state_hash = load_u64(b.at + END_AT_STATE_HASH);
    return OK;
}
