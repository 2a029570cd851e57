/* The first block of a segment file. Its CRC lies at the block's end in every version, so that a
 * damaged header is never taken for one of a newer version. docs/format/segment.md. */
#include "format/format.h"
#include "format/inside.h"

static const uint8_t segment_magic[8] = {'M', 'S', 'S', 'E', 'G', 'M', 'T', '\n'};
enum {
    AT_VERSION = 8,
    AT_KIND = 12,
    AT_NUMBER = 16,
    AT_EPOCH = 24,
    AT_GENERATION = 32,
    AT_FIRST_POSITION = 40,
    AT_PREVIOUS_END = 48,
    AT_WALL_NS = 56,
    AT_JOURNAL = 64,
    AT_LAST_POSITION = 80,
    AT_LANES = 88,
    AT_CRC = SEGMENT_HEADER_SIZE - 4,
};

void segment_header_put(uint8_t *at, const struct segment_header *header)
{
    check(header->version == FORMAT_VERSION);
    check(header->kind >= SEGMENT_OPEN && header->kind <= SEGMENT_MESSAGES);
    check(header->generation != 0 && header->lanes >> LANES == 0);
    memset(at, 0, SEGMENT_HEADER_SIZE);
    memcpy(at, segment_magic, sizeof segment_magic);
    store_u32(at + AT_VERSION, header->version);
    at[AT_KIND] = header->kind;
    store_u64(at + AT_NUMBER, header->number);
    store_u64(at + AT_EPOCH, header->epoch);
    store_u32(at + AT_GENERATION, header->generation);
    store_u64(at + AT_FIRST_POSITION, header->first_position);
    store_u64(at + AT_PREVIOUS_END, header->previous_end);
    store_i64(at + AT_WALL_NS, header->wall_ns);
    store_u64(at + AT_JOURNAL, header->journal[0]);
    store_u64(at + AT_JOURNAL + 8, header->journal[1]);
    store_u64(at + AT_LAST_POSITION, header->last_position);
    at[AT_LANES] = header->lanes;
    store_u32(at + AT_CRC, crc32c(0, at, AT_CRC));
}

enum err segment_header_get(struct bytes b, struct segment_header *ret_header)
{
    if (b.size < SEGMENT_HEADER_SIZE || memcmp(b.at, segment_magic, sizeof segment_magic) != 0 ||
        load_u32(b.at + AT_CRC) != crc32c(0, b.at, AT_CRC))
        return ERR_CORRUPT;
    uint32_t version = load_u32(b.at + AT_VERSION);
    if (version == 0)
        return ERR_CORRUPT;
    if (version > FORMAT_VERSION) {
        *ret_header = (struct segment_header){.version = version};
        return ERR_NEWER;
    }
    struct segment_header header = {
        .version = version,
        .kind = b.at[AT_KIND],
        .number = load_u64(b.at + AT_NUMBER),
        .epoch = load_u64(b.at + AT_EPOCH),
        .generation = load_u32(b.at + AT_GENERATION),
        .first_position = load_u64(b.at + AT_FIRST_POSITION),
        .previous_end = load_u64(b.at + AT_PREVIOUS_END),
        .wall_ns = load_i64(b.at + AT_WALL_NS),
        .journal = {load_u64(b.at + AT_JOURNAL), load_u64(b.at + AT_JOURNAL + 8)},
        .last_position = load_u64(b.at + AT_LAST_POSITION),
        .lanes = b.at[AT_LANES],
    };
    if (header.kind < SEGMENT_OPEN || header.kind > SEGMENT_MESSAGES || header.generation == 0 ||
        header.lanes >> LANES != 0)
        return ERR_CORRUPT;
    /* While there were two lanes both had a file, and nothing said so. */
    if (header.kind != SEGMENT_OPEN && header.lanes == 0)
        header.lanes = 1U << (LANE_FACTS - 1) | 1U << (LANE_SAMPLES - 1);
    *ret_header = header;
    return OK;
}
