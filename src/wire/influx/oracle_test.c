/* Bodies made at random, of parts that are likely to go wrong: the decoder says what the oracle
 * says, in one piece or in many, with shapes tried first or not. */
#include "wire/influx/oracle.h"
#include "base/test_random.h"

#include <setjmp.h>
#include <cmocka.h>

static size_t random_below(uint64_t *state, size_t limit)
{
    return (size_t)(test_random(state) % limit);
}

#define PICK(seed, texts) texts[random_below(seed, ARRAY_COUNT(texts))]

static const char *const names[] = {"a",      "b",        "cpu",
                                    "a\\ b",  "\\,",      "x\\=y",
                                    "\\\\ ",  "\xc3\xa4", "long_name_of_some_metric",
                                    "q\"uot", "\\back\\", "\\\\",
                                    "0",      "="};
static const char *const values[] = {"1",
                                     "21.35",
                                     "-0",
                                     "1e3",
                                     "-.5",
                                     "5.",
                                     "+7",
                                     "12345678901234567890",
                                     "0.1234567890123456789",
                                     "00012.50",
                                     "4i",
                                     "-9223372036854775808i",
                                     "+1i",
                                     "18u",
                                     "t",
                                     "False",
                                     "\"text\"",
                                     "\"two\nlines\"",
                                     "\"a \\\"b\\\" \\\\ \\n\"",
                                     "\"\"",
                                     "\"x=1,y=\"",
                                     "\"\xe6\xb0\xb4\"",
                                     "9007199254740993",
                                     "9007199254740993i",
                                     "1e-320"};
static const char *const wrong[] = {"",         "NaN",
                                    "1.2.3",    "9223372036854775808i",
                                    "\"",       "-",
                                    "1x",       "tr",
                                    "\"a\"b",   "9223372036854775808u",
                                    "0x1p4",    "1e999",
                                    "\t",       "=",
                                    "\"\xff\"", "-1u",
                                    ".",        "1e"};
static const char *const times[] = {"",
                                    " ",
                                    " 1700000000000000000",
                                    " 0",
                                    "  1700000000  ",
                                    " 000000000000000000000017",
                                    " 7258118399999999999",
                                    " 7258118400000000000",
                                    " -1",
                                    " -0",
                                    " 1-",
                                    " x",
                                    " 1 2",
                                    " 120961",
                                    " 99999999999999999999"};
static const char *const ends[] = {"\n",   "\n",         "\n", "\n", "\r\n",     " \n",
                                   "\n\n", "\n# note\n", "\r", "",   "\n#\x01\n"};

struct body {
    char at[2048];
    size_t size;
};
static void body_put(struct body *body, const char *text)
{
    size_t size = strlen(text);
    if (sizeof body->at - body->size < size)
        return;
    memcpy(body->at + body->size, text, size);
    body->size += size;
}

static void body_line(struct body *body, uint64_t *seed, bool plain)
{
    body_put(body, random_below(seed, 16) == 0 ? "  " : "");
    body_put(body, plain ? "cpu" : PICK(seed, names));
    size_t tags = plain ? 1 : random_below(seed, 4);
    for (size_t i = 0; i < tags; i++) {
        body_put(body, ",");
        body_put(body, plain ? "host" : PICK(seed, names));
        body_put(body, "=");
        body_put(body, plain ? "a" : PICK(seed, names));
    }
    body_put(body, random_below(seed, 16) == 0 ? "   " : " ");
    size_t fields = plain ? 2 : 1 + random_below(seed, 12);
    for (size_t i = 0; i < fields; i++) {
        body_put(body, i > 0 ? "," : "");
        body_put(body, plain ? (i > 0 ? "two" : "one") : PICK(seed, names));
        body_put(body, "=");
        body_put(body, random_below(seed, 24) == 0 ? PICK(seed, wrong) : PICK(seed, values));
    }
    body_put(body, random_below(seed, 2) == 0 ? " 1700000000" : PICK(seed, times));
    body_put(body, PICK(seed, ends));
}

/* Some bytes that are others, or gone. */
static void body_spoil(struct body *body, uint64_t *seed)
{
    static const char bytes[] = "\n\"\\ ,=#i\r\t0\x7f\xc3";
    for (size_t i = random_below(seed, 4); i > 0 && body->size > 1; i--) {
        size_t at = random_below(seed, body->size);
        if (random_below(seed, 2) == 0) {
            body->at[at] = bytes[random_below(seed, sizeof bytes)];
        } else {
            memmove(body->at + at, body->at + at + 1, body->size - at - 1);
            body->size--;
        }
    }
}

static void assert_same(const struct transcript *is, const struct transcript *should,
                        const struct body *body, uint64_t seed, size_t piece)
{
    if (is->size == should->size && (is->size == 0 || memcmp(is->at, should->at, is->size) == 0))
        return;
    print_error("seed %" PRIu64 ", pieces of %zu:\n%.*s\n--- is\n%.*s\n--- should be\n%.*s\n", seed,
                piece, (int)body->size, body->at, (int)is->size, is->at, (int)should->size,
                should->at);
    fail();
}

static void random_bodies_agree(void **state)
{
    (void)state;
    struct influx_decoder *decoder;
    struct transcript is = {NULL, 0, 0}, should = {NULL, 0, 0};
    static struct transcript_shapes shapes;
    assert_int_equal(influx_decoder_create(&decoder), OK);
    uint64_t lines = 0, faults = 0;
    for (uint64_t round = 1; round <= 20000; round++) {
        uint64_t seed = round;
        struct body body = {.size = 0};
        bool plain = round % 4 == 0;
        for (size_t count = 1 + random_below(&seed, 6); count > 0; count--)
            body_line(&body, &seed, plain);
        if (round % 3 == 0)
            body_spoil(&body, &seed);
        enum influx_precision precision = (enum influx_precision)(round % INFLUX_PRECISIONS);
        struct bytes text = bytes_of(body.at, body.size);
        oracle_decode(&should, text, precision);
        size_t piece = random_below(&seed, 40);
        transcript_decode(&is, decoder, text, precision, 0, NULL);
        assert_same(&is, &should, &body, round, 0);
        transcript_decode(&is, decoder, text, precision, piece, NULL);
        assert_same(&is, &should, &body, round, piece);
        transcript_decode(&is, decoder, text, precision, piece, &shapes);
        assert_same(&is, &should, &body, round, piece);
        transcript_decode(&is, decoder, text, precision, 0, &shapes);
        assert_same(&is, &should, &body, round, 0);
        shapes.waits = true;
        transcript_decode(&is, decoder, text, precision, piece, &shapes);
        assert_same(&is, &should, &body, round, piece);
        transcript_decode(&is, decoder, text, precision, 0, &shapes);
        assert_same(&is, &should, &body, round, 0);
        shapes.waits = shapes.waited = false;
        transcript_put(&should, "", 1);
        lines += strstr(should.at, " fields ") != NULL;
        faults += strstr(should.at, " fault\n") != NULL;
    }
    /* What was compared is worth it. */
    assert_true(lines > 5000 && faults > 5000 && shapes.matches > 5000);
    transcript_shapes_done(&shapes);
    free(is.at);
    free(should.at);
    influx_decoder_destroy(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(random_bodies_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
