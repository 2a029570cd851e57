/* A batch is one write: its header, then runs of records, under one CRC32C. It is valid as a whole
 * or not at all. docs/format/batch.md is the page of it. */
#include "format/format.h"
#include "format/inside.h"

#define BATCH_MAGIC UINT32_C(0x3142534d) /* "MSB1" */
#define BATCH_LANES_MASK ((1U << LANES) - 1)
/* Where the fields of the header lie. */
enum {
    AT_MAGIC = 0,
    AT_CRC = 4,
    AT_EPOCH = 8,
    AT_POSITION = 16,
    AT_DURABLE = 24,
    AT_ENGINE_NS = 32,
    AT_WALL_NS = 40,
    AT_RECORDS = 48,
    AT_BODY_BYTES = 52,
    AT_LANES = 56,
    AT_RESERVED = 57,
};

/* Of a run header: 20 bits of bytes, of records and of the ordinal, 2 bits of lane, and the two
 * high bits of bytes, which were 0 while a batch was at most 1 MiB. */
#define RUN_FIELD_BITS 20
#define RUN_FIELD_MASK ((UINT64_C(1) << RUN_FIELD_BITS) - 1)
#define RUN_LANE_AT (3 * RUN_FIELD_BITS)
#define RUN_BYTES_HIGH_AT (RUN_LANE_AT + 2)
#define RUN_BYTES_MAX (4 * RUN_FIELD_MASK + 3)
_Static_assert(BATCH_BYTES_MAX <= RUN_BYTES_MAX, "a run of any batch fits its header");
/* The shortest record, a tick, has two bytes. */
_Static_assert((BATCH_BYTES_MAX - BATCH_HEADER_SIZE) / 2 <= RUN_FIELD_MASK, "so do its records");

static uint32_t batch_crc(const uint8_t *batch, uint32_t body_bytes)
{
    return crc32c(0, batch + AT_EPOCH, BATCH_HEADER_SIZE - AT_EPOCH + (size_t)body_bytes);
}

void batch_seal(uint8_t *batch, const struct batch_header *header)
{
    check(header->body_bytes <= BATCH_BYTES_MAX - BATCH_HEADER_SIZE);
    check(header->lanes != 0 && (header->lanes & ~BATCH_LANES_MASK) == 0);
    memset(batch, 0, BATCH_HEADER_SIZE);
    store_u32(batch + AT_MAGIC, BATCH_MAGIC);
    store_u64(batch + AT_EPOCH, header->epoch);
    store_u64(batch + AT_POSITION, header->position);
    store_u64(batch + AT_DURABLE, header->durable);
    store_i64(batch + AT_ENGINE_NS, header->engine_ns);
    store_i64(batch + AT_WALL_NS, header->wall_ns);
    store_u32(batch + AT_RECORDS, header->records);
    store_u32(batch + AT_BODY_BYTES, header->body_bytes);
    batch[AT_LANES] = header->lanes;
    store_u32(batch + AT_CRC, batch_crc(batch, header->body_bytes));
}

size_t batch_bytes_claimed(struct bytes b)
{
    if (b.size < BATCH_HEADER_SIZE || load_u32(b.at + AT_MAGIC) != BATCH_MAGIC)
        return 0;
    size_t body_bytes = load_u32(b.at + AT_BODY_BYTES);
    return body_bytes <= BATCH_BYTES_MAX - BATCH_HEADER_SIZE ? BATCH_HEADER_SIZE + body_bytes : 0;
}

enum err batch_open(struct bytes b, uint64_t epoch, struct batch_header *ret_header,
                    struct bytes *ret_body)
{
    if (b.size < BATCH_HEADER_SIZE || load_u32(b.at + AT_MAGIC) != BATCH_MAGIC)
        return ERR_CORRUPT;
    struct batch_header header = {
        .epoch = load_u64(b.at + AT_EPOCH),
        .position = load_u64(b.at + AT_POSITION),
        .durable = load_u64(b.at + AT_DURABLE),
        .engine_ns = load_i64(b.at + AT_ENGINE_NS),
        .wall_ns = load_i64(b.at + AT_WALL_NS),
        .records = load_u32(b.at + AT_RECORDS),
        .body_bytes = load_u32(b.at + AT_BODY_BYTES),
        .lanes = b.at[AT_LANES],
    };
    if (header.body_bytes > BATCH_BYTES_MAX - BATCH_HEADER_SIZE ||
        header.body_bytes > b.size - BATCH_HEADER_SIZE || (epoch != 0 && header.epoch != epoch))
        return ERR_CORRUPT;
    if (header.lanes == 0 || (header.lanes & ~BATCH_LANES_MASK) != 0 ||
        !bytes_are_zero(bytes_of(b.at + AT_RESERVED, BATCH_HEADER_SIZE - AT_RESERVED)))
        return ERR_CORRUPT;
    if (load_u32(b.at + AT_CRC) != batch_crc(b.at, header.body_bytes))
        return ERR_CORRUPT;
    *ret_header = header;
    *ret_body = bytes_of(b.at + BATCH_HEADER_SIZE, header.body_bytes);
    return OK;
}

void run_header_put(uint8_t *at, enum lane lane, uint32_t records, uint32_t ordinal, uint32_t bytes)
{
    check(lane >= LANE_FACTS && lane <= LANE_MESSAGES);
    check(records <= RUN_FIELD_MASK && ordinal <= RUN_FIELD_MASK && bytes <= RUN_BYTES_MAX);
    store_u64(at, ((uint64_t)bytes & RUN_FIELD_MASK) | (uint64_t)records << RUN_FIELD_BITS |
                      (uint64_t)ordinal << (2 * RUN_FIELD_BITS) | (uint64_t)lane << RUN_LANE_AT |
                      (uint64_t)(bytes >> RUN_FIELD_BITS) << RUN_BYTES_HIGH_AT);
}

enum err batch_next_run(struct bytes body, size_t *offset, enum lane *ret_lane,
                        uint32_t *ret_records, uint32_t *ret_ordinal, struct bytes *ret_run)
{
    if (*offset == body.size)
        return ERR_MISSING;
    if (*offset > body.size || body.size - *offset < RUN_HEADER_SIZE)
        return ERR_CORRUPT;
    uint64_t fields = load_u64(body.at + *offset);
    size_t bytes =
        (size_t)((fields & RUN_FIELD_MASK) | fields >> RUN_BYTES_HIGH_AT << RUN_FIELD_BITS);
    unsigned lane = (unsigned)(fields >> RUN_LANE_AT) & 3;
    if (lane == 0)
        return ERR_CORRUPT;
    if (bytes > body.size - *offset - RUN_HEADER_SIZE)
        return ERR_CORRUPT;
    *ret_lane = (enum lane)lane;
    *ret_records = (uint32_t)(fields >> RUN_FIELD_BITS & RUN_FIELD_MASK);
    *ret_ordinal = (uint32_t)(fields >> (2 * RUN_FIELD_BITS) & RUN_FIELD_MASK);
    *ret_run = bytes_of(body.at + *offset + RUN_HEADER_SIZE, bytes);
    *offset += RUN_HEADER_SIZE + bytes;
    return OK;
}
