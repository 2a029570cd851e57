/* Entries of series, in chunks that are filled one after the other, so that a sender's order is an
 * order in memory. */
#include "engine/line_index.h"

#include <stdlib.h>
#include <string.h>

/* ---- life
 * ---------------------------------------------------------------------------------------- */
static enum err index_begin(struct line_index *index)
{
    index->next_unit = 1; /* entry 0 is none */
    return index_create(&index->heads);
}

struct line_index *line_index_get(struct engine *engine)
{
    struct line_index *index = engine->lines;
    if (LIKELY(index && index->heads))
        return index;
    if (!index) {
        index = calloc(1, sizeof *index);
        if (!index)
            return NULL;
        index->chunks = calloc(LINES_CHUNKS_MAX, sizeof *index->chunks);
        struct bytes path = bytes_text(INFLUX_TEMPLATE_DEFAULT);
        const char *fault = influx_template_parse(path, &index->path_template);
        check(fault == NULL);
        if (!index->chunks) {
            free(index);
            return NULL;
        }
        memcpy(index->path_text, path.at, path.size);
        index->path_text_size = path.size;
        index->generation = 1;
        index->chunks_most = LINES_CHUNKS_MAX;
        index->lost_generation = engine->lost_generation;
        engine->lines = index;
    }
    return index_begin(index) == OK ? index : NULL;
}

void line_index_forget_all(struct line_index *index)
{
    for (uint32_t i = 0; i < index->chunk_count; i++) {
        os_huge_free(index->chunks[i], LINES_CHUNK);
        index->chunks[i] = NULL;
    }
    index->chunk_count = 0;
    index_destroy(index->heads);
    index->heads = NULL; /* line_index_get makes it again */
    index->next_unit = 1;
    index->generation++;
}

void line_index_done(struct engine *engine)
{
    if (!engine->lines)
        return;
    line_index_forget_all(engine->lines);
    free(engine->lines->chunks);
    free(engine->lines);
    engine->lines = NULL;
}

uint64_t line_index_memory(const struct engine *engine)
{
    const struct line_index *index = engine->lines;
    if (!index)
        return 0;
    uint64_t chunks = (uint64_t)index->chunk_count * LINES_CHUNK;
    return sizeof *index + chunks + (index->heads ? index_memory(index->heads) : 0);
}

const char *engine_lines_path(struct engine *engine, struct bytes text)
{
    struct line_index *index = line_index_get(engine);
    struct influx_template path_template;
    if (!index)
        return "there is no memory";
    if (bytes_equal(text, bytes_of(index->path_text, index->path_text_size)))
        return NULL;
    const char *fault = influx_template_parse(text, &path_template);
    if (fault)
        return fault;
    line_index_forget_all(index);
    index->path_template = path_template;
    memcpy(index->path_text, text.at, text.size);
    index->path_text_size = text.size;
    return NULL;
}

/* ---- finding
 * ------------------------------------------------------------------------------------- */
uint32_t line_index_find(const struct engine *engine, uint32_t tenant, struct bytes head,
                         uint64_t hash)
{
    const struct line_index *index = engine->lines;
    struct index_probe probe;
    for (uint32_t at = index_first(index->heads, &probe, hash); at != INDEX_NONE;
         at = index_next(index->heads, &probe)) {
        const struct line_entry *entry = line_entry_at(index, at);
        if (entry->row != ROW_NONE && entry->tenant == tenant &&
            bytes_equal(influx_shape_head(entry->text), head))
            return at;
    }
    return LINE_NONE;
}

/* What is known of the row; NULL: the table does not reach as far. */
static struct line_newest *row_newest(struct engine *engine, uint32_t row)
{
    struct state_table *table = &engine->contexts.lines;
    return row < state_table_capacity(table) ? state_write(table, row) : NULL;
}

void line_index_forget(struct engine *engine, uint32_t row)
{
    struct line_index *index = engine->lines;
    const struct line_newest *newest = row_newest(engine, row);
    if (!index || !newest || newest->generation != index->generation)
        return;
    for (uint32_t at = newest->entry; at != LINE_NONE;) {
        struct line_entry *entry = line_entry_at(index, at);
        check(entry->row == row || entry->row == ROW_NONE);
        entry->row = ROW_NONE;
        at = entry->older;
    }
}

/* ---- learning
 * ------------------------------------------------------------------------------------ */
/* Room for an entry with so many bytes behind its head; LINE_NONE: there is none. */
static uint32_t entry_take(struct engine *engine, size_t bytes)
{
    struct line_index *index = engine->lines;
    uint32_t units =
        (uint32_t)((offsetof(struct line_entry, text) + bytes + LINE_UNIT - 1) / LINE_UNIT);
    uint32_t at = index->next_unit;
    if (at % LINES_CHUNK_UNITS + units > LINES_CHUNK_UNITS)
        at += LINES_CHUNK_UNITS - at % LINES_CHUNK_UNITS;
    uint32_t chunk = at / LINES_CHUNK_UNITS;
    if (chunk >= index->chunks_most)
        return LINE_NONE;
    if (chunk == index->chunk_count) {
        /* The first may stay small; the others are looked into anywhere. */
        index->chunks[chunk] = chunk ? os_huge_alloc(LINES_CHUNK) : os_sparse_alloc(LINES_CHUNK);
        if (!index->chunks[chunk])
            return LINE_NONE;
        index->chunk_count++;
    }
    index->next_unit = at + units;
    return at;
}

/* There is no room: all is forgotten, but not again and again when more series come in turn than
 * there is room for. */
static bool index_renew(struct engine *engine)
{
    struct line_index *index = engine->lines;
    int64_t now_ns = engine->config.clock->boot_ns(engine->config.clock);
    if (index->chunk_count < index->chunks_most ||
        (index->forgotten_ns && now_ns - index->forgotten_ns < LINES_FORGET_NS))
        return false;
    index->forgotten_ns = now_ns;
    line_index_forget_all(index);
    return line_index_get(engine) != NULL;
}

static bool places_are_the_row(const struct row_shape *shape, const struct admit_place *places,
                               uint16_t count)
{
    if (shape->count != count)
        return false;
    for (uint16_t i = 0; i < count; i++)
        if (places[i].reading != i || places[i].column != i)
            return false;
    return true;
}

/* Is it there already, learned through another sender? */
static uint32_t learn_find(const struct engine *engine, uint32_t tenant,
                           const struct influx_shape *shape, uint64_t hash, unsigned *ret_alike)
{
    const struct line_index *index = engine->lines;
    struct index_probe probe;
    *ret_alike = 0;
    for (uint32_t at = index_first(index->heads, &probe, hash); at != INDEX_NONE;
         at = index_next(index->heads, &probe)) {
        const struct line_entry *entry = line_entry_at(index, at);
        *ret_alike += 1;
        if (entry->row != ROW_NONE && entry->tenant == tenant && entry->count == shape->count &&
            entry->text_size == shape->text_size &&
            memcmp(entry->text, shape->text, shape->text_size) == 0)
            return at;
    }
    return LINE_NONE;
}

static bool entry_link(struct engine *engine, uint32_t at, struct line_entry *entry)
{
    if (state_table_grow(&engine->contexts.lines, entry->row + 1) != OK)
        return false;
    uint32_t generation = engine->lines->generation;
    struct line_newest *newest = row_newest(engine, entry->row);
    entry->older = newest->generation == generation ? newest->entry : LINE_NONE;
    *newest = (struct line_newest){at, generation};
    return true;
}

uint32_t line_index_learn(struct engine *engine, uint32_t tenant, const struct influx_line *line,
                          const struct row_shape *row, const struct admit_place *places)
{
    uint8_t text[(size_t)8 << 10];
    struct influx_shape shape;
    unsigned alike;
    if (!influx_shape_learn(line, text, sizeof text, &shape))
        return LINE_NONE;
    uint64_t hash = line_head_hash(engine, influx_shape_head(text));
    uint32_t at = learn_find(engine, tenant, &shape, hash, &alike);
    if (at != LINE_NONE || alike >= LINES_SAME_HEAD_MAX)
        return at;
    bool mapped = !places_are_the_row(row, places, shape.count);
    size_t map_bytes = mapped ? shape.count * sizeof(struct line_map) : 0;
    at = entry_take(engine, shape.text_size + map_bytes);
    if (at == LINE_NONE && index_renew(engine))
        at = entry_take(engine, shape.text_size + map_bytes);
    if (at == LINE_NONE)
        return LINE_NONE;
    struct line_entry *entry = line_entry_at(engine->lines, at);
    *entry = (struct line_entry){.row = row->row,
                                 .first_point = row->first_point,
                                 .tenant = tenant,
                                 .row_count = row->count,
                                 .count = shape.count,
                                 .text_size = shape.text_size,
                                 .mapped = mapped};
    memcpy(entry->text, shape.text, shape.text_size);
    struct line_map *map = (struct line_map *)(void *)(entry->text + shape.text_size);
    for (uint16_t i = 0; mapped && i < shape.count; i++)
        map[i] = (struct line_map){(uint8_t)places[i].reading, places[i].column};
    if (!entry_link(engine, at, entry) || index_insert(engine->lines->heads, hash, at) != OK)
        return LINE_NONE; /* the room is lost, and nothing leads there */
    return at;
}
