/* The encoder of sample records. One pass looks whether the record must be a key frame, one writes;
 * nothing is looked up and nothing allocated. */
#include "format/samples.h"

/* What a look over the values tells before the first bit is written. */
struct sample_survey {
    size_t text_bytes;
    bool extended; /* a value is not good or not present */
    bool retyped;  /* a declared type is not the context's */
    bool texts;    /* strings among them */
};

static void sample_check_columns(const struct row_shape *shape, const struct sample_row *sample)
{
    unsigned next = 0; /* the least column that may come */
    for (unsigned i = 0; i < sample->count; i++) {
        check(sample->columns[i] >= next && sample->columns[i] < shape->count);
        next = sample->columns[i] + 1u;
    }
}

static size_t sample_text_bytes(const struct sample_row *sample)
{
    size_t text_bytes = 0;
    for (unsigned i = 0; i < sample->count; i++) {
        const struct value *value = &sample->values[i];
        if (value->type != VALUE_STRING || !value->present)
            continue;
        check(value->text.size <= STRING_VALUE_MAX);
        text_bytes += value->text.size;
    }
    return text_bytes;
}

static struct sample_survey sample_survey(const struct row_shape *shape, const uint8_t *types,
                                          const struct column_context *columns,
                                          const struct sample_row *sample)
{
    struct sample_survey survey = {0};
    unsigned seen = 0, extended = 0, retyped = 0, wrong = 0;
    if (sample->columns)
        sample_check_columns(shape, sample);
    for (unsigned i = 0; i < sample->count; i++) {
        const struct value *value = &sample->values[i];
        unsigned column = sample->columns ? sample->columns[i] : i;
        uint8_t type = types[column];
        seen |= type;
        wrong |= (unsigned)(value->type ^ type);
        retyped |= (unsigned)(columns[column].type ^ type);
        extended |= value->quality | (unsigned)!value->present;
    }
    check(!wrong);
    survey.texts = (seen & VALUE_STRING) != 0;
    survey.text_bytes = survey.texts ? sample_text_bytes(sample) : 0;
    survey.extended = extended != 0;
    survey.retyped = retyped != 0;
    return survey;
}

/* The first four bytes of a value (type, scale, quality, present) but the scale. */
#define VALUE_PLAIN_MASK UINT32_C(0xffff00ff)
_Static_assert(offsetof(struct value, type) == 0 && offsetof(struct value, quality) == 2 &&
                   offsetof(struct value, present) == 3,
               "VALUE_PLAIN_MASK");

/* The common case, seen at one look a value: all columns, all float64, good and present. */
static bool sample_is_plain(const uint8_t *types, const struct column_context *columns,
                            const struct sample_row *sample)
{
    const uint32_t plain = VALUE_FLOAT64 | UINT32_C(1) << 24;
    uint32_t odd = 0;
    if (sample->columns)
        return false;
    for (unsigned i = 0; i < sample->count; i++) {
        odd |= (load_u32(&sample->values[i]) & VALUE_PLAIN_MASK) ^ plain;
        odd |= (uint32_t)types[i] ^ VALUE_FLOAT64;
        odd |= (uint32_t)columns[i].type ^ VALUE_FLOAT64;
    }
    return odd == 0;
}

/* The coarsest unit that holds this time exactly. */
static uint8_t time_unit_coarsest(int64_t time_ns)
{
    if (time_ns % NS_PER_MS == 0)
        return time_ns % NS_PER_S == 0 ? UNIT_S : UNIT_MS;
    return time_ns % NS_PER_US == 0 ? UNIT_US : UNIT_NS;
}

/* ---- key frames ------------------------------------------------------------------------------ */
struct key_frame {
    bool needed, schema, step;
    uint8_t unit;
};

static struct key_frame key_frame_plan(const struct samples_writer *writer,
                                       const struct row_context *row,
                                       const struct sample_row *sample, bool retyped)
{
    struct key_frame key = {.unit = row->unit};
    bool stale = row->generation != writer->generation;
    key.schema = stale || retyped;
    key.needed = key.schema || row->since_key >= KEY_INTERVAL - 1;
    uint8_t unit = UNIT_S;
    if (!sample->arrival_time) {
        unit = time_unit_coarsest(sample->time_ns);
        key.needed |= unit < row->unit;
    }
    if (!key.needed)
        return key;
    /* A time that happens to be whole does not make the unit coarser: its neighbours are not. */
    uint8_t neighbours = (uint8_t)(UNIT_S - row->unit_needed);
    key.unit = unit < neighbours ? unit : neighbours;
    key.step = !sample->arrival_time && row->time_known == TIME_STEP_KNOWN && key.unit == row->unit;
    return key;
}

static uint8_t *types_put(uint8_t *at, const uint8_t *types, unsigned count)
{
    memset(at, 0, (count + 3) / 4);
    for (unsigned i = 0; i < count; i++)
        at[i / 4] |= (uint8_t)((types[i] - 1) << (i % 4 * 2));
    return at + (count + 3) / 4;
}

static uint8_t *key_frame_put(uint8_t *at, const struct key_frame *key,
                              const struct row_shape *shape, const uint8_t *types)
{
    bool all_real = true;
    for (unsigned i = 0; i < shape->count; i++) {
        check(value_type_name(types[i]) != NULL);
        all_real &= types[i] == VALUE_FLOAT64;
    }
    *at++ = (uint8_t)(key->unit | (key->schema ? KEY_SCHEMA : 0) | (all_real ? 0 : KEY_TYPES) |
                      (key->step ? KEY_STEP : 0));
    if (key->schema) {
        at += varint_put(at, shape->first_point);
        *at++ = (uint8_t)(shape->count - 1);
    }
    return all_real ? at : types_put(at, types, shape->count);
}

/* Contexts as a reader will have them that knows nothing but this key frame. */
static void key_frame_begin(const struct samples_writer *writer, const struct key_frame *key,
                            const struct row_shape *shape, const uint8_t *types,
                            struct row_context *row, struct column_context *columns)
{
    row->counter = row->generation == writer->generation || row->generation == 0
                       ? (uint16_t)((row->counter + 1) & HEAD_COUNTER_MASK)
                       : 0;
    row->generation = writer->generation;
    row->since_key = 0;
    row->unit = key->unit;
    row->unit_needed = 0;
    for (unsigned i = 0; i < shape->count; i++) {
        if (columns[i].type != types[i])
            columns[i] = (struct column_context){.type = types[i], .rice = RICE_STATE_INITIAL};
        columns[i].fresh = FRESH_NOT;
    }
}

/* ---- time ------------------------------------------------------------------------------------ */
static void key_time_put(struct bit_writer *bits, struct row_context *row, bool step, int64_t units,
                         int64_t wall_units)
{
    unsigned class = rice_class(step ? row->time_rice : TIME_RICE_INITIAL);
    row->time_rice = rice_class_state(class);
    bits_put(bits, class, 4);
    long_put(bits, zigzag(wrap_subtract(units, wall_units)));
    if (step)
        long_put(bits, zigzag(row->time_step));
    row->time_base = units;
    row->time_known = step ? TIME_STEP_KNOWN : TIME_BASE_KNOWN;
}

static enum time_mode time_mode_choose(const struct row_context *row, int64_t units)
{
    if (row->time_known == TIME_UNKNOWN)
        return TIME_ABSOLUTE;
    if (row->time_known == TIME_BASE_KNOWN)
        return TIME_DELTA;
    int64_t delta = wrap_subtract(units, row->time_base);
    return zigzag(wrap_subtract(delta, row->time_step)) <= zigzag(delta) ? TIME_SECOND_DELTA
                                                                         : TIME_DELTA;
}

static void time_put(struct bit_writer *bits, struct row_context *row, enum time_mode mode,
                     int64_t units, int64_t wall_units)
{
    int64_t delta = wrap_subtract(units, row->time_base);
    if (mode == TIME_SECOND_DELTA) {
        uint64_t distance = zigzag(wrap_subtract(delta, row->time_step));
        rice_put(bits, distance, rice_parameter(row->time_rice));
        row->time_rice = rice_adapt(row->time_rice, distance);
    } else if (mode == TIME_DELTA) {
        long_put(bits, zigzag(delta));
    } else {
        long_put(bits, zigzag(wrap_subtract(units, wall_units)));
    }
    row_time_advance(row, units);
}

/* ---- values ---------------------------------------------------------------------------------- */
static const int64_t whole_powers_of_ten[SCALE_DECIMAL_MAX + 1] = {
    1,
    10,
    100,
    1000,
    10000,
    100000,
    1000000,
    10000000,
    100000000,
    1000000000,
    10000000000,
    100000000000,
    1000000000000,
    10000000000000,
    100000000000000,
    1000000000000000,
    10000000000000000,
    100000000000000000,
    1000000000000000000,
};

#define WHOLE_LIMIT(digits) (DECIMAL_NUMBER_MAX / digits)
/* The largest number that a power of ten leaves within DECIMAL_NUMBER_MAX. */
static const int64_t whole_limits[SCALE_DECIMAL_MAX + 1] = {
    WHOLE_LIMIT(1),
    WHOLE_LIMIT(10),
    WHOLE_LIMIT(100),
    WHOLE_LIMIT(1000),
    WHOLE_LIMIT(10000),
    WHOLE_LIMIT(100000),
    WHOLE_LIMIT(1000000),
    WHOLE_LIMIT(10000000),
    WHOLE_LIMIT(100000000),
    WHOLE_LIMIT(1000000000),
    WHOLE_LIMIT(10000000000),
    WHOLE_LIMIT(100000000000),
    WHOLE_LIMIT(1000000000000),
    WHOLE_LIMIT(10000000000000),
    WHOLE_LIMIT(100000000000000),
    WHOLE_LIMIT(1000000000000000),
};

/* number at `scale`, told at the larger scale `wanted`; false when it would not be exact. */
static bool number_scale_up(int64_t number, uint8_t scale, uint8_t wanted, int64_t *ret_number)
{
    unsigned digits = (unsigned)(wanted - scale);
    int64_t limit = whole_limits[digits];
    if (number > limit || number < -limit)
        return false;
    *ret_number = number * whole_powers_of_ten[digits];
    return true;
}

static void raw_check(uint64_t bits)
{
    check((bits >> 52 & 0x7ff) != 0x7ff); /* neither NaN nor infinite */
}

/* Scale and number (or bits) of a real without looking at the base. `first`: since the key frame,
 * so that the reader does not know the Rice state either. */
static void real_put_absolute(struct bit_writer *bits, struct column_context *column,
                              const struct value *value, bool first)
{
    if (value->scale == SCALE_RAW) {
        raw_check((uint64_t)value->number);
        bits_put(bits, SCALE_CODE_RAW, SCALE_BITS);
        bits_put_wide(bits, (uint64_t)value->number, 64);
        column->scale = SCALE_RAW;
        column->base = value->number;
        column->fresh = FRESH_RAW;
        return;
    }
    uint8_t scale = value->scale;
    int64_t number = value->number;
    if (first && column->scale_needed > scale &&
        number_scale_up(number, scale, column->scale_needed, &number))
        scale = column->scale_needed;
    column->scale_needed = value->scale;
    bits_put(bits, scale, SCALE_BITS);
    if (first || column->fresh == FRESH_RAW) {
        unsigned class = rice_class(column->rice);
        column->rice = rice_class_state(class);
        bits_put(bits, class, 4);
    }
    long_put(bits, zigzag(number));
    column->scale = scale;
    column->base = number;
    column->fresh = FRESH_NUMBER;
}

static void number_put(struct bit_writer *bits, struct column_context *column, int64_t number)
{
    uint64_t distance = zigzag(wrap_subtract(number, column->base));
    rice_put(bits, distance, rice_parameter(column->rice));
    column->rice = rice_adapt(column->rice, distance);
    column->base = number;
}

static void raw_put(struct bit_writer *bits, struct column_context *column,
                    const struct value *value)
{
    if (value->scale != SCALE_RAW) {
        bits_put(bits, RAW_ESCAPE, RAW_ESCAPE_BITS);
        real_put_absolute(bits, column, value, false);
        return;
    }
    raw_check((uint64_t)value->number);
    uint64_t change = (uint64_t)value->number ^ (uint64_t)column->base;
    column->base = value->number;
    if (change == 0) {
        bits_put(bits, 0, 1);
        return;
    }
    unsigned low = (unsigned)__builtin_ctzll(change) / 8;
    unsigned size = 8 - low - (unsigned)__builtin_clzll(change) / 8;
    bits_put(bits, 1 | low << 1 | (size - 1) << 4, RAW_ESCAPE_BITS);
    bits_put_wide(bits, change >> (8 * low), 8 * size);
}

static void real_put(struct bit_writer *bits, struct column_context *column,
                     const struct value *value)
{
    check(value->scale == SCALE_RAW ||
          (value->scale <= SCALE_DECIMAL_MAX && decimal_in_range(value->number)));
    if (column->fresh == FRESH_NOT) {
        real_put_absolute(bits, column, value, true);
        return;
    }
    if (column->fresh == FRESH_RAW) {
        raw_put(bits, column, value);
        return;
    }
    int64_t number = value->number;
    if (value->scale <= column->scale &&
        number_scale_up(number, value->scale, column->scale, &number)) {
        if (column->scale_needed < value->scale)
            column->scale_needed = value->scale;
        number_put(bits, column, number);
    } else {
        rice_put_escape(bits, RICE_ABSOLUTE);
        real_put_absolute(bits, column, value, false);
    }
}

static void integer_put(struct bit_writer *bits, struct column_context *column, int64_t number)
{
    if (column->fresh == FRESH_NUMBER) {
        number_put(bits, column, number);
        return;
    }
    unsigned class = rice_class(column->rice);
    column->rice = rice_class_state(class);
    bits_put(bits, class, 4);
    long_put(bits, zigzag(number));
    column->base = number;
    column->fresh = FRESH_NUMBER;
}

static void value_put(struct bit_writer *bits, struct column_context *column,
                      const struct value *value)
{
    if (value->type == VALUE_FLOAT64) {
        real_put(bits, column, value);
    } else if (value->type == VALUE_INT64) {
        integer_put(bits, column, value->number);
    } else if (value->type == VALUE_BOOL) {
        check((value->number & ~INT64_C(1)) == 0);
        bits_put(bits, (uint64_t)value->number, 1);
    }
}

/* The common case of value_put, and the only one that is fast: a decimal whose column has a base in
 * the same or a larger scale, near enough for a short code. False: nothing was done. */
BITS_INLINE bool value_put_near(struct bit_writer *bits, struct column_context *column,
                                const struct value *value)
{
    unsigned digits = (unsigned)(column->scale - value->scale);
    if (UNLIKELY(value->type != VALUE_FLOAT64 || column->fresh != FRESH_NUMBER ||
                 digits > SCALE_DECIMAL_MAX))
        return false;
    int64_t limit = whole_limits[digits];
    if (UNLIKELY(value->number > limit || value->number < -limit))
        return false;
    int64_t number = value->number * whole_powers_of_ten[digits];
    uint64_t distance = zigzag(wrap_subtract(number, column->base));
    unsigned parameter = rice_parameter(column->rice);
    if (UNLIKELY(!rice_is_short(distance, parameter)))
        return false;
    rice_put_short(bits, distance, parameter);
    column->rice = rice_adapt(column->rice, distance);
    column->base = number;
    if (column->scale_needed < value->scale)
        column->scale_needed = value->scale;
    return true;
}

/* A bit for what is good and present, ten for what is not. */
static void extension_put(struct bit_writer *bits, const struct value *value)
{
    if (value->present && value->quality == QUALITY_GOOD)
        bits_put(bits, 0, 1);
    else
        bits_put(bits, 1 | (uint64_t)value->present << 1 | (uint64_t)value->quality << 2, 10);
}

static void values_put(struct bit_writer *bits, struct column_context *columns,
                       const struct sample_row *sample, bool extended)
{
    /* In registers, where the stores of the loop cannot change them. */
    struct bit_writer near = *bits;
    const struct value *value = sample->values, *end = value + sample->count;
    const uint8_t *column_of = sample->columns;
    for (unsigned i = 0; value < end; i++, value++) {
        struct column_context *column = &columns[column_of ? column_of[i] : i];
        if (LIKELY(!extended) && LIKELY(value_put_near(&near, column, value)))
            continue;
        struct bit_writer any = near;
        if (extended)
            extension_put(&any, value);
        if (value->present)
            value_put(&any, column, value);
        near = any;
    }
    *bits = near;
}

static uint8_t *texts_put(uint8_t *at, const struct sample_row *sample)
{
    for (unsigned i = 0; i < sample->count; i++) {
        const struct value *value = &sample->values[i];
        if (value->type != VALUE_STRING || !value->present)
            continue;
        at += varint_put(at, value->text.size);
        if (value->text.size != 0)
            memcpy(at, value->text.at, value->text.size);
        at += value->text.size;
    }
    return at;
}

/* ---- the record ------------------------------------------------------------------------------ */
static uint8_t *bitmap_put(uint8_t *at, const struct row_shape *shape,
                           const struct sample_row *sample)
{
    size_t size = ((size_t)shape->count + 7) / 8;
    memset(at, 0, size);
    for (unsigned i = 0; i < sample->count; i++)
        at[sample->columns[i] / 8] |= (uint8_t)(1u << sample->columns[i] % 8);
    return at + size;
}

/* The row's distance and the body's size before the body: long bodies, which are rare, move to
 * make room for their length. Returns the record's end. */
static uint8_t *tag_put(uint8_t *at, uint32_t row_distance, uint8_t *body, size_t body_bytes)
{
    size_t extra = body_bytes - BODY_BYTES_MIN;
    uint64_t tag = zigzag((int32_t)row_distance) << TAG_LENGTH_BITS;
    if (LIKELY(extra < TAG_LENGTH_LONG)) {
        varint_put(at, tag | extra);
        return body + body_bytes;
    }
    varint_put(at, tag | TAG_LENGTH_LONG);
    uint8_t length[VARINT_MAX];
    size_t length_bytes = varint_put(length, extra - TAG_LENGTH_LONG);
    memmove(body + length_bytes, body, body_bytes);
    memcpy(body, length, length_bytes);
    return body + length_bytes + body_bytes;
}

static uint8_t *body_put(uint8_t *at, const struct samples_writer *writer,
                         const struct row_shape *shape, const uint8_t *types,
                         struct row_context *row, struct column_context *columns,
                         const struct sample_row *sample)
{
    struct sample_survey survey = {0};
    if (!sample_is_plain(types, columns, sample))
        survey = sample_survey(shape, types, columns, sample);
    check(writer->capacity - writer->size >=
          SAMPLE_RECORD_BYTES_MAX(shape->count, survey.text_bytes));
    struct key_frame key = key_frame_plan(writer, row, sample, survey.retyped);
    bool full = sample->count == shape->count;
    uint8_t *head = at;
    at += HEAD_BYTES;
    if (key.needed) {
        at = key_frame_put(at, &key, shape, types);
        key_frame_begin(writer, &key, shape, types, row, columns);
    } else {
        row->counter = (uint16_t)((row->counter + 1) & HEAD_COUNTER_MASK);
        row->since_key++;
    }
    if (!full)
        at = bitmap_put(at, shape, sample);
    struct bit_writer bits = {.at = at};
    enum time_mode mode = TIME_ARRIVAL;
    if (!sample->arrival_time) {
        int64_t units = time_to_units(sample->time_ns, row->unit);
        int64_t wall_units = time_to_units(writer->wall_ns, row->unit);
        uint8_t needed = (uint8_t)(UNIT_S - time_unit_coarsest(sample->time_ns));
        if (row->unit_needed < needed)
            row->unit_needed = needed;
        mode = key.needed ? TIME_ABSOLUTE : time_mode_choose(row, units);
        if (key.needed)
            key_time_put(&bits, row, key.step, units, wall_units);
        else
            time_put(&bits, row, mode, units, wall_units);
    } else if (key.needed) {
        row->time_known = TIME_UNKNOWN;
        row->time_rice = TIME_RICE_INITIAL;
    }
    values_put(&bits, columns, sample, survey.extended);
    unsigned flags = row->counter | (key.needed ? HEAD_KEY : 0) | (full ? HEAD_FULL : 0) |
                     (survey.extended ? HEAD_EXTENDED : 0) | (unsigned)mode << HEAD_TIME_SHIFT;
    store_u16(head, (uint16_t)flags);
    at = bits_end(&bits);
    return survey.texts ? texts_put(at, sample) : at;
}

void samples_write(struct samples_writer *writer, const struct row_shape *shape,
                   const uint8_t *types, struct row_context *row, struct column_context *columns,
                   const struct sample_row *sample)
{
    check(shape->count >= 1 && shape->count <= COLUMNS_MAX && sample->row == shape->row);
    check(sample->count >= 1 && sample->count <= shape->count);
    check(sample->columns || sample->count == shape->count);
    check(sample->arrival_time ||
          (sample->time_ns >= TIME_MIN_NS && sample->time_ns < TIME_MAX_NS));
    check(writer->generation != 0);
    uint32_t row_distance = sample->row - writer->row_last;
    uint8_t *at = writer->at + writer->size;
    size_t tag_bytes = varint_size(zigzag((int32_t)row_distance) << TAG_LENGTH_BITS);
    uint8_t *body = at + tag_bytes;
    uint8_t *end = body_put(body, writer, shape, types, row, columns, sample);
    end = tag_put(at, row_distance, body, (size_t)(end - body));
    writer->size = (size_t)(end - writer->at);
    writer->row_last = sample->row;
    writer->ordinal++;
}
