/* A chunk of version 1 as it was once written: it must open for ever, whatever the encoder does by
 * then. Its rows are computed here. */
#include "codec/fixture.h"
#include "codec/golden.h"

#define ROWS 200
#define COLUMNS 8

static uint64_t words[COLUMNS][ROWS];
static struct bytes texts[ROWS];
static uint8_t cells[ROWS], qualities[ROWS];
static int64_t times[ROWS];

/* Decimals with a few exceptions and gaps; floats of decimals; doubles that repeat; any doubles;
 * integers with a jump; a switch; states with qualities; a value held for five rows. */
static void rows_make(struct chunk_column *columns)
{
    static const char *const states[] = {"idle", "running", "", "stopped"};
    uint64_t luck = 2026;
    for (uint32_t i = 0; i < ROWS; i++) {
        uint64_t a = test_random(&luck), b = test_random(&luck);
        times[i] = (INT64_C(1767225600000) + (int64_t)(i * UINT64_C(10000) + a % 5)) * NS_PER_MS;
        words[0][i] = i % 50 == 7 ? word_of(-0.0) : word_of((double)(200 + i / 3 + b % 3) / 10);
        words[1][i] = word_of((double)((float)(2000 + b % 100) / 100.0f));
        words[2][i] = word_of(1 / (double)(3 + a % 4));
        words[3][i] = word_of((double)(a >> 11) * 0x1p-50);
        words[4][i] = (UINT64_C(1) << 53) + i * 7 + (i > 120 ? 7000000 : 0);
        words[5][i] = i / 40 & 1;
        words[7][i] = i % 5 ? words[7][i - 1] : word_of((double)(b % 1000) / 10);
        texts[i] = bytes_text(states[i / 30 % 4]);
        cells[i] = (uint8_t)(i % 11 == 3 ? CELL_NONE : i % 70 == 5 ? CELL_NO_VALUE : CELL_VALUE);
        qualities[i] = i > 150 ? QUALITY_UNCERTAIN : QUALITY_GOOD;
    }
    for (uint32_t c = 0; c < COLUMNS; c++)
        columns[c] = (struct chunk_column){.type = VALUE_FLOAT64, .words = words[c]};
    columns[0].cells = cells;
    columns[4].type = VALUE_INT64;
    columns[5].type = VALUE_BOOL;
    columns[6] = (struct chunk_column){
        .type = VALUE_STRING, .texts = texts, .cells = cells, .qualities = qualities};
}

static void column_is_right(const struct chunk *chunk, uint16_t number,
                            const struct chunk_column *column)
{
    static struct chunk_column_reader reader;
    struct chunk_summary folded, told;
    uint64_t back[ROWS];
    uint8_t cells_back[ROWS], qualities_back[ROWS];
    assert_int_equal(chunk_column_open(chunk, number, &reader), OK);
    assert_int_equal(chunk_column_read(&reader, 0, ROWS, back, cells_back, qualities_back), OK);
    for (uint32_t i = 0; i < ROWS; i++) {
        uint8_t cell = column->cells ? column->cells[i] : CELL_VALUE;
        assert_int_equal(cells_back[i], cell);
        if (cell != CELL_NONE)
            assert_int_equal(qualities_back[i], column->qualities ? qualities[i] : QUALITY_GOOD);
        if (cell != CELL_VALUE)
            continue;
        if (column->type == VALUE_STRING)
            assert_true(bytes_equal(chunk_column_text(&reader, back[i]), texts[i]));
        else
            assert_true(back[i] == words[number][i]);
    }
    chunk_fold(column, times, ROWS, &folded);
    assert_int_equal(chunk_summary_get(chunk, number, &told), OK);
    assert_true(told.count == folded.count && told.samples == folded.samples);
    assert_true(told.min == folded.min && told.max == folded.max);
    assert_true(told.first == folded.first && told.last == folded.last);
    assert_true(told.first_ns == folded.first_ns && told.last_ns == folded.last_ns);
    assert_true(word_of(told.sum) == word_of(folded.sum) && told.all_good == folded.all_good);
}

static void version_1_opens(void **state)
{
    (void)state;
    struct chunk_column columns[COLUMNS];
    struct chunk chunk;
    int64_t times_back[ROWS];
    rows_make(columns);
    assert_int_equal(
        chunk_open(bytes_of(golden_chunk_1, sizeof golden_chunk_1), CHUNK_VERIFY, &chunk), OK);
    assert_int_equal(chunk.owner, 2026);
    assert_int_equal(chunk.rows, ROWS);
    assert_int_equal(chunk.columns, COLUMNS);
    assert_int_equal(chunk_times(&chunk, 0, ROWS, times_back), OK);
    assert_memory_equal(times, times_back, sizeof times);
    for (uint16_t c = 0; c < COLUMNS; c++)
        column_is_right(&chunk, c, &columns[c]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(version_1_opens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
