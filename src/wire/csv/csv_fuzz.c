/* Any bytes as CSV: nothing is read outside, what is given in pieces is what is given whole, lines
 * and bytes only grow, and a record that is written again reads as the same fields. The first byte
 * of the input chooses the separator, the trimming and the size of the pieces. */
#include "wire/csv/csv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

static uint64_t records_hash(struct bytes text, uint8_t separator, bool trim, size_t piece)
{
    struct csv_reader *reader;
    struct csv_record record;
    uint64_t hash = 0, line = 0, bytes = 0;
    if (csv_reader_create(separator, trim, &reader) != OK)
        return 0;
    for (size_t offset = 0;; offset += piece) {
        size_t left = text.size > offset ? text.size - offset : 0;
        if (left > 0)
            csv_feed(reader, bytes_of(text.at + offset, left < piece ? left : piece));
        else
            csv_end(reader);
        enum csv_step step;
        while ((step = csv_next(reader, &record)) != CSV_STEP_MORE) {
            check(record.line > line && record.bytes > bytes && record.bytes <= text.size);
            line = record.line;
            bytes = record.bytes;
            hash = hash64(&record.fault, sizeof record.fault, hash + line);
            for (size_t i = 0; step == CSV_STEP_RECORD && i < record.count; i++)
                hash = hash64(record.fields[i].at, record.fields[i].size, hash + i);
        }
        if (left == 0)
            break;
    }
    csv_reader_destroy(reader);
    return hash;
}

static void write_again(struct bytes field, uint8_t separator)
{
    uint8_t *out = malloc(2 * field.size + 2);
    struct csv_reader *reader;
    struct csv_record record;
    if (out == NULL || csv_reader_create(separator, false, &reader) != OK) {
        free(out);
        return;
    }
    size_t size = csv_field_put(field, separator, true, out);
    check(size <= 2 * field.size + 2);
    csv_feed(reader, bytes_of(out, size));
    check(csv_next(reader, &record) == CSV_STEP_MORE);
    csv_end(reader);
    check(csv_next(reader, &record) == CSV_STEP_RECORD);
    check(record.count == 1 && bytes_equal(record.fields[0], field));
    csv_reader_destroy(reader);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static const uint8_t separators[] = {',', ';', '\t', '|'};
    if (size == 0)
        return 0;
    uint8_t separator = separators[at[0] % 4];
    bool trim = (at[0] & 4) != 0;
    struct bytes text = bytes_of(at + 1, size - 1);
    uint64_t whole = records_hash(text, separator, trim, text.size + 1);
    check(records_hash(text, separator, trim, 1 + at[0] / 8) == whole);
    (void)csv_separator_guess(text);
    if (text.size < 4096)
        write_again(text, separator);
    return 0;
}
