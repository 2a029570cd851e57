/* The decoder of sample records: the writer's steps in the same order, over bytes it does not
 * trust. A record is taken apart in three layers: its extent (tag), its frame (head, key frame,
 * bitmap), and its bits (time, values). */
#include "format/samples.h"

/* ---- extent: which row, how many bytes ---------------------------------------------------------
 */
struct record_extent {
    uint32_t row;
    size_t at, end; /* of the body, in the run */
};

BITS_INLINE enum err record_extent_read(struct bytes run, size_t offset, uint32_t row_last,
                                        struct record_extent *ret_extent)
{
    uint64_t tag;
    if (offset >= run.size)
        return ERR_MISSING;
    if (!varint_get(run, &offset, &tag) || tag >> (32 + TAG_LENGTH_BITS) != 0)
        return ERR_CORRUPT;
    uint64_t extra = tag & TAG_LENGTH_LONG;
    if (UNLIKELY(extra == TAG_LENGTH_LONG)) {
        if (!varint_get(run, &offset, &extra) || extra > run.size)
            return ERR_CORRUPT;
        extra += TAG_LENGTH_LONG;
    }
    if (run.size - offset < extra + BODY_BYTES_MIN)
        return ERR_CORRUPT;
    ret_extent->row = row_last + (uint32_t)unzigzag(tag >> TAG_LENGTH_BITS);
    ret_extent->at = offset;
    ret_extent->end = offset + BODY_BYTES_MIN + (size_t)extra;
    return OK;
}

enum err samples_peek(const struct samples_reader *reader, uint32_t *ret_row)
{
    struct record_extent extent;
    enum err err = record_extent_read(reader->run, reader->offset, reader->row_last, &extent);
    if (err == OK)
        *ret_row = extent.row;
    return err;
}

size_t samples_peek_ahead(const struct samples_reader *reader, uint32_t *rows, size_t most)
{
    size_t offset = reader->offset, count = 0;
    uint32_t row_last = reader->row_last;
    struct record_extent extent;
    while (count < most && record_extent_read(reader->run, offset, row_last, &extent) == OK) {
        rows[count++] = row_last = extent.row;
        offset = extent.end;
    }
    return count;
}

/* ---- frame: head, key frame, bitmap ------------------------------------------------------------
 */
struct record_frame {
    unsigned head;
    unsigned key; /* byte after the head of a key frame */
    struct bytes types;
    uint32_t first_point; /* with KEY_SCHEMA */
    uint16_t count;
    size_t offset; /* behind the key frame's bytes, in the run */
};

/* The key frame's bytes; count: columns as far as the caller knows them, 0 when it does not (then
 * without a schema no types are read). */
static enum err key_frame_read(struct bytes run, const struct record_extent *extent, unsigned count,
                               struct record_frame *frame)
{
    struct bytes body = bytes_of(run.at, extent->end);
    frame->key = body.at[frame->offset++];
    if (frame->key & KEY_RESERVED)
        return ERR_CORRUPT;
    if (frame->key & KEY_SCHEMA) {
        uint64_t first_point;
        if (!varint_get(body, &frame->offset, &first_point) || first_point > UINT32_MAX ||
            frame->offset >= body.size)
            return ERR_CORRUPT;
        frame->first_point = (uint32_t)first_point;
        frame->count = (uint16_t)(body.at[frame->offset++] + 1);
        if (first_point + frame->count - 1 > UINT32_MAX)
            return ERR_CORRUPT;
        count = frame->count;
    }
    if (frame->key & KEY_TYPES) {
        size_t size = (count + 3) / 4;
        if (size > body.size - frame->offset)
            return ERR_CORRUPT;
        frame->types = bytes_of(body.at + frame->offset, size);
        if (count % 4 != 0 && frame->types.at[size - 1] >> (count % 4 * 2) != 0)
            return ERR_CORRUPT;
        frame->offset += size;
    }
    return OK;
}

static uint8_t frame_type(const struct record_frame *frame, unsigned column)
{
    if (frame->types.size == 0)
        return VALUE_FLOAT64;
    return (uint8_t)((frame->types.at[column / 4] >> (column % 4 * 2) & 3) + 1);
}

enum err samples_peek_schema(const struct samples_reader *reader, struct row_shape *ret_shape,
                             uint8_t *types)
{
    struct record_extent extent;
    enum err err = record_extent_read(reader->run, reader->offset, reader->row_last, &extent);
    if (err != OK)
        return err;
    struct record_frame frame = {.head = load_u16(reader->run.at + extent.at),
                                 .offset = extent.at + HEAD_BYTES};
    if (!(frame.head & HEAD_KEY) || !(reader->run.at[frame.offset] & KEY_SCHEMA))
        return ERR_MISSING;
    err = key_frame_read(reader->run, &extent, 0, &frame);
    if (err != OK)
        return err;
    for (unsigned i = 0; i < frame.count; i++)
        types[i] = frame_type(&frame, i);
    *ret_shape = (struct row_shape){extent.row, frame.first_point, frame.count};
    return OK;
}

_Static_assert((VALUE_STRING & (VALUE_FLOAT64 | VALUE_INT64 | VALUE_BOOL)) == 0,
               "or-ed types tell whether a string is among them");

/* ---- trust: is the row's record before the one this was packed against? ------------------------
 */
/* Notes the record in the context and says whether its values can be decoded. */
static bool row_context_follow(const struct samples_reader *reader, struct row_context *row,
                               const struct record_frame *frame, bool *ret_lost)
{
    uint16_t counter = (uint16_t)(frame->head & HEAD_COUNTER_MASK);
    bool key = (frame->head & HEAD_KEY) != 0;
    bool known = row->generation == reader->generation;
    /* The row's first record in a segment has a schema: whatever else comes first is not first. */
    *ret_lost = known ? counter != ((row->counter + 1u) & HEAD_COUNTER_MASK)
                      : !(key && (frame->key & KEY_SCHEMA));
    bool confirmed = known && row->confirmed;
    bool proven = known && !row->broken && !*ret_lost && (!reader->suspicious || confirmed);
    row->generation = reader->generation;
    row->counter = counter;
    row->broken = !key && !proven;
    row->confirmed = reader->suspicious && (key || confirmed);
    return !row->broken;
}

static void key_frame_adopt(struct row_context *row, struct column_context *columns,
                            const struct record_frame *frame, unsigned count)
{
    row->since_key = 0;
    row->unit = (uint8_t)(frame->key & KEY_UNIT_MASK);
    row->time_known = TIME_UNKNOWN;
    row->time_rice = TIME_RICE_INITIAL;
    for (unsigned i = 0; i < count; i++) {
        columns[i].type = frame_type(frame, i);
        columns[i].fresh = FRESH_NOT;
    }
}

/* ---- time --------------------------------------------------------------------------------------
 */
static const int64_t unit_ns[] = {1, NS_PER_US, NS_PER_MS, NS_PER_S};

/* False: no time of a row in this state, or outside 1970..2200. */
static bool time_get(struct bit_reader *bits, const struct record_frame *frame, int64_t wall_ns,
                     struct row_context *row, int64_t *ret_time_ns)
{
    enum time_mode mode = (enum time_mode)(frame->head >> HEAD_TIME_SHIFT);
    bool key = (frame->head & HEAD_KEY) != 0;
    int64_t units;
    if (mode == TIME_ABSOLUTE) {
        if (key)
            row->time_rice = rice_class_state((unsigned)bits_get(bits, 4));
        units = wrap_add(time_to_units(wall_ns, row->unit), unzigzag(long_get(bits)));
    } else if (mode == TIME_DELTA && row->time_known != TIME_UNKNOWN) {
        units = wrap_add(row->time_base, unzigzag(long_get(bits)));
    } else if (mode == TIME_SECOND_DELTA && row->time_known == TIME_STEP_KNOWN) {
        uint64_t distance;
        if (!rice_get(bits, rice_parameter(row->time_rice), &distance))
            return false;
        row->time_rice = rice_adapt(row->time_rice, distance);
        units = wrap_add(wrap_add(row->time_base, row->time_step), unzigzag(distance));
    } else {
        return false;
    }
    row_time_advance(row, units);
    if (key && (frame->key & KEY_STEP)) {
        row->time_step = unzigzag(long_get(bits));
        row->time_known = TIME_STEP_KNOWN;
    }
    int64_t scale = unit_ns[row->unit];
    if (units < 0 || units > (TIME_MAX_NS - 1) / scale)
        return false;
    *ret_time_ns = units * scale;
    return true;
}

/* ---- values ------------------------------------------------------------------------------------
 */
static bool raw_is_real(uint64_t bits)
{
    return (bits >> 52 & 0x7ff) != 0x7ff;
}

static bool real_get_absolute(struct bit_reader *bits, struct column_context *column, bool first)
{
    unsigned scale = (unsigned)bits_get(bits, SCALE_BITS);
    if (scale == SCALE_CODE_RAW) {
        column->base = (int64_t)bits_get_wide(bits, 64);
        column->scale = SCALE_RAW;
        column->fresh = FRESH_RAW;
        return raw_is_real((uint64_t)column->base);
    }
    if (first || column->fresh == FRESH_RAW)
        column->rice = rice_class_state((unsigned)bits_get(bits, 4));
    column->base = unzigzag(long_get(bits));
    column->scale = (uint8_t)scale;
    column->fresh = FRESH_NUMBER;
    return scale <= SCALE_DECIMAL_MAX && decimal_in_range(column->base);
}

static bool raw_get(struct bit_reader *bits, struct column_context *column)
{
    uint64_t word = bits_peek(bits);
    if ((word & 1) == 0) {
        bits->position++;
        return true;
    }
    bits->position += RAW_ESCAPE_BITS;
    if ((word & RAW_ESCAPE) == RAW_ESCAPE)
        return real_get_absolute(bits, column, false);
    unsigned low = (unsigned)(word >> 1 & 7), size = (unsigned)(word >> 4 & 7) + 1;
    if (low + size > 8)
        return false;
    column->base = (int64_t)((uint64_t)column->base ^ bits_get_wide(bits, 8 * size) << (8 * low));
    return raw_is_real((uint64_t)column->base);
}

static bool number_get(struct bit_reader *bits, struct column_context *column, bool *ret_escape)
{
    uint64_t distance;
    *ret_escape = !rice_get(bits, rice_parameter(column->rice), &distance);
    if (UNLIKELY(*ret_escape))
        return distance == RICE_ABSOLUTE;
    column->rice = rice_adapt(column->rice, distance);
    column->base = wrap_add(column->base, unzigzag(distance));
    return true;
}

static bool real_get(struct bit_reader *bits, struct column_context *column)
{
    if (column->fresh == FRESH_NOT)
        return real_get_absolute(bits, column, true);
    if (column->fresh == FRESH_RAW)
        return raw_get(bits, column);
    bool escape;
    bool valid = number_get(bits, column, &escape);
    if (escape)
        return valid && real_get_absolute(bits, column, false);
    return decimal_in_range(column->base);
}

static bool integer_get(struct bit_reader *bits, struct column_context *column)
{
    bool escape;
    if (column->fresh == FRESH_NUMBER)
        return number_get(bits, column, &escape) && !escape;
    column->rice = rice_class_state((unsigned)bits_get(bits, 4));
    column->base = unzigzag(long_get(bits));
    column->fresh = FRESH_NUMBER;
    return true;
}

/* Number and scale of a present value; a string's text comes later. */
static bool value_get(struct bit_reader *bits, struct column_context *column, struct value *value)
{
    if (column->type == VALUE_FLOAT64) {
        bool valid = real_get(bits, column);
        value->scale = column->scale;
        value->number = column->base;
        return valid;
    }
    value->scale = 0;
    value->number = 0;
    if (column->type == VALUE_INT64) {
        bool valid = integer_get(bits, column);
        value->number = column->base;
        return valid;
    }
    if (column->type == VALUE_BOOL)
        value->number = (int64_t)bits_get(bits, 1);
    return column->type >= VALUE_INT64 && column->type <= VALUE_STRING;
}

/* The common case of value_get, and the only one that is fast. False: nothing was done. */
BITS_INLINE bool value_get_near(struct bit_reader *bits, struct column_context *column,
                                struct value *value)
{
    uint64_t distance;
    if (UNLIKELY(column->type != VALUE_FLOAT64 || column->fresh != FRESH_NUMBER))
        return false;
    if (UNLIKELY(!rice_get_short(bits, rice_parameter(column->rice), &distance)))
        return false;
    column->rice = rice_adapt(column->rice, distance);
    column->base = wrap_add(column->base, unzigzag(distance));
    value->scale = column->scale;
    value->number = column->base;
    return true;
}

static void extension_get(struct bit_reader *bits, struct value *value)
{
    if (bits_get(bits, 1) == 0)
        return;
    uint64_t word = bits_get(bits, 9);
    value->present = (word & 1) != 0;
    value->quality = (uint8_t)(word >> 1);
}

/* What value_get_near did not take. */
static bool value_get_any(struct bit_reader *bits, bool extended, struct column_context *column,
                          struct value *value)
{
    if (extended)
        extension_get(bits, value);
    if (value->present)
        return value_get(bits, column, value);
    value->scale = 0;
    value->number = 0;
    return true;
}

/* *ret_types: all types seen, or-ed. */
static bool values_get(struct bit_reader *bits, bool extended, struct column_context *columns,
                       const uint8_t *column_of, unsigned count, struct value *values,
                       unsigned *ret_types)
{
    struct bit_reader near = *bits; /* its address goes nowhere: it stays in registers */
    unsigned types = 0;
    bool valid = true;
    for (unsigned i = 0; i < count; i++) {
        struct column_context *column = &columns[column_of ? column_of[i] : i];
        struct value *value = &values[i];
        types |= column->type;
        *value = (struct value){.type = column->type, .quality = QUALITY_GOOD, .present = true};
        if (LIKELY(!extended) && LIKELY(value_get_near(&near, column, value))) {
            valid &= decimal_in_range(value->number);
            continue;
        }
        struct bit_reader any = near;
        if (!value_get_any(&any, extended, column, value))
            return false;
        near = any;
    }
    *bits = near;
    *ret_types = types;
    return valid;
}

/* ---- the record --------------------------------------------------------------------------------
 */
/* Ascending column numbers; 0: the bitmap is none of this row. */
static unsigned bitmap_get(struct bytes bitmap, unsigned columns, uint8_t *column_of)
{
    unsigned count = 0;
    for (unsigned byte = 0; byte < bitmap.size; byte++) {
        for (unsigned set = bitmap.at[byte]; set != 0; set &= set - 1) {
            unsigned column = byte * 8 + (unsigned)__builtin_ctz(set);
            if (column >= columns)
                return 0;
            column_of[count++] = (uint8_t)column;
        }
    }
    return count;
}

/* After the last value: the rest of its byte is zero, strings follow, and nothing else. */
static bool texts_get(struct bytes body, const struct bit_reader *bits, unsigned types,
                      unsigned count, struct value *values)
{
    size_t offset = (size_t)(bits->at - body.at) + (bits->position + 7) / 8;
    if (offset > body.size)
        return false;
    if (bits->position % 8 != 0 && body.at[offset - 1] >> (bits->position % 8) != 0)
        return false;
    if (LIKELY((types & VALUE_STRING) == 0))
        return offset == body.size;
    for (unsigned i = 0; i < count; i++) {
        if (values[i].type != VALUE_STRING || !values[i].present)
            continue;
        uint64_t size;
        if (!varint_get(body, &offset, &size) || size > STRING_VALUE_MAX ||
            size > body.size - offset)
            return false;
        values[i].text = bytes_of(body.at + offset, (size_t)size);
        offset += (size_t)size;
    }
    return offset == body.size;
}

/* Time and values behind the frame. */
static enum err record_decode(const struct samples_reader *reader,
                              const struct record_extent *extent, struct record_frame *frame,
                              unsigned columns_count, struct row_context *row,
                              struct column_context *columns, struct sample_storage *storage,
                              struct sample_row *sample)
{
    struct bytes body = bytes_of(reader->run.at, extent->end);
    unsigned count = columns_count;
    const uint8_t *column_of = NULL;
    if (!(frame->head & HEAD_FULL)) {
        size_t size = (columns_count + 7) / 8;
        if (size > body.size - frame->offset)
            return ERR_CORRUPT;
        count =
            bitmap_get(bytes_of(body.at + frame->offset, size), columns_count, storage->columns);
        if (count == 0)
            return ERR_CORRUPT;
        column_of = count == columns_count ? NULL : storage->columns;
        frame->offset += size;
    }
    struct bit_reader bits = {.at = body.at + frame->offset,
                              .size = reader->run.size - frame->offset};
    if (!sample->arrival_time && !time_get(&bits, frame, reader->wall_ns, row, &sample->time_ns))
        return ERR_CORRUPT;
    unsigned types;
    if (!values_get(&bits, (frame->head & HEAD_EXTENDED) != 0, columns, column_of, count,
                    storage->values, &types) ||
        !texts_get(body, &bits, types, count, storage->values))
        return ERR_CORRUPT;
    sample->count = (uint16_t)count;
    sample->columns = column_of;
    sample->values = storage->values;
    return OK;
}

static enum err record_read(const struct samples_reader *reader, const struct record_extent *extent,
                            const struct row_shape *shape, struct row_context *row,
                            struct column_context *columns, struct sample_storage *storage,
                            struct sample_row *sample)
{
    struct record_frame frame = {.head = load_u16(reader->run.at + extent->at),
                                 .offset = extent->at + HEAD_BYTES};
    bool key = (frame.head & HEAD_KEY) != 0;
    sample->arrival_time = frame.head >> HEAD_TIME_SHIFT == TIME_ARRIVAL;
    if (sample->arrival_time)
        sample->time_ns = sample_arrival_ns(reader->wall_ns, reader->ordinal);
    if (shape->count == 0) {
        sample->undecodable = true;
        return OK;
    }
    if (key) {
        enum err err = key_frame_read(reader->run, extent, shape->count, &frame);
        if (err != OK)
            return err;
        if ((frame.key & KEY_SCHEMA) &&
            (frame.first_point != shape->first_point || frame.count != shape->count))
            return ERR_CORRUPT;
        if ((frame.key & KEY_STEP) && sample->arrival_time)
            return ERR_CORRUPT;
    }
    if (!row_context_follow(reader, row, &frame, &sample->predecessor_lost)) {
        sample->undecodable = true;
        return OK;
    }
    if (key)
        key_frame_adopt(row, columns, &frame, shape->count);
    else
        row->since_key++;
    return record_decode(reader, extent, &frame, shape->count, row, columns, storage, sample);
}

enum err samples_read(struct samples_reader *reader, const struct row_shape *shape,
                      struct row_context *row, struct column_context *columns,
                      struct sample_storage *storage, struct sample_row *ret_sample)
{
    check(shape->count <= COLUMNS_MAX && reader->generation != 0);
    struct record_extent extent;
    enum err err = record_extent_read(reader->run, reader->offset, reader->row_last, &extent);
    if (err != OK)
        return err;
    if (extent.row != shape->row)
        return ERR_CORRUPT;
    struct sample_row sample = {.row = extent.row};
    err = record_read(reader, &extent, shape, row, columns, storage, &sample);
    if (err != OK)
        return err;
    reader->offset = extent.end;
    reader->row_last = extent.row;
    reader->ordinal++;
    *ret_sample = sample;
    return OK;
}
