/* Fuzzer: a time zone file as any bytes: it is refused, or answers for every second without a read
 * outside and without a loop that has no end. */
#include "query/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t seconds[] = {0,          1772352000,  4102444800,
                                      7258118400, -2208988800, 253402300799};
    struct zone *zone = NULL;
    if (zone_read(bytes_of(data, size), &zone) != OK)
        return 0;
    for (size_t i = 0; i < ARRAY_COUNT(seconds); i++) {
        int32_t offset = zone_offset(zone, seconds[i]);
        check(offset >= -26 * 3600 - 3600 && offset <= 26 * 3600 + 3600);
        (void)zone_utc(zone, seconds[i]);
    }
    zone_close(zone);
    return 0;
}
