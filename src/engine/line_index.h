/* line_index: series that were seen before, and the row their values go to. What lines.c needs of
 * line_index.c.
 *
 *   chunks:  entry entry entry ...                 in the order in which they were first seen
 *   entry:   head (row, points, what followed) | text of the influx_shape | map, when it has one
 *
 * Found by what followed last time (next), or by the hash of a line's head; believed only when
 * influx_match says that the bytes are the same. Bounded: when the chunks are full, all is
 * forgotten and learned anew, at most once in LINES_FORGET_NS; until then new series take the long
 * way. */
#pragma once

#include "engine/room.h"

#define LINES_FORGET_NS (600 * NS_PER_S)
#define LINE_UNIT 8u
#define LINES_CHUNK_UNITS ((uint32_t)(LINES_CHUNK / LINE_UNIT))
#define LINES_SAME_HEAD_MAX 16 /* entries that begin alike and differ in their further fields */

struct line_entry {
    uint32_t row; /* ROW_NONE: forgotten */
    uint32_t first_point;
    uint32_t next;  /* the entry that followed last time */
    uint32_t older; /* another of the same row */
    uint32_t tenant;
    uint16_t row_count; /* points of the row */
    uint16_t count;     /* fields of the line */
    uint16_t text_size;
    bool mapped; /* the fields are not just the row's points in their order */
    uint8_t text[];
};
struct line_map { /* behind the text: for each value of the record, in the order of columns */
    uint8_t field, column;
};

static inline struct line_entry *line_entry_at(const struct line_index *index, uint32_t entry)
{
    uint8_t *chunk = index->chunks[entry / LINES_CHUNK_UNITS];
    return (struct line_entry *)(void *)(chunk + (size_t)(entry % LINES_CHUNK_UNITS) * LINE_UNIT);
}
static inline const struct line_map *line_entry_map(const struct line_entry *entry)
{
    return (const struct line_map *)(const void *)(entry->text + entry->text_size);
}
static inline struct influx_shape line_entry_shape(const struct line_entry *entry)
{
    return (struct influx_shape){
        .count = entry->count, .text_size = entry->text_size, .text = entry->text};
}
static inline uint64_t line_head_hash(const struct engine *engine, struct bytes head)
{
    return hash64(head.at, head.size, engine->config.seed);
}

/* The index, made at the first call; NULL: no memory. */
struct line_index *line_index_get(struct engine *engine);
void line_index_forget_all(struct line_index *index);
/* The first entry of a line that begins like this; LINE_NONE. */
uint32_t line_index_find(const struct engine *engine, uint32_t tenant, struct bytes head,
                         uint64_t hash);
/* The line was taken into one row alone: places[line->field_count] say where, by column. The entry
 * for the next time; LINE_NONE: it cannot be learned. */
uint32_t line_index_learn(struct engine *engine, uint32_t tenant, const struct influx_line *line,
                          const struct row_shape *shape, const struct admit_place *places);
