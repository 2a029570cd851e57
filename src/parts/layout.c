/* The bytes of a part: names, header, footer, top. Every size and count is held against what is
 * there before it is believed. */
#include "parts/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define HEADER_MAGIC UINT64_C(0x0a5354524150534d) /* "MSPARTS\n" */
#define FOOTER_MAGIC UINT64_C(0x0a4e45544150534d) /* "MSPATEN\n" */

/* ---- names ------------------------------------------------------------------------------------
 */
static const char *const tier_names[PART_TIERS] = {"raw", "minute", "hour", "day"};

bool part_name_put(struct part_info *info)
{
    if (info->from > PART_NUMBER_MAX || info->to > PART_NUMBER_MAX ||
        info->serial > PART_NUMBER_MAX)
        return false;
    int size = snprintf(info->name, sizeof info->name,
                        "%s-%010" PRIu64 "-%010" PRIu64 "-%06" PRIu64 ".part",
                        tier_names[info->tier], info->from, info->to, info->serial);
    check(size > 0 && (size_t)size < sizeof info->name);
    return true;
}

bool part_name_get(const char *name, struct part_info *ret_info)
{
    struct part_info info = {0};
    for (int tier = 0; tier < PART_TIERS; tier++) {
        size_t size = strlen(tier_names[tier]);
        if (strncmp(name, tier_names[tier], size) != 0 ||
            sscanf(name + size, "-%16" SCNu64 "-%16" SCNu64 "-%16" SCNu64, &info.from, &info.to,
                   &info.serial) != 3)
            continue;
        info.tier = (enum part_tier)tier;
        if (!part_name_put(&info) || strcmp(info.name, name) != 0)
            return false;
        *ret_info = info;
        return true;
    }
    return false;
}

void part_path_put(char *path, const char *folder, const char *name)
{
    int size = snprintf(path, PART_PATH_SIZE, "%s/%s", folder, name);
    check(size > 0 && size < PART_PATH_SIZE);
}

/* ---- info -------------------------------------------------------------------------------------
 */
void part_info_put(uint8_t *at, const struct part_info *info)
{
    const uint64_t words[] = {info->serial,
                              info->from,
                              info->to,
                              info->erased_position,
                              info->journal[0],
                              info->journal[1],
                              (uint64_t)info->wall_ns,
                              info->owners,
                              info->chunks,
                              info->samples,
                              info->values,
                              (uint64_t)info->first_ns,
                              (uint64_t)info->last_ns,
                              info->bytes,
                              info->index_bytes};
    _Static_assert(8 + sizeof words == PART_INFO_SIZE, "the format's size");
    store_u32(at, (uint32_t)info->tier);
    store_u32(at + 4, info->level);
    memcpy(at + 8, words, sizeof words);
}

bool part_info_get(const uint8_t *at, struct part_info *ret_info)
{
    uint64_t words[15];
    struct part_info info = {.level = load_u32(at + 4)};
    uint32_t tier = load_u32(at);
    memcpy(words, at + 8, sizeof words);
    if (tier >= PART_TIERS || words[1] > words[2])
        return false;
    info.tier = (enum part_tier)tier;
    info.serial = words[0];
    info.from = words[1];
    info.to = words[2];
    info.erased_position = words[3];
    info.journal[0] = words[4];
    info.journal[1] = words[5];
    info.wall_ns = (int64_t)words[6];
    info.owners = words[7];
    info.chunks = words[8];
    info.samples = words[9];
    info.values = words[10];
    info.first_ns = (int64_t)words[11];
    info.last_ns = (int64_t)words[12];
    info.bytes = words[13];
    info.index_bytes = words[14];
    if (!part_name_put(&info))
        return false;
    *ret_info = info;
    return true;
}

bool part_info_same(const struct part_info *a, const struct part_info *b)
{
    return a->tier == b->tier && a->level == b->level && a->serial == b->serial &&
           a->from == b->from && a->to == b->to && a->erased_position == b->erased_position &&
           a->journal[0] == b->journal[0] && a->journal[1] == b->journal[1] &&
           a->wall_ns == b->wall_ns;
}

/* ---- header and footer ------------------------------------------------------------------------
 */
static void frame_put(uint8_t *at, size_t size, uint64_t magic, const struct part_info *info)
{
    memset(at, 0, size);
    store_u64(at, magic);
    store_u32(at + 8, PART_VERSION);
    part_info_put(at + 16, info);
}

static void frame_sign(uint8_t *at, size_t size)
{
    store_u32(at + size - 4, crc32c(0, at, size - 4));
}

static enum err frame_get(const uint8_t *at, size_t size, uint64_t magic,
                          struct part_info *ret_info)
{
    if (load_u64(at) != magic || load_u32(at + size - 4) != crc32c(0, at, size - 4))
        return ERR_CORRUPT;
    if (load_u32(at + 8) > PART_VERSION)
        return ERR_NEWER;
    if (load_u32(at + 8) != PART_VERSION || !part_info_get(at + 16, ret_info))
        return ERR_CORRUPT;
    return OK;
}

void part_header_put(uint8_t *at, const struct part_info *info)
{
    struct part_info known = *info;
    known.owners = known.chunks = known.samples = known.values = 0;
    known.first_ns = known.last_ns = 0;
    known.bytes = known.index_bytes = 0;
    frame_put(at, PART_HEADER_SIZE, HEADER_MAGIC, &known);
    frame_sign(at, PART_HEADER_SIZE);
}

enum err part_header_get(const uint8_t *at, struct part_info *ret_info)
{
    return frame_get(at, PART_HEADER_SIZE, HEADER_MAGIC, ret_info);
}

void part_footer_put(uint8_t *at, const struct part_footer *footer)
{
    frame_put(at, PART_FOOTER_SIZE, FOOTER_MAGIC, &footer->info);
    store_u64(at + 144, footer->index_at);
    store_u64(at + 152, footer->top_at);
    store_u32(at + 160, footer->blocks);
    store_u32(at + 164, footer->top_crc);
    frame_sign(at, PART_FOOTER_SIZE);
}

enum err part_footer_get(const uint8_t *at, struct part_footer *ret_footer)
{
    struct part_footer footer = {0};
    enum err err = frame_get(at, PART_FOOTER_SIZE, FOOTER_MAGIC, &footer.info);
    if (err != OK)
        return err;
    const struct part_info *info = &footer.info;
    footer.index_at = load_u64(at + 144);
    footer.top_at = load_u64(at + 152);
    footer.blocks = load_u32(at + 160);
    footer.top_crc = load_u32(at + 164);
    uint64_t top_bytes = (uint64_t)footer.blocks * PART_TOP_SIZE;
    if (footer.blocks > PART_BLOCKS_MAX || footer.index_at < PART_HEADER_SIZE ||
        footer.top_at < footer.index_at || info->bytes < top_bytes + PART_FOOTER_SIZE ||
        footer.top_at != info->bytes - top_bytes - PART_FOOTER_SIZE)
        return ERR_CORRUPT;
    if (info->index_bytes != info->bytes - PART_FOOTER_SIZE - footer.index_at ||
        footer.blocks !=
            info->chunks / PART_BLOCK_ENTRIES + (info->chunks % PART_BLOCK_ENTRIES != 0) ||
        info->owners > info->chunks)
        return ERR_CORRUPT;
    *ret_footer = footer;
    return OK;
}

/* ---- top --------------------------------------------------------------------------------------
 */
void part_top_put(uint8_t *at, const struct part_block *block, uint64_t chunk_bytes,
                  uint32_t block_bytes)
{
    store_u32(at, block->owner_first);
    store_u32(at + 4, block->owner_last);
    store_u64(at + 8, (uint64_t)block->first_ns);
    store_u64(at + 16, (uint64_t)block->last_ns);
    store_u64(at + 24, chunk_bytes);
    store_u32(at + 32, block_bytes);
    store_u32(at + 36, 0);
}

bool part_top_get(struct bytes top, const struct part_footer *footer, struct part_block *blocks)
{
    uint64_t chunks_at = PART_HEADER_SIZE, block_at = footer->index_at;
    check(top.size == (size_t)footer->blocks * PART_TOP_SIZE);
    if (crc32c(0, top.at, top.size) != footer->top_crc)
        return false;
    for (uint32_t i = 0; i < footer->blocks; i++) {
        const uint8_t *at = top.at + (size_t)i * PART_TOP_SIZE;
        struct part_block *block = &blocks[i];
        *block = (struct part_block){.owner_first = load_u32(at),
                                     .owner_last = load_u32(at + 4),
                                     .first_ns = (int64_t)load_u64(at + 8),
                                     .last_ns = (int64_t)load_u64(at + 16),
                                     .chunks_at = chunks_at,
                                     .block_at = block_at};
        uint64_t chunk_bytes = load_u64(at + 24);
        uint32_t block_bytes = load_u32(at + 32);
        if (block->owner_first > block->owner_last || block->first_ns > block->last_ns ||
            (i > 0 && block->owner_first < blocks[i - 1].owner_last) ||
            block_bytes < PART_BLOCK_BYTES_MIN || block_bytes > PART_BLOCK_BYTES_MAX ||
            chunk_bytes == 0 || chunk_bytes > footer->index_at - chunks_at ||
            block_bytes > footer->top_at - block_at)
            return false;
        chunks_at += chunk_bytes;
        block_at += block_bytes;
    }
    blocks[footer->blocks] = (struct part_block){.owner_first = UINT32_MAX,
                                                 .owner_last = UINT32_MAX,
                                                 .chunks_at = chunks_at,
                                                 .block_at = block_at};
    return chunks_at == footer->index_at && block_at == footer->top_at;
}
