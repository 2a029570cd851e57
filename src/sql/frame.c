/* Frames: see frame.h. */
#include "sql/frame.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WRITER_FIRST 4096

/* ---- writing ----------------------------------------------------------------------------------
 */
void frame_writer_done(struct frame_writer *writer)
{
    free(writer->at);
    *writer = (struct frame_writer){.at = NULL};
}

uint8_t *frame_room(struct frame_writer *writer, size_t size)
{
    if (writer->failed || size > FRAME_BYTES_MAX ||
        writer->size + size > (size_t)FRAME_BYTES_MAX + FRAME_HEAD) {
        writer->failed = true;
        return NULL;
    }
    if (writer->size + size > writer->capacity) {
        size_t capacity = writer->capacity == 0 ? WRITER_FIRST : writer->capacity;
        while (capacity < writer->size + size)
            capacity *= 2;
        uint8_t *at = realloc(writer->at, capacity);
        if (at == NULL) {
            writer->failed = true;
            return NULL;
        }
        writer->at = at;
        writer->capacity = capacity;
    }
    uint8_t *room = writer->at + writer->size;
    writer->size += size;
    return room;
}

size_t frame_begin(struct frame_writer *writer, enum frame_kind kind)
{
    size_t began = writer->size;
    uint8_t *head = frame_room(writer, FRAME_HEAD);
    if (head != NULL) {
        store_u32(head, 0);
        head[4] = (uint8_t)kind;
    }
    return began;
}

void frame_end(struct frame_writer *writer, size_t began)
{
    if (!writer->failed)
        store_u32(writer->at + began, (uint32_t)(writer->size - began - FRAME_HEAD));
}

void frame_put_bytes(struct frame_writer *writer, const void *at, size_t size)
{
    uint8_t *room = frame_room(writer, size);
    if (room != NULL && size > 0)
        memcpy(room, at, size);
}

void frame_put_u8(struct frame_writer *writer, uint8_t v)
{
    uint8_t *room = frame_room(writer, 1);
    if (room != NULL)
        *room = v;
}

void frame_put_u32(struct frame_writer *writer, uint32_t v)
{
    uint8_t *room = frame_room(writer, sizeof v);
    if (room != NULL)
        store_u32(room, v);
}

void frame_put_u64(struct frame_writer *writer, uint64_t v)
{
    uint8_t *room = frame_room(writer, sizeof v);
    if (room != NULL)
        store_u64(room, v);
}

void frame_put_text(struct frame_writer *writer, struct bytes text)
{
    if (text.size > FRAME_BYTES_MAX) {
        writer->failed = true;
        return;
    }
    frame_put_u32(writer, (uint32_t)text.size);
    frame_put_bytes(writer, text.at, text.size);
}

void frame_put_null(struct frame_writer *writer)
{
    frame_put_u8(writer, FRAME_NULL);
}

void frame_put_integer(struct frame_writer *writer, int64_t v)
{
    frame_put_u8(writer, FRAME_INTEGER);
    frame_put_u64(writer, (uint64_t)v);
}

void frame_put_real(struct frame_writer *writer, double v)
{
    uint64_t bits;
    if (!isfinite(v)) {
        frame_put_null(writer);
        return;
    }
    memcpy(&bits, &v, sizeof bits);
    frame_put_u8(writer, FRAME_REAL);
    frame_put_u64(writer, bits);
}

void frame_put_words(struct frame_writer *writer, struct bytes text)
{
    frame_put_u8(writer, FRAME_TEXT);
    frame_put_text(writer, text);
}

void frame_put_value(struct frame_writer *writer, const struct sql_value *value)
{
    switch (value->kind) {
    case FRAME_INTEGER:
        frame_put_integer(writer, value->integer);
        break;
    case FRAME_REAL:
        frame_put_real(writer, value->real);
        break;
    case FRAME_TEXT:
    case FRAME_BLOB:
        frame_put_u8(writer, (uint8_t)value->kind);
        frame_put_text(writer, value->text);
        break;
    default:
        frame_put_null(writer);
    }
}

/* ---- reading ----------------------------------------------------------------------------------
 */
struct bytes frame_get_bytes(struct frame_reader *reader, size_t count, size_t size)
{
    size_t rest = reader->body.size - reader->at;
    if (reader->wrong || (size > 0 && count > rest / size)) {
        reader->wrong = true;
        return bytes_of("", 0);
    }
    const uint8_t *at = reader->body.at + reader->at;
    reader->at += count * size;
    return bytes_of(at, count * size);
}

uint8_t frame_get_u8(struct frame_reader *reader)
{
    struct bytes b = frame_get_bytes(reader, 1, 1);
    return b.size == 1 ? b.at[0] : 0;
}

uint32_t frame_get_u32(struct frame_reader *reader)
{
    struct bytes b = frame_get_bytes(reader, 1, sizeof(uint32_t));
    return b.size > 0 ? load_u32(b.at) : 0;
}

uint64_t frame_get_u64(struct frame_reader *reader)
{
    struct bytes b = frame_get_bytes(reader, 1, sizeof(uint64_t));
    return b.size > 0 ? load_u64(b.at) : 0;
}

struct bytes frame_get_text(struct frame_reader *reader)
{
    return frame_get_bytes(reader, frame_get_u32(reader), 1);
}

struct sql_value frame_get_value(struct frame_reader *reader)
{
    struct sql_value value = {.kind = FRAME_NULL};
    uint8_t kind = frame_get_u8(reader);
    uint64_t bits;
    switch (kind) {
    case FRAME_NULL:
        break;
    case FRAME_INTEGER:
        value.integer = (int64_t)frame_get_u64(reader);
        break;
    case FRAME_REAL:
        bits = frame_get_u64(reader);
        memcpy(&value.real, &bits, sizeof bits);
        break;
    case FRAME_TEXT:
    case FRAME_BLOB:
        value.text = frame_get_text(reader);
        break;
    default:
        reader->wrong = true;
    }
    if (!reader->wrong)
        value.kind = (enum frame_value)kind;
    return value;
}

/* ---- filters ----------------------------------------------------------------------------------
 */
enum filter_bits {
    BY_POINT = 1,
    BY_PATH = 2,
    BY_GLOB = 4,
    BY_LIKE = 8,
    BY_LABEL = 16,
    BY_MATCH = 32,
    BY_RETIRED = 64,
    RETIRED = 128
};

void filter_put(struct frame_writer *writer, const struct sql_filter *filter)
{
    const struct bytes texts[] = {filter->glob, filter->like, filter->label, filter->match,
                                  filter->step};
    unsigned bits = (filter->by_point ? BY_POINT : 0u) | (filter->by_path ? BY_PATH : 0u) |
                    (filter->by_glob ? BY_GLOB : 0u) | (filter->by_like ? BY_LIKE : 0u) |
                    (filter->by_label ? BY_LABEL : 0u) | (filter->by_match ? BY_MATCH : 0u) |
                    (filter->by_retired ? BY_RETIRED : 0u) | (filter->retired ? RETIRED : 0u);
    frame_put_u8(writer, (uint8_t)filter->table);
    frame_put_u8(writer, (uint8_t)filter->order);
    frame_put_u8(writer, (uint8_t)bits);
    frame_put_u32(writer, filter->columns);
    frame_put_u64(writer, (uint64_t)filter->from_ns);
    frame_put_u64(writer, (uint64_t)filter->to_ns);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        frame_put_text(writer, texts[i]);
    frame_put_u32(writer, filter->point_count);
    frame_put_bytes(writer, filter->points.at, filter->points.size);
    frame_put_u32(writer, filter->path_count);
    frame_put_text(writer, filter->paths);
}

bool filter_get(struct frame_reader *reader, struct sql_filter *ret_filter)
{
    struct sql_filter filter = {.table = SQL_POINTS};
    struct bytes *texts[] = {&filter.glob, &filter.like, &filter.label, &filter.match,
                             &filter.step};
    uint8_t table = frame_get_u8(reader), order = frame_get_u8(reader), bits = frame_get_u8(reader);
    filter.columns = frame_get_u32(reader);
    filter.from_ns = (int64_t)frame_get_u64(reader);
    filter.to_ns = (int64_t)frame_get_u64(reader);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        *texts[i] = frame_get_text(reader);
    filter.point_count = frame_get_u32(reader);
    filter.points = frame_get_bytes(reader, filter.point_count, sizeof(uint32_t));
    filter.path_count = frame_get_u32(reader);
    filter.paths = frame_get_text(reader);
    if (!frame_is_whole(reader) || table >= SQL_TABLES || order > SQL_ORDER_TIME_DOWN)
        return false;
    struct frame_reader paths = frame_read(filter.paths);
    for (uint32_t i = 0; i < filter.path_count && !paths.wrong; i++)
        (void)frame_get_text(&paths);
    if (!frame_is_whole(&paths))
        return false;
    filter.table = (enum sql_table)table;
    filter.order = (enum sql_order)order;
    filter.by_point = bits & BY_POINT;
    filter.by_path = bits & BY_PATH;
    filter.by_glob = bits & BY_GLOB;
    filter.by_like = bits & BY_LIKE;
    filter.by_label = bits & BY_LABEL;
    filter.by_match = bits & BY_MATCH;
    filter.by_retired = bits & BY_RETIRED;
    filter.retired = bits & RETIRED;
    *ret_filter = filter;
    return true;
}
