/* Bytes from outside that base reads: times, varints, UTF-8. First byte: which. Each is held
 * against a property, so that a wrong answer is found as well as a crash. */
#include "base/base.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

/* What was read can be written, and read again as the same. */
static void time_try(struct bytes text)
{
    int64_t time_ns = 42, again;
    if (!time_parse(text, &time_ns)) {
        check(time_ns == 42);
        return;
    }
    char written[TIME_TEXT_SIZE];
    check(time_parse(bytes_text(time_format(time_ns, written)), &again));
    check(again == time_ns);
}

/* Every 64-bit number can be written and read. */
static void time_write_try(struct bytes text)
{
    char written[TIME_TEXT_SIZE];
    int64_t time_ns = 0, again;
    memcpy(&time_ns, text.at, text.size < sizeof time_ns ? text.size : sizeof time_ns);
    check(time_parse(bytes_text(time_format(time_ns, written)), &again) && again == time_ns);
}

static void varint_try(struct bytes text)
{
    size_t offset = 0;
    uint64_t v = 42;
    for (;;) {
        size_t before = offset;
        if (!varint_get(text, &offset, &v)) {
            check(offset == before);
            return;
        }
        uint8_t written[VARINT_MAX];
        size_t size = varint_put(written, v), read = 0;
        uint64_t again;
        check(offset > before && offset <= text.size && offset - before <= VARINT_MAX);
        check(size == varint_size(v) && size <= offset - before);
        check(varint_get(bytes_of(written, size), &read, &again) && read == size && again == v);
        check(zigzag(unzigzag(v)) == v);
    }
}

/* The fast test and the walk agree. */
static void utf8_try(struct bytes text)
{
    size_t offset = 0, step;
    while ((step = bytes_utf8_step(text, offset)) > 0)
        offset += step;
    check(offset <= text.size);
    check(bytes_are_utf8(text) == (offset == text.size));
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    if (size == 0)
        return 0;
    struct bytes text = bytes_of(at + 1, size - 1);
    switch (at[0] % 4) {
    case 0:
        time_try(text);
        break;
    case 1:
        time_write_try(text);
        break;
    case 2:
        varint_try(text);
        break;
    default:
        utf8_try(text);
        break;
    }
    return 0;
}
