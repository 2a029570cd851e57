/* Natural order. Names that are compared mostly have a long beginning in common, which is skipped
 * by words; only from the number in which they differ on they are looked at more closely. */
#include "namespace/order.h"

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

static size_t digits_end(struct bytes text, size_t at)
{
    while (at < text.size && is_digit(text.at[at]))
        at++;
    return at;
}

static size_t zeros_end(struct bytes text, size_t at)
{
    while (at < text.size && text.at[at] == '0')
        at++;
    return at;
}

/* Of the numbers that begin there; both places move behind them. */
static int number_compare(struct bytes a, size_t *a_at, struct bytes b, size_t *b_at)
{
    size_t a_from = zeros_end(a, *a_at), b_from = zeros_end(b, *b_at);
    *a_at = digits_end(a, a_from);
    *b_at = digits_end(b, b_from);
    if (*a_at - a_from != *b_at - b_from)
        return *a_at - a_from < *b_at - b_from ? -1 : 1;
    return bytes_compare(bytes_of(a.at + a_from, *a_at - a_from),
                         bytes_of(b.at + b_from, *b_at - b_from));
}

/* Up to `at`, where no number is cut in two, they are equal. */
static int tail_compare(struct bytes a, struct bytes b, size_t at)
{
    size_t i = at, j = at;
    while (i < a.size && j < b.size) {
        if (is_digit(a.at[i]) && is_digit(b.at[j])) {
            int order = number_compare(a, &i, b, &j);
            if (order != 0)
                return order;
        } else if (a.at[i] != b.at[j]) {
            return a.at[i] < b.at[j] ? -1 : 1;
        } else {
            i++;
            j++;
        }
    }
    if (i < a.size || j < b.size)
        return i < a.size ? 1 : -1;
    return bytes_compare(a, b);
}

int natural_compare(struct bytes a, struct bytes b)
{
    size_t least = a.size < b.size ? a.size : b.size, at = 0;
    while (at + 8 <= least && load_u64(a.at + at) == load_u64(b.at + at))
        at += 8;
    while (at < least && a.at[at] == b.at[at])
        at++;
    if (at == a.size && at == b.size)
        return 0;
    while (at > 0 && is_digit(a.at[at - 1]))
        at--;
    return tail_compare(a, b, at);
}
