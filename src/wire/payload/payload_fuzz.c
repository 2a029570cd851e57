/* Any bytes as a payload; what is decoded keeps its promises. A record separator (0x1E) in the
 * input parts a first payload, whose shape is learnt, from a second, which is matched with it. */
#include "wire/payload/cross.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

static void decode(struct payload_decoder *decoder, struct bytes payload)
{
    struct payload_group group;
    size_t where = 0;
    unsigned groups = 0;
    if (payload_decode(decoder, payload, &where)) {
        check(where <= payload.size && !payload_next(decoder, &group));
        return;
    }
    while (payload_next(decoder, &group)) {
        cross_group(&group);
        for (size_t i = 0; i < group.count; i++)
            cross_convert(&group.readings[i].value);
        groups++;
    }
    check(groups > 0 && groups <= PAYLOAD_GROUPS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static struct payload_decoder *decoder;
    static uint8_t storage[4096];
    if (!decoder && payload_decoder_create(&decoder))
        return 0;
    const uint8_t *cut = size > 0 ? memchr(at, 0x1E, size) : NULL;
    struct bytes first = {at, cut ? (size_t)(cut - at) : size}, second = first;
    if (cut)
        second = bytes_of(cut + 1, size - first.size - 1);
    /* Copies of the exact size, so that the sanitizer sees a read beyond the end. */
    uint8_t *copies[2] = {malloc(first.size + 1), malloc(second.size + 1)};
    check(copies[0] && copies[1]);
    uint8_t *ones = copies[0] + 1, *twos = copies[1] + 1;
    if (first.size > 0)
        memcpy(ones, first.at, first.size);
    if (second.size > 0)
        memcpy(twos, second.at, second.size);
    first.at = ones;
    second.at = twos;
    decode(decoder, second);
    decode(decoder, first);
    struct payload_shape shape;
    size_t where;
    if (payload_decode(decoder, first, &where) == PAYLOAD_OK &&
        payload_shape_learn(first, storage, sizeof storage, &shape)) {
        (void)cross_match(decoder, &shape, first);
        (void)cross_match(decoder, &shape, second);
    }
    free(copies[0]);
    free(copies[1]);
    return 0;
}
