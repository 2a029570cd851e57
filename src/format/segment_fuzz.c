/* Any bytes as a segment's header, and as sample runs in two batches with a hole between them. What
 * is decoded is within its limits and can be encoded again. */
#include "format/format.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

static void encode_again(const struct row_shape *shape, const struct sample_row *sample)
{
    static uint8_t bytes[SAMPLE_RECORD_BYTES_MAX(COLUMNS_MAX, COLUMNS_MAX * STRING_VALUE_MAX)];
    static struct column_context columns[COLUMNS_MAX];
    static struct column_context columns_in[COLUMNS_MAX];
    static struct sample_storage storage;
    uint8_t types[COLUMNS_MAX];
    memset(types, VALUE_FLOAT64, sizeof types);
    for (unsigned i = 0; i < sample->count; i++)
        types[sample->columns ? sample->columns[i] : i] = sample->values[i].type;
    memset(columns, 0, sizeof columns);
    memset(columns_in, 0, sizeof columns_in);
    struct row_context row = {0}, row_in = {0};
    struct samples_writer writer = {.at = bytes, .capacity = sizeof bytes, .generation = 1};
    samples_write(&writer, shape, types, &row, columns, sample);
    struct samples_reader reader = {.run = bytes_of(bytes, writer.size), .generation = 1};
    struct sample_row again;
    check(samples_read(&reader, shape, &row_in, columns_in, &storage, &again) == OK);
    check(again.count == sample->count && again.arrival_time == sample->arrival_time);
    check(again.arrival_time || again.time_ns == sample->time_ns);
    for (unsigned i = 0; i < again.count; i++)
        check(value_equal(&again.values[i], &sample->values[i]));
}

static void each_sample(void *arg, const struct row_shape *shape, const struct sample_row *sample)
{
    uint64_t *values = arg;
    check(shape->count <= COLUMNS_MAX && sample->count <= COLUMNS_MAX);
    check(sample->undecodable == (sample->count == 0));
    check(sample->count <= shape->count);
    if (sample->undecodable)
        return;
    check(sample->arrival_time ||
          (sample->time_ns >= TIME_MIN_NS && sample->time_ns < TIME_MAX_NS));
    for (unsigned i = 0; i < sample->count; i++) {
        unsigned column = sample->columns ? sample->columns[i] : i;
        check(column < shape->count);
        check(sample->values[i].text.size <= STRING_VALUE_MAX);
        check(value_type_name(sample->values[i].type) != NULL);
    }
    *values += sample->count;
    if (*values < 2000) /* bounded work */
        encode_again(shape, sample);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    struct segment_header header;
    if (segment_header_get(bytes_of(at, size), &header) == OK)
        check(header.kind >= SEGMENT_OPEN && header.kind <= SEGMENT_MESSAGES && header.generation);
    if (size < 4)
        return 0;
    size_t cut = load_u16(at) % (size - 3);
    struct segment_decoder *decoder;
    if (segment_decoder_create(1, &decoder) != OK)
        return 0;
    struct batch_header batch = {.wall_ns = INT64_C(1790000000000000000)};
    uint64_t values = 0;
    enum err first =
        segment_decoder_batch(decoder, &batch, bytes_of(at + 4, cut), each_sample, &values);
    segment_decoder_hole(decoder, at[2] * UINT64_C(16));
    enum err second =
        segment_decoder_batch(decoder, &batch, bytes_of(at + 4, size - 4), each_sample, &values);
    check(first == OK || first == ERR_CORRUPT);
    check(second == OK || second == ERR_CORRUPT);
    segment_decoder_destroy(decoder);
    return 0;
}
