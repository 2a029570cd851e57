/* What InfluxData's decoder takes, refuses, and makes of it. */
#include "wire/influx/vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "wire/influx/oracle.h"

/* The transcript without "line N " in front of each line; true when no line is a fault. */
static bool transcript_plain(const struct transcript *transcript, struct transcript *ret_plain)
{
    bool taken = true;
    ret_plain->size = 0;
    for (size_t at = 0; at < transcript->size;) {
        const char *text = transcript->at + at;
        /* Names and strings may hold line feeds: the beginnings of lines tell them apart. */
        bool begins = transcript->size - at > 5 && memcmp(text, "line ", 5) == 0 &&
                      (at == 0 || text[-1] == '\n');
        if (begins) {
            at += 5 + strspn(text + 5, "0123456789") + 1;
            taken &= transcript->size - at < 6 || memcmp(transcript->at + at, "fault\n", 6) != 0;
            continue;
        }
        transcript_put(ret_plain, text, 1);
        at++;
    }
    transcript_put(ret_plain, "", 1);
    return taken;
}

static void vectors_are_met(void **state)
{
    (void)state;
    struct influx_decoder *decoder;
    struct transcript transcript = {NULL, 0, 0}, plain = {NULL, 0, 0};
    unsigned wrong = 0;
    assert_int_equal(influx_decoder_create(&decoder), OK);
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
        const struct vector *vector = &vectors[i];
        struct bytes text = bytes_of(vector->text, vector->size);
        for (size_t piece = 0; piece < 3; piece++) {
            transcript_decode(&transcript, decoder, text, vector->precision, piece, NULL);
            bool taken = transcript_plain(&transcript, &plain);
            bool right = vector->says && !vector->ours
                             ? taken && strcmp(plain.at, vector->says) == 0
                             : !taken;
            if (right)
                continue;
            print_error("vector %zu, pieces of %zu: %s\n  is     %s\n  should %s\n", i, piece,
                        vector->text, plain.at, vector->says ? vector->says : "be refused\n");
            wrong++;
        }
    }
    free(transcript.at);
    free(plain.at);
    influx_decoder_destroy(decoder);
    assert_int_equal(wrong, 0);
}

static void the_oracle_meets_them_too(void **state)
{
    (void)state;
    struct influx_decoder *decoder;
    struct transcript transcript = {NULL, 0, 0}, expected = {NULL, 0, 0};
    assert_int_equal(influx_decoder_create(&decoder), OK);
    for (size_t i = 0; i < ARRAY_COUNT(vectors); i++) {
        const struct vector *vector = &vectors[i];
        struct bytes text = bytes_of(vector->text, vector->size);
        transcript_decode(&transcript, decoder, text, vector->precision, 0, NULL);
        oracle_decode(&expected, text, vector->precision);
        if (transcript.size != expected.size ||
            memcmp(transcript.at, expected.at, expected.size) != 0)
            print_error("vector %zu: %s\n", i, vector->text);
        assert_int_equal(transcript.size, expected.size);
        if (expected.size > 0)
            assert_memory_equal(transcript.at, expected.at, expected.size);
    }
    free(transcript.at);
    free(expected.at);
    influx_decoder_destroy(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_are_met),
        cmocka_unit_test(the_oracle_meets_them_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
