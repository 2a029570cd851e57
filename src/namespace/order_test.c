#include "namespace/test_points.h"

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static int compare(const char *a, const char *b)
{
    return sign(natural_compare(bytes_text(a), bytes_text(b)));
}

static void test_in_order(void **state)
{
    (void)state;
    static const char *const names[] = {"",
                                        "0",
                                        "00",
                                        "000",
                                        "01",
                                        "1",
                                        "01a",
                                        "1a",
                                        "01b",
                                        "1b",
                                        "2",
                                        "9",
                                        "010",
                                        "10",
                                        "10a",
                                        "99999999999999999999999999999999",
                                        "100000000000000000000000000000000",
                                        "A",
                                        "Z",
                                        "a",
                                        "a-1",
                                        "a-01b",
                                        "a-1b",
                                        "a-2",
                                        "a-10",
                                        "a-10-2",
                                        "a-10-10",
                                        "a1",
                                        "a1.5",
                                        "a1.10",
                                        "a01b2",
                                        "a1b02",
                                        "a1b2",
                                        "a01b3",
                                        "a1b3",
                                        "a2",
                                        "a10",
                                        "a11",
                                        "ab",
                                        "dev",
                                        "dev-",
                                        "dev-0",
                                        "dev-00",
                                        "dev-1",
                                        "dev-1x",
                                        "dev-2",
                                        "dev-10",
                                        "dev-10x",
                                        "dev1",
                                        "dev2",
                                        "dev10",
                                        "deva",
                                        "\xc3\xa9",
                                        "\xe6\xb8\xa9\xe5\xba\xa6"
                                        "2",
                                        "\xe6\xb8\xa9\xe5\xba\xa6"
                                        "10"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(names); j++) {
            int expected = (i > j) - (i < j);
            if (compare(names[i], names[j]) != expected)
                fail_msg("\"%s\" against \"%s\"", names[i], names[j]);
        }
    }
}

/* The order again, as its words say it: a list of numbers and bytes, then the bytes. */
static int compare_by_words(struct bytes a, struct bytes b)
{
    size_t i = 0, j = 0;
    while (i < a.size && j < b.size) {
        bool a_digit = a.at[i] >= '0' && a.at[i] <= '9', b_digit = b.at[j] >= '0' && b.at[j] <= '9';
        if (!a_digit || !b_digit) {
            if (a.at[i] != b.at[j])
                return a.at[i] < b.at[j] ? -1 : 1;
            i++;
            j++;
            continue;
        }
        uint64_t a_number = 0, b_number = 0;
        for (; i < a.size && a.at[i] >= '0' && a.at[i] <= '9'; i++)
            a_number = a_number * 10 + (a.at[i] - '0');
        for (; j < b.size && b.at[j] >= '0' && b.at[j] <= '9'; j++)
            b_number = b_number * 10 + (b.at[j] - '0');
        if (a_number != b_number)
            return a_number < b_number ? -1 : 1;
    }
    if (i < a.size || j < b.size)
        return i < a.size ? 1 : -1;
    return sign(bytes_compare(a, b));
}

static void test_random_names_against_words(void **state)
{
    (void)state;
    static const char letters[] = "0012a-";
    uint64_t seed = 11;
    for (int i = 0; i < 300000; i++) {
        char text[3][20];
        struct bytes names[3];
        size_t common = random_below(&seed, 12);
        for (size_t k = 0; k < 3; k++) {
            size_t size = random_below(&seed, 19);
            for (size_t at = 0; at < size; at++)
                text[k][at] = k > 0 && at < common && at < names[0].size
                                  ? text[0][at]
                                  : letters[random_below(&seed, sizeof letters - 1)];
            names[k] = bytes_of(text[k], size);
        }
        int ab = sign(natural_compare(names[0], names[1]));
        int bc = sign(natural_compare(names[1], names[2]));
        int ac = sign(natural_compare(names[0], names[2]));
        assert_int_equal(ab, compare_by_words(names[0], names[1]));
        assert_int_equal(ab, -sign(natural_compare(names[1], names[0])));
        assert_int_equal(ab == 0, bytes_equal(names[0], names[1]));
        if (ab <= 0 && bc <= 0)
            assert_int_equal(ac, ab == 0 && bc == 0 ? 0 : -1);
    }
}

static void test_longest_numbers(void **state)
{
    (void)state;
    uint8_t a[PATH_SEGMENT_MAX], b[PATH_SEGMENT_MAX];
    memset(a, '9', sizeof a);
    memset(b, '9', sizeof b);
    assert_int_equal(natural_compare(bytes_of(a, sizeof a), bytes_of(b, sizeof b)), 0);
    b[sizeof b - 1] = '8';
    assert_true(natural_compare(bytes_of(a, sizeof a), bytes_of(b, sizeof b)) > 0);
    memset(b, '0', sizeof b); /* zeros alone are smaller than 9, however many */
    assert_true(natural_compare(bytes_of(a, 1), bytes_of(b, sizeof b)) > 0);
    b[sizeof b - 1] = '9'; /* 9 with 127 zeros before it: equal numbers, by bytes */
    assert_true(natural_compare(bytes_of(a, 1), bytes_of(b, sizeof b)) > 0);
    assert_true(natural_compare(bytes_of(a, 2), bytes_of(b, sizeof b)) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order),
        cmocka_unit_test(test_random_names_against_words),
        cmocka_unit_test(test_longest_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
