/* Lines for a screen: what M4 keeps of each pixel column, what LTTB keeps in all, and that both are
 * samples of the point and nothing else. */
#include "query/sketch.h"

#include "query/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FROM (INT64_C(1772352000) * NS_PER_S)
#define TO (FROM + 100000 * NS_PER_S)
#define SAMPLES_MOST 60000

static _Atomic uint64_t used, most = UINT64_MAX;
static struct screen_story {
    size_t count;
    struct sketch_sample samples[SAMPLES_MOST];
} story;
static uint64_t chance_state;

static uint64_t chance(uint64_t below)
{
    chance_state = chance_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (chance_state >> 33) % below;
}

static void story_make(uint8_t type, size_t count)
{
    int64_t at = FROM - 1;
    story.count = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t room = (TO - at) / (int64_t)(count - i + 1);
        at += 1 + (int64_t)chance((uint64_t)(2 * room > 2 ? 2 * room - 1 : 1));
        if (at >= TO)
            break;
        double real = (double)(int64_t)(chance(2001) - 1000) / 10;
        struct sketch_sample *sample = &story.samples[story.count++];
        *sample = (struct sketch_sample){.time_ns = at, .valued = chance(20) != 0};
        memcpy(&sample->word, &real, 8);
        if (type == VALUE_INT64)
            sample->word = (uint64_t)((int64_t)chance(1000) - 500) + (UINT64_C(1) << 60);
        if (type == VALUE_BOOL)
            sample->word = chance(2);
        if (!sample->valued) {
            sample->word = 0;
            sample->quality = QUALITY_BAD_NO_VALUE;
        }
    }
}

static void draw(struct sketch *sketch, struct purse *purse, enum query_method method, uint8_t type,
                 uint32_t width)
{
    *purse = (struct purse){.used = &used, .most = &most};
    assert_true(sketch_begin(sketch, purse, method, type, width, FROM, TO));
    for (size_t i = 0; i < story.count;) { /* good ones together, in pieces of any size */
        static int64_t times[SAMPLES_MOST];
        static uint64_t words[SAMPLES_MOST];
        uint32_t good = 0, most_now = (uint32_t)chance(3000);
        while (i + good < story.count && story.samples[i + good].valued && good < most_now) {
            times[good] = story.samples[i + good].time_ns;
            words[good] = story.samples[i + good].word;
            good++;
        }
        assert_true(sketch_feed_good(sketch, times, words, good));
        i += good;
        if (i < story.count)
            assert_true(sketch_feed(sketch, &story.samples[i++], bytes_of(NULL, 0)));
    }
    assert_true(sketch_end(sketch));
    assert_int_equal(sketch->samples, story.count);
}

static void kept_are_samples(const struct sketch *sketch)
{
    size_t at = 0;
    for (size_t i = 0; i < sketch->kept_size; i++) {
        while (at < story.count && story.samples[at].time_ns < sketch->kept[i].time_ns)
            at++;
        assert_true(at < story.count);
        const struct sketch_sample *one = &story.samples[at], *other = &sketch->kept[i];
        assert_true(one->time_ns == other->time_ns && one->word == other->word &&
                    one->quality == other->quality && one->valued == other->valued);
        at++; /* each once, in order */
    }
}

__extension__ typedef __int128 wide;
static uint32_t column_of(int64_t time_ns, uint32_t width)
{
    return (uint32_t)((wide)(time_ns - FROM) * width / (TO - FROM));
}

struct pixels { /* of one column */
    const struct sketch_sample *first, *last;
    uint64_t least, greatest;
    bool valued;
};

static bool less(uint8_t type, uint64_t a, uint64_t b)
{
    return type == VALUE_FLOAT64 ? fold_real(type, a) < fold_real(type, b)
                                 : (int64_t)a < (int64_t)b;
}

static void pixels_of(uint8_t type, uint32_t width, const struct sketch_sample *samples,
                      size_t count, struct pixels *columns)
{
    memset(columns, 0, width * sizeof *columns);
    for (size_t i = 0; i < count; i++) {
        struct pixels *column = &columns[column_of(samples[i].time_ns, width)];
        if (column->first == NULL)
            column->first = &samples[i];
        column->last = &samples[i];
        if (!samples[i].valued)
            continue;
        if (!column->valued || less(type, samples[i].word, column->least))
            column->least = samples[i].word;
        if (!column->valued || less(type, column->greatest, samples[i].word))
            column->greatest = samples[i].word;
        column->valued = true;
    }
}

static void m4_draws_the_same_pixels(void **state)
{
    (void)state;
    static struct pixels wanted[10000], found[10000];
    static const uint8_t types[] = {VALUE_FLOAT64, VALUE_INT64, VALUE_BOOL};
    static const uint32_t widths[] = {1, 2, 7, 333, 1000, 10000};
    static const size_t counts[] = {0, 1, 2, 4, 5, 3999, 4000, 4001, 50000};
    for (size_t i = 0; i < ARRAY_COUNT(widths) * ARRAY_COUNT(counts); i++) {
        uint8_t type = types[i % 3];
        uint32_t width = widths[i % ARRAY_COUNT(widths)];
        struct sketch sketch;
        struct purse purse;
        chance_state = i;
        story_make(type, counts[i / ARRAY_COUNT(widths)]);
        draw(&sketch, &purse, QUERY_M4, type, width);
        kept_are_samples(&sketch);
        assert_int_equal(sketch.exact, sketch.kept_size == story.count);
        if (story.count <= 4 * (size_t)width)
            assert_true(sketch.exact);
        assert_true(sketch.kept_size <= 4 * (size_t)width);
        pixels_of(type, width, story.samples, story.count, wanted);
        pixels_of(type, width, sketch.kept, sketch.kept_size, found);
        for (uint32_t j = 0; j < width; j++) {
            assert_int_equal(wanted[j].first != NULL, found[j].first != NULL);
            if (wanted[j].first == NULL)
                continue;
            assert_int_equal(wanted[j].first->time_ns, found[j].first->time_ns);
            assert_int_equal(wanted[j].last->time_ns, found[j].last->time_ns);
            assert_int_equal(wanted[j].valued, found[j].valued);
            assert_true(wanted[j].least == found[j].least);
            assert_true(wanted[j].greatest == found[j].greatest);
        }
        sketch_done(&sketch);
        assert_int_equal(used, 0);
    }
}

static void lttb_keeps_as_many_as_pixels(void **state)
{
    (void)state;
    static const uint32_t widths[] = {1, 2, 3, 100, 1000};
    static const size_t counts[] = {0, 1, 3, 99, 1600, 1601, 50000};
    for (size_t i = 0; i < ARRAY_COUNT(widths) * ARRAY_COUNT(counts); i++) {
        uint32_t width = widths[i % ARRAY_COUNT(widths)];
        struct sketch sketch;
        struct purse purse;
        size_t valued = 0;
        const struct sketch_sample *first = NULL, *last = NULL;
        chance_state = i;
        story_make(VALUE_FLOAT64, counts[i / ARRAY_COUNT(widths)]);
        draw(&sketch, &purse, QUERY_LTTB, VALUE_FLOAT64, width);
        kept_are_samples(&sketch);
        for (size_t j = 0; j < story.count; j++)
            if (story.samples[j].valued) {
                first = first != NULL ? first : &story.samples[j];
                last = &story.samples[j];
                valued++;
            }
        assert_int_equal(sketch.kept_size, valued < width ? valued : width);
        if (valued > 0)
            assert_int_equal(sketch.kept[sketch.kept_size - 1].time_ns, last->time_ns);
        if (valued > 0 && width > 1)
            assert_int_equal(sketch.kept[0].time_ns, first->time_ns);
        sketch_done(&sketch);
        assert_int_equal(used, 0);
    }
}

/* A peak among 10,000 samples is seen, whatever the way. */
static void a_peak_is_seen(void **state)
{
    (void)state;
    for (int method = QUERY_M4; method <= QUERY_LTTB; method++) {
        struct sketch sketch;
        struct purse purse;
        bool seen = false;
        chance_state = 9;
        story_make(VALUE_FLOAT64, 10000);
        double peak = 1e6;
        story.samples[7777].valued = true;
        story.samples[7777].quality = QUALITY_GOOD;
        memcpy(&story.samples[7777].word, &peak, 8);
        draw(&sketch, &purse, (enum query_method)method, VALUE_FLOAT64, 50);
        for (size_t i = 0; i < sketch.kept_size; i++)
            seen = seen || sketch.kept[i].time_ns == story.samples[7777].time_ns;
        assert_true(seen);
        sketch_done(&sketch);
    }
}

static void strings_keep_the_ends_of_each_column(void **state)
{
    (void)state;
    struct sketch sketch;
    struct purse purse = {.used = &used, .most = &most};
    char text[32];
    assert_true(sketch_begin(&sketch, &purse, QUERY_M4, VALUE_STRING, 10, FROM, TO));
    for (int64_t i = 0; i < 1000; i++) { /* 100 a column */
        struct sketch_sample sample = {.time_ns = FROM + i * (TO - FROM) / 1000, .valued = true};
        snprintf(text, sizeof text, "text %lld", (long long)i);
        assert_true(sketch_feed(&sketch, &sample, bytes_text(text)));
    }
    assert_true(sketch_end(&sketch));
    assert_int_equal(sketch.kept_size, 20);
    for (size_t i = 0; i < 20; i++) {
        snprintf(text, sizeof text, "text %zu", i / 2 * 100 + i % 2 * 99);
        assert_true(bytes_equal(sketch_text(&sketch, &sketch.kept[i]), bytes_text(text)));
    }
    sketch_done(&sketch);
    assert_int_equal(used, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(m4_draws_the_same_pixels), cmocka_unit_test(lttb_keeps_as_many_as_pixels),
        cmocka_unit_test(a_peak_is_seen), cmocka_unit_test(strings_keep_the_ends_of_each_column)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
