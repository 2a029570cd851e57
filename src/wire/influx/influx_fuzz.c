/* Any bytes as a body: whole, in pieces and by shapes the decoder says what the oracle says. The
 * first byte of the input chooses the precision and the size of the pieces. */
#include "wire/influx/oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

static void expect(const struct transcript *is, const struct transcript *should)
{
    check(is->size == should->size);
    check(is->size == 0 || memcmp(is->at, should->at, is->size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static struct influx_decoder *decoder;
    static struct transcript_shapes shapes;
    static struct transcript is, should;
    if (size == 0 || (!decoder && influx_decoder_create(&decoder)))
        return 0;
    enum influx_precision precision = (enum influx_precision)(at[0] % INFLUX_PRECISIONS);
    size_t piece = 1 + at[0] / INFLUX_PRECISIONS;
    struct bytes body = bytes_of(at + 1, size - 1);
    shapes.count = 0; /* what a body says does not depend on the one before */
    oracle_decode(&should, body, precision);
    transcript_decode(&is, decoder, body, precision, 0, NULL);
    expect(&is, &should);
    transcript_decode(&is, decoder, body, precision, piece, NULL);
    expect(&is, &should);
    transcript_decode(&is, decoder, body, precision, piece, &shapes);
    expect(&is, &should);
    transcript_decode(&is, decoder, body, precision, 0, &shapes);
    expect(&is, &should);
    shapes.waits = true;
    transcript_decode(&is, decoder, body, precision, piece, &shapes);
    expect(&is, &should);
    transcript_decode(&is, decoder, body, precision, 0, &shapes);
    expect(&is, &should);
    shapes.waits = shapes.waited = false;
    return 0;
}
