/* Rows back out of a chunk. Every size is held against what is there before it is believed. */
#include <string.h>

#include "codec/encoder.h"
#include "codec/header.h"
#include "codec/summary.h"
#include "codec/symbols.h"

struct value chunk_value(uint8_t type, uint64_t word)
{
    struct value value = {.type = type, .number = (int64_t)word, .present = true};
    if (type != VALUE_FLOAT64)
        return value;
    double real;
    memcpy(&real, &word, sizeof real);
    return value_of_real(real);
}

size_t chunk_bytes_claimed(struct bytes b)
{
    size_t at = HEADER_FIXED;
    uint64_t size;
    if (b.size < HEADER_FIXED || load_u16(b.at) != HEADER_MAGIC || !varint_get(b, &at, &size) ||
        size <= at || size > CHUNK_BYTES_MAX)
        return 0;
    return (size_t)size;
}

MUST_USE static bool number_get(struct bytes b, size_t *at, uint64_t most, uint64_t *ret_number)
{
    return varint_get(b, at, ret_number) && *ret_number <= most;
}

MUST_USE static bool time_first_get(struct bytes b, size_t *at, int64_t *ret_time)
{
    uint64_t number;
    if (*at >= b.size)
        return false;
    uint8_t unit = b.at[(*at)++];
    if (unit >= ARRAY_COUNT(header_units) || !varint_get(b, at, &number))
        return false;
    return !__builtin_mul_overflow(unzigzag(number), header_units[unit], ret_time);
}

/* Where the streams lie: their sizes fill the chunk, exactly. */
MUST_USE static bool sizes_get(struct bytes b, size_t *at, struct chunk *chunk)
{
    uint64_t sizes[CHUNK_COLUMNS_MAX + 1];
    for (uint32_t i = 0; i <= chunk->columns; i++) {
        if (!number_get(b, at, b.size, &sizes[i]))
            return false;
    }
    size_t offset = *at;
    chunk->time_at = (uint32_t)offset;
    for (uint32_t i = 0; i <= chunk->columns; i++) {
        if (sizes[i] > b.size - offset)
            return false;
        offset += (size_t)sizes[i];
        chunk->column_at[i] = (uint32_t)offset;
    }
    return offset == b.size;
}

MUST_USE static bool header_get(struct bytes b, struct chunk *chunk)
{
    size_t at = HEADER_FIXED;
    uint64_t size, rows, columns, owner, lasts;
    if (!varint_get(b, &at, &size) || !number_get(b, &at, CHUNK_ROWS_MAX - 1, &rows) ||
        !number_get(b, &at, CHUNK_COLUMNS_MAX, &columns) || !varint_get(b, &at, &owner) ||
        !time_first_get(b, &at, &chunk->time_first) || !varint_get(b, &at, &lasts))
        return false;
    chunk->bytes = b;
    chunk->owner = owner;
    chunk->rows = (uint32_t)rows + 1;
    chunk->columns = (uint16_t)columns;
    chunk->time_last = (int64_t)((uint64_t)chunk->time_first + lasts);
    return chunk->time_last >= chunk->time_first && sizes_get(b, &at, chunk);
}

enum err chunk_open(struct bytes b, enum chunk_trust trust, struct chunk *ret_chunk)
{
    size_t size = chunk_bytes_claimed(b);
    if (b.size >= 3 && load_u16(b.at) == HEADER_MAGIC && b.at[2] > CHUNK_VERSION)
        return ERR_NEWER;
    if (size == 0 || size > b.size || b.at[2] != CHUNK_VERSION)
        return ERR_CORRUPT;
    struct bytes whole = bytes_of(b.at, size);
    if (trust == CHUNK_VERIFY && header_crc(whole) != load_u32(b.at + 3))
        return ERR_CORRUPT;
    return header_get(whole, ret_chunk) ? OK : ERR_CORRUPT;
}

/* ---- times
 * --------------------------------------------------------------------------------------- */
static enum err times_open(const struct chunk *chunk, struct chunk_stream *ret_stream)
{
    struct bytes body =
        bytes_of(chunk->bytes.at + chunk->time_at, chunk->column_at[0] - chunk->time_at);
    return stream_open(body, chunk->rows, ret_stream);
}

/* Distances become times; false when they descend or leave what the header says. */
MUST_USE static bool times_finish(const struct chunk *chunk, uint32_t count, int64_t *times)
{
    bool good = true;
    for (uint32_t i = 0; i < count; i++)
        times[i] = (int64_t)((uint64_t)times[i] + (uint64_t)chunk->time_first);
    for (uint32_t i = 1; i < count; i++)
        good &= times[i] >= times[i - 1];
    return good &&
           (!count || (times[0] >= chunk->time_first && times[count - 1] <= chunk->time_last));
}

enum err chunk_times(const struct chunk *chunk, uint32_t first, uint32_t count, int64_t *times)
{
    struct chunk_stream stream;
    check(first <= chunk->rows && count <= chunk->rows - first);
    enum err err = times_open(chunk, &stream);
    if (err == OK)
        err = stream_get(&stream, first, count, times);
    if (err == OK && !times_finish(chunk, count, times))
        err = ERR_CORRUPT;
    return err;
}

/* Rows of the block that are earlier than the time: times ascend. */
static uint32_t times_before(const int64_t *times, uint32_t count, int64_t time)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i < count; i++)
        before += times[i] < time;
    return before;
}

enum err chunk_find(const struct chunk *chunk, int64_t from, int64_t to, uint32_t *ret_first,
                    uint32_t *ret_count)
{
    struct chunk_stream stream;
    uint32_t first = 0, end = 0;
    if (from >= to || chunk->time_last < from || chunk->time_first >= to) {
        *ret_first = *ret_count = 0;
        return OK;
    }
    if (from <= chunk->time_first && to > chunk->time_last) {
        *ret_first = 0;
        *ret_count = chunk->rows;
        return OK;
    }
    enum err err = times_open(chunk, &stream);
    for (uint32_t row = 0; err == OK && row < chunk->rows && end == row; row += CHUNK_BLOCK) {
        int64_t times[CHUNK_BLOCK];
        uint32_t count = chunk->rows - row < CHUNK_BLOCK ? chunk->rows - row : CHUNK_BLOCK;
        err = stream_get(&stream, row, count, times);
        if (err == OK && !times_finish(chunk, count, times))
            err = ERR_CORRUPT;
        if (err != OK)
            break;
        first += times_before(times, count, from);
        end += times_before(times, count, to);
    }
    if (err != OK)
        return err;
    *ret_first = first;
    *ret_count = end > first ? end - first : 0;
    return OK;
}

/* ---- columns
 * --------------------------------------------------------------------------------------- */
struct column_head {
    struct bytes bytes;
    size_t at; /* behind the summary */
    struct chunk_summary summary;
    struct mapping mapping;
    uint8_t flags;
    bool some_missing;
};

MUST_USE static bool head_get(const struct chunk *chunk, uint16_t column, struct column_head *head)
{
    check(column < chunk->columns);
    struct bytes b = bytes_of(chunk->bytes.at + chunk->column_at[column],
                              chunk->column_at[column + 1] - chunk->column_at[column]);
    if (b.size < 3)
        return false;
    uint8_t type = b.at[0] & COLUMN_TYPE_MASK;
    *head = (struct column_head){.bytes = b, .at = 2};
    head->some_missing = b.at[0] & COLUMN_FLAG_MISSING;
    head->summary.type = type;
    head->summary.all_good = !(b.at[0] & COLUMN_FLAG_NOT_GOOD);
    head->mapping.kind = b.at[1] & COLUMN_MAPPING_MASK;
    head->flags = b.at[1] & (uint8_t)~COLUMN_MAPPING_MASK;
    if (type == VALUE_FLOAT64)
        head->mapping.parameter = b.at[head->at++];
    if (!value_type_name(type) || !mapping_is_valid(head->mapping, type) ||
        b.at[0] > (COLUMN_TYPE_MASK | COLUMN_FLAG_MISSING | COLUMN_FLAG_NOT_GOOD) ||
        head->flags > (COLUMN_FLAG_EXCEPTIONS | COLUMN_FLAG_DICTIONARY | COLUMN_FLAG_HELD))
        return false;
    struct summary_frame frame = {.mapping = head->mapping,
                                  .rows = chunk->rows,
                                  .time_first = chunk->time_first,
                                  .time_last = chunk->time_last,
                                  .some_missing = head->some_missing};
    return summary_get(b, &head->at, &frame, &head->summary);
}

enum err chunk_summary_get(const struct chunk *chunk, uint16_t column,
                           struct chunk_summary *ret_summary)
{
    struct column_head head;
    if (!head_get(chunk, column, &head))
        return ERR_CORRUPT;
    *ret_summary = head.summary;
    return OK;
}

/* Cells and qualities, and whether they say what the summary says. */
MUST_USE static bool symbols_open(struct chunk_column_reader *reader, size_t *at)
{
    const struct chunk_summary *summary = &reader->summary;
    if (reader->some_missing) {
        uint32_t samples = 0, count = 0;
        bool known = true;
        if (!symbols_get(reader->bytes, at, reader->rows, reader->cells))
            return false;
        for (uint32_t i = 0; i < reader->rows; i++) {
            known &= reader->cells[i] <= CELL_NONE;
            samples += reader->cells[i] != CELL_NONE;
            count += reader->cells[i] == CELL_VALUE;
        }
        if (!known || samples != summary->samples || count != summary->count)
            return false;
    }
    return !reader->some_not_good ||
           symbols_get(reader->bytes, at, reader->rows, reader->qualities);
}

MUST_USE static bool exceptions_open(struct chunk_column_reader *reader, size_t *at)
{
    struct bytes b = reader->bytes;
    uint64_t count, skipped, position = 0;
    if (!number_get(b, at, reader->stored, &count) || count == 0)
        return false;
    reader->exceptions_at = *at;
    reader->exceptions = (uint32_t)count;
    for (uint32_t i = 0; i < count; i++) {
        if (!number_get(b, at, CHUNK_ROWS_MAX, &skipped))
            return false;
        position += skipped + 1;
    }
    if (position > reader->stored || b.size - *at < count * 8)
        return false;
    reader->exception_words_at = *at;
    *at += (size_t)count * 8;
    return true;
}

MUST_USE static bool dictionary_open(struct chunk_column_reader *reader, size_t *at)
{
    struct bytes b = reader->bytes;
    uint64_t size, bytes;
    struct chunk_stream stream;
    if (!number_get(b, at, CHUNK_ROWS_MAX, &size) || size == 0 ||
        !number_get(b, at, b.size - *at, &bytes) || bytes > b.size - *at ||
        stream_open(bytes_of(b.at + *at, (size_t)bytes), (uint32_t)size, &stream) != OK ||
        stream_get(&stream, 0, (uint32_t)size, (int64_t *)reader->dictionary) != OK)
        return false;
    *at += (size_t)bytes;
    reader->dictionary_size = (uint32_t)size;
    return mapping_words((struct mapping){reader->mapping, reader->parameter}, reader->dictionary,
                         (uint32_t)size);
}

/* Texts: the dictionary holds offset << 32 | size. */
MUST_USE static bool texts_open(struct chunk_column_reader *reader, size_t *at)
{
    struct bytes b = reader->bytes;
    uint64_t found;
    if (!number_get(b, at, CHUNK_ROWS_MAX, &found) || found == 0)
        return false;
    for (uint32_t i = 0; i < found; i++) {
        if (!number_get(b, at, STRING_VALUE_MAX, &reader->dictionary[i]))
            return false;
    }
    for (uint32_t i = 0; i < found; i++) {
        uint64_t size = reader->dictionary[i];
        if (size > b.size - *at)
            return false;
        reader->dictionary[i] |= (uint64_t)*at << 32;
        *at += (size_t)size;
    }
    reader->dictionary_size = (uint32_t)found;
    return true;
}

/* Lengths of the runs of held values, which have all values together. */
MUST_USE static bool held_open(struct chunk_column_reader *reader, size_t *at)
{
    struct bytes b = reader->bytes;
    uint64_t runs, bytes, end = 0;
    struct chunk_stream stream;
    uint64_t *lengths = reader->dictionary; /* which is filled later */
    if (!number_get(b, at, reader->summary.count, &runs) || runs == 0 ||
        !varint_get(b, at, &bytes) || bytes > b.size - *at ||
        stream_open(bytes_of(b.at + *at, (size_t)bytes), (uint32_t)runs, &stream) != OK ||
        stream_get(&stream, 0, (uint32_t)runs, (int64_t *)lengths) != OK)
        return false;
    *at += (size_t)bytes;
    for (uint32_t i = 0; i < runs; i++) {
        if (lengths[i] == 0 || lengths[i] > reader->summary.count - end)
            return false;
        end += lengths[i];
        reader->run_ends[i] = (uint16_t)end;
    }
    reader->stored = (uint32_t)runs;
    return end == reader->summary.count;
}

MUST_USE static bool values_open(struct chunk_column_reader *reader, uint8_t flags, size_t at)
{
    struct bytes b = reader->bytes;
    uint32_t count = reader->summary.count;
    bool is_text = reader->summary.type == VALUE_STRING;
    if (count == 0)
        return flags == 0 && at == b.size;
    if (is_text && (flags || !texts_open(reader, &at)))
        return false;
    if ((flags & COLUMN_FLAG_HELD) && !held_open(reader, &at))
        return false;
    if ((flags & COLUMN_FLAG_EXCEPTIONS) && !exceptions_open(reader, &at))
        return false;
    if ((flags & COLUMN_FLAG_DICTIONARY) && (reader->exceptions || !dictionary_open(reader, &at)))
        return false;
    return stream_open(bytes_of(b.at + at, b.size - at), reader->stored, &reader->stream) == OK;
}

enum err chunk_column_open(const struct chunk *chunk, uint16_t column,
                           struct chunk_column_reader *reader)
{
    struct column_head head;
    if (!head_get(chunk, column, &head))
        return ERR_CORRUPT;
    reader->bytes = head.bytes;
    reader->summary = head.summary;
    reader->rows = chunk->rows;
    reader->mapping = head.mapping.kind;
    reader->parameter = head.mapping.parameter;
    reader->some_missing = head.some_missing;
    reader->some_not_good = !head.summary.all_good;
    reader->stored = head.summary.count;
    reader->exceptions = reader->dictionary_size = 0;
    reader->exceptions_at = reader->exception_words_at = 0;
    size_t at = head.at;
    if (!symbols_open(reader, &at) || !values_open(reader, head.flags, at))
        return ERR_CORRUPT;
    return OK;
}

/* Those of values first..first+count-1 that stand aside. */
MUST_USE static bool exceptions_apply(const struct chunk_column_reader *reader, uint32_t first,
                                      uint32_t count, uint64_t *words)
{
    size_t at = reader->exceptions_at;
    const uint8_t *exception = reader->bytes.at + reader->exception_words_at;
    uint64_t position = 0, skipped;
    for (uint32_t i = 0; i < reader->exceptions; i++, position++) {
        if (!varint_get(reader->bytes, &at, &skipped))
            return false;
        position += skipped;
        if (position < first)
            continue;
        if (position - first >= count)
            break;
        uint64_t word = load_u64(exception + (size_t)i * 8);
        if (!words_are_finite(&word, 1))
            return false;
        words[position - first] = word;
    }
    return true;
}

/* Values first..first+count-1 of those that are told. */
static enum err stored_read(struct chunk_column_reader *reader, uint32_t first, uint32_t count,
                            uint64_t *words)
{
    if (count == 0)
        return OK;
    if (stream_get(&reader->stream, first, count, (int64_t *)words) != OK)
        return ERR_CORRUPT;
    uint64_t size = reader->dictionary_size, wrong = 0;
    bool is_text = reader->summary.type == VALUE_STRING;
    if (size) {
        for (uint32_t i = 0; i < count; i++)
            wrong |= words[i] >= size;
        if (wrong)
            return ERR_CORRUPT;
        for (uint32_t i = 0; i < count && !is_text; i++)
            words[i] = reader->dictionary[words[i]];
        return OK;
    }
    if (!mapping_words((struct mapping){reader->mapping, reader->parameter}, words, count))
        return ERR_CORRUPT;
    if (reader->exceptions && !exceptions_apply(reader, first, count, words))
        return ERR_CORRUPT;
    for (uint32_t i = 0; i < count && reader->summary.type == VALUE_BOOL; i++)
        wrong |= words[i] > 1;
    return wrong ? ERR_CORRUPT : OK;
}

/* The run that holds a value. */
static uint32_t run_find(const struct chunk_column_reader *reader, uint32_t value)
{
    uint32_t low = 0, high = reader->stored - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (reader->run_ends[middle] > value)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Values first..first+count-1, gaps left out. */
static enum err values_read(struct chunk_column_reader *reader, uint32_t first, uint32_t count,
                            uint64_t *words)
{
    if (count == 0 || reader->stored == reader->summary.count)
        return stored_read(reader, first, count, words);
    uint32_t first_run = run_find(reader, first), run = run_find(reader, first + count - 1);
    enum err err = stored_read(reader, first_run, run - first_run + 1, words);
    /* From the end: a run's word stands no later than its first value. */
    for (uint32_t end = count; err == OK && end > 0; run--) {
        uint32_t begin = run > first_run ? reader->run_ends[run - 1] - first : 0;
        uint64_t word = words[run - first_run];
        while (end > begin)
            words[--end] = word;
    }
    return err;
}

static uint32_t cells_count(const uint8_t *cells, uint32_t count)
{
    uint32_t values = 0;
    for (uint32_t i = 0; i < count; i++)
        values += cells[i] == CELL_VALUE;
    return values;
}

enum err chunk_column_read(struct chunk_column_reader *reader, uint32_t first, uint32_t count,
                           uint64_t *words, uint8_t *cells, uint8_t *qualities)
{
    check(first <= reader->rows && count <= reader->rows - first);
    uint32_t first_value = first, values = count;
    if (reader->some_missing) {
        first_value = cells_count(reader->cells, first);
        values = cells_count(reader->cells + first, count);
    }
    enum err err = values_read(reader, first_value, values, words);
    if (err != OK)
        return err;
    /* From the end, because values only move up. */
    for (uint32_t i = count; reader->some_missing && i-- > 0;)
        words[i] = reader->cells[first + i] == CELL_VALUE ? words[--values] : 0;
    if (cells && reader->some_missing)
        memcpy(cells, reader->cells + first, count);
    else if (cells)
        memset(cells, CELL_VALUE, count);
    if (qualities && reader->some_not_good)
        memcpy(qualities, reader->qualities + first, count);
    else if (qualities)
        memset(qualities, QUALITY_GOOD, count);
    return OK;
}

struct bytes chunk_column_text(const struct chunk_column_reader *reader, uint64_t word)
{
    if (reader->summary.type != VALUE_STRING || word >= reader->dictionary_size)
        return bytes_of(NULL, 0);
    uint64_t entry = reader->dictionary[word];
    return bytes_of(reader->bytes.at + (entry >> 32), (size_t)(entry & UINT32_MAX));
}
