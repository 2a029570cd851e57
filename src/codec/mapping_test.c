/* Mappings and symbols: exact both ways, and in order. */
#include "codec/fixture.h"
#include "codec/mapping.h"
#include "codec/symbols.h"

static void decimals_of_every_exponent(void **state)
{
    (void)state;
    uint64_t luck = 1;
    for (uint8_t exponent = 0; exponent <= SCALE_DECIMAL_MAX; exponent++)
        for (unsigned round = 0; round < 20000; round++) {
            int64_t number = (int64_t)(test_random(&luck) >> (11 + luck_below(&luck, 52)));
            struct value value = {.type = VALUE_FLOAT64, .scale = exponent, .present = true};
            value.number = round & 1 ? -number : number;
            struct mapping mapping = {MAPPING_DECIMAL, exponent};
            uint64_t word = chunk_word(&value), back = (uint64_t)value.number;
            int64_t found;
            assert_true(mapping_words(mapping, &back, 1));
            assert_true(back == word);
            /* Near 2^53 the product is rounded, and the number may not be found: then it stands
             * aside. Below, it is. */
            if (mapping_number(mapping, word, &found)) {
                back = (uint64_t)found;
                assert_true(mapping_words(mapping, &back, 1) && back == word);
            } else {
                assert_true(number > INT64_C(1) << 51);
            }
        }
}

/* The vector body and the careful one find the same numbers. */
static void words_become_numbers_in_any_company(void **state)
{
    (void)state;
    enum { COUNT = 640 };
    uint64_t luck = 2, words[COUNT], back[COUNT];
    int64_t numbers[COUNT];
    uint16_t exceptions[COUNT];
    for (unsigned round = 0; round < 600; round++) {
        struct mapping mapping = {(uint8_t)(1 + round % 3), (uint8_t)luck_below(&luck, 19)};
        uint64_t odd = luck_below(&luck, 3) * 8;
        for (uint32_t i = 0; i < COUNT; i++) {
            uint64_t word = luck_below(&luck, UINT64_C(1) << (1 + luck_below(&luck, 51)));
            words[i] = mapping.kind == MAPPING_BITS ? word % (UINT64_C(1) << 40) : word;
            assert_true(mapping_words(mapping, &words[i], 1));
            if (luck_below(&luck, 100) < odd)
                words[i] = luck_finite(&luck);
            if (luck_below(&luck, 100) < odd)
                words[i] = word_of(-0.0);
        }
        uint32_t found = mapping_numbers(mapping, words, COUNT, numbers, exceptions, COUNT);
        memcpy(back, numbers, sizeof back);
        assert_true(mapping_words(mapping, back, COUNT));
        for (uint32_t i = 0; i < found; i++)
            back[exceptions[i]] = words[exceptions[i]];
        assert_memory_equal(back, words, sizeof words);
        for (uint32_t i = 1; i < found; i++)
            assert_true(exceptions[i] > exceptions[i - 1]);
        if (found)
            assert_int_equal(mapping_numbers(mapping, words, COUNT, numbers, exceptions, found - 1),
                             found);
    }
}

static void the_sign_of_zero_is_kept(void **state)
{
    (void)state;
    int64_t number;
    assert_false(mapping_number((struct mapping){MAPPING_DECIMAL, 0}, word_of(-0.0), &number));
    assert_true(mapping_number((struct mapping){MAPPING_DECIMAL, 3}, word_of(0.0), &number));
    assert_int_equal(number, 0);
    assert_true(mapping_number((struct mapping){MAPPING_BITS, 63}, word_of(-0.0), &number));
    assert_int_equal(number, -1);
}

static void bits_keep_the_order(void **state)
{
    (void)state;
    uint64_t luck = 3;
    struct mapping mapping = {MAPPING_BITS, 0};
    for (unsigned round = 0; round < 100000; round++) {
        uint64_t a = luck_finite(&luck), b = luck_finite(&luck);
        int64_t left, right;
        assert_true(mapping_number(mapping, a, &left));
        assert_true(mapping_number(mapping, b, &right));
        assert_int_equal(left < right, real_of_word(a) < real_of_word(b));
    }
}

static void what_is_not_finite_is_told(void **state)
{
    (void)state;
    uint64_t words[] = {word_of(1), word_of(-1.7976931348623157e308), UINT64_C(0x7ff) << 52};
    assert_true(words_are_finite(words, 2));
    assert_false(words_are_finite(words, 3));
    words[2] = UINT64_MAX;
    assert_false(words_are_finite(words, 3));
    uint64_t number = (UINT64_C(0x7ff) << 52) + 1;
    assert_false(mapping_words((struct mapping){MAPPING_BITS, 0}, &number, 1));
}

static void float32_of_a_decimal(void **state)
{
    (void)state;
    int64_t number;
    uint64_t word = word_of((double)21.35f);
    assert_false(mapping_number((struct mapping){MAPPING_DECIMAL, 2}, word, &number));
    assert_true(mapping_number((struct mapping){MAPPING_FLOAT32, 2}, word, &number));
    assert_int_equal(number, 2135);
}

static void symbols_go_both_ways(void **state)
{
    (void)state;
    enum { COUNT = CHUNK_ROWS_MAX };
    static uint8_t symbols[COUNT], back[COUNT], bytes[SYMBOLS_BYTES_MAX(COUNT) + 80];
    uint64_t luck = 4;
    for (unsigned round = 0; round < 3000; round++) {
        uint32_t count = 1 + (uint32_t)luck_below(&luck, round % 100 ? 200 : COUNT);
        uint64_t kinds = 1 + luck_below(&luck, round & 1 ? 20 : 4), run = 1 + luck_below(&luck, 90);
        for (uint32_t i = 0; i < count; i++)
            symbols[i] = i && luck_below(&luck, run) ? symbols[i - 1]
                                                     : (uint8_t)(luck_below(&luck, kinds) * 13);
        size_t size = symbols_put(bytes, symbols, count), offset = 0;
        assert_true(size <= SYMBOLS_BYTES_MAX(count));
        uint8_t *copy = malloc(size);
        memcpy(copy, bytes, size);
        assert_true(symbols_get(bytes_of(copy, size), &offset, count, back));
        assert_int_equal(offset, size);
        assert_memory_equal(symbols, back, count);
        for (size_t cut = 0; cut < size && round < 300; cut++) {
            offset = 0;
            assert_false(symbols_get(bytes_of(copy, cut), &offset, count, back));
        }
        free(copy);
    }
}

static void symbols_that_are_none(void **state)
{
    (void)state;
    uint8_t back[8];
    static const struct {
        uint8_t bytes[8];
        size_t size;
    } broken[] = {
        {{0, 1, 0}, 3},                /* a run of none */
        {{0, 1, 9}, 3},                /* a run beyond the last row */
        {{0, 1, 7}, 3},                /* and one that ends before it */
        {{17, 0}, 2},                  /* more symbols than can be packed */
        {{3, 1, 2, 3, 0xff, 0xff}, 6}, /* an index beyond the list */
    };
    for (size_t i = 0; i < ARRAY_COUNT(broken); i++) {
        size_t offset = 0;
        assert_false(symbols_get(bytes_of(broken[i].bytes, broken[i].size), &offset, 8, back));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimals_of_every_exponent),
        cmocka_unit_test(words_become_numbers_in_any_company),
        cmocka_unit_test(the_sign_of_zero_is_kept),
        cmocka_unit_test(bits_keep_the_order),
        cmocka_unit_test(what_is_not_finite_is_told),
        cmocka_unit_test(float32_of_a_decimal),
        cmocka_unit_test(symbols_go_both_ways),
        cmocka_unit_test(symbols_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
